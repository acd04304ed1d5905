"""Public checks of q7. They are there to help and give no points."""

import math
import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q7"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q7: {', '.join(absent)} not defined; run the cell of q7 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the example on paper, with and without padding", points=0)
def test_multiplicative_by_hand(multiplicative_attention):
    """the example on paper, with and without padding"""
    defined(locals())
    q, K = torch.tensor([[1.0, 2.0]]), torch.diag(torch.tensor([4.0, 2.0, 6.0]))[None]
    W = torch.tensor([[math.log(2) / 4, 0.0, 0.0], [0.0, 0.0, math.log(5) / 12]])
    context, w = multiplicative_attention(q, K, torch.tensor([[True, True, True]]), W)
    assert near(w, [[0.25, 0.125, 0.625]]), f"the weights are (2, 1, 5)/8, yours are {w}"
    assert near(context, [[1, 0.25, 3.75]]), f"the context is (1, 1/4, 15/4), yours is {context}"
    context, w = multiplicative_attention(q, K, torch.tensor([[True, True, False]]), W)
    assert near(w, [[2 / 3, 1 / 3, 0]]), f"with the third key masked (2, 1, 0)/3, yours are {w}"


@test_case(name="additive scores of two keys: v tanh(q Wq + k Wk) is 2 tanh 1 and 2 tanh 0", points=0)
def test_additive_by_hand(additive_attention):
    """additive scores of two keys: v tanh(q Wq + k Wk) is 2 tanh 1 and 2 tanh 0"""
    defined(locals())
    q, K = torch.tensor([[1.0]]), torch.tensor([[[0.5, 0.0, 9.0], [-0.5, 0.0, 9.0]]])
    Wq, Wk, v = torch.tensor([[0.5]]), torch.tensor([[1.0], [7.0], [0.0]]), torch.tensor([2.0])
    context, w = additive_attention(q, K, torch.tensor([[True, True]]), Wq, Wk, v)
    assert near(w, [[0.821014, 0.178986]], 1e-5), f"softmax of (1.523188, 0) is (0.821014, 0.178986), yours {w}"
    assert near(context, [[0.321014, 0, 9]], 1e-5), f"0.821014 K_0 + 0.178986 K_1, yours is {context}"


@test_case(name="weights sum to 1 over the valid keys; a row of padding alone has none", points=0)
def test_weights_over_valid_keys(additive_attention, multiplicative_attention):
    """weights sum to 1 over the valid keys; a row of padding alone has none"""
    defined(locals())
    torch.manual_seed(0)
    q, K = torch.randn(3, 4), torch.randn(3, 6, 5)
    mask = torch.tensor([[True] * 6, [True] * 2 + [False] * 4, [False] * 6])
    for name, (_, w) in (
        ("additive", additive_attention(q, K, mask, torch.randn(4, 7), torch.randn(5, 7), torch.randn(7))),
        ("multiplicative", multiplicative_attention(q, K, mask, torch.randn(4, 5))),
    ):
        assert near(w.sum(1), [1, 1, 0], 1e-5), f"{name}: the rows sum to 1, 1 and 0; yours sum to {w.sum(1)}"
        assert near(w[1, 2:], [0, 0, 0, 0]), f"{name}: padding has the weight 0; yours {w[1]}"
