"""Processor seconds that each question of an assignment costs: the student's part, and all of it.

    python -m benchmarks.question_cost a3_sequences [q14 ...] [--of whole] [--seeds 1] [--sandbox process]

A question is graded alone, by one worker, for the reference and for every complete solution of
`solutions/ID/whole`. The student's part is what the sandbox reports for the attempt; all of it is what our processes
used between two attempts, with the examiner's own mathematics. The row *together* is what a whole submission costs, but
for its cells, which are run once for each question here.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Sequence

from benchmarks import processor
from grader.authoring import variants
from grader.course.config import read_assignment
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import Paths, find_root
from grader.schema import Submission

Figures = tuple[float, float]  # processor seconds of the student's part, of all


def measured(pool: Pool, submission: Submission, question: str, seed: int = 0) -> Figures:
    """Grade a question once. Raises SystemExit where a check was lost: then the time is that of another work."""
    drawn = hashlib.sha256(f"cost/{question}/{seed}".encode()).hexdigest()[:32]
    before = processor.tree_s(os.getpid())
    ((_, examined),) = pool.run(iter([Task(submission, drawn, (question,), explain=False)]))
    lost = [result.name for result in examined.results if not result.outcome.earns]
    if examined.fault or lost:
        raise SystemExit(f"{submission.student} lost {', '.join(lost)}: {examined.fault}")
    return examined.usage.cpu_s, processor.tree_s(os.getpid()) - before


def total(figures: Sequence[Figures]) -> Figures:
    return sum(own for own, _ in figures), sum(whole for _, whole in figures)


def mean(figures: Sequence[Figures]) -> Figures:
    own, whole = total(figures)
    return own / len(figures), whole / len(figures)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("assignment")
    options.add_argument("questions", nargs="*", metavar="question")
    options.add_argument("--of", default="", metavar="WORD", help="only solutions whose name holds this, as in whole")
    options.add_argument("--seeds", type=int, default=1, help="gradings whose mean is taken")
    options.add_argument("--sandbox", choices=["docker", "process"], default="process")
    chosen = options.parse_args()
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    questions = chosen.questions or [question.id for question in assignment.questions]
    solutions = [variants.reference(paths, assignment), *variants.whole(paths, assignment)]
    solutions = [each for each in solutions if chosen.of in each.id]
    print(f"{'':10}" + "".join(f"{each.id[:22]:>24}" for each in solutions), flush=True)
    rows, seeds = [], range(chosen.seeds)
    with Pool(paths, assignment.id, PoolSpec(chosen.sandbox, gpus=(None,))) as pool:
        measured(pool, solutions[0].submission, assignment.questions[0].id)  # the pool starts
        for question in questions:
            row = [mean([measured(pool, each.submission, question, seed) for seed in seeds]) for each in solutions]
            print(_line(question, row), flush=True)
            rows.append(row)
    print(_line("together", [total(column) for column in zip(*rows, strict=True)]))


def _line(name: str, row: list[Figures]) -> str:
    return f"{name:10}" + "".join(f"{f'{own:.2f} of {whole:.2f}':>24}" for own, whole in row)


if __name__ == "__main__":
    main()
