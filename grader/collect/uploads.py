"""What a learning platform says: who handed in which files, when, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from grader.collect.entries import Entry
from grader.course.people import Person

SITE = "the whole site"  # the area of accounts that are the same in every download


@dataclass(frozen=True)
class Upload:
    """The files of one person, or of one group, as they were handed in together.

    files: paths below the student's own folder;  area: the folder in which accounts of people are told apart
    when: as the platform writes it; without a zone it is on the platform's own clock; None where it does not say
    order: tells the uploads of one person at one place apart, the last is highest;  said: that order in words
    aliased: whether an alias may say whose it is
    """

    people: tuple[Person, ...]
    files: tuple[Entry, ...]
    place: str = ""
    area: str = ""
    when: datetime | None = None
    marked_late: bool = False
    order: tuple[int, ...] = ()
    said: str = ""
    remarks: tuple[str, ...] = ()
    aliased: bool = True


@dataclass(frozen=True)
class Known:
    """What a platform's table says about a number that file names hold."""

    person: Person
    when: datetime | None = None
    marked_late: bool = False


@dataclass(frozen=True)
class Hints:
    """What helps to read a layout.

    assignment, title: its id, and what the platform calls it;  titled: that was said for this download
    known: what the platform's tables say, by number
    is_student: whether a text says exactly who of the roster is meant;  is_login: the same of an id or address alone
    roster: whether there is one
    place: the name of the folder or archive, without its kind;  packed: it is an archive;  single: it is one file
    repeated: names of notebooks that every folder of several holds, so that they name no student
    folder: of a single file, if it may say whose a file is that is called like the assignment
    """

    assignment: str = ""
    title: str = ""
    titled: bool = False
    known: Mapping[str, Known] = field(default_factory=dict)
    is_student: Callable[[str], bool] = lambda text: False
    is_login: Callable[[str], bool] = lambda text: False
    roster: bool = True
    place: str = ""
    packed: bool = False
    single: bool = False
    repeated: frozenset[str] = frozenset()
    folder: str = ""


@dataclass(frozen=True)
class Passed:
    """What somebody handed in under another title, which is not read. alike: it may be the same assignment."""

    person: Person
    title: str
    alike: bool = False


@dataclass(frozen=True)
class Reading:
    """What a layout made of the files of a place: uploads, and the files that belong to nobody.

    of_one: the place itself is one student's, whose name is the place's;  passed: what has another title
    """

    uploads: tuple[Upload, ...]
    left: tuple[Entry, ...] = ()
    of_one: bool = False
    passed: tuple[Passed, ...] = ()


class Layout(Protocol):
    """One way in which downloads are laid out. `fit`: how much of it looks like that, 0 to 1."""

    NAME: str

    def fit(self, paths: Sequence[str]) -> float: ...
    def read(self, entries: Sequence[Entry], hints: Hints) -> Reading: ...


def share(paths: Sequence[str], matches: Callable[[str], object]) -> float:
    """Which part of the paths matches; 0 of none."""
    return sum(1 for path in paths if matches(path)) / len(paths) if paths else 0.0
