"""Public checks of q1. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q1: {', '.join(absent)} not defined; run the cell of q1 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="gaussian_nll of the example on paper, and its shape", points=0)
def test_gaussian_by_hand(gaussian_nll):
    """gaussian_nll of the example on paper, and its shape"""
    defined(locals())
    import torch

    x, mu = torch.tensor([[3.0, 0.0, 1.0], [3.0, 3.0, 3.0]]), torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    logvar = torch.log(torch.tensor([[4.0, 1.0, 1.0], [4.0, 4.0, 4.0]]))
    yours = gaussian_nll(x, mu, logvar)
    assert tuple(yours.shape) == (2,), f"2 rows: the result has shape (2,), yours has {tuple(yours.shape)}"
    first = 2.112086 + 2 * 0.918939
    assert near(yours[0], first, 1e-5), f"row 0: 2.112086 + 0.918939 + 0.918939 = {first:.6f}, yours is {yours[0]}"
    assert near(yours[1], 3 * 2.112086, 1e-5), f"row 1: three times 2.112086 = 6.336258, yours is {yours[1]}"


@test_case(name="bernoulli_nll: heads and tails of a coin with logit ln 3", points=0)
def test_coin_by_hand(bernoulli_nll):
    """bernoulli_nll: heads and tails of a coin with logit ln 3"""
    defined(locals())
    import torch

    logits = torch.full((3, 2), 3.0).log()
    x = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.5, 0.0]])
    yours = bernoulli_nll(x, logits)
    expected = [0.287682 + 1.386294, 2 * 0.287682, 0.836988 + 1.386294]
    assert near(yours, expected, 1e-5), f"expected {expected} for heads and tails, twice heads, half and half; {yours}"
    large = bernoulli_nll(torch.tensor([[0.0]]), torch.tensor([[100.0]]))
    assert near(large, [100.0], 1e-3), f"tails at logit 100 costs 100, yours is {large}"


@test_case(name="kl_gauss of the example on paper, and 0 for equal distributions", points=0)
def test_divergence(kl_gauss):
    """kl_gauss of the example on paper, and 0 for equal distributions"""
    defined(locals())
    import torch

    mu, logvar = torch.tensor([[1.0, 0.0]]), torch.tensor([[4.0, 1.0]]).log()
    yours = kl_gauss(mu, logvar)
    assert near(yours, [1.306853], 1e-5), f"KL(N(1, 4) || N(0, 1)) = 1.306853, yours is {yours}"
    back = kl_gauss(torch.zeros(1, 2), torch.zeros(1, 2), mu, logvar)
    assert near(back, [0.443147], 1e-5), f"the other way round it is (ln 4 + 2/4 - 1) / 2 = 0.443147, yours is {back}"
    zero = kl_gauss(mu, logvar, mu, logvar)
    assert near(zero, [0.0]), f"KL of a distribution from itself is 0, yours is {zero}"
