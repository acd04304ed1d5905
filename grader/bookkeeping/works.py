"""What a page for staff shows of each student besides the attempt that counts; and up to where the record was read."""

from __future__ import annotations

from collections.abc import Mapping

from grader.bookkeeping.marking import Marking
from grader.bookkeeping.timing import timings
from grader.bookkeeping.told import feedback_of
from grader.dashboard.work import Entered, Graded, Work
from grader.marks.gradebook import Gradebook
from grader.paths import Paths
from grader.record.store import Store, StoredAttempt
from grader.schema import Kind


def as_of(paths: Paths) -> str:
    """Up to where the record is read: no clock is asked, so that the same record gives the same bytes."""
    if not paths.record.exists():
        return ""
    with Store.open(paths.record, read_only=True) as store:
        runs = store.runs()
    return f"record up to run {runs[-1].id}, {_minute(runs[-1].started)} UTC" if runs else ""


def _minute(time: str) -> str:
    """2026-11-29T13:43:05Z -> 2026-11-29 13:43"""
    return time[:16].replace("T", " ")


def works_of(
    paths: Paths, store: Store, book: Gradebook, marking: Marking, stored: Mapping[str, StoredAttempt]
) -> dict[str, Work]:
    """By student, everything that a page for staff shows besides the attempt."""
    assignment = marking.assignment
    began = {run.id: _minute(run.started) for run in store.runs()}
    times = timings(paths, store, assignment.id)
    told = {each.student.id: each for each in feedback_of(store, assignment, book.course, book, marking=marking)}
    entered: dict[str, list[Entered]] = {}
    for made in store.all_overrides(assignment.id):
        what = made.recorded if made.kind in (Kind.ADD, Kind.SET) else made.kind.name.lower()
        when = _minute(made.made)
        entered.setdefault(made.student, []).append(Entered(made.question, what, made.reason, made.who, when))
    found = {}
    for student, each in stored.items():
        history = store.history(student, assignment.id)
        found[student] = Work(
            filename=each.filename,
            timing=times[student].words if student in times else "",
            told=told.get(student),
            attempts=tuple(Graded(marking.completed(past.attempt), began.get(past.run, "")) for past in history),
            changed=tuple(marking.changed(each.attempt)),
            entered=tuple(entered.get(student, ())),
        )
    return found
