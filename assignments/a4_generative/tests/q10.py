"""Public checks of q10. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q10"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q10: {', '.join(absent)} not defined; run the cell of q10 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="DDPM: one step of the example on paper, with and without noise", points=0)
def test_ddpm_step_by_hand(p_mean_variance, p_sample, make_schedule):
    """DDPM: one step of the example on paper, with and without noise"""
    defined(locals())
    import torch

    sched = make_schedule("linear", 2, 0.36, 0.4375)
    x, eps, noise = (torch.tensor([[v]] * 3, dtype=torch.float64) for v in (0.4, -1.0, 2.0))
    mean, var = p_mean_variance(x, 1, eps, sched, None)
    assert near(mean, [[1.2625]] * 3), f"the mean is 1.2625, yours is {mean}"
    assert near(var, 0.246094), f"the variance is 0.246094, yours is {var}"
    step = p_sample(x, 1, eps, noise, sched)
    assert near(step, [[2.254657]] * 3), f"noise 2 adds two standard deviations: 2.254657, yours is {step}"
    last = p_sample(x, 0, eps, noise, sched)
    assert near(last, [[1.25]] * 3), f"at t = 0 the guess (0.4 + 0.6) / 0.8 = 1.25, without noise; yours is {last}"


@test_case(name="DDIM: one step of the example on paper, for eta 0 and 1, and to the data", points=0)
def test_ddim_step_by_hand(ddim_step, make_schedule):
    """DDIM: one step of the example on paper, for eta 0 and 1, and to the data"""
    defined(locals())
    import torch

    sched = make_schedule("linear", 2, 0.36, 0.4375)
    x, eps, noise = (torch.tensor([[v]] * 3, dtype=torch.float64) for v in (0.4, -1.0, 0.0))
    for t_prev, eta, expected in ((0, 0.0, 1.0), (0, 1.0, 1.2625), (-1, 0.0, 2.0), (-1, 1.0, 2.0)):
        yours = ddim_step(x, 1, t_prev, eps, sched, eta, noise)
        assert near(yours, [[expected]] * 3), f"from 1 to {t_prev} with eta = {eta}: {expected}, yours is {yours}"


@test_case(name="if all data are one point, the right noise leads to that point", points=0)
def test_ends_at_the_point(ddpm_sample, ddim_sample, make_schedule):
    """if all data are one point, the right noise leads to that point"""
    defined(locals())
    import torch

    sched, point, asked = make_schedule("cosine", 20), torch.tensor([1.5, -0.5, 3.0]), []

    def oracle(x_t, t):
        asked.append(int(t[0]))
        bar = sched["alpha_bars"][t].to(x_t.dtype)[:, None]
        return (x_t - bar.sqrt() * point) / (1 - bar).sqrt()

    for what, run, times in (
        ("ddpm_sample", lambda g: ddpm_sample(oracle, (7, 3), sched, g), list(range(19, -1, -1))),
        ("ddim_sample", lambda g: ddim_sample(oracle, (7, 3), sched, 5, 0.0, g), [19, 15, 11, 7, 3]),
    ):
        asked.clear()
        x = run(torch.Generator().manual_seed(0))
        assert asked == times, f"{what} asks the model at {times}, yours at {asked}"
        assert near(x, point.expand(7, 3), 1e-3), f"{what}: all 7 samples are {point}, yours are {x}"
