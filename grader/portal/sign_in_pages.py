"""Coming in and going out."""

from __future__ import annotations

import time

from starlette.responses import RedirectResponse, Response

from grader.languages.translating import mark, tr
from grader.pages.markup import el, within
from grader.portal.frame import ROLES, box, button, form, page
from grader.portal.visit import Visit

COOKIE = "grader_session"
SPENT = mark(
    "This link was used already, has expired, or is not whole. Each link lets in once; ask the staff for a new one, "
    "or open the browser in which you signed in before."
)


def sign_in(visit: Visit) -> Response:
    """What somebody sees who is not signed in."""
    text = tr("Open the personal link that the staff sent you. It works once, and keeps this browser signed in.")
    provider = visit.portal.now.state.course.sign_in
    other = el("p", el("a", tr("Sign in with {name}", name=provider.name), href="/oidc/begin")) if provider else None
    return page(visit, tr("Sign in"), box(other, el("p", text)))


def door(visit: Visit) -> Response:
    """Whom a link lets in, before it is used: programs that look at mails open links and press no button."""
    secret = visit.request.path_params["secret"]
    if not allowed(visit):
        return too_often(visit)
    person = visit.portal.doors.whose(secret)
    if person is None:
        return _spent(visit)
    name, role = el("b", el("bdi", person.called)), tr(ROLES[person.role])
    who = el("p", within(tr("This link is for {name}, {role}."), name=name, role=role))
    note = el("p", tr("This browser stays signed in for two weeks, or until you sign out."), class_="dim")
    return page(visit, tr("Sign in"), box(who, form(visit, f"/in/{secret}", button(tr("Sign in"))), note))


def enter(visit: Visit) -> Response:
    """Use a link. A session that this browser had is another one's, or an old one: it ends."""
    if not allowed(visit):
        return too_often(visit)
    secret = visit.portal.doors.enter(visit.request.path_params["secret"])
    if secret is None:
        return _spent(visit)
    if visit.session is not None:
        visit.portal.doors.end(visit.session)
    answer = RedirectResponse("/", 303)
    set_cookie(visit, answer, secret)
    return answer


def sign_out(visit: Visit) -> Response:
    if visit.session is not None:
        visit.portal.doors.end(visit.session)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(cookie_name(visit), path="/")
    return answer


def cookie_name(visit: Visit) -> str:
    return f"__Host-{COOKIE}" if visit.portal.settings.secure else COOKIE


def set_cookie(visit: Visit, answer: Response, secret: str) -> None:
    secure = visit.portal.settings.secure
    answer.set_cookie(
        cookie_name(visit), secret, max_age=14 * 86400, path="/", secure=secure, httponly=True, samesite="lax"
    )


def _address(visit: Visit) -> str:
    return visit.request.client.host if visit.request.client else ""


def allowed(visit: Visit) -> bool:
    return visit.portal.tries.allows(_address(visit), time.monotonic())


def failed(visit: Visit) -> None:
    """Count a try that let nobody in."""
    visit.portal.tries.fail(_address(visit), time.monotonic())


def _spent(visit: Visit) -> Response:
    """A link that lets nobody in; only these are counted, since a whole class may sign in from one address."""
    failed(visit)
    return page(visit, tr("This link does not work"), box(el("p", tr(SPENT)), kind="warn"), status=410)


def too_often(visit: Visit) -> Response:
    text = tr("Too many tries from this address. Wait a minute, then open the link again.")
    return page(visit, tr("Wait a minute"), box(el("p", text), kind="warn"), status=429)
