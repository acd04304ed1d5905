"""Question 4: im2col, its adjoint, and a fast convolution. Expected values by loops; the convolution is torch's."""

import numpy as np
import pytest
import torch
from memory_order import ORDERS, called_with_views

from grader.testing import array, close, integers, require, same, unpack

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
    for stride, pad in ((1, 0), (2, 0), (2, 1), (1, 1), (1, 0)):  # shapes that were there before, in another geometry
        yield (2, 3, 7, 6), (3, 2), stride, pad
    yield (3, 3, 3, 3), (3, 3), 1, 1
    yield (2, 2, 4, 4), (2, 2), 2, 0


def written_over(nb, x, kh, kw):
    """im2col of x, x after zeros were written into it, and whether the two share memory."""
    cols = nb.im2col(x, kh, kw, 1, 0)
    answer, shared = np.array(cols), bool(np.shares_memory(cols, x))
    if cols.flags.writeable:  # sliding_window_view makes views that are not
        cols[...] = 0
    return answer, x, shared


@pytest.mark.points(
    0.8,
    hint="Shapes are those of the table, float32 stays float32 and everything else becomes float64 (in conv2d_fast x "
    "alone decides, not w or b); arguments stay as they are, and so does the image when the matrix is written over.",
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
        index, sums = sources(shape, kernel, stride, pad), rng.integers(-99, 100, size=cols.shape)
        for kind in (np.int8, np.float16):
            answer = student.im2col(whole.astype(kind), *kernel, stride, pad)
            close(answer, gathered(whole.astype(float), index), dtype="exact", what=f"im2col of {kind.__name__}")
            answer = student.col2im(sums.astype(kind), shape, *kernel, stride, pad)
            close(answer, scattered(sums, shape, index), dtype="exact", what=f"col2im of {kind.__name__}")
        answer = student.conv2d_fast(whole, w, None, stride, pad)
        close(answer, convolution(whole, w, None, stride, pad), what="conv2d_fast of integers")
        kinds = np.float64, np.float32, np.int64
        for mixture in [(data, a, b) for data in (*kinds, np.float16) for a in kinds for b in kinds]:
            if mixture[0] is np.float32 and set(mixture) != {np.float32}:
                continue  # NumPy makes float64 of these by itself: no mark hangs on that
            mixed = [
                rng.integers(-9, 10, size=a.shape).astype(kind) for a, kind in zip((x, w, b), mixture, strict=True)
            ]
            wanted = convolution(*mixed, stride, pad).astype(np.float32 if mixture[0] is np.float32 else np.float64)
            what = "conv2d_fast of " + ", ".join(str(a.dtype) for a in mixed)
            close(student.conv2d_fast(*mixed, stride, pad), wanted, dtype="exact", what=what)
    for shape, kernel in [
        ((1, 1, 4, 5), (1, 1)),
        ((3, 2, 1, 1), (1, 1)),
        ((1, 2, 4, 3), (4, 3)),
        ((2, 1, 3, 5), (3, 1)),
    ]:
        for dtype in (np.float64, np.float32):  # one of them is what a conversion leaves as it is
            x = rng.normal(size=shape).astype(dtype)
            answer, after, shared = unpack(student.run(written_over, x, *kernel), 3)
            close(answer, gathered(x, sources(shape, kernel, 1, 0)).astype(dtype), what="im2col")
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
    x, w = rng.normal(size=(2, 3, 5, 4)), rng.normal(size=(4, 3, 3, 2))
    for pad in (0, 1):
        index = sources(x.shape, (3, 2), 1, pad)
        for order in ORDERS:
            cols = student.run(called_with_views, "im2col", [x], order, 3, 2, 1, pad)
            y = student.run(called_with_views, "conv2d_fast", [x, w], order, None, 1, pad)
            close(cols, gathered(x, index), what="im2col of a view, whose axes lie in another order in memory")
            close(y, convolution(x, w, None, 1, pad), what="conv2d_fast of views, whose axes lie in another order")


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


def counted(nb, small, large, w):
    """How many bytecodes of Python each function runs for a small and for a large image; and what it answers for large.

    What NumPy does in C is not counted, so that a machine that is busy changes nothing.
    """
    import sys

    def steps(function, *args):
        count = 0

        def watch(frame, event, arg):
            nonlocal count
            frame.f_trace_opcodes = True
            count += 1
            return watch

        before = sys.gettrace()
        sys.settrace(watch)
        try:
            answer = function(*args)
        finally:
            sys.settrace(before)
        return count, answer

    def both_ways(x):
        first, cols = steps(nb.im2col, x, 3, 3, 1, 1)
        second, back = steps(nb.col2im, cols, x.shape, 3, 3, 1, 1)
        third, y = steps(nb.conv2d_fast, x, w, None, 1, 1)
        return [first, second, third], [cols, back, y]

    both_ways(small)  # whatever is made once, at the first call
    few, _ = both_ways(small)
    many, answers = both_ways(large)
    return few, many, answers


@pytest.mark.points(
    0.8,
    hint="No Python loop over places: let slices or sliding_window_view take all places at once, and loop over the "
    "entries of the kernel at most.",
)
def test_no_loop_over_places(student, rng):
    w = rng.normal(size=(4, 2, 3, 3))
    for few_places, many_places in (((16, 3), (256, 3)), ((3, 16), (3, 256))):  # a loop over rows, one over columns
        small, large = (rng.normal(size=(1, 2, *size)) for size in (few_places, many_places))
        with student.limit(call_s=60):
            few, many, answers = unpack(student.run(counted, small, large, w), 3)
        index = sources(large.shape, (3, 3), 1, 1)
        cols = gathered(large, index)
        expected = cols, scattered(cols, large.shape, index), convolution(large, w, None, 1, 1)
        names = "im2col", "col2im", "conv2d_fast"
        few, many = (unpack(integers(steps, what="the steps"), 3) for steps in (few, many))
        for name, answer, wanted, n, m in zip(names, unpack(answers, 3), expected, few, many, strict=True):
            close(answer, wanted, rtol=1e-7, what=f"{name} of an image")
            says = f"{name} takes many more steps in Python for a larger image: there is a loop over places"
            require(0 < m <= 2 * n, says)
