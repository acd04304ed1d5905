"""A small invented course that no grading makes: what its pages look like says whether a picture is stale.

It depends on no hidden test, so that a picture is not stale because a check was renamed.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from grader.paths import Paths
from grader.record.store import Store
from grader.schema import Attempt, CheckResult, Evidence, Outcome, Status, Submission, Usage

ASSIGNMENT = "probe"
STUDENT = "s05"
COURSE = """\
name = "Probe"

[[component]]
id = "assignments"
title = "Assignments"
weight = 100
assignments = ["probe"]
"""
QUESTIONS = """\
title = "Three questions"

[[question]]
id = "q1"
title = "Softmax"
points = 4
names = ["softmax"]

[[question]]
id = "q2"
title = "Counting"
points = 3
names = ["count"]

[[question]]
id = "q3"
title = "Sums"
points = 3
names = ["running_sum"]

[[question]]
id = "q4"
title = "Means"
points = 2
names = ["mean"]
"""
STAFF = "staff,role,name\nada,instructor,Ada\nben,assistant,Ben\n"
CELLS = (
    "import numpy as np",
    "def softmax(z):\n    e = np.exp(z)\n    return e / e.sum()",
    "def count(x):\n    return len(x)",
    "def running_sum(x):\n    raise NotImplementedError",
    "def mean(x):\n    raise NotImplementedError",
)
TOO_LARGE = "softmax is too large by the factor 3."


def make(root: Path, students: int = 12) -> Paths:
    """Write the course below `root`: a roster, a staff, an assignment, an attempt of everybody but one, two changes."""
    paths = Paths(root)
    paths.assignment(ASSIGNMENT).mkdir(parents=True)
    paths.course_toml.write_text(COURSE, encoding="utf-8")
    paths.assignment_toml(ASSIGNMENT).write_text(QUESTIONS, encoding="utf-8")
    names = [f"s{number:02}" for number in range(1, students + 1)]
    roster = ["student,name", *(f"{name},Student {name[1:]}" for name in names)]
    paths.roster_csv.write_text("\n".join(roster) + "\n", encoding="utf-8")
    paths.staff_csv.write_text(STAFF, encoding="utf-8")
    with Store.open(paths.record) as store:
        run = store.begin_run(ASSIGNMENT, f"grade {ASSIGNMENT}")
        for place, student in enumerate(names[:-1]):
            file = Submission(student, ASSIGNMENT, f"{ASSIGNMENT}.ipynb", notebook(student))
            store.add_submission(file)
            store.add_attempt(run, _attempt(student, file, place), {})
        store.end_run(run, "done")
        store.add_override(STUDENT, ASSIGNMENT, "q1", Decimal(1), "right in another convention", "ben")
        store.add_override(names[-1], ASSIGNMENT, "all", Decimal(2), "on paper", "ben")
    return paths


def notebook(student: str) -> bytes:
    cells = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "execution_count": None, "outputs": [],
         "source": text}
        for number, text in enumerate((*CELLS, f"# {student}"), 1)
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _attempt(student: str, file: Submission, place: int) -> Attempt:
    """The later, the worse: most have the softmax wrong, some a slow count, half of them wrote no sum and no mean."""

    def result(name: str, question: str, points: str, outcome: Outcome, said: str, hint: str = "") -> CheckResult:
        right = outcome is Outcome.PASSED
        return CheckResult(name, question, outcome, Decimal(points), "" if right else said, "" if right else hint)

    wrong = Outcome.PASSED if place < 3 else Outcome.FAILED
    slow = Outcome.TIMEOUT if place == 8 else Outcome.PASSED
    last = Outcome.ERROR if place > 3 else Outcome.PASSED
    unwritten = "not written yet: {} in cell {} raises NotImplementedError"
    results = (
        result("test_rows_add_up", "q1", "2", wrong, TOO_LARGE, "Divide by the sum of the row."),
        result("test_shapes_are_kept", "q1", "2", Outcome.PASSED, ""),
        result("test_it_counts", "q2", "3", slow, "no answer within 10 s"),
        result("test_sums", "q3", "3", last, unwritten.format("running_sum", 4)),
        result("test_means", "q4", "2", last, unwritten.format("mean", 5)),
    )
    tests = tuple((question, "ab" * 32) for question in ("q1", "q2", "q3", "q4"))
    evidence = Evidence(file.digest, tests, "sha256:" + "ef" * 32, "cpu", "5eed", "strict")
    return Attempt(student, ASSIGNMENT, Status.GRADED, evidence, results, ("a notice",), Usage(1.0, 2.0, 40.0))
