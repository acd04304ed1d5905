"""Right solutions of question 1 that look different from the reference."""

# %% counter_and_loops | why: the standard library's Counter, two sorts, plain loops over pairs, numbers as 0-d arrays
import math
from collections import Counter


def build_vocab(tokens, min_freq, specials):
    counts = Counter(tokens)
    for special in specials:
        counts.pop(special, None)
    vocab = {}
    for special in specials:
        vocab[special] = len(vocab)
    for word, n in sorted(sorted(counts.items()), key=lambda item: item[1], reverse=True):
        if n < min_freq:
            break
        vocab[word] = len(vocab)
    return vocab


def encode(tokens, vocab, unk="<unk>"):
    ids = []
    for token in tokens:
        ids.append(vocab.get(token, vocab.get(unk)))
    return ids


def decode(ids, vocab):
    return [next(word for word, i in vocab.items() if i == wanted) for wanted in ids]


def skipgram_pairs(ids, window):
    pairs = []
    for i in range(len(ids)):
        left, right = ids[max(0, i - window) : i], ids[i + 1 : i + 1 + window]
        pairs.extend([ids[i], context] for context in left + right)  # lists instead of tuples
    return pairs


def noise_distribution(counts):
    powers = [float(n) ** 0.75 for n in counts]
    return np.array([p / sum(powers) for p in powers], dtype=as_float(counts).dtype)


def sgns_loss_grad(vc, uo, un):
    B, K, d = un.shape
    total = 0.0
    dvc, duo, dun = (np.zeros_like(as_float(x)) for x in (vc, uo, un))
    for i in range(B):
        for u, du, y in [(uo[i], duo[i], 1.0), *((un[i, k], dun[i, k], 0.0) for k in range(K))]:
            x = float(sum(a * b for a, b in zip(u.tolist(), vc[i].tolist(), strict=True)))
            total += max(x, 0.0) - y * x + math.log1p(math.exp(-abs(x)))
            slope = (float(sigmoid(x)) - y) / B
            dvc[i] += slope * u
            du += slope * vc[i]
    return np.array(total / B), dvc, duo, dun


def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    total = 0.0
    for i, row in enumerate(X):
        for j, x in enumerate(row):
            if x:
                f = (x / xmax) ** alpha if x < xmax else 1.0
                total += f * (np.dot(W[i], U[j]) + b[i] + c[j] - math.log(x)) ** 2
    return np.asarray(total)


def fasttext_ngrams(word, nmin, nmax):
    marked = "<" + word + ">"
    pieces = [marked]
    for start in range(len(marked)):
        for end in range(start + nmin, start + nmax + 1):
            if end <= len(marked) and end - start < len(marked):
                pieces.append(marked[start:end])
    return pieces


# %% matrices | why: one matrix of all products with a column of ones for the context, masks instead of index lists
def sgns_loss_grad(vc, uo, un):
    vc, uo, un = (as_float(x) for x in (vc, uo, un))
    B = vc.shape[0]
    u = np.concatenate([uo[:, None], un], axis=1)  # (B, 1 + K, d)
    sign = np.full(u.shape[1], -1, dtype=u.dtype)
    sign[0] = 1
    x = (u @ vc[:, :, None])[:, :, 0] * sign  # (B, 1 + K)
    loss = np.sum(np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))) / B
    slope = -sigmoid(-x) * sign / np.asarray(B, u.dtype)
    du = np.einsum("bk,bd->bkd", slope, vc)
    return loss, np.einsum("bk,bkd->bd", slope, u), du[:, 0], du[:, 1:]


def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    seen = X > 0
    log_X = np.log(np.where(seen, X, 1.0))
    weight = np.where(xmax > X, (np.where(seen, X, 0) / xmax) ** alpha, 1.0) * seen
    return np.einsum("ij,ij->", weight, (np.add.outer(b, c) + W @ U.T - log_X) ** 2)


def noise_distribution(counts):
    with np.errstate(divide="ignore"):
        weights = np.exp(np.asarray(0.75, as_float(counts).dtype) * np.log(as_float(counts)))
    return np.divide(weights, np.sum(weights))


def build_vocab(tokens, min_freq, specials):
    words, counts = np.unique(np.array(tokens, dtype=str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    kept = [str(words[i]) for i in order if counts[i] >= min_freq and words[i] not in specials]
    return dict(zip([*specials, *kept], range(len(specials) + len(kept)), strict=True))


def skipgram_pairs(ids, window):
    positions = range(len(ids))
    return [(ids[i], ids[j]) for i in positions for j in positions if 0 < abs(i - j) <= window]


# %% words_in_the_order_of_their_ids | why: decode sorts the words by their ids, which are 0, 1, ... without a gap
def decode(ids, vocab):
    words = sorted(vocab, key=vocab.get)
    return [words[i] for i in ids]


# %% tuples_as_keys | why: sorted by a tuple, ids as NumPy's integers, pairs as lists, masks instead of indices, pieces by zip
from collections import Counter


def build_vocab(tokens, min_freq, specials):
    counts = Counter(t for t in tokens if t not in specials)
    frequent = sorted((-n, word) for word, n in counts.items() if n >= min_freq)
    return dict(zip([*specials, *(word for _, word in frequent)], range(len(tokens) + len(specials)), strict=False))


def encode(tokens, vocab, unk="<unk>"):
    return [np.int64(vocab[t if t in vocab else unk]) for t in tokens]


def decode(ids, vocab):
    words = np.empty(len(vocab), dtype=object)
    words[list(vocab.values())] = list(vocab)
    return [words[i] for i in ids]


def skipgram_pairs(ids, window):
    return [
        [ids[i], ids[j]]
        for i in range(len(ids))
        for j in range(max(0, i - window), min(len(ids), i + window + 1))
        if j != i
    ]


def noise_distribution(counts):
    p = np.power(as_float(counts), 0.75)
    return p / np.sum(p)


def sgns_loss_grad(vc, uo, un):
    vc = as_float(vc)
    signs = np.append(1.0, -np.ones(un.shape[1])).astype(vc.dtype)
    words = np.concatenate([uo[:, None], un], axis=1)
    z = np.einsum("bkd,bd->bk", words, vc) * signs
    with np.errstate(under="ignore"):
        loss = np.logaddexp(0, -z).sum() / len(vc)
        slope = -signs * np.exp(-np.logaddexp(0, z)) / len(vc)
    slope = slope.astype(vc.dtype)
    dwords = slope[:, :, None] * vc[:, None]
    return loss.item(), np.einsum("bk,bkd->bd", slope, words), dwords[:, 0], dwords[:, 1:]


def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    X = as_float(X)
    rows, cols = np.nonzero(X > 0)
    counts = X[rows, cols]
    error = np.einsum("nd,nd->n", W[rows], U[cols]) + b[rows] + c[cols] - np.log(counts)
    return (np.where(counts < xmax, (counts / xmax) ** alpha, 1) * error**2).sum()


def fasttext_ngrams(word, nmin, nmax):
    whole = f"<{word}>"
    pieces = ("".join(p) for n in range(nmin, nmax + 1) for p in zip(*(whole[i:] for i in range(n)), strict=False))
    return [p for p in pieces if p != whole] + [whole]
