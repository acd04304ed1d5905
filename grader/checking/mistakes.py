"""Recognise a whole answer as the expected one with one known mistake: sign, factor, transposition, another function.

A claim is made only when it is verified on every entry and not by luck: plain equality must fail clearly in three
entries or more, and the expected values must be irregular enough that no other rule fits by accident. For one or two
entries only claims that hold to nearly all digits are made. Pure; a claim never holds a number of either array.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

SAMPLE = 2048  # entries looked at before all of them are
LARGE = 1_000_000  # entries above which only claims that need no copy are tried
LOOSEST = 1e-3  # relative error up to which two arrays are the same array for a claim
TIGHTEST = 1e-9
FACTOR_PRECISION = 1e-5
LARGEST_PLAIN = 1000  # factor that is called a whole number although no length is it
VANISHING = 1e-6  # next to entries of size 1
ENOUGH = 3  # entries
CLEARLY = 10.0  # times what rounding explains
ENOUGH_BITS = 24.0  # of information in integers or bools
MAX_AXES = 4  # for which all orders of the axes are tried
GOLDEN = (math.sqrt(5) - 1) / 2

CONSTANTS = {
    math.sqrt(2): "sqrt(2)",
    math.pi: "pi",
    2 * math.pi: "2 pi",
    math.sqrt(2 * math.pi): "sqrt(2 pi)",
    1 / math.log(2): "1/ln 2, as between logarithms to base 2 and e",
    math.log(10): "ln 10, as between logarithms to base e and 10",
}
CHANGES: tuple[tuple[Callable[[np.ndarray], np.ndarray], str], ...] = (
    (np.abs, "has lost its signs: it is |x| where x is expected."),
    (lambda x: np.maximum(x, 0), "is zero wherever a negative value is expected, and right elsewhere."),
    (lambda x: 1 - x, "is the complement: 1 - x where x is expected."),
    (lambda x: 1 / x, "is the reciprocal: 1 / x where x is expected."),
    (np.square, "is squared: x**2 where x is expected."),
    (np.sqrt, "is the square root of what is expected."),
    (np.log, "is the logarithm of what is expected."),
    (lambda x: -np.log(x), "is the negative logarithm of what is expected."),
    (np.exp, "is the exponential of what is expected."),
    (lambda x: 1 / (1 + np.exp(-x)), "is the sigmoid of what is expected."),
    (lambda x: np.log(x / (1 - x)), "is what is expected before the sigmoid."),
    (np.tanh, "is the tanh of what is expected."),
    (np.arctanh, "is what is expected before the tanh."),
)
STATISTICS: tuple[tuple[Callable[[np.ndarray, int], np.ndarray], str, str], ...] = (
    (lambda x, axis: x.sum(axis) - 1, "sums to 1", "sum to 1"),
    (lambda x, axis: x.mean(axis) / (x.std() or 1), "has mean 0", "have mean 0"),
)


@dataclass(frozen=True)
class Case:
    """Two finite arrays of one shape that differ.

    answer, wanted: float64 or complex128
    near, atol: how near is equal for a claim
    factors: names of factors the author expects to be forgotten
    """

    answer: np.ndarray
    wanted: np.ndarray
    near: float
    atol: float
    factors: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def at(self) -> tuple[np.ndarray, ...]:
        """Up to SAMPLE places, spread evenly and without a period."""
        size = self.answer.size
        flat = np.arange(size) if size <= SAMPLE else (np.arange(1, SAMPLE + 1) * GOLDEN % 1 * size).astype(np.intp)
        return np.unravel_index(flat, self.answer.shape)

    @cached_property
    def sampled(self) -> tuple[np.ndarray, np.ndarray]:
        return self.answer[self.at], self.wanted[self.at]

    @property
    def complex(self) -> bool:
        return self.answer.dtype.kind == "c"

    @cached_property
    def few(self) -> bool:
        return self.answer.size < ENOUGH

    @cached_property
    def discrete(self) -> bool:
        """Say whether the expected values are so round that they may agree by luck."""
        grid = 1000 if self.few else 8
        e = np.concatenate([self.sampled[1].real, self.sampled[1].imag]) * grid
        return bool((np.abs(e - np.round(e)) <= 1e-9 * np.maximum(1, np.abs(e))).all())

    @cached_property
    def telling(self) -> bool:
        """Say whether a claim about every entry would be no accident."""
        a, e = self.sampled
        clear = int((np.abs(a - e) > CLEARLY * (self.near * np.abs(e) + self.floor(e))).sum())
        if self.few:
            return clear == self.answer.size and self.near <= FACTOR_PRECISION and not self.discrete
        if clear < ENOUGH:
            return False
        return information(e) >= ENOUGH_BITS if self.discrete else len(np.unique(e[e != 0])) >= ENOUGH

    def floor(self, h: np.ndarray) -> float:
        """Return the absolute error that is nothing next to values like h."""
        scale = self.near * float(np.sqrt(np.mean(np.abs(h) ** 2))) if h.size else 0.0
        return max(min(self.atol, scale), 1e-3 * scale)

    def equals(self, a: np.ndarray, h: np.ndarray) -> bool:
        """Say whether a is h up to rounding; a and h have one shape."""
        floor = self.floor(h)
        return math.isfinite(floor) and bool((np.abs(a - h) <= floor + self.near * np.abs(h)).all())

    def is_like(self, view: np.ndarray) -> bool:
        """Say whether the answer is the given array, looking at a sample first."""
        return self.fits_sample(view[self.at]) and self.equals(self.answer, view)

    def is_made_by(self, change: Callable[[np.ndarray], np.ndarray]) -> bool:
        """Say whether the answer is change(expected), entry by entry."""
        return self.fits_sample(change(self.sampled[1])) and self.equals(self.answer, change(self.wanted))

    def fits_sample(self, h: np.ndarray) -> bool:
        """Say whether the sampled answer is h; zeros alone are no evidence."""
        return bool(np.count_nonzero(h) >= min(ENOUGH, self.answer.size)) and self.equals(self.sampled[0], h)


def information(x: np.ndarray) -> float:
    """Return the bits that it takes to tell which value stands where."""
    _, counts = np.unique(x, return_counts=True)
    return float(-(counts * np.log2(counts / x.size)).sum())


def name(case: Case) -> str | None:
    """Phrase the one mistake that explains every entry, or return None."""
    with np.errstate(all="ignore"):  # 1 / x and log(x) are tried on whatever is there
        if not case.telling:
            return None
        return next((words for find in FINDERS if (words := find(case)) is not None), None)


# ------------------------------------------------------------------------------------------- every entry by itself


LEAST_FACTOR = 1e-15


def constant_factor(case: Case) -> str | None:
    """Find answer = k * expected, and what k may be."""
    a, e = case.sampled
    k = complex(np.vdot(e, a)) / float(np.vdot(e, e).real)
    if k.imag or not k.real or not case.is_made_by(lambda x: k.real * x):
        return None
    size, sign = abs(k.real), "has the wrong sign" if k.real < 0 else ""
    if not LEAST_FACTOR <= size <= 1 / LEAST_FACTOR:
        return None  # nobody forgot a factor like that
    if abs(size - 1) <= FACTOR_PRECISION:
        return f"{sign}." if sign else None
    wrong = f"{sign} and is" if sign else "is"
    names = factor_names(case, max(size, 1 / size))
    if names:
        return f"{wrong} too {'large' if size > 1 else 'small'} by the factor {names}."
    return None if case.few else f"{wrong} too {'large' if size > 1 else 'small'} by one constant factor."


def factor_names(case: Case, k: float) -> str:
    """Name a factor above 1: as the author does, else by a whole number, a length of the array or a known constant."""
    precision = min(max(case.near, TIGHTEST), FACTOR_PRECISION)

    def fits(value: float) -> bool:
        return abs(k - value) <= precision * k

    given = [label for label, value in case.factors.items() if fits(abs(value))]
    given += [f"1/({label})" for label, value in case.factors.items() if fits(1 / abs(value)) and not fits(abs(value))]
    if given:
        return " or ".join(given)
    lengths = list(axis_products(case.answer.shape))
    if fits(round(k)):
        reasons = [reason for n, reason in lengths if n == round(k)]
        reasons += [f"{reason} minus 1" for n, reason in lengths if n - 1 == round(k)]
        if reasons or k < LARGEST_PLAIN:
            return f"{round(k)}, which is also {' or '.join(reasons)}" if reasons else str(round(k))
    for form, text in (
        (lambda n: math.sqrt(n), "sqrt(n)"),
        (lambda n: n / (n - 1), "n/(n - 1)"),
        (lambda n: math.sqrt(n / (n - 1)), "sqrt(n/(n - 1))"),
    ):
        reasons = [f"n = {n}, {reason}" for n, reason in lengths if fits(form(n))]
        if reasons:
            return f"{text} with {' or '.join(reasons)}"
    return next((label for value, label in CONSTANTS.items() if fits(value)), "")


def axis_products(shape: tuple[int, ...]) -> Iterator[tuple[int, str]]:
    """Yield the lengths of the axes and their products, each with what it is."""
    long = [axis for axis, n in enumerate(shape) if n > 1]
    yield from ((shape[axis], f"the length of axis {axis}") for axis in long)
    for r in range(2, len(long) + 1):
        for axes in itertools.combinations(long, r) if r < len(long) <= MAX_AXES or r == len(long) else ():
            words = f"the lengths of axes {', '.join(map(str, axes[:-1]))} and {axes[-1]} multiplied"
            yield math.prod(shape[axis] for axis in axes), "the number of entries" if r == len(long) else words


def constant_offset(case: Case) -> str | None:
    """Find answer = expected + c."""
    a, e = case.sampled
    c = np.mean(a - e)
    if case.few or case.complex or not case.is_made_by(lambda x: x + c):
        return None
    much = "too large" if c > 0 else "too small"
    return f"is {much} by {'1' if abs(abs(c) - 1) <= case.near else 'the same constant'} in every entry."


def another_function(case: Case) -> str | None:
    if case.complex:
        return "is the complex conjugate of what is expected." if case.is_made_by(np.conj) else None
    return next((words for change, words in CHANGES if case.is_made_by(change)), None)


# --------------------------------------------------------------------------------------- right entries, wrong places


def swapped_axes(case: Case) -> str | None:
    """Find the expected values with axes in another order, by a transposition or by a reshape in place of one."""
    shape, ndim = case.wanted.shape, case.wanted.ndim
    if not 2 <= ndim <= MAX_AXES:
        return None
    orders = sorted(itertools.permutations(range(ndim)), key=lambda p: sum(i != axis for i, axis in enumerate(p)))[1:]
    for order in orders:
        turned = case.wanted.transpose(order)
        if turned.shape == shape:
            if case.is_like(turned):
                return f"is {order_words(order)}."
        elif case.answer.size <= LARGE and (
            case.is_like(turned.reshape(shape))
            or case.is_like(case.wanted.reshape(turned.shape).transpose(np.argsort(order)))
        ):
            return "holds the right numbers in the wrong places: a reshape does not swap axes, a transpose does."
    return None


def order_words(order: tuple[int, ...]) -> str:
    moved = [axis for i, axis in enumerate(order) if i != axis]
    if len(order) == 2:
        return "the transpose of what is expected"
    swap = f"axes {min(moved)} and {max(moved)} swapped" if len(moved) == 2 else f"its axes in the order {order}"
    return f"what is expected with {swap}"


def reversed_axes(case: Case) -> str | None:
    ndim = case.wanted.ndim
    several = [(ndim - 2, ndim - 1), tuple(range(ndim))][: max(0, ndim - 1)]
    for axes in [*((axis,) for axis in range(ndim)), *several]:
        if case.is_like(np.flip(case.wanted, axes)):
            along = "" if ndim == 1 else f" along ax{'i' if len(axes) == 1 else 'e'}s {' and '.join(map(str, axes))}"
            return f"is what is expected, reversed{along}."
    return None


def shifted(case: Case) -> str | None:
    """Find the expected values one place too late or too early along an axis."""
    for axis, n in enumerate(case.wanted.shape):
        along = f" along axis {axis}" if case.wanted.ndim > 1 else ""
        lead = (slice(None),) * axis
        tail, head = (*lead, slice(1, None)), (*lead, slice(None, -1))
        for to, of, step, when in ((tail, head, 1, "late"), (head, tail, -1, "early")) if n >= ENOUGH else ():
            if case.answer.size <= LARGE and case.is_like(np.roll(case.wanted, step, axis)):
                return f"is what is expected, rolled by {step}{along}."
            still = Case(case.answer[to], case.wanted[to], case.near, case.atol)
            if not still.few and still.telling and still.is_like(case.wanted[of]):
                return f"is what is expected, one step too {when}{along}."
    return None


def reordered(case: Case) -> str | None:
    """Find the right slices, or the right entries, in another order; the same count of ones is no evidence."""
    if case.answer.size > LARGE or case.complex:
        return None
    for axis, n in enumerate(case.wanted.shape):
        chance = ENOUGH_BITS + math.lgamma(n + 1) / math.log(2)
        if n > 1 and case.wanted.ndim > 1 and (not case.discrete or information(case.wanted) >= chance):
            a, e = (np.moveaxis(x, axis, 0).reshape(n, -1) for x in (case.answer, case.wanted))
            weights = np.cos(np.arange(e.shape[1]) + 0.5)  # any fixed irregular numbers
            if case.equals(a[np.argsort(a @ weights)], e[np.argsort(e @ weights)]):
                return f"holds the right slices along axis {axis}, in another order."
    if not case.discrete and case.equals(np.sort(case.answer, axis=None), np.sort(case.wanted, axis=None)):
        return "holds the right entries in another order."
    return None


def summed_up(case: Case) -> str | None:
    for axis, n in enumerate(case.wanted.shape):
        if case.answer.size > LARGE or n < ENOUGH or case.complex:
            continue
        along = f" along axis {axis}" if case.wanted.ndim > 1 else ""
        if case.is_like(np.cumsum(case.wanted, axis)):
            return f"is the running sum{along} of what is expected."
        if case.is_like(np.diff(case.wanted, axis=axis, prepend=0)):
            return f"is the step from entry to entry{along} of what is expected."
    return None


# ---------------------------------------------------------------------------------------------- one rule per slice


def factor_or_offset_by_slice(case: Case) -> str | None:
    """Find a factor or an offset that changes along one axis only (a bias, a per-channel scale, a row's normaliser)."""
    a, e = case.answer, case.wanted
    if a.size > LARGE or case.complex or case.discrete:
        return None
    for axes, words in slicings(e.shape):
        scale = (a * e).sum(axes, keepdims=True) / (e * e).sum(axes, keepdims=True)
        both = (a != 0) & (e != 0)
        if both.sum() - both.any(axes).sum() >= ENOUGH and case.equals(a, scale * e) and _varies(scale, case.near):
            return f"is off by a factor that {words}."
        offset = (a - e).mean(axes, keepdims=True)
        if case.equals(a - offset, e) and np.ptp(offset) > CLEARLY * case.floor(e):
            return f"is off by an added constant that {words}."
    return None


def _varies(scale: np.ndarray, near: float) -> bool:
    """Say whether the factors of the slices differ by more than rounding explains."""
    return bool(np.ptp(scale) > CLEARLY * max(near, FACTOR_PRECISION) * np.abs(scale).max())


def slicings(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield axes to pool over, enough entries in each pool, and how to say it."""
    everything = range(len(shape))
    for axis in everything:
        others = tuple(i for i in everything if i != axis)
        if shape[axis] > 1 and math.prod(shape[i] for i in others) >= ENOUGH:
            yield others, f"changes along axis {axis} only"
    for axis in everything:
        if len(shape) > 2 and shape[axis] >= ENOUGH:
            yield (axis,), f"does not change along axis {axis}"


def normalised_elsewhere(case: Case) -> str | None:
    """Find that the expected sums to 1 (has mean 0) along one axis, and the answer along another or none."""
    if case.answer.size > LARGE or case.complex or case.discrete or case.answer.ndim < 2:
        return None
    axes = [axis for axis, n in enumerate(case.wanted.shape) if n > 1]
    for statistic, does, should in STATISTICS:
        asked, given = (
            [axis for axis in axes if (np.abs(statistic(x, axis)) <= VANISHING).all()]
            for x in (case.wanted, case.answer)
        )
        if len(asked) == 1 and asked[0] not in given:
            if given:
                return f"{does} along axis {given[0]}, but should along axis {asked[0]}."
            return f"does not {should} along axis {asked[0]}, as it should."
    return None


FINDERS: tuple[Callable[[Case], str | None], ...] = (
    constant_factor,
    constant_offset,
    another_function,
    swapped_axes,
    reversed_axes,
    shifted,
    reordered,
    summed_up,
    factor_or_offset_by_slice,
    normalised_elsewhere,
)
