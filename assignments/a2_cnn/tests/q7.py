"""Public checks of q7. They are there to help and give no points."""

import numpy as np
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


@test_case(name="batch norm of (1, 3) and (5, 7), and the running averages", points=0)
def test_batch_norm_on_paper(batchnorm2d_forward):
    """batch norm of (1, 3) and (5, 7), and the running averages"""
    defined(locals())
    x, one, zero = np.array([1.0, 3, 5, 7]).reshape(2, 1, 1, 2), np.ones(1), np.zeros(1)
    running = {"mean": np.zeros(1), "var": np.ones(1)}
    y, _ = batchnorm2d_forward(x, one, zero, running, True, eps=0.0)
    expected = np.array([-3.0, -1, 1, 3]).reshape(2, 1, 1, 2) / np.sqrt(5)
    assert near(y, expected), f"(-3, -1, 1, 3) / sqrt(5), yours:\n{y}"
    assert near(running["mean"], [0.4]), f"the running mean becomes 0.9 * 0 + 0.1 * 4 = 0.4, yours: {running['mean']}"
    assert near(running["var"], [0.9 + 2 / 3]), f"the running variance becomes 1.5667, yours: {running['var']}"


@test_case(name="after batch norm every channel has mean beta and standard deviation gamma", points=0)
def test_channels_of_a_batch(batchnorm2d_forward):
    """after batch norm every channel has mean beta and standard deviation gamma"""
    defined(locals())
    x = np.random.default_rng(0).normal(3, 5, size=(4, 3, 6, 5))
    running = {"mean": np.zeros(3), "var": np.ones(3)}
    y, _ = batchnorm2d_forward(x, np.array([1.0, 2, 3]), np.array([0.0, 5, -5]), running, True)
    assert np.shape(y) == x.shape, f"y has the shape of x, {x.shape}; yours has {np.shape(y)}"
    mean, std = y.mean(axis=(0, 2, 3)), y.std(axis=(0, 2, 3))
    assert near(mean, [0, 5, -5]), f"the means of the channels are beta, 0 5 -5; yours: {mean}"
    assert near(std, [1, 2, 3], 1e-4), f"the standard deviations are gamma, 1 2 3; yours: {std}"


@test_case(name="group norm: four channels in two groups, the first two and the last two", points=0)
def test_groups_of_one_image(groupnorm_forward):
    """group norm: four channels in two groups, the first two and the last two"""
    defined(locals())
    x = np.array([1.0, 3, 10, 30]).reshape(1, 4, 1, 1)
    y, _ = groupnorm_forward(x, 2, np.ones(4), np.zeros(4), eps=0.0)
    assert near(np.ravel(y), [-1, 1, -1, 1]), f"1, 3 and 10, 30 are two groups: -1 1 -1 1; yours: {np.ravel(y)}"


@test_case(name="the gradients of both layers against finite differences in two pixels", points=0)
def test_slopes_by_differences(batchnorm2d_forward, batchnorm2d_backward, groupnorm_forward, groupnorm_backward):
    """the gradients of both layers against finite differences in two pixels"""
    defined(locals())
    state = np.random.default_rng(2)
    x, dy = state.normal(size=(2, 4, 2, 3)), state.normal(size=(2, 4, 2, 3))
    gamma, beta = np.array([1.0, 2, -1, 0.5]), np.zeros(4)

    def batch(x):
        return batchnorm2d_forward(x, gamma, beta, {"mean": np.zeros(4), "var": np.ones(4)}, True)

    def group(x):
        return groupnorm_forward(x, 2, gamma, beta)

    for name, layer, backward in (
        ("batch norm", batch, batchnorm2d_backward),
        ("group norm", group, groupnorm_backward),
    ):
        dx, dgamma, dbeta = backward(dy, layer(x)[1])
        for spot in [(0, 1, 0, 2), (1, 2, 1, 0)]:
            bump = np.zeros(x.shape)
            bump[spot] = 1e-5
            slope = np.sum(dy * (layer(x + bump)[0] - layer(x - bump)[0])) / 2e-5
            assert near(dx[spot], slope), f"{name}: dx[{spot}] is {slope:.6f}, yours is {dx[spot]:.6f}"
        assert near(dbeta, dy.sum(axis=(0, 2, 3))), f"{name}: dbeta is the sum of dy in each channel; yours: {dbeta}"
