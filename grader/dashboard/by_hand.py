"""The part of a student's page that is about a question which a person marks: the mark, and what was written for it."""

from __future__ import annotations

from collections.abc import Iterator

from grader.course.scheme import plain
from grader.dashboard.parts import NONE
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import tr, trn
from grader.pages.markup import Html, badge, bar, el, joined, scroller, share_of
from grader.schema import ManualMark, Question
from grader.submission.answers import Answer, AnswerCell
from grader.terminal.screen import NO_OUTPUTS, PICTURES

MOST_CHARS = 100_000  # of one answer


def manual_question(question: Question, mark: ManualMark, answer: Answer | None) -> Iterator[Html]:
    """The points or why there are none, the comment, and the cells that are the answer, as they were handed in."""
    points, worth = NONE if mark.points is None else figure(plain(mark.points)), figure(plain(question.points))
    score = tr("{points} of {worth}", points=points, worth=worth)
    told = tr("{points} of {worth} points", points=points, worth=worth)
    share = bar(share_of(mark.points, question.points), told) if mark.points is not None else None
    by = tr("by hand: {how}", how=recorded(mark.stands))
    state = badge(recorded(mark.why), "warn") if mark.why else el("span", by, class_="dim small")
    yield el("h3", f"{question.id} {question.title} ", share, " ", el("span", score, class_="dim"), " ", state)
    if mark.comment:
        yield el("p", *_lines(mark.comment), class_="said")
    if answer is None:
        return
    if answer.remark:
        yield el("p", badge(tr("note"), "warn"), f" {recorded(answer.remark)}", class_="small")
    cells = answer.cells or answer.everything
    summary = el("summary", trn("what was handed in: {n} cell", "what was handed in: {n} cells", len(cells)))
    inside = [*_cells(cells), el("p", tr(NO_OUTPUTS), class_="dim small")]
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
            told = tr("cell {cell} and what follows are left out for want of room", cell=cell.number)
            yield el("p", told, class_="dim small")
            return
        text, left = cell.source.rstrip().expandtabs(4)[:left], left - len(cell.source)
        kind = tr("cell {cell}, code", cell=cell.number) if cell.code else tr("cell {cell}, text", cell=cell.number)
        yield el("p", kind, class_="dim small")
        inside = el("code", text) if cell.code else joined([text])
        yield scroller(inside, label=tr("cell {cell}", cell=cell.number), class_="answer")
        yield from [el("p", tr(PICTURES), class_="dim small")] if cell.pictures else []
