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


@test_case(name="three scores by hand: below 0, exactly 0, above 0", points=0)
def test_prediction(perceptron_predict):
    """three scores by hand: below 0, exactly 0, above 0"""
    defined(locals())
    X = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
    yours = perceptron_predict(X, np.array([-2.0, 1.0, 1.0]))
    assert near(yours, [0, 1, 1]), f"the scores are -1, 0 and 2, the answers 0, 1, 1; yours are {yours}"


@test_case(name="AND from zero: 11 mistakes, then an epoch without one", points=0)
def test_learning_and(perceptron_fit):
    """AND from zero: 11 mistakes, then an epoch without one"""
    defined(locals())
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 0, 0, 1])
    for epochs, w, updates in [(1, [0, 1, 1], 2), (20, [-3, 2, 1], 11)]:
        yours = perceptron_fit(X, y, None, epochs)
        print(f"after at most {epochs} epochs: w = {yours[0]}, {yours[1]} updates, converged: {yours[2]}")
        assert near(yours[0], w), f"after at most {epochs} epochs w is {w}, yours is {yours[0]}"
        assert yours[1] == updates, f"that takes {updates} updates, yours says {yours[1]}"
        assert bool(yours[2]) == (epochs == 20), f"converged within {epochs} epochs? yours says {yours[2]}"


@test_case(name="XOR: no line separates it, and that is what the answer says", points=0)
def test_xor_is_not_learned(perceptron_fit):
    """XOR: no line separates it, and that is what the answer says"""
    defined(locals())
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    _, updates, converged = perceptron_fit(X, y, None, 50)
    assert not converged, "no line separates XOR, but yours says that it has converged"
    assert updates >= 50, f"each of the 50 epochs has a mistake at least; yours counts {updates} updates"
