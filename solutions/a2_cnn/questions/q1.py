# %% [raw]
# # BEGIN QUESTION
# name: q1
# points: 0

# %% [markdown]
# ## q1. Sizes, parameters, operations, receptive fields (6 points)
#
# Before a network is built it is worth a page of arithmetic: does the kernel fit, how many weights are there to learn,
# what does one image cost, and how much of the image does an output see? A kernel of $k$ weights with **dilation** $d$
# has $d - 1$ holes between its weights and so covers $k_{\text{eff}} = d\,(k - 1) + 1$ pixels. It starts at the first
# pixel of the padded axis, moves on by $s$, and stops when it would stick out:
#
# $$n_{\text{out}} = \left\lfloor \frac{n + 2p - k_{\text{eff}}}{s} \right\rfloor + 1$$
#
# | layer | shape after it | parameters | multiplications (MACs) for one image |
# |---|---|---|---|
# | conv, $C \to F$, $g$ groups | $(F, H', W')$ | $F \cdot \bigl(\frac{C}{g} k_h k_w + 1\bigr)$ | $F H' W' \cdot \frac{C}{g} k_h k_w$ |
# | maxpool, avgpool | $(C, H', W')$ | 0 | 0 |
# | bn | as before | $2C$ (a scale and a shift a channel) | 0 |
# | flatten | $(C H W,)$ | 0 | 0 |
# | fc, $n \to m$ | $(m,)$ | $m \cdot (n + 1)$ | $m n$ |
#
# The $+ 1$ is the bias and is missing when there is none; adding it is not a multiplication.
#
# The **receptive field** of an output is the height and width of the piece of the image that it can depend on. It grows
# with every layer by $k - 1$ *steps*, and a step is as wide as the product of all strides **before** that layer:
#
# $$r \leftarrow r + (k - 1)\, j, \qquad j \leftarrow j\, s, \qquad\text{starting with } r = 1,\ j = 1.$$
#
# Pooling counts like a convolution. The first fully connected layer after a flatten is a convolution as large as the map
# that was flattened; further ones change nothing, nor do bn and flatten themselves. Never cut the field off at the image's border.
#
# **What you write**
#
# | function | returns |
# |---|---|
# | `conv_out(n, k, stride, pad, dilation, strict)` | the size along one axis. ValueError if the kernel does not fit; with `strict=True` also if $n + 2p - k_{\text{eff}}$ is no multiple of the stride |
# | `same_pad(k, dilation)` | the padding that keeps the size at stride 1. ValueError if $k_{\text{eff}}$ is even: no padding does |
# | `trace(layers, in_shape)` | a list with one dict for each layer |
#
# A layer is a dict. It has no other keys than these. `stride`, `pad`, `bias` and `groups` may be left out, and the value below is then meant; `cout`, `k`
# and `out` are always given. `k`, `stride` and `pad` are one int or a pair (height, width).
#
#     {"name": "conv", "cout": 6, "k": 5, "stride": 1, "pad": 0, "bias": True, "groups": 1}
#     {"name": "maxpool", "k": 2, "stride": <k>}        {"name": "avgpool", "k": 2, "stride": <k>}
#     {"name": "flatten"}        {"name": "fc", "out": 10, "bias": True}        {"name": "bn"}
#
# `trace` answers with `{"name": ..., "out_shape": ..., "params": ..., "macs": ..., "rf": (rows, columns)}` for each, all of
# them ints, `out_shape` a tuple: `(C, H, W)`, and `(n,)` from the flatten on; every fc
# stands behind the flatten, every conv, pool and bn before it. With groups, $C$ and $F$ must both be
# multiples of $g$; if not, or if the name is unknown: ValueError.
#
# **On paper.** Ten 5x5 kernels with padding 2 on an image 32 x 32 x 3: $(32 + 4 - 5)/1 + 1 = 32$, so `(10, 32, 32)`, with
# $10 \cdot (3 \cdot 25 + 1) = 760$ parameters and $10 \cdot 1024 \cdot 75 = 768\,000$ MACs. Three 3x3 convolutions see
# $1 + 2 + 2 + 2 = 7$ pixels, as much as one 7x7, for $27$ instead of $49$ weights. And with stride 2 in the first?
#
# **What usually goes wrong**
# - A 3x3 kernel with stride 3 on 7 pixels: 4/3 + 1. How many positions are that? Which pixels does it never see?
# - How many biases has a convolution that makes 10 maps of 32 x 32?
# - Each of $g$ groups sees only its own $C/g$ channels. Where does that $g$ appear, and where does it not?
# - Batch normalisation keeps four numbers a channel. Which two of them are learned?
# - Is the step that belongs to a layer the product of the strides with or without its own?
# - What does `/` return in Python, even if the division leaves no remainder?
#
# *Read:* Prince §10.2; Goodfellow §9.2-9.5. Papers: LeCun et al. 1998 (LeNet-5, figure 2); Dumoulin and Visin 2016.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q1


def conv_out(n: int, k: int, stride: int = 1, pad: int = 0, dilation: int = 1, strict: bool = False) -> int:
    """Positions of a kernel of k weights along an axis of n pixels that is padded by `pad` on both sides.

    Raises ValueError when the kernel does not fit; with strict also when the last position leaves pixels over.
    """
    # BEGIN SOLUTION NO PROMPT
    room = n + 2 * pad - (dilation * (k - 1) + 1)
    if room < 0:
        raise ValueError(f"a kernel of {k} with dilation {dilation} does not fit on {n} pixels with padding {pad}")
    if strict and room % stride:
        raise ValueError(f"stride {stride} leaves {room % stride} pixels over")
    return room // stride + 1
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: conv_out is not implemented yet")
    """  # END PROMPT


def same_pad(k: int, dilation: int = 1) -> int:
    """Padding that keeps the size at stride 1. Raises ValueError when the kernel covers an even number of pixels."""
    # BEGIN SOLUTION NO PROMPT
    around = dilation * (k - 1)  # covered pixels without the middle one
    if around % 2:
        raise ValueError(f"a kernel of {k} with dilation {dilation} has no middle pixel")
    return around // 2
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: same_pad is not implemented yet")
    """  # END PROMPT


def trace(layers: list[dict], in_shape: tuple[int, int, int]) -> list[dict]:
    """Follow one image of shape in_shape = (C, H, W) through the layers (dicts as in the text).

    returns for each layer a dict of name, out_shape (tuple), params, macs (int) and rf, the pair (rows, columns)
    Raises ValueError for an unknown name, for groups that do not divide the channels, for a kernel that does not fit.
    """

    # BEGIN SOLUTION NO PROMPT
    def pair(size):
        return (size, size) if isinstance(size, int) else tuple(size)

    shape, rows = tuple(in_shape), []
    field, step = (1, 1), (1, 1)
    for layer in layers:
        name, params, macs = layer["name"], 0, 0
        if name in ("conv", "maxpool", "avgpool"):
            channels, *size = shape
            k = pair(layer["k"])
            stride = pair(layer.get("stride", 1 if name == "conv" else k))
            pad = pair(layer.get("pad", 0))
            size = [conv_out(n, a, s, p) for n, a, s, p in zip(size, k, stride, pad, strict=True)]
            field = tuple(r + (a - 1) * j for r, a, j in zip(field, k, step, strict=True))
            step = tuple(j * s for j, s in zip(step, stride, strict=True))
            if name == "conv":
                groups = layer.get("groups", 1)
                if channels % groups or layer["cout"] % groups:
                    raise ValueError(f"{groups} groups do not divide {channels} and {layer['cout']} channels")
                weights = channels // groups * k[0] * k[1]  # of one output
                channels = layer["cout"]
                params = channels * (weights + bool(layer.get("bias", True)))
                macs = channels * size[0] * size[1] * weights
            shape = (channels, *size)
        elif name == "flatten":
            extent, shape = shape[1:], (math.prod(shape),)  # the height and width that the next fc sees
        elif name == "fc":
            field = tuple(r + (n - 1) * j for r, n, j in zip(field, extent, step, strict=True))
            extent = (1, 1)
            macs = shape[0] * layer["out"]
            params = macs + layer["out"] * bool(layer.get("bias", True))
            shape = (layer["out"],)
        elif name == "bn":
            params = 2 * shape[0]
        else:
            raise ValueError(f"there is no layer {name!r}")
        rows.append({"name": name, "out_shape": shape, "params": params, "macs": macs, "rf": field})
    return rows
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: trace is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_sizes_of_the_lecture(conv_out):
    """conv_out: a 3x3 kernel on 7 pixels with strides 1, 2 and 3"""
    yours = [conv_out(7, 3), conv_out(7, 3, stride=2), conv_out(7, 3, stride=3)]
    assert yours == [5, 3, 2], f"strides 1, 2, 3 give 5, 3 and 2 positions, yours: {yours}"
    assert all(isinstance(n, int) for n in yours), f"a size is an int, yours: {yours}"
    try:
        left = conv_out(7, 3, stride=3, strict=True)
    except ValueError:
        return
    raise AssertionError(f"stride 3 does not fit exactly: strict=True raises a ValueError, yours returned {left}")


# %%
def test_760_parameters(trace):
    """trace: ten 5x5 kernels with padding 2 on 32 x 32 x 3"""
    (row,) = trace([{"name": "conv", "cout": 10, "k": 5, "pad": 2}], (3, 32, 32))
    assert tuple(row["out_shape"]) == (10, 32, 32), f"the shape is (10, 32, 32), yours is {row['out_shape']}"
    assert row["params"] == 760, f"10 * (3 * 25 + 1) = 760 parameters, yours: {row['params']}"
    assert row["macs"] == 768000, f"10 * 32 * 32 outputs of 75 products each = 768000, yours: {row['macs']}"


# %%
def test_three_small_kernels_see_as_much_as_a_large_one(trace):
    """trace: three 3x3 convolutions have a receptive field of 7"""
    rows = trace([{"name": "conv", "cout": 2, "k": 3}] * 3, (1, 9, 9))
    yours = [tuple(row["rf"]) for row in rows]
    assert yours == [(3, 3), (5, 5), (7, 7)], f"the fields are 3, 5, 7 in both directions, yours: {yours}"


# %%
def test_padding_that_keeps_the_size(same_pad):
    """same_pad: 1 for a 3x3 kernel, 4 for a 5x5 kernel with dilation 2"""
    yours = [same_pad(3), same_pad(5, dilation=2)]
    assert yours == [1, 4], f"(3 - 1)/2 = 1, and 5 weights with dilation 2 cover 9 pixels: 4; yours: {yours}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: where a network keeps its weights, and where it spends its time


@experiment
def weights_and_work():
    import matplotlib.pyplot as plt

    widths = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
    stack = [{"name": "maxpool", "k": 2} if w == "M" else {"name": "conv", "cout": w, "k": 3, "pad": 1} for w in widths]
    stack += [{"name": "flatten"}, *({"name": "fc", "out": m} for m in (4096, 4096, 1000))]
    rows = trace(stack, (3, 224, 224))
    print(
        "VGG-16:", sum(row["params"] for row in rows), "parameters,", sum(row["macs"] for row in rows), "MACs an image"
    )
    layers = [row for row in rows if row["params"]]
    place = range(len(layers))
    fig, axes = plt.subplots(3, 1, figsize=(9, 6), sharex=True)
    axes[0].bar(place, [row["params"] / 1e6 for row in layers], color="tab:blue")
    axes[0].set(ylabel="millions", title="parameters: almost all of them in the first fully connected layer")
    axes[1].bar(place, [row["macs"] / 1e9 for row in layers], color="tab:orange")
    axes[1].set(ylabel="10^9", title="multiplications: almost all of them in the convolutions")
    axes[2].bar(place, [row["rf"][0] for row in layers], color="tab:green")
    axes[2].set(ylabel="pixels", title="receptive field (the image has 224)")
    axes[2].set_xticks(place, [f"{row['name']}\n{row['out_shape'][0]}" for row in layers], fontsize=7)
    fig.tight_layout()
    plt.show()


# %%
# experiment: three ways to see more: larger kernels, strides, pooling in between


@experiment
def seeing_more():
    import matplotlib.pyplot as plt

    def conv(k, stride=1):
        return {"name": "conv", "cout": 8, "k": k, "stride": stride, "pad": same_pad(k)}

    stacks = {
        "3x3": [conv(3)] * 8,
        "7x7": [conv(7)] * 8,
        "3x3, every second with stride 2": [conv(3), conv(3, 2)] * 4,
        "3x3, 2x2 pooling after two": [conv(3), conv(3), {"name": "maxpool", "k": 2}] * 3,
    }
    for label, layers in stacks.items():
        rows = trace(layers, (8, 256, 256))
        total = sum(row["params"] for row in rows)
        plt.plot(range(len(rows) + 1), [1, *(row["rf"][0] for row in rows)], "o-", label=f"{label} ({total} weights)")
    plt.xlabel("layers")
    plt.ylabel("receptive field in pixels")
    plt.legend()
    plt.show()
