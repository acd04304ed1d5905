"""What `grader import` makes of a folder of assignments of Otter and nbgrader: moved, claims, left; seconds.

    python -m benchmarks.importing FOLDER ...

Every source below the folders is imported into a course of its own, built, and graded: the source's own solution must
have full marks, its stub none. What is no source (a released notebook without solutions) is passed over.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.authoring import variants
from grader.course.config import read_assignment
from grader.errors import GraderError
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.importing.bringing import Brought, bring
from grader.importing.sources import materials
from grader.paths import Paths

COURSE = 'name = "Import"\n[[component]]\nid = "a"\ntitle = "A"\nweight = 100\nassignments = ["a1"]\n'


@dataclass
class Row:
    """One source. full and none: the marks of its own solution and of its stub, of `points`."""

    name: str
    questions: int = 0
    by_hand: int = 0
    whole: int = 0  # questions of which every test was moved
    outside: int = 0
    seen: int = 0
    claims: int = 0
    left: int = 0
    points: float = 0
    claimed: float = 0
    full: float = 0
    none: float = 0
    seconds: float = 0
    fault: str = ""


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("folders", nargs="+", type=Path)
    chosen = given.parse_args()
    rows = [
        row for folder in chosen.folders for system, source in sources(folder) for row in [measured(system, source)]
    ]
    head = "source", "questions", "by hand", "whole", "tests", "outside", "seen", "claims", "left", "points", "claimed"
    print("| " + " | ".join([*head, "own solution", "stub", "s"]) + " |\n" + "|---" * (len(head) + 3) + "|")
    for row in rows:
        print(line(row))
    total = Row("**all**", *(sum(getattr(row, name) for row in rows) for name in list(vars(Row("")))[1:-1]))
    print(line(total))
    return 0


def line(row: Row) -> str:
    if row.fault:
        return f"| {row.name} | {row.fault} |"
    tests = row.outside + row.seen + row.claims + row.left
    cells = [row.questions, row.by_hand, row.whole, tests, row.outside, row.seen, row.claims, row.left]
    figures = [row.points, row.claimed, row.full, row.none, row.seconds]
    return "| " + " | ".join([row.name, *map(str, cells), *(f"{figure:.4g}" for figure in figures)]) + " |"


def sources(folder: Path) -> Iterator[tuple[str, Path]]:
    """(system, file) of every source below a folder."""
    for file in sorted(folder.rglob("*")):
        if file.suffix not in (".ipynb", ".Rmd") or "checkpoint" in str(file) or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        if "BEGIN QUESTION" in text:
            yield "otter", file
        elif file.suffix == ".ipynb" and "BEGIN SOLUTION" in text and '"grade": true' in text:
            yield "nbgrader", file


def measured(system: str, source: Path) -> Row:
    row = Row("/".join(source.parts[-2:]).replace("|", " "))
    begun = _cpu_s()
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
        paths = Paths(Path(scratch))
        paths.course_toml.write_text(COURSE, encoding="utf-8")
        try:
            ((_, _, material),) = materials(system, source, "a1")
            brought = bring(paths, material, "a1", source.name, lambda says: None)
            row.seconds = _cpu_s() - begun
            count(row, brought)
            row.full, row.none = marks(paths)
        except GraderError as problem:
            row.fault = f"{type(problem).__name__}: {problem}"
    print(row.name, json.dumps(vars(row)), file=sys.stderr, flush=True)
    return row


def _cpu_s() -> float:
    """Processor seconds of this process and those that it waited for: steadier than the clock on a shared machine."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def count(row: Row, brought: Brought) -> None:
    for asked in brought.material.questions:
        own = brought.tests.get(asked.id, [])
        row.questions += 1
        row.by_hand += asked.manual
        row.whole += not asked.manual and not any(test.left for test in own)
        row.points += 0 if asked.manual else float(asked.points)
        worth = sum(test.points for test in own if not test.left)
        for test in own:
            kind = "left" if test.left else {"claim": "claims"}.get(test.form.kind, test.form.kind)
            setattr(row, kind, getattr(row, kind) + 1)
            if test.claim and not asked.manual:
                row.claimed += float(test.points / worth * asked.points)


def marks(paths: Paths) -> tuple[float, float]:
    """Points of the source's own solution and of its stub."""
    assignment = read_assignment(paths, "a1")
    if assignment.by_hand_alone:
        return 0, 0
    asked = tuple(question.id for question in assignment.questions if not question.manual)
    both = [variants.reference(paths, assignment).submission, variants.starter(paths, assignment).submission]
    found = {}
    with Pool(paths, "a1", PoolSpec(kind="process")) as pool:
        for task, examined in pool.run(iter([Task(each, "1", asked, explain=False) for each in both])):
            found[task.submission.student] = float(sum(result.points for result in examined.results))
    return found["reference"], found["starter"]


if __name__ == "__main__":
    sys.exit(main())
