# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %%
# ignore: for the linter alone, this cell is not part of the notebook
# ruff: noqa: E501, RET503

# %% [raw]
# # ASSIGNMENT CONFIG
# name: a1_mlp
# generate: false
# export_cell: false
# tests:
#   files: true
#   ok_format: false

# %% [markdown]
# # Assignment 1: from one neuron to a trained network
#
# You will write, in plain numpy, everything that a deep-learning library does for a feed-forward network: the
# neuron's non-linearity, the loss, the backward pass, the optimiser, the training loop. At the end a network of
# yours reads handwritten digits. Nothing here is large: the reference solution of a question fits on one page.
#
# | question | you write | points |
# |---|---|---|
# | q4 | five activations and their slopes | 5 |
# | q5 | losses and their gradients | 8 |
# | q7 | a number that can differentiate (scalar autograd) | 10 |
# | q8 | the multi-layer perceptron: initialise, forward, backward | 12 |
# | q9 | seven optimisers | 14 |
# | q14 | a digit classifier, trained and selected properly | 7 |
#
# **How to work.** Each question has a text, one code cell to fill in, a cell `grader.check("q4")` and one or two
# *experiments* to look at. Replace every `raise NotImplementedError(...)` of the code cell; keep the names and
# arguments. You may add functions of your own. The checks are small and public: they give no points, and passing
# them does not prove that your code is right. Your notebook is graded later with other inputs, larger, odder and
# unknown to both of us today; the questions under "What usually goes wrong" say what to think of. Cells that
# begin with `# experiment` are skipped when your notebook is graded, so plot and train there as long as you like.

# %% [markdown]
# ## Conventions
#
# They hold in every question of every assignment.
#
# - **Batch first.** Vectors come as `(N, D)`: N samples, D features. Later assignments: images `(N, C, H, W)`,
#   sequences `(B, T, D)`, masks boolean with **True = may be attended / is valid**.
# - **Float types.** float64 unless the caller passes float32, in which case the result is float32. The function
#   `as_float` below is this rule; use it. Labels are int64.
# - **No function may modify its inputs** unless its docstring says "in place".
# - **Randomness only through an argument** `rng: np.random.Generator`. Calling `np.random.normal(...)` and the
#   like is an error, because nobody could repeat your run.
# - **Losses are means over the batch** unless the signature has `reduction`.
# - **Numbers may be large.** No overflow, no division by zero, no `nan` for any input a question allows.
#   (Underflow is fine: $e^{-1000}$ *is* 0 to all digits.)
# - Nothing is printed, plotted, downloaded or trained outside the cells that begin with `# experiment`.
# - numpy only. torch, scipy and scikit-learn cannot be imported while your notebook is graded, and q7 does
#   without numpy.
#
# **Words.** Your lecture, the books and this notebook do not always use the same ones.
#
# | here | elsewhere |
# |---|---|
# | multi-layer perceptron (MLP) | multi-layer feed-forward neural network (MLFFNN), deep feed-forward network (DFNN) |
# | loss | divergence (DIV), cost, error |
# | momentum | generalized delta rule |
# | Adam | AdaM |
# | autoencoder, bottleneck | auto-associative network (AANN), dimension-reduction layer |
# | pre-activation $z$, activation $a$ | Prince: $f$ and $h$; Goodfellow: $a$ and $h$; Bishop: $a$ and $z$ |
# | weights $W$ of shape `(n_in, n_out)`, $z = aW + b$ | the books write $W a + b$ for one column vector: $W$ is transposed |
#
# **Books.** *Prince*: S. Prince, Understanding Deep Learning, 2023 (udlbook.github.io). *Goodfellow*: I.
# Goodfellow, Y. Bengio, A. Courville, Deep Learning, 2016 (deeplearningbook.org). *Bishop*: C. Bishop, Pattern
# Recognition and Machine Learning, 2006.

# %%
# given: numpy, the rule about float types, and a way to run experiments
import math

import numpy as np


def as_float(x: np.ndarray) -> np.ndarray:
    """x as an array of floats: float32 stays float32, everything else becomes float64."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


def experiment(run):
    """Run an experiment at once; what is not implemented yet ends it with a remark instead of an error."""
    try:
        run()
    except NotImplementedError as gap:
        print(f"Nothing to see yet. {gap}")


# %% [raw]
# # BEGIN QUESTION
# name: q4
# points: 0

# %% [markdown]
# ## q4. Activations and their slopes (5 points)
#
# A neuron adds up its weighted inputs to one number, the pre-activation $z$, and passes it through a fixed
# non-linear function. Without that function a stack of layers would collapse into a single matrix. The neuron of
# McCulloch and Pitts used a hard threshold: its slope is 0 wherever it has one, so gradient descent has nothing
# to follow. These are the soft functions that replaced it:
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}} \qquad \tanh z = \frac{e^z - e^{-z}}{e^z + e^{-z}} \qquad
# \mathrm{relu}(z) = \max(0, z) \qquad \mathrm{lrelu}_\alpha(z) = \begin{cases} z & z > 0 \\ \alpha z & \text{else}
# \end{cases} \qquad \zeta(z) = \ln(1 + e^z)$$
#
# Write them, and write the derivative of each **as a function of the pre-activation** $z$. Do the derivatives on
# paper first; three identities save work: $\sigma(-z) = 1 - \sigma(z)$, $\tanh z = 2\sigma(2z) - 1$, and the
# slope of the softplus $\zeta$ is a function that you already have.
#
# | argument | shape and type |
# |---|---|
# | `z` | any shape, also a single number; float64, float32 or integers; as large as $\pm 10^4$ |
# | `alpha` | the slope on the left, a float |
# | returns | the shape of `z`, float32 for float32, else float64 |
#
# By hand, to four digits, with $\alpha = 0.01$:
#
# | $z$ | $\sigma$ | $\tanh$ | relu | lrelu | $\zeta$ |
# |---|---|---|---|---|---|
# | -2 | 0.1192 | -0.9640 | 0 | -0.02 | 0.1269 |
# | 0.5 | 0.6225 | 0.4621 | 0.5 | 0.5 | 0.9741 |
# | 3 | 0.9526 | 0.9951 | 3 | 3 | 3.0486 |
#
# **What usually goes wrong**
# - What is `np.exp(1000)`, and for which sign of $z$ does your sigmoid compute it? Can you write $\sigma$ and
#   $\zeta$ so that only $e^{-|z|}$ is ever computed?
# - `np.where(z >= 0, A, B)` computes both `A` and `B` for every entry. Why may that matter?
# - Is $\sigma(-40)$ equal to 0? Is $\zeta(-40)$? What is `1 + 1e-18`, and what is `np.log1p` for?
# - Books often write $\sigma' = a(1 - a)$ where $a$ is the *activation*. What does your function receive?
# - A slide somewhere says $1/(1 + e^{z})$. What would that give at $z = 3$?
# - What does your ReLU do to its argument? And what becomes of `np.array([-1, 2])`, which holds integers?
#
# *Read:* Prince ch. 3; Goodfellow §3.10, §4.1 and §6.3; Bishop §5.1. Papers: Nair and Hinton 2010 and Glorot,
# Bordes and Bengio 2011 (ReLU), Maas, Hannun and Ng 2013 (leaky ReLU), Dugas et al. 2001 (softplus).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q4


def sigmoid(z: np.ndarray) -> np.ndarray:
    """The logistic function 1 / (1 + e^-z), element by element. Any shape; float32 stays float32."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    with np.errstate(under="ignore"):  # e^-1000 = 0 is the right answer, not an accident
        e = np.exp(-np.abs(z))  # in [0, 1]: cannot overflow
        return np.where(z >= 0, 1, e) / (1 + e)  # for z < 0: e^z / (e^z + 1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: sigmoid is not implemented yet")
    """  # END PROMPT


def tanh(z: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent (e^z - e^-z) / (e^z + e^-z)."""
    # BEGIN SOLUTION NO PROMPT
    return np.tanh(as_float(z))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: tanh is not implemented yet")
    """  # END PROMPT


def relu(z: np.ndarray) -> np.ndarray:
    """The rectified linear unit max(z, 0)."""
    # BEGIN SOLUTION NO PROMPT
    return np.maximum(as_float(z), 0)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: relu is not implemented yet")
    """  # END PROMPT


def leaky_relu(z: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """z where z > 0, alpha z elsewhere."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    return np.where(z > 0, z, z.dtype.type(alpha) * z)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: leaky_relu is not implemented yet")
    """  # END PROMPT


def softplus(z: np.ndarray) -> np.ndarray:
    """ln(1 + e^z)."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    with np.errstate(under="ignore"):
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: softplus is not implemented yet")
    """  # END PROMPT


def d_sigmoid(z: np.ndarray) -> np.ndarray:
    """The derivative of the sigmoid at the pre-activation z."""
    # BEGIN SOLUTION NO PROMPT
    return sigmoid(z) * sigmoid(-as_float(z))  # 1 - sigmoid(z) = sigmoid(-z), without the cancellation
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_sigmoid is not implemented yet")
    """  # END PROMPT


def d_tanh(z: np.ndarray) -> np.ndarray:
    """The derivative of tanh at the pre-activation z."""
    # BEGIN SOLUTION NO PROMPT
    return 4 * d_sigmoid(2 * as_float(z))  # tanh(z) = 2 sigmoid(2z) - 1
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_tanh is not implemented yet")
    """  # END PROMPT


def d_relu(z: np.ndarray) -> np.ndarray:
    """The derivative of the ReLU at the pre-activation z; at z = 0 either 0 or 1 will do."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    return (z > 0).astype(z.dtype)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_relu is not implemented yet")
    """  # END PROMPT


def d_leaky_relu(z: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """The derivative of the leaky ReLU at the pre-activation z; at z = 0 either alpha or 1 will do."""
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    return np.where(z > 0, 1, alpha).astype(z.dtype)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_leaky_relu is not implemented yet")
    """  # END PROMPT


def d_softplus(z: np.ndarray) -> np.ndarray:
    """The derivative of the softplus at the pre-activation z."""
    # BEGIN SOLUTION NO PROMPT
    return sigmoid(z)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q4: d_softplus is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_activation_values(sigmoid, tanh, relu, leaky_relu, softplus):
    """the activations at -2, 0.5 and 3 are those worked out by hand"""
    z = np.array([-2.0, 0.5, 3.0])
    by_hand = {
        "sigmoid": (sigmoid, [0.119203, 0.622459, 0.952574]),
        "tanh": (tanh, [-0.964028, 0.462117, 0.995055]),
        "relu": (relu, [0.0, 0.5, 3.0]),
        "leaky_relu": (leaky_relu, [-0.02, 0.5, 3.0]),
        "softplus": (softplus, [0.126928, 0.974077, 3.048587]),
    }
    for name, (activation, expected) in by_hand.items():
        yours = activation(z)
        assert near(yours, expected), f"{name}({z}) is {expected}, yours gives {yours}"


# %%
def test_slopes(env):
    """the derivatives are the slopes of the tangents"""
    z, h = np.array([-2.0, 0.5, 3.0]), 1e-5
    for name in ("sigmoid", "tanh", "relu", "leaky_relu", "softplus"):
        defined({name: env.get(name), f"d_{name}": env.get(f"d_{name}")})
        slope = (env[name](z + h) - env[name](z - h)) / (2 * h)
        yours = env[f"d_{name}"](z)
        assert near(yours, slope), f"at {z} your {name} has the slopes {np.round(slope, 6)}, but d_{name} gives {yours}"


# %%
def test_shapes_and_types(sigmoid, tanh, relu, leaky_relu, softplus):
    """shape and float32 are kept, a single number will do, the argument is left alone"""
    for activation in (sigmoid, tanh, relu, leaky_relu, softplus):
        name, z = activation.__name__, np.array([[-1.0, 0.0, 2.0]], dtype=np.float32)
        yours = activation(z)
        assert np.shape(yours) == (1, 3), f"{name}: z has shape (1, 3), yours returns {np.shape(yours)}"
        kind = np.asarray(yours).dtype
        assert kind == np.float32, f"{name}: z is float32, yours returns {kind}"
        assert (z == np.array([[-1.0, 0.0, 2.0]])).all(), f"{name} changes its argument"
        assert np.shape(activation(2.0)) == (), f"{name}(2.0) should be a single number"


# %%
def test_large_arguments(sigmoid, softplus):
    """sigmoid and softplus survive z = -1000 and z = 1000"""
    z = np.array([-1000.0, 1000.0])
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        assert near(sigmoid(z), [0, 1]), f"sigmoid({z}) should be [0, 1], yours is {sigmoid(z)}"
        assert near(softplus(z), [0, 1000]), f"softplus({z}) should be [0, 1000], yours is {softplus(z)}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: the activations, their slopes, and a tangent


@experiment
def activations_and_slopes():
    import matplotlib.pyplot as plt

    z, at = np.linspace(-5, 5, 401), 0.5
    pairs = [(sigmoid, d_sigmoid), (tanh, d_tanh), (relu, d_relu), (leaky_relu, d_leaky_relu), (softplus, d_softplus)]
    curves = [(f.__name__, f(z), slope(z), f(at), slope(at)) for f, slope in pairs]
    fig, axes = plt.subplots(1, 5, figsize=(15, 3), sharex=True)
    for ax, (name, value, slope, value_at, slope_at) in zip(axes, curves, strict=True):
        ax.plot(z, value, label="value")
        ax.plot(z, slope, "--", label="slope")
        ax.plot(z, value_at + slope_at * (z - at), ":", color="gray", label=f"tangent at {at}")
        ax.plot([at], [value_at], "o", color="gray")
        ax.set(title=name, xlabel="z", ylim=(-1.5, 3))
    axes[0].legend(fontsize=8)
    fig.tight_layout()
    plt.show()


# %% [raw]
# # BEGIN QUESTION
# name: q5
# points: 0

# %% [markdown]
# ## q5. Losses and their gradients (8 points)
#
# A loss says with one number how wrong a batch of predictions is; its gradient with respect to the predictions is
# where every backward pass starts. Each loss below is a negative log-likelihood: of a normal distribution
# (squared error), of a coin (binary cross-entropy), of a die with $C$ sides (softmax cross-entropy). The last two
# take **logits**, the plain outputs of the last layer, and not probabilities. That is no detail: loss and sigmoid
# (or softmax) taken together are simple and safe, and one after the other they are neither.
#
# $$L_{\text{mse}} = \frac{1}{2N} \sum_{i=1}^{N} \sum_{k=1}^{K} (\hat y_{ik} - y_{ik})^2 \qquad
# L_{\text{bce}} = -\frac{1}{N} \sum_{i=1}^{N} \bigl[ y_i \ln \sigma(z_i) + (1 - y_i) \ln (1 - \sigma(z_i)) \bigr]$$
#
# $$p_{ij} = \frac{e^{Z_{ij}}}{\sum_{c} e^{Z_{ic}}} \qquad L_{\text{ce}} = -\frac{1}{N} \sum_{i=1}^{N} \ln p_{i, y_i}$$
#
# | function | arguments | returns |
# |---|---|---|
# | `mse_loss` | `yhat (N, K)`, `y (N, K)` | loss (a float), gradient `(N, K)` |
# | `bce_with_logits` | `z (N,)`, `y (N,)` anywhere in [0, 1] | loss, gradient `(N,)` |
# | `softmax` | `Z` of any shape, the `axis` to normalise | probabilities, shape of `Z` |
# | `softmax_cross_entropy` | `Z (N, C)`, `y (N,)` integers, `reduction` | loss, gradient `(N, C)` |
# | `one_hot` | `y (N,)` integers, `C` | `(N, C)` float64 |
#
# `reduction` is "mean" (as above), "sum" (without the $1/N$) or "none": then the losses come as an array `(N,)`
# and row $i$ of the gradient belongs to loss $i$.
#
# **On paper.** Two samples, three classes: logits $(\ln 1, \ln 2, \ln 5)$ with true class 1 and $(\ln 3, 0, 0)$
# with true class
# 0. The probabilities are $(1, 2, 5)/8$ and $(3, 1, 1)/5$, the losses $\ln 4$ and $\ln\frac{5}{3}$, their mean
#    0.948560. The gradient of the mean is $\frac12 (\frac18, -\frac34, \frac58)$ in the first row; the second row
#    is yours.
#
# **What usually goes wrong**
# - Add 10 000 to every logit of one sample and nothing should change. What does $e^{10\,000}$ say to that? And is
#   it enough to subtract one maximum for the whole batch when another sample's logits lie around $-10\,000$?
# - A sample whose true class trails by 100 must cost 100. What does `np.log(p + 1e-8)` make of it?
# - The loss is a mean. Is the gradient the gradient of the mean? Over what: $N$, or $N \cdot C$?
# - What is `Z[:, y]` when `y` is an array: N numbers, or something larger?
# - Without `keepdims=True`, when does `Z - Z.max(axis=1)` fail, and when does it *not* fail and should have?
# - What do the rows of the gradient sum to, and why?
# - How many columns does `one_hot(y, 10)` have when no 9 is in `y`?
#
# *Read:* Prince ch. 5; Goodfellow §4.1 and §6.2.2; Bishop §4.3 and §5.2. Paper: Bridle 1990 (softmax).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q5


def mse_loss(yhat: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Squared error, 1/(2N) times the sum over samples and outputs.

    yhat, y: (N, K);  returns (loss, d loss / d yhat of shape (N, K))
    """
    # BEGIN SOLUTION NO PROMPT
    yhat = as_float(yhat)
    N = len(yhat)
    difference = yhat - np.asarray(y, dtype=yhat.dtype)  # (N, K)
    return float(np.sum(difference**2) / (2 * N)), difference / N
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: mse_loss is not implemented yet")
    """  # END PROMPT


def bce_with_logits(z: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Binary cross-entropy of sigmoid(z) against y, mean over the batch.

    z: (N,) logits;  y: (N,) targets in [0, 1];  returns (loss, d loss / d z of shape (N,))
    """
    # BEGIN SOLUTION NO PROMPT
    z = as_float(z)
    N = len(z)
    y = np.asarray(y, dtype=z.dtype)
    with np.errstate(under="ignore"):
        losses = np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))  # softplus(z) - y z
    return float(losses.mean()), (sigmoid(z) - y) / N
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: bce_with_logits is not implemented yet")
    """  # END PROMPT


def softmax(Z: np.ndarray, axis: int = -1) -> np.ndarray:
    """Probabilities e^Z / sum of e^Z along one axis of an array of any shape."""
    # BEGIN SOLUTION NO PROMPT
    Z = as_float(Z)
    with np.errstate(under="ignore"):
        E = np.exp(Z - Z.max(axis=axis, keepdims=True))  # the largest exponent is 0
        return E / E.sum(axis=axis, keepdims=True)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: softmax is not implemented yet")
    """  # END PROMPT


def softmax_cross_entropy(Z: np.ndarray, y: np.ndarray, reduction: str = "mean") -> tuple[float, np.ndarray]:
    """Cross-entropy of softmax(Z) against the true classes.

    Z: (N, C) logits;  y: (N,) integers in 0..C-1;  reduction: "mean", "sum" or "none"
    returns (loss, dZ of shape (N, C)); with "none" the loss has shape (N,) and row i of dZ belongs to loss i
    """
    # BEGIN SOLUTION NO PROMPT
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
    Z = as_float(Z)
    N = len(Z)
    correct = np.arange(N), np.asarray(y)
    with np.errstate(under="ignore"):
        shifted = Z - Z.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (N, C)
        dZ = np.exp(log_p)  # the probabilities
    losses = -log_p[correct]  # (N,)
    dZ[correct] -= 1  # p - one_hot(y)
    if reduction == "mean":
        return float(losses.mean()), dZ / N
    if reduction == "sum":
        return float(losses.sum()), dZ
    return losses, dZ
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: softmax_cross_entropy is not implemented yet")
    """  # END PROMPT


def one_hot(y: np.ndarray, C: int) -> np.ndarray:
    """y: (N,) integers in 0..C-1;  returns (N, C) float64 with a single 1 in each row."""
    # BEGIN SOLUTION NO PROMPT
    Y = np.zeros((len(y), C))
    Y[np.arange(len(y)), y] = 1
    return Y
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: one_hot is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_cross_entropy_by_hand(softmax_cross_entropy):
    """the loss and the gradient of the example on paper"""
    Z = np.array([[np.log(1), np.log(2), np.log(5)], [np.log(3), 0.0, 0.0]])
    loss, dZ = softmax_cross_entropy(Z, np.array([1, 0]))
    assert near(loss, 0.948560), f"the mean of ln 4 and ln 5/3 is 0.948560, yours is {loss}"
    assert np.shape(dZ) == (2, 3), f"the gradient has the shape of Z, (2, 3); yours has {np.shape(dZ)}"
    assert near(dZ[0], [1 / 16, -3 / 8, 5 / 16]), f"row 0 is half of (1/8, -3/4, 5/8), yours is {dZ[0]}"
    assert near(dZ.sum(axis=1), [0, 0]), f"each row of the gradient sums to 0, yours sum to {dZ.sum(axis=1)}"


# %%
def test_reductions(softmax_cross_entropy):
    """reduction: the mean times N is the sum, and the sum is that of the separate losses"""
    Z, y = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 3.0]]), np.array([0, 1])
    mean, d_mean = softmax_cross_entropy(Z, y)
    total, d_total = softmax_cross_entropy(Z, y, reduction="sum")
    each, d_each = softmax_cross_entropy(Z, y, reduction="none")
    assert np.shape(each) == (2,), f'reduction="none" gives one loss for each of 2 samples; yours: {np.shape(each)}'
    assert near(total, 2 * mean), f"2 samples: the sum is twice the mean; yours are {total} and {mean}"
    assert near(np.sum(each), total), f"the losses {each} do not add up to the sum {total}"
    assert near(d_total, 2 * d_mean), 'the gradient of "sum" is 2 times that of "mean" here'
    assert near(d_each, d_total), 'row i of the gradient of "none" belongs to loss i alone, as in "sum"'


# %%
def test_softmax(softmax):
    """softmax: probabilities along the axis that was asked for"""
    Z = np.array([[0.0, np.log(3)], [np.log(4), np.log(4)], [0.0, 0.0]])
    rows, columns = softmax(Z), softmax(Z, axis=0)
    assert near(rows, [[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]), f"rows (1, 3)/4, (1, 1)/2, (1, 1)/2; yours: {rows}"
    assert near(columns[:, 0], [1 / 6, 4 / 6, 1 / 6]), f"axis=0: first column (1, 4, 1)/6; yours: {columns[:, 0]}"
    assert near(softmax(Z + 1000), rows), "adding 1000 to all logits should change nothing"


# %%
def test_squared_error(mse_loss):
    """mse_loss on a 2 x 3 case"""
    yhat, y = np.array([[1.0, 2.0, 0.0], [3.0, 4.0, 1.0]]), np.array([[1.0, 0.0, 0.0], [0.0, 4.0, 1.0]])
    loss, grad = mse_loss(yhat, y)
    assert near(loss, 3.25), f"N = 2: (0 + 4 + 0 + 9 + 0 + 0) / (2 * 2) = 3.25, yours is {loss}"
    assert near(grad, [[0, 1, 0], [1.5, 0, 0]]), f"the gradient is the difference / 2; yours is {grad}"


# %%
def test_binary_cross_entropy(bce_with_logits):
    """bce_with_logits on logits 0 and ln 3"""
    loss, grad = bce_with_logits(np.array([0.0, np.log(3)]), np.array([1, 0]))
    assert near(loss, 1.039721), f"sigmoid gives 1/2 and 3/4: (ln 2 + ln 4) / 2 = 1.039721, yours is {loss}"
    assert near(grad, [-0.25, 0.375]), f"the gradient is (-1/2, 3/4) / 2, yours is {grad}"


# %%
def test_one_hot(one_hot):
    """one_hot has as many columns as there are classes"""
    yours = one_hot(np.array([2, 0]), 4)
    assert near(yours, [[0, 0, 1, 0], [1, 0, 0, 0]]), f"one_hot([2, 0], 4): yours is {yours}"
    assert np.asarray(yours).dtype == np.float64, f"one_hot is float64, yours is {np.asarray(yours).dtype}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: what a mistake costs when it is made with confidence


@experiment
def price_of_confidence():
    import matplotlib.pyplot as plt

    gap = np.linspace(-10, 40, 201)  # how far the true class trails behind the other one
    Z, y = np.stack([np.zeros_like(gap), gap], axis=1), np.zeros(len(gap), dtype=int)
    exact, dZ = softmax_cross_entropy(Z, y, reduction="none")
    probability = softmax(Z)[:, 0]
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.2))
    left.plot(gap, exact, label="from the logits")
    left.plot(gap, -np.log(probability + 1e-8), "--", label="-ln(p + 1e-8)")
    left.set(xlabel="the true class trails by", ylabel="loss", title="an epsilon caps the loss ...")
    right.plot(gap, -dZ[:, 0], label="from the logits")
    right.plot(gap, probability * (1 - probability) / (probability + 1e-8), "--", label="-ln(p + 1e-8)")
    right.set(xlabel="the true class trails by", ylabel="pull on its logit", title="... and loses the gradient")
    left.legend()
    fig.tight_layout()
    plt.show()


# %% [raw]
# # BEGIN QUESTION
# name: q7
# points: 0

# %% [markdown]
# ## q7. Scalar autograd (10 points)
#
# Backpropagation is the chain rule with book-keeping. While an expression is computed, every intermediate number
# remembers the numbers it came from; these memories form a graph. Afterwards one walk through the graph, from the
# result back to the inputs, finds the derivative of the result with respect to *every* number in it. In one walk:
# that is why networks with millions of weights can be trained. Here you build this engine for single numbers, in
# plain Python (no numpy).
#
# If $u$ goes into $v_1, v_2, \dots$ then, by the chain rule, with $f$ the end result,
#
# $$\frac{\partial f}{\partial u} = \sum_k \frac{\partial f}{\partial v_k} \, \frac{\partial v_k}{\partial u}$$
#
# so a node may pass its gradient on only when it has received *all* of its own.
#
# | member | meaning |
# |---|---|
# | `Value(data)` | a node; attributes `data` (a float) and `grad` (0.0 at first) |
# | `+ - * / **`, unary `-` | a new `Value`; the other operand is a `Value` or a number, on either side; the exponent is a number |
# | `.exp() .log() .tanh() .sigmoid() .relu()` | a new `Value` |
# | `.backward()` | sets `grad` of every node of the graph to 0, then `node.grad` = d self / d node for all of them |
#
# **On paper.** $a = 2$, $b = 3$, $u = ab + a = 8$, $f = u^2 / 4 = 16$. Then $\partial f / \partial u = u/2 = 4$,
# $\partial f / \partial b = 4a = 8$, and $a$, which is used twice, gets $4(b + 1) = 16$.
#
# **What usually goes wrong**
# - In `x * x` both operands are the same node. Does it get both contributions? If you keep the operands in a
#   `set`, how many are there?
# - Repeat `r = r + r` 60 times: 61 nodes, but $2^{60}$ paths from the last to the first. Does your walk visit nodes or
#   paths?
# - Python allows about 1000 nested calls. What becomes of a sum with 20 000 terms? (What is a stack, if not
#   recursion?)
# - Call `backward()` twice. Are the gradients the same? What about `backward()` of another result that shares
#   leaves?
# - `2 - x` is not `x - 2`, and `2 / x` is not `x / 2`. Which methods does Python call for these?
# - Is `(-3) ** 2` possible with $e^{n \ln x}$? Is $\sigma(-1000)$ possible with `math.exp(1000)`?
# - Two different nodes may hold equal numbers. Are they the same node to you?
#
# *Read:* Prince §7.1 to §7.4; Goodfellow §6.5; Bishop §5.3. Papers: Rumelhart, Hinton and Williams 1986; Baydin
# et al. 2018 (survey). The idea of this exercise is that of A. Karpathy's micrograd.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q7


class Value:
    """A number that remembers how it was computed. Plain Python, no arrays.

    data: the number;  grad: d (root) / d (this node) after root.backward(), 0.0 before
    """

    # BEGIN SOLUTION NO PROMPT
    def __init__(self, data: float, parents: tuple = (), slopes: tuple = ()):
        self.data = float(data)
        self.grad = 0.0
        self._parents = parents  # the nodes this one was computed from
        self._slopes = slopes  # d self / d parent, one for each parent

    def __repr__(self) -> str:
        return f"Value(data={self.data:.6g}, grad={self.grad:.6g})"

    @staticmethod
    def of(x: "Value | float") -> "Value":
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other: "Value | float") -> "Value":
        other = Value.of(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: "Value | float") -> "Value":
        other = Value.of(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __truediv__(self, other: "Value | float") -> "Value":
        other = Value.of(other)
        out = self.data / other.data
        return Value(out, (self, other), (1 / other.data, -out / other.data))

    def __pow__(self, n: float) -> "Value":
        slope = n * self.data ** (n - 1) if n != 0 else 0.0
        return Value(self.data**n, (self,), (slope,))

    def __neg__(self) -> "Value":
        return self * -1

    def __sub__(self, other: "Value | float") -> "Value":
        return self + -Value.of(other)

    def __radd__(self, other: float) -> "Value":
        return self + other

    def __rmul__(self, other: float) -> "Value":
        return self * other

    def __rsub__(self, other: float) -> "Value":
        return Value.of(other) - self

    def __rtruediv__(self, other: float) -> "Value":
        return Value.of(other) / self

    def exp(self) -> "Value":
        out = math.exp(self.data)
        return Value(out, (self,), (out,))

    def log(self) -> "Value":
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def tanh(self) -> "Value":
        out = math.tanh(self.data)
        return Value(out, (self,), (1 - out**2,))

    def sigmoid(self) -> "Value":
        e = math.exp(-abs(self.data))
        out = (1 if self.data >= 0 else e) / (1 + e)
        return Value(out, (self,), (out * (1 - out),))

    def relu(self) -> "Value":
        return Value(max(self.data, 0.0), (self,), (1.0 if self.data > 0 else 0.0,))

    def backward(self) -> None:
        order = self._parents_first()
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):  # a node's grad is complete before it is passed on
            for parent, slope in zip(node._parents, node._slopes, strict=True):
                parent.grad += slope * node.grad

    def _parents_first(self) -> list["Value"]:
        """Every node of the graph once, each after all nodes it was computed from."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:  # a stack of our own: a chain of 20 000 nodes would exhaust Python's
            node, parents_done = stack.pop()
            if parents_done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent in node._parents)
        return order

    # END SOLUTION
    """ # BEGIN PROMPT
    def __init__(self, data: float):
        raise NotImplementedError("q7: Value is not implemented yet")

    # your operators: + - * / ** and unary -, with a Value or a number on either side
    # your functions: exp, log, tanh, sigmoid, relu

    def backward(self) -> None:
        raise NotImplementedError("q7: Value.backward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_shared_node(Value):
    """u = ab + a, f = u^2 / 4: every gradient, with a used twice"""
    a, b = Value(2.0), Value(3.0)
    u = a * b + a
    f = u**2 / 4
    assert near(f.data, 16), f"f = 8^2 / 4 = 16, yours is {f.data}"
    f.backward()
    for name, node, by_hand in (("f", f, 1), ("u", u, 4), ("b", b, 8), ("a", a, 16)):
        assert near(node.grad, by_hand), f"df/d{name} = {by_hand}, yours is {node.grad}"


# %%
def test_backward_twice(Value):
    """backward() a second time gives the same gradients"""
    x = Value(3.0)
    y = x * x
    y.backward()
    y.backward()
    assert near(x.grad, 6), f"d(x*x)/dx = 6 at x = 3, after the second backward() yours is {x.grad}"


# %%
def test_numbers_on_either_side(Value):
    """numbers and Values mix, on either side"""
    x = Value(4.0)
    cases = {"2 - x": (2 - x, -2), "x - 2": (x - 2, 2), "2 / x": (2 / x, 0.5), "x / 2": (x / 2, 2), "-x": (-x, -4)}
    cases |= {"3 + x": (3 + x, 7), "3 * x": (3 * x, 12), "x ** -1": (x**-1, 0.25), "x ** 0.5": (x**0.5, 2)}
    for text, (node, by_hand) in cases.items():
        assert isinstance(node, Value), f"{text} should be a Value, yours is a {type(node).__name__}"
        assert near(node.data, by_hand), f"{text} = {by_hand} at x = 4, yours is {node.data}"


# %%
def test_functions(Value):
    """value and slope of exp, log, tanh, sigmoid and relu"""
    by_hand = {  # function: (x, value, slope)
        "exp": (0.0, 1.0, 1.0),
        "log": (2.0, 0.693147, 0.5),
        "tanh": (0.0, 0.0, 1.0),
        "sigmoid": (0.0, 0.5, 0.25),
        "relu": (-3.0, 0.0, 0.0),
    }
    for name, (at, value, slope) in by_hand.items():
        x = Value(at)
        y = getattr(x, name)()
        y.backward()
        assert near(y.data, value), f"{name}({at}) = {value}, yours is {y.data}"
        assert near(x.grad, slope), f"the slope of {name} at {at} is {slope}, yours is {x.grad}"


# %%
def test_long_sum(Value):
    """a sum of 5000 terms neither recurses too deeply nor takes long"""
    x = Value(1.0)
    total = x
    for _ in range(4999):
        total = total + x
    total.backward()
    assert near(x.grad, 5000), f"x + x + ... (5000 times) has the slope 5000, yours is {x.grad}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: your engine learns XOR, one number at a time


@experiment
def learn_xor():
    import matplotlib.pyplot as plt

    rng, hidden = np.random.default_rng(3), 4
    corners = [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)]
    W1 = [[Value(rng.normal()) for _ in range(2)] for _ in range(hidden)]
    b1, W2, b2 = [Value(0.0) for _ in range(hidden)], [Value(rng.normal()) for _ in range(hidden)], Value(0.0)

    def probability(x):
        h = [(w[0] * x[0] + w[1] * x[1] + b).tanh() for w, b in zip(W1, b1, strict=True)]
        return (sum((w * a for w, a in zip(W2, h, strict=True)), b2)).sigmoid()

    weights, losses = [w for row in W1 for w in row] + b1 + W2 + [b2], []
    for _ in range(150):
        loss = sum(-(probability(x) if y else 1 - probability(x)).log() for x, y in corners) / 4
        loss.backward()
        losses.append(loss.data)
        for w in weights:
            w.data -= 1.0 * w.grad
    grid = np.linspace(-0.3, 1.3, 25)
    picture = [[probability((u, v)).data for u in grid] for v in grid]
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    left.plot(losses)
    left.set(xlabel="step", ylabel="loss", title=f"{len(weights)} weights, gradient descent")
    shown = right.contourf(grid, grid, picture, levels=np.linspace(0, 1, 11), cmap="RdBu_r")
    for (u, v), y in corners:
        right.plot(u, v, "^" if y else "o", color="black")
    right.set(title="probability of class 1 (triangles)", xlabel="x1", ylabel="x2")
    fig.colorbar(shown)
    fig.tight_layout()
    plt.show()


# %% [raw]
# # BEGIN QUESTION
# name: q8
# points: 0

# %% [markdown]
# ## q8. The multi-layer perceptron (12 points)
#
# Now the same chain rule with matrices, for a whole batch at once. Layer $l$ multiplies the activations below it
# by a matrix and adds a bias; every layer but the last applies an activation $g$:
#
# $$a^{(0)} = X \qquad z^{(l)} = a^{(l-1)} W^{(l)} + b^{(l)} \qquad a^{(l)} = g(z^{(l)}) \ \text{ for } l < L \qquad
# \text{logits} = z^{(L)}$$
#
# $$L = \frac1N \sum_{i} -\ln \mathrm{softmax}(z^{(L)}_i)_{y_i} + \frac{\lambda}{2} \sum_{l} \sum_{jk} \bigl(W^{(l)}_{jk}\bigr)^2$$
#
# Backwards, let $\delta^{(l)}$ be the gradient of $L$ with respect to $z^{(l)}$. It starts at the top, with q5,
# and goes down:
#
# $$\frac{\partial L}{\partial W^{(l)}} = a^{(l-1)\top} \delta^{(l)} + \lambda W^{(l)} \qquad
# \frac{\partial L}{\partial b^{(l)}} = \sum_i \delta^{(l)}_i \qquad
# \delta^{(l-1)} = \bigl(\delta^{(l)} W^{(l)\top}\bigr) \odot g'(z^{(l-1)})$$
#
# Weights start as random numbers of mean 0; their variance decides whether signals survive many layers:
#
# | scheme | variance of a weight | distribution |
# |---|---|---|
# | `xavier_normal`, `xavier_uniform` | $2 / (n_{\text{in}} + n_{\text{out}})$ | normal; uniform on $[-r, r]$ with this variance |
# | `he_normal`, `he_uniform` | $2 / n_{\text{in}}$ | normal; uniform on $[-r, r]$ with this variance |
#
# | name | shape |
# |---|---|
# | `params["W1"]`, `params["b1"]`, `params["W2"]`, ... | $(n_0, n_1)$, $(n_1,)$, $(n_1, n_2)$, ...; biases start at 0 |
# | `X`, `y` | `(N, n0)`, `(N,)` integers |
# | `act` | "relu", "tanh" or "sigmoid": the table `ACTIVATIONS` has function and slope |
# | `cache` | whatever your backward pass wants to know of the forward pass |
# | `numeric_gradient(f, x, h)` | like `x`; `f(x)` gives a number; `x` is nudged in place and put back |
#
# `numeric_gradient` is your tool against yourself: whoever writes a backward pass by hand compares it with
# central differences $\bigl(f(x + h e_i) - f(x - h e_i)\bigr) / 2h$. If the two differ by more than about
# $10^{-7}$, one of them is wrong.
#
# **On paper.** A 2-3-2 network with ReLU, two samples. The first hidden layer gives $(2, -1, -0.5)$ and $(-1,
# -2.5, 2.5)$ before the ReLU; the logits are $(1, 0)$ and $(-1, 2)$, the true classes 0 and 1. The loss is
# $\frac12 [\ln(1 + e^{-1}) + \ln(1 + e^{-3})] = 0.180925$. The weights are in the check; do the first layer
# yourself.
#
# **What usually goes wrong**
# - $g'$ at $z^{(l-1)}$ or at $a^{(l-1)}$? Of which layer? With ReLU you cannot see the difference. With tanh?
# - A network trained *without* the factor $g'$ still reads digits with 98 %. So what does a good accuracy say
#   about a gradient?
# - Who divides by $N$, and how often?
# - What is penalised: $\lambda \sum W^2$ or half of it? Does the gradient agree? Are the biases in it?
# - `dW = delta.T @ a` has the right shape when the layer is square. Is it right?
# - Uniform on $[-r, r]$: its variance is not $r^2$. What is $r$?
# - $n_{\text{in}}$ of `W` is which axis here?
# - If `f` raises in the middle of `numeric_gradient`, is `x` what it was? And is `x.ravel()` always a view of
#   `x`?
#
# *Read:* Prince ch. 4, ch. 7 and §9.1; Goodfellow §6.5, §7.1 and §8.4; Bishop §5.3 (also on central differences).
# Papers: Rumelhart, Hinton and Williams 1986; Glorot and Bengio 2010 (Xavier); He et al. 2015.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q8
ACTIVATIONS = {"relu": (relu, d_relu), "tanh": (tanh, d_tanh), "sigmoid": (sigmoid, d_sigmoid)}


def init_params(sizes: list[int], scheme: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random weights and zero biases for layers of the given sizes.

    sizes: [n0, n1, ..., nL];  scheme: "xavier_uniform", "xavier_normal", "he_uniform" or "he_normal"
    returns {"W1": (n0, n1), "b1": (n1,), "W2": (n1, n2), "b2": (n2,), ...}
    """
    # BEGIN SOLUTION NO PROMPT
    family, _, shape = scheme.partition("_")
    if family not in ("xavier", "he") or shape not in ("uniform", "normal"):
        raise ValueError(f"scheme must be xavier_ or he_ with uniform or normal, got {scheme!r}")
    params = {}
    for layer, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True), start=1):
        variance = 2 / (n_in + n_out) if family == "xavier" else 2 / n_in
        if shape == "normal":
            W = rng.normal(0, np.sqrt(variance), size=(n_in, n_out))
        else:
            bound = np.sqrt(3 * variance)  # the variance of U(-a, a) is a^2 / 3
            W = rng.uniform(-bound, bound, size=(n_in, n_out))
        params[f"W{layer}"] = W
        params[f"b{layer}"] = np.zeros(n_out)
    return params
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: init_params is not implemented yet")
    """  # END PROMPT


def mlp_forward(params: dict[str, np.ndarray], X: np.ndarray, act: str) -> tuple[np.ndarray, object]:
    """The logits of a batch. Hidden layers are activated, the last layer is not.

    X: (N, n0);  act: "relu", "tanh" or "sigmoid";  returns (logits (N, C), cache: whatever your backward pass needs)
    """
    # BEGIN SOLUTION NO PROMPT
    activation, _ = ACTIVATIONS[act]
    n_layers = len(params) // 2
    A, cache = as_float(X), []
    for layer in range(1, n_layers + 1):
        Z = A @ params[f"W{layer}"] + params[f"b{layer}"]  # (N, n_layer)
        cache.append((A, Z))
        A = activation(Z) if layer < n_layers else Z
    return A, cache
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: mlp_forward is not implemented yet")
    """  # END PROMPT


def mlp_loss_and_grads(
    params: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray, act: str, l2: float = 0.0
) -> tuple[float, dict[str, np.ndarray]]:
    """Mean cross-entropy + l2/2 * (sum of squares of all weights, not of the biases), and its gradients.

    X: (N, n0);  y: (N,) integers;  returns (loss, gradients with the names and shapes of params)
    """
    # BEGIN SOLUTION NO PROMPT
    _, slope = ACTIVATIONS[act]
    logits, cache = mlp_forward(params, X, act)
    loss, dZ = softmax_cross_entropy(logits, y)
    grads = dict.fromkeys(params)
    for layer in range(len(cache), 0, -1):
        W = params[f"W{layer}"]
        A, _ = cache[layer - 1]
        grads[f"W{layer}"] = A.T @ dZ + l2 * W  # (n_in, n_out)
        grads[f"b{layer}"] = dZ.sum(axis=0)  # (n_out,)
        loss += l2 / 2 * float(np.sum(W**2))
        if layer > 1:
            _, Z = cache[layer - 2]
            dZ = (dZ @ W.T) * slope(Z)  # (N, n_in)
    return loss, grads
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: mlp_loss_and_grads is not implemented yet")
    """  # END PROMPT


def numeric_gradient(f, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences (f(x + h e_i) - f(x - h e_i)) / 2h, one entry of x at a time.

    f: takes x, returns a number;  x: float64 of any shape, changed in place and put back, even if f raises
    """
    # BEGIN SOLUTION NO PROMPT
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        kept = x[index]
        try:
            x[index] = kept + h
            above = f(x)
            x[index] = kept - h
            below = f(x)
        finally:
            x[index] = kept
        gradient[index] = (above - below) / (2 * h)
    return gradient
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: numeric_gradient is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_small_network(mlp_forward, mlp_loss_and_grads):
    """the 2-3-2 network on paper: logits and loss"""
    params = {
        "W1": np.array([[1.0, 0.5, -1.0], [0.5, -1.0, 0.25]]),
        "b1": np.array([0.0, 0.5, 0.0]),
        "W2": np.array([[0.5, -0.25], [1.0, -1.0], [-0.4, 0.6]]),
        "b2": np.array([0.0, 0.5]),
    }
    X, y = np.array([[1.0, 2.0], [-2.0, 2.0]]), np.array([0, 1])
    logits, _ = mlp_forward(params, X, "relu")
    assert near(logits, [[1, 0], [-1, 2]]), f"the logits are [[1, 0], [-1, 2]], yours are {logits}"
    loss, grads = mlp_loss_and_grads(params, X, y, "relu")
    assert near(loss, 0.180925), f"(ln(1 + e^-1) + ln(1 + e^-3)) / 2 = 0.180925, yours is {loss}"
    with_l2, _ = mlp_loss_and_grads(params, X, y, "relu", l2=0.2)
    squares = sum(np.sum(params[name] ** 2) for name in ("W1", "W2"))
    assert near(with_l2, loss + 0.1 * squares), "l2 = 0.2 adds 0.1 times the squares of the weights"
    assert sorted(grads) == ["W1", "W2", "b1", "b2"], f"a gradient for each of W1, b1, W2, b2; yours: {sorted(grads)}"


# %%
def test_gradients(mlp_loss_and_grads):
    """the gradients agree with finite differences (a table shows one layer)"""
    rng, h = np.random.default_rng(0), 1e-5
    params = {
        "W1": rng.normal(size=(2, 3)),
        "b1": rng.normal(size=3),
        "W2": rng.normal(size=(3, 4)),
        "b2": rng.normal(size=4),
    }
    X, y = rng.normal(size=(5, 2)), np.array([3, 0, 1, 2, 0])
    _, grads = mlp_loss_and_grads(params, X, y, "tanh", l2=0.1)
    print("layer 1     yours      finite difference")
    for name, array in params.items():
        assert np.shape(grads[name]) == array.shape, (
            f"{name} has shape {array.shape}, its gradient {np.shape(grads[name])}"
        )
        for index in np.ndindex(array.shape):
            losses = []
            for step in (h, -h):
                nudged = {key: value.copy() for key, value in params.items()}
                nudged[name][index] += step
                losses.append(mlp_loss_and_grads(nudged, X, y, "tanh", l2=0.1)[0])
            slope, place = (losses[0] - losses[1]) / (2 * h), f"{name}{list(index)}"
            if name in ("W1", "b1"):
                print(f"{place:9} {grads[name][index]:10.6f} {slope:10.6f}")
            assert near(grads[name][index], slope), f"{place}: your gradient is not the slope of your loss"


# %%
def test_initialisation(init_params):
    """init_params: names, shapes, zero biases, spread, and the same numbers from the same seed"""
    params = init_params([300, 200, 10], "xavier_uniform", np.random.default_rng(0))
    shapes = {name: w.shape for name, w in params.items()}
    expected = {"W1": (300, 200), "b1": (200,), "W2": (200, 10), "b2": (10,)}
    assert shapes == expected, f"expected {expected}, yours are {shapes}"
    assert not params["b1"].any() and not params["b2"].any(), "biases start at 0"
    again = init_params([300, 200, 10], "xavier_uniform", np.random.default_rng(0))
    assert np.array_equal(params["W1"], again["W1"]), "the same rng should give the same weights: draw from rng only"
    ratio = np.var(init_params([300, 200, 10], "he_normal", np.random.default_rng(0))["W1"]) * 300 / 2
    assert 0.9 < ratio < 1.1, f"he_normal: the variance should be 2 / n_in, yours is {ratio:.3f} times that"


# %%
def test_numeric_gradient(numeric_gradient):
    """numeric_gradient of x1^2 + 3 x1 x2 at (1, 2), and x put back"""
    x = np.array([1.0, 2.0])
    yours = numeric_gradient(lambda x: x[0] ** 2 + 3 * x[0] * x[1], x)
    assert near(yours, [8, 3]), f"(2 x1 + 3 x2, 3 x1) = (8, 3), yours is {yours}"
    assert np.array_equal(x, [1, 2]), f"x should be (1, 2) afterwards, it is {x}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: three spirals and the decision boundary of your network


def spirals(n, k, noise, rng):
    """n points on k interleaved arms: X (n, 2), y (n,) integers."""
    y = rng.integers(0, k, size=n)
    radius = rng.uniform(0.1, 1, size=n)
    angle = 2 * np.pi * y / k + 4 * radius + noise * rng.normal(size=n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y


@experiment
def decision_boundaries():
    import matplotlib.pyplot as plt

    X, y = spirals(300, 3, 0.15, np.random.default_rng(0))
    u, v = np.meshgrid(np.linspace(-1.2, 1.2, 150), np.linspace(-1.2, 1.2, 150))
    grid = np.stack([u.ravel(), v.ravel()], axis=1)
    shown = []
    for sizes, act in (([2, 3], "tanh"), ([2, 8, 3], "tanh"), ([2, 32, 32, 3], "tanh"), ([2, 32, 32, 3], "relu")):
        params = init_params(sizes, "he_normal", np.random.default_rng(1))
        for _ in range(800):
            loss, grads = mlp_loss_and_grads(params, X, y, act, l2=1e-4)
            for name in params:
                params[name] -= 0.5 * grads[name]
        classes = mlp_forward(params, grid, act)[0].argmax(axis=1)
        accuracy = np.mean(mlp_forward(params, X, act)[0].argmax(axis=1) == y)
        shown.append((f"{sizes} {act}\nloss {loss:.2f}, accuracy {accuracy:.2f}", classes))
    fig, axes = plt.subplots(1, 4, figsize=(15, 4), sharey=True)
    for ax, (title, classes) in zip(axes, shown, strict=True):
        ax.contourf(u, v, classes.reshape(u.shape), levels=[-0.5, 0.5, 1.5, 2.5], colors=["C0", "C1", "C2"], alpha=0.3)
        ax.scatter(*X.T, c=[f"C{label}" for label in y], s=8)
        ax.set(title=title, aspect="equal")
    fig.tight_layout()
    plt.show()


# %%
# experiment: which initialisation keeps a signal alive through 20 layers?


@experiment
def signal_through_layers():
    import matplotlib.pyplot as plt

    X, sizes, spread = np.random.default_rng(0).normal(size=(200, 100)), [100] * 21, {}
    for act, scheme in (
        ("tanh", "xavier_normal"),
        ("tanh", "he_normal"),
        ("relu", "xavier_normal"),
        ("relu", "he_normal"),
    ):
        params, a = init_params(sizes, scheme, np.random.default_rng(1)), X
        spread[act, scheme] = []
        for layer in range(1, len(sizes)):
            a = ACTIVATIONS[act][0](a @ params[f"W{layer}"] + params[f"b{layer}"])
            spread[act, scheme].append(a.std())
    plt.figure(figsize=(8, 3.2))
    for (act, scheme), values in spread.items():
        plt.semilogy(range(1, len(sizes)), values, "-" if act == "tanh" else "--", label=f"{act}, {scheme}")
    plt.xlabel("layer")
    plt.ylabel("standard deviation\nof the activations")
    plt.xticks(range(0, 21, 5))
    plt.legend()
    plt.show()


# %% [raw]
# # BEGIN QUESTION
# name: q9
# points: 0

# %% [markdown]
# ## q9. Seven optimisers (14 points)
#
# The gradient says which way is down, not how far to go. Plain gradient descent takes a step proportional to the
# slope: in a long narrow valley it bounces between the walls and hardly moves along the floor. Two ideas help.
# *Momentum* averages gradients over time, so that the bouncing cancels. *Adaptive rates* divide each coordinate
# by the typical size of its own gradient, so that steep and flat directions move alike. Adam does both.
#
# With $g$ the gradient of a parameter $w$, all operations element by element, all memories 0 at the start:
#
# $$\begin{aligned}
# &\texttt{SGD(lr)} && w \leftarrow w - \eta\, g \\
# &\texttt{Momentum(lr, alpha)} && d \leftarrow \alpha d - \eta\, g, \qquad w \leftarrow w + d \\
# &\texttt{Nesterov(lr, alpha)} && v \leftarrow \alpha v + g, \qquad w \leftarrow w - \eta\, (g + \alpha v) \\
# &\texttt{AdaGrad(lr, eps)} && s \leftarrow s + g^2, \qquad w \leftarrow w - \eta\, g \,/\, (\sqrt{s} + \epsilon) \\
# &\texttt{RMSProp(lr, rho, eps)} && s \leftarrow \rho s + (1 - \rho) g^2, \qquad w \leftarrow w - \eta\, g \,/\, (\sqrt{s} + \epsilon) \\
# &\texttt{AdaDelta(lr, rho, eps)} && s \leftarrow \rho s + (1 - \rho) g^2, \qquad u = g \sqrt{e + \epsilon} \,/ \sqrt{s + \epsilon}, \\
# & && e \leftarrow \rho e + (1 - \rho) u^2, \qquad w \leftarrow w - \eta\, u \\
# &\texttt{Adam(lr, beta1, beta2, eps)} && t \leftarrow t + 1, \qquad m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \\
# & && \hat m = m / (1 - \beta_1^t), \qquad \hat v = v / (1 - \beta_2^t), \qquad w \leftarrow w - \eta\, \hat m \,/\, (\sqrt{\hat v} + \epsilon)
# \end{aligned}$$
#
# Here $\eta$ is `lr`.
#
# `step(params, grads)` works **in place**: the arrays in `params` change and stay the same objects.
#
# | argument | type |
# |---|---|
# | `params` | dict: name -> array of any shape |
# | `grads` | dict: name -> array of the same shape, or None: skip this parameter *entirely*, its memories too |
#
# Memories belong to one parameter of one optimiser object, Adam's $t$ as well. A parameter may turn up late.
#
# **On paper.** $w = 1$, then two steps with $g = 2$ and $g = 1$; $\eta = 0.1$, but 1 for AdaDelta; $\epsilon$
# tiny, but $\frac13$ for AdaDelta.
#
# | rule | after the first step | after the second |
# |---|---|---|
# | SGD | 1 − 0.1 · 2 = 0.8 | 0.8 − 0.1 · 1 = 0.7 |
# | Momentum, α = 0.5 | d = −0.2, so 0.8 | d = −0.1 − 0.1, so 0.6 |
# | Nesterov, α = 0.5 | v = 2, so 1 − 0.1 (2 + 1) = 0.7 | v = 2, so 0.7 − 0.1 (1 + 1) = 0.5 |
# | AdaGrad | s = 4, so 1 − 0.1 · 2/2 = 0.9 | s = 5, so 0.9 − 0.1/√5 = 0.855279 |
# | RMSProp, ρ = 0.75 | s = 1, so 1 − 0.1 · 2/1 = 0.8 | s = 1, so 0.8 − 0.1 · 1/1 = 0.7 |
# | AdaDelta, ρ = 0.75 | s = 1, u = 2 √(1/3) / √(4/3) = 1, so 0 | e = 1/4, s = 1, u = √7/4, so −0.661438 |
# | Adam, β₁ = 0.5, β₂ = 0.75 | m̂ = 2, v̂ = 4, so 0.9 | m̂ = 4/3, v̂ = 16/7, so 0.811808 |
#
# **What usually goes wrong**
# - `w = w - lr * g` or `w -= lr * g`: which one does the caller see?
# - Two parameters of the same shape: do they share a memory? Two optimisers: do they share one (a class
#   attribute)?
# - Is $\epsilon$ inside the root or outside? Look at AdaDelta again.
# - AdaDelta: is $e$ updated before or after it is used?
# - Adam with $t = 0$ divides by what? If `step` counts for all parameters together, what does the second
#   parameter see?
# - A gradient of `None` is not a gradient of zeros: what would zeros do to $m$ and $v$?
# - `self.m = g` and later `self.m *= beta`: whose array was that?
#
# *Read:* Prince ch. 6; Goodfellow §8.3 and §8.5; Bishop §5.2.4. Papers: Polyak 1964 (momentum), Sutskever et al.
# 2013 (Nesterov's), Duchi, Hazan and Singer 2011 (AdaGrad), Tieleman and Hinton 2012 (RMSProp), Zeiler 2012
# (AdaDelta), Kingma and Ba 2015 (Adam).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q9


# BEGIN SOLUTION NO PROMPT
def to_update(params: dict, grads: dict):
    """Yield (name, parameter, gradient) for every parameter that has a gradient."""
    for name, w in params.items():
        if grads.get(name) is not None:
            yield name, w, grads[name]


# END SOLUTION
class SGD:
    """w <- w - lr g"""

    def __init__(self, lr: float):
        # BEGIN SOLUTION NO PROMPT
        self.lr = lr
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: SGD is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for _, w, g in to_update(params, grads):
            w -= self.lr * g
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: SGD.step is not implemented yet")
        """  # END PROMPT


class Momentum:
    """The generalized delta rule: d <- alpha d - lr g;  w <- w + d"""

    def __init__(self, lr: float, alpha: float = 0.9):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.alpha = lr, alpha
        self.d = {}  # parameter name -> its last step
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Momentum is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            self.d[name] = self.alpha * self.d.get(name, 0) - self.lr * g
            w += self.d[name]
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Momentum.step is not implemented yet")
        """  # END PROMPT


class Nesterov:
    """v <- alpha v + g;  w <- w - lr (g + alpha v)"""

    def __init__(self, lr: float, alpha: float = 0.9):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.alpha = lr, alpha
        self.v = {}
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Nesterov is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            self.v[name] = self.alpha * self.v.get(name, 0) + g
            w -= self.lr * (g + self.alpha * self.v[name])
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Nesterov.step is not implemented yet")
        """  # END PROMPT


class AdaGrad:
    """s <- s + g^2;  w <- w - lr g / (sqrt(s) + eps)"""

    def __init__(self, lr: float, eps: float = 1e-10):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.eps = lr, eps
        self.s = {}
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: AdaGrad is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            self.s[name] = self.s.get(name, 0) + g**2
            w -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: AdaGrad.step is not implemented yet")
        """  # END PROMPT


class RMSProp:
    """s <- rho s + (1 - rho) g^2;  w <- w - lr g / (sqrt(s) + eps)"""

    def __init__(self, lr: float, rho: float = 0.9, eps: float = 1e-8):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.rho, self.eps = lr, rho, eps
        self.s = {}
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: RMSProp is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            self.s[name] = self.rho * self.s.get(name, 0) + (1 - self.rho) * g**2
            w -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: RMSProp.step is not implemented yet")
        """  # END PROMPT


class AdaDelta:
    """s <- rho s + (1 - rho) g^2;  u = g sqrt(e + eps) / sqrt(s + eps);  e <- rho e + (1 - rho) u^2;  w <- w - lr u"""

    def __init__(self, lr: float = 1.0, rho: float = 0.95, eps: float = 1e-6):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.rho, self.eps = lr, rho, eps
        self.s, self.e = {}, {}
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: AdaDelta is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            s = self.rho * self.s.get(name, 0) + (1 - self.rho) * g**2
            e = self.e.get(name, 0)
            u = g * np.sqrt(e + self.eps) / np.sqrt(s + self.eps)
            w -= self.lr * u
            self.s[name], self.e[name] = s, self.rho * e + (1 - self.rho) * u**2
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: AdaDelta.step is not implemented yet")
        """  # END PROMPT


class Adam:
    """m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  t <- t + 1 (for each parameter)
    w <- w - lr mhat / (sqrt(vhat) + eps)  with  mhat = m / (1 - beta1^t),  vhat = v / (1 - beta2^t)
    """

    def __init__(self, lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8):
        # BEGIN SOLUTION NO PROMPT
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = {}, {}, {}
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Adam is not implemented yet")
        """  # END PROMPT

    def step(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray | None]) -> None:
        """Change the arrays in params, in place."""
        # BEGIN SOLUTION NO PROMPT
        for name, w, g in to_update(params, grads):
            self.t[name] = self.t.get(name, 0) + 1
            self.m[name] = self.beta1 * self.m.get(name, 0) + (1 - self.beta1) * g
            self.v[name] = self.beta2 * self.v.get(name, 0) + (1 - self.beta2) * g**2
            mhat = self.m[name] / (1 - self.beta1 ** self.t[name])
            vhat = self.v[name] / (1 - self.beta2 ** self.t[name])
            w -= self.lr * mhat / (np.sqrt(vhat) + self.eps)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Adam.step is not implemented yet")
        """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_two_steps_of_sgd_and_momentum(SGD, Momentum, Nesterov):
    """SGD, Momentum and Nesterov: the two steps on paper"""
    rules = {
        "SGD": (SGD(0.1), 0.8, 0.7),
        "Momentum": (Momentum(0.1, alpha=0.5), 0.8, 0.6),
        "Nesterov": (Nesterov(0.1, alpha=0.5), 0.7, 0.5),
    }
    for name, (rule, first, second) in rules.items():
        params = {"w": np.array([1.0])}
        for step, g, by_hand in ((1, 2.0, first), (2, 1.0, second)):
            rule.step(params, {"w": np.array([g])})
            yours = params["w"][0]
            assert near(yours, by_hand), f"{name}, step {step}: w = {by_hand}, yours is {yours:.6f}"


# %%
def test_two_steps_of_the_adaptive_rules(AdaGrad, RMSProp, AdaDelta, Adam):
    """AdaGrad, RMSProp, AdaDelta and Adam: the two steps on paper"""
    rules = {
        "AdaGrad": (AdaGrad(0.1), 0.9, 0.855279),
        "RMSProp": (RMSProp(0.1, rho=0.75), 0.8, 0.7),
        "AdaDelta": (AdaDelta(1.0, rho=0.75, eps=1 / 3), 0.0, -0.661438),
        "Adam": (Adam(0.1, beta1=0.5, beta2=0.75), 0.9, 0.811808),
    }
    for name, (rule, first, second) in rules.items():
        params = {"w": np.array([1.0])}
        for step, g, by_hand in ((1, 2.0, first), (2, 1.0, second)):
            rule.step(params, {"w": np.array([g])})
            yours = params["w"][0]
            assert near(yours, by_hand), f"{name}, step {step}: w = {by_hand}, yours is {yours:.6f}"


# %%
def test_in_place(SGD, Momentum, Nesterov, AdaGrad, RMSProp, AdaDelta, Adam):
    """steps are made in place, and a gradient of None leaves its parameter alone"""
    for rule in (SGD, Momentum, Nesterov, AdaGrad, RMSProp, AdaDelta, Adam):
        name, params = rule.__name__, {"W": np.ones((2, 3)), "b": np.ones(3)}
        W = params["W"]
        rule(lr=0.1).step(params, {"W": np.full((2, 3), 2.0), "b": None})
        assert params["W"] is W, f'{name}: params["W"] should be the same array as before, changed in place'
        assert (W < 1).all(), f"{name}: the gradient is positive, so every entry of W should have become smaller"
        assert (params["b"] == 1).all(), f"{name}: the gradient of b is None, b should not change"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: seven ways down a long narrow valley


@experiment
def seven_ways_down():
    import matplotlib.pyplot as plt

    steepness = np.array([1.0, 40.0])  # f(w) = (w1^2 + 40 w2^2) / 2
    u, v = np.meshgrid(np.linspace(-4.5, 1.5, 100), np.linspace(-1.6, 1.6, 100))
    rules = [SGD(0.04), Momentum(0.01), Nesterov(0.01), AdaGrad(0.4), RMSProp(0.05), AdaDelta(eps=1e-3), Adam(0.1)]
    paths = {}
    for rule in rules:
        params, path = {"w": np.array([-4.0, 1.2])}, []
        for _ in range(80):
            path.append(params["w"].copy())
            rule.step(params, {"w": steepness * params["w"]})
        paths[type(rule).__name__] = np.array(path)
    fig, axes = plt.subplots(2, 4, figsize=(15, 5), sharex=True, sharey=True)
    for ax, (name, path) in zip(axes.flat, paths.items(), strict=False):
        ax.contour(u, v, (u**2 + 40 * v**2) / 2, levels=np.logspace(-1, 2, 8), colors="lightgray")
        ax.plot(*path.T, ".-", markersize=4, linewidth=0.8)
        ax.plot(0, 0, "k+")
        ax.set(title=f"{name}: f = {np.sum(steepness * path[-1] ** 2) / 2:.1e}", xlim=(-4.5, 1.5), ylim=(-1.6, 1.6))
    axes.flat[-1].axis("off")
    fig.suptitle("80 steps from (-4, 1.2)")
    fig.tight_layout()
    plt.show()


# %%
# experiment: the same seven train a network on the spirals


@experiment
def seven_learning_curves():
    import matplotlib.pyplot as plt

    X, y = spirals(300, 3, 0.15, np.random.default_rng(0))
    rules = [SGD(0.5), Momentum(0.1), Nesterov(0.1), AdaGrad(0.2), RMSProp(0.02), AdaDelta(eps=1e-3), Adam(0.03)]
    curves = {}
    for rule in rules:
        params, rng = init_params([2, 32, 3], "he_normal", np.random.default_rng(1)), np.random.default_rng(2)
        curve = []
        for _ in range(400):
            rows = rng.integers(0, len(X), size=64)
            loss, grads = mlp_loss_and_grads(params, X[rows], y[rows], "relu")
            rule.step(params, grads)
            curve.append(loss)
        curves[type(rule).__name__] = np.convolve(curve, np.ones(20) / 20, mode="valid")
    plt.figure(figsize=(8, 3.5))
    for name, curve in curves.items():
        plt.plot(curve, label=name)
    plt.xlabel("step")
    plt.ylabel("loss of a batch, mean of 20")
    plt.yscale("log")
    plt.legend(ncols=2)
    plt.show()


# %% [raw]
# # BEGIN QUESTION
# name: q14
# points: 0

# %% [markdown]
# ## q14. Train a digit classifier (7 points)
#
# Everything comes together: q8 gives gradients, q9 takes the steps, and you decide on the layer sizes, the
# learning rate, the batch size, the number of epochs. What is new is the discipline around it. Training loss
# falls for ever; the loss on data that the network has *not* been trained on falls and then rises. The validation
# set tells you when. So after every epoch measure the validation loss, remember the best network so far, and
# return that one, not the last.
#
# | argument | shape |
# |---|---|
# | `Xtr`, `ytr` | `(1000, 64)` pixels in [0, 1] (8 x 8 images, row by row), `(1000,)` integers 0 to 9 |
# | `Xva`, `yva` | `(300, 64)`, `(300,)`: to choose the epoch with, never to train on |
# | `rng` | the only source of randomness |
#
# | key of the answer | value |
# |---|---|
# | `"predict_proba"` | a function `(N, 64)` -> `(N, 10)`: probabilities of the **best** epoch's network |
# | `"history"` | `{"train_loss": [...], "val_loss": [...]}`, mean cross-entropy, one entry per epoch |
# | `"best_epoch"` | the index of the smallest entry of `val_loss` |
#
# It will be trained and tested on other splits of the same digits than the one you see below: accuracy 0.88 on
# 497 images gives 2 points, 0.92 gives 3, 0.94 gives 4. The other 3 points are for what accuracy cannot see: the
# network returned *is* the one of the best epoch, rows are probabilities, the same `rng` gives the same network,
# one row at a time gives what the batch gives. You have 20 s of CPU time; half a second is enough.
#
# **What usually goes wrong**
# - `best = params` remembers the best network, until the optimiser takes its next step. What is missing?
# - Is `best_epoch` the best one, or the last, or the best of the *training* loss?
# - If you normalise the pixels, with whose mean: the training set's, or that of the batch you happen to predict?
# - Probabilities or logits? Which axis does the softmax run along?
# - What happens with all weights zero at the start? With a standard deviation of 1?
# - Does every number you draw come from `rng`, the order of the samples too?
#
# *Read:* Prince ch. 6, ch. 8 and §9.3; Goodfellow §7.8, §8.1 and ch. 11; Bishop §5.2 and §5.5. Papers: LeCun et
# al. 1998 (Efficient BackProp); Prechelt 1998 (early stopping). The digits are those of Alpaydin and Kaynak 1998,
# as in scikit-learn.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q14


def train_classifier(
    Xtr: np.ndarray, ytr: np.ndarray, Xva: np.ndarray, yva: np.ndarray, rng: np.random.Generator
) -> dict:
    """Train a network on (Xtr, ytr), choose the epoch by its loss on (Xva, yva).

    Xtr: (1000, 64), Xva: (300, 64) in [0, 1];  ytr, yva: integers 0..9
    returns {"predict_proba": function (N, 64) -> (N, 10) of the best epoch's network,
             "history": {"train_loss": [one per epoch], "val_loss": [one per epoch]},
             "best_epoch": index of the smallest val_loss}
    """
    # BEGIN SOLUTION NO PROMPT
    epochs, batch, act = 60, 32, "relu"
    params = init_params([Xtr.shape[1], 64, 10], "he_normal", rng)
    optimiser = Adam(lr=2e-3)
    train_loss, val_loss, best_epoch, best = [], [], 0, {}
    for epoch in range(epochs):
        order = rng.permutation(len(Xtr))
        losses = []
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            loss, grads = mlp_loss_and_grads(params, Xtr[rows], ytr[rows], act)
            optimiser.step(params, grads)
            losses.append(loss)
        train_loss.append(float(np.mean(losses)))
        logits, _ = mlp_forward(params, Xva, act)
        val_loss.append(softmax_cross_entropy(logits, yva)[0])
        if epoch == 0 or val_loss[epoch] < val_loss[best_epoch]:
            best_epoch = epoch
            best = {name: w.copy() for name, w in params.items()}  # the optimiser goes on changing params
    return {
        "predict_proba": lambda X: softmax(mlp_forward(best, X, act)[0]),
        "history": {"train_loss": train_loss, "val_loss": val_loss},
        "best_epoch": best_epoch,
    }
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: train_classifier is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_answer(train_classifier):
    """the answer has its parts, and they fit together"""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X = X / 16
    answer = train_classifier(X[:200], y[:200], X[200:300], y[200:300], np.random.default_rng(0))
    for key in ("predict_proba", "history", "best_epoch"):
        assert key in answer, f"the answer is a dict with {key!r} in it; yours has {sorted(answer)}"
    history = answer["history"]
    epochs = len(history["val_loss"])
    assert epochs == len(history["train_loss"]) > 0, "train_loss and val_loss: one entry for each epoch, both"
    assert answer["best_epoch"] == int(np.argmin(history["val_loss"])), (
        "best_epoch is the index of the smallest val_loss"
    )
    p = answer["predict_proba"](X[300:307])
    assert np.shape(p) == (7, 10), f"7 images: predict_proba gives (7, 10), yours gives {np.shape(p)}"
    assert near(np.sum(p, axis=1), [1] * 7) and np.min(p) >= 0, (
        "each row of predict_proba is a probability distribution"
    )


# %%
def test_accuracy(train_classifier):
    """accuracy on the public validation images"""
    import time

    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X, order = X / 16, np.random.default_rng(0).permutation(len(X))
    train, validation = order[:1000], order[1000:1300]
    start = time.process_time()
    answer = train_classifier(X[train], y[train], X[validation], y[validation], np.random.default_rng(0))
    seconds = time.process_time() - start
    accuracy = np.mean(np.argmax(answer["predict_proba"](X[validation]), axis=1) == y[validation])
    print(f"accuracy {accuracy:.3f} on 300 validation images, trained in {seconds:.1f} s of CPU time")
    assert accuracy >= 0.88, f"accuracy {accuracy:.3f}; the first points are given from 0.88 on (on other images)"
    assert seconds < 20, f"{seconds:.1f} s of CPU time; 20 s are allowed"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: learning curves, mistakes, and what the network confuses


@experiment
def read_digits():
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X, order = X / 16, np.random.default_rng(0).permutation(len(X))
    train, validation, rest = order[:1000], order[1000:1300], order[1300:]
    answer = train_classifier(X[train], y[train], X[validation], y[validation], np.random.default_rng(0))
    probabilities = answer["predict_proba"](X[rest])
    predicted, best = probabilities.argmax(axis=1), answer["best_epoch"]
    confusion = np.zeros((10, 10), dtype=int)
    np.add.at(confusion, (y[rest], predicted), 1)

    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4))
    left.semilogy(answer["history"]["train_loss"], label="training")
    left.semilogy(answer["history"]["val_loss"], label="validation")
    left.axvline(best, color="gray", linestyle=":", label=f"best epoch, {best}")
    left.set(xlabel="epoch", ylabel="loss")
    left.legend()
    right.imshow(np.log1p(confusion), cmap="Blues")
    for true, guess in np.ndindex(10, 10):
        if confusion[true, guess]:
            color = "white" if true == guess else "black"
            right.text(guess, true, confusion[true, guess], ha="center", va="center", fontsize=8, color=color)
    right.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="is")
    right.set_title(f"accuracy {np.mean(predicted == y[rest]):.3f} on {len(rest)} other images")
    fig.tight_layout()
    plt.show()

    wrong = np.flatnonzero(predicted != y[rest])[:10]
    fig, axes = plt.subplots(1, 10, figsize=(15, 2))
    for ax in axes:
        ax.axis("off")
    for ax, i in zip(axes, wrong, strict=False):
        ax.imshow(X[rest][i].reshape(8, 8), cmap="gray_r")
        ax.set_title(f"is {y[rest][i]}, read as {predicted[i]}\n(p = {probabilities[i].max():.2f})", fontsize=8)
    plt.show()


# %% [markdown]
# ## Before you hand in
#
# 1. *Restart the kernel and run all cells.* What works only because of a cell that you have deleted since does
#    not work for us.
# 2. Look at every `grader.check(...)`. A check that passes is no proof; one that fails is.
# 3. Hand in this one file, under any name. Its outputs are not read.
