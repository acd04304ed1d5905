"""How much video memory a candidate holds, as the driver tells it (NVML), and ending one that holds too much.

torch's own cap counts what torch's allocator hands out in one process; a submission can get past it (another library,
a child, `set_per_process_memory_fraction`). NVML lists every process on a GPU with what it holds, by the machine's
process ids; a candidate's are those below its zygote, so another slot's on the same GPU are not counted.

Not covered: another GPU of the machine than the slot's own; a child without a parent where there is no jail; a grader
that runs in a container with process ids of its own, to which NVML's mean nothing; a driver that does not answer.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Any

from grader.errors import MachineryError, NotWatched

CONTEXT_MIB = 1024  # beside the limit: CUDA's context, kernels and workspaces of libraries, which torch's cap omits
EVERY_S = 0.25  # between two looks
LIBRARY = "libnvidia-ml.so.1"
NO_PACKAGE = "the package nvidia-ml-py is not installed: pip install 'coursegrader[gpu]'"
NO_LIBRARY = (
    f"the driver's library {LIBRARY} is not there: install it in the driver's version "
    "(Debian: libnvidia-ml1, Ubuntu: libnvidia-compute-VERSION)"
)
MISMATCH = (
    "the NVIDIA driver in the kernel and its libraries are of different versions, as after an update: "
    "restart the machine"
)
NOT_LOADED = "the NVIDIA driver is not loaded: modprobe nvidia, or restart the machine"


class TooMuchVideoMemory(Exception):
    """The candidate holds more than it may; its text is for the student."""


@dataclass(frozen=True)
class Share:
    """What the candidates of a slot may use: a GPU, as `--gpus` names it (index or UUID), and MiB of its memory."""

    gpu: str
    limit_mib: int


class Device:
    """One GPU, as NVML sees it. Raises NotWatched, or MachineryError where grading on it cannot go well either.

    NVML is begun and ended with it: what was begun before a fork is of no use after it.
    """

    def __init__(self, gpu: str) -> None:
        self.gpu = gpu
        self.nvml = _begun()
        try:
            self.handle = self._handle()
        except self.nvml.NVMLError as error:
            self.close()
            raise self._explained(error.value) from None

    def _handle(self) -> Any:
        if self.gpu.isdecimal():
            return self.nvml.nvmlDeviceGetHandleByIndex(int(self.gpu))
        return self.nvml.nvmlDeviceGetHandleByUUID(self.gpu)

    def uuid(self) -> str:
        try:
            return str(self.nvml.nvmlDeviceGetUUID(self.handle))
        except self.nvml.NVMLError as error:
            raise self._explained(error.value) from None

    def held(self) -> dict[int, int]:
        """Bytes of video memory by process id. A process that computes and draws is listed twice, with the same."""
        held: dict[int, int] = {}
        try:
            listed = self.nvml.nvmlDeviceGetComputeRunningProcesses(self.handle)
            with contextlib.suppress(self.nvml.NVMLError_NotSupported):  # a GPU that cannot draw
                listed += self.nvml.nvmlDeviceGetGraphicsRunningProcesses(self.handle)
        except self.nvml.NVMLError as error:
            raise self._explained(error.value) from None
        for process in listed:
            if process.usedGpuMemory is None:
                raise NotWatched(f"the driver of GPU {self.gpu} lists processes without their video memory")
            held[process.pid] = max(held.get(process.pid, 0), process.usedGpuMemory)
        return held

    def _explained(self, code: int) -> MachineryError:
        if code in (self.nvml.NVML_ERROR_INVALID_ARGUMENT, self.nvml.NVML_ERROR_NOT_FOUND):
            return MachineryError(f"there is no GPU {self.gpu} on this machine; nvidia-smi --list-gpus lists them")
        if code in (
            self.nvml.NVML_ERROR_GPU_IS_LOST,
            self.nvml.NVML_ERROR_RESET_REQUIRED,
            self.nvml.NVML_ERROR_GPU_NOT_FOUND,
        ):
            return MachineryError(
                f"GPU {self.gpu} is lost: the driver cannot reach it any more (dmesg says why); reset it or restart "
                "the machine, then grade again"
            )
        return _explained(self.nvml, code)

    def close(self) -> None:
        with contextlib.suppress(self.nvml.NVMLError):
            self.nvml.nvmlShutdown()


def _begun() -> Any:
    """The module pynvml, begun. Raises as Device does."""
    try:
        import pynvml
    except ImportError:
        raise NotWatched(NO_PACKAGE) from None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise _explained(pynvml, error.value) from None
    return pynvml


def _explained(nvml: Any, code: int) -> MachineryError:
    if code == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        return MachineryError(MISMATCH)
    if code == nvml.NVML_ERROR_DRIVER_NOT_LOADED:
        return MachineryError(NOT_LOADED)
    if code == nvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        return NotWatched(NO_LIBRARY)
    return NotWatched(f"the NVIDIA driver does not say what processes hold: {nvml.NVMLError(code)}")


def require(*gpus: str) -> None:
    """Raise NotWatched, or MachineryError, where the video memory of one of the GPUs (none named: of any) cannot be
    read.
    """
    for gpu in gpus or _all():
        with contextlib.closing(Device(gpu)) as device:
            device.held()


def _all() -> list[str]:
    nvml = _begun()
    try:
        return [str(index) for index in range(nvml.nvmlDeviceGetCount())]
    except nvml.NVMLError as error:
        raise _explained(nvml, error.value) from None
    finally:
        nvml.nvmlShutdown()


def visible_as(gpu: str) -> str:
    """The GPU's name for CUDA_VISIBLE_DEVICES. CUDA counts by speed and the driver by slot: a UUID is the same to both.

    Raises MachineryError where there is no such GPU.
    """
    try:
        with contextlib.closing(Device(gpu)) as device:
            return device.uuid()
    except NotWatched:
        return gpu


class Watch:
    """Over one candidate: what the processes below `zygote`, of which it is the only one at work, hold of a GPU.

    The zygote itself holds nothing; where it is a kernel of its own (gVisor), it stands for all of them.
    """

    def __init__(self, share: Share, zygote: int) -> None:
        self.share = share
        self.zygote = zygote
        self.device: Device | None = None
        self.next_look = 0.0  # by time.monotonic
        self.blind = zygote <= 0  # in a namespace whose processes have no number here

    def look(self) -> None:
        """Look, unless somebody just did. Raises TooMuchVideoMemory; MachineryError where the GPU is lost."""
        if time.monotonic() < self.next_look:
            return
        held_mib = self.held_mib()
        self.next_look = time.monotonic() + EVERY_S
        if held_mib > self.share.limit_mib + CONTEXT_MIB:
            raise TooMuchVideoMemory(
                f"the process held more video memory than its {self.share.limit_mib} MiB and was ended"
            )

    def held_mib(self) -> float:
        """What the candidate holds; 0 where that cannot be read. Raises MachineryError where the GPU is lost."""
        if self.blind:
            return 0.0
        try:
            if self.device is None:
                self.device = Device(self.share.gpu)
            held = self.device.held()
        except NotWatched:
            self.blind = True
            return 0.0
        return sum(size for process, size in held.items() if descends(process, self.zygote)) / 2**20

    def close(self) -> None:
        """Look a last time, whether the GPU is still there: what came back from a lost one is nobody's answer."""
        try:
            self.held_mib()
        finally:
            if self.device is not None:
                self.device.close()
            self.device, self.blind = None, True


def descends(process: int, ancestor: int) -> bool:
    """Whether a process is another, a child of it, or of its children."""
    while process > 1:
        if process == ancestor:
            return True
        process = _parent(process)
    return False


def _parent(process: int) -> int:
    """0 where there is no such process (any more)."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0
