"""Question 7: additive and multiplicative attention.

Expected values go sample by sample over the valid keys alone, so that no mask is needed; the gradients come from the
same sums by autograd.
"""

import numpy as np
import pytest
import torch

from grader.testing import array, close, require, unpack

pytestmark = pytest.mark.question("q7")

SIZES = (
    (3, 5, 4, 6, 7),
    (4, 4, 4, 4, 4),
    (2, 6, 3, 5, 1),
    (1, 1, 2, 3, 4),
    (2, 3, 5, 2, 5),
    (3, 1, 4, 2, 5),
)  # B, S, Dq, Dk, A
KINDS = ("additive_attention", "multiplicative_attention")


def normal(rng, *shape):
    return torch.tensor(rng.normal(size=shape))


def draw(rng, kind, B, S, Dq, Dk, A):
    """q, K and the weights of the score."""
    q, K = normal(rng, B, Dq), normal(rng, B, S, Dk)
    if kind == "additive_attention":
        return q, K, [normal(rng, Dq, A), normal(rng, Dk, A), 2.0 * normal(rng, A)]
    return q, K, [normal(rng, Dq, Dk)]


def draw_mask(rng, B, S):
    """Some keys of each sample, at any places, one or more."""
    mask = torch.tensor(rng.random(size=(B, S)) < 0.6)
    mask[torch.arange(B), torch.tensor(rng.integers(0, S, size=B))] = True
    return mask


def scores_of(query, keys, weights):
    """Scores (S,) of one sample."""
    if len(weights) == 1:
        return torch.stack([query @ weights[0] @ key for key in keys])
    Wq, Wk, v = weights
    return torch.stack([(v * torch.tanh(query @ Wq + key @ Wk)).sum() for key in keys])


def attention(q, K, mask, weights):
    """Context and weights, the keys that are not valid left out."""
    contexts, rows = [], []
    for query, keys, valid in zip(q, K, mask, strict=True):
        seen = valid.nonzero()[:, 0]
        row = torch.zeros(len(keys), dtype=K.dtype)
        if len(seen):
            scores = scores_of(query, keys[seen], weights)
            chances = torch.exp(scores - scores.max())
            row = row.index_put((seen,), chances / chances.sum())
        rows.append(row)
        contexts.append((row[:, None] * keys).sum(dim=0))
    return torch.stack(contexts), torch.stack(rows)


def judge(answer, q, K, mask, weights, what, **tolerance):
    context, w = unpack(answer, 2, what=what)
    expected_context, expected_w = attention(q, K, mask, weights)
    close(w, expected_w, what=f"the weights of {what}", **tolerance)
    close(context, expected_context, what=f"the context of {what}", **tolerance)


def ask(student, kind, q, K, mask, weights):
    return getattr(student, kind)(q, K, mask, *weights)


def judge_values(student, rng, kind):
    for sizes in SIZES:
        q, K, weights = draw(rng, kind, *sizes)
        B, S = sizes[:2]
        prefix = torch.arange(S)[None] < torch.tensor(rng.integers(1, S + 1, size=(B, 1)))
        for mask in (torch.ones(B, S, dtype=torch.bool), draw_mask(rng, B, S), prefix):
            judge(ask(student, kind, q, K, mask, weights), q, K, mask, weights, kind)


@pytest.mark.points(
    0.4, hint="The context is (B, Dk) and the weights are (B, S), with the dtype of q; all arguments stay as they are."
)
def test_contexts_and_weights_follow_the_table_and_arguments_stay(student, rng):
    for kind in KINDS:
        q, K, weights = draw(rng, kind, 3, 5, 4, 6, 7)
        mask = draw_mask(rng, 3, 5)
        mask[1] = False
        for dtype in (torch.float32, torch.float64):
            typed = [x.to(dtype) for x in (q, K, *weights)]
            with student.pure():
                context, w = unpack(ask(student, kind, typed[0], typed[1], mask, typed[2:]), 2, what=kind)
            array(context, shape=(3, 6), dtype=dtype, what=f"the context of {kind}")
            array(w, shape=(3, 5), dtype=dtype, what=f"the weights of {kind}")


@pytest.mark.points(
    0.7,
    hint="v stands outside of the tanh, and both projections inside of one; the softmax runs over the valid keys; the "
    "context is a mean of the keys themselves.",
)
def test_values_of_additive_attention(student, rng):
    judge_values(student, rng, "additive_attention")


@pytest.mark.points(
    0.7, hint="q W and then the dot product with every key, without a scale; the softmax runs over the valid keys."
)
def test_values_of_multiplicative_attention(student, rng):
    judge_values(student, rng, "multiplicative_attention")


def gradients(nb, kind, q, K, mask, weights, d_context, d_w):
    """Gradients of sum(d_context * context) + sum(d_w * w) with respect to q, K and the weights of the score."""
    leaves = [x.clone().requires_grad_() for x in (q, K, *weights)]
    context, w = getattr(nb, kind)(leaves[0], leaves[1], mask, *leaves[2:])
    return torch.autograd.grad((d_context * context).sum() + (d_w * w).sum(), leaves, allow_unused=True)


def judge_gradients(student, rng, kind, mask, sizes):
    """The gradients of one draw are those of the sums above; those of the keys are returned as well."""
    q, K, weights = draw(rng, kind, *sizes)
    d_context, d_w = normal(rng, sizes[0], sizes[3]), normal(rng, sizes[0], sizes[1])
    leaves = [x.clone().requires_grad_() for x in (q, K, *weights)]
    context, w = attention(leaves[0], leaves[1], mask, leaves[2:])
    expected = torch.autograd.grad((d_context * context).sum() + (d_w * w).sum(), leaves)
    got = unpack(student.run(gradients, kind, q, K, mask, weights, d_context, d_w), len(leaves), what="the gradients")
    names = ("q", "K", "W") if len(weights) == 1 else ("q", "K", "Wq", "Wk", "v")
    for name, mine, wanted in zip(names, got, expected, strict=True):
        close(mine, wanted, atol=1e-11, what=f"the gradient of {name} in {kind}")
    return array(got[1], shape=tuple(K.shape), what="the gradient of K")


@pytest.mark.points(
    1.0,
    hint="Query, keys and all weights of the score get a gradient, keys in two ways (score and mean); a key that is "
    "masked gets none at all.",
)
def test_gradients_reach_everything_but_masked_keys(student, rng):
    for kind in KINDS:
        for sizes in SIZES[:3]:
            mask = draw_mask(rng, *sizes[:2])
            dK = judge_gradients(student, rng, kind, mask, sizes)
            require(not dK[~mask.numpy()].any(), "a masked key has a gradient other than 0")


@pytest.mark.points(
    0.6,
    hint="Without a valid key weights and context are 0, and the gradient is finite. Scores may be 30 000 for padding "
    "and -30 000 for tokens: no finite constant is low enough.",
)
def test_rows_of_padding_and_large_scores(student, rng):
    for kind in KINDS:
        sizes = (4, 5, 3, 6, 7)
        mask = draw_mask(rng, 4, 5)
        mask[[0, 2]] = False
        q, K, weights = draw(rng, kind, *sizes)
        judge(ask(student, kind, q, K, mask, weights), q, K, mask, weights, f"{kind} with rows of padding")
        judge_gradients(student, rng, kind, mask, sizes)
        q, K, weights = draw(rng, kind, *sizes)
        weights[-1] = 3e4 * weights[-1]
        scores = torch.stack([scores_of(query, keys, weights) for query, keys in zip(q, K, strict=True)])
        low = scores <= scores.median(dim=1, keepdim=True).values  # the masked ones have the largest scores
        for mask in (low, torch.ones(4, 5, dtype=torch.bool)):
            answer = ask(student, kind, q, K, mask, weights)
            judge(answer, q, K, mask, weights, f"{kind} with large scores", rtol=1e-6, atol=1e-9)


@pytest.mark.points(
    0.6,
    hint="Each sample is a world of its own, the order of its keys is free, and what stands in padding is never seen.",
)
def test_order_company_and_padding_do_not_matter(student, rng):
    for kind in KINDS:
        B, S, Dk = 3, 6, 5
        q, K, weights = draw(rng, kind, B, S, 4, Dk, 7)
        mask = torch.ones(B, S, dtype=torch.bool)
        mask[:, 4:] = False

        def answer(q, K, mask, what, kind=kind, weights=weights, Dk=Dk):
            context, w = unpack(ask(student, kind, q, K, mask, weights), 2, what=kind)
            rows, keys = mask.shape
            context = array(context, shape=(rows, Dk), dtype="float", what=f"the context {what}")
            return torch.tensor(context), torch.tensor(array(w, shape=(rows, keys), dtype="float", what=f"w {what}"))

        context, w = answer(q, K, mask, "of a draw")
        require(float(np.ptp(w[:, :4].numpy())) > 1e-3, "all weights are alike")
        close(w.sum(dim=1), torch.ones(B), what="the sum of the weights", dtype="any")
        require(bool((w[:, 4:] == 0).all()), "padding has a weight other than 0")
        other = torch.where(mask[..., None], K, 7.0 * normal(rng, B, S, Dk))
        close(answer(q, other, mask, "")[0], context, what="the context with other padding", dtype="any")
        close(answer(q, K[:, :4], mask[:, :4], "")[0], context, what="the context without padding", dtype="any")
        order = torch.tensor(rng.permutation(S))
        turned_context, turned = answer(q, K[:, order], mask[:, order], "in another order")
        close(turned_context, context, what="the context with keys in another order", dtype="any")
        close(turned, w[:, order], what="the weights with keys in another order", dtype="any")
        alone, _ = answer(q[1:2], K[1:2], mask[1:2], "of one sample")
        close(alone, context[1:2], what="the context of a sample alone", dtype="any")
