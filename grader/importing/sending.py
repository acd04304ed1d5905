"""A function that a test hands to the student's code: made beside it, by a probe, with what it needs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field

from grader.importing.namespace import Namespace, is_builtin, read_names

Function = ast.Lambda | ast.FunctionDef


class NotOutside(Exception):
    """A test, or a part of it, that cannot be judged outside; the text says why."""


@dataclass
class Sent:
    """The lines of a probe that returns the function, and the test's own values that it takes as arguments."""

    lines: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


def sending(made: ast.AST, namespace: Namespace, own: Set[str], functions: Mapping[str, Function]) -> Sent:
    """A function, or the name of one of a library, as it is made there.

    own: names of the test's, without its modules;  functions: those of them that are functions of its own
    Raises NotOutside where it needs what nobody has.
    """
    found = Sent()
    named = made.name if isinstance(made, ast.FunctionDef) else ""
    _take(found, made, namespace, own, functions, {named})
    found.lines.append(f"return {named}" if named else f"return {ast.unparse(made)}")
    return found


def _take(
    found: Sent, made: ast.AST, namespace: Namespace, own: Set[str], functions: Mapping[str, Function], known: set[str]
) -> None:
    """What a function needs, and the function itself where it has a name."""
    for name in read_names(made):
        if name in known:
            continue
        known.add(name)
        inner = functions.get(name)
        if inner is not None and inner is not made:
            _take(found, inner, namespace, own, functions, known)
            if isinstance(inner, ast.Lambda):
                found.lines.append(f"{name} = {ast.unparse(inner)}")
        elif name in own:
            found.values.append(name)
        elif name in namespace.modules:
            found.lines.append(namespace.modules[name])
        elif name in namespace.names:
            found.lines.append(f"{name} = nb.{name}")
        elif not is_builtin(name):
            raise NotOutside(f"it sends a function that needs {name}")
    if isinstance(made, ast.FunctionDef):
        found.lines.append(ast.unparse(made))


def given_to(call: ast.Call) -> list[ast.expr]:
    """All arguments of a call, by place and by name."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def lambdas(node: ast.stmt) -> Iterator[tuple[str, ast.Lambda]]:
    """`f = lambda x: x` as a function by its name."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
        yield node.targets[0].id, node.value
