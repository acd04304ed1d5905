"""What a student wrote for a question that a person marks: which cells are its answer. Nothing of it is run.

A cell of the starter is known again by its id, by its text, and as a question's heading, wherever it was moved to; what
the student wrote stands behind one of them. Where none of a question's cells is left, its answer is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile

from grader.errors import SubmissionError
from grader.submission.ipynb import RawCell
from grader.submission.notebook import read_cells

TEXT = "markdown"
LEAST_TEXT = 8  # characters of a starter's cell that is known again by its text
_ANY_HEADING = re.compile(r"#{1,6}[ \t]")
_HEADING = re.compile(r"^(?:#[ \t])?[ \t]{0,3}#{1,6}[ \t][^\w\n]*(q[0-9]{1,3})\b", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class AnswerCell:
    """One cell that the student wrote or changed.

    number: its place among all cells of the file, from 1;  pictures: a digest of those pasted into it, "" for none
    """

    number: int
    code: bool
    source: str
    pictures: str = ""


@dataclass(frozen=True)
class Answer:
    """What stands in a file for one question.

    found: whether the file has the question's place; `cells` are what the student wrote there, or changed
    elsewhere: numbers of cells of the student's that belong to no question
    everything: all cells that are not the starter's, to be looked at where nothing is found in the question's place
    """

    question: str
    found: bool
    cells: tuple[AnswerCell, ...]
    elsewhere: tuple[int, ...] = ()
    everything: tuple[AnswerCell, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """What a mark is given for: the cells, and which pictures; all that is the student's where none is found."""
        return "\n\n".join(_with_pictures(cell) for cell in self.cells or self.everything)

    @property
    def remark(self) -> str:
        """What to know of how the answer was found; "" where there is nothing to say."""
        if not self.found:
            return f"{self.question} has no place in this file, neither a heading nor a cell of it: look at all of it"
        if not self.cells:
            where = f", or in {_listed(self.elsewhere)}" if self.elsewhere else ""
            return f"nothing was written in the place of {self.question}; is it under another question{where}?"
        if self.elsewhere:
            return f"of no question: {_listed(self.elsewhere)}"
        return ""


def _with_pictures(cell: AnswerCell) -> str:
    text = cell.source.strip()
    return f"{text}\n(pictures {cell.pictures})" if cell.pictures else text


def answers(
    content: bytes, filename: str, questions: Sequence[str], wanted: Sequence[str], starter: bytes = b""
) -> dict[str, Answer]:
    """The answers to the `wanted` ones of an assignment's `questions`. Raises SubmissionError if there is no notebook.

    starter: the notebook that was released; without it a question is known by its heading alone
    """
    cells = read_cells(content, filename)
    given = _given(starter, questions)
    places = _places(cells, given, questions)
    written = [
        AnswerCell(number, cell.kind == "code", cell.source, cell.pictures)
        for number, cell in enumerate(cells, 1)
        if cell.source.strip() and not given.has(cell)
    ]
    nowhere = tuple(cell.number for cell in written if not places[cell.number - 1])
    return {
        question: Answer(
            question,
            found=any(question in place for place in places),
            cells=tuple(cell for cell in written if question in places[cell.number - 1]),
            elsewhere=nowhere,
            everything=tuple(written),
        )
        for question in wanted
    }


def released_texts(starter: bytes, questions: Sequence[str], question: str) -> tuple[str, ...]:
    """The texts of the released notebook in a question's place, as Markdown: what is asked. Empty where it has none.

    They end where something else begins, with a heading of the question's own level or above.
    """
    given = _given(starter, questions)
    here = [cell for cell, place in zip(given.cells, given.places) if place == question and cell.kind == TEXT]
    texts = [cell.source.strip() for cell in here]
    return (*texts[:1], *takewhile(lambda text: not 0 < _level(text) <= _level(texts[0]), texts[1:]))


def _level(text: str) -> int:
    """Of the heading that a text begins with; 0 where it begins with none."""
    return len(text) - len(text.lstrip("#")) if _ANY_HEADING.match(text) else 0


# ---------------------------------------------------------------------------------------------------- places


@dataclass(frozen=True)
class _Given:
    """The starter's cells, and to which question each belongs ("": to none)."""

    cells: tuple[RawCell, ...] = ()
    places: tuple[str, ...] = ()

    def has(self, cell: RawCell) -> bool:
        """Whether a cell stands in the starter as it is."""
        return (cell.source.strip(), cell.pictures) in self.contents

    @cached_property
    def contents(self) -> frozenset[tuple[str, str]]:
        return frozenset((cell.source.strip(), cell.pictures) for cell in self.cells)

    @cached_property
    def by_id(self) -> Mapping[str, str]:
        return {cell.id: place for cell, place in zip(self.cells, self.places) if cell.id}

    @cached_property
    def by_source(self) -> Mapping[str, str]:
        """Texts that stand in one question only."""
        found: dict[str, set[str]] = {}
        for cell, place in zip(self.cells, self.places):
            found.setdefault(cell.source.strip(), set()).add(place)
        return {text: min(at) for text, at in found.items() if len(at) == 1 and len(text) >= LEAST_TEXT}

    @cached_property
    def headings(self) -> Mapping[str, str]:
        """Lines of text that begin a question, word for word."""
        return {
            line.strip(): match[1].lower()
            for cell in self.cells
            if cell.kind != "code"
            for line in cell.source.split("\n")
            if (match := _HEADING.match(line)) is not None
        }


def _given(starter: bytes, questions: Sequence[str]) -> _Given:
    if not starter:
        return _Given()
    try:
        cells = read_cells(starter, "starter.ipynb")
    except SubmissionError:
        return _Given()
    places = []
    here = ""
    for cell in cells:
        for question in _headed(cell, questions):
            here = question
        places.append(here)
    return _Given(tuple(cells), tuple(places))


def _places(cells: Sequence[RawCell], given: _Given, questions: Sequence[str]) -> list[frozenset[str]]:
    """To which questions each cell belongs; what is not known by itself belongs where the cell before it does.

    Headings that are merely like a question's count for a question of which nothing else is left: an essay may have
    headings of its own.
    """
    known = [list(_known(cell, given)) for cell in cells]
    anchored = {question for found in known for question in found}
    left = [question for question in questions if question not in anchored]
    places = []
    here: frozenset[str] = frozenset()
    for cell, found in zip(cells, known):
        begun = [*found, *_headed(cell, left)]
        if begun:
            places.append(frozenset(filter(None, begun)))
            here = frozenset(filter(None, begun[-1:]))
        else:
            places.append(here)
    return places


def _known(cell: RawCell, given: _Given) -> Iterator[str]:
    """The questions of the starter's cell that this is, and of its headings in it, in order; "" for none of them."""
    of_cell = given.by_id.get(cell.id, given.by_source.get(cell.source.strip()))
    if of_cell is not None:
        yield of_cell
    if cell.kind != "code":
        lines = (line.strip() for line in cell.source.split("\n"))
        yield from (given.headings[line] for line in lines if given.headings.get(line, of_cell) != of_cell)


def _headed(cell: RawCell, questions: Sequence[str]) -> list[str]:
    """The questions whose headings stand in a cell of text."""
    if cell.kind == "code":
        return []
    return [name for name in map(str.lower, _HEADING.findall(cell.source)) if name in questions]


def _listed(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - 20} more" if len(numbers) > 20 else ""
    return f"{'cell' if len(numbers) == 1 else 'cells'} {', '.join(map(str, numbers[:20]))}{more}"
