"""Competitions on the portal: entered, scored on the public part, ended, marked; and what nobody sees before."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from portal_server import PROJECT, Server, competition, course, form_key, predicted, serving, soon

from grader.cli import main
from grader.competition.scorer import Scorer
from grader.course.competition import read_competition
from grader.errors import UsageError
from grader.portal.competitions.competing import Competing, Settling
from grader.portal.competitions.entries import Entries, Wanted, members_of
from grader.portal.database import now
from grader.portal.now import Now
from grader.portal.portal import database_of

ENDED = "2020-01-01T12:00:00"


def missing(public: int, private: int) -> set[int]:
    """Rows of which so many are missed in each part."""
    return {*range(public), *range(20, 20 + private)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    paths = course(tmp_path_factory.mktemp("course"), PROJECT)
    for name in ("kaggle", "short", "twice", "first", "wrong", "large"):
        competition(paths, name)
    with serving(paths) as running:
        yield running


def enter(browser: httpx.Client, content: bytes, name: str = "kaggle", filename: str = "mine.csv") -> httpx.Response:
    form = {"form_key": form_key(browser.get(f"/c/{name}")), "note": "a <i>note</i>"}
    return browser.post(f"/c/{name}/enter", data=form, files={"file": (filename, content)})


def send(browser: httpx.Client, path: str, page: str = "/c/kaggle", **form: str) -> httpx.Response:
    return browser.post(path, data={"form_key": form_key(browser.get(page)), **form})


def run(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader.cli", *arguments]
    return subprocess.run(command, cwd=server.paths.root, capture_output=True, text=True)


def test_an_entry_is_scored_at_once_on_the_public_part_and_nothing_says_the_private_one(server):
    ann = server.enter("ann")
    assert enter(ann, predicted(missing(4, 13)), "first").status_code == 303
    page = ann.get("/c/first").text
    assert "0.80000" in page and "a &lt;i&gt;note" in page and "2 of 3 entries are left" in page
    assert "What is on &lt;b&gt;each" in page
    seen = [page]
    for browser in (ann, server.enter("bob"), server.enter("ben", "staff"), server.enter("ada", "staff")):
        seen += [browser.get(path).text for path in ("/", "/c/first", "/c/first/board")]
    assert not [text for text in seen if "0.35000" in text]  # which is what the private part would say
    with sqlite3.connect(server.paths.portal / "portal.sqlite") as connection:
        scores = "SELECT part, score FROM entry_scores JOIN entries ON number = entry WHERE competition = 'first'"
        assert connection.execute(scores).fetchall() == [("public", 0.8)]
    connection.close()


def test_what_is_wrong_is_said_with_its_line_and_is_no_entry(server):
    cy, files = server.enter("cy"), server.paths.portal / "entries"
    before = sorted(files.iterdir()) if files.exists() else []
    for content, says in (
        (predicted(()).replace(b"r03,dog", b"r03,cow"), "line 5: animal is &#x27;cow&#x27;"),
        (b"", "the file is empty"),
        (b"PK\x03\x04", "line 1"),
        (b"<script>alert(1)</script>", "line 1"),
    ):
        answer = enter(cy, content, "wrong")
        assert answer.status_code == 400 and says in answer.text and "<script>alert" not in answer.text
    assert "3 of 3 entries are left" in cy.get("/c/wrong").text
    assert (sorted(files.iterdir()) if files.exists() else []) == before


def test_the_days_entries_are_used_up_by_a_team_together_and_the_same_file_is_none(server):
    dee, eve = server.enter("dee"), server.enter("eve")
    assert enter(dee, predicted(missing(1, 11))).status_code == 303
    again = enter(eve, predicted(missing(1, 11)))
    assert again.status_code == 400 and "already" in again.text
    assert enter(eve, predicted(missing(2, 11))).status_code == 303
    assert enter(dee, predicted(missing(3, 11))).status_code == 303
    refused = enter(eve, predicted(missing(5, 11)))
    assert refused.status_code == 400 and "3 entries in 24 hours are the limit" in refused.text


def test_what_is_too_large_is_not_read(server):
    bob = server.enter("bob")
    with contextlib.suppress(httpx.TransportError):  # where the server has closed: it reads no further
        assert enter(bob, b"x" * (21 * 2**20), "large").status_code == 413
    assert "Your entries" not in bob.get("/c/large").text


def test_names_are_chosen_and_nobody_takes_anothers(server):
    bob, ann = server.enter("bob"), server.enter("ann")
    assert enter(bob, predicted(missing(6, 15))).status_code == 303
    assert send(bob, "/c/kaggle/name", name="  <b>Deep</b>   Mind  ").status_code == 303
    board = ann.get("/c/kaggle/board").text
    assert "&lt;b&gt;Deep&lt;/b&gt; Mind" in board and ">bob<" not in board and "Bob" not in board
    for name in ("<B>deep</b> mind", "Cy", "all cats", "Entrant 3", "ada", "\u202eevil", "!!", "x" * 41, " "):
        assert send(ann, "/c/kaggle/name", name=name).status_code == 400, name
    ben = server.enter("ben", "staff")
    assert send(ben, "/c/kaggle/rename", student="bob", name="Somebody").status_code == 303
    assert "Somebody" in ann.get("/c/kaggle/board").text
    assert "renamed bob" in server.enter("ada", "staff").get("/log").text


def test_nobody_reads_or_chooses_anothers_entry(server):
    ann, cy = server.enter("ann"), server.enter("cy")
    if "entry/" not in ann.get("/c/kaggle").text:
        enter(ann, predicted(missing(4, 13)))
    number = int(re.search(r"/c/kaggle/entry/(\d+)", ann.get("/c/kaggle").text)[1])
    own = ann.get(f"/c/kaggle/entry/{number}")
    assert own.content == predicted(missing(4, 13)) and "attachment" in own.headers["content-disposition"]
    assert cy.get(f"/c/kaggle/entry/{number}").status_code == 404
    send(cy, "/c/kaggle/choose", **{f"e{number}": "on"})
    assert f"e{number}" not in cy.get("/c/kaggle").text
    for path in ("/c/kaggle/file/labels.csv", "/c/kaggle/file/../labels.csv", "/c/kaggle/file/%2e%2e/labels.csv"):
        assert ann.get(path).status_code == 404
    assert ann.get("/c/kaggle/file/test.csv").content == b"id,pixels\nr00,7\n"


def test_students_hear_nothing_of_what_is_wrong_in_the_labels(server):
    labels = server.paths.competition("kaggle") / "labels.csv"
    before = labels.read_text()
    ann, ben = server.enter("ann"), server.enter("ben", "staff")
    try:
        labels.write_text(before.replace("r00,dog", "r00,hamster"))
        answer = ann.get("/c/kaggle")
        assert answer.status_code == 400 and "hamster" not in answer.text and "cannot be scored now" in answer.text
        assert "hamster" in ben.get("/c/kaggle").text
    finally:
        labels.write_text(before)
    assert soon(lambda: ann.get("/c/kaggle").status_code == 200)


def test_to_the_end_and_into_the_course_mark(server):
    ann, bob, ada = server.enter("ann"), server.enter("bob"), server.enter("ada", "staff")
    for public, private in ((4, 13), (2, 15), (3, 11)):
        assert enter(ann, predicted(missing(public, private)), "short").status_code == 303
    assert enter(bob, predicted(missing(0, 2)), "short").status_code == 303
    numbers = sorted(map(int, re.findall(r'name="e(\d+)"', ann.get("/c/short").text)))
    everything = {f"e{number}": "on" for number in numbers}
    assert send(ann, "/c/short/choose", "/c/short", **everything).status_code == 400
    assert send(ann, "/c/short/choose", "/c/short", **{f"e{numbers[0]}": "on"}).status_code == 303
    assert send(ada, "/c/short/marks", "/c/short").status_code == 400
    competition(server.paths, "short", ENDED)
    page = soon(lambda: (text := ann.get("/c/short").text) and "Your final score" in text and text)
    # final are entry 1, by choice, and entry 2, the best on the public part: 7 and 5 of 20 private rows
    assert "Your final score is 0.35000" in page
    assert "The result" in page and "Enter predictions" not in page
    assert enter_late(ann) == 400
    assert send(ann, "/c/short/choose", "/c/short", **{f"e{numbers[2]}": "on"}).status_code == 400
    board = re.sub(r"<[^>]+>", " ", bob.get("/c/short/board").text)
    assert "By final scores" in board and "0.90000" in board and "0.35000" in board
    assert send(ada, "/c/short/marks", "/c/short").status_code == 303
    rows = list(csv.reader(io.StringIO((server.paths.marks_folder / "short.csv").read_text())))
    assert rows[1:4] == [["student", "short"], ["max", "100"], ["ann", "40"]] and rows[4] == ["bob", "100"]
    assert rows[5] == ["cy", ""]
    told = run(server, "marks", "--student", "bob")
    assert "short" in told.stdout and told.returncode == 0, told.stderr


def enter_late(browser: httpx.Client) -> int:
    form = {"form_key": form_key(browser.get("/c/short"))}
    return browser.post("/c/short/enter", data=form, files={"file": ("late.csv", predicted(()))}).status_code


def test_the_api_enters_and_says_the_public_score(server):
    cy = server.enter("cy")
    form = {"form_key": form_key(cy.get("/tokens")), "name": "notebook", "scopes": "hand in,read"}
    secret = re.search(r"grader_[\w-]+", cy.post("/tokens", data=form).text)[0]
    program = server.browser()
    program.headers["authorization"] = f"Bearer {secret}"
    files = {"file": ("p.csv", predicted(missing(7, 11)))}
    made = program.post("/api/competitions/kaggle/entries", files=files)
    assert made.status_code == 201 and made.json()["public_score"] == 0.65, made.text
    told = program.get("/api/competitions/kaggle").json()
    assert told["left_today"] == 2 and "final_score" not in told["entries"][0]


def test_the_command_does_the_same_without_the_portal(tmp_path, monkeypatch, capsys):
    paths = course(tmp_path / "course", PROJECT)
    competition(paths, deadline=ENDED)
    monkeypatch.setenv("GRADER_COURSE", str(paths.root))
    files, marks = tmp_path / "entries", paths.marks_folder / "kaggle.csv"
    files.mkdir()
    (files / "ann.csv").write_bytes(predicted(missing(4, 8)))
    (files / "bob.csv").write_bytes(predicted(missing(0, 0)))
    (files / "cy.csv").write_bytes(b"id,animal\nr00,cow\n")

    def grader(action: str, *more: str) -> tuple[int, str]:
        code, said = main(["competition", action, "kaggle", *more]), capsys.readouterr()
        return code, said.out + said.err

    code, said = grader("score", str(files))
    assert code == 1 and re.search(r"ann.csv +0.8 +0.6", said) and "cow" in said
    code, said = grader("enter", str(files))
    assert code == 1 and "cy: not entered: line 2" in said and "bob: entry 2" in said
    code, said = grader("board")
    assert code == 0 and re.search(r"1 +Entrant 2 +bob +1 ", said)
    code, said = grader("marks")
    # All cats are right in 13 of 20 private rows, which is 40 points; 0.9 is 100; bob has 1
    assert (
        code == 0 and "bob,100" in marks.read_text() and "ann,40" in marks.read_text() and "cy,\n" in marks.read_text()
    )
    marks.write_text("student,kaggle\nmax,1\n")
    assert (refused := grader("marks"))[0] == 2 and "written by hand" in refused[1]
    marks.rename(paths.marks_folder / "project.csv")
    assert (refused := grader("marks"))[0] == 2 and "project.csv has a column kaggle already" in refused[1]
    competition(paths)
    assert (refused := grader("marks"))[0] == 2 and "runs until 2090-01-01" in refused[1]


def test_an_entry_that_labels_have_outgrown_holds_up_nobody(tmp_path):
    paths = course(tmp_path, PROJECT)
    labels = competition(paths, deadline=ENDED) / "labels.csv"
    found = read_competition(paths, "kaggle", "Asia/Kolkata")
    competing = Competing(paths, Entries(database_of(paths)), Scorer(paths))
    try:
        settling = Settling(competing, Now(paths))
        for student in ("ann", "bob"):
            wanted = Wanted(student, "mine.csv", now(), who="ada")
            competing.enter(found, wanted, (student,), io.BytesIO(predicted({len(student)})))
        assert not settling.is_settled(found)
        settling.settle(found)
        assert settling.is_settled(found) and not settling.troubles
        sides = competing.sides(found, ["ann", "bob"], {})
        assert competing.points(found, sides) == {"ann": 100, "bob": 100}
        (paths.competition("kaggle") / "cats.csv").write_bytes(predicted(()).replace(b"r39", b"r40"))
        labels.write_text(labels.read_text().replace("r39,", "r40,"))
        assert not settling.is_settled(found)
        settling.settle(found)
        assert settling.is_settled(found) and "2 entries have other ids" in settling.troubles["kaggle"]
        assert not list(competing.folder.glob(".incoming-*")) and len(list(competing.folder.iterdir())) == 1
    finally:
        competing.scorer.close()
        competing.entries.database.close()


def test_a_person_with_two_ids_has_the_entries_of_one(tmp_path):
    paths = course(tmp_path, PROJECT)
    competition(paths)
    paths.roster_csv.write_text(paths.roster_csv.read_text() + "ann2,Ann,Ann+again@example.org\n")
    found, teams = read_competition(paths, "kaggle", "Asia/Kolkata"), Now(paths).state.teams
    competing = Competing(paths, Entries(database_of(paths)), Scorer(paths))

    def enter_as(student: str, missed: set[int]) -> int:
        wanted = Wanted(student, "mine.csv", now())
        return competing.enter(found, wanted, members_of(teams, "kaggle", student), io.BytesIO(predicted(missed)))

    try:
        first = enter_as("ann", {1})
        enter_as("ann2", {2, 4})
        with pytest.raises(UsageError, match=f"entry {first} already"):
            enter_as("ann2", {1})
        enter_as("ann", {1, 2, 4, 5})
        with pytest.raises(UsageError, match="3 entries in 24 hours are the limit"):
            enter_as("ann2", {7})
        enter_as("bob", {7})
        sides = competing.sides(found, ["ann", "bob", "ann2"], teams)
        assert [(side.students, len(side.entries)) for side in sides] == [(("ann", "ann2"), 3), (("bob",), 1)]
    finally:
        competing.scorer.close()
        competing.entries.database.close()


def test_the_staff_sees_who_sent_the_very_same_file(server):
    cy, dee, same = server.enter("cy"), server.enter("dee"), predicted({1, 4, 13})
    for browser in (cy, dee):
        assert enter(browser, same, "twice").status_code == 303
    page = server.enter("ben", "staff").get("/c/twice").text
    assert "The same file from several" in page and re.search(
        r"<li>cy \(entry \d+\) and dee, eve \(entry \d+\)</li>", page
    )
    assert "The same file" not in cy.get("/c/twice").text
