"""The synthetic semester: the course it makes, and its marks against a second, slow calculation of the same rules."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import sqlite3
import tomllib
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import combinations
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from examples.semester.attempts import LABEL
from examples.semester.folder import make
from examples.semester.people import make_class
from grader.cli import main
from grader.errors import UsageError

Cell = tuple[str, Fraction | None]  # (state, percentage after lateness)


@pytest.fixture(scope="module")
def semester(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("semester") / "course"
    make(root)
    return root


@pytest.fixture
def marks(semester: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `grader marks --json` prints."""
    monkeypatch.setenv("GRADER_COURSE", str(semester))
    assert main(["marks", "--json"]) == 1, "somebody is not on the roster"
    return json.loads(capsys.readouterr().out)


# ---------------------------------------------------------------------------------------------------- the second one


class Slow:
    """Course marks from the files alone: csv, sqlite3 and tomllib; the best k by trying every choice."""

    def __init__(self, root: Path) -> None:
        self.course = tomllib.loads((root / "course.toml").read_text(encoding="utf-8"), parse_float=Decimal)
        self.root = root
        self.roster = [row["student"] for row in self.table(root / "roster.csv")]
        self.rulings = {(row["student"], row["item"]): row["status"] for row in self.table(root / "marks/status.csv")}
        self.columns = self.read_columns()
        self.record = sqlite3.connect(f"file:{root}/.grader/record.sqlite?mode=ro", uri=True)

    @staticmethod
    def table(path: Path) -> list[dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(line for line in lines if not line.startswith("#")))

    def read_columns(self) -> dict[str, dict[str, tuple[str, str]]]:
        """Item -> student -> (cell, maximum)."""
        columns: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
        for path in sorted((self.root / "marks").glob("*.csv")):
            if path.name != "status.csv":
                top, *rows = self.table(path)
                for row in rows:
                    for item in [name for name in row if name != "student"]:
                        columns[item][row["student"]] = (row[item], top[item])
        return columns

    def student(self, student: str) -> tuple[dict[str, Cell], str | None]:
        """Every item's cell, and the total; None where something is open."""
        cells = {}
        shares: list[Fraction] | None = []
        for component in self.course["component"]:
            items = [*component.get("assignments", []), *component.get("columns", [])]
            cells.update({item: self.cell(student, item) for item in items})
            share = self.component([cells[item] for item in items], component.get("best", len(items)))
            shares = None if shares is None or share is None else [*shares, share * Fraction(component["weight"])]
        if shares is None:
            return cells, None
        total = sum(shares, Fraction(0)) / 100
        digits = Decimal(1).scaleb(-self.course["rounding_digits"])
        exact = Decimal(total.numerator) / Decimal(total.denominator)
        return cells, str(exact.quantize(digits, rounding=ROUND_HALF_UP))

    @staticmethod
    def component(cells: list[Cell], best: int) -> Fraction | None:
        pool = [cell for cell in cells if cell[0] != "excused"]
        if not pool or any(state == "deferred" for state, _ in pool):
            return None
        size = min(best, len(pool))
        zeros = sum(state == "integrity" for state, _ in pool)
        sums = [
            sum((percent or Fraction(0) for _, percent in choice), Fraction(0))
            for choice in combinations(pool, size)
            if sum(state == "integrity" for state, _ in choice) == min(zeros, size)
        ]
        return max(sums) / size

    def cell(self, student: str, item: str) -> Cell:
        ruling = self.rulings.get((student, item), "")
        if ruling in ("excused", "integrity"):
            return ruling, None if ruling == "excused" else Fraction(0)
        state, share, worth = self.written(student, item) if item in self.columns else self.graded(student, item)
        if state != "graded":
            return state, Fraction(0) if state == "missing" else None
        late = self.course["late"]
        hours = Fraction(ruling.removeprefix("late_hours=")) if ruling else Fraction(0)
        days = max(0, ceil((hours * 60 - late["grace_minutes"]) / (24 * 60)))
        if days > late["max_days"]:
            return state, Fraction(0)
        off = Fraction(late["per_day"]) * days * (1 if late["unit"] == "percent" else 100 / worth)
        return state, max(Fraction(0), share * 100 - off)

    def written(self, student: str, item: str) -> tuple[str, Fraction, Fraction]:
        cell, top = self.columns[item][student]
        if not cell or not cell[0].isdigit():
            return cell or "missing", Fraction(0), Fraction(top)
        return "graded", Fraction(cell) / Fraction(top), Fraction(top)

    def graded(self, student: str, assignment: str) -> tuple[str, Fraction, Fraction]:
        toml = tomllib.loads((self.root / f"assignments/{assignment}/assignment.toml").read_text(encoding="utf-8"))
        worth = {question["id"]: Fraction(str(question["points"])) for question in toml["question"]}
        everything = sum(worth.values(), Fraction(0))
        newest = self.ask("SELECT id FROM submissions WHERE (student, assignment) = (?, ?)", student, assignment)
        if not newest:
            return "missing", Fraction(0), everything
        attempts = self.ask("SELECT id, status FROM attempts WHERE submission = ?", max(newest)[0])
        if not attempts or attempts[-1][1] == "deferred":
            return "deferred", Fraction(0), everything
        points = dict.fromkeys(worth, Fraction(0))
        asked = "SELECT question, max_points FROM results WHERE attempt = ? AND outcome = 'passed'"
        for question, gained in self.ask(asked, attempts[-1][0]):
            points[question] += Fraction(gained)
        changed = "SELECT question, delta FROM overrides WHERE (student, assignment) = (?, ?)"
        for question, delta in self.ask(changed, student, assignment):
            points[question] = min(max(points[question] + Fraction(delta), Fraction(0)), worth[question])
        return "graded", sum(points.values(), Fraction(0)) / everything, everything

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.record.execute(sql, values).fetchall()


# ---------------------------------------------------------------------------------------------------- marks


def test_every_mark_of_the_semester_agrees_with_a_second_calculation(semester, marks):
    slow = Slow(semester)
    assert [page["student"] for page in marks["students"]] == slow.roster
    for page in marks["students"]:
        cells, total = slow.student(page["student"])
        items = {name: item for part in page["components"].values() for name, item in part["items"].items()}
        assert {name: item["state"] for name, item in items.items()} == {
            name: state for name, (state, _) in cells.items()
        }
        shown = {name: None if percent is None else _two_digits(percent) for name, (_, percent) in cells.items()}
        assert {name: item["percent"] for name, item in items.items()} == shown, page["student"]
        assert page["total"] == total, page["student"]


def _two_digits(percent: Fraction) -> str:
    exact = Decimal(percent.numerator) / Decimal(percent.denominator)
    return str(exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def test_everything_that_happens_in_a_semester_happens_in_it(semester, marks):
    items = [
        item for page in marks["students"] for part in page["components"].values() for item in part["items"].values()
    ]
    states = Counter(item["state"] for item in items)
    assert set(states) == {"graded", "missing", "excused", "integrity", "deferred"}
    assert {item["verdict"] for item in items} == {"counted", "dropped", "excused", "waiting", "undecided"}
    assert Counter(item["days_late"] for item in items).keys() >= {0, 1, 2}
    reasons = " ".join(item["reason"] for item in items)
    for words in ("no notebook could be read", "the machine failed", "not graded yet", "by hand", "certificate"):
        assert words in reasons
    assert [person["student"] for person in marks["not_on_the_roster"]] == ["dl01O"]
    record = sqlite3.connect(semester / ".grader" / "record.sqlite")
    outcomes = {outcome for (outcome,) in record.execute("SELECT DISTINCT outcome FROM results")}
    assert outcomes >= {"passed", "failed", "error", "missing", "timeout", "memory", "crashed", "forbidden"}


def test_it_says_everywhere_that_nobody_was_graded(semester):
    assert "(synthetic semester)" in (semester / "course.toml").read_text(encoding="utf-8")
    for table in [semester / "roster.csv", *sorted((semester / "marks").glob("*.csv"))]:
        assert table.read_text(encoding="utf-8").startswith(f"# {LABEL}\n")
    record = sqlite3.connect(semester / ".grader" / "record.sqlite")
    assert {command for (command,) in record.execute("SELECT command FROM runs")} == {
        "synthetic semester, seed 7: nothing was run"
    }
    assert {isolation for (isolation,) in record.execute("SELECT isolation FROM attempts")} == {"synthetic"}
    assert all(LABEL in json.loads(notices) for (notices,) in record.execute("SELECT notices FROM attempts"))


def test_no_check_finds_more_entries_wrong_than_there_are(semester):
    with contextlib.closing(sqlite3.connect(semester / ".grader" / "record.sqlite")) as record:
        said = " ".join(message for (message,) in record.execute("SELECT DISTINCT message FROM results"))
    counted = [(int(few), int(many)) for few, many in re.findall(r"in (\d+) of (\d+) entries", said)]
    assert counted and all(few <= many for few, many in counted)


def test_the_same_seed_makes_the_same_semester_and_another_seed_another(tmp_path):
    for name in ("one", "other"):
        make(tmp_path / name, students=30, seed=3)
    assert _everything(tmp_path / "one") == _everything(tmp_path / "other")
    assert make_class(30, seed=3) != make_class(30, seed=4)


def _everything(root: Path) -> list[object]:
    record = sqlite3.connect(root / ".grader" / "record.sqlite")
    rows = [record.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in ("results", "attempts")]
    return [*((root / name).read_text(encoding="utf-8") for name in ("roster.csv", "marks/exams.csv")), *rows]


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        pytest.param("a1_mlp", ["who does well elsewhere passes less often", "look at the test"], id="the better fail"),
        pytest.param("a2_cnn", [], id="nothing planted"),
        pytest.param("a4_generative", ["nobody passes", "are told the same", "look at the test"], id="nobody passes"),
    ],
)
def test_the_report_finds_the_checks_that_were_made_faulty(semester, assignment, words, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADER_COURSE", str(semester))
    assert main(["report", assignment, "--out", str(tmp_path)]) == 0
    page = re.sub("<[^>]*>", "", (tmp_path / f"assignment_{assignment}.html").read_text(encoding="utf-8"))
    in_doubt = re.search(r"(\d+) / \d+checks in doubt", page)
    assert in_doubt is not None and int(in_doubt[1]) == (0 if assignment == "a2_cnn" else 1)
    assert [missing for missing in words if missing not in page] == []


def test_a_course_that_is_there_is_not_overwritten(semester):
    before = os.stat(semester / ".grader" / "record.sqlite").st_mtime_ns
    with pytest.raises(UsageError, match="holds a course already"):
        make(semester)
    assert os.stat(semester / ".grader" / "record.sqlite").st_mtime_ns == before
