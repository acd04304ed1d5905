"""More time for somebody: one line of extensions.csv, written as a person would write it."""

from __future__ import annotations

import csv
import io
import os
from contextlib import suppress
from pathlib import Path

from grader.bookkeeping.timing import deadlines_of
from grader.course.extensions import EXTENSION_COLUMNS
from grader.course.tables import Encoded, decoded, separated
from grader.errors import AuthoringError, UsageError
from grader.paths import Paths


def extend(paths: Paths, who: str, assignment: str, until: str, reason: str) -> None:
    """Give somebody time until then, in place of what they had. Raises UsageError; then the table is as it was."""
    path = paths.extensions_csv
    before = path.read_bytes() if path.exists() else None
    _write(path, _with(before, path.name, [who, assignment, until, reason]))
    try:
        deadlines_of(paths)
    except AuthoringError as refused:
        if before is None:
            with suppress(FileNotFoundError):
                path.unlink()
        else:
            _write(path, before)
        raise UsageError(str(refused)) from None


def _with(before: bytes | None, name: str, row: list[str]) -> bytes:
    """The table with this row, and without the one that stood for the same person and assignment."""
    there = decoded(before, name) if before else Encoded(",".join(EXTENSION_COLUMNS) + "\n")
    separator, _ = separated(there.text, tuple(EXTENSION_COLUMNS))
    lines = there.text.splitlines(keepends=True)
    rows = ([cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator))
    header = next(row for row in rows if set(EXTENSION_COLUMNS) <= set(row))
    columns = [header.index(column) for column in EXTENSION_COLUMNS]
    kept = [line for line in lines if _key(line, separator, columns) != tuple(row[:2])]
    text = "".join(kept)
    new = [""] * len(header)
    for place, cell in zip(columns, row, strict=True):
        new[place] = cell
    added = io.StringIO()
    csv.writer(added, delimiter=separator, lineterminator="\n").writerow(new)
    return there.bytes_of(f"{text}{'' if text.endswith(chr(10)) else chr(10)}{added.getvalue()}")


def _key(line: str, separator: str, columns: list[int]) -> tuple[str, ...]:
    cells = next(csv.reader([line], delimiter=separator), [])
    return tuple(cells[place].strip() if place < len(cells) else "" for place in columns[:2])


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.new")
    partial.write_bytes(content)
    os.replace(partial, path)
