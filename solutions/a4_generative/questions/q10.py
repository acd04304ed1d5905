# %% [raw]
# # BEGIN QUESTION
# name: q10
# points: 0

# %% [markdown]
# ## q10. Diffusion: DDPM and DDIM sampling (10 points)
#
# Now backwards. The network says which noise is in $x_t$; with it we guess the data,
# $\hat x_0 = (x_t - \sqrt{1 - \bar\alpha_t}\, \epsilon) / \sqrt{\bar\alpha_t}$, and step to where $x_{t-1}$ would be if
# the guess were right: the posterior of q8, with mean and variance
#
# $$\mu = \texttt{post\_c0}_t\, \hat x_0 + \texttt{post\_c1}_t\, x_t \qquad \sigma^2 = \texttt{post\_var}_t
# \qquad x_{t-1} = \mu + \sigma\, \text{noise}.$$
#
# Only one step, and then the network is asked again. The last step, $t = 0$, gives the sample: no noise there. That is
# DDPM. DDIM may jump from $t$ to any earlier $t'$ and has a dial $\eta$ from 0 (no noise at all: the same start gives the
# same sample) to 1 (as noisy as DDPM):
#
# $$x_{t'} = \sqrt{\bar\alpha_{t'}}\, \hat x_0 + \sqrt{1 - \bar\alpha_{t'} - \sigma^2}\; \epsilon + \sigma\, \text{noise}
# \qquad
# \sigma = \eta\, \sqrt{\frac{1 - \bar\alpha_{t'}}{1 - \bar\alpha_t}} \sqrt{1 - \frac{\bar\alpha_t}{\bar\alpha_{t'}}}$$
#
# where $t' = -1$ means the data: $\bar\alpha_{-1} = 1$.
#
# | argument | meaning |
# |---|---|
# | `x_t`, `eps`, `noise` | `(B, ...)`; results have the shape and dtype of `x_t` |
# | `t`, `t_prev` | plain integers here: the whole batch is at one time |
# | `clip` | if given, $\hat x_0$ (nothing else) is limited to between `-clip` and `clip` |
# | `var` | returned: one number, or a tensor without axes, float32 or float64 |
# | `model` | a function `(x_t, t) -> eps` as in q9: its `t` is `(B,)` int64 |
# | `generator` | the only source of randomness; the start and all noise are float32 on its device |
#
# `ddpm_sample` asks the model at $T-1, T-2, \dots, 0$. `ddim_sample` makes `n_steps` steps ($1 \le$ `n_steps` $\le T$)
# between the times
# $\tau_i = T - 1 - i \cdot T / \texttt{n\_steps}$, $i = 0, \dots, \texttt{n\_steps}$, made whole whichever way you like:
# with $T = 20$ and 5 steps from 19 to 15, 11, 7, 3 and $-1$. Both return samples without a gradient. Whether noise is
# drawn where none is needed is up to you.
#
# **On paper.** `make_schedule("linear", 2, 0.36, 0.4375)` has $\bar\alpha = (0.64, 0.36)$. For $x_1 = 0.4$ and
# $\epsilon = -1$ the guess is $\hat x_0 = 2$ (q9). DDPM: $\mu = 0.546875 \cdot 2 + 0.421875 \cdot 0.4 = 1.2625$,
# $\sigma^2 = 0.4375 \cdot 0.36 / 0.64 = 0.246094$. DDIM with $\eta = 0$, from 1 to 0: $0.8 \cdot 2 + 0.6 \cdot (-1) = 1$.
# With $\eta = 1$ and without noise: 1.2625 again. A coincidence?
#
# **What usually goes wrong**
# - `sched["alpha_bars"][-1]` is no error. What is it?
# - Is `post_var` a standard deviation?
# - The step to the sample adds no noise. Which value of $t$ is that, and does your loop get there?
# - Books write $\mu = \bigl( x_t - \beta_t\, \epsilon / \sqrt{1 - \bar\alpha_t} \bigr) / \sqrt{\alpha_t}$. Is that the
#   same? (Put q8's coefficients in.) Is it still the same with a `clip`?
# - One noise for all steps, or a new one for each? What do samples look like that began with zeros?
# - Samples of a batch of 64, a thousand steps: why is the memory full?
#
# *Read:* Prince §18.3, §18.4.3 and §18.6. Papers: Ho et al. 2020, eq. 6, 7 and algorithm 2; Song, Meng, Ermon 2021
# (DDIM), eq. 12 and 16.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q10


def p_mean_variance(
    x_t: torch.Tensor, t: int, eps: torch.Tensor, sched: dict[str, torch.Tensor], clip: float | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean (shape of x_t) and variance (one number) of x_(t-1), if eps is the noise in x_t.

    clip: limits the predicted data to between -clip and clip; None does not
    """
    # BEGIN SOLUTION NO PROMPT
    abar = sched["alpha_bars"][t]
    x0 = (x_t - (1 - abar).sqrt() * eps) / abar.sqrt()
    if clip is not None:
        x0 = x0.clamp(-clip, clip)
    return sched["post_c0"][t] * x0 + sched["post_c1"][t] * x_t, sched["post_var"][t]
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q10: p_mean_variance is not implemented yet")
    """  # END PROMPT


def p_sample(
    x_t: torch.Tensor,
    t: int,
    eps: torch.Tensor,
    noise: torch.Tensor,
    sched: dict[str, torch.Tensor],
    clip: float | None = None,
) -> torch.Tensor:
    """One DDPM step to x_(t-1), with the noise that is passed; at t = 0 without noise."""
    # BEGIN SOLUTION NO PROMPT
    mean, var = p_mean_variance(x_t, t, eps, sched, clip)
    return mean + var.sqrt() * noise if t > 0 else mean
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q10: p_sample is not implemented yet")
    """  # END PROMPT


def ddpm_sample(
    model, shape: tuple[int, ...], sched: dict[str, torch.Tensor], generator: torch.Generator, clip: float | None = None
) -> torch.Tensor:
    """Samples of this shape, from standard normal noise through all T steps. model: (x_t, t of (B,)) -> eps."""
    # BEGIN SOLUTION NO PROMPT
    device = generator.device
    x = torch.randn(shape, generator=generator, device=device)
    with torch.no_grad():  # nobody needs the gradient of a sample
        for t in reversed(range(len(sched["betas"]))):
            eps = model(x, torch.full((shape[0],), t, device=device))
            noise = torch.randn(shape, generator=generator, device=device)
            x = p_sample(x, t, eps, noise, sched, clip)
    return x
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q10: ddpm_sample is not implemented yet")
    """  # END PROMPT


def ddim_step(
    x_t: torch.Tensor,
    t: int,
    t_prev: int,
    eps: torch.Tensor,
    sched: dict[str, torch.Tensor],
    eta: float,
    noise: torch.Tensor,
) -> torch.Tensor:
    """One DDIM step from time t to an earlier t_prev; t_prev = -1 is the data, where abar is 1. 0 <= eta <= 1."""
    # BEGIN SOLUTION NO PROMPT
    abar = sched["alpha_bars"][t]
    abar_prev = sched["alpha_bars"][t_prev] if t_prev >= 0 else torch.ones_like(abar)
    x0 = (x_t - (1 - abar).sqrt() * eps) / abar.sqrt()
    sigma = eta * ((1 - abar_prev) / (1 - abar) * (1 - abar / abar_prev)).sqrt()
    return abar_prev.sqrt() * x0 + (1 - abar_prev - sigma**2).sqrt() * eps + sigma * noise
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q10: ddim_step is not implemented yet")
    """  # END PROMPT


def ddim_sample(
    model, shape: tuple[int, ...], sched: dict[str, torch.Tensor], n_steps: int, eta: float, generator: torch.Generator
) -> torch.Tensor:
    """Samples of this shape, from standard normal noise in n_steps steps from T-1 to -1."""
    # BEGIN SOLUTION NO PROMPT
    device, T = generator.device, len(sched["betas"])
    times = [round(T - 1 - i * T / n_steps) for i in range(n_steps + 1)]
    x = torch.randn(shape, generator=generator, device=device)
    with torch.no_grad():  # nobody needs the gradient of a sample
        for t, t_prev in zip(times[:-1], times[1:], strict=True):
            eps = model(x, torch.full((shape[0],), t, device=device))
            noise = torch.randn(shape, generator=generator, device=device)
            x = ddim_step(x, t, t_prev, eps, sched, eta, noise)
    return x
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q10: ddim_sample is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_ddpm_step_by_hand(p_mean_variance, p_sample, make_schedule):
    """DDPM: one step of the example on paper, with and without noise"""
    import torch

    sched = make_schedule("linear", 2, 0.36, 0.4375)
    x, eps, noise = (torch.tensor([[v]] * 3, dtype=torch.float64) for v in (0.4, -1.0, 2.0))
    mean, var = p_mean_variance(x, 1, eps, sched, None)
    assert near(mean, [[1.2625]] * 3), f"the mean is 1.2625, yours is {mean}"
    assert near(var, 0.246094), f"the variance is 0.246094, yours is {var}"
    step = p_sample(x, 1, eps, noise, sched)
    assert near(step, [[2.254657]] * 3), f"noise 2 adds two standard deviations: 2.254657, yours is {step}"
    last = p_sample(x, 0, eps, noise, sched)
    assert near(last, [[1.25]] * 3), f"at t = 0 the guess (0.4 + 0.6) / 0.8 = 1.25, without noise; yours is {last}"


# %%
def test_ddim_step_by_hand(ddim_step, make_schedule):
    """DDIM: one step of the example on paper, for eta 0 and 1, and to the data"""
    import torch

    sched = make_schedule("linear", 2, 0.36, 0.4375)
    x, eps, noise = (torch.tensor([[v]] * 3, dtype=torch.float64) for v in (0.4, -1.0, 0.0))
    for t_prev, eta, expected in ((0, 0.0, 1.0), (0, 1.0, 1.2625), (-1, 0.0, 2.0), (-1, 1.0, 2.0)):
        yours = ddim_step(x, 1, t_prev, eps, sched, eta, noise)
        assert near(yours, [[expected]] * 3), f"from 1 to {t_prev} with eta = {eta}: {expected}, yours is {yours}"


# %%
def test_ends_at_the_point(ddpm_sample, ddim_sample, make_schedule):
    """if all data are one point, the right noise leads to that point"""
    import torch

    sched, point, asked = make_schedule("cosine", 20), torch.tensor([1.5, -0.5, 3.0]), []

    def oracle(x_t, t):
        asked.append(int(t[0]))
        bar = sched["alpha_bars"][t].to(x_t.dtype)[:, None]
        return (x_t - bar.sqrt() * point) / (1 - bar).sqrt()

    for what, run, times in (
        ("ddpm_sample", lambda g: ddpm_sample(oracle, (7, 3), sched, g), list(range(19, -1, -1))),
        ("ddim_sample", lambda g: ddim_sample(oracle, (7, 3), sched, 5, 0.0, g), [19, 15, 11, 7, 3]),
    ):
        asked.clear()
        x = run(torch.Generator().manual_seed(0))
        assert asked == times, f"{what} asks the model at {times}, yours at {asked}"
        assert near(x, point.expand(7, 3), 1e-3), f"{what}: all 7 samples are {point}, yours are {x}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: from noise to a ring


@experiment
def from_noise_to_a_ring():
    import datasets
    import matplotlib.pyplot as plt

    # The best possible network for data that are these 2000 points, as in q9: nothing has to be trained.
    g = torch.Generator().manual_seed(0)
    ring, T, n = datasets.ring(2000, g), 50, 600
    sched = make_schedule("linear", T, 0.002, 0.2)
    chain = {}

    def best(x_t, t):
        kept = sched["alpha_bars"][t[0]].float()
        far = torch.cdist(x_t, kept.sqrt() * ring) ** 2 / (2 * (1 - kept))
        x0 = torch.softmax(-far, dim=1) @ ring
        chain[int(t[0])] = x_t
        return (x_t - kept.sqrt() * x0) / (1 - kept).sqrt()

    steps = [1, 2, 4, 6, 10, 50]
    chain[-1] = ddpm_sample(best, (n, 2), sched, g)
    pictures = [(f"DDPM, t = {t}", chain[t]) for t in (49, 30, 20, 10, 4, -1)]
    pictures += [(f"DDIM, {k} step{'s'[: k > 1]}", ddim_sample(best, (n, 2), sched, k, 0.0, g)) for k in steps]
    fig, axes = plt.subplots(2, 6, figsize=(15, 5.2), sharex=True, sharey=True)
    for ax, (title, x) in zip(axes.flat, pictures, strict=True):
        ax.scatter(*x.T, s=2)
        ax.set(title=title, xlim=(-3, 3), ylim=(-3, 3), xticks=[], yticks=[])
    fig.suptitle("above: one DDPM chain; below: where DDIM ends, with few steps and with many")
    fig.tight_layout()
    plt.show()


# %%
# experiment: without noise, nearby starts have nearby ends


@experiment
def streamlines():
    import datasets
    import matplotlib.pyplot as plt

    g = torch.Generator().manual_seed(0)
    ring, T = datasets.ring(1000, g), 50
    sched = make_schedule("linear", T, 0.002, 0.2)
    fig, axes = plt.subplots(1, 2, figsize=(10, 4.6), sharex=True, sharey=True)
    for ax, eta in zip(axes, (0.0, 1.0), strict=True):
        path = []

        def best(x_t, t, path=path):
            kept = sched["alpha_bars"][t[0]].float()
            far = torch.cdist(x_t, kept.sqrt() * ring) ** 2 / (2 * (1 - kept))
            path.append(x_t)
            return (x_t - kept.sqrt() * (torch.softmax(-far, dim=1) @ ring)) / (1 - kept).sqrt()

        path.append(ddim_sample(best, (60, 2), sched, T, eta, torch.Generator().manual_seed(1)))
        ax.plot(*torch.stack(path).permute(2, 0, 1), lw=0.7)
        ax.scatter(*path[0].T, s=8, color="gray")
        ax.scatter(*path[-1].T, s=14, color="black")
        ax.set(title=f"eta = {eta:g}: from gray to black")
    fig.tight_layout()
    plt.show()
