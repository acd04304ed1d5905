"""Tokens with which programs act in somebody's name: made, shown once, taken back."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import RedirectResponse, Response

from grader.errors import UsageError
from grader.languages.translating import mark, tr
from grader.pages.markup import Html, cell, el, heading, table
from grader.portal.database import read
from grader.portal.frame import box, button, choice, field, form, moment, page
from grader.portal.visit import Visit

LASTS = timedelta(days=120)
MOST = 10
FOR_STUDENTS = (("hand in,read", mark("hand in, and read what I see")), ("read", mark("read only")))
FOR_STAFF = (("staff", mark("read what the staff sees")),)


def _kinds(visit: Visit) -> tuple[tuple[str, str], ...]:
    return FOR_STAFF if visit.me.role.is_staff else FOR_STUDENTS


def tokens(visit: Visit) -> Response:
    """The tokens that somebody has, and a form for one more."""
    return page(visit, tr("Programs"), *_sections(visit))


def _sections(visit: Visit) -> list[Html]:
    timezone = visit.portal.now.state.course.timezone
    head = el("tr", *map(heading, (tr("name"), tr("may"), tr("until"), "")))
    rows = [
        [
            el("th", el("bdi", name), scope="row"),
            cell(scopes.replace(",", ", ")),
            cell(moment(read(until), timezone)),
            cell(form(visit, f"/tokens/{number}/revoke", button(tr("Take back"), class_="quiet"))),
        ]
        for number, name, scopes, until in visit.portal.doors.tokens(visit.me)
    ]
    about = el(
        "p",
        tr("A token lets a program act in your name, such as `grader submit` in a terminal."),
        " ",
        el("a", tr("What programs can do"), href="/api"),
    )
    made = form(
        visit,
        "/tokens",
        field(tr("A name, to know it by"), "name", required="required", maxlength=60, autocomplete="off"),
        choice(tr("It may"), "scopes", [(kind, tr(text)) for kind, text in _kinds(visit)]),
        button(tr("Make a token")),
    )
    return [about, table([head], rows) if rows else el("p", tr("You have none.")), el("h2", tr("A new token")), made]


def make(visit: Visit) -> Response:
    """Make a token; this page is the only place where it is shown."""
    name, scopes = visit.needed("name", tr("give it a name, to know it by"))[:60], visit.given("scopes")
    if scopes not in dict(_kinds(visit)):
        raise UsageError(tr("what may it do? Choose one of the list"))
    if len(visit.portal.doors.tokens(visit.me)) >= MOST:
        raise UsageError(tr("you have {n} tokens; take one back first", n=MOST))
    secret = visit.portal.doors.issue(visit.me, name, tuple(scopes.split(",")), LASTS)
    if visit.me.role.is_staff:
        visit.portal.database.note(visit.me.id, f"made the token {name!r}", scopes)
    text = el("p", tr("Keep it now; it is not shown again: "), el("code", secret, id="token"))
    return page(visit, tr("Programs"), box(text, kind="good"), *_sections(visit))


def revoke(visit: Visit) -> Response:
    visit.portal.doors.revoke(visit.me, visit.request.path_params["token"])
    return RedirectResponse("/tokens", 303)
