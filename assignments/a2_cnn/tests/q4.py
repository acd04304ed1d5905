"""Public checks of q4. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q4: {', '.join(absent)} not defined; run the cell of q4 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="im2col: the four 2x2 patches of a 3x3 image", points=0)
def test_patches_as_rows(im2col):
    """im2col: the four 2x2 patches of a 3x3 image"""
    defined(locals())
    yours = im2col(np.arange(1.0, 10.0).reshape(1, 1, 3, 3), 2, 2, 1, 0)
    assert np.shape(yours) == (4, 4), f"four patches of four pixels: (4, 4); yours has the shape {np.shape(yours)}"
    expected = [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]
    assert near(yours, expected), f"the rows are 1 2 4 5, 2 3 5 6, 4 5 7 8, 5 6 8 9; yours:\n{yours}"


@test_case(name="im2col: rows go through the images, columns through the channels", points=0)
def test_two_images_and_two_channels(im2col):
    """im2col: rows go through the images, columns through the channels"""
    defined(locals())
    x = np.arange(8.0).reshape(2, 2, 1, 2)  # image 0: channels (0, 1) and (2, 3); image 1: (4, 5) and (6, 7)
    one, two = im2col(x, 1, 1, 1, 0), im2col(x, 1, 2, 1, 0)
    assert near(one, [[0, 2], [1, 3], [4, 6], [5, 7]]), f"1x1: rows 0 2, 1 3, 4 6, 5 7; yours:\n{one}"
    assert near(two, [[0, 1, 2, 3], [4, 5, 6, 7]]), f"1x2: rows 0 1 2 3 and 4 5 6 7; yours:\n{two}"


@test_case(name="col2im: what occurs in four patches is added four times", points=0)
def test_the_way_back(col2im):
    """col2im: what occurs in four patches is added four times"""
    defined(locals())
    cols = np.array([[1.0, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]])
    yours = col2im(cols, (1, 1, 3, 3), 2, 2, 1, 0)
    assert near(yours, [[[[1, 4, 3], [8, 20, 12], [7, 16, 9]]]]), f"rows 1 4 3, 8 20 12, 7 16 9; yours:\n{yours}"


@test_case(name="conv2d_fast: two maps, a bias for each", points=0)
def test_fast_convolution(conv2d_fast):
    """conv2d_fast: two maps, a bias for each"""
    defined(locals())
    x = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    w = np.array([[[[1.0, 0.0], [0.0, 0.0]]], [[[0.0, 0.0], [0.0, 1.0]]]])
    yours = conv2d_fast(x, w, np.array([0.0, 10.0]), 1, 0)
    expected = [[[[1, 2], [4, 5]], [[15, 16], [18, 19]]]]
    assert near(yours, expected), f"the maps are 1 2, 4 5 and 15 16, 18 19; yours:\n{yours}"
