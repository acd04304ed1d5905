"""Variables that a cell uses and only a test cell makes: here a given cell makes them, for tests are no cells."""

from __future__ import annotations

import ast

from grader.importing.carried import needed
from grader.importing.material import Asked, Material, Part
from grader.importing.namespace import bound_anywhere, read_names
from grader.submission.magics import parse, plain


def keep(material: Material) -> None:
    """Put behind a question, as a given cell, what students see of its tests and later cells need."""
    made = {name for part in material.parts() for name in _bound(part)}
    for number, item in enumerate(material.items):
        if not isinstance(item, Asked):
            continue
        later = [part for after in material.items[number + 1 :] for part in _parts(after)]
        wanted = {name for part in later for name in _read(part)} - made
        lines = [ast.unparse(node) for node in needed(wanted, _seen(item), known=made)]
        if lines:
            item.parts.append(Part("code", "\n".join(lines)))
            says = f"a given cell: later cells use {', '.join(sorted(wanted & _bound(item.parts[-1])))}"
            material.note(f"{item.name}, lines of its tests", "changed", says)
            made |= _bound(item.parts[-1])


def _parts(item: Part | Asked) -> list[Part]:
    return item.parts if isinstance(item, Asked) else [item]


def _seen(asked: Asked) -> list[ast.stmt]:
    """The statements of its tests that students see."""
    trees = [parse(case.source) for case in asked.cases if not case.hidden]
    return [node for tree in trees if tree for node in tree.body]


def _bound(part: Part) -> set[str]:
    tree = parse(plain(part.source).code) if part.kind == "code" else None
    return bound_anywhere(tree) if tree else set()


def _read(part: Part) -> set[str]:
    tree = parse(plain(part.source).code) if part.kind == "code" else None
    return set(read_names(tree)) if tree else set()
