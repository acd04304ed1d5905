"""Question 5: pooling with gradients. Expected values window by window, clipped at the border instead of padded."""

import numpy as np
import pytest
from memory_order import ORDERS

from grader.testing import array, close, unpack

pytestmark = pytest.mark.question("q5")

CASES = [  # size, window, stride, pad
    ((4, 6), (2, 2), (2, 2), (0, 0)),
    ((7, 6), (3, 2), (2, 2), (0, 0)),
    ((5, 6), (3, 3), (1, 1), (1, 1)),
    ((6, 5), (2, 3), (1, 2), (1, 2)),
    ((7, 9), (3, 4), (2, 3), (2, 1)),
    ((9, 8), (2, 1), (3, 4), (0, 0)),
    ((8, 7), (2, 3), (4, 1), (1, 0)),
    ((6, 9), (4, 2), (4, 2), (2, 1)),
]


def windows(shape, k, stride, pad):
    """Every place of the output with the part of the image that its window covers."""
    counts = [(n + 2 * p - a) // s + 1 for n, a, s, p in zip(shape[2:], k, stride, pad, strict=True)]
    for place in np.ndindex(*counts):
        first = [i * s - p for i, s, p in zip(place, stride, pad, strict=True)]
        yield place, tuple(slice(max(f, 0), min(f + a, n)) for f, a, n in zip(first, k, shape[2:], strict=True))


def pooled_size(size, k, stride, pad):
    return tuple((n + 2 * p - a) // s + 1 for n, a, s, p in zip(size, k, stride, pad, strict=True))


def maximum(x, dys, k, stride, pad):
    """y and dx for every dy; the first of equals takes everything."""
    y, dxs = np.zeros((*x.shape[:2], *pooled_size(x.shape[2:], k, stride, pad))), [np.zeros(x.shape) for _ in dys]
    for place, (rows, columns) in windows(x.shape, k, stride, pad):
        for n, c in np.ndindex(*x.shape[:2]):
            patch = x[n, c, rows, columns]
            row, column = np.unravel_index(np.argmax(patch), patch.shape)
            y[(n, c, *place)] = patch[row, column]
            for dx, dy in zip(dxs, dys, strict=True):
                dx[n, c, rows.start + row, columns.start + column] += dy[(n, c, *place)]
    return y, dxs


def average(x, dys, k, stride, pad, count_include_pad=False):
    y, dxs = np.zeros((*x.shape[:2], *pooled_size(x.shape[2:], k, stride, pad))), [np.zeros(x.shape) for _ in dys]
    for place, (rows, columns) in windows(x.shape, k, stride, pad):
        patch = x[:, :, rows, columns]
        pixels = k[0] * k[1] if count_include_pad else patch[0, 0].size
        y[(..., *place)] = patch.sum(axis=(2, 3)) / pixels
        for dx, dy in zip(dxs, dys, strict=True):
            dx[:, :, rows, columns] += dy[(..., *place)][:, :, None, None] / pixels
    return y, dxs


def both_ways(nb, name, x, dys, *geometry, **more):
    """y, and dx for every dy, all with one cache."""
    y, cache = getattr(nb, name + "_forward")(x, *geometry, **more)
    return y, [getattr(nb, name + "_backward")(dy, cache) for dy in dys]


def ask(student, name, x, dys, *geometry, **more):
    y, dxs = unpack(student.run(both_ways, name, x, dys, *geometry, **more), 2, what=name)
    return y, unpack(dxs, len(dys), what=name)


def draw(rng, size, k, stride, pad, N=2, C=3, times=2):
    """x without equal entries, and cotangents."""
    x = rng.normal(size=(N, C, *size))
    return x, [rng.normal(size=(N, C, *pooled_size(size, k, stride, pad))) for _ in range(times)]


def plateaus(rng, size, k, stride, pad, **counts):
    """Small integers: most windows have several largest pixels; some are all equal."""
    x, dys = draw(rng, size, k, stride, pad, **counts)
    x = np.round(x)
    x[0, 0] = -1.0
    return x, dys


@pytest.mark.points(
    0.9,
    hint="Shapes are those of the table; float32 stays float32, integers become float64; x and dy stay as they are.",
)
def test_shapes_and_dtypes_of_pooling(student, rng):
    geometry = (3, 2), (2, 1), (1, 1)
    x, dys = draw(rng, (7, 5), *geometry)
    y, dx = dys[0].shape, x.shape
    with student.pure(), student.forbids("aten::*", "numpy.convolve", "numpy.correlate"):
        for dtype in (np.float64, np.float32):
            typed = x.astype(dtype), [dy.astype(dtype) for dy in dys]
            for name in ("maxpool2d", "avgpool2d"):
                answer, gradients = ask(student, name, *typed, *geometry)
                array(answer, shape=y, dtype=dtype, what=f"y of {name}")
                array(gradients[0], shape=dx, dtype=dtype, what=f"dx of {name}")
            array(student.global_avg_pool(typed[0]), shape=(2, 3), dtype=dtype, what="global_avg_pool")
            back = student.global_avg_pool_backward(typed[0][:, :, 0, 0], (2, 3, 4, 5))
            array(back, shape=(2, 3, 4, 5), dtype=dtype, what="global_avg_pool_backward")
        for kind in (np.int8, np.float16):
            whole = rng.integers(-99, 100, size=x.shape).astype(kind)
            says, exact = f"of {whole.dtype}", whole.astype(float)
            for name, oracle in (("maxpool2d", maximum), ("avgpool2d", average)):
                answer, _ = ask(student, name, whole, dys, *geometry)
                close(answer, oracle(exact, [], *geometry)[0], dtype="exact", what=f"y of {name} {says}")
            answer = student.global_avg_pool(whole)
            close(answer, exact.mean(axis=(2, 3)), dtype="exact", what=f"global_avg_pool {says}")
        x = x.astype(np.float32)  # dy decides
        sums = rng.integers(-9, 9, size=y)  # dy may be integers, too
        for name, oracle in (("maxpool2d", maximum), ("avgpool2d", average)):
            for dy in (sums, sums.astype(float)):
                _, (back,) = ask(student, name, x, [dy], *geometry)
                wanted = oracle(x.astype(float), [sums], *geometry)[1][0]
                says = f"dx of {name} for an x of float32 and a dy of {dy.dtype}"
                close(back, wanted, rtol=1e-6, atol=1e-6, dtype="exact", what=says)
        back = student.global_avg_pool_backward(sums[:, :, 0, 0], (2, 3, 4, 5))
        wanted = np.repeat(sums[:, :, 0, 0] / 20.0, 20).reshape(2, 3, 4, 5)
        close(back, wanted, dtype="exact", what="global_avg_pool_backward of integers")


@pytest.mark.points(
    1.2, hint="The largest pixel of each window, which may overlap, leave gaps, or lie over the border of the image."
)
def test_maxima(student, rng):
    for geometry in CASES:
        for counts in ({"N": 2, "C": 3}, {"N": 4, "C": 1}):
            x, dys = draw(rng, *geometry, **counts)
            y, _ = ask(student, "maxpool2d", x, dys, *geometry[1:])
            close(y, maximum(x, [], *geometry[1:])[0], what=f"y of maxpool2d with windows of {geometry[1]}")
    x, dys = draw(rng, (4, 4), (2, 2), (2, 2), (0, 0), N=4, C=4)
    close(ask(student, "maxpool2d", x, dys, (2, 2), (2, 2), (0, 0))[0], maximum(x, [], (2, 2), (2, 2), (0, 0))[0])


@pytest.mark.points(
    1.2,
    hint="Divide by the number of pixels in the window, which is smaller at a padded border, or by k_h k_w everywhere "
    "if count_include_pad says so.",
)
def test_averages_with_and_without_the_padding(student, rng):
    for geometry in CASES:
        x, dys = draw(rng, *geometry)
        y, _ = ask(student, "avgpool2d", x, dys, *geometry[1:])
        close(y, average(x, [], *geometry[1:])[0], what=f"y of avgpool2d with windows of {geometry[1]}")
        x, dys = draw(rng, *geometry, N=4, C=2)
        for count in (True, False):
            y, _ = ask(student, "avgpool2d", x, dys, *geometry[1:], count_include_pad=count)
            close(y, average(x, [], *geometry[1:], count)[0], what=f"y of avgpool2d with count_include_pad={count}")
        x[:, :, 0], x[..., -1] = 0.0, 0.0  # as behind a ReLU: a pixel of 0 is a pixel
        y, _ = ask(student, "avgpool2d", x, dys, *geometry[1:])
        close(y, average(x, [], *geometry[1:])[0], what="y of avgpool2d where pixels of the border are 0")


@pytest.mark.points(
    0.75, hint="The mean over rows and columns; backwards every pixel of the map gets the same share of its dy."
)
def test_global_average(student, rng):
    for shape in [(2, 3, 4, 5), (3, 2, 1, 6), (1, 4, 5, 1), (3, 3, 3, 3), (1, 1, 1, 1)]:
        x, dy = rng.normal(size=shape), rng.normal(size=shape[:2])
        pixels = shape[2] * shape[3]
        sizes = {"the number of pixels of a map": pixels} if pixels > 1 else {}
        close(student.global_avg_pool(x), x.mean(axis=(2, 3)), what="global_avg_pool", factors=sizes)
        wanted = np.repeat(dy / pixels, pixels).reshape(shape)
        close(student.global_avg_pool_backward(dy, shape), wanted, what="global_avg_pool_backward", factors=sizes)


@pytest.mark.points(
    1.25,
    hint="Each window gives its dy to its winner; remember where the winner stood, and add up, for a pixel may win in "
    "several windows.",
)
def test_gradient_of_the_maximum(student, rng):
    for geometry in CASES:
        x, dys = draw(rng, *geometry)
        _, dxs = ask(student, "maxpool2d", x, dys, *geometry[1:])
        for dx, wanted in zip(dxs, maximum(x, dys, *geometry[1:])[1], strict=True):
            close(dx, wanted, what=f"dx of maxpool2d with windows of {geometry[1]} and stride {geometry[2]}")


@pytest.mark.points(
    1.0, hint="Whoever was averaged gets the same share of dy, divided by the number that the forward pass divided by."
)
def test_gradient_of_the_average(student, rng):
    for geometry in CASES:
        for count in (False, True):
            x, dys = draw(rng, *geometry)
            _, dxs = ask(student, "avgpool2d", x, dys, *geometry[1:], count_include_pad=count)
            for dx, wanted in zip(dxs, average(x, dys, *geometry[1:], count)[1], strict=True):
                close(dx, wanted, what=f"dx of avgpool2d with windows of {geometry[1]}, count_include_pad={count}")


@pytest.mark.points(
    0.75,
    hint="Of several largest pixels the first takes the whole gradient, row by row from the top left; and a padded "
    "place is never the largest, however negative the pixels are.",
)
def test_equal_pixels_and_negative_images(student, rng):
    for geometry in CASES:
        for shift in (0.0, -50.0):
            x, dys = plateaus(rng, *geometry)
            y, dxs = ask(student, "maxpool2d", x + shift, dys, *geometry[1:])
            wanted, gradients = maximum(x + shift, dys, *geometry[1:])
            close(y, wanted, what="y of maxpool2d with equal pixels")
            for dx, gradient in zip(dxs, gradients, strict=True):
                close(dx, gradient, what="dx of maxpool2d with equal pixels")


def stored_otherwise(nb, name, x, dy, order, *geometry):
    """y and dx for the same arrays, whose axes lie in another order in memory."""
    x, dy = (np.ascontiguousarray(a.transpose(order)).transpose(np.argsort(order)) for a in (x, dy))
    y, cache = getattr(nb, name + "_forward")(x, *geometry)
    return y, getattr(nb, name + "_backward")(dy, cache)


@pytest.mark.points(
    0.6,
    hint="Try a window of 1x1, one as large as the map, one of some hundred pixels, a map of one pixel, one image, one "
    "channel, an array that is a view.",
)
def test_corners_of_pooling(student, rng):
    for geometry in [
        ((5, 4), (1, 1), (1, 1), (0, 0)),
        ((5, 4), (1, 1), (2, 3), (0, 0)),
        ((4, 6), (4, 6), (1, 1), (0, 0)),
        ((4, 6), (4, 6), (3, 2), (3, 1)),
        ((1, 1), (3, 2), (1, 1), (1, 1)),
        ((1, 7), (1, 3), (1, 2), (0, 2)),
        ((7, 2), (3, 2), (5, 1), (1, 1)),
        ((19, 18), (18, 17), (1, 1), (1, 0)),
    ]:
        x, dys = draw(rng, *geometry, N=1, C=1 + geometry[0][0] % 2)
        if geometry[0] == (19, 18):
            x[:, :, -2:, -2:] += 9.0  # the last of the 306 pixels of a window is its largest
        for name, oracle in (("maxpool2d", maximum), ("avgpool2d", average)):
            y, dxs = ask(student, name, x, dys, *geometry[1:])
            wanted, gradients = oracle(x, dys, *geometry[1:])
            close(y, wanted, what=f"y of {name} with windows of {geometry[1]} on {geometry[0]}")
            for dx, gradient in zip(dxs, gradients, strict=True):
                close(dx, gradient, what=f"dx of {name} with windows of {geometry[1]} on {geometry[0]}")
    for geometry in (CASES[1], CASES[4]):
        x, (dy,) = draw(rng, *geometry, times=1)
        for order in ORDERS:
            for name, oracle in (("maxpool2d", maximum), ("avgpool2d", average)):
                y, dx = unpack(student.run(stored_otherwise, name, x, dy, order, *geometry[1:]), 2)
                wanted, (gradient,) = oracle(x, [dy], *geometry[1:])
                close(y, wanted, what=f"y of {name} for a view, whose axes lie in another order in memory")
                close(dx, gradient, what=f"dx of {name} for views, whose axes lie in another order in memory")


@pytest.mark.points(
    0.45,
    hint="Nothing of dy is lost or doubled: dx adds up to dy in every map, unless padding took part in the average.",
)
def test_gradients_add_up_to_dy(student, rng):
    for geometry in CASES:
        x, dys = plateaus(rng, *geometry)
        for name in ("maxpool2d", "avgpool2d"):
            y, dxs = ask(student, name, x, dys, *geometry[1:])
            array(y, shape=dys[0].shape, dtype="float", what=f"y of {name}")
            for dx, dy in zip(dxs, dys, strict=True):
                dx = array(dx, shape=x.shape, dtype="float", what=f"dx of {name}")
                with np.errstate(all="ignore"):
                    sums = dx.sum(axis=(2, 3))
                close(sums, dy.sum(axis=(2, 3)), atol=1e-9, what=f"the sums of dx of {name}")


@pytest.mark.points(0.15, hint="No number is small enough to pad with but -inf: a pixel may be the least float.")
def test_pixels_far_below_zero(student, rng):
    for size in (1e10, 1e30):
        for geometry in CASES:
            x, dys = draw(rng, *geometry)
            x = -size * (1 + np.abs(x))
            x[0, 0] = np.finfo(np.float64).min
            y, dxs = ask(student, "maxpool2d", x, dys, *geometry[1:])
            wanted, gradients = maximum(x, dys, *geometry[1:])
            close(y, wanted, what="y of maxpool2d with pixels far below 0")
            for dx, gradient in zip(dxs, gradients, strict=True):
                close(dx, gradient, what="dx of maxpool2d with pixels far below 0")


def overwritten(nb, name, x, dy, other, *geometry):
    """y and dx, when x and y are written over and another map is pooled between forward and backward."""
    y, cache = getattr(nb, name + "_forward")(x, *geometry)
    answer = np.array(y)
    x[...] = -7.0
    getattr(nb, name + "_forward")(other, *geometry)
    getattr(nb, name + "_forward")(other, (1, 1), (1, 1), (0, 0))
    if y.flags.writeable:
        y[...] = 5.0
    return answer, getattr(nb, name + "_backward")(dy, cache)


@pytest.mark.points(
    0.75,
    hint="The cache must hold what backward needs, a copy or positions, and not x or y themselves; and no global "
    "variable.",
)
def test_x_and_y_may_be_written_over_between_the_passes(student, rng):
    for geometry in CASES[1::2]:
        x, (dy,) = draw(rng, *geometry, times=1)
        other = rng.normal(size=x.shape)
        for name, oracle in (("maxpool2d", maximum), ("avgpool2d", average)):
            for dtype in (np.float64, np.float32):  # one of them is what a conversion leaves as it is
                given = [a.astype(dtype) for a in (x, dy, other)]
                y, dx = unpack(student.run(overwritten, name, *given, *geometry[1:]), 2)
                wanted, (gradient,) = oracle(given[0].astype(float), [given[1].astype(float)], *geometry[1:])
                close(y, wanted.astype(dtype), what=f"y of {name}")
                close(dx, gradient.astype(dtype), what=f"dx of {name} after x and y were written over")
