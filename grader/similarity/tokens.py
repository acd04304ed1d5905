"""A piece of code as the tokens that disguises leave alone.

What is left out: names of the writer's own, comments, docstrings, annotations, layout, the order of definitions, and
which way round a comparison is written. What stays: the shape of the syntax tree, numbers, and names of libraries.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import NamedTuple

LIBRARIES = frozenset({"np", "numpy", "torch", "nn", "F", "math", "random", "self", "super"})
KEPT = LIBRARIES | frozenset(dir(builtins))
TURNED = {ast.Gt: "Lt", ast.GtE: "LtE"}  # a > b is b < a


class Token(NamedTuple):
    text: str
    line: int


def tokens(piece: ast.stmt) -> list[Token]:
    """The tokens of one top-level statement, in the order of its syntax tree, with the lines they stand in."""
    return list(walk(piece, own_attributes(piece)))


def own_attributes(piece: ast.AST) -> frozenset[str]:
    """Attributes and methods that the piece gives itself: their names are the writer's."""
    found = set()
    for node in ast.walk(piece):
        if isinstance(node, ast.ClassDef):
            found |= {inner.name for inner in node.body if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef))}
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return frozenset(name for name in found if not name.startswith("__"))


def walk(root: ast.AST, own: frozenset[str]) -> Iterator[Token]:
    """The tokens of a node, in order. own: names that its writer chose."""
    todo: list[tuple[ast.AST, int]] = [(root, getattr(root, "lineno", 1))]
    while todo:  # no recursion: a student's expression may be thousands deep
        node, above = todo.pop()
        line = getattr(node, "lineno", above)
        yield from (Token(text, line) for text in _texts(node, own))
        todo += [(inner, line) for inner in reversed(_below(node))]


def _texts(node: ast.AST, own: frozenset[str]) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id if node.id in KEPT else "name"
    elif isinstance(node, ast.Attribute):
        yield "own" if node.attr in own else f".{node.attr}"
    elif isinstance(node, ast.Constant):
        yield _constant(node.value)
    elif isinstance(node, ast.keyword):
        yield f"{node.arg}="
    elif isinstance(node, ast.Compare):
        yield from ("Compare", *(TURNED.get(type(operator), type(operator).__name__) for operator in node.ops))
    elif not isinstance(node, (ast.expr_context, ast.cmpop, ast.Expr, ast.arguments)):
        yield type(node).__name__


def _constant(value: object) -> str:
    """A number as it is written; a whole one in base 16, for Python writes no decimal number of thousands of digits."""
    if isinstance(value, (str, bytes)):
        return "text"
    return hex(value) if type(value) is int else repr(value)


def _below(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that count, in order."""
    if isinstance(node, ast.Compare):
        compared: list[ast.AST] = [node.left, *node.comparators]
        return compared[::-1] if all(type(operator) in TURNED for operator in node.ops) else compared
    parts: list[ast.AST] = []
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment", "ops"):
            continue
        inner = [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, ast.AST)]
        parts += _without_docstring(inner) if name == "body" else inner
    return parts


def _without_docstring(body: list[ast.AST]) -> list[ast.AST]:
    """The statements that do something: no strings that stand alone, no pass."""
    return [
        node
        for node in body
        if not isinstance(node, ast.Pass) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
