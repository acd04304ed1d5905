"""Whether two candidates said the same: replies compared as numbers, whatever was printed beside."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from grader import wire
from grader.checking.values import numeric

RELATIVE = {"float16": 1e-2, "bfloat16": 1e-2, "float32": 1e-4, "complex64": 1e-4}  # all others: 1e-6
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|(?<![\w.])[-+]?\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?(?!\w)")
NEAR_ZERO = 1e-3  # of the relative tolerance, as a part of the largest entry


def same_answer(one: bytes, other: bytes) -> bool:
    """Whether two replies have the same value or the same fault, and the same effects."""
    try:
        first, second = (wire.decode(reply, lambda ref: ref) for reply in (one, other))
    except wire.WireError:
        return False
    if type(first) is not dict or type(second) is not dict or first.get("effects") != second.get("effects"):
        return False
    if "fault" in first or "fault" in second:
        return _same_fault(first.get("fault"), second.get("fault"))
    kind = "asked" if "asked" in first else "value"  # a call of a function that was handed over
    return kind in first and kind in second and _same(first[kind], second[kind])


def _same_fault(one: Any, other: Any) -> bool:
    """Whether two exceptions are of one type and say the same, whatever the numbers in it; silent ones say nothing."""
    if type(one) is not dict or type(other) is not dict or one.get("type") != other.get("type"):
        return False
    texts = [_NUMBER.sub("#", text) for text in (one.get("message"), other.get("message")) if type(text) is str]
    return len(texts) == 2 and bool(texts[0].strip()) and texts[0] == texts[1]


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, wire.Ref):
        return a.kind == b.kind
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    first, second = numeric(a), numeric(b)
    if first is not None and second is not None:
        same_kind = first.dtype == second.dtype and first.values.shape == second.values.shape
        return same_kind and _near(first.values, second.values, first.dtype)
    return bool(a == b)


def _near(a: np.ndarray, b: np.ndarray, dtype: str) -> bool:
    if a.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    rtol = RELATIVE.get(dtype, 1e-6)
    finite = b[np.isfinite(b)]
    scale = float(np.abs(finite).max()) if finite.size else 0.0
    with np.errstate(all="ignore"):
        return bool(np.allclose(a, b, rtol=rtol, atol=rtol * NEAR_ZERO * scale, equal_nan=True))
