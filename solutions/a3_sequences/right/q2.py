"""Right solutions of question 2 that look different from the reference."""


# %% step_by_step | why: a list of small caches, one function per step and gradients collected with +=
def _step(x, h, Wx, Wh, b, act):
    z = x @ Wx + h @ Wh + b
    out = np.tanh(z) if act == "tanh" else sigmoid(z)
    slope = 1 - np.tanh(z) ** 2 if act == "tanh" else sigmoid(z) * sigmoid(-z)
    return out, {"x": x, "h": h, "slope": slope}


def rnn_forward(x, h0, Wx, Wh, b, act):
    B, T, D = x.shape
    x, h = as_float(x), as_float(h0)
    states, steps = np.empty((B, T, len(b)), dtype=np.result_type(x, Wx)), []
    for t in range(T):
        h, seen = _step(x[:, t, :], h, Wx, Wh, b, act)
        states[:, t, :] = h
        steps.append(seen)
    return states, {"steps": steps, "Wx": Wx, "Wh": Wh}


def rnn_backward(dh, cache):
    steps, Wx, Wh = cache["steps"], cache["Wx"], cache["Wh"]
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wh[0])
    dx, later = [], 0.0
    for t in range(len(steps) - 1, -1, -1):
        seen = steps[t]
        dz = seen["slope"] * (dh[:, t] + later)
        dWx += seen["x"].T @ dz
        dWh += seen["h"].T @ dz
        db += dz.sum(0)
        dx.insert(0, dz @ Wx.T)
        later = dz @ Wh.T
    return {"dx": np.stack(dx, 1), "dh0": later, "dWx": dWx, "dWh": dWh, "db": db}


# %% one_matrix | why: input, state and 1 side by side, times one stacked matrix; time-major inside; the cache is an object
class _Tape:
    def __init__(self, **kept):
        self.__dict__.update(kept)


def rnn_forward(x, h0, Wx, Wh, b, act):
    x = as_float(x)
    W = np.concatenate([Wx, Wh, b[None]])  # (D + H + 1, H)
    h, rows = as_float(h0), []
    states = []
    for frame in x.transpose(1, 0, 2):
        row = np.concatenate([frame, h, np.ones_like(h[:, :1])], axis=1)
        z = row @ W
        h = np.tanh(z) if act == "tanh" else (1 + np.tanh(z / 2)) / 2
        rows.append(row)
        states.append(h)
    return np.array(states).transpose(1, 0, 2).copy(), _Tape(rows=rows, states=states, W=W, act=act, D=x.shape[2])


def rnn_backward(dh, cache):
    D, W = cache.D, cache.W
    dW, dx = np.zeros_like(W), np.zeros((*dh.shape[:2], D), dtype=W.dtype)
    H = W.shape[1]
    back = np.zeros_like(cache.states[0])
    for t, (row, h) in reversed(list(enumerate(zip(cache.rows, cache.states, strict=True)))):
        g = (dh[:, t] + back) * ((1 - h) * (1 + h) if cache.act == "tanh" else h - h * h)
        dW += row.T @ g
        drow = g @ W.T
        dx[:, t], back = drow[:, :D], drow[:, D : D + H]
    return {"db": dW[-1], "dWh": dW[D:-1], "dWx": dW[:D], "dh0": back, "dx": dx}


# %% all_steps_at_once | why: states in one array with h0 in front, deltas kept and contracted over batch and time by einsum
def rnn_forward(x, h0, Wx, Wh, b, act):
    x = as_float(x)
    g, slope = {"tanh": (np.tanh, lambda h: 1 - h * h), "sigmoid": (sigmoid, lambda h: h * (1 - h))}[act]
    B, T, D = x.shape
    states = np.empty((T + 1, B, len(b)), x.dtype)
    states[0] = h0
    drive = np.einsum("btd,dh->tbh", x, Wx) + b
    for t in range(T):
        states[t + 1] = g(drive[t] + states[t] @ Wh)
    cache = {"x": x.copy(), "states": states.copy(), "Wx": np.array(Wx), "Wh": np.array(Wh), "slope": slope}
    return states[1:].swapaxes(0, 1), cache


def rnn_backward(dh, cache):
    x, states, Wh = cache["x"], cache["states"], cache["Wh"]
    slopes = cache["slope"](states[1:])
    deltas = np.empty_like(slopes)
    carried = np.zeros_like(states[0])
    for t in range(len(deltas) - 1, -1, -1):
        deltas[t] = (dh[:, t] + carried) * slopes[t]
        carried = deltas[t] @ Wh.T
    return {
        "db": deltas.sum(axis=(0, 1)),
        "dWh": np.einsum("tbh,tbk->hk", states[:-1], deltas),
        "dWx": np.einsum("btd,tbh->dh", x, deltas),
        "dh0": carried,
        "dx": np.einsum("tbh,dh->btd", deltas, cache["Wx"]),
    }
