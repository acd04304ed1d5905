"""Public checks of q10. They are there to help and give no points."""

import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q10"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q10: {', '.join(absent)} not defined; run the cell of q10 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="a block's parameters and the shapes for stride 1 and 2", points=0)
def test_block_sizes(BasicBlock):
    """a block's parameters and the shapes for stride 1 and 2"""
    defined(locals())
    import torch

    for args, expected in (((2, 2), 80), ((2, 3, 2), 159), ((2, 2, 2), 88)):
        total = sum(p.numel() for p in BasicBlock(*args).parameters())
        assert total == expected, f"BasicBlock{args} has {expected} parameters, yours has {total}"
    x = torch.randn(4, 2, 7, 10)
    for args, expected in (((2, 2), (4, 2, 7, 10)), ((2, 3), (4, 3, 7, 10)), ((2, 3, 2), (4, 3, 4, 5))):
        shape = tuple(BasicBlock(*args)(x).shape)
        assert shape == expected, f"BasicBlock{args} makes {expected} of (4, 2, 7, 10), yours makes {shape}"


@test_case(name="with zero_init a block of stride 1 begins as relu(x), and only reads x", points=0)
def test_zero_init(BasicBlock):
    """with zero_init a block of stride 1 begins as relu(x), and only reads x"""
    defined(locals())
    import torch

    x = torch.linspace(-1, 1, 48).reshape(1, 3, 4, 4)
    before = x.clone()
    with torch.no_grad():
        y = BasicBlock(3, 3, zero_init=True)(x)
    assert torch.equal(x, before), "the block changed its input"
    assert near(y.numpy(), before.clamp(min=0).numpy()), "zero_init: the block is relu(x) at the start; yours is not"


@test_case(name="a small ResNet: parameters in order, logits for pictures of two sizes", points=0)
def test_resnet_sizes(TinyResNet):
    """a small ResNet: parameters in order, logits for pictures of two sizes"""
    defined(locals())
    import torch

    net = TinyResNet([2, 3], [1, 2], num_classes=5)
    sizes = [p.numel() for p in net.parameters()]
    stem, first, second, third = [54, 2, 2], [36, 2, 2] * 2, [54, 3, 3, 81, 3, 3, 6, 3, 3], [81, 3, 3] * 2
    expected = [*stem, *first, *second, *third, 15, 5]
    assert sizes == expected, f"the parameters have the sizes {expected}, yours {sizes}"
    for height, width in ((8, 8), (9, 13)):
        shape = tuple(net(torch.randn(2, 3, height, width)).shape)
        assert shape == (2, 5), f"2 images {height}x{width}: logits (2, 5), yours {shape}"
