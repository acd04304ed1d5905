"""How long a function is waited for that has run into its deadline before: one that hangs must not cost it every time.

It is the function that is waited for less, not its neighbours in the question, which may be right and slow. What a
test keeps of a training that failed, and raises again in other checks, was one deadline and counts once.
"""

from __future__ import annotations

from collections import Counter

PATIENT_TIMEOUTS = 2  # full deadlines that a function may run into
IMPATIENCE = 0.2  # what part of a deadline it gets from then on


class Patience:
    """By function: (question, what the test called)."""

    def __init__(self) -> None:
        self.timeouts: Counter[tuple[str, str]] = Counter()
        self.repeated: set[tuple[str, str]] = set()

    def part(self, question: str, function: str) -> float:
        """What part of a deadline a call gets."""
        return 1.0 if self.timeouts[question, function] < PATIENT_TIMEOUTS else IMPATIENCE

    def ran_out(self, question: str, function: str) -> None:
        """Note that a call ran into its deadline."""
        self.timeouts[question, function] += 1

    def may_repeat(self, question: str, function: str) -> bool:
        """Whether a call that hardly had a processor is made once more; once for each function, for it may sleep."""
        first = (question, function) not in self.repeated
        self.repeated.add((question, function))
        return first
