"""The tests of the tests: submissions whose marks are known are graded, and what comes out is held against it.

- the reference gets every point, with every seed and however it says what it says; so does every right alternative
- the untouched starter gets none, and nonsense (None, NaN, zero, an empty array, words) passes no check
- every wrong solution fails the checks its header names and loses points in its question, and in no other
- every check is failed by some wrong solution
- no submission, however odd, makes a hidden test itself fail
- of the mutants made by machine from the reference, at least KILL_RATE are noticed (where mutants are asked for)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from grader.authoring.stability import Stability
from grader.authoring.variants import Variant
from grader.examination.task import Examined, Task
from grader.execution.pool import Pool
from grader.schema import Assignment, CheckResult, Outcome

KILL_RATE = 0.95  # of an assignment's mutants
WELL = "as it must be"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be."""

    variant: str
    says: str


@dataclass
class Audit:
    """What was graded and what was found."""

    assignment: Assignment
    graded: int = 0
    stability: Stability = field(default_factory=Stability)  # of the reference, over seeds
    failed_by: dict[str, set[str]] = field(default_factory=dict)  # check -> wrong solutions that fail it
    checks: dict[str, list[str]] = field(default_factory=dict)  # question -> its checks
    wrong: Counter[str] = field(default_factory=Counter)  # by question: wrong solutions,
    caught: Counter[str] = field(default_factory=Counter)  # those that lost points in it,
    named: Counter[str] = field(default_factory=Counter)  # those that were told their own hint,
    right: Counter[str] = field(default_factory=Counter)  # and right alternatives
    mutants: Counter[str] = field(default_factory=Counter)  # by question: made by machine,
    killed: Counter[str] = field(default_factory=Counter)  # and noticed
    survivors: list[Variant] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def green(self) -> bool:
        return not self.findings

    def asked(self, question: str) -> bool:
        """Whether the audit looked at this question."""
        return any(name in self.stability.passed for name in self.checks.get(question, ()))

    def seconds(self, question: str) -> float:
        """What the hidden tests of a question take with the reference, in wall seconds."""
        return sum(self.stability.wall_s(name) for name in self.checks.get(question, ()))


def run(
    pool: Pool,
    assignment: Assignment,
    planned: Iterable[tuple[Variant, Task]],
    tell: Callable[[str], None],
    every_known: bool = True,
) -> Audit:
    """Examine what was planned and judge it. `tell` hears of every variant that is done.

    every_known: all wrong solutions are there, so that a check which none of them fails is a finding
    """
    todo = list(planned)
    about = {(task.submission.student, task.seed): variant for variant, task in todo}
    audit = Audit(assignment)
    for question, name in pool.ready.checks:
        audit.checks.setdefault(question, []).append(name)
    for variant in about.values():
        counted = {"wrong": audit.wrong, "right": audit.right, "mutant": audit.mutants}.get(variant.kind)
        if counted is not None:
            counted[variant.question] += 1
    for task, examined in pool.run(task for _, task in todo):
        variant = about[task.submission.student, task.seed]
        audit.graded += 1
        found = list(_judge(audit, variant, task, examined))
        audit.findings += [Finding(variant.id, says) for says in found]
        tell(f"{variant.kind} {variant.id}: {'; '.join(found) if found else WELL}")
    audit.findings += [Finding(name, says) for name, says in _uncaught(audit) if every_known]
    made, killed = audit.mutants.total(), audit.killed.total()
    if made and killed < KILL_RATE * made:
        says = f"only {killed} of {made} are noticed, below {KILL_RATE:.0%}"
        audit.findings.append(Finding("the machine's mutants", says))
    return audit


def _judge(audit: Audit, variant: Variant, task: Task, examined: Examined) -> Iterator[str]:
    if examined.fault:
        yield f"a fault of ours: {examined.fault}"
        return
    if variant.kind in ("reference", "paraphrase", "right"):
        yield from _must_pass(examined.results)
        if variant.kind == "reference":
            audit.stability.add(examined)
    elif variant.kind in ("starter", "nonsense"):
        yield from (f"passes {result.name}" for result in examined.results if result.outcome.earns)
    elif variant.kind == "mutant":
        if all(result.outcome.earns for result in examined.results):
            audit.survivors.append(variant)
        else:
            audit.killed[variant.question] += 1
    else:
        yield from _must_lose(audit, variant, examined.results)


def _must_pass(results: Iterable[CheckResult]) -> Iterator[str]:
    for result in results:
        if not result.outcome.earns:
            yield f"loses {result.name} ({result.outcome.value}: {result.message})"


def _must_lose(audit: Audit, variant: Variant, results: Iterable[CheckResult]) -> Iterator[str]:
    mine = {result.name: result for result in results if result.question == variant.question}
    for name in variant.fails:
        if name not in mine:
            yield f"its header names {name}, which is no check of {variant.question}"
        elif mine[name].outcome is Outcome.PASSED:
            yield f"passes {name}, which must fail it"
    lost = [name for name, result in mine.items() if not result.outcome.earns]
    for name in lost:
        audit.failed_by.setdefault(name, set()).add(variant.id)
    audit.named[variant.question] += any(result.hint == variant.text for result in mine.values())
    if lost:
        audit.caught[variant.question] += 1
    else:
        yield f"loses nothing in {variant.question}"
    for result in results:
        if result.question != variant.question and not result.outcome.earns:
            yield f"loses {result.name} of {result.question} ({result.outcome.value}: {result.message})"


def _uncaught(audit: Audit) -> Iterator[tuple[str, str]]:
    """Checks that no wrong solution fails: they may test nothing. Questions without wrong solutions are not judged."""
    for question in audit.wrong:
        for name in audit.checks.get(question, ()):
            if name not in audit.failed_by:
                yield name, f"no wrong solution of {question} fails it"
