"""What an executor is given and gives back: plain values that any engine may carry, lose and repeat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from grader.checking.margins import Margin
from grader.schema import CheckResult, Status, Submission, Usage


@dataclass(frozen=True)
class Task:
    """One submission to examine: for which questions, with which inputs, and what is known of it already.

    `evidence` holds transcripts of earlier attempts with the same seed.
    """

    submission: Submission
    seed: str
    questions: tuple[str, ...]
    device: str = "cpu"
    evidence: tuple[bytes, ...] = ()
    first_failure: bool = False  # stop at the first check that is not passed: all that a mutant is asked for
    explain: bool = True  # look for what a failure comes from: an earlier question, a wrong solution that answers alike
    failing: tuple[str, ...] = ()  # other questions, which are not asked, that fail by themselves
    note_margins: bool = False  # say how near to their limits the answers are that pass
    checks: tuple[str, ...] = ()  # look at these alone, in this order; none: at all
    note_asked: bool = False  # give back what was asked
    odd_s: float = 0.0  # try odd answers in place of those of the evidence for so long, instead of examining
    replay: bool = False  # judge the evidence; a call that it does not hold is not made, and its check deferred


@dataclass(frozen=True)
class Examined:
    """What came of a task. `fault` is ours, and then the status is DEFERRED."""

    status: Status
    results: tuple[CheckResult, ...] = ()
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    transcripts: dict[str, bytes] = field(default_factory=dict)
    large: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)  # where in these are large answers
    fault: str = ""
    asked_live: int = 0  # calls that ran student code; the others were answered from evidence
    margins: dict[str, tuple[Margin, ...]] = field(default_factory=dict)  # by check, where they were asked for
    flaws: dict[str, str] = field(default_factory=dict)  # by check: what its test fell over in these answers
    asked: dict[str, bytes] = field(default_factory=dict)  # by check: the key of its last call, a digest of them all
    requests: dict[bytes, bytes] = field(default_factory=dict)  # key of an exchange -> request, where asked for


def failing_alone(results: Iterable[CheckResult]) -> tuple[str, ...]:
    """The questions that lost points by themselves, in order."""
    return tuple(dict.fromkeys(row.question for row in results if not (row.outcome.earns or row.passes_with)))


def deferred(fault: str) -> Examined:
    """An examination that could not be done; it is ours and will be done again."""
    return Examined(Status.DEFERRED, fault=fault)
