"""Public checks of q11. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q11"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q11: {', '.join(absent)} not defined; run the cell of q11 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="shape of the logits and number of parameters of the example on paper", points=0)
def test_transformer_logits_and_parameters(Seq2SeqTransformer):
    """shape of the logits and number of parameters of the example on paper"""
    defined(locals())
    model = Seq2SeqTransformer(5, 6, 4, 2, 1, 8, 0, 10)
    logits = model(torch.tensor([[1, 2, 3, 4], [1, 2, 0, 0]]), torch.tensor([[1, 2, 3], [3, 2, 1]]))
    assert tuple(logits.shape) == (2, 3, 6), f"(B, T, v_tgt) is (2, 3, 6), yours is {tuple(logits.shape)}"
    count = sum(p.numel() for p in model.parameters())
    assert count == 522, f"44 + 172 + 260 + 16 + 30 = 522 parameters, yours has {count}"


@test_case(name="changing the last target token leaves the earlier logits as they were", points=0)
def test_no_look_ahead_in_the_decoder(Seq2SeqTransformer):
    """changing the last target token leaves the earlier logits as they were"""
    defined(locals())
    torch.manual_seed(0)
    model = Seq2SeqTransformer(9, 11, 8, 2, 2, 16, 0, 10)
    src, tgt = torch.tensor([[4, 2, 7, 5]]), torch.tensor([[1, 5, 6, 9]])
    other = torch.tensor([[1, 5, 6, 3]])
    change = (model(src, tgt) - model(src, other)).detach().abs().amax(dim=(0, 2))
    assert change[:3].max() < 1e-5, f"logits 0 to 2 must not change, yours change by {change[:3]}"
    assert change[3] > 1e-5, "the last logits should depend on the last token"


@test_case(name="pre-norm: x + 100 comes out as much higher", points=0)
def test_pre_norm_of_the_encoder_layer(EncoderLayer):
    """pre-norm: x + 100 comes out as much higher"""
    defined(locals())
    torch.manual_seed(0)
    layer, x = EncoderLayer(8, 2, 16), torch.randn(1, 3, 8)
    moved = (layer(x + 100) - layer(x)).detach()
    assert near(moved, np.full((1, 3, 8), 100.0), 1e-2), (
        f"the residual path carries the 100 through; yours moves by {moved}"
    )


@test_case(name="the decoder's input is the target behind bos", points=0)
def test_shift_right(shift_right):
    """the decoder's input is the target behind bos"""
    defined(locals())
    yours = shift_right(torch.tensor([[5, 6, 2], [7, 2, 0]]), 1)
    assert near(yours, [[1, 5, 6], [1, 7, 2]]), f"(1, 5, 6) and (1, 7, 2), yours: {yours}"
