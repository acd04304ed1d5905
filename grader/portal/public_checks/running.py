"""Which hand-ins wait for their public checks, and what came of those that were run."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from grader.examination.public_checks import PublicResult
from grader.paths import Paths
from grader.portal.database import now, written
from grader.portal.hand_ins import HandedIn, HandIns
from grader.portal.now import Now
from grader.portal.worker import Worker

NOT_OLDER = timedelta(days=1)  # what waited longer, because no portal ran, is not run any more
FAIR_OVER = timedelta(hours=1)
AGAIN_AFTER_S = 600.0  # what the machine failed at


@dataclass(frozen=True)
class Found:
    """What came of one hand-in. unreadable: why nothing could be run"""

    results: tuple[PublicResult, ...] = ()
    unreadable: str = ""

    @property
    def passed(self) -> int:
        return sum(each.passed is True for each in self.results)

    @property
    def ran(self) -> int:
        return sum(each.passed is not None for each in self.results)


class PublicChecks(Worker):
    """One thread, which has the child run one hand-in after the other. trouble: why nothing is run now"""

    def __init__(self, paths: Paths, now: Now, hand_ins: HandIns, command: Sequence[str]) -> None:
        super().__init__("public checks", command, "the process that runs public checks")
        self.paths, self.now, self.hand_ins = paths, now, hand_ins
        self.running: int | None = None  # the number of a hand-in
        self.waiting: list[int] = []
        self._failed: dict[int, float] = {}

    def found(self, number: int) -> Found | None:
        """What came of a hand-in; None where it was not run."""
        rows = self.hand_ins.database.select("SELECT found FROM public_checks WHERE hand_in = ?", number)
        for (text,) in rows:
            said = json.loads(text)
            return Found(tuple(PublicResult(*each) for each in said.get("results", ())), said.get("unreadable", ""))
        return None

    def due(self) -> list[tuple[HandedIn, str]]:
        """What waits, with its digest on record: who had most run in the last hour comes last, else as it came."""
        had = Counter(
            dict(
                self.hand_ins.database.select(
                    "SELECT student, count(*) FROM public_checks JOIN hand_ins ON number = hand_in"
                    " WHERE made > ? GROUP BY student",
                    written(now() - FAIR_OVER),
                )
            )
        )
        there = {name for name in self.now.state.assignments if self.are_run(name)}
        waiting = [
            (hand_in, digest)
            for hand_in, digest in self.hand_ins.unchecked(now() - NOT_OLDER)
            if hand_in.assignment in there
            and time.monotonic() - self._failed.get(hand_in.number, -AGAIN_AFTER_S) >= AGAIN_AFTER_S
        ]
        return sorted(waiting, key=lambda each: (had[each[0].student], each[0].number))

    def are_run(self, assignment: str) -> bool:
        """Whether hand-ins of an assignment are run with public checks: it has some, and the course shows them."""
        showing = self.now.state.course.showing(assignment)
        return showing.runs_public_checks and any(self.paths.public_checks(assignment).glob("*.py"))

    def work(self) -> None:
        """Run what waits, one after the other."""
        while (due := self.due()) and not self._ended.is_set():
            self.waiting = [hand_in.number for hand_in, _ in due]
            self._run(*due[0])
        self.waiting = []

    def _run(self, hand_in: HandedIn, digest: str) -> None:
        self.running = hand_in.number
        order: dict[str, object] = {"assignment": hand_in.assignment, "student": hand_in.student, "digest": digest}
        try:
            for said in self._child.told(order):
                if "ended" not in said:
                    self.hand_ins.database.insert(
                        "public_checks", hand_in=hand_in.number, found=json.dumps(said), made=written(now())
                    )
                elif not self._ended.is_set():
                    self.trouble = said["ended"]
                    if self.trouble:
                        self._failed[hand_in.number] = time.monotonic()
        finally:
            self.running = None
