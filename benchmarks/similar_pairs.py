"""How well copies are found among honest hand-ins, and how fast: `grader similar` beside copydetect.

python -m benchmarks.similar_pairs [ASSIGNMENT] [HONEST] [COPIES]

Honest hand-ins take for every question one of the right solutions at random (solutions/<id>/right and the reference)
and write it in their own way: names, temporaries, order of operands. Copies take another's hand-in and disguise it:

1  names and comments
2  also the order of definitions
3  also one statement in five rewritten
4  every second statement rewritten, dead code between
5  a third of the questions, as 3; the rest own
6  lines in another order where that changes nothing
7  counted loops as `while`, comprehensions as loops
8  calculations moved into helper functions (read the other way: helpers put in place)
9  6, 7 and 8 together, statements rewritten, dead code, all in one cell

Printed for each engine: of its first 20 pairs, how many are copies; of the copies of each degree, how many are among
its first pairs (as many as there are copies); the processor seconds. copydetect is measured where it is installed.
"""

from __future__ import annotations

import argparse
import ast
import random
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from benchmarks.disguises import everything, reordered, rewritten, with_helpers, with_other_loops
from grader.course import known_solutions
from grader.course.config import read_assignment
from grader.course.master import master_cells
from grader.paths import PACKAGE, Paths
from grader.schema import Assignment
from grader.similarity.comparing import HandIn, compare
from grader.similarity.fingerprints import pieces
from grader.submission.bindings import bound_names
from grader.submission.notebook import read

PATHS = Paths(PACKAGE.parent)
DEGREES = 9


def alternatives(assignment: Assignment) -> dict[str, list[str]]:
    """Of every question: the reference and the right solutions that look different, as code."""
    master = [cell for cell in master_cells(PATHS, assignment.id) if not cell.experiment]
    found: dict[str, list[str]] = {}
    for question in assignment.questions:
        own = [cell.code for cell in master if set(bound_names(ast.parse(cell.code))) & set(question.names)]
        others = ["\n".join(each.cells) for each in known_solutions.right(PATHS, assignment.id, question.id)]
        found[question.id] = ["\n".join(own), *others]
    return found


def honest(known: dict[str, list[str]], draw: random.Random) -> dict[str, str]:
    return {name: rewritten(draw.choice(some), draw, 0.3, names=True) for name, some in known.items()}


def copied(of: dict[str, str], own: dict[str, str], degree: int, draw: random.Random) -> dict[str, str]:
    chance = {3: 0.2, 4: 0.5, 5: 0.2}.get(degree, 0.0)
    way = {6: reordered, 7: with_other_loops, 8: with_helpers, 9: everything}.get(degree)
    made = {
        name: way(code, draw) if way else rewritten(code, draw, chance, names=True, dead=degree == 4)
        for name, code in of.items()
    }
    if degree == 5:
        kept = set(draw.sample(sorted(made), len(made) // 3))
        made = {name: code if name in kept else own[name] for name, code in made.items()}
    if degree >= 2:
        order = sorted(made)
        draw.shuffle(order)
        made = {name: made[name] for name in order}
    return {"": "\n\n".join(made.values())} if degree == 9 else made


def main(assignment_id: str = "a1_mlp", many: int = 200, copies: int = 90) -> None:
    assignment = read_assignment(PATHS, assignment_id)
    draw = random.Random(7)
    known = alternatives(assignment)
    class_ = {f"h{number:03}": honest(known, draw) for number in range(many)}
    real: dict[frozenset[str], int] = {}
    for number, victim in enumerate(draw.sample(sorted(class_), copies)):
        degree = number % DEGREES + 1
        class_[f"c{number:03}"] = copied(class_[victim], honest(known, draw), degree, draw)
        real[frozenset((victim, f"c{number:03}"))] = degree
    files = {name: "\n\n".join(f"# %%\n{code}" for code in parts.values()) for name, parts in class_.items()}
    print(f"{assignment_id}: {many} honest hand-ins, {copies} copies")
    print(f"{'engine':12} {'first 20':>9} " + " ".join(f"degree {n}" for n in range(1, DEGREES + 1)) + "   CPU s")
    for name, engine in ENGINES.items():
        if name == "copydetect" and find_spec("copydetect") is None:
            continue
        begun = time.process_time()
        pairs = engine(assignment, files)
        took = time.process_time() - begun
        first = sum(pair in real for pair in pairs[:20])
        found = [real.get(pair) for pair in pairs[: len(real)]]
        recall = [f"{found.count(n):4}/{list(real.values()).count(n):<3}" for n in range(1, DEGREES + 1)]
        print(f"{name:12} {first:6}/20 " + " ".join(recall) + f"  {took:6.1f}")


def ours(assignment: Assignment, files: dict[str, str]) -> list[frozenset[str]]:
    hand_ins = [
        HandIn(name, name, pieces(read(text.encode(), "x.py"), assignment.questions)) for name, text in files.items()
    ]
    return [frozenset((pair.first, pair.second)) for pair in compare(hand_ins, {}).pairs]


def copydetect(assignment: Assignment, files: dict[str, str]) -> list[frozenset[str]]:
    from copydetect import CopyDetector

    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, f"{name}.py").write_text(text)
        detector = CopyDetector(test_dirs=[folder], extensions=["py"], display_t=0.0, silent=True, autoopen=False)
        detector.run()
        best: dict[frozenset[str], float] = {}
        for row in detector.get_copied_code_list():
            two = frozenset((Path(row[2]).stem, Path(row[3]).stem))
            best[two] = max(best.get(two, 0.0), row[0] + row[1])
    return sorted(best, key=lambda two: -best[two])


ENGINES = {"ours": ours, "copydetect": copydetect}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assignment", nargs="?", default="a1_mlp")
    parser.add_argument("honest", nargs="?", type=int, default=200)
    parser.add_argument("copies", nargs="?", type=int, default=90)
    chosen = parser.parse_args()
    main(chosen.assignment, chosen.honest, chosen.copies)
