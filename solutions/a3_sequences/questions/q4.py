# %% [raw]
# # BEGIN QUESTION
# name: q4
# points: 0

# %% [markdown]
# ## q4. The LSTM (9 points)
#
# The long short-term memory has a second state, the **cell** $c_t$, which is not multiplied by a matrix on its way through
# time. Three gates with values in $(0, 1)$ decide what is forgotten ($f$), what is written ($i$, and $g$ is what), and what is shown ($o$):
#
# $$z_t = x_t W_x + h_{t-1} W_h + b = \bigl(z^i, z^f, z^g, z^o\bigr) \qquad i, f, o = \sigma(z^{i, f, o}) \quad g = \tanh(z^g)$$
#
# $$c_t = f \odot c_{t-1} + i \odot g \qquad h_t = o \odot \tanh(c_t)$$
#
# $z_t$ has $4H$ entries: the **first** $H$ belong to $i$, then $f$, $g$, $o$ (this is torch's order). Backwards there are two gradients to carry,
# $\bar h_t$ and $\bar c_t$. $\bar h_t$ is all that arrives at $h_t$: `dh[:, t]` from above, and what step $t + 1$ sends back through $W_h$,
# $\bar z_{t+1} W_h^\top$. The one of the cell gathers what comes from above and what comes from later, then splits:
#
# $$\bar c_t = \bar c_{t+1} \odot f_{t+1} + \bar h_t \odot o_t \odot (1 - \tanh^2 c_t) \qquad
# \bar f_t = \bar c_t \odot c_{t-1}, \quad \bar i_t = \bar c_t \odot g_t, \quad \bar g_t = \bar c_t \odot i_t, \quad \bar o_t = \bar h_t \odot \tanh c_t$$
#
# With $f = 1$ and $i = 0$ the cell keeps its content and its gradient for ever: the *constant error carousel*. So one starts with a
# forget gate that is rather open: its bias begins at 1, all others at 0.
#
# | name | shape |
# |---|---|
# | `x`, `h0`, `c0` | `(B, T, D)`, `(B, H)`, `(B, H)` |
# | `Wx`, `Wh`, `b` | `(D, 4H)`, `(H, 4H)`, `(4H,)` |
# | `h`, `c` | `(B, T, H)`: hidden and cell states after each step |
# | `dh` | `(B, T, H)`: the gradient that arrives at every $h_t$ from above |
# | `dc_last` | `(B, H)`: the gradient that arrives at $c_T$ from outside, beside what comes through $h_T$ |
# | result of `lstm_backward` | a dict: `dx (B, T, D)`, `dh0`, `dc0 (B, H)`, `dWx`, `dWh`, `db`, summed over batch and steps |
# | `init_lstm_bias(H, forget)` | `(4H,)`: `forget` for the forget gates, 0 elsewhere |
#
# **On paper.** One unit, one step: $x = 1$, $h_0 = 0$, $c_0 = 0.8$, $W_x = (\ln 3, 0, \ln 3, \ln 4)$, $b = 0$. Then $i = \frac34$, $f = \frac12$, $g = \tanh \ln 3 = 0.8$,
# $o = \frac45$, so $c_1 = 0.5 \cdot 0.8 + 0.75 \cdot 0.8 = 1$ and $h_1 = 0.8 \tanh 1 = 0.609275$. For $\bar h_1 = 1$: $\bar c_1 = 0.8 (1 - \tanh^2 1) = 0.335979$,
# and the gradient for $z^f$ is $0.335979 \cdot 0.8 \cdot \frac12 \cdot \frac12 = 0.067196$. Do the other three.
#
# **What usually goes wrong**
# - Which quarter of `z` is which gate? An LSTM with another order trains just as well. What can it not do?
# - Three of the four have the slope $a (1 - a)$. Which one has not?
# - The forget gate was multiplied with $c_{t-1}$, the output gate with $\tanh c_t$: which cell is in which gradient?
# - $\bar c_t$ has two sources. What happens if one is missing, and does a short sequence show it?
# - With which step's $f$ does the gradient go from $c_{t+1}$ to $c_t$?
# - `reshape(4, B, H)` of an array `(B, 4H)` raises no error. What does it do?
# - Is the forget bias added once, at the start of training, or in every forward pass?
#
# *Read:* Goodfellow §10.10. Papers: Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000 (forget gate);
# Jozefowicz, Zaremba and Sutskever 2015 (its bias).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q4


def lstm_forward(
    x: np.ndarray, h0: np.ndarray, c0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, object]:
    """The states of an LSTM with gates in the order i, f, g, o.

    x: (B, T, D);  h0, c0: (B, H);  Wx: (D, 4H);  Wh: (H, 4H);  b: (4H,)
    returns (h (B, T, H), c (B, T, H), cache: whatever your backward pass needs)
    """
    # BEGIN SOLUTION NO PROMPT
    x, h, c = as_float(x), as_float(h0), as_float(c0)
    steps = []
    for t in range(x.shape[1]):
        z = x[:, t] @ Wx + h @ Wh + b  # (B, 4H)
        zi, zf, zg, zo = np.split(z, 4, axis=1)  # (B, H) each
        i, f, g, o = sigmoid(zi), sigmoid(zf), np.tanh(zg), sigmoid(zo)
        h_before, c_before = h, c
        c = f * c_before + i * g
        h = o * np.tanh(c)
        steps.append((h_before, c_before, i, f, g, o, c, h))
    cells = np.stack([step[6] for step in steps], axis=1)  # (B, T, H)
    hidden = np.stack([step[7] for step in steps], axis=1)
    return hidden, cells, (x, Wx, Wh, steps)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: lstm_forward is not implemented yet")
    """  # END PROMPT


def lstm_backward(dh: np.ndarray, dc_last: np.ndarray, cache: object) -> dict[str, np.ndarray]:
    """The gradients of a loss from its gradients with respect to all hidden states and the last cell state.

    dh: (B, T, H);  dc_last: (B, H)
    returns {"dx": (B, T, D), "dh0": (B, H), "dc0": (B, H), "dWx": (D, 4H), "dWh": (H, 4H), "db": (4H,)}
    """
    # BEGIN SOLUTION NO PROMPT
    x, Wx, Wh, steps = cache
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wx[0])
    dh_later, dc = np.zeros_like(dh[:, 0]), dc_last
    for t in reversed(range(len(steps))):
        h_before, c_before, i, f, g, o, c, _ = steps[t]
        dh_t = dh[:, t] + dh_later
        dc = dc + dh_t * o * (1 - np.tanh(c) ** 2)  # from later and through h_t
        dz = np.concatenate(  # (B, 4H)
            [
                dc * g * i * (1 - i),
                dc * c_before * f * (1 - f),
                dc * i * (1 - g**2),
                dh_t * np.tanh(c) * o * (1 - o),
            ],
            axis=1,
        )
        dx[:, t] = dz @ Wx.T
        dWx += x[:, t].T @ dz
        dWh += h_before.T @ dz
        db += dz.sum(axis=0)
        dh_later = dz @ Wh.T
        dc = dc * f
    return {"dx": dx, "dh0": dh_later, "dc0": dc, "dWx": dWx, "dWh": dWh, "db": db}
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: lstm_backward is not implemented yet")
    """  # END PROMPT


def init_lstm_bias(H: int, forget: float = 1.0) -> np.ndarray:
    """(4H,) float64: forget for the forget gates, 0 elsewhere."""
    # BEGIN SOLUTION NO PROMPT
    b = np.zeros(4 * H)
    b[H : 2 * H] = forget
    return b
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: init_lstm_bias is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_lstm_step_on_paper(lstm_forward, lstm_backward):
    """one step of one unit, forward and backward, as on paper"""
    Wx = np.log([[3.0, 1.0, 3.0, 4.0]])
    h, c, cache = lstm_forward(
        np.ones((1, 1, 1)), np.zeros((1, 1)), np.full((1, 1), 0.8), Wx, np.zeros((1, 4)), np.zeros(4)
    )
    assert near(c, [[[1.0]]]), f"the cell is 0.5 * 0.8 + 0.75 * 0.8 = 1, yours is {c}"
    assert near(h, [[[0.609275]]]), f"the state is 0.8 tanh 1 = 0.609275, yours is {h}"
    grads = lstm_backward(np.ones((1, 1, 1)), np.zeros((1, 1)), cache)
    assert near(grads["db"][1], 0.067196), f"the forget gate's gradient is 0.067196, yours is {grads['db'][1]}"
    assert near(grads["dc0"], [[0.167990]]), f"dc0 = 0.335979 / 2 = 0.167990, yours is {grads['dc0']}"


# %%
def test_carousel(lstm_forward, lstm_backward):
    """with f = 1 and i = 0 a cell keeps its content and its gradient for 50 steps"""
    b = np.array([-100.0, 100.0, 0.0, 0.0])
    _, c, cache = lstm_forward(
        np.zeros((1, 50, 2)), np.zeros((1, 1)), np.array([[0.7]]), np.zeros((2, 4)), np.zeros((1, 4)), b
    )
    assert near(c[0, -1], [0.7]), f"the cell starts at 0.7 and should still be 0.7, yours is {c[0, -1]}"
    dc0 = lstm_backward(np.zeros((1, 50, 1)), np.array([[3.0]]), cache)["dc0"]
    assert near(dc0, [[3.0]]), f"a gradient of 3 at the last cell should arrive as 3 at the first, yours is {dc0}"


# %%
def test_lstm_shapes_and_bias(lstm_forward, lstm_backward, init_lstm_bias):
    """a batch of 2 sequences of 3 steps, 4 features, 5 units: all shapes, and the bias"""
    rng, b = np.random.default_rng(0), init_lstm_bias(5)
    assert near(b, [0] * 5 + [1] * 5 + [0] * 10), f"entries 5 to 9 are 1, all others 0; yours are {b}"
    x, state, Wx, Wh = rng.normal(size=(2, 3, 4)), np.zeros((2, 5)), rng.normal(size=(4, 20)), rng.normal(size=(5, 20))
    h, c, cache = lstm_forward(x, state, state, Wx, Wh, b)
    assert np.shape(h) == np.shape(c) == (2, 3, 5), f"h and c are (2, 3, 5), yours {np.shape(h)} and {np.shape(c)}"
    grads = lstm_backward(np.ones((2, 3, 5)), state, cache)
    shapes = {name: np.shape(grad) for name, grad in grads.items()}
    expected = {"dx": (2, 3, 4), "dh0": (2, 5), "dc0": (2, 5), "dWx": (4, 20), "dWh": (5, 20), "db": (20,)}
    assert shapes == expected, f"the gradients have the shapes {expected}, yours {shapes}"


# %%
def test_slope_of_the_lstm_weights(lstm_forward, lstm_backward):
    """dWh agrees with finite differences, one column of each gate (a table shows them)"""
    rng, step = np.random.default_rng(1), 1e-5
    x, h0, c0, b = rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), rng.normal(size=8)
    Wx, Wh, dh, dc = (
        rng.normal(size=(2, 8)),
        rng.normal(size=(2, 8)),
        rng.normal(size=(3, 4, 2)),
        rng.normal(size=(3, 2)),
    )
    yours = lstm_backward(dh, dc, lstm_forward(x, h0, c0, Wx, Wh, b)[2])["dWh"]
    print("gate      yours      finite difference")
    for gate, column in zip("ifgo", (0, 2, 4, 6), strict=True):
        losses = []
        for nudge in (step, -step):
            other = Wh.copy()
            other[0, column] += nudge
            h, c, _ = lstm_forward(x, h0, c0, Wx, other, b)
            losses.append(np.sum(dh * h) + np.sum(dc * c[:, -1]))
        slope = (losses[0] - losses[1]) / (2 * step)
        print(f"{gate:6} {yours[0, column]:10.6f} {slope:10.6f}")
        assert near(yours[0, column], slope), f"gate {gate}: the slope is {slope:.6f}, yours is {yours[0, column]:.6f}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: what is left of a gradient after 100 steps, in a plain network and in three LSTMs


@experiment
def memory_of_gradients():
    import matplotlib.pyplot as plt

    rng, B, T, D, H = np.random.default_rng(0), 20, 100, 5, 24
    x, zero = rng.normal(size=(B, T, D)), np.zeros((B, H))
    dh = np.zeros((B, T, H))
    dh[:, -1] = rng.normal(size=(B, H))  # the loss looks at the last state alone
    scale, curves = 1 / np.sqrt(H), {}
    for forget in (0.0, 1.0, 4.0):
        Wx, Wh = rng.normal(scale=scale, size=(D, 4 * H)), rng.normal(scale=scale, size=(H, 4 * H))
        _, _, cache = lstm_forward(x, zero, zero, Wx, Wh, init_lstm_bias(H, forget))
        curves[f"LSTM, forget bias {forget:g}"] = lstm_backward(dh, zero, cache)["dx"]
    Wx, Wh = rng.normal(scale=scale, size=(D, H)), rng.normal(scale=scale, size=(H, H))
    _, cache = rnn_forward(x, zero, Wx, Wh, np.zeros(H), "tanh")
    curves["plain network, tanh"] = rnn_backward(dh, cache)["dx"]
    for name, dx in curves.items():
        norms = np.linalg.norm(dx, axis=(0, 2))
        plt.semilogy(range(T - 1, -1, -1), norms / norms[-1], label=name)
    plt.xlabel("steps back in time")
    plt.ylabel("gradient of the input, relative")
    plt.ylim(1e-16, 100)
    plt.legend()
    plt.show()


# %%
# experiment: look at a memory: an LSTM learns to keep a bit for 20 steps, and shows its cells (about ten seconds)


@experiment
def keep_one_bit():
    import matplotlib.pyplot as plt

    rng, H, T = np.random.default_rng(0), 8, 20
    p = {
        "Wx": rng.normal(size=(2, 4 * H)) / 2,
        "Wh": rng.normal(size=(H, 4 * H)) / 3,
        "b": init_lstm_bias(H),
        "w": rng.normal(size=H),
    }
    first, second = ({name: np.zeros_like(w) for name, w in p.items()} for _ in range(2))
    zero, history = np.zeros((64, H)), []
    for step in range(1, 501):
        x = rng.normal(size=(64, T, 2))
        x[:, 1:, 1] = 0  # the second input says: remember the sign of the first one, now
        x[:, 0, 1] = 3
        y = x[:, 0, 0] > 0
        h, c, cache = lstm_forward(x, zero, zero, p["Wx"], p["Wh"], p["b"])
        d = (sigmoid(h[:, -1] @ p["w"]) - y) / 64
        dh = np.zeros_like(h)
        dh[:, -1] = d[:, None] * p["w"]
        found = lstm_backward(dh, zero, cache)
        grads = {"Wx": found["dWx"], "Wh": found["dWh"], "b": found["db"], "w": h[:, -1].T @ d}
        for name, gradient in grads.items():  # Adam
            first[name] = 0.9 * first[name] + 0.1 * gradient
            second[name] = 0.99 * second[name] + 0.01 * gradient**2
            p[name] -= 0.02 * first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.99**step)) + 1e-8)
        history.append(np.mean((h[:, -1] @ p["w"] > 0) == y))
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.2))
    axes[0].plot(history)
    axes[0].set(xlabel="step", ylabel="accuracy", title="what was the first sign?")
    for axis, sign in zip(axes[1:], (True, False), strict=True):
        axis.imshow(c[np.flatnonzero(y == sign)[0]].T, aspect="auto", cmap="coolwarm", vmin=-3, vmax=3)
        axis.set(xlabel="time", ylabel="cell", title=f"cells after a {'positive' if sign else 'negative'} number")
    figure.tight_layout()
    plt.show()
