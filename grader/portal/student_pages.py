"""What a student sees: assignments, handing in, receipts, and as much of the result as the course shows now."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.responses import RedirectResponse, Response

from grader.collect.times import late_minutes, shown_late
from grader.course.scheme import plain
from grader.course.showing import Shown
from grader.errors import SubmissionError
from grader.feedback.standing import standing
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.pages.markup import Html, badge, cell, el, heading, joined, number, table, within
from grader.portal.competitions import entry_pages
from grader.portal.database import now
from grader.portal.frame import box, button, form, moment, page
from grader.portal.hand_ins import HandedIn
from grader.portal.public_checks import shown as public_checks
from grader.portal.visit import NotThere, Visit
from grader.schema import Assignment, Status

COLUMNS = (mark("assignment"), mark("deadline"), mark("handed in"), mark("state"), mark("result"))
OF_A_PART = (" ", "ok ", "-- ", "by hand ")  # begins what `validate` says of a question or a cell, not of the file
ENDED = {  # of an attempt of which no more is shown
    Status.GRADED: mark("graded"),
    Status.UNREADABLE: mark("unreadable"),
    Status.DEFERRED: mark("deferred"),
    Status.OUTDATED: mark("outdated"),
}


def assignments(visit: Visit) -> Response:
    """Everything that is to be handed in, what is due next, and where the student stands."""
    state, student = visit.portal.now.state, visit.me.id
    head = el("tr", *(heading(tr(text)) for text in COLUMNS))
    rows = [list(_row(visit, each)) for each in state.assignments.values()]
    due = _next_due(visit)
    return page(
        visit,
        tr("Assignments"),
        el("p", due) if due else None,
        table([head], rows),
        entry_pages.overview(visit),
        *_standing(visit, student),
    )


def _next_due(visit: Visit) -> Html | None:
    state, student = visit.portal.now.state, visit.me.id
    times = [(visit.portal.access.deadline(student, name), name) for name in state.assignments]
    coming = sorted((time, name) for time, name in times if time and time > now())
    if not coming:
        return None
    time, name = coming[0]
    link = el("a", name, href=f"/a/{name}")
    return within(tr("Due next: {assignment}, {time}"), assignment=link, time=moment(time, state.course.timezone))


def _row(visit: Visit, assignment: Assignment) -> Iterator[Html]:
    portal, student = visit.portal, visit.me.id
    timezone = portal.now.state.course.timezone
    deadline = portal.access.deadline(student, assignment.id)
    newest = next(iter(portal.hand_ins.of(student, assignment.id)), None)
    there = portal.now.state.handed_in.get(assignment.id, {}).get(student)
    told = portal.now.state.times.get(assignment.id, {}).get(student)
    link = el("a", assignment.id, href=f"/a/{assignment.id}")
    yield el("th", link, " ", el("span", assignment.title, class_="dim"), scope="row")
    yield cell(moment(deadline, timezone) if deadline else tr("none"))
    if newest:
        yield cell(within(tr("{time}, receipt {number}"), time=moment(newest.received, timezone), number=newest.number))
    elif there:
        yield cell(moment(told.time, timezone) if told and told.time else tr("by a teammate, or elsewhere"))
    else:
        yield cell(tr("nothing yet"))
    yield cell(_place(visit, assignment))
    yield cell(_result(visit, assignment))


def _place(visit: Visit, assignment: Assignment) -> str:
    """Where the newest hand-in is, also of what the staff collected elsewhere."""
    portal, student = visit.portal, visit.me.id
    place = portal.place(student, assignment.id)
    if place is not None:
        return place.text
    if student not in portal.now.state.handed_in.get(assignment.id, {}):
        return tr("nothing was handed in here")
    if not portal.sees(student, assignment.id, Shown.ACCEPTED):
        return tr("handed in")
    attempt = portal.now.state.record.attempts.get((student, assignment.id))
    return tr(ENDED[attempt.status]) if attempt else tr("waiting to be graded")


def _result(visit: Visit, assignment: Assignment) -> Html | str:
    student = visit.me.id
    shown = visit.portal.access.shown(student, assignment.id)
    if shown < Shown.POINTS:
        return tr("not published")
    book = visit.portal.now.book(visit.portal.access.visible(student))
    line = next((line for line in book.lines if line.student.id == student), None) if book else None
    items = [item for part in line.mark.components for item in part.items] if line else []
    item = next((item for item in items if item.item == assignment.id), None)
    points = ""
    if item and item.raw is not None:
        earned, worth = figure(plain(item.entry.points)), figure(plain(item.entry.max_points))
        points = tr("{points} of {worth}", points=earned, worth=worth)
    return el("a", points or tr("see"), href=f"/a/{assignment.id}/result")


def _standing(visit: Visit, student: str) -> Iterator[Html]:
    """Where the student stands, by what is shown: the words and figures of the feedback pages."""
    visible = visit.portal.access.visible(student)
    book = visit.portal.now.book(visible) if visible else None
    line = next((line for line in book.lines if line.student.id == student), None) if book else None
    if line is None:
        return
    said: set[str] = set()
    for name in sorted(visible):
        stands = standing(name, line)
        if stands is None or stands.heading in said:
            continue
        said.add(stands.heading)
        numbers = [heading(tr("points"), "n"), heading("%", "n")]
        more = [heading(tr("late")), heading(tr("counts?")), heading(tr("note"))]
        head = el("tr", heading(tr("assignment")), *numbers, *more)
        rows = [
            [
                el("th", row.item, scope="row"),
                number(row.points if row.item in visible else "\u2013"),
                number(row.percent if row.item in visible else ""),
                cell(row.late),
                cell(row.counts if row.item in visible else tr("open")),
                cell(row.note if row.item in visible else tr("not published")),
            ]
            for row in stands.rows
        ]
        yield el("section", el("h2", stands.heading), table([head], rows), el("p", stands.result))
    yield el("p", el("a", tr("What if: what the marks still to come must bring"), href="/what-if"))


# ---------------------------------------------------------------------------------------------------- one assignment


def assignment(visit: Visit) -> Response:
    """Where an assignment is handed in, and what was handed in before."""
    portal, student, asked = visit.portal, visit.me.id, visit.assignment
    timezone = portal.now.state.course.timezone
    deadline = portal.access.deadline(student, asked.id)
    when = within(tr("Deadline: {time}"), time=moment(deadline, timezone)) if deadline else tr("There is no deadline.")
    state = [el("p", el("b", tr("State: ")), el("span", _place(visit, asked))), _checks_line(visit, asked)]
    live = el("div", *state, id="live", data_stream=f"/a/{asked.id}/state", role="status", aria_live="polite")
    sees = portal.sees(student, asked.id, Shown.POINTS)
    result = el("p", el("a", tr("Your result"), href=f"/a/{asked.id}/result")) if sees else None
    return page(
        visit,
        f"{asked.id}: {asked.title}",
        el("p", when),
        _late_warning(visit, asked),
        live,
        result,
        el("h2", tr("Hand in")),
        _upload_form(visit, asked),
        *_history(visit, asked),
    )


def _checks_line(visit: Visit, asked: Assignment) -> Html | None:
    """How the public checks of the newest hand-in ended, with the way to each."""
    newest = next(iter(visit.portal.hand_ins.of(visit.me.id, asked.id)), None)
    said = public_checks.line(visit, newest)
    if newest is None or not said:
        return None
    return el(
        "p", el("b", tr("Public checks: ")), el("a", said, href=f"/receipt/{newest.number}#public-checks", id="checks")
    )


def _late_warning(visit: Visit, asked: Assignment) -> Html | None:
    deadline = visit.portal.access.deadline(visit.me.id, asked.id)
    late = late_minutes(now(), deadline)
    if not late:
        return None
    text = tr(
        "The deadline passed {time} ago. What you hand in now counts in place of what you handed in "
        "before, and counts as late. The same file once more changes nothing.",
        time=shown_late(late),
    )
    return box(el("p", text), kind="warn")


def _upload_form(visit: Visit, asked: Assignment) -> Html:
    most = visit.portal.now.state.course.showing(asked.id).most_mib
    accept = ".ipynb,.py,.zip"
    given = el("input", type="file", name="file", id="f-file", accept=accept, required="required")
    text = tr(
        "A notebook (.ipynb), a .py file, or the zip of grader pack; at most {n} MiB. Nothing counts yet.", n=most
    )
    return form(
        visit,
        f"/a/{asked.id}/upload",
        el("p", el("label", tr("Your notebook"), for_="f-file"), given, class_="field"),
        el("p", text, class_="dim small"),
        button(tr("Look at it")),
        files=True,
        class_="drop",
    )


def _history(visit: Visit, asked: Assignment) -> Iterator[Html]:
    there = visit.portal.hand_ins.of(visit.me.id, asked.id)
    if not there:
        return
    timezone = visit.portal.now.state.course.timezone
    heads = (tr("receipt"), tr("file"), tr("received"), tr("late"), "")
    head = el("tr", *map(heading, heads))
    rows = [list(_history_row(visit, each, place == 0, timezone)) for place, each in enumerate(there)]
    yield el("section", el("h2", tr("What you handed in")), table([head], rows))


def _history_row(visit: Visit, hand_in: HandedIn, counts: bool, timezone: str) -> Iterator[Html]:
    late = late_minutes(hand_in.received, visit.portal.access.deadline(hand_in.student, hand_in.assignment))
    yield el("th", el("a", hand_in.number, href=f"/receipt/{hand_in.number}"), scope="row")
    yield cell(el("bdi", hand_in.filename))
    yield cell(moment(hand_in.received, timezone))
    yield cell(shown_late(late) if late else "")
    if counts or not may_choose(visit, hand_in.assignment):
        yield cell(badge(tr("counts"), "good") if counts else "")
        return
    words = joined(
        [tr("Count this one"), el("span", f", {tr('receipt {number}', number=hand_in.number)}", class_="small")]
    )
    yield cell(form(visit, f"/receipt/{hand_in.number}/count", button(words, class_="quiet")))


def may_choose(visit: Visit, assignment: str) -> bool:
    """Whether the student may say now which hand-in counts: not by points that are seen."""
    allowed = visit.portal.now.state.course.showing(assignment).choose
    return allowed and not visit.portal.sees(visit.me.id, assignment, Shown.POINTS)


def upload(visit: Visit) -> Response:
    """Keep what was uploaded and say what was found in it. Nothing counts yet."""
    if visit.uploaded is None or not visit.uploaded.filename:
        raise SubmissionError(tr("no file was chosen; go back, choose your notebook, and press the button again"))
    up = visit.uploaded
    draft = visit.portal.hand_ins.draft(visit.me.id, visit.assignment.id, up.filename, up.stream, up.received)
    return RedirectResponse(f"/a/{draft.assignment}/draft/{draft.id}", 303)


def draft(visit: Visit) -> Response:
    """What was found in an upload, and the button that hands it in."""
    found = visit.portal.hand_ins.find_draft(visit.me.id, visit.request.path_params["draft"])
    if found is None or found.assignment != visit.assignment.id:
        raise NotThere(tr("no such upload of yours"))
    whole = [line for line in found.words if not line.startswith(OF_A_PART)]
    parts = [_word(line) for line in found.words if line not in whole]
    facts = tr("{file}: {n} bytes, sha256 {sha256}, received {time}")
    about = within(
        facts,
        file=el("bdi", found.filename),
        n=found.size_bytes,
        sha256=found.sha256,
        time=moment(found.received, visit.portal.now.state.course.timezone),
    )
    here = f"/a/{found.assignment}/draft/{found.id}"
    return page(
        visit,
        tr("Not handed in yet"),
        box(
            *(el("p", recorded(line)) for line in whole),
            el("p", el("b", tr("It counts when you press the button."))),
            kind="warn",
        ),
        form(visit, here, button(tr("Hand in"))),
        el("p", el("a", tr("Upload another file"), href=f"/a/{found.assignment}")),
        el("h2", tr("What was found")) if parts else None,
        el("ul", *parts, class_="words") if parts else None,
        el("p", about),
    )


def _word(line: str) -> Html:
    kind = "good" if line.startswith("ok ") else "bad" if line.startswith("-- ") else ""
    return el("li", recorded(line.strip()), class_=kind)


def hand_in(visit: Visit) -> Response:
    """Hand in an upload; the answer comes when it is on the disk."""
    found = visit.portal.hand_ins.find_draft(visit.me.id, visit.request.path_params["draft"])
    if found is None or found.assignment != visit.assignment.id:
        raise NotThere(tr("no such upload of yours"))
    made = visit.portal.hand_ins.hand_in(found)
    visit.portal.recorder.wake()
    return RedirectResponse(f"/receipt/{made.number}", 303)
