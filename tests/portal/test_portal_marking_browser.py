"""From a hand-in to the mark by a rubric on the student's page, in a real browser and with the keyboard alone."""

from __future__ import annotations

import base64
import json

import pytest
from browsing import accessible, check, enter
from essays import handed_in
from marked_course import add_item, essay_course, papers, points_of, post
from portal_server import hand_in, serving, soon

pytestmark = pytest.mark.browser
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def with_plot() -> bytes:
    """Ann's notebook, with a plot that her own run left in it, and what only calls itself one."""
    book = json.loads(handed_in())
    cell = next(each for each in book["cells"] if each.get("id") == "q8-code")
    data = {
        "image/png": base64.b64encode(DOT).decode(),
        "text/html": "<script>alert(1)</script>",
        "image/svg+xml": "<svg/>",
    }
    fake = {"image/png": base64.b64encode(b"<html>no picture</html>").decode()}
    cell["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": each} for each in (data, fake)
    ]  # fmt: skip
    return json.dumps(book).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(essay_course(tmp_path_factory.mktemp("course"))) as server:
        hand_in(server.enter("ann"), with_plot())
        hand_in(server.enter("bob"), handed_in(essay="No idea."))
        ben = server.enter("ben", "staff")
        soon(lambda: "0 of 2" in ben.get("/m/tiny").text)
        yield server


@pytest.fixture
def page(server):
    """A page; whatever the browser objects to fails the test."""
    from playwright.sync_api import sync_playwright

    objections: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_context(base_url=server.address).new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: objections.append(str(error)))
        page.on("console", lambda said: objections.append(said.text) if said.type == "error" else None)
        yield page
        browser.close()
    assert objections == []


def test_from_a_hand_in_to_the_mark_on_the_students_page_by_keyboard(page, server):
    enter(page, server, "staff", "ben")
    page.get_by_role("link", name="Marking", exact=True).press("Enter")
    page.get_by_role("heading", name="Marking of tiny").wait_for()
    check(page)
    accessible(page)
    page.get_by_role("link", name="Rubric, bank and papers").first.press("Enter")
    for points, text in (("+3", "says that it overflows"), ("+2", "names the maximum")):
        new = page.locator("form", has=page.get_by_role("button", name="Add the item"))
        new.get_by_label("Points").fill(points)
        new.get_by_label("Text").fill(text)
        page.get_by_role("button", name="Add the item").press("Enter")
        page.locator(".box", has_text=text).wait_for()
    check(page)
    accessible(page)
    ann = papers(server.enter("ben", "staff"))["ann"]
    page.goto(ann)
    check(page)
    accessible(page)
    now = page.locator("#mark-now")
    page.keyboard.press("1")
    now.get_by_text("3 of 5 points").wait_for()
    page.keyboard.press("2")
    page.keyboard.press("1")  # two at once: each is kept, in turn
    now.get_by_text("2 of 5 points").wait_for()
    assert points_of(server.paths, "ann") == 2
    page.get_by_label("Comment (the student reads it)").fill("1 and 2 are typed here <b>as text</b>")
    page.keyboard.press("1")  # in a field it is a letter
    assert not page.get_by_label("says that it overflows").is_checked()
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    page.locator("#mark-history").get_by_text("3 of 5").wait_for(state="detached")
    page.get_by_role("button", name="Undo the last change").press("Enter")
    now.get_by_text("2 of 5 points").wait_for()
    assert page.get_by_label("Comment (the student reads it)").input_value() == ""
    page.keyboard.press("1")
    now.get_by_text("5 of 5 points").wait_for()
    page.get_by_label("Comment (the student reads it)").fill("Well <b>done</b>.")
    page.get_by_label("keep this comment in the bank").check()
    page.get_by_role("button", name="Save and next").press("Enter")
    page.wait_for_url(lambda url: "/m/tiny/q7/" in url and not url.endswith(ann))
    page.keyboard.press("1")  # nothing is chosen from the bank, which is there now
    now.get_by_text("3 of 5 points").wait_for()
    page.context.clear_cookies()
    staff = server.enter("ada", "staff")
    post(staff, "/publish", "/publish/tiny/publish")
    enter(page, server, "student", "ann")
    page.goto("/a/tiny/result")
    part = page.locator("section#q7")
    text = part.inner_text()
    assert "5 of 5 points" in text and "+3: says that it overflows" in text and "Well <b>done</b>." in text
    check(page)
    accessible(page)
    page.get_by_role("link", name="Ask about a question").press("Enter")
    page.get_by_label("Your question").fill("Why not more?")  # about no single check
    page.get_by_role("button", name="Ask").press("Enter")
    page.get_by_text("Why not more?").wait_for()


def test_a_plot_is_shown_to_who_marks_it_as_a_picture_and_nothing_else(page, server):
    ben = server.enter("ben", "staff")
    place = papers(ben, "q8")["ann"]
    assert add_item(ben, "2.5", "has axes", question="q8").status_code == 303
    enter(page, server, "staff", "ben")
    page.goto(place)
    shown = page.locator(".picture img")
    assert shown.count() == 1 and shown.evaluate("image => image.complete && image.naturalWidth") == 1
    accessible(page)
    answer = ben.get(f"{place}/picture/1")
    assert answer.content == DOT and answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ben.get(f"{place}/picture/2").status_code == 404  # what only calls itself a picture
    assert server.enter("bob").get(f"{place}/picture/1").status_code == 403
