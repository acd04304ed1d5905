"""How the reference fares over many seeds: what passes now and then, how near to a limit, how long it takes."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from grader.checking.margins import Margin
from grader.examination.task import Examined


@dataclass(frozen=True)
class Bound:
    """A figure that a check holds against a bound: its least, mean and largest value, and how far the bound is off."""

    says: str
    low: float | None
    high: float | None
    values: tuple[float, ...]

    @property
    def deviations(self) -> float:
        """Distance from the mean to the nearer bound, in standard deviations; infinite where the values are equal."""
        mean, spread = statistics.fmean(self.values), statistics.pstdev(self.values)
        distances = [abs(mean - bound) for bound in (self.low, self.high) if bound is not None]
        return min(distances) / spread if spread else float("inf")


@dataclass
class Stability:
    """What was seen of the reference, one run after the other."""

    passed: dict[str, list[bool]] = field(default_factory=dict)  # by check, a value for every run
    took_s: dict[str, list[float]] = field(default_factory=dict)
    margins: dict[str, list[tuple[Margin, ...]]] = field(default_factory=dict)

    def add(self, examined: Examined) -> None:
        for result in examined.results:
            self.passed.setdefault(result.name, []).append(result.outcome.earns)
            self.took_s.setdefault(result.name, []).append(result.wall_s)
        for check, margins in examined.margins.items():
            self.margins.setdefault(check, []).append(margins)

    @property
    def runs(self) -> int:
        return max(map(len, self.passed.values()), default=0)

    def wall_s(self, check: str) -> float:
        """The median over runs."""
        return statistics.median(self.took_s.get(check, [0.0]))

    @property
    def flaky(self) -> list[str]:
        """Checks that the reference passes with some seeds only."""
        return [check for check, outcomes in self.passed.items() if len(set(outcomes)) > 1]

    def slowest(self, most: int = 10) -> list[tuple[str, float]]:
        """The checks that take longest, with their seconds."""
        return sorted(((check, self.wall_s(check)) for check in self.took_s), key=lambda pair: -pair[1])[:most]

    def tolerance_used(self) -> list[tuple[str, float, str]]:
        """(check, the largest share of a tolerance that an answer used in any run, where), the nearest first."""
        found = []
        for check, runs in self.margins.items():
            used = [margin for margins in runs for margin in margins if margin.is_tolerance]
            if used:
                nearest = max(used, key=lambda margin: margin.value)
                found.append((check, nearest.value, nearest.what))
        return sorted(found, key=lambda row: -row[1])

    def bounds(self) -> list[tuple[str, Bound]]:
        """(check, bound) for every figure that is held against one, the nearest first."""
        found = []
        for check, runs in self.margins.items():
            seen: dict[tuple[str, float | None, float | None], list[float]] = {}
            for margin in (margin for margins in runs for margin in margins if not margin.is_tolerance):
                seen.setdefault((margin.what, margin.low, margin.high), []).append(margin.value)
            found += [(check, Bound(*key, tuple(values))) for key, values in seen.items()]
        return sorted(found, key=lambda row: row[1].deviations)
