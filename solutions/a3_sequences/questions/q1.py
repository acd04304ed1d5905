# %% [raw]
# # BEGIN QUESTION
# name: q1
# points: 0

# %% [markdown]
# ## q1. Words become vectors (7 points)
#
# A network calculates with numbers, so every word first gets one: its place in a **vocabulary**. Then it gets a vector
# that is learned from the company the word keeps. **Skip-gram** goes through a text and forms pairs (centre, context);
# the vector $v_c$ of the centre should have a large product with the vector $u_o$ of the context word, and a small one with
# the vectors $u_k$ of $K$ words drawn at random, the *negative samples*:
#
# $$L = \frac1B \sum_{i=1}^{B} \Bigl[ -\ln \sigma(u_{o_i}^\top v_{c_i}) - \sum_{k=1}^{K} \ln \sigma(-u_{ik}^\top v_{c_i}) \Bigr]
# \qquad p_{\text{noise}}(w) \propto \mathrm{count}(w)^{0.75}$$
#
# **GloVe** starts from a table instead: $X_{ij}$ says how often word $j$ stands near word $i$, and the products should
# explain its logarithm. Only pairs that occur count, rare ones less:
#
# $$L = \sum_{X_{ij} > 0} \min\bigl(1, (X_{ij} / x_{\max})^{\alpha}\bigr) \, \bigl(w_i^\top u_j + b_i + c_j - \ln X_{ij}\bigr)^2$$
#
# **FastText** looks into the word: "where" is put between `<` and `>` and cut into all pieces of `nmin` to `nmax` letters,
# so that words never seen before still get a vector.
#
# | function | arguments | returns |
# |---|---|---|
# | `build_vocab` | `tokens`, a list of words; `min_freq`; `specials`, a list | dict from word to id: `specials` get 0, 1, ... in their order, then the words that occur at least `min_freq` times, the most frequent first, ties in alphabetical order |
# | `encode`, `decode` | words and vocabulary, ids and vocabulary | list of ids, list of words; a word that the vocabulary lacks becomes `unk` (which need not be in it if no word is unknown); ids are 0, 1, 2, ... without a gap, the keys may stand in any order |
# | `skipgram_pairs` | `ids`, `window` | list of pairs (centre, context), both ids: by position of the centre, then by offset $-w, \dots, w$ without 0; every occurrence makes a pair |
# | `noise_distribution` | `counts (V,)` | `(V,)`, sums to 1 |
# | `sgns_loss_grad` | `vc (B, d)`, `uo (B, d)`, `un (B, K, d)` | loss (a float), its gradients with the shapes of `vc`, `uo`, `un` |
# | `glove_loss` | `W (V, d)`, `U (V, d)`, `b (V,)`, `c (V,)`, `X (V, V)`, `xmax`, `alpha` | loss (a float), the sum above |
# | `fasttext_ngrams` | `word`, `nmin` and `nmax` (at least 2), both included | list of pieces in any order; a piece that occurs twice stands there twice, the whole `<word>` stands there exactly once in any case |
#
# **On paper.** One pair, two negative samples, $d = 2$: $v_c = (1, 0)$, $u_o = (\ln 3, 5)$, $u_1 = (0, 7)$, $u_2 = (-\ln 3, 2)$.
# The three products are $\ln 3$, $0$, $-\ln 3$, so $\sigma$ of $u_o^\top v_c$, $-u_1^\top v_c$, $-u_2^\top v_c$ is $\frac34, \frac12, \frac34$
# and the loss $\ln \frac43 + \ln 2 + \ln \frac43 = 1.268511$. The gradient with respect to $u_o$ is $(\frac34 - 1)\, v_c = (-\frac14, 0)$. Which
# three terms make up the gradient with respect to $v_c$?
#
# **What usually goes wrong**
# - What if a special word such as `<unk>` also occurs in the text? Are the ids still 0, 1, 2, ... without a gap?
# - "At least `min_freq`": is `>` right? Does your sort put equal frequencies in alphabetical order, or in the order of the text?
# - The ids of a vocabulary are its *values*. Is the list of its keys always sorted by them?
# - What does `ids[i - 2]` give for `i = 1`? And are pairs lost that occur twice in the text?
# - What is $\ln \sigma(-800)$? What does `np.log(sigmoid(x))` say? And with `+ 1e-10` inside?
# - The loss is a mean over the $B$ pairs, but a sum over the $K$ negatives. Do the gradients know?
# - Is $0 \cdot \ln 0$ a number? Whose bias belongs to the rows of $X$ and whose to the columns?
# - What are the pieces of "ab" with three to six letters? Which of them is the whole word?
#
# *Read:* Goodfellow §12.4 (also on why a softmax over all words is slow); Prince §12.5; Bishop & Bishop §12.2. Papers: Mikolov et al. 2013 (negative sampling);
# Pennington, Socher and Manning 2014 (GloVe); Bojanowski et al. 2017 (FastText).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q1


def build_vocab(tokens: list[str], min_freq: int, specials: list[str]) -> dict[str, int]:
    """Ids for words: first the specials, then the words that occur at least min_freq times, by falling frequency.

    Words that are equally frequent stand in alphabetical order. A special has one id, also if it occurs in tokens.
    """
    # BEGIN SOLUTION NO PROMPT
    counts = {}
    for token in tokens:
        counts[token] = counts.get(token, 0) + 1
    frequent = [word for word in counts if counts[word] >= min_freq and word not in specials]
    words = [*specials, *sorted(frequent, key=lambda word: (-counts[word], word))]
    return {word: i for i, word in enumerate(words)}
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: build_vocab is not implemented yet")
    """  # END PROMPT


def encode(tokens: list[str], vocab: dict[str, int], unk: str = "<unk>") -> list[int]:
    """The ids of words; a word that is not in vocab gets the id of unk."""
    # BEGIN SOLUTION NO PROMPT
    return [vocab[token] if token in vocab else vocab[unk] for token in tokens]
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: encode is not implemented yet")
    """  # END PROMPT


def decode(ids: list[int], vocab: dict[str, int]) -> list[str]:
    """The words of ids, specials included."""
    # BEGIN SOLUTION NO PROMPT
    words = {i: word for word, i in vocab.items()}
    return [words[i] for i in ids]
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: decode is not implemented yet")
    """  # END PROMPT


def skipgram_pairs(ids: list[int], window: int) -> list[tuple[int, int]]:
    """(centre, context) for every position and every offset -window..window but 0 that stays inside the text."""
    # BEGIN SOLUTION NO PROMPT
    pairs = []
    for i, centre in enumerate(ids):
        for j in range(i - window, i + window + 1):
            if j != i and 0 <= j < len(ids):
                pairs.append((centre, ids[j]))
    return pairs
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: skipgram_pairs is not implemented yet")
    """  # END PROMPT


def noise_distribution(counts: np.ndarray) -> np.ndarray:
    """counts: (V,), not all 0;  returns (V,) probabilities proportional to counts^0.75."""
    # BEGIN SOLUTION NO PROMPT
    weights = as_float(counts) ** 0.75
    return weights / weights.sum()
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: noise_distribution is not implemented yet")
    """  # END PROMPT


def sgns_loss_grad(vc: np.ndarray, uo: np.ndarray, un: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Skip-gram loss with negative samples, mean over the B pairs, and its gradients.

    vc: (B, d) centres;  uo: (B, d) contexts;  un: (B, K, d) negative samples
    returns (loss, dvc (B, d), duo (B, d), dun (B, K, d))
    """
    # BEGIN SOLUTION NO PROMPT
    vc, uo, un = as_float(vc), as_float(uo), as_float(un)
    B = len(vc)
    good = np.sum(uo * vc, axis=1)  # (B,)
    bad = np.sum(un * vc[:, None], axis=2)  # (B, K)
    loss = (np.logaddexp(0, -good).sum() + np.logaddexp(0, bad).sum()) / B  # -ln s(x) = ln(1 + e^-x)
    d_good = (sigmoid(good) - 1) / B
    d_bad = sigmoid(bad) / B
    dvc = d_good[:, None] * uo + np.sum(d_bad[:, :, None] * un, axis=1)
    return float(loss), dvc, d_good[:, None] * vc, d_bad[:, :, None] * vc[:, None]
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: sgns_loss_grad is not implemented yet")
    """  # END PROMPT


def glove_loss(
    W: np.ndarray,
    U: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    X: np.ndarray,
    xmax: float = 100.0,
    alpha: float = 0.75,
) -> float:
    """Weighted squared error of w_i . u_j + b_i + c_j against ln X_ij, summed over the pairs with X_ij > 0.

    W, U: (V, d);  b, c: (V,);  X: (V, V) counts, floats or integers
    """
    # BEGIN SOLUTION NO PROMPT
    X = as_float(X)
    i, j = np.nonzero(X > 0)
    error = np.sum(W[i] * U[j], axis=1) + b[i] + c[j] - np.log(X[i, j])
    weight = np.minimum(1, (X[i, j] / xmax) ** alpha)
    return float(np.sum(weight * error**2))
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: glove_loss is not implemented yet")
    """  # END PROMPT


def fasttext_ngrams(word: str, nmin: int, nmax: int) -> list[str]:
    """All pieces of nmin to nmax letters of "<word>", in any order, and "<word>" itself once."""
    # BEGIN SOLUTION NO PROMPT
    whole = f"<{word}>"
    pieces = [whole[i : i + n] for n in range(nmin, nmax + 1) for i in range(len(whole) - n + 1)]
    return pieces if whole in pieces else [*pieces, whole]
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: fasttext_ngrams is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_vocabulary(build_vocab, encode, decode):
    """the vocabulary of one sentence, there and back"""
    tokens = "the cat sees the dog and the dog sees a bird".split()
    vocab = build_vocab(tokens, 2, ["<pad>", "<unk>"])
    expected = {"<pad>": 0, "<unk>": 1, "the": 2, "dog": 3, "sees": 4}
    assert vocab == expected, f"3 x the, 2 x dog, 2 x sees: {expected}; yours is {vocab}"
    ids = encode(["the", "bird", "sees"], vocab)
    assert list(ids) == [2, 1, 4], f"the bird sees is 2 1 4 (bird is unknown), yours is {ids}"
    assert list(decode([3, 1, 0], vocab)) == ["dog", "<unk>", "<pad>"], f"yours is {decode([3, 1, 0], vocab)}"


# %%
def test_skipgram_pairs_of_three_words(skipgram_pairs):
    """the pairs of three words with window 1"""
    yours = [tuple(pair) for pair in skipgram_pairs([5, 6, 7], 1)]
    assert yours == [(5, 6), (6, 5), (6, 7), (7, 6)], f"(5, 6), (6, 5), (6, 7), (7, 6); yours are {yours}"


# %%
def test_noise(noise_distribution):
    """the noise distribution of the counts 16, 81, 0"""
    yours = noise_distribution(np.array([16, 81, 0]))
    assert near(yours, [8 / 35, 27 / 35, 0]), f"16^0.75 = 8 and 81^0.75 = 27: (8, 27, 0) / 35, yours is {yours}"


# %%
def test_negative_sampling(sgns_loss_grad):
    """loss and a gradient of the example on paper"""
    vc, uo = np.array([[1.0, 0.0]]), np.array([[np.log(3), 5.0]])
    un = np.array([[[0.0, 7.0], [-np.log(3), 2.0]]])
    loss, dvc, duo, dun = sgns_loss_grad(vc, uo, un)
    assert near(loss, 1.268511), f"2 ln 4/3 + ln 2 = 1.268511, yours is {loss}"
    assert near(duo, [[-0.25, 0]]), f"the gradient for the context is (-1/4, 0), yours is {duo}"
    assert near(dun, [[[0.5, 0], [0.25, 0]]]), f"those for the negatives are (1/2, 0) and (1/4, 0), yours are {dun}"
    assert np.shape(dvc) == (1, 2), f"the gradient for the centre has shape (1, 2), yours {np.shape(dvc)}"


# %%
def test_glove(glove_loss):
    """the GloVe loss of a table with one pair"""
    one, zero = np.array([[1.0], [2.0]]), np.zeros(2)
    yours = glove_loss(one, one, zero, zero, np.array([[0.0, 16.0], [0.0, 0.0]]), xmax=81.0)
    expected = 8 / 27 * (2 - np.log(16)) ** 2
    assert near(yours, expected), f"(16/81)^0.75 (1 * 2 - ln 16)^2 = {expected:.6f}, yours is {yours}"


# %%
def test_pieces_of_where(fasttext_ngrams):
    """the pieces of 'where' with three letters"""
    expected = ["<wh", "whe", "her", "ere", "re>", "<where>"]
    yours = fasttext_ngrams("where", 3, 3)
    assert sorted(yours) == sorted(expected), f"expected {expected} in any order, yours are {yours}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: a map of the words of a toy language, learned from their neighbours alone (about ten seconds)


@experiment
def word_map():
    import matplotlib.pyplot as plt
    from datasets import grammar

    rng = np.random.default_rng(0)
    sentences = grammar(3000, rng)
    tokens = [word for sentence in sentences for word in sentence]
    vocab = build_vocab(tokens, 1, [])
    texts = [encode(sentence, vocab) for sentence in sentences]
    pairs = np.array([pair for text in texts for pair in skipgram_pairs(text, 2)])
    noise = noise_distribution(np.bincount(encode(tokens, vocab)))
    v, u = rng.normal(scale=0.1, size=(2, len(vocab), 16))
    for step in range(4000):
        centre, context = pairs[rng.integers(len(pairs), size=256)].T
        others = rng.choice(len(vocab), p=noise, size=(256, 5))
        _, dv, du, dn = sgns_loss_grad(v[centre], u[context], u[others])
        rate = 20 * (1 - step / 4000)
        np.add.at(v, centre, -rate * dv)
        np.add.at(u, context, -rate * du)
        np.add.at(u, others, -rate * dn)
    direction = v / np.linalg.norm(v, axis=1, keepdims=True)
    words = decode(range(len(vocab)), vocab)
    for word in ("cat", "houses", "big", "sees"):
        nearest = np.argsort(-direction @ direction[vocab[word]])[1:5]
        print(f"{word:7} is like  {', '.join(words[i] for i in nearest)}")
    x, y = np.linalg.svd(direction - direction.mean(axis=0), full_matrices=False)[0][:, :2].T
    plt.figure(figsize=(9, 7))
    plt.scatter(x, y, s=6)
    labels = []  # a label that would lie on another one moves up, with a line to its word
    for i in np.argsort(y):
        spot = y[i]
        while any(abs(spot - b) < 0.009 and abs(x[i] - a) < 0.05 for a, b in labels):
            spot += 0.003
        labels.append((x[i], spot))
        line = {"arrowstyle": "-", "color": "lightgray", "lw": 0.6}
        plt.annotate(words[i], (x[i], y[i]), (x[i] + 0.008, spot), fontsize=7, va="center", arrowprops=line)
    plt.xlim(x.min() - 0.02, x.max() + 0.05)
    plt.ylim(y.min() - 0.02, max(spot for _, spot in labels) + 0.02)
    plt.title("words that are used alike lie together")
    plt.show()
