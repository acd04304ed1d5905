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


@test_case(name="the loss and the gradient of the example on paper", points=0)
def test_cross_entropy_by_hand(softmax_cross_entropy):
    """the loss and the gradient of the example on paper"""
    defined(locals())
    Z = np.array([[np.log(1), np.log(2), np.log(5)], [np.log(3), 0.0, 0.0]])
    loss, dZ = softmax_cross_entropy(Z, np.array([1, 0]))
    assert near(loss, 0.948560), f"the mean of ln 4 and ln 5/3 is 0.948560, yours is {loss}"
    assert np.shape(dZ) == (2, 3), f"the gradient has the shape of Z, (2, 3); yours has {np.shape(dZ)}"
    assert near(dZ[0], [1 / 16, -3 / 8, 5 / 16]), f"row 0 is half of (1/8, -3/4, 5/8), yours is {dZ[0]}"
    assert near(dZ.sum(axis=1), [0, 0]), f"each row of the gradient sums to 0, yours sum to {dZ.sum(axis=1)}"


@test_case(name="reduction: the mean times N is the sum, and the sum is that of the separate losses", points=0)
def test_reductions(softmax_cross_entropy):
    """reduction: the mean times N is the sum, and the sum is that of the separate losses"""
    defined(locals())
    Z, y = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 3.0]]), np.array([0, 1])
    mean, d_mean = softmax_cross_entropy(Z, y)
    total, d_total = softmax_cross_entropy(Z, y, reduction="sum")
    each, d_each = softmax_cross_entropy(Z, y, reduction="none")
    assert np.shape(each) == (2,), f'reduction="none" gives one loss for each of 2 samples; yours: {np.shape(each)}'
    assert near(total, 2 * mean), f"2 samples: the sum is twice the mean; yours are {total} and {mean}"
    assert near(np.sum(each), total), f"the losses {each} do not add up to the sum {total}"
    assert near(d_total, 2 * d_mean), 'the gradient of "sum" is 2 times that of "mean" here'
    assert near(d_each, d_total), 'row i of the gradient of "none" belongs to loss i alone, as in "sum"'


@test_case(name="softmax: probabilities along the axis that was asked for", points=0)
def test_softmax(softmax):
    """softmax: probabilities along the axis that was asked for"""
    defined(locals())
    Z = np.array([[0.0, np.log(3)], [np.log(4), np.log(4)], [0.0, 0.0]])
    rows, columns = softmax(Z), softmax(Z, axis=0)
    assert near(rows, [[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]), f"rows (1, 3)/4, (1, 1)/2, (1, 1)/2; yours: {rows}"
    assert near(columns[:, 0], [1 / 6, 4 / 6, 1 / 6]), f"axis=0: first column (1, 4, 1)/6; yours: {columns[:, 0]}"
    assert near(softmax(Z + 1000), rows), "adding 1000 to all logits should change nothing"


@test_case(name="mse_loss on a 2 x 3 case", points=0)
def test_squared_error(mse_loss):
    """mse_loss on a 2 x 3 case"""
    defined(locals())
    yhat, y = np.array([[1.0, 2.0, 0.0], [3.0, 4.0, 1.0]]), np.array([[1.0, 0.0, 0.0], [0.0, 4.0, 1.0]])
    loss, grad = mse_loss(yhat, y)
    assert near(loss, 3.25), f"N = 2: (0 + 4 + 0 + 9 + 0 + 0) / (2 * 2) = 3.25, yours is {loss}"
    assert near(grad, [[0, 1, 0], [1.5, 0, 0]]), f"the gradient is the difference / 2; yours is {grad}"


@test_case(name="bce_with_logits on logits 0 and ln 3", points=0)
def test_binary_cross_entropy(bce_with_logits):
    """bce_with_logits on logits 0 and ln 3"""
    defined(locals())
    loss, grad = bce_with_logits(np.array([0.0, np.log(3)]), np.array([1, 0]))
    assert near(loss, 1.039721), f"sigmoid gives 1/2 and 3/4: (ln 2 + ln 4) / 2 = 1.039721, yours is {loss}"
    assert near(grad, [-0.25, 0.375]), f"the gradient is (-1/2, 3/4) / 2, yours is {grad}"


@test_case(name="one_hot has as many columns as there are classes", points=0)
def test_one_hot(one_hot):
    """one_hot has as many columns as there are classes"""
    defined(locals())
    yours = one_hot(np.array([2, 0]), 4)
    assert near(yours, [[0, 0, 1, 0], [1, 0, 0, 0]]), f"one_hot([2, 0], 4): yours is {yours}"
    assert np.asarray(yours).dtype == np.float64, f"one_hot is float64, yours is {np.asarray(yours).dtype}"
