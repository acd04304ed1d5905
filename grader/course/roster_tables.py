"""Students from the tables of platforms: Moodle's participants, Canvas's gradebook, lists of any registrar.

What a column is, its heading says: there is a list of those that platforms use, and nothing is guessed from cells.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from grader.course.sheets import ROSTER_COLUMNS, Student
from grader.course.tables import check_printable, decoded, lines, plain_blanks
from grader.errors import AuthoringError

IDS = (  # the surest first: an id of the institution before a login
    "student", "id number", "idnumber", "id-nummer", "matrikelnummer", "sis user id", "student id", "studentid", "sid",
    "orgdefinedid", "roll number", "roll no", "roll no.", "registration number", "username", "user name",
    "anmeldename", "sis login id", "login",
)  # fmt: skip
NAMES = ("name", "full name", "fullname", "vollständiger name", "student name")
FIRST, LAST = (
    ("first name", "firstname", "given name", "vorname"),
    ("last name", "lastname", "surname", "family name", "nachname"),
)
ADDRESSES = ("email", "email address", "e-mail", "e-mail address", "e-mail-adresse", "mail")
LMS_IDS = ("lms_id",)
GROUPS = ("group",)
CANVAS = {"student", "id", "section"}  # its gradebook: the name is in Student, its own number in ID
NO_STUDENTS = ("points possible", "student, test", "test student", "max")


@dataclass(frozen=True)
class Import:
    """What a table gave: students, the headings that they came from, and what was left out."""

    students: tuple[Student, ...]
    used: Mapping[str, str]  # column of roster.csv -> headings of the table
    unused: tuple[str, ...]
    left_out: tuple[str, ...]

    def as_csv(self) -> str:
        stream = io.StringIO()
        columns = ROSTER_COLUMNS if any(each.group for each in self.students) else ROSTER_COLUMNS[:-1]
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(astuple(each)[: len(columns)] for each in self.students)
        return stream.getvalue()


def students_of(raw: bytes, file: str, encoding: str = "") -> Import:
    """The students of a table; raises AuthoringError where it has no column of ids, or cannot be read for certain."""
    try:
        text = decoded(raw, file, encoding)
    except AuthoringError as error:
        raise AuthoringError(f"{error}, or say how it is written: --encoding cp1252") from None
    table = lines(text, file, (), (*IDS, *NAMES, *FIRST, *LAST, *ADDRESSES))
    if not table:
        raise AuthoringError(f"{file}: the table is empty")
    line, header = table[0]
    places = _places([cell.casefold() for cell in header], f"{file}, line {line}", header)
    students, left_out = [], []
    for line, cells in table[1:]:
        if len(cells) > len(header):
            raise AuthoringError(f"{file}, line {line}: {len(cells)} cells, and the header has {len(header)}")
        for cell in cells:
            check_printable(plain_blanks(cell), f"{file}, line {line}")
        found = {
            column: " ".join(_cell(cells, place) for place in of_column if _cell(cells, place))
            for column, of_column in places.items()
        }
        if found.get("name", "").strip().casefold() in NO_STUDENTS or found["student"].casefold() in NO_STUDENTS:
            continue
        if not found["student"]:
            left_out.append(f"line {line}: no {header[places['student'][0]]} ({'; '.join(filter(None, cells))})")
            continue
        students.append(Student(*(found.get(column, "") for column in ROSTER_COLUMNS)))
    taken = {place for of_column in places.values() for place in of_column}
    return Import(
        tuple(students),
        {column: " + ".join(header[place] for place in of_column) for column, of_column in places.items()},
        tuple(name for place, name in enumerate(header) if place not in taken),
        tuple(left_out),
    )


def _cell(cells: Sequence[str], place: int) -> str:
    return plain_blanks(cells[place]) if place < len(cells) else ""


def _places(header: Sequence[str], where: str, written: Sequence[str]) -> dict[str, list[int]]:
    """Which cells of a row make each column of the roster."""
    canvas = set(header) >= CANVAS
    ids = [name for name in IDS if not canvas or name != "student"]
    places = {"student": _first(header, ids)}
    if not places["student"]:
        there_is = ", ".join(written)
        raise AuthoringError(f"{where}: no column of ids ({', '.join(IDS[:7])}, username, ...); there is: {there_is}")
    places["name"] = _first(header, ["student"] if canvas else NAMES) or [
        *_first(header, FIRST), *_first(header, LAST)
    ]  # fmt: skip
    places["email"] = _first(header, ADDRESSES)
    places["lms_id"] = _first(header, ["id"] if canvas else LMS_IDS)
    places["group"] = _first(header, GROUPS)
    return {column: of_column for column, of_column in places.items() if of_column}


def _first(header: Sequence[str], names: Sequence[str]) -> list[int]:
    return next(([header.index(name)] for name in names if name in header), [])
