"""Piles: dealt evenly, by student or by question; nobody reads an answer twice; samples of a size."""

from __future__ import annotations

from collections import Counter

import pytest

from grader.errors import UsageError
from grader.portal.database import Database
from grader.portal.marking.papers import apart, by_question, by_student, deal, draw, piles, size_of
from grader.record.judgements import Reading

STUDENTS = [f"s{number:02}" for number in range(23)]
MARKERS = ["ben", "bea", "dan"]


def test_by_student_all_answers_of_one_are_in_one_pile_and_piles_differ_by_one_at_most():
    dealt = by_student(STUDENTS, ["q7", "q8"], MARKERS)
    assert len(dealt) == 46 and all(dealt["q7", who] == dealt["q8", who] for who in STUDENTS)
    counts = Counter(dealt["q7", who] for who in STUDENTS)
    assert sorted(counts.values()) == [7, 8, 8]


def test_by_question_all_answers_to_one_are_in_one_pile():
    dealt = by_question(STUDENTS, {"q7": "ben", "q8": "bea"})
    assert {dealt["q7", who] for who in STUDENTS} == {"ben"} and {dealt["q8", who] for who in STUDENTS} == {"bea"}


@pytest.mark.parametrize("size", [1, 9, 23])
def test_a_sample_has_its_size_and_goes_to_others_than_the_first_readers(size):
    first = {who: {MARKERS[place % 3]} for place, who in enumerate(STUDENTS)}
    drawn = draw(STUDENTS, size, first, MARKERS)
    assert len(drawn) == size and all(marker not in first[who] for who, marker in drawn.items())
    counts = Counter(drawn.values())
    assert max(counts.values()) - min(counts.get(marker, 0) for marker in MARKERS) <= 2


def test_where_nobody_else_can_read_a_sample_it_is_refused():
    with pytest.raises(UsageError, match="0 answers can be read by somebody else"):
        draw(STUDENTS, 1, {who: {"ben"} for who in STUDENTS}, ["ben"])


def test_dealing_keeps_second_readers_apart_from_first_ones(tmp_path):
    database = Database(tmp_path / ".grader" / "portal" / "portal.sqlite")
    second = {("q7", who): "ben" for who in STUDENTS[:5]}
    assert deal(database, "tiny", second, Reading.SECOND, "ada") == 5
    wanted = by_question(STUDENTS, {"q7": "ben"})
    with pytest.raises(UsageError, match="ben would read 5 answers twice"):
        deal(database, "tiny", wanted, Reading.FIRST, "ada")
    with pytest.raises(UsageError, match="tick somebody else"):
        apart(wanted, second, ["ben"])
    assert deal(database, "tiny", apart(wanted, second, MARKERS), Reading.FIRST, "ada") == 23
    there = piles(database, "tiny")
    assert there.of("ben", "q7") == set(STUDENTS[5:]) and there.second_of("ben") == set(second)
    assert all(there.first[pair] != marker for pair, marker in there.second.items())
    database.close()


@pytest.mark.parametrize(
    ("text", "there", "size"), [("10", 23, 10), ("20 %", 23, 5), ("20%", 20, 4), ("1 %", 23, 1), ("100 %", 23, 23)]
)
def test_a_size_is_a_number_or_a_share_rounded_up(text, there, size):
    assert size_of(text, there) == size


@pytest.mark.parametrize("text", ["", "0", "0 %", "-3", "1.5", "101 %", "many", "\u0663", "9" * 9])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UsageError):
        size_of(text, 23)
