"""What a CUDA context costs each candidate, and how many fit a GPU. Run by scripts/gpu-checks.

    python -m benchmarks.gpu_cost [--device pretend]

A candidate opens a context of its own: the zygote that it is forked from cannot hold one. What its first answer takes
longer than on the processor is what a pool of processes with a context opened beforehand would save.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

from grader.examination.channel import Channel
from grader.examination.student import Student
from grader.examination.transcript import Transcript
from grader.sandbox.process import ProcessSandbox
from grader.schema import Assignment, Limits, Question
from grader.submission import notebook

ROUNDS = 5
ASIDE = (1, 4, 16)  # candidates that are open at once
PROBE = Assignment(
    "gpu_cost",
    "The cost of a context",
    (Question("q1", "probe", Decimal(1)),),
    Limits(load_s=120, call_s=60, memory_mib=65536, video_memory_mib=4096),
    preload=("torch",),
)
SUBMISSION = b"def touch(x):\n    return x * 2\n"


def used_mib() -> int:
    """Video memory in use on GPU 0, as the driver says; 0 where there is none to ask."""
    if shutil.which("nvidia-smi") is None:
        return 0
    command = ["nvidia-smi", "-i", "0", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def one(sandbox: ProcessSandbox, device: str) -> tuple[float, Channel]:
    """Wall seconds from opening a candidate to its first answer, and its channel, still open."""
    import torch

    started = time.perf_counter()
    book = notebook.read(SUBMISSION, "s.py")
    channel = Channel(sandbox.assignment, book, (), lambda: sandbox, Transcript(), device)
    answer = Student(channel, "probe", "0").touch(torch.ones(8))
    wall_s = time.perf_counter() - started
    if not torch.equal(answer, torch.full((8,), 2.0)):
        raise SystemExit(f"twice one on {device} is {answer}")
    return wall_s, channel


def context(sandbox: ProcessSandbox, device: str) -> None:
    """Print what a candidate's first answer takes on the processor and on the device."""
    median = {}
    for where in ("cpu", device):
        walls = []
        for _ in range(ROUNDS):
            wall_s, channel = one(sandbox, where)
            walls.append(wall_s)
            channel.close()
        median[where] = statistics.median(walls)
        print(
            f"first answer on {where}: {median[where]:.3f} s (median of {ROUNDS}, {min(walls):.3f} to {max(walls):.3f})"
        )
    print(f"a context: {median[device] - median['cpu']:.3f} s a candidate, which a warm pool would save", flush=True)


def open_at_once(sandbox: ProcessSandbox, device: str) -> None:
    """Print the video memory that candidates hold which are open side by side, and what they leave behind."""
    for count in ASIDE:
        before = used_mib()
        channels = [one(sandbox, device)[1] for _ in range(count)]
        held = used_mib() - before
        for channel in channels:
            channel.close()
        left = used_mib() - before
        print(f"{count} open at once: {held} MiB, {held / count:.0f} each; {left} MiB left behind", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--device", choices=["cuda", "pretend"], default="cuda")
    device = options.parse_args().device
    assignment = replace(PROBE, preload=("torch", "tests.pretend_gpu")) if device == "pretend" else PROBE
    with closing(ProcessSandbox(assignment)) as sandbox:
        context(sandbox, device)
        open_at_once(sandbox, device)


if __name__ == "__main__":
    main()
