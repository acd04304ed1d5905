"""Typed frames between the examiner and the candidate: bounded, exact, no pickle.

A frame is a length (4 bytes, little endian) and one encoded value. A value is one of: None, bool, int, float, complex,
str, bytes, list, tuple, set, frozenset, dict, NumPy array or scalar, torch tensor, `Ref`. The encoder turns subclasses
into their plain type, so that an object with a forged `__eq__` loses it on the way; the decoder makes exact types only,
checks every length before it allocates, and raises nothing but `WireError`.

Both sides use this room; inside the sandbox it is the only part of the package that the candidate imports.

    form       what a frame may hold: types, limits, the error
    encoding   values to bytes
    decoding   bytes to values, whoever wrote them
    stream     frames over a socket
"""

from grader.wire.decoding import decode
from grader.wire.encoding import encode, extend
from grader.wire.form import (
    DEFAULT_LIMIT_BYTES,
    MAX_COMPARED_BYTES,
    MAX_DEPTH,
    MAX_DIMENSIONS,
    MAX_INT_BYTES,
    MAX_ITEMS,
    NUMPY_DTYPES,
    TORCH_DTYPES,
    Ref,
    Tensor,
    WireError,
)
from grader.wire.stream import receive_frame, send_frame

__all__ = [
    "DEFAULT_LIMIT_BYTES",
    "MAX_COMPARED_BYTES",
    "MAX_DEPTH",
    "MAX_DIMENSIONS",
    "MAX_INT_BYTES",
    "MAX_ITEMS",
    "NUMPY_DTYPES",
    "TORCH_DTYPES",
    "Ref",
    "Tensor",
    "WireError",
    "decode",
    "encode",
    "extend",
    "receive_frame",
    "send_frame",
]
