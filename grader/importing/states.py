"""Values that a test hands to the student's code and looks at afterwards: `remove(a, 1)`, then `assert a == [2]`.

What is sent is a copy, so a condition on our own value says nothing of what the student's code did to it. Such a value
is put into the sandbox once and fetched where it is looked at; a variable of the notebook is handed over where it is;
and a function of the test's that notes something is called here, from there.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from grader.importing.assertions import as_condition
from grader.importing.namespace import Namespace, bound_anywhere, read_names
from grader.importing.sending import Function, NotOutside, given_to

COPIES = frozenset(  # functions and methods whose result is no part of what they are given
    "copy deepcopy clone array tensor zeros_like ones_like empty_like full_like rand_like randn_like len sum mean abs "
    "range str repr int float bool round type isinstance sqrt exp log sin cos arange linspace zeros ones eye full rand "
    "randn randint normal item tolist keys".split()
)


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
    answers = answers_of(body, own, namespace)
    of_notebook = namespace.names - own - namespace.given.keys()
    students = answers | of_notebook
    handed, noting = _handed(body, students, functions)
    second = _second_names(body)
    calls = [node.lineno for node in _calls(body, students)]
    fetched = _fetched(body, students)
    put: set[str] = set()
    noted: set[str] = set()
    kept: set[str] = set()
    for condition in _conditions(body, shown):
        read = set(read_names(condition))
        read |= {second[name] for name in read & second.keys()}
        before = {name for name, line in handed.items() if line <= condition.lineno}
        stale = read & students
        if stale and stale <= fetched.keys():
            last = max(fetched[name] for name in stale)
            if any(last < line < condition.lineno for line in calls):
                raise NotOutside(
                    f"{', '.join(sorted(stale))} may be changed by the student's code after it was looked up"
                )
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


def answers_of(body: Sequence[ast.stmt], own: Set[str], namespace: Namespace) -> set[str]:
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
    elif isinstance(node, (ast.For, ast.comprehension)):
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


def _fetched(body: Sequence[ast.stmt], students: Set[str]) -> dict[str, int]:
    """`w = net.fc.weight`, `old = w.copy()`: names of what was looked up in an object of the student's, by line."""
    found: dict[str, int] = {}
    assigned = [node for line in body for node in ast.walk(line) if isinstance(node, ast.Assign)]
    for node in assigned:
        read = set(read_names(node.value)) & students
        part = not isinstance(node.value, ast.Name) and _chain(node.value)
        if read and (part or read <= found.keys()):
            found |= dict.fromkeys(bound_anywhere(node), node.lineno)
    return found


def _chain(node: ast.expr) -> bool:
    """Whether this is a name, or a part of what it stands for, looked up without a call."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, ast.Name)


def one_name(body: Sequence[ast.stmt], students: Set[str]) -> list[ast.stmt]:
    """Statements with one name for a value: `c = b`, `c = b["w"]` and `b = c = []` are not there, and c is what it is.

    students: names that hold something of the student's, whose parts may be other values when they are looked up again
    """
    body = [line for node in body for line in _one_target(node)]
    for _ in range(len(body)):
        binds: dict[str, int] = {}
        for node in (inner for line in body for inner in ast.walk(line)):
            if isinstance(node, ast.Name) and _binds(node):
                binds[node.id] = binds.get(node.id, 0) + 1
        changed = {
            name
            for line in body
            for node in ast.walk(line)
            if isinstance(node, (ast.Attribute, ast.Subscript)) and _binds(node)
            for name in root_name(node)
        }
        alias = next((line for line in body if _is_alias(line, binds, changed, students)), None)
        if alias is None:
            return body
        name, value = alias.targets[0].id, alias.value  # type: ignore[attr-defined]
        body = [_Renamed(name, value).visit(line) for line in body if line is not alias]
    return body


def _one_target(node: ast.stmt) -> list[ast.stmt]:
    """`a = b = []` as `a = []` and `b = a`."""
    if not isinstance(node, ast.Assign) or len(node.targets) < 2:
        return [node]
    if not all(isinstance(target, ast.Name) for target in node.targets):
        return [node]
    first, *others = node.targets
    name = ast.Name(first.id, ast.Load())  # type: ignore[attr-defined]
    made = [ast.Assign([first], node.value), *(ast.Assign([other], name) for other in others)]
    return [ast.fix_missing_locations(ast.copy_location(each, node)) for each in made]


def _is_alias(node: ast.stmt, binds: Mapping[str, int], changed: Set[str], students: Set[str]) -> bool:
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
        return False
    (root,) = root_name(node.value) or {""}
    if not _chain(node.value) or binds.get(root) != 1 or binds[node.targets[0].id] != 1:
        return False
    keys = (inner.slice for inner in ast.walk(node.value) if isinstance(inner, ast.Subscript))
    whole = isinstance(node.value, ast.Name)
    return whole or (root not in students | changed and all(isinstance(key, ast.Constant) for key in keys))


class _Renamed(ast.NodeTransformer):
    def __init__(self, name: str, value: ast.expr) -> None:
        self.name, self.value = name, value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id != self.name:
            return node
        made = copy.deepcopy(self.value)
        for inner in ast.walk(made):
            ast.copy_location(inner, node)
        made.ctx = node.ctx  # type: ignore[attr-defined]
        return made


def parts_of(node: ast.expr) -> set[str]:
    """Names of which an argument may be a part, or hold the value: of `[a, b["w"], c.view(-1)]` a, b and c.

    What is calculated anew (`a + 1`, `a.copy()`, `len(a)`) is no part.
    """
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.NamedExpr)):
        return parts_of(node.value)
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return set() if name in COPIES else set().union(*(parts_of(each) for each in [*owner, *given_to(node)]))
    if isinstance(node, ast.IfExp):
        return parts_of(node.body) | parts_of(node.orelse)
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return set().union(*(parts_of(each) for each in node.elts))
    if isinstance(node, ast.Dict):
        return set().union(*(parts_of(each) for each in node.values))
    return set()


def _calls(body: Sequence[ast.stmt], students: Set[str]) -> Iterator[ast.Call]:
    """Calls of the student's code."""
    for node in (inner for line in body for inner in ast.walk(line)):
        if isinstance(node, ast.Call) and root_name(node.func) & students:
            yield node


def _handed(
    body: Sequence[ast.stmt], students: Set[str], functions: Mapping[str, Function]
) -> tuple[dict[str, int], set[str]]:
    """Names that calls of the student's code are given, with the line; and those that functions given to it read."""
    handed: dict[str, int] = {}
    noting: set[str] = set()
    for call in _calls(body, students):
        for given in given_to(call):
            made = functions.get(given.id) if isinstance(given, ast.Name) else given
            if isinstance(made, (ast.Lambda, ast.FunctionDef)):
                noting |= set(read_names(made))
            else:
                for name in parts_of(given):
                    handed[name] = min(call.lineno, handed.get(name, call.lineno))
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
