# %% [raw]
# # BEGIN QUESTION
# name: q7
# points: 0

# %% [markdown]
# ## q7. Batch norm and group norm for feature maps (7 points)
#
# Deep networks train better if the maps in between keep a mean of 0 and a variance of 1. Normalisation makes them so and then
# hands the network two numbers a channel, $\gamma_c$ and $\beta_c$, to choose its own scale and shift:
#
# $$\hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \qquad y = \gamma_c\, \hat x + \beta_c$$
#
# with a small $\epsilon > 0$. The only question is **over what** $\mu$ and $\sigma^2 = \text{mean}\,(x - \mu)^2$ are taken.
#
# | | one mean for each | over | numbers averaged |
# |---|---|---|---|
# | batch norm, training | channel | all images, rows, columns | $m = N H W$ |
# | group norm, $G$ groups | image and group | the $C/G$ **consecutive** channels of the group, rows, columns | $m = \frac{C}{G} H W$ |
#
# Group norm knows one image only, and does the same in training and afterwards ($G = 1$ is called layer norm, $G = C$ instance
# norm). Batch norm cannot do that: a single image in operation has no batch. So in training it keeps running averages,
#
# $$r \leftarrow (1 - \text{momentum})\; r + \text{momentum} \cdot s$$
#
# with $s = \mu$ for the mean, and for the variance the *unbiased* $s = \frac{m}{m - 1}\, \sigma^2$ (only there; in training $m$ is at least 2); and with
# `train=False` it normalises with these two and leaves them as they are.
#
# **Backward.** In training $\mu$ and $\sigma$ depend on every pixel, so every pixel's gradient has three parts. With
# $g = \gamma_c \cdot \mathrm{d}y$, and means over the same numbers as in the forward pass,
#
# $$\mathrm{d}x = \frac{g - \text{mean}(g) - \hat x \cdot \text{mean}(g\, \hat x)}{\sqrt{\sigma^2 + \epsilon}} \qquad
# \mathrm{d}\gamma_c = \sum \mathrm{d}y\; \hat x \qquad \mathrm{d}\beta_c = \sum \mathrm{d}y$$
#
# where the last two sums run over everything that $\gamma_c$ was used for: images, rows and columns, in both layers. With
# `train=False` the statistics are constants. What remains of $\mathrm{d}x$?
#
# | function | arguments | returns |
# |---|---|---|
# | `batchnorm2d_forward` | `x (N, C, H, W)`; `gamma`, `beta` `(C,)`; `running`: dict with "mean" and "var", `(C,)` each; `train`; `momentum`; `eps` | `y`, cache; with `train=True` the caller's dict holds the new statistics afterwards (**in place**) |
# | `groupnorm_forward` | `x`, `G`, `gamma`, `beta` `(C,)`, `eps`; ValueError if $G$ does not divide $C$ | `y`, cache |
# | `batchnorm2d_backward`, `groupnorm_backward` | `dy (N, C, H, W)`, cache | `dx (N, C, H, W)`, `dgamma (C,)`, `dbeta (C,)` |
#
# Whether you write into the arrays of `running` or put new ones into the dict, float32 or float64, is up to you. The cache belongs to its own forward
# pass: later passes, also those that change `running`, must not touch it.
#
# **On paper.** Two images of 1 x 2 with one channel: $(1, 3)$ and $(5, 7)$. $\mu = 4$, $\sigma^2 = 5$, so $\hat x = (-3, -1, 1, 3)/\sqrt 5$.
# The unbiased variance is $\frac43 \cdot 5 = 6.667$. A running mean of 0 becomes $0.4$, a running variance of 1 becomes
# $0.9 + 0.6667 = 1.5667$. Group norm with one group instead sees $(1, 3)$ alone: $\mu = 2$, $\sigma^2 = 1$, $\hat x = (-1, 1)$, and the
# same for the other image.
#
# **What usually goes wrong**
# - `x.reshape(-1, C)` of an array `(N, C, H, W)`: what is in a column?
# - `gamma * x_hat` with shapes `(C,)` and `(N, C, H, W)`: along which axis is that, and when does NumPy not complain?
# - In the $\frac{m}{m-1}$ of the running variance: is $m$ the size of the batch?
# - `running = {...}` inside a function: whose dict is that?
# - Which channels form the second of three groups of six channels: 2 and 3, or 1 and 4?
# - In group norm several $\gamma$ meet in one mean. Is $\text{mean}(\gamma\,\mathrm{d}y)$ then still $\gamma \cdot \text{mean}(\mathrm{d}y)$?
# - $\sigma^2 = \text{mean}(x^2) - \mu^2$: what is left of it if $x$ is about a million?
#
# *Read:* Prince §11.4; Goodfellow §8.7.1. Papers: Ioffe and Szegedy 2015; Wu and He 2018 (group norm).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q7


# BEGIN SOLUTION NO PROMPT
def normalise(x, axes, eps):
    """x_hat and 1 / sqrt(var + eps), statistics over `axes`."""
    centred = x - x.mean(axis=axes, keepdims=True)
    scale = 1 / np.sqrt((centred**2).mean(axis=axes, keepdims=True) + eps)
    return centred * scale, scale


def normalise_backward(g, x_hat, scale, axes):
    """g: the gradient that arrives at x_hat;  returns the one that leaves for x."""
    from_mean = g.mean(axis=axes, keepdims=True)
    from_scale = x_hat * (g * x_hat).mean(axis=axes, keepdims=True)
    return scale * (g - from_mean - from_scale)


def in_groups(x, G):
    """(N, C, H, W) as (N, G, everything in the group)."""
    return x.reshape(x.shape[0], G, -1)


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
    """Normalise every channel: with the statistics of this batch (train) or with the running ones.

    x: (N, C, H, W);  gamma, beta: (C,);  returns (y, cache)
    running: dict of "mean" and "var", (C,) each, updated in place if train is True
    """
    # BEGIN SOLUTION NO PROMPT
    x = as_float(x)
    gamma, beta = (as_float(v).astype(x.dtype)[:, None, None] for v in (gamma, beta))
    if train:
        m = x.size // x.shape[1]
        x_hat, scale = normalise(x, (0, 2, 3), eps)
        for name, seen in (("mean", x.mean(axis=(0, 2, 3))), ("var", x.var(axis=(0, 2, 3)) * m / (m - 1))):
            running[name] = (1 - momentum) * running[name] + momentum * seen
    else:
        mean, var = (as_float(running[name]).astype(x.dtype)[:, None, None] for name in ("mean", "var"))
        scale = 1 / np.sqrt(var + eps)
        x_hat = (x - mean) * scale
    return gamma * x_hat + beta, (x_hat, scale, gamma, train)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: batchnorm2d_forward is not implemented yet")
    """  # END PROMPT


def batchnorm2d_backward(dy: np.ndarray, cache: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (N, C, H, W);  returns (dx (N, C, H, W), dgamma (C,), dbeta (C,))."""
    # BEGIN SOLUTION NO PROMPT
    x_hat, scale, gamma, train = cache
    dy = as_float(dy)
    g = gamma * dy
    dx = normalise_backward(g, x_hat, scale, (0, 2, 3)) if train else g * scale
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: batchnorm2d_backward is not implemented yet")
    """  # END PROMPT


def groupnorm_forward(
    x: np.ndarray, G: int, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, object]:
    """Normalise G groups of C/G consecutive channels, every image for itself.

    x: (N, C, H, W);  gamma, beta: (C,);  returns (y, cache);  raises ValueError if G does not divide C
    """
    # BEGIN SOLUTION NO PROMPT
    if x.shape[1] % G:
        raise ValueError(f"{x.shape[1]} channels cannot be divided into {G} groups")
    x = as_float(x)
    gamma, beta = (as_float(v).astype(x.dtype)[:, None, None] for v in (gamma, beta))
    x_hat, scale = normalise(in_groups(x, G), 2, eps)
    return gamma * x_hat.reshape(x.shape) + beta, (x_hat, scale, gamma, G)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: groupnorm_forward is not implemented yet")
    """  # END PROMPT


def groupnorm_backward(dy: np.ndarray, cache: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (N, C, H, W);  returns (dx (N, C, H, W), dgamma (C,), dbeta (C,))."""
    # BEGIN SOLUTION NO PROMPT
    x_hat, scale, gamma, G = cache
    dy = as_float(dy)
    dx = normalise_backward(in_groups(gamma * dy, G), x_hat, scale, 2).reshape(dy.shape)
    return dx, (dy * x_hat.reshape(dy.shape)).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: groupnorm_backward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_batch_norm_on_paper(batchnorm2d_forward):
    """batch norm of (1, 3) and (5, 7), and the running averages"""
    x, one, zero = np.array([1.0, 3, 5, 7]).reshape(2, 1, 1, 2), np.ones(1), np.zeros(1)
    running = {"mean": np.zeros(1), "var": np.ones(1)}
    y, _ = batchnorm2d_forward(x, one, zero, running, True, eps=0.0)
    expected = np.array([-3.0, -1, 1, 3]).reshape(2, 1, 1, 2) / np.sqrt(5)
    assert near(y, expected), f"(-3, -1, 1, 3) / sqrt(5), yours:\n{y}"
    assert near(running["mean"], [0.4]), f"the running mean becomes 0.9 * 0 + 0.1 * 4 = 0.4, yours: {running['mean']}"
    assert near(running["var"], [0.9 + 2 / 3]), f"the running variance becomes 1.5667, yours: {running['var']}"


# %%
def test_channels_of_a_batch(batchnorm2d_forward):
    """after batch norm every channel has mean beta and standard deviation gamma"""
    x = np.random.default_rng(0).normal(3, 5, size=(4, 3, 6, 5))
    running = {"mean": np.zeros(3), "var": np.ones(3)}
    y, _ = batchnorm2d_forward(x, np.array([1.0, 2, 3]), np.array([0.0, 5, -5]), running, True)
    assert np.shape(y) == x.shape, f"y has the shape of x, {x.shape}; yours has {np.shape(y)}"
    mean, std = y.mean(axis=(0, 2, 3)), y.std(axis=(0, 2, 3))
    assert near(mean, [0, 5, -5]), f"the means of the channels are beta, 0 5 -5; yours: {mean}"
    assert near(std, [1, 2, 3], 1e-4), f"the standard deviations are gamma, 1 2 3; yours: {std}"


# %%
def test_groups_of_one_image(groupnorm_forward):
    """group norm: four channels in two groups, the first two and the last two"""
    x = np.array([1.0, 3, 10, 30]).reshape(1, 4, 1, 1)
    y, _ = groupnorm_forward(x, 2, np.ones(4), np.zeros(4), eps=0.0)
    assert near(np.ravel(y), [-1, 1, -1, 1]), f"1, 3 and 10, 30 are two groups: -1 1 -1 1; yours: {np.ravel(y)}"


# %%
def test_slopes_by_differences(batchnorm2d_forward, batchnorm2d_backward, groupnorm_forward, groupnorm_backward):
    """the gradients of both layers against finite differences in two pixels"""
    state = np.random.default_rng(2)
    x, dy = state.normal(size=(2, 4, 2, 3)), state.normal(size=(2, 4, 2, 3))
    gamma, beta = np.array([1.0, 2, -1, 0.5]), np.zeros(4)

    def batch(x):
        return batchnorm2d_forward(x, gamma, beta, {"mean": np.zeros(4), "var": np.ones(4)}, True)

    def group(x):
        return groupnorm_forward(x, 2, gamma, beta)

    for name, layer, backward in (
        ("batch norm", batch, batchnorm2d_backward),
        ("group norm", group, groupnorm_backward),
    ):
        dx, dgamma, dbeta = backward(dy, layer(x)[1])
        for spot in [(0, 1, 0, 2), (1, 2, 1, 0)]:
            bump = np.zeros(x.shape)
            bump[spot] = 1e-5
            slope = np.sum(dy * (layer(x + bump)[0] - layer(x - bump)[0])) / 2e-5
            assert near(dx[spot], slope), f"{name}: dx[{spot}] is {slope:.6f}, yours is {dx[spot]:.6f}"
        assert near(dbeta, dy.sum(axis=(0, 2, 3))), f"{name}: dbeta is the sum of dy in each channel; yours: {dbeta}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: what an image becomes depends on the company it is in, or it does not


@experiment
def company():
    import matplotlib.pyplot as plt

    state = np.random.default_rng(0)
    image, gamma, beta, sizes = state.normal(size=(1, 8, 6, 6)), np.ones(8), np.zeros(8), [2, 4, 8, 16, 32, 64]
    spread = {"batch norm": [], "group norm, 4 groups": []}
    for N in sizes:
        answers = {name: [] for name in spread}
        for _ in range(30):
            batch = np.concatenate([image, state.normal(0.5, 2, size=(N - 1, 8, 6, 6))])
            running = {"mean": np.zeros(8), "var": np.ones(8)}
            answers["batch norm"].append(batchnorm2d_forward(batch, gamma, beta, running, True)[0][0])
            answers["group norm, 4 groups"].append(groupnorm_forward(batch, 4, gamma, beta)[0][0])
        for name, seen in answers.items():
            spread[name].append(np.std(seen, axis=0).mean())
    for name, values in spread.items():
        plt.plot(sizes, values, "o-", label=name)
    plt.xscale("log", base=2)
    plt.xticks(sizes, sizes)
    plt.xlabel("batch size")
    plt.ylabel("how much the same image varies")
    plt.legend()
    plt.show()


# %%
# experiment: running averages forget: how fast, and how nervously?


@experiment
def forgetting():
    import matplotlib.pyplot as plt

    for momentum in (0.01, 0.1, 0.5):
        state, running, seen = np.random.default_rng(1), {"mean": np.zeros(1), "var": np.ones(1)}, []
        for step in range(300):
            x = state.normal(2.0 if step < 150 else -1.0, 3.0, size=(4, 1, 3, 3))  # the world changes at step 150
            batchnorm2d_forward(x, np.ones(1), np.zeros(1), running, True, momentum=momentum)
            seen.append(float(running["mean"][0]))
        plt.plot(seen, label=f"momentum {momentum}")
    plt.axhline(2.0, xmax=0.5, color="grey", linestyle=":")
    plt.axhline(-1.0, xmin=0.5, color="grey", linestyle=":")
    plt.xlabel("batch")
    plt.ylabel("running mean")
    plt.legend()
    plt.show()
