"""Submissions whose marks are known: the reference, the starter, wrong solutions, right alternatives, and nonsense.

The reference's answers to other questions go on calling what was there before (course/isolation.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.course import isolation, known_solutions
from grader.course.master import read_master
from grader.errors import AuthoringError
from grader.paths import Paths
from grader.schema import Assignment, Question, Submission

NONSENSE = {  # what every name of a question answers, and as what it is a base class
    "nothing": "None",
    "nan": 'float("nan")',
    "zero": "0.0",
    "empty": "np.zeros((0, 1))",
    "words": '"the answer"',
    "pair": "(None, None)",
    "truth": "True",
    "huge": "10**400",
    "infinite": "np.full((2, 3), np.inf)",
    "imaginary": "np.ones(3) * 1j",
    "ragged": "[[1.0, 2.0], [3.0]]",
    "mapping": "{}",
    "function": "_answer",
}


@dataclass(frozen=True)
class Variant:
    """One submission and what is known of it. `question` is the one it is about ("" for all)."""

    id: str
    kind: str  # "reference", "paraphrase", "starter", "wrong", "right", "nonsense", "mutant"
    submission: Submission
    question: str = ""
    fails: tuple[str, ...] = ()  # hidden tests that must fail
    text: str = ""  # the hint, why it is right, or a mutant's change
    operator: str = ""  # what kind of change made a mutant,
    of: str = ""  # and of which right alternative; "" for the reference


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
    _refuse_unknown(paths.wrong(assignment.id), assignment)
    return [
        variant
        for question in assignment.questions
        for variant in _of(
            paths, assignment, question, "wrong", known_solutions.wrong(paths, assignment.id, question.id)
        )
    ]


def right(paths: Paths, assignment: Assignment) -> list[Variant]:
    """All right alternatives."""
    _refuse_unknown(paths.right(assignment.id), assignment)
    return [
        variant
        for question in assignment.questions
        for variant in _of(
            paths, assignment, question, "right", known_solutions.right(paths, assignment.id, question.id)
        )
    ]


def whole(paths: Paths, assignment: Assignment) -> list[Variant]:
    """The complete right solutions, each a file that a student might hand in."""
    return [
        Variant(
            f"whole-{file.stem}",
            "right",
            Submission(f"whole-{file.stem}", assignment.id, file.name, file.read_bytes()),
            text="a complete solution",
        )
        for file in sorted(paths.whole(assignment.id).glob("*.py"))
    ]


def nonsense(assignment: Assignment) -> Iterator[Variant]:
    """Submissions that define every name and answer the same nonsense to everything."""
    for kind, value in NONSENSE.items():
        lines = ["# %%", "import numpy as np", f"def _answer(*args, **kwargs): return {value}"]
        lines += [f"{name} = _answer" for name in assignment.names]
        content = "\n".join(lines).encode() + b"\n"
        submission = Submission(f"nonsense-{kind}", assignment.id, f"{kind}.py", content)
        yield Variant(kind, "nonsense", submission, text=f"answers {value} to everything")


def isolated(paths: Paths, assignment: Assignment, question: Question) -> str:
    """The reference, and a cell that keeps its other questions apart from cells behind it that are about this one."""
    return f"{read_master(paths, assignment.id)}\n{isolation.cell(assignment.names_beside(question.id))}"


def _refuse_unknown(folder: Path, assignment: Assignment) -> None:
    """A file whose question does not exist would never be looked at."""
    for file in sorted(folder.glob("*.py")):
        assignment.question(file.stem)


def _of(
    paths: Paths, assignment: Assignment, question: Question, kind: str, solutions: list[known_solutions.KnownSolution]
) -> Iterator[Variant]:
    base = isolated(paths, assignment, question)
    for solution in solutions:
        name = f"{question.id}-{solution.id}"
        text = "\n\n".join([base, *(f"# %%\n{cell}\n" for cell in solution.cells)])
        submission = Submission(f"{kind}-{name}", assignment.id, f"{name}.py", text.encode())
        yield Variant(name, kind, submission, question.id, solution.fails, solution.text)
