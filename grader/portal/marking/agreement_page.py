"""How far two readers of one question agree, answer by answer; differences are settled here, by instructors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from starlette.responses import RedirectResponse, Response

from grader.bookkeeping.judging import MOST_COMMENT, Settling, settle
from grader.course.scheme import plain
from grader.errors import UsageError
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
    kappas = f"kappa {_digits(found.kappa)}, quadratic weighted kappa {_digits(found.weighted_kappa)}"
    exact = round(float(found.exact) * 100)
    mean = f"second minus first {float(found.mean_difference):+.2f} of {plain(worth)} points in the mean"
    apart = f"{float(found.mean_distance):.2f} apart; {exact} % equal"
    return f"{found.pairs} answers read twice; {mean}, {apart}; {kappas}"


def _digits(value: Fraction | None) -> str:
    return "not defined (all marks alike)" if value is None else f"{float(value):.2f}"


def agreement_page(visit: Visit) -> Response:
    """Every answer that was read twice; those that differ first."""
    assignment, question = visit.assignment, question_of(visit)
    pairs = compared(history(visit, assignment, question.id))
    told = in_words(pairs, question.points) or "No answer was marked by two readers yet."
    numbers = papers.numbers(visit.portal.database, assignment.id, [each.student for each in pairs])
    back = el("nav", el("a", f"Marking of {assignment.id}", href=f"/m/{assignment.id}"), aria_label="Marking")
    waiting = sorted(pairs, key=lambda each: (each.settled is not None, not each.differs, numbers[each.student]))
    shown = [_pair(visit, assignment, question, each, numbers[each.student]) for each in waiting]
    return page(visit, f"{assignment.id} {question.id}: two readers", back, el("p", told), *_meaning(), *shown)


def _meaning() -> Iterator[Html]:
    text = (
        "Kappa is 1 where two readers always agree and 0 where they agree as often as chance would; the weighted one "
        "counts a difference by its square. The first reader's mark counts until you settle a difference."
    )
    yield el("p", text, class_="dim small")


def _pair(visit: Visit, assignment: Assignment, question: Question, each: Compared, number: int) -> Html:
    hidden = papers.anonymous(visit.portal.database, assignment.id)
    person = visit.portal.people.find("student", each.student)
    whose = f"Paper {number}" + (f", {person.called}" if person and not hidden else "")
    link = el("a", whose, href=f"/m/{assignment.id}/{question.id}/{number}")
    open_still = each.differs and each.settled is None
    by = f"by {each.settled.who}: {plain(each.settled.points or Fraction(0))} points" if each.settled else ""
    state = badge("differs", "warn") if open_still else badge("settled" if each.settled else "equal", "good")
    marks = [_said("First", each.first), _said("Second", each.second)]
    settled = _settle(visit, assignment, question, each, number) if each.differs else None
    return box(el("p", link, " ", state, " ", by), *marks, settled, kind="warn" if open_still else "")


def _said(which: str, made: Judgement) -> Html:
    text = f": {' / '.join(made.told.splitlines())}" if made.told else ""
    return el("p", el("b", f"{which}, {made.who}: {plain(made.points or Fraction(0))} points"), text)


def _settle(visit: Visit, assignment: Assignment, question: Question, each: Compared, number: int) -> Html:
    of, first = str(number), each.settled or each.first
    names = [
        ("first", f"{first.who}'s, {plain(first.points or Fraction(0))} points"),
        ("second", f"{each.second.who}'s, {plain(each.second.points or Fraction(0))} points"),
        ("other", "other points"),
    ]
    inside = form(
        visit,
        f"/m/{assignment.id}/{question.id}/{number}/settle",
        el("input", type="hidden", name="seen", value=f"{first.id} {each.second.id}"),
        choice("Which mark stands?", "choice", names, of=of),
        field("Other points", "points", of=of, inputmode="decimal", autocomplete="off"),
        area("Comment (the student reads it; empty leaves the reader's)", "comment", of=of, maxlength=MOST_COMMENT),
        button("Settle"),
    )
    return el("details", el("summary", "Settle"), el("div", inside, class_="inside"), open=not each.settled)


def settle_difference(visit: Visit) -> Response:
    """Decide which of two marks stands."""
    assignment, question, person = visit.assignment, question_of(visit), person_of(visit)
    seen = visit.given("seen").split()
    if len(seen) != 2 or not all(part.isascii() and part.isdecimal() and len(part) < 16 for part in seen):
        raise UsageError("this form is not whole; open the page again")
    ids = int(seen[0]), int(seen[1])
    there = [each for each in compared(history(visit, assignment, question.id)) if each.student == person.id]
    pair = next((each for each in there if ids == ((each.settled or each.first).id, each.second.id)), None)
    if pair is None:
        raise UsageError("one of the two marks was changed meanwhile; open the page again")
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
