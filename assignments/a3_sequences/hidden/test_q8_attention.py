"""Question 8: scaled dot-product attention and masks.

The expected values know no mask: for every query the keys that it may not see are taken out, and a softmax runs over
the rest. The gradients come from the same sums by autograd.
"""

import itertools

import numpy as np
import pytest
import torch

from grader.testing import array, close, require, same, unpack

pytestmark = pytest.mark.question("q8")

READY_MADE = (
    "torch.nn.functional.scaled_dot_product_attention",
    "torch.nn.functional.multi_head_attention_forward",
    "torch.nn.MultiheadAttention",
    "aten::*scaled_dot_product*",
)
GEOMETRIES = [  # leading axes, Tq, Tk, d, dv
    ((2, 3), 4, 5, 6, 7),
    ((3,), 5, 4, 2, 6),
    ((), 3, 6, 5, 2),
    ((2, 1, 3, 2), 2, 3, 4, 5),
    ((2,), 3, 4, 1, 5),  # d = 1
    ((2,), 5, 4, 4, 3),  # as many keys as features
    ((3, 3), 3, 3, 3, 3),  # all alike
    ((1, 1), 1, 1, 2, 3),  # one query, one key
]


def draw(rng, lead, Tq, Tk, d, dv):
    """Queries, keys and values in float64."""
    return tuple(torch.tensor(rng.normal(size=(*lead, *axes))) for axes in ((Tq, d), (Tk, d), (Tk, dv)))


def attention(Q, K, V, mask=None):
    """Attention of each query over the keys it may see, the others left out; (out, attn)."""
    lead, (Tq, d), Tk = Q.shape[:-2], Q.shape[-2:], K.shape[-2]
    mask = torch.ones(Tq, Tk, dtype=torch.bool) if mask is None else mask
    mask = mask.expand(*lead, Tq, Tk)
    outs, attns = [], []
    for place in itertools.product(*(range(n) for n in (*lead, Tq))):
        seen, sample = mask[place].nonzero()[:, 0], place[:-1]
        scores = (K[sample][seen] * Q[place]).sum(dim=1) / d**0.5
        weights = torch.exp(scores - scores.max()) if len(seen) else scores
        weights = weights / weights.sum()
        attns.append(torch.zeros(Tk, dtype=Q.dtype).index_put((seen,), weights))
        outs.append(weights @ V[sample][seen])
    return torch.stack(outs).view(*lead, Tq, -1), torch.stack(attns).view(*lead, Tq, Tk)


def masks_for(rng, B, H, Tq, Tk):
    """A mask of each form that broadcasts to (B, H, Tq, Tk); every query sees a key or more."""
    for shape in ((Tq, Tk), (1, 1, Tq, Tk), (B, 1, 1, Tk), (B, H, Tq, Tk), (1, H, 1, Tk), (B, 1, Tq, Tk), (Tk,)):
        mask = rng.random(size=shape) < 0.6
        mask[..., rng.integers(Tk)] = True
        yield torch.tensor(mask)


def judge(answer, Q, K, V, mask, what, **tolerance):
    out, attn = unpack(answer, 2, what="sdpa")
    expected_out, expected_attn = attention(Q, K, V, mask)
    factors = {"sqrt(d)": Q.shape[-1] ** 0.5} if Q.shape[-1] > 1 else {}
    close(attn, expected_attn, what=f"attn {what}", factors=factors, **tolerance)
    close(out, expected_out, what=f"out {what}", factors=factors, **tolerance)


def made_again(nb):
    """A second causal mask of the same size, after the first one was changed by whoever asked for it."""
    nb.causal_mask(4).zero_()
    return nb.causal_mask(4)


def made_on(nb):
    """Kind of device of a causal mask that is asked for on a device without memory."""
    return nb.causal_mask(3, device="meta").device.type


@pytest.mark.points(
    0.9,
    hint="Results have the dtype of Q, masks are bool and have the shapes of the table; Q, K, V and every mask stay as "
    "they are, those given to combine_masks too.",
)
def test_attention_and_masks_follow_the_table_and_arguments_stay(student, rng):
    Q, K, V = draw(rng, (2, 3), 4, 5, 6, 7)
    mask = torch.tensor(rng.random(size=(2, 3, 4, 5)) < 0.5)
    mask[0, 0, 0] = False
    with student.pure():
        for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
            for allowed in (None, mask):
                out, attn = unpack(student.sdpa(Q.to(dtype), K.to(dtype), V.to(dtype), allowed), 2, what="sdpa")
                array(out, shape=(2, 3, 4, 7), dtype=dtype, what="out")
                array(attn, shape=(2, 3, 4, 5), dtype=dtype, what="attn")
        array(student.causal_mask(5), shape=(5, 5), dtype="bool", what="causal_mask")
        ids = torch.tensor(rng.integers(0, 4, size=(3, 5)))
        array(student.padding_mask(ids, 2), shape=(3, 1, 1, 5), dtype="bool", what="padding_mask")
        others = [torch.tensor(rng.random(size=(2, 3, 4, 5)) < 0.7) for _ in range(2)]
        array(student.combine_masks(mask, *others), shape=(2, 3, 4, 5), dtype="bool", what="combine_masks")
    same(student.run(made_on), "meta", what="the device of causal_mask(3, device=...)")


@pytest.mark.points(
    1.5,
    hint="softmax over the keys of Q K^T / sqrt(d), with d the width of a query; attn are the weights, out their mean "
    "of the values.",
)
def test_values_without_a_mask(student, rng):
    for geometry in GEOMETRIES:
        Q, K, V = draw(rng, *geometry)
        with student.forbids(*READY_MADE):
            answer = student.sdpa(Q, K, V)
        judge(answer, Q, K, V, None, "without a mask")


@pytest.mark.points(
    1.1,
    hint="True means may be attended. Forbid keys before the softmax, so that the weights of the others sum to 1; the "
    "mask broadcasts to (..., Tq, Tk) as NumPy would.",
)
def test_values_with_masks_that_broadcast(student, rng):
    B, H, Tq, Tk = 2, 3, 4, 5
    for mask in masks_for(rng, B, H, Tq, Tk):
        Q, K, V = draw(rng, (B, H), Tq, Tk, 6, 7)
        with student.forbids(*READY_MADE):
            answer = student.sdpa(Q, K, V, mask)
        judge(answer, Q, K, V, mask, "with a mask")
    Q, K, V = draw(rng, (), 4, 5, 3, 2)
    mask = torch.tensor(rng.random(size=(4, 5)) < 0.5)
    mask[:, 2] = True
    judge(student.sdpa(Q, K, V, mask=mask), Q, K, V, mask, "without leading axes")


@pytest.mark.points(
    0.55,
    hint="causal: key <= query. Padding: True for tokens, in the last axis, for whatever pad_id. Combined: all must "
    "permit, None permits everything.",
)
def test_the_three_masks(student, rng):
    for T in (1, 2, 5, 8, 19):
        expected = torch.tensor([[key <= query for key in range(T)] for query in range(T)])
        same(student.causal_mask(T), expected, what="causal_mask")
    same(student.run(made_again), torch.ones(4, 4).tril().bool(), what="causal_mask after one that was written over")
    for B, T, pad in ((3, 5, 0), (4, 4, 2), (1, 1, 3), (2, 7, -1)):
        ids = torch.tensor(rng.integers(0, 4, size=(B, T)))
        ids[-1] = pad
        same(student.padding_mask(ids, pad), torch.tensor(ids.numpy() != pad).view(B, 1, 1, T), what="padding_mask")
    a, b, c = (torch.tensor(rng.random(size=shape) < 0.6) for shape in ((4, 5), (3, 1, 1, 5), (3, 2, 4, 5)))
    for masks in ((a, b), (b, a), (b, None, a), (None, a), (a, b, c), (c, a, None, b), (a,), (None, c, None)):
        there = [mask.numpy() for mask in masks if mask is not None]
        expected = torch.tensor(np.logical_and.reduce(np.broadcast_arrays(*there)))
        same(student.combine_masks(*masks), expected, what=f"combine_masks of {len(masks)} masks")
    for masks in ((), (None,), (None, None)):
        same(student.combine_masks(*masks), None, what="combine_masks without a mask")


def gradients(nb, Q, K, V, mask, d_out, d_attn):
    """Gradients of sum(d_out * out) + sum(d_attn * attn) with respect to Q, K and V; None where there is none."""
    leaves = [x.clone().requires_grad_() for x in (Q, K, V)]
    out, attn = nb.sdpa(*leaves, mask)
    return torch.autograd.grad((d_out * out).sum() + (d_attn * attn).sum(), leaves, allow_unused=True)


def expected_gradients(Q, K, V, mask, d_out, d_attn):
    leaves = [x.clone().requires_grad_() for x in (Q, K, V)]
    out, attn = attention(*leaves, mask)
    return torch.autograd.grad((d_out * out).sum() + (d_attn * attn).sum(), leaves)


@pytest.mark.points(
    1.25,
    hint="The gradient flows through out and through attn, to Q, K and V: no detach, no .data, no NumPy on the way.",
)
def test_gradients_of_queries_keys_and_values(student, rng):
    for geometry in (((2, 3), 4, 5, 6, 7), ((), 3, 6, 5, 2), ((2,), 5, 4, 4, 3)):
        lead, Tq, Tk, _, dv = geometry
        Q, K, V = draw(rng, *geometry)
        mask = torch.tensor(rng.random(size=(*lead, Tq, Tk)) < 0.6)
        mask[..., 1] = True
        for allowed in (None, mask):
            d_out, d_attn = (torch.tensor(rng.normal(size=(*lead, Tq, n))) for n in (dv, Tk))
            grads = unpack(student.run(gradients, Q, K, V, allowed, d_out, d_attn), 3)
            expected = expected_gradients(Q, K, V, allowed, d_out, d_attn)
            for name, got, wanted in zip("QKV", grads, expected, strict=True):
                close(got, wanted, what=f"the gradient of {name}")


@pytest.mark.points(
    1.0,
    hint="A key that nobody may see gets a gradient of exactly 0, and so does a query that may see nobody: a nan "
    "that is replaced in the forward pass may still be there on the way back.",
)
def test_what_is_masked_gets_no_gradient(student, rng):
    Q, K, V = draw(rng, (2, 3), 4, 5, 6, 7)
    mask = torch.tensor(rng.random(size=(2, 1, 4, 5)) < 0.6)
    mask[..., 3] = True
    mask[:, :, 2] = False  # a query without keys
    mask[..., 1] = False  # a key without queries
    mask[1, :, 0] = False
    d_out, d_attn = (torch.tensor(rng.normal(size=(2, 3, 4, n))) for n in (7, 5))
    dQ, dK, dV = (array(g, what="a gradient") for g in unpack(student.run(gradients, Q, K, V, mask, d_out, d_attn), 3))
    require(dQ.shape == (2, 3, 4, 6) and dK.shape == (2, 3, 5, 6) and dV.shape == (2, 3, 5, 7), "gradients of K, Q, V")
    require(not dK[:, :, 1].any() and not dV[:, :, 1].any(), "a key that nobody may see has a gradient other than 0")
    require(not dQ[:, :, 2].any() and not dQ[1, :, 0].any(), "a query that sees no key has a gradient other than 0")
    for name, got, wanted in zip("QKV", (dQ, dK, dV), expected_gradients(Q, K, V, mask, d_out, d_attn), strict=True):
        close(got, wanted.numpy(), what=f"the gradient of {name} with empty rows")


@pytest.mark.points(
    0.7,
    hint="Scores may be 30 000 or -30 000 in one batch (or 3e9, in float64): no finite constant is low enough for a "
    "forbidden key, and every row needs a maximum of its own, among the keys it may see.",
)
def test_attention_survives_large_scores(student, rng):
    Tq, Tk = 5, 6
    offset = np.where(rng.permutation(Tq) % 2 == 0, 1.0, -1.0)
    side = np.where(rng.permutation(Tk) % 2 == 0, 1.0, -1.0)
    Q, K, V = (torch.tensor(rng.integers(-2, 3, size=(2, n, 4)).astype(float)) for n in (Tq, Tk, Tk))
    Q[..., 0] = torch.tensor(offset)
    mask = torch.tensor(side < 0)
    for dtype, size in ((torch.float64, 6e9), (torch.float64, 6e4), (torch.float32, 6e4)):  # all scores are exact
        whole = K.clone()
        whole[..., 0] = size
        answer = student.sdpa(*(x.to(dtype) for x in (Q, whole, V)))
        judge(answer, Q, whole, V, None, "of large scores", dtype="any", rtol=1e-4, atol=1e-6)
        K[..., 0] = torch.tensor(size * side)
        answer = student.sdpa(*(x.to(dtype) for x in (Q, K, V)), mask)
        judge(answer, Q, K, V, mask, "of large scores with a mask", dtype="any", rtol=1e-4, atol=1e-6)


@pytest.mark.points(
    0.65, hint="A row in which every key is forbidden is zero, in attn and in out; neither nan nor 1/Tk."
)
def test_rows_without_a_key_are_zero(student, rng):
    Q, K, V = draw(rng, (2, 3), 4, 5, 6, 7)
    empty = torch.zeros(4, 5, dtype=torch.bool)
    one_row = torch.ones(2, 3, 4, 5, dtype=torch.bool)
    one_row[1, 2, 3] = False
    one_sample = torch.tensor([True, False]).view(2, 1, 1, 1).expand(2, 1, 1, 5).clone()
    for mask in (empty, one_row, one_sample):
        judge(student.sdpa(Q, K, V, mask), Q, K, V, mask, "with empty rows")
    half = student.sdpa(*(x.to(torch.float16) for x in (Q, K, V)), one_row)
    judge(half, *(x.half().double() for x in (Q, K, V)), one_row, "in float16", dtype="any", rtol=0.02, atol=0.01)
    Q, K, V = draw(rng, (), 1, 1, 2, 3)
    alone = torch.zeros(1, 1, dtype=torch.bool)
    judge(student.sdpa(Q, K, V, alone), Q, K, V, alone, "of one forbidden key")


@pytest.mark.points(
    0.75, hint="Another order of the keys reorders attn and changes no output; a forbidden key is as good as absent."
)
def test_order_of_keys_and_forbidden_keys_do_not_matter(student, rng):
    Q, K, V = draw(rng, (2, 3), 4, 6, 5, 7)
    order = torch.tensor(rng.permutation(6))
    mask = torch.ones(4, 6, dtype=torch.bool)
    mask[:, 4:] = False
    out, attn = unpack(student.sdpa(Q, K, V), 2)
    turned_out, turned_attn = unpack(student.sdpa(Q, K[..., order, :], V[..., order, :]), 2)
    out, attn = (
        array(out, shape=(2, 3, 4, 7), dtype="float", what="out"),
        array(attn, shape=(2, 3, 4, 6), dtype="float", what="attn"),
    )
    require(float(np.ptp(attn)) > 1e-3, "all weights are alike")
    close(turned_out, torch.tensor(out), what="out with the keys in another order", dtype="any")
    close(turned_attn, torch.tensor(attn[..., order.numpy()]), what="attn with the keys in another order", dtype="any")
    out, attn = unpack(student.sdpa(Q, K, V, mask), 2)
    fewer_out, fewer_attn = unpack(student.sdpa(Q, K[..., :4, :], V[..., :4, :]), 2)
    fewer_out = torch.tensor(array(fewer_out, shape=(2, 3, 4, 7), dtype="float", what="out"))
    fewer_attn = torch.tensor(array(fewer_attn, shape=(2, 3, 4, 4), dtype="float", what="attn"))
    attn = torch.tensor(array(attn, shape=(2, 3, 4, 6), dtype="float", what="attn"))
    close(out, fewer_out, what="out with two keys forbidden, beside out without them", dtype="any")
    same(attn[..., 4:], torch.zeros(2, 3, 4, 2, dtype=attn.dtype), what="the weights of forbidden keys")
    close(attn[..., :4], fewer_attn, what="attn with two keys forbidden, beside attn without them", dtype="any")


@pytest.mark.points(0.6, hint="Every row of attn sums to 1 with no weight below 0, so out lies between the values.")
def test_outputs_are_means_of_the_values(student, rng):
    Q, K, V = draw(rng, (2, 3), 4, 5, 6, 7)
    mask = torch.ones(4, 5, dtype=torch.bool).tril()
    for allowed in (None, mask):
        out, attn = unpack(student.sdpa(Q, K, V, allowed), 2, what="sdpa")
        out, attn = array(out, shape=(2, 3, 4, 7), what="out"), array(attn, shape=(2, 3, 4, 5), what="attn")
        require(bool((attn >= 0).all()), "attn holds negative weights")
        close(attn.sum(axis=-1), np.ones((2, 3, 4)), what="the sum of each row of attn", dtype="any")
        low, high = (bound.numpy()[..., None, :] for bound in (V.amin(dim=-2), V.amax(dim=-2)))
        require(bool(((out >= low - 1e-9) & (out <= high + 1e-9)).all()), "out leaves the range of the values")
        with np.errstate(all="ignore"):
            close(out, attn @ V.numpy(), what="out beside attn V", dtype="any")
    steep, _ = unpack(student.sdpa(3 * Q, K, V), 2, what="sdpa")
    steep, flat = array(steep, shape=(2, 3, 4, 7), what="out"), unpack(student.sdpa(0 * Q, K, V), 2)[0]
    flat = array(flat, shape=(2, 3, 4, 7), what="out")
    close(flat, np.repeat(V.numpy().mean(axis=-2, keepdims=True), 4, axis=-2), what="out for queries of 0", dtype="any")
    require(float(np.abs(steep - flat).max()) > 1e-3, "out does not depend on the queries")
