"""Documents from values: the JSON of attempts, and the report page. Same values, same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from grader.cohort import Cohort, reasons_to_look
from grader.gradebook import Gradebook
from grader.markup import Html, badge, document, el, joined
from grader.page_assignment import assignment_section
from grader.page_marks import marks_table
from grader.page_students import anchor, student_details
from grader.schema import Assignment, Attempt, CheckResult, Status
from grader.scheme import plain
from grader.screen import words

if TYPE_CHECKING:
    from grader.batch import Graded

# ---------------------------------------------------------------------------------------------------- JSON


def attempts_document(assignment: Assignment, rows: Sequence[Graded]) -> dict[str, Any]:
    """The document of `grade --json`."""
    attempts = [attempt_entry(assignment, row.attempt) for row in rows]
    return {"assignment": assignment.id, "attempts": attempts}


def attempt_entry(assignment: Assignment, attempt: Attempt) -> dict[str, Any]:
    """One attempt: its points by question and check, its notices, what it used, where it comes from."""
    evidence = attempt.evidence
    return {
        "student": attempt.student,
        "submission": evidence.submission,
        "status": attempt.status.value,
        "points": _number(attempt.points),
        "max_points": _number(assignment.max_points),
        "questions": [_question_entry(assignment, attempt, question.id) for question in assignment.questions],
        "notices": list(attempt.notices),
        "usage": {
            "cpu_s": attempt.usage.cpu_s,
            "wall_s": attempt.usage.wall_s,
            "peak_mib": attempt.usage.peak_mib,
        },
        "evidence": {"image": evidence.image, "isolation": evidence.isolation, "device": evidence.device},
    }


def _question_entry(assignment: Assignment, attempt: Attempt, question_id: str) -> dict[str, Any]:
    results = attempt.of_question(question_id)
    return {
        "id": question_id,
        "points": _number(sum((result.points for result in results), Decimal(0))),
        "max_points": _number(assignment.question(question_id).points),
        "checks": [_check_entry(result) for result in results],
    }


def _check_entry(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "outcome": result.outcome.value,
        "points": _number(result.points),
        "max_points": _number(result.max_points),
        "message": result.message,
        "hint": result.hint,
    }


def _number(points: Decimal) -> int | float:
    return int(points) if points == points.to_integral_value() else float(points)


# ---------------------------------------------------------------------------------------------------- the report


def report_page(book: Gradebook, assignments: Sequence[Assignment], attempts: Mapping[tuple[str, str], Attempt]) -> str:
    """One self-contained page for the staff: what to look at first, the marks, the assignments, every student."""
    cohorts = [
        Cohort(assignment, tuple(attempt for (_, where), attempt in sorted(attempts.items()) if where == assignment.id))
        for assignment in assignments
    ]
    parts = [
        _header(book, cohorts),
        _look_first(book, cohorts),
        el("section", el("h2", "Marks", id="marks"), marks_table(book)),
        *(assignment_section(cohort) for cohort in cohorts),
        _students(book, assignments, attempts),
    ]
    return document(f"{book.course.name}: marks", joined(parts, "\n"))


def _header(book: Gradebook, cohorts: Sequence[Cohort]) -> Html:
    links = [("#look", "Look at first"), ("#marks", "Marks")]
    links += [(f"#{cohort.assignment.id}", cohort.assignment.id) for cohort in cohorts]
    links += [("#students", "Students")]
    tiles = [el("li", el("b", len(book.lines)), "students on the roster")]
    for cohort in cohorts:
        if cohort.attempts:
            tiles += _tiles(cohort)
    nav = el("nav", *(el("a", text, href=href) for href, text in links), aria_label="Sections of this page")
    about = el("p", "Gradebook and every attempt that counts. For the staff: it names students.", class_="dim")
    return el("header", el("h1", book.course.name), about, nav, el("ul", *tiles, class_="tiles"))


def _tiles(cohort: Cohort) -> Iterator[Html]:
    name = cohort.assignment.id
    yield el("li", el("b", cohort.ended(Status.GRADED)), f"{name} graded")
    for status in (Status.UNREADABLE, Status.DEFERRED):
        if cohort.ended(status):
            yield el("li", el("b", cohort.ended(status)), f"{name} {status.value}")
    if cohort.middle is not None:
        of = el("span", f" / {plain(cohort.assignment.max_points)}", class_="dim small")
        yield el("li", el("b", plain(cohort.middle), of), f"median points of {name}")


def _look_first(book: Gradebook, cohorts: Sequence[Cohort]) -> Html:
    """Everything that wants a person before marks are published."""
    items = [_noted(person.id, "not on the roster", f"{'; '.join(person.found)}{person.hint}; counted nowhere")
             for person in book.strangers]  # fmt: skip
    for cohort in cohorts:
        name = cohort.assignment.id
        items += [
            _noted(attempt.student, kind, reason, name)
            for attempt in cohort.attempts
            for kind, reason in reasons_to_look(attempt)
        ]
        items += [
            el(
                "li",
                badge("check", "warn"),
                " ",
                el("b", words(check.name)),
                f" {name} {check.question}: {check.doubt}",
            )
            for check in cohort.checks()
            if check.doubt
        ]
    items += [el("li", badge("not used", "warn"), " ", notice) for notice in book.notices]
    nothing = el("p", "Nothing: everybody is on the roster, every file could be read, and no check looks odd.")
    shown = el("ul", *items, class_="first-look") if items else nothing
    return el("section", el("h2", "Look at these first", id="look"), shown)


def _noted(student: str, kind: str, reason: str, assignment: str = "") -> Html:
    link = el("b", el("a", student, href=f"#{anchor(student)}"))
    return el("li", link, " ", el("span", f"{assignment} ", class_="dim"), badge(kind, "warn"), " ", reason)


def _students(book: Gradebook, assignments: Sequence[Assignment], attempts: Mapping[tuple[str, str], Attempt]) -> Html:
    def of(student: str) -> list[tuple[Assignment, Attempt]]:
        return [(item, attempts[student, item.id]) for item in assignments if (student, item.id) in attempts]

    parts = [student_details(line.student.id, line, of(line.student.id)) for line in book.lines]
    parts += [student_details(person.id, None, of(person.id)) for person in book.strangers]
    return el("section", el("h2", "Students", id="students"), joined(parts, "\n"))
