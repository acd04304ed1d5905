"""Methods that a hidden test reads and does not call: `close(moments.mean, ...)` where `mean` is a method."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from grader.authoring.causes import Seen
from grader.course.master import master_cells
from grader.paths import Paths

JUDGED_AS = "a function"  # what such a thing is called where a value was expected (see `checking.values.describe`)


def uncalled(paths: Paths, assignment_id: str) -> Iterator[Seen]:
    """(check, expression) where a test reads a method of the reference's classes. It need not be a mistake."""
    from grader.examination.collecting import functions, own_nodes

    methods = set(_methods(paths, assignment_id))
    for file in sorted(paths.hidden_tests(assignment_id).rglob("*.py")):
        for _, function in functions(ast.parse(file.read_bytes())):
            nodes = list(own_nodes(function)) if function.name.startswith("test") else []
            called = [node.func for node in nodes if isinstance(node, ast.Call)]
            for node in nodes:
                if isinstance(node, ast.Attribute) and node.attr in methods and node not in called:
                    yield Seen("uncalled", function.name, "", ast.unparse(node))


def _methods(paths: Paths, assignment_id: str) -> Iterator[str]:
    """Names of the reference's methods; a property is none."""
    for cell in master_cells(paths, assignment_id):
        for node in ast.walk(ast.parse(cell.code)):
            inside = node.body if isinstance(node, ast.ClassDef) else []
            yield from (each.name for each in inside if isinstance(each, ast.FunctionDef) and not each.decorator_list)


def told_apart(seen: list[Seen]) -> list[Seen]:
    """The same rows: a check for which the reference's answer is a function has this one cause, and no other has it."""
    checks = {row.check for row in seen if row.kind == "loses" and row.submission == "reference" and _is_function(row)}
    told = (
        replace(row, kind="uncalled", detail="") if row.check in checks and _is_function(row) else row for row in seen
    )
    return [row for row in told if row.kind != "uncalled" or row.check in checks]


def _is_function(row: Seen) -> bool:
    return row.kind in ("loses", "elsewhere") and JUDGED_AS in row.detail
