"""How long `grader report` takes for a large course, and how large its pages are.

    python -m benchmarks.report_pages [--students 500] [--limit-s 10]

The course is a synthetic semester (examples/semester): four assignments, about 56 to 70 checks each. Timed is the whole
command in a process of its own, imports included; exits with 1 if it takes longer than the limit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from examples.semester.folder import make

RUNS = 3


def timed(course: Path, *arguments: str) -> float:
    """Seconds of one grader command."""
    environment = {**os.environ, "GRADER_COURSE": str(course)}
    began = time.perf_counter()
    command = [sys.executable, "-m", "grader.cli", *arguments]
    ended = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL)
    if ended.returncode > 1:  # 1: something needs a person, as in every semester
        raise SystemExit(f"{' '.join(arguments)} ended with {ended.returncode}")
    return time.perf_counter() - began


def best(course: Path, *arguments: str) -> float:
    return min(timed(course, *arguments) for _ in range(RUNS))


def measure(folder: Path, students: int) -> float:
    began = time.perf_counter()
    course = folder / "course"
    make(course, students)
    print(f"{'a semester of':28}{students:8} students, made in {time.perf_counter() - began:.1f} s")
    print(f"{'grader marks':28}{best(course, 'marks'):8.2f} s")
    out = folder / "report"
    print(f"{'grader report a1_mlp':28}{best(course, 'report', 'a1_mlp', '--out', str(out / 'one')):8.2f} s")
    whole = best(course, "report", "--out", str(out))
    pages = [path.stat().st_size for path in out.rglob("*.html")]
    print(f"{'grader report':28}{whole:8.2f} s, {len(pages)} pages, {sum(pages) / 2**20:.1f} MiB")
    for name in ("report.html", "assignment_a1_mlp.html"):
        print(f"{'  ' + name:28}{(out / name).stat().st_size / 2**10:8.0f} KiB")
    return whole


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--students", type=int, default=500)
    options.add_argument("--limit-s", type=float, default=10.0)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        took_s = measure(Path(folder), chosen.students)
    return 0 if took_s <= chosen.limit_s else 1


if __name__ == "__main__":
    sys.exit(main())
