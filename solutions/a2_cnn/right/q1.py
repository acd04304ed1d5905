"""Right solutions of question 1 that look different from the reference."""
# ruff: noqa: B905, C408 - cells are written as students write

# %% by_counting | why: positions are counted with range, fields by following the first output back to the image
import numpy as np


def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    taps = np.arange(k) * dilation
    starts = [start for start in range(0, n + 2 * pad, stride) if start + taps[-1] < n + 2 * pad]
    if not starts:
        raise ValueError("no room")
    if strict and starts[-1] + taps[-1] != n + 2 * pad - 1:
        raise ValueError("a remainder")
    return len(starts)


def same_pad(k, dilation=1):
    for pad in range(dilation * k + 1):
        if conv_out(100, k, pad=pad, dilation=dilation) == 100:
            return pad
    raise ValueError("no padding keeps the size")


def _two(x):
    return [x, x] if np.isscalar(x) else list(x)


def _seen(history, axis):
    """Pixels from first to last that output 0 sees, going back layer by layer."""
    first = last = 0
    for k, stride in reversed(history):
        first, last = first * stride[axis], last * stride[axis] + k[axis] - 1
    return int(last - first + 1)


class _Walk:
    def __init__(self, shape):
        self.shape, self.history, self.rows = list(shape), [], []

    def slide(self, layer, default):
        k, s, p = _two(layer["k"]), _two(layer.get("stride", default)), _two(layer.get("pad", 0))
        self.history.append((k, s))
        self.shape[1:] = [conv_out(n, *each) for n, *each in zip(self.shape[1:], k, s, p)]
        return k

    def conv(self, layer):
        g, f, c = layer.get("groups", 1), layer["cout"], self.shape[0]
        if c % g or f % g:
            raise ValueError("groups")
        kh, kw = self.slide(layer, 1)
        kernel = np.empty((f, c // g, kh, kw))
        self.shape[0] = f
        bias = f if layer.get("bias", True) else 0
        return kernel.size + bias, kernel.size * self.shape[1] * self.shape[2]

    def maxpool(self, layer):
        self.slide(layer, layer["k"])
        return 0, 0

    avgpool = maxpool

    def flatten(self, layer):
        self.flat = self.shape[1:]
        self.shape = [int(np.prod(self.shape))]
        return 0, 0

    def fc(self, layer):
        if self.flat:
            self.history.append((self.flat, [1, 1]))
            self.flat = None
        n, m = self.shape[0], layer["out"]
        self.shape = [m]
        return n * m + (m if layer.get("bias", True) else 0), n * m

    def bn(self, layer):
        return 2 * self.shape[0], 0


def trace(layers, in_shape):
    walk = _Walk(in_shape)
    for layer in layers:
        step = getattr(walk, layer["name"], None)
        if step is None:
            raise ValueError(layer["name"])
        params, macs = step(layer)
        seen = _seen(walk.history, 0), _seen(walk.history, 1)
        walk.rows.append(
            dict(name=layer["name"], out_shape=tuple(walk.shape), params=params, macs=macs, rf=seen, kind=1)
        )
    return walk.rows


# %% numpy_integers | why: NumPy integers, lists for pairs, floor of a fraction, a row at a time with divmod
from fractions import Fraction


def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    steps = Fraction(n + 2 * pad - dilation * (k - 1) - 1, stride)
    if steps < 0 or (strict and steps.denominator != 1):
        raise ValueError("does not fit")
    return np.int64(math.floor(steps)) + 1


def same_pad(k, dilation=1):
    pad, odd = divmod(k * dilation - dilation, 2)
    if odd:
        raise ValueError("even")
    return np.int64(pad)


def trace(layers, in_shape):
    rows = []
    shape, r, j, m = np.array(in_shape), np.ones(2, int), np.ones(2, int), np.ones(2, int)
    for layer in layers:
        kind = layer["name"]
        if kind not in {"conv", "maxpool", "avgpool", "flatten", "fc", "bn"}:
            raise ValueError(kind)
        entry = {"name": kind, "params": 0, "macs": 0}
        if kind == "bn":
            entry["params"] = shape[0] + shape[0]
        if kind == "flatten":
            m, shape = shape[1:], np.array([shape.prod()])
        if kind == "fc":
            r, m = r + (m - 1) * j, np.ones(2, int)
            entry["macs"] = shape[0] * layer["out"]
            entry["params"] = (shape[0] + int(layer.get("bias", True))) * layer["out"]
            shape = np.array([layer["out"]])
        if "k" in layer:
            k = np.broadcast_to(layer["k"], 2)
            s = np.broadcast_to(layer.get("stride", 1 if kind == "conv" else k), 2)
            p = np.broadcast_to(layer.get("pad", 0), 2)
            c = f = shape[0]
            spatial = [conv_out(*each) for each in zip(shape[1:], k, s, p)]
            r, j = r + (k - 1) * j, j * s
            if kind == "conv":
                f, g = layer["cout"], layer.get("groups", 1)
                if np.gcd(c, g) != g or np.gcd(f, g) != g:
                    raise ValueError("groups")
                entry["params"] = f * (c // g) * k.prod() + (f if layer.get("bias", True) else 0)
                entry["macs"] = f * (c // g) * k.prod() * np.prod(spatial)
            shape = np.array([f, *spatial])
        rows.append({**entry, "out_shape": shape.tolist(), "rf": r.tolist()})
    return rows
