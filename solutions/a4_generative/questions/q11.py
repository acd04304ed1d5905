# %% [raw]
# # BEGIN QUESTION
# name: q11
# points: 0

# %% [markdown]
# ## q11. Time embedding and guidance (5 points)
#
# One network serves all times, so it has to be told the time, and the bare number $t$ is a poor way to say it. As in the
# positions of the transformer, $t$ becomes waves of many lengths. With $h = \lfloor \texttt{dim}/2 \rfloor$ and
# $\omega_i = \texttt{max\_period}^{-i/h}$ for $i = 0, \dots, h - 1$
#
# $$\text{emb}(t) = \bigl[ \cos \omega_0 t, \dots, \cos \omega_{h-1} t, \;
# \sin \omega_0 t, \dots, \sin \omega_{h-1} t \bigr]$$
#
# and one 0 at the end if `dim` is odd.
#
# **Guidance** makes samples that fit a label $y$ better than the data do. The same network learns with labels and, with the
# label dropped now and then, without. When sampling, its two answers are extrapolated:
#
# $$\tilde\epsilon = \epsilon(x_t, t, \text{null}) + w \bigl( \epsilon(x_t, t, y) - \epsilon(x_t, t, \text{null}) \bigr)$$
#
# $w = 0$ ignores the label, $w = 1$ is the network as it was trained, $w > 1$ exaggerates. (In some papers $w$ counts from
# there: their 0 is our 1.)
#
# | function | arguments | returns |
# |---|---|---|
# | `timestep_embedding` | `t (B,)` integers or floats, `dim`, `max_period` | `(B, dim)` float32 |
# | `cfg_eps` | two predictions of any one shape, `w` | same shape and dtype |
# | `drop_labels` | `y (B,)` int64, `null`, `p`, `generator` on the device of `y` | `(B,)` int64: each label is `null` with probability `p`, independently |
# | `guided_sample` | `model`, `y (B,)`, `shape`, `sched`, `w`, `generator`, `null` | samples as of `ddpm_sample` in q10 |
#
# The model of `guided_sample` takes three arguments, `(x_t, t, y)`, the last two `(B,)` int64. Ask it twice at every step, or
# once with a batch of $2B$; that is up to you. Everything else is as in q10: float32 on the generator's device, $T$ steps,
# no gradient.
#
# **On paper.** `dim = 4`, `max_period = 100`: $\omega = (1, 0.1)$, so $t = 2$ becomes $(\cos 2, \cos 0.2, \sin 2, \sin 0.2) =
# (-0.416147, 0.980067, 0.909297, 0.198669)$. With `dim = 5` a 0 follows. If the network says 1 with the label and 3
# without, $w = 2$ makes $3 + 2 \cdot (1 - 3) = -1$ of it.
#
# **What usually goes wrong**
# - Is the last frequency `1 / max_period`? With how many values does the exponent reach 1?
# - Cosine first or sine first? Halves or turn by turn? A network does not care, a *trained* network does.
# - Which end does the extrapolation start from? Try $w = 0$.
# - `y[mask] = null` on what was passed: what do the labels of the next epoch look like?
# - Is every label dropped by its own coin, or the whole batch by one? With probability $p$ or $1 - p$?
# - If you join two batches for one call: which half is which, and does every row keep its own label?
#
# *Read:* Prince §18.6.3. Papers: Vaswani et al. 2017, §3.5; Dhariwal, Nichol 2021; Ho, Salimans 2022 (classifier-free
# guidance).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q11


def timestep_embedding(t: torch.Tensor, dim: int, max_period: float = 10000.0) -> torch.Tensor:
    """Cosines, then sines, of t with frequencies from 1 down towards 1 / max_period.

    t: (B,) integers or floats;  returns (B, dim) float32; the last column is 0 if dim is odd
    """
    # BEGIN SOLUTION NO PROMPT
    half = dim // 2
    frequencies = max_period ** (-torch.arange(half, device=t.device) / half)  # (half,)
    angles = t[:, None].float() * frequencies  # (B, half)
    zero = torch.zeros(len(t), dim % 2, device=t.device)
    return torch.cat([angles.cos(), angles.sin(), zero], dim=1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: timestep_embedding is not implemented yet")
    """  # END PROMPT


def cfg_eps(eps_cond: torch.Tensor, eps_uncond: torch.Tensor, w: float) -> torch.Tensor:
    """The prediction without the label, and from there w times the way to the one with it."""
    # BEGIN SOLUTION NO PROMPT
    return eps_uncond + w * (eps_cond - eps_uncond)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: cfg_eps is not implemented yet")
    """  # END PROMPT


def drop_labels(y: torch.Tensor, null: int, p: float, generator: torch.Generator) -> torch.Tensor:
    """Labels (B,) of which each is replaced by null with probability p. y stays as it is."""
    # BEGIN SOLUTION NO PROMPT
    dropped = torch.rand(y.shape, generator=generator, device=generator.device) < p
    return torch.where(dropped.to(y.device), null, y)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: drop_labels is not implemented yet")
    """  # END PROMPT


def guided_sample(
    model,
    y: torch.Tensor,
    shape: tuple[int, ...],
    sched: dict[str, torch.Tensor],
    w: float,
    generator: torch.Generator,
    null: int,
) -> torch.Tensor:
    """DDPM samples, row b guided towards label y[b]. model: (x_t, t of (B,), y of (B,)) -> eps; y: (B,) int64."""
    # BEGIN SOLUTION NO PROMPT
    nothing = torch.full_like(y, null)

    def guided(x_t, t):
        return cfg_eps(model(x_t, t, y), model(x_t, t, nothing), w)

    return ddpm_sample(guided, shape, sched, generator)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: guided_sample is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_embedding_by_hand(timestep_embedding):
    """the embedding of the example on paper, even and odd"""
    import torch

    row = [-0.416147, 0.980067, 0.909297, 0.198669]
    yours = timestep_embedding(torch.tensor([2, 0, 5]), 4, max_period=100.0)
    assert yours.shape == (3, 4) and yours.dtype == torch.float32, (
        f"3 times, dim 4: (3, 4) and float32; yours: {tuple(yours.shape)} and {yours.dtype}"
    )
    assert near(yours[0], row), f"t = 2 becomes {row}, yours is {yours[0]}"
    assert near(yours[1], [1, 1, 0, 0]), f"t = 0 becomes (1, 1, 0, 0), yours is {yours[1]}"
    odd = timestep_embedding(torch.tensor([2, 0, 5]), 5, max_period=100.0)
    assert near(odd[0], [*row, 0]), f"dim 5 adds a 0 at the end, yours is {odd[0]}"


# %%
def test_guidance_by_hand(cfg_eps):
    """guidance: w = 0 without the label, w = 1 with it, w = 2 beyond"""
    import torch

    cond, uncond = torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 0.0]])
    for w, expected in ((0.0, 3.0), (1.0, 1.0), (2.0, -1.0)):
        yours = cfg_eps(cond, uncond, w)
        assert near(yours, [[expected, 0]]), f"w = {w}: 3 + {w} * (1 - 3) = {expected}, yours is {yours}"


# %%
def test_dropping(drop_labels):
    """about a quarter of the labels is dropped, and the caller's labels stay"""
    import torch

    y = torch.arange(10).repeat(100)
    before = y.clone()
    yours = drop_labels(y, 10, 0.25, torch.Generator().manual_seed(0))
    assert torch.equal(y, before), "the labels that were passed have changed"
    share = float((yours == 10).float().mean())
    assert 0.17 < share < 0.33, f"p = 0.25 of 1000 labels: about 0.25 should be null, yours: {share}"
    assert torch.equal(yours[yours != 10], y[yours != 10]), "labels that are not dropped stay what they are"


# %%
def test_null_everywhere(guided_sample, make_schedule):
    """a point for each label: w = 1 ends at the label's point, w = 0 at that of null"""
    import torch

    sched, points = make_schedule("cosine", 10), torch.tensor([[1.0, 2.0], [-2.0, 0.5], [0.0, -1.0]])

    def oracle(x_t, t, y):
        kept = sched["alpha_bars"][t].to(x_t.dtype)[:, None]
        return (x_t - kept.sqrt() * points[y]) / (1 - kept).sqrt()

    y = torch.tensor([0, 1, 1, 0, 0])
    for w, ends in ((1.0, points[y]), (0.0, points[[2] * 5])):
        yours = guided_sample(oracle, y, (5, 2), sched, w, torch.Generator().manual_seed(0), 2)
        assert near(yours, ends, 1e-3), f"w = {w}: the five samples end at {ends}, yours at {yours}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: what the network is told about the time


@experiment
def clock():
    import matplotlib.pyplot as plt

    emb = timestep_embedding(torch.arange(1000), 64)
    near_by = emb @ emb[500] / emb[500].square().sum()
    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 3))
    left.imshow(emb.T, aspect="auto", cmap="RdBu")
    left.set(xlabel="t", ylabel="entry", title="cosines above, sines below")
    right.plot(near_by)
    right.set(xlabel="t", title="similarity to t = 500")
    fig.tight_layout()
    plt.show()


# %%
# experiment: exaggeration


@experiment
def exaggeration():
    import datasets
    import matplotlib.pyplot as plt

    # Labels 0 and 1: the left and the right half of two moons that overlap; 2 is null. Best possible networks, as in q9.
    g = torch.Generator().manual_seed(0)
    moons = datasets.moons(2000, g, s=0.25)
    label = (moons[:, 0] + 0.5 * torch.randn(2000, generator=g) > 0).long()
    groups = [moons[label == 0], moons[label == 1], moons]
    sched = make_schedule("linear", 40, 0.002, 0.25)

    def best(x_t, t, y):
        kept, eps = sched["alpha_bars"][t[0]].float(), torch.empty_like(x_t)
        for k, points in enumerate(groups):
            x = x_t[y == k]
            far = torch.cdist(x, kept.sqrt() * points) ** 2 / (2 * (1 - kept))
            eps[y == k] = (x - kept.sqrt() * (torch.softmax(-far, dim=1) @ points)) / (1 - kept).sqrt()
        return eps

    fig, axes = plt.subplots(1, 5, figsize=(15, 3), sharex=True, sharey=True)
    axes[0].scatter(*moons.T, c=label, s=2, cmap="coolwarm")
    axes[0].set(title="data")
    y = torch.arange(400) % 2
    for ax, w in zip(axes[1:], (0.0, 1.0, 2.0, 5.0), strict=True):
        x = guided_sample(best, y, (400, 2), sched, w, torch.Generator().manual_seed(1), 2)
        ax.scatter(*x.T, c=y, s=2, cmap="coolwarm")
        ax.set(title=f"w = {w:g}", xticks=[], yticks=[], xlim=(-3, 3), ylim=(-2.5, 2.5))
    fig.tight_layout()
    plt.show()
