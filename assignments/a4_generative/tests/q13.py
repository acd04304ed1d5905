"""Public checks of q13. They are there to help and give no points."""

import math
import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q13"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q13: {', '.join(absent)} not defined; run the cell of q13 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="logits and loss of the three pairs on paper", points=0)
def test_identity_by_hand(clip_logits, clip_loss):
    """logits and loss of the three pairs on paper"""
    defined(locals())
    rows, s = torch.diag(torch.tensor([1.0, 2.0, 5.0])), torch.tensor(math.log(math.log(4)))
    logits = clip_logits(rows, rows, s)
    assert near(logits, math.log(4) * np.eye(3), 1e-5), f"ln 4 = 1.386 on the diagonal, 0 beside it; yours: {logits}"
    loss = clip_loss(rows, rows, s)
    assert near(loss, 0.405465, 1e-5), f"-ln(4 / 6) = 0.405465, yours is {loss}"


@test_case(name="a caption that fits two pictures: what the two directions say differs", points=0)
def test_both_directions(clip_loss):
    """a caption that fits two pictures: what the two directions say differs"""
    defined(locals())
    img, txt = torch.tensor([[3.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [2.0, 0.0]])
    loss = clip_loss(img, txt, torch.tensor(math.log(math.log(3))))
    expected = (math.log(2) + (math.log(4 / 3) + math.log(4)) / 2) / 2
    assert near(loss, expected, 1e-5), (
        f"pictures: (ln 2 + ln 2)/2, captions: (ln 4/3 + ln 4)/2, mean {expected:.6f}; yours is {loss}"
    )


@test_case(name="the scale is exp(log_scale), but never more than 100", points=0)
def test_scale_is_at_most_100(clip_logits):
    """the scale is exp(log_scale), but never more than 100"""
    defined(locals())
    one = torch.ones(1, 3)
    for s, scale in ((0.0, 1.0), (2.0, math.exp(2)), (50.0, 100.0)):
        yours = clip_logits(one, one, torch.tensor(s))
        assert near(yours, [[scale]], 1e-3), f"log_scale = {s}: a perfect match gets {scale:.4f}, yours is {yours}"


@test_case(name="a long prompt counts no more than a short one", points=0)
def test_prompts_are_normalised_first(zero_shot):
    """a long prompt counts no more than a short one"""
    defined(locals())
    prompts = torch.tensor([[[10.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]])
    img = torch.tensor([[1.0, 0.3], [1.0, 1.0]])
    yours = zero_shot(img, prompts)
    assert near(yours, [1, 0]), f"the classes point along (1, 1) and (1, 0): pictures are 1 and 0, yours are {yours}"
