"""What an engine says when it cannot give a container a GPU, and what a person is told to do."""

from __future__ import annotations

import pytest
from tiny import assignment, opened

from grader.errors import GPULost, NoGPU
from grader.sandbox import container_gpu
from grader.sandbox.process import ProcessSandbox

HOOK = (
    '400 Client Error for http+docker://localhost/v1.41/containers/x/start: Bad Request ("failed to create shim task: '
    "OCI runtime create failed: runc create failed: unable to start container process: error during container init: "
    "error running hook #0: error running hook: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'\n"
    'nvidia-container-cli: {}: unknown")'
)
NO_DRIVER = 'could not select device driver "" with capabilities: [[compute utility]]'
NO_LIBRARY = "initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file"


@pytest.mark.parametrize(
    ("said", "driver", "advice"),
    [
        (NO_DRIVER, True, "install nvidia-container-toolkit"),
        (NO_DRIVER, False, "no NVIDIA driver on this machine"),
        (HOOK.format("initialization error: nvml error: driver/library version mismatch"), True, "restart the machine"),
        (HOOK.format("initialization error: nvml error: driver not loaded"), False, "modprobe nvidia"),
        (HOOK.format(NO_LIBRARY), True, "libnvidia-ml.so.1 is not there"),
        (HOOK.format(NO_LIBRARY), False, "no NVIDIA driver on this machine"),
        (HOOK.format("device error: 7: unknown device"), True, "there is no GPU 7 on this machine"),
        ("CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=7", True, "there is no GPU 7"),
        (HOOK.format("mount error: no such file"), True, "cannot give a container GPU 7: mount error: no such file"),
    ],
)
def test_every_complaint_about_a_gpu_ends_in_what_to_do(tmp_path, monkeypatch, said, driver, advice):
    monkeypatch.setattr(container_gpu, "DRIVER", tmp_path / "version")
    if driver:
        (tmp_path / "version").touch()
    error = container_gpu.why_not(said, "7")
    assert type(error) is NoGPU and advice in str(error)
    assert "\n" not in str(error)


def test_a_lost_gpu_is_told_from_one_that_never_was():
    error = container_gpu.why_not(HOOK.format("detection error: nvml error: gpu is lost"), "7")
    assert type(error) is GPULost and str(error).startswith("GPU 7 is lost: ")


def test_what_is_not_about_gpus_is_left_to_others():
    assert container_gpu.why_not("No such image: grader:latest", "7") is None


def test_an_assignment_without_torch_is_graded_where_gpus_are_given():
    """As `grader grade a1_mlp --gpus 0`: its notebooks have nothing that lies on a GPU."""
    slot = ProcessSandbox(assignment())
    try:
        with opened(slot, "def double(x): return 2 * x") as submission:
            submission.channel.device = "cuda"
            assert submission.check().double(21) == 42
    finally:
        slot.close()
