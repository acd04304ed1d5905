# A complete solution, written from the released notebook alone.

# %%
import math

import numpy as np


def as_float(x):
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


def double(x):
    """Everything is calculated in float64 here; `back` gives it the type of the data."""
    return np.asarray(x, dtype=np.float64)


def back(result, data):
    return np.asarray(result).astype(as_float(data).dtype)


# %%
# q1
def mp_neuron(x, theta):
    return (np.asarray(x).sum(axis=1) >= theta).astype(np.int64)


def gate_theta(gate, n):
    table = {"and": n, "or": 1, "majority": n // 2 + 1, "always": 0, "never": n + 1}
    return table[gate]


def hebb_update(W, x, y, lr):
    return back(double(W) + lr * double(y)[:, None] * double(x)[None, :], W)


# %%
# q2
def with_one(X):
    X = double(X)
    return np.concatenate([np.ones((len(X), 1)), X], axis=1)


def perceptron_predict(X, w):
    return (with_one(X) @ double(w) >= 0).astype(np.int64)


def perceptron_fit(X, y, w_init, max_epochs):
    samples = with_one(X)
    w = np.zeros(samples.shape[1]) if w_init is None else double(w_init).copy()
    updates = 0
    for _ in range(max_epochs):
        before = updates
        for sample, target in zip(samples, y):
            error = int(target) - int(sample @ w >= 0)
            if error:
                w = w + error * sample
                updates += 1
        if updates == before:
            return back(w, X), updates, True
    return back(w, X), updates, False


# %%
# q3
def boolean_network(table):
    table = np.asarray(table)
    n = int(round(math.log2(len(table))))
    patterns = np.array([[1.0 if row >> (n - 1 - bit) & 1 else -1.0 for bit in range(n)] for row in range(2**n)])
    return {"W1": patterns, "b1": np.full(2**n, 1.0 - n), "w2": table.astype(float), "b2": -0.5}


def boolean_eval(net, X):
    hidden = (double(X) @ net["W1"].T + net["b1"] >= 0).astype(np.int64)
    out = (hidden @ net["w2"] + net["b2"] >= 0).astype(np.int64)
    return out, hidden


def tower_network(f, a, b, K):
    edges = [a + (b - a) * k / K for k in range(K + 1)]
    b1, w2 = [], []
    for left, right in zip(edges[:-1], edges[1:]):
        height = f((left + right) / 2)
        b1 += [-left, -right]
        w2 += [height, -height]
    return {"W1": np.ones((2 * K, 1)), "b1": np.array(b1, dtype=float), "w2": np.array(w2, dtype=float)}


def tower_eval(net, x):
    fires = double(x)[:, None] * net["W1"][:, 0] + net["b1"] >= 0
    return back(fires.astype(float) @ net["w2"], x)


# %%
# q4
def sigmoid(z):
    z = as_float(z)
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + small), small / (1 + small))


def tanh(z):
    return np.tanh(as_float(z))


def relu(z):
    z = as_float(z)
    return np.where(z > 0, z, np.zeros_like(z))


def leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return np.where(z > 0, z, z * z.dtype.type(alpha))


def softplus(z):
    z = as_float(z)
    return relu(z) + np.log1p(np.exp(-np.abs(z)))


def d_sigmoid(z):
    return sigmoid(z) * sigmoid(-as_float(z))


def d_tanh(z):
    return 4 * d_sigmoid(2 * as_float(z))


def d_relu(z):
    z = as_float(z)
    return (z > 0).astype(z.dtype)


def d_leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return np.where(z > 0, z.dtype.type(1), z.dtype.type(alpha))


d_softplus = sigmoid


# %%
# q5
def mse_loss(yhat, y):
    error = double(yhat) - double(y)
    return float((error**2).sum() / (2 * len(error))), back(error / len(error), yhat)


def bce_with_logits(z, y):
    s, y = double(z), double(y)
    loss = np.mean(y * softplus(-s) + (1 - y) * softplus(s))
    return float(loss), back(((1 - y) * sigmoid(s) - y * sigmoid(-s)) / len(s), z)


def log_softmax(Z, axis):
    shifted = double(Z) - double(Z).max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def softmax(Z, axis=-1):
    return back(np.exp(log_softmax(Z, axis)), Z)


def softmax_cross_entropy(Z, y, reduction="mean"):
    logs = log_softmax(Z, 1)
    N, C = logs.shape
    losses = -logs[np.arange(N), y]
    grad = np.exp(logs) - one_hot(y, C)
    if reduction == "none":
        return back(losses, Z), back(grad, Z)
    if reduction == "sum":
        return float(losses.sum()), back(grad, Z)
    return float(losses.mean()), back(grad / N, Z)


def one_hot(y, C):
    return np.eye(C)[np.asarray(y)]


# %%
# q6
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    A, w = with_one(X), double(w0).copy()
    loss, grad = bce_with_logits(A @ w, y)
    history = [loss]
    for _ in range(max_iter):
        w = w - lr * (A.T @ grad)
        loss, grad = bce_with_logits(A @ w, y)
        history.append(loss)
        if abs(history[-1] - history[-2]) <= tol:
            break
    return back(w, X), history


# %%
# q7
class Value:
    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents  # pairs: (node, d self / d node)

    @staticmethod
    def of(x):
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other):
        other = Value.of(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = Value.of(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __neg__(self):
        return Value(-self.data, ((self, -1.0),))

    def __sub__(self, other):
        other = Value.of(other)
        return Value(self.data - other.data, ((self, 1.0), (other, -1.0)))

    def __rsub__(self, other):
        return Value.of(other) - self

    def __truediv__(self, other):
        other = Value.of(other)
        q = self.data / other.data
        return Value(q, ((self, 1 / other.data), (other, -q / other.data)))

    def __rtruediv__(self, other):
        return Value.of(other) / self

    def __pow__(self, n):
        slope = n * self.data ** (n - 1) if n != 0 else 0.0
        return Value(self.data**n, ((self, slope),))

    __radd__ = __add__
    __rmul__ = __mul__

    def exp(self):
        e = math.exp(self.data)
        return Value(e, ((self, e),))

    def log(self):
        return Value(math.log(self.data), ((self, 1 / self.data),))

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, ((self, 1 - t * t),))

    def sigmoid(self):
        e = math.exp(-abs(self.data))
        s = 1 / (1 + e) if self.data >= 0 else e / (1 + e)
        return Value(s, ((self, e / (1 + e) ** 2),))

    def relu(self):
        return Value(self.data if self.data > 0 else 0.0, ((self, 1.0 if self.data > 0 else 0.0),))

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, children_done = stack.pop()
            if children_done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((parent, False) for parent, _ in node.parents)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad


# %%
# q8
ACTIVATIONS = {"relu": (relu, d_relu), "tanh": (tanh, d_tanh), "sigmoid": (sigmoid, d_sigmoid)}


def init_params(sizes, scheme, rng):
    params = {}
    for l in range(1, len(sizes)):
        fan_in, fan_out = sizes[l - 1], sizes[l]
        variance = 2 / fan_in if scheme.startswith("he") else 2 / (fan_in + fan_out)
        if scheme.endswith("normal"):
            W = np.sqrt(variance) * rng.standard_normal((fan_in, fan_out))
        else:
            r = np.sqrt(3 * variance)
            W = rng.uniform(-r, r, (fan_in, fan_out))
        params[f"W{l}"], params[f"b{l}"] = W, np.zeros(fan_out)
    return params


def run_layers(params, X, act):
    g = ACTIVATIONS[act][0]
    L = len(params) // 2
    inputs, zs = [double(X)], []
    for l in range(1, L + 1):
        zs.append(inputs[-1] @ double(params[f"W{l}"]) + double(params[f"b{l}"]))
        if l < L:
            inputs.append(g(zs[-1]))
    return inputs, zs


def mlp_forward(params, X, act):
    inputs, zs = run_layers(params, X, act)
    return back(zs[-1], X), (inputs, zs)


def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    inputs, zs = run_layers(params, X, act)
    slope = ACTIVATIONS[act][1]
    loss, delta = softmax_cross_entropy(zs[-1], y)
    grads = {}
    for l in range(len(zs), 0, -1):
        W = double(params[f"W{l}"])
        loss += l2 / 2 * float((W**2).sum())
        grads[f"W{l}"] = back(inputs[l - 1].T @ delta + l2 * W, X)
        grads[f"b{l}"] = back(delta.sum(axis=0), X)
        if l > 1:
            delta = (delta @ W.T) * slope(zs[l - 2])
    return float(loss), {name: grads[name] for name in params}


def numeric_gradient(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for where in np.ndindex(*x.shape):
        kept = x[where]
        try:
            x[where] = kept + h
            above = f(x)
            x[where] = kept - h
            below = f(x)
        finally:
            x[where] = kept
        grad[where] = (above - below) / (2 * h)
    return grad


# %%
# q9
class Optimiser:
    """Knows the memories of each parameter; the rules are below."""

    def step(self, params, grads):
        if not hasattr(self, "memories"):
            self.memories = {}
        for name, w in params.items():
            g = grads.get(name)
            if g is not None:
                g = double(g)
                memory = self.memories.setdefault(name, {"t": 0})
                w += self.change(g, lambda key: memory.get(key, np.zeros(g.shape)), memory)


class SGD(Optimiser):
    def __init__(self, lr):
        self.lr = lr

    def change(self, g, old, memory):
        return -self.lr * g


class Momentum(Optimiser):
    def __init__(self, lr, alpha=0.9):
        self.lr, self.alpha = lr, alpha

    def change(self, g, old, memory):
        memory["d"] = self.alpha * old("d") - self.lr * g
        return memory["d"]


class Nesterov(Optimiser):
    def __init__(self, lr, alpha=0.9):
        self.lr, self.alpha = lr, alpha

    def change(self, g, old, memory):
        memory["v"] = self.alpha * old("v") + g
        return -self.lr * (g + self.alpha * memory["v"])


class AdaGrad(Optimiser):
    def __init__(self, lr, eps=1e-10):
        self.lr, self.eps = lr, eps

    def change(self, g, old, memory):
        memory["s"] = old("s") + g**2
        return -self.lr * g / (np.sqrt(memory["s"]) + self.eps)


class RMSProp(Optimiser):
    def __init__(self, lr, rho=0.9, eps=1e-8):
        self.lr, self.rho, self.eps = lr, rho, eps

    def change(self, g, old, memory):
        memory["s"] = self.rho * old("s") + (1 - self.rho) * g**2
        return -self.lr * g / (np.sqrt(memory["s"]) + self.eps)


class AdaDelta(Optimiser):
    def __init__(self, lr=1.0, rho=0.95, eps=1e-6):
        self.lr, self.rho, self.eps = lr, rho, eps

    def change(self, g, old, memory):
        memory["s"] = self.rho * old("s") + (1 - self.rho) * g**2
        u = g * np.sqrt(old("e") + self.eps) / np.sqrt(memory["s"] + self.eps)
        memory["e"] = self.rho * old("e") + (1 - self.rho) * u**2
        return -self.lr * u


class Adam(Optimiser):
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps

    def change(self, g, old, memory):
        memory["t"] += 1
        memory["m"] = self.beta1 * old("m") + (1 - self.beta1) * g
        memory["v"] = self.beta2 * old("v") + (1 - self.beta2) * g**2
        mhat = memory["m"] / (1 - self.beta1 ** memory["t"])
        vhat = memory["v"] / (1 - self.beta2 ** memory["t"])
        return -self.lr * mhat / (np.sqrt(vhat) + self.eps)


# %%
# q10
def newton_logistic(X, y, l2, w0, n_iter):
    A, t, w = double(X), double(y), double(w0).copy()
    N, n = A.shape

    def loss():
        return bce_with_logits(A @ w, t)[0] + l2 / 2 * float(w @ w)

    history = [loss()]
    for _ in range(n_iter):
        s = sigmoid(A @ w)
        gradient = A.T @ (s - t) / N + l2 * w
        hessian = (A * (s * (1 - s))[:, None]).T @ A / N + l2 * np.eye(n)
        w = w - np.linalg.solve(hessian, gradient)
        history.append(loss())
    return back(w, X), history


def hvp(grad_fn, w, v, h=1e-5):
    w, v = as_float(w), as_float(v)
    return (grad_fn(w + h * v) - grad_fn(w - h * v)) / (2 * h)


def conjugate_gradient(Av, b, x0, tol, max_iter):
    x = as_float(x0).copy()
    r = as_float(b) - Av(x)
    d = r.copy()
    steps = 0
    while steps < max_iter and np.linalg.norm(r) > tol:
        Ad = Av(d)
        rr = r @ r
        alpha = rr / (d @ Ad)
        x = x + alpha * d
        r = r - alpha * Ad
        d = r + (r @ r) / rr * d
        steps += 1
    return x, steps, float(np.linalg.norm(r))


# %%
# q11
def look_at(p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")


def draw_mask(like, p, rng):
    return ((rng.random(like.shape) >= p) / (1 - p)).astype(like.dtype)


def dropout_forward(X, p, rng, train):
    look_at(p)
    X = as_float(X)
    if not train:
        return X.copy(), None
    mask = draw_mask(X, p, rng)
    return X * mask, mask


def dropout_backward(dY, mask):
    dY = as_float(dY)
    return dY.copy() if mask is None else dY * mask


def dropconnect_forward(X, W, b, p, rng, train):
    look_at(p)
    M = draw_mask(as_float(W), p, rng) if train else np.ones(np.shape(W))
    used = double(W) * M
    return back(double(X) @ used + double(b), X), (as_float(X).copy(), used, M)


def dropconnect_backward(dY, cache):
    X, used, M = cache
    d = double(dY)
    return back(d @ used.T, dY), back(double(X).T @ d * M, dY), back(d.sum(axis=0), dY)


# %%
# q12
class BatchNorm1d:
    def __init__(self, D, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = np.ones(D), np.zeros(D)
        self.running_mean, self.running_var = np.zeros(D), np.ones(D)
        self.eps, self.momentum = eps, momentum

    def forward(self, X, train):
        x = double(X)
        if train:
            N = len(x)
            if N < 2:
                raise ValueError("a batch of one sample has no variance")
            mean, var = x.mean(axis=0), x.var(axis=0)
            keep = 1 - self.momentum
            self.running_mean = keep * self.running_mean + self.momentum * mean
            self.running_var = keep * self.running_var + self.momentum * var * N / (N - 1)
        else:
            mean, var = self.running_mean, self.running_var
        self.scale = 1 / np.sqrt(var + self.eps)
        self.xhat = (x - mean) * self.scale
        self.trained = train
        return back(self.gamma * self.xhat + self.beta, X)

    def backward(self, dY):
        d = double(dY)
        self.dgamma, self.dbeta = (d * self.xhat).sum(axis=0), d.sum(axis=0)
        g = d * self.gamma
        if self.trained:
            g = g - g.mean(axis=0) - self.xhat * (g * self.xhat).mean(axis=0)
        return back(g * self.scale, dY)


# %%
# q13
def batches(N, size, rng):
    order = rng.permutation(N)
    for start in range(0, N, size):
        yield order[start : start + size]


def layer(n_in, n_out, rng):
    return rng.standard_normal((n_in, n_out)) / np.sqrt(n_in), np.zeros(n_out)


def train_aann(X, k, rng):
    X = double(X)
    widths = [X.shape[1], 48, k, 48, X.shape[1]]
    params = {}
    for l in range(4):
        params[f"W{l}"], params[f"b{l}"] = layer(widths[l], widths[l + 1], rng)
    optimiser = Adam(lr=0.003)

    def through(A, first, last):
        kept = [A]
        for l in range(first, last):
            z = kept[-1] @ params[f"W{l}"] + params[f"b{l}"]
            kept.append(sigmoid(z) if l % 2 == 0 else z)
        return kept

    for _ in range(150):
        for rows in batches(len(X), 64, rng):
            kept = through(X[rows], 0, 4)
            delta = (kept[4] - X[rows]) / len(rows)
            grads = {}
            for l in (3, 2, 1, 0):
                if l % 2 == 0:
                    delta = delta * kept[l + 1] * (1 - kept[l + 1])
                grads[f"W{l}"], grads[f"b{l}"] = kept[l].T @ delta, delta.sum(axis=0)
                delta = delta @ params[f"W{l}"].T
            optimiser.step(params, grads)
    return lambda A: back(through(double(A), 0, 2)[-1], A), lambda C: back(through(double(C), 2, 4)[-1], C)


def pretrain_stack(X, sizes, rng):
    H, stack = double(X), []
    for size in sizes:
        W, b = layer(H.shape[1], size, rng)
        V, d = layer(size, H.shape[1], rng)
        params, optimiser = {"W": W, "b": b, "V": V, "d": d}, Adam(lr=0.003)
        for _ in range(40):
            for rows in batches(len(H), 64, rng):
                x = H[rows]
                c = sigmoid(x @ W + b)
                up = (c @ V + d - x) / len(x)
                down = (up @ V.T) * c * (1 - c)
                optimiser.step(params, {"W": x.T @ down, "b": down.sum(0), "V": c.T @ up, "d": up.sum(0)})
        stack.append((W, b))
        H = sigmoid(H @ W + b)
    return stack


def finetune(stack, Xl, yl, n_classes, rng):
    params = {}
    for l, (W, b) in enumerate(stack, start=1):
        params[f"W{l}"], params[f"b{l}"] = double(W).copy(), double(b).copy()
    top = len(stack) + 1
    params[f"W{top}"], params[f"b{top}"] = layer(params[f"W{top - 1}"].shape[1], n_classes, rng)
    optimiser = SGD(0.5)
    Xl, yl = double(Xl), np.asarray(yl)
    for _ in range(200):
        for rows in batches(len(Xl), 20, rng):
            optimiser.step(params, mlp_loss_and_grads(params, Xl[rows], yl[rows], "sigmoid")[1])
    return lambda X: mlp_forward(params, double(X), "sigmoid")[0].argmax(axis=1)


# %%
# q14
def train_classifier(Xtr, ytr, Xva, yva, rng):
    params = init_params([64, 96, 10], "he_normal", rng)
    optimiser = Adam(lr=0.003)
    train_loss, val_loss, best = [], [], None
    for _ in range(30):
        losses = []
        for rows in batches(len(Xtr), 32, rng):
            loss, grads = mlp_loss_and_grads(params, Xtr[rows], ytr[rows], "relu", l2=1e-4)
            optimiser.step(params, grads)
            losses.append(loss)
        train_loss.append(float(np.mean(losses)))
        val_loss.append(softmax_cross_entropy(mlp_forward(params, Xva, "relu")[0], yva)[0])
        if best is None or val_loss[-1] < min(val_loss[:-1]):
            best = {name: w.copy() for name, w in params.items()}
    return {
        "predict_proba": lambda X: softmax(mlp_forward(best, X, "relu")[0], axis=1),
        "history": {"train_loss": train_loss, "val_loss": val_loss},
        "best_epoch": int(np.argmin(val_loss)),
    }
