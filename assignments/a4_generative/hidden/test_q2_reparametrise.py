"""Question 2: reparametrisation. Given noise is judged exactly, drawn noise by what can be computed back from it."""

import math

import numpy as np
import pytest
import torch

from grader.testing import array, close, require, unpack

pytestmark = pytest.mark.question("q2")

SIZES = [(5, 3), (4, 4), (1, 6), (7, 1), (1, 1)]


def seed(rng):
    return int(rng.integers(1 << 30))


def tensor(rng, *shape, scale=1.0):
    return torch.as_tensor(scale * rng.normal(size=shape))


def arguments(rng, B, D):
    """mu and logvar with negative and positive entries."""
    return tensor(rng, B, D, scale=2.0), tensor(rng, B, D, scale=1.5)


def derive(nb, name, cotangent, mu, logvar, *rest):
    """Values and gradients with respect to mu and logvar."""
    mu, logvar = (t.clone().requires_grad_(True) for t in (mu, logvar))
    values = getattr(nb, name)(mu, logvar, *rest)
    if not values.requires_grad:
        return values, None, None
    return values, *torch.autograd.grad(values, (mu, logvar), cotangent, allow_unused=True)


def generator_beside(nb, seed, tensor):
    """A generator on the device of a tensor."""
    return torch.Generator(tensor.device).manual_seed(seed)


def noise_of(student, rng, mu, logvar, n):
    """The standard normal noise that the student must have drawn, (n, B, D)."""
    z = student.sample_latent(mu, logvar, n, student.run(generator_beside, seed(rng), mu))
    z = array(z, shape=(n, *mu.shape), dtype="float", what="sample_latent")
    with np.errstate(all="ignore"):
        return (z - mu.numpy()) / np.exp(logvar.numpy() / 2)


def gradient_arrives(gradient, name):
    require(gradient is not None, f"no gradient reaches {name}")


@pytest.mark.points(
    0.5,
    hint="(B, D) in, (B, D) or (n, B, D) out, in the dtype of mu, also for n = 1; arguments and the global random "
    "state stay as they are.",
)
def test_contract_of_latents(student, rng):
    for B, D, n in [(5, 3, 4), (2, 2, 1), (1, 4, 3)]:
        for dtype in (torch.float32, torch.float64):
            mu, logvar, eps = (t.to(dtype) for t in (*arguments(rng, B, D), tensor(rng, B, D)))
            asked = str(dtype).removeprefix("torch.")
            with student.pure():
                z = student.reparameterize(mu, logvar, eps)
                array(z, shape=(B, D), dtype=asked, what="reparameterize")
                samples = student.sample_latent(mu, logvar, n, student.run(generator_beside, seed(rng), mu))
                array(samples, shape=(n, B, D), dtype=asked, what="sample_latent")


@pytest.mark.points(1.0, hint="logvar is ln sigma^2, and the noise eps, which is given, is scaled by sigma.")
def test_values_for_given_noise(student, rng):
    for B, D in SIZES:
        mu, logvar = arguments(rng, B, D)
        eps = tensor(rng, B, D)
        expected = mu + eps * torch.exp(logvar / 2)
        close(student.reparameterize(mu, logvar, eps), expected, what=f"reparameterize of ({B}, {D})")
        single = student.reparameterize(mu.float(), logvar.float(), eps.float())
        close(single, expected.float(), atol=1e-5, what="reparameterize of float32")


def normal_cdf(x):
    return 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


@pytest.mark.points(
    0.75, hint="Each entry of z is normal with the mean and the variance of its own row and coordinate."
)
def test_samples_are_normal(student, rng):
    n, B, D = 3000, 3, 2
    mu, logvar = arguments(rng, B, D)
    eps = noise_of(student, rng, mu, logvar, n)
    with np.errstate(all="ignore"):  # bands of six standard errors
        require((np.abs(eps.mean(axis=0)) <= 6 / np.sqrt(n)).all(), "the mean of the samples is not mu")
        off = np.abs(eps.var(axis=0) - 1) <= 6 * np.sqrt(2 / n)
        require(off.all(), "the variance of the samples is not exp(logvar)")
    ordered = np.sort(eps.ravel())
    steps = np.arange(1, ordered.size + 1) / ordered.size
    distance = np.abs(normal_cdf(ordered) - steps).max()  # Kolmogorov and Smirnov; beyond 2.9 once in ten millions
    require(distance * np.sqrt(ordered.size) <= 2.9, "the samples are not normally distributed")
    # of 18000 standard normal numbers none lies beyond 3.2 once in ten millions
    require(np.abs(ordered).max() > 3.2, "the tails of the samples are cut off")


@pytest.mark.points(0.75, hint="dz/dmu is 1 and dz/dlogvar is sigma eps / 2: no detach, no no_grad, no item.")
def test_gradients_through_given_noise(student, rng):
    for B, D in SIZES:
        (mu, logvar), eps, cotangent = arguments(rng, B, D), tensor(rng, B, D), tensor(rng, B, D)
        _, by_mu, by_logvar = unpack(student.run(derive, "reparameterize", cotangent, mu, logvar, eps), 3)
        gradient_arrives(by_mu, "mu")
        close(by_mu, cotangent, what="the gradient with respect to mu")
        gradient_arrives(by_logvar, "logvar")
        expected = cotangent * eps * torch.exp(logvar / 2) / 2
        close(by_logvar, expected, what="the gradient with respect to logvar")


@pytest.mark.points(
    0.5, hint="Samples that are computed from noise carry gradients to mu and logvar; samples that are drawn do not."
)
def test_gradients_through_samples(student, rng):
    for n, B, D in [(4, 5, 3), (1, 2, 2)]:
        (mu, logvar), cotangent = arguments(rng, B, D), tensor(rng, n, B, D)
        answer = student.run(
            derive, "sample_latent", cotangent, mu, logvar, n, student.run(generator_beside, seed(rng), mu)
        )
        z, by_mu, by_logvar = unpack(answer, 3)
        z = array(z, shape=(n, B, D), dtype="float", what="sample_latent")
        gradient_arrives(by_mu, "mu")
        close(by_mu, cotangent.sum(0), what="the gradient of samples with respect to mu", atol=1e-9)
        gradient_arrives(by_logvar, "logvar")
        with np.errstate(all="ignore"):
            expected = (cotangent.numpy() * (z - mu.numpy())).sum(axis=0) / 2  # sigma eps = z - mu
        require(np.isfinite(expected).all(), "the samples are too large to be samples")
        close(by_logvar, torch.as_tensor(expected), atol=1e-9, what="the gradient of samples with respect to logvar")


@pytest.mark.points(0.75, hint="Nothing is clamped or protected: exp of half a logvar is fine from -60 to 60.")
def test_extreme_spreads(student, rng):
    logvar = torch.tensor([[-60.0, 60.0, -30.0], [30.0, 0.0, 12.0]], dtype=torch.float64)
    for mu in (torch.zeros(2, 3).double(), 1e6 * tensor(rng, 2, 3)):
        for eps in (torch.zeros(2, 3).double(), tensor(rng, 2, 3), -10 * torch.ones(2, 3).double()):
            expected = mu + eps * torch.exp(logvar / 2)
            answer = student.reparameterize(mu, logvar, eps)
            close(answer, expected, atol=1e-18, what="reparameterize with extreme spreads")
    mu, logvar = tensor(rng, 3, 4), torch.full((3, 4), -2000.0, dtype=torch.float64)
    z = student.sample_latent(mu, logvar, 5, student.run(generator_beside, seed(rng), mu))
    close(z, mu.expand(5, 3, 4), what="samples without any spread")


@pytest.mark.points(
    0.5,
    hint="Every sample, every row of the batch and every coordinate has noise of its own, n * B * D numbers; none is "
    "made of another one.",
)
def test_samples_are_independent(student, rng):
    n, B, D = 2500, 3, 4
    mu, logvar = arguments(rng, B, D)
    eps = noise_of(student, rng, mu, logvar, n).reshape(n, B * D)
    with np.errstate(all="ignore"):
        together = np.abs(eps.T @ eps / n - np.diag((eps**2).mean(axis=0)))
        require((together <= 6 / np.sqrt(n)).all(), "the noise of different rows or coordinates is correlated")
        lagged = np.abs(np.mean(eps[1:] * eps[:-1], axis=0))
        require((lagged <= 6 / np.sqrt(n)).all(), "one sample is correlated with the next")
        # twelve independent standard normal numbers each: their squares add up to less than 0.1 once in 10^11
        mean, variance = eps.mean(axis=0) * np.sqrt(n), (eps.var(axis=0) - 1) * np.sqrt(n / 2)
        for strays, what in ((mean, "mean"), (variance, "variance")):
            exact = (strays**2).sum() < 0.1
            require(not exact, f"the {what} of the noise is too exact: samples were made to balance each other")


def twice(nb, mu, logvar, first, second):
    """Samples of one generator in two calls, of another with the same seed, of one with another seed."""
    generators = [torch.Generator(mu.device).manual_seed(s) for s in (first, first, second)]
    z = [nb.sample_latent(mu, logvar, 3, generators[0]) for _ in range(2)]
    return [*z, *(nb.sample_latent(mu, logvar, 3, g) for g in generators[1:])]


@pytest.mark.points(
    0.25, hint="The same seed gives the same samples, another call or another seed gives others: use the generator."
)
def test_the_generator_alone_decides(student, rng):
    mu, logvar = arguments(rng, 4, 2)
    one, other = seed(rng), seed(rng)
    answers = unpack(student.run(twice, mu, logvar, one, other), 4)
    first, second, again, elsewhere = (array(z, shape=(3, 4, 2), what="sample_latent") for z in answers)
    close(again, first, what="samples with the same seed")
    require(not (first == second).any(), "a second call repeats the first")
    require(not (first == elsewhere).any(), "another seed gives the same samples")
