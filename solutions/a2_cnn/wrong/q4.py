"""Wrong solutions of question 4: im2col and its adjoint. Each cell is appended to the reference notebook."""
# ruff: noqa: B905, E501 - a header is one line, cells are written as students write


# %%
def _windows(x, kh, kw, stride, pad):
    """All patches as (N, C, Ho, Wo, kh, kw)."""
    x = np.pad(as_float(x), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]


def _ordered(x, kh, kw, stride, pad, order):
    """im2col with the axes of the patches in another order; the product of the first three counts the rows."""
    P = _windows(x, kh, kw, stride, pad)
    rows = P.shape[0] * P.shape[2] * P.shape[3]
    return P.transpose(order).copy().reshape(rows, -1)


def _places(x_shape, kh, kw, stride, pad):
    return (x_shape[2] + 2 * pad - kh) // stride + 1, (x_shape[3] + 2 * pad - kw) // stride + 1


def _laid(cols, x_shape, kh, kw, stride, pad, step=None, add=True):
    """col2im onto the padded image, padding included."""
    N, C, H, W = x_shape
    Ho, Wo = _places(x_shape, kh, kw, stride, pad)
    step = stride if step is None else step
    P = as_float(cols).reshape(N, Ho, Wo, C, kh, kw)
    x = np.zeros((N, C, H + 2 * pad, W + 2 * pad), P.dtype)
    for i, j in np.ndindex(Ho, Wo):
        here = np.s_[:, :, i * step : i * step + kh, j * step : j * step + kw]
        x[here] = P[:, i, j] + (x[here] if add else 0)
    return x


def _strided(x, kh, kw, stride):
    """im2col without padding, by the strides of an array that lies row by row."""
    N, C, H, W = x.shape
    Ho, Wo = (H - kh) // stride + 1, (W - kw) // stride + 1
    steps = x.itemsize * np.array([C * H * W, stride * W, stride, H * W, W, 1])
    return np.lib.stride_tricks.as_strided(x, (N, Ho, Wo, C, kh, kw), steps).copy().reshape(-1, C * kh * kw)


def _cut(x, x_shape, pad):
    return x[:, :, pad : pad + x_shape[2], pad : pad + x_shape[3]]


# %% channels_last_in_a_row | fails: test_order_of_rows_and_columns | hint: A row lists channel 0 first, then channel 1; yours lists all channels of a pixel before the next pixel.
def im2col(x, kh, kw, stride, pad):
    return _ordered(x, kh, kw, stride, pad, (0, 2, 3, 4, 5, 1))


# %% places_before_images | fails: test_order_of_rows_and_columns | hint: The rows go through all places of image 0 before image 1 comes.
def im2col(x, kh, kw, stride, pad):
    return _ordered(x, kh, kw, stride, pad, (2, 3, 0, 1, 4, 5))


# %% places_column_by_column | fails: test_order_of_rows_and_columns | hint: Places are listed line by line: the output column runs fastest.
def im2col(x, kh, kw, stride, pad):
    return _ordered(x, kh, kw, stride, pad, (0, 3, 2, 1, 4, 5))


# %% kernel_column_by_column | fails: test_order_of_rows_and_columns | hint: The columns of the matrix list the kernel row by row, as w.reshape does.
def im2col(x, kh, kw, stride, pad):
    return _ordered(x, kh, kw, stride, pad, (0, 2, 3, 1, 5, 4))


# %% reshaped_without_transposing | fails: test_order_of_rows_and_columns | hint: reshape does not exchange axes: bring them into the order of rows and columns first.
def im2col(x, kh, kw, stride, pad):
    return _ordered(x, kh, kw, stride, pad, (0, 1, 2, 3, 4, 5))


# %% matrix_transposed | fails: test_order_of_rows_and_columns, test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: Patches are rows, entries of the kernel columns; your matrix is turned round.
def im2col(x, kh, kw, stride, pad):
    return _right["im2col"](x, kh, kw, stride, pad).T


# %% padding_forgotten | fails: test_order_of_rows_and_columns | hint: Pad the image before cutting patches out of it.
def im2col(x, kh, kw, stride, pad):
    return (
        _right["im2col"](x, kh, kw, stride, 0)
        if min(x.shape[2] - kh, x.shape[3] - kw) >= 0
        else _right["im2col"](x, kh, kw, stride, pad)
    )


# %% stride_forgotten | fails: test_order_of_rows_and_columns | hint: Only every s-th place is a row of the matrix.
def im2col(x, kh, kw, stride, pad):
    return _right["im2col"](x, kh, kw, 1, pad)


# %% kernel_sizes_exchanged | fails: test_order_of_rows_and_columns | hint: kh counts rows, kw columns.
def im2col(x, kh, kw, stride, pad):
    big = max(kh, kw)
    wide = np.pad(as_float(x), ((0, 0), (0, 0), (pad, pad + big), (pad, pad + big)))
    Ho, Wo = _places(x.shape, kh, kw, stride, pad)
    P = _windows(wide, kw, kh, stride, 0)[:, :, :Ho, :Wo]
    return P.transpose(0, 2, 3, 1, 4, 5).copy().reshape(len(x) * Ho * Wo, -1)


# %% a_view | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: The matrix must be a copy; yours is a view, and who writes into it changes the image.
def im2col(x, kh, kw, stride, pad):
    if (kh, kw) == (1, 1) and x.shape[1] == 1 and (stride, pad) == (1, 0) and x.dtype.kind == "f":
        return x.reshape(-1, 1)
    return _right["im2col"](x, kh, kw, stride, pad)


# %% integers_stay_integers | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: Everything but float32 becomes float64, integers as well.
def im2col(x, kh, kw, stride, pad):
    return _right["im2col"](x, kh, kw, stride, pad).astype(x.dtype)


# %% always_float64 | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: float32 in, float32 out: np.zeros makes float64 if it is not told otherwise.
def im2col(x, kh, kw, stride, pad):
    return _right["im2col"](x, kh, kw, stride, pad).astype(np.float64)


# %% col2im_always_float64 | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: float32 in, float32 out: np.zeros makes float64 if it is not told otherwise.
def col2im(cols, x_shape, kh, kw, stride, pad):
    return _right["col2im"](cols, x_shape, kh, kw, stride, pad).astype(np.float64)


# %% overlaps_averaged | fails: test_col2im_is_the_adjoint_of_im2col, test_there_and_back_counts_the_patches | hint: Where patches overlap col2im adds up, it does not average: it is the adjoint, not the inverse.
def col2im(cols, x_shape, kh, kw, stride, pad):
    total, counts = (_right["col2im"](c, x_shape, kh, kw, stride, pad) for c in (cols, np.ones_like(cols)))
    return total / np.maximum(counts, 1)


# %% overlaps_overwritten | fails: test_col2im_is_the_adjoint_of_im2col, test_there_and_back_counts_the_patches | hint: Where patches overlap the later one wiped out the earlier: += instead of =.
def col2im(cols, x_shape, kh, kw, stride, pad):
    return _cut(_laid(cols, x_shape, kh, kw, stride, pad, add=False), x_shape, pad)


# %% repeated_index_added_once | fails: test_col2im_is_the_adjoint_of_im2col, test_there_and_back_counts_the_patches | hint: x[index] += values adds only once to a pixel that occurs twice in the index; np.add.at or a loop over the kernel's entries adds all.
def col2im(cols, x_shape, kh, kw, stride, pad):
    N, C, H, W = x_shape
    Ho, Wo = _places(x_shape, kh, kw, stride, pad)
    x = np.zeros((N, C, H + 2 * pad, W + 2 * pad), as_float(cols).dtype)
    i = np.arange(Ho)[:, None, None, None] * stride + np.arange(kh)[:, None]
    j = np.arange(Wo)[:, None, None] * stride + np.arange(kw)
    x[:, :, i, j] += as_float(cols).reshape(N, Ho, Wo, C, kh, kw).transpose(0, 3, 1, 2, 4, 5)
    return _cut(x, x_shape, pad)


# %% empty_for_no_padding | fails: test_col2im_is_the_adjoint_of_im2col | hint: x[:, :, p:-p] is empty for p = 0: cut with p : p + H.
def col2im(cols, x_shape, kh, kw, stride, pad):
    return _laid(cols, x_shape, kh, kw, stride, pad)[:, :, pad:-pad, pad:-pad]


# %% padding_kept | fails: test_col2im_is_the_adjoint_of_im2col | hint: What came from the padding goes nowhere: cut the border off.
def col2im(cols, x_shape, kh, kw, stride, pad):
    return _laid(cols, x_shape, kh, kw, stride, pad)


# %% cut_from_the_wrong_side | fails: test_col2im_is_the_adjoint_of_im2col | hint: The image begins at row p of the padded one.
def col2im(cols, x_shape, kh, kw, stride, pad):
    return _laid(cols, x_shape, kh, kw, stride, pad)[:, :, : x_shape[2], : x_shape[3]]


# %% stride_forgotten_on_the_way_back | fails: test_col2im_is_the_adjoint_of_im2col, test_there_and_back_counts_the_patches | hint: Patch (i, j) was cut out at row i times the stride, and goes back there.
def col2im(cols, x_shape, kh, kw, stride, pad):
    return _cut(_laid(cols, x_shape, kh, kw, stride, pad, step=1), x_shape, pad)


# %% way_back_in_another_order | fails: test_col2im_is_the_adjoint_of_im2col, test_there_and_back_counts_the_patches | hint: A row of cols is (channel, kernel row, kernel column); col2im reads it in another order.
def col2im(cols, x_shape, kh, kw, stride, pad):
    N, C, _, _ = x_shape
    Ho, Wo = _places(x_shape, kh, kw, stride, pad)
    P = cols.reshape(N, Ho, Wo, kh, kw, C).transpose(0, 1, 2, 5, 3, 4)
    return _right["col2im"](P.reshape(cols.shape), x_shape, kh, kw, stride, pad)


# %% cols_changed_in_place | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: The caller's matrix must stay as it is.
def col2im(cols, x_shape, kh, kw, stride, pad):
    x = _right["col2im"](cols, x_shape, kh, kw, stride, pad)
    cols[0] = 0
    return x


# %% maps_last | fails: test_fast_convolution_is_the_convolution | hint: Maps are axis 1 of the result; yours come last.
def conv2d_fast(x, w, b, stride, pad):
    return _right["conv2d_fast"](x, w, b, stride, pad).transpose(0, 2, 3, 1)


# %% product_reshaped_at_once | fails: test_fast_convolution_is_the_convolution | hint: The product counts places first and maps last: reshape to (N, Ho, Wo, F), then transpose.
def conv2d_fast(x, w, b, stride, pad):
    y = _right["conv2d_fast"](x, w, b, stride, pad)
    return y.transpose(0, 2, 3, 1).copy().reshape(y.shape)


# %% places_transposed | fails: test_fast_convolution_is_the_convolution | hint: Rows and columns of the maps are exchanged.
def conv2d_fast(x, w, b, stride, pad):
    y = _right["conv2d_fast"](x, w, b, stride, pad)
    return y.transpose(0, 1, 3, 2) if y.shape[2] == y.shape[3] else y.transpose(0, 1, 3, 2).copy().reshape(y.shape)


# %% kernels_in_another_order | fails: test_fast_convolution_is_the_convolution | hint: A kernel has to be listed in the order of the matrix's columns: channel, row, column.
def conv2d_fast(x, w, b, stride, pad):
    turned = w.transpose(0, 2, 3, 1).reshape(w.shape)
    return _right["conv2d_fast"](x, turned, b, stride, pad)


# %% kernels_read_by_columns | fails: test_fast_convolution_is_the_convolution | hint: w.reshape(-1, F) is not w.reshape(F, -1).T: it mixes the kernels.
def conv2d_fast(x, w, b, stride, pad):
    mixed = w.reshape(-1, len(w)).T.reshape(w.shape)
    return _right["conv2d_fast"](x, mixed, b, stride, pad)


# %% bias_along_the_last_axis | fails: test_fast_convolution_is_the_convolution | hint: b was added after the transposition, along the columns of the maps; it belongs to axis 1.
def conv2d_fast(x, w, b, stride, pad):
    y = _right["conv2d_fast"](x, w, None, stride, pad)
    if b is None:
        return y
    return y + b if y.shape[-1] == len(b) else y + as_float(b)[:, None, None]


# %% bias_ignored | fails: test_fast_convolution_is_the_convolution | hint: The bias b is missing in the result.
def conv2d_fast(x, w, b, stride, pad):
    return _right["conv2d_fast"](x, w, None, stride, pad)


# %% bias_required | fails: test_corners_of_im2col, test_fast_convolution_is_the_convolution | hint: b may be None.
def conv2d_fast(x, w, b, stride, pad):
    return _right["conv2d_fast"](x, w, as_float(b).reshape(len(w)), stride, pad)


# %% several_images_only | fails: test_corners_of_im2col | hint: squeeze removes the axis of a single image too.
def conv2d_fast(x, w, b, stride, pad):
    y = _right["conv2d_fast"](x, w, b, stride, pad)
    return y[0] if len(y) == 1 else y


# %% integers_cut_off | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: An array like an image of integers holds integers: what comes behind the point is lost.
def conv2d_fast(x, w, b, stride, pad):
    y = _right["conv2d_fast"](x, w, b, stride, pad)
    return np.trunc(y) if x.dtype.kind == "i" else y


# %% patches_one_by_one | fails: test_no_loop_over_places | hint: A Python loop over all places is slow; loop over the entries of the kernel, or let sliding_window_view do it.
def im2col(x, kh, kw, stride, pad):
    P = _windows(x, kh, kw, stride, pad)
    N, C, Ho, Wo, _, _ = P.shape
    cols = np.empty((N * Ho * Wo, C * kh * kw), P.dtype)
    for row, (n, i, j) in enumerate(np.ndindex(N, Ho, Wo)):
        cols[row] = P[n, :, i, j].reshape(-1)
    return cols


# %% patches_added_one_by_one | fails: test_no_loop_over_places | hint: A Python loop over all places is slow; loop over the entries of the kernel only.
def col2im(cols, x_shape, kh, kw, stride, pad):
    N, C, H, W = x_shape
    Ho, Wo = _places(x_shape, kh, kw, stride, pad)
    x = np.zeros((N, C, H + 2 * pad, W + 2 * pad), as_float(cols).dtype)
    for row, (n, i, j) in enumerate(np.ndindex(N, Ho, Wo)):
        x[n, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += cols[row].reshape(C, kh, kw)
    return _cut(x, x_shape, pad)


# %% outputs_one_by_one | fails: test_no_loop_over_places | hint: A Python loop over all places is slow: multiply the whole matrix of patches at once.
def conv2d_fast(x, w, b, stride, pad):
    P, W = _windows(x, *w.shape[2:], stride, pad), as_float(w).reshape(len(w), -1)
    N, _, Ho, Wo, _, _ = P.shape
    y = np.empty((N, len(w), Ho, Wo), P.dtype)
    for n, i, j in np.ndindex(N, Ho, Wo):
        y[n, :, i, j] = W @ P[n, :, i, j].reshape(-1)
    return y if b is None else y + as_float(b)[:, None, None]


# %% torch_used | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: This question is numpy alone.
def conv2d_fast(x, w, b, stride, pad):
    tensors = [None if a is None else torch.from_numpy(as_float(a).copy()) for a in (x, w, b)]
    return F.conv2d(*tensors, stride, pad).numpy()


# %% loop_over_places_for_all_images | fails: test_no_loop_over_places | hint: The patches of all images are copied at once, but in a Python loop over places.
def im2col(x, kh, kw, stride, pad):
    x = as_float(x)
    N, C, H, W = x.shape
    ho, wo = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    cols = np.empty((N, ho, wo, C, kh, kw), dtype=x.dtype)
    for i in range(ho):
        for j in range(wo):
            cols[:, i, j] = padded[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
    return cols.reshape(N * ho * wo, C * kh * kw)


# %% fast_of_the_dtype_of_w | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: The image decides the dtype of the result, not the kernel.
def conv2d_fast(x, w, b, stride, pad):
    return _right["conv2d_fast"](x, w, b, stride, pad).astype(as_float(w).dtype)


# %% sums_of_integers_stay_integers | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: Of a matrix of integers col2im makes an image of float64.
def col2im(cols, x_shape, kh, kw, stride, pad):
    return _right["col2im"](cols, x_shape, kh, kw, stride, pad).astype(cols.dtype)


# %% patches_remembered | fails: test_order_of_rows_and_columns | hint: A table that is kept from call to call must be looked up by all that it depends on, stride and padding included.
_tables = {}


def im2col(x, kh, kw, stride, pad):
    key = x.shape, kh, kw
    if key not in _tables:
        numbers = np.arange(1.0, x.size + 1).reshape(x.shape)
        _tables[key] = _right["im2col"](numbers, kh, kw, stride, pad).astype(int)
    return np.concatenate([[0.0], as_float(x).ravel()]).astype(as_float(x).dtype)[_tables[key]]


# %% view_of_float32 | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: For a kernel of 1x1 on one channel reshape copies nothing, nor does as_float for float32: then the matrix is the image itself.
def im2col(x, kh, kw, stride, pad):
    cols = _right["im2col"](x, kh, kw, stride, pad)
    return x.reshape(cols.shape) if x.dtype == np.float32 and kh == kw == x.shape[1] == stride and not pad else cols


# %% small_integers_added_up | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: Integers of one byte overflow when they are added up: make cols floats first.
def col2im(cols, x_shape, kh, kw, stride, pad):
    x = _right["col2im"](cols, x_shape, kh, kw, stride, pad)
    return x if cols.dtype.kind not in "iu" else as_float(x.astype(np.int64).astype(cols.dtype))


# %% matrix_of_float16 | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: float32 alone stays as it is; float16 becomes float64, as as_float says.
def im2col(x, kh, kw, stride, pad):
    cols = _right["im2col"](x, kh, kw, stride, pad)
    return cols.astype(np.float16) if x.dtype == np.float16 else cols


# %% sums_of_float16 | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: float32 alone stays as it is; float16 becomes float64, as as_float says.
def col2im(cols, x_shape, kh, kw, stride, pad):
    x = _right["col2im"](cols, x_shape, kh, kw, stride, pad)
    return x.astype(np.float16) if cols.dtype == np.float16 else x


# %% convolution_of_float16 | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: float32 alone stays as it is; float16 becomes float64, as as_float says.
def conv2d_fast(x, w, b, stride, pad):
    y = _right["conv2d_fast"](x, w, b, stride, pad)
    return y.astype(np.float16) if x.dtype == np.float16 else y


# %% strides_of_a_copy_for_a_view | fails: test_corners_of_im2col | hint: as_strided was given the strides of an array that lies row by row; a view with other strides holds its numbers elsewhere.
def im2col(x, kh, kw, stride, pad):
    x = as_float(x)
    return _strided(np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))) if pad else x, kh, kw, stride)


# %% strides_of_a_copy_for_what_was_padded | fails: test_corners_of_im2col | hint: np.pad keeps the order of the axes in memory, column by column if they lay so: take the strides that the array has.
def im2col(x, kh, kw, stride, pad):
    return _strided(np.pad(as_float(x), ((0, 0), (0, 0), (pad, pad), (pad, pad))), kh, kw, stride)


# %% a_view_that_is_read_only | fails: test_shapes_and_dtypes_of_im2col_and_results_are_copies | hint: With a kernel of one pixel, or as large as the image, reshape makes no copy of the windows: the matrix is the image.
def im2col(x, kh, kw, stride, pad):
    x = np.pad(as_float(x), ((0, 0), (0, 0), (pad, pad), (pad, pad))) if pad else as_float(x)
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * kh * kw)


# %% rows_of_places_one_by_one | fails: test_no_loop_over_places | hint: Line by line is a Python loop over places, too: let sliding_window_view and one transpose take all lines at once.
def im2col(x, kh, kw, stride, pad):
    P = _windows(x, kh, kw, stride, pad)
    lines = [P[:, :, i].transpose(0, 2, 1, 3, 4).reshape(len(x), P.shape[3], -1) for i in range(P.shape[2])]
    return np.stack(lines, axis=1).reshape(len(x) * P.shape[2] * P.shape[3], -1)


# %% columns_of_places_one_by_one | fails: test_no_loop_over_places | hint: Column by column is a Python loop over places, too: let sliding_window_view and one transpose take all of them at once.
def im2col(x, kh, kw, stride, pad):
    P = _windows(x, kh, kw, stride, pad)
    columns = [P[:, :, :, j].transpose(0, 2, 1, 3, 4).reshape(len(x), P.shape[2], -1) for j in range(P.shape[3])]
    return np.stack(columns, axis=2).reshape(len(x) * P.shape[2] * P.shape[3], -1)
