"""Expected values that stand in a test as literals, and of what kinds they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def literal_of(text: str) -> ast.expr | None:
    """The literal that this text is; None where it is none that an answer can be compared with."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return node if literal_value(node) is not None else None


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
