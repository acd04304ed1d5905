"""The one comparison: kind, dtype family, shape, finite, then tolerance; nothing broadcasts and NaN equals nothing.

The answer may be anything that leaves a sandbox, so it is looked at by its exact type alone (see `values`). The
expected value is trusted. A failure raises `Mismatch`, whose text is for the student: it names the kind of mistake (see
`diagnosis`) and never holds an expected number, an answered number or an input.

Policy
- A number is a Python int or float, a NumPy scalar, or an array or tensor without axes. A bool is not a number.
- An array is asked for as the library of the expected value: NumPy for NumPy, torch for torch.
- dtype "family": arrays must both hold floats, ints, bools or complex numbers (a number may be int for float and float
  for int); "exact": the very dtype; "any": whatever holds numbers.
- |answer - expected| <= atol + rtol * |expected|, in float64. Unless the author says otherwise the tolerance follows
  the dtype of the *expected* value: rtol 1e-9 and atol 1e-12 for float64, 1e-4 and 1e-6 for float32. The answer's own
  dtype never loosens it.
- Expected NaN is the author's mistake; so is expected infinity unless `finite=False`, and then it equals itself alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import numpy as np

from grader.checking import diagnosis, margins, shapes
from grader.checking.values import FAMILY, NOUNS, Numeric, describe, dtype_name, is_plain, numeric, require_answer
from grader.errors import AuthoringError

Dtype = Literal["family", "exact", "any"]

DEFAULT_TOLERANCE = (1e-9, 1e-12)
TOLERANCE = {  # by dtype of the expected value: rtol, atol for inputs of scale 1
    "float32": (1e-4, 1e-6),
    "complex64": (1e-4, 1e-6),
    "float16": (1e-2, 1e-3),
    "bfloat16": (3e-2, 1e-2),
}
FAMILY_NOUN = {"bool": "bools", "int": "integers", "float": "floats", "complex": "complex numbers"}
SERIES = frozenset({int, float, np.float64, np.int64})  # a list of these is judged as one array
EXACT_IN_FLOAT = 2**53
ORDER = "the answer comes first, then what is expected"


class Mismatch(AssertionError):
    """The answer is not what was expected; the text is what the student reads."""


class NoAnswer(Exception):
    """What the student's code did in place of an answer; what judges answers lets it through."""


@dataclass(frozen=True, slots=True)
class _Policy:
    rtol: float | None = 0.0
    atol: float | None = 0.0
    dtype: Dtype = "family"
    finite: bool = True
    strict: bool = False
    exact: bool = False  # `same`: an int is asked for as an int
    factors: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.dtype not in ("family", "exact", "any"):
            raise AuthoringError(f"dtype must be 'family', 'exact' or 'any', got {self.dtype!r}")
        for name, value in (("rtol", self.rtol), ("atol", self.atol)):
            if value is not None and not 0 <= value < math.inf:
                raise AuthoringError(f"{name} must be finite and not negative, got {value!r}")
        for name, value in self.factors.items():
            if not 0 < abs(value) < math.inf:
                raise AuthoringError(f"factor {name!r} must be finite and not zero, got {value!r}")

    def tolerance(self, dtype: str) -> tuple[float, float]:
        rtol, atol = TOLERANCE.get(dtype, DEFAULT_TOLERANCE)
        return (rtol if self.rtol is None else self.rtol), (atol if self.atol is None else self.atol)


SAME = _Policy(finite=False, exact=True)


def close(
    actual: object,
    expected: object,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    dtype: Dtype = "family",
    finite: bool = True,
    strict: bool = False,
    what: str = "result",
    factors: Mapping[str, float] | None = None,
) -> None:
    """Raise Mismatch unless `actual` equals `expected` within the tolerance.

    expected: number, ndarray, tensor, str, bytes, None, or list, tuple, set, dict of these
    rtol, atol: None takes the default of the expected dtype
    strict: a list is no tuple
    factors: name -> value of factors a wrong answer may be off by ("batch size N": 5); named in the message
    Raises AuthoringError when the expected value or an option cannot be right.
    """
    _judge(actual, expected, what, _Policy(rtol, atol, dtype, finite, strict, False, factors or {}))


def same(actual: object, expected: object, *, what: str = "result") -> None:
    """Raise Mismatch unless `actual` is exactly `expected`; ints, bools, strings, None, their arrays and containers."""
    _judge(actual, expected, what, SAME)


def array(
    actual: object,
    *,
    shape: Sequence[int | range | None] | int | None = None,
    dtype: object = None,
    finite: bool = True,
    what: str = "result",
) -> np.ndarray:
    """Return the answered array or tensor as an ndarray that is safe to calculate with, or raise Mismatch.

    shape: lengths asked for, None for any length, a range for one of several: what you calculate may grow with it
    dtype: "float", "int", "bool", "complex" for a family, or a dtype; None for any of the families
    Raises AuthoringError when there is no such dtype.
    """
    require_answer(actual, what)
    wanted = (shape,) if isinstance(shape, int) else None if shape is None else tuple(shape)
    got = numeric(actual)
    if got is None or got.family == "other" or (got.scalar and type(actual) is not np.ndarray and not got.tensor):
        _refuse(actual, "an array" if wanted is None else f"an array with shape {shapes.words(wanted)}", what)
    if dtype is not None and (asked := dtype_name(dtype)) not in (got.family, got.dtype):
        _fail(f"{what} has dtype {got.dtype}, expected {FAMILY_NOUN.get(asked, asked)}.")
    if wanted is not None and not shapes.fits(got.values.shape, wanted):
        _fail(f"{what} has shape {got.values.shape}, expected {shapes.words(wanted)}.")
    if finite:
        _check_finite(got.values, what)
    return got.values


def number(actual: object, *, what: str = "result") -> float:
    """Return the answer as a finite float, or raise Mismatch; any real number will do, a bool is none."""
    require_answer(actual, what)
    got = numeric(actual)
    if got is None or not got.scalar or got.family not in ("int", "float"):
        _refuse(actual, "a number", what)
    _check_finite(got.values, what)
    return float(got.values)


def require(condition: object, says: str) -> None:
    """Raise Mismatch(says) unless the condition holds; a bare assertion would show the student nothing."""
    if not condition:
        _fail(says)


def bounded(value: float, *, low: float | None = None, high: float | None = None, says: str) -> None:
    """Raise Mismatch(says) unless low <= value <= high: a figure of ours about an answer, an accuracy or a ratio."""
    margins.note(says, value, low, high)
    require((low is None or low <= value) and (high is None or value <= high), says)


def unpack(actual: object, n: int, *, what: str = "result") -> tuple[Any, ...]:
    """Return the n entries of the answered tuple or list, themselves unchecked, or raise Mismatch."""
    require_answer(actual, what)
    if type(actual) is not tuple and type(actual) is not list:
        _refuse(actual, f"a tuple of {n}", what)
    if len(actual) != n:
        _fail(f"{what} has {_count(len(actual), 'entry', 'entries')}, expected {n}.")
    return tuple(actual)


def _fail(message: str) -> NoReturn:
    raise Mismatch(message)


def _refuse(actual: object, noun: str, what: str) -> NoReturn:
    """Fail because of the answer's kind."""
    advice = " Is a return missing?" if actual is None and "grad" not in what else ""
    if type(actual) in (list, tuple) and "array" in noun:
        advice = " np.array(...) makes one."
    if type(actual) is np.ndarray and actual.dtype.kind not in FAMILY:
        noun = f"numbers in {noun}"
    _fail(f"{what} is {describe(actual)}, expected {noun}.{advice}")


def _judge(actual: object, expected: object, what: str, policy: _Policy) -> None:
    require_answer(actual, what)
    require_answer(expected, what)
    if expected is None or isinstance(expected, (str, bytes)):
        _judge_text(actual, expected, what)
    elif isinstance(expected, Mapping):
        _judge_mapping(actual, expected, what, policy)
    elif isinstance(expected, (list, tuple)):
        _judge_sequence(actual, expected, what, policy)
    elif isinstance(expected, AbstractSet):
        _judge_set(actual, expected, what)
    elif type(expected) is int and type(actual) is int and (policy.exact or actual == expected):
        if actual != expected:  # as Python integers, of any size
            _fail(f"{what} is another integer than expected.")
    else:
        wanted = numeric(expected)
        if wanted is None or wanted.family == "other":
            raise AuthoringError(f"{what}: no answer can be compared with {describe(expected)}; {ORDER}")
        _judge_numeric(actual, wanted, what, policy)


def _judge_text(actual: object, expected: str | bytes | None, what: str) -> None:
    kind = None if expected is None else str if isinstance(expected, str) else bytes
    if type(actual) is not (kind or type(None)):
        _refuse(actual, NOUNS[kind or type(None)], what)
    if actual != expected:
        _fail(f"{what} is another {'text' if kind is str else 'byte string'} than expected.")


def _judge_mapping(actual: object, expected: Mapping[Any, Any], what: str, policy: _Policy) -> None:
    if type(actual) is not dict:
        _refuse(actual, "a dict", what)
    plain = {key: entry for key, entry in actual.items() if is_plain(key)}
    missing = [key for key in expected if key not in plain]
    if missing:
        names = ", ".join(repr(key) for key in missing if isinstance(key, str))
        _fail(f"{what} lacks {len(missing)} of {_count(len(expected), 'key')}{': ' + names if names else ''}.")
    if len(actual) > len(expected):
        _fail(f"{what} has {_count(len(actual) - len(expected), 'key')} too many.")
    for key, entry in expected.items():
        _judge(plain[key], entry, f"{what}[{key!r}]" if isinstance(key, str) else f"an entry of {what}", policy)


def _judge_set(actual: object, expected: AbstractSet[Any], what: str) -> None:
    if type(actual) is not set and type(actual) is not frozenset:
        _refuse(actual, "a set", what)
    found = {entry for entry in actual if is_plain(entry)}
    missing, extra = len(expected - found), len(actual) - len(found & expected)
    if missing or extra:
        _fail(f"{what} lacks {_count(missing, 'element')} and has {_count(extra, 'element')} too many.")


def _judge_sequence(actual: object, expected: Sequence[Any], what: str, policy: _Policy) -> None:
    kind = tuple if isinstance(expected, tuple) else list
    if (type(actual) is not tuple and type(actual) is not list) or (policy.strict and type(actual) is not kind):
        _refuse(actual, NOUNS[kind], what)
    if len(actual) != len(expected):
        _fail(f"{what} has {_count(len(actual), 'entry', 'entries')}, expected {len(expected)}.")
    if len(expected) > 2 and _is_series(expected):
        _judge_series(actual, expected, what, policy)
        return
    for index, (entry, wanted) in enumerate(zip(actual, expected, strict=True)):
        _judge(entry, wanted, f"{what}[{index}]", policy)


def _is_series(expected: Sequence[Any]) -> bool:
    return all(type(entry) in SERIES and abs(entry) < EXACT_IN_FLOAT for entry in expected)


def _judge_series(actual: Sequence[object], expected: Sequence[Any], what: str, policy: _Policy) -> None:
    """Judge a list of numbers as one array, so that the diagnosis sees the whole of it (a history, a trajectory)."""
    answers = []
    for index, (entry, wanted) in enumerate(zip(actual, expected, strict=True)):
        answers.append(_accept(entry, Numeric(np.asarray(wanted)), f"{what}[{index}]", policy))
    with np.errstate(all="ignore"):
        series = np.array([float(answer.values) for answer in answers])
        _check_values(series, np.array([float(wanted) for wanted in expected]), "float64", True, what, policy)


def _judge_numeric(actual: object, expected: Numeric, what: str, policy: _Policy) -> None:
    bounded = _check_expected(expected.values, what, policy)
    got = _accept(actual, expected, what, policy)
    with np.errstate(all="ignore"):  # infinities and overflow are judged, not warned about
        if got.values.shape != expected.values.shape:
            _fail(f"{what} {diagnosis.of_shape(got.values, expected.values)}")
        _check_values(got.values, expected.values, expected.dtype, bounded, what, policy)


def _accept(actual: object, expected: Numeric, what: str, policy: _Policy) -> Numeric:
    """Return the answer if its kind and dtype are what is asked for."""
    got = numeric(actual)
    if got is None or got.family == "other":
        _refuse(actual, _asked(expected), what)
    library_matters = not expected.scalar or (expected.tensor and policy.dtype == "exact")
    if library_matters and got.tensor != expected.tensor and not (got.scalar and not expected.scalar):
        _refuse(actual, "a number in a torch tensor" if expected.scalar else _asked(expected), what)
    if got.scalar != expected.scalar:
        noun = "a single number" if got.scalar else f"{describe(actual)} with shape {got.values.shape}"
        _fail(f"{what} is {noun}, expected {_asked(expected)}.")
    _check_dtype(got, expected, what, policy)
    return got


def _check_dtype(got: Numeric, expected: Numeric, what: str, policy: _Policy) -> None:
    if policy.dtype == "exact" and got.dtype != expected.dtype:
        _fail(f"{what} has dtype {got.dtype}, expected {expected.dtype}.")
    pair = (got.family, expected.family)
    if policy.dtype == "any" or pair[0] == pair[1]:
        return
    if expected.scalar and (pair == ("int", "float") or (pair == ("float", "int") and not policy.exact)):
        return
    asked = _asked(expected) if expected.scalar else FAMILY_NOUN[expected.family]
    asked = "an integer" if expected.scalar and policy.exact and expected.family == "int" else asked
    reason = ": integers cannot hold fractions" if pair == ("int", "float") else ""
    _fail(f"{what} has dtype {got.dtype}, expected {asked}{reason}.")


def _check_values(
    answer: np.ndarray, wanted: np.ndarray, dtype: str, bounded: bool, what: str, policy: _Policy
) -> None:
    a, e = _comparable(answer, wanted)
    rtol, atol = policy.tolerance(dtype)
    right = _within(a, e, rtol, atol)
    if not bounded:  # an infinite expectation has an infinite tolerance: only itself will do
        right = np.where(np.isfinite(e), right, a == e)
    if right.all():
        if margins.wanted():
            margins.note(what, _share(a, e, rtol, atol))
        return
    if not bounded:
        _check_infinite(a, e, what)
        a, e = np.where(np.isinf(e), 0.0, a), np.where(np.isinf(e), 0.0, e)
    _check_finite(a, what)
    rounding = _rounding(answer, wanted)
    try:
        words = diagnosis.of_values(a, e, ~right, rtol, atol, rounding, policy.factors)
    except (ArithmeticError, ValueError):  # the verdict stands, whatever extreme answers do to its explanation
        words = f"differs from what is expected in {int((~right).sum())} of {right.size} entries."
    _fail(f"{what} {words}")


def _share(answer: np.ndarray, wanted: np.ndarray, rtol: float, atol: float) -> float:
    """The largest part of its tolerance that an entry uses; 0 where entries are equal, or have to be."""
    if wanted.dtype.kind not in "fc" or not wanted.size:
        return 0.0
    allowed, error = atol + rtol * np.abs(wanted), np.abs(answer - wanted)
    return float(np.max(np.where(error > 0, error, 0.0) / np.where(allowed > 0, allowed, 1.0)))


def _check_expected(wanted: np.ndarray, what: str, policy: _Policy) -> bool:
    """Return whether the expected value is finite; raise AuthoringError where it may not be otherwise."""
    if wanted.dtype.kind in "biu" or np.isfinite(wanted).all():
        return True
    if np.isnan(wanted).any():
        raise AuthoringError(f"{what}: the expected value holds NaN, which no answer equals; {ORDER}")
    if policy.finite:
        raise AuthoringError(f"{what}: the expected value holds infinities; pass finite=False if that is meant")
    return False


def _check_infinite(answer: np.ndarray, wanted: np.ndarray, what: str) -> None:
    missed = np.isinf(wanted) & (answer != wanted)
    if missed.any():
        where = f" in {diagnosis.places(missed)}" if missed.ndim else ""
        _fail(f"{what} is not the infinity that is expected{where}.")


def _check_finite(values: np.ndarray, what: str) -> None:
    if values.dtype.kind not in "fc" or np.isfinite(values).all():
        return
    nan, infinite = np.isnan(values), np.isinf(values)
    kind = "NaN" if not infinite.any() else "infinite" if not nan.any() else "NaN or infinite"
    _fail(f"{what} is {kind}{f' in {diagnosis.places(nan | infinite)}' if values.ndim else ''}.")


def _within(answer: np.ndarray, wanted: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """Say for each entry whether it is near enough; written with <= so that NaN is not."""
    if wanted.dtype.kind not in "biu":
        return np.asarray(np.abs(answer - wanted) <= atol + rtol * np.abs(wanted))
    equal = np.asarray(answer == wanted)
    if wanted.dtype.kind == "b" or equal.all():
        return equal
    e = wanted.astype(np.float64)
    allowed = atol + rtol * np.abs(e)
    return equal | ((allowed >= 1) & (np.abs(answer.astype(np.float64) - e) <= allowed))  # big ones may round to equal


def _comparable(answer: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bring both to one kind: integers and bools as they are, else float64 or complex128."""
    kinds = {answer.dtype.kind, wanted.dtype.kind}
    if kinds <= {"i", "u"} or kinds == {"b"}:
        return answer, wanted
    dtype = np.complex128 if "c" in kinds else np.float64
    return answer.astype(dtype, copy=False), wanted.astype(dtype, copy=False)


def _rounding(answer: np.ndarray, wanted: np.ndarray) -> float:
    """Return the relative error that the coarser dtype of the two explains."""
    return max((32 * float(np.finfo(x.dtype).eps) for x in (answer, wanted) if x.dtype.kind in "fc"), default=0.0)


def _asked(expected: Numeric) -> str:
    if expected.scalar:
        return {"bool": "a bool", "complex": "a complex number"}.get(expected.family, "a number")
    return f"a {'torch tensor' if expected.tensor else 'NumPy array'} with shape {expected.values.shape}"


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"
