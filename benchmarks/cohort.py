"""A class to grade: a course folder of its own with this repository's assignment 1, and copies of its solution."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.course.config import read_assignment
from grader.course.master import master_cells
from grader.execution import batch
from grader.execution.pool import Pool
from grader.paths import PACKAGE, Paths
from grader.record.store import Store
from grader.schema import Assignment, Status, Submission

ASSIGNMENT = "a1_mlp"
QUICK = ("q4", "q5")  # cheap ones, where only the way of it is to be tried


@dataclass(frozen=True)
class Cohort:
    """A course folder, its assignment, and which questions are graded."""

    paths: Paths
    assignment: Assignment
    questions: tuple[str, ...]

    @property
    def tests(self) -> dict[str, str]:
        return {name: digest for name, digest in self.all_tests.items() if name in self.questions}

    @property
    def all_tests(self) -> dict[str, str]:
        return batch.question_digests(self.paths, self.assignment)

    def copies(self, first: int, count: int) -> list[Submission]:
        """The solution handed in by `count` students, a comment in each so that no two are the same bytes."""
        cells = _solution(self.paths)
        return [
            Submission(f"s{number:05}", ASSIGNMENT, f"{ASSIGNMENT}.ipynb", _ipynb([f"# copy {number}", *cells]))
            for number in range(first, first + count)
        ]


def copy_of_the_course(root: Path) -> Paths:
    """This repository's assignments, solutions and course.toml in another folder, without any record."""
    for name in ("assignments", "solutions"):
        shutil.copytree(PACKAGE.parent / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PACKAGE.parent / "course.toml", root)
    return Paths(root)


@contextmanager
def cohort(quick: bool) -> Iterator[Cohort]:
    """A fresh course folder, removed at the end; `quick` grades the questions of QUICK only."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        paths = copy_of_the_course(Path(folder))
        assignment = read_assignment(paths, ASSIGNMENT)
        with_tests = tuple(batch.question_digests(paths, assignment))
        yield Cohort(paths, assignment, QUICK if quick else with_tests)


class Grading:
    """A pool and a record of its own; `grade` is what `grader grade` does between start and end."""

    def __init__(self, of: Cohort, pool: Pool, name: str) -> None:
        self.cohort = of
        self.pool = pool
        self.store = Store.open(of.paths.root / name / "record.sqlite")
        run = self.store.begin_run(ASSIGNMENT, "benchmark")
        self.batch = batch.Batch(self.store, of.assignment, of.tests, batch.course_secret(of.paths), run)

    def grade(self, submissions: list[Submission]) -> list[batch.Graded]:
        """Grade; raises SystemExit unless every copy gets full marks."""
        return [check(row) for row in self.batch.grade(self.pool, submissions)]

    def regrade(self) -> list[batch.Graded]:
        return [check(after) for _, after in self.batch.regrade(self.pool)]

    def close(self) -> None:
        self.store.close()
        self.pool.close()


def check(row: batch.Graded) -> batch.Graded:
    """Give the row back if every check passed; a figure of anything else would mean nothing."""
    attempt = row.attempt
    wrong = [
        f"{result.name}: {result.outcome.value}: {result.message}"
        for result in attempt.results
        if not result.outcome.earns
    ]
    if attempt.status is not Status.GRADED or wrong:
        raise SystemExit(f"{attempt.student}: {attempt.status.value} {row.fault} {wrong}")
    return row


def _solution(paths: Paths) -> list[str]:
    return [cell.code for cell in master_cells(paths, ASSIGNMENT)]


def _ipynb(sources: list[str]) -> bytes:
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "execution_count": None, "id": f"c{n}", "metadata": {}, "outputs": [], "source": source}
        for n, source in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
