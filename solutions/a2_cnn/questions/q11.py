# %% [raw]
# # BEGIN QUESTION
# name: q11
# points: 0

# %% [markdown]
# ## q11. Boxes: IoU, NMS, RoI max pooling (6 points)
#
# A detector answers with boxes, many of them, several for each object. Three small functions turn a classifier into
# one. **IoU** (intersection over union) says how well two boxes agree. **NMS** (non-maximum suppression) keeps the
# best box of every heap. **RoI pooling** cuts any box out of a feature map and makes it one fixed size, so that a
# linear layer can look at it: that is the step from R-CNN to Fast R-CNN.
#
# $$\text{IoU}(a, b) = \frac{|a \cap b|}{|a| + |b| - |a \cap b|} \qquad
# \text{bin } i \text{ of } h:\; \text{rows } \Bigl\lfloor \frac{i L}{h} \Bigr\rfloor, \dots,
# \Bigl\lceil \frac{(i + 1) L}{h} \Bigr\rceil - 1 \;\text{ of the } L \text{ rows of the box}$$
#
# | function | arguments | returns |
# |---|---|---|
# | `box_iou` | `a (M, 4)`, `b (N, 4)`: corners x1, y1, x2, y2 with x1 <= x2, y1 <= y2 | `(M, N)` |
# | `nms` | `boxes (N, 4)`, `scores (N,)`, `thr` | the kept indices `(K,)` int64, best score first |
# | `roi_max_pool` | `feat (C, H, W)`, `rois (R, 4)` int64, `out = (h, w)` | `(R, C, h, w)` |
#
# All are torch tensors, boxes and scores of floats. Two kinds of coordinates, as in the papers: the boxes of `box_iou` and `nms` are real intervals, of
# area (x2 - x1)(y2 - y1); the corners of `rois` are indices of pixels, and **both ends are included**. Boxes without area
# have IoU 0 with everything. `nms` goes through the boxes from the best score on (of equal scores the lower index
# comes first) and drops a box if and only if its IoU with a box that was **kept** is greater than `thr`. Columns are
# cut into bins as rows are. Gradients flow through `box_iou` to the boxes and through `roi_max_pool` to `feat`; where maxima are equal, one may get it all or each a share. Coordinates
# are at most about $10^8$ large. There is at least one box in `a`, `b` and `rois`, and `rois` lie inside the map; `nms` may get none.
#
# **On paper.** $a = (0, 0, 4, 2)$ and $b = (1, 1, 5, 3)$ share $3 \times 1$; IoU is $3 / (8 + 8 - 3) = 3/13$. A box
# of 5 rows pooled to 2: bin 0 covers rows 0, 1, 2 ($\lceil 5/2 \rceil = 3$), bin 1 rows 2, 3, 4. They overlap. What are the
# bins of 2 rows pooled to 3?
#
# **What usually goes wrong**
# - Two boxes far apart in x *and* in y: what is the product of two negative widths?
# - IoU of two boxes of area 0 at the same place: what is 0/0?
# - A suppresses B, B overlaps C, A does not. Is C kept?
# - In `feat[:, y, x]`: which of x1 and y1 comes first? And what does a slice do with an end that is included?
# - A box smaller than the grid of bins: is any bin empty?
#
# *Read:* Prince §11.6 (what comes after classification). Papers: Girshick et al. 2014 (R-CNN); Girshick 2015
# (Fast R-CNN, §2.1); Ren et al. 2015 (Faster R-CNN).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q11


def box_iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Intersection over union of every box of a with every box of b.

    a: (M, 4), b: (N, 4), corners x1, y1, x2, y2;  returns (M, N); 0 where a box has no area
    """
    # BEGIN SOLUTION NO PROMPT
    low = torch.maximum(a[:, None, :2], b[None, :, :2])  # (M, N, 2)
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(dim=2)  # (M, N)
    area_a = (a[:, 2:] - a[:, :2]).prod(dim=1)
    area_b = (b[:, 2:] - b[:, :2]).prod(dim=1)
    union = area_a[:, None] + area_b[None, :] - shared
    return shared / torch.where(union > 0, union, torch.ones_like(union))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: box_iou is not implemented yet")
    """  # END PROMPT


def nms(boxes: torch.Tensor, scores: torch.Tensor, thr: float) -> torch.Tensor:
    """Non-maximum suppression: from the best score on, drop what overlaps a kept box by more than thr.

    boxes: (N, 4);  scores: (N,), of equal scores the lower index comes first;  returns kept indices (K,) int64
    """
    # BEGIN SOLUTION NO PROMPT
    overlap = box_iou(boxes, boxes)
    kept = []
    for i in torch.argsort(scores, descending=True, stable=True).tolist():
        if all(overlap[i, j] <= thr for j in kept):
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64, device=boxes.device)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: nms is not implemented yet")
    """  # END PROMPT


def roi_max_pool(feat: torch.Tensor, rois: torch.Tensor, out: tuple[int, int]) -> torch.Tensor:
    """The largest value of each channel in each of h x w bins of each box.

    feat: (C, H, W);  rois: (R, 4) int64, x1, y1, x2, y2 with both ends included;  out: (h, w);  returns (R, C, h, w)
    """

    # BEGIN SOLUTION NO PROMPT
    def bins(first, last, n):
        L = last - first + 1
        return [slice(first + i * L // n, first + -(-(i + 1) * L // n)) for i in range(n)]  # -(-p // q) rounds up

    h, w = out
    pooled = [
        feat[:, rows, columns].amax(dim=(1, 2))
        for x1, y1, x2, y2 in rois.tolist()
        for rows in bins(y1, y2, h)
        for columns in bins(x1, x2, w)
    ]
    return torch.stack(pooled).reshape(len(rois), h, w, len(feat)).permute(0, 3, 1, 2)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: roi_max_pool is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_iou_by_hand(box_iou):
    """box_iou: overlapping, nested, far apart, without area"""
    import torch

    a = torch.tensor([[0.0, 0, 4, 2], [7, 7, 7, 9]])
    b = torch.tensor([[1.0, 1, 5, 3], [1, 0, 2, 2], [8, 8, 9, 9]])
    got = box_iou(a, b)
    assert tuple(got.shape) == (2, 3), f"2 boxes with 3 boxes: shape (2, 3), yours {tuple(got.shape)}"
    assert near(got[0, 0], 3 / 13), f"the example on paper: 3/13 = {3 / 13:.4f}, yours is {got[0, 0]:.4f}"
    assert near(got[0, 1], 1 / 4), f"2 of 8, all of the smaller one inside: 1/4, yours is {got[0, 1]:.4f}"
    assert near(got[0, 2], 0), f"far apart in x and y: 0, yours is {got[0, 2]:.4f}"
    assert near(got[1], [0, 0, 0]), f"a box without area: 0, 0, 0, yours: {got[1].tolist()}"


# %%
def test_nms_on_five_boxes(nms):
    """nms: a heap of three boxes in a chain, a box alone, and a copy of it"""
    import torch

    boxes = torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 30], [4, 0, 14, 10], [8, 0, 18, 10], [20, 20, 30, 30]])
    scores = torch.tensor([0.9, 0.5, 0.8, 0.7, 0.6])
    kept = nms(boxes, scores, 0.4).tolist()
    assert kept == [0, 3, 4], (
        "0 drops 2 (IoU 60/140 > 0.4); 3 overlaps 2, but 2 is gone; of 1 and 4, the same box, 4 is better: "
        f"[0, 3, 4], yours is {kept}"
    )
    kept = nms(boxes, scores, 0.5).tolist()
    assert kept == [0, 2, 3, 4], f"at 0.5 the chain stays, best first: [0, 2, 3, 4], yours is {kept}"


# %%
def test_roi_by_hand(roi_max_pool):
    """roi_max_pool: five rows to two bins, and a box that is one pixel"""
    import torch

    feat = torch.arange(42.0).reshape(1, 6, 7)
    got = roi_max_pool(feat, torch.tensor([[2, 1, 4, 5], [6, 0, 6, 0]]), (2, 1))
    assert tuple(got.shape) == (2, 1, 2, 1), f"2 boxes, 1 channel, (2, 1) bins: (2, 1, 2, 1), yours {tuple(got.shape)}"
    assert near(got[0, 0, :, 0], [25, 39]), (
        f"rows 1-5, columns 2-4: rows 1-3 up to 25, rows 3-5 up to 39; yours: {got[0, 0, :, 0].tolist()}"
    )
    assert near(got[1, 0, :, 0], [6, 6]), f"one pixel fills both bins: 6, 6; yours: {got[1, 0, :, 0].tolist()}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: many boxes, few objects


@experiment
def suppress():
    import matplotlib.pyplot as plt

    dice = np.random.default_rng(4)
    objects = np.array([[4.0, 5, 14, 17], [16, 4, 27, 13], [12, 16, 24, 27]])
    guesses = torch.as_tensor(objects[dice.integers(3, size=40)] + dice.normal(0, 1.2, size=(40, 4)))
    scores = box_iou(guesses, torch.as_tensor(objects)).amax(dim=1) + torch.as_tensor(dice.normal(0, 0.05, size=40))
    thresholds = (0.1, 0.4, 0.8)
    survivors = [nms(guesses, scores, thr) for thr in thresholds]
    fig, axes = plt.subplots(1, 4, figsize=(14, 3.6))
    for ax, chosen, title in zip(
        axes, [range(40), *survivors], ["40 guesses", *(f"nms, thr {thr}" for thr in thresholds)], strict=True
    ):
        for i in chosen:
            x1, y1, x2, y2 = guesses[i].tolist()
            ax.add_patch(
                plt.Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=plt.cm.viridis(float(scores[i])))
            )
        ax.set(xlim=(0, 30), ylim=(30, 0), title=f"{title}: {len(chosen)} boxes", aspect="equal")
    plt.show()


# %%
# experiment: two boxes of a picture, pooled to one size


@experiment
def pool_two_boxes():
    import datasets
    import matplotlib.pyplot as plt

    X, _, M = datasets.shapes(2, np.random.default_rng(5), size=20)
    fig, axes = plt.subplots(2, 3, figsize=(8, 5))
    for (whole, cut, small), picture, mask in zip(axes, X[:, 0], M, strict=True):
        rows, columns = np.nonzero(mask)
        box = torch.tensor([[columns.min(), rows.min(), columns.max(), rows.max()]])
        pooled = roi_max_pool(torch.as_tensor(picture)[None], box, (5, 5))
        x1, y1, x2, y2 = box[0].tolist()
        whole.imshow(picture, cmap="gray")
        whole.add_patch(plt.Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1 + 1, y2 - y1 + 1, fill=False, edgecolor="red"))
        cut.imshow(picture[y1 : y2 + 1, x1 : x2 + 1], cmap="gray")
        small.imshow(pooled[0, 0], cmap="gray")
        cut.set_title(f"{y2 - y1 + 1} x {x2 - x1 + 1}")
        small.set_title("pooled to 5 x 5")
    fig.tight_layout()
    plt.show()
