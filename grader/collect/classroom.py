"""Google Classroom through Drive: copies that the teacher made are called `STUDENT - TITLE.ipynb`.

What students upload themselves keeps their own name for it, so that a file may say nothing about whose it is. Drive
gives a download in several zips and calls equal names `x (1).ipynb`. No time is given.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from grader.collect.entries import Entry
from grader.collect.names import copy_number, stem
from grader.collect.uploads import Hints, Reading, Upload, share
from grader.course.people import Person

NAME = "classroom"

_FILE = re.compile(r"^(?P<who>.+?) - (?P<title>.+)$")


def fit(paths: Sequence[str]) -> float:
    """A dash alone means little: most of the files must have the same title behind it."""
    names = [copy_number(stem(path.rpartition("/")[2]))[0] for path in paths]
    titles = Counter(found["title"] for name in names if (found := _FILE.match(name)))
    most = titles.most_common(1)
    return share(names, lambda name: name.endswith(f" - {most[0][0]}")) if most and most[0][1] > 1 else 0.0


def read(entries: Sequence[Entry], hints: Hints) -> Reading:
    """One upload a file, whose number in brackets is the order of equal names."""
    uploads = []
    for entry in entries:
        bare, number = copy_number(stem(entry.name))
        found = _FILE.match(bare)
        who = found["who"].strip() if found else bare
        said = f"{entry.name}, copy {number}" if number else entry.name
        person = Person(who, within=bare)
        uploads.append(Upload((person,), (entry.under(entry.name),), order=(number,), said=said))
    return Reading(tuple(uploads))
