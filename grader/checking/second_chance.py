"""A bound that a training must reach, with one more training where it may have been the luck of the seed."""

from __future__ import annotations

from collections.abc import Callable

from grader.checking.compare import bounded
from grader.errors import AuthoringError


def best_of_two(
    score: Callable[[int], float], *, low: float | None = None, high: float | None = None, narrow: float, says: str
) -> None:
    """Raise Mismatch(says) unless the score of a training reaches its bound; a narrow miss has a second training.

    score(turn): trains with a seed of its own and returns a figure of ours; called with 0, and at most once with 1
    low or high: the bound, one of the two;  narrow: how far beyond it a miss is narrow, in the unit of the score
    Raises AuthoringError when both or no bound is given, or narrow is negative.
    """
    if (low is None) == (high is None) or not narrow >= 0:
        raise AuthoringError(f"best_of_two takes low or high, and narrow >= 0; got low={low}, high={high}, {narrow=}")
    reached = score(0)
    if low is not None and low - narrow <= reached < low:
        reached = max(reached, score(1))
    elif high is not None and high < reached <= high + narrow:
        reached = min(reached, score(1))
    bounded(reached, low=low, high=high, says=says)
