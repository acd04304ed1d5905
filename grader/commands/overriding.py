"""`override`: points changed by hand, a comment, or a note for the staff; the attempt itself stays as it is."""

from __future__ import annotations

import argparse
import getpass
from decimal import Decimal

from grader.bookkeeping.changes import Wanted, change, changed_question, delta_of, points_of
from grader.bookkeeping.timing import counts_instead
from grader.course.config import read_assignment
from grader.errors import UsageError
from grader.exit_codes import DONE
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.marks.changes import EARLIER
from grader.marks.marksheet import clean
from grader.paths import Paths, find_root
from grader.record.overrides import Override
from grader.record.store import Store
from grader.schema import Assignment, Kind
from grader.terminal import screen

SIGNS = {
    Kind.SET: mark("set to {points}"),
    Kind.UNDO: mark("taken back"),
    Kind.COMMENT: mark("comment"),
    Kind.NOTE: mark("note for the staff"),
}


def override(chosen: argparse.Namespace) -> int:
    """Record a change of points by hand, take the last one back, comment, or note something for the staff alone.

    Prints what the student reads of it, and what the points are now.
    """
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    question = changed_question(assignment, chosen.question)
    kind, delta = _wanted(chosen, assignment, question)
    reason = {Kind.COMMENT: chosen.comment, Kind.NOTE: chosen.note}.get(kind, chosen.reason)
    note = "" if kind is Kind.NOTE else chosen.note or ""
    wanted = Wanted(chosen.student, question, kind, delta, reason, chosen.who or getpass.getuser(), note)
    with Store.open(paths.record) as store, store.at_once():  # what is taken back, or set, is what stands now
        made = change(paths, store, assignment, wanted)
    for each in made.after:
        print(_line(each))
    if made.taken_back is not None:
        screen.tell(f"taken back: {_line(made.taken_back)}")
    if kind is not Kind.NOTE:
        screen.tell(f"{chosen.student} reads: {made.now.read_by_the_student(made.after, question)}")
    print(made.now.told(made.before, made.after, question), end="")
    if not made.now.counts:
        screen.say(f"{chosen.student} has no attempt with points at {assignment.id}; it counts when there is one")
    decided = counts_instead(paths, assignment.id, chosen.student)
    if decided is not None and decided.state is not None and kind not in (Kind.COMMENT, Kind.NOTE):
        source, state = decided.source, decided.state.value
        screen.say(f"these points do not count: {source} says {state} for {chosen.student} and {assignment.id}")
    return DONE


def _wanted(chosen: argparse.Namespace, assignment: Assignment, question: str) -> tuple[Kind, Decimal]:
    """What a command line asks for. Raises UsageError unless it is one thing."""
    asked = [name for name in ("delta", "set", "undo", "comment") if getattr(chosen, name) not in (None, False)]
    if not asked and chosen.note is not None:
        return Kind.NOTE, Decimal(0)
    if len(asked) != 1:
        raise UsageError(
            "what is to be done? write one of +2, --set 4, --undo, --comment TEXT, --note TEXT, and not several"
            if asked
            else "what is to be done? write one of +2, --set 4, --undo, --comment TEXT, --note TEXT"
        )
    if asked[0] in ("undo", "comment"):
        return Kind[asked[0].upper()], Decimal(0)
    if chosen.reason is None:
        raise UsageError("why? add --reason TEXT, which the student reads; --note TEXT is for the staff alone")
    if asked[0] == "delta":
        return Kind.ADD, delta_of(chosen.delta)
    return Kind.SET, points_of(chosen.set, assignment, question)


def _line(change: Override) -> str:
    signed = figure(f"{change.delta:+f}")
    how = signed if change.kind is Kind.ADD else tr(SIGNS[change.kind], points=figure(f"{change.delta:f}"))
    earlier = f" [{recorded(EARLIER)}]" if change.earlier else ""
    return f"{change.made}  {change.question}  {how}  {change.who}: {clean(recorded(change.reason))}{earlier}"
