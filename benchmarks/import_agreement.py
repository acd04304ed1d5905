"""Right and wrong submissions under the original tool and after `grader import`: are the points the same?

Of a source come a right submission (its own solution), the untouched notebook, and as many wrong ones as there are
rounds, each with one small change in every solution cell. Otter runs them with `otter run`, nbgrader with `nbgrader
autograde`; here they are graded in the process sandbox. The very same files go to both.
"""

from __future__ import annotations

import ast
import copy
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course.config import read_assignment
from grader.errors import MachineryError
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.importing.bringing import Brought
from grader.paths import Paths
from grader.schema import Submission

Points = dict[str, float]  # by the source's name of a question
DUMP = """
import json, sys
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    found = {s.student.id: {g.name: g.auto_score for n in s.notebooks for g in n.grades}
             for s in book.assignment_submissions("ps1")}
print(json.dumps(found))
"""

SHARE = 2e-3  # of a point: a share that is no decimal has three places here
AUTOTESTS = "autotests.yml"  # of nbgrader's course folder, where a source has AUTOTEST


@dataclass(frozen=True)
class Agreement:
    """Submissions x questions of one source. differ: (submission, question, points there, points here)."""

    submissions: int
    pairs: int
    differ: list[tuple[str, str, float, float]]


def agreement(
    system: str, source: Path, paths: Paths, brought: Brought, rounds: int, programs: Path | None
) -> Agreement:
    """Grade the same files in both places. programs: the folder of nbgrader's own. Raises MachineryError."""
    theirs = paths.root / "theirs"
    theirs.mkdir()
    if system == "otter":
        books, there = _under_otter(source, theirs, rounds)
    elif programs is None:
        raise MachineryError("nbgrader is not there: --nbgrader names the folder of its programs")
    else:
        books, cells = _under_nbgrader(source, theirs, rounds, programs)
        there = {name: _by_question(brought, points) for name, points in cells.items()}
    here = _here(paths, brought, books)
    asked = [question.name for question in brought.material.questions if not question.manual]
    pairs = [(book, name, there[book].get(name, 0.0), here[book].get(name, 0.0)) for book in books for name in asked]
    return Agreement(len(books), len(pairs), [pair for pair in pairs if abs(pair[2] - pair[3]) > SHARE])


def _here(paths: Paths, brought: Brought, books: dict[str, bytes]) -> dict[str, Points]:
    assignment = read_assignment(paths, "a1")
    names = {question.id: question.name for question in brought.material.questions}
    asked = tuple(question.id for question in assignment.questions if not question.manual)
    found: dict[str, Points] = {}
    with Pool(paths, "a1", PoolSpec(kind="process")) as pool:
        tasks = [
            Task(Submission(name, "a1", "a.ipynb", book), "3", asked, explain=False) for name, book in books.items()
        ]
        for task, examined in pool.run(iter(tasks)):
            points = found.setdefault(task.submission.student, {})
            for result in examined.results:
                name = names[result.question]
                points[name] = points.get(name, 0.0) + float(result.points)
    return found


def _under_otter(source: Path, folder: Path, rounds: int) -> tuple[dict[str, bytes], dict[str, Points]]:
    ignored = shutil.ignore_patterns("*.ipynb", "dist", ".git")
    shutil.copytree(source.parent, folder, ignore=ignored, dirs_exist_ok=True)
    (folder / source.name).write_bytes(source.read_bytes())
    assign = [sys.executable, "-m", "otter", "assign", source.name, "dist", "--no-run-tests", "--no-pdfs"]
    _run(assign, folder)
    solved = json.loads((folder / "dist/autograder" / source.name).read_text(encoding="utf-8"))
    stub = json.loads((folder / "dist/student" / source.name).read_text(encoding="utf-8"))
    code = [at for at, cell in enumerate(solved["cells"]) if _code(cell)]  # text of a solution is in one of them alone
    given = [cell["source"] for cell in stub["cells"] if _code(cell)]
    changed = {at for at, source in zip(code, given, strict=True) if solved["cells"][at]["source"] != source}
    books = _books(solved, stub, changed, rounds)
    archive = next((folder / "dist/autograder").glob("*.zip"))
    there = {}
    for name, book in books.items():
        own = folder / name
        own.mkdir()
        (own / "a.ipynb").write_bytes(book)
        with zipfile.ZipFile(archive) as made:
            for file in (member for member in made.namelist() if member.startswith("files/")):
                target = own / file.removeprefix("files/")
                if not file.endswith("/"):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(made.read(file))
        _run([sys.executable, "-m", "otter", "run", "-a", str(archive), "-o", str(own), str(own / "a.ipynb")], own)
        tests = json.loads((own / "results.json").read_text(encoding="utf-8"))["tests"]
        there[name] = {test["name"].split(" - ")[0]: 0.0 for test in tests}
        for test in tests:
            there[name][test["name"].split(" - ")[0]] += test.get("score") or 0.0
    return books, there


def _under_nbgrader(
    source: Path, folder: Path, rounds: int, programs: Path
) -> tuple[dict[str, bytes], dict[str, Points]]:
    beside = folder / "source/ps1"
    shutil.copytree(source.parent, beside, ignore=shutil.ignore_patterns("*.ipynb", ".git"))
    (beside / "a.ipynb").write_bytes(source.read_bytes())
    nearest = next((each for above in source.resolve().parents if (each := above / AUTOTESTS).is_file()), None)
    if nearest is not None:
        shutil.copy(nearest, folder)
    _run([str(programs / "nbgrader"), "update", "."], folder)
    _run([str(programs / "nbgrader"), "generate_assignment", "ps1", "--create"], folder)
    stub = json.loads((folder / "release/ps1/a.ipynb").read_text(encoding="utf-8"))
    solved = copy.deepcopy(stub)
    original = {
        _id(cell): cell["source"] for cell in json.loads(source.read_text(encoding="utf-8"))["cells"] if _id(cell)
    }
    answers = set()
    for at, cell in enumerate(solved["cells"]):
        about = cell["metadata"].get("nbgrader", {})
        if about.get("solution") and _code(cell):
            cell["source"] = original[_id(cell)]
            answers |= set() if about.get("grade") else {at}
    books = _books(solved, stub, answers, rounds)
    for name, book in books.items():
        own = folder / "submitted" / name / "ps1"
        shutil.copytree(source.parent, own, ignore=shutil.ignore_patterns("*.ipynb", ".git"))
        (own / "a.ipynb").write_bytes(book)
    _run([str(programs / "nbgrader"), "autograde", "ps1", "--create"], folder)
    return books, json.loads(_run([str(programs / "python"), "-c", DUMP], folder))


def _id(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def _by_question(brought: Brought, cells: dict[str, float | None]) -> Points:
    found: Points = {}
    for question in brought.material.questions:
        labels = {case.label for case in question.cases}
        found[question.name] = sum(score or 0.0 for name, score in cells.items() if name in labels)
    return found


def _books(solved: dict[str, Any], stub: dict[str, Any], answers: set[int], rounds: int) -> dict[str, bytes]:
    """Submissions by name: right, untouched, and one for each round, with a change in every solution cell."""
    made = {"right": solved, "stub": stub}
    for number in range(rounds):
        book = copy.deepcopy(solved)
        for at in answers:
            book["cells"][at]["source"] = changed("".join(book["cells"][at]["source"]), number)
        made[f"wrong{number + 1}"] = book
    return {name: json.dumps(book).encode() for name, book in made.items()}


def changed(source: str, number: int) -> str:
    """The cell with the change of this number, of those that can be made in it; as it is where there is none."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    places = [node for node in ast.walk(tree) if isinstance(node, (ast.Constant, ast.BinOp, ast.Compare, ast.Return))]
    places = [node for node in places if not isinstance(node, ast.Constant) or type(node.value) in (int, float, str)]
    docs = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    places = [node for node in places if node not in docs and not (isinstance(node, ast.Return) and node.value is None)]
    if not places:
        return source
    node = places[number * 7 % len(places)]
    if isinstance(node, ast.Constant):
        node.value = node.value + 1 if isinstance(node.value, (int, float)) else "another text"
    elif isinstance(node, ast.BinOp):
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
    elif isinstance(node, ast.Compare):
        node.ops[0] = ast.Gt() if isinstance(node.ops[0], ast.Lt) else ast.Lt()
    else:
        node.value = ast.Tuple([node.value, ast.Constant(0)], ast.Load())
    return ast.unparse(ast.fix_missing_locations(tree))


def _code(cell: dict[str, Any]) -> bool:
    return bool(cell["cell_type"] == "code")


def _run(command: list[str], folder: Path) -> str:
    env = os.environ | {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise MachineryError(f"{' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout)[-800:]}")
    return done.stdout
