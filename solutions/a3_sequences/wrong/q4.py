"""Wrong solutions of question 4: LSTMs. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _run(x, h0, c0, Wx, Wh, b, split=lambda z: np.split(z, 4, axis=1), acts=None, cell=None, out=None):
    """A forward pass with parts exchanged: split -> i, f, g, o; acts -> their activations; cell, out."""
    acts = acts or (sigmoid, sigmoid, np.tanh, sigmoid)
    cell = cell or (lambda i, f, g, c: f * c + i * g)
    out = out or (lambda o, c: o * np.tanh(c))
    x, h, c, steps = as_float(x), as_float(h0), as_float(c0), []
    for t in range(x.shape[1]):
        gates = split(x[:, t] @ Wx + h @ Wh + b)
        i, f, g, o = (act(z) for act, z in zip(acts, gates, strict=True))
        h_before, c_before = h, c
        c = cell(i, f, g, c_before)
        h = out(o, c)
        steps.append((h_before, c_before, i, f, g, o, c, h))
    return np.stack([s[7] for s in steps], axis=1), np.stack([s[6] for s in steps], axis=1), (x, Wx, Wh, steps)


def _ordered(*order):
    """Split into blocks that stand in another order."""
    return lambda z: [np.split(z, 4, axis=1)[n] for n in order]


def _back(dh, dc_last, cache, **part):
    """A backward pass with parts exchanged."""
    x, Wx, Wh, steps = cache
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wx[0])
    dh_later, dc = np.zeros_like(dh[:, 0]), dc_last
    for t in reversed(range(len(steps))):
        h_before, c_before, i, f, g, o, c, h = steps[t]
        dh_t = dh[:, t] + dh_later
        dc = dc + part.get("into_cell", lambda dh_t, o, c: dh_t * o * (1 - np.tanh(c) ** 2))(dh_t, o, c)
        dg = dc * i * (part["slope_g"](g) if "slope_g" in part else 1 - g**2)
        df = dc * (c if part.get("cell_after") else c_before) * f * (1 - f)
        do = dh_t * (c if part.get("plain_cell") else np.tanh(c)) * o * (1 - o)
        dz = np.concatenate([dc * g * i * (1 - i), df, dg, do], axis=1)
        dx[:, t] = dz @ Wx.T
        dWx += x[:, t].T @ dz
        dWh += (h if part.get("h_after") else h_before).T @ dz
        db += dz.sum(axis=0)
        dh_later = dz @ Wh.T * (not part.get("no_recurrence") or t == 0)
        f_back = steps[t - 1][3] if part.get("earlier_f") and t else f
        dc = part.get("carry", lambda dc, f: dc * f)(dc, f_back)
    return {"dx": dx, "dh0": dh_later, "dc0": dc, "dWx": dWx, "dWh": dWh, "db": db}


# %% order_i_f_o_g | fails: test_lstm_states_at_every_step | hint: The blocks stand in the order i, f, g, o; here the last two are exchanged.
def lstm_forward(*arguments):
    return _run(*arguments, split=_ordered(0, 1, 3, 2))


# %% order_f_i_g_o | fails: test_lstm_states_at_every_step, test_the_carousel_turns_for_ever | hint: The blocks stand in the order i, f, g, o; here input and forget gate are exchanged.
def lstm_forward(*arguments):
    return _run(*arguments, split=_ordered(1, 0, 2, 3))


# %% order_i_g_f_o | fails: test_lstm_states_at_every_step | hint: The blocks stand in the order i, f, g, o; here g comes before f.
def lstm_forward(*arguments):
    return _run(*arguments, split=_ordered(0, 2, 1, 3))


# %% gates_interleaved | fails: test_lstm_states_at_every_step | hint: Each gate has a block of H columns of its own; z[:, 0::4] takes every fourth.
def lstm_forward(*arguments):
    return _run(*arguments, split=lambda z: [z[:, n::4] for n in range(4)])


# %% gates_split_along_the_batch | fails: test_lstm_states_at_every_step | hint: reshape(4, B, H) of (B, 4H) mixes rows and gates; split the columns.
def lstm_forward(*arguments):
    return _run(*arguments, split=lambda z: list(z.reshape(4, len(z), -1)))


# %% candidate_with_a_sigmoid | fails: test_lstm_states_at_every_step | hint: g is no gate: its activation is tanh, so that cells can also decrease.
def lstm_forward(*arguments):
    return _run(*arguments, acts=(sigmoid,) * 4)


# %% output_gate_with_tanh | fails: test_lstm_states_at_every_step, test_the_carousel_turns_for_ever | hint: o is a gate, between 0 and 1: a sigmoid.
def lstm_forward(*arguments):
    return _run(*arguments, acts=(sigmoid, sigmoid, np.tanh, np.tanh))


# %% candidate_missing | fails: test_lstm_states_at_every_step | hint: What is written is i times g, not i alone.
def lstm_forward(*arguments):
    return _run(*arguments, cell=lambda i, f, g, c: f * c + i)


# %% input_gate_is_what_is_not_kept | fails: test_lstm_states_at_every_step | hint: f and i are gates of their own; (1 - f) g is the coupling of a GRU.
def lstm_forward(*arguments):
    return _run(*arguments, cell=lambda i, f, g, c: f * c + (1 - f) * g)


# %% cell_shown_unsquashed | fails: test_lstm_states_at_every_step, test_the_carousel_turns_for_ever | hint: h is o tanh(c): the tanh is missing.
def lstm_forward(*arguments):
    return _run(*arguments, out=lambda o, c: o * c)


# %% tanh_of_the_gated_cell | fails: test_lstm_states_at_every_step | hint: The output gate comes after the tanh: o tanh(c), not tanh(o c).
def lstm_forward(*arguments):
    return _run(*arguments, out=lambda o, c: np.tanh(o * c))


# %% forget_bias_at_every_step | fails: test_lstm_states_at_every_step | hint: The bias of 1 is a starting value of b; the forward pass adds it again.
def lstm_forward(*arguments):
    return _run(*arguments, acts=(sigmoid, lambda z: sigmoid(z + 1), np.tanh, sigmoid))


# %% first_cell_ignored | fails: test_lstm_states_at_every_step, test_two_halves_of_an_lstm_are_the_whole | hint: The cell starts at c0, not at 0.
def lstm_forward(x, h0, c0, Wx, Wh, b):
    return _right["lstm_forward"](x, h0, np.zeros_like(c0), Wx, Wh, b)


# %% first_hidden_state_ignored | fails: test_lstm_states_at_every_step, test_two_halves_of_an_lstm_are_the_whole | hint: The hidden state starts at h0, not at 0.
def lstm_forward(x, h0, c0, Wx, Wh, b):
    return _right["lstm_forward"](x, np.zeros_like(h0), c0, Wx, Wh, b)


# %% naive_sigmoid | fails: test_saturated_gates | hint: 1 / (1 + exp(-z)) overflows for very negative z.
def lstm_forward(*arguments):
    def s(z):
        return 1 / (1 + np.exp(-z))

    return _run(*arguments, acts=(s, s, np.tanh, s))


# %% exponentials_in_the_tanh | fails: test_saturated_gates | hint: (e^z - e^-z) / (e^z + e^-z) is infinity over infinity for large z; np.tanh is not.
def lstm_forward(*arguments):
    def tanh(z):
        return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))

    return _run(*arguments, acts=(sigmoid, sigmoid, tanh, sigmoid))


# %% cell_after_for_the_forget_gate | fails: test_lstm_gradients | hint: The forget gate was multiplied with the cell before the step, not after it.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, cell_after=True)


# %% cell_gradient_not_carried | fails: test_lstm_gradients, test_the_carousel_turns_for_ever | hint: The gradient of the cell goes on to the cell of the step before; here it ends.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, carry=lambda dc, f: 0 * dc)


# %% carried_without_the_forget_gate | fails: test_lstm_gradients | hint: On its way to the cell before, the gradient is multiplied by the forget gate.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, carry=lambda dc, f: dc)


# %% forget_gate_of_the_step_before | fails: test_lstm_gradients | hint: From c_t to c_{t-1} the gradient passes the forget gate of step t, not of step t - 1.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, earlier_f=True)


# %% hidden_state_does_not_reach_the_cell | fails: test_lstm_gradients, test_lstm_gradients_of_a_loss_that_sees_one_state | hint: h_t is made of c_t: its gradient is part of that of the cell.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, into_cell=lambda dh_t, o, c: 0)


# %% last_cell_ignored | fails: test_lstm_gradients, test_lstm_gradients_of_a_loss_that_sees_one_state, test_the_carousel_turns_for_ever | hint: dc_last, the gradient that arrives at the last cell from outside, is ignored.
def lstm_backward(dh, dc_last, cache):
    return _right["lstm_backward"](dh, 0 * dc_last, cache)


# %% last_cell_at_every_step | fails: test_lstm_gradients | hint: dc_last belongs to the last step only; here every step hears it again.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, carry=lambda dc, f: dc * f + dc_last)


# %% slope_of_tanh_missing | fails: test_lstm_gradients | hint: Between h and c lies a tanh, whose slope 1 - tanh(c)^2 is missing.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, into_cell=lambda dh_t, o, c: dh_t * o)


# %% slope_of_tanh_without_tanh | fails: test_lstm_gradients | hint: The slope of tanh at c is 1 - tanh(c)^2, not 1 - c^2.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, into_cell=lambda dh_t, o, c: dh_t * o * (1 - c**2))


# %% output_gate_saw_the_plain_cell | fails: test_lstm_gradients | hint: The output gate was multiplied with tanh(c), not with c.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, plain_cell=True)


# %% first_cell_without_gradient | fails: test_lstm_gradients, test_two_halves_of_an_lstm_are_the_whole | hint: dc0 is 0 here, though c0 influences every state.
def lstm_backward(dh, dc_last, cache):
    grads = _right["lstm_backward"](dh, dc_last, cache)
    return grads | {"dc0": 0 * grads["dc0"]}


# %% first_hidden_state_without_gradient | fails: test_lstm_gradients, test_two_halves_of_an_lstm_are_the_whole | hint: dh0 is 0 here, though h0 influences every state.
def lstm_backward(dh, dc_last, cache):
    grads = _right["lstm_backward"](dh, dc_last, cache)
    return grads | {"dh0": 0 * grads["dh0"]}


# %% slope_of_a_gate_for_the_candidate | fails: test_lstm_gradients | hint: g is a tanh: its slope is 1 - g^2, not g (1 - g).
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, slope_g=lambda g: g * (1 - g))


# %% recurrence_of_the_hidden_state_missing | fails: test_lstm_gradients | hint: What step t + 1 says about h_t through Wh is missing.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, no_recurrence=True)


# %% states_after_the_step | fails: test_lstm_gradients | hint: dWh pairs the gradient of step t with the hidden state before that step.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, h_after=True)


# %% mean_over_the_batch | fails: test_lstm_gradients | hint: Gradients of parameters are sums over the batch; dh already knows whether the loss is a mean.
def lstm_backward(dh, dc_last, cache):
    grads = _right["lstm_backward"](dh, dc_last, cache)
    return grads | {name: grads[name] / len(dh) for name in ("dWx", "dWh", "db")}


# %% mean_of_the_bias | fails: test_lstm_gradients | hint: db is the sum over the batch, not the mean.
def lstm_backward(dh, dc_last, cache):
    grads = _right["lstm_backward"](dh, dc_last, cache)
    return grads | {"db": grads["db"] / len(dh)}


# %% last_state_alone | fails: test_lstm_gradients, test_lstm_gradients_of_a_loss_that_sees_one_state | hint: dh has an entry for every hidden state, not for the last one alone.
def lstm_backward(dh, dc_last, cache):
    last = np.zeros_like(dh)
    last[:, -1] = dh[:, -1]
    return _right["lstm_backward"](last, dc_last, cache)


# %% upstream_changed_in_place | fails: test_lstm_shapes_follow_the_table_and_nothing_is_changed | hint: dc_last += ... changes the caller's array.
def lstm_backward(dh, dc_last, cache):
    grads = _right["lstm_backward"](dh, dc_last, cache)
    dc_last += 1
    return grads


# %% cache_in_a_buffer | fails: test_an_lstm_cache_serves_twice_and_alone | hint: The cache is a list that the next forward pass fills again: it belongs to all passes together.
_buffer = []


def lstm_forward(*arguments):
    h, c, cache = _right["lstm_forward"](*arguments)
    _buffer[:] = cache
    return h, c, _buffer


# %% cache_used_up | fails: test_an_lstm_cache_serves_twice_and_alone | hint: pop() empties the cache: a second backward pass finds nothing.
def lstm_backward(dh, dc_last, cache):
    x, Wx, Wh, steps = cache
    taken = [steps.pop() for _ in range(dh.shape[1])][::-1]
    return _right["lstm_backward"](dh, dc_last, (x, Wx, Wh, taken))


# %% gradient_of_the_cell_clipped | fails: test_an_lstm_cache_serves_twice_and_alone | hint: The gradient that the cell hands back is clipped on its way: a gradient is linear in dh and dc_last. Clipping is for whoever makes the step.
def lstm_backward(dh, dc_last, cache):
    return _back(dh, dc_last, cache, carry=lambda dc, f: np.clip(dc * f, -50, 50))


# %% bias_of_the_input_gate | fails: test_bias_opens_the_forget_gates | hint: The forget gates are the second block; this is the first.
def init_lstm_bias(H, forget=1.0):
    return np.repeat([forget, 0.0, 0.0, 0.0], H)


# %% bias_of_the_candidate | fails: test_bias_opens_the_forget_gates | hint: The forget gates are the second block; this is the third.
def init_lstm_bias(H, forget=1.0):
    return np.repeat([0.0, 0.0, forget, 0.0], H)


# %% bias_for_one_unit | fails: test_bias_opens_the_forget_gates | hint: Each of the H units has a forget gate; only one got the bias.
def init_lstm_bias(H, forget=1.0):
    b = np.zeros(4 * H)
    b[H] = forget
    return b


# %% bias_value_ignored | fails: test_bias_opens_the_forget_gates | hint: The value is the argument forget, not always 1.
def init_lstm_bias(H, forget=1.0):
    return _right["init_lstm_bias"](H)


# %% bias_of_integers | fails: test_lstm_shapes_follow_the_table_and_nothing_is_changed | hint: np.repeat of integers holds integers; the bias is float64, whatever forget is.
def init_lstm_bias(H, forget=1.0):
    return np.repeat([0, forget, 0, 0], H)


# %% integer_gradient | fails: test_lstm_shapes_follow_the_table_and_nothing_is_changed | hint: zeros_like of x holds integers if x does: the gradient is cut off.
def lstm_forward(x, h0, c0, Wx, Wh, b):
    h, c, cache = _right["lstm_forward"](x, h0, c0, Wx, Wh, b)
    return h, c, (cache, np.asarray(x).dtype)


def lstm_backward(dh, dc_last, cache):
    grads = _right["lstm_backward"](dh, dc_last, cache[0])
    return grads | {"dx": grads["dx"].astype(cache[1])}


# %% cell_clipped | fails: test_the_carousel_turns_for_ever | hint: The cell is clipped: what it holds has no bounds, only what it shows has.
def lstm_forward(x, h0, c0, Wx, Wh, b):
    h, c, cache = _right["lstm_forward"](x, h0, c0, Wx, Wh, b)
    return h, np.clip(c, -20, 20), cache
