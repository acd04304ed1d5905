"""Submissions whose marks are known: the reference, the starter, wrong solutions, right alternatives, and nonsense.

A wrong solution or an alternative is one percent cell of `solutions/<a>/wrong/q5.py` or `right/q5.py`, put behind the
reference's cells, so that it overrides just what it defines; the reference's answers to other questions go on calling
what was there before (apart.py). Its header says what is known of it:

    # %% no_shift | fails: test_large_logits_do_not_overflow | hint: Subtract the row maximum first.
    # %% with_loops | why: loops over samples with plain sums
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.authoring import apart
from grader.errors import AuthoringError
from grader.master import read_master
from grader.notebook import PercentCell, percent_cells
from grader.paths import Paths
from grader.schema import Assignment, Question, Submission

WRONG = re.compile(r"(?P<id>[a-z]\w*) \| fails: (?P<fails>[\w, ]+?) \| hint: (?P<text>\S.*)")
RIGHT = re.compile(r"(?P<id>[a-z]\w*) \| why: (?P<text>\S.*)")
NONSENSE = {  # what every name of a question answers, and as what it is a base class
    "nothing": "None",
    "nan": 'float("nan")',
    "zero": "0.0",
    "empty": "np.zeros((0, 1))",
    "words": '"the answer"',
    "pair": "(None, None)",
}


@dataclass(frozen=True)
class Variant:
    """One submission and what is known of it. `question` is the one it is about ("" for all)."""

    id: str
    kind: str  # "reference", "starter", "wrong", "right", "nonsense"
    submission: Submission
    question: str = ""
    fails: tuple[str, ...] = ()  # hidden tests that must fail
    text: str = ""  # the hint, or why it is right


def reference(paths: Paths, assignment: Assignment) -> Variant:
    file = paths.reference(assignment.id)
    if not file.is_file():
        raise AuthoringError(f"solutions/{assignment.id}/{file.name}: there is no reference solution")
    return Variant(
        "reference",
        "reference",
        Submission("reference", assignment.id, file.name, read_master(paths, assignment.id).encode()),
    )


def starter(paths: Paths, assignment: Assignment) -> Variant:
    file = paths.starter(assignment.id)
    if not file.is_file():
        raise AuthoringError(f"assignments/{assignment.id}/{file.name}: there is no starter; grader build makes it")
    return Variant("starter", "starter", Submission("starter", assignment.id, file.name, file.read_bytes()))


def wrong(paths: Paths, assignment: Assignment) -> list[Variant]:
    """All wrong solutions. Raises AuthoringError for a header that says too little."""
    return [
        variant for file in _files(paths.wrong(assignment.id)) for variant in _of_file(paths, assignment, file, WRONG)
    ]


def right(paths: Paths, assignment: Assignment) -> list[Variant]:
    """All right alternatives."""
    return [
        variant for file in _files(paths.right(assignment.id)) for variant in _of_file(paths, assignment, file, RIGHT)
    ]


def nonsense(assignment: Assignment) -> Iterator[Variant]:
    """Submissions that define every name and answer the same nonsense to everything."""
    names = [name for question in assignment.questions for name in question.names]
    for kind, value in NONSENSE.items():
        lines = ["# %%", "import numpy as np", f"def _answer(*args, **kwargs): return {value}"]
        lines += [f"{name} = _answer" for name in names]
        content = "\n".join(lines).encode() + b"\n"
        submission = Submission(f"nonsense-{kind}", assignment.id, f"{kind}.py", content)
        yield Variant(kind, "nonsense", submission, text=f"answers {value} to everything")


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("q*.py"), key=lambda file: (len(file.stem), file.stem))


def _of_file(paths: Paths, assignment: Assignment, file: Path, form: re.Pattern[str]) -> Iterator[Variant]:
    question = assignment.question(file.stem)
    kind = file.parent.name
    shared, cells = _parted(file)
    others = [name for other in assignment.questions if other.id != question.id for name in other.names]
    base = f"{read_master(paths, assignment.id)}\n{apart.cell(others)}"
    seen: set[str] = set()
    for cell in cells:
        known = form.fullmatch(cell.header)
        where = f"solutions/{assignment.id}/{kind}/{file.name}"
        if known is None:
            raise AuthoringError(f"{where}: the header {cell.header!r} is not of the form {_shape(form)}")
        if known["id"] in seen:
            raise AuthoringError(f"{where}: {known['id']} appears twice")
        seen.add(known["id"])
        yield _variant(assignment, question, kind, known, "\n\n".join([base, *shared, f"# %%\n{cell.source}\n"]))


def _parted(file: Path) -> tuple[list[str], list[PercentCell]]:
    """What stands before the first headed cell, to be put before each, and the headed cells."""
    cells = [cell for cell in percent_cells(file.read_text(encoding="utf-8")) if cell.kind == "code"]
    first = next((place for place, cell in enumerate(cells) if cell.header), len(cells))
    return [f"# %%\n{cell.source}" for cell in cells[:first]], cells[first:]


def _variant(assignment: Assignment, question: Question, kind: str, known: re.Match[str], text: str) -> Variant:
    name = f"{question.id}-{known['id']}"
    submission = Submission(f"{kind}-{name}", assignment.id, f"{name}.py", text.encode())
    fails = tuple(part.strip() for part in known.groupdict().get("fails", "").split(",") if part.strip())
    return Variant(name, kind, submission, question.id, fails, known["text"])


def _shape(form: re.Pattern[str]) -> str:
    return "'# %% id | fails: test, test | hint: ...'" if form is WRONG else "'# %% id | why: ...'"
