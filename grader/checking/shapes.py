"""The lengths that an array is asked for: a number, any, or one of a range."""

from __future__ import annotations


def fits(shape: tuple[int, ...], wanted: tuple[int | range | None, ...]) -> bool:
    """Whether a shape is one of those that are wanted."""
    return len(shape) == len(wanted) and all(_fits(length, each) for length, each in zip(shape, wanted, strict=True))


def words(wanted: tuple[int | range | None, ...]) -> str:
    """As the student reads it: (3, any), (20, 1 to 64)."""
    return f"({', '.join(map(_word, wanted))}{',' if len(wanted) == 1 else ''})"


def _fits(length: int, wanted: int | range | None) -> bool:
    return wanted is None or (length in wanted if isinstance(wanted, range) else length == wanted)


def _word(wanted: int | range | None) -> str:
    if isinstance(wanted, range):
        return f"{wanted[0]} to {wanted[-1]}" if len(wanted) else "none"
    return "any" if wanted is None else str(wanted)
