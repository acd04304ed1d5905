"""Times as learning platforms write them, brought onto one clock; and how late that is.

What cannot be read, or is on a clock that nobody named, is unknown: a time is never made up, and unknown is never late.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

_ISO = re.compile(
    r"^(?P<day>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?$"
)
_WEEKDAY = re.compile(r"^[^\W\d]+,\s*")
_WORDS = ("%d %B %Y, %I:%M %p", "%d %B %Y, %H:%M", "%B %d, %Y, %I:%M %p", "%B %d, %Y, %H:%M", "%b %d, %Y %I%M %p")
_GERMAN = dict(
    zip(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
        "January February March April May June July August September October November December".split(),
        strict=True,
    )
)
_GERMAN_DAY = re.compile(r"^(\d{1,2})\. (\w+) (\d{4}), ")
_MINUTE = timedelta(minutes=1)


def stated(text: str) -> datetime | None:
    """A time in one of the forms that platforms use; without a zone where the text names none. None if it is no time.

    2022-06-25 13:16:26 -0600;  2022-06-25T19:16:26.123Z;  Wednesday, 10 June 2026, 2:14 PM;  June 10, 2026, 14:14
    Dienstag, 2. Dezember 2025, 10:37;  Sep 1, 2026 1158 PM
    """
    text = " ".join(text.replace("\u202f", " ").split())
    found = _ISO.match(text)
    if found:
        zone = (found["zone"] or "").replace("UTC", "+00:00").replace("Z", "+00:00")
        try:
            return datetime.fromisoformat(f"{found['day']}T{found['time']}{zone}")
        except ValueError:  # a 31st of June, 25 o'clock
            return None
    bare = _GERMAN_DAY.sub(_in_english, _WEEKDAY.sub("", text))
    times = (_parsed(bare, form) for form in _WORDS)
    return next((time for time in times if time is not None), None)


def _in_english(found: re.Match[str]) -> str:
    return f"{found[1]} {_GERMAN.get(found[2], found[2])} {found[3]}, "


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


def on_the_clock(when: datetime | None, timezone: str) -> datetime | None:
    """The moment, in UTC; None where the time names no zone and the course does not either.

    An hour that a clock showed twice, or never, is taken as the earlier moment: nobody is late by a change of clocks.
    """
    if when is None or when.utcoffset() is not None:
        return when and when.astimezone(UTC)
    if not timezone:
        return None
    zone = ZoneInfo(timezone)
    return min(when.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def late_minutes(moment: datetime | None, deadline: datetime | None) -> Decimal:
    """Whole minutes after the deadline, begun ones included; 0 where one of the two is not known."""
    if moment is None or deadline is None:
        return Decimal(0)
    return Decimal(max(-((deadline - moment) // _MINUTE), 0))


def shown(moment: datetime | None, timezone: str) -> str:
    """A moment for people, on the course's clock if it has one."""
    if moment is None:
        return "unknown"
    here = moment.astimezone(ZoneInfo(timezone)) if timezone else moment.astimezone(UTC)
    return f"{here:%Y-%m-%d %H:%M}{'' if timezone else ' UTC'}"


def shown_late(minutes: Decimal) -> str:
    """A lateness for people: 45 min, 3 h 10 min, 2 d 4 h."""
    hours, rest = divmod(int(minutes), 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days} d {hours_left} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"
