"""A bound that a training must reach, with more trainings where it may have been the luck of the seed."""

from __future__ import annotations

from collections.abc import Callable

from grader.checking.compare import bounded
from grader.errors import AuthoringError


def best_of_two(
    score: Callable[[int], float],
    *,
    low: float | None = None,
    high: float | None = None,
    narrow: float,
    says: str,
    tries: int = 2,
) -> None:
    """Raise Mismatch(says) unless the score of a training reaches its bound; a narrow miss has another training.

    score(turn): trains with a seed of its own and returns a figure of ours; called with 0, and while the best of all
    misses narrowly with 1, 2, ..., at most `tries` times in all
    low or high: the bound, one of the two;  narrow: how far beyond it a miss is narrow, in the unit of the score
    Raises AuthoringError when both or no bound is given, narrow is negative, or tries is below 1.
    """
    if (low is None) == (high is None) or not narrow >= 0 or tries < 1:
        given = f"low={low}, high={high}, {narrow=}, {tries=}"
        raise AuthoringError(f"best_of_two takes low or high, narrow >= 0 and tries >= 1; got {given}")
    reached = score(0)
    for turn in range(1, tries):
        if low is not None and low - narrow <= reached < low:
            reached = max(reached, score(turn))
        elif high is not None and high < reached <= high + narrow:
            reached = min(reached, score(turn))
        else:
            break
    bounded(reached, low=low, high=high, says=says)
