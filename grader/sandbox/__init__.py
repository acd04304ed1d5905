"""Sandboxes: something that opens a candidate for one submission after the other.

`Sandbox` is one slot: it serves one candidate at a time. What goes wrong has two families and no third way out:
`CandidateFailure` is about the student's code and becomes the outcome of a check; `MachineryError` is about us. Of its
kind `SandboxLost` that is not known at first: what happens again in a fresh sandbox is the student's code's doing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from grader.sandbox.video_memory import Share
from grader.schema import Usage

OURS = ("unknown", "starved", "perhaps starved")  # how a candidate may end without having done anything


@dataclass(frozen=True)
class Ending:
    """How a candidate ended. `how`: "closed" (by us), "exit", "signal", "memory" (a limit was reached), or one of OURS.

    "starved": the machine had no memory left, and its kernel ended this process; "perhaps starved": the same, but
    nobody counts whom it ended
    """

    how: str
    code: int = 0
    usage: Usage = Usage()

    @property
    def sentence(self) -> str:
        """Say to the student what happened to the process."""
        return {
            "exit": f"the process ended itself with exit code {self.code} (os._exit, quit?)",
            "signal": f"the process was ended by signal {self.code}",
            "memory": "the process ran out of memory and was ended",
            "unknown": "the process ended",
            "starved": "the machine ran out of memory",
            "perhaps starved": "the machine ran out of memory",
            "closed": "the process was ended",
        }[self.how]


class CandidateFailure(Exception):
    """The candidate did not answer as it should. `ending` tells how its process ended."""

    def __init__(self, message: str, ending: Ending) -> None:
        super().__init__(message)
        self.ending = ending


class DeadlinePassed(CandidateFailure):
    """No complete answer before the deadline; the candidate has been ended."""


class KeptWaiting(DeadlinePassed):
    """The same, and it hardly used a processor: it waited for something, or the machine had none for it."""


class CandidateGone(CandidateFailure):
    """The candidate's process ended instead of answering."""


class ProtocolViolation(CandidateFailure):
    """What came is no answer to what was asked; the candidate has been ended."""


class Candidate(Protocol):
    """One submission's process. `charged_s`: what its exchanges so far are charged (grader.candidate.charge)."""

    charged_s: float

    def exchange(self, request: bytes, limit_s: float, answer_bytes: int) -> bytes:
        """Send one request frame and return the reply frame. Raises CandidateFailure or SandboxLost; the candidate is
        over then.

        limit_s: what the exchange may be charged
        """

    def close(self) -> Ending:
        """End the candidate and everything it started; idempotent. Raises MachineryError when that is not possible,
        or where its GPU is lost.
        """


class Sandbox(Protocol):
    """One slot. `isolation` and `environment` go into the evidence of every attempt; `share` is of a GPU, or None."""

    isolation: str
    environment: str

    @property
    def share(self) -> Share | None: ...

    def open(self) -> Candidate:
        """Open a fresh candidate; the one before it is closed. Raises MachineryError."""

    def settle(self, how: str) -> bool:
        """Hear how a candidate ended (Ending.how); a sandbox that cannot be trusted any more is replaced.

        Returns whether the end may be the candidate's own doing; False where the sandbox itself went away.
        """

    def prepare(self) -> None:
        """Do now, while a candidate is at work, what would delay the next one."""

    def close(self) -> None:
        """Give everything back; idempotent."""
