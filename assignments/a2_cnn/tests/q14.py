"""Public checks of q14. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q14"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q14: {', '.join(absent)} not defined; run the cell of q14 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="UNet: logits for every pixel, rectangles too, and a ValueError where a size cannot be halved", points=0)
def test_unet(UNet):
    """UNet: logits for every pixel, rectangles too, and a ValueError where a size cannot be halved"""
    defined(locals())
    import torch

    net = UNet(2, 3, (4, 5, 6))
    shape = tuple(net(torch.randn(2, 2, 8, 12)).shape)
    assert shape == (2, 3, 8, 12), f"2 images 8x12, 3 classes: (2, 3, 8, 12), yours {shape}"
    size = sum(p.numel() for p in net.parameters())
    print(f"UNet(2, 3, (4, 5, 6)) has {size} parameters; 2690 with transposed convolutions as in the table")
    for height, width in ((8, 10), (6, 8)):
        try:
            net(torch.randn(1, 2, height, width))
        except ValueError:
            continue
        raise AssertionError(f"three levels halve twice, and {height}x{width} cannot be: ValueError expected")


@test_case(name="mean_iou: the example on paper, a perfect answer, two images", points=0)
def test_mean_iou(mean_iou):
    """mean_iou: the example on paper, a perfect answer, two images"""
    defined(locals())
    import torch

    target, pred = torch.tensor([[[0, 0, 1, 1]]]), torch.tensor([[[0, 1, 1, 1]]])
    got = mean_iou(pred, target, 3)
    assert near(got, 7 / 12), f"(1/2 + 2/3) / 2 = 0.5833, class 2 does not occur; yours is {got}"
    assert near(mean_iou(target, target, 3), 1), f"a perfect answer has 1, yours has {mean_iou(target, target, 3)}"
    both = mean_iou(torch.cat([pred, target]), torch.cat([target, target]), 3)
    assert near(both, (3 / 4 + 4 / 5) / 2), (
        f"two images, pixels of both together: (3/4 + 4/5) / 2 = 0.775, yours {both}"
    )


@test_case(name="mIoU on a public seed, and three of the predicted masks", points=0)
def test_segments(train_segmenter, mean_iou):
    """mIoU on a public seed, and three of the predicted masks"""
    defined(locals())
    import time

    import datasets
    import torch

    rng = np.random.default_rng(0)
    X, _, M = (torch.tensor(part) for part in datasets.small_shapes(800, rng))
    new, _, truth = (torch.tensor(part) for part in datasets.small_shapes(200, rng))
    start = time.process_time()
    net = train_segmenter(X, M, 0)
    seconds = time.process_time() - start
    with torch.no_grad():
        logits = net(new)
    assert tuple(logits.shape) == (200, 5, 12, 12), f"200 images: logits (200, 5, 12, 12), yours {tuple(logits.shape)}"
    pred = logits.argmax(dim=1)
    for true, said in zip(truth[:3], pred[:3], strict=True):
        rows = zip(true.tolist(), said.tolist(), strict=True)
        print("\n".join("".join(".CSTX"[k] for k in a) + "   " + "".join(".CSTX"[k] for k in b) for a, b in rows), "\n")
    score = mean_iou(pred, truth, 5)
    print(f"left the truth, right the prediction; mIoU {score:.3f}, trained in {seconds:.1f} s of CPU time")
    assert score >= 0.85, f"mIoU {score:.3f}; the first points are given from 0.85 on (on other images)"
