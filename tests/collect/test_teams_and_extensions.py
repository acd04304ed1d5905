"""teams.csv and extensions.csv from the download to the mark: the same answer in every command."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import ipynb

from grader.course.config import read_course
from grader.course.extensions import read_deadlines
from grader.course.sheets import read_roster
from grader.course.teams import read_teams
from grader.errors import AuthoringError
from grader.record.store import HandIn, Store
from grader.schema import Attempt, CheckResult, Evidence, Outcome, Status, Submission

COURSE = """name = "Deep Learning"
timezone = "Asia/Kolkata"
[deadlines]
a1_mlp = 2026-09-01T23:59:00
[late]
per_day = 10
free_days = 2
[[component]]
id = "work"
title = "Assignments"
weight = 100
assignments = ["a1_mlp", "a2_cnn"]
"""
ASSIGNMENT = 'title = "One"\n[[question]]\nid = "q1"\ntitle = "One"\npoints = 4\nnames = ["relu"]\n'
ROSTER = "student,name,group\ncs101,Asha Rao,lab1\ncs102,Bo Chen,lab1\ncs103,Cy Das,lab2 evening\ncs104,Di Eze,lab2\n"
TEAMS = "team,student,assignments\nred,cs101,\nred,cs102,a1_mlp\nblue,cs103,\nblue,cs102,a2_cnn\n"


@pytest.fixture
def here(course_of):
    """A course of four students on two teams, one of whom changes teams; the current folder is in it."""
    assignments = {f"assignments/{name}/assignment.toml": ASSIGNMENT for name in ("a1_mlp", "a2_cnn")}
    return course_of({"course.toml": COURSE, "roster.csv": ROSTER, "teams.csv": TEAMS, **assignments})


@pytest.fixture
def run(here, grader):
    """Run a command in the course, as typed."""
    return grader


def write(paths, file, *lines):
    (paths.root / file).write_text("".join(f"{line}\n" for line in lines))


def deadlines(paths):
    course, roster = read_course(paths), read_roster(paths)
    return read_deadlines(paths, course, roster, read_teams(paths, course.assignments, [each.id for each in roster]))


def hand_in(paths, student, text, folder="downloads"):
    """A notebook of a student in a folder of the class."""
    target = paths.root / folder / student / "a1_mlp.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(ipynb(f"def relu(x):\n    return {text}\n"))
    return paths.root / folder


def graded(paths, student, time, outcome=Outcome.PASSED):
    """A hand-in on record with its time and an attempt."""
    with Store.open(paths.record) as store:
        run = store.begin_run("a1_mlp", "grade a1_mlp")
        submission = Submission(student, "a1_mlp", "a1_mlp.ipynb", student.encode())
        store.add_submission(submission, HandIn(datetime.fromisoformat(time), False, "downloads"))
        evidence = Evidence(submission.digest, (("q1", "ab" * 32),), "sha256:" + "9e" * 32, "cpu", "07", "strict")
        checks = (CheckResult("test_relu", "q1", outcome, Fraction(4)),)
        store.add_attempt(run, Attempt(student, "a1_mlp", Status.GRADED, evidence, checks), {})
        store.end_run(run, "done")


# ------------------------------------------------------------------------------------------------ teams


def test_one_hand_in_of_a_team_is_that_of_all_its_members(here, run):
    _, said, _ = run("collect", "a1_mlp", hand_in(here, "cs101", "x"), "--json")
    rows = {row["student"]: row for row in json.loads(said)["rows"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        "cs101": "read", "cs102": "read", "cs103": "missing", "cs104": "missing",
    }  # fmt: skip
    assert (rows["cs101"]["what"], rows["cs102"]["what"]) == (
        ["for team red"],
        ["handed in by cs101 for team red"],
    )
    with Store.open(here.record, read_only=True) as store:
        digests = store.current_digests("a1_mlp")
    assert digests["cs101"] == digests["cs102"] and set(digests) == {"cs101", "cs102"}


def test_of_two_hand_ins_of_a_team_one_counts_for_both_and_it_is_said(here, run):
    first = hand_in(here, "cs102", "x")
    run("collect", "a1_mlp", first, hand_in(here, "cs101", "x + 1", "later"))
    _, said, _ = run("collect", "a1_mlp", first, here.root / "later", "--json")
    what = {row["student"]: row["what"] for row in json.loads(said)["rows"]}
    assert "their own hand-in is not used: handed in by cs101 for team red" in what["cs102"]
    with Store.open(here.record, read_only=True) as store:
        digests = store.current_digests("a1_mlp")
    assert digests["cs101"] == digests["cs102"]


def test_who_has_changed_teams_hands_in_with_the_new_one(here):
    teams = read_teams(here, ["a1_mlp", "a2_cnn"], ["cs101", "cs102", "cs103", "cs104"])
    assert [team.name for team in (teams["a1_mlp"]["cs102"], teams["a2_cnn"]["cs102"])] == ["red", "blue"]
    assert [teams["a2_cnn"][name].students for name in ("cs101", "cs103")] == [("cs101",), ("cs103", "cs102")]
    assert "cs104" not in teams["a1_mlp"]


# ------------------------------------------------------------------------------------------------ extensions


def test_the_same_lateness_in_every_command(here, run):
    write(here, "extensions.csv", "who,assignment,deadline,reason", "cs101,a1_mlp,2026-09-03 23:59,in hospital",
          "lab2,a1_mlp,2026-09-02 23:59,the network was down")  # fmt: skip
    for student, time in (("cs101", "2026-09-03T20:00:00+05:30"), ("cs102", "2026-09-02T01:00:00+05:30"),
                          ("cs103", "2026-09-04T01:00:00+05:30")):  # fmt: skip
        graded(here, student, time)
    said = {student: run("marks", "--student", student)[1] for student in ("cs101", "cs102", "cs103")}
    assert "a1_mlp: 4 of 4 points = 100.00 %; counted" in said["cs101"]
    assert "because: of team red; deadline extended to 2026-09-03 23:59: in hospital" in said["cs101"]
    assert "from: extensions.csv, line 2; submission " in said["cs101"]
    assert "100.00 %; 1 day late, 1 of them free: 0.00 off = 100.00 %" in said["cs102"]
    assert "100.00 %; 2 days late, 2 of them free: 0.00 off = 100.00 %" in said["cs103"]
    assert "Free days: 0 of 2 left; spent: a1_mlp 2" in said["cs103"]
    shown = run("show", "cs103", "a1_mlp")[1]
    assert (
        "handed in 2026-09-04 01:00; deadline extended to 2026-09-02 23:59: the network was down; 1 d 1 h late" in shown
    )
    page = json.loads(run("show", "cs101", "a1_mlp", "--json")[1])["handed_in"]
    assert (page["late_minutes"], page["days_late"]) == (0, 0)
    status = json.loads(run("status", "a1_mlp", "--json")[1])
    assert set(status["late"]) == {"cs102", "cs103"} and set(status["extensions"]) == {"cs101", "cs103", "cs104"}
    assert "    2  late: cs102, cs103\n" in run("status", "a1_mlp")[1]
    run("feedback", "a1_mlp", "--out", here.root / "out", "--format", "md")
    text = (here.root / "out" / "cs103.md").read_text()
    assert "2 days late, 2 of them free" in text and "Free days: 0 of 2 left" in text
    assert "deadline extended to 2026-09-02 23:59: the network was down" in text


def test_a_lateness_that_was_decided_is_above_an_extension(here, run):
    write(here, "extensions.csv", "who,assignment,deadline,reason", "cs104,a1_mlp,2026-09-03 23:59,ill")
    graded(here, "cs104", "2026-09-09T20:00:00+05:30")
    here.marks_folder.mkdir()
    write(here, "marks/status.csv", "student,item,status,reason", "cs104,a1_mlp,late_hours=80,came by mail")
    assert "4 days late, 2 of them free: 20.00 off" in run("marks", "--student", "cs104")[1]
    assert "3 d 8 h late by decision: came by mail" in " ".join(run("show", "cs104", "a1_mlp")[1].split())


@pytest.mark.parametrize(
    ("state", "told"), [("excused", "excused by decision"), ("integrity", "an integrity zero by decision")]
)
def test_a_decision_that_counts_instead_of_the_points_is_said_beside_them(here, run, state, told):
    graded(here, "cs104", "2026-09-01T20:00:00+05:30")
    here.marks_folder.mkdir()
    write(here, "marks/status.csv", "student,item,status,reason", f"cs104,a1_mlp,{state},a letter")
    assert f"{told}: a letter" in run("show", "cs104", "a1_mlp")[1]
    points = "--set", "1", "--reason", "regraded"
    _, out, err = run("override", "cs104", "a1_mlp", "q1", *points)
    assert f"these points do not count: marks/status.csv, line 2 says {state} for cs104 and a1_mlp" in out + err
    _, out, err = run("override", "cs103", "a1_mlp", "q1", *points)
    assert "do not count" not in out + err


def test_the_latest_of_several_extensions_counts(here):
    write(here, "extensions.csv", "who,assignment,deadline,reason", "cs103,a1_mlp,2026-09-03T23:59:00+05:30,ill",
          "evening,a1_mlp,2026-09-04 23:59Z,no light", "red,a1_mlp,2026-09-02 10:00,")  # fmt: skip
    until = deadlines(here)
    assert until.of("cs103", "a1_mlp") == datetime.fromisoformat("2026-09-04T23:59:00+00:00")
    assert until.extended["cs103", "a1_mlp"].words == "deadline extended to 2026-09-05 05:29: no light"
    assert until.of("cs102", "a1_mlp") == datetime.fromisoformat("2026-09-02T10:00:00+05:30")
    assert until.of("cs104", "a1_mlp") == read_course(here).deadlines["a1_mlp"]
    assert until.of("cs104", "a2_cnn") is None


def test_a_late_hand_in_of_a_team_is_late_by_the_deadline_of_each(here, run):
    write(here, "extensions.csv", "who,assignment,deadline,reason", "cs101,a1_mlp,2026-09-03 23:59,ill")
    for student in ("cs101", "cs102"):
        graded(here, student, "2026-09-02T12:00:00+05:30")
    assert set(json.loads(run("status", "a1_mlp", "--json")[1])["late"]) == {"cs102"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("cs1O1,a1_mlp,2026-09-03 23:59,x", "column who: no student, group or team 'cs1O1' (did you mean 'cs101'?)"),
        ("cs101,a1_mpl,2026-09-03 23:59,x", "column assignment: no deadline of 'a1_mpl' in course.toml (did you mean "),
        ("cs101,a2_cnn,2026-09-03 23:59,x", "column assignment: no deadline of 'a2_cnn' in course.toml"),
        ("cs101,a1_mlp,2026-09-03,x", "column deadline: expected a date and a time like 2026-09-05 23:59 or "),
        ("cs101,a1_mlp,2026-09-31 10:00,x", "column deadline: expected a date and a time like "),
        ("cs101,a1_mlp,2026-09-01 23:59,x", "column deadline: 2026-09-01 23:59 is not later than the deadline in "),
        ("lab2,a1_mlp,2026-09-09 23:59,x", "column who: lab2 and a1_mlp have a line already (line 2)"),
        (",a1_mlp,2026-09-09 23:59,x", "column who: the cell is empty"),
    ],
)
def test_an_extension_that_makes_no_sense_is_refused(here, line, says):
    write(here, "extensions.csv", "who,assignment,deadline,reason", "lab2,a1_mlp,2026-09-02 23:59,x", line)
    with pytest.raises(AuthoringError) as caught:
        deadlines(here)
    assert str(caught.value).startswith(f"extensions.csv, line 3, {says}")


def test_a_word_that_is_a_group_and_a_team_is_refused(here):
    write(here, "roster.csv", "student,group", "cs101,red", "cs102,", "cs103,", "cs104,")
    write(here, "extensions.csv", "who,assignment,deadline,reason", "red,a1_mlp,2026-09-03 23:59,x")
    with pytest.raises(AuthoringError, match="'red' is a group and a team; rename one"):
        deadlines(here)


def test_a_time_on_nobodys_clock_is_refused(here):
    write(here, "course.toml", COURSE.replace('timezone = "Asia/Kolkata"\n', "").replace(":59:00", ":59:00Z"))
    write(here, "extensions.csv", "who,assignment,deadline,reason", "cs101,a1_mlp,2026-09-03 23:59,x")
    with pytest.raises(AuthoringError, match="whose clock. Write 2026-09-03 23:59.05:30, or set timezone"):
        deadlines(here)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("green,cs105,", "column student: no student 'cs105' in roster.csv"),
        ("green,cs104,a1_mpl", "column assignments: no assignment 'a1_mpl' of a component (did you mean 'a1_mlp'?)"),
        ("green,cs102,a1_mlp", "column student: cs102 is in team red for a1_mlp already (line 3)"),
        ("red,cs101,a2_cnn", "column student: cs101 is in team red for a2_cnn already (line 2)"),
        (",cs104,", "column team: the cell is empty"),
    ],
)
def test_a_team_that_makes_no_sense_is_refused(here, line, says):
    write(here, "teams.csv", *TEAMS.splitlines(), line)
    with pytest.raises(AuthoringError) as caught:
        read_teams(here, ["a1_mlp", "a2_cnn"], ["cs101", "cs102", "cs103", "cs104"])
    assert str(caught.value) == f"teams.csv, line 6, {says}"


def test_days_are_begun_days_after_each_ones_own_deadline(here):
    write(here, "extensions.csv", "who,assignment,deadline,reason", "cs104,a1_mlp,2026-09-03 23:59,x")
    graded(here, "cs104", "2026-09-04T00:00:00+05:30")
    from grader.bookkeeping.timing import timings

    with Store.open(here.record, read_only=True) as store:
        timing = timings(here, store, "a1_mlp")["cs104"]
    assert (timing.late_minutes, timing.days) == (Decimal(1), 1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(["cs101", "cs104", "lab1", "lab2", "evening", "red", "blue"]), st.integers(1, 90))
)
def test_everybody_has_the_latest_of_what_is_about_them(here, hours):
    """Against a slow search: of every student, each line that names them, one of their groups or their team."""
    first = datetime.fromisoformat("2026-09-01T23:59:00+05:30")
    lines = [f"{who},a1_mlp,{first + timedelta(hours=more)},x" for who, more in hours.items()]
    write(here, "extensions.csv", "who,assignment,deadline,reason", *lines)
    until = deadlines(here)
    team = {"cs101": "red", "cs102": "red", "cs103": "blue"}
    for student in read_roster(here):
        about = [hours.get(who, 0) for who in (student.id, *student.groups, team.get(student.id, ""))]
        assert until.of(student.id, "a1_mlp") == first + timedelta(hours=max(about))
