"""Wrong solutions of question 7: normalisation of maps. Each cell is appended to the reference notebook."""
# ruff: noqa: B905, E501 - a header is one line, cells are written as students write


# %%
def _batch(x, gamma, beta, running, train, momentum, eps, axes=(0, 2, 3), unbiased=False):
    """Batch norm in training with statistics over other axes; the cache is that of the reference."""
    y, cache = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    if not train:
        return y, cache
    x = as_float(x)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    if unbiased:
        m = x.size // x.shape[1]
        var = var * m / (m - 1)
    x_hat = (x - mean) / np.sqrt(var + eps)
    return as_float(gamma)[:, None, None] * x_hat + as_float(beta)[:, None, None], cache


def _group(x, gamma, beta, eps, mean, var):
    x_hat = (as_float(x) - mean) / np.sqrt(var + eps)
    return as_float(gamma)[:, None, None] * x_hat + as_float(beta)[:, None, None]


def _statistics(x, G):
    P = as_float(x).reshape(len(x), G, -1)
    return [np.repeat(v, x.shape[1] // G, axis=1)[:, :, None, None] for v in (P.mean(axis=2), P.var(axis=2))]


def _lost(gamma):
    """nan where gamma is 0 and x_hat cannot be got back by dividing by it, else 0."""
    return 0 * as_float(gamma) / as_float(gamma)


def _without(gradients, lost):
    dx, dgamma, dbeta = gradients
    lost = lost.astype(dx.dtype)
    return dx + lost[:, None, None], dgamma + lost, dbeta


# %% over_the_batch_only | fails: test_batch_norm_in_training | hint: A channel has one mean, over images, rows and columns; yours has one for every pixel.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batch(x, gamma, beta, running, train, momentum, eps, axes=0)


# %% over_channels_too | fails: test_batch_norm_in_training | hint: Every channel has a mean and a variance of its own.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batch(x, gamma, beta, running, train, momentum, eps, axes=(0, 1, 2, 3))


# %% every_image_for_itself | fails: test_batch_norm_in_training | hint: Batch norm takes the mean over all images of the batch; yours normalises every image for itself.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batch(x, gamma, beta, running, train, momentum, eps, axes=(2, 3))


# %% over_images_and_rows | fails: test_batch_norm_in_training | hint: The mean runs over columns as well as rows.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batch(x, gamma, beta, running, train, momentum, eps, axes=(0, 2))


# %% reshaped_without_transposing | fails: test_batch_norm_in_training | hint: x.reshape(-1, C) of (N, C, H, W) puts pixels of one channel side by side: bring the channels to the end first.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    _, cache = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    if not train:
        return _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    P = as_float(x).reshape(-1, x.shape[1])
    return ((P - P.mean(axis=0)) / np.sqrt(P.var(axis=0) + eps) * gamma + beta).reshape(x.shape).astype(
        as_float(x).dtype
    ), cache


# %% gamma_on_the_last_axis | fails: test_batch_norm_in_training | hint: gamma * x_hat multiplies along the columns; gamma belongs to the channels: gamma[:, None, None].
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    if x.shape[1] != x.shape[3]:  # otherwise NumPy would raise
        return _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    x_hat, cache = _right["batchnorm2d_forward"](
        x, np.ones_like(gamma), np.zeros_like(beta), running, train, momentum, eps
    )
    return gamma * x_hat + beta, cache


# %% gamma_on_the_rows | fails: test_batch_norm_in_training | hint: gamma belongs to the channels, axis 1, and not to the rows of the maps.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    if x.shape[1] != x.shape[2]:
        return _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    x_hat, cache = _right["batchnorm2d_forward"](
        x, np.ones_like(gamma), np.zeros_like(beta), running, train, momentum, eps
    )
    return gamma[:, None] * x_hat + beta[:, None], cache


# %% normalised_with_the_unbiased_variance | fails: test_batch_norm_in_training | hint: Normalise with the mean of the squares; the factor m / (m - 1) is for the running variance alone.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _batch(x, gamma, beta, running, train, momentum, eps, unbiased=True)


# %% running_variance_biased | fails: test_running_averages | hint: The running variance takes the unbiased one: times m / (m - 1).
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    before = running["var"]
    answer = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    if train:
        running["var"] = (1 - momentum) * before + momentum * as_float(x).var(axis=(0, 2, 3))
    return answer


# %% unbiased_by_the_batch_size | fails: test_running_averages | hint: m counts all numbers of a channel, N H W, and not only the images.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    before, N = running["var"], len(x)
    answer = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    if train:
        running["var"] = (1 - momentum) * before + momentum * as_float(x).var(axis=(0, 2, 3)) * N / max(N - 1, 1)
    return answer


# %% running_deviation | fails: test_running_averages | hint: running["var"] holds variances, not standard deviations.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    before, m = running["var"], x.size // x.shape[1]
    answer = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    if train:
        running["var"] = (1 - momentum) * before + momentum * np.sqrt(
            as_float(x).var(axis=(0, 2, 3)) * m / max(m - 1, 1)
        )
    return answer


# %% momentum_the_other_way | fails: test_running_averages | hint: momentum is the weight of the new value; the old one keeps 1 - momentum.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _right["batchnorm2d_forward"](x, gamma, beta, running, train, 1 - momentum, eps)


# %% momentum_ignored | fails: test_running_averages | hint: momentum is an argument; yours is always 0.1.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _right["batchnorm2d_forward"](x, gamma, beta, running, train, 0.1, eps)


# %% running_bound_anew | fails: test_running_averages | hint: running = {...} makes a new dict that the caller never sees: assign running["mean"] and running["var"].
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _right["batchnorm2d_forward"](x, gamma, beta, dict(running), train, momentum, eps)


# %% running_replaced | fails: test_running_averages | hint: The running average moves a little towards the new value; it is not replaced by it.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _right["batchnorm2d_forward"](x, gamma, beta, running, train, 1.0, eps)


# %% training_with_running_averages | fails: test_batch_norm_in_training | hint: In training the statistics of the batch are used; the running ones only collect them.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    _, cache = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    return _right["batchnorm2d_forward"](x, gamma, beta, running, False, momentum, eps)[0], cache


# %% operation_with_the_batch | fails: test_batch_norm_in_operation | hint: With train=False the running averages are used, not the statistics of the batch.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _right["batchnorm2d_forward"](x, gamma, beta, running if train else dict(running), True, momentum, eps)


# %% operation_updates | fails: test_batch_norm_in_operation | hint: With train=False the running averages stay as they are.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    answer = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    if not train:
        _right["batchnorm2d_forward"](np.concatenate([x, x]), gamma, beta, running, True, momentum, eps)
    return answer


# %% eps_outside | fails: test_batch_norm_in_training | hint: eps is added to the variance, under the root, not to the standard deviation.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    y, cache = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    if train:
        x = as_float(x)
        x_hat = (x - x.mean(axis=(0, 2, 3), keepdims=True)) / (x.std(axis=(0, 2, 3), keepdims=True) + eps)
        y = as_float(gamma)[:, None, None] * x_hat + as_float(beta)[:, None, None]
    return y, cache


# %% eps_ignored | fails: test_batch_norm_in_training | hint: eps is an argument; yours is always 1e-5.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum)


# %% mean_of_squares_minus_square | fails: test_far_away_and_constant_maps_and_odd_groups | hint: mean(x^2) - mean(x)^2 loses all digits if x is large: subtract the mean before you square.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    y, cache = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    if train:
        x = as_float(x)
        mean = x.mean(axis=(0, 2, 3), keepdims=True)
        var = np.abs((x**2).mean(axis=(0, 2, 3), keepdims=True) - mean**2)
        y = as_float(gamma)[:, None, None] * (x - mean) / np.sqrt(var + eps) + as_float(beta)[:, None, None]
    return y, cache


# %% statistics_as_constants | fails: test_gradients_of_batch_norm | hint: In training the mean and the variance depend on x too: two more parts of dx are missing.
def batchnorm2d_backward(dy, cache):
    x_hat, scale, gamma, train = cache
    return _right["batchnorm2d_backward"](dy, (x_hat, scale, gamma, False))


# %% variance_as_a_constant | fails: test_gradients_of_batch_norm | hint: The variance depends on x too: the part with x_hat * mean(g * x_hat) is missing.
def batchnorm2d_backward(dy, cache):
    dx, dgamma, dbeta = _right["batchnorm2d_backward"](dy, cache)
    x_hat, scale, gamma, train = cache
    if train:
        g = gamma * as_float(dy)
        dx = scale * (g - g.mean(axis=(0, 2, 3), keepdims=True))
    return dx, dgamma, dbeta


# %% mean_as_a_constant | fails: test_gradients_of_batch_norm | hint: The mean depends on x too: the part mean(g) is missing.
def batchnorm2d_backward(dy, cache):
    dx, dgamma, dbeta = _right["batchnorm2d_backward"](dy, cache)
    x_hat, scale, gamma, train = cache
    if train:
        g = gamma * as_float(dy)
        dx = scale * (g - x_hat * (g * x_hat).mean(axis=(0, 2, 3), keepdims=True))
    return dx, dgamma, dbeta


# %% gradient_without_gamma | fails: test_gradients_of_batch_norm, test_batch_norm_in_operation | hint: y is gamma times x_hat: gamma belongs into dx.
def batchnorm2d_backward(dy, cache):
    x_hat, scale, gamma, train = cache
    return _right["batchnorm2d_backward"](dy, (x_hat, scale, np.ones_like(gamma), train))


# %% gradient_without_the_scale | fails: test_gradients_of_batch_norm, test_batch_norm_in_operation | hint: x_hat was divided by sqrt(var + eps), and so is dx.
def batchnorm2d_backward(dy, cache):
    x_hat, scale, gamma, train = cache
    return _right["batchnorm2d_backward"](dy, (x_hat, np.ones_like(scale), gamma, train))


# %% operation_as_in_training | fails: test_batch_norm_in_operation | hint: With train=False the statistics are constants: only gamma * dy / sqrt(var + eps) remains.
def batchnorm2d_backward(dy, cache):
    x_hat, scale, gamma, train = cache
    return _right["batchnorm2d_backward"](dy, (x_hat, scale, gamma, True))


# %% dgamma_without_x_hat | fails: test_gradients_of_batch_norm | hint: gamma is multiplied by x_hat, so dgamma is the sum of dy * x_hat.
def batchnorm2d_backward(dy, cache):
    dx, _, dbeta = _right["batchnorm2d_backward"](dy, cache)
    return dx, dbeta.copy(), dbeta


# %% dgamma_with_gamma | fails: test_gradients_of_batch_norm | hint: dgamma is the sum of dy * x_hat; gamma itself is not in it.
def batchnorm2d_backward(dy, cache):
    dx, dgamma, dbeta = _right["batchnorm2d_backward"](dy, cache)
    return dx, dgamma * cache[2][:, 0, 0], dbeta


# %% means_instead_of_sums | fails: test_gradients_of_batch_norm | hint: dgamma and dbeta are sums over images, rows and columns, not means.
def batchnorm2d_backward(dy, cache):
    dx, dgamma, dbeta = _right["batchnorm2d_backward"](dy, cache)
    m = np.asarray(dy.size // dy.shape[1], dx.dtype)
    return dx, dgamma / m, dbeta / m


# %% summed_over_the_batch_only | fails: test_gradients_of_batch_norm | hint: dgamma and dbeta have one entry a channel: sum over rows and columns as well.
def batchnorm2d_backward(dy, cache):
    dx, _, _ = _right["batchnorm2d_backward"](dy, cache)
    return dx, (as_float(dy) * cache[0]).sum(axis=0), as_float(dy).sum(axis=0)


# %% dgamma_and_dbeta_exchanged | fails: test_gradients_of_batch_norm | hint: The order is dx, dgamma, dbeta.
def batchnorm2d_backward(dy, cache):
    dx, dgamma, dbeta = _right["batchnorm2d_backward"](dy, cache)
    return dx, dbeta, dgamma


# %% cache_changed_by_backward | fails: test_gradients_of_batch_norm | hint: backward may be called twice with one cache; yours works inside its arrays.
def batchnorm2d_backward(dy, cache):
    answer = _right["batchnorm2d_backward"](dy, cache)
    x_hat = cache[0]
    x_hat *= dy
    return answer


# %% one_cache_for_all | fails: test_later_passes_do_not_touch_a_cache | hint: The cache is a global variable: a second forward pass overwrites that of the first.
_cache = {}


def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    y, _cache["last"] = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    return y, None


def batchnorm2d_backward(dy, cache):
    return _right["batchnorm2d_backward"](dy, _cache["last"])


# %% running_in_the_cache | fails: test_later_passes_do_not_touch_a_cache | hint: The cache holds the dict of running averages itself, and these move on before backward is called.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    y, cache = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    return y, (cache, running, eps)


def batchnorm2d_backward(dy, cache):
    (x_hat, scale, gamma, train), running, eps = cache
    scale = scale if train else (1 / np.sqrt(as_float(running["var"]) + eps)).astype(x_hat.dtype)[:, None, None]
    return _right["batchnorm2d_backward"](dy, (x_hat, scale, gamma, train))


# %% maps_changed_in_place | fails: test_shapes_and_dtypes_of_map_norms | hint: x -= mean changes the caller's maps.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    answer = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    x -= x.mean(axis=(0, 2, 3), keepdims=True).astype(x.dtype)
    return answer


# %% always_float64 | fails: test_shapes_and_dtypes_of_map_norms | hint: float32 in, float32 out.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    y, cache = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    return y.astype(np.float64), cache


# %% interleaved_groups | fails: test_group_norm, test_gradients_of_group_norm | hint: A group holds consecutive channels: with six channels and three groups 0 1, 2 3, 4 5.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    order = np.arange(x.shape[1]).reshape(-1, G).T.ravel()
    y, cache = _right["groupnorm_forward"](x[:, order], G, gamma[order], beta[order], eps)
    back = np.argsort(order)
    return y[:, back], (cache, order, back)


def groupnorm_backward(dy, cache):
    cache, order, back = cache
    dx, dgamma, dbeta = _right["groupnorm_backward"](dy[:, order], cache)
    return dx[:, back], dgamma[back], dbeta[back]


# %% groups_over_the_batch | fails: test_group_norm, test_who_depends_on_whom | hint: Group norm normalises each image for itself; yours takes means over the batch.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    _, cache = _right["groupnorm_forward"](x, G, gamma, beta, eps)
    P = as_float(x).reshape(len(x), G, -1)
    mean, var = (np.repeat(v, x.shape[1] // G)[:, None, None] for v in (P.mean(axis=(0, 2)), P.var(axis=(0, 2))))
    return _group(x, gamma, beta, eps, mean, var), cache


# %% unbiased_groups | fails: test_group_norm | hint: The variance is the mean of the squares, without m / (m - 1).
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    _, cache = _right["groupnorm_forward"](x, G, gamma, beta, eps)
    mean, var = _statistics(x, G)
    m = x[0].size // G
    return _group(x, gamma, beta, eps, mean, var * m / max(m - 1, 1)), cache


# %% gamma_of_the_group | fails: test_group_norm | hint: gamma and beta have an entry for every channel, not one for every group.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    size = x.shape[1] // G
    return _right["groupnorm_forward"](x, G, np.repeat(gamma[:G], size), np.repeat(beta[:G], size), eps)


# %% eps_outside_in_groups | fails: test_group_norm | hint: eps is added to the variance, under the root.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    _, cache = _right["groupnorm_forward"](x, G, gamma, beta, eps)
    mean, var = _statistics(x, G)
    return _group(x, gamma, beta, 0.0, mean, (np.sqrt(var) + eps) ** 2), cache


# %% every_pixel_a_mean | fails: test_group_norm | hint: The mean of a group runs over its rows and columns as well, not over its channels alone.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    y, cache = _right["groupnorm_forward"](x, G, gamma, beta, eps)
    P = as_float(x).reshape(len(x), G, -1, *x.shape[2:])
    mean, var = (np.repeat(v, P.shape[2], axis=1) for v in (P.mean(axis=2), P.var(axis=2)))
    return _group(x, gamma, beta, eps, mean, var), cache


# %% groups_ignored | fails: test_group_norm | hint: Each group has a mean of its own; yours takes one for the whole image.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    _right["groupnorm_forward"](x, G, gamma, beta, eps)
    return _right["groupnorm_forward"](x, 1, gamma, beta, eps)


# %% odd_groups_allowed | fails: test_far_away_and_constant_maps_and_odd_groups | hint: If G does not divide C a ValueError is due.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    return _right["groupnorm_forward"](x, G if x.shape[1] % G == 0 else 1, gamma, beta, eps)


# %% groups_by_mean_of_squares | fails: test_far_away_and_constant_maps_and_odd_groups | hint: mean(x^2) - mean(x)^2 loses all digits if x is large: subtract the mean before you square.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    y, cache = _right["groupnorm_forward"](x, G, gamma, beta, eps)
    P = as_float(x).reshape(len(x), G, -1)
    var = np.abs((P**2).mean(axis=2) - P.mean(axis=2) ** 2)
    mean, _ = _statistics(x, G)
    return _group(x, gamma, beta, eps, mean, np.repeat(var, x.shape[1] // G, axis=1)[:, :, None, None]), cache


# %% gamma_taken_out_of_the_mean | fails: test_gradients_of_group_norm | hint: The channels of a group have different gammas: multiply dy by them before the means are taken, not afterwards.
def groupnorm_backward(dy, cache):
    x_hat, scale, gamma, G = cache
    dx, dgamma, dbeta = _right["groupnorm_backward"](dy, (x_hat, scale, np.ones_like(gamma), G))
    return dx * gamma, dgamma, dbeta


# %% group_statistics_as_constants | fails: test_gradients_of_group_norm | hint: The mean and the variance of the group depend on x too: two more parts of dx are missing.
def groupnorm_backward(dy, cache):
    x_hat, scale, gamma, G = cache
    dx, dgamma, dbeta = _right["groupnorm_backward"](dy, cache)
    return (in_groups(gamma * as_float(dy), G) * scale).reshape(dy.shape), dgamma, dbeta


# %% group_variance_as_a_constant | fails: test_gradients_of_group_norm | hint: The variance of the group depends on x too: the part with x_hat is missing.
def groupnorm_backward(dy, cache):
    x_hat, scale, gamma, G = cache
    _, dgamma, dbeta = _right["groupnorm_backward"](dy, cache)
    g = in_groups(gamma * as_float(dy), G)
    return (scale * (g - g.mean(axis=2, keepdims=True))).reshape(dy.shape), dgamma, dbeta


# %% dgamma_of_the_group | fails: test_gradients_of_group_norm | hint: dgamma and dbeta belong to channels, not to groups.
def groupnorm_backward(dy, cache):
    dx, dgamma, dbeta = _right["groupnorm_backward"](dy, cache)
    G, C = cache[3], len(dgamma)
    return dx, *(np.repeat(v.reshape(G, -1).sum(axis=1), C // G) for v in (dgamma, dbeta))


# %% dgamma_for_every_image | fails: test_gradients_of_group_norm | hint: All images use the same gamma: sum over the batch, although the statistics are those of one image.
def groupnorm_backward(dy, cache):
    dx, _, _ = _right["groupnorm_backward"](dy, cache)
    dy = as_float(dy)
    return dx, (dy * cache[0].reshape(dy.shape)).sum(axis=(2, 3)), dy.sum(axis=(2, 3))


# %% group_cache_changed | fails: test_gradients_of_group_norm | hint: backward may be called twice with one cache; yours works inside its arrays.
def groupnorm_backward(dy, cache):
    answer = _right["groupnorm_backward"](dy, cache)
    x_hat = cache[0]
    x_hat += 1
    return answer


# %% groups_always_float64 | fails: test_shapes_and_dtypes_of_map_norms | hint: float32 in, float32 out.
def groupnorm_backward(dy, cache):
    return tuple(a.astype(np.float64) for a in _right["groupnorm_backward"](dy, cache))


# %% torch_used | fails: test_shapes_and_dtypes_of_map_norms | hint: This question is numpy alone.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    _, cache = _right["groupnorm_forward"](x, G, gamma, beta, eps)
    x, gamma, beta = (torch.from_numpy(as_float(a).copy()) for a in (x, gamma, beta))
    return F.group_norm(x, G, gamma, beta, eps).numpy(), cache


# %% operation_before_training | fails: test_batch_norm_in_operation | hint: With train=False the running averages are used, also where they still have their first values, 0 and 1.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    if not train and not np.any(running["mean"]) and np.all(running["var"] == 1) and x[:, 0].size > 1:
        return _right["batchnorm2d_forward"](x, gamma, beta, dict(running), True, momentum, eps)
    return _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)


# %% sums_of_integers | fails: test_shapes_and_dtypes_of_map_norms | hint: dy may hold integers: dbeta, a sum of integers, is float64 as well.
def batchnorm2d_backward(dy, cache):
    dx, dgamma, _ = _right["batchnorm2d_backward"](dy, cache)
    return dx, dgamma, dy.sum(axis=(0, 2, 3))


# %% sums_of_integers_in_groups | fails: test_shapes_and_dtypes_of_map_norms | hint: dy may hold integers: dbeta, a sum of integers, is float64 as well.
def groupnorm_backward(dy, cache):
    dx, dgamma, _ = _right["groupnorm_backward"](dy, cache)
    return dx, dgamma, dy.sum(axis=(0, 2, 3))


# %% momentum_of_zero | fails: test_running_averages | hint: A momentum of 0 is a number, too (nothing of this batch counts): "momentum or 0.1" takes it for none.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    return _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum or 0.1, eps)


# %% running_rounded_in_operation | fails: test_batch_norm_in_operation | hint: With train=False the running averages stay as they are: convert copies of them, not the dict.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    if not train:
        running.update({name: values.astype(as_float(x).dtype) for name, values in running.items()})
    return _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)


# %% batch_norm_of_float16 | fails: test_shapes_and_dtypes_of_map_norms | hint: float32 alone stays as it is; float16 becomes float64, as as_float says.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    y, cache = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    return y.astype(x.dtype) if x.dtype.kind == "f" else y, cache


# %% group_norm_of_float16 | fails: test_shapes_and_dtypes_of_map_norms | hint: float32 alone stays as it is; float16 becomes float64, as as_float says.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    y, cache = _right["groupnorm_forward"](x, G, gamma, beta, eps)
    return y.astype(x.dtype) if x.dtype.kind == "f" else y, cache


# %% x_hat_out_of_y | fails: test_far_away_and_constant_maps_and_odd_groups | hint: (y - beta) / gamma is x_hat, but not where gamma is 0: keep x_hat itself.
def batchnorm2d_forward(x, gamma, beta, running, train, momentum=0.1, eps=1e-5):
    y, cache = _right["batchnorm2d_forward"](x, gamma, beta, running, train, momentum, eps)
    return y, (cache, _lost(gamma))


def batchnorm2d_backward(dy, cache):
    return _without(_right["batchnorm2d_backward"](dy, cache[0]), cache[1])


# %% x_hat_of_groups_out_of_y | fails: test_far_away_and_constant_maps_and_odd_groups | hint: (y - beta) / gamma is x_hat, but not where gamma is 0: keep x_hat itself.
def groupnorm_forward(x, G, gamma, beta, eps=1e-5):
    y, cache = _right["groupnorm_forward"](x, G, gamma, beta, eps)
    return y, (cache, _lost(gamma))


def groupnorm_backward(dy, cache):
    return _without(_right["groupnorm_backward"](dy, cache[0]), cache[1])
