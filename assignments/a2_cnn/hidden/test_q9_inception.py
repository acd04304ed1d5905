"""Question 9: the Inception module, with weights of the tests in its parameters, against torch.nn.functional."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from grader.testing import close, same, unpack

pytestmark = pytest.mark.question("q9")

WIDTHS = (  # cin, c1, c3r, c3, c5r, c5, cp
    (3, 2, 4, 5, 6, 7, 8),
    (5, 1, 2, 3, 4, 2, 6),
    (4, 4, 4, 4, 4, 4, 4),  # all equal: a permuted order has the right shape
    (1, 3, 1, 2, 1, 1, 2),
)


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


def work(nb, widths, weights, x, d_out=None):
    """Sizes of the parameters; the output; x after the call; gradients of sum(d_out * output) for x and parameters.

    With weights whose number or sizes do not fit there is no output.
    """
    module = nb.Inception(*widths)
    module = module.to(x.device, x.dtype)
    parameters = list(module.parameters())
    sizes = [p.numel() for p in parameters]
    if sizes != [w.numel() for w in weights]:
        return sizes, None, None, None
    with torch.no_grad():
        for p, w in zip(parameters, weights, strict=True):
            p.copy_(w.reshape(p.shape))
    if d_out is None:
        return sizes, module(x), x, None
    given = x.clone().requires_grad_()
    y = module(given * 1)
    (d_out * y).sum().backward()
    return sizes, y, x, [None if t.grad is None else t.grad.flatten() for t in (given, *parameters)]


def ask(student, widths, weights, x, d_out=None):
    """The output of the student's module and its gradients."""
    sizes, y, after, gradients = unpack(student.run(work, list(widths), weights, x, d_out), 4)
    same(sizes, [w.numel() for w in weights], what="the list of sizes of the parameters")
    close(after, x, rtol=0.0, atol=0.0, what="x after the forward pass")
    return y, None if d_out is None else unpack(gradients, 13, what="the gradients")


@pytest.mark.points(
    0.5,
    hint="Six convolutions with a bias each, made in the order of the table; (N, sum of the widths, H, W) comes out in "
    "the dtype of x, and x is only read.",
)
def test_six_convolutions_in_order_and_x_is_only_read(student, rng):
    for widths in (*WIDTHS, (192, 64, 96, 128, 16, 32, 32)):
        weights = [w.float() for w in draw(rng, widths)]
        x = images(rng, 2, widths[0], 6, 7).float()
        y, _ = ask(student, widths, weights, x)
        expected = torch.cat(branches([w.double() for w in weights], x.double()), dim=1).float()
        close(y, expected, rtol=1e-3, atol=1e-4, dtype="exact", what="the output in float32")


@pytest.mark.points(
    1.75, hint="Compare branch by branch: kernel, padding, a ReLU after every convolution, and torch.cat along dim=1."
)
def test_values(student, rng):
    for widths in WIDTHS:
        for N, rows, columns in ((2, 6, 8), (3, 7, 5), (4, 4, 4)):
            weights, x = draw(rng, widths), images(rng, N, widths[0], rows, columns)
            y, _ = ask(student, widths, weights, x)
            close(y, torch.cat(branches(weights, x), dim=1), what="the output")


@pytest.mark.points(
    1.25, hint="All six convolutions get a gradient, and the gradient of x is the sum over the four branches."
)
def test_gradients_of_x_and_of_all_convolutions(student, rng):
    for widths in WIDTHS:
        weights, x = draw(rng, widths), images(rng, 3, widths[0], 5, 7)
        variables = [t.clone().requires_grad_() for t in (x, *weights)]
        expected = torch.cat(branches(variables[1:], variables[0]), dim=1)
        d_out = images(rng, *expected.shape)
        y, gradients = ask(student, widths, weights, x, d_out)
        close(y, expected.detach(), what="the output")
        wanted = torch.autograd.grad((d_out * expected).sum(), variables)
        for i, (gradient, want) in enumerate(zip(gradients, wanted, strict=True)):
            what = f"the gradient of {'x' if i == 0 else f'parameter {i - 1}'}"
            close(gradient, want.flatten(), rtol=1e-8, atol=1e-11, what=what)


@pytest.mark.points(
    0.75,
    hint="Maps smaller than the kernel, odd sizes, one image; and what does the border of the pooling hold when all "
    "of x is negative?",
)
def test_small_maps_one_image_and_negative_inputs(student, rng):
    for widths in WIDTHS:
        for N, rows, columns in ((1, 1, 1), (1, 2, 9), (2, 1, 3), (1, 11, 13)):
            weights, x = draw(rng, widths), images(rng, N, widths[0], rows, columns)
            for given in (x, -x.abs() - 0.5):
                y, _ = ask(student, widths, weights, given)
                close(y, torch.cat(branches(weights, given), dim=1), what=f"the output for maps {rows}x{columns}")


@pytest.mark.points(
    0.75,
    hint="Each branch fills its own slice of the channels, from b1 to bp, and knows nothing of the others' weights.",
)
def test_each_branch_fills_its_own_slice(student, rng):
    for widths in WIDTHS:
        weights, x = draw(rng, widths), images(rng, 2, widths[0], 6, 5)
        parts = branches(weights, x)
        for branch, own in enumerate(((0, 1), (2, 3, 4, 5), (6, 7, 8, 9), (10, 11))):
            silenced = [0 * w if i in own else w for i, w in enumerate(weights)]
            y, _ = ask(student, widths, silenced, x)
            expected = [0 * part if i == branch else part for i, part in enumerate(parts)]
            close(y, torch.cat(expected, dim=1), what=f"the output with weights 0 in branch {branch}")
