# A complete solution, written from the released notebook alone.

# %%
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def as_float(x):
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


def like(result, x):
    return result.astype(as_float(x).dtype)


# %%
# q1
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    room = n + 2 * pad - (dilation * (k - 1) + 1)
    if room < 0:
        raise ValueError("the kernel does not fit")
    if strict and room % stride:
        raise ValueError("pixels are left over")
    return room // stride + 1


def same_pad(k, dilation=1):
    covered = dilation * (k - 1) + 1
    if covered % 2 == 0:
        raise ValueError("an even kernel has no middle")
    return covered // 2


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def trace(layers, in_shape):
    shape = tuple(in_shape)
    rf, jump = [1, 1], [1, 1]
    rows = []

    def window(k, stride, pad):
        size = []
        for axis in (0, 1):
            size.append(conv_out(shape[1 + axis], k[axis], stride[axis], pad[axis]))
            rf[axis] += (k[axis] - 1) * jump[axis]
            jump[axis] *= stride[axis]
        return tuple(size)

    flattened = None
    for layer in layers:
        name, params, macs = layer["name"], 0, 0
        if name == "conv":
            k, groups = pair(layer["k"]), layer.get("groups", 1)
            cin, cout = shape[0], layer["cout"]
            if cin % groups or cout % groups:
                raise ValueError("groups do not divide the channels")
            size = window(k, pair(layer.get("stride", 1)), pair(layer.get("pad", 0)))
            weights = cout * (cin // groups) * k[0] * k[1]
            params = weights + (cout if layer.get("bias", True) else 0)
            macs = weights * size[0] * size[1]
            shape = (cout, *size)
        elif name in ("maxpool", "avgpool"):
            k = pair(layer["k"])
            shape = (shape[0], *window(k, pair(layer.get("stride", k)), pair(layer.get("pad", 0))))
        elif name == "bn":
            params = 2 * shape[0]
        elif name == "flatten":
            if len(shape) == 3:
                flattened = shape[1:]
                shape = (shape[0] * shape[1] * shape[2],)
        elif name == "fc":
            if flattened is not None:
                for axis in (0, 1):
                    rf[axis] += (flattened[axis] - 1) * jump[axis]
                flattened = None
            macs = shape[0] * layer["out"]
            params = macs + (layer["out"] if layer.get("bias", True) else 0)
            shape = (layer["out"],)
        else:
            raise ValueError(f"unknown layer {name}")
        rows.append({"name": name, "out_shape": shape, "params": params, "macs": macs, "rf": (rf[0], rf[1])})
    return rows


# %%
# q2
def each_axis(value, axes):
    return (value,) * axes if np.ndim(value) == 0 else tuple(value)


def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    axes = x.ndim - 2
    stride, pad, dilation = (each_axis(value, axes) for value in (stride, pad, dilation))
    kernel = w.shape[2:]
    out = [conv_out(x.shape[2 + a], kernel[a], stride[a], pad[a], dilation[a]) for a in range(axes)]
    padded = np.pad(np.asarray(x, dtype=np.float64), [(0, 0), (0, 0), *((p, p) for p in pad)])
    y = np.zeros((x.shape[0], w.shape[0], *out))
    weights = np.asarray(w, dtype=np.float64)
    for entry in np.ndindex(*kernel):
        cut = tuple(
            slice(entry[a] * dilation[a], entry[a] * dilation[a] + (out[a] - 1) * stride[a] + 1, stride[a])
            for a in range(axes)
        )
        part = padded[(slice(None), slice(None), *cut)]
        y += np.moveaxis(np.tensordot(weights[(slice(None), slice(None), *entry)], part, axes=(1, 1)), 0, 1)
    if b is not None:
        y += np.asarray(b, dtype=np.float64).reshape(-1, *([1] * axes))
    return like(y, x)


# %%
# q3
def conv2d_backward(dy, x, w, stride, pad):
    (sh, sw), (ph, pw) = stride, pad
    N, C, H, W = x.shape
    Ho, Wo = dy.shape[2:]
    up, weights = np.asarray(dy, dtype=np.float64), np.asarray(w, dtype=np.float64)
    padded = np.pad(np.asarray(x, dtype=np.float64), ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dw = np.zeros_like(padded), np.zeros(w.shape)
    for t in range(w.shape[2]):
        for u in range(w.shape[3]):
            rows, columns = slice(t, t + sh * (Ho - 1) + 1, sh), slice(u, u + sw * (Wo - 1) + 1, sw)
            dw[:, :, t, u] = np.einsum("nfij,ncij->fc", up, padded[:, :, rows, columns])
            dpadded[:, :, rows, columns] += np.einsum("nfij,fc->ncij", up, weights[:, :, t, u])
    dx = dpadded[:, :, ph : ph + H, pw : pw + W]
    return like(dx, dy), like(dw, dy), like(up.sum(axis=(0, 2, 3)), dy)


# %%
# q4
def im2col(x, kh, kw, stride, pad):
    padded = np.pad(as_float(x), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    conv_out(x.shape[2], kh, stride, pad), conv_out(x.shape[3], kw, stride, pad)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    rows = windows.transpose(0, 2, 3, 1, 4, 5)  # N Ho Wo C kh kw
    return rows.reshape(rows.shape[0] * rows.shape[1] * rows.shape[2], -1).copy()


def col2im(cols, x_shape, kh, kw, stride, pad):
    N, C, H, W = x_shape
    Ho, Wo = conv_out(H, kh, stride, pad), conv_out(W, kw, stride, pad)
    patches = as_float(cols).reshape(N, Ho, Wo, C, kh, kw)
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=patches.dtype)
    for t in range(kh):
        for u in range(kw):
            padded[:, :, t : t + stride * Ho : stride, u : u + stride * Wo : stride][:, :, :Ho, :Wo] += patches[
                :, :, :, :, t, u
            ].transpose(0, 3, 1, 2)
    return padded[:, :, pad : pad + H, pad : pad + W].copy()


def conv2d_fast(x, w, b, stride, pad):
    F_, _, kh, kw = w.shape
    cols = im2col(np.asarray(x, dtype=np.float64), kh, kw, stride, pad)
    y = cols @ np.asarray(w, dtype=np.float64).reshape(F_, -1).T
    if b is not None:
        y = y + b
    Ho, Wo = conv_out(x.shape[2], kh, stride, pad), conv_out(x.shape[3], kw, stride, pad)
    return like(np.ascontiguousarray(y.reshape(len(x), Ho, Wo, F_).transpose(0, 3, 1, 2)), x)


# %%
# q5
def windows_of(size, k, stride, pad):
    """For every window along one axis the pixels in it, and how many places of it are padding."""
    count = conv_out(size, k, stride, pad)
    starts = [i * stride - pad for i in range(count)]
    return [(max(start, 0), min(start + k, size)) for start in starts]


def maxpool2d_forward(x, k, stride, pad):
    data = as_float(x)
    N, C, H, W = data.shape
    rows, columns = windows_of(H, k[0], stride[0], pad[0]), windows_of(W, k[1], stride[1], pad[1])
    y = np.empty((N, C, len(rows), len(columns)), dtype=data.dtype)
    winners = np.empty((2, N, C, len(rows), len(columns)), dtype=np.int64)
    for i, (top, bottom) in enumerate(rows):
        for j, (left, right) in enumerate(columns):
            patch = data[:, :, top:bottom, left:right].reshape(N, C, -1)
            best = patch.argmax(axis=2)
            y[:, :, i, j] = np.take_along_axis(patch, best[:, :, None], axis=2)[:, :, 0]
            winners[0, :, :, i, j] = top + best // (right - left)
            winners[1, :, :, i, j] = left + best % (right - left)
    return y, (winners, data.shape)


def maxpool2d_backward(dy, cache):
    (rows, columns), shape = cache
    dx = np.zeros(shape)
    n, c = np.arange(shape[0])[:, None, None, None], np.arange(shape[1])[None, :, None, None]
    np.add.at(dx, (n, c, rows, columns), np.asarray(dy, dtype=np.float64))
    return like(dx, dy)


def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    data = np.asarray(x, dtype=np.float64)
    N, C, H, W = data.shape
    rows, columns = windows_of(H, k[0], stride[0], pad[0]), windows_of(W, k[1], stride[1], pad[1])
    y = np.empty((N, C, len(rows), len(columns)))
    counts = np.empty((len(rows), len(columns)))
    for i, (top, bottom) in enumerate(rows):
        for j, (left, right) in enumerate(columns):
            counts[i, j] = k[0] * k[1] if count_include_pad else (bottom - top) * (right - left)
            y[:, :, i, j] = data[:, :, top:bottom, left:right].sum(axis=(2, 3)) / counts[i, j]
    return like(y, x), (rows, columns, counts, data.shape)


def avgpool2d_backward(dy, cache):
    rows, columns, counts, shape = cache
    dx = np.zeros(shape)
    each = np.asarray(dy, dtype=np.float64) / counts
    for i, (top, bottom) in enumerate(rows):
        for j, (left, right) in enumerate(columns):
            dx[:, :, top:bottom, left:right] += each[:, :, i, j][:, :, None, None]
    return like(dx, dy)


def global_avg_pool(x):
    return like(np.asarray(x, dtype=np.float64).mean(axis=(2, 3)), x)


def global_avg_pool_backward(dy, x_shape):
    up = as_float(dy)
    return np.ones(x_shape, dtype=up.dtype) * up[:, :, None, None] / (x_shape[2] * x_shape[3])


# %%
# q6
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    N, C, H, W = x.shape
    _, F_, kh, kw = w.shape
    data, weights = np.asarray(x, dtype=np.float64), np.asarray(w, dtype=np.float64)
    large = np.zeros((N, F_, (H - 1) * stride + kh + output_padding, (W - 1) * stride + kw + output_padding))
    for i in range(H):
        for j in range(W):
            large[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += np.tensordot(
                data[:, :, i, j], weights, axes=(1, 0)
            )
    y = large[:, :, pad : large.shape[2] - pad, pad : large.shape[3] - pad]
    if b is not None:
        y = y + np.asarray(b, dtype=np.float64)[:, None, None]
    return like(y, x)


def upsample_nearest(x, s):
    return np.kron(as_float(x), np.ones((s, s), dtype=as_float(x).dtype))


def upsample_nearest_backward(dy, s):
    N, C, H, W = dy.shape
    return as_float(dy).reshape(N, C, H // s, s, W // s, s).sum(axis=(3, 5))


# %%
# q7
def per_channel(v):
    return np.asarray(v, dtype=np.float64)[None, :, None, None]


def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    data = np.asarray(x, dtype=np.float64)
    if train:
        mean, var = data.mean(axis=(0, 2, 3)), data.var(axis=(0, 2, 3))
        m = data.size // data.shape[1]
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * var * m / (m - 1)
    else:
        mean, var = np.array(running["mean"], dtype=float), np.array(running["var"], dtype=float)
    scale = 1 / np.sqrt(var + eps)
    hat = (data - per_channel(mean)) * per_channel(scale)
    y = per_channel(gamma) * hat + per_channel(beta)
    return like(y, x), (hat, scale, np.array(gamma, dtype=np.float64), train)


def batchnorm2d_backward(dy, cache):
    hat, scale, gamma, train = cache
    up = np.asarray(dy, dtype=np.float64)
    g = up * per_channel(gamma)
    if train:
        over = dict(axis=(0, 2, 3), keepdims=True)
        g = g - g.mean(**over) - hat * (g * hat).mean(**over)
    dx = g * per_channel(scale)
    return like(dx, dy), like((up * hat).sum(axis=(0, 2, 3)), dy), like(up.sum(axis=(0, 2, 3)), dy)


def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    N, C, H, W = x.shape
    if C % G:
        raise ValueError("G must divide C")
    grouped = np.asarray(x, dtype=np.float64).reshape(N, G, -1)
    scale = 1 / np.sqrt(grouped.var(axis=2, keepdims=True) + eps)
    hat = ((grouped - grouped.mean(axis=2, keepdims=True)) * scale).reshape(x.shape)
    y = per_channel(gamma) * hat + per_channel(beta)
    return like(y, x), (hat, scale, np.array(gamma, dtype=np.float64), G)


def groupnorm_backward(dy, cache):
    hat, scale, gamma, G = cache
    up = np.asarray(dy, dtype=np.float64)
    N = len(up)
    g, h = (up * per_channel(gamma)).reshape(N, G, -1), hat.reshape(N, G, -1)
    dx = (g - g.mean(axis=2, keepdims=True) - h * (g * h).mean(axis=2, keepdims=True)) * scale
    sums = (0, 2, 3)
    return like(dx.reshape(up.shape), dy), like((up * hat).sum(axis=sums), dy), like(up.sum(axis=sums), dy)


# %%
# q8
class LeNet5(nn.Module):
    def __init__(self, num_classes=26):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 6, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(16, 120, 5),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, num_classes),
        )

    def forward(self, x):
        return self.layers(x)


def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    layers, maps = [], in_ch
    for entry in cfg:
        if entry == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers.append(nn.Conv2d(maps, entry, 3, padding=1))
        if batchnorm:
            layers.append(nn.BatchNorm2d(entry))
        layers.append(nn.ReLU())
        maps = entry
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(maps, num_classes))


# %%
# q9
class Inception(nn.Module):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__()
        self.one = nn.Conv2d(cin, c1, 1)
        self.three_reduce, self.three = nn.Conv2d(cin, c3r, 1), nn.Conv2d(c3r, c3, 3, padding=1)
        self.five_reduce, self.five = nn.Conv2d(cin, c5r, 1), nn.Conv2d(c5r, c5, 5, padding=2)
        self.project = nn.Conv2d(cin, cp, 1)

    def forward(self, x):
        branches = [
            self.one(x),
            self.three(F.relu(self.three_reduce(x))),
            self.five(F.relu(self.five_reduce(x))),
            self.project(F.max_pool2d(x, 3, stride=1, padding=1)),
        ]
        return F.relu(torch.cat(branches, dim=1))


# %%
# q10
class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        if zero_init:
            nn.init.zeros_(self.bn2.weight)
        self.shortcut = nn.Identity()
        if stride != 1 or cin != cout:
            self.shortcut = nn.Sequential(nn.Conv2d(cin, cout, 1, stride=stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        f = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(f + self.shortcut(x))


class TinyResNet(nn.Module):
    def __init__(self, widths, blocks, num_classes, in_ch=3):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_ch, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        stages, width = [], widths[0]
        for stage, (next_width, count) in enumerate(zip(widths, blocks)):
            for number in range(count):
                stages.append(BasicBlock(width, next_width, 2 if stage and not number else 1))
                width = next_width
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x):
        return self.head(self.stages(self.stem(x)).mean(dim=(2, 3)))


# %%
# q11
def box_iou(a, b):
    corner = torch.maximum(a[:, None, :2], b[None, :, :2])
    other = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = (other - corner).clamp(min=0)
    inter = sides[..., 0] * sides[..., 1]
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    union = area_a[:, None] + area_b[None, :] - inter
    solid = (area_a[:, None] > 0) & (area_b[None, :] > 0)
    return torch.where(solid, inter / torch.where(solid, union, torch.ones_like(union)), torch.zeros_like(union))


def nms(boxes, scores, thr):
    order = torch.sort(scores, descending=True, stable=True).indices.tolist()
    kept = []
    for index in order:
        if not kept or float(box_iou(boxes[index : index + 1], boxes[kept]).max()) <= thr:
            kept.append(index)
    return torch.tensor(kept, dtype=torch.int64, device=boxes.device)


def roi_max_pool(feat, rois, out):
    h, w = out
    pooled = []
    for x1, y1, x2, y2 in rois.tolist():
        piece = feat[:, y1 : y2 + 1, x1 : x2 + 1]
        high, wide = piece.shape[1:]
        bins = []
        for i in range(h):
            for j in range(w):
                part = piece[:, i * high // h : -(-(i + 1) * high // h), j * wide // w : -(-(j + 1) * wide // w)]
                bins.append(part.amax(dim=(1, 2)))
        pooled.append(torch.stack(bins, dim=1).reshape(-1, h, w))
    return torch.stack(pooled) if pooled else feat.new_zeros((0, feat.shape[0], h, w))


# %%
# q12
def vlad(X, centers):
    data, c = np.asarray(X, dtype=np.float64), np.asarray(centers, dtype=np.float64)
    residuals = data[:, None, :] - c[None, :, :]
    nearest = (residuals**2).sum(axis=2).argmin(axis=1)
    V = np.zeros(c.shape)
    for i, k in enumerate(nearest):
        V[k] += residuals[i, k]
    V = V / np.maximum(np.linalg.norm(V, axis=1, keepdims=True), 1e-12)
    v = V.reshape(-1)
    return like(v / max(np.linalg.norm(v), 1e-12), X)


class NetVLAD(nn.Module):
    def __init__(self, centers, alpha):
        super().__init__()
        c = centers.detach().clone()
        self.w = nn.Parameter(2 * alpha * c)
        self.b = nn.Parameter(-alpha * (c**2).sum(dim=1))
        self.centers = nn.Parameter(c)

    def forward(self, x):
        a = torch.softmax(x @ self.w.T + self.b, dim=2)  # B n K
        residuals = x[:, :, None, :] - self.centers  # B n K d
        V = (a[..., None] * residuals).sum(dim=1)
        V = F.normalize(V, dim=2, eps=1e-12)
        return F.normalize(V.flatten(1), dim=1, eps=1e-12)


# %%
# q13
def fit(net, X, y, epochs, batch, rate):
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    steps = epochs * -(-len(X) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(batch):
            loss = F.cross_entropy(net(X[rows]), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()


class Wanderer(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.body(x).amax(dim=(2, 3)))


def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return fit(Wanderer(), X, y, epochs=12, batch=64, rate=0.01)


# %%
# q14
def double_conv(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1),
        nn.BatchNorm2d(cout),
        nn.ReLU(),
        nn.Conv2d(cout, cout, 3, padding=1),
        nn.BatchNorm2d(cout),
        nn.ReLU(),
    )


class UNet(nn.Module):
    def __init__(self, cin, n_classes, widths):
        super().__init__()
        widths = list(widths)
        self.down = nn.ModuleList(double_conv(a, b) for a, b in zip([cin, *widths], widths))
        self.bigger = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in zip(widths[:-1], widths[1:]))
        self.up = nn.ModuleList(double_conv(2 * a, a) for a in widths[:-1])
        self.end = nn.Conv2d(widths[0], n_classes, 1)

    def forward(self, x):
        factor = 2 ** (len(self.down) - 1)
        if x.shape[-2] % factor or x.shape[-1] % factor:
            raise ValueError(f"height and width must be multiples of {factor}")
        skips = []
        for level, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for level in reversed(range(len(self.up))):
            x = self.up[level](torch.cat([self.bigger[level](x), skips[level]], dim=1))
        return self.end(x)


def mean_iou(pred, target, n_classes):
    ious = []
    for k in range(n_classes):
        p, t = pred == k, target == k
        union = int((p | t).sum())
        if union:
            ious.append(int((p & t).sum()) / union)
    return sum(ious) / len(ious)


def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return fit(UNet(1, 5, (12, 24, 40)), X, M, epochs=20, batch=32, rate=0.01)
