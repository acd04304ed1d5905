"""All pages of a report, one after the other. Same evidence, same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from grader.dashboard.assignment_page import assignment_page
from grader.dashboard.cohort import Cohort
from grader.dashboard.course_page import CourseFindings, course_page, near_boundaries
from grader.dashboard.findings import findings
from grader.dashboard.links import COURSE, SHEET, Links
from grader.dashboard.links import assignment_page as name_of_assignment
from grader.dashboard.links import student_page as name_of_student
from grader.dashboard.parts import sheet
from grader.dashboard.student_page import About, student_page
from grader.languages.recorded import recorded
from grader.marks.gradebook import Gradebook
from grader.schema import Assignment, Attempt

Pages = Iterator[tuple[str, str]]  # (path in the report's folder, text)


def pages(book: Gradebook, cohorts: Sequence[Cohort], boundaries: Sequence[Decimal], as_of: str = "") -> Pages:
    """Style sheet, the course's page, one for each assignment that was begun, one for each student and each stranger.

    as_of: up to where the record was read, in words
    """
    begun = [cohort for cohort in cohorts if cohort.handed_in or cohort.attempts or cohort.works]
    students = [line.student.id for line in book.lines]
    strangers = sorted({person.id for person in book.strangers} | {s for cohort in begun for s in cohort.strangers})
    links = Links(True, tuple(cohort.assignment.id for cohort in begun), frozenset([*students, *strangers]))
    links = replace(links, names={line.student.id: line.student.name for line in book.lines})
    found = tuple(findings(cohort, near_boundaries(book, cohort.assignment.id, boundaries)) for cohort in begun)
    links = replace(links, checks={each.cohort.assignment.id: each.known for each in found})
    course = _course(book, as_of)
    yield SHEET, sheet()
    yield COURSE, course_page(CourseFindings(book, found, tuple(boundaries), as_of), links)
    for each in found:
        yield name_of_assignment(each.cohort.assignment.id), assignment_page(each, course, links, boundaries)
    attempts = _by_student(begun)
    everybody = [*((line.student.id, line) for line in book.lines), *((name, None) for name in strangers)]
    for place, (student, one) in enumerate(everybody):
        about = About(
            student,
            one,
            tuple(attempts.get(student, ())),
            {cohort.assignment.id: cohort.answers.get(student, {}) for cohort in begun},
            {cohort.assignment.id: cohort.works[student] for cohort in begun if student in cohort.works},
            everybody[place - 1][0] if place else "",
            everybody[place + 1][0] if place + 1 < len(everybody) else "",
        )
        yield name_of_student(student), student_page(about, course, links.below())


def one_assignment(book: Gradebook, cohort: Cohort, boundaries: Sequence[Decimal], as_of: str = "") -> Pages:
    """The page of one assignment alone: a single file without links to others."""
    name = cohort.assignment.id
    found = findings(cohort, near_boundaries(book, name, boundaries))
    alone = Links(False, (name,), frozenset(), names={line.student.id: line.student.name for line in book.lines})
    course = _course(book, as_of)
    yield name_of_assignment(name), assignment_page(found, course, alone, boundaries)


def _course(book: Gradebook, as_of: str) -> str:
    return f"{book.course.name}{f', {recorded(as_of)}' if as_of else ''}"


def _by_student(cohorts: Sequence[Cohort]) -> Mapping[str, list[tuple[Assignment, Attempt | None]]]:
    """The attempts of each student; None where something was changed by hand without one."""
    found: dict[str, list[tuple[Assignment, Attempt | None]]] = {}
    for cohort in cohorts:
        there = {attempt.student: attempt for attempt in cohort.attempts}
        for student in dict.fromkeys([*there, *cohort.works]):
            found.setdefault(student, []).append((cohort.assignment, there.get(student)))
    return found
