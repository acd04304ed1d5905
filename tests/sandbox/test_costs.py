"""The table of what a student's bytes choose: every bound in it is the one in the code, and every test is there."""

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
