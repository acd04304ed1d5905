"""The portal's own database, beside the record: who may sign in, what was handed in, what staff decided.

What somebody did is appended and never edited; only invitations and sessions end. A commit is on the disk before it
returns (WAL, synchronous=FULL). Grading's record stays what it is: the portal adds to it through `record.store`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.errors import MachineryError
from grader.portal.marking import tables as marking
from grader.record.database import make_folder

APPLICATION_ID = 0x47525050  # "GRPP"
BUSY_S = 10.0

TABLES = """
CREATE TABLE invitations (digest TEXT PRIMARY KEY, kind TEXT NOT NULL, person TEXT NOT NULL, made TEXT NOT NULL,
    expires TEXT NOT NULL, mailed INTEGER NOT NULL, used TEXT);
CREATE TABLE sessions (digest TEXT PRIMARY KEY, family TEXT NOT NULL, kind TEXT NOT NULL, person TEXT NOT NULL,
    form_key TEXT NOT NULL, made TEXT NOT NULL, expires TEXT NOT NULL);
CREATE TABLE tokens (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, person TEXT NOT NULL,
    scopes TEXT NOT NULL, name TEXT NOT NULL, made TEXT NOT NULL, expires TEXT NOT NULL);
CREATE TABLE token_ends (token INTEGER PRIMARY KEY REFERENCES tokens, made TEXT NOT NULL);
CREATE TABLE drafts (id TEXT PRIMARY KEY, student TEXT NOT NULL, assignment TEXT NOT NULL, filename TEXT NOT NULL,
    sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL, received TEXT NOT NULL, words TEXT NOT NULL);
CREATE TABLE hand_ins (number INTEGER PRIMARY KEY AUTOINCREMENT, draft TEXT NOT NULL UNIQUE, student TEXT NOT NULL,
    assignment TEXT NOT NULL, filename TEXT NOT NULL, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    received TEXT NOT NULL, acknowledged TEXT NOT NULL);
CREATE INDEX hand_ins_of_student ON hand_ins (student, assignment);
CREATE TABLE recorded (hand_in INTEGER PRIMARY KEY REFERENCES hand_ins, digest TEXT NOT NULL, why TEXT NOT NULL,
    made TEXT NOT NULL);
CREATE TABLE gradings (id INTEGER PRIMARY KEY, hand_in INTEGER NOT NULL REFERENCES hand_ins, made TEXT NOT NULL);
CREATE TABLE publications (id INTEGER PRIMARY KEY, assignment TEXT NOT NULL, published INTEGER NOT NULL,
    reason TEXT NOT NULL, who TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE readings (student TEXT NOT NULL, assignment TEXT NOT NULL, made TEXT NOT NULL,
    PRIMARY KEY (student, assignment));
CREATE TABLE requests (id INTEGER PRIMARY KEY, student TEXT NOT NULL, assignment TEXT NOT NULL, question TEXT NOT NULL,
    about TEXT NOT NULL, text TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE answers (request INTEGER PRIMARY KEY REFERENCES requests, text TEXT NOT NULL, granted TEXT NOT NULL,
    who TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE log (id INTEGER PRIMARY KEY, who TEXT NOT NULL, what TEXT NOT NULL, about TEXT NOT NULL,
    made TEXT NOT NULL);
"""
APPEND_ONLY = ("tokens token_ends drafts hand_ins recorded gradings publications readings requests answers log").split()
COMPETITIONS = """
CREATE TABLE entries (number INTEGER PRIMARY KEY AUTOINCREMENT, competition TEXT NOT NULL, student TEXT NOT NULL,
    filename TEXT NOT NULL, note TEXT NOT NULL, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    received TEXT NOT NULL, who TEXT NOT NULL);
CREATE INDEX entries_of_student ON entries (competition, student);
CREATE TABLE entry_scores (entry INTEGER NOT NULL REFERENCES entries, part TEXT NOT NULL, key TEXT NOT NULL,
    score REAL NOT NULL, made TEXT NOT NULL, PRIMARY KEY (entry, part, key));
CREATE TABLE final_entries (id INTEGER PRIMARY KEY, competition TEXT NOT NULL, student TEXT NOT NULL,
    chosen TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE board_names (id INTEGER PRIMARY KEY, competition TEXT NOT NULL, student TEXT NOT NULL, name TEXT NOT NULL,
    who TEXT NOT NULL, made TEXT NOT NULL);
"""

PUBLIC_CHECKS = """
CREATE TABLE public_checks (hand_in INTEGER PRIMARY KEY REFERENCES hand_ins, found TEXT NOT NULL, made TEXT NOT NULL);
"""


def _guarded(tables: str, append_only: Sequence[str]) -> str:
    """Tables, and triggers that refuse to change or delete rows of those that are append-only."""
    return tables + "".join(
        f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;\n"
        for table in append_only
        for verb in ("UPDATE", "DELETE")
    )


MIGRATIONS = (  # a file at version n has had the first n of them
    _guarded(TABLES, APPEND_ONLY),
    _guarded(marking.TABLES, marking.APPEND_ONLY),
    _guarded(COMPETITIONS, ("entries", "entry_scores", "final_entries", "board_names")),
    _guarded(PUBLIC_CHECKS, ("public_checks",)),
)


def now() -> datetime:
    """The server's time, in UTC; every time that is kept is this one."""
    return datetime.now(UTC)


def written(time: datetime) -> str:
    """A time as the database keeps it: texts of one form, which sort as the times do."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def read(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Database:
    """The file, for any number of threads and processes: each has a connection of its own."""

    def __init__(self, path: Path) -> None:
        make_folder(path.parent.parent)
        make_folder(path.parent)
        self.path = path
        self._local = threading.local()
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._prepare()

    def _prepare(self) -> None:
        connection = self._connection()
        if self.select("PRAGMA user_version")[0][0] == 0:
            connection.execute("PRAGMA journal_mode = WAL")
        with self.transaction():
            (version,) = self.select("PRAGMA user_version")[0]
            (application,) = self.select("PRAGMA application_id")[0]
            if version > len(MIGRATIONS) or (version and application != APPLICATION_ID):
                raise MachineryError(f"{self.path}: not a portal's database, or of a newer grader; upgrade it")
            for number in range(version, len(MIGRATIONS)):
                for statement in _statements(MIGRATIONS[number]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {number + 1}")

    def _connection(self) -> sqlite3.Connection:
        there: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if there is None:
            there = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
            there.execute("PRAGMA synchronous = FULL")
            there.execute("PRAGMA foreign_keys = ON")
            self._local.connection = there
        return there

    def close(self) -> None:
        """Close this thread's connection."""
        self._connection().close()
        self._local = threading.local()

    def select(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._connection().execute(sql, values).fetchall()
        except sqlite3.OperationalError as fault:
            raise MachineryError(f"{self.path}: {fault}") from fault

    def insert(self, table: str, **values: object) -> int:
        """Append one row; it is on the disk when this returns, or when the transaction around it ends."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        return self.change(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values()).lastrowid or 0

    def change(self, sql: str, *values: object) -> sqlite3.Cursor:
        try:
            return self._connection().execute(sql, values)
        except sqlite3.OperationalError as fault:
            raise MachineryError(f"{self.path}: {fault}") from fault

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is kept when it ends, and nothing of it if it raises."""
        self.change("BEGIN IMMEDIATE")
        try:
            yield
            self.change("COMMIT")
        except BaseException:
            if self._connection().in_transaction:
                self._connection().execute("ROLLBACK")
            raise

    def note(self, who: str, what: str, about: str) -> None:
        """Put what somebody of the staff did into the log."""
        self.insert("log", who=who, what=what, about=about, made=written(now()))


def _statements(script: str) -> Iterator[str]:
    part = ""
    for piece in script.split(";"):
        part += piece + ";"
        if sqlite3.complete_statement(part):
            if part.strip(" \n;"):
                yield part
            part = ""
