"""Wrong solutions of question 2: recurrent networks. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _slope(h, act):
    return 1 - h**2 if act == "tanh" else h * (1 - h)


def _before(h0, h):
    return np.concatenate([h0[:, None], h[:, :-1]], axis=1)


def _collect(x, before, delta, Wx, dh0):
    """The dict of gradients from those of the pre-activations."""
    return {
        "dx": delta @ Wx.T,
        "dh0": dh0,
        "dWx": np.einsum("btd,bth->dh", x, delta),
        "dWh": np.einsum("btg,bth->gh", before, delta),
        "db": delta.sum(axis=(0, 1)),
    }


def _deltas(dh, h, Wh_back, slope, reach=10**9):
    """Gradients of the pre-activations; a gradient is forgotten at every step whose number `reach` divides."""
    delta, later = np.zeros_like(h), np.zeros_like(h[:, 0])
    for t in reversed(range(h.shape[1])):
        delta[:, t] = (dh[:, t] + later) * slope[:, t]
        later = delta[:, t] @ Wh_back if t % reach else 0 * later
        if t == 0:
            later = delta[:, t] @ Wh_back
    return delta, later


# %% recurrent_term_dropped | fails: test_gradient_of_the_inputs, test_gradients_through_time_of_a_loss_that_sees_one_state | hint: What step t + 1 says about h_t is missing: every step is treated as if it were the last.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta = dh * _slope(h, act)
    return _collect(x, _before(h0, h), delta, Wx, delta[:, 0] @ Wh.T)


# %% truncated_to_three_steps | fails: test_gradient_of_the_inputs, test_gradients_through_time_of_a_loss_that_sees_one_state | hint: The gradient is cut every few steps; here it has to travel all the way to the first.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta, dh0 = _deltas(dh, h, Wh.T, _slope(h, act), reach=3)
    return _collect(x, _before(h0, h), delta, Wx, dh0)


# %% only_the_last_state_heard | fails: test_gradient_of_the_inputs, test_gradients_through_time_of_a_loss_that_sees_one_state | hint: dh has an entry for every state, not for the last one alone.
def rnn_backward(dh, cache):
    last = np.zeros_like(dh)
    last[:, -1] = dh[:, -1]
    return _right["rnn_backward"](last, cache)


# %% upstream_added_twice | fails: test_gradient_of_the_inputs | hint: dh_t is added at step t and again with what is handed to the step before it.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta, later = np.zeros_like(h), np.zeros_like(h0)
    for t in reversed(range(h.shape[1])):
        delta[:, t] = (dh[:, t] + later) * _slope(h, act)[:, t]
        later = delta[:, t] @ Wh.T + (dh[:, t - 1] if t else 0)
    return _collect(x, _before(h0, h), delta, Wx, later)


# %% recurrent_weights_not_transposed | fails: test_gradient_of_the_inputs | hint: Backwards the gradient goes through Wh transposed; Wh is square, so nothing complains.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta, dh0 = _deltas(dh, h, Wh, _slope(h, act))
    return _collect(x, _before(h0, h), delta, Wx, dh0)


# %% states_after_the_step | fails: test_gradient_of_the_recurrent_weights | hint: dWh pairs the gradient of step t with the state before that step, not after it.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta, dh0 = _deltas(dh, h, Wh.T, _slope(h, act))
    return _collect(x, h, delta, Wx, dh0)


# %% first_state_missing | fails: test_gradient_of_the_recurrent_weights | hint: The state before the first step is h0, not 0.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    return _right["rnn_backward"](dh, cache) | {"dWh": _right["rnn_backward"](dh, (x, 0 * h0, h, Wx, Wh, act))["dWh"]}


# %% no_gradient_for_the_first_state | fails: test_gradient_of_the_first_state | hint: dh0 is 0 here; h0 influences every state.
def rnn_backward(dh, cache):
    grads = _right["rnn_backward"](dh, cache)
    return grads | {"dh0": 0 * grads["dh0"]}


# %% gradient_of_the_first_state_one_step_early | fails: test_gradient_of_the_first_state | hint: dh0 is the gradient of the first pre-activation; it still has to go through Wh transposed.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta, _ = _deltas(dh, h, Wh.T, _slope(h, act))
    return _collect(x, _before(h0, h), delta, Wx, delta[:, 0])


# %% slope_of_the_pre_activation | fails: test_gradient_of_the_inputs | hint: 1 - h^2 is the slope of tanh in terms of h; here z stands in its place.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    with np.errstate(all="ignore"):
        z = np.arctanh(h) if act == "tanh" else np.log(h) - np.log(1 - h)
        delta, dh0 = _deltas(dh, h, Wh.T, _slope(z, act))
    return _collect(x, _before(h0, h), delta, Wx, dh0)


# %% slope_of_the_activation_taken_twice | fails: test_gradient_of_the_inputs | hint: The slope is computed from g(h): h already is g(z).
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta, dh0 = _deltas(dh, h, Wh.T, _slope(np.tanh(h) if act == "tanh" else sigmoid(h), act))
    return _collect(x, _before(h0, h), delta, Wx, dh0)


# %% slope_of_tanh_for_the_sigmoid | fails: test_gradient_of_the_inputs | hint: 1 - h^2 is the slope of tanh; that of the sigmoid is h (1 - h).
def rnn_backward(dh, cache):
    return _right["rnn_backward"](dh, (*cache[:-1], "tanh"))


# %% slope_forgotten | fails: test_gradient_of_the_inputs | hint: The slope of the activation is missing.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta, dh0 = _deltas(dh, h, Wh.T, np.ones_like(h))
    return _collect(x, _before(h0, h), delta, Wx, dh0)


# %% parameters_from_the_last_step | fails: test_gradient_of_the_bias, test_gradient_of_the_input_weights | hint: Each step uses the parameters: their gradients are sums over all steps, = overwrites where += would add.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta, _ = _deltas(dh, h, Wh.T, _slope(h, act))
    first = _collect(x[:, :1], h0[:, None], delta[:, :1], Wx, None)
    return _right["rnn_backward"](dh, cache) | {name: first[name] for name in ("dWx", "dWh", "db")}


# %% bias_over_the_batch_alone | fails: test_gradient_of_the_bias, test_recurrent_shapes_follow_the_table_and_nothing_is_changed | hint: db is a sum over batch and steps: shape (H,).
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta, dh0 = _deltas(dh, h, Wh.T, _slope(h, act))
    return _collect(x, _before(h0, h), delta, Wx, dh0) | {"db": delta.sum(axis=0)}


# %% mean_over_the_batch | fails: test_gradient_of_the_bias | hint: dh already knows whether the loss is a mean; here everything is added up, nothing divided by B.
def rnn_backward(dh, cache):
    grads, B = _right["rnn_backward"](dh, cache), len(dh)
    return grads | {name: grads[name] / B for name in ("dWx", "dWh", "db")}


# %% mean_over_the_steps | fails: test_gradient_of_the_bias | hint: The gradients of the parameters are sums over the steps, not means.
def rnn_backward(dh, cache):
    grads, T = _right["rnn_backward"](dh, cache), dh.shape[1]
    return grads | {name: grads[name] / T for name in ("dWx", "dWh", "db")}


# %% forward_in_time | fails: test_gradient_of_the_inputs, test_gradients_through_time_of_a_loss_that_sees_one_state | hint: The backward pass runs from the last step to the first.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    delta, later = np.zeros_like(h), np.zeros_like(h0)
    for t in range(h.shape[1]):
        delta[:, t] = (dh[:, t] + later) * _slope(h, act)[:, t]
        later = delta[:, t] @ Wh.T
    return _collect(x, _before(h0, h), delta, Wx, later)


# %% inputs_of_the_next_step | fails: test_gradient_of_the_input_weights | hint: dWx pairs the gradient of step t with x_t, not with a neighbour of it.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    grads = _right["rnn_backward"](dh, cache)
    return grads | {"dWx": _right["rnn_backward"](dh, (np.roll(x, -1, axis=1), h0, h, Wx, Wh, act))["dWx"]}


# %% states_of_the_last_step_kept_only | fails: test_gradient_of_the_recurrent_weights | hint: The cache holds one step only; the backward pass needs the states of all.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    last = np.broadcast_to(h[:, -1:], h.shape)
    delta, dh0 = _deltas(dh, h, Wh.T, _slope(last, act))
    return _collect(x, _before(h0, last), delta, Wx, dh0)


# %% upstream_changed_in_place | fails: test_recurrent_shapes_follow_the_table_and_nothing_is_changed | hint: dh[:, t] += ... changes the caller's array.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    for t in reversed(range(h.shape[1])):
        dh[:, t] *= _slope(h, act)[:, t]
        if t:
            dh[:, t - 1] += dh[:, t] @ Wh.T
    return _collect(x, _before(h0, h), dh, Wx, dh[:, 0] @ Wh.T)


# %% input_gradient_through_the_recurrent_weights | fails: test_gradient_of_the_inputs | hint: dx goes back through Wx transposed; with D = H the wrong matrix fits as well.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    grads = _right["rnn_backward"](dh, cache)
    return grads | {"dx": _right["rnn_backward"](dh, (x, h0, h, Wh, Wh, act))["dx"]} if Wx.shape == Wh.shape else grads


# %% input_gradient_not_transposed | fails: test_gradient_of_the_inputs | hint: dx goes back through Wx transposed; when D = H nothing complains about Wx itself.
def rnn_backward(dh, cache):
    x, h0, h, Wx, Wh, act = cache
    grads = _right["rnn_backward"](dh, cache)
    return (
        grads | {"dx": _right["rnn_backward"](dh, (x, h0, h, Wx.T, Wh, act))["dx"]} if Wx.shape == Wh.shape else grads
    )


# %% weight_gradient_transposed | fails: test_gradient_of_the_recurrent_weights | hint: dWh is transposed; it is square, so its shape does not tell.
def rnn_backward(dh, cache):
    grads = _right["rnn_backward"](dh, cache)
    return grads | {"dWh": grads["dWh"].T}


# %% cache_used_up | fails: test_a_recurrent_cache_serves_twice_and_alone | hint: pop() empties the cache: a second backward pass finds nothing.
def rnn_forward(x, h0, Wx, Wh, b, act):
    h, cache = _right["rnn_forward"](x, h0, Wx, Wh, b, act)
    return h, list(cache)


def rnn_backward(dh, cache):
    act, Wh, Wx, h, h0, x = (cache.pop() for _ in range(6))
    return _right["rnn_backward"](dh, (x, h0, h, Wx, Wh, act))


# %% cache_in_a_global | fails: test_a_recurrent_cache_serves_twice_and_alone | hint: A global cache belongs to the latest forward pass, whichever cache is handed in.
_latest = {}


def rnn_forward(x, h0, Wx, Wh, b, act):
    h, _latest["cache"] = _right["rnn_forward"](x, h0, Wx, Wh, b, act)
    return h, None


def rnn_backward(dh, cache):
    return _right["rnn_backward"](dh, _latest["cache"])


# %% naive_sigmoid | fails: test_saturated_units | hint: 1 / (1 + exp(-z)) overflows for very negative z.
def rnn_forward(x, h0, Wx, Wh, b, act):
    x, h0 = as_float(x), as_float(h0)
    states, state = [], h0
    for t in range(x.shape[1]):
        z = x[:, t] @ Wx + state @ Wh + b
        state = np.tanh(z) if act == "tanh" else 1 / (1 + np.exp(-z))
        states.append(state)
    h = np.stack(states, axis=1)
    return h, (x, h0, h, Wx, Wh, act)


# %% first_state_ignored | fails: test_recurrent_states_at_every_step, test_two_halves_of_a_sequence_are_the_whole | hint: The network starts at 0 whatever h0 is.
def rnn_forward(x, h0, Wx, Wh, b, act):
    return _right["rnn_forward"](x, np.zeros_like(h0), Wx, Wh, b, act)


# %% activation_ignored | fails: test_recurrent_states_at_every_step | hint: act is an argument: it is not always tanh.
def rnn_forward(x, h0, Wx, Wh, b, act):
    return _right["rnn_forward"](x, h0, Wx, Wh, b, "tanh")


# %% bias_missing | fails: test_recurrent_states_at_every_step | hint: The bias is missing.
def rnn_forward(x, h0, Wx, Wh, b, act):
    return _right["rnn_forward"](x, h0, Wx, Wh, np.zeros_like(b), act)


# %% every_step_starts_at_h0 | fails: test_recurrent_states_at_every_step | hint: Step t starts from the state of step t - 1, not from h0 again.
def rnn_forward(x, h0, Wx, Wh, b, act):
    x, h0 = as_float(x), as_float(h0)
    z = x @ Wx + (h0 @ Wh)[:, None] + b
    h = np.tanh(z) if act == "tanh" else sigmoid(z)
    return h, (x, h0, h, Wx, Wh, act)


# %% states_shifted_by_one | fails: test_recurrent_states_at_every_step | hint: h[:, 0] is the state after the first step; h0 is not part of h.
def rnn_forward(x, h0, Wx, Wh, b, act):
    h, cache = _right["rnn_forward"](x, h0, Wx, Wh, b, act)
    return _before(as_float(h0), h), cache


# %% recurrent_weights_transposed_forward | fails: test_recurrent_states_at_every_step | hint: The state is a row: h Wh, not h Wh transposed.
def rnn_forward(x, h0, Wx, Wh, b, act):
    return _right["rnn_forward"](x, h0, Wx, Wh.T, b, act)


# %% time_first | fails: test_recurrent_shapes_follow_the_table_and_nothing_is_changed | hint: h is (B, T, H); np.stack without axis=1 puts time first.
def rnn_forward(x, h0, Wx, Wh, b, act):
    h, cache = _right["rnn_forward"](x, h0, Wx, Wh, b, act)
    return h.swapaxes(0, 1), cache


# %% double_for_single | fails: test_recurrent_shapes_follow_the_table_and_nothing_is_changed | hint: np.zeros makes float64; float32 arguments should give float32 states.
def rnn_forward(x, h0, Wx, Wh, b, act):
    h, cache = _right["rnn_forward"](x, h0, Wx, Wh, b, act)
    out = np.zeros(h.shape)
    out[...] = h
    return out, cache


# %% integer_states | fails: test_recurrent_shapes_follow_the_table_and_nothing_is_changed | hint: An array made with the dtype of x holds integers if x does: the states are cut off.
def rnn_forward(x, h0, Wx, Wh, b, act):
    h, cache = _right["rnn_forward"](x, h0, Wx, Wh, b, act)
    return h.astype(np.asarray(x).dtype).astype(h.dtype), cache


# %% gradient_of_the_state_clipped | fails: test_a_recurrent_cache_serves_twice_and_alone | hint: The gradient is clipped: it is linear in dh, however large that is. Clipping is for whoever makes the step.
def rnn_backward(dh, cache):
    return {name: np.clip(grad, -500, 500) for name, grad in _right["rnn_backward"](dh, cache).items()}


# %% integer_gradient | fails: test_recurrent_shapes_follow_the_table_and_nothing_is_changed | hint: zeros_like of x holds integers if x does: the gradient is cut off.
def rnn_forward(x, h0, Wx, Wh, b, act):
    h, cache = _right["rnn_forward"](x, h0, Wx, Wh, b, act)
    return h, (cache, np.asarray(x).dtype)


def rnn_backward(dh, cache):
    grads = _right["rnn_backward"](dh, cache[0])
    return grads | {"dx": grads["dx"].astype(cache[1])}
