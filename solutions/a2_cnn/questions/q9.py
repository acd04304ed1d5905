# %% [raw]
# # BEGIN QUESTION
# name: q9
# points: 0

# %% [markdown]
# ## q9. The Inception module (5 points)
#
# Should the next layer look at 1x1, 3x3 or 5x5 pixels? GoogLeNet's answer is: all of them, side by side, and the
# next layer may choose. Four branches see the same input; their maps are stacked along the channel axis. What makes
# this affordable are the 1x1 convolutions: they **reduce** the number of maps before the expensive kernels see them.
#
# $$y = \bigl[\, b_1(x) \;\big|\; b_3(x) \;\big|\; b_5(x) \;\big|\; b_p(x) \,\bigr] \quad\text{along the channels}$$
#
# | branch | layers | maps |
# |---|---|---|
# | $b_1$ | 1x1 convolution | `c1` |
# | $b_3$ | 1x1 convolution to `c3r` maps, then 3x3 convolution | `c3` |
# | $b_5$ | 1x1 convolution to `c5r` maps, then 5x5 convolution | `c5` |
# | $b_p$ | 3x3 max pooling with stride 1, then 1x1 convolution | `cp` |
#
# **Every** convolution, also a reducing one, has a bias and is followed by a ReLU. Padding is such that height and
# width stay: `(N, cin, H, W)` becomes `(N, c1 + c3 + c5 + cp, H, W)`. Create the six convolutions in the order of
# the table (in a branch: reduce first); the tests put weights into `module.parameters()` in this order.
#
# **On paper.** Module "3a" of GoogLeNet is `Inception(192, 64, 96, 128, 16, 32, 32)`. Its 5x5 branch costs
# $16 \cdot (192 + 1) + 32 \cdot (16 \cdot 25 + 1) = 3088 + 12\,832 = 15\,920$ parameters. Without the reduction it
# would be $32 \cdot (192 \cdot 25 + 1) = 153\,632$. All four branches have 163 696 together. Which is the largest?
#
# **What usually goes wrong**
# - Which axis is the channel axis of `(N, C, H, W)`, and what does `torch.cat` do without being told?
# - How much padding does a 5x5 convolution need to keep the size? And a pooling window of 3x3?
# - An in-place ReLU saves memory. What if the array it writes to is the input that three other branches still read?
# - Is a reduction and its 3x3 convolution, without a ReLU between them, more than a 3x3 convolution of low rank?
#
# *Read:* Prince §10.4.3 (1x1 convolutions); Goodfellow §9.4-9.5 (what a layer shares). Papers: Lin et al. 2013 (1x1 convolutions,
# "Network in Network"); Szegedy et al. 2014 (GoogLeNet).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q9


class Inception(nn.Module):
    """Four branches side by side: 1x1; 1x1 and 3x3; 1x1 and 5x5; 3x3 max pooling and 1x1.

    images (N, cin, H, W) -> (N, c1 + c3 + c5 + cp, H, W), in this order
    c3r, c5r: maps after the reducing 1x1 convolutions
    """

    def __init__(self, cin: int, c1: int, c3r: int, c3: int, c5r: int, c5: int, cp: int):
        super().__init__()
        # BEGIN SOLUTION NO PROMPT
        self.one = nn.Sequential(nn.Conv2d(cin, c1, 1), nn.ReLU())
        self.three = nn.Sequential(
            *(nn.Conv2d(cin, c3r, 1), nn.ReLU()),
            *(nn.Conv2d(c3r, c3, 3, padding=1), nn.ReLU()),
        )
        self.five = nn.Sequential(
            *(nn.Conv2d(cin, c5r, 1), nn.ReLU()),
            *(nn.Conv2d(c5r, c5, 5, padding=2), nn.ReLU()),
        )
        self.pooled = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), nn.Conv2d(cin, cp, 1), nn.ReLU())
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Inception is not implemented yet")
        """  # END PROMPT

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, cin, H, W);  returns (N, c1 + c3 + c5 + cp, H, W)"""
        # BEGIN SOLUTION NO PROMPT
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pooled(x)], dim=1)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q9: Inception.forward is not implemented yet")
        """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_sizes(Inception):
    """the 163 696 parameters of module 3a, and the shape of its output"""
    import torch

    module = Inception(192, 64, 96, 128, 16, 32, 32)
    total = sum(p.numel() for p in module.parameters())
    assert total == 163696, f"module 3a of GoogLeNet has 163 696 parameters, yours has {total}"
    shape = tuple(Inception(3, 2, 4, 5, 1, 3, 6)(torch.randn(2, 3, 7, 9)).shape)
    assert shape == (2, 16, 7, 9), f"2 + 5 + 3 + 6 maps, size unchanged: (2, 16, 7, 9), yours: {shape}"


# %%
def test_order_by_hand(Inception):
    """one bright pixel, all weights 1: each branch spreads it over its own window"""
    import torch

    module = Inception(1, 1, 1, 1, 1, 1, 1)
    with torch.no_grad():
        for p in module.parameters():
            p.fill_(1.0 if p.dim() == 4 else 0.0)
        x = torch.zeros(1, 1, 7, 7)
        x[0, 0, 3, 3] = 1
        y = module(x)[0]
    lit = [int((channel > 0).sum()) for channel in y]
    for channel in y:
        print("\n".join("".join(".#"[int(value > 0)] for value in row) for row in channel), end="\n\n")
    assert lit == [1, 9, 25, 9], f"1x1, 3x3, 5x5 and pooling 3x3 light 1, 9, 25, 9 pixels; yours light {lit}"


# %%
def test_nonlinearities(Inception):
    """a ReLU after every convolution, and the input stays as it was"""
    import torch

    module = Inception(2, 3, 2, 3, 2, 3, 3)
    x = torch.randn(2, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    before = x.clone()
    with torch.no_grad():
        y = module(x)
        assert float(y.min()) >= 0, (
            f"a ReLU comes last in each branch; the smallest of your outputs is {float(y.min()):.3f}"
        )
        for p in module.parameters():
            p.fill_(-1.0 if p.dim() == 4 else 0.0)
        twice = module(x.abs())
    assert torch.equal(x, before), "x was changed by the forward pass"
    inner = float(twice[:, 3:9].max())
    assert inner == 0, (
        f"x > 0 and weights -1: the reductions give 0, so the next convolution gives 0; yours gives {inner:.3f}"
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: a photograph's worth of four branches


@experiment
def look_through_four_branches():
    import datasets
    import matplotlib.pyplot as plt

    torch.manual_seed(138)  # random weights of which every map lets something through
    X, _, _ = datasets.shapes(1, np.random.default_rng(1), size=32)
    module = Inception(1, 2, 3, 2, 3, 2, 2)
    with torch.no_grad():
        maps = module(torch.as_tensor(X))[0]
    fig, axes = plt.subplots(1, 9, figsize=(15, 2))
    titles = ["input"] + [f"{branch}, map {i}" for branch in ("1x1", "3x3", "5x5", "pooled") for i in range(2)]
    for ax, picture, title in zip(axes, [X[0, 0], *maps.numpy()], titles, strict=True):
        ax.imshow(picture, cmap="viridis")
        ax.set_title(title, fontsize=9)
        ax.axis("off")
    plt.show()


# %%
# experiment: what the reductions save


@experiment
def price_of_a_module():
    import matplotlib.pyplot as plt

    def size(*widths):
        return sum(p.numel() for p in Inception(*widths).parameters())

    reductions = [8, 16, 32, 64, 96, 128, 192]
    sizes = [size(192, 64, r, 128, max(1, r // 6), 32, 32) / 1e3 for r in reductions]
    direct = (64 * 193 + 128 * (192 * 9 + 1) + 32 * (192 * 25 + 1) + 32 * 193) / 1e3
    plt.figure(figsize=(6, 3.5))
    plt.plot(reductions, sizes, "o-", label="with reductions to c3r and c3r / 6 maps")
    plt.axhline(direct, color="gray", linestyle=":", label="without")
    plt.xlabel("c3r")
    plt.ylabel("thousand parameters")
    plt.title("a module with 192 maps in, 256 maps out")
    plt.legend()
    plt.show()
