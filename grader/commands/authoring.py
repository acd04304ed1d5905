"""`build`: from an instructor's master to what students get."""

from __future__ import annotations

import argparse

from grader.cli import DONE
from grader.course import assignment_ids, read_assignment
from grader.paths import Paths, find_root


def build(chosen: argparse.Namespace) -> int:
    """Build one assignment, or every one that has a master."""
    from grader.authoring import build as building

    paths = Paths(find_root())
    ids = [read_assignment(paths, chosen.assignment).id] if chosen.assignment else assignment_ids(paths)
    for assignment_id in ids:
        if chosen.assignment or paths.reference(assignment_id).is_file():
            print(building.build(paths, assignment_id))
    return DONE
