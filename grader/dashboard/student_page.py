"""The page of one student: each attempt with what was said and hinted at, and how the course mark came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from grader.course.entries import State
from grader.course.scheme import plain
from grader.dashboard.attempt_checks import questions
from grader.dashboard.links import Links
from grader.dashboard.parts import header, page, section, tile, to_section
from grader.dashboard.work import Work, by_hand, earlier, signed_points
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.marks.explanation import WORDS, explain, in_short, stepwise, total_sum
from grader.marks.gradebook import Line
from grader.marks.policy import ComponentMark, ItemMark, Verdict, shown
from grader.pages.markup import Html, badge, cell, el, heading, joined, number, scroller, table, within
from grader.schema import Assignment, Attempt, Status, add_up
from grader.submission.answers import Answer
from grader.terminal.endings import ended

NO_WORK = Work()
NO_ATTEMPT = mark("no attempt")


@dataclass(frozen=True)
class About:
    """One student. `line` is None for somebody who is not on the roster; `before`, `after`: whose pages are next.

    attempts: None where something was changed by hand, and there is no attempt
    answers: assignment -> question -> what the student wrote for a question that a person marks
    works: assignment -> the file, the code, earlier attempts, changes by hand
    """

    student: str
    line: Line | None
    attempts: tuple[tuple[Assignment, Attempt | None], ...] = ()
    answers: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict)
    works: Mapping[str, Work] = field(default_factory=dict)
    before: str = ""
    after: str = ""


def student_page(about: About, course: str, links: Links) -> str:
    """Everything about one student."""
    line, attempts = about.line, about.attempts
    navigation = [to_section(assignment.id, assignment.id) for assignment, _ in attempts]
    sections = [
        el(
            "section",
            *attempt_parts(
                assignment,
                attempt,
                links,
                about.answers.get(assignment.id, {}),
                about.works.get(assignment.id, NO_WORK),
            ),
            aria_labelledby=assignment.id,
        )
        for assignment, attempt in attempts
    ]
    if not attempts:
        sections.append(el("p", tr("Nothing of this student was graded.")))
    if line is not None:
        title = tr("How the course mark came about")
        navigation.append(to_section("mark", title))
        sections.append(section("mark", title, _computation(line), _in_words(line)))
    name = line.student.name if line else ""
    pages = [links.to_course(tr("The course")), *(links.to_assignment(name) for name in links.assignments)]
    pages += [_neighbour(f"\u2190 {tr('previous')}", about.before, links)] if about.before else []
    pages += [_neighbour(f"{tr('next')} \u2192", about.after, links)] if about.after else []
    title = joined([about.student, " ", el("bdi", name) if name else None])
    head = header(title, tr("{course}. For the staff.", course=course), pages, navigation, _tiles(about))
    return page(f"{about.student}, {course}", head, sections, links, plain=True)


def _neighbour(what: str, student: str, links: Links) -> Html:
    return el("span", el("span", f"{what}: ", class_="dim"), links.to_student(student))


def _tiles(about: About) -> Iterator[Html]:
    if about.line is None:
        yield tile(badge(tr("not on the roster"), "warn"), tr("counted nowhere"))
    else:
        total = about.line.mark.total
        yield tile(badge(tr("incomplete"), "warn") if total is None else figure(f"{total:f}"), tr("course total"))
        if total is None and about.line.so_far is not None:
            yield tile(figure(f"{about.line.so_far:f}"), tr("so far: the total over what has a mark already"))
    for assignment, attempt in about.attempts:
        by = _by(about.works.get(assignment.id))
        if attempt is None:
            given = f" ({tr('{points} by hand', points=signed_points(by))})" if by is not None else ""
            yield tile(badge(tr(NO_ATTEMPT), "warn"), f"{assignment.id}{given}")
        elif attempt.waiting and attempt.status is Status.GRADED:
            due = tr(
                "{assignment}: {questions} to be marked by hand",
                assignment=assignment.id,
                questions=", ".join(attempt.waiting),
            )
            yield tile(badge(tr("open"), "warn"), due)
        elif attempt.status is Status.GRADED:
            parts = f" ({_parts(attempt, by)})" if by is not None else ""
            points = figure(plain(attempt.points + (by or 0)))
            yield tile(points, f"{assignment.id}{parts}", figure(plain(assignment.max_points)))
        else:
            yield tile(badge(ended(attempt.status), "bad"), assignment.id)


def _by(work: Work | None) -> Fraction | None:
    """What points by hand come to; None where nobody changed any."""
    changed = [each for each in work.changed if each.changes] if work else []
    return add_up(each.by for each in changed) if changed else None


def _parts(attempt: Attempt, by: Fraction) -> str:
    return tr("{points} by checks, {more} by hand", points=figure(plain(attempt.points)), more=signed_points(by))


def _in_words(line: Line) -> Html:
    """The same as `grader marks --student` prints."""
    text = scroller("\n".join(explain(line.mark)), label=tr("the computation"), class_="computation")
    summary = el("summary", tr("The same in words, as a student may be told"))
    return el("details", summary, el("div", text, class_="inside"))


# ---------------------------------------------------------------------------------------------------- an attempt


def attempt_parts(
    assignment: Assignment, attempt: Attempt | None, links: Links, answers: Mapping[str, Answer], work: Work = NO_WORK
) -> Iterator[Html]:
    """One attempt for the staff: each question with what failed, what was said, what is hinted at, and its code."""
    yield el("h2", links.to_assignment(assignment.id), f": {assignment.title}", id=assignment.id)
    if attempt is None:
        yield el("p", badge(tr(NO_ATTEMPT), "warn"))
        yield from by_hand(work)
        return
    if attempt.status is not Status.GRADED:
        yield el("p", badge(ended(attempt.status), "bad"), " ", *map(recorded, attempt.notices[-1:]))
    else:
        by = _by(work)
        parts = f" ({_parts(attempt, by)})" if by is not None else ""
        points, worth = el("b", figure(plain(attempt.points + (by or 0)))), figure(plain(assignment.max_points))
        due = ", ".join(attempt.waiting)
        open_yet = tr(" so far, no total: {questions} to be marked by hand", questions=due) if due else ""
        yield el("p", within(tr("{points} of {worth} points"), points=points, worth=worth), parts, open_yet)
    file = "; ".join(part for part in (work.filename, recorded(work.timing)) if part)
    yield el("p", file) if file else Html("")
    yield from by_hand(work)
    yield from questions(assignment, attempt, links, answers, work)
    if attempt.notices and attempt.status is Status.GRADED:
        yield el("h3", tr("Notices"))
        yield el("ul", *(el("li", recorded(notice)) for notice in attempt.notices))
    yield from earlier(work)
    yield el("p", _receipt(attempt), class_="dim small")


def _receipt(attempt: Attempt) -> str:
    evidence = attempt.evidence
    if not evidence.tests:
        return tr("submission {digest}, nothing was run", digest=evidence.submission[:16])
    return tr(
        "submission {digest}, image {image}, {isolation}, {device}, {cpu} CPU s, {mib} MiB",
        digest=evidence.submission[:16],
        image=evidence.image[:19],
        isolation=evidence.isolation,
        device=evidence.device,
        cpu=figure(f"{attempt.usage.cpu_s:.2f}"),
        mib=f"{attempt.usage.peak_mib:.0f}",
    )


# ---------------------------------------------------------------------------------------------------- the mark


def _computation(line: Line) -> Html:
    head = el("tr", heading(tr("item")), heading(tr("points"), "n"), heading("%", "n"), heading(tr("late")),
              heading(tr("% after"), "n"), heading(tr("counts?")), heading(tr("why, and from where")))  # fmt: skip
    rows: list[list[Html]] = []
    for part in line.mark.components:
        rows += [_item_row(item) for item in part.items]
        rows.append(_part_row(part))
    mark = line.mark
    if mark.total is None:
        total = tr("Total: incomplete; {reasons}", reasons="; ".join(map(recorded, mark.incomplete)))
    else:
        total = tr(
            "Total: {sum}, calculated exactly and rounded once, half up: {total}",
            sum=total_sum(mark),
            total=figure(f"{mark.total:f}"),
        )
    return joined(
        [el("p", el("b", total)), table([head], rows, class_="stack mark", label=tr("How the course mark came about"))]
    )


def _item_row(item: ItemMark) -> list[Html]:
    entry, graded = item.entry, item.entry.state is State.GRADED
    of = {"points": figure(plain(entry.points)), "worth": figure(plain(entry.max_points))}
    points = tr("{points} of {worth}", **of) if graded else tr(WORDS[entry.state])
    off = tr("{percent} off", percent=figure(shown(item.deduction)))
    late = f"{recorded(item.lateness)}, {off}" if item.lateness else ""
    counts = joined([_verdict(item), " ", el("span", recorded(item.why), class_="dim small")])
    curve = stepwise(item.steps).removeprefix("; ")
    why = [el("div", text, class_="small") for text in (curve, recorded(entry.reason)) if text]
    why += [el("div", text, class_="small dim") for text in (in_short(entry.source),) if text]
    return [
        el("th", item.item, scope="row"),
        number(points),
        number("" if item.raw is None else figure(shown(item.raw))),
        cell(late, "small late"),
        number("" if item.percent is None else figure(shown(item.percent))),
        cell(counts, "words"),
        cell(joined(why), "source"),
    ]


def _verdict(item: ItemMark) -> Html:
    return badge(tr(WORDS[item.verdict]), {Verdict.COUNTED: "good", Verdict.WAITING: "warn"}.get(item.verdict, ""))


def _part_row(part: ComponentMark) -> list[Html]:
    gives = ""
    if part.percent is not None:
        points, worth = figure(shown(part.gives)), figure(shown(part.weight))
        on_top = tr("gives {points} on top", points=points)
        gives = on_top if part.component.bonus else tr("gives {points} of {worth}", points=points, worth=worth)
    without = tr("incomplete") if part.places else tr("excused")
    percent = figure(shown(part.percent)) if part.percent is not None else without
    empty = [cell(""), cell(""), cell("")]
    name = el("th", f"= {part.component.title}", scope="row")
    return [
        name,
        *empty,
        number(percent, "sum"),
        cell(el("b", gives) if gives else ""),
        cell(recorded(part.component.rule), "dim small"),
    ]
