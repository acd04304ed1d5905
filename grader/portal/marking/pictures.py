"""Plots and photos of an answer, as they stand in the file: pictures alone, never markup, and nothing is run.

They are what the student's own run left there, and so no evidence of what the code does.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from grader.languages.translating import mark, tr
from grader.pages.markup import Html, el
from grader.portal.marking.paper import Paper, paper_of
from grader.portal.visit import NotThere, Visit

KINDS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}  # and how each begins
MOST_BYTES, MOST_PICTURES = 5 * 2**20, 20
MOST_FILE_BYTES = 30 * 2**20  # of a notebook that is searched for pictures
NOTE = mark("Pictures are as they stand in the file; nothing was run to make them.")


@dataclass(frozen=True)
class Picture:
    cell: int
    kind: str
    content: bytes


def pictures_of(paper: Paper) -> Iterator[Html]:
    """The pictures of an answer, below its text."""
    found = _pictures(paper)
    if found:
        yield el("p", tr(NOTE), class_="dim small")
    for number, each in enumerate(found, 1):
        named = tr("picture {number}, of cell {cell}", number=number, cell=each.cell)
        yield el("p", el("img", src=f"{paper.address}/picture/{number}", alt=named, loading="lazy"), class_="picture")
    if len(paper.submission.content) > MOST_FILE_BYTES:
        yield el("p", tr("The file is too large for its pictures to be shown here."), class_="dim small")


def picture(visit: Visit) -> Response:
    """One picture of an answer."""
    number, found = visit.request.path_params["number"], _pictures(paper_of(visit))
    if not 1 <= number <= len(found):
        raise NotThere(tr("no such picture"))
    return Response(found[number - 1].content, media_type=found[number - 1].kind)


def _pictures(paper: Paper) -> list[Picture]:
    wanted = {each.number for each in paper.answer.cells or paper.answer.everything}
    found: list[Picture] = []
    for number, cell in enumerate(_cells(paper.submission.content), 1):
        for kind, encoded in _encoded(cell) if number in wanted else ():
            content = _decoded(kind, encoded)
            if content and len(found) < MOST_PICTURES:
                found.append(Picture(number, kind, content))
    return found


def _cells(content: bytes) -> list[Any]:
    """The cells of a notebook, whatever they are; none of what is no notebook."""
    if len(content) > MOST_FILE_BYTES:
        return []
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return []
    cells = document.get("cells") if isinstance(document, dict) else None
    return cells if isinstance(cells, list) else []


def _encoded(cell: Any) -> Iterator[tuple[str, Any]]:
    """(kind, base64) of the outputs and attachments of a cell."""
    if not isinstance(cell, dict):
        return
    outputs, pasted = cell.get("outputs"), cell.get("attachments")
    bundles = [each.get("data") for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else []
    bundles += pasted.values() if isinstance(pasted, dict) else []
    for bundle in bundles:
        if isinstance(bundle, dict):
            yield from ((kind, bundle[kind]) for kind in KINDS if kind in bundle)


def _decoded(kind: str, encoded: Any) -> bytes:
    """The bytes of a picture; none where it is none, or too large."""
    if isinstance(encoded, list) and all(isinstance(part, str) for part in encoded):
        encoded = "".join(encoded)
    if not isinstance(encoded, str) or len(encoded) > MOST_BYTES * 4 // 3:
        return b""
    try:
        content = base64.b64decode(encoded)
    except (binascii.Error, ValueError):
        return b""
    return content if content.startswith(KINDS[kind]) else b""
