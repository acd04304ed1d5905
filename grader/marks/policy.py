"""Turn a student's entries into a course mark: percentages, curves, lateness, best k of n, weights, one rounding.

Pure and exact: marks go in as decimals, are calculated with as fractions, and are rounded once, at the end, half up.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from grader.course.entries import Entry, State
from grader.course.scheme import TOTAL, Component, LateRule, Scheme, plain
from grader.errors import AuthoringError

Step = tuple[str, Fraction]  # what was done, in words, and the percentage that came of it


class Verdict(enum.Enum):
    """What became of one item in its component."""

    COUNTED = "counted"
    DROPPED = "dropped"
    EXCUSED = "excused"
    WAITING = "waiting"  # it has no mark yet
    UNDECIDED = "undecided"  # it has one, and whether it counts depends on an item that is waiting


@dataclass(frozen=True)
class ItemMark:
    """One item of one student and what became of it. Percentages are exact; None means: no mark (yet)."""

    item: str
    entry: Entry
    raw: Fraction | None  # as earned
    days_late: int
    free_days: int  # of the days late
    deduction: Fraction  # points of the percentage; `percent` does not go below 0
    percent: Fraction | None  # after curve, cap and lateness
    verdict: Verdict
    why: str = ""
    lateness: str = ""  # in words; empty when in time
    steps: tuple[Step, ...] = ()  # from `raw` to what lateness is taken off from

    @property
    def unreadable(self) -> bool:
        """Whether it is a zero because no notebook could be read; points given by hand end that."""
        return self.entry.unreadable and not self.percent

    @property
    def in_tables(self) -> Fraction | None:
        """The percentage that tables show; None: they say in a word what became of it."""
        return None if self.unreadable or self.entry.state is not State.GRADED else self.percent


@dataclass(frozen=True)
class ComponentMark:
    """One component of one student. `places` items count; `weight` is what it weighs for this student (0: nothing).

    steps: of a curve, from the mean to `percent`
    """

    component: Component
    items: tuple[ItemMark, ...]
    places: int
    percent: Fraction | None
    weight: Fraction
    steps: tuple[Step, ...] = ()

    @property
    def counted(self) -> list[ItemMark]:
        return [item for item in self.items if item.verdict is Verdict.COUNTED]

    @property
    def gives(self) -> Fraction:
        """Points of the course mark."""
        return (self.percent or Fraction(0)) * self.weight / 100


@dataclass(frozen=True)
class CourseMark:
    """One student's mark. `total` is `exact`, rounded; both are None while something is `incomplete`.

    steps: of a curve, from the sum of the components to `exact`;  free_days_left: None where the scheme gives none
    """

    scheme: Scheme
    components: tuple[ComponentMark, ...]
    exact: Fraction | None
    total: Decimal | None
    incomplete: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    free_days_left: int | None = None

    @property
    def items(self) -> tuple[ItemMark, ...]:
        return tuple(item for part in self.components for item in part.items)


def course_mark(scheme: Scheme, entries: Mapping[str, Entry]) -> CourseMark:
    """Apply the rules to one entry for each of the scheme's items."""
    if set(entries) != set(scheme.items):
        wanted, got = ", ".join(scheme.items), ", ".join(sorted(entries))
        raise AuthoringError(f"one entry for each item is needed: {wanted}; got: {got}")
    scored = dict(zip(scheme.items, _scored(scheme, entries), strict=True))
    return _settled(scheme, scored)


def so_far(mark: CourseMark) -> CourseMark:
    """The mark as if what has none yet were not in the set: where a student stands today. Not a course mark.

    Components in which nothing is there yet leave their weight to the others.
    """
    return _settled(replace(mark.scheme, when_all_excused="reweigh"), {item.item: _known(item) for item in mark.items})


def _known(item: ItemMark) -> ItemMark:
    """An item before it was picked; one that waits is out of the set."""
    if item.verdict is Verdict.WAITING:
        return replace(item, verdict=Verdict.EXCUSED)
    never = item.verdict is Verdict.EXCUSED or item.entry.state is State.INTEGRITY
    return item if never else replace(item, verdict=Verdict.UNDECIDED)


def rounded(value: Fraction, digits: int) -> Decimal:
    """The decimal with so many digits after the point that is nearest to `value` (not negative); halves go up."""
    return Decimal(math.floor(value * 10**digits + Fraction(1, 2))).scaleb(-digits)


def shown(percent: Fraction) -> str:
    """A percentage as people read it, two digits; nothing is calculated with it."""
    return format(rounded(percent, 2), "f")


def _settled(scheme: Scheme, scored: Mapping[str, ItemMark]) -> CourseMark:
    """Pick what counts, and add up."""
    parts = [_component_mark(scheme, part, [scored[item] for item in part.items]) for part in scheme.components]
    if scheme.when_all_excused == "reweigh":
        parts = _reweighed(parts)
    left = scheme.late.free_days - sum(item.free_days for item in scored.values()) if scheme.late.free_days else None
    incomplete = tuple(reason for part in parts for reason in _what_is_open(part))
    if incomplete:
        return CourseMark(scheme, tuple(parts), None, None, incomplete, free_days_left=left)
    steps = _curved(scheme, TOTAL, sum((part.gives for part in parts), Fraction(0)))
    exact = steps[-1][1]
    total = rounded(exact, scheme.rounding_digits)
    return CourseMark(scheme, tuple(parts), exact, total, (), steps[1:], left)


def _curved(scheme: Scheme, name: str, percent: Fraction) -> tuple[Step, ...]:
    """The percentage, and what its curve makes of it, step by step."""
    curve = scheme.curves.get(name)
    return (("", percent), *(curve.steps(percent) if curve else ()))


def _scored(scheme: Scheme, entries: Mapping[str, Entry]) -> Iterator[ItemMark]:
    """Each item by itself: percentage, lateness. Items that wait for a mark keep the free days they will need."""
    free_left = scheme.late.free_days
    for component in scheme.components:
        for item in component.items:
            entry = entries[item]
            if entry.state not in (State.GRADED, State.DEFERRED):
                yield _without_mark(item, entry)
                continue
            days = scheme.late.days(entry.late_minutes)
            free = scheme.late.free(days, free_left)
            free_left -= free
            yield _with_mark(scheme, component, item, entry, days, free)


def _without_mark(item: str, entry: Entry) -> ItemMark:
    zero = Fraction(0)
    if entry.state is State.EXCUSED:
        return ItemMark(item, entry, None, 0, 0, zero, None, Verdict.EXCUSED, "not in the set")
    if entry.state is State.INTEGRITY:
        return ItemMark(item, entry, zero, 0, 0, zero, zero, Verdict.COUNTED, "an integrity zero is never dropped")
    return ItemMark(item, entry, zero, 0, 0, zero, zero, Verdict.UNDECIDED)


def _with_mark(scheme: Scheme, component: Component, item: str, entry: Entry, days: int, free: int) -> ItemMark:
    late = scheme.late
    words = _lateness(late, days, free)
    if entry.state is State.DEFERRED:
        why = "no mark yet, which is not a zero"
        return ItemMark(item, entry, None, days, free, Fraction(0), None, Verdict.WAITING, why, words)
    worth = Fraction(component.out_of.get(item, entry.max_points))
    raw = 100 * entry.points / worth
    steps = _curved(scheme, item, raw)
    if steps[-1][1] > component.cap:
        steps = (*steps, (f"at most {plain(component.cap)}", Fraction(component.cap)))
    before = steps[-1][1]
    deduction = before if late.too_late(days) else late.deduction(days - free, worth, before)
    percent = max(Fraction(0), before - deduction)
    return ItemMark(item, entry, raw, days, free, deduction, percent, Verdict.UNDECIDED, "", words, steps[1:])


def _lateness(late: LateRule, days: int, free: int) -> str:
    if not days:
        return ""
    words = f"{_days(days)} late"
    if late.too_late(days):
        return f"{words}, not accepted after {_days(late.max_days or 0)}"
    return f"{words}, {free} of them free" if free else words


def _days(number: int) -> str:
    """In words."""
    return "1 day" if number == 1 else f"{number} days"


def _component_mark(scheme: Scheme, component: Component, scored: list[ItemMark]) -> ComponentMark:
    pool = [mark for mark in scored if mark.verdict is not Verdict.EXCUSED]
    places = component.places(len(pool))
    waiting = any(mark.verdict is Verdict.WAITING for mark in pool)
    items = tuple(_picked(component, scored, len(pool), places, waiting))
    weight = Fraction(component.weight)
    if waiting or not places:
        return ComponentMark(component, items, places, None, weight)
    counted = [mark for mark in items if mark.verdict is Verdict.COUNTED]
    steps = _curved(scheme, component.id, _mean(component, counted))
    return ComponentMark(component, items, places, steps[-1][1], weight, steps[1:])


def _mean(component: Component, counted: Sequence[ItemMark]) -> Fraction:
    """The mean percentage, each item with its weight."""
    weights = [component.weight_of(mark.item) for mark in counted]
    earned = (weight * (mark.percent or 0) for weight, mark in zip(weights, counted, strict=True))
    return sum(earned, Fraction(0)) / sum(weights)


def _best(component: Component, fixed: list[ItemMark], candidates: list[ItemMark], number: int) -> list[ItemMark]:
    """So many candidates that the mean, with those that are fixed, is highest; of equal ones those that come first.

    Dinkelbach: those that lie furthest above a mean, each by its weight, give a mean at least as high; until none
    is higher. Where all weigh the same these are simply the highest.
    """
    mean = Fraction(0)
    while number > 0:
        above = {mark.item: component.weight_of(mark.item) * ((mark.percent or 0) - mean) for mark in candidates}
        best = sorted(candidates, key=lambda mark: -above[mark.item])[:number]
        higher = _mean(component, fixed + best)
        if higher == mean:
            return best
        mean = higher
    return []


def _picked(component: Component, scored: list[ItemMark], pool: int, places: int, waiting: bool) -> Iterator[ItemMark]:
    """Pick the best. Integrity zeros have their places already; equal percentages go by the order of the items."""
    candidates = [mark for mark in scored if mark.verdict is Verdict.UNDECIDED]
    fixed = [mark for mark in scored if mark.verdict is Verdict.COUNTED]
    best = [] if waiting else _best(component, fixed, candidates, places - len(fixed))
    picked = {mark.item for mark in best}
    last = best[-1] if best else None
    for mark in scored:
        if mark.verdict is not Verdict.UNDECIDED:
            yield mark
        elif pool <= places:
            yield replace(mark, verdict=Verdict.COUNTED, why=f"all {pool} count" if pool > 1 else "the only one")
        elif waiting:
            yield replace(mark, why=f"the best {places} are picked when every mark is there")
        elif mark.item in picked:
            yield replace(mark, verdict=Verdict.COUNTED, why=f"one of the best {places} of {pool}")
        else:
            yield replace(mark, verdict=Verdict.DROPPED, why=_why_dropped(component, mark, last, places, pool))


def _why_dropped(component: Component, mark: ItemMark, last: ItemMark | None, places: int, pool: int) -> str:
    if last is None:
        return "integrity zeros take every place"
    if len(set(component.weights.values())) > 1:
        return f"the weighted mean of {places} of {pool} is highest without it"
    if mark.percent == last.percent:
        return f"equal to {last.item}, which comes first; the best {places} of {pool} count"
    return f"the best {places} of {pool} count"


def _reweighed(parts: list[ComponentMark]) -> list[ComponentMark]:
    """Give the weight of components without any item to the others, in proportion; a bonus is beside that."""
    rest = sum((part.weight for part in parts if part.places and not part.component.bonus), Fraction(0))
    if not rest:
        return parts
    return [
        part if part.component.bonus else replace(part, weight=part.weight * 100 / rest if part.places else Fraction(0))
        for part in parts
    ]


def _what_is_open(part: ComponentMark) -> list[str]:
    if part.places:
        return [f"{mark.item} has no mark yet" for mark in part.items if mark.verdict is Verdict.WAITING]
    return [f"every item of {part.component.id} is excused"] if part.weight and not part.component.bonus else []
