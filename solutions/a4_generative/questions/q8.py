# %% [raw]
# # BEGIN QUESTION
# name: q8
# points: 0

# %% [markdown]
# ## q8. Diffusion: schedules and coefficients (8 points)
#
# Diffusion destroys a sample in $T$ small steps, $t = 0, \dots, T-1$. Each step shrinks it a little and adds a
# little normal noise of variance $\beta_t$:
#
# $$x_t = \sqrt{1 - \beta_t}\; x_{t-1} + \sqrt{\beta_t}\; \epsilon_t \qquad (x_{-1} \text{ is the data}).$$
#
# Everything else follows from the table of the $\beta_t$, which are greater than 0 and less than 1. Two normal variables add up to a normal one, so $t+1$ steps
# are one step: $x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$ with
# $\bar\alpha_t = \prod_{i=0}^{t} (1 - \beta_i)$, where $x_0$ is the custom for "the data". And Bayes' rule says where
# $x_t$ came from if the data were known: $q(x_{t-1} \mid x_t, x_0)$ is normal, with mean
# $\texttt{post\_c0}_t\, x_0 + \texttt{post\_c1}_t\, x_t$ and variance $\texttt{post\_var}_t$.
#
# | key | value, each of shape `(T,)`, float64 |
# |---|---|
# | `"betas"` | $\beta_t$, see below |
# | `"alphas"` | $\alpha_t = 1 - \beta_t$ |
# | `"alpha_bars"` | $\bar\alpha_t = \alpha_0 \alpha_1 \cdots \alpha_t$; entry 0 already holds $\alpha_0$ |
# | `"alpha_bars_prev"` | $\bar\alpha_{t-1}$: the same, one step earlier; entry 0 is 1 (nothing has happened yet) |
# | `"post_var"` | $\beta_t\, (1 - \bar\alpha_{t-1}) / (1 - \bar\alpha_t)$ |
# | `"post_c0"` | $\beta_t \sqrt{\bar\alpha_{t-1}} / (1 - \bar\alpha_t)$ |
# | `"post_c1"` | $(1 - \bar\alpha_{t-1}) \sqrt{\alpha_t} / (1 - \bar\alpha_t)$ |
# | `"snr"` | $\bar\alpha_t / (1 - \bar\alpha_t)$, the signal-to-noise ratio |
# | `"udl_weight"` | $\beta_t / \bigl(2\, (1 - \bar\alpha_t)(1 - \beta_t)\bigr)$, the weight of step $t$ in the bound |
#
# - `"linear"`: $T$ values with equal distances; the first is `beta_start`, the last `beta_end` (with $T = 1$ there is
#   only the first).
# - `"cosine"`: with $f(t) = \cos^2\!\bigl(\frac{t/T + s}{1 + s} \cdot \frac{\pi}{2}\bigr)$ let
#   $\beta_t = 1 - f(t+1)/f(t)$, but at most 0.999. `alpha_bars` is the running product here too, of what is left after
#   that limit.
# - Any other kind is a `ValueError`.
#
# **Two notations.** The paper of 2020 writes $\alpha_t$ for one step and $\bar\alpha_t$ for the product; Prince's book
# writes $\alpha_t$ for the *product* and has no name for $1 - \beta_t$. Here: `alphas` for one step, `alpha_bars` for
# the product. The last row of the table is eq. 18.36 of the book with $\sigma_t^2 = \beta_t$.
#
# **On paper.** $T = 2$, linear from 0.1 to 0.2. Then $\alpha = (0.9, 0.8)$ and $\bar\alpha = (0.9, 0.72)$, one step
# earlier $(1, 0.9)$. In step 1: post_var $= 0.2 \cdot 0.1 / 0.28 = 0.071429$, post_c0 $= 0.2 \sqrt{0.9} / 0.28 =
# 0.677631$, post_c1 $= 0.1 \sqrt{0.8} / 0.28 = 0.319438$; snr $= (9,\ 2.571429)$. What are the three in step 0, and why
# is that the only sensible answer?
#
# **What usually goes wrong**
# - Is $\bar\alpha_0$ equal to 1 or to $1 - \beta_0$? A table that is one off trains a network whose samples look right.
# - What does `torch.roll(alpha_bars, 1)` put into entry 0?
# - `torch.linspace(0.1, 0.2, 3)` is float32. Where is a thousandfold product of numbers near 1 left with that?
# - Cosine: what is $\beta_{T-1}$ without the limit, and what does $x_{T-1}$ then know about the data?
# - Send $x_t = \sqrt{\bar\alpha_t} x_0$, without noise, through the posterior mean. What has to come out?
#
# *Read:* Prince ch. 18 (18.2 to 18.4). Papers: Sohl-Dickstein et al. 2015; Ho, Jain, Abbeel 2020 (DDPM), eq. 4 to 7;
# Nichol, Dhariwal 2021 (the cosine schedule, eq. 17).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q8


def make_schedule(
    kind: str, T: int, beta_start: float = 1e-4, beta_end: float = 0.02, s: float = 0.008
) -> dict[str, torch.Tensor]:
    """The tables of a diffusion with T steps.

    kind: "linear" (beta_start, beta_end are used) or "cosine" (s is used); anything else is a ValueError
    returns betas, alphas, alpha_bars, alpha_bars_prev, post_var, post_c0, post_c1, snr, udl_weight: float64, (T,) each
    """
    # BEGIN SOLUTION NO PROMPT
    if kind == "linear":
        betas = torch.linspace(beta_start, beta_end, T, dtype=torch.float64)
    elif kind == "cosine":
        t = torch.arange(T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * math.pi / 2) ** 2  # (T + 1,)
        betas = (1 - f[1:] / f[:-1]).clamp(max=0.999)
    else:
        raise ValueError(f"kind must be 'linear' or 'cosine', got {kind!r}")
    alphas = 1 - betas
    alpha_bars = torch.cumprod(alphas, dim=0)
    alpha_bars_prev = torch.cat([torch.ones(1, dtype=torch.float64), alpha_bars[:-1]])
    return {
        "betas": betas,
        "alphas": alphas,
        "alpha_bars": alpha_bars,
        "alpha_bars_prev": alpha_bars_prev,
        "post_var": betas * (1 - alpha_bars_prev) / (1 - alpha_bars),
        "post_c0": betas * alpha_bars_prev.sqrt() / (1 - alpha_bars),
        "post_c1": (1 - alpha_bars_prev) * alphas.sqrt() / (1 - alpha_bars),
        "snr": alpha_bars / (1 - alpha_bars),
        "udl_weight": betas / (2 * (1 - alpha_bars) * (1 - betas)),
    }
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: make_schedule is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_two_steps_by_hand(make_schedule):
    """the two steps of the example on paper"""
    yours = make_schedule("linear", 2, beta_start=0.1, beta_end=0.2)
    expected = {
        "betas": [0.1, 0.2],
        "alphas": [0.9, 0.8],
        "alpha_bars": [0.9, 0.72],
        "alpha_bars_prev": [1, 0.9],
        "post_var": [0, 0.071429],
        "post_c0": [1, 0.677631],
        "post_c1": [0, 0.319438],
        "snr": [9, 2.571429],
        "udl_weight": [0.555556, 0.446429],
    }
    for key, values in expected.items():
        assert key in yours, f"the dict has no {key!r}; it has {sorted(yours)}"
        assert near(yours[key], values), f"{key} is {values}, yours is {yours[key]}"


# %%
def test_kinds(make_schedule):
    """first and last entries of both kinds with a thousand steps, in float64"""
    import torch

    for kind, first, last in (("linear", 1e-4, 0.02), ("cosine", 4.128422e-05, 0.999)):
        betas = make_schedule(kind, 1000)["betas"]
        assert betas.dtype == torch.float64 and betas.shape == (1000,), (
            f"{kind}: betas should be float64 with shape (1000,), yours: {betas.dtype} {tuple(betas.shape)}"
        )
        ends = f"{betas[0]:.6g} and {betas[-1]:.6g}"
        assert near(betas[0], first, 1e-8), f"{kind}: beta starts with {first} and ends with {last}, yours: {ends}"
        assert near(betas[-1], last, 1e-8), f"{kind}: beta starts with {first} and ends with {last}, yours: {ends}"


# %%
def test_fades(make_schedule):
    """alpha_bars falls from almost 1 to almost 0"""
    for kind in ("linear", "cosine"):
        a = np.asarray(make_schedule(kind, 1000)["alpha_bars"])
        assert (np.diff(a) < 0).all(), f"{kind}: alpha_bars should fall in every step"
        assert a[0] > 0.999 and 0 < a[-1] < 1e-4, f"{kind}: from 1 - beta_0 to almost 0, yours: {a[0]} to {a[-1]}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: two ways to forget


@experiment
def two_ways_to_forget():
    import datasets
    import matplotlib.pyplot as plt

    T, kinds = 1000, ("linear", "cosine")
    tables = {kind: make_schedule(kind, T) for kind in kinds}
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 3.2))
    for kind, table in tables.items():
        left.plot(table["alpha_bars"], label=kind)
        middle.semilogy(table["snr"], label=kind)
        right.semilogy(table["udl_weight"], label=kind)
    left.set(title="what is left of the signal: alpha_bars", xlabel="t")
    middle.set(title="signal-to-noise ratio", xlabel="t")
    right.set(title="weight of step t in the bound", xlabel="t")
    left.legend()
    fig.tight_layout()
    plt.show()

    # The same roll and the same noise with both: the linear one wastes its last third on pure noise.
    g = torch.Generator().manual_seed(0)
    roll = datasets.swiss_roll(1500, g)
    noise = torch.randn(roll.shape, generator=g)
    times = [0, 100, 200, 400, 600, 800, 999]
    fig, axes = plt.subplots(2, len(times), figsize=(14, 4.4), sharex=True, sharey=True)
    for row, (kind, table) in zip(axes, tables.items(), strict=True):
        for ax, t in zip(row, times, strict=True):
            left_over = table["alpha_bars"][t]
            x = left_over.sqrt() * roll + (1 - left_over).sqrt() * noise
            ax.scatter(*x.T, s=1, alpha=0.5)
            ax.set(title=f"{kind}, t = {t}", xlim=(-3, 3), ylim=(-3, 3), xticks=[], yticks=[])
    fig.tight_layout()
    plt.show()
