"""Bytes to values, whoever wrote them: exact types only, every length checked before it is believed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from grader.wire.form import (
    COMPLEX,
    FLOAT,
    INT64,
    LENGTH,
    MAX_DEPTH,
    MAX_INT_BYTES,
    MAX_ITEMS,
    NUMPY_DTYPES,
    TORCH_DTYPES,
    Ref,
    WireError,
    check_shape,
    compared_with,
)


def decode(payload: bytes, resolve: Callable[[Ref], Any] | None = None, device: str = "cpu") -> Any:
    """Decode exactly one value; each Ref becomes what `resolve` makes of it, tensors are put on `device`.

    Raises WireError and nothing else (of its own; what `resolve` raises is the caller's).
    """
    decoder = _Decoder(payload, resolve, device)
    value = decoder.value(0)
    if decoder.at != len(payload):
        raise WireError(f"{len(payload) - decoder.at} bytes too many")
    return value


class _Decoder:
    def __init__(self, payload: bytes, resolve: Callable[[Ref], Any] | None, device: str) -> None:
        self.payload = payload
        self.device = device
        self.at = 0
        self.items = MAX_ITEMS
        self.compared = 0
        self.resolve = resolve

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.payload):
            raise WireError("the frame ends in the middle of a value")
        part = self.payload[self.at : end]
        self.at = end
        return part

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise WireError(f"nested deeper than {MAX_DEPTH} levels")
        read = _READERS.get(self.take(1))
        if read is None:
            raise WireError(f"no such tag: {self.payload[self.at - 1]:#x}")
        return read(self, depth)

    def length(self, most: int) -> int:
        (size,) = LENGTH.unpack(self.take(4))
        if size > most:
            raise WireError(f"a length of {size} where at most {most} can be")
        return size

    def take_int64(self, depth: int = 0) -> int:
        return INT64.unpack(self.take(8))[0]

    def take_big_int(self, depth: int) -> int:
        return int.from_bytes(self.take(self.length(MAX_INT_BYTES)), "little", signed=True)

    def take_float(self, depth: int) -> float:
        return FLOAT.unpack(self.take(8))[0]

    def take_complex(self, depth: int) -> complex:
        return complex(*COMPLEX.unpack(self.take(16)))

    def take_bytes(self, depth: int = 0) -> bytes:
        return self.take(self.length(len(self.payload) - self.at))

    def take_str(self, depth: int = 0) -> str:
        try:
            return self.take_bytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise WireError("a string that is not UTF-8") from None

    def count(self) -> int:
        size = self.length(self.items)
        self.items -= size
        return size

    def take_list(self, depth: int) -> list[Any]:
        return [self.value(depth + 1) for _ in range(self.count())]

    def take_tuple(self, depth: int) -> tuple[Any, ...]:
        return tuple(self.take_list(depth))

    def take_set(self, depth: int) -> set[Any]:
        made: set[Any] = set()
        for place in range(self.count()):
            made.add(self.take_key(depth + 1, place))
            if len(made) == place:
                raise WireError("a set with an element twice")
        return made

    def take_frozenset(self, depth: int) -> frozenset[Any]:
        return frozenset(self.take_set(depth))

    def take_dict(self, depth: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for place in range(self.count()):
            key = self.take_key(depth + 1, place)
            if key in made:
                raise WireError("a dict with a key twice")
            made[key] = self.value(depth + 1)
        return made

    def take_key(self, depth: int, others: int) -> Any:
        """Read what is hashed; numbers can be chosen so that their hashes collide, so their comparisons are counted."""
        start = self.at
        tag = self.payload[start : start + 1]
        if tag == b"t" and depth <= MAX_DEPTH:
            self.at += 1
            key: Any = tuple([self.take_key(depth + 1, others) for _ in range(self.count())])
        elif tag in _KEY_TAGS:
            key = self.value(depth)
        else:
            raise WireError("a key, or an element of a set, that cannot be one")
        if tag not in (b"s", b"b"):
            self.compared = compared_with(others, self.at - start, tag == b"z", self.compared)
        return key

    def shaped(self, dtypes: list[str]) -> tuple[str, tuple[int, ...], bytes]:
        dtype = self.take(self.take(1)[0]).decode("ascii", "replace")
        if dtype not in dtypes:
            raise WireError(f"no such dtype: {dtype!r}")
        shape = tuple([self.take_int64() for _ in range(self.take(1)[0])])
        check_shape(shape)
        item_bytes = 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
        return dtype, shape, self.take(math.prod(shape) * item_bytes)

    def take_array(self, depth: int) -> np.ndarray:
        dtype, shape, raw = self.shaped(NUMPY_DTYPES)
        made = np.frombuffer(bytearray(raw), dtype=np.uint8 if dtype == "bool" else dtype).reshape(shape)
        return np.asarray(made != 0) if dtype == "bool" else made  # a byte that is neither 0 nor 1 makes no bool

    def take_scalar(self, depth: int) -> Any:
        made = self.take_array(depth)
        if made.ndim:
            raise WireError("a NumPy scalar with dimensions")
        return made[()]

    def take_tensor(self, depth: int) -> Any:
        import torch

        dtype, shape, raw = self.shaped(TORCH_DTYPES)
        kind = torch.uint8 if dtype == "bool" else getattr(torch, dtype)
        flat = torch.frombuffer(bytearray(raw), dtype=kind) if raw else torch.empty(0, dtype=kind)
        made = flat.reshape(shape)
        return (made != 0 if dtype == "bool" else made).to(self.device)

    def take_ref(self, depth: int) -> Any:
        made = Ref(self.take_int64(), self.take_str(), self.take_str())
        return made if self.resolve is None else self.resolve(made)


_READERS: dict[bytes, Callable[[_Decoder, int], Any]] = {
    b"N": lambda decoder, depth: None,
    b"T": lambda decoder, depth: True,
    b"F": lambda decoder, depth: False,
    b"i": _Decoder.take_int64,
    b"I": _Decoder.take_big_int,
    b"f": _Decoder.take_float,
    b"c": _Decoder.take_complex,
    b"s": _Decoder.take_str,
    b"b": _Decoder.take_bytes,
    b"l": _Decoder.take_list,
    b"t": _Decoder.take_tuple,
    b"S": _Decoder.take_set,
    b"z": _Decoder.take_frozenset,
    b"d": _Decoder.take_dict,
    b"a": _Decoder.take_array,
    b"n": _Decoder.take_scalar,
    b"x": _Decoder.take_tensor,
    b"r": _Decoder.take_ref,
}


_KEY_TAGS = (b"N", b"T", b"F", b"i", b"I", b"f", b"c", b"s", b"b", b"z", b"r")
