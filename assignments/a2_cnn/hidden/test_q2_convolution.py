"""Question 2: convolution over one, two and three axes. The oracle is torch's convolution in float64."""

import numpy as np
import pytest
import torch

from grader.testing import array, close

pytestmark = pytest.mark.question("q2")

CONV = {1: torch.nn.functional.conv1d, 2: torch.nn.functional.conv2d, 3: torch.nn.functional.conv3d}


def expected(x, w, b, stride=1, pad=0, dilation=1):
    tensors = [None if a is None else torch.from_numpy(np.asarray(a, dtype=np.float64)) for a in (x, w, b)]
    return CONV[x.ndim - 2](*tensors, stride=stride, padding=pad, dilation=dilation).numpy()


def by_hand(x, w, b, stride, pad, dilation):
    """The formula of the text, entry by entry, in two dimensions."""
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    ho = (H + 2 * pad[0] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    wo = (W + 2 * pad[1] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    y = np.zeros((N, F, ho, wo))
    for n, f, i, j in np.ndindex(*y.shape):
        total = b[f]
        for c, t, u in np.ndindex(C, kh, kw):
            row, column = i * stride[0] + t * dilation[0] - pad[0], j * stride[1] + u * dilation[1] - pad[1]
            if 0 <= row < H and 0 <= column < W:
                total += w[f, c, t, u] * x[n, c, row, column]
        y[n, f, i, j] = total
    return y


def geometry(rng, axes):
    """Kernel, stride, pad, dilation and size for `axes` axes, all different where they can be."""
    kernel = rng.permutation([1, 2, 3, 4])[:axes]
    stride, dilation = rng.permutation([1, 2, 3])[:axes], rng.permutation([1, 2, 3])[:axes]
    pad = rng.permutation([0, 1, 2])[:axes]
    room = rng.permutation([1, 3, 4, 6] if axes < 3 else [1, 2, 4])[:axes]
    size = np.maximum(dilation * (kernel - 1) + 1 - 2 * pad, 1) + room
    return tuple(tuple(int(v) for v in values) for values in (size, kernel, stride, pad, dilation))


def signals(rng, size, kernel, N=2, C=3, F=4):
    return rng.normal(size=(N, C, *size)), rng.normal(size=(F, C, *kernel)), rng.normal(size=F)


KINDS = (np.float64, np.float32, np.int64)


def mixtures(rng, *arrays):
    """Numbers in these shapes, every dtype of x beside every dtype of w and b; and the dtype of the result.

    Whole ones for an x of float32, and else with fractions, which float32 would round. Without an x of float32 beside
    something wider, where NumPy makes float64 by itself: no mark hangs on that.
    """
    for data in (*KINDS, np.float16):
        for others in ([a, b] for a in KINDS for b in KINDS if data is not np.float32 or a is b is np.float32):
            x, w, b = (
                (rng.integers(-99, 100, size=a.shape) / (1 if np.float32 is data else 7)).astype(dtype)
                for a, dtype in zip(arrays, (data, *others), strict=True)
            )
            yield (x, w, b), np.float32 if data is np.float32 else np.float64


def channels_last(nb, x, w, b):
    return nb.conv_nd_forward(x.transpose(0, 3, 1, 2), w.transpose(0, 3, 1, 2), b)


def check(student, x, w, b, stride=1, pad=0, dilation=1, what=""):
    answer = student.conv_nd_forward(x, w, b, stride, pad, dilation)
    close(answer, expected(x, w, b, stride, pad, dilation), what=what or f"a convolution over {x.ndim - 2} axes")


@pytest.mark.points(
    0.9,
    hint="The result is (N, F, *S'), float32 for an x of float32 and float64 for every other x, whatever w and b are; "
    "x, w and b stay as they are.",
)
def test_shapes_and_dtypes_of_a_convolution(student, rng):
    for axes in (1, 2, 3):
        x, w, b = signals(rng, (7, 6, 5)[:axes], (3, 2, 4)[:axes])
        shape = expected(x, w, b, 2, 1).shape
        with student.pure(), student.forbids("aten::*", "numpy.convolve", "numpy.correlate"):
            array(student.conv_nd_forward(x, w, b, 2, 1), shape=shape, dtype=np.float64, what="conv_nd_forward")
            array(student.conv_nd_forward(x, w, None, stride=2, pad=1), shape=shape, dtype=np.float64, what="without b")
            singles = [a.astype(np.float32) for a in (x, w, b)]
            answer = student.conv_nd_forward(*singles, 2, 1)
            array(answer, shape=shape, dtype=np.float32, what="conv_nd_forward of float32")
            close(answer, expected(x, w, b, 2, 1).astype(np.float32), atol=1e-5, what="conv_nd_forward of float32")
        for mixed, dtype in mixtures(rng, x, w, b):
            what = "conv_nd_forward of " + ", ".join(str(a.dtype) for a in mixed)
            answer = student.conv_nd_forward(*mixed, 2, 1)
            close(answer, expected(*mixed, 2, 1).astype(dtype), dtype="exact", what=what)


@pytest.mark.points(
    1.6,
    hint="Write the sum over c, t and u as plain loops and compare: which pixel does entry (t, u) of the kernel meet "
    "at place (i, j)? Rows and columns may have different strides, paddings and dilations.",
)
def test_images(student, rng):
    for sizes in [{"N": 2, "C": 3, "F": 4}, {"N": 4, "C": 2, "F": 3}, {"N": 3, "C": 4, "F": 2}] * 6:
        size, kernel, stride, pad, dilation = geometry(rng, 2)
        check(student, *signals(rng, size, kernel, **sizes), stride, pad, dilation)
    for stride, pad, dilation in [(1, 0, 1), (2, 1, 1), (3, 2, 2), ((2, 3), (2, 1), 1), (1, (0, 2), (2, 1))]:
        check(student, *signals(rng, (9, 8), (3, 2)), stride, pad, dilation)
        check(student, *signals(rng, (7, 7), (3, 3), 3, 3, 3), stride, pad, dilation)
    x, w, b = signals(rng, (5, 5), (3, 3), 3, 3, 3)
    close(student.conv_nd_forward(x, w, b), expected(x, w, b), what="a convolution in which all sizes are equal")
    close(student.conv_nd_forward(x, w, b, dilation=2), expected(x, w, b, dilation=2), what="a convolution, dilation 2")
    x, w, b = signals(rng, (4, 3), (2, 3), 2, 2, 2)
    close(student.conv_nd_forward(x, w, b, (2, 1), (1, 2), (1, 2)), by_hand(x, w, b, (2, 1), (1, 2), (1, 2)))
    x, w, b = signals(rng, (6, 5), (3, 2))
    answer = student.run(channels_last, np.moveaxis(x, 1, -1).copy(), np.moveaxis(w, 1, -1).copy(), b)
    close(answer, expected(x, w, b), what="a convolution of views, channels last in memory")


@pytest.mark.points(
    0.75, hint="One axis: x is (N, C, L), w is (F, C, K). A stride may be an int or a tuple of one int."
)
def test_sounds(student, rng):
    for sizes in [{"N": 2, "C": 3, "F": 4}, {"N": 3, "C": 4, "F": 2}] * 8:
        size, kernel, stride, pad, dilation = geometry(rng, 1)
        check(student, *signals(rng, size, kernel, **sizes), stride, pad, dilation)
    check(student, *signals(rng, (8,), (3,), 3, 4, 4), 2, 1, 2)
    check(student, *signals(rng, (8,), (3,), 6, 2, 6), what="a convolution over 1 axis")


@pytest.mark.points(
    0.8, hint="Three axes: depth, height and width, each with its own kernel size, stride, padding and dilation."
)
def test_films(student, rng):
    for sizes in [{"N": 2, "C": 3, "F": 4}, {"N": 3, "C": 2, "F": 3}] * 5:
        size, kernel, stride, pad, dilation = geometry(rng, 3)
        check(student, *signals(rng, size, kernel, **sizes), stride, pad, dilation)
    check(student, *signals(rng, (5, 5, 5), (3, 3, 3), 3, 3, 3), 1, 1, 1)
    check(student, *signals(rng, (6, 5, 7), (2, 3, 3), 1, 2, 3), 2, 1, 1)


@pytest.mark.points(
    0.75,
    hint="Try a 1x1 kernel, a kernel as large as the image, a stride longer than the kernel, a stride that leaves rows "
    "over, a single image with a single channel. A kernel fits if (K - 1) d + 1 pixels do, along every axis: if it is "
    "larger by one, there is no place for it.",
)
def test_corners_of_a_convolution(student, rng):
    cases = [
        ((5, 4), (1, 1), 1, 0, 1),
        ((5, 4), (1, 1), (2, 3), (1, 0), 1),
        ((4, 6), (4, 6), 1, 0, 1),
        ((4, 6), (4, 6), (3, 2), (1, 2), 1),
        ((9, 8), (2, 1), (4, 3), 0, 1),
        ((8, 9), (3, 3), 2, 0, 1),
        ((9, 11), (3, 2), (5, 4), (2, 1), 1),
        ((1, 1), (2, 3), 1, (1, 2), 1),
        ((2, 1), (3, 3), 1, 1, 1),
    ]
    for size, kernel, stride, pad, dilation in cases:
        check(student, *signals(rng, size, kernel), stride, pad, dilation)
        x, w, b = signals(rng, size, kernel, 1, 1, 1)
        check(student, x, w, b, stride, pad, dilation, what="a convolution of one image with one channel")
        check(student, x, w, None, stride, pad, dilation, what="a convolution of one image without b")
    too_large = [  # by one or more pixels, along one axis or all, by itself or with its gaps
        ((2,), (3,), 1, 0, 1),
        ((2,), (3,), 2, 0, 1),
        ((2,), (5,), 3, 1, 1),
        ((4,), (3,), 1, 0, 2),
        ((3,), (3,), (2,), 0, (2,)),
        ((5,), (4,), 1, 1, 3),
        ((4, 5), (5, 2), 1, 0, 1),
        ((5, 3), (2, 6), 2, (0, 1), 1),
        ((6, 4), (2, 3), (1, 3), 0, (1, 2)),
        ((4, 4), (3, 3), 1, 0, 2),
        ((3, 3), (2, 2), 1, 0, 4),
        ((4, 5, 3), (2, 2, 4), (1, 2, 3), 0, 1),
        ((4, 4, 4), (2, 3, 2), 1, 0, (1, 2, 3)),
    ]
    for size, kernel, stride, pad, dilation in too_large:
        x, w, b = signals(rng, size, kernel)
        with student.raises(ValueError, what="conv_nd_forward for a kernel that does not fit"):
            student.conv_nd_forward(x, w, b, stride, pad, dilation)


@pytest.mark.points(
    0.6,
    hint="Integers are made floats before anything is added: small integers overflow, integers hold no fraction.",
)
def test_integers(student, rng):
    for dtype in (np.uint8, np.int8, np.int64):
        top = min(int(np.iinfo(dtype).max), 1000)
        x = rng.integers(top // 2, top, size=(2, 3, 6, 5)).astype(dtype)
        w, b = rng.integers(1, 9, size=(4, 3, 3, 2)), np.arange(4)
        check(student, x, w.astype(dtype), b.astype(dtype), 2, 1, what="a convolution of integers")
        check(student, x, w / 7, b / 3, what="a convolution of an image of integers")


@pytest.mark.points(
    0.9, hint="A kernel that is 1 in one entry and 0 elsewhere moves the image. In which direction, and what comes in?"
)
def test_a_kernel_with_a_single_one_is_a_shift(student, rng):
    N, C, size = 2, 3, (4, 6, 5)
    for axes in (1, 2, 3):
        x, K = rng.normal(size=(N, C, *size[:axes])), (3, 5, 3)[:axes]
        for dilation in (1, 2):
            pad = tuple(dilation * (k // 2) for k in K)
            for _ in range(3):
                tap = tuple(int(rng.integers(k)) for k in K)
                w = np.zeros((C, C, *K))
                order = rng.permutation(C)
                w[(np.arange(C), order, *tap)] = 1.0
                wanted = np.zeros_like(x)
                here, there = [], []
                for t, p, n in zip(tap, pad, size, strict=False):
                    by = min(max(t * dilation - p, -n), n)
                    here.append(slice(max(-by, 0), n - max(by, 0)))
                    there.append(slice(max(by, 0), n - max(-by, 0)))
                wanted[(..., *here)] = x[:, order][(..., *there)]
                answer = student.conv_nd_forward(x, w, None, 1, pad, dilation)
                close(answer, wanted, what=f"a convolution with a single 1, over {axes} axes")


@pytest.mark.points(
    0.9, hint="Twice the image gives twice the maps; the kernel of a sum is the sum of the kernels; b is added once."
)
def test_it_is_linear_in_the_image_and_in_the_kernel(student, rng):
    for axes in (1, 2, 3):
        size, kernel, stride, pad, dilation = geometry(rng, axes)
        (x, w, b), (x2, w2, _) = signals(rng, size, kernel), signals(rng, size, kernel)
        a, shape = float(rng.uniform(2.0, 3.0)), expected(x, w, b, stride, pad, dilation).shape

        def ask(x, w, b, shape=shape, settings=(stride, pad, dilation)):
            return array(student.conv_nd_forward(x, w, b, *settings), shape=shape, dtype="float", what="the result")

        with np.errstate(all="ignore"):
            plain, other = ask(x, w, None), ask(x2, w, None)
            close(ask(a * x + x2, w, None) - a * plain - other, np.zeros(shape), atol=1e-9, what="linearity in x")
            gap = ask(x, a * w + w2, None) - a * plain - ask(x, w2, None)
            close(gap, np.zeros(shape), atol=1e-9, what="linearity in w")
            spread = np.broadcast_to(b.reshape(-1, *(1 for _ in size)), shape)
            close(ask(x, w, b) - plain, spread, atol=1e-9, what="what b adds")
            close(ask(0 * x, w, b), spread.copy(), what="the maps of a black image")
        check(student, x, w, b, stride, pad, dilation)


@pytest.mark.points(
    0.9,
    hint="Moving the image by a stride moves the maps by one place, for every axis; only at the border it may differ.",
)
def test_moving_the_image_moves_the_maps(student, rng):
    for axes in (1, 2, 3):
        _, kernel, stride, _, dilation = geometry(rng, axes)
        size = tuple(d * (k - 1) + 1 + 3 * s + 1 for k, s, d in zip(kernel, stride, dilation, strict=True))
        x, w, b = signals(rng, size, kernel)
        for axis in range(axes):
            before = array(student.conv_nd_forward(x, w, b, stride, 0, dilation), what="the result")
            moved = np.roll(x, stride[axis], axis=2 + axis)
            after = array(
                student.conv_nd_forward(moved, w, b, stride, 0, dilation), shape=before.shape, what="the result"
            )
            shape = expected(x, w, b, stride, 0, dilation).shape
            array(after, shape=shape, what="the result")
            inner = [slice(None)] * (axis + 2)
            with np.errstate(all="ignore"):
                gap = after[(*inner, slice(1, None))] - before[(*inner, slice(None, -1))]
            close(gap, np.zeros(gap.shape), atol=1e-9, what="the maps of a moved image minus the moved maps")
        check(student, x, w, b, stride, 0, dilation)


@pytest.mark.points(
    0.9, hint="A sound is an image of height 1, an image is a film of one frame: the same numbers must come out."
)
def test_fewer_axes_are_axes_of_length_one(student, rng):
    for axes in (1, 2):
        size, kernel, stride, pad, dilation = geometry(rng, axes)
        x, w, b = signals(rng, size, kernel)
        low = student.conv_nd_forward(x, w, b, stride, pad, dilation)
        close(low, expected(x, w, b, stride, pad, dilation), what=f"a convolution over {axes} axes")
        for at in range(axes + 1):
            x2, w2 = np.expand_dims(x, 2 + at), np.expand_dims(w, 2 + at)
            more = [(*v[:at], one, *v[at:]) for v, one in ((stride, 3), (pad, 0), (dilation, 2))]
            high = student.conv_nd_forward(x2, w2, b, *more)
            close(
                high, np.expand_dims(expected(x, w, b, stride, pad, dilation), 2 + at), what="with an axis of length 1"
            )
