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


@test_case(name="XOR: one hidden unit fires for each input, and the output is right", points=0)
def test_xor_network(boolean_network, boolean_eval):
    """XOR: one hidden unit fires for each input, and the output is right"""
    defined(locals())
    X = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    out, hidden = boolean_eval(boolean_network(np.array([0, 1, 1, 0])), X)
    print("hidden units for the four inputs:", *np.asarray(hidden).tolist())
    assert np.shape(hidden) == (4, 4), f"4 inputs, 4 hidden units; yours has shape {np.shape(hidden)}"
    assert near(np.sum(hidden, axis=1), [1, 1, 1, 1]), f"one unit fires for each input; yours: {np.sum(hidden, axis=1)}"
    assert near(out, [0, 1, 1, 0]), f"XOR is 0, 1, 1, 0; yours is {out}"


@test_case(name="x1 and not x3: the order of the bits matters", points=0)
def test_three_inputs(boolean_network, boolean_eval):
    """x1 and not x3: the order of the bits matters"""
    defined(locals())
    table = np.array([0, 0, 0, 0, 1, 0, 1, 0])  # rows 100 and 110
    X = np.array([[1, -1, -1], [1, 1, -1], [-1, 1, 1], [1, 1, 1]])
    out, _ = boolean_eval(boolean_network(table), X)
    assert near(out, [1, 1, 0, 0]), f"x1 and not x3 of +--, ++-, -++, +++ is 1, 1, 0, 0; yours is {out}"


@test_case(name="x**2 on [0, 4) with two bins, inside the bins and at the edges", points=0)
def test_towers_of_a_square(tower_network, tower_eval):
    """x**2 on [0, 4) with two bins, inside the bins and at the edges"""
    defined(locals())
    x = np.array([-0.5, 0.0, 1.5, 2.0, 3.9, 4.0])
    yours = tower_eval(tower_network(lambda x: x**2, 0.0, 4.0, 2), x)
    assert near(yours, [0, 1, 1, 9, 9, 0]), f"at {x} the towers give 0, 1, 1, 9, 9, 0; yours give {yours}"


@test_case(name="the sine with 8 bins: the error is at most half the width of a bin", points=0)
def test_towers_of_the_sine(tower_network, tower_eval):
    """the sine with 8 bins: the error is at most half the width of a bin"""
    defined(locals())
    x = np.linspace(0.01, 2 * np.pi - 0.01, 500)
    error = np.max(np.abs(tower_eval(tower_network(np.sin, 0.0, 2 * np.pi, 8), x) - np.sin(x)))
    print(f"largest error with 8 towers: {error:.4f}")
    assert error <= np.pi / 8 + 1e-9, f"the sine changes by at most pi/8 = 0.3927 in half a bin; your error is {error}"
