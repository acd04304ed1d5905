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


@test_case(name="the embedding of the example on paper, even and odd", points=0)
def test_embedding_by_hand(timestep_embedding):
    """the embedding of the example on paper, even and odd"""
    defined(locals())
    import torch

    row = [-0.416147, 0.980067, 0.909297, 0.198669]
    yours = timestep_embedding(torch.tensor([2, 0, 5]), 4, max_period=100.0)
    assert yours.shape == (3, 4) and yours.dtype == torch.float32, (
        f"3 times, dim 4: (3, 4) and float32; yours: {tuple(yours.shape)} and {yours.dtype}"
    )
    assert near(yours[0], row), f"t = 2 becomes {row}, yours is {yours[0]}"
    assert near(yours[1], [1, 1, 0, 0]), f"t = 0 becomes (1, 1, 0, 0), yours is {yours[1]}"
    odd = timestep_embedding(torch.tensor([2, 0, 5]), 5, max_period=100.0)
    assert near(odd[0], [*row, 0]), f"dim 5 adds a 0 at the end, yours is {odd[0]}"


@test_case(name="guidance: w = 0 without the label, w = 1 with it, w = 2 beyond", points=0)
def test_guidance_by_hand(cfg_eps):
    """guidance: w = 0 without the label, w = 1 with it, w = 2 beyond"""
    defined(locals())
    import torch

    cond, uncond = torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 0.0]])
    for w, expected in ((0.0, 3.0), (1.0, 1.0), (2.0, -1.0)):
        yours = cfg_eps(cond, uncond, w)
        assert near(yours, [[expected, 0]]), f"w = {w}: 3 + {w} * (1 - 3) = {expected}, yours is {yours}"


@test_case(name="about a quarter of the labels is dropped, and the caller's labels stay", points=0)
def test_dropping(drop_labels):
    """about a quarter of the labels is dropped, and the caller's labels stay"""
    defined(locals())
    import torch

    y = torch.arange(10).repeat(100)
    before = y.clone()
    yours = drop_labels(y, 10, 0.25, torch.Generator().manual_seed(0))
    assert torch.equal(y, before), "the labels that were passed have changed"
    share = float((yours == 10).float().mean())
    assert 0.17 < share < 0.33, f"p = 0.25 of 1000 labels: about 0.25 should be null, yours: {share}"
    assert torch.equal(yours[yours != 10], y[yours != 10]), "labels that are not dropped stay what they are"


@test_case(name="a point for each label: w = 1 ends at the label's point, w = 0 at that of null", points=0)
def test_null_everywhere(guided_sample, make_schedule):
    """a point for each label: w = 1 ends at the label's point, w = 0 at that of null"""
    defined(locals())
    import torch

    sched, points = make_schedule("cosine", 10), torch.tensor([[1.0, 2.0], [-2.0, 0.5], [0.0, -1.0]])

    def oracle(x_t, t, y):
        kept = sched["alpha_bars"][t].to(x_t.dtype)[:, None]
        return (x_t - kept.sqrt() * points[y]) / (1 - kept).sqrt()

    y = torch.tensor([0, 1, 1, 0, 0])
    for w, ends in ((1.0, points[y]), (0.0, points[[2] * 5])):
        yours = guided_sample(oracle, y, (5, 2), sched, w, torch.Generator().manual_seed(0), 2)
        assert near(yours, ends, 1e-3), f"w = {w}: the five samples end at {ends}, yours at {yours}"
