"""In which order questions are examined: the cheap ones first, so that a slow training costs nothing but itself.

Known without running anything: the longest deadline that the tests of a question declare with `student.limit`, where
that is more than an ordinary call has; then the order of assignment.toml.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.schema import Assignment, Check

if TYPE_CHECKING:
    import pytest


def cheap_first(items: list[pytest.Item], checks: Mapping[str, Check], assignment: Assignment) -> list[pytest.Item]:
    """The same items, question by question. checks: by node id"""
    place = {question.id: number for number, question in enumerate(assignment.questions)}
    longest = dict.fromkeys(place, assignment.limits.call_s)
    for item in items:
        question = checks[item.nodeid].question
        longest[question] = max(longest[question], _longest_limit(item.path, item.module))  # type: ignore[attr-defined]

    def key(item: pytest.Item) -> tuple[float, int]:
        question = checks[item.nodeid].question
        return longest[question], place[question]

    return sorted(items, key=key)  # stable: the checks of a question stay in the order of their files


@functools.cache
def _longest_limit(file: Path, module: Any) -> float:
    """The longest call_s of `student.limit` in a file; infinite where it is not written as a number or a name."""
    calls = [node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Call)]
    asked = [node for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr == "limit"]
    values = [value for node in asked for value in (*node.args[:1], *(key.value for key in node.keywords))]
    return max((_number(value, module) for value in values), default=0.0)


def _number(value: ast.expr, module: Any) -> float:
    found = value.value if isinstance(value, ast.Constant) else None
    if isinstance(value, ast.Name):
        found = getattr(module, value.id, None)
    return float(found) if isinstance(found, (int, float)) else math.inf
