"""The sandbox without Docker: the same zygote and the same jail, directly on this machine.

Covered where the kernel allows namespaces (as root, or where unprivileged user namespaces are on): files, processes,
network, and all limits per process. Not covered: there is no limit on the memory of all processes together and none on
the processor. Where there are no namespaces, root gives every candidate a user of its own (`process-users`, as in a
container of Gradescope): it reads what everybody may read, so hidden tests must be root's alone; it has no network.
Else (`process-bare`) student code can read what this user can read, the hidden tests too; use it for your own
notebooks only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from grader import schema
from grader.errors import MachineryError
from grader.paths import PACKAGE
from grader.sandbox import OURS
from grader.sandbox.link import Link, LinkedCandidate
from grader.sandbox.nvml import visible_as
from grader.sandbox.video_memory import Share

THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}


class ProcessSandbox:
    """One zygote as a child of this process. `level`: "userns", "caps", "users", "bare", or None for the best.

    `gpu`: the one that CUDA is to see, as `--gpus` names it.
    """

    def __init__(self, assignment: schema.Assignment, level: str | None = None, gpu: str | None = None) -> None:
        self.assignment = assignment
        self.gpu = gpu
        self.visible = {"CUDA_VISIBLE_DEVICES": visible_as(gpu)} if gpu is not None else {}
        self.child: subprocess.Popen[bytes] | None = None
        self.link: Link | None = None
        self.memory = ""  # what bounds the memory of all processes of a candidate together
        self.workdir = Path(tempfile.mkdtemp(prefix=f"grader-{os.getpid()}-"))
        best = ["caps", "users", "bare"] if os.geteuid() == 0 else ["userns", "bare"]
        levels = [level] if level else best
        self.level = self._start_best(levels)
        self.isolation = f"process-{self.level}"
        self.environment = self._environment()

    def _start_best(self, levels: list[str]) -> str:
        for level in levels[:-1]:
            try:
                self._start(level)
                return level
            except MachineryError:
                self._stop()
        self._start(levels[-1])
        return levels[-1]

    def _start(self, level: str) -> None:
        here, there = socket.socketpair()
        command = [sys.executable, "-m", "grader.zygote", "--fd", str(there.fileno()), "--level", level]
        self.child = subprocess.Popen(
            [*command, "--preload", ",".join(self.assignment.preload)],
            pass_fds=[there.fileno()],
            env={**THREADS, **self.visible, "PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(PACKAGE.parent)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        there.close()
        try:
            self.link = Link(here)
        except MachineryError:
            here.close()
            raise

    def _environment(self) -> str:
        assert self.link is not None
        versions = sorted(self.link.about["versions"].items())
        return schema.digest_of(f"{name}={version}".encode() for name, version in versions)

    @property
    def share(self) -> Share | None:
        """What its candidates may use of the GPU."""
        return Share(self.gpu, self.assignment.limits.video_memory_mib) if self.gpu is not None else None

    def open(self) -> LinkedCandidate:
        if self.link is None:
            self._start(self.level)
        assert self.link is not None
        shares_files = self.level in ("users", "bare")  # with this machine: it has no root of its own
        if shares_files:
            for path in self.workdir.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        workdir = str(self.workdir) if shares_files else "/job"
        limits = self.assignment.limits
        processes = limits.processes + threads_of_this_user() if self.level == "bare" else None
        try:
            hidden = self.assignment.hidden_modules
            candidate = self.link.open(limits, hidden, self.settle, workdir, processes, self.share)
        except MachineryError:
            self._stop()
            raise
        self.memory = self.link.memory
        return candidate

    def settle(self, how: str) -> bool:
        if how not in OURS or self.link is None:
            return True
        own_doing = self.link.own_doing(how, jailed=self.level != "bare")
        self._stop()  # a fresh zygote for the next one
        return own_doing

    def prepare(self) -> None:
        return None

    def _stop(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait()
        if self.link is not None:
            self.link.close()
        self.link = self.child = None

    def close(self) -> None:
        self._stop()
        shutil.rmtree(self.workdir, ignore_errors=True)


def threads_of_this_user() -> int:
    """What the kernel holds against a limit on processes where there is no namespace to count in."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone meanwhile
            if process.stat().st_uid == os.getuid():
                count += len(list((process / "task").iterdir()))
    return count
