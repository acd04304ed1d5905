"""Right solutions of question 11 that look different from the reference."""


# %% entry_by_entry | why: one draw after the other in Python; the cache is a dictionary; p = 0 draws nothing and needs no mask
def _checked(p):
    if p < 0 or p >= 1:
        raise ValueError("p must lie in [0, 1)")


def dropout_forward(X, p, rng, train):
    _checked(p)
    if not train:
        return X, None
    mask = np.zeros(np.shape(X), dtype=as_float(X).dtype)
    for index in np.ndindex(mask.shape):
        if rng.uniform() > p or p == 0:
            mask[index] = 1 / (1 - p)
    return np.multiply(X, mask), mask


def dropout_backward(dY, mask):
    if mask is None:
        return dY.copy()
    dX = np.zeros_like(dY)
    dX[mask != 0] = dY[mask != 0] * mask[mask != 0]
    return dX


def dropconnect_forward(X, W, b, p, rng, train):
    _checked(p)
    keep = {"X": X.copy(), "W": W.copy()}
    if train and p > 0:
        keep["kept"], keep["scale"] = rng.binomial(1, 1 - p, size=W.shape).astype(bool), 1 / (1 - p)
    else:
        keep["kept"], keep["scale"] = np.ones(W.shape, bool), 1.0
    Y = np.zeros((len(X), W.shape[1]), dtype=X.dtype)
    for n in range(len(X)):
        for m in range(W.shape[1]):
            Y[n, m] = b[m] + keep["scale"] * sum(X[n, d] * W[d, m] for d in range(len(W)) if keep["kept"][d, m])
    return Y, keep


def dropconnect_backward(dY, cache):
    scaled = cache["kept"] * cache["scale"]
    dX = np.einsum("nm,dm,dm->nd", dY, cache["W"], scaled)
    return [dX, np.einsum("nd,nm->dm", cache["X"], dY) * scaled, np.einsum("nm->m", dY)]


# %% choice_and_closures | why: masks by rng.choice, in float64 and cast at the end; the cache is a function
def _draw(shape, p, rng):
    return rng.choice([0.0, 1 / (1 - p)], size=shape, p=[p, 1 - p])


def dropout_forward(X, p, rng, train):
    if not 0 <= p < 1:
        raise ValueError(p)
    if not train:
        return np.array(X), None
    mask = _draw(X.shape, p, rng)
    return np.asarray(X * mask, dtype=as_float(X).dtype), mask


def dropout_backward(dY, mask):
    return (dY * (1.0 if mask is None else mask)).astype(dY.dtype)


def dropconnect_forward(X, W, b, p, rng, train):
    if not 0 <= p < 1:
        raise ValueError(p)
    mask = _draw(W.shape, p, rng) if train else 1.0
    used = (W * mask).astype(W.dtype)

    def back(dY):
        return dY @ used.T, X.T @ dY * mask, dY.sum(0)

    return np.dot(X, used) + b, back


def dropconnect_backward(dY, cache):
    return cache(dY)


# %% coins_as_objects | why: a coin that refuses an impossible p, masks by rng.binomial, X itself without train, a function as cache
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Coin:
    p: float

    def __post_init__(self):
        if not (0 <= self.p < 1):
            raise ValueError(f"p = {self.p} is no probability of dropping")

    def toss(self, like: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.divide(rng.binomial(1, 1 - self.p, size=like.shape), 1 - self.p).astype(like.dtype)


def dropout_forward(X: np.ndarray, p: float, rng: np.random.Generator, train: bool):
    coin = Coin(p)
    if not train:
        return X, None
    mask = coin.toss(as_float(X), rng)
    return np.where(mask == 0, 0, as_float(X) * mask), mask


def dropout_backward(dY: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    return np.multiply(dY, 1 if mask is None else mask)


def dropconnect_forward(X: np.ndarray, W: np.ndarray, b: np.ndarray, p: float, rng: np.random.Generator, train: bool):
    coin, X, W = Coin(p), as_float(X).copy(), as_float(W).copy()
    M = coin.toss(W, rng) if train else None
    thin = W if M is None else W * M

    def pullback(dY: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        dW = X.T @ dY
        return dY @ thin.T, dW if M is None else dW * M, dY.sum(axis=0)

    return X @ thin + as_float(b), pullback


def dropconnect_backward(dY: np.ndarray, cache: Callable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return cache(as_float(dY))


# %% choices | why: rng.choice makes the masks, the input itself without train, a dict as cache, products by einsum
def _mask(shape, p, rng, dtype):
    return rng.choice(np.array([0, 1 / (1 - p)], dtype=dtype), size=shape, p=[p, 1 - p])


def _check(p):
    if p < 0 or p >= 1 or p != p:
        raise ValueError("p has to lie in [0, 1)")


def dropout_forward(X, p, rng, train):
    _check(p)
    X = as_float(X)
    if not train:
        return (X, None)
    mask = _mask(X.shape, p, rng, X.dtype)
    return [X * mask, mask]


def dropout_backward(dY, mask):
    if mask is None:
        return as_float(dY).copy()
    return as_float(dY) * mask


def dropconnect_forward(X, W, b, p, rng, train):
    _check(p)
    X = as_float(X)
    M = _mask(W.shape, p, rng, X.dtype) if train else np.ones(W.shape, X.dtype)
    cache = {"X": X.copy(), "thin": (W * M).astype(X.dtype), "M": M}
    return (np.einsum("nd,dm->nm", X, cache["thin"]) + b).astype(X.dtype), cache


def dropconnect_backward(dY, cache):
    dY = as_float(dY)
    return [
        np.einsum("nm,dm->nd", dY, cache["thin"]),
        np.einsum("nd,nm->dm", cache["X"], dY) * cache["M"],
        np.einsum("nm->m", dY),
    ]
