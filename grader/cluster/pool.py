"""ClusterPool: what a local pool is, on many machines. The only one who knows which task is where.

Dask says which workers there are, brings a task to the worker that it is meant for and the answer back, and frees what
nobody holds on to. Which node is given what is decided here, and so is what becomes of a task whose node ended: a task
that takes nodes down must not be carried on to the next one. The first answer to a task is the one.
"""

from __future__ import annotations

import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.cluster.board import Board
from grader.cluster.engines import Machines
from grader.cluster.keeper import Order
from grader.cluster.members import FAULTS, Member, Members
from grader.cluster.packing import pack
from grader.cluster.tries import Try, failed
from grader.errors import MachineryError
from grader.examination.task import Examined, Task
from grader.execution.spec import PoolSpec, Ready
from grader.paths import Paths

if TYPE_CHECKING:
    from distributed import Future

LOOK_S = 1.0  # between two looks at which machines there are
FETCH_S = 20.0  # for an answer to come from its node
LOST_S = 600.0  # for another node to come, once none is left
TELL_S = 5.0  # until somebody is told what is waited for
SETTLE_S = 30.0  # to wait for other nodes, once one is ready


@dataclass(frozen=True)
class Given:
    """A task that is with a node."""

    tried: Try
    member: Member
    slot: int
    future: Future


class ClusterPool:
    """A context manager as Pool is. `machines` are closed with it; `say` hears of nodes that fail or are refused.

    each: slots of every node; None for as many as its worker has threads
    environment: what every node must grade in, where it is known here
    """

    watch: Callable[[int, Task | None], None] = staticmethod(lambda slot, task: None)

    def __init__(
        self,
        machines: Machines,
        paths: Paths,
        assignment_id: str,
        spec: PoolSpec,
        each: int | None,
        say: Callable[[str], None],
        environment: str = "",
    ) -> None:
        self.machines, self.say = machines, say
        self.done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        order = Order(pack(paths, assignment_id), assignment_id, spec)
        self.members = Members(machines.client, order, each, self.done, say, environment=environment)
        self.slots = self.members.slot_names
        self.given: dict[str, Given] = {}  # by the key of its future
        self.again: deque[Try] = deque()
        self.looked = 0.0
        self.board = Board.put_up(paths, assignment_id, machines.dashboard)
        try:
            self.ready = self._begun()
        except BaseException:
            self.close()
            raise

    def _begun(self) -> Ready:
        """Wait for the nodes that there are, at least for one; what they say. Raises MachineryError."""
        began, first = time.monotonic(), 0.0
        told = False
        while True:
            self._next()
            if not told and not self.members.all and time.monotonic() - began > TELL_S:
                told = True
                self.say("waiting for the first node; Ctrl-C gives up")
            if self.members.open:
                first = first or time.monotonic()
                if not self.members.coming or time.monotonic() - first > SETTLE_S:
                    return self.members.settle()
            elif not self.members.coming and time.monotonic() - began > self.machines.patience_s:
                raise self._nobody()

    def run(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Examined]]:
        """Give every slot a task, and the next one when it is done; yield what comes back.

        A task whose node ended is tried again. Raises MachineryError where no node is left.
        """
        last_there = time.monotonic()
        while True:
            self._give_out(tasks)
            yield from self._nobody_else_tries()
            if not self.given and not self.again:
                return
            if self.members.open or self.members.coming:
                last_there = time.monotonic()
            elif time.monotonic() - last_there > min(self.machines.patience_s, LOST_S):
                raise self._nobody()
            yield from self._next()

    def _nobody_else_tries(self) -> Iterator[tuple[Task, Examined]]:
        """Yield what the last node said of tasks that wait for another one, where there is no other."""
        there = {member.name for member in self.members.open}
        if there and not self.members.coming:
            for tried in [tried for tried in self.again if there <= set(tried.failed_on)]:
                self.again.remove(tried)
                self._judge(tried.failed_on, tried, task_is_at_fault=True)
                assert tried.said is not None
                yield tried.task, tried.said

    def _nobody(self) -> MachineryError:
        return MachineryError(f"no node is ready: {self.members.complaints() or 'none has come'}")

    # -------------------------------------------------------------------------------------------- giving out

    def _give_out(self, tasks: Iterator[Task]) -> None:
        """Give what is to be tried again, then what is new.

        Who is to be alone waits for an idle node; a node under suspicion gets nothing new, until another one has tried
        what it failed at.
        """
        for member in self.members.open:
            while member.free and not self._has_one_alone(member):
                tried = self._one_for(member, tasks)
                if tried is None:
                    break
                self._give(tried, member)

    def _has_one_alone(self, member: Member) -> bool:
        return any(given.tried.alone for given in self.given.values() if given.member is member)

    def _one_for(self, member: Member, tasks: Iterator[Task]) -> Try | None:
        for tried in list(self.again):
            if member.name not in tried.failed_on and not (tried.alone and member.busy):
                self.again.remove(tried)
                return tried
        task = next(tasks, None) if member.suspected < FAULTS else None
        return None if task is None else Try(task)

    def _give(self, tried: Try, member: Member) -> None:
        from grader.cluster.node import examine

        slot = member.free.pop(0)
        key = f"examine-{uuid.uuid4().hex}"
        future = self.members.submit(member, examine, member.node, tried.task, key=key)
        self.given[key] = Given(tried, member, slot, future)
        future.add_done_callback(self.done.put)
        self.watch(slot, tried.task)

    # -------------------------------------------------------------------------------------------- coming back

    def _next(self) -> Iterator[tuple[Task, Examined]]:
        """Hear what comes next, or see at least once in LOOK_S seconds who is there; the answers that follow."""
        found: list[tuple[Task, Examined]] = []
        wait_s = self.looked + LOOK_S - time.monotonic()
        try:
            future = self.done.get(timeout=wait_s) if wait_s > 0 else None
        except queue.Empty:
            future = None
        if future is None:
            found += self._look()
        elif not self.members.heard(future) and (given := self.given.get(str(future.key))) is not None:
            found += self._answered(given)
        return iter(found)  # else: nobody waits for it any more, since another answer was the first

    def _look(self) -> Iterator[tuple[Task, Examined]]:
        """See which machines there are; the answers for tasks that are not tried again after their node ended."""
        for member in self.members.look():
            yield from self._node_ended(member)
        self.looked = time.monotonic()
        busy = {given.slot: given.tried.task.submission.student for given in self.given.values()}
        self.board.show(self.members.all.values(), dict(enumerate(self.slots)), busy)

    def _answered(self, given: Given) -> Iterator[tuple[Task, Examined]]:
        member, tried, key = given.member, given.tried, str(given.future.key)
        if given.future.status == "error":
            yield from self._node_ended(member)
            self.members.rest(member, str(given.future.exception()))
            return
        try:
            examined: Examined = given.future.result(timeout=FETCH_S)
        except (TimeoutError, CancelledError, OSError):  # an answer lies with its node until it is fetched
            yield from self._look()
            if key in self.given:  # the node is there all the same
                self.again.append(self._take_back(key).tried)
            return
        self._take_back(key)
        others = any(other.name not in (*tried.failed_on, member.name) for other in self.members.open)
        suspected = list(tried.failed_on)
        answer = tried.answered(member.name, examined, others)
        if answer is None:
            self.again.append(tried)
            member.suspected += 1
            return
        self._judge(suspected, tried, task_is_at_fault=failed(examined))
        yield tried.task, answer

    def _judge(self, suspected: list[str], tried: Try, task_is_at_fault: bool) -> None:
        """Clear the nodes that failed at a task, or hold it against them, for another node did not."""
        for member in [member for member in self.members.open if member.name in suspected]:
            member.suspected -= 1
            member.guilty += not task_is_at_fault
            if member.guilty >= FAULTS:
                for key in [key for key, other in self.given.items() if other.member is member]:
                    self.again.append(self._take_back(key).tried)
                assert tried.said is not None
                self.members.rest(member, tried.said.fault)

    def _node_ended(self, member: Member) -> Iterator[tuple[Task, Examined]]:
        """Try again what was with a node; yield the answers for what is not tried again."""
        for key in [key for key, given in self.given.items() if given.member is member]:
            tried = self._take_back(key).tried
            answer = tried.node_ended(member.name)
            if answer is None:
                self.again.append(tried)
            else:
                yield tried.task, answer

    def _take_back(self, key: str) -> Given:
        """Whatever comes of this from now on is thrown away."""
        given = self.given.pop(key)
        given.member.free.append(given.slot)
        self.watch(given.slot, None)
        given.future.release()
        return given

    def close(self) -> None:
        """End the nodes, which give everything back, and the machines where they were started for this."""
        for key in list(self.given):
            self._take_back(key)
        self.members.close()
        self.machines.close()
        self.board.take_down()

    def __enter__(self) -> ClusterPool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
