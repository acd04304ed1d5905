"""`init`: begin a course."""

from __future__ import annotations

import argparse
import os

from grader.exit_codes import DONE


def init(chosen: argparse.Namespace) -> int:
    """Write the folder of a course, and say what comes next."""
    from grader.authoring import new_course

    wanted = [name.strip() for name in chosen.wanted.split(",")] if chosen.wanted else new_course.templates()
    folder = chosen.folder
    for made in new_course.begin_course(folder, chosen.scheme, wanted, chosen.name):
        print(f"{made}{os.sep if made.is_dir() else ''}")
    go = "" if str(folder) == "." else f"cd {folder}; "
    print(f"next: {go}fill in roster.csv, look at course.toml, and: grader doctor")
    return DONE
