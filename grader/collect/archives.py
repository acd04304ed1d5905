"""Open archives of any kind that is read, also archives in archives, and say what the others are."""

from __future__ import annotations

import io
from typing import BinaryIO

from grader.collect import tars, zips
from grader.collect.entries import HANDED_IN, Caps, Contents, Entry, Refusal
from grader.collect.names import stem
from grader.errors import SubmissionError

SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".txz")
_CLOSED = ((b"Rar!", "RAR"), (b"7z\xbc\xaf", "7z"))
_START_BYTES = 512
MAX_ARCHIVES = 30  # of one student


def is_archive(name: str) -> bool:
    """Whether a name is that of an archive which is read, or of one which its reader should be told about."""
    return name.casefold().endswith((*SUFFIXES, ".rar", ".7z"))


def contents(stream: BinaryIO, caps: Caps) -> Contents:
    """What the archive holds; `stream` has to stay open while its entries are used.

    Raises SubmissionError saying what it is if it cannot be read.
    """
    if zips.is_zip(stream):
        return zips.contents(stream, caps)
    stream.seek(0)
    start = stream.read(_START_BYTES)
    if tars.is_tar(start):
        return tars.contents(stream, caps)
    for mark, kind in _CLOSED:
        if start.startswith(mark):
            raise SubmissionError(f"a {kind} archive, which is not read; unpack it by hand and collect the folder")
    if start[:200].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise SubmissionError("a saved web page and no archive; whoever downloaded it was not logged in")
    raise SubmissionError("no archive but an empty file" if not start else "no archive of a kind that is read")


def unfolded(entries: tuple[Entry, ...]) -> Contents:
    """What a student handed in, with archives among it replaced by what they hold, below the archive's name.

    An archive that cannot be opened stays as the file it is, beside the reason.
    """
    return _Unfolding().of(entries, HANDED_IN.depth)


class _Unfolding:
    """Counts what is opened: archives in archives in archives grow faster than each of them lets see."""

    def __init__(self) -> None:
        self._opened = 0

    def of(self, entries: tuple[Entry, ...], depth: int) -> Contents:
        kept: list[Entry] = []
        refused: list[Refusal] = []
        for entry in entries:
            if not is_archive(entry.name):
                kept.append(entry)
                continue
            try:
                inside = self._inside(entry, depth)
            except SubmissionError as reason:
                kept.append(entry)
                refused.append(Refusal(entry.path, str(reason)))
                continue
            folder = entry.path.removesuffix(entry.name) + stem(entry.name)
            refused += (Refusal(f"{entry.path}: {each.path}", each.reason) for each in inside.refused)
            deeper = self.of(tuple(each.under(f"{folder}/{each.path}") for each in inside.entries), depth - 1)
            kept += deeper.entries
            refused += deeper.refused
        return Contents(tuple(kept), tuple(refused))

    def _inside(self, entry: Entry, depth: int) -> Contents:
        if depth == 0:
            raise SubmissionError(f"archives in archives, more than {HANDED_IN.depth} deep, are not opened")
        self._opened += 1
        if self._opened > MAX_ARCHIVES:
            raise SubmissionError(f"more than {MAX_ARCHIVES} archives are in one submission; the others stay closed")
        return contents(io.BytesIO(entry.read()), HANDED_IN)
