"""Numbers and times as the language that is spoken writes them: on pages and in messages, never in a CSV or JSON file.

What they look like stands in the catalogue too, so that a new language is catalogues alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from grader.languages.translating import ENGLISH, mark, spoken, tr, trc

DAYS = (mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun"))
DECIMAL = re.compile(r"(?<=\d)\.(?=\d)")
MONTHS = (
    *(mark("Jan"), mark("Feb"), mark("Mar"), mark("Apr"), mark("May"), mark("Jun")),
    *(mark("Jul"), mark("Aug"), mark("Sep"), mark("Oct"), mark("Nov"), mark("Dec")),
)


def figure(number: object) -> str:
    """A number that is written with a point, as the language writes it: 12.5, 12,5."""
    text = str(number)
    return text if spoken().code == ENGLISH else DECIMAL.sub(trc("decimal mark", "."), text)


def moment(time: datetime, seconds: bool = True) -> str:
    """A day and a time of it, on the time's own clock: Mon 30 Nov 2026, 20:15:00 (CET)."""
    clock = f"{time:%H:%M:%S}" if seconds else f"{time:%H:%M}"
    return trc(
        "day, time, time zone",
        "{weekday} {day} {month} {year}, {clock} ({zone})",
        weekday=tr(DAYS[time.weekday()]),
        day=f"{time:%d}",
        month=tr(MONTHS[time.month - 1]),
        year=time.year,
        clock=clock,
        zone=f"{time:%Z}",
    )


def listed(items: Iterable[object]) -> str:
    """Several as people say them: a, b and c."""
    words = [str(item) for item in items]
    return tr("{items} and {last}", items=", ".join(words[:-1]), last=words[-1]) if len(words) > 1 else "".join(words)
