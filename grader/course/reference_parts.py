"""Parts of the reference solution: the definitions of some names, with all that they need, and nothing else of it."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from grader.submission.bindings import assigned, bound_names
from grader.submission.notebook import Cell


@dataclass(frozen=True)
class Part:
    """Statements in their order, as source, and every name that they bind."""

    source: str
    binds: frozenset[str]


def taken_out(cells: Sequence[Cell], names: Collection[str]) -> Part:
    """The statements at the top level of a master's cells that define these names and what they need."""
    statements = [node for cell in cells for node in ast.parse(cell.code).body]
    binding: dict[str, list[int]] = {}
    for place, node in enumerate(statements):
        for name in _binds(node):
            binding.setdefault(name, []).append(place)
    chosen: set[int] = set()
    todo = list(names)
    while todo:
        new = set(binding.pop(todo.pop(), ())) - chosen
        chosen |= new
        todo += [name for place in new for name in _read_from_module(statements[place])]
    part = [statements[place] for place in sorted(chosen)]
    return Part("\n".join(map(ast.unparse, part)), frozenset(name for node in part for name in _binds(node)))


def _binds(node: ast.stmt) -> set[str]:
    return {*bound_names(ast.Module([node], [])), *(name for name, _ in assigned(node))}


def _read_from_module(node: ast.stmt) -> set[str]:
    """The names that a statement looks up in the module, exactly as Python does."""
    read: set[str] = set()
    todo = [symtable.symtable(ast.unparse(node), "master", "exec")]
    while todo:
        scope = todo.pop()
        top = scope.get_type() == "module"
        read |= {name.get_name() for name in scope.get_symbols() if name.is_referenced() and (top or name.is_global())}
        todo += scope.get_children()
    return read
