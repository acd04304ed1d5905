"""Public checks of q12. They are there to help and give no points."""

import math
import numpy as np
import torch
from otter.test_files import test_case

OK_FORMAT = False

name = "q12"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q12: {', '.join(absent)} not defined; run the cell of q12 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="labels stand where tokens were selected, and nowhere else", points=0)
def test_masking_one_sentence(mlm_mask):
    """labels stand where tokens were selected, and nowhere else"""
    defined(locals())
    ids = torch.tensor([[1, 7, 9, 8, 12, 11, 10, 2, 0, 0]])  # cls, words, sep, padding
    inputs, labels = mlm_mask(ids, {0, 1, 2, 3}, 3, 20, 0.5, torch.Generator().manual_seed(4))
    print(f"ids    {ids[0].tolist()}\ninputs {inputs[0].tolist()}\nlabels {labels[0].tolist()}")
    assert inputs.shape == labels.shape == ids.shape, (
        f"both have the shape of ids, yours: {inputs.shape}, {labels.shape}"
    )
    asked = labels != -100
    assert asked.any(), "half of six words should be selected; here it is none at all"
    assert near(labels[asked], ids[asked].numpy()), "a label is the token that stood there"
    assert near(inputs[~asked], ids[~asked].numpy()), "what is not selected stays"
    assert not asked[0, [0, 7, 8, 9]].any(), "special tokens are never selected"


@test_case(name="of 1000 words about 30 % are selected, of these 80 % are masked and the others random or kept", points=0)
def test_shares_of_masked_words(mlm_mask):
    """of 1000 words about 30 % are selected, of these 80 % are masked and the others random or kept"""
    defined(locals())
    ids = torch.arange(1000).view(10, 100) % 90 + 10
    inputs, labels = mlm_mask(ids, {0, 1, 2, 3}, 3, 100, 0.3, torch.Generator().manual_seed(0))
    asked = labels != -100
    share, masked = float(asked.float().mean()), float((inputs == 3)[asked].float().mean())
    kept = float((inputs == ids)[asked].float().mean())
    assert 0.2 < share < 0.4, f"0.3 of the words should be selected, yours: {share:.2f}"
    assert 0.7 < masked < 0.9, f"0.8 of the selected words become the mask, yours: {masked:.2f}"
    assert 0.03 < kept < 0.2, f"about 0.1 of the selected words stay as they are, yours: {kept:.2f}"


@test_case(name="equal logits cost ln V at every selected position, however many there are", points=0)
def test_loss_of_equal_logits(mlm_loss):
    """equal logits cost ln V at every selected position, however many there are"""
    defined(locals())
    labels = torch.tensor([[-100, 3, -100, 1], [-100, -100, 0, -100]])
    loss = mlm_loss(torch.zeros(2, 4, 5), labels)
    assert near(loss, math.log(5), 1e-5), f"ln 5 = 1.609438, yours is {loss}"


@test_case(name="pairs of two small documents", points=0)
def test_sentence_pairs_of_two_documents(nsp_pairs):
    """pairs of two small documents"""
    defined(locals())
    docs = [[[1], [2], [3]], [[7, 7], [8]]]
    pairs = nsp_pairs(docs, torch.Generator().manual_seed(0))
    assert [list(a) for a, _, _ in pairs] == [[1], [2], [7, 7]], (
        f"sentences with a successor: 1, 2 and 7 7; yours: {pairs}"
    )
    for a, b, label in pairs:
        here = docs[0] if a in docs[0] else docs[1]
        there = docs[1] if a in docs[0] else docs[0]
        right = b == here[here.index(a) + 1] if label else b in there
        assert right, f"({a}, {b}) has the label {label}"


@test_case(name="the pair of the example on paper, cut to seven tokens, and a short one with padding", points=0)
def test_packing_by_hand(pack_pair):
    """the pair of the example on paper, cut to seven tokens, and a short one with padding"""
    defined(locals())
    packed = pack_pair([5, 6, 7, 8], [9, 10], 1, 2, 0, 7)
    assert near(packed["ids"], [1, 5, 6, 2, 9, 10, 2]), f"cls 5 6 sep 9 10 sep, yours: {packed['ids']}"
    assert near(packed["segments"], [0, 0, 0, 0, 1, 1, 1]), f"0 0 0 0 1 1 1, yours: {packed['segments']}"
    packed = pack_pair([5], [9], 1, 2, 0, 7)
    assert near(packed["mask"], [1, 1, 1, 1, 1, 0, 0]), f"five tokens, two of padding; yours: {packed['mask']}"
