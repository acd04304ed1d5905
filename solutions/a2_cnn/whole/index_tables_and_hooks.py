# A complete solution, written from the released notebook alone: callable objects over index tables, hooks, recursion.


# %%
# given: numpy, torch, the rule about float types, and a way to run experiments
import math
import sys
import traceback

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def as_float(x: np.ndarray) -> np.ndarray:
    """x as an array of floats: float32 stays float32, everything else becomes float64."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


def experiment(run):
    """Run an experiment at once; what is not implemented yet, or wrong, ends it with a remark instead of an error."""
    try:
        run()
        return
    except NotImplementedError as gap:
        print(f"Nothing to see yet. {gap}")
    except Exception:
        print("This experiment ended early: one of your functions, perhaps of a question above, is not right yet.")
        traceback.print_exc()
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")  # axes that were begun would be shown with nothing in them


# %%
# q1


def _pair(value) -> list[int]:
    """One int or (height, width), as a list of two ints."""
    return np.broadcast_to(value, 2).tolist()


def _covered(k: int, dilation: int) -> int:
    return dilation * (k - 1) + 1


def conv_out(n: int, k: int, stride: int = 1, pad: int = 0, dilation: int = 1, strict: bool = False) -> int:
    """Positions of a kernel of k weights along an axis of n pixels that is padded by `pad` on both sides.

    Raises ValueError when the kernel does not fit; with strict also when the last position leaves pixels over.
    """
    if (room := n + 2 * pad - _covered(k, dilation)) < 0:
        raise ValueError(f"{k} weights with dilation {dilation} do not fit into {n} pixels with padding {pad}")
    steps, left_over = divmod(room, stride)
    if strict and left_over:
        raise ValueError(f"stride {stride} leaves {left_over} pixels over")
    return int(steps) + 1


def same_pad(k: int, dilation: int = 1) -> int:
    """Padding that keeps the size at stride 1. Raises ValueError when the kernel covers an even number of pixels."""
    half, odd = divmod(_covered(k, dilation), 2)
    if not odd:
        raise ValueError(f"a kernel that covers {2 * half} pixels cannot keep the size")
    return int(half)


class _Tracer:
    """An image on its way: called with one layer after the other, it remembers shape, field and step."""

    def __init__(self, in_shape: tuple[int, int, int]):
        self.shape = tuple(int(n) for n in in_shape)
        self.field, self.step = [1, 1], [1, 1]
        self.flattened = None  # height and width of the map that the next fc looks at

    def _look(self, k, s=(1, 1)) -> None:
        self.field = [r + (a - 1) * j for r, a, j in zip(self.field, k, self.step, strict=True)]
        self.step = [j * b for j, b in zip(self.step, s, strict=True)]

    def _slide(self, maps: int, k, stride, pad) -> None:
        k, stride, pad = _pair(k), _pair(stride), _pair(pad)
        self.shape = (maps, *map(conv_out, self.shape[1:], k, stride, pad))
        self._look(k, stride)

    def __call__(self, layer: dict) -> dict:
        params = macs = 0
        match layer:
            case {"name": "conv", "cout": maps, "k": k, **rest}:
                groups, maps, channels = rest.get("groups", 1), int(maps), self.shape[0]
                if groups < 1 or channels % groups or maps % groups:
                    raise ValueError(f"{groups} groups do not divide {channels} channels and {maps} maps")
                self._slide(maps, k, rest.get("stride", 1), rest.get("pad", 0))
                weights = channels // groups * math.prod(_pair(k))
                params, macs = maps * (weights + bool(rest.get("bias", True))), math.prod(self.shape) * weights
            case {"name": "maxpool" | "avgpool", "k": k, **rest}:
                self._slide(self.shape[0], k, rest.get("stride", k), rest.get("pad", 0))
            case {"name": "bn"}:
                params = 2 * self.shape[0]
            case {"name": "flatten"}:
                if len(self.shape) == 3:
                    self.flattened = self.shape[1:]
                self.shape = (math.prod(self.shape),)
            case {"name": "fc", "out": m, **rest}:
                (n,), m = self.shape, int(m)
                params, macs = m * (n + bool(rest.get("bias", True))), m * n
                self.shape = (m,)
                if self.flattened:
                    self._look(self.flattened)
                    self.flattened = None
            case _:
                raise ValueError(f"no such layer: {layer}")
        return {
            "name": layer["name"],
            "out_shape": self.shape,
            "params": int(params),
            "macs": int(macs),
            "rf": tuple(self.field),
        }


def trace(layers: list[dict], in_shape: tuple[int, int, int]) -> list[dict]:
    """Follow one image of shape in_shape = (C, H, W) through the layers (dicts as in the text).

    returns for each layer a dict of name, out_shape (tuple), params, macs (int) and rf, the pair (rows, columns)
    Raises ValueError for an unknown name, for groups that do not divide the channels, for a kernel that does not fit.
    """
    return list(map(_Tracer(in_shape), layers))


# %%
# q2


class _Lattice:
    """Which place of the padded axes does entry t of the kernel meet at position i?  One table (S', K) for each axis.

    Calling a lattice gathers: (N, C, *S) -> all windows (N, C, *S', *K), a copy. `spill` is its adjoint.
    """

    def __init__(self, sizes, kernel, stride=1, pad=0, dilation=1):
        axes = len(sizes)
        stride, self.pad, dilation = (np.broadcast_to(v, axes).tolist() for v in (stride, pad, dilation))
        self.sizes, self.kernel = tuple(sizes), tuple(kernel)
        self.padded = tuple(n + 2 * p for n, p in zip(self.sizes, self.pad, strict=True))
        self.out = tuple(map(conv_out, self.sizes, self.kernel, stride, self.pad, dilation))
        self.tables = [
            np.add.outer(s * np.arange(n), d * np.arange(k))
            for n, k, s, d in zip(self.out, self.kernel, stride, dilation, strict=True)
        ]

    def _spread(self):
        """The tables, broadcast against each other to (*S', *K)."""
        axes = len(self.tables)
        for axis, table in enumerate(self.tables):
            shape = [1] * (2 * axes)
            shape[axis], shape[axes + axis] = table.shape
            yield table.reshape(shape)

    def flat(self) -> np.ndarray:
        """(*S', *K): the same places, counted through the padded map."""
        return np.ravel_multi_index(np.broadcast_arrays(*self._spread()), self.padded)

    def __call__(self, x: np.ndarray, fill: float = 0.0) -> np.ndarray:
        around = [(0, 0), (0, 0), *((p, p) for p in self.pad)]
        return np.pad(x, around, constant_values=fill)[(..., *self._spread())]

    def spill(self, values: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Add values (N, C, ...) to the places (flat, broadcast to the values), then cut the padding off."""
        N, C = values.shape[:2]
        room = math.prod(self.padded)
        start = room * np.arange(N * C).reshape(N, C, *[1] * (values.ndim - 2))
        where = np.broadcast_to(start + places, values.shape)
        total = np.bincount(where.ravel(), values.ravel(), minlength=N * C * room).reshape(N, C, *self.padded)
        inner = (slice(p, p + n) for p, n in zip(self.pad, self.sizes, strict=True))
        return total[(..., *inner)].astype(values.dtype)


def _add_bias(y: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    """y (N, F, *S) plus one number for each of the F maps, in the dtype of y."""
    return y if b is None else y + np.asarray(b, dtype=y.dtype).reshape(-1, *[1] * (y.ndim - 2))


def conv_nd_forward(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    stride: int | tuple[int, ...] = 1,
    pad: int | tuple[int, ...] = 0,
    dilation: int | tuple[int, ...] = 1,
) -> np.ndarray:
    """Convolution (the kernel is not flipped) over the last 1, 2 or 3 axes.

    x: (N, C, *S);  w: (F, C, *K);  b: (F,) or None;  stride, pad, dilation: an int, or one int an axis
    returns (N, F, *S')
    """
    x = as_float(x)
    w = np.asarray(w, dtype=x.dtype)
    axes = x.ndim - 2
    windows = _Lattice(x.shape[2:], w.shape[2:], stride, pad, dilation)(x)
    entries = range(-axes, 0)
    y = np.tensordot(windows, w, axes=([1, *entries], [1, *entries]))  # (N, *S', F)
    return _add_bias(np.ascontiguousarray(np.moveaxis(y, -1, 1)), b)


# %%
# q3


def conv2d_backward(
    dy: np.ndarray, x: np.ndarray, w: np.ndarray, stride: tuple[int, int], pad: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of a loss through y = conv_nd_forward(x, w, b, stride, pad), given dy = d loss / d y.

    dy: (N, F, Ho, Wo);  x: (N, C, H, W);  w: (F, C, kh, kw);  stride, pad: (rows, columns)
    returns (dx, dw, db) with the shapes of x, w and (F,)
    """
    dy, x, w = map(as_float, (dy, x, w))
    lattice = _Lattice(x.shape[2:], w.shape[2:], stride, pad)
    dw = np.tensordot(dy, lattice(x), axes=([0, 2, 3], [0, 2, 3]))  # (F, C, kh, kw)
    messages = np.tensordot(dy, w, axes=([1], [0]))  # (N, Ho, Wo, C, kh, kw)
    dx = lattice.spill(np.moveaxis(messages, 3, 1), lattice.flat())
    return dx.astype(dy.dtype), dw.astype(dy.dtype), dy.sum(axis=(0, 2, 3))


# %%
# q4


def im2col(x: np.ndarray, kh: int, kw: int, stride: int, pad: int) -> np.ndarray:
    """All patches of the padded images as rows of one matrix, which is a copy.

    x: (N, C, H, W);  returns (N*Ho*Wo, C*kh*kw)
    rows: image, then output row, then output column;  columns: channel, then kernel row, then kernel column
    """
    x = as_float(x)
    N, C, *sizes = x.shape
    lattice = _Lattice(sizes, (kh, kw), stride, pad)
    return np.moveaxis(lattice(x), 1, 3).reshape(N * math.prod(lattice.out), C * kh * kw)


def col2im(cols: np.ndarray, x_shape: tuple[int, int, int, int], kh: int, kw: int, stride: int, pad: int) -> np.ndarray:
    """Add every entry of cols to the pixel that im2col copies it from: the adjoint of im2col.

    cols: (N*Ho*Wo, C*kh*kw);  returns an array of shape x_shape = (N, C, H, W)
    """
    N, C, *sizes = x_shape
    lattice = _Lattice(sizes, (kh, kw), stride, pad)
    windows = as_float(cols).reshape(N, *lattice.out, C, kh, kw)
    return lattice.spill(np.moveaxis(windows, 3, 1), lattice.flat())


def conv2d_fast(x: np.ndarray, w: np.ndarray, b: np.ndarray | None, stride: int, pad: int) -> np.ndarray:
    """Convolution by one matrix product; the same numbers as conv_nd_forward(x, w, b, stride, pad).

    x: (N, C, H, W);  w: (F, C, kh, kw);  b: (F,) or None;  returns (N, F, Ho, Wo)
    """
    x = as_float(x)
    w = np.asarray(w, dtype=x.dtype)
    F_, C, kh, kw = w.shape
    Ho, Wo = (conv_out(n, k, stride, pad) for n, k in zip(x.shape[2:], (kh, kw), strict=True))
    product = im2col(x, kh, kw, stride, pad) @ w.reshape(F_, C * kh * kw).T
    return _add_bias(np.ascontiguousarray(product.reshape(len(x), Ho, Wo, F_).transpose(0, 3, 1, 2)), b)


# %%
# q5


class _WinnerTakesAll:
    """Cache of max pooling: the lattice, and for every window the place of its winner."""

    def __init__(self, lattice: _Lattice, winners: np.ndarray):
        self.lattice, self.winners = lattice, winners

    def __call__(self, dy: np.ndarray) -> np.ndarray:
        return self.lattice.spill(dy, self.winners)


class _FairShare:
    """Cache of average pooling: the lattice, and by what every window is divided."""

    def __init__(self, lattice: _Lattice, counts: np.ndarray):
        self.lattice, self.counts = lattice, counts

    def __call__(self, dy: np.ndarray) -> np.ndarray:
        share = (dy / self.counts).astype(dy.dtype)[..., None, None]
        flat = self.lattice.flat()
        return self.lattice.spill(np.broadcast_to(share, (*dy.shape[:2], *flat.shape)), flat)


def maxpool2d_forward(
    x: np.ndarray, k: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int]
) -> tuple[np.ndarray, object]:
    """The maximum of every window; padded places never win.

    x: (N, C, H, W);  k, stride, pad: (rows, columns), pad < k;  returns (y (N, C, Ho, Wo), cache)
    """
    x = as_float(x)
    lattice = _Lattice(x.shape[2:], k, stride, pad)
    windows = lattice(x, fill=-np.inf)
    windows = windows.reshape(*windows.shape[:4], -1)
    first = windows.argmax(axis=-1)[..., None]  # argmax takes the first of equal ones
    places = np.broadcast_to(lattice.flat().reshape(*lattice.out, -1), windows.shape)
    y, winners = (np.take_along_axis(of, first, axis=-1)[..., 0] for of in (windows, places))
    return y, _WinnerTakesAll(lattice, winners)


def maxpool2d_backward(dy: np.ndarray, cache: object) -> np.ndarray:
    """dy: (N, C, Ho, Wo);  cache: from the forward pass;  returns dx with the shape of x."""
    return cache(as_float(dy))


def avgpool2d_forward(
    x: np.ndarray,
    k: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    count_include_pad: bool = False,
) -> tuple[np.ndarray, object]:
    """The mean of the pixels of every window; with count_include_pad the padding counts as pixels with a 0.

    x: (N, C, H, W);  k, stride, pad: (rows, columns), pad < k;  returns (y (N, C, Ho, Wo), cache)
    """
    x = as_float(x)
    lattice = _Lattice(x.shape[2:], k, stride, pad)
    if count_include_pad:
        counts = np.full(lattice.out, math.prod(lattice.kernel))
    else:
        counts = lattice(np.ones((1, 1, *lattice.sizes)))[0, 0].sum(axis=(-2, -1))
    y = lattice(x).sum(axis=(-2, -1), dtype=np.float64) / counts
    return y.astype(x.dtype), _FairShare(lattice, counts)


def avgpool2d_backward(dy: np.ndarray, cache: object) -> np.ndarray:
    """dy: (N, C, Ho, Wo);  cache: from the forward pass;  returns dx with the shape of x."""
    return cache(as_float(dy))


def global_avg_pool(x: np.ndarray) -> np.ndarray:
    """The mean of every map.  x: (N, C, H, W);  returns (N, C)"""
    x = as_float(x)
    return x.mean(axis=(2, 3), dtype=np.float64).astype(x.dtype)


def global_avg_pool_backward(dy: np.ndarray, x_shape: tuple[int, int, int, int]) -> np.ndarray:
    """dy: (N, C);  returns dx of shape x_shape = (N, C, H, W)."""
    dy = as_float(dy)
    dx = np.empty(x_shape, dtype=dy.dtype)
    dx[...] = (dy / math.prod(x_shape[2:]))[..., None, None]
    return dx


# %%
# q6


def conv_transpose2d(
    x: np.ndarray, w: np.ndarray, b: np.ndarray | None, stride: int, pad: int, output_padding: int = 0
) -> np.ndarray:
    """Every pixel of x lays a kernel onto a map `stride` times as large; `pad` is cut off on each side.

    x: (N, C, H, W);  w: (C, F, kh, kw);  b: (F,) or None;  returns (N, F, Ho, Wo)
    """
    # Seen from the large map: zeros between the pixels, k - 1 zeros around, and the flipped kernel slides over it.
    x, w = as_float(x), np.asarray(w)
    stretched = [(n - 1) * stride + 1 for n in x.shape[2:]]
    rim = [k - 1 for k in w.shape[2:]]
    sparse = np.zeros(
        (*x.shape[:2], *(n + 2 * r + output_padding for n, r in zip(stretched, rim, strict=True))), dtype=x.dtype
    )
    sparse[(..., *(slice(r, r + n, stride) for n, r in zip(stretched, rim, strict=True)))] = x
    whole = conv_nd_forward(sparse, np.flip(w, axis=(2, 3)).swapaxes(0, 1), b)
    kept = (slice(pad, n - pad) for n in whole.shape[2:])
    return whole[(..., *kept)].copy()


def upsample_nearest(x: np.ndarray, s: int) -> np.ndarray:
    """Every pixel becomes a block of s x s.  x: (N, C, H, W);  returns (N, C, s*H, s*W)"""
    x = as_float(x)
    row, column = (np.arange(s * n) // s for n in x.shape[2:])
    return x[:, :, row[:, None], column]


def upsample_nearest_backward(dy: np.ndarray, s: int) -> np.ndarray:
    """dy: (N, C, s*H, s*W);  returns dx (N, C, H, W)."""
    dy = as_float(dy)
    N, C, H, W = dy.shape
    return dy.reshape(N, C, H // s, s, W // s, s).sum(axis=(3, 5))


# %%
# q7


class _Normalised:
    """x in G groups of consecutive channels, (N, G, C/G, H, W), brought to mean 0 and variance 1 over `axes`.

    Everything inside is float64 and a copy. Called with dy it returns the three gradients: it is its own cache.
    `known`: pair of mean and variance, (C,) each, that are constants and are taken instead (then G is C).
    """

    def __init__(self, x: np.ndarray, G: int, axes: tuple[int, ...], gamma, eps: float, known=None):
        N, C, H, W = x.shape
        grouped = x.astype(np.float64).reshape(N, G, C // G, H, W)
        self.axes, self.frozen = axes, known is not None
        self.gamma = np.array(gamma, dtype=np.float64).reshape(C, 1, 1)
        if self.frozen:
            mean, var = (np.array(v, dtype=np.float64).reshape(1, G, 1, 1, 1) for v in known)
            away, deviation = grouped - mean, np.sqrt(var)
        else:
            mean = grouped.mean(axis=axes, keepdims=True)
            away = grouped - mean
            far = np.abs(away).max(axis=axes, keepdims=True)
            far[far == 0] = 1
            deviation = far * np.sqrt(((away / far) ** 2).mean(axis=axes, keepdims=True))  # squares cannot overflow
        self.mean, self.deviation = mean.ravel(), deviation.ravel()
        root = np.hypot(deviation, math.sqrt(eps))
        self.slope = np.divide(1, root, out=np.zeros_like(root), where=root > 0)
        self.x_hat = away * self.slope

    def output(self, beta, dtype) -> np.ndarray:
        N, G, part, H, W = self.x_hat.shape
        flat = self.x_hat.reshape(N, G * part, H, W)
        return (self.gamma * flat + np.asarray(beta, dtype=np.float64).reshape(-1, 1, 1)).astype(dtype)

    def __call__(self, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        dy = as_float(dy)
        wide = dy.astype(np.float64)
        x_hat = self.x_hat
        g = (self.gamma * wide).reshape(x_hat.shape)
        dgamma = (wide * x_hat.reshape(dy.shape)).sum(axis=(0, 2, 3))
        if not self.frozen:
            both = (v.mean(axis=self.axes, keepdims=True) for v in (g, g * x_hat))
            g = g - next(both) - x_hat * next(both)
        dx = (g * self.slope).reshape(dy.shape)
        return dx.astype(dy.dtype), dgamma.astype(dy.dtype), wide.sum(axis=(0, 2, 3)).astype(dy.dtype)


def batchnorm2d_forward(
    x: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    running: dict[str, np.ndarray],
    train: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[np.ndarray, object]:
    """Normalise every channel: with the statistics of this batch (train) or with the running ones.

    x: (N, C, H, W);  gamma, beta: (C,);  returns (y, cache)
    running: dict of "mean" and "var", (C,) each, updated in place if train is True
    """
    x = as_float(x)
    known = None if train else (running["mean"], running["var"])
    cache = _Normalised(x, x.shape[1], (0, 2, 3, 4), gamma, eps, known)
    if train:
        m = x.size // x.shape[1]
        seen = {"mean": cache.mean, "var": cache.deviation**2 * (m / (m - 1))}
        for key, news in seen.items():
            running[key] = (1 - momentum) * np.asarray(running[key], dtype=np.float64) + momentum * news
    return cache.output(beta, x.dtype), cache


def batchnorm2d_backward(dy: np.ndarray, cache: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (N, C, H, W);  returns (dx (N, C, H, W), dgamma (C,), dbeta (C,))."""
    return cache(dy)


def groupnorm_forward(
    x: np.ndarray, G: int, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, object]:
    """Normalise G groups of C/G consecutive channels, every image for itself.

    x: (N, C, H, W);  gamma, beta: (C,);  returns (y, cache);  raises ValueError if G does not divide C
    """
    x = as_float(x)
    if G < 1 or x.shape[1] % G:
        raise ValueError(f"{x.shape[1]} channels cannot be cut into {G} groups")
    cache = _Normalised(x, G, (2, 3, 4), gamma, eps)
    return cache.output(beta, x.dtype), cache


def groupnorm_backward(dy: np.ndarray, cache: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (N, C, H, W);  returns (dx (N, C, H, W), dgamma (C,), dbeta (C,))."""
    return cache(dy)


# %%
# q8


def _squash(module: nn.Module, args: tuple, out: torch.Tensor) -> torch.Tensor:
    """A forward hook: what the layer answers goes through tanh."""
    return out.tanh()


class LeNet5(nn.Module):
    """LeNet-5 with tanh, average pooling and a full C3.

    images (N, 1, 32, 32) -> logits (N, num_classes)
    """

    def __init__(self, num_classes: int = 26):
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c5 = nn.Linear(16 * 5 * 5, 120)  # 5x5 on 5x5: one position
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, num_classes)
        for layer in (self.c1, self.c3, self.c5, self.f6):
            layer.register_forward_hook(_squash)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, 1, 32, 32);  returns logits (N, num_classes)"""
        for layer in (self.c1, self.c3):
            x = F.avg_pool2d(layer(x), 2)
        x = x.flatten(1)
        for layer in (self.c5, self.f6, self.output):
            x = layer(x)
        return x


def _vgg_layers(cfg: list, maps: int, num_classes: int, batchnorm: bool):
    """One layer after the other, with the head at the end."""
    for entry in cfg:
        match entry:
            case "M":
                yield nn.MaxPool2d(2)
            case wider:
                yield nn.Conv2d(maps, wider, 3, padding=1)
                if batchnorm:
                    yield nn.BatchNorm2d(wider)
                yield nn.ReLU()
                maps = wider
    yield nn.AdaptiveAvgPool2d(1)
    yield nn.Flatten()
    yield nn.Linear(maps, num_classes)


def make_vgg(cfg: list, in_ch: int, num_classes: int, batchnorm: bool = False) -> nn.Module:
    """A network of 3x3 convolutions (numbers of maps) and 2x2 max pooling ("M"), in the order of cfg.

    The module takes images (N, in_ch, H, W) of any size that survives the pooling and returns logits (N, num_classes).
    """
    return nn.Sequential(*_vgg_layers(cfg, in_ch, num_classes, batchnorm))


# %%
# q9


class _ConvReLU(nn.Conv2d):
    """A convolution that keeps the size, and a ReLU."""

    def __init__(self, cin: int, cout: int, k: int):
        super().__init__(cin, cout, k, padding=k // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x).relu()


class Inception(nn.Module):
    """Four branches side by side: 1x1; 1x1 and 3x3; 1x1 and 5x5; 3x3 max pooling and 1x1.

    images (N, cin, H, W) -> (N, c1 + c3 + c5 + cp, H, W), in this order
    c3r, c5r: maps after the reducing 1x1 convolutions
    """

    def __init__(self, cin: int, c1: int, c3r: int, c3: int, c5r: int, c5: int, cp: int):
        super().__init__()
        self.branches = nn.ModuleList(
            [
                _ConvReLU(cin, c1, 1),
                nn.Sequential(_ConvReLU(cin, c3r, 1), _ConvReLU(c3r, c3, 3)),
                nn.Sequential(_ConvReLU(cin, c5r, 1), _ConvReLU(c5r, c5, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), _ConvReLU(cin, cp, 1)),
            ]
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, cin, H, W);  returns (N, c1 + c3 + c5 + cp, H, W)"""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


# %%
# q10


def _conv_bn(cin: int, cout: int, k: int, stride: int = 1):
    """Two layers: a convolution without bias, and its batch norm."""
    yield nn.Conv2d(cin, cout, k, stride=stride, padding=k // 2, bias=False)
    yield nn.BatchNorm2d(cout)


class BasicBlock(nn.Module):
    """relu(f(x) + s(x)), with two 3x3 convolutions in f and x itself or a projection as shortcut s.

    images (N, cin, H, W) -> (N, cout, ceil(H / stride), ceil(W / stride))
    """

    def __init__(self, cin: int, cout: int, stride: int = 1, zero_init: bool = False):
        super().__init__()
        self.f = nn.Sequential(*_conv_bn(cin, cout, 3, stride), nn.ReLU(), *_conv_bn(cout, cout, 3))
        plain = stride == 1 and cin == cout
        self.s = nn.Sequential(*(() if plain else _conv_bn(cin, cout, 1, stride)))  # an empty one returns x
        if zero_init:
            nn.init.zeros_(self.f[-1].weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, cin, H, W);  returns (N, cout, ceil(H / stride), ceil(W / stride))"""
        return torch.relu(self.f(x) + self.s(x))


class TinyResNet(nn.Module):
    """Stem, stages of basic blocks, mean over all positions, linear layer.

    widths, blocks: maps and number of blocks of each stage
    images (N, in_ch, H, W) -> logits (N, num_classes)
    """

    def __init__(self, widths: list, blocks: list, num_classes: int, in_ch: int = 3):
        super().__init__()

        def layers(maps: int):
            yield from _conv_bn(in_ch, maps, 3)
            yield nn.ReLU()
            for stage, (width, number) in enumerate(zip(widths, blocks, strict=True)):
                for i in range(number):
                    yield BasicBlock(maps, width, 2 if stage and not i else 1)
                    maps = width
            self.maps = maps

        self.features = nn.Sequential(*layers(widths[0]))
        self.head = nn.Linear(self.maps, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, in_ch, H, W);  returns logits (N, num_classes)"""
        return self.head(self.features(x).mean(dim=(2, 3)))


# %%
# q11


def _area(box: torch.Tensor) -> torch.Tensor:
    return (box[..., 2:] - box[..., :2]).clamp(min=0).prod(dim=-1)


def box_iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Intersection over union of every box of a with every box of b.

    a: (M, 4), b: (N, 4), corners x1, y1, x2, y2;  returns (M, N); 0 where a box has no area
    """
    dtype = a.dtype if a.is_floating_point() else torch.float64
    a, b = a.double()[:, None], b.double()[None]
    common = torch.cat([torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])], dim=-1)
    shared = _area(common)
    union = _area(a) + _area(b) - shared
    return (shared / union.masked_fill(union <= 0, 1)).to(dtype)


def nms(boxes: torch.Tensor, scores: torch.Tensor, thr: float) -> torch.Tensor:
    """Non-maximum suppression: from the best score on, drop what overlaps a kept box by more than thr.

    boxes: (N, 4);  scores: (N,), of equal scores the lower index comes first;  returns kept indices (K,) int64
    """
    boxes = boxes.detach().double()

    def survivors(queue: torch.Tensor):
        while len(queue):
            best, queue = queue[:1], queue[1:]
            yield best
            queue = queue[box_iou(boxes[best], boxes[queue])[0] <= thr]

    queue = torch.argsort(scores.detach(), descending=True, stable=True)
    return torch.cat([queue[:0], *survivors(queue)])


def _bins(first: int, last: int, number: int):
    """`number` slices that cover the pixels first, ..., last."""
    length = last - first + 1
    for i in range(number):
        yield slice(first + i * length // number, first - (-(i + 1) * length // number))


def roi_max_pool(feat: torch.Tensor, rois: torch.Tensor, out: tuple[int, int]) -> torch.Tensor:
    """The largest value of each channel in each of h x w bins of each box.

    feat: (C, H, W);  rois: (R, 4) int64, x1, y1, x2, y2 with both ends included;  out: (h, w);  returns (R, C, h, w)
    """

    def pooled(x1: int, y1: int, x2: int, y2: int) -> torch.Tensor:
        bands = torch.stack([feat[:, rows].amax(dim=1) for rows in _bins(y1, y2, out[0])], dim=1)  # (C, h, W)
        return torch.stack([bands[..., columns].amax(dim=2) for columns in _bins(x1, x2, out[1])], dim=2)

    return torch.stack([pooled(*roi) for roi in rois.tolist()])


# %%
# q12


def _unit_rows(V: np.ndarray) -> np.ndarray:
    """Every row divided by max(its norm, 1e-12); scaled first, so that no square overflows."""
    largest = np.maximum(np.abs(V).max(axis=-1, keepdims=True), 1e-12)
    V = V / largest
    return V / np.maximum(np.linalg.norm(V, axis=-1, keepdims=True), 1e-12 / largest)


def vlad(X: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Sums of residuals to the nearest centre; each row L2-normalised, then the whole. numpy only.

    X: (n, d) descriptors;  centers: (K, d);  returns (K*d,), row 0 first
    """
    X = as_float(X)
    wide, centers = X.astype(np.float64), np.asarray(centers, dtype=np.float64)
    farthest = np.max([np.abs(wide - c).max(axis=1) for c in centers], axis=0)
    exponent = np.frexp(farthest)[1][:, None]  # powers of two: scaling by them is exact, ties stay ties
    squares = [(np.ldexp(wide - c, -exponent) ** 2).sum(axis=1) for c in centers]
    nearest = np.argmin(squares, axis=0)
    V = np.zeros(centers.shape)
    np.add.at(V, nearest, wide - centers[nearest])
    return _unit_rows(_unit_rows(V).reshape(-1)).astype(X.dtype)


class NetVLAD(nn.Module):
    """VLAD with a softmax for the choice of the centre.

    parameters w (K, d), b (K,), centers (K, d), which begin as 2 alpha c, -alpha |c|^2 and a copy of the given centres
    descriptors (B, n, d) -> (B, K*d)
    """

    def __init__(self, centers: torch.Tensor, alpha: float):
        super().__init__()
        c = centers.detach().clone()
        if not c.is_floating_point():
            c = c.to(torch.get_default_dtype())
        self.w = nn.Parameter(2 * alpha * c)
        self.b = nn.Parameter(-alpha * c.square().sum(dim=1))
        self.centers = nn.Parameter(c)

    @staticmethod
    def _unit(v: torch.Tensor) -> torch.Tensor:
        """v over max(its norm along the last axis, 1e-12), without large squares."""
        largest = v.detach().abs().amax(dim=-1, keepdim=True).clamp(min=1e-12)
        v = v / largest
        return v / torch.maximum(torch.linalg.vector_norm(v, dim=-1, keepdim=True), 1e-12 / largest)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (B, n, d);  returns (B, K*d)"""
        w, b, centers = (p.to(x) for p in (self.w, self.b, self.centers))
        shares = torch.softmax(x @ w.T + b, dim=-1).unbind(dim=-1)  # K times (B, n)
        rows = [torch.einsum("bn,bnd->bd", a, x - c) for a, c in zip(shares, centers, strict=True)]
        return self._unit(self._unit(torch.stack(rows, dim=1)).flatten(1))


# %%
# q13


class _Peak(nn.Module):
    """The largest value of each map, wherever it is: (N, C, H, W) -> (N, C)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.amax(dim=(2, 3))


def _epochs(X: torch.Tensor, target: torch.Tensor, batch: int, epochs: int, dice: torch.Generator):
    """Batches (images, targets), every epoch in a new order."""
    for _ in range(epochs):
        for rows in torch.randperm(len(X), generator=dice).to(X.device).split(batch):
            yield X[rows], target[rows]


def train_wander(X: torch.Tensor, y: torch.Tensor, seed: int) -> nn.Module:
    """A network that reads a digit wherever it stands, trained and in evaluation mode.

    X: (N, 1, 18, 18) float32;  y: (N,) int64, 0 to 9;  seed: the same seed gives the same network
    returns a module with at most 60 000 parameters: (n, 1, 18, 18) -> logits (n, 10)
    """
    batch, epochs, peak = 50, 9, 0.1
    with torch.random.fork_rng(devices=[]):  # the caller's dice stay as they are
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(0.1),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.LeakyReLU(0.1),
            nn.Conv2d(32, 64, 3, padding=1, bias=False),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.1),
            _Peak(),
            nn.Linear(64, 10),
        ).to(X.device)
    steps = epochs * math.ceil(len(X) / batch)
    sgd = torch.optim.SGD(net.parameters(), lr=peak, momentum=0.9, nesterov=True, weight_decay=1e-3)
    plan = torch.optim.lr_scheduler.LambdaLR(
        sgd, lambda i: min(1, 5 * (i + 1) / steps) * (1 + math.cos(math.pi * i / steps)) / 2
    )
    for images, digits in _epochs(X, y, batch, epochs, torch.Generator().manual_seed(seed)):
        sgd.zero_grad()
        F.cross_entropy(net(images), digits, label_smoothing=0.05).backward()
        sgd.step()
        plan.step()
    return net.eval()


# %%
# q14


class _Twice(nn.Sequential):
    """The block: convolution 3x3, batch norm, ReLU, and all of it again."""

    def __init__(self, cin: int, cout: int):
        super().__init__(
            *(
                layer
                for maps in (cin, cout)
                for layer in (nn.Conv2d(maps, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU())
            )
        )


class _Level(nn.Module):
    """One level with everything below it: (N, cin, H, W) -> (N, widths[0], H, W)."""

    def __init__(self, cin: int, widths: list):
        super().__init__()
        here, *below = widths
        self.descend = _Twice(cin, here)
        self.below = None
        if below:
            self.below = nn.Sequential(nn.MaxPool2d(2), _Level(here, below), nn.Upsample(scale_factor=2))
            self.ascend = _Twice(below[0] + here, here)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skip = self.descend(x)
        return skip if self.below is None else self.ascend(torch.cat([self.below(skip), skip], dim=1))


class UNet(nn.Module):
    """Down and up again, with a skip at every level but the bottom.

    images (N, cin, H, W) -> logits (N, n_classes, H, W); ValueError if H or W is no multiple of 2^(len(widths) - 1)
    """

    def __init__(self, cin: int, n_classes: int, widths: tuple):
        super().__init__()
        self.unit = 2 ** (len(widths) - 1)
        self.top = _Level(cin, widths)
        self.paint = nn.Conv2d(widths[0], n_classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, cin, H, W);  returns logits (N, n_classes, H, W)"""
        if any(n % self.unit for n in x.shape[2:]):
            raise ValueError(f"height and width must be multiples of {self.unit}, not {tuple(x.shape[2:])}")
        return self.paint(self.top(x))


def mean_iou(pred: torch.Tensor, target: torch.Tensor, n_classes: int) -> float:
    """Intersection over union of each class over all pixels, mean over the classes that occur in pred or target.

    pred, target: (N, H, W) int64, 0 to n_classes - 1
    """
    pairs = torch.bincount((n_classes * target + pred).flatten(), minlength=n_classes**2)
    table = pairs.reshape(n_classes, n_classes).double()  # rows: target, columns: pred
    both = table.diagonal()
    either = table.sum(dim=0) + table.sum(dim=1) - both
    occurs = either > 0
    return float((both[occurs] / either[occurs]).mean())


def train_segmenter(X: torch.Tensor, M: torch.Tensor, seed: int) -> nn.Module:
    """A network that gives every pixel a class, trained and in evaluation mode.

    X: (N, 1, 12, 12) float32;  M: (N, 12, 12) int64, 0 to 4;  seed: the same seed gives the same network
    returns a module: (n, 1, 12, 12) -> logits (n, 5, 12, 12)
    """
    batch, epochs = 20, 14
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = UNet(1, 5, (12, 24, 48)).to(X.device)
    adamw = torch.optim.AdamW(net.parameters(), weight_decay=0.02)
    plan = torch.optim.lr_scheduler.OneCycleLR(
        adamw, max_lr=0.008, total_steps=epochs * math.ceil(len(X) / batch), pct_start=0.25
    )
    for images, masks in _epochs(X, M, batch, epochs, torch.Generator().manual_seed(seed)):
        adamw.zero_grad()
        F.cross_entropy(net(images), masks).backward()
        adamw.step()
        plan.step()
    return net.eval()
