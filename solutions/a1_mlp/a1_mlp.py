# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %%
# ignore: for the linter alone, this cell is not part of the notebook
# ruff: noqa: RET503

# %% [raw]
# # ASSIGNMENT CONFIG
# name: a1_mlp
# generate: false
# export_cell: false
# tests:
#   files: true
#   ok_format: false

# %% [markdown]
# # Assignment 1: from one neuron to a trained network

# %%
# given: numpy, the rule about float types, and a way to run experiments
import math

import numpy as np


def as_float(x: np.ndarray) -> np.ndarray:
    """Return x as an array of floats: float32 stays float32, everything else becomes float64."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


# %% [raw]
# # BEGIN QUESTION
# name: q4
# points: 0

# %% [markdown]
# ## q4. Activations and their derivatives (5 points)

# %% [raw]
# # BEGIN SOLUTION

# %%
# q4


def sigmoid(z: np.ndarray) -> np.ndarray:
    """The logistic function 1 / (1 + e^-z), element by element. Any shape; float32 stays float32."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    with np.errstate(under="ignore"):  # e^-1000 = 0 is the right answer, not an accident
        e = np.exp(-np.abs(z))  # in [0, 1]: cannot overflow
        return np.where(z >= 0, 1, e) / (1 + e)  # for z < 0: e^z / (e^z + 1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: sigmoid is not implemented yet")
    """  # END PROMPT


def tanh(z: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent (e^z - e^-z) / (e^z + e^-z)."""
    # BEGIN SOLUTION NO PROMPT
    return np.tanh(as_float(z))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: tanh is not implemented yet")
    """  # END PROMPT


def relu(z: np.ndarray) -> np.ndarray:
    """The rectified linear unit max(z, 0)."""
    # BEGIN SOLUTION NO PROMPT
    return np.maximum(as_float(z), 0)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: relu is not implemented yet")
    """  # END PROMPT


def leaky_relu(z: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """z where z > 0, alpha z elsewhere."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    return np.where(z > 0, z, z.dtype.type(alpha) * z)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: leaky_relu is not implemented yet")
    """  # END PROMPT


def softplus(z: np.ndarray) -> np.ndarray:
    """ln(1 + e^z)."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    with np.errstate(under="ignore"):
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: softplus is not implemented yet")
    """  # END PROMPT


def d_sigmoid(z: np.ndarray) -> np.ndarray:
    """The derivative of the sigmoid at the pre-activation z."""
    # BEGIN SOLUTION NO PROMPT
    return sigmoid(z) * sigmoid(-as_float(z))  # 1 - sigmoid(z) = sigmoid(-z), without the cancellation
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_sigmoid is not implemented yet")
    """  # END PROMPT


def d_tanh(z: np.ndarray) -> np.ndarray:
    """The derivative of tanh at the pre-activation z."""
    # BEGIN SOLUTION NO PROMPT
    return 4 * d_sigmoid(2 * as_float(z))  # tanh(z) = 2 sigmoid(2z) - 1
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_tanh is not implemented yet")
    """  # END PROMPT


def d_relu(z: np.ndarray) -> np.ndarray:
    """The derivative of the ReLU at the pre-activation z; at z = 0 either 0 or 1 will do."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    return (z > 0).astype(z.dtype)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_relu is not implemented yet")
    """  # END PROMPT


def d_leaky_relu(z: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """The derivative of the leaky ReLU at the pre-activation z; at z = 0 either alpha or 1 will do."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    return np.where(z > 0, 1, alpha).astype(z.dtype)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_leaky_relu is not implemented yet")
    """  # END PROMPT


def d_softplus(z: np.ndarray) -> np.ndarray:
    """The derivative of the softplus at the pre-activation z."""
    # BEGIN SOLUTION NO PROMPT
    return sigmoid(z)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_softplus is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: q5
# points: 0

# %% [markdown]
# ## q5. Losses and their gradients (8 points)

# %% [raw]
# # BEGIN SOLUTION

# %%
# q5


def mse_loss(yhat: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Squared error, 1/(2N) times the sum over samples and outputs.

    yhat, y: (N, K);  returns (loss, d loss / d yhat of shape (N, K))
    """
    # BEGIN SOLUTION NO PROMPT
    yhat = as_float(yhat)
    N = len(yhat)
    difference = yhat - np.asarray(y, dtype=yhat.dtype)  # (N, K)
    return float(np.sum(difference**2) / (2 * N)), difference / N
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: mse_loss is not implemented yet")
    """  # END PROMPT


def bce_with_logits(z: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Binary cross-entropy of sigmoid(z) against y, mean over the batch.

    z: (N,) logits;  y: (N,) targets in [0, 1];  returns (loss, d loss / d z of shape (N,))
    """
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    N = len(z)
    y = np.asarray(y, dtype=z.dtype)
    with np.errstate(under="ignore"):
        losses = np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))  # softplus(z) - y z
    return float(losses.mean()), (sigmoid(z) - y) / N
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: bce_with_logits is not implemented yet")
    """  # END PROMPT


def softmax(Z: np.ndarray, axis: int = -1) -> np.ndarray:
    """Probabilities e^Z / sum of e^Z along one axis of an array of any shape."""
    # BEGIN SOLUTION NO PROMPT
    Z = as_float(Z)
    with np.errstate(under="ignore"):
        E = np.exp(Z - Z.max(axis=axis, keepdims=True))  # the largest exponent is 0
        return E / E.sum(axis=axis, keepdims=True)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: softmax is not implemented yet")
    """  # END PROMPT


def softmax_cross_entropy(Z: np.ndarray, y: np.ndarray, reduction: str = "mean") -> tuple[float, np.ndarray]:
    """Cross-entropy of softmax(Z) against the true classes.

    Z: (N, C) logits;  y: (N,) integers in 0..C-1;  reduction: "mean", "sum" or "none"
    returns (loss, dZ of shape (N, C)); with "none" the loss has shape (N,) and row i of dZ belongs to loss i
    """
    # BEGIN SOLUTION NO PROMPT
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
    Z = as_float(Z)
    N = len(Z)
    correct = np.arange(N), np.asarray(y)
    with np.errstate(under="ignore"):
        shifted = Z - Z.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (N, C)
        dZ = np.exp(log_p)  # the probabilities
    losses = -log_p[correct]  # (N,)
    dZ[correct] -= 1  # p - one_hot(y)
    if reduction == "mean":
        return float(losses.mean()), dZ / N
    if reduction == "sum":
        return float(losses.sum()), dZ
    return losses, dZ
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: softmax_cross_entropy is not implemented yet")
    """  # END PROMPT


def one_hot(y: np.ndarray, C: int) -> np.ndarray:
    """y: (N,) integers in 0..C-1;  returns (N, C) float64 with a single 1 in each row."""
    # BEGIN SOLUTION NO PROMPT
    Y = np.zeros((len(y), C))
    Y[np.arange(len(y)), y] = 1
    return Y
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: one_hot is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: q7
# points: 0

# %% [markdown]
# ## q7. Scalar autograd (10 points)

# %% [raw]
# # BEGIN SOLUTION

# %%
# q7


class Value:
    """A number that remembers how it was computed. Plain Python, no arrays.

    data: the number;  grad: d (root) / d (this node) after root.backward(), 0.0 before
    """

    # BEGIN SOLUTION NO PROMPT
    def __init__(self, data: float, parents: tuple = (), slopes: tuple = ()):
        self.data = float(data)
        self.grad = 0.0
        self._parents = parents  # the nodes this one was computed from
        self._slopes = slopes  # d self / d parent, one for each parent

    def __repr__(self) -> str:
        return f"Value(data={self.data:.6g}, grad={self.grad:.6g})"

    @staticmethod
    def of(x: "Value | float") -> "Value":
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other: "Value | float") -> "Value":
        other = Value.of(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: "Value | float") -> "Value":
        other = Value.of(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __truediv__(self, other: "Value | float") -> "Value":
        other = Value.of(other)
        out = self.data / other.data
        return Value(out, (self, other), (1 / other.data, -out / other.data))

    def __pow__(self, n: float) -> "Value":
        slope = n * self.data ** (n - 1) if n != 0 else 0.0
        return Value(self.data**n, (self,), (slope,))

    def __neg__(self) -> "Value":
        return self * -1

    def __sub__(self, other: "Value | float") -> "Value":
        return self + -Value.of(other)

    def __radd__(self, other: float) -> "Value":
        return self + other

    def __rmul__(self, other: float) -> "Value":
        return self * other

    def __rsub__(self, other: float) -> "Value":
        return Value.of(other) - self

    def __rtruediv__(self, other: float) -> "Value":
        return Value.of(other) / self

    def exp(self) -> "Value":
        out = math.exp(self.data)
        return Value(out, (self,), (out,))

    def log(self) -> "Value":
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def tanh(self) -> "Value":
        out = math.tanh(self.data)
        return Value(out, (self,), (1 - out**2,))

    def sigmoid(self) -> "Value":
        e = math.exp(-abs(self.data))
        out = (1 if self.data >= 0 else e) / (1 + e)
        return Value(out, (self,), (out * (1 - out),))

    def relu(self) -> "Value":
        return Value(max(self.data, 0.0), (self,), (1.0 if self.data > 0 else 0.0,))

    def backward(self) -> None:
        order = self._parents_first()
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):  # a node's grad is complete before it is passed on
            for parent, slope in zip(node._parents, node._slopes, strict=True):
                parent.grad += slope * node.grad

    def _parents_first(self) -> list["Value"]:
        """Every node of the graph once, each after all nodes it was computed from."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:  # a stack of our own: a chain of 20 000 nodes would exhaust Python's
            node, parents_done = stack.pop()
            if parents_done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent in node._parents)
        return order

    # END SOLUTION
    """ # BEGIN PROMPT
    def __init__(self, data: float):
        raise NotImplementedError("q7: Value is not implemented yet")

    # your operators: + - * / ** and unary -, with a Value or a number on either side
    # your functions: exp, log, tanh, sigmoid, relu

    def backward(self) -> None:
        raise NotImplementedError("q7: Value.backward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: q8
# points: 0

# %% [markdown]
# ## q8. The multi-layer perceptron (12 points)

# %% [raw]
# # BEGIN SOLUTION

# %%
# q8
ACTIVATIONS = {"relu": (relu, d_relu), "tanh": (tanh, d_tanh), "sigmoid": (sigmoid, d_sigmoid)}


def init_params(sizes: list[int], scheme: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random weights and zero biases for layers of the given sizes.

    sizes: [n0, n1, ..., nL];  scheme: "xavier_uniform", "xavier_normal", "he_uniform" or "he_normal"
    returns {"W1": (n0, n1), "b1": (n1,), "W2": (n1, n2), "b2": (n2,), ...}
    """
    # BEGIN SOLUTION NO PROMPT
    family, _, shape = scheme.partition("_")
    if family not in ("xavier", "he") or shape not in ("uniform", "normal"):
        raise ValueError(f"scheme must be xavier_ or he_ with uniform or normal, got {scheme!r}")
    params = {}
    for layer, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True), start=1):
        variance = 2 / (n_in + n_out) if family == "xavier" else 2 / n_in
        if shape == "normal":
            W = rng.normal(0, np.sqrt(variance), size=(n_in, n_out))
        else:
            bound = np.sqrt(3 * variance)  # the variance of U(-a, a) is a^2 / 3
            W = rng.uniform(-bound, bound, size=(n_in, n_out))
        params[f"W{layer}"] = W
        params[f"b{layer}"] = np.zeros(n_out)
    return params
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: init_params is not implemented yet")
    """  # END PROMPT


def mlp_forward(params: dict[str, np.ndarray], X: np.ndarray, act: str) -> tuple[np.ndarray, object]:
    """The logits of a batch. Hidden layers are activated, the last layer is not.

    X: (N, n0);  act: "relu", "tanh" or "sigmoid";  returns (logits (N, C), cache: whatever your backward pass needs)
    """
    # BEGIN SOLUTION NO PROMPT
    activation, _ = ACTIVATIONS[act]
    n_layers = len(params) // 2
    A, cache = as_float(X), []
    for layer in range(1, n_layers + 1):
        Z = A @ params[f"W{layer}"] + params[f"b{layer}"]  # (N, n_layer)
        cache.append((A, Z))
        A = activation(Z) if layer < n_layers else Z
    return A, cache
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: mlp_forward is not implemented yet")
    """  # END PROMPT


def mlp_loss_and_grads(
    params: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray, act: str, l2: float = 0.0
) -> tuple[float, dict[str, np.ndarray]]:
    """Mean cross-entropy + l2/2 * (sum of squares of all weights, not of the biases), and its gradients.

    X: (N, n0);  y: (N,) integers;  returns (loss, gradients with the names and shapes of params)
    """
    # BEGIN SOLUTION NO PROMPT
    _, slope = ACTIVATIONS[act]
    logits, cache = mlp_forward(params, X, act)
    loss, dZ = softmax_cross_entropy(logits, y)
    grads = dict.fromkeys(params)
    for layer in range(len(cache), 0, -1):
        W = params[f"W{layer}"]
        A, _ = cache[layer - 1]
        grads[f"W{layer}"] = A.T @ dZ + l2 * W  # (n_in, n_out)
        grads[f"b{layer}"] = dZ.sum(axis=0)  # (n_out,)
        loss += l2 / 2 * float(np.sum(W**2))
        if layer > 1:
            _, Z = cache[layer - 2]
            dZ = (dZ @ W.T) * slope(Z)  # (N, n_in)
    return loss, grads
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: mlp_loss_and_grads is not implemented yet")
    """  # END PROMPT


def numeric_gradient(f, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences (f(x + h e_i) - f(x - h e_i)) / 2h, one entry of x at a time.

    f: takes x, returns a number;  x: float64 of any shape, changed in place and put back, even if f raises
    """
    # BEGIN SOLUTION NO PROMPT
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        kept = x[index]
        try:
            x[index] = kept + h
            above = f(x)
            x[index] = kept - h
            below = f(x)
        finally:
            x[index] = kept
        gradient[index] = (above - below) / (2 * h)
    return gradient
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: numeric_gradient is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: q9
# points: 0

# %% [markdown]
# ## q9. Seven optimisers (14 points)

# %% [raw]
# # BEGIN SOLUTION

# %%
# q9


# BEGIN SOLUTION NO PROMPT
def to_update(params: dict, grads: dict):
    """Yield (name, parameter, gradient) for every parameter that has a gradient."""
    for name, w in params.items():
        if grads.get(name) is not None:
            yield name, w, grads[name]


# END SOLUTION
class SGD:
    """w <- w - lr g"""

    def __init__(self, lr: float):
        # BEGIN SOLUTION NO PROMPT
        self.lr = lr
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: SGD is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for _, w, g in to_update(params, grads):
            w -= self.lr * g
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: SGD.step is not implemented yet")
        """  # END PROMPT


class Momentum:
    """The generalized delta rule: d <- alpha d - lr g;  w <- w + d"""

    def __init__(self, lr: float, alpha: float = 0.9):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.alpha = lr, alpha
        self.d = {}  # parameter name -> its last step
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Momentum is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            self.d[name] = self.alpha * self.d.get(name, 0) - self.lr * g
            w += self.d[name]
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Momentum.step is not implemented yet")
        """  # END PROMPT


class Nesterov:
    """v <- alpha v + g;  w <- w - lr (g + alpha v)"""

    def __init__(self, lr: float, alpha: float = 0.9):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.alpha = lr, alpha
        self.v = {}
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Nesterov is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            self.v[name] = self.alpha * self.v.get(name, 0) + g
            w -= self.lr * (g + self.alpha * self.v[name])
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Nesterov.step is not implemented yet")
        """  # END PROMPT


class AdaGrad:
    """s <- s + g^2;  w <- w - lr g / (sqrt(s) + eps)"""

    def __init__(self, lr: float, eps: float = 1e-10):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.eps = lr, eps
        self.s = {}
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: AdaGrad is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            self.s[name] = self.s.get(name, 0) + g**2
            w -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: AdaGrad.step is not implemented yet")
        """  # END PROMPT


class RMSProp:
    """s <- rho s + (1 - rho) g^2;  w <- w - lr g / (sqrt(s) + eps)"""

    def __init__(self, lr: float, rho: float = 0.9, eps: float = 1e-8):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.rho, self.eps = lr, rho, eps
        self.s = {}
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: RMSProp is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            self.s[name] = self.rho * self.s.get(name, 0) + (1 - self.rho) * g**2
            w -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: RMSProp.step is not implemented yet")
        """  # END PROMPT


class AdaDelta:
    """s <- rho s + (1 - rho) g^2;  u = g sqrt(e + eps) / sqrt(s + eps);  e <- rho e + (1 - rho) u^2;  w <- w - lr u"""

    def __init__(self, lr: float = 1.0, rho: float = 0.95, eps: float = 1e-6):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.rho, self.eps = lr, rho, eps
        self.s, self.e = {}, {}
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: AdaDelta is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            s = self.rho * self.s.get(name, 0) + (1 - self.rho) * g**2
            e = self.e.get(name, 0)
            u = g * np.sqrt(e + self.eps) / np.sqrt(s + self.eps)
            w -= self.lr * u
            self.s[name], self.e[name] = s, self.rho * e + (1 - self.rho) * u**2
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: AdaDelta.step is not implemented yet")
        """  # END PROMPT


class Adam:
    """m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  t <- t + 1 (for each parameter)
    w <- w - lr mhat / (sqrt(vhat) + eps)  with  mhat = m / (1 - beta1^t),  vhat = v / (1 - beta2^t)
    """

    def __init__(self, lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = {}, {}, {}
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Adam is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            self.t[name] = self.t.get(name, 0) + 1
            self.m[name] = self.beta1 * self.m.get(name, 0) + (1 - self.beta1) * g
            self.v[name] = self.beta2 * self.v.get(name, 0) + (1 - self.beta2) * g**2
            mhat = self.m[name] / (1 - self.beta1 ** self.t[name])
            vhat = self.v[name] / (1 - self.beta2 ** self.t[name])
            w -= self.lr * mhat / (np.sqrt(vhat) + self.eps)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Adam.step is not implemented yet")
        """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: q14
# points: 0

# %% [markdown]
# ## q14. Train a digit classifier (7 points)

# %% [raw]
# # BEGIN SOLUTION

# %%
# q14


def train_classifier(
    Xtr: np.ndarray, ytr: np.ndarray, Xva: np.ndarray, yva: np.ndarray, rng: np.random.Generator
) -> dict:
    """Train a network on (Xtr, ytr), choose the epoch by its loss on (Xva, yva).

    Xtr: (1000, 64), Xva: (300, 64) in [0, 1];  ytr, yva: integers 0..9
    returns {"predict_proba": function (N, 64) -> (N, 10) of the best epoch's network,
             "history": {"train_loss": [one per epoch], "val_loss": [one per epoch]},
             "best_epoch": index of the smallest val_loss}
    """
    # BEGIN SOLUTION NO PROMPT
    epochs, batch, act = 60, 32, "relu"
    params = init_params([Xtr.shape[1], 64, 10], "he_normal", rng)
    optimiser = Adam(lr=2e-3)
    train_loss, val_loss, best_epoch, best = [], [], 0, {}
    for epoch in range(epochs):
        order = rng.permutation(len(Xtr))
        losses = []
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            loss, grads = mlp_loss_and_grads(params, Xtr[rows], ytr[rows], act)
            optimiser.step(params, grads)
            losses.append(loss)
        train_loss.append(float(np.mean(losses)))
        logits, _ = mlp_forward(params, Xva, act)
        val_loss.append(softmax_cross_entropy(logits, yva)[0])
        if epoch == 0 or val_loss[epoch] < val_loss[best_epoch]:
            best_epoch = epoch
            best = {name: w.copy() for name, w in params.items()}  # the optimiser goes on changing params
    return {
        "predict_proba": lambda X: softmax(mlp_forward(best, X, act)[0]),
        "history": {"train_loss": train_loss, "val_loss": val_loss},
        "best_epoch": best_epoch,
    }
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: train_classifier is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION
