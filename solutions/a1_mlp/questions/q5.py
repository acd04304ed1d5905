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
# **On paper.** Two samples, three classes: logits $(\ln 1, \ln 2, \ln 5)$ of true class 1, and $(\ln 3, 0, 0)$ of true
# class 0. The probabilities are $(1, 2, 5)/8$ and $(3, 1, 1)/5$, the losses $\ln 4$ and $\ln\frac{5}{3}$, their mean
# 0.948560. The gradient of the mean is $\frac12 (\frac18, -\frac34, \frac58)$ in the first row; the second row is yours.
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
