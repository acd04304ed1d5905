"""Public checks of q14. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q14"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q14: {', '.join(absent)} not defined; run the cell of q14 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="a: six logits for each sequence, whatever lies beside it", points=0)
def test_recall_answers(train_recall):
    """a: six logits for each sequence, whatever lies beside it"""
    defined(locals())
    g = torch.Generator().manual_seed(0)
    x = torch.randint(0, 6, (64, 20), generator=g)
    y = x[:, 0].clone()
    x[:, 0] += 6
    model = train_recall(x, y, 0)
    logits = model(x[:7])
    assert tuple(logits.shape) == (7, 6), f"7 sequences: logits (7, 6), yours are {tuple(logits.shape)}"
    change = (model(x[:1])[0] - logits[0]).abs().max()
    assert change < 1e-4, f"the first sequence alone should get the same logits; yours differ by {change}"


@test_case(name="b: a model that writes, and that does not see padding", points=0)
def test_reverse_answers(train_reverse):
    """b: a model that writes, and that does not see padding"""
    defined(locals())
    g = torch.Generator().manual_seed(0)
    src, tgt = torch.zeros(64, 9, dtype=torch.long), torch.zeros(64, 9, dtype=torch.long)
    src[:, :4] = torch.randint(3, 13, (64, 4), generator=g)
    tgt[:, :4] = src[:, :4].flip(1)
    src[:, 4] = tgt[:, 4] = 2
    model = train_reverse(src, tgt, 0)
    text = model.greedy_decode(src[:5], 1, 2, 9)
    assert text.shape[0] == 5 and near(text[:, 0], [1] * 5), f"5 texts that begin with BOS = 1, yours are {text}"
    tgt_in = torch.ones(5, 3, dtype=torch.long)
    change = (model(src[:5], tgt_in) - model(src[:5, :5], tgt_in)).abs().max()
    assert change < 1e-4, f"with and without padding the logits are the same; yours differ by {change}"


@test_case(name="c: logits at all 24 positions, and no look ahead", points=0)
def test_language_model_answers(train_lm):
    """c: logits at all 24 positions, and no look ahead"""
    defined(locals())
    ids = torch.randint(0, 8, (600,), generator=torch.Generator().manual_seed(0))
    model = train_lm(ids, 0)
    first = ids[:48].view(2, 24)
    second = torch.cat([first[:, :12], 7 - first[:, 12:]], dim=1)
    logits = model(first)
    assert tuple(logits.shape) == (2, 24, 8), f"logits (B, 24, 8) = (2, 24, 8), yours are {tuple(logits.shape)}"
    change = (logits - model(second))[:, :12].abs().max()
    assert change < 1e-4, f"other tokens from position 12 on leave the first 12 logits alone; yours change by {change}"


@test_case(name="d: four tokens for each picture, whatever lies beside it", points=0)
def test_captioner_answers(train_captioner):
    """d: four tokens for each picture, whatever lies beside it"""
    defined(locals())
    g = torch.Generator().manual_seed(0)
    kind = torch.randint(0, 3, (32,), generator=g)
    X = 0.1 * torch.randn(32, 3, 12, 12, generator=g)
    X[torch.arange(32), kind, 4:10, 4:10] += 1
    captions = torch.stack([torch.ones(32, dtype=torch.long), 3 + kind, 7 + kind, torch.full((32,), 12)], dim=1)
    caption = train_captioner(X, captions, 0)
    tokens = caption(X[:6])
    assert tuple(tokens.shape) == (6, 4), f"6 pictures: tokens (6, 4), yours are {tuple(tokens.shape)}"
    assert not torch.is_floating_point(tokens), f"tokens are integers, yours are {tokens.dtype}"
    alone = torch.cat([caption(X[i : i + 1]) for i in range(6)])
    assert near(alone, tokens), f"pictures alone: {alone.tolist()}, in a batch: {tokens.tolist()}"
