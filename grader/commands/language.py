"""The language that commands speak. Every command asks for it, so it imports next to nothing."""

from __future__ import annotations

import tomllib

from grader.errors import GraderError
from grader.languages.translating import ENGLISH, languages
from grader.paths import Paths, find_root


def of_the_course() -> str:
    """What course.toml names; English where there is no course, or none that can be read: the command says so."""
    try:
        named = tomllib.loads(Paths(find_root()).course_toml.read_text(encoding="utf-8")).get("language", ENGLISH)
    except (GraderError, OSError, ValueError):  # TOML's error is a ValueError
        return ENGLISH
    return named if named == ENGLISH or named in languages() else ENGLISH
