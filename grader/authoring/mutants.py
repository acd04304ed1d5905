"""Wrong solutions made by machine: a right one with one small change, as a tired student would make it.

The changes (`changes`) are made in the reference and, where that is asked for, in the right alternatives, which have
other lines to break. Tests that are any good notice nearly all of them; a change that nobody could notice, or that the
question leaves free, is named in `solutions/<a>/equivalent.txt`, one mutant's id a line with the reason behind it.
"""

from __future__ import annotations

import ast
import copy
import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import replace

from grader.authoring.changes import changes
from grader.authoring.variants import Variant, isolated
from grader.course import known_solutions
from grader.course.master import master_cells, read_master
from grader.errors import AuthoringError
from grader.paths import Paths
from grader.schema import Assignment, Question, Submission

Definition = ast.FunctionDef | ast.ClassDef


def mutants(paths: Paths, assignment: Assignment, alternatives: bool = False) -> Iterator[Variant]:
    """Every mutant of every question's definitions, but for those that are known to be equivalent.

    alternatives: of those of the right alternatives, too
    """
    spared = equivalent(paths, assignment)
    base = read_master(paths, assignment.id)
    defined = definitions(paths, assignment)
    for question in assignment.questions:
        found = _of_reference(assignment, question, base, [defined[name] for name in question.names if name in defined])
        seen: set[str] = set()
        for variant in (*found, *(_of_alternatives(paths, assignment, question) if alternatives else ())):
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


def definitions(paths: Paths, assignment: Assignment) -> dict[str, Definition]:
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


def _of_reference(
    assignment: Assignment, question: Question, base: str, definitions: list[Definition]
) -> Iterator[Variant]:
    """Each stands behind the reference, and overrides one definition."""
    for definition in definitions:
        for operator, changed in _changed(definition):
            diff, name = _difference(definition, changed), f"{question.id}-{definition.name}"
            content = "\n".join([base, "# %%", ast.unparse(changed), ""])
            yield _variant(assignment, question, name, diff, operator, content)


def _of_alternatives(paths: Paths, assignment: Assignment, question: Question) -> Iterator[Variant]:
    """The cell of an alternative with one change stands in its place."""
    base = isolated(paths, assignment, question)
    for solution in known_solutions.right(paths, assignment.id, question.id):
        *shared, own = solution.cells
        cell = ast.parse(own)
        for definition in (node for node in cell.body if isinstance(node, Definition)):
            for operator, changed in _changed(definition):
                diff, name = _difference(definition, changed), f"{question.id}-{solution.id}-{definition.name}"
                body = [changed if node is definition else node for node in cell.body]
                whole = ast.unparse(ast.Module(body, type_ignores=[]))
                content = "\n\n".join([base, *(f"# %%\n{part}\n" for part in (*shared, whole))])
                made = _variant(assignment, question, name, diff, operator, content)
                yield replace(made, of=solution.id)


def _changed(definition: Definition) -> Iterator[tuple[str, Definition]]:
    """Copies of a definition with one change each, and what kind of change it is."""
    for place, node in enumerate(ast.walk(definition)):
        for number, change in enumerate(changes(node)):
            twin = copy.deepcopy(definition)
            target = next(inner for at, inner in enumerate(ast.walk(twin)) if at == place)
            next(edit for at, edit in enumerate(changes(target)) if at == number).make()
            yield change.operator, ast.fix_missing_locations(twin)


def _difference(old: Definition, new: Definition) -> str:
    before, after = ast.unparse(old).splitlines(), ast.unparse(new).splitlines()
    lines = difflib.unified_diff(before, after, n=1, lineterm="")
    return "\n".join(line for line in lines if line[:2] not in ("--", "++"))


def _variant(assignment: Assignment, question: Question, name: str, diff: str, operator: str, content: str) -> Variant:
    name = f"{name}-{hashlib.sha256(diff.encode()).hexdigest()[:8]}"
    submission = Submission(name, assignment.id, f"{name}.py", content.encode())
    return Variant(name, "mutant", submission, question.id, text=diff, operator=operator)
