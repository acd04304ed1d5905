"""Behind a proxy that signs people in: its header counts from its own address alone."""

from __future__ import annotations

import asyncio

import httpx
from portal_server import IN_PROCESSES, course, form_key, serving, upload
from starlette.datastructures import Headers
from tiny import RIGHT, ipynb

from grader.portal.guards import Guarded

HEADER = {"X-Remote-User": "ann"}


def test_a_header_of_the_proxy_signs_in_by_id_and_by_address(tmp_path):
    with serving(course(tmp_path), *IN_PROCESSES, "--proxy", "127.0.0.1", "--header", "X-Remote-User") as server:
        ann = server.browser()
        ann.headers.update(HEADER)
        assert "Ann" in ann.get("/").text and ann.cookies
        assert upload(ann, ipynb(*RIGHT)).status_code == 303
        other = httpx.Client(base_url=server.address, headers={"X-Remote-User": "ANN@example.org"})
        assert "Ann" in other.get("/").text
        other.headers["X-Remote-User"] = "ben"  # the same browser, another person
        assert "Board" in other.get("/").text and form_key(other.get("/")) != form_key(ann.get("/"))
        other.headers["X-Remote-User"] = "nobody"
        assert other.get("/").headers["location"] == "/sign-in"
        other.close()


def test_from_anywhere_else_the_header_says_nothing():
    heard = []

    async def app(scope, receive, send):
        heard.append((scope["client"][0], Headers(scope=scope).get("x-remote-user")))

    def asked(peer: str) -> None:
        headers = [
            (b"host", b"localhost"),
            (b"x-remote-user", b"ann"),
            (b"x-forwarded-for", b"203.0.113.9, 198.51.100.4"),
        ]
        scope = {"type": "http", "method": "GET", "client": (peer, 1), "headers": headers}
        asyncio.run(Guarded(app, {"localhost"}, False, "192.0.2.7", "X-Remote-User")(scope, None, None))

    asked("192.0.2.7")
    asked("192.0.2.8")
    assert heard == [("198.51.100.4", "ann"), ("192.0.2.8", None)]
