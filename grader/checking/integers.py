"""A list of whole numbers, whatever kind of integer each of them is."""

from __future__ import annotations

from grader.checking.compare import Mismatch
from grader.checking.values import describe, numeric


def integers(actual: object, *, what: str = "result") -> list[int]:
    """Return the whole numbers of the answered list or tuple as ints, or raise Mismatch.

    An entry may be an int, or an integer of NumPy or of a tensor without axes; a bool or a float is none.
    """
    if type(actual) is not list and type(actual) is not tuple:
        raise Mismatch(f"{what} is {describe(actual)}, expected a list of integers.")
    return [_integer(entry, what) for entry in actual]


def _integer(entry: object, what: str) -> int:
    got = numeric(entry)
    if got is None or not got.scalar or got.family != "int":
        raise Mismatch(f"{what} holds {describe(entry)}, expected integers.")
    return int(got.values)
