"""Marks of Otter in a code cell, as a master here has them."""

from __future__ import annotations

import re

_SEED = re.compile(r"\s*# SEED\s*$")
_OTTERS = re.compile(r"\s*(import otter\b|\w+\s*=\s*otter\.Notebook\(|grader\.(check|check_all|export)\().*")
_HEAD = re.compile(r"^\s*#+\s*SOLUTIONS?\s*#*\s*$", re.IGNORECASE)


def marked(source: str) -> str:
    """The cell without `# SEED` marks (students get the seed), a first line `## solution ##` and Otter's checks."""
    lines = [_SEED.sub("", line) for line in source.split("\n") if not _OTTERS.fullmatch(line)]
    return "\n".join(lines[1:] if lines and _HEAD.match(lines[0]) else lines)
