"""Moodle, "Download all submissions": `Full name_UID_assignsubmission_file[_]/...`, flat names too.

UID is a number of this assignment alone; the grading worksheet (`Participant UID`) says whose it is, and when. Where
the class works in groups, the group stands in front: `Team 7-Full name_UID_...`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.collect.entries import Entry
from grader.collect.uploads import Hints, Known, Reading, Upload, share
from grader.course.people import Person

NAME = "moodle"
ANONYMOUS = "Participant"
ANONYMOUS_IN_ANY = ("participant", "teilnehmer/in", "teilnehmer in", "teilnehmerin")

_PATH = re.compile(
    r"(?:^|/)(?P<name>[^/]+?)_(?P<uid>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_?/|_)(?P<path>.+)$", re.IGNORECASE
)
_GROUP = re.compile(r"^(?P<group>[^-]*\d[^-]*)-(?P<name>.+)$")  # a digit: no person's name has one


def fit(paths: Sequence[str]) -> float:
    return share(paths, _PATH.search)


def read(entries: Sequence[Entry], hints: Hints) -> Reading:
    """One upload a UID. Text typed into the browser is kept apart: it is no notebook."""
    files: dict[tuple[str, str, str], list[Entry]] = {}
    texts: set[tuple[str, str, str]] = set()
    left = []
    for entry in entries:
        found = _PATH.search(entry.path)
        if not found:
            left.append(entry)
            continue
        who = (entry.path[: found.start()], found["uid"], found["name"].replace("_", " ").strip())
        of_person = files.setdefault(who, [])
        if found["kind"].casefold() == "onlinetext":
            texts.add(who)
        else:
            of_person.append(entry.under(found["path"]))
    return Reading(tuple(_upload(who, files[who], who in texts, hints) for who in files), tuple(left))


def _upload(who: tuple[str, str, str], files: list[Entry], typed: bool, hints: Hints) -> Upload:
    area, uid, name = who
    known = hints.known.get(uid, Known(Person()))
    anonymous = name.casefold().startswith(ANONYMOUS_IN_ANY)
    remarks = []
    group = _GROUP.match(name)
    if group and not known.person.name and not hints.is_student(name) and hints.is_student(group["name"]):
        remarks.append(f"handed in for the group {group['group']}")
        name = group["name"]
    person = Person(known.person.name or name, known.person.keys, within=name, account=uid)
    if typed:
        remarks.append(f"{'also' if files else 'only'} a text was typed into Moodle, which is not graded")
    if anonymous and not known.person.keys:
        person = Person(f"{ANONYMOUS} {uid}")
        remarks.append("marked blindly: let Moodle reveal who is who, download again, give the grading worksheet, too")
    return Upload(
        people=(person,),
        files=tuple(files),
        area=area,
        when=known.when,
        marked_late=known.marked_late,
        remarks=tuple(remarks),
    )
