"""The nouns of a grading scheme: components, their weights, what of them counts, lateness, whom they are for.

They check themselves when made.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from grader.course.curve import Curve
from grader.errors import AuthoringError
from grader.schema import exact_text

DAY_MINUTES = 24 * 60
ITEM_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
TOTAL = "total"  # of the course, where an item is named
RESERVED_IDS = ("email", "group", "max", "name", "points_possible", "so_far", "student", TOTAL)  # columns of the tables
COMPONENT_PREFIX = "component_"
MOST_PERCENT = 1000
MOST_DIGITS = 9  # after the point, of a number that is shown exactly
LATE_UNITS = ("percent", "points", "earned")
WHEN_ALL_EXCUSED = ("incomplete", "reweigh")


@dataclass(frozen=True)
class LateRule:
    """What lateness costs. Every day begun after deadline and grace costs `per_day`, the student's free days excepted.

    unit: "percent", points of the percentage; "points", the item's own points; "earned", percent of what was earned.
    max_days: a submission later than this many days is worth 0, and no free day is spent on it; None: no such limit.
    free_days: for the whole course, spent in the order of the items;  free_days_each: at most for one item.
    """

    per_day: Decimal = Decimal(0)
    unit: str = "percent"
    grace_minutes: Decimal = Decimal(0)
    max_days: int | None = None
    free_days: int = 0
    free_days_each: int | None = None

    def __post_init__(self) -> None:
        if self.unit not in LATE_UNITS:
            raise AuthoringError(f"unit must be one of {', '.join(LATE_UNITS)}, got {self.unit!r}")
        for name in ("per_day", "grace_minutes", "max_days", "free_days", "free_days_each"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 10**6:
                raise AuthoringError(f"{name} must be from 0 to 999999, got {value}")
        if self.free_days_each is not None and not 0 < self.free_days_each <= self.free_days:
            raise AuthoringError(
                f"free_days_each must be from 1 to free_days, which is {self.free_days}; got {self.free_days_each}"
            )

    def days(self, late_minutes: Decimal) -> int:
        """The number of days begun after deadline and grace."""
        return max(0, math.ceil((Fraction(late_minutes) - Fraction(self.grace_minutes)) / DAY_MINUTES))

    def too_late(self, days: int) -> bool:
        return self.max_days is not None and days > self.max_days

    def free(self, days: int, left: int) -> int:
        """How many of an item's late days are free, where so many are left."""
        most = left if self.free_days_each is None else min(left, self.free_days_each)
        return 0 if self.too_late(days) else min(days, most)

    def deduction(self, days: int, max_points: Fraction, earned: Fraction) -> Fraction:
        """Points of the percentage that `days` days cost, the free ones already taken off.

        max_points: of the item;  earned: the percentage before lateness
        """
        cost = Fraction(self.per_day) * days
        if self.unit == "earned":
            return earned * min(cost, Fraction(100)) / 100
        return cost if self.unit == "percent" else cost * 100 / max_points


@dataclass(frozen=True)
class Component:
    """A part of the course mark. The best `best` of its items count, or all but the lowest `drop` (None: all).

    weights: of each item within the component; without, all weigh the same
    out_of: points with which an assignment is 100 %, where more can be earned
    cap: the percentage that an item may reach; above 100 it is extra credit
    bonus: the weight comes on top of the 100;  groups: of students, whom it is for (none: for all)
    """

    id: str
    title: str
    weight: Decimal
    assignments: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()  # of the tables in marks/
    best: int | None = None
    drop: int | None = None
    weights: Mapping[str, Decimal] = field(default_factory=dict)
    out_of: Mapping[str, Decimal] = field(default_factory=dict)
    cap: Decimal = Decimal(100)
    bonus: bool = False
    groups: tuple[str, ...] = ()

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
        self._check_picking()
        self._check_items()
        if not 0 < self.cap <= MOST_PERCENT:
            raise AuthoringError(f"cap must be above 0 and at most {MOST_PERCENT}, got {self.cap}")
        for group in self.groups:
            if group != "".join(group.split()) or self.groups.count(group) > 1:
                raise AuthoringError(f"groups are words without blanks, each there once; got {group!r}")

    def _check_picking(self) -> None:
        if self.best is not None and self.drop is not None:
            raise AuthoringError("best and drop say the same in two ways; give one of them")
        if self.best is not None and not 1 <= self.best <= len(self.items):
            raise AuthoringError(f"best must be from 1 to {len(self.items)}, the number of items; got {self.best}")
        if self.drop is not None and not 1 <= self.drop < len(self.items):
            raise AuthoringError(f"drop must be from 1 and leave one of {len(self.items)} items; got {self.drop}")

    def _check_items(self) -> None:
        for name, weight in self.weights.items():
            if name not in self.items or weight <= 0:
                raise AuthoringError(f"weights: expected a number above 0 for an item, got {name} = {weight}")
        lacking = [name for name in self.items if self.weights and name not in self.weights]
        if lacking:
            raise AuthoringError(f"weights: {lacking[0]} has none; give every item one, or none any")
        for name, points in self.out_of.items():
            if name not in self.assignments:
                raise AuthoringError(f"out_of: {name!r} is none of assignments; a table says it in its row max")
            if points <= 0:
                raise AuthoringError(f"out_of: {name} must be above 0, got {points}")

    @property
    def items(self) -> tuple[str, ...]:
        return self.assignments + self.columns

    def places(self, there: int) -> int:
        """How many of the items that are there count."""
        if self.drop is not None:
            return max(there - self.drop, min(there, 1))
        return min(self.best or len(self.items), there)

    def weight_of(self, item: str) -> Fraction:
        """What an item weighs beside the others."""
        return Fraction(self.weights.get(item, 1))

    @property
    def share(self) -> str:
        """What it weighs, and for whom, in words."""
        whom = f" for {', '.join(self.groups)}" if self.groups else ""
        return f"{plain(self.weight)} % {'on top of the 100 of the course' if self.bonus else 'of the course'}{whom}"

    @property
    def rule(self) -> str:
        """How the items are picked, in words."""
        weighted = ", weighted" if len(set(self.weights.values())) > 1 else ""
        if self.best is not None and self.best < len(self.items):
            return f"best {self.best} of {len(self.items)}{weighted}"
        if self.drop is not None:
            return f"lowest {self.drop} of {len(self.items)} dropped{weighted}"
        return f"all count{weighted}" if len(self.items) > 1 else "one item"


@dataclass(frozen=True)
class Scheme:
    """How a course is marked. `curves`: by the item or the component that they change, or TOTAL."""

    components: tuple[Component, ...]
    late: LateRule = field(default_factory=LateRule)
    rounding_digits: int = 2
    when_all_excused: str = "incomplete"  # or "reweigh": the other components share the weight, in proportion
    curves: Mapping[str, Curve] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for group in self.groups or ("",):
            _check_weights(self._for(group), f" for {group}" if group else "")
        ids = [component.id for component in self.components]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise AuthoringError(f"component {twice[0]!r} is there twice")
        if not 0 <= self.rounding_digits <= 6:
            raise AuthoringError(f"rounding_digits must be from 0 to 6, got {self.rounding_digits}")
        if self.when_all_excused not in WHEN_ALL_EXCUSED:
            wanted = ", ".join(WHEN_ALL_EXCUSED)
            raise AuthoringError(f"when_all_excused must be one of {wanted}, got {self.when_all_excused!r}")
        for name in self.curves:
            if (name in ids) + (name in self.items) + (name == TOTAL) != 1:
                what = "an item and a component; rename one" if name in ids else "no item, no component and not total"
                raise AuthoringError(f"curve: {name!r} is {what}")

    @property
    def items(self) -> tuple[str, ...]:
        """Every item of the course, in its order."""
        return tuple(dict.fromkeys(item for component in self.components for item in component.items))

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of students that are marked differently; none where all are marked alike."""
        return tuple(dict.fromkeys(group for component in self.components for group in component.groups))

    def of(self, group: str) -> Scheme:
        """The scheme of one group; without groups, the only one."""
        if not self.groups:
            return self
        parts = tuple(replace(component, groups=()) for component in self._for(group))
        names = {TOTAL, *(name for part in parts for name in (part.id, *part.items))}
        curves = {name: curve for name, curve in self.curves.items() if name in names}
        return replace(self, components=parts, curves=curves)

    def group_of(self, student: str, words: Collection[str]) -> str:
        """Which of the groups somebody with these words in the roster is in. Raises AuthoringError unless it is one."""
        mine = [group for group in self.groups if group in words]
        if self.groups and len(mine) != 1:
            among = f"course.toml marks them apart: {', '.join(self.groups)}"
            if not mine:
                raise AuthoringError(f"roster.csv: {student} is in no group; {among}")
            raise AuthoringError(f"roster.csv: {student} is in more than one group ({', '.join(mine)}); {among}")
        return mine[0] if mine else ""

    def cap(self, item: str) -> Decimal:
        """The percentage that an item may reach, for anybody."""
        return max(component.cap for component in self.components if item in component.items)

    def _for(self, group: str) -> list[Component]:
        return [component for component in self.components if not component.groups or group in component.groups]


def _check_weights(components: Sequence[Component], whom: str) -> None:
    """Raise AuthoringError unless the weights of those who are marked alike add to 100, and no item is there twice."""
    graded = [component for component in components if not component.bonus]
    total = sum(Fraction(component.weight) for component in graded)
    if total != 100:
        parts = " + ".join(f"{component.id} {plain(component.weight)}" for component in graded)
        parts = parts or "no component that is no bonus"
        raise AuthoringError(
            f"weights{whom} must add to 100, got {float(total):g} = {parts or 'no component that is no bonus'}"
        )
    items = [item for component in components for item in component.items]
    twice = sorted({name for name in items if items.count(name) > 1})
    if twice:
        raise AuthoringError(f"item {twice[0]!r} is there twice{whom}")


def plain(number: Decimal | Fraction) -> str:
    """A number as people read it: 30, 12.5; one without an end, as a third of 10 points, with two digits: 3.33."""
    text = exact_text(Fraction(number))
    if "/" not in text and len(text.partition(".")[2]) <= MOST_DIGITS:
        return text
    hundredths = math.floor(abs(Fraction(number)) * 100 + Fraction(1, 2))
    return f"{'-' if number < 0 else ''}{hundredths // 100}.{hundredths % 100:02}"
