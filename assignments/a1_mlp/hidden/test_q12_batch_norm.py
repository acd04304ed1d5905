"""Question 12: batch normalisation. Values are closed forms; gradients are complex steps through them, so exact."""

import numpy as np
import pytest

from grader.testing import array, close, unpack

pytestmark = pytest.mark.question("q12")


def play(nb, D, settings, gamma, beta, program):
    """What a layer says to a program of forward and backward passes, and its running statistics at the end."""
    layer = nb.BatchNorm1d(D, **settings)
    layer.gamma[...], layer.beta[...] = gamma, beta
    said = []
    for name, value, train in program:
        if name == "forward":
            said.append(layer.forward(value, train=train))
        else:
            dX = layer.backward(value)
            said.append([part.copy() if type(part) is np.ndarray else part for part in (dX, layer.dgamma, layer.dbeta)])
    return said, layer.running_mean, layer.running_var


def played(student, D, settings, gamma, beta, *program):
    """What `play` returns, unpacked: the answers one after the other, then mean and variance."""
    said, mean, var = unpack(student.run(play, D, settings, gamma, beta, list(program)), 3, what="a layer")
    return *unpack(said, len(program), what="the answers of a layer"), mean, var


def forward(X, train=True):
    return "forward", X, train


def backward(dY):
    return "backward", dY, None


def normal(X, gamma, beta, eps, mean=None, var=None):
    """The layer in training, or with the statistics that are given; X may be complex."""
    mean = X.mean(axis=0) if mean is None else mean
    var = ((X - mean) ** 2).mean(axis=0) if var is None else var
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


def gradients(dY, X, gamma, beta, eps, mean=None, var=None):
    """dX, dgamma, dbeta of sum(dY * Y), an entry at a time, by complex steps."""
    h = 1e-30
    found = []
    for place, leaf in enumerate((X, gamma, beta)):
        gradient = np.empty(leaf.shape)
        for index in np.ndindex(leaf.shape):
            leaves = [np.asarray(a, complex).copy() for a in (X, gamma, beta)]
            leaves[place][index] += 1j * h
            gradient[index] = np.sum(dY * normal(*leaves, eps, mean, var)).imag / h
        found.append(gradient)
    return found


def inputs(rng, N, D):
    """A batch with another mean and scale in every column, gamma, beta."""
    X = rng.normal(size=(N, D)) * rng.uniform(0.5, 3.0, size=D) + rng.normal(size=D) * 2
    return X, rng.normal(size=D) + 1.5, rng.normal(size=D)


def same_gradients(answer, wanted, what):
    for part, name, value in zip(unpack(answer, 3, what=what), ("dX", "dgamma", "dbeta"), wanted, strict=True):
        close(part, value, rtol=1e-8, atol=1e-10, what=f"{name} {what}")


@pytest.mark.points(
    0.8,
    hint="gamma and running_var begin as ones, beta and running_mean as zeros, of shape (D,); float32 stays "
    "float32, but the layer's own arrays are float64 always; X and dY stay as they are.",
)
def test_a_new_layer_and_what_it_returns(student, rng):
    layer = student.BatchNorm1d(5)
    for name, value in {"gamma": 1.0, "beta": 0.0, "running_mean": 0.0, "running_var": 1.0}.items():
        close(getattr(layer, name), np.full(5, value), what=name)
    with student.pure():
        for dtype in (np.float64, np.float32):
            X, dY = rng.normal(size=(4, 5)).astype(dtype), rng.normal(size=(4, 5)).astype(dtype)
            played(student, 5, {}, rng.normal(size=5), rng.normal(size=5), forward(X), backward(dY))
            for train in (True, False):
                array(layer.forward(X, train=train), shape=(4, 5), dtype=dtype, what="the result of forward")
                array(layer.backward(dY), shape=(4, 5), dtype="float", what="the result of backward")
                for name in ("running_mean", "running_var"):
                    array(getattr(layer, name), shape=(5,), dtype=np.float64, what=f"{name} after a forward pass")
                for name in ("dgamma", "dbeta"):
                    array(getattr(layer, name), shape=(5,), dtype="float", what=name)


@pytest.mark.points(
    0.8, hint="Each column: subtract its mean, divide by sqrt(biased variance + eps), then gamma and beta."
)
def test_training_normalises_with_the_statistics_of_the_batch(student, rng):
    for (N, D), eps in zip([(6, 3), (4, 4), (2, 5)], (1e-5, 0.1, 1e-3), strict=True):
        X, gamma, beta = inputs(rng, N, D)
        settings = {"eps": eps} if eps != 1e-5 else {}
        Y, _, _ = played(student, D, settings, gamma, beta, forward(X))
        close(Y, normal(X, gamma, beta, eps), what=f"a batch of {N} with {D} features")
    X, gamma, beta = inputs(rng, 5, 3)
    Y, _, _ = played(student, 3, {}, gamma, beta, forward(X.astype(np.float32)))
    wanted = normal(X.astype(np.float32).astype(float), gamma, beta, 1e-5).astype(np.float32)
    close(Y, wanted, rtol=1e-4, atol=1e-5, what="a batch of float32")
    whole = rng.integers(-9, 10, size=(5, 3))
    Y, _, _ = played(student, 3, {}, gamma, beta, forward(whole))
    close(Y, normal(whole.astype(float), gamma, beta, 1e-5), what="a batch of integers")


@pytest.mark.points(
    1.2,
    hint="running = (1 - momentum) * running + momentum * batch, with the unbiased variance, N/(N-1) times the "
    "biased one; gamma and beta have no part in it.",
)
def test_running_statistics_follow_the_batches(student, rng):
    for (N, D), momentum in zip([(4, 3), (6, 2), (2, 5)], (0.3, 0.1, 0.8), strict=True):
        batches = [inputs(rng, rows, D)[0] for rows in (N, N + 3, N, 2, N + 1)]  # each counts as much
        _, gamma, beta = inputs(rng, N, D)
        mean, var = np.zeros(D), np.ones(D)
        for X in batches:
            mean = (1 - momentum) * mean + momentum * X.mean(axis=0)
            var = (1 - momentum) * var + momentum * X.var(axis=0, ddof=1)
        settings = {"momentum": momentum} if momentum != 0.1 else {}
        *_, running_mean, running_var = played(student, D, settings, gamma, beta, *map(forward, batches))
        close(running_mean, mean, what="running_mean after five batches")
        close(running_var, var, what="running_var after five batches")


@pytest.mark.points(
    0.8, hint="Without train: the running statistics and eps, for every row by itself; and nothing is remembered."
)
def test_evaluation_uses_the_running_statistics_and_leaves_them(student, rng):
    X, gamma, beta = inputs(rng, 5, 3)
    seen, eps = inputs(rng, 7, 3)[0], 0.05
    settings = {"eps": eps, "momentum": 0.6}
    program = [forward(seen), forward(X, False), forward(X[:1], False), forward(np.tile(seen, (9, 1)) * 3, False)]
    _, Y, alone, _, mean, var = played(student, 3, settings, gamma, beta, *program)
    wanted_mean, wanted_var = 0.6 * seen.mean(axis=0), 0.4 + 0.6 * seen.var(axis=0, ddof=1)
    close(Y, normal(X, gamma, beta, eps, wanted_mean, wanted_var), what="evaluation")
    close(alone, normal(X[:1], gamma, beta, eps, wanted_mean, wanted_var), what="evaluation of one row")
    close(mean, wanted_mean, what="running_mean after evaluation")
    close(var, wanted_var, what="running_var after evaluation")


@pytest.mark.points(
    1.2,
    hint="mean and variance depend on every row: two more terms besides gamma / sqrt(var + eps) * dY. dgamma and "
    "dbeta are sums over the batch.",
)
def test_gradients_in_training(student, rng):
    for (N, D), eps in zip([(5, 3), (4, 4), (2, 3), (7, 2)], (1e-5, 0.1, 0.5, 1e-3), strict=True):
        X, gamma, beta = inputs(rng, N, D)
        dY = rng.normal(size=(N, D))
        _, answer, _, _ = played(student, D, {"eps": eps}, gamma, beta, forward(X), backward(dY))
        same_gradients(answer, gradients(dY, X, gamma, beta, eps), f"of a batch of {N} with {D} features")


@pytest.mark.points(0.4, hint="Without train mean and variance are constants; which terms are left?")
def test_gradients_in_evaluation(student, rng):
    X, gamma, beta = inputs(rng, 5, 3)
    seen, dY, eps = inputs(rng, 5, 3)[0], rng.normal(size=(5, 3)), 0.2  # a shape that tells no forward from the other
    program = [forward(seen), forward(X, False), backward(dY)]
    _, _, answer, _, _ = played(student, 3, {"eps": eps}, gamma, beta, *program)
    mean, var = 0.1 * seen.mean(axis=0), 0.9 + 0.1 * seen.var(axis=0, ddof=1)
    same_gradients(answer, gradients(dY, X, gamma, beta, eps, mean, var), "in evaluation")


@pytest.mark.points(
    0.4, hint="backward belongs to the last forward, as often as it is called; it must not use up its cache."
)
def test_backward_can_be_called_again_and_belongs_to_the_last_forward(student, rng):
    (X, gamma, beta), (other, _, _) = inputs(rng, 4, 3), inputs(rng, 6, 3)
    dY, dZ, dW = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=(6, 3))
    program = [forward(X), backward(dY), backward(dZ), forward(other), backward(dW), forward(X), backward(dY)]
    _, first, second, _, third, _, fourth, _, _ = played(student, 3, {}, gamma, beta, *program)
    for answer, cotangent, batch in ((first, dY, X), (second, dZ, X), (third, dW, other), (fourth, dY, X)):
        same_gradients(answer, gradients(cotangent, batch, gamma, beta, 1e-5), "after several passes")


@pytest.mark.points(
    1.2,
    hint="A large common offset must not cost digits (subtract the mean before squaring), a constant column gives "
    "beta, and a single row in training is a ValueError.",
)
def test_large_offsets_constant_columns_and_a_single_row(student, rng):
    X, gamma, beta = inputs(rng, 6, 3)
    offset = 1e6
    Y, answer, _, _ = played(student, 3, {}, gamma, beta, forward(X + offset), backward(X))
    close(Y, normal(X, gamma, beta, 1e-5), rtol=1e-6, atol=1e-6, what="columns far from 0")
    dX, *_ = unpack(answer, 3, what="backward")
    close(dX, gradients(X, X, gamma, beta, 1e-5)[0], rtol=1e-6, atol=1e-6, what="dX of columns far from 0")
    X[:, 1] = 7.0
    dY = rng.normal(size=(6, 3))
    Y, answer, _, _ = played(student, 3, {}, gamma, beta, forward(X), backward(dY))
    Y = array(Y, shape=(6, 3), what="the result of forward")
    close(Y[:, 1], np.full(6, beta[1]), atol=1e-6, what="a constant column")
    same_gradients(answer, gradients(dY, X, gamma, beta, 1e-5), "beside a constant column")
    layer = student.BatchNorm1d(3)
    with student.raises(ValueError, what="forward in training with a single row"):
        layer.forward(X[:1], train=True)
    close(layer.running_mean, np.zeros(3), what="running_mean after a single row was refused")
    close(layer.running_var, np.ones(3), what="running_var after a single row was refused")


@pytest.mark.points(
    1.2,
    hint="Shifting and stretching a column changes nothing, so the gradient is orthogonal to both; what two "
    "layers remember is their own.",
)
def test_shift_and_scale_are_forgotten_and_layers_are_their_own(student, rng):
    X, gamma, beta = inputs(rng, 6, 3)
    stretch, shift, dY = rng.uniform(0.5, 2.0, size=3), rng.normal(size=3), rng.normal(size=(6, 3))
    settings = {"eps": 0.0}
    Y, answer, _, _ = played(student, 3, settings, gamma, beta, forward(X), backward(dY))
    moved, _, _ = played(student, 3, settings, gamma, beta, forward(stretch * X + shift))
    close(
        moved,
        array(Y, shape=(6, 3), what="the result of forward"),
        rtol=1e-8,
        atol=1e-10,
        what="shifted, stretched columns",
    )
    dX, *_ = unpack(answer, 3, what="backward")
    dX = array(dX, shape=(6, 3), dtype="float", what="dX")
    close(dX.sum(axis=0), np.zeros(3), atol=1e-9, what="the sum of dX over the batch")
    close((dX * X).sum(axis=0), np.zeros(3), atol=1e-8, what="dX times X, summed over the batch")
    first, second = student.BatchNorm1d(3, momentum=0.5), student.BatchNorm1d(3, momentum=0.5)
    array(first.forward(X, train=True), shape=(6, 3), what="the result of forward")
    close(second.running_mean, np.zeros(3), what="running_mean of a layer that has seen nothing")
    close(second.forward(X, train=False), X / np.sqrt(1 + 1e-5), what="evaluation of a layer that has seen nothing")
    close(first.running_mean, 0.5 * X.mean(axis=0), what="running_mean of the other layer")
