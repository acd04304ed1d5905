"""Every page of students on the portal in a language that is made up: each word is a message, or the course's.

`untranslated` says which words are neither. A new page for students needs an address below.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from portal_server import PROJECT, Server, competition, course, form_key, hand_in, predicted, serving, soon, upload
from pseudo_language import CODE, outside, untranslated, write_catalogue
from tiny import RIGHT, ipynb

from grader.course.staff import Role
from grader.portal.routes import ROUTES

OWN = (  # the course's words, the student's, and what has no language
    "Small course", "Three small questions", "Softmax", "A counter", "Sums", "Assignments", "Project", "Ann Ámos",
    "Ádám", "ann", "tiny", "kaggle", "short", "Cats and dogs", "What is on <b>each</b> picture\\?", "All cats",
    "accuracy", "animal", "cats?", "dogs?", r"mine\.csv", r"test\.csv", r"tiny\.ipynb", "my note", "my question",
    "softmax", "Counter", "step", r"running_sum", "sha256", r"\bid\b", "my token",
    "rows add up", "large logits", "running sum", "starts at zero; counts", "Asia/Kolkata",
    "The first element is the first number\\.",
    r"\b[0-9a-f]{16,64}\b", "cpu", "SHA-?", "Entrant", "sofmax", "hand in, read", r"\bread\b",
)  # fmt: skip
WRONG = ipynb("def sofmax(z):\n    return z", *RIGHT[2:], "import seaborn_not_there", "raise ValueError('x')")
NOT_READ = {  # what is no page of words
    "/static/{name}": "style sheets and a script",
    "/oidc/begin": "sends on to a provider",
    "/oidc/callback": "sends back",
    "/a/{assignment}/state": "a stream, see below",
    "/receipt/{number:int}/text": "a file, see below",
    "/receipt/{number:int}/file": "what was handed in",
    "/c/{competition}/file/{name:path}": "a file of the course",
    "/c/{competition}/entry/{number:int}": "what was entered",
    "/api": "for programmers, in English",
    "/api/openapi.json": "for programs",
    "/report/{page:path}": "of the staff",
}
PAGES = {
    "/sign-in": "/sign-in",
    "/in/{secret}": "/in/nonsense",
    "/": "/",
    "/what-if": "/what-if?need=70&i_kaggle=50",
    "/a/{assignment}": "/a/tiny",
    "/a/{assignment}/result": "/a/tiny/result",
    "/receipt/{number:int}": "/receipt/{number}",
    "/a/{assignment}/ask": "/a/tiny/ask",
    "/requests": "/requests",
    "/c/{competition}": "/c/kaggle",
    "/c/{competition}/board": "/c/kaggle/board",
    "/tokens": "/tokens",
    "/a/{assignment}/draft/{draft}": "{draft}",
}


@dataclass
class Open:
    server: Server
    ann: httpx.Client
    number: int
    draft: str


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """A portal in that language: Ann handed in a wrong notebook, entered a competition, and her result is published."""
    folder = tmp_path_factory.mktemp("languages")
    write_catalogue(folder)
    paths = course(tmp_path_factory.mktemp("course"), f"[deadlines]\ntiny = 2090-01-01T12:00:00\n{PROJECT}")
    paths.course_toml.write_text(f'language = "{CODE}"\n{paths.course_toml.read_text()}')
    competition(paths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_LANGUAGES", str(folder))
        with serving(paths) as server:
            ann, ada = server.enter("ann"), server.enter("ada", "staff")
            number = hand_in(ann, WRONG)
            form = {"form_key": form_key(ann.get("/c/kaggle")), "note": "my note"}
            ann.post("/c/kaggle/enter", data=form, files={"file": ("mine.csv", predicted({1, 2, 30}))})
            ann.post("/tokens", data={"form_key": form_key(ann.get("/tokens")), "name": "my token", "scopes": "read"})
            soon(lambda: "⟦graded⟧" in ann.get("/a/tiny").text)
            ada.post("/publish/tiny/publish", data={"form_key": form_key(ada.get("/publish"))})
            asked = {"form_key": form_key(ann.get("/a/tiny/ask")), "question": "q1", "about": "", "text": "my question"}
            ann.post("/a/tiny/ask", data=asked)
            yield Open(server, ann, number, upload(ann, WRONG).headers["location"])


def test_every_page_of_a_student_is_in_one_of_the_two_tables():
    seen = {route.path for route in ROUTES if route.method == "GET" and {Role.STUDENT, None} & route.who}
    assert seen - set(NOT_READ) == set(PAGES)


@pytest.mark.parametrize("route", PAGES)
def test_each_word_of_a_page_is_a_message_or_the_courses(there, route):
    page = there.ann.get(PAGES[route].format(number=there.number, draft=there.draft))
    assert f'<html lang="{CODE}">' in page.text and page.status_code in (200, 410)
    assert "⟦" in page.text
    assert untranslated(page.text, OWN) == []


def test_before_anything_was_handed_in(there):
    bob = there.server.enter("bob")
    for address in ("/", "/a/tiny", "/a/tiny/result", "/c/kaggle", "/requests", "/tokens", "/what-if", "/sign-in"):
        assert untranslated(bob.get(address).text, (*OWN, "Bob", r"\bbob\b")) == []


REFUSED = ("/a/tinny", "/a/nonsense", "/c/nonsense", "/nonsense", "/receipt/999", "/publish", "/a/tiny/draft/x")


@pytest.mark.parametrize("address", REFUSED)
def test_a_refusal(there, address):
    page = there.ann.get(address)
    assert page.status_code in (403, 404)
    assert untranslated(page.text, (*OWN, "nonsense", "tinny")) == []


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 ...", b"{}", b'{"cells": [', b"PK\x03\x04 broken"])
def test_what_is_said_of_a_wrong_file(there, content):
    answer = upload(there.ann, content)
    page = there.ann.get(answer.headers["location"]) if answer.status_code == 303 else answer
    assert untranslated(page.text, (*OWN, "File is not a zip file", "Download", "File", "Jupyter", "Colab")) == []


def test_a_wrong_file_of_predictions_and_one_more_than_may_be(there):
    for content in (b"", b"x,y\n1,2\n", b"id,animal\nr00,cow\n", predicted({1, 2, 30})):
        form = {"form_key": form_key(there.ann.get("/c/kaggle")), "note": ""}
        answer = there.ann.post("/c/kaggle/enter", data=form, files={"file": ("mine.csv", content)})
        assert answer.status_code == 400 and untranslated(answer.text, (*OWN, "cow", r"\bx\b", r"\by\b")) == []


def test_the_live_line_speaks_the_language_of_the_page(there):
    with there.ann.stream("GET", "/a/tiny/state") as stream:
        line = next(line for line in stream.iter_lines() if line.startswith("data: "))
    assert json.loads(line.removeprefix("data: "))["text"] == "⟦graded⟧"


def test_the_receipt_is_a_file_in_the_language(there):
    text = there.ann.get(f"/receipt/{there.number}/text").text
    assert outside(text.splitlines(), OWN) == [] and "⟦received⟧" in text


def test_what_programs_read_has_points_and_no_commas(there):
    token = there.ann.post(
        "/tokens", data={"form_key": form_key(there.ann.get("/tokens")), "name": "another", "scopes": "read"}
    )
    secret = token.text.partition('id="token">')[2].partition("<")[0]
    told = httpx.get(
        f"{there.server.address}/api/assignments/tiny/result", headers={"Authorization": f"Bearer {secret}"}
    ).json()
    assert (told["of"], told["stage"], told["shown"]) == ("8.5", "graded", "feedback")
    assert [each["points"] for each in told["questions"]] == ["0", "3", "0"]
