"""What an iterable that stays in the sandbox yields, one value a call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from grader.checking.compare import Mismatch
from grader.checking.yielding import NothingLeft
from grader.examination.handed import MOST_CALLS

if TYPE_CHECKING:
    from grader.examination.student import Student


def begun(nb: Any, of: Any) -> Any:
    """A probe: an iterator over it."""
    return iter(of)


def following(nb: Any, of: Any) -> list[Any]:
    """A probe: the next value, if there is one."""
    try:
        return [next(of)]
    except StopIteration:
        return []


class Items:
    """An iterable, or iterator, of the student's. Its values cross as any answer; nothing is asked for ahead."""

    def __init__(self, student: Student, of: Any) -> None:
        self._student = student
        self._of = of
        self._asked = 0

    def __iter__(self) -> Iterator[Any]:
        return Items(self._student, self._student.run(begun, self._of))

    def __next__(self) -> Any:
        self._asked += 1
        if self._asked > MOST_CALLS:
            raise Mismatch(f"the result gives more than {MOST_CALLS} values")
        found = self._student.run(following, self._of)
        if type(found) is not list or not found:
            raise NothingLeft("the result gives no more values")
        return found[0]
