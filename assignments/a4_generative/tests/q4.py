"""Public checks of q4. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q4: {', '.join(absent)} not defined; run the cell of q4 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="VAE: shapes and the number of parameters", points=0)
def test_shapes(VAE):
    """VAE: shapes and the number of parameters"""
    defined(locals())
    import torch

    vae = VAE(5, 2, 7)
    count = sum(p.numel() for p in vae.parameters())
    assert count == 135, f"VAE(5, 2, 7) has 135 parameters (see the text), yours has {count}"
    logits, mu, logvar = vae(torch.zeros(3, 5), torch.zeros(3, 2))
    assert tuple(logits.shape) == (3, 5), f"3 rows: logits have shape (3, 5), yours {tuple(logits.shape)}"
    assert tuple(mu.shape) == tuple(logvar.shape) == (3, 2), f"mu, logvar: (3, 2), yours {mu.shape}, {logvar.shape}"
    again = vae.decode(vae.encode(torch.zeros(3, 5))[0])
    assert near(again.detach(), logits.detach()), "with eps = 0 the logits are decode(mu)"
    samples = vae.sample(4, torch.Generator().manual_seed(0)).detach()
    assert tuple(samples.shape) == (4, 5), f"4 samples of 5 pixels: (4, 5), yours {tuple(samples.shape)}"
    assert 0 <= float(samples.min()) <= float(samples.max()) <= 1, "samples are probabilities"


@test_case(name="CVAE: the label changes what is encoded and what is decoded", points=0)
def test_labels(CVAE):
    """CVAE: the label changes what is encoded and what is decoded"""
    defined(locals())
    import torch

    cvae = CVAE(5, 2, 7, 3)
    x, z, one, two = torch.zeros(1, 5), torch.zeros(1, 2), torch.tensor([1]), torch.tensor([2])
    assert not near(cvae.encode(x, one)[0].detach(), cvae.encode(x, two)[0].detach()), "encode ignores the label"
    assert not near(cvae.decode(z, one).detach(), cvae.decode(z, two).detach()), "decode ignores the label"


@test_case(name="the linear VAE reaches the exact likelihood of probabilistic PCA", points=0)
def test_exact_likelihood(train_linear_vae):
    """the linear VAE reaches the exact likelihood of probabilistic PCA"""
    defined(locals())
    import torch
    from datasets import ppca, ppca_log_likelihood

    X, W, m = ppca(6000, np.random.default_rng(1))
    exact = float(np.mean(ppca_log_likelihood(X[4000:], W, m)))
    fit = train_linear_vae(torch.tensor(X[:4000], dtype=torch.float32), 2, 0)
    reported = fit["elbo"](torch.tensor(X[4000:], dtype=torch.float32))
    print(f"your ELBO {reported:.3f}, exact log-likelihood {exact:.3f}, on 2000 new rows")
    assert reported - exact <= 0.03, f"a bound of {reported:.3f} above the exact {exact:.3f} is none: a term is wrong"
    assert reported - exact >= -0.05, f"the ELBO is {exact - reported:.3f} nats below the likelihood; 0.05 are allowed"
    assert abs(fit["obs_logvar"] - np.log(0.16)) < 0.1, f"ln 0.4^2 = -1.83 was the truth, yours is {fit['obs_logvar']}"
