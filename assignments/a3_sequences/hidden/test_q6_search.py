"""Question 6: cross-entropy with padding, perplexity, beam search.

The expected loss is a sum over single words; the expected sentences come from a search of our own over the same table
of probabilities, and from looking at all sentences.
"""

import itertools
import math

import numpy as np
import pytest
import torch

from grader.testing import array, close, formed, integers, number, require, same, unpack

pytestmark = pytest.mark.question("q6")

READY_MADE = (
    "torch.nn.functional.cross_entropy",
    "torch.nn.functional.nll_loss",
    "torch.nn.CrossEntropyLoss",
    "torch.nn.NLLLoss",
    "aten::nll_loss*",
    "aten::cross_entropy_loss*",
)
GEOMETRIES = [(3, 5, 4), (4, 3, 6), (3, 3, 3), (1, 4, 2), (2, 1, 5), (1, 1, 4)]  # B, T, V
BOS, EOS = 0, 1


def draw(rng, B, T, V, pad_id):
    """Logits and targets of rows with different numbers of words, at least one word in all."""
    targets = rng.integers(0, V, size=(B, T))
    targets[targets == pad_id] = (pad_id + 1) % V
    for b in range(1, B):
        targets[b, rng.integers(1, T + 1) if b > 1 else 1 :] = pad_id
    if B > 2 and T > 2:
        targets[2, 0] = pad_id  # padding may also stand in front
    return torch.tensor(rng.normal(scale=2.0, size=(B, T, V))), torch.tensor(targets)


def loss_of(logits, targets, pad_id, smoothing=0.0):
    """(loss, gradient) word by word."""
    logits, targets = logits.double().numpy(), targets.numpy()
    gradient, total = np.zeros(logits.shape), 0.0
    words = [place for place in np.ndindex(targets.shape) if targets[place] != pad_id]
    for place in words:
        z = logits[place] - logits[place].max()
        log_p = z - np.log(np.exp(z).sum())
        q = np.full(len(z), smoothing / len(z))
        q[targets[place]] += 1 - smoothing
        total -= float(q @ log_p) / len(words)
        gradient[place] = (np.exp(log_p) - q) / len(words)
    return total, gradient


def scalar(value, what="the loss"):
    """A tensor without axes; everything else fails the check."""
    require(isinstance(value, torch.Tensor), f"{what} must be a tensor without axes")
    array(value, shape=(), dtype="float", what=what)
    return value


def slopes(nb, logits, targets, pad_id, smoothing):
    """The loss, whether it has a graph, and the gradient of the logits."""
    logits = logits.clone().requires_grad_()
    loss = nb.masked_cross_entropy(logits, targets, pad_id, label_smoothing=smoothing)
    has_graph = bool(loss.requires_grad)
    (3.0 * loss).backward()
    return loss.detach(), has_graph, logits.grad


@pytest.mark.points(
    0.6,
    hint="The loss is a tensor without axes in the dtype of the logits, perplexity and score are numbers, tokens are a "
    "list of ints; nothing that is passed may change.",
)
def test_losses_and_sentences_follow_the_table_and_nothing_is_changed(student, rng):
    logits, targets = draw(rng, 3, 5, 4, 2)
    for dtype in (torch.float32, torch.float64):
        with student.pure():
            loss = scalar(student.masked_cross_entropy(logits.to(dtype), targets, 2))
            smooth = scalar(student.masked_cross_entropy(logits.to(dtype), targets, 2, label_smoothing=0.3))
        for value in (loss, smooth):
            array(value, shape=(), dtype=dtype, what="the loss")
        expected = torch.tensor(loss_of(logits, targets, 2)[0], dtype=dtype)
        close(loss, expected, what="the loss")
    number(student.perplexity(12.0, 5), what="perplexity")
    with student.pure():
        tokens, score, _ = unpack(student.run(search, table_for(rng, 4, 4), BOS, EOS, 2, 4), 3)
    number(score, what="the score")
    found = integers(tokens, what="the list of tokens")
    require(len(found) > 1 and found[0] == BOS, "the tokens are bos and at least one more")


@pytest.mark.points(
    1.1,
    hint="Add up the losses of the words that are there, and divide by how many there are: pad_id says which are not.",
)
def test_loss_is_the_mean_over_words(student, rng):
    for B, T, V in GEOMETRIES:
        for pad_id in (0, V - 1):
            logits, targets = draw(rng, B, T, V, pad_id)
            with student.forbids(*READY_MADE):
                loss = scalar(student.masked_cross_entropy(logits, targets, pad_id))
            n = int((targets != pad_id).sum())
            sizes = {"the number of positions per word": B * T / n, "the number of words": n}
            sizes = {name: size for name, size in sizes.items() if size > 1}
            expected = torch.tensor(loss_of(logits, targets, pad_id)[0], dtype=torch.float64)
            close(loss, expected, what=f"the loss of ({B}, {T}, {V}) logits", factors=sizes)


@pytest.mark.points(
    0.7, hint="The target gives 1 - eps to the word plus eps / V to each of the V words, itself included."
)
def test_smoothed_loss(student, rng):
    for B, T, V in GEOMETRIES:
        logits, targets = draw(rng, B, T, V, 1)
        for smoothing in (float(rng.uniform(0.05, 0.3)), 0.6):
            with student.forbids(*READY_MADE):
                loss = scalar(student.masked_cross_entropy(logits, targets, 1, label_smoothing=smoothing))
            expected = torch.tensor(loss_of(logits, targets, 1, smoothing)[0], dtype=torch.float64)
            close(loss, expected, what=f"the loss of ({B}, {T}, {V}) logits, smoothed")


@pytest.mark.points(
    0.9,
    hint="At padding the gradient is exactly 0, elsewhere (p - q) over the number of words. Without words it is 0.",
)
def test_loss_gradient_and_no_words_at_all(student, rng):
    for B, T, V in GEOMETRIES[:3]:
        for pad_id, smoothing in ((0, 0.0), (V - 1, 0.2)):
            logits, targets = draw(rng, B, T, V, pad_id)
            loss, _, gradient = unpack(student.run(slopes, logits, targets, pad_id, smoothing), 3)
            value, expected = loss_of(logits, targets, pad_id, smoothing)
            close(scalar(loss), torch.tensor(value, dtype=torch.float64), what="the loss")
            close(gradient, torch.tensor(3.0 * expected), atol=1e-11, what="the gradient of 3 times the loss")
            at_pads = array(gradient, shape=(B, T, V), what="the gradient")[targets.numpy() == pad_id]
            same(bool((at_pads == 0.0).all()), True, what="whether the gradient is exactly 0 at padding")
    logits = torch.tensor(rng.normal(size=(2, 3, 4)))
    answer = unpack(student.run(slopes, logits, torch.full((2, 3), 3), 3, 0.1), 3)
    close(scalar(answer[0]), torch.tensor(0.0, dtype=torch.float64), what="the loss of nothing but padding")
    same(answer[1], True, what="whether the loss of nothing but padding has a graph")
    close(answer[2], torch.zeros(2, 3, 4, dtype=torch.float64), what="the gradient of nothing but padding")


@pytest.mark.points(
    0.4,
    hint="log_softmax knows how to take a logarithm of a softmax; what stands at padding never matters.",
)
def test_loss_of_large_logits(student, rng):
    logits, targets = draw(rng, 3, 5, 4, 2)
    logits = logits + torch.tensor([1e4, -1e4, 0.0], dtype=torch.float64)[:, None, None]
    logits[0, 0, 3] -= 2e4
    targets[0, 0] = 3  # the true word is far behind
    loss, _, gradient = unpack(student.run(slopes, logits, targets, 2, 0.0), 3)
    value, expected = loss_of(logits, targets, 2)
    close(scalar(loss), torch.tensor(value, dtype=torch.float64), rtol=1e-8, what="the loss of large logits")
    close(gradient, torch.tensor(3.0 * expected), rtol=1e-7, atol=1e-9, what="the gradient of large logits")
    other = torch.where((targets == 2)[..., None], 1e4 * torch.tensor(rng.normal(size=logits.shape)), logits)
    with_other = scalar(student.masked_cross_entropy(other, targets, 2))
    close(with_other, torch.tensor(value, dtype=torch.float64), rtol=1e-8, what="the loss with other logits at padding")


@pytest.mark.points(0.3, hint="The exponential of the mean loss, base e, after dividing by the number of tokens.")
def test_perplexity_of_a_total(student, rng):
    for n in (1, 7, 400):
        mean = float(rng.uniform(0.5, 4.0))
        close(student.perplexity(mean * n, n), float(np.exp(mean)), what=f"the perplexity of {n} tokens")
    close(student.perplexity(4200.0, 7), float(np.exp(600.0)), what="the perplexity of a model that is very wrong")
    close(student.perplexity(0.0, 3), 1.0, what="the perplexity of a sure model")


# ------------------------------------------------------------------------------------------------ beam search


def table_for(rng, V, max_len, end=0.0, forbidden=0.0):
    """Log-probabilities by length of the prefix, its last two tokens, and the next one; bos never comes again."""
    scores = rng.normal(scale=1.5, size=(max_len + 2, V, V, V))
    scores[..., EOS] += end
    scores[..., 2:][rng.random(scores[..., 2:].shape) < forbidden] = -np.inf
    scores[..., BOS] = -np.inf
    return torch.tensor(scores).log_softmax(dim=-1)


def after(table, prefix):
    return table[min(len(prefix), len(table)) - 1, prefix[-1], prefix[-2] if len(prefix) > 1 else 0]


def search(nb, table, bos, eos, *args, turn=0, **kwargs):
    """Tokens, score, and all prefixes that were asked for; the notebook's names for the tokens are ours plus `turn`."""
    asked, V = [], table.shape[-1]

    def step(prefixes):
        asked.append([[(int(token) - turn) % V for token in prefix] for prefix in prefixes])
        rows = [table[min(len(p), len(table)) - 1, int(p[-1]), int(p[-2]) if len(p) > 1 else 0] for p in asked[-1]]
        return torch.stack(rows).roll(turn, dims=-1)

    tokens, score = nb.beam_search(step, (bos + turn) % V, (eos + turn) % V, *args, **kwargs)
    return [(int(token) - turn) % V for token in tokens] if turn else list(tokens), score, asked


def best_of_beam(table, beam, max_len, alpha=0.0):
    """(tokens, score) of the search that the question describes."""
    alive, done = {(BOS,): 0.0}, {}
    for _ in range(max_len):
        grown = {}
        for prefix, total in alive.items():
            for word, log_p in enumerate(after(table, prefix).tolist()):
                if log_p != -math.inf:
                    grown[(*prefix, word)] = total + log_p
        kept = dict(sorted(grown.items(), key=lambda entry: -entry[1])[:beam])
        done.update((prefix, total) for prefix, total in kept.items() if prefix[-1] == EOS)
        alive = {prefix: total for prefix, total in kept.items() if prefix[-1] != EOS}
    scores = {prefix: total / (len(prefix) - 1) ** alpha for prefix, total in (done | alive).items()}
    best = max(scores, key=scores.__getitem__)
    return list(best), scores[best]


def judge_search(student, table, beam, max_len, alpha=0.0):
    tokens, score, asked = unpack(
        student.run(search, table, BOS, EOS, beam, max_len, alpha=alpha, turn=(beam + max_len) % 3), 3
    )
    expected, best = best_of_beam(table, beam, max_len, alpha)
    what = f"with beam {beam}, max_len {max_len}, alpha {alpha:.2f}"
    same(tokens, expected, what=f"the tokens {what}")
    close(score, best, rtol=1e-5, atol=1e-7, what=f"the score {what}")
    return asked


@pytest.mark.points(
    0.8,
    hint="Each round: all continuations of all beginnings that are alive, the `beam` best of them. Finished ones are "
    "set aside and still can win; max_len counts tokens after bos.",
)
def test_beam_search_finds_what_its_width_allows(student, rng):
    for V, max_len, end in ((5, 4, 0.0), (4, 6, 1.0), (6, 5, -1.0), (4, 3, -3.0)):
        for beam in (2, 3):
            for forbidden in (0.0, 0.3):
                asked = judge_search(student, table_for(rng, V, max_len, end, forbidden), beam, max_len)
                formed(asked, [[[int]]], what="what step was called with")
                prefixes = [prefix for call in asked for prefix in call]
                require(all(EOS not in prefix for prefix in prefixes), "a finished sentence was extended")
                require(all(len(call) <= beam for call in asked), "more than `beam` beginnings were alive")
    judge_search(student, table_for(rng, 4, 1), 3, 1)
    # a short sentence ends at once; the best one is third in the next round, and needs all three places
    # no two sums are equal here or below: which of equal ones is kept is free
    table = torch.tensor(rng.uniform(0.2, 0.3, size=(5, 5, 5, 5)))
    table[..., 0] = 0.0
    table[0, 0, 0] = torch.tensor([0.0, 0.10, 0.46, 0.44, 0.0])
    table[1, 2, 0] = torch.tensor([0.0, 0.0, 0.40, 0.31, 0.29])
    table[1, 3, 0] = torch.tensor([0.0, 0.0, 0.45, 0.28, 0.27])
    table[2, 3, 2] = torch.tensor([0.0, 1.0, 0.0, 0.0, 0.0])
    judge_search(student, table.log(), 3, 4)
    # one way in, two ways on: there are fewer possible beginnings than places
    table = torch.zeros(6, 4, 4, 4, dtype=torch.float64)
    part = torch.tensor(rng.uniform(0.3, 0.7, size=(2, 5, 4)))
    either = torch.stack([part, 1 - part], dim=-1)
    table[0, 0, 0, 2], table[1:, 2, :, 2:], table[1:, 3, :, 1:3] = 1.0, either[0], either[1]
    asked = formed(judge_search(student, table.log(), 3, 4), [[[int]]], what="what step was called with")
    possible = all(
        table[t - 1, p[t - 1], p[t - 2] if t > 1 else 0, p[t]] > 0 for q in asked for p in q for t in range(1, len(p))
    )
    require(possible, "an impossible beginning was kept: a word with log-probability -inf is no continuation")


@pytest.mark.points(
    0.7,
    hint="score = log-probability / len^alpha, once, at the end, finished or not; len leaves out bos.",
)
def test_beam_search_weighs_length(student, rng):
    for n in range(12):
        V, max_len = (4, 5) if n % 2 else (5, 6)
        table, alpha = table_for(rng, V, max_len, end=0.5), float(rng.uniform(0.4, 1.5))
        judge_search(student, table, 3, max_len, alpha)
    # short and sure, or long: bos -> (end | a), a -> a ... with a table that is the same at every length
    for alpha in (0.0, 1.0, 2.0):
        table = torch.full((7, 3, 3, 3), -math.inf, dtype=torch.float64)
        table[0, 0, 0] = torch.tensor([-math.inf, math.log(0.45), math.log(0.55)])
        table[1:, 2, :, 1:] = torch.tensor([math.log(0.3), math.log(0.7)])
        judge_search(student, table, 2, 5, alpha)
    # bos is a word like others: when it comes again it is kept, and counted
    table = torch.full((5, 3, 3, 3), 1 / 3, dtype=torch.float64)
    table[0, 0, 0] = torch.tensor([0.75, 0.05, 0.2])
    table[1, 0, 0] = torch.tensor([0.04, 0.86, 0.1])
    table[1, 2, 0] = torch.tensor([0.25, 0.4, 0.35])
    for alpha in (0.0, 1.0):
        judge_search(student, table.log(), 2, 2, alpha)


@pytest.mark.points(
    0.5, hint="A beam of 1 is greedy search; a beam wider than the tree looks at every sentence and finds the best one."
)
def test_beams_of_one_and_of_all(student, rng):
    V, max_len = 4, 5
    for end in (0.0, 0.8, -1.5):
        table = table_for(rng, V, max_len, end)
        tokens, total = [BOS], 0.0
        while len(tokens) <= max_len and tokens[-1] != EOS:
            row = after(table, tokens)
            total += float(row.max())
            tokens.append(int(row.argmax()))
        found, score, _ = unpack(student.run(search, table, BOS, EOS, 1, max_len, turn=2), 3)
        same(found, tokens, what="the tokens with beam 1")
        close(score, total, rtol=1e-5, atol=1e-7, what="the score with beam 1")
        sentences = {}
        for length in range(1, max_len + 1):
            for words in itertools.product(range(2, V), repeat=length - 1):
                for last in range(1, V) if length == max_len else (EOS,):
                    sentence = [BOS, *words, last]
                    steps = [float(after(table, sentence[:t])[sentence[t]]) for t in range(1, length + 1)]
                    sentences[tuple(sentence)] = sum(steps)
        best = max(sentences, key=sentences.__getitem__)
        found, score, _ = unpack(student.run(search, table, BOS, EOS, 500, max_len), 3)
        same(found, list(best), what="the tokens with a beam wider than the tree")
        close(score, sentences[best], rtol=1e-5, atol=1e-7, what="the score with a beam wider than the tree")
