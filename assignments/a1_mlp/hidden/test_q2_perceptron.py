"""Question 2: the perceptron. Integer data and weights, so that every correct program gives the very same numbers."""

import numpy as np
import pytest

from grader.testing import array, bounded, close, number, same, unpack

pytestmark = pytest.mark.question("q2")

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


def rosenblatt(X, y, w, max_epochs):
    """Weights, number of mistakes and whether an epoch had none; and the mistakes of every epoch."""
    w, mistakes = np.array(w, dtype=float), []
    for _ in range(max_epochs):
        mistakes.append(0)
        for x, target in zip(X, y, strict=True):
            fired = w[0] + float(x @ w[1:]) >= 0
            if fired != bool(target):
                sign = 1.0 if target else -1.0
                w += sign * np.concatenate([[1.0], x])
                mistakes[-1] += 1
        if mistakes[-1] == 0:
            break
    return w, mistakes


def separable(rng, N, n, margin):
    """Integer samples that the integer weights w* separate with |score| >= margin; and w*."""
    while True:
        w = rng.integers(-3, 4, size=n + 1).astype(float)
        X = rng.integers(-6, 7, size=(60 * N, n)).astype(float)
        score = w[0] + X @ w[1:]
        rows = np.flatnonzero(np.abs(score) >= margin)[:N]
        y = (score[rows] > 0).astype(int)
        if len(rows) == N and 0 < y.sum() < N:
            return X[rows], y, w


def judge_fit(student, X, y, w_init, max_epochs, what):
    """Weights, number of updates and convergence are exactly those of the rule."""
    start = np.zeros(X.shape[1] + 1) if w_init is None else w_init
    expected, mistakes = rosenblatt(X, y, start, max_epochs)
    w, n_updates, converged = unpack(student.perceptron_fit(X, y, w_init, max_epochs), 3, what="perceptron_fit")
    close(w, expected, rtol=0.0, atol=0.0, what=f"w of {what}")
    close(n_updates, sum(mistakes), rtol=0.0, atol=0.0, what=f"the number of updates of {what}")
    same(converged, mistakes[-1] == 0, what=f"whether {what} has converged")
    return mistakes


@pytest.mark.points(
    0.6, hint="w is an array of n + 1 floats, answers are integers 0 and 1, and w_init belongs to the caller."
)
def test_perceptron_keeps_to_the_table(student, rng):
    X, y, _ = separable(rng, 8, 3, 1)
    w_init = rng.integers(-4, 5, size=4).astype(float)
    with student.pure():
        for start in (None, w_init):
            w, n_updates, _ = unpack(student.perceptron_fit(X, y, start, 3), 3, what="perceptron_fit")
            array(w, shape=(4,), dtype="float", what="w")
            number(n_updates, what="the number of updates")
        single = X.astype(np.float32), w_init.astype(np.float32)
        student.perceptron_fit(single[0], y, single[1], 3)
        array(student.perceptron_predict(*single), shape=(8,), dtype="int", what="perceptron_predict of float32")
        answers = array(student.perceptron_predict(X, w_init), shape=(8,), dtype="int", what="perceptron_predict")
        same(np.isin(answers, (0, 1)), np.ones(8, bool), what="whether the answers are 0 and 1")


@pytest.mark.points(0.7, hint="The score is w[0] + w[1] x_1 + ... + w[n] x_n: the bias comes first.")
def test_prediction_is_the_sign_of_the_score(student, rng):
    for N, n in [(20, 3), (5, 5), (6, 5), (1, 4), (9, 1)]:
        X, w = rng.normal(size=(N, n)), rng.normal(size=n + 1)
        expected = (w[0] + X @ w[1:] >= 0).astype(int)
        same(student.perceptron_predict(X, w), expected, what=f"the answers to {N} rows of {n} inputs")


@pytest.mark.points(
    1.4,
    hint="Go through the AND example with pencil and paper, mistake by mistake: visit the samples in order, use the "
    "new weights at once, and let the bias take part.",
)
def test_weights_and_updates_are_exactly_those_of_the_rule(student, rng):
    for case in range(40):
        n, margin = 1 + case % 6, 1 + case % 5
        X, y, _ = separable(rng, int(rng.integers(4, 14)), n, margin)
        judge_fit(student, X, y, None, 40, f"{len(X)} samples of {n} inputs with margin {margin}")
    X, y, w_right = separable(rng, 6, 3, 1)
    judge_fit(student, X, y, -1000 * w_right, 4, "samples that one update does not put right")


@pytest.mark.points(0.5, hint="A score of exactly 0 counts as firing, in predictions as well as while learning.")
def test_a_score_of_exactly_zero_fires(student, rng):
    X = rng.integers(-5, 6, size=(12, 3)).astype(float)
    w = np.array([0.0, 1.0, -2.0, 1.0])
    X[::2, 0] = 2 * X[::2, 1] - X[::2, 2]  # every second row has the score 0
    expected = (X @ w[1:] >= 0).astype(int)
    same(student.perceptron_predict(X, w), expected, what="the answers to rows with the score 0")
    for scale in (2.0**-60, 2.0**60):  # a power of 2 rounds nothing: the same answers, however near to 0 the score is
        same(student.perceptron_predict(X, w * scale), expected, what="the answers with weights that are scaled")
        judge_fit(student, X, expected, w * scale, 3, "samples that scaled weights are right about")
    for target in (0, 1):
        judge_fit(student, X[:1], np.array([target]), None, 5, "one sample from zero weights")
    judge_fit(student, X, expected, w, 9, "samples on the line that the first weights stand for")


@pytest.mark.points(
    0.4, hint="w_init is where learning starts, integers too; it may be right already: then nothing is updated."
)
def test_learning_starts_from_the_given_weights(student, rng):
    for n, margin in [(3, 2), (5, 1), (1, 3)]:
        X, y, w_right = separable(rng, 9, n, margin)
        judge_fit(student, X, y, rng.integers(-9, 10, size=n + 1).astype(float), 30, "given first weights")
        judge_fit(student, X, y, w_right, 30, "first weights that are right")
        whole = -w_right.astype(int)  # every sample is wrong to begin with, so there are updates, and in quarters
        judge_fit(student, X / 4, y, whole, 30, "first weights that are integers")
        judge_fit(student, X, y, w_right.astype(int), 30, "first weights that are right, and integers")


@pytest.mark.points(
    0.8, hint="No line separates these samples: all epochs are used, each has a mistake, and converged is False."
)
def test_what_no_line_separates_uses_all_epochs(student, rng):
    X, y = XOR
    shifted = X[rng.permutation(4)] * 2 - 1 + rng.integers(-2, 3, size=2)
    twins = np.repeat(rng.integers(-4, 5, size=(3, 2)).astype(float), 2, axis=0)  # equal rows, unequal labels
    for samples, labels, what in [
        (X, y, "XOR"),
        (shifted, (np.abs(shifted - shifted.min(axis=0)).sum(axis=1) == 2).astype(int), "a moved XOR"),
        (twins, np.array([0, 1] * 3), "samples with two labels"),
    ]:
        for epochs in (1, 2, 7, 400):
            judge_fit(student, samples, labels, None, epochs, f"{what} in {epochs} epochs")


@pytest.mark.points(
    0.6,
    hint="At most max_epochs passes; converged means that one had no mistake, so the last repair is no proof.",
)
def test_epochs_are_limited_and_convergence_needs_a_clean_one(student, rng):
    tried = 0
    while tried < 3:
        X, y, _ = separable(rng, 9, 2 + tried, 1)
        _, mistakes = rosenblatt(X, y, np.zeros(X.shape[1] + 1), 200)
        if mistakes[-1] or len(mistakes) < 4:
            continue  # not hard enough to say something about the number of epochs
        tried += 1
        for epochs in (1, 2, len(mistakes) - 1, len(mistakes), len(mistakes) + 1):
            judge_fit(student, X, y, None, epochs, "a limited number of epochs")


@pytest.mark.points(
    1.0,
    hint="On separable samples the rule ends with all of them on their side, after at most (R/gamma)^2 mistakes.",
)
def test_novikoff_bounds_the_mistakes(student, rng):
    for n in (1, 2, 4, 6):
        X, y, w_right = separable(rng, 12, n, int(rng.integers(3, 6)))
        X1 = np.hstack([np.ones((12, 1)), X])
        gamma = np.abs(X1 @ w_right).min() / np.linalg.norm(w_right)
        limit = (np.linalg.norm(X1, axis=1).max() / gamma) ** 2
        answer = unpack(student.perceptron_fit(X, y, None, int(limit) + 2), 3, what="perceptron_fit")
        w = array(answer[0], shape=(n + 1,), dtype="float", what="w")
        same(answer[2], True, what="whether separable samples are learned")
        with np.errstate(all="ignore"):
            sides = (X1 @ w >= 0).astype(int)
        same(sides, y, what="the side of the line that each sample is on")
        made = number(answer[1], what="the number of updates")
        bounded(made, low=1.0, high=limit, says="The number of updates is 0, or larger than Novikoff's bound.")
        farther, mistakes = rosenblatt(X * 10, y, np.zeros(n + 1), 5)
        w, made, _ = unpack(student.perceptron_fit(X * 10, y, None, 5), 3, what="perceptron_fit")
        close(w, farther, rtol=0.0, atol=0.0, what="w of the samples ten times as far away")
        close(made, sum(mistakes), rtol=0.0, atol=0.0, what="the updates of the samples ten times as far away")
