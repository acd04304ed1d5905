"""The way to one submission: opens its candidate when it is first needed, again after it died, and counts what it used.

With a transcript at hand, what was said before is said again without running anything; the candidate is opened only for
what was never asked, and then the check's earlier exchanges are repeated to it first, so that its state is the same.
So they are where the sandbox goes away under a candidate: once may be the machine's doing. Where it goes away a second
time, and an empty notebook opens in the next one, it is the submission's.
"""

from __future__ import annotations

import functools
import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn

from grader import wire
from grader.candidate.charge import AT_MOST
from grader.errors import MachineryError, SandboxLost
from grader.examination import replies
from grader.examination.budget import Budget
from grader.examination.patience import Patience
from grader.examination.probes import as_sent
from grader.examination.transcript import START, Said, Transcript, key_after
from grader.examination.words import MAX_TEXT, Words, line
from grader.sandbox import (
    Candidate,
    CandidateFailure,
    CandidateGone,
    DeadlinePassed,
    KeptWaiting,
    ProtocolViolation,
    Sandbox,
)
from grader.schema import Assignment, Outcome, Usage
from grader.submission.notebook import Notebook

LOAD = "load"
MOST_ANSWERS = 8  # so many of the largest answers may come from one submission
MOST_OF_A_QUESTION = 2  # and to one question, which alone pays for more
TOO_MUCH = "the answers to this question are too large together"
PREPARE_S = 60.0  # the driver of a GPU may take long
EMPTY_S = 30.0  # for a notebook without a cell
NOT_READY = "the sandbox cannot run a notebook"
REPLY_OVERHEAD = 1 << 20  # output, effects and framing beside the answer itself
TAKES_ITS_SANDBOX = "the process brought down the sandbox that it ran in"


class Channel:
    """One submission, from outside. Raises MachineryError; everything else comes back as a `Said`."""

    def __init__(
        self,
        assignment: Assignment,
        notebook: Notebook,
        files: tuple[tuple[str, bytes], ...],
        sandbox: Callable[[], Sandbox],
        transcript: Transcript,
        device: str = "cpu",
    ) -> None:
        self.assignment = assignment
        self.notebook = notebook
        self.files = files
        self.sandbox = sandbox
        self.transcript = transcript
        self.device = device
        self.candidate: Candidate | None = None
        self.live_key: dict[str, bytes] = {}  # check -> key of the last exchange its candidate has seen
        self.asked: dict[str, list[tuple[bytes, bytes, float]]] = {}  # check -> (key, encoded request, deadline)
        self.scopes: dict[str, str] = {}  # check -> what the sandbox hears instead of its name
        self.current = ""  # the check that may ask; what an earlier one was given is gone
        self.question = ""  # its question, which pays for what it asks
        self.cut: dict[str, bytes] = {}  # check -> key of the exchange for which no time was left
        self.lost_by = ""  # the question that lost the candidate, which pays for another one
        self.budget = Budget(assignment.limits.total_s)
        self.patience = Patience()
        self.began = 0.0  # on the wall, when something was asked for the first time
        self.reloading = False
        self.byte_code = b""  # the magic number of the sandbox's Python
        self.received: Counter[str] = Counter()  # bytes of answers, by the question; of loading, under LOAD
        self.opened = self.answered = self.replayed = 0
        self.brought_down = 0  # sandboxes, by this submission
        self.cpu_s = self.wall_s = self.peak_mib = 0.0

    @functools.cached_property
    def words(self) -> Words:
        """What may be told of this submission's words."""
        texts = {f"cell {cell.number}": cell.source for cell in self.notebook.cells} | dict(self.notebook.files)
        texts |= {name: content.decode("utf-8", "replace") for name, content in self.files if name.endswith(".py")}
        return Words(texts, self.assignment.names)

    # ------------------------------------------------------------------------------------------ asking

    def ask(
        self,
        check: str,
        request: dict[str, Any],
        limit_s: float,
        refer: Callable[[Any], wire.Ref] | None = None,
        function: str = "",
    ) -> Said:
        """Ask one thing of the candidate, or of the transcript if it was asked before. Raises WireError.

        refer: finds what objects that cannot be sent are known as in the sandbox
        function: what is called, as far as a test knows; it is waited for less once it hangs
        """
        before = self.asked.setdefault(check, [])
        encoded = wire.encode(request, 1 << 30, refer)
        key = key_after(before[-1][0] if before else START, encoded)
        before.append((key, encoded, self.patience.part(self.question, function) * limit_s))
        said = self.transcript.find(check, key)
        if said is not None:
            self.replayed += 1
            return said
        said = self._live(check, before, function)
        if said.message == self.budget.told:
            self.cut[check] = key
        self.transcript.add(check, key, said)
        return said

    def load(self) -> Said:
        """Run the notebook's cells (once; or find out from the transcript what came of it)."""
        if LOAD in self.asked:
            key = self.asked[LOAD][0][0]
            known = self.transcript.find(LOAD, key)
            if known is not None:
                return known
            self.asked[LOAD].clear()
        return self.ask(LOAD, self._load_request(), self.assignment.limits.load_s, function=LOAD)

    def begin_again(self, check: str) -> None:
        """Let a check be run again, from the beginning; what it asked for in vain when its time was used up, it may."""
        for known in (self.asked, self.live_key, self.scopes):
            known.pop(check, None)
        if check in self.cut:
            self.transcript.forget(check, self.cut.pop(check))

    def _load_request(self) -> dict[str, Any]:
        cells = [(cell.number, cell.code) for cell in self.notebook.cells if not cell.experiment]
        written = [(name, text.encode("utf-8", "replace")) for name, text in self.notebook.files]
        return ({"written": written} if written else {}) | {
            "op": "load",
            "cells": cells,
            "files": list(self.files),
            "hidden_modules": list(self.assignment.hidden_modules),
            "budget_s": 0.9 * self.assignment.limits.load_s,
            "device": self.device,
            "video_memory_mib": self.assignment.limits.video_memory_mib,
            "seed": 0,
        }

    def _prepare_request(self) -> dict[str, Any]:
        return {
            "op": "prepare",
            "hidden_modules": list(self.assignment.hidden_modules),
            "device": self.device if "torch" in self.assignment.preload else "cpu",  # nothing else has tensors
            "video_memory_mib": self.assignment.limits.video_memory_mib,
        }

    def _live(self, check: str, asked: list[tuple[bytes, bytes, float]], function: str) -> Said:
        """Ask the candidate itself; once more where it hardly had a processor, which may be the machine's fault."""
        started = time.monotonic()
        self.began = self.began or started
        spent = self.budget.spent.copy()
        try:
            said, waited = self._tried(check, asked)
            if waited and self._in_time_for(asked[-1][2]) and self.patience.may_repeat(self.question, function):
                self.budget.spent = spent
                said, waited = self._tried(check, asked)
            if said.failure == Outcome.TIMEOUT.value and said.message != self.budget.told:
                self.patience.ran_out(self.question, function)
            return said
        finally:
            self.wall_s += time.monotonic() - started

    def _in_time_for(self, limit_s: float) -> bool:
        """Whether waiting that long again ends before the whole submission has to."""
        return time.monotonic() - self.began + AT_MOST * limit_s < AT_MOST * self.budget.total_s

    def _tried(self, check: str, asked: list[tuple[bytes, bytes, float]]) -> tuple[Said, bool]:
        """`_try`; where the sandbox goes away, find out whose doing that is."""
        try:
            return self._try(check, asked)
        except SandboxLost as first:
            loss = first
            self._forget()
            if not self.brought_down:
                try:
                    return self._try(check, asked)
                except SandboxLost as again:
                    loss = again
                    self._forget()
            self._require_memory(loss)
            self._require_machine()
            self.brought_down += 1
            return Said(b"", Outcome.CRASHED.value, TAKES_ITS_SANDBOX), False

    def _require_memory(self, loss: SandboxLost) -> None:
        """Raise MachineryError where the machine had no memory left for a submission that had little of its own."""
        most = self.assignment.limits.memory_mib
        if loss.had_mib is not None and loss.had_mib < most / 2:
            had = f"the submission had {loss.had_mib:.0f} of the {most} MiB that it may have"
            raise MachineryError(f"the machine ran out of memory ({had}): grade with fewer workers, or give it more")

    def _require_machine(self) -> None:
        """Raise MachineryError unless an empty notebook can be run in a sandbox."""
        try:
            candidate = self._opened()
            empty = {"id": 0, "scope": "", **self._load_request(), "cells": [], "files": []}
            try:
                candidate.exchange(wire.encode(empty), EMPTY_S, REPLY_OVERHEAD)
            finally:
                candidate.close()
        except CandidateFailure as failure:
            raise MachineryError(f"the sandbox went away, and an empty notebook does not run: {failure}") from None

    def _try(self, check: str, asked: list[tuple[bytes, bytes, float]]) -> tuple[Said, bool]:
        """Ask the candidate, after bringing it to where this check is; say too whether it was only waited for."""
        left_s = limit_s = 0.0
        self.reloading = False
        if check != LOAD and self._has_said_too_much():
            return Said(b"", Outcome.PROTOCOL.value, TOO_MUCH), False
        try:
            if check != LOAD and self.candidate is None and self._left_s(check) > 0:
                self._reload()
            seen = self.live_key.get(check)
            behind = len(asked)
            while behind and asked[behind - 1][0] != seen:  # as a rule one step: all but the last was asked before
                behind -= 1
            for key, request, limit_s in asked[behind:]:
                before = self.transcript.find(check, key)
                if before is not None and before.failure:
                    continue  # it ended a candidate once; a fresh one need not go the same way
                left_s = self._left_s(check)
                if left_s <= 0:  # before a candidate is opened: many checks may be left
                    return self._used_up(), False
                reply = self._exchange(check, request, min(limit_s, left_s))
                self.live_key[check] = key
            return Said(reply), False
        except CandidateFailure as failure:
            self._count(failure)
            if isinstance(failure, DeadlinePassed) and left_s < limit_s:
                return self._used_up(), False
            where = "running the notebook's cells: " if self.reloading else ""
            waited = isinstance(failure, KeptWaiting)
            return Said(b"", outcome_of(failure).value, f"{where}{failure}"), waited

    def _left_s(self, check: str) -> float:
        return self.budget.left_s if check == LOAD else self.budget.left_for(self.question)

    def _used_up(self) -> Said:
        return Said(b"", Outcome.TIMEOUT.value, self.budget.used_up(self.question))

    def _reload(self) -> None:
        """Open a fresh candidate and run the cells in it. Raises CandidateFailure."""
        self.live_key.clear()
        self.reloading = True
        limit_s = min(self.assignment.limits.load_s, self.budget.left_s)
        self._exchange(LOAD, wire.encode(self._load_request(), 1 << 30), limit_s)
        self.reloading = False

    def _exchange(self, check: str, request: bytes, limit_s: float) -> bytes:
        if self.candidate is None:
            self.candidate = self._opened()
            self.opened += 1
        number = secrets.randbits(62)
        scope = self.scopes.setdefault(check, secrets.token_hex(8))  # a check's name is not for the sandbox
        payload = wire.extend(as_sent(request, self.byte_code), {"id": number, "scope": scope})
        answer_bytes = self._answer_bytes()
        candidate, before_s = self.candidate, self.candidate.charged_s
        try:
            reply = candidate.exchange(payload, limit_s, answer_bytes)
        finally:
            self.budget.spend(self.lost_by if check == LOAD else self.question, candidate.charged_s - before_s)
        self.answered += 1
        self.received[LOAD if check == LOAD else self.question] += len(reply)
        if self.received.total() > MOST_ANSWERS * answer_bytes:
            self._violation("all answers together are too large")
        if check != LOAD and self._has_said_too_much():
            self._violation(TOO_MUCH)
        return self._without_id(reply, number)

    def _answer_bytes(self) -> int:
        """The length of the largest reply."""
        return (self.assignment.limits.answer_mib << 20) + REPLY_OVERHEAD

    def _has_said_too_much(self) -> bool:
        return self.received[self.question] > MOST_OF_A_QUESTION * self._answer_bytes()

    def _opened(self) -> Candidate:
        """A fresh candidate that is ready for a notebook and has read nothing of one. Raises MachineryError."""
        candidate = self.sandbox().open()
        asked = {"id": 0, "scope": "", **self._prepare_request()}
        try:
            reply = candidate.exchange(wire.encode(asked), PREPARE_S, REPLY_OVERHEAD)
        except (CandidateFailure, SandboxLost) as failure:
            raise MachineryError(f"{NOT_READY}: {failure}") from None
        said = wire.decode(reply)  # by our own code: none of the student's is there
        fault = replies.read_fault(said.get("fault"))
        if fault is not None:
            candidate.close()
            raise MachineryError(f"{NOT_READY}: {line(fault.text.said, MAX_TEXT)}")
        self.byte_code = said["value"]
        return candidate

    def _without_id(self, reply: bytes, number: int) -> bytes:
        """Check that the reply belongs to the request; the random id is not part of the evidence."""
        marker = wire.encode({"id": number})[5:]  # the first pair of a dict with more pairs
        if reply[5 : 5 + len(marker)] != marker:
            self._violation("a reply that does not belong to the request")
        return reply[:5] + _ZERO_ID + reply[5 + len(marker) :]

    def _violation(self, message: str) -> NoReturn:
        assert self.candidate is not None
        raise ProtocolViolation(message, self.candidate.close())

    # ------------------------------------------------------------------------------------------ ending

    def reject(self) -> None:
        """End a candidate that answered with something that is no answer; the next check gets a fresh one."""
        self.close()
        self.lost_by = self.question

    def _forget(self) -> None:
        """A candidate that is gone, and what it knew with it."""
        self.candidate = None
        self.live_key.clear()

    def close(self) -> None:
        if self.candidate is not None:
            candidate, self.candidate = self.candidate, None
            self.live_key.clear()
            self._add(candidate.close().usage)

    def _count(self, failure: CandidateFailure) -> None:
        self._forget()
        self.lost_by = self.question
        self._add(failure.ending.usage)

    def _add(self, usage: Usage) -> None:
        self.cpu_s += usage.cpu_s
        self.peak_mib = max(self.peak_mib, usage.peak_mib)

    @property
    def usage(self) -> Usage:
        return Usage(cpu_s=round(self.cpu_s, 4), wall_s=round(self.wall_s, 4), peak_mib=round(self.peak_mib, 1))


_ZERO_ID = wire.encode({"id": 0})[5:]


def outcome_of(failure: CandidateFailure) -> Outcome:
    """The outcome of a check whose candidate failed."""
    if isinstance(failure, DeadlinePassed):
        return Outcome.TIMEOUT
    if isinstance(failure, CandidateGone):
        return Outcome.MEMORY if failure.ending.how == "memory" else Outcome.CRASHED
    return Outcome.PROTOCOL
