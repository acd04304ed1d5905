"""A scheduler and workers of Dask as processes of their own, to be killed, frozen and led astray by tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

QUIET = {
    "DASK_LOGGING__DISTRIBUTED": "critical",
    "DASK_DISTRIBUTED__WORKER__DAEMON": "False",
    "OMP_NUM_THREADS": "1",
}


class Machines:
    """`address` is that of the scheduler; `temporary` is where everything of every worker goes."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.temporary = folder / "t"
        self.temporary.mkdir(exist_ok=True)
        self.folder = folder
        self.environment = os.environ | QUIET | settings | {"TMPDIR": str(self.temporary)}
        self.began: list[subprocess.Popen[bytes]] = []
        told = folder / "scheduler"
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        self.scheduler = self._begin("distributed.cli.dask_scheduler", *options, "--scheduler-file", str(told))
        wait_until(told.exists, 30)
        wait_until(lambda: "tcp://" in told.read_text(), 5)
        self.address = next(part for part in told.read_text().split('"') if part.startswith("tcp://"))

    def _begin(self, module: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=self.environment | environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.began.append(process)
        return process

    def worker(self, name: str, *options: str, slots: int = 1, at: str = "", **environment: str) -> subprocess.Popen:
        """Begin a worker without a nanny; it is there when the scheduler knows it."""
        given = ["--name", name, "--nthreads", str(slots), "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
        return self._begin("distributed.cli.dask_worker", at or self.address, *given, *options, **environment)

    def kill(self, process: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
        process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            process.wait(20)

    def close(self) -> None:
        for process in self.began:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


@contextmanager
def machines(folder: Path, **settings: str) -> Iterator[Machines]:
    made = Machines(folder, **settings)
    try:
        yield made
    finally:
        made.close()


def wait_until(holds: Callable[[], object], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(holds())


def keepers() -> dict[int, str]:
    """Process id -> folder for temporary files, of every node's own process on this machine."""
    found = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and b"grader.cluster.keeper" in (entry / "cmdline").read_bytes():
                variables = (entry / "environ").read_bytes().split(b"\0")
                found[int(entry.name)] = next((v[7:].decode() for v in variables if v.startswith(b"TMPDIR=")), "")
    return found


def left_in(folder: Path) -> list[str]:
    """What is left in a folder for temporary files, but for the empty folder that Dask makes."""
    return [entry.name for entry in folder.rglob("*") if "dask-scratch-space" not in entry.parts]
