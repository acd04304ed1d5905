"""What the notebook binds, and which of it a test may have on our side: trusted modules and what is made of them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

from grader.importing.material import Case, Material
from grader.submission.bindings import bound_names
from grader.submission.magics import parse, plain

TRUSTED = frozenset(
    "numpy math cmath itertools functools operator collections string re random statistics fractions decimal copy "
    "torch scipy numbers types typing datetime time".split()
)
SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ClassDef,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
UNTRUSTED_BUILTINS = frozenset("open exec eval globals locals vars dir input breakpoint compile __import__".split())


@dataclass(frozen=True)
class Definitions:
    """Sources of functions, and what they need imported."""

    sources: list[str]
    imports: set[str]


@dataclass
class Namespace:
    """Names of the notebook: those that stay in the sandbox, and modules with the statement that imports each."""

    names: set[str] = field(default_factory=set)
    modules: dict[str, str] = field(default_factory=dict)  # name -> "import numpy as np"
    callables: set[str] = field(default_factory=set)  # functions and classes among the names
    given: dict[str, str] = field(default_factory=dict)  # functions that are given and need nothing of the student's
    seed: int | None = None  # that is set before a test that runs inside

    def importable(self, name: str) -> bool:
        """Whether what this name stands for is of a module that our side may import."""
        statement = self.modules.get(name, "")
        module = statement.split()[1].split(".")[0] if statement else ""
        return module in TRUSTED and self.installed(module)

    def of_library(self, node: ast.expr) -> bool:
        """Whether this is a function or class of a module that our side may import (`np.sin`), or of Python (`len`)."""
        if isinstance(node, ast.Name) and node.id not in self.modules:
            return callable(getattr(builtins, node.id, None)) and node.id not in UNTRUSTED_BUILTINS
        parts = ast.unparse(node).split(".")
        if not all(part.isidentifier() for part in parts) or not self.importable(parts[0]):
            return False
        (statement,) = ast.parse(self.modules[parts[0]]).body
        if isinstance(statement, ast.ImportFrom):
            found: object = import_module(statement.module or "")
            parts[0] = statement.names[0].name
        else:
            (alias,) = statement.names  # type: ignore[attr-defined]
            found = import_module(alias.name)
            parts = parts[1:] if alias.asname else ast.unparse(node).split(".")[alias.name.count(".") + 1 :]
        for part in parts:
            found = getattr(found, part, None)
        return callable(found)

    def definitions(self, names: set[str]) -> Definitions:
        """The given functions of these names, and those that they call in turn."""
        todo, done = sorted(names), []
        imports: set[str] = set()
        while todo:
            name = todo.pop()
            if name in done:
                continue
            done.append(name)
            for read in read_names(ast.parse(self.given[name])):
                if read in self.given:
                    todo.append(read)
                elif self.importable(read):
                    imports.add(self.modules[read])
        return Definitions([source for name, source in self.given.items() if name in done], imports)

    @staticmethod
    def installed(module: str) -> bool:
        return find_spec(module) is not None


def namespace(material: Material) -> Namespace:
    """What all cells bind, tests included where they import."""
    found = Namespace(seed=material.seed)
    for part in material.parts():
        if part.kind == "code":
            tree = parse(plain(part.source).code)
            if tree:
                _take(found, tree)
    found.given = _given(material, found)
    for case in cases(material):
        tree = parse(case.source)
        for node in tree.body if tree else []:
            for name, statement in imported(node).items():
                found.modules.setdefault(name, statement)
    return found


def _given(material: Material, found: Namespace) -> dict[str, str]:
    """Functions that students get and do not write, made of trusted modules and each other alone."""
    trees = [(part.role, parse(plain(part.source).code)) for part in material.parts() if part.kind == "code"]
    written = {name for role, tree in trees if role != "given" and tree for name in bound_names(tree)}
    sources = {
        node.name: node
        for role, tree in trees
        if role == "given" and tree
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name not in written and not node.decorator_list
    }
    while True:
        poor = {
            name
            for name, node in sources.items()
            if not all(_ours(read, node, sources, found) for read in read_names(node))
        }
        if not poor:
            return {name: ast.unparse(_without_docstring(node)) for name, node in sources.items()}
        sources = {name: node for name, node in sources.items() if name not in poor}


def _without_docstring(node: ast.FunctionDef) -> ast.FunctionDef:
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return ast.FunctionDef(node.name, node.args, body, [], None, None, lineno=node.lineno, col_offset=node.col_offset)


def _ours(read: str, node: ast.FunctionDef, sources: Container[str], found: Namespace) -> bool:
    if (
        read in bound_inside(node) | bound_anywhere(node)
        or read in sources
        or (read in found.modules and found.importable(read))
    ):
        return True
    return is_builtin(read) and read not in UNTRUSTED_BUILTINS and read not in found.names and read != "print"


def _take(found: Namespace, tree: ast.Module) -> None:
    modules = {name: text for node in ast.walk(tree) for name, text in imported(node).items()}
    found.modules |= modules
    found.names |= set(bound_names(tree)) - modules.keys()
    found.callables |= {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def cases(material: Material) -> Iterable[Case]:
    return (case for asked in material.questions for case in asked.cases)


def imported(node: ast.AST) -> dict[str, str]:
    """Name -> the statement that imports it alone."""
    if isinstance(node, ast.Import):
        return {alias.asname or alias.name.split(".")[0]: ast.unparse(ast.Import([alias])) for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {
            alias.asname or alias.name: ast.unparse(ast.ImportFrom(node.module, [alias], 0))
            for alias in node.names
            if alias.name != "*"
        }
    return {}


def bound_anywhere(tree: ast.AST) -> set[str]:
    """Names that a test binds itself: assigned, imported, defined, looped over; not what is local to its functions."""
    found: set[str] = set()
    todo = list(ast.iter_child_nodes(tree))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        elif isinstance(node, SCOPES):
            found |= {node.name} if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else set()
            continue
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        found |= imported(node).keys()
        todo += ast.iter_child_nodes(node)
    return found


def bound_inside(node: ast.AST) -> set[str]:
    """Names that are local to a function, lambda, class or comprehension."""
    arguments = {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)}
    return arguments | {
        inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load)
    }


def replaced(tree: ast.AST, found: Namespace) -> str:
    """Why a test cannot be run anywhere but in the notebook's own namespace, which it changes; "" where it does not."""
    deleted = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)}
    changed = sorted((deleted & found.names) | (bound_anywhere(tree) & found.callables))
    return f"it replaces or deletes {', '.join(changed)} in the notebook's own namespace" if changed else ""


def read_names(tree: ast.AST) -> list[str]:
    """Names that a test reads and that are not local to a function of its own, in order."""
    found: dict[str, None] = {}
    todo: list[tuple[ast.AST, frozenset[str]]] = [(tree, frozenset())]
    while todo:
        node, inner = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in inner:
            found[node.id] = None
        if isinstance(node, SCOPES):
            inner |= bound_inside(node)
        todo += [(child, inner) for child in reversed(list(ast.iter_child_nodes(node)))]
    return list(found)


def is_builtin(name: str) -> bool:
    return hasattr(builtins, name)
