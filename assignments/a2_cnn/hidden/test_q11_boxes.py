"""Question 11: boxes. The expected values are counted or looped over in Python, box by box and bin by bin."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from grader.testing import array, close, require, same, unpack

pytestmark = pytest.mark.question("q11")


def boxes_of(rng, n, size=12.0, whole=False):
    """Boxes with positive area; whole: with integers as corners."""
    if whole:
        low = rng.integers(0, int(size), size=(n, 2)).astype(float)
        return torch.tensor(np.hstack([low, low + rng.integers(1, int(size), size=(n, 2))]))
    low = rng.uniform(-size / 2, size / 2, size=(n, 2))
    return torch.tensor(np.hstack([low, low + rng.uniform(0.5, size / 2, size=(n, 2))]))


def overlap_1d(low, high, other_low, other_high):
    return max(0, min(high, other_high) - max(low, other_low))


def iou(a, b):
    """IoU of two boxes, exact for Fractions."""
    shared = overlap_1d(a[0], a[2], b[0], b[2]) * overlap_1d(a[1], a[3], b[1], b[3])
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0 * shared


def ious(a, b):
    table = [[float(iou(p, q)) for q in b.tolist()] for p in a.tolist()]
    return torch.tensor(table, dtype=torch.float64).reshape(len(a), len(b))


def suppressed(boxes, scores, thr):
    """Kept indices, best first, with exact arithmetic."""
    exact = [[Fraction(x) for x in box] for box in boxes.tolist()]
    order = sorted(range(len(exact)), key=lambda i: (-scores.tolist()[i], i))
    kept = []
    for i in order:
        if all(iou(exact[i], exact[j]) <= Fraction(thr) for j in kept):
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64)


def rois_of(rng, n, rows, columns):
    """Boxes of pixels inside a map, of all sizes."""
    x, y = np.sort(rng.integers(columns, size=(n, 2))), np.sort(rng.integers(rows, size=(n, 2)))
    return torch.tensor(np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1))


def covered(length, n, i):
    """First pixel of bin i, and the first behind it."""
    first, last = Fraction(i * length, n), Fraction((i + 1) * length, n)
    return first.__floor__(), last.__ceil__()


def pooled(feat, rois, out):
    """The pooled boxes, and where in each channel each of the values stands."""
    values = np.empty((len(rois), len(feat), *out))
    places = np.empty((*values.shape, 2), dtype=int)
    for r, (x1, y1, x2, y2) in enumerate(rois.tolist()):
        for i, j in np.ndindex(out):
            top, bottom = covered(y2 - y1 + 1, out[0], i)
            left, right = covered(x2 - x1 + 1, out[1], j)
            for c in range(len(feat)):
                cut = feat[c, y1 + top : y1 + bottom, x1 + left : x1 + right]
                row, column = np.unravel_index(int(cut.argmax()), cut.shape)
                values[r, c, i, j] = cut[row, column]
                places[r, c, i, j] = y1 + top + row, x1 + left + column
    return torch.tensor(values), places


def maps(rng, *shape):
    return torch.tensor(rng.normal(size=shape))


@pytest.mark.points(
    0.6,
    hint="torch tensors of the shapes in the table; IoU and pooled maps in the dtype of the input, indices in int64.",
)
def test_shapes_and_dtypes_follow_the_table_and_nothing_is_changed(student, rng):
    with student.pure():
        for dtype in (torch.float64, torch.float32):
            a, b = boxes_of(rng, 4).to(dtype), boxes_of(rng, 6).to(dtype)
            answer = student.box_iou(a, b)
            close(answer, ious(a.double(), b.double()).to(dtype), dtype="exact", what="box_iou")
            scores = torch.tensor(rng.random(6)).to(dtype)
            close(student.nms(b, scores, 1.0), scores.argsort(descending=True), dtype="exact", what="nms with thr 1")
            feat, rois = maps(rng, 3, 7, 9).to(dtype), rois_of(rng, 4, 7, 9)
            answer = student.roi_max_pool(feat, rois, (2, 5))
            close(answer, pooled(feat, rois, (2, 5))[0].to(dtype), dtype="exact", what="roi_max_pool")


@pytest.mark.points(
    0.7,
    hint="The overlap is min of the right ends minus max of the left ends, in x and in y, at least 0. Nothing is added "
    "to a union above 0, and float64 is calculated in float64.",
)
def test_iou_values(student, rng):
    for M, N in ((5, 7), (6, 6), (1, 4), (3, 1)):
        for whole in (False, True):
            a, b = boxes_of(rng, M, whole=whole), boxes_of(rng, N, whole=whole)
            close(student.box_iou(a, b), ious(a, b), what=f"IoU of {M} with {N} boxes")
        close(student.box_iou(a + 1e8, b + 1e8), ious(a, b), what="IoU of boxes around 1e8")


@pytest.mark.points(
    0.7, hint="Only boxes that were kept suppress others, and the answer is sorted by score, best first."
)
def test_nms_keeps_the_right_boxes(student, rng):
    for n in (2, 9, 25, 40):
        for size in (6.0, 14.0):
            for far in (0.0, 1e8):  # scores may be negative, too
                boxes, scores = boxes_of(rng, n, size, whole=far > 0) + far, torch.tensor(rng.normal(scale=3.0, size=n))
                thr, what = float(rng.uniform(0.1, 0.6)), f"what nms keeps of {n} boxes" + " around 1e8" * (far > 0)
                close(student.nms(boxes, scores, thr), suppressed(boxes, scores, thr), what=what)


@pytest.mark.points(
    0.7, hint="x1 and x2 are columns, y1 and y2 rows, both included; bins start at a floor and end at a ceiling."
)
def test_roi_values(student, rng):
    for C, rows, columns, out in ((3, 8, 11, (2, 3)), (2, 13, 9, (4, 3)), (5, 10, 10, (3, 3)), (4, 6, 7, (1, 2))):
        feat, rois = maps(rng, C, rows, columns), rois_of(rng, 7, rows, columns)
        close(student.roi_max_pool(feat, rois, out), pooled(feat, rois, out)[0], what=f"boxes pooled to {out}")
    feat, rois = maps(rng, 2, 26, 22), torch.tensor([[0, 0, 20, 24]])  # 11 * (25 / 11) and 19 * (21 / 19) are rounded
    feat[:, 25], feat[:, :, 21] = 9.0, 9.0
    close(student.roi_max_pool(feat, rois, (11, 19)), pooled(feat, rois, (11, 19))[0], what="boxes pooled to (11, 19)")


def gradients(nb, name, wanted, d_out, tensors, rest):
    """Gradients of sum(d_out * answer) with respect to the first `wanted` tensors."""
    tensors = [t.clone().requires_grad_() if i < wanted else t for i, t in enumerate(tensors)]
    (d_out * getattr(nb, name)(*tensors, *rest)).sum().backward()
    return [t.grad for t in tensors[:wanted]]


@pytest.mark.points(
    1.0, hint="Each bin sends its gradient to the pixel that was its maximum; a pixel in two bins gets both."
)
def test_gradient_of_roi_max_pool(student, rng):
    for C, rows, columns, out in ((3, 8, 11, (2, 3)), (2, 6, 5, (4, 4)), (1, 9, 9, (3, 2))):
        feat, rois = maps(rng, C, rows, columns), rois_of(rng, 6, rows, columns)
        d_out = maps(rng, 6, C, *out)
        (answer,) = unpack(student.run(gradients, "roi_max_pool", 1, d_out, [feat, rois], [list(out)]), 1)
        places, expected = pooled(feat, rois, out)[1], torch.zeros(C, rows, columns).double()
        for r, c, i, j in np.ndindex(*d_out.shape):
            row, column = places[r, c, i, j]
            expected[c, row, column] += d_out[r, c, i, j]
        close(answer, expected, what="the gradient of feat")


@pytest.mark.points(
    0.35, hint="IoU is made of max, min, products and a quotient: torch does the rest if nothing cuts the graph."
)
def test_gradient_of_iou(student, rng):
    for M, N in ((3, 4), (5, 5)):
        a, b = boxes_of(rng, M, 6.0), boxes_of(rng, N, 6.0)
        b[0] = a[0] + 0.25  # two overlap at least: where none do, loops make a table without a graph
        d_out = maps(rng, M, N)
        answer = unpack(student.run(gradients, "box_iou", 2, d_out, [a, b], []), 2)
        wanted, h = [], 1e-6
        for which in (0, 1):
            pair, slope = [a, b], torch.empty(len((a, b)[which]), 4).double()
            for index in np.ndindex(*slope.shape):
                step = torch.zeros_like(pair[which])
                step[index] = h
                up, down = ([*pair[:which], pair[which] + s * step, *pair[which + 1 :]] for s in (1, -1))
                slope[index] = float(((ious(*up) - ious(*down)) * d_out).sum()) / (2 * h)
            wanted.append(slope)
        close(answer, wanted, rtol=1e-5, atol=1e-6, what="the gradients of the boxes")


@pytest.mark.points(
    0.15,
    hint="torch.where hides the nan of 0/0 in the value, not in the gradient: divide by 1 there.",
)
def test_gradient_of_iou_for_boxes_without_area(student, rng):
    a = torch.tensor([[0.0, 0, 4, 2], [1, 1, 1, 1], [2, 0, 2, 3]], dtype=torch.float64)
    b = torch.tensor([[1.0, 1, 1, 1], [1, 1, 5, 3], [2, 0, 2, 3]], dtype=torch.float64)
    d_out = torch.tensor(rng.uniform(0.5, 1.5, size=(3, 3)))
    answer = unpack(student.run(gradients, "box_iou", 2, d_out, [a, b], []), 2)
    for slope in answer:
        array(slope, shape=(3, 4), dtype="float", what="the gradient of boxes, some of them without area")
    alone = unpack(student.run(gradients, "box_iou", 2, d_out[:1, 1:2], [a[:1], b[1:2]], []), 2)
    for slope in alone:
        require(bool(array(slope, shape=(1, 4), what="the gradient of a box").any()), "The gradient of IoU is 0.")


@pytest.mark.points(0.3, hint="Where the union is 0 the IoU is 0 and not nan; boxes that only touch share nothing.")
def test_iou_of_touching_nested_and_empty_boxes(student, rng):
    shift = rng.integers(-5, 6, size=2).astype(float)
    table = [
        *([0, 0, 4, 2], [4, 0, 6, 2], [4, 2, 6, 3], [1, 0.5, 2, 1], [0, 0, 4, 2]),  # touching, nested, the same
        *([1, 1, 1, 1], [1, 0, 1, 2], [9, 9, 9, 9], [0, 2, 4, 2], [9, 9, 12, 10]),  # points, lines, far away
    ]
    boxes = torch.tensor(table, dtype=torch.float64) + torch.tensor([*shift, *shift])
    close(student.box_iou(boxes, boxes), ious(boxes, boxes), what="IoU of special boxes")
    close(student.box_iou(boxes[:4], boxes[2:]), ious(boxes[:4], boxes[2:]), what="IoU of special boxes")


@pytest.mark.points(
    0.35,
    hint="A box goes if its IoU is greater than thr, not if it is equal; of equal scores the lower index comes first; "
    "no boxes, nothing kept.",
)
def test_nms_at_the_threshold_with_ties_and_without_boxes(student, rng):
    halves = torch.tensor([[0, 0, 2, 1], [0, 0, 1, 1], [0, 0, 2, 1], [2, 0, 4, 1], [5, 5, 5, 5], [5, 5, 5, 5]]).double()
    for thr in (0.0, 0.25, 0.5, 0.75, 1.0):
        order = torch.tensor(rng.permutation(6))
        for scores in (torch.tensor(rng.random(6)), torch.full((6,), 0.5).double()):
            answer = student.nms(halves[order], scores, thr)
            close(answer, suppressed(halves[order], scores, thr), what=f"what nms keeps with thr {thr}")
    for n in (12, 30):
        boxes, scores = boxes_of(rng, n, 7.0, whole=True), torch.tensor(rng.integers(0, 4, size=n) / 4.0)
        thr = float(rng.uniform(0.2, 0.5))
        close(student.nms(boxes, scores, thr), suppressed(boxes, scores, thr), what="what nms keeps of equal scores")
        scores += 1e-12 * torch.tensor(rng.permutation(n))
        close(student.nms(boxes, scores, thr), suppressed(boxes, scores, thr), what="what nms keeps of close scores")
        for size in (1e7, -1e7):
            scores = size * torch.tensor(rng.permutation(n) + 1.0)
            close(
                student.nms(boxes, scores, thr), suppressed(boxes, scores, thr), what="what nms keeps of large scores"
            )
    pair = torch.tensor([[0.0, 0, 2, 1], [1, 0, 3, 1]], dtype=torch.float64)  # their IoU is 1/3
    for thr, kept, says in ((1 / 3 + 1e-9, [0, 1], "above"), (1 / 3 - 1e-9, [0], "below")):
        answer = student.nms(pair, torch.tensor([0.9, 0.8]).double(), thr)
        close(answer, torch.tensor(kept), what=f"what nms keeps with a thr just {says} the IoU")
    nothing = student.nms(torch.zeros(0, 4).double(), torch.zeros(0).double(), 0.5)
    array(nothing, shape=(0,), dtype="int", what="what nms keeps of no boxes")


@pytest.mark.points(0.25, hint="With fewer rows than bins, bins share rows: none is empty.")
def test_roi_smaller_than_the_bins(student, rng):
    for out in ((3, 4), (5, 2), (7, 7)):
        feat = 1e30 * (maps(rng, 2, 6, 8) - 5.0)
        rois = torch.tensor([[3, 2, 3, 2], [0, 0, 1, 0], [5, 4, 7, 5], [7, 0, 7, 5], [0, 5, 7, 5]])
        close(student.roi_max_pool(feat, rois, out), pooled(feat, rois, out)[0], what=f"small boxes pooled to {out}")


@pytest.mark.points(
    0.3, hint="IoU does not ask which box comes first, nor where the origin is, nor for the unit of length."
)
def test_iou_is_symmetric_and_free_of_place_and_scale(student, rng):
    a, b = boxes_of(rng, 6), boxes_of(rng, 6)
    expected = ious(a, b)
    close(student.box_iou(b, a), expected.T, what="IoU of b with a")
    close(student.box_iou(a + 100.0, b + 100.0), expected, rtol=1e-9, atol=1e-11, what="IoU of boxes moved by 100")
    close(student.box_iou(a / 64.0, b / 64.0), expected, what="IoU of boxes 64 times smaller")
    turned = [t[:, [1, 0, 3, 2]] for t in (a, b)]
    close(student.box_iou(*turned), expected, what="IoU with x and y exchanged")


@pytest.mark.points(
    0.35,
    hint="In a chain where each box overlaps the next, every second one survives: a dropped box suppresses nothing.",
)
def test_chains_and_a_second_round_of_nms(student, rng):
    step, n = float(rng.uniform(2.0, 3.0)), 9
    left = torch.arange(n).double() * step
    chain = torch.stack([left, torch.zeros(n).double(), left + 8.0, torch.full((n,), 5.0).double()], dim=1)
    order = torch.tensor(rng.permutation(n))
    scores = torch.linspace(0.9, 0.1, n).double()
    kept = student.nms(chain[order], scores[order], 0.4)
    close(kept, torch.argsort(order)[::2], what="what nms keeps of a chain")
    boxes, scores = boxes_of(rng, 30, 8.0), torch.tensor(rng.random(30))
    kept = suppressed(boxes, scores, 0.3)
    again = student.nms(boxes[kept], scores[kept], 0.3)
    close(again, torch.arange(len(kept)), what="what a second round keeps of what the first one kept")


@pytest.mark.points(0.25, hint="Bins of one pixel change nothing, and one bin is the largest value of the box.")
def test_bins_of_one_pixel_and_one_bin(student, rng):
    feat = maps(rng, 3, 5, 8)
    whole = torch.tensor([[0, 0, 7, 4]])
    close(student.roi_max_pool(feat, whole, (5, 8)), feat[None], what="the map pooled to its own size")
    close(
        student.roi_max_pool(feat, whole, (1, 1)), feat.amax(dim=(1, 2))[None, :, None, None], what="the map in one bin"
    )
    same(list(array(student.roi_max_pool(feat, whole, (2, 4)), what="the map").shape), [1, 3, 2, 4], what="the shape")
