"""What a node needs of the course, as one archive whose name is the digest of its bytes."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.course.config import assignment_ids
from grader.errors import MachineryError
from grader.paths import Paths


@dataclass(frozen=True)
class Archive:
    """A tar file: the hidden tests of one assignment and what they are judged with. Same files, same bytes."""

    content: bytes = field(repr=False)
    digest: str


def pack(paths: Paths, assignment_id: str) -> Archive:
    """course.toml and what it names, the assignment and its solutions; no record, no secret, nothing handed in."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in _files(paths, assignment_id):
            member = tarfile.TarInfo(file.relative_to(paths.root).as_posix())
            member.size, member.mode = file.stat().st_size, 0o600
            with file.open("rb") as opened:
                archive.addfile(member, opened)
    content = buffer.getvalue()
    return Archive(content, hashlib.sha256(content).hexdigest())


def _files(paths: Paths, assignment_id: str) -> Iterator[Path]:
    yield paths.course_toml
    yield from (paths.assignment_toml(other) for other in assignment_ids(paths) if other != assignment_id)
    for folder in (paths.assignment(assignment_id), paths.solutions / assignment_id):
        files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix != ".pyc")
        yield from (file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts))


def unpack(archive: Archive) -> Path:
    """Write the archive into a new folder that only this user may enter; return it. Raises MachineryError.

    The folder is named as everything temporary is, so that the next start sweeps it away should this process be killed.
    """
    if hashlib.sha256(archive.content).hexdigest() != archive.digest:
        raise MachineryError("the archive of the hidden tests was damaged on its way")
    folder = None
    try:
        folder = tempfile.mkdtemp(prefix=f"grader-{os.getpid()}-", suffix=f"-{archive.digest[:16]}")  # mode 0700
        with tarfile.open(fileobj=io.BytesIO(archive.content)) as tar:
            tar.extractall(folder, filter="data")
    except OSError as error:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        where = tempfile.gettempdir()
        raise MachineryError(f"the hidden tests cannot be written to {where}: {error.strerror or error}") from None
    return Path(folder)
