"""Everything on record about one assignment, for the pages of the staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.bookkeeping.marking import Marking
from grader.bookkeeping.works import works_of
from grader.course.entries import State
from grader.dashboard.cohort import Cohort
from grader.dashboard.work import Work
from grader.marks.gradebook import Gradebook
from grader.paths import Paths
from grader.record.store import Run, Store, StoredAttempt
from grader.schema import Assignment, Attempt
from grader.submission.answers import Answer


def cohort_of(paths: Paths, book: Gradebook, assignment: Assignment, whole: bool = False) -> Cohort:
    """Everything on record about one assignment; `whole`: with what the pages of its students have besides."""
    stored: Mapping[str, StoredAttempt] = {}
    handed_in: frozenset[str] = frozenset()
    runs: tuple[Run, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    answers: Mapping[str, Mapping[str, Answer]] = {}
    works: Mapping[str, Work] = {}
    if paths.record.exists():
        with Store.open(paths.record, read_only=True) as store:
            stored, runs = store.current_attempts(assignment.id), store.runs(assignment.id)
            marking = Marking.read(paths, store, assignment)
            attempts = tuple(marking.completed(each.attempt) for each in stored.values())
            answers = {each.student: marking.answers(each) for each in attempts} if assignment.manual else {}
            handed_in = frozenset(store.current_digests(assignment.id))
            works = works_of(paths, store, marking, stored) if whole else {}
    excused = frozenset(
        line.student.id
        for line in book.lines
        for part in line.mark.components
        for item in part.items
        if item.item == assignment.id and item.entry.state is State.EXCUSED
    )
    roster = tuple(line.student.id for line in book.lines)
    published = _with_feedback(assignment.id, stored, runs)
    return Cohort(assignment, roster, handed_in, attempts, published, excused, answers, works)


def _with_feedback(assignment_id: str, stored: Mapping[str, StoredAttempt], runs: Sequence[Run]) -> frozenset[str]:
    """Whose feedback was written after the attempt that counts was made."""
    written = {run.command: run.id for run in runs}  # the last of each kind
    everybodys = written.get(feedback_command(assignment_id), 0)
    return frozenset(
        student
        for student, each in stored.items()
        if each.run < max(everybodys, written.get(feedback_command(assignment_id, student), 0))
    )


def feedback_command(assignment_id: str, student: str | None = None) -> str:
    """What stands on record for pages that were written: everybody's, or one student's."""
    return f"feedback {assignment_id}" + (f" --student {student}" if student else "")
