"""Cut a Python file into cells: percent format (`# %%`) and what nbconvert exports (`# In[3]:`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PERCENT = re.compile(r"^#[ \t]*%%(?:[ \t]+(?P<header>[^\n]*))?$", re.MULTILINE)
_EXPORT = re.compile(r"^# In\[(?P<header>[ \d*]*)\]:?[ \t]*$", re.MULTILINE)
_KIND = re.compile(r"\[(markdown|md|raw)\]")


@dataclass(frozen=True)
class PercentCell:
    """One cell: `header` is what stands behind `# %%` ("" before the first mark), kind is code, markdown or raw."""

    header: str
    kind: str
    source: str


def percent_cells(text: str) -> tuple[PercentCell, ...]:
    """Cut percent-format text into cells. What stands before the first `# %%` is a cell if it is more than comments."""
    return _cut(text, _PERCENT)


def exported_cells(text: str) -> tuple[PercentCell, ...]:
    """Cut what `jupyter nbconvert --to script` wrote into its code cells; its markdown is comments inside them."""
    return _cut(text, _EXPORT)


def _cut(text: str, mark: re.Pattern[str]) -> tuple[PercentCell, ...]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    marks = list(mark.finditer(text))
    ends = [found.start() for found in marks[1:]] + [len(text)]
    before = text[: marks[0].start()] if marks else text
    cells = [_cell(found["header"] or "", text[found.end() : end]) for found, end in zip(marks, ends)]
    if any(line.strip() and not line.startswith("#") for line in before.split("\n")):
        cells.insert(0, _cell("", before))
    return tuple(cells)


def _cell(header: str, body: str) -> PercentCell:
    kind = _KIND.search(header)
    name = "code" if kind is None else "raw" if kind[1] == "raw" else "markdown"
    return PercentCell(header.strip(), name, body.strip("\n"))
