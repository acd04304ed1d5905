"""The one comparison: kind, dtype family, shape, finite, then tolerance; nothing broadcasts and NaN equals nothing.

The answer may be anything that leaves a sandbox, so it is looked at by its exact type alone: no method, attribute or
operator of an unknown object is ever used. The expected value is trusted. A failure raises `Mismatch`, whose text is
for the student: it names the kind of mistake and never holds an expected number, an answered number or an input.

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

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import numpy as np

from grader import diagnosis
from grader.errors import AuthoringError

Dtype = Literal["family", "exact", "any"]

DEFAULT_TOLERANCE = (1e-9, 1e-12)
TOLERANCE = {  # by dtype of the expected value: rtol, atol for inputs of scale 1
    "float32": (1e-4, 1e-6),
    "complex64": (1e-4, 1e-6),
    "float16": (1e-2, 1e-3),
    "bfloat16": (3e-2, 1e-2),
}
FAMILY = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}
FAMILY_NOUN = {"bool": "bools", "int": "integers", "float": "floats", "complex": "complex numbers"}
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
    dict: "a dict",
    np.ndarray: "a NumPy array",
}
INT64 = np.iinfo(np.int64)
UINT64_MAX = np.iinfo(np.uint64).max


class Mismatch(AssertionError):
    """The answer is not what was expected; the text is what the student reads."""


@dataclass(frozen=True, slots=True)
class _Numeric:
    """A number, array or tensor: its values as an ndarray, the name of its dtype, and the library it came from."""

    values: np.ndarray
    tensor: bool = False
    dtype_name: str = ""  # only where NumPy has no such dtype (bfloat16)

    @property
    def scalar(self) -> bool:
        return self.values.ndim == 0

    @property
    def dtype(self) -> str:
        return self.dtype_name or self.values.dtype.name

    @property
    def family(self) -> str:
        return FAMILY.get(self.values.dtype.kind, "other")


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
        for name in ("rtol", "atol"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < np.inf:
                raise AuthoringError(f"{name} must be finite and not negative, got {value!r}")

    def tolerance(self, dtype: str) -> tuple[float, float]:
        rtol, atol = TOLERANCE.get(dtype, DEFAULT_TOLERANCE)
        return (rtol if self.rtol is None else self.rtol), (atol if self.atol is None else self.atol)


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

    expected: number, ndarray, tensor, str, bytes, None, or list, tuple, dict of these
    rtol, atol: None takes the default of the expected dtype
    strict: a list is no tuple
    factors: name -> value of factors a wrong answer may be off by ("batch size N": 5); named in the message
    Raises AuthoringError when the expected value or an option cannot be right.
    """
    _judge(actual, expected, what, _Policy(rtol, atol, dtype, finite, strict, False, factors or {}))


def same(actual: object, expected: object, *, what: str = "result") -> None:
    """Raise Mismatch unless `actual` is exactly `expected`; ints, bools, strings, None, their arrays and containers."""
    _judge(actual, expected, what, _Policy(finite=False, exact=True))


def array(
    actual: object,
    *,
    shape: Sequence[int | None] | int | None = None,
    dtype: object = None,
    finite: bool = True,
    what: str = "result",
) -> np.ndarray:
    """Return the answer as an ndarray that is safe to calculate with, or raise Mismatch.

    shape: lengths asked for, None for any length; a number passes for shape () only
    dtype: "float", "int", "bool", "complex" for a family, or a dtype
    """
    wanted = (shape,) if isinstance(shape, int) else None if shape is None else tuple(shape)
    got = _numeric(actual)
    if got is None or got.family == "other" or (got.scalar and wanted is None and not _is_array(actual)):
        _fail(f"{what} is {_describe(actual)}, expected an array.{_kind_advice(actual, 'array')}")
    if wanted is not None and not _fits(got.values.shape, wanted):
        _fail(f"{what} has shape {got.values.shape}, expected {_shape_text(wanted)}.")
    if dtype is not None:
        asked = _dtype_name(dtype)
        if asked != got.family and asked != got.dtype:
            _fail(f"{what} has dtype {got.dtype}, expected {asked}.")
    if finite:
        _check_finite(got.values, what)
    return got.values


def number(actual: object, *, what: str = "result") -> float:
    """Return the answer as a finite float, or raise Mismatch; any real number will do, a bool is none."""
    got = _numeric(actual)
    if got is None or not got.scalar or got.family not in ("int", "float"):
        _fail(f"{what} is {_describe(actual)}, expected a number.{_kind_advice(actual, 'number')}")
    _check_finite(got.values, what)
    return float(got.values)


def unpack(actual: object, n: int, *, what: str = "result") -> tuple[Any, ...]:
    """Return the n entries of the answered tuple or list, themselves unchecked, or raise Mismatch."""
    if type(actual) not in (tuple, list):
        _fail(f"{what} is {_describe(actual)}, expected a tuple of {n}.{_kind_advice(actual, 'tuple')}")
    entries: tuple[Any, ...] = tuple(actual)  # type: ignore[arg-type]
    if len(entries) != n:
        _fail(f"{what} has {len(entries)} entries, expected {n}.")
    return entries


def _fail(message: str) -> NoReturn:
    raise Mismatch(message)


def _judge(actual: object, expected: object, what: str, policy: _Policy) -> None:
    if expected is None or isinstance(expected, (str, bytes)):
        _judge_text(actual, expected, what)
    elif isinstance(expected, Mapping):
        _judge_mapping(actual, expected, what, policy)
    elif isinstance(expected, (list, tuple)):
        _judge_sequence(actual, expected, what, policy)
    elif type(expected) is int and type(actual) is int and (policy.exact or actual == expected):
        if actual != expected:  # as Python integers, of any size
            _fail(f"{what} is another integer than expected.")
    else:
        wanted = _numeric(expected)
        if wanted is None or wanted.family == "other":
            raise AuthoringError(f"{what}: no answer can be compared with {_describe(expected)}")
        _judge_numeric(actual, wanted, what, policy)


def _judge_text(actual: object, expected: str | bytes | None, what: str) -> None:
    noun = NOUNS[type(expected)]
    if type(actual) is not type(expected):
        _fail(f"{what} is {_describe(actual)}, expected {noun}.{_kind_advice(actual, noun)}")
    if actual != expected:
        _fail(f"{what} is another {'text' if isinstance(expected, str) else 'byte string'} than expected.")


def _judge_mapping(actual: object, expected: Mapping[Any, Any], what: str, policy: _Policy) -> None:
    if type(actual) is not dict:
        _fail(f"{what} is {_describe(actual)}, expected a dict.{_kind_advice(actual, 'dict')}")
    plain = {key: entry for key, entry in actual.items() if _is_plain(key)}
    missing = [key for key in expected if key not in plain]
    if missing:
        names = ", ".join(repr(key) for key in missing if isinstance(key, str))
        _fail(f"{what} lacks {len(missing)} of {len(expected)} keys{': ' + names if names else ''}.")
    if len(actual) != len(expected):
        extra = len(actual) - len(expected)
        _fail(f"{what} has {extra} key{'s' * (extra > 1)} too many.")
    for key, entry in expected.items():
        _judge(plain[key], entry, f"{what}[{key!r}]" if isinstance(key, str) else f"an entry of {what}", policy)


def _judge_sequence(actual: object, expected: Sequence[Any], what: str, policy: _Policy) -> None:
    noun = "a tuple" if isinstance(expected, tuple) else "a list"
    if type(actual) not in (list, tuple) or (
        policy.strict and isinstance(actual, tuple) != isinstance(expected, tuple)
    ):
        _fail(f"{what} is {_describe(actual)}, expected {noun}.{_kind_advice(actual, noun)}")
    entries: Sequence[Any] = actual  # type: ignore[assignment]
    if len(entries) != len(expected):
        _fail(f"{what} has {len(entries)} entries, expected {len(expected)}.")
    for index, (entry, wanted) in enumerate(zip(entries, expected, strict=True)):
        _judge(entry, wanted, f"{what}[{index}]", policy)


def _judge_numeric(actual: object, expected: _Numeric, what: str, policy: _Policy) -> None:
    got = _numeric(actual)
    if got is None or got.family == "other":
        noun = _asked(expected)
        _fail(f"{what} is {_describe(actual)}, expected {noun}.{_kind_advice(actual, noun)}")
    _check_kind(got, expected, actual, what, policy)
    _check_dtype(got, expected, what, policy)
    with np.errstate(all="ignore"):  # infinities and overflow are judged, not warned about
        if got.values.shape != expected.values.shape:
            _fail(f"{what} {diagnosis.of_shape(got.values, expected.values)}")
        _check_values(got, expected, what, policy)


def _check_kind(got: _Numeric, expected: _Numeric, actual: object, what: str, policy: _Policy) -> None:
    library_matters = not expected.scalar or (expected.tensor and policy.dtype == "exact")
    if expected.scalar != got.scalar or (library_matters and got.tensor != expected.tensor):
        shape = f" with shape {got.values.shape}" if not got.scalar and got.tensor == expected.tensor else ""
        noun = "a single number" if got.scalar and not expected.scalar else _describe(actual) + shape
        _fail(f"{what} is {noun}, expected {_asked(expected)}.")


def _check_dtype(got: _Numeric, expected: _Numeric, what: str, policy: _Policy) -> None:
    if policy.dtype == "any":
        return
    if policy.dtype == "exact":
        if got.dtype != expected.dtype:
            _fail(f"{what} has dtype {got.dtype}, expected {expected.dtype}.")
        return
    pair = (got.family, expected.family)
    loose = expected.scalar and (pair == ("int", "float") or (pair == ("float", "int") and not policy.exact))
    if pair[0] != pair[1] and not loose:
        reason = ": integers cannot hold fractions" if pair == ("int", "float") else ""
        noun = "is" if expected.scalar else "holds"
        _fail(f"{what} {noun} {got.dtype}, expected {FAMILY_NOUN[expected.family]}{reason}.")


def _check_values(got: _Numeric, expected: _Numeric, what: str, policy: _Policy) -> None:
    answer, wanted = _comparable(got.values, expected.values)
    _check_expected(wanted, what, policy)
    rtol, atol = policy.tolerance(expected.dtype)
    wrong = ~_within(answer, wanted, rtol, atol)
    if not wrong.any():
        return
    if policy.finite or not np.isfinite(wanted).all():
        _check_infinite(answer, wanted, what)
    _check_finite(np.where(np.isfinite(wanted), answer, 0), what)
    _fail(f"{what} {diagnosis.of_values(answer, wanted, wrong, rtol, atol, policy.factors)}")


def _check_expected(wanted: np.ndarray, what: str, policy: _Policy) -> None:
    if wanted.dtype.kind in "biu" or np.isfinite(wanted).all():
        return
    if np.isnan(wanted).any():
        raise AuthoringError(f"{what}: the expected value holds NaN, which no answer equals")
    if policy.finite:
        raise AuthoringError(f"{what}: the expected value holds infinities; pass finite=False if that is meant")


def _check_infinite(answer: np.ndarray, wanted: np.ndarray, what: str) -> None:
    missed = np.isinf(wanted) & (answer != wanted)
    if missed.any():
        count, place = diagnosis.places(missed)
        _fail(f"{what} should be infinite (or infinite with the other sign) in {count} more places{place}.")


def _check_finite(values: np.ndarray, what: str) -> None:
    if values.dtype.kind not in "fc" or np.isfinite(values).all():
        return
    nan = np.isnan(values)
    count, place = diagnosis.places(~np.isfinite(values))
    kinds = "NaN" if int(nan.sum()) == count else "infinite" if not nan.any() else "NaN or infinite"
    _fail(
        f"{what} is {kinds}." if values.ndim == 0 else f"{what} is {kinds} in {count} of {values.size} entries{place}."
    )


def _within(answer: np.ndarray, wanted: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """Say for each entry whether it is near enough; integers are equal exactly before they are near as floats."""
    if wanted.dtype.kind not in "biu":
        near = np.abs(answer - wanted) <= atol + rtol * np.abs(wanted)
        return near if np.isfinite(wanted).all() else (near & np.isfinite(wanted)) | (answer == wanted)
    equal = np.asarray(answer == wanted)
    if wanted.dtype.kind == "b" or equal.all():
        return equal
    a, e = answer.astype(np.float64), wanted.astype(np.float64)
    return equal | ((np.abs(a - e) <= atol + rtol * np.abs(e)) & (atol + rtol * np.abs(e) >= 1))


def _comparable(answer: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bring both to one of: integers and bools as they are, float64, complex128."""
    kinds = {answer.dtype.kind, wanted.dtype.kind}
    if kinds <= {"i", "u"} or kinds == {"b"}:
        return answer, wanted
    dtype = np.complex128 if "c" in kinds else np.float64
    return answer.astype(dtype, copy=False), wanted.astype(dtype, copy=False)


def _numeric(x: object) -> _Numeric | None:
    """Read a number, array or tensor by its exact type; None for everything else."""
    kind = type(x)
    if kind is np.ndarray:
        return _Numeric(x)  # type: ignore[arg-type]
    if kind is int:
        return _Numeric(_from_int(x))  # type: ignore[arg-type]
    if kind in PYTHON_SCALARS or kind in NUMPY_SCALARS:
        return _Numeric(np.asarray(x))
    torch = sys.modules.get("torch")  # nothing can be a tensor before torch is imported
    if torch is not None and kind in (torch.Tensor, torch.nn.Parameter):
        return _from_tensor(x, torch)
    return None


def _from_int(x: int) -> np.ndarray:
    if INT64.min <= x <= INT64.max:
        return np.asarray(x, dtype=np.int64)
    if 0 <= x <= UINT64_MAX:
        return np.asarray(x, dtype=np.uint64)
    try:
        return np.asarray(float(x))
    except OverflowError:
        return np.asarray(np.inf if x > 0 else -np.inf)


def _from_tensor(x: Any, torch: Any) -> _Numeric | None:
    if x.layout is not torch.strided or x.is_quantized or x.is_meta:
        return None
    plain = x.detach().cpu().resolve_conj().resolve_neg()
    name = str(x.dtype).removeprefix("torch.")
    if plain.dtype == torch.bfloat16:
        return _Numeric(plain.float().numpy(), True, name)
    return _Numeric(plain.numpy(), True)


def _is_array(x: object) -> bool:
    return type(x) is np.ndarray or (type(x) not in PYTHON_SCALARS and type(x) not in NUMPY_SCALARS)


def _is_plain(key: object) -> bool:
    """Say whether hashing and comparing the key runs no foreign code."""
    if type(key) is tuple:
        return all(_is_plain(entry) for entry in key)
    return type(key) in PYTHON_SCALARS or type(key) in (str, bytes, type(None))


def _describe(x: object) -> str:
    """Name what x is, by its type alone; a class may say more with `__describe__`."""
    kind = type(x)
    if kind in NOUNS:
        return NOUNS[kind]
    if kind in NUMPY_SCALARS:
        return f"a NumPy {kind.__name__}"
    torch = sys.modules.get("torch")
    if torch is not None and kind in (torch.Tensor, torch.nn.Parameter):
        return "a torch tensor"
    say: Callable[[object], object] | None = getattr(kind, "__describe__", None)
    text = say(x) if say is not None else None
    return _printable(text if type(text) is str else f"an object of type {kind.__name__}")


def _printable(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def _asked(expected: _Numeric) -> str:
    if expected.scalar:
        return {"bool": "a bool", "complex": "a complex number"}.get(expected.family, "a number")
    return f"a {'torch tensor' if expected.tensor else 'NumPy array'} with shape {expected.values.shape}"


def _kind_advice(actual: object, noun: str) -> str:
    if actual is None:
        return " Is a return missing?"
    if type(actual) in (list, tuple) and "NumPy array" in noun:
        return " np.array(...) makes one."
    return ""


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(w is None or w == n for n, w in zip(shape, wanted, strict=True))


def _shape_text(wanted: tuple[int | None, ...]) -> str:
    lengths = ["any" if length is None else str(length) for length in wanted]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"


def _dtype_name(dtype: object) -> str:
    if isinstance(dtype, str) and dtype in FAMILY_NOUN:
        return dtype
    text = str(dtype)
    return text.removeprefix("torch.") if text.startswith("torch.") else np.dtype(dtype).name  # type: ignore[call-overload]
