"""Our end of a zygote: opens candidates through it and talks to them. The same for every kind of sandbox."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from grader import wire
from grader.candidate.charge import AT_MOST, Used
from grader.errors import MachineryError, SandboxLost
from grader.sandbox import (
    OURS,
    CandidateFailure,
    CandidateGone,
    DeadlinePassed,
    Ending,
    KeptWaiting,
    ProtocolViolation,
    memory_group,
)
from grader.sandbox.meter import Meter
from grader.sandbox.video_memory import Share, TooMuchVideoMemory, Watch
from grader.schema import Limits, Usage
from grader.zygote import oom
from grader.zygote.keeper import USED
from grader.zygote.server import runtime_digest

START_S = 120.0  # importing torch on a cold, busy machine
JAIL_S = 30.0
END_S = 10.0  # until the keeper says a word; it says every two seconds that a candidate is not dead yet
DYING_S = 120.0  # until a candidate that was killed is dead: it may have much memory to give back, or sit in a call
END = b"."
GRACE_S = 2.0
CREDENTIALS = struct.Struct("3i")  # process, user, group


class Link:
    """The control stream to one zygote. Every failure here is ours: MachineryError."""

    def __init__(self, control: socket.socket, announced: bool = True, door: socket.socket | None = None) -> None:
        """door: where a candidate's streams are connected to, by a zygote that cannot hand them over."""
        self.control = control
        self.door = door
        self._about: dict[str, Any] | None = None
        self.group: memory_group.MemoryGroup | None = None  # that candidates are put into; made for the first of them
        self.why_no_group = "its runtime's kernel counts it" if door else ""
        if announced:
            self.about  # noqa: B018 - wait for it now

    @property
    def about(self) -> dict[str, Any]:
        """What the zygote said when it came up: its level, versions, threads."""
        if self._about is None:
            self._about = self._announcement()
        return self._about

    def _announcement(self) -> dict[str, Any]:
        about = _message(self.control, START_S, "the zygote did not come up")
        if about.get("fault"):
            raise MachineryError(f"isolation level {about.get('level')} cannot be had here: {about['fault']}")
        if about.get("runtime") != runtime_digest():
            raise MachineryError("the grading image holds another version of the grader; run: grader image build")
        return about

    def open(
        self,
        limits: Limits,
        hidden_modules: tuple[str, ...],
        on_end: Callable[[str], bool],
        workdir: str = "/job",
        processes: int | None = None,
        share: Share | None = None,
    ) -> LinkedCandidate:
        """Order one candidate; return it when it is locked in. `on_end` hears how it ended.

        processes: where the kernel counts more than the candidate's own: what it may count to; 0 for no such limit
        share: what it may use of a GPU; None: it has none
        """
        order = {
            "memory_mib": limits.memory_mib,
            "disk_mib": limits.disk_mib,
            "processes": limits.processes if processes is None else processes,
            "answer_bytes": limits.answer_mib << 20,
            "output_chars": limits.output_kib << 10,
            "hidden_modules": list(hidden_modules),
            "workdir": workdir,
        }
        self.about  # noqa: B018 - orders wait until it is up
        try:
            self.control.settimeout(JAIL_S)
            wire.send_frame(self.control, wire.encode(order))
            data, talk = self._streams()
        except (OSError, ValueError) as error:
            raise MachineryError(f"the zygote does not take orders: {error or 'it is gone'}") from None
        candidate = LinkedCandidate(data, talk, on_end, share=share)
        candidate.wait_until_ready()
        self._bound_memory(candidate, limits.memory_mib + memory_group.EXTRA_MIB)
        return candidate

    def _streams(self) -> tuple[socket.socket, socket.socket]:
        """Our ends of a candidate's two streams. Raises OSError or ValueError."""
        if self.door is None:
            _, (data, talk), _, _ = socket.recv_fds(self.control, 1, 2)
            return socket.socket(fileno=data), socket.socket(fileno=talk)
        if self.control.recv(1) != b"+":  # then both are waiting at the door
            raise OSError("it is gone")
        self.door.settimeout(JAIL_S)
        return self.door.accept()[0], self.door.accept()[0]

    def shut_door(self) -> None:
        """Let no other stream in, whoever else has this socket open."""
        if self.door is not None:
            with contextlib.suppress(OSError):  # it is shut
                self.door.shutdown(socket.SHUT_RDWR)
            self.door.close()

    def _bound_memory(self, candidate: LinkedCandidate, limit_mib: int) -> None:
        """Put a candidate that has not read a byte yet into the group for memory; what hinders that is remembered."""
        if self.why_no_group:
            return
        try:
            if not candidate.process:
                raise OSError("its process is none of this machine's")
            if self.group is None:
                self.group = memory_group.below(_peer_of(self.control), limit_mib)
            self.group.admit(candidate.process)
            candidate.count_in(self.group.counters())
        except OSError as error:
            self.why_no_group = str(error)

    @property
    def memory(self) -> str:
        """What bounds the memory of all processes of a candidate together, in words; known when one was opened."""
        if self.group is not None and not self.why_no_group:
            return f"a memory group of its own (cgroup {self.group.version})"
        return f"no memory group of its own ({self.why_no_group}); {self._instead()}first to go when memory runs out"

    def _instead(self) -> str:
        """What bounds the processes of a candidate together where it has no group of its own."""
        if self.door is not None:
            return ""
        try:
            limit = memory_group.limit_around(_peer_of(self.control))
        except OSError:
            return ""
        if limit is None:
            return "nothing bounds all its processes together; "
        return f"all its processes together may have {limit >> 20} MiB; "

    def alive(self, after_s: float = 0.5) -> bool:
        """Whether the zygote is still there, half a second after something below it went away."""
        readable, _, _ = select.select([self.control], [], [], after_s)
        return not readable  # it never speaks unasked: what can be read is its end

    def own_doing(self, how: str, jailed: bool) -> bool:
        """Whether a candidate ended so by its own doing: in a jail nobody can reach the keeper, elsewhere it can."""
        return how not in OURS or (how == "unknown" and not jailed and self.alive())

    def close(self) -> None:
        self.control.close()
        self.shut_door()
        if self.group is not None:
            self.group.remove()


class LinkedCandidate:
    """A candidate behind two streams: `data` to its own process, `talk` to its keeper; `share`: of a GPU."""

    def __init__(
        self,
        data: socket.socket,
        talk: socket.socket,
        on_end: Callable[[str], bool],
        share: Share | None = None,
        counters: tuple[int, ...] = (),
    ) -> None:
        self.data = data
        self.talk = talk
        self.on_end = on_end
        self.watch = Watch(share, _peer_of(talk)) if share is not None else None
        self.ending: Ending | None = None
        self.own_doing = True
        self.charged_s = 0.0
        self.report: dict[str, Any] = {}  # the keeper's last word, where it came before it was waited for
        self.keeper_answers = True
        self.still_dying = False
        self.hung_up = False  # its stream ended by itself
        self.process = 0  # its number on this machine; 0 where that is not known
        self.counters = counters  # of the processes that were ended in its group for memory
        self.before = oom.counts(counters)
        self.machine_before = oom.kills_of_machine()

    def wait_until_ready(self) -> None:
        """Wait until the jail is closed. Raises MachineryError, with the jail's own words where it has some."""
        try:
            self.process = _sender_of_next(self.data)
            ready = _message(self.data, JAIL_S, "the candidate did not start")
        except MachineryError as error:
            raise MachineryError(self._why_not_started(str(error))) from None
        if not ready.get("ready"):
            raise MachineryError(str(ready.get("fault", "the candidate did not start")))

    def count_in(self, counters: tuple[int, ...]) -> None:
        """From now on these files count its processes that are ended for want of memory."""
        self.counters, self.before = counters, oom.counts(counters)

    def hand_over(self) -> list[int]:
        """Give the two streams, and the counters where there are some, to another process; this object is over."""
        self.ending = Ending("closed")
        return [self.data.detach(), self.talk.detach(), *self.counters]

    def _why_not_started(self, otherwise: str) -> str:
        with contextlib.suppress(MachineryError):
            report = _message(self.talk, 1.0, otherwise)
            return str(report.get("fault", f"the candidate's first process ended: {report}"))
        return otherwise

    def exchange(self, request: bytes, limit_s: float, answer_bytes: int) -> bytes:
        meter = Meter(self.used, self.watch.look if self.watch is not None else None)
        try:
            if select.select([self.data], [], [], 0)[0] and self.data.recv(1, socket.MSG_PEEK):
                self._fail(ProtocolViolation, "something was sent before it was asked for")
            self.data.settimeout(AT_MOST * limit_s)
            wire.send_frame(self.data, request)
            meter.wait_for(self.data, limit_s)
            reply = wire.receive_frame(self.data, answer_bytes, meter.started + AT_MOST * limit_s)
            self.charged_s += meter.charged_s()
            if self.watch is not None:
                self.watch.look()
            return reply
        except TooMuchVideoMemory as error:
            self._fail(CandidateGone, str(error), "memory")
        except MachineryError:  # the GPU is lost
            with contextlib.suppress(MachineryError):
                self.close()
            raise
        except TimeoutError:
            self.charged_s += meter.charged_s()
            used = meter.used
            asleep = "; it was waiting most of the time" if used.asleep_s > used.wall_s / 2 else ""
            kind = KeptWaiting if used.cpu_s < limit_s else DeadlinePassed
            self._fail(kind, f"no answer within {limit_s:.3g} s{asleep}")
        except wire.WireError as error:
            self.charged_s += meter.wall_s
            self._fail(ProtocolViolation, f"what came back is no answer: {error}")
        except (EOFError, OSError):
            self.hung_up = True
            self.charged_s += meter.wall_s
            select.select([self.talk], [], [], GRACE_S)  # it may still be ending by itself; that is worth knowing
            self._fail(CandidateGone, "")

    def _last_word(self) -> dict[str, Any]:
        """The keeper's report; {} where there is no keeper, or the candidate is not dead after all this time."""
        deadline = time.monotonic() + DYING_S
        while True:
            said = _message(self.talk, END_S, "the keeper does not report", "")
            if not said or "code" in said or "fault" in said:
                return said
            self.still_dying = "dying" in said  # then its end is its own doing, and the keeper is well
            if time.monotonic() > deadline:
                return {}

    def _fail(self, kind: type[CandidateFailure], message: str, how: str = "") -> NoReturn:
        """End it, and raise what that is: `how` it ended, where the keeper cannot know."""
        ending = self.close()
        if not self.own_doing:
            had_mib = ending.usage.peak_mib if ending.how == "starved" else None
            raise SandboxLost("the sandbox went away while a submission was examined", had_mib)
        raise kind(message or ending.sentence, replace(ending, how=how or ending.how))

    def close(self) -> Ending:
        if self.ending is None:
            self.ending = Ending("unknown")
            try:
                self.ending = self._end()
            finally:
                self.data.close()
                self.talk.close()
                oom.close(self.counters)
                self.own_doing = self.on_end(self.ending.how) or self.still_dying
            if self.watch is not None:
                self.watch.close()
        return self.ending

    def used(self) -> Used | None:
        """What it has used so far, with all its processes; None where the keeper does not say."""
        if self.keeper_answers and not self.report:
            try:
                self.talk.settimeout(END_S)
                self.talk.sendall(USED)
                said = _message(self.talk, END_S, "the keeper does not say", "")
                if "used" in said:
                    return Used(*map(float, said["used"]))
                self.report = said  # it has ended meanwhile
            except (MachineryError, OSError):
                self.keeper_answers = False  # stopped, which a submission can do where there is no jail around it
        return None

    def _end(self) -> Ending:
        with contextlib.suppress(OSError):
            self.talk.sendall(END)
        try:
            report = self.report or self._last_word()
        except MachineryError:
            return Ending("unknown")
        if not report:
            return Ending("unknown")  # no keeper: the container it was in must go
        if "fault" in report:
            raise MachineryError(str(report["fault"]))
        usage = Usage(cpu_s=float(report["cpu_s"]), peak_mib=float(report["peak_mib"]))
        code = int(report["code"])
        if code == -9 and (self.hung_up or not report["killed"]):  # it may still have been dying when we ended it
            ended = oom.counts(self.counters).since(self.before) + oom.Counts(*report["oom"])
            if ended.kills:
                return Ending("memory" if ended.limits else "starved", usage=usage)
            if oom.kills_of_machine() > self.machine_before:
                return Ending("perhaps starved", usage=usage)
        if report["killed"]:
            return Ending("closed", usage=usage)
        return Ending("signal", -code, usage) if code < 0 else Ending("exit", code, usage)


def _peer_of(stream: socket.socket) -> int:
    """The process, as it is called here, that made the other end of a stream; our own for a pair that we made."""
    said = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(said)[0])


def _sender_of_next(stream: socket.socket) -> int:
    """The process, as it is called here, that sends what comes next, which stays to be read; 0 if it is not of here."""
    with contextlib.suppress(OSError):
        stream.settimeout(JAIL_S)
        _, said, _, _ = stream.recvmsg(1, socket.CMSG_SPACE(CREDENTIALS.size), socket.MSG_PEEK)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)  # later messages may be forged
        for level, kind, content in said:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                return int(CREDENTIALS.unpack(content)[0])
    return 0


def _message(stream: socket.socket, timeout_s: float, otherwise: str, at_end: str | None = None) -> dict[str, Any]:
    """Receive one dict; an end of the stream is {} where `at_end` is given, else a MachineryError like all the rest."""
    try:
        message = wire.decode(wire.receive_frame(stream, 1 << 20, time.monotonic() + timeout_s))
    except EOFError:
        if at_end is not None:
            return {}
        raise MachineryError(f"{otherwise}: its process ended") from None
    except (OSError, wire.WireError) as error:
        raise MachineryError(f"{otherwise}: {error or f'nothing within {timeout_s:g} s'}") from None
    if not isinstance(message, dict):
        raise MachineryError(f"{otherwise}: it said {type(message).__name__}")
    return message
