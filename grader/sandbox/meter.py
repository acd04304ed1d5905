"""What one exchange with a candidate is charged so far, and waiting for the answer until that is too much."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

from grader.candidate.charge import ASLEEP, AT_MOST, Used

BESIDE_S = 0.25  # how often what is beside the meter may look
SHORT_S = 0.05  # what is answered within this is charged as it took: asking for processor time takes time too


def asleep_s(limit_s: float) -> float:
    """How long on the wall a limit lasts for whom it finds waiting: a sleep, a lock, a child."""
    return ASLEEP * limit_s


class Meter:
    """Runs from when it is made. `ask` says what the candidate has used so far; None: that cannot be found out.

    Where nothing can be found out, the time on the wall is charged. `beside` is called again and again while a long
    answer is waited for.
    """

    def __init__(self, ask: Callable[[], Used | None], beside: Callable[[], None] | None = None) -> None:
        self.ask = ask
        self.beside = beside
        self.started = time.monotonic()
        self.before: Used | None = None  # at the first look,
        self.first_s = 0.0  # which was so long after the start: as much processor time may have been used until then
        self.used = Used(0.0, 0.0)

    @property
    def wall_s(self) -> float:
        return time.monotonic() - self.started

    def charged_s(self) -> float:
        """What is charged by now."""
        now = self.ask() if self.before is not None else None
        if now is None or self.before is None:
            self.used = Used(self.wall_s, self.wall_s)
        else:
            since = now.since(self.before)
            self.used = Used(self.first_s + since.cpu_s, self.first_s + since.wall_s, since.queued_s)
        return self.used.charged_s

    def wait_for(self, stream: socket.socket, limit_s: float) -> None:
        """Wait until `stream` can be read. Raises TimeoutError once the charge reaches `limit_s`."""
        if select.select([stream], [], [], min(SHORT_S, limit_s))[0]:
            return
        self.first_s = self.wall_s
        self.before = self.ask()
        charged = self.first_s
        while charged < limit_s:
            if self._answered(stream, self._until(limit_s)):
                return
            charged = self.charged_s()
        raise TimeoutError

    def _answered(self, stream: socket.socket, within_s: float) -> bool:
        """Whether `stream` can be read within so long."""
        if self.beside is None:
            return bool(select.select([stream], [], [], within_s)[0])
        until = time.monotonic() + within_s
        while (left_s := until - time.monotonic()) > 0:
            self.beside()
            if select.select([stream], [], [], min(left_s, BESIDE_S))[0]:
                return True
        return False

    def _until(self, limit_s: float) -> float:
        """When to look again: when the limit can be reached by one thread, or a little sooner by several."""
        if self.wall_s < limit_s:
            return max(limit_s - self.wall_s, 0.01)
        computing = (limit_s - self.used.cpu_s) / 2
        asleep = ASLEEP * limit_s - (self.used.wall_s - self.used.queued_s)
        return max(0.02, min(max(computing, SHORT_S), max(asleep, SHORT_S), AT_MOST * limit_s - self.wall_s))
