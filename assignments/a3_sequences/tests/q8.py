"""Public checks of q8. They are there to help and give no points."""

import math
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


@test_case(name="attention of the example on paper", points=0)
def test_attention_by_hand(sdpa):
    """attention of the example on paper"""
    defined(locals())
    Q = math.sqrt(2) * torch.eye(2)
    K = torch.tensor([[math.log(3), 0.0], [0.0, math.log(4)]])
    V = torch.tensor([[4.0, 0.0, 8.0], [0.0, 4.0, 0.0]])
    out, attn = sdpa(Q, K, V)
    assert near(attn, [[0.75, 0.25], [0.2, 0.8]]), f"the weights are (3, 1)/4 and (1, 4)/5, yours are {attn}"
    assert near(out, [[3, 1, 6], [0.8, 3.2, 1.6]]), f"the outputs are (3, 1, 6) and (0.8, 3.2, 1.6), yours are {out}"


@test_case(name="a forbidden key counts for nothing, and a query without any key gets zeros", points=0)
def test_masked_attention_by_hand(sdpa):
    """a forbidden key counts for nothing, and a query without any key gets zeros"""
    defined(locals())
    Q = math.sqrt(2) * torch.eye(2)
    K = torch.tensor([[math.log(3), 0.0], [0.0, math.log(4)]])
    V = torch.tensor([[4.0, 0.0, 8.0], [0.0, 4.0, 0.0]])
    out, attn = sdpa(Q, K, V, torch.tensor([[True, False], [True, True]]))
    assert near(attn, [[1, 0], [0.2, 0.8]]), f"the first query sees key 0 alone: (1, 0); yours are {attn}"
    assert near(out[0], [4, 0, 8]), f"so its output is the first value (4, 0, 8), yours is {out[0]}"
    out, attn = sdpa(Q, K, V, torch.tensor([[False, False], [True, True]]))
    assert near(attn[0], [0, 0]), f"no permitted key: weights (0, 0), yours are {attn[0]}"
    assert near(out[0], [0, 0, 0]), f"no permitted key: output (0, 0, 0), yours is {out[0]}"


@test_case(name="the causal mask of three tokens", points=0)
def test_causal_mask(causal_mask):
    """the causal mask of three tokens"""
    defined(locals())
    mask = causal_mask(3)
    assert mask.dtype == torch.bool, f"a mask is bool, yours is {mask.dtype}"
    assert near(mask, [[1, 0, 0], [1, 1, 0], [1, 1, 1]]), f"True on and below the diagonal, yours is {mask}"


@test_case(name="the padding mask of two sentences, and both masks together", points=0)
def test_padding_mask(padding_mask, combine_masks):
    """the padding mask of two sentences, and both masks together"""
    defined(locals())
    mask = padding_mask(torch.tensor([[5, 7, 0], [4, 0, 0]]), 0)
    assert tuple(mask.shape) == (2, 1, 1, 3), f"(B, 1, 1, T) is (2, 1, 1, 3), yours is {tuple(mask.shape)}"
    assert near(mask[:, 0, 0], [[1, 1, 0], [1, 0, 0]]), f"True where there is a token, yours is {mask[:, 0, 0]}"
    first_two = torch.tensor([[True, False, False], [True, True, False]])  # (Tq, Tk)
    both = combine_masks(mask, None, first_two)
    assert near(both[1, 0], [[1, 0, 0], [1, 0, 0]]), f"the second sentence has one token, yours permits {both[1, 0]}"
    assert combine_masks(None, None) is None, "no mask at all: None"
