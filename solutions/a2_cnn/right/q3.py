"""Right solutions of question 3 that look different from the reference."""
# ruff: noqa: B905 - cells are written as students write


# %% as_convolutions | why: dx is the full convolution of the spread-out dy with flipped kernels, dw one of x with dy
def _valid(x, w):
    """Correlation of (N, C, H, W) with (F, C, kh, kw), stride 1, no padding."""
    view = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.moveaxis(np.tensordot(view, w, axes=((1, 4, 5), (1, 2, 3))), -1, 1)


def conv2d_backward(dy, x, w, stride, pad):
    dy, x, w = map(as_float, (dy, x, w))
    kh, kw = w.shape[2:]
    spread = np.zeros((*dy.shape[:2], *((m - 1) * s + 1 for m, s in zip(dy.shape[2:], stride))), dy.dtype)
    spread[:, :, :: stride[0], :: stride[1]] = dy
    big = np.pad(x, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2))
    used = big[:, :, : spread.shape[2] + kh - 1, : spread.shape[3] + kw - 1]
    dw = _valid(used.swapaxes(0, 1), spread.swapaxes(0, 1)).swapaxes(0, 1)
    full = np.pad(spread, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    grown = np.zeros_like(big)
    grown[:, :, : used.shape[2], : used.shape[3]] = _valid(full, w[:, :, ::-1, ::-1].swapaxes(0, 1))
    inner = grown[:, :, pad[0] : grown.shape[2] - pad[0], pad[1] : grown.shape[3] - pad[1]]
    return inner.astype(dy.dtype), dw.astype(dy.dtype), np.einsum("nfij->f", dy)


# %% place_by_place | why: a loop over the outputs, each lays its kernel over the padded image
def conv2d_backward(dy, x, w, stride, pad):
    dy, x, w = as_float(dy), as_float(x), as_float(w)
    kh, kw = w.shape[2:]
    big = np.pad(x, [(0, 0), (0, 0), (pad[0], pad[0]), (pad[1], pad[1])])
    dx, dw, db = (np.zeros(shape, dy.dtype) for shape in (big.shape, w.shape, len(w)))
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            here = (
                slice(None),
                slice(None),
                slice(i * stride[0], i * stride[0] + kh),
                slice(j * stride[1], j * stride[1] + kw),
            )
            top = dy[:, :, i, j]  # (N, F)
            dw += np.tensordot(top, big[here], axes=(0, 0))
            dx[here] += np.tensordot(top, w, axes=(1, 0))
            db += top.sum(axis=0)
    rows, columns = (np.arange(n) + p for n, p in zip(x.shape[2:], pad))
    return dx[:, :, rows][..., columns], dw, db


# %% scattered | why: one matrix product each, and messages scattered by index with np.add.at
def conv2d_backward(dy, x, w, stride, pad):
    dy, x, w = as_float(dy), as_float(x), as_float(w)
    (N, C, H, W), (F_, _, kh, kw), (_, _, Ho, Wo) = x.shape, w.shape, dy.shape
    i = (np.arange(Ho) * stride[0])[:, None, None, None] + np.arange(kh)[None, None, :, None]
    j = (np.arange(Wo) * stride[1])[None, :, None, None] + np.arange(kw)[None, None, None, :]
    big = np.pad(x, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2))
    patches = big[:, :, i, j].transpose(0, 2, 3, 1, 4, 5).reshape(N * Ho * Wo, -1)
    flat = dy.transpose(0, 2, 3, 1).reshape(-1, F_)
    dw = (flat.T @ patches).reshape(w.shape)
    messages = (flat @ w.reshape(F_, -1)).reshape(N, Ho, Wo, C, kh, kw).transpose(0, 3, 1, 2, 4, 5)
    dx = np.zeros(big.shape, dy.dtype)
    np.add.at(dx, (slice(None), slice(None), i, j), messages)
    return np.ascontiguousarray(dx[:, :, pad[0] :, pad[1] :][:, :, :H, :W]), dw.astype(dy.dtype), flat.sum(0)


# %% flipped_kernel | why: zeros between the entries of dy and a convolution with the flipped kernel; dw by einsum over windows
def conv2d_backward(dy, x, w, stride, pad):
    dtype = as_float(dy).dtype
    (sh, sw), (ph, pw) = stride, pad
    kh, kw = w.shape[2:]
    N, F_, Ho, Wo = dy.shape
    H, W = x.shape[2] + 2 * ph, x.shape[3] + 2 * pw
    spread = np.zeros((N, F_, H - kh + 1, W - kw + 1), dtype)
    spread[:, :, : (Ho - 1) * sh + 1 : sh, : (Wo - 1) * sw + 1 : sw] = dy
    view = np.lib.stride_tricks.sliding_window_view
    around = np.pad(spread, [(0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)])
    dx = np.einsum("nfijtu,fctu->ncij", view(around, (kh, kw), (2, 3)), w[:, :, ::-1, ::-1], optimize=True)
    padded = np.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)])
    dw = np.einsum("nctuij,nfij->fctu", view(padded, spread.shape[2:], (2, 3)), spread, optimize=True)
    dx = dx[:, :, ph : H - ph, pw : W - pw]
    return [part.astype(dtype) for part in (dx, dw, np.einsum("nfij->f", spread))]
