"""The report page: real HTML, states told apart, nothing loaded, nothing run, and what students write stays text."""

from __future__ import annotations

import re
import shutil
import subprocess
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from grader.course import read_assignment
from grader.gradebook import Gradebook, read_gradebook
from grader.markup import Html, document, el, table
from grader.oddities import reasons_to_look
from grader.pages import report_page
from grader.paths import Paths
from grader.schema import Attempt, CheckResult, Evidence, Outcome, Status, Usage

HOSTILE = (
    '</p><script>document.title="pwned"</script><img src="http://127.0.0.1:9/x" onerror="alert(1)">\u202e"\'&\x1b[31m'
)
VOID = {"meta", "br", "rect"}


def attempt(
    student: str, *results: CheckResult, status: Status = Status.GRADED, notices: tuple[str, ...] = ()
) -> Attempt:
    evidence = Evidence("ab" * 32, (("q4", "cd" * 32),), "sha256:" + "ef" * 32, "cpu", "00", "strict")
    return Attempt(student, "a1_mlp", status, evidence, results, notices, Usage(0.2, 0.4, 40.0))


def check(
    name: str, question: str, points: str, outcome: Outcome = Outcome.PASSED, message: str = "", hint: str = ""
) -> CheckResult:
    return CheckResult(name, question, outcome, Decimal(points), message, hint)


class Outline(HTMLParser):
    """The tags of a page in order, its text, and every attribute."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.open += [] if tag in VOID else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def book_of(course: Path):
    """A gradebook of a small course: `book_of(name, attempts)`."""

    def make(name: str, attempts: dict[tuple[str, str], Attempt]) -> Gradebook:
        (course / "marks").mkdir(exist_ok=True)
        quoted = name.replace('"', '""').translate({0x202E: "", 0x1B: ""})
        rows = ["student,name", f'anna,"{quoted}"', "ben,Ben", "cleo,Cleo", "dan,Dan", "eve,Eve"]
        (course / "roster.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        table_of = ["student,a2_cnn,a3_sequences,a4_generative", "max,100,100,100", "anna,90,80,", "ben,70,70,70"]
        (course / "marks" / "assignments.csv").write_text("\n".join(table_of) + "\n")
        rulings = ["student,item,status,reason", "cleo,a1_mlp,excused,ill", "dan,a1_mlp,integrity,copied"]
        rulings += ["anna,a1_mlp,late_hours=20,by mail"]
        (course / "marks" / "status.csv").write_text("\n".join(rulings) + "\n")
        return read_gradebook(Paths(course), attempts)

    return make


def sample(words: str, course: Path) -> dict[tuple[str, str], Attempt]:
    """Attempts with the same words wherever a student's words can come to stand; points as in the course."""
    assignment = read_assignment(Paths(course), "a1_mlp")
    full = [check(f"test_{question.id}", question.id, str(question.points)) for question in assignment.questions]
    wrong = check("test_q4", "q4", "5", Outcome.FAILED, words, f"think of {words}")
    odd = check("test_q4", "q4", "5", Outcome.CRASHED, words)
    made = {
        "anna": attempt("anna", wrong, *full[1:], notices=(words,)),
        "ben": attempt("ben", odd, *full[1:]),
        "dan": attempt("dan", *full),
        "zoe": attempt("zoe", status=Status.UNREADABLE, notices=(words,)),
    }
    return {(student, "a1_mlp"): value for student, value in made.items()}


@pytest.fixture
def page_of(course: Path, book_of):
    def make(words: str) -> str:
        attempts = sample(words, course)
        return report_page(book_of(words, attempts), [read_assignment(Paths(course), "a1_mlp")], attempts)

    return make


# ---------------------------------------------------------------------------------------------------- harmless


def test_what_students_write_is_text_wherever_it_stands(page_of):
    hostile, harmless = Outline(page_of(HOSTILE)), Outline(page_of("plain words"))
    assert hostile.tags == harmless.tags
    assert {(tag, name) for tag, name, _ in hostile.attributes} == {(tag, name) for tag, name, _ in harmless.attributes}
    assert hostile.text.count('<script>document.title="pwned"</script>') == harmless.text.count("plain words")


def test_control_characters_and_reversed_writing_are_made_visible(page_of):
    page = page_of(HOSTILE)
    assert "\u202e" not in page and "\x1b" not in page


def test_the_page_is_well_formed_and_loads_and_runs_nothing(page_of):
    page = Outline(page_of("plain words"))
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "object", "form", "base", "audio", "video"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("style", "src", "action")]
    assert all(value.startswith("#") for _, name, value in page.attributes if name == "href")


def test_the_policy_allows_the_pages_own_style_and_nothing_else():
    page = document("x", el("p", "y"))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src &#x27;none&#x27;; style-src &#x27;sha256-")
    assert "unsafe" not in policy[1]


def test_every_link_leads_somewhere_and_no_two_places_have_one_name(page_of):
    page = Outline(page_of("plain words"))
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for _, name, value in page.attributes if name == "href"} <= set(ids)


def test_the_same_values_give_the_same_bytes(page_of):
    assert page_of("plain words") == page_of("plain words")


def test_markup_escapes_children_and_attributes_but_not_markup():
    assert el("p", "<b>", el("b", "&"), class_='"x"') == '<p class="&quot;x&quot;">&lt;b&gt;<b>&amp;</b></p>'
    assert el("td", None, 0, title=None) == "<td>0</td>"
    assert isinstance(table([el("tr")], [[el("td", 1)]]), Html)


# ---------------------------------------------------------------------------------------------------- what it says


def test_a_zero_missing_excused_an_integrity_zero_and_no_mark_are_told_apart(page_of):
    page = page_of("plain words")
    row = {who: _row(page, who) for who in ("anna", "ben", "cleo", "dan", "eve")}
    assert "excused" in row["cleo"] and "integrity" in row["dan"] and "missing" in row["eve"]
    assert "late" in row["anna"] and "late" not in row["ben"]
    assert all("no mark yet" in text for text in row.values()), "the exams have no table yet"


def test_a_check_that_failed_shows_what_was_said_and_the_hint_and_one_that_crashed_shows_no_hint(page_of):
    page = Outline(page_of("too large by the factor 5")).text
    assert "think of too large by the factor 5" in page
    assert "Hint" not in page.split("How the course mark came about")[1].split("crashed")[-1][:200]


def test_an_unreadable_file_and_somebody_who_is_not_on_the_roster_come_first(page_of):
    text = " ".join(Outline(page_of("a saved web page").replace("<", " <")).text.split())
    first = text[text.index("Look at these first") : text.index("student name total")]
    assert "zoe not on the roster submission of a1_mlp; counted nowhere" in first
    assert "zoe a1_mlp unreadable a saved web page" in first
    assert "ben a1_mlp crashed q4: a saved web page" in first
    assert "anna" not in first, "a wrong answer is nothing odd"


def _row(page: str, student: str) -> str:
    """The text of a student's row in the table of marks."""
    rows = page[page.index('id="marks"') :].split("<tr>")
    return Outline(
        "<table><tr>" + next(row for row in rows if f">{student}</a>" in row).split("</tr>")[0] + "</tr></table>"
    ).text


@pytest.mark.parametrize(
    ("results", "kinds"),
    [
        pytest.param([check("t", "q4", "5")], [], id="passed"),
        pytest.param([check("t", "q4", "5", Outcome.FAILED, "wrong"), check("u", "q5", "8")], [], id="wrong"),
        pytest.param([check("t", "q4", "5", Outcome.FAILED, "wrong")], ["0 points"], id="nothing right"),
        pytest.param([check("t", "q4", "5", Outcome.ERROR, "not written yet: relu")], [], id="nothing tried"),
        pytest.param([check("t", "q4", "5", Outcome.TIMEOUT, "no answer")], ["timeout"], id="hangs"),
        pytest.param(
            [check("t", "q4", "5", Outcome.MISSING, "looked for relu; your notebook defines rel (cell 3)")], ["name"],
            id="a name like it",
        ),
        pytest.param([check("t", "q4", "5", Outcome.MISSING, "looked for relu")], [], id="no name like it"),
    ],
)  # fmt: skip
def test_what_is_odd_about_an_attempt(results, kinds):
    assert [kind for kind, _ in reasons_to_look(attempt("anna", *results))] == kinds


# ---------------------------------------------------------------------------------------------------- a browser


def test_a_real_browser_shows_hostile_words_as_text_and_asks_nobody_for_anything(page_of, tmp_path):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium here; on Debian: apt-get install chromium")
    (tmp_path / "report.html").write_text(page_of(HOSTILE), encoding="utf-8")
    log = tmp_path / "net.json"
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--no-first-run"]
    alone = ["--disable-background-networking", "--disable-component-update", f"--log-net-log={log}"]
    told = subprocess.run(
        [browser, *quiet, *alone, "--enable-logging=stderr", "--dump-dom", (tmp_path / "report.html").as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "<title>Introduction to Deep Learning: marks</title>" in told.stdout
    assert '&lt;script&gt;document.title="pwned"&lt;/script&gt;' in told.stdout
    assert "<script" not in told.stdout and "<img" not in told.stdout
    assert "CONSOLE" not in told.stderr, told.stderr
    assert "127.0.0.1:9" not in log.read_text(errors="replace"), "the page asked for a picture"
