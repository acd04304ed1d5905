"""The student's own code for a question, as it was handed in: which cells, and of long ones which lines."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from grader.feedback.plain_words import cut
from grader.submission.magics import parse
from grader.submission.notebook import Cell

WHOLE = 120  # a cell of so many lines is shown in full
MOST = 160  # lines of a longer one
HEAD = 40  # its first lines, where nothing better is known
AROUND = 4  # lines before and after a line that is marked
WIDTH = 200  # characters of a line


@dataclass(frozen=True)
class Excerpt:
    """Lines of one cell with their numbers; a gap in the numbers is what was left out. `of`: lines of the whole cell.

    marked: the lines that a diagnosis is about
    """

    cell: int
    of: int
    lines: tuple[tuple[int, str], ...]
    marked: frozenset[int] = frozenset()

    @property
    def whole(self) -> bool:
        return len(self.lines) == self.of


def excerpt(cell: Cell, names: Collection[str], marked: Collection[int] = ()) -> Excerpt:
    """The lines of a cell that define `names` or are marked; all of them where they are few."""
    lines = cell.source.rstrip().split("\n")
    if len(lines) <= WHOLE:
        wanted = list(range(1, len(lines) + 1))
    else:
        near = {number for line in marked for number in range(line - AROUND, line + AROUND + 1)}
        rest = [number for number in _defining(cell, names) if number not in near] or list(range(1, HEAD + 1))
        wanted = sorted([*near, *rest[: max(0, MOST - len(near))]])
    shown = tuple((number, cut(lines[number - 1], WIDTH)) for number in wanted if 1 <= number <= len(lines))
    return Excerpt(cell.number, len(lines), shown, frozenset(marked))


def around(cell: Cell, line: int) -> Excerpt:
    """One line of a cell with the line before and the line after it."""
    lines = cell.source.rstrip().split("\n")
    shown = [number for number in range(line - 1, line + 2) if 1 <= number <= len(lines)]
    return Excerpt(cell.number, len(lines), tuple((n, cut(lines[n - 1], WIDTH)) for n in shown), frozenset({line}))


def _defining(cell: Cell, names: Collection[str]) -> Iterator[int]:
    """The numbers of the lines of the top-level statements that define one of `names`."""
    tree = parse(cell.code)
    for node in tree.body if tree is not None else ():
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name in names:
            first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
            yield from range(first, (node.end_lineno or node.lineno) + 1)
