"""A competition, signing in at a provider, what-if, choosing a hand-in: in a real browser, by keyboard, with axe."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import axe
import pytest
from browsing import PHONE, TOO_WIDE
from openid_provider import CLIENT_ID, SECRET, Provider, providing
from portal_server import IN_PROCESSES, PROJECT, Server, begin, competition, course, predicted
from tiny import RIGHT, ipynb

pytestmark = pytest.mark.browser
CHOOSE = "[portal]\nchoose = true\n"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providing() as running:
        yield running


@pytest.fixture(scope="module")
def server(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    table = f'[sign_in]\nissuer = "{provider.address}"\nclient_id = "{CLIENT_ID}"\nclaim = "preferred_username"\n'
    paths = course(tmp_path_factory.mktemp("course"), f"{PROJECT}\n{CHOOSE}\n{table}")
    competition(paths, "short")
    os.environ["GRADER_OIDC_SECRET"] = SECRET
    try:
        running = begin(paths, *IN_PROCESSES)
    finally:
        del os.environ["GRADER_OIDC_SECRET"]
    provider.client.redirect_uri = f"{running.address}/oidc/callback"
    yield running
    running.close()
    running.process.terminate()
    running.process.communicate(timeout=60)


@pytest.fixture
def page(chromium, server):
    """A page; whatever the browser objects to fails the test."""
    objections: list[str] = []
    context = chromium.new_context(base_url=server.address)
    page = context.new_page()
    page.on("pageerror", lambda error: objections.append(str(error)))
    page.on("console", lambda said: objections.append(said.text) if is_fault(said) else None)
    yield page
    context.close()
    assert objections == []


def is_fault(said) -> bool:
    """Whether a browser objects to more than to being refused."""
    return said.type == "error" and not re.search(r"status of 4\d\d", said.text)


def enter(page, provider: Provider, who: str) -> None:
    """Sign in at the provider, with the keyboard."""
    provider.user = {"sub": who, "preferred_username": who}
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with your account").press("Enter")
    page.wait_for_url("**/")
    page.get_by_role("button", name="Sign out").wait_for()


def check(page) -> None:
    """axe-core finds nothing, in both schemes; on a phone nothing is wider than the screen."""
    size = page.viewport_size
    page.evaluate(axe.source())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(axe.FIND, axe.RULES) == [], (page.url, scheme)
    page.set_viewport_size(PHONE)
    assert not page.evaluate(TOO_WIDE), page.url
    assert page.evaluate(axe.FIND, axe.RULES) == [], page.url
    page.set_viewport_size(size)


def upload(page, path: Path, content: bytes, note: str) -> None:
    path.write_bytes(content)
    page.get_by_label("Your predictions (CSV)").set_input_files(path)
    page.get_by_label("A note for yourself").fill(note)
    page.get_by_role("button", name="Enter", exact=True).press("Enter")


def test_a_competition_from_the_first_entry_to_the_marks(page, server, provider, tmp_path):
    page.goto("/sign-in")
    check(page)
    enter(page, provider, "ann")
    page.get_by_role("link", name="short", exact=True).press("Enter")
    check(page)
    upload(page, tmp_path / "wrong.csv", b"id,animal\nr00,cow\n", "")
    page.get_by_text("line 2: animal is 'cow'").wait_for()
    page.go_back()
    upload(page, tmp_path / "first.csv", predicted({0, 1, 20}), "a <b>linear</b> one")
    page.get_by_role("cell", name="0.90000").wait_for()
    upload(page, tmp_path / "second.csv", predicted({0}), "deeper")
    page.get_by_role("cell", name="0.95000").wait_for()
    page.get_by_label("entry 1", exact=True).press("Space")
    page.get_by_role("button", name="These are final").press("Enter")
    assert page.get_by_label("entry 1", exact=True).is_checked()
    page.get_by_label("Name", exact=True).fill("Quasar")
    page.get_by_role("button", name="Take this name").press("Enter")
    check(page)
    page.get_by_role("link", name="Leaderboard").press("Enter")
    page.get_by_role("rowheader", name="Quasar you").wait_for()
    check(page)
    page.get_by_role("button", name="Sign out").press("Enter")

    enter(page, provider, "ben")
    page.get_by_role("link", name="short", exact=True).press("Enter")
    page.get_by_text("Quasar", exact=True).wait_for()
    check(page)
    page.get_by_role("button", name="Sign out").press("Enter")

    competition(server.paths, "short", "2020-01-01T12:00:00")
    enter(page, provider, "ada")
    page.goto("/c/short")
    marks = page.get_by_role("button", name="Write the marks")
    for _ in range(60):
        if marks.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    check(page)
    marks.press("Enter")
    page.wait_for_url("**/c/short")
    assert "ann,100" in (server.paths.marks_folder / "short.csv").read_text()
    page.get_by_role("button", name="Sign out").press("Enter")

    enter(page, provider, "ann")
    page.goto("/c/short")
    page.get_by_text("Your final score is 1.00000").wait_for()
    check(page)
    page.get_by_role("link", name="Leaderboard").press("Enter")
    page.get_by_text("By final scores.").wait_for()
    check(page)


def test_a_student_hands_in_twice_has_the_first_count_and_asks_what_is_needed(page, server, provider, tmp_path):
    enter(page, provider, "bob")
    for name in ("first", "second"):
        page.goto("/a/tiny")
        (tmp_path / f"{name}.ipynb").write_bytes(ipynb(*RIGHT, f"mine = {name!r}"))
        page.get_by_label("Your notebook").set_input_files(tmp_path / f"{name}.ipynb")
        page.get_by_role("button", name="Look at it").press("Enter")
        page.get_by_role("button", name="Hand in").press("Enter")
        page.get_by_text("It is on the course's disk.").wait_for()
    page.get_by_role("link", name="Back to tiny").press("Enter")
    check(page)
    page.get_by_role("button", name="Count this one").press("Enter")
    page.get_by_text("first.ipynb").wait_for()
    page.get_by_role("link", name="Back to tiny").press("Enter")
    row = page.get_by_role("row").filter(has=page.get_by_text("counts", exact=True))
    assert "first.ipynb" in row.inner_text()

    page.goto("/what-if?need=50")
    page.get_by_text("For a total of 50").wait_for()
    check(page)
    page.get_by_label("tiny (percent)").fill("90")
    page.get_by_role("button", name="Calculate").press("Enter")
    page.get_by_text(re.compile("With 90.* % in tiny the total")).wait_for()
    check(page)


def test_whoever_is_not_of_the_course_stays_outside(page, provider):
    provider.user = {"sub": "x", "preferred_username": "<b>mallory</b>"}
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with your account").press("Enter")
    page.get_by_text("nobody in this course has the preferred_username '<b>mallory</b>'").wait_for()
    check(page)
