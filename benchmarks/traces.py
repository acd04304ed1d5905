"""What grading may leave on the machine: processes, containers, mounts, temporary files.

`note` is called again and again while a pool is up and remembers what is there; `left` says what of it is still there
after the pool is closed. Only what belongs to this process's pools counts, so that others may work on the machine.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from benchmarks import processor


class Traces:
    def __init__(self, docker: bool) -> None:
        self.docker = docker
        self.files_before = _temporary_files()
        self.processes_before = {process: _started(process) for process in processor.descendants(os.getpid())}
        self.processes: dict[int, str] = {}  # process id -> when it started
        self.containers: set[str] = set()

    def note(self) -> None:
        """Remember the processes below this one, its containers, and the processes in them."""
        found = processor.descendants(os.getpid())
        if self.docker:
            found += self._note_containers()
        started = {process: since for process in found if (since := _started(process))}
        self.processes |= dict(started.items() - self.processes_before.items())

    def _note_containers(self) -> list[int]:
        from docker.errors import APIError

        from grader.sandbox.engine import connect

        inside: list[int] = []
        with connect() as client:
            for container in processor.alive(client):
                self.containers.add(container)
                with contextlib.suppress(APIError):  # it ended meanwhile
                    inside += [int(row[1]) for row in client.api.top(container)["Processes"]]
        return inside

    def left(self) -> dict[str, int]:
        """How many of each kind are still there."""
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        ours = [*self.containers, "grader-"]
        return {
            "processes": sum(_started(process) == started for process, started in self.processes.items()),
            "containers": len(self.containers & self._containers_now()),
            "mounts": sum(any(name in line for name in ours) for line in mounts),
            "temporary files": len(_temporary_files() - self.files_before),
        }

    def _containers_now(self) -> set[str]:
        if not self.docker:
            return set()
        from grader.sandbox.engine import connect

        with connect() as client:
            return {found["Id"] for found in client.api.containers(all=True)}

    def seen(self) -> str:
        return f"{len(self.processes)} processes and {len(self.containers)} containers were seen"


def _started(process: int) -> str:
    """When a process started, in ticks since boot; "" if there is none, or a zombie of somebody else's."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]
    return ""


def _temporary_files() -> set[str]:
    """Those whose names say that a pool of this process made them, or a process sandbox, whose folders name nobody."""
    ours = {str(process) for process in [os.getpid(), *processor.descendants(os.getpid())]}
    names = [name for name in os.listdir(tempfile.gettempdir()) if name.startswith("grader-")]
    return {name for name in names if name.startswith("grader-job-") or name.split("-")[1] in ours}
