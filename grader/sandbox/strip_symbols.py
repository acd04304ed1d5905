"""Takes from shared libraries what loading them does not need: tables of symbols for debuggers, and of sections.

    python3 strip_symbols.py FOLDER

Runs while the image is built, where there is no `strip`. A library is cut behind the last part that is loaded; where
anything but sections lies there, it is left as it is.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

LEAST = 4096  # bytes that are worth it
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")  # of a 64-bit ELF file
SEGMENT = struct.Struct("<IIQQQQQQ")
SECTION = struct.Struct("<IIQQQQIIQQ")
IS_LOADED, NO_BYTES = 2, 8  # a section's flag; a section's type
X86_64 = b"\x7fELF\x02\x01"  # 64 bits, little-endian


def end_of_what_is_loaded(content: bytes) -> int:
    """Where a library can be cut; its length where it cannot."""
    if content[:6] != X86_64:
        return len(content)
    fields = HEADER.unpack_from(content)
    segments_at, sections_at, segments, sections = fields[5], fields[6], fields[10], fields[12]
    end = HEADER.size
    for number in range(segments):
        _, _, offset, _, _, size, _, _ = SEGMENT.unpack_from(content, segments_at + number * SEGMENT.size)
        end = max(end, offset + size)
    known = sections_at + sections * SECTION.size
    for number in range(sections):
        _, kind, flags, _, offset, size, *_ = SECTION.unpack_from(content, sections_at + number * SECTION.size)
        if kind == NO_BYTES:
            continue
        known = max(known, offset + size)
        if flags & IS_LOADED and offset + size > end:
            return len(content)
    return end if sections and known >= len(content) else len(content)


def strip(file: Path) -> int:
    """Cut a library; return how many bytes it lost."""
    content = file.read_bytes()
    try:
        end = end_of_what_is_loaded(content)
    except struct.error:  # no whole ELF file
        return 0
    if len(content) - end < LEAST:
        return 0
    fields = list(HEADER.unpack_from(content))
    fields[6] = fields[12] = fields[13] = 0  # no table of sections
    file.write_bytes(HEADER.pack(*fields) + content[HEADER.size : end])
    return len(content) - end


if __name__ == "__main__":
    lost = sum(strip(file) for file in sorted(Path(sys.argv[1]).rglob("*.so*")) if file.is_file())
    print(f"{lost >> 20} MiB of symbols taken out")
