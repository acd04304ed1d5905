"""Public checks of q6. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q6: {', '.join(absent)} not defined; run the cell of q6 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="from 2x2 to 4x4, with padding to 2x2, with output_padding to 3x3", points=0)
def test_transposed_convolution_on_paper(conv_transpose2d):
    """from 2x2 to 4x4, with padding to 2x2, with output_padding to 3x3"""
    defined(locals())
    x, w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    whole = conv_transpose2d(x, w, None, 2, 0)
    assert np.shape(whole) == (1, 1, 4, 4), f"(2 - 1) * 2 + 2 = 4 rows and columns, yours: {np.shape(whole)}"
    expected = [[[[1, 0, 2, 0], [0, 2, 0, 4], [3, 0, 4, 0], [0, 6, 0, 8]]]]
    assert near(whole, expected), f"rows 1 0 2 0, 0 2 0 4, 3 0 4 0, 0 6 0 8; yours:\n{whole}"
    middle, longer = conv_transpose2d(x, w, None, 2, 1), conv_transpose2d(x, w, None, 2, 1, 1)
    assert near(middle, [[[[2, 0], [0, 4]]]]), f"with pad 1: rows 2 0, 0 4; yours:\n{middle}"
    assert near(longer, [[[[2, 0, 4], [0, 4, 0], [6, 0, 8]]]]), (
        f"with output_padding 1: 2 0 4, 0 4 0, 6 0 8; yours:\n{longer}"
    )


@test_case(name="stride 1: the middle gets two contributions, and the bias once", points=0)
def test_overlaps_add_up(conv_transpose2d):
    """stride 1: the middle gets two contributions, and the bias once"""
    defined(locals())
    x, w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    yours = conv_transpose2d(x, w, np.array([0.5]), 1, 0)
    assert near(yours, [[[[1.5, 2.5, 0.5], [3.5, 6.5, 4.5], [0.5, 6.5, 8.5]]]]), (
        f"1 2 0, 3 6 4, 0 6 8, each + 0.5; yours:\n{yours}"
    )


@test_case(name="upsampling makes blocks, its gradient adds them up", points=0)
def test_blocks(upsample_nearest, upsample_nearest_backward):
    """upsampling makes blocks, its gradient adds them up"""
    defined(locals())
    y = upsample_nearest(np.array([[[[1.0, 2.0, 3.0]]]]), 2)
    assert near(y, [[[[1, 1, 2, 2, 3, 3], [1, 1, 2, 2, 3, 3]]]]), f"two rows 1 1 2 2 3 3, yours:\n{y}"
    dx = upsample_nearest_backward(np.array([[[[1.0, 1, 2, 2, 3, 3], [1, 1, 2, 2, 3, 4]]]]), 2)
    assert near(dx, [[[[4, 8, 13]]]]), f"the sums of the blocks are 4, 8, 13; yours: {dx}"
