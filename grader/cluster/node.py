"""A node: a value in a Dask worker's memory that stays where it was made and examines what is asked of it.

Dask keeps a value as long as somebody holds on to it. So a node ends when the coordinator lets go, when the connection
to the coordinator breaks, or when its Dask worker ends; its keeper notices in each case.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import sys
import threading
import weakref
from concurrent.futures import Future
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from grader.cluster.keeper import Order
from grader.errors import GraderError, MachineryError
from grader.examination.task import Examined, Task, deferred
from grader.execution.spec import Ready
from grader.paths import PACKAGE

LOOK_S = 1.0  # how often a task that is under way is held against what Dask still wants
OPEN: weakref.WeakValueDictionary[str, Node] = weakref.WeakValueDictionary()  # of this process, by key


class Node:
    """Holds a keeper; many threads may ask at a time."""

    def __init__(self, order: Order) -> None:
        ours, theirs = socket.socketpair()
        python_path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
        keeper = subprocess.Popen(
            [sys.executable, "-m", "grader.cluster.keeper", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | {"PYTHONPATH": python_path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C at a terminal is not for it
        )
        theirs.close()
        self.link = Connection(os.dup(ours.fileno()))
        self.close = weakref.finalize(self, _end, ours, keeper)
        self.lock = threading.Lock()
        self.numbers = itertools.count()
        self.asked: dict[int, Future[Examined]] = {}
        try:
            self.link.send(order)
            word = self.link.recv()
        except (EOFError, OSError):
            self.close()
            raise MachineryError("the node's own process ended before it was ready") from None
        if not isinstance(word, Ready):
            self.close()
            raise word
        self.ready = word
        threading.Thread(target=_listen, args=(self.link, self.asked, self.lock), daemon=True).start()

    def ask(self, task: Task) -> Future[Examined]:
        """Send a task to the keeper; the answer comes later, or the MachineryError that the keeper is gone."""
        answer: Future[Examined] = Future()
        with self.lock:
            number = next(self.numbers)
            self.asked[number] = answer
            with contextlib.suppress(OSError):  # whoever listens notices
                self.link.send((number, task))
        return answer

    def __reduce__(self) -> NoReturn:
        raise TypeError("a node stays where it was made")


def _listen(link: Connection, asked: dict[int, Future[Examined]], lock: threading.Lock) -> None:
    """Hand out answers until the keeper is gone. Does not hold on to the node."""
    why = "the node's own process ended"
    with contextlib.suppress(EOFError, OSError):
        while True:
            word: Any = link.recv()
            if isinstance(word, GraderError):
                why = str(word)
                break
            number, examined = word
            with lock:
                answer = asked.pop(number)
            answer.set_result(examined)
    with lock:
        for answer in asked.values():
            answer.set_exception(MachineryError(why))
        asked.clear()
        link.close()


def _end(ours: socket.socket, keeper: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        ours.shutdown(socket.SHUT_RDWR)
    ours.close()
    try:
        keeper.wait(10.0)  # it gives its containers back
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()


# ------------------------------------------------------------------------------------------------ what Dask runs


def open_node(key: str, order: Order, slots: int | None) -> Node:
    """Make this Dask worker a node. slots: None for as many as the worker has threads. Raises GraderError."""
    from distributed import get_worker

    if slots is None:
        order = replace(order, spec=replace(order.spec, gpus=(None,) * get_worker().state.nthreads))
    node = OPEN[key] = Node(order)
    return node


def ready_of(node: Node) -> Ready:
    return node.ready


def examine(node: Node, task: Task) -> Examined:
    """Examine a task; give up when nobody waits for the answer any more. Raises MachineryError: the node is lost."""
    from distributed import get_worker
    from distributed.worker import thread_state

    worker, key = get_worker(), thread_state.key
    answer = node.ask(task)
    while True:
        try:
            return answer.result(timeout=LOOK_S)
        except TimeoutError:
            under_way = worker.state.tasks.get(key)
            if under_way is None or under_way.state != "executing":
                return deferred("nobody waits for it any more")


async def close_nodes(keys: list[str]) -> None:
    """End those of these nodes that are here, at once, whoever is still asking."""
    for node in [OPEN[key] for key in keys if key in OPEN]:
        await asyncio.to_thread(node.close)
