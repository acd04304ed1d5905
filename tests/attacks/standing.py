"""A standing adversary: the whole corpus, at every level, in any order, among honest neighbours, with kills in between.

    make attack MINUTES=10          or: python -m attacks.standing --minutes 10 [--levels zygote,strict,process]

Rounds are drawn until the time is over: a level, some attacks with an honest submission after each, and often something
that breaks meanwhile: a container, a zygote, a worker. It ends with four numbers, which are to be 0:

    gained   attacks that earned more than they may
    learned  attacks after which a hidden word was found where a student or a candidate could read it
    harmed   honest submissions, and questions left alone, that lost points; rounds after which a process was left
    blamed   submissions that ended as somebody else's doing: deferred, or called by another name than theirs
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from attacks import grading
from attacks.corpus import LEVELS, Attack, attacks
from attacks.grading import Row

from grader.errors import GraderError
from grader.execution.pool import Pool
from grader.paths import Paths
from grader.schema import Outcome, Status, add_up

ROUND = 6  # attacks of a round
NUMBERS = ("gained", "learned", "harmed", "blamed")
FAULTS: dict[str, tuple[Callable[[Pool], None] | None, ...]] = {
    "zygote": (None, grading.container_is_killed, grading.worker_is_killed),
    "strict": (None, grading.container_is_killed, grading.worker_is_killed),
    "zygote-caps": (None, grading.container_is_killed, grading.worker_is_killed),
    "process": (None, grading.zygote_is_killed, grading.worker_is_killed),
}


def rounds(levels: list[str], draw: random.Random) -> Iterator[tuple[str, list[Attack]]]:
    """(level, attacks of one assignment) without end; every attack is there once before any comes again."""
    while True:
        todo = []
        for level in levels:
            for assignment in ("probe", "probe_torch"):
                chosen = [a for a in attacks() if not a.gpu and a.runs_in(level) and a.assignment == assignment]
                draw.shuffle(chosen)
                todo += [(level, chosen[start : start + ROUND]) for start in range(0, len(chosen), ROUND)]
        draw.shuffle(todo)
        yield from todo


def judged(attack: Attack, row: Row) -> Iterator[tuple[str, str]]:
    """(number, what happened) for everything that one attempt of an attack should not have come to."""
    attempt = row.attempt
    if attempt.status is not Status(attack.status):
        yield "blamed", f"{attempt.status.value}: {row.graded.fault}"
        return
    results = attempt.of_question(attack.question) if attack.question else attempt.results
    if add_up(result.points for result in results) > attack.most_points:
        yield "gained", f"{add_up(result.points for result in results)} points"
    others = {result.outcome.value for result in results} - set(attack.outcomes)
    if others:
        yield "blamed", f"ended as {', '.join(sorted(others))}"
    for question in attack.keeps:
        if not all(result.outcome.earns for result in attempt.of_question(question)):
            yield "harmed", f"lost {question}: {[result.message for result in attempt.of_question(question)]}"
    try:
        grading.check_leak(attack, row)
    except AssertionError as error:
        yield "learned", str(error)[:300]


def one_round(
    course: Paths, level: str, chosen: list[Attack], fault: Callable[[Pool], None] | None, after_s: float
) -> Iterator[tuple[str, str, str]]:
    """Grade some attacks; yield (number, who, what happened)."""
    run = grading.grade_all(course, chosen[0].assignment, level, chosen, fault=fault, after_s=after_s)
    for attack in chosen:
        for row in run.rows.get(attack.student, []):
            yield from ((number, attack.name, what) for number, what in judged(attack, row))
        if len(run.rows.get(attack.student, [])) != attack.runs:
            yield "blamed", attack.name, "no attempt"
    for row in run.sentinels:
        wrong = [f"{name}: {outcome.value}: {told}" for name, outcome, _, told in row.judgement()
                 if outcome is not Outcome.PASSED]  # fmt: skip
        if wrong or row.attempt.status is not Status.GRADED:
            yield "harmed", row.attempt.student, f"{row.attempt.status.value} {row.graded.fault} {wrong[:2]}"
    if run.left:
        yield "harmed", "a round", f"left {run.left}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--levels", default=",".join(LEVELS))
    parser.add_argument("--draw", type=int, default=random.randrange(10**6), help="another one, other rounds")
    chosen = parser.parse_args()
    draw, numbers, seen = random.Random(chosen.draw), Counter[str](), set()
    levels = chosen.levels.split(",")
    os.environ[grading.SECRET] = f"canary{grading.CANARY}"
    end = time.monotonic() + 60 * chosen.minutes
    with tempfile.TemporaryDirectory(prefix="attacked-") as folder:
        course = grading.attacked_course(Path(folder))
        for level, some in rounds(levels, draw):
            if time.monotonic() > end:
                break
            fault, after_s = draw.choice(FAULTS[level]), draw.uniform(0.5, 6.0)
            name = fault.__name__.replace("_", " ") if fault else "nothing breaks"
            print(f"{level}: {', '.join(attack.name for attack in some)}; {name}", flush=True)
            try:
                for number, who, what in one_round(course, level, some, fault, after_s):
                    numbers[number] += 1
                    print(f"    {number}: {who}: {what}", flush=True)
            except (GraderError, grading.NotIsolated) as error:
                sys.exit(f"{level} cannot be had here: {error}")
            seen |= {(level, attack.name) for attack in some}
    print(f"{len(seen)} attacks at {len(levels)} levels, draw {chosen.draw}")
    print(", ".join(f"{number} {numbers[number]}" for number in NUMBERS))
    sys.exit(1 if numbers.total() else 0)


if __name__ == "__main__":
    main()
