"""The gradebook of what is on record."""

from __future__ import annotations

from decimal import Decimal

from grader.bookkeeping.marking import with_manual_marks
from grader.bookkeeping.timing import deadlines_of
from grader.collect.times import late_minutes
from grader.marks.gradebook import Gradebook, Record, read_gradebook
from grader.paths import Paths
from grader.record.store import Store


def gradebook(paths: Paths) -> Gradebook:
    """The gradebook of what is on record; of nothing where nothing was graded yet."""
    if not paths.record.exists():
        return read_gradebook(paths, {})
    with Store.open(paths.record, read_only=True) as store:
        return book_of(paths, graded(paths, store))


def graded(paths: Paths, store: Store) -> Record:
    """What the record knows, with the marks that people gave."""
    attempts = with_manual_marks(paths, store, store.all_current())
    handed_in = {(student, run.assignment) for run in store.runs() for student in store.current_digests(run.assignment)}
    return Record(attempts, _late_minutes(paths, store), handed_in - set(attempts), store.overrides())


def book_of(paths: Paths, record: Record) -> Gradebook:
    return read_gradebook(paths, record.attempts, record.late_minutes, record.ungraded, record.changes)


def _late_minutes(paths: Paths, store: Store) -> dict[tuple[str, str], Decimal]:
    """How late each current submission came, of those whose time and deadline are known."""
    deadlines = deadlines_of(paths)
    late = {
        (student, assignment): late_minutes(hand_in.time, deadlines.of(student, assignment))
        for assignment in deadlines.everybody
        for student, hand_in in store.hand_ins(assignment).items()
    }
    return {pair: minutes for pair, minutes in late.items() if minutes}
