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


# %% length_of_a_range | why: positions as the length of a range, a class that walks through the layers, keys by name
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    covers = (k - 1) * dilation + 1
    starts = range(0, n + 2 * pad - covers + 1, stride)
    if not len(starts):
        raise ValueError("the kernel does not fit")
    if strict and starts[-1] + covers != n + 2 * pad:
        raise ValueError("pixels are left over")
    return len(starts)


def same_pad(k, dilation=1):
    whole, odd = divmod((k - 1) * dilation, 2)
    if odd:
        raise ValueError("an even number of pixels")
    return whole


class _Walk:
    def __init__(self, shape):
        self.shape, self.r, self.j, self.dense = tuple(map(int, shape)), [1, 1], [1, 1], False

    def window(self, layer, k, stride):
        pad = self.pair(layer.get("pad", 0))
        for axis in (0, 1):
            self.r[axis] += (k[axis] - 1) * self.j[axis]
            self.j[axis] *= stride[axis]
        return tuple(conv_out(n, *rest) for n, *rest in zip(self.shape[1:], k, stride, pad))

    @staticmethod
    def pair(value):
        return (value, value) if isinstance(value, int) else tuple(value)

    def conv(self, layer):
        C, g, F_ = self.shape[0], layer.get("groups", 1), layer["cout"]
        if C % g or F_ % g:
            raise ValueError("groups")
        k = self.pair(layer["k"])
        size = self.window(layer, k, self.pair(layer.get("stride", 1)))
        each = C // g * k[0] * k[1]
        self.shape = (F_, *size)
        return F_ * (each + bool(layer.get("bias", True))), F_ * size[0] * size[1] * each

    def maxpool(self, layer):
        k = self.pair(layer.get("k", 2))
        self.shape = (self.shape[0], *self.window(layer, k, self.pair(layer.get("stride", k))))
        return 0, 0

    avgpool = maxpool

    def flatten(self, layer):
        self.map = self.shape[1:]
        self.shape = (math.prod(self.shape),)
        return 0, 0

    def bn(self, layer):
        return 2 * self.shape[0], 0

    def fc(self, layer):
        if not self.dense:
            self.dense = True
            self.r = [r + (k - 1) * j for r, k, j in zip(self.r, self.map, self.j)]
        n, m = self.shape[0], layer["out"]
        self.shape = (m,)
        return m * n + (m if layer.get("bias", True) else 0), m * n


def trace(layers, in_shape):
    walk, told = _Walk(in_shape), []
    for layer in layers:
        if layer["name"] not in ("conv", "maxpool", "avgpool", "flatten", "bn", "fc"):
            raise ValueError(layer["name"])
        params, macs = getattr(walk, layer["name"])(layer)
        told.append(dict(rf=tuple(walk.r), macs=macs, params=params, out_shape=walk.shape, name=layer["name"]))
    return told
