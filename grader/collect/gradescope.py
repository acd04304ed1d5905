"""Gradescope, "Download Submissions": `assignment_1_export/submission_2/...` with `submission_metadata.yml` beside it.

The metadata says who handed in what, and when; a submission of a group names all of its people.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.collect.entries import MIB, Entry
from grader.collect.times import stated
from grader.collect.uploads import Hints, Known, Reading, Upload, share
from grader.course.people import Person
from grader.errors import SubmissionError

NAME = "gradescope"
METADATA = "submission_metadata.yml"
MAX_METADATA_BYTES = 256 * MIB  # results and history of every submission are in it

_FOLDER = re.compile(r"(?:^|/)(?P<sid>submission_(?P<number>\d+))/(?P<path>.+)$")
_TOP = re.compile(r"^(['\"]?)([^\s'\"].*?)\1:\s*$")
_FIELD = re.compile(r"^(?P<indent> {2,6})(?P<item>- )?(?P<key>:[a-z_]+):(?:\s+(?P<value>.*))?$")


@dataclass
class _Told:
    """What the metadata says about one submission."""

    when: str = ""
    people: list[dict[str, str]] = field(default_factory=list)


def fit(paths: Sequence[str]) -> float:
    return share(paths, lambda path: _FOLDER.search(path) or path.endswith(METADATA))


def read(entries: Sequence[Entry], hints: Hints) -> Reading:
    """One upload a submission; without metadata nobody knows whose it is."""
    told: dict[str, _Told] = {}
    files: dict[str, list[Entry]] = {}
    left = []
    for entry in entries:
        found = _FOLDER.search(entry.path)
        if found:
            files.setdefault(found["sid"], []).append(entry.under(found["path"]))
        elif entry.name == METADATA:
            told |= _metadata(entry)
        else:
            left.append(entry)
    uploads = (_upload(sid, files[sid], told.get(sid, _Told()), hints) for sid in files)
    return Reading(tuple(uploads), tuple(left))


def _upload(sid: str, files: list[Entry], told: _Told, hints: Hints) -> Upload:
    known = hints.known.get(sid.removeprefix("submission_"), Known(Person()))
    people = tuple(
        _person(person.get(":name", ""), tuple(filter(None, (person.get(":sid"), person.get(":email")))))
        for person in told.people
    )
    if not people:
        people = (known.person if known.person.keys else Person(sid),)
    return Upload(people, tuple(files), when=stated(told.when) or known.when, said=told.when)


def _person(name: str, keys: tuple[str, ...]) -> Person:
    return Person(name, keys, account=keys[0] if keys else "")


def _metadata(entry: Entry) -> dict[str, _Told]:
    """What is needed of the metadata: submitters and times, which stand at fixed depths; all else is skipped.

    Reading these lines only is a hundred times faster than YAML, and knows no aliases, tags or bombs.
    """
    if entry.size_bytes > MAX_METADATA_BYTES:
        raise SubmissionError(f"{entry.path}: {entry.size_bytes / MIB:.0f} MiB of metadata")
    told: dict[str, _Told] = {}
    here, within = _Told(), ""
    for line in entry.read().decode("utf-8-sig", "replace").splitlines():
        top = _TOP.match(line)
        if top:
            here, within = told.setdefault(top[2], _Told()), ""
        elif found := _FIELD.match(line):
            key, value = found["key"], _plain(found["value"] or "")
            if len(found["indent"]) == 2 and not found["item"]:
                within = key
                here.when = value if key == ":created_at" else here.when
            elif within == ":submitters":
                if found["item"]:
                    here.people.append({})
                if here.people:
                    here.people[-1][key] = value
    return told


def _plain(value: str) -> str:
    """A YAML scalar on one line, as it was before it was quoted."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|(.))", _unescaped, value[1:-1])
    return "" if value in ("null", "~") else value


def _unescaped(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    if digits:
        number = int(digits, 16)
        return chr(number) if number < 0x110000 else "\ufffd"
    return {"n": "\n", "t": "\t", "e": "\x1b"}.get(found[4], found[4])
