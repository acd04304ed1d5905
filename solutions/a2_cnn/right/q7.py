"""Right solutions of question 7 that look different from the reference."""
# ruff: noqa: B905 - cells are written as students write


# %% channel_by_channel | why: loops over channels, images and groups; running arrays are written into
def _one(values, eps):
    mean = values.mean()
    var = ((values - mean) ** 2).mean()
    return (values - mean) / np.sqrt(var + np.asarray(eps, values.dtype)), mean, var


def _one_backward(g, x_hat, var, eps):
    m = np.asarray(g.size, g.dtype)
    return (m * g - g.sum() - x_hat * (g * x_hat).sum()) / (m * np.sqrt(var + np.asarray(eps, g.dtype)))


def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    x = as_float(x)
    x_hat, y, variances = np.empty_like(x), np.empty_like(x), np.empty(x.shape[1], x.dtype)
    for c in range(x.shape[1]):
        if train:
            x_hat[:, c], mean, var = _one(x[:, c], eps)
            m = x[:, c].size
            running["mean"][c] += momentum * (mean - running["mean"][c])
            running["var"][c] += momentum * (var * m / (m - 1) - running["var"][c])
        else:
            mean, var = running["mean"][c], running["var"][c]
            x_hat[:, c] = (x[:, c] - mean) / np.sqrt(var + eps)
        variances[c] = var
        y[:, c] = gamma[c] * x_hat[:, c] + beta[c]
    return y, {"x_hat": x_hat, "var": variances, "gamma": gamma.copy(), "train": train, "eps": eps}


def batchnorm2d_backward(dy, cache):
    dy = as_float(dy)
    x_hat, dx = cache["x_hat"], np.zeros_like(cache["x_hat"])
    dgamma, dbeta = np.zeros(x_hat.shape[1], x_hat.dtype), np.zeros(x_hat.shape[1], x_hat.dtype)
    for c in range(x_hat.shape[1]):
        g = cache["gamma"][c] * dy[:, c]
        if cache["train"]:
            dx[:, c] = _one_backward(g, x_hat[:, c], cache["var"][c], cache["eps"])
        else:
            dx[:, c] = g / np.sqrt(cache["var"][c] + cache["eps"])
        dgamma[c], dbeta[c] = np.vdot(dy[:, c], x_hat[:, c]), np.sum(dy[:, c])
    return dx, dgamma, dbeta


def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    x = as_float(x)
    size, rest = divmod(x.shape[1], G)
    if rest != 0:
        raise ValueError("groups of different sizes")
    x_hat, variances = np.empty_like(x), np.empty((len(x), G), x.dtype)
    for n in range(len(x)):
        for g in range(G):
            part = slice(g * size, (g + 1) * size)
            x_hat[n, part], _, variances[n, g] = _one(x[n, part], eps)
    y = np.stack([gamma[c] * x_hat[:, c] + beta[c] for c in range(x.shape[1])], axis=1)
    return y.astype(x.dtype), (x_hat, variances, gamma, size, eps)


def groupnorm_backward(dy, cache):
    dy = as_float(dy)
    x_hat, variances, gamma, size, eps = cache
    dx = np.empty_like(x_hat)
    for n, g in np.ndindex(*variances.shape):
        part = slice(g * size, (g + 1) * size)
        arriving = dy[n, part] * gamma[part].reshape(-1, 1, 1)
        dx[n, part] = _one_backward(arriving, x_hat[n, part], variances[n, g], eps)
    return dx, np.einsum("nchw,nchw->c", dy, x_hat), np.einsum("nchw->c", dy)


# %% by_matrices | why: channels as rows of a matrix; group norm is batch norm of groups, closures as caches
def _rows_forward(rows, eps):
    mean, var = np.mean(rows, axis=1, keepdims=True), np.var(rows, axis=1, keepdims=True)
    std = np.sqrt(var + np.asarray(eps, rows.dtype))
    x_hat = (rows - mean) / std

    def backward(g):
        along = np.sum(g * x_hat, axis=1, keepdims=True) / rows.shape[1]
        return (g - np.sum(g, axis=1, keepdims=True) / rows.shape[1] - along * x_hat) / std

    return x_hat, backward, mean[:, 0], var[:, 0]


def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    x = as_float(x)
    N, C, H, W = x.shape
    gamma, beta = gamma.astype(x.dtype), beta.astype(x.dtype)
    rows = np.moveaxis(x, 1, 0).reshape(C, -1)
    if train:
        x_hat, rows_backward, mean, var = _rows_forward(rows, eps)
        running["mean"] = running["mean"] * (1 - momentum) + mean * momentum
        running["var"] = running["var"] * (1 - momentum) + np.var(rows, axis=1, ddof=1) * momentum
    else:
        std = np.sqrt(running["var"] + eps).astype(x.dtype)[:, None]
        x_hat = (rows - running["mean"].astype(x.dtype)[:, None]) / std

        def rows_backward(g):
            return g / std

    def back(rows):
        return np.moveaxis(rows.reshape(C, N, H, W), 0, 1)

    def backward(dy):
        dy = np.moveaxis(as_float(dy), 1, 0).reshape(C, -1)
        return back(rows_backward(gamma[:, None] * dy)), (dy * x_hat).sum(1), dy.sum(1)

    return back(x_hat * gamma[:, None] + beta[:, None]), backward


def batchnorm2d_backward(dy, cache):
    return cache(dy)


def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    if x.shape[1] != G * (x.shape[1] // G):
        raise ValueError("groups")
    x = as_float(x)
    gamma, beta = (v.astype(x.dtype).reshape(1, -1, 1, 1) for v in (gamma, beta))
    x_hat, rows_backward, _, _ = _rows_forward(x.reshape(len(x) * G, -1), eps)
    x_hat = x_hat.reshape(x.shape)

    def backward(dy):
        dx = rows_backward((dy * gamma).reshape(len(x) * G, -1)).reshape(x.shape)
        return [dx, (dy * x_hat).sum((0, 2, 3)), np.sum(dy, (0, 2, 3))]

    return x_hat * gamma + beta, backward


def groupnorm_backward(dy, cache):
    return cache(as_float(dy))


# %% kept_x | why: the cache keeps x and computes everything again in backward, as memory-saving layers do
class _Kept:
    def __init__(self, **values):
        self.__dict__.update(values)


def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    x = np.array(as_float(x))
    C = x.shape[1]
    if train:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
        correction = x.size / (x.size - C)
        for name, value in {"mean": mean, "var": var * correction}.items():
            running[name][...] = running[name] * (1 - momentum) + value * momentum
    else:
        mean, var = running["mean"].copy(), running["var"].copy()
    cache = _Kept(
        x=x, mean=mean.astype(x.dtype), var=var.astype(x.dtype), gamma=gamma.astype(x.dtype), train=train, eps=eps
    )
    x_hat = (x - cache.mean.reshape(C, 1, 1)) / np.sqrt(cache.var.reshape(C, 1, 1) + eps)
    return cache.gamma.reshape(C, 1, 1) * x_hat + beta.astype(x.dtype).reshape(C, 1, 1), cache


def batchnorm2d_backward(dy, cache):
    dy = as_float(dy)
    C = cache.x.shape[1]
    m = cache.x.size // C
    centred = cache.x - cache.mean.reshape(C, 1, 1)
    inverse = (cache.var.reshape(C, 1, 1) + cache.eps) ** -0.5
    g = dy * cache.gamma.reshape(C, 1, 1)
    dx = g * inverse
    if cache.train:
        dvar = (g * centred).sum((0, 2, 3), keepdims=True) * -0.5 * inverse**3
        dmean = -(g * inverse).sum((0, 2, 3), keepdims=True)
        dx = dx + dvar * 2 * centred / m + dmean / m
    return dx, (dy * centred * inverse).sum((0, 2, 3)), dy.sum((0, 2, 3))


# %% one_normaliser | why: one function for both layers on (rows, numbers), running arrays overwritten, caches as closures
def _normalise(rows, eps):
    mean = rows.mean(axis=1, keepdims=True)
    centred = rows - mean
    var = np.mean(np.square(centred), axis=1, keepdims=True)
    sd = np.sqrt(var + eps)
    xhat = centred / sd

    def back(g):
        m = g.shape[1]
        return (m * g - g.sum(axis=1, keepdims=True) - xhat * (g * xhat).sum(axis=1, keepdims=True)) / (m * sd)

    return xhat, mean[:, 0], var[:, 0], back


def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    x = as_float(x)
    N, C, H, W = x.shape
    gamma = np.array(gamma)

    def to_rows(a):
        return a.transpose(1, 0, 2, 3).reshape(C, -1)

    def from_rows(a):
        return a.reshape(C, N, H, W).transpose(1, 0, 2, 3)

    if train:
        xhat, mean, var, back = _normalise(to_rows(x), eps)
        m = N * H * W
        running["mean"][:] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"][:] = (1 - momentum) * running["var"] + momentum * var * m / (m - 1)
    else:
        sd = np.sqrt(running["var"] + eps)[:, None]
        xhat = (to_rows(x) - running["mean"][:, None]) / sd

        def back(g):
            return g / sd

    y = from_rows(gamma[:, None] * xhat + beta[:, None])

    def cache(dy):
        rows = to_rows(dy)
        return from_rows(back(gamma[:, None] * rows)), (rows * xhat).sum(1), rows.sum(1)

    return y.astype(x.dtype), cache


def batchnorm2d_backward(dy, cache):
    return [part.astype(as_float(dy).dtype) for part in cache(as_float(dy))]


def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    x = as_float(x)
    N, C, H, W = x.shape
    if C % G != 0:
        raise ValueError("G does not divide C")
    gamma = np.array(gamma)
    rows, _, _, back = _normalise(x.reshape(N * G, -1), eps)
    xhat = rows.reshape(x.shape)

    def cache(dy):
        g = np.einsum("nchw,c->nchw", dy, gamma)
        dx = back(g.reshape(N * G, -1)).reshape(dy.shape)
        return dx, np.einsum("nchw,nchw->c", dy, xhat), np.einsum("nchw->c", dy)

    return (np.einsum("nchw,c->nchw", xhat, gamma) + beta[:, None, None]).astype(x.dtype), cache


groupnorm_backward = batchnorm2d_backward
