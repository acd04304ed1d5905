"""Question 13: CLIP. Expected values are written out in NumPy; gradients come from a second formulation in float64."""

import numpy as np
import pytest
import torch

from grader.testing import array, close, require, unpack

pytestmark = pytest.mark.question("q13")

BY_HAND = (
    "torch.nn.functional.cross_entropy",
    "torch.nn.functional.cosine_similarity",
    "torch.cosine_similarity",
    "torch.nn.CrossEntropyLoss",
    "torch.nn.CosineSimilarity",
    "aten::cosine_similarity",
    "aten::cross_entropy_loss",
)
LOOSE = {"rtol": 1e-6, "atol": 1e-8}  # a norm + 1e-8 is fair


def rows(rng, *shape):
    """Directions at random, lengths between 0.2 and 20."""
    lengths = np.exp(rng.uniform(np.log(0.2), np.log(20.0), size=(*shape[:-1], 1)))
    return unit(rng.normal(size=shape)) * lengths


def unit(x):
    return x / np.sqrt((x * x).sum(axis=-1, keepdims=True))


def logits_of(img, txt, s):
    return min(np.exp(s), 100.0) * unit(img) @ unit(txt).T


def log_sum_exp(L, axis):
    top = L.max(axis=axis)
    return top + np.log(np.exp(L - np.expand_dims(top, axis)).sum(axis=axis))


def loss_of(img, txt, s):
    L = logits_of(img, txt, s)
    return float(np.mean(log_sum_exp(L, 1) + log_sum_exp(L, 0) - 2 * np.diag(L)) / 2)


def tensors(*arrays, dtype=torch.float64):
    return [torch.tensor(np.asarray(a), dtype=dtype) for a in arrays]


def scalar(answer, what="clip_loss"):
    """The loss as a float: a tensor without axes."""
    require(torch.is_tensor(answer), f"{what} must be a torch tensor.")
    return float(array(answer, shape=(), dtype="float", what=what))


def ask_loss(student, img, txt, s):
    return scalar(student.clip_loss(*tensors(img, txt, s)))


@pytest.mark.points(
    0.5,
    hint="(B, M) logits and a scalar loss in the dtype of the embeddings, int64 classes; nothing that is passed may "
    "change, and cross_entropy and cosine_similarity are what you are asked to write.",
)
def test_shapes_and_dtypes_follow_the_table_and_nothing_is_changed(student, rng):
    img, txt, prompts = rows(rng, 5, 4), rows(rng, 3, 4), rows(rng, 3, 2, 4)
    with student.pure(), student.forbids(*BY_HAND):
        for dtype in (torch.float32, torch.float64):
            u, t, p, s = tensors(img, txt, prompts, 1.3, dtype=dtype)
            logits = student.clip_logits(u, t, s)
            array(logits, shape=(5, 3), dtype=dtype, what="clip_logits")
            loss = student.clip_loss(u, t[[0, 1, 2, 0, 1]], s)
            scalar(loss)
            require(loss.dtype == dtype, "clip_loss must have the dtype of the embeddings.")
            array(student.zero_shot(u, p), shape=(5,), dtype=np.int64, what="zero_shot")


@pytest.mark.points(
    0.6, hint="Every row of img and txt is divided by its own length; then cosines times exp(log_scale)."
)
def test_logits_are_scaled_cosines(student, rng):
    for B, M, d in [(5, 3, 4), (4, 4, 4), (1, 6, 2), (3, 1, 7)]:
        img, txt, s = rows(rng, B, d), rows(rng, M, d), float(rng.uniform(-1, 3))
        got = student.clip_logits(*tensors(img, txt, s))
        close(got, torch.tensor(logits_of(img, txt, s)), **LOOSE, what=f"clip_logits of {B} x {M} rows")


@pytest.mark.points(
    0.6, hint="Cross-entropy along the rows of the logits and along their columns, each a mean over B; then their mean."
)
def test_loss_is_the_mean_of_both_directions(student, rng):
    for B, d in [(5, 3), (4, 4), (2, 6), (7, 2)]:
        img, txt, s = rows(rng, B, d), rows(rng, B, d), float(rng.uniform(0, 2))
        sizes = {"the batch size B": B, "2": 2.0}
        expected = loss_of(img, txt, s)
        close(ask_loss(student, img, txt, s), expected, **LOOSE, what=f"clip_loss of {B} pairs", factors=sizes)


@pytest.mark.points(
    0.55, hint="Normalise each prompt, average the prompts of a class, normalise again, take the largest cosine."
)
def test_zero_shot_normalises_averages_and_normalises(student, rng):
    for B, C, P, d in [(200, 5, 3, 4), (150, 4, 4, 4), (60, 6, 1, 3), (1, 2, 5, 6)]:
        img, prompts = rows(rng, B, d), rows(rng, C, P, d)
        cosines = unit(img) @ unit(unit(prompts).mean(axis=1)).T
        best = np.sort(cosines, axis=1)
        clear = best[:, -1] - best[:, -2] > 1e-6
        got = array(student.zero_shot(*tensors(img, prompts)), shape=(B,), dtype="int", what="zero_shot")
        right = np.array_equal(got[clear], cosines.argmax(axis=1)[clear])
        require(right, f"zero_shot picks other classes ({C} classes of {P} prompts).")


def slopes(nb, img, txt, s, cotangent):
    """Gradients of the logits against a cotangent and of the loss (first B captions), for img, txt and log_scale."""
    answers = []
    for name in ("clip_logits", "clip_loss"):
        u, t, scale = (x.clone().requires_grad_() for x in (img, txt, s))
        if name == "clip_logits":
            (nb.clip_logits(u, t, scale) * cotangent).sum().backward()
        else:
            nb.clip_loss(u, t[: len(u)], scale).backward()
        answers.append([torch.zeros_like(x) if x.grad is None else x.grad for x in (u, t, scale)])
    return answers


def expected_slopes(img, txt, s, cotangent):
    """The same by autograd on another formulation."""
    answers = []
    for which in range(2):
        u, t, scale = (x.clone().requires_grad_() for x in (img, txt, s))
        pairs = t if which == 0 else t[: len(u)]
        lengths = u.square().sum(1).sqrt()[:, None] * pairs.square().sum(1).sqrt()[None]
        factor = scale.exp() if float(scale.exp()) < 100 else torch.tensor(100.0, dtype=s.dtype)
        L = factor * (u @ pairs.T) / lengths
        if which == 0:
            value = (L * cotangent).sum()
        else:
            value = (L.logsumexp(1) + L.logsumexp(0)).mean() / 2 - L.trace() / len(u)
        value.backward()
        answers.append([torch.zeros_like(x) if x.grad is None else x.grad for x in (u, t, scale)])
    return answers


def judge_slopes(student, rng, s, names):
    for B, M, d in [(4, 6, 5), (3, 3, 3)]:
        img, txt, scale, cotangent = tensors(rows(rng, B, d), rows(rng, M, d), s, rng.normal(size=(B, M)))
        got = unpack(student.run(slopes, img, txt, scale, cotangent), 2)
        wanted = expected_slopes(img, txt, scale, cotangent)
        for what, expected, answer in zip(("clip_logits", "clip_loss"), wanted, got, strict=True):
            for name, e, g in zip(("img", "txt", "log_scale"), expected, unpack(answer, 3), strict=True):
                if name in names:
                    close(g, e, **LOOSE, what=f"the gradient of {what} for {name}")


@pytest.mark.points(
    0.85, hint="Both towers learn from both directions, through the normalisation too: nothing may be detached."
)
def test_gradients_reach_both_towers(student, rng):
    judge_slopes(student, rng, float(rng.uniform(0.5, 2.0)), ("img", "txt"))


@pytest.mark.points(
    0.25, hint="log_scale learns while exp(log_scale) is below 100; above, the clamp leaves it no gradient."
)
def test_log_scale_learns_up_to_the_clamp(student, rng):
    for s in (rng.uniform(-1, 2), 4.5, 4.7, 9.0):  # ln 100 is 4.605
        judge_slopes(student, rng, float(s), ("log_scale",))


@pytest.mark.points(
    0.15,
    hint="exp(100) is inf in float32, and 0 times inf is nan: clamp log_scale at ln 100.",
)
def test_the_gradient_of_an_enormous_log_scale_is_zero(student, rng):
    for s, dtype in ((100.0, torch.float32), (1000.0, torch.float64)):
        img, txt, scale, cotangent = tensors(rows(rng, 4, 3), rows(rng, 4, 3), s, rng.normal(size=(4, 4)), dtype=dtype)
        got = unpack(student.run(slopes, img, txt, scale, cotangent), 2)
        for what, answer in zip(("clip_logits", "clip_loss"), got, strict=True):
            g_img, g_txt, g_scale = unpack(answer, 3)
            close(g_scale, torch.tensor(0.0, dtype=dtype), what=f"the gradient of {what} for an enormous log_scale")
            for g in (g_img, g_txt):
                g = array(g, shape=(4, 3), dtype="float", what=f"the gradient of {what} with an enormous log_scale")
                require(what == "clip_loss" or bool(g.any()), "the towers get no gradient with an enormous log_scale.")


def zero_rows(nb, img, txt, s):
    u, t, scale = (x.clone().requires_grad_() for x in (img, txt, s))
    logits = nb.clip_logits(u, t, scale)
    nb.clip_loss(u, t, scale).backward()
    return logits.detach(), u.grad, t.grad


@pytest.mark.points(
    0.75,
    hint="The clamp is on exp(log_scale); log_softmax survives logits of 100 in float32; a row of zeros has length 0, "
    "by which one cannot divide.",
)
def test_large_scales_and_rows_of_zeros_are_no_problem(student, rng):
    for s in (4.7, 20.0, 300.0):
        img, txt = rows(rng, 4, 3), rows(rng, 4, 3)
        logits = torch.tensor(logits_of(img, txt, s))
        close(student.clip_logits(*tensors(img, txt, s)), logits, **LOOSE, what="clip_logits with a large log_scale")
        close(ask_loss(student, img, txt, s), loss_of(img, txt, s), **LOOSE, what="clip_loss with a large log_scale")
        apart = scalar(student.clip_loss(*tensors(img, -img, s, dtype=torch.float32)))
        close(
            apart, loss_of(img, -img, s), rtol=1e-4, atol=1e-4, what="clip_loss in float32, pictures against captions"
        )
    img, txt = rows(rng, 4, 3), rows(rng, 4, 3)
    img[1], txt[2] = 0.0, 0.0
    logits, *grads = unpack(student.run(zero_rows, *tensors(img, txt, 1.0)), 3)
    L = array(logits, shape=(4, 4), dtype="float", what="logits with rows of zeros")
    close(np.concatenate([L[1], L[:, 2]]), np.zeros(8), atol=1e-9, what="the logits of rows of zeros")
    for g in grads:
        array(g, shape=(4, 3), dtype="float", what="a gradient with rows of zeros")
    prompts = rows(rng, 3, 2, 3)
    prompts[1, 1] = -prompts[1, 0]  # a class without a direction: its cosine counts as 0
    towards = np.stack([unit(unit(prompts[0]).mean(axis=0))] * 2)
    got = array(student.zero_shot(*tensors(towards, prompts)), shape=(2,), dtype="int", what="zero_shot")
    best = int((unit(unit(prompts[[0, 2]]).mean(axis=1)) @ towards[0]).argmax()) * 2
    require(bool((got == best).all()), "A class whose prompts cancel wins against one that points at the picture.")


@pytest.mark.points(
    0.75,
    hint="Lengths do not matter, nor which tower is called picture; one pair alone is always right; the order of the "
    "pairs means nothing.",
)
def test_what_must_not_matter_does_not(student, rng):
    img, txt, s = rows(rng, 6, 4), rows(rng, 6, 4), 1.7
    loss = ask_loss(student, img, txt, s)
    require(0.0 < loss < np.inf, "clip_loss is not positive.")
    order = rng.permutation(6)
    lengths = rng.uniform(0.3, 9.0, size=(2, 6, 1))
    others = {
        "when the towers are swapped": (txt, img),
        "when rows are made longer": (img * lengths[0], txt * lengths[1]),
        "when the pairs are reordered": (img[order], txt[order]),
    }
    for change, (a, b) in others.items():
        close(ask_loss(student, a, b, s), loss, **LOOSE, what=f"clip_loss {change}")
    close(ask_loss(student, img[:1], txt[:1], s), 0.0, atol=1e-9, what="the loss of one pair")
    mirror = unit(rng.normal(size=6))
    basis = np.eye(6) - 2 * np.outer(mirror, mirror)  # orthogonal; linalg.qr rounds differently on another machine
    for s in (1.0, 4.6):
        expected = float(np.log1p(5 * np.exp(-np.exp(s))))
        close(ask_loss(student, 3 * basis, basis, s), expected, **LOOSE, what="the loss of perfect pairs")
    prompts = rows(rng, 4, 3, 4)
    first, longer = (
        array(student.zero_shot(*tensors(a, b)), shape=(6,), dtype="int", what="zero_shot")
        for a, b in ((img, prompts), (img * lengths[0], prompts * rng.uniform(0.3, 9.0, size=(4, 3, 1))))
    )
    require(np.array_equal(first, longer), "zero_shot changes when rows are made longer.")
