"""What a module's top level binds, and where it can be cut: questions to a syntax tree, nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def bound_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names bound at the top level, also inside its if, for, while, with, try and match."""
    todo: list[ast.AST] = list(reversed(tree.body))
    while todo:  # no recursion: a chain of a thousand `elif` is a thousand levels deep
        node = todo.pop()
        yield from _bound_by(node)
        if not isinstance(node, (*_SCOPES, ast.expr)):
            todo += reversed([inner for inner in ast.iter_child_nodes(node) if not isinstance(inner, ast.expr)])


def assigned(node: ast.stmt) -> Iterator[tuple[str, bool]]:
    """(name, whether it is bound anew) for each name that an assignment binds, or changes a part of: `table[k] = f`."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return
    todo = list(node.targets if isinstance(node, ast.Assign) else [node.target])
    while todo:
        part = todo.pop()
        if isinstance(part, (ast.Tuple, ast.List)):
            todo += part.elts
            continue
        anew = isinstance(part, (ast.Name, ast.Starred)) and not isinstance(node, ast.AugAssign)
        while isinstance(part, (ast.Subscript, ast.Attribute, ast.Starred)):
            part = part.value
        if isinstance(part, ast.Name):
            yield part.id, anew


def paragraphs(source: str, tree: ast.Module | None) -> list[str]:
    """Cut a script before each top-level statement that follows a blank line, comments going with what they precede.

    So a line that raises costs its paragraph and not the rest of the file. One part if there is no tree, or if a
    `from __future__` import must hold for all of it.
    """
    if tree is None or any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body):
        return [source]
    lines = source.split("\n")
    cuts = [0]
    for before, node in zip(tree.body, tree.body[1:]):
        first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))]) - 1
        between = range(before.end_lineno or first, min(first, len(lines)))
        cuts += [at for at in between if not lines[at].strip()][:1]
    return ["\n".join(lines[start:stop]).strip("\n") for start, stop in zip(cuts, [*cuts[1:], len(lines)])]


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, _SCOPES):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (item.asname or item.name.partition(".")[0] for item in node.names)
    elif isinstance(node, ast.Assign):
        yield from (name for target in node.targets for name in _targets(target))
    elif isinstance(node, (ast.For, ast.AsyncFor)) or (isinstance(node, ast.AnnAssign) and node.value):
        yield from _targets(node.target)
    elif isinstance(node, ast.withitem) and node.optional_vars:
        yield from _targets(node.optional_vars)


def _targets(target: ast.expr) -> Iterator[str]:
    """Yield the names in an assignment's left side; attributes and items bind none."""
    todo = [target]
    while todo:
        part = todo.pop()
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, (ast.Tuple, ast.List)):
            todo += reversed(part.elts)
        elif isinstance(part, ast.Starred):
            todo.append(part.value)
