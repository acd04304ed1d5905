"""Typed frames between the examiner and the candidate: bounded, exact, no pickle.

A frame is a length (4 bytes, little endian) and one encoded value. A value is one of: None, bool, int, float, complex,
str, bytes, list, tuple, set, frozenset, dict, NumPy array or scalar, torch tensor, `Ref`. The encoder turns subclasses
into their plain type, so that an object with a forged `__eq__` loses it on the way; the decoder makes exact types only,
checks every length before it allocates, and raises nothing but `WireError`.

Both sides use this file; inside the sandbox it is the only part of the package that the candidate imports.
"""

from __future__ import annotations

import math
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_DEPTH = 64  # containers within containers
MAX_ITEMS = 1_000_000  # elements of all containers of a frame together
MAX_INT_BYTES = 1024
MAX_DIMENSIONS = 32
DEFAULT_LIMIT_BYTES = 64 << 20

NUMPY_DTYPES = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
).split()
TORCH_DTYPES = ("bool int8 int16 int32 int64 uint8 float16 bfloat16 float32 float64 complex64 complex128").split()

_LENGTH = struct.Struct("<I")
_INT64 = struct.Struct("<q")
_FLOAT = struct.Struct("<d")
_COMPLEX = struct.Struct("<dd")


class WireError(Exception):
    """A value cannot be sent, or bytes are not a frame of ours."""


@dataclass(frozen=True)
class Ref:
    """An object that stays in the sandbox. `kind` is "function", "class", "module" or "object"."""

    id: int
    kind: str
    type_name: str


# ---------------------------------------------------------------------------------------------------- encoding


def encode(value: object, limit_bytes: int = DEFAULT_LIMIT_BYTES, refer: Callable[[Any], Ref] | None = None) -> bytes:
    """Encode one value; objects of other types become what `refer` makes of them, or a WireError.

    The size of an array is taken from its shape before anything is copied, so a view with a stride of 0 cannot blow up.
    """
    encoder = _Encoder(limit_bytes, refer)
    encoder.value(value, 0)
    return b"".join(encoder.parts)


class _Encoder:
    def __init__(self, limit_bytes: int, refer: Callable[[Any], Ref] | None) -> None:
        self.parts: list[bytes] = []
        self.left = limit_bytes
        self.items = MAX_ITEMS
        self.limit_bytes = limit_bytes
        self.refer = refer

    def put(self, *parts: bytes) -> None:
        self.spend(sum(map(len, parts)))
        self.parts.extend(parts)

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise WireError(f"the value is larger than {_mib(self.limit_bytes)} MiB")

    def value(self, value: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise WireError(f"the value is nested deeper than {MAX_DEPTH} levels")
        for kind, write in _WRITERS:
            if isinstance(value, kind):
                return write(self, value, depth)
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, getattr(torch, "Tensor", ())):
            return self.put_tensor(value, torch)
        if self.refer is None:
            raise WireError(f"an object of type {type(value).__name__} cannot be sent")
        return self.put_ref(self.refer(value), depth)

    def put_none(self, value: None, depth: int) -> None:
        self.put(b"N")

    def put_bool(self, value: bool, depth: int) -> None:
        self.put(b"T" if value else b"F")

    def put_int(self, value: int, depth: int) -> None:
        number = int.__index__(value)
        if -(1 << 63) <= number < 1 << 63:
            return self.put(b"i", _INT64.pack(number))
        size = number.bit_length() // 8 + 1
        if size > MAX_INT_BYTES:
            raise WireError(f"an int of {size} bytes; at most {MAX_INT_BYTES} can be sent")
        return self.put(b"I", _LENGTH.pack(size), number.to_bytes(size, "little", signed=True))

    def put_float(self, value: float, depth: int) -> None:
        self.put(b"f", _FLOAT.pack(float.__float__(value)))

    def put_complex(self, value: complex, depth: int) -> None:
        self.put(b"c", _COMPLEX.pack(value.real, value.imag))

    def put_str(self, value: str, depth: int) -> None:
        if len(value) > self.left:
            self.spend(len(value))
        text = str.encode(value, "utf-8", "surrogatepass")
        self.put(b"s", _LENGTH.pack(len(text)), text)

    def put_bytes(self, value: bytes, depth: int) -> None:
        self.put(b"b", _LENGTH.pack(len(value)), bytes(value))

    def head(self, tag: bytes, size: int) -> None:
        self.items -= size
        if self.items < 0:
            raise WireError(f"the value has more than {MAX_ITEMS} elements in its containers")
        self.put(tag, _LENGTH.pack(size))

    def put_list(self, value: list[Any], depth: int) -> None:
        self.head(b"l", list.__len__(value))
        for item in list.__iter__(value):
            self.value(item, depth + 1)

    def put_tuple(self, value: tuple[Any, ...], depth: int) -> None:
        self.head(b"t", tuple.__len__(value))
        for item in tuple.__iter__(value):
            self.value(item, depth + 1)

    def put_set(self, value: set[Any] | frozenset[Any], depth: int) -> None:
        items = sorted(value, key=repr)  # the same set is the same bytes
        self.head(b"z" if isinstance(value, frozenset) else b"S", len(items))
        for item in items:
            self.value(item, depth + 1)

    def put_dict(self, value: dict[Any, Any], depth: int) -> None:
        self.head(b"d", dict.__len__(value))
        for key, item in dict.items(value):
            self.value(key, depth + 1)
            self.value(item, depth + 1)

    def put_array(self, value: np.ndarray, depth: int) -> None:
        name = value.dtype.newbyteorder("=").name
        if name not in NUMPY_DTYPES:
            raise WireError(f"an array of dtype {value.dtype} cannot be sent")
        self.shaped(b"a", name, value.shape, value.dtype.itemsize)
        plain = np.ndarray.view(value, np.ndarray)
        self.parts.append(np.ascontiguousarray(plain, dtype=name).tobytes())

    def put_scalar(self, value: np.generic, depth: int) -> None:
        name = value.dtype.name
        if name not in NUMPY_DTYPES:
            raise WireError(f"a NumPy scalar of dtype {value.dtype} cannot be sent")
        self.shaped(b"n", name, (), value.dtype.itemsize)
        self.parts.append(value.tobytes())

    def put_tensor(self, value: Any, torch: Any) -> None:
        name = str(value.dtype).removeprefix("torch.")
        if name not in TORCH_DTYPES or value.layout is not torch.strided or value.is_meta:
            raise WireError(f"a tensor of dtype {name}, layout {value.layout}, device {value.device} cannot be sent")
        if value.is_nested or value.is_quantized:
            raise WireError("a nested or quantized tensor cannot be sent")
        self.shaped(b"x", name, tuple(value.shape), value.element_size())
        with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
            plain = value.detach().resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
            self.parts.append(plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b"")

    def shaped(self, tag: bytes, dtype: str, shape: tuple[int, ...], item_bytes: int) -> None:
        size = math.prod(shape) * item_bytes
        self.put(tag, bytes([len(dtype)]), dtype.encode(), bytes([len(shape)]), *map(_INT64.pack, shape))
        self.spend(size)

    def put_ref(self, value: Ref, depth: int) -> None:
        self.put(b"r", _INT64.pack(value.id))
        for name in (value.kind, value.type_name):
            text = str.encode(name[:200], "utf-8", "replace")
            self.put(_LENGTH.pack(len(text)), text)


_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[_Encoder, Any, int], None]], ...] = (
    (type(None), _Encoder.put_none),
    ((bool,), _Encoder.put_bool),
    (np.generic, _Encoder.put_scalar),  # before float: np.float64 is one
    (int, _Encoder.put_int),
    (float, _Encoder.put_float),
    (complex, _Encoder.put_complex),
    (str, _Encoder.put_str),
    ((bytes, bytearray), _Encoder.put_bytes),
    (np.ndarray, _Encoder.put_array),
    (list, _Encoder.put_list),
    (tuple, _Encoder.put_tuple),
    (dict, _Encoder.put_dict),
    ((set, frozenset), _Encoder.put_set),
    (Ref, _Encoder.put_ref),
)


# ---------------------------------------------------------------------------------------------------- decoding


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
        (size,) = _LENGTH.unpack(self.take(4))
        if size > most:
            raise WireError(f"a length of {size} where at most {most} can be")
        return size

    def take_int64(self, depth: int = 0) -> int:
        return _INT64.unpack(self.take(8))[0]

    def take_big_int(self, depth: int) -> int:
        return int.from_bytes(self.take(self.length(MAX_INT_BYTES)), "little", signed=True)

    def take_float(self, depth: int) -> float:
        return _FLOAT.unpack(self.take(8))[0]

    def take_complex(self, depth: int) -> complex:
        return complex(*_COMPLEX.unpack(self.take(16)))

    def take_bytes(self, depth: int = 0) -> bytes:
        return self.take(self.length(len(self.payload) - self.at))

    def take_str(self, depth: int = 0) -> str:
        try:
            return self.take_bytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise WireError("a string that is not UTF-8") from None

    def take_sequence(self, depth: int) -> list[Any]:
        size = self.length(self.items)
        self.items -= size
        return [self.value(depth + 1) for _ in range(size)]

    def take_tuple(self, depth: int) -> tuple[Any, ...]:
        return tuple(self.take_sequence(depth))

    def take_set(self, depth: int) -> set[Any]:
        items = self.take_sequence(depth)
        if not all(map(_is_key, items)) or len(set(items)) != len(items):
            raise WireError("a set with an element twice, or with one that cannot be in a set")
        return set(items)

    def take_frozenset(self, depth: int) -> frozenset[Any]:
        return frozenset(self.take_set(depth))

    def take_dict(self, depth: int) -> dict[Any, Any]:
        size = self.length(self.items)
        self.items -= size
        made: dict[Any, Any] = {}
        for _ in range(size):
            key = self.value(depth + 1)
            if not _is_key(key) or key in made:
                raise WireError("a dict with a key twice, or with one that cannot be a key")
            made[key] = self.value(depth + 1)
        return made

    def shaped(self, dtypes: list[str]) -> tuple[str, tuple[int, ...], bytes]:
        dtype = self.take(self.take(1)[0]).decode("ascii", "replace")
        if dtype not in dtypes:
            raise WireError(f"no such dtype: {dtype!r}")
        dimensions = self.take(1)[0]
        if dimensions > MAX_DIMENSIONS:
            raise WireError(f"an array of {dimensions} dimensions")
        shape = tuple(self.take_int64() for _ in range(dimensions))
        if any(size < 0 for size in shape):
            raise WireError(f"an array of shape {shape}")
        item_bytes = 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
        if math.prod(max(size, 1) for size in shape) > 1 << 40:  # also what an empty array may not claim
            raise WireError(f"an array of shape {shape}")
        return dtype, shape, self.take(math.prod(shape) * item_bytes)

    def take_array(self, depth: int) -> np.ndarray:
        dtype, shape, raw = self.shaped(NUMPY_DTYPES)
        made = np.frombuffer(bytearray(raw), dtype=np.uint8 if dtype == "bool" else dtype).reshape(shape)
        return made != 0 if dtype == "bool" else made  # a byte that is neither 0 nor 1 makes no bool

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
    b"l": _Decoder.take_sequence,
    b"t": _Decoder.take_tuple,
    b"S": _Decoder.take_set,
    b"z": _Decoder.take_frozenset,
    b"d": _Decoder.take_dict,
    b"a": _Decoder.take_array,
    b"n": _Decoder.take_scalar,
    b"x": _Decoder.take_tensor,
    b"r": _Decoder.take_ref,
}


def _is_key(value: object) -> bool:
    if type(value) is tuple:
        return all(map(_is_key, value))
    return value is None or type(value) in (bool, int, float, complex, str, bytes, frozenset, Ref)


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.4g}"


# ---------------------------------------------------------------------------------------------------- the stream


def send_frame(stream: socket.socket, payload: bytes) -> None:
    """Send one frame; obeys the socket's timeout."""
    stream.sendall(_LENGTH.pack(len(payload)))
    stream.sendall(payload)


def receive_frame(stream: socket.socket, limit_bytes: int, deadline: float | None = None) -> bytes:
    """Receive one frame before `deadline` (time.monotonic).

    Raises EOFError when the other side is gone, TimeoutError after the deadline, WireError for a length over the limit.
    """
    (size,) = _LENGTH.unpack(_receive(stream, 4, deadline))
    if size > limit_bytes:
        raise WireError(f"a frame of {size} bytes where at most {limit_bytes} can be")
    return _receive(stream, size, deadline)


def _receive(stream: socket.socket, size: int, deadline: float | None) -> bytes:
    buffer = bytearray()
    while len(buffer) < size:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            stream.settimeout(left)
        part = stream.recv(min(size - len(buffer), 1 << 20))
        if not part:
            raise EOFError
        buffer += part
    return bytes(buffer)
