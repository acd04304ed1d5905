"""Whom the kernel has ended for want of memory: because a group's limit was reached, or the machine had none left.

Version 2 counts both (`memory.events`): `oom_kill` is every process of the group that was ended, `oom` how often its
own limit left no other way. Version 1 counts the first (`memory.oom_control`); a limit was reached where the most that
the group had is that limit. See the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

OF_GROUP: dict[int, list[tuple[str, ...]]] = {  # by the version of the tree; of several sets the first that is there
    1: [
        ("memory.oom_control", f"memory.{kind}max_usage_in_bytes", f"memory.{kind}limit_in_bytes")
        for kind in ("memsw.", "")  # with swap, where that is counted
    ],
    2: [("memory.events",)],
}
FULL = 0.97  # of a limit: pages are charged in batches, so the kernel gives up a little below it
OF_CONTAINER = {1: "/sys/fs/cgroup/memory", 2: "/sys/fs/cgroup"}  # where a container sees its own group
OF_MACHINE = "/proc/vmstat"
MOST_BYTES = 1 << 16


@dataclass(frozen=True)
class Counts:
    """kills: processes that the kernel has ended for want of memory; limits: times that a limit was reached, or 1."""

    kills: int = 0
    limits: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.kills + other.kills, self.limits + other.limits)

    def since(self, before: Counts) -> Counts:
        """What came after: nothing where the files cannot be read any more."""
        return Counts(max(self.kills - before.kills, 0), max(self.limits - before.limits, 0))


def counters(folder: str | os.PathLike[str], version: int) -> tuple[int, ...]:
    """Descriptors of the files that count in the group of this folder. Raises OSError."""
    sets = [[os.path.join(folder, name) for name in names] for names in OF_GROUP[version]]
    chosen = next((files for files in sets if all(map(os.path.exists, files))), sets[-1])
    opened: list[int] = []
    try:
        for file in chosen:
            opened.append(os.open(file, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        close(opened)
        raise
    return tuple(opened)


def counters_of_container() -> tuple[int, ...]:
    """The same of the container that this process is in; none where it cannot see them."""
    for version in (2, 1):
        with contextlib.suppress(OSError):
            return counters(OF_CONTAINER[version], version)
    return ()


def forget_most(folder: str | os.PathLike[str]) -> None:
    """From now on the most that a group of version 1 had is of what it has now. Raises OSError."""
    for names in OF_GROUP[1]:
        file = os.path.join(folder, names[1])
        if os.path.exists(file):
            with open(file, "w") as stream:
                stream.write("0")


def counts(descriptors: Iterable[int]) -> Counts:
    """What the files of a group say now; nothing where they cannot be read any more."""
    try:
        first, *sizes = [os.pread(descriptor, MOST_BYTES, 0).decode() for descriptor in descriptors]
    except (OSError, ValueError):
        return Counts()
    whole = _read(first)
    if sizes:
        most, limit = map(int, sizes)
        whole += Counts(limits=int(most >= FULL * limit))
    return whole


def kills_of_machine() -> int:
    """How many processes of the whole machine its kernel has ended for want of memory, in groups or not."""
    with contextlib.suppress(OSError), open(OF_MACHINE, encoding="utf-8") as file:
        return _read(file.read()).kills
    return 0


def close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _read(text: str) -> Counts:
    said = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return Counts(int(said.get("oom_kill", 0)), int(said.get("oom", 0)))
