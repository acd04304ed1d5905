"""Which functions and classes of a notebook use which others of it: from the text, nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from grader.submission.bindings import assigned
from grader.submission.notebook import MAX_CHECKED_CHARS, Notebook, parse

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def used(notebook: Notebook, asked: Collection[str]) -> dict[str, frozenset[str]]:
    """For each name of `asked` that the notebook defines: which others of them its code calls.

    Also by way of the notebook's other functions and tables, but not by way of another name of `asked`. The last
    definition of a name counts; names that a function binds itself are its own.
    """
    mentions = _mentions(notebook)
    return {name: reached([name], mentions, asked).intersection(asked) for name in asked if name in mentions}


def reached(names: Collection[str], uses: Mapping[str, frozenset[str]], ends: Collection[str] = ()) -> frozenset[str]:
    """What these names use, and what that uses in turn, without the names themselves.

    ends: of these nothing is looked up, unless it is asked for
    """
    found: set[str] = set()
    seen, todo = set(names), list(names)
    while todo:
        for other in uses.get(todo.pop(), frozenset()) - seen:
            seen.add(other)
            found.add(other)
            if other not in ends:
                todo.append(other)
    return frozenset(found)


def _mentions(notebook: Notebook) -> dict[str, frozenset[str]]:
    """For each name that the top level of a cell binds by a definition or an assignment: the names that this reads.

    Names that a function binds itself are left out. A table that is filled by several statements uses all of theirs.
    """
    found: dict[str, frozenset[str]] = {}
    chars = 0
    for cell in notebook.cells:
        chars += len(cell.source)
        tree = None if cell.experiment or chars > MAX_CHECKED_CHARS else parse(cell.code)
        for node in tree.body if tree is not None else ():
            if isinstance(node, _DEFINITIONS):
                found[node.name] = _read_by(node)
            for name, anew in assigned(node):
                before = frozenset() if anew else found.get(name, frozenset())
                found[name] = before | _read_by(node) - {name}
    return found


def _read_by(node: ast.AST) -> frozenset[str]:
    read: set[str] = set()
    bound: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            (read if isinstance(part.ctx, ast.Load) else bound).add(part.id)
        elif isinstance(part, ast.arg):
            bound.add(part.arg)
    return frozenset(read - bound)
