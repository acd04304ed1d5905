"""When a picture is stale: beside each stands a digest of what it was made of, which a test makes again.

A picture of a page is stale when the same code makes another page of the probe, numbers, times and secrets left out;
one of a notebook when the cells that it shows are others.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.pictures import notebooks, probe
from examples.pictures.imported import page_of_an_import
from examples.pictures.pages import pages
from examples.pictures.portal import served
from examples.pictures.table import ASSIGNMENTS, PICTURES
from grader.dashboard.links import SHEET
from grader.paths import PACKAGE

DOCS = PACKAGE.parent / "docs"
KEPT = DOCS / "pictures.json"
_AS_IT_IS = re.compile(r"(<style>.*?</style>|<script>.*?</script>)", re.DOTALL)
_DIFFERS = re.compile(
    r'<time.*?</time>|value="[^"]*"|/draft/[\w-]+|\b[0-9a-f]{12,}\b|sha256-[\w+/=]+|[A-Z][a-z]{2} \d+ [A-Z][a-z]{2}'
    r"|\d+"
)


@dataclass(frozen=True)
class Kept:
    """What is kept beside a picture: of what it was made, its own SHA-256, the day (2026-11-30)."""

    of: str
    sha256: str
    made: str


def looks() -> dict[str, str]:
    """Picture -> digest of what it would be made of now."""
    with tempfile.TemporaryDirectory() as folder:
        paths = probe.make(Path(folder) / "course")
        texts = pages(paths, probe.ASSIGNMENT, probe.STUDENT)
        texts["semester"] = texts["assignment"]
        texts["import"] = page_of_an_import()
        with served(paths, probe.ASSIGNMENT, probe.STUDENT, probe.notebook("new")) as places:
            texts |= {name: place.text for name, place in places.items()}
    styles = _digest("".join(_sources(PACKAGE / "portal" / "static")))
    found = {}
    for picture in PICTURES:
        shape = f"{picture.width} {picture.height} {picture.part} {_bare(texts[picture.page])}"
        loads = styles if picture.page.startswith("portal") else texts[SHEET] if SHEET in texts[picture.page] else ""
        found[picture.file] = _digest(shape + loads)
    for name in ASSIGNMENTS:
        found[f"assignments/{name}_figures.png"] = _digest("\n".join(notebooks.experiments(name)))
    return found


def _sources(folder: Path) -> list[str]:
    from grader.feedback.style import STYLE as feedback
    from grader.pages.style import STYLE as every_page

    files = sorted(file for file in folder.iterdir() if file.suffix in (".css", ".svg"))
    return [*(file.read_text(encoding="utf-8") for file in files), feedback, every_page]


def _bare(page: str) -> str:
    """A page without what differs from run to run: numbers, times, secrets. Its style and its script stay."""
    parts = _AS_IT_IS.split(page)
    return "".join(part if place % 2 else _DIFFERS.sub("#", part) for place, part in enumerate(parts))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_of_file(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def read() -> dict[str, Kept]:
    """What stands beside the pictures."""
    return {name: Kept(**kept) for name, kept in json.loads(KEPT.read_text(encoding="utf-8")).items()}


def write(kept: Mapping[str, Kept]) -> None:
    KEPT.write_text(json.dumps({name: vars(kept[name]) for name in sorted(kept)}, indent=1) + "\n", encoding="utf-8")
