"""What a submission may spend in all, and how the questions share it: none may use up what the others need.

Seconds here are charged ones (`grader.candidate.charge`). A question that begins gets an equal part of what is left for
those that have not begun; what it leaves, the next ones share. `unfinished` holds those whose part was not enough: when
all had their turn, they share what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

RUNNING = "running the notebook's cells"


class Budget:
    """`total_s` seconds for everything. Until it is shared, whoever asks may have all that is left."""

    def __init__(self, total_s: float) -> None:
        self.total_s = total_s
        self.spent: Counter[str] = Counter()  # by question; "": before the first one began
        self.waiting: set[str] | None = None  # questions that have not begun; None: not shared
        self.granted: dict[str, float] = {}  # what a question may have spent in all
        self.unfinished: dict[str, None] = {}  # questions that asked for more than that, the first one first
        self.told = "nothing yet"  # the last thing that was told of time that is used up

    @property
    def left_s(self) -> float:
        return max(0.0, self.total_s - self.spent.total())

    @property
    def is_used_up(self) -> bool:
        return self.left_s <= 0.01 * self.total_s

    def share_among(self, questions: Iterable[str]) -> None:
        """What is left is for these, in equal parts."""
        self.waiting = set(questions)
        self.granted.clear()
        self.unfinished.clear()

    def left_for(self, question: str) -> float:
        """What a question may still spend now."""
        if self.waiting is None:
            return self.left_s
        if question in self.waiting:
            self.granted[question] = self.spent[question] + self.left_s / len(self.waiting)
            self.waiting.discard(question)
        return min(self.left_s, max(0.0, self.granted.get(question, 0.0) - self.spent[question]))

    def spend(self, question: str, seconds: float) -> None:
        self.spent[question] += seconds  # type: ignore[assignment]

    def used_up(self, question: str) -> str:
        """Note that a question would need more; what its student is told if there is no more."""
        self.unfinished[question] = None
        self.told = self._sentence(question)
        return self.told

    def _sentence(self, question: str) -> str:
        whole = f"the {self.total_s:.3g} s for the whole submission"
        if not self.is_used_up:
            return f"the share of {question} in {whole} is used up"
        most = max(self.spent, key=lambda each: self.spent[each], default="")
        return f"{whole} are used up, the most by {most or RUNNING}"
