"""A node's own process (`python -m grader.cluster.keeper FD`): it holds an ordinary pool, and tasks come by a pipe.

A process of its own, because a pool forks and a Dask worker has threads. It ends when its pipe does, that is when the
Dask worker closes it or is gone, and takes the archive's folder, its workers and their containers with it.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection

from grader.cluster.packing import Archive, unpack
from grader.errors import GraderError
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import Paths
from grader.sandbox import leftovers


@dataclass(frozen=True)
class Order:
    """What a keeper is to hold a pool of."""

    archive: Archive
    assignment: str
    spec: PoolSpec


def main() -> None:
    link = Connection(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the coordinator, which then closes the pipe
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # so a batch system ends what runs too long
    folder = None
    try:
        order: Order = link.recv()
        leftovers.sweep()
        folder = unpack(order.archive)
        with Pool(Paths(folder), order.assignment, order.spec) as pool:
            link.send(pool.ready)
            _serve(link, pool)
    except GraderError as error:
        with contextlib.suppress(OSError):
            link.send(error)
    except (EOFError, OSError):
        return  # nobody is there any more
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _serve(link: Connection, pool: Pool) -> None:
    """Give tasks to the pool as they come, and send each answer back under the number of its task; until EOFError."""
    numbers: dict[int, int] = {}  # identity of a task that is with the pool -> its number
    waiting: deque[Task] = deque()
    while True:
        while waiting and pool.idle:
            pool.give(waiting.popleft())
        for task, examined in pool.answers(link):
            link.send((numbers.pop(id(task)), examined))
        while link.poll():
            number, task = link.recv()
            numbers[id(task)] = number
            waiting.append(task)


if __name__ == "__main__":
    main()
