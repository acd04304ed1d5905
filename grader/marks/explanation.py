"""How a mark came about, in lines that a student understands. Shown with two digits, calculated exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from grader.course.entries import State
from grader.course.scheme import plain
from grader.marks.policy import ComponentMark, CourseMark, ItemMark, Step, shown, so_far

COSTS = {"percent": "of the 100", "points": "of the item's points", "earned": "% of what was earned"}


def explain(mark: CourseMark) -> list[str]:
    """The whole computation."""
    lines = [line for part in mark.components for line in (*explain_component(part), "")]
    about_time = [line for line in (lateness(mark), free_days(mark)) if line]
    return [*lines, *about_time, *([""] if about_time else []), *_total_lines(mark)]


def explain_component(part: ComponentMark) -> list[str]:
    """How one component came about."""
    head = f"{part.component.title}: {part.component.share}, {part.component.rule}"
    return [head, *(line for item in part.items for line in _item_lines(item)), f"  = {_component_line(part)}"]


def lateness(mark: CourseMark) -> str:
    """How late what was late came, and what a day costs; "" where nothing was."""
    late = [f"{item.item} by {_hours(item.entry.late_minutes)}" for item in mark.items if item.days_late]
    if not late:
        return ""
    rule = mark.scheme.late
    grace = f", {_hours(rule.grace_minutes)} of grace aside," if rule.grace_minutes else ""
    return f"Late: {', '.join(late)}; every day begun{grace} costs {plain(rule.per_day)} {COSTS[rule.unit]}"


def _hours(minutes: Decimal) -> str:
    hours, rest = divmod(math.ceil(minutes), 60)
    return " ".join(text for text in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if text)


def free_days(mark: CourseMark) -> str:
    """Where the free days went, and how many are left; "" where the course gives none."""
    if mark.free_days_left is None:
        return ""
    spent = [f"{item.item} {item.free_days}" for item in mark.items if item.free_days]
    of = f"Free days: {mark.free_days_left} of {mark.scheme.late.free_days} left"
    return f"{of}; spent: {', '.join(spent)}" if spent else f"{of}; none spent"


def computation(item: ItemMark) -> str:
    """How an item came to its percentage."""
    entry = item.entry
    if item.raw is None or item.percent is None or entry.state is not State.GRADED:
        return f"{entry.state.value} = 0.00 %"
    text = f"{plain(entry.points)} of {plain(entry.max_points)} points{_out_of(item)} = {shown(item.raw)} %"
    off = f": {shown(item.deduction)} off = {shown(item.percent)} %" if item.lateness else ""
    return f"{text}{stepwise(item.steps)}{_after(item.lateness)}{off}"


def stepwise(steps: Sequence[Step]) -> str:
    """What a curve or a cap did, and what came of it."""
    return "".join(f"; {words} = {shown(percent)} %" for words, percent in steps)


def _out_of(item: ItemMark) -> str:
    """The points that make 100 %, where that is not the maximum."""
    if not item.raw or item.raw * item.entry.max_points == 100 * item.entry.points:
        return ""
    return f", out of {plain(100 * item.entry.points / item.raw)},"


def _item_lines(item: ItemMark) -> Iterator[str]:
    if item.percent is None:
        yield f"  {item.item}: {item.entry.state.value}, {item.why}{_after(item.lateness)}"
    else:
        yield f"  {item.item}: {computation(item)}; {item.verdict.value} ({item.why})"
    for word, what in (("because", item.entry.reason), ("from", item.entry.source)):
        if what:
            yield f"      {word}: {what}"


def _after(words: str) -> str:
    return f"; {words}" if words else ""


def _component_line(part: ComponentMark) -> str:
    if not part.places:
        nothing = part.component.bonus or not part.weight
        return "every item is excused; " + ("nothing is counted here" if nothing else "no mark")
    if part.percent is None:
        return "no mark yet"
    gives = f"{shown(part.gives)} on top" if part.component.bonus else f"{shown(part.gives)} of {shown(part.weight)}"
    return f"{mean(part)}, which gives {gives}"


def mean(part: ComponentMark) -> str:
    """The mean of what counts, written out, and what a curve made of it."""
    weights = [part.component.weight_of(item.item) for item in part.counted]
    earned = [item.percent or Fraction(0) for item in part.counted]
    before = sum(weight * each for weight, each in zip(weights, earned, strict=True)) / sum(weights)
    result = f"{shown(Fraction(before))} %{stepwise(part.steps)}"
    if len(earned) == 1:
        return result
    if len(set(weights)) == 1:
        return f"({' + '.join(map(shown, earned))}) / {len(earned)} = {result}"
    parts = " + ".join(f"{plain(weight)} x {shown(each)}" for weight, each in zip(weights, earned, strict=True))
    return f"({parts}) / {plain(sum(weights, Fraction(0)))} = {result}"


def total_sum(mark: CourseMark) -> str:
    """What the components give, added, and what a curve makes of it."""
    parts = " + ".join(shown(part.gives) for part in mark.components if part.weight)
    if not mark.steps:
        return parts
    before = sum((part.gives for part in mark.components), Fraction(0))
    return f"{parts} = {shown(before)}" + "".join(f"; {words} = {shown(value)}" for words, value in mark.steps)


def _total_lines(mark: CourseMark) -> Iterator[str]:
    if mark.exact is None or mark.total is None:
        yield f"Total: incomplete; {'; '.join(mark.incomplete)}"
        today = so_far(mark)
        if today.total is not None:
            yield f"So far: {today.total:f}, the total over what has a mark already; no course mark."
        return
    yield f"Total: {total_sum(mark)} = {_cut(mark.exact)}; rounded once, half up: {mark.total:f}"
    yield "Numbers on the way are shown with two digits; the calculation is exact."


def _cut(value: Fraction) -> str:
    """The first five digits after the point, not rounded, so that what is rounded next can be followed by eye."""
    digits = Decimal(math.floor(value * 10**5)).scaleb(-5)
    return plain(digits) if Fraction(digits) == value else f"{digits:f}..."
