"""Right solutions of question 4 that look different from the reference."""
# ruff: noqa: B905 - cells are written as students write


# %% entry_by_entry | why: a loop over the kernel's entries fills the columns; the convolution sums without a matrix
def _slices(n, k, stride, out):
    return [slice(t, t + stride * (out - 1) + 1, stride) for t in range(k)]


def _grid(H, W, kh, kw, stride, pad):
    Ho, Wo = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    return Ho, Wo, _slices(H, kh, stride, Ho), _slices(W, kw, stride, Wo)


def im2col(x, kh, kw, stride, pad):
    x = as_float(x)
    N, C, H, W = x.shape
    Ho, Wo, rows, columns = _grid(H, W, kh, kw, stride, pad)
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad), x.dtype)
    big[:, :, pad : pad + H, pad : pad + W] = x
    cols = np.empty((N, Ho, Wo, C, kh, kw), x.dtype)
    for t, r in enumerate(rows):
        for u, c in enumerate(columns):
            cols[..., t, u] = big[:, :, r, c].transpose(0, 2, 3, 1)
    return cols.reshape(N * Ho * Wo, -1)


def col2im(cols, x_shape, kh, kw, stride, pad):
    N, C, H, W = x_shape
    Ho, Wo, rows, columns = _grid(H, W, kh, kw, stride, pad)
    cols = as_float(cols).reshape(N, Ho, Wo, C, kh, kw)
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad), cols.dtype)
    for t, r in enumerate(rows):
        for u, c in enumerate(columns):
            big[:, :, r, c] += np.moveaxis(cols[..., t, u], 3, 1)
    return big[:, :, pad:, pad:][:, :, :H, :W].copy()


def conv2d_fast(x, w, b, stride, pad):
    x, w = as_float(x), as_float(w)
    Ho, Wo, rows, columns = _grid(*x.shape[2:], *w.shape[2:], stride, pad)
    big = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = np.zeros((len(x), Ho, Wo, len(w)), x.dtype)
    for t, r in enumerate(rows):
        for u, c in enumerate(columns):
            y += big[:, :, r, c].transpose(0, 2, 3, 1) @ w[:, :, t, u].T
    y = np.rollaxis(y, 3, 1)
    return y if b is None else y + np.asarray(b, y.dtype).reshape(1, -1, 1, 1)


# %% by_index | why: fancy indices there, np.add.at back; images one after the other in the product
def _index(C, H, W, kh, kw, stride, pad):
    Ho, Wo = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    i = np.repeat(np.arange(Ho) * stride, Wo)[:, None] + np.tile(np.repeat(np.arange(kh), kw), C)
    j = np.tile(np.arange(Wo) * stride, Ho)[:, None] + np.tile(np.arange(kw), C * kh)
    c = np.repeat(np.arange(C), kh * kw)[None, :]
    return c, i, j  # each broadcasts to (Ho*Wo, C*kh*kw)


def im2col(x, kh, kw, stride, pad):
    x = as_float(x)
    big = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    c, i, j = _index(*x.shape[1:], kh, kw, stride, pad)
    return np.concatenate([image[c, i, j] for image in big])


def col2im(cols, x_shape, kh, kw, stride, pad):
    N, C, H, W = x_shape
    c, i, j = _index(C, H, W, kh, kw, stride, pad)
    cols = as_float(cols)
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad), cols.dtype)
    np.add.at(big, (slice(None), c, i, j), cols.reshape(N, *i.shape))
    return big[:, :, pad : H + pad, pad : W + pad]


def conv2d_fast(x, w, b, stride, pad):
    W = as_float(w).reshape(len(w), -1).astype(as_float(x).dtype)
    Ho = (x.shape[2] + 2 * pad - w.shape[2]) // stride + 1
    maps = []
    for image in x:
        y = W @ im2col(image[None], *w.shape[2:], stride, pad).T
        if b is not None:
            y = y + as_float(b).astype(y.dtype)[:, None]
        maps.append(y.reshape(len(w), Ho, -1))
    return np.stack(maps)


# %% by_tensordot | why: sliding windows multiplied without a matrix; a column of ones carries the bias
def im2col(x, kh, kw, stride, pad):
    big = np.pad(as_float(x), [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    view = np.lib.stride_tricks.sliding_window_view(big, (1, x.shape[1], kh, kw))[:, 0, ::stride, ::stride, 0]
    return np.array(view.reshape(-1, x.shape[1] * kh * kw))


def conv2d_fast(x, w, b, stride, pad):
    b = np.zeros(len(w)) if b is None else b
    big = np.pad(as_float(x), [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    view = np.lib.stride_tricks.sliding_window_view(big, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.tensordot(view, as_float(w), axes=[(1, 4, 5), (1, 2, 3)])
    return (y + as_float(b)).transpose(0, 3, 1, 2).astype(big.dtype)


# %% take_and_bincount | why: one table of indices for both directions, np.take there and np.bincount back
def _where(C: int, H: int, W: int, kh: int, kw: int, stride: int, pad: int) -> np.ndarray:
    """flat index into a padded image (C, H, W) for every entry of the matrix of one image"""
    Hp, Wp = H + 2 * pad, W + 2 * pad
    i, j = np.meshgrid(
        range(0, (conv_out(H, kh, stride, pad) - 1) * stride + 1, stride),
        range(0, (conv_out(W, kw, stride, pad) - 1) * stride + 1, stride),
        indexing="ij",
    )
    c, dt, du = (g.ravel() for g in np.meshgrid(range(C), range(kh), range(kw), indexing="ij"))
    return c * Hp * Wp + (i.ravel()[:, None] + dt) * Wp + j.ravel()[:, None] + du


def im2col(x: np.ndarray, kh: int, kw: int, stride: int, pad: int) -> np.ndarray:
    x = as_float(x)
    index = _where(*x.shape[1:], kh, kw, stride, pad)
    flat = np.pad(x, ((0,) * 2, (0,) * 2, (pad,) * 2, (pad,) * 2)).reshape(len(x), -1)
    return np.take(flat, index, axis=1).reshape(-1, index.shape[1])


def col2im(cols: np.ndarray, x_shape: tuple, kh: int, kw: int, stride: int, pad: int) -> np.ndarray:
    cols = as_float(cols)
    N, C, H, W = x_shape
    size = C * (H + 2 * pad) * (W + 2 * pad)
    index = (np.arange(N)[:, None, None] * size + _where(C, H, W, kh, kw, stride, pad)).ravel()
    total = np.bincount(index, weights=cols.ravel(), minlength=N * size).astype(cols.dtype)
    return np.array(total.reshape(N, C, H + 2 * pad, W + 2 * pad)[..., pad : pad + H, pad : pad + W])


def conv2d_fast(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, stride: int, pad: int) -> np.ndarray:
    w = as_float(w).astype(as_float(x).dtype)
    H, W = (conv_out(n, k, stride, pad) for n, k in zip(x.shape[2:], w.shape[2:]))
    cols = im2col(x, *w.shape[2:], stride, pad).reshape(len(x), H * W, -1)
    Y = np.matmul(w.reshape(len(w), -1), cols.swapaxes(1, 2))
    return (Y if b is None else Y + as_float(b).astype(Y.dtype)[:, None]).reshape(len(x), len(w), H, W)


# %% tables_of_indices | why: fancy indices into the flat padded image, np.add.at for the way back, matmul with a transposed result
def _places(C, H, W, kh, kw, stride, pad):
    H, W = H + 2 * pad, W + 2 * pad
    rows = np.arange((H - kh) // stride + 1) * stride
    cols = np.arange((W - kw) // stride + 1) * stride
    corner = (rows[:, None] * W + cols).reshape(-1, 1)
    kernel = (np.arange(C)[:, None, None] * H * W + np.arange(kh)[:, None] * W + np.arange(kw)).reshape(1, -1)
    return corner + kernel, len(rows), len(cols)


def im2col(x, kh, kw, stride, pad):
    x = as_float(x)
    N, C, H, W = x.shape
    places, _, _ = _places(C, H, W, kh, kw, stride, pad)
    flat = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))).reshape(N, -1)
    return flat[:, places].reshape(N * len(places), -1)


def col2im(cols, x_shape, kh, kw, stride, pad):
    cols = as_float(cols)
    N, C, H, W = x_shape
    places, _, _ = _places(C, H, W, kh, kw, stride, pad)
    flat = np.zeros((N, C * (H + 2 * pad) * (W + 2 * pad)), cols.dtype)
    np.add.at(flat, (slice(None), places), cols.reshape(N, *places.shape))
    return flat.reshape(N, C, H + 2 * pad, W + 2 * pad)[:, :, pad : pad + H, pad : pad + W]


def conv2d_fast(x, w, b, stride, pad):
    x = as_float(x)
    N, C, H, W = x.shape
    F_, _, kh, kw = w.shape
    _, Ho, Wo = _places(C, H, W, kh, kw, stride, pad)
    cols = im2col(x, kh, kw, stride, pad).reshape(N, Ho * Wo, -1)
    y = w.reshape(1, F_, -1).astype(x.dtype) @ cols.transpose(0, 2, 1)
    if b is not None:
        y = y + b.reshape(F_, 1).astype(x.dtype)
    return y.reshape(N, F_, Ho, Wo)
