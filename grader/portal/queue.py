"""What waits to be graded, in which order, and the child process that it is given to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from grader.course.showing import Start
from grader.languages.translating import tr
from grader.portal.database import now, written
from grader.portal.hand_ins import HandedIn, HandIns
from grader.portal.now import Now
from grader.portal.worker import AFTER_TROUBLE_S, Worker
from grader.schema import Status

AGAIN_AFTER_S = 600.0  # what the machine failed at
DAY = timedelta(days=1)
Pair = tuple[str, str]  # (student, assignment)


@dataclass(frozen=True)
class Place:
    """Where a hand-in is. word: for programs;  text: for people"""

    word: str
    text: str


class Queue(Worker):
    """One thread that hands batches to the child, as many at once as there are slots."""

    def __init__(self, now: Now, hand_ins: HandIns, command: Sequence[str], slots: int) -> None:
        super().__init__("queue", command, "the process that grades")
        self.now, self.hand_ins, self.slots = now, hand_ins, slots
        self.running: dict[Pair, float] = {}
        self.waiting: list[Pair] = []
        self.finished: dict[tuple[str, str, str], tuple[float, str]] = {}  # (student, assignment, digest)
        self.paused = False

    # ------------------------------------------------------------------------------------------ what waits

    def due(self) -> list[tuple[HandedIn, str]]:
        """What is to be graded now, in the order it came; everything of one assignment one after the other."""
        ready = [
            (hand_in, digest)
            for hand_in, digest in self.hand_ins.newest_recorded().values()
            if not self._is_done(hand_in, digest) and not self.why_not_yet(hand_in)
        ]
        return sorted(ready, key=lambda each: each[0].number)

    def _is_done(self, hand_in: HandedIn, digest: str) -> bool:
        attempt = self.now.state.record.attempts.get((hand_in.student, hand_in.assignment))
        if attempt is not None and attempt.evidence.submission == digest and attempt.status is not Status.DEFERRED:
            return True
        at, status = self.finished.get((hand_in.student, hand_in.assignment, digest), (0.0, ""))
        return bool(status) and (status != Status.DEFERRED.value or time.monotonic() - at < AGAIN_AFTER_S)

    def why_not_yet(self, hand_in: HandedIn) -> str:
        """Why grading of a hand-in does not begin yet; "" where it may."""
        course = self.now.state.course
        showing, deadline = (
            course.showing(hand_in.assignment),
            self.now.state.deadlines.of(hand_in.student, hand_in.assignment),
        )
        before = deadline is not None and now() < deadline
        if showing.grade is Start.COMMAND:
            return tr("it is graded when the staff starts grading")
        if showing.grade is Start.DEADLINE and before:
            return tr("it is graded after the deadline")
        made = self.hand_ins.gradings(hand_in.student, hand_in.assignment, now() - DAY) if before else 0
        if made >= showing.graded_a_day:
            return tr("{n} of yours were graded in the last 24 hours, which is the limit before the deadline", n=made)
        return ""

    def place(self, student: str, assignment: str) -> Place | None:
        """Where a student's newest hand-in is; None where there is none."""
        there = self.hand_ins.of(student, assignment)
        if not there:
            return None
        pair, newest = (student, assignment), there[0]
        if pair in self.running:
            return Place("running", tr("being graded now"))
        known = self.hand_ins.newest_recorded_of(student, assignment)
        if known is None or known[0].number != newest.number:
            return Place("received", tr("received; it is being put on record"))
        if self._is_done(*known):
            return self._done(*known)
        if pair in self.waiting:
            return Place("waiting", tr("waiting: number {n} in the queue", n=self.waiting.index(pair) + 1))
        why = self.why_not_yet(newest)
        return Place("held", tr("handed in; {why}", why=why)) if why else Place("waiting", tr("waiting to be graded"))

    def _done(self, hand_in: HandedIn, digest: str) -> Place:
        attempt = self.now.state.record.attempts.get((hand_in.student, hand_in.assignment))
        _, status = self.finished.get((hand_in.student, hand_in.assignment, digest), (0.0, ""))
        if attempt is not None and attempt.evidence.submission == digest:
            status = attempt.status.value
        words = {
            Status.UNREADABLE.value: tr("no notebook could be read in it: see what was said of it, and hand in again"),
            Status.DEFERRED.value: tr("the machine failed at it, not you; it is tried again"),
        }
        by_hand = self.now.state.assignments[hand_in.assignment].by_hand_alone
        done = tr("it can be read; a person marks it") if by_hand else tr("graded")
        return Place("done" if status not in words else status, words.get(status, done))

    # ------------------------------------------------------------------------------------------ the thread

    def work(self) -> None:
        """Grade what is due, unless the staff has paused it."""
        due = self.due()
        self.waiting = [(hand_in.student, hand_in.assignment) for hand_in, _ in due]
        if due and not self.paused and not self._ended.is_set():
            self._grade(due)

    def _grade(self, due: list[tuple[HandedIn, str]]) -> None:
        """Have the child grade the first of what is due, as many as it has slots."""
        assignment = due[0][0].assignment
        taken = [each for each in due if each[0].assignment == assignment][: self.slots]
        digests = {
            member: digest
            for hand_in, digest in taken
            for member in self.now.members(hand_in.student, assignment)  # equal work is examined once
        }
        for hand_in, _ in taken:
            self.hand_ins.database.insert("gradings", hand_in=hand_in.number, made=written(now()))
        self.trouble = ""
        for said in self._child.told({"assignment": assignment, "students": list(digests)}):
            if "begun" in said:
                self.running[(said["begun"], assignment)] = time.monotonic()
                self.waiting = [pair for pair in self.waiting if pair != (said["begun"], assignment)]
            elif "done" in said:
                self.running.pop((said["done"], assignment), None)
                key = (said["done"], assignment, digests.get(said["done"], ""))
                self.finished[key] = (time.monotonic(), said["status"])
                self.now.hurry()
            elif said["ended"]:
                self.trouble = said["ended"]
        for student in digests:
            self.running.pop((student, assignment), None)
        if self.trouble:
            self._ended.wait(AFTER_TROUBLE_S)
