"""One assignment on the report page: who got what in which question, and what to look at."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from grader.markup import Html, badge, cell, el, heading, number, table
from grader.page_students import anchor
from grader.schema import Assignment, Attempt, Status
from grader.scheme import plain
from grader.tables import first_thing, in_short, mean_of, points_of, total_of


def assignment_section(assignment: Assignment, attempts: Sequence[Attempt]) -> Html:
    """Nothing but a line where nothing was graded yet."""
    title = el("h2", f"{assignment.id}: {assignment.title}", id=assignment.id)
    if not attempts:
        return el("section", title, el("p", "Nothing graded yet.", class_="dim"))
    return el(
        "section", title, el("p", in_short(assignment, attempts), ".", class_="dim"), _matrix(assignment, attempts)
    )


def _matrix(assignment: Assignment, attempts: Sequence[Attempt]) -> Html:
    """Students by questions. What is shaded is shaded by its number: no points, or some."""
    questions = assignment.questions
    head = el("tr", heading("student"), heading("points", "n"),
              *(heading(question.id, "n", title=question.title) for question in questions),
              heading("what to look at first"))  # fmt: skip
    worth = [el("th", "of", scope="row"), number(plain(assignment.max_points))]
    worth += [number(plain(question.points)) for question in questions]
    means = [mean_of(attempts, question.id) for question in questions]
    mean = [el("th", "mean", scope="row"), number(""), *(number("-" if m is None else plain(m)) for m in means)]
    rows = [[*worth, cell("")], [*mean, cell("")], *(_row(assignment, attempt) for attempt in attempts)]
    return table([head], rows)


def _row(assignment: Assignment, attempt: Attempt) -> list[Html]:
    total = total_of(attempt) if attempt.status is Status.GRADED else badge(attempt.status.value, "bad")
    row = [el("th", el("a", attempt.student, href=f"#{anchor(attempt.student)}"), scope="row"), number(total, "sum")]
    for question in assignment.questions:
        results = attempt.of_question(question.id)
        points = sum((result.points for result in results), Decimal(0))
        shade = "" if not results or points == question.points else "part" if points else "none"
        row.append(number(points_of(attempt, question.id), shade))
    return [*row, cell(first_thing(attempt), "small")]
