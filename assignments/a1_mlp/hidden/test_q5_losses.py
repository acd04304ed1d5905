"""Question 5: losses with their gradients. Expected values are closed forms in float64, written independently here."""

import numpy as np
import pytest

from grader.testing import array, close, number, require, unpack

pytestmark = pytest.mark.question("q5")


def log_softmax(Z, axis=-1):
    shifted = Z - Z.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def bce(z, y):
    """The loss of every sample: softplus(z) - y z."""
    return np.logaddexp(0.0, z) - y * z


def sigmoid(z):
    return np.exp(-np.logaddexp(0.0, -z))


def under_watch(nb, name, *args, **kwargs):
    """Call with floating-point faults as errors; that exp(-1e4) vanishes (underflow) is no fault."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        return getattr(nb, name)(*args, **kwargs)


def labelled(rng, N, C, scale=2.0):
    """Logits (N, C) and labels (N,) in which at least one class is repeated and the last class is missing if C > 2."""
    y = rng.integers(0, max(C - 1, 2), size=N)
    y[-1] = y[0]
    return rng.normal(scale=scale, size=(N, C)), y


def soft_targets(rng, N):
    """Targets in [0, 1] for a batch of N >= 3: some in between, one 0 and one 1."""
    y = rng.uniform(0.1, 0.9, size=N)
    y[:2] = 0.0, 1.0
    return y


@pytest.mark.points(
    0.8,
    hint="A loss is one number (a vector with reduction='none'), a gradient has the shape of its argument; float32 and "
    "integer arguments are allowed, one_hot has C columns, and nothing that is passed may change.",
)
def test_shapes_and_dtypes_follow_the_table_and_inputs_stay_as_they_were(student, rng):
    N, C = 6, 4
    Z, y = labelled(rng, N, C)
    targets, whole = rng.normal(size=(N, C)), rng.permutation(np.arange(-120, 120, 20)).reshape(3, 4)
    with student.pure():
        for dtype in (np.float32, np.float64):
            answers = {
                "mse_loss": student.mse_loss(Z.astype(dtype), targets.astype(dtype)),
                "bce_with_logits": student.bce_with_logits(Z[:, 0].astype(dtype), soft_targets(rng, N).astype(dtype)),
                "softmax_cross_entropy": student.softmax_cross_entropy(Z.astype(dtype), y),
            }
            for name, answer in answers.items():
                loss, gradient = unpack(answer, 2, what=name)
                require(number(loss, what=f"the loss of {name}") > 0, f"The loss of {name} is not positive.")
                shape = (N,) if name == "bce_with_logits" else (N, C)
                gradient = array(gradient, shape=shape, dtype=dtype, what=f"the gradient of {name}")
                require(gradient.any(), f"The gradient of {name} is 0.")
            p = array(student.softmax(Z.astype(dtype)), shape=(N, C), dtype=dtype, what="softmax")
            require(float(np.ptp(p)) > 1e-3, "softmax is the same for all logits.")
        losses, gradient = unpack(student.softmax_cross_entropy(Z, y, reduction="none"), 2, what="with reduction none")
        array(losses, shape=(N,), dtype=np.float64, what="the loss with reduction none")
        array(gradient, shape=(N, C), dtype=np.float64, what="the gradient with reduction none")
        array(student.one_hot(y, C + 3), shape=(N, C + 3), dtype=np.float64, what="one_hot")
        as_floats = array(student.softmax(whole.astype(float)), shape=whole.shape, what="softmax")
        for given in (whole, whole.astype(np.int8)):
            close(student.softmax(given), as_floats, what="softmax of integers")
            costs, _ = unpack(student.softmax_cross_entropy(given, np.arange(3), "none"), 2, what="with reduction none")
            close(costs, -log_softmax(whole.astype(float))[range(3), range(3)], what="the losses of integers")
        bytes_ = [rng.integers(0, 256, size=(4, 3), dtype=np.uint8) for _ in range(2)]  # a difference of these wraps
        loss, gradient = unpack(student.mse_loss(*bytes_), 2, what="mse_loss")
        off = np.subtract(*bytes_, dtype=float)
        close(loss, float(np.sum(off**2) / 8), what="mse_loss of integers")
        close(gradient, off / 4, dtype="exact", what="the gradient of mse_loss of integers")
        for_ints, for_floats = (student.bce_with_logits(Z[:, 1], t) for t in (y % 2, (y % 2).astype(float)))
        _, gradient = unpack(for_floats, 2, what="bce_with_logits")
        expected = array(gradient, shape=(N,), what="the gradient of bce_with_logits")
        close(unpack(for_ints, 2, what="bce_with_logits")[1], expected, what="the gradient with integer targets")


@pytest.mark.points(0.5, hint="The loss is 1/(2N) times the sum over all samples and outputs: N rows, not N*K entries.")
def test_mse_value(student, rng):
    for N, K in [(5, 3), (4, 4), (1, 6)]:
        yhat, y = rng.normal(size=(N, K)), rng.normal(size=(N, K))
        loss, _ = unpack(student.mse_loss(yhat, y), 2, what="mse_loss")
        sizes = {"the number of rows N": N, "the number of outputs K": K}
        expected = float(np.sum((yhat - y) ** 2) / (2 * N))
        close(loss, expected, what=f"mse_loss of {N} rows and {K} outputs", factors=sizes)


@pytest.mark.points(0.5, hint="z is a logit, y may lie between 0 and 1, and the loss is the mean over the batch.")
def test_bce_value_with_hard_and_soft_targets(student, rng):
    for N in (7, 3):
        z, y = rng.normal(scale=3.0, size=N), soft_targets(rng, N)
        loss, _ = unpack(student.bce_with_logits(z, y), 2, what="bce_with_logits")
        close(loss, float(bce(z, y).mean()), what="bce_with_logits", factors={"the batch size N": N})
    z, y = rng.normal(size=9).astype(np.float32), rng.integers(0, 2, size=9).astype(np.float32)
    loss, _ = unpack(student.bce_with_logits(z, y), 2, what="bce_with_logits")
    close(loss, float(bce(z.astype(float), y).mean()), rtol=1e-4, atol=1e-6, what="bce_with_logits of float32")


@pytest.mark.points(0.7, hint="The probabilities add up to 1 along `axis`, whichever axis that is; keepdims helps.")
def test_softmax_normalises_along_the_axis_that_is_asked_for(student, rng):
    box, square = rng.normal(scale=2.0, size=(2, 5, 3)), rng.normal(size=(4, 4))
    close(student.softmax(box), np.exp(log_softmax(box)), what="softmax of a box, default axis")
    for axis in (0, 1, -1):
        close(student.softmax(box, axis=axis), np.exp(log_softmax(box, axis)), what=f"softmax of a box, axis {axis}")
        close(student.softmax(square, axis=axis), np.exp(log_softmax(square, axis)), what=f"softmax, axis {axis}")
    close(student.softmax(box[0, 0]), np.exp(log_softmax(box[0, 0])), what="softmax of a vector")
    single = box.astype(np.float32)
    close(student.softmax(single), np.exp(log_softmax(box)).astype(np.float32), what="softmax of float32")


@pytest.mark.points(
    0.8, hint="Row i contributes one number, which depends on one entry of its logits in particular: column y[i]."
)
def test_cross_entropy_value_with_every_reduction(student, rng):
    for N, C in [(6, 4), (4, 4), (5, 2), (1, 3)]:
        Z, y = labelled(rng, N, C)
        each = -log_softmax(Z)[np.arange(N), y]
        expected = {"mean": float(each.mean()), "sum": float(each.sum()), "none": each}
        answers = {name: student.softmax_cross_entropy(Z, y, reduction=name) for name in expected}
        answers["default"], expected["default"] = student.softmax_cross_entropy(Z, y), expected["mean"]
        for name, answer in answers.items():
            loss, _ = unpack(answer, 2, what="softmax_cross_entropy")
            sizes = {"the batch size N": N, "the number of classes C": C}
            close(loss, expected[name], what=f"the loss of ({N}, {C}) logits, reduction {name}", factors=sizes)


@pytest.mark.points(
    0.3, hint="Row i is all 0 but for a 1 in column y[i]; there are C columns even if no label is C - 1."
)
def test_one_hot_has_one_column_per_class(student, rng):
    for N, C in [(6, 4), (3, 9), (5, 5), (1, 2), (9, 300)]:
        _, y = labelled(rng, N, C)
        close(student.one_hot(y, C), (y[:, None] == np.arange(C)).astype(float), what=f"one_hot with {C} classes")


@pytest.mark.points(0.4, hint="Differentiate 1/(2N) * sum (yhat - y)^2 on paper: the 2 cancels, the 1/N stays.")
def test_mse_gradient(student, rng):
    for N, K in [(5, 3), (2, 2), (1, 4)]:
        yhat, y = rng.normal(size=(N, K)), rng.normal(size=(N, K))
        _, gradient = unpack(student.mse_loss(yhat, y), 2, what="mse_loss")
        close(gradient, (yhat - y) / N, what="the gradient of mse_loss")


@pytest.mark.points(
    0.6, hint="Differentiate the loss of one sample on paper; then ask what the mean over N samples does to it."
)
def test_bce_gradient(student, rng):
    for N in (7, 4):
        z, y = rng.normal(scale=3.0, size=N), soft_targets(rng, N)
        _, gradient = unpack(student.bce_with_logits(z, y), 2, what="bce_with_logits")
        close(gradient, (sigmoid(z) - y) / N, what="the gradient of bce_with_logits", factors={"the batch size N": N})


@pytest.mark.points(
    1.0,
    hint="dZ belongs to the loss that is returned: what do the mean and the sum do to the gradient of a row? With "
    "'none' row i is the gradient of loss i.",
)
def test_cross_entropy_gradient_belongs_to_the_returned_loss(student, rng):
    for N, C in [(6, 4), (3, 3), (1, 5)]:
        Z, y = labelled(rng, N, C)
        per_sample = np.exp(log_softmax(Z)) - (y[:, None] == np.arange(C))
        for name, expected in {"mean": per_sample / N, "sum": per_sample, "none": per_sample}.items():
            _, gradient = unpack(student.softmax_cross_entropy(Z, y, reduction=name), 2, what="softmax_cross_entropy")
            close(gradient, expected, what=f"dZ of ({N}, {C}) logits, reduction {name}")
    Z, y = labelled(rng, 5, 3)
    expected = (np.exp(log_softmax(Z)) - (y[:, None] == np.arange(3))) / 5
    _, gradient = unpack(student.softmax_cross_entropy(Z.astype(np.float32), y), 2, what="softmax_cross_entropy")
    close(gradient, expected.astype(np.float32), what="dZ of float32 logits")


@pytest.mark.points(
    0.8,
    hint="Subtract each row's own maximum before exponentiating, and simplify the logarithm on paper: "
    "no epsilon, no clipping.",
)
def test_softmax_and_cross_entropy_survive_large_logits(student, rng):
    Z = rng.normal(size=(4, 3)) + np.array([[1e4], [-1e4], [0.0], [700.0]])
    box = np.stack([Z, Z[::-1] * 0.5], axis=2)  # (4, 3, 2)
    close(student.run(under_watch, "softmax", Z), np.exp(log_softmax(Z)), what="softmax of rows with large offsets")
    close(student.run(under_watch, "softmax", box, axis=1), np.exp(log_softmax(box, 1)), what="softmax of a large box")
    y, rows = np.array([2, 0, 1, 0]), np.arange(4)
    loss, dZ = unpack(student.run(under_watch, "softmax_cross_entropy", Z, y), 2, what="softmax_cross_entropy")
    close(loss, float(-log_softmax(Z)[rows, y].mean()), what="the loss of rows with large offsets")
    array(dZ, shape=Z.shape, what="dZ of rows with large offsets")
    gap = np.array([[0.0, 100.0, -3.0], [-1000.0, 5.0, 0.0], [30.0, 0.0, 30.0]])
    losses, _ = unpack(student.run(under_watch, "softmax_cross_entropy", gap, np.zeros(3, int), "none"), 2)
    close(losses, -log_softmax(gap)[:, 0], what="the loss of a class that is far behind")
    close(student.run(under_watch, "softmax", gap), np.exp(log_softmax(gap)), what="softmax with a class far behind")


@pytest.mark.points(
    0.4, hint="log(1 - sigmoid(z)) is log(0) for large z: simplify on paper until exp only sees numbers <= 0."
)
def test_bce_survives_large_logits(student, rng):
    z = np.concatenate([[1e4, -1e4, 800.0, -800.0, 40.0, -40.0], rng.normal(scale=100.0, size=3)])
    for y in ((z < 0).astype(float), (z > 0).astype(float), soft_targets(rng, len(z))):
        loss, gradient = unpack(student.run(under_watch, "bce_with_logits", z, y), 2, what="bce_with_logits")
        close(loss, float(bce(z, y).mean()), what="bce_with_logits of large logits")
        array(gradient, shape=z.shape, what="the gradient of large logits")


def ask_cross_entropy(student, Z, y, reduction="mean"):
    """Loss and dZ of the student, checked for their kind."""
    loss, dZ = unpack(student.softmax_cross_entropy(Z, y, reduction=reduction), 2, what="softmax_cross_entropy")
    loss = array(loss, shape=(len(Z),)) if reduction == "none" else number(loss, what="the loss")
    return loss, array(dZ, shape=Z.shape, dtype="float", what="dZ")


def is_zero(gap, what):
    close(gap, np.zeros(np.shape(gap)), atol=1e-9, what=what)


@pytest.mark.points(
    0.8,
    hint="Adding a constant to a row of logits changes nothing, every row of dZ adds up to 0, and mean * N = sum = the "
    "sum of 'none'.",
)
def test_softmax_and_cross_entropy_obey_their_laws(student, rng):
    N, C = 5, 3
    Z, y = labelled(rng, N, C)
    offset = rng.uniform(-30.0, 30.0, size=(N, 1))
    with np.errstate(all="ignore"):
        p = array(student.softmax(Z), shape=(N, C), dtype="float", what="softmax")
        is_zero(
            array(student.softmax(Z + offset), shape=(N, C), what="softmax") - p, "the change after a shift of rows"
        )
        is_zero(p.sum(axis=1) - 1.0, "the sum of probabilities minus 1")
        require(float(np.ptp(p)) > 1e-3, "softmax is the same for all logits.")
        mean, dZ = ask_cross_entropy(student, Z, y)
        require(mean > 0 and dZ.any(), "The loss or its gradient is 0.")  # what is 0 obeys every law
        total, dZ_of_sum = ask_cross_entropy(student, Z, y, "sum")
        each, _ = ask_cross_entropy(student, Z, y, "none")
        is_zero(dZ.sum(axis=1), "the sum of a row of dZ")
        is_zero(np.stack([mean * N - total, each.sum() - total]), "mean * N - sum, and sum of none - sum")
        is_zero(dZ * N - dZ_of_sum, "N * dZ of the mean minus dZ of the sum")
        is_zero(ask_cross_entropy(student, Z + offset, y)[0] - mean, "the change of the loss after a shift of rows")


@pytest.mark.points(0.4, hint="softmax of the logits (0, z) is (1 - sigmoid(z), sigmoid(z)): both losses are the same.")
def test_two_classes_are_the_binary_case(student, rng):
    N = 5
    z, t = rng.normal(size=N), np.arange(N) % 2
    with np.errstate(all="ignore"):
        two, dZ = ask_cross_entropy(student, np.stack([np.zeros(N), z], axis=1), t)
        close(two, float(bce(z, t).mean()), what="softmax_cross_entropy of two classes")
        loss, dz = unpack(student.bce_with_logits(z, t.astype(float)), 2, what="bce_with_logits")
        is_zero(two - number(loss, what="bce_with_logits"), "two classes minus the binary case")
        is_zero(
            dZ[:, 1] - array(dz, shape=(N,), what="the gradient"), "the gradient of two classes minus the binary one"
        )
