"""Public checks of q10. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q10"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q10: {', '.join(absent)} not defined; run the cell of q10 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the first two positions of the example on paper", points=0)
def test_first_two_rows(sinusoidal_pe):
    """the first two positions of the example on paper"""
    defined(locals())
    table = sinusoidal_pe(3, 4)
    assert tuple(table.shape) == (3, 4), f"(T, d) is (3, 4), yours is {tuple(table.shape)}"
    assert near(table[0], [0, 1, 0, 1]), f"sin 0 and cos 0: (0, 1, 0, 1), yours is {table[0]}"
    assert near(table[1], [0.841471, 0.540302, 0.01, 0.99995], 1e-5), f"angles 1 and 0.01, yours is {table[1]}"


@test_case(name="an odd d raises ValueError", points=0)
def test_odd_width(sinusoidal_pe):
    """an odd d raises ValueError"""
    defined(locals())
    try:
        sinusoidal_pe(3, 5)
    except ValueError:
        return
    raise AssertionError("sinusoidal_pe(3, 5) should raise ValueError")


@test_case(name="layer norm of (1, 2, 3, 4), and of the same numbers scaled and shifted", points=0)
def test_layer_norm_by_hand(LayerNorm):
    """layer norm of (1, 2, 3, 4), and of the same numbers scaled and shifted"""
    defined(locals())
    layer = LayerNorm(4, eps=1e-12)
    yours = layer(torch.tensor([[1.0, 2.0, 3.0, 4.0], [30.0, 50.0, 70.0, 90.0]])).detach()
    assert near(yours[0], [-1.341641, -0.447214, 0.447214, 1.341641], 1e-5), (
        f"(-3, -1, 1, 3) / sqrt(5) = (-1.341641, -0.447214, 0.447214, 1.341641), yours is {yours[0]}"
    )
    assert near(yours[1], yours[0].numpy(), 1e-5), f"20 x + 10 normalises to the same, yours is {yours[1]}"


@test_case(name="scale and shift are parameters of their own for every feature", points=0)
def test_layer_norm_parameters(LayerNorm):
    """scale and shift are parameters of their own for every feature"""
    defined(locals())
    shapes = {name: tuple(p.shape) for name, p in LayerNorm(6).named_parameters()}
    assert shapes == {"weight": (6,), "bias": (6,)}, f"weight (6,) and bias (6,), yours: {shapes}"
