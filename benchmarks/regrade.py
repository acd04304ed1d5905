"""What it costs to judge a class again from transcripts, against running its notebooks.

    python -m benchmarks.regrade [--quick] [--count 100] [--sandbox docker]

A class of copies of the solution of assignment 1 is graded, then judged again from what it said, by the same pool of
one worker. No student code runs in the second part; a call that no transcript holds would, and is counted.
"""

from __future__ import annotations

import argparse

from benchmarks import cohort, processor
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec


def compare(of: cohort.Cohort, spec: PoolSpec, count: int) -> str:
    containers = processor.Containers(of.paths.root / "containers.txt") if spec.kind == "docker" else None
    meter = processor.Meter(containers)
    grading = cohort.Grading(of, Pool(of.paths, cohort.ASSIGNMENT, spec), "regrade")
    try:
        grading.grade(of.copies(0, 1))  # what is done once
        meter.start()
        run = grading.grade(of.copies(1, count))
        graded = meter.stop()
        meter.start()
        again = grading.regrade()
        judged = meter.stop()
    finally:
        grading.close()
    live = sum(row.asked_live for row in again)
    lines = [f"{'':18}{'attempts':>9}{'CPU s each':>12}{'wall s each':>12}{'calls run each':>16}"]
    for name, rows, used in (("run", run, graded), ("from transcripts", again, judged)):
        calls = sum(row.asked_live for row in rows) / len(rows)
        each = f"{used['cpu_s'] / len(rows):12.3f}{used['wall_s'] / len(rows):12.3f}"
        lines.append(f"{name:18}{len(rows):9}{each}{calls:16.1f}")
    times = graded["cpu_s"] / len(run) / (judged["cpu_s"] / len(again))
    lines.append(f"running costs {times:.1f} times as much; {live} calls ran student code when judged again")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="three copies, two questions: that it works, no figures")
    options.add_argument("--count", type=int, default=100)
    options.add_argument("--sandbox", choices=["docker", "process"], default="docker")
    options.add_argument("--image", default="grader:latest")
    chosen = options.parse_args()
    with cohort.cohort(chosen.quick) as of:
        spec = PoolSpec(chosen.sandbox, image=chosen.image)
        print(compare(of, spec, 3 if chosen.quick else chosen.count))


if __name__ == "__main__":
    main()
