"""The pages of a course that pictures are made of, as HTML: the report, a student's feedback, who is alike."""

from __future__ import annotations

from decimal import Decimal

from grader.bookkeeping.books import gradebook
from grader.bookkeeping.cohorts import cohort_of
from grader.bookkeeping.marking import Marking
from grader.bookkeeping.told import feedback_of, hints_of_known_mistakes
from grader.bookkeeping.works import as_of
from grader.commands.similar import page_of_class
from grader.course.config import read_assignment, read_course
from grader.dashboard import links, site
from grader.feedback.page import feedback_page
from grader.paths import Paths
from grader.record.store import Store

BOUNDARIES = tuple(map(Decimal, (40, 50, 60, 70, 80, 90)))


def of_a_semester(paths: Paths, assignment_id: str) -> str:
    """The page of an assignment of a larger class, in which failures look alike."""
    book, assignment = gradebook(paths), read_assignment(paths, assignment_id)
    [(_, text)] = site.one_assignment(book, cohort_of(paths, book, assignment), BOUNDARIES)
    return text


def pages(paths: Paths, assignment_id: str, student: str) -> dict[str, str]:
    """The page of the course, of an assignment, of a student for the staff, the student's own; of who is alike.

    And the style sheet that the first three load, by its own name.
    """
    book = gradebook(paths)
    graded = [read_assignment(paths, name) for name in book.course.assignments]
    cohorts = [cohort_of(paths, book, each, whole=True) for each in graded if each.questions]
    report = dict(site.pages(book, cohorts, BOUNDARIES, as_of(paths)))
    assignment = read_assignment(paths, assignment_id)
    known = hints_of_known_mistakes(paths, assignment)
    with Store.open(paths.record, read_only=True) as store:
        marking = Marking.read(paths, store, assignment)
        [told] = feedback_of(store, assignment, read_course(paths), book, student, marking, known)
    return {
        "course": report[links.COURSE],
        "assignment": report[links.assignment_page(assignment_id)],
        "student": report[links.student_page(student)],
        links.SHEET: report[links.SHEET],
        "feedback": feedback_page(told),
        "similar": page_of_class(paths, assignment),
    }
