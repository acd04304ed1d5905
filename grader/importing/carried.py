"""Tests that use the variables of an earlier test cell: they are given the statements that they need of it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from dataclasses import replace

from grader.importing.material import Asked, Case, Material
from grader.importing.namespace import Namespace, bound_anywhere, is_builtin, read_names
from grader.submission.magics import parse

DEFINES = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef)


def carry(material: Material, notebook: Namespace) -> None:
    """Put before each test the statements of earlier tests that bind what it reads and nobody else defines."""
    earlier: list[ast.stmt] = []
    for asked in material.questions:
        asked.cases = [_carried(asked, case, earlier, notebook, material) for case in asked.cases]


def _carried(asked: Asked, case: Case, earlier: list[ast.stmt], notebook: Namespace, material: Material) -> Case:
    tree = parse(case.source)
    if tree is None:
        return case
    known = notebook.names | notebook.modules.keys()
    wanted = {name for name in read_names(tree) if name not in bound_anywhere(tree) | known and not is_builtin(name)}
    found = needed(wanted, earlier, known)
    earlier += [node for node in tree.body if isinstance(node, DEFINES)]
    if not found:
        return case
    names = ", ".join(sorted(set().union(*(bound_anywhere(ast.Module([node], [])) for node in found))))
    material.note(case.label, "changed", f"it uses {names} of an earlier test, and has the statements that make them")
    return replace(case, source="\n".join([*map(ast.unparse, found), case.source]))


def needed(wanted: set[str], earlier: Sequence[ast.stmt], known: Collection[str]) -> list[ast.stmt]:
    """The statements that bind these names, and those that bind what they read and is not known, in their order."""
    found: list[ast.stmt] = []
    for node in reversed(earlier):
        module = ast.Module([node], [])
        if isinstance(node, DEFINES) and bound_anywhere(module) & wanted:
            found.insert(0, node)
            wanted = wanted | {name for name in read_names(module) if name not in known and not is_builtin(name)}
    return found
