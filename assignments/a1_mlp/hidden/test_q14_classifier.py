"""Question 14: train a digit classifier. Accuracy and losses are computed here, from predicted probabilities.

One training serves all checks: the first check that needs it draws the split and keeps what the network answered.
Another one, the canary, gets validation labels that are all wrong: then the best epoch is an early one, and a network
that was trained on these labels gives itself away. The digits are turned or mirrored, and their classes have other
numbers, so that no table of the public digits fits.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from drawn_numbers import draws_from_rng_alone
from sklearn.datasets import load_digits

from grader.testing import array, best_of_two, bounded, close, number, require

pytestmark = pytest.mark.question("q14")

DIGITS = load_digits()
TRAIN, VALIDATION = 1000, 300  # rows; the other 497 are hidden
TRAINING_S = 60.0
TRIES = "first", "other", "third"  # trainings whose best accuracy counts, while it misses a threshold narrowly
NARROW_MISS = 0.02  # sound recipes stray by 0.008 from seed to seed; the reference's margin is 0.018 and more
FEW = 100  # hidden rows that are asked of networks which were trained on few rows
MOVES = 0.1  # share of rows at least. Large steps on few rows leave units dead: 0.47 (of 150 seeds); lookups: none
LEAK = np.log(10.0) - 0.5  # canary loss; measured: 2.4 to 2.8 for networks that train fairly, 0.9 to 1.1 for leaks


@dataclass
class Run:
    """What came of one training, not judged yet: answers are the student's."""

    history: object
    best_epoch: object
    labels: np.ndarray  # (300,) the validation labels of this run
    on_validation: object  # probabilities (300, 10)
    on_hidden: object  # (497, 10)
    moved: object  # (497, 10), of the hidden rows with a little noise
    one_by_one: list[object]  # of the first hidden rows, each asked for alone


@pytest.fixture(scope="module")
def runs():
    """The split, the seeds and the trainings of this examination."""
    return {}


def pictures(rows, way):
    """Pixels of these digits, the square turned or mirrored in one of its eight ways."""
    X = DIGITS.data[rows].reshape(-1, 8, 8) / 16.0
    X = X.swapaxes(1, 2) if way & 1 else X
    return X[:, :: -1 if way & 2 else 1, :: -1 if way & 4 else 1].reshape(-1, 64)


def split(rng, runs):
    """Rows to train on, to validate with and hidden ones, each with their classes; drawn once."""
    if "rows" not in runs:
        runs["rows"] = np.split(rng.permutation(len(DIGITS.target)), [TRAIN, TRAIN + VALIDATION])
        runs["wrong by"] = int(rng.integers(1, 10))
        runs["seeds"] = dict(zip(TRIES, rng.integers(1 << 30, size=len(TRIES)).tolist(), strict=True))
        runs["way"], runs["classes"] = int(rng.integers(8)), rng.permutation(10)
    return [(pictures(rows, runs["way"]), runs["classes"][DIGITS.target[rows]]) for rows in runs["rows"]]


def trained(student, rng, runs, name="first"):
    """The run of that name; it is trained if no check before has asked for it."""
    (Xtr, ytr), (Xva, yva), (Xte, _) = split(rng, runs)
    if name not in runs:
        labels = (yva + runs["wrong by"]) % 10 if name.startswith("canary") else yva
        seed = {"canary": "first", "canary again": "other"}.get(name, name)
        generator = student.rng(runs["seeds"][seed])
        with student.limit(call_s=TRAINING_S):
            answer = student.train_classifier(Xtr, ytr, Xva, labels, generator)
        require(type(answer) is dict, "train_classifier must return a dict.")
        predict = answer.get("predict_proba")
        require(callable(predict), "The dict must hold a function predict_proba.")
        near = Xte + rng.uniform(-1e-3, 1e-3, size=Xte.shape)
        asked = [predict(X) for X in (Xva, Xte, near, Xte[:1], Xte[1:2], Xte[2:3])]
        runs[name] = Run(answer.get("history"), answer.get("best_epoch"), labels, *asked[:3], asked[3:])
    return runs[name]


def follows_the_pixels(answered, moved, shape=(497, 10)):
    """What predict_proba says of some pictures, as an array; a failed check where no network speaks from it.

    A condition of every check: without a network there is nothing whose laws, losses or generator could be judged.
    """
    P, near = (array(each, shape=shape, what="predict_proba") for each in (answered, moved))
    require(bool(np.ptp(P, axis=0).max() > 0.0), "predict_proba says the same of every picture, whatever its pixels.")
    still = "predict_proba says the same when the pixels change a little: no network does, that was looked up."
    require((near != P).any(axis=1).mean() > MOVES, still)
    return P


def network(student, rng, runs, name="first"):
    """The run of that name, of which it is known that a network answers."""
    run = trained(student, rng, runs, name)
    follows_the_pixels(run.on_hidden, run.moved)
    return run


def accuracy(student, rng, runs, name):
    run = trained(student, rng, runs, name)
    P = follows_the_pixels(run.on_hidden, run.moved)
    return float(np.mean(P.argmax(axis=1) == split(rng, runs)[2][1]))


def reaches(student, rng, runs, threshold):
    def score(turn):
        return accuracy(student, rng, runs, TRIES[turn])

    says = f"The accuracy on hidden digits is below {threshold:.0%}."
    best_of_two(score, low=threshold, narrow=NARROW_MISS, tries=len(TRIES), says=says)


def losses(run, name):
    """One of the two histories as an array; everything else fails the check."""
    require(type(run.history) is dict, "history must be a dict.")
    values = run.history.get(name)
    if type(values) in (list, tuple):
        values = np.array([number(value, what=f"an entry of {name}") for value in values])
    values = array(values, shape=(None,), what=name)
    require(len(values) >= 2, f"{name} must have an entry for every epoch, and there should be several.")
    return values


def loss_on_validation(run):
    """Mean cross-entropy of the returned network on the run's validation rows, and a tolerance that suits its dtype."""
    P = array(run.on_validation, shape=(VALIDATION, 10), dtype="float", what="predict_proba")
    with np.errstate(all="ignore"):
        loss = float(np.mean(-np.log(P[np.arange(VALIDATION), run.labels])))
    require(np.isfinite(loss), "predict_proba gives a true class no positive probability.")
    return loss, 1e-8 if P.dtype == np.float64 else 1e-3


@pytest.mark.points(
    2, hint="A network that learns gets past 88 %: look at the loss curve, the initialisation, the step size."
)
def test_hidden_accuracy_reaches_88_percent(student, rng, runs):
    reaches(student, rng, runs, 0.88)


@pytest.mark.points(
    1, hint="One hidden layer of 64, He initialisation and some dozens of epochs with shuffled batches do it."
)
def test_hidden_accuracy_reaches_92_percent(student, rng, runs):
    reaches(student, rng, runs, 0.92)


@pytest.mark.points(1, hint="Keep the network of the best epoch, and let Adam or momentum run long enough.")
def test_hidden_accuracy_reaches_94_percent(student, rng, runs):
    reaches(student, rng, runs, 0.94)


@pytest.mark.points(
    0.75,
    hint="predict_proba returns softmax over the classes, and a row's result does not depend on the rows beside it.",
)
def test_predictions_are_probabilities_row_by_row(student, rng, runs):
    run = network(student, rng, runs)
    P = array(run.on_hidden, shape=(497, 10), dtype="float", what="predict_proba")
    require(bool((P >= 0.0).all()), "predict_proba holds negative numbers.")
    with np.errstate(all="ignore"):
        atol = 1e-9 if P.dtype == np.float64 else 1e-5
        close(P.sum(axis=1), np.ones(497), atol=atol, dtype="any", what="the sum of each row")
    for place, alone in enumerate(run.one_by_one):
        alone = array(alone, shape=(1, 10), what="predict_proba of one row")
        close(alone[0], P[place], atol=atol, dtype="any", what="a row alone beside the same row in a batch")


@pytest.mark.points(
    0.5,
    hint="best_epoch is the index, from 0, of the smallest entry of val_loss; train_loss holds means, and has to fall.",
)
def test_best_epoch_has_the_smallest_validation_loss(student, rng, runs):
    for name in ("first", "canary"):
        run = network(student, rng, runs, name)
        train_loss, val_loss = losses(run, "train_loss"), losses(run, "val_loss")
        require(len(train_loss) == len(val_loss), "train_loss and val_loss must have one entry per epoch each.")
        require(train_loss[-1] < train_loss[0], "The training loss does not fall.")
        best = number(run.best_epoch, what="best_epoch")
        require(best in range(len(val_loss)), "best_epoch is not the index of an epoch.")
        require(val_loss[int(best)] == val_loss.min(), "val_loss has a smaller entry than that of best_epoch.")
        if name == "first":  # a mean is 2 (reference: 1.3 of val_loss), the sum over 29 batches 58
            most = max(8.0, 4.0 * float(val_loss[0]))
            says = "train_loss begins far above val_loss: is it the mean over an epoch?"
            bounded(float(train_loss[0]) / most, high=1.0, says=says)


@pytest.mark.points(
    1,
    hint="val_loss is the mean cross-entropy alone, without a penalty; predict_proba is the network of its smallest "
    "entry: a copy of that epoch's parameters, since the optimiser changes the arrays in place.",
)
def test_the_returned_network_is_that_of_the_best_epoch(student, rng, runs):
    for name in ("first", "canary"):
        run = network(student, rng, runs, name)
        loss, rtol = loss_on_validation(run)
        close(
            float(losses(run, "val_loss").min()),
            loss,
            rtol=rtol,
            atol=1e-9,
            what="the smallest val_loss, beside the loss of the returned network",
        )


def few_rows(student, rng, runs, which, name="", dtype=np.float64, order=slice(None)):
    """What a network says that is trained on 200 rows with one of two seeds; trained once for every name.

    order: of the validation rows.
    """
    (X, y), (Xva, yva), (Xte, _) = split(rng, runs)
    if (which, name) not in runs:
        runs["few"] = runs.get("few", rng.choice(1 << 30, size=2, replace=False).tolist())
        given = X[:200].astype(dtype), y[:200], Xva[:60].astype(dtype)[order], yva[:60][order]
        with student.limit(call_s=TRAINING_S):
            answer = student.train_classifier(*given, student.rng(runs["few"][which]))
        require(type(answer) is dict, "train_classifier must return a dict.")
        predict = answer.get("predict_proba")
        require(callable(predict), "The dict must hold a function predict_proba.")
        near = Xte[:FEW] + rng.uniform(-1e-3, 1e-3, size=(FEW, 64))
        runs[which, name] = answer.get("history"), predict(Xte[:FEW]), predict(near)
    return follows_the_pixels(*runs[which, name][1:], shape=(FEW, 10))


def first_train_loss(runs, which, name=""):
    """The first entry of train_loss of one of these trainings."""
    history = runs[which, name][0]
    require(type(history) is dict, "history must be a dict.")
    values = history.get("train_loss")
    values = values.tolist() if type(values) is np.ndarray and values.ndim == 1 else values
    require(type(values) in (list, tuple) and len(values) > 0, "train_loss must have an entry for every epoch.")
    return number(values[0], what="an entry of train_loss")


@pytest.mark.points(
    0.25, hint="All randomness comes from the rng that is passed: initial weights and the order of the batches."
)
def test_the_same_generator_gives_the_same_network(student, rng, runs):
    first = few_rows(student, rng, runs, 0)
    with student.pure():
        again = few_rows(student, rng, runs, 0, "again")
    close(again, first, what="predict_proba of a second training")
    with student.pure():  # float32 pixels are the caller's, too
        few_rows(student, rng, runs, 0, "float32", np.float32)


@pytest.mark.points(
    0.25,
    hint="A generator of your own gives the same network always: use rng.",
)
def test_another_generator_gives_another_network(student, rng, runs):
    answers = [few_rows(student, rng, runs, which) for which in (0, 1)]
    require(not np.array_equal(*answers), "Generators of two seeds give the same network: rng is not used.")
    (X, y), (Xva, yva), _ = split(rng, runs)
    few = (X[:200], y[:200], Xva[:60], yva[:60])
    draws_from_rng_alone(student, rng, "train_classifier", *few, call_s=TRAINING_S)


@pytest.mark.points(0.25, hint="The validation rows choose the epoch; they are never trained on.")
def test_validation_labels_are_not_trained_on(student, rng, runs):
    def loss(turn):
        return loss_on_validation(network(student, rng, runs, ("canary", "canary again")[turn]))[0]

    best_of_two(loss, low=LEAK, narrow=0.3, says="The network knows validation labels that cannot be guessed.")
    few_rows(student, rng, runs, 0)
    few_rows(student, rng, runs, 0, "validation rows in another order", order=slice(None, None, -1))
    first, turned = (first_train_loss(runs, 0, name) for name in ("", "validation rows in another order"))
    close(
        turned, first, rtol=1e-6, atol=1e-9, what="train_loss of the first epoch, with validation rows in another order"
    )
