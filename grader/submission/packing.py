"""The zip that a student hands in, and a zip whose bytes depend on what is in it alone."""

from __future__ import annotations

import hashlib
import io
import json
import string
import zipfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from grader.errors import UsageError
from grader.submission.validate import Found

EPOCH = (1980, 1, 1, 0, 0, 0)  # the date of every entry
SAFE_ID = frozenset(string.ascii_letters + string.digits + "-_.")
RECEIPT = "receipt.json"


@dataclass(frozen=True)
class Packed:
    """What is handed in: the zip's name and bytes, and the digest of each file in it."""

    name: str
    content: bytes
    digests: dict[str, str]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def zipped(folder: str, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files under one folder ("" for none); the same files are the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}" if folder else name, EPOCH)
            entry.compress_type = method
            entry.create_system = 3  # also where this is made on Windows
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return made.getvalue()


def packed(assignment: str, student: str, files: dict[str, bytes], found: list[Found]) -> Packed:
    """These files and a receipt. Raises UsageError if the student's id is no name for a file."""
    if set(student) - SAFE_ID or not student[:1].isalnum():
        raise UsageError(f"--student {student!r}: letters, digits, '-', '_' and '.' only, as on your roster")
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    receipt = {
        "assignment": assignment,
        "student": student,
        "packed": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "files": digests,
        "complete": [item.question.id for item in found if item.complete],
        "incomplete": [item.question.id for item in found if not item.complete],
    }
    content = zipped(student, {**files, RECEIPT: _as_json(receipt)})
    return Packed(f"{student}_{assignment}.zip", content, digests)


def with_extras(files: dict[str, bytes], extras: list[Path]) -> dict[str, bytes]:
    """The files and those at these paths. Raises UsageError where one cannot be read or a name is there twice."""
    more: dict[str, bytes] = {}
    for extra in extras:
        if extra.name in {**files, **more, RECEIPT: b""}:
            raise UsageError(f"{extra}: there is a file of that name already")
        more[extra.name] = read_bytes(extra)
    return {**files, **more}


def read_bytes(file: Path) -> bytes:
    """A file's bytes; raises UsageError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file; raises UsageError where that is not possible."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None


def _as_json(page: dict[str, Any]) -> bytes:
    return (json.dumps(page, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
