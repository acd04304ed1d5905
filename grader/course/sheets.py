"""Read the tables that people keep: roster.csv, roster_aliases.csv, marks/*.csv, marks/status.csv, manual/*.csv.

With a header; empty rows and rows that begin with # are skipped (see `tables`). Errors name file, line, column. An id
is that of the roster also where upper and lower case differ: the roster has no two ids that differ by that alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from grader.course.close_words import as_known
from grader.course.config import did_you_mean
from grader.course.entries import Entry, State
from grader.course.scheme import plain
from grader.course.spreadsheet_ids import spoilt
from grader.course.tables import Row, number, rows
from grader.errors import AuthoringError, UsageError
from grader.paths import Paths
from grader.schema import Assignment
from grader.submission.text import letters

MAX_ROWS = ("max", "points_possible", "points possible")
DECIDED = {"excused": State.EXCUSED, "ex": State.EXCUSED, "integrity": State.INTEGRITY}  # ex: as Canvas writes it
STATUS_FILE = "status.csv"
EMPTY_ROSTER = "roster.csv: no students"
ROSTER_COLUMNS = ["student", "name", "email", "lms_id", "group"]
MANUAL_COLUMNS = ["student", "question", "points", "comment", "submission", "answer"]


@dataclass(frozen=True)
class Student:
    """One line of the roster. `id` is what submissions and marks are matched by; `lms_id` a platform's own number.

    group: one or several words, apart by blanks
    """

    id: str
    name: str = ""
    email: str = ""
    lms_id: str = ""
    group: str = ""

    @property
    def groups(self) -> list[str]:
        return self.group.split()


@dataclass(frozen=True)
class Column:
    """The marks of one item as a table in marks/ gives them. `entries` has no key for a student without a row."""

    item: str
    file: str
    max_points: Fraction
    entries: Mapping[str, Entry] = field(repr=False)
    most: Fraction | None = None  # points that may be reached, where that is more than the maximum

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
    """What a person gave for a question, None while that is to come: a row of manual/*.csv, or of the record.

    submission, answer: short digests of what the points were given for;  by: who and when, where that is known
    """

    student: str
    question: str
    points: Fraction | None
    comment: str
    submission: str
    answer: str
    source: str
    by: str = ""


def require_id(word: str, roster: Iterable[Student]) -> None:
    """Raise UsageError where a word is somebody's name: two may have one name, so whoever is meant is told by an id."""
    named = [student.id for student in roster if student.name.casefold() == word.casefold() != student.id.casefold()]
    if named:
        raise UsageError(f"{word!r} is a name, of {', '.join(named)}; give the id")


def read_roster(paths: Paths, unused: list[str] | None = None) -> tuple[Student, ...]:
    """The students in the order of the roster; an id, an email or an LMS id that appears twice is an error.

    unused: takes the columns that are not of a roster
    """
    return roster_at(paths.roster_csv, [] if unused is None else unused)


def roster_at(path: Path, unused: list[str]) -> tuple[Student, ...]:
    """The students of a roster, wherever it lies."""
    if not path.exists():
        looks = f"below the heading {','.join(ROSTER_COLUMNS)} it has a line for each student"
        made = "grader roster import FILE makes it from a platform's table"
        raise AuthoringError(f"no roster.csv in {path.parent}: {looks}; {made}")
    students: list[Student] = []
    seen: dict[str, int] = {}
    for row in rows(path, "roster.csv", ROSTER_COLUMNS, unused=unused):
        student = Student(student_of(row), *(row.cells.get(column, "") for column in ROSTER_COLUMNS[1:]))
        check_id(student.id, row.where("student"))
        for column, text in (("student", student.id), ("email", student.email), ("lms_id", student.lms_id)):
            key = (
                f"{column} {text.casefold()}"  # ids that differ by case alone would be mixed up when files are matched
            )
            if text and key in seen:
                raise AuthoringError(f"{row.where(column)}: {text!r} is in line {seen[key]} already")
            seen[key] = row.line
        students.append(student)
    if not students:
        how = "write a line for each; without the file whoever hands in is taken, and the portal lets no student in"
        raise AuthoringError(f"{EMPTY_ROSTER}; {how}")
    return tuple(students)


def read_aliases(paths: Paths, roster: Collection[str]) -> dict[str, tuple[str, ...]]:
    """roster_aliases.csv, which may be absent: a name on a learning platform -> the students it stands for.

    A name with several lines is a group. A student who is not on the roster (of ids) is an error.
    """
    path = paths.roster_aliases_csv
    aliases: dict[str, tuple[str, ...]] = {}
    if not path.exists():
        return aliases
    for row in rows(path, path.name, ["alias", "student"], needed=2):
        alias, student = row.cells["alias"], student_of(row, roster)
        if not alias:
            raise AuthoringError(f"{row.where('alias')}: the cell is empty")
        if student not in roster:
            raise AuthoringError(
                f"{row.where('student')}: no student {student!r} in roster.csv{did_you_mean(student, roster)}"
            )
        aliases[alias] = tuple(dict.fromkeys((*aliases.get(alias, ()), student)))
    return aliases


def read_marks(
    paths: Paths,
    items: Collection[str],
    graded_here: Collection[str],
    roster: Collection[Student] = (),
    caps: Mapping[str, Decimal] | None = None,
) -> dict[str, Column]:
    """Every column of marks/*.csv. `items` may be there; the assignments `graded_here` must not.

    A row is its id's; one with the name or the address of somebody else on the roster is refused.

    caps: the percentages that items may reach, where that is not 100
    """
    columns: dict[str, Column] = {}
    people = {student.id: student for student in roster}
    for path in sorted(paths.marks_folder.glob("*.csv")):
        if path.name == STATUS_FILE:
            continue
        file = f"marks/{path.name}"
        table = list(rows(path, file, ["student", "name", "email", *items], refused=graded_here))
        for item in [name for name in (table[0].cells if table else ()) if name in items]:
            if item in columns:
                raise AuthoringError(f"{file}: column {item} is in {columns[item].file} already")
            columns[item] = _column(item, file, table, people, Fraction((caps or {}).get(item, 100)))
    return columns


def read_rulings(paths: Paths, items: Collection[str], roster: Collection[str] = ()) -> dict[tuple[str, str], Ruling]:
    """marks/status.csv, which may be absent, by (student, item). roster: the ids."""
    path = paths.marks_folder / STATUS_FILE
    rulings: dict[tuple[str, str], Ruling] = {}
    if not path.exists():
        return rulings
    for row in rows(path, f"marks/{STATUS_FILE}", ["student", "item", "status", "reason"], needed=4):
        item = as_known(row.cells["item"], items)
        if item not in items:
            there_is = ", ".join(items)
            raise AuthoringError(
                f"{row.where('item')}: no item {item!r}{did_you_mean(item, items)}; there is: {there_is}"
            )
        key = (student_of(row, roster), item)
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
    for row in rows(path, f"manual/{path.name}", MANUAL_COLUMNS, needed=len(MANUAL_COLUMNS), running=("comment",)):
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
    student, name, cell = student_of(row, students), row.cells["question"], row.cells["points"]
    if student not in students:
        raise AuthoringError(f"{row.where('student')}: no student {student!r}{did_you_mean(student, students)}")
    questions = {question.id: question for question in assignment.manual}
    name = as_known(name, questions)
    if name not in questions:
        there_is = ", ".join(questions) or "none"
        raise AuthoringError(f"{row.where('question')}: no question {name!r} that a person marks; there is: {there_is}")
    given = number(cell)
    if cell and not given:
        raise AuthoringError(f"{row.where('points')}: expected a number or an empty cell, got {cell!r}")
    if cell and refuse_too_many and Fraction(given) > questions[name].points:
        raise AuthoringError(
            f"{row.where('points')}: {cell} is above the {plain(questions[name].points)} points of {name}"
        )
    for column in ("submission", "answer"):
        if cell and not row.cells[column]:
            raise AuthoringError(
                f"{row.where(column)}: points for what? `grader manual {assignment.id}` writes rows that say it"
            )
    points = Fraction(given) if cell else None
    digests = row.cells["submission"], row.cells["answer"]
    return GivenMark(student, name, points, row.cells["comment"], *digests, f"{row.file}, line {row.line}")


def _ruling(row: Row) -> Ruling:
    status, reason, source = row.cells["status"], row.cells["reason"], f"{row.file}, line {row.line}"
    if status.casefold() in DECIDED:
        return Ruling(DECIDED[status.casefold()], None, reason, source)
    word, equals, hours = status.partition("=")
    if word.strip().casefold() != "late_hours" or not equals or not number(hours.strip()):
        raise AuthoringError(f"{row.where('status')}: expected excused, integrity or late_hours=12.5, got {status!r}")
    return Ruling(None, Decimal(number(hours.strip())) * 60, reason, source)


def _column(item: str, file: str, table: Sequence[Row], people: Mapping[str, Student], cap: Fraction) -> Column:
    entries: dict[str, Entry] = {}
    max_points: Fraction | None = None
    for row in table:
        if row.cells["student"].lower() in MAX_ROWS:
            if max_points is not None or entries:
                raise AuthoringError(f"{row.where('student')}: the row of maxima must come once, before the students")
            max_points = _points(row, item)
            continue
        if max_points is None:
            raise AuthoringError(f"{file}: the first row must be max, with the points possible of every column")
        student = student_of(row, people)
        if student in entries:
            raise AuthoringError(f"{row.where('student')}: {student!r} is there already")
        _check_person(row, student, people)
        entries[student] = _entry(row, item, max_points, max(cap, Fraction(100)))
    worth = max_points or Fraction(0)
    return Column(item, file, worth, entries, worth * max(cap, Fraction(100)) / 100)


def _check_person(row: Row, student: str, people: Mapping[str, Student]) -> None:
    """Raise AuthoringError where a row's name or address is somebody else's: its id lost zeros, or a cell slipped."""
    if student not in people:
        return
    for column, comparable in (("name", _words_of), ("email", str.casefold)):
        cell, own = row.cells.get(column, ""), getattr(people[student], column)
        if not cell or comparable(cell) == comparable(own):
            continue
        others = [each.id for each in people.values() if comparable(getattr(each, column)) == comparable(cell)]
        if others:
            whose = ", ".join(others)
            raise AuthoringError(
                f"{row.where(column)}: {cell!r} is {whose} on the roster, and the row's id is {student}"
            )


def _words_of(name: str) -> object:
    """A name to compare by, whichever part comes first."""
    return sorted(letters(name).split())


def _points(row: Row, item: str) -> Fraction:
    cell = row.cells[item]
    given = number(cell)
    if not given or not Decimal(given):
        raise AuthoringError(f"{row.where(item)}: expected the maximum, a number above 0, got {cell!r}")
    return Fraction(given)


def _entry(row: Row, item: str, max_points: Fraction, cap: Fraction) -> Entry:
    cell, source = row.cells[item], f"{row.file}, line {row.line}"
    if not cell:
        return Entry(State.MISSING, reason="empty cell", source=source)
    if cell.casefold() in DECIDED:
        return Entry(DECIDED[cell.casefold()], source=source)
    given = number(cell)
    if not given:
        raise AuthoringError(f"{row.where(item)}: expected a number, excused, integrity or an empty cell, got {cell!r}")
    most = max_points * cap / 100
    if Fraction(given) > most:
        extra = f", and above the {plain(most)} that its cap allows" if cap > 100 else ""
        raise AuthoringError(f"{row.where(item)}: {cell} is above the maximum of {plain(max_points)}{extra}")
    return Entry(State.GRADED, Fraction(given), max_points, source=source, most=most)


def check_id(student: str, where: str) -> None:
    """Raise AuthoringError for what a spreadsheet left of an id."""
    if why := spoilt(student):
        raise AuthoringError(f"{where}: {student!r} is {why}; give the column the format Text, and fill it in again")


def student_of(row: Row, roster: Collection[str] = (), column: str = "student") -> str:
    """The id of a row, written as on the roster where it is there."""
    written = row.cells[column]
    if not written:
        raise AuthoringError(f"{row.where(column)}: the cell is empty")
    if written in roster:
        return written
    alike = [student for student in roster if student.casefold() == written.casefold()]
    return alike[0] if len(alike) == 1 else written
