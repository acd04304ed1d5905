# %% [raw]
# # BEGIN QUESTION
# name: q3
# points: 0

# %% [markdown]
# ## q3. The three gradients of a convolution (10 points)
#
# From above comes `dy`, the gradient of the loss with respect to every output. Asked for are those with respect to the
# image, the kernel and the bias. No new theory is needed. In
#
# $$y_{n f i j} = b_f + \sum_{c, t, u} w_{f c t u}\; \tilde x_{n,\, c,\; i s_h + t,\; j s_w + u}$$
#
# every product $w \cdot \tilde x$ that goes into an output sends two messages back: to the weight "`dy` times the pixel that
# you met", and to the pixel "`dy` times the weight that you met". Weights and pixels add up all messages they get:
#
# $$\mathrm{d}w_{f c t u} = \sum_{n, i, j} \mathrm{d}y_{n f i j}\; \tilde x_{n,\, c,\; i s_h + t,\; j s_w + u} \qquad
# \mathrm{d}\tilde x_{n,\, c,\; i s_h + t,\; j s_w + u} \mathrel{+}= \sum_{f} w_{f c t u}\; \mathrm{d}y_{n f i j} \qquad
# \mathrm{d}b_f = \sum_{n, i, j} \mathrm{d}y_{n f i j}$$
#
# The middle one is best read as an instruction: each output lays its kernel, scaled by its `dy`, over the padded image. At
# the end the padding is cut off; what was sent there goes nowhere.
#
# | argument | shape | | result | shape |
# |---|---|---|---|---|
# | `dy` | `(N, F, Ho, Wo)` | | `dx` | that of `x` |
# | `x` | `(N, C, H, W)` | | `dw` | that of `w` |
# | `w` | `(F, C, kh, kw)` | | `db` | `(F,)` |
# | `stride`, `pad` | pairs `(sh, sw)`, `(ph, pw)` | | | |
#
# **On paper.** No padding, stride 1, one image and one map:
#
# $$x = \begin{pmatrix} 1&2&3 \\ 4&5&6 \\ 7&8&9 \end{pmatrix} \quad w = \begin{pmatrix} 1&2 \\ 3&4 \end{pmatrix} \quad
# \mathrm{d}y = \begin{pmatrix} 1&0 \\ 0&2 \end{pmatrix} \quad\Rightarrow\quad
# \mathrm{d}x = \begin{pmatrix} 1&2&0 \\ 3&4+2&4 \\ 0&6&8 \end{pmatrix} \quad
# \mathrm{d}w = \begin{pmatrix} 11&14 \\ 20&23 \end{pmatrix} \quad \mathrm{d}b = 3$$
#
# In $\mathrm{d}x$ you see the kernel twice, once as it is and doubled once, overlapping in the middle. $\mathrm{d}w$ is
# once the piece $1, 2, 4, 5$ of the image plus twice the piece $5, 6, 8, 9$.
#
# **What usually goes wrong**
# - What is `dx[:, :, p:-p]` for $p = 0$?
# - Two outputs that share a pixel both write to it. What is the difference between `=` and `+=` here?
# - With stride 2 an image of 8 rows and a kernel of 3 leave the last row over. What is its gradient? And, with stride 3 and
#   a kernel of 2, that of every third row?
# - With which image does $\mathrm{d}w$ multiply: with `x` or the padded one?
# - The loss is a mean over the batch already. Who divides by N?
# - In $\mathrm{d}x$ written as a convolution of `dy` the kernel appears flipped. Is it flipped in the instruction above?
#
# *Read:* Prince §10.2 and §7.4 (backpropagation); Goodfellow §9.5 (the operations that are needed to train).
# Papers: LeCun et al. 1989; Dumoulin and Visin 2016, chapter 4.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q3


def conv2d_backward(
    dy: np.ndarray, x: np.ndarray, w: np.ndarray, stride: tuple[int, int], pad: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of a loss through y = conv_nd_forward(x, w, b, stride, pad), given dy = d loss / d y.

    dy: (N, F, Ho, Wo);  x: (N, C, H, W);  w: (F, C, kh, kw);  stride, pad: (rows, columns)
    returns (dx, dw, db) with the shapes of x, w and (F,)
    """
    # BEGIN SOLUTION NO PROMPT
    dy, x, w = as_float(dy), as_float(x), as_float(w)
    (_, _, H, W), (_, _, kh, kw), (_, _, Ho, Wo) = x.shape, w.shape, dy.shape
    (sh, sw), (ph, pw) = stride, pad
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dx, dw = np.zeros(x.shape, dy.dtype), np.zeros(w.shape, dy.dtype)
    for t, u in np.ndindex(kh, kw):
        met = np.s_[:, :, t : t + sh * (Ho - 1) + 1 : sh, u : u + sw * (Wo - 1) + 1 : sw]  # pixels under entry (t, u)
        dw[:, :, t, u] = np.einsum("nfij,ncij->fc", dy, x[met])
        dx[met] += np.einsum("nfij,fc->ncij", dy, w[:, :, t, u])
    return dx[:, :, ph : ph + H, pw : pw + W], dw, dy.sum(axis=(0, 2, 3))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q3: conv2d_backward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_gradients_on_paper(conv2d_backward):
    """dx, dw and db of the example on paper"""
    x, w = np.arange(1.0, 10.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    dy = np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    dx, dw, db = conv2d_backward(dy, x, w, (1, 1), (0, 0))
    assert near(dx, [[[[1, 2, 0], [3, 6, 4], [0, 6, 8]]]]), f"dx: rows 1 2 0, 3 6 4, 0 6 8; yours:\n{dx}"
    assert near(dw, [[[[11, 14], [20, 23]]]]), f"dw: rows 11 14 and 20 23; yours:\n{dw}"
    assert near(db, [3]), f"db is (3,), yours is {db}"


# %%
def test_finite_differences(conv2d_backward):
    """a 4 x 4 image with stride 1 and padding 1 against finite differences"""
    state = np.random.default_rng(1)
    x, w, dy = state.normal(size=(1, 2, 4, 4)), state.normal(size=(3, 2, 3, 3)), state.normal(size=(1, 3, 4, 4))

    def loss(image, kernel):
        around, total = np.pad(image[0], ((0, 0), (1, 1), (1, 1))), 0.0
        for f, row, column in np.ndindex(3, 4, 4):
            total += dy[0, f, row, column] * np.sum(kernel[f] * around[:, row : row + 3, column : column + 3])
        return total

    dx, dw, _ = conv2d_backward(dy, x, w, (1, 1), (1, 1))
    assert np.shape(dx) == x.shape, f"dx has the shape of x, {x.shape}; yours has {np.shape(dx)}"
    for name, gradient, array in (("dx", dx, x), ("dw", dw, w)):
        for spot in [(0, 0, 0, 0), (0, 1, 2, 1), (0, 1, 0, 2)]:
            bump = np.zeros(array.shape)
            bump[spot] = 1e-5
            pair = [(x + s * bump, w) if name == "dx" else (x, w + s * bump) for s in (1, -1)]
            slope = (loss(*pair[0]) - loss(*pair[1])) / 2e-5
            assert near(gradient[spot], slope), f"{name}[{spot}] is {slope:.6f}, yours is {gradient[spot]:.6f}"


# %%
def test_pixels_that_no_kernel_touches(conv2d_backward):
    """stride 3 with a kernel of 2 skips every third pixel: its gradient is 0"""
    x, w, dy = np.ones((1, 1, 2, 6)), np.ones((1, 1, 2, 2)), np.array([[[[5.0, 7.0]]]])
    dx, _, _ = conv2d_backward(dy, x, w, (1, 3), (0, 0))
    assert near(dx, [[[[5, 5, 0, 7, 7, 0]] * 2]]), f"two rows 5 5 0 7 7 0, yours:\n{dx}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: a kernel is found by looking at what it did: gradient descent with dw


@experiment
def find_the_kernel():
    import matplotlib.pyplot as plt
    from datasets import shapes

    X, _, _ = shapes(8, np.random.default_rng(1), size=24)
    X = X.astype(float)
    secret = np.array([[[[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]]])
    seen = conv_nd_forward(X, secret, None, pad=1)
    w, losses, kernels = np.zeros((1, 1, 3, 3)), [], []
    for step in range(150):
        error = conv_nd_forward(X, w, None, pad=1) - seen
        losses.append(np.mean(error**2))
        if step in (0, 5, 20, 149):
            kernels.append((step, w.copy()))
        _, dw, _ = conv2d_backward(2 * error / error.size, X, w, (1, 1), (1, 1))
        w = w - 1.5 * dw
    fig, axes = plt.subplots(1, 6, figsize=(14, 2.6))
    axes[0].semilogy(losses)
    axes[0].set(title="loss", xlabel="step")
    for ax, (step, kernel) in zip(axes[1:], [*kernels, ("secret", secret)], strict=True):
        ax.imshow(kernel[0, 0], cmap="coolwarm", vmin=-2, vmax=2)
        ax.set_title(f"step {step}" if step != "secret" else "the secret one")
        for (row, column), value in np.ndenumerate(kernel[0, 0]):
            ax.text(column, row, f"{value:.1f}", ha="center", va="center")
        ax.axis("off")
    plt.show()


# %%
# experiment: the same with dx: which sharp picture becomes this blurred one?


@experiment
def unblur():
    import matplotlib.pyplot as plt
    from datasets import shapes

    X, _, _ = shapes(1, np.random.default_rng(4), size=32, noise=0.0)
    X, blur = X.astype(float), np.ones((1, 1, 5, 5)) / 25
    blurred = conv_nd_forward(X, blur, None, pad=2)
    guess, pictures = blurred.copy(), [("blurred", blurred)]
    for step in range(1, 401):
        error = conv_nd_forward(guess, blur, None, pad=2) - blurred
        dx, _, _ = conv2d_backward(error, guess, blur, (1, 1), (2, 2))
        guess = guess - 1.5 * dx
        if step in (10, 100, 400):
            pictures.append((f"step {step}", guess))
    fig, axes = plt.subplots(1, 5, figsize=(13, 3))
    for ax, (title, picture) in zip(axes, [*pictures, ("the original", X)], strict=True):
        ax.imshow(picture[0, 0], cmap="gray", vmin=0, vmax=1)
        ax.set_title(title)
        ax.axis("off")
    plt.show()
