# %% [raw]
# # BEGIN QUESTION
# name: q9
# points: 0

# %% [markdown]
# ## q9. Diffusion: noising, targets, loss (8 points)
#
# No need to walk: from the data to any step $t$ is one jump, and with the noise known everything can be turned round.
#
# $$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon \qquad
# v_t = \sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x_0$$
#
# The network sees $x_t$ and $t$, and learns to say what was done: the noise $\epsilon$, or the data $x_0$, or $v$, which
# is something between them. Given $x_t$, each tells the other two, so that a sampler can be built on any. But a recipe
# (step size, number of steps) that suits one need not suit another; that of q14 is for $\epsilon$. All three are trained with a
# squared error:
#
# $$L = \frac1B \sum_{b=1}^{B} w_{t_b} \cdot \frac1n \sum_{i=1}^{n}
# \bigl( \text{model}(x_{t_b}, t_b)_{bi} - \text{target}_{bi} \bigr)^2$$
#
# where $n$ is the number of entries of *one* sample. `weight` "simple" is $w = 1$, "udl" is $w_t =$
# `sched["udl_weight"][t]`, which makes $L$ a bound of the likelihood (of "eps") as in Prince's book.
#
# | argument | shape |
# |---|---|
# | `x0`, `noise`, `x_t`, `eps` | `(B, ...)`: vectors `(B, 2)`, images `(B, C, H, W)`, anything; floats of one type in a call |
# | `t` | `(B,)` int64, $0 \dots T-1$, **another one for each sample** |
# | `sched` | the dict of q8: float64 tensors `(T,)` |
# | `model` | a function `(x_t, t) -> ` same shape as `x_t`; it gets the integers `t` |
# | `target` | "eps", "x0" or "v"; anything else is a `ValueError`, and so it is with `weight` |
#
# `q_sample`, `predict_x0`, `predict_eps` and `v_target` return the shape and the dtype of their first argument (the
# tables are float64, networks are float32). `ddpm_loss` returns a scalar tensor with a gradient to the model.
#
# **On paper.** $\bar\alpha = (0.64, 0.36)$. For $x_0 = 2$ and $\epsilon = -1$: at $t = 0$, $x_t = 0.8 \cdot 2 - 0.6 = 1$;
# at $t = 1$, $x_t = 0.6 \cdot 2 - 0.8 = 0.4$ and $v = 0.6 \cdot (-1) - 0.8 \cdot 2 = -2.2$. Back from $0.4$ and
# $\epsilon$: $(0.4 + 0.8)/0.6 = 2$.
#
# **What usually goes wrong**
# - `sched["alpha_bars"][t]` has shape `(B,)`. Times an image `(B, C, H, W)`: an error, or worse? When is it no error?
# - And which dtype does that product have, if the image is float32?
# - Is a standard deviation $1 - \bar\alpha$ or its root?
# - In which step does the first entry of the table apply: $t = 0$ or $t = 1$?
# - Whose noise has to be predicted, if `noise` is an argument and you draw another?
# - Weighted mean of squared errors: is the mean of products the product of the means?
#
# *Read:* Prince §18.2, §18.4 and §18.5. Papers: Ho et al. 2020, eq. 4, 9, 12 and 14; Salimans, Ho 2022 (the target v).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q9


def q_sample(x0: torch.Tensor, t: torch.Tensor, noise: torch.Tensor, sched: dict[str, torch.Tensor]) -> torch.Tensor:
    """Noise the data: x_t. x0, noise: (B, ...); t: (B,) int64; returns shape and dtype of x0."""
    # BEGIN SOLUTION NO PROMPT
    signal, sigma = _signal_and_noise(x0, t, sched)
    return signal * x0 + sigma * noise


def _signal_and_noise(x: torch.Tensor, t: torch.Tensor, sched: dict) -> tuple[torch.Tensor, torch.Tensor]:
    """sqrt(abar) and sqrt(1 - abar) of every sample, (B, 1, ..., 1) in the dtype and on the device of x."""
    bars = sched["alpha_bars"].to(x.device)[t].reshape(-1, *[1] * (x.dim() - 1))
    return bars.sqrt().to(x.dtype), (1 - bars).sqrt().to(x.dtype)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q9: q_sample is not implemented yet")
    """  # END PROMPT


def predict_x0(x_t: torch.Tensor, t: torch.Tensor, eps: torch.Tensor, sched: dict[str, torch.Tensor]) -> torch.Tensor:
    """The data that give x_t with the noise eps. x_t, eps: (B, ...); returns shape and dtype of x_t."""
    # BEGIN SOLUTION NO PROMPT
    signal, sigma = _signal_and_noise(x_t, t, sched)
    return (x_t - sigma * eps) / signal
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q9: predict_x0 is not implemented yet")
    """  # END PROMPT


def predict_eps(x_t: torch.Tensor, t: torch.Tensor, x0: torch.Tensor, sched: dict[str, torch.Tensor]) -> torch.Tensor:
    """The noise that makes x_t of the data x0. x_t, x0: (B, ...); returns shape and dtype of x_t."""
    # BEGIN SOLUTION NO PROMPT
    signal, sigma = _signal_and_noise(x_t, t, sched)
    return (x_t - signal * x0) / sigma
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q9: predict_eps is not implemented yet")
    """  # END PROMPT


def v_target(x0: torch.Tensor, t: torch.Tensor, noise: torch.Tensor, sched: dict[str, torch.Tensor]) -> torch.Tensor:
    """sqrt(abar) noise - sqrt(1 - abar) x0. x0, noise: (B, ...); returns shape and dtype of x0."""
    # BEGIN SOLUTION NO PROMPT
    signal, sigma = _signal_and_noise(x0, t, sched)
    return signal * noise - sigma * x0
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q9: v_target is not implemented yet")
    """  # END PROMPT


def ddpm_loss(
    model,
    x0: torch.Tensor,
    t: torch.Tensor,
    noise: torch.Tensor,
    sched: dict,
    target: str = "eps",
    weight: str = "simple",
) -> torch.Tensor:
    """Mean over the batch of weight times the mean squared error of one sample.

    model: called once as model(x_t, t) -> shape of x0;  x0, noise: (B, ...);  t: (B,) int64
    target: "eps", "x0" or "v";  weight: "simple" (1) or "udl" (sched["udl_weight"]);  returns a scalar
    """
    # BEGIN SOLUTION NO PROMPT
    if target not in ("eps", "x0", "v"):
        raise ValueError(f"target must be 'eps', 'x0' or 'v', got {target!r}")
    if weight not in ("simple", "udl"):
        raise ValueError(f"weight must be 'simple' or 'udl', got {weight!r}")
    wanted = {"eps": noise, "x0": x0, "v": v_target(x0, t, noise, sched)}[target]
    error = model(q_sample(x0, t, noise, sched), t) - wanted
    errors = (error**2).flatten(start_dim=1).mean(dim=1)  # (B,)
    if weight == "udl":
        errors = errors * sched["udl_weight"].to(x0.device)[t].to(errors.dtype)
    return errors.mean()
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q9: ddpm_loss is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_jumps_by_hand(q_sample, v_target):
    """the example on paper: two samples at two different times"""
    import torch

    sched = {
        "betas": torch.tensor([0.36, 0.4375]).double(),
        "alphas": torch.tensor([0.64, 0.5625]).double(),
        "alpha_bars": torch.tensor([0.64, 0.36]).double(),
        "alpha_bars_prev": torch.tensor([1.0, 0.64]).double(),
    }
    x0, noise, t = torch.tensor([[2.0, 0.0, 1.0]] * 2), torch.tensor([[-1.0, 1.0, 0.0]] * 2), torch.tensor([0, 1])
    x_t, v = q_sample(x0, t, noise, sched), v_target(x0, t, noise, sched)
    expected = [[1, 0.6, 0.8], [0.4, 0.8, 0.6]]
    assert near(x_t, expected), f"x_t is {expected} (first row t = 0, second t = 1), yours is {x_t}"
    assert x_t.dtype == torch.float32, f"x0 is float32, so x_t is; yours is {x_t.dtype}"
    assert near(v[1], [-2.2, 0.6, -0.8]), f"v at t = 1 is (-2.2, 0.6, -0.8), yours is {v[1]}"


# %%
def test_there_and_back(q_sample, predict_x0, predict_eps):
    """images at five times: x_t with the noise gives the data back, with the data the noise"""
    import torch

    bars = torch.tensor([0.99, 0.8, 0.5, 0.2, 0.01], dtype=torch.float64)
    before = torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])
    sched = {"alpha_bars": bars, "alpha_bars_prev": before, "alphas": bars / before, "betas": 1 - bars / before}
    g = torch.Generator().manual_seed(0)
    x0, noise = torch.randn(2, 5, 3, 2, 4, generator=g, dtype=torch.float64)
    t = torch.tensor([0, 1, 2, 3, 4])
    x_t = q_sample(x0, t, noise, sched)
    assert x_t.shape == x0.shape, f"5 images of shape (3, 2, 4): x_t has shape {tuple(x_t.shape)}"
    for what, back, wanted in (
        ("predict_x0", predict_x0(x_t, t, noise, sched), x0),
        ("predict_eps", predict_eps(x_t, t, x0, sched), noise),
    ):
        assert near(back, wanted), f"{what} is off by up to {(back - wanted).abs().max():.3g}"


# %%
def test_loss_by_hand(ddpm_loss):
    """a model that says 0: the loss is the mean square of the noise, weighted"""
    import torch

    sched = {
        "betas": torch.tensor([0.36, 0.4375]).double(),
        "alphas": torch.tensor([0.64, 0.5625]).double(),
        "alpha_bars": torch.tensor([0.64, 0.36]).double(),
        "alpha_bars_prev": torch.tensor([1.0, 0.64]).double(),
        "udl_weight": torch.tensor([0.78125, 0.607639]).double(),
    }
    x0, noise, t = torch.ones(2, 3), torch.tensor([[1.0, 2.0, 1.0], [0.0, 3.0, 0.0]]), torch.tensor([0, 1])
    simple = ddpm_loss(lambda x_t, t: 0 * x_t, x0, t, noise, sched)
    udl = ddpm_loss(lambda x_t, t: 0 * x_t, x0, t, noise, sched, weight="udl")
    assert near(simple, 2.5), f"6/3 for one sample, 9/3 for the other: the loss is 2.5, yours is {simple}"
    assert near(udl, 1.692708), f"(0.78125 * 2 + 0.607639 * 3) / 2 = 1.692708, yours is {udl}"
    for target, oracle in (("eps", noise), ("x0", x0)):
        loss = ddpm_loss(lambda x_t, t, oracle=oracle: oracle, x0, t, noise, sched, target=target)
        assert near(loss, 0), f"a model that knows the {target} has loss 0, yours is {loss}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: what the best of all networks would say


@experiment
def the_best_of_all_networks():
    import datasets
    import matplotlib.pyplot as plt

    # If the data are these 600 points, the best prediction of x_0 is their mean, weighted by how likely each made x_t.
    g = torch.Generator().manual_seed(0)
    roll, T = datasets.swiss_roll(600, g), 100
    sched = make_schedule("cosine", T)

    def best_x0(x_t, t):
        kept = sched["alpha_bars"][t[0]].float()
        far = torch.cdist(x_t, kept.sqrt() * roll) ** 2 / (2 * (1 - kept))
        return torch.softmax(-far, dim=1) @ roll

    def best(target):
        def model(x_t, t):
            x0 = best_x0(x_t, t)
            eps = predict_eps(x_t, t, x0, sched)
            return {"x0": x0, "eps": eps, "v": v_target(x0, t, eps, sched)}[target]

        return model

    losses = {target: [] for target in ("eps", "x0", "v")}
    for k in range(T):
        t, noise = torch.full((600,), k), torch.randn(600, 2, generator=g)
        for target, curve in losses.items():
            curve.append(float(ddpm_loss(best(target), roll, t, noise, sched, target=target)))

    axis = torch.linspace(-2.2, 2.2, 22)
    grid = torch.cartesian_prod(axis, axis)
    fig, axes = plt.subplots(1, 4, figsize=(15, 3.6))
    for ax, k in zip(axes[:3], (8, 35, 75), strict=True):
        t, noise = torch.full((600,), k), torch.randn(600, 2, generator=g)
        arrows = -best("eps")(grid, torch.full((len(grid),), k))
        ax.scatter(*q_sample(roll, t, noise, sched).T, s=2, color="tab:orange")
        ax.quiver(*grid.T, *arrows.T, width=0.003)
        ax.set(title=f"t = {k}: away from the noise", xticks=[], yticks=[], xlim=(-2.3, 2.3), ylim=(-2.3, 2.3))
    for target, curve in losses.items():
        axes[3].plot(curve, label=target)
    axes[3].set(title="loss that nobody can go below", xlabel="t")
    axes[3].legend()
    fig.tight_layout()
    plt.show()
