# %% [raw]
# # BEGIN QUESTION
# name: q3
# points: 0

# %% [markdown]
# ## q3. What a network of perceptrons can do (5 points)
#
# One perceptron cannot even do XOR. One hidden layer of them can do *everything*, and you can write the weights down
# without any learning. Here a unit fires, $\text{step}(z) = 1$, if and only if $z \ge 0$.
#
# **Every Boolean function** of $n$ inputs $\pm 1$ has a table with $2^n$ rows. Give each row a hidden unit that fires for
# this row alone: its weights are the row's own pattern of $\pm 1$, so that its sum is $n$ for this pattern and at most
# $n - 2$ for any other. The bias has to lie in between. The output unit then only has to pick the rows with a 1.
#
# $$h_k = \text{step}(W_1 x + b_1)_k \qquad \text{out} = \text{step}(w_2^T h + b_2)$$
#
# **Every continuous function** of one number: cut $[a, b)$ into $K$ equal bins and build a *tower* on each, as high as the
# function at the bin's midpoint. A tower is two step units: one goes up at the left edge, the other takes it down at
# the right edge. Here the output is the plain sum $\sum_j w_{2j} h_j$, without a step.
#
# | function | arguments | returns |
# |---|---|---|
# | `boolean_network` | `table (2**n,)` of 0 and 1, n from 1 to 6 | dict: `W1 (2**n, n)`, `b1 (2**n,)`, `w2 (2**n,)`, `b2` a float |
# | `boolean_eval` | any such dict, `X (N, n)` of -1 and +1 | `out (N,)`, `hidden (N, 2**n)`, integers 0 or 1 |
# | `tower_network` | `f` (takes a number, gives a number), `a < b`, `K` bins | dict: `W1 (2K, 1)`, `b1 (2K,)`, `w2 (2K,)` |
# | `tower_eval` | any such dict, `x (N,)` | `(N,)` |
#
# Row $k$ of a table belongs to the bits of $k$ in their usual order: the most significant bit is $x_1$, and a bit 1
# stands for $+1$. So for $n = 3$ row $6 = 110_2$ is $x = (+1, +1, -1)$. In a tower network the value at an inner edge is
# that of the bin to the right; outside of $[a, b)$ it is 0. Heights and edges may be rounded, but there
# are $2K$ units for every $K$.
#
# **On paper.** XOR, table $(0, 1, 1, 0)$: patterns $(-1,-1), (-1,+1), (+1,-1), (+1,+1)$. For $x = (-1, +1)$ the four
# sums are $0, 2, -2, 0$; with bias $-1$ only $h_2$ fires. $w_2 = (0, 1, 1, 0)$ and $b_2 = -\frac12$ do the rest.
# Tower: $f(x) = x^2$ on $[0, 4)$ with $K = 2$: midpoints 1 and 3, heights 1 and 9, steps up at 0 and 2, down at 2 and 4.
#
# **What usually goes wrong**
# - Which bit is $x_1$? AND, OR and XOR do not tell; "x1 and not x2" does.
# - Are the inputs 0 and 1, or -1 and +1? What is the sum of a matching pattern in either case?
# - Which biases let exactly one unit fire? One too low and none does, one too high and the neighbours do.
# - What is the output for a table of zeros, if no unit votes and $b_2 = 0$? Remember step(0).
# - Does `boolean_eval` use the numbers in the dictionary, whatever they are?
# - At an inner edge one tower ends and the next begins. Does the point belong to both, to none, or to one?
# - How does the second step of a tower take away exactly what the first has added?
#
# *Read:* Prince ch. 3 (§3.2); Goodfellow §6.4.1; Bishop §5.1. Papers: McCulloch and Pitts 1943; Cybenko 1989; Hornik,
# Stinchcombe and White 1989.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q3

from collections.abc import Callable


def boolean_network(table: np.ndarray) -> dict:
    """One hidden unit for each row of a truth table.

    table: (2**n,) of 0 and 1; the bits of the index, most significant first, are x1, ..., xn (bit 1 is +1)
    returns {"W1": (2**n, n), "b1": (2**n,), "w2": (2**n,), "b2": float}
    """
    # BEGIN SOLUTION NO PROMPT
    rows = len(table)
    n = rows.bit_length() - 1
    bits = np.arange(rows)[:, None] >> np.arange(n - 1, -1, -1) & 1  # (2**n, n), row k holds the bits of k
    return {
        "W1": 2.0 * bits - 1,  # the pattern itself: a match scores n, any other row at most n - 2
        "b1": np.full(rows, 1.0 - n),
        "w2": np.asarray(table, dtype=np.float64),
        "b2": -0.5,
    }
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q3: boolean_network is not implemented yet")
    """  # END PROMPT


def boolean_eval(net: dict, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate a network of step units; a unit fires where its sum is at least 0.

    net: as from boolean_network, with any numbers in it;  X: (N, n) of -1 and +1
    returns (out of shape (N,), hidden of shape (N, 2**n)), integers 0 and 1
    """
    # BEGIN SOLUTION NO PROMPT
    hidden = (X @ net["W1"].T + net["b1"] >= 0).astype(np.int64)  # (N, 2**n)
    out = (hidden @ net["w2"] + net["b2"] >= 0).astype(np.int64)
    return out, hidden
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q3: boolean_eval is not implemented yet")
    """  # END PROMPT


def tower_network(f: Callable[[float], float], a: float, b: float, K: int) -> dict:
    """Two step units a bin, for K equal bins of [a, b), each as high as f at its midpoint.

    returns {"W1": (2K, 1), "b1": (2K,), "w2": (2K,)}
    """
    # BEGIN SOLUTION NO PROMPT
    edges = a + (b - a) * np.arange(K + 1) / K
    heights = np.array([float(f(float(x))) for x in (edges[:-1] + edges[1:]) / 2])
    return {
        "W1": np.ones((2 * K, 1)),
        "b1": -np.concatenate([edges[:-1], edges[1:]]),  # K units fire from the left edges on, K from the right ones
        "w2": np.concatenate([heights, -heights]),
    }
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q3: tower_network is not implemented yet")
    """  # END PROMPT


def tower_eval(net: dict, x: np.ndarray) -> np.ndarray:
    """The weighted sum of the step units.

    net: as from tower_network, with any numbers in it;  x: (N,);  returns (N,) floats
    """
    # BEGIN SOLUTION NO PROMPT
    hidden = x[:, None] @ net["W1"].T + net["b1"] >= 0  # (N, 2K)
    return hidden @ net["w2"]
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q3: tower_eval is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_xor_network(boolean_network, boolean_eval):
    """XOR: one hidden unit fires for each input, and the output is right"""
    X = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    out, hidden = boolean_eval(boolean_network(np.array([0, 1, 1, 0])), X)
    print("hidden units for the four inputs:", *np.asarray(hidden).tolist())
    assert np.shape(hidden) == (4, 4), f"4 inputs, 4 hidden units; yours has shape {np.shape(hidden)}"
    assert near(np.sum(hidden, axis=1), [1, 1, 1, 1]), f"one unit fires for each input; yours: {np.sum(hidden, axis=1)}"
    assert near(out, [0, 1, 1, 0]), f"XOR is 0, 1, 1, 0; yours is {out}"


# %%
def test_three_inputs(boolean_network, boolean_eval):
    """x1 and not x3: the order of the bits matters"""
    table = np.array([0, 0, 0, 0, 1, 0, 1, 0])  # rows 100 and 110
    X = np.array([[1, -1, -1], [1, 1, -1], [-1, 1, 1], [1, 1, 1]])
    out, _ = boolean_eval(boolean_network(table), X)
    assert near(out, [1, 1, 0, 0]), f"x1 and not x3 of +--, ++-, -++, +++ is 1, 1, 0, 0; yours is {out}"


# %%
def test_towers_of_a_square(tower_network, tower_eval):
    """x**2 on [0, 4) with two bins, inside the bins and at the edges"""
    x = np.array([-0.5, 0.0, 1.5, 2.0, 3.9, 4.0])
    yours = tower_eval(tower_network(lambda x: x**2, 0.0, 4.0, 2), x)
    assert near(yours, [0, 1, 1, 9, 9, 0]), f"at {x} the towers give 0, 1, 1, 9, 9, 0; yours give {yours}"


# %%
def test_towers_of_the_sine(tower_network, tower_eval):
    """the sine with 8 bins: the error is at most half the width of a bin"""
    x = np.linspace(0.01, 2 * np.pi - 0.01, 500)
    error = np.max(np.abs(tower_eval(tower_network(np.sin, 0.0, 2 * np.pi, 8), x) - np.sin(x)))
    print(f"largest error with 8 towers: {error:.4f}")
    assert error <= np.pi / 8 + 1e-9, f"the sine changes by at most pi/8 = 0.3927 in half a bin; your error is {error}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: towers of a curve, and what a bin costs


@experiment
def skyline():
    import matplotlib.pyplot as plt

    def f(x):
        return np.sin(3 * x) + 0.5 * x

    x = np.linspace(-0.5, 3.5, 2000)
    inside = (x >= 0) & (x < 3)
    fig, axes = plt.subplots(1, 4, figsize=(14, 3))
    for ax, K in zip(axes, (4, 12, 40), strict=False):
        ax.plot(x, f(x), "C1")
        ax.plot(x, tower_eval(tower_network(f, 0.0, 3.0, K), x), "C0")
        ax.set_title(f"{2 * K} step units")
    sizes = 2 ** np.arange(1, 9)
    errors = [np.abs(tower_eval(tower_network(f, 0.0, 3.0, K), x) - f(x))[inside].max() for K in sizes.tolist()]
    axes[3].loglog(sizes, errors, "o-")
    axes[3].set(title="twice the towers, half the error", xlabel="K", ylabel="largest error")
    fig.tight_layout()
    plt.show()
