# %% [raw]
# # BEGIN QUESTION
# name: q4
# points: 0

# %% [markdown]
# ## q4. im2col: a convolution as one matrix product (8 points)
#
# Nothing on a computer is as well tuned as the product of two matrices. So write every patch that the kernel ever meets as
# a **row** of a large matrix, every kernel as a column of a second one, and let the product do the whole convolution:
#
# $$\underbrace{\text{cols}}_{(N H_o W_o) \times (C k_h k_w)} \;\; \underbrace{W^{T}}_{(C k_h k_w) \times F}
# \;=\; \underbrace{Y}_{(N H_o W_o) \times F}$$
#
# The price is memory, each pixel is stored up to $k_h k_w$ times. Caffe and the first cuDNN worked like this, and compared to
# a loop over places it is a hundred times faster. The way back is **col2im**: it adds every entry of such a matrix to the pixel that it was
# copied from. It is the *adjoint* of im2col: $\langle \text{im2col}(x), c \rangle = \langle x, \text{col2im}(c) \rangle$ for
# all $x$ and $c$. And that is just what a gradient needs: with $\mathrm{d}Y$ as the matrix from above,
# $\mathrm{d}x = \text{col2im}(\mathrm{d}Y\, W)$ and $\mathrm{d}W = \mathrm{d}Y^{T} \text{cols}$.
#
# | function | arguments | returns |
# |---|---|---|
# | `im2col` | `x (N, C, H, W)`, `kh`, `kw`, `stride` and `pad` (ints) | `(N*Ho*Wo, C*kh*kw)`, a copy |
# | `col2im` | `cols (N*Ho*Wo, C*kh*kw)`, `x_shape`, `kh`, `kw`, `stride`, `pad` | an array of shape `x_shape`; overlaps add up |
# | `conv2d_fast` | `x`, `w (F, C, kh, kw)`, `b (F,)` or `None`, `stride`, `pad` | `(N, F, Ho, Wo)`, the same numbers as q2 |
#
# Kernels fit into the padded image.
#
# The order is part of the contract. **Rows**: first all patches of image 0, line by line, then those of image 1. **Columns**:
# channel 0, its kernel rows one after the other, then channel 1: the order in which `w.reshape(F, -1)` lists a kernel.
#
# **Fast** means: no Python loop over places. A loop over the $k_h k_w$ entries of the kernel is fine. On 32 images of
# 16 x 32 x 32 with 32 kernels of 3x3 the reference needs about 0.05 s of processor time. No time is measured: it is counted how
# many steps Python itself takes, and for an image that is sixteen times as tall, or as wide, it may not be twice as many.
#
# **On paper.** The image with rows $1\,2\,3$, $4\,5\,6$, $7\,8\,9$ and a kernel of 2x2:
#
# $$\text{im2col} = \begin{pmatrix} 1&2&4&5 \\ 2&3&5&6 \\ 4&5&7&8 \\ 5&6&8&9 \end{pmatrix} \qquad
# \text{col2im(im2col)} = \begin{pmatrix} 1&4&3 \\ 8&20&12 \\ 7&16&9 \end{pmatrix}$$
#
# The 5 in the middle is in all four patches, and comes back as 20. How often is each pixel counted with stride 2?
#
# **What usually goes wrong**
# - `reshape` never moves a number. In which order must the axes stand *before* you reshape?
# - The product has the shape `(N*Ho*Wo, F)`. What does `reshape(N, F, Ho, Wo)` make of it, and why does nothing complain?
# - `dx[..., windows] += cols`: how often is a pixel that occurs three times in the index added to?
# - Is a strided view of `x` a copy? What happens to the image if somebody writes to it?
# - Which pixels does `x[:, :, p:-p]` keep if $p = 0$?
#
# *Read:* Prince §10.2.4 (a convolution is a fully connected layer with shared weights); Goodfellow §9.5 and §9.8. Papers: Chellapilla, Puri and Simard 2006; Chetlur et
# al. 2014 (cuDNN).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q4


def im2col(x: np.ndarray, kh: int, kw: int, stride: int, pad: int) -> np.ndarray:
    """All patches of the padded images as rows of one matrix, which is a copy.

    x: (N, C, H, W);  returns (N*Ho*Wo, C*kh*kw)
    rows: image, then output row, then output column;  columns: channel, then kernel row, then kernel column
    """
    # BEGIN SOLUTION NO PROMPT
    x = np.pad(as_float(x), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    N, C, Ho, Wo, _, _ = windows.shape
    return windows.transpose(0, 2, 3, 1, 4, 5).copy().reshape(N * Ho * Wo, C * kh * kw)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: im2col is not implemented yet")
    """  # END PROMPT


def col2im(cols: np.ndarray, x_shape: tuple[int, int, int, int], kh: int, kw: int, stride: int, pad: int) -> np.ndarray:
    """Add every entry of cols to the pixel that im2col copies it from: the adjoint of im2col.

    cols: (N*Ho*Wo, C*kh*kw);  returns an array of shape x_shape = (N, C, H, W)
    """
    # BEGIN SOLUTION NO PROMPT
    N, C, H, W = x_shape
    Ho, Wo = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    windows = as_float(cols).reshape(N, Ho, Wo, C, kh, kw).transpose(0, 3, 1, 2, 4, 5)
    x = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=windows.dtype)
    for t, u in np.ndindex(kh, kw):
        x[:, :, t : t + stride * (Ho - 1) + 1 : stride, u : u + stride * (Wo - 1) + 1 : stride] += windows[..., t, u]
    return x[:, :, pad : pad + H, pad : pad + W]
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: col2im is not implemented yet")
    """  # END PROMPT


def conv2d_fast(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, stride: int, pad: int) -> np.ndarray:
    """Convolution by one matrix product; the same numbers as conv_nd_forward(x, w, b, stride, pad).

    x: (N, C, H, W);  w: (F, C, kh, kw);  b: (F,) or None;  returns (N, F, Ho, Wo)
    """
    # BEGIN SOLUTION NO PROMPT
    (N, _, H, W), (F, _, kh, kw) = x.shape, w.shape
    Ho, Wo = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    cols = im2col(x, kh, kw, stride, pad)
    y = cols @ as_float(w).reshape(F, -1).T.astype(cols.dtype)  # (N*Ho*Wo, F)
    if b is not None:
        y += as_float(b)
    return y.reshape(N, Ho, Wo, F).transpose(0, 3, 1, 2)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: conv2d_fast is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_patches_as_rows(im2col):
    """im2col: the four 2x2 patches of a 3x3 image"""
    yours = im2col(np.arange(1.0, 10.0).reshape(1, 1, 3, 3), 2, 2, 1, 0)
    assert np.shape(yours) == (4, 4), f"four patches of four pixels: (4, 4); yours has the shape {np.shape(yours)}"
    expected = [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]
    assert near(yours, expected), f"the rows are 1 2 4 5, 2 3 5 6, 4 5 7 8, 5 6 8 9; yours:\n{yours}"


# %%
def test_two_images_and_two_channels(im2col):
    """im2col: rows go through the images, columns through the channels"""
    x = np.arange(8.0).reshape(2, 2, 1, 2)  # image 0: channels (0, 1) and (2, 3); image 1: (4, 5) and (6, 7)
    one, two = im2col(x, 1, 1, 1, 0), im2col(x, 1, 2, 1, 0)
    assert near(one, [[0, 2], [1, 3], [4, 6], [5, 7]]), f"1x1: rows 0 2, 1 3, 4 6, 5 7; yours:\n{one}"
    assert near(two, [[0, 1, 2, 3], [4, 5, 6, 7]]), f"1x2: rows 0 1 2 3 and 4 5 6 7; yours:\n{two}"


# %%
def test_the_way_back(col2im):
    """col2im: what occurs in four patches is added four times"""
    cols = np.array([[1.0, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]])
    yours = col2im(cols, (1, 1, 3, 3), 2, 2, 1, 0)
    assert near(yours, [[[[1, 4, 3], [8, 20, 12], [7, 16, 9]]]]), f"rows 1 4 3, 8 20 12, 7 16 9; yours:\n{yours}"


# %%
def test_fast_convolution(conv2d_fast):
    """conv2d_fast: two maps, a bias for each"""
    x = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    w = np.array([[[[1.0, 0.0], [0.0, 0.0]]], [[[0.0, 0.0], [0.0, 1.0]]]])
    yours = conv2d_fast(x, w, np.array([0.0, 10.0]), 1, 0)
    expected = [[[[1, 2], [4, 5]], [[15, 16], [18, 19]]]]
    assert near(yours, expected), f"the maps are 1 2, 4 5 and 15 16, 18 19; yours:\n{yours}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: what the matrix looks like, and where one pixel went


@experiment
def the_matrix():
    import matplotlib.pyplot as plt
    from datasets import shapes

    X, _, _ = shapes(1, np.random.default_rng(3), size=16, noise=0.0)
    cols = im2col(X, 3, 3, 1, 1)
    one_pixel = np.zeros_like(X)
    one_pixel[0, 0, 8, 8] = 1
    fig, axes = plt.subplots(1, 4, figsize=(13, 4))
    axes[0].imshow(X[0, 0], cmap="gray")
    axes[0].set_title("image")
    axes[1].imshow(cols, cmap="gray", aspect="auto")
    axes[1].set(title=f"its patches: {cols.shape}", xlabel="entry of the kernel", ylabel="place")
    axes[2].imshow(im2col(one_pixel, 3, 3, 1, 1), cmap="gray", aspect="auto")
    axes[2].set(title="one pixel is in nine patches", xlabel="entry of the kernel")
    axes[3].imshow(col2im(np.ones_like(cols), X.shape, 3, 3, 1, 1)[0, 0])
    axes[3].set_title("how often a pixel is used")
    fig.tight_layout()
    plt.show()


# %%
# experiment: how much faster? place by place, entry by entry (q2), one product


@experiment
def race():
    import time

    import matplotlib.pyplot as plt

    def place_by_place(x, w):
        N, (f, _, kh, kw) = len(x), w.shape
        Ho, Wo = x.shape[2] - kh + 1, x.shape[3] - kw + 1
        y = np.empty((N, f, Ho, Wo))
        for n, m, i, j in np.ndindex(*y.shape):
            y[n, m, i, j] = np.sum(x[n, :, i : i + kh, j : j + kw] * w[m])
        return y

    ways = {
        "place by place": place_by_place,
        "conv_nd_forward": lambda x, w: conv_nd_forward(x, w, None),
        "conv2d_fast": lambda x, w: conv2d_fast(x, w, None, 1, 0),
    }
    state, sizes = np.random.default_rng(0), [8, 12, 16, 24, 32]
    for label, convolve in ways.items():
        took = []
        for size in sizes:
            x, w = state.normal(size=(2, 16, size, size)), state.normal(size=(16, 16, 3, 3))
            runs = []
            for _ in range(1 if label == "place by place" else 7):
                start = time.perf_counter()
                convolve(x, w)
                runs.append(time.perf_counter() - start)
            took.append(min(runs))
        plt.loglog(sizes, took, "o-", label=label)
    plt.minorticks_off()
    plt.xticks(sizes, sizes)
    plt.xlabel("height and width of the images")
    plt.ylabel("seconds")
    plt.legend()
    plt.show()
