"""The page of one student: each attempt with what was said and hinted at, and how the course mark came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from grader.course.entries import State
from grader.course.scheme import plain
from grader.dashboard.by_hand import manual_question
from grader.dashboard.links import Links
from grader.dashboard.parts import header, page, section, tile, to_section
from grader.marks.explanation import explain, stepwise, total_sum
from grader.marks.gradebook import Gradebook, Line
from grader.marks.policy import ComponentMark, ItemMark, Verdict, shown
from grader.pages.markup import Html, badge, bar, cell, el, heading, joined, number, share_of, table
from grader.schema import Assignment, Attempt, CheckResult, Outcome, Question, Status, add_up
from grader.submission.answers import Answer
from grader.terminal.screen import failures, hints, words

OUTCOMES = {Outcome.FAILED: "bad", Outcome.ERROR: "bad", Outcome.MISSING: "bad"}  # the others are odd: warn


def student_page(
    student: str,
    line: Line | None,
    attempts: Sequence[tuple[Assignment, Attempt]],
    book: Gradebook,
    links: Links,
    answers: Mapping[str, Mapping[str, Answer]] | None = None,
) -> str:
    """Everything about one student. `line` is None for somebody who is not on the roster.

    answers: assignment -> question -> what the student wrote for a question that a person marks
    """
    written = answers or {}
    navigation = [to_section(assignment.id, assignment.id) for assignment, _ in attempts]
    sections = [
        el("section", *attempt_parts(assignment, attempt, links, written.get(assignment.id, {})))
        for assignment, attempt in attempts
    ]
    if not attempts:
        sections.append(el("p", "Nothing of this student was graded."))
    if line is not None:
        navigation.append(to_section("mark", "How the course mark came about"))
        sections.append(section("mark", "How the course mark came about", _computation(line), _in_words(line)))
    name = el("bdi", line.student.name) if line and line.student.name else None
    about = joined([name, ". " if name else None, book.course.name, ". For the staff."])
    pages = [links.to_course("The course"), *(links.to_assignment(name) for name in links.assignments)]
    head = header(student, about, pages, navigation, _tiles(line, attempts))
    return page(f"{student}, {book.course.name}", head, sections)


def _tiles(line: Line | None, attempts: Sequence[tuple[Assignment, Attempt]]) -> Iterator[Html]:
    if line is None:
        yield tile(badge("not on the roster", "warn"), "counted nowhere")
    else:
        total = line.mark.total
        yield tile(badge("incomplete", "warn") if total is None else f"{total:f}", "course total")
    for assignment, attempt in attempts:
        if attempt.waiting and attempt.status is Status.GRADED:
            yield tile(badge("waiting", "warn"), f"{assignment.id}: {', '.join(attempt.waiting)} to be marked by hand")
        elif attempt.status is Status.GRADED:
            yield tile(plain(attempt.points), assignment.id, plain(assignment.max_points))
        else:
            yield tile(badge(attempt.status.value, "bad"), assignment.id)


def _in_words(line: Line) -> Html:
    """The same as `grader marks --student` prints."""
    text = el("pre", "\n".join(explain(line.mark)), class_="computation")
    summary = el("summary", "The same in words, as a student may be told")
    return el("details", summary, el("div", text, class_="inside"))


# ---------------------------------------------------------------------------------------------------- an attempt


def attempt_parts(
    assignment: Assignment, attempt: Attempt, links: Links, answers: Mapping[str, Answer]
) -> Iterator[Html]:
    """One attempt for the staff: each question with what failed, what was said, what is hinted at."""
    yield el("h2", links.to_assignment(assignment.id), f": {assignment.title}", id=assignment.id)
    if attempt.status is not Status.GRADED:
        yield el("p", badge(attempt.status.value, "bad"), " ", *attempt.notices[-1:])
    for question in assignment.questions:
        results = attempt.of_question(question.id)
        mark = attempt.mark_of(question.id)
        if mark is not None:
            yield from manual_question(question, mark, answers.get(question.id))
        elif results:
            yield from _question(question, results)
    if attempt.notices and attempt.status is Status.GRADED:
        yield el("h4", "Notices")
        yield el("ul", *(el("li", notice) for notice in attempt.notices))
    evidence = attempt.evidence
    receipt = f"submission {evidence.submission[:16]}, image {evidence.image[:19]}, {evidence.isolation}, "
    used = f"{evidence.device}, {attempt.usage.cpu_s:.2f} CPU s, {attempt.usage.peak_mib:.0f} MiB"
    yield el("p", receipt, used, class_="dim small")


def _question(question: Question, results: Sequence[CheckResult]) -> Iterator[Html]:
    points = add_up(result.points for result in results)
    worth = add_up(result.max_points for result in results)  # not the question's where the attempt is outdated
    score = f"{plain(points)} of {plain(worth)}"
    share = bar(share_of(points, worth), f"{score} points")
    failed = failures(results)
    passed = [words(result.name) for result in results if result.outcome.earns]
    all_passed = joined([" ", badge(f"all {len(passed)} checks passed", "good")]) if not failed else None
    yield el("h4", f"{question.id} {question.title} ", share, " ", el("span", score, class_="dim"), all_passed)
    if failed:
        yield el("ul", *(_failure(group) for group in failed), class_="checks")
    if failed and passed:
        yield el("p", badge(f"{len(passed)} passed", "good"), " ", "; ".join(passed), class_="dim small")


def _failure(group: Sequence[CheckResult]) -> Html:
    """Checks that failed alike: how they ended, which, what was said, what the author hints at."""
    outcome = group[0].outcome
    lost = add_up(result.max_points for result in group)
    names = "; ".join(words(result.name) for result in group)
    said = el("p", group[0].message, class_="said") if group[0].message else None
    told = [el("p", hint, class_="hint") for hint in hints(group)]
    lead = [
        badge(outcome.value, OUTCOMES.get(outcome, "warn")),
        f" {names} ",
        el("span", f"(-{plain(lost)})", class_="dim"),
    ]
    return el("li", *lead, said, *told)


# ---------------------------------------------------------------------------------------------------- the mark


def _computation(line: Line) -> Html:
    head = el("tr", heading("item"), heading("points", "n"), heading("%", "n"), heading("late"),
              heading("% after", "n"), heading("counts?"), heading("why, and from where"))  # fmt: skip
    rows: list[list[Html]] = []
    for part in line.mark.components:
        rows += [_item_row(item) for item in part.items]
        rows.append(_part_row(part))
    mark = line.mark
    if mark.total is None:
        total = f"Total: incomplete; {'; '.join(mark.incomplete)}"
    else:
        total = f"Total: {total_sum(mark)}, calculated exactly and rounded once, half up: {mark.total:f}"
    return joined([table([head], rows), el("p", el("b", total))])


def _item_row(item: ItemMark) -> list[Html]:
    entry, graded = item.entry, item.entry.state is State.GRADED
    points = f"{plain(entry.points)} of {plain(entry.max_points)}" if graded else entry.state.value
    late = f"{item.lateness}, {shown(item.deduction)} off" if item.lateness else ""
    counts = joined([_verdict(item), " ", el("span", item.why, class_="dim small")])
    curve = stepwise(item.steps).removeprefix("; ")
    why = [el("div", text, class_="small") for text in (curve, entry.reason) if text]
    why += [el("div", text, class_="small dim") for text in (entry.source,) if text]
    return [
        el("th", item.item, scope="row"),
        number(points),
        number("" if item.raw is None else shown(item.raw)),
        cell(late, "small late"),
        number("" if item.percent is None else shown(item.percent)),
        cell(counts, "words"),
        cell(joined(why), "source"),
    ]


def _verdict(item: ItemMark) -> Html:
    return badge(item.verdict.value, {Verdict.COUNTED: "good", Verdict.WAITING: "warn"}.get(item.verdict, ""))


def _part_row(part: ComponentMark) -> list[Html]:
    gives = ""
    if part.percent is not None:
        of = "on top" if part.component.bonus else f"of {shown(part.weight)}"
        gives = f"gives {shown(part.gives)} {of}"
    percent = shown(part.percent) if part.percent is not None else "no mark yet" if part.places else "excused"
    empty = [cell(""), cell(""), cell("")]
    name = el("th", f"= {part.component.title}", scope="row")
    return [name, *empty, number(percent, "sum"), cell(el("b", gives)), cell(part.component.rule, "dim small")]
