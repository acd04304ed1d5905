"""Our end of a zygote: opens candidates through it and talks to them. The same for every kind of sandbox."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable
from typing import Any, NoReturn

from grader import wire
from grader.candidate.charge import AT_MOST, Used
from grader.errors import MachineryError, SandboxLost
from grader.sandbox import CandidateFailure, CandidateGone, DeadlinePassed, Ending, KeptWaiting, ProtocolViolation
from grader.sandbox.meter import Meter
from grader.schema import Limits, Usage
from grader.zygote.keeper import USED
from grader.zygote.server import runtime_digest

START_S = 120.0  # importing torch on a cold, busy machine
JAIL_S = 30.0
END_S = 10.0  # until the keeper says a word; it says every two seconds that a candidate is not dead yet
DYING_S = 120.0  # until a candidate that was killed is dead: it may have much memory to give back, or sit in a call
END = b"."
GRACE_S = 2.0


class Link:
    """The control stream to one zygote. Every failure here is ours: MachineryError."""

    def __init__(self, control: socket.socket, announced: bool = True) -> None:
        self.control = control
        self._about: dict[str, Any] | None = None
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
    ) -> LinkedCandidate:
        """Order one candidate; return it when it is locked in. `on_end` hears how it ended.

        processes: where the kernel counts more than the candidate's own: what it may count to; 0 for no such limit
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
            _, (data, talk), _, _ = socket.recv_fds(self.control, 1, 2)
        except (OSError, ValueError) as error:
            raise MachineryError(f"the zygote does not take orders: {error or 'it is gone'}") from None
        candidate = LinkedCandidate(socket.socket(fileno=data), socket.socket(fileno=talk), on_end)
        candidate.wait_until_ready()
        return candidate

    def alive(self, after_s: float = 0.5) -> bool:
        """Whether the zygote is still there, half a second after something below it went away."""
        readable, _, _ = select.select([self.control], [], [], after_s)
        return not readable  # it never speaks unasked: what can be read is its end

    def close(self) -> None:
        self.control.close()


class LinkedCandidate:
    """A candidate behind two streams: `data` to its own process, `talk` to its keeper."""

    def __init__(self, data: socket.socket, talk: socket.socket, on_end: Callable[[str], bool]) -> None:
        self.data = data
        self.talk = talk
        self.on_end = on_end
        self.ending: Ending | None = None
        self.own_doing = True
        self.charged_s = 0.0
        self.report: dict[str, Any] = {}  # the keeper's last word, where it came before it was waited for
        self.keeper_answers = True
        self.still_dying = False

    def wait_until_ready(self) -> None:
        """Wait until the jail is closed. Raises MachineryError, with the jail's own words where it has some."""
        try:
            ready = _message(self.data, JAIL_S, "the candidate did not start")
        except MachineryError as error:
            raise MachineryError(self._why_not_started(str(error))) from None
        if not ready.get("ready"):
            raise MachineryError(str(ready.get("fault", "the candidate did not start")))

    def hand_over(self) -> tuple[socket.socket, socket.socket]:
        """Give the two streams to another process; this object is over."""
        self.ending = Ending("closed")
        return self.data, self.talk

    def _why_not_started(self, otherwise: str) -> str:
        with contextlib.suppress(MachineryError):
            report = _message(self.talk, 1.0, otherwise)
            return str(report.get("fault", f"the candidate's first process ended: {report}"))
        return otherwise

    def exchange(self, request: bytes, limit_s: float, answer_bytes: int) -> bytes:
        meter = Meter(self.used)
        try:
            if select.select([self.data], [], [], 0)[0] and self.data.recv(1, socket.MSG_PEEK):
                self._fail(ProtocolViolation, "something was sent before it was asked for")
            self.data.settimeout(AT_MOST * limit_s)
            wire.send_frame(self.data, request)
            meter.wait_for(self.data, limit_s)
            reply = wire.receive_frame(self.data, answer_bytes, meter.started + AT_MOST * limit_s)
            self.charged_s += meter.charged_s()
            return reply
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

    def _fail(self, kind: type[CandidateFailure], message: str) -> NoReturn:
        ending = self.close()
        if not self.own_doing:
            raise SandboxLost("the sandbox went away while a submission was examined")
        raise kind(message or ending.sentence, ending)

    def close(self) -> Ending:
        if self.ending is None:
            self.ending = Ending("unknown")
            try:
                self.ending = self._end()
            finally:
                self.data.close()
                self.talk.close()
                self.own_doing = self.on_end(self.ending.how) or self.still_dying
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
        if report["killed"]:
            return Ending("closed", usage=usage)
        if code == -9 and report["oom"]:
            return Ending("memory", usage=usage)
        return Ending("signal", -code, usage) if code < 0 else Ending("exit", code, usage)


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
