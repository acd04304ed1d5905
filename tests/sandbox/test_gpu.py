"""What only a GPU can show. Skipped elsewhere with the reason; run by scripts/gpu-checks."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pytest

from grader.examination.channel import Channel
from grader.examination.student import Student, StudentFault
from grader.examination.transcript import Transcript
from grader.sandbox.process import ProcessSandbox
from grader.schema import Assignment, Limits, Outcome, Question
from grader.submission import notebook

pytestmark = pytest.mark.gpu

TORCH = Assignment(
    "gpu_probe",
    "Tensors on a GPU",
    (Question("q1", "probe", Decimal(1)),),
    Limits(load_s=60, call_s=30, memory_mib=65536, video_memory_mib=1024),
    preload=("torch",),
)
SUBMISSION = b"""
import torch

def where(x):
    return str(x.device.type)

def double(x):
    return 2 * x

def fill(mib, value):
    global kept
    kept = torch.full((mib, 1 << 20), value, dtype=torch.uint8, device="cuda")
    torch.cuda.synchronize()
    return True

def residue(mib, value):
    found = torch.empty((mib, 1 << 20), dtype=torch.uint8, device="cuda")
    return int((found == value).sum())

def spin():
    x = torch.rand(4096, 4096, device="cuda")
    while True:
        x = (x @ x).sin()
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    made = ProcessSandbox(TORCH)
    yield made
    made.close()


def opened(sandbox: ProcessSandbox) -> tuple[Channel, Student]:
    channel = Channel(TORCH, notebook.read(SUBMISSION, "s.py"), (), lambda: sandbox, Transcript(), "cuda")
    return channel, Student(channel, "test", "0")


def test_tensors_reach_the_student_on_the_gpu_and_come_back_as_values(sandbox):
    import torch

    channel, student = opened(sandbox)
    assert student.where(torch.ones(3)) == "cuda"
    assert np.array_equal(student.double(torch.arange(5.0)).numpy(), 2 * np.arange(5.0, dtype=np.float32))
    channel.close()


def test_more_video_memory_than_the_limit_is_a_memory_outcome(sandbox):
    channel, student = opened(sandbox)
    with pytest.raises(StudentFault) as fault:
        student.fill(2048, 7)
    assert fault.value.outcome is Outcome.MEMORY
    channel.close()


def test_an_endless_kernel_ends_at_the_deadline_and_the_next_candidate_works(sandbox):
    channel, student = opened(sandbox)
    with pytest.raises(StudentFault) as fault, student.limit(call_s=5):
        student.spin()
    assert fault.value.outcome is Outcome.TIMEOUT
    channel, student = opened(sandbox)
    import torch

    assert student.where(torch.ones(1)) == "cuda"
    channel.close()


def test_video_memory_holds_nothing_of_the_candidate_before(sandbox):
    channel, student = opened(sandbox)
    assert student.fill(512, 173) is True
    channel.close()
    channel, student = opened(sandbox)
    assert student.residue(512, 173) < 512 * (1 << 20) / 200  # by chance one byte in 256 at most, were it random
    channel.close()
