"""Question 4: activations and their derivatives at the pre-activation. Expected values are closed forms in float64."""

import numpy as np
import pytest

from grader.testing import array, close, number, require

pytestmark = pytest.mark.question("q4")

SMOOTH = ("sigmoid", "tanh", "softplus")
RECTIFIERS = ("relu", "leaky_relu")
EVERY = [f"{prefix}{name}" for name in SMOOTH + RECTIFIERS for prefix in ("", "d_")]


def sigmoid(z):
    return np.exp(-np.logaddexp(0.0, -z))


def softplus(z):
    return np.logaddexp(0.0, z)


def d_tanh(z):
    return 1.0 - np.tanh(z) ** 2


def away_from_zero(rng, size):
    """Numbers of both signs that are at least 0.05 away from the corner of the rectifiers."""
    return rng.choice([-1.0, 1.0], size=size) * rng.uniform(0.05, 4.0, size=size)


def under_watch(nb, name, z):
    """Call with floating-point faults as errors; that exp(-1e4) vanishes (underflow) is no fault."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        return getattr(nb, name)(z)


def turned_back(nb, name, z):
    """Call with the transpose, whose entries lie in memory column by column."""
    return getattr(nb, name)(z.T)


@pytest.mark.points(
    0.5,
    hint="Every function keeps the shape (a single number too) and the float dtype, takes integers as well, "
    "and leaves its argument as it was.",
)
def test_shape_and_dtype_are_kept_and_the_input_is_untouched(student, rng):
    box = away_from_zero(rng, (2, 3, 4))
    whole = np.array([-3, -1, 2, 5])
    turned = np.ascontiguousarray(box.T)
    with student.pure():
        for name in EVERY:
            function = getattr(student, name)
            what = f"{name} of float32"
            of_single = array(function(box.astype(np.float32)), shape=(2, 3, 4), dtype=np.float32, what=what)
            of_box = array(function(box), shape=(2, 3, 4), dtype=np.float64, what=f"{name} of float64")
            close(student.run(turned_back, name, turned), of_box, what=f"{name} of an array in another order in memory")
            single = number(function(np.array(box[0, 0, 0])), what=f"{name} of a single number")
            for lone in (np.float32(box[0, 0, 0]), np.array(box[0, 0, 0], np.float32)):
                what = f"{name} of a single number of float32"
                close(function(lone), of_single[0, 0, 0], rtol=1e-5, atol=1e-6, dtype="family", what=what)
            close(function(box[0, 0, :1]), np.array([single]), what=f"{name} of one number in an array")
            as_floats = array(function(whole.astype(float)), shape=(4,), dtype="float", what=name)
            for dtype in (np.int64, np.int8):
                close(function(whole.astype(dtype)), as_floats, dtype="exact", what=f"{name} of integers")


@pytest.mark.points(
    1.0, hint="Compare with the definitions on paper at z = -2, 0 and 3: mind the sign in the exponent."
)
def test_smooth_activations_have_the_right_values(student, rng):
    z = np.append(rng.normal(scale=3.0, size=12), 0.0).reshape(1, 13)
    close(student.sigmoid(z), sigmoid(z), what="sigmoid")
    close(student.tanh(z), np.tanh(z), what="tanh")
    close(student.softplus(z), softplus(z), what="softplus")
    close(student.sigmoid(z.astype(np.float32)), sigmoid(z).astype(np.float32), what="sigmoid of float32")
    close(student.softplus(z.astype(np.float32)), softplus(z).astype(np.float32), what="softplus of float32")


@pytest.mark.points(
    0.5, hint="Negative inputs become 0 (relu) or alpha * z (leaky_relu), with the alpha that is passed."
)
def test_rectifiers_have_the_right_values(student, rng):
    z = np.append(away_from_zero(rng, 10), 0.0)
    close(student.relu(z), np.maximum(z, 0.0), what="relu")
    close(student.leaky_relu(z), np.where(z > 0, z, 0.01 * z), what="leaky_relu")
    alpha = rng.uniform(0.1, 0.4)
    close(student.leaky_relu(z, alpha=alpha), np.where(z > 0, z, alpha * z), what="leaky_relu with another alpha")


@pytest.mark.points(0.75, hint="The argument is the pre-activation z. Does your formula expect z, or the activation a?")
def test_smooth_derivatives_are_taken_at_the_pre_activation(student, rng):
    z = rng.normal(scale=2.0, size=(3, 5))
    close(student.d_sigmoid(z), sigmoid(z) * (1.0 - sigmoid(z)), what="d_sigmoid")
    close(student.d_tanh(z), d_tanh(z), what="d_tanh")
    close(student.d_softplus(z), sigmoid(z), what="d_softplus")


@pytest.mark.points(
    0.25,
    hint="alpha is any number: above 1 the larger of z and alpha z is the wrong one.",
)
def test_leaky_slopes_above_one_and_below_zero(student, rng):
    z = np.append(away_from_zero(rng, 10), [-1.0, 1.0])
    for alpha in (rng.uniform(1.5, 3.0), rng.uniform(-2.0, -0.5)):
        says = "with alpha above 1" if alpha > 0 else "with alpha below 0"
        close(student.leaky_relu(z, alpha=alpha), np.where(z > 0, z, alpha * z), what=f"leaky_relu {says}")
        close(student.d_leaky_relu(z, alpha=alpha), np.where(z > 0, 1.0, alpha), what=f"d_leaky_relu {says}")


@pytest.mark.points(0.5, hint="A rectifier has slope 1 on the right, and 0 (relu) or alpha (leaky_relu) on the left.")
def test_rectifiers_have_a_constant_slope_on_either_side(student, rng):
    z = np.append(away_from_zero(rng, 12), [1e-9, -1e-9])
    alpha = rng.uniform(0.1, 0.4)
    close(student.d_relu(z), np.where(z > 0, 1.0, 0.0), what="d_relu")
    close(student.d_leaky_relu(z), np.where(z > 0, 1.0, 0.01), what="d_leaky_relu")
    close(student.d_leaky_relu(z, alpha=alpha), np.where(z > 0, 1.0, alpha), what="d_leaky_relu with another alpha")
    corner = [student.d_relu(np.zeros(2)), student.d_leaky_relu(np.zeros(2), alpha=alpha)]
    for slope, lowest in zip(corner, (0.0, alpha), strict=True):  # any slope between the two sides is a right answer
        slope = array(slope, shape=(2,), what="the slope at 0")
        inside = bool(np.all((slope >= lowest) & (slope <= 1.0)))
        require(inside, "the slope at 0 lies outside the slopes of both sides")


@pytest.mark.points(
    0.75,
    hint="exp of a large positive number overflows: rewrite the formula so that exp only sees numbers <= 0. "
    "np.where computes both branches. Very small results must not become 0.",
)
def test_large_inputs_neither_overflow_nor_lose_the_tails(student, rng):
    middle = rng.uniform(40.0, 700.0, size=3)
    far = np.concatenate([middle, -middle, [-1e4, 1e4, -700.0, 700.0, -40.0, 40.0]])
    for name, expected in [("sigmoid", sigmoid(far)), ("softplus", softplus(far))]:
        close(student.run(under_watch, name, far), expected, rtol=1e-9, atol=0.0, what=f"{name} far from 0")
    near = np.linspace(9.0, 26.0, 35)  # where an approximation for large z first shows
    near = np.concatenate([near, -near]) + rng.uniform(-0.2, 0.2)
    for name, expected in [("sigmoid", sigmoid(near)), ("softplus", softplus(near))]:
        close(student.run(under_watch, name, near), expected, rtol=1e-12, atol=0.0, what=f"{name} between 9 and 26")
    expected = {"tanh": np.tanh(far), "d_tanh": 0.0 * far, "d_softplus": sigmoid(far)}
    expected["d_sigmoid"] = sigmoid(far) * sigmoid(-far)
    for name, values in expected.items():
        close(student.run(under_watch, name, far), values, what=f"{name} far from 0")
    for name, values in {"sigmoid": sigmoid(far), "softplus": softplus(far), **expected}.items():
        answer = student.run(under_watch, name, far.astype(np.float32))  # whose exp overflows from 89 on
        close(answer, values.astype(np.float32), what=f"{name} of float32 far from 0")
    for name in ("relu", "leaky_relu", "d_relu", "d_leaky_relu"):
        array(student.run(under_watch, name, far), shape=far.shape, what=f"{name} far from 0")


@pytest.mark.points(
    0.75,
    hint="Draw the functions: softplus has the slope sigmoid, tanh(z) = 2 sigmoid(2z) - 1, and each d_ function is the "
    "slope of its own function.",
)
def test_the_functions_fit_together(student, rng):
    z, h = away_from_zero(rng, (3, 4)), 1e-5
    alpha = rng.uniform(0.1, 0.4)

    def ask(name, at, **options):
        return array(getattr(student, name)(at, **options), shape=z.shape, dtype="float", what=name)

    def is_zero(gap, what, atol=1e-9):
        close(gap, np.zeros(z.shape), atol=atol, what=what)

    with np.errstate(all="ignore"):
        is_zero(ask("d_softplus", z) - ask("sigmoid", z), "d_softplus(z) - sigmoid(z)")
        is_zero(ask("tanh", z) - 2.0 * ask("sigmoid", 2.0 * z) + 1.0, "tanh(z) - 2 sigmoid(2z) + 1")
        is_zero(ask("sigmoid", z) + ask("sigmoid", -z) - 1.0, "sigmoid(z) + sigmoid(-z) - 1")
        is_zero(ask("relu", z) - ask("relu", -z) - z, "relu(z) - relu(-z) - z")
        is_zero(ask("leaky_relu", z, alpha=1.0) - z, "leaky_relu with alpha = 1 minus z")
        for name, options in [*((name, {}) for name in SMOOTH), ("relu", {}), ("leaky_relu", {"alpha": alpha})]:
            slope = (ask(name, z + h, **options) - ask(name, z - h, **options)) / (2.0 * h)
            is_zero(ask(f"d_{name}", z, **options) - slope, f"d_{name} minus the slope of {name}", atol=1e-6)
