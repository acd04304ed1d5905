"""Whether the hint of a check is about what went wrong: a hint that sends a student astray is worse than none."""

from __future__ import annotations

import re

SPEAKS = (  # what a message is about, and what a hint speaks of that is about the same
    (r"\bdtype\b|\bscalar type\b", r"dtype|float|double|\bint|bool|complex|precision|\bbit\b"),
    (
        r"\bhas shape \(",
        r"shape|\bax[ie]s\b|column|dim|transpos|flat|stack|concat|\bsize|length|padd?|stride|\([A-Z],",
    ),
)


def fitting(hint: str, message: str) -> str:
    """The hint; "" where what was found is about a dtype or a shape, and the hint speaks of something else."""
    for about, same in SPEAKS:
        if re.search(about, message) and not re.search(same, hint, re.IGNORECASE):
            return ""
    return hint
