"""How much video memory a candidate holds, as the driver tells it, and ending one that holds too much.

torch's own cap counts what torch's allocator hands out in one process; a submission can get past it (another library,
a child, `set_per_process_memory_fraction`). NVML lists every process on a GPU with what it holds, by the machine's
process ids; a candidate's are those below its zygote, so another slot's on the same GPU are not counted.

Not covered: another GPU of the machine than the slot's own; a child without a parent where there is no jail; a grader
that runs in a container with process ids of its own, to which NVML's mean nothing; a driver that does not answer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from grader.errors import NotWatched
from grader.sandbox.nvml import CONTEXT_MIB, Device

EVERY_S = 0.25  # between two looks


class TooMuchVideoMemory(Exception):
    """The candidate holds more than it may; its text is for the student."""


@dataclass(frozen=True)
class Share:
    """What the candidates of a slot may use: a GPU, as `--gpus` names it (index or UUID), and MiB of its memory."""

    gpu: str
    limit_mib: int


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
