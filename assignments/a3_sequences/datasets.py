"""Procedural data sets of this assignment: every generator takes its source of randomness as an argument."""

import numpy as np

# ------------------------------------------------------------------------------------------------ captioned shapes

SIZES = ("small", "large")
COLOURS = {"red": (1.0, 0.1, 0.1), "green": (0.1, 1.0, 0.1), "blue": (0.1, 0.1, 1.0), "yellow": (1.0, 1.0, 0.1)}
SHAPES = ("circle", "square", "cross", "ring", "triangle")
WORDS = ("<pad>", *SIZES, *COLOURS, *SHAPES, "<end>", "<bos>")  # the position of a word is its token
COMBOS = [(size, colour, shape) for size in SIZES for colour in COLOURS for shape in SHAPES]  # all 40


def captioned(n, rng, combos=None):
    """Pictures of one coloured shape each, with captions such as "small red circle <end>".

    combos: which (size, colour, shape) may occur; None for all 40
    returns pictures (n, 3, 12, 12) float32, mostly in [0, 1], and captions (n, 4) int64: positions in WORDS
    """
    combos = COMBOS if combos is None else list(combos)
    pictures, captions = np.empty((n, 3, 12, 12), np.float32), np.empty((n, 4), np.int64)
    row, column = np.mgrid[0:12, 0:12].astype(float)
    for i in range(n):
        size, colour, shape = combos[rng.integers(len(combos))]
        r = (2.6 if size == "small" else 4.4) + rng.uniform(-0.3, 0.3)
        x, y = rng.uniform(r + 0.3, 10.7 - r, size=2)
        inside = _inside(shape, column - x, row - y, r)
        noise = rng.normal(0, 0.05, size=(3, 12, 12))
        pictures[i] = noise + inside * np.reshape(COLOURS[colour], (3, 1, 1))
        captions[i] = [WORDS.index(word) for word in (size, colour, shape, "<end>")]
    return pictures, captions


def _inside(shape, u, v, r):
    """Which pixels at (u, v) from its centre a shape of radius r covers."""
    distance = np.hypot(u, v)
    if shape == "circle":
        return distance <= r
    if shape == "square":
        return np.maximum(abs(u), abs(v)) <= 0.85 * r
    if shape == "cross":
        return (np.minimum(abs(u), abs(v)) <= 0.3 * r) & (np.maximum(abs(u), abs(v)) <= r)
    if shape == "ring":
        return (distance <= r) & (distance >= 0.55 * r)
    return (v <= 0.75 * r) & (v >= 1.8 * abs(u) - r)  # triangle


# ------------------------------------------------------------------------------------------------ delayed recall


def recall(n, T, rng, symbols=6):
    """Sequences in which one symbol near the start is marked and has to be remembered to the end.

    returns x (n, T) int64 and y (n,) int64. Every token of x is one of the symbols 0..5, drawn at random; at one of
    the first three positions the symbol s is written as s + 6, which marks it, and y is that s.
    """
    x = rng.integers(0, symbols, size=(n, T))
    rows, where = np.arange(n), rng.integers(0, 3, size=n)
    y = x[rows, where]
    x[rows, where] += symbols
    return x, y


# ------------------------------------------------------------------------------------------------ reversed digits

PAD, BOS, EOS = 0, 1, 2  # the digits 0..9 are the tokens 3..12


def reverse_pairs(n, rng, lo=3, hi=8):
    """Strings of lo to hi digits and the same strings backwards.

    returns src, tgt: (n, hi + 1) int64 each; a row is the digits, EOS, and PAD to the end. No BOS: shift_right adds it.
    """
    src, tgt = np.full((n, hi + 1), PAD), np.full((n, hi + 1), PAD)
    for i in range(n):
        length = rng.integers(lo, hi + 1)
        digits = rng.integers(3, 13, size=length)
        src[i, :length], tgt[i, :length] = digits, digits[::-1]
        src[i, length] = tgt[i, length] = EOS
    return src, tgt


# ------------------------------------------------------------------------------------------------ Markov chain


def transitions(rng, V=8, alpha=0.35):
    """A language for markov2: P (V, V, V), where P[a, b, c] is the probability that c follows a, b."""
    return rng.dirichlet(np.full(V, alpha), size=(V, V))


def markov2(n, rng, P):
    """n tokens of the chain in which each token depends on the two before it; int64, in 0..V-1."""
    V = len(P)
    cumulative = P.cumsum(axis=-1)
    a, b = rng.integers(0, V, size=2)
    ids = np.empty(n, np.int64)
    for i, u in enumerate(rng.random(n)):
        ids[i] = min(np.searchsorted(cumulative[a, b], u), V - 1)
        a, b = b, ids[i]
    return ids


def entropy_rate(P):
    """Nats per token: what no model of markov2's text can do better than, and what looking at one token back gives."""
    V = len(P)
    pairs = np.full((V, V), 1 / V**2)  # how often each pair occurs, in the long run
    for _ in range(2000):
        pairs = 0.5 * pairs + 0.5 * np.einsum("ab,abc->bc", pairs, P)  # half a step: no oscillation
    exact = -np.einsum("ab,abc->", pairs, P * np.log(np.maximum(P, 1e-300)))
    after = np.einsum("ab,abc->bc", pairs, P)  # how often c follows b
    bigram = -np.sum(after * np.log(np.maximum(after / after.sum(axis=1, keepdims=True), 1e-300)))
    return float(exact), float(bigram)


# ------------------------------------------------------------------------------------------------ toy grammar

NUMBERS = ("singular", "plural")
LEXICON = {  # words in one list stand in the same places of a sentence
    "determiner": (("the", "a", "this"), ("the", "some", "these")),
    "adjective": (("big", "large", "small", "little", "happy", "glad", "old"),) * 2,
    "animal": (
        ("cat", "dog", "rabbit", "kitten", "puppy", "horse"),
        ("cats", "dogs", "rabbits", "kittens", "puppies", "horses"),
    ),
    "person": (("boy", "girl", "child", "teacher", "farmer"), ("boys", "girls", "children", "teachers", "farmers")),
    "food": (("apple", "carrot", "cake", "bread"), ("apples", "carrots", "cakes", "breads")),
    "moves": (("runs", "walks", "sleeps", "jumps"), ("run", "walk", "sleep", "jump")),
    "eats": (("eats", "likes", "finds"), ("eat", "like", "find")),
    "sees": (("sees", "watches", "feeds", "follows"), ("see", "watch", "feed", "follow")),
    "adverb": (("quickly", "slowly", "quietly", "often"),) * 2,
    "place": (("garden", "house", "field", "kitchen"), ("gardens", "houses", "fields", "kitchens")),
    "in": (("in", "near", "behind"),) * 2,
}


def grammar(n, rng):
    """n sentences, each a list of words. Verbs agree with their subject in number, also across "near the houses"."""

    def word(kind, number):
        words = LEXICON[kind][number]
        return words[rng.integers(len(words))]

    def phrase(kind, number):
        adjective = [word("adjective", number)] if rng.random() < 0.4 else []
        return [word("determiner", number), *adjective, word(kind, number)]

    def sentence():
        subject, other = rng.integers(0, 2, size=2)
        words = phrase(("animal", "person")[rng.integers(2)], subject)
        if rng.random() < 0.3:
            words += [word("in", 0), *phrase("place", rng.integers(0, 2))]
        verb = ("moves", "eats", "sees")[rng.integers(3)]
        words.append(word(verb, subject))
        if verb == "moves":
            return words + ([word("adverb", 0)] if rng.random() < 0.5 else [])
        return words + phrase("food" if verb == "eats" else ("animal", "person")[rng.integers(2)], other)

    return [sentence() for _ in range(n)]
