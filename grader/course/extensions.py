"""Until when an assignment may be handed in, and by whom: course.toml's deadlines, and those of extensions.csv."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from grader.course.close_words import did_you_mean
from grader.course.config import Course, in_zone
from grader.course.sheets import Student, student_of
from grader.course.tables import Row, rows
from grader.course.teams import Teams
from grader.errors import AuthoringError
from grader.paths import Paths

EXTENSION_COLUMNS = ["who", "assignment", "deadline", "reason"]
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?\s*(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True)
class Extension:
    """A later deadline. `words`: the time on the course's clock, and the reason."""

    deadline: datetime
    words: str
    source: str


@dataclass(frozen=True)
class Deadlines:
    """By assignment for everybody, and by (student, assignment) for those who have more time."""

    everybody: Mapping[str, datetime] = field(default_factory=dict)
    extended: Mapping[tuple[str, str], Extension] = field(default_factory=dict)

    def of(self, student: str, assignment: str) -> datetime | None:
        """Until when a student may hand in; None where there is no deadline."""
        extension = self.extended.get((student, assignment))
        return extension.deadline if extension else self.everybody.get(assignment)


def read_deadlines(paths: Paths, course: Course, students: Sequence[Student], teams: Teams) -> Deadlines:
    """The deadlines of a course. Of several extensions that somebody has for an assignment the latest counts."""
    extended: dict[tuple[str, str], Extension] = {}
    seen: dict[tuple[str, str], int] = {}
    path = paths.extensions_csv
    for row in rows(path, path.name, EXTENSION_COLUMNS, needed=4) if path.exists() else ():
        assignment, extension = row.cells["assignment"], _extension(row, course)
        who = row.cells["who"]
        if (who, assignment) in seen:
            there = f"{who} and {assignment} have a line already (line {seen[who, assignment]})"
            raise AuthoringError(f"{row.where('who')}: {there}")
        seen[who, assignment] = row.line
        for student in _whom(row, students, teams):
            before = extended.get((student, assignment))
            if before is None or before.deadline < extension.deadline:
                extended[student, assignment] = extension
    return Deadlines(course.deadlines, extended)


def _extension(row: Row, course: Course) -> Extension:
    assignment, text = row.cells["assignment"], row.cells["deadline"]
    if assignment not in course.deadlines:
        there_is = ", ".join(course.deadlines) or "none"
        close = did_you_mean(assignment, course.deadlines)
        what = f"no deadline of {assignment!r} in course.toml{close}; there is: {there_is}"
        raise AuthoringError(f"{row.where('assignment')}: {what}")
    time = in_zone(_time(row, text), course.timezone)
    if time.utcoffset() is None:
        raise AuthoringError(
            f"{row.where('deadline')}: whose clock? Write {text}+05:30, or set timezone in course.toml"
        )
    if time <= course.deadlines[assignment]:
        raise AuthoringError(f"{row.where('deadline')}: {text} is not later than the deadline in course.toml")
    here = time.astimezone(ZoneInfo(course.timezone)) if course.timezone else time
    zone = "" if course.timezone else f"{here:%z}"
    reason = f": {row.cells['reason']}" if row.cells["reason"] else ""
    words = f"deadline extended to {here:%Y-%m-%d %H:%M}{zone}{reason}"
    return Extension(time, words, f"{row.file}, line {row.line}")


def _time(row: Row, text: str) -> datetime:
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", ""))
    except ValueError:  # a 31st of June
        pass
    wanted = "a date and a time like 2026-09-05 23:59 or 2026-09-05 23:59+05:30"
    raise AuthoringError(f"{row.where('deadline')}: expected {wanted}, got {text!r}")


def _whom(row: Row, students: Sequence[Student], teams: Teams) -> Collection[str]:
    """The students whom a line is about: one, those of a group, or a team."""
    ids = [student.id for student in students]
    who = student_of(row, ids, "who")
    group = [student.id for student in students if who in student.groups]
    of_assignment = teams.get(row.cells["assignment"], {})
    team = [student for student, its in of_assignment.items() if its.name == who]
    found = {"a student": [who] if who in ids or not ids else [], "a group": group, "a team": team}
    kinds = [kind for kind, members in found.items() if members]
    if len(kinds) > 1:
        raise AuthoringError(f"{row.where('who')}: {who!r} is {' and '.join(kinds)}; rename one")
    if not kinds:
        known = [*ids, *(word for student in students for word in student.groups)]
        what = f"no student, group or team {who!r}{did_you_mean(who, known)}"
        raise AuthoringError(f"{row.where('who')}: {what}")
    return found[kinds[0]]
