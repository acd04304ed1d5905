"""Read a master of Otter Assign: raw cells (or fences, or comments) that say what is question, solution and test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.errors import UsageError
from grader.importing.cells import SourceCell, read_cells
from grader.importing.material import Asked, Case, Material, Part
from grader.importing.otter_marks import marked
from grader.importing.otter_points import resolve
from grader.importing.otter_tests import case_of_cell
from grader.importing.seeds import seeded

_BOUNDARY = re.compile(r"\s*#\s+(BEGIN|END)\s+(QUESTION|PROMPT|SOLUTION|TESTS)\s*", re.IGNORECASE)
_CONFIG = re.compile(r"\s*#\s+ASSIGNMENT\s+CONFIG\s*", re.IGNORECASE)
_OLD_QUESTION = re.compile(r"```+\s*\n?BEGIN QUESTION\s*\n(.*?)```+", re.DOTALL)
_OLD_CONFIG = re.compile(r"```+\s*\n?BEGIN ASSIGNMENT\s*\n(.*?)```+", re.DOTALL)
_OLD_TEST = re.compile(r"\s*#+\s*(HIDDEN\s+)?TESTS?\s*#*\s*", re.IGNORECASE)
_OLD_SOLUTION = re.compile(r"\s*#+\s*SOLUTIONS?\s*#*\s*", re.IGNORECASE)
_IGNORED = re.compile(r"(##\s*ignore\s*##|#\s*ignore)", re.IGNORECASE)
_FENCE = re.compile(r"^```otter\s*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+\s+(.+?)\s*#*$|^\*\*(.+?)\*\*", re.MULTILINE)
_NO_EFFECT = (
    "requirements overwrite_requirements environment solutions_pdf template_pdf init_cell export_cell generate "
    "save_environment variables ignore_modules show_question_points runs_on python_version channel_priority_strict "
    "check_all_cell run_tests name tests config_file lang files seed student_files strip_solutions_from_all_cells"
).split()


def read(file: Path) -> Material:
    """One master. Raises UsageError where it is none."""
    cells = [part for cell in read_cells(file) for part in _unfenced(cell)]
    reader = _Reader(Material("Otter", file.stem), file.parent)
    for cell in cells:
        reader.take(cell)
    reader.finish()
    if not reader.material.questions:
        raise UsageError(f"{file} is no master of Otter: no cell begins with # BEGIN QUESTION")
    return reader.material


def _unfenced(cell: SourceCell) -> Iterator[SourceCell]:
    """A text cell cut at its fences; what was a mark of the older form becomes a raw cell of the newer."""
    if cell.kind != "markdown":
        yield cell
        return
    source = _OLD_CONFIG.sub(lambda found: f"```otter\n# ASSIGNMENT CONFIG\n{found[1]}```", cell.source)
    source = _OLD_QUESTION.sub(lambda found: f"```otter\n# BEGIN QUESTION\nold: true\n{found[1]}```", source)
    at = 0
    for found in _FENCE.finditer(source):
        if source[at : found.start()].strip() and "old: true" not in found[1]:
            yield replace(cell, source=source[at : found.start()].strip("\n"))
        yield replace(cell, kind="raw", source=found[1].strip("\n"))
        if "old: true" in found[1] and source[at : found.start()].strip():  # its text stands above its config
            yield replace(cell, source=source[at : found.start()].strip("\n"))
        at = found.end()
    if source[at:].strip():
        yield replace(cell, source=source[at:].strip("\n"))


class _Reader:
    """Goes from cell to cell, with the question and the block that are open."""

    def __init__(self, material: Material, folder: Path) -> None:
        self.material = material
        self.folder = folder
        self.config: dict[str, Any] = {}
        self.open: Asked | None = None
        self.about: dict[str, Any] = {}
        self.block = ""
        self.old = False  # a question of the older form, which ends where the next begins

    def take(self, cell: SourceCell) -> None:
        if not cell.source.strip() or _IGNORED.match(cell.source):
            return
        if cell.kind == "raw" and _CONFIG.fullmatch(cell.lines[0]):
            self._configure(_table(cell))
            return
        found = _BOUNDARY.fullmatch(cell.lines[0]) if cell.kind == "raw" else None
        if found:
            self._boundary(cell, found[1].upper(), found[2].lower())
        elif cell.kind == "raw":
            self.material.note(f"cell {cell.number}", "left", f"a raw cell that is no mark: {cell.lines[0][:60]}")
        elif self.open is None:
            self._given(cell)
        elif self.old:
            self._of_old_form(self.open, cell)
        else:
            self._of_question(self.open, cell)

    def _given(self, cell: SourceCell) -> None:
        everywhere = self.config.get("strip_solutions_from_all_cells") and cell.kind == "code"
        self.material.items.append(Part(cell.kind, self._code(cell), "solution" if everywhere else "given"))

    def _configure(self, table: dict[str, Any]) -> None:
        included = table.get("config_file")
        if included:
            import yaml

            file = self.folder / str(included)
            if file.is_file():
                table = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}) | table
            else:
                self.material.note(
                    str(included), "left", "this config_file is not beside the master; points may differ"
                )
        self.config |= table
        if str(table.get("lang", "python")).lower() == "r":
            raise UsageError("this master is written for R; only Python is graded")
        for key in table:
            if key == "plugins":
                self.material.note("config plugins", "left", "nothing here does what a plugin of Otter's does")
            elif key not in _NO_EFFECT:
                self.material.note(f"config {key}", "changed", "it is for Otter's own grader and has no effect here")

    def _boundary(self, cell: SourceCell, side: str, block: str) -> None:
        if side == "BEGIN" and block == "question":
            self._end_question()
            self._begin_question(cell)
        elif side == "END" and block == "question":
            self._end_question()
        else:
            self.block = block if side == "BEGIN" else ""

    def _begin_question(self, cell: SourceCell) -> None:
        self.about = _table(cell)
        self.old = self.about.pop("old", False) is True
        name = str(self.about.get("name") or f"cell {cell.number}")
        manual = self.about.get("manual") is True
        self.open = Asked(name, manual=manual, all_or_nothing=self.about.get("all_or_nothing") is True)
        self.material.items.append(self.open)

    def _end_question(self) -> None:
        if self.open is not None:
            resolve(self.open, self.about.get("points"), self.material)
            self.open.title = self.open.title or self.open.name
        self.open, self.block = None, ""

    def _of_question(self, asked: Asked, cell: SourceCell) -> None:
        if self.block == "tests":
            if cell.kind == "code":
                asked.cases.append(case_of_cell(cell, f"{asked.name} - {len(asked.cases) + 1}", self._ok_format))
            return
        if cell.kind == "markdown":
            self._text(asked, cell)
        elif self.block == "prompt":
            asked.parts.append(Part("code", cell.source, "prompt"))
        else:
            asked.parts.append(Part("code", self._code(cell), "solution" if self.block == "solution" else "given"))

    def _text(self, asked: Asked, cell: SourceCell) -> None:
        included = "otter_include" in cell.metadata.get("tags", ())
        if not asked.title and self.block == "" and (found := _HEADING.search(cell.source)):
            asked.title = re.sub(r"[*_`$]", "", found[1] or found[2]).strip(" .:")
        role = {"prompt": "prompt", "solution": "answer"}.get(self.block, "given")
        asked.parts.append(Part("markdown", cell.source, "given" if included else role, included))

    def _of_old_form(self, asked: Asked, cell: SourceCell) -> None:
        """The older form: code cells until the next question, tests by their first line, text ends the question."""
        first = cell.lines[0]
        if cell.kind == "code" and _OLD_TEST.fullmatch(first):
            hidden = "hidden" in first.lower()
            bare = replace(cell, source="\n".join(cell.lines[1:]))
            case = case_of_cell(bare, f"{asked.name} - {len(asked.cases) + 1}", self._ok_format)
            asked.cases.append(replace(case, hidden=hidden or case.hidden))
        elif cell.kind == "code" and not asked.cases:
            source = "\n".join(cell.lines[1:]) if _OLD_SOLUTION.fullmatch(first) else self._code(cell)
            if _OLD_SOLUTION.fullmatch(first) and not re.search(r"# ?(BEGIN )?SOLUTION", source):
                source = f"# BEGIN SOLUTION\n{source}\n# END SOLUTION"
            asked.parts.append(Part("code", marked(source), "solution"))
        elif cell.kind == "markdown" and (not asked.parts or asked.manual):
            answer = _OLD_SOLUTION.match(cell.source) or "solution" in first.lower()
            if not asked.title and (found := _HEADING.search(cell.source)):
                asked.title = re.sub(r"[*_`$]", "", found[1] or found[2]).strip(" .:")
            asked.parts.append(Part("markdown", cell.source, "answer" if answer and asked.manual else "given"))
        else:
            self._end_question()
            self._given(cell)

    def _code(self, cell: SourceCell) -> str:
        return marked(cell.source)

    @property
    def _ok_format(self) -> bool:
        tests = self.config.get("tests")
        return not isinstance(tests, dict) or tests.get("ok_format", True) is not False

    def finish(self) -> None:
        self._end_question()
        self.material.drop_empty()
        name = self.config.get("name")
        self.material.title = str(name) if name else self.material.title
        self._seeds()
        for file in [*(self.config.get("files") or ()), *(self.config.get("student_files") or ())]:
            self._file(str(file))

    def _seeds(self) -> None:
        seed = self.config.get("seed")
        generate = self.config.get("generate")
        if isinstance(seed, dict):
            says = f"students get the grading value of {seed.get('variable')} ({seed.get('autograder_value')})"
            self.material.note("seed", "changed", f"{says}: nothing is put in its place when a notebook is graded")
        elif isinstance(generate, dict) and isinstance(generate.get("seed"), int):
            seeded(self.material, generate["seed"])

    def _file(self, name: str) -> None:
        place = self.folder / name
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        found = {file.relative_to(self.folder).as_posix(): file for file in files if file.is_file()}
        if found and ".." not in Path(name).parts:
            self.material.files |= {path: file.read_bytes() for path, file in found.items()}
        else:
            self.material.note(name, "left", "it is named in the config and is not beside the master")


def _table(cell: SourceCell) -> dict[str, Any]:
    """What stands below the first line of a raw cell, as YAML."""
    import yaml

    lines = cell.lines[1:]
    commented = all(line.lstrip().startswith("#") for line in lines if line.strip())
    text = "\n".join(re.sub(r"^\s*# ?", "", line) if commented else line for line in lines)
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        raise UsageError(f"cell {cell.number}: what stands below {cell.lines[0]!r} is no YAML") from None
    if found is not None and not isinstance(found, dict):
        raise UsageError(f"cell {cell.number}: below {cell.lines[0]!r} stand lines like name: q1")
    return found or {}


def points_of(value: object) -> Fraction | None:
    return Fraction(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


__all__ = ["Case", "read"]
