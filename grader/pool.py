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
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection, Pipe, wait

from grader.errors import AuthoringError, GraderError, MachineryError
from grader.host import become_host
from grader.paths import Paths
from grader.task import Examined, Task, deferred
from grader.wish import Ready, Wish

ERRORS: dict[str, type[GraderError]] = {"AuthoringError": AuthoringError, "MachineryError": MachineryError}


class Pool:
    """A context manager; `run` hands out tasks and yields what comes back, in the order of completion."""

    def __init__(self, paths: Paths, assignment_id: str, wish: Wish) -> None:
        pipes = [Pipe() for _ in wish.gpus]
        sys.stdout.flush()
        self.host = os.fork()
        if self.host == 0:
            for ours, _ in pipes:
                ours.close()
            become_host(paths, assignment_id, wish, [theirs for _, theirs in pipes])
        for _, theirs in pipes:
            theirs.close()
        self.workers: list[Connection] = [ours for ours, _ in pipes]
        try:
            self.ready = [self._first_word(worker) for worker in self.workers][0]
        except BaseException:
            self.close()
            raise

    def _first_word(self, worker: Connection) -> Ready:
        try:
            word = worker.recv()
        except (EOFError, OSError):
            raise MachineryError("a worker ended before it was ready") from None
        if isinstance(word, Ready):
            return word
        kind, message = word
        raise ERRORS.get(kind, MachineryError)(message)

    def run(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Examined]]:
        """Give every worker a task, and the next one when it is done. A lost worker's task comes back as deferred."""
        busy: dict[Connection, Task] = {}
        idle = list(self.workers)
        while True:
            while idle and (task := next(tasks, None)) is not None:
                worker = idle.pop()
                with contextlib.suppress(OSError):  # a dead worker shows in recv
                    worker.send(task)
                busy[worker] = task
            if not busy:
                return
            answered = wait(list(busy))
            for worker in [worker for worker in busy if worker in answered]:
                task = busy.pop(worker)
                try:
                    yield task, worker.recv()
                    idle.append(worker)
                except (EOFError, OSError):
                    self.workers.remove(worker)
                    yield task, deferred("the worker process ended")
            if not self.workers:
                raise MachineryError("every worker process ended; see grader doctor")

    def close(self) -> None:
        """End the workers; they give their containers back before they go."""
        for worker in self.workers:
            worker.close()
        self.workers = []
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.host, 0)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
