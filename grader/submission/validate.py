"""Whether a notebook will be accepted, as a student can find out before handing in: nothing of it is run.

Needs neither Docker nor torch nor the course: what is asked for stands in the release's manifest.json.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.errors import UsageError
from grader.submission.answers import Answer, answers
from grader.submission.magics import compile_error, parse
from grader.submission.notebook import Cell, Notebook, definitions, nearest

STUB = "NotImplementedError"  # what a function raises that is not written yet


@dataclass(frozen=True)
class Asked:
    """A question as a student knows it."""

    id: str
    title: str
    points: str
    names: tuple[str, ...]
    manual: bool = False  # a person marks it


@dataclass(frozen=True)
class Found:
    """What a notebook has for one question: names that are written, that are stubs, and what is said of the rest."""

    question: Asked
    written: tuple[str, ...]
    stubs: tuple[str, ...]
    missing: tuple[str, ...]  # a sentence for each

    @property
    def complete(self) -> bool:
        return not self.stubs and not self.missing


@dataclass(frozen=True)
class Released:
    """An assignment as it was released, as far as a student's program needs to know it.

    release: its id, "" where that is not known;  files: that came with the notebook
    modules: what grading has besides the standard library, None where that is not known
    starter: the notebook that was released, where questions are marked by a person
    language: of the course, in which the students' program speaks
    """

    assignment: str
    questions: tuple[Asked, ...]
    release: str = ""
    modules: tuple[str, ...] | None = None
    hidden_modules: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    starter: bytes = b""
    language: str = "en"


def read_manifest(file: Path) -> Released:
    """What a release's manifest says. Raises UsageError if it is none."""
    try:
        page = json.loads(file.read_text(encoding="utf-8"))
        return Released(
            str(page["assignment"]),
            tuple(map(_asked, page["questions"])),
            str(page.get("release", "")),
            tuple(map(str, page["modules"])) if "modules" in page else None,
            tuple(map(str, page.get("hidden_modules", ()))),
            tuple(map(str, page.get("files", ()))),
            json.dumps(page["starter"]).encode("utf-8") if "starter" in page else b"",
            str(page.get("language", "en")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{file} is no manifest of a release: {error}") from None


def _asked(item: dict[str, Any]) -> Asked:
    names = tuple(item["names"])
    return Asked(item["id"], item["title"], str(item["points"]), names, manual=item.get("manual") is True)


def look(notebook: Notebook, questions: tuple[Asked, ...]) -> list[Found]:
    """What the notebook has for each question."""
    defined = definitions(notebook)
    cells = {cell.number: cell for cell in notebook.cells}
    spare = set(defined) - {name for question in questions for name in question.names}
    return [_found(question, defined, cells, spare) for question in questions]


def unwritten_essays(content: bytes, filename: str, released: Released) -> dict[str, str]:
    """Questions for a person in whose place the student wrote nothing, each with what to say of it.

    None where the starter is not known.
    """
    wanted = [question.id for question in released.questions if question.manual]
    if not wanted or not released.starter:
        return {}
    ids = [question.id for question in released.questions]
    found = answers(content, filename, ids, wanted, released.starter)
    return {question: _of_essay(answer) for question, answer in found.items() if not answer.cells}


def _of_essay(answer: Answer) -> str:
    if not answer.found:
        return "its heading is not in your notebook; put it back above your answer"
    elsewhere = f"; is it cell {answer.elsewhere[0]}? Put it below the heading" if answer.elsewhere else ""
    return f"not written yet: below its heading stands what was released{elsewhere}"


def broken_cells(notebook: Notebook) -> list[str]:
    """Cells that are no Python, with the place."""
    cells = [cell for cell in notebook.cells if not cell.experiment]
    reasons = [(cell.number, compile_error(cell.code)) for cell in cells]
    return [
        f"cell {number}{', ' if reason.startswith('line ') else ': '}{reason}" for number, reason in reasons if reason
    ]


def _found(question: Asked, defined: dict[str, tuple[int, ...]], cells: dict[int, Cell], spare: set[str]) -> Found:
    written, stubs, missing = [], [], []
    for name in question.names:
        places = [number for number in defined.get(name, ()) if not cells[number].experiment]
        running = [number for number in places if not compile_error(cells[number].code)]
        if not places:
            missing.append(_missing(name, defined, cells, spare))
        elif not running:
            reason = compile_error(cells[places[-1]].code)
            missing.append(f"{name} cannot be used: cell {places[-1]} is no Python ({reason})")
        elif _is_stub(cells[running[-1]].code, name):
            stubs.append(name)
        else:
            written.append(name)
    return Found(question, tuple(written), tuple(stubs), tuple(missing))


def _missing(name: str, defined: dict[str, tuple[int, ...]], cells: dict[int, Cell], spare: set[str]) -> str:
    if name in defined:
        return f"{name} is defined only in cell {defined[name][-1]}, an experiment, which is not run"
    close = nearest(name, sorted(spare))
    if close:
        return f"{name} is missing; your notebook defines {close} (cell {defined[close][-1]})"
    return f"{name} is missing"


def _is_stub(code: str, name: str) -> bool:
    """Whether the last definition of `name` in a cell still raises NotImplementedError in every function of it."""
    tree = parse(code) if STUB in code else None
    body = tree.body if tree else []
    found = [node for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name]
    if not found:
        return False
    functions = [node for node in ast.walk(found[-1]) if isinstance(node, ast.FunctionDef)]
    return bool(functions) and all(any(map(_raises_stub, function.body)) for function in functions)


def _raises_stub(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == STUB
