"""Public checks of q11. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q11"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q11: {', '.join(absent)} not defined; run the cell of q11 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="of 1000 x 50 ones three in ten are dropped, and the mean stays 1", points=0)
def test_share_and_mean(dropout_forward):
    """of 1000 x 50 ones three in ten are dropped, and the mean stays 1"""
    defined(locals())
    Y, mask = dropout_forward(np.ones((1000, 50)), 0.3, np.random.default_rng(0), True)
    share = np.mean(np.asarray(Y) == 0)
    assert abs(share - 0.3) < 0.02, f"a share of 0.3 is to be dropped, yours is {share}"
    assert abs(np.mean(Y) - 1) < 0.02, f"the mean stays 1, yours is {np.mean(Y)}"
    assert near(Y, mask), (
        f"of ones the result is the mask itself, 0 or 1/0.7; yours begins with {np.asarray(mask)[0, :3]}"
    )


@test_case(name="without train: dropout changes nothing, DropConnect is a plain linear layer", points=0)
def test_nothing_is_dropped_at_test_time(dropout_forward, dropconnect_forward):
    """without train: dropout changes nothing, DropConnect is a plain linear layer"""
    defined(locals())
    X, W, b = (
        np.array([[1.0, -2.0], [0.5, 3.0]]),
        np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]]),
        np.array([0.0, 1.0, 0.0]),
    )
    rng = np.random.default_rng(0)
    Y, mask = dropout_forward(X, 0.5, rng, False)
    assert near(Y, X) and mask is None, f"X and None are due, yours are {Y} and {mask}"
    Z, _ = dropconnect_forward(X, W, b, 0.5, rng, False)
    assert near(Z, X @ W + b), f"X W + b is due, yours is {Z}"


@test_case(name="the gradient of the example on paper", points=0)
def test_dropout_gradient_by_hand(dropout_backward):
    """the gradient of the example on paper"""
    defined(locals())
    dX = dropout_backward(np.array([1.0, 1.0, 1.0]), np.array([1.25, 0.0, 1.25]))
    assert near(dX, [1.25, 0, 1.25]), f"(1.25, 0, 1.25) is due, yours is {dX}"


@test_case(name="DropConnect: each output weight is 0 or enlarged, and the gradient of a dropped one is 0", points=0)
def test_dropped_weights_get_no_gradient(dropconnect_forward, dropconnect_backward):
    """DropConnect: each output weight is 0 or enlarged, and the gradient of a dropped one is 0"""
    defined(locals())
    W, X = np.full((3, 4), 2.0), np.eye(3)
    Y, cache = dropconnect_forward(X, W, np.zeros(4), 0.5, np.random.default_rng(3), True)
    Y = np.asarray(Y)
    assert np.all((Y == 0) | (Y == 4)), f"with X the identity Y is the masked W, 0 or 2 / 0.5 = 4; yours is {Y}"
    dX, dW, db = dropconnect_backward(np.ones((3, 4)), cache)
    assert near(dW, Y / 2), f"dW is the mask, 0 or 2, here; yours is {dW}"
    assert near(db, [3, 3, 3, 3]), f"db is the sum over three samples; yours is {db}"
