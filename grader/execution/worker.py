"""A worker: owns one sandbox slot, forks for every task, and opens the fork's candidates.

The fork examines; the worker outlives it. So whatever an examination does to its own process, the sandbox stays in
order: a candidate that the fork left open is ended here, and a container it may have harmed is replaced.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe, wait
from typing import TYPE_CHECKING, Any, NoReturn

from grader.candidate.charge import AT_MOST, processor_s
from grader.errors import GraderError, MachineryError
from grader.examination import own_limits
from grader.examination.task import Examined, Task, deferred
from grader.execution.spec import Ready
from grader.schema import BROKEN, Outcome

if TYPE_CHECKING:
    import pytest

    from grader.examination.pytest_plugin import Hidden
    from grader.sandbox import Sandbox

MOST_HANDED = 5  # descriptors of a candidate: two streams, and what counts the ends in its memory group
GRACE_S = 60.0 + own_limits.WHOLE_CPU_S  # what an examination may take beside its candidate and the reference
DEADLY = 2  # times that an examination must end in one check, until it is the check's doing and not the machine's
MOST_ENDS = 6  # of the examinations of one submission


class Worker:
    """Owns one sandbox. Examines a task in a fork, and opens candidates for it."""

    def __init__(
        self, items: list[pytest.Item], hidden: Hidden, opener: Callable[[], Sandbox], boss: Connection
    ) -> None:
        self.items = items
        self.hidden = hidden
        self.boss = boss
        self.sandbox = opener()

    def serve(self) -> None:
        from grader.examination.pytest_plugin import scaled

        checks = tuple((check.question, check.name) for check in self.hidden.checks.values())
        try:
            self.boss.send(Ready(self.sandbox.isolation, self.sandbox.environment, checks, tuple(scaled(self.hidden))))
            while True:
                self.boss.send(self.examine(self.boss.recv()))
        except (EOFError, OSError):
            return
        finally:
            self.sandbox.close()

    def examine(self, task: Task) -> Examined:
        """Examine a task; a check that ends the examining process again and again is left out then."""
        ends: Counter[str] = Counter()
        while True:
            deadly = tuple(check for check, times in ends.items() if times >= DEADLY)
            examined = self._examine_in_fork(task, deadly)
            if isinstance(examined, Examined):
                break
            ends[self.check] += 1
            if not self.check or task.odd_s or ends.total() >= MOST_ENDS:
                examined = deferred(examined)
                break
        if not (task.replay or task.first_failure):
            self.hidden.broken |= {
                result.name
                for result in examined.results
                if result.outcome is Outcome.DEFERRED and result.message.startswith(BROKEN)
            }
        return examined

    def _examine_in_fork(self, task: Task, deadly: tuple[str, ...]) -> Examined | str:
        """Fork, serve the fork's requests until it is done, and see that it is; or say how it ended instead."""
        ours, theirs = Pipe()
        here, there = socket.socketpair()
        child = os.fork()
        if child == 0:
            ours.close()
            here.close()
            self.boss.close()
            self._become_fork(task, deadly, theirs, there)
        theirs.close()
        there.close()
        self.open_now = False
        self.check = ""  # that the fork is at
        try:
            return self._attend(ours, here, child)
        finally:
            ours.close()
            here.close()
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            if self.open_now:  # the fork went without closing its candidate
                self.sandbox.settle("unknown")

    def _attend(self, fork: Connection, streams: socket.socket, child: int) -> Examined | str:
        total_s, began = self.hidden.assignment.limits.total_s, time.monotonic()
        while True:
            ours_s = total_s + GRACE_S - processor_s(child)
            left_s = min(ours_s, (AT_MOST + 1) * total_s + GRACE_S - (time.monotonic() - began))
            ready = wait([fork, self.boss], timeout=max(left_s, 0.0))
            if not ready:
                if left_s > 0:
                    continue
                return deferred(f"the examination did not end; {self.check or 'a hidden test'} may hang")
            if self.boss in ready:
                self.boss.recv()  # nothing is due from above but its end: EOFError
            try:
                word, value = fork.recv()
            except (EOFError, OSError):
                return f"the examining process ended by itself{self.check and f' in {self.check}'}"
            if word == "done":
                return value
            if word == "check":
                self.check = value
            elif word == "ended":
                self.open_now = False
                fork.send(self.sandbox.settle(value))
            else:
                self._open_for(streams)

    def _open_for(self, streams: socket.socket) -> None:
        try:
            candidate = self.sandbox.open()
        except MachineryError as error:
            streams.send(b"!" + str(error).encode()[:60000])
            return
        self.open_now = True
        handed = candidate.hand_over()  # type: ignore[attr-defined]
        socket.send_fds(streams, [b"+"], handed)
        for descriptor in handed:
            os.close(descriptor)
        self.sandbox.prepare()

    def _become_fork(self, task: Task, deadly: tuple[str, ...], worker: Connection, streams: socket.socket) -> NoReturn:
        from grader.examination.examiner import examine

        try:
            own_limits.bound_this_process()
            sandbox = _Borrowed(worker, streams, self.sandbox)
            begun = lambda check: worker.send(("check", check))  # noqa: E731
            result = examine(task, self.hidden, self.items, lambda: sandbox, begun, deadly)
            worker.send(("done", result))
        except BaseException as error:  # noqa: BLE001 - whatever it is, also pytest.exit, it is ours: the attempt waits
            with contextlib.suppress(OSError):
                worker.send(("done", deferred(_in_words(error))))
        finally:
            os._exit(0)  # on no account may the fork come back into the worker's own frames


def _in_words(error: BaseException) -> str:
    """What is said of an error: its text, where that was written for a person."""
    return str(error) if isinstance(error, GraderError) else f"{type(error).__name__}: {error}"


class _Borrowed:
    """The worker's sandbox as its fork sees it."""

    def __init__(self, worker: Connection, streams: socket.socket, sandbox: Sandbox) -> None:
        self.worker = worker
        self.streams = streams
        self.isolation = sandbox.isolation
        self.environment = sandbox.environment
        self.share = sandbox.share

    def open(self) -> Any:
        from grader.sandbox.link import LinkedCandidate

        self.worker.send(("open", None))
        word, descriptors, _, _ = socket.recv_fds(self.streams, 65536, MOST_HANDED)
        if word[:1] != b"+" or len(descriptors) < 2:
            raise MachineryError(word[1:].decode("utf-8", "replace") or "the worker gave no candidate")
        data, talk, *counters = descriptors
        streams = socket.socket(fileno=data), socket.socket(fileno=talk)
        return LinkedCandidate(*streams, self.settle, self.share, tuple(counters))

    def settle(self, how: str) -> bool:
        self.worker.send(("ended", how))
        return self.worker.recv() is not False

    def prepare(self) -> None:
        return None

    def close(self) -> None:
        return None
