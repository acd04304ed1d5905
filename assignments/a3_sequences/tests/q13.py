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


@test_case(name="equal logits for 8 tokens cost ln 8, and the last position counts for nothing", points=0)
def test_uniform_logits(lm_loss):
    """equal logits for 8 tokens cost ln 8, and the last position counts for nothing"""
    defined(locals())
    ids = torch.tensor([[3, 1, 4, 1]])
    logits = torch.zeros(1, 4, 8)
    loss = lm_loss(logits, ids)
    assert near(loss, 2.079442, 1e-5), f"ln 8 = 2.079442, yours is {loss}"
    logits[0, 3, 5] = 9.0
    logits[0, 0, 1] = math.log(9)  # 9 of 16 for the right successor of token 0
    loss = lm_loss(logits, ids)
    assert near(loss, (2 * math.log(8) + math.log(16 / 9)) / 3, 1e-5), f"(ln 16/9 + 2 ln 8) / 3, yours is {loss}"


@test_case(name="temperature, top_k and top_p on the five probabilities on paper", points=0)
def test_filters_by_hand(filter_logits):
    """temperature, top_k and top_p on the five probabilities on paper"""
    defined(locals())
    p = torch.tensor([[0.2, 0.05, 0.5, 0.1, 0.15]])
    two = [[2 / 7, 0, 5 / 7, 0, 0]]
    for settings in ({"top_k": 2}, {"top_p": 0.6}, {"top_k": 3, "top_p": 0.8}):
        yours = filter_logits(p.log(), **settings).exp()
        assert near(yours, two, 1e-5), f"{settings} leaves (2, 0, 5, 0, 0)/7, yours is {yours}"
    yours = filter_logits(torch.tensor([[0.0, math.log(9)]]), temperature=2.0).exp()
    assert near(yours, [[0.25, 0.75]], 1e-5), f"odds of 9 are odds of 3 at temperature 2, yours are {yours}"
    yours = filter_logits(p.log(), temperature=0).exp()
    assert near(yours, [[0, 0, 1, 0, 0]], 1e-5), f"temperature 0 leaves the largest alone, yours is {yours}"


@test_case(name="changing token 3 leaves the logits at 0, 1, 2 as they were", points=0)
def test_earlier_logits_stay(GPT):
    """changing token 3 leaves the logits at 0, 1, 2 as they were"""
    defined(locals())
    torch.manual_seed(0)
    model, ids = GPT(7, 12, 3, 2, 6), torch.tensor([[1, 5, 2, 6, 0]])
    other = torch.tensor([[1, 5, 2, 3, 0]])
    logits = model(ids).detach()
    assert tuple(logits.shape) == (1, 5, 7), f"(B, T, vocab) is (1, 5, 7), yours is {tuple(logits.shape)}"
    change = (logits - model(other).detach()).abs().amax(dim=(0, 2))
    assert change[:3].max() < 1e-5, f"logits before position 3 must not change, yours change by {change[:3]}"
    assert change[3:].min() > 1e-6, f"logits from position 3 on should change, yours change by {change[3:]}"


@test_case(name="the same text with and without the cache, also beyond max_len", points=0)
def test_cache_changes_nothing(GPT, generate):
    """the same text with and without the cache, also beyond max_len"""
    defined(locals())
    torch.manual_seed(0)
    model, idx = GPT(11, 16, 2, 2, 8), torch.tensor([[1, 2, 3], [4, 5, 6]])
    texts = [
        generate(model, idx, 10, 0, None, None, torch.Generator().manual_seed(0), cache) for cache in (False, True)
    ]
    for text in texts:
        assert tuple(text.shape) == (2, 13), f"3 tokens and 10 more are 13, yours are {tuple(text.shape)}"
        assert near(text[:, :3], idx), f"the text begins with what was given; yours: {text}"
    assert near(texts[0], texts[1]), f"temperature 0: without the cache {texts[0]}, with it {texts[1]}"
