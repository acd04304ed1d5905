"""From acknowledged hand-ins to grading's record, in the order they came, whoever else is writing there meanwhile."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace

from grader.errors import GraderError
from grader.paths import Paths
from grader.portal.database import now, written
from grader.portal.hand_ins import HandedIn, HandIns
from grader.portal.now import Now
from grader.record.store import HandIn, Store
from grader.schema import Submission

RETRY_S = 0.5
SAME = "the same file as before: the earlier time stands"


class Recorder(threading.Thread):
    """One thread. What is not on record when the server ends is recorded when it is there again."""

    def __init__(self, paths: Paths, hand_ins: HandIns, now: Now, told: Callable[[], None]) -> None:
        super().__init__(name="recorder", daemon=True)
        self._paths, self._hand_ins, self._now, self._told = paths, hand_ins, now, told
        self._wake, self._ended = threading.Event(), threading.Event()
        self.trouble = ""  # why nothing gets on record now

    def wake(self) -> None:
        self._wake.set()

    def end(self) -> None:
        self._ended.set()
        self._wake.set()
        self.join(timeout=30)

    def run(self) -> None:
        self._hand_ins.sweep()
        while not self._ended.is_set():
            self._wake.clear()
            waiting = self._hand_ins.unrecorded()
            try:
                if waiting:
                    self._record(waiting)
                    self._told()
                self.trouble = ""
                self._wake.wait(5.0)
            except (GraderError, OSError, sqlite3.Error) as error:  # the disk is full; somebody writes for long
                self.trouble = str(error)
                self._ended.wait(RETRY_S)

    def _record(self, waiting: list[HandedIn]) -> None:
        submissions = [(each, self._submission(each)) for each in waiting]
        with Store.open(self._paths.record) as store:
            for assignment in dict.fromkeys(each.assignment for each in waiting):
                run = store.begin_run(assignment, f"collect {assignment} (portal)")
                for hand_in, submission in submissions:
                    if hand_in.assignment == assignment:
                        self._add(store, hand_in, submission)
                store.end_run(run, "done")

    def _add(self, store: Store, hand_in: HandedIn, submission: Submission) -> None:
        """For everybody of the team. A file that is handed in once more after the deadline is not late by that."""
        members = self._now.members(hand_in.student, hand_in.assignment)
        told = HandIn(hand_in.received, source=f"portal, receipt {hand_in.number}")
        with store.at_once():
            current = store.current_digests(hand_in.assignment)
            new = [member for member in members if current.get(member) != submission.digest]
            for member in new:
                store.add_submission(replace(submission, student=member), told)
        self._hand_ins.database.insert(
            "recorded",
            hand_in=hand_in.number,
            digest=submission.digest,
            why="" if new else SAME,
            made=written(now()),
        )

    def _submission(self, hand_in: HandedIn) -> Submission:
        """What is in the file; the file itself where nothing can be made of it."""
        file = self._hand_ins.file(hand_in.sha256)
        whose = (hand_in.filename, hand_in.student, hand_in.assignment)
        looked = self._hand_ins.readers.look(file, *whose, words=False)
        return looked.submission or Submission(hand_in.student, hand_in.assignment, hand_in.filename, file.read_bytes())
