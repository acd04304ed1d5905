"""What an exception out of a hidden test means for the check."""

from __future__ import annotations

import pytest

from grader.checking.compare import Mismatch
from grader.errors import AuthoringError, GraderError
from grader.examination import collecting
from grader.examination.hints import fitting
from grader.examination.student import StudentFault
from grader.examination.words import in_short_rows
from grader.schema import BROKEN, Check, CheckResult, Outcome


def result_of(check: Check, error: BaseException | None, wall_s: float) -> CheckResult:
    """What an exception out of a hidden test means. What is neither the student's nor a judgement is ours.

    Of what begins with BROKEN that is not the last word: see `at_fault`.
    """
    if error is None:
        outcome, message = Outcome.PASSED, ""
    elif isinstance(error, StudentFault):
        outcome, message = error.outcome, str(error)
    elif isinstance(error, Mismatch):
        outcome, message = Outcome.FAILED, str(error)
    elif isinstance(error, (AssertionError, pytest.fail.Exception)):
        outcome, message = Outcome.FAILED, ""  # its text holds values of the hidden inputs
    elif isinstance(error, GraderError) and not isinstance(error, AuthoringError):
        outcome, message = Outcome.DEFERRED, str(error)
    else:
        outcome, message = Outcome.DEFERRED, f"{BROKEN}: {collecting.one_line(error)}"
    message = in_short_rows(message)
    hint = "" if outcome is Outcome.PASSED else fitting(check.hint, message)
    return CheckResult(check.name, check.question, outcome, check.max_points, message, hint, round(wall_s, 4))
