"""`override`: points changed by hand, or a comment, with a reason on record; the attempt itself stays as it is."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from grader.commands.manual import Marking
from grader.course.config import asked_question, did_you_mean, read_assignment
from grader.course.sheets import read_roster
from grader.errors import UsageError
from grader.exit_codes import DONE
from grader.marks.changes import EARLIER, Change, by_hand
from grader.marks.marksheet import clean
from grader.paths import Paths, find_root
from grader.record.overrides import Override, in_force
from grader.record.store import Store
from grader.schema import WHOLE, Assignment, Attempt, Kind, Status, add_up
from grader.terminal import screen

SIGNS = {Kind.SET: "set to ", Kind.UNDO: "undo", Kind.COMMENT: "comment"}


def override(chosen: argparse.Namespace) -> int:
    """Record a change of points by hand, take the last one back, or comment; print what the points are now."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    question = _question(assignment, chosen.question)
    kind, delta = _wanted(chosen, assignment, question)
    with Store.open(paths.record) as store, store.at_once():  # what is taken back, or set, is what stands now
        _require_known(paths, store, chosen.student, assignment)
        now = _Now.read(paths, store, assignment, chosen.student)
        before = store.all_overrides(assignment.id, chosen.student)
        taken_back = _last(before, question) if kind is Kind.UNDO else None
        who, reason = chosen.who or getpass.getuser(), _reason(chosen, taken_back)
        made = Override(chosen.student, assignment.id, question, delta, reason, who, kind=kind)
        was, will_be = now.points(before, question), now.points((*before, made), question)
        if now.counts and kind is Kind.ADD and was == will_be:
            raise UsageError(_without_effect(chosen, assignment, question, was))
        store.add_override(chosen.student, assignment.id, question, delta, reason, who, kind)
        after = store.all_overrides(assignment.id, chosen.student)
    for change in after:
        print(_line(change))
    if taken_back is not None:
        print(f"taken back: {_line(taken_back)}")
    print(now.told(before, after, question), end="")
    if not now.counts:
        screen.say(f"{chosen.student} has no attempt with points at {assignment.id}; it counts when there is one")
    return DONE


def _question(assignment: Assignment, name: str) -> str:
    if not assignment.questions:
        raise UsageError(f"{assignment.id} has no questions; its marks come from the tables in marks/")
    if name == WHOLE:
        return WHOLE
    question = asked_question(assignment, name)
    if question.manual:
        raise UsageError(f"{question.id} is marked by a person: change its points in manual/{assignment.id}.csv")
    return question.id


def _worth(assignment: Assignment, question: str) -> Fraction:
    return assignment.max_points if question == WHOLE else assignment.question(question).points


def _require_known(paths: Paths, store: Store, student: str, assignment: Assignment) -> None:
    """Raise UsageError for somebody who is not on the roster and has handed in nothing."""
    roster = {each.id for each in read_roster(paths)} if paths.roster_csv.exists() else set()
    known = {*store.current_digests(assignment.id), *roster}
    if student in known:
        return
    where = "and is not on the roster" if roster else "and there is no roster"
    raise UsageError(
        f"{student!r} has handed in nothing for {assignment.id} {where}{did_you_mean(student, list(known))}"
    )


# ---------------------------------------------------------------------------------------------------- what is asked for


def _wanted(chosen: argparse.Namespace, assignment: Assignment, question: str) -> tuple[Kind, Decimal]:
    """What a command line asks for. Raises UsageError unless it is one thing."""
    asked = [name for name in ("delta", "set", "undo", "comment") if getattr(chosen, name) not in (None, False)]
    if len(asked) != 1:
        what = "one of +2, --set 4, --undo, --comment TEXT"
        raise UsageError(f"what is to be done? write {what}" + (", and not several" if asked else ""))
    if asked[0] in ("undo", "comment"):
        return Kind[asked[0].upper()], Decimal(0)
    if chosen.reason is None:
        raise UsageError("why? add --reason TEXT: it stands in the record, and the student reads it")
    if asked[0] == "delta":
        return Kind.ADD, _number(chosen.delta, "+2 or -0.5", "changes nothing")
    points, worth = _number(chosen.set, "--set 4"), _worth(assignment, question)
    if not 0 <= points <= worth:
        what = assignment.id if question == WHOLE else question
        raise UsageError(f"{what} is worth {screen.plain(worth)} points; --set takes 0 to {screen.plain(worth)}")
    return Kind.SET, points


def _number(text: str, example: str, if_zero: str = "") -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{text!r} is no number of points; write {example}") from None
    if not number.is_finite() or if_zero and not number:
        raise UsageError(f"{text!r} {if_zero or 'is no number of points'}; write {example}")
    return number


def _reason(chosen: argparse.Namespace, taken_back: Override | None) -> str:
    if chosen.comment is not None:
        return str(chosen.comment)
    return str(chosen.reason) if chosen.reason is not None or taken_back is None else f"not: {taken_back.reason}"


def _last(made: Sequence[Override], question: str) -> Override:
    """The change that `--undo` takes back. Raises UsageError where there is none."""
    there = [change for change in in_force(made) if change.question == question]
    if not there:
        others = dict.fromkeys(change.question for change in in_force(made))
        hint = f"; there are some of {', '.join(others)}" if others else ""
        raise UsageError(f"nothing was changed by hand in {question}: there is nothing to take back{hint}")
    return there[-1]


def _without_effect(chosen: argparse.Namespace, assignment: Assignment, question: str, points: Fraction) -> str:
    worth = screen.plain(_worth(assignment, question))
    what = assignment.id if question == WHOLE else question
    stays = (
        f"{chosen.student} has {screen.plain(points)} of {worth} points in {what}, and {chosen.delta} changes nothing"
    )
    return f"{stays} (with what was changed before); nothing is recorded. --set POINTS says what they are to be"


# ---------------------------------------------------------------------------------------------------- what comes of it


@dataclass(frozen=True)
class _Now:
    """The attempt that changes are about. counts: they make points now, and not only when there is an attempt."""

    assignment: Assignment
    student: str
    attempt: Attempt | None
    counts: bool

    @classmethod
    def read(cls, paths: Paths, store: Store, assignment: Assignment, student: str) -> _Now:
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
            moved = screen.plain(now) if was == now else f"{screen.plain(was)} -> {screen.plain(now)}"
            what = "in all" if name == WHOLE else name
            lines.append(f"{what} {moved} of {screen.plain(_worth(self.assignment, name))}")
        waiting = self.attempt.waiting if self.attempt else ()
        so_far = f" so far ({', '.join(waiting)} to be marked)" if waiting else ""
        nothing = "" if self.attempt else " (nothing was handed in)"
        held = f"; held at {screen.plain(self.points(after, question))}" if self._is_held(after, question) else ""
        return clean(f"{self.student}  {'; '.join(lines)}{so_far}{nothing}{held}") + "\n"

    def _is_held(self, made: Sequence[Override], question: str) -> bool:
        changes: list[Change] = [*in_force(made)]
        return any(each.held for each in by_hand(self.attempt, self.assignment, changes) if each.question == question)


def _line(change: Override) -> str:
    how = f"{change.delta:+f}" if change.kind is Kind.ADD else SIGNS[change.kind]
    how += f"{change.delta:f}" if change.kind is Kind.SET else ""
    earlier = f" [{EARLIER}]" if change.earlier else ""
    return f"{change.made}  {change.question}  {how}  {change.who}: {clean(change.reason)}{earlier}"
