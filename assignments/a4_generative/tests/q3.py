"""Public checks of q3. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q3: {', '.join(absent)} not defined; run the cell of q3 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the bound of one pixel and one latent dimension, by hand", points=0)
def test_one_pixel(elbo_terms):
    """the bound of one pixel and one latent dimension, by hand"""
    defined(locals())
    import torch

    one, three, four = torch.ones(1, 1), torch.full((1, 1), 3.0).log(), torch.full((1, 1), 4.0).log()
    terms = elbo_terms(one, three, one, four, "bernoulli")
    assert set(terms) == {"loss", "rec", "kl"}, f"the keys are loss, rec and kl; yours: {sorted(terms)}"
    assert near(terms["rec"], 0.287682, 1e-5), f"rec = ln 4/3 = 0.287682, yours is {terms['rec']}"
    assert near(terms["kl"], 1.306853, 1e-5), f"kl = 1.306853, yours is {terms['kl']}"
    assert near(terms["loss"], 1.594535, 1e-5), f"loss = rec + kl = 1.594535, yours is {terms['loss']}"
    weighted = elbo_terms(one, three, one, four, "bernoulli", beta=4.0)["loss"]
    assert near(weighted, 5.515093, 1e-5), f"with beta = 4 the loss is 5.515093, yours is {weighted}"
    free = elbo_terms(one, three, one, four, "bernoulli", free_bits=2.0)["loss"]
    assert near(free, 2.287682, 1e-5), f"with 2 free nats the loss is rec + 2 = 2.287682, yours is {free}"


@test_case(name="a batch of two equal rows costs what one costs, twice as many pixels cost twice as much", points=0)
def test_sums_and_means(elbo_terms):
    """a batch of two equal rows costs what one costs, twice as many pixels cost twice as much"""
    defined(locals())
    import torch

    x, out = torch.tensor([[1.0, 0.5, -1.0]]), torch.tensor([[0.0, 0.5, 1.0]])
    mu, logvar = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    one = elbo_terms(x, out, mu, logvar, "gaussian", dec_logvar=0.5)
    two = elbo_terms(*(t.repeat(2, 1) for t in (x, out, mu, logvar)), "gaussian", dec_logvar=0.5)
    assert near(two["loss"], float(one["loss"]), 1e-5), f"two equal rows: {two['loss']} is not {one['loss']}"
    wide = elbo_terms(x.repeat(1, 2), out.repeat(1, 2), mu, logvar, "gaussian", dec_logvar=0.5)
    assert near(wide["rec"], 2 * float(one["rec"]), 1e-5), f"twice the pixels: rec {wide['rec']}, not 2 * {one['rec']}"


@test_case(name="iwae_bound: weights 1 and 3 by hand; one sample is the plain mean; large negative logarithms", points=0)
def test_importance_weights(iwae_bound):
    """iwae_bound: weights 1 and 3 by hand; one sample is the plain mean; large negative logarithms"""
    defined(locals())
    import torch

    log_w = torch.tensor([[1.0, 1.0, 4.0], [3.0, 1.0, 4.0]]).log()
    expected = (0.693147 + 0.0 + 1.386294) / 3
    assert near(iwae_bound(log_w), expected, 1e-5), f"(ln 2 + ln 1 + ln 4) / 3 = {expected:.6f}: {iwae_bound(log_w)}"
    assert near(iwae_bound(log_w[1:]), 0.828302, 1e-5), "K = 1: the bound is the mean of log_w, (ln 3 + 0 + ln 4) / 3"
    low = iwae_bound(log_w - 1000)
    assert near(low, expected - 1000, 1e-3), f"1000 less in every logarithm is 1000 less in the bound, yours is {low}"
