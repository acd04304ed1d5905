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
# | `X`, `y` | `(N, n0)` of the float type of `params`, `(N,)` integers |
# | `act` | "relu", "tanh" or "sigmoid": the table `ACTIVATIONS` has function and slope |
# | `cache` | whatever your backward pass wants to know of the forward pass |
# | `numeric_gradient(f, x, h)` | like `x`, float64 of any shape, `()` too; `f(x)` gives a number; `x` itself is nudged (`f` may know it by another name) and put back to the last digit |
#
# `numeric_gradient` is your tool against yourself: whoever writes a backward pass by hand compares it with
# central differences $\bigl(f(x + h e_i) - f(x - h e_i)\bigr) / 2h$. If the two differ by more than about
# $10^{-7}$ of their size, one of them is wrong (the second one where a ReLU has its corner between $x - h e_i$ and $x + h e_i$).
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
