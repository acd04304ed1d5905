"""What was entered in competitions, with its scores; which entries somebody chose, and under which name."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from grader.competition.labels import Part
from grader.competition.standings import Entry, Side
from grader.course.competition import Competition
from grader.course.teams import Teams
from grader.errors import UsageError
from grader.languages.translating import tr
from grader.portal.database import Database, now, read, written

DAY = timedelta(days=1)
LONGEST_NAME = 40
COLUMNS = "number, student, received, public.score, private.score, filename, note, sha256"


@dataclass(frozen=True)
class Wanted:
    """Whose entry a file is to be. received: when its last byte came;  who: of the staff, where they enter it"""

    student: str
    filename: str
    received: datetime
    note: str = ""
    who: str = ""


@dataclass(frozen=True)
class Came:
    """The same, with a file that is kept."""

    wanted: Wanted
    sha256: str
    size_bytes: int


class Entries:
    """Everybody's entries, in the portal's database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, competition: Competition, came: Came, members: Collection[str], score: float, key: str) -> int:
        """Append an entry with its score on the public part. Raises UsageError where the day's are used up."""
        with self.database.transaction():
            wanted = came.wanted
            if not wanted.who:
                self.require_place(competition, members)
            number = self.database.insert(
                "entries",
                competition=competition.id,
                student=wanted.student,
                filename=wanted.filename,
                note=wanted.note,
                sha256=came.sha256,
                size_bytes=came.size_bytes,
                received=written(wanted.received),
                who=wanted.who,
            )
            self.keep_score(number, Part.PUBLIC, key, score)
        return number

    def times_of_day(self, competition: Competition, members: Collection[str]) -> list[datetime]:
        """When those entries came that count for the last 24 hours, the oldest first; those of the staff do not."""
        rows = self.database.select(
            "SELECT received FROM entries WHERE competition = ? AND student IN (SELECT value FROM json_each(?))"
            " AND received > ? AND who = '' ORDER BY received",
            competition.id,
            json.dumps(list(members)),
            written(now() - DAY),
        )
        return [read(time) for (time,) in rows]

    def require_place(self, competition: Competition, members: Collection[str]) -> None:
        """Raise UsageError where as many entries were made in 24 hours as there may be."""
        times = self.times_of_day(competition, members)
        if len(times) >= competition.entries_a_day:
            again = (times[-competition.entries_a_day] + DAY - now()).total_seconds()
            limit = tr(
                "{n} entries in 24 hours are the limit, those of a team together; "
                "the next one is possible in {minutes} minutes"
            )
            raise UsageError(limit.format(n=len(times), minutes=max(1, round(again / 60))))

    def same_file(self, competition: Competition, members: Collection[str], sha256: str) -> int | None:
        """The number of an entry that is this very file; None where there is none."""
        rows = self.database.select(
            "SELECT number FROM entries WHERE competition = ? AND sha256 = ?"
            " AND student IN (SELECT value FROM json_each(?)) ORDER BY number LIMIT 1",
            competition.id,
            sha256,
            json.dumps(list(members)),
        )
        return next((number for (number,) in rows), None)

    def all(self, competition_id: str, key: str) -> list[Entry]:
        """Every entry in the order they came, with its scores by labels of this key."""
        rows = self.database.select(
            f"SELECT {COLUMNS} FROM entries"
            " LEFT JOIN entry_scores AS public ON public.entry = number AND public.part = 'public' AND public.key = ?1"
            " LEFT JOIN entry_scores AS private ON private.entry = number AND private.part = 'private'"
            " AND private.key = ?1 WHERE competition = ?2 ORDER BY number",
            key,
            competition_id,
        )
        return [
            Entry(number, student, read(received), *scores_and_texts)
            for number, student, received, *scores_and_texts in rows
        ]

    def newest(self, competition_id: str) -> int:
        """The number of the last entry, 0 where there is none."""
        ((number,),) = self.database.select("SELECT max(number) FROM entries WHERE competition = ?", competition_id)
        return number or 0

    def unscored(self, competition_id: str, key: str, part: Part) -> list[tuple[int, str]]:
        """(number, digest of the file) of entries that have no score on a part by labels of this key."""
        return self.database.select(
            "SELECT number, sha256 FROM entries WHERE competition = ? AND number NOT IN"
            " (SELECT entry FROM entry_scores WHERE part = ? AND key = ?) ORDER BY number",
            competition_id,
            part.value,
            key,
        )

    def keep_score(self, number: int, part: Part, key: str, score: float) -> None:
        self.database.change(
            "INSERT OR IGNORE INTO entry_scores (entry, part, key, score, made) VALUES (?, ?, ?, ?, ?)",
            number,
            part.value,
            key,
            score,
            written(now()),
        )

    # what somebody says

    def choose(self, competition_id: str, student: str, numbers: Sequence[int]) -> None:
        self.database.insert(
            "final_entries",
            competition=competition_id,
            student=student,
            chosen=json.dumps(sorted(numbers)),
            made=written(now()),
        )

    def rename(self, competition_id: str, student: str, name: str, who: str) -> None:
        self.database.insert(
            "board_names", competition=competition_id, student=student, name=name, who=who, made=written(now())
        )

    def _last(self, table: str, column: str, competition_id: str) -> dict[str, tuple[int, str]]:
        """Student -> (id, what was said last)."""
        rows = self.database.select(
            f"SELECT student, id, {column} FROM {table} WHERE competition = ? ORDER BY id", competition_id
        )
        return {student: (number, said) for student, number, said in rows}

    def sides(self, competition: Competition, key: str, students: Iterable[str], teams: Teams) -> list[Side]:
        """Everybody who entered something, with what counts for them; those of one team together."""
        of_student: dict[str, list[Entry]] = {}
        for entry in self.all(competition.id, key):
            of_student.setdefault(entry.student, []).append(entry)
        chosen = self._last("final_entries", "chosen", competition.id)
        names = self._last("board_names", "name", competition.id)
        sides = []
        for members in dict.fromkeys(members_of(teams, competition.id, student) for student in students):
            entries = sorted((each for one in members for each in of_student.get(one, ())), key=lambda e: e.number)
            if entries:
                picked = json.loads(_newest(chosen, members) or "[]")
                name = _newest(names, members) or f"Entrant {entries[0].number}"
                sides.append(Side(name, members, entries, frozenset(picked)))
        return sides

    def names(self, competition_id: str) -> Mapping[str, str]:
        """Student -> the name that was chosen last."""
        return {student: name for student, (_, name) in self._last("board_names", "name", competition_id).items()}


def members_of(teams: Teams, competition_id: str, student: str) -> tuple[str, ...]:
    """With whom a student enters."""
    team = teams.get(competition_id, {}).get(student)
    return team.students if team else (student,)


def _newest(said: Mapping[str, tuple[int, str]], members: Iterable[str]) -> str:
    return max((said[one] for one in members if one in said), default=(0, ""))[1]
