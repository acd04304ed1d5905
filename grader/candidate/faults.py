"""What student code raised, as plain values: type, message and the student's own frames."""

from __future__ import annotations

import linecache
import types
from typing import Any

MAX_MESSAGE = 1000
MAX_FRAMES = 12
OWN_FILES = ("<cell", "/job/")  # cells, and modules that were handed in
PROBE = "<probe>"


class MissingName(Exception):
    """The notebook does not define a name that a question asks for."""


class NotPrepared(Exception):
    """The sandbox could not be made ready for a notebook: no GPU where there should be one, for instance."""


class ForbiddenOperator(Exception):
    """The question rules out an operator that was executed."""


def remember_source(filename: str, source: str) -> None:
    """Let tracebacks and `inspect.getsource` find the lines of code that is in no file."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)


def describe(error: BaseException) -> dict[str, Any]:
    """Describe an exception without calling more of the student's code than its `__str__`."""
    return {
        "type": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__[:20]],
        "message": _text(error)[:MAX_MESSAGE],
        "frames": _frames(error),
    }


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - the student's own __str__ may raise anything
        return "(its message cannot be read)"


def _frames(error: BaseException) -> list[tuple[str, int, str, str]]:
    """(where, line, function, source line) of each frame in the student's code, outermost first."""
    if isinstance(error, SyntaxError):
        return [(str(error.filename).strip("<>"), error.lineno or 0, "", (error.text or "").strip()[:200])]
    found = []
    trace: types.TracebackType | None = error.__traceback__
    while trace is not None:
        frame, line, place = trace.tb_frame, trace.tb_lineno, trace.tb_lasti
        trace = trace.tb_next
        name = frame.f_code.co_filename
        if name == PROBE:
            found.append((PROBE.strip("<>"), place, frame.f_code.co_name[:80], ""))  # its lines are not here
        elif name.startswith(OWN_FILES):
            source = linecache.getline(name, line).strip()[:200]
            found.append((name.strip("<>").removeprefix("/job/"), line, frame.f_code.co_name[:80], source))
    return found[-MAX_FRAMES:]
