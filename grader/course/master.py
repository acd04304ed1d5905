"""An assignment's master: the percent-format text from which starter, public checks and reference solution come.

It begins in `solutions/<a>/<a>.py`. What is longer than a page or two is continued in `solutions/<a>/questions/`, one
file a question (q1.py, q2.py, ..., q10.py), in the order of their numbers, as if it were all one file.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from grader.paths import Paths
from grader.submission.notebook import Cell, read

_HEADER = re.compile(r"\A# ---\n(#.*\n)*?# ---\n")


def master_parts(paths: Paths, assignment_id: str) -> list[Path]:
    """The files of the master, in order; empty where the assignment has none."""
    opening = paths.reference(assignment_id)
    if not opening.is_file():
        return []
    folder = paths.questions(assignment_id)
    return [opening, *sorted(folder.glob("q*.py"), key=lambda file: (len(file.stem), file.stem))]


def read_master(paths: Paths, assignment_id: str) -> str:
    """The text of the master. Raises FileNotFoundError where the assignment has none."""
    opening, *others = master_parts(paths, assignment_id) or [paths.reference(assignment_id)]
    texts = [opening.read_text(encoding="utf-8-sig")]  # some editors begin a file with a byte order mark
    texts += [continued(part.read_text(encoding="utf-8-sig")) for part in others]
    return "\n\n".join(text.rstrip("\n") for text in texts) + "\n"


def continued(text: str) -> str:
    """A file of a question, with blank lines in place of the header that jupytext gives to every file."""
    return _HEADER.sub(lambda found: "\n" * found[0].count("\n"), text, count=1)


def master_cells(paths: Paths, assignment_id: str) -> list[Cell]:
    """The cells that are graded, in order: all but the experiments. Raises FileNotFoundError or SubmissionError."""
    text = read_master(paths, assignment_id)
    return [cell for cell in read(text.encode(), paths.reference(assignment_id).name).cells if not cell.experiment]


@contextlib.contextmanager
def beside(paths: Paths, assignment_id: str) -> Iterator[None]:
    """With the modules at hand that are released beside the notebook, such as datasets.py."""
    folder = str(paths.assignment(assignment_id))
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        sys.modules.pop("datasets", None)  # every assignment has its own
