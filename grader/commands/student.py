"""`validate`, `pack` and `submit` in the program of the course, which can do without a manifest."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Sequence, Set
from pathlib import Path

from grader.errors import GraderError, UsageError
from grader.paths import Paths, find_root
from grader.schema import Assignment
from grader.submission import notebook, program
from grader.submission.validate import Released

MOST_NAMES = 0.5  # of what an assignment asks for, by which a renamed notebook of it is known


def check(chosen: argparse.Namespace) -> int:
    """Say whether a notebook will be accepted, and what it has for each question."""
    released = _released(chosen.notebook, chosen.assignment)
    with program.in_language(released.language):
        return program.validate(chosen.notebook, released)


def pack(chosen: argparse.Namespace) -> int:
    """Make the zip to hand in, and a receipt that says what is in it."""
    released = _released(chosen.notebook, chosen.assignment)
    with program.in_language(released.language):
        return program.pack(chosen, released)


def submit(chosen: argparse.Namespace) -> int:
    """Hand a notebook in on the course's portal."""
    if chosen.assignment:  # nothing else has to be known
        with program.in_language(program.language_beside(chosen.notebook.resolve().parent)):
            return program.submit(chosen, chosen.assignment)
    released = _released(chosen.notebook, "")
    with program.in_language(released.language):
        return program.submit(chosen, released.assignment)


def _released(file: Path, assignment: str) -> Released:
    """What is asked for: from the manifest beside the notebook, else from the course this is run in."""
    program.require_notebook(file)  # a name that is wrong is said first
    return program.manifest_of(file, assignment, file.resolve().parent) or _by_course(file, assignment)


def _by_course(file: Path, assignment_id: str) -> Released:
    from grader.bookkeeping.asked import released
    from grader.course.config import assignment_ids, read_assignment

    try:
        paths = Paths(find_root())
    except UsageError:
        raise UsageError(
            f"no manifest.json beside {file.name}: keep the notebook in the folder that came out of the zip"
        ) from None
    known = assignment_ids(paths)
    called = next((name for name in known if file.stem.startswith(name)), "")
    chosen = assignment_id or called or _recognised(paths, known, file)
    if chosen not in known:
        asked = f"no assignment {chosen!r}" if chosen else f"which assignment is {file.name}? Name it with --assignment"
        raise UsageError(f"{asked}; there is: {', '.join(known)}")
    return released(paths, read_assignment(paths, chosen))


def _recognised(paths: Paths, known: tuple[str, ...], file: Path) -> str:
    """The assignment that a renamed notebook is of, by its release or the names it defines; "" where none is."""
    from grader.course.config import read_assignment

    book = notebook.read(program.require_notebook(file), file.name)
    assignments = []
    for assignment_id in known:
        with contextlib.suppress(GraderError):  # what cannot be read asks for nothing
            assignments.append(read_assignment(paths, assignment_id))
    return _of_release(paths, assignments, book.release) or _of_names(assignments, notebook.definitions(book).keys())


def _of_release(paths: Paths, assignments: Sequence[Assignment], release: str) -> str:
    from grader.authoring.release import release_files

    for assignment in assignments if release else ():
        with contextlib.suppress(GraderError):  # what cannot be released now is none of it
            if json.loads(release_files(paths, assignment)["manifest.json"])["release"] == release:
                return assignment.id
    return ""


def _of_names(assignments: Sequence[Assignment], defined: Set[str]) -> str:
    """The one of whose names most are defined, and at least half; "" where none or several are."""
    shares = {each.id: len(defined & set(each.names)) / max(len(each.names), 1) for each in assignments}
    most = max(shares.values(), default=0.0)
    found = [assignment_id for assignment_id, share in shares.items() if share == most >= MOST_NAMES]
    return found[0] if len(found) == 1 else ""
