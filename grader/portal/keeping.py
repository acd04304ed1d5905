"""Files that came are kept under their digests, and the disk remembers them before anybody is told."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 18


def kept(stream: BinaryIO, folder: Path) -> tuple[str, int]:
    """Copy a stream into the folder; returns its SHA-256, which is the file's name, and its size in bytes."""
    digest, size_bytes = hashlib.sha256(), 0
    partial = folder / f".{secrets.token_hex(8)}.partial"
    try:
        with partial.open("xb") as file:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
                size_bytes += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        moved(partial, folder / digest.hexdigest())
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
    return digest.hexdigest(), size_bytes


def moved(file: Path, to: Path) -> None:
    """Give a file another name, which its folder on the disk remembers."""
    os.replace(file, to)
    folder = os.open(to.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
