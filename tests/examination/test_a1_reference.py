"""The reference of assignment 1 against torch, which was written by others: values, gradients, trajectories."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from grader.examination.reference import load_reference
from grader.paths import PACKAGE, Paths

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, 0.01),
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
}


@pytest.fixture(scope="module")
def reference():
    return load_reference(Paths(PACKAGE.parent), "a1_mlp")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def leaf(array):
    return torch.tensor(array, requires_grad=True)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_derivatives(reference, rng, name):
    z = rng.normal(scale=30, size=(3, 4, 5))
    t = leaf(z)
    a = ACTIVATIONS[name](t)
    a.sum().backward()
    np.testing.assert_allclose(getattr(reference, name)(z), a.detach(), rtol=1e-12, atol=0)
    np.testing.assert_allclose(getattr(reference, f"d_{name}")(z), t.grad, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("name", [*ACTIVATIONS, *(f"d_{name}" for name in ACTIVATIONS)])
def test_activations_take_any_number_and_keep_its_type(reference, name):
    activation, large = getattr(reference, name), np.linspace(-1e4, 1e4, 4001)
    with np.errstate(all="raise"):
        assert np.isfinite(activation(large)).all()
        assert activation(large.astype(np.float32)).dtype == np.float32
    for z in (3, np.array(-3), np.array([[1, -2]]), np.uint8(3), [0.5, -0.5]):
        assert activation(z).dtype == np.float64 and np.shape(activation(z)) == np.shape(z)


def test_tails_keep_their_relative_precision(reference):
    for tail in (reference.sigmoid, reference.softplus, reference.d_sigmoid, reference.d_softplus):
        assert tail(-700.0) == pytest.approx(math.exp(-700), rel=1e-13)
    assert reference.d_tanh(20.0) == pytest.approx(4 * math.exp(-40), rel=1e-13)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("n", "c"), [(5, 3), (4, 4), (1, 2)])
def test_softmax_cross_entropy(reference, rng, n, c, reduction):
    Z, y = rng.normal(size=(n, c)), rng.integers(0, c, size=n)
    Z += rng.choice([-1e4, 0, 1e4], size=(n, 1))
    t = leaf(Z)
    loss = F.cross_entropy(t, torch.tensor(y), reduction=reduction)
    loss.sum().backward()
    with np.errstate(all="raise"):
        ours, gradient = reference.softmax_cross_entropy(Z, y, reduction)
    np.testing.assert_allclose(ours, loss.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(gradient, t.grad, rtol=1e-9, atol=1e-12)


def test_binary_cross_entropy_with_soft_targets(reference, rng):
    z, y = rng.normal(scale=50, size=7), rng.random(7)
    t = leaf(z)
    loss = F.binary_cross_entropy_with_logits(t, torch.tensor(y))
    loss.backward()
    ours, gradient = reference.bce_with_logits(z, y)
    np.testing.assert_allclose(ours, loss.item(), rtol=1e-12)
    np.testing.assert_allclose(gradient, t.grad, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_softmax_along_any_axis(reference, rng, axis):
    Z = rng.normal(scale=100, size=(2, 3, 4))
    np.testing.assert_allclose(reference.softmax(Z, axis), torch.softmax(torch.tensor(Z), axis), rtol=1e-12)


@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("act", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("sizes", [[4, 3], [4, 5, 3], [4, 4, 4, 4], [3, 6, 2, 5, 4]], ids=str)
def test_gradients_of_the_network(reference, rng, sizes, act, l2):
    params = reference.init_params(sizes, "he_normal", rng)
    params = {name: w + rng.normal(scale=0.1, size=w.shape) for name, w in params.items()}
    X, y = rng.normal(size=(6, sizes[0])), rng.integers(0, sizes[-1], size=6)
    t, a = {name: leaf(w) for name, w in params.items()}, torch.tensor(X)
    for layer in range(1, len(sizes)):
        a = a @ t[f"W{layer}"] + t[f"b{layer}"]
        a = getattr(torch, act)(a) if layer < len(sizes) - 1 else a
    loss = F.cross_entropy(a, torch.tensor(y)) + l2 / 2 * sum((w**2).sum() for name, w in t.items() if name[0] == "W")
    loss.backward()
    ours, grads = reference.mlp_loss_and_grads(params, X, y, act, l2)
    assert ours == pytest.approx(loss.item(), rel=1e-12)
    for name in params:
        np.testing.assert_allclose(grads[name], t[name].grad, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(lambda r: r.SGD(0.1), lambda p: torch.optim.SGD(p, 0.1), id="SGD"),
        pytest.param(lambda r: r.Momentum(0.1, 0.7), lambda p: torch.optim.SGD(p, 0.1, momentum=0.7), id="Momentum"),
        pytest.param(
            lambda r: r.Nesterov(0.1, 0.7),
            lambda p: torch.optim.SGD(p, 0.1, momentum=0.7, nesterov=True),
            id="Nesterov",
        ),
        pytest.param(lambda r: r.AdaGrad(0.1, 0.1), lambda p: torch.optim.Adagrad(p, 0.1, eps=0.1), id="AdaGrad"),
        pytest.param(
            lambda r: r.RMSProp(0.1, 0.7, 0.1), lambda p: torch.optim.RMSprop(p, 0.1, 0.7, eps=0.1), id="RMSProp"
        ),
        pytest.param(
            lambda r: r.AdaDelta(0.5, 0.7, 0.1), lambda p: torch.optim.Adadelta(p, 0.5, 0.7, 0.1), id="AdaDelta"
        ),
        pytest.param(
            lambda r: r.Adam(0.1, 0.5, 0.7, 0.1), lambda p: torch.optim.Adam(p, 0.1, (0.5, 0.7), 0.1), id="Adam"
        ),
    ],
)
def test_trajectories_of_the_optimisers(reference, rng, ours, theirs):
    """25 steps; on three of them one parameter has no gradient."""
    params = {"a": rng.normal(size=(2, 3)), "b": rng.normal(size=4)}
    arrays, t = dict(params), {name: leaf(w) for name, w in params.items()}
    rule, torch_rule = ours(reference), theirs(list(t.values()))
    for step in range(25):
        grads = {name: rng.normal(size=w.shape) for name, w in params.items()}
        if step in (3, 4, 5):
            grads["b"] = None
        for name, tensor in t.items():
            tensor.grad = None if grads[name] is None else torch.tensor(grads[name])
        rule.step(params, grads)
        torch_rule.step()
        for name in params:
            np.testing.assert_allclose(params[name], t[name].detach(), rtol=1e-9, atol=1e-13)
    assert all(params[name] is arrays[name] for name in params)


def test_a_chain_of_20000_additions_and_a_graph_with_2_to_the_60_paths(reference):
    x = total = reference.Value(1.0)
    for _ in range(20_000):
        total = total + x
    total.backward()
    assert x.grad == 20_001
    root = leaf_node = reference.Value(1.0)
    for _ in range(60):
        root = root + root
    root.backward()
    root.backward()
    assert leaf_node.grad == 2.0**60


def test_the_digit_classifier_returns_a_copy_of_its_best_epoch(reference, rng):
    X, y = rng.random((200, 64)), rng.integers(0, 10, size=200)  # nothing to learn: the first epochs are the best
    answer = reference.train_classifier(X[:150], y[:150], X[150:], y[150:], rng)
    p, losses = answer["predict_proba"](X[150:]), answer["history"]["val_loss"]
    assert answer["best_epoch"] == int(np.argmin(losses)) < len(losses) - 1
    assert -np.mean(np.log(p[np.arange(50), y[150:]])) == pytest.approx(min(losses), rel=1e-12)
