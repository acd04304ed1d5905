"""A thread of the portal that gives a child its orders, one after the other, as long as there is something to do."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence

from grader.errors import GraderError
from grader.portal.child import Child

LOOKS_EVERY_S, AFTER_TROUBLE_S = 1.0, 15.0


class Worker(threading.Thread, ABC):
    """Looks for work when it is woken, and every second. trouble: why nothing is done now"""

    def __init__(self, name: str, command: Sequence[str], what: str) -> None:
        """command, what: of the child, as in Child"""
        super().__init__(name=name, daemon=True)
        self.trouble = ""
        self._child = Child(command, what)
        self._wake, self._ended = threading.Event(), threading.Event()

    def wake(self) -> None:
        self._wake.set()

    def end(self) -> None:
        self._ended.set()
        self._wake.set()
        self._child.end()
        self.join(timeout=60)

    @abstractmethod
    def work(self) -> None:
        """Do what waits. Raises GraderError, OSError or ValueError where that cannot be done now."""

    def run(self) -> None:
        while not self._ended.is_set():
            self._wake.wait(LOOKS_EVERY_S)
            self._wake.clear()
            try:
                self.work()
            except (GraderError, OSError, ValueError) as error:  # a full disk; a child that says what is no line
                self.trouble = str(error)
                self._ended.wait(AFTER_TROUBLE_S)
