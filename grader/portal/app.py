"""From a request to a page: who sends it, whether the table of routes lets them, what they filled in."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route as Address

from grader.errors import GraderError, MachineryError
from grader.languages.recorded import said
from grader.languages.translating import speaking, tr
from grader.pages.markup import el
from grader.portal.database import now
from grader.portal.frame import FORM_KEY, box, page
from grader.portal.guards import Guarded
from grader.portal.portal import Portal
from grader.portal.routes import API, ROUTES, Route
from grader.portal.sign_in_pages import cookie_name, set_cookie
from grader.portal.visit import NotThere, Uploaded, Visit

MIB = 2**20
READS = ("GET", "HEAD")
THREADS = 200  # uploads wait in them for a reader, and pages are not to wait for those
FORM_BYTES = 256 * 1024
FORM_BESIDE_FILE_BYTES = 64 * 1024
CLOSE = {"connection": "close"}  # else the server goes on reading what nobody wants
Endpoint = Callable[[Request], Awaitable[Response]]


def application(portal: Portal, hosts: set[str]) -> Guarded:
    """The whole portal behind its guards. hosts: the names that it answers to"""

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        portal.start()
        try:
            yield
        finally:
            await run_in_threadpool(portal.close)

    addresses = [Address(each.path, _endpoint(portal, each), methods=[each.method]) for each in (*ROUTES, *API)]
    portal.api = API
    handlers: Mapping[Any, Any] = {404: _missing(portal), 405: _missing(portal), 500: _broken(portal)}
    app = Starlette(routes=addresses, exception_handlers=handlers, lifespan=life)
    settings = portal.settings
    return Guarded(app, hosts, settings.secure, settings.proxy, settings.header)


def _endpoint(portal: Portal, route: Route) -> Endpoint:
    async def answer(request: Request) -> Response:
        with speaking(portal.now.state.course.language):
            return await answered(request)

    async def answered(request: Request) -> Response:
        visit = await run_in_threadpool(_by_token if route.scope else _visit, portal, request, route)
        role = visit.person.role if visit.person else None
        try:
            if role not in route.who:
                return _not_for(visit, request, route)
            if request.method not in READS:
                visit = await _with_form(visit, route)
            response = await run_in_threadpool(route.page, visit)
        except (HTTPException, NotThere, GraderError) as fault:
            return _refusal(visit, route, fault)
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            if visit.uploaded is not None:
                visit.uploaded.stream.close()
        await run_in_threadpool(_renew, visit, response)
        return response

    return answer


def _by_token(portal: Portal, request: Request, route: Route) -> Visit:
    """A program's visit: whose token it sends, if that is good for this."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    found = portal.doors.bearer(secret.strip()) if kind.lower() == "bearer" else None
    allowed = found is not None and (route.scope in found[1] or route.path == "/api/me")
    return Visit(portal, request, found[0] if found and allowed else None)


def _visit(portal: Portal, request: Request, route: Route | None = None) -> Visit:
    bare = Visit(portal, request)
    secret = request.cookies.get(cookie_name(bare), "")
    session = portal.doors.session(secret) if secret else None
    named = request.headers.get(portal.settings.header, "") if portal.settings.header else ""
    if not named:
        return Visit(portal, request, session.person if session else None, session)
    person = portal.people.named(named)
    if person is None or (session is not None and session.person == person):
        return Visit(portal, request, person, session if person else None)
    new = portal.doors.begin(person)
    return Visit(portal, request, person, portal.doors.session(new), new_secret=new)


def _not_for(visit: Visit, request: Request, route: Route) -> Response:
    """Whoever may not: to the door where nobody is signed in, else a refusal that says no more."""
    anonymous = visit.person is None
    if route.scope:
        raise HTTPException(
            401 if anonymous else 403,
            tr("a token for {scope} is needed: see the page Programs", scope=repr(route.scope)),
        )
    if anonymous and request.method in READS:
        return RedirectResponse("/sign-in", 303)
    text = tr("Sign in first.") if anonymous else tr("This page is not for you.")
    return page(visit, tr("Not for you"), box(el("p", text), kind="warn"), status=401 if anonymous else 403)


def _refusal(visit: Visit, route: Route, fault: Exception) -> Response:
    """What somebody is told who asked for what cannot be."""
    status, why = 400, said(fault)
    if isinstance(fault, HTTPException):
        status, why = fault.status_code, fault.detail
    elif isinstance(fault, NotThere):
        status = 404
    elif isinstance(fault, MachineryError):
        staff = visit.person is not None and visit.person.role.is_staff
        status, why = (
            503,
            tr("The machine cannot do that now: {why}", why=said(fault)) if staff else tr("Try again in a minute."),
        )
    title = tr("There is nothing here") if status == 404 else tr("That did not work")
    told: Response = JSONResponse({"error": why}, status)
    if not route.scope:
        told = page(visit, title, box(el("p", why), kind="warn"), status=status)
    told.headers.update(CLOSE if status == 413 else {})
    return told


def _renew(visit: Visit, response: Response) -> None:
    """Give a session that is an hour old a new secret."""
    session = visit.session
    if visit.new_secret:
        set_cookie(visit, response, visit.new_secret)
    elif session is not None and session.old and "set-cookie" not in response.headers:
        secret = visit.request.cookies.get(cookie_name(visit), "")
        set_cookie(visit, response, visit.portal.doors.rotate(secret, session))


# ---------------------------------------------------------------------------------------------------- forms


async def _with_form(visit: Visit, route: Route) -> Visit:
    """The visit with what was filled in. Raises HTTPException for a form of another session, or one too large."""
    most = FORM_BYTES
    if route.takes == "file":
        most = visit.most_mib * MIB + FORM_BESIDE_FILE_BYTES
    form, uploaded = await _read_form(visit.request, most)
    visit = replace(visit, form=form, uploaded=uploaded)
    if visit.session is not None and not visit.session.owns(form.get(FORM_KEY, "")):
        if uploaded is not None:
            uploaded.stream.close()
        raise HTTPException(
            403, tr("This form is too old, or not of this browser. Open the page again and send it again.")
        )
    return visit


async def _read_form(request: Request, most_bytes: int) -> tuple[dict[str, str], Uploaded | None]:
    """Fields and the one file, read as they come; what is longer than it may be is not read on."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("multipart/form-data", "application/x-www-form-urlencoded", ""):
        raise HTTPException(415, tr("A form is expected."))
    too_long = tr("This is more than {n} MiB, which is the limit.", n=most_bytes // MIB or 1)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > most_bytes:
        raise HTTPException(413, too_long)

    async def counted() -> AsyncIterator[bytes]:
        size_bytes = 0
        async for chunk in request.stream():
            size_bytes += len(chunk)
            if size_bytes > most_bytes:
                raise HTTPException(413, too_long)
            yield chunk

    if kind != "multipart/form-data":
        return await _plain_form(counted()), None
    try:
        parser = MultiPartParser(request.headers, counted(), max_files=1, max_fields=20, max_part_size=FORM_BYTES)  # type: ignore[arg-type]
        items = (await parser.parse()).multi_items()
    except (MultiPartException, KeyError):
        raise HTTPException(400, tr("This form is not whole.")) from None
    files = [value for _, value in items if isinstance(value, UploadFile)]
    texts = {name: value for name, value in items if isinstance(value, str)}
    return texts, Uploaded(files[0].filename or "", files[0].file, now()) if files else None


async def _plain_form(chunks: AsyncIterator[bytes]) -> dict[str, str]:
    from urllib.parse import parse_qsl

    raw = b"".join([chunk async for chunk in chunks])
    try:
        return dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=2000))
    except ValueError:
        raise HTTPException(400, tr("This form is not whole.")) from None


# ---------------------------------------------------------------------------------------------------- faults


def _missing(portal: Portal) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, fault: Exception) -> Response:
        visit = await run_in_threadpool(_visit, portal, request)
        status = fault.status_code if isinstance(fault, HTTPException) else 404
        with speaking(portal.now.state.course.language):
            return told(visit, status)

    def told(visit: Visit, status: int) -> Response:
        return page(
            visit, tr("There is nothing here"), box(el("p", tr("There is no such page.")), kind="warn"), status=status
        )

    return answer


def _broken(portal: Portal) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, fault: Exception) -> Response:
        with speaking(portal.now.state.course.language):
            return told(request)

    def told(request: Request) -> Response:
        text = tr("Something is wrong with the portal, not with what you did. It was noted; try again in a minute.")
        return page(Visit(portal, request), tr("That did not work"), box(el("p", text), kind="bad"), status=500)

    return answer
