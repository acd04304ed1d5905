"""Tables that learning platforms export: whose a number is, and when it was handed in.

Read: Moodle's grading worksheet, Canvas's gradebook, Gradescope's scores. Their names of columns are English.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

from grader.collect import canvas, gradescope, moodle
from grader.collect.entries import MIB, Entry
from grader.collect.times import stated
from grader.collect.uploads import Known, Person
from grader.errors import SubmissionError

TABLES = (
    "Moodle's grading worksheet (Identifier, Email address, ...), Canvas's gradebook (Student, ID, SIS Login ID, ...) "
    "or Gradescope's scores (SID, Submission ID, Submission Time, ...)"
)
MAX_BYTES = 64 * MIB
_DIGITS = re.compile(r"\d+")
_LATE = re.compile(r"\blate\b", re.IGNORECASE)


def known_people(entry: Entry) -> tuple[str, dict[str, Known]] | None:
    """The layout that a table is about, and what it says by the number that stands in names of files or folders.

    None if it is none of these tables.
    """
    if entry.size_bytes > MAX_BYTES:
        return None
    try:
        text = entry.read().decode("utf-8-sig", "replace")
        rows = csv.DictReader(io.StringIO(text), delimiter=_delimiter(text))
        columns = set(rows.fieldnames or ())
        for needed, (layout, read) in _TABLES.items():
            if set(needed) <= columns:
                return layout, dict(
                    read({key: value or "" for key, value in row.items() if key}) for row in _whole(rows)
                )
    except (csv.Error, SubmissionError):
        return None
    return None


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","


def _whole(rows: csv.DictReader[str]) -> Iterator[Mapping[str, str]]:
    for row in rows:
        if not any(isinstance(value, list) for value in row.values()):
            yield row


def _of_moodle(row: Mapping[str, str]) -> tuple[str, Known]:
    number = _DIGITS.findall(row["Identifier"])
    keys = tuple(filter(None, (row.get(name, "") for name in ("ID number", "Username", "Email address"))))
    known = Known(
        Person(row.get("Full name", ""), keys),
        stated(row.get("Last modified (submission)", "")),
        bool(_LATE.search(row.get("Status", ""))),
    )
    return (number[-1] if number else "", known)


def _of_canvas(row: Mapping[str, str]) -> tuple[str, Known]:
    names = ("SIS User ID", "SIS Login ID", "Integration ID")
    return row["ID"].strip(), Known(Person(row["Student"], tuple(filter(None, (row.get(name, "") for name in names)))))


def _of_gradescope(row: Mapping[str, str]) -> tuple[str, Known]:
    name = row.get("Name") or f"{row.get('First Name', '')} {row.get('Last Name', '')}".strip()
    person = Person(name, tuple(filter(None, (row.get("SID", ""), row.get("Email", "")))))
    return row["Submission ID"].strip(), Known(person, stated(row["Submission Time"]))


_TABLES = {
    ("Identifier", "Grade"): (moodle.NAME, _of_moodle),
    ("Student", "ID", "SIS Login ID"): (canvas.NAME, _of_canvas),
    ("Submission ID", "Submission Time", "SID"): (gradescope.NAME, _of_gradescope),
}
