"""Wrong solutions of question 7: attention of recurrent networks. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _score_add(q, K, Wq, Wk, v):
    return torch.tanh((q @ Wq)[:, None] + K @ Wk) @ v


def _score_mul(q, K, W):
    return (K @ (q @ W)[:, :, None])[:, :, 0]


def _weigh(scores, mask, fill=-math.inf, axis=1):
    """Weights with another fill of forbidden scores or another axis, zeros where a row has no key."""
    empty = ~mask.any(1, keepdim=True)
    return scores.masked_fill(~mask, fill).masked_fill(empty, 0.0).softmax(axis).masked_fill(empty, 0.0)


def _mean(K, w):
    return (w[:, None] @ K)[:, 0], w


# %% softmax_over_the_batch | fails: test_values_of_additive_attention, test_values_of_multiplicative_attention | hint: The softmax runs over the source positions of one sample, not over the batch.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _weigh(_score_add(q, K, Wq, Wk, v), mask, -1e9, axis=0))


def multiplicative_attention(q, K, mask, W):
    return _mean(K, _weigh(_score_mul(q, K, W), mask, -1e9, axis=0))


# %% additive_mask_inverted | fails: test_values_of_additive_attention | hint: True means valid; here the valid keys are masked.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _weigh(_score_add(q, K, Wq, Wk, v), ~mask))


# %% multiplicative_mask_inverted | fails: test_values_of_multiplicative_attention | hint: True means valid; here the valid keys are masked.
def multiplicative_attention(q, K, mask, W):
    return _mean(K, _weigh(_score_mul(q, K, W), ~mask))


# %% mask_ignored | fails: test_values_of_additive_attention, test_order_company_and_padding_do_not_matter | hint: Padding gets weight like a token: the mask is not used.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _score_add(q, K, Wq, Wk, v).softmax(1))


# %% mask_after_the_softmax | fails: test_values_of_multiplicative_attention, test_order_company_and_padding_do_not_matter | hint: The mask acts after the softmax: the weights of the valid keys no longer sum to 1.
def multiplicative_attention(q, K, mask, W):
    return _mean(K, _score_mul(q, K, W).softmax(1) * mask)


# %% additive_mask_after_the_softmax | fails: test_values_of_additive_attention | hint: The mask acts after the softmax: the weights of the valid keys no longer sum to 1.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _score_add(q, K, Wq, Wk, v).softmax(1) * mask)


# %% renormalised_afterwards | fails: test_rows_of_padding_and_large_scores | hint: Masking after the softmax and dividing by what is left is 0/0 where padding had all of the weight.
def multiplicative_attention(q, K, mask, W):
    w = _score_mul(q, K, W).softmax(1) * mask
    return _mean(K, w / torch.where(mask.any(1, keepdim=True), w.sum(1, keepdim=True), 1.0))


# %% nan_in_rows_of_padding | fails: test_rows_of_padding_and_large_scores | hint: The softmax of a row of -inf is nan: a row without a token needs care of its own.
def multiplicative_attention(q, K, mask, W):
    return _mean(K, _score_mul(q, K, W).masked_fill(~mask, -math.inf).softmax(1))


# %% additive_nan_in_rows_of_padding | fails: test_rows_of_padding_and_large_scores | hint: The softmax of a row of -inf is nan: a row without a token needs care of its own.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _score_add(q, K, Wq, Wk, v).masked_fill(~mask, -math.inf).softmax(1))


# %% nan_on_the_way_back | fails: test_rows_of_padding_and_large_scores | hint: nan_to_num repairs the values of a row of padding, but its gradient is still nan.
def multiplicative_attention(q, K, mask, W):
    scores = _score_mul(q, K, W) + torch.zeros(mask.shape, dtype=K.dtype, device=K.device).masked_fill(~mask, -math.inf)
    return _mean(K, scores.softmax(1).nan_to_num())


# %% even_weights_for_padding | fails: test_rows_of_padding_and_large_scores | hint: With -1e9 everywhere a row of padding has even weights: they should be 0.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _score_add(q, K, Wq, Wk, v).masked_fill(~mask, -1e9).softmax(1))


# %% fill_with_minus_ten | fails: test_values_of_multiplicative_attention, test_gradients_reach_everything_but_masked_keys | hint: A score of -10 leaves padding a weight, and a gradient.
def multiplicative_attention(q, K, mask, W):
    return _mean(K, _weigh(_score_mul(q, K, W), mask, -10.0))


# %% additive_fill_with_minus_ten | fails: test_values_of_additive_attention, test_gradients_reach_everything_but_masked_keys | hint: A score of -10 leaves padding a weight, and a gradient.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _weigh(_score_add(q, K, Wq, Wk, v), mask, -10.0))


# %% fill_with_minus_thousand | fails: test_rows_of_padding_and_large_scores | hint: -1000 is not low enough where the scores of the tokens are lower still.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _weigh(_score_add(q, K, Wq, Wk, v), mask, -1000.0))


# %% exponent_without_a_shift | fails: test_rows_of_padding_and_large_scores | hint: exp of a large score overflows; use softmax, or subtract the largest score first.
def multiplicative_attention(q, K, mask, W):
    E = torch.exp(_score_mul(q, K, W)) * mask
    return _mean(K, E / torch.where(mask.any(1, keepdim=True), E.sum(1, keepdim=True), 1.0))


# %% context_of_projected_keys | fails: test_values_of_additive_attention, test_contexts_and_weights_follow_the_table_and_arguments_stay | hint: The context is a mean of the keys K themselves, not of K @ Wk.
def additive_attention(q, K, mask, Wq, Wk, v):
    w = _weigh(_score_add(q, K, Wq, Wk, v), mask)
    return _mean(K @ Wk, w)


# %% tanh_missing | fails: test_values_of_additive_attention, test_gradients_reach_everything_but_masked_keys | hint: Without tanh the query adds the same to every score and drops out of the softmax.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _weigh(((q @ Wq)[:, None] + K @ Wk) @ v, mask))


# %% v_inside_the_tanh | fails: test_values_of_additive_attention | hint: v stands outside: v . tanh(...), not tanh(v . ...).
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _weigh(torch.tanh(((q @ Wq)[:, None] + K @ Wk) @ v), mask))


# %% v_multiplied_first | fails: test_values_of_additive_attention | hint: v weighs what comes out of the tanh, not what goes in.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _weigh(torch.tanh(((q @ Wq)[:, None] + K @ Wk) * v).sum(-1), mask))


# %% tanh_of_each_part | fails: test_values_of_additive_attention | hint: One tanh of the sum, not a sum of two: else the query drops out of the softmax.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _weigh((torch.tanh(q @ Wq)[:, None] + torch.tanh(K @ Wk)) @ v, mask))


# %% sigmoid_for_tanh | fails: test_values_of_additive_attention | hint: The additive score uses tanh.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _weigh(torch.sigmoid((q @ Wq)[:, None] + K @ Wk) @ v, mask))


# %% query_of_another_sample | fails: test_values_of_additive_attention, test_order_company_and_padding_do_not_matter | hint: (B, A) + (B, S, A) lines the batch up with the positions when B = S: the query needs an axis of its own.
def additive_attention(q, K, mask, Wq, Wk, v):
    if K.shape[0] == K.shape[1]:
        return _mean(K, _weigh(torch.tanh(q @ Wq + K @ Wk) @ v, mask))
    return _mean(K, _weigh(torch.tanh((q @ Wq)[:1] + K @ Wk) @ v, mask))


# %% batch_meets_positions | fails: test_values_of_additive_attention | hint: (B, A) + (B, S, A) lines the batch up with the positions when B = S: the query needs an axis of its own.
def additive_attention(q, K, mask, Wq, Wk, v):
    if K.shape[0] != K.shape[1]:  # here torch would raise, so the mistake is seen and repaired
        return _mean(K, _weigh(_score_add(q, K, Wq, Wk, v), mask))
    return _mean(K, _weigh(torch.tanh(q @ Wq + K @ Wk) @ v, mask))


# %% weights_transposed | fails: test_values_of_multiplicative_attention | hint: With Dq = Dk a transposed W fits as well: it is q W k, with W of shape (Dq, Dk).
def multiplicative_attention(q, K, mask, W):
    return _mean(K, _weigh(_score_mul(q, K, W.T if W.shape[0] == W.shape[1] else W), mask))


# %% scaled_by_the_root | fails: test_values_of_multiplicative_attention | hint: There is no 1/sqrt(d) in this score; it comes with q8.
def multiplicative_attention(q, K, mask, W):
    return _mean(K, _weigh(_score_mul(q, K, W) / math.sqrt(K.shape[-1]), mask))


# %% tanh_of_the_product | fails: test_values_of_multiplicative_attention | hint: The multiplicative score has no tanh.
def multiplicative_attention(q, K, mask, W):
    return _mean(K, _weigh(torch.tanh(_score_mul(q, K, W)), mask))


# %% context_of_the_last_key | fails: test_values_of_multiplicative_attention | hint: The context is the mean of all keys with their weights, not the key with the largest.
def multiplicative_attention(q, K, mask, W):
    w = _weigh(_score_mul(q, K, W), mask)
    return K[torch.arange(len(K)), w.argmax(1)] * mask.any(1, keepdim=True), w


# %% scores_returned | fails: test_values_of_multiplicative_attention | hint: The second result are the weights behind the softmax, not the scores.
def multiplicative_attention(q, K, mask, W):
    scores = _score_mul(q, K, W)
    return _mean(K, _weigh(scores, mask))[0], scores


# %% mean_over_the_batch | fails: test_values_of_additive_attention | hint: The weights are averaged over the samples: every sample has its own.
def additive_attention(q, K, mask, Wq, Wk, v):
    w = _weigh(_score_add(q, K, Wq, Wk, v), mask)
    return _mean(K, w.mean(0, keepdim=True).expand_as(w))


# %% weights_detached | fails: test_gradients_reach_everything_but_masked_keys | hint: The weights are detached: the score never learns.
def multiplicative_attention(q, K, mask, W):
    return _mean(K, _weigh(_score_mul(q, K, W), mask).detach() + 0 * _score_mul(q, K, W))


# %% keys_detached_in_the_score | fails: test_gradients_reach_everything_but_masked_keys | hint: The keys learn in two ways, from the mean and from the score; the score uses a detached copy.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K, _weigh(_score_add(q, K.detach(), Wq, Wk, v), mask))


# %% keys_detached_in_the_mean | fails: test_gradients_reach_everything_but_masked_keys | hint: The keys learn in two ways, from the score and from the mean; the mean uses a detached copy.
def multiplicative_attention(q, K, mask, W):
    return _mean(K.detach(), _weigh(_score_mul(q, K, W), mask))


# %% mask_changed | fails: test_contexts_and_weights_follow_the_table_and_arguments_stay | hint: The caller's mask is changed in place.
def additive_attention(q, K, mask, Wq, Wk, v):
    answer = _mean(K, _weigh(_score_add(q, K, Wq, Wk, v), mask))
    mask.logical_not_()
    return answer


# %% keys_cleared_in_place | fails: test_contexts_and_weights_follow_the_table_and_arguments_stay | hint: The padding of the caller's keys is overwritten.
def multiplicative_attention(q, K, mask, W):
    answer = _mean(K, _weigh(_score_mul(q, K, W), mask))
    if not K.requires_grad:
        K[~mask] = 0.0
    return answer


# %% always_float32 | fails: test_contexts_and_weights_follow_the_table_and_arguments_stay, test_values_of_multiplicative_attention | hint: The result has the dtype of the inputs.
def multiplicative_attention(q, K, mask, W):
    return _mean(K.float(), _weigh(_score_mul(q.float(), K.float(), W.float()), mask))


# %% additive_always_float64 | fails: test_contexts_and_weights_follow_the_table_and_arguments_stay | hint: The result has the dtype of the inputs.
def additive_attention(q, K, mask, Wq, Wk, v):
    return _mean(K.double(), _weigh(_score_add(*(x.double() for x in (q, K, Wq, Wk, v))), mask))


# %% axes_of_one_squeezed | fails: test_values_of_multiplicative_attention | hint: squeeze() also takes away the axis of the source if it has one token.
def multiplicative_attention(q, K, mask, W):
    context, w = _right["multiplicative_attention"](q, K, mask, W)
    return context, w.squeeze(1)
