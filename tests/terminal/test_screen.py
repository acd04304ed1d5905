"""What a terminal shows: no line is wider than the screen, what is cut says so, and a zero is no missing file."""

from __future__ import annotations

import io
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from grader.execution.batch import Graded
from grader.marks.gradebook import read_gradebook
from grader.paths import Paths
from grader.schema import Assignment, Attempt, CheckResult, Evidence, Outcome, Question, Status, Submission, Usage
from grader.terminal.attempts import attempts_table, first_thing, in_short
from grader.terminal.screen import attempt_page, findings_table
from grader.terminal.tables import cut, gradebook_table, table, width_of

QUESTIONS = tuple(Question(f"q{n}", f"Question {n}", Decimal(n)) for n in (4, 5))
ASSIGNMENT = Assignment("a1_mlp", "Networks", QUESTIONS)
LONG = "the gradient of W1 in 3 layers with tanh is too large by the factor 7, which is also the length of axis 0"


def graded(
    student: str,
    *results: CheckResult,
    status: Status = Status.GRADED,
    notices: tuple[str, ...] = (),
    again: bool = False,
) -> Graded:
    evidence = Evidence("ab" * 32, (("q4", "cd" * 32),), "sha256:" + "ef" * 32, "cpu", "00", "strict")
    attempt = Attempt(student, "a1_mlp", status, evidence, results, notices, Usage(0.2, 0.4, 40.0))
    return Graded(Submission(student, "a1_mlp", "a1_mlp.ipynb", b""), attempt, again)


def check(
    name: str, question: str, points: int, outcome: Outcome = Outcome.PASSED, message: str = "", hint: str = ""
) -> CheckResult:
    return CheckResult(name, question, outcome, Decimal(points), message, hint)


CLASS = [
    graded("anna", check("test_t", "q4", 4), check("test_u", "q5", 5)),
    graded("ben", check("test_t", "q4", 4, Outcome.FAILED, LONG), check("test_u", "q5", 5, Outcome.FAILED, LONG)),
    graded("cleo-with-a-long-number", status=Status.UNREADABLE, notices=("a1_mlp.ipynb: this is a saved web page",)),
    graded("李小梅", status=Status.DEFERRED, notices=("deferred: Docker does not answer",)),
]


# ---------------------------------------------------------------------------------------------------- tables


@pytest.mark.parametrize("width", [72, 80, 100, 120, 200])
def test_no_line_of_the_table_of_attempts_is_wider_than_the_screen(width):
    lines = attempts_table(ASSIGNMENT, CLASS, width).splitlines()
    assert max(map(width_of, lines)) <= width
    if width < 150:
        assert "too large ..." in "\n".join(lines) or " ..." in lines[4]


def test_a_zero_an_unreadable_file_and_a_deferred_attempt_are_told_apart():
    rows = {line.split()[0]: line.split()[1] for line in attempts_table(ASSIGNMENT, CLASS, 120).splitlines()[3:7]}
    assert rows == {"anna": "9", "ben": "0", "cleo-with-a-long-number": "unreadable", "李小梅": "deferred"}


def test_at_80_columns_fourteen_questions_are_percentages_and_the_words_a_line_below():
    many = Assignment("a1_mlp", "Networks", tuple(Question(f"q{n}", "x", Decimal(8)) for n in range(1, 15)))
    shown = attempts_table(many, CLASS, 80)
    head, rule, *rows = shown.splitlines()
    assert head.split() == ["student", "points", *(f"q{n}" for n in range(1, 15))] and set(rule) == {"-", " "}
    assert max(map(width_of, shown.splitlines())) <= 80 and "percentage" in shown
    assert any(row.startswith("    ") for row in rows)


def test_questions_that_do_not_fit_are_left_out_and_said_to_be():
    many = Assignment("a1_mlp", "Networks", tuple(Question(f"q{n}", "x", Decimal(1)) for n in range(1, 31)))
    shown = attempts_table(many, CLASS, 80)
    assert "q30" not in shown and "--json" in shown
    assert max(map(width_of, shown.splitlines())) <= 80


def test_the_last_line_says_how_many_ended_how():
    assert in_short(ASSIGNMENT, [row.attempt for row in CLASS]) == (
        "4 submissions: 2 graded, 1 unreadable, 1 deferred; half of the graded have 4.5 of 9 points or more"
    )
    assert in_short(ASSIGNMENT, []) == "no submissions"


def test_columns_stay_in_line_with_letters_of_two_columns_and_of_none():
    lines = table(["name", "n"], [["李小梅", "1"], ["e\u0301va", "2"]], right=[1]).splitlines()
    assert {width_of(line) for line in lines[1:]} == {width_of(lines[0])} == {9}


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        pytest.param("anna", 4, id="ASCII"),
        pytest.param("李小梅", 6, id="Chinese"),
        pytest.param("\u1112\u1161\u11ab", 2, id="a Korean syllable in its parts"),
        pytest.param("नमस्ते", 4, id="Devanagari with marks above and below"),
        pytest.param("அருண்", 4, id="Tamil with a mark of its own column"),
        pytest.param("क\u200dख", 2, id="a joiner"),
        pytest.param("😀", 2, id="an emoji"),
    ],
)
def test_a_name_is_as_wide_as_terminals_draw_it(name, columns):
    assert width_of(name) == columns


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        pytest.param("as it is", 8, "as it is", id="fits"),
        pytest.param("cut between words here", 18, "cut between ...", id="between words"),
        pytest.param("averylongwordthatnobodycuts", 12, "averylon ...", id="a single word"),
        pytest.param("李小梅李小梅", 10, "李小梅 ...", id="wide letters"),
    ],
)
def test_what_is_cut_says_so(text, width, expected):
    assert cut(text, width) == expected
    assert width_of(cut(text, width)) <= width


def test_escape_codes_of_students_do_not_reach_the_terminal():
    evil = graded("\x1b[2Jeve", check("test_t", "q4", 4, Outcome.FAILED, "\x1b]0;title\x07 and \u202e"))
    for shown in (attempts_table(ASSIGNMENT, [evil], 120), attempt_page(ASSIGNMENT, evil.attempt, "a\x1b.ipynb")):
        assert not {"\x1b", "\x07", "\u202e"} & set(shown)


# ---------------------------------------------------------------------------------------------------- gradebook


@pytest.fixture
def book(course: Path):
    (course / "marks").mkdir()
    for item in ("a2_cnn", "a3_sequences", "a4_generative"):  # their marks are entered by hand
        Paths(course).assignment_toml(item).write_text(f'title = "{item}"\n')
    roster = ["student,name"] + [f"dl{n:02},Somebody" for n in range(1, 5)]
    (course / "roster.csv").write_text("\n".join(roster) + "\n")
    rows = ["student,a2_cnn,a3_sequences,a4_generative,exam1,exam2,exam3,exam4,kaggle,end_semester",
            "max,100,100,50,20,20,20,20,10,60", "dl01,0,80,40,10,11,12,13,5,30", "dl02,,60,45,excused,10,12,13,5,30",
            "dl03,50,60,45,9,10,12,13,5,", "dl04,1,2,3,4,5,6,7,8,9"]  # fmt: skip
    (course / "marks" / "all.csv").write_text("\n".join(rows) + "\n")
    rulings = ["student,item,status,reason", "dl01,a1_mlp,excused,ill", "dl04,a1_mlp,integrity,copied"]
    (course / "marks" / "status.csv").write_text("\n".join(rulings) + "\n")
    unreadable = CLASS[2].attempt
    return read_gradebook(Paths(course), {("dl02", "a1_mlp"): unreadable})


@pytest.mark.parametrize("width", [60, 80, 120, 160, 220])
def test_the_gradebook_fits_the_screen(book, width):
    assert max(map(width_of, gradebook_table(book, width).splitlines())) <= width


def test_the_narrow_gradebook_tells_zero_missing_unreadable_excused_integrity_and_dropped_apart(book):
    lines = gradebook_table(book, 120).splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("dl")}
    assert rows["dl01"][:3] == ["exc", "0.0", "80.0"]
    assert rows["dl02"][:3] == ["unrd", "(miss)", "60.0"]
    assert rows["dl03"][0] == "(miss)" and rows["dl03"][-2] == "miss"
    assert rows["dl04"][:3] == ["integ", "(1.0)", "2.0"]


def test_a_gradebook_of_components_explains_what_it_shows_and_has_names_where_they_fit(book):
    narrow, wide = gradebook_table(book, 54), gradebook_table(book, 64)
    assert "exam1" not in narrow and "=exams" in narrow
    assert "the items have no room" in " ".join(narrow.split()) and "miss:" not in narrow and "(..)" not in narrow
    assert "Somebody" not in narrow and "Somebody" in wide


def test_into_a_file_the_gradebook_goes_in_full(book, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert "a4_generative" in gradebook_table(book) and "Somebody" in gradebook_table(book)


def test_heads_take_as_many_lines_as_they_have_words_where_the_screen_has_no_room_for_them(monkeypatch):
    head, rows = ("assignment", "nothing handed in", "not on roster"), [("a1", "2", "0")]
    monkeypatch.setenv("COLUMNS", "40")
    narrow = table(head, rows, right=(1, 2), high=True).splitlines()
    assert [line.split() for line in narrow[:3]] == [
        ["nothing", "not"],
        ["handed", "on"],
        ["assignment", "in", "roster"],
    ]
    assert narrow[4].split() == ["a1", "2", "0"] and max(map(width_of, narrow)) <= 40
    monkeypatch.setenv("COLUMNS", "50")
    assert table(head, rows, right=(1, 2), high=True) == table(head, rows, right=(1, 2))


# ---------------------------------------------------------------------------------------------------- one attempt


def test_a_question_that_is_right_takes_one_line_and_the_same_message_is_said_once():
    results = [check(f"test_{n}", "q5", 1, Outcome.MISSING, "looked for relu", "Slopes.") for n in range(4)]
    row = graded("ben", check("test_t", "q4", 4), *results, check("test_last_one", "q5", 1))
    page = attempt_page(ASSIGNMENT, row.attempt, "a1_mlp.ipynb")
    assert "the only check passed" in page
    assert page.count("looked for relu") == 1
    assert "1 passed: last one" in page


@pytest.mark.parametrize(
    ("outcome", "message", "hinted"),
    [
        pytest.param(Outcome.FAILED, "too large", True, id="a wrong answer"),
        pytest.param(Outcome.TIMEOUT, "no answer within 10 s", True, id="a slow answer"),
        pytest.param(Outcome.ERROR, "IndexError in cell 7", True, id="an error"),
        pytest.param(Outcome.ERROR, "not written yet: relu", False, id="not written yet"),
        pytest.param(Outcome.MISSING, "looked for relu", False, id="a name that is missing"),
        pytest.param(Outcome.CRASHED, "the process ended", False, id="a process that ended"),
    ],
)
def test_a_hint_is_given_where_it_can_help(outcome, message, hinted):
    row = graded("ben", check("test_t", "q4", 4, outcome, message, "Mind the slope."))
    assert ("hint: Mind the slope." in attempt_page(ASSIGNMENT, row.attempt, "x.ipynb")) == hinted


# ---------------------------------------------------------------------------------------------------- machine


def test_what_doctor_advises_stands_below_what_it_found():
    from grader.sandbox.finding import Finding

    lines = findings_table([Finding("docker", False, "not reachable", "start it"), Finding("gpu", True, "none")])
    assert [line.split()[0] for line in lines.splitlines()] == ["no", "->", "ok"]


def test_what_fails_for_one_reason_in_many_questions_is_said_once():
    why = "running the notebook's cells: no answer within 60 s"
    rows = [check(f"test_{q}", q, 4, Outcome.TIMEOUT, why) for q in ("q4", "q5")]
    page = attempt_page(ASSIGNMENT, graded("ben", *rows).attempt, "x.ipynb")
    assert page.count(why) == 1 and page.count("the same as in q4") == 1


def test_a_name_that_two_cells_define_is_the_last_thing_to_know():
    twice = "defined in cells 20, 66, of which the last counts: tanh"
    assert first_thing(graded("ada", notices=(twice, "cell 3 is no Python")).attempt) == "cell 3 is no Python"
    assert first_thing(graded("ada", notices=(twice,)).attempt) == twice


def test_a_notice_that_asks_for_nothing_is_not_the_first_thing():
    released = "made from release 0123456789abcdef of the assignment"
    assert first_thing(graded("ada", notices=(released,)).attempt) == ""
    assert first_thing(graded("ada", notices=(released, "cell 3 is no Python")).attempt) == "cell 3 is no Python"
