"""Right solutions of question 11 that look different from the reference."""


# %% ready_made_pooling | why: adaptive_max_pool2d has the same bins; nms works on a shrinking tensor; IoU column by column
def box_iou(a, b):
    ax1, ay1, ax2, ay2 = (t[:, None] for t in a.unbind(1))
    bx1, by1, bx2, by2 = b.unbind(1)
    width = F.relu(torch.min(ax2, bx2) - torch.max(ax1, bx1))
    height = F.relu(torch.min(ay2, by2) - torch.max(ay1, by1))
    shared = width * height
    union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared
    return torch.where(union > 0, shared / union.masked_fill(union <= 0, 1.0), torch.zeros_like(shared))


def nms(boxes, scores, thr):
    left = sorted(range(len(scores)), key=lambda i: -float(scores[i]))
    left, kept = torch.tensor(left, dtype=torch.long, device=boxes.device), []
    while len(left):
        best = left[:1]
        kept.append(best)
        left = left[1:]
        left = left[box_iou(boxes[best], boxes[left])[0] <= thr]
    return torch.cat(kept) if kept else left


def roi_max_pool(feat, rois, out):
    return torch.stack(
        [F.adaptive_max_pool2d(feat[:, y1 : y2 + 1, x1 : x2 + 1], tuple(out)) for x1, y1, x2, y2 in rois.tolist()]
    )


# %% loops | why: Python loops over all entries, a mask of dropped boxes, results filled into tensors
def box_iou(a, b):
    out = torch.zeros(len(a), len(b), dtype=a.dtype, device=a.device)
    for i in range(len(a)):
        for j in range(len(b)):
            p, q = a[i], b[j]
            w = min(p[2], q[2]) - max(p[0], q[0])
            h = min(p[3], q[3]) - max(p[1], q[1])
            if w > 0 and h > 0:
                out[i, j] = w * h / ((p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - w * h)
    return out


def nms(boxes, scores, thr):
    n = len(boxes)
    alive, kept = [True] * n, []
    table = box_iou(boxes, boxes).cpu().numpy() if n else None
    for i in np.argsort(-scores.cpu().numpy(), kind="stable"):
        if alive[i]:
            kept.append(int(i))
            for j in range(n):
                if table[i, j] > thr:
                    alive[j] = False
    return torch.LongTensor(kept)


def roi_max_pool(feat, rois, out):
    h, w = out
    pooled = feat.new_zeros(len(rois), len(feat), h, w)
    for r in range(len(rois)):
        x1, y1, x2, y2 = (int(v) for v in rois[r])
        H, W = y2 - y1 + 1, x2 - x1 + 1
        for i in range(h):
            for j in range(w):
                rows = slice(y1 + math.floor(i * H / h), y1 + math.ceil((i + 1) * H / h))
                columns = slice(x1 + math.floor(j * W / w), x1 + math.ceil((j + 1) * W / w))
                pooled[r, :, i, j] = feat[:, rows, columns].flatten(1).max(dim=1).values
    return pooled


# %% a_table_of_clashes | why: all overlaps at once, boxes struck off a mask; RoIs as one stack of slices, equal maxima share
def box_iou(a, b):
    lo = torch.maximum(a[:, None, :2], b[None, :, :2])
    hi = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = (hi - lo).clamp(min=0).prod(-1)

    def area(c):
        return (c[:, 2:] - c[:, :2]).prod(-1)

    union = area(a)[:, None] + area(b)[None] - inter
    none = union <= 0
    return torch.where(none, torch.zeros_like(inter), inter) / torch.where(none, torch.ones_like(union), union)


def nms(boxes, scores, thr):
    order = torch.sort(scores, descending=True, stable=True).indices
    clash = box_iou(boxes, boxes) > thr
    alive, keep = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device), []
    for i in order.tolist():
        if alive[i]:
            keep.append(i)
            alive = alive & ~clash[i]
    return torch.tensor(keep, dtype=torch.int64, device=boxes.device)


def roi_max_pool(feat, rois, out):
    h, w = out
    answer = feat.new_zeros(len(rois), feat.shape[0], h, w)

    def cut(lo, hi, n):
        return [(lo + i * (hi - lo + 1) // n, lo - (-(i + 1) * (hi - lo + 1) // n)) for i in range(n)]

    pieces = []
    for x1, y1, x2, y2 in rois.tolist():
        pieces += [feat[:, r0:r1, c0:c1].amax((1, 2)) for r0, r1 in cut(y1, y2, h) for c0, c1 in cut(x1, x2, w)]
    if not pieces:
        return answer
    return torch.stack(pieces).reshape(len(rois), h, w, -1).permute(0, 3, 1, 2).contiguous()


# %% adaptive_pooling | why: torch's own adaptive pooling has these bins; NMS on a matrix with Python lists, IoU with clamped ends
def box_iou(a, b):
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    both = (high - low).clamp(min=0).prod(dim=-1)

    def area(box):
        return (box[:, 2:] - box[:, :2]).prod(dim=-1)

    union = area(a)[:, None] + area(b)[None] - both
    empty = (area(a)[:, None] <= 0) | (area(b)[None] <= 0)
    return torch.where(empty, torch.zeros_like(both), both / torch.where(empty, torch.ones_like(union), union))


def nms(boxes, scores, thr):
    left = torch.sort(scores, descending=True, stable=True).indices.tolist()
    table = (box_iou(boxes, boxes) > thr).tolist()
    kept = []
    while left:
        best, *left = left
        kept.append(best)
        left = [other for other in left if not table[best][other]]
    return torch.tensor(kept, dtype=torch.int64, device=boxes.device)


def roi_max_pool(feat, rois, out):
    cut = [F.adaptive_max_pool2d(feat[:, y1 : y2 + 1, x1 : x2 + 1], tuple(out)) for x1, y1, x2, y2 in rois.tolist()]
    return torch.stack(cut) if cut else feat.new_zeros((0, feat.shape[0], *out))
