"""Build what students get out of a master: the starter notebook and the public checks, the same bytes every time.

    solutions/a1_mlp/a1_mlp.py  --->  assignments/a1_mlp/a1_mlp.ipynb and tests/q4.py ...

The master is percent-format Python with the marks of Otter Assign (docs/authoring.md): jupytext makes a notebook of
it, `outline` and `marks` refuse what is not to the letter, otter assign takes the solutions out, the rest here makes it
tidy. Otter's own autograder folder is never made: hidden tests live elsewhere, and points do not depend on what runs in
a student's interpreter.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import Any

from grader.authoring import agreement, checks, given_away, marks
from grader.authoring.outline import (
    MasterCell,
    MasterQuestion,
    Outline,
    is_config,
    line_places,
    outline,
    refuse_headless,
)
from grader.authoring.printed import printed
from grader.authoring.starter_code import FETCH_CELL, FOLDED, OTTER_CELL, along_cell
from grader.authoring.writing import replace_all
from grader.course.config import read_assignment, read_course
from grader.course.master import read_master
from grader.errors import AuthoringError, MachineryError
from grader.paths import Paths
from grader.schema import Assignment
from grader.submission.magics import plain, syntax_error

OTTER_TIMEOUT_S = 300
KEPT_METADATA = ("deletable", "editable", "tags")
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
ADDED_BY_OTTER = re.compile(r"# Initialize Otter|grader\.check(_all)?\(")
EXPORT_MARK = re.compile(r"<!-- (BEGIN|END) QUESTION -->\n*")  # of Otter's manual questions, for its own PDF


@dataclass(frozen=True)
class Built:
    """What a master makes. files: path below the assignment's folder -> text;  notes: what was left out, and why."""

    files: dict[str, str]
    notes: tuple[str, ...] = ()


def build(paths: Paths, assignment_id: str) -> Path:
    """Write the starter notebook and tests/ of one assignment; return the notebook's path.

    Raises AuthoringError when the master is wrong or a line of a solution would be given away; nothing is written then.
    """
    write(paths, assignment_id, built(paths, assignment_id))
    return paths.starter(assignment_id)


def write(paths: Paths, assignment_id: str, made: Built) -> None:
    """Write all files or none, and remove the checks of questions that are gone."""
    folder = paths.assignment(assignment_id)
    replace_all({folder / name: text for name, text in made.files.items()})
    for stale in (folder / "tests").glob("*.py"):
        if f"tests/{stale.name}" not in made.files:
            stale.unlink()


def built_files(paths: Paths, assignment_id: str) -> dict[str, str]:
    """What `build` writes, nothing written yet: path below the assignment's folder -> text."""
    return built(paths, assignment_id).files


def built(paths: Paths, assignment_id: str) -> Built:
    """Make everything that `build` writes. Raises AuthoringError, with the file and the line, for what is wrong."""
    master = _master_text(paths, assignment_id)
    assignment = read_assignment(paths, assignment_id)
    address = read_course(paths).release_address if paths.course_toml.is_file() else ""
    outlined = _outlined(paths, assignment_id, master)
    read = _read_checks(assignment, outlined)
    made = _check_files(paths, assignment, outlined, read)
    starter = _otter_assign(_for_otter(outlined, assignment_id, made), assignment_id)
    questions = sorted(made, key=lambda question: (len(question), question))  # q4 before q14
    files = {f"tests/{question}.py": made[question] for question in questions}
    beside = {name: text.encode() for name, text in files.items()} | _data_files(paths, assignment)
    files[f"{assignment_id}.ipynb"] = _tidy(starter, assignment_id, address, beside)
    _refuse_leftovers(outlined, starter)
    agreement.refuse_given(outlined, assignment, starter)
    _refuse_leaks(paths, assignment, outlined, files)
    return Built(files, tuple(_hidden_notes(paths, assignment_id, read)))


def _refuse_leaks(paths: Paths, assignment: Assignment, outlined: Outline, files: dict[str, str]) -> None:
    """Refuse a line of a solution in whatever is released: what is built, and the files that lie beside it."""
    released = _data_files(paths, assignment) | {name: text.encode() for name, text in files.items()}
    secret = given_away.secret_lines(outlined)
    for name, content in released.items():
        given_away.refuse_given_away(secret, content, f"assignments/{assignment.id}/{name}")


def _data_files(paths: Paths, assignment: Assignment) -> dict[str, bytes]:
    """The files that an assignment names and that are there, by name."""
    folder = paths.assignment(assignment.id)
    return {name: (folder / name).read_bytes() for name in assignment.files if (folder / name).is_file()}


def _master_text(paths: Paths, assignment_id: str) -> str:
    file = paths.reference(assignment_id)
    notebook = file.with_suffix(".ipynb").relative_to(paths.root).as_posix()
    try:
        return read_master(paths, assignment_id)
    except FileNotFoundError:
        if (paths.root / notebook).is_file():
            how = f"make one of it, once: jupytext --to py:percent {notebook}"
            raise AuthoringError(f"{notebook}: the master is text, {file.name}, and no notebook; {how}") from None
        there_is = ", ".join(sorted(path.parent.name for path in paths.solutions.glob("*/*.py"))) or "nothing"
        raise AuthoringError(f"{file}: no master of {assignment_id!r}; there is: {there_is}") from None
    except UnicodeDecodeError as problem:
        raise AuthoringError(f"solutions/{assignment_id}: not UTF-8 text at byte {problem.start}") from None


def _outlined(paths: Paths, assignment_id: str, master: str) -> Outline:
    """The master's cells in their blocks. Raises AuthoringError for what is no master."""
    require_tools()
    import jupytext

    places = line_places(paths, assignment_id)
    refuse_headless(paths, assignment_id)
    try:
        notebook = jupytext.reads(master, fmt="py:percent")
    except (ValueError, SyntaxError) as problem:
        says = " ".join(str(problem).split())
        raise AuthoringError(f"{places[0]}: the master is not percent-format Python: {says}") from None
    outlined = outline(notebook.cells, master, places)
    for cell in outlined.cells:
        if cell.kind == "code" and not cell.ignored:
            _refuse_syntax(cell)
    marks.refuse_marks(outlined)
    given_away.refuse_prompts(outlined)
    return outlined


def require_tools() -> None:
    """Raise MachineryError unless what building needs is installed."""
    if not (find_spec("jupytext") and find_spec("otter")):
        raise MachineryError("building needs jupytext and otter-grader: pip install 'coursegrader[authoring]'")


def _refuse_syntax(cell: MasterCell) -> None:
    reason = syntax_error(plain(cell.source).code)
    if reason:
        found = re.match(r"line (\d+): ", reason)
        what = "a public check" if cell.block == "tests" else "this cell"
        says = f"{what} is not Python: {reason.removeprefix(found[0]) if found else reason}"
        raise cell.refused(int(found[1]) - 1 if found else 0, says)


# ------------------------------------------------------------------------------------------------ public checks


def _read_checks(assignment: Assignment, outlined: Outline) -> dict[str, list[checks.Check]]:
    """Question -> its checks, hidden ones too. Raises AuthoringError where the master and assignment.toml differ."""
    names = agreement.defined(agreement.graded(outlined))
    read = {question.name: checks.read_checks(outlined, question.name, names) for question in outlined.questions}
    points = {question.name: _stated_points(question, read[question.name]) for question in outlined.questions}
    agreement.refuse_disagreement(outlined, assignment, points)
    for question in outlined.questions:
        found = read[question.name]
        if not question.manual and all(check.hidden for check in found):
            why = "all are hidden" if found else "there is none between # BEGIN TESTS and # END TESTS"
            raise question.cell.refused(0, f"{question.name} has no public check: {why}")
    return read


def _check_files(
    paths: Paths, assignment: Assignment, outlined: Outline, read: dict[str, list[checks.Check]]
) -> dict[str, str]:
    """Question -> its file of public checks, for those that have any."""
    public = {name: [check for check in found if not check.hidden] for name, found in read.items()}
    public = {name: found for name, found in public.items() if found}
    if not outlined.ok_format:
        return {name: checks.function_file(name, found) for name, found in public.items()}
    shown = _printed(paths, assignment.id, outlined, [check for found in public.values() for check in found])
    return {
        name: checks.ok_file(name, [(check, shown[check.cell.places]) for check in found])
        for name, found in public.items()
    }


def _printed(
    paths: Paths, assignment_id: str, outlined: Outline, wanted: list[checks.Check]
) -> dict[tuple[str, ...], list[str]]:
    """What each check in OK format prints with the reference, by its places."""
    by_cell = {check.cell.places: check for check in wanted}
    run = [cell for cell in outlined.cells if cell.places in by_cell or cell in agreement.graded(outlined)]
    found = {cell.places: check for cell in run if (check := by_cell.get(cell.places))}
    cells = [
        ("", [check.source(node) for node in check.body])
        if (check := found.get(cell.places))
        else (plain(cell.source, calls=False).code, [])
        for cell in run
    ]
    told = printed(cells, [cell.places[0] for cell in run], paths.assignment(assignment_id))
    shown = {cell.places: lines for cell, lines in zip(run, told, strict=True) if cell.places in by_cell}
    for check in wanted:
        checks.refuse_silent(check, shown[check.cell.places])
    return shown


def _stated_points(question: MasterQuestion, read: list[checks.Check]) -> Decimal | None:
    """The points that the master gives a question, by its config or its checks; None where it states none, or 0."""
    points = question.config.get("points")
    if isinstance(points, dict):
        points = points.get("each", 1) * len(read)
    own = checks.stated_points(read)
    if points is None and own and len(own) == len(read):
        points = own
    try:
        total = sum(
            (Decimal(str(item)) for item in (points if isinstance(points, list) else [points or 0])), Decimal(0)
        )
    except ArithmeticError:
        raise question.cell.refused(0, f"{question.name}: points must be a number, got {points!r}") from None
    return total or None


def _hidden_notes(paths: Paths, assignment_id: str, read: dict[str, list[checks.Check]]) -> Iterable[str]:
    hidden = paths.hidden_tests(assignment_id).relative_to(paths.root).as_posix()
    for question, found in read.items():
        for check in found:
            if check.hidden:
                where = check.cell.places[0]
                yield f"{where}: a hidden check of {question} is left out; such tests belong into {hidden}/"


# ------------------------------------------------------------------------------------------------ the starter


def _for_otter(outlined: Outline, assignment_id: str, made: dict[str, str]) -> Any:
    """The master as a notebook for otter assign: a config of ours, and one check for each question that has a file."""
    from nbformat import v4

    config = {
        "name": assignment_id,
        "generate": False,
        "export_cell": False,
        "tests": {"files": True, "ok_format": False},
        "check_all_cell": outlined.config.get("check_all_cell") is True,
        "strip_solutions_from_all_cells": outlined.solutions_anywhere,
    }
    cells = [v4.new_raw_cell("# ASSIGNMENT CONFIG\n" + json.dumps(config))]
    checked: set[str] = set()
    for cell in outlined.cells:
        source = cell.source
        if cell.block == "tests" and not cell.boundary:
            if cell.question in checked or cell.question not in made:
                continue
            checked.add(cell.question)
            source = "def test():\n    pass"
        if not is_config(cell):
            new = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}[cell.kind]
            cells.append(new(source, metadata=cell.metadata))
    return v4.new_notebook(cells=cells, metadata=KERNEL)


def _otter_assign(notebook: Any, assignment_id: str) -> dict[str, Any]:
    """The notebook for students that otter assign makes of a master."""
    import nbformat

    with tempfile.TemporaryDirectory(prefix="grader-build-") as scratch:
        nbformat.write(notebook, Path(scratch) / f"{assignment_id}.ipynb")
        command = [sys.executable, "-m", "otter", "assign", f"{assignment_id}.ipynb", "dist", "--no-run-tests"]
        try:
            run = subprocess.run(
                command, cwd=scratch, capture_output=True, text=True, timeout=OTTER_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise MachineryError(f"otter assign has not ended within {OTTER_TIMEOUT_S} s on {assignment_id}") from None
        if run.returncode != 0:
            reason = (run.stderr or run.stdout).strip().rpartition("\n")[2]
            raise AuthoringError(f"solutions/{assignment_id}/{assignment_id}.py: otter assign refuses it: {reason}")
        student = Path(scratch) / "dist" / "student" / f"{assignment_id}.ipynb"
        return json.loads(student.read_text(encoding="utf-8"))


def _refuse_leftovers(outlined: Outline, starter: dict[str, Any]) -> None:
    """Hold what otter assign made against the master, cell by cell: only public lines, and all of it Python."""
    ours = [cell for cell in outlined.cells if cell.kind == "code" and cell.block != "tests" and not cell.ignored]
    ours = [cell for cell in ours if not ADDED_BY_OTTER.match(cell.source)]
    sources = ("".join(cell["source"]) for cell in starter["cells"] if cell["cell_type"] == "code")
    made = [source for source in sources if not ADDED_BY_OTTER.match(source)]
    if len(made) != len(ours):
        raise AuthoringError(f"{ours[0].places[0]}: otter assign made {len(made)} code cells of {len(ours)}")
    for cell, source in zip(ours, made, strict=True):
        marks.refuse_left(outlined, cell, source)
        reason = syntax_error(plain(source).code)
        if reason:
            raise cell.refused(0, f"without its solution this cell is no Python ({reason}); {marks.REMEDY}")


def _tidy(notebook: dict[str, Any], assignment_id: str, address: str, beside: dict[str, bytes]) -> str:
    """The starter as text: no outputs, no leftovers of the tools, ids that are digests of the cells."""
    url = f"{address.rstrip('/')}/{assignment_id}.zip" if address else ""
    fetch = FETCH_CELL.format(url=json.dumps(url), assignment=assignment_id, beside=json.dumps(list(beside)))
    cells: list[tuple[str, str, dict[str, Any]]] = []
    for cell in notebook["cells"]:
        source = EXPORT_MARK.sub("", "".join(cell["source"]))
        if not source.startswith("# Initialize Otter") and (source or not cell["source"]):
            kept = {key: cell["metadata"][key] for key in KEPT_METADATA if key in cell["metadata"]}
            cells.append((cell["cell_type"], source, kept))
    words_first = len(list(takewhile(lambda cell: cell[0] == "markdown", cells)))
    cells[words_first:words_first] = [
        ("code", along_cell(beside), FOLDED),
        ("code", fetch, {}),
        ("code", OTTER_CELL, {}),
    ]
    seen: Counter[tuple[str, str]] = Counter()
    tidy = {
        "cells": [_cell(kind, source.rstrip("\n"), metadata, seen) for kind, source, metadata in cells],
        "metadata": {**KERNEL, "otter": {"assignment_name": assignment_id}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(tidy, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _cell(kind: str, source: str, metadata: dict[str, Any], seen: Counter[tuple[str, str]]) -> dict[str, Any]:
    """One cell; its id depends on its content and on its place among cells of the same content."""
    seen[kind, source] += 1
    identity = json.dumps([kind, source, seen[kind, source]])
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": hashlib.sha256(identity.encode()).hexdigest()[:16],
        "metadata": metadata,
        "source": source.splitlines(keepends=True),
    }
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell
