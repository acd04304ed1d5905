"""Question 9: noising, targets, loss. Expected values are float64 NumPy, with tables of random betas.

The betas rise and fall, so that neighbouring entries of a table cannot be confused; the tables always belong together,
because a solver may calculate with any of them.
"""

import numpy as np
import pytest
import torch
from diffusion_tables import schedule_of

from grader.testing import array, close, number, require, unpack

pytestmark = pytest.mark.question("q9")

SHAPES = ((5, 2), (4, 3, 6, 2), (3, 7, 4), (4, 4), (4, 4, 4, 4), (1, 3), (6,))  # with B == C, one sample, no axes
TARGETS = ("eps", "x0", "v")


def draw(rng, shape, T=9, dtype=torch.float64):
    """Tables, data, noise and times; the times differ and include both ends where there are samples enough."""
    sched = schedule_of(rng.uniform(0.02, 0.4, size=T))
    x0, noise = (torch.from_numpy(rng.normal(size=shape)).to(dtype) for _ in range(2))
    t = rng.permutation(T)[: shape[0]]
    if shape[0] > 1:
        t[:2] = 0, T - 1
    return sched, x0, noise, torch.from_numpy(t)


def parts(x, t, sched):
    """sqrt(abar) and sqrt(1 - abar) for each sample, shaped to multiply x."""
    bars = sched["alpha_bars"].numpy()[t.numpy()].reshape(-1, *[1] * (x.dim() - 1))
    return torch.from_numpy(np.sqrt(bars)), torch.from_numpy(np.sqrt(1 - bars))


def noised(x0, t, noise, sched):
    signal, sigma = parts(x0, t, sched)
    return signal * x0.double() + sigma * noise.double()


def velocity(x0, t, noise, sched):
    signal, sigma = parts(x0, t, sched)
    return signal * noise.double() - sigma * x0.double()


def wanted(target, x0, t, noise, sched):
    return {"eps": noise.double(), "x0": x0.double(), "v": velocity(x0, t, noise, sched)}[target]


def watched(nb, x0, t, noise, sched, target, weight, scale, drift):
    """The loss of the model scale * x_t + drift * t, its gradient, and what the model was called with."""
    calls, scale = [], scale.clone().requires_grad_(True)

    def model(x_t, when):
        calls.append((x_t.detach().clone(), when.clone()))
        return scale * x_t + drift * when.to(x_t.dtype).reshape(-1, *[1] * (x_t.dim() - 1))

    loss = nb.ddpm_loss(model, x0, t, noise, sched, target=target, weight=weight)
    loss.backward()
    return loss.detach(), scale.grad, calls


def expected_loss(x0, t, noise, sched, target, weight, scale, drift):
    """Loss and gradient of the same model, by the formula."""
    x_t, axes = noised(x0, t, noise, sched), tuple(range(1, x0.dim()))
    out = scale * x_t + drift * t.double().reshape(-1, *[1] * (x0.dim() - 1))
    weights = sched["udl_weight"][t] if weight == "udl" else torch.ones(len(t), dtype=torch.float64)
    error = out - wanted(target, x0, t, noise, sched)
    squares, slopes = error**2, 2 * error * x_t
    if axes:
        squares, slopes = squares.mean(dim=axes), slopes.mean(dim=axes)
    return float((weights * squares).mean()), (weights * slopes).mean()


def losses(student, rng, shape, target, weight, dtype=torch.float64):
    """Answer and expectation for one drawn case."""
    sched, x0, noise, t = draw(rng, shape, dtype=dtype)
    scale = torch.from_numpy(rng.normal(size=())).to(dtype)
    drift = torch.from_numpy(rng.normal(size=())).to(dtype)
    answer = student.run(watched, x0, t, noise, sched, target, weight, scale, drift)
    loss, gradient, calls = unpack(answer, 3)
    expected, slope = expected_loss(x0, t, noise, sched, target, weight, float(scale), float(drift))
    return loss, gradient, calls, expected, slope, noised(x0, t, noise, sched), t


@pytest.mark.points(
    0.8,
    hint="The result has the shape and dtype of the first argument (a table that is indexed with t is float64), the "
    "loss is a scalar, unknown words are a ValueError, and nothing that is passed changes.",
)
def test_shapes_and_dtypes_follow_the_data(student, rng):
    with student.pure():
        for dtype in (torch.float32, torch.float64):
            sched, x0, noise, t = draw(rng, (4, 3, 2), dtype=dtype)
            for name in ("q_sample", "predict_x0", "predict_eps", "v_target"):
                answer = student[name](x0, t, noise, sched)
                array(answer, shape=(4, 3, 2), dtype=str(dtype).removeprefix("torch."), what=name)
                require(isinstance(answer, torch.Tensor), f"{name} must return a torch tensor.")
            x_t = noised(x0, t, noise, sched).to(dtype)
            close(student.q_sample(x0, t, noise, sched), x_t, dtype="exact", what=f"q_sample of {dtype}")
        for target in TARGETS:
            for weight in ("simple", "udl"):
                losses(student, rng, (4, 3), target, weight)
    loss, *_, expected, _, _, _ = losses(student, rng, (5, 3), "eps", "simple", dtype=torch.float32)
    array(loss, shape=(), dtype="float", what="the loss")
    close(number(loss, what="the loss"), expected, rtol=1e-4, what="the loss in float32")
    for words in ({"target": "noise"}, {"weight": "snr"}):
        with student.raises(ValueError, what="ddpm_loss with an unknown target or weight"):
            student.run(with_words, x0, t, noise, sched, words)


def with_words(nb, x0, t, noise, sched, words):
    return nb.ddpm_loss(lambda x_t, when: 0 * x_t, x0, t, noise, sched, **words)


@pytest.mark.points(
    1.2,
    hint="sqrt(abar) x0 + sqrt(1 - abar) noise, with an own t for every sample: the factors have shape (B, 1, ..., 1).",
)
def test_noised_data_with_a_time_for_each_sample(student, rng):
    for shape in SHAPES:
        sched, x0, noise, t = draw(rng, shape)
        close(student.q_sample(x0, t, noise, sched), noised(x0, t, noise, sched), what=f"q_sample of {shape}")


@pytest.mark.points(1, hint="Solve x_t = sqrt(abar) x0 + sqrt(1 - abar) eps for the one and for the other.")
def test_data_from_noise_and_noise_from_data(student, rng):
    for shape in SHAPES:
        sched, x_t, other, t = draw(rng, shape)
        signal, sigma = parts(x_t, t, sched)
        close(student.predict_x0(x_t, t, other, sched), (x_t - sigma * other) / signal, what=f"predict_x0 of {shape}")
        close(student.predict_eps(x_t, t, other, sched), (x_t - signal * other) / sigma, what=f"predict_eps of {shape}")


@pytest.mark.points(0.6, hint="v = sqrt(abar) noise - sqrt(1 - abar) x0.")
def test_the_velocity(student, rng):
    for shape in SHAPES:
        sched, x0, noise, t = draw(rng, shape)
        close(student.v_target(x0, t, noise, sched), velocity(x0, t, noise, sched), what=f"v_target of {shape}")


@pytest.mark.points(
    1, hint="Mean over the entries of a sample, times the weight of its t, mean over the batch: in this order."
)
def test_loss_for_every_target_and_weight(student, rng):
    for shape in ((5, 2), (4, 3, 6, 2), (4, 4)):
        for target in TARGETS:
            for weight in ("simple", "udl"):
                loss, *_, expected, _, _, _ = losses(student, rng, shape, target, weight)
                sizes = {"the batch size": shape[0], "the size of a sample": int(np.prod(shape[1:]))}
                what = f"the loss of {shape} with {target} and {weight}"
                close(number(loss, what=what), expected, what=what, factors=sizes)
    sched, x0, noise, t = draw(rng, (5, 2))
    close(number(student.run(by_default, x0, t, noise, sched)), float((noise**2).mean()), what="the loss by default")


def by_default(nb, x0, t, noise, sched):
    return nb.ddpm_loss(lambda x_t, when: 0 * x_t, x0, t, noise, sched)


@pytest.mark.points(
    1.4, hint="The gradient flows through the model's output: no detach, no .item(), no no_grad around the model."
)
def test_the_gradient_reaches_the_model(student, rng):
    for shape in ((5, 2), (3, 4, 2, 6), (1, 3)):
        for target in TARGETS:
            for weight in ("simple", "udl"):
                _, gradient, _, _, slope, _, _ = losses(student, rng, shape, target, weight)
                close(gradient, slope, what=f"the gradient for {target} and {weight}")


@pytest.mark.points(
    0.8,
    hint="The model is called once, with x_t and the integers t as they were passed: no t/T, no x0, no loop over t.",
)
def test_the_model_is_asked_once_about_the_noised_data(student, rng):
    for target in TARGETS:
        for shape in ((5, 2), (3, 4, 2, 6)):
            _, _, calls, _, _, x_t, t = losses(student, rng, shape, target, "udl")
            require(type(calls) is list and len(calls) == 1, f"the model is not called once (target {target}).")
            given, when = unpack(calls[0], 2, what="the call of the model")
            close(given, x_t, what="what the model is given")
            array(when, shape=t.shape, dtype="int", what="the t that the model is given")
            close(when, t, what="the t that the model is given")


def through_an_oracle(nb, x0, t, noise, sched, target, weight, answer):
    return nb.ddpm_loss(lambda x_t, when: answer, x0, t, noise, sched, target=target, weight=weight).detach()


@pytest.mark.points(
    0.6,
    hint="Almost no noise, almost no signal, large data: the formulas hold without clipping. A model that knows the "
    "target has loss 0.",
)
def test_extreme_times_and_a_model_that_knows(student, rng):
    betas = np.array([1e-6, 1e-4, 0.3, 0.9, 0.999])
    sched, T = schedule_of(betas), len(betas)
    x0, noise = (torch.from_numpy(30 * rng.normal(size=(T, 3))) for _ in range(2))
    t = torch.arange(T)
    x_t = noised(x0, t, noise, sched)
    close(student.q_sample(x0, t, noise, sched), x_t, what="q_sample of large data")
    close(student.predict_x0(x_t, t, noise, sched), x0, rtol=1e-7, atol=1e-8, what="predict_x0 of large data")
    close(student.predict_eps(x_t, t, x0, sched), noise, rtol=1e-7, atol=1e-8, what="predict_eps of large data")
    for target in TARGETS:
        for weight in ("simple", "udl"):
            answer = wanted(target, x0, t, noise, sched)
            loss = student.run(through_an_oracle, x0, t, noise, sched, target, weight, answer)
            close(number(loss, what="the loss"), 0.0, atol=1e-18, what=f"the loss of a model that knows the {target}")
            off = student.run(through_an_oracle, x0, t, noise, sched, target, weight, answer + 2.0)
            weights = sched["udl_weight"][t] if weight == "udl" else torch.ones(T)
            close(number(off, what="the loss"), 4 * float(weights.mean()), what="the loss of a model that is off by 2")


@pytest.mark.points(
    0.6, hint="Many small steps are one jump: the factors of the data multiply, the variances add up to 1 - abar."
)
def test_many_small_steps_are_one_jump(student, rng):
    T, D = 6, 3
    betas = rng.uniform(0.05, 0.4, size=T)
    x0, nothing = torch.from_numpy(rng.normal(size=(2, D))), torch.zeros(2, D, dtype=torch.float64)
    walked, first, variance = x0, torch.zeros(2, dtype=torch.int64), np.zeros(D)
    unit = torch.ones(2, D, dtype=torch.float64)
    for beta in betas:
        step = schedule_of(np.array([beta]))
        walked = torch.from_numpy(array(student.q_sample(walked, first, nothing, step), shape=(2, D), dtype="float"))
        with np.errstate(all="ignore"):
            kept = array(student.q_sample(unit, first, nothing, step), shape=(2, D), dtype="float")[0]
            added = array(student.q_sample(nothing, first, unit, step), shape=(2, D), dtype="float")[0]
            variance = kept**2 * variance + added**2
        sched = schedule_of(betas)
    last = torch.full((2,), T - 1)
    jump = array(student.q_sample(x0, last, nothing, sched), shape=(2, D), dtype="float", what="q_sample")
    spread = array(student.q_sample(nothing, last, unit, sched), shape=(2, D), dtype="float", what="q_sample")
    with np.errstate(all="ignore"):
        require(bool(np.abs(jump).max() > 1e-3 and np.abs(spread).max() > 1e-3), "q_sample is 0.")
        gap = np.concatenate([jump - walked.numpy(), (spread**2 - variance)])
    close(gap, np.zeros(gap.shape), atol=1e-9, what="the jump minus the walk, mean and variance")
