"""What is known of one student and one item before any rule: a mark, or why there is none."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from grader.course.scheme import plain
from grader.errors import AuthoringError


class State(enum.Enum):
    """What is known about one student and one item."""

    GRADED = "graded"
    MISSING = "missing"  # nothing was handed in; counts 0
    EXCUSED = "excused"  # out of the set
    INTEGRITY = "integrity"  # 0, and never the one that is dropped
    DEFERRED = "deferred"  # no mark yet; not a zero


@dataclass(frozen=True)
class Entry:
    """One student's mark in one item, before any rule. `source` says where it comes from, `reason` why it is so.

    most: points that may be reached, where that is more than the maximum
    unreadable: what was handed in was no notebook
    """

    state: State
    points: Fraction = Fraction(0)
    max_points: Fraction = Fraction(0)
    late_minutes: Decimal = Decimal(0)  # after the deadline; the grace is not taken off yet
    reason: str = ""
    source: str = ""
    most: Fraction | None = None
    unreadable: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", Fraction(self.points))
        object.__setattr__(self, "max_points", Fraction(self.max_points))
        most = self.max_points if self.most is None else self.most
        if self.state is State.GRADED and not 0 <= self.points <= most:
            raise AuthoringError(f"points must be from 0 to {plain(most)}, got {plain(self.points)}")
        if self.state is State.GRADED and self.max_points == 0:
            raise AuthoringError("the maximum must be above 0")
        if self.state is not State.GRADED and self.points:
            raise AuthoringError(f"an item that is {self.state.value} has no points, got {plain(self.points)}")
        if self.late_minutes < 0:
            raise AuthoringError(f"lateness must not be negative, got {self.late_minutes} minutes")
