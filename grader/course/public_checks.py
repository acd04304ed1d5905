"""The public checks of an assignment, as students have them: files of Otter under tests/, read and not run."""

from __future__ import annotations

import ast
import doctest
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from grader.errors import AuthoringError
from grader.paths import Paths
from grader.schema import Assignment

OTTER = "otter.test_files"


@dataclass(frozen=True)
class PublicCheck:
    """One check of a question, which earns nothing.

    title: as students read it;  source: what is run for it;  function: that source defines and the check calls,
    "" where source is a session (OK format);  failed: what the author says where it fails;  imports: what it needs
    """

    question: str
    title: str
    source: str
    function: str = ""
    failed: str = ""
    imports: frozenset[str] = frozenset()


def public_checks(paths: Paths, assignment: Assignment) -> tuple[PublicCheck, ...]:
    """Every public check, in the order of the questions; none where there are none.

    Raises AuthoringError for a file that holds none.
    """
    found = [check for file in sorted(paths.public_checks(assignment.id).glob("*.py")) for check in _in_file(file)]
    order = [question.id for question in assignment.questions]
    known = {name: place for place, name in enumerate(order)}
    return tuple(sorted(found, key=lambda check: known.get(check.question, len(order))))


def _in_file(file: Path) -> list[PublicCheck]:
    where = f"assignments/{file.parent.parent.name}/tests/{file.name}"
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError, ValueError) as problem:
        raise AuthoringError(f"{where}: {problem}") from None
    found = _session_checks(tree, file.stem) or _function_checks(tree, file.stem)
    if not found:
        raise AuthoringError(f"{where} holds no public check; expected a file of Otter, as grader build writes it")
    return [check for check in found if check.title]


def _function_checks(tree: ast.Module, question: str) -> list[PublicCheck]:
    """Checks that are functions. What Otter adds is taken off, so that they run without it."""
    found: list[tuple[str, ast.FunctionDef, str]] = []
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == OTTER:
            continue
        said = _decorated(node)
        if isinstance(node, ast.FunctionDef) and said is not None:
            node.decorator_list = []
            hidden = said.get("hidden") is True
            title = "" if hidden else str(said.get("name") or f"{question} - {len(found) + 1}")
            found.append((title, node, str(said.get("failure_message") or "")))
            if hidden:
                continue
        body.append(node)
    source = ast.unparse(ast.Module(body, []))
    shared = frozenset(
        module for node in body if node not in [each for _, each, _ in found] for module in _imports(node)
    )
    return [
        PublicCheck(question, title, source, node.name, failed, shared | frozenset(_imports(node)))
        for title, node, failed in found
    ]


def _imports(tree: ast.AST) -> Iterator[str]:
    """The modules that code imports, by their full names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _decorated(node: ast.stmt) -> dict[str, object] | None:
    """What the decorator `test_case` of a function says; None without one."""
    for mark in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
        call = mark.func if isinstance(mark, ast.Call) else None
        if isinstance(mark, ast.Call) and isinstance(call, ast.Name) and call.id == "test_case":
            literal = {key.arg: key.value for key in mark.keywords if key.arg}
            return {key: value.value for key, value in literal.items() if isinstance(value, ast.Constant)}
    return None


def _session_checks(tree: ast.Module, question: str) -> list[PublicCheck]:
    """Checks in OK format: `test = {...}`, each a session whose printed values are compared."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "test":
            try:
                cases = [case for suite in ast.literal_eval(node.value)["suites"] for case in suite["cases"]]
                return [_session(case, question, number) for number, case in enumerate(cases, 1)]
            except (ValueError, TypeError, KeyError, AttributeError, SyntaxError):
                return []
    return []


def _session(case: dict[str, object], question: str, number: int) -> PublicCheck:
    title = "" if case.get("hidden") is True else str(case.get("name") or f"{question} - {number}")
    source = dedent(str(case["code"]))
    code = "".join(example.source for example in doctest.DocTestParser().get_examples(source))
    imports = frozenset(_imports(ast.parse(code)))
    return PublicCheck(question, title, source, failed=str(case.get("failure_message") or ""), imports=imports)
