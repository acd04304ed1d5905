"""Say in a student's words what kind of mistake an array is; pure, and never a number of either array.

The most specific true sentence is said: one rule that explains every entry (see `mistakes`), else the region that is
wrong, else how far off the entries are, else how many differ and where the first one is.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import numpy as np

from grader.checking import mistakes
from grader.checking.mistakes import ENOUGH, LARGE, LOOSEST, MAX_AXES, TIGHTEST, Case

SINGLE_PRECISION = 1e-5
FAR = 100.0


def places(mask: np.ndarray) -> str:
    """Phrase how many entries are marked and where the first one is."""
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))
    return f"{int(mask.sum())} of {mask.size} entries, the first at index {index if len(index) > 1 else index[0]}"


# ------------------------------------------------------------------------------------------------------------ shape


def of_shape(answer: np.ndarray, wanted: np.ndarray) -> str:
    """Phrase how the shape of `answer` differs from that of `wanted`; the values may be of any kind."""
    reason = _shape_reason(answer, wanted)
    return f"has shape {answer.shape}, expected {wanted.shape}{': ' if reason else ''}{reason}."


def _shape_reason(answer: np.ndarray, wanted: np.ndarray) -> str:
    got, asked = answer.shape, wanted.shape
    if answer.size == 0 and wanted.size:
        return "it is empty"
    if sorted(got) == sorted(asked):
        return _turned(answer, wanted)
    if lengths := _dropped(asked, got):
        cause = "keepdims" if lengths[0] == 1 else "summed or averaged away"
        return f"an axis of length {lengths[0]} is missing ({cause}?)"
    if lengths := _dropped(got, asked):
        cause = "keepdims" if lengths[0] == 1 else "not summed or averaged"
        return f"an axis of length {lengths[0]} is too many ({cause}?)"
    if _long(got) == _long(asked):
        return f"axes of length 1 are {'too many' if len(got) > len(asked) else 'missing'}"
    if answer.size == wanted.size:
        return "the number of entries is right, a reshape is missing or wrong"
    return _wrong_lengths(got, asked) if len(got) == len(asked) else ""


def _wrong_lengths(got: tuple[int, ...], asked: tuple[int, ...]) -> str:
    off = {axis: n - m for axis, (n, m) in enumerate(zip(got, asked, strict=True)) if n != m}
    if len(set(off.values())) > 1:
        return ""
    difference = next(iter(off.values()))
    axes = f"axis {next(iter(off))} is" if len(off) == 1 else f"axes {' and '.join(map(str, off))} are"
    return f"{axes} too {'long' if difference > 0 else 'short'} by {abs(difference)}"


def _turned(answer: np.ndarray, wanted: np.ndarray) -> str:
    """Phrase shapes that hold the same lengths; the values decide between a transposition and a mere look of one."""
    if wanted.ndim <= MAX_AXES and wanted.size <= LARGE:
        for order in itertools.permutations(range(wanted.ndim)):
            turned = wanted.transpose(order)
            if turned.shape == answer.shape and np.allclose(answer, turned, rtol=LOOSEST, atol=0):
                return f"it is {mistakes.order_words(order)}"
    return "it looks transposed" if wanted.ndim == 2 else "the axes are in another order"


def _long(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def _dropped(long: tuple[int, ...], short: tuple[int, ...]) -> list[int]:
    """Return the lengths of the axes, one of which may be removed from the longer shape to give the shorter one."""
    return [n for i, n in enumerate(long) if long[:i] + long[i + 1 :] == short]


# ----------------------------------------------------------------------------------------------------------- values


def of_values(
    answer: np.ndarray,
    wanted: np.ndarray,
    wrong: np.ndarray,
    rtol: float,
    atol: float,
    rounding: float,
    factors: Mapping[str, float],
) -> str:
    """Phrase how `answer` differs from `wanted`.

    answer, wanted: finite, of one shape; wrong: bool, True where they differ too much
    rtol, atol: the comparison's tolerance; rounding: relative error that the coarser dtype explains
    """
    if answer.dtype.kind == wanted.dtype.kind == "b":
        return _of_bools(answer, wanted, wrong)
    dtype = np.complex128 if "c" in (answer.dtype.kind, wanted.dtype.kind) else np.float64
    a, e = answer.astype(dtype, copy=False), wanted.astype(dtype, copy=False)
    near = max(rounding, TIGHTEST) if a.size < ENOUGH else min(max(rtol, rounding, TIGHTEST), LOOSEST)
    with np.errstate(all="ignore"):
        words = _nothing_done(a, e) or mistakes.name(Case(np.atleast_1d(a), np.atleast_1d(e), near, atol, factors))
        if words is None and a.ndim:
            words = next((found for find in REGIONS if (found := find(a, e, wrong))), None)
        return words or _how_far(a, e, wrong)


def _of_bools(a: np.ndarray, e: np.ndarray, wrong: np.ndarray) -> str:
    """Phrase how truth values differ; the claims about numbers would be none that anybody understands."""
    if not a.ndim:
        return "is the opposite of what is expected."
    if wrong.all() and a.size >= 2 * ENOUGH:
        return "is the opposite of what is expected, in every entry."
    if a.size > 1 and (a == a.flat[0]).all():
        return f"is {bool(a.flat[0])} everywhere."
    if words := mistakes.name(Case(np.atleast_1d(a).astype(float), np.atleast_1d(e).astype(float), TIGHTEST, 0.0)):
        return words
    for answered, says in ((True, "is True in some places where False is expected"),
                           (False, "is False in some places where True is expected")):  # fmt: skip
        if int(wrong.sum()) >= ENOUGH and (a[wrong] == answered).all() and int((~wrong).sum()) >= ENOUGH:
            return f"{says}, and right elsewhere."
    for find in (_one_entry, _one_slice, _border, _triangle, _from_somewhere_on):
        if words := find(a, e, wrong):
            return words
    return f"differs from what is expected in {places(wrong)}."


def _nothing_done(a: np.ndarray, e: np.ndarray) -> str | None:
    if a.size > 1 and not a.any():
        return "is zero everywhere."
    if a.size >= ENOUGH and (a == a.flat[0]).all() and not (e == e.flat[0]).all():
        return "is the same number in every entry."
    return None


def _how_far(a: np.ndarray, e: np.ndarray, wrong: np.ndarray) -> str:
    """Phrase the size of the difference, and how many entries differ."""
    scale = np.sqrt(np.mean(np.abs(e) ** 2))
    error = float((np.abs(a - e) / np.maximum(np.abs(e), LOOSEST * scale)).max())
    size = np.sqrt(np.mean(np.abs(a) ** 2))
    far = ""
    if error <= SINGLE_PRECISION:
        far = ", but only in the last digits, as if calculated in float32 or with an extra epsilon"
    elif error <= 0.01:
        far = ", but by less than 1 %"
    elif size > FAR * scale > 0:
        far = f"; on the whole it is more than {FAR:.0f} times too large"
    elif 0 < size < scale / FAR:
        far = f"; on the whole it is more than {FAR:.0f} times too small"
    return f"differs from {f'what is expected in {places(wrong)}' if a.ndim else 'the expected number'}{far}."


# ---------------------------------------------------------------------------------------------------------- regions


def _one_entry(a: np.ndarray, e: np.ndarray, wrong: np.ndarray) -> str | None:
    if int(wrong.sum()) != 1 or a.size < ENOUGH:
        return None
    flat = int(np.argmax(wrong))
    index = tuple(int(i) for i in np.unravel_index(flat, a.shape))
    which = "the first" if flat == 0 else "the last" if flat == a.size - 1 else "one"
    return f"is wrong in {which} entry only, at index {index if len(index) > 1 else index[0]}."


def _one_slice(a: np.ndarray, e: np.ndarray, wrong: np.ndarray) -> str | None:
    for axis, hit in _by_axis(wrong):
        if len(hit) >= ENOUGH and int(hit.sum()) == 1 and a.ndim > 1:
            return f"is wrong only at index {int(np.argmax(hit))} of axis {axis}, and right elsewhere."
    return None


def _from_somewhere_on(a: np.ndarray, e: np.ndarray, wrong: np.ndarray) -> str | None:
    """Find an axis along which the answer is right up to a place and wrong after it, or the other way round."""
    for axis, hit in _by_axis(wrong):
        along = f" of axis {axis}" if a.ndim > 1 else ""
        switches = int((hit[1:] != hit[:-1]).sum())
        solid = wrong.sum() * 2 > hit.sum() * (wrong.size // len(hit))
        if len(hit) < ENOUGH or switches != 1 or not solid:
            continue
        place = int(np.argmax(hit[1:] != hit[:-1])) + 1
        if hit[-1]:
            return f"is right before index {place}{along} and wrong from there on."
        return f"is wrong before index {place}{along} and right from there on."
    return None


def _border(a: np.ndarray, e: np.ndarray, wrong: np.ndarray) -> str | None:
    if a.ndim < 2 or min(a.shape[-2:]) <= ENOUGH or wrong[..., 1:-1, 1:-1].any():
        return None
    if 2 * int(wrong.sum()) < wrong.size - wrong[..., 1:-1, 1:-1].size:
        return None
    return "is wrong only at the border of the last two axes: look at the padding."


def _triangle(a: np.ndarray, e: np.ndarray, wrong: np.ndarray) -> str | None:
    if a.ndim < 2 or min(a.shape[-2:]) < ENOUGH or int(wrong.sum()) < ENOUGH:
        return None
    rows, columns = np.ogrid[: a.shape[-2], : a.shape[-1]]
    for region, words in (
        (rows == columns, "on the diagonal"),
        (rows < columns, "above the diagonal"),
        (rows > columns, "below the diagonal"),
        (rows <= columns, "on and above the diagonal"),
        (rows >= columns, "on and below the diagonal"),
        (rows != columns, "off the diagonal"),
    ):
        if not (wrong & ~region).any() and 2 * wrong.sum() > np.broadcast_to(region, a.shape).sum():
            return f"is wrong only {words} of the last two axes."
    return None


def _where_zero(a: np.ndarray, e: np.ndarray, wrong: np.ndarray) -> str | None:
    """Find that the wrong entries are those where zero is expected, or answered."""
    if int(wrong.sum()) < ENOUGH:
        return None
    if int((~wrong).sum()) >= ENOUGH and not e[wrong].any():
        return "is not zero in some places where zero is expected, and right elsewhere."
    if int((~wrong).sum()) >= ENOUGH and not a[wrong].any():
        return "is zero in some places where it should not be, and right elsewhere."
    missed, zeros = int((wrong & (e == 0)).sum()), int((e == 0).sum())
    if missed >= ENOUGH and 2 * missed > zeros:
        return f"is not zero in {missed} of the {zeros} places where zero is expected, and wrong elsewhere too."
    return None


def _where_negative(a: np.ndarray, e: np.ndarray, wrong: np.ndarray) -> str | None:
    if np.iscomplexobj(e) or min(int(wrong.sum()), int((~wrong).sum())) < ENOUGH:
        return None
    for region, words in ((e < 0, "negative"), (e > 0, "positive")):
        if (wrong == region).all():
            return f"is wrong exactly where a {words} value is expected."
    return None


def _by_axis(wrong: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Return for each axis which of its slices hold a wrong entry."""
    everything = range(wrong.ndim)
    return [(axis, np.asarray(wrong.any(axis=tuple(i for i in everything if i != axis)))) for axis in everything]


REGIONS: tuple[Callable[[np.ndarray, np.ndarray, np.ndarray], str | None], ...] = (
    _one_entry,
    _one_slice,
    _border,
    _where_zero,
    _where_negative,
    _triangle,
    _from_somewhere_on,
)
