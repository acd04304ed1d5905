"""A test of which the sandbox tells the values and our side the verdict.

Its statements run beside the student's code; of each condition, what is the student's is returned, and what it is
compared with stays here: of `assert np.isclose(f(x), 3.5)` the sandbox gives `f(x)`. What the test itself calculates of
an answer (`np.abs(f(x) - y).max() < 1e-6`) is no answer: whoever patches NumPy says 0. That is told only where it is
compared with a value that one has to know.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass

from grader.importing.assertions import as_condition
from grader.importing.literals import literal_value, verdict_of
from grader.importing.namespace import UNTRUSTED_BUILTINS, Namespace, bound_anywhere, imported, is_builtin, read_names

_JUDGING = frozenset(
    "abs len round sum min max float int str set sorted list tuple isclose allclose array_equal".split()
)
_NAME = "seen_there"


@dataclass(frozen=True)
class Told:
    """The statements of the probe, those of our side, and what ours need imported."""

    inside: list[str]
    outside: list[str]
    imports: frozenset[str]


def told(body: Sequence[ast.stmt], probe: str, namespace: Namespace, says: str, expects: str | None) -> Told | None:
    """A test in two halves; None where a condition stands in a loop, or is the student's as a whole: a verdict."""
    if any(_changes_a_part(inner) for node in body for inner in ast.walk(node)):
        return None
    halves = _Halves(namespace, {name for node in body for name in bound_anywhere(node)})
    for number, node in enumerate(copy.deepcopy(body)):
        shown = expects is not None and number == len(body) - 1
        if shown and verdict_of(expects or "") != "True":
            return None
        condition = halves.condition(node, shown)
        if condition is None:
            if any(isinstance(inner, (ast.Assert, ast.Raise)) for inner in ast.walk(node)):
                return None
            halves.statement(node)
        elif not halves.judge(condition, says):
            return None
    if not halves.values:
        return None
    halves.inside.append(f"return [{', '.join(halves.values)}]")
    imports = {*halves.imports, "from grader.testing import holds"}
    return Told(halves.inside, [f"{_NAME} = student.run({probe})", *halves.outside], frozenset(imports))


def _changes_a_part(node: ast.AST) -> bool:
    """`x[0] = 7`: what stands there afterwards is not the student's."""
    return isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load)


class _Halves(ast.NodeTransformer):
    """Takes a test apart. own: names that it binds; ours: those of them that our side has, too; direct: those
    that the student's code answered, as it answered them."""

    def __init__(self, namespace: Namespace, own: set[str]) -> None:
        self.namespace = namespace
        self.own = own
        self.ours: set[str] = set()
        self.direct: set[str] = set()
        self.inside: list[str] = []
        self.outside: list[str] = []
        self.values: list[str] = []
        self.imports: set[str] = set()
        self.fair = True  # nothing is told that can be said without knowing it
        self.known = False  # the condition at hand compares with what one has to know

    def statement(self, node: ast.stmt) -> None:
        """Runs there, and here as well where nothing of the student's is in it."""
        self.inside.append(ast.unparse(node))
        bound = bound_anywhere(node)
        self.direct -= bound
        if isinstance(node, ast.Assign) and self._is_direct(node.value):
            self.direct |= bound
        brought = imported(node)
        if brought:
            if all(Namespace(modules=brought).importable(name) for name in brought):
                self.ours |= brought.keys()
                self.outside.append(ast.unparse(node))
        elif self._is_ours(node) and not isinstance(node, ast.Expr):
            self.ours |= bound
            self.outside.append(ast.unparse(node))
        else:
            self.ours -= bound

    def condition(self, node: ast.stmt, shown: bool) -> ast.expr | None:
        """What a statement asserts. shown: it is what is compared with what it prints, which is True."""
        if isinstance(node, ast.Assert):
            return node.test
        if not isinstance(node, ast.Expr):
            return None
        called = as_condition(node.value)
        if called is None and ast.unparse(node).startswith("assert_") and self._judges(node.value):
            called = ast.Compare(node.value, [ast.Is()], [ast.Constant(None)])
        return called or (node.value if shown else None)

    def judge(self, condition: ast.expr, says: str) -> bool:
        """Whether the condition could be taken apart, with something of the student's in it."""
        before = len(self.values)
        judged = condition
        if isinstance(condition, ast.Compare) and any(isinstance(op, (ast.Is, ast.IsNot)) for op in condition.ops):
            judged = condition.left  # `assert_allclose(...) is None` judges, `f(x) is True` does not
            if not self._judges(judged):
                return False
        if not (isinstance(judged, ast.Compare) or self._judges(judged)):
            return False
        self.known = _has_to_be_known(condition)
        self.outside.append(f"holds(lambda: {ast.unparse(self.visit(condition))}, {says!r})")
        return self.fair and len(self.values) == before + 1

    def visit(self, node: ast.AST) -> ast.AST:
        """What is ours stays; comparisons and calls that judge are looked into; all else is told by the sandbox."""
        if not isinstance(node, ast.expr):
            return node
        if self._is_ours(node):
            return node
        if self.known and isinstance(node, ast.Call) and any(isinstance(arg, ast.GeneratorExp) for arg in node.args):
            return self._seen(node)  # a generator is no value
        if isinstance(node, (ast.Compare, ast.BinOp, ast.UnaryOp)) or self._judges(node):
            return self.generic_visit(node)
        self.fair = self.fair and (self.known or self._is_direct(node))
        return self._seen(node)

    def _seen(self, node: ast.expr) -> ast.expr:
        """What our side has in place of a value of the sandbox."""
        seen = f"{_NAME}_{len(self.values)}"
        self.inside.append(f"{seen} = {ast.unparse(node)}")
        self.values.append(seen)
        return ast.parse(f"{_NAME}[{len(self.values) - 1}]", mode="eval").body

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        node.value = self.visit(node.value)  # type: ignore[assignment]
        return node

    def _judges(self, node: ast.expr) -> bool:
        """A call of a function of a library that compares or measures."""
        if not isinstance(node, ast.Call):
            return False
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return (name in _JUDGING or name.startswith("assert_")) and self._is_ours(node.func)

    def _is_direct(self, node: ast.expr) -> bool:
        """Whether this is what the student's code answered: a call of it, a part of it, a method of it."""
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            node = node.func if isinstance(node, ast.Call) else node.value
        return isinstance(node, ast.Name) and node.id in (self.direct if node.id in self.own else self.namespace.names)

    def _is_ours(self, node: ast.AST) -> bool:
        for name in read_names(node):
            if name in self.own:
                if name not in self.ours:
                    return False
            elif name in self.namespace.modules:
                if not self.namespace.importable(name):
                    return False
                self.imports.add(self.namespace.modules[name])
            elif name in self.namespace.names or not is_builtin(name) or name in UNTRUSTED_BUILTINS:
                return False
        return True


def _has_to_be_known(condition: ast.expr) -> bool:
    """Whether it is `... == 354`: with another literal than 0 or 1, which anybody may say."""
    if not isinstance(condition, ast.Compare) or len(condition.ops) != 1 or not isinstance(condition.ops[0], ast.Eq):
        return False
    literals = [literal_value(side) for side in (condition.left, condition.comparators[0])]
    return any(value is not None and value not in (0, 1, -1, "") for value in literals)
