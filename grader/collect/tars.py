"""Read a tar, also a packed one, without unpacking it to the disk. Links, devices and pipes in it are not followed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

from grader.collect.entries import MIB, Caps, Contents, Entry, Shelf, exactly
from grader.collect.names import checked_path, is_litter
from grader.errors import SubmissionError

MAX_UNPACKED_BYTES = 512 * MIB
_PIECE_BYTES = MIB
_KINDS = {
    tarfile.SYMTYPE: "a link",
    tarfile.LNKTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}
_PACKED: tuple[tuple[bytes, Callable[[BinaryIO], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\0", lzma.open),
)


def is_tar(start: bytes) -> bool:
    """Whether a file that begins like this is a tar, or packed as tars are. Looks at 512 bytes."""
    return start[257:262] == b"ustar" or any(start.startswith(mark) for mark, _ in _PACKED)


def contents(stream: BinaryIO, caps: Caps) -> Contents:
    """What the archive holds, kept in memory; at most MAX_UNPACKED_BYTES of it.

    Raises SubmissionError if the archive as a whole cannot be used.
    """
    try:
        unpacked = _unpacked(stream, min(caps.total_bytes, MAX_UNPACKED_BYTES))
        return _contents(tarfile.open(fileobj=unpacked, mode="r:"), caps)
    except RecursionError:  # headers that announce a header that announces a header
        raise SubmissionError("the tar is damaged (headers in headers); it has to be packed again") from None
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, OverflowError) as problem:
        raise SubmissionError(f"the tar is damaged ({problem}); it has to be packed again") from None


def _contents(archive: tarfile.TarFile, caps: Caps) -> Contents:
    shelf = Shelf(caps)
    for number, member in enumerate(archive, 1):
        if number > 2 * caps.files:
            raise SubmissionError(f"more than {2 * caps.files} entries are in it")
        if member.isdir() or is_litter(member.name):
            continue
        try:
            path = checked_path(member.name)
            if not member.isreg() or member.issparse():
                raise SubmissionError(f"{_KINDS.get(member.type, 'an unusual kind of entry')}, not a file")
        except SubmissionError as reason:
            shelf.refuse(member.name, str(reason))
            continue
        shelf.put(Entry(path, member.size, lambda member=member: _read(archive, member)))  # type: ignore[misc]
    return shelf.contents()


def _unpacked(stream: BinaryIO, most_bytes: int) -> BinaryIO:
    """The plain tar, in memory; piece by piece, so that a bomb is found while it is still small."""
    stream.seek(0)
    start = stream.read(8)
    stream.seek(0)
    opened = next((opener for mark, opener in _PACKED if start.startswith(mark)), None)
    plain = opened(stream) if opened else stream
    kept = io.BytesIO()
    while piece := plain.read(_PIECE_BYTES):
        kept.write(piece)
        if kept.tell() > most_bytes:
            raise SubmissionError(f"a tar of more than {most_bytes // MIB} MiB unpacked")
    kept.seek(0)
    return kept


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    try:
        stream = archive.extractfile(member)
        return exactly(stream.read() if stream is not None else b"", member.size)
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise SubmissionError(f"it is damaged in the tar ({problem})") from None
