"""The dashboard's pages: real HTML that loads and runs nothing, links that lead somewhere, words that stay text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest

from examples.semester.folder import make
from grader.cli import main
from grader.course import read_assignment
from grader.dashboard import site
from grader.dashboard.assignment_page import assignment_page, findings
from grader.dashboard.cohort import Cohort
from grader.dashboard.links import Links, student_page
from grader.gradebook import Gradebook, read_gradebook
from grader.markup import Html, document, el, table
from grader.paths import Paths
from grader.schema import Attempt, CheckResult, Evidence, Outcome, Status, Usage

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = '</p><script>document.title="pwned"</script><img src="http://127.0.0.1:9/x" onerror="alert(1)">'
HOSTILE += "\u202e\"'&\x1b[31m$x$"
PRINTABLE = HOSTILE.translate({0x202E: None, 0x1B: None})  # what a roster may hold
NEVER = {
    "script",
    "img",
    "link",
    "iframe",
    "object",
    "embed",
    "form",
    "base",
    "audio",
    "video",
    "image",
    "foreignObject",
}
VOID = {"meta", "br", "rect"}
BOUNDARIES = [Decimal(40), Decimal(60), Decimal("79.5")]
EVIDENCE = Evidence("ab" * 32, (("q4", "cd" * 32),), "sha256:" + "ef" * 32, "cpu", "00", "strict")


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

    def values(self, *names: str) -> list[str]:
        return [value for _, name, value in self.attributes if name in names]


# ---------------------------------------------------------------------------------------------------- a semester


@pytest.fixture(scope="module")
def semester(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("semester") / "course"
    make(root, students=30)
    return root


@dataclass
class Report:
    folder: Path
    pages: dict[str, str]
    outlines: dict[str, Outline]


@pytest.fixture(scope="module")
def report(semester: Path) -> Report:
    """What `grader report` writes, by the page's place in the folder."""
    out = semester / "report"
    leftover = out / "students" / f"s-{'0' * 16}.html"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("somebody who left the course", encoding="utf-8")
    run_report(semester, "--out", str(out))
    pages = {str(path.relative_to(out)): path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html"))}
    return Report(out, pages, {name: Outline(text) for name, text in pages.items()})


def run_report(course: Path, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_COURSE", str(course))
        assert main(["report", *arguments]) == 0


def test_there_is_a_page_for_the_course_for_each_assignment_and_for_each_student(semester, report):
    roster = [line.split(",")[0] for line in (semester / "roster.csv").read_text(encoding="utf-8").splitlines()[2:]]
    students = {student_page(student) for student in [*roster, "dl01O"]}
    names = ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative")
    assert set(report.pages) == {"report.html", *(f"assignment_{name}.html" for name in names), *students}
    assert (report.folder / "gradebook.csv").read_text(encoding="utf-8").count("\n") == 31


def test_every_page_is_well_formed_and_loads_and_runs_nothing(report):
    for name, page in report.outlines.items():
        assert page.open == [], name
        assert not NEVER & set(page.tags), name
        assert not [attribute for _, attribute, _ in page.attributes if attribute.startswith("on")], name
        assert not page.values("style", "src", "action", "xlink:href"), name
        assert not [value for value in page.values("fill", "stroke", "clip-path", "href") if ":" in value], name


def test_every_link_leads_to_a_page_and_a_place_that_is_there_and_no_two_places_have_one_name(report):
    ids = {name: page.values("id") for name, page in report.outlines.items()}
    for name, places in ids.items():
        assert len(places) == len(set(places)), name
    for name, outline in report.outlines.items():
        for target in outline.values("href"):
            page, place = urldefrag(urljoin(f"/{name}", target))
            assert page[1:] in report.pages, f"{name}: {target}"
            assert not place or place in ids[page[1:]], f"{name}: {target}"


def test_shapes_that_refer_to_patterns_and_clips_find_them(report):
    for name, text in report.pages.items():
        wanted = set(re.findall(r"url\(#([\w-]+)\)", text))
        assert wanted <= set(report.outlines[name].values("id")), name


def test_every_figure_says_in_words_what_it_shows(report):
    pictures = 0
    for text in report.pages.values():
        for attributes in re.findall(r"<svg ([^>]*)>", text):
            pictures += 1
            assert 'role="img"' in attributes
            label = re.search(r'aria-label="([^"]+)"', attributes)
            assert label is not None and re.search(r"\d", label[1]), attributes
        assert text.count("<figure>") == text.count("<figcaption>") == text.count('class="plot"')
    assert pictures > 30


def test_a_figure_takes_its_colours_from_the_page(report):
    for text in report.pages.values():
        for picture in re.findall(r'<svg class="plot".*?</svg>', text, re.DOTALL):
            colours = set(re.findall(r'(?:fill|stroke)="([^"]*)"', picture))
            assert {colour for colour in colours if not colour.startswith(("var(", "url("))} <= {"none", "currentColor"}


def test_the_course_page_says_what_was_dropped_and_a_students_page_why(report):
    course = report.outlines["report.html"].text
    assert "lower than the best 3 of 4" in course
    student = report.outlines[student_page("dl001")].text
    assert "the best 3 of 4 count" in student
    assert "rounded once, half up" in student


def test_feedback_on_the_attempt_that_counts_is_the_last_stage(semester, report, tmp_path, monkeypatch):
    course = tmp_path / "course"
    shutil.copytree(semester, course, ignore=shutil.ignore_patterns("report"))
    monkeypatch.setenv("GRADER_COURSE", str(course))
    assert "feedback written 0" in report.pages["assignment_a3_sequences.html"]
    for student, stage in (("--student=dl001", "feedback written 1"), ("", "feedback written 2[0-9]")):
        assert main(["feedback", "a3_sequences", "--out", str(tmp_path / "feedback"), *filter(None, [student])]) <= 1
        assert main(["report", "a3_sequences", "--out", str(tmp_path)]) == 0
        assert re.search(stage, (tmp_path / "assignment_a3_sequences.html").read_text(encoding="utf-8"))


def test_the_same_record_gives_the_same_bytes_whatever_the_order_of_sets(semester, report, tmp_path):
    command = [sys.executable, "-m", "grader.cli", "report", "--out", str(tmp_path)]
    environment = {**os.environ, "GRADER_COURSE": str(semester), "PYTHONHASHSEED": "1"}
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
    again = {str(path.relative_to(tmp_path)): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html")}
    assert again == report.pages


def test_one_assignment_is_one_page_that_needs_no_other(semester, tmp_path, capsys):
    run_report(semester, "a2_cnn", "--out", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["assignment_a2_cnn.html"]
    assert capsys.readouterr().out == f"{tmp_path / 'assignment_a2_cnn.html'}\n"
    page = Outline((tmp_path / "assignment_a2_cnn.html").read_text(encoding="utf-8"))
    assert all(value.startswith("#") for value in page.values("href"))


@pytest.mark.parametrize("text", ["abc", "101", "-1", "nan", "40,,x"])
def test_a_boundary_that_is_none_is_an_error_that_names_it(semester, text, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GRADER_COURSE", str(semester))
    assert main(["report", "--out", str(tmp_path), f"--boundaries={text}"]) == 2
    assert "is no boundary" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_help_does_not_import_matplotlib():
    probe = "import sys, grader.cli\ntry: grader.cli.main(['report', '--help'])\nexcept SystemExit: pass\n"
    probe += "assert not {'matplotlib', 'numpy', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, cwd=ROOT)


# ---------------------------------------------------------------------------------------------------- hostile words


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
    hostile, harmless = pages_of(HOSTILE, PRINTABLE), pages_of("plain words", "plain words")
    changed = {student_page(PRINTABLE): student_page("plain words")}
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
    assert all("no mark yet" in text for text in row.values()), "the exams have no table yet"


def _row(page: str, student: str) -> str:
    """The text of a student's row in the table of marks."""
    rows = page[page.index('id="marks"') :].split("<tr>")
    cells = next(row for row in rows if f">{student}</a>" in row).split("</tr>")[0]
    return Outline(f"<table><tr>{cells}</tr></table>").text


def test_an_unreadable_file_and_somebody_who_is_not_on_the_roster_come_first(pages_of):
    text = " ".join(Outline(pages_of("a saved web page", "zoe")["report.html"].replace("<", " <")).text.split())
    first = text[text.index("Look at these first", text.index("on the roster")) : text.index("checks in doubt")]
    assert "zoe not on the roster submission of a1_mlp; counted nowhere" in first
    assert "zoe a1_mlp unreadable a saved web page" in first
    assert "crashed" in first and "waiting" in first
    assert "anna" not in first, "a wrong answer is nothing odd"


def test_a_check_that_failed_shows_what_was_said_and_the_hint_and_one_that_crashed_shows_no_hint(pages_of):
    pages = pages_of("too large by the factor 5", "Anna")
    assert "think of" not in Outline(pages[student_page("ben")]).text
    anna = Outline(pages[student_page("anna")]).text
    assert "too large by the factor 5" in anna and "think of too large by the factor 5" in anna


def test_an_assignment_that_nobody_was_graded_in_has_a_page_all_the_same(course):
    assignment = read_assignment(Paths(course), "a1_mlp")
    found = findings(Cohort(assignment, ("anna", "ben"), frozenset({"anna"}), ()))
    page = Outline(assignment_page(found, "A course", Links(False, (), frozenset())))
    assert "handed in, and not graded yet" in page.text
    assert page.open == []


def test_a_course_without_any_marks_has_a_page(book_of):
    book = book_of("Anna", {})
    page = dict(site.pages(book, [], []))["report.html"]
    assert "Nothing is graded here yet" in page and "Nobody has a total yet" in page


def test_the_policy_allows_the_pages_own_style_and_nothing_else(pages_of):
    for page in [document("x", el("p", "y")), *pages_of("plain words", "Anna").values()]:
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
        assert policy is not None
        assert policy[1].startswith("default-src &#x27;none&#x27;; style-src &#x27;sha256-")
        assert "unsafe" not in policy[1]


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
    assert "<title>pwned</title>" not in shown and "<script" not in shown and "<img" not in shown
    assert console == ""
    assert [address for address in asked(log) if "127.0.0.1" in address] == []


def test_a_real_browser_shows_the_figures_without_a_word_on_the_console(browser, report, tmp_path):
    shown, console, _ = shown_by(browser, report.folder / "assignment_a1_mlp.html", tmp_path)
    assert shown.count('class="plot"') == 4
    assert console == ""
