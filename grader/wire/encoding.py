"""Values to bytes: subclasses lose their class, and sizes are known before anything is copied."""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from grader.wire.form import (
    COMPLEX,
    DEFAULT_LIMIT_BYTES,
    INT64,
    ITEM_BYTES,
    LENGTH,
    MANY,
    MAX_DEPTH,
    MAX_INT_BYTES,
    MAX_ITEMS,
    NAME_OF,
    NUMPY_DTYPES,
    ROW_OF_FLOATS,
    ROW_OF_INTS,
    SHAPES,
    SHORT_NAME,
    TORCH_DTYPES,
    Ref,
    Tensor,
    WireError,
    check_shape,
    compared_with,
)

TAG_LENGTH, TAG_INT64, TAG_FLOAT = struct.Struct("<cI"), struct.Struct("<cq"), struct.Struct("<cd")


def encode(value: object, limit_bytes: int = DEFAULT_LIMIT_BYTES, refer: Callable[[Any], Ref] | None = None) -> bytes:
    """Encode one value; objects of other types become what `refer` makes of them, or a WireError.

    The size of an array is taken from its shape before anything is copied, so a view with a stride of 0 cannot blow up.
    """
    encoder = _Encoder(limit_bytes, refer)
    encoder.value(value, 0)
    return b"".join(encoder.parts)


def extend(encoded: bytes, more: dict[str, Any]) -> bytes:
    """An encoded dict with more pairs at its end; their keys must be new."""
    (size,) = LENGTH.unpack_from(encoded, 1)
    return TAG_LENGTH.pack(b"d", size + len(more)) + encoded[5:] + encode(more)[5:]


class _Encoder:
    def __init__(self, limit_bytes: int, refer: Callable[[Any], Ref] | None) -> None:
        self.parts: list[bytes] = []
        self.left = limit_bytes
        self.items = MAX_ITEMS
        self.compared = 0
        self.limit_bytes = limit_bytes
        self.refer = refer

    def put(self, part: bytes) -> None:
        self.left -= len(part)
        if self.left < 0:
            self.spend(0)
        self.parts.append(part)

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise WireError(f"the value is larger than {_mib(self.limit_bytes)} MiB")

    def value(self, value: Any, depth: int) -> None:
        known = _WRITER_OF.get(type(value))
        if known is not None:
            return known(self, value, depth)
        for kind, write in _WRITERS:
            if isinstance(value, kind):
                return write(self, value, depth)
        if _is_tensor(value):
            return self.put_tensor(value, sys.modules["torch"])
        if self.refer is None:
            raise WireError(f"an object of type {type(value).__name__} cannot be sent")
        return self.put_ref(self.refer(value), depth)

    def put_int(self, value: int, depth: int) -> None:
        number = int.__index__(value)
        if -(1 << 63) <= number < 1 << 63:
            return self.put(TAG_INT64.pack(b"i", number))
        size = number.bit_length() // 8 + 1
        if size > MAX_INT_BYTES:
            raise WireError(f"an int of {size} bytes; at most {MAX_INT_BYTES} can be sent")
        return self.put(TAG_LENGTH.pack(b"I", size) + number.to_bytes(size, "little", signed=True))

    def put_float(self, value: float, depth: int) -> None:
        self.put(TAG_FLOAT.pack(b"f", float.__float__(value)))

    def put_complex(self, value: complex, depth: int) -> None:
        self.put(b"c" + COMPLEX.pack(value.real, value.imag))

    def put_str(self, value: str, depth: int) -> None:
        if len(value) > self.left:
            self.spend(len(value))
        text = str.encode(value, "utf-8", "surrogatepass")
        self.put(TAG_LENGTH.pack(b"s", len(text)) + text)

    def put_bytes(self, value: bytes, depth: int) -> None:
        plain = memoryview(value)
        self.spend(plain.nbytes)
        self.put(TAG_LENGTH.pack(b"b", plain.nbytes))
        self.parts.append(plain.tobytes())

    def head(self, tag: bytes, size: int, depth: int) -> None:
        if size and depth >= MAX_DEPTH:
            raise WireError(f"the value is nested deeper than {MAX_DEPTH} levels")
        self.items -= size
        if self.items < 0:
            raise WireError(f"the value has more than {MAX_ITEMS} elements in its containers")
        self.put(TAG_LENGTH.pack(tag, size))

    def put_list(self, value: list[Any], depth: int) -> None:
        size = list.__len__(value)
        self.head(b"l", size, depth)
        if size >= MANY and self.put_numbers(value):
            return
        for item in list.__iter__(value):
            self.value(item, depth + 1)

    def put_numbers(self, value: list[Any]) -> bool:
        """Write a list of nothing but floats, or nothing but ints of 64 bits, all at once; False if it is none."""
        kinds = set(map(type, list.__iter__(value)))
        if kinds != {float} and kinds != {int}:
            return False
        rows = np.empty(list.__len__(value), ROW_OF_FLOATS if kinds == {float} else ROW_OF_INTS)
        rows["tag"] = ord("f" if kinds == {float} else "i")
        try:
            rows["number"] = value
        except OverflowError:
            return False
        self.put(rows.tobytes())
        return True

    def put_tuple(self, value: tuple[Any, ...], depth: int) -> None:
        self.head(b"t", tuple.__len__(value), depth)
        for item in tuple.__iter__(value):
            self.value(item, depth + 1)

    def put_set(self, value: set[Any] | frozenset[Any], depth: int) -> None:
        items = sorted(value, key=_order)  # the same set is the same bytes
        self.head(b"z" if isinstance(value, frozenset) else b"S", len(items), depth)
        for place, item in enumerate(items):
            self.key(item, depth + 1, place)

    def put_dict(self, value: dict[Any, Any], depth: int) -> None:
        self.head(b"d", dict.__len__(value), depth)
        for place, (key, item) in enumerate(dict.items(value)):
            if type(key) is str:
                self.put_str(key, depth + 1)
            else:
                self.key(key, depth + 1, place)
            self.value(item, depth + 1)

    def key(self, value: Any, depth: int, others: int) -> None:
        """Write a key of a dict or an element of a set, the one after `others`. NumPy's numbers become Python's."""
        left = self.left
        if isinstance(value, tuple):
            self.head(b"t", tuple.__len__(value), depth)
            for item in tuple.__iter__(value):
                self.key(item, depth + 1, others)
        elif isinstance(value, (list, dict, set, bytearray, np.ndarray)) or _is_tensor(value):
            raise WireError(f"a key, or an element of a set, of type {type(value).__name__} cannot be sent")
        else:
            self.value(value.item() if isinstance(value, np.number | np.bool_) else value, depth)
        if not isinstance(value, (str, bytes)):
            self.compared = compared_with(others, left - self.left, isinstance(value, frozenset), self.compared)

    def put_array(self, value: np.ndarray, depth: int) -> None:
        native = NAME_OF.get(value.dtype)
        name = native or NAME_OF.get(value.dtype.newbyteorder("="))
        if name is None:
            raise WireError(f"an array of dtype {value.dtype} cannot be sent")
        self.shaped(b"a", name, value.shape, value.dtype.itemsize)
        plain = value if native else np.ascontiguousarray(np.ndarray.view(value, np.ndarray), dtype=name)
        self.parts.append(np.ndarray.tobytes(plain))

    def put_scalar(self, value: np.generic, depth: int) -> None:
        name = NAME_OF.get(value.dtype)
        if name is None:
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
            plain = value.detach().resolve_conj().resolve_neg().cpu().contiguous()
            flat = plain.as_strided((plain.numel(),), (1,))  # one element may keep an odd stride, which `view` refuses
            self.parts.append(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")

    def put_unloaded_tensor(self, value: Tensor, depth: int) -> None:
        self.shaped(b"x", value.dtype, value.shape, ITEM_BYTES[value.dtype])
        self.parts.append(value.raw)

    def shaped(self, tag: bytes, dtype: str, shape: tuple[int, ...], item_bytes: int) -> None:
        check_shape(shape)
        size = math.prod(shape) * item_bytes
        self.put(tag + SHORT_NAME[dtype] + SHAPES[len(shape)].pack(len(shape), *shape))
        self.spend(size)

    def put_ref(self, value: Ref, depth: int) -> None:
        self.put(b"r" + INT64.pack(value.id))
        for name in (value.kind, value.type_name):
            text = str.encode(name[:200], "utf-8", "replace")
            self.put(LENGTH.pack(len(text)) + text)


_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[_Encoder, Any, int], None]], ...] = (
    (type(None), lambda encoder, value, depth: encoder.put(b"N")),
    (bool, lambda encoder, value, depth: encoder.put(b"T" if value else b"F")),
    (str, _Encoder.put_str),  # before NumPy's scalars: np.str_ is a str, np.bytes_ are bytes
    ((bytes, bytearray), _Encoder.put_bytes),
    (np.generic, _Encoder.put_scalar),  # before float: np.float64 is one
    (int, _Encoder.put_int),
    (float, _Encoder.put_float),
    (complex, _Encoder.put_complex),
    (np.ndarray, _Encoder.put_array),
    (list, _Encoder.put_list),
    (tuple, _Encoder.put_tuple),
    (dict, _Encoder.put_dict),
    ((set, frozenset), _Encoder.put_set),
    (Ref, _Encoder.put_ref),
    (Tensor, _Encoder.put_unloaded_tensor),
)
_EXACT = (type(None), bool, str, bytes, int, float, complex, np.ndarray, list, tuple, dict, set, frozenset, Ref, Tensor)
_WRITER_OF: dict[type, Callable[[_Encoder, Any, int], None]] = {  # the same for exact types, which most values have
    plain: next(write for kind, write in _WRITERS if issubclass(plain, kind))
    for plain in (*_EXACT, *(np.dtype(name).type for name in NUMPY_DTYPES))
}


def _order(item: Any) -> str:
    """What elements of sets are sorted by: their repr, but for sets in them, whose own order is any."""
    if isinstance(item, frozenset):
        return f"frozenset({sorted(map(_order, item))})"
    return f"({', '.join(map(_order, item))})" if isinstance(item, tuple) else repr(item)


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.4g}"
