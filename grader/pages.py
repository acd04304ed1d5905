"""Documents from values: the JSON of attempts, and the report page. Same values, same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from grader.gradebook import Gradebook
from grader.markup import Html, badge, document, el, joined
from grader.oddities import reasons_to_look
from grader.page_assignment import assignment_section
from grader.page_marks import marks_table
from grader.page_students import anchor, student_details
from grader.schema import Assignment, Attempt, CheckResult, Status
from grader.scheme import plain
from grader.tables import middle_of

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
    parts = [
        _header(book, assignments, attempts),
        _look_first(book, attempts),
        el("section", el("h2", "Marks", id="marks"), marks_table(book)),
        *(assignment_section(assignment, _at(assignment, attempts)) for assignment in assignments),
        _students(book, assignments, attempts),
    ]
    return document(f"{book.course.name}: marks", joined(parts, "\n"))


def _at(assignment: Assignment, attempts: Mapping[tuple[str, str], Attempt]) -> list[Attempt]:
    return [attempt for (_, where), attempt in sorted(attempts.items()) if where == assignment.id]


def _header(book: Gradebook, assignments: Sequence[Assignment], attempts: Mapping[tuple[str, str], Attempt]) -> Html:
    links = [("#look", "Look at first"), ("#marks", "Marks")]
    links += [(f"#{assignment.id}", assignment.id) for assignment in assignments]
    links += [("#students", "Students")]
    tiles = [el("li", el("b", len(book.lines)), "students on the roster")]
    for assignment in assignments:
        tiles += _tiles(assignment, _at(assignment, attempts))
    nav = el("nav", *(el("a", text, href=href) for href, text in links), aria_label="Sections of this page")
    about = el("p", "Gradebook and every attempt that counts. For the staff: it names students.", class_="dim")
    return el("header", el("h1", book.course.name), about, nav, el("ul", *tiles, class_="tiles"))


def _tiles(assignment: Assignment, attempts: Sequence[Attempt]) -> Iterator[Html]:
    for status in Status:
        ended = sum(attempt.status is status for attempt in attempts)
        if ended:
            yield el("li", el("b", ended), f"{assignment.id} {status.value}")
    middle = middle_of(attempts)
    if middle is not None:
        of = el("span", f" / {plain(assignment.max_points)}", class_="dim small")
        yield el("li", el("b", plain(middle), of), f"median points of {assignment.id}")


def _look_first(book: Gradebook, attempts: Mapping[tuple[str, str], Attempt]) -> Html:
    """Everything that wants a person before marks are published."""
    items = [_noted(person.id, "not on the roster", f"{'; '.join(person.found)}{person.hint}; counted nowhere")
             for person in book.strangers]  # fmt: skip
    items += [
        _noted(student, kind, reason, assignment)
        for (student, assignment), attempt in sorted(attempts.items(), key=lambda item: (item[0][1], item[0][0]))
        for kind, reason in reasons_to_look(attempt)
    ]
    items += [el("li", badge("not used", "warn"), " ", notice) for notice in book.notices]
    nothing = el("p", "Nothing: everybody is on the roster, every file could be read, and no attempt ended oddly.")
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
