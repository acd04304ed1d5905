"""What must be so in a master here and need not be so in its source: ids, headings, solutions that are marked."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from grader.importing.assertions import imports_tests, without_libraries
from grader.importing.master_text import secret_lines
from grader.importing.material import Asked, Case, Material, Part
from grader.submission.magics import parse, plain

_ID = re.compile(r"q[0-9]{1,3}")
_HEADING = re.compile(r"^(#+\s+)((?:question\s+)?)(q[0-9]{1,3})\b", re.IGNORECASE | re.MULTILINE)
_EMPTY = re.compile(r"^(?P<indent>[ \t]*)# BEGIN SOLUTION( NO PROMPT)?[ \t]*\n(?=\s*# END SOLUTION)", re.MULTILINE)
_POINTS = re.compile(r"[(\[]\s*([0-9]+(?:\.[0-9]+)?)\s*(?:points?|pts?\.?|marks?)\s*[)\]]", re.IGNORECASE)


NO_CELL = "# answered above\n# BEGIN SOLUTION NO PROMPT\npass\n# END SOLUTION"


def prepare(material: Material) -> None:
    """Give every question an id, and make each of its cells one that a master may have."""
    names = [asked.name for asked in material.questions]
    keep = all(_ID.fullmatch(name) for name in names) and len(set(names)) == len(names)
    for number, asked in enumerate(material.questions, 1):
        asked.id = asked.name if keep else f"q{number}"
        if asked.id != asked.name:
            material.note(asked.name, "changed", f"it is called {asked.id} here")
        asked.parts = [_as_here(asked, part, material) for part in asked.parts]
        asked.cases = [_without_nose(case) for case in asked.cases]
        _solved(asked, material)
    material.items = [item if isinstance(item, Asked) else _with_a_solution(item) for item in material.items]


def _without_nose(case: Case) -> Case:
    """A test that imports a library of tests, as plain Python: students may not have it, and nose runs no more."""
    tree = parse(case.source)
    if tree is None or not any(imports_tests(node) for node in tree.body):
        return case
    return replace(case, source="\n".join(ast.unparse(node) for node in without_libraries(tree.body)))


def _as_here(asked: Asked, part: Part, material: Material) -> Part:
    if part.kind == "code":
        return _with_a_solution(part)
    source = _HEADING.sub(lambda found: f"{found[1]}{found[2]}{asked.id}", part.source)

    def points(found: re.Match[str]) -> str:
        return found[0] if float(found[1]) == float(asked.points) else f"[{found[1]} of the source's points]"

    changed = "\n".join(_POINTS.sub(points, line) if line.startswith("#") else line for line in source.split("\n"))
    if changed != part.source:
        material.note(asked.name, "changed", "a heading names the id and the points that the question has here")
    return replace(part, source=changed)


def _with_a_solution(part: Part) -> Part:
    """A solution cell that hides a line at least: one without a mark is given, into an empty region comes pass."""
    if part.role != "solution" or secret_lines(part.source):
        return part
    filled = _EMPTY.sub(lambda found: f"{found[0]}{found['indent']}pass\n", part.source)
    return replace(part, source=filled) if filled != part.source else replace(part, role="given")


def _solved(asked: Asked, material: Material) -> None:
    """A question whose code has no mark of a solution: the last cell that is code is one, as a whole."""
    if asked.manual or any(part.role == "solution" for part in asked.parts):
        return
    for at in reversed(range(len(asked.parts))):
        part = asked.parts[at]
        if part.kind == "code" and parse(plain(part.source).code):
            asked.parts[at] = replace(part, source=f"# BEGIN SOLUTION\n{part.source}\n# END SOLUTION", role="solution")
            material.note(asked.name, "changed", "its solution has no mark in the source: the whole cell is taken out")
            return
    if asked.cases:
        asked.parts.append(Part("code", NO_CELL, "solution"))
        material.note(asked.name, "left", "it has tests and no cell to answer in: what they ask for stands elsewhere")
