"""Question 3: gradients of a 2-d convolution. The oracle is torch's autograd in float64."""

import numpy as np
import pytest
import torch
from memory_order import ORDERS, called_with_views

from grader.testing import array, close, unpack

pytestmark = pytest.mark.question("q3")

NAMES = ("dx", "dw", "db")
GEOMETRIES = [  # size, kernel, stride, pad
    ((5, 6), (3, 2), (1, 1), (0, 0)),
    ((5, 6), (2, 3), (1, 1), (1, 2)),
    ((6, 5), (3, 3), (2, 2), (1, 1)),
    ((7, 9), (3, 2), (2, 3), (2, 1)),
    ((9, 7), (2, 3), (3, 2), (0, 2)),
    ((8, 6), (3, 3), (1, 2), (1, 0)),
    ((8, 7), (4, 2), (2, 1), (2, 0)),
    ((6, 8), (2, 4), (2, 2), (0, 1)),
    ((9, 8), (3, 4), (3, 3), (2, 2)),
]


def convolution(x, w, stride, pad):
    return torch.nn.functional.conv2d(*(torch.from_numpy(a) for a in (x, w)), stride=stride, padding=pad).numpy()


def expected(dy, x, w, stride, pad):
    """dx, dw, db by autograd."""
    x, w = (torch.from_numpy(np.asarray(a, dtype=np.float64)).requires_grad_() for a in (x, w))
    b = torch.zeros(len(w), dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.conv2d(x, w, b, stride=stride, padding=pad)
    return tuple(g.numpy() for g in torch.autograd.grad(y, (x, w, b), torch.from_numpy(np.asarray(dy, np.float64))))


def draw(rng, size, kernel, stride, pad, N=2, C=3, F=4):
    """dy, x, w for a geometry."""
    x, w = rng.normal(size=(N, C, *size)), rng.normal(size=(F, C, *kernel))
    return rng.normal(size=convolution(x, w, stride, pad).shape), x, w


def random_geometry(rng):
    kernel, stride, pad = rng.integers(1, 5, size=2), rng.integers(1, 4, size=2), rng.integers(0, 3, size=2)
    size = np.maximum(kernel - 2 * pad, 1) + rng.permutation([1, 2, 4, 5])[:2]
    return tuple(tuple(int(v) for v in values) for values in (size, kernel, stride, pad))


def cases(rng, times):
    """Geometries of the table, random ones, and one in which all sizes are equal."""
    sizes = [{"N": 2, "C": 3, "F": 4}, {"N": 4, "C": 2, "F": 3}, {"N": 3, "C": 4, "F": 2}]
    for index, geometry in enumerate(GEOMETRIES + [random_geometry(rng) for _ in range(times)]):
        yield (*draw(rng, *geometry, **sizes[index % 3]), *geometry[2:])
    for stride, pad in [((1, 1), (0, 0)), ((1, 1), (2, 1)), ((2, 1), (2, 1))]:  # the same shapes in another geometry
        yield (*draw(rng, (6, 5), (3, 2), stride, pad), stride, pad)
    for stride in [(1, 1), (2, 2)]:
        yield (*draw(rng, (3, 3), (3, 3), stride, (1, 1), 3, 3, 3), stride, (1, 1))


def ask(student, dy, x, w, stride, pad):
    """The three gradients, themselves unchecked."""
    return unpack(student.conv2d_backward(dy, x, w, stride, pad), 3, what="conv2d_backward")


def checked(student, dy, x, w, stride, pad):
    """The three gradients as arrays that are safe to calculate with."""
    answers = zip(ask(student, dy, x, w, stride, pad), NAMES, (x.shape, w.shape, w.shape[:1]), strict=True)
    return tuple(array(answer, shape=shape, dtype="float", what=name) for answer, name, shape in answers)


@pytest.mark.points(
    1.0,
    hint="Three gradients in the order dx, dw, db with the shapes of x, w and (F,); all three are float32 for a dy of "
    "float32 and float64 for every other dy, whatever w is; dy, x and w stay as they are.",
)
def test_shapes_and_dtypes_of_the_gradients_of_a_convolution(student, rng):
    stride, pad = (2, 1), (1, 2)
    dy, x, w = draw(rng, (7, 5), (3, 2), stride, pad)
    with student.pure(), student.forbids("aten::*", "numpy.convolve", "numpy.correlate"):
        for dtype in (np.float64, np.float32):
            typed = [a.astype(dtype) for a in (dy, x, w)]
            answers = ask(student, *typed, stride, pad)
            for answer, shape, name in zip(answers, (x.shape, w.shape, (4,)), NAMES, strict=True):
                array(answer, shape=shape, dtype=dtype, what=f"{name} of {dtype.__name__}")
            for answer, wanted, name in zip(answers, expected(dy, x, w, stride, pad), NAMES, strict=True):
                precision = {} if dtype is np.float64 else {"atol": 2e-5}
                close(answer, wanted.astype(dtype), what=f"{name} of {dtype.__name__}", **precision)
        half, single, double, whole = np.float16, np.float32, np.float64, np.int8
        for kinds in [
            (whole, whole, whole),
            (whole, double, double),
            (double, whole, whole),
            (whole, whole, double),
            (half, half, double),
            (double, single, single),
        ] + [(single, single, single), *((double, double, w_kind) for w_kind in (single, double, whole))]:
            top = 9 if {half, single} & {*kinds} else 99  # whole numbers that a short float adds up exactly
            drawn = [rng.integers(-top, top + 1, size=a.shape) for a in (dy, x, w)]
            mixed = [values.astype(kind) for values, kind in zip(drawn, kinds, strict=True)]
            dtype = single if kinds[0] is single else double
            says = ", ".join(kind.__name__ for kind in kinds)
            for answer, wanted, name in zip(
                ask(student, *mixed, stride, pad), expected(*mixed, stride, pad), NAMES, strict=True
            ):
                close(answer, wanted.astype(dtype), dtype="exact", what=f"{name} for dy, x and w of {says}")


@pytest.mark.points(
    2.8,
    hint="Start with an image of zeros as large as the padded one; every output adds its kernel, times its dy, where "
    "it was computed; in the end cut off the padding.",
)
def test_gradient_of_the_image(student, rng):
    for dy, x, w, stride, pad in cases(rng, 8):
        dx, _, _ = ask(student, dy, x, w, stride, pad)
        close(dx, expected(dy, x, w, stride, pad)[0], what=f"dx with stride {stride} and pad {pad}")


@pytest.mark.points(
    2.6,
    hint="Entry (t, u) of the kernel met a slice of the padded image, the same as in the forward pass: multiply it "
    "with dy and sum over images and places.",
)
def test_gradient_of_the_kernel(student, rng):
    for dy, x, w, stride, pad in cases(rng, 8):
        _, dw, _ = ask(student, dy, x, w, stride, pad)
        sizes = {"the batch size N": len(x), "the number of places": dy[0, 0].size}
        close(dw, expected(dy, x, w, stride, pad)[1], what=f"dw with stride {stride} and pad {pad}", factors=sizes)


@pytest.mark.points(
    0.6, hint="b_f is added to every pixel of map f in every image; so its messages come from all of them."
)
def test_gradient_of_the_bias(student, rng):
    for dy, x, w, stride, pad in cases(rng, 3):
        _, _, db = ask(student, dy, x, w, stride, pad)
        sizes = {"the batch size N": len(x), "the number of places": dy[0, 0].size}
        close(db, dy.sum(axis=(0, 2, 3)), what="db", factors=sizes)


@pytest.mark.points(
    0.8,
    hint="A pixel that no kernel touches, because a stride jumps over it or leaves it over at the end, has gradient 0.",
)
def test_pixels_that_are_never_seen_get_nothing(student, rng):
    for size, kernel, stride, pad in [
        ((9, 8), (2, 1), (4, 3), (0, 0)),
        ((9, 8), (2, 1), (3, 4), (1, 0)),
        ((8, 9), (3, 2), (2, 4), (0, 0)),
        ((11, 7), (3, 3), (5, 4), (2, 1)),
        ((6, 6), (2, 2), (3, 3), (0, 0)),
        ((5, 5), (1, 1), (3, 2), (0, 0)),
    ]:
        dy, x, w = draw(rng, size, kernel, stride, pad)
        seen = expected(np.ones_like(dy), x, np.ones_like(w), stride, pad)[0] > 0
        dx, _, _ = checked(student, dy, x, w, stride, pad)
        close(np.where(seen, 0.0, dx), np.zeros(x.shape), rtol=0.0, atol=0.0, what="dx of pixels that are never seen")
        for answer, wanted in zip(
            (dx, *ask(student, dy, x, w, stride, pad)[1:]), expected(dy, x, w, stride, pad), strict=True
        ):
            close(answer, wanted, what=f"a gradient with kernel {kernel} and stride {stride}")


@pytest.mark.points(
    0.7,
    hint="Try a kernel as large as the image, one of 1x1, one larger than the image with padding, and one image with "
    "one channel.",
)
def test_large_and_small_kernels(student, rng):
    for size, kernel, stride, pad in [
        ((4, 5), (4, 5), (1, 1), (0, 0)),
        ((4, 5), (4, 5), (2, 1), (1, 2)),
        ((5, 4), (1, 1), (1, 1), (0, 0)),
        ((5, 4), (1, 1), (2, 1), (1, 0)),
        ((2, 3), (4, 3), (1, 1), (1, 1)),
        ((1, 1), (3, 2), (1, 1), (1, 1)),
        ((1, 7), (1, 4), (1, 2), (0, 1)),
    ]:
        for counts in ({"N": 2, "C": 3, "F": 4}, {"N": 1, "C": 1, "F": 1}, {"N": 1, "C": 2, "F": 2}):
            dy, x, w = draw(rng, size, kernel, stride, pad, **counts)
            answers = zip(ask(student, dy, x, w, stride, pad), expected(dy, x, w, stride, pad), strict=True)
            for answer, wanted in answers:
                close(answer, wanted, what=f"a gradient with kernel {kernel} on an image of {size}")


@pytest.mark.points(
    0.8,
    hint="The sum of dy * conv(x', w) is the sum of dx * x' for every image x', and that of dw * w' for every kernel "
    "w'.",
)
def test_backward_is_the_adjoint_of_forward(student, rng):
    for geometry in GEOMETRIES[1::2] + [random_geometry(rng) for _ in range(4)]:
        stride, pad = geometry[2:]
        dy, x, w = draw(rng, *geometry)
        dx, dw, _ = checked(student, dy, x, w, stride, pad)
        with np.errstate(all="ignore"):
            for _ in range(3):
                x2, w2 = rng.normal(size=x.shape), rng.normal(size=w.shape)
                by_image = float(np.sum(dy * convolution(x2, w, stride, pad)))
                by_kernel = float(np.sum(dy * convolution(x, w2, stride, pad)))
                close(float(np.sum(dx * x2)), by_image, atol=1e-9, what="the sum of dx * x'")
                close(float(np.sum(dw * w2)), by_kernel, atol=1e-9, what="the sum of dw * w'")


@pytest.mark.points(
    0.7,
    hint="Every call starts anew from its arguments, however they lie in memory; dx of an image depends on that image "
    "alone, and dw is the sum over the images of a batch.",
)
def test_calls_and_images_do_not_mix(student, rng):
    for geometry in (GEOMETRIES[3], GEOMETRIES[5]):
        stride, pad = geometry[2:]
        dy, x, w = draw(rng, *geometry)
        wanted = expected(dy, x, w, stride, pad)
        dx, dw, db = checked(student, dy, x, w, stride, pad)
        dy2 = rng.normal(size=dy.shape)
        for answer, exact in zip(ask(student, dy2, x, w, stride, pad), expected(dy2, x, w, stride, pad), strict=True):
            close(answer, exact, what="a gradient for another dy")
        for first, last in zip((dx, dw, db), checked(student, dy, x, w, stride, pad), strict=True):
            close(last, first, rtol=1e-12, what="a gradient that is asked for again")
        singles = [checked(student, dy[n : n + 1], x[n : n + 1], w, stride, pad) for n in range(len(x))]
        with np.errstate(all="ignore"):
            gaps = [
                np.concatenate([s[0] for s in singles]) - dx,
                sum(s[1] for s in singles) - dw,
                sum(s[2] for s in singles) - db,
            ]
        for gap, name in zip(gaps, NAMES, strict=True):
            close(gap, np.zeros(gap.shape), atol=1e-9, what=f"{name} image by image minus {name} of the batch")
        for answer, exact, name in zip((dx, dw, db), wanted, NAMES, strict=True):
            close(answer, exact, what=name)
    for stride, pad in (((1, 1), (0, 0)), ((2, 1), (1, 2))):
        dy, x, w = draw(rng, (7, 5), (3, 2), stride, pad)
        for order in ORDERS:
            answer = student.run(called_with_views, "conv2d_backward", [dy, x, w], order, stride, pad)
            answers = unpack(answer, 3)
            for answer, exact, name in zip(answers, expected(dy, x, w, stride, pad), NAMES, strict=True):
                close(answer, exact, what=f"{name} for views, whose axes lie in another order in memory")
