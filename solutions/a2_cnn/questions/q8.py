# %% [raw]
# # BEGIN QUESTION
# name: q8
# points: 0

# %% [markdown]
# ## q8. LeNet-5 and a VGG builder (7 points)
#
# From here on torch computes the gradients, and you compose layers. Two classics. **LeNet-5** (1998) reads
# letters: convolution, squashing, averaging, twice, and then a small dense network. **VGG** (2014) is what became
# of it: nothing but 3x3 convolutions that keep the size and 2x2 maxima that halve it, described by a list such as
# `[64, "M", 128, "M", 256, 256, "M"]`.
#
# | LeNet-5 layer | what | output for one image |
# |---|---|---|
# | input | | (1, 32, 32) |
# | C1 | convolution 5x5, tanh | (6, 28, 28) |
# | S2 | average of 2x2 | (6, 14, 14) |
# | C3 | convolution 5x5 over *all* 6 maps, tanh | (16, 10, 10) |
# | S4 | average of 2x2 | (16, 5, 5) |
# | C5 | convolution 5x5, tanh | (120, 1, 1) |
# | F6 | linear, tanh | (84,) |
# | output | linear | (`num_classes`,) |
#
# | `make_vgg` | what it adds |
# |---|---|
# | a number `c` in `cfg` | 3x3 convolution to `c` maps with padding 1 and a bias; with `batchnorm=True` then `nn.BatchNorm2d(c)`; then ReLU |
# | `"M"` in `cfg` | 2x2 max pooling, stride 2 |
# | at the end, always | the mean over all positions of each map, then one linear layer to `num_classes` |
#
# Nothing else stands in `cfg`.
# Both return **logits** `(N, num_classes)`. Create the layers in `__init__` (or in `make_vgg`) *in the order in which
# they are applied*: the tests put weights of their own into `module.parameters()`, one after the other (so C5 may as well be a
# linear layer of 400 inputs).
#
# **On paper.** A convolution from 6 to 16 maps has $16 \cdot (6 \cdot 5 \cdot 5 + 1) = 2416$ parameters. C1 has 156,
# C5 48 120, F6 10 164, and 26 letters make 2 210 more: 63 066. In which layer are most of them, and in which layer is
# most of the work?
#
# **What usually goes wrong**
# - A Python list of layers works in `forward`. Why does the optimiser never move their weights?
# - `softmax` at the end, and then `F.cross_entropy`, which takes a softmax too: what can the loss still reach?
# - Two neighbouring linear layers without a nonlinearity between them are worth how many layers?
# - The last convolution of VGG: does it have a ReLU?
# - What becomes of a `Linear(7 * 7 * 512, ...)` when the picture is 17x23?
# - One layer object used twice: how often are its weights counted, and how often trained?
#
# *Read:* Prince §10.5; Goodfellow §9.1-9.3; Bishop §5.5.6. Papers: LeCun et al. 1998 (LeNet-5, where C3 is sparse
# and the sub-sampling has weights; ours is the plain form); Simonyan and Zisserman 2014 (VGG).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q8


class LeNet5(nn.Module):
    """LeNet-5 with tanh, average pooling and a full C3.

    images (N, 1, 32, 32) -> logits (N, num_classes)
    """

    def __init__(self, num_classes: int = 26):
        super().__init__()
        # BEGIN SOLUTION NO PROMPT
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),  # (N, 6, 14, 14)
            *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),  # (N, 16, 5, 5)
            *(nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten()),  # (N, 120)
            *(nn.Linear(120, 84), nn.Tanh()),
            nn.Linear(84, num_classes),
        )
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q8: LeNet5 is not implemented yet")
        """  # END PROMPT

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, 1, 32, 32);  returns logits (N, num_classes)"""
        # BEGIN SOLUTION NO PROMPT
        return self.layers(x)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q8: LeNet5.forward is not implemented yet")
        """  # END PROMPT


def make_vgg(cfg: list, in_ch: int, num_classes: int, batchnorm: bool = False) -> nn.Module:
    """A network of 3x3 convolutions (numbers of maps) and 2x2 max pooling ("M"), in the order of cfg.

    The module takes images (N, in_ch, H, W) of any size that survives the pooling and returns logits (N, num_classes).
    """
    # BEGIN SOLUTION NO PROMPT
    layers, maps = [], in_ch
    for entry in cfg:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(maps, entry, 3, padding=1))
        if batchnorm:
            layers.append(nn.BatchNorm2d(entry))
        layers.append(nn.ReLU())
        maps = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(maps, num_classes))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q8: make_vgg is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_lenet(LeNet5):
    """LeNet-5: the table of parameters"""
    import torch

    net = LeNet5()
    sizes = [p.numel() for p in net.parameters()]
    wanted = [150, 6, 2400, 16, 48000, 120, 10080, 84, 2184, 26]
    names = [f"{layer} {part}" for layer in ("C1", "C3", "C5", "F6", "output") for part in ("weights", "bias")]
    assert len(sizes) == 10, f"five layers have weights and a bias each, 10 tensors; yours: {len(sizes)}"
    for name, size, expected in zip(names, sizes, wanted, strict=True):
        print(f"{name:14} {size:6}")
        assert size == expected, f"{name}: {expected} parameters, yours has {size}"
    assert sum(sizes) == 63066, f"63 066 parameters in all, yours has {sum(sizes)}"
    logits = net(torch.randn(3, 1, 32, 32))
    assert tuple(logits.shape) == (3, 26), f"3 images, 26 letters: logits (3, 26), yours have {tuple(logits.shape)}"
    rows = logits.exp().sum(dim=1)
    assert not near(rows.detach().numpy(), [1, 1, 1], 1e-3), "these are log-probabilities; logits were asked for"
    assert LeNet5(7)(torch.randn(1, 1, 32, 32)).shape[1] == 7, "LeNet5(7) tells 7 classes apart"


# %%
def test_vgg(make_vgg):
    """VGG: the parameters of [4, "M", 6, 6, "M"], and pictures of two sizes"""
    import torch

    net = make_vgg([4, "M", 6, 6, "M"], in_ch=3, num_classes=5)
    sizes = [p.numel() for p in net.parameters()]
    expected = [108, 4, 216, 6, 324, 6, 30, 5]
    assert sizes == expected, f"weights and biases in order: {expected}, yours: {sizes}"
    for height, width in ((16, 16), (17, 23)):
        shape = tuple(net(torch.randn(2, 3, height, width)).shape)
        assert shape == (2, 5), f"2 images {height}x{width}: logits (2, 5), yours have {shape}"
    more = len(list(make_vgg([4, "M", 6, 6, "M"], 3, 5, batchnorm=True).parameters()))
    assert more == 14, f"batchnorm=True: a scale and a shift more for 3 convolutions, 14 tensors in all; yours: {more}"


# %%
def test_vgg_by_hand(make_vgg):
    """VGG: one map, weights 1: sums, ReLU, the largest, the mean"""
    import torch

    net = make_vgg([1, "M"], in_ch=1, num_classes=1)
    with torch.no_grad():
        for p, value in zip(net.parameters(), (1.0, -3.0, 2.0, 0.5), strict=True):
            p.fill_(value)
        x = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 2]])[None, None]
        got = float(net(x))
    assert abs(got - 0.5) < 1e-6, (
        "the 3x3 sums are (2, 2, 3, 2) in both rows; minus 3, ReLU, 2x2 maxima: (0, 0), "
        f"and 2 times their mean + 0.5 is 0.5; yours is {got:.4f}"
    )
    with torch.no_grad():
        got = float(net(2 * x))
    assert abs(got - 4.5) < 1e-6, f"twice the picture: maxima 4 - 3 and 6 - 3, 2 * mean + 0.5 = 4.5; yours: {got:.4f}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: LeNet-5 learns to read, and what its first two layers see


@experiment
def read_with_lenet():
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    torch.manual_seed(0)
    digits = load_digits()
    small = torch.as_tensor(digits.images, dtype=torch.float32)[:, None] / 16
    X, y = F.interpolate(small, size=(32, 32), mode="bilinear"), torch.as_tensor(digits.target)
    lenet, curve = LeNet5(10), []
    adam = torch.optim.Adam(lenet.parameters(), lr=2e-3)
    for _ in range(4):
        for batch in torch.randperm(1400).split(32):
            cost = F.cross_entropy(lenet(X[batch]), y[batch])
            adam.zero_grad()
            cost.backward()
            adam.step()
            curve.append(cost.item())
    with torch.no_grad():
        accuracy = (lenet(X[1400:]).argmax(dim=1) == y[1400:]).float().mean().item()
    first = next(lenet.parameters()).detach().reshape(6, 5, 5)
    seen = F.conv2d(X[1400:1401], first[:, None]).tanh()[0]

    fig, axes = plt.subplots(2, 7, figsize=(14, 4.4))
    axes[0, 0].plot(curve)
    axes[0, 0].set_title(f"loss; accuracy {accuracy:.3f}")
    axes[1, 0].imshow(X[1400, 0], cmap="gray_r")
    for i in range(6):
        axes[0, i + 1].imshow(first[i], cmap="coolwarm")
        axes[0, i + 1].set_title(f"filter {i} of C1")
        axes[1, i + 1].imshow(seen[i].detach(), cmap="coolwarm")
    for ax in axes.flat[1:]:
        ax.axis("off")
    plt.show()


# %%
# experiment: how much a VGG weighs, and where


@experiment
def weigh_vgg():
    import matplotlib.pyplot as plt

    vgg16 = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
    net = make_vgg(vgg16, in_ch=3, num_classes=1000)
    weights = [p for p in net.parameters() if p.dim() > 1]
    size, areas = 224, []
    for entry in vgg16:
        size = size // 2 if entry == "M" else size
        areas += [] if entry == "M" else [size * size]
    work = [p.numel() * area for p, area in zip(weights, [*areas, 1], strict=True)]
    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 3.5))
    left.bar(range(len(weights)), [p.numel() / 1e6 for p in weights])
    left.set(title=f"{sum(p.numel() for p in net.parameters()):,} parameters", xlabel="layer", ylabel="millions")
    right.bar(range(len(work)), [n / 1e9 for n in work], color="tab:orange")
    right.set(title=f"{sum(work) / 1e9:.1f} billion multiplications for 224x224", xlabel="layer", ylabel="billions")
    plt.show()
    print(
        "The original ends in three dense layers and has 138 357 544 parameters. What did the mean over the maps save?"
    )
