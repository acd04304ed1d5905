"""`report`: the dashboard for the staff, from what is on record; nothing is run and nothing changes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from grader.bookkeeping.books import gradebook
from grader.bookkeeping.cohorts import cohort_of
from grader.bookkeeping.works import as_of
from grader.commands.writing import make_folder, write
from grader.course.config import read_assignment
from grader.dashboard import links, site
from grader.errors import UsageError
from grader.exit_codes import DONE
from grader.marks import marksheet
from grader.paths import Paths, find_root

GRADEBOOK = "gradebook.csv"


def report(chosen: argparse.Namespace) -> int:
    """Write the pages and gradebook.csv, and say where; with an assignment, its page alone."""
    paths = Paths(find_root())
    boundaries = [_boundary(text) for text in chosen.boundaries.split(",") if text.strip()]
    book = gradebook(paths)
    if chosen.assignment:
        cohort = cohort_of(paths, book, read_assignment(paths, chosen.assignment))
        if not cohort.assignment.questions:
            raise UsageError(f"{chosen.assignment} has no questions; its marks come from the tables in marks/")
        _write(chosen.out, site.one_assignment(book, cohort, boundaries, as_of(paths)))
        print(chosen.out / links.assignment_page(chosen.assignment))
        return DONE
    assignments = [read_assignment(paths, name) for name in book.course.assignments]
    cohorts = [cohort_of(paths, book, assignment, whole=True) for assignment in assignments if assignment.questions]
    written = _write(chosen.out, site.pages(book, cohorts, boundaries, as_of(paths)))
    write(chosen.out / GRADEBOOK, marksheet.for_excel(marksheet.as_csv(book)))
    _remove_left_over(chosen.out, written)
    for name in [name for name in written if "/" not in name and name != links.SHEET]:
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
