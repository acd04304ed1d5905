"""Conditions and printed values that were written for a student's own interpreter, judged on answers here.

Tests that come from other systems (`grader import`) are made of these. Where `close` and `same` will do, they say more.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grader.checking.compare import Mismatch

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
    except Mismatch:
        raise
    except _OF_THE_ANSWER:
        true = False
    if not true:
        raise Mismatch(says)


def shows(answer: Callable[[], object], text: str, says: str) -> None:
    """Raise Mismatch(says) unless what answer() gives is printed as `text`, as in a doctest.

    Blanks at the ends of lines do not count.

    A number of NumPy may be printed as its Python number: `0.5` and `np.float64(0.5)` are one.
    """

    def printed() -> bool:
        value = answer()
        ways = {repr(value), value} if isinstance(value, str) else {repr(value)}
        if isinstance(value, np.generic):
            ways.add(repr(value.item()))
        return any(_lines(way) == _lines(text) for way in ways)

    holds(printed, says)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]
