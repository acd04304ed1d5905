"""Build what students get out of a master: the starter notebook and the public checks, the same bytes every time.

    solutions/a1_mlp/a1_mlp.py  --->  assignments/a1_mlp/a1_mlp.ipynb and tests/q4.py ...

The master is percent-format Python with the marks of Otter Assign (docs/authoring.md): jupytext makes a notebook of it,
otter assign takes the solutions out, the rest here makes it tidy. Otter's own autograder folder is never made: hidden
tests live elsewhere, and points do not depend on what runs in a student's interpreter.
"""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

from grader.authoring.starter_code import CHECK_IMPORTS, CHECKS_HEADER, FETCH_CELL, OTTER_CELL
from grader.course.config import read_assignment, read_course
from grader.course.master import read_master
from grader.errors import AuthoringError, MachineryError
from grader.paths import Paths

OTTER_TIMEOUT_S = 300
LEAK_LENGTH = 12  # a line of a solution with fewer characters, spaces not counted, gives nothing away
IDIOMS = frozenset({"with torch.no_grad():", "super().__init__()", "torch.manual_seed(seed)"})  # nor does one of these
KEPT_METADATA = ("deletable", "editable", "tags")
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def build(paths: Paths, assignment_id: str) -> Path:
    """Write the starter notebook and tests/ of one assignment; return the notebook's path.

    Raises AuthoringError when the master is wrong or a line of a solution would be given away.
    """
    files = built_files(paths, assignment_id)
    folder = paths.assignment(assignment_id)
    (folder / "tests").mkdir(parents=True, exist_ok=True)
    for stale in (folder / "tests").glob("*.py"):
        if f"tests/{stale.name}" not in files:
            stale.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return paths.starter(assignment_id)


def built_files(paths: Paths, assignment_id: str) -> dict[str, str]:
    """What `build` writes, nothing written yet: path below the assignment's folder -> text."""
    master = _master_text(paths, assignment_id)
    notebook = _notebook_of(master, assignment_id)
    written = _check_functions(notebook, assignment_id)
    _refuse_unmarked_solutions(notebook, assignment_id)
    with tempfile.TemporaryDirectory(prefix="grader-build-") as scratch:
        student = _otter_assign(notebook, assignment_id, Path(scratch))
        starter = json.loads((student / f"{assignment_id}.ipynb").read_text(encoding="utf-8"))
        made = {path.stem: path.read_text(encoding="utf-8") for path in (student / "tests").glob("*.py")}
    questions = sorted(made, key=lambda question: (len(question), question))  # q4 before q14
    address = read_course(paths).release_address if paths.course_toml.is_file() else ""
    files = {f"tests/{question}.py": _checks(question, made[question], written) for question in questions}
    beside = [*(f"tests/{question}.py" for question in questions), *_released_beside(paths, assignment_id)]
    files[f"{assignment_id}.ipynb"] = _tidy(starter, assignment_id, address, beside)
    for name, text in files.items():
        _refuse_leaks(master, text, f"assignments/{assignment_id}/{name}")
    return files


def solution_lines(master: str) -> list[str]:
    """Lines of the master that students must not get: inside BEGIN SOLUTION, long enough, not in any prompt as well."""
    secret, public, inside = [], set(IDIOMS), ""
    for line in map(str.strip, master.splitlines()):
        if line.startswith("# BEGIN SOLUTION"):
            inside = "solution"
        elif line.endswith("# BEGIN PROMPT"):
            inside = "prompt"
        elif line.endswith(("# END SOLUTION", "# END PROMPT")):
            inside = ""
        elif inside == "prompt":
            public.add(line)
        elif (inside or line.endswith("# SOLUTION")) and len("".join(line.split())) >= LEAK_LENGTH:
            secret.append(line.removesuffix("# SOLUTION").rstrip())
    return [line for line in secret if line not in public]


def _refuse_unmarked_solutions(notebook: dict[str, Any], assignment_id: str) -> None:
    """A cell between BEGIN SOLUTION and END SOLUTION without marks of its own would be released as it is."""
    inside = False
    for cell in notebook["cells"]:
        if cell["cell_type"] == "raw":
            inside = cell["source"].startswith("# BEGIN SOLUTION")
        elif inside and cell["cell_type"] == "code" and "# BEGIN SOLUTION" not in cell["source"]:
            first = cell["source"].partition("\n")[0]
            raise AuthoringError(f"{assignment_id}: the solution cell {first!r} has no # BEGIN SOLUTION line inside")


def _refuse_leaks(master: str, text: str, where: str) -> None:
    if where.endswith(".ipynb"):
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    for line in solution_lines(master):
        if line in text:
            raise AuthoringError(f"{where}: gives away a line of the solution: {line}")


def _master_text(paths: Paths, assignment_id: str) -> str:
    try:
        return read_master(paths, assignment_id)
    except FileNotFoundError:
        there_is = ", ".join(sorted(path.parent.name for path in paths.solutions.glob("*/*.py"))) or "nothing"
        raise AuthoringError(
            f"{paths.reference(assignment_id)}: no master of {assignment_id!r}; there is: {there_is}"
        ) from None


def require_tools() -> None:
    """Raise MachineryError where what a build needs is not installed."""
    if not (find_spec("jupytext") and find_spec("otter")):
        raise MachineryError("building needs jupytext and otter-grader: pip install 'coursegrader[authoring]'")


def _notebook_of(master: str, assignment_id: str) -> dict[str, Any]:
    """The master as an nbformat 4 notebook."""
    require_tools()
    import jupytext

    try:
        notebook = jupytext.reads(master, fmt="py:percent")
    except (ValueError, SyntaxError) as problem:
        raise AuthoringError(f"{assignment_id}: the master is not percent-format Python: {problem}") from None
    notebook.metadata.update(KERNEL)
    return notebook


def _otter_assign(notebook: dict[str, Any], assignment_id: str, scratch: Path) -> Path:
    """Run otter assign on the master; return the folder with what is meant for students."""
    import nbformat

    nbformat.write(notebook, scratch / f"{assignment_id}.ipynb")
    command = [sys.executable, "-m", "otter", "assign", f"{assignment_id}.ipynb", "dist", "--no-run-tests"]
    try:
        run = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=OTTER_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise MachineryError(f"otter assign has not ended within {OTTER_TIMEOUT_S} s on {assignment_id}") from None
    if run.returncode != 0:
        reason = (run.stderr or run.stdout).strip().rpartition("\n")[2]
        raise AuthoringError(f"solutions/{assignment_id}/{assignment_id}.py: otter assign refuses it: {reason}")
    return scratch / "dist" / "student"


def _check_functions(notebook: dict[str, Any], assignment_id: str) -> dict[str, str]:
    """Source of every function test_... in the master as it was written: otter's own copy has lost the comments."""
    written: dict[str, str] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code" or "def test_" not in cell["source"]:
            continue
        try:
            tree = ast.parse(cell["source"])
        except SyntaxError as problem:
            raise AuthoringError(f"{assignment_id}: a public check is not Python: {problem}") from None
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                if not ast.get_docstring(node) or len(node.body) < 2:
                    raise AuthoringError(f"{assignment_id}: {node.name} needs a docstring, its name for students")
                if node.name in written:
                    raise AuthoringError(f"{assignment_id}: two public checks are called {node.name}")
                written[node.name] = ast.get_source_segment(cell["source"], node) or ""
    return written


def _checks(question: str, made: str, written: dict[str, str]) -> str:
    """One file of public checks: those of otter's file, as the master has them, each named by its docstring."""
    functions = [node for node in ast.parse(made).body if isinstance(node, ast.FunctionDef)]
    used = {"np"}.union(*(_names_used(ast.parse(written[node.name])) for node in functions))
    imports = "\n".join(line for name, line in CHECK_IMPORTS.items() if name in used)
    parts = [CHECKS_HEADER.format(question=question, imports=imports)]
    for node in functions:
        title = (ast.get_docstring(node) or "").partition("\n")[0]
        source = written[node.name].splitlines()
        docstring = cast(ast.FunctionDef, ast.parse(written[node.name]).body[0]).body[0]
        source.insert(cast(int, docstring.end_lineno), "    defined(locals())")
        decorator = f"@test_case(name={json.dumps(title, ensure_ascii=False)}, points=0)"
        parts.append("\n".join([decorator, *source, ""]))
    return "\n\n".join(parts)


def _names_used(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _released_beside(paths: Paths, assignment_id: str) -> tuple[str, ...]:
    """The files of the assignment that lie beside the notebook; none where there is no assignment.toml yet."""
    return read_assignment(paths, assignment_id).files if paths.assignment_toml(assignment_id).is_file() else ()


def _tidy(notebook: dict[str, Any], assignment_id: str, address: str, beside: list[str]) -> str:
    """The starter as text: no outputs, no leftovers of the tools, ids that are digests of the cells."""
    url = f"{address.rstrip('/')}/{assignment_id}.zip" if address else ""
    fetch = FETCH_CELL.format(url=json.dumps(url), assignment=assignment_id, beside=json.dumps(beside))
    cells: list[tuple[str, str, dict[str, Any]]] = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if not source.startswith("# Initialize Otter"):
            kept = {key: cell["metadata"][key] for key in KEPT_METADATA if key in cell["metadata"]}
            cells.append((cell["cell_type"], source, kept))
    words_first = len(list(takewhile(lambda cell: cell[0] == "markdown", cells)))
    cells[words_first:words_first] = [("code", fetch, {}), ("code", OTTER_CELL, {})]
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
