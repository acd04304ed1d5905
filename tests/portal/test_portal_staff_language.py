"""Every page of the staff on the portal in a language that is made up: each word is a message, or the course's.

A new page for the staff needs an address below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from essays import handed_in
from marked_course import ESSAYS, add_item, essay_course, mark, papers, post
from portal_server import Server, competition, form_key, hand_in, predicted, serving, soon
from pseudo_language import CODE, outside, untranslated, write_catalogue

from grader.course.staff import Role
from grader.portal.routes import ROUTES

OWN = (  # the course's words, the people's, what stands in files, and what has no language
    "Small course", "Three small questions", "Softmax", "A counter", "Sums", "Assignments",
    "Project", "Ann Ámos", "Bob",
    "Ádám", r"\bC(?:y|leo)\b", "Ada", "Ben", "Bea", "Dan",
    r"\b(?:ann|bob|cy|ada|ben|bea|dan|dee|eve)\b", "zoë.*", "tiny", "kaggle",
    "short", "Cats and dogs", "What is on <b>each</b> picture\\?", "All cats", "accuracy", "animal", r"\bid\b", "cats?",
    "dogs?", r"(?:mine|test|kaggle)\.csv", r"\w+\.ipynb", "my question", "says overflow", "no sentence", "well seen",
    "which axes", "a reason", "my answer", "Why subtract the maximum\\?", "A plot", "Entrant", "Cyril", r"\bupload\b",
    "softmax", "Counter", "step", r"running_sum", "rows add up", "large logits", "running sum",
    "starts at zero; counts",
    "The first element is the first number\\.", "strict", "process", "cpu", "UTC", "Asia/Kolkata", "portal", r"\bs\b",
    r"\b[0-9a-f]{8,64}\b", "sha256:", "Because .*", "No idea\\.", "For luck\\.", "id,animal", "sofmax", r"\br\b", "MiB",
    "tests?", "np\\.\\S*", r"\b[qQ]\d\b", "marks/", "pile", "x = \\d", "<b>inf</b>.*", "inf is nan.*",
)  # fmt: skip
NOT_READ = {  # what is no page of words
    "/static/{name}": "style sheets and a script",
    "/oidc/begin": "sends on to a provider",
    "/oidc/callback": "sends back",
    "/board/state": "a stream, see below",
    "/s/{assignment}/file": "what was handed in",
    "/m/{assignment}/{question}/{paper:int}/picture/{number:int}": "a picture",
    "/c/{competition}/file/{name:path}": "a file of the course",
    "/api": "for programmers, in English",
    "/api/openapi.json": "for programs",
    "/log": "what was done, as it was written down in English; see below",
    "/sign-in": "of everybody: with the students' pages",
    "/in/{secret}": "of everybody: with the students' pages",
}
PAGES = {
    "/": "/",
    "/requests": "/requests",
    "/s/{assignment}": "/s/tiny",
    "/s/{assignment}/attempt": "/s/tiny/attempt?student=ann",
    "/s/{assignment}/as-student": "/s/tiny/as-student?student=ann",
    "/m": "/m",
    "/m/{assignment}": "/m/tiny",
    "/m/{assignment}/{question}": "/m/tiny/q7",
    "/m/{assignment}/{question}/agreement": "/m/tiny/q7/agreement",
    "/m/{assignment}/{question}/{paper:int}": "{paper}",
    "/publish": "/publish",
    "/report/{page:path}": "/report/report.html",
    "/c/{competition}": "/c/kaggle",
    "/c/{competition}/board": "/c/kaggle/board",
    "/tokens": "/tokens",
}


@dataclass
class Open:
    server: Server
    ada: httpx.Client
    papers: dict[str, str]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """A portal in that language: three handed in, marks and comments were given, a sample was read twice."""
    folder = tmp_path_factory.mktemp("languages")
    write_catalogue(folder)
    paths = essay_course(tmp_path_factory.mktemp("course"), "[deadlines]\ntiny = 2090-01-01T12:00:00\n")
    paths.course_toml.write_text(f'language = "{CODE}"\n{paths.course_toml.read_text()}')
    competition(paths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_LANGUAGES", str(folder))
        with serving(paths) as server:
            for student, essay in ESSAYS.items():
                hand_in(server.enter(student), handed_in(essay=essay, right=student != "bob"))
            ann, ada = server.enter("ann"), server.enter("ada", "staff")
            form = {"form_key": form_key(ann.get("/c/kaggle")), "note": ""}
            ann.post("/c/kaggle/enter", data=form, files={"file": ("mine.csv", predicted({1, 2, 30}))})
            soon(lambda: "0 of 3" in ada.get("/m/tiny").text)
            there = _worked(server, ada)
            post(ada, "/publish", "/publish/tiny/publish", reason="a reason")
            asked = {"form_key": form_key(ann.get("/a/tiny/ask")), "question": "q1", "about": "", "text": "my question"}
            ann.post("/a/tiny/ask", data=asked)
            soon(lambda: "⟦1 open request⟧" in ada.get("/").text)
            yield Open(server, ada, there)


def _worked(server: Server, ada: httpx.Client) -> dict[str, str]:
    """What people do: items, marks, a comment kept and one on a line, piles, two readers who differ, a change."""
    add_item(ada, "+2.5", "says overflow")
    add_item(ada, "-0.5", "no sentence")
    add_item(ada, "-1", "no sentence", item=2)
    there = papers(ada)
    mark(ada, there["ann"], **{"item-1": "on"}, comment="well seen", keep="on")
    place = there["ann"]
    post(ada, place, f"{place}/line", cell=6, line=3, text="which axes?")
    names = re.findall(r'name="(marker-\d)"', ada.get("/m/tiny").text)
    post(ada, "/m/tiny", "/m/tiny/deal", how="question", which="rest", **dict.fromkeys(names[-1:], "on"))
    ticked = dict.fromkeys(dict.fromkeys(names), "on")
    post(ada, "/m/tiny", "/m/tiny/sample", question="q7", size="3", **ticked)
    for who in ("ben", "bea", "dan", "ada"):
        reader = server.enter(who, "staff")
        page = reader.get(there["ann"]).text
        if "second time" in page:
            mark(reader, there["ann"], besides="1")
    post(ada, "/s/tiny/attempt?student=ann", "/s/tiny/override?student=ann", question="q1", how="add", points="-1",
         reason="a reason")  # fmt: skip
    return there


def left(page: str) -> list[str]:
    """What is not translated of a page, the students' code and the text of the question aside."""
    theirs = r'<pre class="code[^"]*".*?</pre>|<p class="asked">.*?</p>'
    return untranslated(re.sub(theirs, "", page, flags=re.DOTALL), OWN)


def test_every_page_of_the_staff_is_in_one_of_the_two_tables():
    staff = {Role.ASSISTANT, Role.INSTRUCTOR, None}
    seen = {route.path for route in ROUTES if route.method == "GET" and staff & route.who}
    assert seen - set(NOT_READ) == set(PAGES)


@pytest.mark.parametrize("route", PAGES)
def test_each_word_of_a_page_is_a_message_or_the_courses(there, route):
    page = there.ada.get(PAGES[route].format(paper=there.papers["ann"]), follow_redirects=True)
    assert f'<html lang="{CODE}">' in page.text and page.status_code == 200
    assert "⟦" in page.text
    assert left(page.text) == []


def test_who_handed_in_nothing_and_who_was_wrong(there):
    for address in ("/s/tiny/attempt?student=bob", "/s/tiny/attempt?student=cy", there.papers["bob"], "/m/tiny/q8"):
        assert left(there.ada.get(address).text) == []


@pytest.mark.parametrize("form", [
    ("/m/tiny", "/m/tiny/deal", {}),
    ("/m/tiny", "/m/tiny/sample", {"question": "q7", "size": "x"}),
    ("/m/tiny/q7", "/m/tiny/q7/rubric", {"item": "9", "points": "1", "text": "no sentence"}),
    ("/s/tiny/attempt?student=ann", "/s/tiny/override?student=ann", {"question": "q1", "how": "add", "points": "1"}),
    ("/s/tiny/attempt?student=ann", "/s/tiny/line?student=ann", {"cell": "x", "line": "1", "question": "q1"}),
    ("/c/kaggle", "/c/kaggle/marks", {}),
], ids=lambda form: form[1])  # fmt: skip
def test_a_refusal(there, form):
    page, to, fields = form
    answer = post(there.ada, page, to, **fields)
    assert answer.status_code == 400
    assert untranslated(answer.text, (*OWN, "'x'")) == []


def test_the_heads_of_the_log_are_translated_and_what_was_done_is_not(there):
    page = there.ada.get("/log").text
    heads = re.findall(r"<th[^>]*>([^<]*)</th>", page)
    assert heads and outside(heads, OWN) == []
    assert "take back" not in page and "gave 2.5 points in q7 of ann, tiny" in page
