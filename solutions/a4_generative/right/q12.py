"""Right solutions of question 12 that look different from the reference."""
# ruff: noqa: F811


# %% one_row_at_a_time | why: loops over rows and units with the math module, bits by rng.binomial
def _coin(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z)) if z > -700 else 0.0


def free_energy(v, W, b, c):
    F = np.zeros(len(v), as_float(v).dtype)
    for n in range(len(v)):
        F[n] = -sum(float(x) * float(y) for x, y in zip(v[n], b, strict=True))
        for j in range(W.shape[1]):
            z = float(c[j]) + sum(float(v[n, i]) * float(W[i, j]) for i in range(len(b)))
            F[n] -= max(z, 0.0) + math.log1p(math.exp(-abs(z)))
    return F


def gibbs_step(v, W, b, c, rng):
    v = as_float(v)
    ph = np.vectorize(_coin, otypes=[v.dtype])(v @ W + c)
    h = rng.binomial(1, ph.astype(float)).astype(v.dtype)
    pv = np.vectorize(_coin, otypes=[v.dtype])(np.einsum("nj,ij->ni", h, W) + b)
    return rng.binomial(1, pv.astype(float)).astype(v.dtype), ph, pv


def cd_gradient(v0, W, b, c, k, rng):
    v, steps = as_float(v0), 0
    while steps < k:
        v = gibbs_step(v, W, b, c, rng)[0]
        steps += 1
    total = {"W": np.zeros_like(W), "b": np.zeros_like(b), "c": np.zeros_like(c)}
    for sign, rows in ((1, as_float(v0)), (-1, v)):
        ph = gibbs_step(rows, W, b, c, rng)[1]
        total["W"] += sign * np.einsum("ni,nj->ij", rows, ph) / np.asarray(len(v), W.dtype)
        total["b"] += sign * rows.mean(axis=0)
        total["c"] += sign * ph.mean(axis=0)
    return total


# %% tanh_and_extended_weights | why: sigmoid by tanh, softplus by log1p, hidden units drawn first, biases in one matrix
def _on(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def free_energy(v, W, b, c):
    with np.errstate(under="ignore"):
        z = v @ W + c
        return -np.sum(v * b, axis=1) - np.sum(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))), axis=-1)


def gibbs_step(v, W, b, c, rng):
    ph = _on(v @ W + c)
    h = 1.0 * (rng.uniform(size=ph.shape) <= ph)
    pv = _on(h.astype(W.dtype) @ W.T + b)
    return np.where(rng.uniform(size=pv.shape) > pv, 0, 1).astype(pv.dtype), ph, pv


def cd_gradient(v0, W, b, c, k, rng):
    def extended(v):
        one = np.ones((len(v), 1), v.dtype)
        return np.hstack([v, one]).T @ np.hstack([_on(v @ W + c), one]) / np.asarray(len(v), v.dtype)

    v = v0.copy()
    for _ in range(k):
        v[:] = gibbs_step(v, W, b, c, rng)[0]
    G = extended(v0) - extended(v)
    return {"W": G[:-1, :-1], "b": G[:-1, -1], "c": G[-1, :-1]}


# %% visible_probabilities_for_b | why: the last visible probabilities in the gradient of b have the same expectation
def cd_gradient(v0, W, b, c, k, rng):
    v, pv = v0, v0
    for _ in range(k):
        v, _, pv = gibbs_step(v, W, b, c, rng)
    h0, hk = hidden_given_visible(v0, W, c), hidden_given_visible(v, W, c)
    return {
        "W": v0.T @ h0 / len(v0) - v.T @ hk / len(v0),
        "b": v0.mean(axis=0) - pv.mean(axis=0),
        "c": h0.mean(axis=0) - hk.mean(axis=0),
    }


# %% binomial_bits | why: bits by rng.binomial, logaddexp for the free energy, a walk through a list of samples, einsum over pairs
def _on(z):
    with np.errstate(under="ignore"):
        return np.exp(-np.logaddexp(0, -z))


def free_energy(v, W, b, c):
    v = as_float(v)
    with np.errstate(under="ignore"):
        return (-np.logaddexp(0, v @ W + c).sum(axis=1) - v @ b).astype(v.dtype)


def gibbs_step(v, W, b, c, rng):
    v = as_float(v)
    ph = _on(v @ W + c)
    h = rng.binomial(1, ph)
    pv = _on(np.einsum("nj,ij->ni", h, W) + b)
    return [rng.binomial(1, pv).astype(v.dtype), ph.astype(v.dtype), pv.astype(v.dtype)]


def cd_gradient(v0, W, b, c, k, rng):
    walk = [as_float(v0)]
    for _ in range(k):
        walk.append(gibbs_step(walk[-1], W, b, c, rng)[0])
    signs = np.array([1.0, -1.0])
    v = np.stack([walk[0], walk[-1]])
    ph = _on(v @ W + c)
    n = v.shape[1]
    parts = {
        "c": np.einsum("s,snj->j", signs, ph) / n,
        "b": np.einsum("s,sni->i", signs, v) / n,
        "W": np.einsum("s,sni,snj->ij", signs, v, ph) / n,
    }
    return {name: part.astype(v.dtype) for name, part in parts.items()}
