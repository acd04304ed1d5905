"""What wants a person before marks are published: attempts that ended oddly, and those that took longest. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from grader.dashboard.cohort import Cohort
from grader.languages.translating import tr
from grader.pages.anomalies import reasons_to_look
from grader.schema import Attempt, Outcome, Status
from grader.terminal.endings import ended, not_graded

SEVERITY = ("unreadable", "deferred", "outdated", "waiting", "hidden test", "0 points", "crashed", "protocol",
            "forbidden", "memory", "timeout", "cell raised", "name")  # fmt: skip
NAMED = {
    "0 points": lambda: tr("with 0 points"),
    "cell raised": lambda: tr("with a cell that raised"),
    "name": lambda: tr("with a name nearly found"),
    "waiting": not_graded,
    "hidden test": lambda: tr("with a hidden test to be mended"),
}
WORDS = {
    "0 points": lambda: tr("0 points"),
    "cell raised": lambda: tr("cell raised"),
    "name": lambda: tr("name"),
    "waiting": not_graded,
    "hidden test": lambda: tr("hidden test"),
}
ENDINGS = {how.value: how for how in (*Outcome, *Status)}  # of an attempt, or of a check


@dataclass(frozen=True)
class Incident:
    """One reason to look at one student's work. `kind`: in a word or two."""

    student: str
    kind: str
    what: str  # in English, as on record

    @property
    def in_a_word(self) -> str:
        """The kind in the language that is spoken."""
        return WORDS[self.kind]() if self.kind in WORDS else ended(ENDINGS[self.kind])


def incidents(cohort: Cohort) -> tuple[Incident, ...]:
    """Every incident of an assignment, by student; who handed in and was not graded yet is one too."""
    found = [Incident(student, "waiting", "handed in, and not graded yet") for student in cohort.waiting]
    for attempt in cohort.attempts:
        found += [
            Incident(attempt.student, kind, what) for kind, what in (*_spoilt(attempt), *reasons_to_look(attempt))
        ]
    return tuple(sorted(found, key=lambda each: (_severity(each.kind), each.student)))


def _severity(kind: str) -> int:
    """Files nobody can read and attempts without a mark come first, names nearly found last."""
    return SEVERITY.index(kind) if kind in SEVERITY else len(SEVERITY)


def _spoilt(attempt: Attempt) -> list[tuple[str, str]]:
    """Checks that the machine spoilt in an attempt that was graded otherwise."""
    spoilt = [result for result in attempt.results if result.outcome is Outcome.DEFERRED]
    if attempt.status is not Status.GRADED or not spoilt:
        return []
    more = f" (and {len(spoilt) - 1} more)" if len(spoilt) > 1 else ""
    return [(Outcome.DEFERRED.value, f"{spoilt[0].question}: {spoilt[0].message}{more}")]


def how_many(found: Sequence[Incident]) -> str:
    """Incidents by kind, the most usual first: 2 timeout, 1 crashed."""
    kinds = Counter(NAMED[each.kind]() if each.kind in NAMED else each.in_a_word for each in found)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0])))


def slowest(cohort: Cohort, number: int = 10) -> tuple[Attempt, ...]:
    """The attempts that took longest, by wall time; what was not run took none."""
    ran = [attempt for attempt in cohort.attempts if attempt.usage.wall_s > 0]  # False for NaN as well
    return tuple(sorted(ran, key=lambda attempt: (-attempt.usage.wall_s, attempt.student))[:number])
