"""Right solutions of question 5 that look different from the reference."""
# ruff: noqa: B905 - cells are written as students write


# %% window_by_window | why: loops over windows that are clipped at the border; lists of places as a cache
def _clipped(x_shape, k, stride, pad):
    counts = [(n + 2 * p - a) // s + 1 for n, a, s, p in zip(x_shape[2:], k, stride, pad)]
    for i in range(counts[0]):
        for j in range(counts[1]):
            top, left = i * stride[0] - pad[0], j * stride[1] - pad[1]
            yield (
                i,
                j,
                slice(max(top, 0), min(top + k[0], x_shape[2])),
                slice(max(left, 0), min(left + k[1], x_shape[3])),
            )


def _size(x, k, stride, pad):
    return [*x.shape[:2], *((n + 2 * p - a) // s + 1 for n, a, s, p in zip(x.shape[2:], k, stride, pad))]


def maxpool2d_forward(x, k, stride, pad):
    x = as_float(x)
    y, winners = np.empty(_size(x, k, stride, pad), x.dtype), []
    for i, j, rows, columns in _clipped(x.shape, k, stride, pad):
        patch = x[:, :, rows, columns]
        at = patch.reshape(*x.shape[:2], -1).argmax(axis=2)
        y[:, :, i, j] = patch.max(axis=(2, 3))
        winners.append((i, j, rows.start + at // patch.shape[3], columns.start + at % patch.shape[3]))
    return y, {"winners": winners, "shape": x.shape}


def maxpool2d_backward(dy, cache):
    dx = np.zeros(cache["shape"], dtype=as_float(dy).dtype)
    n, c = np.ogrid[: dx.shape[0], : dx.shape[1]]
    for i, j, row, column in cache["winners"]:
        dx[n, c, row, column] += dy[:, :, i, j]
    return dx


def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    x = as_float(x)
    y = np.empty(_size(x, k, stride, pad), x.dtype)
    for i, j, rows, columns in _clipped(x.shape, k, stride, pad):
        patch = x[:, :, rows, columns]
        y[:, :, i, j] = patch.sum(axis=(2, 3)) / (k[0] * k[1] if count_include_pad else patch[0, 0].size)
    return y, (x.shape, k, stride, pad, count_include_pad)


def avgpool2d_backward(dy, cache):
    shape, k, stride, pad, count = cache
    dx = np.zeros(shape, as_float(dy).dtype)
    for i, j, rows, columns in _clipped(shape, k, stride, pad):
        part = dx[:, :, rows, columns]
        part += dy[:, :, i : i + 1, j : j + 1] / (k[0] * k[1] if count else part[0, 0].size)
    return dx


def global_avg_pool(x):
    return np.einsum("nchw->nc", as_float(x)) / np.prod(x.shape[2:]).astype(as_float(x).dtype)


def global_avg_pool_backward(dy, x_shape):
    dx = np.zeros(x_shape, as_float(dy).dtype)
    dx += dy[..., None, None]
    return dx / (x_shape[2] * x_shape[3])


# %% running_maximum | why: a running maximum over the window's entries, the image is copied into the cache and compared
class _Cache:
    pass


def _entries(x, k, stride, pad, fill, out):
    big = np.full((*x.shape[:2], x.shape[2] + 2 * pad[0], x.shape[3] + 2 * pad[1]), fill, x.dtype)
    big[:, :, pad[0] : pad[0] + x.shape[2], pad[1] : pad[1] + x.shape[3]] = x
    for t in range(k[0]):
        for u in range(k[1]):
            rows, columns = t + np.arange(out[0]) * stride[0], u + np.arange(out[1]) * stride[1]
            yield np.ix_(range(len(x)), range(x.shape[1]), rows, columns), big


def maxpool2d_forward(x, k, stride, pad):
    x = as_float(x)
    out = [(n + 2 * p - a) // s + 1 for n, a, s, p in zip(x.shape[2:], k, stride, pad)]
    y = np.full((*x.shape[:2], *out), -np.inf, x.dtype)
    best = np.zeros(y.shape, int)
    for number, (here, big) in enumerate(_entries(x, k, stride, pad, -np.inf, out)):
        better = big[here] > y
        best[better], y[better] = number, big[here][better]
    cache = _Cache()
    cache.best, cache.out, cache.settings, cache.shape = best, out, (k, stride, pad), x.shape
    return y, cache


def maxpool2d_backward(dy, cache):
    k, stride, pad = cache.settings
    H, W = cache.shape[2:]
    dy = as_float(dy)
    dx = None
    for number, (here, big) in enumerate(_entries(np.zeros(cache.shape, dy.dtype), k, stride, pad, 0, cache.out)):
        dx = big if dx is None else dx
        dx[here] += np.where(cache.best == number, dy, 0)
    return dx[:, :, pad[0] : pad[0] + H, pad[1] : pad[1] + W]


# %% averages_as_products | why: average pooling as two small matrix products, rows and columns apart; numbers as 0-d arrays
def _matrix(n, k, s, p):
    """(outputs, n): 1 where a pixel lies in a window."""
    start = np.arange((n + 2 * p - k) // s + 1)[:, None] * s - p
    return ((np.arange(n) >= start) & (np.arange(n) < start + k)).astype(float)


def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    x = as_float(x)
    rows, columns = (_matrix(*each) for each in zip(x.shape[2:], k, stride, pad))
    if count_include_pad:
        rows, columns = rows / k[0], columns / k[1]
    else:
        rows, columns = rows / rows.sum(1, keepdims=True), columns / columns.sum(1, keepdims=True)
    cache = [rows.astype(x.dtype), columns.astype(x.dtype)]
    return cache[0] @ x @ cache[1].T, cache


def avgpool2d_backward(dy, cache):
    rows, columns = cache
    return rows.T @ as_float(dy) @ columns


def global_avg_pool(x):
    return avgpool2d_forward(x, x.shape[2:], (1, 1), (0, 0))[0][:, :, 0, 0]


def global_avg_pool_backward(dy, x_shape):
    area = np.array(x_shape[2] * x_shape[3], dtype=as_float(dy).dtype)
    return np.tile((as_float(dy) / area)[:, :, None, None], (1, 1, *x_shape[2:]))


# %% targets_and_banded_matrices | why: every window remembers its winner's pixel; averages go back by two banded matrices
def _windows(a, k, stride, pad, fill):
    a = np.pad(a, [(0, 0)] * (a.ndim - 2) + [(p, p) for p in pad], constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(a, k, axis=(-2, -1))[..., :: stride[0], :: stride[1], :, :]


def maxpool2d_forward(x, k, stride, pad):
    x = as_float(x)
    H, W = x.shape[2:]
    v = _windows(x, k, stride, pad, -np.inf)
    v = v.reshape(*v.shape[:4], -1)
    at = v.argmax(-1)
    pixel = _windows(np.arange(H * W).reshape(H, W), k, stride, pad, 0).reshape(*v.shape[2:4], -1)
    target = np.take_along_axis(np.broadcast_to(pixel, v.shape), at[..., None], -1)[..., 0]
    return np.take_along_axis(v, at[..., None], -1)[..., 0], (target, x.shape)


def maxpool2d_backward(dy, cache):
    target, (N, C, H, W) = cache
    dy = as_float(dy)
    dx = np.zeros((N * C, H * W), dtype=dy.dtype)
    np.add.at(dx, (np.arange(N * C)[:, None], target.reshape(N * C, -1)), dy.reshape(N * C, -1))
    return dx.reshape(N, C, H, W)


def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    x = as_float(x)
    ones = np.ones(x.shape[2:], dtype=x.dtype)
    n = np.full(1, k[0] * k[1], dtype=x.dtype) if count_include_pad else _windows(ones, k, stride, pad, 0).sum((-1, -2))
    return _windows(x, k, stride, pad, 0).sum((-1, -2)) / n, (n, x.shape, k, stride, pad)


def avgpool2d_backward(dy, cache):
    n, (N, C, H, W), (kh, kw), (sh, sw), (ph, pw) = cache
    g = as_float(dy) / n
    Ho, Wo = g.shape[2:]
    # two banded matrices: which row (column) takes part in which window
    rows = (lambda d: ((d >= 0) & (d < kh)).astype(g.dtype))(np.arange(H) + ph - sh * np.arange(Ho)[:, None])
    cols = (lambda d: ((d >= 0) & (d < kw)).astype(g.dtype))(np.arange(W) + pw - sw * np.arange(Wo)[:, None])
    return np.einsum("ih,ncij,jw->nchw", rows, g, cols, optimize=True)


def global_avg_pool(x):
    return as_float(x).mean((2, 3))


def global_avg_pool_backward(dy, x_shape):
    return np.broadcast_to(as_float(dy)[..., None, None] / (x_shape[2] * x_shape[3]), x_shape).copy()


# %% one_table_of_windows | why: windows through a table of pixel numbers, a pixel that is none for the padding, bincount for the way back
def _table(H, W, k, stride, pad):
    rows = np.arange(0, H + 2 * pad[0] - k[0] + 1, stride[0])[:, None] + np.arange(k[0]) - pad[0]
    cols = np.arange(0, W + 2 * pad[1] - k[1] + 1, stride[1])[:, None] + np.arange(k[1]) - pad[1]
    table = rows[:, None, :, None] * W + cols[None, :, None, :]
    there = ((rows >= 0) & (rows < H))[:, None, :, None] & ((cols >= 0) & (cols < W))[None, :, None, :]
    Ho, Wo = table.shape[:2]
    return np.where(there, table, H * W).reshape(Ho, Wo, -1)


def _scatter(values, places, shape, dtype):
    N, C, H, W = shape
    offset = np.arange(N * C).reshape(N, C, 1) * (H * W + 1)
    flat = np.bincount((places.reshape(N, C, -1) + offset).ravel(), values.ravel().astype(float), N * C * (H * W + 1))
    return flat.reshape(N, C, -1)[:, :, : H * W].reshape(shape).astype(dtype)


def maxpool2d_forward(x, k, stride, pad):
    x = as_float(x)
    N, C, H, W = x.shape
    table = _table(H, W, k, stride, pad)
    flat = np.concatenate([x.reshape(N, C, -1), np.full((N, C, 1), -np.inf, x.dtype)], axis=2)
    windows = flat[:, :, table]
    first = windows.argmax(axis=-1)
    winners = np.take_along_axis(np.broadcast_to(table, windows.shape), first[..., None], -1)[..., 0]
    return windows.max(axis=-1), (winners, x.shape)


def maxpool2d_backward(dy, cache):
    winners, shape = cache
    return _scatter(dy, winners, shape, as_float(dy).dtype)


def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    x = as_float(x)
    N, C, H, W = x.shape
    table = _table(H, W, k, stride, pad)
    flat = np.concatenate([x.reshape(N, C, -1), np.zeros((N, C, 1), x.dtype)], axis=2)
    count = np.full(table.shape[:2], k[0] * k[1]) if count_include_pad else (table < H * W).sum(axis=-1)
    y = flat[:, :, table].sum(axis=-1) / count
    return y.astype(x.dtype), {"table": table, "count": count, "shape": x.shape}


def avgpool2d_backward(dy, cache):
    table, shape = cache["table"], cache["shape"]
    share = np.broadcast_to((dy / cache["count"])[..., None], (*dy.shape, table.shape[-1]))
    return _scatter(share, np.broadcast_to(table, share.shape), shape, as_float(dy).dtype)


def global_avg_pool(x):
    return np.einsum("nchw->nc", as_float(x)) / (x.shape[2] * x.shape[3])


def global_avg_pool_backward(dy, x_shape):
    dy = as_float(dy)
    return np.broadcast_to((dy / (x_shape[2] * x_shape[3]))[:, :, None, None], x_shape)


# %% summed_area_table | why: averages from the corners of a summed-area table, and back by differences at the corners
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    x = as_float(x)
    N, C, H, W = x.shape
    totals = np.zeros((N, C, H + 1, W + 1))
    totals[:, :, 1:, 1:] = x.cumsum(axis=2, dtype=np.float64).cumsum(axis=3)
    starts = [np.arange(0, s + 2 * p - w + 1, step) - p for s, w, step, p in zip((H, W), k, stride, pad)]
    (top, left), (bottom, right) = (
        [s.clip(0) for s in starts],
        [(s + w).clip(max=n) for s, w, n in zip(starts, k, (H, W))],
    )
    count = np.full((len(top), len(left)), k[0] * k[1]) if count_include_pad else np.outer(bottom - top, right - left)
    corners = (top, left, 1), (bottom, right, 1), (top, right, -1), (bottom, left, -1)
    sums = sum(sign * totals[:, :, rows[:, None], columns] for rows, columns, sign in corners)
    return (sums / count).astype(x.dtype), (corners, count, x.shape)


def avgpool2d_backward(dy, cache):
    corners, count, (N, C, H, W) = cache
    steps = np.zeros((N, C, H + 1, W + 1))
    for rows, columns, sign in corners:
        np.add.at(steps, (slice(None), slice(None), rows[:, None], columns), sign * dy / count)
    return steps.cumsum(axis=2).cumsum(axis=3)[:, :, :H, :W].astype(as_float(dy).dtype)
