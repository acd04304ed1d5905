"""`similar --plain`: hand-ins as plain Python files in the folders that JPlag and MOSS ask for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from grader.commands.writing import make_folder, write
from grader.exit_codes import DONE
from grader.paths import Paths
from grader.schema import Assignment
from grader.submission import notebook
from grader.submission.notebook import Notebook
from grader.terminal import screen

Named = Iterable[tuple[str, Notebook]]


def write_all(paths: Paths, assignment: Assignment, class_: Named, others: Named, folder: Path) -> int:
    """Write submissions/, earlier/ and base/ (the starter); who is who stands in students.csv and in no other file."""
    rows = [("folder", "student")]
    for part, hand_ins in (("submissions", class_), ("earlier", others)):
        for number, (name, read) in enumerate(hand_ins, 1):  # by number: an id may hold what no file name may
            rows.append((f"{part}/{number:04}", name))
            _write(folder / part / f"{number:04}", assignment, read)
    starter = paths.starter(assignment.id)
    if starter.is_file():
        _write(folder / "base", assignment, notebook.read(starter.read_bytes(), starter.name))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    make_folder(folder)
    write(folder / "students.csv", text.getvalue())
    count, file = sum(row[0].startswith("submissions/") for row in rows), f"{assignment.id}.py"
    rest = len(rows) - 1 - count
    screen.tell(f"{folder}: {count} hand-ins, {rest} earlier or public ones; who is who: students.csv")
    print(f"JPlag: java -jar jplag.jar -l python3 -bc {folder}/base {folder}/submissions")
    print(f"MOSS:  perl moss -l python -d -b {folder}/base/{file} {folder}/submissions/*/{file}")
    return DONE


def _write(folder: Path, assignment: Assignment, read: Notebook) -> None:
    """One hand-in: the code of its cells, without those that are marked as experiments."""
    code = "\n\n".join(cell.code for cell in read.cells if not cell.experiment)
    make_folder(folder)
    write(folder / f"{assignment.id}.py", f"{code}\n")
