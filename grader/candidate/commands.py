"""Shell lines of cells: run by the jail's own /bin/sh, within its limits, for a part of the time that the cell has."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from typing import Any

from grader.candidate import listings

SHELL = "/bin/sh"
WITHOUT_LIMIT_S = 5.0  # in a call, which has a limit outside of here
MAX_OUTPUT_BYTES = 1 << 20
LEFT_OUT = frozenset("pip pip3 conda mamba micromamba uv apt apt-get wget curl git gdown kaggle".split())


class StoppedCommand(Exception):
    """A command did not end within its part of the cell's time."""


class SList(list[str]):
    """What a command printed, as IPython gives it: `.l` lines, `.n` one text, `.s` with blanks, `.grep`, `.fields`."""

    @property
    def l(self) -> list[str]:  # noqa: E743 - IPython's name
        return list(self)

    list = l

    @property
    def n(self) -> str:
        return "\n".join(self)

    nlstr = n

    @property
    def s(self) -> str:
        return " ".join(self)

    spstr = s

    def grep(self, pattern: Any, prune: bool = False, field: int | None = None) -> SList:
        import re

        def matches(line: str) -> bool:
            words = line.split()
            text = line if field is None else words[field] if field < len(words) else ""
            return bool(pattern(text) if callable(pattern) else re.search(pattern, text, re.IGNORECASE))

        return SList(line for line in self if matches(line) != prune)

    def fields(self, *numbers: int) -> Any:
        rows = [line.split() for line in self]
        if not numbers:
            return rows
        return SList(" ".join(row[number] for number in numbers if -len(row) <= number < len(row)) for row in rows)


def run(shell: Any, command: str, program: tuple[str, ...] = (SHELL, "-c"), text: str | None = None) -> tuple[str, int]:
    """Run a command line, or a program with `text` as its input; return what it printed and its exit code.

    One that takes too long is stopped and reported; the cell goes on.
    """
    words = command.split()
    if program[0] == SHELL and text is None and words and words[0] in LEFT_OUT:
        return "", 0
    left_s = signal.getitimer(signal.ITIMER_REAL)[0]
    seconds = left_s / 2 if left_s else WITHOUT_LIMIT_S
    arguments = [*program, command] if text is None else [*program]
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as given:
        given.write((text or "").encode())
        given.seek(0)
        process = subprocess.Popen(  # noqa: S603 - in the jail, where student code may do this itself
            arguments, stdin=given, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True, env=_environment()
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            shown = command if text is None else program[0]
            shell.report(StoppedCommand(f"!{shown[:80]} did not end within {seconds:.2g} s and was stopped"))
            code = -signal.SIGKILL
        finally:
            if process.poll() is None:
                _end(process)
        listings.forget()
        size = printed.seek(0, os.SEEK_END)
        printed.seek(max(0, size - MAX_OUTPUT_BYTES))
        return printed.read().decode("utf-8", "replace"), code


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment() -> dict[str, str]:
    """The notebook's environment, with its own Python first."""
    here = os.path.dirname(sys.executable)
    return {**os.environ, "PATH": f"{here}:{os.environ.get('PATH', '')}"}
