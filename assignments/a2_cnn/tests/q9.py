"""Public checks of q9. They are there to help and give no points."""

import numpy as np
import torch
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


@test_case(name="the 163 696 parameters of module 3a, and the shape of its output", points=0)
def test_sizes(Inception):
    """the 163 696 parameters of module 3a, and the shape of its output"""
    defined(locals())
    import torch

    module = Inception(192, 64, 96, 128, 16, 32, 32)
    total = sum(p.numel() for p in module.parameters())
    assert total == 163696, f"module 3a of GoogLeNet has 163 696 parameters, yours has {total}"
    shape = tuple(Inception(3, 2, 4, 5, 1, 3, 6)(torch.randn(2, 3, 7, 9)).shape)
    assert shape == (2, 16, 7, 9), f"2 + 5 + 3 + 6 maps, size unchanged: (2, 16, 7, 9), yours: {shape}"


@test_case(name="one bright pixel, all weights 1: each branch spreads it over its own window", points=0)
def test_order_by_hand(Inception):
    """one bright pixel, all weights 1: each branch spreads it over its own window"""
    defined(locals())
    import torch

    module = Inception(1, 1, 1, 1, 1, 1, 1)
    with torch.no_grad():
        for p in module.parameters():
            p.fill_(1.0 if p.dim() == 4 else 0.0)
        x = torch.zeros(1, 1, 7, 7)
        x[0, 0, 3, 3] = 1
        y = module(x)[0]
    lit = [int((channel > 0).sum()) for channel in y]
    for channel in y:
        print("\n".join("".join(".#"[int(value > 0)] for value in row) for row in channel), end="\n\n")
    assert lit == [1, 9, 25, 9], f"1x1, 3x3, 5x5 and pooling 3x3 light 1, 9, 25, 9 pixels; yours light {lit}"


@test_case(name="a ReLU after every convolution, and the input stays as it was", points=0)
def test_nonlinearities(Inception):
    """a ReLU after every convolution, and the input stays as it was"""
    defined(locals())
    import torch

    module = Inception(2, 3, 2, 3, 2, 3, 3)
    x = torch.randn(2, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    before = x.clone()
    with torch.no_grad():
        y = module(x)
        assert float(y.min()) >= 0, (
            f"a ReLU comes last in each branch; the smallest of your outputs is {float(y.min()):.3f}"
        )
        for p in module.parameters():
            p.fill_(-1.0 if p.dim() == 4 else 0.0)
        twice = module(x.abs())
    assert torch.equal(x, before), "x was changed by the forward pass"
    inner = float(twice[:, 3:9].max())
    assert inner == 0, (
        f"x > 0 and weights -1: the reductions give 0, so the next convolution gives 0; yours gives {inner:.3f}"
    )
