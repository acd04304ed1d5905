"""A table of a learning platform: read as it comes, written back in its own form.

Lines in which no cell was put come back byte for byte; others in the separator, encoding, line ends and quotes of the
file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from grader.course.tables import Encoded, bare, decoded, headings, meant, separated
from grader.errors import AuthoringError, UsageError

_DECIMALS = {  # a mark -> numbers in which it is certainly that of decimals: three digits behind it may be thousands
    ",": re.compile(r"-?(?:[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+)"),
    ".": re.compile(r"-?(?:[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})|0\.[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+)"),
}


def decimal_mark(numbers: Iterable[str]) -> str:
    """The decimal mark of a file's own numbers; "" where none says it, or not all say the same."""
    texts = list(numbers)
    found = [mark for mark, form in _DECIMALS.items() if any(map(form.fullmatch, texts))]
    return found[0] if len(found) == 1 else ""


@dataclass
class Written:
    """A row as it stands in the file, line end and all, and the cells that were read from it."""

    text: str
    cells: tuple[str, ...]

    def with_cells(self, cells: Sequence[str], separator: str) -> str:
        """The row with these cells; those that are the same stay as they stand there."""
        end = self.text[len(self.text.rstrip("\r\n")) :]
        there = _split(self.text.removesuffix(end), separator)
        if len(there) != len(self.cells):  # a quote in the middle of a cell
            there = [""] * len(self.cells)
        parts = [
            part if part and cell == before else _quoted(cell, separator, part.startswith('"'))
            for cell, before, part in zip_longest(cells, self.cells, there, fillvalue="")
        ]
        return separator.join(parts) + end


@dataclass
class PlatformFile:
    """The rows of a table below its header, each a list of cells.

    header: the columns as they are meant;  form: how the file is encoded;  above: a line that names the separator
    """

    header: list[str]
    rows: list[list[str]]
    written: list[Written]
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
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
        header = [meant(cell, names) for cell in first]
        lacking = [name for name in needed if _place(header, name) is None]
        if lacking:
            raise UsageError(f"{what} has no column {lacking[0]!r}; there is: {headings(header)}")
        try:
            written = list(_rows(text, separator))
        except csv.Error as problem:
            raise UsageError(f"{what} is not a CSV table: {problem}") from None
        rows = [list(row.cells) for row in written[1:]]
        return cls(header, rows, written, form, separator, form.text.removesuffix(text))

    def cell(self, row: Sequence[str], column: str) -> str:
        """The cell of a column, "" where the row or the table has none."""
        place = _place(self.header, column)
        return bare(row[place]) if place is not None and place < len(row) else ""

    def heading(self, column: str) -> str:
        """What a column is called in the file."""
        return bare(self.written[0].cells[self._index(column)]).strip()

    def put(self, row: list[str], column: str, text: str) -> None:
        place = self._index(column)
        row += [""] * (place + 1 - len(row))
        row[place] = text

    def _index(self, column: str) -> int:
        place = _place(self.header, column)
        return self.header.index(column) if place is None else place

    def content(self) -> bytes:
        stream = io.StringIO()
        stream.write(self.above + self.written[0].text)
        for row, written in zip(self.rows, self.written[1:], strict=True):
            same = tuple(row) == written.cells
            stream.write(written.text if same else written.with_cells(row, self.separator))
        return self.form.bytes_of(stream.getvalue())


def _place(header: Sequence[str], column: str) -> int | None:
    """Where a column is, also where its heading has other capitals and is the only one like that."""
    if column in header:
        return header.index(column)
    alike = [place for place, name in enumerate(header) if name.casefold() == column.casefold()]
    return alike[0] if len(alike) == 1 else None


def _split(text: str, separator: str) -> list[str]:
    """The cells of a row as they stand there, quotes and all."""
    parts, within = [""], False
    for piece in re.split(f'(["{re.escape(separator)}])', text):
        within ^= piece == '"'
        if piece == separator and not within:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _quoted(cell: str, separator: str, quotes: bool) -> str:
    """A cell as it may stand in a row; in quotes where it has to be, or where it was."""
    needed = quotes or any(letter in cell for letter in (separator, '"', "\r", "\n"))
    return '"' + cell.replace('"', '""') + '"' if needed else cell


def _rows(text: str, separator: str) -> Iterator[Written]:
    """Every row, empty ones too. Raises csv.Error where quotes do not match: rows would be swallowed by a cell."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    for cells in csv.reader(lines(), delimiter=separator, strict=True):
        yield Written("".join(taken), tuple(cells))
        taken.clear()
