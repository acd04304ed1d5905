"""What `otter run` costs for the public checks of assignment 1, as a peer to compare with.

    python -m benchmarks.otter_cost [--quick] [--rounds 5] [--otter PATH]

Otter runs the notebook and the checks in one Jupyter kernel, without a container. It needs ipykernel beside it, which
this project does not use: give --otter of an environment that has both (pip install otter-grader ipykernel and what the
notebook imports). The checks are the public ones, fewer and lighter than the hidden ones of `benchmarks.grading_cost`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import cohort


def run(command: list[str], folder: Path) -> tuple[float, float]:
    """Processor seconds, those of the kernel too, and wall seconds. Raises SystemExit with what it said."""
    environment = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            said = output.read().decode(errors="replace").strip().splitlines()
            raise SystemExit(f"otter cannot run here: {said[-1] if said else process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - started


def measure(otter: str, rounds: int) -> str:
    with cohort.cohort(quick=False) as of:
        folder = of.paths.root / "otter"
        (folder / "out").mkdir(parents=True)
        (submission,) = of.copies(0, 1)
        (folder / submission.filename).write_bytes(submission.content)
        tests = str(of.paths.assignment(cohort.ASSIGNMENT) / "tests")
        run([otter, "generate", "-t", tests, "-o", "checks.zip", "--no-environment"], folder)
        command = [otter, "run", "-a", "checks.zip", "-o", "out", submission.filename]
        took = [run(command, folder) for _ in range(rounds)]
        failed = (folder / "out" / "results.json").read_text().count("failed!")
    if failed:
        raise SystemExit(f"{failed} public checks fail; the figure would mean nothing")
    cpu_s, wall_s = map(statistics.median, zip(*took, strict=True))
    return f"otter run, public checks: {cpu_s:.2f} CPU s, {wall_s:.2f} s wall (median of {rounds})"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one round")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--otter", default=str(Path(sys.executable).parent / "otter"))
    chosen = options.parse_args()
    try:
        print(measure(chosen.otter, 1 if chosen.quick else chosen.rounds))
    except SystemExit as reason:
        print(reason)


if __name__ == "__main__":
    main()
