"""Files that were found and not yet read: a folder's, an archive's, a student's."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from grader.collect.names import checked_path, written
from grader.errors import SubmissionError
from grader.submission.wrong_files import MAX_FILE_BYTES

MIB = 2**20


@dataclass(frozen=True)
class Entry:
    """One regular file.

    path: as it is called, checked and normalised (see `names`), below where it was found
    size_bytes: as the archive or the disk says; reading more or less than that is an error
    read: gives the bytes, or raises SubmissionError with the reason
    disk: where it lies, if it lies on the disk itself;  rank: a platform's own order of uploads, the last is highest
    refused: why it is not read, of a file that was refused
    """

    path: str
    size_bytes: int
    read: Callable[[], bytes] = field(repr=False)
    disk: Path | None = None
    rank: int = 0
    refused: str = ""

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def parts(self) -> tuple[str, ...]:
        return PurePosixPath(self.path).parts

    def under(self, path: str) -> Entry:
        """The same file, called otherwise."""
        return replace(self, path=path)

    def opened(self) -> BinaryIO:
        """The file as a stream that can go back; raises SubmissionError."""
        return self.disk.open("rb") if self.disk is not None else io.BytesIO(self.read())


@dataclass(frozen=True)
class Refusal:
    """A file that is not read, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True)
class Contents:
    """What a folder or an archive holds: files that may be read, and what was refused."""

    entries: tuple[Entry, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def __add__(self, other: Contents) -> Contents:
        return Contents(self.entries + other.entries, self.refused + other.refused)


@dataclass(frozen=True)
class Caps:
    """How much one archive may hold. `total_bytes`: unpacked, as it says itself; `depth`: archives in archives."""

    files: int
    total_bytes: int
    file_bytes: int = MAX_FILE_BYTES
    depth: int = 3


DOWNLOAD = Caps(files=100_000, total_bytes=200 * 1024 * MIB)  # a whole class
HANDED_IN = Caps(files=5_000, total_bytes=2 * 1024 * MIB)  # what one student packed


class Shelf:
    """Takes files one by one and refuses a name that is taken, so that no file can stand for another."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._taken: dict[str, str] = {}  # as systems without upper and lower case see it -> as written
        self._folders: set[str] = set()
        self._entries: list[Entry] = []
        self._refused: list[Refusal] = []

    def put(self, entry: Entry) -> None:
        reason = self._objection(entry)
        if reason:
            self.refuse(entry.path, reason)
            return
        key = entry.path.casefold()
        self._taken[key] = entry.path
        self._folders.update(str(parent) for parent in PurePosixPath(key).parents)
        self._entries.append(entry)

    def refuse(self, path: str, reason: str) -> None:
        if len(self._refused) < self._caps.files:
            self._refused.append(Refusal(written(path), reason))

    def contents(self) -> Contents:
        return Contents(tuple(self._entries), tuple(self._refused))

    def _objection(self, entry: Entry) -> str:
        key = entry.path.casefold()
        if len(self._entries) >= self._caps.files:
            return f"more than {self._caps.files} files"
        if entry.size_bytes > self._caps.file_bytes:
            size, most = entry.size_bytes / MIB, self._caps.file_bytes // MIB
            return f"{size:.0f} MiB, at most {most} MiB of one file are read"
        taken = self._taken.get(key)
        if taken == entry.path:
            return "this name is there twice; the first file is read"
        if taken is not None:
            return f"the same name as {taken} but for upper and lower case; that file is read"
        if key in self._folders or any(str(parent) in self._taken for parent in PurePosixPath(key).parents):
            return "a file and a folder have this name"
        return ""


def refused_entry(refusal: Refusal) -> Entry | None:
    """A refused file as an entry that cannot be read, so that whose it is can be told; None where its path is none."""

    def read() -> bytes:
        raise SubmissionError(refusal.reason)

    try:
        return Entry(checked_path(refusal.path), 0, read, refused=refusal.reason)
    except SubmissionError:
        return None


def exactly(content: bytes, size_bytes: int) -> bytes:
    """The content, if it is as long as was said; else SubmissionError."""
    if len(content) != size_bytes:
        raise SubmissionError(f"it should be {size_bytes} bytes long and is not")
    return content


def total_bytes(entries: Iterable[Entry]) -> int:
    return sum(entry.size_bytes for entry in entries)


def common_folder(entries: Sequence[Entry]) -> int:
    """How many leading folders all the files share."""
    parents = [entry.parts[:-1] for entry in entries]
    shared = 0
    while parents and all(len(parts) > shared and parts[shared] == parents[0][shared] for parts in parents):
        shared += 1
    return shared
