"""Public checks of q8. They are there to help and give no points."""

import numpy as np
import torch
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


@test_case(name="the two steps of the example on paper", points=0)
def test_two_steps_by_hand(make_schedule):
    """the two steps of the example on paper"""
    defined(locals())
    yours = make_schedule("linear", 2, beta_start=0.1, beta_end=0.2)
    expected = {
        "betas": [0.1, 0.2],
        "alphas": [0.9, 0.8],
        "alpha_bars": [0.9, 0.72],
        "alpha_bars_prev": [1, 0.9],
        "post_var": [0, 0.071429],
        "post_c0": [1, 0.677631],
        "post_c1": [0, 0.319438],
        "snr": [9, 2.571429],
        "udl_weight": [0.555556, 0.446429],
    }
    for key, values in expected.items():
        assert key in yours, f"the dict has no {key!r}; it has {sorted(yours)}"
        assert near(yours[key], values), f"{key} is {values}, yours is {yours[key]}"


@test_case(name="first and last entries of both kinds with a thousand steps, in float64", points=0)
def test_kinds(make_schedule):
    """first and last entries of both kinds with a thousand steps, in float64"""
    defined(locals())
    import torch

    for kind, first, last in (("linear", 1e-4, 0.02), ("cosine", 4.128422e-05, 0.999)):
        betas = make_schedule(kind, 1000)["betas"]
        assert betas.dtype == torch.float64 and betas.shape == (1000,), (
            f"{kind}: betas should be float64 with shape (1000,), yours: {betas.dtype} {tuple(betas.shape)}"
        )
        ends = f"{betas[0]:.6g} and {betas[-1]:.6g}"
        assert near(betas[0], first, 1e-8), f"{kind}: beta starts with {first} and ends with {last}, yours: {ends}"
        assert near(betas[-1], last, 1e-8), f"{kind}: beta starts with {first} and ends with {last}, yours: {ends}"


@test_case(name="alpha_bars falls from almost 1 to almost 0", points=0)
def test_fades(make_schedule):
    """alpha_bars falls from almost 1 to almost 0"""
    defined(locals())
    for kind in ("linear", "cosine"):
        a = np.asarray(make_schedule(kind, 1000)["alpha_bars"])
        assert (np.diff(a) < 0).all(), f"{kind}: alpha_bars should fall in every step"
        assert a[0] > 0.999 and 0 < a[-1] < 1e-4, f"{kind}: from 1 - beta_0 to almost 0, yours: {a[0]} to {a[-1]}"
