"""When hand-ins came, until when they might, and how late that is: the same answer for every command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from grader.collect.times import late_minutes, shown, shown_late
from grader.course.config import read_course
from grader.course.entries import State
from grader.course.extensions import Deadlines, Extension, read_deadlines
from grader.course.sheets import Ruling, read_roster, read_rulings
from grader.course.teams import read_teams
from grader.errors import AuthoringError
from grader.paths import Paths
from grader.record.store import Store


@dataclass(frozen=True)
class Timing:
    """One hand-in. `days`: late ones as they are counted;  ruling: a lateness that the staff decided, above all.

    instead: what the staff decided that counts in place of its points
    """

    came: datetime | None
    deadline: datetime | None
    extension: Extension | None
    ruling: Ruling | None
    late_minutes: Decimal
    days: int
    timezone: str
    instead: Ruling | None = None

    @property
    def words(self) -> str:
        """In one line; "" where nothing is known."""
        parts = [f"handed in {shown(self.came, self.timezone)}"] if self.came else []
        if self.extension:
            parts.append(self.extension.words)
        elif self.deadline:
            parts.append(f"deadline {shown(self.deadline, self.timezone)}")
        if self.late_minutes or self.ruling:
            late = f"{shown_late(self.late_minutes)} late" if self.late_minutes else "in time"
            parts.append(f"{late} by decision: {self.ruling.reason}" if self.ruling else late)
        if self.instead:
            what = "excused" if self.instead.state is State.EXCUSED else "an integrity zero"
            parts.append(f"{what} by decision: {self.instead.reason}")
        return "; ".join(parts)

    @property
    def entry(self) -> dict[str, Any]:
        """As --json has it."""
        return {
            "came": self.came.isoformat() if self.came else None,
            "deadline": self.deadline.isoformat() if self.deadline else None,
            "extension": self.extension.words if self.extension else None,
            "decision": self.ruling.reason if self.ruling else None,
            "state": self.instead.state.value if self.instead and self.instead.state else None,
            "late_minutes": float(self.late_minutes),
            "days_late": self.days,
        }


def deadlines_of(paths: Paths) -> Deadlines:
    """The course's deadlines and extensions; without a roster an extension is of whoever has that id."""
    course = read_course(paths)
    roster = read_roster(paths) if paths.roster_csv.exists() else ()
    teams = read_teams(paths, course.assignments, [student.id for student in roster])
    return read_deadlines(paths, course, roster, teams)


def timings(paths: Paths, store: Store, assignment_id: str) -> Mapping[str, Timing]:
    """By student, of everybody whose submission counts for an assignment."""
    course, deadlines, hand_ins = read_course(paths), deadlines_of(paths), store.hand_ins(assignment_id)
    rulings = read_rulings(paths, course.scheme.items, store.current_digests(assignment_id))
    found = {}
    for student in store.current_digests(assignment_id):
        came = hand_ins[student].time if student in hand_ins else None
        deadline, ruling = deadlines.of(student, assignment_id), rulings.get((student, assignment_id))
        extension = deadlines.extended.get((student, assignment_id))
        decided = ruling if ruling and ruling.late_minutes is not None else None
        minutes = late_minutes(came, deadline) if decided is None else decided.late_minutes or Decimal(0)
        days = course.scheme.late.days(minutes)
        instead = ruling if ruling and ruling.state is not None else None
        found[student] = Timing(came, deadline, extension, decided, minutes, days, course.timezone, instead)
    return found


def counts_instead(paths: Paths, assignment_id: str, student: str) -> Ruling | None:
    """What the staff decided that counts in place of a student's points; None also where the tables cannot be read."""
    try:
        ruling = read_rulings(paths, read_course(paths).scheme.items, [student]).get((student, assignment_id))
    except AuthoringError:
        return None
    return ruling if ruling and ruling.state is not None else None
