"""Public checks of q2. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q2: {', '.join(absent)} not defined; run the cell of q2 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="two steps of one unit, forward and backward, as on paper", points=0)
def test_two_steps_on_paper(rnn_forward, rnn_backward):
    """two steps of one unit, forward and backward, as on paper"""
    defined(locals())
    x, h0 = np.array([[[0.0], [np.log(3)]]]), np.zeros((1, 1))
    h, cache = rnn_forward(x, h0, np.array([[1.0]]), np.array([[2 * np.log(3)]]), np.zeros(1), "sigmoid")
    assert near(h, [[[0.5], [0.9]]]), f"the states are 1/2 and 9/10, yours are {h}"
    grads = rnn_backward(np.array([[[0.0], [1.0]]]), cache)
    assert near(grads["dWh"], [[0.045]]), f"dWh = h0 * 0.049438 + h1 * 0.09 = 0.045, yours is {grads['dWh']}"
    assert near(grads["db"], [0.139438], 1e-5), f"db = 0.049438 + 0.09 = 0.139438, yours is {grads['db']}"


@test_case(name="a batch of 2 sequences of 3 steps, 4 features, 5 units: all shapes", points=0)
def test_shapes_of_states_and_gradients(rnn_forward, rnn_backward):
    """a batch of 2 sequences of 3 steps, 4 features, 5 units: all shapes"""
    defined(locals())
    rng = np.random.default_rng(0)
    x, h0, Wx, Wh = rng.normal(size=(2, 3, 4)), np.zeros((2, 5)), rng.normal(size=(4, 5)), rng.normal(size=(5, 5))
    h, cache = rnn_forward(x, h0, Wx, Wh, np.zeros(5), "tanh")
    assert np.shape(h) == (2, 3, 5), f"h is (B, T, H) = (2, 3, 5), yours is {np.shape(h)}"
    grads = rnn_backward(np.ones((2, 3, 5)), cache)
    shapes = {name: np.shape(grad) for name, grad in grads.items()}
    expected = {"dx": (2, 3, 4), "dh0": (2, 5), "dWx": (4, 5), "dWh": (5, 5), "db": (5,)}
    assert shapes == expected, f"the gradients have the shapes {expected}, yours {shapes}"


@test_case(name="dWh agrees with finite differences (a table shows the first row)", points=0)
def test_slope_of_the_recurrent_weights(rnn_forward, rnn_backward):
    """dWh agrees with finite differences (a table shows the first row)"""
    defined(locals())
    rng, step = np.random.default_rng(1), 1e-5
    x, h0, b = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 3)), rng.normal(size=3)
    Wx, Wh, dh = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=(2, 4, 3))
    yours = rnn_backward(dh, rnn_forward(x, h0, Wx, Wh, b, "tanh")[1])["dWh"]
    print("dWh         yours      finite difference")
    for index in np.ndindex(3, 3):
        losses = []
        for nudge in (step, -step):
            other = Wh.copy()
            other[index] += nudge
            losses.append(np.sum(dh * rnn_forward(x, h0, Wx, other, b, "tanh")[0]))  # its gradient in h is dh
        slope = (losses[0] - losses[1]) / (2 * step)
        if index[0] == 0:
            print(f"{list(index)!s:9} {yours[index]:10.6f} {slope:10.6f}")
        assert near(yours[index], slope), f"dWh{list(index)}: the slope is {slope:.6f}, yours is {yours[index]:.6f}"
