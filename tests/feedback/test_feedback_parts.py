"""Parts of a student's page: which assignments count so far, nobody else's name, lines of code, names of files."""

from __future__ import annotations

from decimal import Decimal

import pytest
from feedback_samples import feedback, graded, line, passing, source

from grader.course.entries import Entry, State
from grader.course.sheets import Student
from grader.feedback.composing import compose, without_others
from grader.feedback.excerpts import HEAD, MOST, WHOLE, excerpt
from grader.feedback.markdown import feedback_markdown
from grader.feedback.page import feedback_page
from grader.record.overrides import Override
from grader.schema import Outcome
from grader.submission.notebook import Cell

# ---------------------------------------------------------------------------------------------------- where it counts


def test_while_marks_are_missing_it_says_what_counts_so_far():
    entries = {"a1_mlp": graded("13"), "a2_cnn": graded("6.5"), "a4_generative": Entry(State.EXCUSED, reason="ill")}
    shown = compose(source(line=line(**entries))).standing
    assert shown.heading == "Assignments: best 3 of 4, so far"
    assert {row.item: row.counts for row in shown.rows} == {
        "a1_mlp": "counts", "a2_cnn": "counts", "a3_sequences": "open", "a4_generative": "not in the set"
    }  # fmt: skip
    assert shown.result == "The best 3 count; so far, with what has a mark today: (100.00 + 50.00) / 2 = 75.00 %."


def test_when_all_marks_are_there_it_says_what_was_dropped():
    entries = {
        "a1_mlp": graded("1.3"),
        "a2_cnn": graded("13"),
        "a3_sequences": graded("13"),
        "a4_generative": graded("6.5"),
    }
    shown = compose(source(line=line(**entries))).standing
    assert [row.counts for row in shown.rows] == ["does not count", "counts", "counts", "counts"]
    assert shown.result == "The best 3 count: (100.00 + 100.00 + 50.00) / 3 = 83.33 %."
    assert any("= (100.00 + 100.00 + 50.00) / 3" in row for row in shown.computation)


@pytest.mark.parametrize(
    ("entry", "remark"),
    [
        (Entry(State.INTEGRITY), "These points do not stand: 0 by decision of the staff, never dropped."),
        (Entry(State.EXCUSED), "These points do not stand: excused."),
        (graded("13"), ""),
    ],
)
def test_what_overrules_the_points_stands_beside_them(entry, remark):
    assert feedback(line=line(a1_mlp=entry)).remark == remark


def test_somebody_who_is_not_on_the_roster_is_told_so():
    page = feedback(line=None, stranger=True)
    assert "not on the course&#x27;s roster" in feedback_page(page) and page.standing is None


def test_nobody_else_is_named():
    others = [
        Student("cs102", "Bilal Khan", "bilal@example.org"),
        Student("cs1", "Al"),
        Student("ANNA2", "Anna Hansen"),
    ]
    hide = without_others([Student("anna", "Anna Hansen", "anna@example.org"), *others])(Student("anna", "Anna Hansen"))
    assert hide("copied from cs102 (bilal khan, BILAL@example.org); Anna Hansen, anna, acs102") == (
        "copied from (somebody else) ((somebody else), (somebody else)); Anna Hansen, anna, acs102"
    )
    reason = "same file as cs102; Bilal Khan said so"
    changes = (Override("anna", "a1_mlp", "q5", Decimal(1), reason, "staff"),)
    made = source(*passing(Outcome.FAILED), changes=changes, line=line(a1_mlp=Entry(State.INTEGRITY, reason=reason)))
    for render in (feedback_page, feedback_markdown):
        page = render(compose(made, hide))
        assert "same file as (somebody else)" in page and "cs102" not in page and "Bilal" not in page


# ---------------------------------------------------------------------------------------------------- code


def test_of_a_long_cell_the_definitions_and_the_marked_lines_are_shown():
    filler = "x = 1\n" * 200
    cell = Cell(
        7, f"{filler}def relu(z):\n    return z\n{filler}y = 2", f"{filler}def relu(z):\n    return z\n{filler}y = 2"
    )
    shown = excerpt(cell, {"relu"}, {300})
    assert [number for number, _ in shown.lines] == [201, 202, *range(296, 305)]
    assert not shown.whole and shown.of == 403


@pytest.mark.parametrize(("lines", "shown"), [(WHOLE, WHOLE), (WHOLE + 1, HEAD)])
def test_a_short_cell_is_shown_whole_and_of_a_long_one_without_definitions_the_head(lines, shown):
    text = "x = 1\n" * lines
    assert len(excerpt(Cell(1, text, text), {"relu"}).lines) == shown


def test_a_definition_of_many_lines_is_cut():
    text = "def relu(z):\n" + "    z += 1\n" * 10_000
    assert len(excerpt(Cell(1, text, text), {"relu"}).lines) == MOST
