"""Run code to its end though a module is not there: the statement that needs it is skipped, what stands below it runs.

In Jupyter such a cell would have run through: it is the sandbox that lacks the module. So only an ImportError that
nobody catches is treated so, and nothing is run twice. `try: import x / except ImportError:` is Python's own matter.
"""

from __future__ import annotations

import ast
import itertools
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from grader.candidate import faults
from grader.candidate.absent import Absent, reason_of
from grader.candidate.compiling import ANNOTATIONS

MOST_SKIPPED = 100  # statements of one cell

OWN_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Place = tuple[int, int]  # line from 1, column in bytes
Note = Callable[[ImportError], None]


_notes: list[Note] = []  # of the runs that are going on, one within another


def run(
    compiled: types.CodeType,
    code: str,
    namespace: dict[str, Any],
    execute: Callable[[types.CodeType], None],
    note: Note,
) -> None:
    """Execute `compiled`, which was made of `code`; note every ImportError and go on behind the statement it came from.

    The names that a skipped statement would have bound, and that nothing has bound before, are `Absent`.
    """
    _notes.append(note)
    try:
        execute(compiled)
    except ImportError as error:
        _go_on(compiled, code, namespace, execute, note, error)
    finally:
        _notes.pop()


def current_note() -> Note:
    """Where what is not there is noted now."""
    return _notes[-1] if _notes else lambda error: None


def _go_on(
    compiled: types.CodeType,
    code: str,
    namespace: dict[str, Any],
    execute: Callable[[types.CodeType], None],
    note: Note,
    error: ImportError,
) -> None:
    """Execute what stands behind `error`, and behind those that come then."""
    flags = compiled.co_flags & ANNOTATIONS | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile(code, compiled.co_filename, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    part = tree.body
    for _ in range(MOST_SKIPPED):
        part = _behind(part, error, compiled.co_filename, namespace, note)
        if not part:
            return
        rest = compile(ast.Module(part, []), compiled.co_filename, "exec", flags, dont_inherit=True)
        try:
            execute(rest)
            return
        except ImportError as another:
            error = another
    raise error


def report(raised: list[dict[str, Any]], cell: int, error: ImportError) -> None:
    """Append what is not there to what cells raised, in the same form, once a cell; `skipped` says that it went on."""
    message = reason_of(error)[: faults.MAX_MESSAGE]
    if not any((other["cell"], other["message"]) == (cell, message) for other in raised):
        raised.append({**faults.describe(error), "cell": cell, "message": message, "skipped": True})


def _behind(
    part: list[ast.stmt], error: ImportError, filename: str, namespace: dict[str, Any], note: Note
) -> list[ast.stmt]:
    """What is left to run after `error`. Raises it if it came from nowhere in `part`."""
    found = _split(part, place) if (place := _place(error, filename)) is not None else None
    if found is None:
        raise error
    skipped, left = found
    if isinstance(skipped, (ast.Import, ast.ImportFrom)) and len(skipped.names) > 1:
        return [*_one_by_one(skipped), *left]  # what is there of these is imported
    note(error)
    kind = ModuleNotFoundError if isinstance(error, ModuleNotFoundError) else ImportError
    for name, module in _bound_names(skipped):
        namespace.setdefault(name, sys.modules.get(module) or Absent(reason_of(error), kind))
    return left


def _place(error: ImportError, filename: str) -> Place | None:
    """Where in the top level of `filename` it was raised."""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == filename and code.co_name == "<module>":
            positions = itertools.islice(code.co_positions(), trace.tb_lasti // 2, None)
            line, _, column, _ = next(positions, (None,) * 4)
            return (line or trace.tb_lineno, column or 0)
        trace = trace.tb_next
    return None


def _split(body: Sequence[ast.stmt], place: Place) -> tuple[ast.stmt, list[ast.stmt]] | None:
    """The statement at a place, the innermost one in `if` and `with`, and what would have been run after it."""
    for number, statement in enumerate(body):
        if not _begin(statement) <= place < (statement.end_lineno or 0, statement.end_col_offset or 0):
            continue
        after = list(body[number + 1 :])
        for block in _blocks(statement):
            inner = _split(block, place)
            if inner is not None:
                skipped, left = inner
                if isinstance(statement, (ast.With, ast.AsyncWith)) and left:
                    again = type(statement)(statement.items, left)
                    left = [ast.copy_location(again, statement)]
                return skipped, [*left, *after]
        return statement, after
    return None


def _begin(statement: ast.stmt) -> Place:
    first = min([statement, *getattr(statement, "decorator_list", [])], key=lambda node: node.lineno)
    return (first.lineno, first.col_offset if first is statement else 0)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(statement, (ast.If, ast.With, ast.AsyncWith)):
        yield statement.body
    if isinstance(statement, ast.If):
        yield statement.orelse


def _one_by_one(statement: ast.Import | ast.ImportFrom) -> Iterator[ast.stmt]:
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            single: ast.stmt = ast.Import([alias])
        else:
            single = ast.ImportFrom(statement.module, [alias], statement.level)
        yield ast.copy_location(single, statement)


def _bound_names(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """The names that a statement binds where it stands, each with the module it is if that is there, else "".

    `import a.b` binds a, which may be there though a.b is not. What `*` binds is not known.
    """
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, ""
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, ""
        elif isinstance(node, ast.Import):
            yield from ((alias.asname, "") if alias.asname else (_top(alias), _top(alias)) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, "") for alias in node.names if alias.name != "*")
        elif not isinstance(node, OWN_SCOPES):
            todo += ast.iter_child_nodes(node)


def _top(alias: ast.alias) -> str:
    return alias.name.partition(".")[0]
