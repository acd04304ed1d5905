"""How pages reach students: a file each, a zip that a platform takes, a table for a mail merge."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.commands.canvas_numbers import NO_FILE, Numbers, numbers_in
from grader.commands.collected import some
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

NO_ROW = mark("the worksheet has no row with the id number, the address or the name on the roster of")
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
        self.no_row: dict[str, str] = {}
        self.uploads = Numbers()
        if chosen.format == "moodle" and book is not None:
            self.participants, self.no_row = _participants(book, chosen.worksheet)
        if chosen.format == "canvas":
            self.uploads = numbers_in(paths, assignment, chosen.download)

    def hand_out(self, pages: Mapping[str, bytes], suffix: str) -> HandedOut:
        """Write the pages (student -> bytes). Raises UsageError where a platform's file is another assignment's."""
        if self.form == "moodle":
            whose = {student: self.no_row.get(student, NO_ROW) for student in pages}
            return self._zip(pages, self.participants, whose, "worksheet")
        if self.form == "canvas":
            whose = {student: self.uploads.why.get(student, NO_FILE) for student in pages}
            return self._zip(pages, self.uploads.found, whose, "download")
        written = {student: f"{slug(student)}{suffix}" for student in pages}
        for student, content in pages.items():
            write(self.out / written[student], content)
        return HandedOut(written, self._mail_merge(written) if self.form == "mail" else ())

    def _zip(
        self, pages: Mapping[str, bytes], known: Mapping[str, object], whys: Mapping[str, str], source: str
    ) -> HandedOut:
        """Write the zip, and name everybody who is left out of it. whys: by student, why they would be"""
        left = [student for student in pages if student not in known]
        told = [
            f"{tr(why)} {', '.join(student for student in left if whys[student] == why)}"
            for why in dict.fromkeys(whys[student] for student in left)
        ]
        if left and len(left) == len(pages):
            raise UsageError(f"{'; '.join(told)}; is it the {source} of {self.assignment.id}?")
        for reason in told:
            screen.say(f"left out of the zip: {reason}")
        there = {student: content for student, content in pages.items() if student in known}
        file = f"{self.assignment.id}_feedback_{self.form}.zip"
        name = f"feedback_{self.assignment.id}.html"
        if self.form == "moodle":
            content = moodle_zip({self.participants[student]: page for student, page in there.items()}, name)
        else:
            content = canvas_zip({self.uploads.found[student]: page for student, page in there.items()}, name)
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
            screen.say(f"not in mail_merge.csv, for want of an address on the roster: {', '.join(left)}")
        return left


def named(students: Sequence[str]) -> str:
    """Students in a line of a message, not too many."""
    return some(students, NAMED)


def _participants(book: Gradebook, worksheet: Path) -> tuple[dict[str, str], dict[str, str]]:
    """By student: the participant number, and why there is none of those of whom rows may be."""
    no_row: dict[str, str] = {}
    try:
        return export.moodle_participants(book, worksheet.read_bytes(), no_row), no_row
    except OSError as error:
        raise UsageError(f"{worksheet} cannot be read: {error.strerror}") from None
