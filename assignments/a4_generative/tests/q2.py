"""Public checks of q2. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q2: {', '.join(absent)} not defined; run the cell of q2 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="z for mu = 1, sigma = 2 and eps = -1, 0, 3", points=0)
def test_sample_by_hand(reparameterize):
    """z for mu = 1, sigma = 2 and eps = -1, 0, 3"""
    defined(locals())
    import torch

    mu, logvar = torch.ones(1, 3), torch.full((1, 3), 4.0).log()
    z = reparameterize(mu, logvar, torch.tensor([[-1.0, 0.0, 3.0]]))
    assert near(z, [[-1, 1, 7]], 1e-5), f"1 + 2 * (-1, 0, 3) = (-1, 1, 7), yours is {z}"


@test_case(name="dz/dmu = 1 and dz/dlogvar = sigma eps / 2", points=0)
def test_gradient_by_hand(reparameterize):
    """dz/dmu = 1 and dz/dlogvar = sigma eps / 2"""
    defined(locals())
    import torch

    mu, logvar = torch.ones(1, 2, requires_grad=True), torch.full((1, 2), 4.0).log().requires_grad_(True)
    z = reparameterize(mu, logvar, torch.tensor([[-1.0, 3.0]]))
    assert z.requires_grad, "no gradient flows through your z"
    z.sum().backward()
    print(f"dz/dmu = {mu.grad}, dz/dlogvar = {logvar.grad}")
    assert mu.grad is not None and near(mu.grad, [[1, 1]]), f"dz/dmu = 1, yours is {mu.grad}"
    assert logvar.grad is not None, "no gradient reaches logvar"
    assert near(logvar.grad, [[-1, 3]], 1e-5), f"sigma eps / 2 = (-1, 3), yours is {logvar.grad}"


@test_case(name="sample_latent: its shape, its spread, and the same samples from the same seed", points=0)
def test_samples(sample_latent):
    """sample_latent: its shape, its spread, and the same samples from the same seed"""
    defined(locals())
    import torch

    mu, logvar = torch.tensor([[5.0, -5.0, 0.0]]), torch.tensor([[1.0, 4.0, 0.01]]).log()
    z, again = (sample_latent(mu, logvar, 4000, torch.Generator().manual_seed(0)) for _ in range(2))
    assert tuple(z.shape) == (4000, 1, 3), f"n = 4000, B = 1, D = 3: the shape is (4000, 1, 3), yours {tuple(z.shape)}"
    assert near(z, again.detach()), "the same seed has to give the same samples"
    assert near(z.mean(dim=(0, 1)), [5, -5, 0], 0.2), f"the means are (5, -5, 0), yours about {z.mean(dim=(0, 1))}"
    assert near(z.std(dim=(0, 1)), [1, 2, 0.1], 0.1), f"the spreads are (1, 2, 0.1), yours {z.std(dim=(0, 1))}"
