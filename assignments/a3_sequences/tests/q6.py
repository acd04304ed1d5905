"""Public checks of q6. They are there to help and give no points."""

import math
import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q6: {', '.join(absent)} not defined; run the cell of q6 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the loss of two tokens, as on paper, and with padding behind them", points=0)
def test_two_tokens_on_paper(masked_cross_entropy):
    """the loss of two tokens, as on paper, and with padding behind them"""
    defined(locals())
    logits = torch.tensor([[[0.0, math.log(3), -99.0], [0.0, 0.0, -99.0]]])
    loss = masked_cross_entropy(logits, torch.tensor([[1, 0]]), 2)
    assert tuple(loss.shape) == (), f"a loss is one number, a tensor without axes; yours has shape {tuple(loss.shape)}"
    assert near(loss, 0.490415, 1e-5), f"(ln 4/3 + ln 2) / 2 = 0.490415, yours is {loss}"
    padded = torch.cat([logits, torch.randn(1, 3, 3)], dim=1)
    loss = masked_cross_entropy(padded, torch.tensor([[1, 0, 2, 2, 2]]), 2)
    assert near(loss, 0.490415, 1e-5), f"three pads behind: still 0.490415, yours is {loss}"


@test_case(name="a model that knows nothing about 8 words has perplexity 8", points=0)
def test_uniform_perplexity(masked_cross_entropy, perplexity):
    """a model that knows nothing about 8 words has perplexity 8"""
    defined(locals())
    targets = torch.tensor([[1, 2, 3, 0, 0], [4, 5, 6, 7, 0]])  # 7 words
    loss = masked_cross_entropy(torch.zeros(2, 5, 8), targets, 0)
    assert near(loss, math.log(8), 1e-5), f"the loss is ln 8 = 2.0794, yours is {loss}"
    yours = perplexity(7 * float(loss), 7)
    assert near(yours, 8.0, 1e-4), f"e^(ln 8) = 8, yours is {yours}"


@test_case(name="the tree on paper: one beam finds A A, two beams find B", points=0)
def test_beam_beats_greedy(beam_search):
    """the tree on paper: one beam finds A A, two beams find B"""
    defined(locals())
    bos, eos, A, B = 0, 1, 2, 3
    after = {(bos,): [0, 0, 0.6, 0.4], (bos, A): [0, 0.3, 0.4, 0.3], (bos, B): [0, 0.9, 0.1, 0]}

    def step(prefixes):
        return torch.tensor([after.get(tuple(prefix), [0, 1.0, 0, 0]) for prefix in prefixes]).log()

    tokens, score = beam_search(step, bos, eos, 1, 5)
    assert list(tokens) == [bos, A, A, eos], f"one beam is greedy: bos A A eos, [0, 2, 2, 1]; yours is {tokens}"
    assert near(score, math.log(0.24), 1e-5), f"its score is ln 0.24 = -1.427, yours is {score}"
    tokens, score = beam_search(step, bos, eos, 2, 5)
    assert list(tokens) == [bos, B, eos], f"two beams find bos B eos, [0, 3, 1]; yours is {tokens}"
    assert near(score, math.log(0.36), 1e-5), f"its score is ln 0.36 = -1.022, yours is {score}"
