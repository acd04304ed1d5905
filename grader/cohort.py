"""What a whole class says about an assignment and its checks: spread, difficulty, what goes wrong alike. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from grader.schema import Assignment, Attempt, Outcome, Status

BINS = 10
ODD_ENDINGS = (Outcome.TIMEOUT, Outcome.MEMORY, Outcome.CRASHED, Outcome.PROTOCOL, Outcome.FORBIDDEN)


@dataclass(frozen=True)
class CheckNumbers:
    """How one check went. `upper`, `lower`: passed among the better and the weaker half of the class."""

    name: str
    question: str
    max_points: Decimal
    asked: int
    passed: int
    upper: tuple[int, int]  # (passed, asked)
    lower: tuple[int, int]
    said: tuple[tuple[str, int], ...]  # what was said most often to those who failed, and how often

    @property
    def doubt(self) -> str:
        """Why the check rather than the class may be at fault; empty when nothing says so."""
        if self.asked < 4:
            return ""
        if not self.passed:
            return "nobody passes this check; is it right?"
        (up, of_up), (low, of_low) = self.upper, self.lower
        if of_up and of_low and low / of_low > up / of_up + 0.1:
            return f"the weaker half does better ({low} of {of_low}) than the other ({up} of {of_up}); is it right?"
        return ""


@dataclass(frozen=True)
class Cohort:
    """The attempts at one assignment, taken together."""

    assignment: Assignment
    attempts: tuple[Attempt, ...]

    @property
    def graded(self) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in self.attempts if attempt.status is Status.GRADED)

    def ended(self, status: Status) -> int:
        return sum(attempt.status is status for attempt in self.attempts)

    @property
    def middle(self) -> Decimal | None:
        """The median of the points of what was graded."""
        points = [attempt.points for attempt in self.graded]
        return median(points).quantize(Decimal("0.01")) if points else None

    def spread(self) -> list[int]:
        """How many graded attempts lie in each tenth of the points; full marks are in the last."""
        counts = [0] * BINS
        for attempt in self.graded:
            share = attempt.points / (self.assignment.max_points or Decimal(1))
            counts[min(int(share * BINS), BINS - 1)] += 1
        return counts

    def mean_share(self, question_id: str) -> float | None:
        """The mean of a question's points as a share of its worth; None where nobody was asked."""
        worth = self.assignment.question(question_id).points
        asked = [results for attempt in self.graded if (results := attempt.of_question(question_id))]
        if not asked or not worth:
            return None
        points = sum((result.points for results in asked for result in results), Decimal(0))
        return float(points / worth / len(asked))

    def checks(self) -> list[CheckNumbers]:
        """Every check that was asked, in the order of the questions."""
        by_points = sorted(self.graded, key=lambda attempt: (-attempt.points, attempt.student))
        half = len(by_points) // 2
        upper = {attempt.student for attempt in by_points[:half]}
        lower = {attempt.student for attempt in by_points[len(by_points) - half :]}
        first = {result.name: result for attempt in self.graded for result in attempt.results}
        order = {question.id: place for place, question in enumerate(self.assignment.questions)}
        names = sorted(first, key=lambda name: order.get(first[name].question, len(order)))
        return [self._numbers(name, upper, lower) for name in names]

    def _numbers(self, name: str, upper: set[str], lower: set[str]) -> CheckNumbers:
        found = [
            (attempt.student, result) for attempt in self.graded for result in attempt.results if result.name == name
        ]
        said = Counter(result.message for _, result in found if not result.outcome.earns and result.message)
        any_result = found[0][1]

        def among(students: set[str]) -> tuple[int, int]:
            asked = [result for student, result in found if student in students]
            return sum(result.outcome.earns for result in asked), len(asked)

        everybody = {student for student, _ in found}
        passed, asked = among(everybody)
        most = sorted(said.items(), key=lambda item: (-item[1], item[0]))[:2]
        return CheckNumbers(
            name, any_result.question, any_result.max_points, asked, passed, among(upper), among(lower), tuple(most)
        )


def reasons_to_look(attempt: Attempt) -> list[tuple[str, str]]:
    """Why a person should look at an attempt before marks are published, as (kind, what); empty if nothing is odd."""
    if attempt.status is not Status.GRADED:
        return [(attempt.status.value, attempt.notices[-1] if attempt.notices else "")]
    reasons = []
    for outcome in ODD_ENDINGS:
        ended = [result for result in attempt.results if result.outcome is outcome]
        if ended:
            more = f" (and {len(ended) - 1} more)" if len(ended) > 1 else ""
            reasons.append((outcome.value, f"{ended[0].question}: {ended[0].message}{more}"))
    reasons += [("name", named) for named in _nearly_found(attempt)]
    if not attempt.points and not reasons and any(result.outcome is Outcome.FAILED for result in attempt.results):
        reasons.append(("0 points", "answers were given, and none of them was right"))
    return reasons


def _nearly_found(attempt: Attempt) -> list[str]:
    """Names that were not found though the notebook defines one like it."""
    missing = [result for result in attempt.results if result.outcome is Outcome.MISSING]
    near = [
        f"{result.question}: {result.message}" for result in missing if "; your notebook defines " in result.message
    ]
    return list(dict.fromkeys(near))
