"""The nouns of a grading scheme: components, their weights, best k, lateness. They check themselves when made."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from grader.errors import AuthoringError
from grader.schema import exact_text

DAY_MINUTES = 24 * 60
ITEM_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESERVED_IDS = ("email", "max", "name", "points_possible", "student", "total")  # columns of the tables
COMPONENT_PREFIX = "component_"
MOST_DIGITS = 9  # after the point, of a number that is shown exactly
LATE_UNITS = ("percent", "points")
WHEN_ALL_EXCUSED = ("incomplete", "reweigh")


@dataclass(frozen=True)
class LateRule:
    """What lateness costs. Every day begun after deadline and grace costs `per_day`, the student's free days excepted.

    unit: "percent", points of the percentage; or "points", the item's own points.
    max_days: a submission later than this many days is worth 0, and no free day is spent on it; None: no such limit.
    free_days: for the whole course, spent in the order of the items.
    """

    per_day: Decimal = Decimal(0)
    unit: str = "percent"
    grace_minutes: Decimal = Decimal(0)
    max_days: int | None = None
    free_days: int = 0

    def __post_init__(self) -> None:
        if self.unit not in LATE_UNITS:
            raise AuthoringError(f"unit must be one of {', '.join(LATE_UNITS)}, got {self.unit!r}")
        for name in ("per_day", "grace_minutes", "max_days", "free_days"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 10**6:
                raise AuthoringError(f"{name} must be from 0 to 999999, got {value}")

    def days(self, late_minutes: Decimal) -> int:
        """The number of days begun after deadline and grace."""
        return max(0, math.ceil((Fraction(late_minutes) - Fraction(self.grace_minutes)) / DAY_MINUTES))

    def too_late(self, days: int) -> bool:
        return self.max_days is not None and days > self.max_days

    def deduction(self, days: int, max_points: Fraction) -> Fraction:
        """Points of the percentage that `days` days cost, the free ones already taken off."""
        cost = Fraction(self.per_day) * days
        return cost if self.unit == "percent" else cost * 100 / max_points


@dataclass(frozen=True)
class Component:
    """A part of the course mark. Its items weigh the same; the best `best` of them count (None: all)."""

    id: str
    title: str
    weight: Decimal
    assignments: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()  # of the tables in marks/
    best: int | None = None

    def __post_init__(self) -> None:
        for name in (self.id, *self.items):
            if not ITEM_ID.fullmatch(name):
                raise AuthoringError(f"an id is made of a-z, 0-9 and _ and starts with a letter, got {name!r}")
            if name in RESERVED_IDS or name.startswith(COMPONENT_PREFIX):
                raise AuthoringError(f"the id {name!r} has a meaning in the tables already; take another one")
        if not self.weight.is_finite() or self.weight <= 0:
            raise AuthoringError(f"weight must be above 0, got {self.weight}")
        if not self.items:
            raise AuthoringError("no items: give assignments = [...] or columns = [...]")
        if self.best is not None and not 1 <= self.best <= len(self.items):
            raise AuthoringError(f"best must be from 1 to {len(self.items)}, the number of items; got {self.best}")

    @property
    def items(self) -> tuple[str, ...]:
        return self.assignments + self.columns

    @property
    def rule(self) -> str:
        """How the items are picked, in words."""
        if self.best is not None and self.best < len(self.items):
            return f"best {self.best} of {len(self.items)}"
        return "all count" if len(self.items) > 1 else "one item"


@dataclass(frozen=True)
class Scheme:
    """How a course is marked."""

    components: tuple[Component, ...]
    late: LateRule = field(default_factory=LateRule)
    rounding_digits: int = 2
    when_all_excused: str = "incomplete"  # or "reweigh": the other components share the weight, in proportion

    def __post_init__(self) -> None:
        total = sum(Fraction(component.weight) for component in self.components)
        if total != 100:
            parts = " + ".join(f"{component.id} {plain(component.weight)}" for component in self.components)
            raise AuthoringError(f"weights must add to 100, got {float(total):g} = {parts or 'no component'}")
        for what, ids in (("component", [component.id for component in self.components]), ("item", list(self.items))):
            twice = sorted({name for name in ids if ids.count(name) > 1})
            if twice:
                raise AuthoringError(f"{what} {twice[0]!r} is there twice")
        if not 0 <= self.rounding_digits <= 6:
            raise AuthoringError(f"rounding_digits must be from 0 to 6, got {self.rounding_digits}")
        if self.when_all_excused not in WHEN_ALL_EXCUSED:
            wanted = ", ".join(WHEN_ALL_EXCUSED)
            raise AuthoringError(f"when_all_excused must be one of {wanted}, got {self.when_all_excused!r}")

    @property
    def items(self) -> tuple[str, ...]:
        """Every item of the course, in its order."""
        return tuple(item for component in self.components for item in component.items)


def plain(number: Decimal | Fraction) -> str:
    """A number as people read it: 30, 12.5; one without an end, as a third of 10 points, with two digits: 3.33."""
    text = exact_text(Fraction(number))
    if "/" not in text and len(text.partition(".")[2]) <= MOST_DIGITS:
        return text
    hundredths = math.floor(abs(Fraction(number)) * 100 + Fraction(1, 2))
    return f"{'-' if number < 0 else ''}{hundredths // 100}.{hundredths % 100:02}"
