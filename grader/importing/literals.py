"""Expected values that stand in a test as literals, and of what kinds they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_SCALAR = re.compile(r"(bool|int|uint|float|str)\d*_?")  # a type of NumPy, as it prints its own scalars


def literal_of(text: str) -> ast.expr | None:
    """The literal that this text is; None where it is none that an answer can be compared with."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    node = _WithoutNumpy().visit(node)
    return node if literal_value(node) is not None else None


def verdict_of(text: str) -> str:
    """ "True" or "False" where this is what is printed, by Python or by NumPy; else ""."""
    said = text.strip().removeprefix("np.").removesuffix("_")
    return said if said in ("True", "False") else ""


class _WithoutNumpy(ast.NodeTransformer):
    """`np.float64(0.5)`, as NumPy prints a scalar of its own, is the literal 0.5."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        kind = node.func
        of_numpy = isinstance(kind, ast.Attribute) and isinstance(kind.value, ast.Name) and kind.value.id == "np"
        if of_numpy and _SCALAR.fullmatch(kind.attr) and len(node.args) == 1 and not node.keywords:  # type: ignore[attr-defined]
            return node.args[0]
        return node


def literal_value(node: ast.expr) -> object:
    """The value of a literal made of numbers and texts; None for True, None, NaN, nothing at all, and what is none."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    kinds = set(kinds_in(value))
    return value if kinds and kinds <= {int, float, complex, str} else None


def kinds_in(value: object) -> Iterator[type]:
    """The types of all that stands in lists, tuples, sets and dicts."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from kinds_in(key)
            yield from kinds_in(inner)
    elif isinstance(value, (list, tuple, set)):
        for inner in value:
            yield from kinds_in(inner)
    else:
        yield type(value)
