# A complete solution, written from the released notebook alone: closures and partial functions as caches, dataclasses, divmod.
# ruff: noqa: B023, B905, C408, E501, E701, E702, E731 - cells are written as students write

# %%
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial, reduce, singledispatch
from itertools import chain, product
from math import prod

import numpy as np
import torch
import torch.nn.functional as F
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor, nn


def as_float(x):
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


# %%
# q1
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    room, rest = divmod(n + 2 * pad - dilation * (k - 1) - 1, stride)
    if room < 0:
        raise ValueError("too large")
    if strict and rest:
        raise ValueError("does not fit exactly")
    return room + 1


def same_pad(k, dilation=1):
    half, odd = divmod(dilation * (k - 1), 2)
    if odd:
        raise ValueError("even")
    return half


def _two(v):
    return tuple(v) if isinstance(v, (tuple, list)) else (v, v)


@dataclass
class _State:
    shape: tuple
    rf: tuple = (1, 1)
    jump: tuple = (1, 1)
    pending: tuple = ()

    def slide(self, k, s, p, c):
        self.rf = tuple(r + (kk - 1) * j for r, kk, j in zip(self.rf, k, self.jump))
        self.jump = tuple(j * ss for j, ss in zip(self.jump, s))
        self.shape = (c, *map(conv_out, self.shape[1:], k, s, p))


def trace(layers, in_shape):
    st = _State(tuple(in_shape))

    def conv(cout, k, stride=1, pad=0, bias=True, groups=1):
        cin, k = st.shape[0], _two(k)
        if cin % groups or cout % groups:
            raise ValueError("groups")
        st.slide(k, _two(stride), _two(pad), cout)
        each = cin // groups * prod(k)
        return cout * (each + bool(bias)), prod(st.shape) * each

    def pool(k, stride=None):
        k = _two(k)
        st.slide(k, k if stride is None else _two(stride), (0, 0), st.shape[0])
        return 0, 0

    def flatten():
        if len(st.shape) == 3:
            st.pending = st.shape[1:]
        st.shape = (prod(st.shape),)
        return 0, 0

    def fc(out, bias=True):
        (n,), st.shape = st.shape, (out,)
        if st.pending:
            st.rf = tuple(r + (m - 1) * j for r, m, j in zip(st.rf, st.pending, st.jump))
            st.pending = ()
        return out * (n + bool(bias)), out * n

    kinds = {
        "conv": conv,
        "maxpool": pool,
        "avgpool": pool,
        "flatten": flatten,
        "fc": fc,
        "bn": lambda: (2 * st.shape[0], 0),
    }

    def rows():
        for layer in layers:
            keys = dict(layer)
            name = keys.pop("name")
            if name not in kinds:
                raise ValueError(name)
            params, macs = kinds[name](**keys)
            yield {"name": name, "out_shape": st.shape, "params": params, "macs": macs, "rf": st.rf}

    return list(rows())


# %%
# q2
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    x, w = as_float(x), as_float(w)
    D = x.ndim - 2
    s, p, d = ((v,) * D if np.isscalar(v) else tuple(v) for v in (stride, pad, dilation))
    x = np.pad(x, [(0, 0), (0, 0), *((q, q) for q in p)])
    span = [dd * (k - 1) + 1 for dd, k in zip(d, w.shape[2:])]
    if any(a < c for a, c in zip(x.shape[2:], span)):
        raise ValueError("kernel does not fit")
    axes = tuple(range(2, 2 + D))
    win = sliding_window_view(x, span, axis=axes)
    win = win[(..., *(slice(None, None, t) for t in s), *(slice(None, None, t) for t in d))]
    out = "ijk"[:D]
    ker = "tuv"[:D]
    y = np.einsum(f"nc{out}{ker},fc{ker}->nf{out}", win, w, optimize=True)
    if b is not None:
        y = y + np.reshape(b, (-1,) + (1,) * D)
    return y.astype(x.dtype)


# %%
# q3
def conv2d_backward(dy, x, w, stride, pad):
    dy, x, w = map(as_float, (dy, x, w))
    (sh, sw), (ph, pw) = stride, pad
    (H, W), (Ho, Wo) = x.shape[2:], dy.shape[2:]
    rows = np.arange(Ho)[:, None] * sh + np.arange(w.shape[2])
    cols = np.arange(Wo)[:, None] * sw + np.arange(w.shape[3])
    where = (slice(None), slice(None), rows[:, None, :, None], cols[None, :, None, :])
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dw = np.einsum("nfij,ncijtu->fctu", dy, padded[where], optimize=True)
    dx = np.zeros(padded.shape)
    np.add.at(dx, where, np.einsum("nfij,fctu->ncijtu", dy, w, optimize=True))
    dx = dx[:, :, ph : ph + H, pw : pw + W]
    return tuple(part.astype(dy.dtype) for part in (dx, dw, np.einsum("nfij->f", dy)))


# %%
# q4
def _index(shape, kh, kw, stride, pad):
    "flat index into the padded images, (rows, columns)"
    N, C, H, W = shape
    H, W = H + 2 * pad, W + 2 * pad
    if kh > H or kw > W:
        raise ValueError("does not fit")
    flat = np.arange(N * C * H * W).reshape(N, C, H, W)
    win = sliding_window_view(flat, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijtu->nijctu", win).reshape(-1, C * kh * kw)


def im2col(x, kh, kw, stride, pad):
    x = as_float(x)
    padded = np.pad(x, [(0, 0)] * 2 + [(pad, pad)] * 2)
    return padded.ravel()[_index(x.shape, kh, kw, stride, pad)]


def col2im(cols, x_shape, kh, kw, stride, pad):
    cols = as_float(cols)
    N, C, H, W = x_shape
    big = (N, C, H + 2 * pad, W + 2 * pad)
    total = np.bincount(_index(x_shape, kh, kw, stride, pad).ravel(), weights=cols.ravel(), minlength=prod(big))
    return total.reshape(big)[:, :, pad : pad + H, pad : pad + W].astype(cols.dtype)


def conv2d_fast(x, w, b, stride, pad):
    x = as_float(x)
    F_, C, kh, kw = w.shape
    y = im2col(x, kh, kw, stride, pad) @ w.reshape(F_, -1).T
    if b is not None:
        y = y + b
    Ho = (x.shape[2] + 2 * pad - kh) // stride + 1
    return np.moveaxis(y.reshape(len(x), Ho, -1, F_), 3, 1).astype(x.dtype)


# %%
# q5
def _windows(a, k, stride):
    return sliding_window_view(a, k, axis=(2, 3))[:, :, :: stride[0], :: stride[1]]


def _padded(a, pad, value=0):
    return np.pad(a, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2), constant_values=value)


def maxpool2d_forward(x, k, stride, pad):
    x = as_float(x)
    win = _windows(_padded(x, pad, -np.inf), k, stride)
    flat = win.reshape(*win.shape[:4], -1)
    best = flat.argmax(-1)
    y = np.take_along_axis(flat, best[..., None], -1)[..., 0]
    place = _windows(
        np.arange((x.shape[2] + 2 * pad[0]) * (x.shape[3] + 2 * pad[1])).reshape(1, 1, x.shape[2] + 2 * pad[0], -1),
        k,
        stride,
    )
    place = np.broadcast_to(place.reshape(1, 1, *win.shape[2:4], -1), flat.shape)
    return y, (x.shape, pad, np.take_along_axis(place, best[..., None], -1)[..., 0])


def _crop(a, shape, pad):
    return a[:, :, pad[0] : pad[0] + shape[2], pad[1] : pad[1] + shape[3]]


def maxpool2d_backward(dy, cache):
    dy = as_float(dy)
    shape, pad, place = cache
    big = np.zeros((*shape[:2], (shape[2] + 2 * pad[0]) * (shape[3] + 2 * pad[1])), dy.dtype)
    n, c = np.ogrid[: shape[0], : shape[1]]
    np.add.at(big, (n[..., None, None], c[..., None, None], place), dy)
    return _crop(big.reshape(*shape[:2], shape[2] + 2 * pad[0], -1), shape, pad).copy()


def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    x = as_float(x)
    if count_include_pad:
        share = np.full((1, 1, 1, 1), prod(k), dtype=float)
    else:
        share = _windows(_padded(np.ones((1, 1, *x.shape[2:])), pad), k, stride).sum((4, 5))
    y = _windows(_padded(x, pad), k, stride).sum((4, 5)) / share
    return y.astype(x.dtype), dict(shape=x.shape, k=k, stride=stride, pad=pad, share=share)


def avgpool2d_backward(dy, cache):
    dy = as_float(dy)
    shape, (kh, kw), (sh, sw), pad = cache["shape"], cache["k"], cache["stride"], cache["pad"]
    g = dy / cache["share"]
    big = np.zeros((*shape[:2], shape[2] + 2 * pad[0], shape[3] + 2 * pad[1]))
    for i, j in np.ndindex(*g.shape[2:]):
        big[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw] += g[:, :, i, j, None, None]
    return _crop(big, shape, pad).astype(dy.dtype)


def global_avg_pool(x):
    return np.einsum("nchw->nc", as_float(x)) / prod(np.shape(x)[2:])


def global_avg_pool_backward(dy, x_shape):
    dy = as_float(dy)
    return np.einsum("nc,hw->nchw", dy, np.ones(x_shape[2:], dy.dtype)) / dy.dtype.type(prod(x_shape[2:]))


# %%
# q6
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    x, w = as_float(x), as_float(w)
    N, _, H, W = x.shape
    _, F_, kh, kw = w.shape
    big = np.zeros((N, F_, (H - 1) * stride + kh + output_padding, (W - 1) * stride + kw + output_padding))
    for (i, j), pixel in zip(np.ndindex(H, W), np.moveaxis(x.reshape(N, -1, H * W), 2, 0)):
        big[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += np.tensordot(pixel, w, 1)
    y = big[:, :, pad : big.shape[2] - pad, pad : big.shape[3] - pad]
    return (y if b is None else y + np.expand_dims(b, (1, 2))).astype(x.dtype)


def upsample_nearest(x, s):
    return np.einsum("nchw,ab->nchawb", as_float(x), np.ones((s, s), np.float32)).reshape(
        *x.shape[:2], x.shape[2] * s, -1
    )


def upsample_nearest_backward(dy, s):
    dy = as_float(dy)
    return np.add.reduceat(np.add.reduceat(dy, range(0, dy.shape[2], s), axis=2), range(0, dy.shape[3], s), axis=3)


# %%
# q7
_C = (None, slice(None), None, None)


def _normalise(x, axes, gamma, beta, eps, stats=None):
    mu, var = stats or (x.mean(axes, keepdims=True), x.var(axes, keepdims=True))
    inv = 1 / np.sqrt(var + eps)
    return (x - mu) * inv, inv


def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    x = as_float(x)
    z = x.astype(np.float64)
    if train:
        mu, var = z.mean((0, 2, 3)), z.var((0, 2, 3))
        m = x.size // x.shape[1]
        for key, new in (("mean", mu), ("var", var * m / (m - 1))):
            running[key] = (1 - momentum) * running[key] + momentum * new
    else:
        mu, var = running["mean"], running["var"]
    inv = 1 / np.sqrt(var + eps)
    xhat = (z - mu[_C]) * inv[_C]
    y = gamma[_C] * xhat + beta[_C]
    return y.astype(x.dtype), (xhat, inv[_C], gamma.copy()[_C], bool(train))


def batchnorm2d_backward(dy, cache):
    dy = as_float(dy)
    xhat, inv, gamma, train = cache
    g = gamma * dy
    if train:
        mean = partial(np.mean, axis=(0, 2, 3), keepdims=True)
        g = g - mean(g) - xhat * mean(g * xhat)
    return tuple(a.astype(dy.dtype) for a in (g * inv, np.einsum("nchw,nchw->c", dy, xhat), np.einsum("nchw->c", dy)))


def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    x = as_float(x)
    N, C, H, W = x.shape
    if C % G:
        raise ValueError("groups")
    z = x.reshape(N, G, -1).astype(float)
    z = z - z.mean(-1, keepdims=True)
    inv = 1 / np.sqrt(np.mean(z * z, -1, keepdims=True) + eps)
    xhat = (z * inv).reshape(x.shape)
    return (gamma[_C] * xhat + beta[_C]).astype(x.dtype), lambda dy: _group_back(dy, xhat, inv, np.array(gamma), G)


def _group_back(dy, xhat, inv, gamma, G):
    dy = as_float(dy)
    shape = (len(dy), G, -1)
    g, h = (dy * gamma[_C]).reshape(shape), xhat.reshape(shape)
    m = g.shape[-1]
    dx = (g - g.sum(-1, keepdims=True) / m - h * np.einsum("ngm,ngm->ng", g, h)[..., None] / m) * inv
    return dx.reshape(dy.shape).astype(dy.dtype), (dy * xhat).sum((0, 2, 3)).astype(dy.dtype), dy.sum((0, 2, 3))


def groupnorm_backward(dy, cache):
    return cache(dy)


# %%
# q8
class LeNet5(nn.Module):
    def __init__(self, num_classes: int = 26):
        super().__init__()
        self.body = nn.ModuleList([nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)])
        self.head = nn.ModuleList([nn.Linear(400, 120), nn.Linear(120, 84)])
        self.last = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = reduce(lambda a, conv: F.avg_pool2d(torch.tanh(conv(a)), 2), self.body, x)
        return self.last(reduce(lambda a, fc: fc(a).tanh(), self.head, x.flatten(1)))


class Mean(nn.Module):
    def forward(self, x):
        return torch.einsum("nchw->nc", x) / (x.shape[-1] * x.shape[-2])


def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    def layers(c):
        for entry in cfg:
            if entry == "M":
                yield nn.MaxPool2d(2)
            else:
                yield nn.Conv2d(c, entry, 3, padding="same")
                if batchnorm:
                    yield nn.BatchNorm2d(entry)
                yield nn.ReLU(inplace=True)
                c = entry
        yield Mean()
        yield nn.Linear(c, num_classes)

    return nn.Sequential(*layers(in_ch))


# %%
# q9
class Inception(nn.Module):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__()
        plan = [(c1, cin, 1), (c3r, cin, 1), (c3, c3r, 3), (c5r, cin, 1), (c5, c5r, 5), (cp, cin, 1)]
        self.convs = nn.ParameterList()
        for o, i, k in plan:
            like = nn.Conv2d(i, o, k)
            self.convs += [like.weight, like.bias]

    def _conv(self, i, x):
        w, b = self.convs[2 * i], self.convs[2 * i + 1]
        return F.conv2d(x, w, b, padding=w.shape[-1] // 2).clamp_min(0)

    def forward(self, x):
        c = self._conv
        return torch.cat((c(0, x), c(2, c(1, x)), c(4, c(3, x)), c(5, F.max_pool2d(x, 3, 1, 1))), -3)


# %%
# q10
class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(cin, cout, 3, stride, 1, bias=False),
            nn.BatchNorm2d(cout),
            nn.ReLU(),
            nn.Conv2d(cout, cout, 3, 1, 1, bias=False),
            nn.BatchNorm2d(cout),
        )
        self.s = (
            nn.Identity()
            if (stride, cin) == (1, cout)
            else nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))
        )
        if zero_init:
            nn.init.zeros_(self.f[-1].weight)

    def forward(self, x):
        return torch.relu(torch.add(self.f(x), self.s(x)))


class TinyResNet(nn.Sequential):
    def __init__(self, widths, blocks, num_classes, in_ch=3):
        wide = [widths[0], *chain.from_iterable([w] * b for w, b in zip(widths, blocks))]
        first = {sum(blocks[:i]) for i in range(1, len(blocks)) if blocks[i]}
        super().__init__(
            nn.Conv2d(in_ch, widths[0], 3, padding=1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
            *(BasicBlock(i, o, 2 if n in first else 1) for n, (i, o) in enumerate(zip(wide, wide[1:]))),
            nn.AdaptiveAvgPool2d((1, 1)),
            nn.Flatten(),
            nn.Linear(wide[-1], num_classes),
        )


# %%
# q11
def box_iou(a, b):
    lo = torch.maximum(a[:, None, :2], b[None, :, :2])
    hi = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = (hi - lo).clamp(min=0).prod(-1)
    area = lambda t: (t[:, 2:] - t[:, :2]).prod(-1)
    union = area(a)[:, None] + area(b)[None] - inter
    return torch.where(inter > 0, inter / torch.where(union > 0, union, 1), 0)


def nms(boxes, scores, thr):
    order = sorted(range(len(scores)), key=lambda i: (-float(scores[i]), i))
    iou = box_iou(boxes, boxes)

    def keep(rest):
        kept = []
        for i in rest:
            if not any(iou[i, j] > thr for j in kept):
                kept.append(i)
        return kept

    return torch.tensor(keep(order), dtype=torch.long, device=boxes.device)


def roi_max_pool(feat, rois, out):
    def bins(first, last, n):
        L = last - first + 1
        return [slice(first + i * L // n, first - (-(i + 1) * L // n)) for i in range(n)]

    R = [feat.new_zeros((0, feat.shape[0], *out))]
    for x1, y1, x2, y2 in rois.tolist():
        cells = [feat[:, r, c].amax((1, 2)) for r, c in product(bins(y1, y2, out[0]), bins(x1, x2, out[1]))]
        R.append(torch.stack(cells, -1).unflatten(-1, tuple(out))[None])
    return torch.cat(R)


# %%
# q12
def _unit(v):
    return v / np.maximum(np.sqrt(np.sum(v * v, axis=-1, keepdims=True)), v.dtype.type(1e-12))


def vlad(X, centers):
    X, centers = as_float(X), as_float(centers)
    gap = X[:, None] - centers
    nearest = np.einsum("nkd,nkd->nk", gap, gap).argmin(1)
    V = np.zeros(centers.shape)
    np.add.at(V, nearest, gap[np.arange(len(X)), nearest])
    return _unit(_unit(V).ravel()).astype(X.dtype)


class NetVLAD(nn.Module):
    def __init__(self, centers, alpha):
        super().__init__()
        c = centers.detach()
        for name, value in {
            "w": 2 * alpha * c,
            "b": -alpha * torch.einsum("kd,kd->k", c, c),
            "centers": c.clone(),
        }.items():
            self.register_parameter(name, nn.Parameter(value))

    def forward(self, x):
        a = torch.einsum("bnd,kd->bnk", x, self.w).add(self.b).softmax(-1)
        V = torch.einsum("bnk,bnkd->bkd", a, x[:, :, None] - self.centers)
        return F.normalize(F.normalize(V, dim=2).flatten(1), dim=1)


# %%
# q13
def _train(net, X, y, epochs, size, rate):
    opt = torch.optim.Adam(net.parameters())
    steps = epochs * -(-len(X) // size)
    plan = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=rate, total_steps=steps)
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(size):
            loss = F.cross_entropy(net(X[rows]), y[rows])
            net.zero_grad()
            loss.backward()
            opt.step()
            plan.step()
    return net.eval()


class GlobalMax(nn.Module):
    def forward(self, x):
        return x.flatten(2).max(2).values


def train_wander(X, y, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers, c = [], 1
        for i, m in enumerate((12, 24, 48)):
            layers += [nn.Conv2d(c, m, 3), nn.BatchNorm2d(m), nn.ReLU()] + [nn.MaxPool2d(2)] * (i < 1)
            c = m
        return _train(nn.Sequential(*layers, GlobalMax(), nn.Linear(48, 10)), X, y, 8, 64, 0.01)


# %%
# q14
def _block(i, o):
    return [m for a, b in ((i, o), (o, o)) for m in (nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU())]


class _Level(nn.Module):
    "a level and everything below it, by recursion"

    def __init__(self, cin, widths):
        super().__init__()
        w, *deeper = widths
        self.down = nn.Sequential(*_block(cin, w))
        self.below = None
        if deeper:
            self.below = nn.Sequential(nn.MaxPool2d(2), _Level(w, deeper), nn.ConvTranspose2d(deeper[0], w, 2, 2))
            self.up = nn.Sequential(*_block(2 * w, w))

    def forward(self, x):
        skip = self.down(x)
        if self.below is None:
            return skip
        if skip.shape[2] % 2 or skip.shape[3] % 2:
            raise ValueError("odd")
        return self.up(torch.cat([self.below(skip), skip], 1))


class UNet(nn.Module):
    def __init__(self, cin, n_classes, widths):
        super().__init__()
        self.net = nn.Sequential(_Level(cin, widths), nn.Conv2d(widths[0], n_classes, 1))

    def forward(self, x):
        return self.net(x)


def mean_iou(pred, target, n_classes):
    hit = torch.bincount(target[pred == target], minlength=n_classes).double()
    both = torch.bincount(torch.cat([pred.flatten(), target.flatten()]), minlength=n_classes) - hit
    return (hit / both)[both > 0].mean().item()


def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return _train(UNet(1, 5, (12, 24, 40)), X, M, 10, 16, 0.006)
