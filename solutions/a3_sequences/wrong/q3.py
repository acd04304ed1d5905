"""Wrong solutions of question 3: clipping, chunks, Jacobians. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _norm(grads):
    return float(np.sqrt(sum(np.sum(as_float(g) ** 2) for g in grads.values())))


def _scaled(grads, scale):
    return {name: as_float(g) * scale for name, g in grads.items()}


def _in_chunks(x, h0, params, dh, borders, carried=True):
    """Gradients of chunks that start at the given steps."""
    Wx, Wh, b = params["Wx"], params["Wh"], params["b"]
    total, state = {"dWx": 0, "dWh": 0, "db": 0}, h0
    for start, end in zip(borders, [*borders[1:], x.shape[1]], strict=True):
        h, cache = rnn_forward(x[:, start:end], state, Wx, Wh, b, "tanh")
        grads = rnn_backward(dh[:, start:end], cache)
        total = {name: total[name] + grads[name] for name in total}
        state = h[:, -1] if carried else h0
    return total


def _norms(h, factor, order=2, backwards=False):
    """Norms of products of the factors of the steps 0..T-2."""
    T, H = h.shape
    norms, J = np.ones(T, dtype=h.dtype), np.eye(H, dtype=h.dtype)
    for t in reversed(range(T - 1)):
        J = J @ factor(t) if backwards else factor(t) @ J
        norms[t] = np.linalg.norm(J, ord=order)
    return norms


# %% always_rescaled | fails: test_one_factor_for_all_gradients, test_clipping_at_the_limit_of_zeros_and_of_nan | hint: Short gradients are stretched to max_norm; only long ones may be changed.
def clip_grad_norm(grads, max_norm):
    total = _norm(grads)
    return _scaled(grads, max_norm / (total + 1e-12)), total


# %% each_array_for_itself | fails: test_one_factor_for_all_gradients | hint: One norm for all arrays together: clipping each by its own changes the direction.
def clip_grad_norm(grads, max_norm):
    clipped = {name: _right["clip_grad_norm"]({name: g}, max_norm)[0][name] for name, g in grads.items()}
    return clipped, _norm(grads)


# %% entries_clipped | fails: test_one_factor_for_all_gradients | hint: Clipping single entries changes the direction; the whole vector is to be shortened.
def clip_grad_norm(grads, max_norm):
    return {name: np.clip(as_float(g), -max_norm, max_norm) for name, g in grads.items()}, _norm(grads)


# %% norm_of_absolute_values | fails: test_one_factor_for_all_gradients | hint: The L2 norm is the root of the sum of squares, not the sum of absolute values.
def clip_grad_norm(grads, max_norm):
    total = float(sum(np.abs(g).sum() for g in grads.values()))
    return _scaled(grads, min(1, max_norm / total) if total else 1), total


# %% largest_entry | fails: test_one_factor_for_all_gradients | hint: The L2 norm is the root of the sum of squares, not the largest entry.
def clip_grad_norm(grads, max_norm):
    total = float(max(np.abs(g).max() for g in grads.values()))
    return _scaled(grads, min(1, max_norm / total) if total else 1), total


# %% squared_norm | fails: test_one_factor_for_all_gradients | hint: The square root of the sum of squares is missing.
def clip_grad_norm(grads, max_norm):
    total = _norm(grads) ** 2
    return _scaled(grads, max_norm / total if total > max_norm else 1), total


# %% sum_of_the_norms | fails: test_one_factor_for_all_gradients | hint: The norm of all is the root of the sum of the squared norms, not the sum of the norms.
def clip_grad_norm(grads, max_norm):
    total = float(sum(np.sqrt(np.sum(as_float(g) ** 2)) for g in grads.values()))
    return _scaled(grads, max_norm / total if total > max_norm else 1), total


# %% norm_after_clipping | fails: test_one_factor_for_all_gradients | hint: The norm that is returned is that before clipping: it tells how wild the step would have been.
def clip_grad_norm(grads, max_norm):
    clipped, _ = _right["clip_grad_norm"](grads, max_norm)
    return clipped, _norm(clipped)


# %% scaled_in_place | fails: test_clipping_chunks_and_norms_follow_the_table_and_nothing_is_changed | hint: g *= scale changes the caller's arrays; the clipped gradients are new ones.
def clip_grad_norm(grads, max_norm):
    total = _norm(grads)
    for g in grads.values():
        g *= min(1, max_norm / total) if total else 1
    return grads, total


# %% dict_changed_in_place | fails: test_clipping_chunks_and_norms_follow_the_table_and_nothing_is_changed | hint: The clipped arrays are put into the caller's dict; make a new one.
def clip_grad_norm(grads, max_norm):
    clipped, total = _right["clip_grad_norm"](grads, max_norm)
    grads.update(clipped)
    return grads, total


# %% small_number_in_the_denominator | fails: test_one_factor_for_all_gradients, test_clipping_at_the_limit_of_zeros_and_of_nan | hint: max_norm / (norm + 1e-6) shortens too much; a comparison keeps the 0 out of the denominator.
def clip_grad_norm(grads, max_norm):
    total = _norm(grads)
    return _scaled(grads, min(1.0, max_norm / (total + 1e-6))), total


# %% zero_over_zero | fails: test_clipping_at_the_limit_of_zeros_and_of_nan | hint: For gradients of 0 the factor is max_norm / 0, and 0 times infinity is nan.
def clip_grad_norm(grads, max_norm):
    total = _norm(grads)
    with np.errstate(all="ignore"):
        scale = np.float64(max_norm) / total
        return _scaled(grads, scale if total > max_norm or total == 0 else 1.0), total


# %% nan_hidden | fails: test_clipping_at_the_limit_of_zeros_and_of_nan | hint: nansum leaves nan out: the one who trains should see that something broke.
def clip_grad_norm(grads, max_norm):
    total = float(np.sqrt(sum(np.nansum(as_float(g) ** 2) for g in grads.values())))
    return _scaled(grads, max_norm / total if total > max_norm else 1), total


# %% chunks_from_the_end | fails: test_truncated_gradients | hint: Chunks start at the first step; when k does not divide T the last one is short, not the first.
def tbptt_grads(x, h0, params, dh, k):
    T = x.shape[1]
    return _in_chunks(x, h0, params, dh, sorted({0, *range(T - k, 0, -k)}))


# %% rest_dropped | fails: test_truncated_gradients | hint: The steps that do not fill a whole chunk belong to the sequence too.
def tbptt_grads(x, h0, params, dh, k):
    T = x.shape[1] // k * k
    if not T:
        return _right["tbptt_grads"](x, h0, params, dh, k)
    return _in_chunks(x[:, :T], h0, params, dh, list(range(0, T, k)))


# %% state_reset | fails: test_truncated_gradients, test_chunks_of_one_step_and_of_all | hint: Every chunk starts from h0 again; the state is carried over the border, only the gradient is not.
def tbptt_grads(x, h0, params, dh, k):
    return _in_chunks(x, h0, params, dh, list(range(0, x.shape[1], k)), carried=False)


# %% nothing_truncated | fails: test_truncated_gradients, test_chunks_of_one_step_and_of_all | hint: This is full BPTT: the gradient crosses the borders.
def tbptt_grads(x, h0, params, dh, k):
    return _in_chunks(x, h0, params, dh, [0])


# %% one_step_too_many | fails: test_truncated_gradients, test_chunks_of_one_step_and_of_all | hint: The chunks are one step longer than k.
def tbptt_grads(x, h0, params, dh, k):
    return _in_chunks(x, h0, params, dh, list(range(0, x.shape[1], k + 1)))


# %% last_chunk_only | fails: test_truncated_gradients | hint: Only the last chunk is left: the gradients of all chunks are added up.
def tbptt_grads(x, h0, params, dh, k):
    start = (x.shape[1] - 1) // k * k
    h, _ = rnn_forward(x, h0, params["Wx"], params["Wh"], params["b"], "tanh")
    return _in_chunks(x[:, start:], h[:, start - 1] if start else h0, params, dh[:, start:], [0])


# %% mean_over_the_chunks | fails: test_truncated_gradients | hint: The gradients of the chunks are added up, not averaged.
def tbptt_grads(x, h0, params, dh, k):
    return _scaled(_right["tbptt_grads"](x, h0, params, dh, k), 1 / len(range(0, x.shape[1], k)))


# %% sliding_window | fails: test_truncated_gradients | hint: Every step looks back k steps here; with chunks a step looks back to the start of its chunk.
def tbptt_grads(x, h0, params, dh, k):
    h, _ = rnn_forward(x, h0, params["Wx"], params["Wh"], params["b"], "tanh")
    total = {"dWx": 0, "dWh": 0, "db": 0}
    for t in range(x.shape[1]):
        start = max(0, t - k + 1)
        above = np.zeros_like(dh[:, start : t + 1])
        above[:, -1] = dh[:, t]
        grads = _in_chunks(x[:, start : t + 1], h[:, start - 1] if start else h0, params, above, [0])
        total = {name: total[name] + grads[name] for name in total}
    return total


# %% gradients_of_inputs_too | fails: test_clipping_chunks_and_norms_follow_the_table_and_nothing_is_changed | hint: Only the gradients of the three parameters are asked for.
def tbptt_grads(x, h0, params, dh, k):
    return _right["tbptt_grads"](x, h0, params, dh, k) | {"dh0": np.zeros_like(h0)}


# %% product_in_reverse_order | fails: test_norms_of_jacobians | hint: The matrices stand in the order of the steps; they do not commute.
def jacobian_norms(h, Wh):
    return _norms(h, lambda t: Wh * (1 - h[t + 1] ** 2), backwards=True)


# %% weights_transposed | fails: test_norms_of_jacobians | hint: States are rows: h Wh. With Wh transposed the slopes are multiplied onto the wrong side.
def jacobian_norms(h, Wh):
    return _norms(h, lambda t: Wh.T * (1 - h[t + 1] ** 2))


# %% slopes_on_the_rows | fails: test_norms_of_jacobians | hint: The slope belongs to the unit a step leads to: it scales the columns of Wh, not its rows.
def jacobian_norms(h, Wh):
    return _norms(h, lambda t: Wh * (1 - h[t + 1] ** 2)[:, None])


# %% frobenius_norm | fails: test_norms_of_jacobians | hint: The spectral norm is the largest singular value; np.linalg.norm without ord gives the Frobenius norm.
def jacobian_norms(h, Wh):
    norms = _norms(h, lambda t: Wh * (1 - h[t + 1] ** 2), order="fro")
    norms[-1] = 1
    return norms


# %% largest_eigenvalue | fails: test_norms_of_jacobians | hint: The spectral norm is the largest singular value, not the largest eigenvalue.
def jacobian_norms(h, Wh):
    T, H = h.shape
    norms, J = np.ones(T, dtype=h.dtype), np.eye(H, dtype=h.dtype)
    for t in reversed(range(T - 1)):
        J = (Wh * (1 - h[t + 1] ** 2)) @ J
        norms[t] = np.abs(np.linalg.eigvals(J)).max()
    return norms


# %% slopes_missing | fails: test_norms_of_jacobians | hint: The slope of tanh is missing: these are powers of Wh.
def jacobian_norms(h, Wh):
    return _norms(h, lambda t: Wh)


# %% slopes_of_the_earlier_state | fails: test_norms_of_jacobians | hint: The step from h_t to h_{t+1} has the slope at h_{t+1}, not at h_t.
def jacobian_norms(h, Wh):
    return _norms(h, lambda t: Wh * (1 - h[t] ** 2))


# %% slope_of_the_state_itself | fails: test_norms_of_jacobians, test_norms_of_short_and_of_saturated_sequences | hint: The derivative is taken with respect to h_t; the slope at h_t leads to what is before it.
def jacobian_norms(h, Wh):
    h = as_float(h)
    T, H = h.shape
    norms, J = np.ones(T, dtype=h.dtype), np.eye(H, dtype=h.dtype)
    for t in reversed(range(T)):
        norms[t] = np.linalg.norm(J * (1 - h[t][:, None] ** 2), ord=2)
        J = (Wh * (1 - h[t] ** 2)) @ J
    return norms


# %% one_factor_too_many | fails: test_norms_of_jacobians, test_norms_of_short_and_of_saturated_sequences | hint: The last state needs no factor, its norm is 1; all entries are shifted by one step.
def jacobian_norms(h, Wh):
    h = as_float(h)
    return _right["jacobian_norms"](np.concatenate([h, h[-1:]]), Wh)[:-1]


# %% time_reversed | fails: test_norms_of_jacobians | hint: Entry t belongs to h_t; here the list runs backwards.
def jacobian_norms(h, Wh):
    return _right["jacobian_norms"](h, Wh)[::-1].copy()


# %% norms_multiplied | fails: test_norms_of_jacobians | hint: The norm of a product is not the product of the norms; that is only a bound.
def jacobian_norms(h, Wh):
    h = as_float(h)
    each = [np.linalg.norm(Wh * (1 - h[t + 1] ** 2), ord=2) for t in range(len(h) - 1)]
    return np.array([np.prod(each[t:]) for t in range(len(h))], dtype=h.dtype)


# %% squares_in_single_precision | fails: test_clipping_what_has_exploded | hint: The squares were added up in float32, where 1e20 squared is inf: the norm is inf, and all gradients become 0.
def clip_grad_norm(grads, max_norm):
    total = float(np.sqrt(sum(np.sum(as_float(g) ** 2) for g in grads.values())))
    scale = max_norm / total if total > max_norm else 1.0
    return {name: as_float(g) * scale for name, g in grads.items()}, total


# %% chunks_clipped | fails: test_laws_of_clipping_chunks_and_norms | hint: The gradients of the chunks are clipped: nobody asked for that here, a scaled dh scales them.
def tbptt_grads(x, h0, params, dh, k):
    grads = _right["tbptt_grads"](x, h0, params, dh, k)
    return {name: np.clip(grad, -200, 200) for name, grad in grads.items()}


# %% small_norms_cut_off | fails: test_norms_of_short_and_of_saturated_sequences | hint: The product is given up as soon as it is small: 1e-10 is not 0, and how fast it vanishes is the question.
def jacobian_norms(h, Wh):
    norms = _right["jacobian_norms"](h, Wh)
    return np.where(norms < 1e-8, 0, norms).astype(norms.dtype)
