"""How large the record gets, and what judging a class again after a change of one line costs in time and in size.

    python -m benchmarks.record_size [--quick] [--assignment a1_mlp] [--count 51] [--sandbox docker]

Copies of an assignment's solution are graded, and one whose answers are as large as may be and cannot be compressed.
A line is added to the hidden tests of q4, and everybody is judged again. All by the commands, as people run them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.course.config import read_assignment
from grader.course.master import read_master
from grader.paths import PACKAGE, Paths

NOISE = """
# %%
import numpy as np
def {name}(*given, **named):
    return np.frombuffer(np.random.bytes(({mib} << 20) - 4096), np.uint8)
"""
MIB = 1 << 20


class Course:
    """A course folder of its own, and the commands in it."""

    def __init__(self, root: Path, sandbox: str) -> None:
        for name in ("assignments", "solutions"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PACKAGE.parent / name, root / name, ignore=ignored)
        shutil.copy(PACKAGE.parent / "course.toml", root)
        self.paths = Paths(root)
        self.sandbox = ["--sandbox", sandbox, "--workers", "1", "--quiet"]

    def run(self, *arguments: str) -> str:
        """Run a command; returns what it took, in words. Of containers only the time on the wall is known."""
        environment = os.environ | {"GRADER_COURSE": str(self.paths.root)}
        began, before = time.monotonic(), os.times()
        command = [sys.executable, "-m", "grader.cli", *arguments]
        done = subprocess.run(
            command, cwd=self.paths.root, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(arguments)}: {done.stderr}")
        after = os.times()
        cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
        return f"{cpu_s:.1f} CPU s, {time.monotonic() - began:.1f} s"

    @property
    def size(self) -> float:
        """Of the record, in MiB."""
        return self.paths.record.stat().st_size / MIB if self.paths.record.exists() else 0.0

    def hand_in(self, assignment: str, count: int) -> None:
        folder = self.paths.root / "in"
        folder.mkdir()
        solution = read_master(self.paths, assignment)
        for number in range(count):
            (folder / f"s{number:03}.py").write_text(f"{solution}\n# %%\n# copy {number}\n")

    def hand_in_noise(self, assignment_id: str) -> None:
        """A solution of which every function of the first three questions answers with all that it may."""
        assignment = read_assignment(self.paths, assignment_id)
        names = [name for question in assignment.questions[:3] for name in question.names]
        noise = "".join(NOISE.format(name=name, mib=assignment.limits.answer_mib) for name in names)
        (self.paths.root / "noise").mkdir()
        (self.paths.root / "noise" / "noise.py").write_text(read_master(self.paths, assignment_id) + noise)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one copy, no noise: that it works, no figures")
    options.add_argument("--assignment", default="a1_mlp")
    options.add_argument("--count", type=int, default=51)
    options.add_argument("--sandbox", choices=["docker", "process"], default="docker")
    chosen = options.parse_args()
    count = 1 if chosen.quick else chosen.count
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        course = Course(Path(folder), chosen.sandbox)
        course.hand_in(chosen.assignment, count)
        took = course.run("grade", chosen.assignment, "in", *course.sandbox)
        graded = course.size
        print(f"{count} attempts graded in {took}: {graded:.1f} MiB, {graded / count:.2f} MiB each")
        (test,) = course.paths.hidden_tests(chosen.assignment).glob("test_q4*.py")
        test.write_text(test.read_text() + "# one line more\n")
        took = course.run("regrade", chosen.assignment, *course.sandbox)
        print(f"judged again after a change of one line of q4 in {took}: {course.size - graded:.1f} MiB more")
        before = course.size
        if not chosen.quick:
            course.hand_in_noise(chosen.assignment)
            course.run("grade", chosen.assignment, "noise", *course.sandbox)
            print(f"an attempt of noise: {course.size - before:.1f} MiB")


if __name__ == "__main__":
    main()
