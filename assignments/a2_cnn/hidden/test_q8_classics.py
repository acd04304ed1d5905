"""Question 8: LeNet-5 and VGG. The tests put weights into the parameters in the order in which they are declared.

Expected values are those of torch.nn.functional with the same weights, in float64; gradients come from autograd here.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from global_generator import leaves_the_generator_unseeded

from grader.testing import array, close, same, unpack

pytestmark = pytest.mark.question("q8")

LENET = [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 16, 5, 5), (120,), (84, 120), (84,)]
CFGS = (
    ([4, "M", 6, 5], 3, 7),
    ([3, 3, "M", 3, 3, "M"], 3, 3),  # equal widths: a layer used twice would fit
    ([5, 2, "M", "M"], 2, 4),
    (["M", 4, 3, 6, "M", 5], 1, 2),
    ([6], 4, 5),
)
WIRING = "Draw the network layer by layer and compare: which nonlinearity, which pooling, and what comes last?"


def lenet_shapes(classes):
    return [*LENET, (classes, 84), (classes,)]


def vgg_shapes(cfg, in_ch, classes, batchnorm):
    shapes, maps = [], in_ch
    for entry in cfg:
        if entry != "M":
            shapes += [(entry, maps, 3, 3), (entry,)] + [(entry,), (entry,)] * batchnorm
            maps = entry
    return [*shapes, (classes, maps), (classes,)]


def draw(rng, shapes):
    """Weights that keep the spread of what flows through them."""
    spread = [1.3 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.5 for shape in shapes]
    return [
        torch.tensor(s * rng.normal(size=shape) + (len(shape) == 1)) for s, shape in zip(spread, shapes, strict=True)
    ]


def images(rng, *shape):
    return torch.tensor(rng.normal(size=shape))


def lenet(weights, x):
    c1, b1, c3, b3, c5, b5, f6, b6, out, b_out = weights
    h = F.avg_pool2d(torch.tanh(F.conv2d(x, c1, b1)), 2)
    h = F.avg_pool2d(torch.tanh(F.conv2d(h, c3, b3)), 2)
    h = torch.tanh(F.conv2d(h, c5, b5)).flatten(1)
    return torch.tanh(h @ f6.T + b6) @ out.T + b_out


def vgg(cfg, weights, x, batchnorm=False, training=True, running=None):
    """running: for each batch normalisation its running mean and variance, which training changes in place."""
    w, running = iter(weights), iter(running or [])
    for entry in cfg:
        if entry == "M":
            x = F.max_pool2d(x, 2)
            continue
        x = F.conv2d(x, next(w), next(w), padding=1)
        if batchnorm:
            mean, var = next(running)
            x = F.batch_norm(x, mean, var, next(w), next(w), training=training)
        x = x.clamp(min=0)
    return x.mean(dim=(2, 3)) @ next(w).T + next(w)


def work(nb, name, args, weights, batches, d_out=None):
    """What a module answers to batches ("train" or "eval", images), and the gradients of sum(d_out * last answer).

    returns the sizes of the parameters; the answers; gradients of the last images and of the parameters, flattened.
    With weights whose number or sizes do not fit, there are no answers.
    """
    module = getattr(nb, name)(*args)
    module = module.to(weights[0].device, weights[0].dtype)
    parameters = list(module.parameters())
    sizes = [p.numel() for p in parameters]
    if sizes != [w.numel() for w in weights]:
        return sizes, None, None
    with torch.no_grad():
        for p, w in zip(parameters, weights, strict=True):
            p.copy_(w.reshape(p.shape))
    answers = []
    for mode, x in batches:
        module.train(mode == "train")
        x = x.clone().requires_grad_(d_out is not None)
        answers.append(module(x))
    gradients = None
    if d_out is not None:
        (d_out * answers[-1]).sum().backward()
        gradients = [None if t.grad is None else t.grad.flatten() for t in (x, *parameters)]
    return sizes, answers, gradients


def ask(student, name, args, weights, batches, d_out=None):
    """Answers and gradients of the student's module with these weights."""
    sizes, answers, gradients = unpack(student.run(work, name, args, weights, batches, d_out), 3)
    same(sizes, [w.numel() for w in weights], what=f"the list of sizes of the parameters of {name}")
    answers = unpack(answers, len(batches), what="the answers")
    return answers, None if d_out is None else unpack(gradients, 1 + len(weights), what="the gradients")


def judge_gradients(student, rng, name, args, shapes, forward, x, mode):
    """Values and gradients of one forward and backward pass."""
    weights = draw(rng, shapes)
    d_out = images(rng, len(x), args[-1] if name == "LeNet5" else args[2])
    (answer,), gradients = ask(student, name, args, weights, [(mode, x)], d_out)
    variables = [t.clone().requires_grad_() for t in (x, *weights)]
    expected = forward(variables[1:], variables[0])
    close(answer, expected.detach(), what=f"the logits of {name}")
    for t, gradient in zip(torch.autograd.grad((d_out * expected).sum(), variables), gradients, strict=True):
        part = "the images" if t is None else f"a tensor of {t.numel()} entries"
        close(gradient, t.flatten(), rtol=1e-7, atol=1e-10, what=f"the gradient of {part} in {name}")


def survey(nb, name, args, x):
    """Sizes of the parameters before and after a forward pass, which of them were trained, two answers, the images."""
    module = getattr(nb, name)(*args).to(x.device)
    before = [p.numel() for p in module.parameters()]
    first, second = module(x), module(x)
    first.sum().backward()
    after = [p.numel() for p in module.parameters()]
    return before, after, [p.grad is not None for p in module.parameters()], [first, second], x


@pytest.mark.points(
    0.7,
    hint="Make every layer once, in __init__, in the order of use, as an attribute of the module or inside "
    "nn.Sequential or nn.ModuleList: then it is registered and trained. 26 classes are the default.",
)
def test_layers_are_registered_in_order_and_trained(student, rng):
    cases = [("LeNet5", [], lenet_shapes(26), (2, 1, 32, 32)), ("LeNet5", [7], lenet_shapes(7), (2, 1, 32, 32))]
    for cfg, in_ch, classes in CFGS:
        for batchnorm in (False, True):
            args = [cfg, in_ch, classes, batchnorm]
            cases.append(("make_vgg", args, vgg_shapes(*args), (3, in_ch, 9, 8)))
    for name, args, shapes, size in cases:
        x = images(rng, *size).float()
        before, after, trained, answers, x_after = unpack(student.run(survey, name, args, x), 5)
        sizes = [int(np.prod(shape)) for shape in shapes]
        same(before, sizes, what=f"the list of sizes of the parameters of {name}")
        same(after, sizes, what=f"the list of sizes of the parameters of {name} after a forward pass")
        same(trained, [True] * len(sizes), what="whether a parameter gets a gradient")
        first, second = unpack(answers, 2)
        first = array(first, shape=(size[0], shapes[-1][0]), dtype=torch.float32, what=f"the logits of {name}")
        close(second, torch.tensor(first), what="the logits of a second call")
        close(x_after, x, rtol=0.0, atol=0.0, what="the images after the call")


@pytest.mark.points(1.25, hint=WIRING)
def test_lenet_values(student, rng):
    for classes in (26, 10):
        weights, x = draw(rng, lenet_shapes(classes)), images(rng, 5, 1, 32, 32)
        (answer,), _ = ask(student, "LeNet5", [classes], weights, [("train", x)])
        close(answer, lenet(weights, x), what="the logits of LeNet5")


@pytest.mark.points(1.2, hint=WIRING)
def test_vgg_values(student, rng):
    for cfg, in_ch, classes in CFGS:
        weights, x = draw(rng, vgg_shapes(cfg, in_ch, classes, False)), images(rng, 3, in_ch, 8, 12)
        (answer,), _ = ask(student, "make_vgg", [cfg, in_ch, classes], weights, [("train", x)])
        close(answer, vgg(cfg, weights, x), what="the logits of a VGG")


@pytest.mark.points(0.9, hint="Nothing between images and logits may cut the graph: no detach, no numpy, no no_grad.")
def test_lenet_gradients(student, rng):
    for mode in ("train", "eval"):
        judge_gradients(student, rng, "LeNet5", [11], lenet_shapes(11), lenet, images(rng, 3, 1, 32, 32), mode)


@pytest.mark.points(0.85, hint="Nothing between images and logits may cut the graph: no detach, no numpy, no no_grad.")
def test_vgg_gradients(student, rng):
    for cfg, in_ch, classes in CFGS:
        for batchnorm in (False, True):
            args = [cfg, in_ch, classes, batchnorm]

            def forward(weights, x, cfg=cfg, batchnorm=batchnorm):
                return vgg(cfg, weights, x, batchnorm, running=[(None, None)] * len(cfg))

            x, mode = images(rng, 4, in_ch, 6, 10), "train" if batchnorm else "eval"
            judge_gradients(student, rng, "make_vgg", args, vgg_shapes(*args), forward, x, mode)


@pytest.mark.points(
    1.05,
    hint="One image is a batch too; and the mean over all positions, not a fixed size, stands before the last layer.",
)
def test_one_image_and_sizes_that_are_odd(student, rng):
    weights, x = draw(rng, lenet_shapes(5)), images(rng, 1, 1, 32, 32)
    (answer,), _ = ask(student, "LeNet5", [5], weights, [("eval", x)])
    close(answer, lenet(weights, x), what="the logits of LeNet5 for one image")
    for cfg, in_ch, classes in CFGS:
        weights = draw(rng, vgg_shapes(cfg, in_ch, classes, False))
        for N, height, width in ((1, 17, 23), (2, 31, 7), (1, 4, 4)):
            x = images(rng, N, in_ch, height, width)
            (answer,), _ = ask(student, "make_vgg", [cfg, in_ch, classes], weights, [("eval", x)])
            close(answer, vgg(cfg, weights, x), what=f"the logits of a VGG for images {height}x{width}")


@pytest.mark.points(0.5, hint="Without batch normalisation training and evaluation are the same, and so are two calls.")
def test_an_image_is_judged_alone(student, rng):
    for name, args, shapes, size in (
        ("LeNet5", [26], lenet_shapes(26), (4, 1, 32, 32)),
        ("make_vgg", CFGS[0], vgg_shapes(*CFGS[0], False), (4, 3, 10, 9)),
    ):
        weights, x = draw(rng, shapes), images(rng, *size)
        order = torch.tensor(rng.permutation(4))
        batches = [("train", x), ("eval", x), ("eval", x[order]), ("eval", x[:1])]
        answers, _ = ask(student, name, list(args), weights, batches)
        expected = lenet(weights, x) if name == "LeNet5" else vgg(CFGS[0][0], weights, x)
        wanted = [expected, expected, expected[order], expected[:1]]
        for answer, want, says in zip(answers, wanted, ("training", "eval", "another order", "one image"), strict=True):
            close(answer, want, what=f"the logits of {name}, {says}")


@pytest.mark.points(
    0.45, hint="Convolution, nn.BatchNorm2d with its defaults, ReLU: in this order, for every convolution."
)
def test_batch_normalisation_in_training_and_evaluation(student, rng):
    for cfg, in_ch, classes in CFGS:
        weights = draw(rng, vgg_shapes(cfg, in_ch, classes, True))
        batches = [(mode, images(rng, 3, in_ch, 6, 9)) for mode in ("eval", "train", "train", "eval")]
        answers, _ = ask(student, "make_vgg", [cfg, in_ch, classes, True], weights, batches)
        running = [(torch.zeros(c).double(), torch.ones(c).double()) for c in cfg if c != "M"]
        for (mode, x), answer in zip(batches, answers, strict=True):
            expected = vgg(cfg, weights, x, True, mode == "train", running)
            close(answer, expected, rtol=1e-8, what=f"the logits of a VGG with batch normalisation, {mode}")


def built_from(nb, cfg, batchnorm):
    """The list after a network was made of it, and whether another is the same."""
    sizes = [sum(p.numel() for p in nb.make_vgg(cfg, 2, 3, batchnorm).parameters()) for _ in range(2)]
    return cfg, sizes[0] == sizes[1]


@pytest.mark.points(
    0.1,
    hint="cfg is the caller's list: read it, and leave it as it is. So is the global generator: layers may draw from "
    "it, nobody may seed it.",
)
def test_the_configuration_is_only_read(student):
    for cfg, _, _ in CFGS:
        for batchnorm in (False, True):
            after, alike = unpack(student.run(built_from, list(cfg), batchnorm), 2)
            same(after, list(cfg), what="cfg after make_vgg")
            same(alike, True, what="whether a second network of the same cfg is like the first")
    for name, args in (("LeNet5", [5]), ("make_vgg", [[2, "M"], 2, 3]), ("make_vgg", [[2, "M"], 2, 3, True])):
        leaves_the_generator_unseeded(student, name, *args)
