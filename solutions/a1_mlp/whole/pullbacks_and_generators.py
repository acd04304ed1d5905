# A complete solution, written from the released notebook alone: lists of pullbacks, generators, decorators, a heap.
# ruff: noqa: B007


# %%
# imports, and the rule about float types as given in the notebook
import numpy as np


def as_float(x: np.ndarray) -> np.ndarray:
    """x as an array of floats: float32 stays float32, everything else becomes float64."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


# %%
# q1


def float_kind(*arrays) -> type:
    """The float type of a call: that of the first array of floats among the arguments (data first)."""
    floats = (a.dtype for a in map(np.asarray, arrays) if a.dtype.kind == "f")
    return np.float32 if next(floats, None) == np.float32 else np.float64


def in_double(*arrays) -> tuple:
    """Fresh float64 copies of the arguments, and a function that brings a result to the float type of the call."""
    kind = float_kind(*arrays)
    return *(np.array(a, dtype=np.float64) for a in arrays), lambda result: np.asarray(result, dtype=kind)


def mp_neuron(x: np.ndarray, theta: int) -> np.ndarray:
    """The McCulloch-Pitts neuron for every row of a batch."""
    spikes = np.asarray(x).astype(np.int64)
    count = spikes @ np.ones(spikes.shape[1], dtype=np.int64)  # counting as a matrix product
    return np.greater_equal(count, int(theta)).view(np.int8).astype(np.int64)


def gate_theta(gate: str, n: int) -> int:
    """A threshold with which a neuron of n inputs is the gate "and", "or", "majority", "always" or "never"."""
    n = int(n)
    match gate:
        case "always":
            return 0  # even silence is enough
        case "or":
            return 1
        case "majority":
            return (n + 2) // 2  # the smallest integer above n / 2
        case "and":
            return n
        case "never":
            return n + 1
    raise ValueError(f"no gate is called {gate!r}")


def hebb_update(W: np.ndarray, x: np.ndarray, y: np.ndarray, lr: float) -> np.ndarray:
    """One step of Hebb's rule, W + lr y x^T, as a new array."""
    grown, inputs, outputs, back = in_double(W, x, y)
    for row, out in zip(grown, outputs, strict=True):  # grown is a copy, its rows are views
        row += float(lr) * out * inputs
    return back(grown)


# %%
# q2


def with_one(X: np.ndarray) -> np.ndarray:
    """The rows of X with a 1 in front, as float64 (float32 numbers fit into it exactly)."""
    X = np.asarray(X)
    rows = np.empty((X.shape[0], X.shape[1] + 1))
    rows[:, 0], rows[:, 1:] = 1.0, X
    return rows


def perceptron_predict(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The perceptron's answers: 1 where the score is at least 0."""
    score = with_one(X) @ np.asarray(w, dtype=np.float64)
    return 1 - np.signbit(score + 0.0).astype(np.int64)  # + 0.0 makes a plus of -0.0


def perceptron_fit(
    X: np.ndarray, y: np.ndarray, w_init: np.ndarray | None, max_epochs: int
) -> tuple[np.ndarray, int, bool]:
    """Rosenblatt's rule, samples in their order, until an epoch has no mistake.

    The labels are folded into the rows: with s = +1 for class 1 and -1 for class 0 the row s (1, x) has to have a
    score >= 0 (class 1) or > 0 (class 0), and after a mistake (y - yhat) (1, x) is just s (1, x).
    """
    kind = float_kind(X) if w_init is None else float_kind(X, w_init)
    rows = with_one(X)
    w = np.zeros(rows.shape[1], dtype=kind) if w_init is None else np.array(w_init, dtype=kind)
    strict = np.asarray(y).astype(np.int64) == 0
    rows[strict] *= -1.0
    samples = list(zip(rows, strict.tolist(), strict=True))

    def epoch() -> int:
        mistakes = 0
        for row, has_to_exceed in samples:
            score = row @ w
            if score < 0 or (has_to_exceed and score == 0):
                np.add(w, row, out=w, casting="same_kind")
                mistakes += 1
        return mistakes

    updates = 0
    for _ in range(max_epochs):
        found = epoch()
        if not found:
            return w, updates, True
        updates += found
    return w, updates, False


# %%
# q3

import functools
import math
from collections.abc import Callable


def fires(z: np.ndarray) -> np.ndarray:
    """The step of this question, as booleans."""
    return z >= 0


def boolean_network(table: np.ndarray) -> dict:
    """One hidden unit for each row of a truth table."""
    votes = np.array(table, dtype=np.float64)
    n = len(votes).bit_length() - 1
    corners = np.indices((2,) * n).reshape(n, -1).T  # the corners of a cube in C order: x1 changes last
    return {"W1": 2.0 * corners - 1.0, "b1": np.full(2**n, 1.0 - n), "w2": votes, "b2": -0.5}


def boolean_eval(net: dict, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate a network of step units; a unit fires where its sum is at least 0."""
    W1, b1, w2, b2 = (np.asarray(net[key], dtype=np.float64) for key in ("W1", "b1", "w2", "b2"))
    hidden = fires(np.inner(np.asarray(X, dtype=np.float64), W1) + b1).astype(np.int64)
    return fires(hidden @ w2 + b2).astype(np.int64), hidden


def tower_network(f: Callable[[float], float], a: float, b: float, K: int) -> dict:
    """Two step units a bin, for K equal bins of [a, b), each as high as f at its midpoint."""
    edges = np.linspace(float(a), float(b), K + 1)  # both neighbours of an inner edge use this very number
    heights = [float(f(middle)) for middle in ((edges[:-1] + edges[1:]) / 2).tolist()]
    return {
        "W1": np.ones((2 * K, 1)),
        "b1": -np.stack([edges[:-1], edges[1:]], axis=1).ravel(),  # up, down, up, down, ...
        "w2": np.kron(heights, [1.0, -1.0]),
    }


def tower_eval(net: dict, x: np.ndarray) -> np.ndarray:
    """The weighted sum of the step units.

    The sum is math.fsum's, so a tower that has ended leaves nothing at all behind. Points with the same units
    firing share one sum; on a line there are few such patterns.
    """
    x, back = in_double(x)
    W1, b1, w2 = (np.asarray(net[key], dtype=np.float64) for key in ("W1", "b1", "w2"))
    hidden = fires(np.outer(x, W1[:, 0]) + b1)

    @functools.cache
    def total(pattern: bytes) -> float:
        return math.fsum(w2[np.frombuffer(pattern, dtype=bool)].tolist())

    return back([total(row.tobytes()) for row in hidden])


# %%
# q4

import functools
from collections.abc import Callable


def elementwise(rule: Callable) -> Callable:
    """Makes of a rule for float arrays a function that keeps shape and float type and takes single numbers."""

    @functools.wraps(rule)
    def function(z, *args, **kwargs):
        z = as_float(z)
        return np.asarray(rule(z, *args, **kwargs), dtype=z.dtype)[()]

    return function


@elementwise
def sigmoid(z: np.ndarray) -> np.ndarray:
    """The logistic function 1 / (1 + e^-z), element by element. Any shape; float32 stays float32."""
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))  # above and below multiplied by e^min(z, 0)


@elementwise
def tanh(z: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent (e^z - e^-z) / (e^z + e^-z)."""
    return np.tanh(z)


@elementwise
def relu(z: np.ndarray) -> np.ndarray:
    """The rectified linear unit max(z, 0)."""
    return (z + np.abs(z)) / 2


@elementwise
def leaky_relu(z: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """z where z > 0, alpha z elsewhere."""
    return np.maximum(z, 0) + float(alpha) * np.minimum(z, 0)


@elementwise
def softplus(z: np.ndarray) -> np.ndarray:
    """ln(1 + e^z)."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


@elementwise
def d_sigmoid(z: np.ndarray) -> np.ndarray:
    """The derivative of the sigmoid at the pre-activation z."""
    return sigmoid(z) * sigmoid(-z)


@elementwise
def d_tanh(z: np.ndarray) -> np.ndarray:
    """The derivative of tanh at the pre-activation z: tanh z = 2 sigmoid(2 z) - 1."""
    return 4 * d_sigmoid(2 * z)


@elementwise
def d_relu(z: np.ndarray) -> np.ndarray:
    """The derivative of the ReLU at the pre-activation z; half a slope in the corner."""
    return np.heaviside(z, 0.5)


@elementwise
def d_leaky_relu(z: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """The derivative of the leaky ReLU at the pre-activation z."""
    return np.take([float(alpha), 1.0], (z > 0).astype(np.intp))


@elementwise
def d_softplus(z: np.ndarray) -> np.ndarray:
    """The derivative of the softplus at the pre-activation z."""
    return sigmoid(z)


# %%
# q5


def mse_loss(yhat: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Squared error, 1/(2N) times the sum over samples and outputs."""
    yhat, y, back = in_double(yhat, y)
    error = np.subtract(yhat, y, out=yhat)
    return float(np.vdot(error, error) / (2 * len(error))), back(error / len(error))


def bce_with_logits(z: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Binary cross-entropy of sigmoid(z) against y, mean over the batch.

    -ln sigmoid(z) = softplus(-z) and -ln(1 - sigmoid(z)) = softplus(z); nothing cancels in what is added.
    """
    z, y, back = in_double(z, y)
    loss = np.mean(y * softplus(-z) + (1 - y) * softplus(z))
    return float(loss), back(((1 - y) * sigmoid(z) - y * sigmoid(-z)) / len(z))


def softmax(Z: np.ndarray, axis: int = -1) -> np.ndarray:
    """Probabilities e^Z / sum of e^Z along one axis of an array of any shape."""
    P, back = in_double(Z)
    P -= P.max(axis=axis, keepdims=True)
    np.exp(P, out=P)
    P /= P.sum(axis=axis, keepdims=True)
    return back(P)


def softmax_cross_entropy(Z: np.ndarray, y: np.ndarray, reduction: str = "mean") -> tuple[float, np.ndarray]:
    """Cross-entropy of softmax(Z) against the true classes.

    With the largest logit moved to 0 its exponential is exactly 1, so the logarithm of the sum is log1p of the rest.
    The gradient of the true class is minus the sum of the other probabilities: each row sums to 0 by construction.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is mean, sum or none, not {reduction!r}")
    Z, back = in_double(Z)
    rows, y = np.arange(len(Z)), np.asarray(y, dtype=np.int64)
    largest = Z.argmax(axis=1)
    Z -= Z[rows, largest][:, None]
    behind = -Z[rows, y]  # how far the true class trails
    E = np.exp(Z)
    E[rows, largest] = 0.0
    rest = E.sum(axis=1)
    losses = behind + np.log1p(rest)
    E[rows, largest] = 1.0
    dZ = E / (1.0 + rest)[:, None]
    dZ[rows, y] = 0.0
    dZ[rows, y] = -dZ.sum(axis=1)
    if reduction == "none":
        return back(losses), back(dZ)
    N = len(Z) if reduction == "mean" else 1
    return float(losses.sum() / N), back(dZ / N)


def one_hot(y: np.ndarray, C: int) -> np.ndarray:
    """y: (N,) integers in 0..C-1;  returns (N, C) float64 with a single 1 in each row."""
    return np.equal.outer(np.asarray(y), np.arange(C)).astype(np.float64)


# %%
# q6

import itertools


def sigmoid_neuron_fit(
    X: np.ndarray, y: np.ndarray, w0: np.ndarray, lr: float, tol: float, max_iter: int
) -> tuple[np.ndarray, list[float]]:
    """Gradient descent on the mean binary cross-entropy of one sigmoid neuron."""
    rows, y = with_one(X), np.asarray(y, dtype=np.float64)

    def descend(w):
        """Yields weights and their loss, without end; the first are the given ones."""
        while True:
            loss, pull = bce_with_logits(rows @ w, y)
            yield w, loss
            w = w - float(lr) * (pull @ rows)  # a new array each time

    path = descend(np.array(w0, dtype=np.float64))
    w, loss = next(path)
    history = [loss]
    for w, loss in itertools.islice(path, max_iter):
        history.append(loss)
        if abs(history[-1] - history[-2]) <= tol:
            break
    return w, history


# %%
# q7

import heapq
import itertools
import math
import numbers


def _two_sided(rule):
    """The methods of a binary operator, the plain and the reflected one.

    rule: takes two numbers, returns the result and its two slopes
    """

    def combine(left, right):
        pair = (left, right)
        result, *slopes = rule(*(side.data if isinstance(side, Value) else float(side) for side in pair))
        return Value._made(result, [(side, s) for side, s in zip(pair, slopes) if isinstance(side, Value)])

    def plain(self, other):
        return combine(self, other) if isinstance(other, (Value, numbers.Real)) else NotImplemented

    def reflected(self, other):
        return combine(other, self) if isinstance(other, numbers.Real) else NotImplemented

    return plain, reflected


def _one_sided(rule):
    """The method of a function of one number. rule: takes the number, returns value and slope"""

    def method(self):
        value, slope = rule(self.data)
        return Value._made(value, [(self, slope)])

    return method


def _divide(a, b):
    return a / b, 1 / b, -(a / b) / b


def _exp(x):
    try:
        value = math.exp(x)
    except OverflowError:
        value = math.inf
    return value, value


def _tanh(x):
    e = math.exp(-2 * abs(x))
    return math.tanh(x), 4 * e / (1 + e) ** 2


def _sigmoid(x):
    e = math.exp(-abs(x))
    return (1 if x >= 0 else e) / (1 + e), e / (1 + e) ** 2


def _power(x, n):
    if n == 0:
        return 1.0, 0.0
    value = x**n
    if isinstance(value, complex):
        raise ValueError(f"{x} ** {n} is no real number")
    try:
        return value, n * x ** (n - 1)
    except ZeroDivisionError:  # a root at 0
        return value, math.inf
    except OverflowError:
        return value, n * value / x


class Value:
    """A number that remembers how it was computed. Plain Python, no arrays.

    data: the number;  grad: d (root) / d (this node) after root.backward(), 0.0 before

    A node keeps (node below, slope) for each operand; numbers leave no node. It also has a serial number. What goes
    into a node was made before it, so that falling serial numbers are an order in which gradients may be passed on.
    """

    __array_ufunc__ = None  # a numpy number on the left leaves the operation to us
    _serials = itertools.count()

    def __init__(self, data: float):
        self.data = float(data)
        self.grad = 0.0
        self._below = ()
        self._serial = next(Value._serials)

    @classmethod
    def _made(cls, data, below):
        node = cls(data)
        node._below = tuple(below)
        return node

    __add__, __radd__ = _two_sided(lambda a, b: (a + b, 1.0, 1.0))
    __sub__, __rsub__ = _two_sided(lambda a, b: (a - b, 1.0, -1.0))
    __mul__, __rmul__ = _two_sided(lambda a, b: (a * b, b, a))
    __truediv__, __rtruediv__ = _two_sided(_divide)
    __neg__ = _one_sided(lambda x: (-x, -1.0))
    exp = _one_sided(_exp)
    log = _one_sided(lambda x: (math.log(x), 1 / x))
    tanh = _one_sided(_tanh)
    sigmoid = _one_sided(_sigmoid)
    relu = _one_sided(lambda x: (x, 1.0) if x > 0 else (0.0, 0.0))

    def __pow__(self, exponent):
        if not isinstance(exponent, numbers.Real):
            return NotImplemented
        return _one_sided(lambda x: _power(x, float(exponent)))(self)

    def __repr__(self):
        return f"Value({self.data}, grad={self.grad})"

    def backward(self) -> None:
        """Visits each node once, the youngest that is known first; the known ones wait in a heap."""
        self.grad = 1.0
        waiting, known = [(-self._serial, self)], {self._serial}
        while waiting:
            _, node = heapq.heappop(waiting)
            for below, slope in node._below:
                if below._serial not in known:
                    known.add(below._serial)
                    below.grad = 0.0
                    heapq.heappush(waiting, (-below._serial, below))
                if node.grad != 0.0:  # 0 times a slope without bound is 0 here
                    below.grad += node.grad * slope


# %%
# q8
import itertools
import math
from collections.abc import Callable

ACTIVATIONS = {"relu": (relu, d_relu), "tanh": (tanh, d_tanh), "sigmoid": (sigmoid, d_sigmoid)}


def init_params(sizes: list[int], scheme: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random weights and zero biases for layers of the given sizes."""
    family, _, shape = scheme.partition("_")
    variance = {"xavier": lambda i, o: 2 / (i + o), "he": lambda i, o: 2 / i}[family]
    unit = {"normal": rng.standard_normal, "uniform": lambda size: rng.uniform(-math.sqrt(3), math.sqrt(3), size)}[
        shape
    ]
    params = {}
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(map(int, sizes)), start=1):
        params[f"W{layer}"] = math.sqrt(variance(n_in, n_out)) * unit((n_in, n_out))  # unit has variance 1
        params[f"b{layer}"] = np.zeros(n_out)
    return params


def affine(a: np.ndarray, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Callable]:
    """a W + b, and the function that pulls a gradient back through it, to (a, W, b)."""
    return a @ W + b, lambda delta: (delta @ W.T, a.T @ delta, np.ones(len(delta), dtype=delta.dtype) @ delta)


def bend(z: np.ndarray, act: str) -> tuple[np.ndarray, Callable]:
    """The activation of z, and the function that pulls a gradient back through it."""
    g, slope = ACTIVATIONS[act]
    return g(z), lambda delta: delta * slope(z)


def mlp_forward(params: dict[str, np.ndarray], X: np.ndarray, act: str) -> tuple[np.ndarray, object]:
    """The logits of a batch. The cache is a list of functions, one a step of the way, that lead back."""
    signal, way_back = as_float(X), []
    for layer in itertools.count(1):
        if f"W{layer}" not in params:
            return signal, way_back
        if layer > 1:
            signal, unbend = bend(signal, act)
            way_back.append((None, unbend))
        signal, pull = affine(signal, params[f"W{layer}"], params[f"b{layer}"])
        way_back.append((layer, pull))


def mlp_loss_and_grads(
    params: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray, act: str, l2: float = 0.0
) -> tuple[float, dict[str, np.ndarray]]:
    """Mean cross-entropy + l2/2 * (sum of squares of all weights, not of the biases), and its gradients."""
    l2, grads = float(l2), dict.fromkeys(params)
    logits, way_back = mlp_forward(params, X, act)
    loss, delta = softmax_cross_entropy(logits, y)
    for layer, pull in reversed(way_back):
        if layer is None:
            delta = pull(delta)
            continue
        W = params[f"W{layer}"]
        delta, dW, grads[f"b{layer}"] = pull(delta)
        grads[f"W{layer}"] = dW + l2 * W
        loss += l2 / 2 * float(np.sum(np.square(W, dtype=np.float64)))
    return loss, grads


def numeric_gradient(f, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences (f(x + h e_i) - f(x - h e_i)) / 2h, one entry of x at a time."""
    slopes = np.empty(x.shape)
    entries = x.flat  # writes into x itself, however it lies in memory

    def at(i, number):
        before = float(entries[i])
        entries[i] = number
        try:
            return float(f(x))
        finally:
            entries[i] = before

    for i in range(x.size):
        here = float(entries[i])
        slopes.flat[i] = (at(i, here + h) - at(i, here - h)) / (2 * h)
    return slopes


# %%
# q9

import itertools


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, and 0 where below is 0 (no gradient yet, and eps = 0)."""
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


class OneLifePerName:
    """An optimiser whose memories are the local variables of a generator, one generator for each parameter's name.

    life() of a rule is sent gradients (float64) and answers each with the change of the parameter.
    """

    def __init__(self, **numbers_of_the_rule: float):
        self.lives = {}
        for name, value in numbers_of_the_rule.items():
            setattr(self, name, float(value))

    def life(self):
        raise NotImplementedError

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        for name, w in params.items():
            g = grads.get(name)
            if g is None:
                continue
            if name not in self.lives:
                self.lives[name] = self.life()
                next(self.lives[name])  # up to the first yield
            change = self.lives[name].send(np.array(g, dtype=np.float64))
            np.add(w, change, out=w, casting="same_kind")


class SGD(OneLifePerName):
    """w <- w - lr g"""

    def __init__(self, lr: float):
        super().__init__(lr=lr)

    def life(self):
        g = yield
        while True:
            g = yield -self.lr * g


class Momentum(OneLifePerName):
    """The generalized delta rule: d <- alpha d - lr g;  w <- w + d"""

    def __init__(self, lr: float, alpha: float = 0.9):
        super().__init__(lr=lr, alpha=alpha)

    def life(self):
        g, d = (yield), 0.0
        while True:
            d = self.alpha * d - self.lr * g
            g = yield d


class Nesterov(OneLifePerName):
    """v <- alpha v + g;  w <- w - lr (g + alpha v)"""

    def __init__(self, lr: float, alpha: float = 0.9):
        super().__init__(lr=lr, alpha=alpha)

    def life(self):
        g, v = (yield), 0.0
        while True:
            v = self.alpha * v + g
            g = yield -self.lr * (g + self.alpha * v)


class AdaGrad(OneLifePerName):
    """s <- s + g^2;  w <- w - lr g / (sqrt(s) + eps)"""

    def __init__(self, lr: float, eps: float = 1e-10):
        super().__init__(lr=lr, eps=eps)

    def life(self):
        g, s = (yield), 0.0
        while True:
            s = s + g * g
            g = yield -self.lr * ratio(g, np.sqrt(s) + self.eps)


class RMSProp(OneLifePerName):
    """s <- rho s + (1 - rho) g^2;  w <- w - lr g / (sqrt(s) + eps)"""

    def __init__(self, lr: float, rho: float = 0.9, eps: float = 1e-8):
        super().__init__(lr=lr, rho=rho, eps=eps)

    def life(self):
        g, s = (yield), 0.0
        while True:
            s = self.rho * s + (1 - self.rho) * g * g
            g = yield -self.lr * ratio(g, np.sqrt(s) + self.eps)


class AdaDelta(OneLifePerName):
    """s <- rho s + (1 - rho) g^2;  u = g sqrt(e + eps) / sqrt(s + eps);  e <- rho e + (1 - rho) u^2;  w <- w - lr u"""

    def __init__(self, lr: float = 1.0, rho: float = 0.95, eps: float = 1e-6):
        super().__init__(lr=lr, rho=rho, eps=eps)

    def life(self):
        g, s, e = (yield), 0.0, 0.0
        while True:
            s = self.rho * s + (1 - self.rho) * g * g
            u = ratio(g * np.sqrt(e + self.eps), np.sqrt(s + self.eps))
            e = self.rho * e + (1 - self.rho) * u * u
            g = yield -self.lr * u


class Adam(OneLifePerName):
    """m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  t <- t + 1 (for each parameter)
    w <- w - lr mhat / (sqrt(vhat) + eps)  with  mhat = m / (1 - beta1^t),  vhat = v / (1 - beta2^t)
    """

    def __init__(self, lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8):
        super().__init__(lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    def life(self):
        g, m, v = (yield), 0.0, 0.0
        for t in itertools.count(1):
            m = self.beta1 * m + (1 - self.beta1) * g
            v = self.beta2 * v + (1 - self.beta2) * g * g
            mhat, vhat = m / (1 - self.beta1**t), v / (1 - self.beta2**t)
            g = yield -self.lr * ratio(mhat, np.sqrt(vhat) + self.eps)


# %%
# q10

import math


def newton_logistic(
    X: np.ndarray, y: np.ndarray, l2: float, w0: np.ndarray, n_iter: int
) -> tuple[np.ndarray, list[float]]:
    """Full Newton steps on the mean binary cross-entropy + l2/2 |w|^2 of logistic regression without a bias.

    The Hessian is never formed: it is A^T A with A = (sqrt(s (1 - s) / N) X; sqrt(l2) I), and with A = Q R it is R^T R.
    """
    X, y, w, _ = in_double(X, y, w0)
    l2, ridge = float(l2), math.sqrt(l2) * np.eye(len(w))

    def look(w):
        z = X @ w
        loss, pull = bce_with_logits(z, y)
        return loss + l2 / 2 * float(w @ w), pull @ X + l2 * w, z

    loss, slope, z = look(w)
    history = [loss]
    for _ in range(n_iter):
        A = np.concatenate([np.sqrt(d_sigmoid(z) / len(X))[:, None] * X, ridge])
        R = np.linalg.qr(A, mode="r")
        w = w - np.linalg.solve(R, np.linalg.solve(R.T, slope))
        loss, slope, z = look(w)
        history.append(loss)
    return w, history


def hvp(grad_fn, w: np.ndarray, v: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """The Hessian times v: the central difference of the gradient along v."""
    w, v, _ = in_double(w, v)
    h = float(h)
    ahead, behind = (np.array(grad_fn(w + sign * h * v), dtype=np.float64) for sign in (1, -1))
    return (ahead - behind) / (2 * h)


def conjugate_gradient(Av, b: np.ndarray, x0: np.ndarray, tol: float, max_iter: int) -> tuple[np.ndarray, int, float]:
    """Solve A x = b for a symmetric positive definite A of which only products are known."""
    b, x, _ = in_double(b, x0)
    r = b - np.asarray(Av(x.copy()), dtype=np.float64)
    d, rr, steps = r.copy(), float(r @ r), 0
    while math.sqrt(rr) > tol and steps < max_iter:
        Ad = np.array(Av(d), dtype=np.float64)
        curvature = float(d @ Ad)
        if curvature == 0:  # d has shrunk below what floats can tell from 0
            break
        alpha = rr / curvature
        x += alpha * d
        r -= alpha * Ad
        old, rr = rr, float(r @ r)
        d = r + rr / old * d
        steps += 1
    return x, steps, math.sqrt(rr)


# %%
# q11


def checked(p: float) -> float:
    """p as a float, if it is a probability with which one may drop."""
    if not 0 <= p < 1:
        raise ValueError(f"p is the probability of dropping, 0 <= p < 1; it is {p}")
    return float(p)


def coins(shape: tuple, p: float, rng: np.random.Generator, kind: type) -> np.ndarray:
    """Entries 0 (with probability p) and 1 / (1 - p)."""
    return np.asarray(rng.binomial(1, 1 - p, size=shape) / (1 - p), dtype=kind)


def dropout_forward(
    X: np.ndarray, p: float, rng: np.random.Generator, train: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Drop each entry with probability p and enlarge the others by 1 / (1 - p); without train, change nothing."""
    p, X = checked(p), as_float(X)
    if not train:
        return X.copy(), None
    mask = coins(X.shape, p, rng, X.dtype)
    return X * mask, mask


def dropout_backward(dY: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """dY: like X;  mask: what dropout_forward returned;  returns dX like X"""
    dY, back = in_double(dY)
    if mask is not None:
        dY *= mask
    return back(dY)


def dropconnect_forward(
    X: np.ndarray, W: np.ndarray, b: np.ndarray, p: float, rng: np.random.Generator, train: bool
) -> tuple[np.ndarray, object]:
    """A linear layer whose weights are dropped with probability p, the same ones for all samples of the call.

    The cache is the backward pass itself, a function that knows what it needs.
    """
    p = checked(p)
    X, W, b, back = in_double(X, W, b)
    M = coins(W.shape, p, rng, np.float64) if train else np.ones_like(W)
    W *= M  # a copy, the caller's W stays

    def pull(dY):
        dY, back = in_double(dY)
        return back(dY @ W.T), back(M * (X.T @ dY)), back(dY.sum(axis=0))

    return back(X @ W + b), pull


def dropconnect_backward(dY: np.ndarray, cache: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dY: (N, M);  returns (dX (N, D), dW (D, M), db (M,))"""
    return cache(dY)


# %%
# q12

from collections.abc import Callable


class BatchNorm1d:
    """Normalises each of D features over the batch, then scales by gamma and shifts by beta."""

    def __init__(self, D: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        """gamma, running_var: ones (D,);  beta, running_mean: zeros (D,)"""
        self.gamma, self.beta = np.ones(D), np.zeros(D)
        self.running_mean, self.running_var = np.zeros(D), np.ones(D)
        self.eps, self.momentum = float(eps), float(momentum)
        self._pull = None

    def _followed(self, running: np.ndarray, batch: np.ndarray) -> np.ndarray:
        return (1 - self.momentum) * running + self.momentum * batch

    def forward(self, X: np.ndarray, train: bool) -> np.ndarray:
        """X: (N, D);  returns (N, D). With train, uses and remembers the batch's statistics; needs N > 1 then."""
        X, back = in_double(X)
        N = len(X)
        if train:
            if N < 2:
                raise ValueError("one row has no variance: training needs a batch of two at least")
            origin = X[0].copy()  # statistics are taken relative to the first row: exact for a constant feature
            X -= origin
            shift = X.mean(axis=0)
            X -= shift
            variance = np.einsum("nd,nd->d", X, X) / N
            self.running_mean = self._followed(self.running_mean, origin + shift)
            self.running_var = self._followed(self.running_var, variance * N / (N - 1))
        else:
            X -= self.running_mean
            variance = self.running_var
        spread = np.sqrt(variance + self.eps)
        scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
        xhat = np.multiply(X, scale, out=X)
        self._pull = self._way_back(xhat, scale, bool(train))
        return back(self.gamma * xhat + self.beta)

    def _way_back(self, xhat: np.ndarray, scale: np.ndarray, batch_statistics: bool) -> Callable:
        def pull(dY):
            self.dgamma, self.dbeta = np.einsum("nd,nd->d", dY, xhat), dY.sum(axis=0)
            g = dY
            if batch_statistics:  # what moves all rows alike, or stretches them, is taken away
                g = dY - self.dbeta / len(dY) - xhat * (self.dgamma / len(dY))
            return g * (self.gamma * scale)

        return pull

    def backward(self, dY: np.ndarray) -> np.ndarray:
        """dY: (N, D), for the last forward;  returns dX (N, D) and sets dgamma (D,), dbeta (D,)."""
        if self._pull is None:
            raise RuntimeError("backward needs a forward")
        dY, back = in_double(dY)
        return back(self._pull(dY))


# %%
# q13

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Layer:
    """One layer of an autoencoder, with a sigmoid or without."""

    W: np.ndarray
    b: np.ndarray
    bent: bool

    @classmethod
    def new(cls, n_in: int, n_out: int, bent: bool, rng: np.random.Generator) -> "Layer":
        return cls(rng.normal(0.0, 1 / math.sqrt(n_in), size=(n_in, n_out)), np.zeros(n_out), bent)

    def __call__(self, H: np.ndarray) -> np.ndarray:
        Z = H @ self.W + self.b
        return sigmoid(Z) if self.bent else Z

    def back(self, H: np.ndarray, out: np.ndarray, delta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradients for the input H, for W and for b, from that for the output."""
        if self.bent:
            delta = delta * out * (1 - out)
        return delta @ self.W.T, H.T @ delta, delta.sum(axis=0)


def batches(n: int, size: int, rng: np.random.Generator):
    """The numbers 0..n-1 in a new order, size at a time."""
    order = rng.permutation(n)
    for start in range(0, n, size):
        yield order[start : start + size]


def learn_identity(layers: list[Layer], X: np.ndarray, epochs: int, lr: float, rng: np.random.Generator) -> None:
    """Train the layers, in place, to give X back: Adam on the squared error, the rate falling to a tenth."""
    layers[-1].b += X.mean(axis=0)  # begin with the mean image; trained like everything else
    params = {}
    for i, layer in enumerate(layers):
        params |= {f"W{i}": layer.W, f"b{i}": layer.b}
    rule = Adam(lr)
    for epoch in range(epochs):
        rule.lr = lr * 0.1 ** (epoch / epochs)
        for rows in batches(len(X), 64, rng):
            signals = [X[rows]]
            for layer in layers:
                signals.append(layer(signals[-1]))
            _, delta = mse_loss(signals[-1], signals[0])
            grads = {}
            for i in reversed(range(len(layers))):
                delta, grads[f"W{i}"], grads[f"b{i}"] = layers[i].back(signals[i], signals[i + 1], delta)
            rule.step(params, grads)


def train_aann(X: np.ndarray, k: int, rng: np.random.Generator) -> tuple[Callable, Callable]:
    """Train a network that squeezes 64 pixels through k numbers and gives them back."""
    (X, _), hidden = in_double(X), 48
    sizes = [X.shape[1], hidden, int(k), hidden, X.shape[1]]
    bents = [True, False, True, False]
    layers = [Layer.new(i, o, bent, rng) for (i, o), bent in zip(itertools.pairwise(sizes), bents, strict=True)]
    learn_identity(layers, X, 150, 0.005, rng)

    def through(part: list[Layer]) -> Callable:
        def function(A: np.ndarray) -> np.ndarray:
            H, back = in_double(A)
            return back(functools.reduce(lambda signal, layer: layer(signal), part, H))

        return function

    return through(layers[:2]), through(layers[2:])


def pretrain_stack(X: np.ndarray, sizes: list[int], rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Greedy layer-wise pre-training: layer after layer, without labels."""
    (H, _), stack = in_double(X), []
    for size in sizes:
        width = H.shape[1]
        encoder, decoder = Layer.new(width, int(size), True, rng), Layer.new(int(size), width, False, rng)
        learn_identity([encoder, decoder], H, 40, 0.003, rng)
        stack.append((encoder.W, encoder.b))
        H = encoder(H)
    return stack


def finetune(
    stack: list[tuple[np.ndarray, np.ndarray]], Xl: np.ndarray, yl: np.ndarray, n_classes: int, rng: np.random.Generator
) -> Callable:
    """Put a softmax layer on the stack and train the whole network on a few labelled rows."""
    (Xl, _), yl = in_double(Xl), np.asarray(yl, dtype=np.int64)
    width = np.shape(stack[-1][0])[1] if stack else Xl.shape[1]
    top = init_params([width, n_classes], "xavier_normal", rng)
    params = {}
    for layer, (W, b) in enumerate([*stack, (top["W1"], top["b1"])], start=1):
        params |= {f"W{layer}": np.array(W, dtype=np.float64), f"b{layer}": np.array(b, dtype=np.float64)}  # copies
    rule = SGD(0.5)
    for _ in range(200):
        for rows in batches(len(Xl), 20, rng):
            rule.step(params, mlp_loss_and_grads(params, Xl[rows], yl[rows], "sigmoid")[1])

    def predict(X: np.ndarray) -> np.ndarray:
        return mlp_forward(params, np.asarray(X, dtype=np.float64), "sigmoid")[0].argmax(axis=1)

    return predict


# %%
# q14

import math
from dataclasses import dataclass


@dataclass
class Best:
    """The network with the smallest validation loss so far, kept as copies."""

    loss: float = math.inf
    epoch: int = -1
    params: dict | None = None

    def look(self, loss: float, epoch: int, params: dict) -> None:
        if loss < self.loss:
            self.loss, self.epoch, self.params = loss, epoch, {name: w.copy() for name, w in params.items()}


def train_classifier(
    Xtr: np.ndarray, ytr: np.ndarray, Xva: np.ndarray, yva: np.ndarray, rng: np.random.Generator
) -> dict:
    """Train a network on (Xtr, ytr), choose the epoch by its loss on (Xva, yva)."""
    (Xtr, Xva, _), (ytr, yva) = in_double(Xtr, Xva), (np.asarray(y, dtype=np.int64) for y in (ytr, yva))
    mean = Xtr.mean(axis=0)  # the training set's, kept for every later prediction
    params = init_params([Xtr.shape[1], 80, 10], "he_normal", rng)

    def logits(params: dict, X: np.ndarray) -> np.ndarray:
        return mlp_forward(params, X - mean, "relu")[0]

    rule, best, history = Adam(0.004), Best(), {"train_loss": [], "val_loss": []}
    for epoch in range(60):
        for rows in batches(len(Xtr), 32, rng):
            kept, _ = dropout_forward(Xtr[rows] - mean, 0.1, rng, True)
            rule.step(params, mlp_loss_and_grads(params, kept, ytr[rows], "relu", l2=3e-4)[1])
        for key, X, y in (("train_loss", Xtr, ytr), ("val_loss", Xva, yva)):
            history[key].append(softmax_cross_entropy(logits(params, X), y)[0])
        best.look(history["val_loss"][-1], epoch, params)

    def predict_proba(X: np.ndarray) -> np.ndarray:
        X, back = in_double(X)
        return back(softmax(logits(best.params, X)))

    return {"predict_proba": predict_proba, "history": history, "best_epoch": best.epoch}
