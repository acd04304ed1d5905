"""Where the cost of one submission lies: each step on its own, in the process sandbox.

    python -m benchmarks.parts [--quick] [--times 20]

Processor seconds of both sides (this process and all below it), and wall seconds. What is left of a submission's cost
when these are taken off is student code, the tests' own arithmetic, and the judging of answers.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from benchmarks import cohort, processor
from grader.examination import examiner, pytest_plugin
from grader.examination.channel import Channel
from grader.examination.hosted import Hosted
from grader.examination.student import Student
from grader.examination.task import Task
from grader.examination.transcript import Transcript
from grader.execution import batch
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.sandbox.process import ProcessSandbox
from grader.schema import Submission
from grader.submission import notebook

CALLS = 200  # of one kind, in one go


class Steps:
    """Every step as a function that does it once."""

    def __init__(self, of: cohort.Cohort) -> None:
        self.of = of
        (self.submission,) = of.copies(0, 1)
        self.book = notebook.read(self.submission.content, self.submission.filename)
        self.sandbox = ProcessSandbox(of.assignment)

    def read(self) -> None:
        notebook.read(self.submission.content, self.submission.filename)

    def open_and_close(self) -> None:
        self.sandbox.open().close()

    @contextmanager
    def student(self) -> Iterator[Student]:
        channel = Channel(self.of.assignment, self.book, (), lambda: self.sandbox, Transcript())
        try:
            yield Student(channel, "check", "0")
        finally:
            channel.close()

    def open_load_and_close(self) -> None:
        with self.student():
            pass

    def call(self) -> None:
        with self.student() as student:
            for _ in range(CALLS):
                student.has("softmax")

    def record(self, row: batch.Graded, transcripts: dict[str, bytes], into: cohort.Grading) -> Callable[[], object]:
        return lambda: into.store.add_attempt(into.batch.run, row.attempt, transcripts)


class EmptyChecks:
    """Takes the place of pytest's loop: examines a notebook with hidden tests whose bodies are not run."""

    def __init__(self, submission: Submission, steps: Steps, times: int) -> None:
        self.submission, self.steps, self.times = submission, steps, times
        self.took: dict[str, float] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self) -> bool:
        return True

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        hidden = session.config.stash[pytest_plugin.HIDDEN]
        task = Task(self.submission, "0", self.steps.of.questions)

        def examine() -> None:
            child = os.fork()
            if child == 0:
                examiner.examine(task, hidden, session.items, lambda: self.steps.sandbox)
                os._exit(0)
            os.waitpid(child, 0)

        self.took = measured(examine, self.times)
        return True


def measured(step: Callable[[], object], times: int) -> dict[str, float]:
    """cpu_s and wall_s of doing a step once."""
    step()
    meter = processor.Meter()
    meter.start()
    for _ in range(times):
        step()
    return {name: used / times for name, used in meter.stop().items()}


def empty_checks(steps: Steps, times: int) -> dict[str, float]:
    root = str(steps.of.paths.root)
    os.environ["GRADER_COURSE"] = root
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "--capture=no"]
    checks = EmptyChecks(steps.submission, steps, times)
    folder = str(steps.of.paths.hidden_tests(cohort.ASSIGNMENT))
    pytest.main([folder, f"--rootdir={root}", "-c", os.devnull, *quiet], plugins=[Hosted(), checks])
    return checks.took


def on_record(of: cohort.Cohort, steps: Steps, times: int) -> tuple[dict[str, float], dict[str, float], float]:
    """(a whole submission, putting it on record, MiB of its transcripts)."""
    grading = cohort.Grading(of, Pool(of.paths, cohort.ASSIGNMENT, PoolSpec("process")), "parts")
    try:
        numbers = iter(range(1, 1000))
        whole = measured(lambda: grading.grade(of.copies(next(numbers), 1)), max(1, times // 4))
        (row,) = grading.grade(of.copies(0, 1))
        stored = grading.store.current_attempt(row.attempt.student, cohort.ASSIGNMENT)
        assert stored is not None
        transcripts = grading.store.transcripts(stored.id)
        recorded = measured(steps.record(row, transcripts, grading), times)
        return whole, recorded, sum(map(len, transcripts.values())) / 2**20
    finally:
        grading.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="once each, two questions: that it works, no figures")
    options.add_argument("--times", type=int, default=20)
    chosen = options.parse_args()
    times = 1 if chosen.quick else chosen.times
    with cohort.cohort(chosen.quick) as of:
        steps = Steps(of)
        whole, recorded, transcripts_mib = on_record(of, steps, times)
        rows = {
            "a whole submission": whole,
            "  read the notebook": measured(steps.read, times),
            "  open and close a candidate": measured(steps.open_and_close, times),
            "  the same, and run the cells": measured(steps.open_load_and_close, times),
            f"  the same, and {CALLS} calls": measured(steps.call, times),
            "  all checks, their bodies left out": empty_checks(steps, times),
            f"  put {transcripts_mib:.1f} MiB of transcripts on record": recorded,
        }
        steps.sandbox.close()
    print(f"{'':44}{'CPU ms':>9}{'wall ms':>9}")
    for name, took in rows.items():
        print(f"{name:44}{1e3 * took['cpu_s']:9.1f}{1e3 * took['wall_s']:9.1f}")


if __name__ == "__main__":
    main()
