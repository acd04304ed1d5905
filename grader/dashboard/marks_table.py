"""The gradebook as a table. A zero, missing, excused, an integrity zero, no mark: all told apart."""

from __future__ import annotations

from collections.abc import Iterator

from grader.course.entries import State
from grader.dashboard.links import Links
from grader.dashboard.parts import tall_table
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.marks.explanation import state_of
from grader.marks.gradebook import Gradebook, Line
from grader.marks.marksheet import NOT_THEIRS
from grader.marks.policy import ComponentMark, ItemMark, Verdict, shown
from grader.pages.markup import Html, badge, cell, el, heading, joined, number

KINDS = {State.MISSING: "bad", State.INTEGRITY: "bad", State.EXCUSED: "", State.DEFERRED: "warn"}
LEGEND = mark(
    "Percentages after lateness. (..) or dropped: does not count. ..?: not decided before every mark is there. "
    "missing, unreadable and integrity count 0; an integrity zero is never the one that is dropped. "
    "excused is out of the set. "
    "open: no mark yet, which is not a zero. late: points were taken off for lateness. "
    "A student's page shows the computation."
)


def marks_table(book: Gradebook, links: Links) -> Html:
    """A row per student in the order of the roster."""
    parts = book.course.scheme.components
    groups = [heading(tr("student"), rowspan=2), heading(tr("name"), rowspan=2), heading(tr("total"), "n", rowspan=2)]
    groups += [] if book.is_final else [heading(tr("so far"), "n", rowspan=2)]
    names: list[Html] = []
    for part in parts:
        several = len(part.items) > 1
        about = f"{recorded(part.share.replace(' of the course', ''))}, {recorded(part.rule)}"
        title = joined([part.title, el("br"), el("span", about, class_="dim small")])
        groups.append(heading(title, "group", scope="colgroup", colspan=len(part.items) + several))
        names += [heading(item, f"n{' first' if not place else ''}") for place, item in enumerate(part.items)]
        names += [heading("= %", "n")] if several else []
    head = [el("tr", *groups), el("tr", *names)]
    so_far = tr("so far: the total over what has a mark already; no course mark.")
    text = tr(LEGEND) if book.is_final else f"{tr(LEGEND)} {so_far}"
    found = tr("Any word of a row finds it: an id, a part of a name, late, missing, incomplete.")
    legend = el("p", f"{text} {found}", class_="dim small")
    rows = (list(_row(line, book, links)) for line in book.lines)
    return joined([tall_table(head, rows, tr("Marks of every student"), "marks"), legend])


def _row(line: Line, book: Gradebook, links: Links) -> Iterator[Html]:
    student = line.student
    yield el("th", links.to_student(student.id), scope="row")
    yield cell(el("bdi", student.name), "name")
    total = line.mark.total
    yield number(badge(tr("incomplete"), "warn") if total is None else figure(f"{total:f}"), "sum")
    if not book.is_final:
        yield number("" if line.so_far is None else figure(f"{line.so_far:f}"))
    for component in book.course.scheme.components:
        part = line.part(component.id)
        several = len(component.items) > 1
        if part is None:
            yield from (number(NOT_THEIRS, "" if place else "first") for place in range(len(component.items) + several))
            continue
        for place, item in enumerate(part.items):
            yield number(item_text(item), " ".join(_classes(item, first=not place)))
        if several:
            yield number(part_text(part), "sum")


def _classes(item: ItemMark, first: bool) -> Iterator[str]:
    if first:
        yield "first"
    if item.verdict is Verdict.DROPPED:
        yield "dropped"


def item_text(item: ItemMark) -> Html:
    """What a cell of the gradebook says about one item."""
    state, percent = item.entry.state, item.in_tables
    kind = "bad" if item.unreadable else KINDS.get(state, "")
    text = badge(state_of(item), kind) if percent is None else joined([figure(shown(percent))])
    if item.verdict is Verdict.DROPPED:
        in_brackets = el("span", "(", text, ")", class_="unbroken")
        text = in_brackets if state is State.GRADED else joined([text, " ", tr("dropped")])
    if item.verdict is Verdict.UNDECIDED:
        text = joined([text, "?"])
    return joined([badge(tr("late")), " ", text]) if item.deduction and not item.unreadable else text


def part_text(part: ComponentMark) -> Html:
    """A component's percentage, or why it has none."""
    if part.percent is not None:
        return joined([figure(shown(part.percent))])
    return badge(tr("incomplete"), "warn") if part.places else badge(tr("excused"))
