"""What could stand in place of an answer: the same with one thing changed, as no reference would say it. Pure.

For every part of an answer there are values of other kinds, and what is near it: empty, zero, NaN, infinite, huge,
negative, of another dtype, rank or size, one entry more or less.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from grader import wire

OF_OTHER_KINDS: tuple[tuple[str, Any], ...] = (
    ("None", None),
    ("True", True),
    ("a word", "word"),
    ("bytes", b"\0\xff"),
    ("an empty list", []),
    ("an empty tuple", ()),
    ("an empty dict", {}),
    ("a set", {1}),
    ("a list of None", [None, None, None]),
    ("a tuple of words", ("a", "b")),
    ("a ragged list", [[1.0], [1.0, 2.0]]),
    ("a dict of lists", {"a": [1, 2], 3: None}),
    ("a complex number", 1j),
    ("a huge integer", 10**400),
    ("a negative integer", -(2**40)),
    ("zero", 0),
    ("a small integer", 3),
    ("a float", 0.5),
    ("NaN", float("nan")),
    ("infinity", float("inf")),
    ("an array without axes", np.array(1.0)),
    ("an empty array", np.zeros(0)),
    ("an array of no rows", np.zeros((0, 3))),
    ("a vast array of nothing", np.zeros((0, 1 << 28))),
    ("an array of many axes", np.zeros((1,) * wire.MAX_DIMENSIONS)),
    ("an array of bools", np.array([True, False])),
    ("an array of complex numbers", np.array([1j, 2.0])),
    ("a NumPy number", np.float32(2.5)),
    ("a function", wire.Ref(1_000_001, "function", "function")),
    ("an object", wire.Ref(1_000_002, "object", "Thing")),
    ("a module", wire.Ref(1_000_003, "module", "module")),
)
LONG = 100_000  # entries of a list that is much longer than any answer
WIDE = 60_000  # length of an axis that is much longer than any, in the smallest of dtypes


def odd(answer: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """(in words, the odd answer) for everything that could stand in place of `answer` or of a part of it."""
    yield from OF_OTHER_KINDS if depth < 2 else OF_OTHER_KINDS[::3]
    yield from _near(answer)
    if depth < 3:
        yield from _with_a_part_changed(answer, depth)


def _near(answer: Any) -> Iterator[tuple[str, Any]]:
    """Odd answers of about the same kind."""
    if type(answer) in (int, float) or isinstance(answer, np.generic):
        yield from _near_number(float(answer.real) if not isinstance(answer, np.bool_) else 1.0)
    elif type(answer) is np.ndarray:
        yield from _near_array(answer)
        yield "a list in place of an array", answer.tolist() if answer.size < LONG else []
    elif type(answer) in (list, tuple):
        yield from _near_sequence(answer)
    elif type(answer) is dict:
        yield from _near_dict(answer)
    elif type(answer) is str:
        yield from (("an empty text", ""), ("a long text", "x" * LONG), ("half a character", "\ud800"))
    elif _is_tensor(answer):
        yield from _near_tensor(answer)


def _near_number(number: float) -> Iterator[tuple[str, Any]]:
    yield "the number negated", -number - 1.0
    yield "a huge number", 1e308
    yield "a tiny number", 5e-324
    yield "minus infinity", float("-inf")
    yield "the number in an array", np.array([number])
    yield "the number in a tuple", (number,)


def _near_array(array: np.ndarray) -> Iterator[tuple[str, Any]]:
    """Values first, then dtypes, then shapes."""
    with np.errstate(all="ignore"):
        for words, value in (("zeros", 0), ("ones", 1), ("minus ones", -1)):
            yield words, np.full_like(array, value)
        if array.dtype.kind in "fc":
            for words, number in (("NaN", np.nan), ("infinities", np.inf), ("huge numbers", 1e300)):
                yield words, np.full(array.shape, number).astype(array.dtype)
            if array.size:
                spoilt = array.copy()
                spoilt.flat[-1] = np.nan
                yield "one NaN", spoilt
        if array.dtype.kind in "iu":
            yield "the largest integers", np.full_like(array, np.iinfo(array.dtype).max)
            yield "the smallest integers", np.full_like(array, np.iinfo(array.dtype).min)
        if array.dtype.kind in "fiu":
            yield "the array negated", -array
        for dtype in ("bool", "int8", "uint64", "float16", "complex64"):
            yield f"the array as {dtype}", array.astype(dtype)
    yield from _of_other_shapes(array)


def _of_other_shapes(array: np.ndarray) -> Iterator[tuple[str, Any]]:
    yield "the array flat", array.reshape(-1)
    yield "one axis more", array[None]
    yield "one axis more at the end", array[..., None]
    yield "an array of the same dtype without axes", array.dtype.type(0) * np.ones((), array.dtype)
    if array.ndim:
        yield "no rows", array[:0]
        yield "the first row alone", array[0] if len(array) else np.ones(array.shape[1:], array.dtype)
        yield "one row", array[:1]
        yield "a row too few", array[:-1]
        yield "a row too many", np.concatenate([array, array[-1:]])
        yield "the last axis empty", array[..., :0]
        yield "the last axis one shorter", array[..., :-1]
        yield "the axes in reverse", np.ascontiguousarray(array.T)
    if array.ndim == 2 and 0 < len(array) < 2000:
        yield "very many columns", np.zeros((len(array), WIDE // max(1, len(array) // 20)), np.float16)
        yield "very many rows", np.zeros((WIDE, array.shape[1]), np.float16) if array.shape[1] < 50 else array[:2]


def _near_sequence(answer: Any) -> Iterator[tuple[str, Any]]:
    kind = type(answer)
    yield "the entries in the other kind of sequence", list(answer) if kind is tuple else tuple(answer)
    yield "one entry too few", answer[:-1]
    yield "the first entry alone", answer[:1]
    yield "one entry too many", kind([*answer, *(answer[-1:] or (None,))])
    yield "the entries in reverse", answer[::-1]
    yield "the answer in a list", [answer]
    yield "a very long list of zeros", [0] * LONG
    yield "the entries in a dict", dict(enumerate(answer[:1000]))
    if answer and all(type(entry) in (int, float) for entry in answer):
        yield "the entries in an array", np.array(answer, dtype=float)


def _near_dict(answer: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key in list(answer)[:2]:
        yield "an entry too few", {other: entry for other, entry in answer.items() if other != key}
    yield "an entry too many", {**answer, "odd": 1.0}
    yield "the entries in a list", list(answer.values())
    yield "other keys", {f"{key}_": entry for key, entry in answer.items()}


def _near_tensor(answer: Any) -> Iterator[tuple[str, Any]]:
    import torch

    if answer.dtype is torch.bfloat16:
        return
    plain = answer.detach().cpu().numpy()
    yield "an array in place of a tensor", plain
    for words, array in _near_array(plain):
        if array.dtype.name in wire.TORCH_DTYPES:
            yield words, torch.tensor(array)


def _with_a_part_changed(answer: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The first entry, the last one, and the first of every other kind: odd, one at a time."""
    if type(answer) in (list, tuple) and answer:
        kinds = {type(entry): place for place, entry in reversed(list(enumerate(answer[:100])))}
        for place in sorted({0, len(answer) - 1, *kinds.values()}):
            for words, entry in odd(answer[place], depth + 1):
                changed = [*answer[:place], entry, *answer[place + 1 :]]
                yield f"entry {place}: {words}", type(answer)(changed)
    elif type(answer) is dict and answer:
        keys = list(answer)
        kinds = {type(answer[key]): key for key in reversed(keys[:100])}
        for key in dict.fromkeys((keys[0], keys[-1], *kinds.values())):
            for words, entry in odd(answer[key], depth + 1):
                yield f"entry {key!r}: {words}", {**answer, key: entry}


def _is_tensor(answer: Any) -> bool:
    return f"{type(answer).__module__}.{type(answer).__name__}" == "torch.Tensor"
