"""Blackboard, "Assignment File Download": `A1_ada_attempt_2016-01-30-15-00-00_a1.ipynb`, every attempt of everybody.

Titles and user names may hold underscores themselves, so that `A1_j_smith` is read as a title and a user name in every
way, and only what the whole download and the roster leave of these counts. A title that is known is believed. The word
"attempt" is in the language of the site; a text file of each attempt (no file name behind the time) holds comments.
Times are on the site's clock.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from grader.collect.entries import Entry
from grader.collect.remarks import listed
from grader.collect.uploads import Hints, Passed, Reading, Upload, share
from grader.course.people import Person
from grader.errors import UsageError
from grader.submission.text import letters

NAME = "blackboard"
PREVIEW = "_previewuser"  # behind the name of whoever looks at the course as a student

_FILE = re.compile(r"^(?P<head>.+?_.+?)_(?P<word>[^\W\d_]+)_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)$")
_NUMBERED = re.compile(r"\d{1,3}_")  # with which titles go on, and no user name begins
_CLOCK = "%Y-%m-%d-%H-%M-%S"


def fit(paths: Sequence[str]) -> float:
    return share(paths, lambda path: _FILE.match(path.rpartition("/")[2]))


def read(entries: Sequence[Entry], hints: Hints) -> Reading:
    """One upload an attempt. Raises UsageError where nothing has the title that was named."""
    files: dict[tuple[str, str], list[Entry]] = {}
    left = []
    for entry in entries:
        found = _FILE.match(entry.name)
        if not found:
            left.append(entry)
            continue
        if found["head"].casefold().endswith(PREVIEW) and not any(
            hints.is_login(user) for _, user in _split(found["head"])
        ):
            continue
        of_attempt = files.setdefault((found["head"].strip(), found["time"]), [])
        if found["file"]:
            of_attempt.append(entry.under(found["file"]))
    heads = list(dict.fromkeys(head for head, _ in files))
    known = _of_known_title(heads, hints)
    if hints.titled and heads and not known:
        raise UsageError(f"nothing in the download has the title {hints.title!r}: {listed(heads)}")
    others = [_passed(head, hints) for head in heads if known and head not in known]
    people = {head: _person(head, users, hints) for head, users in (known or _users(heads)).items()}
    clear = not any(remarks for _, remarks in people.values())
    numbers: dict[str, int] = {}
    uploads = []
    for (head, time), of_attempt in sorted((key, each) for key, each in files.items() if key[0] in people):
        numbers[head] = numbers.get(head, 0) + 1
        uploads.append(replace(_upload(people[head], time, numbers[head], of_attempt), aliased=clear))
    return Reading(tuple(uploads), tuple(left), passed=tuple(others))


def _of_known_title(heads: Sequence[str], hints: Hints) -> dict[str, list[str]]:
    """The user name in each head that has the title that was named, or else the assignment's title or id."""
    asked = {letters(hints.title)} if hints.titled else {letters(hints.title), letters(hints.assignment)} - {""}
    users = {head: [user for title, user in _split(head) if letters(title) in asked][:1] for head in heads}
    found = {head: of_head for head, of_head in users.items() if of_head}
    in_title = not hints.titled and all(_NUMBERED.match(user) for (user,) in found.values())
    return {} if in_title else found


def _passed(head: str, hints: Hints) -> Passed:
    """Whose a head of another title is, if the roster says so."""
    of_student = [(title, user) for title, user in _split(head) if hints.is_login(user)]
    title, user = of_student[0] if of_student else (head, head)
    return Passed(Person(keys=(user,), account=head), title)


def _users(heads: Sequence[str]) -> dict[str, list[str]]:
    """The user names that each head may end in, the longest first: behind a title that every head begins with."""
    ways = {head: dict(_split(head)) for head in heads}
    shared = set.intersection(*map(set, ways.values())) if ways else set()
    shared -= {title for title in shared if all(_NUMBERED.match(each[title]) for each in ways.values())}
    if shared:
        return {head: [user for title, user in each.items() if title in shared] for head, each in ways.items()}
    return {
        head: [user for user in each.values() if not _NUMBERED.match(user)] or [head] for head, each in ways.items()
    }


def _split(head: str) -> Iterator[tuple[str, str]]:
    """Every (title, user name) that the text in front of "_attempt_" may be."""
    for mark in re.finditer("_", head):
        title, user = head[: mark.start()], head[mark.end() :].strip()
        if title and user:
            yield title, user


def _person(head: str, users: Sequence[str], hints: Hints) -> tuple[Person, tuple[str, ...]]:
    """Who a head names, and what to say: the longest user name, unless a shorter one is a student's."""
    shorter = [user for user in users[1:] if hints.is_login(user)]
    if not shorter:
        return Person(keys=(users[0],), account=head), ()
    names = listed([users[0], *shorter])
    title = shlex.quote(head.removesuffix(f"_{shorter[0]}"))
    why = f"where its title ends is not clear, the user name may be {names}: say the title, as in --title {title}"
    return Person(head, account=head), (why,)


def _upload(who: tuple[Person, tuple[str, ...]], time: str, number: int, files: list[Entry]) -> Upload:
    person, remarks = who
    try:
        when = datetime.strptime(time, _CLOCK)
    except ValueError:
        when = None
    said = f"attempt {number}, {when:%Y-%m-%d %H:%M}" if when else f"attempt {number}"
    return Upload((person,), tuple(files), when=when, order=(number,), said=said, remarks=remarks)
