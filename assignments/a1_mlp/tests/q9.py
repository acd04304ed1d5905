"""Public checks of q9. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q9"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q9: {', '.join(absent)} not defined; run the cell of q9 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="SGD, Momentum and Nesterov: the two steps on paper", points=0)
def test_two_steps_of_sgd_and_momentum(SGD, Momentum, Nesterov):
    """SGD, Momentum and Nesterov: the two steps on paper"""
    defined(locals())
    rules = {
        "SGD": (SGD(0.1), 0.8, 0.7),
        "Momentum": (Momentum(0.1, alpha=0.5), 0.8, 0.6),
        "Nesterov": (Nesterov(0.1, alpha=0.5), 0.7, 0.5),
    }
    for name, (rule, first, second) in rules.items():
        params = {"w": np.array([1.0])}
        for step, g, by_hand in ((1, 2.0, first), (2, 1.0, second)):
            rule.step(params, {"w": np.array([g])})
            yours = params["w"][0]
            assert near(yours, by_hand), f"{name}, step {step}: w = {by_hand}, yours is {yours:.6f}"


@test_case(name="AdaGrad, RMSProp, AdaDelta and Adam: the two steps on paper", points=0)
def test_two_steps_of_the_adaptive_rules(AdaGrad, RMSProp, AdaDelta, Adam):
    """AdaGrad, RMSProp, AdaDelta and Adam: the two steps on paper"""
    defined(locals())
    rules = {
        "AdaGrad": (AdaGrad(0.1), 0.9, 0.855279),
        "RMSProp": (RMSProp(0.1, rho=0.75), 0.8, 0.7),
        "AdaDelta": (AdaDelta(1.0, rho=0.75, eps=1 / 3), 0.0, -0.661438),
        "Adam": (Adam(0.1, beta1=0.5, beta2=0.75), 0.9, 0.811808),
    }
    for name, (rule, first, second) in rules.items():
        params = {"w": np.array([1.0])}
        for step, g, by_hand in ((1, 2.0, first), (2, 1.0, second)):
            rule.step(params, {"w": np.array([g])})
            yours = params["w"][0]
            assert near(yours, by_hand), f"{name}, step {step}: w = {by_hand}, yours is {yours:.6f}"


@test_case(name="steps are made in place, and a gradient of None leaves its parameter alone", points=0)
def test_in_place(SGD, Momentum, Nesterov, AdaGrad, RMSProp, AdaDelta, Adam):
    """steps are made in place, and a gradient of None leaves its parameter alone"""
    defined(locals())
    for rule in (SGD, Momentum, Nesterov, AdaGrad, RMSProp, AdaDelta, Adam):
        name, params = rule.__name__, {"W": np.ones((2, 3)), "b": np.ones(3)}
        W = params["W"]
        rule(lr=0.1).step(params, {"W": np.full((2, 3), 2.0), "b": None})
        assert params["W"] is W, f'{name}: params["W"] should be the same array as before, changed in place'
        assert (W < 1).all(), f"{name}: the gradient is positive, so every entry of W should have become smaller"
        assert (params["b"] == 1).all(), f"{name}: the gradient of b is None, b should not change"
