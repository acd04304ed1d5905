"""What a SOURCE on the command line holds: a file, or a folder of them; each is an assignment here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from grader.errors import UsageError
from grader.importing import nbgrader, otter, otter_finished
from grader.importing.cells import SUFFIXES
from grader.importing.material import Material
from grader.importing.namespace import cases

NOT_RELEASED = (".ipynb", ".pyc", ".db", ".log")


def materials(system: str, source: Path, assignment_id: str) -> Iterator[tuple[str, Path, Material]]:
    """(id, file, what was read) of every assignment; several are called by the id and their own names."""
    if not source.exists():
        raise UsageError(f"{source}: there is no such file or folder")
    files = _masters(source) if system == "otter" else _notebooks(source)
    for file in files:
        own = assignment_id if len(files) == 1 else f"{assignment_id}_{_as_id(file.stem)}"
        yield own, file, _of_otter(file) if system == "otter" else _of_nbgrader(file)


def _notebooks(source: Path) -> list[Path]:
    files = sorted(source.glob("*.ipynb")) if source.is_dir() else [source]
    if not files:
        below = sorted(file.parent.name for file in source.glob("*/*.ipynb"))
        hint = f"; name one of its folders: {', '.join(dict.fromkeys(below))}" if below else ""
        raise UsageError(f"{source} holds no notebook{hint}")
    return files


def _of_nbgrader(file: Path) -> Material:
    material = nbgrader.read(file)
    material.files |= _beside(file.parent, material)
    return material


def _masters(source: Path) -> list[Path]:
    """The masters of a folder; the folder itself where it has none, for it may hold finished tests."""
    if source.is_file():
        return [source]
    files = [file for file in sorted(source.iterdir()) if file.suffix in SUFFIXES and file.is_file()]
    return [file for file in files if is_master(file)] or [source]


def _of_otter(place: Path) -> Material:
    finished = place.is_dir() or (not is_master(place) and otter_finished.keeps_tests(place))
    material = otter_finished.read(place) if finished else otter.read(place)
    spoken_of = _beside(place if place.is_dir() else place.parent, material)
    for name, content in spoken_of.items():
        if name not in material.files and not name.endswith(".py"):
            material.files[name] = content
            material.note(name, "changed", "no config names it; a cell does, so it is released beside the notebook")
    return material


def is_master(file: Path) -> bool:
    """Whether a file has marks of Otter Assign."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return re.search(r"(?<!<!-- )BEGIN QUESTION", text) is not None  # that comment is in notebooks that Otter made


def _beside(folder: Path, material: Material) -> dict[str, bytes]:
    """Data and modules beside a notebook which one of its cells speaks of; students get them."""
    text = "\n".join([*(part.source for part in material.parts()), *(case.source for case in cases(material))])
    found = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        quiet = file.suffix in NOT_RELEASED or any(part.startswith((".", "__")) for part in name.parts)
        spoken_of = file.name in text or (file.suffix == ".py" and re.search(rf"\b{re.escape(file.stem)}\b", text))
        if not quiet and spoken_of and file.is_file():
            found[name.as_posix()] = file.read_bytes()
    return found


def _as_id(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
