"""Judgements by a rubric, on a real record: what stands, what a change of the rubric does, what is refused."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from fractions import Fraction

import pytest

from grader.bookkeeping.judging import (
    Given,
    Settling,
    judge,
    points_typed,
    rubric_of,
    set_from_full,
    set_item,
    settle,
    undo,
    users,
)
from grader.errors import UsageError
from grader.record.judgements import Answered, Item, Judgements, Reading, standing
from grader.record.store import Store
from grader.schema import Assignment, Question

TINY = Assignment(
    "tiny",
    "Tiny",
    (Question("q1", "Softmax", Decimal(4), ("softmax",)), Question("q7", "Why?", Decimal(5), manual=True)),
)
ANN, BOB = (Answered(who, "tiny", "q7", f"s{who}", f"a{who}") for who in ("ann", "bob"))


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / ".grader" / "record.sqlite") as store:
        yield store


def item(store, points, text="an item", number=0, retired=False, who="ben"):
    return set_item(store, TINY, Item("tiny", "q7", number, text, Decimal(points), retired, who))


def give(store, about, *items, besides="0", comment="", who="ben", reading=Reading.FIRST):
    there = standing(Judgements(store).history("tiny", "q7", about.student), second=reading is Reading.SECOND)
    seen = there[-1].id if there else 0
    return judge(store, TINY, about, reading, Given(items, Decimal(besides), comment, who, seen))


def marks(store):
    return {each.about.student: each.points for each in standing(Judgements(store).history("tiny", "q7"))}


def test_what_was_given_last_stands_and_what_was_before_remains(store):
    item(store, "2")
    item(store, "1.5")
    give(store, ANN, 1)
    made = give(store, ANN, 1, 2, comment="Good.")
    assert made.points == Fraction("3.5") and made.told == "+2: an item\n+1.5: an item\nGood."
    assert marks(store) == {"ann": Fraction("3.5")}
    assert [each.points for each in Judgements(store).history("tiny", "q7")] == [2, Fraction("3.5")]


def test_a_change_of_an_item_changes_all_who_have_it_and_nobody_else(store):
    item(store, "2")
    item(store, "1")
    give(store, ANN, 1, 2)
    give(store, BOB, 2)
    moved = item(store, "3", "said better", number=1, who="ada")
    assert [(each.student, each.before, each.after) for each in moved] == [("ann", 3, 4)]
    assert marks(store) == {"ann": 4, "bob": 1}
    last = Judgements(store).history("tiny", "q7")[-1]
    assert (last.who, last.why, last.told) == ("ada", "item 1 changed", "+3: said better\n+1: an item")
    item(store, "2", number=1, who="ada")  # the change is undone by the version before
    assert marks(store) == {"ann": 3, "bob": 1}
    assert len([each for each in Judgements(store).versions("tiny", "q7") if each.number == 1]) == 3


def test_a_retired_item_counts_for_nobody_until_it_is_brought_back(store):
    item(store, "2")
    item(store, "1")
    give(store, ANN, 1, 2)
    item(store, "2", number=1, retired=True)
    assert marks(store) == {"ann": 1} and users(store, "tiny", "q7") == {1: 1, 2: 1}
    assert [each.number for each in rubric_of(store, TINY, "q7").offered] == [2]
    give(store, ANN, 2, comment="still")  # the page offers item 2 alone
    item(store, "2", number=1)
    assert marks(store) == {"ann": 3}


def test_where_the_rubric_begins_changes_everybody(store):
    item(store, "-2")
    give(store, ANN, 1)
    give(store, BOB)
    assert marks(store) == {"ann": 0, "bob": 0}
    moved = set_from_full(store, TINY, "q7", True, "ada")
    assert marks(store) == {"ann": 3, "bob": 5} and len(moved) == 2
    assert set_from_full(store, TINY, "q7", True, "ada") == []


def test_undo_goes_back_step_by_step_through_changes_of_the_rubric(store):
    item(store, "2")
    give(store, ANN, 1)
    give(store, ANN, 1, besides="1")
    item(store, "2.5", number=1)

    def back():
        there = standing(Judgements(store).history("tiny", "q7"))
        return undo(store, TINY, ANN, Reading.FIRST, "ben", there[-1].id if there else 0)

    assert marks(store) == {"ann": Fraction("3.5")}
    assert back().points == Fraction("2.5")  # by the rubric as it is now
    assert back().points is None and marks(store) == {}
    with pytest.raises(UsageError, match="nothing to take back"):
        back()
    give(store, ANN, 1)
    assert marks(store) == {"ann": Fraction("2.5")}


def test_who_was_quicker_is_not_overruled(store):
    item(store, "2")
    give(store, ANN, 1)
    with pytest.raises(UsageError, match="ben changed this mark meanwhile"):
        judge(store, TINY, ANN, Reading.FIRST, Given((), Decimal(0), "", "bea", 0))
    assert marks(store) == {"ann": 2}


def test_a_mark_holds_for_the_same_answer_in_another_file_and_not_for_another_answer(store):
    item(store, "2")
    give(store, ANN, 1)
    again = Answered("ann", "tiny", "q7", "sother", ANN.answer)
    other = Answered("ann", "tiny", "q7", "sthird", "aother")
    give(store, again, besides="4")
    assert [each.points for each in standing(Judgements(store).history("tiny"))] == [4]
    judge(store, TINY, other, Reading.FIRST, Given((1,), Decimal(0), "", "ben"))
    assert [each.points for each in standing(Judgements(store).history("tiny"))] == [4, 2]


def test_a_second_reading_makes_no_mark_until_it_is_settled(store):
    item(store, "2")
    first = give(store, ANN, 1)
    second = give(store, ANN, besides="4", who="bea", reading=Reading.SECOND)
    assert marks(store) == {"ann": 2}
    with pytest.raises(UsageError, match="changed meanwhile"):
        settle(store, TINY, ANN, Settling("second", "", "", "ada", (first.id, second.id + 1)))
    with pytest.raises(UsageError, match="worth 5 points"):
        settle(store, TINY, ANN, Settling("other", "5.5", "", "ada", (first.id, second.id)))
    settle(store, TINY, ANN, Settling("second", "", "Both looked.", "ada", (first.id, second.id)))
    assert marks(store) == {"ann": 4}
    with pytest.raises(UsageError, match="settled by an instructor"):
        give(store, ANN, 1)
    assert give(store, ANN, 1, who="ada", reading=Reading.SETTLED).points == 2


def test_two_marks_that_were_settled_stay_as_they_were_compared(store):
    item(store, "2")
    first, second = give(store, ANN, 1), give(store, ANN, 1, besides="1", who="bea", reading=Reading.SECOND)
    settle(store, TINY, ANN, Settling("other", "2.5", "", "ada", (first.id, second.id)))
    item(store, "3", number=1)
    made = Judgements(store).history("tiny", "q7")
    assert marks(store) == {"ann": Fraction("2.5")}
    assert [each.points for each in standing(made, second=True)] == [3]


@pytest.mark.parametrize(
    ("act", "says"),
    [
        pytest.param(lambda store: item(store, "1", " \n "), "needs words", id="an item without words"),
        pytest.param(lambda store: item(store, "1", "x" * 301), "300 characters", id="a long item"),
        pytest.param(lambda store: item(store, "1", number=7), "no item 7", id="an item that there is not"),
        pytest.param(lambda store: give(store, ANN, 3), "no item 3", id="a judgement by it"),
        pytest.param(lambda store: give(store, ANN, comment="x" * 4001), "4000 characters", id="a long comment"),
        pytest.param(lambda store: rubric_of(store, TINY, "q1"), "a person marks no question 'q1'", id="a checked one"),
        pytest.param(lambda store: points_typed("1,234"), "no number of points", id="a comma of thousands"),
        pytest.param(lambda store: points_typed("nan"), "no number of points", id="not a number"),
        pytest.param(lambda store: points_typed("1e9"), "no number of points", id="too many"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(store, act, says):
    with pytest.raises(UsageError, match=says):
        act(store)
    assert Judgements(store).history("tiny") == () and Judgements(store).versions("tiny", "q7") == ()


def test_nothing_that_was_given_can_be_edited(store):
    item(store, "2")
    give(store, ANN, 1)
    with sqlite3.connect(store.path) as file:
        for table in ("rubric_items", "judgements"):
            for sql in (f"DELETE FROM {table}", f"UPDATE {table} SET who = 'x'"):
                with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                    file.execute(sql)


@pytest.mark.parametrize(("typed", "points"), [("2,5", "2.5"), ("-0,5", "-0.5"), ("+2", "2"), ("", "0")])
def test_points_are_typed_with_a_point_or_a_comma(typed, points):
    assert points_typed(typed) == Decimal(points)
