"""Question 7: DCGAN blocks. Networks get known parameters in the sandbox; the same chain is computed here by torch.

Parameters are given by order of creation where the shapes say which is which, never by name.
"""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from grader.testing import array, close, formed, require, same, unpack

pytestmark = pytest.mark.question("q7")

NEAR = {"rtol": 1e-3, "atol": 1e-4}  # float32 through batch norms


def placed(model, device):
    model.to(device)
    return model


def single(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape), dtype=torch.float32)


def widths_of(ch, size):
    """Channels of the maps with sides size/2, size/4, ..., 4."""
    return [ch * 2**i for i in range({16: 2, 32: 3}[size])]


def shapes_of_g(z_dim, ch, out_ch, size):
    """Shapes of all parameters without needless biases: convolutions, batch norms, the last bias."""
    channels = [z_dim, *widths_of(ch, size)[::-1], out_ch]
    kernels = [(a, b, 4, 4) for a, b in zip(channels, channels[1:], strict=False)]
    return [*kernels, *((c,) for c in channels[1:-1] for _ in "wb"), (out_ch,)]


def shapes_of_d(ch, in_ch, size):
    channels = [in_ch, *widths_of(ch, size), 1]
    kernels = [(b, a, 4, 4) for a, b in zip(channels, channels[1:], strict=False)]
    return [*kernels, *((c,) for c in channels[2:-1] for _ in "wb"), (ch,), (1,)]


def needless_of_g(z_dim, ch, out_ch, size):
    return [(c,) for c in widths_of(ch, size)]


def needless_of_d(ch, in_ch, size):
    return [(c,) for c in widths_of(ch, size)[1:]]


def parameters(nb, model):
    return [list(p.shape) for p in model.parameters()]


def judge_parameters(student, model, shapes, needless, name):
    found = student.run(parameters, model)
    formed(found, [[int]], what=f"the shapes of {name}")
    found = sorted(map(tuple, found))
    if found != sorted(shapes + needless):  # biases before batch norms are allowed
        count = sum(int(np.prod(s)) for s in found)
        same(count, sum(int(np.prod(s)) for s in shapes), what=f"the number of parameters of {name}")
        require(found == sorted(shapes), f"{name} has layers of other shapes than the table")


def run(nb, model, *inputs):
    """The output in the mode that a new module is in: training."""
    return model(*inputs)


@pytest.mark.points(
    0.6,
    hint="Pictures (B, out_ch, size, size), logits (B,), for sizes 16 and 32, any number of channels, and B = 1 too.",
)
def test_shapes_at_both_sizes(student, rng, device):
    for B, z_dim, ch, channels, size in [(3, 5, 4, 2, 16), (2, 6, 3, 1, 32), (4, 4, 4, 4, 16)]:
        maker, judge = (
            placed(student.DCGenerator(z_dim, ch, channels, size), device),
            placed(student.DCDiscriminator(ch, channels, size), device),
        )
        z, x = single(rng, B, z_dim), single(rng, B, channels, size, size)
        with student.pure():
            array(maker(z), shape=(B, channels, size, size), dtype="float32", what=f"DCGenerator of size {size}")
            array(judge(x), shape=(B,), dtype="float32", what=f"DCDiscriminator of size {size}")
    maker, judge = placed(student.DCGenerator(3, 8), device), placed(student.DCDiscriminator(8), device)
    for net in (maker, judge):
        net.eval()
    array(maker(single(rng, 1, 3)), shape=(1, 1, 16, 16), what="one picture of DCGenerator")
    array(judge(single(rng, 1, 1, 16, 16)), shape=(1,), what="DCDiscriminator of one picture")
    cond = placed(student.CondGenerator(3, 4, 5, 7), device)
    for B in (6, 1):
        with student.pure():
            out = cond(single(rng, B, 3), torch.as_tensor(rng.integers(0, 4, size=B)))
        array(out, shape=(B, 5), dtype="float32", what="CondGenerator")


@pytest.mark.points(
    0.8, hint="Kernel 4 everywhere; batch norm after every layer but the last of G and the first and last of D."
)
def test_parameters_are_those_of_the_table(student, rng, device):
    for z_dim, ch, channels, size in [(5, 3, 2, 16), (7, 2, 3, 32), (4, 4, 1, 16)]:
        maker = placed(student.DCGenerator(z_dim, ch, out_ch=channels, size=size), device)
        args = (z_dim, ch, channels, size)
        judge_parameters(student, maker, shapes_of_g(*args), needless_of_g(*args), f"DCGenerator of size {size}")
        judge = placed(student.DCDiscriminator(ch, in_ch=channels, size=size), device)
        args = (ch, channels, size)
        judge_parameters(student, judge, shapes_of_d(*args), needless_of_d(*args), f"DCDiscriminator of size {size}")
    z_dim, C, out_dim, hidden = 3, 5, 4, 9
    found = student.run(parameters, placed(student.CondGenerator(z_dim, C, out_dim, hidden), device))
    require(type(found) is list and all(type(s) is list for s in found), "CondGenerator has no parameters")
    count = C * z_dim + 2 * z_dim * hidden + hidden + hidden * out_dim + out_dim
    same(sum(int(np.prod(s)) for s in found), count, what="the number of parameters of CondGenerator")


def fill(nb, model, kernels, bias, affine):
    """Give every four-dimensional parameter a kernel of its shape, output layers `bias`, batch norms `affine`.

    Kernels differ in shape, so that each finds its place; other one-dimensional parameters become 0.
    """
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    if any(m.weight is None for m in norms):
        return None
    inside = {id(p) for m in norms for p in m.parameters()}
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() == 4:
                p.copy_(next(k for k in kernels if k.shape == p.shape))
            elif id(p) not in inside:
                fitting = [b for b in bias if b.shape == p.shape]
                p.copy_(fitting[0] if fitting else torch.zeros_like(p))
        for m in norms:
            w, b = next(pair for pair in affine if pair[0].shape == m.weight.shape)
            m.weight.copy_(w), m.bias.copy_(b)
    return sum(p.dim() == 4 for p in model.parameters()), len(norms)


def normalise(h, weight, bias):
    """Batch normalisation with the statistics of the batch."""
    mean, var = h.mean((0, 2, 3), keepdim=True), h.var((0, 2, 3), unbiased=False, keepdim=True)
    return (h - mean) / torch.sqrt(var + 1e-5) * weight[:, None, None] + bias[:, None, None]


def affine_of(rng, widths):
    return [[0.5 + torch.as_tensor(rng.uniform(size=c), dtype=torch.float32), 0.3 * single(rng, c)] for c in widths]


def filled(student, model, kernels, bias, affine, name):
    layers = student.run(fill, model, kernels, bias, affine)
    require(layers is not None, f"a batch norm of {name} has no weights (affine=False), or is one too many")
    layers = unpack(layers, 2)
    same(list(layers), [len(kernels), len(affine)], what=f"the numbers of convolutions and batch norms of {name}")


@pytest.mark.points(0.8, hint="Transposed convolution, batch norm, ReLU, in this order; tanh after the last one.")
def test_the_generator_is_the_chain_of_the_table(student, rng, device):
    for B, z_dim, ch, channels, size in [(6, 5, 3, 2, 16), (3, 7, 2, 1, 32)]:
        maker, z = placed(student.DCGenerator(z_dim, ch, channels, size), device), single(rng, B, z_dim)
        shapes, widths = shapes_of_g(z_dim, ch, channels, size), widths_of(ch, size)[::-1]
        kernels = [single(rng, *s) / np.sqrt(4 * s[0]) for s in shapes if len(s) == 4]
        bias, affine = [0.3 * single(rng, channels)], affine_of(rng, widths)
        filled(student, maker, kernels, bias, affine, "DCGenerator")
        h = z[:, :, None, None]
        for i, kernel in enumerate(kernels):
            h = F.conv_transpose2d(h, kernel, stride=2 if i else 1, padding=1 if i else 0)
            h = torch.relu(normalise(h, *affine[i])) if i < len(affine) else torch.tanh(h + bias[0][:, None, None])
        close(student.run(run, maker, z), h, what=f"DCGenerator of size {size} with known parameters", **NEAR)


@pytest.mark.points(
    0.9, hint="The leaky ReLU keeps a fifth of what is negative; what comes out is a logit, any number."
)
def test_the_discriminator_is_the_chain_of_the_table(student, rng, device):
    for B, ch, channels, size in [(6, 3, 2, 16), (4, 2, 3, 32)]:
        judge, x = placed(student.DCDiscriminator(ch, channels, size), device), single(rng, B, channels, size, size)
        shapes, widths = shapes_of_d(ch, channels, size), widths_of(ch, size)[1:]
        kernels = [single(rng, *s) / np.sqrt(4 * s[1]) for s in shapes if len(s) == 4]
        bias, affine = [0.5 * single(rng, ch), 0.5 * single(rng, 1)], affine_of(rng, widths)
        filled(student, judge, kernels, bias, affine, "DCDiscriminator")
        h, last = x, len(kernels) - 1
        for i, kernel in enumerate(kernels):
            h = F.conv2d(h, kernel, stride=1 if i == last else 2, padding=0 if i == last else 1)
            if i in (0, last):
                h = h + bias[i > 0][:, None, None]
            h = normalise(h, *affine[i - 1]) if 0 < i < last else h
            h = h if i == last else torch.where(h > 0, h, 0.2 * h)
        close(
            student.run(run, judge, x), h[:, 0, 0, 0], what=f"DCDiscriminator of size {size}, known parameters", **NEAR
        )


def drawn(nb):
    """A network of all kinds of layers, some deep inside, before and after dcgan_init, and what that returned."""
    nn = torch.nn
    inner = nn.Sequential(nn.ConvTranspose2d(40, 30, 4), nn.BatchNorm2d(4000), nn.Sequential(nn.Conv2d(30, 40, 4)))
    net = nn.Sequential(nn.Conv2d(20, 30, 4), nn.BatchNorm2d(3000), inner, nn.Linear(50, 60))
    net.extend([nn.LayerNorm(40), nn.GroupNorm(2, 40)])
    with torch.no_grad():
        for norm in (net[1], inner[1], net[4], net[5]):
            norm.bias.normal_()
    layers = {"conv": net[0], "norm": net[1], "transposed": inner[0], "deep norm": inner[1], "deep": inner[2][0]}
    layers |= {"linear": net[3], "layer norm": net[4], "group norm": net[5]}
    look = lambda: {k: (m.weight.detach().clone(), m.bias.detach().clone()) for k, m in layers.items()}  # noqa: E731
    before = look()
    returned = nb.dcgan_init(net)
    after = look()
    nb.dcgan_init(net[0])  # a module may itself be a convolution
    return before, after, returned is None, not torch.equal(net[0].weight, after["conv"][0])


@pytest.mark.points(
    1.1,
    hint="Weights of all convolutions, transposed ones and deep ones too: N(0, 0.02); of batch norms: N(1, "
    "0.02), their biases 0. Everything else stays.",
)
def test_initial_weights(student, rng):
    before, after, nothing, again = unpack(student.run(drawn), 4)
    layers = [*"conv norm transposed linear deep".split(), "deep norm", "layer norm", "group norm"]
    formed([before, after], [dict.fromkeys(layers, ("tensor", "tensor"))], what="the weights")
    for name in ("layer norm", "group norm"):
        for then, now in zip(before.pop(name), after[name], strict=True):
            require(torch.equal(then, now), f"a {name} is no batch norm and has to stay as it is")
    require(again is True, "a convolution alone gets no new weights, or the same as in the call before")
    require(nothing is True, "dcgan_init works in place and returns nothing")
    for name, (then_weight, then_bias) in before.items():
        weight, bias = after[name]
        kind = "batch norm" if "norm" in name else "linear layer" if name == "linear" else "convolution"
        if kind == "linear layer":
            require(torch.equal(weight, then_weight), "a linear layer's weights have to stay as they are")
        if kind != "batch norm":
            require(torch.equal(bias, then_bias), f"the bias of a {kind} has to stay as it is")
            if kind == "linear layer":
                continue
        else:
            close(bias, torch.zeros_like(bias), what="the bias of a batch norm")
        w = (array(weight, dtype="float", what="weights").ravel() - (kind == "batch norm")) / 0.02
        with np.errstate(all="ignore"):  # bands of six standard errors
            require(abs(w.mean()) <= 6 / np.sqrt(w.size), f"the weights of a {kind} have another mean")
            require(abs(w.var() - 1) <= 6 * np.sqrt(2 / w.size), f"the weights of a {kind} have another spread")
            beyond = np.mean(np.abs(w) > np.sqrt(3))  # never for a uniform distribution
            require(abs(beyond - 0.0833) <= 6 * np.sqrt(0.0764 / w.size), f"the weights of a {kind} are not normal")
        require(not torch.equal(weight, then_weight), f"the weights of a {kind} have to be drawn anew")


@pytest.mark.points(0.4, hint="tanh keeps pixels between -1 and 1, uses all of this range and saturates gently.")
def test_pictures_lie_between_minus_one_and_one(student, rng, device):
    maker = placed(student.DCGenerator(6, 3, 2), device)
    small = array(maker(single(rng, 8, 6)), shape=(8, 2, 16, 16), dtype="float", what="DCGenerator")
    require((np.abs(small) < 1).all(), "pixels must lie between -1 and 1")
    require((small < 0).any() and (small > 0).any(), "pixels must be both negative and positive at the start")
    shapes = shapes_of_g(6, 3, 2, 16)
    kernels = [single(rng, *s) for s in shapes if len(s) == 4]
    for strength in (1.0, 4.0):
        scaled = [*kernels[:-1], strength * kernels[-1] / np.sqrt(4 * 3)]
        filled(
            student, maker, scaled, [torch.zeros(2)], [[torch.ones(c), torch.zeros(c)] for c in (6, 3)], "DCGenerator"
        )
        x = array(student.run(run, maker, single(rng, 30, 6)), shape=(30, 2, 16, 16), what="DCGenerator")
        require((np.abs(x) <= 1).all(), "pixels must lie between -1 and 1")
        require(x.min() < -0.6 and x.max() > 0.6, "pixels must be able to use the range from -1 to 1")
        require(np.mean(np.abs(x) == 1.0) < 0.05, "pixels are cut off at -1 and 1")


def tables(nb, model, z, y, embeddings):
    """Outputs with the given class vectors, and how many parameters they may belong to: those of shape (C, z_dim)."""
    slots = [p for p in model.parameters() if list(p.shape) in (list(embeddings.shape), list(embeddings.T.shape))]
    with torch.no_grad():
        for p in slots:
            p.copy_(embeddings if p.shape == embeddings.shape else embeddings.T)
    return model(z, y), len(slots)


@pytest.mark.points(
    0.6,
    hint="Each row's own class has an embedding of its own, which stands beside the noise; the last layer is linear.",
)
def test_labels_matter(student, rng, device):
    z_dim, C, out_dim, hidden = 3, 5, 4, 40
    cond, y = placed(student.CondGenerator(z_dim, C, out_dim, hidden), device), torch.arange(C)
    z = single(rng, 1, z_dim).repeat(C, 1)
    out = array(cond(z, y), shape=(C, out_dim), dtype="float", what="CondGenerator")
    for i in range(C):
        for j in range(i):
            require(not np.allclose(out[i], out[j], atol=1e-7), "two classes with the same noise give the same")
    close(cond(z, y), torch.as_tensor(out), what="CondGenerator asked twice", rtol=1e-5, atol=1e-6)
    order = torch.as_tensor(rng.permutation(C))
    close(
        cond(z, y[order]),
        torch.as_tensor(out)[order],
        what="CondGenerator, classes in another order",
        rtol=1e-4,
        atol=1e-5,
    )
    other = array(cond(z + 1, y), shape=(C, out_dim), dtype="float", what="CondGenerator")
    require((np.abs(other - out).max(axis=1) > 1e-6).all(), "the noise does not matter")
    middle = array(cond(z[:3], torch.tensor([0, 1, 2])), shape=(3, out_dim), dtype="float", what="CondGenerator")
    require(not np.allclose(middle[1], (middle[0] + middle[2]) / 2, atol=1e-5), "class 1 is no mean of classes 0 and 2")
    many = placed(student.CondGenerator(z_dim, C, 10 * out_dim, hidden), device)
    wide = array(many(1000 * z, y), shape=(C, 10 * out_dim), dtype="float", what="CondGenerator")
    free = wide.min() < -3 and wide.max() > 3
    require(free, "the output of CondGenerator is bounded, or of one sign: its last layer is to be linear")
    cond, z = placed(student.CondGenerator(z_dim, C, out_dim, hidden), device), single(rng, C, z_dim)
    embeddings = single(rng, C, z_dim)

    def with_table(z, y, table):
        out, slots = unpack(student.run(tables, cond, z, y, table), 2)
        same(slots, 1, what="the number of embedding tables of CondGenerator")
        return array(out, shape=(C, out_dim), dtype="float32", what="CondGenerator")

    first = with_table(z, y[order], embeddings)
    close(with_table(z, y, embeddings[order]), first, dtype="any", what="CondGenerator with a reordered table", **NEAR)
    require(not np.allclose(with_table(z, y[order], 2 * embeddings), first, atol=1e-6), "the embeddings do not matter")
    moved = with_table(z + 1, y[order], embeddings - 1)
    require(not np.allclose(moved, first, atol=1e-5), "the embedding stands beside the noise; it is not added to it")
    first, second = single(rng, hidden, z_dim), single(rng, out_dim, hidden) / 6
    lift, shift = single(rng, hidden), single(rng, out_dim)
    given = [embeddings, torch.cat([first, first], dim=1), lift, second, shift]  # noise and class in any order
    answer = student.run(known, cond, z, y, given)
    if answer is not None:
        expected = torch.relu((z + embeddings) @ first.T + lift) @ second.T + shift
        close(answer, expected, what="CondGenerator with known parameters", **NEAR)


def known(nb, model, z, y, given):
    """Output with the given parameters, if those of the model have these shapes (or their transposes); else None."""
    with torch.no_grad():
        for p in model.parameters():
            fitting = [w for w in (*given, *(w.T for w in given if w.dim() == 2)) if w.shape == p.shape]
            if len(fitting) != 1:
                return None
            p.copy_(fitting[0])
    return model(z, y)


def slopes(nb, model, cotangent, *inputs):
    """Largest gradient of each parameter."""
    out = model(*inputs)
    if not out.requires_grad:
        return None
    own = list(model.parameters())
    grads = torch.autograd.grad(out, own, cotangent, allow_unused=True)
    return [None if g is None else float(g.abs().max()) for g in grads]


@pytest.mark.points(0.8, hint="Everything is learnt: layers, batch norms, biases and embeddings; nothing is detached.")
def test_gradients_reach_every_parameter(student, rng, device):
    B, y = 8, torch.arange(8) % 3
    cases = [
        ("DCGenerator", placed(student.DCGenerator(5, 6, 2), device), (B, 2, 16, 16), [single(rng, B, 5)]),
        ("DCDiscriminator", placed(student.DCDiscriminator(6, 2), device), (B,), [single(rng, B, 2, 16, 16)]),
        ("CondGenerator", placed(student.CondGenerator(4, 3, 5, 20), device), (B, 5), [single(rng, B, 4), y]),
    ]
    for label in (0, 2):  # every class is learnt, the first and the last too
        one = [single(rng, B, 4), torch.full_like(y, label)]
        cases.append(("CondGenerator", placed(student.CondGenerator(4, 3, 5, 20), device), (B, 5), one))
    for name, model, shape, inputs in cases:
        answer = student.run(slopes, model, single(rng, *shape), *inputs)
        require(type(answer) is list and len(answer) > 0, f"no gradient flows through {name}")
        formed(answer, [{None, float}], what="the largest gradients")
        for size in answer:
            require(size is not None and np.isfinite(size), f"a parameter of {name} gets no gradient")
        reached = sum(size > 1e-7 for size in answer)
        needless = 2 if name == "DCGenerator" else 1 if name == "DCDiscriminator" else 0  # biases before batch norms
        require(reached >= len(answer) - needless, f"a parameter of {name} gets no gradient")
