"""Run every benchmark, one after the other, each in a process of its own.

    python -m benchmarks [--full] [--sandbox process]

Quick by default, which shows that they work; `--full` makes the figures of docs/benchmarks.md and takes about half an
hour. `--sandbox process` leaves out what needs Docker.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

PROCESS_ONLY = {
    "grading_cost": ["--lanes", "process"],
    "start_up": ["--lanes", "process"],
    "class_throughput": ["--sandbox", "process"],
    "regrade": ["--sandbox", "process"],
    "record_size": ["--sandbox", "process"],
    "cluster": ["--sandbox", "process"],
}
QUICK = {
    "start_up": ["--quick"],
    "grading_cost": ["--quick"],
    "parts": ["--quick"],
    "class_throughput": ["--quick"],
    "regrade": ["--quick"],
    "record_size": ["--quick"],
    "compare_overhead": [],
    "read_notebook": ["2"],
    "store_throughput": ["--attempts", "20"],
    "collect_archive": ["--students", "20"],
    "feedback_pages": ["--students", "14"],
    "report_pages": ["--students", "30"],
    "similar_pairs": ["a1_mlp", "12", "5"],
    "jupyter_differences": ["--recorded"],
    "cluster": ["--quick"],
    "portal_load": ["--quick", "--no-grading"],
    "portal_table": ["--students", "130", "--tries", "2"],
    "question_cost": ["a1_mlp", "q1", "--of", "from_release"],
    "luck": ["a1_mlp", "q1", "--seeds", "2", "--workers", "1"],
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--full", action="store_true", help="the figures themselves, not only that they can be had")
    options.add_argument("--sandbox", choices=["docker", "process"], default="docker")
    chosen = options.parse_args()
    failed = []
    for name, quick in QUICK.items():
        print(f"== {name}", flush=True)
        whole = chosen.full and name not in ("luck", "question_cost")  # what they are asked for is a question of hours
        arguments = ([] if whole else quick) + (PROCESS_ONLY.get(name, []) if chosen.sandbox == "process" else [])
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
