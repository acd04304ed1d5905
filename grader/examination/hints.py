"""Whether the hint of a check is about what went wrong: a hint that sends a student astray is worse than none."""

from __future__ import annotations

import re

_ABOUT_DTYPE = re.compile(r"\bdtype\b|\bscalar type\b")
_SPEAKS_OF_DTYPE = re.compile(r"dtype|float|double|\bint|bool|complex|precision|\bbit\b", re.IGNORECASE)


def fitting(hint: str, message: str) -> str:
    """The hint; "" where what was found is about a dtype, and the hint speaks of something else."""
    return "" if _ABOUT_DTYPE.search(message) and not _SPEAKS_OF_DTYPE.search(hint) else hint
