"""The part of a student's page that is about a question which a person marks: the mark, and what was written for it."""

from __future__ import annotations

from collections.abc import Iterator

from grader.course.scheme import plain
from grader.dashboard.parts import NONE
from grader.pages.markup import Html, badge, bar, el, joined, scroller, share_of
from grader.schema import ManualMark, Question
from grader.submission.answers import Answer, AnswerCell
from grader.terminal.screen import NO_OUTPUTS, PICTURES

MOST_CHARS = 100_000  # of one answer


def manual_question(question: Question, mark: ManualMark, answer: Answer | None) -> Iterator[Html]:
    """The points or why there are none, the comment, and the cells that are the answer, as they were handed in."""
    points = NONE if mark.points is None else plain(mark.points)
    score = f"{points} of {plain(question.points)}"
    share = bar(share_of(mark.points, question.points), f"{score} points") if mark.points is not None else None
    state = badge(mark.why, "warn") if mark.why else el("span", f"by hand: {mark.stands}", class_="dim small")
    yield el("h3", f"{question.id} {question.title} ", share, " ", el("span", score, class_="dim"), " ", state)
    if mark.comment:
        yield el("p", *_lines(mark.comment), class_="said")
    if answer is None:
        return
    if answer.remark:
        yield el("p", badge("note", "warn"), f" {answer.remark}", class_="small")
    cells = answer.cells or answer.everything
    summary = el("summary", f"what was handed in: {len(cells)} {'cell' if len(cells) == 1 else 'cells'}")
    inside = [*_cells(cells), el("p", NO_OUTPUTS, class_="dim small")]
    yield el("details", summary, el("div", *inside, class_="inside"), open=bool(answer.cells))


def _lines(text: str) -> Iterator[Html | str]:
    """Text with its line breaks."""
    for place, line in enumerate(text.splitlines()):
        yield from [el("br")] if place else []
        yield line


def _cells(cells: tuple[AnswerCell, ...]) -> Iterator[Html]:
    left = MOST_CHARS
    for cell in cells:
        if left <= 0:
            yield el("p", f"cell {cell.number} and what follows are left out for want of room", class_="dim small")
            return
        text, left = cell.source.rstrip().expandtabs(4)[:left], left - len(cell.source)
        yield el("p", f"cell {cell.number}, {'code' if cell.code else 'text'}", class_="dim small")
        inside = el("code", text) if cell.code else joined([text])
        yield scroller(inside, label=f"cell {cell.number}", class_="answer")
        yield from [el("p", PICTURES, class_="dim small")] if cell.pictures else []
