"""Solutions whose worth is known: each is one percent cell of `solutions/<a>/wrong/q5.py` or `right/q5.py`.

A cell is put behind the master's cells, so that it overrides just what it defines. Its header says what is known of it:

    # %% no_shift | fails: test_large_logits_do_not_overflow | hint: Subtract the row maximum first.
    # %% with_loops | why: loops over samples with plain sums

What stands before the first cell with a header is put before each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from grader.errors import AuthoringError
from grader.paths import Paths
from grader.submission.percent import percent_cells

WRONG = re.compile(r"(?P<id>[a-z]\w*) \| fails: (?P<fails>[\w, ]+?) \| hint: (?P<text>\S.*)")
RIGHT = re.compile(r"(?P<id>[a-z]\w*) \| why: (?P<text>\S.*)")


@dataclass(frozen=True)
class KnownSolution:
    """A known solution: cells of Python, the checks it must fail, and the hint (or why it is right)."""

    id: str
    cells: tuple[str, ...]
    fails: tuple[str, ...]
    text: str


def wrong(paths: Paths, assignment_id: str, question_id: str) -> list[KnownSolution]:
    """The wrong solutions of a question. Raises AuthoringError for a header that says too little."""
    return _read(paths.wrong(assignment_id) / f"{question_id}.py", WRONG)


def right(paths: Paths, assignment_id: str, question_id: str) -> list[KnownSolution]:
    """The right alternatives of a question. Raises AuthoringError for a header that says too little."""
    return _read(paths.right(assignment_id) / f"{question_id}.py", RIGHT)


def _read(file: Path, form: re.Pattern[str]) -> list[KnownSolution]:
    if not file.is_file():
        return []
    where = "/".join(file.parts[-4:])
    cells = [cell for cell in percent_cells(file.read_text(encoding="utf-8")) if cell.kind == "code"]
    first = next((place for place, cell in enumerate(cells) if cell.header), len(cells))
    shared = tuple(cell.source for cell in cells[:first])
    found: dict[str, KnownSolution] = {}
    for cell in cells[first:]:
        said = form.fullmatch(cell.header)
        if said is None:
            shape = "'# %% id | fails: test, test | hint: ...'" if form is WRONG else "'# %% id | why: ...'"
            raise AuthoringError(f"{where}: the header {cell.header!r} is not of the form {shape}")
        if said["id"] in found:
            raise AuthoringError(f"{where}: {said['id']} appears twice")
        fails = tuple(part.strip() for part in said.groupdict().get("fails", "").split(",") if part.strip())
        found[said["id"]] = KnownSolution(said["id"], (*shared, cell.source), fails, said["text"])
    return list(found.values())
