"""Whose fault it is that a hidden test failed by itself.

The test's own, if the reference makes it fail too with the same inputs; else that of the answers it was given.

An answer that a hidden test cannot calculate with (weights that are all zero, None for a method, codes of 27000
dimensions) is a wrong answer, and the class goes on; what the test should have looked at first is for its author. The
reference runs in a fork of this process, with limits of its own; nothing of a student's runs there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from grader import wire
from grader.errors import AuthoringError
from grader.examination import own_limits
from grader.examination.channel import Channel
from grader.examination.misconceptions import read_until
from grader.examination.own_limits import TakesTooLong
from grader.examination.reference import ReferenceSandbox
from grader.examination.transcript import Transcript
from grader.schema import BROKEN, UNJUDGED, CheckResult, Outcome
from grader.submission.notebook import Notebook

if TYPE_CHECKING:
    import pytest

    from grader.examination.pytest_plugin import Examination, Hidden

WHY: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (TakesTooLong, "takes too long"),
    (MemoryError, "takes too much memory"),
    (ZeroDivisionError, "divides by zero"),
    ((OverflowError, FloatingPointError), "leaves the range of numbers"),
    ((IndexError, KeyError), "looks for an entry that is not there"),
    ((TypeError, AttributeError), "meets a value of another kind than was asked for"),
    (ValueError, "meets a shape, a length or a value that does not fit"),
    (AuthoringError, "leads to what cannot be compared or sent"),
)  # fmt: skip
MOST_NAMES = 3


def settle(hidden: Hidden, items: list[pytest.Item], examination: Examination) -> dict[str, str]:
    """Find out for every check whose test failed by itself; what the answers did becomes their failure.

    Returns what went wrong where in those tests, by check: for their author. The others stay deferred.
    """
    broken = [result.name for result in examination.results.values() if result.message.startswith(BROKEN)]
    asked = [item for item in items if item.name in broken and item.name not in hidden.broken]
    passed = _passed_by_the_reference(hidden, asked, examination.channel.device, examination.seed) if asked else set()
    flaws = {}
    for name in broken:
        result = examination.results[name]
        if name in passed:
            flaws[name] = result.message.removeprefix(f"{BROKEN}: ")
            examination.results[name] = replace(result, outcome=Outcome.FAILED, message=_words(result, examination))
        else:
            hidden.broken.add(name)
    return flaws


def _words(result: CheckResult, examination: Examination) -> str:
    """What the student reads: whose answers, and what calculating with them leads to; nothing of the hidden test."""
    error = examination.crashes.get(result.name)
    why = next((says for kind, says in WHY if isinstance(error, kind)), "fails")
    if error is not None and "can't allocate memory" in str(error):  # torch's own
        why = "takes too much memory"
    names = _called(examination.channel, result.name)
    if not names:
        names = examination.channel.assignment.question(result.question).names
    shown = f"{', '.join(names[:MOST_NAMES])}{' and others' if len(names) > MOST_NAMES else ''}"
    return f"{UNJUDGED}: calculating with what {shown or 'your code'} answered {why}"


def _called(channel: Channel, check: str) -> tuple[str, ...]:
    """The names of the notebook that were called or looked up in a check."""
    asked = [wire.decode(request) for _, request, _ in channel.asked.get(check, ())]
    found = [each.get("target") if each["op"] == "call" else each.get("name") for each in asked if each["op"] in _NAMED]
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str)))


_NAMED = ("call", "name")


# ------------------------------------------------------------------------------------------------ the reference


def _passed_by_the_reference(hidden: Hidden, items: list[pytest.Item], device: str, seed: str) -> set[str]:
    """The checks that the reference passes with these inputs."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _become_judge(hidden, items, device, seed, writing)
    os.close(writing)
    try:
        said = read_until(reading, time.monotonic() + hidden.assignment.limits.total_s)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return {items[int(number)].name for number in said[: said.rfind(b"\n") + 1].split()}


def _become_judge(hidden: Hidden, items: list[pytest.Item], device: str, seed: str, writing: int) -> NoReturn:
    """Run the checks on the reference and write the numbers of those it passes. Never returns."""
    from _pytest.runner import runtestprotocol

    from grader.examination.pytest_plugin import Examination

    try:
        own_limits.allow_cpu(hidden.assignment.limits.total_s)
        sandbox = ReferenceSandbox(hidden.paths, hidden.assignment)
        channel = Channel(hidden.assignment, Notebook(()), (), lambda: sandbox, Transcript(), device)
        judged = Examination(channel, seed, own_cpu_s=2 * hidden.assignment.limits.total_s)
        hidden.examination = judged
        items[0].session._setupstate.teardown_exact(None)  # what fixtures keep of the student's answers
        for number, item in enumerate(items):
            runtestprotocol(item, log=False, nextitem=items[number + 1] if number + 1 < len(items) else None)
            if judged.results[item.name].outcome.earns:
                os.write(writing, f"{number}\n".encode())
    except BaseException:  # noqa: BLE001 - whatever it is: what is not said to pass is deferred
        pass
    finally:
        os._exit(0)
