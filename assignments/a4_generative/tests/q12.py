"""Public checks of q12. They are there to help and give no points."""

import numpy as np
import torch.nn.functional as F
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


@test_case(name="the four states of the machine on paper", points=0)
def test_free_energy_by_hand(free_energy):
    """the four states of the machine on paper"""
    defined(locals())
    W = np.log([[2.0, 1.0], [3.0, 5.0]])
    states = np.array([[1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    F = free_energy(states, W, np.log([1.0, 2.0]), np.zeros(2))
    assert np.shape(F) == (4,), f"4 states have 4 free energies, shape (4,); yours has {np.shape(F)}"
    assert near(F[0], -4.430817), f"F(1, 1) = -ln 84 = -4.430817, yours is {F[0]}"
    assert near(np.exp(-F).sum(), 142), f"Z = 84 + 4 + 6 + 48 = 142, yours is {np.exp(-F).sum()}"


@test_case(name="with huge weights a Gibbs step has only one outcome", points=0)
def test_one_step_without_doubt(gibbs_step):
    """with huge weights a Gibbs step has only one outcome"""
    defined(locals())
    W = 100.0 * np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]])
    b, c = np.full(2, -50.0), np.full(3, -50.0)
    v, ph, pv = gibbs_step(np.array([[1.0, 0.0], [1.0, 1.0]]), W, b, c, np.random.default_rng(0))
    assert near(ph, [[1, 0, 1], [0, 0, 1]]), f"c + vW is (50, -150, 50) and (-50, -50, 150); yours is ph = {ph}"
    assert near(pv, [[1, 0], [1, 1]]), f"h is (1, 0, 1) and (0, 0, 1); yours is pv = {pv}"
    assert near(v, [[1, 0], [1, 1]]), f"v' is drawn from pv, which leaves no choice here; yours is {v}"


@test_case(name="a step draws its bits, anew for every row", points=0)
def test_hidden_units_are_drawn(gibbs_step):
    """a step draws its bits, anew for every row"""
    defined(locals())
    W, b, c = np.array([[2.0]]), np.array([-1.0]), np.array([-1.0])
    v, ph, pv = gibbs_step(np.ones((4000, 1)), W, b, c, np.random.default_rng(0))
    drawn = np.mean(np.isclose(pv, 0.731059))
    assert near(ph, np.full((4000, 1), 0.731059)), f"p(h = 1 | v = 1) = sigmoid(1) = 0.731059, yours is {ph[0]}"
    assert abs(drawn - 0.731) < 0.05, f"h is 1 in 73 % of 4000 rows, and then pv is sigmoid(1); yours in {drawn:.0%}"
    assert abs(np.mean(v) - 0.607) < 0.05, f"v' is 1 in 61 % of the rows, yours in {np.mean(v):.0%}"


@test_case(name="one step of a machine whose visible units always end at (0, 1)", points=0)
def test_contrastive_divergence_by_hand(cd_gradient):
    """one step of a machine whose visible units always end at (0, 1)"""
    defined(locals())
    W, b, c = np.log([[2.0], [3.0]]), np.array([-200.0, 200.0]), np.zeros(1)
    g = cd_gradient(np.array([[1.0, 1.0], [1.0, 0.0]]), W, b, c, 1, np.random.default_rng(0))
    assert near(g["b"], [1, -0.5]), f"mean of (1, 1) - (0, 1) and (1, 0) - (0, 1) is (1, -1/2), yours is {g['b']}"
    assert near(g["c"], [0.011905]), f"(6/7 - 3/4 + 2/3 - 3/4) / 2 = 0.011905, yours is {g['c']}"
    assert near(g["W"], [[0.761905], [-0.321429]]), f"((6/7 + 2/3)/2, (6/7 - 6/4)/2), yours is {g['W']}"
