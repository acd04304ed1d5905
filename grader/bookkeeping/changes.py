"""Points changed by hand, with a reason on record; the attempt itself stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from grader.bookkeeping.marking import Marking
from grader.course.config import asked_question, did_you_mean
from grader.course.scheme import plain
from grader.course.sheets import read_roster, require_id
from grader.course.tables import number as number_of_cell
from grader.errors import UsageError
from grader.languages.formats import figure
from grader.languages.translating import tr
from grader.marks.changes import Change, by_hand, in_words
from grader.marks.marksheet import clean
from grader.paths import Paths
from grader.record.overrides import Override, in_force
from grader.record.store import Store
from grader.schema import WHOLE, Assignment, Attempt, Kind, Status, add_up


@dataclass(frozen=True)
class Wanted:
    """What is to be done to the points of one question, or of the WHOLE. reason: None only where one is taken back.

    The student reads the reason, unless it is a NOTE;  note: what is recorded besides, for the staff alone
    """

    student: str
    question: str
    kind: Kind
    delta: Decimal
    reason: str | None
    who: str
    note: str = ""


@dataclass(frozen=True)
class Made:
    """What came of it: the changes before and after, the one that was taken back, the attempt they are about."""

    before: tuple[Override, ...]
    after: tuple[Override, ...]
    taken_back: Override | None
    now: Now


def change(paths: Paths, store: Store, assignment: Assignment, wanted: Wanted) -> Made:
    """Record a change. Raises UsageError for a student nobody knows, and for what would change nothing."""
    student, question = wanted.student, wanted.question
    require_known(paths, store, student, assignment)
    now = Now.read(paths, store, assignment, student)
    before = store.all_overrides(assignment.id, student)
    taken_back = _last(before, question) if wanted.kind is Kind.UNDO else None
    reason = wanted.reason if wanted.reason is not None else f'was "{taken_back.reason}"' if taken_back else ""
    made = Override(student, assignment.id, question, wanted.delta, reason, wanted.who, kind=wanted.kind)
    was, will_be = now.points(before, question), now.points((*before, made), question)
    if now.counts and wanted.kind is Kind.ADD and was == will_be:
        what = assignment.id if question == WHOLE else question
        raise UsageError(
            f"{student} has {plain(was)} of {plain(worth_of(assignment, question))} points in {what}, and "
            f"{wanted.delta:+f} changes nothing (with what was changed before); nothing is recorded. --set POINTS says "
            "what they are to be"
        )
    if wanted.note:
        store.add_override(student, assignment.id, question, Decimal(0), wanted.note, wanted.who, Kind.NOTE)
    store.add_override(student, assignment.id, question, wanted.delta, reason, wanted.who, wanted.kind)
    return Made(before, store.all_overrides(assignment.id, student), taken_back, now)


def delta_of(text: str) -> Decimal:
    """What is added, as somebody writes it. Raises UsageError."""
    return _number(text, "+2 or -0.5", "changes nothing")


def points_of(text: str, assignment: Assignment, question: str) -> Decimal:
    """What the points are to be, as somebody writes it. Raises UsageError unless the question has as many."""
    points, worth = _number(text, "--set 4"), worth_of(assignment, question)
    if not 0 <= points <= worth:
        what = assignment.id if question == WHOLE else question
        raise UsageError(f"{what} is worth {plain(worth)} points; --set takes 0 to {plain(worth)}")
    return points


def changed_question(assignment: Assignment, name: str) -> str:
    """The question that is named, or the WHOLE. Raises UsageError where its points are not changed like this."""
    if not assignment.questions:
        raise UsageError(f"{assignment.id} has no questions; its marks come from the tables in marks/")
    if name.lower() == WHOLE:
        return WHOLE
    question = asked_question(assignment, name)
    if question.manual:
        where = f"in manual/{assignment.id}.csv, or on the portal"
        raise UsageError(f"{question.id} is marked by a person: change its points {where}")
    return question.id


def worth_of(assignment: Assignment, question: str) -> Fraction:
    """What a question, or the WHOLE, is worth."""
    return assignment.max_points if question == WHOLE else assignment.question(question).points


def require_known(paths: Paths, store: Store, student: str, assignment: Assignment) -> None:
    """Raise UsageError for somebody who is not on the roster and has handed in nothing."""
    roster = read_roster(paths) if paths.roster_csv.exists() else ()
    known = {*store.current_digests(assignment.id), *(each.id for each in roster)}
    if student in known:
        return
    require_id(student, roster)
    where = "and is not on the roster" if roster else "and there is no roster"
    raise UsageError(
        f"{student!r} has handed in nothing for {assignment.id} {where}{did_you_mean(student, list(known))}"
    )


def _number(text: str, example: str, if_zero: str = "") -> Decimal:
    number = written(text)
    if number is None:
        raise UsageError(f"{text!r} is no number of points; write {example}")
    if if_zero and not number:
        raise UsageError(f"{text!r} {if_zero}; write {example}")
    return number


def written(text: str) -> Decimal | None:
    """Points as somebody writes them, with a sign, a point or a comma: 0,5 is 0.5; None for what is no number."""
    try:
        points = Decimal(text)
    except InvalidOperation:
        sign = text[:1] if text[:1] in ("+", "-") else ""
        points = Decimal(f"{sign}{bare}") if (bare := number_of_cell(text[len(sign) :])) else Decimal("nan")
    return points if points.is_finite() else None


def _last(made: Sequence[Override], question: str) -> Override:
    """The change that `--undo` takes back. Raises UsageError where there is none."""
    there = [change for change in in_force(made) if change.question == question]
    if not there:
        others = dict.fromkeys(change.question for change in in_force(made))
        hint = f"; there are some of {', '.join(others)}" if others else ""
        raise UsageError(f"nothing was changed by hand in {question}: there is nothing to take back{hint}")
    return there[-1]


@dataclass(frozen=True)
class Now:
    """The attempt that changes are about. counts: they make points now, and not only when there is an attempt."""

    assignment: Assignment
    student: str
    attempt: Attempt | None
    counts: bool

    @classmethod
    def read(cls, paths: Paths, store: Store, assignment: Assignment, student: str) -> Now:
        stored = store.current_attempt(student, assignment.id)
        if stored is None:
            return cls(assignment, student, None, student not in store.current_digests(assignment.id))
        attempt = Marking.read(paths, store, assignment).completed(stored.attempt)
        return cls(assignment, student, attempt, attempt.status in (Status.GRADED, Status.UNREADABLE))

    def points(self, made: Sequence[Override], question: str) -> Fraction:
        """The points of a question, or of the WHOLE, after changes."""
        changes: list[Change] = [*in_force(made)]
        found = by_hand(self.attempt, self.assignment, changes)
        graded = self.attempt.points if self.attempt else Fraction(0)
        if question == WHOLE:
            return add_up((graded, *(each.by for each in found)))
        before = (self.attempt.points_of(question) if self.attempt else None) or Fraction(0)
        return next((each.after for each in found if each.question == question), before)

    def told(self, before: Sequence[Override], after: Sequence[Override], question: str) -> str:
        """What the points were and are now, in words."""
        if not self.counts:
            return ""
        lines = []
        for name in dict.fromkeys((question, WHOLE)):
            was, now = self.points(before, name), self.points(after, name)
            moved = plain(now) if was == now else f"{plain(was)} -> {plain(now)}"
            what, worth = tr("in all") if name == WHOLE else name, plain(worth_of(self.assignment, name))
            lines.append(tr("{what} {points} of {worth}", what=what, points=figure(moved), worth=figure(worth)))
        waiting = ", ".join(self.attempt.waiting) if self.attempt else ""
        so_far = tr(" so far ({questions} to be marked)", questions=waiting) if waiting else ""
        nothing = "" if self.attempt else tr(" (nothing was handed in)")
        bound = figure(plain(self.points(after, question)))
        held = tr("; held at {points}", points=bound) if self._is_held(after, question) else ""
        return clean(f"{self.student}  {'; '.join(lines)}{so_far}{nothing}{held}") + "\n"

    def read_by_the_student(self, made: Sequence[Override], question: str) -> str:
        """What the student's page says of the changes of a question, or of the WHOLE."""
        changes: list[Change] = [*in_force(made)]
        told = [in_words(each) for each in by_hand(self.attempt, self.assignment, changes) if each.question == question]
        where = "" if question == WHOLE else f"{question}: "
        return f"{where}{told[0] if told else tr('nothing is changed by hand')}"

    def _is_held(self, made: Sequence[Override], question: str) -> bool:
        changes: list[Change] = [*in_force(made)]
        return any(each.held for each in by_hand(self.attempt, self.assignment, changes) if each.question == question)
