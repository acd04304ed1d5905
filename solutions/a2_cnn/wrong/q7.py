"""Wrong solutions of question 7: batch and group normalisation. Each cell is put behind the reference's."""


# %%
def _batchnorm(
    x, gamma, beta, running, train, momentum, eps,
    axes=(0, 2, 3), unbiased=lambda m, N: m / (m - 1), shape=lambda v: v.reshape(-1, 1, 1),
    normalising=lambda var, m: var, scale=lambda var, eps: 1 / np.sqrt(var + eps),
):  # fmt: skip
    """Batch norm with one part exchanged; the cache is the reference's."""
    x = as_float(x)
    if not train:
        return _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    m = x.size // x.shape[1]
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    s = scale(normalising(var, m), eps)
    xhat = (x - mean) * s
    per_channel = [
        v.mean(axis=(0, 2, 3)) if v.shape[1] == x.shape[1] else np.full(x.shape[1], v.mean()) for v in (mean, var)
    ]
    running["mean"] += momentum * (per_channel[0] - running["mean"])
    running["var"] += momentum * (per_channel[1] * unbiased(m, len(x)) - running["var"])
    y = shape(gamma) * xhat + shape(beta)
    return y.astype(x.dtype), (xhat, gamma.reshape(-1, 1, 1), s, True)


def _groupnorm(
    x, G, gamma, beta, eps, view=None, axes=(2, 3, 4), ddof=0, scale=lambda var, eps: 1 / np.sqrt(var + eps)
):
    """Group norm with one part exchanged; the cache is the reference's where the groups are."""
    x = as_float(x)
    N, C, H, W = x.shape
    if C % G:
        raise ValueError(f"{G} groups do not divide {C} channels")
    xg = x.reshape(N, G, C // G, H, W)
    s = scale(xg.var(axis=axes, keepdims=True, ddof=ddof), eps)
    xhat = (xg - xg.mean(axis=axes, keepdims=True)) * s
    y = gamma.reshape(-1, 1, 1) * xhat.reshape(x.shape) + beta.reshape(-1, 1, 1)
    return y.astype(x.dtype), (xhat, gamma.reshape(-1, 1, 1), s)


# %% statistics_over_the_batch_alone | fails: test_batch_norm_in_training | hint: Mean and variance were taken over the batch only, one pair for every pixel; a channel has one pair for all its places.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, momentum, eps, axes=(0,))


# %% statistics_over_channels_too | fails: test_batch_norm_in_training | hint: Mean and variance were taken over batch and channels; every channel has its own.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, momentum, eps, axes=(0, 1))


# %% statistics_per_sample | fails: test_batch_norm_in_training | hint: Every sample was normalised by itself; batch norm takes the batch together.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, momentum, eps, axes=(2, 3))


# %% reshaped_without_transposing | fails: test_batch_norm_in_training | hint: x.reshape(-1, C) mixes channels and pixels; move the channel axis to the end first.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    x = as_float(x)
    flat = x.reshape(-1, x.shape[1])
    y, _ = _right["batchnorm2d_forward"](flat[:, :, None, None], gamma, beta, running, train, momentum, eps)
    _, cache = _right["batchnorm2d_forward"](
        x, gamma, beta, {k: v.copy() for k, v in running.items()}, train, momentum, eps
    )
    return y.reshape(x.shape), cache


# %% gamma_on_the_last_axis | fails: test_batch_norm_in_training | hint: gamma and beta were laid along the width (which runs when W equals C); they belong to the channels.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    shape = (lambda v: v) if x.shape[-1] == len(gamma) else (lambda v: v.reshape(-1, 1, 1))
    return _batchnorm(x, gamma, beta, running, train, momentum, eps, shape=shape)


# %% unbiased_by_the_batch_size | fails: test_running_statistics_move_in_place | hint: The running variance was made unbiased with N/(N-1); a channel has m = N*H*W values, so the factor is m/(m-1).
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, momentum, eps, unbiased=lambda m, N: N / (N - 1))


# %% biased_running_variance | fails: test_running_statistics_move_in_place | hint: The running variance is the unbiased one, m/(m-1) times the mean square.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, momentum, eps, unbiased=lambda m, N: 1)


# %% unbiased_when_normalising | fails: test_batch_norm_in_training | hint: The batch is normalised with the biased variance; only the running one is unbiased.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, momentum, eps, normalising=lambda var, m: var * m / (m - 1))


# %% eps_outside_of_the_root | fails: test_batch_norm_in_training | hint: eps belongs under the root: sqrt(var + eps), not sqrt(var) + eps.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, momentum, eps, scale=lambda var, eps: 1 / (np.sqrt(var) + eps))


# %% eps_ignored | fails: test_batch_norm_in_training | hint: eps was not used as it was passed.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, momentum, 1e-5)


# %% divided_by_the_variance | fails: test_batch_norm_in_training | hint: Divide by the standard deviation, the root of the variance.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, momentum, eps, scale=lambda var, eps: 1 / (var + eps))


# %% square_of_the_mean_subtracted | fails: test_large_offsets_constant_channels_and_impossible_groups | hint: E[x^2] - E[x]^2 loses all digits when the mean is large; subtract the mean before squaring.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    x = as_float(x)
    naive = np.mean(x**2, axis=(0, 2, 3), keepdims=True) - x.mean(axis=(0, 2, 3), keepdims=True) ** 2
    return _batchnorm(x, gamma, beta, running, train, momentum, eps, normalising=lambda var, m: np.maximum(naive, 0))


# %% momentum_swapped | fails: test_running_statistics_move_in_place | hint: momentum is the weight of the new batch here: (1 - momentum) * running + momentum * batch.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, 1 - momentum, eps)


# %% momentum_ignored | fails: test_running_statistics_move_in_place | hint: momentum was not used as it was passed.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, 0.1, eps)


# %% running_standard_deviation | fails: test_running_statistics_move_in_place | hint: running["var"] holds a variance; yours moved towards the standard deviation.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    before = running["var"].copy()
    y, cache = _batchnorm(x, gamma, beta, running, train, momentum, eps)
    if train:
        m = x.size // x.shape[1]
        running["var"][:] = (1 - momentum) * before + momentum * np.sqrt(x.var(axis=(0, 2, 3)) * m / (m - 1))
    return y, cache


# %% running_arrays_replaced | fails: test_running_statistics_move_in_place | hint: running["mean"] = ... puts a new array into the dictionary; whoever holds the old one sees nothing. Change the array in place.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    copy = {name: value.copy() for name, value in running.items()}
    y, cache = _batchnorm(x, gamma, beta, copy, train, momentum, eps)
    running.update(copy)
    return y, cache


# %% running_never_updated | fails: test_running_statistics_move_in_place | hint: The running statistics never moved.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, {name: v.copy() for name, v in running.items()}, train, momentum, eps)


# %% batch_statistics_in_evaluation | fails: test_batch_norm_in_evaluation | hint: Without train the running statistics are used, not those of the batch.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    running = running if train else {name: value.copy() for name, value in running.items()}
    return _batchnorm(x, gamma, beta, running, True, momentum, eps)


# %% updated_in_evaluation | fails: test_batch_norm_in_evaluation | hint: Without train the running statistics must not move.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    answer = _batchnorm(x, gamma, beta, {name: v.copy() for name, v in running.items()}, train, momentum, eps)
    _batchnorm(x, gamma, beta, running, True, momentum, eps)
    return answer


# %% eps_missing_in_evaluation | fails: test_batch_norm_in_evaluation | hint: eps belongs under the root in evaluation too.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batchnorm(x, gamma, beta, running, train, momentum, eps if train else 0.0)


# %% always_float64 | fails: test_shapes_and_dtypes_follow_x_and_arguments_stay_as_they_were | hint: float32 in, float32 out: the result of both forward passes has the dtype of x.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    y, cache = _batchnorm(x, gamma, beta, running, train, momentum, eps)
    return y.astype(np.float64), cache


# %% mean_term_missing | fails: test_gradients_of_batch_norm_in_training | hint: The mean depends on every x of the channel: the gradient loses the mean of g, and yours did not.
def batchnorm2d_backward(dy, cache):
    xhat, gamma, scale, train = cache
    g = dy * gamma
    dx = scale * (g - xhat * (g * xhat).mean(axis=(0, 2, 3), keepdims=True)) if train else g * scale
    return dx, (dy * xhat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


# %% variance_term_missing | fails: test_gradients_of_batch_norm_in_training | hint: The variance depends on every x of the channel: the term xhat * mean(g * xhat) is missing.
def batchnorm2d_backward(dy, cache):
    xhat, gamma, scale, train = cache
    g = dy * gamma
    dx = scale * (g - g.mean(axis=(0, 2, 3), keepdims=True)) if train else g * scale
    return dx, (dy * xhat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


# %% means_over_the_batch_alone | fails: test_gradients_of_batch_norm_in_training | hint: The two means of the gradient go over N, H and W, like the statistics themselves.
def batchnorm2d_backward(dy, cache):
    xhat, gamma, scale, train = cache
    g = dy * gamma
    dx = through_statistics(g, xhat, (0,), scale) if train else g * scale
    return dx, (dy * xhat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


# %% gamma_missing_in_dx | fails: test_gradients_of_batch_norm_in_training, test_gradients_of_batch_norm_in_evaluation | hint: dx passes through y = gamma * xhat + beta: gamma is missing in it.
def batchnorm2d_backward(dy, cache):
    xhat, gamma, scale, train = cache
    return _right["batchnorm2d_backward"](dy, (xhat, np.ones_like(gamma), scale, train))


# %% dgamma_averaged | fails: test_gradients_of_batch_norm_in_training | hint: dgamma and dbeta are sums over batch and places, not means.
def batchnorm2d_backward(dy, cache):
    dx, dgamma, dbeta = _right["batchnorm2d_backward"](dy, cache)
    m = dy.size // dy.shape[1]
    return dx, dgamma / m, dbeta / m


# %% dgamma_without_xhat | fails: test_gradients_of_batch_norm_in_training | hint: gamma multiplies xhat: dgamma is the sum of dy * xhat. Yours is the sum of dy, which is dbeta.
def batchnorm2d_backward(dy, cache):
    dx, _, dbeta = _right["batchnorm2d_backward"](dy, cache)
    return dx, dbeta.copy(), dbeta


# %% evaluation_with_the_formula_of_training | fails: test_gradients_of_batch_norm_in_evaluation | hint: Without train the statistics are constants; the two means of the gradient are not there then.
def batchnorm2d_backward(dy, cache):
    xhat, gamma, scale, _ = cache
    return _right["batchnorm2d_backward"](dy, (xhat, gamma, scale, True))


# %% cotangent_of_the_first_call | fails: test_gradients_of_batch_norm_in_training, test_gradients_of_group_norm | hint: The second call with the same cache gave the first call's gradient: the cache must not be changed, nor dy kept in it.
_seen = {}


def _once(name, dy, cache):
    if id(cache) not in _seen:
        _seen[id(cache)] = (_right[name](dy, cache), cache)
    return _seen[id(cache)][0]


def batchnorm2d_backward(dy, cache):
    return _once("batchnorm2d_backward", dy, cache)


def groupnorm_backward(dy, cache):
    return _once("groupnorm_backward", dy, cache)


# %% interleaved_groups | fails: test_group_norm_values | hint: Your group j holds the channels j, j + G, j + 2G, ...; groups are neighbouring channels.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    x = as_float(x)
    if x.shape[1] % G:
        raise ValueError("G does not divide C")
    order = np.arange(x.shape[1]).reshape(-1, G).T.ravel()
    back = np.argsort(order)
    y, cache = _right["groupnorm_forward"](x[:, order], G, gamma[order], beta[order], eps)
    return y[:, back], _right["groupnorm_forward"](x, G, gamma, beta, eps)[1]


# %% statistics_shared_over_the_batch | fails: test_group_norm_values, test_normalisation_forgets_shift_and_scale | hint: Group norm looks at one sample at a time; your mean and variance are shared by the batch.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    return _groupnorm(x, G, gamma, beta, eps, axes=(0, 2, 3, 4))


# %% group_norm_per_channel | fails: test_group_norm_values | hint: Each channel was normalised by itself; a group of channels shares mean and variance.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    return _groupnorm(x, G, gamma, beta, eps, axes=(3, 4))


# %% group_norm_unbiased | fails: test_group_norm_values | hint: Group norm divides by the biased variance, the mean of the squares.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    return _groupnorm(x, G, gamma, beta, eps, ddof=1)


# %% group_norm_eps_outside | fails: test_group_norm_values | hint: eps belongs under the root: sqrt(var + eps), not sqrt(var) + eps.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    return _groupnorm(x, G, gamma, beta, eps, scale=lambda var, eps: 1 / (np.sqrt(var) + eps))


# %% gamma_per_group | fails: test_group_norm_values | hint: gamma and beta belong to channels; yours are those of the group's first channel.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    size = x.shape[1] // G
    y, cache = _right["groupnorm_forward"](x, G, np.repeat(gamma[::size], size), np.repeat(beta[::size], size), eps)
    return y, _right["groupnorm_forward"](x, G, gamma, beta, eps)[1]


# %% impossible_groups_rounded | fails: test_large_offsets_constant_channels_and_impossible_groups | hint: When G does not divide C, raise ValueError; do not choose another number of groups silently.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    while x.shape[1] % G:
        G -= 1
    return _right["groupnorm_forward"](x, G, gamma, beta, eps)


# %% dgamma_per_group | fails: test_gradients_of_group_norm | hint: dgamma and dbeta belong to channels; yours are summed over a group and repeated.
def groupnorm_backward(dy, cache):
    dx, dgamma, dbeta = _right["groupnorm_backward"](dy, cache)
    size = cache[0].shape[2]
    return (
        dx,
        np.repeat(dgamma.reshape(-1, size).sum(axis=1), size),
        np.repeat(dbeta.reshape(-1, size).sum(axis=1), size),
    )


# %% group_norm_mean_term_missing | fails: test_gradients_of_group_norm | hint: The mean depends on every x of the group: the gradient loses the mean of g, and yours did not.
def groupnorm_backward(dy, cache):
    xhat, gamma, scale = cache
    g = (dy * gamma).reshape(xhat.shape)
    dx = scale * (g - xhat * (g * xhat).mean(axis=(2, 3, 4), keepdims=True))
    return (dx.reshape(dy.shape), *_right["groupnorm_backward"](dy, cache)[1:])


# %% group_norm_variance_term_missing | fails: test_gradients_of_group_norm | hint: The variance depends on every x of the group: the term xhat * mean(g * xhat) is missing.
def groupnorm_backward(dy, cache):
    xhat, gamma, scale = cache
    g = (dy * gamma).reshape(xhat.shape)
    dx = scale * (g - g.mean(axis=(2, 3, 4), keepdims=True))
    return (dx.reshape(dy.shape), *_right["groupnorm_backward"](dy, cache)[1:])
