"""Students from the tables of platforms: Moodle's participants, Canvas's gradebook, lists of any registrar.

What a column is, its heading says: there is a list of those that platforms use, and nothing is guessed from cells.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass

from grader.course.sheets import ROSTER_COLUMNS, Student, check_id
from grader.course.tables import (
    SEPARATOR_LINE,
    SEPARATORS,
    Encoded,
    check_printable,
    decoded,
    headings,
    lines,
    plain_blanks,
)
from grader.errors import AuthoringError, UnknownEncoding
from grader.submission.text import letters

# Headings of Moodle and of registrars: English, German, French, Spanish, Italian, Portuguese, Dutch, Chinese, Japanese.
IDS = (  # the surest first: an id of the institution before a login
    "student", "id number", "idnumber", "id-nummer", "matrikelnummer", "sis user id", "student id", "studentid", "sid",
    "orgdefinedid", "roll number", "roll no", "roll no.", "rollno", "registration number", "reg no", "reg. no.",
    "matriculation number", "student number", "student no", "enrolment number", "enrollment number", "usn",
    "numéro d'identification", "numéro étudiant", "n° étudiant", "número de id",
    "número de identificación", "matrícula", "matricola", "codice identificativo", "número de identificação",
    "studentnummer", "学号", "學號", "学籍番号", "学生番号", "idナンバー",
    "username", "user name", "anmeldename", "nom d'utilisateur", "nombre de usuario",
    "nome de utilizador", "gebruikersnaam", "用户名", "使用者名稱", "ユーザ名", "sis login id", "login",
    "id",
)  # fmt: skip
NAMES = (
    "name", "full name", "fullname", "vollständiger name", "student name", "nom complet", "nombre completo",
    "nome completo", "volledige naam", "姓名", "全名", "氏名",
)  # fmt: skip
FIRST, LAST = (
    ("first name", "firstname", "given name", "vorname", "prénom", "nombre", "nome", "voornaam", "名"),
    ("last name", "lastname", "surname", "family name", "nachname", "nom de famille", "nom", "apellido(s)", "apellidos",
     "cognome", "sobrenome", "apelido", "achternaam", "姓", "姓氏"),
)  # fmt: skip
ADDRESSES = (
    "email", "email address", "e-mail", "e-mail address", "e-mail-adresse", "mail", "adresse de courriel", "courriel",
    "adresse e-mail", "dirección de correo", "correo electrónico", "dirección email", "indirizzo email",
    "endereço de e-mail", "endereço de email", "e-mailadres", "电子邮件地址", "邮箱", "電子郵件", "メールアドレス",
)  # fmt: skip
LMS_IDS = ("lms_id",)
GROUPS = ("group",)
LAST_NAME_FIRST = ("姓", "姓氏")  # headings of languages that write it first
CANVAS = {"student", "id", "section"}  # its gradebook: the name is in Student, its own number in ID
NUMBERED = {"id", "bewertung"}  # Moodle's worksheet in German: in ID is the number of a hand-in
BRIGHTSPACE = "orgdefinedid"  # where it stands, ids and logins have a # in front
NO_STUDENTS = ("points possible", "student, test", "test student", "max")
NO_IDS = (
    "total",
    "average",
    "mean",
    "median",
    "sum",
    "count",
    "summe",
    "durchschnitt",
    "mittelwert",
    "moyenne",
    "promedio",
)
MOST_ABOVE = 10  # lines above the header


@dataclass(frozen=True)
class Import:
    """What a table gave: students, the headings that they came from, and what was left out."""

    students: tuple[Student, ...]
    used: Mapping[str, str]  # column of roster.csv -> headings of the table
    unused: tuple[str, ...]
    left_out: tuple[str, ...]
    above: tuple[str, ...] = ()  # lines above the header

    def as_csv(self) -> str:
        stream = io.StringIO()
        columns = ROSTER_COLUMNS if any(each.group for each in self.students) else ROSTER_COLUMNS[:-1]
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(astuple(each)[: len(columns)] for each in self.students)
        return stream.getvalue()


def students_of(raw: bytes, file: str, encoding: str = "", named: Mapping[str, str] | None = None) -> Import:
    """The students of a table; raises AuthoringError where it has no column of ids, or cannot be read for certain.

    named: column of roster.csv -> heading, for tables whose headings are not known
    """
    try:
        encoded = decoded(raw, file, encoding)
    except UnknownEncoding as error:
        raise AuthoringError(f"{error}, or say how it is written: --encoding cp1252") from None
    ids = (*map(_heading, (named or {}).values()), *IDS)
    text, above = _from_header(encoded.text, ids)
    known = (*ids, *NAMES, *FIRST, *LAST, *ADDRESSES)
    table = lines(Encoded(text), file, (), known, comments=BRIGHTSPACE not in text[:1000].casefold())
    if not table:
        raise AuthoringError(f"{file}: the table is empty")
    line, header = table[0]
    places = _places(header, f"{file}, line {line + above}", named or {})
    students, left_out = [], []
    for line, cells in table[1:]:
        where = f"{file}, line {line + above}"
        if len(cells) > len(header):
            raise AuthoringError(f"{where}: {len(cells)} cells, and the header has {len(header)}")
        for cell in cells:
            check_printable(plain_blanks(cell), where)
        found = _found(cells, places, header)
        if _is_nobody(found, header):
            continue
        if not found["student"] or _is_of_all(found):
            why = f"no {header[places['student'][0]]} ({'; '.join(filter(None, cells))})"
            left_out.append(f"line {line + above}: {why}")
            continue
        check_id(found["student"], f"{where}, column {header[places['student'][0]]}")
        students.append(Student(*(found.get(column, "") for column in ROSTER_COLUMNS)))
    taken = {place for of_column in places.values() for place in of_column}
    return Import(
        tuple(students),
        {column: " + ".join(header[place] for place in of_column) for column, of_column in places.items()},
        tuple(name for place, name in enumerate(header) if name and place not in taken),
        tuple(left_out),
        tuple(line.strip() for line in encoded.text.splitlines()[:above] if line.strip(" ,;\t|")),
    )


def _from_header(text: str, ids: Collection[str]) -> tuple[str, int]:
    """The text from its header on, which has one of these headings among others, and how many lines lie above it."""
    lines_of = text.splitlines(keepends=True) if not SEPARATOR_LINE.match(text) else []
    for number, line in enumerate(lines_of[:MOST_ABOVE]):
        for separator in SEPARATORS:
            found = {_heading(cell) for cell in next(csv.reader([line], delimiter=separator), [])}
            if len(found) > 1 and found.intersection(ids):
                return "".join(lines_of[number:]), number
    return text, 0


def _found(cells: Sequence[str], places: Mapping[str, Sequence[int]], header: Sequence[str]) -> dict[str, str]:
    """What a row says for each column of the roster."""
    found = {
        column: " ".join(_cell(cells, place) for place in of_column if _cell(cells, place))
        for column, of_column in places.items()
    }
    if BRIGHTSPACE in map(_heading, header):
        found["student"] = found["student"].removeprefix("#")
    found["student"] = found["student"].removeprefix("'")  # by which a spreadsheet keeps a number as text
    return found


def _is_nobody(found: Mapping[str, str], header: Sequence[str]) -> bool:
    """Whether a row is one that platforms put between people: maxima, who posts marks, a student for trying out."""
    if _is_canvas(header) and not found["lms_id"]:
        return True
    return found.get("name", "").strip().casefold() in NO_STUDENTS or found["student"].casefold() in NO_STUDENTS


def _is_of_all(found: Mapping[str, str]) -> bool:
    """Whether a row is about the whole class: a total, a mean."""
    alone = not any(text for column, text in found.items() if column != "student")
    return alone and letters(found["student"]).partition(" ")[0] in NO_IDS


def _cell(cells: Sequence[str], place: int) -> str:
    return plain_blanks(cells[place]) if place < len(cells) else ""


def _places(written: Sequence[str], where: str, named: Mapping[str, str]) -> dict[str, list[int]]:
    """Which cells of a row make each column of the roster: those that were named, else by their headings."""
    header = [_heading(cell) for cell in written]
    there_is = headings(written)
    for column, heading in named.items():
        if _heading(heading) not in header:
            raise AuthoringError(f"{where}: --column {column}={heading}: no column {heading!r}; there is: {there_is}")
    canvas = _is_canvas(written)
    others = CANVAS if canvas else NUMBERED if {*header} >= NUMBERED else ()  # whose ID is no id of a student
    found = {
        "student": _first(header, [name for name in IDS if name not in others]),
        "name": _first(header, ["student"] if canvas else NAMES) or _name_in_two(header),
        "email": _first(header, ADDRESSES),
        "lms_id": _first(header, ["id"] if canvas else LMS_IDS),
        "group": _first(header, GROUPS),
    }
    found |= {column: [header.index(_heading(heading))] for column, heading in named.items()}
    if not found["student"]:
        how = "say which it is: --column 'student=HEADING'"
        raise AuthoringError(
            f"{where}: no column of ids ({', '.join(IDS[:7])}, username, ...); there is: {there_is}; {how}"
        )
    return {column: of_column for column, of_column in found.items() if of_column}


def _heading(cell: str) -> str:
    """A heading to compare by."""
    return " ".join(unicodedata.normalize("NFC", cell).casefold().replace("’", "'").split())


def _is_canvas(header: Sequence[str]) -> bool:
    return set(map(_heading, header)) >= CANVAS


def _name_in_two(header: Sequence[str]) -> list[int]:
    """The cells of a name that stands in two, in the order of its language."""
    first, last = _first(header, FIRST), _first(header, LAST)
    return [*last, *first] if last and header[last[0]] in LAST_NAME_FIRST else [*first, *last]


def _first(header: Sequence[str], names: Sequence[str]) -> list[int]:
    return next(([header.index(name)] for name in names if name in header), [])
