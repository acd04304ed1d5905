"""Wrong solutions of question 5: pooling. Each cell is appended to the reference notebook."""
# ruff: noqa: B905, E501 - a header is one line, cells are written as students write


# %%
def _max_forward(x, k, stride, pad, fill=-np.inf):
    """Max pooling; the cache holds the winners as a mask (N, C, Ho, Wo, kh, kw) of all largest pixels."""
    x = as_float(x)
    P = windows_of(x, k, stride, pad, fill)
    y = P.max(axis=(-2, -1))
    return y, (y[..., None, None] == P, x.shape, stride, pad)


def _mask_backward(dy, cache):
    mask, x_shape, stride, pad = cache
    return add_windows(mask * as_float(dy)[..., None, None], x_shape, stride, pad)


def _strides_of_a_copy(x, pad):
    """x, read as if it lay row by row in memory, where nothing is padded."""
    steps = x.itemsize * np.array([x[0].size, x[0, 0].size, x.shape[3], 1])
    return x if any(pad) else np.lib.stride_tricks.as_strided(x, x.shape, steps)


def _overwriting(messages, hit, x_shape, stride, pad):
    """add_windows, but = instead of +=."""
    _, _, Ho, Wo, kh, kw = messages.shape
    (N, C, H, W), (sh, sw), (ph, pw) = x_shape, stride, pad
    dx = np.zeros((N, C, H + 2 * ph, W + 2 * pw), messages.dtype)
    for t, u in np.ndindex(kh, kw):
        here = np.s_[:, :, t : t + sh * (Ho - 1) + 1 : sh, u : u + sw * (Wo - 1) + 1 : sw]
        dx[here] = np.where(hit[..., t, u], messages[..., t, u], dx[here])
    return dx[:, :, ph : ph + H, pw : pw + W]


# %% padded_with_zeros | fails: test_maxima, test_equal_pixels_and_negative_images | hint: A padding of 0 beats negative pixels: pad with minus infinity.
def maxpool2d_forward(x, k, stride, pad):
    x = np.pad(as_float(x), ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2))
    y, cache = _right["maxpool2d_forward"](x, k, stride, (0, 0))
    return y, (cache, pad)


def maxpool2d_backward(dy, cache):
    dx = _right["maxpool2d_backward"](dy, cache[0])
    (ph, pw) = cache[1]
    return dx[:, :, ph : dx.shape[2] - ph, pw : dx.shape[3] - pw]


# %% padded_with_the_edge | fails: test_gradient_of_the_maximum | hint: Only pixels of the image get a gradient; a repeated border counts a pixel twice, and its share is lost.
def maxpool2d_forward(x, k, stride, pad):
    x = np.pad(as_float(x), ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2), mode="edge")
    y, cache = _right["maxpool2d_forward"](x, k, stride, (0, 0))
    return y, (cache, pad)


def maxpool2d_backward(dy, cache):
    dx = _right["maxpool2d_backward"](dy, cache[0])
    (ph, pw) = cache[1]
    return dx[:, :, ph : dx.shape[2] - ph, pw : dx.shape[3] - pw]


# %% stride_is_the_window | fails: test_maxima, test_averages_with_and_without_the_padding | hint: The stride is an argument of its own; windows may overlap.
def maxpool2d_forward(x, k, stride, pad):
    return _right["maxpool2d_forward"](x, k, k, pad)


def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    return _right["avgpool2d_forward"](x, k, k, pad, count_include_pad)


# %% windows_of_two | fails: test_maxima | hint: The size of the window is an argument; yours is always 2x2.
def maxpool2d_forward(x, k, stride, pad):
    return _right["maxpool2d_forward"](x, (2, 2), stride, pad)


# %% square_windows_only | fails: test_maxima, test_averages_with_and_without_the_padding | hint: A window is (rows, columns), and the two may differ.
def maxpool2d_forward(x, k, stride, pad):
    return _right["maxpool2d_forward"](x, (k[0], k[0]), stride, pad)


def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    return _right["avgpool2d_forward"](x, (k[0], k[0]), stride, pad, count_include_pad)


# %% window_width_first | fails: test_maxima | hint: A window is (rows, columns); here the two are exchanged.
def maxpool2d_forward(x, k, stride, pad):
    return _right["maxpool2d_forward"](x, k[::-1], stride, pad)


# %% stride_width_first | fails: test_maxima, test_averages_with_and_without_the_padding | hint: A stride is (rows, columns); here the two are exchanged.
def maxpool2d_forward(x, k, stride, pad):
    return _right["maxpool2d_forward"](x, k, stride[::-1], pad)


def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    return _right["avgpool2d_forward"](x, k, stride[::-1], pad, count_include_pad)


# %% pad_width_first | fails: test_maxima | hint: A padding is (rows, columns); here the two are exchanged.
def maxpool2d_forward(x, k, stride, pad):
    return _right["maxpool2d_forward"](x, k, stride, pad[::-1])


# %% gradient_to_all_ties | fails: test_equal_pixels_and_negative_images, test_gradients_add_up_to_dy | hint: Of several largest pixels only the first one gets the gradient; yours gives it to all of them, and dx no longer adds up to dy.
def maxpool2d_forward(x, k, stride, pad):
    return _max_forward(x, k, stride, pad)


def maxpool2d_backward(dy, cache):
    return _mask_backward(dy, cache)


# %% gradient_split_among_ties | fails: test_equal_pixels_and_negative_images | hint: Of several largest pixels the first one gets everything; yours divides the gradient among them.
def maxpool2d_forward(x, k, stride, pad):
    y, (mask, *rest) = _max_forward(x, k, stride, pad)
    return y, (mask / mask.sum(axis=(-2, -1), keepdims=True), *rest)


def maxpool2d_backward(dy, cache):
    return _mask_backward(dy, cache)


# %% last_maximum | fails: test_equal_pixels_and_negative_images | hint: Of several largest pixels the first one wins, not the last.
def maxpool2d_forward(x, k, stride, pad):
    y, (mask, *rest) = _max_forward(x, k, stride, pad)
    flat = mask.reshape(*y.shape, -1)
    last = flat.shape[-1] - 1 - flat[..., ::-1].argmax(axis=-1)
    return y, ((np.arange(flat.shape[-1]) == last[..., None]).reshape(mask.shape), *rest)


def maxpool2d_backward(dy, cache):
    return _mask_backward(dy, cache)


# %% first_maximum_by_columns | fails: test_equal_pixels_and_negative_images | hint: Windows are read row by row; yours looks for the first maximum column by column.
def maxpool2d_forward(x, k, stride, pad):
    y, (mask, *rest) = _max_forward(x, k, stride, pad)
    flat = mask.swapaxes(-1, -2).reshape(*y.shape, -1)
    first = (np.arange(flat.shape[-1]) == flat.argmax(axis=-1)[..., None]).reshape(*y.shape, k[1], k[0])
    return y, (first.swapaxes(-1, -2), *rest)


def maxpool2d_backward(dy, cache):
    return _mask_backward(dy, cache)


# %% overlaps_overwritten | fails: test_gradient_of_the_maximum, test_gradients_add_up_to_dy | hint: A pixel that wins in several windows adds up what it gets: += instead of =.
def maxpool2d_backward(dy, cache):
    winner, x_shape, (kh, kw), stride, pad = cache
    hit = (winner == np.arange(kh * kw)).reshape(*dy.shape, kh, kw)
    return _overwriting(hit * as_float(dy)[..., None, None], hit, x_shape, stride, pad)


# %% average_overlaps_overwritten | fails: test_gradient_of_the_average, test_gradients_add_up_to_dy | hint: A pixel in several windows adds up its shares: += instead of =.
def avgpool2d_backward(dy, cache):
    pixels, x_shape, k, stride, pad = cache
    share = as_float(dy) / pixels
    messages = np.broadcast_to(share[..., None, None], (*share.shape, *k))
    return _overwriting(messages, np.ones(messages.shape, bool), x_shape, stride, pad)


# %% repeated_index_added_once | fails: test_gradient_of_the_maximum | hint: dx[index] += dy adds only once to a pixel that occurs twice in the index; np.add.at adds every time.
def maxpool2d_backward(dy, cache):
    winner, x_shape, (kh, kw), stride, pad = cache
    t, u = np.divmod(winner[..., 0], kw)
    n, c, i, j = np.indices(dy.shape)
    dx = np.zeros((*x_shape[:2], x_shape[2] + 2 * pad[0], x_shape[3] + 2 * pad[1]), as_float(dy).dtype)
    dx[n, c, i * stride[0] + t, j * stride[1] + u] += dy
    return dx[:, :, pad[0] : pad[0] + x_shape[2], pad[1] : pad[1] + x_shape[3]]


# %% winners_of_the_first_image | fails: test_gradient_of_the_maximum | hint: Each map of each image has winners of its own; those of the first image were used for all.
def maxpool2d_backward(dy, cache):
    winner, *rest = cache
    return _right["maxpool2d_backward"](dy, (np.broadcast_to(winner[:1, :1], winner.shape), *rest))


# %% gradient_times_the_value | fails: test_gradient_of_the_maximum | hint: The slope of the maximum with respect to its winner is 1: dy arrives as it is.
def maxpool2d_forward(x, k, stride, pad):
    y, cache = _right["maxpool2d_forward"](x, k, stride, pad)
    return y, (y.copy(), cache)


def maxpool2d_backward(dy, cache):
    return _right["maxpool2d_backward"](dy * cache[0], cache[1])


# %% winners_looked_up_later | fails: test_x_and_y_may_be_written_over_between_the_passes | hint: The cache keeps x itself, and that may have changed: keep the positions of the winners.
def maxpool2d_forward(x, k, stride, pad):
    return _right["maxpool2d_forward"](x, k, stride, pad)[0], (x, k, stride, pad)


def maxpool2d_backward(dy, cache):
    return _right["maxpool2d_backward"](dy, _right["maxpool2d_forward"](*cache)[1])


# %% compared_with_y_later | fails: test_x_and_y_may_be_written_over_between_the_passes | hint: The cache keeps y itself, and that may have changed: keep the positions of the winners.
def maxpool2d_forward(x, k, stride, pad):
    y, cache = _right["maxpool2d_forward"](x, k, stride, pad)
    return y, (y, as_float(x).copy(), k, cache)


def maxpool2d_backward(dy, cache):
    y, x, k, (winner, x_shape, _, stride, pad) = cache
    P = windows_of(x, k, stride, pad, -np.inf)
    hit = (y[..., None, None] == P).reshape(*y.shape, -1)
    first = hit & (hit.cumsum(axis=-1) == 1)
    return add_windows(first.reshape(P.shape) * as_float(dy)[..., None, None], x_shape, stride, pad)


# %% one_cache_for_all | fails: test_x_and_y_may_be_written_over_between_the_passes | hint: Every forward pass needs its own cache; yours is a global one, and holds the winners of the last map that was pooled.
_cache = {}


def maxpool2d_forward(x, k, stride, pad):
    y, _cache["last"] = _right["maxpool2d_forward"](x, k, stride, pad)
    return y, None


def maxpool2d_backward(dy, cache):
    return _right["maxpool2d_backward"](dy, _cache["last"])


# %% cache_used_up | fails: test_gradient_of_the_maximum | hint: backward may be called twice with one cache; yours empties it.
def maxpool2d_forward(x, k, stride, pad):
    y, cache = _right["maxpool2d_forward"](x, k, stride, pad)
    return y, [cache]


def maxpool2d_backward(dy, cache):
    return _right["maxpool2d_backward"](dy, cache.pop())


# %% padding_counts_at_the_border | fails: test_averages_with_and_without_the_padding | hint: At the border a window holds fewer pixels: divide by their number, unless count_include_pad is True.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    return _right["avgpool2d_forward"](x, k, stride, pad, True)


# %% count_include_pad_ignored | fails: test_averages_with_and_without_the_padding | hint: With count_include_pad=True every window is divided by k_h k_w.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    return _right["avgpool2d_forward"](x, k, stride, pad, False)


# %% count_include_pad_the_other_way | fails: test_averages_with_and_without_the_padding | hint: count_include_pad=True means that padding counts; yours has it the other way round.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    return _right["avgpool2d_forward"](x, k, stride, pad, not count_include_pad)


# %% padding_is_the_default | fails: test_averages_with_and_without_the_padding | hint: Without being told, padding does not count.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=True):
    return _right["avgpool2d_forward"](x, k, stride, pad, count_include_pad)


# %% average_gradient_undivided | fails: test_gradient_of_the_average, test_gradients_add_up_to_dy | hint: Every pixel gets a share of dy, not all of it.
def avgpool2d_backward(dy, cache):
    return _right["avgpool2d_backward"](dy * cache[0], cache)


# %% average_gradient_by_the_window | fails: test_gradient_of_the_average, test_gradients_add_up_to_dy | hint: Divide by what the forward pass divided by: at the border that is fewer than k_h k_w.
def avgpool2d_backward(dy, cache):
    pixels, x_shape, k, stride, pad = cache
    return _right["avgpool2d_backward"](dy, (np.full_like(pixels, k[0] * k[1]), x_shape, k, stride, pad))


# %% infinite_padding_in_the_average | fails: test_averages_with_and_without_the_padding | hint: Minus infinity is a padding for the maximum; in an average it swallows everything.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    _, cache = _right["avgpool2d_forward"](x, k, stride, pad, count_include_pad)
    with np.errstate(all="ignore"):
        return windows_of(as_float(x), k, stride, pad, -np.inf).sum(axis=(-2, -1)) / cache[0], cache


# %% sum_instead_of_average | fails: test_averages_with_and_without_the_padding | hint: The average is the sum divided by the number of pixels.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    y, cache = _right["avgpool2d_forward"](x, k, stride, pad, count_include_pad)
    return y * cache[0], cache


# %% sizes_rounded_up | fails: test_maxima | hint: A window that sticks out does not count: round the size down.
def maxpool2d_forward(x, k, stride, pad):
    more = [(s - (n + 2 * p - a) % s) % s for n, a, s, p in zip(x.shape[2:], k, stride, pad)]
    wide = np.pad(as_float(x), ((0, 0), (0, 0), (0, more[0]), (0, more[1])), constant_values=-1e30)
    return _right["maxpool2d_forward"](wide, k, stride, pad)


# %% last_row_missing | fails: test_maxima | hint: If the stride leaves rows over, the last window that fits is still one.
def maxpool2d_forward(x, k, stride, pad):
    y, (winner, *rest) = _right["maxpool2d_forward"](x, k, stride, pad)
    keep = y.shape[2] - bool((x.shape[2] + 2 * pad[0] - k[0]) % stride[0] and y.shape[2] > 1)
    return y[:, :, :keep], (winner[:, :, :keep], *rest)


# %% dx_without_the_rows_left_over | fails: test_gradient_of_the_maximum | hint: dx has the shape of x; pixels in no window get 0.
def maxpool2d_backward(dy, cache):
    dx = _right["maxpool2d_backward"](dy, cache)
    _, _, k, stride, pad = cache
    return dx[:, :, : (dy.shape[2] - 1) * stride[0] + k[0] - pad[0]]


# %% padding_kept_in_dx | fails: test_gradient_of_the_maximum | hint: dx has the size of the image without its padding.
def maxpool2d_backward(dy, cache):
    winner, (N, C, H, W), k, stride, (ph, pw) = cache
    return _right["maxpool2d_backward"](dy, (winner, (N, C, H + 2 * ph, W + 2 * pw), k, stride, (0, 0)))


# %% average_cut_from_the_wrong_side | fails: test_gradient_of_the_average | hint: The image begins at row p of the padded one.
def avgpool2d_backward(dy, cache):
    pixels, (N, C, H, W), k, stride, (ph, pw) = cache
    wide = (N, C, H + 2 * ph, W + 2 * pw)
    return _right["avgpool2d_backward"](dy, (pixels, wide, k, stride, (0, 0)))[:, :, :H, :W]


# %% channels_pooled_together | fails: test_maxima | hint: Every channel is pooled by itself.
def maxpool2d_forward(x, k, stride, pad):
    y, cache = _right["maxpool2d_forward"](x, k, stride, pad)
    return np.broadcast_to(y.max(axis=1, keepdims=True), y.shape).copy(), cache


# %% global_sum | fails: test_global_average | hint: Global average pooling divides the sum by the number of pixels.
def global_avg_pool(x):
    return as_float(x).sum(axis=(2, 3))


# %% global_over_the_columns | fails: test_global_average | hint: Rows and columns are both averaged: one number a map.
def global_avg_pool(x):
    return as_float(x).mean(axis=3)


# %% global_over_the_channels | fails: test_global_average | hint: Every channel keeps its own mean.
def global_avg_pool(x):
    x = as_float(x)
    return np.broadcast_to(x.mean(axis=(1, 2, 3))[:, None], x.shape[:2]).copy()


# %% global_maximum | fails: test_global_average | hint: The mean of a map is asked for, not its maximum.
def global_avg_pool(x):
    return as_float(x).max(axis=(2, 3))


# %% global_gradient_undivided | fails: test_global_average | hint: A pixel gets its share of dy: one over the number of pixels of the map.
def global_avg_pool_backward(dy, x_shape):
    return np.broadcast_to(as_float(dy)[:, :, None, None], x_shape).copy()


# %% global_gradient_by_the_width | fails: test_global_average | hint: A map has H times W pixels.
def global_avg_pool_backward(dy, x_shape):
    return np.broadcast_to(as_float(dy)[:, :, None, None] / x_shape[3], x_shape).copy()


# %% image_changed_in_place | fails: test_shapes_and_dtypes_of_pooling | hint: The caller's image must stay as it is.
def maxpool2d_forward(x, k, stride, pad):
    answer = _right["maxpool2d_forward"](x, k, stride, pad)
    np.maximum(x, 0, out=x)
    return answer


# %% dy_changed_in_place | fails: test_shapes_and_dtypes_of_pooling | hint: The caller's dy must stay as it is.
def avgpool2d_backward(dy, cache):
    dy /= cache[0]
    return _right["avgpool2d_backward"](dy * cache[0], cache)


# %% always_float64 | fails: test_shapes_and_dtypes_of_pooling | hint: float32 in, float32 out: np.zeros makes float64 if it is not told otherwise.
def maxpool2d_backward(dy, cache):
    return _right["maxpool2d_backward"](dy, cache).astype(np.float64)


# %% average_always_float64 | fails: test_shapes_and_dtypes_of_pooling | hint: float32 divided by an array of float64 is float64.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    y, cache = _right["avgpool2d_forward"](x, k, stride, pad, count_include_pad)
    return y.astype(np.float64), cache


# %% integers_stay_integers | fails: test_shapes_and_dtypes_of_pooling | hint: Everything but float32 becomes float64, integers as well.
def maxpool2d_forward(x, k, stride, pad):
    y, cache = _right["maxpool2d_forward"](x, k, stride, pad)
    return y.astype(x.dtype), cache


# %% torch_used | fails: test_shapes_and_dtypes_of_pooling | hint: This question is numpy alone.
def global_avg_pool(x):
    return torch.from_numpy(as_float(x).copy()).mean((2, 3)).numpy()


# %% padded_with_a_billion | fails: test_pixels_far_below_zero | hint: The border holds -1e9, which is more than a pixel of -1e10: pad with -inf.
def maxpool2d_forward(x, k, stride, pad):
    x = as_float(x)
    ph, pw = pad
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=-1e9)
    y, cache = _right["maxpool2d_forward"](padded, k, stride, (0, 0))
    return y, (cache, x.shape, pad)


def maxpool2d_backward(dy, cache):
    cache, (_, _, H, W), (ph, pw) = cache
    return _right["maxpool2d_backward"](dy, cache)[:, :, ph : ph + H, pw : pw + W]


# %% cache_is_the_input | fails: test_x_and_y_may_be_written_over_between_the_passes | hint: The cache holds x itself: the next layer may write over it before backward looks for the winners.
def maxpool2d_forward(x, k, stride, pad):
    x = as_float(x)
    return _right["maxpool2d_forward"](x, k, stride, pad)[0], (x, k, stride, pad)


def maxpool2d_backward(dy, cache):
    return _right["maxpool2d_backward"](dy, _right["maxpool2d_forward"](*cache)[1])


# %% gradients_of_integers | fails: test_shapes_and_dtypes_of_pooling | hint: dy may hold integers; dx is float64 then, and nothing is cut off behind the point.
def maxpool2d_backward(dy, cache):
    return _right["maxpool2d_backward"](dy, cache).astype(dy.dtype)


# %% average_gradients_of_integers | fails: test_shapes_and_dtypes_of_pooling | hint: zeros of the dtype of dy hold integers if dy does: make it floats first.
def avgpool2d_backward(dy, cache):
    return _right["avgpool2d_backward"](dy, cache).astype(dy.dtype)


# %% global_gradients_of_integers | fails: test_shapes_and_dtypes_of_pooling | hint: zeros of the dtype of dy hold integers if dy does: make it floats first.
def global_avg_pool_backward(dy, x_shape):
    return _right["global_avg_pool_backward"](dy, x_shape).astype(dy.dtype)


# %% one_array_for_all_gradients | fails: test_gradient_of_the_maximum | hint: The array that backward returned belongs to the caller; the next call with this cache writes over it. Make a new one in each call.
_lent = {}


def maxpool2d_backward(dy, cache):
    dx = _right["maxpool2d_backward"](dy, cache)
    kept, _ = _lent.setdefault(id(cache), (np.empty_like(dx), cache))
    kept[...] = dx
    return kept


# %% least_float_around | fails: test_pixels_far_below_zero | hint: The least float is a number, and a pixel may be as small: then the padding in front of it wins. Pad with -inf.
def maxpool2d_forward(x, k, stride, pad):
    x, (ph, pw) = as_float(x), pad
    around = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=np.finfo(x.dtype).min)
    y, inner = _right["maxpool2d_forward"](around, k, stride, (0, 0))
    return y, (inner, x.shape, pad)


def maxpool2d_backward(dy, cache):
    inner, (_, _, H, W), (ph, pw) = cache
    return _right["maxpool2d_backward"](dy, inner)[:, :, ph : ph + H, pw : pw + W]


# %% padding_counts_without_overlap | fails: test_averages_with_and_without_the_padding, test_gradient_of_the_average | hint: The quick way for windows side by side divides by k_h k_w at a padded border, too.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    return _right["avgpool2d_forward"](x, k, stride, pad, count_include_pad or tuple(k) == tuple(stride))


# %% maximum_gradients_of_the_dtype_of_x | fails: test_shapes_and_dtypes_of_pooling | hint: The dtype of dy decides for dx, not that of the image in the cache.
def maxpool2d_forward(x, k, stride, pad):
    y, cache = _right["maxpool2d_forward"](x, k, stride, pad)
    return y, (cache, y.dtype)


def maxpool2d_backward(dy, cache):
    return _right["maxpool2d_backward"](dy, cache[0]).astype(cache[1])


# %% average_gradients_of_the_dtype_of_x | fails: test_shapes_and_dtypes_of_pooling | hint: The dtype of dy decides for dx, not that of the image in the cache.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    y, cache = _right["avgpool2d_forward"](x, k, stride, pad, count_include_pad)
    return y, (cache, y.dtype)


def avgpool2d_backward(dy, cache):
    return _right["avgpool2d_backward"](dy, cache[0]).astype(cache[1])


# %% global_average_of_float16 | fails: test_shapes_and_dtypes_of_pooling | hint: float32 alone stays as it is; float16 becomes float64, as as_float says.
def global_avg_pool(x):
    return x.mean(axis=(2, 3))


# %% global_sums_of_small_integers | fails: test_shapes_and_dtypes_of_pooling | hint: Integers of one byte overflow when they are added up in one byte: make x floats first.
def global_avg_pool(x):
    return as_float(x.sum(axis=(2, 3), dtype=x.dtype)) / (x.shape[2] * x.shape[3])


# %% dark_pixels_taken_for_padding | fails: test_averages_with_and_without_the_padding | hint: A pixel of 0 is a pixel: what is padding is told by the place, not by the value.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    y, cache = _right["avgpool2d_forward"](x, k, stride, pad, count_include_pad)
    if not any(pad) or count_include_pad:
        return y, cache
    lit = (x != 0).any(axis=(0, 1))[None, None]
    return y / np.maximum(_right["avgpool2d_forward"](lit.astype(y.dtype), k, stride, pad)[0], 1e-3), cache


# %% counts_of_the_last_call | fails: test_x_and_y_may_be_written_over_between_the_passes | hint: The numbers of pixels are kept in a global variable: the next call, for another geometry, writes over them.
_last_geometry = {}


def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    y, cache = _right["avgpool2d_forward"](x, k, stride, pad, count_include_pad)
    ones = np.ones((1, 1, *x.shape[2:]))
    padded = _right["avgpool2d_forward"](ones, k, stride, pad, True)[0]
    _last_geometry["share"] = 1 + 0 * padded if count_include_pad else padded
    return y, (_right["avgpool2d_forward"](x, k, stride, pad, True)[1], x.shape, k, stride, pad)


def avgpool2d_backward(dy, cache):
    share = _last_geometry["share"]
    return _right["avgpool2d_backward"]((as_float(dy) / share).astype(as_float(dy).dtype), cache[0])


# %% winners_in_one_byte | fails: test_corners_of_pooling | hint: The place in the window is kept in one byte, which ends at 255: a window may have more pixels.
def maxpool2d_forward(x, k, stride, pad):
    P = windows_of(as_float(x), k, stride, pad, -np.inf)
    flat = P.reshape(*P.shape[:4], -1)
    return flat.max(axis=-1), (flat.argmax(axis=-1).astype(np.uint8), k, x.shape, stride, pad)


def maxpool2d_backward(dy, cache):
    winner, k, x_shape, stride, pad = cache
    mask = (np.arange(k[0] * k[1]) == winner[..., None]).reshape(*winner.shape, *k)
    return add_windows(mask * as_float(dy)[..., None, None], x_shape, stride, pad)


# %% maximum_with_strides_of_a_copy | fails: test_corners_of_pooling | hint: as_strided was given the strides of an array that lies row by row; a view with other strides holds its numbers elsewhere.
def maxpool2d_forward(x, k, stride, pad):
    return _right["maxpool2d_forward"](_strides_of_a_copy(x, pad), k, stride, pad)


# %% average_with_strides_of_a_copy | fails: test_corners_of_pooling | hint: as_strided was given the strides of an array that lies row by row; a view with other strides holds its numbers elsewhere.
def avgpool2d_forward(x, k, stride, pad, count_include_pad=False):
    return _right["avgpool2d_forward"](_strides_of_a_copy(x, pad), k, stride, pad, count_include_pad)
