"""Public checks of q11. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q11"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q11: {', '.join(absent)} not defined; run the cell of q11 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="box_iou: overlapping, nested, far apart, without area", points=0)
def test_iou_by_hand(box_iou):
    """box_iou: overlapping, nested, far apart, without area"""
    defined(locals())
    import torch

    a = torch.tensor([[0.0, 0, 4, 2], [7, 7, 7, 9]])
    b = torch.tensor([[1.0, 1, 5, 3], [1, 0, 2, 2], [8, 8, 9, 9]])
    got = box_iou(a, b)
    assert tuple(got.shape) == (2, 3), f"2 boxes with 3 boxes: shape (2, 3), yours {tuple(got.shape)}"
    assert near(got[0, 0], 3 / 13), f"the example on paper: 3/13 = {3 / 13:.4f}, yours is {got[0, 0]:.4f}"
    assert near(got[0, 1], 1 / 4), f"2 of 8, all of the smaller one inside: 1/4, yours is {got[0, 1]:.4f}"
    assert near(got[0, 2], 0), f"far apart in x and y: 0, yours is {got[0, 2]:.4f}"
    assert near(got[1], [0, 0, 0]), f"a box without area: 0, 0, 0, yours: {got[1].tolist()}"


@test_case(name="nms: a heap of three boxes in a chain, a box alone, and a copy of it", points=0)
def test_nms_on_five_boxes(nms):
    """nms: a heap of three boxes in a chain, a box alone, and a copy of it"""
    defined(locals())
    import torch

    boxes = torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 30], [4, 0, 14, 10], [8, 0, 18, 10], [20, 20, 30, 30]])
    scores = torch.tensor([0.9, 0.5, 0.8, 0.7, 0.6])
    kept = nms(boxes, scores, 0.4).tolist()
    assert kept == [0, 3, 4], (
        "0 drops 2 (IoU 60/140 > 0.4); 3 overlaps 2, but 2 is gone; of 1 and 4, the same box, 4 is better: "
        f"[0, 3, 4], yours is {kept}"
    )
    kept = nms(boxes, scores, 0.5).tolist()
    assert kept == [0, 2, 3, 4], f"at 0.5 the chain stays, best first: [0, 2, 3, 4], yours is {kept}"


@test_case(name="roi_max_pool: five rows to two bins, and a box that is one pixel", points=0)
def test_roi_by_hand(roi_max_pool):
    """roi_max_pool: five rows to two bins, and a box that is one pixel"""
    defined(locals())
    import torch

    feat = torch.arange(42.0).reshape(1, 6, 7)
    got = roi_max_pool(feat, torch.tensor([[2, 1, 4, 5], [6, 0, 6, 0]]), (2, 1))
    assert tuple(got.shape) == (2, 1, 2, 1), f"2 boxes, 1 channel, (2, 1) bins: (2, 1, 2, 1), yours {tuple(got.shape)}"
    assert near(got[0, 0, :, 0], [25, 39]), (
        f"rows 1-5, columns 2-4: rows 1-3 up to 25, rows 3-5 up to 39; yours: {got[0, 0, :, 0].tolist()}"
    )
    assert near(got[1, 0, :, 0], [6, 6]), f"one pixel fills both bins: 6, 6; yours: {got[1, 0, :, 0].tolist()}"
