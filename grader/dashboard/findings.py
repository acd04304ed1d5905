"""Everything that is calculated for the pages about one assignment, once. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from grader.dashboard.clusters import Cluster, clusters
from grader.dashboard.cohort import Cohort, Near
from grader.dashboard.incidents import Incident, incidents
from grader.dashboard.links import Check
from grader.dashboard.statistics import CheckNumbers, QuestionNumbers, check_numbers, question_numbers
from grader.schema import Attempt
from grader.terminal.screen import hint_for


@dataclass(frozen=True)
class Findings:
    """What is found in one cohort."""

    cohort: Cohort
    questions: tuple[QuestionNumbers, ...]
    checks: tuple[CheckNumbers, ...]
    clusters: tuple[Cluster, ...]
    incidents: tuple[Incident, ...]
    near: tuple[Near, ...]

    @cached_property
    def known(self) -> Mapping[str, Check]:
        """Every check by its name: where it stands on the page, and its hint."""
        return _known(self.checks, self.cohort.graded)

    @property
    def doubtful_checks(self) -> tuple[CheckNumbers, ...]:
        return tuple(check for check in self.checks if check.doubt)

    @property
    def doubtful_clusters(self) -> tuple[Cluster, ...]:
        return tuple(cluster for cluster in self.clusters if cluster.doubt)

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """One name a doubt: the checks in doubt by themselves, and the first of each cluster that is."""
        alone = {check.name for check in self.doubtful_checks}
        together = {cluster.checks[0] for cluster in self.doubtful_clusters if not alone & set(cluster.checks)}
        return tuple(sorted(alone | together))

    @cached_property
    def in_doubt(self) -> frozenset[str]:
        """The names of checks that may be at fault, by themselves or by who is told the same at them."""
        together = (name for cluster in self.doubtful_clusters for name in cluster.checks)
        return frozenset([*(check.name for check in self.doubtful_checks), *together])


def findings(cohort: Cohort, near: Sequence[Near] = ()) -> Findings:
    return Findings(
        cohort,
        question_numbers(cohort),
        check_numbers(cohort),
        clusters(cohort),
        incidents(cohort),
        tuple(near),
    )


def _known(found: Sequence[CheckNumbers], attempts: Sequence[Attempt]) -> dict[str, Check]:
    """Name -> where the check stands, and the hint that most who get it wrong are given, with how many they are."""
    given: dict[str, Counter[str]] = {}
    for attempt in attempts:
        for result in attempt.results:
            hint = hint_for(result)
            if hint and result.wrong:
                given.setdefault(result.name, Counter())[hint] += 1
    usual = {name: hints.most_common(1)[0] for name, hints in given.items()}
    return {check.name: Check(place, *usual.get(check.name, ())) for place, check in enumerate(found, 1)}
