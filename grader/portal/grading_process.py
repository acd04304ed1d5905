"""The child process that grades: it owns the pool. Lines of JSON in and out.

in:   {"assignment": "a1_mlp", "students": ["dl01", "dl02"]}
out:  {"begun": "dl01"}, {"done": "dl01", "status": "graded"}, ..., {"ended": ""} or {"ended": "why nothing was graded"}
It ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from grader.course.config import read_assignment
from grader.errors import GraderError
from grader.examination.task import Task
from grader.execution import batch
from grader.execution.no_checks import NoChecks
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import Paths
from grader.portal.slots import asked_for
from grader.record.claims import claimed, lock_of
from grader.record.store import Store

BEHIND = 5  # pages come first; a submission's time is counted by the processor
PATIENCE_S = 600.0  # while a command grades the same assignment


class Grading:
    """A pool for one assignment at a time; it is kept while batches are of the same one and its tests are."""

    def __init__(self, paths: Paths, spec: PoolSpec) -> None:
        self.paths, self.spec = paths, spec
        self.device = "cuda" if spec.gpus != (None,) * len(spec.gpus) else "cpu"
        self.pool: Pool | NoChecks | None = None
        self.of: object = None

    def grade(self, assignment_id: str, students: list[str]) -> None:
        assignment = read_assignment(self.paths, assignment_id)
        tests = batch.question_digests(self.paths, assignment)
        secret = batch.course_secret(self.paths)
        if self.of != (assignment, tests):
            self.close()
            self.pool = (
                NoChecks() if assignment.by_hand_alone else Pool(self.paths, assignment_id, self.spec)
            )  # forks before the record is open
            self.of = (assignment, tests)
        pool = self.pool
        assert pool is not None
        pool.watch = _watch
        claim = claimed(lock_of(self.paths.record, assignment_id), "the portal's grading", PATIENCE_S)
        with claim, Store.open(self.paths.record) as store:
            wanted = store.current_digests(assignment_id)
            submissions = [
                store.submission(wanted[student], student, assignment_id) for student in students if student in wanted
            ]
            run = store.begin_run(assignment_id, f"grade {assignment_id} (portal)")
            state = "failed"
            try:
                old = batch.OldDigests(self.paths, assignment)
                whole = batch.Batch(store, assignment, tests, secret, run, self.device, old=old)
                for graded in whole.grade(pool, submissions):
                    said = graded.attempt.status.value
                    tell({"done": graded.submission.student, "status": said, "fault": graded.fault})
                state = "done"
            finally:
                store.end_run(run, state)

    def close(self) -> None:
        if self.pool is not None:
            self.pool.close()
        self.pool = self.of = None


def _watch(slot: int, task: Task | None) -> None:
    if task is not None:
        tell({"begun": task.submission.student})


def tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def main() -> int:
    paths, spec = asked_for()
    os.nice(BEHIND)
    grading = Grading(paths, spec)
    try:
        for line in sys.stdin:
            wanted = json.loads(line)
            try:
                grading.grade(wanted["assignment"], wanted["students"])
                tell({"ended": ""})
            except GraderError as error:
                grading.close()
                tell({"ended": str(error) or type(error).__name__})
    except KeyboardInterrupt:
        pass
    finally:
        grading.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
