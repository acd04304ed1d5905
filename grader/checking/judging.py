"""Conditions and printed values that were written for a student's own interpreter, judged on answers here.

Tests that come from other systems (`grader import`) are made of these. Where `close` and `same` will do, they say more.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from grader.checking.compare import Mismatch, NoAnswer

_SCALAR = re.compile(r"\bnp\.(?:(?:bool|int|uint|float|str)\d*_?\(([^()]*)\)|(True|False)_)")  # as NumPy 2 prints one
_OF_THE_ANSWER = (  # what calculating with an answer of the wrong kind raises
    AssertionError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
)


def holds(condition: Callable[[], object], says: str) -> None:
    """Raise Mismatch(says) unless condition() is true; an answer that it cannot be calculated with does not hold."""
    try:
        true = bool(condition())
    except (Mismatch, NoAnswer):
        raise
    except _OF_THE_ANSWER:
        true = False
    if not true:
        raise Mismatch(says)


def shows(answer: Callable[[], object], text: str, says: str) -> None:
    """Raise Mismatch(says) unless what answer() gives is printed as `text`, as in a doctest.

    Blanks at the ends of lines do not count.

    A number of NumPy is as its Python number, also within a tuple: `0.5` and `np.float64(0.5)` are one.
    """

    def printed() -> bool:
        value = answer()
        ways = {repr(value), value} if isinstance(value, str) else {repr(value)}
        return any(_lines(way) == _lines(text) for way in ways)

    holds(printed, says)


def _lines(text: str) -> list[str]:
    plain = _SCALAR.sub(lambda found: found[1] or found[2], text)
    return [line.rstrip() for line in plain.strip().splitlines()]
