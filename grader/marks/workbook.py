"""A table of marks as a workbook: numbers as numbers, everything else as text, and twice the same bytes."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import datetime

from grader.errors import UsageError

MADE = datetime(1980, 1, 1)  # a workbook holds a time; the same marks are the same file
_NUMBERS = re.compile(r".+_percent|total|so_far|points")  # columns; an id that looks like a number is none
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def as_xlsx(table: str) -> bytes:
    """A workbook from CSV text; never a formula."""
    try:
        from openpyxl import Workbook
        from openpyxl.writer.excel import ExcelWriter
    except ImportError:
        how = "pip install 'coursegrader[xlsx]', or use --export csv"
        raise UsageError(f"--export xlsx needs openpyxl: {how}") from None
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = MADE
    sheet = book.create_sheet("marks")
    rows = list(csv.reader(io.StringIO(table)))
    numeric = [_NUMBERS.fullmatch(column) is not None for column in rows[0]]
    for row in rows:
        sheet.append([_typed(cell, is_number) for cell, is_number in zip(row, numeric, strict=True)])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).write_data()
    return _undated(made)


def _typed(cell: str, is_number: bool) -> str | float:
    return float(cell) if is_number and _NUMBER.fullmatch(cell) else cell


def _undated(archive: io.BytesIO) -> bytes:
    """The same files without the times at which they were packed."""
    made = io.BytesIO()
    with zipfile.ZipFile(archive) as before, zipfile.ZipFile(made, "w") as after:
        for name in before.namelist():
            entry = zipfile.ZipInfo(name, MADE.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(entry, before.read(name))
    return made.getvalue()
