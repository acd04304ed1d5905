"""Public checks of q1. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q1: {', '.join(absent)} not defined; run the cell of q1 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the truth tables of AND and OR", points=0)
def test_and_and_or(mp_neuron, gate_theta):
    """the truth tables of AND and OR"""
    defined(locals())
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    for gate, table in {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1]}.items():
        yours = mp_neuron(x, gate_theta(gate, 2))
        assert near(yours, table), f"{gate} of 00, 01, 10, 11 is {table}, yours is {yours}"
        assert np.asarray(yours).dtype.kind in "iu", f"0 and 1 are integers here, yours are {np.asarray(yours).dtype}"


@test_case(name="majority: two of three inputs are enough, one is not", points=0)
def test_majority_of_three(mp_neuron, gate_theta):
    """majority: two of three inputs are enough, one is not"""
    defined(locals())
    x = np.array([[0, 1, 0], [1, 0, 1]])
    yours = mp_neuron(x, gate_theta("majority", 3))
    assert near(yours, [0, 1]), f"one of three is no majority, two of three are: (0, 1); yours is {yours}"


@test_case(name="Hebb's rule on the 2 x 3 example on paper", points=0)
def test_hebb_by_hand(hebb_update):
    """Hebb's rule on the 2 x 3 example on paper"""
    defined(locals())
    W = np.zeros((2, 3))
    yours = hebb_update(W, np.array([1.0, 0.0, 2.0]), np.array([2.0, -1.0]), 0.5)
    assert np.shape(yours) == (2, 3), f"2 outputs, 3 inputs: W is (2, 3), yours has shape {np.shape(yours)}"
    assert near(yours, [[1, 0, 2], [-0.5, 0, -1]]), f"rows (1, 0, 2) and (-0.5, 0, -1) on paper, yours: {yours}"
    assert near(W, np.zeros((2, 3))), f"the old W must stay 0, it is now {W}"
