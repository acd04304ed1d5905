"""The public checks of a question, out of the master's TESTS cells: files that Otter runs for students.

A cell is one check, in one of Otter's two forms: a function that raises (`ok_format: false`), or statements whose
printed values are compared with what the reference prints (OK format). Hidden ones are left out: students get these
files.
"""

from __future__ import annotations

import ast
import builtins
import json
import pprint
import re
import symtable
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from grader.authoring.outline import MasterCell, Outline, yaml_table
from grader.authoring.starter_code import CHECK_IMPORTS, CHECKS_HEADER, OK_HEADER

_CONFIG_BEGINS = re.compile(r"(?:\w\s*=\s*)?\"\"\"?\s*#\s*BEGIN\s*TEST\s*CONFIG", re.IGNORECASE)
_CONFIG_ENDS = re.compile(r"\"\"\"?;?\s*#\s*END\s*TEST\s*CONFIG", re.IGNORECASE)
_CONFIG_MARK = re.compile(r"#\W*(BEGIN|END)\W*TESTS?\W*CONFIG", re.IGNORECASE)
_CONFIG_KEYS = ("hidden", "points", "success_message", "failure_message")
_ONE_KIND = "all checks of a master are of one kind"
_HIDDEN = re.compile(r"#+\s*hidden(\s+tests?)?\s*#*", re.IGNORECASE)


@dataclass(frozen=True)
class Check:
    """One TESTS cell. begin: its first line behind mark and config;  body: the statements from there on."""

    cell: MasterCell
    begin: int
    body: tuple[ast.stmt, ...]
    hidden: bool
    config: dict[str, Any]

    @property
    def function(self) -> ast.FunctionDef | None:
        return self.body[0] if self.body and isinstance(self.body[0], ast.FunctionDef) else None

    @property
    def messages(self) -> dict[str, str]:
        """What Otter says when it has passed and when it has failed, where the master has words for it."""
        return {key: str(self.config[key]) for key in _CONFIG_KEYS[2:] if self.config.get(key)}

    def line(self, node: ast.stmt) -> int:
        """The line of its cell in which a statement begins."""
        return self.begin + node.lineno - 1

    def source(self, node: ast.stmt) -> str:
        """A statement as it was written."""
        return ast.get_source_segment("\n".join(self.cell.lines[self.begin :]), node) or ""


def read_checks(outlined: Outline, question: str, names: Iterable[str]) -> list[Check]:
    """The checks of a question, hidden ones too. names: what the master defines; a check must ask for one of these.

    Raises AuthoringError for a cell that is no check, or one that could never fail.
    """
    found = []
    for cell in outlined.of(question, "tests"):
        if cell.kind != "code":
            raise cell.refused(0, "a cell of text between BEGIN TESTS and END TESTS; a check is a code cell")
        check = _check(cell)
        if not check.hidden:
            (_refuse_statements if outlined.ok_format else _refuse_function)(check, set(names))
        found.append(check)
    functions = [check.function.name for check in found if check.function and not outlined.ok_format]
    for check in found:
        if check.function and functions.count(check.function.name) > 1:
            raise check.cell.refused(check.begin, f"two public checks of {question} are called {check.function.name}")
    return found


def stated_points(checks: Iterable[Check]) -> list[float]:
    """The points of those checks that have any."""
    return [check.config["points"] for check in checks if isinstance(check.config.get("points"), (int, float))]


def _check(cell: MasterCell) -> Check:
    lines = cell.lines
    config: dict[str, Any] = {}
    begin = 0
    if _CONFIG_BEGINS.match(lines[0]):
        ends = next((number for number, line in enumerate(lines) if _CONFIG_ENDS.match(line)), None)
        if ends is None:
            raise cell.refused(0, 'BEGIN TEST CONFIG without """ # END TEST CONFIG')
        config, begin = yaml_table(cell, 1, ends), ends + 1
        for key in config:
            if key not in _CONFIG_KEYS:
                raise cell.refused(0, f"unknown key {key!r} in TEST CONFIG; known: {', '.join(_CONFIG_KEYS)}")
        if not isinstance(config.get("hidden", False), bool):
            raise cell.refused(0, f"hidden is true or false in TEST CONFIG, got {config['hidden']!r}")
    elif _HIDDEN.fullmatch(lines[0].strip()):
        config, begin = {"hidden": True}, 1
    elif re.match(r"\s*#.*\bhidden\b", lines[0], re.IGNORECASE):
        raise cell.refused(0, "Otter hides a check whose first line says hidden; begin with # HIDDEN, or reword it")
    for number, line in enumerate(lines[begin:], start=begin):
        if _CONFIG_MARK.search(line) or (number and _HIDDEN.fullmatch(line.strip())):
            says = "a check's config and # HIDDEN stand in its first line, the config between"
            raise cell.refused(number, f'{says} """ # BEGIN TEST CONFIG and """ # END TEST CONFIG')
    try:
        tree = ast.parse("\n".join(lines[begin:]))
    except SyntaxError as problem:
        says = f"a public check is not Python: {problem.msg}"
        raise cell.refused(begin + (problem.lineno or 1) - 1, says) from None
    return Check(cell, begin, tuple(tree.body), config.get("hidden") is True, config)


# ------------------------------------------------------------------------------------------------ functions


def _refuse_function(check: Check, names: set[str]) -> None:
    node = check.function
    if node is None or not all(_calls(other, node.name) for other in check.body[1:]):
        kinds = f"{_ONE_KIND}: functions, or with ok_format: true in the config statements"
        says = f"a check is one function, here something else stands in its cell; {kinds}"
        raise check.cell.refused(check.begin, says)
    begin = check.line(node)
    if node.decorator_list:
        raise check.cell.refused(begin, f"{node.name} has a decorator; what Otter needs is added by the build")
    if not ast.get_docstring(node) or len(node.body) < 2:
        raise check.cell.refused(begin, f"{node.name} needs a docstring, its name for students")
    arguments = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    if not arguments:
        raise check.cell.refused(
            begin, f"{node.name} asks nothing of the notebook: its arguments are names of it, or env"
        )
    for name in arguments:
        if name not in names and name != "env":
            raise check.cell.refused(
                begin, f"{node.name} asks for {name}, which no cell before it in the master defines"
            )
    if not any(_may_fail(inner) for inner in ast.walk(node)):
        raise check.cell.refused(begin, f"{node.name} can never fail: nothing is asserted in it")
    for name in sorted(_free_names(check.source(node))):
        raise check.cell.refused(begin, f"{node.name} knows no {name}: take it as an argument, or import it inside")


def _calls(node: ast.stmt, name: str) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name


def _may_fail(node: ast.AST) -> bool:
    return isinstance(node, (ast.Assert, ast.Raise)) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    )


def _free_names(function: str) -> set[str]:
    """Names that a function takes from its file and that no file of checks has."""
    given = {*dir(builtins), *CHECK_IMPORTS, "near", "defined"}
    return {name for name in _globals(symtable.symtable(function, "check", "exec")) if name not in given}


def _globals(table: symtable.SymbolTable) -> Iterable[str]:
    for child in table.get_children():
        yield from (
            symbol.get_name() for symbol in child.get_symbols() if symbol.is_global() and symbol.is_referenced()
        )
        yield from _globals(child)


def function_file(question: str, checks: Iterable[Check]) -> str:
    """One file of checks that raise, as the master has them, each named by the first line of its docstring."""
    nodes = [(check, check.function) for check in checks if check.function]
    used = {"np"}.union(*(_names_used(node) for _, node in nodes))
    imports = "\n".join(line for name, line in CHECK_IMPORTS.items() if name in used)
    parts = [CHECKS_HEADER.format(question=question, imports=imports)]
    for check, node in nodes:
        title = (ast.get_docstring(node) or "").partition("\n")[0]
        source = check.source(node).splitlines()
        source.insert((node.body[0].end_lineno or 0) - node.lineno + 1, "    defined(locals())")
        says = {"name": title} | check.messages
        named = ", ".join(f"{key}={json.dumps(text, ensure_ascii=False)}" for key, text in says.items())
        parts.append("\n".join([f"@test_case({named}, points=0)", *source, ""]))
    return "\n\n".join(parts)


def _names_used(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


# ------------------------------------------------------------------------------------------------ OK format


def _refuse_statements(check: Check, names: set[str]) -> None:
    if not check.body:
        raise check.cell.refused(0, "a check without a statement")
    only_functions = all(isinstance(node, ast.FunctionDef) for node in check.body)
    if only_functions:
        kinds = f"{_ONE_KIND}: statements, or with ok_format: false in the config functions"
        says = f"a function alone compares nothing; {kinds}"
        raise check.cell.refused(check.begin, says)
    if not any(_names_used(node) & names for node in check.body):
        raise check.cell.refused(check.begin, "this check asks for nothing that the master defines: it can never fail")


def refuse_silent(check: Check, printed: list[str]) -> None:
    """Refuse a check in OK format that prints nothing and asserts nothing."""
    if not any(printed) and not any(_may_fail(inner) for node in check.body for inner in ast.walk(node)):
        raise check.cell.refused(check.begin, "this check prints nothing and asserts nothing: it can never fail")


def ok_file(question: str, checks: Iterable[tuple[Check, list[str]]]) -> str:
    """One file of checks in OK format. With each check goes what its statements print."""
    cases = [
        {"code": _doctest(check, printed), "hidden": False, "locked": False} | check.messages
        for check, printed in checks
    ]
    suite = {"cases": cases, "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    test = {"name": question, "points": 0, "suites": [suite]}
    return OK_HEADER.format(question=question, test=pprint.pformat(test, width=110, sort_dicts=False))


def _doctest(check: Check, printed: list[str]) -> str:
    lines = []
    for node, text in zip(check.body, printed, strict=True):
        first, *others = check.source(node).split("\n")
        lines += [f">>> {first}", *(f"... {line}".rstrip() for line in others)]
        lines += [line if line.strip() else "<BLANKLINE>" for line in text.splitlines()]
    return "\n".join(lines) + "\n"
