"""Wrong solutions of question 3: the gradients of a convolution. Each cell is appended to the reference notebook."""
# ruff: noqa: B905, E501 - a header is one line, cells are written as students write


# %%
def _padded(x, pad, sides=(1, 1)):
    return np.pad(as_float(x), ((0, 0), (0, 0), *((p * sides[0], p * sides[1]) for p in pad)))


def _with_padding(dy, x, w, stride, pad):
    """dx of the padded image, with its padding."""
    return _right["conv2d_backward"](dy, _padded(x, pad), w, stride, (0, 0))[0]


def _laid(dy, x, w, pad, at, add=True):
    """dx by laying kernels over a padded image: output (i, j) lays its entry (t, u) at `at(i, t, axis)`."""
    (H, W), (kh, kw), (Ho, Wo) = x.shape[2:], w.shape[2:], dy.shape[2:]
    dx = _padded(np.zeros_like(as_float(x)), pad)
    for i, j in np.ndindex(Ho, Wo):
        for t, u in np.ndindex(kh, kw):
            row, column = at(i, t, 0), at(j, u, 1)
            if 0 <= row < dx.shape[2] and 0 <= column < dx.shape[3]:
                message = as_float(dy)[:, :, i, j] @ as_float(w)[:, :, t, u]
                dx[:, :, row, column] = message + (dx[:, :, row, column] if add else 0)
    return dx[:, :, pad[0] : pad[0] + H, pad[1] : pad[1] + W]


# %% empty_for_no_padding | fails: test_gradient_of_the_image | hint: dx[:, :, p:-p] is empty for p = 0: cut with p : p + H.
def conv2d_backward(dy, x, w, stride, pad):
    _, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    dx = _with_padding(dy, x, w, stride, pad)
    return dx[:, :, pad[0] : -pad[0], pad[1] : -pad[1]], dw, db


# %% padding_kept | fails: test_gradient_of_the_image | hint: dx has the size of the image without its padding: cut the border off.
def conv2d_backward(dy, x, w, stride, pad):
    return _with_padding(dy, x, w, stride, pad), *_right["conv2d_backward"](dy, x, w, stride, pad)[1:]


# %% cut_from_the_wrong_side | fails: test_gradient_of_the_image | hint: The image begins at row p of the padded one: cut off p rows at the beginning, not all at the end.
def conv2d_backward(dy, x, w, stride, pad):
    H, W = x.shape[2:]
    return _with_padding(dy, x, w, stride, pad)[:, :, :H, :W], *_right["conv2d_backward"](dy, x, w, stride, pad)[1:]


# %% stride_forgotten_in_dx | fails: test_gradient_of_the_image, test_backward_is_the_adjoint_of_forward | hint: Output (i, j) was computed at row i times the stride; its kernel belongs there and not at row i.
def conv2d_backward(dy, x, w, stride, pad):
    dx = _laid(dy, x, w, pad, lambda i, t, axis: i + t)
    return dx, *_right["conv2d_backward"](dy, x, w, stride, pad)[1:]


# %% stride_forgotten_in_dw | fails: test_gradient_of_the_kernel, test_backward_is_the_adjoint_of_forward | hint: The pixels that entry (t, u) met are a stride apart.
def conv2d_backward(dy, x, w, stride, pad):
    dx, _, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, _right["conv2d_backward"](dy, x, w, (1, 1), pad)[1], db


# %% kernel_flipped_in_dx | fails: test_gradient_of_the_image, test_backward_is_the_adjoint_of_forward | hint: When kernels are laid over the image they lie as in the forward pass; flipping belongs to the other form, the convolution of dy.
def conv2d_backward(dy, x, w, stride, pad):
    _, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return _right["conv2d_backward"](dy, x, w[:, :, ::-1, ::-1], stride, pad)[0], dw, db


# %% dw_flipped | fails: test_gradient_of_the_kernel, test_backward_is_the_adjoint_of_forward | hint: dw comes out upside down and mirrored: entry (t, u) met the pixel (i s + t, j s + u).
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, dw[:, :, ::-1, ::-1], db


# %% overwritten | fails: test_gradient_of_the_image, test_backward_is_the_adjoint_of_forward | hint: Where kernels overlap their messages add up: += instead of =.
def conv2d_backward(dy, x, w, stride, pad):
    dx = _laid(dy, x, w, pad, lambda i, t, axis: i * stride[axis] + t, add=False)
    return dx, *_right["conv2d_backward"](dy, x, w, stride, pad)[1:]


# %% dw_mean_over_the_batch | fails: test_gradient_of_the_kernel | hint: Sum over the images of the batch; the mean is in dy already.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, dw / np.asarray(len(x), dw.dtype), db


# %% dw_mean_over_places | fails: test_gradient_of_the_kernel | hint: Sum over the places of the output, do not average.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, dw / np.asarray(dy[0, 0].size, dw.dtype), db


# %% dw_of_the_first_image | fails: test_gradient_of_the_kernel, test_calls_and_images_do_not_mix | hint: All images of the batch send messages to the kernel, not just the first.
def conv2d_backward(dy, x, w, stride, pad):
    dx, _, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, _right["conv2d_backward"](dy[:1], x[:1], w, stride, pad)[1], db


# %% dw_with_the_image_unpadded | fails: test_gradient_of_the_kernel, test_backward_is_the_adjoint_of_forward | hint: The kernel met the padded image: dw has to be computed from that.
def conv2d_backward(dy, x, w, stride, pad):
    dx, _, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, _right["conv2d_backward"](dy, _padded(x, pad, (0, 2)), w, stride, (0, 0))[1], db


# %% dw_from_sums_of_dy | fails: test_gradient_of_the_kernel | hint: Every place has its own dy: multiply before you sum over places.
def conv2d_backward(dy, x, w, stride, pad):
    dx, _, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    mean = np.broadcast_to(as_float(dy).mean(axis=(2, 3), keepdims=True), dy.shape)
    return dx, _right["conv2d_backward"](mean, x, w, stride, pad)[1], db


# %% dx_from_sums_of_dy | fails: test_gradient_of_the_image | hint: Every output lays its own dy times the kernel; a map's mean is not enough.
def conv2d_backward(dy, x, w, stride, pad):
    _, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    mean = np.broadcast_to(as_float(dy).mean(axis=(2, 3), keepdims=True), dy.shape)
    return _right["conv2d_backward"](mean, x, w, stride, pad)[0], dw, db


# %% db_over_the_batch_only | fails: test_gradient_of_the_bias | hint: b_f was added to every pixel of its map: sum over rows and columns as well.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, _ = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, dw, as_float(dy).sum(axis=0)


# %% db_for_every_image | fails: test_gradient_of_the_bias | hint: All images share the bias: sum over the batch as well.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, _ = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, dw, as_float(dy).sum(axis=(2, 3))


# %% db_mean | fails: test_gradient_of_the_bias | hint: db is the sum of dy over images and places, not the mean.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, _ = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, dw, as_float(dy).mean(axis=(0, 2, 3))


# %% db_mean_over_the_batch | fails: test_gradient_of_the_bias | hint: Sum over the images; the mean over the batch is in dy already.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, dw, db / np.asarray(len(x), db.dtype)


# %% stride_width_first | fails: test_gradient_of_the_image, test_gradient_of_the_kernel | hint: A stride is (rows, columns); here the two are exchanged.
def conv2d_backward(dy, x, w, stride, pad):
    dx = _laid(dy, x, w, pad, lambda i, t, axis: i * stride[1 - axis] + t)
    H, W = (max(n, s * (m - 1) + k) for n, s, m, k in zip(x.shape[2:], stride[::-1], dy.shape[2:], w.shape[2:]))
    wide = np.pad(as_float(x), ((0, 0), (0, 0), (0, H - x.shape[2]), (0, W - x.shape[3])))
    _, dw, db = _right["conv2d_backward"](dy, wide, w, stride[::-1], pad)
    return dx, dw, db


# %% pad_width_first | fails: test_gradient_of_the_image | hint: A padding is (rows, columns); here the two are exchanged.
def conv2d_backward(dy, x, w, stride, pad):
    _, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    H, W = x.shape[2:]
    wide = np.pad(_with_padding(dy, x, w, stride, pad), ((0, 0), (0, 0), (0, 2), (0, 2)))
    return wide[:, :, pad[1] : pad[1] + H, pad[0] : pad[0] + W], dw, db


# %% maps_and_channels_exchanged | fails: test_gradient_of_the_image | hint: w is (F, C, ...): a message goes from map f to channel c with the weight w[f, c].
def conv2d_backward(dy, x, w, stride, pad):
    _, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    turned = np.swapaxes(w, 0, 1) if len(w) == w.shape[1] else w  # otherwise NumPy would raise
    return _right["conv2d_backward"](dy, x, turned, stride, pad)[0], dw, db


# %% dw_transposed | fails: test_gradient_of_the_kernel | hint: dw has to be (F, C, kh, kw) like w; its first two axes are exchanged.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, np.swapaxes(dw, 0, 1) if len(dw) == dw.shape[1] else dw, db


# %% kernel_transposed | fails: test_gradient_of_the_image | hint: Rows and columns of the kernel are exchanged.
def conv2d_backward(dy, x, w, stride, pad):
    _, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    turned = np.swapaxes(w, 2, 3) if w.shape[2] == w.shape[3] else w
    return _right["conv2d_backward"](dy, x, turned, stride, pad)[0], dw, db


# %% left_over_rows_filled | fails: test_gradient_of_the_image, test_pixels_that_are_never_seen_get_nothing | hint: Rows that the stride leaves over at the end influenced nothing: their gradient is 0.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    end = (dy.shape[2] - 1) * stride[0] + w.shape[2] - pad[0]
    if 0 < end < x.shape[2]:
        dx[:, :, end:] = dx[:, :, end - 1 : end]
    return dx, dw, db


# %% one_row_off_for_even_kernels | fails: test_gradient_of_the_image | hint: An even kernel has no middle: an argument with k // 2 is one row off.
def conv2d_backward(dy, x, w, stride, pad):
    _, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    shift = 1 - w.shape[2] % 2
    return _laid(dy, x, w, pad, lambda i, t, axis: i * stride[axis] + t + (shift if axis == 0 else 0)), dw, db


# %% long_strides_misplaced | fails: test_pixels_that_are_never_seen_get_nothing | hint: With a stride longer than the kernel there are gaps between the kernels.
def conv2d_backward(dy, x, w, stride, pad):
    _, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return _laid(dy, x, w, pad, lambda i, t, axis: i * min(stride[axis], w.shape[2 + axis]) + t), dw, db


# %% square_kernels_only | fails: test_gradient_of_the_image, test_gradient_of_the_kernel | hint: A kernel may have more columns than rows; only the square part of it was used.
def conv2d_backward(dy, x, w, stride, pad):
    k = min(w.shape[2:])
    part = np.zeros_like(w)
    part[:, :, :k, :k] = w[:, :, :k, :k]
    dx = _right["conv2d_backward"](dy, x, part, stride, pad)[0]
    _, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    dw[:, :, k:], dw[:, :, :, k:] = 0, 0
    return dx, dw, db


# %% image_changed_in_place | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: The gradient was added into the caller's x: start from np.zeros_like.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    x += dx
    return dx, dw, db


# %% dy_changed_in_place | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: The caller's dy must stay as it is.
def conv2d_backward(dy, x, w, stride, pad):
    answers = _right["conv2d_backward"](dy, x, w, stride, pad)
    dy /= 2
    return answers


# %% dx_divided_by_the_batch | fails: test_gradient_of_the_image | hint: dx of an image is not divided by N; the mean is in dy already.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx / np.asarray(len(x), dx.dtype), dw, db


# %% dx_summed_over_the_batch | fails: test_gradient_of_the_image, test_calls_and_images_do_not_mix | hint: Each image gets the messages of its own outputs only.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return np.broadcast_to(dx.sum(axis=0, keepdims=True), dx.shape).copy(), dw, db


# %% maps_not_summed | fails: test_gradient_of_the_image | hint: A pixel gets messages from all maps; only those of the first one arrive.
def conv2d_backward(dy, x, w, stride, pad):
    _, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return _right["conv2d_backward"](dy[:, :1], x, w[:1], stride, pad)[0], dw, db


# %% single_precision_inside | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: float64 inputs were calculated with in float32.
def conv2d_backward(dy, x, w, stride, pad):
    answers = _right["conv2d_backward"](*(a.astype(np.float32) for a in (dy, x, w)), stride, pad)
    return tuple(a.astype(x.dtype) for a in answers)


# %% always_float64 | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: float32 in, float32 out: np.zeros makes float64 if it is not told otherwise.
def conv2d_backward(dy, x, w, stride, pad):
    return tuple(a.astype(np.float64) for a in _right["conv2d_backward"](dy, x, w, stride, pad))


# %% order_of_the_results | fails: test_gradient_of_the_image, test_gradient_of_the_kernel | hint: The order is dx, dw, db.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dw, dx, db


# %% axes_in_memory_order | fails: test_gradient_of_the_image | hint: reshape does not exchange axes: it counts the same numbers off anew. Use transpose.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return np.moveaxis(dx, 1, -1).copy().reshape(x.shape), dw, db


# %% answers_remembered | fails: test_calls_and_images_do_not_mix | hint: A later call with another dy gives the answer of the first one: nothing may be kept from call to call.
_kept = {}


def conv2d_backward(dy, x, w, stride, pad):
    key = x.tobytes(), w.tobytes(), stride, pad
    if key not in _kept:
        _kept[key] = _right["conv2d_backward"](dy, x, w, stride, pad)
    return _kept[key]


# %% torch_used | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: This question is numpy alone.
def conv2d_backward(dy, x, w, stride, pad):
    dy, x, w = (torch.from_numpy(as_float(a).copy()) for a in (dy, x, w))
    with torch.enable_grad():
        x.requires_grad_(), w.requires_grad_()
        y = F.conv2d(x, w, None, stride, pad)
        dx, dw = torch.autograd.grad(y, (x, w), dy)
    return dx.numpy(), dw.numpy(), dy.sum((0, 2, 3)).numpy()


# %% integers_stay_integers | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: Gradients of integers are float64: dy, x and w are made floats first.
def conv2d_backward(dy, x, w, stride, pad):
    return tuple(answer.astype(np.result_type(dy, x, w)) for answer in _right["conv2d_backward"](dy, x, w, stride, pad))


# %% dw_of_the_dtype_of_w | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: zeros_like(w) has the dtype of w; the dtype of dy decides for all three gradients.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, dw.astype(as_float(w).dtype), db


# %% shape_of_dy_changed | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: dy.shape = ... changes the caller's array, too; reshape makes a new one.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, _ = _right["conv2d_backward"](dy, x, w, stride, pad)
    dy.shape = (*dy.shape[:2], -1)
    return dx, dw, as_float(dy).sum((0, 2))


# %% places_remembered | fails: test_gradient_of_the_image, test_gradient_of_the_kernel | hint: What is kept from call to call must be looked up by all that it depends on, stride and padding included.
_geometry = {}


def conv2d_backward(dy, x, w, stride, pad):
    return _right["conv2d_backward"](dy, x, w, *_geometry.setdefault((x.shape, w.shape), (stride, pad)))


# %% dx_of_the_dtype_of_x | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: zeros_like(x) has the dtype of x; the dtype of dy decides for all three gradients.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx.astype(as_float(x).dtype), dw, db


# %% float16_kept | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: float32 alone stays as it is; for a dy of float16 all three gradients are float64.
def conv2d_backward(dy, x, w, stride, pad):
    answers = _right["conv2d_backward"](dy, x, w, stride, pad)
    return tuple(answer.astype(np.float16) for answer in answers) if dy.dtype == np.float16 else answers


# %% small_integers_added_up | fails: test_shapes_and_dtypes_of_the_gradients_of_a_convolution | hint: Integers of one byte are added up in one byte, if the sum is told their dtype: make dy floats first.
def conv2d_backward(dy, x, w, stride, pad):
    dx, dw, db = _right["conv2d_backward"](dy, x, w, stride, pad)
    return dx, dw, dy.sum(axis=(0, 2, 3), dtype=dy.dtype).astype(db.dtype)


# %% strides_of_a_copy_for_a_view | fails: test_calls_and_images_do_not_mix | hint: as_strided was given the strides of an array that lies row by row; a view with other strides holds its numbers elsewhere.
def conv2d_backward(dy, x, w, stride, pad):
    if not any(pad):
        steps = x.itemsize * np.array([x[0].size, x[0, 0].size, x.shape[3], 1])
        x = np.lib.stride_tricks.as_strided(x, x.shape, steps)
    return _right["conv2d_backward"](dy, x, w, stride, pad)
