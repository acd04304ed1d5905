"""Question 11: time embedding, label dropping, classifier-free guidance.

The guided chain is watched through its model, as in q10: at the last step no noise is added, so the sample itself must
be the mean that follows from the guided eps, row by row.
"""

import numpy as np
import pytest
import torch

from grader.testing import array, close, integers, require, same, unpack

pytestmark = pytest.mark.question("q11")

LABELS = 5  # numbers of the classes and of null, which is any one of them


def tables_of(betas):
    """The nine tables of q8, as tensors."""
    bars = np.cumprod(1 - betas)
    before = np.concatenate([[1.0], bars[:-1]])
    tables = {
        "betas": betas,
        "alphas": 1 - betas,
        "alpha_bars": bars,
        "alpha_bars_prev": before,
        "post_var": betas * (1 - before) / (1 - bars),
        "post_c0": betas * np.sqrt(before) / (1 - bars),
        "post_c1": (1 - before) * np.sqrt(1 - betas) / (1 - bars),
        "snr": bars / (1 - bars),
        "udl_weight": betas / (2 * (1 - bars) * (1 - betas)),
    }
    return {key: torch.from_numpy(values.copy()) for key, values in tables.items()}


def embedding(t, dim, period):
    half = dim // 2
    angles = np.asarray(t, dtype=np.float64)[:, None] * np.array([period ** (-i / half) for i in range(half)])
    columns = [np.cos(angles), np.sin(angles), np.zeros((len(t), dim % 2))]
    return torch.from_numpy(np.concatenate(columns, axis=1).astype(np.float32))


def watched(nb, y, shape, sched, w, seed, null, table, slope):
    """A guided chain with eps = slope * sin(x) + t / 9 + table[y]: its result and all that the model was given."""
    calls, slope = [], slope.clone().requires_grad_(True)

    def model(x_t, t, label):
        calls.append((x_t.detach().clone(), t.clone(), label.clone()))
        return (slope * x_t.sin() + t.reshape(-1, 1) / 9 + table[label].reshape(-1, 1)).to(x_t.dtype)

    generator = torch.Generator(device=sched["betas"].device).manual_seed(seed)
    x = nb.guided_sample(model, y, tuple(shape), sched, w, generator, null)
    return x.detach(), x.requires_grad, calls


def chain_of(answer, shape, y, null):
    """The states of a watched chain, its last one the sample; every call is checked for its x, t and labels."""
    x, gradient, calls = unpack(answer, 3, what="guided_sample")
    same(gradient, False, what="whether the sample carries a gradient")
    require(type(calls) is list and len(calls) > 0, "the model is never asked.")
    B, states = shape[0], {}
    for call in calls:
        given, when, label = unpack(call, 3, what="the call of the model")
        given = array(given, shape=(None, *shape[1:]), dtype="float", what="the x_t that the model is given")
        rows = len(given)
        require(rows in (B, 2 * B), "the model is given neither B nor 2B rows.")
        when = array(when, shape=(rows,), dtype=np.int64, what="the t that the model is given")
        label = array(label, shape=(rows,), dtype=np.int64, what="the labels that the model is given")
        require(bool((when == when[0]).all()), "the model is given different t for one batch.")
        expected = np.tile(y.numpy(), rows // B)
        require(bool(((label == expected) | (label == null)).all()), "the model is given labels of other rows.")
        for state in given.astype(np.float64).reshape(-1, *shape):
            known = states.setdefault(int(when[0]), state)
            require(np.array_equal(known, state), "the model is given different x_t at one time.")
    sample = array(x, shape=shape, dtype="float", what="the sample").astype(np.float64)
    return [*states.values(), sample], list(states)


@pytest.mark.points(
    0.5,
    hint="The embedding is float32 whatever t is, labels stay int64, cfg_eps keeps the dtype of the predictions, and "
    "y is not changed.",
)
def test_shapes_and_dtypes_are_as_agreed(student, rng):
    y = torch.from_numpy(rng.integers(0, LABELS, size=6))
    with student.pure():
        for t in (torch.arange(3, 8), torch.arange(5).double() / 7, torch.arange(5).float()):
            answer = student.timestep_embedding(t, 6)
            array(answer, shape=(5, 6), dtype=np.float32, what="timestep_embedding")
            require(isinstance(answer, torch.Tensor), "timestep_embedding must return a torch tensor.")
        for name in ("float32", "float64"):
            pair = [torch.from_numpy(rng.normal(size=(3, 2, 5))).to(getattr(torch, name)) for _ in range(2)]
            array(student.cfg_eps(*pair, 1.7), shape=(3, 2, 5), dtype=name, what="cfg_eps")
        dropped = student.drop_labels(y, LABELS, 0.9, student.generator(int(rng.integers(1 << 30))))
        array(dropped, shape=(6,), dtype=np.int64, what="drop_labels")


@pytest.mark.points(
    1, hint="Cosines first, then sines, in two halves; the exponent of max_period runs from 0 to -(h - 1)/h."
)
def test_embedding_of_times(student, rng):
    for dim, times in ((8, 5), (2, 3), (6, 6), (32, 1)):
        t = torch.from_numpy(rng.integers(0, 60, size=times))
        answer = student.timestep_embedding(t, dim)
        close(answer, embedding(t, dim, 10000.0), atol=2e-5, what=f"the embedding with dim = {dim}")
    t = torch.tensor([0, 1, 500, 999])
    close(student.timestep_embedding(t, 16), embedding(t, 16, 10000.0), atol=3e-4, what="the embedding of late times")


@pytest.mark.points(
    0.5,
    hint="h is dim // 2; an odd dim gets one column of zeros at the end. max_period is an argument, t may be "
    "a fraction.",
)
def test_odd_dimensions_other_periods_and_fractions(student, rng):
    one, two = (float(v) for v in rng.uniform(20, 500, size=2))
    for dim, period in ((3, one), (7, two), (9, one), (4, two), (7, one), (4, 10000.0), (7, two)):
        t = torch.from_numpy(rng.uniform(0, 20, size=5))
        answer = student.timestep_embedding(t, dim, **({} if period == 10000.0 else {"max_period": period}))
        close(answer, embedding(t, dim, period), atol=2e-5, what=f"the embedding with dim = {dim} and another period")


@pytest.mark.points(0.75, hint="Start at the prediction without the label and go w times the way to the one with it.")
def test_guidance_extrapolates_from_the_unconditional_prediction(student, rng):
    for shape in ((4, 3), (2, 3, 5, 4), (1, 2)):
        cond, uncond = (torch.from_numpy(rng.normal(size=shape)) for _ in range(2))
        for w in (0.0, 1.0, 0.3, -0.8, 7.5, float(rng.uniform(1, 3))):
            close(student.cfg_eps(cond, uncond, w), w * cond + (1 - w) * uncond, what=f"cfg_eps of {shape}")


def drops(nb, y, null, p, seed):
    """Labels after dropping, with a fresh generator, twice in a row."""
    generator = torch.Generator(device=y.device).manual_seed(seed)
    return nb.drop_labels(y, null, p, generator), nb.drop_labels(y, null, p, generator)


def totals(nb, y, null, p, seed, times):
    """How many labels are dropped in each of so many calls with one generator."""
    generator = torch.Generator(device=y.device).manual_seed(seed)
    return [int((nb.drop_labels(y, null, p, generator) == null).sum()) for _ in range(times)]


@pytest.mark.points(
    0.75,
    hint="A coin of its own for every label, from the generator: the argument null with probability p, else what it "
    "was. How many are dropped is left to chance, too.",
)
def test_each_label_is_dropped_by_its_own_coin(student, rng):
    n, null = 6000, int(rng.integers(7, 50))
    y = torch.from_numpy(rng.integers(0, 3, size=n))
    for p in (0.1, 0.7):
        seed = int(rng.integers(1 << 30))
        with student.pure():
            first, second = unpack(student.run(drops, y, null, p, seed), 2)
            again, _ = unpack(student.run(drops, y, null, p, seed), 2)
        first, second = (array(each, shape=(n,), dtype="int", what="drop_labels") for each in (first, second))
        require(bool(((first == y.numpy()) | (first == null)).all()), "a result is neither null nor the label itself.")
        same(again, torch.from_numpy(first), what="drop_labels with the same seed")
        gone, later = (first == null).astype(float), (second == null).astype(float)
        band = 6 * np.sqrt(p * (1 - p))
        require(abs(gone.mean() - p) <= band / np.sqrt(n), "the share of dropped labels is not p.")
        for label in range(3):
            own = gone[y.numpy() == label]
            require(abs(own.mean() - p) <= band / np.sqrt(len(own)), "labels are not dropped alike.")
        for pair in ((gone - p) * (later - p), (gone - p)[1:] * (gone - p)[:-1], (gone - p)[2:] * (gone - p)[:-2]):
            require(abs(pair.mean()) <= 6 * p * (1 - p) / np.sqrt(len(pair)), "labels are not dropped independently.")
    times, few = 120, y[:80]
    counts = integers(student.run(totals, few, null, 0.3, int(rng.integers(1 << 30)), times), what="the totals")
    spread = np.var(counts, ddof=1) / (len(few) * 0.3 * 0.7)  # 1 +- 0.13
    require(0.2 <= spread <= 2.0, "as many labels are dropped in every call: they are not dropped independently.")


@pytest.mark.points(0.25, hint="p = 0 drops nothing and p = 1 drops everything; null may be any number.")
def test_nothing_and_everything_is_dropped(student, rng):
    y = torch.from_numpy(rng.integers(0, 9, size=40))
    for null in (9, -1, 1000):
        for p, expected in ((0.0, y), (1.0, torch.full_like(y, null))):
            first, _ = unpack(student.run(drops, y, null, p, int(rng.integers(1 << 30))), 2)
            same(first, expected, what=f"drop_labels with p = {p:g}")


@pytest.mark.points(
    1,
    hint="At every step the prediction with y and the one with null, for the same x_t, joined by cfg_eps; then a DDPM "
    "step. Does row b keep label y[b]?",
)
def test_every_step_of_a_guided_chain(student, rng):
    shape = (300, 3)
    nulls = rng.permutation(LABELS)[1:].tolist()
    for w, null in zip((float(rng.uniform(2, 4)), 0.0, 1.0, 0.4), nulls, strict=True):
        betas = rng.uniform(0.05, 0.35, size=7)
        sched, table = tables_of(betas), torch.from_numpy(rng.normal(size=LABELS))
        y = torch.from_numpy(rng.choice([label for label in range(LABELS) if label != null], size=shape[0]))
        slope = torch.tensor(float(rng.uniform(0.3, 0.6)), dtype=torch.float64)
        answer = student.run(watched, y, shape, sched, w, int(rng.integers(1 << 30)), null, table, slope)
        states, times = chain_of(answer, shape, y, null)
        same(times, list(range(7))[::-1], what="the times at which the model is asked")
        shift = (w * table[y] + (1 - w) * table[null]).numpy()[:, None]
        noise, bars = [states[0]], np.cumprod(1 - betas)
        for t, x, after in zip(times, states, states[1:], strict=False):
            eps = float(slope) * np.sin(x) + t / 9 + shift
            mean = (x - betas[t] / np.sqrt(1 - bars[t]) * eps) / np.sqrt(1 - betas[t])
            if t > 0:
                noise.append((after - mean) / np.sqrt(float(sched["post_var"][t])))
            else:
                close(after, mean, rtol=1e-3, atol=1e-4, what="the last step")
        flat = np.stack([each.ravel() for each in noise])
        n = flat.shape[1]
        with np.errstate(all="ignore"):
            require(bool((np.abs(flat.mean(axis=1)) < 6 / np.sqrt(n)).all()), "the mean of the chain's noise is not 0.")
            require(bool((np.abs(flat.var(axis=1) - 1) < 6 * np.sqrt(2 / n)).all()), "its variance is not 1.")


@pytest.mark.points(
    0.25, hint="Where all labels are null, w cannot matter; and with w = 0 the labels cannot. From the generator alone."
)
def test_guidance_that_cannot_matter_does_not(student, rng):
    shape = (6, 2)
    sched, table = tables_of(rng.uniform(0.05, 0.35, size=6)), torch.from_numpy(rng.normal(size=LABELS))
    null = LABELS - 1
    nothing = torch.full((6,), null)
    y = torch.from_numpy(rng.integers(0, LABELS, size=6))
    slope, seed = torch.tensor(0.4, dtype=torch.float64), int(rng.integers(1 << 30))
    samples = []
    with student.pure():
        for labels, w in ((nothing, 0.7), (nothing, 3.0), (y, 0.0), (y, 3.0)):
            answer = student.run(watched, labels, shape, sched, w, seed, null, table, slope)
            samples.append(chain_of(answer, shape, labels, null)[0][-1])
    for other in samples[1:3]:
        close(other, samples[0], rtol=1e-3, atol=1e-4, what="a sample of which the label cannot matter")
    require(not np.allclose(samples[3], samples[0], rtol=1e-3), "a guided sample does not depend on its label.")
