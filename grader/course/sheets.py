"""Read the tables that people keep: roster.csv, roster_aliases.csv, marks/*.csv, marks/status.csv, manual/*.csv.

Comma-separated UTF-8 with a header; empty rows and rows that begin with # are skipped. Errors name file, line, column.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from grader.course.config import did_you_mean
from grader.course.entries import Entry, State
from grader.course.scheme import plain
from grader.errors import AuthoringError
from grader.paths import Paths
from grader.schema import Assignment
from grader.submission.text import JOINERS

NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
MAX_ROWS = ("max", "points_possible", "points possible")
STATUS_FILE = "status.csv"
TEXTS = ("name", "reason", "comment")  # columns in which any kind of blank may stand; ids are taken as they are
MANUAL_COLUMNS = ["student", "question", "points", "comment", "submission", "answer"]


@dataclass(frozen=True)
class Student:
    """One line of the roster. `id` is what submissions and marks are matched by; `lms_id` a platform's own number."""

    id: str
    name: str = ""
    email: str = ""
    lms_id: str = ""


@dataclass(frozen=True)
class Column:
    """The marks of one item as a table in marks/ gives them. `entries` has no key for a student without a row."""

    item: str
    file: str
    max_points: Fraction
    entries: Mapping[str, Entry] = field(repr=False)

    @property
    def begun(self) -> bool:
        """Whether anybody has a mark. A column of empty cells is an exam that is still to come, not zeros for all."""
        return any(entry.state is State.GRADED for entry in self.entries.values())


@dataclass(frozen=True)
class Ruling:
    """What marks/status.csv says about one student and one item: a state, or a lateness in minutes."""

    state: State | None
    late_minutes: Decimal | None
    reason: str
    source: str


@dataclass(frozen=True)
class GivenMark:
    """One row of manual/<assignment>.csv: what a person gave for a question, None while that is to come.

    submission, answer: short digests of what the points were given for
    """

    student: str
    question: str
    points: Fraction | None
    comment: str
    submission: str
    answer: str
    source: str


@dataclass(frozen=True)
class Row:
    """One row of a table: its cells by column, and where it stands."""

    file: str
    line: int
    cells: Mapping[str, str]

    def where(self, column: str) -> str:
        return f"{self.file}, line {self.line}, column {column}"


def read_roster(paths: Paths) -> tuple[Student, ...]:
    """The students in the order of the roster; an id, an email or an LMS id that appears twice is an error."""
    students: list[Student] = []
    seen: dict[str, int] = {}
    for row in _rows(paths.roster_csv, "roster.csv", ["student", "name", "email", "lms_id"]):
        student = Student(_student(row), *(row.cells.get(column, "") for column in ("name", "email", "lms_id")))
        for column, text in (("student", student.id), ("email", student.email), ("lms_id", student.lms_id)):
            key = (
                f"{column} {text.casefold()}"  # ids that differ by case alone would be mixed up when files are matched
            )
            if text and key in seen:
                raise AuthoringError(f"{row.where(column)}: {text!r} is in line {seen[key]} already")
            seen[key] = row.line
        students.append(student)
    if not students:
        how = "write a line for each, or delete the file to take whoever hands in"
        raise AuthoringError(f"roster.csv: no students; {how}")
    return tuple(students)


def read_aliases(paths: Paths, roster: Collection[str]) -> dict[str, tuple[str, ...]]:
    """roster_aliases.csv, which may be absent: a name on a learning platform -> the students it stands for.

    A name with several lines is a group. A student who is not on the roster (of ids) is an error.
    """
    path = paths.roster_aliases_csv
    aliases: dict[str, tuple[str, ...]] = {}
    if not path.exists():
        return aliases
    for row in _rows(path, path.name, ["alias", "student"], needed=2):
        alias, student = row.cells["alias"], _student(row)
        if not alias:
            raise AuthoringError(f"{row.where('alias')}: the cell is empty")
        if student not in roster:
            raise AuthoringError(
                f"{row.where('student')}: no student {student!r} in roster.csv{did_you_mean(student, roster)}"
            )
        aliases[alias] = tuple(dict.fromkeys((*aliases.get(alias, ()), student)))
    return aliases


def read_marks(paths: Paths, items: Collection[str], graded_here: Collection[str]) -> dict[str, Column]:
    """Every column of marks/*.csv. `items` may be there; the assignments `graded_here` must not."""
    columns: dict[str, Column] = {}
    for path in sorted(paths.marks_folder.glob("*.csv")):
        if path.name == STATUS_FILE:
            continue
        file = f"marks/{path.name}"
        rows = list(_rows(path, file, ["student", "name", "email", *items], refused=graded_here))
        for item in [name for name in (rows[0].cells if rows else ()) if name in items]:
            if item in columns:
                raise AuthoringError(f"{file}: column {item} is in {columns[item].file} already")
            columns[item] = _column(item, file, rows)
    return columns


def read_rulings(paths: Paths, items: Collection[str]) -> dict[tuple[str, str], Ruling]:
    """marks/status.csv, which may be absent, by (student, item)."""
    path = paths.marks_folder / STATUS_FILE
    rulings: dict[tuple[str, str], Ruling] = {}
    if not path.exists():
        return rulings
    for row in _rows(path, f"marks/{STATUS_FILE}", ["student", "item", "status", "reason"], needed=4):
        item = row.cells["item"]
        if item not in items:
            there_is = ", ".join(items)
            raise AuthoringError(
                f"{row.where('item')}: no item {item!r}{did_you_mean(item, items)}; there is: {there_is}"
            )
        key = (_student(row), item)
        if key in rulings:
            raise AuthoringError(
                f"{row.where('student')}: {key[0]} and {item} have a line already ({rulings[key].source})"
            )
        rulings[key] = _ruling(row)
    return rulings


def read_manual(
    paths: Paths, assignment: Assignment, students: Collection[str], refuse_too_many: bool = True
) -> tuple[GivenMark, ...]:
    """The rows of manual/<assignment>.csv, which may be absent. `students`: those who may have one.

    refuse_too_many: more points than a question has are an error; else whoever uses them has to see to that
    A student may have rows for several submissions, but points once for each submission and for each answer.
    """
    path = paths.manual_csv(assignment.id)
    if not path.exists():
        return ()
    marks: list[GivenMark] = []
    seen: dict[tuple[str, str, str], str] = {}
    for row in _rows(path, f"manual/{path.name}", MANUAL_COLUMNS, needed=len(MANUAL_COLUMNS), running=("comment",)):
        mark = _given_mark(row, assignment, students, refuse_too_many)
        for digest in {mark.submission, mark.answer} if mark.points is not None else ():
            key = (mark.student, mark.question, digest)
            if key in seen:
                what = f"{mark.student} has points for {mark.question} and this answer already"
                raise AuthoringError(f"{row.where('student')}: {what} ({seen[key]})")
            seen[key] = mark.source
        marks.append(mark)
    return tuple(marks)


def _given_mark(row: Row, assignment: Assignment, students: Collection[str], refuse_too_many: bool) -> GivenMark:
    student, name, cell = _student(row), row.cells["question"], row.cells["points"]
    if student not in students:
        raise AuthoringError(f"{row.where('student')}: no student {student!r}{did_you_mean(student, students)}")
    questions = {question.id: question for question in assignment.manual}
    if name not in questions:
        there_is = ", ".join(questions) or "none"
        raise AuthoringError(f"{row.where('question')}: no question {name!r} that a person marks; there is: {there_is}")
    if cell and not NUMBER.fullmatch(cell):
        raise AuthoringError(f"{row.where('points')}: expected a number or an empty cell, got {cell!r}")
    if cell and refuse_too_many and Fraction(cell) > questions[name].points:
        raise AuthoringError(
            f"{row.where('points')}: {cell} is above the {plain(questions[name].points)} points of {name}"
        )
    for column in ("submission", "answer"):
        if cell and not row.cells[column]:
            raise AuthoringError(
                f"{row.where(column)}: points for what? `grader manual {assignment.id}` writes rows that say it"
            )
    points = Fraction(cell) if cell else None
    digests = row.cells["submission"], row.cells["answer"]
    return GivenMark(student, name, points, row.cells["comment"], *digests, f"{row.file}, line {row.line}")


def _ruling(row: Row) -> Ruling:
    status, reason, source = row.cells["status"], row.cells["reason"], f"{row.file}, line {row.line}"
    if status in (State.EXCUSED.value, State.INTEGRITY.value):
        return Ruling(State(status), None, reason, source)
    word, equals, hours = status.partition("=")
    if word.strip() != "late_hours" or not equals or not NUMBER.fullmatch(hours.strip()):
        raise AuthoringError(f"{row.where('status')}: expected excused, integrity or late_hours=12.5, got {status!r}")
    return Ruling(None, Decimal(hours.strip()) * 60, reason, source)


def _column(item: str, file: str, rows: Sequence[Row]) -> Column:
    entries: dict[str, Entry] = {}
    max_points: Fraction | None = None
    for row in rows:
        if row.cells["student"].lower() in MAX_ROWS:
            if max_points is not None or entries:
                raise AuthoringError(f"{row.where('student')}: the row of maxima must come once, before the students")
            max_points = _points(row, item)
            continue
        if max_points is None:
            raise AuthoringError(f"{file}: the first row must be max, with the points possible of every column")
        student = _student(row)
        if student in entries:
            raise AuthoringError(f"{row.where('student')}: {student!r} is there already")
        entries[student] = _entry(row, item, max_points)
    return Column(item, file, max_points or Fraction(0), entries)


def _points(row: Row, item: str) -> Fraction:
    cell = row.cells[item]
    if not NUMBER.fullmatch(cell) or not Decimal(cell):
        raise AuthoringError(f"{row.where(item)}: expected the maximum, a number above 0, got {cell!r}")
    return Fraction(cell)


def _entry(row: Row, item: str, max_points: Fraction) -> Entry:
    cell, source = row.cells[item], f"{row.file}, line {row.line}"
    if not cell:
        return Entry(State.MISSING, reason="empty cell", source=source)
    if cell in (State.EXCUSED.value, State.INTEGRITY.value):
        return Entry(State(cell), source=source)
    if not NUMBER.fullmatch(cell):
        raise AuthoringError(f"{row.where(item)}: expected a number, excused, integrity or an empty cell, got {cell!r}")
    if Fraction(cell) > max_points:
        raise AuthoringError(f"{row.where(item)}: {cell} is above the maximum of {plain(max_points)}")
    return Entry(State.GRADED, Fraction(cell), max_points, source=source)


def _student(row: Row) -> str:
    if not row.cells["student"]:
        raise AuthoringError(f"{row.where('student')}: the cell is empty")
    return row.cells["student"]


def _rows(
    path: Path,
    file: str,
    known: Sequence[str],
    needed: int = 1,
    refused: Collection[str] = (),
    running: Collection[str] = (),
) -> Iterator[Row]:
    """The rows under the header, cells stripped. The first `needed` of the `known` columns must be there.

    running: columns of running text, in which a cell may have several lines
    """
    lines = _lines(path, file)
    line, header = next(lines, (1, []))
    _check_header(f"{file}, line {line}", header, known, needed, refused)
    for line, cells in lines:
        if len(cells) != len(header):
            raise AuthoringError(
                f"{file}, line {line}: expected {len(header)} cells as in the header, got {len(cells)}"
            )
        by_column = dict(zip(header, cells, strict=True))
        texts = {name: _plain_blanks(by_column[name], name in running) for name in TEXTS if name in by_column}
        row = Row(file, line, by_column | texts)
        for column, cell in row.cells.items():
            _check_printable(cell.replace("\n", " ") if column in running else cell, f"{file}, line {line}")
        yield row


def _plain_blanks(text: str, running: bool) -> str:
    """Text with a plain blank for every kind of blank, and, in running text, a plain line break for every kind."""
    if running:
        text = "\n".join(text.splitlines())
    return "".join(" " if letter.isspace() and letter != "\n" else letter for letter in text)


def _check_header(
    where: str, header: Sequence[str], known: Sequence[str], needed: int, refused: Collection[str]
) -> None:
    for name in known[:needed]:
        if name not in header:
            raise AuthoringError(
                f"{where}: no column {name!r} in the header; there is: {', '.join(header) or 'nothing'}"
            )
    for name in header:
        _check_printable(name, where)
        if name in refused:
            raise AuthoringError(f"{where}, column {name}: {name} is graded here; its marks do not come from a table")
        if name not in known:
            raise AuthoringError(
                f"{where}: unknown column {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}"
            )
        if header.count(name) > 1:
            raise AuthoringError(f"{where}: column {name} is there twice")


def _lines(path: Path, file: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, stripped cells) of every row that is neither empty nor a comment."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            for cells in reader:
                cells = ["\n".join(cell.split("\r\n")).strip() for cell in cells]
                if any(cells) and not cells[0].startswith("#"):
                    yield reader.line_num, cells
    except FileNotFoundError:
        raise AuthoringError(f"no {file} in {path.parent}") from None
    except UnicodeDecodeError:
        raise AuthoringError(f"{file}: not UTF-8 text; save it as CSV UTF-8") from None
    except csv.Error as problem:
        raise AuthoringError(f"{file}: not a CSV table: {problem}") from None


def _check_printable(cell: str, where: str) -> None:
    if not all(letter.isprintable() or letter in JOINERS for letter in cell):
        raise AuthoringError(f"{where}: a cell holds a line break or an invisible character: {cell!r}")
