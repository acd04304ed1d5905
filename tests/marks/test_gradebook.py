"""From roster, tables, rulings and attempts to marks. The worked example is the one of docs/marks.md."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction

import pytest

from grader.cli import main
from grader.course.curve import Curve
from grader.course.scheme import Component, LateRule
from grader.course.sheets import read_roster
from grader.dashboard.links import Links
from grader.dashboard.marks_table import marks_table
from grader.errors import AuthoringError, UsageError
from grader.marks.gradebook import Gradebook, read_gradebook
from grader.marks.marksheet import as_csv, as_json, as_table, clean, explain_student, guarded, student_json
from grader.paths import PACKAGE, Paths
from grader.record.overrides import Override
from grader.schema import Attempt, CheckResult, Evidence, ManualMark, Outcome, Status

ROOT = PACKAGE.parent
PAGE = (ROOT / "docs" / "marks.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(?:csv|text) (.+?)\n(.*?)^```$", PAGE, re.M | re.S))
(RULES,) = re.findall(r"^```toml rules\n(.*?)^```$", PAGE, re.M | re.S)
POINTS = {"q4": 5, "q5": 8, "q7": 10, "q8": 12, "q9": 14, "q14": 7}  # 56, as on the page
A1_TOML = 'title = "a1_mlp"\n' + "".join(
    f'[[question]]\nid = "{question}"\ntitle = "{question}"\npoints = {points}\n' for question, points in POINTS.items()
)
EVIDENCE = Evidence("3f" * 32, (("q4", "ab" * 32), ("q5", "cd" * 32)), "sha256:" + "9e" * 32, "cpu", "07", "strict")


@pytest.fixture
def folder(tmp_path):
    """The course folder of docs/marks.md: the first preset, six questions in a1_mlp, the tables of the page."""
    shutil.copy(ROOT / "examples" / "schemes" / "best_three_of_four.toml", tmp_path / "course.toml")
    paths = Paths(tmp_path)
    for name in ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative"):
        paths.assignment(name).mkdir(parents=True)
        paths.assignment_toml(name).write_text(f'title = "{name}"\n')
    paths.assignment_toml("a1_mlp").write_text(A1_TOML)
    paths.marks_folder.mkdir()
    for name in ("roster.csv", "marks/assignments.csv", "marks/exams.csv", "marks/status.csv"):
        (tmp_path / name).write_text(BLOCKS[name], encoding="utf-8")
    return paths


def attempt(student, failed=(), status=Status.GRADED, outcome=Outcome.FAILED, notices=()):
    """An attempt with one check a question; the questions in `failed` ended with `outcome`."""
    results = tuple(
        CheckResult(f"test_{question}", question, outcome if question in failed else Outcome.PASSED, Decimal(points))
        for question, points in POINTS.items()
    )
    return Attempt(student, "a1_mlp", status, EVIDENCE, results if status is not Status.UNREADABLE else (), notices)


def attempts(*made):
    return {(one.student, one.assignment): one for one in made}


ALL = list(POINTS)
GRADED = attempts(
    attempt("cs101", failed=["q4"]),
    attempt("cs102"),
    attempt("cs104", failed=ALL),
    attempt("cs105", failed=["q9"], status=Status.DEFERRED, outcome=Outcome.DEFERRED),
    attempt("cs1O4"),
)


@pytest.fixture
def book(folder) -> Gradebook:
    return read_gradebook(folder, GRADED)


def test_a_file_whose_name_is_nearly_right_is_named(folder):
    assert not [notice for notice in read_gradebook(folder, GRADED).notices if "is not read" in notice]
    for name in (
        "extension.csv",
        "Teams.CSV",
        "marks/exams.xlsx",
        "marks/quiz.CSV",
        "marks/talk.ods",
        "marks/~$talk.ods",
    ):
        (folder.root / name).write_text("")
    assert [notice for notice in read_gradebook(folder, GRADED).notices if "is not read" in notice] == [
        "Teams.CSV is not read: the table is called teams.csv",
        "extension.csv is not read: the table is called extensions.csv",
        "marks/quiz.CSV is not read: tables of marks are CSV, as quiz.csv",
        "marks/talk.ods is not read: tables of marks are CSV, as talk.csv",
    ]


def entry(book, student, item):
    return next(m.entry for part in book.line(student).mark.components for m in part.items if m.item == item)


def edit(paths, file, old, new):
    path = paths.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# --- the page ------------------------------------------------------------------------------------


def test_the_page_shows_the_table_that_comes_out(book):
    assert BLOCKS["table"] == as_table(book)


def with_every_rule(folder):
    """The course of the page that has every rule once, and its student."""
    folder.course_toml.write_text(RULES)
    for file in ("extensions.csv", "teams.csv"):
        (folder.root / file).write_text(BLOCKS[file])
    groups = {"cs101": "undergraduates", "cs102": "graduates lab-2"}
    lines = ["student,group", *(f"{name},{groups.get(name, 'undergraduates')}" for name in ("cs101", "cs102", "cs103"))]
    folder.roster_csv.write_text("\n".join(lines))
    table = "student,a2_cnn,a3_sequences,midterm,final,kaggle,talk\nmax,50,100,100,100,10,10\n"
    (folder.marks_folder / "exams.csv").write_text(
        f"{table}cs101,40,,60,70,8,\ncs102,50,100,60,70,8,10\ncs103,,1,,,,\n"
    )
    (folder.marks_folder / "assignments.csv").unlink()
    (folder.marks_folder / "status.csv").write_text("student,item,status,reason\ncs101,a2_cnn,late_hours=20,by mail\n")
    return read_gradebook(folder, GRADED | attempts(attempt("cs101")))


def test_every_rule_is_on_the_page_and_comes_out_as_it_says(folder):
    book = with_every_rule(folder)
    assert BLOCKS["rules"] == explain_student(book, "cs101")
    keys = {item.name for noun in (Component, Curve, LateRule) for item in fields(noun)}
    shown = set(re.findall(r"^(?:\[\[?)?(\w+)", RULES, re.M)) | set(re.findall(r"\b(\w+) = ", RULES))
    assert keys - shown == {"sqrt", "grace_minutes", "max_days", "best"} - shown  # described beside it


def test_a_graduate_has_other_items_and_an_undergraduates_mark_is_none(folder):
    book = with_every_rule(folder)
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(as_csv(book)))}
    assert (rows["cs101"]["talk_state"], rows["cs102"]["talk_percent"]) == ("", "100.00")
    assert rows["cs101"]["component_assignments_grad_percent"] == ""
    assert (book.line("cs101").part("seminar"), book.line("cs102").part("assignments")) == (None, None)
    table = [line.split() for line in as_table(book).splitlines()]
    (head,) = (line for line in table if line[:1] == ["student"])
    (row,) = (line for line in table if line[:1] == ["cs101"])
    assert row[head.index("talk")] == row[head.index("seminar")] == "-"
    edit(folder, "marks/exams.csv", "cs101,40,,60,70,8,", "cs101,40,,60,70,8,9")
    assert "talk of cs101 not used: it is not in the scheme of that group" in read_gradebook(folder, GRADED).notices


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "drop = 1 ",
            "drop = 1\nbest = 2 ",
            "component[1] (assignments): best and drop say the same in two ways; give ",
        ),
        (
            "weights = { midterm = 2, final = 3 }",
            "weights = { midterm = 2 }",
            "weights: final has none; give every item",
        ),
        ("weight = 10\n", "weight = 20\n", "weights for graduates must add to 100, got 110 = assignments_grad 40 + "),
        ('columns = ["talk"]', 'columns = ["midterm"]', "item 'midterm' is there twice for graduates"),
        ("at_least = 30", "at_least = 30\nat_most = 20", "curve: exams: at_least 30 is above at_most 20"),
        ("[curve.midterm]", "[curve.midtem]", "curve: 'midtem' is no item, no component and not total"),
        ("a1_mlp = 50 }", "a1_mlp = 57 }", "component assignments: out_of: a1_mlp = 57, and it has 56"),
        ("a1_mlp = 50 }", "a2_cnn = 50 }", "component assignments: out_of: a2_cnn = 50, and its table says its points"),
        ('id = "seminar"', 'id = "midterm"', "curve: 'midterm' is an item and a component; rename one"),
    ],
)
def test_rules_that_contradict_are_refused(folder, old, new, says):
    with_every_rule(folder)
    edit(folder, "course.toml", old, new)
    with pytest.raises(AuthoringError) as caught:
        read_gradebook(folder, GRADED)
    assert str(caught.value).startswith("course.toml: ") and says in str(caught.value)


@pytest.mark.parametrize(
    ("group", "says"), [("", "no group"), ("graduates undergraduates", "more than one group .undergraduates, gra")]
)
def test_who_is_in_no_group_or_in_two_is_said(folder, group, says):
    with_every_rule(folder)
    edit(folder, "roster.csv", "cs103,undergraduates", f"cs103,{group}")
    with pytest.raises(AuthoringError, match=f"roster.csv: cs103 is in {says}"):
        read_gradebook(folder, GRADED)


@pytest.mark.parametrize(("cap", "points", "percent"), [(110, "11", "110.00"), (110, "11.5", ""), (100, "10.5", "")])
def test_a_table_may_hold_what_the_cap_allows(folder, cap, points, percent):
    with_every_rule(folder)
    edit(folder, "course.toml", "bonus = true ", f"bonus = true\ncap = {cap} ")
    edit(folder, "marks/exams.csv", "cs101,40,,60,70,8,", f"cs101,40,,60,70,{points},")
    if percent:
        assert next(csv.DictReader(io.StringIO(as_csv(read_gradebook(folder, GRADED)))))["kaggle_percent"] == percent
    else:
        with pytest.raises(AuthoringError, match="column kaggle: .* is above the maximum of 10"):
            read_gradebook(folder, GRADED)


def test_what_the_rest_must_bring(folder, book):
    assert BLOCKS["need cs105"] == explain_student(book, "cs105", Decimal(75))
    assert "For a total of 60: safe already; with nothing in the rest the total is " in explain_student(
        book, "cs105", Decimal(60)
    )
    assert "For a total of 99: out of reach; with everything that can be earned in the rest the total is " in (
        explain_student(book, "cs105", Decimal(99))
    )
    assert "every mark is there; the total is 75.4, and 76 is not reached." in explain_student(
        book, "cs101", Decimal(76)
    )
    assert BLOCKS["if cs105"] == explain_student(book, "cs105", suppose={"a1_mlp": Fraction(50)})
    both = explain_student(book, "cs101", Decimal(90), {"end_semester": Fraction(100)})
    assert "With 100.00 % in end_semester the total is 80.8.\nAs it is now, the total is 75.4.\n" in both
    assert "the total is 80.8, and 90 is not reached." in both
    none = explain_student(book, "cs101", suppose={"a1_mlp": Fraction(0)})
    assert "a1_mlp would be dropped: the best 3 of 4 count." in none
    edit(folder, "marks/status.csv", "cs103,a1_mlp", "cs105,kaggle")
    with pytest.raises(UsageError, match="no mark in the rest gives a total: every item of project is excused"):
        explain_student(read_gradebook(folder, GRADED), "cs105", Decimal(80))


@pytest.mark.parametrize("title", [title for title in BLOCKS if title.startswith("explain ")])
def test_the_page_shows_the_explanation_that_comes_out(book, title):
    assert BLOCKS[title] == explain_student(book, title.removeprefix("explain "))


@pytest.mark.parametrize(
    ("line", "old", "new"), [(0, "weight =", "wieght ="), (1, "weight = 30", "weight = 20"), (2, '"a2_cnn"', '"a2_cn"')]
)
def test_the_page_shows_the_errors_that_come_out(folder, line, old, new):
    edit(folder, "course.toml", old, new)
    with pytest.raises(AuthoringError) as caught:
        read_gradebook(folder, {})
    assert str(caught.value) == BLOCKS["errors"].splitlines()[line]


# --- from evidence to entries --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "state", "points", "reason"),
    [
        pytest.param(attempt("cs102"), "graded", 56, "", id="full marks"),
        pytest.param(attempt("cs102", failed=ALL), "graded", 0, "", id="nothing right is a 0"),
        pytest.param(
            attempt("cs102", status=Status.UNREADABLE, notices=("it is a saved web page",)),
            "graded", 0, "no notebook could be read; it is a saved web page", id="unreadable is a 0 with its reason",
        ),
        pytest.param(
            attempt("cs102", status=Status.DEFERRED), "deferred", 0,
            "the machine failed while grading; it will be run again", id="the machine failed",
        ),
        pytest.param(
            attempt("cs102", failed=["q9"], outcome=Outcome.DEFERRED), "deferred", 0,
            "the machine failed while grading; it will be run again", id="one check deferred",
        ),
        pytest.param(
            Attempt("cs102", "a1_mlp", Status.GRADED, EVIDENCE, attempt("cs102").results[:-1]), "deferred", 0,
            "the checks of this attempt add up to 49 points, assignment.toml says 56; to be graded again: "
            "`grader regrade a1_mlp`",
            id="made for other points",
        ),
        pytest.param(
            Attempt("cs102", "a1_mlp", Status.GRADED, EVIDENCE), "deferred", 0,
            "the checks of this attempt add up to 0 points, assignment.toml says 56; to be graded again: "
            "`grader regrade a1_mlp`",
            id="no results",
        ),
    ],
)  # fmt: skip
def test_only_a_finished_attempt_is_a_mark(folder, made, state, points, reason):
    (folder.marks_folder / "status.csv").unlink()
    got = entry(read_gradebook(folder, attempts(made)), "cs102", "a1_mlp")
    assert (got.state.value, got.points, got.reason) == (state, points, reason)


def with_an_essay(folder):
    """a1_mlp with a question that a person marks, of 4 points more."""
    toml = folder.assignment_toml("a1_mlp")
    toml.write_text(toml.read_text() + '[[question]]\nid = "q15"\ntitle = "Essay"\npoints = 4\nmanual = true\n')


@pytest.mark.parametrize(
    ("manual", "state", "points", "reason"),
    [
        pytest.param((), "deferred", 0, "q15 is to be marked by hand", id="nobody looked for a mark"),
        pytest.param((ManualMark("q15", None, "waits: why"),), "deferred", 0, "q15 waits: why", id="it waits"),
        pytest.param((ManualMark("q15", Fraction(0)),), "graded", 56, "", id="a zero"),
        pytest.param((ManualMark("q15", Fraction(10, 3)),), "graded", Fraction(178, 3), "", id="a third"),
    ],
)
def test_a_question_that_a_person_marks_counts_once_it_is_marked(folder, manual, state, points, reason):
    with_an_essay(folder)
    made = replace(attempt("cs104"), manual=manual)
    got = entry(read_gradebook(folder, attempts(made)), "cs104", "a1_mlp")
    assert (got.state.value, got.points, got.reason) == (state, points, reason)
    assert got.max_points == 60


def test_an_unreadable_file_waits_for_nobody(folder):
    with_an_essay(folder)
    got = entry(read_gradebook(folder, attempts(attempt("cs104", status=Status.UNREADABLE))), "cs104", "a1_mlp")
    assert (got.state.value, got.points, got.max_points) == ("graded", 0, 60)


def test_a_zero_for_an_unreadable_file_says_so_in_every_table_until_points_are_given_by_hand(folder):
    unreadable = attempts(attempt("cs104", status=Status.UNREADABLE))
    page = str(marks_table(read_gradebook(folder, unreadable), Links(True, (), frozenset())))
    assert '<span class="badge bad">unreadable</span>' in page
    assert "(unreadable)" in as_table(read_gradebook(folder, unreadable))
    book = read_gradebook(folder, unreadable, changes=[Override("cs104", "a1_mlp", "q4", Decimal(3), "on paper", "ta")])
    [row] = [row for row in as_table(book).splitlines() if row.startswith("cs104")]
    assert row.split()[1] == "(5.36)"


def test_points_that_moved_from_one_question_to_another_are_no_mark(folder):
    edit(folder, "assignments/a1_mlp/assignment.toml", "points = 5", "points = 6")
    edit(folder, "assignments/a1_mlp/assignment.toml", "points = 8", "points = 7")
    got = entry(read_gradebook(folder, attempts(attempt("cs104"))), "cs104", "a1_mlp")
    says = "the checks of q4 add up to 5 points, assignment.toml says 6; to be graded again: `grader regrade a1_mlp`"
    assert (got.state.value, got.reason) == ("deferred", says)


def test_two_thirds_of_the_points_are_two_thirds_of_the_mark(folder):
    checks = [
        CheckResult(f"test_{n}", "q4", Outcome.PASSED if n else Outcome.FAILED, Fraction(10, 3)) for n in range(3)
    ]
    folder.assignment_toml("a1_mlp").write_text(
        'title = "a1_mlp"\n[[question]]\nid = "q4"\ntitle = "Thirds"\npoints = 10\n'
    )
    book = read_gradebook(folder, attempts(Attempt("cs104", "a1_mlp", Status.GRADED, EVIDENCE, tuple(checks))))
    mark = next(mark for part in book.line("cs104").mark.components for mark in part.items if mark.item == "a1_mlp")
    assert mark.percent == Fraction(200, 3)
    assert "a1_mlp: 6.67 of 10 points = 66.67 %" in explain_student(book, "cs104")
    full = Attempt(
        "cs104", "a1_mlp", Status.GRADED, EVIDENCE, tuple(replace(c, outcome=Outcome.PASSED) for c in checks)
    )
    assert "a1_mlp: 10 of 10 points = 100.00 %" in explain_student(read_gradebook(folder, attempts(full)), "cs104")


def test_a_mark_names_submission_image_and_tests(book):
    source = entry(book, "cs104", "a1_mlp").source
    assert "3f3f3f3f3f3f" in source
    assert "sha256:9e9e9e9e9e9e" in source
    assert "q4:abababab q5:cdcdcdcd" in source


def test_nobody_gets_a_zero_before_anything_was_handed_in(folder):
    got = entry(read_gradebook(folder, {}), "cs104", "a1_mlp")
    assert (got.state.value, got.reason) == ("deferred", "not graded yet for anybody")


def test_who_handed_nothing_in_is_missing_once_others_did(folder):
    got = entry(read_gradebook(folder, attempts(attempt("cs102"))), "cs104", "a1_mlp")
    assert (got.state.value, got.reason) == ("missing", "nothing was handed in")


@pytest.mark.parametrize(
    "before", [{}, attempts(attempt("cs104"))], ids=["first submission", "graded once, handed in again"]
)
def test_what_was_collected_and_not_graded_is_deferred(folder, before):
    book = read_gradebook(folder, before, ungraded={("cs104", "a1_mlp")})
    got = entry(book, "cs104", "a1_mlp")
    assert (got.state.value, got.reason) == ("deferred", "handed in, and not graded yet")


def test_lateness_comes_with_the_submission_and_a_ruling_is_above_it(folder):
    late = {("cs101", "a1_mlp"): Decimal(30), ("cs102", "a1_mlp"): Decimal(30), ("cs104", "a1_mlp"): Decimal(30)}
    book = read_gradebook(folder, GRADED, late_minutes=late)
    assert [entry(book, who, "a1_mlp").late_minutes for who in ("cs101", "cs102", "cs104")] == [26 * 60 + 30, 0, 30]


@pytest.mark.parametrize(
    ("deltas", "points", "says"),
    [
        (["2.5"], "53.5", "q4 0 -> 2.5 points by hand (seen)"),
        (["2.5", "-1"], "52.5", "q4 0 -> 1.5 points by hand (seen; seen)"),
        (["9"], "56", "q4 0 -> 5 points by hand, held at 5 (seen)"),
        (["-1"], "51", "q4 0 -> 0 points by hand, held at 0 (seen)"),
    ],
)
def test_points_changed_by_hand_count_within_the_question(folder, deltas, points, says):
    changes = [Override("cs104", "a1_mlp", "q4", Decimal(delta), "seen", "ta") for delta in deltas]
    made = attempts(attempt("cs104", failed=["q4"]), attempt("cs105", failed=["q4"]))
    book = read_gradebook(folder, made, changes=changes)
    assert (entry(book, "cs104", "a1_mlp").points, entry(book, "cs104", "a1_mlp").reason) == (Decimal(points), says)
    assert entry(book, "cs105", "a1_mlp").points == 51


def test_a_change_of_points_without_an_attempt_is_said(folder):
    book = read_gradebook(folder, GRADED, changes=[Override("cs999", "a1_mlp", "q4", Decimal(1), "seen", "ta")])
    assert book.notices == ("points of cs999 a1_mlp q4 changed by hand, not used: that submission has no attempt",)
    assert ("cs999", ("points changed by hand in a1_mlp",)) in [(who.id, who.found) for who in book.strangers]


def test_a_ruling_is_above_what_was_graded_and_keeps_both_sources(book):
    got = entry(book, "cs102", "a1_mlp")
    assert (got.state.value, got.reason) == ("integrity", "notebook shared with another student")
    assert got.source.startswith("marks/status.csv, line 3; submission 3f3f")


def test_an_exam_without_any_mark_is_still_to_come(folder):
    (folder.marks_folder / "exams.csv").write_text("student,exam1,exam2\nmax,10,10\ncs101,5,\ncs102,,\n")
    book = read_gradebook(folder, GRADED)
    states = {item: entry(book, "cs102", item).state.value for item in ("exam1", "exam2", "exam3")}
    assert states == {"exam1": "missing", "exam2": "deferred", "exam3": "deferred"}
    assert entry(book, "cs104", "exam1").reason == "no row in marks/exams.csv"
    assert entry(book, "cs104", "exam3").reason == "no table in marks/ has a column exam3 yet"


def test_the_order_of_the_roster_changes_no_mark(folder, book):
    lines = BLOCKS["roster.csv"].splitlines()
    folder.roster_csv.write_text("\n".join([lines[0], *reversed(lines[1:])]))
    other = read_gradebook(folder, GRADED)
    assert [line.student.id for line in other.lines] == ["cs105", "cs104", "cs103", "cs102", "cs101"]
    assert {line.student.id: line.mark for line in other.lines} == {line.student.id: line.mark for line in book.lines}


def test_strangers_are_listed_with_every_place_and_never_counted(folder):
    edit(folder, "marks/exams.csv", "cs101,14", "cs999,14")
    edit(folder, "marks/status.csv", "cs103,a1", "cs998,a1")
    book = read_gradebook(folder, GRADED, ungraded={("cs1O4", "a1_mlp")})
    assert [(person.id, person.found) for person in book.strangers] == [
        ("cs1O4", ("submission of a1_mlp",)),
        ("cs998", ("marks/status.csv, line 4",)),
        ("cs999", ("marks/exams.csv, line 3",)),
    ]
    assert len(book.lines) == 5
    assert entry(book, "cs101", "exam1").state.value == "missing"


def test_attempts_that_decide_nothing_are_said(folder):
    other = {("cs101", name): attempt("cs101") for name in ("a2_cnn", "a9_old")}
    assert read_gradebook(folder, {**GRADED, **other}).notices == (
        "1 graded submission of a2_cnn not used: a2_cnn has no questions",
        "1 graded submission of a9_old not used: a9_old is not part of the course",
    )


def test_a_name_may_have_any_kind_of_blank(folder):
    edit(folder, "roster.csv", "Dev Nair", "Dev\u202fNair")
    assert "Dev Nair" in [student.name for student in read_roster(folder)]


def test_what_is_needed_is_a_document_too(folder, book, monkeypatch, capsys):
    page = json.loads(student_json(book, "cs105", Decimal(75)))
    assert page == json.loads(as_json(book))["students"][4] | {
        "need": {
            "total": "75", "rest": ["a1_mlp"], "percent": "86.17", "points": {"a1_mlp": "48.26"},
            "max_points": {"a1_mlp": "56"}, "with_nothing": "73.3", "with_everything": "76.3",
        }
    }  # fmt: skip
    assert json.loads(student_json(book, "cs105", Decimal(99)))["need"]["percent"] is None
    assert "need" not in json.loads(student_json(book, "cs105"))
    monkeypatch.setenv("GRADER_COURSE", str(folder.root))
    assert main(["marks", "--student", "cs105", "--need", "75", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["need"]["percent"] == "86.17"  # nothing of a1 is on record here
    assert main(["marks", "--student", "cs105", "--if", "a1=50", "--json"]) == 0
    supposed = json.loads(capsys.readouterr().out)["if"]
    assert supposed.pop("exact") and supposed == {
        "percent": {"a1_mlp": "50.00"}, "total": "73.3", "so_far": "73.3", "rest": []
    }  # fmt: skip
    for given, says in (
        (["--student", "cs105", "--if", "a=50"], "no item 'a' here"),
        (
            ["--student", "cs105", "--if", "exam1=-5"],
            "--if takes an item and a percentage like a1_mlp=50, got 'exam1=-5'",
        ),
        (["--if", "exam1=5"], "--if is asked for one student: add --student ID"),
    ):
        assert main(["marks", *given]) == 2 and says in capsys.readouterr().err
    for more in (["--csv"], ["--export", "csv", "--out", str(folder.root / "x")]):
        assert main(["marks", "--student", "cs105", *more]) == 2
        assert "--student explains one mark: as text, or with --json" in capsys.readouterr().err


# --- tables that are wrong -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("roster.csv", "student,", "id,", ", line 1: no column 'student' in the header; there is: id, name, email"),
        ("roster.csv", "email", "e-mail", ", line 1: unknown column 'e-mail' (did you mean 'email'?); known: "),
        ("roster.csv", "cs104", "CS101", ", line 7, column student: 'CS101' is in line 3 already"),
        ("roster.csv", "dev@", "asha@", ", line 7, column email: 'asha@example.org' is in line 3 already"),
        ("roster.csv", "cs104", "", ", line 7, column student: the cell is empty"),
        ("roster.csv", ",Dev Nair", "", ", line 7: expected 3 cells as in the header, got 2"),
        ("roster.csv", "Dev Nair", '"Dev\nNair"', ", line 8: a cell holds a line break or an invisible"),
        ("roster.csv", "Dev Nair", '"Dev', ": not a CSV table: "),
        ("marks/exams.csv", "14,", "abs,", ", line 3, column exam1: expected a number, excused, "),
        ("marks/exams.csv", "14,", "-1,", ", line 3, column exam1: expected a number, excused, "),
        ("marks/exams.csv", "14,", "1_4,", ", line 3, column exam1: expected a number, excused, "),
        ("marks/exams.csv", "14,", "nan,", ", line 3, column exam1: expected a number, excused, "),
        ("marks/exams.csv", "14,", "21,", ", line 3, column exam1: 21 is above the maximum of 20"),
        ("marks/exams.csv", "max,20", "max,", ", line 2, column exam1: expected the maximum, a number above 0"),
        ("marks/exams.csv", "max", "cs106", ": the first row must be max, with the points possible"),
        ("marks/exams.csv", "cs102", "max", ", line 4, column student: the row of maxima must come once"),
        ("marks/exams.csv", "cs102", "cs101", ", line 4, column student: 'cs101' is there already"),
        ("marks/exams.csv", "kaggle", "kagle", ", line 1: unknown column 'kagle' (did you mean 'kaggle'?)"),
        ("marks/exams.csv", "exam2", "exam1", ", line 1: column exam1 is there twice"),
        ("marks/exams.csv", "exam2", "a2_cnn", ": column a2_cnn is in marks/assignments.csv already"),
        ("marks/exams.csv", "exam2", "a1_mlp", ", line 1, column a1_mlp: a1_mlp is graded here; its marks"),
        ("marks/status.csv", "a1_mlp", "a1_mpl", ", line 2, column item: no item 'a1_mpl' (did you mean "),
        ("marks/status.csv", "late_hours=", "late=", ", line 2, column status: expected excused, integrity or"),
        ("marks/status.csv", "26.5", "-3", ", line 2, column status: expected excused, integrity or"),
        ("marks/status.csv", "cs102", "cs101", ", line 3, column student: cs101 and a1_mlp have a line already"),
        ("marks/status.csv", ",reason", ",why", ", line 1: no column 'reason' in the header"),
    ],
)
def test_a_wrong_table_says_file_line_and_column(folder, file, old, new, says):
    edit(folder, file, old, new)
    with pytest.raises(AuthoringError) as caught:
        read_gradebook(folder, GRADED)
    assert str(caught.value).startswith(file + says)


def test_a_course_without_a_roster_says_so(folder):
    folder.roster_csv.unlink()
    with pytest.raises(AuthoringError, match=r"no roster\.csv in "):
        read_gradebook(folder, GRADED)


def test_a_table_that_is_not_utf8_says_so(folder):
    folder.roster_csv.write_bytes(b"student,name\ncs101,Ren\xe9\n")
    with pytest.raises(AuthoringError, match=r"roster\.csv: not UTF-8 text"):
        read_gradebook(folder, GRADED)


def test_tables_as_spreadsheets_write_them_are_read(folder, book):
    for file in ("roster.csv", "marks/exams.csv", "marks/status.csv"):
        path = folder.root / file
        text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
        path.write_bytes(("\ufeff" + text + ",,\r\n" * (file == "roster.csv")).encode())
    assert read_gradebook(folder, GRADED) == book


# --- what is shown -------------------------------------------------------------------------------


def test_every_view_tells_five_kinds_of_nothing_apart(book):
    """One item for each: a graded 0, missing, excused, an integrity zero, deferred."""
    kinds = {"cs104": "graded", "cs102": "integrity", "cs103": "excused", "cs105": "deferred"}
    cells = {row.split()[0]: row.split()[1] for row in as_table(book).splitlines() if row.startswith("cs")}
    assert cells == {"cs101": "71.07*", "cs104": "(0.00)", "cs102": "integrity", "cs103": "excused", "cs105": "open"}
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(as_csv(book)))}
    pages = {page["student"]: page for page in json.loads(as_json(book))["students"]}
    for student, kind in kinds.items():
        assert rows[student]["a1_mlp_state"] == kind
        assert pages[student]["components"]["assignments"]["items"]["a1_mlp"]["state"] == kind
    assert rows["cs103"]["a3_sequences_state"] == "missing"
    percents = {student: rows[student]["a1_mlp_percent"] for student in kinds}
    assert percents == {"cs104": "0.00", "cs102": "0.00", "cs103": "", "cs105": ""}


def test_an_incomplete_total_is_shown_as_such_everywhere(book):
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(as_csv(book)))}
    assert (rows["cs105"]["total"], rows["cs105"]["incomplete"]) == ("", "a1_mlp has no mark yet")
    assert (rows["cs101"]["total"], rows["cs101"]["incomplete"]) == ("75.4", "")
    assert [rows[student]["so_far"] for student in ("cs101", "cs105")] == ["75.4", "73.3"]
    page = json.loads(as_json(book))["students"][4]
    assert (page["total"], page["exact"], page["incomplete"]) == (None, None, ["a1_mlp has no mark yet"])
    assert "Total: incomplete; a1_mlp has no mark yet\nSo far: 73.3, the total over" in explain_student(book, "cs105")


def test_once_everybody_has_a_total_there_is_no_column_so_far(folder):
    final = read_gradebook(folder, GRADED | attempts(attempt("cs105")))
    assert final.is_final and "so far" not in as_table(final) and "so_far" not in as_csv(final)


@pytest.mark.parametrize("view", [as_table, as_csv, as_json])
def test_the_same_evidence_gives_the_same_bytes(folder, view):
    backwards = dict(reversed(list(GRADED.items())))
    assert view(read_gradebook(folder, GRADED)) == view(read_gradebook(folder, backwards))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1+1", "\uff1d1+1", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(folder, text):
    assert not guarded(text).lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\t", "\r"))
    if text.isprintable():
        edit(folder, "roster.csv", "Dev Nair", text)
        assert f"\ncs104,'{text.strip()}," in as_csv(read_gradebook(folder, GRADED))


def test_names_cannot_write_on_the_terminal(folder):
    book = read_gradebook(folder, {**GRADED, ("\x1b[2Jroot\n", "a1_mlp"): attempt("x")})
    assert "  ?[2Jroot?: submission of a1_mlp" in as_table(book)
    assert clean("ന\u200dമ") == "ന\u200dമ"  # a joiner is part of a name
    assert clean("a\u202eb") == "a?b"  # reversed writing is not
    assert guarded("a\n=1+1") == "a?=1+1"


def test_an_unknown_student_is_answered_with_the_nearest(book):
    with pytest.raises(UsageError, match=r"no student 'cs1O1' on the roster \(did you mean 'cs101'\?\)"):
        explain_student(book, "cs1O1")
