# %% [raw]
# # BEGIN QUESTION
# name: q2
# points: 0

# %% [markdown]
# ## q2. Convolution in one, two and three dimensions (9 points)
#
# A convolutional layer lays a small kernel over a signal at every place, multiplies what lies on top of each other and
# adds everything up. Signals may be sounds (one axis), images (two) or films and scans (three); the rule is the same. In
# one dimension, with stride $s$, dilation $d$ and the padded signal $\tilde x$:
#
# $$y_{n f i} = b_f + \sum_{c} \sum_{t = 0}^{K - 1} w_{f c t}\; \tilde x_{n,\, c,\; i s + t d}$$
#
# In two dimensions there is a second pair $(j, u)$ beside $(i, t)$, in three a third. The sum runs over **all channels**:
# a kernel is as deep as its input, and $F$ kernels make $F$ maps.
#
# | argument | shape | |
# |---|---|---|
# | `x` | `(N, C, *S)` | N signals of C channels; `S` has 1, 2 or 3 entries |
# | `w` | `(F, C, *K)` | F kernels, as many axes as `S` |
# | `b` | `(F,)` or `None` | one number for each map |
# | `stride`, `pad`, `dilation` | an int for all axes, or a tuple with one int an axis | zeros are put on both sides of an axis |
# | returns | `(N, F, *S')` | the sizes of q1, rounded down; ValueError if the kernel, with its gaps, does not fit along every axis |
#
# You get all dimensions for the price of one if you do not loop over places but over the entries of the *kernel*:
# entry $t$ meets the pixels $t d,\; t d + s,\; t d + 2 s, \dots$, which is a slice with a step. Of that slice
# `(N, C, *S')` and of `w[:, :, t]` with shape `(F, C)` only the channels are summed. `np.ndindex(*K)` runs through all
# entries of a kernel of any number of axes.
#
# **On paper.** The Sobel kernel on an image that is dark on the left and bright on the right:
#
# $$\begin{pmatrix} 0&0&1&1&1 \\ 0&0&1&1&1 \\ 0&0&1&1&1 \\ 0&0&1&1&1 \\ 0&0&1&1&1 \end{pmatrix}
# \quad\text{with}\quad
# \begin{pmatrix} -1&0&1 \\ -2&0&2 \\ -1&0&1 \end{pmatrix}
# \quad\text{gives}\quad
# \begin{pmatrix} 4&4&0 \\ 4&4&0 \\ 4&4&0 \end{pmatrix}$$
#
# The first entry is $1 + 2 + 1$ from the right column of the kernel. What would come out if the kernel were flipped? And the
# mean of three neighbours, in one dimension: $(1, 2, 6, 3)$ padded with one 0 on each side becomes $(1, 3, \frac{11}{3}, 3)$;
# with stride 2 only the first and the third are computed.
#
# **What usually goes wrong**
# - How many channels does the output have: $C$, $F$ or $F C$?
# - Which pixel is the last one that a slice for entry $t$ may touch, if the stride leaves pixels over?
# - Stride and dilation both skip pixels. Which of them multiplies $i$, and which $t$?
# - `y + b` adds $b$ along which axis of `(N, F, H', W')`? When does NumPy *not* complain about it?
# - What if `stride=(2, 3)`, but the image is square? Would you notice that the two were swapped?
# - Photographs come as uint8. What is 200 + 100 in uint8?
#
# *Read:* Prince §10.2-10.3; Goodfellow §9.1-9.2 and §9.5; Bishop §5.5.6. Papers: Waibel et al. 1989 (time-delay networks,
# one dimension); LeCun et al. 1998 (two); Tran et al. 2015 (three).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q2


def conv_nd_forward(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    stride: int | tuple[int, ...] = 1,
    pad: int | tuple[int, ...] = 0,
    dilation: int | tuple[int, ...] = 1,
) -> np.ndarray:
    """Convolution (the kernel is not flipped) over the last 1, 2 or 3 axes.

    x: (N, C, *S);  w: (F, C, *K);  b: (F,) or None;  stride, pad, dilation: an int, or one int an axis
    returns (N, F, *S')
    """
    # BEGIN SOLUTION NO PROMPT
    x, w = as_float(x), as_float(w)
    (N, _, *S), (F, _, *K) = x.shape, w.shape
    stride, pad, dilation = (v if isinstance(v, tuple) else (v,) * len(S) for v in (stride, pad, dilation))
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in pad)])
    axes = range(len(S))
    out = [(x.shape[2 + a] - dilation[a] * (K[a] - 1) - 1) // stride[a] + 1 for a in axes]
    if min(out) < 1:
        raise ValueError(f"a kernel of {K} does not fit on {S}")
    y = np.zeros((N, F, *out), dtype=x.dtype)
    for tap in np.ndindex(*K):
        first = [tap[a] * dilation[a] for a in axes]
        met = tuple(slice(first[a], first[a] + stride[a] * (out[a] - 1) + 1, stride[a]) for a in axes)
        y += np.einsum("nc...,fc->nf...", x[(..., *met)], w[(..., *tap)])  # the channels are summed
    if b is not None:
        y += as_float(b).reshape(F, *(1 for _ in S))
    return y
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q2: conv_nd_forward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_sobel(conv_nd_forward):
    """2-d: the Sobel kernel on the image with an edge"""
    image = np.array([[[[0, 0, 1, 1, 1]] * 5]], dtype=float)
    kernel = np.array([[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]], dtype=float)
    yours = conv_nd_forward(image, kernel, None)
    assert np.shape(yours) == (1, 1, 3, 3), f"5 - 3 + 1 = 3: the shape is (1, 1, 3, 3), yours is {np.shape(yours)}"
    assert near(yours[0, 0], [[4, 4, 0]] * 3), f"every row is 4 4 0, yours:\n{yours[0, 0]}"


# %%
def test_moving_average(conv_nd_forward):
    """1-d: the mean of three neighbours, padded, with strides 1 and 2"""
    x, w = np.array([[[1.0, 2.0, 6.0, 3.0]]]), np.full((1, 1, 3), 1 / 3)
    yours, strided = conv_nd_forward(x, w, None, pad=1), conv_nd_forward(x, w, None, stride=2, pad=1)
    assert near(yours, [[[1, 3, 11 / 3, 3]]]), f"(1, 3, 11/3, 3), yours is {yours}"
    assert near(strided, [[[1, 11 / 3]]]), f"with stride 2: (1, 11/3), yours is {strided}"


# %%
def test_channels_and_bias(conv_nd_forward):
    """channels are summed, every map has its own bias"""
    x = np.array([[[[1.0, 2.0]], [[10.0, 20.0]]]])  # one image, 2 channels, 1 row, 2 columns
    w = np.array([1.0, 1.0, 0.0, 2.0, -1.0, 0.0]).reshape(3, 2, 1, 1)
    yours = conv_nd_forward(x, w, np.array([0.0, 0.5, 100.0]))
    assert np.shape(yours) == (1, 3, 1, 2), f"3 kernels make 3 maps, yours have the shape {np.shape(yours)}"
    expected = [[[11, 22]], [[20.5, 40.5]], [[99, 98]]]
    assert near(yours[0], expected), f"the maps are (11, 22), (20.5, 40.5), (99, 98), yours: {yours[0]}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: what nine numbers can do to a picture; make kernels of your own


@experiment
def nine_numbers():
    import matplotlib.pyplot as plt
    from datasets import shapes

    kernels = {
        "blur": np.ones((3, 3)) / 9,
        "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
        "Sobel, columns": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        "Sobel, rows": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
        "Laplace": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
        "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
    }
    X, _, _ = shapes(3, np.random.default_rng(5), size=24, noise=0.02)
    w = np.array(list(kernels.values()), dtype=float)[:, None]  # (6, 1, 3, 3): six kernels at once
    maps = conv_nd_forward(X, w, None, pad=1)
    fig, axes = plt.subplots(3, 7, figsize=(13, 6))
    for row, image, answers in zip(axes, X, maps, strict=True):
        for ax, picture, title in zip(row, [image[0], *answers], ["image", *kernels], strict=True):
            ax.imshow(picture, cmap="gray")
            ax.axis("off")
            ax.set_title(title, fontsize=9)
    fig.tight_layout()
    plt.show()


# %%
# experiment: a film is a signal with three axes, and a kernel with a time axis sees motion


@experiment
def motion():
    import matplotlib.pyplot as plt

    time, row, column = np.mgrid[:12, :24, :24].astype(float)
    moving = np.exp(-((row - 8) ** 2 + (column - 3 - 1.5 * time) ** 2) / 4)
    resting = np.exp(-((row - 17) ** 2 + (column - 15) ** 2) / 4)
    film = (moving + resting)[None, None]  # (1, 1, time, height, width)
    to_the_right = np.zeros((1, 1, 2, 1, 3))
    to_the_right[0, 0, 0, 0, 0] = to_the_right[0, 0, 1, 0, 2] = 1  # here now, two columns further in the next frame
    to_the_right[0, 0, 0, 0, 2] = to_the_right[0, 0, 1, 0, 0] = -1  # and not the other way round
    answer = conv_nd_forward(film, to_the_right, None, pad=(0, 0, 1))
    fig, axes = plt.subplots(2, 5, figsize=(12, 5))
    for place, t in enumerate(range(0, 10, 2)):
        axes[0, place].imshow(film[0, 0, t], cmap="gray")
        axes[0, place].set_title(f"frame {t}")
        axes[1, place].imshow(answer[0, 0, t], cmap="coolwarm", vmin=-1, vmax=1)
        axes[1, place].set_title("what moves right is red", fontsize=8)
    for ax in axes.flat:
        ax.axis("off")
    plt.show()
