# %% [raw]
# # BEGIN QUESTION
# name: q3
# points: 0

# %% [markdown]
# ## q3. Gradients that explode, vanish, and are cut short (6 points)
#
# On its way from step $T$ back to step $t$ a gradient is multiplied by one matrix for every step. For $h_{t} = \tanh(x_t W_x + h_{t-1} W_h + b)$,
# with rows as in q2, the matrix of one step and that of many are
#
# $$J_t = \frac{\partial h_{t+1}}{\partial h_t} = W_h \, \mathrm{diag}(1 - h_{t+1}^2) \qquad
# \frac{\partial h_T}{\partial h_t} = J_t \, J_{t+1} \cdots J_{T-1}$$
#
# The **spectral norm** of that product (its largest singular value) says how long the longest gradient can get. When each factor shrinks, the product
# vanishes exponentially and the network cannot learn what it should remember; when each grows, it explodes.
#
# Against explosions one **clips**: all gradients together are taken for one long vector $g$, and if $\lVert g \rVert_2 > m$, every one of
# them is multiplied by $m / \lVert g \rVert_2$. The direction stays.
#
# And for very long sequences one does not go back all the way: **truncated BPTT** cuts the steps into chunks of $k$, beginning with the first; the
# last chunk may be shorter. The state is carried over the border, the gradient is not: for a chunk, the state that it starts from is a constant.
#
# | function | arguments | returns |
# |---|---|---|
# | `clip_grad_norm` | `grads`, a dict of arrays of any shapes; `max_norm` > 0 | a new dict, and the norm *before* clipping (a float); values are untouched when the norm is at most `max_norm` |
# | `tbptt_grads` | `x (B, T, D)`, `h0 (B, H)`, `params` with `"Wx"`, `"Wh"`, `"b"`, `dh (B, T, H)` as in q2, `k` | dict `dWx`, `dWh`, `db`, sums over batch and chunks; the activation is tanh |
# | `jacobian_norms` | `h (T, H)`: the states of one sequence, `Wh (H, H)` | `(T,)`: entry $t$ is the spectral norm of $\partial h_T / \partial h_t$, the last is 1 |
#
# Gradients that need clipping are large: those of float32 may be anything up to $10^{30}$, and their squares are none of float32.
#
# **On paper.** Gradients $(3)$ and $(4)$ in two arrays have norm 5; clipped to 2.5 they are $(1.5)$ and $(2)$. One unit with $W_h = 2$ and states $0.5, 0.8, 0.6$:
# $\partial h_3 / \partial h_2 = 2 (1 - 0.36) = 1.28$ and $\partial h_3 / \partial h_1 = 1.28 \cdot 2 (1 - 0.64) = 0.9216$. Why does 0.5 not occur?
#
# **What usually goes wrong**
# - One norm for all, or one for each array? What happens to the direction in the second case?
# - Is a gradient that is shorter than `max_norm` stretched? And one that is exactly as long: is it the same to the last digit?
# - What is the scale when all gradients are 0? If one of them is nan the norm is nan, and is returned (whatever the values are then): who should hear of it?
# - Does a chunk start from 0, or from where the one before it ended?
# - If `k` does not divide `T`, which chunk is the short one?
# - In which order do the $J_t$ stand? Matrices do not commute, so for $H = 1$ you will not notice.
# - Which state is in the factor between $h_t$ and $h_{t+1}$? How many factors has the entry for $t = T - 1$?
# - The largest singular value is not the largest eigenvalue, and not the root of the sum of squares.
#
# *Read:* Goodfellow §10.7 and §10.11.1; Prince §7.5. Papers: Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013 (clipping);
# Williams and Peng 1990 (truncation).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q3


def clip_grad_norm(grads: dict[str, np.ndarray], max_norm: float) -> tuple[dict[str, np.ndarray], float]:
    """Shorten all gradients by one factor, so that their common L2 norm is at most max_norm.

    returns (a new dict with the same names and shapes, the norm before)
    """
    # BEGIN SOLUTION NO PROMPT
    total = float(np.sqrt(sum(np.sum(np.square(g, dtype=np.float64)) for g in grads.values())))  # float32 ends at 3e38
    scale = max_norm / total if total > max_norm else 1.0
    return {name: as_float(g) * scale for name, g in grads.items()}, total
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q3: clip_grad_norm is not implemented yet")
    """  # END PROMPT


def tbptt_grads(
    x: np.ndarray, h0: np.ndarray, params: dict[str, np.ndarray], dh: np.ndarray, k: int
) -> dict[str, np.ndarray]:
    """Gradients of a tanh network whose backward pass never crosses the border of a chunk of k steps.

    x: (B, T, D);  h0: (B, H);  params: {"Wx": (D, H), "Wh": (H, H), "b": (H,)};  dh: (B, T, H)
    returns {"dWx": (D, H), "dWh": (H, H), "db": (H,)}
    """
    # BEGIN SOLUTION NO PROMPT
    Wx, Wh, b = params["Wx"], params["Wh"], params["b"]
    total, state = {"dWx": 0, "dWh": 0, "db": 0}, h0
    for start in range(0, x.shape[1], k):
        chunk = slice(start, start + k)
        h, cache = rnn_forward(x[:, chunk], state, Wx, Wh, b, "tanh")
        grads = rnn_backward(dh[:, chunk], cache)
        total = {name: total[name] + grads[name] for name in total}
        state = h[:, -1]
    return total
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q3: tbptt_grads is not implemented yet")
    """  # END PROMPT


def jacobian_norms(h: np.ndarray, Wh: np.ndarray) -> np.ndarray:
    """Spectral norms of d h_T / d h_t for a tanh network.

    h: (T, H), the states of one sequence;  Wh: (H, H);  returns (T,), the last entry is 1
    """
    # BEGIN SOLUTION NO PROMPT
    h = as_float(h)
    T, H = h.shape
    norms, J = np.ones(T, dtype=h.dtype), np.eye(H, dtype=h.dtype)
    for t in reversed(range(T - 1)):
        J = (Wh * (1 - h[t + 1] ** 2)) @ J  # d h_{t+1} / d h_t, then all later steps
        norms[t] = np.linalg.norm(J, ord=2)
    return norms
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q3: jacobian_norms is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_three_four_five(clip_grad_norm):
    """two gradients of common length 5, clipped to 2.5 and to 10"""
    grads = {"a": np.array([3.0]), "b": np.array([[4.0]])}
    clipped, norm = clip_grad_norm(grads, 2.5)
    assert near(norm, 5), f"the norm before clipping is 5, yours is {norm}"
    assert near(clipped["a"], [1.5]) and near(clipped["b"], [[2]]), f"(1.5) and (2), yours are {clipped}"
    assert near(grads["a"], [3]), "the gradients that were passed should still be 3 and 4"
    same, norm = clip_grad_norm(grads, 10.0)
    assert near(same["a"], [3]) and near(same["b"], [[4]]), f"5 is below 10, nothing should change: {same}"


# %%
def test_norms_of_one_unit(jacobian_norms):
    """the Jacobian norms of three states of one unit"""
    yours = jacobian_norms(np.array([[0.5], [0.8], [0.6]]), np.array([[2.0]]))
    assert near(yours, [0.9216, 1.28, 1]), f"1.28 * 2 (1 - 0.64), 2 (1 - 0.36), 1: (0.9216, 1.28, 1); yours: {yours}"


# %%
def test_chunks(tbptt_grads, rnn_forward, rnn_backward):
    """one chunk is plain BPTT, and chunks of one step know no recurrence"""
    rng = np.random.default_rng(0)
    x, h0, dh = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 5)), rng.normal(size=(2, 4, 5))
    params = {"Wx": rng.normal(size=(3, 5)), "Wh": rng.normal(size=(5, 5)), "b": rng.normal(size=5)}
    h, cache = rnn_forward(x, h0, params["Wx"], params["Wh"], params["b"], "tanh")
    whole, yours = rnn_backward(dh, cache), tbptt_grads(x, h0, params, dh, 4)
    for name in ("dWx", "dWh", "db"):
        assert near(yours[name], whole[name]), f"T = 4 and k = 4 is one chunk: {name} should be that of rnn_backward"
    alone = np.sum(dh * (1 - h**2), axis=(0, 1))
    yours = tbptt_grads(x, h0, params, dh, 1)["db"]
    assert near(yours, alone), f"k = 1: db is the sum of dh (1 - h^2), {alone}; yours is {yours}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: how far does a gradient reach? Recurrent weights of five sizes


@experiment
def reach_of_a_gradient():
    import matplotlib.pyplot as plt

    rng, H, T = np.random.default_rng(0), 32, 60
    random = rng.normal(size=(H, H))
    random /= np.abs(np.linalg.eigvals(random)).max()  # spectral radius 1
    x, curves = 0.1 * rng.normal(size=(1, T, H)), {}
    for radius in (0.5, 0.9, 1.0, 1.1, 1.5):
        h, _ = rnn_forward(x, np.zeros((1, H)), np.eye(H), radius * random, np.zeros(H), "tanh")
        curves[radius] = jacobian_norms(h[0], radius * random)
    for radius, norms in curves.items():
        plt.semilogy(range(T - 1, -1, -1), norms, label=f"spectral radius {radius}")
    plt.xlabel("steps back in time")
    plt.ylabel("norm of the Jacobian")
    plt.ylim(1e-8, 1e4)
    plt.title("tanh pulls large weights back, and nothing pulls small ones up")
    plt.legend()
    plt.show()
