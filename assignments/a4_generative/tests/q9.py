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


@test_case(name="the example on paper: two samples at two different times", points=0)
def test_jumps_by_hand(q_sample, v_target):
    """the example on paper: two samples at two different times"""
    defined(locals())
    import torch

    sched = {
        "betas": torch.tensor([0.36, 0.4375]).double(),
        "alphas": torch.tensor([0.64, 0.5625]).double(),
        "alpha_bars": torch.tensor([0.64, 0.36]).double(),
        "alpha_bars_prev": torch.tensor([1.0, 0.64]).double(),
    }
    x0, noise, t = torch.tensor([[2.0, 0.0, 1.0]] * 2), torch.tensor([[-1.0, 1.0, 0.0]] * 2), torch.tensor([0, 1])
    x_t, v = q_sample(x0, t, noise, sched), v_target(x0, t, noise, sched)
    expected = [[1, 0.6, 0.8], [0.4, 0.8, 0.6]]
    assert near(x_t, expected), f"x_t is {expected} (first row t = 0, second t = 1), yours is {x_t}"
    assert x_t.dtype == torch.float32, f"x0 is float32, so x_t is; yours is {x_t.dtype}"
    assert near(v[1], [-2.2, 0.6, -0.8]), f"v at t = 1 is (-2.2, 0.6, -0.8), yours is {v[1]}"


@test_case(name="images at five times: x_t with the noise gives the data back, with the data the noise", points=0)
def test_there_and_back(q_sample, predict_x0, predict_eps):
    """images at five times: x_t with the noise gives the data back, with the data the noise"""
    defined(locals())
    import torch

    bars = torch.tensor([0.99, 0.8, 0.5, 0.2, 0.01], dtype=torch.float64)
    before = torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])
    sched = {"alpha_bars": bars, "alpha_bars_prev": before, "alphas": bars / before, "betas": 1 - bars / before}
    g = torch.Generator().manual_seed(0)
    x0, noise = torch.randn(2, 5, 3, 2, 4, generator=g, dtype=torch.float64)
    t = torch.tensor([0, 1, 2, 3, 4])
    x_t = q_sample(x0, t, noise, sched)
    assert x_t.shape == x0.shape, f"5 images of shape (3, 2, 4): x_t has shape {tuple(x_t.shape)}"
    for what, back, wanted in (
        ("predict_x0", predict_x0(x_t, t, noise, sched), x0),
        ("predict_eps", predict_eps(x_t, t, x0, sched), noise),
    ):
        assert near(back, wanted), f"{what} is off by up to {(back - wanted).abs().max():.3g}"


@test_case(name="a model that says 0: the loss is the mean square of the noise, weighted", points=0)
def test_loss_by_hand(ddpm_loss):
    """a model that says 0: the loss is the mean square of the noise, weighted"""
    defined(locals())
    import torch

    sched = {
        "betas": torch.tensor([0.36, 0.4375]).double(),
        "alphas": torch.tensor([0.64, 0.5625]).double(),
        "alpha_bars": torch.tensor([0.64, 0.36]).double(),
        "alpha_bars_prev": torch.tensor([1.0, 0.64]).double(),
        "udl_weight": torch.tensor([0.78125, 0.607639]).double(),
    }
    x0, noise, t = torch.ones(2, 3), torch.tensor([[1.0, 2.0, 1.0], [0.0, 3.0, 0.0]]), torch.tensor([0, 1])
    simple = ddpm_loss(lambda x_t, t: 0 * x_t, x0, t, noise, sched)
    udl = ddpm_loss(lambda x_t, t: 0 * x_t, x0, t, noise, sched, weight="udl")
    assert near(simple, 2.5), f"6/3 for one sample, 9/3 for the other: the loss is 2.5, yours is {simple}"
    assert near(udl, 1.692708), f"(0.78125 * 2 + 0.607639 * 3) / 2 = 1.692708, yours is {udl}"
    for target, oracle in (("eps", noise), ("x0", x0)):
        loss = ddpm_loss(lambda x_t, t, oracle=oracle: oracle, x0, t, noise, sched, target=target)
        assert near(loss, 0), f"a model that knows the {target} has loss 0, yours is {loss}"
