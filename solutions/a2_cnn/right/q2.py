"""Right solutions of question 2 that look different from the reference."""
# ruff: noqa: B905 - cells are written as students write


# %% place_by_place | why: a loop over the places of the output, a window and a sum for each
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    x, w = as_float(x), as_float(w)
    dims = x.ndim - 2
    stride, pad, dilation = (np.broadcast_to(v, dims).tolist() for v in (stride, pad, dilation))
    big = np.zeros((*x.shape[:2], *(n + 2 * p for n, p in zip(x.shape[2:], pad))), x.dtype)
    big[(..., *(slice(p, p + n) for p, n in zip(pad, x.shape[2:])))] = x
    reach = [d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilation)]
    out = [(n - r) // s + 1 for n, r, s in zip(big.shape[2:], reach, stride)]
    if any(m <= 0 for m in out):
        raise ValueError("the kernel sticks out")
    y = np.empty((x.shape[0], w.shape[0], *out), x.dtype)
    for place in np.ndindex(*out):
        window = big[(..., *(slice(i * s, i * s + r, d) for i, s, r, d in zip(place, stride, reach, dilation)))]
        y[(..., *place)] = window.reshape(len(x), -1) @ w.reshape(len(w), -1).T
    if b is not None:
        for f in range(len(w)):
            y[:, f] += float(b[f])
    return y


# %% sliding_windows | why: sliding_window_view and tensordot, a view that is thinned out
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    x, w = as_float(x), as_float(w)
    axes = tuple(range(2, x.ndim))
    stride, pad, dilation = (v if isinstance(v, tuple) else (v,) * len(axes) for v in (stride, pad, dilation))
    x = np.pad(x, ((0, 0), (0, 0), *zip(pad, pad)))
    reach = tuple(d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilation))
    view = np.lib.stride_tricks.sliding_window_view(x, reach, axis=axes)  # (N, C, *places, *reach)
    view = view[(..., *(slice(None, None, s) for s in stride), *(slice(None, None, d) for d in dilation))]
    y = np.tensordot(view, w, axes=((1, *range(2 + len(axes), view.ndim)), tuple(range(1, w.ndim))))
    y = np.moveaxis(y, -1, 1).astype(x.dtype)
    return y if b is None else y + np.asarray(b, y.dtype).reshape((1, -1) + (1,) * len(axes))


# %% always_three_axes | why: every signal is made a film first; indices instead of slices
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    x, w = as_float(x), as_float(w)
    missing = 5 - x.ndim

    def three(v, fill):
        return (fill,) * missing + (tuple(v) if isinstance(v, tuple) else (v,) * (3 - missing))

    shape = x.shape
    x = x.reshape(*shape[:2], *(1,) * missing, *shape[2:])
    w = w.reshape(*w.shape[:2], *(1,) * missing, *w.shape[2:])
    stride, pad, dilation = three(stride, 1), three(pad, 0), three(dilation, 1)
    x = np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in pad]])
    index = []
    for n, k, s, d in zip(x.shape[2:], w.shape[2:], stride, dilation):
        starts = np.arange(0, n - d * (k - 1), s)
        if not starts.size:
            raise ValueError(f"a kernel of {k} on {n} pixels")
        index.append(starts[:, None] + d * np.arange(k))  # (places, taps)
    i, j, q = index
    patches = x[:, :, i[:, None, None, :, None, None], j[None, :, None, None, :, None], q[None, None, :, None, None, :]]
    y = np.einsum("ncpqrabd,fcabd->nfpqr", patches, w, optimize=True)
    if b is not None:
        y = y + as_float(b)[None, :, None, None, None]
    return y.reshape(*y.shape[:2], *y.shape[2 + missing :]).astype(x.dtype)


# %% windows | why: sliding windows with steps and holes, one tensordot, the bias by moving axes
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    x = as_float(x)
    n = x.ndim - 2
    stride, pad, dilation = ([v] * n if np.ndim(v) == 0 else list(v) for v in (stride, pad, dilation))
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in pad)])
    K = w.shape[2:]
    covers = tuple(d * (k - 1) + 1 for d, k in zip(dilation, K))
    if any(c > s for c, s in zip(covers, x.shape[2:])):
        raise ValueError("the kernel does not fit")
    windows = np.lib.stride_tricks.sliding_window_view(x, covers, axis=tuple(range(2, 2 + n)))
    windows = windows[(..., *(slice(None, None, d) for d in dilation))]
    windows = windows[(slice(None), slice(None), *(slice(None, None, s) for s in stride))]
    axes = [1, *range(2 + n, 2 + 2 * n)]
    y = np.tensordot(windows, np.asarray(w, dtype=x.dtype), axes=(axes, [1, *range(2, 2 + n)]))
    if b is not None:
        y = y + b
    return np.moveaxis(y, -1, 1).astype(x.dtype)
