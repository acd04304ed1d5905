"""The child process that runs public checks: it owns one sandbox. Lines of JSON in and out.

in:   {"assignment": "a1_mlp", "student": "dl01", "digest": "9f2c..."}
out:  {"results": [["q1", "the truth tables", true, ""], ...]} or {"unreadable": "why"}, then {"ended": ""};
      {"ended": "why nothing was run"}
It opens no file of hidden tests or solutions, and ends when its input does.
"""

from __future__ import annotations

import json
import os
import select
import sys
from dataclasses import astuple

from grader.course.config import read_assignment
from grader.course.public_checks import public_checks
from grader.errors import GraderError, SubmissionError
from grader.examination.public_checks import run_public_checks
from grader.examination.pytest_plugin import released_files
from grader.execution.spec import PoolSpec
from grader.paths import Paths
from grader.portal.grading_process import BEHIND, tell
from grader.portal.slots import asked_for
from grader.record.store import Store
from grader.sandbox import Sandbox
from grader.sandbox.choose import opener
from grader.schema import Assignment

KEPT_FOR_S = 300.0  # an idle sandbox: it takes seconds to begin, and holds memory


class Running:
    """Sandboxes for one assignment at a time, kept while it is the same: one, and one for checks with other modules."""

    def __init__(self, paths: Paths, spec: PoolSpec) -> None:
        self.paths, self.spec = paths, spec
        self.sandboxes: dict[tuple[str, ...], Sandbox] = {}  # by the modules that are hidden
        self.of: Assignment | None = None

    def run(self, assignment_id: str, student: str, digest: str) -> None:
        """Run the public checks on one submission and tell what came of it. Raises GraderError."""
        assignment = read_assignment(self.paths, assignment_id)
        checks = public_checks(self.paths, assignment)
        with Store.open(self.paths.record, read_only=True) as store:
            submission = store.submission(digest, student, assignment_id)
        released = released_files(self.paths, assignment)
        if self.of != assignment:
            self.close()
            self.of = assignment
        try:
            found = run_public_checks(assignment, checks, submission, released, self._sandbox)
            tell({"results": [astuple(each) for each in found]})
        except SubmissionError as problem:
            tell({"unreadable": str(problem)})

    def _sandbox(self, assignment: Assignment) -> Sandbox:
        hidden, spec = assignment.hidden_modules, self.spec
        if hidden not in self.sandboxes:
            made = opener(assignment, spec.kind, spec.level, spec.image, spec.cpus, None, spec.runtime)
            self.sandboxes[hidden] = made()
        return self.sandboxes[hidden]

    def close(self) -> None:
        for sandbox in self.sandboxes.values():
            sandbox.close()
        self.sandboxes, self.of = {}, None


def main() -> int:
    running = Running(*asked_for())
    os.nice(BEHIND)
    try:
        while line := _next_line(running):
            wanted = json.loads(line)
            try:
                running.run(wanted["assignment"], wanted["student"], wanted["digest"])
                tell({"ended": ""})
            except GraderError as error:
                running.close()
                tell({"ended": str(error) or type(error).__name__})
    except KeyboardInterrupt:
        pass
    finally:
        running.close()
    return 0


def _next_line(running: Running) -> str:
    """The next order, "" at the end; an order comes when the one before was answered, so that no line waits unread."""
    if not select.select([sys.stdin], [], [], KEPT_FOR_S)[0]:
        running.close()
    return sys.stdin.readline()


if __name__ == "__main__":
    sys.exit(main())
