"""Question 14: four training outcomes. Every training runs once and serves all its checks; what is known about hidden
data (labels, strings, captions, the language) stays in this process, and every score is computed here.

The reference, several seeds of data and training, one thread:

    a  accuracy          0.996 to 1.000   25 seeds   1.1 CPU s   (forget bias 1 instead of 3: 0.34 to 1.000)
    b  exact match       0.988 to 1.000   14 seeds   2.9 CPU s
    c  gap, in nats     +0.039 to +0.048  14 seeds   2.4 CPU s   (a new language with every seed)
    d  exact captions    0.960 to 0.988   16 seeds   3.0 CPU s   (pictures of 12 x 12)
"""

import numpy as np
import pytest
import torch

from grader.testing import array, best_of_two, bounded, close, first_losses, formed, require, unpack

pytestmark = pytest.mark.question("q14")

TRAINING_S = 90.0
TRIES = 3  # of a training, while the best miss may be bad luck: no wrong program is known to come so near
FIRST_STEPS = 4  # of the trainings whose seeds are looked at
MIXED = 250  # pictures of which two are laid over each other
PAD, BOS, EOS = 0, 1, 2
BUILT_IN = ("torch.nn.RNNBase", "torch.nn.RNNCellBase")
FUSED = ("aten::lstm*", "aten::gru*", "aten::rnn_*", "aten::_thnn_*", "aten::mkldnn_rnn*", "aten::_cudnn_rnn*")


@pytest.fixture(scope="module")
def runs():
    """What the trainings of this examination answered: raw values, or how they failed."""
    return {}


def tensors(*arrays):
    return [torch.as_tensor(values) for values in arrays]


def once(runs, key, train):
    """The answers of the training `key`; train() makes them, and fails once only."""
    if key not in runs:
        try:
            runs[key] = train()
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is raised below, for every check that asks
            runs[key] = fault
    if isinstance(runs[key], Exception):
        raise runs[key]
    return runs[key]


def digests(nb, *values):
    """What stands in these tensors, in short."""
    import hashlib

    return [hashlib.sha256(t.detach().cpu().numpy().tobytes()).hexdigest() for t in values]


def taught(student, name, *data, seed, forbidden=()):
    """What the training returned, something that can be called; and whether it left its data as they were."""
    given = [student.put(values) for values in data]
    before = student.run(digests, *given)
    with student.limit(call_s=TRAINING_S), student.forbids(*forbidden):
        answer = getattr(student, name)(*given, seed)
    require(callable(answer), f"{name} must return something that can be called.")
    return answer, student.run(digests, *given) == before


# ------------------------------------------------------------------------------------------------ a: delayed recall


def recalled(student, rng, runs, datasets, turn=0):
    def train():
        (x, y), (hidden, labels) = datasets.recall(8000, 20, rng), datasets.recall(1000, 20, rng)
        seed = int(rng.integers(1 << 30))
        model, kept = taught(student, "train_recall", *tensors(x, y), seed=seed, forbidden=BUILT_IN)
        (hidden,) = tensors(hidden)
        with student.forbids(*FUSED):
            alone = [model(hidden[i : i + 1]) for i in range(3)]
        return {"kept": kept, "labels": labels, "logits": model(hidden), "alone": alone}

    return once(runs, f"recall {turn}", train)


@pytest.mark.points(
    1.2,
    hint="A gated cell of your own with a forget gate that is open at the start, clipped gradients and a learning rate "
    "of about 0.01 gets it right nearly always, in a few hundred steps.",
)
def test_recall_of_the_marked_symbol(student, rng, runs, datasets):
    def score(turn):
        run = recalled(student, rng, runs, datasets, turn)
        logits = array(run["logits"], shape=(1000, 6), dtype="float", what="the logits")
        return float(np.mean(logits.argmax(axis=1) == run["labels"]))

    # a sound cell may learn nothing once and end at 0.3; a plain recurrence stays below 0.4 however often it is tried
    best_of_two(score, low=0.97, narrow=1.0, tries=TRIES, says="The accuracy on hidden sequences is below 0.97.")


@pytest.mark.points(0.25, hint="The logits of a sequence do not depend on the sequences beside it in the batch.")
def test_recall_of_a_sequence_alone(student, rng, runs, datasets):
    run = recalled(student, rng, runs, datasets)
    logits = array(run["logits"], shape=(1000, 6), dtype="float", what="the logits")
    require(float(np.ptp(logits.argmax(axis=1))) > 0, "All sequences get the same answer.")
    for i, alone in enumerate(run["alone"]):
        alone = array(alone, shape=(1, 6), dtype="float", what="the logits of one sequence")
        close(alone[0], logits[i], rtol=1e-3, atol=1e-3, dtype="any", what="the logits of a sequence alone")


# ------------------------------------------------------------------------------------------------ b: reversed digits


def reversed_(student, rng, runs, datasets, turn=0):
    def train():
        (src, tgt), (hidden, wanted) = datasets.reverse_pairs(12000, rng), datasets.reverse_pairs(500, rng)
        model, kept = taught(student, "train_reverse", *tensors(src, tgt), seed=int(rng.integers(1 << 30)))
        short = hidden[(hidden != PAD).sum(axis=1) <= 6][:40]  # 3 to 5 digits
        digits = rng.integers(3, 13, size=(len(short), 4))
        hidden, short, digits = tensors(hidden, short, digits)
        return {
            "kept": kept,
            "wanted": wanted,
            "text": model.greedy_decode(hidden, BOS, EOS, 9),
            "padded": model(short, digits),
            "bare": model(short[:, :6].contiguous(), digits),
        }

    return once(runs, f"reverse {turn}", train)


@pytest.mark.points(
    1.6,
    hint="The decoder reads shift_right(tgt, BOS) and learns tgt; EOS is learnt like a digit, PAD is not; some hundred "
    "steps with a learning rate that falls at the end.",
)
def test_strings_are_written_backwards(student, rng, runs, datasets):
    def score(turn):
        run = reversed_(student, rng, runs, datasets, turn)
        text = array(run["text"], shape=(500, None), dtype="int", what="greedy_decode")
        require(
            1 <= text.shape[1] <= 10 and bool((text[:, 0] == BOS).all()), "The texts must be BOS and 1 to 9 tokens."
        )
        written = np.full((500, 9), PAD)
        written[:, : text.shape[1] - 1] = text[:, 1:]
        return float(np.mean((written == run["wanted"]).all(axis=1)))

    best_of_two(
        score, low=0.95, narrow=0.25, tries=TRIES, says="Fewer than 95 % of the hidden strings are reversed exactly."
    )


@pytest.mark.points(
    0.35,
    hint="Source padding is masked in the encoder and in cross-attention: how much of it there is changes nothing.",
)
def test_padding_of_the_source_changes_nothing(student, rng, runs, datasets):
    run = reversed_(student, rng, runs, datasets)
    padded = array(run["padded"], shape=(None, 4, 13), dtype="float", what="the logits")
    bare = array(run["bare"], shape=padded.shape, dtype="float", what="the logits")
    require(float(np.abs(padded).max()) > 0.0, "The logits are all zero.")
    close(bare, padded, rtol=1e-3, atol=1e-3, dtype="any", what="the logits with less padding in the source")


# ------------------------------------------------------------------------------------------------ c: language model


def predicted(student, rng, runs, datasets, turn=0):
    def train():
        P = datasets.transitions(rng)
        ids, hidden = datasets.markov2(40000, rng, P), datasets.markov2(25 * 600, rng, P).reshape(600, 25)
        model, kept = taught(student, "train_lm", *tensors(ids), seed=int(rng.integers(1 << 30)))
        later = hidden[:20, :24].copy()
        later[:, 15:] = rng.integers(0, 8, size=(20, 9))
        hidden_past, later = tensors(hidden[:, :24].copy(), later)
        return {"kept": kept, "P": P, "hidden": hidden, "logits": model(hidden_past), "later": model(later)}

    return once(runs, f"lm {turn}", train)


def log_softmax(L):
    L = L - L.max(axis=-1, keepdims=True)
    return L - np.log(np.exp(L).sum(axis=-1, keepdims=True))


def gap_to_the_entropy(run):
    """Cross-entropy of the tokens at positions from 4 on minus what the language itself gives them."""
    logits = array(run["logits"], shape=(600, 24, 8), dtype="float", what="the logits").astype(float)
    hidden, P = run["hidden"], run["P"]
    with np.errstate(all="ignore"):
        log_p = np.take_along_axis(log_softmax(logits), hidden[:, 1:, None], axis=2)[:, 4:, 0]
    exact = np.log(P[hidden[:, 3:-2], hidden[:, 4:-1], hidden[:, 5:]])
    return float(np.mean(exact - log_p))


@pytest.mark.points(
    1.6,
    hint="It needs the two tokens before, so positions and attention, and some hundred steps. Below the entropy, "
    "where nobody can be, it looks at the token it is to predict.",
)
def test_cross_entropy_is_near_the_entropy_and_not_below(student, rng, runs, datasets):
    def score(turn):
        gap = gap_to_the_entropy(predicted(student, rng, runs, datasets, turn))
        bounded(
            gap, low=-0.02, says="The loss is below the entropy of the language: the model sees what it is to predict."
        )
        return gap

    best_of_two(
        score, high=0.10, narrow=0.1, tries=TRIES, says="The loss is more than 0.10 above the entropy of the language."
    )


@pytest.mark.points(
    0.35, hint="What comes later changes nothing: the logits at position t depend on the tokens 0 to t."
)
def test_later_tokens_change_no_logits(student, rng, runs, datasets):
    run = predicted(student, rng, runs, datasets)
    logits = array(run["logits"], shape=(600, 24, 8), dtype="float", what="the logits")[:20]
    later = array(run["later"], shape=(20, 24, 8), dtype="float", what="the logits")
    require(float(np.abs(later - logits)[:, 15:].max()) > 1e-3, "The logits do not depend on the tokens.")
    close(later[:, :15], logits[:, :15], rtol=1e-3, atol=1e-3, dtype="any", what="the logits before the first change")


# ------------------------------------------------------------------------------------------------ d: captions


def described(student, rng, runs, datasets, turn=0):
    def train():
        (X, captions), (hidden, wanted) = datasets.captioned(2500, rng), datasets.captioned(500, rng)
        caption, kept = taught(student, "train_captioner", *tensors(X, captions), seed=int(rng.integers(1 << 30)))
        (hidden,) = tensors(hidden)
        alone = [caption(hidden[i : i + 1]) for i in range(12)]
        mixed = (hidden[:MIXED] + hidden[1 : MIXED + 1]) / 2  # two shapes each, so that little decides what is said
        beside_black = torch.cat([mixed.flip(0), torch.zeros_like(mixed)])
        mixtures = [caption(mixed), caption(beside_black)]
        return {"kept": kept, "wanted": wanted, "said": caption(hidden), "mixtures": mixtures, "alone": alone}

    return once(runs, f"captions {turn}", train)


@pytest.mark.points(
    1.2,
    hint="The picture's features become both states of the cell (h and c); the cell reads the right words in training "
    "and its own when it writes; max-pooling over places, batch normalisation and some hundred steps help.",
)
def test_hidden_pictures_are_described(student, rng, runs, datasets):
    def score(turn):
        run = described(student, rng, runs, datasets, turn)
        said = array(run["said"], shape=(500, 4), dtype="int", what="the captions")
        return float(np.mean((said == run["wanted"]).all(axis=1)))

    best_of_two(
        score, low=0.90, narrow=0.25, tries=TRIES, says="Fewer than 90 % of the hidden pictures get the right caption."
    )


@pytest.mark.points(
    0.25, hint="model.eval(): batch normalisation in training mode makes a caption depend on the pictures beside it."
)
def test_a_picture_alone_gets_the_same_caption(student, rng, runs, datasets):
    run = described(student, rng, runs, datasets)
    said = array(run["said"], shape=(500, 4), dtype="int", what="the captions")
    require(len(np.unique(said[:, :3], axis=0)) > 2, "All pictures get the same caption.")
    for i, alone in enumerate(run["alone"]):
        alone = array(alone, shape=(1, 4), dtype="int", what="the caption of one picture")
        require(np.array_equal(alone[0], said[i]), "A picture alone gets another caption than among others.")
    there, back = unpack(run["mixtures"], 2)
    there = array(there, shape=(MIXED, 4), dtype="int", what="the captions")
    back = array(back, shape=(2 * MIXED, 4), dtype="int", what="the captions")[MIXED - 1 :: -1]
    others = int((back != there).any(axis=1).sum())
    require(others <= 2, "The same pictures get other captions in another order, beside black ones.")  # two may be ties


# ------------------------------------------------------------------------------------------------ the seed of all four


@pytest.mark.points(
    0.2,
    hint="torch.manual_seed(seed) in the first line; the same seed gives the same training, another one another. What "
    "a training is given stays as it is.",
)
def test_the_seed_decides_how_a_training_goes(student, rng, runs, datasets):
    data = {
        "train_recall": datasets.recall(8000, 20, rng),
        "train_reverse": datasets.reverse_pairs(12000, rng),
        "train_lm": (datasets.markov2(40000, rng, datasets.transitions(rng)),),
        "train_captioner": datasets.captioned(2500, rng),
    }
    for key, run in runs.items():  # those that were trained to their end
        unchanged = isinstance(run, Exception) or run["kept"]
        require(unchanged, f"the training {key[:-2]} has changed the tensors that it was given, at some later step.")
    for name, arrays in data.items():
        seeds = rng.choice(1 << 30, size=2, replace=False).tolist()
        begun = []
        for seed in (seeds[0], *seeds):
            with student.limit(call_s=TRAINING_S):
                answer = student.run(first_losses, name, FIRST_STEPS, *tensors(*arrays), seed)
            losses, kept = formed(answer, ([float], bool), what="the first losses")
            require(kept is True, f"{name} has changed the tensors that it was given.")
            begun.append(losses)
        if name == "train_lm" and not begun[0]:  # a language can also be learned by counting
            continue
        require(len(begun[0]) > 0, f"{name} takes no step.")
        close(begun[1], begun[0], rtol=1e-4, atol=1e-5, dtype="any", what=f"the loss of {name} with the same seed")
        require(begun[2] != begun[0], f"Another seed gives the same training in {name}: the seed is not used.")
