"""A test as a probe that runs beside the student's code, for what cannot be judged outside.

What a probe *saw* (what something prints) is compared outside, as any answer. What it *decides* (that no assertion
failed) is a claim of the sandbox: student code could make it say so. Such a test carries the mark `claim`.
"""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass

from grader.importing.assertions import without_libraries
from grader.importing.literals import verdict_of
from grader.importing.namespace import Namespace, bound_anywhere, is_builtin, read_names
from grader.importing.seeds import seed_lines
from grader.importing.told import told
from grader.importing.unwrapping import unwrapped
from grader.submission.magics import parse


@dataclass(frozen=True)
class Probe:
    """The source of a function `name(nb)`, the lines that judge what it returns, and whether that is a claim."""

    source: str
    judged: tuple[str, ...]
    claim: bool
    imports: frozenset[str]


def probes(name: str, source: str, namespace: Namespace, says: str, expects: str | None) -> list[Probe]:
    """A test as a probe, in the forms there are, the best first; none where it is no Python."""
    tree = parse(source)
    if tree is None:
        return []
    body, arguments = unwrapped(tree, expects)
    body = without_libraries(body)
    lines = _bindings(ast.Module(body, []), set(arguments), namespace)
    halves = told(body, name, namespace, says, expects)
    found = []
    if halves is not None:
        found.append(Probe(_function(name, [*lines, *halves.inside]), tuple(halves.outside), False, halves.imports))
    if expects is None or not body or not isinstance(body[-1], ast.Expr):
        return [*found, _decided(name, lines, body, says)]
    if not any("print" in read_names(node) for node in body):
        found.append(_seen(name, [*lines, *_text(body[:-1]), f"return repr({ast.unparse(body[-1])})"], says, expects))
    return [*found, _seen(name, _heard(lines, body), says, expects)]


def _bindings(module: ast.Module, arguments: set[str], namespace: Namespace) -> list[str]:
    """What a probe has of the notebook, and the seed."""
    own = bound_anywhere(module) - arguments
    lines = [] if namespace.seed is None else seed_lines(namespace.seed)
    for read in read_names(module):
        if read in namespace.modules and read not in own:
            lines.append(namespace.modules[read])
        elif (read in namespace.names and (read not in own or not _bound_first(module, read))) or not (
            read in own or is_builtin(read)
        ):
            lines.append(f"{read} = nb.{read}")
    return lines


def _decided(name: str, lines: list[str], body: list[ast.stmt], says: str) -> Probe:
    """A probe that says whether no assertion failed."""
    inner = "\n".join(_text(body))
    caught = f"try:\n{textwrap.indent(inner, '    ')}\nexcept AssertionError:\n    return False\nreturn True"
    judged = f"require(student.run({name}) is True, {says!r})"
    return Probe(_function(name, [*lines, caught]), (judged,), True, frozenset({"from grader.testing import require"}))


def _seen(name: str, lines: list[str], says: str, expects: str) -> Probe:
    """A probe that returns what is printed; "True" is what whoever knows the question can say without an answer."""
    claim = bool(verdict_of(expects)) or expects in ("None", "")
    judged = f"shows(lambda: student.run({name}), {expects!r}, {says!r})"
    return Probe(_function(name, lines), (judged,), claim, frozenset({"from grader.testing import shows"}))


def _heard(lines: list[str], body: list[ast.stmt]) -> list[str]:
    """The lines of a probe that returns all that its statements print, the value of the last one among it."""
    *before, last = _text(body)
    inner = "\n".join([*before, f"value = {last}"])
    return [
        *lines,
        "import contextlib, io",
        "printed = io.StringIO()",
        f"with contextlib.redirect_stdout(printed):\n{textwrap.indent(inner, '    ')}",
        "return printed.getvalue() + ('' if value is None else repr(value))",
    ]


def _text(body: list[ast.stmt]) -> list[str]:
    return [ast.unparse(node) for node in body]


def _function(name: str, lines: list[str]) -> str:
    return f"def {name}(nb):\n" + textwrap.indent("\n".join(lines), "    ")


def _bound_first(module: ast.Module, name: str) -> bool:
    """Whether the first statement that has this name binds it."""
    for node in module.body:
        found = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name) and inner.id == name]
        if found:
            return all(isinstance(inner.ctx, ast.Store) for inner in found)
    return True
