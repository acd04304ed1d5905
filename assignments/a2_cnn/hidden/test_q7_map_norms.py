"""Question 7: batch norm and group norm of feature maps. The oracles are torch's layers and autograd in float64."""

import numpy as np
import pytest
import torch

from grader.testing import Mismatch, array, close, unpack

pytestmark = pytest.mark.question("q7")

F = torch.nn.functional
SHAPES = [(2, 3, 4, 5), (5, 2, 3, 1), (3, 4, 2, 4), (2, 4, 4, 3), (3, 3, 3, 3), (1, 4, 3, 2), (6, 5, 1, 1)]
GROUPED = [((2, 6, 4, 5), 3), ((3, 4, 2, 4), 2), ((2, 4, 4, 3), 2), ((4, 6, 1, 2), 2), ((2, 4, 4, 4), 4)]
GROUPED += [((3, 5, 2, 3), 1), ((2, 3, 4, 5), 3), ((1, 6, 2, 3), 3)]


def draw(rng, shape, times=2):
    """x whose channels and images differ in mean and spread, gamma, beta, running averages, cotangents."""
    N, C, _, _ = shape
    x = rng.normal(size=shape) * rng.uniform(0.5, 3.0, size=(N, C, 1, 1)) + rng.normal(scale=2.0, size=(N, C, 1, 1))
    gamma, beta = rng.normal(size=C) + 0.2, rng.normal(size=C)
    running = {"mean": rng.normal(size=C), "var": rng.uniform(0.5, 4.0, size=C)}
    return x, gamma, beta, running, [rng.normal(size=shape) for _ in range(times)]


def settings(rng):
    return {"momentum": float(rng.uniform(0.2, 0.4)), "eps": float(rng.uniform(0.05, 0.2))}


def gradients(y, variables, dys):
    return [
        tuple(g.numpy() for g in torch.autograd.grad(y, variables, torch.from_numpy(dy), retain_graph=True))
        for dy in dys
    ]


def batch_norm(x, gamma, beta, running, dys, train, momentum=0.1, eps=1e-5):
    """y, the running averages afterwards, and (dx, dgamma, dbeta) for every dy."""
    variables = [torch.from_numpy(np.array(a, dtype=np.float64)).requires_grad_() for a in (x, gamma, beta)]
    mean, var = (torch.from_numpy(np.array(running[name], dtype=np.float64)) for name in ("mean", "var"))
    y = F.batch_norm(variables[0], mean, var, *variables[1:], training=train, momentum=momentum, eps=eps)
    return y.detach().numpy(), {"mean": mean.numpy(), "var": var.numpy()}, gradients(y, variables, dys)


def group_norm(x, G, gamma, beta, dys, eps=1e-5):
    variables = [torch.from_numpy(np.array(a, dtype=np.float64)).requires_grad_() for a in (x, gamma, beta)]
    y = F.group_norm(variables[0], G, *variables[1:], eps=eps)
    return y.detach().numpy(), gradients(y, variables, dys)


def batch_both_ways(nb, x, gamma, beta, running, dys, train, **settings):
    """y, the dict afterwards, and the three gradients for every dy, all with one cache."""
    state = {name: np.array(values) for name, values in running.items()}
    y, cache = nb.batchnorm2d_forward(x, gamma, beta, state, train, **settings)
    return y, state, [nb.batchnorm2d_backward(dy, cache) for dy in dys]


def group_both_ways(nb, x, G, gamma, beta, dys, **settings):
    y, cache = nb.groupnorm_forward(x, G, gamma, beta, **settings)
    return y, [nb.groupnorm_backward(dy, cache) for dy in dys]


def ask_batch(student, x, gamma, beta, running, dys, train=True, **more):
    answer = student.run(batch_both_ways, x, gamma, beta, running, dys, train, **more)
    y, state, back = unpack(answer, 3, what="batch norm")
    return y, state, triples(back, len(dys))


def ask_group(student, x, G, gamma, beta, dys, **more):
    y, back = unpack(student.run(group_both_ways, x, G, gamma, beta, dys, **more), 2, what="group norm")
    return y, triples(back, len(dys))


def triples(back, n):
    return [unpack(each, 3, what="the gradients") for each in unpack(back, n, what="the gradients")]


def judge(answers, wanted, what):
    """Compare (dx, dgamma, dbeta) for every dy."""
    for answer, exact in zip(answers, wanted, strict=True):
        for mine, right, name in zip(answer, exact, ("dx", "dgamma", "dbeta"), strict=True):
            close(mine, right, rtol=1e-8, atol=1e-10, what=f"{name} of {what}")


@pytest.mark.points(
    0.7,
    hint="y and dx have the shape of x, dgamma and dbeta are (C,); y has the dtype that x asks for, the gradients have "
    "that of dy (of integers float64), whatever gamma, beta and running are; only `running` may change.",
)
def test_shapes_and_dtypes_of_map_norms(student, rng):
    shape = (2, 4, 3, 5)
    x, gamma, beta, running, dys = draw(rng, shape, times=1)
    with student.pure(), student.forbids("aten::*", "numpy.convolve", "numpy.correlate"):
        for dtype in (np.float64, np.float32):
            a, b, c, d = (v.astype(dtype) for v in (x, gamma, beta, dys[0]))
            state = {name: values.astype(dtype) for name, values in running.items()}
            for train in (True, False):
                y, after, (back,) = ask_batch(student, a, b, c, state, [d], train)
                array(y, shape=shape, dtype=dtype, what="y of batch norm")
                for answer, size, name in zip(back, (shape, 4, 4), ("dx", "dgamma", "dbeta"), strict=True):
                    array(answer, shape=size, dtype=dtype, what=f"{name} of batch norm")
                if type(after) is not dict or set(after) != {"mean", "var"}:
                    raise Mismatch("running must stay a dict with the keys mean and var")
                for name in ("mean", "var"):
                    array(after[name], shape=4, dtype="float", what=f"running[{name!r}]")
            y, (back,) = ask_group(student, a, 2, b, c, [d])
            array(y, shape=shape, dtype=dtype, what="y of group norm")
            close(y, group_norm(x, 2, gamma, beta, [])[0].astype(dtype), atol=2e-5, what="y of group norm")
            for answer, size, name in zip(back, (shape, 4, 4), ("dx", "dgamma", "dbeta"), strict=True):
                array(answer, shape=size, dtype=dtype, what=f"{name} of group norm")
        for data, other in ((np.float32, np.float32), (np.float64, np.float32)):  # x decides, then dy
            a, dy = x.astype(data), dys[0].astype(data)
            b, c = gamma.astype(other), beta.astype(other)
            state = {name: values.astype(other) for name, values in running.items()}
            mixed = f"for an x and a dy of {data.__name__} beside a gamma of {other.__name__}"
            for train in (True, False):
                y, _, (back,) = ask_batch(student, a, b, c, state, [dy], train)
                array(y, shape=shape, dtype=data, what=f"y of batch norm {mixed}")
                for answer, name in zip(back, ("dx", "dgamma", "dbeta"), strict=True):
                    array(answer, dtype=data, what=f"{name} of batch norm {mixed}")
            y, (back,) = ask_group(student, a, 2, b, c, [dy])
            array(y, shape=shape, dtype=data, what=f"y of group norm {mixed}")
            for answer, name in zip(back, ("dx", "dgamma", "dbeta"), strict=True):
                array(answer, dtype=data, what=f"{name} of group norm {mixed}")
        whole = rng.integers(-99, 100, size=shape).astype(np.int8)
        for train in (True, False):
            _, _, (back,) = ask_batch(student, x, gamma, beta, running, [whole], train)
            wanted = batch_norm(x, gamma, beta, running, [whole.astype(float)], train)[2][0]
            for answer, exact, name in zip(back, wanted, ("dx", "dgamma", "dbeta"), strict=True):
                close(answer, exact, rtol=1e-8, atol=1e-10, dtype="exact", what=f"{name} of batch norm, dy of integers")
        _, (back,) = ask_group(student, x, 2, gamma, beta, [whole])
        wanted = group_norm(x, 2, gamma, beta, [whole.astype(float)])[1][0]
        for answer, exact, name in zip(back, wanted, ("dx", "dgamma", "dbeta"), strict=True):
            close(answer, exact, rtol=1e-8, atol=1e-10, dtype="exact", what=f"{name} of group norm, dy of integers")
        for kind in (np.int8, np.float16):
            given, says = whole.astype(kind), f"norm of {kind.__name__}"
            more = {"rtol": 1e-8, "atol": 1e-10, "dtype": "exact"}
            y, _, _ = ask_batch(student, given, gamma, beta, running, [])
            close(y, batch_norm(whole, gamma, beta, running, [], True)[0], what=f"y of batch {says}", **more)
            y, _ = ask_group(student, given, 2, gamma, beta, [])
            close(y, group_norm(whole, 2, gamma, beta, [])[0], what=f"y of group {says}", **more)


@pytest.mark.points(
    0.9, hint="One mean and one variance a channel, over images, rows and columns; gamma and beta belong to axis 1."
)
def test_batch_norm_in_training(student, rng):
    for shape in SHAPES:
        x, gamma, beta, running, _ = draw(rng, shape)
        y, _, _ = ask_batch(student, x, gamma, beta, running, [])
        close(y, batch_norm(x, gamma, beta, running, [], True)[0], rtol=1e-8, atol=1e-10, what=f"y of {shape}")
        more = settings(rng)
        y, _, _ = ask_batch(student, x, gamma, beta, running, [], **more)
        wanted, _, _ = batch_norm(x, gamma, beta, running, [], True, **more)
        close(y, wanted, rtol=1e-8, atol=1e-10, what=f"y of {shape} with another eps")


@pytest.mark.points(
    0.6,
    hint="(1 - momentum) times the old value plus momentum times the new one; the variance is multiplied by m / (m - "
    "1) first, m being all numbers of a channel; the caller's dict must show it.",
)
def test_running_averages(student, rng):
    for shape in [*SHAPES[:6], (2, 9, 3, 2)]:
        x, gamma, beta, running, _ = draw(rng, shape)
        for more in ({}, settings(rng), {"momentum": 0.0}, {"momentum": 1.0}):
            _, after, _ = ask_batch(student, x, gamma, beta, running, [], **more)
            wanted = batch_norm(x, gamma, beta, running, [], True, **more)[1]
            close(after, wanted, what=f"running after a batch of {shape}")


@pytest.mark.points(
    0.95,
    hint="Each image has G means: of its first C/G channels, of the next C/G, and so on; gamma and beta have C "
    "entries.",
)
def test_group_norm(student, rng):
    for shape, G in GROUPED:
        x, gamma, beta, _, _ = draw(rng, shape)
        for more in ({}, {"eps": float(rng.uniform(0.05, 0.2))}):
            y, _ = ask_group(student, x, G, gamma, beta, [], **more)
            wanted, _ = group_norm(x, G, gamma, beta, [], **more)
            close(y, wanted, rtol=1e-8, atol=1e-10, what=f"y of {shape} in {G} groups")


@pytest.mark.points(
    0.95,
    hint="dx has three parts, because the mean and the variance depend on x as well; check it with finite differences. "
    "dgamma and dbeta are sums over images, rows and columns.",
)
def test_gradients_of_batch_norm(student, rng):
    for shape in SHAPES:
        x, gamma, beta, running, dys = draw(rng, shape)
        for more in ({}, settings(rng)):
            _, _, back = ask_batch(student, x, gamma, beta, running, dys, **more)
            wanted = batch_norm(x, gamma, beta, running, dys, True, **more)[2]
            judge(back, wanted, f"batch norm of {shape}")


@pytest.mark.points(
    0.8,
    hint="The means in dx run over the group, of gamma * dy with every channel's own gamma; dgamma and dbeta are one "
    "number a channel, summed over the batch.",
)
def test_gradients_of_group_norm(student, rng):
    for shape, G in GROUPED:
        x, gamma, beta, _, dys = draw(rng, shape)
        for more in ({}, {"eps": float(rng.uniform(0.05, 0.2))}):
            _, back = ask_group(student, x, G, gamma, beta, dys, **more)
            judge(back, group_norm(x, G, gamma, beta, dys, **more)[1], f"group norm of {shape} in {G} groups")


@pytest.mark.points(
    0.55,
    hint="With train=False the running averages are used and left alone; they are constants, so nothing of dy goes to "
    "them.",
)
def test_batch_norm_in_operation(student, rng):
    for shape in [*SHAPES, (1, 3, 1, 1)]:
        x, gamma, beta, running, dys = draw(rng, shape)
        fresh = {"mean": np.zeros(shape[1]), "var": np.ones(shape[1])}  # nothing was trained yet
        _, after, _ = ask_batch(student, x.astype(np.float32), gamma, beta, running, [], train=False)
        close(after, running, rtol=0.0, atol=0.0, what="running of float64 after an x of float32 with train=False")
        for averages, more in ((running, {}), (running, settings(rng)), (fresh, {})):
            y, after, back = ask_batch(student, x, gamma, beta, averages, dys, train=False, **more)
            wanted, _, slopes = batch_norm(x, gamma, beta, averages, dys, False, **more)
            close(y, wanted, rtol=1e-8, atol=1e-10, what=f"y of {shape} with train=False")
            close(after, averages, rtol=0.0, atol=0.0, what="running after train=False")
            judge(back, slopes, "batch norm with train=False")


@pytest.mark.points(
    0.5,
    hint="Groups must have equal sizes (ValueError). Subtract the mean before you square; equal pixels have variance "
    "0, and eps keeps that from being a division by 0; gamma may be 0, too, so keep x_hat instead of dividing y by it.",
)
def test_far_away_and_constant_maps_and_odd_groups(student, rng):
    x, gamma, beta, running, dys = draw(rng, (3, 4, 5, 2))
    for G in (3, 5, 8):
        with student.raises(ValueError, what="groupnorm_forward where the groups are not equally large"):
            student.groupnorm_forward(x, G, gamma, beta)
    y, _, back = ask_batch(student, x + 1e6, gamma, beta, running, dys)
    wanted, _, slopes = batch_norm(x, gamma, beta, running, dys, True)
    close(y, wanted, rtol=1e-6, atol=1e-6, what="y of maps around a million")
    close(back[0][0], slopes[0][0], rtol=1e-6, atol=1e-6, what="dx of maps around a million")
    y, back = ask_group(student, x + 1e6, 2, gamma, beta, dys)
    wanted, slopes = group_norm(x, 2, gamma, beta, dys)
    close(y, wanted, rtol=1e-6, atol=1e-6, what="y of groups around a million")
    close(back[0][0], slopes[0][0], rtol=1e-6, atol=1e-6, what="dx of groups around a million")
    flat = np.broadcast_to(np.array([2.0, -1.0, 0.0, 0.5])[:, None, None], x.shape).copy()
    plain = np.broadcast_to(beta[:, None, None], x.shape).copy()
    y, _, _ = ask_batch(student, flat, gamma, beta, running, dys)
    close(y, plain, what="y of constant channels, batch norm")
    y, _ = ask_group(student, flat, 4, gamma, beta, dys)
    close(y, plain, what="y of constant channels, group norm")
    gamma[[0, 3]] = 0.0
    for train in (True, False):
        _, _, back = ask_batch(student, x, gamma, beta, running, dys, train)
        judge(back, batch_norm(x, gamma, beta, running, dys, train)[2], "batch norm where gamma is 0")
    _, back = ask_group(student, x, 2, gamma, beta, dys)
    judge(back, group_norm(x, 2, gamma, beta, dys)[1], "group norm where gamma is 0")


@pytest.mark.points(
    0.45,
    hint="Group norm treats each image as if it were alone. Batch norm does not care in which order the images come, "
    "nor about a shift of a whole channel.",
)
def test_who_depends_on_whom(student, rng):
    shape, G = (4, 6, 3, 2), 3
    x, gamma, beta, running, _ = draw(rng, shape)
    other = x.copy()
    other[1:] = rng.normal(3.0, 5.0, size=other[1:].shape)
    order, shift = rng.permutation(4), rng.normal(scale=3.0, size=(6, 1, 1))
    grouped, regrouped, alone = (ask_group(student, a, G, gamma, beta, [])[0] for a in (x, other, x[:1]))
    grouped = array(grouped, shape=shape, dtype="float", what="y of group norm")
    first = array(regrouped, shape=shape, dtype="float", what="y of group norm")[:1]
    close(grouped, group_norm(x, G, gamma, beta, [])[0], rtol=1e-8, atol=1e-10, what="y of group norm")
    plain, turned, moved = (ask_batch(student, a, gamma, beta, running, [])[0] for a in (x, x[order], x + shift))
    plain, turned, moved = (
        array(a, shape=shape, dtype="float", what="y of batch norm") for a in (plain, turned, moved)
    )
    with np.errstate(all="ignore"):
        close(first - grouped[:1], np.zeros(first.shape), atol=1e-10, what="the change of an image in another batch")
        gap = array(alone, shape=first.shape, what="y of one image") - grouped[:1]
        close(gap, np.zeros(first.shape), atol=1e-10, what="the change of an image that is alone")
        close(turned - plain[order], np.zeros(shape), atol=1e-10, what="the change when images are reordered")
        close(moved - plain, np.zeros(shape), atol=1e-9, what="the change when channels are shifted")
    close(plain, batch_norm(x, gamma, beta, running, [], True)[0], rtol=1e-8, atol=1e-10, what="y of batch norm")


def passes_in_between(nb, first, second, gamma, beta, running, dy, G):
    """Gradients of an evaluation, of a training and of a group pass after other passes that change `running`."""
    state = {name: np.array(values) for name, values in running.items()}
    _, frozen = nb.batchnorm2d_forward(first, gamma, beta, state, False)
    _, trained = nb.batchnorm2d_forward(first, gamma, beta, state, True)
    _, grouped = nb.groupnorm_forward(first, G, gamma, beta)
    for _ in range(2):
        nb.batchnorm2d_forward(second, gamma, beta, state, True, momentum=0.5)
    nb.groupnorm_forward(second, G, gamma, beta)
    nb.batchnorm2d_backward(dy * 3.0, trained)
    nb.groupnorm_backward(dy * 3.0, grouped)
    back = nb.batchnorm2d_backward(dy, frozen), nb.batchnorm2d_backward(dy, trained), nb.groupnorm_backward(dy, grouped)
    return back, state


@pytest.mark.points(
    0.6,
    hint="Each forward pass fills its own cache with what backward needs; no global variables, nothing that is updated "
    "later.",
)
def test_later_passes_do_not_touch_a_cache(student, rng):
    shape, G = (3, 4, 2, 5), 2
    x, gamma, beta, running, (dy, _) = draw(rng, shape)
    second = rng.normal(1.0, 3.0, size=shape)
    back, state = unpack(student.run(passes_in_between, x, second, gamma, beta, running, dy, G), 2)
    frozen, trained, grouped = (unpack(each, 3, what="the gradients") for each in unpack(back, 3))
    judge([frozen], batch_norm(x, gamma, beta, running, [dy], False)[2], "batch norm with train=False")
    judge([trained], batch_norm(x, gamma, beta, running, [dy], True)[2], "batch norm")
    judge([grouped], group_norm(x, G, gamma, beta, [dy])[1], "group norm")
    wanted = batch_norm(x, gamma, beta, running, [], True)[1]
    for _ in range(2):
        wanted = batch_norm(second, gamma, beta, wanted, [], True, momentum=0.5)[1]
    close(state, wanted, what="running after three batches")
