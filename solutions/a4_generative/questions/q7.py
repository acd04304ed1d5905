# %% [raw]
# # BEGIN QUESTION
# name: q7
# points: 0

# %% [markdown]
# ## q7. DCGAN blocks, conditional GAN (6 points)
#
# For pictures, the generator is a decoder made of transposed convolutions: a code becomes a small stack of feature maps,
# and each layer doubles its side and halves its channels. The discriminator is the same road backwards. The recipe that
# made this train at all is known as DCGAN: batch normalisation in between, ReLU in the one and leaky ReLU in the other,
# tanh at the end, and small random weights at the start. A **conditional** generator is told what to make: the class
# becomes a learnt vector (an embedding) that is appended to the noise.
#
# With size 16 there are two doublings from $4 \times 4$, with size 32 three. Let $k = \log_2(\text{size} / 4)$.
#
# | `DCGenerator(z_dim, ch, out_ch=1, size=16)` | from | to |
# |---|---|---|
# | transposed convolution, kernel 4, stride 1, padding 0; BN; ReLU | `(B, z_dim, 1, 1)` | `(B, ch 2^(k-1), 4, 4)` |
# | $k - 1$ times: transposed convolution 4, 2, 1; BN; ReLU | side s | side 2s, half the channels, down to `ch` |
# | transposed convolution 4, 2, 1; tanh | `(B, ch, size/2, size/2)` | `(B, out_ch, size, size)` |
#
# | `DCDiscriminator(ch, in_ch=1, size=16)` | from | to |
# |---|---|---|
# | convolution 4, 2, 1; LeakyReLU 0.2 (no BN) | `(B, in_ch, size, size)` | `(B, ch, size/2, size/2)` |
# | $k - 1$ times: convolution 4, 2, 1; BN; LeakyReLU 0.2 | side s | side s/2, twice the channels |
# | convolution, kernel 4, stride 1, padding 0 | `(B, ch 2^(k-1), 4, 4)` | logits `(B,)` |
#
# "4, 2, 1" is kernel, stride, padding. A convolution that batch normalisation follows needs no bias (with one it is
# right, too); the first layer of D and the last layers of both have one. `z` comes as `(B, z_dim)`.
#
# | function, class | does |
# |---|---|
# | `dcgan_init(module)` | in place: weights of all (transposed) convolutions $\mathcal N(0, 0.02)$, weights of all batch norms $\mathcal N(1, 0.02)$, biases of batch norms 0; everything else stays (`nn.Conv2d`, `nn.ConvTranspose2d`, `nn.BatchNorm2d`; those of other dimensions are not asked about) |
# | `CondGenerator(z_dim, n_classes, out_dim, hidden)` | `forward(z (B, z_dim), y (B,) int64)` to `(B, out_dim)`: embedding of `z_dim` numbers for each class, `[z, embedding] -> hidden -> out_dim`, ReLU between, nothing at the end |
#
# The 0.02 are standard deviations. `dcgan_init` draws from torch's global generator, as layers do when they are made.
#
# **On paper.** `DCGenerator(5, 3)`: $k = 2$. The first layer goes from 5 to 6 channels: $5 \cdot 6 \cdot 16 = 480$ weights
# and 12 in the batch norm; then 6 to 3: $288 + 6$; then 3 to 1: $48 + 1$. Together 835, or 844 with the needless biases.
# Side of a transposed convolution: $(s - 1) \cdot 2 - 2 \cdot 1 + 4 = 2s$.
#
# **What usually goes wrong**
# - Pixels are between $-1$ and 1. Which function has this range, and which has $(0, 1)$?
# - Why is there no batch norm in the last layer of G and the first of D?
# - Which kernel, stride and padding double the side *exactly*? What do 3, 2, 1 give?
# - Logits `(B,)` and targets `(B, 1)`: what is their difference? What becomes of `squeeze()` when B is 1?
# - Batch norm weights with mean 0 instead of 1: what is left of the signal?
# - A class as one float beside the noise: is class 6 between 5 and 7?
#
# *Read:* Prince §15.2, §15.4 and §10.5.2; Goodfellow §9.5 and §20.10.6. Papers: Radford, Metz and Chintala 2016 (DCGAN); Mirza
# and Osindero 2014 (conditional).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q7


class DCGenerator(nn.Module):
    """Noise (B, z_dim) to pictures (B, out_ch, size, size) in [-1, 1]; size 16 or 32."""

    def __init__(self, z_dim: int, ch: int, out_ch: int = 1, size: int = 16) -> None:
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        width = ch * size // 8  # channels at 4 x 4
        layers = [nn.ConvTranspose2d(z_dim, width, 4, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        while width > ch:
            layers += [
                nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False),
                nn.BatchNorm2d(width // 2),
                nn.ReLU(),
            ]
            width //= 2
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(ch, out_ch, 4, 2, 1), nn.Tanh())
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q7: DCGenerator is not implemented yet")
        """  # END PROMPT

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """z: (B, z_dim);  returns (B, out_ch, size, size)"""
        # BEGIN SOLUTION NO PROMPT
        return self.layers(z[:, :, None, None])
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q7: DCGenerator.forward is not implemented yet")
        """  # END PROMPT


class DCDiscriminator(nn.Module):
    """Pictures (B, in_ch, size, size) to logits (B,); size 16 or 32."""

    def __init__(self, ch: int, in_ch: int = 1, size: int = 16) -> None:
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        layers, width = [nn.Conv2d(in_ch, ch, 4, 2, 1), nn.LeakyReLU(0.2)], ch
        while width < ch * size // 8:
            layers += [nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)]
            width *= 2
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 1, 4))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q7: DCDiscriminator is not implemented yet")
        """  # END PROMPT

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (B, in_ch, size, size);  returns (B,)"""
        # BEGIN SOLUTION NO PROMPT
        return self.layers(x).reshape(len(x))  # (B, 1, 1, 1) before
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q7: DCDiscriminator.forward is not implemented yet")
        """  # END PROMPT


def dcgan_init(module: nn.Module) -> None:
    """Draw the weights of (transposed) convolutions and batch norms anew, in place; leave other layers alone."""
    # BEGIN SOLUTION NO PROMPT
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q7: dcgan_init is not implemented yet")
    """  # END PROMPT


class CondGenerator(nn.Module):
    """Noise and a class to a vector: the class's embedding is appended to the noise; one hidden layer."""

    def __init__(self, z_dim: int, n_classes: int, out_dim: int, hidden: int) -> None:
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        self.label = nn.Embedding(n_classes, z_dim)
        self.layers = nn.Sequential(nn.Linear(2 * z_dim, hidden), nn.ReLU(), nn.Linear(hidden, out_dim))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q7: CondGenerator is not implemented yet")
        """  # END PROMPT

    def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """z: (B, z_dim);  y: (B,) int64;  returns (B, out_dim)"""
        # BEGIN SOLUTION NO PROMPT
        return self.layers(torch.cat([z, self.label(y)], dim=1))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q7: CondGenerator.forward is not implemented yet")
        """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_dcgan_pictures(DCGenerator):
    """DCGenerator: shape, range and number of parameters"""
    import torch

    net = DCGenerator(5, 3)
    x = net(torch.zeros(2, 5))
    assert tuple(x.shape) == (2, 1, 16, 16), f"2 pictures of 16 x 16: (2, 1, 16, 16), yours {tuple(x.shape)}"
    assert float(x.detach().min()) >= -1 and float(x.detach().max()) <= 1, "pixels are between -1 and 1"
    count = sum(p.numel() for p in net.parameters())
    assert count in (835, 844), f"DCGenerator(5, 3) has 835 parameters (844 with needless biases), yours has {count}"
    large = tuple(DCGenerator(5, 3, 2, 32)(torch.zeros(2, 5)).shape)
    assert large == (2, 2, 32, 32), f"with out_ch=2 and size=32 the shape is (2, 2, 32, 32), yours {large}"


# %%
def test_dcgan_logits(DCDiscriminator):
    """DCDiscriminator: one logit for each picture"""
    import torch

    for size in (16, 32):
        logits = DCDiscriminator(3, 2, size)(torch.zeros(4, 2, size, size))
        assert tuple(logits.shape) == (4,), f"4 pictures of {size} x {size}: logits (4,), yours {tuple(logits.shape)}"


# %%
def test_dcgan_start(dcgan_init):
    """dcgan_init: which layers are drawn anew"""
    import torch

    net = torch.nn.Sequential(torch.nn.Conv2d(40, 50, 4), torch.nn.BatchNorm2d(50), torch.nn.Linear(3, 4))
    linear = net[2].weight.detach().clone()
    dcgan_init(net)
    spread = float(net[0].weight.detach().std())
    assert abs(spread - 0.02) < 0.002, f"the convolution's weights have standard deviation 0.02, yours {spread:.4f}"
    assert abs(float(net[1].weight.detach().mean()) - 1) < 0.02, "batch norm weights are around 1"
    assert torch.equal(net[2].weight, linear), "a linear layer stays as it is"


# %%
def test_classes_matter(CondGenerator):
    """CondGenerator: shape, and the class matters"""
    import torch

    net = CondGenerator(3, 4, 5, 8)
    out = net(torch.zeros(4, 3), torch.arange(4)).detach()
    assert tuple(out.shape) == (4, 5), f"4 rows of 5 numbers, yours {tuple(out.shape)}"
    assert not near(out[0], out[1]), "the same noise and another class: the output has to differ"
    count = sum(p.numel() for p in net.parameters())
    assert count == 4 * 3 + 6 * 8 + 8 + 8 * 5 + 5, f"embedding 12, then 56 and 45: 113 parameters, yours {count}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: digits from noise, a few seconds of a convolutional GAN


@experiment
def small_dcgan():
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    torch.manual_seed(0)
    pictures = torch.tensor(load_digits().images / 8 - 1, dtype=torch.float32).unsqueeze(
        1
    )  # (1797, 1, 8, 8) in [-1, 1]
    pictures = F.interpolate(pictures, size=16, mode="bilinear")
    maker, judge = DCGenerator(16, 12), DCDiscriminator(12)
    dcgan_init(maker), dcgan_init(judge)
    turns = [torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.99)) for net in (maker, judge)]
    for _ in range(14):
        for rows in torch.randperm(len(pictures)).split(64):
            d_step(maker, judge, turns[1], pictures[rows], torch.randn(len(rows), 16))
            g_step(maker, judge, turns[0], torch.randn(len(rows), 16))
    with torch.no_grad():
        made = maker(torch.randn(60, 16)).reshape(5, 12, 16, 16)
    framed = F.pad(made, (1, 1, 1, 1), value=-1)  # a white frame keeps digits apart
    plt.figure(figsize=(10, 4))
    plt.imshow(framed.permute(0, 2, 1, 3).reshape(90, 216), cmap="gray_r")
    plt.axis("off")
    plt.title("made from noise")
    plt.show()
