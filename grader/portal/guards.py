"""What holds for every answer and every request: headers, the host that is meant, where a form was sent from."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY.format(script="'self'", style="'self'"),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Guarded:
    """An application behind the guards.

    hosts: names under which it is reached;  secure: only over TLS
    proxy: the address of the one proxy that is believed;  header: in which it names who is signed in
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], secure: bool, proxy: str = "", header: str = "") -> None:
        self.app, self.hosts, self.secure = app, frozenset(hosts), secure
        self.proxy, self.header = proxy, header.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self.secure:
                    headers.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        scope = self._as_the_proxy_says(scope)
        refused = self._objection(scope)
        app = PlainTextResponse(refused, 421) if refused else self.app
        await app(scope, receive, with_headers)

    def _as_the_proxy_says(self, scope: Scope) -> Scope:
        """The request with the address it came from; from anywhere else the proxy's headers are not there."""
        peer = scope["client"][0] if scope["client"] else ""
        headers = MutableHeaders(raw=list(scope["headers"]))
        came = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        if not self.proxy or peer != self.proxy:
            if self.header:
                del headers[self.header]
            return {**scope, "headers": headers.raw}
        client = (came, 0) if came else scope["client"]
        return {**scope, "client": client}

    def _objection(self, scope: Scope) -> str:
        """Why a request is not answered; "" where it is."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if (urlsplit(f"//{host}").hostname or "") not in self.hosts:
            return "This server does not answer to that name.\n"
        return "" if scope["method"] not in WRITES or is_own(headers) else "This form was sent from another site.\n"


def is_own(headers: Headers) -> bool:
    """Whether what writes was sent from a page of this server, or by no browser at all.

    Pages that give no referrer send `Origin: null`; then the browser says in another header where a form was.
    """
    origin, site = headers.get("origin", "null"), headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none"):
        return False
    return origin == "null" or urlsplit(origin).netloc == headers.get("host", "")
