"""Question 10: residual block and a small ResNet, with weights of the tests, against torch.nn.functional."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from global_generator import leaves_the_generator_unseeded

from grader.testing import array, close, same, unpack

pytestmark = pytest.mark.question("q10")

BLOCKS = ((3, 3, 1), (3, 5, 1), (4, 6, 2), (4, 4, 2), (5, 2, 3), (2, 2, 1))  # cin, cout, stride
NETS = (  # widths, blocks, classes, channels of the images
    ([3, 5], [1, 2], 4, 2),
    ([2, 3, 4], [2, 1, 2], 5, 3),
    ([4, 4, 4], [2, 1, 1], 3, 1),  # equal widths: stride alone asks for a projection
    ([3], [3], 2, 3),
)


def block_shapes(cin, cout, stride):
    norm = [(cout,), (cout,)]
    shapes = [(cout, cin, 3, 3), *norm, (cout, cout, 3, 3), *norm]
    return shapes + ([(cout, cin, 1, 1), *norm] if stride != 1 or cin != cout else [])


def plan(widths, blocks):
    """(cin, cout, stride) of every block."""
    maps = widths[0]
    for stage, (width, depth) in enumerate(zip(widths, blocks, strict=True)):
        for i in range(depth):
            yield maps, width, 2 if stage > 0 and i == 0 else 1
            maps = width


def net_shapes(widths, blocks, classes, in_ch):
    stem = [(widths[0], in_ch, 3, 3), (widths[0],), (widths[0],)]
    body = [shape for block in plan(widths, blocks) for shape in block_shapes(*block)]
    return [*stem, *body, (classes, widths[-1]), (classes,)]


def draw(rng, shapes, filters=1e3):
    """Weights that keep the spread of what flows; scales of batch norm around 1.

    filters: what those of convolutions are multiplied with. A batch norm takes it out again, and where it is large, eps
    as well: so another eps costs the one check that is about it.
    """
    spread = [1.4 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.4 for shape in shapes]
    spread = [s * filters if len(shape) == 4 else s for s, shape in zip(spread, shapes, strict=True)]
    weights = [torch.tensor(s * rng.normal(size=shape)) for s, shape in zip(spread, shapes, strict=True)]
    for before, w in zip(shapes, weights[1:], strict=False):
        if len(before) == 4:
            w += 1.0
    return weights


def images(rng, *shape):
    return torch.tensor(rng.normal(size=shape))


class Norms:
    """Batch norms in the order of use; in evaluation with the statistics that earlier batches left."""

    def __init__(self):
        self.statistics, self.training, self.next = [], True, 0

    def begin(self, training):
        self.training, self.next = training, 0

    def __call__(self, x, scale, shift):
        if self.next == len(self.statistics):
            self.statistics.append((torch.zeros(x.shape[1]).to(x), torch.ones(x.shape[1]).to(x)))
        mean, var = self.statistics[self.next]
        self.next += 1
        return F.batch_norm(x, mean, var, scale, shift, training=self.training)


def block(weights, x, norm, cin, cout, stride):
    w = iter(weights)
    f = norm(F.conv2d(x, next(w), stride=stride, padding=1), next(w), next(w)).clamp(min=0)
    f = norm(F.conv2d(f, next(w), padding=1), next(w), next(w))
    s = norm(F.conv2d(x, next(w), stride=stride), next(w), next(w)) if stride != 1 or cin != cout else x
    return (f + s).clamp(min=0)


def resnet(weights, x, norm, widths, blocks, classes, in_ch):
    x = norm(F.conv2d(x, weights[0], padding=1), *weights[1:3]).clamp(min=0)
    at = 3
    for sizes in plan(widths, blocks):
        n = len(block_shapes(*sizes))
        x = block(weights[at : at + n], x, norm, *sizes)
        at += n
    return x.mean(dim=(2, 3)) @ weights[-2].T + weights[-1]


KINDS = {"BasicBlock": (block_shapes, block), "TinyResNet": (net_shapes, resnet)}


def work(nb, name, args, weights, batches, d_out=None):
    """Sizes of the parameters; answers to batches ("train" or "eval", images); the last images after the call; the
    gradients of sum(d_out * last answer) for images and parameters. With weights that do not fit: no answers.
    """
    module = getattr(nb, name)(*args)
    module = module.to(weights[0].device, weights[0].dtype)
    parameters = list(module.parameters())
    sizes = [p.numel() for p in parameters]
    if sizes != [w.numel() for w in weights]:
        return sizes, None, None, None
    with torch.no_grad():
        for p, w in zip(parameters, weights, strict=True):
            p.copy_(w.reshape(p.shape))
    answers = []
    for mode, x in batches:
        module.train(mode == "train")
        given = x.clone().requires_grad_(d_out is not None)
        handed = given * 1 if d_out is not None else given
        answers.append(module(handed))
    gradients = None
    if d_out is not None:
        (d_out * answers[-1]).sum().backward()
        gradients = [None if t.grad is None else t.grad.flatten() for t in (given, *parameters)]
    return sizes, answers, handed, gradients


def ask(student, name, args, weights, batches, d_out=None):
    """Answers and gradients of the student's module with these weights."""
    sizes, answers, after, gradients = unpack(student.run(work, name, list(args), weights, batches, d_out), 4)
    same(sizes, [w.numel() for w in weights], what=f"the list of sizes of the parameters of {name}")
    close(after, batches[-1][1], rtol=0.0, atol=0.0, what=f"x after the forward pass of {name}")
    answers = unpack(answers, len(batches), what="the answers")
    return answers, None if d_out is None else unpack(gradients, 1 + len(weights), what="the gradients")


def made_of(nb, args):
    """The arguments after a network was made of them."""
    nb.TinyResNet(*args)
    return args


def judge_values(student, rng, name, args, x, filters=1e3):
    shapes, forward = KINDS[name]
    weights = draw(rng, shapes(*args), filters)
    (answer,), _ = ask(student, name, args, weights, [("train", x)])
    close(answer, forward(weights, x, Norms(), *args), rtol=1e-7, atol=1e-9, what=f"the output of {name}")


def judge_gradients(student, rng, name, args, x):
    shapes, forward = KINDS[name]
    weights = draw(rng, shapes(*args))
    variables = [t.clone().requires_grad_() for t in (x, *weights)]
    expected = forward(variables[1:], variables[0], Norms(), *args)
    d_out = images(rng, *expected.shape)
    (answer,), gradients = ask(student, name, args, weights, [("train", x)], d_out)
    close(answer, expected.detach(), rtol=1e-7, atol=1e-9, what=f"the output of {name}")
    wanted = torch.autograd.grad((d_out * expected).sum(), variables)
    for i, (gradient, want) in enumerate(zip(gradients, wanted, strict=True)):
        what = f"the gradient of {'x' if i == 0 else f'parameter {i - 1}'} in {name}"
        close(gradient, want.flatten(), rtol=1e-6, atol=1e-8, what=what)


@pytest.mark.points(
    0.7,
    hint="No bias in any convolution; a projection (1x1 convolution and batch norm) if and only if stride or width "
    "change; layers in the order of use; x, widths and blocks are only read, and the global generator is not seeded.",
)
def test_parameters_in_order_shapes_and_dtypes(student, rng):
    for args in BLOCKS:
        weights, x = [w.float() for w in draw(rng, block_shapes(*args))], images(rng, 3, args[0], 6, 7).float()
        (answer,), _ = ask(student, "BasicBlock", args, weights, [("train", x)])
        expected = block([w.double() for w in weights], x.double(), Norms(), *args).float()
        close(answer, expected, rtol=1e-3, atol=1e-3, dtype="exact", what="the output of BasicBlock in float32")
    for args in NETS:
        weights, x = draw(rng, net_shapes(*args)), images(rng, 3, args[3], 9, 8)
        given = args[:3] if args[3] == 3 else args  # three channels are the default
        (answer,), _ = ask(student, "TinyResNet", given, weights, [("train", x)])
        array(answer, shape=(3, args[2]), dtype=torch.float64, what="the output of TinyResNet")
        after = student.run(made_of, list(given))
        same(after, list(given), what="widths and blocks after a network was made of them")
    for name, args in (("BasicBlock", [2, 3, 2]), ("BasicBlock", [2, 2, 1, True]), ("TinyResNet", [[2, 3], [1, 1], 4])):
        leaves_the_generator_unseeded(student, name, *args)


@pytest.mark.points(1.0, hint="Convolution, norm, ReLU, convolution, norm; then the sum; then the last ReLU.")
def test_block_values(student, rng):
    for args in BLOCKS:
        for rows, columns in ((6, 9), (5, 5)):
            judge_values(student, rng, "BasicBlock", args, images(rng, 4, args[0], rows, columns))


@pytest.mark.points(
    1.0, hint="Stem, blocks[i] blocks in stage i, stride 2 where a stage but the first begins, the mean."
)
def test_resnet_values(student, rng):
    for args in NETS:
        for rows, columns in ((8, 12), (9, 7)):
            judge_values(student, rng, "TinyResNet", args, images(rng, 4, args[3], rows, columns))


@pytest.mark.points(0.45, hint="All batch norms have their defaults, that of the stem as well: eps is 1e-5.")
def test_batch_norms_have_their_default_eps(student, rng):
    for args in BLOCKS:
        judge_values(student, rng, "BasicBlock", args, images(rng, 4, args[0], 6, 9), filters=1.0)
    for args in NETS:
        judge_values(student, rng, "TinyResNet", args, images(rng, 4, args[3], 8, 12), filters=1.0)


@pytest.mark.points(
    1.0, hint="Are the values right? Then: the gradient reaches x on both ways, through f and through the shortcut."
)
def test_gradients_of_a_block(student, rng):
    for args in BLOCKS:
        judge_gradients(student, rng, "BasicBlock", args, images(rng, 4, args[0], 5, 6))


@pytest.mark.points(0.75, hint="Every block, the stem and the last layer are trained.")
def test_gradients_of_a_resnet(student, rng):
    for args in NETS:
        judge_gradients(student, rng, "TinyResNet", args, images(rng, 4, args[3], 8, 7))


@pytest.mark.points(
    0.6,
    hint="In evaluation batch norm uses its running statistics, which move by its default momentum: one image gives "
    "then what it gives in a batch.",
)
def test_evaluation_uses_running_statistics(student, rng):
    for name, args, in_ch in (
        *(("BasicBlock", args, args[0]) for args in BLOCKS[:4]),
        *(("TinyResNet", args, args[3]) for args in NETS),
    ):
        shapes, forward = KINDS[name]
        weights, norms = draw(rng, shapes(*args)), Norms()
        batches = [(mode, images(rng, 4, in_ch, 9, 8)) for mode in ("eval", "train", "train", "eval")]
        batches.append(("eval", batches[-1][1][2:3]))
        answers, _ = ask(student, name, args, weights, batches)
        for i, (answer, (mode, x)) in enumerate(zip(answers, batches, strict=True)):
            norms.begin(mode == "train")
            expected = forward(weights, x, norms, *args)
            if i == 0:  # statistics of nothing, a variance of 1: what the filters make is as large as they are
                scale = float(expected.abs().max())
                close(answer, expected, rtol=0.0, atol=0.03 * scale, what=f"the output of {name} before training")
            else:
                close(answer, expected, rtol=1e-7, atol=1e-9, what=f"the output of {name} after training")


@pytest.mark.points(
    0.45,
    hint="Are the values of larger images right? Then: a single row or column is an image too. What is left of it "
    "after stride 2 with padding 1?",
)
def test_small_and_odd_images(student, rng):
    for args in BLOCKS:
        for N, rows, columns in ((3, 1, 4), (2, 3, 2), (1, 9, 5)):
            judge_values(student, rng, "BasicBlock", args, images(rng, N, args[0], rows, columns))
    for args in NETS:
        judge_values(student, rng, "TinyResNet", args, images(rng, 3, args[3], 5, 1))


def fresh(nb, args, zero_init, x, d_out):
    """A block as it is made: the output, the parameters and their gradients, flattened."""
    options = {"zero_init": True} if zero_init else {}  # False is the default
    made = nb.BasicBlock(*args, **options).to(x.device, x.dtype)
    parameters = list(made.parameters())
    with torch.no_grad():
        for filters in parameters[::3]:  # as large as in the other checks
            filters *= 1e3
    x = x.clone().requires_grad_()
    y = made(x)
    (d_out * y).sum().backward()
    return (
        y,
        [p.detach().flatten() for p in parameters],
        [None if p.grad is None else p.grad.flatten() for p in parameters],
    )


@pytest.mark.points(
    0.55,
    hint="zero_init sets one thing to 0, the scale of the second batch norm: then the block begins as its shortcut, "
    "and that scale gets a gradient at once.",
)
def test_zero_init_begins_as_the_shortcut(student, rng):
    for args in ((3, 3), (5, 5), (3, 4, 1), (4, 4, 2)):
        for zero_init in (True, False):
            x = images(rng, 3, args[0], 6, 7)
            cin, cout, stride = (*args, 1)[:3]
            shape = (3, cout, -(-6 // stride), -(-7 // stride))
            d_out = images(rng, *shape)
            y, weights, gradients = unpack(student.run(fresh, list(args), zero_init, x, d_out), 3)
            shapes = block_shapes(cin, cout, stride)
            weights = unpack(weights, len(shapes), what="the parameters")
            gradients = unpack(gradients, len(shapes), what="the gradients")
            weights = [torch.tensor(array(w, shape=(None,), dtype=torch.float64, what="a parameter")) for w in weights]
            same([len(w) for w in weights], [int(np.prod(s)) for s in shapes], what="the list of sizes of parameters")
            scales = [torch.ones(cout).double(), torch.full((cout,), 0.0 if zero_init else 1.0).double()]
            close([weights[1], weights[4]], scales, what="the scales of the two batch norms at the start")
            variables = [w.reshape(s).requires_grad_() for w, s in zip(weights, shapes, strict=True)]
            expected = block(variables, x, Norms(), cin, cout, stride)
            close(y, expected.detach(), rtol=1e-7, atol=1e-9, what=f"a fresh block with zero_init={zero_init}")
            wanted = torch.autograd.grad((d_out * expected).sum(), variables)
            close(list(gradients), [g.flatten() for g in wanted], rtol=1e-6, atol=1e-8, what="the first gradients")


def chain(nb, x, d_out):
    """Twenty fresh blocks with zero_init: the output and the gradient of x."""
    blocks = [nb.BasicBlock(x.shape[1], x.shape[1], zero_init=True).to(x.device, x.dtype) for _ in range(20)]
    x = x.clone().requires_grad_()
    h = x
    for each in blocks:
        h = each(h)
    (d_out * h).sum().backward()
    return h, x.grad


@pytest.mark.points(0.5, hint="For positive x relu(x + 0) is x: twenty such blocks pass value and gradient unchanged.")
def test_twenty_blocks_pass_the_gradient_unchanged(student, rng):
    x, d_out = images(rng, 2, 8, 6, 5).abs() + 0.1, images(rng, 2, 8, 6, 5)
    y, gradient = unpack(student.run(chain, x, d_out), 2)
    close(y, x, what="the output of 20 blocks with zero_init")
    close(gradient, d_out, what="the gradient of x through 20 blocks with zero_init")
