"""Marks that people give: whose row holds for which submission, what a table may say, and how it is filled in."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

import pytest
from essays import course

from grader.course.config import read_assignment
from grader.course.sheets import GivenMark, read_manual
from grader.errors import AuthoringError
from grader.marks.manual import Due, answer_key, settle, submission_key, to_fill_in

HEAD = "student,question,points,comment,submission,answer\n"


def given(points=3, submission="s1", answer="a1", student="ada", question="q7", comment="Good.", line=2):
    worth = None if points is None else Fraction(points)
    return GivenMark(student, question, worth, comment, submission, answer, f"manual/tiny.csv, line {line}")


def settled(*rows, submission="s1", answer="a1"):
    return settle("q7", submission, rows, lambda: answer)


# ------------------------------------------------------------------------------------------------ which row holds


@pytest.mark.parametrize(
    ("rows", "now", "points"),
    [
        pytest.param([], {}, None, id="no row"),
        pytest.param([given(points=None)], {}, None, id="a row without points"),
        pytest.param([given()], {}, 3, id="this submission"),
        pytest.param([given(points=0)], {}, 0, id="a zero is a mark"),
        pytest.param([given()], {"submission": "s2"}, 3, id="a later submission with the same answer"),
        pytest.param([given()], {"submission": "s2", "answer": "a2"}, None, id="a later one with another answer"),
        pytest.param([given()], {"answer": "other"}, 3, id="the same submission, read in another way by now"),
        pytest.param(
            [given(2), given(4, "s2", "a2")], {"submission": "s2", "answer": "a2"}, 4, id="one for each submission"
        ),
        pytest.param(
            [given(2), given(4, "s2", "a2")], {"submission": "s3", "answer": "a1"}, 2, id="back to an earlier answer"
        ),
    ],
)
def test_a_mark_holds_for_what_it_was_given_for(rows, now, points):
    mark = settled(*rows, **now)
    assert mark.points == points
    assert bool(mark.why) == (points is None)


def test_an_earlier_mark_is_told_and_not_used_nor_is_its_comment():
    mark = settled(given(), submission="s2", answer="a2")
    assert mark.why == (
        "is to be marked by hand: 3 points were given for an earlier submission, with another answer "
        "(manual/tiny.csv, line 2)"
    )
    assert mark.comment == ""


def test_what_stands_there_now_is_read_only_where_it_is_needed():
    def never():
        raise AssertionError("the notebook was read")

    assert settle("q7", "s1", [given()], never).points == 3
    assert settle("q7", "s1", [], never).points is None


def test_keys_are_no_numbers_for_a_spreadsheet_and_blanks_at_the_ends_of_lines_do_not_count():
    assert submission_key("12345678901234567890") == "s123456789012"
    assert answer_key("one  \ntwo\n\n") == answer_key("one\ntwo") != answer_key("onetwo")
    assert answer_key("x")[0] == "a"


# ------------------------------------------------------------------------------------------------ the table


@pytest.fixture
def paths(tmp_path):
    made = course(tmp_path)
    made.manual_csv("tiny").parent.mkdir()
    return made


def read(paths, text, encoding="utf-8"):
    paths.manual_csv("tiny").write_bytes(text.encode(encoding))
    return read_manual(paths, read_assignment(paths, "tiny"), ["ada", "bob"])


def test_a_table_is_read_as_spreadsheets_save_it(paths):
    rows = 'ada,q7,2.5,"Right, but\r\nwhy?",s1,a1\r\n# later\r\n\r\nbob,q8,,,s2,a2\r\n'
    first, second = read(paths, HEAD.replace("\n", "\r\n") + rows, "utf-8-sig")
    assert first == GivenMark("ada", "q7", Fraction(5, 2), "Right, but\nwhy?", "s1", "a1", "manual/tiny.csv, line 3")
    assert (second.student, second.points, second.source) == ("bob", None, "manual/tiny.csv, line 6")


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", "\u2009", "\u200a", "\t", "\u3000"])
def test_every_kind_of_blank_is_a_blank_in_a_comment(paths, blank):
    assert read(paths, f'{HEAD}ada,q7,1,"Très{blank}bien{blank}!",s1,a1\n')[0].comment == "Très bien !"
    with pytest.raises(AuthoringError, match="line 2: a cell holds a line break or an invisible character"):
        read(paths, f'{HEAD}"a{blank}da",q7,1,,s1,a1\n')


@pytest.mark.parametrize("end", ["\r", "\u2028", "\n", "\r\n", "\v"])
def test_every_kind_of_line_break_is_one_in_a_comment(paths, end):
    assert read(paths, f'{HEAD}ada,q7,1,"a{end}b",s1,a1\n')[0].comment == "a\nb"


def test_no_table_is_no_marks(paths):
    assert read_manual(paths, read_assignment(paths, "tiny"), []) == ()


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("adda,q7,1,,s1,a1", "line 2, column student: no student 'adda' (did you mean 'ada'?)"),
        (",q7,1,,s1,a1", "line 2, column student: the cell is empty"),
        ("ada,q9,1,,s1,a1", "line 2, column question: no question 'q9' that a person marks; there is: q7, q8"),
        ("ada,q1,1,,s1,a1", "line 2, column question: no question 'q1' that a person marks; there is: q7, q8"),
        ("ada,q7,5.5,,s1,a1", "line 2, column points: 5.5 is above the 5 points of q7"),
        ("ada,q7,three,,s1,a1", "line 2, column points: expected a number or an empty cell, got 'three'"),
        ("ada,q7,-1,,s1,a1", "line 2, column points: expected a number or an empty cell, got '-1'"),
        ("ada,q7,nan,,s1,a1", "line 2, column points: expected a number or an empty cell, got 'nan'"),
        ("ada,q7,1,,,a1", "line 2, column submission: points for what? `grader manual tiny` writes rows that say it"),
        ("ada,q7,1,,s1,", "line 2, column answer: points for what? `grader manual tiny` writes rows that say it"),
        (
            "ada,q7,1,,s1,a1\nada,q7,2,,s1,a2",
            "line 3, column student: ada has points for q7 and this answer already (manual/tiny.csv, line 2)",
        ),
        (
            "ada,q7,1,,s1,a1\nada,q7,2,,s2,a1",
            "line 3, column student: ada has points for q7 and this answer already (manual/tiny.csv, line 2)",
        ),
        ("ada,q7,1,s1,a1", "line 2: expected 6 cells as in the header, got 5"),
        ("ada,q7,1,\u202ereversed,s1,a1", "line 2: a cell holds a line break or an invisible character"),
        ('"a\nda",q7,1,,s1,a1', "line 3: a cell holds a line break or an invisible character"),
    ],
)
def test_a_wrong_row_is_an_error_with_file_and_line(paths, row, says):
    with pytest.raises(AuthoringError) as caught:
        read(paths, HEAD + row + "\n")
    assert str(caught.value).startswith(f"manual/tiny.csv, {says}")


def test_a_missing_column_is_an_error_that_names_it(paths):
    with pytest.raises(AuthoringError, match="manual/tiny.csv, line 1: no column 'submission' in the header"):
        read(paths, "student,question,points,comment\nada,q7,1,\n")


# ------------------------------------------------------------------------------------------------ filled in


def due(student="ada", question="q7", submission="s1", answer="a1"):
    return Due(student, question, submission, answer)


def test_a_new_table_has_a_row_for_each_answer_that_waits():
    assert to_fill_in("", [due(), due("bob")]) == HEAD + "ada,q7,,,s1,a1\nbob,q7,,,s1,a1\n"


def test_what_somebody_wrote_stays_byte_for_byte_and_rows_without_a_word_are_made_anew():
    table = (
        "comment,points,question,student,answer,submission\r\n"
        "# marked by Bo\r\n"
        '"two\r\nlines, and a comma",3,q7,ada,a1,s1\r\n'
        "\r\n"
        ",,q7,bob,a2,s2\r\n"
        "to be asked,,q7,cy,a3,s3"
    )
    made = to_fill_in(table, [due("bob", submission="s9", answer="a9"), due("cy", submission="s3", answer="a3")])
    kept = table.replace(",,q7,bob,a2,s2\r\n", "")
    assert made == kept + "\r\n,,q7,bob,a9,s9\r\n"
    assert to_fill_in(made, [due("bob", submission="s9", answer="a9")]) == made
    rows = list(csv.DictReader(io.StringIO(made, newline="")))
    assert {row["student"]: row["points"] for row in rows if row["student"]} == {"ada": "3", "bob": "", "cy": ""}


def test_a_mark_for_an_earlier_submission_stays_beside_the_row_for_the_new_one():
    table = HEAD + "ada,q7,3,Good.,s1,a1\n"
    assert to_fill_in(table, [due(submission="s2", answer="a2")]) == table + "ada,q7,,,s2,a2\n"


@pytest.mark.parametrize("above", ["", "sep=;\r\n"])
def test_a_table_with_semicolons_is_filled_in_with_semicolons(above):
    head = "student;question;points;comment;submission;answer\r\n"
    given = "ann;q1;7,5;fine;s1;a1\r\n"
    filled = to_fill_in(above + head + given, [Due("bo", "q1", "s2", "a2")])
    assert filled == above + head + given + "bo;q1;;;s2;a2\r\n"
