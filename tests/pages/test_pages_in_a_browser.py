"""Every kind of page in a real browser: axe-core finds nothing in both schemes and three widths, rows are found and
sorted by keyboard, and on paper no column is cut off."""

from __future__ import annotations

import io
import re
import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest
from axe import required, violations
from tiny import RIGHT, ipynb, small_course

from examples.pictures.imported import page_of_an_import
from grader.authoring.audit import Audit
from grader.authoring.audit_page import audit_page
from grader.cli import main
from grader.course.config import read_assignment
from grader.dashboard.links import student_page
from grader.paths import Paths
from grader.record.store import Store
from grader.schema import Attempt, CheckResult, Evidence, Outcome, Status, Submission, Usage

pytestmark = pytest.mark.browser
CELLS = """[...document.querySelectorAll("tr:first-child > *, tr:last-child > *")].map((cell) => cell.innerText)"""
OVERFLOWING = """[...document.querySelectorAll(".tall")].map((box) => {
  const body = box.querySelector("tbody"), row = body.rows[0];
  for (let more = 0; more < 80; more++) body.append(row.cloneNode(true));
  return box.getBoundingClientRect().bottom < body.getBoundingClientRect().bottom - 1 ? box.ariaLabel : "";
})"""
BELOW_ITS_MARKER = """[...document.querySelectorAll("summary")].filter((summary) => {
  const inside = document.createRange();
  inside.selectNodeContents(summary);
  return inside.getClientRects()[0].top > summary.getBoundingClientRect().top + 24;
}).map((summary) => summary.innerText)"""
SIDEWAYS = """[...document.querySelectorAll(".wide:not(.find), pre.computation")].filter(
  (box) => box.scrollWidth > box.clientWidth).map((box) => `${box.ariaLabel} ${box.scrollWidth}`)"""
UNFOLD = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
MATRICES = ("Marks of every student", "Points of every student by question")  # a column an item, or a question
ON_A_PHONE = """[...document.querySelectorAll(".wide, pre.computation")].filter(
  (box) => box.scrollWidth > box.clientWidth).map((box) => box.ariaLabel)"""
LOW = """[...document.querySelectorAll("td a, th a, nav a, button, summary")].filter((each) => each.checkVisibility())
  .filter((each) => Math.min(...[...each.getClientRects()].map((box) => box.height)) < 24)
  .map((each) => each.innerText)"""
NARROW = "[...document.querySelectorAll('td.n > a')].filter((each) => each.getBoundingClientRect().width < 24)"
LONGER = """() => { for (const body of document.querySelectorAll(".tall tbody"))
  for (const row of [...body.rows]) for (let more = 0; more < 30; more++) body.append(row.cloneNode(true)); }"""
LABELS = "(cells) => cells.map((cell) => getComputedStyle(cell, '::before').content)"
CLASS = {f"s{number:02}": f"Student {name}" for number, name in enumerate("ABCDEFGHIJKL")}


def hand_in(student: str, *more: str) -> Submission:
    return Submission(student, "tiny", "tiny.ipynb", ipynb(*RIGHT, f"def running_sum(x):\n    return x{more}"))


def attempt(student: str, file: Submission, place: int, tests: str = "ab") -> Attempt:
    """Of twelve students, the later the worse."""
    wrong = Outcome.FAILED if place % 3 == 1 else Outcome.PASSED
    last = Outcome.ERROR if place > 6 else Outcome.PASSED
    unwritten = "not written yet: running_sum in cell 3 raises NotImplementedError" if place > 6 else ""
    results = (
        CheckResult("test_rows_add_up", "q1", wrong, Decimal(4), "too large by the factor 3.", "Divide by the sum."),
        CheckResult("test_it_counts", "q2", Outcome.TIMEOUT if place == 11 else Outcome.PASSED, Decimal(3), "10 s"),
        CheckResult("test_sums", "q3", last, Decimal("1.5"), unwritten),
    )
    evidence = Evidence(file.digest, tuple((name, tests * 32) for name in ("q1", "q2", "q3")), "sha256:" + "ef" * 32,
                        "cpu", "5eed", "strict")  # fmt: skip
    return Attempt(student, "tiny", Status.GRADED, evidence, results, ("a notice",), Usage(1.0, 1.0 + place, 40.0))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind, of a class of twelve whose attempts are on record."""
    paths = small_course(tmp_path_factory.mktemp("pages") / "course")
    rows = ["student,name", *(f"{student},{name}" for student, name in CLASS.items())]
    paths.roster_csv.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with Store.open(paths.record) as store:
        for tests in ("ab", "cd"):
            run = store.begin_run("tiny", "grade tiny")
            for place, student in enumerate(list(CLASS)[:-1] if tests == "cd" else CLASS):
                file = hand_in(student, tests, str(place // 2))
                store.add_submission(file)
                store.add_attempt(run, attempt(student, file, place + (tests == "ab"), tests), {})
            store.end_run(run, "done")
        store.add_override("s01", "tiny", "q1", Decimal(1), "right in another convention", "ta1")
    out = paths.root / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_COURSE", str(paths.root))
        assert main(["report", "--out", str(out), "--boundaries", "50,82"]) == 0
        assert main(["feedback", "tiny", "--out", str(out)]) <= 1
        assert main(["similar", "tiny", "--out", str(out / "similar")]) == 0
    (out / "audit.html").write_text(audit_page(Audit(read_assignment(Paths(paths.root), "tiny"))), encoding="utf-8")
    names = {"course": "report.html", "assignment": "assignment_tiny.html", "student for staff": student_page("s01"),
             "feedback": "s01.html", "similar": "similar/tiny.html", "audit": "audit.html"}  # fmt: skip
    return {kind: out / name for kind, name in names.items()}


def test_axe_finds_nothing_on_any_kind_of_page_in_both_schemes_and_three_widths(pages, chromium):
    found = []
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    for kind, file in pages.items():
        page.goto(file.as_uri())
        found += violations(page, kind)
    context.close()
    assert found == []


def test_the_style_sheet_beside_the_pages_is_loaded_from_disk(pages, chromium):
    page = chromium.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    for kind in ("course", "assignment", "student for staff"):
        page.goto(pages[kind].as_uri())
        assert "report.css" in page.content()
        assert page.evaluate("getComputedStyle(document.body).maxWidth") == "1312px", kind  # 82 rem
    assert said == []
    page.close()


def test_a_student_is_found_by_typing_and_a_column_sorted_by_keyboard(pages, chromium):
    page = chromium.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(pages["course"].as_uri())
    rows = "[...document.querySelectorAll('.marks tbody tr')].filter((row) => !row.hidden)"
    shown = f"{rows}.map((row) => row.cells[1].textContent)"
    page.keyboard.press("/")
    page.keyboard.type("student k")
    assert page.evaluate(shown) == ["Student K"]
    page.keyboard.press("Escape")
    assert page.evaluate(shown) == list(CLASS.values())
    page.keyboard.press("/")
    page.keyboard.type("student b")
    assert page.evaluate(shown) == ["Student B"], "the key that asks for the field was pressed inside of it"
    page.keyboard.press("Escape")
    name = page.get_by_role("button", name="name").last
    name.press("Enter")
    name.press("Enter")
    assert page.evaluate(shown) == sorted(CLASS.values(), reverse=True)
    page.keyboard.press("/")
    page.keyboard.type("s05")
    page.keyboard.press("Enter")
    page.wait_for_url("**/students/*")
    assert page.get_by_role("heading", level=1).inner_text() == "s05 Student F"
    assert said == []
    page.close()


def test_a_page_for_staff_has_the_code_the_attempts_and_what_was_changed_by_whom(pages):
    text = pages["student for staff"].read_text(encoding="utf-8")
    for part in ("by checks, +1 by hand)", "right in another convention", "<td>ta1</td>", "2 attempts", "another file",
                 "other hidden tests of q1, q2, q3", "previous", "next", "Student B",
                 'class="l" data-n="1"'):  # fmt: skip
        assert part in text, part
    [heading] = re.findall(r'<h3 id="tiny-q1">(.*?)</h3>', text)
    assert heading.endswith("checks; +1 by hand</span>"), heading


@pytest.mark.parametrize("kind", ["course", "assignment", "student for staff", "feedback"])
def test_on_paper_every_column_of_every_table_can_be_read(kind, pages, chromium):
    pypdf = required("pypdf")
    page = chromium.new_page()
    page.goto(pages[kind].as_uri())
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    read = "".join(sheet.extract_text() for sheet in printed.pages)
    text = "".join(unicodedata.normalize("NFKC", read).split())  # a PDF has the letters fi as one
    page.emulate_media(media="print")
    cells = page.evaluate(CELLS)
    page.close()
    assert len(cells) > 6
    assert [word for cell in cells for word in unicodedata.normalize("NFKC", cell).split() if word not in text] == []


@pytest.mark.parametrize("kind", ["course", "assignment"])
def test_on_paper_a_hatched_bar_is_lines_and_no_photograph(kind, pages, chromium):
    pypdf = required("pypdf")
    page = chromium.new_page()
    page.goto(pages[kind].as_uri())
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    page.close()
    parts = [printed.get_object(number) for number in range(1, printed.trailer["/Size"])]
    kinds = [part.get("/Subtype") for part in parts if isinstance(part, dict)]
    assert len(kinds) > 20 and "/Image" not in kinds


def test_on_paper_a_long_table_does_not_lie_over_what_follows(pages, chromium):
    page = chromium.new_page()
    page.goto(pages["assignment"].as_uri())
    page.emulate_media(media="print")
    assert page.locator(".tall.short").count(), "somebody is near a boundary"
    found = page.evaluate(OVERFLOWING)
    page.close()
    assert not any(found), found


@pytest.mark.parametrize("width", [960, 1100, 1280])
def test_beside_a_figure_a_table_has_room_for_all_of_its_columns(width, pages, chromium):
    page = chromium.new_page(viewport={"width": width, "height": 700})
    for kind in ("course", "assignment"):
        page.goto(pages[kind].as_uri())
        assert page.locator(".two .wide").count() and page.evaluate(SIDEWAYS) == []
    page.close()


@pytest.mark.parametrize("kind", ["course", "assignment"])
def test_on_paper_the_heads_of_a_long_table_stand_on_every_sheet_that_has_rows_of_it(kind, pages, chromium):
    pypdf = required("pypdf")
    page = chromium.new_page()
    page.goto(pages[kind].as_uri())
    boxes = page.locator(".tall").all()
    heads = [box.locator("thead button").last.text_content() for box in boxes]
    page.evaluate(LONGER)
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    page.close()
    sheets = [" ".join(unicodedata.normalize("NFKC", sheet.extract_text()).split()) for sheet in printed.pages]
    assert len(sheets) > 4 and len(heads) > 1
    for head in heads:
        assert sum(head in sheet for sheet in sheets) > 1, head


@pytest.mark.parametrize("kind", ["course", "assignment", "student for staff", "feedback"])
def test_on_paper_the_whole_width_is_used_and_no_heading_is_the_last_of_a_sheet(kind, pages, chromium):
    page = chromium.new_page(viewport={"width": 1030, "height": 700})
    page.goto(pages[kind].as_uri())
    page.emulate_media(media="print")
    heads = page.locator("h2, h3, summary, .lead").evaluate_all(
        "(all) => all.map((each) => getComputedStyle(each).breakAfter)"
    )
    width = page.evaluate("document.body.getBoundingClientRect().width")
    page.close()
    assert width >= (1000 if kind != "feedback" else 800) and set(heads) == {"avoid"}


@pytest.mark.parametrize("kind", ["course", "assignment", "student for staff"])
def test_on_a_phone_links_and_buttons_are_high_enough_for_a_finger(kind, pages, chromium):
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    page.goto(pages[kind].as_uri())
    assert page.evaluate(LOW) == [] and page.evaluate(f"{NARROW}.length") == 0
    page.close()


@pytest.mark.parametrize("kind", ["course", "assignment", "student for staff", "feedback"])
def test_on_a_phone_the_rows_of_a_table_are_found_and_sorted_as_elsewhere(kind, pages, chromium):
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    page.goto(pages[kind].as_uri())
    assert set(page.evaluate(ON_A_PHONE)) <= set(MATRICES)
    page.evaluate(UNFOLD)
    for box in page.locator(".find:has(table.stack)").all():
        field, rows = page.get_by_label(f"Find in: {box.get_attribute('aria-label')}"), box.locator("tbody tr")
        field.fill("nobody has this")
        assert not any(row.is_visible() for row in rows.all())
        field.fill("")
        button = box.locator("thead button").first
        assert button.is_visible()
        button.click()
        assert box.locator("th[aria-sort=ascending]").count() == 1
    page.close()


def test_a_page_for_staff_leads_to_each_question_that_lost_points_and_begins_the_mark_with_the_total(pages, chromium):
    page = chromium.new_page()
    page.goto(pages["student for staff"].as_uri())
    lost = page.locator("p", has=page.get_by_text("points lost", exact=True))
    assert lost.inner_text().split() == ["points", "lost", "q1", "\u22124"]
    lost.get_by_role("link", name="q1").click()
    assert page.locator("h3:target").inner_text().startswith("q1 ")
    assert page.get_by_role("navigation", name="On this page").inner_text().startswith("On this page:")
    total = page.locator("#mark ~ p", has_text="Total: ").bounding_box()
    table = page.get_by_role("group", name="How the course mark came about").bounding_box()
    page.close()
    assert total["y"] < table["y"]


@pytest.mark.parametrize("kind", ["course", "assignment", "student for staff"])
def test_on_a_phone_the_rows_of_a_table_are_blocks_that_nobody_scrolls_and_readers_read_as_a_table(
    kind, pages, chromium
):
    page = chromium.new_page(viewport={"width": 360, "height": 700})
    page.goto(pages[kind].as_uri())
    assert page.evaluate(SIDEWAYS) == []
    page.evaluate(UNFOLD)
    tables = page.locator("table.stack").all()
    for table in tables:
        heads = [text.strip() for text in table.locator("thead th").all_inner_texts()]
        assert [head.inner_text().strip() for head in table.get_by_role("columnheader").all()] == heads
        assert table.get_by_role("rowheader").count() == table.locator("tbody tr").count()
        for place, head in enumerate(heads[1:], 2):
            labels = table.locator(f"tbody td:nth-child({place})").evaluate_all(LABELS)
            assert set(labels) <= {f'"{head}" / ""'}, "beside a cell stands what its column is called"
    page.close()
    assert tables


@pytest.mark.parametrize("kind", ["student for staff", "feedback"])
def test_on_a_phone_the_title_of_what_is_folded_stands_beside_its_marker(kind, pages, chromium):
    page = chromium.new_page(viewport={"width": 280, "height": 700})
    page.goto(pages[kind].as_uri())
    assert page.locator("summary").count()
    found = page.evaluate(BELOW_ITS_MARKER)
    page.close()
    assert found == []


def test_what_became_of_an_import_needs_no_scrolling_on_a_phone(chromium):
    page = chromium.new_page(viewport={"width": 360, "height": 700})
    page.set_content(page_of_an_import())
    found = page.evaluate(ON_A_PHONE)
    page.close()
    assert found == []


def test_where_no_two_are_alike_nothing_is_announced_side_by_side(pages):
    text = pages["similar"].read_text(encoding="utf-8")
    assert "No two hand-ins share" in text and "Side by side" not in text
