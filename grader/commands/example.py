"""The assignment that the examples of the help are about. Every help asks for it, so it imports next to nothing."""

from __future__ import annotations

from grader.errors import GraderError
from grader.paths import Paths, find_root


def example() -> str:
    """The first assignment of the course; that of the program where there is no course."""
    try:
        folders = sorted(file.parent.name for file in Paths(find_root()).assignments.glob("*/assignment.toml"))
    except (GraderError, OSError):
        folders = []
    return folders[0] if folders else "a1_mlp"
