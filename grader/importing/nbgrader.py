"""Read a source of nbgrader: cells whose metadata (schemas 1 to 3) say what is solution, test and text to be marked."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.errors import UsageError
from grader.importing.cells import SourceCell, read_cells
from grader.importing.material import Asked, Case, Material, Part

STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
# as in nbgrader, a line that holds these words is the mark, whatever else stands in it
_BEGIN, _END = "BEGIN SOLUTION", "END SOLUTION"
_BEGIN_HIDDEN, _END_HIDDEN = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
_BEGIN_SCHEME, _END_SCHEME = "BEGIN MARK SCHEME", "END MARK SCHEME"
_AUTOTEST = re.compile(r"(?P<indent>\s*)#[#\s]*(?P<hashed>HASHED\s+)?AUTOTEST\s+(?P<asked>.*)")
_HEADING = re.compile(r"^#+\s+(.+?)\s*#*$", re.MULTILINE)


def read(file: Path) -> Material:
    """One notebook of a `source/` folder. Raises UsageError where it has no metadata of nbgrader."""
    cells = read_cells(file)
    if not any("nbgrader" in cell.metadata for cell in cells):
        raise UsageError(f"{file} has no metadata of nbgrader; open it with Create Assignment, or name another file")
    material = Material("nbgrader", file.stem)
    reader = _Reader(material)
    for cell in cells:
        reader.take(cell)
    reader.finish()
    return material


class _Reader:
    """Puts cells into questions: the solution cells since the last test, and the tests that follow them."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.open: Asked | None = None  # the question that is being read
        self.tested = False  # whether a test of it has come
        self.heading = ""

    def take(self, cell: SourceCell) -> None:
        about = cell.metadata.get("nbgrader")
        about = about if isinstance(about, dict) else {}
        if cell.kind == "markdown" and (found := _HEADING.search(_scheme(cell.source)[0])):
            self.heading = found[1]
        if about.get("task"):
            self._by_hand(cell, about, task=True)
        elif about.get("grade") and about.get("solution"):
            self._by_hand(cell, about, task=False)
        elif about.get("solution") and cell.kind == "code":
            self._solution(cell, about)
        elif about.get("grade") and cell.kind == "code":
            self._test(cell, about)
        elif cell.kind in ("code", "markdown") and cell.source.strip():
            self._given(Part(cell.kind, cell.source))

    def _given(self, part: Part) -> None:
        if self.open is None or self.tested:
            self._close()
            self.material.items.append(part)
        else:
            self.open.parts.append(part)

    def _close(self) -> None:
        self.open = None

    def _begin(self, cell: SourceCell, about: dict[str, Any]) -> Asked:
        name = str(about.get("grade_id") or f"cell {cell.number}")
        asked = Asked(name, title=_plain(self.heading) or name)
        self.material.items.append(asked)
        return asked

    def _solution(self, cell: SourceCell, about: dict[str, Any]) -> None:
        if self.open is None or self.tested:
            self.open, self.tested = self._begin(cell, about), False
        self.open.parts.append(Part("code", marked(cell.source), "solution"))

    def _test(self, cell: SourceCell, about: dict[str, Any]) -> None:
        name = str(about.get("grade_id") or f"cell {cell.number}")
        asked = self.open or next(reversed(self.material.questions), None)
        if asked is None or asked.manual:
            self.material.note(name, "left", "a test before any solution cell: it tests what is given")
            return
        self.tested = True
        points = _points(about)
        asked.points += points
        asked.cases += _cases(name, cell.source, points)

    def _by_hand(self, cell: SourceCell, about: dict[str, Any], task: bool) -> None:
        self._close()
        asked = self._begin(cell, about)
        asked.manual, asked.points = True, _points(about)
        source = cell.source
        scheme = ""
        if task:
            source, scheme = _scheme(source)
            asked.parts.append(Part(cell.kind, source))
        elif cell.kind == "code":
            asked.parts.append(Part("code", marked(source), "solution"))
        else:
            asked.parts += [Part("markdown", "YOUR ANSWER HERE", "prompt"), Part("markdown", source, "answer")]
        if scheme:
            self.material.note(
                asked.name, "left", "its mark scheme, which is for whoever marks: it stands on this page"
            )
            self.material.note(asked.name, "changed", scheme)

    def finish(self) -> None:
        for asked in self.material.questions:
            if not asked.manual and not asked.cases:
                self.material.note(asked.name, "left", "a solution cell without a test, worth no points")


def marked(source: str) -> str:
    """A solution cell with the marks of a master: a region becomes BEGIN SOLUTION, its stub a prompt."""
    lines: list[str] = []
    found = False
    indent = ""
    for line in source.split("\n"):
        if _BEGIN in line:
            found = True
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f"{indent}# BEGIN SOLUTION NO PROMPT")
        elif _END in line:
            lines += [f"{indent}# END SOLUTION", *_prompt(indent)]
        else:
            lines.append(line)
    if not found:
        lines = ["# BEGIN SOLUTION NO PROMPT", *lines, "# END SOLUTION", *_prompt("")]
    return "\n".join(lines)


def _prompt(indent: str) -> list[str]:
    return [f'{indent}""" # BEGIN PROMPT', *(indent + line for line in STUB.split("\n")), f'{indent}"""  # END PROMPT']


def _cases(name: str, source: str, points: Fraction) -> list[Case]:
    """A test cell: all of it is one test, as in nbgrader; what is not hidden is shown to students, too."""
    public: list[str] = []
    whole: list[str] = []
    hidden = inside = measured = False
    for line in source.split("\n"):
        if _BEGIN_HIDDEN in line or _END_HIDDEN in line:
            inside, hidden = _BEGIN_HIDDEN in line, True
            continue
        automatic = _AUTOTEST.fullmatch(line)
        lines = _asked(automatic) if automatic else [line]
        measured = measured or automatic is not None
        hashed = automatic is not None and automatic["hashed"] is not None  # whose answers students do not get to see
        hidden = hidden or hashed
        whole += lines
        if not (inside or hashed):
            public += lines
    case = Case(name, "\n".join(whole), hidden=hidden, points=points, measured=measured)
    shown = replace(
        case,
        label=f"{name} (what students see)",
        source="\n".join(public),
        hidden=False,
        points=Fraction(0),
        excerpt=True,
    )
    return [case, shown] if hidden and "\n".join(public).strip() else [case]


def _asked(automatic: re.Match[str]) -> list[str]:
    """`### AUTOTEST f(1); f(2)` as a line for each expression."""
    return [automatic["indent"] + each.strip() for each in automatic["asked"].split(";") if each.strip()]


def _points(about: dict[str, Any]) -> Fraction:
    try:
        return Fraction(str(about.get("points") or 0))
    except ValueError:
        return Fraction(0)


def _scheme(source: str) -> tuple[str, str]:
    """A text without its mark schemes, and these."""
    text: list[str] = []
    scheme: list[str] = []
    inside = False
    for line in source.split("\n"):
        inside = inside or _BEGIN_SCHEME in line
        (scheme if inside else text).append(line)
        inside = inside and _END_SCHEME not in line
    return "\n".join(text).strip() if scheme else source, "\n".join(scheme)


def _plain(text: str) -> str:
    return re.sub(r"[*_`]", "", text).strip()
