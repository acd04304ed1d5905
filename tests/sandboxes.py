"""What the conformance suite shares: a sandbox of each kind, a few words to talk to a candidate, a look around."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from grader import wire
from grader.errors import MachineryError
from grader.sandbox import Candidate, Sandbox
from grader.sandbox.docker import DockerSandbox, Grant
from grader.sandbox.process import ProcessSandbox
from grader.schema import Assignment, Limits, Question

IMAGE = "grader:latest"
LIMITS = Limits(load_s=10, call_s=5, total_s=600, memory_mib=256, answer_mib=1, output_kib=8, disk_mib=8, processes=20)
PROBE = Assignment(
    "probe", "Probe", (Question("q1", "One", Decimal(1)),), LIMITS, ("numpy",), hidden_modules=("torch", "scipy")
)
DOCKER = ("docker-userns", "docker-caps", "docker-strict")
JAILED = ("docker-userns", "docker-caps", "process")  # a root, processes and a network of its own for each candidate
CONTAINED = (*DOCKER, "process")  # no reach beyond the submission
ALL = (*DOCKER, "process", "process-bare")
ANSWER_BYTES = (1 << 20) + (1 << 16)


def kinds(*names: str) -> pytest.MarkDecorator:
    marked = [pytest.param(name, marks=[pytest.mark.docker] * (name in DOCKER)) for name in names]
    return pytest.mark.parametrize("kind", marked)


def made(kind: str, assignment: Assignment = PROBE) -> Sandbox:
    """One sandbox of a kind. Skips with the reason where this machine cannot give it."""
    try:
        if kind in DOCKER:
            sandbox: Sandbox = DockerSandbox(assignment, Grant(IMAGE), kind.removeprefix("docker-"))
        else:
            sandbox = ProcessSandbox(assignment, "bare" if kind == "process-bare" else None)
        if kind == "process" and sandbox.isolation == "process-bare":
            sandbox.close()
            pytest.skip("this machine gives no namespaces")
        if kind == "docker-userns":
            sandbox.open().close()
    except MachineryError as error:
        pytest.skip(f"{kind} cannot be had here: {error}")
    return sandbox


class Submission:
    """One candidate, and a few words to talk to it."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self.number = 0

    def ask(self, op: str, deadline_s: float = 10.0, **fields: Any) -> Any:
        self.number += 1
        request = {"id": self.number, "scope": "s", "op": op, "seed": 0, **fields}
        reply = wire.decode(self.candidate.exchange(wire.encode(request), deadline_s, ANSWER_BYTES))
        assert reply["id"] == self.number
        return reply

    def load(self, code: str, deadline_s: float = 10.0, **fields: Any) -> Any:
        """Run one cell; returns what was raised."""
        asked = {
            "cells": [(1, code)],
            "files": [],
            "hidden_modules": ["torch", "scipy"],
            "budget_s": 100.0,
            "device": "cpu",
            "video_memory_mib": 1,
        }
        self.ask(
            "prepare", **{name: {**asked, **fields}[name] for name in ("hidden_modules", "device")}, video_memory_mib=1
        )
        return self.ask("load", deadline_s, **{**asked, **fields})["value"]["raised"]

    def call(self, name: str, *args: Any, deadline_s: float = 10.0) -> Any:
        reply = self.ask("call", deadline_s, target=name, args=list(args), kwargs={})
        assert "fault" not in reply, reply["fault"]
        return reply["value"]


class Slots:
    """A sandbox of each kind, made when it is first asked for."""

    def __init__(self) -> None:
        self.made: dict[str, Sandbox] = {}
        self.seen: dict[str, Any] = {}
        self.open_now: list[Submission] = []

    def __call__(self, kind: str) -> Sandbox:
        if kind not in self.made:
            self.made[kind] = made(kind)
        return self.made[kind]

    def open(self, kind: str) -> Submission:
        """A fresh candidate; while it is at work, what the next one waits for is prepared."""
        self.open_now.append(Submission(self(kind).open()))
        self(kind).prepare()
        return self.open_now[-1]

    def close_candidates(self) -> None:
        for submission in self.open_now:
            submission.candidate.close()
        self.open_now.clear()

    def look(self, kind: str) -> Any:
        """What a candidate of this kind sees of its world; looked at once."""
        if kind not in self.seen:
            submission = self.open(kind)
            assert submission.load(LOOK) == []
            self.seen[kind] = json.loads(submission.call("look"))
        return self.seen[kind]


LOOK = r"""
import ctypes, glob, importlib, json, os, resource, socket, sys

def attempt(act):
    try:
        return str(act())
    except BaseException as error:
        return type(error).__name__

def family(number):
    socket.socket(number, socket.SOCK_DGRAM if number != 16 else socket.SOCK_RAW).close()
    return "made"

def writable():
    found = []
    if os.getuid() == 0:  # no jail: this would be the machine itself
        return found
    for top in sorted(glob.glob("/*")) + ["/", "/dev/shm", "/usr/lib", "/var/tmp", "/proc/sys/kernel", sys.prefix,
                                         os.path.dirname(os.__file__), "/run", "/etc", "/dev/mqueue"]:
        try:
            name = top + "/written"
            open(name, "w").close()
            os.unlink(name)
            found.append(top)
        except OSError:
            pass
    return sorted(set(found))

def look():
    status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
    return json.dumps({
        "status": {key: value.strip() for key, value in status.items()},
        "uid": [os.getuid(), os.geteuid(), *os.getresuid()],
        "environment": dict(os.environ),
        "processes": [int(name) for name in os.listdir("/proc") if name.isdigit()],
        "me": os.getpid(),
        "descriptors": sorted(os.listdir("/proc/self/fd"), key=int)[:4],
        "writable": writable(),
        "sockets": {number: attempt(lambda: family(number)) for number in (2, 10, 16, 17, 40)},
        "connect": attempt(lambda: socket.create_connection(("1.1.1.1", 53), 0.5)),
        "interfaces": attempt(lambda: [name for _, name in socket.if_nameindex()]),
        "limits": {name: resource.getrlimit(getattr(resource, name))[0] for name in dir(resource)
                   if name.startswith("RLIMIT_")},
        "hostname": socket.gethostname(),
        "folder": os.getcwd(),
        "listing": os.listdir("."),
        "threads": len(os.listdir("/proc/self/task")),
        "setuid": attempt(lambda: os.setuid(0)),
        "mounts": [line.split()[4:6] + line.split(" - ")[1].split()[:1] for line in open("/proc/self/mountinfo")],
    })
"""


# ------------------------------------------------------------------------------------------------ what it runs

HEAVY = """
import mmap, os, threading

def hoard():
    kept = []
    while True:
        kept.append(bytearray(8 << 20))

def fork_all():
    count = 0
    try:
        while count < 200:
            if os.fork() == 0:
                os.close(3)
                threading.Event().wait()
            count += 1
    except OSError:
        return count
    return count

def fill(folder):
    size = 0
    try:
        for number in range(64):
            with open(f"{folder}/{number}", "wb") as file:
                size += file.write(bytes(1 << 20))
    except OSError as error:
        return size >> 20
    return size >> 20

def talk():
    for _ in range(30_000):
        print("x" * 99)
    print("the end")

def large():
    return bytes(2 << 20)

def fine():
    return 7
"""

ENDS = """
import ctypes, os, resource, signal, sys, time

def leave(code):
    os._exit(code)

def crash():
    ctypes.string_at(0)

def end_by(number):
    os.kill(os.getpid(), number)
    signal.pthread_kill(__import__("threading").get_ident(), number)
    time.sleep(5)

def hang_up():
    os.close(3)

def babble():
    os.write(3, b"\\xff" * 8)
    time.sleep(5)

def spend(seconds):
    hoard = bytearray(b"x" * (64 << 20))
    started = time.process_time()
    while time.process_time() - started < seconds:
        pass
"""

SHARED = """
import mmap

kept = []

def hoard():
    while True:
        kept.append(mmap.mmap(-1, 32 << 20, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE))
"""

STUBBORN = {
    "loop": "while True: pass",
    "signals ignored": "import signal, time\nfor n in (1, 2, 3, 10, 12, 14, 15): signal.signal(n, signal.SIG_IGN)\n"
    "time.sleep(100)",
    "stopped": "import os, signal, time\nos.kill(os.getpid(), signal.SIGSTOP)\ntime.sleep(100)",
    "fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "stopped forks": "import os, signal\nwhile True:\n    try:\n        if os.fork() == 0: os.kill(os.getpid(), 19)\n"
    "    except OSError: pass",
    "daemon": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(1000)\n"
    "    os._exit(0)\ntime.sleep(100)",
    "threads": "import threading, time\ntry:\n    while True: threading.Thread(target=time.sleep, args=(99,)).start()\n"
    "except RuntimeError: time.sleep(100)",
    "stream closed": "import os, time\nos.close(3)\ntime.sleep(100)",
    "kill(-1)": "import os, time\nassert os.getuid()\ntry: os.kill(-1, 9)\nexcept OSError: pass\ntime.sleep(100)",
    "daemon with stream": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(100)\nos._exit(0)",
}

TRACES = """
import ctypes, fcntl, os, socket, sys
import numpy as np
from multiprocessing import shared_memory

MARK = "left_by_the_one_before"
found = []

def note(what, look):
    try:
        if look():
            found.append(what)
    except OSError:
        pass

def connects():
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect("\\0" + MARK)
    return True

def locked():
    try:
        fcntl.flock(open("/usr/bin/env"), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True

for folder in ("/tmp", "/job", "/dev/shm", "/var/tmp", "/run"):
    note("file in " + folder, lambda: os.path.exists(f"{folder}/{MARK}"))
    note("", lambda: open(f"{folder}/{MARK}", "w").close())
note("shared memory", lambda: shared_memory.SharedMemory(MARK + "m"))
note("", lambda: setattr(np, "kept", shared_memory.SharedMemory(MARK + "m", create=True, size=9)))
note("socket", connects)
listener = socket.socket(socket.AF_UNIX)
note("", lambda: listener.bind("\\0" + MARK) or listener.listen())
note("lock", locked)
note("module", lambda: hasattr(np, MARK) or hasattr(sys, MARK))
setattr(np, MARK, True)
setattr(sys, MARK, True)
np.sum = None
if os.fork() == 0:
    os.close(3)
    os.setsid()
    os.execv("/bin/sleep", [MARK, "1000"])  # one process: a shell forks, and its fork looks like it
pids = [pid for pid in os.listdir("/proc") if pid.isdigit()]
note("process", lambda: sum(MARK.encode() in open(f"/proc/{pid}/cmdline", "rb").read() for pid in pids) > 1)
user = os.getuid()

def trace():
    return [sorted(set(found) - {""}), user]
"""
