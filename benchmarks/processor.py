"""What processes have used: processor seconds and memory, with everything they started.

Processor seconds come from the kernel's own books, so they hold on a machine that others use too, where wall seconds do
not; /proc counts them in hundredths, so a figure is taken over several submissions.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path
from typing import Any

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
ENGINE = ("dockerd", "containerd", "containerd-shim")


def _books() -> dict[int, tuple[str, int, float]]:
    """(name, parent, processor seconds with those of children that ended) of every process, by process id."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                name, _, rest = Path(f"/proc/{entry}/stat").read_text().rpartition(")")
                fields = rest.split()
                found[int(entry)] = (name.partition("(")[2], int(fields[1]), sum(map(int, fields[11:15])) / TICKS_PER_S)
    return found


def descendants(ancestor: int) -> list[int]:
    """The processes below `ancestor`, zombies too."""
    books = _books()
    found = [ancestor]
    for process in found:
        found += [child for child, (_, parent, _) in books.items() if parent == process]
    return found[1:]


def tree_s(ancestor: int) -> float:
    """Processor seconds of all below `ancestor`, also of those that ended and were waited for; not its own."""
    books = _books()
    return sum(books[process][2] for process in descendants(ancestor) if process in books)


def engine_s() -> float:
    """Processor seconds of the Docker engine so far, whoever it worked for; what its helpers used is lost with them."""
    return sum(used for name, _, used in _books().values() if name.startswith(ENGINE))


class Containers:
    """Processor seconds of the containers that this process's pools start, the removed ones too.

    Make it before the pools: their workers inherit that a container's account is read just before it is removed.
    """

    def __init__(self, ledger: Path) -> None:
        from grader.sandbox.docker import DockerSandbox

        self.ledger = ledger
        ledger.touch()
        remove = DockerSandbox._remove

        def closing(sandbox: Any, container: Any) -> None:
            with contextlib.suppress(Exception), ledger.open("a") as file:  # noqa: BLE001 - it may be gone already
                file.write(f"{_account_s(sandbox.client.api, container.id)}\n")
            remove(sandbox, container)

        DockerSandbox._remove = closing  # type: ignore[method-assign, assignment]

    def used_s(self) -> float:
        """Of those that ran and of those that run."""
        from grader.sandbox.engine import connect

        removed = sum(map(float, self.ledger.read_text().split()))
        with connect() as client:
            return removed + sum(_account_s(client.api, found) for found in alive(client))


def alive(client: Any) -> list[str]:
    """The ids of the running containers of this process's pools."""
    ours = {str(process) for process in descendants(os.getpid())}
    found = client.api.containers(filters={"label": "grader.owner"})
    return [each["Id"] for each in found if each["Labels"]["grader.owner"].partition(":")[0] in ours]


def _account_s(api: Any, container: str) -> float:
    usage = api.stats(container, stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]
    return usage["total_usage"] / 1e9


class Meter:
    """Processor and wall seconds between `start` and `stop`: this process, all below it, and its containers."""

    def __init__(self, containers: Containers | None = None) -> None:
        self.containers = containers

    def _now(self) -> tuple[float, float, float]:
        used_s = time.process_time() + tree_s(os.getpid())
        if self.containers is not None:
            used_s += self.containers.used_s()
        return used_s, engine_s(), time.monotonic()

    def start(self) -> None:
        self.before = self._now()

    def stop(self) -> dict[str, float]:
        names = ("cpu_s", "engine_s", "wall_s")
        return {name: now - before for name, now, before in zip(names, self._now(), self.before, strict=True)}


def memory_mib(process: int) -> dict[str, float]:
    """Memory of a process in MiB: `rss`, `pss` (its part of what is shared) and `uss` (its own); {} if not readable."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return {}
    kib = {name: int(size) for name, size in re.findall(r"^(\w+): +(\d+) kB$", text, re.MULTILINE)}
    return {
        "rss": kib["Rss"] / 1024,
        "pss": kib["Pss"] / 1024,
        "uss": (kib["Private_Clean"] + kib["Private_Dirty"]) / 1024,
    }
