# %% [raw]
# # BEGIN QUESTION
# name: q12
# points: 0

# %% [markdown]
# ## q12. Batch normalisation (8 points)
#
# While a network learns, the numbers that arrive at a layer drift: the layer below changes too. Batch normalisation
# takes the drift out. Every feature is shifted and stretched so that it has mean 0 and variance 1 *within the batch*;
# then two learned numbers per feature, $\gamma$ and $\beta$, give back what scale and place the network wants.
#
# $$\mu = \frac1N \sum_i x_i \qquad \sigma^2 = \frac1N \sum_i (x_i - \mu)^2 \qquad
# \hat x_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}} \qquad y_i = \gamma\, \hat x_i + \beta$$
#
# A sample's result now depends on its companions, and at test time there may be none. So in training two *running*
# statistics follow those of the batches, and at test time they take the place of $\mu$ and $\sigma^2$:
#
# $$\text{running} \leftarrow (1 - \text{momentum}) \cdot \text{running} + \text{momentum} \cdot \text{batch}, \qquad
# \text{with the unbiased variance } \tfrac{N}{N-1}\sigma^2$$
#
# On the way back, $\mu$ and $\sigma^2$ are functions of the batch. With $g_i = \gamma\, \partial L/\partial y_i$,
#
# $$\frac{\partial L}{\partial x_i} = \frac{1}{\sqrt{\sigma^2 + \epsilon}} \Bigl( g_i - \frac1N \sum_j g_j - \hat x_i\,
# \frac1N \sum_j g_j \hat x_j \Bigr) \qquad \frac{\partial L}{\partial \gamma} = \sum_i \frac{\partial L}{\partial y_i} \hat x_i
# \qquad \frac{\partial L}{\partial \beta} = \sum_i \frac{\partial L}{\partial y_i}$$
#
# | member | meaning |
# |---|---|
# | `BatchNorm1d(D, eps=1e-5, momentum=0.1)` | `gamma` ones, `beta` zeros, `running_mean` zeros, `running_var` ones, each `(D,)` float64, whatever `X` is |
# | `forward(X, train)` | `X (N, D)` -> `(N, D)`, float32 for float32; with `train=True` the running statistics move; `N = 1` is then a `ValueError`, and they stay |
# | `backward(dY)` | `(N, D)` -> `dX (N, D)` for the last `forward`, in training or not (nobody changes `gamma` in between); sets `dgamma`, `dbeta`, each `(D,)` |
#
# **On paper.** One feature, batch $(1, 3, 5, 7)$, $\epsilon = 0$: mean 4, variance 5, unbiased $20/3$. The result is
# $(-3, -1, 1, 3)/\sqrt5$, the running statistics become $0.4$ and $0.9 + 2/3 = 1.5667$. With $\partial L/\partial y =
# (1, 0, 0, 0)$ the gradient is $(0.3, -0.4, -0.1, 0.2)/\sqrt5$, and it sums to 0. Why must it?
#
# **What usually goes wrong**
# - Which variance normalises, and which one is remembered?
# - May `forward(X, train=False)` look at the other rows of `X`? May it change `running_mean`?
# - If the loss is $\sum y^2$, what is the gradient with respect to $x$ (when $\epsilon$ is tiny)? Is that loss a good test?
# - After a `forward` with `train=False`, are there still terms for $\mu$ and $\sigma^2$ in the gradient?
# - What is $\frac1N \sum x^2 - \mu^2$ in floating point for $x \approx 10^6$?
# - What happens when `backward` is called twice?
#
# *Read:* Prince §11.4; Goodfellow §8.7.1. Paper: Ioffe and Szegedy 2015.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q12


class BatchNorm1d:
    """Normalises each of D features over the batch, then scales by gamma and shifts by beta."""

    def __init__(self, D: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        """gamma, running_var: ones (D,);  beta, running_mean: zeros (D,)"""
        # BEGIN SOLUTION NO PROMPT
        self.eps, self.momentum = eps, momentum
        self.gamma, self.beta = np.ones(D), np.zeros(D)
        self.running_mean, self.running_var = np.zeros(D), np.ones(D)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q12: BatchNorm1d is not implemented yet")
        """  # END PROMPT

    def forward(self, X: np.ndarray, train: bool) -> np.ndarray:
        """X: (N, D);  returns (N, D). With train, uses and remembers the batch's statistics; needs N > 1 then."""
        # BEGIN SOLUTION NO PROMPT
        X = as_float(X)
        N = len(X)
        if train and N < 2:
            raise ValueError("batch normalisation in training needs at least two samples")
        mean, var = self.running_mean, self.running_var
        if train:
            mean = X.mean(axis=0)
            var = np.mean((X - mean) ** 2, axis=0)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var * N / (N - 1)
        self.train = train
        self.inverse = 1 / np.sqrt(var + self.eps)  # (D,)
        self.Xhat = (X - mean) * self.inverse  # (N, D)
        return (self.gamma * self.Xhat + self.beta).astype(X.dtype)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q12: BatchNorm1d.forward is not implemented yet")
        """  # END PROMPT

    def backward(self, dY: np.ndarray) -> np.ndarray:
        """dY: (N, D), for the last forward;  returns dX (N, D) and sets dgamma (D,), dbeta (D,)."""
        # BEGIN SOLUTION NO PROMPT
        dY = as_float(dY)
        self.dgamma = (dY * self.Xhat).sum(axis=0)
        self.dbeta = dY.sum(axis=0)
        dX = self.gamma * self.inverse * dY  # all there is when the statistics are constants
        if self.train:
            dX = dX - self.gamma * self.inverse * (self.dbeta + self.Xhat * self.dgamma) / len(dY)
        return dX.astype(dY.dtype)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q12: BatchNorm1d.backward is not implemented yet")
        """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_batch_by_hand(BatchNorm1d):
    """the batch (1, 3, 5, 7): result and running statistics"""
    layer = BatchNorm1d(1, eps=0.0)
    y = layer.forward(np.array([[1.0], [3.0], [5.0], [7.0]]), train=True)
    assert near(y, np.array([[-3.0], [-1.0], [1.0], [3.0]]) / np.sqrt(5)), (
        f"(-3, -1, 1, 3) / sqrt(5) is due, yours is {np.ravel(y)}"
    )
    assert near(layer.running_mean, [0.4]), f"running_mean is 0.1 * 4, yours is {layer.running_mean}"
    assert near(layer.running_var, [1.566667], 1e-5), f"running_var is 0.9 + 0.1 * 20/3, yours is {layer.running_var}"


# %%
def test_gradient_by_hand(BatchNorm1d):
    """the gradient of the first result; beta's and gamma's"""
    layer = BatchNorm1d(1, eps=0.0)
    layer.forward(np.array([[1.0], [3.0], [5.0], [7.0]]), train=True)
    dX = layer.backward(np.array([[1.0], [0.0], [0.0], [0.0]]))
    assert near(dX, np.array([[0.3], [-0.4], [-0.1], [0.2]]) / np.sqrt(5)), (
        f"(0.3, -0.4, -0.1, 0.2) / sqrt(5) is due, yours is {np.ravel(dX)}"
    )
    assert near(layer.dbeta, [1.0]), f"dbeta is 1, yours is {layer.dbeta}"
    assert near(layer.dgamma, [-3 / np.sqrt(5)]), f"dgamma is the first xhat, -1.3416, yours is {layer.dgamma}"


# %%
def test_one_row_at_test_time(BatchNorm1d):
    """without train a single row works, and uses the running statistics"""
    layer = BatchNorm1d(3)
    y = layer.forward(np.array([[1.0, -2.0, 0.5]]), train=False)
    assert near(y, [[1.0, -2.0, 0.5]], 1e-4), f"running mean 0 and variance 1 change next to nothing; yours gives {y}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: what arrives at the tenth layer, with and without batch normalisation


@experiment
def signal_through_depth():
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 64))
    fig, axes = plt.subplots(1, 2, figsize=(11, 3.2), sharey=True)
    for axis, normal in zip(axes, (False, True), strict=True):
        for scale, colour, width in ((0.8, "tab:blue", 9), (1.5, "tab:green", 5), (3.0, "tab:red", 1.5)):
            H, spread = X, []
            for _ in range(10):
                Z = H @ (rng.normal(size=(64, 64)) * scale / 8)
                Z = BatchNorm1d(64).forward(Z, train=True) if normal else Z
                H = np.maximum(Z, 0)
                spread.append(H.std())
            label = f"weights {scale} / sqrt(64)"  # equal curves lie on one another: the first is the widest
            axis.semilogy(range(1, 11), spread, color=colour, linewidth=width, label=label)
        axis.set(xlabel="layer", title="with batch norm" if normal else "without")
    axes[0].set_ylabel("standard deviation of the activations")
    axes[1].legend()
    fig.tight_layout()
    plt.show()
