"""Take cell types and sources out of notebook JSON. Outputs are skipped unread where the file is laid out as usual."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from grader.errors import SubmissionError
from grader.submission.wrong_files import CLEAR, DOWNLOAD, refuse_conflict, truncated

MAX_VALUES = 4_000_000  # JSON values that are made into objects, some 100 bytes each
MAX_SKIPPED = 10_000  # lists of outputs; there are no more cells than that
BIG_OUTPUT_BYTES = 5 * 2**20

_OUTPUTS = b'"outputs": [\n'
_RELEASE = re.compile(r"[0-9a-f]{16}")
_SHORTCUT_KEYS = {"doc_id", "resource_id", "resource_key"}


@dataclass(frozen=True)
class RawCell:
    """One cell as it stands in the file: kind is code, markdown, raw, heading or whatever the file says."""

    kind: str
    source: str
    id: str = ""


@dataclass
class RawNotebook:
    """What was read: all cells in order (a broken one has kind ""), the kernel's language, and what to tell."""

    cells: list[RawCell] = field(default_factory=list)
    language: str = ""
    notices: list[str] = field(default_factory=list)


def read_json(text: bytes, name: str) -> RawNotebook:
    """Read notebook JSON in UTF-8; raise SubmissionError if it is broken, too large or no notebook."""
    refuse_conflict(text, name)
    if not text[-4096:].rstrip().endswith((b"}", b"]")):
        raise truncated(text, name)
    try:
        document = _loads(_without_outputs(text), name)
    except json.JSONDecodeError:
        document = _loads_or_refuse(text, name)  # broken, or laid out so that skipping its outputs broke it
    return _notebook(document, name)


def _without_outputs(text: bytes) -> bytes:
    """Replace every non-empty `"outputs": [...]` by its size in bytes.

    Needs no parsing because notebooks are indented and JSON strings hold no raw newline: the list that is opened at the
    end of a line is closed by the first `]` that starts a line with the same indentation. Anything else is left.
    """
    parts: list[bytes] = []
    done = at = 0
    for _ in range(MAX_SKIPPED):
        at = text.find(_OUTPUTS, at)
        if at < 0:
            break
        start = at + len(_OUTPUTS) - 2
        line = text.rfind(b"\n", max(at - 100, 0), at)
        indent = text[line:at] if line >= 0 else b"?"
        at = start
        if indent.strip():
            continue
        close = text.find(indent + b"]", start)
        if close < 0:
            break
        at = close + len(indent) + 1
        parts += [text[done:start], str(at - start).encode()]
        done = at
    return b"".join([*parts, text[done:]])


def _loads(text: bytes, name: str) -> Any:
    if text.count(b",") + text.count(b"[") + text.count(b"{") > MAX_VALUES:
        raise SubmissionError(f"{name}: more than {MAX_VALUES // 10**6} million values are in it; {CLEAR}")
    try:
        # float for whole numbers too: int() refuses very long ones, and none of them is looked at
        return json.loads(text.decode("utf-8", "replace"), parse_int=float)
    except RecursionError:
        raise SubmissionError(f"{name}: its JSON is nested too deeply for a notebook; {DOWNLOAD}") from None


def _loads_or_refuse(text: bytes, name: str) -> Any:
    """Read the text with its outputs; say where it is broken."""
    try:
        return _loads(text, name)
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
            raise truncated(text, name) from None
        raise SubmissionError(
            f"{name}: the notebook is broken at line {error.lineno}, column {error.colno} ({error.msg}); {DOWNLOAD}"
        ) from None


def _notebook(document: Any, name: str) -> RawNotebook:
    if not isinstance(document, dict):
        raise SubmissionError(f"{name}: this is JSON but no notebook (a list); {DOWNLOAD}")
    cells = _cell_list(document)
    if cells is None:
        raise SubmissionError(f"{name}: {_what_json(document)}; {DOWNLOAD}")
    notebook = RawNotebook(language=_language(document))
    release = _release(document)
    if release:
        notebook.notices.append(f"made from release {release} of the assignment")
    sizes = [_size_of_outputs(cell) for cell in cells]
    for number, cell in enumerate(cells, 1):
        notebook.cells.append(_cell(cell, number, notebook.notices))
    if sum(sizes) > BIG_OUTPUT_BYTES:
        most = max(sizes)
        notebook.notices.append(
            f"{sum(sizes) / 2**20:.1f} MiB of outputs were dropped, the code is unchanged; most of it, "
            f"{most / 2**20:.1f} MiB, was in cell {sizes.index(most) + 1}"
        )
    return notebook


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


def _cell(cell: Any, number: int, notices: list[str]) -> RawCell:
    if not isinstance(cell, dict):
        notices.append(f"cell {number}: not a cell, ignored")
        return RawCell("", "")
    kind = cell.get("cell_type")
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(kind, str) or not isinstance(source, str):
        notices.append(f"cell {number}: its {'source' if isinstance(kind, str) else 'type'} is no text, ignored")
        return RawCell("", "")
    return RawCell(kind, source, _id(cell))


def _id(cell: dict[str, Any]) -> str:
    """The cell's id, which Colab keeps in its metadata; "" where it has none."""
    metadata = cell.get("metadata")
    kept = metadata.get("id") if isinstance(metadata, dict) else None
    for found in (cell.get("id"), kept):
        if isinstance(found, str):
            return found
    return ""


def _size_of_outputs(cell: Any) -> int:
    """Return the size of a cell's outputs, in bytes as far as they were skipped and else roughly in characters."""
    outputs = cell.get("outputs") if isinstance(cell, dict) else None
    if isinstance(outputs, float):
        return int(outputs) if 0 < outputs < 2**31 else 0
    size = 0
    todo: list[Any] = [outputs]
    while todo:
        value = todo.pop()
        kind = type(value)
        if kind is str:
            size += len(value)
        elif kind is list:
            todo += value
        elif kind is dict:
            todo += value.values()
    return size


def _language(document: dict[str, Any]) -> str:
    named = _noted(document, "kernelspec", "language") or _noted(document, "language_info", "name")
    return named[:40]


def _release(document: dict[str, Any]) -> str:
    """The id that `grader release` wrote into the notebook; "" where there is none."""
    release = _noted(document, "grader", "release")
    return release if _RELEASE.fullmatch(release) else ""


def _noted(document: dict[str, Any], part: str, entry: str) -> str:
    """A text of the notebook's metadata; "" where it is missing or no text."""
    found: Any = document.get("metadata")
    for key in (part, entry):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _what_json(document: dict[str, Any]) -> str:
    url = document.get("url")
    if _SHORTCUT_KEYS & set(document) or (isinstance(url, str) and "google.com" in url):
        return "this is a shortcut to a file in Google Drive, not the file"
    keys = ", ".join(ascii(key[:20]) for key in sorted(document)[:5]) or "nothing"
    return f"this is JSON but no notebook (it has no list of cells but: {keys})"
