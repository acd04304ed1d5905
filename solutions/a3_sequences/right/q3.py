"""Right solutions of question 3 that look different from the reference."""


# %% written_out | why: its own forward pass and chunk loop, gradients passed on when short, singular values by eigenvalues
def clip_grad_norm(grads, max_norm):
    flat = np.concatenate([np.asarray(g).reshape(-1).astype(float) for g in grads.values()])
    total = np.linalg.norm(flat)
    if not total > max_norm:
        return dict(grads), total
    return {name: (g * (max_norm / float(total))).astype(np.asarray(g).dtype) for name, g in grads.items()}, total


def tbptt_grads(x, h0, params, dh, k):
    B, T, D = x.shape
    h = [h0]
    for t in range(T):
        h.append(np.tanh(x[:, t] @ params["Wx"] + h[-1] @ params["Wh"] + params["b"]))
    grads = {"d" + name: np.zeros_like(w) for name, w in params.items()}
    later = np.zeros_like(h0)
    for t in reversed(range(T)):
        if (t + 1) % k == 0:
            later = np.zeros_like(h0)  # the next step belongs to another chunk
        dz = (dh[:, t] + later) * (1 - h[t + 1] ** 2)
        grads["dWx"] += x[:, t].T @ dz
        grads["dWh"] += h[t].T @ dz
        grads["db"] += dz.sum(axis=0)
        later = dz @ params["Wh"].T
    return grads


def jacobian_norms(h, Wh):
    T = len(h)
    norms = [1.0]
    product = None
    for t in range(T - 1, 0, -1):
        step = Wh @ np.diag(1 - h[t] ** 2)
        product = step if product is None else step @ product
        norms.insert(0, np.linalg.svd(product, compute_uv=False)[0])
    return np.array(norms, dtype=as_float(h).dtype)


# %% columns_and_lists | why: everything as column vectors (transposed Jacobians), chunks cut beforehand, math functions
import math


def clip_grad_norm(grads, max_norm):
    largest = max((float(np.abs(g).max()) for g in grads.values() if np.size(g)), default=0.0)
    unit = math.ldexp(1.0, math.frexp(largest)[1])  # a power of two, which rounds nothing
    total = unit * math.sqrt(sum(float(np.vdot(g / unit, g / unit)) for g in grads.values()))
    if total <= max_norm:
        return {name: np.array(g) for name, g in grads.items()}, np.array(total)
    return {name: g / as_float(g).dtype.type(total / max_norm) for name, g in grads.items()}, np.array(total)


def tbptt_grads(x, h0, params, dh, k):
    cuts = list(range(k, x.shape[1], k))
    pieces, h = [], h0
    for part, above in zip(np.split(x, cuts, axis=1), np.split(dh, cuts, axis=1), strict=True):
        states, cache = rnn_forward(part, h, params["Wx"], params["Wh"], params["b"], "tanh")
        pieces.append(rnn_backward(above, cache))
        h = states[:, -1].copy()
    return {name: np.sum([piece[name] for piece in pieces], axis=0) for name in ("dWx", "dWh", "db")}


def jacobian_norms(h, Wh):
    h = as_float(h)
    steps = [(1 - s**2)[:, None] * Wh.T for s in h]  # d h_{t+1} / d h_t for columns
    out = np.empty(len(h), h.dtype)
    for t in range(len(h)):
        J = np.eye(h.shape[1], dtype=h.dtype)
        for step in steps[t + 1 :]:
            J = step @ J
        out[t] = np.linalg.norm(J, 2)
    return out


# %% rescaled_norm | why: the norm of what is divided by the largest entry, one pass with a detached state, norms by svd from the left
def clip_grad_norm(grads, max_norm):
    top = max((float(np.abs(g).max()) for g in grads.values() if g.size), default=0.0)
    wide = {k: g.astype(np.float64) for k, g in grads.items()}
    norm = top * math.sqrt(sum(float(np.sum((g / top) ** 2)) for g in wide.values())) if top else 0.0
    if norm > max_norm:
        return {k: (g * (max_norm / norm)).astype(grads[k].dtype) for k, g in wide.items()}, norm
    return {k: g.copy() for k, g in grads.items()}, norm


def tbptt_grads(x, h0, params, dh, k):
    x = as_float(x)
    Wx, Wh, b = params["Wx"], params["Wh"], params["b"]
    states = [as_float(h0)]
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t] @ Wx + states[-1] @ Wh + b))
    total = {"dWx": np.zeros(Wx.shape, x.dtype), "dWh": np.zeros(Wh.shape, x.dtype), "db": np.zeros(b.shape, x.dtype)}
    back = 0
    for t in range(x.shape[1] - 1, -1, -1):
        if (t + 1) % k == 0:
            back = 0
        delta = (dh[:, t] + back) * (1 - states[t + 1] ** 2)
        total["dWx"] += x[:, t].T @ delta
        total["dWh"] += states[t].T @ delta
        total["db"] += delta.sum(0)
        back = delta @ Wh.T
    return total


def jacobian_norms(h, Wh):
    h = as_float(h)
    J, norms = np.eye(h.shape[1], dtype=h.dtype), []
    for state in h[::-1]:
        norms.append(np.linalg.svd(J, compute_uv=False)[0])
        J = (Wh * (1 - state**2)) @ J
    return np.array(norms[::-1], dtype=h.dtype)
