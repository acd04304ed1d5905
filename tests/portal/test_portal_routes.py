"""Every address by every role: a row here for each row of the portal's own table, or this fails."""

from __future__ import annotations

import pytest
from portal_server import form_key

from grader.course.staff import Role
from grader.portal.routes import ROUTES

NOBODY = None
# For whoever is not signed in, a student, an assistant, an instructor: what is answered. A form is sent without a key
# of the session, so that 403 says that somebody may come as far as the form.
TABLE: dict[tuple[str, str], tuple[int, int, int, int]] = {
    ("GET", "/static/{name}"): (200, 200, 200, 200),
    ("GET", "/sign-in"): (200, 200, 200, 200),
    ("GET", "/in/{secret}"): (410, 410, 410, 410),
    ("POST", "/in/{secret}"): (410, 403, 403, 403),
    ("GET", "/oidc/begin"): (404, 404, 404, 404),
    ("GET", "/oidc/callback"): (404, 404, 404, 404),
    ("POST", "/sign-out"): (401, 403, 403, 403),
    ("GET", "/"): (303, 200, 200, 200),
    ("GET", "/what-if"): (303, 200, 403, 403),
    ("GET", "/a/{assignment}"): (303, 200, 403, 403),
    ("POST", "/a/{assignment}/upload"): (401, 403, 403, 403),
    ("GET", "/a/{assignment}/draft/{draft}"): (303, 404, 403, 403),
    ("POST", "/a/{assignment}/draft/{draft}"): (401, 403, 403, 403),
    ("GET", "/a/{assignment}/state"): (303, 200, 403, 403),
    ("GET", "/a/{assignment}/result"): (303, 403, 403, 403),
    ("GET", "/receipt/{number:int}"): (303, 200, 403, 403),
    ("GET", "/receipt/{number:int}/text"): (303, 200, 403, 403),
    ("GET", "/receipt/{number:int}/file"): (303, 200, 403, 403),
    ("POST", "/receipt/{number:int}/count"): (401, 403, 403, 403),
    ("GET", "/a/{assignment}/ask"): (303, 400, 403, 403),
    ("POST", "/a/{assignment}/ask"): (401, 403, 403, 403),
    ("GET", "/requests"): (303, 200, 200, 200),
    ("POST", "/requests/{request:int}/answer"): (401, 403, 403, 403),
    ("GET", "/board/state"): (303, 403, 200, 200),
    ("POST", "/board/pause"): (401, 403, 403, 403),
    ("POST", "/board/resume"): (401, 403, 403, 403),
    ("GET", "/s/{assignment}"): (303, 403, 200, 200),
    ("GET", "/s/{assignment}/attempt"): (303, 403, 200, 200),
    ("GET", "/s/{assignment}/file"): (303, 403, 200, 200),
    ("GET", "/s/{assignment}/as-student"): (303, 403, 200, 200),
    ("POST", "/s/{assignment}/override"): (401, 403, 403, 403),
    ("POST", "/s/{assignment}/extend"): (401, 403, 403, 403),
    ("POST", "/s/{assignment}/line"): (401, 403, 403, 403),
    ("POST", "/s/{assignment}/line-back"): (401, 403, 403, 403),
    ("GET", "/m"): (303, 403, 200, 200),
    ("GET", "/m/{assignment}"): (303, 403, 404, 404),  # a person marks no question of tiny
    ("POST", "/m/{assignment}/deal"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/sample"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/names"): (401, 403, 403, 403),
    ("GET", "/m/{assignment}/{question}"): (303, 403, 404, 404),
    ("POST", "/m/{assignment}/{question}/rubric"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/{question}/rubric-retire"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/{question}/rubric-back"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/{question}/rubric-base"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/{question}/bank"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/{question}/bank-out"): (401, 403, 403, 403),
    ("GET", "/m/{assignment}/{question}/agreement"): (303, 403, 403, 404),
    ("GET", "/m/{assignment}/{question}/{paper:int}"): (303, 403, 404, 404),
    ("POST", "/m/{assignment}/{question}/{paper:int}"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/{question}/{paper:int}/undo"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/{question}/{paper:int}/line"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/{question}/{paper:int}/line-back"): (401, 403, 403, 403),
    ("POST", "/m/{assignment}/{question}/{paper:int}/settle"): (401, 403, 403, 403),
    ("GET", "/m/{assignment}/{question}/{paper:int}/picture/{number:int}"): (303, 403, 404, 404),
    ("GET", "/publish"): (303, 403, 403, 200),
    ("POST", "/publish/{assignment}/publish"): (401, 403, 403, 403),
    ("POST", "/publish/{assignment}/withdraw"): (401, 403, 403, 403),
    ("GET", "/log"): (303, 403, 403, 200),
    ("GET", "/report/{page:path}"): (303, 403, 200, 200),
    ("GET", "/c/{competition}"): (303, 200, 200, 200),
    ("GET", "/c/{competition}/board"): (303, 200, 200, 200),
    ("GET", "/c/{competition}/file/{name:path}"): (303, 200, 200, 200),
    ("POST", "/c/{competition}/enter"): (401, 403, 403, 403),
    ("GET", "/c/{competition}/entry/{number:int}"): (303, 404, 403, 403),
    ("POST", "/c/{competition}/choose"): (401, 403, 403, 403),
    ("POST", "/c/{competition}/name"): (401, 403, 403, 403),
    ("POST", "/c/{competition}/rename"): (401, 403, 403, 403),
    ("POST", "/c/{competition}/marks"): (401, 403, 403, 403),
    ("GET", "/tokens"): (303, 200, 200, 200),
    ("POST", "/tokens"): (401, 403, 403, 403),
    ("POST", "/tokens/{token:int}/revoke"): (401, 403, 403, 403),
    ("GET", "/api"): (303, 200, 200, 200),
    ("GET", "/api/openapi.json"): (200, 200, 200, 200),
}
ROLES = (NOBODY, Role.STUDENT, Role.ASSISTANT, Role.INSTRUCTOR)
NOT_FOR_YOU = "This page is not for you"


def address(path: str, number: int) -> str:
    filled = {
        "{name}": "portal.css",
        "{secret}": "nobodys",
        "{assignment}": "tiny",
        "{draft}": "nobodys",
        "{number:int}": str(number),
        "{request:int}": "1",
        "{page:path}": "report.html",
        "{question}": "q1",
        "{paper:int}": "123456",
        "{competition}": "kaggle",
        "{name:path}": "test.csv",
    }
    filled["{token:int}"] = "1"
    for name, value in filled.items():
        path = path.replace(name, value)
    return path + ("?student=ann" if path.startswith("/s/") else "")


def test_the_table_has_a_row_for_every_address():
    assert [(route.method, route.path) for route in ROUTES] == list(TABLE)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value if role else "nobody")
def test_every_address_answers_a_role_as_the_table_says(role: Role | None, portal):
    browser = portal.server.as_role(role)
    for (method, path), answers in TABLE.items():
        with browser.stream(method, address(path, portal.number)) as answer:
            assert answer.status_code == answers[ROLES.index(role)], (method, path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            kept = "public, max-age=300" if path.startswith("/static") else "no-store"
            assert answer.headers["cache-control"] == kept
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                assert next(answer.iter_lines()).startswith("data: ")
            allowed = role in next(each.who for each in ROUTES if (each.method, each.path) == (method, path))
            if answer.status_code == 403:
                assert (NOT_FOR_YOU in answer.read().decode()) is not allowed, (method, path)


def test_what_is_no_address_is_answered_with_the_same_headers(portal):
    browser = portal.server.browser()
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/", 405), ("GET", "/../../etc/passwd", 404)):
        answer = browser.request(method, path)
        assert answer.status_code == status
        assert "unsafe" not in answer.headers["content-security-policy"]
    other = browser.get("/", headers={"host": "evil.example"})
    assert other.status_code == 421 and "frame-ancestors" in other.headers["content-security-policy"]


def test_a_form_of_another_session_or_another_site_is_refused(portal):
    ann, bob = portal.server.enter("ann"), portal.server.enter("bob")
    key = form_key(bob.get("/a/tiny"))
    files = {"file": ("tiny.ipynb", b"{}")}
    assert ann.post("/a/tiny/upload", data={"form_key": key}, files=files).status_code == 403
    own = form_key(ann.get("/a/tiny"))
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = ann.post("/a/tiny/upload", data={"form_key": own}, files=files, headers=headers)
        assert answer.status_code == 421
    same = {"origin": str(ann.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert ann.post("/a/tiny/upload", data={"form_key": own}, files=files, headers=same).status_code == 303


def test_nobody_reads_what_is_somebody_elses(portal):
    bob = portal.server.enter("bob")
    for part in ("", "/text", "/file"):
        answer = bob.get(f"/receipt/{portal.number}{part}")
        assert answer.status_code == 404 and "ann" not in answer.text.lower()
