"""How long a class takes, with one worker and with two, and what is left on the machine afterwards.

    python -m benchmarks.class_throughput [--quick] [--count 100] [--workers 1,2] [--sandbox ...] [--isolation ...]

Every student hands in the solution of assignment 1 with a comment of their own, so that nothing is known from before.
The figures start when the pool is up and end when the last attempt is on record.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import cohort, processor, traces
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec


def run(of: cohort.Cohort, spec: PoolSpec, count: int, first: int, meter: processor.Meter) -> str:
    """Grade `count` copies; say what it took and what is left of it."""
    trail = traces.Traces(docker=spec.kind == "docker")
    name = f"workers-{len(spec.gpus)}"
    grading = cohort.Grading(of, Pool(of.paths, cohort.ASSIGNMENT, spec), name)
    try:
        meter.start()
        for place, row in enumerate(grading.batch.grade(grading.pool, of.copies(first, count))):
            cohort.check(row)
            if place % 10 == 0:
                trail.note()
        used = meter.stop()
    finally:
        grading.close()
    record_mib = _size_mib(of.paths.root / name)
    speed = f"{60 * count / used['wall_s']:7.1f} a minute {used['cpu_s'] / count:7.3f} CPU s each"
    busy = f"{used['cpu_s'] / used['wall_s']:5.2f} processors busy {record_mib / count:7.3f} MiB of record each"
    left = ", ".join(f"{many} {what}" for what, many in trail.left().items())
    return f"{len(spec.gpus)} workers: {speed} {busy}\n           {trail.seen()}; left: {left}"


def _size_mib(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.iterdir()) / 2**20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="four copies, two questions: that it works, no figures")
    options.add_argument("--count", type=int, default=100)
    options.add_argument("--workers", default="1,2")
    options.add_argument("--sandbox", choices=["docker", "process"], default="docker")
    options.add_argument("--isolation", choices=["zygote", "strict"], default="zygote")
    options.add_argument("--image", default="grader:latest")
    chosen = options.parse_args()
    count = 4 if chosen.quick else chosen.count
    with cohort.cohort(chosen.quick) as of:
        docker = chosen.sandbox == "docker"
        containers = processor.Containers(of.paths.root / "containers.txt") if docker else None
        meter = processor.Meter(containers)
        print(f"{count} copies, {chosen.sandbox}{', ' + chosen.isolation if docker else ''}")
        for place, workers in enumerate(map(int, chosen.workers.split(","))):
            spec = PoolSpec(chosen.sandbox, chosen.isolation, chosen.image, gpus=(None,) * workers)
            print(run(of, spec, count, place * count, meter), flush=True)


if __name__ == "__main__":
    main()
