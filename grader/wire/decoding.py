"""Bytes to values, whoever wrote them: exact types only, every length checked before it is believed."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from grader.wire.form import (
    COMPLEX,
    DTYPE_OF,
    FLOAT,
    INT64,
    ITEM_BYTES,
    LENGTH,
    MANY,
    MAX_DEPTH,
    MAX_DIMENSIONS,
    MAX_INT_BYTES,
    MAX_ITEMS,
    NUMPY_DTYPES,
    ROW_OF_FLOATS,
    ROW_OF_INTS,
    SHAPES,
    TORCH_DTYPES,
    Ref,
    Tensor,
    WireError,
    check_shape,
    compared_with,
)

CUT = "the frame ends in the middle of a value"


def decode(payload: bytes, resolve: Callable[[Ref], Any] | None = None, device: str = "cpu") -> Any:
    """Decode exactly one value; each Ref becomes what `resolve` makes of it, tensors are put on `device`.

    Raises WireError and nothing else (of its own; what `resolve` raises is the caller's).
    """
    decoder = _Decoder(payload, resolve, device)
    value = decoder.value(0)
    if decoder.at != decoder.end:
        raise WireError(f"{decoder.end - decoder.at} bytes too many")
    return value


class _Decoder:
    def __init__(self, payload: bytes, resolve: Callable[[Ref], Any] | None, device: str) -> None:
        self.payload = payload
        self.end = len(payload)
        self.device = device
        self.at = 0
        self.items = MAX_ITEMS
        self.compared = 0
        self.resolve = resolve

    def passed(self, size: int) -> int:
        """Move on by `size` bytes, which must be there; return where they start."""
        start = self.at
        self.at = start + size
        if self.at > self.end:
            raise WireError(CUT)
        return start

    def take(self, size: int) -> bytes:
        start = self.passed(size)
        return self.payload[start : self.at]

    def value(self, depth: int) -> Any:
        start = self.at  # `passed` and `length` are written out in what runs for every value
        self.at = start + 1
        if start >= self.end:
            raise WireError(CUT)
        read = _READERS.get(self.payload[start])
        if read is None:
            raise WireError(f"no such tag: {self.payload[start]:#x}")
        return read(self, depth)

    def length(self, most: int) -> int:
        (size,) = LENGTH.unpack_from(self.payload, self.passed(4))
        if size > most:
            raise WireError(f"a length of {size} where at most {most} can be")
        return size

    def take_int64(self, depth: int = 0) -> int:
        return INT64.unpack_from(self.payload, self.passed(8))[0]

    def take_big_int(self, depth: int) -> int:
        return int.from_bytes(self.take(self.length(MAX_INT_BYTES)), "little", signed=True)

    def take_float(self, depth: int) -> float:
        return FLOAT.unpack_from(self.payload, self.passed(8))[0]

    def take_complex(self, depth: int) -> complex:
        return complex(*COMPLEX.unpack_from(self.payload, self.passed(16)))

    def take_bytes(self, depth: int = 0) -> bytes:
        return self.take(self.length(self.end - self.at))

    def take_str(self, depth: int = 0) -> str:
        start = self.at + 4
        if start > self.end:
            raise WireError(CUT)
        (size,) = LENGTH.unpack_from(self.payload, self.at)
        self.at = start + size
        if self.at > self.end:
            raise WireError(CUT)
        try:
            return str(self.payload[start : self.at], "utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise WireError("a string that is not UTF-8") from None

    def count(self, depth: int) -> int:
        size = self.length(self.items)
        self.items -= size
        if size and depth >= MAX_DEPTH:
            raise WireError(f"nested deeper than {MAX_DEPTH} levels")
        return size

    def take_list(self, depth: int) -> list[Any]:
        size = self.count(depth)
        numbers = self.numbers(size) if size >= MANY else None
        return [self.value(depth + 1) for _ in range(size)] if numbers is None else numbers

    def numbers(self, size: int) -> list[Any] | None:
        """The next `size` values if all are floats, or all ints of 64 bits: they come all at once."""
        row = _ROWS.get(self.payload[self.at]) if self.at < self.end else None
        if row is None or self.at + size * row.itemsize > self.end:
            return None
        rows = np.frombuffer(self.payload, row, size, self.at)
        if not (rows["tag"] == self.payload[self.at]).all():
            return None
        self.at += size * row.itemsize
        return rows["number"].tolist()

    def take_tuple(self, depth: int) -> tuple[Any, ...]:
        return tuple([self.value(depth + 1) for _ in range(self.count(depth))])

    def take_set(self, depth: int) -> set[Any]:
        made: set[Any] = set()
        for place in range(self.count(depth)):
            made.add(self.take_key(depth + 1, place))
            if len(made) == place:
                raise WireError("a set with an element twice")
        return made

    def take_frozenset(self, depth: int) -> frozenset[Any]:
        return frozenset(self.take_set(depth))

    def take_dict(self, depth: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for place in range(self.count(depth)):
            key = self.take_key(depth + 1, place)
            if key in made:
                raise WireError("a dict with a key twice")
            made[key] = self.value(depth + 1)
        return made

    def take_key(self, depth: int, others: int) -> Any:
        """Read what is hashed; numbers can be chosen so that their hashes collide, so their comparisons are counted."""
        start = self.passed(1)
        tag = self.payload[start]
        if tag == _TEXT:
            return self.take_str()
        if tag == _TUPLE:
            key: Any = tuple([self.take_key(depth + 1, others) for _ in range(self.count(depth))])
        elif tag in _KEY_TAGS:
            key = _READERS[tag](self, depth)
        else:
            raise WireError("a key, or an element of a set, that cannot be one")
        if tag != _BYTES:
            self.compared = compared_with(others, self.at - start, tag == _FROZENSET, self.compared)
        return key

    def shaped(self, dtypes: list[str]) -> tuple[str, tuple[int, ...], bytes]:
        dtype = str(self.take(self.payload[self.passed(1)]), "ascii", "replace")
        if dtype not in dtypes:
            raise WireError(f"no such dtype: {dtype!r}")
        start = self.passed(1)
        dimensions = self.payload[start]
        if dimensions > MAX_DIMENSIONS:
            raise WireError(f"an array of {dimensions} dimensions; at most {MAX_DIMENSIONS} can be sent")
        self.passed(8 * dimensions)
        shape = SHAPES[dimensions].unpack_from(self.payload, start)[1:]
        check_shape(shape)
        return dtype, shape, self.take(math.prod(shape) * ITEM_BYTES[dtype])

    def take_array(self, depth: int) -> np.ndarray:
        dtype, shape, raw = self.shaped(NUMPY_DTYPES)
        made: np.ndarray = np.ndarray(shape, np.uint8 if dtype == "bool" else DTYPE_OF[dtype], bytearray(raw))
        return np.asarray(made != 0) if dtype == "bool" else made  # a byte that is neither 0 nor 1 makes no bool

    def take_scalar(self, depth: int) -> Any:
        made = self.take_array(depth)
        if made.ndim:
            raise WireError("a NumPy scalar with dimensions")
        return made[()]

    def take_tensor(self, depth: int) -> Any:
        dtype, shape, raw = self.shaped(TORCH_DTYPES)
        torch = sys.modules.get("torch")
        if torch is None:
            return Tensor(dtype, shape, raw)
        kind = torch.uint8 if dtype == "bool" else getattr(torch, dtype)
        flat = torch.frombuffer(bytearray(raw), dtype=kind) if raw else torch.empty(0, dtype=kind)
        made = flat.reshape(shape)
        return (made != 0 if dtype == "bool" else made).to(self.device)

    def take_ref(self, depth: int) -> Any:
        made = Ref(self.take_int64(), self.take_str(), self.take_str())
        return made if self.resolve is None else self.resolve(made)


_READERS: dict[int, Callable[[_Decoder, int], Any]] = {
    ord("N"): lambda decoder, depth: None,
    ord("T"): lambda decoder, depth: True,
    ord("F"): lambda decoder, depth: False,
    ord("i"): _Decoder.take_int64,
    ord("I"): _Decoder.take_big_int,
    ord("f"): _Decoder.take_float,
    ord("c"): _Decoder.take_complex,
    ord("s"): _Decoder.take_str,
    ord("b"): _Decoder.take_bytes,
    ord("l"): _Decoder.take_list,
    ord("t"): _Decoder.take_tuple,
    ord("S"): _Decoder.take_set,
    ord("z"): _Decoder.take_frozenset,
    ord("d"): _Decoder.take_dict,
    ord("a"): _Decoder.take_array,
    ord("n"): _Decoder.take_scalar,
    ord("x"): _Decoder.take_tensor,
    ord("r"): _Decoder.take_ref,
}

_KEY_TAGS = frozenset(b"NTFiIfcsbzr")
_TEXT, _BYTES, _TUPLE, _FROZENSET = b"sbtz"
_ROWS = {ord("f"): ROW_OF_FLOATS, ord("i"): ROW_OF_INTS}
