"""Public checks of q10. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q10"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q10: {', '.join(absent)} not defined; run the cell of q10 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="one step from w = 0 with inputs 1, 2 and labels 0, 1", points=0)
def test_one_newton_step_in_one_dimension(newton_logistic):
    """one step from w = 0 with inputs 1, 2 and labels 0, 1"""
    defined(locals())
    w, history = newton_logistic(np.array([[1.0], [2.0]]), np.array([0, 1]), 0.1, np.zeros(1), 1)
    assert near(w, [0.344828], 1e-5), f"g = -0.25, H = 0.625 + 0.1: w = 0.25 / 0.725 = 0.3448, yours is {w}"
    assert len(history) == 2 and near(history[0], 0.693147), (
        f"history is [ln 2, loss after the step], yours is {history}"
    )


@test_case(name="the Hessian of w0^2 + 3 w0 w1, times (1, 2)", points=0)
def test_a_product_with_a_known_hessian(hvp):
    """the Hessian of w0^2 + 3 w0 w1, times (1, 2)"""
    defined(locals())
    yours = hvp(lambda w: np.array([2 * w[0] + 3 * w[1], 3 * w[0]]), np.array([0.5, -1.0]), np.array([1.0, 2.0]))
    assert near(yours, [8, 3], 1e-5), f"((2, 3), (3, 0)) times (1, 2) is (8, 3), yours is {yours}"


@test_case(name="the 2 x 2 system on paper, in two steps", points=0)
def test_conjugate_gradients_by_hand(conjugate_gradient):
    """the 2 x 2 system on paper, in two steps"""
    defined(locals())
    A, b = np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 4.0])
    x, steps, residual = conjugate_gradient(lambda v: A @ v, b, np.zeros(2), 1e-10, 1)
    assert near(x, [5 / 9, 10 / 9]), f"after one step x is (5/9, 10/9), yours is {x}"
    assert near(residual, np.sqrt(80) / 9), f"and |b - Ax| is 0.9938, yours is {residual}"
    x, steps, residual = conjugate_gradient(lambda v: A @ v, b, np.zeros(2), 1e-10, 10)
    assert near(x, [1, 1]) and steps == 2, f"x = (1, 1) after 2 steps, yours is {x} after {steps}"
