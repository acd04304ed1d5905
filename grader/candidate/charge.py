"""What a stretch of work is charged: its processor seconds, and waiting at a fraction of its price.

A machine that others use too must cost nobody a point, so a deadline counts processor seconds. Two things it does not
count: more of them than the wall clock's, which code with several threads spends; and waiting. Whoever waits (a sleep,
an input, a lock, a GPU) uses no processor and has to end all the same, so a second of that is charged as a third; and
a second of waiting for a processor, of which Linux keeps count, as a tenth, so that everything ends.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

ASLEEP = 3.0  # seconds of waiting that are charged as one
AT_MOST = 10.0  # seconds of waiting for a processor that are: no deadline is later than this many times itself


@dataclass(frozen=True)
class Used:
    """What was used up to some moment, in seconds. `queued_s`: ready to run, with no processor free."""

    cpu_s: float
    wall_s: float
    queued_s: float = 0.0

    def since(self, before: Used) -> Used:
        return Used(self.cpu_s - before.cpu_s, self.wall_s - before.wall_s, self.queued_s - before.queued_s)

    @property
    def asleep_s(self) -> float:
        """Time in which it neither had a processor nor wanted one."""
        return self.wall_s - self.queued_s - min(self.cpu_s, self.wall_s)

    @property
    def charged_s(self) -> float:
        waited = max((self.wall_s - self.queued_s) / ASLEEP, self.wall_s / AT_MOST)
        return max(min(self.cpu_s, self.wall_s), waited)


def processor_s(process: int) -> float:
    """Processor seconds of a process and its threads (clock_getcpuclockid(3)): needs no privilege and no /proc."""
    return time.clock_gettime((~process << 3) | 2)


def queued_s(process: str = "self") -> float:
    """How long a process's first thread has waited for a processor; 0 where the kernel does not tell."""
    try:
        with open(f"/proc/{process}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
