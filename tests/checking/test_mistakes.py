"""Each known mistake is recognised where it was made, and never in noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.checking.compare import Mismatch, close, same
from grader.checking.mistakes import Case, name

E = np.random.default_rng(5).normal(size=(5, 7))
P = np.abs(E) / (1 + np.abs(E))  # positive, below 1
SQUARE = np.random.default_rng(6).normal(size=(6, 6))
CUBE = np.random.default_rng(7).normal(size=(3, 3, 3))
HEADS = np.random.default_rng(8).normal(size=(2, 3, 4, 5))
WALK = list(np.random.default_rng(9).normal(size=9))
MASK = np.random.default_rng(10).random((6, 9)) < 0.4
EVEN = np.arange(9) % 2 == 0
LABELS = np.random.default_rng(11).integers(0, 9, 30)
ROWS, COLUMNS = np.arange(1.0, 6)[:, None] ** 2, np.arange(1.0, 8) ** 2
SOFT = np.exp(E) / np.exp(E).sum(1, keepdims=True)
PHASES = E + 1j * E[::-1]


def words(answer, expected, judge=close, **options):
    with pytest.raises(Mismatch) as caught:
        judge(answer, expected, **options)
    assert str(caught.value).startswith("result ")
    return str(caught.value).removeprefix("result ")


@pytest.mark.parametrize(
    ("answer", "factors", "says"),
    [
        (-E, {}, "has the wrong sign."),
        (E * 2, {}, "is too large by the factor 2."),
        (E / 2, {}, "is too small by the factor 2."),
        (E * 12, {}, "is too large by the factor 12."),
        (E * -2, {}, "has the wrong sign and is too large by the factor 2."),
        (E * 5, {}, "is too large by the factor 5, which is also the length of axis 0."),
        (E / 7, {}, "is too small by the factor 7, which is also the length of axis 1."),
        (E * 6, {}, "is too large by the factor 6, which is also the length of axis 1 minus 1."),
        (E / 35, {}, "is too small by the factor 35, which is also the number of entries."),
        (E * 5**0.5, {}, "is too large by the factor sqrt(n) with n = 5, the length of axis 0."),
        (E * 5 / 4, {}, "is too large by the factor n/(n - 1) with n = 5, the length of axis 0."),
        (E * (6 / 7) ** 0.5, {}, "is too small by the factor sqrt(n/(n - 1)) with n = 7, the length of axis 1."),
        (E * 2**0.5, {}, "is too large by the factor sqrt(2)."),
        (E / np.log(2), {}, "is too large by the factor 1/ln 2, as between logarithms to base 2 and e."),
        (E / np.log(10), {}, "is too small by the factor ln 10, as between logarithms to base e and 10."),
        (E * 1.37, {}, "is too large by one constant factor."),
        (E * -0.37, {}, "has the wrong sign and is too small by one constant factor."),
        (E * 5, {"batch size N": 5}, "is too large by the factor batch size N."),
        (E / 4, {"batch size N": 4, "sqrt(d)": 4.0}, "is too small by the factor batch size N or sqrt(d)."),
        (E / 0.8, {"1 - p": 0.8}, "is too large by the factor 1/(1 - p)."),
        (E * 5, {"heads": 3}, "is too large by the factor 5, which is also the length of axis 0."),
    ],
)
def test_a_constant_factor_is_named(answer, factors, says):
    assert words(answer, E, factors=factors) == says


@pytest.mark.parametrize("factor", [1 + 5e-6, 1 - 3e-6, 1e-20])
def test_one_factor_that_is_no_mistake_of_anybody_is_not_said_to_change_along_an_axis(factor):
    assert "changes along" not in words(E * factor, E, rtol=1e-9, atol=0.0)


def test_a_factor_may_be_the_product_of_some_axes():
    says = "is too large by the factor 20, which is also the lengths of axes 2 and 3 multiplied."
    assert words(HEADS * 20, HEADS) == says


@pytest.mark.parametrize(
    ("answer", "expected", "says"),
    [
        (E + 1, E, "is too large by 1 in every entry."),
        (E - 0.3, E, "is too small by the same constant in every entry."),
        (np.abs(E), E, "has lost its signs: it is |x| where x is expected."),
        (np.maximum(E, 0), E, "is zero wherever a negative value is expected, and right elsewhere."),
        (1 - P, P, "is the complement: 1 - x where x is expected."),
        (1 / P, P, "is the reciprocal: 1 / x where x is expected."),
        (P**2, P, "is squared: x**2 where x is expected."),
        (np.sqrt(P), P, "is the square root of what is expected."),
        (np.log(P), P, "is the logarithm of what is expected."),
        (-np.log(P), P, "is the negative logarithm of what is expected."),
        (np.exp(E), E, "is the exponential of what is expected."),
        (1 / (1 + np.exp(-E)), E, "is the sigmoid of what is expected."),
        (E, 1 / (1 + np.exp(-E)), "is what is expected before the sigmoid."),
        (np.tanh(E), E, "is the tanh of what is expected."),
        (E, np.tanh(E), "is what is expected before the tanh."),
        (PHASES.conj(), PHASES, "is the complex conjugate of what is expected."),
        (-PHASES, PHASES, "has the wrong sign."),
    ],
)
def test_a_change_of_every_entry_is_named(answer, expected, says):
    assert words(answer, expected) == says


@pytest.mark.parametrize(
    ("answer", "expected", "says"),
    [
        (SQUARE.T, SQUARE, "is the transpose of what is expected."),
        (CUBE.swapaxes(0, 2), CUBE, "is what is expected with axes 0 and 2 swapped."),
        (CUBE.transpose(1, 2, 0), CUBE, "is what is expected with its axes in the order (1, 2, 0)."),
        (
            HEADS.transpose(0, 2, 1, 3).reshape(HEADS.shape),
            HEADS,
            "holds the right numbers in the wrong places: a reshape does not swap axes, a transpose does.",
        ),
        (
            E.reshape(7, 5).T,
            E,
            "holds the right numbers in the wrong places: a reshape does not swap axes, a transpose does.",
        ),
        (E[::-1], E, "is what is expected, reversed along axis 0."),
        (HEADS[..., ::-1, ::-1], HEADS, "is what is expected, reversed along axes 2 and 3."),
        (E[::-1, ::-1], E, "is what is expected, reversed along axes 0 and 1."),
        (WALK[::-1], WALK, "is what is expected, reversed."),
        (np.roll(E, 1, 0), E, "is what is expected, rolled by 1 along axis 0."),
        (np.roll(E, -1, 1), E, "is what is expected, rolled by -1 along axis 1."),
        (np.pad(E, ((1, 0), (0, 0)))[:-1], E, "is what is expected, one step too late along axis 0."),
        (np.pad(E, ((0, 0), (0, 1)))[:, 1:], E, "is what is expected, one step too early along axis 1."),
        ([0.5, *WALK[:-1]], WALK, "is what is expected, one step too late."),
        (E[[2, 0, 1, 4, 3]], E, "holds the right slices along axis 0, in another order."),
        (E[:, [2, 0, 1, 4, 3, 6, 5]], E, "holds the right slices along axis 1, in another order."),
        (np.sort(E, axis=None).reshape(E.shape), E, "holds the right entries in another order."),
        (np.cumsum(E, 1), E, "is the running sum along axis 1 of what is expected."),
        (E, np.cumsum(E, 0), "is the step from entry to entry along axis 0 of what is expected."),
        (np.cumsum(WALK), np.array(WALK), "is the running sum of what is expected."),
    ],
)
def test_right_entries_in_wrong_places_are_recognised(answer, expected, says):
    assert words(answer, expected) == says


@pytest.mark.parametrize(
    ("answer", "expected", "says"),
    [
        (E * ROWS, E, "is off by a factor that changes along axis 0 only."),
        (E * COLUMNS, E, "is off by a factor that changes along axis 1 only."),
        (np.exp(E), SOFT, "is off by a factor that changes along axis 0 only."),
        (E + COLUMNS, E, "is off by an added constant that changes along axis 1 only."),
        (HEADS * HEADS[:, :1] ** 2, HEADS, "is off by a factor that does not change along axis 1."),
        (HEADS + HEADS.mean(3, keepdims=True), HEADS, "is off by an added constant that does not change along axis 3."),
        (np.exp(E) / np.exp(E).sum(0), SOFT, "sums to 1 along axis 0, but should along axis 1."),
        (SOFT**2 + 0.1 * P, SOFT, "does not sum to 1 along axis 1, as it should."),
        (E**3 - (E**3).mean(1, keepdims=True), E - E.mean(0), "has mean 0 along axis 1, but should along axis 0."),
    ],
)
def test_a_rule_per_slice_is_recognised(answer, expected, says):
    assert words(answer, expected) == says


@pytest.mark.parametrize(
    ("answer", "expected", "says"),
    [
        (~MASK, MASK, "is the opposite of what is expected, in every entry."),
        (MASK & False, MASK, "is False everywhere."),
        (MASK | EVEN, MASK, "is True in some places where False is expected, and right elsewhere."),
        (MASK & ~EVEN, MASK, "is False in some places where True is expected, and right elsewhere."),
        (np.roll(MASK, 1, 1), MASK, "is what is expected, rolled by 1 along axis 1."),
        (LABELS + 1, LABELS, "is too large by 1 in every entry."),
        (LABELS[::-1], LABELS, "is what is expected, reversed."),
    ],
)
def test_bools_and_integers_are_diagnosed_too(answer, expected, says):
    assert words(answer, expected, same) == says


@pytest.mark.parametrize(
    ("answer", "expected", "factors", "says"),
    [
        (0.8463 * 5, 0.8463, {}, "is too large by the factor 5."),
        (0.8463 / 5, 0.8463, {"batch size N": 5}, "is too small by the factor batch size N."),
        (-0.8463, 0.8463, {}, "has the wrong sign."),
        (np.float32(0.8463) * 3, np.float32(0.8463), {}, "is too large by the factor 3."),
        (np.sqrt(0.8463), 0.8463, {}, "is the square root of what is expected."),
        (0.8463 * 1.37, 0.8463, {}, "differs from the expected number."),
        (0.8463 + 0.3, 0.8463, {}, "differs from the expected number."),
        (2.0, 1.0, {"batch size N": 2}, "differs from the expected number."),
        (0.5, 0.25, {}, "differs from the expected number."),
        (6, 3, {}, "differs from the expected number."),
    ],
)
def test_a_single_number_is_explained_only_when_no_accident_could(answer, expected, factors, says):
    assert words(answer, expected, factors=factors) == says


def test_what_fits_by_accident_is_not_claimed():
    says = "differs from what is expected in 3 of 3 entries, the first at index 0."
    assert words(np.full(3, 4.5) + [0, 0, 1e-9], np.full(3, 1.5)) == says  # equal entries: a factor? an offset?
    assert words(np.array([2, 4, 6]), np.array([1, 2, 3])) == says
    assert words(np.array([True, False, True]), np.array([False, True, False])) == says


@settings(deadline=None)
@given(st.data())
def test_noise_is_never_explained(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    shape = tuple(data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    near = data.draw(st.sampled_from([1e-9, 1e-6, 1e-4, 1e-3]))
    atol = data.draw(st.sampled_from([0.0, 1e-12, 1e-6, 1.0]))
    draw = data.draw(
        st.sampled_from(
            [
                lambda: rng.normal(size=shape),
                lambda: rng.random(size=shape),
                lambda: rng.normal(size=shape) ** 7,
                lambda: rng.integers(0, 10, shape).astype(float),
                lambda: (rng.random(shape) < 0.3).astype(float),
                lambda: np.where(rng.random(shape) < 0.5, rng.normal(size=shape), 0),
            ]
        )
    )
    factors = {"N": 5, "sqrt(d)": 2.0, "1 - p": 0.8}
    expected, noise = draw(), draw()
    assert name(Case(noise, expected, near, atol, factors)) is None
    assert name(Case(np.where(rng.random(shape) < 0.5, expected, noise), expected, near, atol, factors)) is None


@settings(deadline=None)
@given(st.data())
def test_a_mistake_is_found_in_every_shape_and_precision(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    shape = tuple(data.draw(st.lists(st.integers(4, 7), min_size=2, max_size=3)))
    expected = rng.normal(size=shape).astype(data.draw(st.sampled_from([np.float64, np.float32])))
    axis = data.draw(st.integers(0, len(shape) - 1))
    assert words(-expected, expected) == "has the wrong sign."
    assert words(expected * 13, expected, factors={"N": 13}) == "is too large by the factor N."
    assert words(expected[::-1], expected) == "is what is expected, reversed along axis 0."
    assert f"{shape[axis]}, which is also the length of axis" in words(expected * shape[axis], expected)
    assert words(expected + 3, expected) == "is too large by the same constant in every entry."


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda x: -x, "has the wrong sign."),
        (lambda x: x[::-1], "is what is expected, reversed along axis 0."),
        (lambda x: np.where(np.arange(x.size).reshape(x.shape) == 77, -x, x), "is wrong in one entry only, at index"),
        (lambda x: x + np.sin(np.arange(x.size)).reshape(x.shape), "differs from what is expected in"),
    ],
)
def test_a_large_array_is_diagnosed_from_a_sample_and_checked_in_full(mistake, says):
    expected = np.random.default_rng(0).normal(size=(1100, 1000))
    assert words(mistake(expected), expected).startswith(says)
