"""The board: how far each assignment is, what is being graded, what stands in the way; stop and go on."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.responses import RedirectResponse, Response

from grader.course.staff import Role
from grader.languages.recorded import recorded
from grader.languages.translating import ENGLISH, spoken, tr, trn
from grader.pages.markup import Html, badge, cell, el, heading, joined, number, table, within
from grader.portal.competitions import entry_pages
from grader.portal.frame import box, button, form, moment, page
from grader.portal.live import moving
from grader.portal.marking.sheets import attempts, marked_students
from grader.portal.requests_box import open_requests
from grader.portal.visit import Visit
from grader.schema import Assignment, Status
from grader.terminal.endings import ended, not_graded


def board(visit: Visit) -> Response:
    """Where everything stands now."""
    state = visit.portal.now.state
    counted = (tr("on the roster"), tr("handed in"), *map(ended, (Status.GRADED, Status.UNREADABLE, Status.DEFERRED)))
    columns = [heading(name, "n") for name in (*counted, not_graded())]
    head = el("tr", heading(tr("assignment")), heading(tr("deadline")), *columns, heading(tr("marks")))
    rows = [list(_row(visit, each)) for each in state.assignments.values()]
    waiting = len(open_requests(visit.portal.database))
    asked = el("p", el("a", trn("{n} open request", "{n} open requests", waiting), href="/requests"))
    also = entry_pages.overview(visit)
    return page(visit, tr("Board"), *_troubles(visit), table([head], rows), asked, *_queue(visit), also, wide=True)


def _troubles(visit: Visit) -> Iterator[Html]:
    portal = visit.portal
    for what, text in (
        (tr("Hand-ins are kept, and not on record yet"), portal.recorder.trouble),
        (tr("Nothing is graded now"), portal.queue.trouble),
        (tr("Public checks are not run now"), portal.public_checks.trouble),
        (tr("The tables cannot be read; what was read before is shown"), portal.now.trouble),
    ):
        if text:
            yield box(el("p", el("b", what), f": {recorded(text)}"), kind="bad")


def _row(visit: Visit, assignment: Assignment) -> Iterator[Html]:
    portal, state = visit.portal, visit.portal.now.state
    handed_in = state.handed_in.get(assignment.id, {})
    roster = {person.id for person in portal.people.of(Role.STUDENT)}
    attempts = [attempt for (who, what), attempt in state.record.attempts.items() if what == assignment.id]
    counts = {status: sum(each.status is status for each in attempts) for status in Status}
    deadline = state.course.deadlines.get(assignment.id)
    publication = portal.access.publication(assignment.id)
    link = el("a", assignment.id, href=f"/s/{assignment.id}")
    yield el("th", link, " ", el("span", assignment.title, class_="dim"), scope="row")
    yield cell(moment(deadline, state.course.timezone) if deadline else tr("none"))
    yield number(len(roster))
    yield number(len(roster & set(handed_in)))
    yield number(counts[Status.GRADED])
    yield number(counts[Status.UNREADABLE])
    yield number(counts[Status.DEFERRED])
    yield number(len(set(handed_in) - {attempt.student for attempt in attempts}))
    marks = badge(tr("published"), "good") if publication and publication.published else tr("not published")
    to_mark = _to_mark(visit, assignment)
    where = el("a", tr("{n} to mark", n=to_mark), href=f"/m/{assignment.id}") if to_mark else None
    yield cell(joined([marks, ", ", where]) if where else marks)


def _to_mark(visit: Visit, assignment: Assignment) -> int:
    """How many answers wait for somebody who marks them."""
    there = attempts(visit, assignment) if assignment.manual else {}
    marked = [marked_students(visit, assignment, question.id) for question in assignment.manual]
    return sum(len(there.keys() - students) for students in marked)


def _queue(visit: Visit) -> Iterator[Html]:
    queue, now = visit.portal.queue, moving(visit.portal)
    yield el("h2", tr("Grading now"))
    running = [el("li", text) for text in now["running"]] or [el("li", tr("Nothing is being graded."))]
    waiting = el(
        "p",
        within(
            tr("{waiting} wait, {slots} at a time."),
            waiting=el("span", now["waiting"], id="waiting"),
            slots=queue.slots,
        ),
    )
    words = {} if spoken().code == ENGLISH else {"data_nothing": tr("Nothing is being graded.")}  # what the script says
    inside = (el("ul", *running, id="running"), waiting)
    yield el("div", *inside, id="board", data_stream="/board/state", role="status", **words)
    if queue.paused:
        yield el("p", tr("Stopped: what waits stays where it is."))
    word, text = ("resume", tr("Go on")) if queue.paused else ("pause", tr("Stop after those that are running"))
    yield form(visit, f"/board/{word}", button(text, class_="quiet"))


def pause(visit: Visit) -> Response:
    visit.portal.queue.paused = True
    visit.portal.database.note(visit.me.id, "stopped grading", "")
    return RedirectResponse("/", 303)


def resume(visit: Visit) -> Response:
    visit.portal.queue.paused = False
    visit.portal.queue.wake()
    visit.portal.database.note(visit.me.id, "let grading go on", "")
    return RedirectResponse("/", 303)
