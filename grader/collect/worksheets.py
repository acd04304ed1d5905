"""Tables that learning platforms export: whose a number is, and when it was handed in.

Read: Moodle's grading worksheet, Canvas's gradebook, Gradescope's scores. Their names of columns are English, those of
Moodle may be German; capitals in them do not count.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping

from grader.collect import canvas, gradescope, moodle
from grader.collect.entries import MIB, Entry
from grader.collect.times import stated
from grader.collect.uploads import Known
from grader.course.people import Person
from grader.course.platform_columns import GERMAN_MOODLE
from grader.course.tables import decoded, meant, separated
from grader.errors import AuthoringError, SubmissionError

TABLES = (
    "Moodle's grading worksheet (Identifier, Email address, ..., or in German), Canvas's gradebook (Student, ID, "
    "SIS Login ID, ...) or Gradescope's scores (SID, Submission ID, Submission Time, ...)"
)
MAY_BE = (
    *("ID number", "Username", "Email address", "Full name", "Last modified (submission)", "Status"),  # Moodle
    *("SIS User ID", "Integration ID"),  # Canvas
    *("Name", "First Name", "Last Name", "Email"),  # Gradescope
)
MAX_BYTES = 64 * MIB
_DIGITS = re.compile(r"\d+")
_LATE = re.compile(r"\blate\b|\bzu spät\b", re.IGNORECASE)


def known_people(entry: Entry) -> tuple[str, dict[str, Known]] | None:
    """The layout that a table is about, and what it says by the number that stands in names of files or folders.

    None if it is none of these tables. Raises AuthoringError, saying what it is, where it cannot be read for certain.
    """
    if entry.size_bytes > MAX_BYTES:
        return None
    try:
        text = decoded(entry.read(), entry.name).text
        for needed, (layout, read, names) in _TABLES.items():
            separator, below = separated(text, needed, names=names)
            rows = csv.DictReader(io.StringIO(below, newline=""), delimiter=separator, strict=True)
            columns = {name: name for name in (*needed, *MAY_BE)} | dict(names)
            rows.fieldnames = [meant(name, columns) for name in rows.fieldnames or ()]
            if set(needed) <= set(rows.fieldnames):
                return layout, dict(
                    read({key: value or "" for key, value in row.items() if key}) for row in _whole(rows, entry.name)
                )
    except (csv.Error, SubmissionError):
        return None
    return None


def _whole(rows: csv.DictReader[str], file: str) -> Iterator[Mapping[str, str]]:
    """The rows. Raises AuthoringError for one with more cells than headings: its cells may stand in wrong columns."""
    for row in rows:
        others = [cell for cell in row.get(None, []) if cell.strip()]  # type: ignore[call-overload]
        if others:
            raise AuthoringError(f"{file}, line {rows.line_num}: more cells than headings ({others[0]!r}); correct it")
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


_Reader = Callable[[Mapping[str, str]], tuple[str, Known]]
_TABLES: Mapping[tuple[str, ...], tuple[str, _Reader, Mapping[str, str]]] = {
    ("Identifier", "Grade"): (moodle.NAME, _of_moodle, GERMAN_MOODLE),
    ("Student", "ID", "SIS Login ID"): (canvas.NAME, _of_canvas, {}),
    ("Submission ID", "Submission Time", "SID"): (gradescope.NAME, _of_gradescope, {}),
}
