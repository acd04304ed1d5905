"""Which functions and classes of a notebook use which others of it: from the text, nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from grader.submission.notebook import MAX_CHECKED_CHARS, Notebook, parse

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def used(notebook: Notebook, asked: Collection[str]) -> dict[str, frozenset[str]]:
    """For each name of `asked` that the notebook defines: which others of them its code calls.

    Also by way of the notebook's other functions, but not by way of another name of `asked`. The last definition of a
    name counts; names that a function binds itself are its own.
    """
    mentions = _mentions(notebook)
    return {name: frozenset(_reached(name, mentions, asked)) for name in asked if name in mentions}


def _reached(name: str, mentions: Mapping[str, frozenset[str]], asked: Collection[str]) -> set[str]:
    found: set[str] = set()
    seen, todo = {name}, [name]
    while todo:
        for other in mentions.get(todo.pop(), frozenset()) - seen:
            seen.add(other)
            if other in asked:
                found.add(other)
            else:
                todo.append(other)
    return found


def _mentions(notebook: Notebook) -> dict[str, frozenset[str]]:
    """For each function and class at the top level of a cell: the names that it reads and does not bind."""
    found: dict[str, frozenset[str]] = {}
    chars = 0
    for cell in notebook.cells:
        chars += len(cell.source)
        tree = None if cell.experiment or chars > MAX_CHECKED_CHARS else parse(cell.code)
        for node in tree.body if tree is not None else ():
            if isinstance(node, _DEFINITIONS):
                found[node.name] = _read_by(node)
    return found


def _read_by(definition: ast.AST) -> frozenset[str]:
    read: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(definition):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return frozenset(read - bound)
