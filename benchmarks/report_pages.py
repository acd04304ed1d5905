"""How long `grader report` takes for a large course, and how large its pages are.

    python -m benchmarks.report_pages [--students 500] [--limit-s 30]

The course is a synthetic semester (examples/semester): four assignments, about 70 checks each. Timed is the whole
command in a process of its own, imports included, the best of three. It uses one processor, whose seconds are compared
with the limit (on an idle machine they are those on the clock); exits with 1 if it takes longer.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from examples.semester.folder import make

RUNS = 3
PARTS = {  # of a student's page
    "hints": re.compile(r'<p class="hint">.*?</p>', re.DOTALL),
    "said by checks": re.compile(r"(?<=</a>)[^<>]*<p>.*?</p>", re.DOTALL),
    "links to checks": re.compile(r'<a href="[^"]*#c\d+">'),
    "the course mark": re.compile(r'<h2 id="mark">.*', re.DOTALL),
}


def timed(course: Path, *arguments: str) -> tuple[float, float]:
    """Seconds of one grader command: of the processor, on the clock."""
    environment = {**os.environ, "GRADER_COURSE": str(course)}
    began, used = time.perf_counter(), os.times()
    command = [sys.executable, "-m", "grader.cli", *arguments]
    ended = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL)
    if ended.returncode > 1:  # 1: something needs a person, as in every semester
        raise SystemExit(f"{' '.join(arguments)} ended with {ended.returncode}")
    after = os.times()
    cpu_s = after.children_user + after.children_system - used.children_user - used.children_system
    return cpu_s, time.perf_counter() - began


def best(course: Path, *arguments: str) -> float:
    """Print the least seconds of some runs; returns those of the processor."""
    cpu_s, wall_s = (min(values) for values in zip(*(timed(course, *arguments) for _ in range(RUNS)), strict=True))
    print(f"{'grader ' + ' '.join(arguments[:-2] or arguments):28}{cpu_s:8.2f} s, {wall_s:.2f} s on the clock")
    return cpu_s


def measure(folder: Path, students: int) -> float:
    began = time.perf_counter()
    course = folder / "course"
    make(course, students)
    print(f"{'a semester of':28}{students:8} students, made in {time.perf_counter() - began:.1f} s")
    best(course, "marks")
    best(course, "report", "a1_mlp", "--out", str(folder / "one"))
    out = folder / "report"
    whole = best(course, "report", "--out", str(out))
    pages = [path.stat().st_size for path in out.rglob("*.html")]
    print(f"{'  all pages':28}{sum(pages) / 2**20:8.1f} MiB in {len(pages)} files")
    texts = [path.read_text(encoding="utf-8") for path in (out / "students").glob("*.html")]
    for what, part in PARTS.items():
        share = sum(len(found) for text in texts for found in part.findall(text)) / sum(map(len, texts))
        print(f"{'  of students: ' + what:28}{share:8.0%}")
    for name in ("report.html", "assignment_a1_mlp.html"):
        print(f"{'  ' + name:28}{(out / name).stat().st_size / 2**10:8.0f} KiB")
    return whole


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--students", type=int, default=500)
    options.add_argument("--limit-s", type=float, default=30.0)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        took_s = measure(Path(folder), chosen.students)
    return 0 if took_s <= chosen.limit_s else 1


if __name__ == "__main__":
    sys.exit(main())
