"""What tests of the portal in a real browser share."""

from __future__ import annotations

import axe
from portal_server import Server

from grader.portal.people import People
from grader.portal.portal import database_of
from grader.portal.signing_in import Doors

PHONE = {"width": 390, "height": 844}
UNLABELLED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter((field) => !field.labels.length).map((field) => field.name)"""
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"


def enter(page, server: Server, kind: str, who: str) -> None:
    """Sign in with a personal link."""
    people = People(server.paths)
    database = database_of(server.paths)
    page.goto(f"/in/{Doors(database, people).invite(people.find(kind, who))}")
    database.close()
    page.get_by_role("button", name="Sign in").press("Enter")
    page.wait_for_url("**/")


def check(page) -> None:
    """What holds for every page: fields have labels; on a phone nothing is wider than the screen."""
    assert page.evaluate(UNLABELLED) == []
    size = page.viewport_size
    page.set_viewport_size(PHONE)
    assert not page.evaluate(TOO_WIDE), page.url
    page.set_viewport_size(size)


def accessible(page) -> None:
    """axe-core finds nothing on the page, as it is and on a phone, in light and dark."""
    page.evaluate(axe.source())
    size, found = page.viewport_size, []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for screen in (size, PHONE):
            page.set_viewport_size(screen)
            found += page.evaluate(axe.FIND, axe.RULES)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(size)
    assert found == [], page.url
