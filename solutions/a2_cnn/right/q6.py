"""Right solutions of question 6 that look different from the reference."""
# ruff: noqa: B905 - cells are written as students write


# %% zeros_in_between | why: zeros between the pixels, then an ordinary convolution with flipped kernels
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    x, w = as_float(x), as_float(w)
    (N, C, H, W), (_, maps, kh, kw) = x.shape, w.shape
    spread = np.zeros((N, C, (H - 1) * stride + 1, (W - 1) * stride + 1), x.dtype)
    spread[:, :, ::stride, ::stride] = x
    top, left, more = kh - 1, kw - 1, output_padding
    spread = np.pad(spread, ((0, 0), (0, 0), (top, top + more), (left, left + more)))
    view = np.lib.stride_tricks.sliding_window_view(spread, (kh, kw), axis=(2, 3))
    y = np.tensordot(view, w[:, :, ::-1, ::-1], axes=((1, 4, 5), (0, 2, 3))).transpose(0, 3, 1, 2)
    y = y[:, :, pad : y.shape[2] - pad, pad : y.shape[3] - pad]
    if b is not None:
        y = y + np.reshape(b, (1, maps, 1, 1))
    return y.astype(x.dtype)


def upsample_nearest(x, s):
    x = as_float(x)
    return x[:, :, np.arange(x.shape[2] * s) // s][..., np.arange(x.shape[3] * s) // s]


def upsample_nearest_backward(dy, s):
    dy = as_float(dy)
    dx = np.zeros((*dy.shape[:2], dy.shape[2] // s, dy.shape[3] // s), dy.dtype)
    for t in range(s):
        for u in range(s):
            dx += dy[:, :, t::s, u::s]
    return dx


# %% pixel_by_pixel | why: every pixel lays its kernel, clipped at the border of the result; np.kron for the blocks
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    x, w = as_float(x), as_float(w)
    kh, kw = w.shape[2:]
    Ho, Wo = ((n - 1) * stride - 2 * pad + k + output_padding for n, k in zip(x.shape[2:], (kh, kw)))
    y = np.zeros((len(x), w.shape[1], Ho, Wo), x.dtype)
    if b is not None:
        y += as_float(b).reshape(-1, 1, 1)
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            for t in range(kh):
                for u in range(kw):
                    row, column = i * stride + t - pad, j * stride + u - pad
                    if 0 <= row < Ho and 0 <= column < Wo:
                        y[:, :, row, column] += x[:, :, i, j] @ w[:, :, t, u]
    return y


def upsample_nearest(x, s):
    return np.kron(as_float(x), np.ones((s, s), as_float(x).dtype))


def upsample_nearest_backward(dy, s):
    dy = as_float(dy)
    rows = np.add.reduceat(dy, np.arange(0, dy.shape[2], s), axis=2)
    return np.add.reduceat(rows, np.arange(0, dy.shape[3], s), axis=3)


# %% as_a_matrix | why: the matrix of the convolution is written down and transposed
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    x, w = as_float(x), as_float(w)
    (N, C, H, W), (_, maps, kh, kw) = x.shape, w.shape
    Ho, Wo = (H - 1) * stride - 2 * pad + kh + output_padding, (W - 1) * stride - 2 * pad + kw + output_padding
    A = np.zeros((C, H, W, maps, Ho, Wo), x.dtype)
    for i, j, t, u in np.ndindex(H, W, kh, kw):
        row, column = i * stride + t - pad, j * stride + u - pad
        if row in range(Ho) and column in range(Wo):
            A[:, i, j, :, row, column] = w[:, :, t, u]
    y = (x.reshape(N, -1) @ A.reshape(C * H * W, -1)).reshape(N, maps, Ho, Wo)
    return y if b is None else y + as_float(b).astype(y.dtype)[None, :, None, None]


def upsample_nearest(x, s):
    N, C, H, W = x.shape
    return np.broadcast_to(as_float(x)[:, :, :, None, :, None], (N, C, H, s, W, s)).reshape(N, C, H * s, W * s)


def upsample_nearest_backward(dy, s):
    return np.einsum("nchiwj->nchw", as_float(dy).reshape(*dy.shape[:2], dy.shape[2] // s, s, -1, s))


# %% zeros_between | why: zeros between the pixels and a convolution with the flipped kernel, kron for blocks, a view as answer
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    x = as_float(x)
    N, C, H, W = x.shape
    _, F_, kh, kw = w.shape
    big = np.zeros((N, C, (H - 1) * stride + 1 + output_padding, (W - 1) * stride + 1 + output_padding), x.dtype)
    big[:, :, : (H - 1) * stride + 1 : stride, : (W - 1) * stride + 1 : stride] = x
    big = np.pad(big, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    windows = np.lib.stride_tricks.sliding_window_view(big, (kh, kw), (2, 3))
    y = np.einsum("ncijtu,cftu->nfij", windows, w[:, :, ::-1, ::-1].astype(x.dtype), optimize=True)
    y = y[:, :, pad : y.shape[2] - pad, pad : y.shape[3] - pad]
    return y if b is None else y + b.astype(x.dtype)[:, None, None]


def upsample_nearest(x, s):
    return np.kron(as_float(x), np.ones((1, 1, s, s), as_float(x).dtype))


def upsample_nearest_backward(dy, s):
    dy = as_float(dy)
    N, C, H, W = dy.shape
    return np.einsum("ncisjt->ncij", dy.reshape(N, C, H // s, s, W // s, s))
