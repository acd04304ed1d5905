"""What the examining process itself may use: its memory, and the time that hidden tests calculate.

A student chooses the answers that a hidden test calculates with; what that may cost is bounded here, so that an answer
which is too much fails its check and nothing else.
"""

from __future__ import annotations

import contextlib
import resource
import signal
from collections.abc import Iterator
from types import FrameType

MEMORY_MIB = 2048  # beside what the process has when it begins
WHOLE_CPU_S = 120.0  # of the hidden tests of a submission, beside what is done in the sandbox
LEAST_CPU_S = 5.0  # that a hidden test may have, however much those before it took
SPARE_CPU_S = 120.0  # for reading the notebook, and for a calculation that no signal interrupts


class TakesTooLong(BaseException):
    """A hidden test calculates too long. No Exception, so that a test that catches those ends too."""


def bound_this_process() -> None:
    """Let memory beyond the limit be a MemoryError; end the process where a calculation ends in no other way."""
    limit = _data_bytes() + (MEMORY_MIB << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    allow_cpu(WHOLE_CPU_S)


def allow_cpu(cpu_s: float) -> None:
    """Let this process take so much more, and end it then."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = int(_used_cpu_s() + cpu_s + SPARE_CPU_S)
    resource.setrlimit(resource.RLIMIT_CPU, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


class Share:
    """What one hidden test has taken so far."""

    def __init__(self) -> None:
        self.begun_s = _used_cpu_s()

    def used(self) -> float:
        return _used_cpu_s() - self.begun_s


@contextlib.contextmanager
def share_of(left_s: float) -> Iterator[Share]:
    """Raise TakesTooLong in a block that calculates longer than half of the processor time that is left."""
    running = True

    def interrupt(number: int, frame: FrameType | None) -> None:
        if running:
            raise TakesTooLong(f"the hidden test calculates for more than {share_s:.3g} s")

    share_s = max(left_s / 2, LEAST_CPU_S)
    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, share_s, 1.0)  # and again, should it be caught
    try:
        yield Share()
    finally:
        running = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _used_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _data_bytes() -> int:
    """What this process has of the memory that RLIMIT_DATA counts."""
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["VmData"].split()[0]) << 10
