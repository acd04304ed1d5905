"""Values that a test hands to the student's code and looks at afterwards: `remove(a, 1)`, then `assert a == [2]`.

What is sent is a copy, so a condition on our own value says nothing of what the student's code did to it. Such a value
is put into the sandbox once and fetched where it is looked at; a variable of the notebook is handed over where it is;
and a function of the test's that notes something is called here, from there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from grader.importing.assertions import as_condition
from grader.importing.namespace import Namespace, bound_anywhere, read_names
from grader.importing.sending import Function, NotOutside


@dataclass(frozen=True)
class States:
    """Names whose values are looked at after they were handed over.

    put: of the test's, as arguments;  noted: of the test's, by functions of its own;  kept: variables of the notebook;
    answers: beside these, names of the test's that hold something of the student's
    """

    put: frozenset[str] = frozenset()
    noted: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()


def states(
    body: Sequence[ast.stmt], own: Set[str], namespace: Namespace, functions: Mapping[str, Function], shown: bool
) -> States:
    """What the conditions of a test look at. shown: its last statement is a condition, too.

    Raises NotOutside where such a value has a second name, or is bound otherwise than by one plain statement.
    """
    answers = _answers(body, own, namespace)
    of_notebook = namespace.names - own - namespace.given.keys()
    students = answers | of_notebook
    handed, noting = _handed(body, students, functions)
    second = _second_names(body)
    put: set[str] = set()
    noted: set[str] = set()
    kept: set[str] = set()
    for condition in _conditions(body, shown):
        read = set(read_names(condition))
        read |= {second[name] for name in read & second.keys()}
        before = {name for name, line in handed.items() if line <= condition.lineno}
        if not read & students:
            put |= read & before & own
            noted |= read & noting
        elif not read & namespace.callables - own:
            variables = read & of_notebook - namespace.callables
            kept |= {name for name in variables & handed.keys() if handed[name] < condition.lineno}
    for name in sorted(put):
        _is_bound_once(body, name)
    if put & noted:
        raise NotOutside(f"it looks at {', '.join(sorted(put & noted))}, which the student's code is given in two ways")
    return States(frozenset(put), frozenset(noted), frozenset(kept), frozenset(answers))


def _answers(body: Sequence[ast.stmt], own: Set[str], namespace: Namespace) -> set[str]:
    """Names of the test's that hold something of the student's."""
    students = namespace.names - own - namespace.given.keys()
    bindings = [each for line in body for node in ast.walk(line) for each in _bindings(node)]
    found: set[str] = set()
    while True:
        more = {name for names, read in bindings if read & (students | found) for name in names}
        if more <= found:
            return found
        found |= more


def _bindings(node: ast.AST) -> Iterator[tuple[set[str], set[str]]]:
    """What a statement binds, and what it reads for that; those within a block speak for themselves."""
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.NamedExpr)):
        yield bound_anywhere(node), set(read_names(node))
    elif isinstance(node, ast.For):
        yield bound_anywhere(ast.Expr(node.target)), set(read_names(node.iter))
    elif isinstance(node, ast.With):
        for item in node.items:
            if item.optional_vars is not None:
                yield bound_anywhere(ast.Expr(item.optional_vars)), set(read_names(item.context_expr))


def _second_names(body: Sequence[ast.stmt]) -> dict[str, str]:
    """`c = b`: one value by two names."""
    return {
        node.targets[0].id: node.value.id
        for line in body
        for node in ast.walk(line)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and isinstance(node.targets[0], ast.Name)
    }


def _handed(
    body: Sequence[ast.stmt], students: Set[str], functions: Mapping[str, Function]
) -> tuple[dict[str, int], set[str]]:
    """Names that calls of the student's code are given, with the line; and those that functions given to it read."""
    handed: dict[str, int] = {}
    noting: set[str] = set()
    for call in (node for line in body for node in ast.walk(line) if isinstance(node, ast.Call)):
        if not root_name(call.func) & students:
            continue
        for given in [*call.args, *(keyword.value for keyword in call.keywords)]:
            made = functions.get(given.id) if isinstance(given, ast.Name) else given
            if isinstance(made, (ast.Lambda, ast.FunctionDef)):
                noting |= set(read_names(made))
            elif isinstance(given, ast.Name):
                handed[given.id] = min(call.lineno, handed.get(given.id, call.lineno))
    return handed, noting


def _conditions(body: Sequence[ast.stmt], shown: bool) -> Iterator[ast.expr]:
    for node in (inner for line in body for inner in ast.walk(line)):
        if isinstance(node, ast.Assert):
            yield node.test
        elif isinstance(node, ast.Expr) and as_condition(node.value) is not None:
            yield node.value
    if shown and body and isinstance(body[-1], ast.Expr):
        yield body[-1].value


def _is_bound_once(body: Sequence[ast.stmt], name: str) -> None:
    """Raise NotOutside unless one plain assignment is all that binds this name, and nothing changes a part of it."""
    nodes = [node for line in body for node in ast.walk(line)]
    plain = [
        node
        for node in nodes
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
    ]
    bound = [node for node in nodes if isinstance(node, ast.Name) and node.id == name and _binds(node)]
    changed = [
        node
        for node in nodes
        if isinstance(node, (ast.Attribute, ast.Subscript)) and _binds(node) and name in root_name(node)
    ]
    if len(plain) != 1 or len(bound) != 1 or changed or name in _second_names(body).values():
        raise NotOutside(f"it looks at {name} after the student's code was given it")


def _binds(node: ast.Name | ast.Attribute | ast.Subscript) -> bool:
    return not isinstance(node.ctx, ast.Load)


def root_name(node: ast.expr) -> set[str]:
    """The name that `a.b[0].c()` begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()
