"""What a student needs in the rest of the course for a total, the same percentage in everything that has no mark yet;
and what the total is with marks that one supposes.

Exact: the whole rule is applied to every answer that is tried, so that best k, drop, curves and lateness are in it. The
total never falls when a percentage rises, so that half of what is left can be ruled out with each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from grader.course.entries import Entry, State
from grader.course.scheme import Component, plain
from grader.errors import UsageError
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.marks.policy import CourseMark, ItemMark, Verdict, course_mark, shown, so_far

STEPS = 100  # of a percentage: the answer has two digits


@dataclass(frozen=True)
class Need:
    """What is needed for a total. `percent`: in every item of `rest`; None where even `highest` does not reach it.

    lowest, highest: the totals with nothing, and with everything that can be earned, in the rest
    """

    target: Decimal
    rest: tuple[str, ...]
    lowest: Decimal
    highest: Decimal
    percent: Fraction | None


def needed(mark: CourseMark, target: Decimal) -> Need:
    """Find the lowest percentage, of two digits, with which the rounded total is not below `target`.

    Raises UsageError where no mark in the rest would give a total.
    """
    most = math.ceil(max(_most(part.component, item) for part in mark.components for item in part.items) * STEPS)
    lowest, highest = _total(mark, 0), _total(mark, most)
    rest = rest_of(mark)
    if highest < target:
        return Need(target, rest, lowest, highest, None)
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _total(mark, middle) >= target else (middle + 1, high)
    return Need(target, rest, lowest, highest, Fraction(low, STEPS))


def explain_need(mark: CourseMark, target: Decimal) -> list[str]:
    """The answer in lines that a student understands."""
    need = needed(mark, target)
    wanted = figure(plain(target))
    lowest, highest = figure(f"{need.lowest:f}"), figure(f"{need.highest:f}")
    if not need.rest:
        reached = tr("For a total of {target}: every mark is there; the total is {total}, and {target} is reached.")
        missed = tr("For a total of {target}: every mark is there; the total is {total}, and {target} is not reached.")
        return [(missed if need.percent is None else reached).format(target=wanted, total=lowest)]
    rest = tr("What has no mark yet: {items}.", items=", ".join(need.rest))
    if need.percent is None:
        far = tr(
            "For a total of {target}: out of reach; with everything that can be earned "
            "in the rest the total is {total}.",
            target=wanted,
            total=highest,
        )
        return [rest, far]
    if not need.percent:
        safe = tr("For a total of {target}: safe already; with nothing in the rest the total is {total}.")
        return [rest, safe.format(target=wanted, total=lowest)]
    lines = [rest, _in_the_rest(need, wanted)]
    for item, (points, worth) in _in_points(mark, need.percent).items():
        enough = tr("{points} of {worth} points", points=figure(plain(points)), worth=figure(plain(worth)))
        lines.append(f"  {item}: {enough}")
    ends = tr(
        "With nothing in the rest the total is {lowest}, with everything {highest}.", lowest=lowest, highest=highest
    )
    return [*lines, ends]


def _in_the_rest(need: Need, target: str) -> str:
    """The percentage that is needed, in a sentence."""
    if need.percent is None:
        return ""
    percent = figure(shown(need.percent))
    each = tr("{percent} % in it", percent=percent)
    if len(need.rest) > 1:
        each = tr("{percent} % in each of these {n}", percent=percent, n=len(need.rest))
    if need.percent > 100:
        each = tr("{percentage}, which is extra credit", percentage=each)
    return tr("For a total of {target}: {percentage}, before lateness is taken off.", target=target, percentage=each)


def need_page(mark: CourseMark, target: Decimal) -> dict[str, object]:
    """The answer for a program. percent: None where the total is out of reach;  points: of what has a maximum."""
    need = needed(mark, target)
    points = _in_points(mark, need.percent) if need.percent is not None else {}
    return {
        "total": plain(target),
        "rest": list(need.rest),
        "percent": None if need.percent is None else shown(need.percent),
        "points": {item: plain(enough) for item, (enough, _) in points.items()},
        "max_points": {item: plain(worth) for item, (_, worth) in points.items()},
        "with_nothing": f"{need.lowest:f}",
        "with_everything": f"{need.highest:f}",
    }


def _in_points(mark: CourseMark, percent: Fraction) -> dict[str, tuple[Fraction, Fraction]]:
    """The percentage as (points, maximum) of what has a maximum already, by item."""
    return {
        item.item: (Fraction(math.ceil(_points(part.component, item, percent) * STEPS), STEPS), item.entry.max_points)
        for part in mark.components
        for item in part.items
        if item.entry.state is State.DEFERRED and item.entry.max_points
    }


def explain_supposed(mark: CourseMark, percents: Mapping[str, Fraction]) -> list[str]:
    """The total with these percentages, and as it is now, in lines that a student understands."""
    supposed = supposing(mark, percents)
    said = ", ".join(
        tr("{percent} % in {item}", percent=figure(shown(percent)), item=item) for item, percent in percents.items()
    )
    dropped = [
        tr("{item} would be dropped: {why}.", item=item.item, why=recorded(item.why))
        for item in supposed.items
        if item.item in percents and item.verdict is Verdict.DROPPED
    ]
    if supposed.total is not None:
        lines = [tr("With {marks} the total is {total}.", marks=said, total=figure(f"{supposed.total:f}"))]
        if mark.total is not None:
            lines.append(tr("As it is now, the total is {total}.", total=figure(f"{mark.total:f}")))
        return [*lines, *dropped]
    today = so_far(supposed).total
    total = tr("open") if today is None else figure(f"{today:f}")
    lines = [tr("With {marks} the total so far is {total}.", marks=said, total=total), *dropped]
    rest = ", ".join(rest_of(supposed))
    return [*lines, tr("Still without a mark: {items}.", items=rest)] if rest else lines


def supposed_page(mark: CourseMark, percents: Mapping[str, Fraction]) -> dict[str, object]:
    """The same for a program. total: None while a mark is to come"""
    supposed = supposing(mark, percents)
    today = so_far(supposed).total
    return {
        "percent": {item: shown(percent) for item, percent in percents.items()},
        "total": None if supposed.total is None else f"{supposed.total:f}",
        "exact": None if supposed.exact is None else str(supposed.exact),
        "so_far": None if today is None else f"{today:f}",
        "rest": list(rest_of(supposed)),
    }


def supposing(mark: CourseMark, percents: Mapping[str, Fraction]) -> CourseMark:
    """The mark with these percentages, before lateness, in place of what there is; what is not named stays as it is."""
    entries = {
        item.item: _supposed(part.component, item, percents[item.item]) if item.item in percents else item.entry
        for part in mark.components
        for item in part.items
    }
    return course_mark(mark.scheme, entries)


def rest_of(mark: CourseMark) -> tuple[str, ...]:
    """The items that have no mark yet."""
    return tuple(item.item for item in mark.items if item.entry.state is State.DEFERRED)


def _total(mark: CourseMark, hundredths: int) -> Decimal:
    """The total with this percentage in everything that has no mark yet."""
    supposed = supposing(mark, dict.fromkeys(rest_of(mark), Fraction(hundredths, STEPS)))
    if supposed.total is None:
        why = "; ".join(map(recorded, supposed.incomplete))
        raise UsageError(tr("no mark in the rest gives a total: {reasons}", reasons=why))
    return supposed.total


def _supposed(component: Component, item: ItemMark, percent: Fraction) -> Entry:
    entry = item.entry
    points, worth = _points(component, item, percent), entry.max_points or Fraction(100)
    return replace(entry, state=State.GRADED, points=points, max_points=worth, most=max(points, worth))


def _points(component: Component, item: ItemMark, percent: Fraction) -> Fraction:
    """The points of a percentage, or the most that the item can have."""
    worth = Fraction(component.out_of.get(item.item, item.entry.max_points or 100))
    return min(percent, _most(component, item)) * worth / 100


def _most(component: Component, item: ItemMark) -> Fraction:
    """The highest percentage that can be earned in an item; it may be more than its cap lets count."""
    entry = item.entry
    if not entry.max_points:  # no table of it yet
        return Fraction(max(component.cap, Decimal(100)))
    return 100 * (entry.most or entry.max_points) / Fraction(component.out_of.get(item.item, entry.max_points))
