# %% [raw]
# # BEGIN QUESTION
# name: q6
# points: 0

# %% [markdown]
# ## q6. Transposed convolution and upsampling: the way back up (7 points)
#
# Networks that paint (segmentation, generators, decoders) have to make small maps large again. The simplest way repeats every
# pixel, **nearest-neighbour upsampling**. The other one is learned: in a **transposed convolution** every pixel of the
# small map lays a kernel, multiplied by its value, onto the large one, a stride apart; where kernels overlap they add up:
#
# $$\tilde y_{n,\, f,\; i s + t,\; j s + u} \mathrel{+}= \sum_c w_{c f t u}\; x_{n c i j} \qquad\text{then cut off } p \text{ on each side, then add } b_f$$
#
# You have seen this instruction: it is the gradient of the image in q3. Written as a matrix, the convolution is $y = A x$ and
# this is $A^T y$, hence the name; "deconvolution" is a misnomer, for it undoes nothing. It is the adjoint:
# $\langle \text{conv}(z), x \rangle = \langle z, \text{convT}(x) \rangle$ with the *same* array `w`, whose first axis counts
# the maps that came out of the convolution, and so here those that go **in**.
#
# $$H_o = (H - 1)\, s - 2 p + k_h + q$$
#
# Several image sizes lead to the same size after a strided convolution (7 and 8 rows both to 4 with $k = 3$, $s = 2$, $p = 1$);
# `output_padding` $q < s$ says which one to go back to. It makes the large map $q$ rows longer at the **bottom** and $q$ columns
# longer at the **right**, *before* anything is cut off, and so may keep rows that would have been lost.
#
# | function | arguments | returns |
# |---|---|---|
# | `conv_transpose2d` | `x (N, C, H, W)`, `w (C, F, kh, kw)`, `b (F,)` or `None`, `stride`, `pad`, `output_padding` (ints; something is left after cutting) | `(N, F, Ho, Wo)` |
# | `upsample_nearest` | `x (N, C, H, W)`, `s` (int) | `(N, C, sH, sW)`, each pixel a block of s x s |
# | `upsample_nearest_backward` | `dy (N, C, sH, sW)`, `s` | `dx (N, C, H, W)` |
#
# **On paper.** Stride 2: the kernels do not overlap, and with padding 1 only the middle is left.
#
# $$x = \begin{pmatrix} 1&2 \\ 3&4 \end{pmatrix} \quad w = \begin{pmatrix} 1&0 \\ 0&2 \end{pmatrix} \quad
# p = 0: \begin{pmatrix} 1&0&2&0 \\ 0&2&0&4 \\ 3&0&4&0 \\ 0&6&0&8 \end{pmatrix} \quad
# p = 1: \begin{pmatrix} 2&0 \\ 0&4 \end{pmatrix} \quad
# p = 1,\, q = 1: \begin{pmatrix} 2&0&4 \\ 0&4&0 \\ 6&0&8 \end{pmatrix}$$
#
# With stride 1 and $p = 0$ the result is 3x3 and its middle is $1 \cdot 2 + 4 \cdot 1 = 6$. Where do the other numbers end up?
#
# **What usually goes wrong**
# - A kernel of 3 with stride 2: how many pixels of $x$ reach an even row, and how many an odd one? What picture does a map of
#   ones give?
# - Zeros between the pixels, then an ordinary convolution: with which kernel, as it is or flipped? How many zeros behind the last?
# - The padding of a convolution makes the image larger. What does the padding of its transpose do?
# - To how many contributions is $b$ added?
# - How often is a pixel copied by `upsample_nearest`? Then what is its gradient: a mean, or a sum?
#
# *Read:* Prince §10.4.2; Goodfellow §9.5 and §20.10.6. Papers: Zeiler et al. 2010; Dumoulin and Visin 2016, chapter 4; Odena, Dumoulin
# and Olah 2016 (checkerboards).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q6


def conv_transpose2d(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, stride: int, pad: int, output_padding: int = 0
) -> np.ndarray:
    """Every pixel of x lays a kernel onto a map `stride` times as large; `pad` is cut off on each side.

    x: (N, C, H, W);  w: (C, F, kh, kw);  b: (F,) or None;  returns (N, F, Ho, Wo)
    """
    # BEGIN SOLUTION NO PROMPT
    x, w = as_float(x), as_float(w)
    (N, _, H, W), (_, F, kh, kw) = x.shape, w.shape
    Ho, Wo = (H - 1) * stride + kh + output_padding, (W - 1) * stride + kw + output_padding  # nothing cut off yet
    y = np.zeros((N, F, Ho, Wo), dtype=x.dtype)
    for t, u in np.ndindex(kh, kw):
        met = np.s_[:, :, t : t + stride * (H - 1) + 1 : stride, u : u + stride * (W - 1) + 1 : stride]
        y[met] += np.einsum("ncij,cf->nfij", x, w[:, :, t, u])
    y = y[:, :, pad : Ho - pad, pad : Wo - pad]
    return y if b is None else y + as_float(b).astype(y.dtype)[:, None, None]
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q6: conv_transpose2d is not implemented yet")
    """  # END PROMPT


def upsample_nearest(x: np.ndarray, s: int) -> np.ndarray:
    """Every pixel becomes a block of s x s.  x: (N, C, H, W);  returns (N, C, s*H, s*W)"""
    # BEGIN SOLUTION NO PROMPT
    return as_float(x).repeat(s, axis=2).repeat(s, axis=3)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q6: upsample_nearest is not implemented yet")
    """  # END PROMPT


def upsample_nearest_backward(dy: np.ndarray, s: int) -> np.ndarray:
    """dy: (N, C, s*H, s*W);  returns dx (N, C, H, W)."""
    # BEGIN SOLUTION NO PROMPT
    N, C, H, W = dy.shape
    return as_float(dy).reshape(N, C, H // s, s, W // s, s).sum(axis=(3, 5))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q6: upsample_nearest_backward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_transposed_convolution_on_paper(conv_transpose2d):
    """from 2x2 to 4x4, with padding to 2x2, with output_padding to 3x3"""
    x, w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    whole = conv_transpose2d(x, w, None, 2, 0)
    assert np.shape(whole) == (1, 1, 4, 4), f"(2 - 1) * 2 + 2 = 4 rows and columns, yours: {np.shape(whole)}"
    expected = [[[[1, 0, 2, 0], [0, 2, 0, 4], [3, 0, 4, 0], [0, 6, 0, 8]]]]
    assert near(whole, expected), f"rows 1 0 2 0, 0 2 0 4, 3 0 4 0, 0 6 0 8; yours:\n{whole}"
    middle, longer = conv_transpose2d(x, w, None, 2, 1), conv_transpose2d(x, w, None, 2, 1, 1)
    assert near(middle, [[[[2, 0], [0, 4]]]]), f"with pad 1: rows 2 0, 0 4; yours:\n{middle}"
    assert near(longer, [[[[2, 0, 4], [0, 4, 0], [6, 0, 8]]]]), (
        f"with output_padding 1: 2 0 4, 0 4 0, 6 0 8; yours:\n{longer}"
    )


# %%
def test_overlaps_add_up(conv_transpose2d):
    """stride 1: the middle gets two contributions, and the bias once"""
    x, w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    yours = conv_transpose2d(x, w, np.array([0.5]), 1, 0)
    assert near(yours, [[[[1.5, 2.5, 0.5], [3.5, 6.5, 4.5], [0.5, 6.5, 8.5]]]]), (
        f"1 2 0, 3 6 4, 0 6 8, each + 0.5; yours:\n{yours}"
    )


# %%
def test_blocks(upsample_nearest, upsample_nearest_backward):
    """upsampling makes blocks, its gradient adds them up"""
    y = upsample_nearest(np.array([[[[1.0, 2.0, 3.0]]]]), 2)
    assert near(y, [[[[1, 1, 2, 2, 3, 3], [1, 1, 2, 2, 3, 3]]]]), f"two rows 1 1 2 2 3 3, yours:\n{y}"
    dx = upsample_nearest_backward(np.array([[[[1.0, 1, 2, 2, 3, 3], [1, 1, 2, 2, 3, 4]]]]), 2)
    assert near(dx, [[[[4, 8, 13]]]]), f"the sums of the blocks are 4, 8, 13; yours: {dx}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: checkerboards: what does a grey map become, before anything is learned?


@experiment
def checkerboards():
    import matplotlib.pyplot as plt

    state = np.random.default_rng(3)
    grey, pictures = np.ones((1, 1, 8, 8)), {}
    for k, stride in [(2, 2), (3, 2), (4, 2), (5, 3), (6, 3)]:
        w = np.abs(state.normal(1.0, 0.3, size=(1, 1, k, k)))
        pictures[f"kernel {k}, stride {stride}"] = conv_transpose2d(grey, w, None, stride, k // 2)
    smooth = np.abs(state.normal(1.0, 0.3, size=(1, 1, 3, 3)))
    pictures["upsampled, then 3x3"] = conv_nd_forward(upsample_nearest(grey, 2), smooth, None)
    fig, axes = plt.subplots(1, len(pictures), figsize=(15, 3))
    for ax, (title, picture) in zip(axes, pictures.items(), strict=True):
        ax.imshow(picture[0, 0], cmap="gray", vmin=0, vmax=1.3 * picture.max())
        ax.set_title(title, fontsize=8)
        ax.axis("off")
    plt.show()


# %%
# experiment: a transposed convolution with a kernel like a tent interpolates


@experiment
def interpolation():
    import matplotlib.pyplot as plt
    from datasets import shapes

    X, _, _ = shapes(1, np.random.default_rng(8), size=48, noise=0.0)
    small = X[:, :, ::4, ::4].astype(float)
    side = 1 - np.abs(np.arange(8) - 3.5) / 4  # a tent of width 8
    tent = np.outer(side, side)[None, None]
    pictures = {
        "original": X,
        "every fourth pixel": small,
        "upsample_nearest": upsample_nearest(small, 4),
        "conv_transpose2d with a tent": conv_transpose2d(small, tent, None, 4, 2),
    }
    fig, axes = plt.subplots(1, 4, figsize=(13, 3.5))
    for ax, (title, picture) in zip(axes, pictures.items(), strict=True):
        ax.imshow(picture[0, 0], cmap="gray")
        ax.set_title(f"{title}, {picture.shape[2]} x {picture.shape[3]}", fontsize=9)
        ax.axis("off")
    plt.show()
