"""Question 10: sinusoidal positions and layer normalisation, against their formulas in float64."""

import math

import numpy as np
import pytest
import torch

from grader.testing import array, close, require, same, unpack

pytestmark = pytest.mark.question("q10")

READY_MADE = (
    "torch.nn.functional.layer_norm",
    "torch.layer_norm",
    "torch.nn.LayerNorm",
    "aten::native_layer_norm",
    "aten::native_group_norm",
    "aten::native_batch_norm",
)


def normal(rng, *shape):
    return torch.tensor(rng.normal(size=shape))


def table(T, d, base=10000.0):
    """The table of positions, entry by entry."""
    entries = np.empty((T, d))
    for column in range(d):
        angle = np.arange(T) / base ** ((column - column % 2) / d)
        entries[:, column] = np.cos(angle) if column % 2 else np.sin(angle)
    return torch.tensor(entries)


def normalised(x, weight, bias, eps):
    d = x.shape[-1]
    mean = x.sum(dim=-1, keepdim=True) / d
    variance = ((x - mean) ** 2).sum(dim=-1, keepdim=True) / d
    return (x - mean) * (variance + eps) ** -0.5 * weight + bias


def apply_norm(nb, x, weight, bias, eps=None):
    """The answer of a layer norm with these parameters; without eps, that of its default."""
    d = x.shape[-1]
    layer = (nb.LayerNorm(d) if eps is None else nb.LayerNorm(d, eps=eps)).to(x.device, x.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer(x)


def fresh(nb, d):
    """What a new layer norm holds, and whether its parameters and a table of positions ask for gradients."""
    layer = nb.LayerNorm(d)
    parameters = {name: p.detach() for name, p in layer.named_parameters()}
    return parameters, [p.requires_grad for p in layer.parameters()], nb.sinusoidal_pe(3, d).requires_grad


@pytest.mark.points(
    0.5,
    hint="The table is float32 and asks for no gradient; LayerNorm has weight (d,), ones, and bias (d,), zeros; "
    "its result has the dtype and shape of x, and x stays as it is.",
)
def test_positions_and_norms_follow_the_table(student, rng, device):
    with student.pure():
        array(student.sinusoidal_pe(5, 6), shape=(5, 6), dtype=torch.float32, what="sinusoidal_pe")
        array(student.sinusoidal_pe(7, 2, base=37.0), shape=(7, 2), dtype=torch.float32, what="sinusoidal_pe")
    parameters, ask, constant = unpack(student.run(fresh, 6), 3)
    close(parameters, {"weight": torch.ones(6), "bias": torch.zeros(6)}, what="the parameters of LayerNorm(6)")
    same(ask, [True, True], what="whether weight and bias ask for gradients")
    require(constant is False, "the table of positions asks for gradients")
    layer = student.LayerNorm(6)
    layer.to(device)
    with student.pure():
        for shape in ((6,), (4, 6), (2, 4, 6), (2, 3, 4, 6)):
            x = normal(rng, *shape).float()
            array(layer(x), shape=shape, dtype=torch.float32, what="the result of LayerNorm")
    answer = student.run(apply_norm, normal(rng, 4, 6), normal(rng, 6), normal(rng, 6))
    array(answer, shape=(4, 6), dtype=torch.float64, what="the result of LayerNorm")


@pytest.mark.points(
    0.9,
    hint="Columns 2i and 2i + 1 share the angle p / base^(2i/d), in radians, p from 0: sine first, cosine beside it.",
)
def test_values_of_the_positions(student, rng):
    asked = ((7, 6, None), (6, 8, 37.0), (1, 4, None), (9, 2, 5.0), (4, 4, 2.5), (12, 20, 1000.0))
    # and again with another base, with fewer and with more rows: nothing of an answer may be kept under too little
    again = ((7, 6, 37.0), (6, 8, None), (6, 8, 37.0), (3, 6, 37.0), (11, 6, None), (7, 6, None))
    for T, d, base in asked + again:
        answer = student.sinusoidal_pe(T, d) if base is None else student.sinusoidal_pe(T, d, base=base)
        expected = table(T, d, base or 10000.0)
        close(answer, expected, rtol=1e-5, atol=1e-5, what=f"positions ({T}, {d}) with base {base or 'left out'}")
    drawn = float(rng.uniform(3.0, 90.0))
    close(student.sinusoidal_pe(8, 10, drawn), table(8, 10, drawn), rtol=1e-5, atol=1e-5, what="positions")


@pytest.mark.points(
    0.85,
    hint="(x - mean) / sqrt(variance + eps) over the last axis alone, the variance divided by d; then times weight, "
    "plus bias, each feature its own.",
)
def test_values_of_layer_norm(student, rng):
    for shape in ((5,), (4, 6), (3, 4, 5), (2, 3, 4, 7), (4, 4), (1, 2)):
        d = shape[-1]
        x, weight, bias = 2.0 * normal(rng, *shape) + normal(rng, d), normal(rng, d), normal(rng, d)
        for eps in (0.1, 1e-5):
            with student.forbids(*READY_MADE):
                answer = student.run(apply_norm, x, weight, bias, eps)
            close(answer, normalised(x, weight, bias, eps), what=f"layer norm of {len(shape)} axes with eps {eps}")
        small = 0.003 * x
        expected = normalised(small, weight, bias, 1e-5)
        close(student.run(apply_norm, small, weight, bias), expected, what="layer norm of small numbers, default eps")


def gradients(nb, x, weight, bias, eps, dy):
    """Gradients of sum(dy * y) with respect to x, weight and bias."""
    layer, x = nb.LayerNorm(x.shape[-1], eps).to(x.device, x.dtype), x.clone().requires_grad_()
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    (dy * layer(x)).sum().backward()
    return x.grad, layer.weight.grad, layer.bias.grad


@pytest.mark.points(
    1.25,
    hint="Mean and variance depend on x as well: no detach, no .data, no in-place change between x and the result.",
)
def test_gradients_of_layer_norm(student, rng):
    for shape in ((4, 6), (2, 3, 5), (7,)):
        d = shape[-1]
        for eps in (0.1, 1e-5):
            leaves = [normal(rng, *shape), normal(rng, d), normal(rng, d)]
            dy = normal(rng, *shape)
            got = unpack(student.run(gradients, *leaves, eps, dy), 3)
            leaves = [leaf.requires_grad_() for leaf in leaves]
            expected = torch.autograd.grad((dy * normalised(*leaves, eps)).sum(), leaves)
            for name, mine, wanted in zip(("x", "weight", "bias"), got, expected, strict=True):
                close(mine, wanted, atol=1e-11, what=f"the gradient of {name}")


@pytest.mark.points(
    0.3, hint="Position 4999 should still be right to 1e-3 (float16 ends at 2048), and an odd d raises ValueError."
)
def test_far_positions_and_odd_widths(student):
    close(student.sinusoidal_pe(5000, 16), table(5000, 16), rtol=0.0, atol=2e-3, what="5000 positions")
    for d in (1, 5, 7):
        with student.raises(ValueError, what="sinusoidal_pe with an odd width"):
            student.sinusoidal_pe(4, d)


@pytest.mark.points(
    0.45,
    hint="Subtract the mean before you square: around 10 000 the difference of two squares has no digits left in "
    "float32. A vector of equal numbers has variance 0, and eps keeps it from 0/0.",
)
def test_far_from_zero_and_without_spread(student, rng):
    x = (1e4 + normal(rng, 4, 16)).float()
    weight, bias = normal(rng, 16), normal(rng, 16)
    expected = normalised(x.double(), weight, bias, 1e-5)
    answer = student.run(apply_norm, x, weight.float(), bias.float())
    close(answer, expected, rtol=0.02, atol=0.02, dtype="any", what="layer norm around 10 000")
    level = torch.tensor([[0.0] * 5, [2.5] * 5, [-1e3] * 5], dtype=torch.float64)
    weight, bias = normal(rng, 5), normal(rng, 5)
    answer = student.run(apply_norm, level, weight, bias)
    close(answer, bias.expand(3, 5), atol=1e-9, what="layer norm of equal numbers")
    weight, bias = normal(rng, 1), normal(rng, 1)
    answer = student.run(apply_norm, normal(rng, 3, 1), weight, bias)
    close(answer, bias.expand(3, 1), atol=1e-9, what="layer norm of vectors of one number")


@pytest.mark.points(
    0.4,
    hint="From position p to p + k every pair (sine, cosine) is turned by the same angle, k times that of the pair; "
    "all of them lie on the unit circle.",
)
def test_a_shift_of_position_is_a_rotation(student, rng):
    T, d, base = 40, 8, float(rng.uniform(20.0, 200.0))
    rows = array(student.sinusoidal_pe(T, d, base), shape=(T, d), dtype="float", what="sinusoidal_pe").astype(float)
    sines, cosines = rows[:, 0::2], rows[:, 1::2]
    with np.errstate(all="ignore"):
        close(sines**2 + cosines**2, np.ones((T, d // 2)), atol=1e-5, what="the squared length of the pairs")
        for k in (1, 3, 11):
            angle = np.array([k / base ** (2 * i / d) for i in range(d // 2)])
            turned = sines[:-k] * np.cos(angle) + cosines[:-k] * np.sin(angle)
            close(turned, sines[k:], rtol=0.0, atol=2e-5, what="the sines, turned from p to p + k")
            turned = cosines[:-k] * np.cos(angle) - sines[:-k] * np.sin(angle)
            close(turned, cosines[k:], rtol=0.0, atol=2e-5, what="the cosines, turned from p to p + k")
    require(math.isclose(rows[0, 1], 1.0, abs_tol=1e-6), "position 0 is not (0, 1, ...)")


@pytest.mark.points(
    0.35,
    hint="Each vector is normalised alone: scaled and shifted it gives the same, whatever stands beside it.",
)
def test_scale_shift_and_company_do_not_matter(student, rng):
    x, weight, bias = normal(rng, 3, 4, 6), normal(rng, 6), normal(rng, 6)
    plain = array(student.run(apply_norm, x, weight, bias, 1e-12), shape=(3, 4, 6), dtype="float")
    scale, shift = torch.tensor(rng.uniform(0.5, 20.0, size=(3, 4, 1))), 5.0 * normal(rng, 3, 4, 1)
    moved = student.run(apply_norm, scale * x + shift, weight, bias, 1e-12)
    close(moved, torch.tensor(plain), rtol=1e-6, atol=1e-8, what="layer norm of x scaled and shifted", dtype="any")
    alone = student.run(apply_norm, x[1:2, 2:3], weight, bias, 1e-12)
    close(alone, torch.tensor(plain[1:2, 2:3]), what="layer norm of one vector alone", dtype="any")
    with np.errstate(all="ignore"):
        bare = (plain - bias.numpy()) / weight.numpy()
        close(bare.mean(axis=-1), np.zeros((3, 4)), atol=1e-8, what="the mean of a normalised vector")
        close((bare**2).mean(axis=-1), np.ones((3, 4)), rtol=1e-6, what="the mean square of a normalised vector")
