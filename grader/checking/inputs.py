"""Inputs in the kinds that programs forget: sizes that all differ, float32, a single row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.errors import AuthoringError

SIZES = range(2, 10)  # sizes are drawn from these, each once


def inputs(rng: np.random.Generator, *shapes: str) -> Iterator[tuple[str, tuple[np.ndarray, ...]]]:
    """Arrays of standard normal numbers in these shapes, once in every kind.

    shapes: a letter an axis, such as "N D", "D H", "H"; the first letter of the first shape counts the rows
    yields (words for `what`, the arrays): "of float64" and "of float32", where all letters have sizes of their own that
    are drawn for each kind, and "of one row", float64. Raises AuthoringError without a shape, or for too many letters.
    """
    letters = list(dict.fromkeys(letter for shape in shapes for letter in shape.split()))
    if not letters or len(letters) > len(SIZES):
        raise AuthoringError(f"inputs takes shapes of 1 to {len(SIZES)} different letters, such as 'N D'; got {shapes}")
    for says, rows, dtype in (
        ("of float64", 0, np.float64),
        ("of float32", 0, np.float32),
        ("of one row", 1, np.float64),
    ):
        drawn = rng.choice(SIZES, size=len(letters), replace=False).tolist()
        sizes = dict(zip(letters, [rows, *drawn[1:]] if rows else drawn, strict=True))
        axes = [[sizes[letter] for letter in shape.split()] for shape in shapes]
        yield says, tuple(rng.normal(size=size).astype(dtype) for size in axes)
