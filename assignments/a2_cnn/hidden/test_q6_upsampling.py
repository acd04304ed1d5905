"""Question 6: transposed convolution and upsampling. Oracles: torch's transposed convolution, loops, the adjoint "
"law."""

import numpy as np
import pytest
import torch

from grader.testing import array, close

pytestmark = pytest.mark.question("q6")

CASES = [  # size, kernel, stride, pad, output padding
    ((4, 3), (2, 3), 1, 0, 0),
    ((3, 5), (3, 2), 2, 0, 0),
    ((5, 4), (3, 2), 2, 1, 1),
    ((3, 4), (4, 5), 2, 1, 0),
    ((4, 2), (2, 4), 3, 1, 2),
    ((5, 3), (3, 4), 1, 1, 0),
    ((2, 3), (5, 4), 3, 2, 1),
    ((4, 5), (1, 2), 3, 2, 0),
]


def expected(x, w, b, stride, pad, output_padding=0):
    tensors = [None if a is None else torch.from_numpy(np.asarray(a, dtype=np.float64)) for a in (x, w, b)]
    answer = torch.nn.functional.conv_transpose2d(*tensors, stride=stride, padding=pad, output_padding=output_padding)
    return answer.numpy()


def convolution(z, w, stride, pad):
    return torch.nn.functional.conv2d(*(torch.from_numpy(a) for a in (z, w)), stride=stride, padding=pad).numpy()


def draw(rng, size, kernel, N=2, C=3, F=4):
    return rng.normal(size=(N, C, *size)), rng.normal(size=(C, F, *kernel)), rng.normal(size=F)


def blocks(x, s):
    N, C, H, W = x.shape
    y = np.empty((N, C, s * H, s * W))
    for i, j in np.ndindex(s * H, s * W):
        y[:, :, i, j] = x[:, :, i // s, j // s]
    return y


@pytest.mark.points(
    0.7,
    hint="Shapes are those of the table; float32 stays float32, integers become float64, and x alone decides, not w or "
    "b; x, w, b and dy stay as they are.",
)
def test_shapes_and_dtypes_of_upsampling(student, rng):
    x, w, b = draw(rng, (3, 5), (3, 2))
    dy, shape = rng.normal(size=(2, 3, 6, 8)), (2, 4, 6, 9)
    with student.pure(), student.forbids("aten::*", "numpy.convolve", "numpy.correlate"):
        for dtype in (np.float64, np.float32):
            singles = [a.astype(dtype) for a in (x, w, b)]
            answer = student.conv_transpose2d(*singles, 2, 1, 1)
            array(answer, shape=shape, dtype=dtype, what="conv_transpose2d")
            precision = {} if dtype is np.float64 else {"atol": 1e-5}
            close(answer, expected(x, w, b, 2, 1, 1).astype(dtype), what="conv_transpose2d", **precision)
            array(student.upsample_nearest(singles[0], 3), shape=(2, 3, 9, 15), dtype=dtype, what="upsample_nearest")
            back = student.upsample_nearest_backward(dy.astype(dtype), 2)
            array(back, shape=(2, 3, 3, 4), dtype=dtype, what="upsample_nearest_backward")
        whole = [rng.integers(100, 256, size=a.shape).astype(np.uint8) for a in (x, w, b)]
        close(student.conv_transpose2d(*whole, 2, 1), expected(*whole, 2, 1), what="conv_transpose2d of integers")
        close(student.conv_transpose2d(whole[0], w, None, 2, 1), expected(whole[0], w, None, 2, 1), what="of integers")
        kinds = np.float64, np.float32, np.int64
        for mixture in [(data, a, b) for data in (*kinds, np.float16) for a in kinds for b in kinds]:
            if mixture[0] is np.float32 and set(mixture) != {np.float32}:
                continue  # NumPy makes float64 of these by itself: no mark hangs on that
            mixed = [
                rng.integers(-9, 10, size=a.shape).astype(kind) for a, kind in zip((x, w, b), mixture, strict=True)
            ]
            wanted = expected(*mixed, 2, 1, 1).astype(np.float32 if mixture[0] is np.float32 else np.float64)
            what = "conv_transpose2d of " + ", ".join(str(a.dtype) for a in mixed)
            close(student.conv_transpose2d(*mixed, 2, 1, 1), wanted, dtype="exact", what=what)
        for kind in (np.uint8, np.float16):
            wide = blocks(whole[0], 2)
            answer = student.upsample_nearest(whole[0].astype(kind), 2)
            close(answer, wide, dtype="exact", what=f"upsample_nearest of {kind.__name__}")
            back = student.upsample_nearest_backward(wide.astype(kind), 2)
            close(back, 4.0 * whole[0], dtype="exact", what=f"upsample_nearest_backward of {kind.__name__}")


@pytest.mark.points(
    1.75,
    hint="Start with zeros of the size before cutting; pixel (i, j) adds its kernel at (i s, j s); then cut p from "
    "every side, then add b once.",
)
def test_transposed_convolution(student, rng):
    for size, kernel, stride, pad, _ in CASES:
        for counts in ({"N": 2, "C": 3, "F": 4}, {"N": 4, "C": 2, "F": 3}, {"N": 3, "C": 4, "F": 2}):
            x, w, b = draw(rng, size, kernel, **counts)
            answer = student.conv_transpose2d(x, w, b, stride, pad)
            close(answer, expected(x, w, b, stride, pad), what=f"conv_transpose2d with stride {stride} and pad {pad}")
        close(student.conv_transpose2d(x, w, None, stride, pad), expected(x, w, None, stride, pad), what="without b")
    for stride, pad in [(1, 1), (2, 1), (1, 0)]:
        x, w, b = draw(rng, (3, 3), (3, 3), 3, 3, 3)
        answer = student.conv_transpose2d(x, w, b, stride, pad)
        close(answer, expected(x, w, b, stride, pad), what="conv_transpose2d with all sizes equal")
    x, w, b = draw(rng, (3, 2), (2, 2), 2, 3, 4)
    close(student.conv_transpose2d(x, w, b, 2, 0), expected(x, w, b, 2, 0), what="conv_transpose2d with F = Wo")


@pytest.mark.points(
    0.7,
    hint="output_padding makes the large map longer at the bottom and at the right, before p is cut off on each side; "
    "b is added to all that is left.",
)
def test_output_padding(student, rng):
    for size, kernel, stride, pad in [((4, 3), (3, 2), 2, 0), ((3, 4), (2, 3), 2, 1), ((3, 2), (4, 2), 3, 1)]:
        x, w, b = draw(rng, size, kernel)
        for q in range(stride):
            for bias in (b, None):
                answer = student.conv_transpose2d(x, w, bias, stride, pad, output_padding=q)
                wanted = expected(x, w, bias, stride, pad, q)
                close(answer, wanted, what=f"conv_transpose2d with pad {pad} and output_padding {q}")


@pytest.mark.points(
    0.9,
    hint="With the same array w, sum(conv(z) * x) must be sum(z * conv_transpose2d(x)) for every image z and every x.",
)
def test_it_is_the_adjoint_of_the_convolution(student, rng):
    for size, kernel, stride, pad, q in CASES:
        x, w, _ = draw(rng, size, kernel)
        shape = expected(x, w, None, stride, pad, q).shape
        y = student.conv_transpose2d(x, w, None, stride, pad, q)
        y = array(y, shape=shape, dtype="float", what="conv_transpose2d")
        for _ in range(3):
            z = rng.normal(size=shape)
            with np.errstate(all="ignore"):
                mine = float(np.sum(z * y))
            close(mine, float(np.sum(convolution(z, w, stride, pad) * x)), atol=1e-9, what="the sum of z * convT(x)")


@pytest.mark.points(
    0.85,
    hint="A pixel was copied into s x s places: its gradient is the sum of what these places get, in its own block.",
)
def test_gradient_of_upsampling(student, rng):
    for shape, s in [((2, 3, 4, 5), 2), ((3, 2, 5, 4), 3), ((1, 4, 1, 2), 4), ((2, 2, 2, 2), 2), ((2, 3, 4, 5), 1)]:
        for _ in range(2):
            dy = rng.normal(size=(*shape[:2], shape[2] * s, shape[3] * s))
            wanted = np.zeros(shape)
            for i, j in np.ndindex(*dy.shape[2:]):
                wanted[:, :, i // s, j // s] += dy[:, :, i, j]
            sizes = {"the number of copies": s * s} if s > 1 else {}
            close(student.upsample_nearest_backward(dy, s), wanted, what="upsample_nearest_backward", factors=sizes)


@pytest.mark.points(
    0.65,
    hint="Try a single pixel, a 1x1 kernel, a stride longer than the kernel (the gaps hold b alone), one image with "
    "one channel.",
)
def test_corners_of_the_transposed_convolution(student, rng):
    for size, kernel, stride, pad, q in [
        ((1, 1), (3, 2), 2, 0, 0),
        ((1, 1), (4, 3), 1, 1, 0),
        ((1, 1), (1, 1), 4, 0, 3),
        ((4, 3), (1, 1), 1, 0, 0),
        ((4, 3), (1, 1), 3, 0, 2),
        ((3, 4), (2, 1), 4, 0, 3),
        ((3, 4), (2, 3), 4, 1, 2),
        ((5, 1), (3, 3), 1, 1, 0),
    ]:
        for counts in ({"N": 1, "C": 1, "F": 1}, {"N": 1, "C": 3, "F": 2}):
            x, w, b = draw(rng, size, kernel, **counts)
            answer = student.conv_transpose2d(x, w, b, stride, pad, q)
            close(answer, expected(x, w, b, stride, pad, q), what=f"conv_transpose2d of {size} with kernel {kernel}")


@pytest.mark.points(
    0.4, hint="1 2 becomes 1 1 2 2 and not 1 2 1 2; rows and columns alike; nothing in between is computed."
)
def test_upsampling_makes_blocks(student, rng):
    for shape, s in [((2, 3, 4, 5), 2), ((3, 2, 5, 4), 3), ((1, 1, 1, 1), 4), ((3, 3, 3, 3), 3), ((2, 3, 4, 5), 1)]:
        x = rng.normal(size=shape)
        close(student.upsample_nearest(x, s), blocks(x, s), what=f"upsample_nearest by {s}")


@pytest.mark.points(
    0.5,
    hint="On a map of ones with a kernel of ones each entry counts how many kernels reach it, in rows times columns.",
)
def test_ones_count_overlaps(student):
    for size, kernel, stride in [((4, 3), (3, 3), 2), ((3, 4), (2, 4), 1), ((3, 3), (2, 3), 4), ((5, 4), (4, 2), 2)]:
        sides = []
        for n, k in zip(size, kernel, strict=True):
            side = np.zeros((n - 1) * stride + k)
            for i in range(n):
                side[i * stride : i * stride + k] += 1
            sides.append(side)
        counts = np.broadcast_to(3 * np.outer(*sides), (2, 2, len(sides[0]), len(sides[1])))
        answer = student.conv_transpose2d(np.ones((2, 3, *size)), np.ones((3, 2, *kernel)), None, stride, 0)
        close(answer, counts.copy(), what="conv_transpose2d of ones with three channels")


@pytest.mark.points(
    0.55,
    hint="Upsampling by s is a transposed convolution with stride s and kernels of s x s ones, each map for itself; "
    "and its gradient gives s * s times the image when it is applied to the blocks.",
)
def test_upsampling_is_a_transposed_convolution(student, rng):
    for shape, s in [((2, 3, 4, 5), 2), ((1, 2, 3, 2), 3)]:
        x, b = rng.normal(size=shape), rng.normal(size=shape[1])
        w = np.zeros((shape[1], shape[1], s, s))
        w[np.arange(shape[1]), np.arange(shape[1])] = 1.0
        wide = (*shape[:2], shape[2] * s, shape[3] * s)
        up = array(student.upsample_nearest(x, s), shape=wide, dtype="float", what="upsample_nearest")
        plain = array(student.conv_transpose2d(x, w, None, s, 0), shape=wide, dtype="float", what="conv_transpose2d")
        lifted = array(student.conv_transpose2d(x, w, b, s, 0), shape=wide, dtype="float", what="conv_transpose2d")
        with np.errstate(all="ignore"):
            close(plain - up, np.zeros(wide), atol=1e-12, what="the transposed convolution minus the blocks")
            spread = np.broadcast_to(b[:, None, None], wide).copy()
            close(lifted - plain, spread, atol=1e-12, what="what b adds")
        close(student.upsample_nearest_backward(up, s), s * s * x, what="upsample_nearest_backward of the blocks")
