"""The API: by token, as far as its scopes go; described by a document; used by `grader submit`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from portal_server import form_key, soon
from tiny import RIGHT, ipynb

from grader.authoring.students_program import students_program
from grader.portal.people import People
from grader.portal.portal import database_of
from grader.portal.routes import API
from grader.portal.signing_in import Doors

ENTRY = ("POST", "/api/competitions/{competition}/entries")
UPLOAD = ("POST", "/api/assignments/{assignment}/uploads")
# For a call without a token, a student's to read, a student's for everything, one of the staff.
TABLE = {
    ("GET", "/api/me"): (401, 200, 200, 200),
    ("GET", "/api/assignments"): (401, 200, 200, 401),
    ("GET", "/api/assignments/{assignment}/state"): (401, 200, 200, 401),
    ("GET", "/api/assignments/{assignment}/result"): (401, 200, 200, 401),
    ("GET", "/api/receipts/{number:int}"): (401, 200, 200, 401),
    UPLOAD: (401, 401, 415, 401),
    ("POST", "/api/assignments/{assignment}/uploads/{draft}"): (401, 401, 404, 401),
    ("GET", "/api/competitions/{competition}"): (401, 200, 200, 401),
    ENTRY: (401, 401, 415, 401),
    ("GET", "/api/staff/assignments/{assignment}/students"): (401, 401, 401, 200),
    ("GET", "/api/staff/requests"): (401, 401, 401, 200),
}


def token(portal, kind: str, person: str, *scopes: str) -> str:
    people = People(portal.server.paths)
    database = database_of(portal.server.paths)
    secret = Doors(database, people).issue(people.find(kind, person), "a test", scopes, timedelta(hours=1))
    database.close()
    return secret


def test_the_table_has_a_row_for_every_call():
    assert [(route.method, route.path) for route in API] == list(TABLE)


@pytest.mark.parametrize(
    ("column", "whose"),
    [
        (0, ()),
        (1, ("student", "ann", "read")),
        (2, ("student", "ann", "read", "hand in")),
        (3, ("staff", "ben", "staff")),
    ],
)
def test_every_call_answers_a_token_as_the_table_says(column: int, whose: tuple[str, ...], portal):
    browser = portal.server.enter("ann")  # what a browser sends along opens nothing here
    headers = {"authorization": f"Bearer {token(portal, *whose)}"} if whose else {}
    filled = {
        "{assignment}": "tiny",
        "{number:int}": str(portal.number),
        "{draft}": "nobodys",
        "{competition}": "kaggle",
    }
    for (method, path), answers in TABLE.items():
        place = path
        for name, value in filled.items():
            place = place.replace(name, value)
        content = {"content": b"{}", "headers": {**headers, "content-type": "application/json"}}
        form = {"headers": headers, "data": {"a": "b"}}
        asked = {} if method == "GET" else content if path in (UPLOAD[1], ENTRY[1]) else form
        answer = browser.request(method, place, **{"headers": headers, **asked})
        assert answer.status_code == answers[column], (method, path, answer.text)
        assert answer.headers["content-type"] == "application/json"
        assert answer.status_code < 400 or answer.json()["error"]


def test_the_document_describes_every_call_and_nothing_else(portal):
    described = portal.server.browser().get("/api/openapi.json").json()
    calls = {(method.upper(), path) for path, item in described["paths"].items() for method in item}
    assert calls == {(route.method, re.sub(r":\w+", "", route.path)) for route in API}
    ids = [call["operationId"] for item in described["paths"].values() for call in item.values()]
    assert len(set(ids)) == len(ids)
    assert all(call["summary"] for item in described["paths"].values() for call in item.values())


def test_a_token_is_shown_once_and_can_be_taken_back(portal):
    bob = portal.server.enter("bob")
    form = {"form_key": form_key(bob.get("/tokens")), "name": "my <b>laptop</b>", "scopes": "read"}
    made = bob.post("/tokens", data=form)
    secret = re.search(r"grader_[\w-]+", made.text)[0]
    assert "<b>laptop" not in made.text and secret not in bob.get("/tokens").text
    headers = {"authorization": f"Bearer {secret}"}
    assert bob.get("/api/me", headers=headers).json() == {"id": "bob", "role": "student", "name": "Bob"}
    number = max(map(int, re.findall(r"/tokens/(\d+)/revoke", bob.get("/tokens").text)))  # the newest
    ann = portal.server.enter("ann")
    ann.post(f"/tokens/{number}/revoke", data={"form_key": form_key(ann.get("/tokens"))})
    assert bob.get("/api/me", headers=headers).status_code == 200
    bob.post(f"/tokens/{number}/revoke", data={"form_key": form_key(bob.get("/tokens"))})
    assert bob.get("/api/me", headers=headers).status_code == 401
    staff = {"form_key": form_key(bob.get("/tokens")), "name": "more", "scopes": "staff"}
    assert bob.post("/tokens", data=staff).status_code == 400


def test_a_student_hands_in_from_a_terminal_with_the_one_file(tmp_path, portal):
    (tmp_path / "grader.pyz").write_bytes(students_program())
    (tmp_path / "tiny.ipynb").write_bytes(ipynb(*RIGHT, "from_a_terminal = 1"))
    manifest = {"assignment": "tiny", "questions": [{"id": "q1", "title": "One", "points": "4", "names": ["softmax"]}]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    command = [sys.executable, "grader.pyz", "submit", "tiny.ipynb", "--to", portal.server.address]
    environment = {**os.environ, "GRADER_TOKEN": token(portal, "student", "bob", "hand in", "read"), "PYTHONPATH": ""}

    def run(*more: str, said: str = "n\n") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *more], input=said, cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    refused = run()
    assert refused.returncode == 1 and "nothing was handed in" in refused.stdout
    done = run("--yes")
    assert done.returncode == 0, done.stderr
    number = re.search(r"receipt (\d+)", done.stdout)[1]
    assert (tmp_path / f"receipt_tiny_{number}.txt").read_text().startswith("receipt")
    bob = portal.server.enter("bob")
    assert bob.get(f"/receipt/{number}/file").content == (tmp_path / "tiny.ipynb").read_bytes()
    soon(lambda: "received; it is being" not in bob.get("/a/tiny").text)
    environment["GRADER_TOKEN"] = "wrong"
    wrong = run("--yes")
    assert wrong.returncode == 2 and "a token for" in wrong.stderr
    elsewhere = run("--yes", "--to", "http://example.org")
    assert elsewhere.returncode == 2 and "https alone" in elsewhere.stderr
