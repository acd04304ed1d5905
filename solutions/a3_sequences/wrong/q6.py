"""Wrong solutions of question 6: loss, perplexity, beam search. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _losses(logits, targets, smoothing=0.0):
    log_p = logits.log_softmax(-1)
    return -(1 - smoothing) * log_p.gather(-1, targets[..., None])[..., 0] - smoothing * log_p.mean(-1)


def _search(step, bos, eos, beam, max_len, alpha=0.0, **part):
    """A beam search with parts exchanged."""
    alive, finished = [(0.0, [bos])] * part.get("copies", 1), []
    places = beam
    for _ in range(max_len):
        log_p = step([tokens for _, tokens in alive]).tolist()
        grown = []
        for (total, tokens), row in zip(alive, log_p, strict=True):
            if part.get("extend_finished") and tokens[-1] == eos and len(tokens) > 1:
                grown.append((total, tokens))
            words = [max(range(len(row)), key=row.__getitem__)] if part.get("best_only") else range(len(row))
            grown += [(total + row[v], [*tokens, v]) for v in words if part.get("impossible") or row[v] > -math.inf]
        kept = sorted(grown, key=lambda entry: entry[0], reverse=not part.get("lowest"))[:places]
        ended = [entry for entry in kept if entry[1][-1] == eos]
        finished += ended
        alive = kept if part.get("extend_finished") else [entry for entry in kept if entry[1][-1] != eos]
        if part.get("shrink"):
            places -= len(ended)
        if not alive or (part.get("first") and ended):
            break
    of_all = (
        alive if part.get("drop_finished") else finished if part.get("drop_alive") and finished else finished + alive
    )
    score = part.get("score", lambda total, tokens: total / (len(tokens) - 1) ** alpha)
    best = max(of_all or finished, key=lambda entry: score(*entry))
    return best[1], score(*best)


# %% mean_over_all_positions | fails: test_loss_is_the_mean_over_words | hint: The sum is divided by B T, padding included; divide by the number of words.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    return (_losses(logits, targets, label_smoothing) * (targets != pad_id)).mean()


# %% mean_of_the_sentences | fails: test_loss_is_the_mean_over_words | hint: The mean of the sentences' means gives the words of short sentences more weight.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    valid = (targets != pad_id).to(logits.dtype)
    each = (_losses(logits, targets, label_smoothing) * valid).sum(1) / valid.sum(1).clamp(min=1)
    return each.sum() / (valid.sum(1) > 0).sum().clamp(min=1)


# %% sum_over_the_words | fails: test_loss_is_the_mean_over_words | hint: The loss is the mean over the words, not their sum.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    return (_losses(logits, targets, label_smoothing) * (targets != pad_id)).sum()


# %% mean_over_the_batch | fails: test_loss_is_the_mean_over_words | hint: The sum is divided by the number of sentences; divide by the number of words.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    return (_losses(logits, targets, label_smoothing) * (targets != pad_id)).sum() / len(logits)


# %% pads_by_the_logits | fails: test_loss_is_the_mean_over_words | hint: What is padding stands in the targets; what the model believes to be padding does not count.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    valid = logits.argmax(-1) != pad_id
    return (_losses(logits, targets, label_smoothing) * valid).sum() / valid.sum().clamp(min=1)


# %% pad_is_always_zero | fails: test_loss_is_the_mean_over_words | hint: pad_id is an argument; it is not always 0.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    return _right["masked_cross_entropy"](logits, targets, 0, label_smoothing)


# %% padding_counted | fails: test_loss_is_the_mean_over_words, test_loss_gradient_and_no_words_at_all | hint: Padding is part of the loss here.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    return _losses(logits, targets, label_smoothing).mean()


# %% smoothing_over_the_others | fails: test_smoothed_loss | hint: eps is spread over all V words, the true one included; here over the V - 1 others.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    V = logits.shape[-1]
    return _right["masked_cross_entropy"](logits, targets, pad_id, label_smoothing * V / (V - 1))


# %% smoothing_added | fails: test_smoothed_loss | hint: The true word keeps 1 - eps; here it keeps 1, and the targets sum to more than 1.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    valid = targets != pad_id
    losses = _losses(logits, targets) - label_smoothing * logits.log_softmax(-1).mean(-1)
    return torch.where(valid, losses, 0.0).sum() / valid.sum().clamp(min=1)


# %% smoothing_with_the_sign_of_an_entropy | fails: test_smoothed_loss | hint: The smoothing term has the wrong sign: it rewards certainty.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    valid, log_p = targets != pad_id, logits.log_softmax(-1)
    losses = (1 - label_smoothing) * _losses(logits, targets) + label_smoothing * log_p.mean(-1)
    return torch.where(valid, losses, 0.0).sum() / valid.sum().clamp(min=1)


# %% smoothing_not_divided | fails: test_smoothed_loss | hint: Each of the V words gets eps / V, not eps.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    valid, log_p = targets != pad_id, logits.log_softmax(-1)
    losses = (1 - label_smoothing) * _losses(logits, targets) - label_smoothing * log_p.sum(-1)
    return torch.where(valid, losses, 0.0).sum() / valid.sum().clamp(min=1)


# %% smoothing_ignored | fails: test_smoothed_loss | hint: label_smoothing is ignored.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    return _right["masked_cross_entropy"](logits, targets, pad_id)


# %% nan_without_words | fails: test_loss_gradient_and_no_words_at_all | hint: The mean over no words is 0/0; it should be 0.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    return _losses(logits, targets, label_smoothing)[targets != pad_id].mean()


# %% no_graph_without_words | fails: test_loss_gradient_and_no_words_at_all | hint: A fresh tensor 0.0 has no graph, so backward() raises an error for a batch of padding.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    if (targets == pad_id).all():
        return torch.tensor(0.0, dtype=logits.dtype, device=logits.device)
    return _right["masked_cross_entropy"](logits, targets, pad_id, label_smoothing)


# %% epsilon_in_the_denominator | fails: test_loss_is_the_mean_over_words | hint: A small number in the denominator changes every loss; only an empty batch needs care.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    valid = targets != pad_id
    return (_losses(logits, targets, label_smoothing) * valid).sum() / (valid.sum() + 1e-6)


# %% logarithm_of_the_softmax | fails: test_loss_of_large_logits | hint: The softmax of a word far behind is 0, and its logarithm -inf; log_softmax knows better.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    log_p, valid = logits.softmax(-1).log(), targets != pad_id
    losses = -(1 - label_smoothing) * log_p.gather(-1, targets[..., None])[..., 0]
    if label_smoothing:
        losses = losses - label_smoothing * log_p.mean(-1)
    return torch.where(valid, losses, 0.0).sum() / valid.sum().clamp(min=1)


# %% epsilon_in_the_logarithm | fails: test_loss_of_large_logits | hint: log(p + 1e-9) never goes below -21: a grave mistake should cost what it costs.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    log_p, valid = (logits.softmax(-1) + 1e-9).log(), targets != pad_id
    losses = -(1 - label_smoothing) * log_p.gather(-1, targets[..., None])[..., 0] - label_smoothing * log_p.mean(-1)
    return torch.where(valid, losses, 0.0).sum() / valid.sum().clamp(min=1)


# %% always_float64 | fails: test_losses_and_sentences_follow_the_table_and_nothing_is_changed | hint: The loss has the dtype of the logits.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    return _right["masked_cross_entropy"](logits.double(), targets, pad_id, label_smoothing)


# %% targets_overwritten | fails: test_losses_and_sentences_follow_the_table_and_nothing_is_changed | hint: The padding of the caller's targets is overwritten.
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    loss = _right["masked_cross_entropy"](logits, targets, pad_id, label_smoothing)
    targets[targets == pad_id] = 0
    return loss


# %% perplexity_with_base_two | fails: test_perplexity_of_a_total | hint: The loss is in nats: the base is e, not 2.
def perplexity(total_nll, n_tokens):
    return 2 ** (total_nll / n_tokens)


# %% exponential_of_the_total | fails: test_perplexity_of_a_total | hint: The mean is taken first, then the exponential.
def perplexity(total_nll, n_tokens):
    return float(np.exp(min(total_nll, 700.0)) / n_tokens)


# %% perplexity_without_exponential | fails: test_perplexity_of_a_total | hint: This is the mean loss; perplexity is its exponential.
def perplexity(total_nll, n_tokens):
    return total_nll / n_tokens


# %% finished_extended | fails: test_beam_search_finds_what_its_width_allows | hint: A sentence that has ended goes on here; eos is final.
def beam_search(*args, **kwargs):
    return _search(*args, **kwargs, extend_finished=True)


# %% finished_dropped | fails: test_beam_search_finds_what_its_width_allows, test_beams_of_one_and_of_all | hint: Sentences that have ended are forgotten; they may win.
def beam_search(*args, **kwargs):
    return _search(*args, **kwargs, drop_finished=True)


# %% unfinished_dropped | fails: test_beam_search_finds_what_its_width_allows | hint: What is still alive after max_len tokens takes part in the final comparison.
def beam_search(*args, **kwargs):
    return _search(*args, **kwargs, drop_alive=True)


# %% finished_take_places | fails: test_beam_search_finds_what_its_width_allows | hint: Every round keeps `beam` continuations; sentences set aside take no place.
def beam_search(*args, **kwargs):
    return _search(*args, **kwargs, shrink=True)


# %% best_word_of_each | fails: test_beam_search_finds_what_its_width_allows | hint: Each beginning gets one continuation; the best two may come from one of them.
def beam_search(*args, **kwargs):
    return _search(*args, **kwargs, best_only=True)


# %% copies_of_the_start | fails: test_beam_search_finds_what_its_width_allows | hint: All places of the beam start as copies of one beginning and stay copies.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    return _search(step, bos, eos, beam, max_len, alpha, copies=beam)


# %% stops_at_the_first_end | fails: test_beam_search_finds_what_its_width_allows | hint: The first sentence that ends need not be the best; the others go on.
def beam_search(*args, **kwargs):
    return _search(*args, **kwargs, first=True)


# %% one_token_too_few | fails: test_beam_search_finds_what_its_width_allows | hint: max_len counts the tokens after bos; here bos is one of them.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    return _search(step, bos, eos, beam, max(1, max_len - 1), alpha)


# %% one_token_too_many | fails: test_beam_search_finds_what_its_width_allows | hint: max_len counts the tokens after bos; here one more is written.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    return _search(step, bos, eos, beam, max_len + 1, alpha)


# %% least_probable_kept | fails: test_beam_search_finds_what_its_width_allows | hint: The sort is ascending: the least probable continuations are kept.
def beam_search(*args, **kwargs):
    return _search(*args, **kwargs, lowest=True)


# %% one_beam | fails: test_beam_search_finds_what_its_width_allows | hint: This is greedy search, whatever the width is.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    return _search(step, bos, eos, 1, max_len, alpha)


# %% start_not_returned | fails: test_beam_search_finds_what_its_width_allows | hint: The tokens that are returned begin with bos.
def beam_search(*args, **kwargs):
    tokens, score = _search(*args, **kwargs)
    return tokens[1:], score


# %% end_not_returned | fails: test_beam_search_finds_what_its_width_allows | hint: A finished sentence ends with eos.
def beam_search(step, bos, eos, *args, **kwargs):
    tokens, score = _search(step, bos, eos, *args, **kwargs)
    return [token for token in tokens if token != eos], score


# %% length_counts_the_start | fails: test_beam_search_weighs_length | hint: The length counts the tokens after bos.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    return _search(step, bos, eos, beam, max_len, alpha, score=lambda total, tokens: total / len(tokens) ** alpha)


# %% length_without_the_end | fails: test_beam_search_weighs_length | hint: eos counts as a token of the length.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    def score(total, tokens):
        return total / max(1, len(tokens) - 1 - (tokens[-1] == eos)) ** alpha

    return _search(step, bos, eos, beam, max_len, alpha, score=score)


# %% alpha_ignored | fails: test_beam_search_weighs_length | hint: The score is divided by len^alpha.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    return _search(step, bos, eos, beam, max_len)


# %% alpha_ignored_for_finished | fails: test_beam_search_weighs_length | hint: Finished sentences are divided by their length too; otherwise they cannot be compared with the others.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    def score(total, tokens):
        return total if tokens[-1] == eos else total / (len(tokens) - 1) ** alpha

    return _search(step, bos, eos, beam, max_len, alpha, score=score)


# %% divided_twice | fails: test_beam_search_weighs_length | hint: The log-probability is divided by len^alpha once, at the end.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    return _search(
        step, bos, eos, beam, max_len, alpha, score=lambda total, tokens: total / (len(tokens) - 1) ** (2 * alpha)
    )


# %% multiplied_by_the_length | fails: test_beam_search_weighs_length | hint: Divide by len^alpha: multiplied, long sentences are punished twice.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    return _search(step, bos, eos, beam, max_len, alpha, score=lambda total, tokens: total * (len(tokens) - 1) ** alpha)


# %% end_is_always_one | fails: test_beam_search_finds_what_its_width_allows | hint: eos is an argument; it need not be token 1.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    return _right["beam_search"](step, bos, 1, beam, max_len, alpha)


# %% impossible_kept | fails: test_beam_search_finds_what_its_width_allows | hint: A continuation with log-probability -inf takes a place and is extended: it is impossible, and no continuation.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    return _search(step, bos, eos, beam, max_len, alpha, impossible=True)


# %% perplexity_clipped | fails: test_perplexity_of_a_total | hint: The exponent is cut off at 100: e^700 is still a number.
def perplexity(total_nll, n_tokens):
    return math.exp(min(total_nll / n_tokens, 100))


# %% bos_never_again | fails: test_beam_search_weighs_length | hint: A continuation with bos is struck out: all continuations take part, step says how probable they are.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    def without(prefixes):
        log_p = step(prefixes).clone()
        log_p[:, bos] = -math.inf
        return log_p

    return _right["beam_search"](without, bos, eos, beam, max_len, alpha)


# %% bos_never_counted | fails: test_beam_search_weighs_length | hint: The length counts all tokens behind the first one, also one that happens to be bos.
def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    count = lambda tokens: sum(token != bos for token in tokens)  # noqa: E731
    return _search(step, bos, eos, beam, max_len, alpha, score=lambda total, tokens: total / count(tokens) ** alpha)
