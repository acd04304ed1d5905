"""What student code raised, as plain values: type, message and the student's own frames."""

from __future__ import annotations

import linecache
import types
from typing import Any

MAX_MESSAGE = 1000
MAX_FRAMES = 12
MAX_NAME = 200
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
    """Describe an exception without calling more of the student's code than its `__str__`. Raises nothing."""
    try:
        return {
            "type": _name(type(error)),
            "bases": [_name(base) for base in _MRO(type(error))[:20]],
            "message": str.__getitem__(_text(error), slice(MAX_MESSAGE)),
            "frames": _frames(error),
        }
    except BaseException:  # noqa: BLE001 - one that was made to be no tree may raise anything
        return {"type": "Exception", "bases": [], "message": "(it cannot be described)", "frames": []}


# what Python itself knows of a class and an exception, past all that either says of itself
_NAME = type.__dict__["__name__"].__get__
_MRO = type.__dict__["__mro__"].__get__
_TRACEBACK = BaseException.__dict__["__traceback__"].__get__


def _name(kind: type) -> str:
    return str(_NAME(kind))[:MAX_NAME]


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - the student's own __str__ may raise anything
        return "(its message cannot be read)"


def _frames(error: BaseException) -> list[tuple[str, int, str, str]]:
    """(where, line, function, source line) of each frame in the student's code, outermost first."""
    if issubclass(type(error), SyntaxError):
        return [_place(*(SyntaxError.__dict__[name].__get__(error) for name in ("filename", "lineno", "text")))]
    found = []
    trace: types.TracebackType | None = _TRACEBACK(error)
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


def _place(filename: object, line: object, text: object) -> tuple[str, int, str, str]:
    """Where a cell is no Python; of whatever form the student's code has made of it, what can be told."""
    where = filename.strip("<>")[:MAX_NAME] if type(filename) is str else ""
    return where, line if type(line) is int else 0, "", text.strip()[:200] if type(text) is str else ""
