"""`validate` and `pack` in the program of the course, which can also say what is asked for where no manifest lies."""

from __future__ import annotations

import argparse
from pathlib import Path

from grader.errors import UsageError
from grader.submission import program
from grader.submission.validate import Asked


def check(chosen: argparse.Namespace) -> int:
    """Say whether a notebook will be accepted, and what it has for each question."""
    return program.validate(chosen.notebook, *_asked(chosen.notebook))


def pack(chosen: argparse.Namespace) -> int:
    """Make the zip to hand in, and a receipt that says what is in it."""
    return program.pack(chosen, *_asked(chosen.notebook))


def _asked(file: Path) -> tuple[str, tuple[Asked, ...]]:
    """What is asked for: from the manifest beside the notebook, else from the course this is run in."""
    program.require_notebook(file)  # a name that is wrong is said first
    return program.manifest_of(file.resolve().parent) or _asked_by_course(file)


def _asked_by_course(file: Path) -> tuple[str, tuple[Asked, ...]]:
    from grader.course.config import assignment_ids, read_assignment
    from grader.course.scheme import plain
    from grader.paths import Paths, find_root

    try:
        paths = Paths(find_root())
    except UsageError:
        raise UsageError(
            f"no manifest.json beside {file.name}: keep the notebook in the folder that came out of the zip"
        ) from None
    known = [name for name in assignment_ids(paths) if file.stem.startswith(name)]
    if not known:
        raise UsageError(f"which assignment is {file.name}? There is: {', '.join(assignment_ids(paths))}")
    assignment = read_assignment(paths, known[0])
    asked = [Asked(item.id, item.title, plain(item.points), item.names, item.manual) for item in assignment.questions]
    return assignment.id, tuple(asked)
