"""Take cell types and sources out of notebook JSON. Outputs are skipped unread where the file is laid out as usual."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from grader.errors import SubmissionError
from grader.foreign import CLEAR, DOWNLOAD, refuse_conflict, truncated

MAX_VALUES = 4_000_000  # JSON values that are made into objects, some 100 bytes each
MAX_CELLS = 10_000
BIG_OUTPUT_BYTES = 5 * 2**20

_OUTPUTS = b'"outputs": [\n'
_SHORTCUT_KEYS = {"doc_id", "resource_id", "resource_key"}


@dataclass(frozen=True)
class RawCell:
    """One cell as it stands in the file: kind is code, markdown, raw, heading or whatever the file says."""

    kind: str
    source: str


@dataclass
class RawNotebook:
    """What was read: all cells in order (a broken one has kind ""), the kernel's language, and what to tell."""

    cells: list[RawCell] = field(default_factory=list)
    language: str = ""
    notices: list[str] = field(default_factory=list)


def read_json(text: bytes, name: str) -> RawNotebook:
    """Read notebook JSON in UTF-8; raise SubmissionError if it is broken, too large or no notebook."""
    refuse_conflict(text, name)
    if not text.rstrip().endswith(b"}"):
        raise truncated(text, name)
    slim = _without_outputs(text)
    if slim.count(b",") + slim.count(b"[") + slim.count(b"{") > MAX_VALUES:
        raise SubmissionError(f"{name}: the notebook holds more than {MAX_VALUES} values; {CLEAR}")
    try:
        document = _loads(slim)
    except json.JSONDecodeError:
        document = _loads_or_refuse(text, name)
    except RecursionError:
        raise SubmissionError(f"{name}: the JSON in it is nested too deeply for a notebook; {DOWNLOAD}") from None
    return _notebook(document, name)


def _without_outputs(text: bytes) -> bytes:
    """Replace every non-empty `"outputs": [...]` by its size in bytes.

    Needs no parsing because notebooks are indented and JSON strings hold no raw newline: the list that is opened at the
    end of a line is closed by the first `]` that starts a line with the same indentation. Anything else is left.
    """
    parts: list[bytes] = []
    done = 0
    at = text.find(_OUTPUTS)
    while at >= 0:
        start = at + len(_OUTPUTS) - 2
        line = text.rfind(b"\n", max(at - 100, 0), at)
        indent = text[line:at]
        close = text.find(indent + b"]", start) if line >= 0 and not indent.strip() else -1
        if close < 0:
            at = text.find(_OUTPUTS, start)
            if line >= 0:
                break
            continue
        end = close + len(indent) + 1
        parts += [text[done:start], str(end - start).encode()]
        done = end
        at = text.find(_OUTPUTS, end)
    return b"".join([*parts, text[done:]])


def _loads(text: bytes) -> Any:
    # float for whole numbers too: int() refuses very long ones, and none of them is looked at
    return json.loads(text.decode("utf-8", "replace"), parse_int=float)


def _loads_or_refuse(text: bytes, name: str) -> Any:
    """Read the whole text after what was left without outputs was no JSON; say where it is broken."""
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()):
            raise truncated(text, name) from None
        raise SubmissionError(
            f"{name}: the notebook is broken at line {error.lineno}, column {error.colno} ({error.msg}); {DOWNLOAD}"
        ) from None
    except RecursionError:
        raise SubmissionError(f"{name}: the JSON in it is nested too deeply for a notebook; {DOWNLOAD}") from None


def _notebook(document: Any, name: str) -> RawNotebook:
    if not isinstance(document, dict):
        raise SubmissionError(f"{name}: this is JSON but no notebook (a {type(document).__name__}); {DOWNLOAD}")
    cells = _cell_list(document)
    if cells is None:
        raise SubmissionError(f"{name}: {_what_json(document)}; {DOWNLOAD}")
    if len(cells) > MAX_CELLS:
        raise SubmissionError(f"{name}: the notebook has {len(cells)} cells, at most {MAX_CELLS} are read")
    notebook = RawNotebook(language=_language(document))
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
    return RawCell(kind, source)


def _size_of_outputs(cell: Any) -> int:
    """Return the size of a cell's outputs, in bytes as far as they were skipped and else roughly in characters."""
    outputs = cell.get("outputs") if isinstance(cell, dict) else None
    if isinstance(outputs, float):
        return int(outputs) if 0 < outputs < 2**31 else 0
    size, todo = 0, [outputs]
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, list):
            todo += value
        elif isinstance(value, dict):
            todo += value.values()
    return size


def _language(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    for key, entry in (("kernelspec", "language"), ("language_info", "name")):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        language = part.get(entry) if isinstance(part, dict) else None
        if isinstance(language, str) and language:
            return language[:40]
    return ""


def _what_json(document: dict[str, Any]) -> str:
    url = document.get("url")
    if _SHORTCUT_KEYS & set(document) or (isinstance(url, str) and "google.com" in url):
        return "this is a shortcut to a file in Google Drive, not the file"
    keys = ", ".join(sorted(key[:20] for key in document)[:5]) or "nothing"
    return f"this is JSON but no notebook (no cells in it, but {keys!r})"
