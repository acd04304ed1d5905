"""A master's outline: its cells, each with its place in the file, its question and the block it stands in.

The blocks are those of Otter Assign: raw cells (or fences ```otter in a text cell) that begin with `# BEGIN QUESTION`,
`# BEGIN PROMPT`, `# BEGIN SOLUTION`, `# BEGIN TESTS` and end with `# END ...`. Whatever is no such outline is refused,
with the file and the line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from grader.course.config import did_you_mean
from grader.course.master import continued, master_parts
from grader.errors import AuthoringError
from grader.paths import Paths

BLOCKS = ("question", "prompt", "solution", "tests")
IGNORED = re.compile(r"(##\s*ignore\s*##|#\s*ignore)\s*(:.*)?", re.IGNORECASE)
DROPPED_BY_OTTER = re.compile(r"##\s*ignore\s*##|#\s*ignore", re.IGNORECASE)

_BOUNDARY = re.compile(r"#\s+(begin|end)\s+(question|prompt|solution|tests)\s*", re.IGNORECASE)
_CONFIG = re.compile(r"#\s+assignment\s+config\s*", re.IGNORECASE)
_FENCE = "```otter"
_QUESTION_KEYS = ("name", "manual", "points", "check_cell", "export", "all_or_nothing")
_OTTERS_OWN = (  # what these say is about Otter's own grader, its exports and its own cells, none of which is made
    "name requirements overwrite_requirements environment run_tests solutions_pdf template_pdf init_cell export_cell "
    "generate save_environment ignore_modules autograder_files student_files show_question_points runs_on "
    "python_version channel_priority_strict suppress_no_tests_warning"
).split()
_HEEDED = ("tests", "check_all_cell", "strip_solutions_from_all_cells", "files")
_REMEDIES = {  # keys of the assignment's config that cannot be honoured
    "config_file": "write its keys into the master",
    "seed": "inputs are drawn by the hidden tests; leave it out",
    "plugins": "Otter's plugins need Otter's grader; leave it out",
    "lang": "only Python is graded; leave it out",
}
_FOREIGN_KEYS = (
    "nbgrader",
    "extended_cell",
    "solution",
    "solution2",
    "solution_first",
    "hidden",
)  # of a cell's metadata
_FOREIGN_TAGS = re.compile(r"solution|answer|hidden|hide|remove", re.IGNORECASE)


@dataclass(frozen=True)
class MasterCell:
    """One cell of the master. places: where each of its lines stands, as "solutions/a1/a1.py, line 12"."""

    kind: str
    source: str
    places: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict)
    question: str = ""
    block: str = ""  # the innermost one: "", or one of BLOCKS
    boundary: bool = False  # a mark of the outline, or the config: never in the starter

    @property
    def lines(self) -> list[str]:
        return self.source.split("\n")

    @property
    def ignored(self) -> bool:
        return bool(IGNORED.fullmatch(self.lines[0].rstrip()))

    def refused(self, line: int, says: str) -> AuthoringError:
        """What is wrong with a line of it, counted from 0."""
        return AuthoringError(f"{self.places[min(line, len(self.places) - 1)]}: {says}")


@dataclass(frozen=True)
class MasterQuestion:
    """One BEGIN QUESTION: its name, what its config says, and where."""

    name: str
    config: dict[str, Any]
    cell: MasterCell

    @property
    def manual(self) -> bool:
        return self.config.get("manual") is True


@dataclass(frozen=True)
class Outline:
    """The whole master. config: the keys of ASSIGNMENT CONFIG."""

    cells: tuple[MasterCell, ...]
    questions: tuple[MasterQuestion, ...]
    config: dict[str, Any]

    @property
    def ok_format(self) -> bool:
        return self.config.get("tests", {}).get("ok_format", True) is not False

    @property
    def solutions_anywhere(self) -> bool:
        return self.config.get("strip_solutions_from_all_cells") is True

    def of(self, question: str, *blocks: str) -> list[MasterCell]:
        """The cells of a question that stand in one of these blocks and are no marks."""
        inside = (cell for cell in self.cells if cell.question == question and not cell.boundary)
        return [cell for cell in inside if cell.block in blocks and not cell.ignored]


def line_places(paths: Paths, assignment_id: str) -> list[str]:
    """Where each line of the master's text stands, "solutions/a1/a1.py, line 12"."""
    places: list[str] = []
    for part in master_parts(paths, assignment_id):
        name = part.relative_to(paths.root).as_posix()
        count = part.read_text(encoding="utf-8-sig").rstrip("\n").count("\n") + 1
        places += [f"{name}, line {number}" for number in range(1, count + 2)]  # and the blank line behind it
    return places


def refuse_headless(paths: Paths, assignment_id: str) -> None:
    """Refuse what stands above the first cell of a file of a question: it would go on the cell before, and be given."""
    for part in master_parts(paths, assignment_id)[1:]:
        lines = continued(part.read_text(encoding="utf-8-sig")).split("\n")
        number = next((number for number, line in enumerate(lines) if line.strip()), 0)
        if not lines[number].startswith("# %%"):
            where = f"{part.relative_to(paths.root).as_posix()}, line {number + 1}"
            raise AuthoringError(f"{where}: a file of a question begins with a cell: write # %% [markdown] above it")


def outline(cells: Iterable[Any], text: str, places: list[str]) -> Outline:
    """Put a notebook's cells in order; text: the master; places: where each of its lines stands.

    Raises AuthoringError for a mark that is misspelt, in the wrong kind of cell or without its other half.
    """
    found = [part for cell in _placed(cells, text, places) for part in _unfenced(cell)]
    questions: dict[str, MasterQuestion] = {}
    config: dict[str, Any] = {}
    done: list[MasterCell] = []
    open_blocks: list[MasterCell] = []  # the raw cells that began a block which has not ended yet
    name = ""
    for cell in found:
        _refuse_metadata(cell)
        name = name if open_blocks else ""
        if is_config(cell):
            config |= _config(cell)
            done.append(replace(cell, boundary=True))
            continue
        begins = _boundary(cell)
        if not any(begins):
            block = _boundary(open_blocks[-1])[1] if open_blocks else ""
            done.append(replace(cell, question=name, block=block))
            continue
        if begins == ("begin", "question"):
            _refuse_nested(cell, open_blocks)
            question = _question(cell, questions)
            questions[question.name] = question
            name = question.name
        _step(cell, begins, open_blocks)
        done.append(replace(cell, question=name, block=begins[1], boundary=True))
    for cell in open_blocks[-1:]:
        raise cell.refused(0, f"BEGIN {_boundary(cell)[1].upper()} without an END {_boundary(cell)[1].upper()}")
    return Outline(tuple(done), tuple(questions.values()), config)


def _step(cell: MasterCell, begins: tuple[str, str], open_blocks: list[MasterCell]) -> None:
    """Open or close a block. Raises AuthoringError where it may not begin or end."""
    kind, block = begins
    if kind == "begin":
        if block != "question":
            _refuse_nested(cell, open_blocks)
        open_blocks.append(cell)
        return
    opened = _boundary(open_blocks[-1])[1] if open_blocks else ""
    if opened != block:
        inside = f"; {open_blocks[-1].places[0]} began {opened.upper()}" if opened else ""
        raise cell.refused(0, f"END {block.upper()} without a BEGIN {block.upper()}{inside}")
    open_blocks.pop()


def _refuse_nested(cell: MasterCell, open_blocks: list[MasterCell]) -> None:
    block = _boundary(cell)[1]
    outer = [_boundary(opened)[1] for opened in open_blocks]
    if block == "question" and outer:
        begun = open_blocks[-1].places[0]
        raise cell.refused(0, f"BEGIN QUESTION while {outer[-1].upper()} is open, which began in {begun}")
    if block != "question" and outer != ["question"]:
        says = f"inside {outer[-1].upper()}" if outer else "outside of a question"
        raise cell.refused(0, f"BEGIN {block.upper()} stands {says}; it belongs into a question, beside other blocks")


def _refuse_metadata(cell: MasterCell) -> None:
    """Refuse metadata by which another system knows solutions and tests: nobody would take them out here."""
    for key in _FOREIGN_KEYS:
        if key in cell.metadata:
            system = "nbgrader" if key in ("nbgrader", "extended_cell") else "another system"
            says = f"this cell has the {key} metadata of {system}, which takes nothing out here"
            raise cell.refused(
                0,
                f"{says}; mark solutions and tests with raw cells, # BEGIN SOLUTION and so on, and remove the metadata",
            )
    for tag in cell.metadata.get("tags", ()):
        if _FOREIGN_TAGS.search(tag) and tag != "otter_include":
            raise cell.refused(0, f"the tag {tag!r} takes nothing out here; put the cell into a SOLUTION block")


def _boundary(cell: MasterCell) -> tuple[str, str]:
    """("begin", "solution") and so on; nothing for a cell that is no mark."""
    found = _BOUNDARY.fullmatch(cell.lines[0]) if cell.kind == "raw" else None
    return (found[1].lower(), found[2].lower()) if found else ("", "")


def is_config(cell: MasterCell) -> bool:
    """Whether this is the raw cell ASSIGNMENT CONFIG."""
    return cell.kind == "raw" and bool(_CONFIG.fullmatch(cell.lines[0]))


def _question(cell: MasterCell, known: Collection[str]) -> MasterQuestion:
    config = yaml_table(cell, 1)
    for key in config:
        if key not in _QUESTION_KEYS:
            raise cell.refused(_line_of(cell, key), f"unknown key {key!r}{did_you_mean(key, _QUESTION_KEYS)}")
    name = config.get("name")
    if not isinstance(name, str) or not name:
        raise cell.refused(0, "BEGIN QUESTION without a name; write # name: q1 below it")
    if name in known:
        raise cell.refused(_line_of(cell, "name"), f"a second question is called {name}")
    return MasterQuestion(name, config, cell)


def _config(cell: MasterCell) -> dict[str, Any]:
    config = yaml_table(cell, 1)
    for key in config:
        if key in _REMEDIES:
            raise cell.refused(_line_of(cell, key), f"{key} is not supported: {_REMEDIES[key]}")
        if key not in (*_OTTERS_OWN, *_HEEDED):
            close = did_you_mean(key, [*_OTTERS_OWN, *_HEEDED])
            raise cell.refused(_line_of(cell, key), f"unknown key {key!r} in ASSIGNMENT CONFIG{close}")
    if not isinstance(config.get("tests", {}), dict):
        raise cell.refused(_line_of(cell, "tests"), "tests is a table: files: true and ok_format: false below it")
    return config


def yaml_table(cell: MasterCell, begin: int, end: int | None = None) -> dict[str, Any]:
    """Lines begin to end (not included) of a cell as a YAML table. Raises AuthoringError where they are none."""
    import yaml

    try:
        config = yaml.safe_load("\n".join(cell.lines[begin:end])) or {}
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        says = getattr(problem, "problem", None) or "wrong"
        raise cell.refused(begin + (mark.line if mark else 0), f"this is no YAML: {says}") from None
    if not isinstance(config, dict):
        raise cell.refused(begin, "expected lines like # name: q1")
    return config


def _line_of(cell: MasterCell, key: str) -> int:
    return next((number for number, line in enumerate(cell.lines) if line.lstrip().startswith(str(key))), 0)


# ------------------------------------------------------------------------------------------------ cells and places


def _placed(cells: Iterable[Any], text: str, places: list[str]) -> Iterator[MasterCell]:
    """The cells with the place of each line, found again in the text from the top down."""
    bare = [_bare(line) for line in text.split("\n")]
    at = 0
    for cell in cells:
        lines = cell["source"].split("\n")
        wanted = [_bare(line) for line in lines]
        fits = (start for start in range(at, len(bare)) if bare[start : start + len(wanted)] == wanted)
        start = next(fits, at)
        at = start + len(lines) if cell["source"] else at
        found = [places[min(number, len(places) - 1)] for number in range(start, start + len(lines))]
        yield MasterCell(cell["cell_type"], cell["source"], tuple(found), dict(cell["metadata"]))


def _bare(line: str) -> str:
    """A line without # and spaces: text cells are comments in the file and not in the notebook."""
    return re.sub(r"[#\s]", "", line)


def _unfenced(cell: MasterCell) -> Iterator[MasterCell]:
    """A text cell cut at its ```otter fences, each of which is a raw cell."""
    lines = cell.lines
    if cell.kind != "markdown" or all(line.strip() != _FENCE for line in lines):
        yield cell
        return
    begin = 0
    while begin < len(lines):
        fences = (number for number in range(begin, len(lines)) if lines[number].strip() == _FENCE)
        opens = next(fences, len(lines))
        yield from _part(cell, "markdown", begin, opens)
        if opens == len(lines):
            return
        closes = next((number for number in range(opens + 1, len(lines)) if lines[number].strip() == "```"), None)
        if closes is None:
            raise cell.refused(opens, "this ```otter is never closed; write ``` below its last line")
        yield from _part(cell, "raw", opens + 1, closes)
        begin = closes + 1


def _part(cell: MasterCell, kind: str, begin: int, end: int) -> Iterator[MasterCell]:
    """Lines begin to end of a cell as a cell, blank lines around them left out; nothing where there is nothing else."""
    while begin < end and not cell.lines[begin].strip():
        begin += 1
    while end > begin and not cell.lines[end - 1].strip():
        end -= 1
    if begin < end:
        yield replace(cell, kind=kind, source="\n".join(cell.lines[begin:end]), places=cell.places[begin:end])
