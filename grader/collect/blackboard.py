"""Blackboard, "Assignment File Download": `A1_ada_attempt_2016-01-30-15-00-00_a1.ipynb`, every attempt of everybody.

The word "attempt" is in the language of the site; a text file of each attempt (no file name behind the time) holds
comments. Times are on the site's clock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from grader.collect.entries import Entry
from grader.collect.uploads import Hints, Person, Reading, Upload, share

NAME = "blackboard"

_FILE = re.compile(
    r"^(?P<title>.+?)_(?P<user>[^_]+)_(?P<word>[^\W\d_]+)_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)$"
)
_CLOCK = "%Y-%m-%d-%H-%M-%S"


def fit(paths: Sequence[str]) -> float:
    return share(paths, lambda path: _FILE.match(path.rpartition("/")[2]))


def read(entries: Sequence[Entry], hints: Hints) -> Reading:
    """One upload an attempt."""
    files: dict[tuple[str, str], list[Entry]] = {}
    left = []
    for entry in entries:
        found = _FILE.match(entry.name)
        if not found:
            left.append(entry)
            continue
        of_attempt = files.setdefault((found["user"].strip(), found["time"]), [])
        if found["file"]:
            of_attempt.append(entry.under(found["file"]))
    numbers: dict[str, int] = {}
    uploads = []
    for (user, time), of_attempt in sorted(files.items()):
        numbers[user] = numbers.get(user, 0) + 1
        uploads.append(_upload(user, time, numbers[user], of_attempt))
    return Reading(tuple(uploads), tuple(left))


def _upload(user: str, time: str, number: int, files: list[Entry]) -> Upload:
    try:
        when = datetime.strptime(time, _CLOCK)
    except ValueError:
        when = None
    said = f"attempt {number}, {when:%Y-%m-%d %H:%M}" if when else f"attempt {number}"
    return Upload((Person(user, (user,)),), tuple(files), when=when, order=(number,), said=said)
