"""What people gave for what no test can judge: rubrics, judgements, comments on lines; all of it append-only.

A rubric's item is changed by a newer version of it; a judgement is replaced by a later one about the same answer.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from grader.record.rows import text
from grader.record.store import Store
from grader.schema import exact_text


class Reading(enum.Enum):
    """Whose judgement it is. A second reader's makes no mark: it is compared with the first."""

    FIRST = "first"
    SECOND = "second"
    SETTLED = "settled"  # by an instructor, where two readers differed

    @property
    def makes_mark(self) -> bool:
        return self is not Reading.SECOND


@dataclass(frozen=True)
class Item:
    """One version of an item of a rubric. number: from 1 in each question;  made: UTC, ISO 8601, set by the record"""

    assignment: str
    question: str
    number: int
    text: str
    points: Decimal
    retired: bool = False
    who: str = ""
    made: str = ""


@dataclass(frozen=True)
class Answered:
    """What is judged: the answer of a student to a question. submission, answer: short digests of what was read"""

    student: str
    assignment: str
    question: str
    submission: str
    answer: str


@dataclass(frozen=True)
class Judgement:
    """What somebody gave. items: numbers of the rubric's, the retired ones too;  besides: points added to theirs

    points: what it came to, None where it was taken back;  told: what the student reads
    why: what changed it, where nobody read the answer again;  id, made: set by the record
    """

    about: Answered
    reading: Reading
    items: tuple[int, ...]
    besides: Decimal
    comment: str
    points: Fraction | None
    told: str
    who: str
    why: str = ""
    made: str = ""
    id: int = 0


@dataclass(frozen=True)
class LineComment:
    """A comment on one line of a submission. question: or WHOLE;  code: the line;  replaces: an earlier comment's id"""

    student: str
    assignment: str
    submission: str
    question: str
    cell: int
    line: int
    code: str
    text: str
    who: str
    replaces: int | None = None
    made: str = ""
    id: int = 0


class Judgements:
    """The part of a record that is about marks by hand."""

    def __init__(self, store: Store) -> None:
        self._rows = store._rows
        table = "SELECT 1 FROM sqlite_master WHERE name = 'judgements'"
        self._there = bool(self._rows.select(table))  # a reader upgrades no older file

    # rubrics

    def versions(self, assignment: str, question: str) -> tuple[Item, ...]:
        """Every version of every item of a question's rubric, in the order they were made."""
        return tuple(
            Item(assignment, question, number, text(words), Decimal(points), bool(retired), text(who), made)
            for number, words, points, retired, who, made in self._select(
                "SELECT item, text, points, retired, who, made FROM rubric_items"
                " WHERE (assignment, question) = (?, ?) ORDER BY id",
                assignment,
                question,
            )
        )

    def items(self, assignment: str, question: str) -> tuple[Item, ...]:
        """The items as they are now, in the order of their numbers; retired ones too."""
        newest = {each.number: each for each in self.versions(assignment, question)}
        return tuple(newest[number] for number in sorted(newest))

    def add_version(self, item: Item) -> None:
        """Record a new item, or what an item is from now on."""
        with self._rows.transaction():
            self._rows.insert(
                "rubric_items",
                assignment=item.assignment,
                question=item.question,
                item=item.number,
                text=item.text,
                points=str(item.points),
                retired=int(item.retired),
                who=item.who,
            )

    def from_full(self, assignment: str, question: str) -> bool:
        """Whether a question's rubric counts from all of its points, and not from none."""
        rows = self._select(
            "SELECT from_full FROM rubric_bases WHERE (assignment, question) = (?, ?) ORDER BY id DESC LIMIT 1",
            assignment,
            question,
        )
        return bool(rows and rows[0][0])

    def set_from_full(self, assignment: str, question: str, from_full: bool, who: str) -> None:
        with self._rows.transaction():
            self._rows.insert(
                "rubric_bases", assignment=assignment, question=question, from_full=int(from_full), who=who
            )

    # judgements

    def history(self, assignment: str, question: str = "", student: str = "") -> tuple[Judgement, ...]:
        """Everything that was given, in the order it was; of one question, and of one student, if named."""
        rows = self._select(
            "SELECT id, student, question, submission, answer, reading, items, besides, comment, points, told, why,"
            " who, made FROM judgements WHERE assignment = ?1 AND (?2 = '' OR question = ?2)"
            " AND (?3 = '' OR student = ?3) ORDER BY id",
            assignment,
            question,
            student,
        )
        return tuple(
            Judgement(
                Answered(text(of), assignment, text(to), submission, answer),
                Reading(reading),
                tuple(json.loads(items)),
                Decimal(besides),
                text(comment),
                None if points is None else Fraction(points),
                text(told),
                text(who),
                text(why),
                made,
                row,
            )
            for row, of, to, submission, answer, reading, items, besides, comment, points, told, why, who, made in rows
        )

    def add(self, made: Judgement) -> int:
        """Record what somebody gave; returns its id."""
        with self._rows.transaction():
            return self._rows.insert(
                "judgements",
                **vars(made.about),
                reading=made.reading.value,
                items=json.dumps(made.items),
                besides=str(made.besides),
                comment=made.comment,
                points=None if made.points is None else exact_text(made.points),
                told=made.told,
                why=made.why,
                who=made.who,
            )

    # comments on lines

    def line_comments(self, assignment: str, student: str, submission: str) -> tuple[LineComment, ...]:
        """The comments on a submission that were not replaced, by cell and line."""
        rows = self._select(
            "SELECT id, question, cell, line, code, text, replaces, who, made FROM line_comments"
            " WHERE (assignment, student, submission) = (?, ?, ?) ORDER BY id",
            assignment,
            student,
            submission,
        )
        gone = {replaces for *_, replaces, _, _ in rows}
        found = [
            LineComment(student, assignment, submission, text(question), cell, line, text(code), text(words), text(who),
                        replaces, made, row)
            for row, question, cell, line, code, words, replaces, who, made in rows
            if words and row not in gone
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda each: (each.cell, each.line, each.id)))

    def add_line_comment(self, made: LineComment) -> None:
        with self._rows.transaction():
            self._rows.insert(
                "line_comments",
                **{name: value for name, value in vars(made).items() if name not in ("id", "made")},
            )

    def _select(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self._rows.select(sql, *values) if self._there else []


def standing(made: Iterable[Judgement], *, second: bool = False) -> tuple[Judgement, ...]:
    """The judgements that hold: of those about one answer, or one submission, the last; none where it was taken back.

    second: of second readers, and not those that make marks
    """
    kept: dict[tuple[str, str, str], list[Judgement]] = {}
    for each in made:
        if each.reading.makes_mark is second:
            continue
        about = each.about
        same = kept.setdefault((about.student, about.assignment, about.question), [])
        same[:] = [one for one in same if not same_answer(one.about, about)]
        if each.points is not None:
            same.append(each)
    return tuple(sorted((each for same in kept.values() for each in same), key=lambda each: each.id))


def same_answer(one: Answered, other: Answered) -> bool:
    """Whether two of one student and one question are about the same answer."""
    return one.submission == other.submission or one.answer == other.answer
