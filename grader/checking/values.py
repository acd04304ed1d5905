"""Read an answer by its exact type: numbers, arrays and tensors as values, everything else as words.

No method, attribute or operator of an unknown object is used here, so that an object with a forged `__eq__` or
`__array__` is just "an object of type X". torch is used only where somebody has imported it already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.errors import AuthoringError

FAMILY = {"b": "bool", "i": "int", "f": "float", "c": "complex", "u": "int"}
NUMPY_SCALARS = frozenset(
    kind for kind in np.sctypeDict.values() if issubclass(kind, (np.number, np.bool_)) and kind is not np.timedelta64
)
PYTHON_SCALARS = frozenset({bool, int, float, complex})
NOUNS: dict[type, str] = {
    type(None): "None",
    bool: "a bool",
    int: "an int",
    float: "a float",
    complex: "a complex number",
    str: "a string",
    bytes: "bytes",
    list: "a list",
    tuple: "a tuple",
    set: "a set",
    frozenset: "a frozenset",
    dict: "a dict",
    np.ndarray: "a NumPy array",
}
TENSOR_DTYPES = frozenset(
    (
        "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 bfloat16 float16 float32 float64 complex64 complex128"
    ).split()
)
INT64 = np.iinfo(np.int64)
UINT64_MAX = np.iinfo(np.uint64).max
LONGEST_WORDS = 80


@dataclass(frozen=True, slots=True)
class Numeric:
    """A number, array or tensor: its values as an ndarray (no axes for a number), and where they came from.

    family: "float", "int", "bool", "complex"; "other" for an array of anything else
    """

    values: np.ndarray
    tensor: bool = False
    named: str = ""  # the dtype's name where NumPy has no such dtype (bfloat16)

    @property
    def scalar(self) -> bool:
        return self.values.ndim == 0

    @property
    def dtype(self) -> str:
        return self.named or self.values.dtype.name

    @property
    def family(self) -> str:
        return FAMILY.get(self.values.dtype.kind, "other")


def numeric(x: object) -> Numeric | None:
    """Read a number, array or tensor; None for everything else, and for a tensor that holds no plain dense numbers."""
    kind = type(x)
    if kind is np.ndarray:
        return Numeric(x)  # type: ignore[arg-type]
    if kind is int:
        return Numeric(_from_int(x))  # type: ignore[arg-type]
    if kind in PYTHON_SCALARS or kind in NUMPY_SCALARS:
        return Numeric(np.asarray(x))
    torch = sys.modules.get("torch")  # nothing can be a tensor before torch is imported
    if torch is not None and _is_tensor(kind, torch):
        return _from_tensor(x, torch)
    return None


def describe(x: object) -> str:
    """Name what x is, by its type alone; a class may say more with `__describe__`."""
    kind = type(x)
    if kind in NOUNS:
        return NOUNS[kind]
    if kind in NUMPY_SCALARS:
        return f"a NumPy {kind.__name__}"
    torch = sys.modules.get("torch")
    if torch is not None and _is_tensor(kind, torch):
        return "a torch tensor"
    say: Callable[[object], object] | None = getattr(kind, "__describe__", None)
    words = say(x) if say is not None else None
    return _printable(words if type(words) is str else f"an object of type {kind.__name__}")


def require_answer(x: object, what: str) -> None:
    """Raise AuthoringError for what a test cannot have meant to judge; its class says so with `__no_answer__`."""
    say: Callable[[object], str] | None = getattr(type(x), "__no_answer__", None)
    if say is not None and (why := say(x)):
        raise AuthoringError(f"{what}: {why}")


def is_plain(x: object) -> bool:
    """Say whether hashing and comparing x (a key of a dict, an element of a set) runs no foreign code."""
    if type(x) in (tuple, frozenset):
        return all(map(is_plain, x))  # type: ignore[call-overload]
    return type(x) in PYTHON_SCALARS or type(x) in (str, bytes, type(None))


def dtype_name(dtype: object) -> str:
    """Name a dtype however it is written: np.float32, torch.float32, "float32", float; a family stays as it is."""
    if isinstance(dtype, str) and dtype in FAMILY.values():
        return dtype
    words = str(dtype)
    if words.startswith("torch."):
        return words.removeprefix("torch.")
    try:
        return np.dtype(dtype).name  # type: ignore[call-overload,no-any-return]
    except TypeError:
        raise AuthoringError(f"no dtype {dtype!r}; a family is one of {', '.join(FAMILY.values())}") from None


def _is_tensor(kind: type, torch: Any) -> bool:
    return kind is torch.Tensor or kind is torch.nn.Parameter


def _from_int(x: int) -> np.ndarray:
    if INT64.min <= x <= INT64.max:
        return np.asarray(x, dtype=np.int64)
    if 0 <= x <= UINT64_MAX:
        return np.asarray(x, dtype=np.uint64)
    try:
        return np.asarray(float(x))
    except OverflowError:
        return np.asarray(np.inf if x > 0 else -np.inf)


def _from_tensor(x: Any, torch: Any) -> Numeric | None:
    name = str(x.dtype).removeprefix("torch.")
    if x.layout is not torch.strided or x.is_meta or name not in TENSOR_DTYPES:
        return None
    plain = x.detach().cpu().resolve_conj().resolve_neg()
    if name == "bfloat16":
        return Numeric(plain.float().numpy(), True, name)
    return Numeric(plain.numpy(), True)


def _printable(words: str) -> str:
    shown = "".join(letter if letter.isprintable() else "?" for letter in words)
    return shown if len(shown) <= LONGEST_WORDS else shown[: LONGEST_WORDS - 3] + "..."
