"""Question 6: one sigmoid neuron, full-batch gradient descent. Expected paths are written out here in float64."""

import numpy as np
import pytest

from grader.testing import Mismatch, array, close, number, unpack

pytestmark = pytest.mark.question("q6")


def with_ones(X):
    return np.hstack([np.ones((len(X), 1)), X])


def loss_at(X, y, w):
    z = with_ones(X) @ w
    return float(np.mean(np.logaddexp(0.0, z) - y * z))


def gradient_at(X, y, w):
    p = np.exp(-np.logaddexp(0.0, -with_ones(X) @ w))
    return with_ones(X).T @ (p - y) / len(X)


def descend(X, y, w, lr, tol, max_iter):
    """Weights and losses of the rule."""
    history = [loss_at(X, y, w)]
    while True:
        w = w - lr * gradient_at(X, y, w)
        history.append(loss_at(X, y, w))
        if abs(history[-1] - history[-2]) <= tol or len(history) > max_iter:
            return w, history


def overlapping(rng, N, n):
    """Samples of two classes that overlap, none of them empty, and weights to start from."""
    y = (np.arange(N) % 2).astype(float)
    X = rng.normal(size=(N, n)) + 0.5 * y[:, None]
    return X, y, rng.normal(size=n + 1)


def ask(student, X, y, w0, *settings):
    """The student's weights and losses, checked for their kind."""
    w, history = unpack(student.sigmoid_neuron_fit(X, y, w0, *settings), 2, what="sigmoid_neuron_fit")
    w = array(w, shape=(X.shape[1] + 1,), dtype="float", what="w")
    if type(history) not in (list, tuple):
        raise Mismatch("history is no list.")
    return w, [number(value, what="an entry of history") for value in history]


def judge(student, X, y, w0, *settings, what, **tolerance):
    expected_w, expected = descend(X, y, w0, *settings)
    w, history = ask(student, X, y, w0, *settings)
    close(len(history), len(expected), what=f"the number of losses {what}")
    close(history, expected, what=f"the losses {what}", **tolerance)
    close(w, expected_w, what=f"w {what}", **tolerance)


@pytest.mark.points(0.5, hint="w is an array of n + 1 floats, history a list of numbers, and w0 is not changed.")
def test_neuron_keeps_to_the_table(student, rng):
    X, y, w0 = overlapping(rng, 7, 3)
    with student.pure():
        ask(student, X, y, w0, 0.3, 0.0, 4)
        ask(student, X, y, w0, 0.3, 100.0, 4)
        w, _ = ask(student, *(a.astype(np.float32) for a in (X, y, w0)), 0.3, 0.0, 4)
        array(w, shape=(4,), dtype="float", what="w where X, y and w0 are float32")
    judge(student, X, (y > 0.5).astype(int), w0, 0.3, 0.0, 4, what="where y holds integers")


@pytest.mark.points(
    1.25,
    hint="Take the gradient of the mean loss on paper: (p - y) times the input, with a 1 in front of each sample for "
    "the bias. Then walk against it.",
)
def test_one_update_is_a_step_against_the_gradient(student, rng):
    for N, n in [(8, 3), (4, 4), (5, 1), (1, 2), (3, 6)]:
        X, y, w0 = overlapping(rng, N, n)
        for labels in (y, rng.uniform(size=N)):
            lr = float(rng.uniform(0.1, 2.0))
            w, _ = ask(student, X, labels, w0, lr, 0.0, 1)
            factors = {"the number of samples N": N, "lr": lr}
            with np.errstate(all="ignore"):
                step = (w0 - w) / lr
            what = f"the gradient that one update on {N} samples of {n} inputs follows"
            close(step, gradient_at(X, labels, w0), atol=1e-11, what=what, factors=factors)


@pytest.mark.points(
    1.5,
    hint="history[0] is the loss at w0; after each update comes the loss with the new weights; w is the last.",
)
def test_weights_and_losses_of_every_update(student, rng):
    for N, n, lr, max_iter in [(12, 3, 0.5, 25), (5, 5, 0.1, 40), (9, 1, 1.0, 15), (6, 2, 2.0, 3), (1, 4, 0.2, 10)]:
        X, y, w0 = overlapping(rng, N, n)
        for labels, kind in ((y, ""), (rng.uniform(size=N), ", labels between 0 and 1")):
            what = f"of {max_iter} updates on {N} samples of {n} inputs{kind}"
            judge(student, X, labels, w0, lr, 0.0, max_iter, what=what)
    X, y, w0 = overlapping(rng, 10, 2)
    X[1] = X[0]  # with both labels: nothing separates them, and a step that is large enough goes up
    steep = 10.0 / np.linalg.eigvalsh(with_ones(X).T @ with_ones(X) / 40).max()
    while descend(X, y, w0, steep, 0.0, 1)[1][1] <= loss_at(X, y, w0):
        steep *= 2.0
    for max_iter in range(1, 7):
        judge(student, X, y, w0, float(steep), 0.0, max_iter, what="where the learning rate is far too large")


@pytest.mark.points(
    0.75, hint="Compare the last two losses after every update, by their difference; there is one update at least."
)
def test_stops_when_two_losses_in_a_row_hardly_differ(student, rng):
    X, _, _ = overlapping(rng, 6, 2)
    far = np.array([40.0, 0.0, 0.0])  # the loss falls from 40 by as much in every update: nothing but `tol` decides
    fall = -float(np.diff(descend(X, np.zeros(6), far, 0.2, 0.0, 1)[1])[0])
    judge(student, X, np.zeros(6), far, 0.2, 0.1 * fall, 12, what="with a tolerance, where losses are large")
    X, y, w0 = overlapping(rng, 11, 3)
    _, history = descend(X, y, w0, 0.3, 0.0, 60)
    falls = np.abs(np.diff(history))
    for last in (2, 7, 20, 40):
        tol = float(np.sqrt(falls[last - 1] * falls[last]))  # between two falls: rounding does not matter
        judge(student, X, y, w0, 0.3, tol, 1000, what="with a tolerance")
        judge(student, X, y, w0, 0.3, tol, 5, what="with a tolerance and few updates")
    judge(student, X, y, w0, 0.3, 1e6, 30, what="with a huge tolerance")
    judge(student, X, y, w0, 0.3, 0.0, 33, what="with tolerance 0")
    flat = np.zeros(4)
    judge(student, X * 0.0, np.full(11, 0.5), flat, 0.3, 0.0, 9, what="where there is nothing to learn")


def under_watch(nb, *args):
    """Call with floating-point faults as errors; that exp(-1e4) vanishes (underflow) is no fault."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        return nb.sigmoid_neuron_fit(*args)


@pytest.mark.points(
    0.5, hint="A probability may round to 0 or 1: compute the loss from the logit, as in q5, and never the log of 0."
)
def test_separable_and_large_samples_do_not_overflow(student, rng):
    y = (np.arange(8) % 2).astype(float)
    X = np.where(y == 1, 1.0, -1.0)[:, None] * rng.uniform(50.0, 900.0, size=(8, 2))
    for w0, lr in [(np.zeros(3), 1.0), (np.array([0.5, -3.0, 1.0]), 0.01), (np.array([900.0, 2.0, 2.0]), 5.0)]:
        w, history = unpack(student.run(under_watch, X, y, w0, lr, 0.0, 12), 2, what="sigmoid_neuron_fit")
        expected_w, expected = descend(X, y, w0, lr, 0.0, 12)
        close(history, expected, atol=1e-9, what="the losses of samples far from the line")
        close(w, expected_w, atol=1e-9, what="w of samples far from the line")


@pytest.mark.points(
    0.5, hint="With a learning rate below 2/L no update makes the loss rise, and twice the same data change nothing."
)
def test_loss_never_rises_with_a_small_learning_rate(student, rng):
    X, y, w0 = overlapping(rng, 9, 4)
    steepest = np.linalg.eigvalsh(with_ones(X).T @ with_ones(X) / (4 * len(X))).max()  # L, of the gradient
    for part in (0.3, 1.0, 1.9):
        settings = float(part / steepest), 0.0, 30
        w, history = ask(student, X, y, w0, *settings)
        if len(history) != 31 or not all(b < a for a, b in zip(history[:-1], history[1:], strict=True)):
            raise Mismatch("The loss does not fall with every update, though the learning rate is small.")
        twice, again = ask(student, np.tile(X, (2, 1)), np.tile(y, 2), w0, *settings)
        close(again, history, what="the losses when every sample comes twice")
        close(twice, w, what="w when every sample comes twice")
