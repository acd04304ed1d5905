"""Names of the files that students get: from their ids, never longer than they should be, and no two alike."""

from __future__ import annotations

import hashlib
import re

PLAIN = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", re.ASCII)
LONGEST = 40
RESERVED = frozenset("con prn aux nul".split()) | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}


def slug(student: str) -> str:
    """A name for a student's file: the id where it is plain, else what is plain of it and a digest.

    A plain id is lower case and has no two separators together; a made name has two, so the two cannot meet.
    """
    if PLAIN.fullmatch(student) and len(student) <= LONGEST and student.partition(".")[0] not in RESERVED:
        return student
    kept = "-".join(re.findall(r"[a-z0-9]+", student.lower(), re.ASCII))[:LONGEST].strip("-") or "student"
    digest = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{kept}--{digest}"
