"""The page of the course: where the assignments stand, totals and components, what was dropped and why, every mark."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from grader.course.entries import State
from grader.course.scheme import plain
from grader.dashboard import figures
from grader.dashboard.assignment_page import near_table
from grader.dashboard.changed_by_hand import changes_section
from grader.dashboard.cohort import Cohort, Near, Spread, near, spread
from grader.dashboard.findings import Findings
from grader.dashboard.incidents import how_many
from grader.dashboard.links import Links
from grader.dashboard.marks_table import marks_table
from grader.dashboard.parts import NONE, header, one_digit, page, section, tile, to_section, two_digits
from grader.dashboard.what_went_wrong import wrong_section
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr, trn
from grader.marks.explanation import WORDS
from grader.marks.gradebook import Gradebook, Line, Stranger
from grader.marks.policy import ItemMark, Verdict
from grader.pages.markup import Html, badge, cell, el, heading, joined, number, table, within
from grader.schema import Status
from grader.terminal.endings import ended, not_graded
from grader.terminal.screen import words

FEW_INCIDENTS = 20  # of the course: so few are shown one by one
WITHIN = Decimal(1)  # points of percentage from a boundary
FATES = (
    *(mark("counted"), mark("dropped"), mark("missing, 0")),
    *(mark("integrity, 0"), mark("excused"), mark("open")),
)


@dataclass(frozen=True)
class CourseFindings:
    book: Gradebook
    assignments: tuple[Findings, ...]
    boundaries: tuple[Decimal, ...] = ()
    as_of: str = ""


def items_of(line: Line) -> Iterator[ItemMark]:
    return iter(line.mark.items)


def item_percents(book: Gradebook, item: str) -> list[tuple[str, Fraction]]:
    """(student, percentage after lateness) of everybody who has a mark in one item."""
    return [
        (line.student.id, mark.percent)
        for line in book.lines
        for mark in items_of(line)
        if mark.item == item and mark.percent is not None and mark.entry.state is State.GRADED
    ]


def near_boundaries(book: Gradebook, item: str, boundaries: Sequence[Decimal]) -> list[Near]:
    return near(item_percents(book, item), boundaries, WITHIN)


def course_page(found: CourseFindings, links: Links) -> str:
    book = found.book
    sections = [
        _look_first(found, links),
        wrong_section(found.assignments, links),
        _assignments(found, links),
        _totals(found, links),
        _components(book),
        _dropped(book),
        changes_section(found.assignments, links),
        section("marks", tr("Marks"), marks_table(book, links)),
    ]
    names = [("look", tr("Look at first")), ("wrong", tr("What went wrong most"))]
    names += [("assignments", tr("Assignments")), ("totals", tr("Totals"))]
    names += [("near", tr("Near a boundary"))] if any(line.mark.total is not None for line in book.lines) else []
    names += [("components", tr("Components")), ("dropped", tr("What was dropped"))]
    names += [("changed", tr("Changed by hand")), ("marks", tr("Marks"))]
    pages = [links.to_assignment(name) for name in links.assignments]
    parts = [to_section(name, text) for name, text in names]
    about = (
        tr("Where the course stands, {as_of}. For the staff: it names students.", as_of=recorded(found.as_of))
        if found.as_of
        else tr("Where the course stands. For the staff: it names students.")
    )
    head = header(book.course.name, about, pages, parts, _tiles(book))
    return page(tr("{course}: marks", course=book.course.name), head, sections, links)


def _tiles(book: Gradebook) -> Iterator[Html]:
    yield tile(len(book.lines), tr("students on the roster"))
    totals = [line.mark.total for line in book.lines if line.mark.total is not None]
    where = spread(totals)
    if where is not None:
        yield tile(len(totals), tr("have a total"), str(len(book.lines)))
        yield tile(two_digits(where.middle), tr("median total"), "100")
        yield tile(two_digits(where.mean), tr("mean total"), "100")
    if len(totals) < len(book.lines):
        yield tile(len(book.lines) - len(totals), tr("incomplete: a mark is still to come"))


# ---------------------------------------------------------------------------------------------------- first


def _look_first(found: CourseFindings, links: Links) -> Html:
    items = [el("li", *_stranger(person, links)) for person in found.book.strangers]
    one_by_one = sum(len(each.incidents) for each in found.assignments) <= FEW_INCIDENTS
    for each in found.assignments:
        items += [el("li", line) for line in _of_assignment(each, links, one_by_one)]
    items += [el("li", badge(tr("not used"), "warn"), " ", recorded(notice)) for notice in found.book.notices]
    nothing = el(
        "p",
        tr("Nothing: everybody is on the roster, every file could be read, all is marked, and no check is in doubt."),
    )
    return section("look", tr("Look at these first"), el("ul", *items, class_="first-look") if items else nothing)


def _stranger(person: Stranger, links: Links) -> Iterator[object]:
    yield el("b", links.to_student(person.id))
    yield " "
    yield badge(tr("not on the roster"), "warn")
    found = "; ".join(map(recorded, person.found))
    yield f" {tr('{found}; counted nowhere', found=f'{found}{recorded(person.hint)}')}"


def _of_assignment(each: Findings, links: Links, one_by_one: bool) -> Iterator[Html]:
    """What is in doubt and what is open, a line each; incidents one by one or counted."""
    name = each.cohort.assignment.id
    if each.doubts:
        checks = joined((links.to_check(name, check, words(check)) for check in each.doubts), "; ")
        text = trn("{n} check in doubt: {checks}", "{n} checks in doubt: {checks}", len(each.doubts), checks="{checks}")
        yield joined([links.to_assignment(name, part="#look"), " ", within(text, checks=checks)])
    due = each.cohort.to_be_marked
    if due:
        yield joined(
            [links.to_assignment(name), f" {trn('{n} answer is to be marked', '{n} answers are to be marked', due)}"]
        )
    if each.incidents and not one_by_one:
        yield joined([links.to_assignment(name, part="#incidents"), f" {how_many(each.incidents)}"])
    for incident in each.incidents if one_by_one else ():
        who = el("b", links.to_named(incident.student))
        yield joined(
            [
                who,
                el("span", f" {name} ", class_="dim"),
                badge(incident.in_a_word, "warn"),
                f" {recorded(incident.what)}",
            ]
        )


def _assignments(found: CourseFindings, links: Links) -> Html:
    states = [_states(each.cohort) for each in found.assignments]
    told = [state for state in (states[0] if states else ()) if any(counts[state] for counts in states)]
    columns = (
        tr("handed in"),
        tr("nothing handed in"),
        *told,
        tr("mean as graded"),
        tr("median as graded"),
        tr("of"),
        tr("checks in doubt"),
    )
    head = el("tr", heading(tr("assignment")), *(heading(column, "n") for column in columns))
    rows = [
        list(_assignment_row(each, links, [counts[state] for state in told]))
        for each, counts in zip(found.assignments, states, strict=True)
    ]
    by_hand = [
        name
        for name in found.book.course.assignments
        if name not in {e.cohort.assignment.id for e in found.assignments}
    ]
    rest = (
        el("p", tr("From tables in marks/: {items}.", items=", ".join(by_hand)), class_="dim small")
        if by_hand
        else None
    )
    if not rows:
        return section("assignments", tr("Assignments"), el("p", tr("Nothing is graded here yet.")), rest)
    return section(
        "assignments",
        tr("Assignments"),
        table([head], rows, class_="stack assignments wraps", label=tr("Assignments")),
        rest,
    )


def _states(cohort: Cohort) -> dict[str, int]:
    """How many hand-ins are in each state, and how many answers a person has still to mark."""
    counts = {ended(status): len(cohort.ended(status)) for status in Status}
    return {**counts, not_graded(): len(cohort.waiting), tr("to be marked"): cohort.to_be_marked}


def _assignment_row(each: Findings, links: Links, counts: Sequence[int]) -> Iterator[Html]:
    cohort = each.cohort
    name = cohort.assignment.id
    yield el("th", links.to_assignment(name), " ", el("span", cohort.assignment.title, class_="dim small"), scope="row")
    yield number(len(cohort.handed_in))
    nothing = len(cohort.without_hand_in)
    yield number(links.to_assignment(name, f"{nothing}", "#funnel") if nothing else "0")
    yield from map(number, counts)
    where = spread(cohort.points)
    yield number(NONE if where is None else two_digits(where.mean))
    yield number(NONE if where is None else two_digits(where.middle))
    yield number(figure(plain(cohort.assignment.max_points)))
    doubts = len(each.doubts)
    yield number(links.to_assignment(name, badge(f"{doubts}", "warn"), "#look") if doubts else "0")


# ---------------------------------------------------------------------------------------------------- marks


def _totals(found: CourseFindings, links: Links) -> Html:
    """The distribution, and who is near a boundary."""
    book, boundaries = found.book, found.boundaries
    totals = [(line.student.id, Fraction(line.mark.total)) for line in book.lines if line.mark.total is not None]
    if not totals:
        return section("totals", tr("Totals"), el("p", tr("Nobody has a total yet: marks are still to come.")))
    borders = [float(boundary) for boundary in boundaries]
    values = [float(total) for _, total in totals]
    top = max(100.0, 20.0 * math.ceil(max(values) / 20))  # extra credit lies above 100
    picture = figures.histogram("course totals", values, top, tr("total out of 100"), borders)
    close = joined(
        [el("h3", tr("Near a boundary"), id="near"), near_table(near(totals, boundaries, WITHIN), links, boundaries)]
    )
    return section("totals", tr("Totals"), el("div", picture, el("div", close), class_="two"))


def _components(book: Gradebook) -> Html:
    """Where the percentages of every item and component lie."""
    rows = [(name, found) for name, found in _spreads(book) if found is not None]
    if not rows:
        return section("components", tr("Components"), el("p", tr("No marks yet.")))
    caption = tr(
        "Line: least to greatest. Box: the middle half. Bar and number: the median. "
        "Items after lateness, without those who have no mark or an integrity zero; a file that nobody could read is "
        "a 0. Q1 and Q3: a quarter lies below, or above."
    )
    picture = figures.spreads("components", rows, caption)
    columns = (tr("marks"), tr("least"), tr("Q1"), tr("median"), tr("Q3"), tr("most"), tr("mean"))
    head = el("tr", heading(tr("item, component")), *(heading(column, "n") for column in columns))
    lines = [[el("th", name, scope="row"), *_numbers(found)] for name, found in rows]
    return section(
        "components",
        tr("Components"),
        el("div", picture, table([head], lines, class_="stack components", label=tr("Components")), class_="two"),
    )


def _numbers(found: Spread) -> list[Html]:
    values = (found.least, found.lower, found.middle, found.upper, found.most, found.mean)
    return [number(found.number), *(number(one_digit(value)) for value in values)]


def _spreads(book: Gradebook) -> Iterator[tuple[str, Spread | None]]:
    told: set[str] = set()  # an item may be in the components of several groups
    for part in book.course.scheme.components:
        for item in part.items:
            if item not in told:
                yield item, spread(percent for _, percent in item_percents(book, item))
        told.update(part.items)
        if len(part.items) > 1:
            marks = [mark.percent for line in book.lines if (mark := line.part(part.id))]
            yield f"= {part.id}", spread(percent for percent in marks if percent is not None)
    yield f"= {tr('total')}", spread(line.mark.total for line in book.lines if line.mark.total is not None)


def _dropped(book: Gradebook) -> Html:
    """What became of every item, and the reasons given for what was dropped."""
    fates = {item: Counter[str]() for item in book.course.scheme.items}
    reasons = {item: Counter[str]() for item in book.course.scheme.items}
    for line in book.lines:
        for each in items_of(line):
            fates[each.item][_fate(each)] += 1
            if each.verdict is Verdict.DROPPED:
                reasons[each.item][_why_dropped(each)] += 1
    rows = [figures.Row(item, tuple(counts[fate] for fate in FATES)) for item, counts in fates.items()]
    caption = tr("Students by what became of each item. Open: no mark yet, or not decided.")
    picture = figures.parts("what was dropped", tuple(map(tr, FATES)), rows, caption)
    head = el("tr", heading(tr("item")), heading(tr("dropped"), "n"), heading(tr("why")))
    lines = [
        [el("th", item, scope="row"), number(fates[item]["dropped"]), cell(_in_words(reasons[item]), "small")]
        for item in book.course.scheme.items
    ]
    rules = [
        el("li", f"{part.title}: {recorded(part.share)}, {recorded(part.rule)}")
        for part in book.course.scheme.components
    ]
    more = el("p", tr("Why an item was dropped for one student stands on that student's page."), class_="dim small")
    return section(
        "dropped",
        tr("What was dropped, and why"),
        el("ul", *rules),
        el("div", picture, table([head], lines), class_="two"),
        more,
    )


def _why_dropped(mark: ItemMark) -> str:
    """The policy's reason without what differs from student to student."""
    if mark.entry.state is not State.GRADED:
        return tr(WORDS[mark.entry.state])
    if mark.why.startswith("equal to "):
        return tr("equal to one that comes first")
    return recorded(mark.why.replace("the best", "lower than the best").removesuffix(" count"))


def _fate(mark: ItemMark) -> str:
    if mark.verdict in (Verdict.DROPPED, Verdict.EXCUSED):
        return mark.verdict.value
    if mark.verdict is not Verdict.COUNTED:
        return "open"
    return {State.MISSING: "missing, 0", State.INTEGRITY: "integrity, 0"}.get(mark.entry.state, "counted")


def _in_words(reasons: Counter[str]) -> str:
    return "; ".join(f"{count} x {why}" for why, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
