"""The keeper of one candidate: jails it, ends it on order, reports how it ended and what it used.

The candidate is the first process of its pid namespace, so the kernel ends everything it started before the keeper can
collect it: a report means that nothing is left.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from typing import Any, NoReturn

from grader import wire
from grader.candidate.serve import serve
from grader.zygote import jail

OOM_COUNTERS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")  # cgroup 2, cgroup 1


def keep(order: jail.Order, answer_bytes: int, output_chars: int, data: socket.socket, talk: socket.socket) -> NoReturn:
    """Run one candidate to its end; `data` is the candidate's stream, `talk` the keeper's. Never returns."""
    try:
        counter = _open_oom_counter()
        before = _oom_kills(counter)
        jail.enter(order)
        child = os.fork()
        if child == 0:
            _become_candidate(order, answer_bytes, output_chars, data)
        data.close()
        report = _watch(child, talk)
        report["oom"] = _oom_kills(counter) > before
    except OSError as error:
        report = {"fault": f"the jail cannot be built: {error}"}
    with contextlib.suppress(OSError):
        wire.send_frame(talk, wire.encode(report))
    os._exit(0)


def _watch(child: int, talk: socket.socket) -> dict[str, Any]:
    """Wait until the candidate ends, or end it as soon as the other side says a word or hangs up."""
    handle = os.pidfd_open(child)
    ready, _, _ = select.select([handle, talk.fileno()], [], [])
    killed = handle not in ready
    if killed:
        signal.pidfd_send_signal(handle, signal.SIGKILL)  # type: ignore[attr-defined]
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    cpu_s = usage.ru_utime + usage.ru_stime
    return {"killed": killed, "code": code, "cpu_s": cpu_s, "peak_mib": usage.ru_maxrss / 1024}


def _become_candidate(order: jail.Order, answer_bytes: int, output_chars: int, data: socket.socket) -> NoReturn:
    stream_fd = 3
    try:
        nothing = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.dup2(data.detach(), stream_fd)
        os.closerange(stream_fd + 1, 4096)
        stream = socket.socket(fileno=stream_fd)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        jail.lock(order)
    except OSError as error:
        with contextlib.suppress(OSError):
            wire.send_frame(stream, wire.encode({"fault": f"the jail cannot be closed: {error}"}))
        os._exit(70)
    wire.send_frame(stream, wire.encode({"ready": True, "uid": os.getuid(), "pid": os.getpid()}))
    with contextlib.suppress(OSError):
        serve(stream, answer_bytes, output_chars)
    os._exit(0)


def _open_oom_counter() -> int | None:
    for path in OOM_COUNTERS:
        with contextlib.suppress(OSError):
            return os.open(path, os.O_RDONLY)
    return None


def _oom_kills(counter: int | None) -> int:
    if counter is None:
        return 0
    with contextlib.suppress(OSError):
        for line in os.pread(counter, 4096, 0).decode().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
