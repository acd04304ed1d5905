"""Marks into the files that learning platforms take back: their own file, with the cells of this course filled in.

Every other cell stays as it came. What has no mark leaves its cell as it is and is told: missing, excused and deferred
are no zeros, and what somebody else wrote there is no less a mark. Points are the item's percentage after lateness of
the platform's own maximum, rounded once, half up, to two digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from grader.course import tables
from grader.course.entries import State
from grader.course.people import Person, Roster
from grader.course.scheme import TOTAL
from grader.errors import UsageError
from grader.languages.translating import mark
from grader.marks.gradebook import Gradebook, Line
from grader.marks.platform_file import PlatformFile, decimal_mark
from grader.marks.platforms import MOODLE, Cell, Platform
from grader.marks.policy import rounded

NO_MARK = (State.MISSING, State.EXCUSED, State.DEFERRED)
MOST_NAMED = 10


@dataclass(frozen=True)
class Change:
    """A cell that has another content than before."""

    student: str
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Filled:
    """A file that was filled in. `notes` say what a person should know; `unmatched` rows were left alone."""

    content: bytes
    cells: int
    notes: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Owner:
    """Whose a row is, or why it is nobody's. `by_name`: nothing but the name says so; `near`: whose it may be."""

    line: Line | None = None
    why: str = ""
    by_name: bool = False
    near: tuple[str, ...] = ()
    one_of: int = 1  # rows that could be the same student's


@dataclass
class _Filling:
    """What is noted while a file is filled in. decimals: the file's own mark, "" where it is not certain"""

    decimals: str
    cells: int = 0
    notes: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def fill(
    book: Gradebook, items: Mapping[str, str], raw: bytes, platform: Platform, missing_as_zero: bool = False
) -> Filled:
    """Fill a platform's own file. `items`: item -> the column's header, or "" to find it by title.

    Raises UsageError for a file that is not the platform's, and where a column or its maximum is not there.
    """
    sheet = PlatformFile.read(raw, platform.what, platform.needed, platform.names)
    columns = {item: platform.column(sheet, item, header) for item, header in items.items()}
    rows = [row for row in sheet.rows if platform.is_person(sheet, row)]
    people = [platform.person(sheet, row) for row in rows]
    done = _Filling(decimal_mark(platform.numbers(sheet)))
    by_name = []
    for row, person, owner in zip(rows, people, owners(book, people), strict=True):
        if owner.line is None:
            if not platform.is_test(sheet, row):
                done.unmatched.append(f"{person}: {owner.why}" if owner.why else str(person))
            continue
        by_name += [str(person)] if owner.by_name else []
        for item, column in columns.items():
            maximum = platform.maximum(sheet, row, column)
            cell = platform.cell(sheet, row, column)
            _put(sheet, cell, owner.line, item, maximum, platform, missing_as_zero, done)
    if by_name:
        more = f" and {len(by_name) - MOST_NAMED} more" if len(by_name) > MOST_NAMED else ""
        done.notes.append(f"known by the name alone: {', '.join(by_name[:MOST_NAMED])}{more}")
    return Filled(sheet.content(), done.cells, tuple(done.notes), tuple(done.unmatched), tuple(done.changes))


def _put(
    sheet: PlatformFile,
    cell: Cell,
    line: Line,
    item: str,
    maximum: str,
    platform: Platform,
    missing_as_zero: bool,
    done: _Filling,
) -> None:
    """Put one mark where it belongs, or say why it is not put there."""
    who = line.student.id
    before = sheet.cell(cell.row, cell.column)
    if cell.locked:
        done.notes.append(f"{who}: {cell.locked}; left as it is")
        return
    state, percent = mark_of(line, item, missing_as_zero)
    if state is None:
        done.notes.append(f"{who}: {item} is not in the scheme of that group; {_kept(before)}")
        return
    if state is State.EXCUSED and platform.excused:
        after = platform.excused
    elif state in NO_MARK or percent is None:
        done.notes.append(f"{who}: {item} {without_mark(state)}; {_kept(before)}")
        return
    else:
        where = f"{who}: {cell.maximum}" if cell.of_row else cell.maximum
        after = f"{rounded(percent * Fraction(number_of(maximum, where)) / 100, 2):f}"
        after = after.replace(".", done.decimals or ("," if "," in maximum else "."))
        if percent > 100:
            done.notes.append(f"{who}: {item} is {after}, above the maximum of {maximum}; does the platform take that?")
    done.cells += 1
    if not _same(before, after):
        sheet.put(cell.row, cell.column, after)
        done.changes.append(Change(who, sheet.heading(cell.column), before, after))


def _kept(before: str) -> str:
    return f"{before} in the file stays" if before else "left empty"


def _same(before: str, after: str) -> bool:
    """Whether two cells say the same: 55,00 is 55.0."""
    try:
        return Decimal(before.replace(",", ".")) == Decimal(after.replace(",", "."))
    except InvalidOperation:
        return before == after


def owners(book: Gradebook, people: Sequence[Person]) -> list[Owner]:
    """Whose each row of a file is, by the rules of `course.people`. Two rows are never one student's.

    Of several that could be the same student's, the one that an id or an address proves is taken, else none.
    """
    roster = Roster([line.student for line in book.lines], book.aliases)
    lines = {line.student.id: line for line in book.lines}
    matches = [roster.match(person, propose=False) for person in people]
    rows: dict[str, list[int]] = {}
    for number, match in enumerate(matches):
        if len(match.students) == 1:
            rows.setdefault(match.students[0], []).append(number)
    found: list[Owner] = []
    for number, match in enumerate(matches):
        if len(match.students) != 1:
            several = f"stands for {', '.join(match.students)}" if match.students else ""
            found.append(Owner(why=match.doubt or several, near=match.students or match.near))
            continue
        (student,) = match.students
        of_student = rows[student]
        sure = [other for other in of_student if matches[other].sure]
        if len(of_student) == 1 or sure == [number]:
            found.append(Owner(lines[student], by_name=not match.sure))
        else:
            why = f"{len(of_student)} rows could be those of {student}"
            found.append(Owner(why=why, near=(student,), one_of=len(of_student)))
    return found


SEVERAL_ROWS = mark("the worksheet has several rows that could be those of")
UNCERTAIN = mark("the worksheet has a row that could be theirs or somebody else's, of")
NO_NUMBER = mark("the worksheet has no participant number in the row of")


def moodle_participants(book: Gradebook, worksheet: bytes, whys: dict[str, str] | None = None) -> dict[str, str]:
    """Student -> participant number, as a Moodle worksheet has them; who is there twice is left out.

    The number belongs to one assignment: it is neither the person's own number nor that of another assignment.
    whys: takes why there is none, of those of whom a row may be
    """
    sheet = PlatformFile.read(worksheet, MOODLE.what, ("Identifier",), MOODLE.names)
    people = [MOODLE.person(sheet, row) for row in sheet.rows]
    found = {}
    for row, owner in zip(sheet.rows, owners(book, people), strict=True):
        number = re.search(r"([0-9]{1,12})\s*$", sheet.cell(row, "Identifier"))
        if owner.line is not None and number is not None:
            found[owner.line.student.id] = number[1]
        elif whys is not None:
            whys |= dict.fromkeys(owner.near, SEVERAL_ROWS if owner.one_of > 1 else UNCERTAIN)
            whys |= {owner.line.student.id: NO_NUMBER} if owner.line else {}
    return found


# ---------------------------------------------------------------------------------------------------- marks


def mark_of(line: Line, item: str, missing_as_zero: bool = False) -> tuple[State | None, Fraction | None]:
    """The state and the percentage of an item, or of the course's total, which waits while anything does.

    The state is None where the item is not in the student's scheme. missing_as_zero: what is missing is graded, with 0
    """
    if item == TOTAL:
        total = line.mark.total
        return (State.DEFERRED, None) if total is None else (State.GRADED, Fraction(total))
    mark = line.item(item)
    if mark and mark.entry.state is State.MISSING and missing_as_zero:
        return State.GRADED, Fraction(0)
    return (mark.entry.state, mark.percent) if mark else (None, None)


def without_mark(state: State) -> str:
    """What is said of an item that has no mark to publish."""
    return "open" if state is State.DEFERRED else state.value


def waiting(book: Gradebook, items: Sequence[str]) -> list[str]:
    """Students whose mark in one of the items is not there yet: a reason not to publish."""
    return [
        f"{line.student.id} ({item})"
        for line in book.lines
        for item in items
        if mark_of(line, item)[0] is State.DEFERRED
    ]


def number_of(text: str, where: str) -> Decimal:
    """A maximum of the platform's; raises UsageError where it is none: 1,000 may be a thousand."""
    try:
        value = Decimal(tables.number(text.strip()) or text.strip())
    except InvalidOperation:
        raise UsageError(f"{where}: expected a number, got {text!r}") from None
    if not value.is_finite() or value <= 0:
        raise UsageError(f"{where}: expected a number above 0, got {text!r}")
    return value


def name_in_two(name: str) -> tuple[str, str]:
    """(last, first) name; of a name without a comma the last word is the last name."""
    last, comma, first = name.partition(",")
    if comma:
        return last.strip(), first.strip()
    first, _, last = name.rpartition(" ")
    return last.strip(), first.strip()


def rows_of_points(book: Gradebook, items: Sequence[str], missing_as_zero: bool) -> Iterator[list[str]]:
    """A header and a row for each student, percentages of the items: for platforms that take no file of their own."""
    yield ["Last Name", "First Name", "Email Address", *(f"{item} (100)" for item in items)]
    for line in book.lines:
        cells = []
        for item in items:
            state, percent = mark_of(line, item, missing_as_zero)
            cells.append("" if state in NO_MARK or percent is None else f"{rounded(percent, 2):f}")
        yield [*name_in_two(line.student.name), line.student.email, *cells]
