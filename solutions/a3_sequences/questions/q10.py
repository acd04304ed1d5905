# %% [raw]
# # BEGIN QUESTION
# name: q10
# points: 0

# %% [markdown]
# ## q10. Sinusoidal positions and layer normalisation (5 points)
#
# Attention sees a *set* of tokens: nothing in it says which came first. So every position $p$ gets a vector of its own that is added to the
# token's. The classical choice is a clock with $d/2$ hands: hand $i$ turns by $1/\text{base}^{2i/d}$ a step, the first one fast, the
# last one hardly at all, and the vector holds sine and cosine of each, side by side.
#
# $$PE_{p,\,2i} = \sin\frac{p}{\text{base}^{2i/d}}, \qquad PE_{p,\,2i+1} = \cos\frac{p}{\text{base}^{2i/d}}, \qquad p = 0, \dots, T-1$$
#
# **Layer normalisation** brings every single vector to mean 0 and variance 1 over its $d$ features, then lets the network choose scale and
# shift for each feature. It looks at one vector alone, so it does not care how large the batch or how long the sequence is.
#
# $$y = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} \odot w + b, \qquad \mu = \frac1d\sum_j x_j, \quad \sigma^2 = \frac1d\sum_j (x_j - \mu)^2$$
#
# | | arguments | returns |
# |---|---|---|
# | `sinusoidal_pe` | `T`, `d` (even, else `ValueError`), `base` | `(T, d)` float32, right to 1e-3 even at `T = 5000` |
# | `LayerNorm(d, eps)` | parameters `weight (d,)` of ones, `bias (d,)` of zeros; `x (..., d)` | `(..., d)` |
#
# `nn.LayerNorm`, `F.layer_norm`, and in their place `F.group_norm`, `F.batch_norm` and their modules, are ruled out.
#
# **On paper.** $d = 4$, base 10000: the hands turn by $1$ and $1/100$ a step. Row 0 is $(0, 1, 0, 1)$, row 1 is
# $(\sin 1, \cos 1, \sin 0.01, \cos 0.01) = (0.841471, 0.540302, 0.010000, 0.999950)$. Layer norm of $(1, 2, 3, 4)$: mean
# $2.5$, variance $1.25$ (not $1.667$), so the result is $(-3, -1, 1, 3)/\sqrt5$ for $\varepsilon \to 0$.
#
# **What usually goes wrong**
# - Which exponent belongs to column 3? The pair of columns 2 and 3 shares an angle; what if every column has its own?
# - Sines in the left half and cosines in the right, or side by side?
# - `torch.var` divides by $d - 1$ unless told otherwise. How large is the error for $d = 4$?
# - Is $\varepsilon$ added to the variance or to the standard deviation? When do you notice?
# - A vector around 10 000 with spread 1: what is $\overline{x^2} - \bar x^2$ in float32?
# - Which axes does the mean run over, if x is `(B, T, d)`?
# - The position table is a constant. Should it ask for gradients? Should `x` be changed in place?
#
# *Read:* Prince §12.3.1 and §11.4; Bishop & Bishop (2024) §12.1.9; Goodfellow §8.7.1. Papers: Vaswani et al. 2017, §3.5; Ba, Kiros & Hinton 2016.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q10


def sinusoidal_pe(T: int, d: int, base: float = 10000.0) -> torch.Tensor:
    """Table of positions, (T, d) float32: even column 2i is sin(p / base^(2i/d)), column 2i + 1 its cosine.

    Raises ValueError unless d is even.
    """
    # BEGIN SOLUTION NO PROMPT
    if d % 2:
        raise ValueError(f"d must be even, got {d}")
    p = torch.arange(T, dtype=torch.float64)[:, None]  # (T, 1)
    i = torch.arange(d // 2, dtype=torch.float64)  # (d/2,)
    angle = p / base ** (2 * i / d)  # (T, d/2)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()  # (T, d/2, 2) -> (T, d)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q10: sinusoidal_pe is not implemented yet")
    """  # END PROMPT


class LayerNorm(nn.Module):
    """Normalisation over the last axis, with the parameters weight (d,), ones, and bias (d,), zeros."""

    def __init__(self, d: int, eps: float = 1e-5) -> None:
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d))
        self.bias = nn.Parameter(torch.zeros(d))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q10: LayerNorm is not implemented yet")
        """  # END PROMPT

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (..., d);  returns (..., d)"""
        # BEGIN SOLUTION NO PROMPT
        centred = x - x.mean(dim=-1, keepdim=True)
        variance = (centred**2).mean(dim=-1, keepdim=True)
        return centred / torch.sqrt(variance + self.eps) * self.weight + self.bias
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q10: LayerNorm.forward is not implemented yet")
        """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_first_two_rows(sinusoidal_pe):
    """the first two positions of the example on paper"""
    table = sinusoidal_pe(3, 4)
    assert tuple(table.shape) == (3, 4), f"(T, d) is (3, 4), yours is {tuple(table.shape)}"
    assert near(table[0], [0, 1, 0, 1]), f"sin 0 and cos 0: (0, 1, 0, 1), yours is {table[0]}"
    assert near(table[1], [0.841471, 0.540302, 0.01, 0.99995], 1e-5), f"angles 1 and 0.01, yours is {table[1]}"


# %%
def test_odd_width(sinusoidal_pe):
    """an odd d raises ValueError"""
    try:
        sinusoidal_pe(3, 5)
    except ValueError:
        return
    raise AssertionError("sinusoidal_pe(3, 5) should raise ValueError")


# %%
def test_layer_norm_by_hand(LayerNorm):
    """layer norm of (1, 2, 3, 4), and of the same numbers scaled and shifted"""
    layer = LayerNorm(4, eps=1e-12)
    yours = layer(torch.tensor([[1.0, 2.0, 3.0, 4.0], [30.0, 50.0, 70.0, 90.0]])).detach()
    assert near(yours[0], [-1.341641, -0.447214, 0.447214, 1.341641], 1e-5), (
        f"(-3, -1, 1, 3) / sqrt(5) = (-1.341641, -0.447214, 0.447214, 1.341641), yours is {yours[0]}"
    )
    assert near(yours[1], yours[0].numpy(), 1e-5), f"20 x + 10 normalises to the same, yours is {yours[1]}"


# %%
def test_layer_norm_parameters(LayerNorm):
    """scale and shift are parameters of their own for every feature"""
    shapes = {name: tuple(p.shape) for name, p in LayerNorm(6).named_parameters()}
    assert shapes == {"weight": (6,), "bias": (6,)}, f"weight (6,) and bias (6,), yours: {shapes}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: the clock, and how alike two positions are


@experiment
def clock():
    import matplotlib.pyplot as plt

    table = sinusoidal_pe(96, 64)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8))
    left.imshow(table, aspect="auto", cmap="coolwarm")
    left.set_xlabel("column")
    left.set_ylabel("position")
    right.imshow(table @ table.T, cmap="viridis")
    right.set_title("dot products: only the distance counts")
    right.set_xlabel("position")
    plt.show()


# %%
# experiment: twenty layers with and without normalisation


@experiment
def deep_without_norm():
    import matplotlib.pyplot as plt

    torch.manual_seed(0)
    spread = {}
    for gain in (1.0, 1.414, 2.0):
        for name in ("plain", "layer norm"):
            x, values = torch.randn(64, 128), []
            for _ in range(20):
                x = F.relu(x @ torch.randn(128, 128) * gain / 128**0.5)
                if name == "layer norm":
                    x = LayerNorm(128)(x).detach()
                values.append(float(x.std()))
            spread[gain, name] = values
    for colour, gain in enumerate((1.0, 1.414, 2.0)):
        plt.semilogy(range(1, 21), spread[gain, "plain"], f"C{colour}--", label=f"plain, gain {gain}")
        width = 8 - 3 * colour  # the three lie on one another
        plt.semilogy(range(1, 21), spread[gain, "layer norm"], f"C{colour}", lw=width, label=f"layer norm, gain {gain}")
    plt.xlabel("layer")
    plt.ylabel("standard deviation")
    plt.legend()
    plt.show()
