"""What a page for staff shows of each student besides the attempt that counts; and up to where the record was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from grader.bookkeeping.marking import Marking
from grader.bookkeeping.timing import Timing, timings
from grader.course.scheme import plain
from grader.dashboard.work import Entered, Graded, Work, signed_points
from grader.errors import SubmissionError
from grader.feedback.parts import QuestionPart
from grader.feedback.plain_words import OwnWords
from grader.feedback.questions import question_parts
from grader.marks.changes import by_hand
from grader.paths import Paths
from grader.record.overrides import Override
from grader.record.store import Store, StoredAttempt
from grader.schema import Attempt, Kind, Status, as_points
from grader.submission import notebook


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


def works_of(paths: Paths, store: Store, marking: Marking, stored: Mapping[str, StoredAttempt]) -> dict[str, Work]:
    """By student, everything that a page for staff shows besides the attempt.

    Of everybody in `stored`, and of those who have no attempt, and of whom something was changed by hand.
    """
    assignment = marking.assignment
    made: dict[str, list[Override]] = {}
    for each in store.all_overrides(assignment.id):
        made.setdefault(each.student, []).append(each)
    times, began = timings(paths, store, assignment.id), _began(store)
    return {
        student: _work(store, marking, stored.get(student), made.get(student, ()), times.get(student), began)
        for student in sorted({*stored, *made})
    }


def work_of(store: Store, marking: Marking, student: str, stored: StoredAttempt | None) -> Work:
    """The same of one student, without when it was handed in."""
    made = store.all_overrides(marking.assignment.id, student)
    return _work(store, marking, stored, made, None, _began(store)) if stored or made else Work()


def _began(store: Store) -> Mapping[int, str]:
    return {run.id: _minute(run.started) for run in store.runs()}


def _work(
    store: Store,
    marking: Marking,
    stored: StoredAttempt | None,
    made: Sequence[Override],
    timing: Timing | None,
    began: Mapping[int, str],
) -> Work:
    entered = tuple(_entered(made))
    if stored is None:
        nothing = by_hand(None, marking.assignment, store.overrides(marking.assignment.id, made[0].student))
        return Work(changed=tuple(nothing), entered=entered)
    history = store.history(stored.attempt.student, marking.assignment.id)
    return Work(
        filename=stored.filename,
        timing=timing.words if timing else "",
        parts=_parts(store, marking, stored.attempt),
        attempts=tuple(Graded(marking.completed(past.attempt), began.get(past.run, "")) for past in history),
        changed=tuple(marking.changed(stored.attempt)),
        entered=entered,
    )


def _entered(made: Iterable[Override]) -> Iterable[Entered]:
    for each in made:
        points = as_points(abs(each.delta), "a change")
        what = {
            Kind.ADD: signed_points(-points if each.delta < 0 else points),
            Kind.SET: f"set to {plain(points)}",
            Kind.UNDO: "taken back",
            Kind.COMMENT: "comment",
            Kind.NOTE: "note for the staff",
        }[each.kind]
        yield Entered(each.question, what, each.reason, each.who, _minute(each.made))


def _parts(store: Store, marking: Marking, attempt: Attempt) -> tuple[QuestionPart, ...]:
    """The questions with the code that each is about; nothing where every check passed."""
    if attempt.status is not Status.GRADED or all(result.outcome.earns for result in attempt.results):
        return ()
    assignment = marking.assignment
    submission = store.submission(attempt.evidence.submission, attempt.student, assignment.id)
    try:
        book = notebook.read(submission.content, submission.filename)
    except SubmissionError:
        return ()
    asked = {question.id: question.names for question in assignment.questions}
    own = OwnWords(book, asked, attempt.notices, tuple(name for name, _ in submission.extras))
    return question_parts(assignment, attempt, own, {}, str)
