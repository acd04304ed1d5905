# %% [raw]
# # BEGIN QUESTION
# name: q6
# points: 0

# %% [markdown]
# ## q6. A sigmoid neuron learns by gradient descent (5 points)
#
# The perceptron of q2 knows right and wrong, nothing in between, and on data that no line separates it never
# comes to rest. Make the threshold soft (q4), measure how wrong a probability is (q5), and learning becomes going
# downhill:
#
# $$p_i = \sigma(w^T \tilde x_i), \quad \tilde x = (1, x_1, \ldots, x_n) \qquad
# L(w) = \frac1N \sum_{i=1}^N -y_i \ln p_i - (1 - y_i) \ln (1 - p_i) \qquad
# w \leftarrow w - \eta\, \frac{\partial L}{\partial w}$$
#
# Derive the gradient with the chain rule. The slope of the sigmoid cancels, and what remains is error times input:
#
# $$\frac{\partial L}{\partial w} = \frac1N \sum_{i=1}^N (p_i - y_i)\, \tilde x_i$$
#
# When to stop? When two successive losses hardly differ: $|L_t - L_{t-1}| \le$ `tol`.
#
# | argument | shape and meaning |
# |---|---|
# | `X`, `y` | `(N, n)` floats without the leading 1; `(N,)` numbers in [0, 1] |
# | `w0` | `(n+1,)` first weights, the bias `w0[0]` first; the array stays as it was |
# | `lr` | the learning rate $\eta$ |
# | `tol`, `max_iter` | stop after the first update with $\lvert L_t - L_{t-1} \rvert \le$ `tol`, and after `max_iter` (at least 1) updates in any case |
#
# It returns the last weights (they may be float64 for a float32 `X`) and the list of losses: `history[0]` is the loss at `w0`, and each update appends the loss
# *after* it. Every update uses all samples.
#
# **On paper.** AND on the four corners, $w_0 = 0$, $\eta = 1$. All probabilities are $\frac12$, so `history[0]` is
# $\ln 2 = 0.693147$. The errors $p - y$ are $\frac12, \frac12, \frac12, -\frac12$; the gradient is
# $\frac14 (1, 0, 0)$: after one update $w = (-0.25, 0, 0)$, and `history[1]` is $\ln(1 + e^{-1/4}) + \frac14 \cdot \frac14
# = 0.638439$.
#
# **What usually goes wrong**
# - Is the gradient that of the mean, or of the sum?
# - Squared error gives a gradient with another factor $p(1 - p)$. What happens to it when $p$ is confidently wrong?
# - Which sign stands in your sigmoid, and which in front of $\eta$? Two errors can hide one another.
# - How many entries has `history` after $t$ updates?
# - With a huge `tol`, is there one update or none? With `tol = 0`?
# - Do you return the weights of the last update, also if the loss has risen?
# - Can `np.log(p)` see a 0 when the classes are perfectly separated? q5 has a loss that cannot.
#
# *Read:* Prince §5.4 and §6.1; Goodfellow §4.3 and §6.2.2.2; Bishop §4.3.2. Paper: Cox 1958.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q6


def sigmoid_neuron_fit(
    X: np.ndarray, y: np.ndarray, w0: np.ndarray, lr: float, tol: float, max_iter: int
) -> tuple[np.ndarray, list[float]]:
    """Gradient descent on the mean binary cross-entropy of one sigmoid neuron.

    X: (N, n);  y: (N,) in [0, 1];  w0: (n+1,), the bias first
    returns (w of shape (n+1,), history: the loss at w0, then that after each update)
    """
    # BEGIN SOLUTION NO PROMPT
    X = as_float(X)
    X1 = np.hstack([np.ones((len(X), 1), X.dtype), X])  # (N, n+1)
    w = np.array(w0, dtype=X.dtype)
    loss, dz = bce_with_logits(X1 @ w, y)  # dz: (N,), with the 1/N of the mean
    history = [loss]
    for _ in range(max_iter):
        w -= lr * (X1.T @ dz)
        loss, dz = bce_with_logits(X1 @ w, y)
        history.append(loss)
        if abs(history[-1] - history[-2]) <= tol:
            break
    return w, history
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q6: sigmoid_neuron_fit is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_first_update_by_hand(sigmoid_neuron_fit):
    """AND: the first update and the first two losses"""
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 0, 0, 1])
    w, history = sigmoid_neuron_fit(X, y, np.zeros(3), 1.0, 0.0, 1)
    assert near(w, [-0.25, 0, 0]), f"after one update w is (-0.25, 0, 0), yours is {w}"
    assert len(history) == 2, f"one update: a loss before and one after it; yours has {len(history)} entries"
    assert near(history, [0.693147, 0.638439]), f"the losses are 0.693147 and 0.638439, yours are {history}"


# %%
def test_stopping(sigmoid_neuron_fit):
    """when it stops: tol = 0 uses all updates, a huge tol makes one"""
    X, y = np.array([[0.0, 1], [2, -1], [1, 1], [-1, 3], [0, 0]]), np.array([0.0, 1, 1, 0, 1])
    for tol, updates in [(0.0, 25), (100.0, 1)]:
        _, history = sigmoid_neuron_fit(X, y, np.zeros(3), 0.3, tol, 25)
        assert len(history) == updates + 1, f"tol = {tol}: {updates} updates and the first loss; yours: {len(history)}"


# %%
def test_loss_falls(sigmoid_neuron_fit):
    """the loss falls with every update on 20 points"""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 2))
    y = (X[:, 0] + rng.normal(size=20) > 0).astype(float)
    _, history = sigmoid_neuron_fit(X, y, np.zeros(3), 0.5, 1e-9, 200)
    falls = np.diff(history) < 0
    assert np.all(falls), f"the loss should fall, but update {np.argmin(falls) + 1} of yours makes it rise"
    assert history[-1] < 0.6, f"the last loss is about 0.5 at most, yours is {history[-1]}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: the soft line settles where the hard one never rests; and learning rates


@experiment
def soft_line():
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(1)
    X = np.vstack([rng.normal([-1, 0], 1, size=(60, 2)), rng.normal([1, 0.5], 1, size=(60, 2))])
    y = np.repeat([0.0, 1.0], 60)
    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
    for lr in (0.05, 0.5, 5.0, 16.0):
        w, history = sigmoid_neuron_fit(X, y, np.array([3.0, -2.0, 2.0]), lr, 1e-6, 300)
        right.semilogy(history, label=f"lr = {lr}, {len(history) - 1} updates")
        if lr == 5.0:
            a, b = np.meshgrid(np.linspace(-4, 4, 80), np.linspace(-4, 4, 80))
            p = sigmoid(w[0] + w[1] * a + w[2] * b)
            image = left.contourf(a, b, p, levels=np.linspace(0, 1, 11), cmap="coolwarm", alpha=0.6)
            fig.colorbar(image, ax=left, label="p")
            left.scatter(*X.T, c=y, cmap="coolwarm", edgecolors="k", s=20)
    right.set(xlabel="update", ylabel="loss", title="too small, good, good, too large?")
    right.legend()
    plt.show()
