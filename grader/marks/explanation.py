"""How a mark came about, in lines that a student understands. Shown with two digits, calculated exactly."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from grader.course.entries import State
from grader.course.scheme import plain
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.marks.policy import ComponentMark, CourseMark, ItemMark, Step, Verdict, shown, so_far

DIGESTS = re.compile(r"\btests(?: q\d+:[0-9a-f]{8}){2,}")  # as the source of a mark names them
FROM = mark("from")  # before the source of a mark, which is for the staff
COSTS = {  # what every day begun costs
    "percent": mark("{number} of the 100"),
    "points": mark("{number} of the item's points"),
    "earned": mark("{number} % of what was earned"),
}
WORDS: dict[State | Verdict, str] = {
    State.GRADED: mark("graded"),
    State.MISSING: mark("missing"),
    State.EXCUSED: mark("excused"),
    State.INTEGRITY: mark("integrity"),
    State.DEFERRED: mark("open"),
    Verdict.COUNTED: mark("counted"),
    Verdict.DROPPED: mark("dropped"),
    Verdict.EXCUSED: mark("excused"),
    Verdict.WAITING: mark("open"),
    Verdict.UNDECIDED: mark("undecided"),
}


def state_of(item: ItemMark) -> str:
    """In a word: graded, missing, unreadable."""
    return tr("unreadable") if item.unreadable else tr(WORDS[item.entry.state])


def explain(mark: CourseMark) -> list[str]:
    """The whole computation."""
    lines = [line for part in mark.components for line in (*explain_component(part), "")]
    about_time = [line for line in (lateness(mark), free_days(mark)) if line]
    return [*lines, *about_time, *([""] if about_time else []), *_total_lines(mark)]


def explain_component(part: ComponentMark) -> list[str]:
    """How one component came about."""
    head = f"{part.component.title}: {recorded(part.component.share)}, {recorded(part.component.rule)}"
    return [head, *(line for item in part.items for line in _item_lines(item)), f"  = {_component_line(part)}"]


def lateness(mark: CourseMark) -> str:
    """How late what was late came, and what a day costs; "" where nothing was."""
    late = [
        tr("{item} by {time}", item=item.item, time=_hours(item.entry.late_minutes))
        for item in mark.items
        if item.days_late
    ]
    if not late:
        return ""
    rule, items = mark.scheme.late, ", ".join(late)
    cost = tr(COSTS[rule.unit], number=figure(plain(rule.per_day)))
    if not rule.grace_minutes:
        return tr("Late: {items}; every day begun costs {cost}", items=items, cost=cost)
    grace = _hours(rule.grace_minutes)
    return tr(
        "Late: {items}; every day begun, {grace} of grace aside, costs {cost}", items=items, grace=grace, cost=cost
    )


def _hours(minutes: Decimal) -> str:
    hours, rest = divmod(math.ceil(minutes), 60)
    return " ".join(text for text in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if text)


def free_days(mark: CourseMark) -> str:
    """Where the free days went, and how many are left; "" where the course gives none."""
    if mark.free_days_left is None:
        return ""
    spent = [f"{item.item} {item.free_days}" for item in mark.items if item.free_days]
    left, days = mark.free_days_left, mark.scheme.late.free_days
    if not spent:
        return tr("Free days: {n} of {days} left; none spent", n=left, days=days)
    return tr("Free days: {n} of {days} left; spent: {items}", n=left, days=days, items=", ".join(spent))


def computation(item: ItemMark) -> str:
    """How an item came to its percentage."""
    entry = item.entry
    if item.raw is None or item.percent is None or entry.state is not State.GRADED:
        return f"{tr(WORDS[entry.state])} = {figure('0.00')} %"
    off = ""
    if item.lateness:
        off = f": {tr('{percent} off', percent=_shown(item.deduction))} = {_shown(item.percent)} %"
    return f"{_points(item)} = {_shown(item.raw)} %{stepwise(item.steps)}{_after(item.lateness)}{off}"


def _shown(percent: Fraction) -> str:
    """A percentage as the language writes it."""
    return figure(shown(percent))


def stepwise(steps: Sequence[Step]) -> str:
    """What a curve or a cap did, and what came of it."""
    return "".join(f"; {recorded(words)} = {_shown(percent)} %" for words, percent in steps)


def _points(item: ItemMark) -> str:
    """The points, and which make 100 % where that is not the maximum."""
    points, worth = figure(plain(item.entry.points)), figure(plain(item.entry.max_points))
    if not item.raw or item.raw * item.entry.max_points == 100 * item.entry.points:
        return tr("{points} of {worth} points", points=points, worth=worth)
    whole = figure(plain(100 * item.entry.points / item.raw))
    return tr("{points} of {worth} points, out of {whole},", points=points, worth=worth, whole=whole)


def _item_lines(item: ItemMark) -> Iterator[str]:
    if item.percent is None:
        yield f"  {item.item}: {tr(WORDS[item.entry.state])}, {recorded(item.why)}{_after(item.lateness)}"
    else:
        yield f"  {item.item}: {computation(item)}; {tr(WORDS[item.verdict])} ({recorded(item.why)})"
    if item.entry.reason:
        yield f"      {tr('because')}: {recorded(item.entry.reason)}"
    if item.entry.source:
        yield f"      {tr(FROM)}: {recorded(in_short(item.entry.source))}"


def in_short(source: str) -> str:
    """Where a mark comes from, without the digests of hidden tests."""
    return DIGESTS.sub(_how_many, source)


def _how_many(digests: re.Match[str]) -> str:
    """In place of the digests of hidden tests, of how many questions they are."""
    return f"tests of {digests[0].count(':')} questions"


def _after(words: str) -> str:
    return f"; {recorded(words)}" if words else ""


def _component_line(part: ComponentMark) -> str:
    if not part.places:
        if part.component.bonus or not part.weight:
            return tr("every item is excused; nothing is counted here")
        return tr("every item is excused; no mark")
    if part.percent is None:
        return tr("incomplete")
    gives = _shown(part.gives)
    if part.component.bonus:
        return tr("{mean}, which gives {points} on top", mean=mean(part), points=gives)
    return tr("{mean}, which gives {points} of {worth}", mean=mean(part), points=gives, worth=_shown(part.weight))


def mean(part: ComponentMark) -> str:
    """The mean of what counts, written out, and what a curve made of it."""
    weights = [part.component.weight_of(item.item) for item in part.counted]
    earned = [item.percent or Fraction(0) for item in part.counted]
    before = sum(weight * each for weight, each in zip(weights, earned, strict=True)) / sum(weights)
    result = f"{_shown(Fraction(before))} %{stepwise(part.steps)}"
    if len(earned) == 1:
        return result
    if len(set(weights)) == 1:
        return f"({' + '.join(map(_shown, earned))}) / {len(earned)} = {result}"
    parts = " + ".join(
        f"{figure(plain(weight))} x {_shown(each)}" for weight, each in zip(weights, earned, strict=True)
    )
    return f"({parts}) / {figure(plain(sum(weights, Fraction(0))))} = {result}"


def total_sum(mark: CourseMark) -> str:
    """What the components give, added, and what a curve makes of it."""
    parts = " + ".join(_shown(part.gives) for part in mark.components if part.weight)
    if not mark.steps:
        return parts
    before = sum((part.gives for part in mark.components), Fraction(0))
    return f"{parts} = {_shown(before)}" + "".join(
        f"; {recorded(words)} = {_shown(value)}" for words, value in mark.steps
    )


def _total_lines(mark: CourseMark) -> Iterator[str]:
    if mark.exact is None or mark.total is None:
        yield tr("Total: incomplete; {reasons}", reasons="; ".join(map(recorded, mark.incomplete)))
        today = so_far(mark)
        if today.total is not None:
            total = figure(f"{today.total:f}")
            yield tr("So far: {total}, the total over what has a mark already; no course mark.", total=total)
        return
    total, exact = figure(f"{mark.total:f}"), figure(_cut(mark.exact))
    yield tr("Total: {sum} = {exact}; rounded once, half up: {total}", sum=total_sum(mark), exact=exact, total=total)
    yield tr("Numbers on the way are shown with two digits; the calculation is exact.")


def _cut(value: Fraction) -> str:
    """The first five digits after the point, not rounded, so that what is rounded next can be followed by eye."""
    digits = Decimal(math.floor(value * 10**5)).scaleb(-5)
    return plain(digits) if Fraction(digits) == value else f"{digits:f}..."
