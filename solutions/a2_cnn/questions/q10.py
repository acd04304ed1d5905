# %% [raw]
# # BEGIN QUESTION
# name: q10
# points: 0

# %% [markdown]
# ## q10. Residual block and a small ResNet (7 points)
#
# A plain network of 50 layers is worse than one of 20, on the *training* set: it is not capacity that is missing. The optimiser
# does not find what the shallow network has found, though 30 layers only had to learn to change nothing. A residual block
# learns what to **add** to its input. What should pass unchanged passes unchanged, and with the identity as shortcut so does its
# gradient: $\frac{\partial}{\partial x} (x + f(x)) = 1 + f'(x)$, before the last ReLU.
#
# $$\text{out} = \text{relu}\bigl( f(x) + s(x) \bigr) \qquad
# f = \text{bn} \circ \text{conv}_{3 \times 3} \circ \text{relu} \circ \text{bn} \circ \text{conv}_{3 \times 3}$$
#
# | part of `BasicBlock(cin, cout, stride, zero_init)` | what |
# |---|---|
# | first convolution | 3x3, padding 1, `cin` to `cout`, with the block's `stride`, no bias |
# | second convolution | 3x3, padding 1, `cout` to `cout`, stride 1, no bias |
# | shortcut $s$ | $x$ itself; if `stride != 1` or `cin != cout`: 1x1 convolution with the stride, no bias, then batch norm |
# | batch norm | `nn.BatchNorm2d` with its defaults after every convolution |
# | `zero_init` | the scale of the batch norm after the second convolution starts as 0 (not that of the shortcut) |
#
# `TinyResNet(widths, blocks, num_classes, in_ch)`: a stem (3x3 convolution to `widths[0]` maps, padding 1, no bias; batch
# norm; ReLU), then for each stage `i` `blocks[i]` blocks of width `widths[i]`; the first block of every stage but the first
# has stride 2. At the end the mean over all positions and one linear layer (with bias): logits `(N, num_classes)`.
#
# Create the layers in the order of use: convolution, its batch norm, next convolution, its batch norm, and a block's
# shortcut last. The tests put weights of their own into `module.parameters()` in this order.
#
# **On paper.** `BasicBlock(2, 2)`: $2 \cdot (2 \cdot 2 \cdot 9) = 72$ weights of convolutions and $2 \cdot (2 + 2) = 8$ numbers
# of batch norm. `BasicBlock(2, 3, 2)` has $54 + 6 + 81 + 6$, and its shortcut $6 + 6$ more. And `BasicBlock(2, 2, 2)`?
# With `zero_init` and the identity as shortcut, what is the block at the start, as a function of $x$? And what is $s$ good for
# if the ReLU came before the sum?
#
# **What usually goes wrong**
# - `out += x` is fine; `x += out` is not. Whose array is `x`?
# - Which of the two convolutions has the stride? What do the tests see if it is the other one?
# - Same width, stride 2: is the shortcut still $x$?
# - `zero_init`: a *convolution* of zeros and a batch norm after it: what is the gradient's first step?
# - `model.eval()`: which statistics does a batch norm of one image use now?
#
# *Read:* Prince §11.1-11.5; Goodfellow §8.7.1 (batch normalisation). Papers: He et al. 2015 (deep residual
# learning); Goyal et al. 2017, §5.1 (zero_init).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q10


class BasicBlock(nn.Module):
    """relu(f(x) + s(x)), with two 3x3 convolutions in f and x itself or a projection as shortcut s.

    images (N, cin, H, W) -> (N, cout, ceil(H / stride), ceil(W / stride))
    """

    def __init__(self, cin: int, cout: int, stride: int = 1, zero_init: bool = False):
        super().__init__()
        # BEGIN SOLUTION NO PROMPT
        self.conv1 = nn.Conv2d(cin, cout, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        if zero_init:
            nn.init.zeros_(self.bn2.weight)  # at the start the block is its shortcut
        self.shortcut = nn.Identity()
        if stride != 1 or cin != cout:
            projection = nn.Conv2d(cin, cout, 1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(cout))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q10: BasicBlock is not implemented yet")
        """  # END PROMPT

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, cin, H, W);  returns (N, cout, ceil(H / stride), ceil(W / stride))"""
        # BEGIN SOLUTION NO PROMPT
        f = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(f + self.shortcut(x))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q10: BasicBlock.forward is not implemented yet")
        """  # END PROMPT


class TinyResNet(nn.Module):
    """Stem, stages of basic blocks, mean over all positions, linear layer.

    widths, blocks: maps and number of blocks of each stage
    images (N, in_ch, H, W) -> logits (N, num_classes)
    """

    def __init__(self, widths: list, blocks: list, num_classes: int, in_ch: int = 3):
        super().__init__()
        # BEGIN SOLUTION NO PROMPT
        maps = widths[0]
        layers = [nn.Conv2d(in_ch, maps, 3, padding=1, bias=False), nn.BatchNorm2d(maps), nn.ReLU()]
        for stage, (width, depth) in enumerate(zip(widths, blocks, strict=True)):
            for block in range(depth):
                layers.append(BasicBlock(maps, width, stride=2 if stage > 0 and block == 0 else 1))
                maps = width
        self.layers = nn.Sequential(*layers)
        self.classify = nn.Linear(maps, num_classes)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q10: TinyResNet is not implemented yet")
        """  # END PROMPT

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, in_ch, H, W);  returns logits (N, num_classes)"""
        # BEGIN SOLUTION NO PROMPT
        return self.classify(self.layers(x).mean(dim=(2, 3)))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q10: TinyResNet.forward is not implemented yet")
        """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_block_sizes(BasicBlock):
    """a block's parameters and the shapes for stride 1 and 2"""
    import torch

    for args, expected in (((2, 2), 80), ((2, 3, 2), 159), ((2, 2, 2), 88)):
        total = sum(p.numel() for p in BasicBlock(*args).parameters())
        assert total == expected, f"BasicBlock{args} has {expected} parameters, yours has {total}"
    x = torch.randn(4, 2, 7, 10)
    for args, expected in (((2, 2), (4, 2, 7, 10)), ((2, 3), (4, 3, 7, 10)), ((2, 3, 2), (4, 3, 4, 5))):
        shape = tuple(BasicBlock(*args)(x).shape)
        assert shape == expected, f"BasicBlock{args} makes {expected} of (4, 2, 7, 10), yours makes {shape}"


# %%
def test_zero_init(BasicBlock):
    """with zero_init a block of stride 1 begins as relu(x), and only reads x"""
    import torch

    x = torch.linspace(-1, 1, 48).reshape(1, 3, 4, 4)
    before = x.clone()
    with torch.no_grad():
        y = BasicBlock(3, 3, zero_init=True)(x)
    assert torch.equal(x, before), "the block changed its input"
    assert near(y.numpy(), before.clamp(min=0).numpy()), "zero_init: the block is relu(x) at the start; yours is not"


# %%
def test_resnet_sizes(TinyResNet):
    """a small ResNet: parameters in order, logits for pictures of two sizes"""
    import torch

    net = TinyResNet([2, 3], [1, 2], num_classes=5)
    sizes = [p.numel() for p in net.parameters()]
    stem, first, second, third = [54, 2, 2], [36, 2, 2] * 2, [54, 3, 3, 81, 3, 3, 6, 3, 3], [81, 3, 3] * 2
    expected = [*stem, *first, *second, *third, 15, 5]
    assert sizes == expected, f"the parameters have the sizes {expected}, yours {sizes}"
    for height, width in ((8, 8), (9, 13)):
        shape = tuple(net(torch.randn(2, 3, height, width)).shape)
        assert shape == (2, 5), f"2 images {height}x{width}: logits (2, 5), yours {shape}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: how much of the gradient arrives after 20 blocks


@experiment
def where_the_gradient_goes():
    import matplotlib.pyplot as plt

    torch.manual_seed(0)

    def norms(blocks, plain=False):
        x = torch.rand(4, 8, 12, 12)
        inputs = [x.requires_grad_()]
        for block in blocks:
            h = inputs[-1]
            inputs.append((block(h) - h).relu() if plain else block(h))
            inputs[-1].retain_grad()
        inputs[-1].backward(torch.randn(inputs[-1].shape) * (inputs[-1] > 0))
        last = inputs[-1].grad.norm().item()
        return [h.grad.norm().item() / last for h in inputs]

    chains = {
        "residual": norms([BasicBlock(8, 8) for _ in range(20)]),
        "residual, zero_init": norms([BasicBlock(8, 8, zero_init=True) for _ in range(20)]),
        "without shortcuts (nearly)": norms([BasicBlock(8, 8) for _ in range(20)], plain=True),
    }
    plt.figure(figsize=(6.5, 3.5))
    for name, sizes in chains.items():
        plt.semilogy(sizes, label=name)
    plt.xlabel("block (the gradient comes from the right)")
    plt.ylabel("norm of the gradient / at the end")
    plt.legend()
    plt.show()
    print("The gradient of a network without shortcuts explodes or vanishes; which is it here? What does zero_init do?")


# %%
# experiment: a ResNet learns four shapes


@experiment
def learn_shapes():
    import datasets
    import matplotlib.pyplot as plt

    torch.manual_seed(0)
    X, y, _ = (torch.as_tensor(part) for part in datasets.shapes(1500, np.random.default_rng(0)))
    net, curve = TinyResNet([8, 16], [1, 1], num_classes=4, in_ch=1), []
    adam = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(4):
        for batch in torch.randperm(1200).split(32):
            cost = F.cross_entropy(net(X[batch]), y[batch])
            adam.zero_grad()
            cost.backward()
            adam.step()
            curve.append(cost.item())
    net.eval()
    with torch.no_grad():
        answers = net(X[1200:]).argmax(dim=1)
    fig, axes = plt.subplots(1, 8, figsize=(15, 2.2))
    axes[0].plot(curve)
    axes[0].set_title(f"accuracy {(answers == y[1200:]).float().mean().item():.2f}")
    for ax, picture, answer in zip(axes[1:], X[1200:, 0], answers, strict=False):
        ax.imshow(picture, cmap="gray")
        ax.set_title(datasets.SHAPES[answer])
        ax.axis("off")
    plt.show()
