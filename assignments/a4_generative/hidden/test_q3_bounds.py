"""Question 3: the evidence lower bound and the importance-weighted one, against formulas written in torch here."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from grader.testing import array, close, number, require, unpack

pytestmark = pytest.mark.question("q3")

SIZES = [(5, 7, 3), (1, 4, 2), (4, 4, 4), (6, 1, 1)]  # B, D, Z
ABOUT_ZERO = 1e-8  # F.softplus drops terms below e^-20
SINGLE = 1e-6  # torch.as_tensor of a Python float (dec_logvar, beta, free_bits) is float32


def tensor(rng, *shape, scale=1.0):
    return torch.as_tensor(scale * rng.normal(size=shape))


def draw(rng, B, D, Z, likelihood):
    """x, dec_out, mu, logvar."""
    out = tensor(rng, B, D, scale=2.0)
    x = torch.as_tensor(rng.uniform(size=(B, D))) if likelihood == "bernoulli" else out + tensor(rng, B, D)
    x = torch.where(tensor(rng, B, D) > 0, x.round(), x) if likelihood == "bernoulli" else x
    return x, out, tensor(rng, B, Z), tensor(rng, B, Z, scale=0.8)


def spreads(rng, B, D):
    """Log-variances of every form that is allowed."""
    number_ = float(rng.uniform(0.4, 1.2))
    return [number_, -number_, tensor(rng), tensor(rng, D), tensor(rng, B, D), tensor(rng, B, 1)]


def expected_terms(x, out, mu, logvar, likelihood, dec_logvar=0.0, beta=1.0, free_bits=0.0):
    if likelihood == "bernoulli":
        rec = binary_cross_entropy_with_logits(out, x, reduction="sum") / len(x)
    else:
        v = dec_logvar + torch.zeros_like(x)
        rec = 0.5 * (math.log(2 * math.pi) + v + (x - out) ** 2 / torch.exp(v)).sum() / len(x)
    each = 0.5 * (mu**2 + torch.exp(logvar) - 1 - logvar).mean(0)
    kl = torch.where(each > free_bits, each, torch.full_like(each, free_bits)).sum()
    return {"loss": rec + beta * kl, "rec": rec, "kl": kl}


def judge(student, args, options, what, factors=None):
    answer = student.elbo_terms(*args, **options)
    require(type(answer) is dict, "elbo_terms must return a dict")
    for key, expected in expected_terms(*args, **options).items():
        require(key in answer, f"elbo_terms returns a dict with the keys loss, rec and kl; {key} is missing")
        close(answer[key], expected, rtol=SINGLE, atol=ABOUT_ZERO, what=f"{key} {what}", factors=factors)


@pytest.mark.points(
    0.8,
    hint="A dict of three scalar tensors with the dtype of x, and a scalar tensor; nothing is changed or drawn, and an "
    "unknown likelihood is a ValueError.",
)
def test_contract_of_the_bounds(student, rng):
    for likelihood in ("bernoulli", "gaussian"):
        for dtype in (torch.float32, torch.float64):
            args = [t.to(dtype) for t in draw(rng, 4, 5, 3, likelihood)]
            log_w, asked = tensor(rng, 3, 4).to(dtype), str(dtype).removeprefix("torch.")
            with student.pure():
                terms = student.elbo_terms(*args, likelihood, dec_logvar=0.3, beta=2.0, free_bits=0.1)
                bound = student.iwae_bound(log_w)
            require(type(terms) is dict, "elbo_terms must return a dict")
            require(terms.keys() == {"loss", "rec", "kl"}, "elbo_terms returns the keys loss, rec and kl, no others")
            for name, answer in [*terms.items(), ("iwae_bound", bound)]:
                require(isinstance(answer, torch.Tensor), f"{name} must be a scalar tensor")
                array(answer, shape=(), dtype=asked, what=name)
    for likelihood in ("laplace", "Gaussian", "gauss", ""):
        with student.raises(ValueError, what="elbo_terms with an unknown likelihood"):
            student.elbo_terms(*draw(rng, 4, 5, 3, "gaussian"), likelihood)


@pytest.mark.points(
    0.8, hint="Sum over pixels and over latent dimensions, mean over the batch; beta belongs to the KL."
)
def test_bernoulli_bound(student, rng):
    for B, D, Z in SIZES:
        args, factors = draw(rng, B, D, Z, "bernoulli"), {"B": B, "D": D, "1/D": 1 / D, "1/Z": 1 / Z}
        for options in ({}, {"beta": 4.0}, {"beta": 0.0}, {"beta": 0.3}):
            judge(student, (*args, "bernoulli"), options, f"of ({B}, {D}) with {options or 'defaults'}", factors)


@pytest.mark.points(
    0.8,
    hint="The Gaussian likelihood is a density: variance and ln 2 pi belong to every pixel, whatever the variance is.",
)
def test_gaussian_bound(student, rng):
    for B, D, Z in SIZES:
        args, factors = draw(rng, B, D, Z, "gaussian"), {"B": B, "D": D, "1/D": 1 / D, "1/Z": 1 / Z}
        judge(student, (*args, "gaussian"), {}, "of the Gaussian with unit variance", factors)
        for dec_logvar in spreads(rng, B, D):
            form = "a float" if isinstance(dec_logvar, float) else f"of shape {tuple(dec_logvar.shape)}"
            options = {"dec_logvar": dec_logvar, "beta": 0.7}
            judge(student, (*args, "gaussian"), options, f"of the Gaussian, dec_logvar {form}", factors)


def spent_and_unspent(rng, B, Z):
    """mu, logvar (B, Z) in which about half of the dimensions have a KL far below, the others far above 0.3 nats.

    The samples differ much: in each dimension some are below and some above.
    """
    wide = np.arange(Z) % 2 == 0
    mu = rng.normal(size=(B, Z)) * np.where(wide, 1.5, 0.05)
    mu[0] = np.where(wide, 2.5, 0.9)  # one sample above in every dimension
    mu[1] = 0.01  # one below
    return torch.as_tensor(mu), torch.as_tensor(0.05 * rng.normal(size=(B, Z)))


@pytest.mark.points(
    0.6,
    hint="For each dimension: the mean over the batch, then the maximum with free_bits, then the sum over dimensions.",
)
def test_free_bits(student, rng):
    for B, D, Z in [(6, 4, 5), (7, 3, 2)]:
        for likelihood in ("bernoulli", "gaussian"):
            x, out, _, _ = draw(rng, B, D, Z, likelihood)
            mu, logvar = spent_and_unspent(rng, B, Z)
            for free_bits, beta in [(50.0, 0.5), (0.3, 1.0), (0.3, 2.5), (1e-6, 1.0)]:
                options = {"free_bits": free_bits, "beta": beta}
                judge(student, (x, out, mu, logvar, likelihood), options, f"with {options}")


@pytest.mark.points(
    0.6, hint="For each row: the logarithm of the mean of its K weights. Then the mean over the rows. K is axis 0."
)
def test_importance_weighted_bound(student, rng):
    for K, B in [(5, 3), (3, 3), (1, 4), (6, 1), (1, 1)]:
        log_w = tensor(rng, K, B, scale=3.0)
        expected = torch.log(torch.exp(log_w).mean(0)).mean()
        close(student.iwae_bound(log_w), expected, what=f"iwae_bound of ({K}, {B}) weights", factors={"B": B})
    single = student.iwae_bound(log_w.float())
    close(single, expected.float(), atol=1e-5, what="iwae_bound of float32")


def derive(nb, key, args, likelihood, dec_logvar, beta, free_bits):
    """One term and its gradients with respect to dec_out, mu, logvar and dec_logvar."""
    x, leaves = args[0], [t.clone().requires_grad_(True) for t in (*args[1:], dec_logvar)]
    terms = nb.elbo_terms(x, *leaves[:3], likelihood, dec_logvar=leaves[3], beta=beta, free_bits=free_bits)
    if not isinstance(terms[key], torch.Tensor) or not terms[key].requires_grad:
        return None
    return list(torch.autograd.grad(terms[key], leaves, allow_unused=True))


def expected_gradients(args, likelihood, dec_logvar, beta, free_bits):
    leaves = [t.clone().requires_grad_(True) for t in (*args[1:], dec_logvar)]
    terms = expected_terms(args[0], *leaves[:3], likelihood, leaves[3], beta, free_bits)
    return torch.autograd.grad(terms["loss"], leaves, allow_unused=True)


@pytest.mark.points(
    1.3,
    hint="Gradients reach dec_out, mu, logvar and a learnt dec_logvar. A dimension below its free bits gets none from "
    "the KL; the others get theirs.",
)
def test_gradients_of_the_bound(student, rng):
    for likelihood in ("bernoulli", "gaussian"):
        for B, D, Z in [(6, 4, 3), (1, 2, 2)]:
            args = draw(rng, B, D, Z, likelihood)
            with_free_bits = (*args[:2], *spent_and_unspent(rng, B, Z)) if B > 1 else args
            for given, free_bits in [(args, 0.0), (with_free_bits, 0.3)]:
                dec_logvar, beta = tensor(rng, *[(), (D,)][B > 1]), float(rng.uniform(1.5, 3.0))
                answer = student.run(derive, "loss", list(given), likelihood, dec_logvar, beta, free_bits)
                require(answer is not None, "no gradient flows through the loss")
                expected = expected_gradients(given, likelihood, dec_logvar, beta, free_bits)
                names = ("dec_out", "mu", "logvar", "dec_logvar")
                for name, got, wanted in zip(names, unpack(answer, 4), expected, strict=True):
                    if wanted is None:  # dec_logvar has no part in a Bernoulli likelihood
                        continue
                    if got is None and not wanted.any():  # every dimension has free bits to spare: 0, or no path at all
                        continue
                    what = f"the gradient of the {likelihood} loss with respect to {name}, free_bits {free_bits}"
                    require(got is not None, f"{what}: none arrives there")
                    close(got, wanted, rtol=SINGLE, atol=ABOUT_ZERO, what=what, factors={"B": B, "beta": beta})


def derive_bound(nb, log_w):
    log_w = log_w.clone().requires_grad_(True)
    bound = nb.iwae_bound(log_w)
    if not isinstance(bound, torch.Tensor) or not bound.requires_grad:
        return None
    return torch.autograd.grad(bound, log_w)[0]


@pytest.mark.points(
    0.7, hint="The gradient weighs each sample by its share of the row's weights: these shares add up to 1/B in a row."
)
def test_gradient_of_the_weighted_bound(student, rng):
    for K, B in [(5, 3), (4, 4), (1, 2)]:
        log_w = tensor(rng, K, B, scale=2.0)
        answer = student.run(derive_bound, log_w)
        require(answer is not None, "no gradient flows through iwae_bound")
        close(answer, torch.softmax(log_w, dim=0) / B, what=f"the gradient of iwae_bound, ({K}, {B}) weights")


@pytest.mark.points(
    1.2,
    hint="Logarithms of weights lie around -10000: take each row's largest out before the exponential. A decoder that "
    "is sure and wrong pays its logit.",
)
def test_sure_decoders_and_tiny_weights(student, rng):
    log_w = tensor(rng, 5, 4) + torch.tensor([-1e4, 1e4, 0.0, -700.0])
    expected = torch.logsumexp(log_w, 0).mean() - math.log(5)
    close(student.iwae_bound(log_w), expected, what="iwae_bound of weights of very different sizes")
    answer = student.run(derive_bound, log_w)
    require(answer is not None, "no gradient flows through iwae_bound")
    close(answer, torch.softmax(log_w, 0) / 4, rtol=1e-7, what="its gradient")
    spread_out = torch.tensor([[0.0], [-1e4], [-3e3]], dtype=torch.float64) + tensor(rng, 1, 2)
    close(
        student.iwae_bound(spread_out),
        spread_out[0].mean() - math.log(3),
        what="iwae_bound with one weight that counts",
    )
    x, out, mu, logvar = draw(rng, 3, 4, 2, "bernoulli")
    out = out + torch.tensor([[1e4], [-1e4], [0.0]])
    for given in (x, torch.zeros_like(x), torch.ones_like(x)):
        judge(student, (given, out, mu, logvar, "bernoulli"), {}, "with large logits")
    judge(student, (x, x, 30 * mu, logvar - 20, "gaussian"), {"dec_logvar": -15.0}, "with small variances")


def ask(student, args, **options):
    """The three terms as numbers, checked for their kind."""
    terms = student.elbo_terms(*args, **options)
    require(type(terms) is dict, "elbo_terms must return a dict")
    return {key: number(terms.get(key), what=key) for key in ("loss", "rec", "kl")}


@pytest.mark.points(
    0.6,
    hint="loss = rec + beta kl; a repeated batch changes nothing; every pixel twice doubles rec and leaves kl alone.",
)
def test_laws_of_the_bound(student, rng):
    for likelihood in ("bernoulli", "gaussian"):
        args = draw(rng, 5, 4, 3, likelihood)
        options = {"dec_logvar": 0.6, "beta": 2.5, "free_bits": 0.2}
        once = ask(student, (*args, likelihood), **options)
        close(once["loss"], once["rec"] + 2.5 * once["kl"], rtol=SINGLE, what="loss, compared with rec + beta * kl")
        again = ask(student, (*(t.repeat(2, 1) for t in args), likelihood), **options)
        for key in once:
            close(again[key], once[key], what=f"{key} of a batch that is repeated")
        x, out, mu, logvar = args
        wide = ask(student, (x.repeat(1, 2), out.repeat(1, 2), mu, logvar, likelihood), **options)
        close(wide["rec"], 2 * once["rec"], what="rec with every pixel twice")
        close(wide["kl"], once["kl"], what="kl with every pixel twice")
        prior = ask(student, (x, out, 0 * mu, 0 * logvar, likelihood))
        close(prior["kl"], 0.0, atol=1e-10, what="kl of the prior itself")


@pytest.mark.points(
    0.6, hint="One sample gives the mean of log_w; equal weights give themselves; and more samples tighten the bound."
)
def test_laws_of_the_weighted_bound(student, rng):
    K, B = 6, 5
    log_w = tensor(rng, K, B, scale=2.0)
    bound = number(student.iwae_bound(log_w), what="iwae_bound")
    singles = [number(student.iwae_bound(row[None]), what="iwae_bound of one sample") for row in log_w]
    for row, single in zip(log_w, singles, strict=True):
        close(single, float(row.mean()), what="iwae_bound of one sample")
    pairs = [number(student.iwae_bound(log_w[i : i + 2]), what="iwae_bound of two samples") for i in (0, 2, 4)]
    require(np.mean(singles) < np.mean(pairs) < bound, "more samples must tighten the bound, never loosen it")
    close(student.iwae_bound(log_w[:1].repeat(4, 1)), singles[0], what="iwae_bound of equal samples")
    shifted = number(student.iwae_bound(log_w + 3.0), what="iwae_bound")
    close(shifted, bound + 3.0, what="iwae_bound of weights that are all e^3 times as large")
