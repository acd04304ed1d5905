"""Question 7: batch and group normalisation of maps. Expected values and gradients are torch's, in float64."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from grader.compare import array, close, unpack

pytestmark = pytest.mark.question("q7")

SHAPES = [(4, 3, 5, 2), (3, 4, 2, 4), (2, 3, 3, 5), (5, 2, 1, 1)]  # all different; C == W; C == H; no places


def batchnorm(nb, x, gamma, beta, mean, var, train, settings, cotangents):
    """Forward, and backward for every cotangent on the same cache; `mean` and `var` are the arrays that were passed."""
    y, cache = nb.batchnorm2d_forward(x, gamma, beta, {"mean": mean, "var": var}, train, **settings)
    gradients = [nb.batchnorm2d_backward(dy, cache) for dy in cotangents]
    return y, gradients, mean, var, x


def groupnorm(nb, x, G, gamma, beta, settings, cotangents):
    y, cache = nb.groupnorm_forward(x, G, gamma, beta, **settings)
    return y, [nb.groupnorm_backward(dy, cache) for dy in cotangents], x


def inputs(rng, shape):
    """x with another mean and scale in every channel, gamma, beta, running mean and variance, a cotangent."""
    C = shape[1]
    x = rng.normal(size=shape) * rng.uniform(0.5, 3.0, size=(C, 1, 1)) + rng.normal(size=(C, 1, 1)) * 2
    return x, rng.normal(size=C) + 1.5, rng.normal(size=C), rng.normal(size=C), rng.uniform(0.5, 2.0, size=C)


def expected(forward, x, gamma, beta, dy):
    """torch's y and gradients (dx, dgamma, dbeta) of `forward(x, gamma, beta)`."""
    leaves = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (x, gamma, beta)]
    y = forward(*leaves)
    gradients = torch.autograd.grad(y, leaves, torch.tensor(dy, dtype=torch.float64))
    return y.detach().numpy(), [gradient.numpy() for gradient in gradients]


def running_after(x, mean, var, momentum):
    """torch's running statistics after a training step."""
    mean, var = torch.tensor(mean), torch.tensor(var)
    F.batch_norm(torch.tensor(x), mean, var, training=True, momentum=momentum)
    return mean.numpy(), var.numpy()


def train_mode(eps):
    return lambda x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def eval_mode(mean, var, eps):
    mean, var = torch.tensor(mean), torch.tensor(var)
    return lambda x, gamma, beta: F.batch_norm(x, mean, var, gamma, beta, training=False, eps=eps)


def groups(G, eps):
    return lambda x, gamma, beta: F.group_norm(x, G, gamma, beta, eps=eps)


def same_gradients(answer, wanted, what, **options):
    for part, name, value in zip(unpack(answer, 3, what=what), ("dx", "dgamma", "dbeta"), wanted, strict=True):
        close(part, value, what=f"{name} of {what}", **options)


@pytest.mark.points(
    0.7, hint="y has the shape and dtype of x; x, gamma and beta stay as they are, and so does `running` without train."
)
def test_shapes_and_dtypes_follow_x_and_arguments_stay_as_they_were(student, rng):
    x, gamma, beta, mean, var = inputs(rng, (2, 6, 4, 3))
    with student.forbids("aten::*"):
        for dtype in (np.float64, np.float32):
            small = [a.astype(dtype) for a in (x, gamma, beta)]
            dy = rng.normal(size=x.shape).astype(dtype)
            y, gradients, _, _, after = unpack(
                student.run(batchnorm, *small, mean.copy(), var.copy(), True, {}, [dy]), 5, what="batch norm"
            )
            array(y, shape=x.shape, dtype=dtype, what="y of batch norm")
            close(after, small[0], what="x after batch norm")
            dx, dgamma, dbeta = unpack(unpack(gradients, 1)[0], 3, what="batchnorm2d_backward")
            array(dx, shape=x.shape, dtype="float", what="dx of batch norm")
            for name, part in (("dgamma", dgamma), ("dbeta", dbeta)):
                array(part, shape=(6,), dtype="float", what=f"{name} of batch norm")
            with student.pure():
                y, _, _, _, _ = unpack(student.run(batchnorm, *small, mean, var, False, {}, [dy]), 5, what="batch norm")
                array(y, shape=x.shape, dtype=dtype, what="y of batch norm without train")
                y, gradients, _ = unpack(
                    student.run(groupnorm, small[0], 2, *small[1:], {}, [dy]), 3, what="group norm"
                )
                array(y, shape=x.shape, dtype=dtype, what="y of group norm")
                dx, dgamma, dbeta = unpack(unpack(gradients, 1)[0], 3, what="groupnorm_backward")
                array(dx, shape=x.shape, dtype="float", what="dx of group norm")
                array(dgamma, shape=(6,), dtype="float", what="dgamma of group norm")


@pytest.mark.points(
    0.8, hint="One mean and one variance per channel, over batch, rows and columns; gamma and beta belong to channels."
)
def test_batch_norm_in_training(student, rng):
    for shape, settings in zip(SHAPES, ({}, {"eps": 0.1}, {"momentum": 0.3, "eps": 1e-3}, {}), strict=True):
        x, gamma, beta, mean, var = inputs(rng, shape)
        y, *_ = unpack(student.run(batchnorm, x, gamma, beta, mean, var, True, settings, []), 5, what="batch norm")
        wanted, _ = expected(train_mode(settings.get("eps", 1e-5)), x, gamma, beta, np.zeros(shape))
        close(y, wanted, what=f"batch norm in training of {shape}")
    x, gamma, beta, mean, var = inputs(rng, (3, 4, 2, 5))
    small = [a.astype(np.float32) for a in (x, gamma, beta)]
    y, *_ = unpack(student.run(batchnorm, *small, mean, var, True, {}, []), 5, what="batch norm")
    wanted, _ = expected(train_mode(1e-5), *small, np.zeros(x.shape))
    close(y, wanted.astype(np.float32), rtol=1e-4, atol=1e-5, what="batch norm of float32")


@pytest.mark.points(
    0.8,
    hint="running += momentum * (batch - running), inside the arrays that were passed, with the unbiased variance of "
    "the N*H*W values of a channel; and only in training.",
)
def test_running_statistics_move_in_place(student, rng):
    for shape, momentum in zip(SHAPES, (0.1, 0.3, 1.0, 0.5), strict=True):
        x, gamma, beta, mean, var = inputs(rng, shape)
        first, second = x, x[::-1] * 1.5 - 1.0
        wanted = running_after(second, *running_after(first, mean, var, momentum), momentum)
        for batch in (first, second):
            settings = {"momentum": momentum} if momentum != 0.1 else {}
            answer = student.run(batchnorm, batch, gamma, beta, mean, var, True, settings, [])
            _, _, mean, var, _ = unpack(answer, 5, what="batch norm")
            mean = array(mean, shape=(shape[1],), what="the running mean")
            var = array(var, shape=(shape[1],), what="the running variance")
        close(mean, wanted[0], what="the running mean after two batches")
        close(var, wanted[1], what="the running variance after two batches")


@pytest.mark.points(
    0.4, hint="Without train the running statistics are used, eps included, and the batch is not looked at."
)
def test_batch_norm_in_evaluation(student, rng):
    for shape, eps in zip(SHAPES, (1e-5, 0.1, 0.02, 1e-3), strict=True):
        x, gamma, beta, mean, var = inputs(rng, shape)
        answer = student.run(batchnorm, x, gamma, beta, mean, var, False, {"eps": eps, "momentum": 0.7}, [])
        y, _, mean_after, var_after, _ = unpack(answer, 5, what="batch norm")
        wanted, _ = expected(eval_mode(mean, var, eps), x, gamma, beta, np.zeros(shape))
        close(y, wanted, what=f"batch norm in evaluation of {shape}")
        close(mean_after, mean, what="the running mean after evaluation")
        close(var_after, var, what="the running variance after evaluation")


@pytest.mark.points(
    0.6,
    hint="One mean and one variance per sample and group; a group holds neighbouring channels, gamma is per channel.",
)
def test_group_norm_values(student, rng):
    for shape, G, settings in [
        ((2, 6, 3, 4), 3, {}),
        ((3, 6, 2, 6), 2, {"eps": 0.1}),
        ((4, 4, 4, 3), 2, {}),
        ((2, 5, 3, 2), 1, {"eps": 1e-3}),
        ((3, 4, 2, 5), 4, {}),
        ((1, 8, 2, 3), 4, {}),
    ]:
        x, gamma, beta, _, _ = inputs(rng, shape)
        y, _, _ = unpack(student.run(groupnorm, x, G, gamma, beta, settings, []), 3, what="group norm")
        wanted, _ = expected(groups(G, settings.get("eps", 1e-5)), x, gamma, beta, np.zeros(shape))
        close(y, wanted, what=f"group norm of {shape} with {G} groups")


@pytest.mark.points(
    0.8,
    hint="mean and variance depend on every x of the channel: two more terms besides g, both means over N, H and W. "
    "dgamma and dbeta are sums.",
)
def test_gradients_of_batch_norm_in_training(student, rng):
    for shape, eps in zip(SHAPES, (1e-5, 0.1, 0.02, 1e-3), strict=True):
        x, gamma, beta, mean, var = inputs(rng, shape)
        cotangents = [rng.normal(size=shape), rng.normal(size=shape)]
        answer = student.run(batchnorm, x, gamma, beta, mean, var, True, {"eps": eps}, cotangents)
        _, gradients, *_ = unpack(answer, 5, what="batch norm")
        for dy, given in zip(cotangents, unpack(gradients, 2), strict=True):
            _, wanted = expected(train_mode(eps), x, gamma, beta, dy)
            same_gradients(given, wanted, f"batch norm of {shape}", rtol=1e-7, atol=1e-9)


@pytest.mark.points(0.3, hint="Without train mean and variance are constants: which terms of the gradient are left?")
def test_gradients_of_batch_norm_in_evaluation(student, rng):
    x, gamma, beta, mean, var = inputs(rng, (3, 4, 5, 2))
    dy = rng.normal(size=x.shape)
    answer = student.run(batchnorm, x, gamma, beta, mean, var, False, {"eps": 0.05}, [dy])
    _, gradients, *_ = unpack(answer, 5, what="batch norm")
    _, wanted = expected(eval_mode(mean, var, 0.05), x, gamma, beta, dy)
    same_gradients(unpack(gradients, 1)[0], wanted, "batch norm in evaluation")


@pytest.mark.points(
    0.7,
    hint="The same formula as for batch norm with the means over a group; dgamma and dbeta still belong to channels.",
)
def test_gradients_of_group_norm(student, rng):
    for shape, G, eps in [
        ((2, 6, 3, 4), 3, 1e-5),
        ((3, 4, 2, 5), 2, 0.1),
        ((4, 3, 2, 3), 1, 1e-3),
        ((2, 4, 3, 2), 4, 0.01),
    ]:
        x, gamma, beta, _, _ = inputs(rng, shape)
        cotangents = [rng.normal(size=shape), rng.normal(size=shape)]
        answer = student.run(groupnorm, x, G, gamma, beta, {"eps": eps}, cotangents)
        _, gradients, _ = unpack(answer, 3, what="group norm")
        for dy, given in zip(cotangents, unpack(gradients, 2), strict=True):
            _, wanted = expected(groups(G, eps), x, gamma, beta, dy)
            same_gradients(given, wanted, f"group norm of {shape} with {G} groups", rtol=1e-7, atol=1e-9)


@pytest.mark.points(
    0.9,
    hint="A large common offset must not cost digits (subtract the mean before squaring), a constant channel gives "
    "beta, and G that does not divide C is a ValueError.",
)
def test_large_offsets_constant_channels_and_impossible_groups(student, rng):
    x, gamma, beta, mean, var = inputs(rng, (3, 4, 2, 5))
    offset = 1e6
    plain, _ = expected(train_mode(1e-5), x, gamma, beta, np.zeros(x.shape))
    y, *_ = unpack(student.run(batchnorm, x + offset, gamma, beta, mean, var, True, {}, []), 5, what="batch norm")
    close(y, plain, rtol=1e-6, atol=1e-6, what="batch norm of channels far from 0")
    plain, _ = expected(groups(2, 1e-5), x, gamma, beta, np.zeros(x.shape))
    y, _, _ = unpack(student.run(groupnorm, x + offset, 2, gamma, beta, {}, []), 3, what="group norm")
    close(y, plain, rtol=1e-6, atol=1e-6, what="group norm of channels far from 0")
    whole = rng.integers(-9, 10, size=x.shape)
    plain, _ = expected(groups(2, 1e-5), whole, gamma, beta, np.zeros(x.shape))
    y, _, _ = unpack(student.run(groupnorm, whole, 2, gamma, beta, {}, []), 3, what="group norm")
    close(y, plain, what="group norm of integers")
    x[:, 1] = 3.0
    y, *_ = unpack(student.run(batchnorm, x, gamma, beta, mean, var, True, {}, []), 5, what="batch norm")
    y = array(y, shape=x.shape, what="y of batch norm")
    close(y[:, 1], np.full((3, 2, 5), beta[1]), atol=1e-6, what="a constant channel")
    with student.raises(ValueError):
        student.groupnorm_forward(x, 3, gamma, beta)


@pytest.mark.points(
    1.0,
    hint="Group norm looks at one sample at a time; one group is layer norm, C groups are instance norm. The result "
    "does not change when a set of entries is shifted and stretched, and its gradient is orthogonal to both.",
)
def test_normalisation_forgets_shift_and_scale(student, rng):
    shape = (3, 4, 2, 5)
    x, gamma, beta, mean, var = inputs(rng, shape)
    whole, _, _ = unpack(student.run(groupnorm, x, 2, gamma, beta, {}, []), 3, what="group norm")
    whole = array(whole, shape=shape, what="y of group norm")
    for place in range(3):
        alone, _, _ = unpack(student.run(groupnorm, x[place : place + 1], 2, gamma, beta, {}, []), 3, what="group norm")
        alone = array(alone, shape=(1, *shape[1:]), what="y of group norm of one sample")
        close(alone[0], whole[place], what="a sample alone beside the same sample in a batch")
    stretch, shift = rng.uniform(0.5, 2.0, size=(4, 1, 1)), rng.normal(size=(4, 1, 1))
    dy = rng.normal(size=shape)
    first = unpack(student.run(batchnorm, x, gamma, beta, mean, var, True, {"eps": 0.0}, [dy]), 5, what="batch norm")
    second = unpack(
        student.run(batchnorm, stretch * x + shift, gamma, beta, mean, var, True, {"eps": 0.0}, []),
        5,
        what="batch norm",
    )
    y = array(first[0], shape=shape, what="y of batch norm")
    close(second[0], y, rtol=1e-8, atol=1e-10, what="batch norm after every channel was shifted and stretched")
    dx, *_ = unpack(unpack(first[1], 1)[0], 3, what="batchnorm2d_backward")
    dx = array(dx, shape=shape, what="dx of batch norm")
    close(dx.sum(axis=(0, 2, 3)), np.zeros(4), atol=1e-9, what="the sum of dx over a channel")
    close((dx * x).sum(axis=(0, 2, 3)), np.zeros(4), atol=1e-8, what="dx times x, summed over a channel")
    with np.errstate(all="ignore"):
        size = float(np.abs(dx).max())
    close(float(size > 1e-3), 1.0, what="1 if the gradient is not small")
