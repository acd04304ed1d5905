"""`init`: begin a course."""

from __future__ import annotations

import argparse
import os

from grader.exit_codes import DONE
from grader.terminal import screen


def init(chosen: argparse.Namespace) -> int:
    """Write the folder of a course, and say what comes next."""
    from grader.authoring import new_course

    wanted = (
        [name.strip() for name in chosen.wanted.split(",")] if chosen.wanted is not None else [*new_course.templates()]
    )
    folder = chosen.folder
    made, kept = new_course.begin_course(folder, chosen.scheme, wanted, chosen.name)
    for place in made:
        print(f"{place}{os.sep if place.is_dir() else ''}")
    for place in kept:
        add = "; add these lines to it: .grader/ build/ downloads/" if place.name == ".gitignore" else ""
        screen.say(f"{place} was there and is left as it is{add}")
    go = "" if str(folder) == "." else f"cd {folder}; "
    screen.tell(f"next: {go}fill in roster.csv, look at course.toml, and: grader doctor")
    return DONE
