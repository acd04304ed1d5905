"""What Docker runs for `--gpus` in place of NVIDIA's container toolkit (nvidia-container-runtime-hook), for tests.

It reads what the engine hands to such a hook, asks the driver's library (the stub) for the devices that were asked for,
and complains as the toolkit does, or shows the container /dev/nvidia0 and its like: nodes that lead to /dev/null. The
folder of $FAKE_DRIVER is "the driver's libraries": its modules are put among the container's packages.

Not like the real one: no kernel module, no CUDA, nothing in /proc/driver, no rule for the devices of 195.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pynvml

NOTHING = ("", "void", "none")
COMPLAINTS = {  # of nvidia-container-cli, which says in small letters what the library calls an error
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "driver not loaded",
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: "driver/library version mismatch",
    pynvml.NVML_ERROR_GPU_IS_LOST: "gpu is lost",
}


def fail(why: str) -> NoReturn:
    sys.exit(f"Auto-detected mode as 'legacy'\nnvidia-container-cli: {why}")


def main() -> None:
    state = json.load(sys.stdin)
    bundle = json.loads((Path(state["bundle"]) / "config.json").read_text())
    variables = dict(pair.split("=", 1) for pair in bundle["process"]["env"])
    asked = variables.get("NVIDIA_VISIBLE_DEVICES", "")
    with Path(os.environ["FAKE_DRIVER_LOG"]).open("a") as log:
        log.write(f"{asked} {variables.get('NVIDIA_DRIVER_CAPABILITIES')}\n")
    if asked in NOTHING:
        return
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError_LibraryNotFound:
        fail("initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file")
    except pynvml.NVMLError as error:
        fail(f"initialization error: nvml error: {COMPLAINTS[error.value]}")
    numbers = [_number_of(name) for name in asked.split(",")]
    nodes = ["nvidiactl", "nvidia-uvm", *(f"nvidia{number}" for number in numbers)]
    root, driver = bundle["root"]["path"], os.environ["FAKE_DRIVER"]
    lines = [f"mknod -m 666 {root}/dev/{node} c 1 3" for node in nodes]
    packages = root + os.readlink(f"{root}/opt/packages")
    for module in os.listdir(driver):
        lines += [f"touch {packages}/{module}", f"mount --bind {driver}/{module} {packages}/{module}"]
    subprocess.run(["nsenter", "-t", str(state["pid"]), "-m", "sh", "-ec", "\n".join(lines)], check=True)


def _number_of(name: str) -> int:
    """The number of the node of a GPU, by index or UUID."""
    try:
        by_index = pynvml.nvmlDeviceGetHandleByIndex
        handle = by_index(int(name)) if name.isdecimal() else pynvml.nvmlDeviceGetHandleByUUID(name)
        uuid = pynvml.nvmlDeviceGetUUID(handle)
    except pynvml.NVMLError as error:
        if error.value in COMPLAINTS:
            fail(f"detection error: nvml error: {COMPLAINTS[error.value]}")
        fail(f"device error: {name}: unknown device")
    return int(uuid[8:12])


main()
