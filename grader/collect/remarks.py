"""What a person should know about one hand-in, and how much it matters."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

MOST_LISTED = 4


class Weight(enum.IntEnum):
    """NOTE: good to know. MENDED: something was decided, and how. ASK: a person has to look."""

    NOTE = 0
    MENDED = 1
    ASK = 2


@dataclass(frozen=True)
class Remark:
    text: str
    weight: Weight = Weight.NOTE


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, the first few of many."""
    if len(names) > MOST_LISTED:
        return f"{', '.join(names[:MOST_LISTED])} and {len(names) - MOST_LISTED} more"
    return ", ".join(names)
