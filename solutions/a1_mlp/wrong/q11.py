"""Wrong solutions of question 11: dropout and DropConnect. Each cell is put behind the reference's."""


# %%
def _dropout(X, p, rng, train, draw=lambda shape, p, rng: coin_mask(shape, p, rng, np.float64), at_test=lambda X, p: X):
    """Dropout with another mask, or another rule at test time."""
    refuse_impossible(p)
    X = as_float(X)
    if not train:
        return at_test(X, p).astype(X.dtype), None
    mask = draw(X.shape, p, rng).astype(X.dtype)
    return X * mask, mask


def _dropconnect(X, W, b, p, rng, train, mask=None, at_test=lambda W, p: W):
    """DropConnect with another mask, or another rule at test time; the cache is the reference's."""
    refuse_impossible(p)
    X = as_float(X)
    if not train:
        return X @ at_test(W, p) + b, (X, W, np.ones_like(W))
    mask = coin_mask(W.shape, p, rng, W.dtype) if mask is None else mask
    return X @ (W * mask) + b, (X, W * mask, mask)


# %% p_is_kept | fails: test_an_entry_is_dropped_or_enlarged, test_entries_are_dropped_by_independent_coins | hint: p was taken for the probability of keeping; it is that of dropping.
def dropout_forward(X, p, rng, train):
    refuse_impossible(p)
    return _right["dropout_forward"](X, 1 - p if p else 0.0, rng, train)


# %% not_scaled | fails: test_an_entry_is_dropped_or_enlarged | hint: What survives has to be enlarged by 1 / (1 - p), else the next layer receives less in training than at test time.
def dropout_forward(X, p, rng, train):
    return _dropout(X, p, rng, train, lambda shape, p, rng: rng.random(shape) >= p)


# %% scaled_at_test_time | fails: test_an_entry_is_dropped_or_enlarged | hint: With inverted dropout nothing is scaled at test time: without train X comes back as it is.
def dropout_forward(X, p, rng, train):
    return _dropout(X, p, rng, train, at_test=lambda X, p: X * (1 - p))


# %% scaled_at_test_time_instead | fails: test_an_entry_is_dropped_or_enlarged | hint: You scale at test time, as in the first paper; here the survivors are enlarged in training and nothing happens at test time.
def dropout_forward(X, p, rng, train):
    return _dropout(X, p, rng, train, lambda shape, p, rng: rng.random(shape) >= p, lambda X, p: X * (1 - p))


# %% whole_rows | fails: test_entries_are_dropped_by_independent_coins | hint: One coin was tossed for every sample; toss one for every entry.
def dropout_forward(X, p, rng, train):
    def draw(shape, p, rng):
        return np.broadcast_to(coin_mask((shape[0], *[1] * (len(shape) - 1)), p, rng, np.float64), shape).copy()

    return _dropout(X, p, rng, train, draw)


# %% whole_columns | fails: test_entries_are_dropped_by_independent_coins | hint: One coin was tossed for every feature, the same for all samples; toss one for every entry.
def dropout_forward(X, p, rng, train):
    def draw(shape, p, rng):
        return np.broadcast_to(coin_mask(shape[-1:], p, rng, np.float64), shape).copy()

    return _dropout(X, p, rng, train, draw)


# %% mask_from_zeros | fails: test_an_entry_is_dropped_or_enlarged | hint: The mask was recovered from Y == 0, but an entry that was 0 before may have been kept.
def dropout_forward(X, p, rng, train):
    Y, mask = _dropout(X, p, rng, train)
    return Y, None if mask is None else (Y != 0) / (1 - p)


# %% gaussian_mask | fails: test_an_entry_is_dropped_or_enlarged | hint: The mask holds 0 and 1 / (1 - p) only; yours holds normal numbers.
def dropout_forward(X, p, rng, train):
    return _dropout(X, p, rng, train, lambda shape, p, rng: 1 + rng.normal(size=shape) * np.sqrt(p / (1 - p)))


# %% uniform_mask | fails: test_an_entry_is_dropped_or_enlarged | hint: Compare the uniform numbers with p; the numbers themselves are no mask.
def dropout_forward(X, p, rng, train):
    return _dropout(X, p, rng, train, lambda shape, p, rng: rng.random(shape) / (1 - p))


# %% mask_kept_between_calls | fails: test_entries_are_dropped_by_independent_coins | hint: Every call in training tosses new coins; yours remembers the first mask of a shape.
_masks = {}


def dropout_forward(X, p, rng, train):
    def draw(shape, p, rng):
        return _masks.setdefault((shape, p), coin_mask(shape, p, rng, np.float64))

    return _dropout(X, p, rng, train, draw)


# %% seed_inside | fails: test_entries_are_dropped_by_independent_coins | hint: The mask must come from the rng that is passed; yours has a seed of its own.
def dropout_forward(X, p, rng, train):
    return _dropout(X, p, np.random.default_rng(0), train)


# %% global_generator | fails: test_shapes_and_dtypes_and_where_randomness_comes_from | hint: The mask must come from the rng that is passed, not from np.random.
def dropout_forward(X, p, rng, train):
    return _dropout(X, p, np.random, train)


# %% exact_number | fails: test_entries_are_dropped_by_independent_coins | hint: Exactly the share p was dropped; with a coin for every entry the number varies.
def dropout_forward(X, p, rng, train):
    def draw(shape, p, rng):
        size = int(np.prod(shape))
        return (rng.permutation(size) >= round(p * size)).reshape(shape) / (1 - p)

    return _dropout(X, p, rng, train, draw)


# %% drawn_at_test_time | fails: test_shapes_and_dtypes_and_where_randomness_comes_from | hint: Without train nothing is drawn from rng.
def dropout_forward(X, p, rng, train):
    rng.random(3)
    return _dropout(X, p, rng, train)


# %% dropped_at_test_time | fails: test_an_entry_is_dropped_or_enlarged | hint: Without train nothing is dropped.
def dropout_forward(X, p, rng, train):
    return _dropout(X, p, rng, True)


# %% changed_in_place | fails: test_shapes_and_dtypes_and_where_randomness_comes_from | hint: X was multiplied in place; the caller still needs it.
def dropout_forward(X, p, rng, train):
    Y, mask = _dropout(X, p, rng, train)
    X[...] = Y
    return X, mask


# %% always_float64 | fails: test_shapes_and_dtypes_and_where_randomness_comes_from | hint: float32 in, float32 out; the mask turned the result into float64.
def dropout_forward(X, p, rng, train):
    Y, mask = _dropout(np.asarray(X, dtype=np.float64), p, rng, train)
    return Y, mask


# %% everything_dropped_gives_nan | fails: test_impossible_probabilities | hint: p = 1 leaves nothing to enlarge (0/0): it is a ValueError, and so is every p outside of [0, 1).
def dropout_forward(X, p, rng, train):
    with np.errstate(all="ignore"):
        mask = (rng.random(np.shape(X)) >= p) / np.float64(1 - p) if train else None
    return (X * mask if train else X), mask


# %% negative_accepted | fails: test_impossible_probabilities | hint: A negative p is a ValueError too.
def dropout_forward(X, p, rng, train):
    return _dropout(X, max(p, 0.0), rng, train)


# %% gradient_not_scaled | fails: test_gradient_of_dropout_uses_the_mask_of_the_forward_pass | hint: The gradient goes through the mask with its scale, 1 / (1 - p); yours only switches off.
def dropout_backward(dY, mask):
    return dY if mask is None else dY * (mask != 0)


# %% gradient_scaled_twice | fails: test_gradient_of_dropout_uses_the_mask_of_the_forward_pass | hint: The mask is scaled already; yours scales the gradient a second time.
def dropout_backward(dY, mask):
    return dY if mask is None else dY * mask**2


# %% gradient_through_everything | fails: test_gradient_of_dropout_uses_the_mask_of_the_forward_pass | hint: What was dropped has no influence on the loss, so its gradient is 0.
def dropout_backward(dY, mask):
    return dY + 0.0


# %% gradient_with_new_coins | fails: test_gradient_of_dropout_uses_the_mask_of_the_forward_pass | hint: The gradient needs the mask of the forward pass; yours tosses new coins.
def dropout_backward(dY, mask):
    return dY if mask is None else dY * np.random.default_rng(0).permuted(mask)


# %% mask_for_each_sample | fails: test_dropconnect_drops_weights_and_nothing_else | hint: One mask serves all samples of a call; yours draws one for each.
def dropconnect_forward(X, W, b, p, rng, train):
    Y, cache = _dropconnect(X, W, b, p, rng, train)
    if train:
        Y = np.stack([x @ (W * coin_mask(W.shape, p, rng, W.dtype)) + b for x in X])
    return Y, cache


# %% activations_dropped | fails: test_dropconnect_drops_weights_and_nothing_else | hint: Whole inputs were dropped, as in dropout; DropConnect drops single weights.
def dropconnect_forward(X, W, b, p, rng, train):
    mask = np.broadcast_to(coin_mask((len(W), 1), p, rng, W.dtype), W.shape).copy() if train and 0 <= p < 1 else None
    return _dropconnect(X, W, b, p, rng, train, mask)


# %% bias_dropped | fails: test_dropconnect_drops_weights_and_nothing_else | hint: The bias is never dropped.
def dropconnect_forward(X, W, b, p, rng, train):
    refuse_impossible(p)
    return _dropconnect(X, W, b * coin_mask(b.shape, p, rng, b.dtype) if train else b, p, rng, train)


# %% weights_not_scaled | fails: test_dropconnect_drops_weights_and_nothing_else | hint: The weights that survive are enlarged by 1 / (1 - p).
def dropconnect_forward(X, W, b, p, rng, train):
    refuse_impossible(p)
    return _dropconnect(X, W, b, p, rng, train, (rng.random(W.shape) >= p).astype(W.dtype))


# %% weights_scaled_twice | fails: test_dropconnect_drops_weights_and_nothing_else | hint: The surviving weights were enlarged twice, by 1 / (1 - p)^2.
def dropconnect_forward(X, W, b, p, rng, train):
    refuse_impossible(p)
    return _dropconnect(X, W, b, p, rng, train, coin_mask(W.shape, p, rng, W.dtype) / (1 - p))


# %% weights_scaled_at_test_time | fails: test_dropconnect_drops_weights_and_nothing_else | hint: Without train W is used as it is; the survivors were enlarged in training already.
def dropconnect_forward(X, W, b, p, rng, train):
    return _dropconnect(X, W, b, p, rng, train, at_test=lambda W, p: W * (1 - p))


# %% weights_drawn_at_test_time | fails: test_shapes_and_dtypes_and_where_randomness_comes_from | hint: Without train nothing is drawn from rng.
def dropconnect_forward(X, W, b, p, rng, train):
    rng.random(2)
    return _dropconnect(X, W, b, p, rng, train)


# %% impossible_weights_accepted | fails: test_impossible_probabilities | hint: DropConnect too refuses p below 0 and from 1 on, with a ValueError.
def dropconnect_forward(X, W, b, p, rng, train):
    return _dropconnect(X, W, b, min(max(p, 0.0), 0.999), rng, train)


# %% dX_through_the_whole_W | fails: test_gradients_of_dropconnect | hint: dX goes through the weights that were used, W times the mask, not through W.
def dropconnect_forward(X, W, b, p, rng, train):
    Y, (X, _, mask) = _dropconnect(X, W, b, p, rng, train)
    return Y, (X, W, mask)


# %% dW_not_masked | fails: test_gradients_of_dropconnect | hint: A weight that was dropped has no influence, so its gradient is 0; multiply dW by the mask.
def dropconnect_backward(dY, cache):
    X, masked, mask = cache
    return dY @ masked.T, X.T @ dY, dY.sum(axis=0)


# %% dW_masked_but_not_scaled | fails: test_gradients_of_dropconnect | hint: dW has the factor 1 / (1 - p) too, because W was multiplied with it.
def dropconnect_backward(dY, cache):
    X, masked, mask = cache
    return dY @ masked.T, (X.T @ dY) * (mask != 0), dY.sum(axis=0)


# %% db_averaged | fails: test_gradients_of_dropconnect | hint: db is the sum over the samples, not their mean.
def dropconnect_backward(dY, cache):
    dX, dW, db = _right["dropconnect_backward"](dY, cache)
    return dX, dW, db / len(dY)


# %% db_missing | fails: test_gradients_of_dropconnect | hint: db is missing: the bias is added to every sample, so its gradient is the sum of dY over the samples.
def dropconnect_backward(dY, cache):
    dX, dW, db = _right["dropconnect_backward"](dY, cache)
    return dX, dW, np.zeros_like(db)


# %% probability_unchecked_without_train | fails: test_impossible_probabilities | hint: p is refused in training alone; it is as impossible without train.
def dropout_forward(X, p, rng, train):
    return _right["dropout_forward"](X, p, rng, train) if train else (X, None)


# %% weights_unchecked_without_train | fails: test_impossible_probabilities | hint: DropConnect refuses p in training alone; it is as impossible without train.
def dropconnect_forward(X, W, b, p, rng, train):
    return _right["dropconnect_forward"](X, W, b, p if train else 0.5, rng, train)


# %% coin_of_a_hundred_sides | fails: test_entries_are_dropped_by_independent_coins | hint: With a coin of a hundred sides p = 0.995 drops everything; compare rng.random() with p.
def dropout_forward(X, p, rng, train):
    Y, mask = _right["dropout_forward"](X, p, rng, False)
    if not train:
        return Y, mask
    mask = ((rng.integers(0, 100, Y.shape) >= 100 * p) / (1 - p)).astype(Y.dtype)
    return Y * mask, mask


# %% weights_by_a_coin_of_a_hundred_sides | fails: test_dropconnect_drops_weights_and_nothing_else | hint: With a coin of a hundred sides p = 0.995 drops every weight; compare rng.random() with p.
def dropconnect_forward(X, W, b, p, rng, train):
    Y, (X, _, _) = _right["dropconnect_forward"](X, W, b, p, rng, False)
    if not train:
        return Y, (X, W, np.ones_like(W))
    mask = ((rng.integers(0, 100, W.shape) >= 100 * p) / (1 - p)).astype(W.dtype)
    return X @ (W * mask) + b, (X, W * mask, mask)


# %% cache_of_the_last_call | fails: test_gradients_of_dropconnect | hint: backward takes what the last call left behind, not the cache that it is given; another forward in between makes the gradients wrong.
def dropconnect_forward(X, W, b, p, rng, train):
    Y, dropconnect_forward.last = _right["dropconnect_forward"](X, W, b, p, rng, train)
    return Y, None


def dropconnect_backward(dY, cache):
    return _right["dropconnect_backward"](dY, dropconnect_forward.last)


# %% coin_of_256_sides | fails: test_entries_are_dropped_by_independent_coins | hint: A byte has 256 values, so a small p becomes 0 or 1/256; compare rng.random() with p.
def dropout_forward(X, p, rng, train):
    return _dropout(X, p, rng, train, lambda shape, p, rng: (rng.integers(256, size=shape) >= round(256 * p)) / (1 - p))


# %% weights_by_a_coin_of_256_sides | fails: test_dropconnect_drops_weights_and_nothing_else | hint: A byte has 256 values, so a small p becomes 0 or 1/256; compare rng.random() with p.
def dropconnect_forward(X, W, b, p, rng, train):
    refuse_impossible(p)
    mask = (rng.integers(256, size=W.shape) >= round(256 * p)) / (1 - p) if train else None
    return _dropconnect(X, W, b, p, rng, train, mask)
