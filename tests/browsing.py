"""What tests of the portal in a real browser share."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest
from portal_server import Server

from grader.portal.people import People
from grader.portal.portal import database_of
from grader.portal.signing_in import Doors

PHONE = {"width": 390, "height": 844}
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
UNLABELLED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter((field) => !field.labels.length).map((field) => field.name)"""
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"
FIND = """async (rules) => (await axe.run(document, {resultTypes: ["violations"], runOnly: rules})).violations.map(
  (found) => `${found.id}: ${found.nodes[0].html.slice(0, 200)}`)"""


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


@functools.cache
def axe() -> str:
    """The source of axe-core; where everything must be tested, it must be there."""
    name = "axe_playwright_python"
    package = __import__(name) if os.environ.get("GRADER_REQUIRE_DOCKER") else pytest.importorskip(name)
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def accessible(page) -> None:
    """axe-core finds nothing on the page, as it is and on a phone, in light and dark."""
    page.evaluate(axe())
    size, found = page.viewport_size, []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for screen in (size, PHONE):
            page.set_viewport_size(screen)
            found += page.evaluate(FIND, RULES)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(size)
    assert found == [], page.url
