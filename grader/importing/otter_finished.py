"""Finished tests without a master: the solved notebook beside them, or around them, says what the solution is.

`otter assign` makes such folders: dist/autograder holds the solved notebook, with tests/ beside it or with the tests in
its metadata; dist/student holds the untouched one.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.errors import UsageError
from grader.importing.cells import SourceCell, read_cells
from grader.importing.master_text import secret_lines
from grader.importing.material import Asked, Material, Part
from grader.importing.otter_marks import marked
from grader.importing.otter_tests import read_folder, read_kept

_CHECK = re.compile(r"\s*grader\.check\(\s*['\"]([^'\"]+)['\"]\s*\)")
_EXPORT = re.compile(r"<!-- (BEGIN|END) QUESTION -->\n*")
_OTTERS = re.compile(r"\s*# Initialize Otter|\s*grader\.(check_all|export)\(|\s*import otter\b")


def read(place: Path) -> Material:
    """tests/, a folder with it, or a notebook that keeps its tests. Raises UsageError where no solved one is there."""
    book, material = _of_notebook(place) if place.is_file() else _of_folder(place)
    stub = book.parent.parent / "student" / book.name
    cells = [cell for cell in _cells(book) if not _withheld(cell, stub, material)]
    prompts = _prompts(cells, stub)
    asked = {question.name: question for question in material.questions}
    material.title, material.items = book.stem, _items(cells, prompts, asked)
    unasked = [question for question in asked.values() if question not in material.items]
    for question in unasked:
        material.note(question.name, "left", f'no cell grader.check("{question.name}") says where it is asked')
    material.items += unasked
    return material


def keeps_tests(file: Path) -> bool:
    """Whether a notebook has tests of Otter in its metadata."""
    return bool(_kept(file))


def _kept(file: Path) -> dict[str, Any]:
    try:
        page = json.loads(file.read_text(encoding="utf-8-sig")) if file.suffix == ".ipynb" else {}
        kept = page.get("metadata", {}).get("otter", {}).get("tests")
    except (ValueError, OSError, AttributeError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _of_notebook(file: Path) -> tuple[Path, Material]:
    return file, read_kept(_kept(file), file.name)


def _of_folder(folder: Path) -> tuple[Path, Material]:
    tests = folder / "tests" if (folder / "tests").is_dir() else folder
    books = sorted(tests.parent.glob("*.ipynb")) or sorted(tests.glob("*.ipynb"))
    keeping = [book for book in sorted(folder.glob("*.ipynb")) if keeps_tests(book)]
    if len(keeping) == 1 and not any(tests.glob("*.py")):
        return _of_notebook(keeping[0])
    material = read_folder(tests)
    if len(books) != 1:
        found = f"there are {len(books)}" if books else "there is none"
        raise UsageError(
            f"{folder}: tests alone have no solution, which must pass them before they can judge; put the one solved "
            f"notebook beside tests/ ({found}), as otter assign leaves it in dist/autograder"
        )
    return books[0], material


def _cells(file: Path) -> list[SourceCell]:
    """The cells without those that Otter added, and without its comments for its own PDF."""
    cells = [replace(cell, source=_EXPORT.sub("", cell.source)) for cell in read_cells(file)]
    return [cell for cell in cells if cell.source.strip() and not _OTTERS.match(cell.source)]


def _withheld(cell: SourceCell, stub: Path, material: Material) -> bool:
    """Whether a text is an answer: students do not get it there, or, where nothing says so, it speaks of a solution."""
    if cell.kind != "markdown":
        return False
    if stub.is_file():
        secret = cell.source not in {other.source for other in _cells(stub)}
    else:
        secret = re.search(r"\bsolution\b", cell.source, re.IGNORECASE) is not None
    if secret:
        material.note(f"a text, {cell.source[:40]}", "left", "it is taken for an answer: students do not get it")
    return secret


def _items(cells: list[SourceCell], prompts: dict[int, str], asked: dict[str, Asked]) -> list[Part | Asked]:
    """The cells above each grader.check belong to its question, from the one before it on."""
    items: list[Part | Asked] = []
    waiting: list[Part] = []
    for cell in cells:
        check = _CHECK.match(cell.source) if cell.kind == "code" else None
        if check and check[1] in asked and asked[check[1]] not in items:
            question = asked[check[1]]
            question.parts = _with_solution(waiting)
            items.append(question)
            waiting = []
        elif not check and cell.kind in ("code", "markdown"):
            waiting.append(_part(cell, prompts))
    return [*items, *(replace(part, role="given") if part.kind == "markdown" else part for part in waiting)]


def _part(cell: SourceCell, prompts: dict[int, str]) -> Part:
    if cell.kind == "code" and secret_lines(cell.source):  # otter assign leaves the marks in the solved notebook
        return Part("code", marked(cell.source), "solution")
    if cell.kind == "code" and cell.number in prompts:
        shown = ['""" # BEGIN PROMPT', *prompts[cell.number].split("\n"), '"""  # END PROMPT']
        return Part(
            "code", "\n".join(["# BEGIN SOLUTION NO PROMPT", cell.source, "# END SOLUTION", *shown]), "solution"
        )
    return Part(cell.kind, cell.source)


def _with_solution(parts: list[Part]) -> list[Part]:
    """Where nothing says what students write, it is the last cell of code."""
    if any(part.role == "solution" for part in parts):
        return parts
    last = max((at for at, part in enumerate(parts) if part.kind == "code"), default=-1)
    return [
        replace(part, source=f"# BEGIN SOLUTION\n{part.source}\n# END SOLUTION", role="solution")
        if at == last
        else part
        for at, part in enumerate(parts)
    ]


def _prompts(cells: list[SourceCell], stub: Path) -> dict[int, str]:
    """Number of a solved cell -> what students got in its place, where the untouched notebook is there."""
    if not stub.is_file():
        return {}
    given = [cell for cell in _cells(stub) if cell.kind == "code"]
    solved = [cell for cell in cells if cell.kind == "code"]
    if len(given) != len(solved):
        return {}
    pairs = zip(solved, given, strict=True)
    return {
        one.number: other.source for one, other in pairs if one.source != other.source and '"""' not in other.source
    }
