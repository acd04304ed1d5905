"""Public checks of q4. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q4: {', '.join(absent)} not defined; run the cell of q4 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="one step of one unit, forward and backward, as on paper", points=0)
def test_one_lstm_step_on_paper(lstm_forward, lstm_backward):
    """one step of one unit, forward and backward, as on paper"""
    defined(locals())
    Wx = np.log([[3.0, 1.0, 3.0, 4.0]])
    h, c, cache = lstm_forward(
        np.ones((1, 1, 1)), np.zeros((1, 1)), np.full((1, 1), 0.8), Wx, np.zeros((1, 4)), np.zeros(4)
    )
    assert near(c, [[[1.0]]]), f"the cell is 0.5 * 0.8 + 0.75 * 0.8 = 1, yours is {c}"
    assert near(h, [[[0.609275]]]), f"the state is 0.8 tanh 1 = 0.609275, yours is {h}"
    grads = lstm_backward(np.ones((1, 1, 1)), np.zeros((1, 1)), cache)
    assert near(grads["db"][1], 0.067196), f"the forget gate's gradient is 0.067196, yours is {grads['db'][1]}"
    assert near(grads["dc0"], [[0.167990]]), f"dc0 = 0.335979 / 2 = 0.167990, yours is {grads['dc0']}"


@test_case(name="with f = 1 and i = 0 a cell keeps its content and its gradient for 50 steps", points=0)
def test_carousel(lstm_forward, lstm_backward):
    """with f = 1 and i = 0 a cell keeps its content and its gradient for 50 steps"""
    defined(locals())
    b = np.array([-100.0, 100.0, 0.0, 0.0])
    _, c, cache = lstm_forward(
        np.zeros((1, 50, 2)), np.zeros((1, 1)), np.array([[0.7]]), np.zeros((2, 4)), np.zeros((1, 4)), b
    )
    assert near(c[0, -1], [0.7]), f"the cell starts at 0.7 and should still be 0.7, yours is {c[0, -1]}"
    dc0 = lstm_backward(np.zeros((1, 50, 1)), np.array([[3.0]]), cache)["dc0"]
    assert near(dc0, [[3.0]]), f"a gradient of 3 at the last cell should arrive as 3 at the first, yours is {dc0}"


@test_case(name="a batch of 2 sequences of 3 steps, 4 features, 5 units: all shapes, and the bias", points=0)
def test_lstm_shapes_and_bias(lstm_forward, lstm_backward, init_lstm_bias):
    """a batch of 2 sequences of 3 steps, 4 features, 5 units: all shapes, and the bias"""
    defined(locals())
    rng, b = np.random.default_rng(0), init_lstm_bias(5)
    assert near(b, [0] * 5 + [1] * 5 + [0] * 10), f"entries 5 to 9 are 1, all others 0; yours are {b}"
    x, state, Wx, Wh = rng.normal(size=(2, 3, 4)), np.zeros((2, 5)), rng.normal(size=(4, 20)), rng.normal(size=(5, 20))
    h, c, cache = lstm_forward(x, state, state, Wx, Wh, b)
    assert np.shape(h) == np.shape(c) == (2, 3, 5), f"h and c are (2, 3, 5), yours {np.shape(h)} and {np.shape(c)}"
    grads = lstm_backward(np.ones((2, 3, 5)), state, cache)
    shapes = {name: np.shape(grad) for name, grad in grads.items()}
    expected = {"dx": (2, 3, 4), "dh0": (2, 5), "dc0": (2, 5), "dWx": (4, 20), "dWh": (5, 20), "db": (20,)}
    assert shapes == expected, f"the gradients have the shapes {expected}, yours {shapes}"


@test_case(name="dWh agrees with finite differences, one column of each gate (a table shows them)", points=0)
def test_slope_of_the_lstm_weights(lstm_forward, lstm_backward):
    """dWh agrees with finite differences, one column of each gate (a table shows them)"""
    defined(locals())
    rng, step = np.random.default_rng(1), 1e-5
    x, h0, c0, b = rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), rng.normal(size=8)
    Wx, Wh, dh, dc = (
        rng.normal(size=(2, 8)),
        rng.normal(size=(2, 8)),
        rng.normal(size=(3, 4, 2)),
        rng.normal(size=(3, 2)),
    )
    yours = lstm_backward(dh, dc, lstm_forward(x, h0, c0, Wx, Wh, b)[2])["dWh"]
    print("gate      yours      finite difference")
    for gate, column in zip("ifgo", (0, 2, 4, 6), strict=True):
        losses = []
        for nudge in (step, -step):
            other = Wh.copy()
            other[0, column] += nudge
            h, c, _ = lstm_forward(x, h0, c0, Wx, other, b)
            losses.append(np.sum(dh * h) + np.sum(dc * c[:, -1]))
        slope = (losses[0] - losses[1]) / (2 * step)
        print(f"{gate:6} {yours[0, column]:10.6f} {slope:10.6f}")
        assert near(yours[0, column], slope), f"gate {gate}: the slope is {slope:.6f}, yours is {yours[0, column]:.6f}"
