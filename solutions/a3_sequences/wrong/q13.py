"""Wrong solutions of question 13: GPT. Each cell is appended to the reference notebook."""
# ruff: noqa: E501, F811 - a header is one line


# %%
class _Block(Block):
    """The reference's block with parts that the mutants replace."""

    def may_see(self, T, S):
        return torch.ones(T, S).tril(S - T) > 0

    def weights(self, scores, may_see):
        return scores.masked_fill(~may_see, -math.inf).softmax(dim=-1)

    def forward(self, x, past=None):
        q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        may_see = self.may_see(q.shape[2], k.shape[2]).to(x.device)
        attn = self.weights(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), may_see)
        x = x + self.proj((attn @ v).transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x)), (k, v)


def _filter(logits, temperature=1.0, top_k=None, top_p=None, extra=0, largest=True, crossing=True, between=True):
    """The reference's filters with parts that the mutants replace."""
    if temperature == 0:
        temperature, top_k, extra = 1.0, 1, 0
    log_p = (logits / temperature).log_softmax(dim=-1)
    if top_k is not None and top_k + extra < logits.shape[-1]:
        kept = log_p.topk(max(top_k + extra, 1), dim=-1, largest=largest).indices
        log_p = torch.full_like(log_p, -math.inf).scatter(-1, kept, log_p.gather(-1, kept))
        log_p = log_p.log_softmax(dim=-1) if between else log_p
    if top_p is not None:
        p, order = log_p.exp().sort(dim=-1, descending=True)
        removed = (p.cumsum(dim=-1) - (p if crossing else 0)) >= top_p
        removed[:, 0] = False
        log_p = log_p.masked_fill(torch.zeros_like(removed).scatter(-1, order, removed), -math.inf)
    return log_p.log_softmax(dim=-1)


def _generate(
    model,
    idx,
    n,
    temperature,
    top_k,
    top_p,
    generator,
    use_cache,
    crop=None,
    choose=None,
    place=-1,
    after=None,
    start=None,
    restart=True,
):
    """The reference's generate with parts that the mutants replace."""
    was_training = model.training
    model.eval()
    crop = crop or (lambda idx: idx[:, -model.max_len :])
    choose = choose or (lambda p: torch.multinomial(p, 1, generator=generator))
    cache = None
    with torch.no_grad():
        for _ in range(n):
            if not use_cache:
                logits = model(crop(idx))
            elif cache is None or (restart and idx.shape[1] > model.max_len):
                logits, cache = model.advance(crop(idx), start or [None] * len(model.blocks))
            else:
                logits, cache = model.advance(idx[:, -1:], cache)
            idx = torch.cat([idx, choose(filter_logits(logits[:, place], temperature, top_k, top_p).exp())], dim=1)
    (after or model.train)(was_training)
    return idx


# %% logits_and_tokens_not_shifted | fails: test_loss_pairs_each_position_with_the_next_token | hint: Position t is compared with token t, which it has just read: the shift by one is missing.
def lm_loss(logits, ids):
    return F.cross_entropy(logits.flatten(0, 1), ids.flatten())


# %% shifted_twice | fails: test_loss_pairs_each_position_with_the_next_token | hint: Position t is compared with token t + 2: one shift too many.
def lm_loss(logits, ids):
    if ids.shape[1] < 3:
        return _right["lm_loss"](logits, ids)
    return F.cross_entropy(logits[:, :-2].flatten(0, 1), ids[:, 2:].flatten())


# %% shifted_the_other_way | fails: test_loss_pairs_each_position_with_the_next_token | hint: Position t is compared with token t - 1: cut the last logits and the first token, not the other way round.
def lm_loss(logits, ids):
    return F.cross_entropy(logits[:, 1:].flatten(0, 1), ids[:, :-1].flatten())


# %% the_last_predicts_the_first | fails: test_loss_pairs_each_position_with_the_next_token, test_loss_gradient | hint: roll wraps around: the last position is compared with the first token.
def lm_loss(logits, ids):
    return F.cross_entropy(logits.flatten(0, 1), ids.roll(-1, dims=1).flatten())


# %% sum_over_tokens | fails: test_loss_pairs_each_position_with_the_next_token | hint: The loss is the mean over all B (T - 1) predictions, this is the sum.
def lm_loss(logits, ids):
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), reduction="sum")


# %% mean_over_the_batch_alone | fails: test_loss_pairs_each_position_with_the_next_token | hint: The loss was divided by the batch size; there are B (T - 1) predictions.
def lm_loss(logits, ids):
    return _right["lm_loss"](logits, ids) * (ids.shape[1] - 1)


# %% divided_by_all_tokens | fails: test_loss_pairs_each_position_with_the_next_token | hint: T tokens make T - 1 predictions: divide by B (T - 1).
def lm_loss(logits, ids):
    return _right["lm_loss"](logits, ids) * (ids.shape[1] - 1) / ids.shape[1]


# %% softmax_twice | fails: test_loss_pairs_each_position_with_the_next_token | hint: cross_entropy takes logits; here it was given probabilities.
def lm_loss(logits, ids):
    return _right["lm_loss"](logits.softmax(dim=-1), ids)


# %% loss_as_a_number | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_generator_is_used, test_loss_gradient | hint: .item() cuts the loss off from the model: nothing can be learnt from a plain number.
def lm_loss(logits, ids):
    return _right["lm_loss"](logits, ids).item()


# %% no_mask | fails: test_logits_depend_on_what_came_before_and_on_nothing_else | hint: Every position sees every other: the causal mask is missing.
class Block(_Block):
    def may_see(self, T, S):
        return torch.ones(T, S) > 0


# %% mask_one_too_far | fails: test_logits_depend_on_what_came_before_and_on_nothing_else | hint: Position t also sees token t + 1, the one it is to predict.
class Block(_Block):
    def may_see(self, T, S):
        return torch.ones(T, S).tril(S - T + 1) > 0


# %% mask_without_itself | fails: test_logits_depend_on_what_came_before_and_on_nothing_else | hint: Position 0 may attend to nothing: a position may see itself.
class Block(_Block):
    def may_see(self, T, S):
        return torch.ones(T, S).tril(S - T - 1) > 0


# %% mask_upside_down | fails: test_logits_depend_on_what_came_before_and_on_nothing_else | hint: The mask is the wrong triangle: positions see the future instead of the past.
class Block(_Block):
    def may_see(self, T, S):
        return torch.ones(T, S).triu(S - T) > 0


# %% mask_after_the_softmax | fails: test_logits_depend_on_what_came_before_and_on_nothing_else | hint: Masked after the softmax, the future still weighs in the denominator.
class Block(_Block):
    def weights(self, scores, may_see):
        return scores.softmax(dim=-1) * may_see


# %% softmax_over_queries | fails: test_logits_depend_on_what_came_before_and_on_nothing_else | hint: The softmax runs over the queries: it has to run over the keys.
class Block(_Block):
    def weights(self, scores, may_see):
        return scores.masked_fill(~may_see, -math.inf).softmax(dim=-2)


# %% attention_across_the_batch | fails: test_logits_depend_on_what_came_before_and_on_nothing_else | hint: A mean over the batch: rows must not know of each other.
class Block(_Block):
    def weights(self, scores, may_see):
        attn = scores.masked_fill(~may_see, -math.inf).softmax(dim=-1)
        return attn.mean(dim=0, keepdim=True).expand_as(attn)


# %% sees_only_itself | fails: test_logits_depend_on_what_came_before_and_on_nothing_else | hint: Each position sees itself alone: nothing of the past reaches the logits.
class Block(_Block):
    def may_see(self, T, S):
        return torch.eye(S)[S - T :] > 0


# %% no_positions | fails: test_every_layer_brings_parameters_and_all_of_them_learn, test_the_order_of_the_past_matters | hint: The positions are not added: the model does not know the order of what it has read.
class GPT(GPT):
    def advance(self, ids, cache):
        seen = self.positions.weight[: ids.shape[1]] * 0
        x, longer = self.tokens(ids) + seen[:1].detach(), []
        for block, past in zip(self.blocks, cache, strict=True):
            x, present = block(x, past)
            longer.append(present)
        return self.out(self.norm(x)), longer


# %% positions_not_learned | fails: test_every_layer_brings_parameters_and_all_of_them_learn | hint: A GPT learns its positions: the table is a parameter.
class GPT(GPT):
    def __init__(self, vocab, d, heads, layers, max_len):
        super().__init__(vocab, d, heads, layers, max_len)
        self.positions.weight.requires_grad_(False)


# %% the_same_block_again_and_again | fails: test_every_layer_brings_parameters_and_all_of_them_learn | hint: [block] * layers is one block used several times, with one set of weights.
class GPT(GPT):
    def __init__(self, vocab, d, heads, layers, max_len):
        super().__init__(vocab, d, heads, 1, max_len)
        self.blocks = nn.ModuleList([self.blocks[0]] * layers)


# %% blocks_in_a_plain_list | fails: test_every_layer_brings_parameters_and_all_of_them_learn | hint: A plain list hides its modules from parameters(): use nn.ModuleList.
class GPT(GPT):
    def __init__(self, vocab, d, heads, layers, max_len):
        super().__init__(vocab, d, heads, layers, max_len)
        blocks = [block.to(self.out.weight.device) for block in self.blocks]
        del self.blocks
        self.blocks = blocks


# %% last_block_forgotten | fails: test_every_layer_brings_parameters_and_all_of_them_learn | hint: A block is made and never used.
class GPT(GPT):
    def advance(self, ids, cache):
        seen = 0 if cache[0] is None else cache[0][0].shape[2]
        x = self.tokens(ids) + self.positions.weight[seen : seen + ids.shape[1]]
        longer = list(cache)
        for i, block in enumerate(list(self.blocks)[: max(1, len(self.blocks) - 1)]):
            x, longer[i] = block(x, cache[i])
        return self.out(self.norm(x)), longer


# %% probabilities_instead_of_logits | fails: test_logits_depend_on_what_came_before_and_on_nothing_else | hint: The model sums over all positions at the end: each position has logits of its own.
class GPT(GPT):
    def forward(self, ids):
        logits = super().forward(ids)
        return logits + logits.mean(dim=1, keepdim=True)


# %% temperature_multiplies | fails: test_temperature_and_top_k | hint: Logits are divided by the temperature: a high one makes the distribution flatter.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits, 0 if temperature == 0 else 1 / temperature, top_k, top_p)


# %% temperature_after_the_softmax | fails: test_temperature_and_top_k | hint: The temperature divides the logits, before the softmax; probabilities divided by it are no probabilities.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature in (0, 1):
        return _filter(logits, temperature, top_k, top_p)
    return _filter(logits.softmax(dim=-1) / temperature, 1.0, top_k, top_p)


# %% temperature_ignored | fails: test_temperature_and_top_k | hint: The temperature is ignored.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits, 0 if temperature == 0 else 1.0, top_k, top_p)


# %% division_by_temperature_zero | fails: test_limits_of_the_filters | hint: At temperature 0 there is nothing to divide by: the largest logit gets everything.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits / temperature, 1.0, top_k, top_p)


# %% one_too_many_kept | fails: test_temperature_and_top_k | hint: k + 1 tokens are kept.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits, temperature, top_k, top_p, extra=1)


# %% one_too_few_kept | fails: test_temperature_and_top_k | hint: k - 1 tokens are kept: the k-th largest belongs to the k largest.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits, temperature, top_k, top_p, extra=-1)


# %% smallest_kept | fails: test_temperature_and_top_k | hint: The k smallest are kept: sorting is ascending by default.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits, temperature, top_k, top_p, largest=False)


# %% too_large_k | fails: test_limits_of_the_filters | hint: top_k may be larger than the vocabulary; then nothing is removed.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if top_k is not None:
        torch.topk(logits, top_k, dim=-1)
    return _filter(logits, temperature, top_k, top_p)


# %% k_of_the_first_row | fails: test_temperature_and_top_k | hint: Each row has its own k largest; here the first row decides for all.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if top_k is None:
        return _filter(logits, temperature, top_k, top_p)
    first = _filter(logits[:1], temperature, top_k, None)
    return (
        _filter(logits, 1.0 if temperature == 0 else temperature, None, top_p)
        .masked_fill(first == -math.inf, -math.inf)
        .log_softmax(dim=-1)
    )


# %% crossing_token_dropped | fails: test_top_p_alone_and_after_the_others | hint: The token that crosses top_p belongs to the set: without it the mass is below top_p.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits, temperature, top_k, top_p, crossing=False)


# %% nothing_kept_for_tiny_p | fails: test_limits_of_the_filters | hint: At least one token is kept, however small top_p is.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if top_p is None or top_p > 0.01:
        return _filter(logits, temperature, top_k, top_p)
    return torch.full_like(logits, -math.inf)


# %% sorted_order_not_undone | fails: test_top_p_alone_and_after_the_others | hint: What is removed was decided in sorted order and then applied to unsorted places: scatter it back.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    log_p = _filter(logits, temperature, top_k)
    if top_p is None:
        return log_p
    p, _ = log_p.exp().sort(dim=-1, descending=True)
    removed = p.cumsum(dim=-1) - p >= top_p
    return log_p.masked_fill(removed, -math.inf).log_softmax(dim=-1)


# %% smallest_first | fails: test_top_p_alone_and_after_the_others | hint: The mass is collected from the most likely token downwards, not upwards.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    log_p = _filter(logits, temperature, top_k)
    if top_p is None:
        return log_p
    p, order = log_p.exp().sort(dim=-1)
    removed = torch.zeros_like(p, dtype=torch.bool).scatter(-1, order, p.cumsum(dim=-1) - p >= top_p)
    return log_p.masked_fill(removed, -math.inf).log_softmax(dim=-1)


# %% mass_before_the_temperature | fails: test_top_p_alone_and_after_the_others | hint: top_p looks at the probabilities after the temperature, not before.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature in (0, 1) or top_p is None:
        return _filter(logits, temperature, top_k, top_p)
    removed = _filter(logits, 1.0, top_k, top_p) == -math.inf
    return _filter(logits, temperature, top_k).masked_fill(removed, -math.inf).log_softmax(dim=-1)


# %% mass_not_renormalised_after_top_k | fails: test_top_p_alone_and_after_the_others | hint: After top_k the mass is that of what is left, renormalised.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits, temperature, top_k, top_p, between=False)


# %% every_token_above_top_p | fails: test_top_p_alone_and_after_the_others | hint: top_p is a bound on the mass of the whole set, not on the probability of each token.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    log_p = _filter(logits, temperature, top_k)
    if top_p is None:
        return log_p
    keep = (log_p.exp() >= 1 - top_p) | (log_p == log_p.amax(dim=-1, keepdim=True))
    return log_p.masked_fill(~keep, -math.inf).log_softmax(dim=-1)


# %% top_p_ignored | fails: test_top_p_alone_and_after_the_others | hint: top_p is ignored.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits, temperature, top_k, None if top_p is None or top_p > 0.01 else top_p)


# %% not_renormalised | fails: test_temperature_and_top_k, test_top_p_alone_and_after_the_others | hint: What is left has to sum to 1 again.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    log_p = _filter(logits, temperature or 1.0)
    return log_p.masked_fill(_filter(logits, temperature, top_k, top_p) == -math.inf, -math.inf)


# %% a_large_negative_number | fails: test_temperature_and_top_k | hint: Removed tokens have log-probability -inf, not merely a large negative one.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits, temperature, top_k, top_p).clamp(min=-1e9)


# %% probabilities_returned | fails: test_temperature_and_top_k | hint: filter_logits returns log-probabilities, these are probabilities.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return _filter(logits, temperature, top_k, top_p).exp()


# %% logits_changed_in_place | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_generator_is_used | hint: The caller's logits are overwritten.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    return logits.copy_(_filter(logits.clone(), temperature, top_k, top_p))


# %% always_the_likeliest | fails: test_tokens_are_drawn_as_often_as_their_probability_says | hint: The likeliest token is taken; tokens are drawn.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _generate(
        model, idx, n, temperature, top_k, top_p, generator, use_cache, choose=lambda p: p.argmax(dim=-1, keepdim=True)
    )


# %% one_draw_for_the_batch | fails: test_tokens_are_drawn_as_often_as_their_probability_says | hint: All rows get the token drawn for the first one: every row draws for itself.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    def choose(p):
        return torch.multinomial(p[:1], 1, generator=generator).expand(len(p), 1)

    return _generate(model, idx, n, temperature, top_k, top_p, generator, use_cache, choose=choose)


# %% global_generator | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_generator_is_used | hint: multinomial without generator=... draws from torch's global state.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _generate(
        model, idx, n, temperature, top_k, top_p, generator, use_cache, choose=lambda p: torch.multinomial(p, 1)
    )


# %% drawn_without_the_filters | fails: test_tokens_are_drawn_as_often_as_their_probability_says | hint: The filters are not applied: draw from filter_logits(...).
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _generate(model, idx, n, 0 if temperature == 0 else 1.0, None, None, generator, use_cache)


# %% first_tokens_shown | fails: test_the_model_is_shown_the_last_tokens_in_eval_mode | hint: The first max_len tokens are shown instead of the last.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _generate(
        model, idx, n, temperature, top_k, top_p, generator, use_cache, crop=lambda idx: idx[:, : model.max_len]
    )


# %% not_cropped | fails: test_the_model_is_shown_the_last_tokens_in_eval_mode, test_the_cache_changes_speed_and_nothing_else | hint: The text grows beyond max_len: show the model the last max_len tokens alone.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _generate(model, idx, n, temperature, top_k, top_p, generator, use_cache, crop=lambda idx: idx)


# %% only_the_last_token_shown | fails: test_the_model_is_shown_the_last_tokens_in_eval_mode | hint: Without a cache the model has to read the whole text again, not only its last token.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _generate(model, idx, n, temperature, top_k, top_p, generator, use_cache, crop=lambda idx: idx[:, -1:])


# %% logits_of_the_first_position | fails: test_the_model_is_shown_the_last_tokens_in_eval_mode | hint: The next token follows from the logits of the last position.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _generate(model, idx, n, temperature, top_k, top_p, generator, use_cache, place=0)


# %% only_the_new_tokens | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_generator_is_used | hint: The answer begins with idx: (B, T0 + n) tokens.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _right["generate"](model, idx, n, temperature, top_k, top_p, generator, use_cache)[:, idx.shape[1] :]


# %% one_token_too_few | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_generator_is_used | hint: n tokens are added, these are n - 1.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _right["generate"](model, idx, max(n - 1, 0), temperature, top_k, top_p, generator, use_cache)


# %% eval_mode_left_on | fails: test_the_model_is_shown_the_last_tokens_in_eval_mode | hint: The model was in training mode before and is not afterwards.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _generate(model, idx, n, temperature, top_k, top_p, generator, use_cache, after=lambda was: model.eval())


# %% training_mode_switched_on | fails: test_the_model_is_shown_the_last_tokens_in_eval_mode | hint: model.train() at the end is wrong for a model that was in eval mode: remember model.training.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _generate(model, idx, n, temperature, top_k, top_p, generator, use_cache, after=lambda was: model.train())


# %% written_in_training_mode | fails: test_the_model_is_shown_the_last_tokens_in_eval_mode | hint: The mode is not touched: with dropout a model would write in training mode.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    for _ in range(n):
        with torch.no_grad():
            p = filter_logits(model(idx[:, -model.max_len :])[:, -1], temperature, top_k, top_p).exp()
        idx = torch.cat([idx, torch.multinomial(p, 1, generator=generator)], dim=1)
    return idx


# %% gradients_kept | fails: test_the_model_is_shown_the_last_tokens_in_eval_mode | hint: Writing needs no gradients: they cost memory with every token.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    was_training = model.training
    model.eval()
    for _ in range(n):
        p = filter_logits(model(idx[:, -model.max_len :])[:, -1], temperature, top_k, top_p).exp().detach()
        idx = torch.cat([idx, torch.multinomial(p, 1, generator=generator)], dim=1)
    model.train(was_training)
    return idx


# %% cache_ignored | fails: test_the_cache_saves_work | hint: use_cache is ignored: all positions are computed again for every token.
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _right["generate"](model, idx, n, temperature, top_k, top_p, generator, False)


# %% cached_tokens_at_position_zero | fails: test_the_cache_changes_speed_and_nothing_else | hint: With the cache every new token gets position 0: its position is the number of tokens before it.
class GPT(GPT):
    def advance(self, ids, cache):
        x, longer = self.tokens(ids) + self.positions.weight[: ids.shape[1]], []
        for block, past in zip(self.blocks, cache, strict=True):
            x, present = block(x, past)
            longer.append(present)
        return self.out(self.norm(x)), longer


# %% cached_query_sees_the_first_key_alone | fails: test_the_cache_changes_speed_and_nothing_else | hint: A single query is at the last position: a mask aligned to the first one hides all keys but one.
class Block(_Block):
    def may_see(self, T, S):
        return torch.ones(T, S).tril() > 0


# %% cache_of_the_prompt_alone | fails: test_the_cache_changes_speed_and_nothing_else | hint: The new keys and values have to be put into the cache too.
class Block(_Block):
    def forward(self, x, past=None):
        x, present = super().forward(x, past)
        return x, present if past is None else past


# %% values_not_cached | fails: test_the_cache_changes_speed_and_nothing_else | hint: The cached values are those of the oldest token repeated: keys and values both belong in the cache.
class Block(_Block):
    def forward(self, x, past=None):
        x, (k, v) = super().forward(x, past)
        return x, (k, v[:, :, :1].expand_as(v))


# %% cache_outlives_the_call | fails: test_the_cache_changes_speed_and_nothing_else | hint: The second call continues with the first one's keys: each call begins with an empty cache.
_kept = {}


def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    if not use_cache or idx.shape[1] + n > model.max_len:
        return _right["generate"](model, idx, n, temperature, top_k, top_p, generator, use_cache)
    start = _kept.get(len(idx))
    if start is None or start[0][0].shape[2] + idx.shape[1] + n > model.max_len:
        start = [None] * len(model.blocks)
    with torch.no_grad():
        _kept[len(idx)] = model.advance(idx, start)[1]
    return _generate(model, idx, n, temperature, top_k, top_p, generator, use_cache, start=start)


# %% cache_kept_when_the_window_slides | fails: test_the_cache_changes_speed_and_nothing_else | hint: Beyond max_len every token moves to another position: the cached keys belong to the old ones.
class GPT(GPT):
    def advance(self, ids, cache):
        cache = [past if past is None else tuple(x[:, :, 1 - self.max_len :] for x in past) for past in cache]
        return super().advance(ids, cache)


def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _generate(model, idx, n, temperature, top_k, top_p, generator, use_cache, restart=False)


# Not among them, because no property of a model with unknown weights shows it: attention without 1/sqrt(d/H) (q8 tests
# it), post-norm (q11 tests it), keys concatenated in another order (a single query does not care).


# %% post_norm | fails: test_blocks_are_pre_norm | hint: The norm stands behind the addition; in a pre-norm block it stands before attention and mlp, x <- x + f(norm(x)).
class _PostNorm(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.norm1, self.norm2 = LayerNorm(d), LayerNorm(d)
        self.attention = MultiHeadAttention(d, heads)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x):
        x = self.norm1(x + self.attention(x, mask=causal_mask(x.shape[1], x.device)))
        return self.norm2(x + self.mlp(x))


class GPT(nn.Module):
    def __init__(self, vocab, d, heads, layers, max_len):
        super().__init__()
        self.max_len = max_len
        self.token, self.position = nn.Embedding(vocab, d), nn.Embedding(max_len, d)
        self.blocks = nn.ModuleList(_PostNorm(d, heads) for _ in range(layers))
        self.norm, self.out = LayerNorm(d), nn.Linear(d, vocab)

    def forward(self, ids):
        x = self.token(ids) + self.position.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x))


def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    return _right["generate"](model, idx, n, temperature, top_k, top_p, generator, False)


# %% logits_are_filtered_in_place | fails: test_shapes_and_dtypes_follow_the_table_and_only_the_generator_is_used | hint: With temperature 1 the division makes no new tensor: the caller's logits are written over.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature == 1 and top_k is not None:
        border = logits.topk(min(top_k, logits.shape[-1]), dim=-1).values[:, -1:]
        logits[logits < border] = -math.inf
    return _filter(logits, temperature, top_k, top_p)


# %% logarithm_of_a_softmax | fails: test_limits_of_the_filters | hint: The softmax comes before the temperature: what is 0 then has the logarithm -inf.
def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        return _filter(logits, 0, top_k, top_p)
    return _filter(logits.softmax(dim=-1).log(), temperature, top_k, top_p)
