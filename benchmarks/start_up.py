"""What it costs before anything is graded: the command line, and a pool that is up.

    python -m benchmarks.start_up [--quick] [--rounds 7] [--lanes zygote,strict,process]

Commands run one after the other, a bare Python among them, in the course folder of a synthetic semester (four
assignments, 100 students); figures are medians over the rounds. A pool is up when every worker has said so: tests
collected, sandbox proved.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import cohort, processor
from benchmarks.grading_cost import KINDS, specs
from examples.semester import folder as folder_of_semester
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import PACKAGE

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "grader --help": ["-m", "grader.cli", "--help"],
    "grader marks": ["-m", "grader.cli", "marks"],
    "grader grade --help": ["-m", "grader.cli", "grade", "--help"],
}

STUDENTS = 100


def run(arguments: list[str], course: Path) -> tuple[float, float]:
    """Processor and wall seconds of one command."""
    started = time.monotonic()
    environment = {**os.environ, "GRADER_COURSE": str(course), "PYTHONPATH": str(PACKAGE.parent)}
    process = subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    said = process.stderr.read().decode()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):  # 1: done, and something needs a person
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}: {said}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - started


@contextmanager
def semester() -> Iterator[Path]:
    """A semester's course folder: a roster, marks of exams, and a record of attempts at four assignments."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        folder_of_semester.make(Path(folder) / "course", STUDENTS, seed=7)
        yield Path(folder) / "course"


def commands(rounds: int) -> str:
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    with semester() as course:
        for _ in range(rounds):
            for name, arguments in COMMANDS.items():
                took[name].append(run(arguments, course))
    lines = [f"{'':24}{'CPU s':>8}{'wall s':>8}"]
    for name, pairs in took.items():
        cpu_s, wall_s = map(statistics.median, zip(*pairs, strict=True))
        lines.append(f"{name:24}{cpu_s:8.3f}{wall_s:8.3f}")
    return "\n".join(lines)


def pools(lanes: dict[str, PoolSpec], rounds: int, quick: bool) -> str:
    """How long a pool of one worker takes to be up, one lane after the other, again and again."""
    lines = [f"{'pool up':24}{'CPU s':>8}{'wall s':>8}"]
    took: dict[str, list[dict[str, float]]] = {name: [] for name in lanes}
    with cohort.cohort(quick) as of:
        docker = any(spec.kind == "docker" for spec in lanes.values())
        containers = processor.Containers(of.paths.root / "containers.txt") if docker else None
        for _ in range(rounds):
            for name, spec in lanes.items():
                meter = processor.Meter(containers if spec.kind == "docker" else None)
                meter.start()
                with Pool(of.paths, cohort.ASSIGNMENT, spec):
                    took[name].append(meter.stop())
    for name, rows in took.items():
        cpu_s, wall_s = (statistics.median(row[key] for row in rows) for key in ("cpu_s", "wall_s"))
        lines.append(f"{name:24}{cpu_s:8.3f}{wall_s:8.3f}")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one round")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--lanes", default=",".join(KINDS))
    options.add_argument("--image", default="grader:latest")
    chosen = options.parse_args()
    rounds = 1 if chosen.quick else chosen.rounds
    print(commands(rounds), flush=True)
    print(pools(specs(chosen.lanes, chosen.image), min(rounds, 3), chosen.quick))


if __name__ == "__main__":
    main()
