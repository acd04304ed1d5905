"""What each test of a question of Otter's is worth, by Otter's own rule."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from grader.importing.material import Asked, Case, Material


def resolve(asked: Asked, points: object, material: Material) -> None:
    """Set the points of a question and its tests.

    What has points keeps them; what has none shares what is left of the question's, or one point where none has any.
    """
    cases = asked.cases
    if asked.manual or not cases:
        asked.points = _number(points) or Fraction(0 if not asked.manual else 1)
        if not asked.manual and not cases:
            material.note(asked.name, "left", "a question without a test: a person marks it")
        return
    if isinstance(points, dict):
        points = (_number(points.get("each")) or Fraction(1)) * len(cases)
    if isinstance(points, list):
        cases = [replace(case, points=_number(each)) for case, each in zip(cases, points, strict=False)]
        if len(points) != len(cases):
            material.note(asked.name, "left", f"{len(points)} points for {len(cases)} tests; look at assignment.toml")
        points = None
    asked.cases = _shared(cases, _number(points))
    asked.points = sum((case.points or Fraction(0) for case in asked.cases), Fraction(0))


def _shared(cases: list[Case], total: Fraction | None) -> list[Case]:
    open_ones = sum(case.points is None for case in cases)
    given = sum((case.points or Fraction(0) for case in cases), Fraction(0))
    if total is None:
        total = Fraction(1) if given == 0 else given
    each = max(total - given, Fraction(0)) / open_ones if open_ones else Fraction(0)
    return [case if case.points is not None else replace(case, points=each) for case in cases]


def _number(value: object) -> Fraction | None:
    if isinstance(value, Fraction):
        return value
    return Fraction(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
