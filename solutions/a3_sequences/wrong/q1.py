"""Wrong solutions of question 1: words, pairs and their losses. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _counts(tokens):
    counts = {}
    for token in tokens:
        counts[token] = counts.get(token, 0) + 1
    return counts


# %% ties_by_first_occurrence | fails: test_vocabulary_is_ordered_by_frequency_then_alphabet | hint: Words that are equally frequent stand in the order of the text; they should be sorted.
def build_vocab(tokens, min_freq, specials):
    counts = _counts(tokens)
    words = [word for word in counts if counts[word] >= min_freq and word not in specials]
    return {word: i for i, word in enumerate([*specials, *sorted(words, key=lambda word: -counts[word])])}


# %% ties_backwards | fails: test_vocabulary_is_ordered_by_frequency_then_alphabet | hint: sorted(..., reverse=True) turns the alphabet around as well as the frequencies.
def build_vocab(tokens, min_freq, specials):
    counts = _counts(tokens)
    words = [word for word in counts if counts[word] >= min_freq and word not in specials]
    words = sorted(words, key=lambda word: (counts[word], word), reverse=True)
    return {word: i for i, word in enumerate([*specials, *words])}


# %% specials_counted_twice | fails: test_vocabulary_is_ordered_by_frequency_then_alphabet | hint: A special that occurs in the text gets a second id, and its first one is lost.
def build_vocab(tokens, min_freq, specials):
    counts = _counts(tokens)
    words = sorted((word for word in counts if counts[word] >= min_freq), key=lambda word: (-counts[word], word))
    return {word: i for i, word in enumerate([*specials, *words])}


# %% a_gap_for_specials_in_the_text | fails: test_vocabulary_is_ordered_by_frequency_then_alphabet | hint: A special that occurs in the text uses up a second number, so an id is missing.
def build_vocab(tokens, min_freq, specials):
    counts = _counts(tokens)
    words = sorted((word for word in counts if counts[word] >= min_freq), key=lambda word: (-counts[word], word))
    vocab = {}
    for i, word in enumerate([*specials, *words]):
        vocab.setdefault(word, i)
    return vocab


# %% more_than_min_freq | fails: test_vocabulary_is_ordered_by_frequency_then_alphabet | hint: A word that occurs exactly min_freq times belongs to the vocabulary.
def build_vocab(tokens, min_freq, specials):
    return _right["build_vocab"](tokens, min_freq + 1, specials)


# %% specials_last | fails: test_vocabulary_is_ordered_by_frequency_then_alphabet | hint: Specials come first: the id of padding should not depend on the text.
def build_vocab(tokens, min_freq, specials):
    words = [word for word in _right["build_vocab"](tokens, min_freq, specials) if word not in specials]
    return {word: i for i, word in enumerate([*words, *specials])}


# %% unknown_words_crash | fails: test_encode_and_decode_read_the_dict | hint: A word that the vocabulary lacks gets the id of unk.
def encode(tokens, vocab, unk="<unk>"):
    return [vocab[token] for token in tokens]


# %% unk_ignored | fails: test_encode_and_decode_read_the_dict | hint: The name of the unknown word is the argument unk, not always <unk>.
def encode(tokens, vocab, unk="<unk>"):
    return _right["encode"](tokens, vocab)


# %% id_zero_is_unknown | fails: test_encode_and_decode_read_the_dict | hint: `vocab.get(word) or vocab[unk]` takes the id 0 for a missing word.
def encode(tokens, vocab, unk="<unk>"):
    return [vocab.get(token) or vocab[unk] for token in tokens]


# %% unknown_words_dropped | fails: test_encode_and_decode_read_the_dict | hint: Unknown words are dropped; the text gets shorter.
def encode(tokens, vocab, unk="<unk>"):
    return [vocab[token] for token in tokens if token in vocab]


# %% specials_not_decoded | fails: test_encode_and_decode_read_the_dict | hint: decode leaves out the specials; every id has a word.
def decode(ids, vocab):
    return [word for word in _right["decode"](ids, vocab) if not word.startswith("<")]


# %% decoded_by_position | fails: test_encode_and_decode_read_the_dict | hint: The id of a word is the value in the dict, not the position of its key.
def decode(ids, vocab):
    words = [*list(vocab), *["?"] * 100]
    return [words[i] for i in ids]


# %% window_includes_the_centre | fails: test_skipgram_pairs_in_order | hint: A word is not its own context: offset 0 makes no pair.
def skipgram_pairs(ids, window):
    T = len(ids)
    return [(ids[i], ids[j]) for i in range(T) for j in range(max(0, i - window), min(T, i + window + 1))]


# %% equal_words_skipped | fails: test_skipgram_pairs_in_order | hint: Leave out the centre's own position, not every word that is the same as the centre.
def skipgram_pairs(ids, window):
    return [(a, b) for a, b in _right["skipgram_pairs"](ids, window) if a != b]


# %% words_to_the_right_only | fails: test_skipgram_pairs_in_order | hint: The window reaches to both sides of the centre.
def skipgram_pairs(ids, window):
    T = len(ids)
    return [(ids[i], ids[j]) for i in range(T) for j in range(i + 1, min(T, i + window + 1))]


# %% window_wraps_around | fails: test_skipgram_pairs_in_order | hint: A negative index counts from the end: the first word got the last ones as context.
def skipgram_pairs(ids, window):
    T = len(ids)
    offsets = [o for o in range(-window, window + 1) if o]
    return [(ids[i], ids[i + o]) for i in range(T) for o in offsets if -T <= i + o < T]


# %% window_of_the_other_end | fails: test_skipgram_pairs_in_order | hint: range(i - w, i + w) stops one short: the last word of the window is missing.
def skipgram_pairs(ids, window):
    T = len(ids)
    return [(ids[i], ids[j]) for i in range(T) for j in range(i - window, i + window) if j != i and 0 <= j < T]


# %% window_doubled | fails: test_skipgram_pairs_in_order | hint: `window` words on either side, not twice as many.
def skipgram_pairs(ids, window):
    return _right["skipgram_pairs"](ids, 2 * window)


# %% duplicates_dropped | fails: test_skipgram_pairs_in_order | hint: A pair that occurs twice is there twice; that is how often it is trained.
def skipgram_pairs(ids, window):
    return list(dict.fromkeys(_right["skipgram_pairs"](ids, window)))


# %% context_first | fails: test_skipgram_pairs_in_order | hint: A pair is (centre, context), the centre first.
def skipgram_pairs(ids, window):
    return [(b, a) for a, b in _right["skipgram_pairs"](ids, window)]


# %% noise_with_power_one | fails: test_noise_distribution | hint: The counts are raised to the power 0.75; these are the plain frequencies.
def noise_distribution(counts):
    return as_float(counts) / np.sum(counts)


# %% noise_not_normalised | fails: test_noise_distribution | hint: A distribution sums to 1.
def noise_distribution(counts):
    return as_float(counts) ** 0.75


# %% power_of_the_frequencies | fails: test_noise_distribution | hint: Divide after the power, not before it: frequencies to the power 0.75 do not sum to 1.
def noise_distribution(counts):
    return (as_float(counts) / np.sum(counts)) ** 0.75


# %% mean_over_negatives | fails: test_negative_sampling_loss, test_negative_sampling_gradients | hint: The negative samples are summed, not averaged.
def sgns_loss_grad(vc, uo, un):
    vc, uo, un = as_float(vc), as_float(uo), as_float(un)
    B, K = un.shape[:2]
    good, bad = np.einsum("bd,bd->b", uo, vc), np.einsum("bkd,bd->bk", un, vc)
    loss = (np.logaddexp(0, -good).sum() + np.logaddexp(0, bad).sum() / K) / B
    g, n = (sigmoid(good) - 1) / B, sigmoid(bad) / (B * K)
    return float(loss), g[:, None] * uo + np.einsum("bk,bkd->bd", n, un), g[:, None] * vc, n[:, :, None] * vc[:, None]


# %% logarithm_of_the_sigmoid | fails: test_large_products_are_no_problem | hint: sigmoid(-800) is 0 and its logarithm -inf; take the logarithm on paper.
def sgns_loss_grad(vc, uo, un):
    good, bad = np.sum(uo * vc, axis=1), np.sum(un * vc[:, None], axis=2)
    loss = -(np.log(sigmoid(good)).sum() + np.log(sigmoid(-bad)).sum()) / len(vc)
    return float(loss), *_right["sgns_loss_grad"](vc, uo, un)[1:]


# %% epsilon_in_the_logarithm | fails: test_large_products_are_no_problem | hint: log(s + 1e-10) never goes below -23: a bad pair should cost what it costs.
def sgns_loss_grad(vc, uo, un):
    good, bad = np.sum(uo * vc, axis=1), np.sum(un * vc[:, None], axis=2)
    loss = -(np.log(sigmoid(good) + 1e-10).sum() + np.log(sigmoid(-bad) + 1e-10).sum()) / len(vc)
    return float(loss), *_right["sgns_loss_grad"](vc, uo, un)[1:]


# %% exponential_overflows | fails: test_large_products_are_no_problem | hint: log(1 + e^-x) overflows for very negative x.
def sgns_loss_grad(vc, uo, un):
    good, bad = np.sum(uo * vc, axis=1), np.sum(un * vc[:, None], axis=2)
    loss = (np.log(1 + np.exp(-good)).sum() + np.log(1 + np.exp(bad)).sum()) / len(vc)
    return float(loss), *_right["sgns_loss_grad"](vc, uo, un)[1:]


# %% negatives_with_the_sign_of_the_context | fails: test_negative_sampling_loss, test_negative_sampling_gradients | hint: Negative samples should get a small product: the sign inside their sigmoid is minus.
def sgns_loss_grad(vc, uo, un):
    loss, dvc, duo, dun = _right["sgns_loss_grad"](vc, uo, -np.asarray(un))
    return loss, dvc, duo, -dun


# %% gradient_of_the_sum | fails: test_negative_sampling_gradients | hint: The loss is a mean over B pairs, so its gradients have a 1/B.
def sgns_loss_grad(vc, uo, un):
    loss, *grads = _right["sgns_loss_grad"](vc, uo, un)
    return loss, *(grad * len(vc) for grad in grads)


# %% centre_without_the_negatives | fails: test_negative_sampling_gradients | hint: The centre's vector is in the products with the negative samples too.
def sgns_loss_grad(vc, uo, un):
    loss, _, duo, dun = _right["sgns_loss_grad"](vc, uo, un)
    good = np.sum(as_float(uo) * vc, axis=1, keepdims=True)
    return loss, (sigmoid(good) - 1) / len(vc) * uo, duo, dun


# %% sum_over_the_pairs | fails: test_negative_sampling_loss, test_negative_sampling_gradients | hint: The loss is the mean over the pairs; this is the sum.
def sgns_loss_grad(vc, uo, un):
    loss, *grads = _right["sgns_loss_grad"](vc, uo, un)
    return loss * len(vc), *(grad * len(vc) for grad in grads)


# %% gradients_with_the_wrong_sign | fails: test_negative_sampling_gradients | hint: These are the gradients of the log-likelihood; the loss is minus that.
def sgns_loss_grad(vc, uo, un):
    loss, *grads = _right["sgns_loss_grad"](vc, uo, un)
    return loss, *(-grad for grad in grads)


# %% gradients_of_centre_and_context_swapped | fails: test_negative_sampling_gradients | hint: The gradients come in the order of the arguments: centre, context, negatives.
def sgns_loss_grad(vc, uo, un):
    loss, dvc, duo, dun = _right["sgns_loss_grad"](vc, uo, un)
    return loss, duo, dvc, dun


# %% everything_in_double | fails: test_words_and_vectors_follow_the_table_and_nothing_is_changed | hint: Gradients of float32 vectors are float32.
def sgns_loss_grad(vc, uo, un):
    return _right["sgns_loss_grad"](*(np.asarray(x, np.float64) for x in (vc, uo, un)))


# %% logarithm_of_zero | fails: test_glove_loss | hint: Pairs that never occur have no logarithm, and 0 * inf is nan: leave them out.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    X = as_float(X)
    with np.errstate(all="ignore"):
        error = W @ U.T + b[:, None] + c - np.log(X)
        return float(np.sum(np.minimum(1, (X / xmax) ** alpha) * error**2))


# %% one_added_to_the_counts | fails: test_glove_loss | hint: log(1 + X) avoids log 0 but is another loss.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    error = W @ U.T + b[:, None] + c - np.log(as_float(X) + 1)
    return float(np.sum(np.minimum(1, (as_float(X) / xmax) ** alpha) * error**2))


# %% weight_not_clipped | fails: test_glove_loss | hint: The weight of a pair is at most 1, however often it occurs.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    log_X = np.log(np.where(X > 0, X, 1))
    error = np.where(X > 0, W @ U.T + b[:, None] + c - log_X, 0)
    return float(np.sum((as_float(X) / xmax) ** alpha * error**2))


# %% root_instead_of_power | fails: test_glove_loss | hint: The weight is (X / xmax) to the power alpha, not 1 / alpha.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    return _right["glove_loss"](W, U, b, c, X, xmax, 1 / alpha)


# %% mean_over_the_pairs | fails: test_glove_loss | hint: The GloVe loss is a sum over the pairs, not their mean.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    return _right["glove_loss"](W, U, b, c, X, xmax, alpha) / max(1, np.count_nonzero(X))


# %% zero_pairs_included | fails: test_glove_loss | hint: Pairs that never occur are part of the sum here; they should not be.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    X = np.maximum(as_float(X), 1)
    return _right["glove_loss"](W, U, b, c, X, xmax, alpha)


# %% biases_swapped | fails: test_glove_loss | hint: b_i belongs to the row of X, c_j to its column.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    return _right["glove_loss"](W, U, c, b, X, xmax, alpha)


# %% table_transposed | fails: test_glove_loss | hint: X_ij goes with w_i and u_j; here rows and columns are exchanged.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    return _right["glove_loss"](W, U, b, c, X.T, xmax, alpha)


# %% settings_ignored | fails: test_glove_loss | hint: xmax and alpha are arguments; 100 and 0.75 are only their defaults.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    return _right["glove_loss"](W, U, b, c, X)


# %% no_boundary_marks | fails: test_ngrams_of_words | hint: The pieces are those of <word>, marks included: they tell a prefix from the middle.
def fasttext_ngrams(word, nmin, nmax):
    return [word[i : i + n] for n in range(nmin, nmax + 1) for i in range(len(word) - n + 1)] + [f"<{word}>"]


# %% whole_word_missing | fails: test_ngrams_of_words | hint: The whole <word> is a piece too, however long it is.
def fasttext_ngrams(word, nmin, nmax):
    whole = f"<{word}>"
    return [whole[i : i + n] for n in range(nmin, nmax + 1) for i in range(len(whole) - n + 1)]


# %% whole_word_twice | fails: test_ngrams_of_words | hint: A short word is one of its own pieces; the whole must not be added a second time.
def fasttext_ngrams(word, nmin, nmax):
    whole = f"<{word}>"
    return [whole[i : i + n] for n in range(nmin, nmax + 1) for i in range(len(whole) - n + 1)] + [whole]


# %% longest_pieces_missing | fails: test_ngrams_of_words | hint: Pieces of nmax letters belong to the list; range stops before its end.
def fasttext_ngrams(word, nmin, nmax):
    return _right["fasttext_ngrams"](word, nmin, nmax - 1)


# %% last_piece_missing | fails: test_ngrams_of_words | hint: The last piece of every length is missing: there are L - n + 1 of them.
def fasttext_ngrams(word, nmin, nmax):
    whole = f"<{word}>"
    return [whole[i : i + n] for n in range(nmin, nmax + 1) for i in range(len(whole) - n)] + [whole]


# %% pieces_of_bytes | fails: test_ngrams_of_words | hint: Some letters are several bytes; cut the str, not its encoding.
def fasttext_ngrams(word, nmin, nmax):
    whole = f"<{word}>".encode()
    pieces = [whole[i : i + n] for n in range(nmin, nmax + 1) for i in range(len(whole) - n + 1)]
    pieces = [piece.decode("utf-8", "replace") for piece in pieces]
    return pieces if f"<{word}>" in pieces else [*pieces, f"<{word}>"]


# %% pieces_once_each | fails: test_ngrams_of_words | hint: A piece that occurs twice in the word stands in the list twice.
def fasttext_ngrams(word, nmin, nmax):
    return sorted(set(_right["fasttext_ngrams"](word, nmin, nmax)))


# %% vocabulary_of_the_whole_list_changed | fails: test_words_and_vectors_follow_the_table_and_nothing_is_changed | hint: tokens.sort() sorts the caller's list; sorted(tokens) makes a new one.
def build_vocab(tokens, min_freq, specials):
    tokens.sort()
    return _right["build_vocab"](tokens, min_freq, specials)


# %% counts_below_one_dropped | fails: test_glove_loss | hint: The sum runs over X > 0; counts between 0 and 1 occur where they are weighted by distance.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    return _right["glove_loss"](W, U, b, c, np.where(X >= 1, X, 0.0), xmax, alpha)


# %% unk_needed_always | fails: test_encode_and_decode_read_the_dict | hint: vocab.get(token, vocab[unk]) looks up unk for every word, known or not; it need not be there.
def encode(tokens, vocab, unk="<unk>"):
    return [vocab.get(token, vocab[unk]) for token in tokens]


# %% power_fixed | fails: test_glove_loss | hint: The power alpha is an argument; 0.75 is only its default.
def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    return _right["glove_loss"](W, U, b, c, X, xmax)


# %% gradients_of_integers | fails: test_words_and_vectors_follow_the_table_and_nothing_is_changed | hint: zeros_like of an array of integers holds integers: the gradients are cut off. Of integers the result is float64.
def sgns_loss_grad(vc, uo, un):
    loss, *grads = _right["sgns_loss_grad"](vc, uo, un)
    return loss, *(grad.astype(np.asarray(x).dtype) for grad, x in zip(grads, (vc, uo, un), strict=True))
