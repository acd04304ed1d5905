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


@test_case(name="the result has the shape of q, and there are 4 (D^2 + D) parameters", points=0)
def test_heads_shapes_and_parameters(MultiHeadAttention):
    """the result has the shape of q, and there are 4 (D^2 + D) parameters"""
    defined(locals())
    layer = MultiHeadAttention(12, 3)
    q, kv = torch.randn(2, 5, 12), torch.randn(2, 7, 12)
    assert layer(q).shape == q.shape, f"self-attention: (2, 5, 12), yours is {tuple(layer(q).shape)}"
    assert layer(q, kv).shape == q.shape, f"cross-attention: (2, 5, 12), yours is {tuple(layer(q, kv).shape)}"
    count = sum(p.numel() for p in layer.parameters())
    assert count == 4 * (144 + 12), f"4 (144 + 12) = 624 parameters, yours has {count}"
    count = sum(p.numel() for p in MultiHeadAttention(12, 3, bias=False).parameters())
    assert count == 4 * 144, f"without biases 4 * 144 = 576, yours has {count}"


@test_case(name="two heads on the two tokens of the example on paper", points=0)
def test_two_heads_by_hand(MultiHeadAttention):
    """two heads on the two tokens of the example on paper"""
    defined(locals())
    layer = MultiHeadAttention(4, 2, bias=False)
    for linear in (layer.q_proj, layer.k_proj, layer.v_proj, layer.o_proj):
        linear.weight.data = torch.eye(4)
    yours = layer(torch.tensor([[[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]]))[0].detach()
    assert near(yours[0], [0.669762, 0, 0.5, 0], 1e-5), f"query 0 gets (0.669762, 0, 0.5, 0), yours is {yours[0]}"


@test_case(name="a single head is sdpa between four linear maps", points=0)
def test_one_head_is_sdpa(MultiHeadAttention, sdpa):
    """a single head is sdpa between four linear maps"""
    defined(locals())
    torch.manual_seed(0)
    layer, q, kv = MultiHeadAttention(6, 1), torch.randn(2, 3, 6), torch.randn(2, 5, 6)
    mask = torch.rand(3, 5) > 0.4
    out, _ = sdpa(layer.q_proj(q), layer.k_proj(kv), layer.v_proj(kv), mask)
    difference = (layer(q, kv, mask) - layer.o_proj(out)).detach().abs().max()
    assert difference < 1e-5, (
        f"one head: o_proj(sdpa(q_proj(q), k_proj(kv), v_proj(kv))); yours differs by {difference}"
    )


@test_case(name="a width that is no multiple of the number of heads raises ValueError", points=0)
def test_heads_must_divide_the_width(MultiHeadAttention):
    """a width that is no multiple of the number of heads raises ValueError"""
    defined(locals())
    try:
        MultiHeadAttention(10, 3)
    except ValueError:
        return
    raise AssertionError("MultiHeadAttention(10, 3) should raise ValueError")
