"""What an operator does with a record: see whether it is whole, copy it while it is in use, make it smaller."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.errors import MachineryError, UsageError
from grader.record import database
from grader.record.packing import unpack
from grader.record.store import Store

EVIDENCE = ("transcripts", "pieces")  # the tables of what was said in attempts


# ---------------------------------------------------------------------------------------------------- check


@dataclass(frozen=True)
class Checked:
    """What a check found; `findings` is empty where all is as it was recorded."""

    findings: tuple[str, ...]
    submissions: int
    attempts: int
    contents: int


def check(path: Path) -> Checked:
    """Read everything that is on record: the file's structure, its guards, and every content by its digest."""
    with Store.open(path, read_only=True) as store:
        findings = [*_structure(store), *_guards_missing(store), *_contents(store)]
        if not findings:  # else a content may be what raises here
            findings += _submissions(store)
        counts = [
            store._rows.select(f"SELECT count(*) FROM {table}")[0][0] for table in ("submissions", "attempts", "blobs")
        ]
        return Checked(tuple(findings), *counts)


def _structure(store: Store) -> Iterator[str]:
    for (line,) in store._rows.select("PRAGMA integrity_check(20)"):
        if line != "ok":
            yield f"the file: {line}"
    for table, row, parent, _ in store._rows.select("PRAGMA foreign_key_check"):
        yield f"{table}, row {row}: what it names in {parent} is not there"


def _guards_missing(store: Store) -> Iterator[str]:
    there = {name for (name,) in store._rows.select("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    for (table,) in store._rows.select("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
        for verb in ("UPDATE", "DELETE"):
            if f"{table}_refuses_{verb}" not in there:
                yield f"{table}: rows may have been changed, for what refuses {verb} is gone"


def _contents(store: Store) -> Iterator[str]:
    for (row,) in store._rows.select("SELECT id FROM blobs ORDER BY id"):
        ((digest, packed),) = store._rows.select("SELECT digest, compressed FROM blobs WHERE id = ?", row)
        try:
            whole = hashlib.sha256(unpack(packed)).digest() == digest
        except ValueError:
            whole = False
        if not whole:
            yield f"content {row} is not what was recorded: {'; '.join(_users(store, row)) or 'nothing uses it'}"


def _users(store: Store, content: int) -> Iterator[str]:
    """Whose a content is."""
    of = "FROM submissions LEFT JOIN extras ON extras.submission = submissions.id"
    for student, assignment in store._rows.select(
        f"SELECT DISTINCT student, assignment {of} WHERE ?1 IN (submissions.content, extras.content)", content
    ):
        yield f"handed in by {student} for {assignment}"
    for table in EVIDENCE if store._rows.has_pieces else EVIDENCE[:1]:
        for student, assignment, question, attempt in store._rows.select(
            f"SELECT student, assignment, question, attempts.id FROM {table} JOIN attempts ON attempts.id = attempt"
            f" JOIN submissions ON submissions.id = submission WHERE {table}.content = ?",
            content,
        ):
            yield f"{student}'s {question} of {assignment} (attempt {attempt})"


def _submissions(store: Store) -> Iterator[str]:
    for row, digest in store._rows.select("SELECT id, digest FROM submissions ORDER BY id"):
        submission = store._rows.load_submission(row)
        if submission.digest != digest:
            yield f"{submission.student}'s {submission.assignment} is not what was handed in (submission {row})"


# ---------------------------------------------------------------------------------------------------- backup


def backup(path: Path, folder: Path, others: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """Copy a record as it is at one moment into a new folder, and other files with it; returns what was written.

    Whoever writes goes on meanwhile. raises UsageError where the folder is there, MachineryError where the copy fails
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already; name a folder that is not, a new one for every backup")
    draft = folder.with_name(f".{folder.name}.new")
    with Store.open(path, read_only=True) as store, database.faults_of(draft):
        draft.mkdir(mode=0o700, parents=True)
        try:
            copy = draft / path.name
            os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as target:
                store._rows.copy_to(target)
                target.execute("PRAGMA journal_mode = DELETE")  # one file; the first who writes makes it WAL again
                ((said,),) = target.execute("PRAGMA quick_check(1)")
            if said != "ok":
                raise MachineryError(f"{path}: the copy is not whole ({said}); see `grader record check`")
            for other in others:
                (draft / other.name).write_bytes(other.read_bytes())
                (draft / other.name).chmod(0o600)
            for file in draft.iterdir():
                _sync(file)
            os.rename(draft, folder)
            database.sync_folder(folder.absolute().parent)
        except BaseException:
            for file in draft.glob("*"):
                file.unlink()
            with contextlib.suppress(OSError):
                draft.rmdir()
            raise
    return tuple(sorted(folder.iterdir()))


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------------------------------------------- prune


@dataclass(frozen=True)
class Pruning:
    """What goes, or went: the evidence of `attempts`, in `size` bytes of the file; that of `counting` stays."""

    attempts: int
    counting: int
    size: int


def prune(path: Path, *, for_good: bool) -> Pruning:
    """Remove what was said in attempts that do not count any more; or find out how much that is.

    Every submission, attempt, result, mark and change stays. Nobody may be grading: see that first.
    """
    with Store.open(path, read_only=not for_good) as store:
        if not for_good:
            return _found(store)
        store._rows.select("PRAGMA foreign_keys = OFF")  # looked at once, at the end: row by row it takes long
        with store.at_once():
            found = _found(store)
            _remove(store)
            if store._rows.select("PRAGMA foreign_key_check"):
                raise MachineryError(f"{path}: something is missing; see `grader record check`. Nothing was removed")
            store.end_run(store.begin_run("", f"record prune: what was said in {found.attempts} attempts"), "done")
        with database.faults_of(path):
            store._rows.select("VACUUM")
            store._rows.select("PRAGMA wal_checkpoint(TRUNCATE)")
        return found


def _found(store: Store) -> Pruning:
    counting = _counting(store)
    ((attempts,),) = store._rows.select(
        f"SELECT count(DISTINCT attempt) FROM transcripts WHERE attempt NOT IN {_LISTED}", counting
    )
    ((size,),) = store._rows.select(
        f"SELECT coalesce(sum(length(compressed)), 0) FROM blobs WHERE id NOT IN ({_used(store)})", counting
    )
    return Pruning(attempts, len(json.loads(counting)), size)


_LISTED = "(SELECT value FROM json_each(?1))"


def _counting(store: Store) -> str:
    """The attempts that count, as a JSON list."""
    return json.dumps(store._current_attempt_ids())


def _used(store: Store) -> str:
    """SQL of the contents that stay."""
    evidence = EVIDENCE if store._rows.has_pieces else EVIDENCE[:1]
    kept = [f"SELECT content FROM {table} WHERE attempt IN {_LISTED}" for table in evidence]
    return " UNION ".join(["SELECT content FROM submissions", "SELECT content FROM extras", *kept])


def _remove(store: Store) -> None:
    """Delete, in one transaction with putting the guards back that refuse it."""
    counting = _counting(store)
    for table in (*EVIDENCE, "blobs"):
        store._rows.select(f"DROP TRIGGER {table}_refuses_DELETE")
    for table in EVIDENCE:
        store._rows.select(f"DELETE FROM {table} WHERE attempt NOT IN {_LISTED}", counting)
    store._rows.select(f"DELETE FROM blobs WHERE id NOT IN ({_used(store)})", counting)
    for table in (*EVIDENCE, "blobs"):
        store._rows.select(database.guard(table, "DELETE"))
