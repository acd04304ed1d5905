"""Question 1: sizes, parameters, operations and receptive fields. Positions are counted, formulas written out anew."""

import numpy as np
import pytest

from grader.testing import Mismatch, close, number, same, unpack

pytestmark = pytest.mark.question("q1")

KEYS = ("name", "out_shape", "params", "macs", "rf")


def positions(n, k, stride, pad, dilation):
    """Count the places where a kernel lies inside the padded axis, one by one."""
    last_tap = dilation * (k - 1)
    return sum(1 for start in range(0, n + 2 * pad, stride) if start + last_tap < n + 2 * pad)


def geometries(rng, times):
    """Random axes on which the kernel fits: n, k, stride, pad, dilation."""
    drawn = 0
    while drawn < times:
        n, k, stride, pad, dilation = (int(rng.integers(1, top)) for top in (15, 6, 5, 5, 4))
        if dilation * (k - 1) + 1 <= n + 2 * (pad - 1):
            drawn += 1
            yield n, k, stride, pad - 1, dilation


def entries(answer, n):
    """The rows of an answered trace as dicts of just the five entries; everything else fails the check."""
    if type(answer) is not list and type(answer) is not tuple:
        unpack(answer, n, what="trace")
    rows = unpack(answer, n, what="trace")
    for row in rows:
        if type(row) is not dict or any(key not in row for key in KEYS):
            raise Mismatch(f"an entry of trace must be a dict with the keys {', '.join(KEYS)}")
    return [{key: row[key] for key in KEYS} for row in rows]


def column(student, layers, in_shape, key):
    return [row[key] for row in entries(student.trace(layers, in_shape), len(layers))]


def conv(cout, k, stride=1, pad=0, **more):
    return {"name": "conv", "cout": cout, "k": k, "stride": stride, "pad": pad, **more}


def pool(k, stride, name="maxpool"):
    return {"name": name, "k": k, "stride": stride}


FLATTEN, BN = {"name": "flatten"}, {"name": "bn"}


def fc(out, **more):
    return {"name": "fc", "out": out, **more}


@pytest.mark.points(
    0.6,
    hint="Sizes, counts and fields are ints, one dict a layer with the five keys of the text; the list of layers and "
    "its dicts stay as they are, and keys may be left out.",
)
def test_answers_are_ints_and_layers_stay_as_they_are(student):
    layers = [{"name": "conv", "cout": 4, "k": 3}, BN, {"name": "avgpool", "k": (2, 3)}, FLATTEN, fc(5)]
    expected = [
        {"name": "conv", "out_shape": (4, 6, 11), "params": 4 * 19, "macs": 4 * 66 * 18, "rf": (3, 3)},
        {"name": "bn", "out_shape": (4, 6, 11), "params": 8, "macs": 0, "rf": (3, 3)},
        {"name": "avgpool", "out_shape": (4, 3, 3), "params": 0, "macs": 0, "rf": (4, 5)},
        {"name": "flatten", "out_shape": (36,), "params": 0, "macs": 0, "rf": (4, 5)},
        {"name": "fc", "out_shape": (5,), "params": 185, "macs": 180, "rf": (8, 11)},
    ]
    with student.pure(), student.forbids("aten::*"):
        same(student.conv_out(9, 3), 7, what="conv_out")
        same(student.conv_out(9, 3, 2), 4, what="conv_out")
        same(student.conv_out(9, 3, stride=2, pad=1, dilation=2, strict=True), 4, what="conv_out")
        same(student.same_pad(7), 3, what="same_pad")
        for row, wanted in zip(entries(student.trace(layers, (2, 8, 13)), 5), expected, strict=True):
            same(row, wanted, what=f"the entry of {wanted['name']}")
    same(student.trace([], (3, 5, 4)), [], what="trace of no layers")


@pytest.mark.points(
    1.1, hint="Lay a kernel of ones over the padded axis and count where it fits: start at 0, go on by the stride."
)
def test_conv_out_counts_the_positions_of_the_kernel(student, rng):
    for n, k, stride, pad, dilation in geometries(rng, 40):
        wanted = positions(n, k, stride, pad, dilation)
        same(student.conv_out(n, k, stride, pad, dilation), wanted, what="conv_out")
    same(student.conv_out(224, 7, stride=2, pad=3), 112, what="conv_out of 224 pixels")
    same(student.conv_out(5, 5), 1, what="conv_out of a kernel as long as the axis")
    same(student.conv_out(6, 2, stride=9), 1, what="conv_out with a stride longer than the axis")


@pytest.mark.points(
    1.0,
    hint="One bias for each output map and not for each pixel; a group sees its own channels alone; pooling learns "
    "nothing; batch normalisation learns two numbers a channel.",
)
def test_parameters_of_every_kind_of_layer(student, rng):
    for _ in range(3):
        c, f, g, h, w = (int(rng.integers(2, 6)) for _ in range(5))
        kh, kw = h + 1, w + 2
        layers = [
            conv(g * f, (kh, kw), (2, 1), (1, 2), groups=g),
            BN,
            pool((2, 3), (1, 2)),
            conv(f + 1, 1, bias=False),
            pool(2, 1, "avgpool"),
            FLATTEN,
            fc(7),
            fc(4, bias=False),
            BN,
        ]
        shape = (g * c, 20, 27)
        rows = positions(20, kh, 2, 1, 1) - 2, (positions(27, kw, 1, 2, 1) - 3) // 2
        n = (f + 1) * rows[0] * rows[1]
        wanted = [g * f * (c * kh * kw + 1), 2 * g * f, 0, (f + 1) * g * f, 0, 0, 7 * (n + 1), 28, 8]
        for name, mine, expected in zip(layers, column(student, layers, shape, "params"), wanted, strict=True):
            same(mine, expected, what=f"params of a {name['name']}")


def lenet(c3=None):
    return [
        conv(6, 5),
        pool(2, 2, "avgpool"),
        conv(16, 5),
        pool(2, 2, "avgpool"),
        conv(120, 5),
        FLATTEN,
        fc(84),
        fc(26),
    ]


@pytest.mark.points(
    0.8, hint="Write LeNet-5, VGG-16 or a residual network down as a list and compare your count with the literature."
)
def test_parameters_and_shapes_of_known_networks(student):
    rows = entries(student.trace(lenet(), (1, 32, 32)), 8)
    shapes = [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (120,), (84,), (26,)]
    same([row["out_shape"] for row in rows], shapes, what="the shapes in LeNet-5")
    same([row["params"] for row in rows], [156, 0, 2416, 0, 48120, 0, 10164, 2210], what="the parameters of LeNet-5")
    widths = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]
    vgg = [conv(width, 3, pad=1) if width else pool(2, 2) for width in widths] + [FLATTEN, fc(4096), fc(4096), fc(1000)]
    params = [number(p, what="params") for p in column(student, vgg, (3, 224, 224), "params")]
    close(float(np.sum(params)), 138357544.0, rtol=0.0, what="the number of parameters of VGG-16")
    inception = [(conv(64, 1), 192), (conv(96, 1), 192), (conv(128, 3, pad=1), 96), (conv(16, 1), 192)]
    inception += [(conv(32, 5, pad=2), 16), (conv(32, 1), 192)]
    params = [number(column(student, [layer], (c, 28, 28), "params")[0], what="params") for layer, c in inception]
    close(float(np.sum(params)), 163696.0, rtol=0.0, what="the number of parameters of Inception 3a")
    (row,) = entries(student.trace([conv(32, 1)], (64, 1, 1)), 1)
    same(row["params"], 2080, what="params of 32 1x1 kernels on 64 channels")


@pytest.mark.points(
    0.8, hint="A MAC is one product of a weight with an input: how many products in one output, and how many outputs?"
)
def test_macs_are_the_products_of_one_image(student, rng):
    for _ in range(3):
        c, f, g, m = (int(x) for x in rng.permutation([2, 3, 4, 5]))
        layers = [
            conv(g * f, (3, 2), (2, 3), (0, 1), groups=g),
            BN,
            conv(m, (1, 3), pad=(1, 0), bias=False),
            pool(2, 1),
            pool((1, 2), 2, "avgpool"),
            FLATTEN,
            fc(7),
            fc(m, bias=False),
        ]
        ho, wo = positions(11, 3, 2, 0, 1), positions(16, 2, 3, 1, 1)
        n = m * ((ho + 2 - 1 - 1) // 2 + 1) * ((wo - 2 - 1 - 2) // 2 + 1)
        wanted = [g * f * ho * wo * c * 6, 0, m * (ho + 2) * (wo - 2) * g * f * 3, 0, 0, 0, 7 * n, 7 * m]
        for layer, mine, expected in zip(layers, column(student, layers, (g * c, 11, 16), "macs"), wanted, strict=True):
            same(mine, expected, what=f"macs of a {layer['name']}")


@pytest.mark.points(
    0.8,
    hint="The field grows by (k - 1) times the product of the strides before the layer, pooling included, rows and "
    "columns each for themselves.",
)
def test_receptive_field_of_strided_and_pooled_stacks(student, rng):
    for _ in range(4):
        kernels, strides = rng.integers(1, 5, size=(5, 2)), rng.integers(1, 4, size=(5, 2))
        kernels[:2, 0], strides[:2, 1] = (2, 4), (3, 2)
        layers, field, step, wanted = [], np.ones(2, int), np.ones(2, int), []
        size = (3000, 2800)
        for place, (k, s) in enumerate(zip(kernels, strides, strict=True)):
            k, s = tuple(k.tolist()), tuple(s.tolist())
            layers.append(pool(k, s, ("maxpool", "avgpool")[place % 2]) if place % 3 == 1 else conv(2, k, s, pad=1))
            field, step = field + (np.array(k) - 1) * step, step * s
            pad = 0 if place % 3 == 1 else 1
            size = tuple(positions(n, a, b, pad, 1) for n, a, b in zip(size, k, s, strict=True))
            wanted.append(field)
        layers += [BN, FLATTEN, fc(3), fc(2)]
        wanted += [field, field] + 2 * [field + (np.array(size) - 1) * step]
        mine = column(student, layers, (2, 3000, 2800), "rf")
        for layer, got, expected in zip(layers, mine, wanted, strict=True):
            same(got, tuple(expected.tolist()), what=f"rf after a {layer['name']}")
    mine = column(student, lenet(), (1, 32, 32), "rf")
    same(mine[-1], (32, 32), what="rf of the last layer of LeNet-5")
    small = column(student, 3 * [conv(2, 3, pad=1)], (1, 4, 4), "rf")
    same(small[-1], (7, 7), what="rf of three 3x3 convolutions on a small image")


@pytest.mark.points(
    0.5,
    hint="A kernel that sticks out of the padded axis, a remainder with strict=True, groups that do not divide the "
    "channels and unknown layers are ValueErrors; nothing else is.",
)
def test_what_does_not_fit_raises(student, rng):
    for n, k, stride, pad, dilation in [(4, 5, 1, 0, 1), (6, 4, 2, 0, 2), (3, 8, 3, 2, 1), (1, 2, 1, 0, 1)]:
        with student.raises(ValueError, what="conv_out for a kernel that does not fit"):
            student.conv_out(n, k, stride, pad, dilation)
    for n, k, stride, pad, dilation in geometries(rng, 20):
        if (n + 2 * pad - dilation * (k - 1) - 1) % stride:
            with student.raises(ValueError, what="conv_out with strict=True, where something is left over"):
                student.conv_out(n, k, stride, pad, dilation, strict=True)
        else:
            wanted = positions(n, k, stride, pad, dilation)
            same(student.conv_out(n, k, stride, pad, dilation, strict=True), wanted, what="conv_out with strict")
    with student.raises(ValueError, what="conv_out with strict=True, where something is left over"):
        student.conv_out(7, 3, 3, strict=True)
    shape = (6, 5, 8)
    unknown = [{"name": "dropout"}, pool(2, 1, "minpool"), {**conv(2, 3), "name": "conv2d"}]
    for layer in [conv(4, 3, groups=4), conv(4, 3, groups=3), conv(2, (6, 1)), pool((1, 9), 1), *unknown]:
        with student.raises(ValueError, what="trace for a layer that does not fit, or that nobody knows"):
            student.trace([layer], shape)
    same(column(student, [conv(2, (6, 1), pad=(1, 0))], shape, "out_shape"), [(2, 2, 8)], what="out_shape with padding")


@pytest.mark.points(
    0.4,
    hint="Which padding makes conv_out(n, k, 1, pad, dilation) equal to n? There is one if d (k - 1) + 1 is odd, and "
    "it is no matter whether k is.",
)
def test_same_pad_keeps_the_size(student):
    for k in range(1, 9):
        for dilation in range(1, 5):
            if dilation * (k - 1) % 2:
                with student.raises(ValueError, what="same_pad where no padding keeps the size"):
                    student.same_pad(k, dilation)
            else:
                same(student.same_pad(k, dilation), dilation * (k - 1) // 2, what=f"same_pad({k}, {dilation})")
