"""Blackboard, "Assignment File Download": `A1_ada_attempt_2016-01-30-15-00-00_a1.ipynb`, every attempt of everybody.

Titles and user names may hold underscores themselves, so that `A1_j_smith` is read as a title and a user name in every
way, and only what the whole download and the roster leave of these counts. The word "attempt" is in the language of
the site; a text file of each attempt (no file name behind the time) holds comments. Times are on the site's clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from grader.collect.entries import Entry
from grader.collect.remarks import listed
from grader.collect.uploads import Hints, Reading, Upload, share
from grader.course.people import Person
from grader.submission.text import letters

NAME = "blackboard"

_FILE = re.compile(r"^(?P<head>.+?_.+?)_(?P<word>[^\W\d_]+)_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)$")
_NUMBERED = re.compile(r"\d{1,3}_")  # with which titles go on, and no user name begins
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
        of_attempt = files.setdefault((found["head"].strip(), found["time"]), [])
        if found["file"]:
            of_attempt.append(entry.under(found["file"]))
    heads = list(dict.fromkeys(head for head, _ in files))
    people = {head: _person(head, users, hints) for head, users in _users(heads, hints).items()}
    numbers: dict[str, int] = {}
    uploads = []
    for (head, time), of_attempt in sorted(files.items()):
        numbers[head] = numbers.get(head, 0) + 1
        uploads.append(_upload(people[head], time, numbers[head], of_attempt))
    return Reading(tuple(uploads), tuple(left))


def _users(heads: Sequence[str], hints: Hints) -> dict[str, list[str]]:
    """The user names that each head may end in, the longest first: behind a title that every head begins with."""
    ways = {head: dict(_split(head)) or {"": head} for head in heads}
    shared = set.intersection(*(set(each) for each in ways.values())) if ways else set()
    asked = {letters(hints.assignment), letters(hints.title)} - {""}
    titles = {title for title in shared if letters(title) in asked} or shared
    return {head: [user for title, user in each.items() if title in (titles or each)] for head, each in ways.items()}


def _split(head: str) -> Iterator[tuple[str, str]]:
    """Every (title, user name) that the text in front of "_attempt_" may be."""
    for mark in re.finditer("_", head):
        title, user = head[: mark.start()], head[mark.end() :].strip()
        if title and user and not _NUMBERED.match(user):
            yield title, user


def _person(head: str, users: Sequence[str], hints: Hints) -> tuple[Person, tuple[str, ...]]:
    """Who a head names, and what to say: the longest user name, unless a shorter one is a student's."""
    shorter = [user for user in users[1:] if hints.is_login(user)]
    if not shorter:
        return Person(keys=(users[0],), account=head), ()
    names = listed([users[0], *shorter])
    why = f"where its title ends is not clear, the user name may be {names}: say the title with --title"
    return Person(head, account=head), (why,)


def _upload(who: tuple[Person, tuple[str, ...]], time: str, number: int, files: list[Entry]) -> Upload:
    person, remarks = who
    try:
        when = datetime.strptime(time, _CLOCK)
    except ValueError:
        when = None
    said = f"attempt {number}, {when:%Y-%m-%d %H:%M}" if when else f"attempt {number}"
    return Upload((person,), tuple(files), when=when, order=(number,), said=said, remarks=remarks)
