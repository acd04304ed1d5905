"""Run a notebook's cells in order in one namespace, as a kernel would; one that raises is reported, the next runs."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from grader.candidate import faults
from grader.candidate.absent import Absent
from grader.candidate.charge import Used, queued_s
from grader.candidate.session import Session

SHORT_S = 0.5  # so much is charged as it took: looking up what was waited for would cost more than most cells
MAX_LEFT_OUT = 10  # files that could not be written, of which the student is told


def fresh_namespace() -> types.ModuleType:
    """A new `__main__`, so that dataclasses, pickling and `inspect` work as in a notebook.

    Its program has no options: those of the zygote are not for the notebook's `argparse`.
    """
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = ["ipykernel_launcher.py"]
    return module


class TimeLimit(BaseException):
    """A cell took too long. No Exception, so that a loop that catches those ends too."""


def run_cells(
    module: types.ModuleType,
    cells: Sequence[tuple[int, str]],
    budget_s: float,
    written: Sequence[tuple[str, bytes]] = (),
) -> list[dict[str, Any]]:
    """Run (number, code) cells; return what was raised, each with the number of its cell.

    A statement that fails because a module is not there is reported with `skipped`, and its cell goes on behind it.
    A cell gets half of the time that is left, so that one that never ends does not cost what comes after it.
    written: files that `%%writefile` cells write, which lie there from the start
    budget_s: for all cells, in seconds as they are charged
    """
    session = Session(module, written)
    spent_s = stopwatch()
    for number, code in cells:
        try:
            with _interrupted_after((budget_s - spent_s()) / 2, spent_s):
                session.run(number, code)
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt end a cell, not the notebook
            session.raised.append({"cell": number, **faults.describe(error)})
    session.end()
    return session.raised


def stopwatch() -> Callable[[], float]:
    """How much has been charged since now. Of this process with its threads: what a child computes is waited for."""
    cpu_s, wall_s = time.process_time, time.monotonic  # as they are before the first cell
    begun = Used(cpu_s(), wall_s(), queued_s())

    def spent_s() -> float:
        taken_s = wall_s() - begun.wall_s
        return taken_s if taken_s < SHORT_S else Used(cpu_s(), wall_s(), queued_s()).since(begun).charged_s

    return spent_s


@contextlib.contextmanager
def _interrupted_after(seconds: float, spent_s: Callable[[], float]) -> Iterator[None]:
    already_s = spent_s()

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        if spent_s() - already_s >= seconds:
            raise TimeLimit(f"it did not end within {seconds:.2g} s; a cell that begins with '# experiment' is not run")

    signal.signal(signal.SIGALRM, interrupt)
    # no charge is above the time on the wall, so the first look is then; and again, should it go on or be caught
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.01), 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def write_files(files: Sequence[tuple[str, bytes]], mode: int = 0o444) -> list[dict[str, Any]]:
    """Put files beside the notebook, read-only: what was released, then what the student handed in with it.

    Of files with one name the first counts. Returns what could not be written, in the form of `run_cells`, as cell 0.
    """
    raised = []
    for name, content in files:
        try:
            if name.startswith("/") or ".." in name.split("/"):
                raise ValueError(f"{name} does not lie beside the notebook")
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            with open(name, "xb") as file:
                file.write(content)
            os.chmod(name, mode)
        except (OSError, ValueError) as error:
            if not (isinstance(error, FileExistsError) and os.path.isfile(name)):
                raised.append({"cell": 0, **faults.describe(error)})
    if "" not in sys.path:
        sys.path.insert(0, "")
    return raised[:MAX_LEFT_OUT]


def write_notebook() -> None:
    """Let the folder hold a notebook, as it does where students work: `!ls` shows something."""
    with contextlib.suppress(OSError), open("notebook.ipynb", "x", encoding="utf-8") as file:
        file.write('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')


def public_names(module: types.ModuleType, most: int = 2000) -> list[str]:
    """Names the notebook defined, for finding the nearest one to a missing name."""
    return [
        name
        for name, value in vars(module).items()
        if type(name) is str and not name.startswith("_") and type(value) is not Absent
    ][:most]
