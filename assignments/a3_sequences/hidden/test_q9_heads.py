"""Question 9: multi-head attention.

The tests choose the weights and put them into the student's four projections; the expected values and gradients come
from a loop over the heads, each a softmax over the keys that the mask leaves.
"""

import numpy as np
import pytest
import torch

from grader.testing import array, close, same, unpack

pytestmark = pytest.mark.question("q9")

READY_MADE = (
    "torch.nn.functional.scaled_dot_product_attention",
    "torch.nn.functional.multi_head_attention_forward",
    "torch.nn.MultiheadAttention",
    "aten::*scaled_dot_product*",
    "aten::_native_multi_head_attention",
)
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj")


def normal(rng, *shape):
    return torch.tensor(rng.normal(size=shape))


def draw_weights(rng, D, bias=True):
    """Weights of the four projections under the names that they have in a module."""
    weights = {f"{name}.weight": 1.5 / D**0.5 * normal(rng, D, D) for name in PROJECTIONS}
    return weights | ({f"{name}.bias": normal(rng, D) for name in PROJECTIONS} if bias else {})


def masks_for(rng, B, H, Tq, Tk):
    """Masks of every form, each with a key or more for every query."""
    shapes = [(Tq, Tk), (B, Tq, Tk), (B, 1, Tq, Tk), (B, H, Tq, Tk), (B, 1, 1, Tk), (B, 1, Tk), (1, Tq, Tk)]
    for shape in shapes:
        mask = torch.tensor(rng.random(size=shape) < 0.6)
        mask[..., int(rng.integers(Tk))] = True
        yield mask


def attention(weights, H, q, kv=None, mask=None):
    """What a multi-head attention with these weights returns."""
    kv = q if kv is None else kv
    (B, Tq, D), Tk = q.shape, kv.shape[1]
    dh = D // H
    allowed = torch.ones(1, 1, 1, 1, dtype=torch.bool) if mask is None else mask
    allowed = allowed[:, None] if allowed.dim() == 3 else allowed
    allowed = allowed.expand(B, H, Tq, Tk)

    def projected(x, name, h):
        rows = slice(h * dh, (h + 1) * dh)
        return x @ weights[f"{name}.weight"][rows].T + (
            weights[f"{name}.bias"][rows] if f"{name}.bias" in weights else 0.0
        )

    heads = []
    for h in range(H):
        query, key, value = (projected(x, name, h) for x, name in zip((q, kv, kv), PROJECTIONS[:3], strict=True))
        scores = torch.einsum("bqi,bki->bqk", query, key) / dh**0.5
        exponentials = torch.where(allowed[:, h], torch.exp(scores), torch.zeros(()).double())
        total = exponentials.sum(dim=2, keepdim=True)
        heads.append(exponentials / torch.where(total == 0, torch.ones_like(total), total) @ value)
    mixed = torch.cat(heads, dim=2) @ weights["o_proj.weight"].T
    return mixed + weights.get("o_proj.bias", 0.0)


def attend(nb, D, H, weights, q, kv=None, mask=None):
    """The answer of a module with these weights."""
    layer = nb.MultiHeadAttention(D, H, bias="o_proj.bias" in weights).to(q.device, q.dtype)
    with torch.no_grad():
        parameters = dict(layer.named_parameters())
        for name, values in weights.items():
            parameters[name].copy_(values)
    return layer(q, kv, mask) if kv is not None or mask is not None else layer(q)


def describe_parameters(nb, D, H, bias):
    """Names and shapes of the parameters, and the classes of the four projections."""
    layer = nb.MultiHeadAttention(D, H, bias=bias)
    kinds = [isinstance(getattr(layer, name), torch.nn.Linear) for name in ("q_proj", "k_proj", "v_proj", "o_proj")]
    return {name: list(p.shape) for name, p in layer.named_parameters()}, kinds


@pytest.mark.points(
    0.8,
    hint="The module has four linear maps (D, D) under the names of the text and no other parameters, biases only if "
    "asked for; the result has the shape and dtype of q, and q, kv and mask stay as they are.",
)
def test_heads_have_the_parameters_of_the_table_and_arguments_stay(student, rng, device):
    for bias in (True, False):
        shapes, kinds = unpack(student.run(describe_parameters, 12, 3, bias), 2)
        wanted = {f"{name}.weight": [12, 12] for name in PROJECTIONS}
        wanted |= {f"{name}.bias": [12] for name in PROJECTIONS} if bias else {}
        same(shapes, wanted, what=f"names and shapes of the parameters with bias={bias}")
        same(kinds, [True] * 4, what="whether the projections are nn.Linear")
    layer = student.MultiHeadAttention(12, 3)
    layer.to(device)
    q, kv = (normal(rng, 2, T, 12).float() for T in (5, 7))
    mask = torch.tensor(rng.random(size=(2, 5, 7)) < 0.6)
    with student.pure():
        array(layer(q), shape=(2, 5, 12), dtype=torch.float32, what="the result of self-attention")
        array(layer(q, kv), shape=(2, 5, 12), dtype=torch.float32, what="the result of cross-attention")
        array(layer(q, kv=kv, mask=mask), shape=(2, 5, 12), dtype=torch.float32, what="the result with a mask")


@pytest.mark.points(
    1.2,
    hint="(B, T, D) -> (B, T, H, dh) -> (B, H, T, dh), and the same way back. Scale sqrt(dh), then o_proj.",
)
def test_self_attention_values(student, rng):
    for B, T, D, H in ((2, 5, 12, 3), (3, 3, 12, 3), (4, 6, 8, 2), (2, 4, 5, 5), (3, 5, 7, 1), (1, 1, 6, 3)):
        for bias in (True, False):
            weights, q = draw_weights(rng, D, bias), normal(rng, B, T, D)
            with student.forbids(*READY_MADE):
                answer = student.run(attend, D, H, weights, q)
            close(answer, attention(weights, H, q), what=f"self-attention with {H} of {D // H}", factors={"H": H})


@pytest.mark.points(0.6, hint="Keys and values come from kv, queries from q; their lengths may differ.")
def test_cross_attention_values(student, rng):
    for B, Tq, Tk, D, H in ((2, 4, 5, 12, 3), (2, 5, 5, 8, 4), (3, 1, 4, 6, 2), (1, 4, 1, 6, 3)):
        weights, q, kv = draw_weights(rng, D), normal(rng, B, Tq, D), normal(rng, B, Tk, D)
        with student.forbids(*READY_MADE):
            answer = student.run(attend, D, H, weights, q, kv)
        close(answer, attention(weights, H, q, kv), what="cross-attention")


@pytest.mark.points(
    1.0,
    hint="A mask (B, Tq, Tk) is one for each sample: it needs an axis for the heads before it meets scores (B, H, Tq, "
    "Tk). Try B = H, where the wrong axes fit.",
)
def test_masks_of_every_form(student, rng):
    for B, H, Tq, Tk in ((2, 3, 4, 5), (3, 3, 4, 5), (3, 3, 3, 3), (1, 2, 3, 4)):
        D = 4 * H
        for mask in masks_for(rng, B, H, Tq, Tk):
            weights, q, kv = draw_weights(rng, D), normal(rng, B, Tq, D), normal(rng, B, Tk, D)
            answer = student.run(attend, D, H, weights, q, kv, mask)
            close(answer, attention(weights, H, q, kv, mask), what=f"attention with a mask of {mask.dim()} axes")
    weights, q, mask = draw_weights(rng, 8), normal(rng, 3, 5, 8), torch.ones(5, 5, dtype=torch.bool).tril()
    answer = student.run(attend, 8, 2, weights, q, None, mask)
    close(answer, attention(weights, 2, q, None, mask), what="causal self-attention")


def gradients(nb, D, H, weights, q, kv, mask, d_out):
    """Gradients of sum(d_out * out) with respect to q, kv and every parameter by its name."""
    layer = nb.MultiHeadAttention(D, H).to(q.device, q.dtype)
    parameters = dict(layer.named_parameters())
    with torch.no_grad():
        for name, values in weights.items():
            parameters[name].copy_(values)
    q = q.clone().requires_grad_()
    kv = None if kv is None else kv.clone().requires_grad_()
    (d_out * layer(q, kv, mask)).sum().backward()
    return q.grad, None if kv is None else kv.grad, {name: p.grad for name, p in parameters.items()}


@pytest.mark.points(
    2.0, hint="Every projection learns, and the gradient reaches q and kv: nothing is detached and nothing is left out."
)
def test_gradients_of_inputs_and_projections(student, rng):
    for B, H, Tq, Tk, cross in ((2, 3, 4, 5, True), (2, 3, 4, 4, False), (3, 3, 3, 3, True)):
        D = 4 * H
        weights, q = draw_weights(rng, D), normal(rng, B, Tq, D)
        kv = normal(rng, B, Tk, D) if cross else None
        mask, d_out = torch.tensor(rng.random(size=(B, Tq, Tk)) < 0.7), normal(rng, B, Tq, D)
        mask[..., 1] = True
        mask[0, 1] = False  # a query without keys
        dq, dkv, grads = unpack(student.run(gradients, D, H, weights, q, kv, mask, d_out), 3)
        leaves = {name: w.clone().requires_grad_() for name, w in (weights | {"q": q}).items()}
        leaves |= {"kv": kv.clone().requires_grad_()} if cross else {}
        (d_out * attention(leaves, H, leaves["q"], leaves.get("kv"), mask)).sum().backward()
        close(dq, leaves["q"].grad, what="the gradient of q")
        if cross:
            close(dkv, leaves["kv"].grad, what="the gradient of kv")
        close(grads, {name: leaves[name].grad for name in weights}, what="the gradients", atol=1e-11)


@pytest.mark.points(0.4, hint="D // H rounds: columns would be left over. Raise ValueError when the layer is made.")
def test_a_width_that_does_not_divide_raises(student):
    for D, H in ((10, 3), (6, 4), (2, 4), (7, 2)):
        with student.raises(ValueError, what="MultiHeadAttention with a D that H does not divide"):
            student.MultiHeadAttention(D, H)
    for D, H in ((10, 5), (6, 6), (7, 1)):
        student.MultiHeadAttention(D, H)


def strided(nb, D, H, weights, q, kv):
    """The answers for q and kv as views whose numbers do not lie in a row."""
    layer = nb.MultiHeadAttention(D, H).to(q.device, q.dtype)
    with torch.no_grad():
        for name, values in weights.items():
            dict(layer.named_parameters())[name].copy_(values)
    turned = q.transpose(0, 1).contiguous().transpose(0, 1)
    wide = torch.stack([kv, kv + 1.0], dim=-1)[..., 0]
    return layer(turned, wide), layer(wide), layer(q[:, -1:], wide.expand(q.shape[0], -1, -1))


@pytest.mark.points(
    0.8,
    hint="A query without a permitted key gets the bias of o_proj; inputs may be views (transposed, expanded), where "
    "reshape works and view does not.",
)
def test_views_and_queries_without_keys(student, rng):
    weights, q, kv = draw_weights(rng, 12), normal(rng, 2, 4, 12), normal(rng, 2, 5, 12)
    answers = unpack(student.run(strided, 12, 3, weights, q, kv), 3)
    for answer, expected in zip(
        answers,
        (attention(weights, 3, q, kv), attention(weights, 3, kv), attention(weights, 3, q[:, -1:], kv)),
        strict=True,
    ):
        close(answer, expected, what="attention of views")
    mask = torch.ones(2, 4, 5, dtype=torch.bool)
    mask[0, 2] = False
    mask[1] = False
    answer = student.run(attend, 12, 3, weights, q, kv, mask)
    close(answer, attention(weights, 3, q, kv, mask), what="attention with queries without keys")
    mask = torch.ones(2, 3, 4, 5, dtype=torch.bool)
    mask[0, 1, 2], mask[1, 2] = False, False
    answer = student.run(attend, 12, 3, weights, q, kv, mask)
    close(answer, attention(weights, 3, q, kv, mask), what="attention with queries that one head has no key for")


@pytest.mark.points(
    0.7,
    hint="Head h is made of the columns h*dh to (h+1)*dh alone: without its columns of o_proj only its own part is "
    "gone, and heads in another order change nothing.",
)
def test_heads_keep_to_themselves(student, rng):
    D, H, dh = 12, 3, 4
    weights, q, kv = draw_weights(rng, D), normal(rng, 2, 4, D), normal(rng, 2, 5, D)
    whole = torch.tensor(array(student.run(attend, D, H, weights, q, kv), shape=(2, 4, D), dtype="float"))
    parts = torch.zeros(2, 4, D, dtype=torch.float64)
    for h in range(H):
        without = dict(weights)
        without["o_proj.weight"] = weights["o_proj.weight"].clone()
        without["o_proj.weight"][:, h * dh : (h + 1) * dh] = 0.0
        rest = torch.tensor(array(student.run(attend, D, H, without, q, kv), shape=(2, 4, D), dtype="float"))
        alone = attention(weights, H, q, kv) - attention(without, H, q, kv)
        close(whole - rest, alone, what=f"what head {h} adds", dtype="any", atol=1e-9)
        parts += whole - rest
    close(parts, whole - weights["o_proj.bias"], what="the parts of all heads together", dtype="any", atol=1e-9)
    order = np.concatenate([np.arange(h * dh, (h + 1) * dh) for h in (2, 0, 1)])
    turned = {name: w[order] if not name.startswith("o_") else w for name, w in weights.items()}
    turned["o_proj.weight"] = weights["o_proj.weight"][:, order]
    close(student.run(attend, D, H, turned, q, kv), whole, what="heads in another order", dtype="any", atol=1e-9)


def count(nb, D, H):
    return sum(p.numel() for p in nb.MultiHeadAttention(D, H).parameters())


def twice(nb, D, H, q):
    """Two answers of one module in training, and one after eval()."""
    layer = nb.MultiHeadAttention(D, H).to(q.device, q.dtype)
    return layer(q), layer(q), layer.eval()(q)


def in_turn(nb, D, H, weights, training, calls):
    """The answers of one module, in training or not, to calls (q, kv, mask) one after the other."""
    q = calls[0][0]
    layer = nb.MultiHeadAttention(D, H).to(q.device, q.dtype).train(training)
    with torch.no_grad():
        for name, values in weights.items():
            dict(layer.named_parameters())[name].copy_(values)
        return [layer(q, kv, mask) for q, kv, mask in calls]


@pytest.mark.points(
    0.5,
    hint="The number of heads changes no number of parameters; there is no dropout; nothing is kept from one call to "
    "the next; with the weights of PyTorch's own module the results are its results.",
)
def test_it_agrees_with_the_module_of_torch(student, rng):
    for D, H in ((12, 3), (12, 4), (6, 1)):
        same(student.run(count, D, H), 4 * (D * D + D), what=f"the number of parameters with {H} heads")
        first, again, evaluated = unpack(student.run(twice, D, H, normal(rng, 2, 5, D)), 3)
        first = torch.tensor(array(first, shape=(2, 5, D), dtype="float", what="a result in training"))
        close(again, first, what="the same call again", dtype="any")
        close(evaluated, first, what="the same call after eval()", dtype="any")
        weights, (q, other) = draw_weights(rng, D), (normal(rng, 2, 4, D) for _ in range(2))
        kvs, masks = [normal(rng, 2, 5, D) for _ in range(2)], [torch.ones(4, 5, dtype=torch.bool) for _ in range(2)]
        masks[1][:, 3:] = False
        calls = [
            (q, kvs[0], None),
            (q, kvs[1], None),
            (other, kvs[1], masks[0]),
            (q, kvs[0], masks[1]),
            (q, None, None),
        ]
        for training in (True, False):
            answers = unpack(student.run(in_turn, D, H, weights, training, calls), len(calls))
            for answer, call in zip(answers, calls, strict=True):
                close(answer, attention(weights, H, *call), what="one of several calls, one after the other")
        weights, q, kv = draw_weights(rng, D), normal(rng, 2, 4, D), normal(rng, 2, 5, D)
        mask = torch.tensor(rng.random(size=(4, 5)) < 0.6)
        mask[:, 2] = True
        theirs = torch.nn.MultiheadAttention(D, H, batch_first=True, dtype=torch.float64)
        with torch.no_grad():
            theirs.in_proj_weight.copy_(torch.cat([weights[f"{name}.weight"] for name in PROJECTIONS[:3]]))
            theirs.in_proj_bias.copy_(torch.cat([weights[f"{name}.bias"] for name in PROJECTIONS[:3]]))
            theirs.out_proj.weight.copy_(weights["o_proj.weight"])
            theirs.out_proj.bias.copy_(weights["o_proj.bias"])
            expected, _ = theirs(q, kv, kv, attn_mask=~mask)
        close(student.run(attend, D, H, weights, q, kv, mask), expected, what="the result with torch's weights")
