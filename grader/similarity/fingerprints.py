"""The fingerprints of a hand-in: of every run of tokens a hash, and of every few of these the smallest.

Winnowing (Schleimer, Wilkerson and Aiken, SIGMOD 2003): whatever two pieces of code share over GRAM + WINDOW - 1 tokens
leaves at least one equal fingerprint in both, wherever it stands. They are taken of the code in its plainest form, of
which every longer line is a fingerprint, too, whatever stands above and below it.
"""

from __future__ import annotations

import ast
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader.schema import Question
from grader.similarity.normal_form import helpers_in, plainest, with_helpers_in_place
from grader.similarity.tokens import Token, own_attributes, walk
from grader.submission.bindings import bound_names
from grader.submission.notebook import Notebook, parse

GRAM = 10  # tokens that one hash is made of; shorter runs occur in everybody's code
WINDOW = 3  # hashes of which the smallest is kept
LINE = 9  # tokens of the shortest line that is a fingerprint by itself
OTHER = ""  # the question of code that belongs to none
MODULUS, BASE = (1 << 61) - 1, 1_000_003


@dataclass
class Piece:
    """The code of one question in one hand-in. marks: fingerprint -> its first and last line in `source`."""

    source: list[str] = field(default_factory=list)
    marks: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, lines: Sequence[str], statement: ast.stmt, every: bool) -> None:
        """Append one statement, in its plainest form, of a cell's lines.

        every: keep all hashes and not the smallest alone
        """
        first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", []))])
        before = len(self.source)
        self.source += lines[first - 1 : statement.end_lineno]
        moved = before - first
        own = own_attributes(statement)
        self._take(list(walk(statement, own)), moved, every)
        for line in ast.walk(statement):
            if isinstance(line, ast.stmt) and not hasattr(line, "body"):
                self._take_line(list(walk(line, own)), moved)

    def _take(self, found: list[Token], moved: int, every: bool) -> None:
        """The runs of these tokens. moved: what is added to their lines."""
        hashes = list(_hashes(found))
        for place in range(len(hashes)) if every else _winnowed(hashes):
            ends = [token.line + moved for token in found[place : place + GRAM]]
            self.marks.setdefault(hashes[place], (min(ends), max(ends)))

    def _take_line(self, found: list[Token], moved: int) -> None:
        if len(found) >= LINE:
            ends = [token.line + moved for token in found]
            whole = zlib.crc32(" ".join(token.text for token in found).encode())
            self.marks.setdefault(MODULUS + whole, (min(ends), max(ends)))


def pieces(notebook: Notebook, questions: Sequence[Question], every: bool = False) -> dict[str, Piece]:
    """The pieces of a hand-in by question, OTHER for what belongs to none.

    A definition belongs to the question that asks for its name; what stands beside it in its cell goes with it, as do
    the helper functions that it alone uses.
    """
    asked = {name: question.id for question in questions for name in question.names}
    statements = list(_statements(notebook, asked))
    owner = _owners([statement for _, _, statement in statements], asked)
    found: dict[str, Piece] = {}
    helpers = helpers_in([statement for _, _, statement in statements], asked)
    for number, (lines, beside, statement) in enumerate(statements):
        question = owner[number] or beside
        if helpers and with_helpers_in_place(statement, helpers):
            statement = plainest(statement)  # noqa: PLW2901 - what a helper returned is settled in its new place
        found.setdefault(question, Piece()).add(lines, statement, every)
    return found


def _statements(notebook: Notebook, asked: Mapping[str, str]) -> Iterator[tuple[list[str], str, ast.stmt]]:
    """Every top-level statement that is no import: its cell's lines, that cell's question, and its plainest form."""
    for cell in notebook.cells:
        tree = None if cell.experiment else parse(cell.code)
        if tree is not None:
            lines = cell.code.split("\n")
            beside = next((asked[name] for name in bound_names(tree) if name in asked), OTHER)
            for statement in tree.body:
                if not isinstance(statement, (ast.Import, ast.ImportFrom)):
                    yield lines, beside, plainest(statement)


def _owners(statements: Sequence[ast.stmt], asked: Mapping[str, str]) -> list[str]:
    """The question of each statement: by the names it binds, or by the only question that uses them."""
    bound = [tuple(bound_names(ast.Module([statement], []))) for statement in statements]
    owner = [next((asked[name] for name in names if name in asked), OTHER) for names in bound]
    used_by: dict[str, set[str]] = {}
    for question, statement in zip(owner, statements, strict=True):
        if question:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name):
                    used_by.setdefault(node.id, set()).add(question)
    for number, names in enumerate(bound):
        users = set().union(*(used_by.get(name, set()) for name in names))
        if not owner[number] and len(users) == 1:
            owner[number] = users.pop()
    return owner


def _hashes(found: Sequence[Token]) -> Iterator[int]:
    """The hash of every run of GRAM tokens, each made of the one before it. A shorter piece is one run."""
    numbers = [zlib.crc32(token.text.encode()) + 1 for token in found]
    value, leaving = 0, pow(BASE, GRAM, MODULUS)
    for place, number in enumerate(numbers):
        value = (value * BASE + number) % MODULUS
        if place >= GRAM:
            value = (value - numbers[place - GRAM] * leaving) % MODULUS
        if place >= GRAM - 1:
            yield value
    if 0 < len(numbers) < GRAM:
        yield value


def _winnowed(hashes: Sequence[int]) -> Iterable[int]:
    """The places of the hashes that are kept: of every WINDOW neighbours the smallest, the last one of equals."""
    kept = {}
    for first in range(max(len(hashes) - WINDOW + 1, 1)):
        window = range(first, min(first + WINDOW, len(hashes)))
        kept[min(window, key=lambda place: (hashes[place], -place), default=0)] = True
    return kept if hashes else ()
