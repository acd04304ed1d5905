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
# Memories belong to one parameter of one optimiser object, Adam's $t$ as well. A parameter is its *name* in the dict: the
# caller may put another array under it between two steps, and the memories stay. A parameter may turn up late.
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
    for name, curve in curves.items():  # Nesterov nearly covers Momentum
        plt.plot(curve, linestyle="--" if name == "Nesterov" else "-", label=name)
    plt.xlabel("step")
    plt.ylabel("loss of a batch, mean of 20")
    plt.yscale("log")
    plt.legend(ncols=2)
    plt.show()
