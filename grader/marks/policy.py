"""Turn a student's entries into a course mark: percentages, lateness, best k of n, weights, one rounding.

Pure and exact: marks go in as decimals, are calculated with as fractions, and are rounded once, at the end, half up.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from grader.course.entries import Entry, State
from grader.course.scheme import Component, LateRule, Scheme, plain
from grader.errors import AuthoringError


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
    raw: Fraction | None
    days_late: int
    free_days: int  # of the days late
    deduction: Fraction  # points of the percentage; `percent` does not go below 0
    percent: Fraction | None  # after lateness
    verdict: Verdict
    why: str = ""
    lateness: str = ""  # in words; empty when in time


@dataclass(frozen=True)
class ComponentMark:
    """One component of one student. `places` items count; `weight` is what it weighs for this student (0: nothing)."""

    component: Component
    items: tuple[ItemMark, ...]
    places: int
    percent: Fraction | None
    weight: Fraction


@dataclass(frozen=True)
class CourseMark:
    """One student's mark. `total` is `exact`, rounded; both are None while something is `incomplete`."""

    components: tuple[ComponentMark, ...]
    exact: Fraction | None
    total: Decimal | None
    rounding_digits: int
    incomplete: tuple[str, ...] = ()


def course_mark(scheme: Scheme, entries: Mapping[str, Entry]) -> CourseMark:
    """Apply the rules to one entry for each of the scheme's items."""
    if set(entries) != set(scheme.items):
        wanted, got = ", ".join(scheme.items), ", ".join(sorted(entries))
        raise AuthoringError(f"one entry for each item is needed: {wanted}; got: {got}")
    scored = dict(zip(scheme.items, _scored(scheme, entries), strict=True))
    components = [_component_mark(part, [scored[item] for item in part.items]) for part in scheme.components]
    if scheme.when_all_excused == "reweigh":
        components = _reweighed(components)
    incomplete = tuple(reason for part in components for reason in _what_is_open(part))
    if incomplete:
        return CourseMark(tuple(components), None, None, scheme.rounding_digits, incomplete)
    exact = sum((part.weight * (part.percent or 0) for part in components), Fraction(0)) / 100
    return CourseMark(tuple(components), exact, rounded(exact, scheme.rounding_digits), scheme.rounding_digits)


def so_far(scheme: Scheme, mark: CourseMark) -> CourseMark:
    """The mark as if what has none yet were not in the set: where a student stands today. Not a course mark."""
    entries = {item.item: item.entry for part in mark.components for item in part.items}
    known = {item: Entry(State.EXCUSED) if entry.state is State.DEFERRED else entry for item, entry in entries.items()}
    return course_mark(scheme, known)


def rounded(value: Fraction, digits: int) -> Decimal:
    """The decimal with so many digits after the point that is nearest to `value` (not negative); halves go up."""
    return Decimal(math.floor(value * 10**digits + Fraction(1, 2))).scaleb(-digits)


def shown(percent: Fraction) -> str:
    """A percentage as people read it, two digits; nothing is calculated with it."""
    return format(rounded(percent, 2), "f")


def _scored(scheme: Scheme, entries: Mapping[str, Entry]) -> Iterator[ItemMark]:
    """Each item by itself: percentage, lateness. Items that wait for a mark keep the free days they will need."""
    free_left = scheme.late.free_days
    for item in scheme.items:
        entry = entries[item]
        if entry.state not in (State.GRADED, State.DEFERRED):
            yield _without_mark(item, entry)
            continue
        days = scheme.late.days(entry.late_minutes)
        free = 0 if scheme.late.too_late(days) else min(days, free_left)
        free_left -= free
        yield _with_mark(item, entry, scheme.late, days, free)


def _without_mark(item: str, entry: Entry) -> ItemMark:
    zero = Fraction(0)
    if entry.state is State.EXCUSED:
        return ItemMark(item, entry, None, 0, 0, zero, None, Verdict.EXCUSED, "not in the set")
    if entry.state is State.INTEGRITY:
        return ItemMark(item, entry, zero, 0, 0, zero, zero, Verdict.COUNTED, "an integrity zero is never dropped")
    return ItemMark(item, entry, zero, 0, 0, zero, zero, Verdict.UNDECIDED)


def _with_mark(item: str, entry: Entry, late: LateRule, days: int, free: int) -> ItemMark:
    words = _lateness(late, days, free)
    if entry.state is State.DEFERRED:
        why = "no mark yet, which is not a zero"
        return ItemMark(item, entry, None, days, free, Fraction(0), None, Verdict.WAITING, why, words)
    raw = 100 * entry.points / entry.max_points
    deduction = raw if late.too_late(days) else late.deduction(days - free, entry.max_points)
    percent = max(Fraction(0), raw - deduction)
    return ItemMark(item, entry, raw, days, free, deduction, percent, Verdict.UNDECIDED, lateness=words)


def _lateness(late: LateRule, days: int, free: int) -> str:
    if not days:
        return ""
    words = f"{_days(days)} late"
    if late.too_late(days):
        return f"{words}, not accepted after {_days(late.max_days or 0)}"
    return f"{words}, {free} of them free" if free else words


def _component_mark(component: Component, scored: list[ItemMark]) -> ComponentMark:
    pool = [mark for mark in scored if mark.verdict is not Verdict.EXCUSED]
    places = min(component.best or len(component.items), len(pool))
    waiting = any(mark.verdict is Verdict.WAITING for mark in pool)
    items = tuple(_settled(scored, len(pool), places, waiting))
    weight = Fraction(component.weight)
    if waiting or not places:
        return ComponentMark(component, items, places, None, weight)
    counted = [mark.percent or Fraction(0) for mark in items if mark.verdict is Verdict.COUNTED]
    return ComponentMark(component, items, places, sum(counted, Fraction(0)) / places, weight)


def _settled(scored: list[ItemMark], pool: int, places: int, waiting: bool) -> Iterator[ItemMark]:
    """Pick the best. Integrity zeros have their places already; equal percentages go by the order of the items."""
    candidates = [mark for mark in scored if mark.verdict is Verdict.UNDECIDED]
    taken = sum(mark.verdict is Verdict.COUNTED for mark in scored)
    best = sorted(candidates, key=lambda mark: -(mark.percent or 0))[: max(0, places - taken)]
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
            yield replace(mark, verdict=Verdict.DROPPED, why=_why_dropped(mark, last, places, pool))


def _why_dropped(mark: ItemMark, last: ItemMark | None, places: int, pool: int) -> str:
    if last is None:
        return "integrity zeros take every place"
    if mark.percent == last.percent:
        return f"equal to {last.item}, which comes first; the best {places} of {pool} count"
    return f"the best {places} of {pool} count"


def _reweighed(components: list[ComponentMark]) -> list[ComponentMark]:
    """Give the weight of components without any item to the others, in proportion."""
    rest = sum((part.weight for part in components if part.places), Fraction(0))
    if not rest:
        return components
    return [replace(part, weight=part.weight * 100 / rest if part.places else Fraction(0)) for part in components]


def _what_is_open(part: ComponentMark) -> list[str]:
    if part.places:
        return [f"{mark.item} has no mark yet" for mark in part.items if mark.verdict is Verdict.WAITING]
    return [f"every item of {part.component.id} is excused"] if part.weight else []


def explain(mark: CourseMark) -> list[str]:
    """The computation in lines that a student understands. Shown with two digits, calculated exactly."""
    lines = [line for part in mark.components for line in (*explain_component(part), "")]
    return [*lines, *_total_lines(mark)]


def explain_component(part: ComponentMark) -> list[str]:
    """How one component came about, in lines that a student understands."""
    head = f"{part.component.title}: {plain(part.component.weight)} % of the course, {part.component.rule}"
    return [head, *(line for item in part.items for line in _item_lines(item)), f"  = {_component_line(part)}"]


def _item_lines(item: ItemMark) -> Iterator[str]:
    if item.percent is None:
        yield f"  {item.item}: {item.entry.state.value}, {item.why}{_after(item.lateness)}"
    else:
        yield f"  {item.item}: {_how(item)}; {item.verdict.value} ({item.why})"
    for word, what in (("because", item.entry.reason), ("from", item.entry.source)):
        if what:
            yield f"      {word}: {what}"


def _how(item: ItemMark) -> str:
    """How an item came to its percentage."""
    entry = item.entry
    if item.raw is None or item.percent is None or entry.state is not State.GRADED:
        return f"{entry.state.value} = 0.00 %"
    text = f"{plain(entry.points)} of {plain(entry.max_points)} points = {shown(item.raw)} %"
    off = f": {shown(item.deduction)} off = {shown(item.percent)} %" if item.lateness else ""
    return f"{text}{_after(item.lateness)}{off}"


def _after(words: str) -> str:
    return f"; {words}" if words else ""


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _component_line(part: ComponentMark) -> str:
    if not part.places:
        return "every item is excused; " + ("nothing is counted here" if not part.weight else "no mark")
    if part.percent is None:
        return "no mark yet"
    counted = [shown(item.percent or Fraction(0)) for item in part.items if item.verdict is Verdict.COUNTED]
    mean = f"({' + '.join(counted)}) / {part.places} = " if len(counted) > 1 else ""
    gives = f"{shown(part.percent * part.weight / 100)} of {shown(part.weight)}"
    return f"{mean}{shown(part.percent)} %, which gives {gives}"


def _total_lines(mark: CourseMark) -> Iterator[str]:
    if mark.exact is None or mark.total is None:
        yield f"Total: incomplete; {'; '.join(mark.incomplete)}"
        return
    parts = [shown(part.weight * (part.percent or 0) / 100) for part in mark.components if part.weight]
    yield f"Total: {' + '.join(parts)} = {_cut(mark.exact)}; rounded once, half up: {mark.total:f}"
    yield "Numbers on the way are shown with two digits; the calculation is exact."


def _cut(value: Fraction) -> str:
    """The first five digits after the point, not rounded, so that what is rounded next can be followed by eye."""
    digits = Decimal(math.floor(value * 10**5)).scaleb(-5)
    return plain(digits) if Fraction(digits) == value else f"{digits:f}..."
