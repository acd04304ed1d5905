"""The dashboard and what students write: it stays text wherever it stands, in a real browser too; states told apart."""

from __future__ import annotations

import html
import posixpath
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from outline import Outline

from grader.course.config import read_assignment
from grader.dashboard import site
from grader.dashboard.assignment_page import assignment_page
from grader.dashboard.cohort import Cohort
from grader.dashboard.findings import findings
from grader.dashboard.links import Links, student_page
from grader.dashboard.student_page import attempt_parts
from grader.marks.gradebook import Gradebook, read_gradebook
from grader.pages.markup import Html, document, el, table
from grader.paths import Paths
from grader.schema import Attempt, CheckResult, Evidence, ManualMark, Outcome, Question, Status, Usage

HOSTILE = '</p><script>document.title="pwned"</script><img src="http://127.0.0.1:9/x" onerror="alert(1)">'
HOSTILE += "\u202e\"'&\x1b[31m$x$"
PRINTABLE = HOSTILE.translate({0x202E: None, 0x1B: None})  # what a roster may hold
HARMLESS = "!plain words"  # comes first among others, as the other does
BOUNDARIES = [Decimal(40), Decimal(60), Decimal("79.5")]
EVIDENCE = Evidence("ab" * 32, (("q4", "cd" * 32),), "sha256:" + "ef" * 32, "cpu", "00", "strict")
FIGURES = {"report.html": 2, "assignment_a1_mlp.html": 3}


def attempt(
    student: str, *results: CheckResult, status: Status = Status.GRADED, notices: tuple[str, ...] = ()
) -> Attempt:
    return Attempt(student, "a1_mlp", status, EVIDENCE, results, notices, Usage(0.2, 0.4, 40.0))


def check(
    name: str, question: str, points: str, outcome: Outcome = Outcome.PASSED, message: str = "", hint: str = ""
) -> CheckResult:
    return CheckResult(name, question, outcome, Decimal(points), message, hint)


def sample(words: str, stranger: str, course: Path) -> dict[tuple[str, str], Attempt]:
    """Attempts with the same words wherever a student's words can come to stand; points as in the course."""
    assignment = read_assignment(Paths(course), "a1_mlp")
    full = [check(f"test_{question.id}", question.id, str(question.points)) for question in assignment.questions]
    first = assignment.questions[0]
    worth = str(first.points)
    wrong = check(f"test_{first.id}", first.id, worth, Outcome.FAILED, words, f"think of {words}")
    odd = check(f"test_{first.id}", first.id, worth, Outcome.CRASHED, words)
    made = {
        "anna": attempt("anna", wrong, *full[1:], notices=(words,)),
        "ben": attempt("ben", odd, *full[1:]),
        "dan": attempt("dan", *full),
        "eve": attempt("eve", wrong, *full[1:]),
        "finn": attempt("finn", wrong, *full[1:]),
        stranger: attempt(stranger, status=Status.UNREADABLE, notices=(words,)),
    }
    return {(student, "a1_mlp"): value for student, value in made.items()}


@pytest.fixture
def book_of(course: Path):
    """A gradebook of a small course: `book_of(name, attempts)`."""

    def make_book(name: str, attempts: dict[tuple[str, str], Attempt]) -> Gradebook:
        (course / "marks").mkdir(exist_ok=True)
        quoted = name.replace('"', '""')
        rows = [
            "student,name",
            f'anna,"{quoted}"',
            "ben,Ben",
            "cleo,Cleo",
            "dan,Dan",
            "eve,Eve",
            "finn,Finn",
            "gus,Gus",
        ]
        (course / "roster.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        others = [item for item in ("a2_cnn", "a3_sequences", "a4_generative") if not _questions(course, item)]
        if others:
            cells = [",".join(["student", *others]), ",".join(["max"] + ["100"] * len(others))]
            cells.append(",".join(["anna"] + ["90"] * len(others)))
            (course / "marks" / "assignments.csv").write_text("\n".join(cells) + "\n")
        rulings = ["student,item,status,reason", "cleo,a1_mlp,excused,ill", "dan,a1_mlp,integrity,copied"]
        rulings += ["anna,a1_mlp,late_hours=20,by mail"]
        (course / "marks" / "status.csv").write_text("\n".join(rulings) + "\n")
        return read_gradebook(Paths(course), attempts)

    return make_book


def _questions(course: Path, item: str) -> bool:
    return bool(read_assignment(Paths(course), item).questions)


@pytest.fixture
def pages_of(course: Path, book_of):
    """All pages of the small course, with the same words everywhere: name of a student, id of a stranger, messages."""

    def make_pages(words: str, name: str) -> dict[str, str]:
        attempts = sample(words, name, course)
        book = book_of(name, attempts)
        there = tuple(attempts[pair] for pair in sorted(attempts))
        roster = tuple(line.student.id for line in book.lines)
        assignment = read_assignment(Paths(course), "a1_mlp")
        cohort = Cohort(assignment, roster, frozenset(student for student, _ in attempts) | {"gus"}, there)
        return dict(site.pages(book, [cohort], BOUNDARIES))

    return make_pages


def test_what_students_write_is_text_wherever_it_stands(pages_of):
    hostile, harmless = pages_of(HOSTILE, PRINTABLE), pages_of("plain words", HARMLESS)
    changed = {student_page(PRINTABLE): student_page(HARMLESS)}
    assert {changed.get(name, name) for name in hostile} == set(harmless)
    for name, text in hostile.items():
        bad, good = Outline(text), Outline(harmless[changed.get(name, name)])
        assert bad.tags == good.tags, name
        assert [(tag, key) for tag, key, _ in bad.attributes] == [(tag, key) for tag, key, _ in good.attributes], name
        assert bad.text.count('<script>document.title="pwned"</script>') == good.text.count("plain words"), name
        assert "\u202e" not in text and "\x1b" not in text, name


def test_a_zero_missing_excused_an_integrity_zero_and_no_mark_are_told_apart(pages_of):
    page = pages_of("plain words", "Anna")["report.html"]
    row = {who: _row(page, who) for who in ("anna", "ben", "cleo", "dan", "gus")}
    assert "excused" in row["cleo"] and "integrity" in row["dan"] and "missing" in row["gus"]
    assert "late" in row["anna"] and "late" not in row["ben"]
    assert all("open" in text for text in row.values()), "the exams have no table yet"


def _row(page: str, student: str) -> str:
    """The text of a student's row in the table of marks."""
    rows = page[page.index('id="marks"') :].split("<tr>")
    cells = next(row for row in rows if f">{student}</a>" in row).split("</tr>")[0]
    return Outline(f"<table><tr>{cells}</tr></table>").text


def test_an_unreadable_file_and_somebody_who_is_not_on_the_roster_come_first(pages_of):
    text = " ".join(Outline(pages_of("a saved web page", "zoe")["report.html"].replace("<", " <")).text.split())
    begins = text.index("Look at these first", text.index("on the roster"))
    first = text[begins : text.index("What the class got wrong")]
    assert "zoe not on the roster submission of a1_mlp; counted nowhere" in first
    assert "zoe a1_mlp unreadable a saved web page" in first
    assert "crashed" in first and "not graded yet" in first
    assert "anna" not in first, "a wrong answer is nothing odd"


def test_a_check_that_failed_shows_what_was_said_and_the_hint_and_one_that_crashed_shows_no_hint(pages_of):
    pages = pages_of("too large by the factor 5", "Anna")
    assert "think of" not in Outline(pages[student_page("ben")]).text
    anna, hint = Outline(pages[student_page("anna")]), "think of too large by the factor 5"
    assert "too large by the factor 5" in anna.text and hint in anna.text
    [place] = {link.partition("#")[2] for link in anna.values("href") if "#c" in link}
    row = pages["assignment_a1_mlp.html"].partition(f'id="{place}"')[2].partition("</tr>")[0]
    assert hint in row


def test_an_assignment_that_nobody_was_graded_in_has_a_page_all_the_same(course):
    assignment = read_assignment(Paths(course), "a1_mlp")
    found = findings(Cohort(assignment, ("anna", "ben"), frozenset({"anna"}), ()))
    page = Outline(assignment_page(found, "A course", Links(False, (), frozenset())))
    assert "handed in, and not graded yet" in page.text
    assert page.open == []


def test_of_an_essay_without_checks_no_link_leads_to_a_part_that_is_not_there(course):
    essay = replace(read_assignment(Paths(course), "a1_mlp"), questions=(Question("q1", "Essay", 10, manual=True),))
    marked = tuple(replace(attempt(who), manual=(ManualMark("q1", Fraction(4)),)) for who in ("anna", "ben"))
    found = findings(Cohort(essay, ("anna", "ben"), frozenset({"anna", "ben"}), marked))
    page = Outline(assignment_page(found, "A course", Links(False, (), frozenset())))
    places = [target.removeprefix("#") for target in page.values("href") if target.startswith("#")]
    assert "points" in places and set(places) <= set(page.values("id"))


def test_an_essay_that_waits_has_no_points_that_look_like_a_mark_and_nothing_was_run_for_it(course):
    essay = replace(read_assignment(Paths(course), "a1_mlp"), questions=(Question("q1", "Essay", 10, manual=True),))
    waits = replace(attempt("anna"), manual=(ManualMark("q1", None, "is to be marked by hand"),))
    waits = replace(waits, evidence=replace(EVIDENCE, tests=(), image="none", isolation="none"))
    parts = attempt_parts(essay, waits, Links(False, (), frozenset()), {})
    text = Outline("".join(map(str, parts))).text
    assert "so far, no total: q1 to be marked by hand" in text
    assert "nothing was run" in text and "none" not in text


def test_where_a_mark_comes_from_stands_without_the_digests_of_hidden_tests(book_of, course):
    many = replace(EVIDENCE, tests=tuple((f"q{n}", "cd" * 32) for n in range(1, 4)))
    attempts = {pair: replace(each, evidence=many) for pair, each in sample("words", "eva", course).items()}
    text = Outline(dict(site.pages(book_of("Anna", attempts), [], []))[student_page("anna")]).text
    assert "tests of 3 questions" in text and "cdcdcdcd" not in text


def test_the_page_of_a_student_without_a_total_has_the_total_so_far(pages_of):
    page = Outline(pages_of("plain words", "Anna")[student_page("anna")]).text
    assert "incomplete" in page and "so far: the total over what has a mark already" in page


def test_a_course_without_any_marks_has_a_page(book_of):
    book = book_of("Anna", {})
    page = dict(site.pages(book, [], []))["report.html"]
    assert "Nothing is graded here yet" in page and "Nobody has a total yet" in page


def policy_of(page: str) -> str:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    return html.unescape(policy)


def test_the_policy_allows_the_pages_own_style_the_sheet_beside_it_and_nothing_else(pages_of):
    alone = policy_of(document("x", el("p", "y")))
    assert alone.startswith("default-src 'none'; style-src 'sha256-") and "'self'" not in alone
    pages = pages_of("plain words", "Anna")
    del pages["report.css"]
    assert len(pages) > 2
    for page in pages.values():
        policy = policy_of(page)
        assert policy.startswith("default-src 'none'; style-src 'self'")
        assert policy.count("'self'") == 1 and "unsafe" not in policy


def test_the_style_sheet_lies_once_beside_the_pages_of_a_report(pages_of):
    """A page whose sheet is not there would be bare; 500 pages that hold it are 4 MB."""
    pages = pages_of("plain words", "Anna")
    sheet = pages["report.css"]
    for name, page in pages.items():
        if name.endswith(".html"):
            (link,) = re.findall(r'<link rel="stylesheet" href="([^"]*)"/>', page)
            assert posixpath.normpath(posixpath.join(posixpath.dirname(name), link)) == "report.css"
            assert "color-scheme" not in page
    assert "color-scheme: light dark" in sheet and "<" not in sheet


def test_markup_escapes_children_and_attributes_but_not_markup():
    assert el("p", "<b>", el("b", "&"), class_='"x"') == '<p class="&quot;x&quot;">&lt;b&gt;<b>&amp;</b></p>'
    assert el("td", None, 0, title=None) == "<td>0</td>"
    assert isinstance(table([el("tr")], [[el("td", 1)]]), Html)


# ---------------------------------------------------------------------------------------------------- a browser


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium here; on Debian: apt-get install chromium")
    return found


def shown_by(browser: str, page: Path, folder: Path) -> tuple[str, str, str]:
    """What a real browser makes of a page: its document after loading, its console, and whom it asked."""
    log = folder / "net.json"
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--no-first-run"]
    alone = ["--disable-background-networking", "--disable-component-update", f"--log-net-log={log}"]
    told = subprocess.run(
        [browser, *quiet, *alone, "--enable-logging=stderr", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return told.stdout, "\n".join(line for line in told.stderr.splitlines() if "CONSOLE" in line), log.read_text()


def asked(log: str) -> Iterator[str]:
    """Addresses of pages and pictures in a browser's log of the network."""
    return (address for address in re.findall(r'"url":"([^"]+)"', log) if address.startswith("http"))


@pytest.mark.parametrize("name", ["report.html", "assignment_a1_mlp.html", "stranger"])
def test_a_real_browser_shows_hostile_words_as_text_and_asks_nobody_for_anything(name, browser, pages_of, tmp_path):
    pages = pages_of(HOSTILE, PRINTABLE)
    name = student_page(PRINTABLE) if name == "stranger" else name
    file = tmp_path / Path(name).name
    file.write_text(pages[name], encoding="utf-8")
    shown, console, log = shown_by(browser, file, tmp_path)
    assert '&lt;script&gt;document.title="pwned"&lt;/script&gt;' in shown
    assert "<title>pwned</title>" not in shown and "<img" not in shown
    assert shown.count("<script") == (0 if name.startswith("students/") else 1)
    assert console == ""
    assert shown.count('class="plot"') == FIGURES.get(name, 0)
    assert [address for address in asked(log) if "127.0.0.1" in address] == []
