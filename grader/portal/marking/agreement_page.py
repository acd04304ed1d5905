"""How far two readers of one question agree, answer by answer; differences are settled here, by instructors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from starlette.responses import RedirectResponse, Response

from grader.bookkeeping.judging import MOST_COMMENT, Settling, settle
from grader.course.scheme import plain
from grader.errors import UsageError
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.marks.two_readers import agreement
from grader.pages.markup import Html, badge, el
from grader.portal.frame import area, box, button, choice, field, form, page
from grader.portal.marking import papers
from grader.portal.marking.paper import person_of
from grader.portal.marking.sheets import Compared, compared, history, question_of
from grader.portal.visit import Visit
from grader.record.judgements import Judgement
from grader.record.store import Store
from grader.schema import Assignment, Question


def in_words(pairs: Sequence[Compared], worth: Fraction) -> str:
    """The agreement of two readers in one line; "" where nothing was read twice."""
    found = agreement([each.points for each in pairs])
    if found is None:
        return ""
    return tr(
        "{n} answers read twice; second minus first {mean} of {worth} points in the mean, {distance} apart; "
        "{exact} % equal; kappa {kappa}, quadratic weighted kappa {weighted}",
        n=found.pairs,
        mean=figure(f"{float(found.mean_difference):+.2f}"),
        worth=figure(plain(worth)),
        distance=figure(f"{float(found.mean_distance):.2f}"),
        exact=round(float(found.exact) * 100),
        kappa=_digits(found.kappa),
        weighted=_digits(found.weighted_kappa),
    )


def _digits(value: Fraction | None) -> str:
    return tr("not defined (all marks alike)") if value is None else figure(f"{float(value):.2f}")


def agreement_page(visit: Visit) -> Response:
    """Every answer that was read twice; those that differ first."""
    assignment, question = visit.assignment, question_of(visit)
    pairs = compared(history(visit, assignment, question.id))
    told = in_words(pairs, question.points) or tr("No answer was marked by two readers yet.")
    numbers = papers.numbers(visit.portal.database, assignment.id, [each.student for each in pairs])
    back = el(
        "nav",
        el("a", tr("Marking of {assignment}", assignment=assignment.id), href=f"/m/{assignment.id}"),
        aria_label=tr("Marking"),
    )
    waiting = sorted(pairs, key=lambda each: (each.settled is not None, not each.differs, numbers[each.student]))
    shown = [_pair(visit, assignment, question, each, numbers[each.student]) for each in waiting]
    return page(
        visit,
        tr("{question}: two readers", question=f"{assignment.id} {question.id}"),
        back,
        el("p", told),
        *_meaning(),
        *shown,
    )


def _meaning() -> Iterator[Html]:
    text = tr(
        "Kappa is 1 where two readers always agree and 0 where they agree as often as chance would; the weighted one "
        "counts a difference by its square. The first reader's mark counts until you settle a difference."
    )
    yield el("p", text, class_="dim small")


def _pair(visit: Visit, assignment: Assignment, question: Question, each: Compared, number: int) -> Html:
    hidden = papers.anonymous(visit.portal.database, assignment.id)
    person = visit.portal.people.find("student", each.student)
    whose = tr("Paper {number}", number=number) + (f", {person.called}" if person and not hidden else "")
    link = el("a", whose, href=f"/m/{assignment.id}/{question.id}/{number}")
    open_still = each.differs and each.settled is None
    by = tr("by {who}: {points} points", who=each.settled.who, points=_points(each.settled)) if each.settled else ""
    agreed = badge(tr("settled") if each.settled else tr("equal"), "good")
    state = badge(tr("differs"), "warn") if open_still else agreed
    first = tr("First, {who}: {points} points", who=each.first.who, points=_points(each.first))
    second = tr("Second, {who}: {points} points", who=each.second.who, points=_points(each.second))
    marks = [_said(first, each.first), _said(second, each.second)]
    settled = _settle(visit, assignment, question, each, number) if each.differs else None
    return box(el("p", link, " ", state, " ", by), *marks, settled, kind="warn" if open_still else "")


def _points(made: Judgement) -> str:
    return figure(plain(made.points or Fraction(0)))


def _said(which: str, made: Judgement) -> Html:
    text = f": {' / '.join(map(recorded, made.told.splitlines()))}" if made.told else ""
    return el("p", el("b", which), text)


def _settle(visit: Visit, assignment: Assignment, question: Question, each: Compared, number: int) -> Html:
    of, first = str(number), each.settled or each.first
    names = [
        ("first", tr("{who}'s, {points} points", who=first.who, points=_points(first))),
        ("second", tr("{who}'s, {points} points", who=each.second.who, points=_points(each.second))),
        ("other", tr("other points")),
    ]
    inside = form(
        visit,
        f"/m/{assignment.id}/{question.id}/{number}/settle",
        el("input", type="hidden", name="seen", value=f"{first.id} {each.second.id}"),
        choice(tr("Which mark stands?"), "choice", names, of=of),
        field(tr("Other points"), "points", of=of, inputmode="decimal", autocomplete="off"),
        area(tr("Comment (the student reads it; empty leaves the reader's)"), "comment", of=of, maxlength=MOST_COMMENT),
        button(tr("Settle")),
    )
    return el("details", el("summary", tr("Settle")), el("div", inside, class_="inside"), open=not each.settled)


def settle_difference(visit: Visit) -> Response:
    """Decide which of two marks stands."""
    assignment, question, person = visit.assignment, question_of(visit), person_of(visit)
    seen = visit.given("seen").split()
    if len(seen) != 2 or not all(part.isascii() and part.isdecimal() and len(part) < 16 for part in seen):
        raise UsageError(tr("this form is not whole; open the page again"))
    ids = int(seen[0]), int(seen[1])
    there = [each for each in compared(history(visit, assignment, question.id)) if each.student == person.id]
    pair = next((each for each in there if ids == ((each.settled or each.first).id, each.second.id)), None)
    if pair is None:
        raise UsageError(tr("one of the two marks was changed meanwhile; open the page again"))
    wanted = Settling(
        visit.given("choice"), visit.given("points", 30), visit.given("comment", MOST_COMMENT + 1), visit.me.id, ids
    )
    with Store.open(visit.portal.paths.record) as store:
        made = settle(store, assignment, pair.first.about, wanted)
    points = f"{plain(made.points or Fraction(0))} points"
    note = f"settled {question.id} of {person.id}, {assignment.id}: {points}"
    visit.portal.database.note(visit.me.id, note, made.told)
    visit.portal.now.hurry()
    return RedirectResponse(f"/m/{assignment.id}/{question.id}/agreement", 303)
