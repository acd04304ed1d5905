"""Question 4: im2col, its adjoint, and a fast convolution. Expected values by loops; the convolution is torch's."""

import numpy as np
import pytest
import torch

from grader.testing import array, bounded, close, number, same, unpack

pytestmark = pytest.mark.question("q4")

CASES = [  # size, kernel, stride, pad
    ((5, 6), (3, 2), 1, 0),
    ((4, 6), (2, 3), 1, 1),
    ((7, 5), (3, 2), 2, 1),
    ((6, 7), (2, 4), 2, 2),
    ((8, 7), (3, 3), 3, 1),
    ((5, 4), (2, 2), 1, 2),
]


def places(size, kernel, stride, pad):
    return tuple((n + 2 * pad - k) // stride + 1 for n, k in zip(size, kernel, strict=True))


def sources(shape, kernel, stride, pad):
    """For each entry of cols the index of its pixel in x.ravel(), and -1 for the padding."""
    N, C, H, W = shape
    ho, wo = places((H, W), kernel, stride, pad)
    index = np.full((N * ho * wo, C * kernel[0] * kernel[1]), -1)
    for row, (n, i, j) in enumerate(np.ndindex(N, ho, wo)):
        for column, (c, t, u) in enumerate(np.ndindex(C, *kernel)):
            r, s = i * stride + t - pad, j * stride + u - pad
            if 0 <= r < H and 0 <= s < W:
                index[row, column] = ((n * C + c) * H + r) * W + s
    return index


def gathered(x, index):
    return np.where(index >= 0, x.ravel()[index], 0.0)


def scattered(cols, shape, index):
    flat = np.zeros(int(np.prod(shape)))
    np.add.at(flat, index[index >= 0], cols[index >= 0])
    return flat.reshape(shape)


def convolution(x, w, b, stride, pad):
    tensors = [None if a is None else torch.from_numpy(np.asarray(a, dtype=np.float64)) for a in (x, w, b)]
    return torch.nn.functional.conv2d(*tensors, stride=stride, padding=pad).numpy()


def some_cases(rng):
    """Shapes (N, C, H, W) with a geometry: those of the list, random ones, and one with equal sizes."""
    counts = [(2, 3), (3, 2), (4, 1), (1, 4)]
    for number_, (size, kernel, stride, pad) in enumerate(CASES):
        yield (*counts[number_ % 4], *size), kernel, stride, pad
    for _ in range(6):
        kernel, stride, pad = rng.integers(1, 5, size=2), int(rng.integers(1, 4)), int(rng.integers(0, 3))
        size = np.maximum(kernel - 2 * pad, 1) + rng.permutation([1, 2, 4, 5])[:2]
        yield (2, 3, *size.tolist()), tuple(kernel.tolist()), stride, pad
    yield (3, 3, 3, 3), (3, 3), 1, 1
    yield (2, 2, 4, 4), (2, 2), 2, 0


def written_over(nb, x, kh, kw):
    """im2col of x, x after zeros were written into it, and whether the two share memory."""
    cols = nb.im2col(x, kh, kw, 1, 0)
    answer, shared = np.array(cols), bool(np.shares_memory(cols, x))
    cols[...] = 0
    return answer, x, shared


@pytest.mark.points(
    0.8,
    hint="Shapes are those of the table, float32 stays float32 and everything else becomes float64; arguments stay as "
    "they are, and so does the image when somebody writes into the matrix.",
)
def test_shapes_and_dtypes_of_im2col_and_results_are_copies(student, rng):
    shape, kernel, stride, pad = (2, 3, 7, 6), (3, 2), 2, 1
    x, w, b = rng.normal(size=shape), rng.normal(size=(4, 3, *kernel)), rng.normal(size=4)
    ho, wo = places(shape[2:], kernel, stride, pad)
    rows, columns = 2 * ho * wo, 3 * kernel[0] * kernel[1]
    cols, whole = rng.normal(size=(rows, columns)), rng.integers(-5, 6, size=shape)
    with student.pure(), student.forbids("aten::*", "numpy.convolve", "numpy.correlate"):
        for dtype in (np.float64, np.float32):
            answer = student.im2col(x.astype(dtype), *kernel, stride, pad)
            array(answer, shape=(rows, columns), dtype=dtype, what="im2col")
            array(
                student.col2im(cols.astype(dtype), shape, *kernel, stride, pad), shape=shape, dtype=dtype, what="col2im"
            )
            answer = student.conv2d_fast(*(a.astype(dtype) for a in (x, w, b)), stride, pad)
            array(answer, shape=(2, 4, ho, wo), dtype=dtype, what="conv2d_fast")
            precision = {} if dtype is np.float64 else {"atol": 1e-5}
            close(answer, convolution(x, w, b, stride, pad).astype(dtype), what="conv2d_fast", **precision)
        wanted = gathered(whole.astype(float), sources(shape, kernel, stride, pad))
        close(student.im2col(whole, *kernel, stride, pad), wanted, what="im2col of integers")
        answer = student.conv2d_fast(whole, w, None, stride, pad)
        close(answer, convolution(whole, w, None, stride, pad), what="conv2d_fast of integers")
    for shape, kernel in [
        ((1, 1, 4, 5), (1, 1)),
        ((3, 2, 1, 1), (1, 1)),
        ((1, 2, 4, 3), (4, 3)),
        ((2, 1, 3, 5), (3, 1)),
    ]:
        x = rng.normal(size=shape)
        answer, after, shared = unpack(student.run(written_over, x, *kernel), 3)
        close(answer, gathered(x, sources(shape, kernel, 1, 0)), what="im2col")
        close(after, x, rtol=0.0, atol=0.0, what="the image after the matrix was written over")
        same(shared, False, what="whether the matrix and the image share memory")


@pytest.mark.points(
    1.4,
    hint="Print im2col of np.arange(24.0).reshape(2, 2, 2, 3): which number stands in row (n, i, j), column (c, t, u)? "
    "Bring the axes in this order first, then reshape.",
)
def test_order_of_rows_and_columns(student, rng):
    for shape, kernel, stride, pad in some_cases(rng):
        x = rng.permutation(np.arange(1.0, 1.0 + np.prod(shape))).reshape(shape)
        answer = student.im2col(x, *kernel, stride, pad)
        close(answer, gathered(x, sources(shape, kernel, stride, pad)), what=f"im2col of {shape} with kernel {kernel}")


@pytest.mark.points(
    1.4,
    hint="The product has a row for each place and a column for each map. Give it four axes in the order it has, and "
    "then move the maps to the front.",
)
def test_fast_convolution_is_the_convolution(student, rng):
    for shape, kernel, stride, pad in some_cases(rng):
        for F in (5, places(shape[2:], kernel, stride, pad)[1]):
            x, w, b = rng.normal(size=shape), rng.normal(size=(F, shape[1], *kernel)), rng.normal(size=F)
            what = f"conv2d_fast of {shape} with {F} kernels of {kernel}"
            close(student.conv2d_fast(x, w, b, stride, pad), convolution(x, w, b, stride, pad), what=what)
        close(student.conv2d_fast(x, w, None, stride, pad), convolution(x, w, None, stride, pad), what="without b")


@pytest.mark.points(
    2.0,
    hint="Every entry of cols is added to the pixel that im2col copies it from; what came from the padding is dropped. "
    "Test it with sum(im2col(x) * c) == sum(x * col2im(c)).",
)
def test_col2im_is_the_adjoint_of_im2col(student, rng):
    for shape, kernel, stride, pad in some_cases(rng):
        index = sources(shape, kernel, stride, pad)
        cols, x = rng.normal(size=index.shape), rng.normal(size=shape)
        back = array(student.col2im(cols, shape, *kernel, stride, pad), shape=shape, dtype="float", what="col2im")
        close(back, scattered(cols, shape, index), what=f"col2im to {shape} with kernel {kernel} and stride {stride}")
        forth = array(student.im2col(x, *kernel, stride, pad), shape=index.shape, dtype="float", what="im2col")
        with np.errstate(all="ignore"):
            gap = float(np.sum(forth * cols) - np.sum(x * back))
        close(gap, 0.0, atol=1e-10 * cols.size, what="sum(im2col(x) * c) - sum(x * col2im(c))")


@pytest.mark.points(
    1.2,
    hint="Try one image, one channel, a 1x1 kernel, a kernel as large as the image, a stride that jumps over pixels or "
    "leaves rows over.",
)
def test_corners_of_im2col(student, rng):
    for shape, kernel, stride, pad in [
        ((1, 1, 4, 5), (1, 1), 1, 0),
        ((1, 3, 5, 4), (1, 1), 2, 1),
        ((3, 1, 4, 6), (4, 6), 1, 0),
        ((2, 3, 9, 8), (2, 1), 4, 0),
        ((1, 2, 8, 9), (3, 3), 4, 0),
        ((2, 3, 1, 1), (3, 2), 1, 1),
        ((1, 4, 2, 7), (2, 3), 3, 0),
        ((2, 2, 11, 7), (3, 2), 5, 2),
    ]:
        index, F = sources(shape, kernel, stride, pad), 3
        x, cols = rng.normal(size=shape), rng.normal(size=index.shape)
        w, b = rng.normal(size=(F, shape[1], *kernel)), rng.normal(size=F)
        what = f"with kernel {kernel} and stride {stride} on {shape}"
        close(student.im2col(x, *kernel, stride, pad), gathered(x, index), what=f"im2col {what}")
        back = student.col2im(cols, shape, *kernel, stride, pad)
        close(back, scattered(cols, shape, index), what=f"col2im {what}")
        for bias in (b, None):
            answer = student.conv2d_fast(x, w, bias, stride, pad)
            close(answer, convolution(x, w, bias, stride, pad), what=f"conv2d_fast {what}")


@pytest.mark.points(
    0.4, hint="col2im(im2col(x)) multiplies each pixel by the number of patches that it is in, be it 0, 1 or many."
)
def test_there_and_back_counts_the_patches(student, rng):
    for shape, kernel, stride, pad in some_cases(rng):
        x, index = rng.normal(size=shape), sources(shape, kernel, stride, pad)
        cols = array(student.im2col(x, *kernel, stride, pad), shape=index.shape, dtype="float", what="im2col")
        counts = scattered(np.ones(index.shape), shape, index)
        close(student.col2im(cols, shape, *kernel, stride, pad), x * counts, what="col2im(im2col(x))")
        ones = student.col2im(np.ones(index.shape), shape, *kernel, stride, pad)
        close(ones, counts, what="col2im of a matrix of ones")


def timed(nb, wide, deep, large):
    """Processor seconds of each function on many places with few channels and on few places with many; and of a "
    "layer."""
    import time

    def seconds(function, *args):
        start = time.process_time()
        result = function(*args)
        return time.process_time() - start, result

    def both_ways(x, w):
        cols_took, cols = seconds(nb.im2col, x, 3, 3, 1, 1)
        back_took, _ = seconds(nb.col2im, cols, x.shape, 3, 3, 1, 1)
        fast_took, y = seconds(nb.conv2d_fast, x, w, None, 1, 1)
        return [cols_took, back_took, fast_took], y

    rounds = [(both_ways(*wide), both_ways(*deep)) for _ in range(6)]
    times = np.array([[one[0], other[0]] for one, other in rounds])  # (rounds, 2, 3)
    whole, answer = seconds(nb.conv2d_fast, *large, 1, 1)
    return times[1:].min(axis=0), rounds[-1][0][1], rounds[-1][1][1], whole, answer


@pytest.mark.points(
    0.8,
    hint="No Python loop over places: let slices or sliding_window_view take all places at once, and loop over the "
    "entries of the kernel at most.",
)
def test_no_loop_over_places(student, rng):
    wide = rng.normal(size=(32, 2, 32, 32)), rng.normal(size=(4, 2, 3, 3))  # 32768 places of 18 numbers
    deep = rng.normal(size=(4, 64, 16, 16)), rng.normal(size=(4, 64, 3, 3))  # 1024 places of 576 numbers
    large = rng.normal(size=(32, 16, 32, 32)), rng.normal(size=(32, 16, 3, 3)), rng.normal(size=32)
    with student.limit(call_s=20):
        times, on_wide, on_deep, whole, answer = unpack(student.run(timed, wide, deep, large), 5)
    close(on_wide, convolution(*wide, None, 1, 1), rtol=1e-7, what="conv2d_fast of many places")
    close(on_deep, convolution(*deep, None, 1, 1), rtol=1e-7, what="conv2d_fast of many channels")
    close(answer, convolution(*large, 1, 1), rtol=1e-7, atol=1e-9, what="conv2d_fast of a large batch")
    bounded(number(whole, what="the time"), high=2.0, says="conv2d_fast of a large batch takes more than 2 s")
    times = array(times, shape=(2, 3), dtype="float", what="the times")
    for name, many, few in zip(("im2col", "col2im", "conv2d_fast"), *times, strict=True):
        says = f"{name} takes far longer for many places with few channels than for few places with many channels"
        bounded(float(many) / max(float(few), 1e-3), high=5.0, says=says)
