"""Public checks of q3. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q3: {', '.join(absent)} not defined; run the cell of q3 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="dx, dw and db of the example on paper", points=0)
def test_gradients_on_paper(conv2d_backward):
    """dx, dw and db of the example on paper"""
    defined(locals())
    x, w = np.arange(1.0, 10.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    dy = np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    dx, dw, db = conv2d_backward(dy, x, w, (1, 1), (0, 0))
    assert near(dx, [[[[1, 2, 0], [3, 6, 4], [0, 6, 8]]]]), f"dx: rows 1 2 0, 3 6 4, 0 6 8; yours:\n{dx}"
    assert near(dw, [[[[11, 14], [20, 23]]]]), f"dw: rows 11 14 and 20 23; yours:\n{dw}"
    assert near(db, [3]), f"db is (3,), yours is {db}"


@test_case(name="a 4 x 4 image with stride 1 and padding 1 against finite differences", points=0)
def test_finite_differences(conv2d_backward):
    """a 4 x 4 image with stride 1 and padding 1 against finite differences"""
    defined(locals())
    state = np.random.default_rng(1)
    x, w, dy = state.normal(size=(1, 2, 4, 4)), state.normal(size=(3, 2, 3, 3)), state.normal(size=(1, 3, 4, 4))

    def loss(image, kernel):
        around, total = np.pad(image[0], ((0, 0), (1, 1), (1, 1))), 0.0
        for f, row, column in np.ndindex(3, 4, 4):
            total += dy[0, f, row, column] * np.sum(kernel[f] * around[:, row : row + 3, column : column + 3])
        return total

    dx, dw, _ = conv2d_backward(dy, x, w, (1, 1), (1, 1))
    assert np.shape(dx) == x.shape, f"dx has the shape of x, {x.shape}; yours has {np.shape(dx)}"
    for name, gradient, array in (("dx", dx, x), ("dw", dw, w)):
        for spot in [(0, 0, 0, 0), (0, 1, 2, 1), (0, 1, 0, 2)]:
            bump = np.zeros(array.shape)
            bump[spot] = 1e-5
            pair = [(x + s * bump, w) if name == "dx" else (x, w + s * bump) for s in (1, -1)]
            slope = (loss(*pair[0]) - loss(*pair[1])) / 2e-5
            assert near(gradient[spot], slope), f"{name}[{spot}] is {slope:.6f}, yours is {gradient[spot]:.6f}"


@test_case(name="stride 3 with a kernel of 2 skips every third pixel: its gradient is 0", points=0)
def test_pixels_that_no_kernel_touches(conv2d_backward):
    """stride 3 with a kernel of 2 skips every third pixel: its gradient is 0"""
    defined(locals())
    x, w, dy = np.ones((1, 1, 2, 6)), np.ones((1, 1, 2, 2)), np.array([[[[5.0, 7.0]]]])
    dx, _, _ = conv2d_backward(dy, x, w, (1, 3), (0, 0))
    assert near(dx, [[[[5, 5, 0, 7, 7, 0]] * 2]]), f"two rows 5 5 0 7 7 0, yours:\n{dx}"
