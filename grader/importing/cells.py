"""A notebook, a percent script or R Markdown as cells: kind, source, metadata, what it printed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.errors import UsageError

SUFFIXES = (".ipynb", ".py", ".Rmd", ".qmd")
_COMMENT = re.compile(r"^<!--\s*(#.*?)-->\s*$", re.MULTILINE | re.DOTALL)  # a raw cell, in R Markdown
_CHUNK = re.compile(r"^```\{(\w+)[^}\n]*\}\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_HEADER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


@dataclass(frozen=True)
class SourceCell:
    """One cell of the source. number: its place, from 1;  printed: what its last run printed, None if never run."""

    number: int
    kind: str
    source: str
    metadata: dict[str, Any] = field(default_factory=dict)
    printed: str | None = None

    @property
    def lines(self) -> list[str]:
        return self.source.split("\n")


def read_cells(file: Path) -> list[SourceCell]:
    """The cells of a file. Raises UsageError for what is no notebook of Python."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{file} cannot be read: {problem}") from None
    if file.suffix == ".ipynb":
        return _of_notebook(file, text)
    if file.suffix == ".py":
        return _of_percent(file, text)
    if file.suffix in (".Rmd", ".qmd"):
        return _of_markdown(file, text)
    raise UsageError(f"{file}: a source is a notebook (.ipynb), a percent script (.py) or R Markdown (.Rmd)")


def _of_notebook(file: Path, text: str) -> list[SourceCell]:
    try:
        page = json.loads(text)
        language = page.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        found = page["cells"] if "cells" in page else page["worksheets"][0]["cells"]
        cells = [_cell(number, cell) for number, cell in enumerate(found, 1)]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise UsageError(f"{file} is no notebook: open it in Jupyter and save it again") from None
    if language.lower() not in ("python", ""):
        raise UsageError(f"{file} is a notebook of {language}; only Python is graded")
    return cells


def _cell(number: int, cell: dict[str, Any]) -> SourceCell:
    source = cell.get("source", cell.get("input", ""))
    outputs = cell.get("outputs", [])
    ran = cell["cell_type"] == "code" and (bool(outputs) or cell.get("execution_count") is not None)
    printed = "".join(_shown(output) for output in outputs) if ran else None
    return SourceCell(number, cell["cell_type"], "".join(source), dict(cell.get("metadata", {})), printed)


def _shown(output: dict[str, Any]) -> str:
    return "".join(output.get("text", "")) + "".join(output.get("data", {}).get("text/plain", ""))


def _of_percent(file: Path, text: str) -> list[SourceCell]:
    import jupytext

    if "# %%" not in text:
        raise UsageError(f"{file} has no cells: in a percent script each begins with a line # %%")
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except (ValueError, SyntaxError) as problem:
        raise UsageError(f"{file} is no percent script: {problem}") from None
    found = enumerate(notebook.cells, 1)
    return [SourceCell(number, cell.cell_type, cell.source, dict(cell.metadata)) for number, cell in found]


def _of_markdown(file: Path, text: str) -> list[SourceCell]:
    """R Markdown as Otter has it: chunks are code, comments that begin with # are raw cells."""
    text = _HEADER.sub("", text, count=1)
    languages = {found[1] for found in _CHUNK.finditer(text)}
    if not languages <= {"python"}:
        raise UsageError(f"{file} has chunks of {', '.join(sorted(languages - {'python'}))}; only Python is graded")
    pieces: list[tuple[str, str]] = []
    at = 0
    for found in sorted([*_CHUNK.finditer(text), *_COMMENT.finditer(text)], key=lambda match: match.start()):
        if found.start() < at:
            continue
        pieces.append(("markdown", text[at : found.start()]))
        pieces.append(("code", found[2]) if found.re is _CHUNK else ("raw", found[1]))
        at = found.end()
    pieces.append(("markdown", text[at:]))
    kept = [(kind, source.strip("\n")) for kind, source in pieces if source.strip()]
    return [SourceCell(number, kind, source.rstrip()) for number, (kind, source) in enumerate(kept, 1)]
