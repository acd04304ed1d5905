"""Wrong solutions of question 6: transposed convolution, upsampling. Each cell is appended to the reference notebook."""
# ruff: noqa: B905, E501 - a header is one line, cells are written as students write


# %%
def _whole(x, w, stride, output_padding=0):
    """The large map before anything is cut off."""
    return _right["conv_transpose2d"](x, w, None, stride, 0, output_padding)


def _cut(y, b, pad):
    y = y[:, :, pad : y.shape[2] - pad, pad : y.shape[3] - pad]
    return y if b is None else y + as_float(b)[:, None, None]


# %% maps_and_channels_exchanged | fails: test_transposed_convolution | hint: w is (C, F, ...) here: its first axis counts the maps that go in.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    w = np.swapaxes(w, 0, 1) if w.shape[0] == w.shape[1] else w  # otherwise NumPy would raise
    return _right["conv_transpose2d"](x, w, b, stride, pad, output_padding)


# %% kernel_flipped | fails: test_transposed_convolution, test_it_is_the_adjoint_of_the_convolution | hint: The kernel is laid down as it is; it is flipped only in the other form, zeros between the pixels and an ordinary convolution.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x, w[:, :, ::-1, ::-1], b, stride, pad, output_padding)


# %% kernel_transposed | fails: test_transposed_convolution | hint: Transposed means the matrix of the convolution, not the kernel: its rows stay rows.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    w = np.swapaxes(w, 2, 3) if w.shape[2] == w.shape[3] else w
    return _right["conv_transpose2d"](x, w, b, stride, pad, output_padding)


# %% one_row_too_many | fails: test_transposed_convolution | hint: The size is (H - 1) s - 2p + k: the last kernel ends the map.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x, w, b, stride, pad, output_padding + 1)


# %% one_row_too_few | fails: test_transposed_convolution | hint: The size is (H - 1) s - 2p + k; one row and column are missing.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x, w, b, stride, pad, output_padding)[:, :, :-1, :-1]


# %% size_h_times_s | fails: test_transposed_convolution, test_corners_of_the_transposed_convolution | hint: There are H - 1 steps between H pixels: zeros behind the last pixel make the map too large.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x, w, b, stride, pad, output_padding + stride - 1)


# %% output_padding_in_front | fails: test_output_padding | hint: output_padding adds rows at the bottom and columns at the right, not in front.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = np.pad(_whole(x, w, stride), ((0, 0), (0, 0), (output_padding, 0), (output_padding, 0)))
    return _cut(y, b, pad)


# %% output_padding_ignored | fails: test_output_padding | hint: output_padding makes the result larger by that many rows and columns.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x, w, b, stride, pad)


# %% output_padding_after_cutting | fails: test_output_padding | hint: output_padding comes before the padding is cut off: rows with values are kept, instead of zeros being added.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = _cut(_whole(x, w, stride), None, pad)
    y = np.pad(y, ((0, 0), (0, 0), (0, output_padding), (0, output_padding)))
    return y if b is None else y + as_float(b)[:, None, None]


# %% output_padding_without_bias | fails: test_output_padding | hint: The bias is added everywhere, also in rows that nothing reaches.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = _right["conv_transpose2d"](x, w, b, stride, pad, output_padding)
    if b is not None and output_padding > pad:
        y[:, :, y.shape[2] - output_padding + pad :] = 0
    return y


# %% output_padding_on_both_sides | fails: test_output_padding | hint: output_padding is added on one side only.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    q = output_padding
    return _cut(np.pad(_whole(x, w, stride), ((0, 0), (0, 0), (q, q), (q, q))), b, pad)


# %% cut_at_the_end_only | fails: test_transposed_convolution | hint: p is cut off on each side; yours cuts 2p at the end.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = _whole(x, w, stride, output_padding)
    y = y[:, :, : y.shape[2] - 2 * pad, : y.shape[3] - 2 * pad]
    return y if b is None else y + as_float(b)[:, None, None]


# %% cut_once | fails: test_transposed_convolution | hint: p is cut off at the beginning and at the end.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = _whole(x, w, stride, output_padding)[:, :, pad:, pad:]
    return y if b is None else y + as_float(b)[:, None, None]


# %% empty_without_padding | fails: test_transposed_convolution | hint: y[:, :, p:-p] is empty for p = 0.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = _whole(x, w, stride, output_padding)[:, :, pad:-pad, pad:-pad]
    return y if b is None else y + as_float(b)[:, None, None]


# %% padded_instead_of_cut | fails: test_transposed_convolution | hint: The padding of a transposed convolution makes the result smaller.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = np.pad(_whole(x, w, stride, output_padding), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return y if b is None else y + as_float(b)[:, None, None]


# %% padding_ignored | fails: test_transposed_convolution | hint: p rows and columns have to be cut off on each side.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x, w, b, stride, 0, output_padding)


# %% overlaps_overwritten | fails: test_transposed_convolution, test_ones_count_overlaps | hint: Where kernels overlap they add up: += instead of =.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y, (kh, kw) = np.zeros_like(_whole(x, w, stride, output_padding)), w.shape[2:]
    for i, j in np.ndindex(*x.shape[2:]):
        y[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] = np.einsum(
            "nc,cftu->nftu", as_float(x)[:, :, i, j], as_float(w)
        )
    return _cut(y, b, pad)


# %% overlaps_averaged | fails: test_transposed_convolution, test_ones_count_overlaps | hint: Where kernels overlap they add up; they are not averaged.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    counts = _whole(np.ones_like(as_float(x[:1, :1])), np.ones_like(as_float(w[:1, :1])), stride, output_padding)
    return _cut(_whole(x, w, stride, output_padding) / np.maximum(counts, 1), b, pad)


# %% stride_ignored | fails: test_transposed_convolution | hint: Neighbouring pixels lay their kernels a stride apart.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = np.zeros_like(_whole(x, w, stride, output_padding))
    dense = _whole(x, w, 1)
    y[:, :, : dense.shape[2], : dense.shape[3]] = dense[:, :, : y.shape[2], : y.shape[3]]
    return _cut(y, b, pad)


# %% bias_with_every_kernel | fails: test_transposed_convolution | hint: b is added once at the end, not with every kernel that is laid down.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    if b is None:
        return _right["conv_transpose2d"](x, w, b, stride, pad, output_padding)
    counts = _whole(np.ones_like(as_float(x[:1, :1])), np.ones_like(as_float(w[:1, :1])), stride, output_padding)
    return _cut(_whole(x, w, stride, output_padding) + counts * as_float(b)[:, None, None], None, pad)


# %% bias_ignored | fails: test_transposed_convolution | hint: The bias b is missing in the result.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x, w, None, stride, pad, output_padding)


# %% bias_along_the_last_axis | fails: test_transposed_convolution | hint: y + b adds b along the columns; it belongs to axis 1, the maps.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = _right["conv_transpose2d"](x, w, None, stride, pad, output_padding)
    if b is None:
        return y
    return y + b if y.shape[-1] == len(b) else y + as_float(b)[:, None, None]  # otherwise NumPy would raise


# %% bias_required | fails: test_transposed_convolution | hint: b may be None.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x, w, as_float(b).reshape(w.shape[1]), stride, pad, output_padding)


# %% square_only | fails: test_transposed_convolution | hint: Kernels and images may have more columns than rows.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    k = min(w.shape[2:])
    part = np.zeros_like(w)
    part[:, :, :k, :k] = w[:, :, :k, :k]
    return _right["conv_transpose2d"](x, part, b, stride, pad, output_padding)


# %% first_channel_only | fails: test_transposed_convolution | hint: The contributions of all channels add up.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x[:, :1], w[:1], b, stride, pad, output_padding)


# %% image_changed_in_place | fails: test_shapes_and_dtypes_of_upsampling | hint: The caller's image must stay as it is.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = _right["conv_transpose2d"](x, w, b, stride, pad, output_padding)
    x *= 2
    return y


# %% always_float64 | fails: test_shapes_and_dtypes_of_upsampling | hint: float32 in, float32 out: np.zeros makes float64 if it is not told otherwise.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x, w, b, stride, pad, output_padding).astype(np.float64)


# %% tiled | fails: test_upsampling_makes_blocks, test_upsampling_is_a_transposed_convolution | hint: np.tile repeats the whole image; np.repeat repeats each pixel.
def upsample_nearest(x, s):
    return np.tile(as_float(x), (1, 1, s, s))


# %% rows_only | fails: test_upsampling_makes_blocks | hint: Rows and columns are both repeated.
def upsample_nearest(x, s):
    return as_float(x).repeat(s, axis=2)


# %% with_zeros_in_between | fails: test_upsampling_makes_blocks | hint: Each pixel fills its whole block; there are no zeros in between.
def upsample_nearest(x, s):
    y = np.zeros((*x.shape[:2], x.shape[2] * s, x.shape[3] * s), as_float(x).dtype)
    y[:, :, ::s, ::s] = x
    return y


# %% interpolated | fails: test_upsampling_makes_blocks | hint: Nearest means the value of the nearest pixel; yours interpolates between pixels.
def upsample_nearest(x, s):
    x = as_float(x)
    for axis in (2, 3):
        n = x.shape[axis]
        at = np.clip((np.arange(n * s) + 0.5) / s - 0.5, 0, n - 1)
        low = np.floor(at).astype(int)
        shape = [1, 1, 1, 1]
        shape[axis] = -1
        share = (at - low).astype(x.dtype).reshape(shape)
        x = np.take(x, low, axis) * (1 - share) + np.take(x, np.minimum(low + 1, n - 1), axis) * share
    return x


# %% upsampled_integers | fails: test_shapes_and_dtypes_of_upsampling | hint: Everything but float32 becomes float64, integers as well.
def upsample_nearest(x, s):
    return x.repeat(s, axis=2).repeat(s, axis=3)


# %% mean_of_the_block | fails: test_gradient_of_upsampling, test_upsampling_is_a_transposed_convolution | hint: A pixel that was copied s * s times gets the sum of what its copies get, not the mean.
def upsample_nearest_backward(dy, s):
    return _right["upsample_nearest_backward"](dy, s) / np.asarray(s * s, as_float(dy).dtype)


# %% corner_of_the_block | fails: test_gradient_of_upsampling | hint: All copies of a pixel send their gradient back, not just the first.
def upsample_nearest_backward(dy, s):
    return as_float(dy)[:, :, ::s, ::s].copy()


# %% gradient_of_tiles | fails: test_gradient_of_upsampling | hint: The copies of a pixel lie side by side in a block: reshape to (H, s, W, s), not to (s, H, s, W).
def upsample_nearest_backward(dy, s):
    N, C, H, W = dy.shape
    return as_float(dy).reshape(N, C, s, H // s, s, W // s).sum(axis=(2, 4))


# %% summed_once_over_rows | fails: test_gradient_of_upsampling | hint: Add up rows and columns of the block.
def upsample_nearest_backward(dy, s):
    N, C, H, W = dy.shape
    return as_float(dy).reshape(N, C, H // s, s, W // s, s).sum(axis=3)[..., 0].copy()


# %% gradient_always_float64 | fails: test_shapes_and_dtypes_of_upsampling | hint: float32 in, float32 out.
def upsample_nearest_backward(dy, s):
    return _right["upsample_nearest_backward"](dy, s).astype(np.float64)


# %% torch_used | fails: test_shapes_and_dtypes_of_upsampling | hint: This question is numpy alone.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    tensors = [None if a is None else torch.from_numpy(as_float(a).copy()) for a in (x, w, b)]
    return F.conv_transpose2d(*tensors, stride, pad, output_padding).numpy()


# %% dtype_of_the_kernel | fails: test_shapes_and_dtypes_of_upsampling | hint: The map x decides the dtype of the result, not the kernel.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    return _right["conv_transpose2d"](x, w, b, stride, pad, output_padding).astype(as_float(w).dtype)


# %% last_rows_without_bias | fails: test_output_padding | hint: b is added after the cut, to every row and column that is left; yours is missing in the last ones.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = _right["conv_transpose2d"](x, w, b, stride, pad, output_padding).copy()
    if b is not None and output_padding:
        bare = _right["conv_transpose2d"](x, w, None, stride, pad, output_padding)
        y[:, :, -output_padding:], y[..., -output_padding:] = bare[:, :, -output_padding:], bare[..., -output_padding:]
    return y


# %% padding_up_to_the_kernel | fails: test_transposed_convolution | hint: p may be as large as the kernel: more is cut off then than a convolution with k - 1 - p zeros around leaves away.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    limit = min(pad, w.shape[2] - 1, w.shape[3] - 1)
    return _right["conv_transpose2d"](x, w, b, stride, limit, output_padding)


# %% products_of_small_integers | fails: test_shapes_and_dtypes_of_upsampling | hint: 200 times 100 is not 20000 in uint8: make x and w floats before the product.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = _right["conv_transpose2d"](x, w, b, stride, pad, output_padding)
    return y.astype(np.int64).astype(x.dtype).astype(float) if x.dtype == w.dtype == np.uint8 else y


# %% upsampling_of_float16 | fails: test_shapes_and_dtypes_of_upsampling | hint: float32 alone stays as it is; float16 becomes float64, as as_float says.
def upsample_nearest(x, s):
    return np.repeat(np.repeat(x if x.dtype.kind == "f" else as_float(x), s, axis=2), s, axis=3)


# %% small_integers_added_up | fails: test_shapes_and_dtypes_of_upsampling | hint: s * s integers of one byte overflow when they are added up: make dy floats first.
def upsample_nearest_backward(dy, s):
    return as_float(sum(dy[:, :, i::s, j::s] for i in range(s) for j in range(s)))


# %% transposed_convolution_of_float16 | fails: test_shapes_and_dtypes_of_upsampling | hint: float32 alone stays as it is; float16 becomes float64, as as_float says.
def conv_transpose2d(x, w, b, stride, pad, output_padding=0):
    y = _right["conv_transpose2d"](x, w, b, stride, pad, output_padding)
    return y.astype(np.float16) if x.dtype == np.float16 else y
