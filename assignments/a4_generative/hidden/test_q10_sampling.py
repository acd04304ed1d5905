"""Question 10: DDPM and DDIM steps and chains.

Without clipping a step is a x + b eps + c noise, entry by entry. So one call with unit vectors reads a, b and c off
exactly, and no statistics are needed. The chains are watched through the model: from what it was given at every time
follow the mean of the next step and the noise that was added.
"""

import numpy as np
import pytest
import torch
from diffusion_tables import schedule_of

from grader.testing import array, close, number, require, same, unpack

pytestmark = pytest.mark.question("q10")

X, EPS, NOISE = torch.eye(4, dtype=torch.float64)[:3]  # the fourth entry shows what is added to all
EXACT = {"rtol": 1e-10, "atol": 1e-10}
VARIANCE = {"rtol": 1e-6, "atol": 1e-10}  # it may come in float32


def schedule(rng, T=12, least=0.02, most=0.35):
    """Betas that rise and fall, as NumPy, and the tables."""
    betas = rng.uniform(least, most, size=T)
    return betas, schedule_of(betas)


def ddpm(betas, t):
    """a, b, c of the step from t, in the form of the book: no posterior coefficients."""
    bars = np.cumprod(1 - betas)
    before = bars[t - 1] if t > 0 else 1.0
    a = 1 / np.sqrt(1 - betas[t])
    return a, -a * betas[t] / np.sqrt(1 - bars[t]), np.sqrt(betas[t] * (1 - before) / (1 - bars[t]))


def ddim(betas, t, t_prev, eta):
    """a, b, c of the jump from t to t_prev."""
    bars = np.cumprod(1 - betas)
    bar, before = bars[t], bars[t_prev] if t_prev >= 0 else 1.0
    c = eta * np.sqrt((1 - before) / (1 - bar) * (1 - bar / before))
    a = np.sqrt(before / bar)
    return a, np.sqrt(max(1 - before - c**2, 0.0)) - a * np.sqrt(1 - bar), c


def step_is(answer, coefficients, what):
    close(answer, torch.tensor([*coefficients, 0.0], dtype=torch.float64), what=what, **EXACT)


def tensors(rng, *shape, dtype=torch.float64):
    return [torch.from_numpy(rng.normal(size=shape)).to(dtype) for _ in range(3)]


def watched_ddpm(nb, sched, shape, seed, slope, clip=None):
    """A chain, with the model slope * sin(x) + t / 9: its result and all that the model was given."""
    calls, slope = [], slope.clone().requires_grad_(True)

    def model(x_t, t):
        calls.append((x_t.detach().clone(), t.clone()))
        return (slope * x_t.sin() + t.reshape(-1, 1) / 9).to(x_t.dtype)

    generator = torch.Generator(device=sched["betas"].device).manual_seed(seed)
    x = nb.ddpm_sample(model, tuple(shape), sched, generator, clip)
    return x.detach(), x.requires_grad, calls


def watched_ddim(nb, sched, shape, seed, slope, n_steps, eta):
    """The same for DDIM."""
    calls, slope = [], slope.clone().requires_grad_(True)

    def model(x_t, t):
        calls.append((x_t.detach().clone(), t.clone()))
        return (slope * x_t.sin() + t.reshape(-1, 1) / 9).to(x_t.dtype)

    generator = torch.Generator(device=sched["betas"].device).manual_seed(seed)
    x = nb.ddim_sample(model, tuple(shape), sched, n_steps, eta, generator)
    return x.detach(), x.requires_grad, calls


def chain_of(answer, shape):
    """The states of a watched chain, its last one the sample, and the times at which the model was asked."""
    x, gradient, calls = unpack(answer, 3, what="the sampler")
    same(gradient, False, what="whether the sample carries a gradient")
    require(type(calls) is list and len(calls) > 0, "the model is never asked.")
    states, times = [], []
    for call in calls:
        given, when = unpack(call, 2, what="the call of the model")
        states.append(
            array(given, shape=shape, dtype="float", what="the x_t that the model is given").astype(np.float64)
        )
        when = array(when, shape=(shape[0],), dtype=np.int64, what="the t that the model is given")
        require(bool((when == when[0]).all()), "the model is given different t for one batch.")
        times.append(int(when[0]))
    states.append(array(x, shape=shape, dtype="float", what="the sample").astype(np.float64))
    return states, times


def looks_normal(noise, what):
    """Mean 0, variance 1, nothing shared between the arrays, no two entries alike: six standard errors."""
    with np.errstate(all="ignore"):
        flat = np.stack([each.ravel() for each in noise])
        n = flat.shape[1]
        require(bool((np.abs(flat.mean(axis=1)) < 6 / np.sqrt(n)).all()), f"the mean of {what} is not 0.")
        require(bool((np.abs(flat.var(axis=1) - 1) < 6 * np.sqrt(2 / n)).all()), f"the variance of {what} is not 1.")
        fourth = np.mean(flat**4)
        require(bool(np.abs(fourth - 3) < 6 * np.sqrt(96 / flat.size)), f"{what} is not normal.")
        shared = flat @ flat.T / n
        np.fill_diagonal(shared, 0)
        require(bool(np.abs(shared).max() < 6 / np.sqrt(n)), f"{what} is not drawn anew at every step.")
        require(len(np.unique(np.round(flat[0], 3))) > n / 4, f"{what} is the same for many entries.")


@pytest.mark.points(
    1,
    hint="p_mean_variance returns the mean with the shape and dtype of x_t and one number; samplers take all "
    "randomness from the generator, and the same seed gives the same samples.",
)
def test_shapes_dtypes_and_randomness_are_as_agreed(student, rng):
    betas, sched = schedule(rng, T=5)
    slope = torch.tensor(0.3, dtype=torch.float64)
    with student.pure():
        for name in ("float32", "float64"):
            x, eps, noise = tensors(rng, 3, 2, 4, dtype=getattr(torch, name))
            mean, var = unpack(student.p_mean_variance(x, 3, eps, sched, 0.5), 2, what="p_mean_variance")
            array(mean, shape=(3, 2, 4), dtype=name, what="the mean")
            number(var, what="the variance")
            array(student.p_sample(x, 3, eps, noise, sched), shape=(3, 2, 4), dtype=name, what="p_sample")
            array(student.ddim_step(x, 3, 1, eps, sched, 0.4, noise), shape=(3, 2, 4), dtype=name, what="ddim_step")
        for probe, rest in ((watched_ddpm, ()), (watched_ddim, (3, 0.7))):
            seed = int(rng.integers(1 << 30))
            first, again, other = (student.run(probe, sched, (6, 2), s, slope, *rest) for s in (seed, seed, seed + 1))
            (first, times), (again, _), (other, _) = (chain_of(answer, (6, 2)) for answer in (first, again, other))
            close(again[-1], first[-1], rtol=0.0, atol=0.0, what="a second sample with the same seed")
            require(not np.array_equal(other[-1], first[-1]), "another seed gives the same sample.")


@pytest.mark.points(
    1.5,
    hint="Guess x_0 from x_t and eps, then post_c0 times the guess plus post_c1 times x_t; the variance is post_var.",
)
def test_mean_and_variance_of_a_ddpm_step(student, rng):
    betas, sched = schedule(rng)
    for t in range(len(betas)):
        a, b, c = ddpm(betas, t)
        mean, var = unpack(student.p_mean_variance(X, t, EPS, sched, None), 2, what="p_mean_variance")
        step_is(mean, (a, b, 0.0), f"the mean at t = {t} for unit vectors x and eps")
        close(number(var, what="the variance"), c**2, what=f"the variance at t = {t}", **VARIANCE)
        x, eps, _ = tensors(rng, 3, 2, 4)
        mean, _ = unpack(student.p_mean_variance(x, t, eps, sched, None), 2, what="p_mean_variance")
        close(mean, a * x + b * eps, what=f"the mean at t = {t}", **EXACT)


@pytest.mark.points(
    1, hint="The mean plus the standard deviation (not the variance) times the noise; at t = 0 the mean alone."
)
def test_a_ddpm_step_with_noise(student, rng):
    betas, sched = schedule(rng)
    for t in range(len(betas)):
        a, b, c = ddpm(betas, t)
        step_is(student.p_sample(X, t, EPS, NOISE, sched), (a, b, c), f"the step from t = {t} for unit vectors")
        x, eps, noise = tensors(rng, 2, 3)
        expected = a * x + b * eps + c * noise
        close(student.p_sample(x, t, eps, noise, sched), expected, what=f"the step from t = {t}", **EXACT)


@pytest.mark.points(
    1.5,
    hint="abar of t_prev itself (1 if t_prev is -1), sigma with its two roots and eta, and the noise takes its share "
    "away from the direction eps: 1 - abar - sigma^2.",
)
def test_a_ddim_step_between_any_two_times(student, rng):
    betas, sched = schedule(rng)
    T = len(betas)
    pairs = [(T - 1, T - 2), (T - 1, 3), (7, 2), (5, 0), (0, -1), (T - 1, -1), (4, -1)]
    for t, t_prev in pairs:
        for eta in (0.0, 1.0, float(rng.uniform(0.2, 0.8))):
            coefficients = ddim(betas, t, t_prev, eta)
            answer = student.ddim_step(X, t, t_prev, EPS, sched, eta, NOISE)
            step_is(answer, coefficients, f"the jump from {t} to {t_prev} for unit vectors")
            x, eps, noise = tensors(rng, 2, 3)
            a, b, c = coefficients
            answer = student.ddim_step(x, t, t_prev, eps, sched, eta, noise)
            close(answer, a * x + b * eps + c * noise, what=f"the jump from {t} to {t_prev}", **EXACT)


@pytest.mark.points(
    1,
    hint="clip limits the guess of x_0, and neither x_t nor the mean; with clip=None nothing is limited, however "
    "large.",
)
def test_clipping_limits_the_guess_alone(student, rng):
    betas, sched = schedule(rng)
    bars = np.cumprod(1 - betas)
    for t in (0, 1, 5, len(betas) - 1):
        x, eps, noise = tensors(rng, 5, 7)
        x, clip, c = 2 * x, float(rng.uniform(0.4, 1.5)), ddpm(betas, t)[2]
        guess = ((x - np.sqrt(1 - bars[t]) * eps) / np.sqrt(bars[t])).clamp(-clip, clip)
        mean = float(sched["post_c0"][t]) * guess + float(sched["post_c1"][t]) * x
        got, var = unpack(student.p_mean_variance(x, t, eps, sched, clip), 2, what="p_mean_variance")
        close(got, mean, what=f"the mean at t = {t} with clip", **EXACT)
        close(number(var, what="the variance"), c**2, what="the variance with clip", **VARIANCE)
        close(student.p_sample(x, t, eps, noise, sched, clip), mean + c * noise, what="the step with clip", **EXACT)
        a, b, _ = ddpm(betas, t)
        far, _ = unpack(student.p_mean_variance(50 * x, t, eps, sched, None), 2, what="p_mean_variance")
        close(far, 50 * a * x + b * eps, what="the mean of large values without clip", **EXACT)


@pytest.mark.points(
    1.5,
    hint="Start from standard normal noise; ask the model at T-1, T-2, ..., 0, once each, and make one step after "
    "every answer with noise of its own (none at t = 0).",
)
def test_a_ddpm_chain_visits_every_time_once(student, rng):
    shape, slope = (500, 3), torch.tensor(float(rng.uniform(0.3, 0.6)), dtype=torch.float64)
    for T in (9, 1, 4):
        betas, sched = schedule(rng, T=T)
        for clip in (None, 0.8):
            answer = student.run(watched_ddpm, sched, shape, int(rng.integers(1 << 30)), slope, clip)
            states, times = chain_of(answer, shape)
            same(times, list(range(T))[::-1], what="the times at which the model is asked")
            noise = [states[0]]
            for t, x, after in zip(times, states, states[1:], strict=False):
                eps, bar = float(slope) * np.sin(x) + t / 9, np.cumprod(1 - betas)[t]
                guess = (x - np.sqrt(1 - bar) * eps) / np.sqrt(bar)
                guess = guess if clip is None else guess.clip(-clip, clip)
                mean = float(sched["post_c0"][t]) * guess + float(sched["post_c1"][t]) * x
                if t > 0:
                    noise.append((after - mean) / ddpm(betas, t)[2])
                else:
                    close(after, mean, rtol=1e-3, atol=1e-4, what="the last step")
            looks_normal(noise, "the noise of the chain")


@pytest.mark.points(
    1,
    hint="n_steps steps: the first from T-1, the last to -1, all (almost) equally long; each jump uses the t and "
    "t_prev of this list.",
)
def test_a_ddim_chain_makes_the_steps_that_are_asked_for(student, rng):
    shape, slope = (500, 3), torch.tensor(float(rng.uniform(0.3, 0.6)), dtype=torch.float64)
    for T, n_steps, eta in ((12, 4, 0.0), (12, 12, 0.6), (12, 1, 0.0), (11, 4, 0.8), (10, 7, 0.0), (1, 1, 1.0)):
        betas, sched = schedule(rng, T=T)
        answer = student.run(watched_ddim, sched, shape, int(rng.integers(1 << 30)), slope, n_steps, eta)
        states, times = chain_of(answer, shape)
        same(len(times), n_steps, what="the number of times that the model is asked")
        exact = T - 1 - np.arange(n_steps) * T / n_steps
        off = np.abs(np.array(times) - exact)
        require(times[0] == T - 1, "the model is not asked at T - 1 first.")
        require(bool((off < 1).all() and (np.diff(times) < 0).all()), "the times are not the evenly spaced ones.")
        noise = [states[0]]
        for t, t_prev, x, after in zip(times, [*times[1:], -1], states, states[1:], strict=False):
            a, b, c = ddim(betas, t, t_prev, eta)
            mean = a * x + b * (float(slope) * np.sin(x) + t / 9)
            if c > 0:
                noise.append((after - mean) / c)
            else:
                close(after, mean, rtol=1e-3, atol=1e-4, what="a step without noise")
        looks_normal(noise, "the noise of the chain")


@pytest.mark.points(
    0.5, hint="With eta = 1 and t_prev = t - 1, DDIM's step has the mean and the variance of DDPM's: compare yours."
)
def test_ddim_with_full_noise_is_ddpm(student, rng):
    betas, sched = schedule(rng, T=7, least=0.1)
    for t in range(7):
        x, eps, noise = tensors(rng, 3, 5)
        one = array(student.p_sample(x, t, eps, noise, sched), shape=(3, 5), dtype="float64", what="p_sample")
        other = array(
            student.ddim_step(x, t, t - 1, eps, sched, 1.0, noise), shape=(3, 5), dtype="float64", what="ddim_step"
        )
        mean, var = unpack(student.p_mean_variance(x, t, eps, sched, None), 2, what="p_mean_variance")
        mean, var = array(mean, shape=(3, 5), dtype="float64", what="the mean"), number(var, what="the variance")
        require(bool(np.ptp(one) > 0.1) and (var > 1e-3 or t == 0), "the step is degenerate.")
        with np.errstate(all="ignore"):
            spread = np.sqrt(abs(var)) * noise.numpy()
            close(other - one, np.zeros((3, 5)), atol=1e-10, what="DDIM's step minus DDPM's")
            close(one - mean - spread, np.zeros((3, 5)), atol=1e-6, what="p_sample minus the mean and noise")


def to_the_point(nb, sched, point, n_steps, eta, seed):
    """Samples with the noise that is right if all data are one point."""
    generator = torch.Generator(device=point.device).manual_seed(seed)

    def oracle(x_t, t):
        bar = sched["alpha_bars"][t].reshape(-1, 1)
        return ((x_t - bar.sqrt() * point) / (1 - bar).sqrt()).to(x_t.dtype)

    if n_steps == 0:
        return nb.ddpm_sample(oracle, (6, len(point)), sched, generator)
    return nb.ddim_sample(oracle, (6, len(point)), sched, n_steps, eta, generator)


@pytest.mark.points(
    0.5, hint="With the noise of a single point every guess is that point, and the last step ends at the guess exactly."
)
def test_the_noise_of_a_point_leads_to_the_point(student, rng):
    _, sched = schedule(rng, T=10, least=0.1)
    for n_steps, eta in ((0, 0.0), (1, 0.0), (3, 0.0), (10, 0.0), (4, 1.0)):
        point = torch.from_numpy(3 * rng.normal(size=4))
        x = student.run(to_the_point, sched, point, n_steps, eta, int(rng.integers(1 << 30)))
        x = array(x, shape=(6, 4), dtype="float", what="the sample").astype(np.float64)
        close(x, np.tile(point.numpy(), (6, 1)), rtol=1e-3, atol=1e-3, what="where the samples end")


def gaussian(nb, sched, mean, std, n, n_steps, eta, seed):
    """Samples with the best possible eps for normal data."""
    generator = torch.Generator(device=sched["betas"].device).manual_seed(seed)

    def best(x_t, t):
        bar = sched["alpha_bars"][t].reshape(-1, 1)
        return ((x_t - bar.sqrt() * mean) * (1 - bar).sqrt() / (bar * std**2 + 1 - bar)).to(x_t.dtype)

    if n_steps == 0:
        return nb.ddpm_sample(best, (n, 1), sched, generator)
    return nb.ddim_sample(best, (n, 1), sched, n_steps, eta, generator)


@pytest.mark.points(
    0.5,
    hint="For normal data mean and variance after the whole chain are known exactly; is a step missing, or its noise?",
)
def test_mean_and_variance_after_the_whole_chain(student, rng):
    n = 20000
    for T, n_steps, eta in ((20, 0, 0.0), (10, 0, 0.0), (20, 20, 0.5), (20, 5, 0.0), (12, 4, 1.0)):
        betas, sched = schedule(rng, T=T, least=0.05, most=0.3)
        m, s = float(rng.uniform(1.0, 2.0)), float(rng.uniform(0.3, 0.7))
        bars, mean, variance = np.cumprod(1 - betas), 0.0, 1.0
        step = T // n_steps if n_steps else 1
        for t in range(T - 1, -1, -step):
            a, b, c = ddim(betas, t, t - step, eta) if n_steps else ddpm(betas, t)
            slope = np.sqrt(1 - bars[t]) / (bars[t] * s**2 + 1 - bars[t])  # eps = slope * (x - sqrt(abar) m)
            mean = (a + b * slope) * mean - b * slope * np.sqrt(bars[t]) * m
            variance = (a + b * slope) ** 2 * variance + (c**2 if t > 0 else 0.0)
        x = student.run(gaussian, sched, m, s, n, n_steps, eta, int(rng.integers(1 << 30)))
        x = array(x, shape=(n, 1), dtype="float", what="the sample").astype(np.float64)
        with np.errstate(all="ignore"):
            off, spread = abs(x.mean() - mean), abs(x.var() / variance - 1)
        require(bool(off <= 6 * np.sqrt(variance / n)), "the mean of the samples is off.")
        require(bool(spread <= 6 * np.sqrt(2 / n)), "the variance of the samples is off.")
