"""One student's feedback as Markdown: the same words as the page, for platforms and people that prefer text.

What students write can be no markup: inline it is escaped, code stands in fences longer than any it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from grader.course.scheme import plain
from grader.feedback.excerpts import Excerpt
from grader.feedback.page import (
    BY_HAND_ALONE,
    HEADLINES,
    NOT_WRITTEN,
    NOTHING_TO_REPAIR,
    READING,
    SETTLED,
    cost_of,
    names_of,
    no_room_for,
    nothing_of,
    place_of,
    still,
    visible,
)
from grader.feedback.parts import Feedback, Finding, QuestionPart, Remark, Stage, Thing
from grader.feedback.standing import Standing
from grader.languages.formats import figure
from grader.languages.translating import tr
from grader.marks.marksheet import clean

_SPECIAL = re.compile(r"[\\`*_\[\]|~$]")
_BLOCK = re.compile(r"^([-+=](?=[\s=-]|$)|#(?=[\s#]|$)|\d+(?=[.)](?:\s|$)))")
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("://", "&#58;//"), ("www.", "www&#46;"), ("@", "&#64;"))


def feedback_markdown(feedback: Feedback) -> str:
    """The whole of one student's feedback."""
    parts = [*_head(feedback)]
    parts += _explanation(feedback) if feedback.explanation else _first(feedback)
    parts += _marks(feedback)
    if feedback.stage is Stage.GRADED:
        parts += [f"## {tr('Question by question')}", inline(tr(READING))]
        told = [part for part in feedback.questions if part not in feedback.blank]
        parts += [block for part in told for block in _question(part)]
        parts += _blank(feedback.blank) if feedback.blank else []
    parts += _notebook(feedback)
    parts += _standing(feedback.standing) if feedback.standing else []
    parts += [
        f"## {tr('Receipt')}",
        "\n".join(f"- {inline(name)}: {inline(value)}" for name, value in feedback.receipt),
    ]
    return "\n\n".join(parts) + "\n"


def inline(text: str) -> str:
    """Text that stays text in Markdown: one line, no emphasis, link, address, tag, table or formula."""
    line = clean(" ".join(text.split()))
    line = _SPECIAL.sub(r"\\\g<0>", line)
    for character, entity in _ENTITIES:
        line = line.replace(character, entity)
    return _BLOCK.sub(r"\\\1" if not line[:1].isdigit() else r"\1\\", line)


def fenced(text: str) -> str:
    """A block of text that ends where it should."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _head(feedback: Feedback) -> Iterator[str]:
    assignment, student = feedback.assignment, feedback.student
    yield f"# {inline(assignment.id)}: {inline(assignment.title)}"
    who = f"{inline(student.name)} ({inline(student.id)})" if student.name else inline(student.id)
    yield f"{inline(feedback.course)}, {who}"
    if feedback.points is not None:
        points, worth = figure(plain(feedback.points)), figure(plain(assignment.max_points))
        yield f"**{tr('{points} of {worth} points', points=points, worth=worth)}**"
    elif feedback.stage is Stage.GRADED:
        yield f"**{tr('No total yet')}**: {inline(feedback.so_far)}"
    yield from (_changed(text) for text in feedback.changed)
    if feedback.points is not None and feedback.remark:
        yield tr("Note: {text}", text=inline(feedback.remark))


def _explanation(feedback: Feedback) -> Iterator[str]:
    yield f"## {tr(HEADLINES[feedback.stage])}"
    yield from map(inline, feedback.explanation)


def _first(feedback: Feedback) -> Iterator[str]:
    yield f"## {tr('Look at this first')}"
    if feedback.assignment.by_hand_alone:
        yield tr(BY_HAND_ALONE)
    elif feedback.settled:
        yield tr(SETTLED)
    elif not feedback.first:
        yield tr(NOTHING_TO_REPAIR)
    else:
        yield "\n".join(f"{place}. {_thing(thing)}" for place, thing in enumerate(feedback.first, 1))
    if feedback.things > len(feedback.first):
        yield tr("{n} more, below.", n=feedback.things - len(feedback.first))


def _thing(thing: Thing) -> str:
    hint = f" {_hint(thing.hint)}" if thing.hint else ""
    checks = tr("Checks: {checks}.", checks=inline(thing.which))
    return f"**{inline(thing.title)}** ({thing.cost}): {inline(thing.text)}{hint} {checks}"


def _hint(text: str) -> str:
    return tr("Hint: {text}", text=inline(text))


def _changed(text: str) -> str:
    return tr("Changed by hand: {text}", text=inline(text))


def _marks(feedback: Feedback) -> Iterator[str]:
    yield f"## {tr('Marks by question')}"
    rows = [f"| {tr('question')} | {tr('points')} | {tr('what happened')} |", "| --- | ---: | --- |"]
    for part in feedback.questions:
        name = inline(f"{part.question.id} {part.question.title}")
        rows.append(f"| {name} | {part.score} | {inline(part.in_short)} |")
    yield "\n".join(rows)


def _blank(parts: Sequence[QuestionPart]) -> Iterator[str]:
    """The questions of which nothing is written yet, a line each."""
    yield f"### {tr(NOT_WRITTEN)}: {nothing_of(parts)}"
    names = [inline(f"{part.question.id} {part.question.title}") for part in parts]
    rest = [inline(f"{part.scored}. {still(part)}") for part in parts]
    yield "\n".join(f"- **{name}**: {text}" for name, text in zip(names, rest, strict=True))


def _question(part: QuestionPart) -> Iterator[str]:
    yield f"### {inline(f'{part.question.id} {part.question.title}')}: {part.scored}"
    if part.question.manual:
        yield inline(part.in_short[0].upper() + part.in_short[1:] + ".")
        yield from (inline(line) for line in part.comment.splitlines() if line.strip())
    if part.changed:
        yield _changed(part.changed)
    if not part.question.manual:
        yield from (tr("Comment: {text}", text=inline(line)) for line in part.comment.splitlines() if line.strip())
    yield from _remarks(part.remarks)
    if part.findings:
        yield "\n".join(_finding(finding, part) for finding in part.findings)
    if part.passed:
        counted = f" ({part.counted})" if part.counted else ""
        passed = tr("Passed ({n} of {checks})", n=len(part.passed), checks=part.checks)
        yield f"{passed}{counted}: {inline('; '.join(part.passed))}"
    for shown in part.code:
        yield tr("Your code, cell {cell}:", cell=shown.cell)
        yield fenced(_listing(shown))
    for cell, question in part.shown_at:
        shown_there = tr("cell {cell}", cell=cell)
        yield tr("Also your code for this question: {cell}, shown at {question}.", cell=shown_there, question=question)
    if part.left_out:
        yield no_room_for(part)


def _remarks(remarks: Sequence[Remark]) -> Iterator[str]:
    """What people say of lines of the student's own file."""
    for each in remarks:
        yield tr("Comment, {place}: {text}", place=place_of(each), text=inline(each.text))
        yield fenced(visible(each.code.strip()))


def _finding(finding: Finding, part: QuestionPart) -> str:
    names, cost = names_of(finding, part), cost_of(finding, part)
    head = f"- **{inline(finding.label)}**: {inline(names)} ({cost}). {inline(finding.text)}"
    return "\n".join([head, *(f"  - {_hint(hint)}" for hint in finding.told)])


def _listing(shown: Excerpt) -> str:
    width = len(str(shown.of))
    lines: list[str] = []
    expected = 1
    for number, text in shown.lines:
        if number != expected:
            lines.append(f"{'':{width}}  [{tr('{n} left out', n=number - expected)}]")
        here = f"  <- {tr('here')}" if number in shown.marked else ""
        lines.append(f"{number:{width}}  {visible(text)}{here}".rstrip())
        expected = number + 1
    if expected <= shown.of:
        lines.append(f"{'':{width}}  [{tr('{n} left out', n=shown.of + 1 - expected)}]")
    return "\n".join(lines)


def _notebook(feedback: Feedback) -> Iterator[str]:
    if feedback.notices or feedback.printed or feedback.remarks:
        yield f"## {tr('About your file')}"
    yield from _remarks(feedback.remarks)
    if feedback.notices:
        yield "\n".join(f"- {inline(notice)}" for notice in feedback.notices)
    if feedback.printed:
        yield f"{tr('What your cells printed when the notebook was run')}:"
        yield fenced("\n".join(visible(line) for line in feedback.printed.split("\n")))


def _standing(standing: Standing) -> Iterator[str]:
    yield f"## {inline(standing.heading)}"
    heads = (tr("assignment"), tr("points"), tr("late"), tr("percent"), tr("counts?"))
    rows = [f"| {' | '.join(heads)} |", "| --- | ---: | --- | ---: | --- |"]
    for row in standing.rows:
        name = f"**{inline(row.item)}** ({tr('this one')})" if row.this else inline(row.item)
        counts = inline(row.counts)
        rows.append(f"| {name} | {inline(row.points)} | {inline(row.late)} | {inline(row.percent)} | {counts} |")
    yield "\n".join(rows)
    notes = [f"- {inline(row.item)}: {inline(row.note)}" for row in standing.rows if row.note]
    if notes:
        yield "\n".join(notes)
    yield f"**{inline(standing.result)}**"
    if standing.free_days:
        yield inline(standing.free_days)
    yield fenced("\n".join(standing.computation))
