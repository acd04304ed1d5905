"""Every kind of page of the portal, as each role sees it: axe-core finds nothing in both schemes and three widths."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from axe import violations
from portal_server import form_key, upload
from tiny import RIGHT, ipynb

from grader.record.store import Store

pytestmark = pytest.mark.browser
STUDENT = ("/", "/a/tiny", "/a/tiny/result", "/a/tiny/ask", "/requests", "/tokens", "/api", "/nothing")
ASSISTANT = ("/", "/s/tiny", "/s/tiny/attempt?student=ann", "/s/tiny/attempt?student=bob",
             "/s/tiny/as-student?student=ann", "/requests")  # fmt: skip
INSTRUCTOR = ("/publish", "/log", "/report/report.html", "/report/assignment_tiny.html")


@pytest.fixture(scope="module")
def full(portal) -> Iterator[dict[str, tuple[object, list[str]]]]:
    """For each role a browser that is signed in and the addresses of its pages; something happened in the course."""
    server = portal.server
    ann, ben, ada = server.enter("ann"), server.enter("ben", "staff"), server.enter("ada", "staff")
    draft = upload(ann, ipynb(*RIGHT, "draft = True")).headers["location"]
    ada.post("/publish/tiny/publish", data={"form_key": form_key(ada.get("/publish"))})
    key = form_key(ann.get("/a/tiny/ask"))
    ann.post("/a/tiny/ask", data={"form_key": key, "question": "q1", "text": "Why?"})
    with Store.open(server.paths.record) as store:
        store.add_override("ann", "tiny", "q3", Decimal(-1), "see the comment", "ben")
    key = form_key(ben.get("/s/tiny/attempt?student=ann"))
    change = {"question": "q3", "how": "undo", "note": "asked by mail"}
    ben.post("/s/tiny/override?student=ann", data={"form_key": key, **change})
    yield {
        "nobody": (server.browser(), ["/sign-in"]),
        "student": (ann, [*STUDENT, draft, f"/receipt/{portal.number}"]),
        "assistant": (ben, list(ASSISTANT)),
        "instructor": (ada, list(INSTRUCTOR)),
    }
    why = {"form_key": form_key(ada.get("/publish")), "reason": "a test"}
    ada.post("/publish/tiny/withdraw", data=why)


@pytest.mark.parametrize("role", ["nobody", "student", "assistant", "instructor"])
def test_axe_finds_nothing_on_any_page(role, full, chromium, portal):
    browser, addresses = full[role]
    context = chromium.new_context(bypass_csp=True, base_url=portal.server.address)
    cookies = [{"name": name, "value": value, "url": portal.server.address} for name, value in browser.cookies.items()]
    context.add_cookies(cookies)
    page = context.new_page()
    found = []
    for address in addresses:
        page.goto(address)
        assert page.url == f"{portal.server.address}{address}"  # and not the door
        found += violations(page, f"{role} {address}")
    context.close()
    assert found == []
