"""Read a zip without unpacking it: every entry is checked before a byte of it is, and again while it is read.

Covered: paths that lead out, links and devices, names that are there twice or differ by case alone, encrypted entries,
entries that overlap, more or larger files than allowed, sizes that are not true. Not covered: what the files contain.
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from grader.collect.entries import MIB, Caps, Contents, Entry, Shelf, exactly
from grader.collect.names import checked_path, is_litter, is_notebook, is_script
from grader.course.people import ZIP_BACKSLASH, ZIP_ENCODING
from grader.errors import SubmissionError

MAX_DIRECTORY_BYTES = 16 * MIB  # the archive's table of contents, which is read as a whole
MAX_RATIO = 200  # of size to packed size; saved outputs of a notebook may shrink further
RATIO_COUNTS_FROM = 16 * MIB
FROM_MS_DOS, UTF8, ENCRYPTED, STORED, DEFLATED = 0, 0x800, 0x1, 0, 8
UNICODE_PATH = 0x7075
SPLIT = b"PK\x07\x08"
JOIN = "join the parts, then collect the whole: zip -s 0 NAME.zip --out whole.zip"

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_BYTES = 20
_HALF_OF_A_LETTER = re.compile(r"([^\x00-\x7f])\\")
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 99: "AES encryption"}
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def is_zip(stream: BinaryIO) -> bool:
    """Whether a file begins or ends like a zip, or like a part of one."""
    stream.seek(0)
    if stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06", SPLIT):
        return True
    stream.seek(max(stream.seek(0, 2) - _END.size, 0))
    return stream.read(4) == b"PK\x05\x06"


def contents(stream: BinaryIO, caps: Caps) -> Contents:
    """What the archive holds. Entries are read later, from `stream`; it has to stay open.

    Raises SubmissionError if the archive as a whole cannot be used.
    """
    _check_directory(stream)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OverflowError) as problem:
        raise SubmissionError(f"the zip is damaged ({problem}); it has to be downloaded or packed again") from None
    infos = [info for info in archive.infolist() if not _means_nothing(info)]
    total = sum(info.file_size for info in infos)
    if total > caps.total_bytes:
        raise SubmissionError(
            f"a zip that would be {total / MIB:,.0f} MiB unpacked, at most {caps.total_bytes // MIB:,} MiB are read"
        )
    shelf = Shelf(caps)
    overlapping = _overlapping(infos)
    for info in _without_equals(infos):
        name = _name(info)
        try:
            path = checked_path(name)
            _check(info, overlapping)
        except SubmissionError as reason:
            shelf.refuse(name, str(reason))
            continue
        shelf.put(Entry(path, info.file_size, lambda info=info: _read(archive, info)))  # type: ignore[misc]
    return shelf.contents()


def _check_directory(stream: BinaryIO) -> None:
    """Refuse a table of contents that is missing, in another part, or too large to be read."""
    stream.seek(0)
    split = stream.read(4) == SPLIT
    size = stream.seek(0, 2)
    tail_at = max(size - _END.size - 0xFFFF, 0)
    stream.seek(tail_at)
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if split and at < 0:
        raise SubmissionError(f"the first part of a split zip; {JOIN}")
    if at < 0 or len(tail) - at < _END.size:
        raise SubmissionError(f"the zip breaks off after {size} bytes; it has to be downloaded or packed again")
    _, disk, _, _, _, directory_bytes, _, _ = _END.unpack_from(tail, at)
    if disk not in (0, 0xFFFF):
        raise SubmissionError(f"the last of {disk + 1} parts of a split zip; {JOIN}")
    if directory_bytes == 0xFFFFFFFF and at >= _LOCATOR_BYTES + _END64.size:
        record = _END64.unpack_from(tail, at - _LOCATOR_BYTES - _END64.size)
        directory_bytes = record[8] if record[0] == b"PK\x06\x06" else directory_bytes
    if directory_bytes > MAX_DIRECTORY_BYTES:
        raise SubmissionError(f"a zip whose table of contents alone is {directory_bytes / MIB:.0f} MiB")


def _means_nothing(info: zipfile.ZipInfo) -> bool:
    name = info.filename.replace("\\", "/")
    return name.endswith("/") or is_litter(name)


def _without_equals(infos: list[zipfile.ZipInfo]) -> Iterator[zipfile.ZipInfo]:
    """The entries; of those with the same name, size and checksum only the first."""
    seen = set()
    for info in infos:
        key = (info.orig_filename, info.file_size, info.CRC)
        if key not in seen:
            seen.add(key)
            yield info


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Where entries begin that share packed bytes with another one: the trick that makes small bombs large."""
    found, end, last = set(), -1, -1
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            found |= {info.header_offset, last}
        if info.header_offset + info.compress_size > end:
            end, last = info.header_offset + info.compress_size, info.header_offset
    return found


def _check(info: zipfile.ZipInfo, overlapping: set[int]) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.create_system != FROM_MS_DOS and kind in _KINDS:
        raise SubmissionError(f"{_KINDS[kind]}, not a file")
    if info.flag_bits & ENCRYPTED:
        raise SubmissionError("encrypted; it has to be handed in without a password")
    if info.compress_type not in (STORED, DEFLATED):
        method = _METHODS.get(info.compress_type, f"method {info.compress_type}")
        raise SubmissionError(f"packed with {method}, which is not read; it has to be packed as an ordinary zip")
    if info.header_offset in overlapping:
        raise SubmissionError("it shares its bytes with another file of the zip, as only a bomb does")
    ratio = info.file_size / max(info.compress_size, 1)
    code = is_notebook(info.filename) or is_script(info.filename)
    if ratio > MAX_RATIO and info.file_size > RATIO_COUNTS_FROM and not code:
        raise SubmissionError(f"{info.file_size / MIB:.0f} MiB packed {ratio:.0f} times smaller, as only a bomb is")


def _name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: UTF-8 that says so in its own field, or does not say so at all."""
    raw = info.orig_filename
    if info.flag_bits & UTF8:
        return raw
    bytes_of_name = raw.encode(ZIP_ENCODING, "replace")
    told = _unicode_path(info.extra, zlib.crc32(bytes_of_name))
    if told:
        return told
    try:
        return bytes_of_name.decode("utf-8")
    except UnicodeDecodeError:
        return _HALF_OF_A_LETTER.sub(rf"\1{ZIP_BACKSLASH}", raw) if "/" in raw else raw


def _unicode_path(extra: bytes, checksum: int) -> str:
    """The name in an entry's Unicode Path field, if it is about the name that stands there; else ""."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<2H", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_PATH and len(field) > 5 and struct.unpack_from("<BL", field) == (1, checksum):
            return field[5:].decode("utf-8", "replace")
    return ""


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes of one entry. Asking for one byte more than its size keeps zlib from making more than that."""
    try:
        with archive.open(info) as stream:
            return exactly(stream.read(info.file_size + 1), info.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as problem:
        reason = unicodedata.normalize("NFC", str(problem)).replace(repr(info.orig_filename), "it")
        raise SubmissionError(f"it is damaged in the zip ({reason})") from None
