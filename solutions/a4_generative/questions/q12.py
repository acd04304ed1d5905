# %% [raw]
# # BEGIN QUESTION
# name: q12
# points: 0

# %% [markdown]
# ## q12. The restricted Boltzmann machine (6 points)
#
# Give every state of the world an **energy**, and let probable mean low energy: $p(v, h) = e^{-E(v, h)} / Z$. In this
# machine the state is a row of visible bits $v \in \{0, 1\}^{n_v}$ (the data) and one of hidden bits
# $h \in \{0, 1\}^{n_h}$ (their causes). It is *restricted*: visible units are tied to hidden ones alone, never to each
# other. So given $v$ the hidden bits are independent coins, and given $h$ the visible ones are.
#
# $$E(v, h) = -b \cdot v - c \cdot h - v^{\top} W h \qquad
# p(h_j = 1 \mid v) = \sigma(c + v W)_j \qquad p(v_i = 1 \mid h) = \sigma(b + h W^{\top})_i$$
#
# The hidden bits can be summed out: $p(v) = e^{-F(v)} / Z$ with the **free energy**
#
# $$F(v) = -\ln \sum_h e^{-E(v, h)} = -b \cdot v - \sum_j \ln\bigl(1 + e^{(c + v W)_j}\bigr)$$
#
# What cannot be computed for a large machine is $Z$, a sum over all states. But its gradient is an expectation under
# the model, and **contrastive divergence** (CD-$k$) estimates it by a short walk. One **Gibbs step** draws $h$ given
# $v$, then $v'$ given $h$; $k$ of them, begun at the data $v_0$, lead to $v_k$. Write $\hat h(v) = \sigma(c + v W)$; then
# going uphill in the likelihood means
#
# $$\Delta W = \frac1N \sum_n \bigl[ v_0 \hat h(v_0)^{\top} - v_k \hat h(v_k)^{\top} \bigr] \qquad
# \Delta b = \frac1N \sum_n \bigl[ v_0 - v_k \bigr] \qquad
# \Delta c = \frac1N \sum_n \bigl[ \hat h(v_0) - \hat h(v_k) \bigr]$$
#
# Bits may come as floats of the type of $W$, $b$ and $c$, or as integers: then $W$, $b$ and $c$ are float64.
#
# In the sums stand hidden *probabilities* (less noise); in the walk itself both $h$ and $v$ are *drawn*, and $v_k$ is
# the sample.
#
# | function | arguments | returns |
# |---|---|---|
# | `free_energy` | `v (N, nv)`, `W (nv, nh)`, `b (nv,)`, `c (nh,)` | `(N,)` |
# | `gibbs_step` | the same and `rng` | `v' (N, nv)` of 0.0 and 1.0, `ph (N, nh)` = $p(h \mid v)$, `pv (N, nv)` = $p(v \mid h)$ for the drawn `h` |
# | `cd_gradient` | `v0 (N, nv)`, `W`, `b`, `c`, `k` (0, 1, 2, ...), `rng` | `{"W": (nv, nh), "b": (nv,), "c": (nh,)}` |
#
# **On paper.** Two visible, two hidden units, $c = 0$, $b = (0, \ln 2)$ and
# $W = \begin{pmatrix} \ln 2 & 0 \\ \ln 3 & \ln 5 \end{pmatrix}$. For $v = (1, 1)$: $v W = (\ln 6, \ln 5)$, so that
# $e^{-F} = 2 \cdot (1 + 6)(1 + 5) = 84$. The other three states give $4$, $6$ and $48$ (which is which?), $Z = 142$, and the
# machine shows $(1, 1)$ with probability $84 / 142$.
#
# **What usually goes wrong**
# - $\ln(1 + e^{1000})$ is 1000. What does `np.log(1 + np.exp(1000.0))` say? And what is it for $-1000$?
# - If $n_v = n_h$, who notices that $W$ should have been $W^{\top}$?
# - A bit is drawn by comparing its probability with a uniform number. With 0.5? With one number for the whole batch?
# - A walk of $k$ steps: where does the second step begin?
# - Is the answer the direction that makes the data *more* probable, or the gradient of a loss?
# - What must CD-0 be? And what does CD-$k$ tend to for $k \to \infty$?
#
# *Read:* Goodfellow §16.2, §18.1, §18.2 and §20.2; Bishop §8.3 (undirected models) and §11.3 (Gibbs sampling). Papers:
# Smolensky 1986; Hinton 2002 (contrastive divergence); Hinton 2012 (a practical guide).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q12


def free_energy(v: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """F(v), which makes p(v) = exp(-F(v)) / Z.

    v: (N, nv);  W: (nv, nh);  b: (nv,);  c: (nh,);  returns (N,)
    """
    # BEGIN SOLUTION NO PROMPT
    z = c + as_float(v) @ W  # (N, nh)
    return -(v @ b) - np.logaddexp(0, z).sum(axis=1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q12: free_energy is not implemented yet")
    """  # END PROMPT


def gibbs_step(
    v: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw h given v, then v' given h.

    v: (N, nv) of 0 and 1;  W: (nv, nh);  b: (nv,);  c: (nh,)
    returns (v' (N, nv) of 0.0 and 1.0, p(h = 1 | v) (N, nh), p(v = 1 | h) (N, nv))
    """
    # BEGIN SOLUTION NO PROMPT
    ph = hidden_given_visible(v, W, c)
    h = (rng.random(ph.shape) < ph).astype(ph.dtype)
    pv = hidden_given_visible(h, W.T, b)  # the machine looks the same from the other side
    return (rng.random(pv.shape) < pv).astype(pv.dtype), ph, pv


def hidden_given_visible(v: np.ndarray, W: np.ndarray, c: np.ndarray) -> np.ndarray:
    """sigmoid(c + v W): (N, nv) -> (N, nh)"""
    return np.exp(-np.logaddexp(0, -(c + as_float(v) @ W)))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q12: gibbs_step is not implemented yet")
    """  # END PROMPT


def cd_gradient(
    v0: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray, k: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Contrastive divergence: the direction, as an average over the batch, in which the data gets more probable.

    v0: (N, nv) of 0 and 1;  k: number of Gibbs steps, 0 or more
    returns {"W": (nv, nh), "b": (nv,), "c": (nh,)}
    """
    # BEGIN SOLUTION NO PROMPT
    vk = v0
    for _ in range(k):
        vk, _, _ = gibbs_step(vk, W, b, c, rng)
    h0, hk = hidden_given_visible(v0, W, c), hidden_given_visible(vk, W, c)
    return {
        "W": (v0.T @ h0 - vk.T @ hk) / len(v0),
        "b": (v0 - vk).mean(axis=0),
        "c": (h0 - hk).mean(axis=0),
    }
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q12: cd_gradient is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_free_energy_by_hand(free_energy):
    """the four states of the machine on paper"""
    W = np.log([[2.0, 1.0], [3.0, 5.0]])
    states = np.array([[1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    F = free_energy(states, W, np.log([1.0, 2.0]), np.zeros(2))
    assert np.shape(F) == (4,), f"4 states have 4 free energies, shape (4,); yours has {np.shape(F)}"
    assert near(F[0], -4.430817), f"F(1, 1) = -ln 84 = -4.430817, yours is {F[0]}"
    assert near(np.exp(-F).sum(), 142), f"Z = 84 + 4 + 6 + 48 = 142, yours is {np.exp(-F).sum()}"


# %%
def test_one_step_without_doubt(gibbs_step):
    """with huge weights a Gibbs step has only one outcome"""
    W = 100.0 * np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]])
    b, c = np.full(2, -50.0), np.full(3, -50.0)
    v, ph, pv = gibbs_step(np.array([[1.0, 0.0], [1.0, 1.0]]), W, b, c, np.random.default_rng(0))
    assert near(ph, [[1, 0, 1], [0, 0, 1]]), f"c + vW is (50, -150, 50) and (-50, -50, 150); yours is ph = {ph}"
    assert near(pv, [[1, 0], [1, 1]]), f"h is (1, 0, 1) and (0, 0, 1); yours is pv = {pv}"
    assert near(v, [[1, 0], [1, 1]]), f"v' is drawn from pv, which leaves no choice here; yours is {v}"


# %%
def test_hidden_units_are_drawn(gibbs_step):
    """a step draws its bits, anew for every row"""
    W, b, c = np.array([[2.0]]), np.array([-1.0]), np.array([-1.0])
    v, ph, pv = gibbs_step(np.ones((4000, 1)), W, b, c, np.random.default_rng(0))
    drawn = np.mean(np.isclose(pv, 0.731059))
    assert near(ph, np.full((4000, 1), 0.731059)), f"p(h = 1 | v = 1) = sigmoid(1) = 0.731059, yours is {ph[0]}"
    assert abs(drawn - 0.731) < 0.05, f"h is 1 in 73 % of 4000 rows, and then pv is sigmoid(1); yours in {drawn:.0%}"
    assert abs(np.mean(v) - 0.607) < 0.05, f"v' is 1 in 61 % of the rows, yours in {np.mean(v):.0%}"


# %%
def test_contrastive_divergence_by_hand(cd_gradient):
    """one step of a machine whose visible units always end at (0, 1)"""
    W, b, c = np.log([[2.0], [3.0]]), np.array([-200.0, 200.0]), np.zeros(1)
    g = cd_gradient(np.array([[1.0, 1.0], [1.0, 0.0]]), W, b, c, 1, np.random.default_rng(0))
    assert near(g["b"], [1, -0.5]), f"mean of (1, 1) - (0, 1) and (1, 0) - (0, 1) is (1, -1/2), yours is {g['b']}"
    assert near(g["c"], [0.011905]), f"(6/7 - 3/4 + 2/3 - 3/4) / 2 = 0.011905, yours is {g['c']}"
    assert near(g["W"], [[0.761905], [-0.321429]]), f"((6/7 + 2/3)/2, (6/7 - 6/4)/2), yours is {g['W']}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: bars and stripes, with the exact likelihood, and what the machine dreams


@experiment
def bars_and_stripes():
    import itertools

    import matplotlib.pyplot as plt

    rows = np.array(list(itertools.product([0.0, 1.0], repeat=4)))
    grids = np.concatenate([np.repeat(rows[:, :, None], 4, 2), np.repeat(rows[:, None, :], 4, 1)])
    images = np.unique(grids.reshape(-1, 16), axis=0)  # 30 pictures of 4 x 4
    hidden = np.array(list(itertools.product([0.0, 1.0], repeat=10)))

    def log_likelihood(W, b, c):  # Z by enumeration of the hidden states: the machine seen from the other side
        minus_F = -free_energy(hidden, W.T, c, b)
        log_Z = minus_F.max() + np.log(np.exp(minus_F - minus_F.max()).sum())
        return np.mean(-free_energy(images, W, b, c)) - log_Z

    curves, dreams = {}, None
    for k in (1, 10):
        rng = np.random.default_rng(0)
        W, b, c = rng.normal(0, 0.1, size=(16, 10)), np.zeros(16), np.zeros(10)
        curve = []
        for step in range(6000):
            g = cd_gradient(images, W, b, c, k, rng)
            W, b, c = W + 0.1 * g["W"], b + 0.1 * g["b"], c + 0.1 * g["c"]
            if step % 50 == 0:
                curve.append(log_likelihood(W, b, c))
        curves[k] = curve
        dreams = np.round(rng.random((10, 16)))
        for _ in range(500):
            dreams, _, _ = gibbs_step(dreams, W, b, c, rng)
    for k, curve in curves.items():
        plt.plot(np.arange(len(curve)) * 50, curve, label=f"CD-{k}")
    plt.axhline(-np.log(30), color="gray", linestyle=":", label="best possible, -ln 30")
    plt.ylim(-12, -3)
    plt.xlabel("step")
    plt.ylabel("exact log-likelihood")
    plt.legend()
    plt.show()
    _, axes = plt.subplots(1, 10, figsize=(10, 1.4))
    for ax, picture in zip(axes, dreams, strict=True):
        ax.imshow(picture.reshape(4, 4), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    plt.suptitle("ten walks of 500 steps, begun at noise")
    plt.show()
