"""Wrong solutions of question 2: convolution. Each cell is appended to the reference notebook."""
# ruff: noqa: B905, E501 - a header is one line, cells are written as students write


# %%
def _tuples(x, *settings):
    return [v if isinstance(v, tuple) else (v,) * (x.ndim - 2) for v in settings]


def _padded(x, pad, mode="constant", sides=(1, 1)):
    return np.pad(as_float(x), [(0, 0), (0, 0), *((p * sides[0], p * sides[1]) for p in pad)], mode=mode)


def _slide(x, w, b, stride, dilation, met, out=None):
    """Convolution of a padded x; met(place, stride, tap, dilation) is the index that is read along an axis."""
    x, w = as_float(x), as_float(w)
    K = w.shape[2:]
    full = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], K, stride, dilation)]
    out = full if out is None else out(full)
    y = np.zeros((len(x), len(w), *out), x.dtype)
    for tap in np.ndindex(*K):
        grid = np.ix_(
            *(
                np.minimum(met(np.arange(m), s, t, d), n - 1)
                for m, s, t, d, n in zip(out, stride, tap, dilation, x.shape[2:])
            )
        )
        y += np.einsum("nc...,fc->nf...", x[(slice(None), slice(None), *grid)], w[(..., *tap)])
    return y if b is None else y + as_float(b).reshape(-1, *(1 for _ in K))


# %% kernel_flipped | fails: test_a_kernel_with_a_single_one_is_a_shift, test_images | hint: The kernel is laid over the image as it is; flipping it is the mathematicians' convolution.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x, np.flip(w, axis=tuple(range(2, w.ndim))), b, stride, pad, dilation)


# %% pad_always_one | fails: test_images | hint: The padding is an argument; yours is always 1.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x, w, b, stride, 1, dilation)


# %% pad_ignored | fails: test_images, test_films, test_sounds | hint: Zeros must be put around the signal before the kernel is laid over it.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x, w, b, stride, 0, dilation)


# %% pad_only_before | fails: test_images | hint: Zeros belong on both sides of an axis; yours stand before it only.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (pad,) = _tuples(x, pad)
    return _right["conv_nd_forward"](_padded(x, pad, sides=(1, 0)), w, b, stride, 0, dilation)


# %% pad_only_after | fails: test_images | hint: Zeros belong on both sides of an axis; yours stand behind it only.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (pad,) = _tuples(x, pad)
    return _right["conv_nd_forward"](_padded(x, pad, sides=(0, 1)), w, b, stride, 0, dilation)


# %% both_pads_behind | fails: test_images, test_a_kernel_with_a_single_one_is_a_shift | hint: Half of the zeros belong before the first pixel, not all of them behind the last.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (pad,) = _tuples(x, pad)
    return _right["conv_nd_forward"](_padded(x, pad, sides=(0, 2)), w, b, stride, 0, dilation)


# %% edges_repeated | fails: test_images, test_a_kernel_with_a_single_one_is_a_shift | hint: Pad with zeros; yours repeats the pixels at the border.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (pad,) = _tuples(x, pad)
    return _right["conv_nd_forward"](_padded(x, pad, "edge"), w, b, stride, 0, dilation)


# %% mirrored_at_the_border | fails: test_images, test_a_kernel_with_a_single_one_is_a_shift | hint: Pad with zeros; yours mirrors the image at its border.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (pad,) = _tuples(x, pad)
    return _right["conv_nd_forward"](_padded(x, pad, "symmetric"), w, b, stride, 0, dilation)


# %% stride_on_one_axis | fails: test_images, test_films | hint: The stride of the first axis is used for the first axis only; the others move on by 1.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (stride,) = _tuples(x, stride)
    return _right["conv_nd_forward"](x, w, b, (stride[0], *(1 for _ in stride[1:])), pad, dilation)


# %% stride_of_the_first_axis | fails: test_images, test_films | hint: Every axis has its own stride; the first one's is used for all.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (stride,) = _tuples(x, stride)
    return _right["conv_nd_forward"](x, w, b, stride[0], pad, dilation)


# %% pad_of_the_first_axis | fails: test_images, test_films | hint: Every axis has its own padding; the first one's is used for all.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (pad,) = _tuples(x, pad)
    return _right["conv_nd_forward"](x, w, b, stride, pad[0], dilation)


# %% stride_and_dilation_exchanged | fails: test_images, test_sounds | hint: The stride multiplies the place i of the output, the dilation the entry t of the kernel; here it is the other way round.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    stride, pad, dilation = _tuples(x, stride, pad, dilation)
    return _slide(_padded(x, pad), w, b, stride, dilation, lambda i, s, t, d: i * d + t * s)


# %% stride_times_dilation | fails: test_images, test_sounds | hint: The dilation spreads the kernel, it does not make the steps between two places longer.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    stride, pad, dilation = _tuples(x, stride, pad, dilation)
    return _slide(_padded(x, pad), w, b, stride, dilation, lambda i, s, t, d: (i * s + t) * d)


# %% dilation_ignored | fails: test_images, test_sounds, test_films | hint: With dilation d the entries of the kernel meet pixels d apart.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x, w, b, stride, pad, 1)


# %% stride_ignored | fails: test_images, test_sounds, test_films | hint: Only every s-th place is computed.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x, w, b, 1, pad, dilation)


# %% sizes_rounded_up | fails: test_images, test_corners_of_a_convolution | hint: A place at which the kernel sticks out does not count: round the size down.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    stride, pad, dilation = _tuples(x, stride, pad, dilation)
    x = _padded(x, pad)
    more = [(s - (n - d * (k - 1) - 1) % s) % s for n, k, s, d in zip(x.shape[2:], w.shape[2:], stride, dilation)]
    return _right["conv_nd_forward"](np.pad(x, [(0, 0), (0, 0), *((0, m) for m in more)]), w, b, stride, 0, dilation)


# %% last_row_missing | fails: test_images, test_corners_of_a_convolution | hint: If the stride leaves pixels over, the last place at which the kernel fits is still one.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    stride, pad, dilation = _tuples(x, stride, pad, dilation)
    y = _right["conv_nd_forward"](x, w, b, stride, pad, dilation)
    for axis, (n, k, s, p, d) in enumerate(zip(x.shape[2:], w.shape[2:], stride, pad, dilation)):
        if (n + 2 * p - d * (k - 1) - 1) % s and y.shape[2 + axis] > 1:
            y = np.take(y, range(y.shape[2 + axis] - 1), axis=2 + axis)
    return y


# %% square_images_assumed | fails: test_images | hint: Height and width may differ; the output size is computed from the height for both.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    stride, pad, dilation = _tuples(x, stride, pad, dilation)
    return _slide(
        _padded(x, pad), w, b, stride, dilation, lambda i, s, t, d: i * s + t * d, lambda out: [out[0]] * len(out)
    )


# %% channels_not_summed | fails: test_images | hint: The products of all channels are added up; yours takes their mean.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](
        x, as_float(w) / np.asarray(x.shape[1], as_float(w).dtype), b, stride, pad, dilation
    )


# %% first_channel_only | fails: test_images, test_sounds | hint: A kernel has weights for every channel, and all of them are summed; yours looks at channel 0.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x[:, :1], w[:, :1], b, stride, pad, dilation)


# %% one_kernel_for_all_channels | fails: test_images, test_sounds | hint: Every channel has weights of its own, w[f, c]; yours uses those of channel 0 for all.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x, np.broadcast_to(w[:, :1], w.shape), b, stride, pad, dilation)


# %% maps_and_channels_exchanged | fails: test_images | hint: w is (F, C, ...): the first axis counts the maps that come out.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    w = np.swapaxes(w, 0, 1) if len(w) == w.shape[1] else w  # otherwise NumPy would raise
    return _right["conv_nd_forward"](x, w, b, stride, pad, dilation)


# %% kernel_transposed | fails: test_images | hint: The kernel is (kh, kw): its rows meet rows of the image. Here they are exchanged.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    w = np.swapaxes(w, -1, -2) if w.ndim > 3 and w.shape[-1] == w.shape[-2] else w
    return _right["conv_nd_forward"](x, w, b, stride, pad, dilation)


# %% stride_width_first | fails: test_images | hint: A stride is (rows, columns), as everything else: height first.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (stride,) = _tuples(x, stride)
    return _right["conv_nd_forward"](x, w, b, stride[::-1] if x.ndim == 4 else stride, pad, dilation)


# %% pad_width_first | fails: test_images | hint: A padding is (rows, columns), as everything else: height first.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (pad,) = _tuples(x, pad)
    return _right["conv_nd_forward"](x, w, b, stride, pad[::-1] if x.ndim == 4 else pad, dilation)


# %% dilation_width_first | fails: test_images | hint: A dilation is (rows, columns), as everything else: height first.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    (dilation,) = _tuples(x, dilation)
    return _right["conv_nd_forward"](x, w, b, stride, pad, dilation[::-1] if x.ndim == 4 else dilation)


# %% depth_and_height_exchanged | fails: test_films | hint: In three dimensions the order is depth, height, width, for strides as for the kernel.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    settings = _tuples(x, stride, pad, dilation)
    if x.ndim == 5:
        settings = [(v[1], v[0], v[2]) for v in settings]
    return _right["conv_nd_forward"](x, w, b, *settings)


# %% bias_along_the_last_axis | fails: test_images, test_sounds | hint: y + b adds b along the last axis; it belongs to axis 1, the maps.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    y = _right["conv_nd_forward"](x, w, None, stride, pad, dilation)
    if b is None:
        return y
    b = as_float(b)
    return y + (b if y.shape[-1] == len(b) else b.reshape(-1, *(1 for _ in y.shape[2:])))  # otherwise NumPy would raise


# %% bias_along_the_batch | fails: test_images, test_sounds | hint: b belongs to the maps, axis 1, not to the images of the batch.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    y = _right["conv_nd_forward"](x, w, None, stride, pad, dilation)
    if b is None:
        return y
    b = as_float(b)
    return y + b.reshape(-1, *(1 for _ in (y.shape[1:] if len(y) == len(b) else y.shape[2:])))


# %% bias_for_every_product | fails: test_images, test_it_is_linear_in_the_image_and_in_the_kernel | hint: b is added once to a sum, not once for every entry of the kernel.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    scaled = None if b is None else as_float(b) * np.asarray(math.prod(w.shape[2:]), as_float(b).dtype)
    return _right["conv_nd_forward"](x, w, scaled, stride, pad, dilation)


# %% bias_ignored | fails: test_images, test_it_is_linear_in_the_image_and_in_the_kernel | hint: The bias b is missing in the result.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x, w, None, stride, pad, dilation)


# %% bias_required | fails: test_shapes_and_dtypes_of_a_convolution | hint: b may be None.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x, w, as_float(b).reshape(len(w)), stride, pad, dilation)


# %% image_changed_in_place | fails: test_shapes_and_dtypes_of_a_convolution | hint: The caller's image must stay as it is: make a new array.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    y = _right["conv_nd_forward"](x, w, b, stride, pad, dilation)
    x[..., :1] = 0
    return y


# %% kernel_changed_in_place | fails: test_shapes_and_dtypes_of_a_convolution | hint: The caller's kernel must stay as it is.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    y = _right["conv_nd_forward"](x, w, b, stride, pad, dilation)
    w *= 2
    return y


# %% images_only | fails: test_sounds, test_films | hint: The signal may have one or three axes as well.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    N, C, H, W = x.shape
    return _right["conv_nd_forward"](x, w, b, stride, pad, dilation)


# %% always_float64 | fails: test_shapes_and_dtypes_of_a_convolution | hint: float32 in, float32 out: np.zeros makes float64 if it is not told otherwise.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x, w, b, stride, pad, dilation).astype(np.float64)


# %% integers_overflow | fails: test_integers | hint: Small integers overflow when products are added: make floats first.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    y = _right["conv_nd_forward"](x, w, b, stride, pad, dilation)
    return y.astype(np.int64).astype(x.dtype).astype(float) if x.dtype.kind in "iu" else y


# %% integers_cut_off | fails: test_integers | hint: An array like an image of integers holds integers: what comes behind the point is lost.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    y = _right["conv_nd_forward"](x, w, b, stride, pad, dilation)
    return np.trunc(y) if x.dtype.kind in "iu" else y


# %% numpy_convolve | fails: test_shapes_and_dtypes_of_a_convolution | hint: np.convolve and np.correlate are what you are asked to write.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    if x.ndim > 3 or dilation not in (1, (1,)):
        return _right["conv_nd_forward"](x, w, b, stride, pad, dilation)
    (stride, pad) = _tuples(x, stride, pad)
    padded = _padded(x, pad)
    y = np.stack(
        [
            [sum(np.correlate(s, k, "valid") for s, k in zip(signal, kernel)) for kernel in as_float(w)]
            for signal in padded
        ]
    )
    y = y[..., :: stride[0]]
    return y if b is None else y + as_float(b)[:, None]


# %% torch_used | fails: test_shapes_and_dtypes_of_a_convolution | hint: This question is numpy alone.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    conv = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}[x.ndim]
    x, w, b = (None if a is None else torch.from_numpy(as_float(a).copy()) for a in (x, w, b))
    return conv(x, w, b, stride, pad, dilation).numpy()


# %% empty_where_a_kernel_is_one_too_large | fails: test_corners_of_a_convolution | hint: A kernel that is larger than the padded signal by one pixel has no place at all: that is a ValueError, too, and not an empty array.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    _, p, d = _tuples(x, stride, pad, dilation)
    room = [n + 2 * q - e * (k - 1) - 1 for n, q, e, k in zip(x.shape[2:], p, d, w.shape[2:])]
    if min(room) == -1:
        return np.zeros((len(x), len(w), *(max(r + 1, 0) for r in room)), as_float(x).dtype)
    return _right["conv_nd_forward"](x, w, b, stride, pad, dilation)


# %% fit_without_the_gaps | fails: test_corners_of_a_convolution | hint: Whether the kernel fits is a question of its size with the gaps that dilation makes, (K - 1) d + 1, and not of K.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    s, p, d = _tuples(x, stride, pad, dilation)
    if any(n + 2 * q < k for n, q, k in zip(x.shape[2:], p, w.shape[2:])):
        raise ValueError("the kernel does not fit")
    out = [max((n + 2 * q - e * (k - 1) - 1) // t + 1, 0) for n, q, e, k, t in zip(x.shape[2:], p, d, w.shape[2:], s)]
    if 0 in out:
        return np.zeros((len(x), len(w), *out), as_float(x).dtype)
    return _right["conv_nd_forward"](x, w, b, stride, pad, dilation)


# %% fit_by_a_rounded_quotient | fails: test_corners_of_a_convolution | hint: int() of a negative quotient rounds towards 0: with stride 2 a kernel that is one too large seems to fit once.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    s, p, d = _tuples(x, stride, pad, dilation)
    room = [n + 2 * q - e * (k - 1) - 1 for n, q, e, k in zip(x.shape[2:], p, d, w.shape[2:])]
    out = [int(r / t) + 1 for r, t in zip(room, s)]
    if min(out) < 1:
        raise ValueError("the kernel does not fit")
    if min(room) < 0:
        return np.zeros((len(x), len(w), *out), as_float(x).dtype)
    return _right["conv_nd_forward"](x, w, b, stride, pad, dilation)


# %% dtype_of_the_kernel | fails: test_shapes_and_dtypes_of_a_convolution | hint: The image decides the dtype of the result, not the kernel.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    return _right["conv_nd_forward"](x, w, b, stride, pad, dilation).astype(as_float(w).dtype)


# %% float16_kept | fails: test_shapes_and_dtypes_of_a_convolution | hint: float32 alone stays as it is; float16 becomes float64, as as_float says.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    y = _right["conv_nd_forward"](x, w, b, stride, pad, dilation)
    return y.astype(np.float16) if x.dtype == np.float16 else y


# %% rounded_like_the_bias | fails: test_shapes_and_dtypes_of_a_convolution | hint: A bias of float32 beside an x of float64: calculate in float64, do not round to float32 first.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    y = _right["conv_nd_forward"](x, w, b, stride, pad, dilation)
    return y if b is None or b.dtype != np.float32 else y.astype(np.float32).astype(y.dtype)


# %% strides_counted_by_hand | fails: test_images | hint: A view need not lie in memory in the order of its axes: as_strided takes the array's own strides.
def conv_nd_forward(x, w, b, stride=1, pad=0, dilation=1):
    x = as_float(x)
    x = np.lib.stride_tricks.as_strided(x, x.shape, np.empty(x.shape, x.dtype).strides)
    return _right["conv_nd_forward"](x, w, b, stride, pad, dilation)
