"""Rows of the record and how nouns become rows and come back: text, numbers, bytes, attempts."""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from grader.errors import MachineryError
from grader.record import database
from grader.record.packing import pack, unpack
from grader.schema import Attempt, CheckResult, Evidence, Outcome, Status, Submission, Usage, exact_text

FORGET = "forget "  # begins the command of a run that takes submissions back; a JSON list of their rows follows
FORGOTTEN = f"SELECT value FROM runs, json_each(substr(command, {len(FORGET) + 1})) WHERE command LIKE '{FORGET}[%'"


class Rows:
    """A connection to the record that speaks in rows; every fault of the file comes out as a MachineryError."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._has_pieces = False

    def close(self) -> None:
        self._connection.close()

    def copy_to(self, other: sqlite3.Connection) -> None:
        """Copy the whole file as it is at one moment."""
        with database.faults_of(self.path):
            self._connection.backup(other)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is recorded when it ends, and nothing of it if it raises.

        Other writers wait meanwhile, so what is read inside stays as it is. One inside another is part of it.
        """
        if self._connection.in_transaction:
            yield
            return
        with database.faults_of(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise

    def select(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with database.faults_of(self.path):
            return self._connection.execute(sql, tuple(map(bound, values))).fetchall()

    def insert(self, table: str, **values: object) -> int:
        """Append one row; returns its id."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        row = self._connection.execute(sql, tuple(map(bound, values.values()))).lastrowid
        return int(row or 0)

    def insert_blob(self, blob: tuple[bytes, bytes]) -> int:
        """Append a packed content unless it is there; returns its id."""
        digest, compressed = blob
        there = self.select("SELECT id FROM blobs WHERE digest = ?", digest)
        return there[0][0] if there else self.insert("blobs", digest=digest, compressed=compressed)

    def content(self, blob: int) -> bytes:
        """The bytes of a blob; raises MachineryError if they are not what was recorded."""
        ((digest, compressed),) = self.select("SELECT digest, compressed FROM blobs WHERE id = ?", blob)
        try:
            content = unpack(compressed)
        except ValueError:
            content = None
        if content is None or hashlib.sha256(content).digest() != digest:
            raise MachineryError(f"{self.path}: the file is damaged (content {blob} is not what was recorded)")
        return content

    def insert_transcript(
        self, attempt: int, question: str, parts: Sequence[tuple[bytes, bytes]], places: list[int]
    ) -> None:
        """Append a transcript: packed, what is left of it without its large answers, then these; and their places."""
        frame, *answers = map(self.insert_blob, parts)
        self.insert("transcripts", attempt=attempt, question=question, content=frame)
        for position, (answer, place) in enumerate(zip(answers, places, strict=True)):
            self.insert("pieces", attempt=attempt, question=question, position=position, place=place, content=answer)

    def transcript(self, attempt: int, question: str, frame: int) -> bytes:
        """A transcript, put together of its frame and its large answers."""
        rows = []
        if self.has_pieces:
            rows = self.select(
                "SELECT place, content FROM pieces WHERE (attempt, question) = (?, ?) ORDER BY position",
                attempt,
                question,
            )
        whole, parts, at = self.content(frame), [], 0
        for place, answer in rows:
            parts += [whole[at:place], self.content(answer)]
            at = place
        return b"".join((*parts, whole[at:]))

    @property
    def has_pieces(self) -> bool:
        """Whether the file cuts transcripts into pieces: a reader upgrades none, but somebody else may at any time."""
        self._has_pieces = self._has_pieces or bool(self.select("SELECT 1 FROM sqlite_master WHERE name = 'pieces'"))
        return self._has_pieces

    def copy_transcript(self, earlier: int, attempt: int, question: str) -> None:
        """Let an attempt have the transcript that an earlier one has of a question."""
        for table, columns in (("transcripts", "content"), ("pieces", "position, place, content")):
            self.select(
                f"INSERT INTO {table} (attempt, question, {columns})"
                f" SELECT ?, question, {columns} FROM {table} WHERE (attempt, question) = (?, ?)",
                attempt,
                earlier,
                question,
            )

    def row_if_current(self, submission: Submission, digest: str) -> int | None:
        """The row of a submission, if it is what its student handed in last."""
        newest = self.select(
            "SELECT id, digest, filename FROM submissions"
            f" WHERE student = ? AND assignment = ? AND id NOT IN ({FORGOTTEN}) ORDER BY id DESC LIMIT 1",
            submission.student,
            submission.assignment,
        )
        same = [row for row, *known in newest if known == [digest, bound(submission.filename)]]
        return same[0] if same else None

    def insert_submission(self, submission: Submission, digest: str, blobs: list[tuple[bytes, bytes]]) -> int:
        """Append a submission; blobs: its content, then those of its extras, packed. Returns its id."""
        content, *extras = map(self.insert_blob, blobs)
        row = self.insert(
            "submissions",
            student=submission.student,
            assignment=submission.assignment,
            digest=digest,
            filename=submission.filename,
            content=content,
        )
        for position, (name, _) in enumerate(submission.extras):
            self.insert("extras", submission=row, position=position, name=name, content=extras[position])
        return row

    def insert_hand_in(self, submission: int, told: tuple[object, ...]) -> None:
        """Append (time, marked_late, source) of a submission, unless it is what was said last."""
        columns = ("time", "marked_late", "source")
        newest = self.select(
            f"SELECT {', '.join(columns)} FROM hand_ins WHERE submission = ? ORDER BY id DESC LIMIT 1", submission
        )
        if newest != [told]:
            self.insert("hand_ins", submission=submission, **dict(zip(columns, told, strict=True)))

    def insert_attempt(self, run: int, attempt: Attempt) -> int:
        """Append an attempt, its results and the versions of its tests; returns the attempt's id."""
        evidence, usage = attempt.evidence, attempt.usage
        row = self.insert(
            "attempts",
            run=run,
            submission=self._row_of_submission(attempt),
            status=attempt.status.value,
            deferred=is_deferred(attempt),
            image=evidence.image,
            device=evidence.device,
            seed=evidence.seed,
            isolation=evidence.isolation,
            notices=json.dumps(attempt.notices),
            cpu_s=usage.cpu_s,
            wall_s=usage.wall_s,
            peak_mib=usage.peak_mib,
        )
        for position, (question, digest) in enumerate(evidence.tests):
            self.insert("tests", attempt=row, position=position, question=question, digest=digest)
        for position, result in enumerate(attempt.results):
            self._insert_result(row, position, result)
        return row

    def _row_of_submission(self, attempt: Attempt) -> int:
        (row,) = self.select(
            "SELECT max(id) FROM submissions WHERE student = ? AND assignment = ? AND digest = ?",
            attempt.student,
            attempt.assignment,
            attempt.evidence.submission,
        )
        if row[0] is None:
            what = f"submission {attempt.evidence.submission[:12]} of {attempt.student} to {attempt.assignment}"
            raise MachineryError(f"{self.path}: {what} is not recorded, so no attempt at it can be; collect it first")
        return int(row[0])

    def _insert_result(self, attempt: int, position: int, result: CheckResult) -> None:
        self.insert(
            "results",
            attempt=attempt,
            position=position,
            name=result.name,
            question=result.question,
            outcome=result.outcome.value,
            max_points=exact_text(result.max_points),
            message=result.message,
            hint=result.hint,
            wall_s=result.wall_s,
        )

    def load_attempts(self, ids: Iterable[int]) -> dict[int, tuple[int, str, Attempt]]:
        """Attempt id -> (run, filename, attempt), in order of id; ids that do not exist are left out."""
        wanted = sorted(ids)
        tests: dict[int, list[tuple[str, str]]] = {each: [] for each in wanted}
        for attempt, question, digest in self._of_attempts("attempt, question, digest FROM tests", wanted):
            tests[attempt].append((text(question), text(digest)))
        results = self.load_results(wanted)
        found = {}
        for row, run, status, image, device, seed, isolation, notices, cpu_s, wall_s, peak_mib, *who in self.select(
            "SELECT attempts.id, run, status, image, device, seed, isolation, notices, cpu_s, wall_s, peak_mib,"
            " student, assignment, digest, filename FROM attempts JOIN submissions ON submissions.id = submission"
            " WHERE attempts.id IN (SELECT value FROM json_each(?)) ORDER BY attempts.id",
            json.dumps(wanted),
        ):
            student, assignment, digest, filename = map(text, who)
            attempt = Attempt(
                student=student,
                assignment=assignment,
                status=Status(status),
                evidence=Evidence(digest, tuple(tests[row]), text(image), text(device), text(seed), text(isolation)),
                results=tuple(results[row]),
                notices=tuple(json.loads(notices)),
                usage=Usage(real(cpu_s), real(wall_s), real(peak_mib)),
            )
            found[row] = (run, filename, attempt)
        return found

    def load_results(self, attempts: list[int]) -> dict[int, list[CheckResult]]:
        """Attempt id -> its results in their order."""
        found: dict[int, list[CheckResult]] = {each: [] for each in attempts}
        columns = "attempt, name, question, outcome, max_points, message, hint, wall_s"
        for row, name, question, outcome, max_points, message, hint, wall_s in self._of_attempts(
            f"{columns} FROM results", attempts
        ):
            result = CheckResult(
                name=text(name),
                question=text(question),
                outcome=Outcome(outcome),
                max_points=_points(max_points),
                message=text(message),
                hint=text(hint),
                wall_s=real(wall_s),
            )
            found[row].append(result)
        return found

    def _of_attempts(self, columns_and_table: str, attempts: list[int]) -> list[tuple[Any, ...]]:
        return self.select(
            f"SELECT {columns_and_table} WHERE attempt IN (SELECT value FROM json_each(?)) ORDER BY attempt, position",
            json.dumps(attempts),
        )

    def load_submission(self, row: int) -> Submission:
        ((student, assignment, filename, content),) = self.select(
            "SELECT student, assignment, filename, content FROM submissions WHERE id = ?", row
        )
        extras = self.select("SELECT name, content FROM extras WHERE submission = ? ORDER BY position", row)
        return Submission(
            student=text(student),
            assignment=text(assignment),
            filename=text(filename),
            content=self.content(content),
            extras=tuple((text(name), self.content(blob)) for name, blob in extras),
        )


def is_deferred(attempt: Attempt) -> bool:
    """Whether a fault of ours touched the attempt anywhere, whatever its status says."""
    return attempt.status is Status.DEFERRED or any(result.outcome is Outcome.DEFERRED for result in attempt.results)


def packed(content: bytes) -> tuple[bytes, bytes]:
    """(SHA-256, compressed) of a content, for `insert_blob`."""
    return hashlib.sha256(content).digest(), pack(content)


def framed(transcript: bytes | Sequence[bytes]) -> tuple[list[tuple[bytes, bytes]], list[int]]:
    """A transcript as it is kept: its frame and its large answers, packed; and where these stood in the frame."""
    pieces = (transcript,) if isinstance(transcript, bytes) else transcript
    frame, answers = pieces[0::2], pieces[1::2]
    return [packed(b"".join(frame)), *map(packed, answers)], list(accumulate(map(len, frame)))[: len(answers)]


@cache
def _points(text: str) -> Fraction:
    """Points as recorded: "1.75", "10/3". The same few are read many times."""
    return Fraction(text)


def bound(value: object) -> object:
    """A value as SQLite takes it: text with lone surrogates (odd file names, hostile messages) goes in as bytes."""
    if not isinstance(value, str):
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def text(column: str | bytes) -> str:
    """Undo `bound`."""
    return column if isinstance(column, str) else column.decode("utf-8", "surrogatepass")


def real(column: float | None) -> float:
    """A number as it was given: SQLite keeps NaN as NULL."""
    return math.nan if column is None else column
