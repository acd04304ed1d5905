"""Find regular files on the disk: a folder's, a single one, or one that was cut into numbered parts."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from grader.collect.entries import MIB, Caps, Contents, Entry, Shelf, exactly
from grader.collect.names import checked_path, is_litter
from grader.errors import SubmissionError, UsageError
from grader.submission.wrong_files import MAX_FILE_BYTES

MAX_ENTRIES = 500_000  # of a folder, litter and all; more than that is not a download
_PART = re.compile(r"\.(?:zip|tar|tgz|tar\.gz)\.(\d{3})$", re.IGNORECASE)


def folder(root: Path, caps: Caps) -> Contents:
    """The regular files below a folder, in order of their names. Links are refused, not followed."""
    shelf = Shelf(Caps(caps.files, caps.total_bytes, file_bytes=1 << 62))  # archives may be large
    for place in _walk(root):
        name = place.relative_to(root).as_posix()
        try:
            status = place.lstat()
            path = checked_path(name)
            if stat.S_ISDIR(status.st_mode):
                raise SubmissionError("a folder that cannot be opened")
            if not stat.S_ISREG(status.st_mode):
                raise SubmissionError("a link, not a file" if stat.S_ISLNK(status.st_mode) else "not a regular file")
        except SubmissionError as reason:
            shelf.refuse(name, str(reason))
        except OSError as problem:
            shelf.refuse(name, f"it cannot be read ({problem.strerror})")
        else:
            shelf.put(entry(place, path, status.st_size))
    return shelf.contents()


def _walk(root: Path) -> Iterator[Path]:
    """Everything below a folder that is no folder and no litter; a folder that cannot be opened comes itself."""
    seen = 0
    waiting = [root]
    while waiting:
        here = waiting.pop()
        try:
            found = sorted(os.scandir(here), key=lambda item: item.name)
        except OSError as problem:
            if here == root:
                raise UsageError(f"{here}: {problem.strerror}") from None
            yield here
            continue
        seen += len(found)
        if seen > MAX_ENTRIES:
            raise UsageError(f"{root} holds more than {MAX_ENTRIES} files; is this the folder of the downloads?")
        kept = [item for item in found if not is_litter(item.name)]
        waiting += [Path(item.path) for item in reversed(kept) if item.is_dir(follow_symlinks=False)]
        yield from (Path(item.path) for item in kept if not item.is_dir(follow_symlinks=False))


def entry(place: Path, path: str, size_bytes: int) -> Entry:
    """A file on the disk as an entry called `path`."""
    return Entry(path, size_bytes, lambda: _read(place, size_bytes), place)


def _read(place: Path, size_bytes: int) -> bytes:
    """The bytes of a regular file; nothing that was put in its place meanwhile is followed or waited for."""
    if size_bytes > MAX_FILE_BYTES:
        raise SubmissionError(f"{size_bytes / MIB:.0f} MiB, at most {MAX_FILE_BYTES // MIB} MiB of one file are read")
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise SubmissionError("not a regular file")
            return exactly(stream.read(size_bytes + 1), size_bytes)
    except OSError as problem:
        raise SubmissionError(f"it cannot be read ({problem.strerror})") from None


def parts_of(place: Path) -> list[Path]:
    """The parts of a file that was cut into NAME.zip.001, .002, ...: all of them for the first, else none.

    Raises UsageError if one is missing.
    """
    found = _PART.search(place.name)
    if not found or int(found.group(1)) != 1:
        return []
    base = place.name[: found.start(1)]
    numbers = sorted(
        int(other.name[len(base) :])
        for other in place.parent.iterdir()
        if other.name.startswith(base) and other.name[len(base) :].isdecimal()
    )
    if numbers != list(range(1, len(numbers) + 1)):
        missing = next(number for number in range(1, numbers[-1]) if number not in numbers)
        raise UsageError(f"{place}: part {base}{missing:03} is not there")
    return [place.with_name(f"{base}{number:03}") for number in numbers]


def is_later_part(name: str) -> bool:
    """Whether a name is that of a second or later part: it is read with the first."""
    found = _PART.search(name)
    return found is not None and int(found.group(1)) > 1


class Joined(io.RawIOBase):
    """Parts of one file as one stream, without copying them together."""

    def __init__(self, parts: list[Path]) -> None:
        self._streams = [part.open("rb") for part in parts]
        self._sizes = [part.stat().st_size for part in parts]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(offset + (0, self._at, sum(self._sizes))[whence], 0)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        start = 0
        for stream, size in zip(self._streams, self._sizes, strict=True):
            if start <= self._at < start + size:
                stream.seek(self._at - start)
                piece = stream.read(min(len(buffer), start + size - self._at))
                buffer[: len(piece)] = piece
                self._at += len(piece)
                return len(piece)
            start += size
        return 0

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
        super().close()


def joined(parts: list[Path]) -> BinaryIO:
    return io.BufferedReader(Joined(parts))  # type: ignore[return-value]
