"""The master held against `assignment.toml`: the same questions, the same points, every name written by the student."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from grader.authoring.marks import Line, is_solution, kinds_of
from grader.authoring.outline import MasterCell, MasterQuestion, Outline, is_config
from grader.course.config import did_you_mean
from grader.course.scheme import plain as plain_number
from grader.errors import AuthoringError
from grader.schema import Assignment, Question
from grader.submission.bindings import bound_names
from grader.submission.magics import parse, plain

_HEADING = re.compile(r"#+\s+(?P<text>.*)")
_ID = re.compile(r"(?:question\s+)?(q[0-9]{1,3})\b", re.IGNORECASE)
_POINTS = re.compile(r"[(\[]\s*(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?:points?|pts?\.?|marks?)\s*[)\]]", re.IGNORECASE)
_EXPERIMENT = re.compile(r"\s*#\s*experiment\b", re.IGNORECASE)


def graded(outlined: Outline) -> list[MasterCell]:
    """The code cells that run when the master is graded: no checks, no experiments, no ignored ones."""
    return [
        cell
        for cell in outlined.cells
        if cell.kind == "code" and cell.block != "tests" and not cell.ignored and not _EXPERIMENT.match(cell.source)
    ]


def defined(cells: list[MasterCell]) -> dict[str, MasterCell]:
    """Each name that these cells bind at the top level, with the last cell that does."""
    found: dict[str, MasterCell] = {}
    for cell in cells:
        tree = parse(plain(cell.source).code)
        found |= dict.fromkeys(bound_names(tree) if tree else (), cell)
    return found


def refuse_disagreement(outlined: Outline, assignment: Assignment, points: dict[str, Decimal | None]) -> None:
    """Raise AuthoringError where the master and assignment.toml differ. points: those a question's config states."""
    toml = f"assignments/{assignment.id}/assignment.toml"
    asked = {question.name: question for question in outlined.questions}
    listed = {question.id: question for question in assignment.questions}
    for name, question in asked.items():
        if name not in listed:
            there_is = ", ".join(listed) or "none"
            raise question.cell.refused(0, f"{toml} has no question {name}; there is: {there_is}")
    cells = graded(outlined)
    names = defined(cells)
    given = defined([cell for cell in cells if not is_solution(outlined, cell) and cell.block != "prompt"])
    for name, expected in listed.items():
        if name not in asked:
            _refuse_unasked(outlined, expected, toml)
            continue
        _refuse_manual(asked[name], expected, toml)
        _refuse_points(outlined, asked[name], expected, points[name], toml)
        for wanted in expected.names:
            _refuse_name(wanted, name, names, given, toml)
    _refuse_unsolved(outlined)
    _refuse_files(outlined, assignment, toml)


def _refuse_unasked(outlined: Outline, expected: Question, toml: str) -> None:
    """A question without a block in the master. One that a person marks may be a heading and what stands below it."""
    if not expected.manual:
        if not outlined.questions:
            where = outlined.cells[0].places[0] if outlined.cells else toml
            says = "the master has no question: no raw cell begins with # BEGIN QUESTION"
            raise AuthoringError(f"{where}: {says}, and {expected.id} needs one")
        asks = ", ".join(question.name for question in outlined.questions) or "none"
        raise AuthoringError(f"{toml}: the master does not ask question {expected.id}; it asks: {asks}")
    for cell, number, heading in _headings(outlined, None):
        named = _ID.match(heading)
        if named and named[1].lower() == expected.id:
            _refuse_heading(cell, number, heading, expected, toml)
            return
    says = f"begin it with a heading such as: ## {expected.id}. {expected.title}"
    raise AuthoringError(f"{toml}: {expected.id} is marked by a person, and the master has no place for it; {says}")


def _refuse_manual(question: MasterQuestion, expected: Question, toml: str) -> None:
    if question.manual == expected.manual:
        return
    if question.manual:
        raise question.cell.refused(0, f"{question.name} is manual here; write manual = true for it in {toml}")
    raise question.cell.refused(0, f"{question.name} is manual in {toml}; write manual: true here")


def _refuse_heading(cell: MasterCell, number: int, heading: str, expected: Question, toml: str) -> bool:
    """Raise AuthoringError where a heading states other points; say whether it states any."""
    told = _POINTS.search(heading)
    if told and Decimal(told["number"]) != expected.points:
        worth = f"{toml} gives {expected.id} {plain_number(expected.points)}"
        raise cell.refused(number, f"the heading says {told['number']} points, {worth}")
    return told is not None


def _refuse_files(outlined: Outline, assignment: Assignment, toml: str) -> None:
    for cell in outlined.cells:
        for file in outlined.config.get("files") or () if is_config(cell) else ():
            if file not in assignment.files:
                says = f"{file} is to be released, and {toml} does not name it in files"
                raise cell.refused(_line_of(cell, str(file)), says)


def _refuse_points(
    outlined: Outline, question: MasterQuestion, expected: Question, stated: Decimal | None, toml: str
) -> None:
    worth = f"{toml} gives {question.name} {plain_number(expected.points)}"
    if stated is not None and stated != expected.points:
        says = f"{question.name} states {plain_number(stated)} points, {worth}"
        raise question.cell.refused(0, f"{says}; write the same, or points: 0")
    for cell, number, heading in _headings(outlined, question.name):
        named = _ID.match(heading)
        if named and named[1].lower() != question.name.lower():
            raise cell.refused(number, f"the heading says {named[1]}, the question is called {question.name}")
        told = _refuse_heading(cell, number, heading, expected, toml)
        if named or told:
            return  # headings below it may be those of its parts


def _headings(outlined: Outline, question: str | None) -> Iterator[tuple[MasterCell, int, str]]:
    """Headings of a question, or (None) of all that belongs to no question: cell, line in it, text."""
    cells = outlined.of(question, "question") if question else [cell for cell in outlined.cells if not cell.question]
    for cell in cells:
        for number, line in enumerate(cell.lines):
            found = _HEADING.fullmatch(line.strip()) if cell.kind == "markdown" else None
            if found:
                yield cell, number, found["text"]


def _refuse_name(
    name: str, question: str, names: dict[str, MasterCell], given: dict[str, MasterCell], toml: str
) -> None:
    """names: where the master defines each;  given: where it does so in a cell that students get as it is."""
    if name not in names:
        close = did_you_mean(name, names)
        raise AuthoringError(f"{toml}: {question} asks for {name}, which the master does not define{close}")
    if name in given:
        says = f"{name}, which {question} asks for, stands outside of a SOLUTION block: it would be given"
        raise given[name].refused(_line_of(given[name], name), says)
    cell = names[name]
    if cell.question != question:
        says = f"{name} stands in {cell.question}, {toml} asks for it in {question}"
        raise cell.refused(_line_of(cell, name), says)


def _refuse_unsolved(outlined: Outline) -> None:
    """Raise AuthoringError for a question without a line that students are to write: all of it would be given."""
    for question in outlined.questions:
        solved = (cell for cell in outlined.cells if cell.question == question.name and is_solution(outlined, cell))
        if not question.manual and not any(Line.SECRET in kinds_of(outlined, cell) for cell in solved):
            says = (
                f"{question.name} has no solution between # BEGIN SOLUTION and # END SOLUTION: all of it would be given"
            )
            raise question.cell.refused(0, says)


def refuse_given(outlined: Outline, assignment: Assignment, starter: dict[str, Any]) -> None:
    """Raise AuthoringError where the starter defines a name that students are to write just as the master does."""
    given = _statements("".join(cell["source"]) for cell in starter["cells"] if cell["cell_type"] == "code")
    names = defined(graded(outlined))
    for question in assignment.questions:
        for name in question.names:
            cell = names[name]
            if name in given and ast.dump(given[name]) == ast.dump(_statements([cell.source])[name]):
                says = f"{name} is given to students as it stands here: there is no mark of a solution in it"
                raise cell.refused(_line_of(cell, name), says)


def _statements(sources: Iterable[str]) -> dict[str, ast.stmt]:
    """Each name with the statement that binds it last."""
    found: dict[str, ast.stmt] = {}
    for source in sources:
        tree = parse(plain(source).code)
        for node in tree.body if tree else []:
            found |= dict.fromkeys(bound_names(ast.Module([node], [])), node)
    return found


def _line_of(cell: MasterCell, name: str) -> int:
    found = (number for number, line in enumerate(cell.lines) if re.search(rf"\b{re.escape(name)}\b", line))
    return next(found, 0)
