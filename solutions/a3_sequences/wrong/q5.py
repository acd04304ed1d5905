"""Wrong solutions of question 5: GRUs, lengths, both directions. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _gru(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None, step=None, freeze=True, zero=True):
    """A GRU with parts exchanged: step(from_x, from_h, h) -> h; freeze the state, zero the outputs beyond the length."""
    step = step or _step
    h, outputs = h0, []
    for t in range(x.shape[1]):
        new = step((x[:, t] @ W_ih.T + b_ih).chunk(3, 1), (h @ W_hh.T + b_hh).chunk(3, 1), h)
        valid = torch.ones_like(new, dtype=torch.bool) if lengths is None else (t < lengths)[:, None]
        h = torch.where(valid, new, h) if freeze else new
        outputs.append(torch.where(valid, new, 0.0) if zero else h)
    return torch.stack(outputs, 1), h


def _step(a, b, h, r=0, z=1, gate=torch.sigmoid, new=torch.tanh):
    reset, update = gate(a[r] + b[r]), gate(a[z] + b[z])
    return (1 - update) * new(a[2] + reset * b[2]) + update * h


def _turned(x, lengths):
    t = torch.arange(x.shape[1], device=x.device)
    last = lengths[:, None] - 1
    order = torch.where(t <= last, last - t, t)
    return x[torch.arange(len(x), device=x.device)[:, None], order]


# %% gates_swapped | fails: test_gru_states_without_lengths | hint: The first block is r, the second z; here they are exchanged.
def gru_forward(*arguments):
    return _gru(*arguments, step=lambda a, b, h: _step(a, b, h, r=1, z=0))


# %% update_the_other_way | fails: test_gru_states_without_lengths | hint: z keeps the past: h = (1 - z) n + z h; here it is the other way round.
def gru_forward(*arguments):
    def step(a, b, h):
        r, z = torch.sigmoid(a[0] + b[0]), torch.sigmoid(a[1] + b[1])
        return z * torch.tanh(a[2] + r * b[2]) + (1 - z) * h

    return _gru(*arguments, step=step)


# %% reset_before_the_product | fails: test_gru_states_without_lengths | hint: r multiplies W_hn h + b_hn; here it multiplies h before the product, another GRU.
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    H = h0.shape[1]

    def step(a, b, h):
        r, z = torch.sigmoid(a[0] + b[0]), torch.sigmoid(a[1] + b[1])
        n = torch.tanh(a[2] + (r * h) @ W_hh[2 * H :].T + b_hh[2 * H :])
        return (1 - z) * n + z * h

    return _gru(x, h0, W_ih, W_hh, b_ih, b_hh, lengths, step=step)


# %% bias_outside_the_reset | fails: test_gru_states_without_lengths | hint: r multiplies the bias b_hn too.
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    bias = b_hh[2 * h0.shape[1] :]

    def step(a, b, h):
        r, z = torch.sigmoid(a[0] + b[0]), torch.sigmoid(a[1] + b[1])
        return (1 - z) * torch.tanh(a[2] + r * (b[2] - bias) + bias) + z * h

    return _gru(x, h0, W_ih, W_hh, b_ih, b_hh, lengths, step=step)


# %% reset_missing | fails: test_gru_states_without_lengths | hint: The reset gate is not used.
def gru_forward(*arguments):
    return _gru(*arguments, step=lambda a, b, h: _step((a[0] + 1e9, *a[1:]), b, h))


# %% proposal_with_a_sigmoid | fails: test_gru_states_without_lengths | hint: n has a tanh, the gates have sigmoids.
def gru_forward(*arguments):
    return _gru(*arguments, step=lambda a, b, h: _step(a, b, h, new=torch.sigmoid))


# %% gates_with_tanh | fails: test_gru_states_without_lengths | hint: Gates are sigmoids, between 0 and 1.
def gru_forward(*arguments):
    return _gru(*arguments, step=lambda a, b, h: _step(a, b, h, gate=torch.tanh))


# %% one_bias_forgotten | fails: test_gru_states_without_lengths | hint: There are two biases, b_ih and b_hh.
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    return _gru(x, h0, W_ih, W_hh, b_ih, 0 * b_hh, lengths)


# %% first_state_ignored | fails: test_gru_states_without_lengths, test_gru_gradients | hint: The state starts at h0, not at 0.
def gru_forward(x, h0, *rest):
    return _gru(x, 0 * h0, *rest)


# %% last_column | fails: test_gru_states_with_lengths, test_padding_and_neighbours_do_not_matter | hint: h[:, -1] is 0 for a short sequence: its last state is that after its last valid step.
def gru_forward(*arguments):
    h, _ = _gru(*arguments)
    return h, h[:, -1]


# %% outputs_beyond_the_length | fails: test_gru_states_with_lengths, test_padding_and_neighbours_do_not_matter | hint: The state is frozen, but the outputs beyond the length repeat it; they should be 0.
def gru_forward(*arguments):
    return _gru(*arguments, zero=False)


# %% state_not_frozen | fails: test_gru_states_with_lengths, test_padding_and_neighbours_do_not_matter | hint: The outputs are 0 beyond the length, but the state goes on through the padding.
def gru_forward(*arguments):
    return _gru(*arguments, freeze=False)


# %% lengths_ignored | fails: test_gru_states_with_lengths, test_padding_and_neighbours_do_not_matter | hint: The lengths are ignored: padding is read like words.
def gru_forward(*arguments):
    return _gru(*arguments[:6])


# %% one_step_too_many | fails: test_gru_states_with_lengths | hint: Steps 0 to length - 1 are valid; t <= length lets one more in.
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    return _gru(x, h0, W_ih, W_hh, b_ih, b_hh, None if lengths is None else lengths + 1)


# %% state_erased_instead_of_frozen | fails: test_gru_states_with_lengths | hint: Beyond the length the state becomes 0; it should stay what it was.
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    h, last = _gru(x, h0, W_ih, W_hh, b_ih, b_hh, lengths)
    return h, last if lengths is None else last * (lengths == x.shape[1])[:, None]


# %% sorted_lengths_expected | fails: test_gru_states_with_lengths | hint: The batch is sorted by length and never put back into its order.
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    if lengths is None:
        return _gru(x, h0, W_ih, W_hh, b_ih, b_hh)
    order = lengths.argsort(descending=True)
    return _gru(x[order], h0[order], W_ih, W_hh, b_ih, b_hh, lengths[order])


# %% longest_length_for_all | fails: test_gru_states_with_lengths | hint: Each sequence has its own length; here all have that of the longest.
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    return _gru(x, h0, W_ih, W_hh, b_ih, b_hh, None if lengths is None else lengths.max().expand(len(x)))


# %% lengths_required | fails: test_gru_shapes_follow_the_table_and_nothing_is_changed, test_gru_states_without_lengths | hint: Without lengths all sequences have T steps; None cannot be compared.
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    return _gru(x, h0, W_ih, W_hh, b_ih, b_hh, lengths + 0)


# %% state_detached | fails: test_gru_gradients | hint: detach() cuts the gradient at every step.
def gru_forward(*arguments):
    return _gru(*arguments, step=lambda a, b, h: _step(a, tuple(v.detach() for v in b), h.detach()))


# %% last_state_detached | fails: test_gru_gradients | hint: h_last is cut from the graph: .data and detach() stop its gradient.
def gru_forward(*arguments):
    h, last = _gru(*arguments)
    return h, last.detach()


# %% always_float32 | fails: test_gru_shapes_follow_the_table_and_nothing_is_changed | hint: The results have the dtype of the arguments, float64 too.
def gru_forward(*arguments):
    h, last = _gru(*arguments)
    return h.float(), last.float()


# %% padding_cleared_in_place | fails: test_gru_shapes_follow_the_table_and_nothing_is_changed | hint: The padding of the caller's x is overwritten.
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    if lengths is not None and not x.requires_grad:
        for i, n in enumerate(lengths.tolist()):
            x[i, n:] = 0
    return _gru(x, h0, W_ih, W_hh, b_ih, b_hh, lengths)


# %% whole_rows_reversed | fails: test_both_directions_meet_at_each_word | hint: flip(1) puts the padding first; reverse the valid part alone.
def bidirectional(fwd, bwd, x, lengths):
    return torch.cat([fwd(x, lengths), bwd(x.flip(1), lengths).flip(1)], -1)


# %% outputs_not_turned_back | fails: test_both_directions_meet_at_each_word, test_both_directions_pass_gradients | hint: The backward outputs are still in reverse: entry t belongs to another word.
def bidirectional(fwd, bwd, x, lengths):
    return torch.cat([fwd(x, lengths), bwd(_turned(x, lengths), lengths)], -1)


# %% inputs_not_turned | fails: test_both_directions_meet_at_each_word, test_both_directions_pass_gradients | hint: The backward network reads forwards; only its outputs are turned.
def bidirectional(fwd, bwd, x, lengths):
    return torch.cat([fwd(x, lengths), _turned(bwd(x, lengths), lengths)], -1)


# %% backward_half_first | fails: test_both_directions_meet_at_each_word | hint: The half of fwd comes first.
def bidirectional(fwd, bwd, x, lengths):
    return torch.cat([_turned(bwd(_turned(x, lengths), lengths), lengths), fwd(x, lengths)], -1)


# %% one_network_for_both | fails: test_both_directions_meet_at_each_word, test_both_directions_pass_gradients | hint: Backwards another network reads: bwd, not fwd again.
def bidirectional(fwd, bwd, x, lengths):
    return torch.cat([fwd(x, lengths), _turned(fwd(_turned(x, lengths), lengths), lengths)], -1)


# %% features_reversed | fails: test_both_directions_meet_at_each_word | hint: flip(-1) turns the features around, not the steps.
def bidirectional(fwd, bwd, x, lengths):
    return torch.cat([fwd(x, lengths), bwd(x.flip(-1), lengths)], -1)


# %% halves_added | fails: test_both_directions_meet_at_each_word, test_gru_shapes_follow_the_table_and_nothing_is_changed | hint: The halves stand side by side, 2H features; they are not added.
def bidirectional(fwd, bwd, x, lengths):
    return fwd(x, lengths) + _turned(bwd(_turned(x, lengths), lengths), lengths)


# %% backward_half_detached | fails: test_both_directions_pass_gradients | hint: The backward half is cut from the graph.
def bidirectional(fwd, bwd, x, lengths):
    with torch.no_grad():
        back = _turned(bwd(_turned(x, lengths), lengths), lengths)
    return torch.cat([fwd(x, lengths), back], -1)
