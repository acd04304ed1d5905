"""What a command's exit code says, and which error means which."""

from __future__ import annotations

from grader.errors import AuthoringError, GraderError, MachineryError, SubmissionError, UsageError

DONE = 0
NEEDS_A_PERSON = 1  # done, and something wants looking at
USAGE = 2
AUTHORING = 3  # the course, an assignment or a hidden test is wrong
MACHINERY = 4
INTERRUPTED = 130

EXIT_CODES: dict[type[GraderError], int] = {
    UsageError: USAGE,
    SubmissionError: USAGE,
    AuthoringError: AUTHORING,
    MachineryError: MACHINERY,
}
