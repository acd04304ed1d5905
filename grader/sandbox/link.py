"""Our end of a zygote: opens candidates through it and talks to them. The same for every kind of sandbox."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable
from typing import Any, NoReturn

from grader import wire
from grader.errors import MachineryError
from grader.sandbox import CandidateFailure, CandidateGone, DeadlinePassed, Ending, ProtocolViolation
from grader.schema import Limits, Usage
from grader.zygote.server import runtime_digest

START_S = 120.0  # importing torch on a cold, busy machine
JAIL_S = 30.0
END_S = 10.0
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

    def exchange(self, request: bytes, deadline_s: float, answer_bytes: int) -> bytes:
        deadline = time.monotonic() + deadline_s
        try:
            if select.select([self.data], [], [], 0)[0] and self.data.recv(1, socket.MSG_PEEK):
                self._fail(ProtocolViolation, "something was sent before it was asked for")
            self.data.settimeout(deadline_s)
            wire.send_frame(self.data, request)
            return wire.receive_frame(self.data, answer_bytes, deadline)
        except TimeoutError:
            self._fail(DeadlinePassed, f"no answer within {deadline_s:.3g} s")
        except wire.WireError as error:
            self._fail(ProtocolViolation, f"what came back is no answer: {error}")
        except (EOFError, OSError):
            select.select([self.talk], [], [], GRACE_S)  # it may still be ending by itself; that is worth knowing
            self._fail(CandidateGone, "")

    def _fail(self, kind: type[CandidateFailure], message: str) -> NoReturn:
        ending = self.close()
        if not self.own_doing:
            raise MachineryError("the sandbox went away while a submission was examined")
        raise kind(message or ending.sentence, ending)

    def close(self) -> Ending:
        if self.ending is None:
            self.ending = Ending("unknown")
            try:
                self.ending = self._end()
            finally:
                self.data.close()
                self.talk.close()
                self.own_doing = self.on_end(self.ending.how)
        return self.ending

    def _end(self) -> Ending:
        with contextlib.suppress(OSError):
            self.talk.shutdown(socket.SHUT_WR)  # the keeper's word to end it
        try:
            report = _message(self.talk, END_S, "the keeper does not report", "")
        except MachineryError:
            return Ending("unknown")  # stopped, which a submission can do where there is no jail around it
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
