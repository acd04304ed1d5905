"""The small changes that make a mutant: what can be done to one node of a program, and of which kind each is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
NAMES = {"mean": "sum", "sum": "mean", "maximum": "minimum", "max": "min", "argmin": "argmax", "argmax": "argmin"}
STATEMENTS = (ast.Assign, ast.AugAssign, ast.Expr)  # that may be forgotten, or stand in another order
GUARDS = {"copy", "clone", "detach", "astype", "to"}  # x.copy() becomes x
SYMMETRIC = {"add", "multiply", "maximum", "minimum", "max", "min", "logaddexp"}  # f(a, b) is f(b, a)
OF_NO_MATTER = {"strict", "casting"}  # keywords that only refuse what cannot be


@dataclass(frozen=True)
class Change:
    """One field of a node is to be set. `operator`: the kind of change, as a report calls it."""

    operator: str
    node: ast.AST
    name: str
    value: object

    def make(self) -> None:
        setattr(self.node, self.name, self.value)


def changes(node: ast.AST) -> Iterator[Change]:
    """What can be changed at one node; always the same changes in the same order for the same program."""
    if isinstance(node, ast.BinOp):
        yield from _of_term(node)
    elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
        yield Change("another operator", node, "op", OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield Change("another comparison", node, "ops", [COMPARISONS[type(node.ops[0])](), *node.ops[1:]])
    elif isinstance(node, ast.Constant):
        yield from (Change("another constant", node, "value", value) for value in _other_constants(node.value))
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield Change("another function", node, "attr", NAMES[node.attr])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield Change("dropped sign", node, "op", ast.UAdd())
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    yield from _of_parts(node)
    yield from _of_body(node)


def _of_term(node: ast.BinOp) -> Iterator[Change]:
    if type(node.op) in OPERATORS:
        yield Change("another operator", node, "op", OPERATORS[type(node.op)]())
    if isinstance(node.op, (ast.Add, ast.Sub)):
        yield Change("dropped term", node, "right", ast.Constant(0))
    elif isinstance(node.op, (ast.Mult, ast.Div)):
        yield Change("dropped factor", node, "right", ast.Constant(1))


def _of_call(node: ast.Call) -> Iterator[Change]:
    if len(node.args) == 2 and _called(node) not in SYMMETRIC:
        yield Change("swapped arguments", node, "args", node.args[::-1])
    for place, keyword in enumerate(node.keywords):
        if keyword.arg not in {None, *OF_NO_MATTER}:
            without = [*node.keywords[:place], *node.keywords[place + 1 :]]
            yield Change("dropped keyword", node, "keywords", without)


def _of_parts(node: ast.AST) -> Iterator[Change]:
    """A part that is a copy or a conversion becomes what was copied or converted."""
    for name, part in ast.iter_fields(node):
        if isinstance(part, ast.Call) and (bare := _bare(part)) is not None:
            yield Change("dropped copy or conversion", node, name, bare)


def _bare(call: ast.Call) -> ast.expr | None:
    return call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr in GUARDS else None


def _called(call: ast.Call) -> str:
    """The last part of the name of what is called, "" where it has none."""
    return ast.unparse(call.func).rpartition(".")[2] if isinstance(call.func, (ast.Name, ast.Attribute)) else ""


def _of_body(node: ast.AST) -> Iterator[Change]:
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    for place, line in enumerate(body):
        if isinstance(line, STATEMENTS) and len(body) > 1:
            yield Change("dropped statement", node, "body", [*body[:place], *body[place + 1 :]])
        if isinstance(line, ast.Assign) and (in_place := _in_place(line)) is not None:
            yield Change("in place", node, "body", [*body[:place], in_place, *body[place + 1 :]])
    for place, (one, other) in enumerate(zip(body, body[1:], strict=False)):
        if isinstance(one, STATEMENTS) and isinstance(other, STATEMENTS) and _depend(one, other):
            yield Change("swapped statements", node, "body", [*body[:place], other, one, *body[place + 2 :]])


def _depend(one: ast.stmt, other: ast.stmt) -> bool:
    """Whether one of two statements may change what the other one names."""
    return bool(_changed_by(one) & _names(other) or _changed_by(other) & _names(one))


def _names(part: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}


def _changed_by(line: ast.stmt) -> set[str]:
    """The names that a statement gives another value; a call may change all that it is given."""
    if isinstance(line, ast.Expr):
        return _names(line)
    targets = line.targets if isinstance(line, ast.Assign) else [line.target] if isinstance(line, ast.AugAssign) else []
    return {name for target in targets for name in _names(target)}


def _in_place(line: ast.Assign) -> ast.AugAssign | None:
    """`w += step` for `w = w + step`: the array is changed and not replaced."""
    target, value = line.targets[0], line.value
    if len(line.targets) > 1 or not isinstance(target, ast.Name) or not isinstance(value, ast.BinOp):
        return None
    again = isinstance(value.left, ast.Name) and value.left.id == target.id
    return ast.AugAssign(target, value.op, value.right) if again else None


def _other_constants(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, *([value - 1] if value > 0 else [])]
    return [2 * value] if isinstance(value, float) and value else []
