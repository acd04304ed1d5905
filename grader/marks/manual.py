"""Marks that people give: which of the rows of a table holds for a submission, and the table that is to be filled in.

A mark is for what was read. It holds for the submission it was given for, and for a later one whose answer is the same;
what was handed in otherwise waits for another mark. Pure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from grader.course.scheme import plain
from grader.course.sheets import MANUAL_COLUMNS, GivenMark
from grader.course.tables import separated
from grader.errors import AuthoringError
from grader.schema import ManualMark, digest_of

WAITS = "is to be marked by hand"
DIGITS = 12


def short(letter: str, digest: str) -> str:
    """The beginning of a digest as a table holds it: the letter keeps spreadsheets from taking it for a number."""
    return letter + digest[:DIGITS]


def submission_key(digest: str) -> str:
    """A submission as the table names it, from its digest."""
    return short("s", digest)


def answer_key(text: str) -> str:
    """The text of an answer as the table names it; blanks at the ends of lines do not count."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return short("a", digest_of(line.encode("utf-8", "replace") for line in lines))


def settle(
    question: str, submission: str, given: Iterable[GivenMark], answer: Callable[[], str], worth: Fraction | None = None
) -> ManualMark:
    """The mark of one question of one submission, from the student's rows for it.

    worth: of the question now; a mark above it waits to be given again
    answer: gives the key of what stands there now; it may take time, and is called only if it decides
    """
    rows = [mark for mark in given if mark.points is not None]
    for mark in rows:
        if mark.submission == submission:
            return _standing(mark, worth)
    if not rows:
        return ManualMark(question, None, WAITS)
    now = answer()
    for mark in rows:
        if mark.answer == now:
            return _standing(mark, worth)
    last = rows[-1]
    was = plain(last.points) if last.points is not None else ""
    why = f"{WAITS}: {was} points were given for an earlier submission, with another answer ({last.source})"
    return ManualMark(question, None, why)


def _standing(mark: GivenMark, worth: Fraction | None) -> ManualMark:
    if worth is not None and mark.points is not None and mark.points > worth:
        why = f"{WAITS}: {plain(mark.points)} points are more than the {plain(worth)} that it is worth ({mark.source})"
        return ManualMark(mark.question, None, why, comment=mark.comment)
    return ManualMark(mark.question, mark.points, comment=mark.comment, source=mark.source, by=mark.by)


# ---------------------------------------------------------------------------------------------------- the table


@dataclass(frozen=True)
class Due:
    """A question of a submission that waits for a mark."""

    student: str
    question: str
    submission: str
    answer: str


def to_fill_in(text: str, due: Sequence[Due]) -> str:
    """The table with an empty row for everything that is due; `text` is the table so far, "" where there is none.

    What anybody wrote stays as it is, byte for byte: rows with points or a comment, remarks, the order of the columns.
    Rows that nothing was written into are made anew, for what waits may have been handed in again.
    """
    if not text.strip():
        return _rows([MANUAL_COLUMNS, *(_cells(MANUAL_COLUMNS, row) for row in due)], "\n")
    line_end = "\r\n" if "\r\n" in text else "\n"
    separator, text, above = _begun(text)
    header, kept = _without_empty(text, separator)
    filled = {(cells["student"], cells["question"], cells["submission"]) for cells in map(dict, kept.filled)}
    rows = [_cells(header, row) for row in due if (row.student, row.question, row.submission) not in filled]
    body = kept.text if kept.text.endswith("\n") else kept.text + line_end
    return above + body + _rows(rows, line_end, separator)


def _begun(text: str) -> tuple[str, str, str]:
    """The separator of a table, the table, and the line above it that names the separator, if there is one."""
    separator, table = separated(text, MANUAL_COLUMNS)
    return separator, table, text.removesuffix(table)


@dataclass(frozen=True)
class _Kept:
    text: str
    filled: list[list[tuple[str, str]]]  # (column, cell) of each row that somebody wrote into


def _without_empty(text: str, separator: str) -> tuple[list[str], _Kept]:
    """The header, and the text without the rows that nobody wrote into."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    header: list[str] = []
    parts: list[str] = []
    filled: list[list[tuple[str, str]]] = []
    begun = 0
    for cells in reader:
        raw, begun = "".join(lines[begun : reader.line_num]), reader.line_num
        stripped = [cell.strip() for cell in cells]
        if not any(stripped) or stripped[0].startswith("#"):
            parts.append(raw)
        elif not header:
            header = stripped
            parts.append(raw)
        else:
            row = dict(zip(header, stripped, strict=False))
            if row.get("points") or row.get("comment"):
                filled.append(list(row.items()))
                parts.append(raw)
    lacking = [name for name in MANUAL_COLUMNS if name not in header]
    if lacking:
        raise AuthoringError(f"the table of marks by hand has no column {lacking[0]!r}")
    return header, _Kept("".join(parts), filled)


def _cells(header: Sequence[str], row: Due) -> list[str]:
    known = {"student": row.student, "question": row.question, "submission": row.submission, "answer": row.answer}
    return [known.get(column, "") for column in header]


def _rows(rows: Iterable[Sequence[str]], line_end: str, separator: str = ",") -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=line_end, delimiter=separator).writerows(rows)
    return stream.getvalue()
