"""The tables of the page on security: every bound in them is the one in the code, and every test is there."""

import importlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## Where a student's bytes choose")[2].partition("\n## ")[0]
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ") and "| test |" not in line]


def test_every_bound_is_the_one_in_the_code():
    named = re.findall(r"`([a-z_.]+)\.([A-Z_]+)` = (\d+)", TABLE)
    assert len(named) >= 18
    for module, name, value in named:
        assert getattr(importlib.import_module(f"grader.{module}"), name) == int(value), name


def test_every_row_names_a_test_that_is_there():
    assert len(ROWS) >= 14
    for row in ROWS:
        assert (ROOT / row.split("|")[-2].strip()).exists(), row


PROMISES = PAGE.partition("## Promise by promise")[2].partition("\n## ")[0]


def test_every_test_that_stands_for_a_promise_is_there():
    rows = [line.split(" | ") for line in PROMISES.splitlines() if line.startswith("| ") and "| promise |" not in line]
    assert len(rows) >= 20
    for promise, tests, _ in rows:
        named = re.findall(r"`(tests/[\w./]+)(?:::(\w+))?`", tests)
        assert named, promise
        for place, function in named:
            assert (ROOT / place).exists(), place
            if function:
                assert re.search(rf"^def {function}\(", (ROOT / place).read_text(), re.MULTILINE), (place, function)


def test_every_level_and_everything_protected_has_a_promise():
    levels = PAGE.partition("## The levels")[2].partition("\n## ")[0]
    protected = PAGE.partition("## What is protected")[2].partition("\n## ")[0]
    for name in (
        *re.findall(r"^\| `([\w-]+)`", levels, re.MULTILINE),
        *re.findall(r"^\| (\*\*.+?\*\*)", protected, re.MULTILINE),
    ):
        assert name in PROMISES, name
