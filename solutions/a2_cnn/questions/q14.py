# %% [raw]
# # BEGIN QUESTION
# name: q14
# points: 0

# %% [markdown]
# ## q14. U-Net and segmentation (7 points)
#
# Now every pixel gets a class. *What* is there is seen from afar: pool, and the network sees more. *Where* it ends is
# seen in detail: do not pool. The **U-Net** does both. Going down it halves the maps, going up it doubles them, and at each
# size the maps of the way down are laid beside those of the way up.
#
# | level of `UNet(cin, n_classes, widths)` | way down | way up |
# |---|---|---|
# | 0, size $H \times W$ | block: `cin` to `widths[0]` maps | double, `[upsampled \| skip]`, block: to `widths[0]` maps |
# | $i$, size $H/2^i \times W/2^i$ | 2x2 max pooling, block: `widths[i-1]` to `widths[i]` | double, `[upsampled \| skip]`, block: to `widths[i]` |
# | last, the bottom | 2x2 max pooling, block: to `widths[-1]` | |
# | the end | | 1x1 convolution from `widths[0]` maps to logits `(N, n_classes, H, W)` |
#
# A *block* is two 3x3 convolutions with padding 1 (zeros), with or without bias, each followed by a batch norm of its own, with scale and shift, and then
# ReLU; nothing else is in it, no dropout, and nothing stands behind the 1x1 convolution at the end. *Double* is a transposed convolution with kernel
# and stride 2 from `widths[i+1]` to `widths[i]` maps, or `nn.Upsample` (nearest) with a convolution of your choice or none: as you like (but name no layer
# `self.double`: `nn.Module` has a method of that name). `widths` has at least two entries. The
# skip, the output of level $i$'s block on the way down, which is also what is pooled, is **concatenated**, not added; which of the two comes first is up to you. If $H$ or $W$ cannot be halved
# `len(widths) - 1` times, `forward` raises `ValueError`.
#
# $$\text{IoU}_k = \frac{|\{\text{pred} = k\} \cap \{\text{target} = k\}|}{|\{\text{pred} = k\} \cup \{\text{target} = k\}|}
# \qquad \text{mIoU} = \text{mean of IoU}_k \text{ over the classes that occur}$$
#
# | function | arguments | returns |
# |---|---|---|
# | `mean_iou` | `pred`, `target (N, H, W)` int64 tensors, `n_classes` | a float; counted over *all pixels of all images together*; classes in neither are left out |
# | `train_segmenter` | `X (N, 1, 12, 12)` float32, `M (N, 12, 12)` int64, 0 to 4, of `datasets.small_shapes`; `seed` | an `nn.Module` in evaluation mode: images to logits `(n, 5, 12, 12)` |
#
# `train_segmenter` gets 800 images (64 where only repeatability is looked at) and 120 seconds of CPU time; 5 are enough on one slow processor: ours
# takes 6 epochs with `widths` (12, 24, 40), batches of 16 and Adam, whose rate rises to 0.006 and falls to 0. It is graded by the
# mIoU on 300 other images, at 0.85 and 0.95.
#
# **On paper.** Target $(0, 0, 1, 1)$, prediction $(0, 1, 1, 1)$, three classes: IoU is $\frac12$ and $\frac23$; class 2 does not occur;
# the mean is $\frac{7}{12}$. With `widths` (12, 24, 40) and transposed convolutions: how many maps enter the first convolution of level 1 on the way up?
# A shape covers a fifth of its image. What is the accuracy, what the mIoU, of "background everywhere"?
#
# **What usually goes wrong**
# - `nn.MaxPool2d` drops an odd row. What does the concatenation say three layers later? Say it at once: `ValueError`.
# - Away from the border, a picture moved by $2^{L-1}$ pixels ($L$ levels, the bottom is one) gives the same answer, moved. Is this so for a bilinear
#   `align_corners=True`? And a picture moved by half as much?
# - The mean over images of the IoU of each: how much does one picture count in which a class has three pixels?
# - Cross-entropy of logits `(N, 5, H, W)`: which shape and dtype has the target?
#
# *Read:* Prince §10.5.3 and §11.5.3; Goodfellow §9.5. Papers: Long et al. 2014 (fully convolutional networks); Ronneberger et
# al. 2015 (U-Net).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q14


class UNet(nn.Module):
    """Down and up again, with a skip at every level but the bottom.

    images (N, cin, H, W) -> logits (N, n_classes, H, W); ValueError if H or W is no multiple of 2^(len(widths) - 1)
    """

    def __init__(self, cin: int, n_classes: int, widths: tuple):
        super().__init__()
        # BEGIN SOLUTION NO PROMPT

        def block(n, m):
            return nn.Sequential(
                *(nn.Conv2d(n, m, 3, padding=1), nn.BatchNorm2d(m), nn.ReLU()),
                *(nn.Conv2d(m, m, 3, padding=1), nn.BatchNorm2d(m), nn.ReLU()),
            )

        pairs = list(zip(widths[:-1], widths[1:], strict=True))
        self.down = nn.ModuleList([block(cin, widths[0])] + [block(n, m) for n, m in pairs])
        self.doubling = nn.ModuleList([nn.ConvTranspose2d(m, n, 2, stride=2) for n, m in pairs])
        self.merge = nn.ModuleList([block(2 * n, n) for n, _ in pairs])
        self.classify = nn.Conv2d(widths[0], n_classes, 1)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q14: UNet is not implemented yet")
        """  # END PROMPT

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, cin, H, W);  returns logits (N, n_classes, H, W)"""
        # BEGIN SOLUTION NO PROMPT
        levels, (H, W) = len(self.doubling), x.shape[2:]
        if H % 2**levels or W % 2**levels:
            raise ValueError(f"height and width must be multiples of {2**levels}, got {H} and {W}")
        skips = []
        for block in self.down[:-1]:
            skips.append(block(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.down[-1](x)  # the bottom
        for level in reversed(range(levels)):
            upsampled = self.doubling[level](x)
            x = self.merge[level](torch.cat([upsampled, skips[level]], dim=1))
        return self.classify(x)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q14: UNet.forward is not implemented yet")
        """  # END PROMPT


def mean_iou(pred: torch.Tensor, target: torch.Tensor, n_classes: int) -> float:
    """Intersection over union of each class over all pixels, mean over the classes that occur in pred or target.

    pred, target: (N, H, W) int64, 0 to n_classes - 1
    """
    # BEGIN SOLUTION NO PROMPT
    ious = []
    for k in range(n_classes):
        union = ((pred == k) | (target == k)).sum().item()
        if union > 0:
            ious.append(((pred == k) & (target == k)).sum().item() / union)
    return sum(ious) / len(ious)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: mean_iou is not implemented yet")
    """  # END PROMPT


def train_segmenter(X: torch.Tensor, M: torch.Tensor, seed: int) -> nn.Module:
    """A network that gives every pixel a class, trained and in evaluation mode.

    X: (N, 1, 12, 12) float32;  M: (N, 12, 12) int64, 0 to 4;  seed: the same seed gives the same network
    returns a module: (n, 1, 12, 12) -> logits (n, 5, 12, 12)
    """
    # BEGIN SOLUTION NO PROMPT
    torch.manual_seed(seed)
    net = UNet(1, 5, (12, 24, 40)).to(X.device)
    epochs, batch = 6, 16
    optimiser = torch.optim.Adam(net.parameters(), fused=True)
    steps = epochs * math.ceil(len(X) / batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=6e-3, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(batch):
            images, masks = X[rows], M[rows]
            if torch.rand(()) < 0.5:  # the mirror image of a shape is a shape
                images, masks = images.flip(3), masks.flip(2)
            loss = F.cross_entropy(net(images), masks)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: train_segmenter is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_unet(UNet):
    """UNet: logits for every pixel, rectangles too, and a ValueError where a size cannot be halved"""
    import torch

    net = UNet(2, 3, (4, 5, 6))
    shape = tuple(net(torch.randn(2, 2, 8, 12)).shape)
    assert shape == (2, 3, 8, 12), f"2 images 8x12, 3 classes: (2, 3, 8, 12), yours {shape}"
    size = sum(p.numel() for p in net.parameters())
    print(f"UNet(2, 3, (4, 5, 6)) has {size} parameters; 2690 with transposed convolutions as in the table")
    for height, width in ((8, 10), (6, 8)):
        try:
            net(torch.randn(1, 2, height, width))
        except ValueError:
            continue
        raise AssertionError(f"three levels halve twice, and {height}x{width} cannot be: ValueError expected")


# %%
def test_mean_iou(mean_iou):
    """mean_iou: the example on paper, a perfect answer, two images"""
    import torch

    target, pred = torch.tensor([[[0, 0, 1, 1]]]), torch.tensor([[[0, 1, 1, 1]]])
    got = mean_iou(pred, target, 3)
    assert near(got, 7 / 12), f"(1/2 + 2/3) / 2 = 0.5833, class 2 does not occur; yours is {got}"
    assert near(mean_iou(target, target, 3), 1), f"a perfect answer has 1, yours has {mean_iou(target, target, 3)}"
    both = mean_iou(torch.cat([pred, target]), torch.cat([target, target]), 3)
    assert near(both, (3 / 4 + 4 / 5) / 2), (
        f"two images, pixels of both together: (3/4 + 4/5) / 2 = 0.775, yours {both}"
    )


# %%
def test_segments(train_segmenter, mean_iou):
    """mIoU on a public seed, and three of the predicted masks"""
    import time

    import datasets
    import torch

    rng = np.random.default_rng(0)
    X, _, M = (torch.tensor(part) for part in datasets.small_shapes(800, rng))
    new, _, truth = (torch.tensor(part) for part in datasets.small_shapes(200, rng))
    start = time.process_time()
    net = train_segmenter(X, M, 0)
    seconds = time.process_time() - start
    with torch.no_grad():
        logits = net(new)
    assert tuple(logits.shape) == (200, 5, 12, 12), f"200 images: logits (200, 5, 12, 12), yours {tuple(logits.shape)}"
    pred = logits.argmax(dim=1)
    for true, said in zip(truth[:3], pred[:3], strict=True):
        rows = zip(true.tolist(), said.tolist(), strict=True)
        print("\n".join("".join(".CSTX"[k] for k in a) + "   " + "".join(".CSTX"[k] for k in b) for a, b in rows), "\n")
    score = mean_iou(pred, truth, 5)
    print(f"left the truth, right the prediction; mIoU {score:.3f}, trained in {seconds:.1f} s of CPU time")
    assert score >= 0.85, f"mIoU {score:.3f}; the first points are given from 0.85 on (on other images)"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: masks as training goes on


@experiment
def watch_masks():
    import datasets
    import matplotlib.pyplot as plt

    torch.manual_seed(1)
    dice = np.random.default_rng(3)
    X, _, M = (torch.tensor(part) for part in datasets.small_shapes(400, dice))
    new, _, truth = (torch.tensor(part) for part in datasets.small_shapes(6, dice))
    net, snapshots = UNet(1, 5, (8, 16, 32)), []
    adam = torch.optim.Adam(net.parameters(), lr=4e-3)
    for epoch in range(9):
        for batch in torch.randperm(400).split(16):
            adam.zero_grad()
            F.cross_entropy(net(X[batch]), M[batch]).backward()
            adam.step()
        if epoch in (0, 3, 8):
            net.eval()
            with torch.no_grad():
                snapshots.append((f"epoch {epoch + 1}", net(new).argmax(dim=1)))
            net.train()
    rows = [("image", new[:, 0]), *snapshots, ("truth", truth)]
    fig, axes = plt.subplots(len(rows), 6, figsize=(9, 7.5))
    for line, (name, pictures) in zip(axes, rows, strict=True):
        for ax, picture in zip(line, pictures, strict=True):
            ax.imshow(
                picture,
                cmap="gray" if name == "image" else "viridis",
                **({} if name == "image" else {"vmin": 0, "vmax": 4}),
            )
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name)
    plt.show()


# %% [markdown]
# ## Before you hand in
#
# 1. *Restart the kernel and run all cells.* What works only because of a cell that you have deleted since does
#    not work for us.
# 2. Look at every `grader.check(...)`. A check that passes is no proof; one that fails is.
# 3. Hand in this one file, under any name. Its outputs are not read.
