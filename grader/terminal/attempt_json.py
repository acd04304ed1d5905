"""Documents from values: the JSON of attempts, and the report page. Same values, same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from grader.schema import Assignment, Attempt, CheckResult

if TYPE_CHECKING:
    from grader.execution.batch import Graded


def attempts_document(assignment: Assignment, rows: Sequence[Graded]) -> dict[str, Any]:
    """The document of `grade --json`."""
    attempts = [attempt_entry(assignment, row.attempt) for row in rows]
    return {"assignment": assignment.id, "attempts": attempts}


def attempt_entry(assignment: Assignment, attempt: Attempt) -> dict[str, Any]:
    """One attempt: its points by question and check, its notices, what it used, where it comes from."""
    evidence = attempt.evidence
    return {
        "student": attempt.student,
        "submission": evidence.submission,
        "status": attempt.status.value,
        "points": _number(attempt.points),
        "max_points": _number(assignment.max_points),
        "questions": [_question_entry(assignment, attempt, question.id) for question in assignment.questions],
        "notices": list(attempt.notices),
        "usage": {
            "cpu_s": attempt.usage.cpu_s,
            "wall_s": attempt.usage.wall_s,
            "peak_mib": attempt.usage.peak_mib,
        },
        "evidence": {"image": evidence.image, "isolation": evidence.isolation, "device": evidence.device},
    }


def _question_entry(assignment: Assignment, attempt: Attempt, question_id: str) -> dict[str, Any]:
    results = attempt.of_question(question_id)
    return {
        "id": question_id,
        "points": _number(sum((result.points for result in results), Decimal(0))),
        "max_points": _number(assignment.question(question_id).points),
        "checks": [_check_entry(result) for result in results],
    }


def _check_entry(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "outcome": result.outcome.value,
        "points": _number(result.points),
        "max_points": _number(result.max_points),
        "message": result.message,
        "hint": result.hint,
    }


def _number(points: Decimal) -> int | float:
    return int(points) if points == points.to_integral_value() else float(points)
