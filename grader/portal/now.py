"""The course as it stands: read by one thread when its files or the record change, and only taken by requests.

So a request never waits for a gradebook of five hundred, and a student's request opens nothing of solutions or tests.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.bookkeeping.books import book_of, graded
from grader.bookkeeping.timing import deadlines_of
from grader.bookkeeping.told import hints_of_known_mistakes
from grader.course.competition import Competition, competition_ids, read_competition
from grader.course.config import Course, read_assignment, read_course
from grader.course.extensions import Deadlines
from grader.course.same_people import one_person_once
from grader.course.sheets import read_roster
from grader.course.teams import Teams, read_teams
from grader.errors import GraderError, MachineryError, UsageError
from grader.marks.gradebook import Gradebook, Record
from grader.paths import Paths
from grader.record.store import HandIn, Store
from grader.schema import Assignment

LOOKS_EVERY_S = 0.5
SHARE = 5  # of the time at least, reading rests: a record that changes all the time is not read all the time


@dataclass(frozen=True)
class State:
    """What was read at one moment."""

    course: Course
    assignments: Mapping[str, Assignment]
    known: Mapping[str, frozenset[str]]  # assignment -> hints that are about a recognised mistake
    record: Record
    handed_in: Mapping[str, Mapping[str, str]]  # assignment -> student -> digest
    times: Mapping[str, Mapping[str, HandIn]]
    teams: Teams = field(default_factory=dict)
    deadlines: Deadlines = field(default_factory=Deadlines)
    competitions: Mapping[str, Competition] = field(default_factory=dict)
    books: dict[frozenset[str], Gradebook] = field(default_factory=dict, repr=False)


class Now(threading.Thread):
    """The thread that reads. `state`: the newest; `trouble`: why it is not newer."""

    def __init__(self, paths: Paths) -> None:
        super().__init__(name="course", daemon=True)
        self.paths, self.trouble = paths, ""
        self._stamp: object = None
        self._ended, self._hurry, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self.state = self._read()

    def hurry(self) -> None:
        self._hurry.set()

    def end(self) -> None:
        self._ended.set()
        self._hurry.set()
        self.join(timeout=30)

    def run(self) -> None:
        while not self._ended.is_set():
            self._hurry.wait(LOOKS_EVERY_S)
            self._hurry.clear()
            began = time.monotonic()
            try:
                if self._stamps() != self._stamp:
                    self.state = self._read()
                self.trouble = ""
            except (GraderError, OSError) as error:  # half-edited tables: what was read before stands meanwhile
                self.trouble = str(error)
            self._ended.wait((time.monotonic() - began) * SHARE)

    def book(self, visible: frozenset[str]) -> Gradebook | None:
        """The gradebook as far as these assignments make it; None without a roster."""
        state = self.state
        if not self.paths.roster_csv.exists():
            return None
        with self._lock:
            if visible not in state.books:
                state.books[visible] = book_of(self.paths, _only(state.record, visible))
            return state.books[visible]

    def members(self, student: str, assignment: str) -> tuple[str, ...]:
        """Whose a student's hand-in is: the student's own, and that of everybody in the same team."""
        team = self.state.teams.get(assignment, {}).get(student)
        return team.students if team else (student,)

    def _read(self) -> State:
        stamp = self._stamps()
        course = read_course(self.paths)
        assignments = {name: read_assignment(self.paths, name) for name in course.assignments}
        graded_here = {name: each for name, each in assignments.items() if each.questions}
        known = {name: hints_of_known_mistakes(self.paths, each) for name, each in graded_here.items()}
        record, handed_in, times = Record({}), {}, {}
        nothing = contextlib.suppress(UsageError)  # is on record; or a kill came while it was made
        with nothing, _opened(self.paths.record) as store:
            record = graded(self.paths, store)
            handed_in = {name: store.current_digests(name) for name in graded_here}
            times = {name: store.hand_ins(name) for name in graded_here}
        self._stamp = stamp
        roster = read_roster(self.paths) if self.paths.roster_csv.exists() else ()
        teams = read_teams(self.paths, course.assignments, [student.id for student in roster])
        teams = one_person_once(teams, competition_ids(self.paths), roster)
        competitions = {
            name: read_competition(self.paths, name, course.timezone) for name in competition_ids(self.paths)
        }
        deadlines = deadlines_of(self.paths)
        return State(course, graded_here, known, record, handed_in, times, teams, deadlines, competitions)

    def _stamps(self) -> list[tuple[str, int, int]]:
        paths = self.paths
        record = [paths.record, paths.record.with_name(f"{paths.record.name}-wal")]
        tables = [paths.course_toml, paths.roster_csv, paths.roster_aliases_csv, paths.extensions_csv, paths.teams_csv]
        each = [
            *paths.marks_folder.glob("*.csv"),
            *paths.root.glob("manual/*.csv"),
            *paths.assignments.glob("*/assignment.toml"),
            *paths.competitions.glob("*/competition.toml"),
        ]
        return [stamp for file in (*record, *tables, *each) if (stamp := _stamp_of(file))]


def _opened(record: Path) -> Store:
    """The record to read; after a writer was killed it takes another writer before it can be read."""
    try:
        return Store.open(record, read_only=True)
    except MachineryError:
        Store.open(record).close()
        return Store.open(record, read_only=True)


def _stamp_of(file: Path) -> tuple[str, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return (str(file), status.st_mtime_ns, status.st_size)


def _only(record: Record, visible: frozenset[str]) -> Record:
    """What of the record is about these assignments."""
    return Record(
        {pair: attempt for pair, attempt in record.attempts.items() if pair[1] in visible},
        {pair: minutes for pair, minutes in record.late_minutes.items() if pair[1] in visible},
        {pair for pair in record.ungraded if pair[1] in visible},
        [change for change in record.changes if change.assignment in visible],
    )
