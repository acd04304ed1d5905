"""What a frame may hold: types, limits, and the error of everything else."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np

MAX_DEPTH = 64  # containers within containers
MAX_ITEMS = 1_000_000  # elements of all containers of a frame together
MAX_INT_BYTES = 1024
MAX_DIMENSIONS = 32
MAX_ELEMENTS = 1 << 40  # of an array: what an empty one may claim besides its 0
MAX_COMPARED_BYTES = 1 << 30  # by all keys of a frame, if the hashes of those that are no text all collide
DEFAULT_LIMIT_BYTES = 64 << 20

NUMPY_DTYPES = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
).split()
TORCH_DTYPES = ("bool int8 int16 int32 int64 uint8 float16 bfloat16 float32 float64 complex64 complex128").split()

NAME_OF = {np.dtype(name): name for name in NUMPY_DTYPES}  # dtype.name takes longer than all the rest of an array
ITEM_BYTES = {name: dtype.itemsize for dtype, name in NAME_OF.items()} | {"bfloat16": 2}
SHORT_NAME = {name: bytes([len(name)]) + name.encode() for name in ITEM_BYTES}  # as it stands in a frame

DTYPE_OF = {name: dtype for dtype, name in NAME_OF.items()}
SHAPES = [struct.Struct(f"<B{dimensions}q") for dimensions in range(MAX_DIMENSIONS + 1)]  # how many, and each

MANY = 16  # numbers in a row that are worth a detour through NumPy
ROW_OF_FLOATS = np.dtype([("tag", "u1"), ("number", "<f8")])
ROW_OF_INTS = np.dtype([("tag", "u1"), ("number", "<i8")])

LENGTH = struct.Struct("<I")
INT64 = struct.Struct("<q")
FLOAT = struct.Struct("<d")
COMPLEX = struct.Struct("<dd")


class WireError(Exception):
    """A value cannot be sent, or bytes are not a frame of ours."""


@dataclass(frozen=True)
class Ref:
    """An object that stays in the sandbox. `kind` is "function", "class", "module" or "object"."""

    id: int
    kind: str
    type_name: str


@dataclass(frozen=True)
class Tensor:
    """A torch tensor where torch is not loaded: importing it takes seconds, and a tag is no reason to."""

    dtype: str
    shape: tuple[int, ...]
    raw: bytes

    @staticmethod
    def __describe__(self: Tensor) -> str:
        return "a torch tensor"


def check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) > MAX_DIMENSIONS:
        raise WireError(f"an array of {len(shape)} dimensions; at most {MAX_DIMENSIONS} can be sent")
    if shape and (min(shape) < 0 or math.prod(filter(None, shape)) > MAX_ELEMENTS):
        raise WireError(f"an array of shape {shape}")


def compared_with(others: int, key_bytes: int, is_set: bool, before: int) -> int:
    """Count what a key may cost: numbers can be chosen so that all hashes collide, and sets of them twice over."""
    compared = before + others * (key_bytes**2 if is_set else key_bytes)
    if compared > MAX_COMPARED_BYTES:
        raise WireError("too many keys, or elements of sets, that are no strings")
    return compared
