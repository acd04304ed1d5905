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
