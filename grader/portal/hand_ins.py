"""What students hand in: a draft is on the disk and counts for nothing; a hand-in has a number and a receipt."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from grader.errors import SubmissionError, UsageError
from grader.languages.translating import tr
from grader.portal.database import Database, now, read, written
from grader.portal.keeping import kept
from grader.portal.looking import Readers, called

DRAFT_FOR = timedelta(hours=1)
DRAFTS_AN_HOUR = 60
COLUMNS = "number, student, assignment, filename, sha256, size_bytes, received, acknowledged"


@dataclass(frozen=True)
class Draft:
    """An upload that was looked at. received: when its last byte came"""

    id: str
    student: str
    assignment: str
    filename: str
    sha256: str
    size_bytes: int
    received: datetime
    words: tuple[str, ...]

    @property
    def open(self) -> bool:
        return now() - self.received < DRAFT_FOR


@dataclass(frozen=True)
class HandedIn:
    """A hand-in. received: when its last byte came, by which it is late or not;  acknowledged: when it was handed in"""

    number: int
    student: str
    assignment: str
    filename: str
    sha256: str
    size_bytes: int
    received: datetime
    acknowledged: datetime

    @property
    def receipt(self) -> str:
        """The receipt as a text file."""
        lines = [
            (tr("receipt"), f"{self.number}"),
            (tr("student"), self.student),
            (tr("assignment"), self.assignment),
            (tr("file"), self.filename),
            (tr("bytes"), f"{self.size_bytes}"),
            (tr("sha256"), self.sha256),
            (tr("received"), self.received.isoformat(timespec="seconds")),
            (tr("handed in"), self.acknowledged.isoformat(timespec="seconds")),
        ]
        return "".join(f"{name:10} {value}\n" for name, value in lines)


class HandIns:
    """The drafts and hand-ins of everybody, with their files under `folder`, named by their digests."""

    def __init__(self, database: Database, folder: Path, readers: Readers) -> None:
        self.database, self.folder, self.readers = database, folder, readers
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def file(self, sha256: str) -> Path:
        return self.folder / sha256

    def draft(self, student: str, assignment: str, filename: str, stream: BinaryIO, received: datetime) -> Draft:
        """Keep an upload and look at it. Raises SubmissionError for an empty one, and where there are too many."""
        hour_ago = written(now() - DRAFT_FOR)
        recent = self.database.select(
            "SELECT count(*) FROM drafts WHERE student = ? AND received > ?", student, hour_ago
        )
        if recent[0][0] >= DRAFTS_AN_HOUR:
            raise SubmissionError(
                tr("{n} uploads in an hour are the limit; hand one of them in, or wait", n=DRAFTS_AN_HOUR)
            )
        sha256, size_bytes = kept(stream, self.folder)
        name = called(filename)
        if not size_bytes:
            raise SubmissionError(tr("{file} is empty; save the notebook and try again", file=name))
        words = self.readers.look(self.file(sha256), name, student, assignment).lines
        draft = Draft(secrets.token_urlsafe(16), student, assignment, name, sha256, size_bytes, received, words)
        self.database.insert(
            "drafts",
            id=draft.id,
            student=student,
            assignment=assignment,
            filename=name,
            sha256=sha256,
            size_bytes=size_bytes,
            received=written(received),
            words=json.dumps(words),
        )
        return draft

    def sweep(self) -> None:
        """Remove the files of uploads that were never handed in and cannot be any more, and of uploads cut short."""
        wanted = {row[0] for row in self.database.select("SELECT sha256 FROM hand_ins")}
        wanted |= {
            row[0]
            for row in self.database.select(
                "SELECT sha256 FROM drafts WHERE received > ?", written(now() - 2 * DRAFT_FOR)
            )
        }
        for file in self.folder.iterdir():
            if file.name not in wanted and file.stat().st_mtime < time.time() - 2 * DRAFT_FOR.total_seconds():
                file.unlink(missing_ok=True)

    def find_draft(self, student: str, draft_id: str) -> Draft | None:
        rows = self.database.select("SELECT * FROM drafts WHERE id = ? AND student = ?", draft_id, student)
        for row in rows:
            found, owner, assignment, filename, sha256, size_bytes, received, words = row
            said = tuple(json.loads(words))
            return Draft(found, owner, assignment, filename, sha256, size_bytes, read(received), said)
        return None

    def hand_in(self, draft: Draft) -> HandedIn:
        """Hand in a draft: once, however often it is asked for. On the disk when this returns. Raises UsageError."""
        rows = self.database.select(f"SELECT {COLUMNS} FROM hand_ins WHERE draft = ?", draft.id)
        if rows:
            return _handed_in(*rows[0])
        if not draft.open:
            raise UsageError(tr("this upload is more than an hour old; upload the file again"))
        with self.database.transaction():
            rows = self.database.select(f"SELECT {COLUMNS} FROM hand_ins WHERE draft = ?", draft.id)
            if not rows:
                number = self.database.insert(
                    "hand_ins",
                    draft=draft.id,
                    student=draft.student,
                    assignment=draft.assignment,
                    filename=draft.filename,
                    sha256=draft.sha256,
                    size_bytes=draft.size_bytes,
                    received=written(draft.received),
                    acknowledged=written(now()),
                )
                rows = self.database.select(f"SELECT {COLUMNS} FROM hand_ins WHERE number = ?", number)
        return _handed_in(*rows[0])

    def choose(self, chosen: HandedIn) -> HandedIn:
        """Hand in once more what was handed in before: it counts, and came when it came then. Raises UsageError."""
        with self.database.transaction():
            newest = self.of(chosen.student, chosen.assignment)[0]
            if newest.sha256 == chosen.sha256:
                raise UsageError(tr("receipt {number} is this file, and counts already", number=newest.number))
            number = self.database.insert(
                "hand_ins",
                draft=f"receipt {chosen.number}, chosen {written(now())}",
                student=chosen.student,
                assignment=chosen.assignment,
                filename=chosen.filename,
                sha256=chosen.sha256,
                size_bytes=chosen.size_bytes,
                received=written(chosen.received),
                acknowledged=written(now()),
            )
        found = self.find(number)
        assert found is not None
        return found

    def of(self, student: str, assignment: str) -> list[HandedIn]:
        """Everything a student handed in, the newest first."""
        rows = self.database.select(
            f"SELECT {COLUMNS} FROM hand_ins WHERE student = ? AND assignment = ? ORDER BY number DESC",
            student,
            assignment,
        )
        return [_handed_in(*row) for row in rows]

    def find(self, number: int) -> HandedIn | None:
        rows = self.database.select(f"SELECT {COLUMNS} FROM hand_ins WHERE number = ?", number)
        return _handed_in(*rows[0]) if rows else None

    def unrecorded(self) -> list[HandedIn]:
        """What was acknowledged and is not on grading's record yet, in the order it came."""
        rows = self.database.select(
            f"SELECT {COLUMNS} FROM hand_ins WHERE number NOT IN (SELECT hand_in FROM recorded) ORDER BY number"
        )
        return [_handed_in(*row) for row in rows]

    def newest_recorded(self) -> dict[tuple[str, str], tuple[HandedIn, str]]:
        """(student, assignment) -> the newest hand-in that is on record, and its digest there."""
        rows = self.database.select(
            f"SELECT {COLUMNS}, digest FROM hand_ins JOIN recorded ON hand_in = number WHERE number IN"
            " (SELECT max(number) FROM hand_ins GROUP BY student, assignment) ORDER BY number"
        )
        found = [(_handed_in(*row), digest) for *row, digest in rows]
        return {(hand_in.student, hand_in.assignment): (hand_in, digest) for hand_in, digest in found}

    def unchecked(self, since: datetime) -> list[tuple[HandedIn, str]]:
        """The newest hand-ins since then, with their digests on record, that were not run with public checks yet."""
        rows = self.database.select(
            f"SELECT {COLUMNS}, digest FROM hand_ins JOIN recorded ON hand_in = number WHERE number IN"
            " (SELECT max(number) FROM hand_ins GROUP BY student, assignment) AND acknowledged > ?"
            " AND number NOT IN (SELECT hand_in FROM public_checks) ORDER BY number",
            written(since),
        )
        return [(_handed_in(*row), digest) for *row, digest in rows]

    def newest_recorded_of(self, student: str, assignment: str) -> tuple[HandedIn, str] | None:
        """The newest hand-in of a student, and its digest on record; None where it is not there yet."""
        rows = self.database.select(
            f"SELECT {COLUMNS}, digest FROM hand_ins JOIN recorded ON hand_in = number WHERE number ="
            " (SELECT max(number) FROM hand_ins WHERE student = ? AND assignment = ?)",
            student,
            assignment,
        )
        return next(((_handed_in(*row), digest) for *row, digest in rows), None)

    def gradings(self, student: str, assignment: str, since: datetime) -> int:
        """How many hand-ins of a student were given to grading since then."""
        ((count,),) = self.database.select(
            "SELECT count(*) FROM gradings JOIN hand_ins ON number = hand_in"
            " WHERE student = ? AND assignment = ? AND made > ?",
            student,
            assignment,
            written(since),
        )
        return int(count)


def _handed_in(
    number: int, student: str, assignment: str, filename: str, sha256: str, size_bytes: int, received: str, then: str
) -> HandedIn:
    return HandedIn(number, student, assignment, filename, sha256, size_bytes, read(received), read(then))
