"""What one submission costs in each sandbox, against the floor: the same cells and tests in a bare fork.

    python -m benchmarks.grading_cost [--quick] [--rounds 5] [--each 3] [--lanes zygote,strict,process]

Every round grades `--each` copies of the solution of assignment 1 in every lane, one lane after the other, and a
figure is the median over the rounds; the ratio is taken within a round. Processor seconds are those of everything on
our side: the coordinating process with its record, worker, examining forks, containers. The engine's are a column of
their own, because it may work for others too. `benchmarks.floor` says what the floor leaves out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from benchmarks import cohort, memory, processor
from grader.execution.host import ONE_THREAD
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.schema import Submission

Figures = dict[str, float]
KINDS = {"zygote": ("docker", "zygote"), "strict": ("docker", "strict"), "process": ("process", "zygote")}
FLOORS = {"floor": "numpy", "floor, torch": "numpy,torch"}
SETTLE_S = 2.0  # `strict` warms the next container up while a submission is examined, and after it


class Lane(Protocol):
    """One way of examining submissions."""

    def measure(self, submissions: list[Submission]) -> Figures:
        """Seconds for each submission (cpu_s, engine_s, wall_s) and its peak_mib."""

    def close(self) -> None:
        """End what was started."""


class Floor:
    """A process that forks for every notebook and calls the tests in the fork."""

    def __init__(self, of: cohort.Cohort, modules: str) -> None:
        self.folder = of.paths.root / "floor"
        self.folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "benchmarks.floor", str(of.paths.root), cohort.ASSIGNMENT, modules]
        self.process = subprocess.Popen(
            [*command, ",".join(of.questions)],
            env={**os.environ, **ONE_THREAD},  # as the lanes have it
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.tests = self._line()["tests"]

    def _line(self) -> Figures:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the floor ended by itself")
        return json.loads(line)

    def measure(self, submissions: list[Submission]) -> Figures:
        rows = [self._one(submission) for submission in submissions]
        found = {name: statistics.fmean(row[name] for row in rows) for name in ("cpu_s", "wall_s", "peak_mib")}
        return {**found, "engine_s": 0.0}

    def _one(self, submission: Submission) -> Figures:
        assert self.process.stdin is not None
        path = self.folder / f"{submission.student}.ipynb"
        path.write_bytes(submission.content)
        print(path, file=self.process.stdin, flush=True)
        row = self._line()
        if row["passed"] != self.tests:
            raise SystemExit(f"the floor passes {row['passed']:.0f} of {self.tests:.0f} tests")
        return row

    def close(self) -> None:
        self.process.communicate()


class Graded:
    """A pool with one worker, and a record."""

    def __init__(self, of: cohort.Cohort, name: str, spec: PoolSpec, containers: processor.Containers | None) -> None:
        self.meter = processor.Meter(containers if spec.kind == "docker" else None)
        self.settle_s = SETTLE_S if spec.level == "strict" else 0.0
        self.grading = cohort.Grading(of, Pool(of.paths, cohort.ASSIGNMENT, spec), name)

    def measure(self, submissions: list[Submission]) -> Figures:
        time.sleep(self.settle_s)
        self.meter.start()
        started = time.monotonic()
        rows = self.grading.grade(submissions)
        wall_s = time.monotonic() - started
        time.sleep(self.settle_s)
        used = self.meter.stop() | {"wall_s": wall_s}
        peak_mib = statistics.fmean(row.attempt.usage.peak_mib for row in rows)
        return {name: spent / len(rows) for name, spent in used.items()} | {"peak_mib": peak_mib}

    def close(self) -> None:
        self.grading.close()


def specs(lanes: str, image: str) -> dict[str, PoolSpec]:
    """What each lane's pool runs in; raises SystemExit for a lane that there is not."""
    unknown = set(lanes.split(",")) - set(KINDS)
    if unknown:
        raise SystemExit(f"no lane {unknown.pop()!r}; there is: {', '.join(KINDS)}")
    return {name: PoolSpec(*KINDS[name], image=image) for name in lanes.split(",")}


@contextlib.contextmanager
def open_lanes(of: cohort.Cohort, floors: Sequence[str], specs: dict[str, PoolSpec]) -> Iterator[dict[str, Lane]]:
    docker = any(spec.kind == "docker" for spec in specs.values())
    containers = processor.Containers(of.paths.root / "containers.txt") if docker else None
    lanes: dict[str, Lane] = {}
    with contextlib.ExitStack() as stack:  # the last first: a pool holds copies of the pipes of those before it
        for name in floors:
            lanes[name] = stack.enter_context(contextlib.closing(Floor(of, FLOORS[name])))
        for name, spec in specs.items():
            lanes[name] = stack.enter_context(contextlib.closing(Graded(of, name, spec, containers)))
        yield lanes


def compare(
    of: cohort.Cohort, floors: Sequence[str], specs: dict[str, PoolSpec], rounds: int, each: int
) -> dict[str, list[Figures]]:
    with open_lanes(of, floors, specs) as lanes:
        return rounds_of(of, lanes, rounds, each)


def rounds_of(of: cohort.Cohort, lanes: Mapping[str, Lane], rounds: int, each: int) -> dict[str, list[Figures]]:
    """Figures of every round, by lane; a first round of one submission is thrown away."""
    found: dict[str, list[Figures]] = {name: [] for name in lanes}
    number = 0
    for turn in range(rounds + 1):
        for name, lane in lanes.items():
            count = each if turn else 1
            figures = lane.measure(of.copies(number, count))
            number += count
            if turn:
                found[name].append(figures)
    return found


def median(rows: Iterable[Figures], key: str) -> float:
    return statistics.median(row[key] for row in rows)


def table(found: dict[str, list[Figures]]) -> str:
    lines = [f"{'':14}{'cpu s':>8}{'x floor':>9}{'(min-max)':>13}{'engine s':>10}{'wall s':>9}{'peak MiB':>10}"]
    floor = [figures["cpu_s"] for figures in found["floor"]]
    for name, rows in found.items():
        ratios = [row["cpu_s"] / under for row, under in zip(rows, floor, strict=True)]
        cpu_s, engine_s, wall_s, peak_mib = (median(rows, key) for key in ("cpu_s", "engine_s", "wall_s", "peak_mib"))
        spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
        lines.append(
            f"{name:14}{cpu_s:8.3f}{statistics.median(ratios):9.2f}{spread:>13}{engine_s:10.3f}{wall_s:9.3f}{peak_mib:10.1f}"
        )
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="two questions, one round: that it works, no figures")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--each", type=int, default=3, help="submissions of a lane in a round")
    options.add_argument("--lanes", default=",".join(KINDS))
    options.add_argument("--image", default="grader:latest")
    chosen = options.parse_args()
    rounds, each = (1, 1) if chosen.quick else (chosen.rounds, chosen.each)
    floors = ["floor"] if chosen.quick else list(FLOORS)
    with cohort.cohort(chosen.quick) as of:
        print(table(compare(of, floors, specs(chosen.lanes, chosen.image), rounds, each)), flush=True)
        print(memory.table(of, with_torch=not chosen.quick))


if __name__ == "__main__":
    main()
