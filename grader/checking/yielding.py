"""What an answer yields, where a test iterates over it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grader.checking.compare import Mismatch
from grader.checking.values import describe


class NothingLeft(StopIteration, Mismatch):
    """Ends a loop as StopIteration does; where a test asks for a next value and there is none, the answer is wrong."""


def each(answer: Any) -> Any:
    """What a generator, a loader or another iterable of the student's yields, asked for one by one, 10 000 at most.

    Of a list that is no iterator there is no `next`, as in Python; and what cannot be iterated over is no answer.
    """
    items = getattr(type(answer), "__items__", None)
    return _Values(answer) if items is None else items(answer)


class _Values:
    """An answer that has crossed."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(self._answer)
        except TypeError:
            raise Mismatch(f"the result is {describe(self._answer)}, where values were asked for") from None

    def __next__(self) -> Any:
        raise Mismatch(f"the result is {describe(self._answer)}, which gives no next value")
