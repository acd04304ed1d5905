"""One assignment on the report page: the spread of points, how hard each question and check was, who got what."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from grader.cohort import BINS, CheckNumbers, Cohort
from grader.markup import Html, badge, bar, cell, el, heading, histogram, joined, number, table
from grader.page_students import anchor
from grader.schema import Attempt, Question, Status
from grader.scheme import plain
from grader.screen import words
from grader.tables import first_thing, points_of, total_of


def assignment_section(cohort: Cohort) -> Html:
    """Nothing but a line where nothing was graded yet."""
    assignment = cohort.assignment
    title = el("h2", f"{assignment.id}: {assignment.title}", id=assignment.id)
    if not cohort.attempts:
        return el("section", title, el("p", "Nothing graded yet.", class_="dim"))
    parts = [
        el("div", _spread(cohort), _questions(cohort), class_="two"),
        el("h3", "Who got what"),
        _matrix(cohort),
        _checks(cohort),
    ]
    return el("section", title, *parts)


def _spread(cohort: Cohort) -> Html:
    worth = cohort.assignment.max_points
    labels = [plain((worth * place / BINS).quantize(Decimal("0.1"))) for place in range(BINS)]
    caption = f"Graded submissions by points, from each figure to the next; the last up to {plain(worth)}."
    return el("div", el("h3", "Points"), histogram(cohort.spread(), labels, caption))


def _questions(cohort: Cohort) -> Html:
    head = el("tr", heading("question"), heading("worth", "n"), heading("mean", "n"), heading("share"))
    rows = [_question_row(cohort, question) for question in cohort.assignment.questions]
    return el("div", el("h3", "Questions"), table([head], rows))


def _question_row(cohort: Cohort, question: Question) -> list[Html]:
    mean = cohort.mean_share(question.id)
    name = el("th", question.id, scope="row")
    title = el("span", question.title, class_="dim small")
    if mean is None:
        return [name, number(plain(question.points)), number("-"), cell(title)]
    share = joined([bar(mean, f"mean {mean:.0%}"), " ", title])
    return [name, number(plain(question.points)), number(f"{mean:.0%}"), cell(share)]


def _matrix(cohort: Cohort) -> Html:
    """Students by questions. What is shaded is shaded by its number: no points, or some."""
    questions = cohort.assignment.questions
    head = el("tr", heading("student"), heading("points", "n"), *(heading(question.id, "n") for question in questions),
              heading("what to look at first"))  # fmt: skip
    worth = [el("th", "of", scope="row"), number(plain(cohort.assignment.max_points))]
    worth += [number(plain(question.points)) for question in questions]
    rows = [[*worth, cell("")], *(_matrix_row(cohort, attempt) for attempt in cohort.attempts)]
    return table([head], rows)


def _matrix_row(cohort: Cohort, attempt: Attempt) -> list[Html]:
    total = total_of(attempt) if attempt.status is Status.GRADED else badge(attempt.status.value, "bad")
    row = [el("th", el("a", attempt.student, href=f"#{anchor(attempt.student)}"), scope="row"), number(total, "sum")]
    for question in cohort.assignment.questions:
        results = attempt.of_question(question.id)
        points = sum((result.points for result in results), Decimal(0))
        shade = "" if not results or points == question.points else "part" if points else "none"
        row.append(number(points_of(attempt, question.id), shade))
    return [*row, cell(first_thing(attempt), "small")]


def _checks(cohort: Cohort) -> Html:
    """Every check: who passes it, and what those who do not were told most often."""
    head = el("tr", heading("question"), heading("check"), heading("worth", "n"), heading("passed", "n"),
              heading("upper half", "n"), heading("lower half", "n"), heading("said most often"))  # fmt: skip
    numbers = cohort.checks()
    about = el("span", f"{len(numbers)} checks: who passes them, and what is said most often", class_="dim")
    rows = (list(_check_row(check)) for check in numbers)
    inside = el("div", table([head], rows), class_="inside")
    return el("details", el("summary", el("b", "Checks"), about), inside)


def _check_row(check: CheckNumbers) -> Iterator[Html]:
    yield el("th", check.question, scope="row")
    doubt = joined([" ", badge("look at this check", "warn")]) if check.doubt else None
    yield cell(joined([words(check.name), doubt]))
    yield number(plain(check.max_points))
    yield number(f"{check.passed} of {check.asked}", "" if check.passed else "none")
    for passed, asked in (check.upper, check.lower):
        yield number(f"{passed} of {asked}")
    yield cell(joined((el("p", f"{count} x ", message, class_="said small") for message, count in check.said)))
