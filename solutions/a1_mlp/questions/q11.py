# %% [raw]
# # BEGIN QUESTION
# name: q11
# points: 0

# %% [markdown]
# ## q11. Dropout and DropConnect (6 points)
#
# A network with many neurons can learn a training set by heart. Dropout makes that hard: in every training step each
# activation is switched off with probability $p$, by the toss of a coin. No neuron can rely on a particular other one,
# and what is trained is an average over $2^n$ thinned networks that share their weights. DropConnect goes further and
# switches off single *weights*.
#
# At test time nothing is dropped. For the next layer to receive the same on average, what survives in training is
# enlarged by $1/(1-p)$ ("inverted" dropout); then nothing needs to be corrected at test time.
#
# $$\text{dropout:}\quad m_{ij} = \begin{cases} 0 & \text{with probability } p \\ \frac{1}{1-p} & \text{otherwise}
# \end{cases} \qquad Y = X \odot m \qquad\qquad \text{DropConnect:}\quad Y = X\, (W \odot M) + b$$
#
# | function | arguments | returns |
# |---|---|---|
# | `dropout_forward` | `X` of any shape, `p`, `rng`, `train` | `Y` like `X`, `mask` (the $m$ above); without train the numbers of `X` and `None` |
# | `dropout_backward` | `dY`, `mask` (or `None`) | `dX` |
# | `dropconnect_forward` | `X (N, D)`, `W (D, M)`, `b (M,)`, `p`, `rng`, `train` | `Y (N, M)`, `cache` |
# | `dropconnect_backward` | `dY (N, M)`, `cache` | `dX (N, D)`, `dW (D, M)`, `db (M,)`; after training and after test |
#
# $p$ is the probability of *dropping*; $0 \le p < 1$, everything else is a `ValueError`, also without train; $p = 0$ changes nothing. In
# DropConnect one mask $M$, with the same two values, serves all samples of a call, and the bias is never dropped. Every
# call in training draws a new mask from `rng`; without train nothing is drawn.
#
# **On paper.** $p = 0.2$, $X = (2, -4, 0)$, and the coin drops the second: $m = (1.25, 0, 1.25)$, $Y = (2.5, 0, 0)$. With
# $\partial L/\partial Y = (1, 1, 1)$ the gradient is $(1.25, 0, 1.25)$: the third entry passes, though $Y$ is 0 there.
#
# **What usually goes wrong**
# - Is `p` what is dropped or what is kept? With $p = 0.5$ nobody notices.
# - What is the mean of $Y$, and of $Y$ without train?
# - Can the mask be recovered from `Y == 0`?
# - Is a mask of shape `(N, 1)` the same thing? What does it do to a sample?
# - What does the gradient of `W` look like where the weight was dropped? And which `W` does `dX` go through?
#
# *Read:* Prince §9.3; Goodfellow §7.12. Papers: Srivastava et al. 2014 (dropout), Wan et al. 2013 (DropConnect).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q11


# BEGIN SOLUTION NO PROMPT
def coin_mask(shape: tuple[int, ...], p: float, rng: np.random.Generator, dtype: np.dtype) -> np.ndarray:
    """0 with probability p, else 1 / (1 - p), drawn for each entry by itself."""
    return ((rng.random(shape) >= p) / (1 - p)).astype(dtype)


def refuse_impossible(p: float) -> None:
    if not 0 <= p < 1:
        raise ValueError(f"p is the probability of dropping, at least 0 and below 1, got {p}")


# END SOLUTION
def dropout_forward(
    X: np.ndarray, p: float, rng: np.random.Generator, train: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Drop each entry with probability p and enlarge the others by 1 / (1 - p); without train, change nothing.

    X: any shape;  returns (Y like X, mask like X: 0 or 1 / (1 - p)); without train (the numbers of X, None)
    """
    # BEGIN SOLUTION NO PROMPT
    refuse_impossible(p)
    X = as_float(X)
    if not train:
        return X, None
    mask = coin_mask(X.shape, p, rng, X.dtype)
    return X * mask, mask
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: dropout_forward is not implemented yet")
    """  # END PROMPT


def dropout_backward(dY: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """dY: like X;  mask: what dropout_forward returned;  returns dX like X"""
    # BEGIN SOLUTION NO PROMPT
    return dY if mask is None else dY * mask
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: dropout_backward is not implemented yet")
    """  # END PROMPT


def dropconnect_forward(
    X: np.ndarray, W: np.ndarray, b: np.ndarray, p: float, rng: np.random.Generator, train: bool
) -> tuple[np.ndarray, object]:
    """A linear layer whose weights are dropped with probability p, the same ones for all samples of the call.

    X: (N, D);  W: (D, M);  b: (M,);  returns (Y (N, M), cache: whatever your backward pass needs)
    """
    # BEGIN SOLUTION NO PROMPT
    refuse_impossible(p)
    X = as_float(X)
    mask = coin_mask(W.shape, p, rng, W.dtype) if train else np.ones_like(W)  # (D, M)
    return X @ (W * mask) + b, (X, W * mask, mask)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: dropconnect_forward is not implemented yet")
    """  # END PROMPT


def dropconnect_backward(dY: np.ndarray, cache: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dY: (N, M);  returns (dX (N, D), dW (D, M), db (M,))"""
    # BEGIN SOLUTION NO PROMPT
    X, masked, mask = cache
    return dY @ masked.T, (X.T @ dY) * mask, dY.sum(axis=0)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: dropconnect_backward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_share_and_mean(dropout_forward):
    """of 1000 x 50 ones three in ten are dropped, and the mean stays 1"""
    Y, mask = dropout_forward(np.ones((1000, 50)), 0.3, np.random.default_rng(0), True)
    share = np.mean(np.asarray(Y) == 0)
    assert abs(share - 0.3) < 0.02, f"a share of 0.3 is to be dropped, yours is {share}"
    assert abs(np.mean(Y) - 1) < 0.02, f"the mean stays 1, yours is {np.mean(Y)}"
    assert near(Y, mask), (
        f"of ones the result is the mask itself, 0 or 1/0.7; yours begins with {np.asarray(mask)[0, :3]}"
    )


# %%
def test_nothing_is_dropped_at_test_time(dropout_forward, dropconnect_forward):
    """without train: dropout changes nothing, DropConnect is a plain linear layer"""
    X, W, b = (
        np.array([[1.0, -2.0], [0.5, 3.0]]),
        np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]]),
        np.array([0.0, 1.0, 0.0]),
    )
    rng = np.random.default_rng(0)
    Y, mask = dropout_forward(X, 0.5, rng, False)
    assert near(Y, X) and mask is None, f"X and None are due, yours are {Y} and {mask}"
    Z, _ = dropconnect_forward(X, W, b, 0.5, rng, False)
    assert near(Z, X @ W + b), f"X W + b is due, yours is {Z}"


# %%
def test_dropout_gradient_by_hand(dropout_backward):
    """the gradient of the example on paper"""
    dX = dropout_backward(np.array([1.0, 1.0, 1.0]), np.array([1.25, 0.0, 1.25]))
    assert near(dX, [1.25, 0, 1.25]), f"(1.25, 0, 1.25) is due, yours is {dX}"


# %%
def test_dropped_weights_get_no_gradient(dropconnect_forward, dropconnect_backward):
    """DropConnect: each output weight is 0 or enlarged, and the gradient of a dropped one is 0"""
    W, X = np.full((3, 4), 2.0), np.eye(3)
    Y, cache = dropconnect_forward(X, W, np.zeros(4), 0.5, np.random.default_rng(3), True)
    Y = np.asarray(Y)
    assert np.all((Y == 0) | (Y == 4)), f"with X the identity Y is the masked W, 0 or 2 / 0.5 = 4; yours is {Y}"
    dX, dW, db = dropconnect_backward(np.ones((3, 4)), cache)
    assert near(dW, Y / 2), f"dW is the mask, 0 or 2, here; yours is {dW}"
    assert near(db, [3, 3, 3, 3]), f"db is the sum over three samples; yours is {db}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: one weight, a thousand thinned networks


@experiment
def thinned_networks():
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(0)
    x = np.linspace(-3, 3, 61)[:, None]
    W1, b1 = rng.normal(size=(1, 40)) * 2, rng.normal(size=40) * 2
    H = np.tanh(x @ W1 + b1)
    w2 = np.linalg.lstsq(H, np.sin(2 * x), rcond=1e-3)[0]
    fig, axes = plt.subplots(1, 2, figsize=(11, 3.2), sharey=True)
    for axis, p in zip(axes, (0.1, 0.5), strict=True):
        outputs = [dropout_forward(H, p, rng, True)[0] @ w2 for _ in range(300)]
        for output in outputs[:25]:
            axis.plot(x, output, color="tab:blue", alpha=0.15)
        axis.plot(x, np.mean(outputs, axis=0), color="tab:red", label="mean of 300 thinned networks")
        axis.plot(x, H @ w2, "k--", label="nothing dropped")
        axis.set(title=f"p = {p}", xlabel="x", ylim=(-4, 4))
    axes[0].legend()
    fig.tight_layout()
    plt.show()
