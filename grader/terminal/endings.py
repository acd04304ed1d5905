"""How a check or an attempt ended, in one word of the language that is spoken; on record it is the English one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from grader.languages.translating import tr, trc
from grader.schema import Outcome, Status

_WORDS: Mapping[Outcome | Status, Callable[[], str]] = {
    Outcome.PASSED: lambda: tr("passed"),
    Outcome.FAILED: lambda: trc("how a check ended", "failed"),
    Outcome.ERROR: lambda: tr("error"),
    Outcome.MISSING: lambda: trc("how a check ended", "missing"),
    Outcome.TIMEOUT: lambda: trc("how a check ended", "timeout"),
    Outcome.MEMORY: lambda: trc("how a check ended", "memory"),
    Outcome.CRASHED: lambda: trc("how a check ended", "crashed"),
    Outcome.FORBIDDEN: lambda: trc("how a check ended", "forbidden"),
    Outcome.PROTOCOL: lambda: trc("how a check ended", "protocol"),
    Outcome.DEFERRED: lambda: trc("for the staff", "deferred"),
    Status.GRADED: lambda: tr("graded"),
    Status.UNREADABLE: lambda: tr("unreadable"),
    Status.DEFERRED: lambda: trc("for the staff", "deferred"),
    Status.OUTDATED: lambda: tr("outdated"),
}


def ended(how: Outcome | Status) -> str:
    """The word for an outcome or a status: "failed", "deferred"."""
    return _WORDS[how]()


def not_graded() -> str:
    """The word for what was handed in and has no attempt yet."""
    return trc("for the staff", "not graded yet")


def without_points() -> tuple[str, ...]:
    """The words that stand in a table where an attempt has no points."""
    return tuple(ended(status) for status in (Status.UNREADABLE, Status.OUTDATED, Status.DEFERRED))
