"""Probes as they reach the sandbox: compiled, without docstrings, comments, names of ours and lines.

A probe runs beside the student's code, which can look at it while it does. So what is sent is the least that runs. It
can be disassembled all the same, and what it counts can be set: a probe is no place for an expected value, and what
it says of a call is a claim. The record keeps the source, so that evidence outlives a version of Python.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import itertools
import marshal
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any

from grader import wire

OURS = importlib.util.MAGIC_NUMBER  # of the byte code that this Python makes
NAME = "probe"
_RUN = wire.encode({"op": "run"})[5:]


@functools.cache
def source_of(probe: Callable[..., Any]) -> str:
    """A probe's source; finding its end in the file takes longer than most calls."""
    return textwrap.dedent(inspect.getsource(probe))


def as_sent(request: bytes, byte_code: bytes) -> bytes:
    """An encoded request as the sandbox gets it: with a probe in place of its source.

    byte_code: the magic number of the sandbox's Python. Where it is another than ours, the source is sent after all,
    without its docstrings, comments and name, and compiled there.
    """
    if not request[5:].startswith(_RUN):
        return request
    asked = wire.decode(request)
    source, name = asked.pop("source"), asked.pop("name")
    asked["probe"] = compiled(source, name) if byte_code == OURS else ast.unparse(bare(source, name))
    return wire.encode(asked, 1 << 30)


@functools.cache
def compiled(source: str, name: str) -> bytes:
    """The marshalled code of a module that defines `probe`."""
    code = _whole(source, name)
    return marshal.dumps(_stripped(code, _new_names(code), itertools.count()))


def line_of(source: str, name: str, part: str, offset: int) -> tuple[int, str]:
    """The line of a probe, and the function in it, where its compiled form says that it was; (0, "") for nowhere.

    part: what the sandbox knows a function of the probe as
    offset: of the instruction, in bytes
    """
    parts = {f"{NAME} {place}": code for place, code in enumerate(_nested(_whole(source, name)))}
    lines = parts[part].co_lines() if part in parts else ()
    found = next((line for start, end, line in lines if start <= offset < end), None)
    return (found, parts[part].co_name.replace(NAME, name, 1)) if found else (0, "")


@functools.cache
def _whole(source: str, name: str) -> types.CodeType:
    return compile(bare(source, name), "<probe>", "exec", dont_inherit=True)


def bare(source: str, name: str) -> ast.Module:
    """The syntax of a probe without what only people read; it is called `probe`."""
    tree = ast.parse(source)
    fields = {id(field) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for field in node.body}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node is tree.body[0]:
                node.name = NAME
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign) and id(node) not in fields:
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.Name) and node.id == name:
            node.id = NAME
    return ast.fix_missing_locations(tree)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)


def _arguments(code: types.CodeType) -> tuple[str, ...]:
    extra = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + extra]


def _new_names(code: types.CodeType) -> dict[str, str]:
    """Other names for local variables; arguments keep theirs, by which they may be passed."""
    kept = {name for part in _nested(code) for name in _arguments(part)}
    own = [name for part in _nested(code) for name in (*part.co_varnames, *part.co_cellvars, *part.co_freevars)]
    return {name: f"v{place}" for place, name in enumerate(dict.fromkeys(own)) if name not in kept and name[0] != "_"}


def _stripped(code: types.CodeType, names: dict[str, str], numbers: Iterator[int]) -> types.CodeType:
    """The code with other names for variables; each part of it is called by its number, which no name looks like."""
    called = f"{NAME} {next(numbers)}"

    def renamed(old: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.get(name, name) for name in old)

    return code.replace(
        co_name=called,
        co_qualname=called,
        co_linetable=b"",
        co_firstlineno=1,
        co_varnames=renamed(code.co_varnames),
        co_cellvars=renamed(code.co_cellvars),
        co_freevars=renamed(code.co_freevars),
        co_consts=tuple(
            _stripped(part, names, numbers) if isinstance(part, types.CodeType) else part for part in code.co_consts
        ),
    )
