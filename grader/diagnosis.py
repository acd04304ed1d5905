"""Say in a student's words what kind of mistake an array is; pure, and never a number of the array."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def places(mask: np.ndarray) -> tuple[int, str]:
    """Count the marked entries and phrase where the first one is."""
    count = int(mask.sum())
    if mask.ndim == 0:
        return count, ""
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))
    return count, f", the first at index {index if len(index) > 1 else index[0]}"


def of_shape(answer: np.ndarray, wanted: np.ndarray) -> str:
    """Phrase how the shape of `answer` differs from that of `wanted`."""
    return f"has shape {answer.shape}, expected {wanted.shape}."


def of_values(
    answer: np.ndarray, wanted: np.ndarray, wrong: np.ndarray, rtol: float, atol: float, factors: Mapping[str, float]
) -> str:
    """Phrase how the values of `answer` differ from those of `wanted`, which has the same shape."""
    if answer.ndim == 0:
        return "is not the expected number."
    count, place = places(wrong)
    return f"differs from the expected in {count} of {answer.size} entries{place}."
