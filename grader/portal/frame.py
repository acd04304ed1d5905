"""What every page of the portal is set in: the head, who is signed in, where one can go; forms with their key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from grader.course.staff import Role
from grader.languages import formats
from grader.languages.translating import ENGLISH, mark, spoken, tr
from grader.pages.markup import Html, el, joined

if TYPE_CHECKING:
    from starlette.responses import Response

    from grader.portal.visit import Visit

FORM_KEY = "form_key"
LINKS: dict[Role, tuple[tuple[str, str], ...]] = {
    Role.STUDENT: (("/", mark("Assignments")), ("/requests", mark("Requests")), ("/tokens", mark("Programs"))),
    Role.ASSISTANT: (
        ("/", mark("Board")),
        ("/m", mark("Marking")),
        ("/requests", mark("Requests")),
        ("/tokens", mark("Programs")),
    ),
    Role.INSTRUCTOR: (
        ("/", mark("Board")),
        ("/m", mark("Marking")),
        ("/requests", mark("Requests")),
        ("/publish", mark("Publish")),
        ("/report/report.html", mark("Report")),
        ("/log", mark("Log")),
        ("/tokens", mark("Programs")),
    ),
}


ROLES = {Role.STUDENT: mark("student"), Role.ASSISTANT: mark("assistant"), Role.INSTRUCTOR: mark("instructor")}


def page(
    visit: Visit,
    title: str,
    *sections: object,
    status: int = 200,
    sheets: Sequence[str] = (),
    wide: bool = False,
    headed: bool = True,
) -> Response:
    """A whole page as an answer. headed: False where the sections bring a heading of their own"""
    from starlette.responses import HTMLResponse

    course = visit.portal.now.state.course.name
    main = el("main", el("h1", title) if headed else None, joined(sections, "\n"), id="content", tabindex="-1")
    skip = el("a", tr("To the content"), href="#content", class_="skip")
    body = el("body", skip, _header(visit, course), main, class_="wide-page" if wide else "", **_words_of_script())
    style = [el("link", rel="icon", href="/static/icon.svg")]
    style += [el("link", rel="stylesheet", href=f"/static/{name}.css") for name in ("pages", *sheets, "portal")]
    head = [
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} - {course}"),
        *style,
        Html('<script src="/static/portal.js" defer></script>'),
    ]
    whole = el("html", el("head", joined(head, "\n")), "\n", body, lang=spoken().code)
    return HTMLResponse(f"<!doctype html>\n{whole}\n", status)


def _words_of_script() -> dict[str, str]:
    """What the script says by itself, where that is not English."""
    return {} if spoken().code == ENGLISH else {"data_for_you": tr("{time} for you")}


def _header(visit: Visit, course: str) -> Html:
    person = visit.person
    if person is None:
        return el("header", el("p", course, class_="kicker dim"))
    here = visit.request.url.path
    links = [
        el("a", tr(text), href=place, aria_current="page" if place == here else "")
        for place, text in LINKS[person.role]
    ]
    who = el("span", el("bdi", person.called), f" ({tr(ROLES[person.role])})", class_="dim")
    out = form(visit, "/sign-out", el("button", tr("Sign out"), type="submit", class_="quiet"))
    return el(
        "header",
        el("p", course, class_="kicker dim"),
        el("nav", *links, aria_label=tr("Pages")),
        el("div", who, out, class_="signed-in"),
        class_="top",
    )


def form(visit: Visit, action: str, *children: object, class_: str = "", id_: str = "", files: bool = False) -> Html:
    """A form that is sent back with the key of the session; what has none, or another, is refused."""
    key = visit.session.form_key if visit.session else ""
    hidden = el("input", type="hidden", name=FORM_KEY, value=key)
    kind = "multipart/form-data" if files else ""
    return el("form", hidden, *children, method="post", action=action, enctype=kind, class_=class_, id_=id_)


def field(label: str, name: str, value: str = "", kind: str = "text", of: str = "", **attributes: object) -> Html:
    """One line to fill in, with its label. of: which form it is in, where a page has several with such a line"""
    place = f"f{of}-{name}"
    given = el("input", type=kind, name=name, value=value, id=place, **attributes)
    return el("p", el("label", label, for_=place), given, class_="field")


def area(label: str, name: str, value: str = "", of: str = "", **attributes: object) -> Html:
    """Several lines to fill in."""
    place = f"f{of}-{name}"
    given = el("textarea", value, name=name, id=place, **{"rows": 4, **attributes})
    return el("p", el("label", label, for_=place), given, class_="field")


def choice(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str = "", of: str = "") -> Html:
    """One of several."""
    place = f"f{of}-{name}"
    made = [_option(value, text, value == chosen) for value, text in options]
    return el("p", el("label", label, for_=place), el("select", *made, name=name, id=place), class_="field")


def _option(value: str, text: str, chosen: bool) -> Html:
    """One of several. A browser sends the text of an option without a value, so that an empty one is written, too."""
    made = el("option", text, value=value, selected=chosen)
    return made if value else Html(made.replace("<option", '<option value=""', 1))


def tick(label: object, name: str, on: bool = False, of: str = "", **attributes: object) -> Html:
    """Something to be ticked or not."""
    place = f"f{of}-{name}"
    given = el("input", type="checkbox", name=name, value="on", id=place, checked=on and "checked", **attributes)
    return el("p", given, " ", el("label", label, for_=place), class_="tick")


def button(text: str, **attributes: object) -> Html:
    return el("button", text, type="submit", **attributes)


def moment(time: datetime, timezone: str) -> Html:
    """A time on the course's clock; a script adds the reader's own where that is another."""
    local = time.astimezone(ZoneInfo(timezone) if timezone else None)
    return el("time", formats.moment(local), datetime=local.isoformat(timespec="seconds"))


def box(*children: object, kind: str = "") -> Html:
    return el("div", *children, class_=f"box {kind}".strip())
