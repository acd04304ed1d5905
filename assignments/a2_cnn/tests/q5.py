"""Public checks of q5. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q5"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q5: {', '.join(absent)} not defined; run the cell of q5 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="max pooling on paper, and the way back to the winners", points=0)
def test_maximum_of_the_lecture(maxpool2d_forward, maxpool2d_backward):
    """max pooling on paper, and the way back to the winners"""
    defined(locals())
    x = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
    y, cache = maxpool2d_forward(x, (2, 2), (2, 2), (0, 0))
    assert near(y, [[[[6, 8], [3, 4]]]]), f"6 8 and 3 4, yours:\n{y}"
    dx = maxpool2d_backward(np.array([[[[1.0, 2], [3, 4]]]]), cache)
    expected = [[[[0, 0, 0, 0], [0, 1, 0, 2], [3, 0, 0, 0], [0, 0, 0, 4]]]]
    assert near(dx, expected), f"1, 2, 3, 4 go to the places of 6, 8, 3, 4; yours:\n{dx}"


@test_case(name="average pooling on paper; every pixel gets a quarter", points=0)
def test_average_of_the_lecture(avgpool2d_forward, avgpool2d_backward):
    """average pooling on paper; every pixel gets a quarter"""
    defined(locals())
    x = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
    y, cache = avgpool2d_forward(x, (2, 2), (2, 2), (0, 0))
    assert near(y, [[[[3.25, 5.25], [2, 2]]]]), f"3.25 5.25 and 2 2, yours:\n{y}"
    dx = avgpool2d_backward(np.array([[[[4.0, 8], [12, 16]]]]), cache)
    expected = [[[[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]]]
    assert near(dx, expected), f"4 / 4 = 1 for each pixel of the first window and so on; yours:\n{dx}"


@test_case(name="a padded image of minus ones: maximum and average are -1 everywhere", points=0)
def test_padding_takes_no_part(maxpool2d_forward, avgpool2d_forward):
    """a padded image of minus ones: maximum and average are -1 everywhere"""
    defined(locals())
    x = -np.ones((1, 1, 2, 3))
    largest, _ = maxpool2d_forward(x, (2, 2), (1, 1), (1, 1))
    mean, _ = avgpool2d_forward(x, (2, 2), (1, 1), (1, 1))
    both, _ = avgpool2d_forward(x, (2, 2), (1, 1), (1, 1), count_include_pad=True)
    assert near(largest, -np.ones((1, 1, 3, 4))), f"-1 everywhere, for the padding never wins; yours:\n{largest}"
    assert near(mean, -np.ones((1, 1, 3, 4))), f"-1 everywhere, for only pixels are averaged; yours:\n{mean}"
    assert near(both[0, 0, 0, 0], -0.25), f"with count_include_pad the corner is -1/4, yours is {both[0, 0, 0, 0]}"


@test_case(name="global average pooling: one number a map, shared by six pixels", points=0)
def test_a_whole_map_is_one_window(global_avg_pool, global_avg_pool_backward):
    """global average pooling: one number a map, shared by six pixels"""
    defined(locals())
    y = global_avg_pool(np.arange(12.0).reshape(1, 2, 2, 3))
    assert near(y, [[2.5, 8.5]]), f"the means of 0..5 and 6..11 are 2.5 and 8.5, yours: {y}"
    dx = global_avg_pool_backward(np.array([[6.0, 12.0]]), (1, 2, 2, 3))
    expected = np.array([1.0] * 6 + [2.0] * 6).reshape(1, 2, 2, 3)
    assert near(dx, expected), f"6 and 12 are shared by six pixels each: 1 and 2; yours:\n{dx}"
