"""Code that stands in a Markdown or raw cell: a code cell whose type was changed by a slip of a key."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from grader.submission.bindings import bound_names
from grader.submission.ipynb import RawCell
from grader.submission.magics import parse

_DEFINES = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+\w", re.MULTILINE)
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
    return frozenset(number for number in likely if _is_lost(cells[number - 1].source, code))


def _is_lost(source: str, code: str) -> bool:
    tree = parse(source)
    if tree is None or not all(isinstance(node, _KINDS) for node in tree.body):
        return False
    names = [
        name for node in tree.body if not isinstance(node, _KINDS[3:]) for name in bound_names(ast.Module([node], []))
    ]
    return not any(
        re.search(rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{name}\b|^{name}\b[^\n]*=", code, re.M) for name in names
    )
