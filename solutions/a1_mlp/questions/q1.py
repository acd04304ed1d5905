# %% [raw]
# # BEGIN QUESTION
# name: q1
# points: 0

# %% [markdown]
# ## q1. The neuron of McCulloch and Pitts (3 points)
#
# In 1943 a neurophysiologist and a young logician described a nerve cell as a tiny piece of logic. Its inputs are
# 0 or 1 (silent or firing), it counts how many of them fire, and it fires itself when there are at least
# $\theta$ of them. No weights, no learning: only the **threshold** $\theta$ says what the neuron computes.
#
# $$\text{mp}(x) = \begin{cases} 1 & \text{if } \sum_{j=1}^{n} x_j \ge \theta \\ 0 & \text{else} \end{cases}$$
#
# Six years later Hebb guessed how connections could learn: a connection grows when the neurons at both of its
# ends are active together. With inputs $x$ (n of them), outputs $y$ (m of them) and a weight from each to each,
#
# $$W \leftarrow W + \eta \, y \, x^T$$
#
# | function | arguments | returns |
# |---|---|---|
# | `mp_neuron` | `x (N, n)` of 0 and 1, one sample a row; `theta`, any integer | `(N,)` integers, 0 or 1 |
# | `gate_theta` | `gate`: "and", "or", "majority" (**more** than half of the inputs), "always" (fires whatever comes), "never"; `n` inputs | a threshold (an int) that makes the neuron this gate |
# | `hebb_update` | `W (m, n)`, `x (n,)`, `y (m,)`, the learning rate `lr` | the new weights `(m, n)`, floats also where `W` holds integers; `W` stays as it was |
#
# **On paper.** Two inputs: the rows 00, 01, 10, 11 have the sums 0, 1, 1, 2. OR has to fire from sum 1 on, AND from
# sum 2 on. Hebb with `lr` = 0.5, $x = (1, 0, 2)$, $y = (2, -1)$ and $W = 0$: the first row of $W$ becomes
# $0.5 \cdot 2 \cdot (1, 0, 2) = (1, 0, 2)$, the second $0.5 \cdot (-1) \cdot (1, 0, 2) = (-0.5, 0, -1)$.
#
# **What usually goes wrong**
# - A sum that *equals* the threshold: does the neuron fire?
# - With N samples in the rows, along which axis do you count?
# - `x.sum(axis=1) >= theta` is an array of what? The table asks for integers.
# - What is "more than half" of 4 inputs, and of 5? Does `n // 2` give it, or `ceil(n / 2)`?
# - Which sum can a silent row have, and which sum can no row have? These are the thresholds of "always" and "never".
# - Is `np.outer(x, y)` of shape (m, n) or (n, m)? When would you not notice?
# - What is the difference between `W = W + ...` and `W += ...` for somebody who still needs the old `W`?
#
# *Read:* Prince ch. 3, notes; Goodfellow §1.2.1; Bishop §4.1.7. Papers: McCulloch and Pitts 1943; Hebb 1949.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q1


def mp_neuron(x: np.ndarray, theta: int) -> np.ndarray:
    """The McCulloch-Pitts neuron for every row of a batch.

    x: (N, n) of 0 and 1;  returns (N,) integers, 1 where at least theta inputs of the row are 1
    """
    # BEGIN SOLUTION NO PROMPT
    return (np.sum(x, axis=1) >= theta).astype(np.int64)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: mp_neuron is not implemented yet")
    """  # END PROMPT


def gate_theta(gate: str, n: int) -> int:
    """A threshold with which a neuron of n inputs is the gate "and", "or", "majority", "always" or "never"."""
    # BEGIN SOLUTION NO PROMPT
    return {"and": n, "or": 1, "majority": n // 2 + 1, "always": 0, "never": n + 1}[gate]
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: gate_theta is not implemented yet")
    """  # END PROMPT


def hebb_update(W: np.ndarray, x: np.ndarray, y: np.ndarray, lr: float) -> np.ndarray:
    """One step of Hebb's rule, W + lr y x^T, as a new array.

    W: (m, n);  x: (n,) inputs;  y: (m,) outputs;  returns (m, n)
    """
    # BEGIN SOLUTION NO PROMPT
    return W + lr * np.outer(y, x)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: hebb_update is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_and_and_or(mp_neuron, gate_theta):
    """the truth tables of AND and OR"""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    for gate, table in {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1]}.items():
        yours = mp_neuron(x, gate_theta(gate, 2))
        assert near(yours, table), f"{gate} of 00, 01, 10, 11 is {table}, yours is {yours}"
        assert np.asarray(yours).dtype.kind in "iu", f"0 and 1 are integers here, yours are {np.asarray(yours).dtype}"


# %%
def test_majority_of_three(mp_neuron, gate_theta):
    """majority: two of three inputs are enough, one is not"""
    x = np.array([[0, 1, 0], [1, 0, 1]])
    yours = mp_neuron(x, gate_theta("majority", 3))
    assert near(yours, [0, 1]), f"one of three is no majority, two of three are: (0, 1); yours is {yours}"


# %%
def test_hebb_by_hand(hebb_update):
    """Hebb's rule on the 2 x 3 example on paper"""
    W = np.zeros((2, 3))
    yours = hebb_update(W, np.array([1.0, 0.0, 2.0]), np.array([2.0, -1.0]), 0.5)
    assert np.shape(yours) == (2, 3), f"2 outputs, 3 inputs: W is (2, 3), yours has shape {np.shape(yours)}"
    assert near(yours, [[1, 0, 2], [-0.5, 0, -1]]), f"rows (1, 0, 2) and (-0.5, 0, -1) on paper, yours: {yours}"
    assert near(W, np.zeros((2, 3))), f"the old W must stay 0, it is now {W}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: two half-forgotten pictures, remembered by Hebb's rule


@experiment
def remember():
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    pictures = np.where(load_digits().images[:2] > 7, 1.0, -1.0)  # a zero and a one, in black and white
    W = np.zeros((64, 64))
    for picture in pictures.reshape(2, 64):
        W = hebb_update(W, picture, picture, 1 / 64)  # pixels that agree are tied together
    torn = pictures.copy()
    torn[:, 4:] = -1  # the lower half is lost
    recalled = np.sign(torn.reshape(2, 64) @ W.T).reshape(2, 8, 8)
    fig, axes = plt.subplots(2, 3, figsize=(6, 4))
    for row, images in zip(axes, zip(pictures, torn, recalled, strict=True), strict=True):
        for ax, image, title in zip(row, images, ("learned", "shown", "recalled"), strict=True):
            ax.imshow(image, cmap="gray_r")
            ax.set_title(title)
            ax.axis("off")
    plt.show()
