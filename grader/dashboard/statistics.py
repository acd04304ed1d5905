"""How questions and checks do their work: how hard they are, and whether they tell the better from the weaker. Pure.

Difficulty is told by the mean share of the points: 1 is easy, 0 is hard.
Discrimination is the item-rest correlation: Pearson's r between the points of a question (or check) and the points of
everything else in the assignment. For a check, which is passed or not, this is the point-biserial correlation. The item
itself is left out of the rest, for it would agree with itself.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from grader.dashboard.cohort import Cohort
from grader.languages.formats import figure
from grader.languages.translating import mark, tr
from grader.schema import CheckResult, Outcome, Question, add_up

FEWEST = 10  # students; a correlation of fewer says nothing
FEWEST_TO_DOUBT = 4
PASSES = (mark("nobody passes"), mark("who does well elsewhere passes less often (r = {r})"))  # of a check
GETS_A_POINT = (mark("nobody gets a point"), mark("who does well elsewhere gets a point less often (r = {r})"))


@dataclass(frozen=True)
class QuestionNumbers:
    """How one question went. `nothing`, `everything`: how many got no point, or all of them."""

    question: Question
    asked: int
    mean: float | None  # share of the points, 0 to 1; None: nobody was asked
    nothing: int
    everything: int
    discrimination: float | None  # None: too few students, or all got the same

    @property
    def doubt(self) -> str:
        """Why the question rather than the class may be at fault; "" when nothing says so."""
        return doubt(self.asked, self.asked - self.nothing, self.discrimination, GETS_A_POINT)


@dataclass(frozen=True)
class CheckNumbers:
    """How one check went."""

    name: str
    question: str
    max_points: Fraction
    asked: int
    passed: int
    wrong: int  # how many were judged and earned nothing
    not_there: int  # of how many there was nothing to judge: not written yet, or no such name
    endings: tuple[tuple[Outcome, int], ...]  # of what did not pass and is written, the most usual first
    discrimination: float | None

    @property
    def doubt(self) -> str:
        """Why the check rather than the class may be at fault; what is not written is no reason."""
        return doubt(self.asked if self.passed else self.wrong, self.passed, self.discrimination, PASSES)


def doubt(asked: int, passed: int, discrimination: float | None, said: tuple[str, str]) -> str:
    """What is said (PASSES, GETS_A_POINT) where nobody passes, or too seldom those who do well elsewhere; else "".

    A correlation counts as negative when it is further below 0 than chance explains (two standard errors).
    """
    if asked < FEWEST_TO_DOUBT:
        return ""
    if not passed:
        return tr(said[0])
    if discrimination is not None and discrimination < -2 / math.sqrt(asked):
        return tr(said[1], r=signed(discrimination))
    return ""


def signed(value: float) -> str:
    """Two digits and a sign, -0.00 without one."""
    text = f"{value:+.2f}"
    return figure(text.lstrip("+-") if float(text) == 0 else text.replace("-", "\u2212"))


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Pearson's r; None for fewer than FEWEST pairs or where one side is all the same."""
    count = len(first)
    if count < FEWEST:
        return None
    mean_first, mean_second = math.fsum(first) / count, math.fsum(second) / count
    off_first, off_second = [value - mean_first for value in first], [value - mean_second for value in second]
    scale = math.sqrt(math.fsum(x * x for x in off_first) * math.fsum(y * y for y in off_second))
    if not scale > 1e-9:
        return None
    return max(-1.0, min(1.0, math.fsum(x * y for x, y in zip(off_first, off_second, strict=True)) / scale))


def question_numbers(cohort: Cohort) -> tuple[QuestionNumbers, ...]:
    """Of every question, in the order of the assignment, over the attempts that were graded.

    What is to be marked by hand is left out: of its own question, and of the rest of all others for everybody.
    """
    return tuple(_of_question(cohort, question) for question in cohort.assignment.questions)


def _of_question(cohort: Cohort, question: Question) -> QuestionNumbers:
    pairs = []  # (points of the question, of the rest)
    for attempt, total in zip(cohort.graded, cohort.compared_points, strict=True):
        points = attempt.points_of(question.id)
        if points is not None:
            pairs.append((points, total - points if question.id in cohort.compared else total))
    mean = None
    if pairs and question.points:
        mean = float(add_up(points for points, _ in pairs) / question.points / len(pairs))
    return QuestionNumbers(
        question,
        asked=len(pairs),
        mean=mean,
        nothing=sum(not points for points, _ in pairs),
        everything=sum(points == question.points for points, _ in pairs),
        discrimination=correlation([float(points) for points, _ in pairs], [float(rest) for _, rest in pairs]),
    )


def check_numbers(cohort: Cohort) -> tuple[CheckNumbers, ...]:
    """Of every check that was asked, in the order of the questions; within one, in the order they ran."""
    found: dict[tuple[str, str], list[tuple[CheckResult, Fraction]]] = {}
    for attempt, total in zip(cohort.graded, cohort.compared_points, strict=True):
        for result in attempt.results:
            found.setdefault((result.question, result.name), []).append((result, total))
    order = {question.id: place for place, question in enumerate(cohort.assignment.questions)}
    names = sorted(found, key=lambda pair: order.get(pair[0], len(order)))
    return tuple(_of_check(found[pair]) for pair in names)


def _of_check(found: Sequence[tuple[CheckResult, Fraction]]) -> CheckNumbers:
    one = found[0][0]
    endings = Counter(result.outcome for result, _ in found if not (result.outcome.earns or result.not_there))
    usual_first = sorted(endings.items(), key=lambda item: (-item[1], list(Outcome).index(item[0])))
    passed = [float(result.outcome.earns) for result, _ in found]
    rest = [float(total - result.points) for result, total in found]
    return CheckNumbers(
        name=one.name,
        question=one.question,
        max_points=one.max_points,
        asked=len(found),
        passed=sum(result.outcome.earns for result, _ in found),
        wrong=sum(result.wrong for result, _ in found),
        not_there=sum(result.not_there for result, _ in found),
        endings=tuple(usual_first),
        discrimination=correlation(passed, rest),
    )
