"""A test as a probe that runs beside the student's code, for what cannot be judged outside.

What a probe *saw* (what something prints) is compared outside, as any answer. What it *decides* (that no assertion
failed) is a claim of the sandbox: student code could make it say so. Such a test carries the mark `claim`.
"""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass

from grader.importing.namespace import Namespace, bound_anywhere, is_builtin, read_names
from grader.importing.outside import unwrapped
from grader.importing.seeds import seed_lines
from grader.submission.magics import parse

_VERDICTS = ("True", "False", "None", "")  # whoever knows the question can say these without an answer


@dataclass(frozen=True)
class Probe:
    """The source of a function `name(nb)`, the line that judges what it returns, and whether that is a claim."""

    source: str
    judged: str
    claim: bool
    imports: frozenset[str]


def probe(name: str, source: str, namespace: Namespace, says: str, expects: str | None) -> Probe | None:
    """A test as a probe; None where it is no Python."""
    tree = parse(source)
    if tree is None:
        return None
    body, arguments = unwrapped(tree, expects)
    module = ast.Module(body, [])
    own = bound_anywhere(module) - set(arguments)
    lines = [] if namespace.seed is None else seed_lines(namespace.seed)
    for read in read_names(module):
        if read in namespace.modules and read not in own:
            lines.append(namespace.modules[read])
        elif (read in namespace.names and (read not in own or not _bound_first(module, read))) or not (
            read in own or is_builtin(read)
        ):
            lines.append(f"{read} = nb.{read}")
    if expects is not None and body and isinstance(body[-1], ast.Expr):
        return _seen(name, lines, body, says, expects)
    inner = "\n".join(ast.unparse(node) for node in body)
    caught = f"try:\n{textwrap.indent(inner, '    ')}\nexcept AssertionError:\n    return False\nreturn True"
    text = _function(name, [*lines, caught])
    judged = f"require(student.run({name}) is True, {says!r})"
    return Probe(text, judged, True, frozenset({"from grader.testing import require"}))


def _seen(name: str, lines: list[str], body: list[ast.stmt], says: str, expects: str) -> Probe:
    """A probe that returns what its statements print, the value of the last one among it."""
    *before, last = (ast.unparse(node) for node in body)
    quiet = [*lines, *before]
    if any("print" in read_names(node) for node in body):
        inner = "\n".join([*before, f"value = {last}"])
        quiet = [*lines, "import contextlib, io", "printed = io.StringIO()"]
        quiet += [f"with contextlib.redirect_stdout(printed):\n{textwrap.indent(inner, '    ')}"]
        text = _function(name, [*quiet, "return printed.getvalue() + ('' if value is None else repr(value))"])
    else:
        text = _function(name, [*quiet, f"return repr({last})"])
    judged = f"shows(lambda: student.run({name}), {expects!r}, {says!r})"
    return Probe(text, judged, expects in _VERDICTS, frozenset({"from grader.testing import shows"}))


def _function(name: str, lines: list[str]) -> str:
    return f"def {name}(nb):\n" + textwrap.indent("\n".join(lines), "    ")


def _bound_first(module: ast.Module, name: str) -> bool:
    """Whether the first statement that has this name binds it."""
    for node in module.body:
        found = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name) and inner.id == name]
        if found:
            return all(isinstance(inner.ctx, ast.Store) for inner in found)
    return True
