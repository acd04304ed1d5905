"""The tests of the tests: submissions whose marks are known are graded, and what comes out is held against it.

- the reference gets every point, with every seed and however it says what it says; so does every right alternative
- the untouched starter gets none, and nonsense (None, NaN, zero, an empty array, words) passes no check
- every wrong solution fails the checks its header names and loses points in its question, and in no other
- every check is failed by some wrong solution
- every cell of these runs to its end: behind one that does not, what stood there before would be graded
- no submission, however odd, makes a hidden test itself fail
- a check that fails says why, and shows no number that is hidden
- of the mutants made by machine from the reference, at least KILL_RATE are noticed (where mutants are asked for); of
  those of alternatives nothing is demanded, for what nobody could notice is not named there
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from grader.authoring.causes import Finding, Seen, findings
from grader.authoring.inputs import Asked, LeftOut
from grader.authoring.stability import Stability
from grader.authoring.stumbles import stumbles
from grader.authoring.uncalled import told_apart
from grader.authoring.variants import Variant
from grader.examination.replies import stopped
from grader.examination.task import Examined, Task
from grader.execution.spec import Examiners
from grader.schema import BROKEN, Assignment, CheckResult, Outcome

_LONG_NUMBER = re.compile(
    r"\d\.(?:\d{4}|#)"
)  # no size, factor or tolerance is said with so many digits; # is a masked one
KILL_RATE = 0.95  # of an assignment's mutants
WELL = "as it must be"


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
    made_by: Counter[str] = field(default_factory=Counter)  # by kind of change: mutants,
    killed_by: Counter[str] = field(default_factory=Counter)  # and those noticed
    survivors: list[Variant] = field(default_factory=list)
    first: tuple[Task, Examined] | None = None  # the reference as it was graded first, with its evidence
    asked_with: Asked = field(default_factory=Asked)  # what the reference's functions were asked with
    claims: dict[str, tuple[str, ...]] = field(default_factory=dict)  # kind -> checks that rest on what is said inside
    seen: list[Seen] = field(default_factory=list)  # what is not as it must be, by check and submission
    findings: list[Finding] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)  # kinds of inputs that nothing is asked with
    marked: dict[str, str] = field(default_factory=dict)  # check -> why its verdict is made in the sandbox

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
    pool: Examiners,
    assignment: Assignment,
    planned: Iterable[tuple[Variant, Task]],
    tell: Callable[[str], None],
    every_known: bool = True,
    beforehand: Iterable[Seen] = (),
    odd_s: float = 0.0,
) -> Audit:
    """Examine what was planned and judge it. `tell` hears of every variant that is done.

    every_known: all wrong solutions are there, so that a check which none of them fails is a finding
    beforehand: what was seen of checks without grading anything
    odd_s: seconds for each check in which it meets odd answers
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
        if variant.kind == "mutant":
            audit.made_by[variant.operator] += 1
    for task, examined in pool.run(task for _, task in todo):
        variant = about[task.submission.student, task.seed]
        audit.graded += 1
        found = list(_judge(audit, variant, task, examined))
        audit.seen += found
        tell(f"{variant.kind} {variant.id}: {_in_short(found)}")
    audit.seen += [row for row in beforehand if row.check in audit.stability.passed]
    if odd_s and audit.first is not None:
        audit.seen += stumbles(pool, *audit.first, odd_s)
    audit.seen = told_apart(audit.seen)
    place = {variant.id: number for number, (variant, _) in enumerate(todo)}
    audit.seen.sort(key=lambda row: place.get(row.submission, len(place)))  # not as they came back
    audit.findings += findings([_with_other_seeds(row, audit.stability.flaky) for row in audit.seen])
    audit.findings += [Finding(name, says) for name, says in _uncaught(audit) if every_known]
    made = sum(variant.kind == "mutant" and not variant.of for variant in about.values())
    killed = made - sum(not survivor.of for survivor in audit.survivors)
    if made and killed < KILL_RATE * made:
        says = f"only {killed} of {made} are noticed, below {KILL_RATE:.0%}"
        audit.findings.append(Finding("the machine's mutants", says))
    return audit


def _with_other_seeds(row: Seen, flaky: list[str]) -> Seen:
    if row.kind == "loses" and row.submission == "reference" and row.check in flaky:
        return replace(row, detail=f"{row.detail}; with other seeds it passes")
    return row


def _in_short(found: list[Seen]) -> str:
    checks = dict.fromkeys(row.check or row.detail for row in found)
    return f"not as it must be: {', '.join(checks)}" if found else WELL


def _judge(audit: Audit, variant: Variant, task: Task, examined: Examined) -> Iterator[Seen]:
    """What one examination shows. A check that failed by itself says nothing of the submission."""
    yield from _faults(variant, examined)
    yield from (Seen("broken", check, variant.id, says) for check, says in examined.flaws.items())
    results = [result for result in examined.results if result.outcome is not Outcome.DEFERRED]
    stops = [notice for notice in examined.notices if stopped(notice)]
    if variant.kind in ("reference", "paraphrase", "right", "wrong"):
        yield from (Seen("stopped", "", variant.id, notice) for notice in stops)
    if variant.kind in ("reference", "paraphrase", "right"):
        yield from _must_pass(variant, results)
        if variant.kind == "reference":
            audit.stability.add(examined)
            audit.asked_with.add(examined.requests.values())
            audit.first = audit.first or (task, replace(examined, requests={}))
    elif variant.kind in ("starter", "nonsense"):
        yield from (Seen("passes", result.name, variant.id) for result in results if result.outcome.earns)
    elif variant.kind == "mutant":
        if stops or not all(result.outcome.earns for result in results):
            audit.killed[variant.question] += 1
            audit.killed_by[variant.operator] += 1
        elif not examined.fault:
            audit.survivors.append(variant)
    else:
        yield from _must_lose(audit, variant, examined.results)
    for result in results:
        if result.outcome is Outcome.FAILED and not result.message:
            yield Seen("mute", result.name, variant.id)
        if result.outcome is Outcome.FAILED and _LONG_NUMBER.search(result.message):
            yield Seen("tells", result.name, variant.id, result.message)


def _faults(variant: Variant, examined: Examined) -> Iterator[Seen]:
    deferred = [result for result in examined.results if result.outcome is Outcome.DEFERRED]
    for result in deferred:
        if result.message.startswith(BROKEN):
            yield Seen("broken", result.name, variant.id, result.message.removeprefix(f"{BROKEN}: "))
        else:
            yield Seen("of_machine", "", variant.id, result.message)
    if examined.fault and not deferred:
        yield Seen("of_machine", "", variant.id, examined.fault)


def _must_pass(variant: Variant, results: Iterable[CheckResult]) -> Iterator[Seen]:
    for result in results:
        if not result.outcome.earns:
            yield Seen("loses", result.name, variant.id, _ending(result))


def _ending(result: CheckResult) -> str:
    return f"{result.outcome.value}: {result.message}" if result.message else result.outcome.value


def _must_lose(audit: Audit, variant: Variant, results: Iterable[CheckResult]) -> Iterator[Seen]:
    mine = {result.name: result for result in results if result.question == variant.question}
    for name in variant.fails:
        if name not in mine:
            yield Seen("unknown", name, variant.id, f"is no check of {variant.question}, and headers name it")
        elif mine[name].outcome is Outcome.PASSED:
            yield Seen("passes", name, variant.id)
    lost = [name for name, result in mine.items() if not result.outcome.earns]
    for name in lost:
        audit.failed_by.setdefault(name, set()).add(variant.id)
    audit.named[variant.question] += any(result.hint == variant.text for result in mine.values())
    if lost:
        audit.caught[variant.question] += 1
    elif not any(mine[name].outcome is Outcome.PASSED for name in variant.fails if name in mine):  # else it is said
        yield Seen("harmless", "", variant.id, f"loses nothing in {variant.question}")
    for result in results:
        if result.question != variant.question and result.outcome not in (Outcome.PASSED, Outcome.DEFERRED):
            yield Seen("elsewhere", result.name, variant.id, f"{result.question}, {_ending(result)}")


def _uncaught(audit: Audit) -> Iterator[tuple[str, str]]:
    """Checks that no wrong solution fails: they may test nothing. Questions without wrong solutions are not judged."""
    said = {row.check for row in audit.seen if row.kind in ("broken", "passes")}
    for question in audit.wrong:
        for name in audit.checks.get(question, ()):
            if name not in audit.failed_by and name not in said:
                yield name, f"no wrong solution of {question} fails it"
