"""What is said of a wrong shape, of a wrong region, and of how far off an answer is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.checking.compare import Mismatch, close
from grader.checking.diagnosis import of_shape, of_values, places

RNG = np.random.default_rng(3)
E = RNG.normal(size=(6, 8))
NOISE = RNG.normal(size=(6, 8))
ROW, COLUMN = np.ogrid[:6, :8]
SPARSE = np.where(RNG.random((6, 8)) < 0.5, E, 0)


def words(answer, expected, **options):
    with pytest.raises(Mismatch) as caught:
        close(answer, expected, **options)
    return str(caught.value).removeprefix("result ")


@pytest.mark.parametrize(
    ("got", "asked", "reason"),
    [
        ((0, 8), (6, 8), "it is empty"),
        ((8, 6), (6, 8), "it looks transposed"),
        ((3, 4, 2), (2, 3, 4), "the axes are in another order"),
        ((1, 6), (6,), "an axis of length 1 is too many (keepdims?)"),
        ((6,), (6, 1), "an axis of length 1 is missing (keepdims?)"),
        ((6,), (1, 6, 1), "axes of length 1 are missing"),
        ((1, 6, 1), (6,), "axes of length 1 are too many"),
        ((6, 1), (1, 6), "it looks transposed"),
        ((6, 3), (6, 8, 3), "an axis of length 8 is missing (summed or averaged away?)"),
        ((6, 8, 3), (6, 3), "an axis of length 8 is too many (not summed or averaged?)"),
        ((48,), (6, 8), "the number of entries is right, a reshape is missing or wrong"),
        ((6, 7), (6, 8), "axis 1 is too short by 1"),
        ((8, 8), (6, 8), "axis 0 is too long by 2"),
        ((2, 4, 5), (2, 6, 7), "axes 1 and 2 are too short by 2"),
    ],
)
def test_a_wrong_shape_is_explained(got, asked, reason):
    assert words(np.ones(got), np.ones(asked) * 2) == f"has shape {got}, expected {asked}: {reason}."


def test_a_shape_without_a_likely_reason_is_only_stated():
    assert of_shape(np.ones((2, 3)), np.ones((4, 7))) == "has shape (2, 3), expected (4, 7)."


@pytest.mark.parametrize(
    ("answer", "expected", "reason"),
    [
        (E.T, E, "it is the transpose of what is expected"),
        (np.ones((4, 2, 3)), np.ones((2, 3, 4)), "it is what is expected with its axes in the order (2, 0, 1)"),
        (E[:, None].swapaxes(0, 1), E[:, None], "it is what is expected with axes 0 and 1 swapped"),
        (np.array([["a"], ["b"]]), np.ones((1, 2)), "it looks transposed"),
    ],
)
def test_equal_values_make_sure_of_a_transposition(answer, expected, reason):
    says = f"has shape {answer.shape}, expected {expected.shape}: {reason}."
    if answer.dtype.kind == "f":
        assert words(answer, expected) == says
        assert words(answer + NOISE.ravel()[: answer.size].reshape(answer.shape), expected) != says


@pytest.mark.parametrize(
    ("region", "says"),
    [
        ((ROW == 0) & (COLUMN == 0), "is wrong in the first entry only, at index (0, 0)."),
        ((ROW == 5) & (COLUMN == 7), "is wrong in the last entry only, at index (5, 7)."),
        ((ROW == 2) & (COLUMN == 3), "is wrong in one entry only, at index (2, 3)."),
        ((ROW == 2) & (COLUMN < 9), "is wrong only at index 2 of axis 0, and right elsewhere."),
        ((ROW < 9) & (COLUMN == 7), "is wrong only at index 7 of axis 1, and right elsewhere."),
        ((ROW % 5 == 0) | (COLUMN % 7 == 0), "is wrong only at the border of the last two axes: look at the padding."),
        ((ROW == COLUMN), "is wrong only on the diagonal of the last two axes."),
        ((ROW != COLUMN), "is wrong only off the diagonal of the last two axes."),
        ((ROW < COLUMN), "is wrong only above the diagonal of the last two axes."),
        ((ROW > COLUMN), "is wrong only below the diagonal of the last two axes."),
        ((ROW <= COLUMN), "is wrong only on and above the diagonal of the last two axes."),
        ((ROW < 9) & (COLUMN >= 3), "is right before index 3 of axis 1 and wrong from there on."),
        ((ROW < 4) & (COLUMN >= 0), "is wrong before index 4 of axis 0 and right from there on."),
        ((E < 0), "is wrong exactly where a negative value is expected."),
        ((E > 0), "is wrong exactly where a positive value is expected."),
        (
            (ROW % 2 == 0) & (COLUMN % 3 == 1),
            "differs from what is expected in 9 of 48 entries, the first at index (0, 1).",
        ),
    ],
)
def test_a_wrong_region_is_named(region, says):
    assert words(np.where(region, NOISE, E), E) == says


def test_zeros_in_the_wrong_places_are_named():
    says = "is not zero in some places where zero is expected, and right elsewhere."
    assert words(np.where(SPARSE == 0, NOISE, SPARSE), SPARSE) == says
    says = f"is not zero in {(SPARSE == 0).sum()} of the {(SPARSE == 0).sum()} places where zero is expected, and wrong"
    assert words(NOISE, SPARSE) == f"{says} elsewhere too."
    says = "is zero in some places where it should not be, and right elsewhere."
    assert words(np.where((ROW + COLUMN) % 3 == 0, 0, E), E) == says
    assert words(np.zeros_like(E), E) == "is zero everywhere."
    assert words(np.full_like(E, 3.5), E) == "is the same number in every entry."


ALL = "differs from what is expected in 48 of 48 entries, the first at index (0, 0)"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            E * (1 + 1e-7 * NOISE),
            f"{ALL}, but only in the last digits, as if calculated in float32 or with an extra epsilon.",
        ),
        (E * (1 + 1e-3 * np.sign(NOISE)), f"{ALL}, but by less than 1 %."),
        (NOISE, f"{ALL}."),
        (NOISE * 1e3, f"{ALL}; on the whole it is more than 100 times too large."),
        (NOISE * 1e-3, f"{ALL}; on the whole it is more than 100 times too small."),
    ],
)
def test_an_unexplained_difference_is_said_by_its_size(answer, says):
    assert words(answer, E) == says


def test_a_single_number_is_said_by_its_size_too():
    assert words(0.84631, 0.8463) == "differs from the expected number, but by less than 1 %."
    assert words(84.9, 0.0123) == "differs from the expected number; on the whole it is more than 100 times too large."


def test_float32_where_float64_is_asked_is_seen():
    says = words(E.astype(np.float32), E)
    assert says.endswith("but only in the last digits, as if calculated in float32 or with an extra epsilon.")


def test_places_are_counted_and_the_first_is_given():
    assert places(np.array([False, True, True])) == "2 of 3 entries, the first at index 1"
    assert places(np.eye(2, dtype=bool)[::-1]) == "2 of 4 entries, the first at index (0, 1)"


values = st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e-300, 1e300, -1.7e308, 3.14159, 2.0**53])


@settings(deadline=None)
@given(st.data())
def test_every_pair_of_finite_arrays_gets_a_sentence(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), max_size=5)))
    size = int(np.prod(shape))
    a, e = (np.array(data.draw(st.lists(values, min_size=size, max_size=size))).reshape(shape) for _ in "ae")
    wrong = np.asarray(a != e)
    if data.draw(st.booleans()):
        a, e = a + 1j * e, e + 0j
    if wrong.any():
        says = of_values(a, e, wrong, 1e-9, 0.0, 0.0, {"N": 5})
        assert says.endswith(".") and says[0].islower()


@given(st.lists(st.integers(0, 4), max_size=5), st.lists(st.integers(0, 4), max_size=5))
def test_every_pair_of_shapes_gets_a_sentence(got, asked):
    says = of_shape(np.ones(got), np.ones(asked))
    assert says.startswith(f"has shape {tuple(got)}, expected {tuple(asked)}") and says.endswith(".")
