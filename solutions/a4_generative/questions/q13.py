# %% [raw]
# # BEGIN QUESTION
# name: q13
# points: 0

# %% [markdown]
# ## q13. CLIP: one space for pictures and words (5 points)
#
# A picture and its caption say the same thing, so let two networks, one for each, map them to the same place. How
# they are trained needs no labels but the pairs themselves: in a batch of $B$ pairs, picture $i$ has to pick caption
# $i$ out of all $B$, and caption $i$ has to pick picture $i$. That is a classification with $B$ classes, twice.
#
# Embeddings are compared by the cosine, which does not care for lengths; a learned *log-scale* $s$ says how sharply
# the softmax tells them apart. With $\hat x = x / \lVert x \rVert$ for every row:
#
# $$L_{ij} = \min(e^{s}, 100)\; \hat u_i \cdot \hat t_j \qquad
# \ell = \frac12 \left[ -\frac1B \sum_i \ln \frac{e^{L_{ii}}}{\sum_j e^{L_{ij}}}
# - \frac1B \sum_i \ln \frac{e^{L_{ii}}}{\sum_j e^{L_{ji}}} \right]$$
#
# A trained pair of networks classifies pictures of things nobody gave it labels for (**zero-shot**): describe each
# class in a few sentences ("a photo of a dog", "a drawing of a dog"), embed them, and see which class a picture is
# nearest to. A class's direction is made in three moves: normalise every prompt, average, normalise again.
#
# | function | arguments | returns |
# |---|---|---|
# | `clip_logits` | `img (B, d)`, `txt (M, d)`, `log_scale` a tensor `()` | $L$, `(B, M)` |
# | `clip_loss` | `img (B, d)`, `txt (B, d)`, `log_scale` | $\ell$, a scalar tensor |
# | `zero_shot` | `img (B, d)`, `prompts (C, P, d)`: P prompts for each of C classes | `(B,)` int64, the class with the largest cosine |
#
# `img` and `txt` are embeddings, not yet normalised, with lengths between $10^{-6}$ and $10^6$. A row of zeros has no direction: its cosines count as 0 (those of
# a class whose prompts cancel exactly, as $u$ and $-u$, too), and gradients stay finite. Of classes that are equally near any one may be named. `F.cosine_similarity`, `nn.CosineSimilarity`, `F.cross_entropy` and
# `nn.CrossEntropyLoss` are ruled out; `F.normalize`, `log_softmax` and `F.nll_loss` are welcome.
#
# **On paper.** Three pairs, `img` and `txt` both $\mathrm{diag}(1, 2, 5)$, and $e^s = \ln 4$. After normalisation
# both are the identity, a row of $L$ is $(\ln 4, 0, 0)$, the right caption gets $4 / (4 + 1 + 1)$, and the loss is
# $\ln 1.5 = 0.405465$ in both directions.
#
# **What usually goes wrong**
# - Over which axis does a *row's* length run? What would $L$ be if each feature were normalised over the batch?
# - Two directions: what do you transpose? And is the loss their sum, or their mean?
# - What is stored is $s$, and what is used is $e^s$. Which of the two is at most 100? What does $s$ learn once it is?
# - A logit of 100 in float32: what is $e^{100}$? And if $s$ is 100: which gradient has $\min(e^s, 100)$, and which one do you get?
# - One prompt is ten times as long as the others. How much does it count before normalisation, and after?
# - The average of unit vectors is shorter than 1, the more so the less they agree. What if that is forgotten?
#
# *Read:* Prince §14.4 (contrastive learning); Bishop & Bishop (2024) §6.3.5. Papers: van den Oord et al. 2018
# (InfoNCE); Radford et al. 2021 (CLIP, see its Figure 3).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q13


def clip_logits(img: torch.Tensor, txt: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """Cosines of all pairs times min(exp(log_scale), 100).

    img: (B, d);  txt: (M, d);  log_scale: ();  returns (B, M)
    """
    # BEGIN SOLUTION NO PROMPT
    scale = log_scale.clamp(max=math.log(100)).exp()  # exp first would be inf, and its gradient nan
    return scale * F.normalize(img, dim=-1) @ F.normalize(txt, dim=-1).T
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q13: clip_logits is not implemented yet")
    """  # END PROMPT


def clip_loss(img: torch.Tensor, txt: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """Each picture picks its caption and each caption its picture: the mean of the two cross-entropies.

    img, txt: (B, d), row i of one belongs to row i of the other;  returns a scalar
    """
    # BEGIN SOLUTION NO PROMPT
    logits = clip_logits(img, txt, log_scale)  # (B, B)
    picks_caption = logits.log_softmax(dim=1).diagonal()
    picks_picture = logits.log_softmax(dim=0).diagonal()
    return -(picks_caption + picks_picture).mean() / 2
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q13: clip_loss is not implemented yet")
    """  # END PROMPT


def zero_shot(img: torch.Tensor, prompts: torch.Tensor) -> torch.Tensor:
    """The class whose prompts point most nearly where the picture does.

    img: (B, d);  prompts: (C, P, d);  returns (B,) int64
    """
    # BEGIN SOLUTION NO PROMPT
    classes = F.normalize(prompts, dim=-1).mean(dim=1)  # (C, d)
    return (img @ F.normalize(classes, dim=-1).T).argmax(dim=1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q13: zero_shot is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_identity_by_hand(clip_logits, clip_loss):
    """logits and loss of the three pairs on paper"""
    rows, s = torch.diag(torch.tensor([1.0, 2.0, 5.0])), torch.tensor(math.log(math.log(4)))
    logits = clip_logits(rows, rows, s)
    assert near(logits, math.log(4) * np.eye(3), 1e-5), f"ln 4 = 1.386 on the diagonal, 0 beside it; yours: {logits}"
    loss = clip_loss(rows, rows, s)
    assert near(loss, 0.405465, 1e-5), f"-ln(4 / 6) = 0.405465, yours is {loss}"


# %%
def test_both_directions(clip_loss):
    """a caption that fits two pictures: what the two directions say differs"""
    img, txt = torch.tensor([[3.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [2.0, 0.0]])
    loss = clip_loss(img, txt, torch.tensor(math.log(math.log(3))))
    expected = (math.log(2) + (math.log(4 / 3) + math.log(4)) / 2) / 2
    assert near(loss, expected, 1e-5), (
        f"pictures: (ln 2 + ln 2)/2, captions: (ln 4/3 + ln 4)/2, mean {expected:.6f}; yours is {loss}"
    )


# %%
def test_scale_is_at_most_100(clip_logits):
    """the scale is exp(log_scale), but never more than 100"""
    one = torch.ones(1, 3)
    for s, scale in ((0.0, 1.0), (2.0, math.exp(2)), (50.0, 100.0)):
        yours = clip_logits(one, one, torch.tensor(s))
        assert near(yours, [[scale]], 1e-3), f"log_scale = {s}: a perfect match gets {scale:.4f}, yours is {yours}"


# %%
def test_prompts_are_normalised_first(zero_shot):
    """a long prompt counts no more than a short one"""
    prompts = torch.tensor([[[10.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]])
    img = torch.tensor([[1.0, 0.3], [1.0, 1.0]])
    yours = zero_shot(img, prompts)
    assert near(yours, [1, 0]), f"the classes point along (1, 1) and (1, 0): pictures are 1 and 0, yours are {yours}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: pictures and captions find each other, and then name what they have never seen together


@experiment
def never_seen_together():
    import matplotlib.pyplot as plt

    colours = {"red": (1, 0.1, 0.1), "green": (0.1, 1, 0.1), "blue": (0.1, 0.1, 1), "yellow": (1, 1, 0.1)}
    shapes = ("square", "cross", "ring", "bar")
    r = torch.arange(-2, 3).abs()
    u, v = r[None, :].expand(5, 5), r[:, None].expand(5, 5)
    masks = torch.stack([torch.ones(5, 5), (u * v == 0).float(), (torch.maximum(u, v) == 2).float(), (v == 0).float()])
    pairs = [(i, j) for i in range(4) for j in range(4)]
    unseen = [(0, 1), (1, 2), (2, 3), (3, 0)]  # these combinations never occur in training
    seen = [pair for pair in pairs if pair not in unseen]

    g = torch.Generator().manual_seed(0)

    def pictures(combos, n):
        which = torch.tensor(combos)[torch.randint(len(combos), (n,), generator=g)]
        X = 0.1 * torch.randn(n, 3, 10, 10, generator=g)
        for k, (colour, shape) in enumerate(which.tolist()):
            y, x = torch.randint(0, 6, (2,), generator=g).tolist()
            paint = torch.tensor(list(colours.values())[colour])[:, None, None]
            X[k, :, y : y + 5, x : x + 5] += paint * masks[shape]
        return X, which

    torch.manual_seed(0)
    eye = nn.Sequential(
        *[nn.Conv2d(3, 24, 3), nn.ReLU(), nn.Conv2d(24, 48, 3), nn.ReLU()],
        *[nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(48, 16)],
    )
    words, reader, log_scale = nn.Embedding(8, 16), nn.Linear(16, 16), nn.Parameter(torch.tensor(2.0))

    def read(which):  # the two words of a caption
        return reader(words(which + torch.tensor([0, 4])).sum(dim=1))

    optimiser = torch.optim.Adam([*eye.parameters(), *words.parameters(), *reader.parameters(), log_scale], 3e-3)
    for step in range(600):
        X, which = pictures(seen, 64)
        loss = clip_loss(eye(X), read(which), log_scale)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 0:
            print(f"step {step:3d}: loss {loss.item():.3f}, scale {log_scale.exp().item():.1f}")

    X, which = pictures(unseen, 200)
    with torch.no_grad():
        named = torch.tensor(pairs)[zero_shot(eye(X), read(torch.tensor(pairs))[:, None])]
    right = (named == which).float()
    print(f"combinations never seen: colour right {right[:, 0].mean():.0%}, shape {right[:, 1].mean():.0%}, ", end="")
    print(f"both {right.prod(dim=1).mean():.0%} (by chance {1 / 16:.0%})")
    fig, axes = plt.subplots(1, 8, figsize=(14, 2.2))
    for k, ax in enumerate(axes):
        ax.imshow(X[k].clamp(0, 1).permute(1, 2, 0))
        colour, shape = named[k].tolist()
        name = f"{list(colours)[colour]} {shapes[shape]}"
        ax.set_title(name, fontsize=9, color="black" if right[k].all() else "red")
        ax.axis("off")
    plt.show()
