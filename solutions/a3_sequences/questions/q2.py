# %% [raw]
# # BEGIN QUESTION
# name: q2
# points: 0

# %% [markdown]
# ## q2. The recurrent network and its gradient through time (9 points)
#
# A recurrent network reads one vector after the other and keeps a **state**. The same three parameters work at every step:
#
# $$z_t = x_t W_x + h_{t-1} W_h + b \qquad h_t = g(z_t) \qquad t = 1, \dots, T$$
#
# with $g = \tanh$ or $g = \sigma$. Draw the steps side by side and you see a feed-forward network of $T$ layers that share
# their weights. So nothing about its gradient is new; there are just two things to add up. The state $h_t$ is used twice:
# by whoever reads it (a loss, the next layer), and by step $t + 1$. And $W_h$ is used $T$ times. With $dh_t$, the gradient that
# arrives at $h_t$ **from above**, the pass goes backward in time:
#
# $$\delta_t = \bigl(dh_t + \delta_{t+1} W_h^\top\bigr) \odot g'(z_t) \qquad
# \frac{\partial L}{\partial W_h} = \sum_t h_{t-1}^\top \delta_t \qquad \frac{\partial L}{\partial W_x} = \sum_t x_t^\top \delta_t \qquad
# \frac{\partial L}{\partial b} = \sum_t \sum_i \delta_{t,i}$$
#
# with $\delta_{T+1} = 0$; the sums in $h^\top \delta$ run over the batch. This is **back-propagation through time** (BPTT).
#
# | name | shape |
# |---|---|
# | `x`, `h0` | `(B, T, D)`, `(B, H)` |
# | `Wx`, `Wh`, `b` | `(D, H)`, `(H, H)`, `(H,)` |
# | `act` | "tanh" or "sigmoid" |
# | `h` | `(B, T, H)`: `h[:, t]` is the state after step `t`; `h0` is not in it |
# | `cache` | whatever your backward pass wants to know of the forward pass |
# | `dh` | `(B, T, H)`: the gradient that arrives at **every** state from above; what comes from later steps is not in it |
# | result of `rnn_backward` | a dict: `dx (B, T, D)`, `dh0 (B, H)`, `dWx`, `dWh`, `db` |
#
# `rnn_backward` adds up over the batch, it does not average: whether the loss is a mean is in `dh` already. It may be called twice
# with one cache.
#
# **On paper.** One sequence, two steps, one unit, $\sigma$: $x = (0, \ln 3)$, $h_0 = 0$, $W_x = 1$, $W_h = 2 \ln 3$, $b = 0$. Then $h_1 = \sigma(0) = \frac12$
# and $h_2 = \sigma(\ln 3 + \ln 3) = \frac{9}{10}$. The loss is $h_2$ itself, so $dh = (0, 1)$. Backward: $\delta_2 = \frac{9}{10} \cdot \frac1{10} = 0.09$ and
# $\delta_1 = 0.09 \cdot 2 \ln 3 \cdot \frac14 = 0.049438$. So $\partial L / \partial W_h = h_0 \delta_1 + h_1 \delta_2 = 0.045$ and
# $\partial L / \partial b = 0.139438$. What are $\partial L / \partial W_x$ and $\partial L / \partial h_0$?
#
# **What usually goes wrong**
# - $h_2$ depends on $h_1$. Has your $\delta_1$ heard of it? What would be missing if not, and would the loss still fall?
# - $W_h$ or $W_h^\top$? $W_h$ is square: nothing complains.
# - $\partial L / \partial W_h$ pairs $\delta_t$ with the state *before* step $t$. Which state is that for the first step?
# - $g'$ is needed at $z_t$. How do you get it from $h_t$ alone, for tanh and for $\sigma$?
# - Is something added to the caller's `dh` in place? What does a second call with the same `dh` give?
# - Does your pass run from the last step to the first?
#
# *Read:* Goodfellow §10.1 and §10.2; Bishop & Bishop §12.2. Papers: Elman 1990; Werbos 1990 (BPTT).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q2


def rnn_forward(
    x: np.ndarray, h0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray, act: str
) -> tuple[np.ndarray, object]:
    """The states h_t = act(x_t Wx + h_{t-1} Wh + b) of a recurrent network.

    x: (B, T, D);  h0: (B, H);  Wx: (D, H);  Wh: (H, H);  b: (H,);  act: "tanh" or "sigmoid"
    returns (h (B, T, H), cache: whatever your backward pass needs)
    """
    # BEGIN SOLUTION NO PROMPT
    x, h0 = as_float(x), as_float(h0)
    g = {"tanh": np.tanh, "sigmoid": sigmoid}[act]
    states, state = [], h0
    for t in range(x.shape[1]):
        state = g(x[:, t] @ Wx + state @ Wh + b)  # (B, H)
        states.append(state)
    h = np.stack(states, axis=1)  # (B, T, H)
    return h, (x, h0, h, Wx, Wh, act)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q2: rnn_forward is not implemented yet")
    """  # END PROMPT


def rnn_backward(dh: np.ndarray, cache: object) -> dict[str, np.ndarray]:
    """The gradients of a loss from its gradients with respect to the states.

    dh: (B, T, H), what arrives at every state from above
    returns {"dx": (B, T, D), "dh0": (B, H), "dWx": (D, H), "dWh": (H, H), "db": (H,)}
    """
    # BEGIN SOLUTION NO PROMPT
    x, h0, h, Wx, Wh, act = cache
    slope = 1 - h**2 if act == "tanh" else h * (1 - h)
    delta = np.zeros_like(h)  # (B, T, H), gradient with respect to z_t
    from_later = np.zeros_like(h0)  # (B, H), what step t + 1 says about h_t
    for t in reversed(range(h.shape[1])):
        delta[:, t] = (dh[:, t] + from_later) * slope[:, t]
        from_later = delta[:, t] @ Wh.T
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)  # (B, T, H), h_{t-1}
    return {
        "dx": delta @ Wx.T,
        "dh0": from_later,
        "dWx": np.einsum("btd,bth->dh", x, delta),
        "dWh": np.einsum("btg,bth->gh", before, delta),
        "db": delta.sum(axis=(0, 1)),
    }
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q2: rnn_backward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_two_steps_on_paper(rnn_forward, rnn_backward):
    """two steps of one unit, forward and backward, as on paper"""
    x, h0 = np.array([[[0.0], [np.log(3)]]]), np.zeros((1, 1))
    h, cache = rnn_forward(x, h0, np.array([[1.0]]), np.array([[2 * np.log(3)]]), np.zeros(1), "sigmoid")
    assert near(h, [[[0.5], [0.9]]]), f"the states are 1/2 and 9/10, yours are {h}"
    grads = rnn_backward(np.array([[[0.0], [1.0]]]), cache)
    assert near(grads["dWh"], [[0.045]]), f"dWh = h0 * 0.049438 + h1 * 0.09 = 0.045, yours is {grads['dWh']}"
    assert near(grads["db"], [0.139438], 1e-5), f"db = 0.049438 + 0.09 = 0.139438, yours is {grads['db']}"


# %%
def test_shapes_of_states_and_gradients(rnn_forward, rnn_backward):
    """a batch of 2 sequences of 3 steps, 4 features, 5 units: all shapes"""
    rng = np.random.default_rng(0)
    x, h0, Wx, Wh = rng.normal(size=(2, 3, 4)), np.zeros((2, 5)), rng.normal(size=(4, 5)), rng.normal(size=(5, 5))
    h, cache = rnn_forward(x, h0, Wx, Wh, np.zeros(5), "tanh")
    assert np.shape(h) == (2, 3, 5), f"h is (B, T, H) = (2, 3, 5), yours is {np.shape(h)}"
    grads = rnn_backward(np.ones((2, 3, 5)), cache)
    shapes = {name: np.shape(grad) for name, grad in grads.items()}
    expected = {"dx": (2, 3, 4), "dh0": (2, 5), "dWx": (4, 5), "dWh": (5, 5), "db": (5,)}
    assert shapes == expected, f"the gradients have the shapes {expected}, yours {shapes}"


# %%
def test_slope_of_the_recurrent_weights(rnn_forward, rnn_backward):
    """dWh agrees with finite differences (a table shows the first row)"""
    rng, step = np.random.default_rng(1), 1e-5
    x, h0, b = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 3)), rng.normal(size=3)
    Wx, Wh, dh = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=(2, 4, 3))
    yours = rnn_backward(dh, rnn_forward(x, h0, Wx, Wh, b, "tanh")[1])["dWh"]
    print("dWh         yours      finite difference")
    for index in np.ndindex(3, 3):
        losses = []
        for nudge in (step, -step):
            other = Wh.copy()
            other[index] += nudge
            losses.append(np.sum(dh * rnn_forward(x, h0, Wx, other, b, "tanh")[0]))  # its gradient in h is dh
        slope = (losses[0] - losses[1]) / (2 * step)
        if index[0] == 0:
            print(f"{list(index)!s:9} {yours[index]:10.6f} {slope:10.6f}")
        assert near(yours[index], slope), f"dWh{list(index)}: the slope is {slope:.6f}, yours is {yours[index]:.6f}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: a network of 12 units learns to add binary numbers, and what to carry


@experiment
def binary_addition():
    import matplotlib.pyplot as plt

    def numbers(B, T):
        """Two addends and their sum, the lowest bit first: (B, T, 2), (B, T)."""
        bits, total, carry = rng.integers(0, 2, size=(B, T, 2)), np.zeros((B, T)), np.zeros(B, dtype=int)
        for t in range(T):
            column = bits[:, t].sum(axis=1) + carry
            total[:, t], carry = column % 2, column // 2
        return bits.astype(float), total

    rng, H = np.random.default_rng(0), 12
    p = {
        "Wx": rng.normal(size=(2, H)),
        "Wh": rng.normal(scale=H**-0.5, size=(H, H)),
        "b": np.zeros(H),
        "w": rng.normal(size=H),
    }
    first, second = ({name: np.zeros_like(w) for name, w in p.items()} for _ in range(2))
    history = []
    for step in range(1, 1001):
        x, y = numbers(64, 8)
        h, cache = rnn_forward(x, np.zeros((64, H)), p["Wx"], p["Wh"], p["b"], "tanh")
        d = (sigmoid(h @ p["w"]) - y) / y.size  # of the cross-entropy
        found = rnn_backward(d[:, :, None] * p["w"], cache)
        grads = {"Wx": found["dWx"], "Wh": found["dWh"], "b": found["db"], "w": np.einsum("bt,bth->h", d, h)}
        for name, g in grads.items():  # Adam
            first[name] = 0.9 * first[name] + 0.1 * g
            second[name] = 0.99 * second[name] + 0.01 * g**2
            p[name] -= 0.02 * first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.99**step)) + 1e-8)
        history.append(np.mean((h @ p["w"] > 0) == y))
    x, y = numbers(200, 60)
    h, _ = rnn_forward(x, np.zeros((200, H)), p["Wx"], p["Wh"], p["b"], "tanh")
    said = h @ p["w"] > 0
    a, c, total = (int("".join(str(int(bit)) for bit in bits[::-1]), 2) for bits in (x[0, :, 0], x[0, :, 1], said[0]))
    verdict = "right" if (said[0] == y[0]).all() else "wrong"
    print(f"trained on 8 bits, asked for 60: {a} + {c} = {total}, {verdict} (without the last carry)")
    print(f"all 60 bits right: {np.mean((said == y).all(axis=1)):.0%} of 200 sums")
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.2))
    left.plot(history)
    left.set(xlabel="step", ylabel="bits that are right", title="learning to add")
    right.imshow(h[0, :24].T, aspect="auto", cmap="coolwarm", vmin=-1, vmax=1)
    right.set(xlabel="bit", ylabel="unit", title="the state: which units hold the carry?")
    plt.show()
