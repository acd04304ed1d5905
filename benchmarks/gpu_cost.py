"""What a CUDA context costs each candidate, and how many fit a GPU. Run by scripts/gpu-checks.

python -m benchmarks.gpu_cost
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from decimal import Decimal

from grader.examination.channel import Channel
from grader.examination.student import Student
from grader.examination.transcript import Transcript
from grader.sandbox.process import ProcessSandbox
from grader.schema import Assignment, Limits, Question
from grader.submission import notebook

ROUNDS = 5
PROBE = Assignment(
    "gpu_cost",
    "The cost of a context",
    (Question("q1", "probe", Decimal(1)),),
    Limits(load_s=120, call_s=60, memory_mib=65536, video_memory_mib=4096),
    preload=("torch",),
)
SUBMISSION = b"def touch(x):\n    return x * 2\n"


def used_mib() -> int:
    """Video memory in use on GPU 0, as the driver says."""
    command = ["nvidia-smi", "-i", "0", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def one(sandbox: ProcessSandbox, device: str) -> tuple[float, Channel]:
    """Wall seconds from opening a candidate to its first answer, and its channel, still open."""
    import torch

    started = time.perf_counter()
    channel = Channel(PROBE, notebook.read(SUBMISSION, "s.py"), (), lambda: sandbox, Transcript(), device)
    Student(channel, "probe", "0").touch(torch.ones(8))
    return time.perf_counter() - started, channel


def main() -> None:
    sandbox = ProcessSandbox(PROBE)
    figures: dict[str, float] = {}
    for device in ("cpu", "cuda"):
        walls = []
        for _ in range(ROUNDS):
            wall_s, channel = one(sandbox, device)
            walls.append(wall_s)
            channel.close()
        figures[f"{device}_first_answer_s"] = round(statistics.median(walls), 4)
    before = used_mib()
    channels = [one(sandbox, "cuda")[1] for _ in range(4)]
    figures["video_memory_per_candidate_mib"] = (used_mib() - before) / len(channels)
    for channel in channels:
        channel.close()
    figures["video_memory_left_behind_mib"] = used_mib() - before
    sandbox.close()
    json.dump(figures, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
