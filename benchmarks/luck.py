"""How often luck costs a right solution points: everything that is known to be right, graded with many seeds.

    python -m benchmarks.luck a4_generative q4 q14 [--seeds 40] [--draw 0] [--workers 2] [--of whole]

Each seed draws other inputs and other seeds of training. What is printed for every solution: in how many gradings it
lost a check, which, and the bound that the true rate keeps with 95 % confidence (Clopper-Pearson, one-sided; where
nothing was lost that is the rule of three: about 3 / n).
"""

from __future__ import annotations

import argparse
import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from grader.authoring import variants
from grader.authoring.variants import Variant
from grader.course.config import read_assignment
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import Paths, find_root
from grader.schema import Assignment, Outcome

CONFIDENCE = 0.95


@dataclass
class Tally:
    """What came of one solution's gradings of a question. `lost`: gradings that lost something; `by`: which checks."""

    runs: int = 0
    lost: int = 0
    by: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.runs += other.runs
        self.lost += other.lost
        self.by += other.by


def rate_at_most(lost: int, runs: int, confidence: float = CONFIDENCE) -> float:
    """The largest rate that `lost` of `runs` leaves possible: one-sided bound of Clopper and Pearson.

    It is the rate at which so few losses or fewer have a probability of 1 - confidence.
    """
    if lost >= runs:
        return 1.0
    low, high = lost / runs, 1.0
    for _ in range(60):
        rate = (low + high) / 2
        few = sum(math.comb(runs, k) * rate**k * (1 - rate) ** (runs - k) for k in range(lost + 1))
        low, high = (rate, high) if few > 1 - confidence else (low, rate)
    return high


def right_ones(paths: Paths, assignment: Assignment) -> list[Variant]:
    """The reference, the right alternatives of single questions, and the complete solutions."""
    whole = variants.whole(paths, assignment)
    return [variants.reference(paths, assignment), *variants.right(paths, assignment), *whole]


def tasks(
    assignment: Assignment, solutions: list[Variant], questions: list[str], seeds: int, draw: int
) -> list[tuple[str, Task]]:
    """(question, task) for every solution that answers the question, once for every seed."""
    found = []
    for number in range(seeds):
        for question in questions:
            for variant in (each for each in solutions if each.question in ("", question)):
                seed = hashlib.sha256(f"luck/{draw}/{question}/{variant.id}/{number}".encode()).hexdigest()[:32]
                found.append((question, Task(variant.submission, seed, (question,), explain=False)))
    return found


def graded(pool: Pool, planned: list[tuple[str, Task]]) -> dict[tuple[str, str], Tally]:
    """By question and solution. Raises SystemExit where the machine failed: then nothing can be said."""
    tallies: dict[tuple[str, str], Tally] = {}
    for task, examined in pool.run(task for _, task in planned):
        if examined.fault or any(result.outcome is Outcome.DEFERRED for result in examined.results):
            raise SystemExit(f"{task.submission.student}, seed {task.seed}: {examined.fault}")
        lost = [result.name for result in examined.results if not result.outcome.earns]
        tally = tallies.setdefault((task.questions[0], task.submission.student), Tally())
        tally.add(Tally(1, bool(lost), Counter(lost)))
        if lost:
            says = "; ".join(f"{row.name}: {row.message}" for row in examined.results if not row.outcome.earns)
            print(f"{task.submission.student}, seed {task.seed}: {says}", flush=True)
    return tallies


def table(tallies: dict[tuple[str, str], Tally]) -> str:
    lines = [f"{'question':10}{'solution':34}{'gradings':>9}{'lost':>6}{'rate at most':>14}"]
    for (question, solution), tally in sorted(tallies.items()):
        lines.append(_line(question, solution, tally))
        lines += [f"{'':12}{name}: {times}" for name, times in tally.by.most_common()]
    for question in sorted({question for question, _ in tallies}):
        lines.append(_line(question, "together", together(t for (q, _), t in tallies.items() if q == question)))
    return "\n".join(lines)


def together(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole


def _line(question: str, solution: str, tally: Tally) -> str:
    bound = rate_at_most(tally.lost, tally.runs)
    return f"{question:10}{solution:34}{tally.runs:9}{tally.lost:6}{bound:13.2%}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("assignment")
    options.add_argument("questions", nargs="+", metavar="question")
    options.add_argument("--seeds", type=int, default=40)
    options.add_argument("--of", default="", metavar="WORD", help="only solutions whose name holds this, as in whole")
    options.add_argument("--draw", type=int, default=0, help="another number draws other seeds")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--sandbox", choices=["docker", "process"], default="process")
    chosen = options.parse_args()
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    solutions = [each for each in right_ones(paths, assignment) if chosen.of in each.id]
    planned = tasks(assignment, solutions, chosen.questions, chosen.seeds, chosen.draw)
    with Pool(paths, assignment.id, PoolSpec(chosen.sandbox, gpus=(None,) * chosen.workers)) as pool:
        print(table(graded(pool, planned)))


if __name__ == "__main__":
    main()
