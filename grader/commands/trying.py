"""`try`: what files would get from the hidden tests, with nothing of it on record."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from grader.commands.grading import examiners, shown
from grader.course.config import asked_question, read_assignment
from grader.errors import UsageError
from grader.examination.task import Examined, Task
from grader.execution import batch
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.languages.translating import tr
from grader.paths import Paths, find_root
from grader.schema import Assignment, Attempt, Evidence, Status, Submission
from grader.terminal import colour, screen
from grader.terminal.attempt_json import attempts_document


def try_files(chosen: argparse.Namespace) -> int:
    """Examine files for some questions or all, and print each in full; 1 where one lost points or was deferred."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    tests = batch.question_digests(paths, assignment)
    questions = _asked(assignment, chosen.question, tests)
    device = "cuda" if chosen.gpus else "cpu"
    secret = batch.course_secret(paths)
    tasks = [
        Task(submission, _seed(secret, submission, chosen.seed), questions, device)
        for submission in _submissions(assignment, chosen.files)
    ]
    with (
        examiners(paths, assignment.id, chosen) as pool,
        shown(pool, f"try {assignment.id}", len(tasks), chosen) as progress,
    ):
        found = {}
        for task, examined in pool.run(iter(tasks)):
            graded = _graded(assignment, task, examined, tests, pool.ready.environment, pool.ready.isolation)
            progress.done(f"{graded.attempt.student} {screen.total_of(graded.attempt)}")
            found[task.submission.student] = graded
    rows = [found[task.submission.student] for task in tasks]
    only = replace(assignment, questions=tuple(each for each in assignment.questions if each.id in questions))
    if chosen.json:
        print(json.dumps(attempts_document(only, rows), indent=1, ensure_ascii=False))
    else:
        colour.show("\n".join(_pages(only, rows)))
    return DONE if all(map(_is_whole, rows)) else NEEDS_A_PERSON


def _is_whole(row: batch.Graded) -> bool:
    return row.attempt.status is Status.GRADED and all(check.outcome.earns for check in row.attempt.results)


def _asked(assignment: Assignment, named: Sequence[str], tests: dict[str, str]) -> tuple[str, ...]:
    """The questions that are examined, in the order of the assignment. Raises UsageError."""
    asked = {asked_question(assignment, name).id for name in named} or tests.keys()
    by_hand = sorted(asked - tests.keys())
    if by_hand or not asked:
        raise UsageError(f"{', '.join(by_hand) or assignment.id}: a person marks this, there is nothing to be run")
    return tuple(question.id for question in assignment.questions if question.id in asked)


def _seed(secret: bytes, submission: Submission, named: str | None) -> str:
    """What hidden inputs are drawn from: as when it is graded, or of a name, which draws others."""
    if named is None:
        return batch.seed_for(secret, submission)
    return hashlib.sha256(f"try/{named}".encode()).hexdigest()[:32]


def _submissions(assignment: Assignment, files: Sequence[Path]) -> Iterator[Submission]:
    """One of each file, called like it. Raises UsageError for what is no file, and for two of one name."""
    seen: dict[str, Path] = {}
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}; name notebooks, .py files or zips") from None
        first = seen.setdefault(file.name, file)
        if first is not file:
            raise UsageError(f"{first} and {file} have one name; give one of them another")
        yield Submission(file.name, assignment.id, file.name, content)


def _graded(
    assignment: Assignment, task: Task, examined: Examined, tests: dict[str, str], environment: str, isolation: str
) -> batch.Graded:
    """The row that a file would have."""
    of_these = tuple((name, tests[name]) for name in task.questions)
    evidence = Evidence(task.submission.digest, of_these, environment, task.device, task.seed, isolation)
    notices = (*examined.notices, *([f"deferred: {examined.fault}"] if examined.fault else []))
    attempt = Attempt(
        task.submission.student, assignment.id, examined.status, evidence, examined.results, notices, examined.usage
    )
    return batch.Graded(task.submission, attempt, fault=examined.fault, asked_live=examined.asked_live)


def _pages(assignment: Assignment, rows: Sequence[batch.Graded]) -> Iterator[str]:
    for row in rows:
        yield screen.attempt_page(assignment, row.attempt, tr("tried, not on record"))
