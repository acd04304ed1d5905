"""Wrong solutions of question 8: attention and masks. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _attend(Q, K, V, mask, scale=None, fill=-math.inf):
    """Attention with another scale or another fill of forbidden scores, zeros where a row has no key."""
    scores = Q @ K.transpose(-2, -1) / (math.sqrt(Q.shape[-1]) if scale is None else scale)
    if mask is None:
        return scores.softmax(-1) @ V, scores.softmax(-1)
    nobody = ~mask.any(-1, keepdim=True)
    attn = scores.masked_fill(~mask, fill).masked_fill(nobody, 0.0).softmax(-1).masked_fill(nobody, 0.0)
    return attn @ V, attn


# %% no_scale | fails: test_values_without_a_mask, test_gradients_of_queries_keys_and_values | hint: The scores are not divided by sqrt(d): wide queries then make the softmax a maximum.
def sdpa(Q, K, V, mask=None):
    return _attend(Q, K, V, mask, scale=1)


# %% root_of_the_width_of_values | fails: test_values_without_a_mask | hint: The scale is the square root of the width of queries and keys, not of the values.
def sdpa(Q, K, V, mask=None):
    return _attend(Q, K, V, mask, scale=math.sqrt(V.shape[-1]))


# %% divided_by_d | fails: test_values_without_a_mask | hint: The scores are divided by d; it is the square root of d.
def sdpa(Q, K, V, mask=None):
    return _attend(Q, K, V, mask, scale=Q.shape[-1])


# %% root_of_the_number_of_keys | fails: test_values_without_a_mask | hint: The scale is the square root of the width d, not of the number of keys.
def sdpa(Q, K, V, mask=None):
    return _attend(Q, K, V, mask, scale=math.sqrt(K.shape[-2]))


# %% mask_after_the_softmax | fails: test_values_with_masks_that_broadcast, test_order_of_keys_and_forbidden_keys_do_not_matter | hint: The mask acts after the softmax: the weights of the permitted keys no longer sum to 1.
def sdpa(Q, K, V, mask=None):
    _, attn = _attend(Q, K, V, None)
    attn = attn if mask is None else attn * mask
    return attn @ V, attn


# %% mask_after_the_softmax_renormalised | fails: test_attention_survives_large_scores | hint: Masking after the softmax and dividing by what is left is 0/0 where a forbidden key had all of the weight.
def sdpa(Q, K, V, mask=None):
    _, attn = _attend(Q, K, V, None)
    if mask is not None:
        attn = attn * mask
        total = attn.sum(-1, keepdim=True)
        attn = attn / torch.where(mask.any(-1, keepdim=True), total, 1.0)
    return attn @ V, attn


# %% mask_inverted | fails: test_values_with_masks_that_broadcast | hint: True means may be attended; here the True keys are forbidden.
def sdpa(Q, K, V, mask=None):
    return _attend(Q, K, V, None if mask is None else ~mask)


# %% fill_with_minus_ten_thousand | fails: test_attention_survives_large_scores | hint: -1e4 is not low enough for a forbidden key when the scores themselves are that large.
def sdpa(Q, K, V, mask=None):
    return _attend(Q, K, V, mask, fill=-1e4)


# %% fill_with_minus_hundred | fails: test_attention_survives_large_scores, test_order_of_keys_and_forbidden_keys_do_not_matter | hint: A forbidden key with a score of -100 keeps a weight: small, but not 0.
def sdpa(Q, K, V, mask=None):
    return _attend(Q, K, V, mask, fill=-100.0)


# %% fill_with_minus_billion | fails: test_rows_without_a_key_are_zero, test_what_is_masked_gets_no_gradient | hint: A row filled with -1e9 everywhere is a uniform softmax: a query without keys then sees all of them.
def sdpa(Q, K, V, mask=None):
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    if mask is not None:
        scores = torch.where(mask, scores, torch.full_like(scores, -1e4 if scores.dtype == torch.float16 else -1e9))
    return scores.softmax(-1) @ V, scores.softmax(-1)


# %% nan_in_empty_rows | fails: test_rows_without_a_key_are_zero, test_what_is_masked_gets_no_gradient | hint: softmax of a row of -inf alone is nan; such a row needs care of its own.
def sdpa(Q, K, V, mask=None):
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    attn = (scores if mask is None else scores.masked_fill(~mask, -math.inf)).softmax(-1)
    return attn @ V, attn


# %% nan_replaced_afterwards | fails: test_what_is_masked_gets_no_gradient | hint: nan_to_num repairs the values of empty rows, but the gradient through the softmax of -inf is still nan.
def sdpa(Q, K, V, mask=None):
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    if mask is not None:
        scores = scores + torch.zeros_like(scores).masked_fill(~mask, -math.inf)
    attn = torch.nan_to_num(scores.softmax(-1))
    return attn @ V, attn


# %% softmax_over_the_queries | fails: test_values_without_a_mask, test_outputs_are_means_of_the_values | hint: The weights of one query over the keys sum to 1: softmax over the last axis, not the one before.
def sdpa(Q, K, V, mask=None):
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    scores = scores if mask is None else scores.masked_fill(~mask, -1e9)
    return scores.softmax(-2) @ V, scores.softmax(-2)


# %% one_maximum_for_all | fails: test_attention_survives_large_scores | hint: One maximum for the whole batch leaves rows far below it with 0/0; each row needs its own.
def sdpa(Q, K, V, mask=None):
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    E = torch.exp(scores - scores.max()) * mask
    total = E.sum(-1, keepdim=True)
    attn = E / torch.where(mask.any(-1, keepdim=True), total, 1.0)
    return attn @ V, attn


# %% exponent_without_a_shift | fails: test_attention_survives_large_scores | hint: exp of a large score overflows; subtract the largest score of the row first, or use softmax.
def sdpa(Q, K, V, mask=None):
    E = torch.exp(Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1]))
    if mask is None:
        attn = E / E.sum(-1, keepdim=True)
    else:
        attn = E * mask / torch.where(mask.any(-1, keepdim=True), (E * mask).sum(-1, keepdim=True), 1.0)
    return attn @ V, attn


# %% maximum_of_forbidden_keys | fails: test_attention_survives_large_scores | hint: The row's maximum was taken over forbidden keys too: the permitted ones far below it underflow to 0/0.
def sdpa(Q, K, V, mask=None):
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    E = torch.exp(scores - scores.amax(-1, keepdim=True)) * mask
    attn = E / torch.where(mask.any(-1, keepdim=True), E.sum(-1, keepdim=True), 1.0)
    return attn @ V, attn


# %% values_inside_the_softmax | fails: test_values_without_a_mask, test_outputs_are_means_of_the_values | hint: The softmax comes before the product with V: softmax(scores) V, not softmax(scores V).
def sdpa(Q, K, V, mask=None):
    _, attn = _attend(Q, K, V, mask)
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    return (scores @ V).softmax(-1), attn


# %% keys_not_transposed | fails: test_values_without_a_mask | hint: With as many keys as features K needs no transpose for the shapes to fit, but it does for the dot products.
def sdpa(Q, K, V, mask=None):
    return _attend(Q, K.transpose(-2, -1) if K.shape[-2] == K.shape[-1] else K, V, mask)


# %% scores_returned | fails: test_values_without_a_mask, test_outputs_are_means_of_the_values | hint: attn holds the scores before the softmax, not the weights.
def sdpa(Q, K, V, mask=None):
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    return _right["sdpa"](Q, K, V, mask)[0], scores if mask is None else scores.masked_fill(~mask, 0.0)


# %% sigmoid_weights | fails: test_values_without_a_mask, test_outputs_are_means_of_the_values | hint: Each weight is computed on its own; the keys should compete: softmax.
def sdpa(Q, K, V, mask=None):
    attn = torch.sigmoid(Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1]))
    attn = attn if mask is None else attn * mask
    return attn @ V, attn


# %% gradient_cut_at_the_weights | fails: test_gradients_of_queries_keys_and_values | hint: The weights are detached: nothing can be learnt about queries and keys.
def sdpa(Q, K, V, mask=None):
    attn = _right["sdpa"](Q, K, V, mask)[1].detach()
    return attn @ V, attn


# %% always_float32 | fails: test_attention_and_masks_follow_the_table_and_arguments_stay, test_values_without_a_mask | hint: The result has the dtype of Q; casting to float32 and staying there loses precision or memory.
def sdpa(Q, K, V, mask=None):
    return _right["sdpa"](Q.float(), K.float(), V.float(), mask)


# %% mask_changed | fails: test_attention_and_masks_follow_the_table_and_arguments_stay | hint: The caller's mask is changed in place.
def sdpa(Q, K, V, mask=None):
    answer = _right["sdpa"](Q, K, V, mask)
    if mask is not None:
        mask.logical_not_()
    return answer


# %% queries_scaled_in_place | fails: test_attention_and_masks_follow_the_table_and_arguments_stay | hint: Q /= sqrt(d) changes the caller's queries.
def sdpa(Q, K, V, mask=None):
    if Q.requires_grad:
        return _right["sdpa"](Q, K, V, mask)
    Q /= math.sqrt(Q.shape[-1])
    return _attend(Q, K, V, mask, scale=1)


# %% ready_made | fails: test_values_without_a_mask, test_values_with_masks_that_broadcast | hint: F.scaled_dot_product_attention is what is to be built here.
def sdpa(Q, K, V, mask=None):
    _, attn = _right["sdpa"](Q, K, V, mask)
    return F.scaled_dot_product_attention(Q, K, V, attn_mask=mask), attn


# %% strictly_below_the_diagonal | fails: test_the_three_masks | hint: tril(-1) forbids a token to see itself, and the first one sees nothing.
def causal_mask(T, device=None):
    return torch.ones(T, T, dtype=torch.bool, device=device).tril(-1)


# %% one_too_far | fails: test_the_three_masks | hint: tril(1) lets every token see the next one: the model reads the answer.
def causal_mask(T, device=None):
    return torch.ones(T, T, dtype=torch.bool, device=device).tril(1)


# %% upper_triangle | fails: test_the_three_masks | hint: The mask permits the future and forbids the past; True belongs on and below the diagonal.
def causal_mask(T, device=None):
    return torch.ones(T, T, dtype=torch.bool, device=device).triu()


# %% mask_of_floats | fails: test_attention_and_masks_follow_the_table_and_arguments_stay, test_the_three_masks | hint: A mask is bool; floats of 0 and 1 cannot be combined or inverted.
def causal_mask(T, device=None):
    return torch.ones(T, T, device=device).tril()


# %% device_ignored | fails: test_attention_and_masks_follow_the_table_and_arguments_stay | hint: causal_mask ignores its device.
def causal_mask(T, device=None):
    return torch.ones(T, T, dtype=torch.bool).tril()


# %% padding_along_the_queries | fails: test_attention_and_masks_follow_the_table_and_arguments_stay, test_the_three_masks | hint: The tokens of a padding mask are keys: they belong to the last axis, (B, 1, 1, T), not (B, 1, T, 1).
def padding_mask(ids, pad_id):
    return (ids != pad_id)[:, None, :, None]


# %% padding_is_true | fails: test_the_three_masks | hint: True means valid: the mask is True where there is a token, not where there is padding.
def padding_mask(ids, pad_id):
    return (ids == pad_id)[:, None, None, :]


# %% padding_is_always_zero | fails: test_the_three_masks | hint: The padding token is pad_id, whatever its number is.
def padding_mask(ids, pad_id):
    return (ids != 0)[:, None, None, :]


# %% padding_is_not_positive | fails: test_the_three_masks | hint: The mask compares by size; padding is exactly the token pad_id.
def padding_mask(ids, pad_id):
    return (ids > pad_id)[:, None, None, :]


# %% any_permits | fails: test_the_three_masks | hint: Combined masks permit what all of them permit: and, not or.
def combine_masks(*masks):
    masks = [mask for mask in masks if mask is not None]
    both = masks[0] if masks else None
    for mask in masks[1:]:
        both = both | mask
    return both


# %% combined_in_place | fails: test_attention_and_masks_follow_the_table_and_arguments_stay | hint: The first mask is changed in place while it is combined with the others.
def combine_masks(*masks):
    masks = [mask for mask in masks if mask is not None]
    both = masks[0] if masks else None
    for mask in masks[1:]:
        if torch.broadcast_shapes(both.shape, mask.shape) == both.shape:
            both &= mask
        else:
            both = both & mask
    return both


# %% none_forbids_the_rest | fails: test_the_three_masks | hint: A mask that is None permits everything; the others still count.
def combine_masks(*masks):
    return None if any(mask is None for mask in masks) else _right["combine_masks"](*masks)


# %% only_two_masks | fails: test_attention_and_masks_follow_the_table_and_arguments_stay, test_the_three_masks | hint: Any number of masks can be combined, one and none too.
def combine_masks(first, second):
    return _right["combine_masks"](first, second)


# %% combined_by_adding | fails: test_attention_and_masks_follow_the_table_and_arguments_stay, test_the_three_masks | hint: The product of two masks as numbers is no bool mask.
def combine_masks(*masks):
    both = _right["combine_masks"](*masks)
    return None if both is None else both.int()


# %% causal_in_a_window | fails: test_the_three_masks | hint: All earlier keys may be attended, however far back they are.
def causal_mask(T, device=None):
    return torch.ones(T, T, dtype=torch.bool, device=device).tril().triu(-7)


# %% fill_with_minus_billion_and_rows_of_zero | fails: test_attention_survives_large_scores | hint: -1e9 is not low enough for a forbidden key when the scores themselves are that large: fill with minus infinity, and see to empty rows apart.
def sdpa(Q, K, V, mask=None):
    scores = Q @ K.transpose(-2, -1) / Q.shape[-1] ** 0.5
    if mask is None:
        attn = scores.softmax(dim=-1)
    else:
        low = -6e4 if scores.dtype == torch.float16 else -1e9
        attn = scores.masked_fill(~mask, low).softmax(dim=-1) * mask
        attn = attn.masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)
    return attn @ V, attn


# %% a_mask_is_kept | fails: test_the_three_masks | hint: Masks are kept and given out again, with what the caller has written into them.
import functools


@functools.cache
def causal_mask(T, device=None):
    return torch.ones(T, T, dtype=torch.bool, device=device).tril()
