"""As much of a student's result as the course shows now, by the code that makes feedback."""

from __future__ import annotations

from starlette.responses import Response

from grader.bookkeeping.marking import Marking
from grader.bookkeeping.told import feedback_of
from grader.course.showing import Shown
from grader.errors import UsageError
from grader.feedback.page import feedback_body
from grader.feedback.parts import Feedback, Stage
from grader.languages.translating import tr
from grader.pages.markup import Html, el, heading, number, table
from grader.portal.frame import box, page
from grader.portal.visit import Visit
from grader.record.store import Store
from grader.schema import Assignment


def result(visit: Visit) -> Response:
    """As much of the result as is shown now: points by question, or the whole feedback."""
    asked, student = visit.assignment, visit.me.id
    shown = visit.portal.access.shown(student, asked.id)
    if shown < Shown.POINTS:
        return page(visit, asked.id, box(el("p", tr("The result is not published yet."))), status=403)
    told = feedback_for(visit, asked, student)
    if told is None:
        return page(visit, asked.id, box(el("p", tr("There is nothing to show: nothing was handed in."))))
    visit.portal.access.note_reading(student, asked.id)
    if shown < Shown.FEEDBACK:
        return page(visit, f"{asked.id}: {asked.title}", _points(told))
    back = el("p", el("a", tr("Back to {page}", page=asked.id), href=f"/a/{asked.id}"))
    ask = el("p", el("a", tr("Ask about a question"), href=f"/a/{asked.id}/ask"))
    title, body = tr("Feedback on {assignment}", assignment=asked.id), feedback_body(told)
    return page(visit, title, back, ask, body, sheets=("feedback",), headed=False)


def feedback_for(
    visit: Visit, asked: Assignment, student: str, visible: frozenset[str] | None = None
) -> Feedback | None:
    """What the feedback page of a student says, by the code that makes all of them; None where there is none.

    visible: the assignments whose marks it may tell, else those that the student sees now
    """
    now = visit.portal.now
    book = now.book(visit.portal.access.visible(student) if visible is None else visible)
    if not visit.portal.paths.record.exists():
        return None
    with Store.open(visit.portal.paths.record, read_only=True) as store:
        marking = Marking.read(visit.portal.paths, store, asked)
        known = now.state.known.get(asked.id, frozenset())
        try:
            return next(feedback_of(store, asked, now.state.course, book, student, marking, known))
        except UsageError:
            return None


def _points(told: Feedback) -> Html:
    if told.stage is not Stage.GRADED:
        return box(*(el("p", text) for text in told.explanation))
    head = el("tr", heading(tr("question")), heading(tr("points"), "n"))
    rows = [
        [el("th", f"{part.question.id} {part.question.title}", scope="row"), number(part.score)]
        for part in told.questions
    ]
    return table([head], rows)
