"""What a final score is worth: linear between the scores that competition.toml names, and constant outside of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from grader.course.competition import Competition
from grader.course.scheme import plain
from grader.errors import AuthoringError

HUNDREDTHS = 100  # points have two digits, rounded half up


@dataclass(frozen=True)
class Rule:
    """Scores from the worst to the best, with their points."""

    steps: Sequence[tuple[Fraction, Fraction, str]]
    higher: bool

    def points(self, score: float) -> Fraction:
        """The points of a final score, in hundredths."""
        at = exact(score)
        steps = [(value if self.higher else -value, points) for value, points, _ in self.steps]
        at = at if self.higher else -at
        if at <= steps[0][0]:
            return _rounded(steps[0][1])
        for (low, less), (high, more) in zip(steps, steps[1:], strict=False):
            if at <= high:
                return _rounded(less + (more - less) * (at - low) / (high - low))
        return _rounded(steps[-1][1])

    @property
    def words(self) -> list[str]:
        """The rule in lines that a student understands."""
        return [f"{name}: {plain(points)} points" for _, points, name in self.steps]


def rule_of(competition: Competition, baselines: Mapping[str, float]) -> Rule:
    """The rule with the baselines' final scores put in. Raises AuthoringError where a better score is worth less."""
    steps = []
    for anchor in competition.marks:
        value = exact(baselines[anchor.baseline]) if anchor.score is None else Fraction(anchor.score)
        name = f"{anchor.baseline} ({plain(value)})" if anchor.baseline else plain(value)
        steps.append((value, Fraction(anchor.points), name))
    steps.sort(key=lambda step: step[0], reverse=not competition.higher)
    for (low, less, name), (high, more, other) in zip(steps, steps[1:], strict=False):
        if low == high or less > more:
            raise AuthoringError(
                f"{competition.id}: {name} is worth {plain(less)} points and {other} {plain(more)}; of two scores the "
                "better one must not be worth less, nor may two be the same"
            )
    return Rule(steps, competition.higher)


def exact(score: float) -> Fraction:
    """A score as it is written."""
    return Fraction(Decimal(repr(score)))


def _rounded(points: Fraction) -> Fraction:
    return Fraction(math.floor(points * HUNDREDTHS + Fraction(1, 2)), HUNDREDTHS)
