"""What a command's exit code says, which error means which, and how a command ends."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from collections.abc import Callable

from grader.errors import AuthoringError, GraderError, MachineryError, SubmissionError, UsageError
from grader.languages.recorded import said
from grader.languages.translating import tr

DONE = 0
NEEDS_A_PERSON = 1  # done, and something wants looking at
USAGE = 2
AUTHORING = 3  # the course, an assignment or a hidden test is wrong
MACHINERY = 4
INTERRUPTED = 130

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # what writing the output may end with

EXIT_CODES: dict[type[GraderError], int] = {
    UsageError: USAGE,
    SubmissionError: USAGE,
    AuthoringError: AUTHORING,
    MachineryError: MACHINERY,
}


def exit_code(command: Callable[[], int]) -> int:
    """Run a command and return its exit code; a GraderError, and a file that cannot be used, is one line."""
    _let_every_name_through()
    try:
        code = command()
        sys.stdout.flush()  # here, where somebody hears of a reader that went away
        return code
    except GraderError as error:
        _say(said(error))
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    except KeyboardInterrupt:
        _say(tr("interrupted"))
        return INTERRUPTED
    except BrokenPipeError:  # `grader marks | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still to be flushed at the exit
        return DONE
    except OSError as error:
        if error.filename is not None:
            file = os.fsdecode(error.filename)
            _say(tr("cannot read or write {file}: {error}", file=file, error=error.strerror))
        elif error.errno in DISK:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left would fail once more at the exit
            _say(tr("the output cannot be written: {error}; it is not whole", error=error.strerror))
        else:
            raise
        return USAGE


def _say(text: str) -> None:
    print(f"grader: {text}", file=sys.stderr)


def _let_every_name_through() -> None:
    """Let nobody's name stop a command: a letter that cannot be shown is an escape; a file in ASCII is one in UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            is_ascii = codecs.lookup(stream.encoding).name == "ascii" and not stream.isatty()
            stream.reconfigure(encoding="utf-8" if is_ascii else stream.encoding, errors="backslashreplace")
