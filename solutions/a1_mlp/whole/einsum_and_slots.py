# A complete solution, written from the released notebook alone: einsum, slots, decorators and generators.
# ruff: noqa: E731, E741


# %%
import math

import numpy as np


def as_float(x: np.ndarray) -> np.ndarray:
    """x as an array of floats: float32 stays float32, everything else becomes float64."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


# %%
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial, reduce
from itertools import accumulate, count, pairwise
from operator import matmul
from typing import Any, NamedTuple

Array = np.ndarray


def _dt(x):
    return as_float(x).dtype


def _ones(X: Array) -> Array:
    "a 1 in front of every row"
    X = as_float(X)
    return np.insert(X, 0, 1, axis=1)


# %%
# q1
def mp_neuron(x, theta):
    return np.fromiter((int(np.count_nonzero(row) >= theta) for row in np.asarray(x)), dtype=np.int32, count=len(x))


GATES = dict(
    zip(
        ("and", "or", "majority", "always", "never"),
        (lambda n: n, lambda n: 1, lambda n: (n + 2) // 2, lambda n: -1, lambda n: n + 1),
    )
)


def gate_theta(gate: str, n: int) -> int:
    return GATES[gate](n)


def hebb_update(W, x, y, lr):
    return (as_float(W) + lr * np.einsum("m,n->mn", as_float(y), as_float(x))).astype(_dt(W))


# %%
# q2
def perceptron_predict(X, w):
    return np.heaviside(np.einsum("nd,d->n", _ones(X), as_float(w)), 1).astype(int)


def perceptron_fit(X, y, w_init, max_epochs):
    A = _ones(X)
    w = np.zeros(A.shape[1], A.dtype) if w_init is None else np.array(w_init, dtype=A.dtype)

    def epochs() -> Iterator[int]:
        nonlocal w
        for _ in range(max_epochs):
            wrong = 0
            for row, target in zip(A, np.asarray(y).tolist()):
                error = target - int(row @ w >= 0)
                if error:
                    w, wrong = w + error * row, wrong + 1
            yield wrong
            if not wrong:
                return

    mistakes = list(epochs())
    return w, sum(mistakes), mistakes[-1] == 0


# %%
# q3
from itertools import product


def boolean_network(table):
    table = np.asarray(table)
    n = table.size.bit_length() - 1
    W1 = np.array(list(product((-1.0, 1.0), repeat=n)))
    return dict(W1=W1, b1=np.full(len(W1), 1.0 - n), w2=table.astype(float), b2=-0.5)


def boolean_eval(net, X):
    fire = lambda z: np.greater_equal(z, 0).astype(np.int64)
    hidden = fire(np.einsum("nj,kj->nk", X, net["W1"]) + net["b1"])
    return fire(np.einsum("nk,k->n", hidden, net["w2"]) + net["b2"]), hidden


def tower_network(f, a, b, K):
    edges = [a + (b - a) * k / K for k in range(K)] + [b]
    up, down, height = [], [], []
    for left, right in pairwise(edges):
        up += [-left]
        down += [-right]
        height += [float(f((left + right) / 2))]
    return {
        "W1": np.ones((2 * K, 1)),
        "b1": np.array(up + down, dtype=float),
        "w2": np.array(height + [-h for h in height]),
    }


def tower_eval(net, x):
    x = as_float(x)
    z = np.outer(x, np.asarray(net["W1"])[:, 0]) + net["b1"]
    return np.where(z >= 0, net["w2"], 0.0).sum(axis=-1).astype(x.dtype)


# %%
# q4
def _elementwise(core):
    def wrapped(z, *args, **kw):
        z = as_float(z)
        return np.asarray(core(z, *args, **kw)).astype(z.dtype)

    wrapped.__name__ = core.__name__.strip("_")
    return wrapped


@_elementwise
def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1.0) / (1 + e)


tanh = _elementwise(np.vectorize(math.tanh, otypes=[float])) if False else _elementwise(lambda z: np.tanh(z))
tanh.__name__ = "tanh"


@_elementwise
def relu(z):
    return np.clip(z, 0, None)


@_elementwise
def leaky_relu(z, alpha=0.01):
    return np.select([z > 0], [z], alpha * z)


@_elementwise
def softplus(z):
    return np.logaddexp(z, 0)


@_elementwise
def d_sigmoid(z):
    return sigmoid(z) * sigmoid(-z)


d_tanh = _elementwise(lambda z: 4 * sigmoid(2 * z) * sigmoid(-2 * z))
d_relu = _elementwise(lambda z: np.heaviside(z, 0))
d_leaky_relu = _elementwise(lambda z, alpha=0.01: np.piecewise(z, [z > 0], [1, alpha]))


def d_softplus(z):
    return sigmoid(z)


# %%
# q5
def mse_loss(yhat, y):
    r = as_float(yhat) - as_float(y)
    r = r.astype(_dt(yhat))
    return np.vdot(r, r) / (2 * len(r)), r / len(r)


def bce_with_logits(z, y):
    z = as_float(z)
    y = as_float(y).astype(z.dtype)
    loss = np.mean(np.logaddexp(0, z) - y * z)
    return loss.item(), (sigmoid(z) - y) / z.shape[0]


def _log_softmax(Z, axis):
    Z = Z - np.amax(Z, axis, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis, keepdims=True))


def softmax(Z, axis=-1):
    return np.exp(_log_softmax(as_float(Z), axis))


def softmax_cross_entropy(Z, y, reduction="mean"):
    logp = _log_softmax(as_float(Z), 1)
    losses = -np.take_along_axis(logp, np.asarray(y)[:, None], axis=1).squeeze(1)
    dZ = np.exp(logp)
    np.subtract.at(dZ, (np.arange(len(dZ)), y), 1)
    match reduction:
        case "none":
            return losses, dZ
        case "sum":
            return losses.sum(), dZ
        case _:
            return losses.mean(), dZ / len(dZ)


def one_hot(y, C):
    out = np.zeros((len(y), C))
    np.put_along_axis(out, np.asarray(y)[:, None], 1, axis=1)
    return out


# %%
# q6
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    A = _ones(X)
    y = as_float(y).astype(A.dtype)

    def look(w):
        loss, dz = bce_with_logits(A @ w, y)
        return float(loss), A.T @ dz

    w = as_float(w0).astype(A.dtype)
    loss, g = look(w)
    history = [loss]
    for _ in range(max_iter):
        w = w - lr * g
        loss, g = look(w)
        history.append(loss)
        if abs(history[-1] - history[-2]) <= tol:
            break
    return w, history


# %%
# q7
class Value:
    __slots__ = ("data", "grad", "_from", "__weakref__")

    def __init__(self, data, _from=()):
        self.data, self.grad, self._from = data, 0.0, _from

    @staticmethod
    def _lift(x):
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, o):
        o = Value._lift(o)
        return Value(self.data + o.data, ((self, 1.0), (o, 1.0)))

    def __mul__(self, o):
        o = Value._lift(o)
        return Value(self.data * o.data, ((self, o.data), (o, self.data)))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return -1 * self

    def __sub__(self, o):
        return self + (-1) * Value._lift(o)

    def __rsub__(self, o):
        return Value._lift(o) - self

    def __truediv__(self, o):
        o = Value._lift(o)
        q = self.data / o.data
        return Value(q, ((self, 1 / o.data), (o, -q / o.data)))

    def __rtruediv__(self, o):
        return Value._lift(o) / self

    def __pow__(self, n):
        return Value(self.data**n, ((self, n * self.data ** (n - 1) if n else 0.0),))

    def _unary(self, y, slope):
        return Value(y, ((self, slope),))

    def exp(self):
        y = math.exp(self.data)
        return self._unary(y, y)

    def log(self):
        return self._unary(math.log(self.data), 1 / self.data)

    def tanh(self):
        y = math.tanh(self.data)
        return self._unary(y, 1 - y * y)

    def sigmoid(self):
        e = math.exp(-abs(self.data))
        return self._unary((1 if self.data >= 0 else e) / (1 + e), e / (1 + e) ** 2)

    def relu(self):
        return self._unary(max(self.data, 0), float(self.data >= 0))

    def __repr__(self):
        return f"Value({self.data}, {self.grad})"

    def backward(self):
        order, seen, todo = [], set(), [(self, iter(self._from))]
        seen.add(id(self))
        while todo:
            node, parents = todo[-1]
            for parent, _ in parents:
                if id(parent) not in seen:
                    seen.add(id(parent))
                    todo.append((parent, iter(parent._from)))
                    break
            else:
                order.append(todo.pop()[0])
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node._from:
                parent.grad += slope * node.grad


# %%
# q8
ACTIVATIONS = {"relu": (relu, d_relu), "tanh": (tanh, d_tanh), "sigmoid": (sigmoid, d_sigmoid)}


def init_params(sizes, scheme, rng):
    family, shape = scheme.split("_")
    params = {}
    for l, (i, o) in enumerate(pairwise(sizes), start=1):
        std = math.sqrt(2 / (i + o if family == "xavier" else i))
        draw = {
            "normal": lambda: std * rng.standard_normal((i, o)),
            "uniform": lambda: std * math.sqrt(3) * (2 * rng.random((i, o)) - 1),
        }[shape]
        params |= {f"W{l}": draw(), f"b{l}": np.zeros(o)}
    return params


class Layer(NamedTuple):
    a: Array
    z: Array


def mlp_forward(params, X, act):
    g, _ = ACTIVATIONS[act]
    L = len(params) // 2
    a, cache = as_float(X), []
    for l in range(1, L + 1):
        z = (a @ params[f"W{l}"] + params[f"b{l}"]).astype(a.dtype)
        cache.append(Layer(a, z))
        a = g(z) if l < L else z
    return a, tuple(cache)


def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    _, slope = ACTIVATIONS[act]
    logits, cache = mlp_forward(params, X, act)
    loss, delta = softmax_cross_entropy(logits, y)
    grads = {}
    for l in reversed(range(1, len(cache) + 1)):
        W = params[f"W{l}"]
        grads[f"W{l}"] = np.einsum("ni,no->io", cache[l - 1].a, delta) + l2 * W
        grads[f"b{l}"] = np.einsum("no->o", delta)
        loss = loss + l2 / 2 * np.einsum("io,io", W, W)
        if l > 1:
            delta = np.einsum("no,io->ni", delta, W) * slope(cache[l - 2].z)
    return float(loss), {name: grad.astype(logits.dtype) for name, grad in grads.items()}


def numeric_gradient(f, x, h=1e-5):
    out = np.empty(x.shape)
    for where in np.ndindex(*x.shape):
        kept = x[where].copy()
        try:
            x[where] = kept + h
            high = f(x)
            x[where] = kept - h
            low = f(x)
        finally:
            x[where] = kept
        out[where] = (high - low) / (2 * h)
    return out


# %%
# q9
class _Rule:
    memories = 0

    def _begin(self, **hyper):
        self.__dict__.update(hyper)
        self._memory = {}

    def step(self, params, grads):
        for name, g in grads.items():
            if g is not None:
                w = params[name]
                state = self._memory.get(name) or [np.zeros(w.shape) for _ in range(self.memories)]
                self._memory[name], move = self.rule(state, as_float(g))
                np.add(w, move, out=w, casting="same_kind")


class SGD(_Rule):
    def __init__(self, lr):
        self._begin(lr=lr)

    def rule(self, s, g):
        return s, -self.lr * g


class Momentum(_Rule):
    memories = 1

    def __init__(self, lr, alpha=0.9):
        self._begin(lr=lr, alpha=alpha)

    def rule(self, s, g):
        d = self.alpha * s[0] - self.lr * g
        return [d], d


class Nesterov(_Rule):
    memories = 1

    def __init__(self, lr, alpha=0.9):
        self._begin(lr=lr, alpha=alpha)

    def rule(self, s, g):
        v = self.alpha * s[0] + g
        return [v], -self.lr * (g + self.alpha * v)


class AdaGrad(_Rule):
    memories = 1

    def __init__(self, lr, eps=1e-10):
        self._begin(lr=lr, eps=eps)

    def rule(self, s, g):
        t = s[0] + np.square(g)
        return [t], -self.lr * g / (np.sqrt(t) + self.eps)


class RMSProp(_Rule):
    memories = 1

    def __init__(self, lr, rho=0.9, eps=1e-8):
        self._begin(lr=lr, rho=rho, eps=eps)

    def rule(self, s, g):
        t = self.rho * s[0] + (1 - self.rho) * g**2
        return [t], -self.lr * g / (t**0.5 + self.eps)


class AdaDelta(_Rule):
    memories = 2

    def __init__(self, lr=1.0, rho=0.95, eps=1e-6):
        self._begin(lr=lr, rho=rho, eps=eps)

    def rule(self, state, g):
        s, e = state
        s = self.rho * s + (1 - self.rho) * g * g
        u = g * np.sqrt(e + self.eps) / np.sqrt(s + self.eps)
        return [s, self.rho * e + (1 - self.rho) * u * u], -self.lr * u


class Adam(_Rule):
    memories = 3

    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        self._begin(lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    def rule(self, state, g):
        m, v, t = state
        t = t + 1
        m = self.beta1 * m + (1 - self.beta1) * g
        v = self.beta2 * v + (1 - self.beta2) * g * g
        return [m, v, t], -self.lr * (m / (1 - self.beta1**t)) / (np.sqrt(v / (1 - self.beta2**t)) + self.eps)


# %%
# q10
def newton_logistic(X, y, l2, w0, n_iter):
    X = as_float(X)
    y, eye = as_float(y).astype(X.dtype), np.eye(X.shape[1])

    def loss(w):
        return float(bce_with_logits(X @ w, y)[0] + l2 / 2 * (w @ w))

    def step(w, _):
        s = sigmoid(X @ w)
        g = X.T @ (s - y) / len(X) + l2 * w
        H = np.einsum("ni,n,nj->ij", X, s * sigmoid(-(X @ w)), X) / len(X) + l2 * eye
        return (w - np.linalg.solve(H, g)).astype(X.dtype)

    path = list(accumulate(range(n_iter), step, initial=as_float(w0).astype(X.dtype)))
    return path[-1], [loss(w) for w in path]


def hvp(grad_fn, w, v, h=1e-5):
    w, v = as_float(w), as_float(v)
    high, low = (np.asarray(grad_fn(w + s * h * v)) for s in (1, -1))
    return (high - low) / (2 * h)


def conjugate_gradient(Av, b, x0, tol, max_iter):
    x = as_float(x0)
    r = as_float(b) - Av(x)
    d, rr, steps = r, r @ r, 0
    while math.sqrt(rr) > tol and steps < max_iter:
        Ad = Av(d)
        alpha = rr / (d @ Ad)
        x, r = x + alpha * d, r - alpha * Ad
        rr, old = r @ r, rr
        d = r + rr / old * d
        steps += 1
    return np.array(x), steps, math.sqrt(rr)


# %%
# q11
def _coin(shape, p, rng, dtype):
    return rng.binomial(1, 1 - p, size=shape).astype(dtype) / dtype.type(1 - p)


def _check(p):
    if not 0 <= p < 1:
        raise ValueError("p")


def dropout_forward(X, p, rng, train):
    _check(p)
    X = as_float(X)
    if not train:
        return X, None
    mask = _coin(X.shape, p, rng, X.dtype)
    return X * mask, mask


def dropout_backward(dY, mask):
    dY = as_float(dY)
    return dY.copy() if mask is None else dY * mask


def dropconnect_forward(X, W, b, p, rng, train):
    _check(p)
    X = as_float(X)
    M = _coin(W.shape, p, rng, X.dtype) if train else np.ones(W.shape, X.dtype)
    WM = W * M
    return (np.einsum("nd,dm->nm", X, WM) + b).astype(X.dtype), {"X": X, "WM": WM, "M": M}


def dropconnect_backward(dY, cache):
    X, WM, M = (cache[key] for key in ("X", "WM", "M"))
    dY = as_float(dY)
    return tuple(part.astype(dY.dtype) for part in (np.inner(dY, WM), np.einsum("nd,nm->dm", X, dY) * M, dY.sum(0)))


# %%
# q12
class BatchNorm1d:
    __slots__ = ("eps", "momentum", "gamma", "beta", "running_mean", "running_var", "dgamma", "dbeta", "_back")

    def __init__(self, D, eps=1e-5, momentum=0.1):
        self.eps, self.momentum = eps, momentum
        self.gamma, self.running_var = np.ones((2, D))
        self.beta, self.running_mean = np.zeros((2, D))

    def forward(self, X, train):
        X = as_float(X)
        if train:
            n = X.shape[0]
            if n < 2:
                raise ValueError("one row has no variance")
            mu = X.mean(0, dtype=np.float64)
            var = np.mean((X - mu) ** 2, axis=0)
            k = self.momentum
            self.running_mean = (1 - k) * self.running_mean + k * mu
            self.running_var = (1 - k) * self.running_var + k * var * n / (n - 1)
        else:
            mu, var = self.running_mean.copy(), self.running_var.copy()
        inv = 1 / np.sqrt(var + self.eps)
        xhat = (X - mu) * inv
        gamma = self.gamma.copy()

        def back(dY):
            g = gamma * dY
            if train:
                g = g - g.mean(0) - xhat * (g * xhat).mean(0)
            return g * inv, (dY * xhat).sum(0), dY.sum(0, dtype=float)

        self._back = back
        return (gamma * xhat + self.beta).astype(X.dtype)

    def backward(self, dY):
        dY = as_float(dY)
        dX, self.dgamma, self.dbeta = self._back(dY)
        return dX.astype(dY.dtype)


# %%
# q13
def _batches(n, size, rng):
    yield from np.split(rng.permutation(n), range(size, n, size))


def _fit(params, backprop, n, epochs, size, rng, rule):
    for _ in range(epochs):
        for rows in _batches(n, size, rng):
            rule.step(params, backprop(rows))
    return params


def _lecun(i, o, rng):
    return rng.normal(0, i**-0.5, (i, o))


def train_aann(X, k, rng):
    X = as_float(X)
    sizes = [X.shape[1], 48, k, 48, X.shape[1]]
    P = {}
    for l, (i, o) in enumerate(pairwise(sizes)):
        P[f"W{l}"], P[f"b{l}"] = _lecun(i, o, rng), np.zeros(o)
    P["b3"] += X.mean(0)
    lin = lambda a, l: a @ P[f"W{l}"] + P[f"b{l}"]

    def backprop(rows):
        x = X[rows]
        h1 = sigmoid(lin(x, 0))
        c = lin(h1, 1)
        h2 = sigmoid(lin(c, 2))
        out = lin(h2, 3)
        acts, slopes = [x, h1, c, h2], [None, h1 * (1 - h1), 1.0, h2 * (1 - h2)]
        delta, G = (out - x) / len(x), {}
        for l in (3, 2, 1, 0):
            G[f"W{l}"], G[f"b{l}"] = acts[l].T @ delta, delta.sum(0)
            if l:
                delta = delta @ P[f"W{l}"].T * slopes[l]
        return G

    _fit(P, backprop, len(X), 150, 64, rng, Adam(0.003))
    encode = lambda X: lin(sigmoid(lin(as_float(X), 0)), 1)
    decode = lambda C: lin(sigmoid(lin(as_float(C), 2)), 3)
    return encode, decode


def pretrain_stack(X, sizes, rng):
    def one(H, width):
        P = {
            "W": _lecun(H.shape[1], width, rng),
            "b": np.zeros(width),
            "V": _lecun(width, H.shape[1], rng),
            "d": H.mean(0),
        }

        def backprop(rows):
            x = H[rows]
            c = sigmoid(x @ P["W"] + P["b"])
            e = (c @ P["V"] + P["d"] - x) / len(x)
            back = e @ P["V"].T * c * (1 - c)
            return {"W": x.T @ back, "b": back.sum(0), "V": c.T @ e, "d": e.sum(0)}

        _fit(P, backprop, len(H), 40, 64, rng, Adam(0.003))
        return P["W"], P["b"]

    def grow(H, sizes):
        if not sizes:
            return []
        W, b = one(H, sizes[0])
        return [(W, b), *grow(sigmoid(H @ W + b), sizes[1:])]

    return grow(as_float(X), list(sizes))


def finetune(stack, Xl, yl, n_classes, rng):
    P = {}
    for l, (W, b) in enumerate(stack, 1):
        P[f"W{l}"], P[f"b{l}"] = np.array(W, float), np.array(b, float)
    last = len(stack) + 1
    width = np.shape(stack[-1][0])[1]
    P[f"W{last}"], P[f"b{last}"] = 0.1 * _lecun(width, n_classes, rng), np.zeros(n_classes)
    Xl, yl = as_float(Xl), np.asarray(yl)
    _fit(P, lambda rows: mlp_loss_and_grads(P, Xl[rows], yl[rows], "sigmoid")[1], len(Xl), 200, 20, rng, SGD(0.5))
    return lambda X: mlp_forward(P, X, "sigmoid")[0].argmax(axis=1)


# %%
# q14
from copy import deepcopy


def train_classifier(Xtr, ytr, Xva, yva, rng):
    P = init_params([Xtr.shape[1], 96, 10], "he_normal", rng)
    rule, best = Adam(3e-3), (math.inf, -1, None)
    history = {"train_loss": [], "val_loss": []}
    cost = lambda X, y: float(softmax_cross_entropy(mlp_forward(P, X, "relu")[0], y)[0])
    for epoch in range(60):
        for rows in _batches(len(Xtr), 50, rng):
            rule.step(P, mlp_loss_and_grads(P, Xtr[rows], ytr[rows], "relu", 1e-3)[1])
        history["train_loss"].append(cost(Xtr, ytr))
        history["val_loss"].append(cost(Xva, yva))
        if history["val_loss"][-1] < best[0]:
            best = history["val_loss"][-1], epoch, deepcopy(P)
    _, epoch, net = best
    return dict(predict_proba=lambda X: softmax(mlp_forward(net, X, "relu")[0]), history=history, best_epoch=epoch)
