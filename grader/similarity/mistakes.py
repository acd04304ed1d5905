"""The same rare wrong answers: who failed the same checks in the same words, where hardly anybody else did.

A mistake that two make and nobody else says more than code that looks alike, and it needs no code: it is on record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from math import log2

from grader.schema import Attempt, Outcome

MOST_SHARE = 0.1  # of the class: what more have is no rare mistake
OF_THE_CODE = (Outcome.FAILED, Outcome.ERROR)


@dataclass(frozen=True)
class Mistake:
    """One way to be wrong that few have. bits: how rare it is."""

    question: str
    check: str
    students: tuple[str, ...]
    bits: float


def rare_mistakes(attempts: Iterable[Attempt]) -> list[Mistake]:
    """Failed checks with their words that two or more share and few have, the rarest first."""
    who: dict[tuple[str, str, str], list[str]] = {}
    size = 0
    for attempt in attempts:
        size += 1
        for result in attempt.results:
            if result.outcome in OF_THE_CODE and not result.unwritten:
                who.setdefault((result.question, result.name, result.message), []).append(attempt.student)
    most = max(2, int(MOST_SHARE * size))
    found = [
        Mistake(question, check, tuple(sorted(students)), log2((size + 1) / len(students)))
        for (question, check, _), students in who.items()
        if 2 <= len(students) <= most and len(students) < size
    ]
    return sorted(found, key=lambda each: (-each.bits, each.question, each.check))


def by_pair(mistakes: Iterable[Mistake]) -> dict[frozenset[str], list[Mistake]]:
    """The same for each two who share one."""
    found: dict[frozenset[str], list[Mistake]] = {}
    for mistake in mistakes:
        for two in combinations(mistake.students, 2):
            found.setdefault(frozenset(two), []).append(mistake)
    return found
