"""What a command's exit code says, which error means which, and how a command ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

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


def exit_code(command: Callable[[], int]) -> int:
    """Run a command and return its exit code; a GraderError, and a file that cannot be used, is one line."""
    try:
        code = command()
        sys.stdout.flush()  # here, where somebody hears of a reader that went away
        return code
    except GraderError as error:
        print(f"grader: {error}", file=sys.stderr)
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    except KeyboardInterrupt:
        print("grader: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `grader marks | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still to be flushed at the exit
        return DONE
    except OSError as error:
        if error.filename is None:
            raise
        print(f"grader: cannot read or write {os.fsdecode(error.filename)}: {error.strerror}", file=sys.stderr)
        return USAGE
