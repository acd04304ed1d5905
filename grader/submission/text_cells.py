"""Code that stands in a Markdown or raw cell: a code cell whose type was changed by a slip of a key."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from grader.submission.bindings import bound_names
from grader.submission.ipynb import RawCell
from grader.submission.magics import parse

_DEFINES = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+\w", re.MULTILINE)
_DEFINED = re.compile(r"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^([^\W\d]\w*)\b[^\n]*=", re.MULTILINE)
_KINDS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def meant_as_code(cells: Sequence[RawCell]) -> frozenset[int]:
    """The numbers (from 1) of text cells that are run as code.

    Such a cell is Python, holds definitions and imports only, and all that it defines is defined in no code cell:
    else it may be an older version that was put aside.
    """
    likely = [
        number
        for number, cell in enumerate(cells, 1)
        if cell.kind in ("markdown", "raw") and _DEFINES.search(cell.source)
    ]
    if not likely:
        return frozenset()
    code = "\n".join(cell.source for cell in cells if cell.kind == "code")
    defined = frozenset(name for names in _DEFINED.findall(code) for name in names)
    return frozenset(number for number in likely if _is_lost(cells[number - 1].source, defined))


def _is_lost(source: str, defined: frozenset[str]) -> bool:
    tree = parse(source)
    if tree is None or not all(isinstance(node, _KINDS) for node in tree.body):
        return False
    return defined.isdisjoint(
        name for node in tree.body if not isinstance(node, _KINDS[3:]) for name in bound_names(ast.Module([node], []))
    )
