"""Marks into the files that learning platforms take back: their own file, with the cells of this course filled in.

Every other cell stays as it came, and so do columns, separator and byte order mark. What has no mark stays empty and is
told: missing, excused and deferred are no zeros. Points are the item's percentage after lateness of the platform's own
maximum, rounded once, half up, to two digits.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from grader.course.entries import State
from grader.errors import UsageError
from grader.marks.gradebook import Gradebook, Line
from grader.marks.policy import ItemMark, rounded

BOM = "\ufeff"
CANVAS_EXCUSED = "EX"
NO_MARK = (State.MISSING, State.EXCUSED, State.DEFERRED)
POSSIBLE = "points possible"
MOODLE_PEOPLE = {"ID number": "id", "Email address": "email", "Full name": "name"}  # column -> field of a student


@dataclass(frozen=True)
class Filled:
    """A file that was filled in. `notes` say what a person should know; `unmatched` rows were left alone."""

    text: str
    cells: int
    notes: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()


# ---------------------------------------------------------------------------------------------------- Moodle


def fill_moodle(book: Gradebook, item: str, worksheet: str) -> Filled:
    """Fill the Grade column of a Moodle offline grading worksheet, the one that Moodle offers for the assignment."""
    sheet = _Sheet.read(worksheet, "the Moodle worksheet", ("Identifier", "Full name", "Grade", "Maximum Grade"))
    find = _finder(book, sheet, MOODLE_PEOPLE)
    notes, unmatched, cells = [], [], 0
    for row in sheet.rows:
        line = find(row)
        if line is None:
            unmatched.append(sheet.cell(row, "Full name") or sheet.cell(row, "Identifier"))
            continue
        if sheet.cell(row, "Grade can be changed").strip().lower() == "no":
            notes.append(f"{line.student.id}: Moodle has locked this grade; left as it is")
            continue
        mark = _item(line, item)
        if mark.entry.state in NO_MARK:
            notes.append(f"{line.student.id}: {mark.entry.state.value}; left empty")
        maximum = _decimal(sheet.cell(row, "Maximum Grade"), f"{line.student.id}: Maximum Grade")
        cells += sheet.put(row, "Grade", _points(mark, maximum, missing="", excused=""))
    return Filled(sheet.text(), cells, tuple(notes), tuple(unmatched))


def moodle_participants(book: Gradebook, worksheet: str) -> dict[str, str]:
    """Student -> participant number, as a Moodle worksheet has them; who is there twice is left out.

    The number belongs to one assignment: it is neither the person's own number nor that of another assignment.
    """
    sheet = _Sheet.read(worksheet, "the Moodle worksheet", ("Identifier",))
    find = _finder(book, sheet, MOODLE_PEOPLE)
    found: dict[str, set[str]] = {}
    for row in sheet.rows:
        line, number = find(row), re.search(r"([0-9]{1,12})\s*$", sheet.cell(row, "Identifier"))
        if line is not None and number is not None:
            found.setdefault(line.student.id, set()).add(number[1])
    return {student: numbers.pop() for student, numbers in found.items() if len(numbers) == 1}


# ---------------------------------------------------------------------------------------------------- Canvas


def fill_canvas(book: Gradebook, items: Mapping[str, str], export: str) -> Filled:
    """Fill columns of an exported Canvas gradebook. `items`: item -> the column's header, or "" to find it by title."""
    sheet = _Sheet.read(export, "the Canvas gradebook", ("Student", "ID"))
    columns = {item: _canvas_column(book, sheet, item, header) for item, header in items.items()}
    possible = next((row for row in sheet.rows if sheet.cell(row, "Student").strip().lower() == POSSIBLE), None)
    if possible is None:
        raise UsageError("the Canvas gradebook has no row 'Points Possible'; export it from Canvas again")
    maxima = {
        item: _decimal(sheet.cell(possible, column), f"Points Possible of {column}") for item, column in columns.items()
    }
    people = {"ID": "lms_id", "SIS User ID": "id", "SIS Login ID": "id", "Student": "name"}
    find = _finder(book, sheet, people)
    notes, unmatched, cells = [], [], 0
    for row in sheet.rows:
        if not sheet.cell(row, "ID").strip():
            continue  # Points Possible, Manual Posting, the test student
        line = find(row)
        if line is None:
            unmatched.append(sheet.cell(row, "Student"))
            continue
        for item, column in columns.items():
            mark = _item(line, item)
            if mark.entry.state in NO_MARK and mark.entry.state is not State.EXCUSED:
                notes.append(f"{line.student.id}: {item} {mark.entry.state.value}; left empty")
            cells += sheet.put(row, column, _points(mark, maxima[item], missing="", excused=CANVAS_EXCUSED))
    return Filled(sheet.text(), cells, tuple(notes), tuple(unmatched))


def _canvas_column(book: Gradebook, sheet: _Sheet, item: str, header: str) -> str:
    """The column of an item: as named, or the one whose title, without Canvas's number, is the item's id."""
    if header:
        if header not in sheet.header:
            raise UsageError(f"the Canvas gradebook has no column {header!r}; there is: {', '.join(sheet.header)}")
        return header
    titles = {re.sub(r"\s*\(\d+\)$", "", name).strip().lower(): name for name in sheet.header}
    if item.lower() not in titles:
        there_is = ", ".join(name for name in sheet.header if re.search(r"\(\d+\)$", name)) or "none"
        raise UsageError(
            f"no Canvas column is titled {item}; say which: --column '{item}=HEADER'; there is: {there_is}"
        )
    return titles[item.lower()]


# ---------------------------------------------------------------------------------------------------- everything


def as_xlsx(table: str) -> bytes:
    """A workbook from CSV text: numbers as numbers, everything else as text, never a formula."""
    try:
        from openpyxl import Workbook
    except ImportError:
        how = "pip install 'coursegrader[xlsx]', or use --export csv"
        raise UsageError(f"--export xlsx needs openpyxl: {how}") from None
    book = Workbook(write_only=True)
    sheet = book.create_sheet("marks")
    for row in csv.reader(io.StringIO(table)):
        sheet.append([_typed(cell) for cell in row])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _typed(cell: str) -> str | float:
    return float(cell) if re.fullmatch(r"-?\d+(\.\d+)?", cell) else cell


def waiting(book: Gradebook, items: Sequence[str]) -> list[str]:
    """Students whose mark in one of the items is not there yet: a reason not to publish."""
    return [
        f"{line.student.id} ({item})"
        for line in book.lines
        for item in items
        if _item(line, item).entry.state is State.DEFERRED
    ]


def _item(line: Line, item: str) -> ItemMark:
    for part in line.mark.components:
        for mark in part.items:
            if mark.item == item:
                return mark
    raise UsageError(f"no item {item!r} in course.toml")


def _points(mark: ItemMark, maximum: Decimal, missing: str, excused: str) -> str:
    """A cell: points of the platform's maximum, or what stands for no mark. An integrity zero is a zero."""
    if mark.entry.state is State.EXCUSED:
        return excused
    if mark.entry.state in NO_MARK or mark.percent is None:
        return missing
    return f"{rounded(mark.percent * Fraction(maximum) / 100, 2):f}"


def _decimal(text: str, where: str) -> Decimal:
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise UsageError(f"{where}: expected a number, got {text!r}") from None
    if not value.is_finite() or value <= 0:
        raise UsageError(f"{where}: expected a number above 0, got {text!r}")
    return value


# ---------------------------------------------------------------------------------------------------- the file


@dataclass
class _Sheet:
    """A CSV file whose form is kept."""

    header: list[str]
    rows: list[list[str]]
    bom: str
    separator: str
    line_end: str

    @classmethod
    def read(cls, text: str, what: str, needed: Sequence[str]) -> _Sheet:
        bom, text = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
        first = text.split("\n", 1)[0]
        separator = max(",;\t", key=first.count)
        rows = list(csv.reader(io.StringIO(text), delimiter=separator))
        header = [cell.strip() for cell in rows[0]] if rows else []
        lacking = [name for name in needed if name not in header]
        if lacking:
            raise UsageError(f"{what} has no column {lacking[0]!r}; there is: {', '.join(header) or 'nothing'}")
        line_end = "\r\n" if "\r\n" in text else "\n"
        return cls(header, [row for row in rows[1:] if row], bom, separator, line_end)

    def cell(self, row: Sequence[str], column: str) -> str:
        place = self.header.index(column) if column in self.header else len(row)
        return row[place] if place < len(row) else ""

    def put(self, row: list[str], column: str, text: str) -> bool:
        """Set a cell; return whether it holds something now."""
        place = self.header.index(column)
        row += [""] * (place + 1 - len(row))
        row[place] = text
        return bool(text)

    def text(self) -> str:
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=self.separator, lineterminator=self.line_end)
        writer.writerows([self.header, *self.rows])
        return self.bom + stream.getvalue()


def _finder(book: Gradebook, sheet: _Sheet, columns: Mapping[str, str]) -> Callable[[Sequence[str]], Line | None]:
    """A function from a row to the student's line: by the first of `columns` that names exactly one person."""
    known = {column: _by(book, field) for column, field in columns.items() if column in sheet.header}

    def find(row: Sequence[str]) -> Line | None:
        for column, people in known.items():
            found = people.get(_key(sheet.cell(row, column)))
            if found is not None:
                return found
        return None

    return find


def _by(book: Gradebook, field: str) -> dict[str, Line]:
    """Lines by one field of the student; a value that two students share names nobody."""
    found: dict[str, Line | None] = {}
    for line in book.lines:
        for key in _keys(str(getattr(line.student, field))):
            found[key] = None if key in found and found[key] is not line else line
    return {key: line for key, line in found.items() if line is not None}


def _keys(text: str) -> Iterator[str]:
    if text.strip():
        yield _key(text)
        if ", " in text:
            last, _, first = text.partition(", ")
            yield _key(f"{first} {last}")
        elif " " in text:
            first, _, last = text.rpartition(" ")
            yield _key(f"{last}, {first}")


def _key(text: str) -> str:
    return " ".join(text.split()).casefold()
