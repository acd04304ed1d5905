"""Question 12: masked tokens, sentence pairs, their loss and their layout. Bands are six standard errors wide."""

import itertools

import numpy as np
import pytest
import torch

from grader.testing import array, close, integers, number, require, same, unpack

pytestmark = pytest.mark.question("q12")

VOCABULARY, SPECIAL, MASK = 120, frozenset({0, 1, 2, 3, 57}), 3  # a special token in the middle of the words too
WORDS = [t for t in range(VOCABULARY) if t not in SPECIAL]
ROWS, LENGTH = 400, 100
ORDINARY = LENGTH - 4  # words in a row: cls, sep, token 57 and one of padding besides


def near(share, p, n, text):
    """Whether a share of n independent trials is within six standard errors of p."""
    require(abs(share - p) <= 6.0 * np.sqrt(p * (1.0 - p) / n), text)


def text(rng, rows=ROWS):
    """Rows cls, words, sep, padding, with the special token 57 among the words."""
    ids = rng.choice(WORDS, size=(rows, LENGTH))
    ids[:, 0], ids[:, 40], ids[:, -2], ids[:, -1] = 1, 57, 2, 0
    return torch.tensor(ids)


def hidden(student, rng, ids, p, special=SPECIAL, mask=MASK, vocabulary=VOCABULARY):
    """inputs, labels and where something was selected; checked for their kind, and labels for what they say."""
    generator = student.generator(int(rng.integers(1 << 30)))
    answer = student.mlm_mask(ids, set(special), mask, vocabulary, p, generator)
    inputs, labels = unpack(answer, 2, what="mlm_mask")
    shape = tuple(ids.shape)
    inputs = array(inputs, shape=shape, dtype=torch.int64, what="inputs")
    labels = array(labels, shape=shape, dtype=torch.int64, what="labels")
    selected = labels != -100
    original = ids.numpy()
    require(bool((labels == original)[selected].all()), "a label is not the token that stood there")
    require(bool((inputs == original)[~selected].all()), "inputs differ from ids where no label stands")
    return inputs, labels, selected


def book(rng, documents, longest, shortest=2):
    """Documents of `shortest` to `longest` sentences, all different; for each sentence its document and place."""
    docs, where = [], {}
    for i in range(documents):
        doc = []
        for k in range(int(rng.integers(shortest, longest + 1))):
            sentence = [len(where), *rng.integers(1000, 2000, size=int(rng.integers(0, 4))).tolist()]
            where[tuple(sentence)] = i, k
            doc.append(sentence)
        docs.append(doc)
    return docs, where


def pairs_of(student, docs, where, seed):
    """The student's pairs as (document, place of a, document of b, place of b, label), judged for their kind."""
    answer = student.nsp_pairs(docs, student.generator(seed))
    expected = [(i, k) for i, doc in enumerate(docs) for k in range(len(doc) - 1)]
    found = []
    for entry in unpack(answer, len(expected), what="nsp_pairs, one pair for each sentence with a successor,"):
        a, b, label = unpack(entry, 3, what="a pair")
        label = number(label, what="a label")
        places = [where.get(tuple(integers(x, what="a sentence of a pair"))) for x in (a, b)]
        require(None not in places, "a pair holds something that is no sentence of the documents")
        require(label in (0.0, 1.0), "a label is neither 0 nor 1")
        found.append((*places[0], *places[1], int(label)))
    require([pair[:2] for pair in found] == expected, "the first sentences are not all that have a successor, in order")
    return found


def packed(a, b, cls, sep, pad, max_len):
    """ids, segments and mask, by taking tokens away one by one."""
    a, b = list(a), list(b)
    while len(a) + len(b) + 3 > max_len:
        longer = a if len(a) > len(b) else b
        longer.pop()
    ids, segments = [cls, *a, sep], [0] * (len(a) + 2)
    ids, segments = ids + [*b, sep], segments + [1] * (len(b) + 1)
    rest = max_len - len(ids)
    return {
        "ids": torch.tensor(ids + [pad] * rest),
        "segments": torch.tensor(segments + [0] * rest),
        "mask": torch.tensor([True] * len(ids) + [False] * rest),
    }


def loss_of(logits, labels):
    """Mean negative log-probability of the labels that are there."""
    seen = labels != -100
    chosen = logits[seen]
    top = chosen.max(dim=1, keepdim=True).values
    log_sum = torch.log(torch.exp(chosen - top).sum(dim=1)) + top[:, 0]
    return (log_sum - chosen[torch.arange(len(chosen)), labels[seen]]).mean()


def draw_loss(rng, B, T, V):
    logits, labels = torch.tensor(rng.normal(size=(B, T, V))), torch.tensor(rng.integers(0, V, size=(B, T)))
    labels[torch.tensor(rng.random(size=(B, T)) < 0.6)] = -100
    labels[0, 0] = V - 1
    return logits, labels


@pytest.mark.points(
    0.5,
    hint="inputs and labels are int64, the loss has the dtype of the logits, pack_pair gives tensors; ids, the "
    "set, documents and sentences stay as they are, and only the generator is random.",
)
def test_masking_pairs_and_layout_follow_the_table_and_arguments_stay(student, rng):
    with student.pure():
        hidden(student, rng, text(rng, 3), 0.3)
        for dtype in (torch.float32, torch.float64):
            logits, labels = draw_loss(rng, 2, 5, 7)
            loss = student.mlm_loss(logits.to(dtype), labels)
            array(loss, shape=(), dtype=dtype, what="mlm_loss")
        docs, where = book(rng, 4, 3)
        pairs_of(student, docs, where, int(rng.integers(1 << 30)))
        answer = student.pack_pair([7, 8, 9], [5, 6], 1, 2, 0, 10)
        require(type(answer) is dict and answer.keys() == {"ids", "segments", "mask"}, "ids, segments, mask in a dict")
        for name, dtype in (("ids", torch.int64), ("segments", torch.int64), ("mask", torch.bool)):
            array(answer[name], shape=(10,), dtype=dtype, what=name)


@pytest.mark.points(
    0.65,
    hint="Of the selected tokens 80 % become mask_id, 10 % a random word, 10 % stay: three intervals of one uniform "
    "number. Labels stand at all of them.",
)
def test_shares_of_masked_random_and_kept_tokens(student, rng):
    for p in (0.15, 0.4):
        ids = text(rng)
        inputs, _, selected = hidden(student, rng, ids, p)
        near(selected.sum() / (ROWS * ORDINARY), p, ROWS * ORDINARY, "another share than p of the words is selected")
        n, mine, original = int(selected.sum()), inputs[selected], ids.numpy()[selected]
        masked, kept = mine == MASK, mine == original
        near(masked.mean(), 0.8, n, "another share than 80 % of the selected tokens is masked")
        near(kept.mean(), 0.1, n, "another share than 10 % of the selected tokens is kept")
        drawn = mine[~masked & ~kept]
        near(len(drawn) / n, 0.1, n, "another share than 10 % of the selected tokens is random")
        shares = np.bincount(drawn, minlength=VOCABULARY)[WORDS] / len(drawn)
        even = 1.0 / len(WORDS)
        band = 6.0 * np.sqrt(even / len(drawn)) + even
        require(float(np.abs(shares - even).max()) <= band, "some words are drawn far more often than others")
        require(len(set(drawn.tolist())) > len(WORDS) // 2, "only a few different words are drawn")


@pytest.mark.points(
    0.35, hint="cls a sep b sep, then padding. Segment 1 begins behind the first sep and ends with the second."
)
def test_layout_of_a_pair(student, rng):
    for n, m, max_len in ((3, 2, 12), (1, 4, 8), (4, 4, 11), (0, 3, 9), (2, 0, 7), (3, 3, 10)):
        a, b = rng.integers(10, 50, size=n).tolist(), rng.integers(10, 50, size=m).tolist()
        cls, sep, pad = rng.permutation(9)[:3].tolist()
        with student.pure():
            answer = student.pack_pair(a, b, cls, sep, pad, max_len)
        same(answer, packed(a, b, cls, sep, pad, max_len), what="pack_pair")


@pytest.mark.points(0.35, hint="The mean over the selected tokens alone; -100 is no class.")
def test_loss_is_the_mean_over_selected_tokens(student, rng):
    for B, T, V in ((3, 5, 7), (1, 1, 4), (4, 4, 4), (2, 6, 3)):
        logits, labels = draw_loss(rng, B, T, V)
        factors = {"the share of selected tokens": float((labels != -100).double().mean())}
        close(student.mlm_loss(logits, labels), loss_of(logits, labels), what="mlm_loss", factors=factors)
    logits, labels = draw_loss(rng, 2, 5, 6)
    close(student.mlm_loss(logits, labels.clamp(min=0)), loss_of(logits, labels.clamp(min=0)), what="mlm_loss of all")
    other = torch.where((labels == -100)[..., None], torch.tensor(rng.normal(size=(2, 5, 6))), logits)
    close(student.mlm_loss(other, labels), loss_of(logits, labels), what="mlm_loss with other logits elsewhere")


@pytest.mark.points(
    0.4,
    hint="Label 1: b is the next sentence. Label 0: b is a sentence of another document, never of the same. The last "
    "sentence of a document has no successor and begins no pair.",
)
def test_sentence_pairs(student, rng):
    right, total, alike = 0, 0, []
    for documents, longest in ((100, 6), (100, 6), (2, 40), (3, 9), (2, 40)):
        docs, where = book(rng, documents, longest)
        pairs = pairs_of(student, docs, where, int(rng.integers(1 << 30)))
        for doc, place, other, position, label in pairs:
            if label:
                require((other, position) == (doc, place + 1), "label 1, but b is not the sentence after a")
            else:
                require(other != doc, "label 0, but b is of the document of a")
        right, total = right + sum(pair[-1] for pair in pairs), total + len(pairs)
        alike += [one[-1] == two[-1] for one, two in itertools.pairwise(pairs)]
        if documents == 100:
            drawn = [(pair[2], pair[3]) for pair in pairs if not pair[-1]]
            require(len(drawn) > 0, "all pairs have the label 1")
            require(len({other for other, _ in drawn}) > 30, "the other sentences come from a few documents only")
            require(len(set(drawn)) > len(drawn) // 2, "the other sentences are a few of the documents' sentences")
            require(len({position for _, position in drawn}) > 1, "the other sentences are all from one place")
            ends = [(position == 0, position == len(docs[other]) - 1) for other, position in drawn]
            require(any(first for first, _ in ends), "no other sentence is the first of its document")
            require(any(last for _, last in ends), "no other sentence is the last of its document")
            steps = {(pair[2] - pair[0]) % documents for pair in pairs if not pair[-1]}
            require(len(steps) > 30, "the other document is always at the same distance, or nearly")
    docs, where = book(rng, 4, 120, shortest=120)
    pairs = pairs_of(student, docs, where, int(rng.integers(1 << 30)))
    met = {(pair[0], pair[2]) for pair in pairs if not pair[-1]}
    require(len(met) == 12, "in four long documents one never meets another: each is drawn for each")  # luck: 1e-8
    near(right / total, 0.5, total, "the labels 0 and 1 are not equally likely")
    near(np.mean(alike), 0.5, len(alike), "a label depends on the one before it: each pair has a coin of its own")


def gradient(nb, logits, labels):
    logits = logits.clone().requires_grad_()
    loss = nb.mlm_loss(logits, labels)
    loss.backward()
    return loss, logits.grad


@pytest.mark.points(
    1.25,
    hint="The gradient of the mean: (softmax - one-hot) / number of selected tokens where a label stands, exactly 0 "
    "elsewhere.",
)
def test_gradient_of_the_masked_loss(student, rng):
    for B, T, V in ((3, 5, 7), (4, 4, 4), (1, 2, 3)):
        logits, labels = draw_loss(rng, B, T, V)
        loss, mine = unpack(student.run(gradient, logits, labels), 2)
        leaf = logits.clone().requires_grad_()
        (expected,) = torch.autograd.grad(loss_of(leaf, labels), leaf)
        close(loss, loss_of(logits, labels), what="mlm_loss")
        factors = {"the share of selected tokens": float((labels != -100).double().mean())}
        close(mine, expected, what="the gradient of the logits", factors=factors)
        elsewhere = array(mine, shape=(B, T, V))[labels.numpy() == -100]
        require(not elsewhere.any(), "logits at places without a label have a gradient")


@pytest.mark.points(
    0.4,
    hint="A special token is neither selected nor drawn, wherever its number lies, and mask_id is not drawn even if it "
    "is not in special_ids. p may be 0 or 1.",
)
def test_special_tokens_and_extreme_chances(student, rng):
    ids = text(rng, 40)
    _, _, selected = hidden(student, rng, ids, 0.0)
    require(not selected.any(), "with p = 0 something is selected")
    for special, mask, first, size in (
        ({0, 1, 2, 3}, 3, 0, 12),
        ({4, 6}, 9, 4, 12),
        (set(), 11, 6, 12),
        (set(), 2, 0, 3),
    ):
        words = set(range(size)) - special - {mask}
        low = torch.tensor(rng.integers(first, size, size=(300, 80)))
        low[low == mask] = mask - 1
        inputs, _, selected = hidden(student, rng, low, 1.0, special, mask, size)
        same(selected, ~np.isin(low.numpy(), list(special)), what="where something is selected with p = 1")
        changed = selected & (inputs != low.numpy()) & (inputs != mask)
        drawn = set(inputs[changed].tolist())
        require(drawn <= words, "a special token was drawn, or one outside the vocabulary")
        require(drawn == words, "some ordinary tokens are never drawn")
        n, masked = int(selected.sum()), int((inputs == mask)[selected].sum())
        near(masked / n, 0.8, n, "mask_id stands at another share than 80 %: is it also drawn?")
    masked = torch.tensor(rng.choice([5, 9], size=(20, 30)))
    _, _, selected = hidden(student, rng, masked, 1.0, {4, 6}, 9, 12)
    require(bool(selected.all()), "a mask_id that stands in ids and not in special_ids is not selected with p = 1")
    inputs, labels, selected = hidden(student, rng, torch.full((3, 4), 2), 0.9)
    require(not selected.any(), "in rows of special tokens something is selected")


@pytest.mark.points(
    0.35,
    hint="Cut the longer sentence, token by token, b at equal lengths; cls and both sep stay. Without a label the loss "
    "is 0, not 0/0; logits may be large.",
)
def test_pairs_that_are_too_long_and_losses_without_labels(student, rng):
    for n, m, max_len in ((9, 2, 8), (2, 9, 8), (6, 6, 10), (6, 6, 11), (7, 5, 9), (5, 8, 3), (4, 4, 4), (20, 1, 7)):
        a, b = rng.integers(10, 50, size=n).tolist(), rng.integers(10, 50, size=m).tolist()
        with student.pure():
            answer = student.pack_pair(a, b, 1, 2, 0, max_len)
        same(answer, packed(a, b, 1, 2, 0, max_len), what="pack_pair of a pair that is too long")
    logits, labels = draw_loss(rng, 2, 4, 5)
    loss, slope = unpack(student.run(gradient, logits, torch.full((2, 4), -100)), 2)
    close(loss, torch.tensor(0.0, dtype=torch.float64), what="mlm_loss without labels")
    close(slope, torch.zeros(2, 4, 5, dtype=torch.float64), what="the gradient without labels")
    large = logits + torch.tensor([1e4, -1e4], dtype=torch.float64)[:, None, None]
    close(student.mlm_loss(large, labels), loss_of(logits, labels), rtol=1e-7, what="mlm_loss of large logits")


def totals(nb, ids, special, mask, vocabulary, p, seed, times):
    """How many tokens are selected in each of so many calls with one generator."""
    generator = torch.Generator(ids.device).manual_seed(seed)
    calls = (nb.mlm_mask(ids, set(special), mask, vocabulary, p, generator)[1] for _ in range(times))
    return [int((labels != -100).sum()) for labels in calls]


@pytest.mark.points(
    0.4,
    hint="Every token is selected by a draw of its own: not a row as a whole, not a fixed number in each row or in "
    "all, not the same places in every row.",
)
def test_tokens_are_selected_independently(student, rng):
    p = 0.3
    ids = text(rng)
    _, _, selected = hidden(student, rng, ids, p)
    ordinary = ~np.isin(ids.numpy(), list(SPECIAL))
    in_rows, in_columns = selected.sum(axis=1), selected.sum(axis=0)[ordinary[0]]
    for counts, n in ((in_rows, ORDINARY), (in_columns, ROWS)):
        spread = counts.var(ddof=1) / (n * p * (1.0 - p))
        band = 6.0 * np.sqrt(2.0 / (len(counts) - 1))
        require(spread <= 1.0 + band, "tokens are selected together, by rows or by columns")
        if counts is in_rows:
            require(spread >= 1.0 - band, "the same number of tokens is selected in every row")
    beside = selected[:, 1:] & selected[:, :-1]
    both = (ordinary[:, 1:] & ordinary[:, :-1]).sum()
    near(beside.sum() / both, p * p, both / 2, "neighbours are selected together, or never together")
    times, few = 120, text(rng, 1)
    seed = int(rng.integers(1 << 30))
    counts = integers(student.run(totals, few, sorted(SPECIAL), MASK, VOCABULARY, p, seed, times), what="the totals")
    spread = np.var(counts, ddof=1) / (ORDINARY * p * (1.0 - p))
    require(spread >= 0.2, "nearly the same number of tokens is selected in every call")  # 1 +- 0.13
    require(spread <= 1.0 + 6.0 * np.sqrt(2.0 / (times - 1)), "the number of selected tokens strays too far")


@pytest.mark.points(
    0.35, hint="The same generator gives the same answer, another one another; the global random state is not used."
)
def test_only_the_generator_decides_masks_and_pairs(student, rng):
    ids = text(rng, 20)
    docs, where = book(rng, 20, 5)
    seed, other = rng.integers(1 << 30, size=2).tolist()

    def masked(seed):
        return student.mlm_mask(ids, set(SPECIAL), MASK, VOCABULARY, 0.3, student.generator(seed))

    with student.pure():
        first = [torch.tensor(array(x, shape=(20, LENGTH))) for x in unpack(masked(seed), 2, what="mlm_mask")]
        same(masked(seed), tuple(first), what="mlm_mask with a generator of the same seed")
        third = array(unpack(masked(other), 2, what="mlm_mask")[1], shape=(20, LENGTH))
        require(bool((third != first[1].numpy()).any()), "mlm_mask gives the same for every generator")
        pairs = pairs_of(student, docs, where, seed)
        require(pairs_of(student, docs, where, seed) == pairs, "nsp_pairs changes with a generator of the same seed")
        require(pairs_of(student, docs, where, other) != pairs, "nsp_pairs gives the same for every generator")
        again = student.generator(seed)
        one, two = (
            array(unpack(student.mlm_mask(ids, set(SPECIAL), MASK, VOCABULARY, 0.3, again), 2)[1]) for _ in range(2)
        )
        require(one.shape == two.shape and bool((one != two).any()), "the generator does not move on between two calls")
