"""Canvas, "Download Submissions": `lovelaceada_LATE_4312_99817_a1.ipynb`, everything in one folder.

4312 is the person (column ID of Canvas's gradebook), 99817 the uploaded file; a group stands under its name. Names of
files give no time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from grader.collect.entries import Entry
from grader.collect.uploads import SITE, Hints, Known, Reading, Upload, share
from grader.course.people import Person

NAME = "canvas"
TEST_STUDENT = ("studenttest", "teststudent")  # whom Canvas makes for trying out

_NUMBER = r"[1-9]\d*"
_FILE = re.compile(rf"^(?P<name>.+?)(?P<late>_LATE)?_(?P<user>{_NUMBER})_(?P<upload>{_NUMBER})_(?P<file>.+)$")
_ANONYMOUS = re.compile(rf"^(?P<late>LATE_)?anon_(?P<user>\w+?)_(?P<upload>{_NUMBER})_(?P<file>.+)$")
_TYPED = re.compile(rf"^(?P<name>.+?)(?P<late>_LATE)?_(?P<user>{_NUMBER})_(?:text|link)\.html$")


def fit(paths: Sequence[str]) -> float:
    return share(paths, lambda path: _found(path.rpartition("/")[2]))


def _found(name: str) -> re.Match[str] | None:
    return _ANONYMOUS.match(name) or _FILE.match(name)


def read(entries: Sequence[Entry], hints: Hints) -> Reading:
    """One upload a person: all files of the attempt that Canvas shows, in the order of their numbers."""
    files: dict[tuple[str, str], list[Entry]] = {}
    late: set[tuple[str, str]] = set()
    typed: set[tuple[str, str]] = set()
    left = []
    for entry in entries:
        found = _found(entry.name) or _TYPED.match(entry.name)
        if not found:
            left.append(entry)
            continue
        who = (found["user"], found.groupdict().get("name") or "")
        if who[1] in TEST_STUDENT and not hints.is_student(who[1]):
            continue
        if found["late"]:
            late.add(who)
        of_person = files.setdefault(who, [])
        if "file" in found.groupdict():
            of_person.append(replace(entry.under(found["file"]), rank=int(found["upload"])))
        else:
            typed.add(who)
    uploads = (_upload(who, files[who], who in late, who in typed, hints) for who in files)
    return Reading(tuple(uploads), tuple(left))


def _upload(who: tuple[str, str], files: list[Entry], late: bool, typed: bool, hints: Hints) -> Upload:
    user, glued = who
    known = hints.known.get(user, Known(Person()))
    named = Person(known.person.name, known.person.keys, user, glued, account=user)
    person = named if glued else Person(f"anonymous {user}")
    said = ["only a text or a link was handed in, no file"] if typed and not files else []
    said += [] if glued else ["handed in anonymously: turn that off in Canvas and download again"]
    return Upload((person,), tuple(files), area=SITE, marked_late=late, remarks=tuple(said))
