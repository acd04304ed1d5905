"""A seed that the source sets before every cell while it grades: here it is set before the cells that draw."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from grader.importing.material import Asked, Material, Part
from grader.importing.namespace import read_names
from grader.submission.bindings import bound_names
from grader.submission.magics import parse, plain

_DRAWS = re.compile(r"\brandom\b|\.(sample|shuffle|permutation|rvs)\(")
_SEEDS = re.compile(r"\bseed\(|default_rng\(|RandomState\(|random_state\s*=")


def seeded(material: Material, seed: int) -> None:
    """Put a given cell with the seed before each cell that draws and sets none itself, and keep it for probes."""
    material.seed = seed
    drawing = _drawing_functions(material.parts())
    number = 0

    def with_seed(part: Part) -> Iterator[Part]:
        nonlocal number
        if _needs_one(part, drawing):
            number += 1
            yield Part("code", "\n".join(seed_lines(seed)))
        yield part

    items: list[Part | Asked] = []
    for item in material.items:
        if isinstance(item, Asked):
            item.parts = [new for part in item.parts for new in with_seed(part)]
            items.append(item)
        else:
            items += with_seed(item)
    material.items = items
    says = f"{seed} is set in a given cell before each cell that draws and sets none itself ({number}), not before all"
    material.note("generate: seed", "changed", says)


def seed_lines(seed: int) -> list[str]:
    """The statements that set it, as the source's grader does."""
    return ["import random", "import numpy", f"random.seed({seed})", f"numpy.random.seed({seed})"]


def _drawing_functions(parts: Iterable[Part]) -> set[str]:
    """Functions whose cell draws, or calls one that does."""
    found: set[str] = set()
    for part in parts:
        tree = _tree(part)
        for node in tree.body if tree else []:
            if isinstance(node, ast.FunctionDef) and _draws(ast.unparse(node), node, found):
                found.add(node.name)
    return found


def _needs_one(part: Part, drawing: set[str]) -> bool:
    """Whether something is drawn when the cell runs, and not in a function that it defines alone."""
    tree = _tree(part)
    if tree is None or _SEEDS.search(part.source):
        return False
    defines = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    running = [node for node in tree.body if not isinstance(node, defines)]
    own = set(bound_names(tree)) & drawing
    return any(_draws(ast.unparse(node), node, drawing | own) for node in running)


def _draws(text: str, node: ast.AST, drawing: set[str]) -> bool:
    return _DRAWS.search(text) is not None or bool(set(read_names(node)) & drawing)


def _tree(part: Part) -> ast.Module | None:
    return parse(plain(part.source).code) if part.kind == "code" and part.role in ("given", "solution") else None
