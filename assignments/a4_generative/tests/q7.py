"""Public checks of q7. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q7"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q7: {', '.join(absent)} not defined; run the cell of q7 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="DCGenerator: shape, range and number of parameters", points=0)
def test_dcgan_pictures(DCGenerator):
    """DCGenerator: shape, range and number of parameters"""
    defined(locals())
    import torch

    net = DCGenerator(5, 3)
    x = net(torch.zeros(2, 5))
    assert tuple(x.shape) == (2, 1, 16, 16), f"2 pictures of 16 x 16: (2, 1, 16, 16), yours {tuple(x.shape)}"
    assert float(x.detach().min()) >= -1 and float(x.detach().max()) <= 1, "pixels are between -1 and 1"
    count = sum(p.numel() for p in net.parameters())
    assert count in (835, 844), f"DCGenerator(5, 3) has 835 parameters (844 with needless biases), yours has {count}"
    large = tuple(DCGenerator(5, 3, 2, 32)(torch.zeros(2, 5)).shape)
    assert large == (2, 2, 32, 32), f"with out_ch=2 and size=32 the shape is (2, 2, 32, 32), yours {large}"


@test_case(name="DCDiscriminator: one logit for each picture", points=0)
def test_dcgan_logits(DCDiscriminator):
    """DCDiscriminator: one logit for each picture"""
    defined(locals())
    import torch

    for size in (16, 32):
        logits = DCDiscriminator(3, 2, size)(torch.zeros(4, 2, size, size))
        assert tuple(logits.shape) == (4,), f"4 pictures of {size} x {size}: logits (4,), yours {tuple(logits.shape)}"


@test_case(name="dcgan_init: which layers are drawn anew", points=0)
def test_dcgan_start(dcgan_init):
    """dcgan_init: which layers are drawn anew"""
    defined(locals())
    import torch

    net = torch.nn.Sequential(torch.nn.Conv2d(40, 50, 4), torch.nn.BatchNorm2d(50), torch.nn.Linear(3, 4))
    linear = net[2].weight.detach().clone()
    dcgan_init(net)
    spread = float(net[0].weight.detach().std())
    assert abs(spread - 0.02) < 0.002, f"the convolution's weights have standard deviation 0.02, yours {spread:.4f}"
    assert abs(float(net[1].weight.detach().mean()) - 1) < 0.02, "batch norm weights are around 1"
    assert torch.equal(net[2].weight, linear), "a linear layer stays as it is"


@test_case(name="CondGenerator: shape, and the class matters", points=0)
def test_classes_matter(CondGenerator):
    """CondGenerator: shape, and the class matters"""
    defined(locals())
    import torch

    net = CondGenerator(3, 4, 5, 8)
    out = net(torch.zeros(4, 3), torch.arange(4)).detach()
    assert tuple(out.shape) == (4, 5), f"4 rows of 5 numbers, yours {tuple(out.shape)}"
    assert not near(out[0], out[1]), "the same noise and another class: the output has to differ"
    count = sum(p.numel() for p in net.parameters())
    assert count == 4 * 3 + 6 * 8 + 8 + 8 * 5 + 5, f"embedding 12, then 56 and 45: 113 parameters, yours {count}"
