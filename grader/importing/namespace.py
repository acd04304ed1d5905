"""What the notebook binds, and which of it a test may have on our side: trusted modules and what is made of them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec

from grader.importing.material import Case, Material
from grader.submission.bindings import bound_names
from grader.submission.magics import parse, plain

TRUSTED = frozenset(
    "numpy math cmath itertools functools operator collections string re random statistics fractions decimal copy "
    "torch scipy numbers types typing datetime".split()
)
UNTRUSTED_BUILTINS = frozenset("open exec eval globals locals vars dir input breakpoint compile __import__".split())


@dataclass
class Namespace:
    """Names of the notebook: those that stay in the sandbox, and modules with the statement that imports each."""

    names: set[str] = field(default_factory=set)
    modules: dict[str, str] = field(default_factory=dict)  # name -> "import numpy as np"

    def importable(self, name: str) -> bool:
        """Whether what this name stands for is of a module that our side may import."""
        statement = self.modules.get(name, "")
        module = statement.split()[1].split(".")[0] if statement else ""
        return module in TRUSTED and self.installed(module)

    @staticmethod
    def installed(module: str) -> bool:
        return find_spec(module) is not None


def namespace(material: Material) -> Namespace:
    """What all cells bind, tests included where they import."""
    found = Namespace()
    for part in material.parts():
        if part.kind == "code":
            tree = parse(plain(part.source).code)
            if tree:
                _take(found, tree)
    for case in cases(material):
        tree = parse(case.source)
        for node in tree.body if tree else []:
            for name, statement in imported(node).items():
                found.modules.setdefault(name, statement)
    return found


def _take(found: Namespace, tree: ast.Module) -> None:
    modules = {name: text for node in ast.walk(tree) for name, text in imported(node).items()}
    found.modules |= modules
    found.names |= set(bound_names(tree)) - modules.keys()


def cases(material: Material) -> Iterable[Case]:
    return (case for asked in material.questions for case in asked.cases)


def imported(node: ast.AST) -> dict[str, str]:
    """Name -> the statement that imports it alone."""
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.split(".")[0]: ast.unparse(ast.Import([alias])) for alias in node.names
        }
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {
            alias.asname or alias.name: ast.unparse(ast.ImportFrom(node.module, [alias], 0))
            for alias in node.names
            if alias.name != "*"
        }
    return {}


def bound_anywhere(tree: ast.AST) -> set[str]:
    """Names that a test binds itself, wherever: assigned, imported, arguments, loop variables."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        found |= imported(node).keys()
    return found


def read_names(tree: ast.AST) -> list[str]:
    """Names that a test reads, in order."""
    read = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return list(dict.fromkeys(read))


def is_builtin(name: str) -> bool:
    return hasattr(builtins, name)
