"""An answer is read by its exact type: whatever an object claims to be or to equal, nothing asks it."""

import numpy as np
import pytest
import torch

from grader.checking.compare import Mismatch, array, close, number, same, unpack
from grader.checking.values import describe, dtype_name, is_plain, numeric
from grader.errors import AuthoringError

RAMP = np.linspace(-1.0, 2.0, 6).reshape(2, 3)


def complaint(judge, *args, **options):
    """Return what the student would read."""
    with pytest.raises(Mismatch) as caught:
        judge(*args, **options)
    return str(caught.value)


class Touched(Exception):
    """A forged object was asked something."""


def touchy(name):
    def method(self, *args, **kwargs):
        raise Touched(name)

    return method


HOOKS = (
    "__eq__ __ne__ __lt__ __le__ __bool__ __float__ __int__ __index__ __len__ __iter__ __getitem__ __array__ __abs__"
)
HOOKS += " __sub__ __rsub__ __add__ __radd__ __getattr__ __repr__ __str__ __hash__ __contains__ __torch_function__"
HOOKS += " __array_ufunc__ __array_function__ __array_interface__ __class_getitem__ __instancecheck__ __format__"
Forged = type("Forged", (), {name: touchy(name) for name in HOOKS.split()})


class Described:
    """What a proxy looks like: everything it is asked goes elsewhere, but for its description."""

    __getattribute__ = touchy("__getattribute__")
    __eq__ = touchy("__eq__")
    __hash__ = None

    def __describe__(self):
        return "an object of the student's class Linear"


def forged(base, *args):
    hooks = {name: touchy(name) for name in HOOKS.split() if name not in ("__array_interface__", "__hash__")}
    kind = type(
        f"My{base.__name__}", (base,), hooks | {"__hash__": base.__hash__, "__array_finalize__": lambda self, old: None}
    )
    return base.__new__(kind, *args)


class AlwaysClose(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise Touched(func)


FORGERIES = [Forged(), forged(float, 0.5), forged(int, 1), forged(str, "x"), forged(list), forged(dict), forged(tuple)]
FORGERIES += [forged(np.ndarray, (2, 3)), torch.ones(2, 3).as_subclass(AlwaysClose), (n for n in range(3)), Forged]
EXPECTATIONS = [0.5, 1, True, None, "x", b"x", RAMP, torch.ones(2, 3), [1.0, 2.0, 3.0], (), {"a": 1}, {}, {1}, 1j]


@pytest.mark.parametrize("expected", EXPECTATIONS, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("answer", FORGERIES, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"k": x}], ids=["bare", "listed", "keyed"])
def test_a_forged_object_is_refused_untouched(answer, expected, wrap):
    for judge in (close, same):
        assert "expected" in complaint(judge, wrap(answer), wrap(expected))


@pytest.mark.parametrize("answer", FORGERIES, ids=lambda x: type(x).__name__)
def test_a_forged_object_is_no_array_number_or_tuple(answer):
    for check in (array, number, lambda x: unpack(x, 2)):
        complaint(check, answer)


def test_a_forged_key_or_element_is_not_asked_whether_it_is_equal():
    key = Described.__new__(type("Key", (Described,), {"__hash__": lambda self: hash("w")}))
    assert complaint(close, {key: 1.0}, {"w": 1.0}) == "result lacks 1 of 1 key: 'w'."
    assert complaint(same, {key}, {"w"}) == "result lacks 1 element and has 1 element too many."


def test_an_object_may_describe_itself_by_its_class():
    words = "result is an object of the student's class Linear, expected a number."
    assert complaint(close, Described(), 1.0) == words
    assert complaint(close, Forged(), 1.0) == "result is an object of type Forged, expected a number."
    loud = type("A\nPASSED" + "!" * 500, (), {})()
    assert complaint(close, loud, 1.0) == f"result is {'an object of type A?PASSED' + '!' * 51}..., expected a number."


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (None, "None"),
        (3, "an int"),
        (np.float32(3), "a NumPy float32"),
        (np.ones(2), "a NumPy array"),
        (torch.ones(2), "a torch tensor"),
        (torch.nn.Linear(2, 3), "an object of type Linear"),
        (len, "an object of type builtin_function_or_method"),
    ],
)
def test_a_kind_is_said_in_words(x, words):
    assert describe(x) == words


@pytest.mark.parametrize(
    ("x", "dtype", "family", "scalar"),
    [
        (True, "bool", "bool", True),
        (2, "int64", "int", True),
        (2**63, "uint64", "int", True),
        (-(2**70), "float64", "float", True),
        (np.float16(1), "float16", "float", True),
        (torch.ones(1, dtype=torch.bfloat16), "bfloat16", "float", False),
        (torch.ones(2, dtype=torch.complex64).conj(), "complex64", "complex", False),
        (np.array(["a"]), "str32", "other", False),
    ],
)
def test_numbers_arrays_and_tensors_are_read_with_their_dtype(x, dtype, family, scalar):
    read = numeric(x)
    assert (read.dtype, read.family, read.scalar) == (dtype, family, scalar)


@pytest.mark.parametrize(
    "x", [None, "1", [1], np.timedelta64(1), np.str_("a"), torch.ones(2).to_sparse(), torch.ones(2, device="meta")]
)
def test_what_holds_no_plain_numbers_is_not_read(x):
    assert numeric(x) is None


def test_keys_are_plain_only_if_all_they_hold_is():
    assert is_plain(("a", 1, frozenset({None, 2.0})))
    assert not is_plain(("a", object()))
    assert not is_plain(forged(str, "w"))


def test_a_dtype_is_named_however_it_is_written():
    asked = [np.float32, "float32", np.dtype("f4"), torch.float32, "int", int, torch.bfloat16]
    assert [dtype_name(x) for x in asked] == ["float32"] * 4 + ["int", "int64", "bfloat16"]
    with pytest.raises(AuthoringError, match="no dtype 'flaot'; a family is one of bool, int, float, complex"):
        dtype_name("flaot")
