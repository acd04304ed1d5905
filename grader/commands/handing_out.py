"""How pages reach students: a file each, a zip that a platform takes, a table for a mail merge."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.collect.collection import Collected, Theirs
from grader.commands.collecting import search_for
from grader.commands.writing import write
from grader.errors import UsageError
from grader.feedback.names import slug
from grader.feedback.platform_zips import canvas_zip, moodle_zip
from grader.languages.translating import mark, tr
from grader.marks import export
from grader.marks.gradebook import Gradebook
from grader.marks.marksheet import BOM, csv_of
from grader.paths import Paths
from grader.schema import Assignment
from grader.terminal import screen

NAMED = 10  # students in a message
MAIL_COLUMNS = ["id", "mail", "name", "file"]
NEEDS = {  # format -> the option it needs, and why
    "moodle": (
        "worksheet",
        mark(
            "--format moodle needs participant numbers, which belong to one Moodle assignment and are in no roster: "
            "choose Download grading worksheet there and add --worksheet FILE"
        ),
    ),
    "canvas": (
        "download",
        mark(
            "--format canvas needs the numbers that Canvas gave to the files that were handed in: choose Download "
            "Submissions there and add --download FILE"
        ),
    ),
}


@dataclass(frozen=True)
class HandedOut:
    """Student -> the name of the file with their page; and who got none, though a platform was to have it."""

    written: Mapping[str, str]
    left_out: Sequence[str] = ()


class Targets:
    """Where pages go on a platform, found before any page is made: nothing is written where this cannot be known."""

    def __init__(
        self, paths: Paths, chosen: argparse.Namespace, assignment: Assignment, book: Gradebook | None
    ) -> None:
        for form, (option, why) in NEEDS.items():
            if chosen.format == form and getattr(chosen, option) is None:
                raise UsageError(why)
            if chosen.format != form and getattr(chosen, option) is not None:
                raise UsageError(f"--{option} goes with --format {form}")
        if chosen.format in ("moodle", "canvas", "mail") and book is None:
            what = {"moodle": "participant number", "canvas": "Canvas number", "mail": "address"}[chosen.format]
            raise UsageError(f"--format {chosen.format} needs roster.csv, to tell whose {what} is whose")
        self.assignment, self.form, self.out = assignment, chosen.format, chosen.out
        self.book = book
        self.participants: dict[str, str] = {}
        self.uploads: dict[str, tuple[int, int]] = {}
        if chosen.format == "moodle" and book is not None:
            self.participants = _participants(book, chosen.worksheet)
        if chosen.format == "canvas":
            self.uploads = _uploads(paths, assignment, chosen.download)

    def hand_out(self, pages: Mapping[str, bytes], suffix: str) -> HandedOut:
        """Write the pages (student -> bytes). Raises UsageError where a platform's file is another assignment's."""
        if self.form == "moodle":
            why = tr("the worksheet has no row (or two) with the id number, the address or the name on the roster of")
            return self._zip(pages, self.participants, why, "worksheet")
        if self.form == "canvas":
            why = "the download has no file, a group's, or one that could be somebody else's, of"
            return self._zip(pages, self.uploads, why, "download")
        written = {student: f"{slug(student)}{suffix}" for student in pages}
        for student, content in pages.items():
            write(self.out / written[student], content)
        return HandedOut(written, self._mail_merge(written) if self.form == "mail" else ())

    def _zip(self, pages: Mapping[str, bytes], known: Mapping[str, object], why: str, source: str) -> HandedOut:
        left = [student for student in pages if student not in known]
        if left and len(left) == len(pages):
            raise UsageError(f"{why} {named(left)}; is it the {source} of {self.assignment.id}?")
        if left:
            screen.say(f"left out of the zip: {why} {named(left)}")
        there = {student: content for student, content in pages.items() if student in known}
        file = f"{self.assignment.id}_feedback_{self.form}.zip"
        name = f"feedback_{self.assignment.id}.html"
        if self.form == "moodle":
            content = moodle_zip({self.participants[student]: page for student, page in there.items()}, name)
        else:
            content = canvas_zip({self.uploads[student]: page for student, page in there.items()}, name)
        write(self.out / file, content)
        return HandedOut(dict.fromkeys(there, file), left)

    def _mail_merge(self, written: Mapping[str, str]) -> list[str]:
        """Write the table; return who has no address on the roster, which has none twice."""
        students = {line.student.id: line.student for line in self.book.lines} if self.book else {}
        left = [who for who in written if who not in students or not students[who].email]
        there = [(students[who], written[who]) for who in sorted(written) if who not in left]
        rows = [[student.id, student.email, student.name, file] for student, file in there]
        write(self.out / "mail_merge.csv", BOM + csv_of([MAIL_COLUMNS, *rows]))
        if left:
            screen.say(f"not in mail_merge.csv, for want of an address on the roster: {named(left)}")
        return left


def named(students: Sequence[str]) -> str:
    """Students in a line of a message, not too many."""
    some, more = ", ".join(students[:NAMED]), len(students) - NAMED
    return tr("{names} and {n} more", names=some, n=more) if more > 0 else some


def _participants(book: Gradebook, worksheet: Path) -> dict[str, str]:
    try:
        return export.moodle_participants(book, worksheet.read_bytes())
    except OSError as error:
        raise UsageError(f"{worksheet} cannot be read: {error.strerror}") from None


def _uploads(paths: Paths, assignment: Assignment, download: Path) -> dict[str, tuple[int, int]]:
    """Student -> the numbers of their account and of a file of theirs, as Canvas's download has them.

    Nobody whose file is a group's: all of the group would read the page.
    """
    with Collected(search_for(paths, assignment, "canvas"), [download]) as collection:
        theirs = collection.by_student()
    owners = Counter(account for of in theirs.values() for account in {each.person.account for each in of})
    found = {student: _newest(of) for student, of in theirs.items()}
    return {student: numbers for student, numbers in found.items() if numbers and owners[str(numbers[0])] == 1}


def _newest(theirs: Sequence[Theirs]) -> tuple[int, int] | None:
    numbers = [
        (int(each.person.account), file.rank)
        for each in theirs
        for file in each.upload.files
        if each.person.account.isascii() and each.person.account.isdigit()
    ]
    return max(numbers, key=lambda pair: pair[1]) if len({account for account, _ in numbers}) == 1 else None
