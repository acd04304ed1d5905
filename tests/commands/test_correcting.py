"""Watching and correcting: status, override, diff, and what the transcript and the prompt show."""

from __future__ import annotations

import getpass
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from grader.bookkeeping.marking import Marking
from grader.cli import main
from grader.course.config import read_assignment
from grader.paths import PACKAGE, Paths
from grader.record.store import Store
from grader.schema import FLAWED, Attempt, CheckResult, Evidence, Outcome, Status, Submission
from grader.terminal.screen import Change, kept_lines

WORTH = {question.id: question.points for question in read_assignment(Paths(PACKAGE.parent), "a1_mlp").questions}
EVIDENCE = {"tests": (("q4", "t"),), "image": "i", "device": "cpu", "seed": "0", "isolation": "strict"}


@pytest.fixture
def record(course: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with a roster and two runs: in the second, amara's q5 is right and bo's attempt was deferred."""
    monkeypatch.setenv("GRADER_COURSE", str(course))
    (course / "roster.csv").write_text("student,name\namara,Amara\nbo,Bo\nchen,Chen\n")
    with Store.open(course / ".grader" / "record.sqlite") as store:
        for student in ("amara", "bo", "stranger"):
            store.add_submission(Submission(student, "a1_mlp", "x.py", student.encode()))
        first = store.begin_run("a1_mlp", "grade a1_mlp")
        for student in ("amara", "bo"):
            store.add_attempt(first, attempt(student, wrong="q5"), {})
        store.end_run(first, "done")
        second = store.begin_run("a1_mlp", "regrade a1_mlp")
        store.add_attempt(second, attempt("amara"), {})
        store.add_attempt(second, attempt("bo", status=Status.DEFERRED), {})
        store.end_run(second, "done")
    return course


def attempt(student: str, wrong: str = "", status: Status = Status.GRADED) -> Attempt:
    results = tuple(
        CheckResult(f"test_{q}", q, Outcome.FAILED if q == wrong else Outcome.PASSED, worth)
        for q, worth in WORTH.items()
    )
    digest = Submission(student, "a1_mlp", "x.py", student.encode()).digest
    flaw = (f"{FLAWED}: test_q5: TypeError: x (test_q5.py, line 3)",) if wrong else ()
    notices = ("deferred: the engine went away",) if status is Status.DEFERRED else flaw
    results = () if status is Status.DEFERRED else results
    return Attempt(student, "a1_mlp", status, Evidence(submission=digest, **EVIDENCE), results, notices)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_status_counts_everybody_and_names_who_waits(record, capsys):
    code, out, _ = said(capsys, "status", "a1_mlp", "--json")
    document = json.loads(out)
    assert code == 1
    assert document["roster"] == 3 and document["handed_in"] == 3 and document["graded"] == 2
    assert document["waiting"] == ["stranger"] and document["not_on_the_roster"] == ["stranger"]
    assert document["nothing_handed_in"] == ["chen"]
    assert [run["state"] for run in document["runs"]] == ["done", "done"]
    assert document["hidden_tests_to_be_mended"] == {"test_q5": 1}
    code, out, _ = said(capsys, "status", "a1_mlp")
    assert "not graded yet: stranger" in out and "nothing handed in: chen" in out
    assert "over whose answer a hidden test failed by itself; it is to be mended: test_q5" in out


def test_status_without_an_assignment_has_a_row_for_each_that_has_questions(record, capsys):
    code, out, _ = said(capsys, "status")
    head, _, *rows = out.partition("\n\n")[0].splitlines()
    assert code == 1 and rows[0].split() == ["a1_mlp", "3", "2", "1", "1", "1"]
    assert re.split("  +", head) == [
        "assignment",
        "handed in",
        "graded",
        "not graded yet",
        "nothing handed in",
        "not on roster",
    ]
    documents = json.loads(said(capsys, "status", "--json")[1])["assignments"]
    assert [each["assignment"] for each in documents] == [row.split()[0] for row in rows]
    assert documents[0] == {**json.loads(said(capsys, "status", "a1_mlp", "--json")[1])}


@pytest.mark.parametrize("width", ["80", "100", None])
def test_status_without_an_assignment_names_who_is_missing_as_far_as_there_is_room(record, capsys, monkeypatch, width):
    if width:
        monkeypatch.setenv("COLUMNS", width)
    many = [f"cs{number:03}" for number in range(30)]
    roster = "student,name\namara,Amara\n" + "".join(f"{each},\n" for each in many)
    (record / "roster.csv").write_text(roster)
    lines = said(capsys, "status")[1].partition("nothing handed in (--json names all):\n")[2].splitlines()
    assert re.fullmatch(r"  a1_mlp +cs000, cs001, .* and \d+ more", lines[0])
    assert lines[1].split() == ["a2_cnn", "everybody"]
    assert max(map(len, lines)) <= int(width or 120) and len(lines[0]) > int(width or 120) - 10
    document = json.loads(said(capsys, "status", "--json")[1])["assignments"][0]
    assert document["nothing_handed_in"] == many


def test_status_without_an_assignment_names_nobody_where_nobody_is_missing(record, capsys):
    (record / "roster.csv").write_text("student,name\namara,Amara\nbo,Bo\n")
    out = said(capsys, "status")[1]
    assert "a1_mlp" not in out.partition("nothing handed in (--json")[2]


def test_no_line_about_an_attempt_or_a_mark_is_wider_than_the_screen(record, capsys, monkeypatch):
    with Store.open(record / ".grader" / "record.sqlite") as store:
        third = store.begin_run("a1_mlp", "grade a1_mlp")
        for student in ("amara", "bo"):
            unreadable = attempt(student, status=Status.UNREADABLE)
            told = ("x.ipynb: this is a saved web page, not a notebook; in Jupyter choose File > Download, and " * 2,)
            store.add_attempt(third, replace(unreadable, results=(), notices=told), {})
        for number in range(30):
            store.add_submission(Submission(f"stranger-{number:02}", "a1_mlp", "x.py", b"x"))
        store.end_run(third, "done")
    asked = [("status", "a1_mlp"), ("show", "amara", "a1_mlp"), ("marks", "--student", "amara")]
    whole = [said(capsys, *each)[1] for each in asked]
    for width in (80, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        for each, before in zip(asked, whole, strict=True):
            shown = said(capsys, *each)[1]
            assert max(map(len, shown.splitlines())) <= width, each
            assert shown.split() == before.split()


def test_a_deferred_attempt_does_not_hide_the_one_before(record, capsys):
    document = json.loads(said(capsys, "show", "bo", "a1_mlp", "--json")[1])
    assert document["status"] == "graded" and document["points"] == 92


def test_diff_shows_what_changed_between_two_runs_and_nothing_else(record, capsys):
    code, out, _ = said(capsys, "diff", "1", "2", "--json")
    assert code == 0
    assert json.loads(out) == [
        {"student": "amara", "what": "points", "before": "92", "after": "100"},
        {"student": "amara", "what": "test_q5", "before": "failed", "after": "passed"},
    ]
    assert said(capsys, "diff", "1", "1")[1].strip().endswith("0 of 3 students changed")


def test_diff_names_the_runs_there_are(record, capsys):
    code, _, err = said(capsys, "diff", "1", "9")
    assert code == 2 and "no run 9 on record; there is: 1, 2" in err


def test_an_override_counts_in_the_marks_and_leaves_the_attempt_alone(record, capsys):
    code, out, _ = said(capsys, "override", "bo", "a1_mlp", "q5", "+2.5", "--reason", "right idea", "--who", "Dr. No")
    assert code == 0 and "q5  +2.5  Dr. No: right idea" in out
    assert json.loads(said(capsys, "show", "bo", "a1_mlp", "--json")[1])["points"] == 92
    assert out.endswith("bo  q5 0 -> 2.5 of 8; in all 92 -> 94.5 of 100\n")
    [change] = json.loads(said(capsys, "show", "bo", "a1_mlp", "--json")[1])["changed_by_hand"]
    assert (change["question"], change["before"], change["after"]) == ("q5", 0, 2.5)
    page = said(capsys, "show", "bo", "a1_mlp")[1]
    assert "94.5 of 100 points (92 as graded, +2.5 by hand)" in page and "(right idea)" in page
    assert "by hand" not in said(capsys, "show", "bo", "a1_mlp", "--question", "q4")[1]
    explained = said(capsys, "marks", "--student", "bo")[1]
    assert "94.5" in explained and "right idea" in explained
    for told in (page, explained, change["whom"][0]):
        assert re.search(r"by Dr. No, 20\d\d-\d\d-\d\d \d\d:\d\d UTC", told)


WHY = ("--reason", "right idea", "--who", "ta")


@pytest.mark.parametrize(
    ("changes", "question", "all_of_it", "says"),
    [
        ([["q5", "+2", *WHY], ["q5", "+100", *WHY]], "2 -> 8 of 8", "94 -> 100", "held at 8"),
        ([["q5", "+2", *WHY], ["q5", "--set", "4", *WHY]], "2 -> 4 of 8", "94 -> 96", "set to 4  ta: right idea"),
        ([["q5", "--set", "4", *WHY], ["q5", "-0.5", *WHY]], "4 -> 3.5 of 8", "96 -> 95.5", "-0.5  ta"),
        (
            [["q5", "+2", *WHY], ["q5", "+1", *WHY], ["q5", "--undo"]],
            "3 -> 2 of 8",
            "95 -> 94",
            'q5  taken back  root: was "right idea"',
        ),
        ([["q5", "+2", *WHY], ["q5", "--undo"]], "2 -> 0 of 8", "94 -> 92", "taken back"),
        ([["q5", "--comment", "See me"]], "q5 0 of 8", "in all 92 of 100", "comment  root: See me"),
        ([["all", "-2", *WHY]], "bo  in all", "92 -> 90", "all  -2  ta"),
        ([["q5", "+2", *WHY]], "q5 0 -> 2", "94", "bo reads: q5: 0 -> 2 points by hand (right idea)"),
        ([["q5", "+2", *WHY], ["q5", "--undo"]], "2 -> 0", "92", "bo reads: q5: nothing is changed by hand"),
    ],
)
def test_an_override_adds_sets_takes_back_or_comments_and_says_what_came_of_it(
    record, capsys, changes, question, all_of_it, says
):
    *_, (code, out, _) = [said(capsys, "override", "bo", "a1_mlp", *change) for change in changes]
    last = out.splitlines()[-1]
    assert code == 0 and question in last and all_of_it in last
    assert says.replace("root", getpass.getuser()) in out


def test_points_with_a_sign_and_a_comma_are_points(record, capsys):
    assert said(capsys, "override", "bo", "a1_mlp", "q5", "-0,5", "--reason", "r")[0] == 2  # there is nothing to take
    code, out, _ = said(capsys, "override", "bo", "a1_mlp", "q4", "-0,5", "--reason", "r")
    assert code == 0 and "in all 92 -> 91.5 of 100" in out


@pytest.mark.parametrize("line", ["show NAME a1_mlp", "marks --student NAME", "override NAME a1_mlp q5 +1 --reason r"])
def test_a_name_in_place_of_an_id_is_answered_with_the_ids_that_have_it(record, capsys, line):
    roster = record / "roster.csv"
    roster.write_text(roster.read_text() + "n1,Ada Li\nn2,ada li\n")
    words = [{"NAME": "Ada Li"}.get(word, word) for word in line.split()]
    code, out, err = said(capsys, *words)
    assert (code, out, err) == (2, "", "grader: 'Ada Li' is a name, of n1, n2; give the id\n")


SECRET = "copied from a friend, says the friend"


def test_a_note_is_for_the_staff_alone(record, capsys, tmp_path):
    change = ("override", "bo", "a1_mlp", "q5", "+2", *WHY, "--note", SECRET)
    code, out, _ = said(capsys, *change)
    assert code == 0 and f"note for the staff  ta: {SECRET}" in out
    assert "bo reads: q5: 0 -> 2 points by hand (right idea)" in out
    code, out, _ = said(capsys, "override", "chen", "a1_mlp", "q1", "--note", SECRET, "--who", "ta")
    assert code == 0 and "reads" not in out
    for student, question in (("bo", "q5"), ("chen", "q1")):
        page = said(capsys, "show", student, "a1_mlp")[1]
        assert f"noted, for the staff alone\n  {question}  {SECRET} (ta, " in page
        [noted] = json.loads(said(capsys, "show", student, "a1_mlp", "--json")[1])["notes_for_staff"]
        assert (noted["question"], noted["note"], noted["by"]) == (question, SECRET, "ta")
    assert json.loads(said(capsys, "show", "bo", "a1_mlp", "--json")[1])["points_now"] == 94
    for layout in ("html", "md", "mail"):
        out = tmp_path / layout
        assert said(capsys, "feedback", "a1_mlp", "--out", str(out), "--format", layout)[0] in (0, 1)
        pages = [file.read_text() for file in out.rglob("*") if file.is_file()]
        assert any("right idea" in page for page in pages) and not any(SECRET in page for page in pages)
        assert not any("chen" in page for page in pages)  # of whom there is nothing but a note
    for command in (["marks", "--student", "bo"], ["marks", "--csv"], ["marks", "--json"]):
        assert SECRET not in said(capsys, *command)[1]
    assert said(capsys, "report", "--out", str(tmp_path / "report"))[0] == 0
    staff = [file.read_text() for file in (tmp_path / "report" / "students").iterdir()]
    assert sum(SECRET in page for page in staff) == 2


def test_taking_back_leaves_notes_alone(record, capsys):
    said(capsys, "override", "bo", "a1_mlp", "q5", "+2", *WHY)
    said(capsys, "override", "bo", "a1_mlp", "q5", "--note", SECRET)
    code, out, _ = said(capsys, "override", "bo", "a1_mlp", "q5", "--undo")
    assert code == 0 and out.splitlines()[-1].startswith("bo  q5 2 -> 0 of 8")
    assert SECRET in said(capsys, "show", "bo", "a1_mlp")[1]
    code, _, err = said(capsys, "override", "bo", "a1_mlp", "q5", "--undo")
    assert code == 2 and "nothing to take back" in err


def test_what_was_set_by_hand_stays_when_a_regrade_finds_more(record, capsys):
    for change in (["amara", "a1_mlp", "q5", "--set", "4"], ["bo", "a1_mlp", "q5", "+3"]):
        said(capsys, "override", *change, *WHY)
    entry = json.loads(said(capsys, "show", "amara", "a1_mlp", "--json")[1])
    assert (entry["points"], entry["points_now"]) == (100, 96)
    [change] = entry["changed_by_hand"]
    assert (change["before"], change["after"]) == (8, 4)


def test_what_was_changed_by_hand_is_kept_when_a_question_is_judged_otherwise_and_said(record, capsys):
    said(capsys, "override", "bo", "a1_mlp", "q5", "+3", *WHY)
    before, after, paths = attempt("bo", wrong="q5"), attempt("bo"), Paths(record)
    with Store.open(paths.record, read_only=True) as store:
        marking = Marking.read(paths, store, read_assignment(paths, "a1_mlp"))
        move = Change("bo", marking.total(before), marking.total(after), tuple(marking.kept(before, after)))
        assert marking.kept(before, before) == []
    assert (move.before, move.after) == (95, 100)
    assert "bo  q5  8 -> 8 points by hand, held at 8 (right idea); before: 0 -> 3" in kept_lines([move])


def test_somebody_who_handed_in_nothing_may_get_points(record, capsys):
    code, out, _ = said(capsys, "override", "chen", "a1_mlp", "all", "--set", "40", "--reason", "on paper")
    assert code == 0 and out.endswith("chen  in all 0 -> 40 of 100 (nothing was handed in)\n")
    assert "a1_mlp: 40 of 100 points" in said(capsys, "marks", "--student", "chen")[1]
    page = said(capsys, "show", "chen", "a1_mlp")[1]
    assert page.startswith("chen  a1_mlp  nothing handed in  40 of 100 points") and "on paper" in page


def test_points_given_for_a_file_that_was_replaced_are_said_to_be(record, capsys):
    said(capsys, "override", "bo", "a1_mlp", "q5", "+2", *WHY)
    with closing(sqlite3.connect(record / ".grader" / "record.sqlite")) as file:
        file.execute("DROP TRIGGER submissions_refuses_UPDATE")
        file.execute("UPDATE submissions SET seen = '2999-01-01T00:00:00Z' WHERE student = 'bo'")
        file.commit()
    assert "[given before the file that counts was handed in]" in said(capsys, "show", "bo", "a1_mlp")[1]
    assert "[given before the file" in said(capsys, "override", "bo", "a1_mlp", "q5", "+1", *WHY)[1]


def test_diff_shows_what_people_changed_between_two_runs(record, capsys):
    said(capsys, "override", "amara", "a1_mlp", "q5", "--set", "4", *WHY)
    said(capsys, "override", "bo", "a1_mlp", "q5", "+3", *WHY)
    with Store.open(record / ".grader" / "record.sqlite") as store:
        store.end_run(store.begin_run("a1_mlp", "regrade a1_mlp"), "done")
    rows = json.loads(said(capsys, "diff", "1", "3", "--json")[1])
    assert {tuple(row.values()) for row in rows if row["what"] != "test_q5"} == {
        ("amara", "points", "92", "96"),
        ("amara", "q5 by hand", "-", "8 -> 4"),
        ("bo", "points", "92", "95"),
        ("bo", "q5 by hand", "-", "0 -> 3"),
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("override", "bo", "a1_mlp", "q5", "lots", "--reason", "x"), "'lots' is no number of points"),
        (("override", "bo", "a1_mlp", "q5", "0", "--reason", "x"), "changes nothing"),
        (("override", "bo", "a1_mlp", "q5", "nan", "--reason", "x"), "is no number of points"),
        (("override", "bo", "a1_mlp", "q15", "1", "--reason", "x"), "has no question 'q15'"),
        (("override", "boo", "a1_mlp", "q5", "1", "--reason", "x"), "nothing for a1_mlp and is not on the roster"),
        (("override", "bo", "a1_mlp", "q4", "+100", "--reason", "x"), "bo has 5 of 5 points in q4, and +100 changes"),
        (("override", "bo", "a1_mlp", "q5", "1"), "why? add --reason"),
        (
            ("override", "bo", "a1_mlp", "q5", "--reason", "x"),
            "write one of +2, --set 4, --undo, --comment TEXT, --note TEXT",
        ),
        (("override", "bo", "a1_mlp", "q5", "1", "--undo"), "and not several"),
        (("override", "bo", "a1_mlp", "q5", "--set", "9", "--reason", "x"), "--set takes 0 to 8"),
        (("override", "bo", "a1_mlp", "all", "--set", "101", "--reason", "x"), "a1_mlp is worth 100 points"),
        (("override", "bo", "a1_mlp", "q5", "--undo"), "there is nothing to take back"),
        (("override", "bo", "a1_mlp", "q5", "1", "--reason", " "), "say why"),
        (("show", "chen", "a1_mlp"), "no attempt of 'chen' at a1_mlp"),
        (("show", "stranger", "a1_mlp"), "stranger has handed in and is not graded yet"),
        (("status", "a1_mpl"), "no assignment 'a1_mpl'"),
    ],
)
def test_what_cannot_be_done_says_why_in_one_line(record, capsys, arguments, says):
    code, _, err = said(capsys, *arguments)
    assert code in (2, 3) and says in err and err.count("\n") == 1


SUBMISSION = """# %%
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
secret = 41
"""


def grader(course: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "grader.cli", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=100,
        cwd=course,
        check=False,
        env={"PATH": "/usr/bin:/bin", "GRADER_COURSE": str(course), "PYTHONPATH": str(PACKAGE.parent)},
    )


def test_the_transcript_can_be_read_and_the_prompt_runs_in_the_sandbox(course, tmp_path):
    (tmp_path / "kim.py").write_text(SUBMISSION)
    sandbox = ("--sandbox", "process")
    graded = grader(course, "grade", "a1_mlp", str(tmp_path / "kim.py"), *sandbox, "--workers", "1")
    assert graded.returncode == 0, graded.stderr
    transcript = grader(course, "show", "kim", "a1_mlp", "--question", "q4", "--transcript").stdout
    assert transcript.startswith("load\n") and "raised MissingName: tanh" in transcript
    assert "  tanh(float64 (1, 13))\n" in transcript and "relu(" in transcript and "probe " in transcript
    typed = "secret + 1\nfor i in range(2):\n    print('line', i)\n\n1 / 0\nimport os; os._exit(0)\nsecret\n"
    prompt = grader(course, "show", "kim", "a1_mlp", "--shell", *sandbox, typed=typed)
    assert "42" in prompt.stdout and "line 1" in prompt.stdout and "ZeroDivisionError" in prompt.stdout
    assert "the submission is loaded again" in prompt.stdout and "41" in prompt.stdout


def test_ids_of_assignments_and_questions_may_have_capitals_on_the_command_line(record, capsys):
    assert said(capsys, "status", "A1_MLP") == said(capsys, "status", "a1_mlp")
    shown = said(capsys, "show", "amara", "A1_MLP", "--question", "Q5", "--json")
    assert shown == said(capsys, "show", "amara", "a1_mlp", "--question", "q5", "--json") and shown[0] == 0
    assert said(capsys, "override", "amara", "A1_Mlp", "ALL", "-1", "--reason", "r")[0] == 0
    assert said(capsys, "override", "amara", "A1_MLP", "Q5", "-1", "--reason", "r")[0] == 0
    code, _, err = said(capsys, "status", "A1_MPL")
    assert code == 2 and "did you mean 'a1_mlp'?" in err
