"""The local pool: worker processes that examine tasks, each with a sandbox slot of its own.

    this process        gives out tasks, collects what came of them; imports nothing heavy
    └── host            collects the hidden tests once, finds out which isolation the machine gives
        └── worker      one per slot: owns a sandbox, and forks for every task
            └── fork    examines one submission; gets its candidates from the worker

Ends from the outside in: whoever loses the process above it gives its containers back and ends too, so nothing is left
when this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.reduction import recv_handle
from typing import Any

from grader.errors import AuthoringError, GraderError, MachineryError
from grader.examination.task import Examined, Task, deferred
from grader.execution.host import BEGUN, become_host
from grader.execution.spec import PoolSpec, Ready
from grader.paths import Paths
from grader.sandbox.nvml import LOST

ERRORS: dict[str, type[GraderError]] = {"AuthoringError": AuthoringError, "MachineryError": MachineryError}
LOST_GPU = re.compile(rf"GPU \S+ {LOST}: ")  # how a fault begins that is a slot's, not the machine's
REPLACED = 3  # lost workers for every slot; whoever loses more has another problem


class Pool:
    """A context manager; `run` hands out tasks and yields what comes back, in the order of completion.

    `watch` hears which task a slot's worker was given, and of None when it came back; `slots` are their names.
    """

    watch: Callable[[int, Task | None], None] = staticmethod(lambda slot, task: None)

    def __init__(self, paths: Paths, assignment_id: str, spec: PoolSpec) -> None:
        self.control, theirs = Pipe()
        sys.stdout.flush()
        self.host = os.fork()
        if self.host == 0:
            self.control.close()
            become_host(paths, assignment_id, spec, theirs)
        theirs.close()
        self.workers: dict[Connection, int] = {}  # with the number of the slot that each works in
        self.busy: dict[Connection, Task] = {}
        self.unfit: list[Connection] = []  # whose GPU is lost: idle, and given nothing while others work
        self.spare = REPLACED * len(spec.gpus)
        self.slots = [f"worker {slot}" if gpu is None else f"gpu {gpu}" for slot, gpu in enumerate(spec.gpus, 1)]
        try:
            for slot in range(len(spec.gpus)):
                self.workers[self._begin(slot)] = slot
            self.ready = [self._first_word(worker) for worker in self.workers][0]  # they get ready side by side
            self.idle = list(self.workers)
        except BaseException:
            self.close()
            raise

    def _begin(self, slot: int) -> Connection:
        """Have the host begin a worker; it says later whether it is ready."""
        try:
            self.control.send(slot)
            word = self.control.recv()
            if word == BEGUN:
                return Connection(recv_handle(self.control))
        except (EOFError, OSError):
            raise MachineryError("the host of the workers ended") from None
        raise _as_error(word)

    def _first_word(self, worker: Connection) -> Ready:
        try:
            word = worker.recv()
        except (EOFError, OSError):
            raise MachineryError("a worker ended before it was ready") from None
        if isinstance(word, Ready):
            return word
        raise _as_error(word)

    def run(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Examined]]:
        """Give every worker a task, and the next one when it is done. A lost worker's task comes back as deferred."""
        while True:
            while self.idle and (task := next(tasks, None)) is not None:
                self.give(task)
            if not self.busy:
                return
            yield from self.answers()

    def give(self, task: Task) -> None:
        """Give a task to an idle worker."""
        worker = self.idle.pop()
        with contextlib.suppress(OSError):  # a dead worker shows in recv
            worker.send(task)
        self.busy[worker] = task
        self.watch(self.workers[worker], task)

    def answers(self, *beside: Connection) -> Iterator[tuple[Task, Examined]]:
        """Wait until a worker, or one of the connections `beside`, has something to say; yield what workers say."""
        answered = wait([*self.busy, *beside])
        for worker in [worker for worker in self.busy if worker in answered]:
            task = self.busy.pop(worker)
            self.watch(self.workers[worker], None)
            try:
                examined = worker.recv()
                self._rank(worker, examined)
            except (EOFError, OSError):
                self.idle += self._replaced(worker)
                examined = deferred("the worker process ended")
            if len(self.unfit) == len(self.workers):  # there is nobody else
                self.idle, self.unfit = self.idle + self.unfit, []
            yield task, examined
        if not self.workers:
            raise MachineryError("every worker process ended; see grader doctor")

    def _rank(self, worker: Connection, examined: Examined) -> None:
        """Take note that a worker is idle. One whose GPU is lost would fail at the whole class while others work."""
        (self.unfit if LOST_GPU.match(examined.fault) else self.idle).append(worker)

    def _replaced(self, lost: Connection) -> list[Connection]:
        """The worker that takes the place of a lost one; none where too many were lost or no other can begin."""
        slot = self.workers.pop(lost)
        lost.close()
        if not self.spare:
            return []
        self.spare -= 1
        try:
            worker = self._begin(slot)
            self._first_word(worker)
        except GraderError:
            return []
        self.workers[worker] = slot
        return [worker]

    def close(self) -> None:
        """End the workers; they give their containers back before they go."""
        for worker in (*self.workers, self.control):
            worker.close()
        self.workers = {}
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.host, 0)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _as_error(word: Any) -> GraderError:
    """What went wrong below, as it was said: (the error's name, its text)."""
    kind, message = word
    return ERRORS.get(kind, MachineryError)(message)
