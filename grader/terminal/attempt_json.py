"""Documents from values: the JSON of attempts, and the report page. Same values, same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from grader.marks.changes import ByHand
from grader.schema import Assignment, Attempt, CheckResult, Question, Status, add_up
from grader.submission.answers import Answer, AnswerCell

if TYPE_CHECKING:
    from grader.execution.batch import Graded


def attempts_document(
    assignment: Assignment, rows: Sequence[Graded], changed: Mapping[str, Sequence[ByHand]] | None = None
) -> dict[str, Any]:
    """The document of `grade --json`. changed: by student, what `override` made of the points."""
    made = changed or {}
    attempts = [attempt_entry(assignment, row.attempt, None, made.get(row.attempt.student, ())) for row in rows]
    return {"assignment": assignment.id, "attempts": attempts}


def attempt_entry(
    assignment: Assignment,
    attempt: Attempt,
    answers: Mapping[str, Answer] | None = None,
    changed: Sequence[ByHand] = (),
) -> dict[str, Any]:
    """One attempt: its points by question and check, its notices, what it used, where it comes from.

    While a question is to be marked by hand, its points and the total are null; so is the total of an outdated one.
    Where `assignment` holds some of the questions alone, so do the totals. All points are as they were graded but
    `points_now`; changed: what `override` made of them.
    """
    evidence = attempt.evidence
    shown = [question.id for question in assignment.questions]
    graded = add_up(attempt.points_of(name) or Fraction(0) for name in shown)
    now = add_up((graded, *(change.by for change in changed)))
    waiting = [name for name in attempt.waiting if name in shown]
    settled = not waiting and attempt.status is not Status.OUTDATED
    return {
        "student": attempt.student,
        "submission": evidence.submission,
        "status": attempt.status.value,
        "points": _number(graded) if settled else None,
        "points_so_far": _number(graded),
        "points_now": _number(now) if settled and attempt.status is not Status.DEFERRED else None,
        "max_points": _number(assignment.max_points),
        "waiting": waiting,
        "questions": [_question_entry(question, attempt, answers or {}) for question in assignment.questions],
        "changed_by_hand": [change_entry(change) for change in changed],
        "notices": list(attempt.notices),
        "usage": {
            "cpu_s": attempt.usage.cpu_s,
            "wall_s": attempt.usage.wall_s,
            "peak_mib": attempt.usage.peak_mib,
        },
        "evidence": {"image": evidence.image, "isolation": evidence.isolation, "device": evidence.device},
    }


def change_entry(change: ByHand) -> dict[str, Any]:
    """What people changed in one question."""
    before, after = _number(change.before), _number(change.after)
    worth = {"question": change.question, "before": before, "after": after}
    comments = {"comments": list(change.comments)} if change.comments else {}
    return {**worth, "words": change.words, "whom": list(change.whom), **comments}


def _question_entry(question: Question, attempt: Attempt, answers: Mapping[str, Answer]) -> dict[str, Any]:
    mark, points = attempt.mark_of(question.id), attempt.points_of(question.id)
    entry: dict[str, Any] = {
        "id": question.id,
        "points": None if mark is not None and points is None else _number(points or Fraction(0)),
        "max_points": _number(question.points),
        "checks": [_check_entry(result) for result in attempt.of_question(question.id)],
    }
    if mark is not None:
        entry |= {"by_hand": {"comment": mark.comment, "why": mark.why, "source": mark.source}}
    if question.id in answers:
        answer = answers[question.id]
        others = () if answer.cells else answer.everything
        entry["answer"] = {
            "found": answer.found,
            "remark": answer.remark,
            "cells": [_cell_entry(cell) for cell in answer.cells],
            "other_cells": [_cell_entry(cell) for cell in others],
        }
    return entry


def _cell_entry(cell: AnswerCell) -> dict[str, Any]:
    return {"cell": cell.number, "code": cell.code, "source": cell.source} | (
        {"pictures": cell.pictures} if cell.pictures else {}
    )


def _check_entry(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "outcome": result.outcome.value,
        "points": _number(result.points),
        "max_points": _number(result.max_points),
        "message": result.message,
        "hint": result.hint,
        "passes_with": result.passes_with,
    }


def _number(points: Fraction) -> int | float:
    return int(points) if points.denominator == 1 else float(points)
