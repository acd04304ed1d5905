"""Memory of a zygote and of a candidate that has loaded the solution of assignment 1.

    python -m benchmarks.memory [--quick]

In the process sandbox, whose zygote and candidates are those of the containers. RSS counts what is shared with the
zygote, PSS a fair part of it, USS what a process has for itself. Readable for root; elsewhere the lines are left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import os

from benchmarks import cohort, processor
from grader.examination.channel import Channel
from grader.examination.transcript import Transcript
from grader.sandbox.process import ProcessSandbox
from grader.submission import notebook


def measure(of: cohort.Cohort, preload: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Memory in MiB (rss, pss, uss) of the zygote, of a candidate, and of a candidate that ran the cells."""
    assignment = dataclasses.replace(of.assignment, preload=preload)
    (submission,) = of.copies(0, 1)
    sandbox = ProcessSandbox(assignment)
    channel = Channel(
        assignment, notebook.read(submission.content, submission.filename), (), lambda: sandbox, Transcript()
    )
    try:
        alone = sandbox.open()
        found = dict(zip(("zygote", "candidate, empty"), _below(), strict=True))
        alone.close()
        channel.load()
        found["candidate, loaded"] = _below()[1]
        return found
    finally:
        channel.close()
        sandbox.close()


def _below() -> list[dict[str, float]]:
    """Memory of the zygote and the candidate: the oldest and the youngest process below this one that live."""
    living = [found for found in map(processor.memory_mib, processor.descendants(os.getpid())) if found]
    return [living[0], living[-1]] if living else [{}, {}]


def table(of: cohort.Cohort, with_torch: bool) -> str:
    lines = [f"{'memory, MiB':34}{'RSS':>8}{'PSS':>8}{'USS':>8}"]
    preload = of.assignment.preload
    for modules in (preload, (*preload, "torch")) if with_torch else (preload,):
        for name, found in measure(of, modules).items():
            if found:
                row = f"{name}{', torch imported' * ('torch' in modules)}"
                lines.append(f"{row:34}{found['rss']:8.1f}{found['pss']:8.1f}{found['uss']:8.1f}")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="without torch")
    chosen = options.parse_args()
    with cohort.cohort(quick=True) as of:
        print(table(of, with_torch=not chosen.quick))


if __name__ == "__main__":
    main()
