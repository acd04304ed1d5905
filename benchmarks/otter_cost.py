"""What a submission costs `otter run` and what it costs here: a peer, side by side.

    python -m benchmarks.otter_cost [--quick] [--rounds 5] [--question q1] [--lanes process,zygote] [--otter PATH]

The same notebook of assignment 1, the reference's. Otter-Grader runs its cells and the public checks of one question in
a Jupyter kernel without a container; this project its cells and the hidden tests of that question in the sandbox. A
cheap question such as q1 shows what it costs to grade anything at all. Otter needs ipykernel, which this project does
not use: give --otter of an environment with both (pip install otter-grader ipykernel and what the notebook imports).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import cohort, grading_cost
from benchmarks.grading_cost import Figures
from grader.schema import Submission


class Otter:
    """A lane of `benchmarks.grading_cost`: one `otter run` after the other."""

    def __init__(self, of: cohort.Cohort, otter: str) -> None:
        self.otter = otter
        self.folder = of.paths.root / "otter"
        checks = self.folder / "checks"
        checks.mkdir(parents=True)
        for question in of.questions:
            shutil.copy(of.paths.assignment(cohort.ASSIGNMENT) / "tests" / f"{question}.py", checks)
        self._run("generate", "-t", "checks", "-o", "checks.zip", "--no-environment")

    def measure(self, submissions: list[Submission]) -> Figures:
        cpu_s = wall_s = 0.0
        for submission in submissions:
            (self.folder / submission.filename).write_bytes(submission.content)
            took = self._run("run", "-a", "checks.zip", "-o", ".", submission.filename)
            cpu_s, wall_s = cpu_s + took[0], wall_s + took[1]
            if "failed!" in (self.folder / "results.json").read_text():
                raise SystemExit("a public check fails; the figure would mean nothing")
        return {"cpu_s": cpu_s / len(submissions), "wall_s": wall_s / len(submissions), "engine_s": 0.0}

    def _run(self, *arguments: str) -> tuple[float, float]:
        """Processor seconds, those of the kernel too, and wall seconds. Raises SystemExit with what it said."""
        beside = f"{Path(self.otter).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        started = time.monotonic()
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [self.otter, *arguments],
                cwd=self.folder,
                env={**os.environ, "PATH": beside},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                output.seek(0)
                said = output.read().decode(errors="replace").strip().splitlines()
                raise SystemExit(f"otter cannot run here: {said[-1] if said else process.returncode}")
        return usage.ru_utime + usage.ru_stime, time.monotonic() - started

    def close(self) -> None:
        return None


def table(found: dict[str, list[Figures]]) -> str:
    """Medians of every lane, and what Otter takes of each as a multiple."""
    lines = [f"{'':12}{'cpu s':>8}{'wall s':>9}{'otter takes':>13}"]
    peer = [figures["cpu_s"] for figures in found["otter run"]]
    for name, rows in found.items():
        cpu_s, wall_s = (grading_cost.median(rows, key) for key in ("cpu_s", "wall_s"))
        times = statistics.median(under / row["cpu_s"] for row, under in zip(rows, peer, strict=True))
        lines.append(f"{name:12}{cpu_s:8.3f}{wall_s:9.3f}{times:10.1f} x")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one round, one submission")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--each", type=int, default=5, help="submissions of a lane in a round")
    options.add_argument("--question", default="q1")
    options.add_argument("--lanes", default="process,zygote")
    options.add_argument("--otter", default=str(Path(sys.executable).parent / "otter"))
    chosen = options.parse_args()
    rounds, each = (1, 1) if chosen.quick else (chosen.rounds, chosen.each)
    with cohort.cohort(quick=False) as whole:
        of = replace(whole, questions=(chosen.question,))
        specs = grading_cost.specs(chosen.lanes, "grader:latest")
        with grading_cost.open_lanes(of, (), specs) as lanes:
            print(table(grading_cost.rounds_of(of, {"otter run": Otter(of, chosen.otter), **lanes}, rounds, each)))


if __name__ == "__main__":
    main()
