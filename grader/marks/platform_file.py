"""A table of a learning platform: read as it comes, written back in its own form.

Separator, encoding, byte order mark and line ends stay, and so does every cell that is not put in.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.course.tables import Encoded, decoded, separated
from grader.errors import AuthoringError, UsageError


@dataclass
class PlatformFile:
    """The rows of a table below its header, each a list of cells.

    header: the columns as they are meant;  written: as they stand there;  above: a line that names the separator
    """

    header: list[str]
    rows: list[list[str]]
    written: list[str]
    form: Encoded
    separator: str
    above: str

    @classmethod
    def read(cls, raw: bytes, what: str, needed: Sequence[str], names: Mapping[str, str] | None = None) -> PlatformFile:
        """Raises UsageError where a needed column is missing. names: other names of columns -> those that are meant."""
        names = names or {}
        try:
            form = decoded(raw, what)
        except AuthoringError as error:
            raise UsageError(str(error)) from None
        separator, text = separated(form.text, needed, names=names)
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
        except csv.Error as problem:
            raise UsageError(f"{what} is not a CSV table: {problem}") from None
        written = rows[0] if rows else []
        header = [names.get(cell.strip(), cell.strip()) for cell in written]
        lacking = [name for name in needed if name not in header]
        if lacking:
            raise UsageError(f"{what} has no column {lacking[0]!r}; there is: {', '.join(header) or 'nothing'}")
        return cls(header, [row for row in rows[1:] if row], written, form, separator, form.text.removesuffix(text))

    def cell(self, row: Sequence[str], column: str) -> str:
        """The cell of a column, "" where the row or the table has none."""
        place = self.header.index(column) if column in self.header else len(row)
        return row[place].strip() if place < len(row) else ""

    def put(self, row: list[str], column: str, text: str) -> None:
        place = self.header.index(column)
        row += [""] * (place + 1 - len(row))
        row[place] = text

    def content(self) -> bytes:
        stream = io.StringIO()
        line_end = "\r\n" if "\r\n" in self.form.text else "\n"
        writer = csv.writer(stream, delimiter=self.separator, lineterminator=line_end)
        writer.writerows([self.written, *self.rows])
        return self.form.bytes_of(self.above + stream.getvalue())
