"""Brightspace, "Download" of an assignment's submissions: `107-4410 - Ada Lovelace - Sep 1, 2026 1158 PM/a1.ipynb`.

Flat names put the file behind the time. The first number tells people of one name apart, the second is the assignment.
Times are on the site's clock; the colon between hours and minutes is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.collect.entries import Entry
from grader.collect.times import stated
from grader.collect.uploads import Hints, Reading, Upload, share
from grader.course.people import Person

NAME = "brightspace"
INDEX = "index.html"  # a list of the files, beside them

_PATH = re.compile(
    r"(?:^|/)(?P<number>\d+)-(?P<folder>\d+) - (?P<name>[^/]+?) - "
    r"(?P<time>[A-Z][a-z]{2,8} \d{1,2}, \d{4} \d{3,4} [AP]M)(?:/| - )(?P<path>.+)$"
)


def fit(paths: Sequence[str]) -> float:
    return share(paths, _PATH.search)


def read(entries: Sequence[Entry], hints: Hints) -> Reading:
    """One upload a person and time."""
    files: dict[tuple[str, str, str, str], list[Entry]] = {}
    left = []
    for entry in entries:
        found = _PATH.search(entry.path)
        if found:
            who = (entry.path[: found.start()], found["number"], found["name"], found["time"])
            files.setdefault(who, []).append(entry.under(found["path"]))
        elif entry.name != INDEX:
            left.append(entry)
    return Reading(tuple(_upload(who, of_upload) for who, of_upload in files.items()), tuple(left))


def _upload(who: tuple[str, str, str, str], files: list[Entry]) -> Upload:
    area, number, name, time = who
    person = Person(name, account=number, within=name)
    return Upload((person,), tuple(files), area=area, when=stated(_two_digits(time)), said=f"that of {time}")


def _two_digits(time: str) -> str:
    """Hours and minutes in four digits: 900 AM -> 0900 AM."""
    day, clock, half = time.rsplit(" ", 2)
    return f"{day} {clock:0>4} {half}"
