"""Pairs that were looked at and set aside, with the reason: similar/<assignment>.csv, a line each, never removed."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from grader.errors import AuthoringError

COLUMNS = ("student", "other", "reason", "who", "when")


@dataclass(frozen=True)
class SetAside:
    """One decision: these two were looked at. when: UTC, ISO 8601."""

    student: str
    other: str
    reason: str
    who: str
    when: str

    @property
    def pair(self) -> frozenset[str]:
        return frozenset((self.student, self.other))


def read(file: Path) -> list[SetAside]:
    """Every decision, in the order they were made. Raises AuthoringError for a file that is none of ours."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    if not rows or tuple(rows[0]) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows[1:]):
        raise AuthoringError(f"{file}: must have the columns {', '.join(COLUMNS)}")
    return [SetAside(*row) for row in rows[1:]]


def with_one_more(file: Path, decision: SetAside) -> str:
    """The file's text with this decision at its end."""
    from io import StringIO

    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in (*read(file), decision):
        writer.writerow([each.student, each.other, each.reason, each.who, each.when])
    return text.getvalue()
