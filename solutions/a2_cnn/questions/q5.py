# %% [raw]
# # BEGIN QUESTION
# name: q5
# points: 0

# %% [markdown]
# ## q5. Pooling, forward and backward (9 points)
#
# Pooling makes maps smaller by keeping one number of every window: the **maximum** ("is the feature anywhere here?") or
# the **average** ("how much of it?"). Nothing is learned; every channel is pooled by itself. Global average pooling takes the
# whole map as one window and has replaced the large fully connected layers at the end of modern networks.
#
# Windows have the size `k`, move on by `stride`, and may overlap or leave gaps; sizes are those of q1, rounded down.
# Padding never takes part: in max pooling a padded place never wins, and the average is one over the *pixels* in the
# window; only with `count_include_pad=True` it is divided by $k_h k_w$ everywhere, as if the padding were pixels with a 0.
#
# Backwards every window has one number `dy` to give away. Max pooling hands it to the winner alone, average pooling
# divides it equally among those that were averaged. A pixel in several windows adds up what it gets, and one in a gap gets 0. If several pixels of a
# window are equal and the largest, the **first** one wins, row by row from the top left, and takes everything.
#
# | function | arguments | returns |
# |---|---|---|
# | `maxpool2d_forward` | `x (N, C, H, W)`; `k`, `stride`, `pad`: pairs (rows, columns), `pad` smaller than `k` | `y (N, C, Ho, Wo)`, cache |
# | `avgpool2d_forward` | the same, and `count_include_pad` | `y`, cache |
# | `maxpool2d_backward`, `avgpool2d_backward` | `dy (N, C, Ho, Wo)`, cache | `dx`, the shape of `x` |
# | `global_avg_pool` | `x (N, C, H, W)` | `(N, C)` |
# | `global_avg_pool_backward` | `dy (N, C)`, `x_shape` | `dx (N, C, H, W)` |
#
# Pixels are finite, and so are their sums. What is in the cache is up to you, but it must not depend on `x` and `y` staying as they are: the layer behind may
# be an in-place ReLU. And backward may be called more than once with the same cache.
#
# **On paper.** Windows of 2x2 with stride 2:
#
# $$x = \begin{pmatrix} 1&1&2&4 \\ 5&6&7&8 \\ 3&2&1&0 \\ 1&2&3&4 \end{pmatrix} \quad
# \max: \begin{pmatrix} 6&8 \\ 3&4 \end{pmatrix} \quad
# \text{mean}: \begin{pmatrix} 3.25&5.25 \\ 2&2 \end{pmatrix} \quad
# \mathrm{d}y = \begin{pmatrix} 1&2 \\ 3&4 \end{pmatrix} \Rightarrow
# \mathrm{d}x_{\max} = \begin{pmatrix} 0&0&0&0 \\ 0&1&0&2 \\ 3&0&0&0 \\ 0&0&0&4 \end{pmatrix}$$
#
# For the average, all four pixels at the bottom right get $4/4 = 1$. What do they get if the windows are 3x3 with stride 1?
#
# **What usually goes wrong**
# - All pixels of an image are negative. Who wins in a window at the border, if the padding is 0?
# - What is $-\infty$ plus anything, divided by four?
# - `x == y_upsampled` marks the winners. How many are there in a window of equal numbers, as after every ReLU?
# - Two windows have the same winner. What does it get?
# - How many pixels has the window in the corner of an image that is padded by 1?
# - `cache = x` costs nothing. What is in it when backward is called?
#
# *Read:* Prince §10.4; Goodfellow §9.3. Papers: LeCun et al. 1998 (averages); Scherer, Müller and Behnke 2010 (maximum against
# average); Lin et al. 2013 (global average).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q5


# BEGIN SOLUTION NO PROMPT
def windows_of(x, k, stride, pad, fill):
    """All windows of the padded maps, as (N, C, Ho, Wo, kh, kw)."""
    x = np.pad(x, ((0, 0), (0, 0), (pad[0], pad[0]), (pad[1], pad[1])), constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(x, k, axis=(2, 3))[:, :, :: stride[0], :: stride[1]]


def add_windows(messages, x_shape, stride, pad):
    """Add messages (N, C, Ho, Wo, kh, kw) to the pixels that they are meant for."""
    _, _, Ho, Wo, kh, kw = messages.shape
    (N, C, H, W), (sh, sw), (ph, pw) = x_shape, stride, pad
    dx = np.zeros((N, C, H + 2 * ph, W + 2 * pw), dtype=messages.dtype)
    for t, u in np.ndindex(kh, kw):
        dx[:, :, t : t + sh * (Ho - 1) + 1 : sh, u : u + sw * (Wo - 1) + 1 : sw] += messages[..., t, u]
    return dx[:, :, ph : ph + H, pw : pw + W]


# END SOLUTION


def maxpool2d_forward(
    x: np.ndarray, k: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int]
) -> tuple[np.ndarray, object]:
    """The maximum of every window; padded places never win.

    x: (N, C, H, W);  k, stride, pad: (rows, columns), pad < k;  returns (y (N, C, Ho, Wo), cache)
    """
    # BEGIN SOLUTION NO PROMPT
    x = as_float(x)
    windows = windows_of(x, k, stride, pad, -np.inf)
    windows = windows.reshape(*windows.shape[:4], -1)
    winner = windows.argmax(axis=-1)[..., None]  # the first of equals
    y = np.take_along_axis(windows, winner, axis=-1)[..., 0]
    return y, (winner, x.shape, k, stride, pad)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: maxpool2d_forward is not implemented yet")
    """  # END PROMPT


def maxpool2d_backward(dy: np.ndarray, cache: object) -> np.ndarray:
    """dy: (N, C, Ho, Wo);  cache: from the forward pass;  returns dx with the shape of x."""
    # BEGIN SOLUTION NO PROMPT
    winner, x_shape, (kh, kw), stride, pad = cache
    dy = as_float(dy)
    messages = (winner == np.arange(kh * kw)) * dy[..., None]  # (N, C, Ho, Wo, kh*kw)
    return add_windows(messages.reshape(*dy.shape, kh, kw), x_shape, stride, pad)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: maxpool2d_backward is not implemented yet")
    """  # END PROMPT


def avgpool2d_forward(
    x: np.ndarray,
    k: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    count_include_pad: bool = False,
) -> tuple[np.ndarray, object]:
    """The mean of the pixels of every window; with count_include_pad the padding counts as pixels with a 0.

    x: (N, C, H, W);  k, stride, pad: (rows, columns), pad < k;  returns (y (N, C, Ho, Wo), cache)
    """
    # BEGIN SOLUTION NO PROMPT
    x = as_float(x)
    sums = windows_of(x, k, stride, pad, 0).sum(axis=(-2, -1))
    pixels = windows_of(np.ones_like(x[:1, :1]), k, stride, pad, float(count_include_pad)).sum(axis=(-2, -1))
    return sums / pixels, (pixels, x.shape, k, stride, pad)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: avgpool2d_forward is not implemented yet")
    """  # END PROMPT


def avgpool2d_backward(dy: np.ndarray, cache: object) -> np.ndarray:
    """dy: (N, C, Ho, Wo);  cache: from the forward pass;  returns dx with the shape of x."""
    # BEGIN SOLUTION NO PROMPT
    pixels, x_shape, k, stride, pad = cache
    share = as_float(dy) / pixels
    return add_windows(np.broadcast_to(share[..., None, None], (*share.shape, *k)), x_shape, stride, pad)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: avgpool2d_backward is not implemented yet")
    """  # END PROMPT


def global_avg_pool(x: np.ndarray) -> np.ndarray:
    """The mean of every map.  x: (N, C, H, W);  returns (N, C)"""
    # BEGIN SOLUTION NO PROMPT
    return as_float(x).mean(axis=(2, 3))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: global_avg_pool is not implemented yet")
    """  # END PROMPT


def global_avg_pool_backward(dy: np.ndarray, x_shape: tuple[int, int, int, int]) -> np.ndarray:
    """dy: (N, C);  returns dx of shape x_shape = (N, C, H, W)."""
    # BEGIN SOLUTION NO PROMPT
    share = as_float(dy) / (x_shape[2] * x_shape[3])
    return np.broadcast_to(share[:, :, None, None], x_shape).copy()
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: global_avg_pool_backward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_maximum_of_the_lecture(maxpool2d_forward, maxpool2d_backward):
    """max pooling on paper, and the way back to the winners"""
    x = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
    y, cache = maxpool2d_forward(x, (2, 2), (2, 2), (0, 0))
    assert near(y, [[[[6, 8], [3, 4]]]]), f"6 8 and 3 4, yours:\n{y}"
    dx = maxpool2d_backward(np.array([[[[1.0, 2], [3, 4]]]]), cache)
    expected = [[[[0, 0, 0, 0], [0, 1, 0, 2], [3, 0, 0, 0], [0, 0, 0, 4]]]]
    assert near(dx, expected), f"1, 2, 3, 4 go to the places of 6, 8, 3, 4; yours:\n{dx}"


# %%
def test_average_of_the_lecture(avgpool2d_forward, avgpool2d_backward):
    """average pooling on paper; every pixel gets a quarter"""
    x = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
    y, cache = avgpool2d_forward(x, (2, 2), (2, 2), (0, 0))
    assert near(y, [[[[3.25, 5.25], [2, 2]]]]), f"3.25 5.25 and 2 2, yours:\n{y}"
    dx = avgpool2d_backward(np.array([[[[4.0, 8], [12, 16]]]]), cache)
    expected = [[[[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]]]
    assert near(dx, expected), f"4 / 4 = 1 for each pixel of the first window and so on; yours:\n{dx}"


# %%
def test_padding_takes_no_part(maxpool2d_forward, avgpool2d_forward):
    """a padded image of minus ones: maximum and average are -1 everywhere"""
    x = -np.ones((1, 1, 2, 3))
    largest, _ = maxpool2d_forward(x, (2, 2), (1, 1), (1, 1))
    mean, _ = avgpool2d_forward(x, (2, 2), (1, 1), (1, 1))
    both, _ = avgpool2d_forward(x, (2, 2), (1, 1), (1, 1), count_include_pad=True)
    assert near(largest, -np.ones((1, 1, 3, 4))), f"-1 everywhere, for the padding never wins; yours:\n{largest}"
    assert near(mean, -np.ones((1, 1, 3, 4))), f"-1 everywhere, for only pixels are averaged; yours:\n{mean}"
    assert near(both[0, 0, 0, 0], -0.25), f"with count_include_pad the corner is -1/4, yours is {both[0, 0, 0, 0]}"


# %%
def test_a_whole_map_is_one_window(global_avg_pool, global_avg_pool_backward):
    """global average pooling: one number a map, shared by six pixels"""
    y = global_avg_pool(np.arange(12.0).reshape(1, 2, 2, 3))
    assert near(y, [[2.5, 8.5]]), f"the means of 0..5 and 6..11 are 2.5 and 8.5, yours: {y}"
    dx = global_avg_pool_backward(np.array([[6.0, 12.0]]), (1, 2, 2, 3))
    expected = np.array([1.0] * 6 + [2.0] * 6).reshape(1, 2, 2, 3)
    assert near(dx, expected), f"6 and 12 are shared by six pixels each: 1 and 2; yours:\n{dx}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: three ways to make a picture smaller; which one loses the thin lines?


@experiment
def smaller():
    import matplotlib.pyplot as plt
    from datasets import shapes

    X, _, _ = shapes(1, np.random.default_rng(8), size=48, noise=0.02)
    X[0, 0, 5, :] = X[0, 0, :, 11] = 1.0  # two thin lines
    fig, axes = plt.subplots(3, 4, figsize=(10, 7.5))
    for row, name in zip(axes, ["maximum", "average", "every second pixel"], strict=True):
        picture = X
        for ax in row:
            ax.imshow(picture[0, 0], cmap="gray", vmin=0, vmax=1)
            ax.set_title(f"{name}, {picture.shape[2]} x {picture.shape[3]}", fontsize=9)
            ax.axis("off")
            if name == "maximum":
                picture, _ = maxpool2d_forward(picture, (2, 2), (2, 2), (0, 0))
            elif name == "average":
                picture, _ = avgpool2d_forward(picture, (2, 2), (2, 2), (0, 0))
            else:
                picture = picture[:, :, ::2, ::2]
    plt.show()


# %%
# experiment: how much does a map change when the image moves by some pixels?


@experiment
def calm():
    import matplotlib.pyplot as plt

    state = np.random.default_rng(0)
    x = np.maximum(state.normal(size=(1, 8, 64, 64)) - 1.5, 0)  # features that are rare, as behind a ReLU
    shifts, ways = range(9), {"nothing": None, "max 2": 2, "max 4": 4, "max 8": 8}
    for label, k in ways.items():
        maps = [np.roll(x, shift, axis=3) for shift in shifts]
        if k:
            maps = [maxpool2d_forward(m, (k, k), (k, k), (0, 0))[0] for m in maps]
        likeness = [np.corrcoef(maps[0].ravel(), m.ravel())[0, 1] for m in maps]
        plt.plot(shifts, likeness, "o-", label=label)
    plt.xlabel("shift in pixels")
    plt.ylabel("correlation with the map before")
    plt.legend()
    plt.show()
