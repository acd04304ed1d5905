"""Asking about a mark, and the inbox in which that is answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from starlette.responses import RedirectResponse, Response

from grader.course.showing import Shown
from grader.course.staff import Role
from grader.errors import UsageError
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.pages.markup import Html, badge, cell, el, heading, joined, number, table, within
from grader.portal import requests_box as requests
from grader.portal.frame import area, box, button, choice, field, form, moment, page
from grader.portal.result_page import feedback_for
from grader.portal.staff_attempt import record_change, wanted_change
from grader.portal.staff_table import attempt_address
from grader.portal.visit import NotThere, Visit
from grader.schema import WHOLE, Assignment

LONGEST = 2000
LOCK = threading.Lock()  # two answers at once, or one sent twice: the second grants nothing


def ask_page(visit: Visit) -> Response:
    """A form for a question about a mark; only about what is shown."""
    asked = _shown(visit)
    names = [(each.id, f"{each.id} {each.title}") for each in asked.questions]
    chosen = visit.request.query_params.get("question", "")
    return page(
        visit,
        tr("Ask about {assignment}", assignment=asked.id),
        el("p", tr("Say which check or comment you mean, and why you think it is wrong. The staff answers here.")),
        form(
            visit,
            f"/a/{asked.id}/ask",
            choice(tr("About"), "question", [*names, (WHOLE, tr("the whole assignment"))], chosen),
            choice(tr("Check"), "about", [("", tr("no single one")), *_checks(visit, asked)]),
            area(tr("Your question"), "text", required="required", maxlength=LONGEST),
            button(tr("Ask")),
        ),
    )


def _shown(visit: Visit) -> Assignment:
    asked = visit.assignment
    if not visit.portal.sees(visit.me.id, asked.id, Shown.POINTS):
        raise UsageError(tr("the result is not published yet; there is nothing to ask about"))
    return asked


def _checks(visit: Visit, asked: Assignment) -> list[tuple[str, str]]:
    """The checks that the student's own page names; no others."""
    if not visit.portal.sees(visit.me.id, asked.id, Shown.FEEDBACK):
        return []
    told = feedback_for(visit, asked, visit.me.id)
    parts = told.questions if told else ()
    found = [f"{part.question.id}: {name}" for part in parts for each in part.findings for name in each.checks]
    return [(name, name) for name in dict.fromkeys(found)]


def ask(visit: Visit) -> Response:
    asked, text = _shown(visit), visit.needed("text", tr("write what you want to ask"))
    question, about = visit.given("question"), visit.given("about", 300)
    if question not in (WHOLE, *(each.id for each in asked.questions)):
        raise UsageError(tr("which question is it about?"))
    if about and about not in {name for name, _ in _checks(visit, asked)}:
        raise UsageError(tr("your page has no such check; choose one of the list"))
    most = visit.portal.now.state.course.showing(asked.id).requests
    requests.ask(visit.portal.database, most, visit.me.id, asked.id, question, about, text[:LONGEST])
    return RedirectResponse("/requests", 303)


def inbox(visit: Visit) -> Response:
    """A student's own requests; for the staff everybody's."""
    if visit.me.role is Role.STUDENT:
        mine = requests.of_student(visit.portal.database, visit.me.id)
        shown = [_entry(visit, each) for each in mine] or [el("p", tr("You asked nothing yet."))]
        return page(visit, tr("Your requests"), *shown)
    waiting = requests.open_requests(visit.portal.database)
    done = requests.answered(visit.portal.database)
    return page(
        visit,
        tr("Requests"),
        *([_entry(visit, each) for each in waiting] or [el("p", tr("Nothing waits for an answer."))]),
        *_counted(visit),
        el("h2", tr("Answered")) if done else None,
        *(_entry(visit, each) for each in done),
    )


def _counted(visit: Visit) -> Iterator[Html]:
    counted = requests.counts(visit.portal.database)
    if not counted:
        return
    head = el(
        "tr", heading(tr("assignment")), heading(tr("question")), heading(tr("check")), heading(tr("requests"), "n")
    )
    rows = [
        [cell(name), cell(question), cell(about or tr("none named")), number(n)] for name, question, about, n in counted
    ]
    yield el("section", el("h2", tr("Asked about most")), table([head], rows))


def _entry(visit: Visit, each: requests.Asked) -> Html:
    staff = visit.me.role.is_staff
    who = el("a", each.student, href=attempt_address(each.assignment, each.student)) if staff else None
    state = badge(tr("open"), "warn") if each.open else badge(tr("granted") if each.granted else tr("answered"), "good")
    what = f"{each.assignment} {each.question}{f', {each.about}' if each.about else ''}"
    when = moment(each.made, visit.portal.now.state.course.timezone)
    lines: list[object] = [el("p", state, " ", el("b", what), " ", who, " ", when), el("p", each.text, class_="said")]
    if each.answer is not None:
        lines.append(el("p", el("b", tr("Answer: ")), each.answer))
        if each.granted or not _read_by_people(visit, each):
            change = recorded(each.granted or "") or tr("nothing")
            lines.append(el("p", tr("What it changed: {change}", change=change), class_="dim"))
    if each.open and staff:
        lines.append(el("details", el("summary", tr("Answer")), el("div", _answer_form(visit, each), class_="inside")))
    return box(joined(lines), kind="warn" if each.open else "good")


def _read_by_people(visit: Visit, each: requests.Asked) -> bool:
    """Whether it is about a question whose mark a person gives."""
    assignment = visit.portal.now.state.assignments.get(each.assignment)
    return assignment is not None and any(it.id == each.question and it.manual for it in assignment.questions)


def _answer_form(visit: Visit, each: requests.Asked) -> Html:
    granted = tr("Grant it: points to add (+1.5); empty for none")
    return form(
        visit,
        f"/requests/{each.id}/answer",
        el("input", type="hidden", name="question", value=each.question),
        area(tr("Answer (the student reads it)"), "text", required="required", maxlength=LONGEST),
        _to_marking(each)
        if _read_by_people(visit, each)
        else field(granted, "points", inputmode="decimal", autocomplete="off"),
        button(tr("Send")),
    )


def _to_marking(each: requests.Asked) -> Html:
    """Where such a mark is changed: the question's page, which names nobody while names are hidden."""
    papers = el("a", tr("its papers"), href=f"/m/{each.assignment}/{each.question}")
    return el("p", within(tr("A person gives this question's points: they are changed at {papers}."), papers=papers))


def answer(visit: Visit) -> Response:
    """Answer a request, and grant it where points are given: as a change by hand, with the answer as its reason."""
    with LOCK:
        return _answered(visit)


def _answered(visit: Visit) -> Response:
    database = visit.portal.database
    each = requests.find(database, visit.request.path_params["request"])
    assignments = visit.portal.now.state.assignments
    if each is None or each.assignment not in assignments:
        raise NotThere(tr("no such request"))
    if not each.open:
        raise UsageError(tr("this request was answered already"))
    text, points = visit.needed("text", tr("write an answer: the student reads it"))[:LONGEST], visit.given("points")
    if points:
        assignment = assignments[each.assignment]
        record_change(visit, assignment, wanted_change(visit, assignment, each.student, "add", points, text))
    requests.answer(database, each.id, text, f"{points} points in {each.question}" if points else "", visit.me.id)
    database.note(visit.me.id, f"answered request {each.id} of {each.student}", text)
    return RedirectResponse("/requests", 303)
