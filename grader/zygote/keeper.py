"""The keeper of one candidate: jails it, says what it has used so far, ends it on order, reports how it ended.

The candidate is the first process of its pid namespace, so the kernel ends everything it started before the keeper can
collect it: a report means that nothing is left.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import time
from typing import Any, NoReturn

from grader import wire
from grader.candidate.charge import processor_s, queued_s
from grader.candidate.serve import serve
from grader.zygote import jail, oom

USED = b"?"  # the word for: what has it used so far? Any other word, and the end of the stream: end it
STILL_S = 2.0  # a candidate that is long in dying (in a system call, with much memory to give back) is told of as often
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def keep(order: jail.Order, answer_bytes: int, output_chars: int, data: socket.socket, talk: socket.socket) -> NoReturn:
    """Run one candidate to its end; `data` is the candidate's stream, `talk` the keeper's. Never returns."""
    try:
        counters = oom.counters_of_container()
        before = oom.counts(counters)
        jail.enter(order)
        child = os.fork()
        if child == 0:
            _become_candidate(order, answer_bytes, output_chars, data)
        data.close()
        report = _watch(child, talk, order.jailed)
        if order.level == "users":
            _end_all_of(order.uid)
        ended = oom.counts(counters).since(before)
        report["oom"] = (ended.kills, ended.limits)
    except OSError as error:
        report = {"fault": f"the jail cannot be built: {error}"}
    _say(talk, report)
    os._exit(0)


def _watch(child: int, talk: socket.socket, jailed: bool) -> dict[str, Any]:
    """Wait until the candidate ends, or end it as soon as the other side says so or hangs up."""
    handle = _end_of(child)
    killed = False
    while not killed and handle not in select.select([handle, talk.fileno()], [], [])[0]:
        if _word(talk) == USED:
            first = "1" if jailed else str(child)  # its number where /proc is its own
            _say(talk, {"used": (cpu_s(child, jailed), time.monotonic(), queued_s(first))})
        else:
            os.kill(child, signal.SIGKILL)  # nobody has waited for it yet, so its number is its own
            killed = True
    while not select.select([handle], [], [], STILL_S)[0]:
        _say(talk, {"dying": True})
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    used_s = usage.ru_utime + usage.ru_stime
    return {"killed": killed, "code": code, "cpu_s": used_s, "peak_mib": usage.ru_maxrss / 1024}


def _end_of(child: int) -> int:
    """A descriptor that can be read once a child has ended."""
    with contextlib.suppress(OSError):
        return os.pidfd_open(child)
    reading, writing = os.pipe()  # a kernel that has no such descriptors, as gVisor's

    def watch() -> None:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        os.close(writing)

    threading.Thread(target=watch, daemon=True).start()
    return reading


def _end_all_of(uid: int) -> None:
    """End what a candidate has left behind where no namespace ends with it: every process of its user."""
    killer = os.fork()
    if killer == 0:
        os.setgid(uid)
        os.setuid(uid)
        with contextlib.suppress(OSError):  # there is none
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.waitpid(killer, 0)


def _word(talk: socket.socket) -> bytes:
    try:
        return talk.recv(1)
    except OSError:
        return b""


def _say(talk: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the other side may be gone
        wire.send_frame(talk, wire.encode(message))


def cpu_s(child: int, jailed: bool) -> float:
    """Processor seconds of a candidate so far: of its threads, and in a jail of all it started and has not hidden.

    A child whose end nobody waits for is lost to the count, as it is everywhere in Unix; without a jail, or where the
    container masks /proc, the children that still run are too.
    """
    processes = [name for name in os.listdir("/proc") if name.isdigit()] if jailed else [str(child)]
    return max(processor_s(child), sum(map(_ticks, processes)) * TICK_S)


def _ticks(process: str) -> int:
    """Clock ticks of a process and of those of its children that it has waited for."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0
    return sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime


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
