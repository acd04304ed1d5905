"""Which assignments count for a student today, and how that is calculated: the part of the mark that is about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grader.course.entries import Entry, State
from grader.course.scheme import plain
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.marks.explanation import FROM, explain_component, free_days, mean, stepwise
from grader.marks.gradebook import Line
from grader.marks.marksheet import clean
from grader.marks.policy import ComponentMark, ItemMark, Verdict, shown, so_far

COUNTS = {
    Verdict.COUNTED: mark("counts"),
    Verdict.DROPPED: mark("does not count"),
    Verdict.EXCUSED: mark("not in the set"),
    Verdict.WAITING: mark("open"),
    Verdict.UNDECIDED: mark("not decided yet"),
}
STATES = {
    State.GRADED: "",
    State.MISSING: mark("nothing handed in, 0"),
    State.EXCUSED: mark("excused"),
    State.INTEGRITY: mark("0 by decision of the staff, never dropped"),
    State.DEFERRED: mark("no mark yet"),
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
        heading = f"{self.title}: {self.rule}"
        return heading if self.final else tr("{heading}, so far", heading=heading)

    @property
    def remark(self) -> str:
        """What else decides about the points of the page's assignment: lateness, a decision of the staff."""
        this = next(row for row in self.rows if row.this)
        if this.state in (State.EXCUSED, State.INTEGRITY):
            return tr("These points do not stand: {why}.", why=tr(STATES[this.state]))
        counts = bool(this.late and this.percent)
        return tr("{late}; {percent} count.", late=this.late, percent=this.percent) if counts else ""


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
    lines = [hide(clean(line)) for line in explain_component(part) if not line.lstrip().startswith(f"{tr(FROM)}: ")]
    return Standing(
        part.component.title,
        recorded(part.component.rule),
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
    reason = tr("no notebook could be read") if unread else recorded(hide(clean(entry.reason))[:200])
    reason = "" if entry.state is State.DEFERRED else reason
    return Row(
        item=item.item,
        this=this,
        points=_points(entry) if graded else "\u2013",
        percent="" if item.percent is None else f"{figure(shown(item.percent))} %",
        late=_late(item) if item.lateness and graded else recorded(item.lateness),
        counts=tr(COUNTS[verdict]),
        note="; ".join(
            part for part in (STATES[entry.state] and tr(STATES[entry.state]), _curve(item), reason) if part
        ),
        state=entry.state,
    )


def _points(entry: Entry) -> str:
    return tr("{points} of {worth}", points=figure(plain(entry.points)), worth=figure(plain(entry.max_points)))


def _late(item: ItemMark) -> str:
    """How late, and what that costs."""
    return tr("{late}: {percent} % off", late=recorded(item.lateness), percent=figure(shown(item.deduction)))


def _curve(item: ItemMark) -> str:
    """What a curve or a cap made of the points."""
    return f"{figure(shown(item.raw))} %{stepwise(item.steps)}" if item.raw is not None and item.steps else ""


def _result(today: ComponentMark, final: bool) -> str:
    """The mean of what counts, written out."""
    if today.percent is None or not today.counted:
        return tr("Every item is excused.") if final else tr("Nothing counts yet.")
    component = today.component
    if component.drop is not None:
        best = tr("All but the lowest {n} count", n=component.drop)
    elif component.best:
        best = tr("The best {n} count", n=component.best)
    else:
        best = tr("All count")
    if final:
        return tr("{what}: {mean}.", what=best, mean=mean(today))
    return tr("{what}; so far, with what has a mark today: {mean}.", what=best, mean=mean(today))
