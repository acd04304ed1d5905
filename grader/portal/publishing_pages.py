"""Publishing marks and taking them back, who has read them, the log, the report."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

from starlette.responses import HTMLResponse, RedirectResponse, Response

from grader.course.showing import Shown
from grader.course.staff import Role
from grader.dashboard.links import SHEET
from grader.feedback.page import feedback_body
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.pages.markup import Html, badge, cell, el, heading, table, within
from grader.portal.database import read
from grader.portal.frame import box, button, field, form, moment, page
from grader.portal.guards import POLICY
from grader.portal.marking.sheets import refuse_blind
from grader.portal.result_page import feedback_for
from grader.portal.still_open import still_open
from grader.portal.visit import NotThere, Visit
from grader.schema import Assignment

LOGGED = 500
_OWN = {kind: re.compile(rf"<{kind}>(.*?)</{kind}>", re.DOTALL) for kind in ("style", "script")}


def publish_page(visit: Visit) -> Response:
    """Every assignment: whether its marks are published, what students see of it, who has read theirs."""
    sections = [_section(visit, each) for each in visit.portal.now.state.assignments.values()]
    return page(visit, tr("Publish"), *sections)


def _section(visit: Visit, assignment: Assignment) -> Html:
    portal, state = visit.portal, visit.portal.now.state
    publication = portal.access.publication(assignment.id)
    on = publication is not None and publication.published
    showing = state.course.showing(assignment.id)
    rule = tr(
        "Students see {before} at first, and {after} ({when}).",
        before=recorded(showing.before.words),
        after=recorded(showing.after.words),
        when=tr("when published") if showing.when.value == "published" else showing.when.value,
    )
    students = portal.people.of(Role.STUDENT)
    readers = portal.access.read_by(assignment.id)
    attempts = [who for who, what in state.record.attempts if what == assignment.id]
    graded = tr("{n} of {students} are graded.", n=len(attempts), students=len(students))
    lines = [el("p", badge(tr("published"), "good") if on else badge(tr("not published")), " ", rule), el("p", graded)]
    if publication is not None:
        when = moment(publication.made, state.course.timezone)
        sentence = tr("By {who}, {when}: {reason}") if publication.reason else tr("By {who}, {when}")
        made = within(sentence, who=publication.who, when=when, reason=publication.reason)
        lines.append(el("p", made, class_="dim"))
    rest = still_open(visit, assignment)
    lines += [_still_open(rest)] if rest else []
    word, text = (
        ("withdraw", tr("Take back")) if on else ("publish", tr("Publish all the same") if rest else tr("Publish"))
    )
    why = tr("Why? The log keeps it") if on else tr("A note for the log")
    needed = {"required": "required"} if on else {}
    lines.append(form(visit, f"/publish/{assignment.id}/{word}", field(why, "reason", **needed), button(text)))
    unread = [person.id for person in students if person.id not in readers]
    told = tr("{n} of {students} students have read theirs", n=len(readers), students=len(students))
    lines.append(
        el(
            "details",
            el("summary", told),
            el("div", el("p", tr("Not yet: {students}", students=", ".join(unread))), class_="inside"),
        )
    )
    return el("section", el("h2", f"{assignment.id}: {assignment.title}"), *lines)


def _still_open(rest: Sequence[tuple[str, str]]) -> Html:
    """What is not done yet, each with the way to where it is done."""
    items = [el("li", el("a", text, href=to)) for text, to in rest]
    return box(
        el(
            "p",
            within(
                tr("{what}; what comes of it later is seen as soon as it is there:"), what=el("b", tr("Not done yet"))
            ),
        ),
        el("ul", *items),
        kind="warn",
    )


def publish(visit: Visit) -> Response:
    visit.portal.access.publish(visit.assignment.id, True, visit.given("reason", 1000), visit.me.id)
    return RedirectResponse("/publish", 303)


def withdraw(visit: Visit) -> Response:
    reason = visit.needed("reason", tr("why are the marks taken back? Write a reason: the log keeps it"))
    visit.portal.access.publish(visit.assignment.id, False, reason[:1000], visit.me.id)
    return RedirectResponse("/publish", 303)


def log_page(visit: Visit) -> Response:
    """Everything that staff changed here, the newest first."""
    rows = visit.portal.database.select("SELECT made, who, what, about FROM log ORDER BY id DESC LIMIT ?", LOGGED)
    timezone = visit.portal.now.state.course.timezone
    head = el("tr", *(heading(name) for name in (tr("when"), tr("who"), tr("what"), tr("reason"))))
    shown = [
        [cell(moment(read(made), timezone)), cell(who), cell(what), cell(about)] for made, who, what, about in rows
    ]
    return page(visit, tr("Log"), table([head], shown) if shown else el("p", tr("Nothing was changed here yet.")))


def as_student(visit: Visit) -> Response:
    """The feedback page of a student, as it is when everything is published."""
    refuse_blind(visit, visit.assignment)
    told = feedback_for(visit, visit.assignment, visit.student.id, frozenset(visit.portal.now.state.assignments))
    if told is None:
        raise NotThere(tr("nothing was handed in"))
    now = visit.portal.access.shown(visit.student.id, visit.assignment.id)
    seen = tr("The student sees {what} now.", what=recorded(now.words))
    note = seen if now < Shown.FEEDBACK else tr("The student sees this.")
    return page(
        visit, tr("What the student reads"), box(el("p", note)), feedback_body(told), sheets=("feedback",), headed=False
    )


def report(visit: Visit) -> Response:
    """The pages of `grader report`, made when they are asked for."""
    for assignment in visit.portal.now.state.assignments.values():
        refuse_blind(visit, assignment)
    pages = visit.portal.report()
    name = visit.request.path_params["page"]
    if name not in pages:
        raise NotThere(tr("the report has no such page"))
    if name == SHEET:
        return Response(pages[name], media_type="text/css")
    return own_style(pages[name])


def own_style(text: str) -> Response:
    """A page that brings style rules and a script: allowed by their digests, beside the sheet of all pages."""
    style, script = (_digests(found.findall(text)) for found in (_OWN["style"], _OWN["script"]))
    policy = POLICY.format(style=" ".join(["'self'", *style]), script=" ".join(script) or "'none'")
    return HTMLResponse(text, headers={"content-security-policy": policy})


def _digests(texts: list[str]) -> list[str]:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
