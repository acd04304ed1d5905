"""The append-only record of what was handed in, how it was graded, and what staff changed by hand.

Any number of processes write and read. Each `add_*` is one short transaction and is on the disk when it returns; others
wait for it, so a batch of hours lets everybody pass. A writer that is killed leaves everything it reported, nothing
half and no lock. Nothing is ever edited, so a reader needs no lock and no snapshot: what an id points to never changes
(`upkeep.prune` alone removes, and only what was said in attempts that do not count).

A store belongs to the thread and the process that opened it: do not carry it across a fork.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType

from grader.errors import UsageError
from grader.record import database
from grader.record.overrides import Override, in_force, kind_of
from grader.record.rows import FORGET, FORGOTTEN, Rows, bound, framed, is_deferred, packed, text
from grader.schema import Attempt, CheckResult, Kind, Status, Submission


@dataclass(frozen=True)
class StoredAttempt:
    """An attempt as recorded; `filename` is the submission's."""

    id: int
    run: int
    attempt: Attempt
    filename: str

    @property
    def deferred(self) -> bool:
        return is_deferred(self.attempt)


@dataclass(frozen=True)
class KnownQuestion:
    """Results obtained before for the same submission, tests, image and device."""

    results: tuple[CheckResult, ...]
    attempt: int  # which has the transcript, too
    seed: str  # of that attempt: the transcript replays only with it


@dataclass(frozen=True)
class Run:
    """One call of a grading command. `ended` and `state` are None while it goes on, and after it was killed."""

    id: int
    assignment: str
    command: str
    started: str  # UTC, ISO 8601
    ended: str | None
    state: str | None


@dataclass(frozen=True)
class HandIn:
    """What a learning platform said about a submission. `time` is in UTC, None where nothing says when it came."""

    time: datetime | None
    marked_late: bool = False  # by the platform, whose deadline may be another one
    source: str = ""  # the download it was found in

    def __post_init__(self) -> None:
        if self.time is not None and self.time.utcoffset() is None:
            raise UsageError(f"a hand-in time needs its zone, got {self.time.isoformat()}")


class Store:
    def __init__(self, rows: Rows) -> None:
        self.path = rows.path
        self._rows = rows

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Store:
        """Open the record at `path`; a writer makes it (folder 0700, file 0600).

        raises MachineryError (damaged, of a newer version) or UsageError (nothing there to read).
        """
        if not read_only:
            with database.faults_of(path):
                database.make_folder(path.parent)
        return cls(Rows(path, database.connect(path, read_only=read_only)))

    def close(self) -> None:
        self._rows.close()

    def at_once(self) -> AbstractContextManager[None]:
        """A block of which all is recorded or nothing, and in which nobody else records: keep it short."""
        return self._rows.transaction()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # runs

    def begin_run(self, assignment: str, command: str) -> int:
        """Note that a grading command starts; returns the run's id."""
        with self._rows.transaction():
            return self._rows.insert("runs", assignment=assignment, command=command)

    def end_run(self, run: int, state: str) -> None:
        """Note how a run ended ("done", "interrupted", ...). The first end stands."""
        with self._rows.transaction():
            if not self._rows.select("SELECT 1 FROM run_ends WHERE run = ?", run):
                self._rows.insert("run_ends", run=run, state=state)

    def runs(self, assignment: str | None = None) -> tuple[Run, ...]:
        """All runs in the order they began, of one assignment or of all."""
        rows = self._rows.select(
            "SELECT id, assignment, command, started, ended, state FROM runs LEFT JOIN run_ends ON run = id"
            " WHERE ?1 IS NULL OR assignment = ?1 ORDER BY id",
            assignment,
        )
        return tuple(
            Run(row, of, text(command), started, ended, state) for row, of, command, started, ended, state in rows
        )

    # submissions

    def add_submission(self, submission: Submission, hand_in: HandIn | None = None) -> str:
        """Record what a student handed in, as their current submission; nothing is added if it is that already.

        hand_in: what is known of when it came; without it, what was known before stays.
        returns the submission's digest.
        """
        digest = submission.digest
        contents = (submission.content, *(content for _, content in submission.extras))
        blobs = [] if self._rows.row_if_current(submission, digest) else [packed(content) for content in contents]
        with self._rows.transaction():
            row = self._rows.row_if_current(submission, digest)  # again: somebody else may have written meanwhile
            if row is None:
                blobs = blobs or [packed(content) for content in contents]
                row = self._rows.insert_submission(submission, digest, blobs)
            if hand_in is not None:
                time = hand_in.time and hand_in.time.astimezone(UTC).isoformat(timespec="seconds")
                self._rows.insert_hand_in(row, (time, int(hand_in.marked_late), bound(hand_in.source)))
        return digest

    def has(self, submission: Submission) -> bool:
        """Whether it is on record, as what counts, as what was replaced, or as what was taken back."""
        return bool(
            self._rows.select(
                "SELECT 1 FROM submissions WHERE (assignment, student, digest) = (?, ?, ?) LIMIT 1",
                submission.assignment,
                submission.student,
                submission.digest,
            )
        )

    def submission(self, digest: str, student: str | None = None, assignment: str | None = None) -> Submission:
        """The newest submission with this digest, of that student and assignment if given."""
        rows = self._rows.select(
            "SELECT id FROM submissions WHERE digest = ?1 AND (?2 IS NULL OR student = ?2)"
            " AND (?3 IS NULL OR assignment = ?3) ORDER BY id DESC LIMIT 1",
            digest,
            student,
            assignment,
        )
        if not rows:
            raise UsageError(
                f"{self.path}: no submission {digest[:12]} {f'of {student} ' if student else ''}is recorded"
            )
        return self._rows.load_submission(rows[0][0])

    def forget(self, assignment: str, digests: Mapping[str, str]) -> None:
        """Take back what was handed in: student -> digest. What each handed in before is current again.

        Nothing is erased: the run on record that takes them back holds their rows, and a file may be handed in again.
        """
        sql = f"SELECT id, student, digest FROM submissions WHERE assignment = ? AND id NOT IN ({FORGOTTEN})"
        with self._rows.transaction():
            rows = self._rows.select(sql, assignment)
            taken = [row for row, student, digest in rows if digests.get(text(student)) == digest]
            self.end_run(self.begin_run(assignment, f"{FORGET}{json.dumps(taken)}"), "done")

    def current_submissions(self, assignment: str) -> tuple[Submission, ...]:
        """What each student handed in last, in order of student."""
        return tuple(self._rows.load_submission(row) for row in self._current_rows(assignment))

    def current_digests(self, assignment: str) -> dict[str, str]:
        """Student -> digest of what was handed in last, without reading the files; in order of student."""
        rows = self._rows.select(
            "SELECT student, digest FROM submissions WHERE id IN (SELECT value FROM json_each(?)) ORDER BY student",
            json.dumps(self._current_rows(assignment)),
        )
        return {text(student): digest for student, digest in rows}

    def hand_ins(self, assignment: str) -> dict[str, HandIn]:
        """Student -> what was said of when the current submission came; nobody of whom nothing was said."""
        rows = self._rows.select(
            "SELECT student, time, marked_late, source FROM hand_ins JOIN submissions ON submissions.id = submission"
            " WHERE hand_ins.id IN (SELECT max(id) FROM hand_ins"
            " WHERE submission IN (SELECT value FROM json_each(?)) GROUP BY submission) ORDER BY student",
            json.dumps(self._current_rows(assignment)),
        )
        return {
            text(student): HandIn(time and datetime.fromisoformat(time), bool(late), text(source))
            for student, time, late, source in rows
        }

    # attempts

    def add_attempt(
        self,
        run: int,
        attempt: Attempt,
        transcripts: Mapping[str, bytes | Sequence[bytes]],
        kept: Mapping[str, int] | None = None,
    ) -> int:
        """Record an attempt with its results and its transcripts, all or nothing.

        transcripts: question id -> the bytes; or cut into pieces, of which every second one is kept once if it is equal
        kept: question id -> the earlier attempt whose transcript of it this one has, too
        returns the attempt's id; raises MachineryError if the submission was never added.
        """
        cut = {question: framed(transcript) for question, transcript in transcripts.items()}
        with self._rows.transaction():
            row = self._rows.insert_attempt(run, attempt)
            for question, (parts, places) in cut.items():
                self._rows.insert_transcript(row, question, parts, places)
            for question, earlier in (kept or {}).items():
                self._rows.copy_transcript(earlier, row, question)
        return row

    def known(self, submission: str, tests: Mapping[str, str], image: str, device: str) -> dict[str, KnownQuestion]:
        """The questions that need not be graded again, each with its newest results.

        submission: digest;  tests: question id -> digest of its hidden tests;  image: digest
        Only attempts that were graded count: never a deferred one, never one without results or without evidence.
        """
        rows = self._rows.select(
            "SELECT tests.question, tests.digest, max(attempts.id), seed FROM submissions"
            " JOIN attempts ON submission = submissions.id JOIN tests ON attempt = attempts.id"
            " WHERE submissions.digest = ? AND image = ? AND device = ? AND status = ? AND NOT deferred"
            " AND EXISTS (SELECT 1 FROM results WHERE attempt = attempts.id AND question = tests.question)"
            " AND EXISTS (SELECT 1 FROM transcripts WHERE attempt = attempts.id AND question = tests.question)"
            " GROUP BY tests.question, tests.digest ORDER BY tests.question",
            submission,
            image,
            device,
            Status.GRADED.value,
        )
        newest = {text(q): (row, text(seed)) for q, digest, row, seed in rows if tests.get(text(q)) == text(digest)}
        results = self._rows.load_results([row for row, _ in newest.values()])
        return {
            question: KnownQuestion(
                results=tuple(result for result in results[row] if result.question == question),
                attempt=row,
                seed=seed,
            )
            for question, (row, seed) in newest.items()
        }

    def attempt(self, attempt_id: int) -> StoredAttempt:
        """One attempt by its id."""
        for stored in self._load([attempt_id]):
            return stored
        raise UsageError(f"{self.path}: no attempt {attempt_id} is recorded")

    def current_attempt(self, student: str, assignment: str) -> StoredAttempt | None:
        """The attempt that counts: the newest for the student's current submission that is not deferred.

        If all of them are deferred, the newest of those; None if that submission was not graded yet.
        """
        return next(iter(self._load(self._current_attempt_ids(assignment, student))), None)

    def current_attempts(self, assignment: str) -> dict[str, StoredAttempt]:
        """Student -> the attempt that counts, in order of student."""
        stored = self._load(self._current_attempt_ids(assignment))
        return {each.attempt.student: each for each in sorted(stored, key=lambda each: each.attempt.student)}

    def all_current(self) -> dict[tuple[str, str], Attempt]:
        """(student, assignment) -> the attempt that counts, sorted."""
        attempts = [stored.attempt for stored in self._load(self._current_attempt_ids())]
        return dict(sorted(((each.student, each.assignment), each) for each in attempts))

    def history(self, student: str, assignment: str) -> tuple[StoredAttempt, ...]:
        """All attempts of a student, oldest first: deferred ones and those for earlier submissions too."""
        rows = self._rows.select(
            "SELECT attempts.id FROM attempts JOIN submissions ON submissions.id = submission"
            " WHERE student = ? AND assignment = ?",
            student,
            assignment,
        )
        return self._load(row for (row,) in rows)

    def transcripts(self, attempt_id: int, questions: Collection[str] | None = None) -> dict[str, bytes]:
        """Question id -> transcript, as recorded with the attempt; of these questions, if given."""
        rows = self._rows.select(
            "SELECT question, content FROM transcripts WHERE attempt = ? ORDER BY question", attempt_id
        )
        wanted = [(text(question), blob) for question, blob in rows]
        return {
            name: self._rows.transcript(attempt_id, name, blob)
            for name, blob in wanted
            if questions is None or name in questions
        }

    def smallest_transcript(self, attempt_id: int) -> bytes:
        """The smallest transcript of an attempt, for what all of them hold: how the cells ran. Empty: none is there."""
        rows = self._rows.select(
            "SELECT question, content FROM transcripts JOIN blobs ON blobs.id = content WHERE attempt = ?"
            " ORDER BY length(compressed), question LIMIT 1",
            attempt_id,
        )
        return self._rows.transcript(attempt_id, text(rows[0][0]), rows[0][1]) if rows else b""

    # overrides

    def add_override(
        self,
        student: str,
        assignment: str,
        question: str,
        delta: Decimal,
        reason: str,
        who: str,
        kind: Kind = Kind.ADD,
    ) -> Override:
        """Record a change of points by hand; those of one question that add to its points add up."""
        override = Override(student, assignment, question, delta, reason, who, kind=kind)
        with self._rows.transaction():
            self._rows.insert(
                "overrides",
                student=student,
                assignment=assignment,
                question=question,
                delta=override.recorded,
                reason=reason,
                who=who,
            )
        return override

    def overrides(self, assignment: str | None = None, student: str | None = None) -> tuple[Override, ...]:
        """The overrides in force, in the order they were made, of an assignment and a student if given."""
        return in_force(self.all_overrides(assignment, student))

    def all_overrides(self, assignment: str | None = None, student: str | None = None) -> tuple[Override, ...]:
        """The same with those that were taken back, and what took them back."""
        rows = self._rows.select(
            "SELECT student, assignment, question, delta, reason, who, made, made < (SELECT seen FROM submissions"
            " WHERE (submissions.student, submissions.assignment) = (overrides.student, overrides.assignment)"
            f" AND id NOT IN ({FORGOTTEN}) ORDER BY id DESC LIMIT 1) FROM overrides"
            " WHERE (?1 IS NULL OR assignment = ?1) AND (?2 IS NULL OR student = ?2) ORDER BY id",
            assignment,
            student,
        )
        found = []
        for of, to, question, recorded, reason, who, made, earlier in rows:
            kind, delta = kind_of(text(recorded))
            named = (text(of), text(to), text(question))
            found.append(Override(*named, delta, text(reason), text(who), made, kind, bool(earlier)))
        return tuple(found)

    # what is current

    def _current_rows(self, assignment: str) -> list[int]:
        rows = self._rows.select(
            f"SELECT max(id) FROM submissions WHERE assignment = ? AND id NOT IN ({FORGOTTEN})"
            " GROUP BY student ORDER BY student",
            assignment,
        )
        return [row for (row,) in rows]

    def _current_attempt_ids(self, assignment: str | None = None, student: str | None = None) -> list[int]:
        # A file may be handed in, replaced and handed in again: attempts at any row with the same digest count.
        rows = self._rows.select(
            "SELECT (SELECT attempts.id FROM submissions AS same JOIN attempts ON submission = same.id"
            " WHERE (same.assignment, same.student, same.digest) = (newest.assignment, newest.student, newest.digest)"
            " ORDER BY deferred, attempts.id DESC LIMIT 1) FROM submissions AS newest"
            f" WHERE id IN (SELECT max(id) FROM submissions WHERE id NOT IN ({FORGOTTEN})"
            " AND (?1 IS NULL OR assignment = ?1) AND (?2 IS NULL OR student = ?2) GROUP BY assignment, student)",
            assignment,
            student,
        )
        return [attempt for (attempt,) in rows if attempt is not None]

    def _load(self, ids: Iterable[int]) -> tuple[StoredAttempt, ...]:
        found = self._rows.load_attempts(ids).items()
        return tuple(StoredAttempt(row, run, attempt, filename) for row, (run, filename, attempt) in found)
