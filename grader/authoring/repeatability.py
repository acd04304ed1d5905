"""Whether a hidden test judges the same answers alike, whenever and wherever it does.

What the reference answered is judged again from its transcript, in another process: question by question, the last
check first (those that share a fixture stay in order), with another order of sets, clock, environment and folder. No
student code runs. A check that asks something else then, or says something else, is a finding; what it depends on is
found by changing one of these at a time (see `another_process`).
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace

from grader.errors import AuthoringError, MachineryError
from grader.examination.examiner import NEVER_ASKED
from grader.examination.task import Examined, Task
from grader.paths import PACKAGE, Paths
from grader.schema import CheckResult, Outcome

LIMIT_S = 1800.0
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "VIRTUAL_ENV", "CUDA_VISIBLE_DEVICES", "PYTHONWARNINGS")
KEPT_SETTINGS = ("OPENBLAS_", "MKL_", "OMP_", "BLIS_", "NVPL_", "ONEDNN_", "DNNL_", "ATEN_", "NPY_")  # how they round


@dataclass(frozen=True)
class Conditions:
    """How one judgement differs from an ordinary one."""

    hash_seed: int = 1
    clock_s: float = 0.0  # the clock is put forward
    elsewhere: bool = False  # another environment and working folder


ALL_CHANGED = (
    Conditions(2, 40_000_003.0, elsewhere=True),
    Conditions(3, 90_000_005.0, elsewhere=True),
)
ORDER_OF_A_SET = "it depends on the order of a set, or on hash(); sort it"
LEFT_BEHIND = "it depends on what tests before it left behind"
CAUSES = (
    (Conditions(), "it draws without a seed, or uses an id() or a uuid; draw from the rng fixture"),
    (Conditions(hash_seed=2), ORDER_OF_A_SET),
    (Conditions(clock_s=40_000_003.0), "it depends on the clock"),
    (Conditions(elsewhere=True), "it depends on the environment or on the working folder"),
    *((Conditions(hash_seed=seed), ORDER_OF_A_SET) for seed in range(3, 7)),  # two elements often come in one order
)  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """What a check asked (a digest of all of it), how it ended and what it said."""

    asked: bytes
    outcome: Outcome
    message: str


@dataclass(frozen=True)
class Order:
    """What another process is to judge, each task in a fork of its own."""

    paths: Paths
    tasks: tuple[Task, ...]
    conditions: Conditions
    workers: int


def judgements(examined: Examined) -> dict[str, Judgement]:
    """By check."""
    return {result.name: _judgement(result, examined) for result in examined.results}


def _judgement(result: CheckResult, examined: Examined) -> Judgement:
    return Judgement(examined.asked.get(result.name, b""), result.outcome, result.message)


def unrepeatable(
    paths: Paths, task: Task, examined: Examined, workers: int = 1, times: int | None = None
) -> Iterator[tuple[str, str]]:
    """(check, what it depends on) for every check that judges the reference's answers otherwise the next time.

    times: how often they are judged again, None: once for each of ALL_CHANGED; a set of two elements keeps its order
    every other time
    Raises MachineryError if the other process fails.
    """
    first = {check: said for check, said in judgements(examined).items() if said.outcome is not Outcome.DEFERRED}
    differs: dict[str, Judgement] = {}
    try:
        for conditions in ALL_CHANGED[:times]:
            again = _judged(Order(paths, _tasks(task, examined, set(first)), conditions, workers))
            differs |= {check: again[check] for check in first if again[check] != first[check] and check not in differs}
        alone = _tasks(task, examined, set(differs), alone=True)
        causes = _causes(Order(paths, alone, Conditions(), workers)) if differs else {}
    except AuthoringError as error:
        yield "the hidden tests", f"cannot be collected in another environment or folder: {error}"
        return
    for check, said in differs.items():
        yield check, f"{_symptom(first[check], said)}: {causes.get(check, LEFT_BEHIND)}"


def _tasks(task: Task, examined: Examined, checks: set[str], alone: bool = False) -> tuple[Task, ...]:
    """Replays of these checks: question by question, the last check first, or each by itself."""
    replay = replace(task, replay=True, explain=False, note_margins=False)
    found = []
    for question, transcript in examined.transcripts.items():
        names = [row.name for row in examined.results if row.question == question and row.name in checks]
        for chosen in [(name,) for name in names] if alone else [tuple(reversed(names))]:
            found.append(replace(replay, questions=(question,), evidence=(transcript,), checks=chosen))
    return tuple(task for task in found if task.checks)


def _symptom(first: Judgement, second: Judgement) -> str:
    if second.outcome is Outcome.DEFERRED and NEVER_ASKED not in second.message:
        return f"judges once and fails by itself once ({second.message})"
    if first.asked != second.asked:
        return "asks other inputs when the same answers are judged again"
    if first.outcome.earns != second.outcome.earns:
        return f"passes once and fails once ({second.message or first.message or 'without a word'})"
    return f"says something else when the same answers are judged again ({first.message!r}, then {second.message!r})"


def _causes(order: Order) -> dict[str, str]:
    """What has to change for a check, by itself, to judge otherwise: the first of CAUSES that is enough."""
    usual = _judged(order)
    found: dict[str, str] = {}
    for conditions, says in CAUSES:
        left = tuple(task for task in order.tasks if not found.keys() & set(task.checks))
        if left:
            again = _judged(replace(order, tasks=left, conditions=conditions))
            found |= {check: says for check, said in again.items() if said != usual[check]}
    return found


def _judged(order: Order) -> dict[str, Judgement]:
    """Have another process judge. Raises AuthoringError where it cannot collect the tests, MachineryError otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "grader.authoring.another_process"],
            input=pickle.dumps(order),
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
            cwd=folder if order.conditions.elsewhere else None,
            env=_environment(order.conditions, folder),
        )
    try:
        said: dict[str, Judgement] | str = pickle.loads(done.stdout)  # noqa: S301 - from our own program
    except (EOFError, pickle.UnpicklingError):
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise MachineryError(f"the process that judges again ended: {last[0]}") from None
    if isinstance(said, str):
        raise AuthoringError(said)
    return said


def _environment(conditions: Conditions, folder: str) -> dict[str, str]:
    variables = dict(os.environ)
    if conditions.elsewhere:
        variables = {
            name: value for name, value in variables.items() if name in KEPT_VARIABLES or name.startswith(KEPT_SETTINGS)
        }
        variables |= {"HOME": folder, "USER": "somebody", "LOGNAME": "somebody"}
        variables |= {} if "CI" in os.environ else {"CI": "true"}  # what many programs look at
    search = [str(PACKAGE.parent), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    variables["PYTHONPATH"] = os.pathsep.join(os.path.abspath(part) for part in search)
    return variables | {"PYTHONHASHSEED": str(conditions.hash_seed)}
