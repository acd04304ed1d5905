"""Public checks of q2. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q2: {', '.join(absent)} not defined; run the cell of q2 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="2-d: the Sobel kernel on the image with an edge", points=0)
def test_sobel(conv_nd_forward):
    """2-d: the Sobel kernel on the image with an edge"""
    defined(locals())
    image = np.array([[[[0, 0, 1, 1, 1]] * 5]], dtype=float)
    kernel = np.array([[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]], dtype=float)
    yours = conv_nd_forward(image, kernel, None)
    assert np.shape(yours) == (1, 1, 3, 3), f"5 - 3 + 1 = 3: the shape is (1, 1, 3, 3), yours is {np.shape(yours)}"
    assert near(yours[0, 0], [[4, 4, 0]] * 3), f"every row is 4 4 0, yours:\n{yours[0, 0]}"


@test_case(name="1-d: the mean of three neighbours, padded, with strides 1 and 2", points=0)
def test_moving_average(conv_nd_forward):
    """1-d: the mean of three neighbours, padded, with strides 1 and 2"""
    defined(locals())
    x, w = np.array([[[1.0, 2.0, 6.0, 3.0]]]), np.full((1, 1, 3), 1 / 3)
    yours, strided = conv_nd_forward(x, w, None, pad=1), conv_nd_forward(x, w, None, stride=2, pad=1)
    assert near(yours, [[[1, 3, 11 / 3, 3]]]), f"(1, 3, 11/3, 3), yours is {yours}"
    assert near(strided, [[[1, 11 / 3]]]), f"with stride 2: (1, 11/3), yours is {strided}"


@test_case(name="channels are summed, every map has its own bias", points=0)
def test_channels_and_bias(conv_nd_forward):
    """channels are summed, every map has its own bias"""
    defined(locals())
    x = np.array([[[[1.0, 2.0]], [[10.0, 20.0]]]])  # one image, 2 channels, 1 row, 2 columns
    w = np.array([1.0, 1.0, 0.0, 2.0, -1.0, 0.0]).reshape(3, 2, 1, 1)
    yours = conv_nd_forward(x, w, np.array([0.0, 0.5, 100.0]))
    assert np.shape(yours) == (1, 3, 1, 2), f"3 kernels make 3 maps, yours have the shape {np.shape(yours)}"
    expected = [[[11, 22]], [[20.5, 40.5]], [[99, 98]]]
    assert near(yours[0], expected), f"the maps are (11, 22), (20.5, 40.5), (99, 98), yours: {yours[0]}"
