"""`report`: the dashboard for the staff, from what is on record; nothing is run and nothing changes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from grader.commands.feedback import feedback_command
from grader.commands.manual import Marking
from grader.commands.reading import gradebook
from grader.commands.writing import make_folder, write
from grader.course.config import read_assignment
from grader.course.entries import State
from grader.dashboard import links, site
from grader.dashboard.cohort import Cohort
from grader.errors import UsageError
from grader.exit_codes import DONE
from grader.marks import marksheet
from grader.marks.gradebook import Gradebook
from grader.paths import Paths, find_root
from grader.record.store import Run, Store, StoredAttempt
from grader.schema import Assignment, Attempt
from grader.submission.answers import Answer

GRADEBOOK = "gradebook.csv"


def report(chosen: argparse.Namespace) -> int:
    """Write the pages and gradebook.csv, and say where; with an assignment, its page alone."""
    paths = Paths(find_root())
    boundaries = [_boundary(text) for text in chosen.boundaries.split(",") if text.strip()]
    book = gradebook(paths)
    if chosen.assignment:
        cohort = _cohort(paths, book, read_assignment(paths, chosen.assignment))
        if not cohort.assignment.questions:
            raise UsageError(f"{chosen.assignment} has no questions; its marks come from the tables in marks/")
        _write(chosen.out, site.one_assignment(book, cohort, boundaries))
        print(chosen.out / links.assignment_page(chosen.assignment))
        return DONE
    assignments = [read_assignment(paths, name) for name in book.course.assignments]
    cohorts = [_cohort(paths, book, assignment) for assignment in assignments if assignment.questions]
    written = _write(chosen.out, site.pages(book, cohorts, boundaries))
    write(chosen.out / GRADEBOOK, marksheet.for_excel(marksheet.as_csv(book)))
    _remove_left_over(chosen.out, written)
    for name in [name for name in written if "/" not in name]:
        print(chosen.out / name)
    print(chosen.out / GRADEBOOK)
    return DONE


def _boundary(text: str) -> Decimal:
    try:
        boundary = Decimal(text.strip())
    except InvalidOperation:
        boundary = Decimal(-1)
    if not boundary.is_finite() or not 0 <= boundary <= 100:
        raise UsageError(f"{text.strip()!r} is no boundary; write percentages: --boundaries 40,50,60.5")
    return boundary


def _cohort(paths: Paths, book: Gradebook, assignment: Assignment) -> Cohort:
    """Everything on record about one assignment."""
    stored: Mapping[str, StoredAttempt] = {}
    handed_in: frozenset[str] = frozenset()
    runs: tuple[Run, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    answers: Mapping[str, Mapping[str, Answer]] = {}
    if paths.record.exists():
        with Store.open(paths.record, read_only=True) as store:
            stored, runs = store.current_attempts(assignment.id), store.runs(assignment.id)
            marking = Marking.read(paths, store, assignment)
            attempts = tuple(marking.completed(each.attempt) for each in stored.values())
            answers = {each.student: marking.answers(each) for each in attempts} if assignment.manual else {}
            handed_in = frozenset(store.current_digests(assignment.id))
    excused = frozenset(
        line.student.id
        for line in book.lines
        for part in line.mark.components
        for item in part.items
        if item.item == assignment.id and item.entry.state is State.EXCUSED
    )
    roster = tuple(line.student.id for line in book.lines)
    return Cohort(
        assignment, roster, handed_in, attempts, _with_feedback(assignment.id, stored, runs), excused, answers
    )


def _with_feedback(assignment_id: str, stored: Mapping[str, StoredAttempt], runs: Sequence[Run]) -> frozenset[str]:
    """Whose feedback was written after the attempt that counts was made."""
    written = {run.command: run.id for run in runs}  # the last of each kind
    everybodys = written.get(feedback_command(assignment_id), 0)
    return frozenset(
        student
        for student, each in stored.items()
        if each.run < max(everybodys, written.get(feedback_command(assignment_id, student), 0))
    )


def _write(folder: Path, pages: Iterator[tuple[str, str]]) -> list[str]:
    """Write every page below the folder; returns their names."""
    written = []
    for name, text in pages:
        make_folder((folder / name).parent)
        write(folder / name, text)
        written.append(name)
    return written


def _remove_left_over(folder: Path, written: list[str]) -> None:
    """Remove the pages of students who are no longer part of the course; nothing else."""
    for page in (folder / links.STUDENTS).glob("s-????????????????.html"):
        if f"{links.STUDENTS}/{page.name}" not in written:
            page.unlink()
