"""The record's file: its tables, its permissions, its writers, and what is said when it cannot be opened.

Every table is append-only: triggers refuse UPDATE and DELETE, so a mark can be explained from what was recorded then.
A commit is on the disk before it returns (WAL, synchronous=FULL): an attempt that was reported survives a power cut.
Any number of processes write, a transaction at a time: SQLite's own locks, which end with a process, keep them apart.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import MachineryError, UsageError
from grader.record.claims import claimed, lock_of

APPLICATION_ID = 0x47524452  # "GRDR"; tells a grading record from any other SQLite file
BUSY_S = 30.0  # how long to wait for other writers; each holds the file for a transaction

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
    compressed  BLOB NOT NULL           -- zlib; see FOURTH
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

FOURTH = """
CREATE TABLE pieces (               -- large answers that are cut out of transcripts, so that equal ones are kept once
    attempt     INTEGER NOT NULL REFERENCES attempts,
    question    TEXT NOT NULL,
    position    INTEGER NOT NULL,
    place       INTEGER NOT NULL,       -- where in the transcript's content it is put back
    content     INTEGER NOT NULL REFERENCES blobs,
    PRIMARY KEY (attempt, question, position)
) WITHOUT ROWID;
"""  # and blobs.compressed may be what `packing` makes, not zlib alone

FIFTH = """
CREATE TABLE rubric_items (         -- what a person marks a question by; the newest row of an item holds
    id          INTEGER PRIMARY KEY,
    assignment  TEXT NOT NULL,
    question    TEXT NOT NULL,
    item        INTEGER NOT NULL,       -- from 1 in each question, the same for every version of it
    text        TEXT NOT NULL,
    points      TEXT NOT NULL,          -- exact decimal, negative where it takes off
    retired     INTEGER NOT NULL,       -- 1: no longer offered, and counts for nobody
    who         TEXT NOT NULL,
    made        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE INDEX rubric_items_of_question ON rubric_items (assignment, question, item);
CREATE TABLE rubric_bases (         -- where a rubric begins to count; the newest row of a question holds
    id          INTEGER PRIMARY KEY,
    assignment  TEXT NOT NULL,
    question    TEXT NOT NULL,
    from_full   INTEGER NOT NULL,       -- 1: from all points, 0: from none
    who         TEXT NOT NULL,
    made        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE TABLE judgements (           -- what a person gave; a later row about the same answer is in place of an earlier
    id          INTEGER PRIMARY KEY,
    student     TEXT NOT NULL,
    assignment  TEXT NOT NULL,
    question    TEXT NOT NULL,
    submission  TEXT NOT NULL,          -- the beginnings of digests, as manual/*.csv has them
    answer      TEXT NOT NULL,
    reading     TEXT NOT NULL,          -- first, second, settled
    items       TEXT NOT NULL,          -- JSON list of rubric_items.item
    besides     TEXT NOT NULL,          -- exact decimal, added to what the items come to
    comment     TEXT NOT NULL,
    points      TEXT,                   -- what that came to; NULL: taken back, and to be given again
    told        TEXT NOT NULL,          -- what the student reads
    why         TEXT NOT NULL,          -- what changed it, where that was not somebody who read the answer
    who         TEXT NOT NULL,
    made        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE INDEX judgements_of_question ON judgements (assignment, question, student);
CREATE TABLE line_comments (        -- about a line of a file that was handed in
    id          INTEGER PRIMARY KEY,
    student     TEXT NOT NULL,
    assignment  TEXT NOT NULL,
    submission  TEXT NOT NULL,          -- Submission.digest
    question    TEXT NOT NULL,          -- or "all": the file as a whole
    cell        INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    code        TEXT NOT NULL,          -- that line
    text        TEXT NOT NULL,          -- "": the comment that this one is in place of is taken back
    replaces    INTEGER REFERENCES line_comments,
    who         TEXT NOT NULL,
    made        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE INDEX line_comments_of_student ON line_comments (assignment, student);
"""
BY_PEOPLE = "rubric_items rubric_bases judgements line_comments".split()

SIXTH = ""  # no new table: overrides.delta may be "note", whose reason the staff alone reads
OLDEST_READ = 2  # an older file lacks a table


def guard(table: str, verb: str) -> str:
    """SQL of the trigger that refuses UPDATE or DELETE in a table."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;"
    return f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table} {refuse}\n"


def _guards(table: str) -> str:
    return "".join(guard(table, verb) for verb in ("UPDATE", "DELETE"))


# One script per version of the file; a file at version n has had the first n of them.
MIGRATIONS: tuple[str, ...] = (
    FIRST + "".join(map(_guards, TABLES)),
    SECOND + _guards("hand_ins"),
    THIRD,
    FOURTH + _guards("pieces"),
    FIFTH + "".join(map(_guards, BY_PEOPLE)),
    SIXTH,
)
VERSION = len(MIGRATIONS)


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
    if kind.startswith("SQLITE_BUSY"):
        return (
            f"others were writing for all of {BUSY_S:.0f} seconds, so nothing was recorded; run this again. If it stays"
            " so, a grader may be stopped in the middle of writing (Ctrl-Z): let it go on, or end it"
        )
    if kind.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return f"{fault}; free space on the disk and grade again: what was recorded before is kept"
    return str(fault)


def connect(record: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the record; a writer makes and upgrades the file.

    raises MachineryError (damaged, not a record, of another version) or UsageError (nothing there to read).
    """
    with faults_of(record):
        if read_only:
            if not record.is_file():
                raise _nothing_in(record)
            return _prepared(record, read_only)
        with claimed(lock_of(record), "upgrade", BUSY_S):
            _make(record)
            return _prepared(record, read_only)


def _opened(record: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{record.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,  # transactions are written out where they begin and end
        timeout=BUSY_S,
    )


def _make(record: Path) -> None:
    """Make the file whole before it has its name, so that nobody opens half of it."""
    if record.exists() and record.stat().st_size:
        return
    new = record.with_name(f"{record.name}.new")
    for left in (new.name, f"{new.name}-wal", f"{new.name}-shm", f"{record.name}-wal", f"{record.name}-shm"):
        record.with_name(left).unlink(missing_ok=True)  # of one that was killed; SQLite would add its pages to ours
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with contextlib.closing(_opened(new, "rw")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        _migrate(connection, 0)
    os.rename(new, record)
    sync_folder(record.parent)


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    for number in range(version, VERSION):
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number + 1};"
        connection.executescript(f"BEGIN IMMEDIATE; {MIGRATIONS[number]} {marks} COMMIT;")


def make_folder(folder: Path) -> None:
    """Make the record's folder for its owner alone, and make the disk remember it."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the disk remember what a folder holds."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prepared(record: Path, read_only: bool) -> sqlite3.Connection:
    connection = _opened(record, "ro" if read_only else "rw")
    try:
        _prepare(connection, record, read_only)
    except BaseException:
        connection.close()
        raise
    return connection


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
    connection.execute("PRAGMA journal_mode = WAL")  # a restored backup is not; else it says so already
    _migrate(connection, version)
    connection.execute("PRAGMA foreign_keys = ON")


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
