"""Right solutions of question 7 that look different from the reference."""


# %% channel_by_channel | why: loops over channels, samples and groups; the cache is a dictionary; gradients step by step through mean and variance
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    y, seen = np.empty_like(as_float(x)), {"gamma": gamma.copy(), "train": train, "parts": []}
    for c in range(x.shape[1]):
        v = as_float(x)[:, c].astype(np.float64)
        mu, var = (v.mean(), v.var()) if train else (running["mean"][c], running["var"][c])
        if train:
            running["mean"][c] = (1 - momentum) * running["mean"][c] + momentum * mu
            running["var"][c] = (1 - momentum) * running["var"][c] + momentum * v.var(ddof=1)
        sd = (var + eps) ** 0.5
        y[:, c] = (v - mu) / sd * gamma[c] + beta[c]
        seen["parts"].append((v - mu, sd))
    return y, seen


def _back(d, centred, sd):
    """d: gradient with respect to centred / sd, where mean and variance are those of the whole array."""
    m = centred.size
    d_var = -0.5 * np.sum(d * centred) / sd**3
    d_centred = d / sd + 2 * centred / m * d_var
    return d_centred - d_centred.mean()


def batchnorm2d_backward(dy, cache):
    dx, C = np.empty_like(dy), dy.shape[1]
    dgamma, dbeta = np.zeros(C), np.zeros(C)
    for c, (centred, sd) in enumerate(cache["parts"]):
        d = dy[:, c] * cache["gamma"][c]
        dx[:, c] = _back(d, centred, sd) if cache["train"] else d / sd
        dgamma[c], dbeta[c] = np.sum(dy[:, c] * centred) / sd, dy[:, c].sum()
    return dx, dgamma, dbeta


def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    if x.shape[1] % G != 0:
        raise ValueError("no such groups")
    y, seen, size = np.empty_like(as_float(x)), {}, x.shape[1] // G
    for n in range(len(x)):
        for j in range(G):
            part = slice(j * size, (j + 1) * size)
            v = as_float(x)[n, part].astype(np.float64)
            sd = (v.var() + eps) ** 0.5
            y[n, part] = gamma[part, None, None] * (v - v.mean()) / sd + beta[part, None, None]
            seen[n, j] = (part, v - v.mean(), sd)
    return y, (seen, gamma.copy())


def groupnorm_backward(dy, cache):
    seen, gamma = cache
    dx, dgamma, dbeta = np.empty_like(dy), np.zeros(dy.shape[1]), dy.sum(axis=(0, 2, 3))
    for (n, _), (part, centred, sd) in seen.items():
        dx[n, part] = _back(dy[n, part] * gamma[part, None, None], centred, sd)
        dgamma[part] += np.sum(dy[n, part] * centred / sd, axis=(1, 2))
    return [dx, dgamma, dbeta]


# %% one_matrix_per_norm | why: batch norm on a matrix of pixels times channels, group norm as batch norm without a batch; einsum
def _flat(x):
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    X = _flat(x)
    if train:
        mu = np.einsum("mc->c", X) / len(X)
        var = np.einsum("mc,mc->c", X - mu, X - mu) / len(X)
        for name, now in (("mean", mu), ("var", var * len(X) / (len(X) - 1))):
            running[name] *= 1 - momentum
            running[name] += momentum * now
    else:
        mu, var = running["mean"].copy(), running["var"].copy()
    inverse = (var + eps) ** -0.5
    Xhat = (X - mu) * inverse
    y = np.moveaxis((Xhat * gamma + beta).reshape(len(x), *x.shape[2:], x.shape[1]), -1, 1)
    return np.ascontiguousarray(y.astype(as_float(x).dtype)), (Xhat, gamma.copy(), inverse, bool(train), x.shape)


def batchnorm2d_backward(dy, cache):
    Xhat, gamma, inverse, train, (N, C, H, W) = cache
    dY = _flat(dy)
    dgamma, dbeta = np.einsum("mc,mc->c", dY, Xhat), np.einsum("mc->c", dY)
    dX = gamma * inverse * (dY - (dbeta + Xhat * dgamma) / len(dY)) if train else gamma * inverse * dY
    return np.moveaxis(dX.reshape(N, H, W, C), -1, 1), dgamma, dbeta


def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    N, C, H, W = x.shape
    if C % G:
        raise ValueError("groups must divide the channels")
    rows = as_float(x).reshape(N * G, -1)
    centred = rows - rows.mean(axis=1)[:, None]
    inverse = 1 / np.sqrt((centred**2).mean(axis=1) + eps)
    Xhat = (centred * inverse[:, None]).reshape(N, C, H * W)
    y = np.einsum("nck,c->nck", Xhat, gamma) + beta[None, :, None]
    return y.reshape(x.shape).astype(as_float(x).dtype), (Xhat, gamma.copy(), inverse, G, x.shape)


def groupnorm_backward(dy, cache):
    Xhat, gamma, inverse, G, shape = cache
    N, C = shape[:2]
    d = dy.reshape(N, C, -1)
    g, h = (d * gamma[:, None]).reshape(N * G, -1), Xhat.reshape(N * G, -1)
    dx = inverse[:, None] * (g - g.mean(axis=1, keepdims=True) - h * (g * h).mean(axis=1, keepdims=True))
    return dx.reshape(shape), np.einsum("nck,nck->c", d, Xhat), np.einsum("nck->c", d)
