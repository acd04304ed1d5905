# %% [raw]
# # BEGIN QUESTION
# name: q2
# points: 0

# %% [markdown]
# ## q2. The perceptron and its learning rule (6 points)
#
# Rosenblatt gave the neuron real weights and, more important, a rule that *finds* them: look at one sample after
# the other, and only when the answer is wrong, push the weights towards the sample (it should have fired) or away
# from it (it should not). If a line separates the two classes the rule finds one after finitely many mistakes, at
# most $(R/\gamma)^2$ from $w = 0$, whatever the order of the samples (Novikoff): $R$ is the length of the longest
# $\tilde x$, $\gamma$ the distance that the best line through 0 keeps from all of them. If no line does, as with
# XOR, it goes on for ever.
#
# The bias is a weight like the others: put a 1 in front of every sample, $\tilde x = (1, x_1, \ldots, x_n)$, and
# $w_0$ is its weight.
#
# $$\hat y = \begin{cases} 1 & \text{if } w^T \tilde x \ge 0 \\ 0 & \text{else} \end{cases} \qquad\qquad
# \text{after a mistake: } w \leftarrow w + (y - \hat y) \, \tilde x$$
#
# | argument | shape and meaning |
# |---|---|
# | `X` | `(N, n)` floats, one sample a row, *without* the leading 1 |
# | `w` | `(n+1,)`, the bias `w[0]` first |
# | `y` | `(N,)` integers 0 or 1 |
# | `w_init` | `(n+1,)` to start from, floats or integers, or None for zeros; it stays as it was |
# | `max_epochs` | at most so many passes over all samples, at least 1 |
#
# `perceptron_fit` visits the samples 0, 1, ..., N-1 in this order in every epoch and stops after the first epoch
# **without** a mistake. It returns the weights, the number of updates (mistakes) over all epochs, and whether
# there was an epoch without a mistake. A last epoch that repairs the last mistake is no such epoch: nobody has
# looked yet whether all is well.
#
# **On paper.** AND, rows 00, 01, 10, 11, from $w = (0, 0, 0)$. Row 00 has the score 0 and gets a 1: wrong,
# $w = (-1, 0, 0)$. Rows 01 and 10 are right; row 11 has the score -1: wrong, $w = (0, 1, 1)$. That was epoch 1, with 2
# mistakes. It takes 6 epochs and 11 mistakes altogether, and ends with $w = (-3, 2, 1)$.
#
# **What usually goes wrong**
# - What does a score of exactly 0 mean? It happens with the very first sample.
# - Is the next sample judged with the new weights, or with those from the beginning of the epoch?
# - Is the bias updated as well? By how much?
# - When may you stop: after the first sample that is right, or after a whole epoch of them?
# - Do you count mistakes or epochs?
# - What does `w = w_init; w += ...` do to the array of the caller?
# - After exactly `max_epochs` epochs with mistakes, what is `converged`?
#
# *Read:* Prince ch. 3, notes; Goodfellow §1.2.1; Bishop §4.1.7. Papers: Rosenblatt 1958; Novikoff 1962; for what
# it cannot do, Minsky and Papert 1969.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q2


def perceptron_predict(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The perceptron's answers.

    X: (N, n);  w: (n+1,), w[0] is the bias;  returns (N,) integers, 1 where the score is at least 0
    """
    # BEGIN SOLUTION NO PROMPT
    return (w[0] + X @ w[1:] >= 0).astype(np.int64)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q2: perceptron_predict is not implemented yet")
    """  # END PROMPT


def perceptron_fit(
    X: np.ndarray, y: np.ndarray, w_init: np.ndarray | None, max_epochs: int
) -> tuple[np.ndarray, int, bool]:
    """Rosenblatt's rule, samples in their order, until an epoch has no mistake.

    X: (N, n);  y: (N,) integers 0 or 1;  w_init: (n+1,) or None for zeros;  max_epochs: at least 1
    returns (w of shape (n+1,), number of updates, whether there was an epoch without a mistake)
    """
    # BEGIN SOLUTION NO PROMPT
    X = as_float(X)
    N, n = X.shape
    X1 = np.hstack([np.ones((N, 1), X.dtype), X])  # (N, n+1)
    w = np.zeros(n + 1, X.dtype) if w_init is None else np.array(w_init, dtype=X.dtype)  # a copy
    n_updates = 0
    for _ in range(max_epochs):
        mistakes = 0
        for x, target in zip(X1, y, strict=True):
            error = int(target) - int(w @ x >= 0)
            if error:
                w += error * x
                mistakes += 1
        n_updates += mistakes
        if mistakes == 0:
            return w, n_updates, True
    return w, n_updates, False
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q2: perceptron_fit is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_prediction(perceptron_predict):
    """three scores by hand: below 0, exactly 0, above 0"""
    X = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
    yours = perceptron_predict(X, np.array([-2.0, 1.0, 1.0]))
    assert near(yours, [0, 1, 1]), f"the scores are -1, 0 and 2, the answers 0, 1, 1; yours are {yours}"


# %%
def test_learning_and(perceptron_fit):
    """AND from zero: 11 mistakes, then an epoch without one"""
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 0, 0, 1])
    for epochs, w, updates in [(1, [0, 1, 1], 2), (20, [-3, 2, 1], 11)]:
        yours = perceptron_fit(X, y, None, epochs)
        print(f"after at most {epochs} epochs: w = {yours[0]}, {yours[1]} updates, converged: {yours[2]}")
        assert near(yours[0], w), f"after at most {epochs} epochs w is {w}, yours is {yours[0]}"
        assert yours[1] == updates, f"that takes {updates} updates, yours says {yours[1]}"
        assert bool(yours[2]) == (epochs == 20), f"converged within {epochs} epochs? yours says {yours[2]}"


# %%
def test_xor_is_not_learned(perceptron_fit):
    """XOR: no line separates it, and that is what the answer says"""
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    _, updates, converged = perceptron_fit(X, y, None, 50)
    assert not converged, "no line separates XOR, but yours says that it has converged"
    assert updates >= 50, f"each of the 50 epochs has a mistake at least; yours counts {updates} updates"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: how many mistakes it takes, and how many Novikoff allows


@experiment
def margins():
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(3)
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    direction = np.array([0.1, 0.8, -0.6]) / np.sqrt(1.01)  # the line that the samples are made for
    gaps = (0.02, 0.05, 0.1, 0.2, 0.4)
    for margin in gaps:
        X = rng.uniform(-1, 1, size=(400, 2))
        score = direction[0] + X @ direction[1:]
        X, y = X[np.abs(score) >= margin], (score[np.abs(score) >= margin] >= 0).astype(int)
        w, updates, _ = perceptron_fit(X, y, None, 1000)
        bound = (1 + (X**2).sum(axis=1)).max() / margin**2
        right.loglog(margin, updates, "o", color="C0")
        right.loglog(margin, bound, "x", color="C1")
        print(f"margin {margin}: {updates} mistakes, at most {bound:.0f} by Novikoff's theorem")
    left.scatter(*X.T, c=y, cmap="coolwarm", s=12)
    line = np.linspace(-1, 1, 2)
    left.plot(line, -(w[0] + w[1] * line) / w[2], "k")
    left.set(xlim=(-1, 1), ylim=(-1, 1), title="the widest gap, and the line that was found")
    right.set(xlabel="margin", ylabel="mistakes (o) and bound (x)", title="narrow gaps are hard")
    right.minorticks_off()
    right.set_xticks(gaps, gaps)
    fig.tight_layout()
    plt.show()
