# %% [raw]
# # BEGIN QUESTION
# name: q13
# points: 0

# %% [markdown]
# ## q13. Learning without labels: autoencoders and stacked pre-training (6 points)
#
# A network that is asked to give back its input, through a bottleneck that is narrower than the input, has to find
# out what matters in it. This *autoencoder* (in older books auto-associative network, AANN) needs no labels. You
# will train two kinds.
#
# **1. A non-linear PCA.** With linear layers (and biases) alone the best autoencoder is PCA (Bourlard and Kamp): the same $k$-dimensional
# plane, in whatever axes, and no better. One sigmoidal layer on each side of the bottleneck bends the plane of PCA into a surface:
#
# $$x \;\xrightarrow{\;\sigma\;}\; h \;\xrightarrow{\text{linear}}\; c \in \mathbb R^k \;\xrightarrow{\;\sigma\;}\; h'
# \;\xrightarrow{\text{linear}}\; \hat x \qquad\qquad L = \frac{1}{2N} \sum_i \lVert \hat x_i - x_i \rVert^2$$
#
# The bottleneck is linear: a code may be any number, not just one between 0 and 1.
#
# **2. A stack.** In 2006 nobody could train deep networks of sigmoids, until Hinton, Bengio and others trained them one layer
# at a time: an autoencoder $x \to c = \sigma(xW + b) \to \hat x = cV + d$, with a **linear** decoder and the squared error as above, learns
# the first layer; its codes $c$ are the data from which the next one learns the second layer; and so on. The decoders are thrown away. Then a softmax layer is put on top, and the
# whole network is trained on what few labels there are.
#
# | function | arguments | returns |
# |---|---|---|
# | `train_aann` | `X (1000, 64)` pixels in [0, 1], the width `k`, `rng` | the functions `encode`: `(N, 64)` -> `(N, k)`, `decode`: `(N, k)` -> `(N, 64)` |
# | `pretrain_stack` | `X (1000, 64)`, `sizes` of the codes such as `[64, 48, 32]`, `rng` | `[(W, b), ...]`, `W (n_in, n_out)`, `b (n_out,)`; a code is $\sigma(HW + b)$ |
# | `finetune` | `stack`, `Xl (100, 64)`, `yl (100,)`, `n_classes`, `rng` | a function `predict`: `(N, 64)` -> `(N,)` integers |
#
# The recipe of `finetune` is given: all layers are trained, the new softmax layer included, 200 epochs of plain SGD,
# learning rate 0.5, batches of 20 that are shuffled anew in every epoch, mean cross-entropy; how the softmax layer begins is up to you. A layer
# whose units say 1 to everything lets nothing through, and no more do you. `mlp_loss_and_grads` with "sigmoid" does the work.
# The recipes of the others are yours, but weights come from a training: the axes of a PCA, which are orthogonal to each other, are
# no trained layer. Ours: Adam with learning rate 0.003, batches of 64, weights with variance
# $1/n_{in}$, 150 epochs and 48 sigmoidal units for the first, 40 epochs a layer for the second; a second of CPU time.
#
# **What it is worth.** On digits that were not trained on: the error of `decode(encode(X))` with $k = 4$ has to be at most
# 0.85 times that of a PCA with 4 components (2 points). Over 3 splits the digits read with 100 labels have to be 80 % on
# average: once with *our* `finetune` on your stack (0.8), once with yours (0.6). Without pre-training the same recipe
# gives 72 %. The other 2.6 points are for what these figures cannot see.
#
# **On paper.** One pixel $x = 1$, $k = 1$, no hidden layers, encoder $c = wx$, decoder $\hat x = vc$ with $w = 1$, $v = 0.5$.
# The loss is $\frac12 (0.5 - 1)^2 = 0.125$; the slope for $v$ is $(\hat x - x)\, c = -0.5$, that for $w$ is
# $(\hat x - x)\, v\, x = -0.25$: both grow, as they should.
#
# **What usually goes wrong**
# - Is there a sigmoid on the bottleneck? What can four numbers between 0 and 1 still say? And if the hidden layers are linear?
# - What are the data of the second layer's autoencoder: the pixels, or the codes? Codes before or after the sigmoid?
# - Which weights belong into the stack, and of which shape: the encoder's or the decoder's?
# - Does `decode` use anything but the code it is given? If a code moves by a thousandth, how far does the picture move?
# - If you subtract a mean: whose? What is the mean of a single row?
# - `finetune` trains all layers. Does it also change the arrays in `stack`, which are the caller's?
# - Does `predict` return class numbers, one for every row?
#
# *Read:* Prince ch. 9 (§9.3.7, self-supervised); Goodfellow ch. 14 and §15.1; Bishop §12.4.2. Papers: Bourlard and Kamp 1988;
# Kramer 1991; Hinton and Salakhutdinov 2006; Bengio et al. 2007.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q13

from collections.abc import Callable


# BEGIN SOLUTION NO PROMPT
def autoencoder(X, layers, sigmoidal, epochs, rng):
    """Train a network to give back its input (mean squared error, Adam, batches of 64); all of its parameters.

    layers: [n_in, ..., n_in];  sigmoidal: for every layer of weights whether its result goes through the sigmoid
    """
    params = {}
    for i, (n, m) in enumerate(zip(layers[:-1], layers[1:], strict=True)):
        params[f"W{i}"], params[f"b{i}"] = rng.normal(0, np.sqrt(1 / n), size=(n, m)), np.zeros(m)
    optimiser = Adam(lr=3e-3)
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for start in range(0, len(X), 64):
            a = [X[order[start : start + 64]]]  # a[i] goes into layer l
            for i, squashed in enumerate(sigmoidal):
                z = a[i] @ params[f"W{i}"] + params[f"b{i}"]
                a.append(sigmoid(z) if squashed else z)
            delta, grads = (a[-1] - a[0]) / len(a[0]), {}
            for i in reversed(range(len(sigmoidal))):
                if sigmoidal[i]:
                    delta = delta * a[i + 1] * (1 - a[i + 1])
                grads[f"W{i}"], grads[f"b{i}"] = a[i].T @ delta, delta.sum(axis=0)
                delta = delta @ params[f"W{i}"].T
            optimiser.step(params, grads)
    return params


# END SOLUTION


def train_aann(X: np.ndarray, k: int, rng: np.random.Generator) -> tuple[Callable, Callable]:
    """Train a network that squeezes 64 pixels through k numbers and gives them back.

    X: (N, 64) in [0, 1];  k: width of the bottleneck
    returns two functions: encode, (M, 64) -> (M, k), and decode, (M, k) -> (M, 64)
    """
    # BEGIN SOLUTION NO PROMPT
    n = X.shape[1]
    p = autoencoder(X, [n, 48, k, 48, n], [True, False, True, False], 150, rng)

    def encode(X):
        return sigmoid(X @ p["W0"] + p["b0"]) @ p["W1"] + p["b1"]

    def decode(code):
        return sigmoid(code @ p["W2"] + p["b2"]) @ p["W3"] + p["b3"]

    return encode, decode
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q13: train_aann is not implemented yet")
    """  # END PROMPT


def pretrain_stack(X: np.ndarray, sizes: list[int], rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Greedy layer-wise pre-training: layer after layer, without labels.

    X: (N, 64) in [0, 1];  sizes: width of the code of every layer, from the pixels upwards
    returns [(W, b), ...], W of shape (n_in, n_out); layer l turns its input H into the code sigmoid(H W + b)
    """
    # BEGIN SOLUTION NO PROMPT
    stack = []
    for size in sizes:
        p = autoencoder(X, [X.shape[1], size, X.shape[1]], [True, False], 40, rng)
        stack.append((p["W0"], p["b0"]))
        X = sigmoid(X @ p["W0"] + p["b0"])  # the next layer learns from these codes
    return stack
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q13: pretrain_stack is not implemented yet")
    """  # END PROMPT


def finetune(
    stack: list[tuple[np.ndarray, np.ndarray]], Xl: np.ndarray, yl: np.ndarray, n_classes: int, rng: np.random.Generator
) -> Callable:
    """Put a softmax layer on the stack and train the whole network on a few labelled rows.

    stack: [(W, b), ...] as from pretrain_stack, stays as it was;  Xl: (M, 64);  yl: (M,) integers 0..n_classes-1
    returns a function predict, (N, 64) -> (N,) integers
    """
    # BEGIN SOLUTION NO PROMPT
    params = {}
    for i, (W, b) in enumerate(stack, start=1):
        params[f"W{i}"], params[f"b{i}"] = W.copy(), b.copy()
    n, last = len(stack[-1][1]), len(stack) + 1
    params[f"W{last}"], params[f"b{last}"] = rng.normal(0, np.sqrt(1 / n), size=(n, n_classes)), np.zeros(n_classes)
    optimiser = SGD(lr=0.5)
    for _epoch in range(200):
        order = rng.permutation(len(Xl))
        for start in range(0, len(Xl), 20):
            rows = order[start : start + 20]
            _, grads = mlp_loss_and_grads(params, Xl[rows], yl[rows], "sigmoid")
            optimiser.step(params, grads)
    return lambda X: mlp_forward(params, X, "sigmoid")[0].argmax(axis=1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q13: finetune is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_reconstruction(train_aann):
    """a bottleneck of 4 on 600 digits: better than PCA with 4 components"""
    from sklearn.datasets import load_digits

    X = load_digits().data[np.random.default_rng(0).permutation(1797)] / 16
    encode, decode = train_aann(X[:600], 4, np.random.default_rng(0))
    code = encode(X[600:])
    assert np.shape(code) == (1197, 4), f"1197 rows, k = 4: encode gives (1197, 4), yours {np.shape(code)}"
    picture = decode(code)
    assert np.shape(picture) == (1197, 64), f"decode gives (1197, 64), yours {np.shape(picture)}"
    mean = X[:600].mean(axis=0)
    axes = np.linalg.svd(X[:600] - mean)[2][:4]
    pca = np.mean((mean + (X[600:] - mean) @ axes.T @ axes - X[600:]) ** 2)
    ratio = np.mean((picture - X[600:]) ** 2) / pca
    print(f"mean squared error {ratio:.3f} times that of PCA; with all 1000 rows 0.85 is asked for")
    assert ratio < 0.95, f"your error is {ratio:.3f} times that of PCA: no better than a linear network"


# %%
def test_stack_has_the_shapes(pretrain_stack):
    """the shapes of a stack of three layers"""
    X = np.random.default_rng(0).uniform(size=(60, 64))
    stack = pretrain_stack(X, [40, 30, 20], np.random.default_rng(1))
    shapes = [(np.shape(W), np.shape(b)) for W, b in stack]
    expected = [((64, 40), (40,)), ((40, 30), (30,)), ((30, 20), (20,))]
    assert shapes == expected, f"W and b of the layers have shapes {expected}, yours {shapes}"


# %%
def test_fine_tuning(pretrain_stack, finetune):
    """100 labels are enough to read most digits"""
    from sklearn.datasets import load_digits

    order = np.random.default_rng(0).permutation(1797)
    X, y = load_digits().data[order] / 16, load_digits().target[order]
    rng = np.random.default_rng(1)
    predict = finetune(pretrain_stack(X[:500], [32], rng), X[:100], y[:100], 10, rng)
    yours = predict(X[500:])
    assert np.shape(yours) == (1297,), (
        f"1297 rows: predict gives one integer for each, yours has shape {np.shape(yours)}"
    )
    accuracy = np.mean(yours == y[500:])
    print(f"accuracy {accuracy:.3f} with 100 labels and one layer of 32")
    assert accuracy > 0.7, f"accuracy {accuracy:.3f} with 100 labels; well above 0.7 is usual"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: digits through a bottleneck of four numbers, and a map with two


@experiment
def squeeze():
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    order = np.random.default_rng(0).permutation(1797)
    X, y = load_digits().data[order] / 16, load_digits().target[order]
    encode, decode = train_aann(X[:1000], 4, np.random.default_rng(0))
    to_map, _ = train_aann(X[:1000], 2, np.random.default_rng(0))
    mean = X[:1000].mean(axis=0)
    axes = np.linalg.svd(X[:1000] - mean)[2][:4]
    shown = X[1000:1010]
    rows = [shown, mean + (shown - mean) @ axes.T @ axes, decode(encode(shown))]
    fig, grid = plt.subplots(3, 10, figsize=(12, 4))
    for line, images, name in zip(grid, rows, ("input", "PCA, 4 numbers", "yours, 4 numbers"), strict=True):
        for ax, image in zip(line, images, strict=True):
            ax.imshow(np.reshape(image, (8, 8)), cmap="gray_r", vmin=0, vmax=1)
            ax.axis("off")
        line[0].set_title(name, loc="left", fontsize=9)
    plt.figure(figsize=(6, 5))
    plt.scatter(*to_map(X[1000:]).T, c=y[1000:], cmap="tab10", vmin=-0.5, vmax=9.5, s=10)
    plt.colorbar(ticks=range(10))
    plt.title("797 digits as two numbers, found without a label")
    plt.show()
