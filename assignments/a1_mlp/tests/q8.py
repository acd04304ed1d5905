"""Public checks of q8. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q8"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q8: {', '.join(absent)} not defined; run the cell of q8 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the 2-3-2 network on paper: logits and loss", points=0)
def test_small_network(mlp_forward, mlp_loss_and_grads):
    """the 2-3-2 network on paper: logits and loss"""
    defined(locals())
    params = {
        "W1": np.array([[1.0, 0.5, -1.0], [0.5, -1.0, 0.25]]),
        "b1": np.array([0.0, 0.5, 0.0]),
        "W2": np.array([[0.5, -0.25], [1.0, -1.0], [-0.4, 0.6]]),
        "b2": np.array([0.0, 0.5]),
    }
    X, y = np.array([[1.0, 2.0], [-2.0, 2.0]]), np.array([0, 1])
    logits, _ = mlp_forward(params, X, "relu")
    assert near(logits, [[1, 0], [-1, 2]]), f"the logits are [[1, 0], [-1, 2]], yours are {logits}"
    loss, grads = mlp_loss_and_grads(params, X, y, "relu")
    assert near(loss, 0.180925), f"(ln(1 + e^-1) + ln(1 + e^-3)) / 2 = 0.180925, yours is {loss}"
    with_l2, _ = mlp_loss_and_grads(params, X, y, "relu", l2=0.2)
    squares = sum(np.sum(params[name] ** 2) for name in ("W1", "W2"))
    assert near(with_l2, loss + 0.1 * squares), "l2 = 0.2 adds 0.1 times the squares of the weights"
    assert sorted(grads) == ["W1", "W2", "b1", "b2"], f"a gradient for each of W1, b1, W2, b2; yours: {sorted(grads)}"


@test_case(name="the gradients agree with finite differences (a table shows one layer)", points=0)
def test_gradients(mlp_loss_and_grads):
    """the gradients agree with finite differences (a table shows one layer)"""
    defined(locals())
    rng, h = np.random.default_rng(0), 1e-5
    params = {
        "W1": rng.normal(size=(2, 3)),
        "b1": rng.normal(size=3),
        "W2": rng.normal(size=(3, 4)),
        "b2": rng.normal(size=4),
    }
    X, y = rng.normal(size=(5, 2)), np.array([3, 0, 1, 2, 0])
    _, grads = mlp_loss_and_grads(params, X, y, "tanh", l2=0.1)
    print("layer 1     yours      finite difference")
    for name, array in params.items():
        assert np.shape(grads[name]) == array.shape, (
            f"{name} has shape {array.shape}, its gradient {np.shape(grads[name])}"
        )
        for index in np.ndindex(array.shape):
            losses = []
            for step in (h, -h):
                nudged = {key: value.copy() for key, value in params.items()}
                nudged[name][index] += step
                losses.append(mlp_loss_and_grads(nudged, X, y, "tanh", l2=0.1)[0])
            slope, place = (losses[0] - losses[1]) / (2 * h), f"{name}{list(index)}"
            if name in ("W1", "b1"):
                print(f"{place:9} {grads[name][index]:10.6f} {slope:10.6f}")
            assert near(grads[name][index], slope), f"{place}: your gradient is not the slope of your loss"


@test_case(name="init_params: names, shapes, zero biases, spread, and the same numbers from the same seed", points=0)
def test_initialisation(init_params):
    """init_params: names, shapes, zero biases, spread, and the same numbers from the same seed"""
    defined(locals())
    params = init_params([300, 200, 10], "xavier_uniform", np.random.default_rng(0))
    shapes = {name: w.shape for name, w in params.items()}
    expected = {"W1": (300, 200), "b1": (200,), "W2": (200, 10), "b2": (10,)}
    assert shapes == expected, f"expected {expected}, yours are {shapes}"
    assert not params["b1"].any() and not params["b2"].any(), "biases start at 0"
    again = init_params([300, 200, 10], "xavier_uniform", np.random.default_rng(0))
    assert np.array_equal(params["W1"], again["W1"]), "the same rng should give the same weights: draw from rng only"
    ratio = np.var(init_params([300, 200, 10], "he_normal", np.random.default_rng(0))["W1"]) * 300 / 2
    assert 0.9 < ratio < 1.1, f"he_normal: the variance should be 2 / n_in, yours is {ratio:.3f} times that"


@test_case(name="numeric_gradient of x1^2 + 3 x1 x2 at (1, 2), and x put back", points=0)
def test_numeric_gradient(numeric_gradient):
    """numeric_gradient of x1^2 + 3 x1 x2 at (1, 2), and x put back"""
    defined(locals())
    x = np.array([1.0, 2.0])
    yours = numeric_gradient(lambda x: x[0] ** 2 + 3 * x[0] * x[1], x)
    assert near(yours, [8, 3]), f"(2 x1 + 3 x2, 3 x1) = (8, 3), yours is {yours}"
    assert np.array_equal(x, [1, 2]), f"x should be (1, 2) afterwards, it is {x}"
