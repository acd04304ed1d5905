"""Right solutions of question 3 that look different from the reference."""


# %% in_loops | why: text bits, another hidden bias, negative votes, units one by one; towers as pairs with steep steps
def boolean_network(table):
    n = 0
    while 2**n < len(table):
        n += 1
    W1 = []
    for k in range(len(table)):
        W1.append([1 if bit == "1" else -1 for bit in format(k, f"0{n}b")])
    return {"W1": np.array(W1), "b1": np.full(len(table), -n), "w2": 2 * np.array(table) - 1, "b2": -1}


def boolean_eval(net, X):
    out, hidden = [], []
    for x in X:
        fired = []
        for w, b in zip(net["W1"], net["b1"], strict=True):
            fired.append(1 if sum(w[j] * x[j] for j in range(len(x))) + b >= 0 else 0)
        hidden.append(fired)
        out.append(1 if sum(v * h for v, h in zip(net["w2"], fired, strict=True)) + net["b2"] >= 0 else 0)
    return np.array(out), np.array(hidden)


def tower_network(f, a, b, K):
    W1, b1, w2 = [], [], []
    for j in range(K):
        left, right = a + (b - a) * j / K, a + (b - a) * (j + 1) / K
        h = float(f(0.5 * left + 0.5 * right))
        W1 += [[8.0], [8.0]]
        b1 += [-8 * left, -8 * right]
        w2 += [h, -h]
    return {"W1": np.array(W1), "b1": np.array(b1), "w2": np.array(w2)}


def tower_eval(net, x):
    result = []
    for value in x:
        total = 0.0
        for w, b, height in zip(net["W1"][:, 0], net["b1"], net["w2"], strict=True):
            if w * value + b >= 0:
                total += height
        result.append(total)
    return np.array(result)


# %% units_in_another_order | why: itertools, units in reverse order, a bias just below the bound, einsum and heaviside
import itertools


def boolean_network(table):
    n = int(np.log2(len(table)))
    rows = np.array(list(itertools.product([-1.0, 1.0], repeat=n)))[::-1]
    return {"W1": 3 * rows, "b1": np.full(len(rows), 3 * (1.5 - n)), "w2": table[::-1] * 4.0, "b2": np.float64(-2.0)}


def boolean_eval(net, X):
    hidden = np.heaviside(np.einsum("kj,ij->ik", net["W1"], X) + net["b1"], 1.0)
    out = np.heaviside(hidden @ net["w2"] + net["b2"], 1.0)
    return [out.astype(int), hidden.astype(int)]


def tower_network(f, a, b, K):
    edges = np.linspace(a, b, K + 1)
    heights = np.vectorize(f, otypes=[float])((edges[1:] + edges[:-1]) / 2)
    units = np.arange(2 * K)
    return {
        "W1": np.ones((2 * K, 1)),
        "b1": -edges[(units + 1) // 2],
        "w2": np.where(units % 2 == 0, 1, -1) * np.repeat(heights, 2),
    }


def tower_eval(net, x):
    return np.sum(np.where(np.outer(x, net["W1"]) + net["b1"] >= 0, net["w2"], 0.0), axis=1)


# %% votes_of_both_signs | why: a dataclass, votes of +1 and -1 with an output bias of 0, steep steps, down before up
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class StepNet:
    W1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: float | None = None

    def hidden(self, X: np.ndarray) -> np.ndarray:
        return np.where(np.tensordot(X, self.W1, axes=(1, 1)) + self.b1 >= 0, 1, 0)

    def asdict(self) -> dict:
        return {k: v for k, v in vars(self).items() if v is not None}


def boolean_network(table: np.ndarray) -> dict:
    votes = [1.0 if int(v) else -1.0 for v in table]
    n = round(math.log2(len(votes)))
    patterns = list(itertools.product((-1.0, 1.0), repeat=n))
    return StepNet(
        np.array(patterns).reshape(2**n, n), np.full(2**n, 1.5 - n), np.array(votes), 0.0
    ).asdict()  # step(0) never asked: votes are +-1


def boolean_eval(net: dict, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    s = StepNet(**net)
    h = s.hidden(np.asarray(X))
    return (h.dot(s.w2) + s.b2 >= 0) * 1, h


def tower_network(f: Callable[[float], float], a: float, b: float, K: int) -> dict:
    marks = [a + k * ((b - a) / K) for k in range(K)] + [b]
    ends = [(left, right, f((left + right) / 2)) for left, right in itertools.pairwise(marks)]
    units = [(at, height) for left, right, top in ends for at, height in ((right, -top), (left, top))]  # down first
    at, height = np.array(units, dtype=float).T
    return StepNet(np.full((2 * K, 1), 2.0), -2.0 * at, height).asdict()


def tower_eval(net: dict, x: np.ndarray) -> np.ndarray:
    s = StepNet(**net)
    fire = s.hidden(as_float(x).astype(np.float64)[:, None])
    return np.where(fire == 1, s.w2, 0.0).sum(axis=1).astype(as_float(x).dtype)


# %% bias_at_the_edge | why: a bias of exactly -n, votes of 5 against 2, small integer arrays, towers side by side, heaviside
def boolean_network(table):
    n = int(np.log2(len(table)) + 0.5)
    signs = [[1 if (k >> (n - 1 - j)) & 1 else -1 for j in range(n)] for k in range(2**n)]
    return {
        "W1": np.array(signs, dtype=np.int8).reshape(2**n, n),
        "b1": np.full(2**n, -n),
        "w2": 5 * np.array(table),
        "b2": np.float32(-2.0),
    }


def boolean_eval(net, X):
    hidden = np.heaviside(np.einsum("ij,kj->ik", X, net["W1"]) + net["b1"], 1).astype(int)
    out = np.heaviside(np.einsum("ik,k->i", hidden, net["w2"]) + net["b2"], 1).astype(int)
    return [out, hidden]


def tower_network(f, a, b, K):
    edges = np.linspace(a, b, K + 1).tolist()
    bias, weight = [], []
    for left, right in zip(edges, edges[1:], strict=False):
        height = f(0.5 * (left + right))
        bias += [-left, -right]
        weight += [height, -height]
    return {"W1": np.ones((2 * K, 1)), "b1": np.array(bias), "w2": np.array(weight, dtype=float)}


def tower_eval(net, x):
    total = np.zeros(len(x))
    for w, b, v in zip(net["W1"][:, 0], net["b1"], net["w2"], strict=False):
        total = total + v * np.heaviside(w * x + b, 1.0)
    return total.astype(as_float(x).dtype)
