"""Compile a cell: its statements, and the expression that it ends in, whose value a notebook remembers."""

from __future__ import annotations
import __future__

import ast
import re
from types import CodeType
from typing import NamedTuple

from grader.candidate import faults

ANNOTATIONS = __future__.annotations.compiler_flag  # the only feature that is still optional

_NO_START = re.compile(r"[\s#)\]}]|$")  # a line that begins no statement at the top level
_STATEMENT = re.compile(
    r"(?:def|class|import|from|if|for|while|with|try|return|pass|assert|del|raise|global|elif|else|except|finally|async"
    r"|@)\b|[A-Za-z_]\w*[ \t]*=[^=]"
)


class Compiled(NamedTuple):
    """The statements of a cell, their text, and the last expression: None where there is none or a `;` hides it."""

    body: CodeType
    source: str
    ending: CodeType | None


def compiled(code: str, filename: str, flags: int) -> Compiled:
    """Compile one cell; `flags` are those of `from __future__` in the cells before. Raises SyntaxError."""
    faults.remember_source(filename, code)
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    lines = code.split("\n")
    last = len(lines) - 1
    while last > 0 and _NO_START.match(lines[last]):
        last -= 1
    if not _STATEMENT.match(lines[last]):
        try:
            ending = compile("\n" * last + "\n".join(lines[last:]), filename, "eval", flags, True)
            before = "\n".join(lines[:last])
            return Compiled(compile(before, filename, "exec", flags, True), before, ending)
        except SyntaxError:  # it is no expression, or does not begin there
            pass
        if any(mark in lines[last] for mark in (";", '"""', "'''")):
            return _parted(code, filename, flags)
    return Compiled(compile(code, filename, "exec", flags, True), code, None)


def _parted(code: str, filename: str, flags: int) -> Compiled:
    """The same with a tree of the whole cell, which takes twice the time."""
    tree: ast.Module = compile(code, filename, "exec", flags | ast.PyCF_ONLY_AST, True)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr) or _behind(code, last).startswith(";"):
        return Compiled(compile(code, filename, "exec", flags, True), code, None)
    del tree.body[-1]
    ending = compile(ast.Expression(last.value), filename, "eval", flags, True)
    lines = code.encode().split(b"\n")[: last.lineno]
    lines[-1] = lines[-1][: last.col_offset]
    return Compiled(compile(tree, filename, "exec", flags, True), b"\n".join(lines).decode(), ending)


def _behind(code: str, node: ast.stmt) -> str:
    """What is written behind a statement in its line."""
    line = code.split("\n")[(node.end_lineno or 1) - 1].encode()
    return line[node.end_col_offset or 0 :].decode().lstrip()
