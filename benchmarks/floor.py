"""The floor under the cost of one submission: its cells and the hidden tests in a bare fork, nothing between them.

    python -m benchmarks.floor COURSE ASSIGNMENT numpy[,torch] q4,q5

A process imports the modules, the hidden tests and the reference solution once. For every path it reads on stdin it
forks; the fork runs the notebook's cells and calls every test with a `student` that is the notebook's namespace. No
sandbox, no frames, no deadlines, no transcript, no record, no pytest but for collecting: what any grader has to pay.
Prints one JSON line for each path: cpu_s and wall_s of the fork, its peak_mib, and how many tests passed.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import importlib
import inspect
import json
import os
import random
import resource
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.examination import pytest_plugin
from grader.examination.hosted import Hosted
from grader.examination.reference import load_reference

Fixtures = dict[str, Any]


class DirectStudent:
    """What hidden tests ask of `student`, answered by the objects themselves."""

    def __init__(self, space: dict[str, Any]) -> None:
        self._space = space

    def __getattr__(self, name: str) -> Any:
        return self._space[name]

    def has(self, name: str) -> bool:
        return name in self._space

    def put(self, value: Any) -> Any:
        return copy.deepcopy(value)

    def fetch(self, value: Any) -> Any:
        return self._space[value] if isinstance(value, str) else value

    def rng(self, seed: int) -> np.random.Generator:
        return np.random.default_rng(seed)

    def run(self, probe: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return probe(types.SimpleNamespace(**self._space), *args, **kwargs)

    def pure(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def forbids(self, *operators: str) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def limit(self, call_s: float) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def raises(self, kind: type[BaseException]) -> Iterator[None]:
        with pytest.raises(kind):
            yield


def run_cells(path: Path) -> dict[str, Any]:
    """The namespace that a notebook's cells leave; they hold plain Python and no experiments."""
    space: dict[str, Any] = {"__name__": "__main__"}
    for cell in json.loads(path.read_bytes())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), space)
    return space


def fixture(item: pytest.Function, name: str, made: Fixtures) -> Any:
    """A fixture's value; one that a test file defines is made once, which is what a module's scope means here."""
    if name not in made:
        function = item._fixtureinfo.name2fixturedefs[name][-1].func
        made[name] = function(**{each: fixture(item, each, made) for each in inspect.signature(function).parameters})
    return made[name]


def examine(path: Path, items: list[pytest.Function], reference: types.ModuleType) -> int:
    """How many tests a notebook passes."""
    made: Fixtures = {"student": DirectStudent(run_cells(path)), "reference": reference, "device": "cpu"}
    passed = 0
    for item in items:
        random.seed(0)
        np.random.seed(0)
        made["rng"] = np.random.default_rng(17)
        params = getattr(getattr(item, "callspec", None), "params", {})
        wanted = inspect.signature(item.function).parameters
        try:
            item.function(**{name: params[name] if name in params else fixture(item, name, made) for name in wanted})
        except Exception as error:  # noqa: BLE001 - student code and tests; a floor with failures is reported
            print(f"{item.name}: {type(error).__name__}: {error}", file=sys.stderr)
        else:
            passed += 1
    return passed


def forked(path: Path, items: list[pytest.Function], reference: types.ModuleType) -> dict[str, float]:
    """Examine one notebook in a fork and say what that took."""
    reading, writing = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os.write(writing, str(examine(path, items, reference)).encode())
        os._exit(0)
    os.close(writing)
    passed = int(os.read(reading, 20) or b"-1")
    os.close(reading)
    usage: resource.struct_rusage = os.wait4(child, 0)[2]
    return {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "wall_s": time.monotonic() - started,
        "peak_mib": usage.ru_maxrss / 1024,
        "passed": passed,
    }


class Serving:
    """Takes the place of pytest's loop over the tests: forks for every path on stdin."""

    def __init__(self, questions: list[str]) -> None:
        self.questions = questions

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        hidden = session.config.stash[pytest_plugin.HIDDEN]
        reference = load_reference(hidden.paths, hidden.assignment.id)
        asked = {item.nodeid for item in session.items if hidden.checks[item.nodeid].question in self.questions}
        items = [item for item in session.items if isinstance(item, pytest.Function) and item.nodeid in asked]
        gc.collect()
        gc.freeze()
        print(json.dumps({"tests": len(items)}), flush=True)
        for line in sys.stdin:
            started = time.process_time()
            took = forked(Path(line.strip()), items, reference)
            took["cpu_s"] += time.process_time() - started  # what the fork costs on this side
            print(json.dumps(took), flush=True)
        return True


def main() -> None:
    course, assignment, modules, questions = sys.argv[1:]
    for module in modules.split(","):
        importlib.import_module(module)
    os.environ["GRADER_COURSE"] = course
    folder = str(Path(course) / "assignments" / assignment / "hidden")
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "--capture=no"]
    plugins = [Hosted(), Serving(questions.split(","))]
    sys.exit(pytest.main([folder, f"--rootdir={course}", "-c", os.devnull, *quiet], plugins=plugins))


if __name__ == "__main__":
    main()
