"""A plain folder, or a zip of one: `STUDENT.ipynb`, `STUDENT/anything.ipynb`, `STUDENT.zip`; folders around that."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.collect.archives import is_archive
from grader.collect.entries import Entry, common_folder
from grader.collect.names import copy_number, is_checkpoint, is_notebook, is_script, stem
from grader.collect.uploads import Hints, Reading, Upload
from grader.course.people import Person

NAME = "folder"
MAX_LEVEL = 4
_DASHED = re.compile(r"-\d{1,2}$")


def fit(paths: Sequence[str]) -> float:
    """Any folder may be one; others come first."""
    return 0.0


def read(entries: Sequence[Entry], hints: Hints) -> Reading:
    """One upload for each folder or file at the level where students are."""
    level = _level(entries, hints)
    if level == 0:
        return Reading((_upload(hints.place, hints, tuple(entries)),), of_one=not hints.single)
    folders: dict[str, list[Entry]] = {}
    uploads, left = [], []
    for entry in entries:
        if len(entry.parts) > level:
            folder = "/".join(entry.parts[:level])
            folders.setdefault(folder, []).append(entry.under("/".join(entry.parts[level:])))
        elif len(entry.parts) == level and _is_somebodys(entry, hints):
            uploads.append(_of_file(entry, hints))
        else:
            left.append(entry)
    uploads += (_upload(folder.rpartition("/")[2], hints, tuple(files)) for folder, files in folders.items())
    by_folder = bool(hints.folder) and all(called(entry) == hints.assignment for entry in entries)
    return Reading(tuple(uploads), tuple(left), of_one=by_folder)


def known_share(entries: Sequence[Entry], hints: Hints) -> float:
    """Which part of the folders and files at the level of students is named exactly for one of them."""
    counts = [_counted(entries, level, hints) for level in (1, 2)]
    return max(known / max(names, 1) for known, names in counts)


def _level(entries: Sequence[Entry], hints: Hints) -> int:
    """How many folders lie above the students' names; 0 if the place itself is one student's.

    The level at which most names are on the roster; where none is, what is in the place.
    """
    known = [int(hints.is_student(hints.place)), *(_counted(entries, n, hints)[0] for n in range(1, MAX_LEVEL + 1))]
    if max(known):
        return known.index(max(known))
    if hints.single:
        return 1
    if not hints.packed:
        return 0 if _is_of_one(entries, hints) else 1
    above = common_folder(entries)
    own = any(
        copy_number(stem(entry.name))[0] == hints.assignment for entry in entries if len(entry.parts) <= above + 1
    )
    return 0 if own else above + 1


def _is_of_one(entries: Sequence[Entry], hints: Hints) -> bool:
    """Whether a folder is one student's: the notebooks right in it are called like the assignment, or as elsewhere.

    Scripts beside a notebook are its modules; a folder in which other folders hold notebooks is a class.
    """
    works = _works(entries)
    names = {called(entry) for entry in works}
    alike = names == {hints.assignment} or bool(names) and names <= hints.repeated
    return alike and all(len(entry.parts) == 1 for entry in works)


def _works(entries: Sequence[Entry]) -> list[Entry]:
    """The notebooks and archives among files; where there are none, the scripts."""
    works = [entry for entry in entries if is_notebook(entry.name) or is_archive(entry.name)]
    works = [entry for entry in works if not is_checkpoint(entry.path)]
    return works or [entry for entry in entries if is_script(entry.name)]


def called(entry: Entry) -> str:
    """What a notebook, script or archive is called, without its kind and the number of a copy."""
    return copy_number(stem(entry.name))[0].casefold()


def repeated(folders: Sequence[Sequence[Entry]]) -> frozenset[str]:
    """What the one notebook, or script, of each of several folders is called, where it is the same in all of them."""
    found = [{called(each) for each in _works(entries)} for entries in folders]
    same = len(found) > 1 and len(found[0]) == 1 and all(names == found[0] for names in found)
    return frozenset(found[0]) if same else frozenset()


def _counted(entries: Sequence[Entry], level: int, hints: Hints) -> tuple[int, int]:
    """How many names at a level are on the roster, and how many there are."""
    names = {
        entry.parts[level - 1] if len(entry.parts) > level else stem(entry.name)
        for entry in entries
        if len(entry.parts) >= level
    }
    return sum(map(hints.is_student, names)), len(names)


def _is_somebodys(entry: Entry, hints: Hints) -> bool:
    kind = hints.single or is_notebook(entry.name) or is_script(entry.name) or is_archive(entry.name)
    return kind or hints.is_student(stem(entry.name))


def _of_file(entry: Entry, hints: Hints) -> Upload:
    if hints.folder and called(entry) == hints.assignment:
        return _upload(hints.folder, hints, (entry.under(entry.name),))
    bare, number = copy_number(stem(entry.name))
    if _DASHED.search(stem(entry.name)):  # cs1-1 may be somebody's id, and no copy of what cs1 handed in
        bare, number = stem(entry.name), 0
    return _upload(stem(entry.name), hints, (entry.under(entry.name),), bare, number)


def _upload(name: str, hints: Hints, files: tuple[Entry, ...], bare: str = "", number: int = 0) -> Upload:
    keys = tuple(dict.fromkeys(key for key in (name, bare, _without(hints.assignment, bare or name)) if key))
    said = f"copy {number} of {bare}" if number else ""
    return Upload((Person(texts=keys, within=name),), files, order=(number,), said=said)


def _without(assignment: str, name: str) -> str:
    """A name without the assignment's: alice_a1_mlp -> alice."""
    if not assignment:
        return name
    return re.sub(rf"^{re.escape(assignment)}[-_. ]+|[-_. ]+{re.escape(assignment)}$", "", name, flags=re.IGNORECASE)
