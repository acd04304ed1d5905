"""Public checks of q8. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q8"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q8: {', '.join(absent)} not defined; run the cell of q8 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="LeNet-5: the table of parameters", points=0)
def test_lenet(LeNet5):
    """LeNet-5: the table of parameters"""
    defined(locals())
    import torch

    net = LeNet5()
    sizes = [p.numel() for p in net.parameters()]
    wanted = [150, 6, 2400, 16, 48000, 120, 10080, 84, 2184, 26]
    names = [f"{layer} {part}" for layer in ("C1", "C3", "C5", "F6", "output") for part in ("weights", "bias")]
    assert len(sizes) == 10, f"five layers have weights and a bias each, 10 tensors; yours: {len(sizes)}"
    for name, size, expected in zip(names, sizes, wanted, strict=True):
        print(f"{name:14} {size:6}")
        assert size == expected, f"{name}: {expected} parameters, yours has {size}"
    assert sum(sizes) == 63066, f"63 066 parameters in all, yours has {sum(sizes)}"
    logits = net(torch.randn(3, 1, 32, 32))
    assert tuple(logits.shape) == (3, 26), f"3 images, 26 letters: logits (3, 26), yours have {tuple(logits.shape)}"
    rows = logits.exp().sum(dim=1)
    assert not near(rows.detach().numpy(), [1, 1, 1], 1e-3), "these are log-probabilities; logits were asked for"
    assert LeNet5(7)(torch.randn(1, 1, 32, 32)).shape[1] == 7, "LeNet5(7) tells 7 classes apart"


@test_case(name="VGG: the parameters of [4, \"M\", 6, 6, \"M\"], and pictures of two sizes", points=0)
def test_vgg(make_vgg):
    """VGG: the parameters of [4, "M", 6, 6, "M"], and pictures of two sizes"""
    defined(locals())
    import torch

    net = make_vgg([4, "M", 6, 6, "M"], in_ch=3, num_classes=5)
    sizes = [p.numel() for p in net.parameters()]
    expected = [108, 4, 216, 6, 324, 6, 30, 5]
    assert sizes == expected, f"weights and biases in order: {expected}, yours: {sizes}"
    for height, width in ((16, 16), (17, 23)):
        shape = tuple(net(torch.randn(2, 3, height, width)).shape)
        assert shape == (2, 5), f"2 images {height}x{width}: logits (2, 5), yours have {shape}"
    more = len(list(make_vgg([4, "M", 6, 6, "M"], 3, 5, batchnorm=True).parameters()))
    assert more == 14, f"batchnorm=True: a scale and a shift more for 3 convolutions, 14 tensors in all; yours: {more}"


@test_case(name="VGG: one map, weights 1: sums, ReLU, the largest, the mean", points=0)
def test_vgg_by_hand(make_vgg):
    """VGG: one map, weights 1: sums, ReLU, the largest, the mean"""
    defined(locals())
    import torch

    net = make_vgg([1, "M"], in_ch=1, num_classes=1)
    with torch.no_grad():
        for p, value in zip(net.parameters(), (1.0, -3.0, 2.0, 0.5), strict=True):
            p.fill_(value)
        x = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 2]])[None, None]
        got = float(net(x))
    assert abs(got - 0.5) < 1e-6, (
        "the 3x3 sums are (2, 2, 3, 2) in both rows; minus 3, ReLU, 2x2 maxima: (0, 0), "
        f"and 2 times their mean + 0.5 is 0.5; yours is {got:.4f}"
    )
    with torch.no_grad():
        got = float(net(2 * x))
    assert abs(got - 4.5) < 1e-6, f"twice the picture: maxima 4 - 3 and 6 - 3, 2 * mean + 0.5 = 4.5; yours: {got:.4f}"
