"""Tests of Otter, in both of its forms, from cells of a master and from finished files."""

from __future__ import annotations

import ast
import doctest
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.errors import UsageError
from grader.importing.assertions import as_condition
from grader.importing.cells import SourceCell
from grader.importing.material import Asked, Case, Material
from grader.importing.otter_points import resolve
from grader.submission.magics import parse

_BEGINS = re.compile(r"(?:\w\s*=\s*)?\"\"?\"?\s*#\s*BEGIN\s*TEST\s*CONFIG", re.IGNORECASE)
_ENDS = re.compile(r"\"\"?\"?;?\s*#\s*END\s*TEST\s*CONFIG", re.IGNORECASE)


def case_of_cell(cell: SourceCell, label: str, ok_format: bool) -> Case:
    """A cell between BEGIN TESTS and END TESTS."""
    import yaml

    lines = cell.lines
    config: dict[str, Any] = {}
    hidden = bool(re.match(r"\s*#.*\bhidden\b", lines[0], re.IGNORECASE))
    if _BEGINS.match(lines[0]):
        end = next((number for number, line in enumerate(lines) if _ENDS.match(line)), len(lines) - 1)
        try:
            config = yaml.safe_load("\n".join(lines[1:end])) or {}
        except yaml.YAMLError:
            raise UsageError(f"cell {cell.number}: the TEST CONFIG is no YAML") from None
        lines = lines[end + 1 :]
    source = "\n".join(lines).strip("\n")
    prints = ok_format and not _is_silent(source)
    points = config.get("points")
    return Case(
        label,
        source,
        (cell.printed or "") if prints else None,
        prints=prints and cell.printed is None,
        hidden=config.get("hidden", hidden) is True,
        points=None if points is None else Fraction(str(points)),
        success=str(config.get("success_message") or ""),
        failure=str(config.get("failure_message") or ""),
    )


def _is_silent(source: str) -> bool:
    """Whether a test compares nothing with what it prints: it ends in a statement, an assertion, or its own call."""
    tree = parse(source)
    last = tree.body[-1] if tree and tree.body else None
    if not tree or not isinstance(last, ast.Expr):
        return last is not None
    first = tree.body[0]
    called = ast.unparse(last.value.func) if isinstance(last.value, ast.Call) else ""
    if isinstance(first, ast.FunctionDef) and called == first.name:
        return not any(isinstance(node, ast.Return) for node in ast.walk(first))
    return as_condition(last.value) is not None


def read_folder(folder: Path) -> Material:
    """A folder of finished tests, q1.py and so on, without a master. Raises UsageError where it holds none."""
    material = Material("Otter", folder.parent.name if folder.name == "tests" else folder.name)
    for file in sorted(
        folder.glob("*.py"), key=lambda path: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", path.stem)]
    ):
        asked = read_test(file.read_text(encoding="utf-8", errors="replace"), file.stem, material)
        if asked is not None:
            material.items.append(asked)
    if not material.questions:
        raise UsageError(f"{folder} holds no tests of Otter: files q1.py, q2.py with `test = {{...}}` or @test_case")
    return material


def read_kept(kept: dict[str, Any], title: str) -> Material:
    """Finished tests that a notebook keeps in its metadata, by question. Raises UsageError where it keeps none."""
    material = Material("Otter", title)
    for name, test in kept.items():
        asked = _ok(test, name, material) if isinstance(test, dict) else read_test(str(test), name, material)
        if asked is not None:
            material.items.append(asked)
    if not material.questions:
        raise UsageError(f"{title}: its metadata holds no tests of Otter")
    return material


def read_test(source: str, name: str, material: Material) -> Asked | None:
    """One finished file of tests, in OK format or of functions; None where it is something else. Nothing is run.

    name: what the question is called, where the file does not say
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        material.note(name, "left", "it is no Python")
        return None
    spec: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                spec[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    if isinstance(spec.get("test"), dict):
        return _ok(spec["test"], name, material)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and _decorated(node)]
    if not functions:
        return None
    asked = Asked(str(spec.get("name") or name), all_or_nothing=spec.get("all_or_nothing") is True)
    asked.title = asked.name
    imports = "\n".join(ast.unparse(node) for node in tree.body if _needed(node))
    asked.cases = [_function(node, imports) for node in functions]
    resolve(asked, spec.get("points"), material)
    return asked


def _ok(test: dict[str, Any], name: str, material: Material) -> Asked:
    asked = Asked(str(test.get("name") or name), all_or_nothing=test.get("all_or_nothing") is True)
    asked.title = asked.name
    for suite in test.get("suites", ()):
        if suite.get("setup") or suite.get("teardown"):
            material.note(asked.name, "left", "setup and teardown of a suite, which Otter refuses, too")
        for case in suite.get("cases", ()):
            label = str(case.get("name") or f"{asked.name} - {len(asked.cases) + 1}")
            asked.cases.append(_of_doctest(case, label))
    resolve(asked, test.get("points"), material)
    return asked


def _of_doctest(case: dict[str, Any], label: str) -> Case:
    """Statements of a doctest; what is printed by any but the last becomes an assertion of its own."""
    examples = doctest.DocTestParser().get_examples(_dedented(str(case.get("code", ""))))
    lines = []
    for example in examples[:-1]:
        source = example.source.rstrip("\n")
        if example.want.strip() and _is_expression(source):
            lines.append(f"assert repr({source}) == {example.want.strip()!r}")
        else:
            lines.append(source)
    last = examples[-1] if examples else None
    want = last.want.rstrip("\n") if last else ""
    if last:
        lines.append(last.source.rstrip("\n"))
    expects = want if last and _is_expression(last.source) else None
    points = case.get("points")
    return Case(
        label,
        "\n".join(lines),
        expects,
        hidden=case.get("hidden", True) is True,
        points=None if points is None else Fraction(str(points)),
        success=str(case.get("success_message") or ""),
        failure=str(case.get("failure_message") or ""),
    )


def _dedented(code: str) -> str:
    import textwrap

    return textwrap.dedent(code)


def _is_expression(source: str) -> bool:
    try:
        ast.parse(source.strip(), mode="eval")
    except SyntaxError:
        return False
    return True


def _decorated(node: ast.FunctionDef) -> bool:
    return any("test_case" in ast.unparse(decorator) for decorator in node.decorator_list)


def _needed(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom)) and "otter" not in ast.unparse(node)


def _function(node: ast.FunctionDef, imports: str) -> Case:
    call = next(each for each in node.decorator_list if "test_case" in ast.unparse(each))
    config: dict[str, Any] = {}
    for keyword in call.keywords if isinstance(call, ast.Call) else ():
        try:
            config[keyword.arg or ""] = ast.literal_eval(keyword.value)
        except ValueError:
            continue
    bare = ast.FunctionDef(
        node.name, node.args, [*ast.parse(imports).body, *node.body], [], None, None, lineno=0, col_offset=0
    )
    points = config.get("points")
    return Case(
        str(config.get("name") or node.name),
        ast.unparse(ast.fix_missing_locations(bare)),
        hidden=config.get("hidden") is True,
        points=None if points is None else Fraction(str(points)),
        success=str(config.get("success_message") or ""),
        failure=str(config.get("failure_message") or ""),
    )
