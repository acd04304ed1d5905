"""Competitions over the portal's database: entries come in and are scored, the private part when it is over.

The portal and the commands do the same here; only a scorer for the staff tells private scores before the deadline.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from grader.competition import standings
from grader.competition.labels import Part
from grader.competition.marking import Rule, rule_of
from grader.competition.scorer import About, Scorer
from grader.competition.standings import Entry, Row, Side
from grader.course.competition import Competition
from grader.course.teams import Teams
from grader.errors import GraderError, SubmissionError, UsageError
from grader.languages.translating import tr
from grader.paths import Paths
from grader.portal.competitions.entries import Came, Entries, Wanted
from grader.portal.database import now
from grader.portal.keeping import kept, moved
from grader.portal.now import Now

EVERY_S = 3.0
INCOMING, STALE_S = ".incoming-", 3600.0


class Competing:
    """Entries with their files under `folder`, and the process that scores them."""

    def __init__(self, paths: Paths, entries: Entries, scorer: Scorer) -> None:
        self.entries, self.scorer, self.folder = entries, scorer, paths.portal / "entries"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def enter(self, competition: Competition, wanted: Wanted, members: Sequence[str], stream: BinaryIO) -> int:
        """Keep a file, score it and enter it; returns the entry's number. The same file once more is no new one.

        Raises UsageError when it is over or the day's entries are used up, SubmissionError for what is wrong in the
        file; neither counts as an entry, and nothing of it is kept.
        """
        with self._incoming() as folder:
            sha256, size_bytes = kept(stream, folder)
            if not size_bytes:
                raise SubmissionError(tr("the file is empty"))
            if not wanted.who:
                self._require_place(competition, wanted, members, sha256)
            score, key = self.scorer.score(competition, folder / sha256, Part.PUBLIC)
            moved(folder / sha256, self.file(sha256))
            return self.entries.add(competition, Came(wanted, sha256, size_bytes), members, score, key)

    def _require_place(self, competition: Competition, wanted: Wanted, members: Sequence[str], sha256: str) -> None:
        if wanted.received > competition.deadline:
            raise UsageError(tr("the competition is over"))
        there = self.entries.same_file(competition, members, sha256)
        if there is not None:
            raise UsageError(tr("this very file is entry {number} already; it was not counted again", number=there))
        self.entries.require_place(competition, members)

    @contextmanager
    def _incoming(self) -> Iterator[Path]:
        """A folder for a file that is no entry yet, such as a second one with the same content."""
        folder = self.folder / f"{INCOMING}{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what was on its way when a portal was killed."""
        for folder in self.folder.glob(f"{INCOMING}*"):
            if folder.stat().st_mtime < time.time() - STALE_S:
                shutil.rmtree(folder, ignore_errors=True)

    def file(self, sha256: str) -> Path:
        return self.folder / sha256

    def settle(self, competition: Competition, part: Part) -> int:
        """Score what has no score on a part yet; returns how many could not be scored. Raises AuthoringError."""
        key, wrong = self.scorer.about(competition, part).key, 0
        for number, sha256 in self.entries.unscored(competition.id, key, part):
            try:
                score, key = self.scorer.score(competition, self.file(sha256), part)
            except SubmissionError:  # of other labels: the ids changed
                wrong += 1
                continue
            self.entries.keep_score(number, part, key, score)
        return wrong

    # ---------------------------------------------------------------------------------------- what is known

    def sides(self, competition: Competition, students: Sequence[str], teams: Teams) -> list[Side]:
        """Everybody who entered something, in the order of the students."""
        return self.entries.sides(competition, self.about(competition).key, students, teams)

    def about(self, competition: Competition) -> About:
        """What is known of the labels, with the baselines' scores on the public part."""
        return self.scorer.about(competition, Part.PUBLIC)

    def board(self, competition: Competition, sides: Sequence[Side]) -> list[Row]:
        """The leaderboard of the public part."""
        return standings.public_board(sides, self.about(competition).baselines, competition.higher)

    def final_board(self, competition: Competition, sides: Sequence[Side]) -> list[Row]:
        """The leaderboard at the end. Raises AuthoringError before, unless the scorer is the staff's."""
        baselines = self.scorer.about(competition, Part.PRIVATE).baselines
        return standings.final_board(sides, baselines, competition.choose, competition.higher)

    def rule(self, competition: Competition) -> Rule:
        """What final scores are worth; at the end, since baselines stand in it with their final scores."""
        return rule_of(competition, self.scorer.about(competition, Part.PRIVATE).baselines)

    def points(self, competition: Competition, sides: Sequence[Side]) -> dict[str, Fraction]:
        """Student -> points, of everybody whose final score is known."""
        rule, found = self.rule(competition), dict[str, Fraction]()
        for side in sides:
            score = standings.final_score(side, competition.choose, competition.higher)
            if score is not None:
                found |= dict.fromkeys(side.students, rule.points(score))
        return found

    def finals(self, competition: Competition, side: Side) -> tuple[Entry, ...]:
        return standings.finals(side, competition.choose, competition.higher)


def is_over(competition: Competition) -> bool:
    return now() > competition.deadline


class Settling(threading.Thread):
    """Scores what waits: after the deadline the private part, and everything again when labels were corrected.

    troubles: why a competition is not settled, by its id
    """

    def __init__(self, competing: Competing, course: Now) -> None:
        super().__init__(name="competitions", daemon=True)
        self.competing, self.course = competing, course
        self.troubles: dict[str, str] = {}
        self._done: dict[str, object] = {}
        self._ended = threading.Event()

    def end(self) -> None:
        self._ended.set()
        if self.is_alive():
            self.join(timeout=30)

    def run(self) -> None:
        self.competing.sweep()
        while not self._ended.wait(EVERY_S):
            for competition in self.course.state.competitions.values():
                try:
                    self.settle(competition)
                except (GraderError, OSError) as why:
                    self.troubles[competition.id] = str(why)

    def settle(self, competition: Competition) -> None:
        """Score what waits. Nothing is asked twice: of the same labels and entries there is nothing new to know."""
        parts = _parts(competition)
        state = self._state(competition, parts)
        if self._done.get(competition.id) == state:
            return
        wrong = max(self.competing.settle(competition, part) for part in parts)
        self.troubles.pop(competition.id, None)
        if wrong:
            self.troubles[competition.id] = f"{wrong} entries have other ids than the labels have now"
        self._done[competition.id] = state

    def is_settled(self, competition: Competition) -> bool:
        """Whether every entry has its final score, if it can have one."""
        return is_over(competition) and self._done.get(competition.id) == self._state(competition, [*Part])

    def _state(self, competition: Competition, parts: Sequence[Part]) -> object:
        """By what scores are what they are."""
        number = self.competing.entries.newest(competition.id)
        return number, [self.competing.scorer.about(competition, part) for part in parts]


def _parts(competition: Competition) -> list[Part]:
    return [*Part] if is_over(competition) else [Part.PUBLIC]
