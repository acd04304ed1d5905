"""Signing in with OpenID Connect: to the provider, and back."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from grader.errors import GraderError, MachineryError, UsageError
from grader.languages.translating import mark, tr
from grader.pages.markup import el
from grader.portal.frame import box, page
from grader.portal.openid import LASTS_S, Provider, whose
from grader.portal.people import Person
from grader.portal.sign_in_pages import allowed, failed, set_cookie, too_often
from grader.portal.visit import NotThere, Visit

COOKIE = "grader_oidc"
STALE = mark("This was begun in another browser, or too long ago. Begin again.")


def _provider(visit: Visit) -> Provider:
    provider = visit.portal.provider()
    if provider is None:
        raise NotThere(tr("no provider"))
    return provider


def _cookie(visit: Visit) -> str:
    return f"__Host-{COOKIE}" if visit.portal.settings.secure else COOKIE


def begin(visit: Visit) -> Response:
    """Send the browser to the provider, with a secret that says later that it was this one."""
    provider = _provider(visit)
    flow = visit.portal.flows.begin()
    try:
        answer = RedirectResponse(provider.address(flow), 303)
    except GraderError as why:
        return _refused(visit, why)
    secure = visit.portal.settings.secure
    answer.set_cookie(
        _cookie(visit), flow.browser, max_age=int(LASTS_S), path="/", secure=secure, httponly=True, samesite="lax"
    )
    return answer


def callback(visit: Visit) -> Response:
    """What the provider sends a browser back with. A session begins only for somebody on the tables."""
    provider = _provider(visit)
    if not allowed(visit):
        return too_often(visit)
    try:
        person = _whose(visit, provider)
    except GraderError as why:
        failed(visit)
        return _refused(visit, why)
    if visit.session is not None:
        visit.portal.doors.end(visit.session)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(_cookie(visit), path="/", secure=visit.portal.settings.secure, httponly=True, samesite="lax")
    set_cookie(visit, answer, visit.portal.doors.begin(person))
    return answer


def _whose(visit: Visit, provider: Provider) -> Person:
    said = visit.request.query_params
    flow = visit.portal.flows.end(said.get("state", ""), visit.request.cookies.get(_cookie(visit), ""))
    if flow is None:
        raise UsageError(tr(STALE))
    if said.get("iss", provider.sign_in.issuer) != provider.sign_in.issuer:
        raise UsageError(tr("another provider answered than was asked"))
    if "code" not in said:
        raise UsageError(tr("the provider let nobody in"))
    return whose(visit.portal.people, provider.sign_in, provider.claims(flow, said["code"]))


def _refused(visit: Visit, why: GraderError) -> Response:
    """What somebody reads who was not let in; what is wrong with the machine is for its operator."""
    text = str(why)
    if isinstance(why, MachineryError):
        print(f"signing in: {why}", flush=True)
        text = tr("The provider cannot be reached now. Try again in a minute, or ask the staff for a link.")
    again = el("p", el("a", tr("To the beginning"), href="/sign-in"))
    return page(visit, tr("That did not work"), box(el("p", text), again, kind="warn"), status=403)
