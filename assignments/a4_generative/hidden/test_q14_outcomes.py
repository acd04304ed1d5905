"""Question 14: sample metrics, and three trained models of which everything is measured here.

One training serves all checks of a model: the first check that needs it draws the data and keeps what the model
answered. Rings are turned by a hidden angle; digits are split by a hidden permutation. Measured on one CPU thread:

- VAE, minus ELBO: the reference has 18.13 to 18.79 over 16 seeds in 0.7 s (mean 18.49); with smaller steps and 2.8 s
  it had 18.18 to 18.91 over 20 (mean 18.44, deviation 0.15). From draw to draw one and the same model has 0.04 more
  or less, and a likelihood that is 0.5 better (three seeds).
- GAN, energy distance: 0.002 to 0.019 with 29 of 30 seeds, in 1.1 s; the other one lost the ring (2 modes, above 1).
  With a step that does not fall, 2000 steps, 4 of 40 lost it. So a GAN has up to four tries.
- Diffusion, energy distance, a ring of five: -0.0008 to 0.0048 over 15 seeds in 0.9 s, once 0.0100; fresh data have 0
  +- 0.001. A ring of eight takes 4.2 s (-0.0005 to 0.0033 over 12 seeds). Another right recipe there (cosine, v):
  -0.0009 to 0.0046 over 8 seeds with three heaps each, 0.004 from heap to heap of one model; once it was above
  0.0093. So a heap that misses is judged with three more, and a model that misses is trained again, up to TRIES in
  all. The wrong programs that come so near reached 0.008 with half of their heaps before.
- Wrong programs, with the longer recipes (GAN and diffusion on a ring of eight). VAE, 60 epochs: standard deviation
  exp(logvar) 20.6 to 21.1 (3 seeds); with another recipe, one seed each: no gradient through z 24.4, reconstruction
  averaged 24.4, KL averaged 25.1; the mean picture has 24.3. GAN: joint update 0.44 to 0.80 and 3 or 4 modes (4
  seeds, 1000 steps); generator detached 0.9 and none. Diffusion: root of beta 0.10, no time 0.13, no noise 0.14. Too
  near to be seen here, and seen by q9 and q10: noising without roots 0.005 to 0.010 (4 seeds, three heaps each), the
  variance in place of the deviation 0.004 to 0.008.
- Nearness to the training data: reference 0.9 to 1.2, copies 0.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from grader.testing import array, best_of_two, bounded, close, first_losses, formed, number, require, unpack

pytestmark = pytest.mark.question("q14")

TRAINING_S = 90.0
TRAIN, DRAWS, SAMPLES = 1300, 5, 2000  # five draws a row: the mean has a deviation of 0.04 nats by chance
GANS = 4  # tries: a recipe that loses the ring in one of ten trainings loses it in all of them once in 10 000
TRIES = 3  # of the other two, while the best miss is not a clear one
RING, HEAPS = 0.008, 4  # the distance of full marks; whoever misses it is judged by the mean over so many heaps
COPIED = 0.9  # samples that know only the law of the data have 1.00 +- 0.02
NUDGE, TORN = 1e-3, 100.0
CODES = 4000  # twice as many find 0.06 nats more of the likelihood
FABLED = 1.5  # nats by which the ELBO beats the likelihood where decode knows what was encoded; else it is below it


# ------------------------------------------------------------------------------------------------ metrics


def distances(a, b):
    return np.sqrt(sum((u[:, None] - v[None, :]) ** 2 for u, v in zip(a.T, b.T, strict=True)))


def off_diagonal(K):
    return K[~np.eye(len(K), dtype=bool)].mean()


def energy(a, b):
    return 2 * distances(a, b).mean() - off_diagonal(distances(a, a)) - off_diagonal(distances(b, b))


def mmd2(a, b, sigma):
    k = [np.exp(-(distances(u, v) ** 2) / (2 * sigma**2)) for u, v in ((a, a), (b, b), (a, b))]
    return off_diagonal(k[0]) + off_diagonal(k[1]) - 2 * k[2].mean()


def coverage(x, centres, radius, min_share):
    d = distances(x, centres)
    good, nearest = d.min(axis=1) <= radius, d.argmin(axis=1)
    counts = np.array([np.sum(good & (nearest == k)) for k in range(len(centres))])
    return int(np.sum(counts >= min_share * len(x))), float(good.mean())


def heap(rng, n, d, shift=0.0):
    return torch.from_numpy(rng.normal(size=(n, d)) * rng.uniform(0.5, 1.5, size=d) + shift)


def covariance(rng, d, rank=None):
    """A covariance that shares no eigenvectors with another one, and a mean."""
    A = rng.normal(size=(d, rank or d))
    return torch.from_numpy(rng.normal(size=d)), torch.from_numpy(A @ A.T / d)


def cross_root(S1, S2):
    """The trace of the root of S1 S2, with the root of S2 instead of that of S1."""
    values, vectors = np.linalg.eigh(S2)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    return np.sqrt(np.linalg.eigvalsh(root @ S1 @ root).clip(0)).sum()


@pytest.mark.points(
    0.4,
    hint="Distances are numbers; mode_coverage returns two of them; float32 is allowed, one column and two rows are "
    "enough, and nothing that is passed changes.",
)
def test_metrics_take_any_sizes_and_return_numbers(student, rng):
    with student.pure():
        for dtype, tolerance in ((torch.float64, 1e-8), (torch.float32, 1e-3)):
            for n, m, d in ((2, 3, 1), (6, 2, 4)):
                a, b = heap(rng, n, d).to(dtype), heap(rng, m, d, 0.5).to(dtype)
                x, y, loose = a.double().numpy(), b.double().numpy(), {"rtol": tolerance, "atol": tolerance}
                close(
                    number(student.energy_distance(a, b), what="energy_distance"),
                    energy(x, y),
                    what="energy_distance",
                    **loose,
                )
                close(number(student.mmd2_rbf(a, b, 0.8), what="mmd2_rbf"), mmd2(x, y, 0.8), what="mmd2_rbf", **loose)
        (mu1, S1), (mu2, S2) = covariance(rng, 3), covariance(rng, 3)
        number(student.frechet(mu1, S1, mu2, S2), what="frechet")
        modes, share = unpack(
            student.mode_coverage(heap(rng, 9, 2), heap(rng, 3, 2), 0.5, 0.1), 2, what="mode_coverage"
        )
        require(number(modes, what="the number of modes").is_integer(), "the number of modes is no whole number.")
        number(share, what="the share of good points")


@pytest.mark.points(
    0.6,
    hint="Distances (not their squares), twice the mean between the heaps, and within a heap only pairs of "
    "different rows.",
)
def test_energy_distance(student, rng):
    for n, m, d in ((7, 12, 3), (40, 33, 2), (5, 5, 5)):
        for shift in (0.0, 2.0):
            a, b = heap(rng, n, d), heap(rng, m, d, shift)
            yours = number(student.energy_distance(a, b), what="energy_distance")
            close(
                yours, energy(a.numpy(), b.numpy()), rtol=1e-6, atol=1e-7, what=f"energy_distance of {n} and {m} rows"
            )
    same = number(student.energy_distance(a, a.clone()), what="energy_distance")
    close(same, energy(a.numpy(), a.numpy()), rtol=1e-6, atol=1e-7, what="energy_distance of a heap and itself")


@pytest.mark.points(
    0.6, hint="The kernel has the squared distance over 2 sigma^2; within a heap n(n-1) pairs, between them n m, twice."
)
def test_maximum_mean_discrepancy(student, rng):
    for n, m, d in ((7, 12, 3), (30, 26, 2), (4, 4, 4)):
        for sigma in (0.4, 1.0, 2.5):
            a, b = heap(rng, n, d), heap(rng, m, d, 0.7)
            yours = number(student.mmd2_rbf(a, b, sigma), what="mmd2_rbf")
            close(yours, mmd2(a.numpy(), b.numpy(), sigma), rtol=1e-6, atol=1e-8, what=f"mmd2_rbf of {n} and {m} rows")


@pytest.mark.points(
    0.8,
    hint="The root of a product of matrices, by eigenvalues; roundings may make eigenvalues a little negative, and "
    "the result too: 0 is the least.",
)
def test_frechet_distance(student, rng):
    for d, rank1, rank2 in ((3, 3, 3), (5, 5, 5), (1, 1, 1), (4, 2, 4), (6, 3, 2), (2, 1, 1)):
        (mu1, S1), (mu2, S2) = covariance(rng, d, rank1), covariance(rng, d, rank2)
        expected = float(((mu1 - mu2) ** 2).sum() + S1.trace() + S2.trace()) - 2 * cross_root(S1.numpy(), S2.numpy())
        tolerance = 1e-9 if rank1 == rank2 == d else 1e-6  # the root of a rounding error is 1e-8
        for answer in (student.frechet(mu1, S1, mu2, S2), student.frechet(mu2, S2, mu1, S1)):
            close(number(answer, what="frechet"), expected, rtol=tolerance, atol=tolerance, what=f"frechet in {d}-d")
        zero = number(student.frechet(mu1, S1, mu1, S1), what="frechet")
        require(0.0 <= zero <= 1e-5, "frechet of a distribution and itself is not 0, or is negative.")


@pytest.mark.points(
    0.6,
    hint="Nearest centre first, then the radius; a mode needs min_share of all n points (good ones), and the share "
    "counts good points once.",
)
def test_mode_coverage(student, rng):
    centres = 2 * torch.from_numpy(rng.normal(size=(5, 2)))
    pick = np.repeat([0, 1, 2, 3, 4], [60, 30, 12, 5, 0])
    x = centres[pick] + 0.3 * torch.from_numpy(rng.normal(size=(len(pick), 2)))
    x = torch.cat([x, 6 * torch.from_numpy(rng.normal(size=(30, 2)))])[
        torch.from_numpy(rng.permutation(len(pick) + 30))
    ]
    # in an order in which the known mistakes seldom answer alike; 3.0 is larger than the distance of the centres
    for radius in (0.5, 0.2, 3.0):
        for min_share in (0.0123, 0.1234, 0.0567, 0.3141):
            modes, share = unpack(student.mode_coverage(x, centres, radius, min_share), 2, what="mode_coverage")
            expected, good = coverage(x.numpy(), centres.numpy(), radius, min_share)
            require(number(modes, what="the number of modes") == expected, "the number of modes is another one.")
            close(number(share, what="the share"), good, rtol=1e-6, what="the share of good points")
    eight = centres[[0, 0, 1, 1, 1, 1, 1, 1]]  # two of eight are a share of exactly 0.25
    modes, _ = unpack(student.mode_coverage(eight, centres[:3], 0.5, 0.25), 2, what="mode_coverage")
    require(number(modes, what="the number of modes") == 2, "a mode with exactly min_share of the points is left out.")


# ------------------------------------------------------------------------------------------------ trained models


@dataclass
class Run:
    """What came of one training: checked for its kind, not judged yet."""

    score: float  # minus ELBO (or minus the likelihood where it is worse), or energy distance to fresh data
    modes: int = 0
    nearness: float = 1.0  # distance to the nearest of the training data, over that to as many other data
    moves: float = 0.0  # a GAN: how far a sample goes when its z is nudged, over the size of the nudge
    honest: bool = True  # a VAE: the ELBO is not above the likelihood
    steps: int = 0  # that the training takes, of two that are looked at
    kept: bool = True  # what it was given is as it was


@pytest.fixture(scope="module")
def runs():
    """The trainings of this examination, by model and number."""
    return {}


def trained(student, rng, runs, datasets, kind, number_of_run=0):
    """The run of that model; it is trained if no check before has asked for it."""
    if (kind, number_of_run) not in runs:
        train = {"vae": digits, "gan": ring_by_gan, "ddpm": ring_by_ddpm}[kind]
        with student.limit(call_s=TRAINING_S):
            runs[kind, number_of_run] = train(student, rng, datasets)
    return runs[kind, number_of_run]


def first_steps(student, name, X, seed):
    """Of the first two steps of a training those that it takes: a step differentiates a loss."""
    return len(formed(student.run(first_losses, name, 2, X, seed), ([float], bool), what="the first losses")[0])


def left_alone(student, given, X):
    """Whether what was put into the sandbox is still X."""
    return np.array_equal(array(student.fetch(given), what="X"), X.numpy())


def careful(run):
    require(run.kept, "The training has changed the X that it was given.")


def learned(run):
    require(run.steps == 2, "No loss is differentiated: what makes the samples was put together, not trained.")


def best_gan(student, rng, runs, datasets):
    """The best of up to GANS trainings with different seeds, for a GAN may fail by bad luck."""
    for number_of_run in range(GANS):
        run = trained(student, rng, runs, datasets, "gan", number_of_run)
        if run.modes >= 7 and run.score <= 0.04:
            return run
    return min((runs["gan", k] for k in range(GANS)), key=lambda run: run.score)


def digits(student, rng, _):
    X = (load_digits().data / 16.0 > 0.5).astype(np.float32)[rng.permutation(1797)]
    given = torch.from_numpy(X[:TRAIN]), int(rng.integers(1 << 30))
    lent = student.put(given[0])
    vae = student.train_vae(lent, given[1])
    kept = left_alone(student, lent, given[0])
    require(type(vae).__name__ == "Reference", "train_vae must return an object of class VAE.")
    encode, decode = vae.encode, vae.decode
    require(callable(encode) and callable(decode), "what train_vae returns must have the methods encode and decode.")
    beforehand = minus_log_likelihood(encode, decode, X[:TRAIN], X[TRAIN:], rng)
    reached = minus_elbo(encode, decode, X[TRAIN:], rng)
    honest = reached >= beforehand - FABLED
    steps = first_steps(student, "train_vae", *given)
    return Run(max(reached, beforehand), honest=honest, steps=steps, kept=kept)


def minus_log_likelihood(encode, decode, known, unseen, rng):
    """Minus the log-likelihood of unseen pictures in nats, from codes of known ones: nothing unseen is shown.

    ln p(x) = ln E p(x|z) p(z) / q(z), where q is the mixture of the posteriors of the known pictures: importance
    sampling. It cannot be above the ELBO but by chance: that of a VAE is 0.4 to 0.9 below it.
    """
    mu, logvar = posterior(encode, known)
    rows = rng.integers(len(known), size=CODES)
    z = draw_codes(mu, logvar, rows, rng)
    logits = pixels(decode, z, known.shape[1])
    ratio = np.concatenate([log_ratio(part, mu, logvar) for part in np.split(z, 8)])
    log_joint = ratio - np.logaddexp(0.0, logits).sum(axis=1) + unseen @ logits.T  # (unseen, CODES)
    highest = log_joint.max(axis=1, keepdims=True)
    return -float((highest[:, 0] + np.log(np.exp(log_joint - highest).mean(axis=1))).mean())


def log_ratio(z, mu, logvar):
    """ln p(z) / q(z) of codes, for the mixture q of the normal distributions that mu and logvar describe."""
    with np.errstate(over="ignore", invalid="ignore"):
        precision = np.exp(-logvar)
        square = (z**2) @ precision.T - 2 * z @ (mu * precision).T + (mu**2 * precision + logvar).sum(axis=1)
        least = square.min(axis=1)
        mixture = -least / 2 + np.log(np.exp((least[:, None] - square) / 2).mean(axis=1))
    return np.nan_to_num(-(z**2).sum(axis=1) / 2 - mixture, nan=-1e9, posinf=-1e9, neginf=-1e9)


def posterior(encode, X):
    """What encode says of pictures: mean and log variance, in float64."""
    mu, logvar = unpack(encode(torch.from_numpy(X)), 2, what="encode")
    mu = array(mu, shape=(len(X), range(1, 513)), dtype="float", what="mu").astype(np.float64)
    return mu, array(logvar, shape=mu.shape, dtype="float", what="logvar").astype(np.float64)


def draw_codes(mu, logvar, rows, rng):
    """Codes of these rows, one each."""
    with np.errstate(all="ignore"):
        z = mu[rows] + np.exp(logvar[rows] / 2) * rng.normal(size=(len(rows), mu.shape[1]))
        require(bool(np.isfinite(z).all() and (np.abs(z) < 1e30).all()), "exp(logvar / 2) is not finite.")
    return z


def pixels(decode, z, d):
    """The logits of pictures with d pixels, in float64."""
    logits = decode(torch.from_numpy(z.astype(np.float32)))
    return array(logits, shape=(len(z), d), dtype="float", what="decode").astype(np.float64)


def minus_elbo(encode, decode, X, rng):
    """Minus the ELBO of X in nats, from answers of an encoder and a decoder, mean over rows and draws."""
    mu, logvar = posterior(encode, X)
    rows = rng.permutation(np.tile(np.arange(len(X)), DRAWS))  # so that the decoder cannot know whose turn it is
    logits = pixels(decode, draw_codes(mu, logvar, rows, rng), X.shape[1])
    with np.errstate(all="ignore"):
        rec = (np.logaddexp(0.0, logits) - X[rows] * logits).sum(axis=1).mean()
        kl = 0.5 * (mu**2 + np.exp(logvar) - 1 - logvar).sum(axis=1).mean()
    return float(rec + kl)


@dataclass
class Ring:
    """A ring that is turned by a hidden angle: points for training, as many others, fresh ones, and its centres."""

    X: torch.Tensor
    others: torch.Tensor
    fresh: torch.Tensor
    centres: torch.Tensor
    draw: Callable[[int], torch.Tensor]  # so many more of its points


def turned_ring(rng, datasets, k):
    """A ring of k modes, and a seed for the training."""
    angle = rng.uniform(0, 2 * np.pi)
    turn = torch.tensor([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], dtype=torch.float32)
    source = torch.Generator().manual_seed(int(rng.integers(1 << 30)))

    def draw(n):
        return datasets.ring(n, source, k=k) @ turn

    centres = datasets.ring_centres(k) @ turn
    return Ring(draw(4000), draw(4000), draw(SAMPLES), centres, draw), int(rng.integers(1 << 30))


def samples(x, what="the samples"):
    x = array(x, shape=(SAMPLES, 2), dtype="float", what=what).astype(np.float64)
    require(bool((np.abs(x) < 1e6).all()), f"{what} are astronomically large.")
    return x


def judged(x, ring):
    X, others, fresh, centres = (p.double().numpy() for p in (ring.X, ring.others, ring.fresh, ring.centres))
    return Run(energy(x, fresh), coverage(x, centres, 0.4, 0.02)[0], nearest(x, X) / nearest(x, others))


def nearest(x, X):
    """The geometric mean of the distances to the nearest point of X."""
    with np.errstate(divide="ignore"):
        return float(np.exp(np.mean([np.log(distances(part, X).min(axis=1)) for part in np.split(x, 8)])))


def ring_by_gan(student, rng, datasets):
    ring, seed = turned_ring(rng, datasets, k=8)
    lent = student.put(ring.X)
    G = student.train_gan(lent, seed)
    require(callable(G), "train_gan must return a function of z.")
    z = rng.normal(size=(SAMPLES, 4))
    x, moved = (samples(G(torch.from_numpy(at.astype(np.float32)))) for at in (z, z + NUDGE * rng.normal(size=z.shape)))
    run = judged(x, ring)
    run.kept = left_alone(student, lent, ring.X)
    run.moves = float(np.median(np.linalg.norm(moved - x, axis=1)) / NUDGE)
    run.steps = first_steps(student, "train_gan", ring.X, seed)
    return run


def ring_by_ddpm(student, rng, datasets):
    ring, seed = turned_ring(rng, datasets, k=5)
    lent = student.put(ring.X)
    sample = student.train_ddpm(lent, seed)
    require(callable(sample), "train_ddpm must return a function of n and a generator.")

    def heap_of_samples():
        return samples(sample(SAMPLES, student.generator(int(rng.integers(1 << 30)))))

    run = judged(heap_of_samples(), ring)
    if run.score > RING:  # by chance a heap of one and the same model has 0.002 more or less
        more = [energy(heap_of_samples(), ring.draw(SAMPLES).double().numpy()) for _ in range(HEAPS - 1)]
        run.score = float(np.mean([run.score, *more]))
    run.kept = left_alone(student, lent, ring.X)
    run.steps = first_steps(student, "train_ddpm", ring.X, seed)
    return run


@pytest.mark.points(
    1,
    hint="Below the best constant picture (24.3 nats): the reconstruction is summed over pixels and the KL divergence "
    "over dimensions, and the gradient passes through z.",
)
def test_vae_explains_new_digits(student, rng, runs, datasets):
    explains(student, rng, runs, datasets, 22.0, narrow=0.5)  # the mean picture has 24.3
    careful(trained(student, rng, runs, datasets, "vae"))


@pytest.mark.points(
    1,
    hint="The standard deviation is exp(logvar / 2); 50 epochs and a step size that falls to 0 at the end are enough.",
)
def test_vae_explains_new_digits_well(student, rng, runs, datasets):
    explains(student, rng, runs, datasets, 19.2, narrow=0.8)  # the variance for the deviation has 20.6 or more


def explains(student, rng, runs, datasets, high, narrow):
    def score(turn):
        run = trained(student, rng, runs, datasets, "vae", turn)
        require(run.honest, "The digits are explained better than is possible: decode knows what was encoded.")
        return run.score

    says = f"Minus the ELBO on hidden digits is above {high:g} nats."
    best_of_two(score, high=high, narrow=narrow, says=says, tries=TRIES)
    learned(trained(student, rng, runs, datasets, "vae"))


def diffuses(student, rng, runs, datasets, high, narrow):
    def score(turn):
        run = trained(student, rng, runs, datasets, "ddpm", turn)
        not_copied(run)
        return run.score

    says = f"The energy distance to fresh data is above {high:g}."
    best_of_two(score, high=high, narrow=narrow, says=says, tries=TRIES)
    learned(trained(student, rng, runs, datasets, "ddpm"))


def not_copied(run):
    bounded(
        run.nearness, low=COPIED, says="The samples lie at points of the training data: they are stored, not learned."
    )
    bounded(run.moves, high=TORN, says="A tiny change of z throws the samples far away: z picks stored points.")


@pytest.mark.points(
    1,
    hint="Update the discriminator on detached samples, then the generator through the discriminator; watch the "
    "samples.",
)
def test_gan_finds_most_modes(student, rng, runs, datasets):
    run = best_gan(student, rng, runs, datasets)
    not_copied(run)
    bounded(run.modes, low=6, says="Fewer than 6 of the 8 modes are covered.")
    learned(run)
    careful(run)


@pytest.mark.points(
    1,
    hint="Both networks learn at the same pace: same falling step size, betas (0.5, 0.99), one update each, 800 times.",
)
def test_gan_comes_near_the_ring(student, rng, runs, datasets):
    run = best_gan(student, rng, runs, datasets)
    not_copied(run)
    bounded(run.modes, low=7, says="Fewer than 7 of the 8 modes are covered.")
    bounded(run.score, high=0.04, says="The energy distance to fresh data is above 0.04.")
    learned(run)


@pytest.mark.points(
    1,
    hint="Does the network know the time? Is what it predicts what the sampler takes it for? Then look at the noise "
    "of each step.",
)
def test_diffusion_makes_a_ring(student, rng, runs, datasets):
    diffuses(student, rng, runs, datasets, 0.03, narrow=0.02)
    careful(trained(student, rng, runs, datasets, "ddpm"))


@pytest.mark.points(
    1, hint="1200 steps with batches of 256, and a step size that rises to 0.01 and falls to 0, bring it under 0.005."
)
def test_diffusion_makes_the_ring(student, rng, runs, datasets):
    diffuses(student, rng, runs, datasets, RING, narrow=0.022)
