"""The machines of a cluster: asked who they are, opened as nodes, set aside when they fail, and missed when they go."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from grader.cluster import greeting
from grader.cluster.greeting import ask_who
from grader.cluster.keeper import Order
from grader.errors import AuthoringError, GraderError, MachineryError
from grader.execution.spec import Ready

if TYPE_CHECKING:
    from distributed import Client, Future

FAULTS = 2  # that others did not have, until a node is set aside
REST_S = 20.0  # until it is tried again
OPENINGS = 4  # of one node; whoever fails more often has another problem
MOST_NAMED = 8  # nodes in a line
GONE = "the cluster's scheduler is gone; the same command goes on from here"
CLOSE_S = 15.0  # for nodes to give everything back


class State(Enum):
    """How far a machine is. Only an open one is given tasks."""

    ASKED = "asked who it is"
    OPENING = "getting ready"
    OPEN = "ready"
    RESTING = "set aside"
    REFUSED = "refused"


@dataclass
class Member:
    """One Dask worker. `slots`: numbers of its slots, over the whole cluster; `free`: of those with nothing to do."""

    address: str
    name: str
    state: State = State.ASKED
    about: dict[str, Any] = field(default_factory=dict)
    key: str = ""  # under which its worker knows the node
    node: Future | None = None
    ready: Ready | None = None
    slots: tuple[int, ...] = ()
    free: list[int] = field(default_factory=list)
    suspected: int = 0  # failures of it that another node is to try
    guilty: int = 0  # of those at which the other node did not fail
    openings: int = 0
    until: float = 0.0  # when it has rested
    asked: float = field(default_factory=time.time)
    says: str = ""  # why it is refused or set aside

    @property
    def busy(self) -> bool:
        return len(self.free) < len(self.slots)


def counted(count: int, what: str) -> str:
    """As in: 1 node, 2 nodes."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def _gpus_of(member: Member) -> str:
    gpus = member.about.get("gpus")
    return f" ({'; '.join(gpus)})" if gpus else ""


@dataclass
class Members:
    """All machines, by address. What comes back from them comes as a finished Future in `done`."""

    client: Client
    order: Order
    each: int | None  # slots of a node; None: as many as it has processors to give
    done: SimpleQueue[Future]
    say: Callable[[str], None]
    all: dict[str, Member] = field(default_factory=dict)
    ready: Ready | None = None  # what every node must say
    environment: str = ""  # that every node must have, where it is known beforehand
    slot_names: list[str] = field(default_factory=list)
    hosts: Counter[str] = field(default_factory=Counter)  # nodes that each had so far
    waited: dict[str, Callable[[Future], None]] = field(default_factory=dict)  # key of a future -> who hears of it

    # -------------------------------------------------------------------------------------------- coming and going

    def look(self) -> list[Member]:
        """Ask new machines who they are, open again what has rested; return those that are gone. Raises MachineryError.

        Whoever is gone is forgotten: a worker that begins again has another address.
        """
        try:
            there = self.client.nthreads()  # asks; `scheduler_info` may answer from what is known without any worker
        except (OSError, TimeoutError, RuntimeError):
            raise MachineryError(GONE) from None
        gone = [self.all.pop(address) for address in list(self.all) if address not in there]
        for member in gone:
            for slot in member.slots:
                self.slot_names[slot] = f"{member.name} (gone)"
            if member.state is not State.REFUSED:
                self.say(f"{member.name} is gone")
        for address in there:
            if address not in self.all:
                self._ask(address)
        for member in self.all.values():
            if member.state is State.RESTING and member.openings < OPENINGS and time.monotonic() >= member.until:
                self._open(member)
        return gone

    def heard(self, future: Future) -> bool:
        """Take note if this is what a machine was asked; False if it is something else. Raises AuthoringError."""
        hear = self.waited.pop(str(future.key), None)
        if hear is not None and not future.cancelled():
            hear(future)
        return hear is not None

    @property
    def open(self) -> list[Member]:
        return [member for member in self.all.values() if member.state is State.OPEN]

    @property
    def coming(self) -> bool:
        """Whether some machine may still become a node."""
        return any(
            member.state in (State.ASKED, State.OPENING)
            or (member.state is State.RESTING and member.openings < OPENINGS)
            for member in self.all.values()
        )

    def in_words(self) -> str:
        """How many nodes and slots are ready, and which node has how many, by name; GPUs where there are some."""
        ready = sorted(self.open, key=lambda member: (len(member.name), member.name))
        slots = sum(len(member.slots) for member in ready)
        each = [f"{member.name} {counted(len(member.slots), 'slot')}{_gpus_of(member)}" for member in ready]
        more = [f"and {len(each) - MOST_NAMED} more"] if len(each) > MOST_NAMED else []
        named = ", ".join([*each[:MOST_NAMED], *more])
        return f"{counted(len(ready), 'node')}, {counted(slots, 'slot')}: {named}"

    def complaints(self) -> str:
        return "; ".join(dict.fromkeys(f"{member.name} {member.says}" for member in self.all.values() if member.says))

    # -------------------------------------------------------------------------------------------- getting ready

    def _ask(self, address: str) -> None:
        """Have a machine say who it is; what it runs for that comes along."""
        member = self.all[address] = Member(address, address)
        self._wait_for(ask_who(self.client, address), lambda future: self._greeted(member, future))

    def submit(self, member: Member, function: Callable[..., Any], *arguments: object, **options: Any) -> Future:
        """Have this machine, and no other, run a function. Raises MachineryError."""
        from distributed.client import ClosedClientError

        try:
            return self.client.submit(function, *arguments, workers=[member.address], pure=False, **options)
        except (ClosedClientError, OSError, RuntimeError):
            raise MachineryError(GONE) from None

    def _wait_for(self, future: Future, hear: Callable[[Future], None]) -> None:
        self.waited[str(future.key)] = hear
        future.add_done_callback(self.done.put)

    def _greeted(self, member: Member, future: Future) -> None:
        error = future.exception()
        if error is not None:
            self._refuse(member, f"does not say who it is: {type(error).__name__}: {error}")
            return
        member.about = future.result()
        host = member.about["host"]
        self.hosts[host] += 1
        member.name = f"node {host}" + (f" ({self.hosts[host]})" if self.hosts[host] > 1 else "")
        off_s = greeting.clock_off_s(member.about["clock"], member.asked)
        if abs(off_s) > greeting.CLOCK_S:
            self.say(f"{member.name}: {greeting.clock_in_words(off_s)}")
        why = greeting.why_not(member.about) or self._no_gpu(member)
        self._refuse(member, why) if why else self._open(member)

    def _no_gpu(self, member: Member) -> str:
        """Why a node without any GPU is of no use; "" where none is asked for, or it has some."""
        asked = self.order.spec.gpus if self.each is not None and not self.order.spec.from_evidence else ()
        wants = any(gpu is not None for gpu in asked) and not member.about["gpus"]
        return "has no NVIDIA driver, and --gpus asks for a GPU; grade without --gpus" if wants else ""

    def _open(self, member: Member) -> None:
        from grader.cluster.node import open_node, ready_of

        member.state, member.says, member.suspected, member.guilty = State.OPENING, "", 0, 0
        member.openings += 1
        member.key = uuid.uuid4().hex
        member.node = self.submit(member, open_node, member.key, self.order, self.each)
        self._wait_for(self.submit(member, ready_of, member.node), lambda future: self._opened(member, future))

    def _opened(self, member: Member, future: Future) -> None:
        error = future.exception()
        if isinstance(error, AuthoringError):
            raise error
        if isinstance(error, GraderError):
            self.rest(member, str(error))
        elif error is not None:
            self._refuse(member, f"cannot get ready: {type(error).__name__}: {error}")
        else:
            member.ready = future.result()
            if self._fits(member):
                self._take_in(member)

    def _fits(self, member: Member) -> bool:
        """Whether a node would give the same answers as the others; it is refused otherwise."""
        assert member.ready is not None
        has, must = member.ready, self.ready
        wanted = must.environment if must else self.environment
        if wanted and has.environment and has.environment != wanted:
            what = f"has image {has.environment[:12]}, and here it is {wanted[:12]}"
            self._refuse(member, f"{what}; grader image save and load bring the same one there")
        elif must and has.isolation != must.isolation:
            self._refuse(member, f"isolates as {has.isolation}, and the others as {must.isolation}")
        elif must and (has.checks, has.scaled) != (must.checks, must.scaled):
            self._refuse(member, "collects other hidden tests than the others")
        else:
            return True
        return False

    def _take_in(self, member: Member) -> None:
        """Give a node's slots numbers; a node that was set aside has them already."""
        member.state = State.OPEN
        if not member.slots:
            gpus = self.order.spec.gpus if self.each is not None else (None,) * member.about["slots"]
            names = [f"gpu {gpu}" if gpu is not None else f"slot {place}" for place, gpu in enumerate(gpus, 1)]
            usable = names[: member.about["slots"]]
            if len(usable) < len(names):
                self.say(f"{member.name} has {len(usable)} threads, so {len(usable)} of {len(names)} slots are used")
            first = len(self.slot_names)
            self.slot_names += [member.name if len(usable) == 1 else f"{member.name} {name}" for name in usable]
            member.slots = tuple(range(first, first + len(usable)))
            if self.ready:  # the others are at work already
                self.say(f"{member.name} has come: {counted(len(usable), 'slot')}{_gpus_of(member)}")
        member.free = list(member.slots)

    def settle(self) -> Ready:
        """Agree on what every node must say, which is what most say that are ready now; at least one is."""
        [(first, _)] = Counter(member.ready for member in self.open if member.ready).most_common(1)
        self.ready = first
        for member in self.open:
            self._fits(member)
        return first

    # -------------------------------------------------------------------------------------------- failing

    def _refuse(self, member: Member, why: str) -> None:
        self._let_go(member)
        member.state, member.says = State.REFUSED, why
        self.say(f"{member.name} {why}; it is not used")

    def rest(self, member: Member, why: str) -> None:
        """Set a node aside for a while: it is ended, and opened afresh later."""
        self._let_go(member)
        member.state, member.says, member.until = State.RESTING, f"was set aside: {why}", time.monotonic() + REST_S
        self.say(f"{member.name} {member.says}")

    def _let_go(self, member: Member) -> None:
        if member.node is not None:
            self._end([member])
            member.node = None

    def _end(self, members: list[Member]) -> None:
        """End nodes at once, and wait until they have given everything back; who does not answer ends by itself."""
        from grader.cluster.node import close_nodes

        keys, addresses = [member.key for member in members], [member.address for member in members]
        with suppress(OSError, TimeoutError, RuntimeError):
            self.client.run(close_nodes, keys, workers=addresses, on_error="ignore", callback_timeout=CLOSE_S)

    def close(self) -> None:
        if members := [member for member in self.all.values() if member.node is not None]:
            self._end(members)
        self.all.clear()
        self.waited.clear()
