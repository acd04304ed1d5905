"""Who is at what right now: a piece of work that two must not do at once is claimed while it lasts.

A claim is a lock of the kernel on a file beside the record, so it ends with the process that holds it, however that
ends; what the file says is only for the one who comes second. Writing to the record needs no claim.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from grader.errors import MachineryError

POLL_S = 0.05

_held: set[int] = set()  # descriptors of the locks that this process holds


def _let_go_after_fork() -> None:
    """Close a forked worker's copies: else it would keep a killed grader's claim for as long as it lives."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_let_go_after_fork)


@dataclass(frozen=True)
class Holder:
    """Who holds a claim; `since` is local time."""

    command: str
    user: str
    host: str
    pid: int
    since: str


def lock_of(record: Path, work: str = "") -> Path:
    """The file beside a record whose lock stands for some work; for none: for making and upgrading the record."""
    return record.with_name(f"{record.name}{work and f'.{work}'}.lock")


@contextmanager
def claimed(lock: Path, command: str, wait_s: float = 0.0) -> Iterator[None]:
    """Hold a claim. Raises MachineryError that says who holds it and since when.

    command: what whoever comes second is told;  wait_s: how long to wait for whoever is at it
    """
    descriptor = _taken(lock, command, wait_s)
    try:
        yield
    finally:
        if descriptor in _held:  # not in a process that was forked meanwhile
            _held.remove(descriptor)
            os.close(descriptor)


def _taken(lock: Path, command: str, wait_s: float) -> int:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + wait_s
    while not _locked(descriptor):
        if time.monotonic() >= until:
            refusal = _refusal(descriptor)
            os.close(descriptor)
            raise MachineryError(refusal)
        time.sleep(POLL_S)
    _held.add(descriptor)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(_us(command))).encode(), 0)
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _us(command: str) -> Holder:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        user = f"user {os.getuid()}"
    now = datetime.now().astimezone().isoformat(" ", "seconds")
    return Holder(command, user, socket.gethostname(), os.getpid(), now)


def _refusal(descriptor: int) -> str:
    """What whoever comes second is told."""
    said = os.pread(descriptor, 4096, 0)
    try:
        holder = Holder(**json.loads(said))
    except (ValueError, TypeError):  # it is just being written; or an older grader, which wrote its pid alone
        pid = said.decode("ascii", "replace").strip()
        return f"another grader is at it{f' (pid {pid})' if pid.isdigit() else ''}; wait until it is done"
    elsewhere = "" if holder.host == socket.gethostname() else f" on {holder.host}"
    stop = f"or stop it: `kill {holder.pid}`{elsewhere}; what it recorded stays"
    return (
        f"`grader {holder.command}` of {holder.user} is at it since {holder.since}"
        f" (pid {holder.pid}{elsewhere}); wait until it is done, {stop}"
    )
