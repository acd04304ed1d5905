"""Files that commands write for people: whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from grader.errors import UsageError


def write(file: Path, content: str | bytes) -> None:
    """Write a file whole; where that fails, what was there before stays. Text is UTF-8. Raises UsageError."""
    draft = file.with_name(f".{file.name}.new")
    try:
        draft.write_bytes(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)
        os.replace(draft, file)
    except OSError as problem:
        remove(draft)
        raise UsageError(f"{file} cannot be written: {problem.strerror}; what was there before is unchanged") from None
    except BaseException:
        remove(draft)
        raise


def remove(file: Path) -> None:
    """Remove a file, if it is there and may be removed."""
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it. Raises UsageError."""
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageError(f"{folder} cannot be made: {problem.strerror}") from None
