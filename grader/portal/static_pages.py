"""Style sheets and the one script, which come with the program; and the first page of each role."""

from __future__ import annotations

from starlette.responses import Response

from grader.course.staff import Role
from grader.feedback.style import STYLE as FEEDBACK_STYLE
from grader.languages.translating import tr
from grader.pages.style import STYLE, words
from grader.portal.board_pages import board
from grader.portal.student_pages import assignments
from grader.portal.visit import NotThere, Visit

KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
SHEETS = {"pages.css": STYLE, "feedback.css": FEEDBACK_STYLE}
FILES = ("portal.css", "portal.js", "icon.svg")


def static(visit: Visit) -> Response:
    """One of the few files that there are; a name is looked up and never a path."""
    from grader.portal.portal import STATIC

    name = visit.request.path_params["name"]
    if name in SHEETS:
        text = SHEETS[name] + (words() if name == "pages.css" else "")
    elif name in FILES:
        text = (STATIC / name).read_text(encoding="utf-8")
    else:
        raise NotThere(tr("no such file"))
    kind = KINDS[name[name.rindex(".") :]]
    return Response(text, media_type=kind, headers={"cache-control": "public, max-age=300"})


def home(visit: Visit) -> Response:
    """Assignments for a student, the board for the staff."""
    return assignments(visit) if visit.me.role is Role.STUDENT else board(visit)
