"""Synthetic attempts: plausible results that no code obtained. Same seed, same results."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace

from examples.semester.checks import Planned
from examples.semester.people import Person
from grader.schema import (
    Assignment,
    Attempt,
    CheckResult,
    Evidence,
    Outcome,
    Status,
    Submission,
    Usage,
)

LABEL = "Synthetic: made by examples.semester; no notebook was run."
NOTHING_RAN = "synthetic"
ODD = {  # case -> how one question ends, and what is said
    "timeout": (Outcome.TIMEOUT, "no answer within 10 s"),
    "memory": (Outcome.MEMORY, "out of memory: more than 2048 MiB"),
    "crashed": (Outcome.CRASHED, "the process ended during the call (exit code 0)"),
    "forbidden": (Outcome.FORBIDDEN, "aten::convolution was used; it is ruled out"),
    "nearly named": (Outcome.MISSING, "looked for forward; your notebook defines fowrard (cell 12)"),
}
SAVED_PAGE = b"<!DOCTYPE html>\n<html><head><title>Synthetic</title></head><body>no notebook</body></html>\n"


def submission(person: Person, assignment: str, case: str) -> Submission:
    """What is on record as handed in: a notebook of one cell that says what it is, or a saved web page."""
    if case == "unreadable":
        return Submission(person.id, assignment, f"{assignment}.ipynb", SAVED_PAGE)
    text = f"{LABEL} {person.id}, {assignment}."
    cell = {"cell_type": "markdown", "id": "synthetic", "metadata": {}, "source": [text]}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return Submission(person.id, assignment, f"{assignment}.ipynb", json.dumps(notebook).encode())


def attempt(person: Person, assignment: Assignment, plan: Sequence[Planned], case: str, seed: int) -> Attempt:
    """The attempt at that submission."""
    digest = submission(person, assignment.id, case).digest
    versions = [(question.id, _digest(f"{assignment.id}/{question.id}")) for question in assignment.questions]
    attempt_seed = _digest(f"{seed}/{assignment.id}/{person.id}")[:32]
    evidence = Evidence(digest, tuple(versions), NOTHING_RAN, "cpu", attempt_seed, "synthetic")
    made = Attempt(person.id, assignment.id, Status.GRADED, evidence, notices=(LABEL,))
    if case == "unreadable":
        why = f"{assignment.id}.ipynb is a saved web page, not a notebook; download the notebook itself"
        return replace(made, status=Status.UNREADABLE, notices=(LABEL, why))
    if case == "deferred":
        return replace(made, status=Status.DEFERRED, notices=(LABEL, "the sandbox went away twice; to be run again"))
    draw = random.Random(f"{seed}/{assignment.id}/{person.id}/results")
    results = _results(person, assignment, plan, case, draw)
    return replace(made, results=results, usage=_usage(results, draw))


def _results(
    person: Person, assignment: Assignment, plan: Sequence[Planned], case: str, draw: random.Random
) -> tuple[CheckResult, ...]:
    form = person.level + draw.gauss(0.1, 0.6)  # on that day
    unwritten = {
        question.id
        for question in assignment.questions
        if case == "nothing written" or draw.random() < 0.14 / (1 + math.exp(1.5 * form))
    }
    odd = draw.choice(assignment.questions).id if case in ODD else ""
    usual = draw.random()  # people who make one usual mistake tend to make another
    found = []
    for planned in plan:
        check = planned.check
        if check.question in unwritten:
            said = f"not written yet: {check.question} in cell {int(check.question[1:]) + 3} raises NotImplementedError"
            found.append(_result(check.name, planned, Outcome.ERROR, said, draw))
        elif check.question == odd:
            found.append(_result(check.name, planned, *ODD[case], draw))
        elif _passes(planned, form, draw):
            found.append(_result(check.name, planned, Outcome.PASSED, "", draw))
        else:
            found.append(_result(check.name, planned, *_mistake(planned, usual, draw), draw))
    return tuple(found)


def _passes(planned: Planned, form: float, draw: random.Random) -> bool:
    if planned.fault == "nobody passes":
        return False
    if planned.fault == "the better fail":  # as a test does that takes one of two right answers for wrong
        return draw.random() > 0.9 / (1 + math.exp(-3 * (form - 0.3)))
    return draw.random() < 1 / (1 + math.exp(-planned.sharpness * (form - planned.hardness)))


def _mistake(planned: Planned, usual: float, draw: random.Random) -> tuple[Outcome, str]:
    if planned.fault:
        return Outcome.FAILED, "result has shape (7, 1), expected (7,): axes of length 1 are too many"
    place = min(int((usual + draw.random()) / 2 * 4.4), len(planned.mistakes) - 1)
    text = planned.mistakes[place]
    if "{n} of {n}" in text:
        few, many = sorted((draw.randint(2, 9), draw.randint(2, 9)))
        text = text.replace("{n} of {n}", f"{few} of {many}", 1)
    while "{n}" in text:
        text = text.replace("{n}", str(draw.randint(2, 9)), 1)
    return (Outcome.ERROR if place == 3 else Outcome.FAILED), text


def _result(name: str, planned: Planned, outcome: Outcome, message: str, draw: random.Random) -> CheckResult:
    check = planned.check
    wall_s = 10.0 if outcome is Outcome.TIMEOUT else round(draw.lognormvariate(-3.5, 0.8), 4)
    hint = "" if outcome.earns else check.hint
    return CheckResult(name, check.question, outcome, check.max_points, message, hint, wall_s)


def _usage(results: Sequence[CheckResult], draw: random.Random) -> Usage:
    wall_s = sum(result.wall_s for result in results) * draw.lognormvariate(0.1, 0.3)
    return Usage(round(wall_s * 0.9, 3), round(wall_s, 3), round(draw.gauss(210, 30), 1))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
