"""Public checks of q5. They are there to help and give no points."""

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


@test_case(name="all losses when every logit is 0", points=0)
def test_losses_at_zero(gan_loss_d, gan_loss_g):
    """all losses when every logit is 0"""
    defined(locals())
    import torch

    expected = {"minimax": (1.386294, -0.693147), "nonsaturating": (1.386294, 0.693147)}
    expected |= {"lsgan": (0.5, 0.5), "wgan": (0.0, 0.0)}
    for kind, (d, g) in expected.items():
        yours = gan_loss_d(kind, torch.zeros(3), torch.zeros(5))
        assert near(yours, d, 1e-5), f"{kind}: the loss of D at logits 0 is {d}, yours is {yours}"
        yours = gan_loss_g(kind, torch.zeros(5, 1))
        assert near(yours, g, 1e-5), f"{kind}: the loss of G at logits 0 is {g}, yours is {yours}"


@test_case(name="what G learns from a fake that D is sure about (logit -20)", points=0)
def test_who_still_learns(gan_loss_g):
    """what G learns from a fake that D is sure about (logit -20)"""
    defined(locals())
    import torch

    slopes = {}
    for kind in ("minimax", "nonsaturating", "lsgan", "wgan"):
        fake = torch.full((1,), -20.0, requires_grad=True)
        gan_loss_g(kind, fake).backward()
        slopes[kind] = fake.grad.item()
        print(f"{kind:14s} derivative of G's loss {slopes[kind]:.3g}")
        assert slopes[kind] < 0, f"{kind}: G wants larger logits, so the derivative is negative; yours {slopes[kind]}"
    assert abs(slopes["minimax"]) < 1e-6 and abs(slopes["nonsaturating"] + 1) < 1e-3, "see the example on paper"


@test_case(name="the penalty of D(x) = 3 a + 4 b is (5 - 1)^2", points=0)
def test_penalty_of_a_plane(gradient_penalty):
    """the penalty of D(x) = 3 a + 4 b is (5 - 1)^2"""
    defined(locals())
    import torch

    w = torch.tensor([3.0, 4.0], requires_grad=True)
    real, fake, u = torch.zeros(3, 2), torch.ones(3, 2), torch.tensor([0.0, 0.5, 1.0])
    penalty = gradient_penalty(lambda x: x @ w, real, fake, u)
    assert near(penalty.detach(), 16.0, 1e-4), f"|w| = 5, the penalty is (5 - 1)^2 = 16, yours is {penalty}"
    penalty.backward()
    assert w.grad is not None and near(w.grad, [4.8, 6.4], 1e-4), f"its gradient is 2 (5 - 1) w/5, yours is {w.grad}"
