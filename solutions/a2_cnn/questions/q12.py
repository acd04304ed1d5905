# %% [raw]
# # BEGIN QUESTION
# name: q12
# points: 0

# %% [markdown]
# ## q12. VLAD and NetVLAD (5 points)
#
# An image gives a *set* of local descriptors, one or more and in no order: one for each position of a feature map,
# or for each frame of a video. What vector stands for the whole set? **VLAD** (vector of locally aggregated descriptors)
# compares each descriptor with a few centres and adds up, for each centre, what its descriptors have *beyond* it. **NetVLAD** softens
# the choice of the centre, so that everything can be learned by gradient descent.
#
# $$V_k = \sum_{i} a_k(x_i)\, (x_i - c_k) \qquad
# \text{VLAD: } a_k(x) = 1 \text{ for the nearest centre, else } 0 \qquad
# \text{NetVLAD: } a_k(x) = \frac{e^{w_k \cdot x + b_k}}{\sum_{l} e^{w_l \cdot x + b_l}}$$
#
# Then in both each row $V_k$ is divided by $\max(\lVert V_k \rVert_2, 10^{-12})$ (so that a burst of similar descriptors does not
# drown the rest), the rows are written one behind the other, and the long vector is divided by its norm in the same way.
#
# | | arguments | returns |
# |---|---|---|
# | `vlad` (numpy) | `X (n, d)`, `centers (K, d)` | `(K*d,)` |
# | `NetVLAD(centers, alpha)` (torch) | `centers (K, d)` tensor, a number | a module with parameters `w (K, d)`, `b (K,)`, `centers (K, d)` |
# | its `forward` | `x (B, n, d)` | `(B, K*d)` |
#
# NetVLAD begins as a soft VLAD: $w_k = 2 \alpha c_k$ and $b_k = -\alpha \lVert c_k \rVert^2$; from there on the three parameters
# learn independently of each other. In `vlad` the lower index wins when two centres are equally near, and a centre without
# descriptors has a row of zeros.
#
# **On paper.** Centres $(0, 0)$ and $(4, 0)$; descriptors $(1, 0)$, $(0, 1)$, $(4, 3)$. The rows are $(1, 1)$ and $(0, 3)$, normalised
# $(\frac{1}{\sqrt 2}, \frac{1}{\sqrt 2})$ and $(0, 1)$, and the whole $\frac{1}{\sqrt 2} (\frac{1}{\sqrt 2}, \frac{1}{\sqrt 2}, 0, 1)
# = (0.5, 0.5, 0, 0.7071)$. And expand $-\alpha \lVert x - c_k \rVert^2$: which of its three terms cancels in the softmax?
#
# **What usually goes wrong**
# - Is the centre with the largest $c \cdot x$ the nearest one? When?
# - $\lVert x \rVert^2 - 2\, c \cdot x + \lVert c \rVert^2$ is the same on paper. How many digits are left of it when $x$ and $c$ are near
#   $10^8$?
# - No descriptor is near centre 2: what is its norm, and what does the division give?
# - Softmax over which axis: descriptors, or centres?
# - Two norms, one for each row and one for the whole. What does the second change if K rows have norm 1 each?
# - `nn.Parameter(centers)`: is that a copy? Whose tensor will the optimiser change?
#
# *Read:* Bishop §9.1 (K-means, where the centres come from). Papers: Jégou et al. 2010 (VLAD); Arandjelović and
# Zisserman 2013 (normalising each row); Arandjelović et al. 2016 (NetVLAD).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q12


def vlad(X: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Sums of residuals to the nearest centre; each row L2-normalised, then the whole. numpy only.

    X: (n, d) descriptors;  centers: (K, d);  returns (K*d,), row 0 first
    """
    # BEGIN SOLUTION NO PROMPT
    X = as_float(X)
    centers = as_float(centers).astype(X.dtype)
    squares = ((X[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2)  # (n, K)
    nearest = squares.argmin(axis=1)
    V = np.stack([(X[nearest == k] - c).sum(axis=0) for k, c in enumerate(centers)])  # (K, d)
    V = V / np.maximum(np.linalg.norm(V, axis=1, keepdims=True), 1e-12)
    return (V / max(np.linalg.norm(V), 1e-12)).reshape(-1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q12: vlad is not implemented yet")
    """  # END PROMPT


class NetVLAD(nn.Module):
    """VLAD with a softmax for the choice of the centre.

    parameters w (K, d), b (K,), centers (K, d), which begin as 2 alpha c, -alpha |c|^2 and a copy of the given centres
    descriptors (B, n, d) -> (B, K*d)
    """

    def __init__(self, centers: torch.Tensor, alpha: float):
        super().__init__()
        # BEGIN SOLUTION NO PROMPT
        self.w = nn.Parameter(2 * alpha * centers)
        self.b = nn.Parameter(-alpha * (centers**2).sum(dim=1))
        self.centers = nn.Parameter(centers.clone())
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q12: NetVLAD is not implemented yet")
        """  # END PROMPT

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (B, n, d);  returns (B, K*d)"""
        # BEGIN SOLUTION NO PROMPT
        a = F.softmax(x @ self.w.T + self.b, dim=2)  # (B, n, K)
        V = a.transpose(1, 2) @ x - a.sum(dim=1)[:, :, None] * self.centers  # (B, K, d)
        V = F.normalize(V, dim=2)
        return F.normalize(V.flatten(1), dim=1)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q12: NetVLAD.forward is not implemented yet")
        """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_vlad_by_hand(vlad):
    """vlad: the example on paper, and a third centre that nothing is near to"""
    X = np.array([[1.0, 0], [0, 1], [4, 3]])
    got = vlad(X, np.array([[0.0, 0], [4, 0]]))
    assert np.shape(got) == (4,), f"K*d = 4 numbers, yours has shape {np.shape(got)}"
    assert near(got, [0.5, 0.5, 0, 0.707107]), f"(0.5, 0.5, 0, 0.7071), yours is {got}"
    got = vlad(X, np.array([[0.0, 0], [4, 0], [-9, 9]]))
    assert near(got, [0.5, 0.5, 0, 0.707107, 0, 0]), f"nothing is near the third: its row is 0, 0; yours: {got}"


# %%
def test_netvlad_begins_as_vlad(vlad, NetVLAD):
    """NetVLAD: its parameters at the start; with a large alpha it is vlad"""
    import torch

    centers = torch.tensor([[0.0, 0], [4, 0], [1, 5]])
    layer = NetVLAD(centers, 3.0)
    sizes = {name: tuple(p.shape) for name, p in layer.named_parameters()}
    assert sizes == {"w": (3, 2), "b": (3,), "centers": (3, 2)}, f"parameters w, b and centers; yours: {sizes}"
    b = layer.b.detach().numpy()
    assert near(b, [0, -48, -78]), f"b is -3 * (0, 16, 26), yours is {b}"
    x = torch.tensor([[[1.0, 0], [0, 1], [4, 3]], [[3, 0], [2, 5], [-1, -2]]])
    got = NetVLAD(centers, 100.0)(x).detach().numpy()
    assert got.shape == (2, 6), f"2 images, 3 * 2 numbers each: (2, 6), yours {got.shape}"
    for i in range(2):
        hard = vlad(x[i].numpy(), centers.numpy())
        assert near(got[i], hard, 1e-5), f"image {i}, alpha = 100: vlad gives {hard}, your NetVLAD {got[i]}"


# %%
def test_length(vlad, NetVLAD):
    """the whole vector has norm 1, and copies of the descriptors change nothing"""
    import torch

    dice = np.random.default_rng(0)
    X, centers = dice.normal(size=(20, 3)), dice.normal(size=(4, 3))
    length = np.linalg.norm(vlad(X, centers))
    assert near(length, 1), f"vlad has norm 1, yours has {length}"
    assert near(vlad(np.tile(X, (3, 1)), centers), vlad(X, centers)), "every descriptor three times: the same vlad"
    soft = NetVLAD(torch.tensor(centers), 0.5)(torch.tensor(X)[None]).detach().numpy()
    assert near(np.linalg.norm(soft), 1), f"NetVLAD has norm 1, yours has {np.linalg.norm(soft)}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: residuals in the plane, and how soft the choice is


@experiment
def draw_residuals():
    import matplotlib.pyplot as plt

    dice = np.random.default_rng(2)
    centers = np.array([[0.0, 0], [4, 1], [1, 4]])
    X = centers[dice.integers(3, size=30)] + dice.normal(0.3, 0.8, size=(30, 2))
    layer = NetVLAD(torch.tensor(centers), 0.5)
    hard, soft = (v.reshape(3, 2) for v in (vlad(X, centers), layer(torch.tensor(X)[None]).detach().numpy()[0]))
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    left.plot(*X.T, ".", color="gray")
    for k, colour in enumerate(("tab:blue", "tab:orange", "tab:green")):
        left.plot(*centers[k], "o", color=colour, markersize=10)
        left.arrow(*centers[k], *(2 * hard[k]), color=colour, width=0.06, label=f"row {k} of vlad, doubled")
    left.set_aspect("equal")
    left.legend()
    for alpha in (0.05, 0.2, 1, 5):
        line = torch.linspace(-1, 5, 200).double()
        points = torch.stack([line, line / 4], dim=1)
        both = NetVLAD(torch.tensor(centers), alpha)
        right.plot(line, torch.softmax(points @ both.w.T + both.b, dim=1)[:, 1].detach(), label=f"alpha {alpha}")
    right.set(title="share of centre 1 on the way to it from 0", xlabel="x")
    right.legend()
    plt.show()
    print("vlad", hard.round(2).tolist(), "NetVLAD, alpha 0.5", soft.round(2).tolist())


# %%
# experiment: pictures compared by the vlad of their patches


@experiment
def compare_pictures():
    import datasets
    import matplotlib.pyplot as plt

    dice = np.random.default_rng(0)
    X, y, _ = datasets.shapes(120, dice)
    patches = np.lib.stride_tricks.sliding_window_view(X[:, 0], (5, 5), axis=(1, 2)).reshape(120, -1, 25)
    patches = [p[p.std(axis=1) > 0.15] for p in patches]  # those at an edge
    patches = [(p - p.mean(axis=1, keepdims=True)) / p.std(axis=1, keepdims=True) for p in patches]
    pool = np.concatenate(patches)
    centers = pool[dice.choice(len(pool), 16, replace=False)]
    order = np.argsort(y, kind="stable")
    codes = np.stack([vlad(patches[i], centers) for i in order])
    similar = codes @ codes.T - 2 * np.eye(120)
    hits = np.mean(y[order][similar.argmax(axis=1)] == y[order])
    plt.figure(figsize=(4.5, 4), layout="constrained")
    plt.imshow(codes @ codes.T, cmap="viridis")
    plt.title(f"similarity, sorted by shape;\nthe nearest has the same one: {hits:.0%}")
    plt.colorbar()
    plt.show()
