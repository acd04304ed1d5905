"""The one place that decides whether an attempt was graded for the points that assignment.toml gives now. Pure."""

from __future__ import annotations

from dataclasses import replace

from grader.course.scheme import plain
from grader.schema import Assignment, Attempt, Outcome, Status, add_up


def as_asked(attempt: Attempt, assignment: Assignment) -> Attempt:
    """The attempt, or, where it was graded for other points, an outdated one, whose last notice says why.

    What was graded stays in it; marks that people give for questions that were checked then are left out.
    """
    why = _other_points(attempt, assignment) if _holds(attempt) else ""
    if not why:
        return attempt
    checked = {check.question for check in attempt.results}
    manual = tuple(mark for mark in attempt.manual if mark.question not in checked)
    notice = f"{why}; to be graded again: `grader regrade {assignment.id}`"
    return replace(attempt, status=Status.OUTDATED, manual=manual, notices=(*attempt.notices, notice))


def _holds(attempt: Attempt) -> bool:
    return attempt.status is Status.GRADED and not any(check.outcome is Outcome.DEFERRED for check in attempt.results)


def _other_points(attempt: Attempt, assignment: Assignment) -> str:
    """How the points of an attempt differ from those of assignment.toml; "" where they agree."""
    checked = add_up(check.max_points for check in attempt.results)
    asked = add_up(question.points for question in assignment.tested)
    if checked != asked:
        return f"the checks of this attempt add up to {plain(checked)} points, assignment.toml says {plain(asked)}"
    for question in assignment.tested:
        worth = add_up(check.max_points for check in attempt.of_question(question.id))
        if worth != question.points:
            now = f"the checks of {question.id} add up to {plain(worth)} points, assignment.toml says"
            return f"{now} {plain(question.points)}"
    return ""
