"""Microsoft Teams: `Student Work/Submitted files/STUDENT/ASSIGNMENT/Version N/FILE`, as SharePoint packs the library.

The highest version is the last; dates of files mean nothing. Drafts lie under "Working files". No time is given.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from grader.collect.entries import Entry
from grader.collect.titles import alike
from grader.collect.uploads import Hints, Passed, Reading, Upload, share
from grader.course.people import Person
from grader.errors import UsageError
from grader.submission.text import letters

NAME = "teams"

_SUBMITTED = re.compile(
    r"(?:^|/)Submitted files/(?P<who>[^/]+)/(?P<title>[^/]+)/Version (?P<n>\d+)/(?P<path>.+)$", re.I
)
_BARE = re.compile(r"(?:^|/)(?P<who>[^/]+)/(?P<title>[^/]+)/Version (?P<n>\d+)/(?P<path>.+)$", re.I)
_DRAFT = re.compile(r"(?:^|/)Working files/(?P<who>[^/]+)/(?P<title>[^/]+)/(?P<path>.+)$", re.I)
_LIKE = 0.6


def fit(paths: Sequence[str]) -> float:
    return share(paths, lambda path: _version(path) or _DRAFT.search(path))


def _version(path: str) -> re.Match[str] | None:
    return _SUBMITTED.search(path) or (None if _DRAFT.search(path) else _BARE.search(path))


def read(entries: Sequence[Entry], hints: Hints) -> Reading:
    """One upload a version. The library holds every assignment of the class: the one that is asked for is read.

    The others are passed over. Raises UsageError where that is not clear.
    """
    found = [(entry, match) for entry in entries if (match := _version(entry.path))]
    drafts = [match for entry in entries if (match := _DRAFT.search(entry.path))]
    left = [entry for entry in entries if not _version(entry.path) and not _DRAFT.search(entry.path)]
    titles = {match["title"] for _, match in found} or {match["title"] for match in drafts}
    title = _title(sorted(titles), hints)
    files: dict[tuple[str, int], list[Entry]] = {}
    for entry, match in found:
        if match["title"] == title:
            files.setdefault((match["who"], int(match["n"])), []).append(entry.under(match["path"]))
    uploads = [
        Upload((_person(who),), tuple(of_version), order=(number,), said=f"Version {number}")
        for (who, number), of_version in sorted(files.items())
    ]
    drawn_up = {match["who"] for match in drafts if match["title"] == title}
    passed = sorted({(match["who"], match["title"]) for _, match in found if match["title"] != title})
    others = [
        Passed(_person(who), other, not hints.titled and any(alike(other, each) for each in (title, hints.assignment)))
        for who, other in passed
    ]
    there = {who for who, _ in files} | {str(each.person) for each in others if each.alike}
    for who in sorted(drawn_up - there):
        uploads.append(Upload((_person(who),), (), remarks=("only drafts are there, nothing was turned in",)))
    return Reading(tuple(uploads), tuple(left), passed=tuple(others))


def _person(who: str) -> Person:
    return Person(who, within=who)


def _title(titles: Sequence[str], hints: Hints) -> str:
    """The folder of the assignment: the only one, or the only one that resembles it."""
    if len(titles) <= 1:
        return titles[0] if titles else ""
    for wanted in (hints.title, hints.assignment):
        names = {letters(title): title for title in titles}
        if letters(wanted) in names:
            return names[letters(wanted)]
    close = {
        title
        for title in titles
        for wanted in (hints.title, hints.assignment)
        if letters(wanted) and difflib.SequenceMatcher(None, letters(title), letters(wanted)).ratio() >= _LIKE
    }
    if len(close) == 1:
        return close.pop()
    raise UsageError(
        f"the download holds several assignments: {', '.join(titles)}; none is called {hints.title!r}: "
        "say which with --title"
    )
