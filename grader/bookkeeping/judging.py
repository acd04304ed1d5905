"""Marks that people give on the portal: by a rubric, undone, settled; and rubrics that change for all who have them.

Each function is one transaction of the record: what stands is read in it, and all that follows is written in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from grader.bookkeeping.changes import written
from grader.course.scheme import plain
from grader.errors import UsageError
from grader.marks.manual import Due
from grader.marks.rubric import points_of, told
from grader.record.judgements import (
    Answered,
    Item,
    Judgement,
    Judgements,
    Reading,
    same_answer,
    standing,
)
from grader.record.store import Store
from grader.schema import Assignment, Question

MOST_ITEMS = 60  # of one question
MOST_TEXT, MOST_COMMENT = 300, 4000  # characters of an item, and of a comment
MOST_POINTS = 1000
TAKEN_BACK = "taken back"
SETTLED_ALREADY = "this was settled by an instructor, who alone may change it"


@dataclass(frozen=True)
class Rubric:
    """A question's rubric as it is now. items: by number, the retired ones too"""

    question: Question
    from_full: bool
    items: Mapping[int, Item]

    @property
    def offered(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items.values() if not item.retired)

    def applied(self, numbers: Sequence[int]) -> tuple[Item, ...]:
        """Those of the items that count, in the rubric's order."""
        return tuple(item for item in self.offered if item.number in numbers)

    def points(self, numbers: Sequence[int], besides: Decimal) -> Fraction:
        chosen = (item.points for item in self.applied(numbers))
        return points_of(self.question.points, self.from_full, chosen, besides)

    def told(self, numbers: Sequence[int], besides: Decimal, comment: str) -> str:
        chosen = ((item.points, item.text) for item in self.applied(numbers))
        return told(chosen, besides, comment)


@dataclass(frozen=True)
class Given:
    """What somebody gives. seen: the id of the judgement that they saw, 0 for none: who was quicker is not overruled"""

    items: tuple[int, ...]
    besides: Decimal
    comment: str
    who: str
    seen: int = 0


@dataclass(frozen=True)
class Settling:
    """How a difference is settled. choice: "first", "second", or "other" with points

    seen: the ids of the two judgements that were looked at;  comment: "" leaves the chosen one's
    """

    choice: str
    points: str
    comment: str
    who: str
    seen: tuple[int, int]


def rubric_of(store: Store, assignment: Assignment, question: str) -> Rubric:
    """The rubric of a question that a person marks. Raises UsageError for another."""
    asked = next((each for each in assignment.manual if each.id == question), None)
    if asked is None:
        there_is = ", ".join(each.id for each in assignment.manual) or "none"
        raise UsageError(f"a person marks no question {question!r} of {assignment.id}; there is: {there_is}")
    judgements = Judgements(store)
    items = {item.number: item for item in judgements.items(assignment.id, question)}
    return Rubric(asked, judgements.from_full(assignment.id, question), items)


def answered(assignment: Assignment, due: Due) -> Answered:
    """What is judged, from the row that waits for a mark."""
    return Answered(due.student, assignment.id, due.question, due.submission, due.answer)


def held(store: Store, about: Answered, reading: Reading) -> Judgement | None:
    """The judgement of an answer that holds: what makes its mark, or the second reader's."""
    made = Judgements(store).history(about.assignment, about.question, about.student)
    there = standing(made, second=reading is Reading.SECOND)
    return next((each for each in reversed(there) if same_answer(each.about, about)), None)


# ---------------------------------------------------------------------------------------------------- giving


def judge(store: Store, assignment: Assignment, about: Answered, reading: Reading, given: Given) -> Judgement:
    """Record what somebody gives. Raises UsageError for an item that there is not, and where somebody was quicker."""
    with store.at_once():
        rubric = rubric_of(store, assignment, about.question)
        before = _seen(store, about, reading, given.seen)
        if before is not None and before.reading is Reading.SETTLED and reading is not Reading.SETTLED:
            raise UsageError(SETTLED_ALREADY)
        kept = before.items if before else ()  # those that are retired stay: they count again if they are brought back
        gone = [number for number in kept if number in rubric.items and rubric.items[number].retired]
        unknown = [number for number in given.items if number not in rubric.items]
        if unknown:
            raise UsageError(f"the rubric of {about.question} has no item {unknown[0]}; open the page again")
        numbers = tuple(sorted({*given.items, *gone}))
        return _add(store, rubric, about, reading, replace(given, items=numbers, comment=_comment(given.comment)))


def undo(store: Store, assignment: Assignment, about: Answered, reading: Reading, who: str, seen: int) -> Judgement:
    """Go back to what people gave before, or to nothing; again, and further back. Raises UsageError."""
    with store.at_once():
        _seen(store, about, reading, seen)
        made = steps(Judgements(store).history(about.assignment, about.question, about.student), about, reading)
        if not made:
            raise UsageError("nothing was given yet: there is nothing to take back")
        if made[-1].reading is Reading.SETTLED and reading is not Reading.SETTLED:
            raise UsageError(SETTLED_ALREADY)
        if len(made) == 1:
            back = Judgement(about, made[0].reading, (), Decimal(0), "", None, "", who, TAKEN_BACK)
            return replace(back, id=Judgements(store).add(back))
        last = made[-2]
        again = Given(last.items, last.besides, last.comment, who)
        return _add(store, rubric_of(store, assignment, about.question), about, last.reading, again, TAKEN_BACK)


def steps(made: Iterable[Judgement], about: Answered, reading: Reading) -> list[Judgement]:
    """What people gave for one answer and did not take back, the first first; the last is what stands."""
    kept: list[Judgement] = []
    for each in made:
        if not same_answer(each.about, about) or each.reading.makes_mark is not reading.makes_mark:
            continue
        if each.why:  # it was taken back, or the rubric changed: neither is a step of its own
            del kept[-1:]
        if each.why != TAKEN_BACK:
            kept.append(each)
    return kept


def settle(store: Store, assignment: Assignment, about: Answered, wanted: Settling) -> Judgement:
    """Decide where two readers differ. Raises UsageError, also where one of them changed theirs meanwhile."""
    with store.at_once():
        rubric = rubric_of(store, assignment, about.question)
        first, second = held(store, about, Reading.FIRST), held(store, about, Reading.SECOND)
        if first is None or second is None:
            raise UsageError("there are no two marks yet that could be settled")
        if (first.id, second.id) != wanted.seen:
            raise UsageError("one of the two marks was changed meanwhile; open the page again")
        comment = _comment(wanted.comment)
        if wanted.choice == "other":
            points = points_given(wanted.points, rubric.question)
            begin = rubric.question.points if rubric.from_full else Fraction(0)
            given = Given((), points - _exact(begin), comment, wanted.who)
        else:
            chosen = {"first": first, "second": second}.get(wanted.choice)
            if chosen is None:
                raise UsageError("which mark is to stand? Choose the first, the second, or other points")
            given = Given(chosen.items, chosen.besides, comment or chosen.comment, wanted.who)
        return _add(store, rubric, about, Reading.SETTLED, given)


def _seen(store: Store, about: Answered, reading: Reading, seen: int) -> Judgement | None:
    """The judgement that holds now. Raises UsageError unless it is the one that was seen."""
    before = held(store, about, reading)
    if (before.id if before else 0) != seen:
        who = before.who if before else "somebody"
        raise UsageError(f"{who} changed this mark meanwhile; open the page again, and nothing of theirs is lost")
    return before


def _add(store: Store, rubric: Rubric, about: Answered, reading: Reading, given: Given, why: str = "") -> Judgement:
    points = rubric.points(given.items, given.besides)
    words = rubric.told(given.items, given.besides, given.comment)
    made = Judgement(about, reading, given.items, given.besides, given.comment, points, words, given.who, why)
    return replace(made, id=Judgements(store).add(made))


# ---------------------------------------------------------------------------------------------------- rubrics


@dataclass(frozen=True)
class Moved:
    """A mark that a change of the rubric changed."""

    student: str
    before: Fraction | None
    after: Fraction | None


def set_item(store: Store, assignment: Assignment, item: Item) -> list[Moved]:
    """Record what an item is from now on (number 0: a new one), and the marks of all who have it.

    Returns the marks whose points changed. Raises UsageError for an item that cannot be.
    """
    with store.at_once():
        rubric = rubric_of(store, assignment, item.question)
        number = item.number or max(rubric.items, default=0) + 1
        if number not in rubric.items and item.number or number > MOST_ITEMS:
            raise UsageError(f"the rubric of {item.question} has no item {number}")
        item = replace(item, number=number, text=_line(item.text), assignment=assignment.id)
        Judgements(store).add_version(item)
        was = rubric.items.get(number)
        return [] if was is None else _again(store, assignment, item.question, item.who, _changed(was, item))


def set_from_full(store: Store, assignment: Assignment, question: str, from_full: bool, who: str) -> list[Moved]:
    """Let a rubric count from all points, or from none, and record the marks that follow."""
    with store.at_once():
        rubric = rubric_of(store, assignment, question)
        if rubric.from_full is from_full:
            return []
        Judgements(store).set_from_full(assignment.id, question, from_full, who)
        begin = plain(rubric.question.points) if from_full else "0"
        return _again(store, assignment, question, who, f"the rubric counts from {begin}")


def users(store: Store, assignment: str, question: str) -> dict[int, int]:
    """How many marks that hold have each item."""
    counts: dict[int, int] = {}
    for made in standing(Judgements(store).history(assignment, question)):
        for number in made.items:
            counts[number] = counts.get(number, 0) + 1
    return counts


def _same(one: Answered, other: Answered) -> bool:
    return one.student == other.student and same_answer(one, other)


def _changed(was: Item, now: Item) -> str:
    if was.retired != now.retired:
        return f"item {now.number} {'retired' if now.retired else 'brought back'}"
    return f"item {now.number} changed"


def _again(store: Store, assignment: Assignment, question: str, who: str, why: str) -> list[Moved]:
    """Calculate every judgement that holds once more; record those that come out otherwise."""
    rubric, judgements, moved = rubric_of(store, assignment, question), Judgements(store), []
    made = judgements.history(assignment.id, question)
    marks = standing(made)
    settled = [each.about for each in marks if each.reading is Reading.SETTLED]
    seconds = [each for each in standing(made, second=True) if not any(_same(each.about, one) for one in settled)]
    for each in (*marks, *seconds):  # two marks that were compared and settled stay as they were compared
        points = rubric.points(each.items, each.besides)
        words = rubric.told(each.items, each.besides, each.comment)
        if (points, words) == (each.points, each.told):
            continue
        judgements.add(replace(each, points=points, told=words, who=who, why=why))
        if points != each.points and each.reading.makes_mark:
            moved.append(Moved(each.about.student, each.points, points))
    return moved


# ---------------------------------------------------------------------------------------------------- what is typed


def points_typed(text: str) -> Decimal:
    """Points as somebody writes them: 2, +2, -0.5; nothing is 0. Raises UsageError."""
    points = written(text or "0")
    if points is None or abs(points) > MOST_POINTS or points != round(points, 6):
        raise UsageError(f"{text!r} is no number of points; write 2, +2 or -0.5")
    return points


def points_given(text: str, question: Question) -> Decimal:
    """What a mark is to be. Raises UsageError unless the question has as many points."""
    if not text:
        raise UsageError(f"how many points? {question.id} is worth {plain(question.points)}")
    points = points_typed(text)
    if not 0 <= points <= question.points:
        raise UsageError(f"{question.id} is worth {plain(question.points)} points; give 0 to {plain(question.points)}")
    return points


def _exact(points: Fraction) -> Decimal:
    exact = Decimal(points.numerator) / Decimal(points.denominator)
    return exact if Fraction(exact) == points else Decimal(plain(points))


def _line(text: str) -> str:
    words = " ".join(text.split())
    if not words:
        raise UsageError("an item needs words: the student reads them")
    if len(words) > MOST_TEXT:
        raise UsageError(f"an item has {MOST_TEXT} characters at most, this one has {len(words)}")
    return words


def _comment(text: str) -> str:
    if len(text) > MOST_COMMENT:
        raise UsageError(f"a comment has {MOST_COMMENT} characters at most, this one has {len(text)}")
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
