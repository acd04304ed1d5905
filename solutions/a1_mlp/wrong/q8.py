"""Wrong solutions of question 8: the multi-layer perceptron. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line

# %%
import copy


def _learn(
    params,
    X,
    y,
    act,
    l2=0.0,
    start=lambda dZ, Z: dZ,
    dW=lambda A, dZ: A.T @ dZ,
    db=lambda dZ: dZ.sum(axis=0),
    slope=None,
):
    """A right mlp_loss_and_grads with parts that the mutants replace; slope takes (Z, A, width of the layer above)."""
    d_act = ACTIVATIONS[act][1]
    slope = slope or (lambda Z, A, above: d_act(Z))
    logits, cache = mlp_forward(params, X, act)
    loss, dZ = softmax_cross_entropy(logits, y)
    dZ, grads = start(dZ, logits), dict.fromkeys(params)
    for layer in range(len(cache), 0, -1):
        W, (A, Z) = params[f"W{layer}"], cache[layer - 1]
        grads[f"W{layer}"], grads[f"b{layer}"] = dW(A, dZ) + l2 * W, db(dZ)
        loss += l2 / 2 * float(np.sum(W**2))
        if layer > 1:
            dZ = (dZ @ W.T) * slope(cache[layer - 2][1], A, Z)
    return loss, grads


def _weights(params):
    return [name for name in params if name.startswith("W")]


def _draw(sizes, scheme, rng, spread):
    """A right init_params but for `spread`: (family, shape, n_in, n_out) -> standard deviation, or half width."""
    family, _, shape = scheme.partition("_")
    params = {}
    for layer, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True), start=1):
        size = spread(family, shape, n_in, n_out)
        values = rng.normal(size=(n_in, n_out)) if shape == "normal" else rng.uniform(-1, 1, size=(n_in, n_out))
        params[f"W{layer}"], params[f"b{layer}"] = size * values, np.zeros(n_out)
    return params


def _variance(family, n_in, n_out):
    return 2 / (n_in + n_out) if family == "xavier" else 2 / n_in


def _differences(f, x, h, quotient):
    """quotient(value at a shifted entry) for every entry of x, which is put back."""
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        kept = x[index]

        def at(shift, index=index, kept=kept):
            x[index] = kept + shift
            try:
                return f(x)
            finally:
                x[index] = kept

        gradient[index] = quotient(at, h)
    return gradient


# %% gradient_of_the_sum | fails: test_gradients_at_every_depth | hint: The loss is a mean over the batch, the gradients are those of the sum: 1/N is missing.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2, start=lambda dZ, Z: dZ * len(dZ))


# %% bias_gradient_averaged | fails: test_gradients_at_every_depth | hint: 1/N is already in dZ: the bias gradient is the sum over the batch, not its mean.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2, db=lambda dZ: dZ.mean(axis=0))


# %% bias_gradient_missing | fails: test_gradients_at_every_depth | hint: The biases have gradients too; here they are all 0.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2, db=lambda dZ: np.zeros_like(dZ[0]))


# %% bias_gradient_as_a_row | fails: test_names_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: keepdims leaves the bias gradient with shape (1, n); params has (n,).
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2, db=lambda dZ: dZ.sum(axis=0, keepdims=True))


# %% weight_gradient_transposed | fails: test_one_row_and_square_layers | hint: In square layers the gradient of W comes out transposed: it is A.T @ dZ.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2, dW=lambda A, dZ: dZ.T @ A if A.shape[1] == dZ.shape[1] else A.T @ dZ)


# %% slope_at_the_activation | fails: test_gradients_at_every_depth | hint: The slope was taken at the activation a; d_tanh and d_sigmoid want the pre-activation z.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2, slope=lambda Z, A, above: ACTIVATIONS[act][1](A))


# %% slope_of_the_layer_above | fails: test_gradients_at_every_depth | hint: dZ of a layer needs the slope at this layer's own z, not at that of the layer above.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    d_act = ACTIVATIONS[act][1]
    return _learn(params, X, y, act, l2, slope=lambda Z, A, above: d_act(above) if above.shape == Z.shape else d_act(Z))


# %% output_masked | fails: test_gradients_at_every_depth | hint: The last layer has no activation, so nothing masks its gradient.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2, start=lambda dZ, Z: dZ * (Z > 0))


# %% slope_forgotten | fails: test_gradients_at_every_depth | hint: The derivative of the activation is missing; such a network even trains, but this is not its gradient.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2, slope=lambda Z, A, above: np.ones_like(Z))


# %% weights_updated_too_early | fails: test_gradients_at_every_depth | hint: A layer's weights were changed before the gradient went back through them.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    logits, cache = mlp_forward(params, X, act)
    _, dZ = softmax_cross_entropy(logits, y)
    loss, grads = _learn(params, X, y, act, l2)
    for layer in range(len(cache), 0, -1):
        W, A = params[f"W{layer}"], cache[layer - 1][0]
        grads[f"W{layer}"], grads[f"b{layer}"] = A.T @ dZ + l2 * W, dZ.sum(axis=0)
        W = W - 0.1 * grads[f"W{layer}"]
        if layer > 1:
            dZ = (dZ @ W.T) * ACTIVATIONS[act][1](cache[layer - 2][1])
    return loss, grads


# %% parameters_stepped_on_the_way | fails: test_names_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: This function computes gradients; the optimiser makes the steps. The parameters must not change here.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    loss, grads = _learn(params, X, y, act, l2)
    for name in params:
        params[name] -= 0.1 * grads[name]
    return loss, grads


# %% penalty_without_the_half | fails: test_penalty_in_the_loss | hint: The gradient l2 * W belongs to l2/2 * W^2; the loss lacks the 1/2.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    loss, grads = _learn(params, X, y, act, l2)
    return loss + l2 / 2 * sum(float(np.sum(params[name] ** 2)) for name in _weights(params)), grads


# %% biases_penalised | fails: test_penalty_in_the_loss, test_penalty_in_the_gradient | hint: Only the weights are penalised, not the biases.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    loss, grads = _learn(params, X, y, act, l2)
    for name in params:
        if name not in _weights(params):
            grads[name] = grads[name] + l2 * params[name]
            loss += l2 / 2 * float(np.sum(params[name] ** 2))
    return loss, grads


# %% penalty_divided_by_the_batch | fails: test_penalty_in_the_loss, test_penalty_in_the_gradient | hint: The penalty does not depend on the batch: no division by N.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2 / len(X))


# %% penalty_missing_in_the_gradient | fails: test_penalty_in_the_gradient | hint: The loss has the penalty, its gradient does not: l2 * W is missing.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2)[0], _learn(params, X, y, act)[1]


# %% penalty_missing_in_the_loss | fails: test_penalty_in_the_loss | hint: The gradient has the penalty, the loss does not.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act)[0], _learn(params, X, y, act, l2)[1]


# %% last_layer_activated | fails: test_forward_values_at_every_depth | hint: The last layer gives logits: it is not activated.
def mlp_forward(params, X, act):
    logits, cache = _right["mlp_forward"](params, X, act)
    return ACTIVATIONS[act][0](logits), cache


# %% input_gradient_written_into_X | fails: test_names_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: The gradient of the input was added into X itself, the caller's array.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    loss, grads = _learn(params, X, y, act, l2)
    X += grads["b1"].mean()
    return loss, grads


# %% only_the_last_layer | fails: test_names_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: Only the last layer has gradients; go on down to the first.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    loss, grads = _learn(params, X, y, act, l2)
    return loss, dict(list(grads.items())[-2:])


# %% only_the_first_layer | fails: test_names_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: Only the first layer has gradients; return those of all layers.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    loss, grads = _learn(params, X, y, act, l2)
    return loss, dict(list(grads.items())[:2])


# %% one_cache_for_all_calls | fails: test_a_second_forward_leaves_the_first_cache_alone | hint: The cache is one global list: a second forward pass overwrites the first one's.
_cache = []


def mlp_forward(params, X, act):
    logits, cache = _right["mlp_forward"](params, X, act)
    _cache[:] = cache
    return logits, _cache


# %% always_relu | fails: test_forward_values_at_every_depth | hint: The hidden layers use relu whatever `act` says.
def mlp_forward(params, X, act):
    return _right["mlp_forward"](params, X, "relu")


# %% backward_always_relu | fails: test_gradients_at_every_depth | hint: The backward pass uses the slope of relu whatever `act` says.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    return _learn(params, X, y, act, l2, slope=lambda Z, A, above: d_relu(Z))


# %% he_by_fan_out | fails: test_initial_weights_have_the_right_spread | hint: He's variance is 2 / n_in; here n_in and n_out are swapped.
def init_params(sizes, scheme, rng):
    return _draw(
        sizes,
        scheme,
        rng,
        lambda family, shape, n, m: np.sqrt((3 if shape == "uniform" else 1) * _variance(family, m, n)),
    )


# %% variance_as_standard_deviation | fails: test_initial_weights_have_the_right_spread | hint: rng.normal takes the standard deviation: the square root of the variance is missing.
def init_params(sizes, scheme, rng):
    def spread(family, shape, n, m):
        variance = _variance(family, n, m)
        return variance if shape == "normal" else np.sqrt(3 * variance)

    return _draw(sizes, scheme, rng, spread)


# %% uniform_half_width_is_the_deviation | fails: test_initial_weights_have_the_right_spread | hint: U(-a, a) has variance a^2 / 3: the half width is sqrt(3) standard deviations.
def init_params(sizes, scheme, rng):
    return _draw(sizes, scheme, rng, lambda family, shape, n, m: np.sqrt(_variance(family, n, m)))


# %% he_without_the_two | fails: test_initial_weights_have_the_right_spread | hint: relu lets half through, so He doubles the variance: 2 / n_in, not 1 / n_in.
def init_params(sizes, scheme, rng):
    def spread(family, shape, n, m):
        return np.sqrt((3 if shape == "uniform" else 1) * (1 / n if family == "he" else _variance(family, n, m)))

    return _draw(sizes, scheme, rng, spread)


# %% xavier_by_fan_in_only | fails: test_initial_weights_have_the_right_spread | hint: Xavier's variance takes both sides into account: 2 / (n_in + n_out).
def init_params(sizes, scheme, rng):
    def spread(family, shape, n, m):
        return np.sqrt((3 if shape == "uniform" else 1) * (1 / n if family == "xavier" else 2 / n))

    return _draw(sizes, scheme, rng, spread)


# %% global_generator | fails: test_names_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: np.random is the global generator; draw from the rng that is passed.
def init_params(sizes, scheme, rng):
    return _right["init_params"](sizes, scheme, np.random)


# %% random_biases | fails: test_names_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: The biases start at 0.
def init_params(sizes, scheme, rng):
    params = _right["init_params"](sizes, scheme, rng)
    return {name: w if name in _weights(params) else rng.normal(0, 0.01, size=w.shape) for name, w in params.items()}


# %% same_numbers_in_every_layer | fails: test_initial_weights_come_from_the_generator_alone | hint: The generator starts anew in every layer, so layers of one shape get the same weights.
def init_params(sizes, scheme, rng):
    params = {}
    for layer, pair in enumerate(zip(sizes[:-1], sizes[1:], strict=True), start=1):
        drawn = _right["init_params"](list(pair), scheme, copy.deepcopy(rng))
        params[f"W{layer}"], params[f"b{layer}"] = drawn["W1"], drawn["b1"]
    rng.normal()
    return params


# %% forward_difference | fails: test_numeric_gradient_is_the_central_difference | hint: (f(x + h) - f(x)) / h is a forward difference: its error shrinks with h, not with h^2.
def numeric_gradient(f, x, h=1e-5):
    return _differences(f, x, h, lambda at, h: (at(h) - at(0)) / h)


# %% divided_by_h | fails: test_numeric_gradient_is_the_central_difference | hint: The two points are 2h apart; divide by 2h.
def numeric_gradient(f, x, h=1e-5):
    return _differences(f, x, h, lambda at, h: (at(h) - at(-h)) / h)


# %% not_put_back | fails: test_numeric_gradient_of_any_array_puts_x_back | hint: + h - 2h + h does not give the old number back bit by bit, and an error of f leaves x changed.
def numeric_gradient(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += h
        above = f(x)
        x[index] -= 2 * h
        gradient[index] = (above - f(x)) / (2 * h)
        x[index] += h
    return gradient


# %% not_put_back_after_an_error | fails: test_numeric_gradient_of_any_array_puts_x_back | hint: If f raises, the entry keeps its shift: put it back in a finally.
def numeric_gradient(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + h
        above = f(x)
        x[index] = kept - h
        gradient[index] = (above - f(x)) / (2 * h)
        x[index] = kept
    return gradient


# %% rounded_to_float32 | fails: test_numeric_gradient_is_the_central_difference | hint: In float32 a shift of 1e-5 drowns in rounding; compute in float64.
def numeric_gradient(f, x, h=1e-5):
    return _differences(lambda v: np.float64(np.float32(f(v))), x, h, lambda at, h: (at(h) - at(-h)) / (2 * h))


# %% shifted_copy_not_passed | fails: test_numeric_gradient_is_the_central_difference | hint: A copy is shifted but f is called with x itself: the gradient is 0.
def numeric_gradient(f, x, h=1e-5):
    return _differences(lambda v: f(x), x.copy(), h, lambda at, h: (at(h) - at(-h)) / (2 * h))


# %% raveled_copy | fails: test_numeric_gradient_of_any_array_puts_x_back | hint: ravel() copies an array that is not contiguous: its shifts never reach x.
def numeric_gradient(f, x, h=1e-5):
    flat = x.ravel()
    return _differences(lambda v: f(x), flat, h, lambda at, h: (at(h) - at(-h)) / (2 * h)).reshape(x.shape)


# %% summed_over_the_batch | fails: test_loss_is_the_mean_cross_entropy | hint: Loss and gradient belong together, and both are means over the batch; this is the sum over its rows.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    loss, grads = _right["mlp_loss_and_grads"](params, X, y, act, 0.0)
    loss, grads = len(X) * loss, {name: len(X) * g for name, g in grads.items()}
    for name in _weights(params):
        loss += l2 / 2 * float(np.sum(params[name] ** 2))
        grads[name] += l2 * params[name]
    return loss, grads


# %% layers_in_the_order_of_texts | fails: test_layers_come_in_the_order_of_their_numbers | hint: sorted() puts W10 before W2: count the layers instead.
def mlp_forward(params, X, act):
    names = sorted(name for name in params if name.startswith("W"))
    renamed = {f"{kind}{n}": params[kind + name[1:]] for n, name in enumerate(names, start=1) for kind in "Wb"}
    return _right["mlp_forward"](renamed, X, act)


# %% put_back_by_adding | fails: test_numeric_gradient_of_any_array_puts_x_back | hint: x + h - 2h + h is not x to the last digit; keep the old entry and put it back.
def numeric_gradient(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += h
        try:
            above = f(x)
            x[index] -= 2 * h
            try:
                below = f(x)
            finally:
                x[index] += 2 * h
        finally:
            x[index] -= h
        gradient[index] = (above - below) / (2 * h)
    return gradient


# %% layers_in_the_order_of_the_dict | fails: test_layers_come_in_the_order_of_their_numbers | hint: Layers are found by their names, W1, b1, W2, ..., in whatever order the dict holds them.
def mlp_forward(params, X, act):
    values = list(params.values())
    named = {f"{'Wb'[i % 2]}{i // 2 + 1}": value for i, value in enumerate(values)}
    return _right["mlp_forward"](named, X, act)


# %% one_array_of_zeros | fails: test_initial_weights_come_from_the_generator_alone | hint: Layers of the same width share one array of zeros as their bias: a step on one changes the other.
def init_params(sizes, scheme, rng):
    params, zeros = _right["init_params"](sizes, scheme, rng), {}
    return {name: zeros.setdefault(p.shape, p) if p.ndim == 1 else p for name, p in params.items()}


# %% sizes_used_up | fails: test_names_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: The list of sizes is the caller's: pop empties it.
def init_params(sizes, scheme, rng):
    params = _right["init_params"](sizes, scheme, rng)
    while len(sizes) > 1:
        sizes.pop()
    return params


# %% layers_of_one_unit_unpenalised | fails: test_penalty_in_the_loss | hint: A weight matrix with one column is no bias: the names say which is which, not the shapes.
def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    loss, grads = _right["mlp_loss_and_grads"](params, X, y, act, l2)
    return loss - l2 / 2 * sum(np.sum(p**2) for p in params.values() if p.ndim == 2 and p.shape[1] == 1), grads


# %% not_put_back_after_an_interrupt | fails: test_numeric_gradient_of_any_array_puts_x_back | hint: An interrupt (KeyboardInterrupt) is no Exception, so x stays nudged; finally puts it back after both.
def numeric_gradient(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        old = x[i]
        try:
            x[i] = old + h
            above = float(f(x))
            x[i] = old - h
            below = float(f(x))
        except Exception:
            x[i] = old
            raise
        x[i] = old
        gradient[i] = (above - below) / (2 * h)
    return gradient


# %% step_of_its_own | fails: test_numeric_gradient_is_the_central_difference | hint: The step h that the caller gives is not used.
def numeric_gradient(f, x, h=1e-5):
    return _right["numeric_gradient"](f, x)
