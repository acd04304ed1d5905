"""Public checks on the portal: what a student may know before the deadline, and nothing of hidden tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browsing import accessible, check, enter
from portal_server import Server, course, hand_in, serving, soon
from tiny import RIGHT, ipynb

from grader.portal.portal import Portal, Settings, database_of

CHECKS = '''
"""Public checks of q1."""
import numpy as np
from otter.test_files import test_case
OK_FORMAT = False
name = "q1"
points = 0

@test_case(name="rows <b>add up</b> to 1", points=0)
def test_rows(softmax):
    """rows add up to 1"""
    said = softmax(np.ones((2, 3))).sum(axis=1)
    assert np.allclose(said, 1), f"each row adds up to 1, yours to {said}"

@test_case(name="one number stays alone", points=0)
def test_one(softmax):
    """one number stays alone"""
    assert softmax(np.ones((1, 1))).shape == (1, 1)
'''
FLAT = "def softmax(z):\n    return 3 * np.ones_like(z)  # &<script>alert(1)</script>"
DEADLINE = "[deadlines]\ntiny = 2090-01-01T12:00:00\n"
LISTENING = """
import os, sys
if any("public_checks.process" in word for word in sys.orig_argv):
    def heard(event, given, log=os.open(os.environ["HEARD"], os.O_WRONLY | os.O_APPEND), me=os.getpid()):
        if event == "open" and os.getpid() == me:
            os.write(log, f"{given[0]}\\n".encode())
    sys.addaudithook(heard)
"""
SECRET = ("/hidden/", "/solutions/", ".grader/secret")


@dataclass
class Running:
    server: Server
    heard: Path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    beside = tmp_path_factory.mktemp("listening")
    (beside / "sitecustomize.py").write_text(LISTENING)
    (beside / "heard").touch()
    paths = course(tmp_path_factory.mktemp("course"), DEADLINE)
    paths.public_checks("tiny").mkdir()
    (paths.public_checks("tiny") / "q1.py").write_text(CHECKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARD", str(beside / "heard"))
        patch.setenv("PYTHONPATH", str(beside), prepend=":")
        with serving(paths) as server:
            yield Running(server, beside / "heard")


def test_a_student_reads_before_the_deadline_which_public_checks_pass_and_no_points(running: Running):
    ann = running.server.enter("ann")
    number = hand_in(ann, ipynb(RIGHT[0], FLAT, *RIGHT[2:]))
    soon(lambda: ">1 of 2 pass<" in ann.get("/a/tiny").text)
    page = ann.get(f"/receipt/{number}").text
    assert "rows &lt;b&gt;add up&lt;/b&gt; to 1" in page and "each row adds up to 1, yours to [9. 9.]" in page
    assert re.search(r'class="[^"]*bad[^"]*">fails</span> rows', page)
    soon(lambda: ">graded<" in ann.get("/a/tiny").text)
    assert ann.get("/a/tiny/result").status_code == 403
    assert "points)" not in ann.get("/a/tiny").text and "not published" in ann.get("/").text
    with ann.stream("GET", "/a/tiny/state") as stream:
        said = json.loads(next(line for line in stream.iter_lines() if line).removeprefix("data: "))
    assert said["checks"] == "1 of 2 pass"
    assert running.server.enter("bob").get(f"/receipt/{number}").status_code == 404


def test_the_process_that_runs_them_opens_public_checks_and_nothing_that_is_hidden(running: Running):
    cy = running.server.enter("cy")
    hand_in(cy, ipynb(*RIGHT))
    soon(lambda: ">2 of 2 pass<" in cy.get("/a/tiny").text)
    opened = running.heard.read_text().splitlines()
    assert any(path.endswith("tiny/tests/q1.py") for path in opened), "nothing was heard"
    assert [path for path in opened if any(part in path for part in SECRET)] == []


def test_programs_read_the_same(running: Running):
    bob = running.server.enter("bob")
    number = hand_in(bob, ipynb(RIGHT[0], FLAT))
    soon(lambda: "of 2 pass" in bob.get("/a/tiny").text)
    token = running.server.token("bob", "read")
    said = running.server.browser().get(f"/api/receipts/{number}", headers=token).json()
    assert [(each["check"], each["passed"]) for each in said["public_checks"]["checks"]] == [
        ("rows <b>add up</b> to 1", False),
        ("one number stays alone", True),
    ]


def test_a_file_that_is_no_notebook_says_so_and_is_asked_once(running: Running):
    eve = running.server.enter("eve")
    number = hand_in(eve, b"\x00\x01 no notebook", "notes.ipynb")
    soon(lambda: "they could not be run" in eve.get("/a/tiny").text)
    assert "notebook" in eve.get(f"/receipt/{number}").text
    database = database_of(running.server.paths)
    rows = database.select("SELECT count(*) FROM public_checks WHERE hand_in = ?", number)
    database.close()
    assert rows == [(1,)]


@pytest.mark.browser
def test_they_come_by_themselves_onto_a_page_that_everybody_can_read(running: Running, chromium):
    server = running.server
    dee = server.enter("dee")
    page = chromium.new_page(base_url=server.address)
    enter(page, server, "student", "dee")
    page.goto("/a/tiny")
    number = hand_in(dee, ipynb(RIGHT[0], FLAT, "# of a team"))
    page.goto("/a/tiny")
    page.get_by_role("link", name="1 of 2 pass").wait_for(timeout=60_000)
    page.get_by_role("link", name="1 of 2 pass").click()
    assert page.url.startswith(f"{server.address}/receipt/{number}")
    assert page.locator(".words li.good").count() == page.locator(".words li.bad").count() == 1
    check(page)
    page.close()
    reading = chromium.new_context(bypass_csp=True, base_url=server.address)
    reading.add_cookies([{"name": each.name, "value": each.value, "url": server.address} for each in dee.cookies.jar])
    page = reading.new_page()
    page.goto(f"/receipt/{number}")
    accessible(page)
    reading.close()


@pytest.mark.parametrize(
    ("table", "files", "run"),
    [("", 1, True), ("", 0, False), ('before = "accepted"', 1, False), ('grade = "command"', 1, False)],
)
def test_they_are_run_where_there_are_some_and_the_course_shows_them(table: str, files: int, run: bool, tmp_path: Path):
    paths = course(tmp_path, f"[portal]\n{table}\n")
    paths.public_checks("tiny").mkdir()
    if files:
        (paths.public_checks("tiny") / "q1.py").write_text(CHECKS)
    portal = Portal(paths, Settings("http://127.0.0.1"))
    assert portal.public_checks.are_run("tiny") is run
    portal.database.close()
