"""What tests/sandbox/test_container_gpus.py runs with an engine and a driver of its own: prints what came of it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from gpu_session import NAME, holding, say
from tiny import RIGHT, assignment, ended, opened, small_course, submission

from grader.errors import MachineryError
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.sandbox.docker import DockerSandbox, Grant

IMAGE = "grader:latest"
CODE = """
import os
def nodes():
    return sorted(name for name in os.listdir("/dev") if name.startswith("nvidia"))
def can_open():
    return all(os.close(os.open(f"/dev/{name}", os.O_RDWR)) is None for name in nodes()) and bool(nodes())
def where(x): return str(x.device)
def double(x): return 2 * x
def forgets(x):
    import torch
    return x + torch.ones(2)
"""


def nodes(gpu: str) -> dict[str, list[Any]]:
    """At every level that works here: the nodes of GPUs that a candidate sees, and whether it can open them."""
    found = {}
    for level in ("userns", "caps", "strict"):
        with closing(DockerSandbox(assignment(), Grant(IMAGE, gpu=None if gpu == "-" else gpu), level)) as sandbox:
            try:
                sandbox.open().close()
            except MachineryError as error:
                if "cannot be had here" not in str(error):
                    raise
                continue
            with opened(sandbox, CODE) as one:
                student = one.check()
                found[sandbox.isolation] = [student.nodes(), student.can_open()]
    return found


def tensors(gpu: str) -> list[Any]:
    """Where a tensor lies, what comes back of it, and how a call ends that forgets the device."""
    described = assignment(preload=("numpy", "torch", "pretend_gpu"))
    with (
        closing(DockerSandbox(described, Grant(IMAGE, gpu=gpu), "strict")) as sandbox,
        opened(sandbox, CODE, preload=described.preload) as one,
    ):
        one.channel.device = "pretend"
        student, x = one.check(), torch.tensor([1.0, 2.0])
        return [student.where(x), student.double(x).tolist(), ended(student.forgets, x)[0].value]


def two_slots(gpu: str) -> list[Any]:
    """A pool with two slots on a GPU: one submission that takes too much, and an honest one."""
    say(holding(1 << 20))
    greedy = f'import ctypes, time\nctypes.CDLL(None).prctl(15, b"{NAME}")\ntime.sleep(2)'
    tasks = [Task(submission(who, *cells), "5eed", ("q1",)) for who, cells in (("bob", (greedy,)), ("ada", RIGHT))]
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Pool(small_course(Path(folder)), "tiny", PoolSpec("docker", gpus=(gpu, gpu))) as pool,
    ):
        for task, examined in pool.run(iter(tasks)):
            outcomes = sorted({result.outcome.value for result in examined.results})
            found.append([task.submission.student, examined.status.value, outcomes])
    return sorted(found)


if __name__ == "__main__":
    name, gpu = sys.argv[1].split()
    os.chdir("/")
    print(json.dumps({"nodes": nodes, "tensors": tensors, "two_slots": two_slots}[name](gpu)))
