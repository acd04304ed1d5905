"""What is known of a task that was given out, perhaps more than once, and what follows from how a try ended.

A node that ends takes what it was busy with along. Nobody can tell which of these tasks ended it, so each is tried once
more with a node to itself; one whose node ends then, too, is deferred and given to no third node.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.examination.task import Examined, Task, deferred
from grader.execution.batch import again_is_pointless
from grader.execution.spec import DEADLY

MOST_LOST = 2  # nodes that one task may take down
MOST_FAULTS = 2  # nodes that may fail at one task, until what the second said is what is recorded


@dataclass
class Try:
    """A task, the nodes that ended while it was there, and those that failed at it."""

    task: Task
    lost: list[str] = field(default_factory=list)
    failed_on: list[str] = field(default_factory=list)
    said: Examined | None = None  # by the last node that failed at it

    @property
    def alone(self) -> bool:
        """Whether it must have a node to itself."""
        return bool(self.lost)

    def node_ended(self, node: str) -> Examined | None:
        """Hear that its node ended; the answer if there is to be no other try."""
        self.lost.append(node)
        if len(self.lost) < MOST_LOST:
            return None
        return deferred(f"{DEADLY}: {' and '.join(self.lost)} ended while examining it; it is given to no other")

    def answered(self, node: str, examined: Examined, others: bool) -> Examined | None:
        """Hear what a node said; None where another is to try because this one failed. others: whether there is one."""
        if not failed(examined):
            return examined
        self.failed_on.append(node)
        self.said = examined
        return None if others and len(self.failed_on) < MOST_FAULTS else examined


def failed(examined: Examined) -> bool:
    """Whether this is a fault of the machine, which another machine may not have."""
    return bool(examined.fault) and not again_is_pointless(examined.fault)
