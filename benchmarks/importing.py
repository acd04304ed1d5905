"""What `grader import` makes of a folder of assignments of Otter and nbgrader: moved, claims, left; seconds; agreement.

    python -m benchmarks.importing FOLDER ... [--rounds 3] [--nbgrader BIN]

Every source below the folders is imported into a course of its own, built, and graded: the source's own solution must
have full marks, its stub none. What is no source (a released notebook without solutions) is passed over. There is a
line for each source, each folder and each system. With --rounds,
right, untouched and so many wrong submissions are graded by the original tool and here (see import_agreement): Otter
must be installed where this runs, nbgrader in an environment of its own (BIN: the folder of its programs).
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
from dataclasses import dataclass, field, fields
from pathlib import Path

from benchmarks.import_agreement import agreement
from grader.authoring import variants
from grader.course.config import read_assignment
from grader.errors import GraderError
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.importing.bringing import Brought, bring
from grader.importing.sources import is_master, materials
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
    pairs: int = 0  # submissions x questions that both tools graded
    equal: int = 0
    differ: list[str] = field(default_factory=list)
    fault: str = ""


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("folders", nargs="+", type=Path)
    given.add_argument(
        "--rounds", type=int, default=0, help="wrong submissions of each source (default: none is graded)"
    )
    given.add_argument("--nbgrader", type=Path, metavar="BIN")
    chosen = given.parse_args()
    found = [(folder, *each) for folder in chosen.folders for each in sources(folder)]
    rows = [(folder, kind, measured(kind, source, chosen.rounds, chosen.nbgrader)) for folder, kind, source in found]
    head = "source", "questions", "by hand", "whole", "tests", "outside", "seen", "claims", "left", "points", "claimed"
    print("| " + " | ".join([*head, "own solution", "stub", "CPU s", "equal", "pairs"]) + " |\n" + "|---" * 16 + "|")
    for system in ("otter", "nbgrader"):
        own = [row for _, kind, row in rows if kind == system]
        for row in own:
            print(line(row))
        for folder in chosen.folders:
            there = [row for place, kind, row in rows if kind == system and place == folder]
            if there:
                print(line(total(f"{system}, {folder.name}, {imported(there)} of {len(there)}", there)))
        print(line(total(f"**{system}, {imported(own)} of {len(own)}**", own)))
    for _, _, row in rows:
        for told in row.differ:
            print(f"{row.name}: {told}")
    return 0


def imported(rows: list[Row]) -> int:
    return sum(not row.fault for row in rows)


def total(name: str, rows: list[Row]) -> Row:
    figures = [each.name for each in fields(Row) if each.type in ("int", "float")]
    return Row(name, **{figure: sum(getattr(row, figure) for row in rows) for figure in figures})


def line(row: Row) -> str:
    if row.fault:
        return f"| {row.name} | {row.fault} |"
    tests = row.outside + row.seen + row.claims + row.left
    cells = [row.questions, row.by_hand, row.whole, tests, row.outside, row.seen, row.claims, row.left]
    figures = [row.points, row.claimed, row.full, row.none, row.seconds, row.equal, row.pairs]
    return "| " + " | ".join([row.name, *map(str, cells), *(f"{figure:.4g}" for figure in figures)]) + " |"


def sources(folder: Path) -> Iterator[tuple[str, Path]]:
    """(system, file) of every source below a folder."""
    for file in sorted(folder.rglob("*")):
        if file.suffix not in (".ipynb", ".Rmd", ".py") or "checkpoint" in str(file) or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        if is_master(file):
            yield "otter", file
        elif file.suffix == ".ipynb" and "nbgrader" in text and "SOLUTION" in text and '"grade": true' in text:
            yield "nbgrader", file


def measured(system: str, source: Path, rounds: int, programs: Path | None) -> Row:
    row = Row("/".join(source.parts[-3:]).replace("|", " "))
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
        if rounds and not row.fault:
            agree(row, system, source, paths, brought, rounds, programs)
    print(row.name, json.dumps(vars(row)), file=sys.stderr, flush=True)
    return row


def agree(
    row: Row, system: str, source: Path, paths: Paths, brought: Brought, rounds: int, programs: Path | None
) -> None:
    try:
        found = agreement(system, source, paths, brought, rounds, programs)
    except (GraderError, ValueError, KeyError, OSError) as problem:  # their tool refuses, or cannot be run
        row.differ = [f"not graded by {system}: {' '.join(str(problem).split())[-300:]}"]
        return
    row.pairs, row.equal = found.pairs, found.pairs - len(found.differ)
    row.differ = [f"{book}, {name}: there {there:.3g}, here {here:.3g}" for book, name, there, here in found.differ]


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
