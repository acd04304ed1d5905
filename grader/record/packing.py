"""Contents as the record keeps them: smaller, and the very same bytes when they come back.

Answers are mostly arrays of numbers that were drawn or trained, whose last bits are noise. What can be saved is in
their first bytes, sign and exponent, and only where these stand together: so the bytes of numbers of 4 or 8 are sorted
by their place in the number first (the "shuffle" of HDF5 and Blosc).
"""

from __future__ import annotations

import zlib

LEVEL = 1  # of zlib: recorded arrays hardly shrink further at higher ones
SAMPLED_BYTES = 1 << 15  # of a content, by which the way to pack it is chosen
RUN_BYTES = 1 << 12  # a sample consists of such runs
WORTH = 0.95  # compressing to more than this share is not worth its time
ZLIB = 0x78  # the first byte of every zlib stream; a packed content begins with that, or with the stride of its numbers
STRIDES = (4, 8)


def pack(content: bytes) -> bytes:
    """The content in the shortest of the forms that `unpack` knows, as far as a sample tells."""
    sample = _sample(content)
    sizes = {stride: len(zlib.compress(_sorted(sample, stride), LEVEL)) for stride in (1, *STRIDES)}
    stride = min(sizes, key=lambda each: (sizes[each], each))
    if sizes[stride] > WORTH * len(sample):
        return zlib.compress(content, 0)
    if stride == 1:
        return zlib.compress(content, LEVEL)
    return bytes([stride]) + zlib.compress(_sorted(content, stride), LEVEL)


def unpack(packed: bytes) -> bytes:
    """Undo `pack`. Raises ValueError for what is not packed."""
    try:
        if packed[0] == ZLIB:
            return zlib.decompress(packed)
        if packed[0] in STRIDES:
            return _as_it_was(zlib.decompress(memoryview(packed)[1:]), packed[0])
    except (zlib.error, IndexError) as error:
        raise ValueError(str(error)) from None
    raise ValueError(f"packed in a way that is not known: {packed[0]}")


def _sample(content: bytes) -> bytes:
    if len(content) <= SAMPLED_BYTES:
        return content
    step = len(content) // (SAMPLED_BYTES // RUN_BYTES)
    step -= step % 8  # so that numbers lie in all runs as they lie in the first
    return b"".join(content[at : at + RUN_BYTES] for at in range(0, len(content) - RUN_BYTES, step))


def _sorted(content: bytes, stride: int) -> bytes:
    return content if stride == 1 else b"".join(content[place::stride] for place in range(stride))


def _as_it_was(planes: bytes, stride: int) -> bytes:
    content = bytearray(len(planes))
    at = 0
    for place in range(stride):
        size = len(range(place, len(planes), stride))
        content[place::stride] = planes[at : at + size]
        at += size
    return bytes(content)
