"""What tests/sandbox/test_video_memory.py runs in a process of its own, whose NVML is the stub: prints what came of it.

A submission "takes" video memory by giving its process the name that the stub's answers speak of.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from tiny import RIGHT, assignment, ended, opened, small_course, submission

from grader.errors import MachineryError
from grader.examination.student import StudentFault
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.sandbox import Sandbox, video_memory
from grader.sandbox.docker import DockerSandbox, Grant
from grader.sandbox.nvml import CONTEXT_MIB
from grader.sandbox.process import ProcessSandbox
from grader.sandbox.video_memory import Share

ANSWERS = Path(os.environ["NVML_ANSWERS"])
NAME = f"vm{os.getppid()}"
LIMIT_MIB = 100
CODE = f"""
import ctypes, os, time
def take():
    ctypes.CDLL(None).prctl(15, b"{NAME}")
def take_in_a_child():
    if os.fork() == 0:
        take()
        time.sleep(60)
        os._exit(0)
def answer():
    return 7
def see():
    return os.environ["CUDA_VISIBLE_DEVICES"]
def take_for(seconds):
    take()
    time.sleep(seconds)
def fail():
    raise RuntimeError("CUDA error: unspecified launch failure")
"""


def say(*lines: str) -> None:
    """Change what the stub answers, at once."""
    written = ANSWERS.with_suffix(".new")
    written.write_text("".join(f"{line}\n" for line in lines))
    written.rename(ANSWERS)


def holding(mib: int) -> str:
    return f"named {NAME} {mib << 20}"


def on_the_gpu(sandbox: Sandbox) -> Any:
    return opened(sandbox, CODE, video_memory_mib=LIMIT_MIB)


def above_the_limit(sandbox: Sandbox) -> list[Any]:
    say(holding(LIMIT_MIB + CONTEXT_MIB + 1))
    with on_the_gpu(sandbox) as one:
        started = time.monotonic()
        outcome, message = ended(one.check().take_for, 15)
        early = time.monotonic() - started < 10
        return [outcome.value, message, early, one.check("test_two").answer()]


def between_two_calls(sandbox: ProcessSandbox) -> list[Any]:
    say(holding(LIMIT_MIB + CONTEXT_MIB + 1))
    with on_the_gpu(sandbox) as one:
        student = one.check()

        def take_and_answer() -> None:
            student.take_in_a_child()
            time.sleep(0.5)
            student.answer()

        return [ended(take_and_answer)[0].value]


def at_the_limit(sandbox: ProcessSandbox) -> list[Any]:
    say(holding(LIMIT_MIB + CONTEXT_MIB))
    with on_the_gpu(sandbox) as one:
        student = one.check()
        student.take_for(0.5)
        return [student.answer(), student.see()]


def two_slots(sandbox: ProcessSandbox) -> list[Any]:
    """The one in the second slot takes what each may have, and this process as much: the first is left alone."""
    say(holding(LIMIT_MIB + CONTEXT_MIB))
    Path("/proc/self/comm").write_text(NAME)
    with (
        closing(ProcessSandbox(assignment(), gpu="0")) as second,
        on_the_gpu(sandbox) as one,
        on_the_gpu(second) as other,
    ):
        other.check().take()
        one.check().take_for(0.5)
        return [one.check().answer(), other.check().answer()]


def lost_in_a_call(sandbox: ProcessSandbox) -> list[Any]:
    say()
    with on_the_gpu(sandbox) as one:
        student = one.check()
        student.answer()
        threading.Timer(0.5, say, ["gpu 15"]).start()
        started = time.monotonic()
        return [fault_of(lambda: student.take_for(15)), time.monotonic() - started < 10]


def lost_before_it_failed(sandbox: ProcessSandbox) -> list[Any]:
    """What it raises in the moment of the loss comes at once; that the GPU is gone shows when it is ended at last."""
    say()
    with on_the_gpu(sandbox) as one:
        student = one.check()
        student.answer()
        say("gpu 15")

        def fail_and_end() -> None:
            with suppress(StudentFault):
                student.fail()
            one.channel.close()

        return [fault_of(fail_and_end)]


def fault_of(call: Any) -> str:
    try:
        call()
    except MachineryError as error:
        return str(error)
    return "no MachineryError"


def candidates(folder: Path) -> dict[str, list[Any]]:
    found = {}
    for scenario in (
        above_the_limit,
        between_two_calls,
        at_the_limit,
        two_slots,
        lost_in_a_call,
        lost_before_it_failed,
    ):
        say()
        with closing(ProcessSandbox(assignment(), gpu="0")) as sandbox:
            found[scenario.__name__] = scenario(sandbox)
    return found


def contained(folder: Path) -> dict[str, list[Any]]:
    """A container in place of a process; the engine here can give it no GPU, so it has none but its share."""
    found = {}
    for level in ("userns", "caps", "strict"):
        with closing(DockerSandbox(assignment(), Grant("grader:latest"), level)) as sandbox:
            sandbox.share = Share("0", LIMIT_MIB)
            try:
                sandbox.open().close()
            except MachineryError:
                continue  # this host does not allow it
            found[level] = above_the_limit(sandbox)
    return found


def lost_at_the_end(folder: Path) -> list[Any]:
    """It raises in the moment of the loss, and nobody looks between that and its end."""
    say()
    video_memory.EVERY_S = 1000.0  # of the processes that the pool forks, too
    fails = f'import ctypes, time\nctypes.CDLL(None).prctl(15, b"{NAME}")\ntime.sleep(1)\nraise RuntimeError("CUDA")'
    with Pool(small_course(folder), "tiny", PoolSpec("process", gpus=("0",))) as pool:
        threading.Thread(target=_lose_when_named, daemon=True).start()
        [(_, examined)] = pool.run(iter([Task(submission("ada", fails), "5eed", ("q1",))]))
    return [examined.status.value, examined.fault]


def _lose_when_named() -> None:
    """Have the GPU lost as soon as a submission is at work."""
    while not any(_name_of(process) == NAME for process in Path("/proc").glob("[0-9]*")):
        time.sleep(0.02)
    say("gpu0 15")


def _name_of(process: Path) -> str:
    with suppress(OSError):
        return (process / "comm").read_text().strip()
    return ""


def one_of_two_lost(folder: Path) -> list[Any]:
    """Through a pool with a slot on each of two GPUs, one of which is lost: who is given how much."""
    say()
    slow = (*RIGHT, "import time\ntime.sleep(0.5)")
    tasks = [Task(submission(f"s{place}", *slow), "5eed", ("q1",)) for place in range(5)]
    with Pool(small_course(folder), "tiny", PoolSpec("process", gpus=("0", "1"))) as pool:
        say("gpu1 15")
        return sorted(examined.status.value for _, examined in pool.run(iter(tasks)))


def graded(folder: Path) -> list[Any]:
    """Through a pool with two slots on one GPU: one that takes too much, an honest one, and then the GPU is lost."""
    say(holding(1 << 20))
    greedy = f'import ctypes, time\nctypes.CDLL(None).prctl(15, b"{NAME}")\ntime.sleep(1)'
    tasks = [Task(submission(who, *cells), "5eed", ("q1",)) for who, cells in (("bob", (greedy,)), ("ada", RIGHT))]
    found = []
    with Pool(small_course(folder), "tiny", PoolSpec("process", gpus=("0", "0"))) as pool:
        for task, examined in pool.run(iter(tasks)):
            outcomes = sorted({result.outcome.value for result in examined.results})
            found.append([task.submission.student, examined.status.value, outcomes])
        say("gpu 15")
        [(_, examined)] = pool.run(iter(tasks[1:]))
        found.append([examined.status.value, examined.fault])
    return sorted(found, key=str)


if __name__ == "__main__":
    pools = (graded, lost_at_the_end, one_of_two_lost)
    scenarios = {each.__name__: each for each in (candidates, contained, *pools)}
    print(json.dumps(scenarios[sys.argv[1]](Path(sys.argv[2]))))
