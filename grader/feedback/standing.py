"""Which assignments count for a student today, and how that is calculated: the part of the mark that is about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grader.course.entries import State
from grader.course.scheme import plain
from grader.marks.explanation import explain_component, free_days, mean, stepwise
from grader.marks.gradebook import Line
from grader.marks.marksheet import clean
from grader.marks.policy import ComponentMark, ItemMark, Verdict, shown, so_far

COUNTS = {
    Verdict.COUNTED: "counts",
    Verdict.DROPPED: "does not count",
    Verdict.EXCUSED: "not in the set",
    Verdict.WAITING: "open",
    Verdict.UNDECIDED: "not decided yet",
}
STATES = {
    State.GRADED: "",
    State.MISSING: "nothing handed in, 0",
    State.EXCUSED: "excused",
    State.INTEGRITY: "0 by decision of the staff, never dropped",
    State.DEFERRED: "no mark yet",
}


@dataclass(frozen=True)
class Row:
    """One assignment of the component. `this`: the one that the page is about."""

    item: str
    this: bool
    points: str
    percent: str
    late: str
    counts: str
    note: str
    state: State


@dataclass(frozen=True)
class Standing:
    """The component that an assignment belongs to. `final`: every mark is there; else it is as of today."""

    title: str
    rule: str
    final: bool
    rows: tuple[Row, ...]
    result: str
    computation: tuple[str, ...]
    free_days: str = ""  # where they went, and how many are left; "" where the course gives none

    @property
    def heading(self) -> str:
        return f"{self.title}: {self.rule}" + ("" if self.final else ", so far")

    @property
    def remark(self) -> str:
        """What else decides about the points of the page's assignment: lateness, a decision of the staff."""
        this = next(row for row in self.rows if row.this)
        if this.state in (State.EXCUSED, State.INTEGRITY):
            return f"These points do not stand: {STATES[this.state]}."
        return f"{this.late}; {this.percent} count." if this.late and this.percent else ""


def standing(assignment: str, line: Line, hide: Callable[[str], str] = str) -> Standing | None:
    """Where the student stands; None where the assignment is no part of the mark."""
    place = next(
        (n for n, part in enumerate(line.mark.components) if assignment in [item.item for item in part.items]), None
    )
    if place is None:
        return None
    part = line.mark.components[place]
    final = part.percent is not None or not part.places
    today = part if final else so_far(line.mark).components[place]
    rows = tuple(
        _row(item, now, item.item == assignment, hide) for item, now in zip(part.items, today.items, strict=True)
    )
    lines = [hide(clean(line)) for line in explain_component(part) if not line.lstrip().startswith("from: ")]
    return Standing(
        part.component.title,
        part.component.rule,
        final,
        rows,
        _result(today, final),
        tuple(lines),
        free_days(line.mark),
    )


def _row(item: ItemMark, now: ItemMark, this: bool, hide: Callable[[str], str]) -> Row:
    entry, verdict = item.entry, item.verdict if item.verdict is Verdict.WAITING else now.verdict
    graded = entry.state is State.GRADED
    unread = entry.reason.startswith("no notebook could be read")
    reason = "no notebook could be read" if unread else hide(clean(entry.reason))[:200]
    reason = "" if entry.state is State.DEFERRED else reason
    return Row(
        item=item.item,
        this=this,
        points=f"{plain(entry.points)} of {plain(entry.max_points)}" if graded else "\u2013",
        percent="" if item.percent is None else f"{shown(item.percent)} %",
        late=f"{item.lateness}: {shown(item.deduction)} % off" if item.lateness and graded else item.lateness,
        counts=COUNTS[verdict],
        note="; ".join(part for part in (STATES[entry.state], _curve(item), reason) if part),
        state=entry.state,
    )


def _curve(item: ItemMark) -> str:
    """What a curve or a cap made of the points."""
    return f"{shown(item.raw)} %{stepwise(item.steps)}" if item.raw is not None and item.steps else ""


def _result(today: ComponentMark, final: bool) -> str:
    """The mean of what counts, written out."""
    if today.percent is None or not today.counted:
        return "Nothing counts yet." if not final else "Every item is excused."
    component = today.component
    best = f"The best {component.best} count" if component.best else "All count"
    if component.drop is not None:
        best = f"All but the lowest {component.drop} count"
    when = "" if final else "; so far, with what has a mark today"
    return f"{best}{when}: {mean(today)}."
