"""Public checks of q1. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q1: {', '.join(absent)} not defined; run the cell of q1 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="conv_out: a 3x3 kernel on 7 pixels with strides 1, 2 and 3", points=0)
def test_sizes_of_the_lecture(conv_out):
    """conv_out: a 3x3 kernel on 7 pixels with strides 1, 2 and 3"""
    defined(locals())
    yours = [conv_out(7, 3), conv_out(7, 3, stride=2), conv_out(7, 3, stride=3)]
    assert yours == [5, 3, 2], f"strides 1, 2, 3 give 5, 3 and 2 positions, yours: {yours}"
    assert all(isinstance(n, int) for n in yours), f"a size is an int, yours: {yours}"
    try:
        left = conv_out(7, 3, stride=3, strict=True)
    except ValueError:
        return
    raise AssertionError(f"stride 3 does not fit exactly: strict=True raises a ValueError, yours returned {left}")


@test_case(name="trace: ten 5x5 kernels with padding 2 on 32 x 32 x 3", points=0)
def test_760_parameters(trace):
    """trace: ten 5x5 kernels with padding 2 on 32 x 32 x 3"""
    defined(locals())
    (row,) = trace([{"name": "conv", "cout": 10, "k": 5, "pad": 2}], (3, 32, 32))
    assert tuple(row["out_shape"]) == (10, 32, 32), f"the shape is (10, 32, 32), yours is {row['out_shape']}"
    assert row["params"] == 760, f"10 * (3 * 25 + 1) = 760 parameters, yours: {row['params']}"
    assert row["macs"] == 768000, f"10 * 32 * 32 outputs of 75 products each = 768000, yours: {row['macs']}"


@test_case(name="trace: three 3x3 convolutions have a receptive field of 7", points=0)
def test_three_small_kernels_see_as_much_as_a_large_one(trace):
    """trace: three 3x3 convolutions have a receptive field of 7"""
    defined(locals())
    rows = trace([{"name": "conv", "cout": 2, "k": 3}] * 3, (1, 9, 9))
    yours = [tuple(row["rf"]) for row in rows]
    assert yours == [(3, 3), (5, 5), (7, 7)], f"the fields are 3, 5, 7 in both directions, yours: {yours}"


@test_case(name="same_pad: 1 for a 3x3 kernel, 4 for a 5x5 kernel with dilation 2", points=0)
def test_padding_that_keeps_the_size(same_pad):
    """same_pad: 1 for a 3x3 kernel, 4 for a 5x5 kernel with dilation 2"""
    defined(locals())
    yours = [same_pad(3), same_pad(5, dilation=2)]
    assert yours == [1, 4], f"(3 - 1)/2 = 1, and 5 weights with dilation 2 cover 9 pixels: 4; yours: {yours}"
