"""Wrong solutions of question 12: the pieces of BERT. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _hide(ids, special_ids, mask_id, vocab_size, p, generator, shares=(0.8, 0.1), words=None, select=None, fate=None):
    """A right mlm_mask with shares (masked, random), words to draw, selection and fates that the mutants replace."""

    def uniform(shape=ids.shape):
        return torch.rand(shape, generator=generator).to(ids.device)

    special = torch.tensor(sorted(special_ids), dtype=ids.dtype, device=ids.device)
    if words is None:
        words = [t for t in range(vocab_size) if t not in special_ids | {mask_id}]
    words = torch.tensor(words, device=ids.device)
    selected = (uniform() < p) & ~torch.isin(ids, special) if select is None else select(uniform, special)
    fate = uniform() if fate is None else fate(uniform)
    drawn = words[(uniform() * len(words)).long()]
    inputs = torch.where(selected & (fate < shares[0]), mask_id, ids)
    inputs = torch.where(selected & (fate >= shares[0]) & (fate < shares[0] + shares[1]), drawn, inputs)
    return inputs, ids.masked_fill(~selected, -100)


def _pairs(docs, generator, stranger=None, label=lambda follows: int(follows), chance=0.5, order=lambda a, b: (a, b)):
    """A right nsp_pairs; stranger(i, draw) makes a sentence that does not follow."""

    def draw(n):
        return int(torch.randint(n, (), generator=generator))

    def other_document(i, draw):
        doc = docs[(i + 1 + draw(len(docs) - 1)) % len(docs)]
        return doc[draw(len(doc))]

    pairs = []
    for i, doc in enumerate(docs):
        for k in range(len(doc) - 1):
            follows = float(torch.rand((), generator=generator)) < chance
            b = doc[k + 1] if follows else (stranger or other_document)(i, draw)
            pairs.append((*order(doc[k], b), label(follows)))
    return pairs


def _pack(a, b, cls, sep, pad, max_len, cut=None, **changes):
    """A right pack_pair; cut(a, b, room) shortens the pair, changes are functions of (n, m, max_len, right value)."""
    a, b = list(a), list(b)
    if cut:
        a, b = cut(a, b, max_len - 3)
    answer = _right["pack_pair"](a, b, cls, sep, pad, max_len)
    for name, change in changes.items():
        answer[name] = change(len(a), len(b), answer[name])
    return answer


# %% always_the_mask | fails: test_shares_of_masked_random_and_kept_tokens | hint: All selected tokens are masked; 10 % should be random words and 10 % stay.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, (1.0, 0.0))


# %% none_kept | fails: test_shares_of_masked_random_and_kept_tokens | hint: 80 % masked and 20 % random; half of the 20 % should stay as they are.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, (0.8, 0.2))


# %% none_random | fails: test_shares_of_masked_random_and_kept_tokens | hint: 80 % masked and 20 % kept; half of the 20 % should be random words.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, (0.8, 0.0))


# %% half_of_what_remains_missed | fails: test_shares_of_masked_random_and_kept_tokens | hint: A second coin of 0.1 for what was not masked draws only 2 % of the tokens at random: of the remaining fifth it must be a half.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, (0.8, 0.02))


# %% shares_swapped | fails: test_shares_of_masked_random_and_kept_tokens | hint: 80 % are masked and 10 % are random, not the other way round.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, (0.1, 0.8))


# %% special_tokens_drawn | fails: test_special_tokens_and_extreme_chances | hint: Random words come from the whole vocabulary, special tokens among them.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, words=list(range(vocab_size)))


# %% mask_drawn | fails: test_special_tokens_and_extreme_chances | hint: mask_id is no random word, even if it is not among the special tokens.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    words = [t for t in range(vocab_size) if t not in special_ids]
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, words=words)


# %% last_word_never_drawn | fails: test_special_tokens_and_extreme_chances | hint: The last token of the vocabulary is never drawn: an upper end that is exclusive.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    words = [t for t in range(vocab_size) if t not in special_ids | {mask_id}]
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, words=words[:-1])


# %% specials_are_the_first | fails: test_special_tokens_and_extreme_chances | hint: The special tokens need not be the first of the vocabulary.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    words = list(range(len(special_ids | {mask_id}), vocab_size))
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, words=words)


# %% one_random_word_for_all | fails: test_shares_of_masked_random_and_kept_tokens | hint: One random word is drawn and used everywhere; each place needs its own.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    words = [t for t in range(vocab_size) if t not in special_ids | {mask_id}]
    word = words[int(torch.randint(len(words), (), generator=generator))]
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, words=[word])


# %% labels_everywhere | fails: test_shares_of_masked_random_and_kept_tokens, test_special_tokens_and_extreme_chances | hint: Labels stand only where a token was selected, and -100 elsewhere.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, p, generator)[0], ids.clone()


# %% labels_only_where_masked | fails: test_shares_of_masked_random_and_kept_tokens | hint: Random and kept tokens are asked for as well: they have a label too.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    inputs, labels = _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, p, generator)
    return inputs, labels.masked_fill(inputs != mask_id, -100)


# %% labels_only_where_changed | fails: test_shares_of_masked_random_and_kept_tokens | hint: A selected token that stays has a label too.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    inputs, labels = _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, p, generator)
    return inputs, labels.masked_fill(inputs == ids, -100)


# %% labels_from_the_inputs | fails: test_shares_of_masked_random_and_kept_tokens | hint: The label is the original token, not the one that stands there now.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    inputs, labels = _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, p, generator)
    return inputs, inputs.masked_fill(labels == -100, -100)


# %% labels_minus_one | fails: test_shares_of_masked_random_and_kept_tokens | hint: What is not asked for has the label -100, not -1.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    inputs, labels = _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, p, generator)
    return inputs, labels.masked_fill(labels == -100, -1)


# %% special_tokens_selected | fails: test_special_tokens_and_extreme_chances | hint: Special tokens (frame and padding) are never selected.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, select=lambda uniform, special: uniform() < p)


# %% chance_of_a_row | fails: test_tokens_are_selected_independently | hint: A row is selected as a whole; every token has a draw of its own.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    def select(uniform, special):
        return (uniform((len(ids), 1)) < p) & ~torch.isin(ids, special)

    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, select=select)


# %% same_places_in_every_row | fails: test_tokens_are_selected_independently | hint: The same places are selected in every row.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    def select(uniform, special):
        return (uniform((1, ids.shape[1])) < p) & ~torch.isin(ids, special)

    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, select=select)


# %% fixed_number_in_a_row | fails: test_tokens_are_selected_independently | hint: Exactly p T tokens are selected in each row; each token should be selected by chance, independently.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    def select(uniform, special):
        eligible = ~torch.isin(ids, special)
        rank = (uniform() + 2.0 * ~eligible).argsort(dim=1).argsort(dim=1)
        return eligible & (rank < (p * eligible.sum(1, keepdim=True)).round())

    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, select=select)


# %% spans_selected | fails: test_tokens_are_selected_independently | hint: Neighbouring tokens are selected together; BERT draws each for itself.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    def select(uniform, special):
        return (uniform().repeat_interleave(2, dim=1)[:, : ids.shape[1]] < p) & ~torch.isin(ids, special)

    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, select=select)


# %% fate_from_the_selecting_number | fails: test_shares_of_masked_random_and_kept_tokens | hint: The number that selected a token is below p already: it cannot decide its fate as if it were uniform. Draw another.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    numbers = torch.rand(ids.shape, generator=generator).to(ids.device)

    def select(uniform, special):
        return (numbers < p) & ~torch.isin(ids, special)

    return _hide(ids, special_ids, mask_id, vocab_size, p, generator, select=select, fate=lambda uniform: numbers)


# %% p_is_fifteen_percent | fails: test_shares_of_masked_random_and_kept_tokens | hint: p is an argument, not always 0.15.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, 0.15, generator)


# %% ids_changed | fails: test_masking_pairs_and_layout_follow_the_table_and_arguments_stay | hint: The masks are written into the caller's ids.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    inputs, labels = _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, p, generator)
    ids.copy_(inputs)
    return ids, labels


# %% set_changed | fails: test_masking_pairs_and_layout_follow_the_table_and_arguments_stay | hint: mask_id is added to the caller's set of special tokens.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    answer = _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, p, generator)
    special_ids.add(mask_id)
    special_ids.add(-1)
    return answer


# %% global_generator | fails: test_masking_pairs_and_layout_follow_the_table_and_arguments_stay, test_only_the_generator_decides_masks_and_pairs | hint: The draws come from the global generator: nobody can repeat them.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, p, torch.default_generator)


# %% seed_of_its_own | fails: test_only_the_generator_decides_masks_and_pairs | hint: A generator of its own with a fixed seed gives the same masks in every epoch.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, p, torch.Generator().manual_seed(0))


# %% labels_inverted | fails: test_sentence_pairs | hint: Label 1 means that b follows a.
def nsp_pairs(docs, generator):
    return _pairs(docs, generator, label=lambda follows: int(not follows))


# %% stranger_from_anywhere | fails: test_sentence_pairs | hint: The random sentence must come from another document; from all of them it is sometimes the true successor.
def nsp_pairs(docs, generator):
    def stranger(i, draw):
        doc = docs[draw(len(docs))]
        return doc[draw(len(doc))]

    return _pairs(docs, generator, stranger)


# %% stranger_from_the_same_document | fails: test_sentence_pairs | hint: The random sentence comes from the same document.
def nsp_pairs(docs, generator):
    return _pairs(docs, generator, lambda i, draw: docs[i][draw(len(docs[i]))])


# %% always_the_next_document | fails: test_sentence_pairs | hint: The sentence that does not follow is always the first of the next document: it can be learnt by heart.
def nsp_pairs(docs, generator):
    return _pairs(docs, generator, lambda i, draw: docs[(i + 1) % len(docs)][0], chance=0.5)


# %% any_sentence_of_the_next_document | fails: test_sentence_pairs | hint: The other document is always the next one: draw it from all others.
def nsp_pairs(docs, generator):
    def stranger(i, draw):
        other = docs[(i + 1) % len(docs)]
        return other[draw(len(other))]

    return _pairs(docs, generator, stranger)


# %% only_successors | fails: test_sentence_pairs | hint: All pairs are true successors: there is nothing to tell apart.
def nsp_pairs(docs, generator):
    return _pairs(docs, generator, chance=1.0)


# %% mostly_strangers | fails: test_sentence_pairs | hint: Half of the pairs are true successors, not 15 %.
def nsp_pairs(docs, generator):
    return _pairs(docs, generator, chance=0.15)


# %% alternating_labels | fails: test_only_the_generator_decides_masks_and_pairs | hint: The labels do not depend on the generator: they can be read from the place of a pair.
def nsp_pairs(docs, generator):
    pairs, n = [], 0
    for i, doc in enumerate(docs):
        for a, b in zip(doc[:-1], doc[1:], strict=True):
            other = docs[(i + 1 + (7 * n) % (len(docs) - 1)) % len(docs)]
            pairs.append((a, b, 1) if n % 2 else (a, other[n % len(other)], 0))
            n += 1
    return pairs


# %% order_swapped | fails: test_sentence_pairs | hint: b follows a, not a follows b.
def nsp_pairs(docs, generator):
    return _pairs(docs, generator, order=lambda a, b: (b, a))


# %% last_sentence_begins_a_pair | fails: test_sentence_pairs | hint: The last sentence of a document has no successor and begins no pair.
def nsp_pairs(docs, generator):
    pairs = _right["nsp_pairs"](docs, generator)
    return [*pairs, (docs[-1][-1], docs[0][0], 0)]


# %% across_documents | fails: test_sentence_pairs | hint: The first sentence of the next document does not follow the last one of this document.
def nsp_pairs(docs, generator):
    sentences = [sentence for doc in docs for sentence in doc]
    pairs = _pairs([sentences, sentences], generator)
    return pairs[: len(sentences) - 1]


# %% pairs_from_the_global_generator | fails: test_masking_pairs_and_layout_follow_the_table_and_arguments_stay, test_only_the_generator_decides_masks_and_pairs | hint: The draws come from the global generator: nobody can repeat them.
def nsp_pairs(docs, generator):
    return _right["nsp_pairs"](docs, torch.default_generator)


# %% mean_over_all_places | fails: test_loss_is_the_mean_over_selected_tokens, test_gradient_of_the_masked_loss | hint: Divide by the number of selected tokens, not by all B T places.
def mlm_loss(logits, labels):
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100, reduction="sum")
    return total / labels.numel()


# %% sum_of_losses | fails: test_loss_is_the_mean_over_selected_tokens, test_gradient_of_the_masked_loss | hint: The loss is a mean, this is the sum.
def mlm_loss(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")


# %% mean_of_rows | fails: test_loss_is_the_mean_over_selected_tokens | hint: The mean of the rows' means gives a token in a row with few labels more weight.
def mlm_loss(logits, labels):
    rows = [
        _right["mlm_loss"](logits[b : b + 1], labels[b : b + 1])
        for b in range(len(labels))
        if (labels[b] != -100).any()
    ]
    return torch.stack(rows).mean() if rows else 0 * logits.sum()


# %% zero_over_zero | fails: test_pairs_that_are_too_long_and_losses_without_labels | hint: Without a label the mean is 0/0: nan spoils the whole training.
def mlm_loss(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


# %% no_graph_without_labels | fails: test_pairs_that_are_too_long_and_losses_without_labels | hint: Without labels the loss is 0, but backward() must still work.
def mlm_loss(logits, labels):
    if (labels == -100).all():
        return torch.zeros((), dtype=logits.dtype)
    return _right["mlm_loss"](logits, labels)


# %% class_zero_for_what_is_ignored | fails: test_loss_is_the_mean_over_selected_tokens, test_gradient_of_the_masked_loss | hint: -100 is no class: places without a label are left out, not asked for token 0.
def mlm_loss(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten().clamp(min=0))


# %% wrong_axis | fails: test_loss_is_the_mean_over_selected_tokens | hint: F.cross_entropy wants the classes in axis 1; a reshape is no transpose.
def mlm_loss(logits, labels):
    B, T, V = logits.shape
    return _right["mlm_loss"](logits.reshape(B, V, T).transpose(1, 2), labels)


# %% softmax_twice | fails: test_loss_is_the_mean_over_selected_tokens | hint: cross_entropy takes logits; here it gets probabilities.
def mlm_loss(logits, labels):
    return _right["mlm_loss"](logits.softmax(-1), labels)


# %% log_of_the_softmax | fails: test_pairs_that_are_too_long_and_losses_without_labels | hint: exp of the raw logits overflows: use log_softmax.
def mlm_loss(logits, labels):
    E = torch.exp(logits)
    picked = torch.log(E / E.sum(-1, keepdim=True)).gather(2, labels.clamp_min(0)[..., None])[..., 0]
    return -picked.masked_fill(labels == -100, 0.0).sum() / (labels != -100).sum().clamp(min=1)


# %% loss_detached | fails: test_gradient_of_the_masked_loss | hint: The loss has no graph: nothing can be learnt from it.
def mlm_loss(logits, labels):
    return _right["mlm_loss"](logits, labels).detach() + 0 * logits.sum()


# %% one_segment | fails: test_layout_of_a_pair | hint: The second sentence and its sep are segment 1.
def pack_pair(a, b, cls, sep, pad, max_len):
    return _pack(a, b, cls, sep, pad, max_len, segments=lambda n, m, right: 0 * right)


# %% cls_in_segment_one | fails: test_layout_of_a_pair | hint: cls belongs to segment 0.
def pack_pair(a, b, cls, sep, pad, max_len):
    answer = _right["pack_pair"](a, b, cls, sep, pad, max_len)
    answer["segments"][0] = 1
    return answer


# %% first_sep_in_segment_one | fails: test_layout_of_a_pair | hint: The sep behind a belongs to a: segment 0.
def pack_pair(a, b, cls, sep, pad, max_len):
    answer = _right["pack_pair"](a, b, cls, sep, pad, max_len)
    answer["segments"][(answer["ids"] == sep).nonzero()[0, 0]] = 1
    return answer


# %% padding_in_segment_one | fails: test_layout_of_a_pair | hint: Padding is segment 0.
def pack_pair(a, b, cls, sep, pad, max_len):
    answer = _right["pack_pair"](a, b, cls, sep, pad, max_len)
    answer["segments"][~answer["mask"]] = 1
    return answer


# %% mask_inverted | fails: test_layout_of_a_pair | hint: The mask is True for tokens and False for padding.
def pack_pair(a, b, cls, sep, pad, max_len):
    return _pack(a, b, cls, sep, pad, max_len, mask=lambda n, m, right: ~right)


# %% mask_by_token | fails: test_layout_of_a_pair | hint: The padding is always 0 here; pad is an argument.
def pack_pair(a, b, cls, sep, pad, max_len):
    return _right["pack_pair"](a, b, cls, sep, 0, max_len)


# %% mask_of_integers | fails: test_masking_pairs_and_layout_follow_the_table_and_arguments_stay | hint: A mask is bool.
def pack_pair(a, b, cls, sep, pad, max_len):
    return _pack(a, b, cls, sep, pad, max_len, mask=lambda n, m, right: right.long())


# %% one_sep | fails: test_layout_of_a_pair | hint: Each sentence ends with its own sep.
def pack_pair(a, b, cls, sep, pad, max_len):
    answer = _right["pack_pair"](a, b, cls, sep, pad, max_len)
    last = int(answer["mask"].sum()) - 1
    answer["ids"][last], answer["mask"][last], answer["segments"][last] = pad, False, 0
    return answer


# %% not_padded | fails: test_masking_pairs_and_layout_follow_the_table_and_arguments_stay, test_layout_of_a_pair | hint: All three have max_len entries: pad what is shorter.
def pack_pair(a, b, cls, sep, pad, max_len):
    answer = _right["pack_pair"](a, b, cls, sep, pad, max_len)
    return {name: value[answer["mask"]] for name, value in answer.items()}


# %% cut_at_the_end | fails: test_pairs_that_are_too_long_and_losses_without_labels | hint: Cutting the whole row at max_len takes the last sep away, and b alone pays.
def pack_pair(a, b, cls, sep, pad, max_len):
    answer = _right["pack_pair"](a, b, cls, sep, pad, max(max_len, len(a) + len(b) + 3))
    return {name: value[:max_len] for name, value in answer.items()}


# %% only_b_is_cut | fails: test_pairs_that_are_too_long_and_losses_without_labels | hint: The longer sentence loses tokens, not always b.
def pack_pair(a, b, cls, sep, pad, max_len):
    def cut(a, b, room):
        a = a[:room]
        return a, b[: room - len(a)]

    return _pack(a, b, cls, sep, pad, max_len, cut)


# %% only_a_is_cut | fails: test_pairs_that_are_too_long_and_losses_without_labels | hint: The longer sentence loses tokens, not always a.
def pack_pair(a, b, cls, sep, pad, max_len):
    def cut(a, b, room):
        b = b[:room]
        return a[: room - len(b)], b

    return _pack(a, b, cls, sep, pad, max_len, cut)


# %% a_loses_at_equal_lengths | fails: test_pairs_that_are_too_long_and_losses_without_labels | hint: At equal lengths it is b that loses a token.
def pack_pair(a, b, cls, sep, pad, max_len):
    def cut(a, b, room):
        while len(a) + len(b) > room:
            (a if len(a) >= len(b) else b).pop()
        return a, b

    return _pack(a, b, cls, sep, pad, max_len, cut)


# %% first_tokens_lost | fails: test_pairs_that_are_too_long_and_losses_without_labels | hint: The longer sentence loses its last tokens, not its first.
def pack_pair(a, b, cls, sep, pad, max_len):
    def cut(a, b, room):
        while len(a) + len(b) > room:
            (a if len(a) > len(b) else b).pop(0)
        return a, b

    return _pack(a, b, cls, sep, pad, max_len, cut)


# %% cut_in_half | fails: test_pairs_that_are_too_long_and_losses_without_labels | hint: Half of the room for each wastes what a short sentence leaves over.
def pack_pair(a, b, cls, sep, pad, max_len):
    def cut(a, b, room):
        return (a, b) if len(a) + len(b) <= room else (a[: (room + 1) // 2], b[: room // 2])

    return _pack(a, b, cls, sep, pad, max_len, cut)


# %% sentence_shortened_in_place | fails: test_pairs_that_are_too_long_and_losses_without_labels | hint: pop() on the caller's list changes the text itself.
def pack_pair(a, b, cls, sep, pad, max_len):
    while len(a) + len(b) > max_len - 3:
        (a if len(a) > len(b) else b).pop()
    return _right["pack_pair"](a, b, cls, sep, pad, max_len)


# %% exactly_the_share_selected | fails: test_tokens_are_selected_independently | hint: Always the same number of tokens is selected in all: then they are not independent. Draw for each of them.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    special = torch.zeros_like(ids, dtype=torch.bool)
    for token in special_ids:
        special |= ids == token
    draw = torch.rand(ids.shape, generator=generator, device=generator.device).to(ids.device).masked_fill(special, 2.0)
    chosen = draw.flatten().argsort().argsort().view(ids.shape) < round(p * int((~special).sum()))
    inputs, labels = _right["mlm_mask"](ids, special_ids, mask_id, vocab_size, 1.0, generator)
    return torch.where(chosen, inputs, ids), labels.masked_fill(~chosen, -100)


# %% labels_in_turn | fails: test_sentence_pairs | hint: The labels take turns; each pair has a coin of its own.
def nsp_pairs(docs, generator):
    def number(n):
        return int(torch.randint(n, (), generator=generator, device=generator.device))

    pairs, label = [], number(2)
    for i, doc in enumerate(docs):
        others = [sentence for j, other in enumerate(docs) if j != i for sentence in other]
        for a, b in zip(doc, doc[1:], strict=False):
            label = 1 - label
            pairs.append((list(a), list(b if label else others[number(len(others))]), label))
    return pairs


# %% never_a_first_sentence | fails: test_sentence_pairs | hint: The other sentence is drawn from those that follow another: the first of a document is a sentence like the rest.
def nsp_pairs(docs, generator):
    pairs = []
    for i, doc in enumerate(docs):
        others = [sentence for j, other in enumerate(docs) if j != i for sentence in other[1:]]
        for a, b in zip(doc, doc[1:], strict=False):
            if torch.rand((), generator=generator) < 0.5:
                pairs.append((a, b, 1))
            else:
                pairs.append((a, others[int(torch.randint(len(others), (), generator=generator))], 0))
    return pairs


# %% the_last_document_is_skipped | fails: test_sentence_pairs | hint: The other document is drawn from all but the last one, so that some never meet.
def nsp_pairs(docs, generator):
    def stranger(i, draw):
        other = draw(len(docs) - 1)
        doc = docs[other + (other == i)]
        return doc[draw(len(doc))]

    return _pairs(docs, generator, stranger)


# %% old_masks_are_special | fails: test_special_tokens_and_extreme_chances | hint: A token that is mask_id already is selected like any other, unless mask_id is in special_ids.
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    return _hide(ids, special_ids | {mask_id}, mask_id, vocab_size, p, generator)
