"""What the synthetic results are about: the checks of each question, real ones where there are hidden tests."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from grader.paths import Paths
from grader.schema import Assignment, Check, Question

GROUPS = (  # (what is tested, its share of a question's points)
    ("shapes_and_dtypes_follow_the_table", "0.10"),
    ("values_are_right_on_awkward_sizes", "0.35"),
    ("gradients_agree_with_differences", "0.25"),
    ("edges_stay_finite", "0.15"),
    ("pieces_fit_together", "0.15"),
)
MISTAKES = (  # the forms in which grader.checking.compare and grader.examination.student speak; {n} becomes a number
    "result is too large by the factor {n}, which is also the length of axis 0.",
    "result has the wrong sign.",
    "result is the transpose of what is expected.",
    "result has shape ({n}, {n}), expected ({n}, 1): an axis of length 1 is missing (keepdims?)",
    "result does not sum to 1 along axis 1, as it should.",
    "result holds NaN in {n} of {n} entries, the first at index {n}.",
    "result is right before index {n} and wrong from there on.",
    "result is float64, expected float32.",
    "the call changed its argument 1",
)
RAISED = (
    "ValueError in cell {n}, line {n}: operands could not be broadcast together with shapes ({n},{n}) ({n},)",
    "IndexError in cell {n}, line {n}: index {n} is out of bounds for axis 1 with size {n}",
    "KeyError in cell {n}, line {n}: 'cache'",
)
VAGUE = "result differs from what is expected in {n} of {n} entries, the first at index ({n}, {n})."


@dataclass(frozen=True)
class Planned:
    """A check and how a class deals with it. `fault`: "" or what is wrong with the check itself, planted on purpose.

    hardness, sharpness: a student of level x passes with the odds exp(sharpness * (x - hardness))
    """

    check: Check
    hardness: float
    sharpness: float
    mistakes: tuple[str, ...]  # from the most usual to the rarest
    fault: str = ""


def plan(paths: Paths, assignment: Assignment, fault: str, seed: int) -> tuple[Planned, ...]:
    """All checks of an assignment in the order of its questions. `fault` goes into one of them, if any is named."""
    real = _real_checks(paths.hidden_tests(assignment.id))
    checks = [check for question in assignment.questions for check in _of_question(question, real)]
    draw = random.Random(f"{seed}/{assignment.id}/faulty")
    faulty = draw.randrange(len(checks)) if fault else None
    hard = {
        question.id: random.Random(f"{seed}/{assignment.id}/{question.id}").uniform(-1.8, 0.1)
        for question in assignment.questions
    }
    return tuple(
        _planned(check, hard[check.question], fault if place == faulty else "", seed)
        for place, check in enumerate(checks)
    )


def _planned(check: Check, hardness: float, fault: str, seed: int) -> Planned:
    draw = random.Random(f"{seed}/{check.name}")
    mistakes = (*draw.sample(MISTAKES, 2), VAGUE, draw.choice(RAISED))
    return Planned(check, hardness + draw.gauss(0, 0.5), draw.uniform(1.1, 2.6), mistakes, fault)


def _of_question(question: Question, real: dict[str, list[Check]]) -> list[Check]:
    """The hidden tests of a question where they are there and add up; else five of the usual kind."""
    found = real.get(question.id, [])
    if found and sum(check.max_points for check in found) == question.points:
        return found
    return [
        Check(f"test_{question.id}_{name}", question.id, question.points * Fraction(share), "Read the docstring again.")
        for name, share in GROUPS
    ]


def _real_checks(folder: Path) -> dict[str, list[Check]]:
    """The hidden tests by question, read without running them."""
    found: dict[str, list[Check]] = {}
    for file in sorted(folder.glob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        marks = [mark for node in tree.body if isinstance(node, ast.Assign) for mark in _marks(node.value, "question")]
        question = ast.literal_eval(marks[0].args[0]) if marks else ""
        for node in tree.body:
            for mark in _test_marks(node):
                hint = [word.value for word in mark.keywords if word.arg == "hint"]
                text = str(hint[0].value) if hint and isinstance(hint[0], ast.Constant) else ""
                points = Decimal(str(ast.literal_eval(mark.args[0])))
                found.setdefault(question, []).append(Check(getattr(node, "name", ""), question, points, text))
    return found


def _test_marks(node: ast.stmt) -> Iterator[ast.Call]:
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
        for decorator in node.decorator_list:
            yield from _marks(decorator, "points")


def _marks(node: ast.expr, name: str) -> Iterator[ast.Call]:
    """The calls of pytest.mark.NAME in an expression."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == name and part.args:
            yield part
