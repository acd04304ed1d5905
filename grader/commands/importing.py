"""`import`: an assignment of Otter or nbgrader becomes one of this course."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grader.course.config import read_course
from grader.errors import AuthoringError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.paths import Paths, find_root
from grader.terminal import screen

if TYPE_CHECKING:
    from grader.importing.bringing import Brought


def bring(chosen: argparse.Namespace) -> int:
    """Read, write, build and try it; 1 where something is left for a person."""
    from grader.importing import bringing
    from grader.importing.sources import materials

    paths = Paths(find_root())
    unsettled = False
    for assignment_id, file, material in materials(chosen.system, chosen.source, chosen.assignment):
        tell = (lambda says: None) if chosen.quiet else screen.say
        brought = bringing.bring(paths, material, assignment_id, file.name, tell)
        for line in _told(paths, assignment_id, brought):
            screen.tell(line)
        unsettled = unsettled or brought.left > 0
    return NEEDS_A_PERSON if unsettled else DONE


def _told(paths: Paths, assignment_id: str, brought: Brought) -> Iterator[str]:
    from grader.importing.bringing import PAGE

    page = paths.solutions / assignment_id / PAGE
    yield f"{assignment_id}: {brought.summary()}"
    yield f"page: {page.relative_to(paths.root)}"
    try:
        named = assignment_id in read_course(paths).assignments
    except AuthoringError:  # it names another that is not there yet
        named = False
    yield f"next: read it, then grader audit {assignment_id}" + (
        "" if named else "; and name it in course.toml, where it is to count"
    )
