"""A student, an assistant and an instructor in a real browser, from beginning to end."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from browsing import check, enter
from portal_server import Server, course, hand_in, serving, soon
from tiny import RIGHT, ipynb

pytestmark = pytest.mark.browser
STUDENTS = 500
MOST_MS = 100.0
TIMED = """async (act) => {
    const began = performance.now();
    if (act === "sort") document.querySelector("thead th:nth-child(4) a").click();
    else { const find = document.getElementById("f-find"); find.value = act; find.dispatchEvent(new Event("input")); }
    document.body.offsetHeight;
    return performance.now() - began;
}"""


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A portal with five hundred students; one has handed in."""
    paths = course(tmp_path_factory.mktemp("course"))
    more = "".join(f"s{number:03},Student {number},\n" for number in range(STUDENTS - 6))
    paths.roster_csv.write_text(paths.roster_csv.read_text(encoding="utf-8") + more, encoding="utf-8")
    with serving(paths) as server:
        ann = server.enter("ann")
        hand_in(ann, ipynb(*RIGHT))
        soon(lambda: ">graded<" in ann.get("/a/tiny").text)
        yield server


@pytest.fixture
def page(chromium, crowd):
    """A page; whatever the browser objects to fails the test."""
    objections: list[str] = []
    context = chromium.new_context(base_url=crowd.address, timezone_id="Europe/Berlin")
    page = context.new_page()
    page.on("pageerror", lambda error: objections.append(str(error)))
    page.on("console", lambda said: objections.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert objections == []


def test_a_student_hands_in_with_the_keyboard_and_watches(page, crowd, tmp_path):
    enter(page, crowd, "student", "bob")
    check(page)
    page.get_by_role("link", name="tiny", exact=True).press("Enter")
    check(page)
    (tmp_path / "mine.ipynb").write_bytes(ipynb(*RIGHT, "mine = True"))
    page.get_by_label("Your notebook").set_input_files(tmp_path / "mine.ipynb")
    page.get_by_role("button", name="Look at it").press("Enter")
    page.get_by_text("will be accepted for tiny").wait_for()
    check(page)
    page.get_by_role("button", name="Hand in").press("Enter")
    page.get_by_text("It is on the course's disk.").wait_for()
    check(page)
    assert "for you" in page.locator("dl").inner_text()  # the reader's own zone is not the course's
    page.get_by_role("link", name="Back to tiny").press("Enter")
    page.locator("#live[data-state=done]").wait_for(timeout=60_000)  # the line changes by itself
    assert "graded" in page.locator("#live").inner_text()


def test_an_assistant_finds_sorts_and_changes_with_the_keyboard(page, crowd):
    enter(page, crowd, "staff", "ben")
    check(page)
    page.get_by_role("link", name="tiny", exact=True).press("Enter")
    check(page)
    assert page.locator("tbody tr").count() == STUDENTS
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # what else goes on takes its share
    for act in ("sort", "student 4", ""):
        took_ms = [page.evaluate(TIMED, act) for _ in range(5)]
        assert min(took_ms) < MOST_MS * busy, (act, took_ms)
    page.keyboard.press("/")
    page.keyboard.type("ámos")
    assert page.locator("tbody tr:visible").count() == 1
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_label("Question").select_option("q3")
    page.get_by_label("How").select_option("comment")
    page.get_by_label("Reason (the student reads it)").fill("<i>well</i> done")
    check(page)
    page.get_by_role("button", name="Change", exact=True).press("Enter")
    page.get_by_text("<i>well</i> done").first.wait_for()
    page.locator("h1").click()
    page.keyboard.press("n")
    page.wait_for_url("**student=bob*")


def test_an_instructor_publishes_and_takes_back(page, crowd):
    enter(page, crowd, "staff", "ada")
    page.get_by_role("link", name="Publish").press("Enter")
    check(page)
    page.get_by_role("button", name="Publish").press("Enter")
    assert crowd.enter("ann").get("/a/tiny/result").status_code == 200
    page.get_by_label("Why? The log keeps it").fill("a check was wrong")
    page.get_by_role("button", name="Take back").press("Enter")
    page.get_by_role("button", name="Publish").wait_for()
    assert crowd.enter("ann").get("/a/tiny/result").status_code == 403
    page.get_by_role("link", name="Log").press("Enter")
    page.get_by_text("a check was wrong").wait_for()
