"""Public checks of q1. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q1: {', '.join(absent)} not defined; run the cell of q1 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the vocabulary of one sentence, there and back", points=0)
def test_vocabulary(build_vocab, encode, decode):
    """the vocabulary of one sentence, there and back"""
    defined(locals())
    tokens = "the cat sees the dog and the dog sees a bird".split()
    vocab = build_vocab(tokens, 2, ["<pad>", "<unk>"])
    expected = {"<pad>": 0, "<unk>": 1, "the": 2, "dog": 3, "sees": 4}
    assert vocab == expected, f"3 x the, 2 x dog, 2 x sees: {expected}; yours is {vocab}"
    ids = encode(["the", "bird", "sees"], vocab)
    assert list(ids) == [2, 1, 4], f"the bird sees is 2 1 4 (bird is unknown), yours is {ids}"
    assert list(decode([3, 1, 0], vocab)) == ["dog", "<unk>", "<pad>"], f"yours is {decode([3, 1, 0], vocab)}"


@test_case(name="the pairs of three words with window 1", points=0)
def test_skipgram_pairs_of_three_words(skipgram_pairs):
    """the pairs of three words with window 1"""
    defined(locals())
    yours = [tuple(pair) for pair in skipgram_pairs([5, 6, 7], 1)]
    assert yours == [(5, 6), (6, 5), (6, 7), (7, 6)], f"(5, 6), (6, 5), (6, 7), (7, 6); yours are {yours}"


@test_case(name="the noise distribution of the counts 16, 81, 0", points=0)
def test_noise(noise_distribution):
    """the noise distribution of the counts 16, 81, 0"""
    defined(locals())
    yours = noise_distribution(np.array([16, 81, 0]))
    assert near(yours, [8 / 35, 27 / 35, 0]), f"16^0.75 = 8 and 81^0.75 = 27: (8, 27, 0) / 35, yours is {yours}"


@test_case(name="loss and a gradient of the example on paper", points=0)
def test_negative_sampling(sgns_loss_grad):
    """loss and a gradient of the example on paper"""
    defined(locals())
    vc, uo = np.array([[1.0, 0.0]]), np.array([[np.log(3), 5.0]])
    un = np.array([[[0.0, 7.0], [-np.log(3), 2.0]]])
    loss, dvc, duo, dun = sgns_loss_grad(vc, uo, un)
    assert near(loss, 1.268511), f"2 ln 4/3 + ln 2 = 1.268511, yours is {loss}"
    assert near(duo, [[-0.25, 0]]), f"the gradient for the context is (-1/4, 0), yours is {duo}"
    assert near(dun, [[[0.5, 0], [0.25, 0]]]), f"those for the negatives are (1/2, 0) and (1/4, 0), yours are {dun}"
    assert np.shape(dvc) == (1, 2), f"the gradient for the centre has shape (1, 2), yours {np.shape(dvc)}"


@test_case(name="the GloVe loss of a table with one pair", points=0)
def test_glove(glove_loss):
    """the GloVe loss of a table with one pair"""
    defined(locals())
    one, zero = np.array([[1.0], [2.0]]), np.zeros(2)
    yours = glove_loss(one, one, zero, zero, np.array([[0.0, 16.0], [0.0, 0.0]]), xmax=81.0)
    expected = 8 / 27 * (2 - np.log(16)) ** 2
    assert near(yours, expected), f"(16/81)^0.75 (1 * 2 - ln 16)^2 = {expected:.6f}, yours is {yours}"


@test_case(name="the pieces of 'where' with three letters", points=0)
def test_pieces_of_where(fasttext_ngrams):
    """the pieces of 'where' with three letters"""
    defined(locals())
    expected = ["<wh", "whe", "her", "ere", "re>", "<where>"]
    yours = fasttext_ngrams("where", 3, 3)
    assert sorted(yours) == sorted(expected), f"expected {expected} in any order, yours are {yours}"
