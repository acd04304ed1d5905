"""Public checks of q6. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q6: {', '.join(absent)} not defined; run the cell of q6 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="AND: the first update and the first two losses", points=0)
def test_first_update_by_hand(sigmoid_neuron_fit):
    """AND: the first update and the first two losses"""
    defined(locals())
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 0, 0, 1])
    w, history = sigmoid_neuron_fit(X, y, np.zeros(3), 1.0, 0.0, 1)
    assert near(w, [-0.25, 0, 0]), f"after one update w is (-0.25, 0, 0), yours is {w}"
    assert len(history) == 2, f"one update: a loss before and one after it; yours has {len(history)} entries"
    assert near(history, [0.693147, 0.638439]), f"the losses are 0.693147 and 0.638439, yours are {history}"


@test_case(name="when it stops: tol = 0 uses all updates, a huge tol makes one", points=0)
def test_stopping(sigmoid_neuron_fit):
    """when it stops: tol = 0 uses all updates, a huge tol makes one"""
    defined(locals())
    X, y = np.array([[0.0, 1], [2, -1], [1, 1], [-1, 3], [0, 0]]), np.array([0.0, 1, 1, 0, 1])
    for tol, updates in [(0.0, 25), (100.0, 1)]:
        _, history = sigmoid_neuron_fit(X, y, np.zeros(3), 0.3, tol, 25)
        assert len(history) == updates + 1, f"tol = {tol}: {updates} updates and the first loss; yours: {len(history)}"


@test_case(name="the loss falls with every update on 20 points", points=0)
def test_loss_falls(sigmoid_neuron_fit):
    """the loss falls with every update on 20 points"""
    defined(locals())
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 2))
    y = (X[:, 0] + rng.normal(size=20) > 0).astype(float)
    _, history = sigmoid_neuron_fit(X, y, np.zeros(3), 0.5, 1e-9, 200)
    falls = np.diff(history) < 0
    assert np.all(falls), f"the loss should fall, but update {np.argmin(falls) + 1} of yours makes it rise"
    assert history[-1] < 0.6, f"the last loss is about 0.5 at most, yours is {history[-1]}"
