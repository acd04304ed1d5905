"""What passes as the expected answer, what does not, and the sentence a student reads."""

import math
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grader.checking.compare import Mismatch, array, close, number, same, unpack
from grader.errors import AuthoringError

F64, F32, I64 = np.float64, np.float32, np.int64
TEN_TO_400 = 10**400
RAMP = np.linspace(-1.0, 2.0, 6).reshape(2, 3)


def complaint(judge, *args, **options):
    """Return what the student would read."""
    with pytest.raises(Mismatch) as caught:
        judge(*args, **options)
    return str(caught.value)


# ------------------------------------------------------------------------------------------------------- what passes


@pytest.mark.parametrize(
    "answer",
    [2.0, 2, F64(2), F32(2), np.int32(2), np.array(2.0), np.array(2), torch.tensor(2.0), torch.tensor(2)],
    ids=lambda x: f"{type(x).__name__} {getattr(x, 'dtype', '')}",
)
@pytest.mark.parametrize("expected", [2.0, 2, F64(2), np.array(2.0), torch.tensor(2.0)], ids=lambda x: type(x).__name__)
def test_a_number_may_come_in_any_kind_of_number(answer, expected):
    close(answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(RAMP.copy(), RAMP, id="array"),
        pytest.param(RAMP.astype(F32), RAMP.astype(F32), id="float32 array"),
        pytest.param(np.array([-0.0, 1.0]), np.array([0.0, 1.0]), id="negative zero"),
        pytest.param(np.zeros((0, 3)), np.zeros((0, 3)), id="empty array of the right shape"),
        pytest.param(np.array([1, 2], np.int32), np.array([1, 2]), id="narrower integers"),
        pytest.param(np.array([2**63 + 1], np.uint64), np.array([2**63 + 1], np.uint64), id="large unsigned integers"),
        pytest.param(torch.ones(2, 3, dtype=torch.bfloat16), torch.ones(2, 3, dtype=torch.bfloat16), id="bfloat16"),
        pytest.param(torch.ones(2, requires_grad=True), torch.nn.Parameter(torch.ones(2)), id="parameter expected"),
        pytest.param([1.0, 2], (1.0, 2.0), id="list for tuple"),
        pytest.param((1.0, 2.0, 3), [1, 2, 3], id="tuple for list"),
        pytest.param({"b": 2, "a": RAMP}, {"a": RAMP, "b": 2.0}, id="dict in another order"),
        pytest.param(([], {}, "x", None), [(), {}, "x", None], id="nested odds and ends"),
        pytest.param({(0, 1), "a"}, frozenset({"a", (0, 1)}), id="set"),
        pytest.param(True, np.bool_(True), id="bool"),
        pytest.param(1 + 2j, 1 + 2j, id="complex"),
        pytest.param(TEN_TO_400, TEN_TO_400, id="an integer beyond float"),
    ],
)
def test_a_right_answer_passes(answer, expected):
    close(answer, expected)


def test_the_default_tolerance_follows_the_expected_dtype():
    error = 1e-5
    close(F32(1 + error), F32(1))
    close(torch.tensor([1 + error, 1]), torch.ones(2))
    complaint(close, 1 + error, 1.0)
    complaint(close, F32(1 + error), 1.0)  # the answer's own precision buys nothing


finite = st.floats(allow_nan=False, allow_infinity=False)
finite_arrays = arrays.arrays(
    st.sampled_from([np.float64, np.float32, np.float16]),
    arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    elements=st.floats(-1e4, 1e4, width=16),
)


@given(arrays.arrays(np.float64, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4), elements=finite))
def test_every_finite_array_equals_itself(x):
    close(x.copy(), x, rtol=0, atol=0, dtype="exact")
    same(x.copy(), x)
    assert array(x, shape=x.shape) is x


@given(finite_arrays)
def test_every_finite_tensor_equals_itself(x):
    close(torch.tensor(x), torch.tensor(x), rtol=0, atol=0, dtype="exact")


@given(finite_arrays, st.data())
def test_any_change_beyond_the_tolerance_fails_and_any_within_passes(x, data):
    assume(x.size)
    x = x.astype(F64)
    rtol, atol = data.draw(st.sampled_from([(0.0, 1e-3), (1e-3, 0.0), (1e-9, 1e-12), (1e-2, 1e-2)]))
    at = data.draw(st.integers(0, x.size - 1))
    allowed = atol + rtol * abs(x.flat[at])
    beyond, within = x.copy(), x.copy()
    beyond.flat[at] += 1.1 * allowed
    within.flat[at] += 0.9 * allowed
    assume(beyond.flat[at] - x.flat[at] > allowed)  # else lost in rounding
    close(within, x, rtol=rtol, atol=atol)
    complaint(close, beyond, x, rtol=rtol, atol=atol)


# ------------------------------------------------------------------------------------------- what fails, and the words


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (None, RAMP, "is None, expected a NumPy array with shape (2, 3). Is a return missing?"),
        (None, 1.0, "is None, expected a number. Is a return missing?"),
        (RAMP.tolist(), RAMP, "is a list, expected a NumPy array with shape (2, 3). np.array(...) makes one."),
        (torch.ones(2, 3), RAMP, "is a torch tensor, expected a NumPy array with shape (2, 3)."),
        (RAMP, torch.ones(2, 3), "is a NumPy array, expected a torch tensor with shape (2, 3)."),
        (1.5, RAMP, "is a single number, expected a NumPy array with shape (2, 3)."),
        (RAMP, 1.5, "is a NumPy array with shape (2, 3), expected a number."),
        (np.ones(1), 1.0, "is a NumPy array with shape (1,), expected a number."),
        ("1.0", 1.0, "is a string, expected a number."),
        ([1.0], 1.0, "is a list, expected a number."),
        (True, 1.0, "has dtype bool, expected a number."),
        (1, True, "has dtype int64, expected a bool."),
        (1 + 0j, 1.0, "has dtype complex128, expected a number."),
        (np.array([0, 1, 2]), np.ones(3), "has dtype int64, expected floats: integers cannot hold fractions."),
        (np.ones(3), np.array([1, 1, 1]), "has dtype float64, expected integers."),
        (np.ones(3), np.ones(3, bool), "has dtype float64, expected bools."),
        (np.ones(3, bool), np.ones(3), "has dtype bool, expected floats."),
        (np.ones(3, complex), np.ones(3), "has dtype complex128, expected floats."),
        (np.array(["1", "1"]), np.ones(2), "is a NumPy array, expected numbers in a NumPy array with shape (2,)."),
        (np.array([1, None]), np.ones(2), "is a NumPy array, expected numbers in a NumPy array with shape (2,)."),
        (np.full((2, 3), np.nan), RAMP, "is NaN in 6 of 6 entries, the first at index (0, 0)."),
        (np.array([1, 1, np.inf]), np.ones(3), "is infinite in 1 of 3 entries, the first at index 2."),
        (np.array([1, -np.inf, np.nan]), np.ones(3), "is NaN or infinite in 2 of 3 entries, the first at index 1."),
        (math.nan, 1.0, "is NaN."),
        (-math.inf, 1.0, "is infinite."),
        (TEN_TO_400, 1.0, "is infinite."),
        (3.25, 1.0, "differs from the expected number."),
        ("tanh", "relu", "is another text than expected."),
        (b"a", b"b", "is another byte string than expected."),
        (1, "relu", "is an int, expected a string."),
        (0, None, "is an int, expected None."),
        ([1.0], {"a": 1.0}, "is a list, expected a dict."),
        ({"a": 1}, {"a": 1, "w": 2, 3: 4}, "lacks 2 of 3 keys: 'w'."),
        ({"a": 1, "b": 2, "c": 3}, {"a": 1}, "has 2 keys too many."),
        ({"a": 1, "b": 2.5}, {"a": 1, "b": 1.0}, "['b'] differs from the expected number."),
        ((1.0, 2.0), [1.0], "has 2 entries, expected 1."),
        ([[1.0], ["x"]], [[1.0], [2.0]], "[1][0] is a string, expected a number."),
        ([1.0, 2.0, True], [1.0, 2.0, 1.0], "[2] has dtype bool, expected a number."),
        ({1, 2}, {2, 3, 4}, "lacks 2 elements and has 1 element too many."),
        ([1], {1}, "is a list, expected a set."),
    ],
)
def test_a_wrong_answer_is_named_by_its_kind(answer, expected, words):
    assert complaint(close, answer, expected) == f"result{'' if words[0] == '[' else ' '}{words}"


@pytest.mark.parametrize(
    ("answer", "asked", "words"),
    [
        (RAMP, RAMP.astype(F32), "result has dtype float64, expected float32."),
        (torch.ones(2), torch.ones(2, dtype=torch.bfloat16), "result has dtype float32, expected bfloat16."),
        (2, 2.0, "result has dtype int64, expected float64."),
        (2.0, torch.tensor(2.0), "result is a float, expected a number in a torch tensor."),
    ],
)
def test_an_exact_dtype_can_be_asked_for(answer, asked, words):
    assert complaint(close, answer, asked, dtype="exact") == words
    close(asked, asked, dtype="exact")


def test_any_dtype_can_be_allowed():
    close(np.array([0, 1]), np.array([0.0, 1.0]), dtype="any")
    close(np.array([False, True]), np.array([0.0, 1.0]), dtype="any")
    close(np.array([1.0 + 0j]), np.array([1.0]), dtype="any")
    complaint(close, np.array([1.0 + 1j]), np.array([1.0]), dtype="any")


def test_strict_tells_a_list_from_a_tuple():
    close([1.0], [1.0], strict=True)
    assert complaint(close, [1.0], (1.0,), strict=True) == "result is a list, expected a tuple."


def test_infinity_is_expected_only_when_the_author_says_so():
    expected = np.array([-np.inf, 0.5, np.inf, 2.0])
    close(expected.copy(), expected, finite=False)
    words = "result is not the infinity that is expected in 1 of 4 entries, the first at index "
    for wrong, place in (
        ([np.inf, 0.5, np.inf, 2.0], 0),
        ([-np.inf, 0.5, 1e300, 2.0], 2),
        ([-np.inf, 0.5, np.nan, 2], 2),
    ):
        assert complaint(close, np.array(wrong), expected, finite=False) == f"{words}{place}."
    assert "infinite in 1 of 4" in complaint(close, np.array([-np.inf, np.inf, np.inf, 2.0]), expected, finite=False)
    assert "wrong in one entry" in complaint(close, np.array([-np.inf, 0.6, np.inf, 2.0]), expected, finite=False)
    assert complaint(close, 1e308, math.inf, finite=False) == "result is not the infinity that is expected."


@pytest.mark.parametrize(
    ("expected", "options", "words"),
    [
        (np.array([1.0, np.nan]), {}, "NaN"),
        (np.array([np.nan]), {"finite": False}, "NaN"),
        (math.inf, {}, "pass finite=False"),
        (np.array(["a"]), {}, "no answer can be compared"),
        (object(), {}, "no answer can be compared with an object of type object"),
        (1.0, {"dtype": "float64"}, "'family', 'exact' or 'any'"),
        (1.0, {"rtol": -1e-9}, "rtol must be"),
        (1.0, {"atol": math.nan}, "atol must be"),
        (1.0, {"factors": {"N": 0}}, "factor 'N' must be"),
    ],
)
def test_an_author_who_cannot_be_right_is_told_so(expected, options, words):
    with pytest.raises(AuthoringError, match=re.escape(words)):
        close(1.0, expected, **options)


# -------------------------------------------------------------------------------------------- what others let through


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(np.empty((0, 1)), np.ones(3), id="empty against full"),
        pytest.param(np.empty(0), np.ones(3), id="empty vector"),
        pytest.param(np.ones(0), np.ones((0, 3)), id="another kind of empty"),
        pytest.param(np.ones(1), np.ones(1000), id="broadcast"),
        pytest.param(np.ones((1, 3)), np.ones(3), id="leading axis"),
        pytest.param(np.array(2.0), np.full(3, 2.0), id="no axes against a vector"),
        pytest.param(np.full(3, np.nan), np.ones(3), id="NaN"),
        pytest.param(np.array([255], np.uint8), np.array([-1]), id="wrapped integer"),
        pytest.param(np.array([0], np.uint8), np.array([256]), id="integers that overflow in the narrow dtype"),
        pytest.param(np.array([2**63 - 1]), np.array([2**63], np.uint64), id="neighbours that are equal as floats"),
        pytest.param(np.array([2**53 + 1]), np.array([2**53]), id="integers that are equal as floats"),
        pytest.param(np.ones(3, complex) + 1j, np.ones(3), id="imaginary part"),
        pytest.param(torch.zeros(2, 2).to_sparse(), torch.zeros(2, 2), id="sparse tensor"),
        pytest.param(torch.ones(2, 2, device="meta"), torch.ones(2, 2), id="meta tensor"),
        pytest.param(torch.zeros(0, 1), torch.ones(3), id="empty tensor"),
        pytest.param({1: 1.0}, {"1": 1.0}, id="key of another type"),
        pytest.param(np.zeros(4), np.full(4, 1e-9), id="zeros for small values"),
        pytest.param(np.timedelta64(2), 2, id="a span of time"),
        pytest.param(math.inf, 1e308, id="infinity for a large number"),
    ],
)
def test_what_other_comparisons_accept_fails_here(answer, expected):
    complaint(close, answer, expected, rtol=0.0, atol=0.0)


def test_torch_is_not_imported_for_a_comparison_without_tensors():
    script = (
        "import sys, numpy as np; from grader.checking.compare import close; close(np.ones(2), np.ones(2)); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@given(finite_arrays, st.data())
def test_a_message_never_holds_a_number_of_either_array(x, data):
    other = data.draw(arrays.arrays(np.float64, x.shape, elements=st.floats(-1e4, 1e4)))
    assume(not np.array_equal(x, other))
    wide = np.float64(x) + 0.125
    try:
        close(other, wide)
    except Mismatch as mismatch:
        assert not re.search(r"\d\.\d|\de[+-]?\d", str(mismatch))


# ------------------------------------------------------------------------------------------ same, array, number, unpack


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (2.0, 2, "has dtype float64, expected an integer."),
        (True, 1, "has dtype bool, expected an integer."),
        (3, 2, "is another integer than expected."),
        (TEN_TO_400 + 1, TEN_TO_400, "is another integer than expected."),
        (np.array([1.0, 2.0]), np.array([1, 2]), "has dtype float64, expected integers."),
        (np.array([1, 3, 3]), np.array([1, 2, 3]), "is wrong in one entry only, at index 1."),
        ([1, 2, 4], [1, 2, 3], "is wrong in the last entry only, at index 2."),
        (
            1.0 + 1e-15,
            1.0,
            "differs from the expected number, but only in the last digits, as if calculated in float32",
        ),
        (math.nan, 1.0, "is NaN."),
        (False, True, "is the opposite of what is expected."),
    ],
)
def test_same_means_exactly(answer, expected, words):
    assert complaint(same, answer, expected).startswith(f"result {words}")
    same(expected, expected)


@pytest.mark.parametrize("answer", [3, np.int32(3), np.array(3), torch.tensor(3), np.uint8(3)])
def test_same_takes_an_integer_in_any_kind_of_integer(answer):
    same(answer, 3)


def test_array_gives_what_can_be_calculated_with():
    assert array(torch.ones(2, 3), shape=(2, None), dtype="float").tolist() == [[1, 1, 1], [1, 1, 1]]
    assert array(torch.ones(2, dtype=torch.bfloat16), shape=2, dtype=torch.bfloat16).dtype == np.float32
    assert array(np.array(2.0), shape=()).shape == ()
    assert np.isnan(array(np.array([np.nan]), finite=False)).all()


@pytest.mark.parametrize(
    ("answer", "options", "words"),
    [
        (None, {}, "result is None, expected an array. Is a return missing?"),
        (2.0, {"shape": ()}, "result is a float, expected an array with shape ()."),
        ([1.0], {"shape": (1,)}, "result is a list, expected an array with shape (1,). np.array(...) makes one."),
        (np.array(["a"]), {}, "result is a NumPy array, expected numbers in an array."),
        (np.ones((2, 3)), {"shape": (None, 4)}, "result has shape (2, 3), expected (any, 4)."),
        (np.ones(2), {"shape": (2, None)}, "result has shape (2,), expected (2, any)."),
        (np.ones(2), {"dtype": "int"}, "result has dtype float64, expected integers."),
        (np.ones(2), {"dtype": np.float32}, "result has dtype float64, expected float32."),
        (np.array([1, np.nan]), {}, "result is NaN in 1 of 2 entries, the first at index 1."),
    ],
)
def test_array_refuses(answer, options, words):
    assert complaint(array, answer, **options) == words


def test_number_gives_a_finite_float():
    assert [number(x) for x in (2, 2.0, F32(2), np.array(2), torch.tensor(2.0))] == [2.0] * 5
    assert complaint(number, True, what="loss") == "loss is a bool, expected a number."
    assert complaint(number, np.ones(1)) == "result is a NumPy array, expected a number."
    assert complaint(number, math.nan) == "result is NaN."
    assert complaint(number, 1j) == "result is a complex number, expected a number."


def test_unpack_gives_exactly_n_entries():
    assert unpack([1, "a"], 2) == (1, "a")
    assert complaint(unpack, (1, 2, 3), 2) == "result has 3 entries, expected 2."
    assert complaint(unpack, (1,), 2) == "result has 1 entry, expected 2."
    assert complaint(unpack, np.ones(2), 2) == "result is a NumPy array, expected a tuple of 2."
    assert complaint(unpack, None, 2) == "result is None, expected a tuple of 2. Is a return missing?"


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e200, 1e308, 5e-324])
def test_extreme_answers_fail_like_any_other(scale):
    expected = np.random.default_rng(0).normal(size=(5, 3))
    with np.errstate(all="ignore"), pytest.raises(Mismatch):
        close(np.clip(expected * scale, -1.7e308, 1.7e308), expected)
