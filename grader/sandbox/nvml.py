"""The GPUs of this machine, as the driver tells of them (NVML): which there are, and what is wrong with one.

A GPU is named as `--gpus` names it: by its index in the driver's order, by its UUID, or, where it is divided (MIG), by
the UUID of an instance of it. A divided GPU as a whole is refused: CUDA would take its first instance for every slot.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from grader.errors import GPULost, MachineryError, NoGPU, NotWatched

CONTEXT_MIB = 1024  # beside the limit: CUDA's context, kernels and workspaces of libraries, which torch's cap omits
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
LIST = "nvidia-smi --list-gpus lists them"
LOST = "is lost"
INSTANCE = "MIG-"  # what the UUID of an instance of a divided GPU begins with


def none_such(gpu: str) -> str:
    """What is said where there is no GPU of this name."""
    return f"there is no GPU {gpu} on this machine; {LIST}"


def lost(gpu: str) -> GPULost:
    """What is said of a GPU that the driver cannot reach any more."""
    why = "the driver cannot reach it any more (dmesg says why); reset it or restart the machine, then grade again"
    return GPULost(f"GPU {gpu} {LOST}: {why}")


class Device:
    """One GPU, or an instance of a divided one. Raises NotWatched, or NoGPU where grading on it cannot go well
    either.

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

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except self.nvml.NVMLError as error:
            raise self._explained(error.value) from None

    def uuid(self) -> str:
        with self._asking():
            return str(self.nvml.nvmlDeviceGetUUID(self.handle))

    def total_mib(self) -> int:
        """Its video memory."""
        with self._asking():
            return int(self.nvml.nvmlDeviceGetMemoryInfo(self.handle).total) >> 20

    def held(self) -> dict[int, int]:
        """Bytes of video memory by process id. A process that computes and draws is listed twice, with the same."""
        held: dict[int, int] = {}
        with self._asking():
            listed = self.nvml.nvmlDeviceGetComputeRunningProcesses(self.handle)
            if not self.gpu.startswith(INSTANCE):  # which cannot draw
                with contextlib.suppress(self.nvml.NVMLError_NotSupported):  # nor can many a GPU
                    listed += self.nvml.nvmlDeviceGetGraphicsRunningProcesses(self.handle)
        for process in listed:
            if process.usedGpuMemory is None:
                raise NotWatched(f"the driver of GPU {self.gpu} lists processes without their video memory")
            held[process.pid] = max(held.get(process.pid, 0), process.usedGpuMemory)
        return held

    def instances(self) -> list[str] | None:
        """UUIDs of what the GPU is divided into (MIG); None where it is whole, or is such an instance itself."""
        if self.gpu.startswith(INSTANCE):
            return None
        nvml, found = self.nvml, []
        try:
            if nvml.nvmlDeviceGetMigMode(self.handle)[0] != nvml.NVML_DEVICE_MIG_ENABLE:
                return None
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound):
            return None  # this GPU, or this driver, does not know of it
        except nvml.NVMLError as error:
            raise self._explained(error.value) from None
        with self._asking():
            for place in range(nvml.nvmlDeviceGetMaxMigDeviceCount(self.handle)):
                with contextlib.suppress(nvml.NVMLError_NotFound):  # a place without one
                    instance = nvml.nvmlDeviceGetMigDeviceHandleByIndex(self.handle, place)
                    found.append(str(nvml.nvmlDeviceGetUUID(instance)))
        return found

    def require_whole(self) -> None:
        """Raise NoGPU where it is divided."""
        instances = self.instances()
        if instances:
            raise NoGPU(f"GPU {self.gpu} is divided into instances (MIG); name these: --gpus {','.join(instances)}")
        if instances is not None:
            raise NoGPU(
                f"GPU {self.gpu} is in MIG mode and has no instance: nvidia-smi mig -cgi ... -C makes some, "
                f"nvidia-smi -i {self.gpu} -mig 0 ends the mode"
            )

    def _explained(self, code: int) -> MachineryError:
        if code in (self.nvml.NVML_ERROR_INVALID_ARGUMENT, self.nvml.NVML_ERROR_NOT_FOUND):
            return NoGPU(none_such(self.gpu))
        if code in (
            self.nvml.NVML_ERROR_GPU_IS_LOST,
            self.nvml.NVML_ERROR_RESET_REQUIRED,
            self.nvml.NVML_ERROR_GPU_NOT_FOUND,
        ):
            return lost(self.gpu)
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


def answers() -> bool:
    """Whether the driver's library is there and a driver behind it."""
    try:
        nvml = _begun()
    except MachineryError:
        return False
    nvml.nvmlShutdown()
    return True


def _explained(nvml: Any, code: int) -> MachineryError:
    if code == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        return NoGPU(MISMATCH)
    if code == nvml.NVML_ERROR_DRIVER_NOT_LOADED:
        return NoGPU(NOT_LOADED)
    if code == nvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        return NotWatched(NO_LIBRARY)
    return NotWatched(f"the NVIDIA driver does not say what processes hold: {nvml.NVMLError(code)}")


def require(*gpus: str) -> None:
    """Raise MachineryError where one of the GPUs is of no use, NotWatched where its video memory cannot be read."""
    for gpu in gpus:
        with contextlib.closing(Device(gpu)) as device:
            device.require_whole()
            device.held()


def require_room(gpus: Sequence[str | None], limit_mib: int) -> None:
    """Raise MachineryError where slots share a GPU that cannot hold what each of them may use: one would take what is
    another's by right. Where the driver says nothing of it, neither does this.

    gpus: of every slot its GPU; limit_mib: of a submission, beside its context
    """
    named = {gpu: visible_as(gpu) for gpu in gpus if gpu is not None}
    slots = Counter(named[gpu] for gpu in gpus if gpu is not None)
    for gpu, uuid in named.items():
        count = slots.pop(uuid, 1)  # a GPU may be named in two ways
        if count == 1:
            continue
        try:
            with contextlib.closing(Device(gpu)) as device:
                total_mib = device.total_mib()
        except NotWatched:
            continue
        if count * (limit_mib + CONTEXT_MIB) > total_mib:
            most = total_mib // (limit_mib + CONTEXT_MIB)
            raise MachineryError(
                f"{count} slots on GPU {gpu} may hold {count} times {limit_mib} MiB (video_memory_mib) and "
                f"{CONTEXT_MIB} MiB, and it has {total_mib}: name it in --gpus {_times(most)}, or lower the limit"
            )


def _times(count: int) -> str:
    return {0: "once", 1: "once", 2: "twice"}.get(count, f"{count} times")


def all_gpus() -> list[str]:
    """Names of all GPUs that can be given: their indices; for a divided one, the UUIDs of its instances."""
    nvml = _begun()
    try:
        names = [str(index) for index in range(nvml.nvmlDeviceGetCount())]
    except nvml.NVMLError as error:
        raise _explained(nvml, error.value) from None
    finally:
        nvml.nvmlShutdown()
    found = []
    for name in names:
        with contextlib.closing(Device(name)) as device:
            instances = device.instances()
        found += [name] if instances is None else instances
    return found


def visible_as(gpu: str) -> str:
    """The GPU's name for CUDA_VISIBLE_DEVICES. CUDA counts by speed and the driver by slot: a UUID is the same to both.

    Raises MachineryError where there is no such GPU, or it is divided.
    """
    try:
        with contextlib.closing(Device(gpu)) as device:
            device.require_whole()
            return device.uuid()
    except NotWatched:
        return gpu
