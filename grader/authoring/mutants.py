"""Wrong solutions made by machine: the reference with one small change each, as a tired student would make it.

Operators, comparisons, constants, axes, dropped terms and statements, swapped arguments, a sum for a mean. Tests that
are any good notice nearly all of them; a change that nobody could notice, or that the question leaves free, is named in
`solutions/<a>/equivalent.txt`, one mutant's id a line with the reason behind it.
"""

from __future__ import annotations

import ast
import copy
import difflib
import hashlib
from collections.abc import Iterator

from grader.authoring.variants import Variant
from grader.course.master import master_cells, read_master
from grader.errors import AuthoringError
from grader.paths import Paths
from grader.schema import Assignment, Question, Submission

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
DROPPED = (ast.Assign, ast.AugAssign, ast.Expr)  # statements that may be forgotten
Definition = ast.FunctionDef | ast.ClassDef


def mutants(paths: Paths, assignment: Assignment) -> Iterator[Variant]:
    """Every mutant of every question's definitions, but for those that are known to be equivalent."""
    spared = equivalent(paths, assignment)
    base = read_master(paths, assignment.id)
    defined = _definitions(paths, assignment)
    for question in assignment.questions:
        seen: set[str] = set()
        for definition in (defined[name] for name in question.names if name in defined):
            for changed in _changed(definition):
                variant = _variant(assignment, question, base, definition, changed)
                if variant.text and variant.id not in seen and variant.id not in spared:
                    seen.add(variant.id)
                    yield variant


def equivalent(paths: Paths, assignment: Assignment) -> dict[str, str]:
    """Mutants that no test can catch: id -> why. Raises AuthoringError for a line without a reason."""
    file = paths.solutions / assignment.id / "equivalent.txt"
    found: dict[str, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines() if file.is_file() else (), start=1):
        if line.strip() and not line.startswith("#"):
            name, _, why = line.strip().partition(" ")
            if not why.strip():
                raise AuthoringError(f"solutions/{assignment.id}/{file.name}, line {number}: {name}: say why")
            found[name] = why.strip()
    return found


def _definitions(paths: Paths, assignment: Assignment) -> dict[str, Definition]:
    """The reference's top-level functions and classes, by name, without docstrings; the last definition counts."""
    trees = [ast.parse(cell.code) for cell in master_cells(paths, assignment.id)]
    found = {node.name: node for tree in trees for node in tree.body if isinstance(node, Definition)}
    for definition in found.values():
        for inner in ast.walk(definition):
            body = getattr(inner, "body", None)
            if isinstance(body, list) and len(body) > 1:
                inner.body = [line for line in body if not _is_text(line)] or body  # type: ignore[attr-defined]
    return found


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _variant(assignment: Assignment, question: Question, base: str, old: Definition, new: Definition) -> Variant:
    before, after = ast.unparse(old).splitlines(), ast.unparse(new).splitlines()
    diff = "\n".join(
        line for line in difflib.unified_diff(before, after, n=1, lineterm="") if line[:2] not in ("--", "++")
    )
    name = f"{question.id}-{old.name}-{hashlib.sha256(diff.encode()).hexdigest()[:8]}"
    content = "\n".join([base, "# %%", *after, ""]).encode()
    return Variant(name, "mutant", Submission(name, assignment.id, f"{name}.py", content), question.id, text=diff)


# ---------------------------------------------------------------------------------------------------- changes


def _changed(definition: Definition) -> Iterator[Definition]:
    """Copies of a definition with one change each."""
    places = list(ast.walk(definition))
    for place, node in enumerate(places):
        for change in range(len(list(_edits(copy.deepcopy(node))))):
            twin = copy.deepcopy(definition)
            target = list(ast.walk(twin))[place]
            for number, edit in enumerate(_edits(target)):
                if number == change:
                    edit()
                    break
            yield ast.fix_missing_locations(twin)


def _edits(node: ast.AST) -> Iterator[Edit]:
    """The changes that can be made at one node, each as something to call."""
    if isinstance(node, ast.BinOp):
        yield from _operator_edits(node)
    elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
        yield Edit(node, "op", OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield Edit(node, "ops", [COMPARISONS[type(node.ops[0])](), *node.ops[1:]])
    elif isinstance(node, ast.Constant):
        yield from (Edit(node, "value", value) for value in _other_constants(node.value))
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield Edit(node, "attr", NAMES[node.attr])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield Edit(node, "op", ast.UAdd())
    elif isinstance(node, ast.Call) and len(node.args) == 2:
        yield Edit(node, "args", node.args[::-1])
    body = getattr(node, "body", None)
    if isinstance(body, list) and len(body) > 1:
        for place, line in enumerate(body):
            if isinstance(line, DROPPED):
                yield Edit(node, "body", [*body[:place], *body[place + 1 :]])


def _operator_edits(node: ast.BinOp) -> Iterator[Edit]:
    if type(node.op) in OPERATORS:
        yield Edit(node, "op", OPERATORS[type(node.op)]())
    if isinstance(node.op, (ast.Add, ast.Sub)):
        yield Edit(node, "right", ast.Constant(0))  # the second term is forgotten
    elif isinstance(node.op, (ast.Mult, ast.Div)):
        yield Edit(node, "right", ast.Constant(1))


def _other_constants(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, *([value - 1] if value > 0 else [])]
    return [2 * value] if isinstance(value, float) and value else []


class Edit:
    """Set one field of a node, when called."""

    def __init__(self, node: ast.AST, name: str, value: object) -> None:
        self.node, self.name, self.value = node, name, value

    def __call__(self) -> None:
        setattr(self.node, self.name, self.value)
