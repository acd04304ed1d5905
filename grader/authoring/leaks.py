"""What a release must not hold: lines of solutions, passages of hidden tests, outputs, anybody's settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from grader.authoring.build import KEPT_METADATA
from grader.authoring.release import release_files
from grader.authoring.starter_code import FOLDED
from grader.errors import AuthoringError
from grader.paths import Paths
from grader.sandbox import image
from grader.schema import Assignment

NOTEBOOK_METADATA = {"kernelspec", "language_info", "grader", "otter"}


def leaks(paths: Paths, assignment: Assignment, image_tag: str = "") -> Iterator[tuple[str, str]]:
    """(where, what) for everything that students would get and must not. With a tag the grading image is read too."""
    try:
        files = release_files(paths, assignment)
    except AuthoringError as error:
        yield "the release", str(error)
        return
    for name, content in files.items():
        if name.endswith(".ipynb"):
            yield from ((name, says) for says in _of_notebook(json.loads(content)))
    if image_tag:
        yield from ((image_tag, says) for says in image.check(paths, image_tag).findings)


def _of_notebook(notebook: dict[str, Any]) -> Iterator[str]:
    for key in notebook.get("metadata", {}):
        if key not in NOTEBOOK_METADATA:
            yield f"metadata {key!r} of the notebook is nobody's business"
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"cell {number} holds the output of a run"
        for key in cell.get("metadata", {}):
            if key not in KEPT_METADATA and key not in FOLDED:
                yield f"metadata {key!r} of cell {number} is nobody's business"
        if cell.get("attachments"):
            yield f"cell {number} holds attachments"
