"""Question 9: the Inception module, with weights of the tests in its parameters, against torch.nn.functional."""

from itertools import combinations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from global_generator import leaves_the_generator_unseeded

from grader.testing import Mismatch, array, close, integers, require, same, unpack

pytestmark = pytest.mark.question("q9")

WIDTHS = (  # cin, c1, c3r, c3, c5r, c5, cp; no two of the twelve parameters have the same size
    (5, 2, 4, 3, 6, 7, 8),
    (4, 5, 2, 7, 3, 1, 6),
    (3, 4, 1, 5, 2, 7, 8),
)
BRANCHES = ("1x1", "3x3", "5x5", "pooling")
OWN = ((0, 1), (2, 3, 4, 5), (6, 7, 8, 9), (10, 11))  # parameters of each branch


def shapes_of(cin, c1, c3r, c3, c5r, c5, cp):
    weights = [(c1, cin, 1, 1), (c3r, cin, 1, 1), (c3, c3r, 3, 3), (c5r, cin, 1, 1), (c5, c5r, 5, 5), (cp, cin, 1, 1)]
    return [shape for w in weights for shape in (w, w[:1])]


def draw(rng, widths):
    """Weights with which about half of all activations are positive."""
    return [
        torch.tensor(rng.normal(size=s) * (1.5 / np.sqrt(np.prod(s[1:])) if len(s) > 1 else 0.3))
        for s in shapes_of(*widths)
    ]


def images(rng, *shape):
    return torch.tensor(rng.normal(size=shape))


def branches(weights, x):
    """The four outputs, still apart."""
    w = [weights[i : i + 2] for i in range(0, 12, 2)]
    rows, columns = x.shape[2:]
    beyond = F.pad(x, (1, 1, 1, 1), value=-torch.inf)
    windows = [beyond[:, :, i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    pooled = torch.stack(windows).amax(dim=0)
    return [
        F.conv2d(x, *w[0]).clamp(min=0),
        F.conv2d(F.conv2d(x, *w[1]).clamp(min=0), *w[2], padding=1).clamp(min=0),
        F.conv2d(F.conv2d(x, *w[3]).clamp(min=0), *w[4], padding=2).clamp(min=0),
        F.conv2d(pooled, *w[5]).clamp(min=0),
    ]


def work(nb, widths, weights, x, d_out=None, training=True):
    """Sizes of the parameters in order; the output; x after the call; gradients of sum(d_out * output).

    A parameter is known by its size, in whatever order it was made; one of another size keeps its own numbers. The
    gradients are those for x and, in the order of `weights`, for the parameters.
    """
    module = nb.Inception(*widths)
    module = module.to(x.device, x.dtype).train(training)
    parameters = list(module.parameters())
    sizes = [p.numel() for p in parameters]
    known = [parameters[sizes.index(w.numel())] if w.numel() in sizes else None for w in weights]
    with torch.no_grad():
        for p, w in zip(known, weights, strict=True):
            if p is not None:
                p.copy_(w.reshape(p.shape))
    if d_out is None:
        return sizes, module(x), x, None
    given = x.clone().requires_grad_()
    y = module(given * 1)
    (d_out * y).sum().backward()
    return sizes, y, x, [None if t is None or t.grad is None else t.grad.flatten() for t in (given, *known)]


def ask(student, widths, weights, x, d_out=None, needs=range(12), training=True):
    """The output of the student's module, x as it was left, and the gradients.

    needs: places of the parameters without which nothing can be judged
    """
    sizes, y, after, gradients = unpack(student.run(work, list(widths), weights, x, d_out, training), 4)
    sizes = integers(sizes, what="the sizes of the parameters")
    require(
        all(weights[place].numel() in sizes for place in needs),
        "A convolution or a bias is missing, or has another size.",
    )
    rows, columns = x.shape[2:]
    maps = widths[1] + widths[3] + widths[5] + widths[6]
    array(y, shape=(len(x), maps, rows, columns), dtype="float", what="the output")
    return y, after, None if d_out is None else unpack(gradients, 13, what="the gradients")


def starts(parts, branch):
    """Where the maps of a branch may begin, if the four lie in any order; first where they must."""
    widths = [part.shape[1] for part in parts]
    others = [w for place, w in enumerate(widths) if place != branch]
    anywhere = {sum(chosen) for n in range(4) for chosen in combinations(others, n)}
    return [sum(widths[:branch]), *sorted(anywhere)]


def judge_branch(student, rng, branch):
    """Maps and gradients of one branch, which alone is heard; where its maps lie is another check's."""
    for widths in WIDTHS:
        for turn, (N, rows, columns) in enumerate(((2, 6, 8), (3, 7, 5), (1, 1, 1), (1, 2, 9), (2, 1, 3))):
            weights, x = draw(rng, widths), images(rng, N, widths[0], rows, columns)
            for training, given in zip((turn % 2 == 0, turn % 2 == 1), (x, -x.abs() - 0.5), strict=True):
                parts = branches(weights, given)
                y, *_ = ask(student, widths, weights, given, needs=OWN[branch], training=training)
                _found_at(y, parts, branch, rows, columns)
        weights, x = draw(rng, widths), images(rng, 3, widths[0], 5, 7)
        variables = [t.clone().requires_grad_() for t in (x, *weights)]
        parts = branches(variables[1:], variables[0])
        start = _found_at(
            ask(student, widths, weights, x, needs=OWN[branch])[0], [part.detach() for part in parts], branch, 5, 7
        )
        d_out = torch.zeros(3, sum(part.shape[1] for part in parts), 5, 7, dtype=x.dtype)
        d_part = images(rng, *parts[branch].shape)
        d_out[:, start : start + d_part.shape[1]] = d_part
        _, _, gradients = ask(student, widths, weights, x, d_out, needs=OWN[branch], training=widths != WIDTHS[0])
        wanted = torch.autograd.grad((d_part * parts[branch]).sum(), variables, allow_unused=True)
        for place, (gradient, want) in enumerate(zip(gradients, wanted, strict=True)):
            if want is not None:
                what = f"the gradient of {'x' if place == 0 else 'a parameter'} through the {BRANCHES[branch]} branch"
                close(gradient, want.flatten(), rtol=1e-8, atol=1e-11, what=what)


def _found_at(y, parts, branch, rows, columns, **loose):
    """The channel at which the maps of a branch begin; the mismatch at their own place if they are nowhere."""
    first = None
    for start in starts(parts, branch):
        part = y[:, start : start + parts[branch].shape[1]]
        try:
            close(part, parts[branch], what=f"the maps of the {BRANCHES[branch]} branch, {rows}x{columns}", **loose)
        except Mismatch as mismatch:
            first = first or mismatch
        else:
            return start
    raise first


@pytest.mark.points(
    0.4,
    hint="(N, sum of the widths, H, W) comes out in the dtype of x, and x is only read: no ReLU may write into it. "
    "Layers may draw their first weights from the global generator, but nobody may seed it.",
)
def test_the_input_is_only_read_and_its_dtype_kept(student, rng):
    for widths in (*WIDTHS, (192, 64, 96, 128, 16, 32, 48)):
        weights = [w.float() for w in draw(rng, widths)]
        x = images(rng, 2, widths[0], 6, 7).float()
        y, after, _ = ask(student, widths, weights, x, needs=OWN[0])
        array(y, shape=(2, None, 6, 7), dtype=np.float32, what="the output in float32")
        close(after, x, rtol=0.0, atol=0.0, what="x after the forward pass")
        expected = branches(weights, x)[0]
        _found_at(
            y,
            [expected, *(torch.empty(2, w, 0, 0) for w in (widths[3], widths[5], widths[6]))],
            0,
            6,
            7,
            rtol=1e-3,
            atol=1e-4,
        )
    leaves_the_generator_unseeded(student, "Inception", *WIDTHS[0])


@pytest.mark.points(
    0.4, hint="Six convolutions with a bias each, made in the order of the table, in a branch the reducing one first."
)
def test_six_convolutions_are_made_in_order(student, rng):
    for widths in WIDTHS:
        weights, x = draw(rng, widths), images(rng, 2, widths[0], 4, 5)
        sizes, *_ = unpack(student.run(work, list(widths), weights, x), 4)
        same(sizes, [w.numel() for w in weights], what="the list of sizes of the parameters")
        _found_at(ask(student, widths, weights, x)[0], branches(weights, x), 0, 4, 5)
    for widths in ((3, 2, 4, 5, 4, 6, 7), (3, 4, 4, 4, 4, 4, 4)):  # equal sizes, but each convolution is its own
        sizes, *_ = unpack(student.run(work, list(widths), draw(rng, widths), images(rng, 2, 3, 4, 5)), 4)
        same(sizes, [w.numel() for w in draw(rng, widths)], what="the list of sizes of the parameters")


@pytest.mark.points(0.6, hint="A 1x1 convolution with its bias, and a ReLU.")
def test_the_branch_of_one_pixel(student, rng):
    judge_branch(student, rng, 0)


@pytest.mark.points(1.0, hint="1x1, ReLU, 3x3 with padding 1, ReLU.")
def test_the_branch_of_three_by_three(student, rng):
    judge_branch(student, rng, 1)


@pytest.mark.points(1.0, hint="1x1, ReLU, 5x5 with padding 2, ReLU.")
def test_the_branch_of_five_by_five(student, rng):
    judge_branch(student, rng, 2)


@pytest.mark.points(
    1.0,
    hint="3x3 max pooling with stride 1, then 1x1 and ReLU. What does its border hold when all of x is negative?",
)
def test_the_branch_that_pools(student, rng):
    judge_branch(student, rng, 3)
    for widths in WIDTHS:  # no number is small enough to pad with
        weights, x = draw(rng, widths), -1e3 * (1.0 + images(rng, 2, widths[0], 4, 6).abs())
        y, *_ = ask(student, widths, weights, x, needs=OWN[3])
        _found_at(y, branches(weights, x), 3, 4, 6)


@pytest.mark.points(
    0.6,
    hint="torch.cat along dim=1: each branch fills its own slice of the channels, from b1 to bp, and knows nothing of "
    "the others' weights.",
)
def test_each_branch_fills_its_own_slice(student, rng):
    for widths in WIDTHS:
        weights, x = [w.abs() for w in draw(rng, widths)], images(rng, 2, widths[0], 6, 5).abs()  # nothing is cut off
        ends = np.cumsum([0, widths[1], widths[3], widths[5], widths[6]])
        for branch, own in enumerate(OWN):
            silenced = [0 * w if i in own else w for i, w in enumerate(weights)]
            heard, _, _ = ask(student, widths, weights, x)
            y, _, _ = ask(student, widths, silenced, x)
            heard, y = (array(answer, dtype="float", what="the output") for answer in (heard, y))
            what = f"with weights 0 in the {BRANCHES[branch]} branch"
            for place, (start, end) in enumerate(zip(ends, ends[1:], strict=False)):
                was, now = heard[:, start:end], y[:, start:end]
                require(bool((was > 0).all()), "With positive weights and pixels some output is not positive.")
                right = not now.any() if place == branch else np.allclose(now, was, rtol=1e-9)
                require(right, f"the slice of the {BRANCHES[place]} branch is another one {what}.")
