"""Take cell types and sources out of notebook JSON. Outputs are stepped over: only their size is told."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from grader.errors import SubmissionError
from grader.submission.json_walk import Walk
from grader.submission.wrong_files import DOWNLOAD, refuse_conflict, truncated

BIG_OUTPUT_BYTES = 5 * 2**20
MAX_CODE_BYTES = 100 * 2**20  # of sources as they stand in the file, where a character takes twelve bytes at the most
MAX_TEXT_BYTES = 2**17  # of a text cell that is looked into for code
MAX_STRINGS = 1_000_000  # in one source; a string is a line

MADE_FROM = "made from release "  # begins a notice that asks nothing of anybody
DEFINED_TWICE = "defined in cells "  # begins a notice that explains much and is no fault

_NOTED: dict[str, Any] = {"kernelspec": {}, "language_info": {}, "grader": {}}
_RELEASE = re.compile(r"[0-9a-f]{16}")
_SHORTCUT_KEYS = {"doc_id", "resource_id", "resource_key"}


@dataclass(frozen=True)
class RawCell:
    """One cell as it stands in the file: kind is code, markdown, raw, heading or whatever the file says.

    Unless texts were asked for, the source of a notebook's cell is "" where it neither is code nor may be, and its id
    is "".
    pictures: a digest of what was pasted into the cell (its attachments), "" where there is nothing or no texts
    """

    kind: str
    source: str
    id: str = ""
    pictures: str = ""


@dataclass
class RawNotebook:
    """What was read: all cells in order (a broken one has kind ""), the kernel's language, and what to tell.

    release: the id of the release that the notebook was made from, "" where it does not say
    """

    cells: list[RawCell] = field(default_factory=list)
    language: str = ""
    notices: list[str] = field(default_factory=list)
    release: str = ""


def read_json(text: bytes, name: str, texts: bool = False) -> RawNotebook:
    """Read notebook JSON in UTF-8; raise SubmissionError if it is broken, too large or no notebook.

    texts: whether the sources of all cells, and their ids, are wanted and not those of code alone
    Memory: what is wanted takes, beside the text.
    """
    refuse_conflict(text, name)
    if not text[-4096:].rstrip().endswith((b"}", b"]")):
        raise truncated(text, name)
    walk = Walk(text, name)
    cells: list[Any] = [{"metadata": {}} if texts else {}]
    document = walk.document({"cells": cells, "worksheets": [{"cells": cells}], "metadata": _NOTED})
    if not isinstance(document, dict):
        raise SubmissionError(f"{name}: this is JSON but no notebook (a list); {DOWNLOAD}")
    return _Reader(walk, texts).notebook(document)


class _Reader:
    """What the walk brought, read as a notebook."""

    def __init__(self, walk: Walk, texts: bool) -> None:
        self.walk = walk
        self.texts = texts
        self.code_bytes = 0

    def notebook(self, document: dict[str, Any]) -> RawNotebook:
        cells = _cell_list(document)
        if cells is None:
            raise SubmissionError(f"{self.walk.name}: {self._what_json(document)}; {DOWNLOAD}")
        notebook = RawNotebook(language=self._language(document))
        release = self._noted(document, "grader", "release")
        if _RELEASE.fullmatch(release):  # as `grader release` writes it
            notebook.release = release
            notebook.notices.append(f"{MADE_FROM}{release} of the assignment")
        for number, cell in enumerate(cells, 1):
            notebook.cells.append(self._cell(cell, number, notebook.notices))
        notebook.notices += _dropped([_size_of_outputs(cell) for cell in cells])
        return notebook

    def _cell(self, cell: Any, number: int, notices: list[str]) -> RawCell:
        if not isinstance(cell, dict):
            notices.append(f"cell {number}: not a cell, ignored")
            return RawCell("", "")
        kind = self._text(cell.get("cell_type"))
        place = cell.get("source", cell.get("input"))
        wanted = self.texts or kind == "code" or (kind in ("markdown", "raw") and self._may_define(place))
        source = self._source(place) if wanted else ""
        if kind is None or source is None:
            notices.append(f"cell {number}: its {'type' if kind is None else 'source'} is no text, ignored")
            return RawCell("", "")
        return RawCell(kind, source, self._id(cell), self._pictures(cell)) if self.texts else RawCell(kind, source)

    def _may_define(self, place: slice | None) -> bool:
        """Whether a text may hold a function or a class, as that of a code cell whose type was changed does."""
        if place is None or place.stop - place.start > MAX_TEXT_BYTES:
            return False
        return any(self.walk.text.find(word, place.start, place.stop) >= 0 for word in (b"def ", b"class "))

    def _pictures(self, cell: dict[str, Any]) -> str:
        """A digest of the cell's attachments; blanks do not count, which editors lay out anew."""
        place = cell.get("attachments")
        content = self.walk.text[place].translate(None, b" \t\r\n") if isinstance(place, slice) else b""
        return hashlib.sha256(content).hexdigest() if content not in (b"", b"{}", b"null") else ""

    def _id(self, cell: dict[str, Any]) -> str:
        """The cell's id, which Colab keeps in its metadata; "" where it has none."""
        metadata = cell.get("metadata")
        places = [cell.get("id"), metadata.get("id") if isinstance(metadata, dict) else None]
        return next(filter(None, map(self._text, places)), "")

    def _source(self, place: slice | None) -> str | None:
        """The text of a source, which is a string or a list of strings; None if it is no text."""
        if place is None:
            return ""
        if not self.walk.text.startswith(b"[", place.start):
            return self._text(place)
        self._refuse_much(place)
        lines = self.walk.decoded(place)
        return "".join(lines) if all(isinstance(line, str) for line in lines) else None

    def _text(self, place: slice | None) -> str | None:
        """The string that stands there; None if it is none."""
        if place is None or not self.walk.text.startswith(b'"', place.start):
            return None
        self._refuse_much(place)
        text: str = self.walk.decoded(place)
        return text

    def _refuse_much(self, place: slice) -> None:
        self.code_bytes += place.stop - place.start
        strings = self.walk.text.count(b'"', place.start, place.stop) // 2
        if self.code_bytes > MAX_CODE_BYTES or strings > MAX_STRINGS:
            raise SubmissionError(
                f"{self.walk.name}: more code than {MAX_CODE_BYTES // 2**20} MiB or {MAX_STRINGS} lines; "
                "put large values into a file, not into the code"
            )

    def _language(self, document: dict[str, Any]) -> str:
        named = self._noted(document, "kernelspec", "language") or self._noted(document, "language_info", "name")
        return named[:40]

    def _noted(self, document: dict[str, Any], part: str, entry: str) -> str:
        """A text of the notebook's metadata; "" where it is missing or no text."""
        metadata = document.get("metadata")
        noted = metadata.get(part) if isinstance(metadata, dict) else None
        return (self._text(noted.get(entry)) or "") if isinstance(noted, dict) else ""

    def _what_json(self, document: dict[str, Any]) -> str:
        url = document.get("url")
        address = self._text(url) if isinstance(url, slice) else None
        if _SHORTCUT_KEYS & set(document) or "google.com" in (address or ""):
            return "this is a shortcut to a file in Google Drive, not the file"
        keys = ", ".join(ascii(key[:20]) for key in sorted(document)[:5]) or "nothing"
        return f"this is JSON but no notebook (it has no list of cells but: {keys})"


def _cell_list(document: dict[str, Any]) -> list[Any] | None:
    """Return the cells of nbformat 4 and later, or of the worksheets of nbformat 3; None if there are none."""
    cells = document.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = document.get("worksheets")
    if not isinstance(sheets, list):
        return None
    lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    return [cell for cells in lists if isinstance(cells, list) for cell in cells]


def _size_of_outputs(cell: Any) -> int:
    outputs = cell.get("outputs") if isinstance(cell, dict) else None
    return 0 if outputs is None else outputs.stop - outputs.start


def _dropped(sizes: list[int]) -> list[str]:
    """What is told of outputs of these sizes in bytes, cell by cell."""
    if sum(sizes) <= BIG_OUTPUT_BYTES:
        return []
    most = max(sizes)
    return [
        f"{sum(sizes) / 2**20:.1f} MiB of outputs were dropped, the code is unchanged; most of it, "
        f"{most / 2**20:.1f} MiB, was in cell {sizes.index(most) + 1}"
    ]
