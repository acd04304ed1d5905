"""The program that judges a transcript again under other conditions (`python -m grader.authoring.another_process`).

An Order comes in on standard input; out goes what every check said, or, as a text, why the tests cannot be collected.
What a hidden test may take from outside is changed before anything of it is imported.
"""

from __future__ import annotations

import builtins
import datetime
import itertools
import os
import pickle
import sys
import time
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.authoring.repeatability import Judgement, Order, judgements
from grader.errors import AuthoringError
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.schema import Outcome

JUMP_S = 3600.0  # between two looks at a stopwatch


def main() -> None:
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own program
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what else is printed is no part of the answer
    try:
        said: dict[str, Judgement] | str = judged(order)
    except AuthoringError as error:
        said = str(error)
    out.write(pickle.dumps(said))
    out.close()


def judged(order: Order) -> dict[str, Judgement]:
    """What every check of the order says under its conditions. Raises AuthoringError."""
    if order.conditions.clock_s:
        put_clock_forward(order.conditions.clock_s)
    found: dict[str, Judgement] = {}
    assignment_id = order.tasks[0].submission.assignment
    with Pool(order.paths, assignment_id, PoolSpec("none", gpus=(None,) * order.workers)) as pool:
        for task, examined in pool.run(iter(order.tasks)):
            found |= judgements(examined)
            lost = Judgement(b"", Outcome.DEFERRED, examined.fault or "there is no test of this name then")
            found = dict.fromkeys(task.checks, lost) | found
    return found


def put_clock_forward(by_s: float) -> None:
    """Let the clock be ahead, and a stopwatch jump with every look at it; deadlines (`time.monotonic`) stay true."""
    now, local, utc = time.time, time.localtime, time.gmtime
    looks = itertools.count()
    time.time = lambda: now() + by_s
    time.time_ns = lambda: int(time.time() * 1e9)
    time.localtime = lambda seconds=None: local(time.time() if seconds is None else seconds)
    time.gmtime = lambda seconds=None: utc(time.time() if seconds is None else seconds)
    time.perf_counter = lambda: JUMP_S * next(looks)
    time.process_time = time.perf_counter
    time.perf_counter_ns = time.process_time_ns = lambda: int(time.perf_counter() * 1e9)

    class Ahead(datetime.datetime):
        """Asks time.time, as datetime.date.today does by itself."""

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Ahead:
            return cls.fromtimestamp(time.time(), tz)

        @classmethod
        def utcnow(cls) -> Ahead:
            return cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)

    shown = types.ModuleType("datetime")
    vars(shown).update(vars(datetime), datetime=Ahead)
    _show_to_hidden_tests(shown)


def _show_to_hidden_tests(module: types.ModuleType) -> None:
    """Let hidden tests import this for the module of its name; compiled libraries rely on the true one."""
    real = builtins.__import__

    def importing(name: str, globals: Mapping[str, Any] | None = None, *others: Any, **named: Any) -> types.ModuleType:
        asks = Path((globals or {}).get("__file__") or "")
        if name == module.__name__ and "hidden" in asks.parts:
            return module
        return real(name, globals, *others, **named)

    builtins.__import__ = importing  # type: ignore[assignment]


if __name__ == "__main__":
    main()
