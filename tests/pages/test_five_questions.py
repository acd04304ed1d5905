"""What docs/dashboard.md promises: each of seven questions is answered by a few clicks, for a class of any size."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.semester.folder import make
from grader.cli import main
from grader.paths import PACKAGE, Paths
from grader.record.store import Store
from grader.schema import CheckResult, Status
from grader.terminal.screen import words

pytestmark = pytest.mark.browser
ASKED = "a1_mlp"
PROMISED = (PACKAGE.parent / "docs" / "dashboard.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A semester of 60 with its report."""
    paths = make(tmp_path_factory.mktemp("semester") / "course", students=60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_COURSE", str(paths.root))
        assert main(["report", "--out", str(paths.root / "report")]) == 0
    return paths


@pytest.fixture
def page(paths, chromium):
    """The page of the course, as it opens from disk."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto((paths.root / "report" / "report.html").as_uri())
    yield page
    page.close()


def graded(paths: Paths) -> Iterator[tuple[str, CheckResult]]:
    """(student, result) of all attempts that count, from the record."""
    with Store.open(paths.record) as store:
        for (student, _), attempt in store.all_current().items():
            if attempt.status is Status.GRADED:
                yield from ((student, result) for result in attempt.results)


def on_the_roster(paths: Paths) -> list[str]:
    with paths.roster_csv.open(encoding="utf-8", newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    return [row["student"] for row in csv.DictReader(lines)]


def row_of(page, target: str):
    """The row that an address leads to, which is in sight."""
    row = page.locator(f"tr:has(#{target.partition('#')[2]})")
    row.wait_for(state="visible")
    return row


def test_who_lost_most_by_one_check(page, paths):
    page.get_by_role("link", name="What went wrong most").click()
    first = page.get_by_role("group", name="Lost most by one check").locator("tbody tr").first
    if first.locator("summary").count():
        first.locator("summary").click()
    named = first.locator("td").nth(1).locator("a").all_inner_texts()
    roster = set(on_the_roster(paths))
    wrong = [(result.max_points, student, result.name) for student, result in graded(paths) if result.wrong]
    most = max(points for points, student, _ in wrong if student in roster)
    assert first.locator("td").first.inner_text() == f"{float(most):g}"
    check = first.locator("td").nth(2).locator("a").inner_text()
    assert sorted(named) == sorted(student for _, student, name in wrong if words(name) == check)
    first.locator("td").nth(1).locator("a").first.click()
    assert page.get_by_role("heading", level=1).inner_text().startswith(named[0])
    assert page.get_by_role("link", name=check, exact=True).count()


def test_why_somebody_has_the_mark_they_have(page, paths):
    student = on_the_roster(paths)[11]
    page.keyboard.press("/")
    page.keyboard.type(student)
    page.keyboard.press("Enter")
    page.wait_for_url("**/students/*")
    page.get_by_role("link", name="How the course mark came about").click()
    rows = page.get_by_role("group", name="How the course mark came about").get_by_role("rowheader").all_inner_texts()
    assert {"a1_mlp", "exam1", "= Programming assignments"} <= set(rows)
    assert page.get_by_text("Total: ").first.is_visible()


def test_who_has_not_handed_in(page, paths):
    table = page.get_by_role("group", name="Assignments")
    place = table.locator("thead th").all_inner_texts().index("nothing handed in") + 1
    table.locator(f"tbody tr:has-text('{ASKED}') > :nth-child({place}) a").click()
    row = page.get_by_role("group", name="Who got how far").get_by_role("row", name="handed in")
    if row.locator("summary").count():
        row.locator("summary").click()
    with Store.open(paths.record) as store:
        there = {each.student for each in store.current_submissions(ASKED)}
    nothing = sorted(set(on_the_roster(paths)) - there)
    assert row.locator("a").all_inner_texts() == nothing
    status = (paths.root / "marks" / "status.csv").read_text(encoding="utf-8")
    excused = {student for student in nothing if f"{student},{ASKED},excused," in status}
    assert excused
    told = row.inner_text()
    assert {student for student in nothing if f"{student} (excused)" in told} == excused


def test_which_check_is_doubtful(page):
    line = page.locator("#look ~ ul li", has_text="in doubt").first
    check = line.locator("a").nth(1)
    name = check.inner_text()
    check.click()
    row = row_of(page, page.url)
    assert name in row.inner_text() and row.locator(".badge.warn").count()
    shades = "(row) => [...row.cells].map((cell) => getComputedStyle(cell).backgroundColor)"
    page.mouse.move(0, 0)
    assert row.evaluate(shades) != page.locator("tr:has(> th[id])").last.evaluate(shades), "it is shaded"
    page.go_back()
    table = page.get_by_role("group", name="Assignments")
    counts = table.locator("tbody tr td:last-child")
    for count in counts.all():
        if count.locator("a").count():
            many = int(count.inner_text())
            count.locator("a").click()
            assert page.locator("#look ~ ul li", has_text="Is the check right?").count() == many
            page.go_back()


def test_what_the_class_got_wrong_most(page, paths):
    page.get_by_role("link", name="What went wrong most").click()
    first = page.get_by_role("group", name="What the class got wrong most").locator("tbody tr").first
    shown = first.locator("td").nth(1).inner_text()
    check = first.locator("a")
    name = check.inner_text()
    check.click()
    row = row_of(page, page.url)
    assert name in row.inner_text() and shown in row.inner_text()


def test_whose_mark_was_changed_by_hand_by_whom_and_why(page, paths):
    page.get_by_role("link", name="Changed by hand").click()
    rows = page.get_by_role("group", name="Changed by hand").locator("tbody tr").all_inner_texts()
    with Store.open(paths.record) as store:
        made = store.overrides()
    assert len(rows) == len(made) > 0
    for each in made:
        [row] = [row for row in rows if row.startswith(each.student) and f"{each.assignment} {each.question}" in row]
        assert each.reason in row and f"by {each.who}, " in row


def test_who_is_near_a_boundary(page):
    page.get_by_role("link", name="Near a boundary").click()
    page.locator("#near").wait_for()
    rows = page.get_by_role("group", name="Marks near a boundary").locator("tbody tr")
    found = [(row.locator("td").nth(1).inner_text(), row.locator("td").last.inner_text()) for row in rows.all()]
    kinds = [("below" in distance, int(boundary)) for boundary, distance in found]
    assert kinds == sorted(kinds, key=lambda kind: (not kind[0], kind[1]))
    for kind in set(kinds):
        near = [
            float(distance.split()[-1].strip("+\u2212"))
            for (_, distance), k in zip(found, kinds, strict=True)
            if k == kind
        ]
        assert near == sorted(near), "the nearest first"


def seconds(clicks: int, keys: int) -> float:
    """The time of hand and mind by the keystroke-level model: doi.org/10.1145/358886.358895."""
    decide, point, click, key, change_hands = 1.35, 1.1, 0.2, 0.28, 0.4
    return clicks * (decide + point + click) + bool(keys) * (change_hands + decide + keys * key)


def test_the_seconds_of_the_docs_are_those_of_the_model():
    rows = re.findall(r"^\| .*\? \| .* \| ([0-9, andkeys]+) \| ([0-9., ]+) \|$", PROMISED, re.MULTILINE)
    assert len(rows) == 7
    for ways, told in rows:
        keys = int(ways.partition("and ")[2].partition(" keys")[0] or 0)
        clicks = ways.partition(", and")[0].split(", ")
        assert [float(each) for each in told.split(", ")] == [round(seconds(int(each), keys), 1) for each in clicks]


@pytest.mark.parametrize("question", ["Whose mark was changed by hand?", "Who is near a boundary?",
                                      "Who lost most by one check?", "Why has dl12 this mark?",
                                      "Who has not handed in?", "Which check is doubtful?",
                                      "What did the class get wrong most?"])  # fmt: skip
def test_the_docs_say_the_way(question):
    assert question in PROMISED
    assert Path(__file__).name in PROMISED
