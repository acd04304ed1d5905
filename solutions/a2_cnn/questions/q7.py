# %% [raw]
# # BEGIN QUESTION
# name: q7
# points: 0

# %% [markdown]
# ## q7. Normalising maps: batch norm and group norm (7 points)
#
# A deep network trains badly when the numbers inside it drift in scale from layer to layer. Normalisation puts them
# back: subtract a mean, divide by a standard deviation, and give the network two parameters per channel to undo it
# where it wants to. The whole question is *over which entries* mean and variance are taken. In an image network a
# channel means the same thing at every place, so batch norm takes them over $(N, H, W)$, one pair per channel; group
# norm takes them over $(C/G, H, W)$, one pair per sample and group of neighbouring channels, and needs no batch at all.
#
# $$\hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \qquad y = \gamma_c\, \hat x + \beta_c \qquad
# \mu, \sigma^2:\ \text{mean and biased variance over the set } S \text{ that an entry belongs to}$$
#
# With $g = \gamma_c\, \partial L/\partial y$, the way back through mean and variance is, over the same sets,
#
# $$\frac{\partial L}{\partial x} = \frac{1}{\sqrt{\sigma^2 + \epsilon}} \Bigl( g - \operatorname{mean}_S(g) - \hat x
# \operatorname{mean}_S(g\, \hat x) \Bigr) \qquad
# \frac{\partial L}{\partial \gamma_c} = \sum_{n,h,w} \frac{\partial L}{\partial y}\, \hat x \qquad
# \frac{\partial L}{\partial \beta_c} = \sum_{n,h,w} \frac{\partial L}{\partial y}$$
#
# | function | arguments | returns |
# |---|---|---|
# | `batchnorm2d_forward` | `x (N, C, H, W)`, `gamma (C,)`, `beta (C,)`, `running {"mean": (C,), "var": (C,)}`, `train`, `momentum`, `eps` | `y` like `x`, `cache` |
# | `batchnorm2d_backward` | `dy (N, C, H, W)`, `cache` | `dx`, `dgamma (C,)`, `dbeta (C,)` |
# | `groupnorm_forward` | `x (N, C, H, W)`, `G`, `gamma (C,)`, `beta (C,)`, `eps` | `y` like `x`, `cache` |
# | `groupnorm_backward` | `dy`, `cache` | `dx`, `dgamma (C,)`, `dbeta (C,)` |
#
# With `train=True` the batch's own statistics are used, and the two arrays in `running` are moved towards them **in
# place**: `running += momentum * (batch - running)`, with the *unbiased* variance, $\frac{m}{m - 1}\sigma^2$ for
# $m = NHW$. With `train=False` the running statistics are used and nothing changes; then they are constants, and the
# gradient is simpler. Group $j$ of $G$ holds the channels $j C/G, \dots, (j+1) C/G - 1$; if $G$ does not divide $C$,
# raise `ValueError`.
#
# **On paper.** One channel, two images of two pixels: $(1, 3)$ and $(5, 7)$. Mean 4, variance 5, unbiased $20/3$.
# With $\epsilon = 0$ the result is $(-3, -1, 1, 3)/\sqrt 5$. Running values 0 and 1 become, with momentum 0.1, 0.4 and
# $0.9 + 2/3 = 1.5667$. Group norm with one group sees each image alone: $(-1, 1)$ and $(-1, 1)$.
#
# **What usually goes wrong**
# - `x.reshape(-1, C)` has the right shape. Does row 0 hold one pixel's channels, or the first C pixels of channel 0?
# - `gamma * x` runs without an error when `W == C`. Along which axis?
# - Is the factor $N/(N-1)$ or $m/(m-1)$?
# - `running["mean"] = ...` puts a new array into the dictionary. Who still holds the old one?
# - The mean depends on every $x$ of the channel. Which two terms of the gradient come from that, and when are they gone?
# - What is the mean of $x^2$ minus the square of the mean, when $x$ is about $10^6$?
#
# *Read:* Prince §11.4; Goodfellow §8.7.1. Papers: Ioffe and Szegedy 2015 (batch norm), Wu and He 2018 (group norm).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q7


# BEGIN SOLUTION NO PROMPT
def normalise(
    x: np.ndarray, axes: tuple[int, ...], eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x normalised over some axes; also its mean, its biased variance and 1 / sqrt(variance + eps), axes kept."""
    mean = x.mean(axis=axes, keepdims=True)
    var = np.mean((x - mean) ** 2, axis=axes, keepdims=True)
    scale = 1 / np.sqrt(var + eps)
    return (x - mean) * scale, mean, var, scale


def through_statistics(g: np.ndarray, xhat: np.ndarray, axes: tuple[int, ...], scale: np.ndarray) -> np.ndarray:
    """The gradient with respect to x of what `normalise` gives, for the gradient g with respect to its result."""
    return scale * (g - g.mean(axis=axes, keepdims=True) - xhat * (g * xhat).mean(axis=axes, keepdims=True))


# END SOLUTION
def batchnorm2d_forward(
    x: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    running: dict[str, np.ndarray],
    train: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[np.ndarray, object]:
    """Normalise every channel over the batch and all places; with train, move the running statistics in place.

    x: (N, C, H, W);  gamma, beta: (C,);  running: {"mean": (C,), "var": (C,)}
    returns (y like x, cache: whatever your backward pass needs)
    """
    # BEGIN SOLUTION NO PROMPT
    x = as_float(x)
    if train:
        m = x.size // x.shape[1]  # N H W
        xhat, mean, var, scale = normalise(x, (0, 2, 3), eps)
        running["mean"] += momentum * (mean.ravel() - running["mean"])
        running["var"] += momentum * (var.ravel() * m / (m - 1) - running["var"])
    else:
        scale = 1 / np.sqrt(running["var"][:, None, None] + eps)
        xhat = (x - running["mean"][:, None, None]) * scale
    y = gamma[:, None, None] * xhat + beta[:, None, None]  # (N, C, H, W)
    return y.astype(x.dtype), (xhat, gamma[:, None, None], scale, train)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: batchnorm2d_forward is not implemented yet")
    """  # END PROMPT


def batchnorm2d_backward(dy: np.ndarray, cache: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (N, C, H, W);  returns (dx like dy, dgamma (C,), dbeta (C,)), after a forward pass with train or without."""
    # BEGIN SOLUTION NO PROMPT
    xhat, gamma, scale, train = cache
    g = dy * gamma
    dx = through_statistics(g, xhat, (0, 2, 3), scale) if train else g * scale
    return dx.astype(dy.dtype), (dy * xhat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: batchnorm2d_backward is not implemented yet")
    """  # END PROMPT


def groupnorm_forward(
    x: np.ndarray, G: int, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, object]:
    """Normalise each sample over G groups of neighbouring channels; ValueError if G does not divide C.

    x: (N, C, H, W);  gamma, beta: (C,);  returns (y like x, cache)
    """
    # BEGIN SOLUTION NO PROMPT
    x = as_float(x)
    N, C, H, W = x.shape
    if C % G:
        raise ValueError(f"{G} groups do not divide {C} channels")
    xhat, _, _, scale = normalise(x.reshape(N, G, C // G, H, W), (2, 3, 4), eps)
    y = gamma[:, None, None] * xhat.reshape(x.shape) + beta[:, None, None]
    return y.astype(x.dtype), (xhat, gamma[:, None, None], scale)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: groupnorm_forward is not implemented yet")
    """  # END PROMPT


def groupnorm_backward(dy: np.ndarray, cache: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (N, C, H, W);  returns (dx like dy, dgamma (C,), dbeta (C,))"""
    # BEGIN SOLUTION NO PROMPT
    xhat, gamma, scale = cache
    g = (dy * gamma).reshape(xhat.shape)  # (N, G, C/G, H, W)
    dx = through_statistics(g, xhat, (2, 3, 4), scale).reshape(dy.shape)
    return dx.astype(dy.dtype), (dy * xhat.reshape(dy.shape)).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: groupnorm_backward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_batch_norm_by_hand(batchnorm2d_forward):
    """batch norm of the example on paper, and its running statistics"""
    x = np.array([1.0, 3.0, 5.0, 7.0]).reshape(2, 1, 1, 2)
    mean, var = np.zeros(1), np.ones(1)
    y, _ = batchnorm2d_forward(x, np.ones(1), np.zeros(1), {"mean": mean, "var": var}, True, eps=0.0)
    expected = np.array([-3.0, -1.0, 1.0, 3.0]).reshape(2, 1, 1, 2) / np.sqrt(5)
    assert near(y, expected), f"(-3, -1, 1, 3) / sqrt(5) is due, yours is {np.ravel(y)}"
    assert near(mean, [0.4]), f"the running mean is 0.4, in place; the array that was passed holds {mean}"
    assert near(var, [1.566667], 1e-5), f"the running variance is 0.9 + 0.1 * 20/3 = 1.5667, yours is {var}"


# %%
def test_every_channel_is_normalised(batchnorm2d_forward):
    """in training every channel has mean 0 and variance 1, whatever the shape"""
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(4, 3, 5, 2))
    y, _ = batchnorm2d_forward(x, np.ones(3), np.zeros(3), {"mean": np.zeros(3), "var": np.ones(3)}, True)
    y = np.asarray(y)
    assert y.shape == x.shape, f"y has the shape of x, {x.shape}; yours has {y.shape}"
    mean, var = y.mean(axis=(0, 2, 3)), y.var(axis=(0, 2, 3))
    assert near(mean, np.zeros(3)), f"mean of each channel: 0 is due, yours are {mean}"
    assert near(var, np.ones(3), 1e-4), f"variance of each channel: 1 is due, yours are {var}"


# %%
def test_groups_of_neighbours(groupnorm_forward):
    """group norm: channels 0, 1 are one group, channels 2, 3 the other; each sample by itself"""
    x = np.zeros((2, 4, 1, 1))
    x[0, :, 0, 0], x[1, :, 0, 0] = [1, 3, 10, 30], [0, 2, 5, 7]
    y, _ = groupnorm_forward(x, 2, np.ones(4), np.zeros(4), eps=0.0)
    expected = np.array([[-1, 1, -1, 1], [-1, 1, -1, 1]], dtype=float).reshape(2, 4, 1, 1)
    assert near(y, expected), f"(-1, 1) in every group, yours is {np.reshape(y, (2, 4))}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: how many images does a normalisation need? Noise of the statistics against the size of the batch


@experiment
def noise_of_small_batches():
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 8, 6, 6)) * np.linspace(0.5, 2, 8).reshape(-1, 1, 1) + rng.normal(size=(64, 1, 1, 1))
    gamma, beta = np.ones(8), np.zeros(8)
    sizes, spread = [2, 4, 8, 16, 32], {"batch norm": [], "group norm": []}
    for size in sizes:
        results = {name: [] for name in spread}
        for _ in range(100):  # image 0 beside other images each time
            batch = np.concatenate([x[:1], x[rng.integers(1, 64, size=size - 1)]])
            running = {"mean": np.zeros(8), "var": np.ones(8)}
            results["batch norm"].append(batchnorm2d_forward(batch, gamma, beta, running, True)[0][0])
            results["group norm"].append(groupnorm_forward(batch, 4, gamma, beta)[0][0])
        for name, values in results.items():
            spread[name].append(np.std(values, axis=0).mean())
    for name, values in spread.items():
        plt.plot(sizes, values, "o-", label=name)
    plt.xscale("log", base=2)
    plt.xlabel("images in the batch")
    plt.ylabel("how much one image's result\ndepends on its companions")
    plt.legend()
    plt.show()
