"""Question 11: dropout and DropConnect. Masks are read off what comes back; statistics keep to 6 standard errors."""

import numpy as np
import pytest

from grader.testing import Mismatch, array, bounded, close, formed, unpack

pytestmark = pytest.mark.question("q11")


def dropconnect(nb, X, W, b, p, rng, train, cotangents):
    Y, cache = nb.dropconnect_forward(X, W, b, p, rng, train)
    nb.dropconnect_forward(X[::-1], 2 * W, b, p, rng, train)  # another call, which the first one's cache outlives
    return Y, [nb.dropconnect_backward(dY, cache) for dY in cotangents]


def mask_of(answer, shape, p, what):
    """The mask of a dropout in training: where it is 0 and where 1 / (1 - p); anything else fails the check."""
    Y, mask = unpack(answer, 2, what=what)
    array(Y, shape=shape, dtype="float", what=f"the result of {what}")
    mask = array(mask, shape=shape, what=f"the mask of {what}").astype(float)
    kept = mask != 0.0
    close(mask, kept / (1 - p), rtol=1e-6, what=f"the mask of {what}")
    return kept


def like_coins(kept, p, what):
    """Dropped entries of an array (rows, columns) are as many and as independent as tosses of a coin."""
    rows, columns = kept.shape
    dropped = (~kept).astype(float)
    z = (dropped - p) / np.sqrt(p * (1 - p))  # mean 0, variance 1, independent
    six = 6 / np.sqrt(z.size)
    bounded(float(z.mean()), low=-six, high=six, says=f"{what}: the share of what is dropped is not p.")
    for axis, n, says in ((1, rows, "entries of a row are"), (0, columns, "entries of a column are")):
        spread = float(np.mean(z.mean(axis=axis) ** 2)) * z.shape[axis]
        band = 6 * np.sqrt(2 / n)
        bounded(
            spread, low=1 - band, high=1 + 1.5 * band, says=f"{what}: {says} not dropped independently of each other."
        )
    pairs = float(np.mean(z[:, 1:] * z[:, :-1]))
    bounded(pairs, low=-1.1 * six, high=1.1 * six, says=f"{what}: neighbours are not dropped independently.")


def rare_enough(kept, p, what):
    """The share of what is dropped keeps to 6 standard errors of p, where p is near 0 or 1."""
    six = 6 * np.sqrt(p * (1 - p) / kept.size)
    share = float((~kept).mean())
    bounded(share, low=p - six, high=p + six, says=f"{what}: the share of what is dropped is not p, for p near 0 or 1.")


@pytest.mark.points(
    0.6,
    hint="Y has the shape and dtype of X; nothing that is passed changes; all randomness comes from rng, and none "
    "is used without train.",
)
def test_shapes_and_dtypes_and_where_randomness_comes_from(student, rng):
    W, b = rng.normal(size=(4, 3)), rng.normal(size=3)
    for dtype in (np.float64, np.float32):
        X = rng.normal(size=(5, 4)).astype(dtype)
        with student.pure():
            Y, mask = unpack(student.dropout_forward(X, 0.3, student.rng(1), True), 2, what="dropout_forward")
            array(Y, shape=X.shape, dtype=dtype, what="the result of dropout_forward")
            formed(mask, np.ndarray, what="the mask of dropout_forward")
            array(student.dropout_backward(X, mask), shape=X.shape, dtype=dtype, what="the result of dropout_backward")
            small = W.astype(dtype), b.astype(dtype)
            Y, gradients = unpack(student.run(dropconnect, X, *small, 0.3, student.rng(1), True, [X[:, :3]]), 2)
            array(Y, shape=(5, 3), dtype=dtype, what="the result of dropconnect_forward")
            parts = unpack(unpack(gradients, 1)[0], 3, what="dropconnect_backward")
            for part, shape, name in zip(parts, ((5, 4), (4, 3), (3,)), ("dX", "dW", "db"), strict=True):
                array(part, shape=shape, dtype="float", what=name)
    seed = int(rng.integers(1 << 30))
    generator = student.rng(seed)
    student.dropout_forward(X, 0.4, generator, False)
    student.dropconnect_forward(X, W, b, 0.4, generator, False)
    close(
        generator.random(),
        np.random.default_rng(seed).random(),
        what="the next number of rng after a call without train",
    )


@pytest.mark.points(
    1.2,
    hint="p is the probability of dropping; what survives is multiplied by 1 / (1 - p); without train nothing changes.",
)
def test_an_entry_is_dropped_or_enlarged(student, rng):
    for shape, p in [((6, 5), 0.3), ((3, 4, 5), 0.6), ((7,), 0.1)]:
        X = rng.normal(size=shape) + 0.1
        answer = student.dropout_forward(X, p, student.rng(int(rng.integers(1 << 30))), True)
        kept = mask_of(answer, shape, p, "dropout_forward")
        close(unpack(answer, 2)[0], X * kept / (1 - p), what=f"dropout of {shape} with p = {p}")
        Y, mask = unpack(student.dropout_forward(X, p, student.rng(0), False), 2, what="dropout_forward")
        close(Y, X, what="dropout without train")
        close(mask, None, what="the mask without train")
    whole = rng.integers(1, 9, size=(6, 5))
    Y, mask = unpack(student.dropout_forward(whole, 0.3, student.rng(1), True), 2, what="dropout_forward")
    mask = array(mask, shape=(6, 5), what="the mask of integers").astype(float)
    close(Y, whole * mask, what="dropout of integers")
    if not np.isin(np.round(mask * 0.7, 9), (0.0, 1.0)).all():
        raise Mismatch("The mask of integers does not hold 0 and 1 / (1 - p).")
    X = np.zeros((40, 50))  # what is 0 already may be kept all the same
    kept = mask_of(
        student.dropout_forward(X, 0.4, student.rng(int(rng.integers(1 << 30))), True), X.shape, 0.4, "zeros"
    )
    like_coins(kept, 0.4, "dropout of zeros")


@pytest.mark.points(
    0.9,
    hint="One coin for every entry: not one for a row or a column, not a fixed number of them, and new ones in "
    "every call.",
)
def test_entries_are_dropped_by_independent_coins(student, rng):
    p, X, seed = 0.3, np.ones((120, 80)), int(rng.integers(1 << 30))
    generator = student.rng(seed)
    first, second = (
        mask_of(student.dropout_forward(X, p, generator, True), X.shape, p, "dropout_forward") for _ in range(2)
    )
    for kept in (first, second):
        like_coins(kept, p, "dropout")
    like_coins(first == second, 2 * p * (1 - p), "two calls")  # they differ where one drops and the other does not
    again = mask_of(student.dropout_forward(X, p, student.rng(seed), True), X.shape, p, "dropout_forward")
    if not np.array_equal(first, again):
        raise Mismatch("Two generators with the same seed do not give the same mask.")
    other = mask_of(student.dropout_forward(X, p, student.rng(seed + 1), True), X.shape, p, "dropout_forward")
    if np.array_equal(first, other):
        raise Mismatch("Two generators with different seeds give the same mask.")
    X = np.ones((150, 160))
    for p in (0.0018, 0.995):  # a coin of a hundred sides has neither, one of 256 not the first
        kept = mask_of(student.dropout_forward(X, p, generator, True), X.shape, p, "dropout_forward")
        rare_enough(kept, p, "dropout_forward")
    p, small, generator = 0.3, np.ones((6, 10)), student.rng(seed)
    counts = [
        int(mask_of(student.dropout_forward(small, p, generator, True), (6, 10), p, "dropout_forward").sum())
        for _ in range(60)
    ]
    ratio = float(np.var(counts)) / (60 * p * (1 - p))
    bounded(ratio, low=0.2, high=2.5, says="How many entries are dropped does not vary as it does with coins.")


@pytest.mark.points(
    0.9, hint="The gradient goes through the same mask, scale included; without train it passes unchanged."
)
def test_gradient_of_dropout_uses_the_mask_of_the_forward_pass(student, rng):
    for shape, p in [((5, 4), 0.3), ((2, 3, 4), 0.75)]:
        X = np.where(rng.random(shape) < 0.3, 0.0, rng.normal(size=shape))
        answer = student.dropout_forward(X, p, student.rng(int(rng.integers(1 << 30))), True)
        kept = mask_of(answer, shape, p, "dropout_forward")
        mask = unpack(answer, 2)[1]
        for _ in range(2):
            dY = rng.normal(size=shape)
            close(student.dropout_backward(dY, mask), dY * kept / (1 - p), what="the gradient of dropout")
        _, none = unpack(student.dropout_forward(X, p, student.rng(0), False), 2, what="dropout_forward")
        close(student.dropout_backward(dY, none), dY, what="the gradient of dropout without train")
    mask = np.where(rng.random((4, 6)) < 0.5, 0.0, 2.0)
    dY = rng.normal(size=(4, 6))
    close(student.dropout_backward(dY, mask), dY * mask, what="the gradient of dropout for a given mask")


def ask_dropconnect(student, rng, N, D, M, p, train=True, n_cotangents=1):
    """A call whose first D samples are the unit vectors, so that what W was multiplied with can be read off."""
    X, W = np.concatenate([np.eye(D), rng.normal(size=(N, D))]), rng.uniform(0.5, 2.0, size=(D, M))
    W *= rng.choice([-1.0, 1.0], size=(D, M))
    b, cotangents = rng.normal(size=M), [rng.normal(size=(D + N, M)) for _ in range(n_cotangents)]
    generator = student.rng(int(rng.integers(1 << 30)))
    answer = unpack(student.run(dropconnect, X, W, b, p, generator, train, cotangents), 2, what="DropConnect")
    Y = array(answer[0], shape=(D + N, M), dtype="float", what="the result of dropconnect_forward")
    gradients = [unpack(each, 3, what="dropconnect_backward") for each in unpack(answer[1], n_cotangents)]
    kept = np.abs((Y[:D] - b) / W) > 1e-9
    return X, W, b, Y, kept, cotangents, gradients


@pytest.mark.points(
    0.9,
    hint="Y = X (W * mask) + b with one mask for all samples of the call, of 0 and 1 / (1 - p); the bias is "
    "whole. Without train W is.",
)
def test_dropconnect_drops_weights_and_nothing_else(student, rng):
    for N, D, M, p in [(4, 3, 5, 0.3), (6, 5, 2, 0.6), (1, 4, 4, 0.5)]:
        X, W, b, Y, kept, _, _ = ask_dropconnect(student, rng, N, D, M, p)
        close(Y, X @ (W * kept / (1 - p)) + b, rtol=1e-9, atol=1e-9, what=f"DropConnect with p = {p}")
        X, W, b, Y, _, _, _ = ask_dropconnect(student, rng, N, D, M, p, train=False)
        close(Y, X @ W + b, what="DropConnect without train")
    _, _, _, _, kept, _, _ = ask_dropconnect(student, rng, 2, 100, 90, 0.3)
    like_coins(kept, 0.3, "DropConnect")
    for p in (0.0018, 0.995):
        _, _, _, _, kept, _, _ = ask_dropconnect(student, rng, 2, 150, 160, p)
        rare_enough(kept, p, "DropConnect")


@pytest.mark.points(
    0.9, hint="dX goes through the masked W, dW is masked (and scaled) like W, db is the sum over the samples."
)
def test_gradients_of_dropconnect(student, rng):
    for N, D, M, p, train in [(4, 3, 5, 0.3, True), (2, 4, 4, 0.6, True), (3, 6, 7, 0.04, True), (5, 2, 3, 0.4, False)]:
        X, W, _, _, kept, cotangents, gradients = ask_dropconnect(student, rng, N, D, M, p, train, n_cotangents=2)
        mask = kept / (1 - p) if train else np.ones((D, M))
        for dY, (dX, dW, db) in zip(cotangents, gradients, strict=True):
            close(dX, dY @ (W * mask).T, what="dX of DropConnect")
            close(dW, (X.T @ dY) * mask, what="dW of DropConnect")
            close(db, dY.sum(axis=0), what="db of DropConnect")


@pytest.mark.points(0.3, hint="p = 0 changes nothing, values and gradients.")
def test_nothing_is_dropped_with_probability_zero(student, rng):
    X, W, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    dY, dZ = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    for train in (True, False):
        Y, mask = unpack(student.dropout_forward(X, 0.0, student.rng(3), train), 2, what="dropout_forward")
        close(Y, X, what="dropout with p = 0")
        formed(mask, {None, float, np.ndarray}, what="the mask with p = 0")
        close(student.dropout_backward(dY, mask), dY, what="the gradient of dropout with p = 0")
        Z, gradients = unpack(student.run(dropconnect, X, W, b, 0.0, student.rng(3), train, [dZ]), 2)
        close(Z, X @ W + b, what="DropConnect with p = 0")
        dX, _, _ = unpack(unpack(gradients, 1)[0], 3, what="dropconnect_backward")
        close(dX, dZ @ W.T, what="dX of DropConnect with p = 0")


@pytest.mark.points(0.3, hint="p below 0 and from 1 on is a ValueError, in both functions, with and without train.")
def test_impossible_probabilities(student, rng):
    X, W, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    student.dropout_forward(X, 0.5, student.rng(3), False)
    student.dropconnect_forward(X, W, b, 0.5, student.rng(3), False)
    for p in (1.0, 1.5, -0.1):
        for train in (True, False):
            with student.raises(ValueError, what="dropout_forward for a p that is impossible"):
                student.dropout_forward(X, p, student.rng(3), train)
            with student.raises(ValueError, what="dropconnect_forward for a p that is impossible"):
                student.dropconnect_forward(X, W, b, p, student.rng(3), train)
