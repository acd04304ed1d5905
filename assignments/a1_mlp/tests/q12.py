"""Public checks of q12. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q12"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q12: {', '.join(absent)} not defined; run the cell of q12 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the batch (1, 3, 5, 7): result and running statistics", points=0)
def test_batch_by_hand(BatchNorm1d):
    """the batch (1, 3, 5, 7): result and running statistics"""
    defined(locals())
    layer = BatchNorm1d(1, eps=0.0)
    y = layer.forward(np.array([[1.0], [3.0], [5.0], [7.0]]), train=True)
    assert near(y, np.array([[-3.0], [-1.0], [1.0], [3.0]]) / np.sqrt(5)), (
        f"(-3, -1, 1, 3) / sqrt(5) is due, yours is {np.ravel(y)}"
    )
    assert near(layer.running_mean, [0.4]), f"running_mean is 0.1 * 4, yours is {layer.running_mean}"
    assert near(layer.running_var, [1.566667], 1e-5), f"running_var is 0.9 + 0.1 * 20/3, yours is {layer.running_var}"


@test_case(name="the gradient of the first result; beta's and gamma's", points=0)
def test_gradient_by_hand(BatchNorm1d):
    """the gradient of the first result; beta's and gamma's"""
    defined(locals())
    layer = BatchNorm1d(1, eps=0.0)
    layer.forward(np.array([[1.0], [3.0], [5.0], [7.0]]), train=True)
    dX = layer.backward(np.array([[1.0], [0.0], [0.0], [0.0]]))
    assert near(dX, np.array([[0.3], [-0.4], [-0.1], [0.2]]) / np.sqrt(5)), (
        f"(0.3, -0.4, -0.1, 0.2) / sqrt(5) is due, yours is {np.ravel(dX)}"
    )
    assert near(layer.dbeta, [1.0]), f"dbeta is 1, yours is {layer.dbeta}"
    assert near(layer.dgamma, [-3 / np.sqrt(5)]), f"dgamma is the first xhat, -1.3416, yours is {layer.dgamma}"


@test_case(name="without train a single row works, and uses the running statistics", points=0)
def test_one_row_at_test_time(BatchNorm1d):
    """without train a single row works, and uses the running statistics"""
    defined(locals())
    layer = BatchNorm1d(3)
    y = layer.forward(np.array([[1.0, -2.0, 0.5]]), train=False)
    assert near(y, [[1.0, -2.0, 0.5]], 1e-4), f"running mean 0 and variance 1 change next to nothing; yours gives {y}"
