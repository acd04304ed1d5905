"""Question 8: diffusion schedules. Betas are judged by their formula, everything else by the answer's own betas.

So a wrong cosine costs the points of the cosine and not those of the posterior. The expected values come from NumPy,
with the running product as a sum of logarithms.
"""

import math

import numpy as np
import pytest
import torch
from diffusion_tables import derived, tables_of

from grader.testing import Mismatch, array, close, numeric, require

pytestmark = pytest.mark.question("q8")

KEYS = "betas alphas alpha_bars alpha_bars_prev post_var post_c0 post_c1 snr udl_weight".split()


def linear(T, start, end):
    return np.array([start + (end - start) * t / (T - 1) if T > 1 else start for t in range(T)])


def cosine(T, s):
    f = [math.cos((t / T + s) / (1 + s) * math.pi / 2) ** 2 for t in range(T + 1)]
    return np.array([min(1 - after / before, 0.999) for before, after in zip(f, f[1:], strict=False)])


def settings(rng, sizes=(7, 40)):
    """Arguments of both kinds, none at its default."""
    for T in sizes:
        start = float(rng.uniform(0.001, 0.01))
        yield "linear", T, {"beta_start": start, "beta_end": start + float(rng.uniform(0.1, 0.3))}
        yield "cosine", T, {"s": float(rng.uniform(0.02, 0.2))}


def ask(student, kind, T, **options):
    """The student's dict, checked for its kind; the arrays in it are checked where they are used."""
    answer = student.make_schedule(kind, T, **options)
    require(type(answer) is dict, "make_schedule must return a dict.")
    missing = [key for key in KEYS if key not in answer]
    require(not missing, f"the dict lacks {', '.join(missing)}.")
    return answer


def own_betas(answer, T, kind):
    betas = array(answer["betas"], shape=(T,), dtype=np.float64, what=f"betas ({kind})")
    require(bool(((betas > 0) & (betas < 1)).all()), f"betas ({kind}) are not all between 0 and 1.")
    return betas


def follow(student, rng, *keys):
    """Compare these tables with what follows from the answer's own betas, or from its own running products.

    With the defaults they range from 1e-9 to 1e4: nothing may be limited but the betas.
    """
    for kind, T, options in (*settings(rng), ("linear", 3, {}), ("cosine", 1000, {})):
        answer = ask(student, kind, T, **options)
        betas = own_betas(answer, T, kind)
        for key in keys:
            judge_table(answer, key, betas, kind)


def judge_table(answer, key, betas, kind):
    """A table is right if it is made rightly of betas, or of products that are wrong and have cost their points."""
    expected = tables_of(betas)
    try:
        close(answer[key], torch.from_numpy(expected[key]), rtol=1e-8, atol=1e-11, what=f"{key} ({kind})")
    except Mismatch:
        if key in ("alphas", "alpha_bars", "alpha_bars_prev"):
            raise
        own = [numeric(answer[name]) for name in ("alpha_bars", "alpha_bars_prev")]
        if any(table is None or table.family != "float" or table.values.shape != betas.shape for table in own):
            raise
        with np.errstate(all="ignore"):
            made = derived(betas, own[0].values.astype(float), own[1].values.astype(float))[key]
        if not np.isfinite(made).all():
            raise
        close(answer[key], torch.from_numpy(made), rtol=1e-8, atol=1e-11, what=f"{key} ({kind})")


@pytest.mark.points(
    0.6,
    hint="A dict with nine float64 tensors of shape (T,): pass dtype=torch.float64 wherever torch makes a tensor. "
    "Another kind is a ValueError.",
)
def test_nine_tables_of_float64_with_one_entry_a_step(student, rng):
    with student.pure():
        for kind, T, options in settings(rng, sizes=(1, 5)):
            answer = ask(student, kind, T, **options)
            for key in KEYS:
                array(answer[key], shape=(T,), dtype=np.float64, what=f"{key} ({kind})")
                require(isinstance(answer[key], torch.Tensor), f"{key} must be a torch tensor.")
    for kind in ("quadratic", "lin", "Cosine", ""):
        with student.raises(ValueError, what="make_schedule with an unknown kind"):
            student.make_schedule(kind, 5)


@pytest.mark.points(0.8, hint="T values with equal distances; the first is beta_start and the last beta_end.")
def test_linear_betas(student, rng):
    for T in (2, 3, 10, 57):
        start, end = (float(v) for v in np.sort(rng.uniform(0.001, 0.3, size=2)))
        answer = ask(student, "linear", T, beta_start=start, beta_end=end)
        close(answer["betas"], torch.from_numpy(linear(T, start, end)), what="betas (linear)")
        for last in (end + 0.1, end):  # the same T with another end, and again
            answer = ask(student, "linear", T, beta_start=start, beta_end=last)
            close(answer["betas"], torch.from_numpy(linear(T, start, last)), what="betas (linear), asked again")
    for start, end in ((0.3, 0.01), (0.2, 0.9996)):  # one that falls; the limit of 0.999 is that of the cosine
        answer = ask(student, "linear", 4, beta_start=start, beta_end=end)
        close(answer["betas"], torch.from_numpy(linear(4, start, end)), what="betas (linear)")
    for T in (1000, 250):
        close(ask(student, "linear", T)["betas"], torch.from_numpy(linear(T, 1e-4, 0.02)), what="the default betas")


@pytest.mark.points(
    1.2, hint="f is a squared cosine of (t/T + s)/(1 + s) * pi/2; beta_t = 1 - f(t+1)/f(t) with t from 0 to T-1."
)
def test_cosine_betas(student, rng):
    for T in (2, 3, 10, 57, 1000):
        for s in (0.008, float(rng.uniform(0.02, 0.3))):
            answer = ask(student, "cosine", T, s=s)
            close(answer["betas"], torch.from_numpy(cosine(T, s)), what="betas (cosine)")
    close(ask(student, "cosine", 30)["betas"], torch.from_numpy(cosine(30, 0.008)), what="the default betas (cosine)")


@pytest.mark.points(0.3, hint="alphas are 1 - beta.")
def test_alphas(student, rng):
    follow(student, rng, "alphas")


@pytest.mark.points(0.6, hint="alpha_bars is the running product of alphas, with alpha_0 already in entry 0.")
def test_the_running_product(student, rng):
    follow(student, rng, "alpha_bars")


@pytest.mark.points(0.5, hint="One step earlier is a shift by one entry with a 1 in front.")
def test_the_running_product_one_step_earlier(student, rng):
    follow(student, rng, "alpha_bars_prev")


@pytest.mark.points(0.6, hint="beta_t (1 - abar_(t-1)) / (1 - abar_t), without a root.")
def test_the_posterior_variance(student, rng):
    follow(student, rng, "post_var")


@pytest.mark.points(0.6, hint="beta_t sqrt(abar_(t-1)) / (1 - abar_t): the root is of one step earlier.")
def test_the_posterior_coefficient_of_the_data(student, rng):
    follow(student, rng, "post_c0")


@pytest.mark.points(0.6, hint="(1 - abar_(t-1)) sqrt(alpha_t) / (1 - abar_t): the root is of one step's alpha.")
def test_the_posterior_coefficient_of_the_noisy_one(student, rng):
    follow(student, rng, "post_c1")


@pytest.mark.points(0.5, hint="snr is signal over noise, abar / (1 - abar).")
def test_signal_to_noise_ratio(student, rng):
    follow(student, rng, "snr")


@pytest.mark.points(0.5, hint="The weight is beta over twice the product (1 - abar)(1 - beta).")
def test_weight_of_a_step_in_the_bound(student, rng):
    follow(student, rng, "udl_weight")


@pytest.mark.points(
    0.6,
    hint="One step alone: alpha_bars_prev is 1, the posterior knows the data exactly. With the cosine the last beta is "
    "limited to 0.999, and alpha_bars is the product of what the limited betas leave.",
)
def test_a_single_step_and_a_thousand(student, rng):
    start = float(rng.uniform(0.05, 0.3))
    for kind, T, betas in (
        ("linear", 1, np.array([start])),
        ("cosine", 1, np.array([0.999])),
        ("cosine", 1000, cosine(1000, 0.008)),
        ("linear", 1000, linear(1000, start / 1000, 0.02)),
    ):
        options = {"beta_start": start if T == 1 else start / 1000} if kind == "linear" else {}
        answer = ask(student, kind, T, **options)
        close(answer["betas"], torch.from_numpy(betas), rtol=1e-8, atol=1e-11, what=f"betas ({kind}, T = {T})")
        judge_table(answer, "alpha_bars", betas, f"{kind}, T = {T}")


@pytest.mark.points(
    0.6,
    hint="A noiseless x_t comes back as a noiseless x_(t-1): post_c0 + post_c1 sqrt(abar) = sqrt(abar_prev). And its "
    "noise comes back with the variance 1 - abar_prev.",
)
def test_the_posterior_leads_back_along_the_same_path(student, rng):
    with np.errstate(all="ignore"):
        for kind, T, options in settings(rng, sizes=(6, 300)):
            answer = ask(student, kind, T, **options)
            own_betas(answer, T, kind)
            t = {key: array(answer[key], shape=(T,), dtype=np.float64, what=f"{key} ({kind})") for key in KEYS}
            require(bool((np.diff(t["snr"]) < 0).all()), f"snr ({kind}) does not fall.")
            close(float(t["post_var"][0]), 0.0, atol=1e-15, what=f"the first post_var ({kind})")
            bars, before = t["alpha_bars"], t["alpha_bars_prev"]
            require(bool((bars > 0).all() and (before > 0).all()), f"alpha_bars ({kind}) are not all positive.")
            mean, variance = t["post_c0"] + t["post_c1"] * np.sqrt(bars), t["post_var"] + t["post_c1"] ** 2 * (1 - bars)
            close(mean, np.sqrt(before), rtol=0, atol=1e-11, what=f"post_c0 + post_c1 sqrt(abar) ({kind})")
            close(variance, 1 - before, rtol=0, atol=1e-11, what=f"post_var + post_c1^2 (1 - abar) ({kind})")
