"""What programs ask of the portal, in JSON: the facts of the pages, by the same rules. Each docstring is its help."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from grader.collect.times import late_minutes
from grader.course.scheme import plain
from grader.course.showing import Shown
from grader.errors import SubmissionError
from grader.feedback.parts import Feedback, Remark
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.portal import requests_box
from grader.portal.hand_ins import Draft, HandedIn
from grader.portal.public_checks.shown import for_programs
from grader.portal.result_page import feedback_for
from grader.portal.staff_table import Row, chosen_rows
from grader.portal.visit import NotThere, Visit
from grader.schema import Assignment


def me(visit: Visit) -> Response:
    """Whose token it is."""
    return JSONResponse({"id": visit.me.id, "role": visit.me.role.value, "name": visit.me.name})


def assignments(visit: Visit) -> Response:
    """Every assignment with its deadline, and where your own hand-in is."""
    found = visit.portal.now.state.assignments.values()
    return JSONResponse({"assignments": [_assignment(visit, each) for each in found]})


def _assignment(visit: Visit, assignment: Assignment) -> dict[str, Any]:
    deadline = visit.portal.access.deadline(visit.me.id, assignment.id)
    return {
        "id": assignment.id,
        "title": assignment.title,
        "points": plain(assignment.max_points),
        "deadline": deadline.isoformat() if deadline else None,
        "shown": visit.portal.access.shown(visit.me.id, assignment.id).name.lower(),
        **_state(visit, assignment),
    }


def state(visit: Visit) -> Response:
    """Where your newest hand-in is: received, waiting, running, done, unreadable, deferred or held."""
    return JSONResponse(_state(visit, visit.assignment))


def _state(visit: Visit, assignment: Assignment) -> dict[str, Any]:
    place = visit.portal.place(visit.me.id, assignment.id)
    return {"state": place.word if place else "nothing", "text": place.text if place else ""}


def upload(visit: Visit) -> Response:
    """Upload a file (multipart, field `file`) and hear what is found in it. Nothing counts yet."""
    if visit.uploaded is None or not visit.uploaded.filename:
        raise SubmissionError(tr("no file came with the request; send it as the field `file` of a multipart form"))
    up = visit.uploaded
    draft = visit.portal.hand_ins.draft(visit.me.id, visit.assignment.id, up.filename, up.stream, up.received)
    return JSONResponse(_draft(draft), 201)


def _draft(draft: Draft) -> dict[str, Any]:
    return {
        "draft": draft.id,
        "assignment": draft.assignment,
        "file": draft.filename,
        "bytes": draft.size_bytes,
        "sha256": draft.sha256,
        "received": draft.received.isoformat(timespec="seconds"),
        "found": list(map(recorded, draft.words)),
    }


def hand_in(visit: Visit) -> Response:
    """Hand in an upload. The answer is the receipt; the file is on the course's disk when it comes."""
    draft = visit.portal.hand_ins.find_draft(visit.me.id, visit.request.path_params["draft"])
    if draft is None or draft.assignment != visit.assignment.id:
        raise NotThere(tr("no such upload of yours"))
    made = visit.portal.hand_ins.hand_in(draft)
    visit.portal.recorder.wake()
    return JSONResponse(_receipt(visit, made), 201)


def receipt(visit: Visit) -> Response:
    """One of your receipts, with what its public checks said as far as that is shown."""
    found = visit.portal.hand_ins.find(visit.request.path_params["number"])
    if found is None or found.student != visit.me.id:
        raise NotThere(tr("no such receipt of yours"))
    return JSONResponse(_receipt(visit, found))


def _receipt(visit: Visit, made: HandedIn) -> dict[str, Any]:
    late = late_minutes(made.received, visit.portal.access.deadline(made.student, made.assignment))
    return {
        "receipt": made.number,
        "student": made.student,
        "assignment": made.assignment,
        "file": made.filename,
        "bytes": made.size_bytes,
        "sha256": made.sha256,
        "received": made.received.isoformat(timespec="seconds"),
        "handed_in": made.acknowledged.isoformat(timespec="seconds"),
        "late_minutes": int(late),
        "text": made.receipt,
        "public_checks": for_programs(visit, made),
    }


def result(visit: Visit) -> Response:
    """Your result as far as it is shown now: points by question, what checks found, comments on lines."""
    assignment = visit.assignment
    shown = visit.portal.access.shown(visit.me.id, assignment.id)
    told = feedback_for(visit, assignment, visit.me.id) if shown >= Shown.POINTS else None
    answer: dict[str, Any] = {"assignment": assignment.id, "shown": shown.name.lower()}
    if told is not None:
        visit.portal.access.note_reading(visit.me.id, assignment.id)
        answer |= _told(told, shown)
    return JSONResponse(answer)


def _told(told: Feedback, shown: Shown) -> dict[str, Any]:
    questions = []
    for part in told.questions:
        points = None if part.points is None else plain(part.points)
        entry: dict[str, Any] = {"id": part.question.id, "points": points, "of": plain(part.question.points)}
        if shown >= Shown.FEEDBACK:
            entry["found"] = [
                {"checks": list(each.checks), "lost": plain(each.lost), "text": each.text, "hints": list(each.told)}
                for each in part.findings
            ]
            entry["comments"] = [_remark(each) for each in part.remarks]
        questions.append(entry)
    total = None if told.points is None else plain(told.points)
    whole = {"comments": [_remark(each) for each in told.remarks]} if shown >= Shown.FEEDBACK else {}
    most = plain(told.assignment.max_points)
    return {"stage": told.stage.value, "points": total, "of": most, "questions": questions, **whole}


def _remark(remark: Remark) -> dict[str, Any]:
    """What a person says of one line."""
    return {"cell": remark.cell, "line": remark.line, "code": remark.code, "text": remark.text}


def students(visit: Visit) -> Response:
    """For the staff: students by questions; `?find=` and `?sort=` as on the page."""
    assignment = visit.assignment
    names = [question.id for question in assignment.questions]
    rows = chosen_rows(visit, assignment)
    return JSONResponse({"assignment": assignment.id, "students": [_row(names, row) for row in rows]})


def _row(names: list[str], row: Row) -> dict[str, Any]:
    points = {name: None if each is None else plain(each) for name, each in zip(names, row.points, strict=True)}
    total = None if row.total is None else plain(row.total)
    return {"id": row.person.id, "name": row.person.name, "state": row.state, "total": total, "points": points}


def requests(visit: Visit) -> Response:
    """For the staff: requests that wait for an answer."""
    waiting = requests_box.open_requests(visit.portal.database)
    told = [
        {
            "id": each.id,
            "student": each.student,
            "assignment": each.assignment,
            "question": each.question,
            "check": each.about,
            "text": each.text,
            "made": each.made.isoformat(timespec="seconds"),
        }
        for each in waiting
    ]
    return JSONResponse({"requests": told})
