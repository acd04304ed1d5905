"""Right solutions of question 4 that look different from the reference."""


# %% gate_by_gate | why: one small matrix for each gate, dicts of arrays, gradients put together at the end
def lstm_forward(x, h0, c0, Wx, Wh, b):
    x = as_float(x)
    H = h0.shape[1]
    cols = {name: slice(n * H, (n + 1) * H) for n, name in enumerate("ifgo")}
    h, c = as_float(h0), as_float(c0)
    h_all, c_all, tape = np.empty((*x.shape[:2], H), h.dtype), np.empty((*x.shape[:2], H), h.dtype), []
    for t in range(x.shape[1]):
        a = {}
        for name, block in cols.items():
            z = x[:, t].dot(Wx[:, block]) + h.dot(Wh[:, block]) + b[block]
            a[name] = np.tanh(z) if name == "g" else sigmoid(z)
        tape.append({**a, "x": x[:, t], "h": h, "c": c})
        c = c * a["f"] + a["i"] * a["g"]
        h = a["o"] * np.tanh(c)
        tape[-1]["tanh"] = np.tanh(c)
        h_all[:, t], c_all[:, t] = h, c
    return h_all, c_all, {"tape": tape, "Wx": Wx, "Wh": Wh, "cols": cols}


def lstm_backward(dh, dc_last, cache):
    Wx, Wh, cols = cache["Wx"], cache["Wh"], cache["cols"]
    dWx, dWh, db = np.zeros(Wx.shape, Wx.dtype), np.zeros(Wh.shape, Wh.dtype), np.zeros(Wx.shape[1], Wx.dtype)
    dx, up_h, up_c = [], 0, dc_last
    for t, s in reversed(list(enumerate(cache["tape"]))):
        g_h = dh[:, t] + up_h
        g_c = up_c + g_h * s["o"] * (1 - s["tanh"]) * (1 + s["tanh"])
        d = {
            "i": g_c * s["g"] * s["i"] * (1 - s["i"]),
            "f": g_c * s["c"] * s["f"] * (1 - s["f"]),
            "g": g_c * s["i"] * (1 - s["g"] * s["g"]),
            "o": g_h * s["tanh"] * s["o"] * (1 - s["o"]),
        }
        up_h, step_dx = 0, 0
        for name, block in cols.items():
            dWx[:, block] += s["x"].T @ d[name]
            dWh[:, block] += s["h"].T @ d[name]
            db[block] += d[name].sum(axis=0)
            up_h = up_h + d[name] @ Wh[:, block].T
            step_dx = step_dx + d[name] @ Wx[:, block].T
        dx.append(step_dx)
        up_c = g_c * s["f"]
    return {"dx": np.stack(dx[::-1], axis=1), "dh0": up_h, "dc0": up_c, "dWx": dWx, "dWh": dWh, "db": db}


def init_lstm_bias(H, forget=1.0):
    return np.array([0.0] * H + [float(forget)] * H + [0.0] * 2 * H)


# %% all_inputs_at_once | why: x Wx for all steps beforehand, sigmoid by tanh, arrays (T, B, ...) in the cache, einsum for sums
def lstm_forward(x, h0, c0, Wx, Wh, b):
    x = as_float(x)
    B, T, D = x.shape
    H = len(Wh)
    fromx = x.reshape(B * T, D) @ Wx + b
    fromx = fromx.reshape(B, T, 4, H)
    hs, cs, acts = [as_float(h0)], [as_float(c0)], []
    for t in range(T):
        z = fromx[:, t] + (hs[-1] @ Wh).reshape(B, 4, H)
        z = z * np.array([0.5, 0.5, 1, 0.5], dtype=z.dtype)[:, None]
        a = np.tanh(z)
        a[:, [0, 1, 3]] = (1 + a[:, [0, 1, 3]]) / 2
        cs.append(a[:, 1] * cs[-1] + a[:, 0] * a[:, 2])
        hs.append(a[:, 3] * np.tanh(cs[-1]))
        acts.append(a)
    return np.stack(hs[1:], 1), np.stack(cs[1:], 1), (x, Wx, Wh, np.array(hs), np.array(cs), np.array(acts))


def lstm_backward(dh, dc_last, cache):
    x, Wx, Wh, hs, cs, acts = cache
    T, B, _, H = acts.shape
    dz, dhh, dc = np.empty_like(acts), np.zeros_like(hs[0]), dc_last.copy()
    for t in range(T - 1, -1, -1):
        i, f, g, o = acts[t].swapaxes(0, 1)
        dhh = dhh + dh[:, t]
        dc += dhh * o / np.cosh(cs[t + 1]) ** 2
        dz[t, :, 0] = dc * g * (i - i * i)
        dz[t, :, 1] = dc * cs[t] * (f - f * f)
        dz[t, :, 2] = dc * i * (1 - g * g)
        dz[t, :, 3] = dhh * np.tanh(cs[t + 1]) * (o - o * o)
        dc *= f
        dhh = dz[t].reshape(B, 4 * H) @ Wh.T
    flat = dz.reshape(T, B, 4 * H)
    return {
        "dWx": np.einsum("btd,tbk->dk", x, flat),
        "dWh": np.einsum("tbh,tbk->hk", hs[:-1], flat),
        "db": np.einsum("tbk->k", flat),
        "dx": np.einsum("tbk,dk->btd", flat, Wx),
        "dh0": dhh,
        "dc0": dc,
    }


# %% gates_in_a_dict | why: weights of every gate cut out beforehand, a tape of closures, gradients put together at the end
_GATES = "ifgo"


def lstm_forward(x, h0, c0, Wx, Wh, b):
    x = as_float(x)
    H = np.shape(h0)[1]

    def part(A, n):
        return np.array(A[..., n * H : (n + 1) * H], dtype=x.dtype)

    W = {gate: (part(Wx, n), part(Wh, n), part(b, n)) for n, gate in enumerate(_GATES)}
    h, c = as_float(h0).astype(x.dtype), as_float(c0).astype(x.dtype)
    hs, cs, tape = [], [], []
    for t in range(x.shape[1]):
        a = {}
        for gate, (U, V, bias) in W.items():
            a[gate] = (np.tanh if gate == "g" else sigmoid)(x[:, t] @ U + h @ V + bias)
        new = a["f"] * c + a["i"] * a["g"]
        tape.append((x[:, t].copy(), h, c, a, np.tanh(new)))
        h, c = a["o"] * np.tanh(new), new
        hs.append(h)
        cs.append(c)
    return np.stack(hs, 1), np.stack(cs, 1), (W, tape)


def lstm_backward(dh, dc_last, cache):
    W, tape = cache
    dtype = as_float(dh).dtype
    sums = {gate: [np.zeros(A.shape, dtype) for A in W[gate]] for gate in _GATES}
    later, dc, dx = 0, as_float(dc_last), []
    for t, (x, h, c, a, th) in reversed(list(enumerate(tape))):
        bar = dh[:, t] + later
        dc = dc + bar * a["o"] * (1 - th**2)
        dz = {
            "i": dc * a["g"] * a["i"] * (1 - a["i"]),
            "f": dc * c * a["f"] * (1 - a["f"]),
            "g": dc * a["i"] * (1 - a["g"] ** 2),
            "o": bar * th * a["o"] * (1 - a["o"]),
        }
        dc = dc * a["f"]
        later = sum(dz[gate] @ W[gate][1].T for gate in _GATES)
        dx.insert(0, sum(dz[gate] @ W[gate][0].T for gate in _GATES))
        for gate in _GATES:
            for total, more in zip(sums[gate], (x.T @ dz[gate], h.T @ dz[gate], dz[gate].sum(0)), strict=False):
                total += more
    wx, wh, b = (np.concatenate([sums[gate][n] for gate in _GATES], axis=-1) for n in range(3))
    return {"dx": np.stack(dx, axis=1), "dh0": later, "dc0": dc, "dWx": wx, "dWh": wh, "db": b}


def init_lstm_bias(H, forget=1.0):
    return np.repeat([0.0, forget, 0.0, 0.0], H)
