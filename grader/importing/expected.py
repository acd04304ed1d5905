"""What the source's own solution gives where the source leaves it open what a test expects.

Otter compares with what a master printed when it was saved; a master that was never run says nothing. AUTOTEST of
nbgrader writes its assertions from the solution when an assignment is released. Both are filled in here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from grader.authoring.printed import printed
from grader.course.master import master_cells
from grader.errors import AuthoringError
from grader.importing.literals import literal_of, literal_value
from grader.importing.material import Case, Material
from grader.paths import Paths
from grader.submission.magics import parse

SAYS = "the source does not say what it expects: it is what its own solution gives"


def is_open(material: Material) -> bool:
    """Whether some test does not say what it expects."""
    return any(case.prints or case.measured for asked in material.questions for case in asked.cases)


def fill(paths: Paths, assignment_id: str, material: Material) -> bool:
    """Give every open test what it expects, by running the built master; whether there was any that could be given."""
    open_ones = {
        case.label: case for asked in material.questions for case in asked.cases if case.prints or case.measured
    }
    said = _said(paths, assignment_id, open_ones)
    for asked in material.questions:
        asked.cases = [
            _filled(case, said[case.label], material) if case.label in said else case for case in asked.cases
        ]
    return bool(said)


def _said(paths: Paths, assignment_id: str, cases: dict[str, Case]) -> dict[str, list[str]]:
    """Label of a test -> what each of its statements prints; without tests that raise, or print other things twice."""
    cells = [(cell.code, list[str]()) for cell in master_cells(paths, assignment_id) if not cell.experiment]
    left = {label: statements for label, case in cases.items() if (statements := list(_statements(case)))}
    while left:
        places = [""] * len(cells) + list(left)
        try:
            told = printed([*cells, *(("", each) for each in left.values())], places, paths.assignment(assignment_id))
        except AuthoringError as problem:
            failing = next((label for label in left if str(problem).startswith(f"{label}: ")), None)
            if failing is None:
                return {}
            del left[failing]
            continue
        return dict(zip(left, told[len(cells) :], strict=True))
    return {}


def _statements(case: Case) -> Iterator[str]:
    tree = parse(case.source)
    for node in tree.body if tree else []:
        yield ast.unparse(node)


def _filled(case: Case, said: list[str], material: Material) -> Case:
    if case.prints:
        material.note(case.label, "changed", SAYS)
        return replace(case, prints=False, expects=said[-1].rstrip("\n"))
    tree = parse(case.source)
    nodes = tree.body if tree else []
    if any(_judges_inside(node) for node in nodes):
        return case
    material.note(case.label, "changed", SAYS)
    lines = [_asserted(node, text.rstrip("\n")) for node, text in zip(nodes, said, strict=True)]
    return replace(case, measured=False, source="\n".join(lines))


def _judges_inside(node: ast.stmt) -> bool:
    """Whether an expression stands in a loop or a branch, where it may give several values."""
    inner = [] if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Expr)) else list(ast.walk(node))
    return any(isinstance(each, ast.Expr) for each in inner)


def _asserted(node: ast.stmt, text: str) -> str:
    """An expression as the assertion that it gives this; any other statement as it is."""
    source = ast.unparse(node)
    if not isinstance(node, ast.Expr) or isinstance(node.value, ast.Constant) or source.startswith("print("):
        return source
    if text in ("True", "False", ""):
        return f"assert ({source}) is {text or None}"
    literal = literal_of(text)
    if literal is None:
        return f"assert repr({source}) == {text!r}"
    value = literal_value(literal)
    return (
        f"assert round({source}, 2) == {round(value, 2)}" if isinstance(value, float) else f"assert {source} == {text}"
    )
