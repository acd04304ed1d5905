"""The grade files of learning platforms, one value each: whose a row is, where a mark goes, what it is worth there.

Sources: Canvas `gradebook_importer.rb`; Moodle `mod/assign/feedback/offline`; Blackboard, "Work offline"; Brightspace,
"Importing grades".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader.course.people import Person
from grader.course.platform_columns import GERMAN_MOODLE
from grader.errors import UsageError
from grader.languages.translating import mark
from grader.marks.platform_file import PlatformFile

POSSIBLE = "points possible"
READ_ONLY = "(read only)"
TEST_STUDENTS = ("student, test", "test student")
_CANVAS_ID = re.compile(r"\s*\(\d+\)$")
_MADE_LOGIN = re.compile(r"[0-9a-f]{32,64}")
_BLACKBOARD = re.compile(
    r"^(?P<title>.*?)\s*\[[^\]]*?:\s*(?:up to )?(?P<max>\d+(?:[.,]\d+)?)[^\]]*\]\s*\|\s*\d+\s*$", re.IGNORECASE
)
_BRIGHTSPACE = re.compile(
    r"^(?P<title>.*?) Points Grade(?: <.*?MaxPoints:(?P<max>\d+(?:[.,]\d+)?).*>)?$", re.IGNORECASE
)


@dataclass(frozen=True)
class Cell:
    """Where a mark goes. `maximum`: where its maximum stands, in words;  locked: why nothing may be put there.

    of_row: the maximum is that of one student's row, not the column's
    """

    row: list[str]
    column: str
    maximum: str
    locked: str = ""
    of_row: bool = False


@dataclass(frozen=True)
class Platform:
    """One platform's grade file.

    what: in messages;  file: what to download;  needed: columns without which it is another file
    names: other names of its columns -> those used here;  excused: what stands for it there; "" for nothing
    person: who a row is about;  column: the column of an item, by the header that was given, or "" for its title
    maximum: the points possible of a row's cell, as written
    numbers: the cells of a file in which the platform has written marks and maxima
    """

    what: str
    file: str
    needed: tuple[str, ...]
    person: Callable[[PlatformFile, Sequence[str]], Person]
    column: Callable[[PlatformFile, str, str], str]
    maximum: Callable[[PlatformFile, Sequence[str], str], str]
    cell: Callable[[PlatformFile, list[str], str], Cell]
    numbers: Callable[[PlatformFile], Iterator[str]]
    is_person: Callable[[PlatformFile, Sequence[str]], bool] = lambda sheet, row: any(row)
    is_test: Callable[[PlatformFile, Sequence[str]], bool] = lambda sheet, row: False
    names: Mapping[str, str] = field(default_factory=dict)
    excused: str = ""


def _keys(sheet: PlatformFile, row: Sequence[str], *columns: str) -> tuple[str, ...]:
    return tuple(filter(None, (sheet.cell(row, column) for column in columns)))


def _titled(sheet: PlatformFile, item: str, header: str, what: str, titles: Mapping[str, str]) -> str:
    """The column of an item: as named, or the one whose title is the item's id. titles: column -> its title"""
    if header:
        return _named(sheet, header, what, titles)
    found = [column for column, title in titles.items() if title.strip().casefold() == item.casefold()]
    name = what.removeprefix("the ").split()[0]
    if len(found) != 1:
        there_is = ", ".join(titles) or "none"
        how_many = f"{len(found)} {name} columns are" if found else f"no {name} column is"
        raise UsageError(f"{how_many} titled {item}; say which: --column '{item}=HEADER'; there is: {there_is}")
    return found[0]


def _named(sheet: PlatformFile, header: str, what: str, titles: Mapping[str, str]) -> str:
    """The column that is called so; else the only one of marks with that title, else the only one that begins so."""
    if header in sheet.header:
        return header
    asked = header.strip().casefold()
    called = [column for column, title in titles.items() if asked in (column.casefold(), title.strip().casefold())]
    found = called or [column for column in titles if asked and column.casefold().startswith(asked)]
    if len(found) > 1:
        raise UsageError(f"{what} has {len(found)} columns that {header!r} could mean: {', '.join(found)}")
    if not found:
        raise UsageError(f"{what} has no column {header!r}; there is: {', '.join(sheet.header)}")
    return found[0]


def _cells_of(sheet: PlatformFile, columns: Sequence[str]) -> Iterator[str]:
    """Every cell of some columns."""
    return (sheet.cell(row, column) for row in sheet.rows for column in columns)


# ---------------------------------------------------------------------------------------------------- Moodle


def _moodle_person(sheet: PlatformFile, row: Sequence[str]) -> Person:
    name = sheet.cell(row, "Full name") or sheet.cell(row, "Identifier")
    return Person(name, _keys(sheet, row, "ID number", "Username", "Email address"))


def _moodle_cell(sheet: PlatformFile, row: list[str], column: str) -> Cell:
    locked = sheet.cell(row, "Grade can be changed").casefold() in ("no", "nein")
    return Cell(row, column, "Maximum Grade", "Moodle has locked this grade" if locked else "", of_row=True)


MOODLE = Platform(
    what=mark("the Moodle worksheet"),
    file=mark("the assignment's grading worksheet, downloaded from Moodle"),
    needed=("Identifier", "Full name", "Grade", "Maximum Grade"),
    person=_moodle_person,
    column=lambda sheet, item, header: "Grade",
    maximum=lambda sheet, row, column: sheet.cell(row, "Maximum Grade"),
    cell=_moodle_cell,
    numbers=lambda sheet: _cells_of(sheet, ("Grade", "Maximum Grade")),
    names=GERMAN_MOODLE,
)


# ---------------------------------------------------------------------------------------------------- Canvas


def _canvas_person(sheet: PlatformFile, row: Sequence[str]) -> Person:
    keys = _keys(sheet, row, "SIS User ID", "SIS Login ID", "Integration ID")
    return Person(sheet.cell(row, "Student"), keys, lms_id=sheet.cell(row, "ID"))


def _canvas_titles(sheet: PlatformFile) -> dict[str, str]:
    return {name: _CANVAS_ID.sub("", name) for name in sheet.header if _CANVAS_ID.search(name)}


def _canvas_column(sheet: PlatformFile, item: str, header: str) -> str:
    column = _titled(sheet, item, header, CANVAS.what, _canvas_titles(sheet))
    if _canvas_maximum(sheet, (), column).casefold() == READ_ONLY:
        raise UsageError(f"the Canvas column {column!r} is read only: Canvas calculates it and takes no marks for it")
    return column


def _canvas_maximum(sheet: PlatformFile, row: Sequence[str], column: str) -> str:
    possible = next((each for each in sheet.rows if sheet.cell(each, "Student").lower() == POSSIBLE), None)
    if possible is None:
        raise UsageError("the Canvas gradebook has no row 'Points Possible'; export it from Canvas again")
    return sheet.cell(possible, column)


def _is_test_student(sheet: PlatformFile, row: Sequence[str]) -> bool:
    """Whether a row is that of the student that Canvas makes for trying out: its login is made, too."""
    login = sheet.cell(row, "SIS Login ID")
    made = not login or _MADE_LOGIN.fullmatch(login) is not None
    return made and not sheet.cell(row, "SIS User ID") and sheet.cell(row, "Student").casefold() in TEST_STUDENTS


CANVAS = Platform(
    what=mark("the Canvas gradebook"),
    file=mark("Canvas's gradebook export"),
    needed=("Student", "ID"),
    person=_canvas_person,
    column=_canvas_column,
    maximum=_canvas_maximum,
    cell=lambda sheet, row, column: Cell(row, column, f"Points Possible of {column}"),
    numbers=lambda sheet: _cells_of(sheet, tuple(_canvas_titles(sheet))),
    is_person=lambda sheet, row: bool(sheet.cell(row, "ID")),  # not Points Possible, Manual Posting
    is_test=_is_test_student,
    excused="EX",
)


# ---------------------------------------------------------------------------------------------------- Blackboard


def _blackboard_person(sheet: PlatformFile, row: Sequence[str]) -> Person:
    name = " ".join(_keys(sheet, row, "First Name", "Last Name"))
    return Person(name, _keys(sheet, row, "Username", "Student ID"))


def _with_maximum_in_headings(
    pattern: re.Pattern[str],
    what: str,
    file: str,
    needed: tuple[str, ...],
    person: Callable[[PlatformFile, Sequence[str]], Person],
) -> Platform:
    """A platform whose columns are headed by an item and its maximum: the groups title and max of a pattern."""

    def titles(sheet: PlatformFile) -> dict[str, str]:
        return {name: found["title"] for name in sheet.header if (found := pattern.match(name))}

    def column(sheet: PlatformFile, item: str, header: str) -> str:
        return _titled(sheet, item, header, what, titles(sheet))

    def maximum(sheet: PlatformFile, row: Sequence[str], column: str) -> str:
        found = pattern.match(column)
        return (found["max"] or "") if found else ""

    def cell(sheet: PlatformFile, row: list[str], column: str) -> Cell:
        return Cell(row, column, f"the maximum in {column!r}")

    def numbers(sheet: PlatformFile) -> Iterator[str]:
        yield from (maximum(sheet, (), name) for name in titles(sheet))
        yield from _cells_of(sheet, tuple(titles(sheet)))

    return Platform(what, file, needed, person=person, column=column, maximum=maximum, cell=cell, numbers=numbers)


BLACKBOARD = _with_maximum_in_headings(
    _BLACKBOARD,
    what=mark("the Blackboard grade file"),
    file=mark("the Grade Center under Work Offline, Download"),
    needed=("Username",),
    person=_blackboard_person,
)


# ---------------------------------------------------------------------------------------------------- Brightspace


def _brightspace_person(sheet: PlatformFile, row: Sequence[str]) -> Person:
    name = " ".join(_keys(sheet, row, "First Name", "Last Name"))
    keys = _keys(sheet, row, "OrgDefinedId", "Username", "Email")
    return Person(name, tuple(key.removeprefix("#") for key in keys))


BRIGHTSPACE = _with_maximum_in_headings(
    _BRIGHTSPACE,
    what=mark("the Brightspace grade file"),
    file=mark("Brightspace's grades, exported with Points grade"),
    needed=("End-of-Line Indicator",),
    person=_brightspace_person,
)

PLATFORMS = {"moodle": MOODLE, "canvas": CANVAS, "blackboard": BLACKBOARD, "brightspace": BRIGHTSPACE}
