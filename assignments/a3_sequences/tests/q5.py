"""Public checks of q5. They are there to help and give no points."""

import math
import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q5"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q5: {', '.join(absent)} not defined; run the cell of q5 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="one step of one unit, as on paper", points=0)
def test_one_gru_step_on_paper(gru_forward):
    """one step of one unit, as on paper"""
    defined(locals())
    zeros = torch.zeros(3, 1)
    b_ih, b_hh = torch.tensor([math.log(3), 0.0, 0.0]), torch.tensor([0.0, 0.0, 4 / 3 * math.log(3)])
    h, h_last = gru_forward(torch.ones(1, 1, 1), torch.tensor([[0.4]]), zeros, zeros, b_ih, b_hh)
    assert near(h, [[[0.6]]]), f"0.5 * 0.8 + 0.5 * 0.4 = 0.6, yours is {h}"
    assert near(h_last, [[0.6]]), f"the last state is the same 0.6, yours is {h_last}"


@test_case(name="a short sequence gives the same in a padded batch and alone", points=0)
def test_padded_and_alone(gru_forward):
    """a short sequence gives the same in a padded batch and alone"""
    defined(locals())
    torch.manual_seed(0)
    x, h0, lengths = torch.randn(3, 5, 2), torch.randn(3, 4), torch.tensor([2, 5, 3])
    weights = torch.randn(12, 2), torch.randn(12, 4), torch.randn(12), torch.randn(12)
    h, h_last = gru_forward(x, h0, *weights, lengths)
    assert tuple(h.shape) == (3, 5, 4), f"h is (B, T, H) = (3, 5, 4), yours is {tuple(h.shape)}"
    for i, n in enumerate([2, 5, 3]):
        alone, last = gru_forward(x[i : i + 1, :n], h0[i : i + 1], *weights)
        assert near(h[i, :n], alone[0], 1e-5), f"sequence {i}: its {n} valid states should be those it has alone"
        assert near(h[i, n:], torch.zeros(5 - n, 4)), (
            f"sequence {i}: beyond its length the output is 0, yours is {h[i, n:]}"
        )
        assert near(h_last[i], last[0], 1e-5), f"sequence {i}: h_last is the state after step {n}, yours is {h_last[i]}"


@test_case(name="two sentences, with networks that add up what they have seen", points=0)
def test_both_directions(bidirectional):
    """two sentences, with networks that add up what they have seen"""
    defined(locals())

    def adds(x, lengths):
        return x.cumsum(1) * (torch.arange(x.shape[1]) < lengths[:, None])[:, :, None]

    x = torch.tensor([[1.0, 2.0, 4.0, 9.0], [1.0, 2.0, 3.0, 4.0]])[:, :, None]  # the 9 is padding
    yours = bidirectional(adds, adds, x, torch.tensor([3, 4]))
    assert tuple(yours.shape) == (2, 4, 2), f"(B, T, 2H) is (2, 4, 2), yours is {tuple(yours.shape)}"
    assert near(yours[0, :, 0], [1, 3, 7, 0]), f"sums of 1 2 4 from the left: 1 3 7 0, yours are {yours[0, :, 0]}"
    assert near(yours[0, :, 1], [7, 6, 4, 0]), f"from the right, at the same words: 7 6 4 0, yours are {yours[0, :, 1]}"
