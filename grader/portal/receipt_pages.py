"""A hand-in of a student's: its receipt, its public checks, its file, and that it is the one that counts."""

from __future__ import annotations

from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from grader.errors import UsageError
from grader.languages.translating import tr
from grader.pages.markup import el, joined
from grader.portal.frame import box, moment, page
from grader.portal.hand_ins import HandedIn
from grader.portal.public_checks import shown as public_checks
from grader.portal.student_pages import may_choose
from grader.portal.visit import NotThere, Visit


def _own(visit: Visit) -> HandedIn:
    """The hand-in that the address names, of this student. Raises NotThere for anybody else's."""
    found = visit.portal.hand_ins.find(visit.request.path_params["number"])
    if found is None or found.student != visit.me.id:
        raise NotThere(tr("no such receipt of yours"))
    return found


def receipt(visit: Visit) -> Response:
    """The receipt of a hand-in."""
    found = _own(visit)
    timezone = visit.portal.now.state.course.timezone
    facts = [
        (tr("receipt"), str(found.number)),
        (tr("assignment"), found.assignment),
        (tr("file"), el("bdi", found.filename)),
        (tr("bytes"), str(found.size_bytes)),
        (tr("sha256"), found.sha256),
        (tr("received"), moment(found.received, timezone)),
        (tr("handed in"), moment(found.acknowledged, timezone)),
    ]
    rows = joined(part for name, value in facts for part in (el("dt", name), el("dd", value)))
    return page(
        visit,
        tr("Receipt {number}", number=found.number),
        box(el("p", el("b", tr("Handed in.")), " ", tr("It is on the course's disk.")), kind="good"),
        el("dl", rows, class_="receipt"),
        el("p", el("a", tr("The receipt as a file"), href=f"/receipt/{found.number}/text")),
        el("p", el("a", tr("The file that you handed in"), href=f"/receipt/{found.number}/file")),
        el("p", el("a", tr("Back to {page}", page=found.assignment), href=f"/a/{found.assignment}")),
        public_checks.section(visit, found),
    )


def receipt_text(visit: Visit) -> Response:
    found = _own(visit)
    name = f"receipt_{found.assignment}_{found.number}.txt"
    return PlainTextResponse(found.receipt, headers={"content-disposition": f'attachment; filename="{name}"'})


def receipt_file(visit: Visit) -> Response:
    """The bytes that were handed in; never shown by the browser as a page."""
    found = _own(visit)
    return attachment(visit, found)


def attachment(visit: Visit, hand_in: HandedIn) -> Response:
    """What was handed in, as a file to keep."""
    file = visit.portal.hand_ins.file(hand_in.sha256)
    kind = "application/octet-stream"
    return FileResponse(file, media_type=kind, filename=hand_in.filename, content_disposition_type="attachment")


def count(visit: Visit) -> Response:
    """Have an earlier hand-in count, with the time at which it came."""
    found = _own(visit)
    if not may_choose(visit, found.assignment):
        raise UsageError(tr("the newest hand-in counts; another one cannot be chosen, or not any more"))
    made = visit.portal.hand_ins.choose(found)
    visit.portal.recorder.wake()
    return RedirectResponse(f"/receipt/{made.number}", 303)
