"""The record's file: its tables, its permissions, its one writer, and what is said when it cannot be opened.

Every table is append-only: triggers refuse UPDATE and DELETE, so a mark can be explained from what was recorded then.
A commit is on the disk before it returns (WAL, synchronous=FULL): an attempt that was reported survives a power cut.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import MachineryError, UsageError

APPLICATION_ID = 0x47524452  # "GRDR"; tells a grading record from any other SQLite file
BUSY_S = 10.0  # how long to wait for a reader that is just checkpointing

FIRST = """
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    assignment  TEXT NOT NULL,
    command     TEXT NOT NULL,
    started     TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE TABLE run_ends (             -- a run without a row here is going on, or was killed
    run         INTEGER PRIMARY KEY REFERENCES runs,
    state       TEXT NOT NULL,
    ended       TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE TABLE blobs (                -- bytes of files and transcripts, each content once
    id          INTEGER PRIMARY KEY,
    digest      BLOB NOT NULL UNIQUE,   -- SHA-256 of the bytes before compression
    compressed  BLOB NOT NULL           -- zlib
);
CREATE TABLE submissions (          -- the newest row of a student and assignment is the current one
    id          INTEGER PRIMARY KEY,
    student     TEXT NOT NULL,
    assignment  TEXT NOT NULL,
    digest      TEXT NOT NULL,          -- Submission.digest
    filename    TEXT NOT NULL,
    content     INTEGER NOT NULL REFERENCES blobs,
    seen        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE INDEX submissions_of_student ON submissions (assignment, student, digest);
CREATE INDEX submissions_by_digest ON submissions (digest);
CREATE TABLE extras (               -- files handed in beside the notebook
    submission  INTEGER NOT NULL REFERENCES submissions,
    position    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    content     INTEGER NOT NULL REFERENCES blobs,
    PRIMARY KEY (submission, position)
) WITHOUT ROWID;
CREATE TABLE attempts (
    id          INTEGER PRIMARY KEY,
    run         INTEGER NOT NULL REFERENCES runs,
    submission  INTEGER NOT NULL REFERENCES submissions,
    status      TEXT NOT NULL,
    deferred    INTEGER NOT NULL,       -- 1: the attempt, or one of its results, is deferred
    image       TEXT NOT NULL,
    device      TEXT NOT NULL,
    seed        TEXT NOT NULL,
    isolation   TEXT NOT NULL,
    notices     TEXT NOT NULL,          -- JSON list
    cpu_s       REAL,
    wall_s      REAL,
    peak_mib    REAL
);
CREATE INDEX attempts_of_submission ON attempts (submission, deferred);
CREATE TABLE tests (                -- which version of a question's hidden tests an attempt was judged by
    attempt     INTEGER NOT NULL REFERENCES attempts,
    position    INTEGER NOT NULL,
    question    TEXT NOT NULL,
    digest      TEXT NOT NULL,
    PRIMARY KEY (attempt, position)
) WITHOUT ROWID;
CREATE TABLE results (
    attempt     INTEGER NOT NULL REFERENCES attempts,
    position    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    question    TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    max_points  TEXT NOT NULL,          -- exact: 1.75, or 10/3 where a decimal has no end
    message     TEXT NOT NULL,
    hint        TEXT NOT NULL,
    wall_s      REAL,
    PRIMARY KEY (attempt, position)
) WITHOUT ROWID;
CREATE TABLE transcripts (
    attempt     INTEGER NOT NULL REFERENCES attempts,
    question    TEXT NOT NULL,
    content     INTEGER NOT NULL REFERENCES blobs,
    PRIMARY KEY (attempt, question)
) WITHOUT ROWID;
CREATE TABLE overrides (
    id          INTEGER PRIMARY KEY,
    student     TEXT NOT NULL,
    assignment  TEXT NOT NULL,
    question    TEXT NOT NULL,
    delta       TEXT NOT NULL,          -- exact decimal, added to the question's points; see THIRD
    reason      TEXT NOT NULL,
    who         TEXT NOT NULL,
    made        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
"""
TABLES = "runs run_ends blobs submissions extras attempts tests results transcripts overrides".split()

SECOND = """
CREATE TABLE hand_ins (             -- what a learning platform said about a submission; the newest row of one counts
    id          INTEGER PRIMARY KEY,
    submission  INTEGER NOT NULL REFERENCES submissions,
    time        TEXT,                   -- UTC; NULL where nothing says when it was handed in
    marked_late INTEGER NOT NULL,       -- 1: the platform itself calls it late
    source      TEXT NOT NULL,          -- the download it was found in
    seen        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE INDEX hand_ins_of_submission ON hand_ins (submission);
"""

THIRD = ""  # no new table: overrides.delta may be "=4" (set), "undo" or "comment", and overrides.question "all"
OLDEST_READ = 2  # an older file lacks a table


def _guards(table: str) -> str:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;"
    return "".join(
        f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table} {refuse}\n" for verb in ("UPDATE", "DELETE")
    )


# One script per version of the file; a file at version n has had the first n of them.
MIGRATIONS: tuple[str, ...] = (FIRST + "".join(map(_guards, TABLES)), SECOND + _guards("hand_ins"), THIRD)
VERSION = len(MIGRATIONS)

_held: set[int] = set()  # descriptors of the writer locks that this process holds


def _let_go_after_fork() -> None:
    """Close a forked worker's copies: else it would keep a killed grader's lock for as long as it lives."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_let_go_after_fork)


def lock(record: Path) -> int:
    """Take the writer's lock of a record; the kernel frees it when the process ends, however it ends.

    returns the lock's descriptor, for `unlock`; raises MachineryError naming the process that holds it.
    """
    descriptor = os.open(f"{record}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise MachineryError(
            f"{record}: another grader is writing (pid {holder}); wait until it is done, or end it"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    _held.add(descriptor)
    return descriptor


def unlock(descriptor: int) -> None:
    """Free a lock that this process took; nothing happens in a process forked from it."""
    if descriptor in _held:
        _held.remove(descriptor)
        os.close(descriptor)


@contextmanager
def faults_of(record: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say about the file into a MachineryError; our own bugs pass unchanged."""
    try:
        yield
    except sqlite3.DatabaseError as fault:
        if isinstance(fault, (sqlite3.IntegrityError, sqlite3.ProgrammingError)):
            raise
        raise MachineryError(f"{record}: {_explained(fault, record)}") from fault
    except OSError as fault:
        raise MachineryError(f"{record}: {fault.strerror or fault}; the record must be on a writable disk") from fault


def _explained(fault: sqlite3.DatabaseError, record: Path) -> str:
    kind = getattr(fault, "sqlite_errorname", "")
    if kind.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return (
            f"the file is damaged ({fault}); restore a backup, or save what is readable with"
            f" `sqlite3 {record.name} .recover | sqlite3 recovered.sqlite`, and put that in its place"
        )
    if kind.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return f"{fault}; free space on the disk and grade again: what was recorded before is kept"
    return str(fault)


def connect(record: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the record; a writer makes and upgrades the file and must hold its lock.

    raises MachineryError (damaged, not a record, of another version) or UsageError (nothing there to read).
    """
    with faults_of(record):
        if not read_only:
            _make(record)
        elif not record.is_file():
            raise _nothing_in(record)
        connection = sqlite3.connect(
            f"{record.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}",
            uri=True,
            isolation_level=None,  # transactions are written out where they begin and end
            timeout=BUSY_S,
        )
        try:
            _prepare(connection, record, read_only)
        except BaseException:
            connection.close()
            raise
        return connection


def _make(record: Path) -> None:
    # Never opened when it is there: closing any descriptor of a file drops SQLite's own locks on it in this process.
    if not record.exists():
        os.close(os.open(record, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def make_folder(folder: Path) -> None:
    """Make the record's folder for its owner alone, and make the disk remember it."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prepare(connection: sqlite3.Connection, record: Path, read_only: bool) -> None:
    version = _version(connection, record)
    if version > VERSION:
        raise MachineryError(
            f"{record}: written by a newer grader; upgrade to one that reads record version {version}"
            f" (this one reads {VERSION})"
        )
    if read_only:
        if version == 0:
            raise _nothing_in(record)
        if version < OLDEST_READ:
            raise MachineryError(
                f"{record}: record version {version} is older than {VERSION}; collecting or grading upgrades it"
            )
        return
    if version < VERSION:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    for number in range(version, VERSION):
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number + 1};"
        connection.executescript(f"BEGIN IMMEDIATE; {MIGRATIONS[number]} {marks} COMMIT;")


def _version(connection: sqlite3.Connection, record: Path) -> int:
    """The file's version, 0 for one without any table; raise MachineryError for somebody else's database."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (tables or version):
        raise MachineryError(f"{record}: an SQLite file, but not a grading record; move it away")
    return int(version)


def _nothing_in(record: Path) -> UsageError:
    return UsageError(f"{record}: nothing is recorded yet; collect and grade an assignment first")
