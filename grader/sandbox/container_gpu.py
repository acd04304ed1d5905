"""What an engine says when it cannot give a container a GPU, and what is to be done about it.

Docker asks NVIDIA's container toolkit, whose complaint comes back over several lines.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from grader.errors import NoGPU
from grader.sandbox.engine import first_line
from grader.sandbox.nvml import LIBRARY, MISMATCH, NO_LIBRARY, NOT_LOADED, answers, lost, none_such

NO_GPU = "no NVIDIA driver on this machine (grader doctor); grade without --gpus"
NO_TOOLKIT = (
    "Docker cannot give a container a GPU: install nvidia-container-toolkit, run "
    "nvidia-ctk runtime configure --runtime=docker and restart Docker, or grade with --sandbox process"
)
DRIVER = Path("/proc/driver/nvidia/version")  # there where the kernel has NVIDIA's driver
NO_DRIVER = "could not select device driver"  # what the engine says where it has nothing for GPUs
NO_DEVICE = "unresolvable cdi device"  # what it says of a GPU's name where it gives them by CDI
TOOLKIT = "nvidia-container-cli: "  # what the toolkit's complaint begins with


def has_driver() -> bool:
    """Whether this machine has NVIDIA's driver; in WSL it is Windows that has it, and its program is here."""
    return DRIVER.exists() or shutil.which("nvidia-smi") is not None or answers()


def why_not(said: str, gpu: str) -> NoGPU | None:
    """What to do where an engine says this when a GPU was asked for; None where it is about something else."""
    if NO_DRIVER in said:
        return NoGPU(NO_TOOLKIT if DRIVER.exists() else NO_GPU)
    if NO_DEVICE in said.lower():
        return NoGPU(none_such(gpu))
    _, found, says = said.partition(TOOLKIT)
    if not found:
        return None
    complaint = first_line(says)
    if "gpu is lost" in complaint.lower():
        return lost(gpu)
    reasons = {
        "driver/library version mismatch": MISMATCH,
        "driver not loaded": NOT_LOADED,
        LIBRARY: NO_LIBRARY if DRIVER.exists() else NO_GPU,
        "unknown device": none_such(gpu),
    }
    known = (reason for part, reason in reasons.items() if part in complaint.lower())
    return NoGPU(next(known, f"NVIDIA's container toolkit cannot give a container GPU {gpu}: {complaint}"))
