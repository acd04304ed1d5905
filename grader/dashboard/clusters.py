"""Failures that look alike: one check, one diagnosis, several students. Often the check is at fault. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from grader.dashboard.cohort import Cohort
from grader.languages.translating import tr
from grader.schema import CheckResult, Outcome, add_up

FEWEST = 3  # students
MASKS = (  # in this order; what differs from student to student or from seed to seed
    (re.compile(r"`[^`]*`"), "`...`"),  # the student's own line
    (re.compile(r"your notebook defines .*"), "your notebook defines ..."),
    (re.compile(r"0x[0-9a-fA-F]+"), "0x..."),
    (re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])"), "#"),
    (re.compile(r"\s+"), " "),
    (re.compile(r"\bindex \(#(?:, #)*,?\)"), "index #"),  # of however many axes
    (re.compile(r"\baxes #(?:, #)*(?: and #)? are\b"), "axis # is"),
    (re.compile(r"\baxes\b"), "axis"),
)
LONGEST = 300  # letters of a diagnosis that are compared


@dataclass(frozen=True)
class Cluster:
    """Students to whom the same was said at the same checks of one question."""

    question: str
    checks: tuple[str, ...]
    outcome: Outcome
    said: str  # to one of them, in full
    students: tuple[str, ...]
    asked: int  # how many students were asked at all
    elsewhere: float  # what these students got in the other questions, mean share of the points
    class_elsewhere: float  # what everybody got there
    better: bool  # whether these students are better there than the class, by more than chance (two standard errors)
    tried: bool  # whether there was an answer to judge; a function that is not there says nothing about the check

    @property
    def doubt(self) -> str:
        """Why the check rather than these students may be at fault; "" when nothing says so."""
        if not self.tried:
            return ""
        if 2 * len(self.students) >= self.asked:
            return tr("{n} of {asked} are told the same", n=len(self.students), asked=self.asked)
        if self.better:
            return tr("in the other questions these students do better than the class")
        return ""


def masked(message: str) -> str:
    """A diagnosis without what differs between students: numbers, addresses, their own names and lines."""
    text = message[: 4 * LONGEST]
    for pattern, mark in MASKS:
        text = pattern.sub(mark, text)
    return text.strip()[:LONGEST]


def clusters(cohort: Cohort, fewest: int = FEWEST) -> tuple[Cluster, ...]:
    """The clusters of at least `fewest` students: doubtful ones first, then the largest.

    Where the same students are told the same at several checks of a question, this is one cluster.
    """
    told: dict[tuple[str, str, Outcome, str], dict[str, CheckResult]] = {}
    asked: Counter[tuple[str, str]] = Counter()
    for attempt in cohort.graded:
        for result in attempt.results:
            asked[result.question, result.name] += 1
            if not result.outcome.earns and result.outcome is not Outcome.DEFERRED:
                diagnosis = masked(result.message or result.hint)
                key = (result.question, result.name, result.outcome, diagnosis)
                told.setdefault(key, {})[attempt.student] = result
    merged: dict[tuple[str, Outcome, str, frozenset[str]], list[str]] = {}
    for (question, check, outcome, diagnosis), results in told.items():
        if len(results) >= fewest:
            merged.setdefault((question, outcome, diagnosis, frozenset(results)), []).append(check)
    shares = {question.id: _elsewhere(cohort, question.id) for question in cohort.assignment.questions}
    found = []
    for (question, outcome, diagnosis, students), checks in merged.items():
        said = Counter(_said(each) for each in told[question, checks[0], outcome, diagnosis].values())
        usual = min(said, key=lambda text: (-said[text], text))
        share = shares.get(question, {})
        here, everybody = [share[student] for student in sorted(students) if student in share], list(share.values())
        found.append(
            Cluster(
                question,
                tuple(checks),
                outcome,
                usual,
                tuple(sorted(students)),
                asked[question, checks[0]],
                elsewhere=_mean(here),
                class_elsewhere=_mean(everybody),
                better=_better(here, everybody),
                tried=not any(each.not_there for each in told[question, checks[0], outcome, diagnosis].values()),
            )
        )
    return tuple(sorted(found, key=_rank))


def _rank(cluster: Cluster) -> tuple[object, ...]:
    return (
        not cluster.doubt,
        not cluster.tried,
        -len(cluster.students),
        cluster.question,
        cluster.checks,
        cluster.said,
    )


def _said(result: CheckResult) -> str:
    return result.message or result.hint


def _elsewhere(cohort: Cohort, question_id: str) -> dict[str, float]:
    """Student -> share of the points of all questions but this one; empty where there is no other."""
    others = cohort.compared - {question_id}
    worth = add_up(question.points for question in cohort.assignment.questions if question.id in others)
    if not worth:
        return {}
    shares = {}
    for attempt, total in zip(cohort.graded, cohort.compared_points, strict=True):
        own = sum(result.points for result in attempt.of_question(question_id))
        shares[attempt.student] = float((total - own) / worth)
    return shares


def _better(here: list[float], everybody: list[float]) -> bool:
    """Whether the mean of some is above the mean of all by more than two standard errors of a draw of so many."""
    if not here:
        return False
    mean = _mean(everybody)
    variance = _mean([(value - mean) ** 2 for value in everybody])
    return _mean(here) > mean + 2 * math.sqrt(variance / len(here)) + 1e-9


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
