"""Notebooks as students hand them in: the starter with answers in it, outputs and all. Same words, same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from grader.course import known_solutions
from grader.course.master import read_master
from grader.errors import AuthoringError
from grader.paths import Paths
from grader.submission.notebook import percent_cells

PROMPT = re.compile(r'^[ \t]*""" # BEGIN PROMPT\n.*?^[ \t]*"""[ \t]*# END PROMPT\n?', re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^[ \t]*# (?:BEGIN|END) SOLUTION[^\n]*\n?", re.MULTILINE)
ANSWER = re.compile(r"# (q[0-9]+)\b")
PLOT = (  # the smallest PNG there is stands for every plot
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Cell:
    """One cell: kind is code or markdown; outputs as the notebook format has them."""

    kind: str
    source: str
    outputs: tuple[dict[str, Any], ...] = ()


Cells = tuple[Cell, ...]


@dataclass(frozen=True)
class Material:
    """What the class works with: the released starter, the answers, and the mistakes to choose from."""

    paths: Paths
    assignment: str

    @cached_property
    def starter(self) -> bytes:
        return self.paths.starter(self.assignment).read_bytes()

    @cached_property
    def unsolved(self) -> Cells:
        """The starter's cells, nothing answered and nothing run."""
        cells = json.loads(self.starter)["cells"]
        return tuple(Cell(cell["cell_type"], "".join(cell["source"])) for cell in cells)

    @cached_property
    def solved(self) -> Cells:
        """The starter with the reference's answers in it, and with the outputs of a run."""
        return tuple(_run(self.answered(self.unsolved, tuple(self._answers))))

    def answered(self, cells: Cells, questions: Sequence[str]) -> Cells:
        """The cells with the answers to some questions filled in."""
        return tuple(self._answer(cell, questions) for cell in cells)

    def _answer(self, cell: Cell, questions: Sequence[str]) -> Cell:
        question = question_of(cell)
        return replace(cell, source=self._answers[question]) if question in questions else cell

    @cached_property
    def _answers(self) -> dict[str, str]:
        """The reference's answer cells by question, without the marks that Otter reads."""
        found: dict[str, str] = {}
        for cell in percent_cells(read_master(self.paths, self.assignment)):
            named = ANSWER.match(cell.source)
            if named and "# BEGIN SOLUTION" in cell.source:
                found[named[1]] = MARK.sub("", PROMPT.sub("", cell.source)).rstrip()
        return found

    def mistake(self, question: str, name: str) -> str:
        """The code of one known wrong solution. Raises AuthoringError if there is none of this name."""
        named = {
            solution.id: solution.cells for solution in known_solutions.wrong(self.paths, self.assignment, question)
        }
        if name not in named:
            raise AuthoringError(f"{question}.py: no wrong solution {name!r}; there is: {', '.join(named)}")
        text = "\n\n\n".join(["_right = dict(globals())", *named[name]])
        return re.sub(r"\b_right\b", f"_right_{question}", text)  # two files of mistakes in one notebook


def question_of(cell: Cell) -> str | None:
    """The question that a cell answers, by its first line: `# q4`."""
    named = ANSWER.match(cell.source) if cell.kind == "code" else None
    return named[1] if named else None


# ---------------------------------------------------------------------------------------------------- edits


def with_last(cells: Cells, *sources: str) -> Cells:
    """The notebook with further code cells at its end; what they define counts."""
    return (*cells, *(Cell("code", source) for source in sources))


def rewritten(cells: Cells, old: str, new: str) -> Cells:
    """The notebook with `old` replaced in every code cell. Raises AuthoringError when it stands nowhere."""
    if not any(old in cell.source for cell in cells if cell.kind == "code"):
        raise AuthoringError(f"no cell of the sample notebook holds {old!r}")
    return tuple(replace(cell, source=cell.source.replace(old, new)) if cell.kind == "code" else cell for cell in cells)


def place_of(cells: Cells, question: str) -> int:
    """Where the first answer to a question stands."""
    return next(place for place, cell in enumerate(cells) if question_of(cell) == question)


def _run(cells: Cells) -> Iterator[Cell]:
    """Outputs as a run would leave them: plots under experiments, a line under each public check."""
    for cell in cells:
        if cell.kind == "code" and "plt." in cell.source:
            image = {"image/png": PLOT, "text/plain": ["<Figure size 1500x300 with 5 Axes>"]}
            yield replace(cell, outputs=({"output_type": "display_data", "metadata": {}, "data": image},))
        elif cell.kind == "code" and cell.source.startswith("grader.check("):
            passed = f"{cell.source.split(chr(34))[1]} results: All test cases passed!"
            yield replace(cell, outputs=(printed(passed + "\n"),))
        else:
            yield cell


def printed(text: str) -> dict[str, Any]:
    """What `print` leaves under a cell."""
    return {"output_type": "stream", "name": "stdout", "text": text}


# ---------------------------------------------------------------------------------------------------- files


def ipynb(cells: Cells, metadata: dict[str, Any] | None = None) -> bytes:
    """A notebook file, format 4.5."""
    counted = iter(range(1, len(cells) + 1))
    written = [_written(cell, place, counted) for place, cell in enumerate(cells, 1)]
    about = metadata or {"kernelspec": KERNEL, "language_info": {"name": "python", "version": "3.11.9"}}
    book = {"cells": written, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(book, indent=1, ensure_ascii=False) + "\n").encode()


def _written(cell: Cell, place: int, counted: Iterator[int]) -> dict[str, Any]:
    written = {
        "cell_type": cell.kind,
        "id": f"cell-{place}",
        "metadata": {},
        "source": cell.source.splitlines(keepends=True),
    }
    if cell.kind == "code":
        written |= {"execution_count": next(counted), "outputs": list(cell.outputs)}
    return written


def exported(cells: Cells) -> bytes:
    """The notebook as `jupyter nbconvert --to script` writes it."""
    parts = ["#!/usr/bin/env python\n# coding: utf-8\n"]
    counted = iter(range(1, len(cells) + 1))
    for cell in cells:
        if cell.kind == "code":
            parts.append(f"# In[{next(counted)}]:\n\n\n{cell.source}\n\n")
        else:
            parts.append("\n".join(f"# {line}" for line in cell.source.split("\n")) + "\n\n")
    return "\n".join(parts).encode()
