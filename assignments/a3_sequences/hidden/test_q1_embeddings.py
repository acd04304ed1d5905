"""Question 1: vocabulary, skip-gram pairs, negative sampling, GloVe, n-grams.

Expected losses are sums written out here; expected gradients come from the loss alone, by complex steps.
"""

import numpy as np
import pytest

from grader.testing import array, close, integers, number, require, same, unpack

pytestmark = pytest.mark.question("q1")

WORDS = "ant bee cat dog eel fox gnu hen ibis jay kid Lynx naïve".split()


def loss_of(vc, uo, un):
    """Skip-gram loss; takes complex arrays too. The terms stay exact for products of any size."""

    def softplus(x):
        return np.where(x.real > 0, x, 0) + np.log(1.0 + np.exp(np.where(x.real > 0, -x, x)))

    good, bad = np.einsum("bd,bd->b", uo, vc), np.einsum("bkd,bd->bk", un, vc)
    return (softplus(-good).sum() + softplus(bad).sum()) / len(vc)


def gradients_of(arrays):
    """d loss / d entry = Im loss(entry + i h) / h, for every entry of vc, uo, un."""
    grads, h = [], 1e-30
    for n, values in enumerate(arrays):
        bent, grad = values.astype(complex), np.empty(values.shape)
        for index in np.ndindex(values.shape):
            bent[index] += 1j * h
            grad[index] = loss_of(*arrays[:n], bent, *arrays[n + 1 :]).imag / h
            bent[index] = values[index]
        grads.append(grad)
    return grads


def draw(rng, B, K, d):
    return [rng.normal(size=shape) for shape in ((B, d), (B, d), (B, K, d))]


def table(rng, V, d):
    """Arguments of glove_loss: counts with zeros, not symmetric, some beyond 100."""
    X = np.where(rng.random((V, V)) < 0.6, rng.integers(1, 60, size=(V, V)), 0)
    X[0, 1], X[1, 0], X[V - 1, 0] = 250, 0, 131
    W, U = rng.normal(size=(2, V, d))
    return W, U, rng.normal(size=V), rng.normal(size=V), X


def glove_of(W, U, b, c, X, xmax=100.0, alpha=0.75):
    total = 0.0
    for i in range(len(X)):
        for j in range(len(X)):
            if X[i, j] > 0:
                error = W[i] @ U[j] + b[i] + c[j] - np.log(X[i, j])
                total += min(1.0, (X[i, j] / xmax) ** alpha) * error**2
    return float(total)


def under_watch(nb, name, *args, **kwargs):
    """Call with floating-point faults as errors; that exp(-800) vanishes (underflow) is no fault."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        return getattr(nb, name)(*args, **kwargs)


def texts(answer, what):
    """A list of str in sorted order; everything else fails the check."""
    require(type(answer) in (list, tuple), f"{what} must be a list")
    require(all(type(piece) is str for piece in answer), f"{what} must hold words only")
    return sorted(answer)


@pytest.mark.points(
    0.7,
    hint="Lists and dicts as in the table, losses are one number, gradients have the shape and the float type of what "
    "they belong to; nothing that is passed may change.",
)
def test_words_and_vectors_follow_the_table_and_nothing_is_changed(student, rng):
    with student.pure():
        tokens = [str(word) for word in rng.choice(WORDS, size=30)] + ["ant"]
        vocab = student.build_vocab(tokens, 1, ["<unk>"])
        require(type(vocab) is dict, "build_vocab must return a dict")
        integers(list(vocab.values()), what="the vocabulary")
        same(student.encode(["ant", "ant"], {"ant": 1, "<unk>": 0}), [1, 1], what="encode of two words")
        same(student.decode([1, 0], {"ant": 1, "<unk>": 0}), ["ant", "<unk>"], what="decode of two ids")
        listed = type(student.skipgram_pairs([1, 2, 3], 2)) in (list, tuple)
        require(listed, "skipgram_pairs must return a list")
        for dtype in (np.float32, np.float64):
            arrays = [x.astype(dtype) for x in draw(rng, 5, 3, 4)]
            loss, *grads = unpack(student.sgns_loss_grad(*arrays), 4, what="sgns_loss_grad")
            number(loss, what="the loss of sgns_loss_grad")
            for grad, x, name in zip(grads, arrays, ("dvc", "duo", "dun"), strict=True):
                array(grad, shape=x.shape, dtype=dtype, what=name)
            noise = student.noise_distribution(rng.uniform(1, 9, size=6).astype(dtype))
            array(noise, shape=(6,), dtype=dtype, what="noise_distribution")
            number(student.glove_loss(*(x.astype(dtype) for x in table(rng, 5, 3))), what="glove_loss")
        arrays = [rng.integers(-3, 4, size=x.shape) for x in draw(rng, 5, 3, 4)]
        _, *grads = unpack(student.sgns_loss_grad(*arrays), 4, what="sgns_loss_grad")
        for grad, x, name in zip(grads, arrays, ("dvc", "duo", "dun"), strict=True):
            array(grad, shape=x.shape, dtype=np.float64, what=f"{name} for integers")
        array(student.noise_distribution(np.array([3, 1, 4])), shape=(3,), dtype=np.float64, what="the noise")
        number(student.glove_loss(*table(rng, 5, 3)), what="glove_loss with integer counts")


@pytest.mark.points(
    0.8,
    hint="Specials first, each with one id even if it occurs in the text; then words with count >= min_freq, the most "
    "frequent first, equal counts in alphabetical order; no id is left out.",
)
def test_vocabulary_is_ordered_by_frequency_then_alphabet(student, rng):
    with student.forbids("aten::*"):
        for specials, min_freq in ((["<pad>", "<unk>", "<mask>"], 1), (["<unk>"], 2), ([], 3), (["z", "a"], 2)):
            counts = dict(zip(WORDS, rng.permutation([1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6]).tolist(), strict=True))
            tokens = [word for word, n in counts.items() for _ in range(n)] + [s for s in specials for _ in range(3)]
            tokens = [tokens[i] for i in rng.permutation(len(tokens))]
            left = [word for word in WORDS if counts[word] >= min_freq]
            order = specials + sorted(sorted(left), key=lambda word: counts[word], reverse=True)
            expected = {word: i for i, word in enumerate(order)}
            same(student.build_vocab(tokens, min_freq, specials), expected, what=f"the vocabulary, min_freq {min_freq}")
    same(student.build_vocab([], 1, ["<unk>"]), {"<unk>": 0}, what="the vocabulary of no text")


@pytest.mark.points(
    0.5,
    hint="Ids are the values of the dict, in whatever order it holds them; unk is an argument and has a name, and "
    "where no word is unknown nobody asks for it.",
)
def test_encode_and_decode_read_the_dict(student, rng):
    ids = rng.permutation(8).tolist()  # 0, 1, ... without a gap, as build_vocab makes them
    ids = ids if ids != sorted(ids) else ids[::-1]
    vocab = dict(zip(["<pad>", "<unk>", "???", *WORDS[:5]], ids, strict=True))
    text = ["bee", "ant", "zebra", "<pad>", "bee", "unknown", "eel"]
    for unk in ("<unk>", "???"):
        expected = [vocab.get(word, vocab[unk]) for word in text]
        same(student.encode(text, vocab, unk=unk), expected, what=f"encode with unk={unk!r}")
    same(student.encode(text, vocab), [vocab.get(word, vocab["<unk>"]) for word in text], what="encode")
    words = [str(word) for word in rng.choice(list(vocab), size=12)] + ["<pad>", "???"]
    same(student.decode([vocab[word] for word in words], vocab), words, what="decode")
    same([student.encode([], vocab), student.decode([], vocab)], [[], []], what="encode and decode of nothing")
    for unk in ("<unk>", "?"):  # nothing is unknown, so it need not be there
        same(student.encode(["ant", "bee", "ant"], {"bee": 1, "ant": 0}, unk), [0, 1, 0], what="encode without unk")
    with_zero = {"ant": 0, "<unk>": 1}
    same(student.encode(["ant", "bee"], with_zero), [0, 1], what="encode of a word with id 0")


@pytest.mark.points(
    0.8, hint="Up to `window` words on either side, none beyond the ends, never the centre itself, repetitions kept."
)
def test_skipgram_pairs_in_order(student, rng):
    for T, window in ((9, 1), (9, 2), (7, 3), (4, 6), (1, 2), (0, 2)):
        ids = [int(i) for i in rng.integers(0, 4, size=T)]  # words are repeated
        expected = []
        for i in range(T):
            for offset in [*range(-window, 0), *range(1, window + 1)]:
                if 0 <= i + offset < T:
                    expected.append((ids[i], ids[i + offset]))
        same(student.skipgram_pairs(ids, window), expected, what=f"the pairs of {T} words with window {window}")


@pytest.mark.points(0.3, hint="The power is 0.75, and then the numbers are divided by their sum.")
def test_noise_distribution(student, rng):
    for V in (5, 12, 1):
        counts = rng.integers(1, 500, size=V)
        counts[1:2] = 0
        expected = np.sqrt(counts) * np.sqrt(np.sqrt(counts))
        close(student.noise_distribution(counts), expected / expected.sum(), what="the noise distribution")
        close(student.noise_distribution(counts / 7.0), expected / expected.sum(), what="the noise of float counts")


@pytest.mark.points(0.6, hint="One term for the context and one for each negative sample; the mean is over the pairs.")
def test_negative_sampling_loss(student, rng):
    for B, K, d in ((5, 3, 4), (4, 4, 4), (3, 1, 6), (1, 5, 2)):
        arrays = draw(rng, B, K, d)
        with student.forbids("aten::*"):
            loss, *_ = unpack(student.sgns_loss_grad(*arrays), 4, what="sgns_loss_grad")
        sizes = {"the number of pairs B": B, "the number of negatives K": K}
        sizes = {name: size for name, size in sizes.items() if size > 1}
        close(loss, float(loss_of(*arrays)), what="the loss of sgns_loss_grad", factors=sizes)


@pytest.mark.points(
    0.7,
    hint="Only entries X > 0 count. The weight is (X / xmax)^alpha, at most 1; b belongs to the rows of X and c to its "
    "columns; the sum is not divided. xmax and alpha are arguments.",
)
def test_glove_loss(student, rng):
    for V, d in ((5, 3), (4, 4), (6, 2), (3, 5)):
        arguments = table(rng, V, d)
        close(student.glove_loss(*arguments), glove_of(*arguments), what="glove_loss")
        *vectors, X = arguments
        rare = (*vectors, np.where(X > 0, rng.uniform(0.05, 0.95, size=X.shape), 0.0))  # counts weighted by distance
        rare[4][0, 1] = 0.5
        close(student.glove_loss(*rare), glove_of(*rare), what="glove_loss with counts below 1")
        xmax, alpha = float(rng.uniform(10, 40)), float(rng.uniform(0.3, 0.6))
        expected = glove_of(*arguments, xmax, alpha)
        close(student.glove_loss(*arguments, xmax=xmax, alpha=alpha), expected, what="glove_loss, other xmax and alpha")
    W, U, b, c, X = table(rng, 4, 3)
    same(student.run(under_watch, "glove_loss", W, U, b, c, 0 * X) == 0, True, what="that no pairs cost nothing")
    close(student.run(under_watch, "glove_loss", W, U, b, c, X), glove_of(W, U, b, c, X), what="glove_loss")


@pytest.mark.points(
    0.6,
    hint="Cut <word>, with its two marks, into letters (not bytes); nmax counts too; the whole is there once, whether "
    "or not it is short enough to be a piece.",
)
def test_ngrams_of_words(student, rng):
    names = ["where", "banana", "a", "ab", "naïve", "größer", "日本語", "anana"]
    names.append("".join(rng.choice(list("abc"), size=9)))
    for word in names:
        for nmin, nmax in ((3, 6), (2, 2), (2, 4), (3, 3), (4, 5), (len(word) + 2, len(word) + 2)):
            whole = "<" + word + ">"
            expected = []
            for start in range(len(whole)):
                for end in range(start + nmin, min(start + nmax, len(whole)) + 1):
                    if whole[start:end] != whole:
                        expected.append(whole[start:end])
            pieces = texts(student.fasttext_ngrams(word, nmin, nmax), "fasttext_ngrams")
            same(pieces, sorted([*expected, whole]), what=f"the pieces of a word of {len(word)} letters, sorted")


@pytest.mark.points(
    1.2,
    hint="Each product x enters through -log s(x) or -log s(-x); differentiate, divide by B, and note that v_c is in "
    "all products of its pair.",
)
def test_negative_sampling_gradients(student, rng):
    for B, K, d in ((5, 3, 4), (3, 3, 3), (2, 1, 5), (1, 4, 2)):
        arrays = draw(rng, B, K, d)
        with student.forbids("aten::*"):
            _, *grads = unpack(student.sgns_loss_grad(*arrays), 4, what="sgns_loss_grad")
        factors = {"the number of pairs B": B} if B > 1 else {}
        for grad, expected, name in zip(grads, gradients_of(arrays), ("dvc", "duo", "dun"), strict=True):
            close(grad, expected, atol=1e-11, what=f"{name} of {B} pairs with {K} negatives", factors=factors)


@pytest.mark.points(
    0.4, hint="-log s(x) = log(1 + e^-x) grows like -x for very negative x; find a form in which nothing overflows."
)
def test_large_products_are_no_problem(student, rng):
    vc = np.array([[1.0, 0.0, 0.0]] * 4)
    uo, un = rng.normal(size=(4, 3)), rng.normal(size=(4, 2, 3))
    uo[:, 0], un[:, :, 0] = (800, -800, 40, -40), ((-800, 800), (800, 3000), (-40, 40), (750, -3000))
    loss, *grads = unpack(student.run(under_watch, "sgns_loss_grad", vc, uo, un), 4, what="sgns_loss_grad")
    close(loss, float(loss_of(vc, uo, un)), what="the loss of large products")
    for grad, expected, name in zip(grads, gradients_of([vc, uo, un]), ("dvc", "duo", "dun"), strict=True):
        close(grad, expected, atol=1e-11, what=f"{name} with large products")
    quiet = np.array([[-3.0, 0.0]]), np.array([[-12.0, 1.0]]), np.array([[[13.0, 2.0]]])  # products 36 and -39
    loss, *_ = unpack(student.sgns_loss_grad(*quiet), 4, what="sgns_loss_grad")
    close(loss, float(np.log1p(np.exp(-36.0)) + np.log1p(np.exp(-39.0))), rtol=1e-6, atol=1e-20, what="a tiny loss")


@pytest.mark.points(
    0.4,
    hint="Pairs said twice change no mean; the order of the negative samples does not matter; text survives.",
)
def test_laws_of_words_and_pairs(student, rng):
    vc, uo, un = draw(rng, 4, 3, 5)
    loss, dvc, *_ = unpack(student.sgns_loss_grad(vc, uo, un), 4, what="sgns_loss_grad")
    loss, dvc = number(loss, what="the loss"), array(dvc, shape=(4, 5), what="dvc")
    twice = [np.concatenate([x, x]) for x in (vc, uo, un)]
    for args, scale, what in (((vc, uo, un[:, ::-1]), 1, "negatives in another order"), (twice, 2, "pairs said twice")):
        other, d_other, *_ = unpack(student.sgns_loss_grad(*args), 4, what="sgns_loss_grad")
        close(other, loss, what=f"the loss with {what}")
        d_other = array(d_other, shape=(len(args[0]), 5), dtype="float", what="dvc")
        close(d_other[:4], dvc / scale, atol=1e-11, what=f"dvc with {what}")
    require(loss > 0 and float(np.abs(dvc).max()) > 1e-6, "the loss is not positive, or dvc is 0")
    text = [str(word) for word in rng.choice(WORDS, size=25)]
    vocab = student.build_vocab(text, 1, ["<unk>"])
    require(type(vocab) is dict, "build_vocab must return a dict")
    same(student.decode(student.encode(text, vocab), vocab), text, what="a text that was encoded and decoded")
