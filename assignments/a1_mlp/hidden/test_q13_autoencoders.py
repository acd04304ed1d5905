"""Question 13: autoencoders. Errors, accuracies and codes are computed here; the notebook gives functions and weights.

Measured with the reference, other seeds than those of grading:
- error with k = 4 over that of PCA, 20 splits: 0.667 to 0.745, mean 0.695, deviation 0.019 (at most 0.85 is asked for;
  linear networks cannot get below 1 on the training rows and came to 1.000 to 1.004 when the threshold was chosen);
- accuracy with 100 labels, 83 splits: 0.773 to 0.891; means of 5 splits, 36 of them: 0.794 to 0.868, mean 0.841,
  deviation 0.013 (at least 0.80; a mean from 0.76 on has up to three more times as many splits, for the luck of 100
  labels: a solution from the text alone, with a falling rate of learning, has 0.82 on average and 0.76 to 0.875 in
  single splits); an untrained stack 0.67 to 0.72, a stack thrown away 0.68 to 0.76 (5 seeds each);
- error of a linear decoder over that with random weights, 10 splits: 0.39 to 0.53, 0.43 to 0.54, 0.37 to 0.72 for the
  three layers; that other solution, 40 splits: 0.61 to 0.79, 0.60 to 0.83, and 0.63 to 1.18 with a median of 0.77 for
  the last, so that medians are judged, three times if need be (at most 0.8, 0.8 and 0.92); untrained 0.92 to 1.05, 0.93
  to 1.13, 0.96 to 1.04; of linear autoencoders 0.64 to 0.75, 0.83 to 0.98, 0.67 to 0.98;
- accuracy when fine-tuning starts from a stack that knows nothing, 83 splits: 0.846 to 0.925 (at least 0.6; at most
  0.11 in 3 splits where the softmax layer alone is trained).
Trainings are shared between checks: the first check that needs one keeps what came of it.
"""

import numpy as np
import pytest
from drawn_numbers import draws_from_rng_alone
from sklearn.datasets import load_digits

from grader.testing import array, best_of_two, bounded, close, require, same, unpack

pytestmark = pytest.mark.question("q13")

DIGITS = load_digits()
ROWS, LABELS, SPLITS = 1000, 100, 3  # to train on; the first of them with labels; the other 797 rows are hidden
SIZES = [64, 48, 32]
ENOUGH = {"low": 0.8, "narrow": 0.04, "tries": 4}  # mean accuracy over the splits; bad luck with 100 labels
BESIDE_CHANCE = (0.8, 0.8, 0.92)  # at most, layer by layer; 1 without training, and 0.9 for the second if linear
TRAINING_S = 60.0


@pytest.fixture(scope="module")
def trainings():
    """What came of the trainings of this examination."""
    return {}


def sigmoid(z):
    return np.exp(-np.logaddexp(0.0, -z))


def split(rng):
    """Pixels and labels of the training rows and of the hidden rows."""
    order = rng.permutation(len(DIGITS.target))
    X, y = DIGITS.data[order] / 16.0, DIGITS.target[order]
    return X[:ROWS], y[:ROWS], X[ROWS:], y[ROWS:]


def is_numbers(answer):
    return type(answer) is np.ndarray and answer.dtype.kind in "fiu" and answer.ndim == 2


def two_functions(answer):
    encode, decode = unpack(answer, 2, what="train_aann")
    require(callable(encode) and callable(decode), "train_aann must return two functions, encode and decode.")
    return encode, decode


def squeezed(student, rng, trainings, turn=0):
    """One training with k = 4: hidden rows, PCA's error on them, their codes and pictures.

    The pictures are those of the codes, of the codes in another order, and of codes that were moved by a thousandth:
    who has kept what `encode` was shown finds nothing there, and a network finds nearly the same.
    """
    if ("aann", turn) not in trainings:
        X, _, hidden, _ = split(rng)
        mean = X.mean(axis=0)
        axes = np.linalg.svd(X - mean, full_matrices=False)[2][:4]
        pca = float(np.mean((mean + (hidden - mean) @ axes.T @ axes - hidden) ** 2))
        with student.limit(call_s=TRAINING_S):
            encode, decode = two_functions(student.train_aann(X, 4, student.rng(int(rng.integers(1 << 30)))))
        codes = encode(hidden)
        pictures, backwards, moved = None, None, None
        if is_numbers(codes):
            with np.errstate(all="ignore"):
                near = (codes + 1e-3 * codes.std(axis=0) * rng.normal(size=codes.shape)).astype(codes.dtype)
            pictures, backwards, moved = decode(codes), decode(codes[::-1].copy()), decode(near)
        trainings["aann", turn] = hidden, pca, codes, pictures, backwards, moved
    hidden, pca, codes, *decoded = trainings["aann", turn]
    codes = array(codes, shape=(len(hidden), 4), dtype="float", what="encode")
    return hidden, pca, codes, *(array(each, shape=hidden.shape, dtype="float", what="decode") for each in decoded)


def layers(stack, n_in, sizes):
    """The answered stack as pairs of float64 arrays, or a failed check."""
    stack, checked = unpack(stack, len(sizes), what="the stack"), []
    for number, (layer, n_out) in enumerate(zip(stack, sizes, strict=True), start=1):
        W, b = unpack(layer, 2, what=f"layer {number} of the stack")
        W = array(W, shape=(n_in, n_out), dtype="float", what=f"W of layer {number}")
        b = array(b, shape=(n_out,), dtype="float", what=f"b of layer {number}")
        checked.append((W.astype(float), b.astype(float)))
        n_in = n_out
    return checked


def stacks(student, rng, trainings, turn=0):
    """Some splits, each with its stack."""
    if ("stacks", turn) not in trainings:
        runs = []
        for seed in rng.integers(1 << 30, size=SPLITS).tolist():
            X, y, hidden, labels = split(rng)
            with student.limit(call_s=TRAINING_S):
                generator = student.rng(seed)
                stack = student.pretrain_stack(X, SIZES, generator)
            runs.append((X, y, hidden, labels, layers(stack, 64, SIZES)))
        trainings["stacks", turn] = runs
    return trainings["stacks", turn]


def our_finetune(stack, X, y, rng):
    """The recipe of the question, written out: SGD with rate 0.5, batches of 20, 200 epochs, all layers."""
    n = len(stack[-1][1])
    params = [[W.copy(), b.copy()] for W, b in stack] + [[rng.normal(0.0, n**-0.5, size=(n, 10)), np.zeros(10)]]
    for _ in range(200):
        for rows in np.split(rng.permutation(len(X)), len(X) // 20):
            a = [X[rows]]
            for W, b in params[:-1]:
                a.append(sigmoid(a[-1] @ W + b))
            z = a[-1] @ params[-1][0] + params[-1][1]
            p = np.exp(z - z.max(axis=1, keepdims=True))
            delta = p / p.sum(axis=1, keepdims=True)
            delta[np.arange(len(rows)), y[rows]] -= 1.0
            delta /= len(rows)
            for (W, b), below in zip(params[::-1], a[::-1], strict=True):
                dW, db = below.T @ delta, delta.sum(axis=0)
                delta = delta @ W.T * below * (1.0 - below)
                W -= 0.5 * dW
                b -= 0.5 * db
    return params


def classes(params, X):
    for W, b in params[:-1]:
        X = sigmoid(X @ W + b)
    return (X @ params[-1][0] + params[-1][1]).argmax(axis=1)


def ridge_error(code, target, hidden_code, hidden_target):
    """Mean squared error on hidden rows of the best linear decoder of a code (ridge regression)."""
    mean, centre = code.mean(axis=0), target.mean(axis=0)
    A = code - mean
    W = np.linalg.solve(A.T @ A + 1e-3 * len(A) * np.eye(A.shape[1]), A.T @ (target - centre))
    return float(np.mean(((hidden_code - mean) @ W + centre - hidden_target) ** 2))


def trained_weights(*matrices):
    """A failed check where columns are orthogonal to the last digit, as axes of a PCA are and trained weights never."""
    for W in matrices:
        W = W[:, np.abs(W).max(axis=0) > 0.0]
        W = W / np.linalg.norm(W, axis=0)
        between = np.abs(W.T @ W)[np.triu_indices(W.shape[1], 1)]
        says = "The columns of a W are orthogonal, as the axes of a PCA are: that layer was not trained."
        require(not len(between) or float(between.max()) > 1e-4, says)


def beside_chance(X, hidden, stack, rng):
    """For every layer the error of a linear decoder of its codes over that of the codes of random weights."""
    ratios = []
    for W, b in stack:
        with np.errstate(all="ignore"):
            up, hidden_up = sigmoid(X @ W + b), sigmoid(hidden @ W + b)
            learned, by_chance = ridge_error(up, X, hidden_up, hidden), 0.0
            for _ in range(3):
                random = rng.normal(0.0, len(W) ** -0.5, size=W.shape)
                by_chance += ridge_error(sigmoid(X @ random), X, sigmoid(hidden @ random), hidden) / 3
            ratios.append(learned / by_chance if by_chance else 1.0)  # nothing is left to be said
        X, hidden = up, hidden_up
    return ratios


def bent(X, codes):
    """For every number of the code the deviation of what no linear function of the pixels gives, over its own.

    Measured: 0.14 to 0.26 for networks with a sigmoidal layer, rounding for those without.
    """
    A = np.column_stack([X, np.ones(len(X))])
    return (codes - A @ np.linalg.lstsq(A, codes, rcond=None)[0]).std(axis=0) / codes.std(axis=0)


@pytest.mark.points(
    0.5,
    hint="encode and decode work on any number of rows, each row for itself; X stays as it was, and all randomness "
    "comes from rng.",
)
def test_autoencoder_keeps_to_the_table(student, rng):
    X, _, hidden, _ = split(rng)
    X, few, seed, answers = X[:120], hidden[:5], int(rng.integers(1 << 30)), []
    for _ in range(2):
        with student.pure(), student.limit(call_s=TRAINING_S):
            encode, decode = two_functions(student.train_aann(X, 3, student.rng(seed)))
            if answers:
                foreign = decode(answers[0][0])  # before this encode has seen anything
            codes = array(encode(few), shape=(5, 3), dtype="float", what="encode")
            pictures = array(decode(codes), shape=(5, 64), dtype="float", what="decode")
            alone = array(encode(few[2:3]), shape=(1, 3), dtype="float", what="encode of one row")
        atol = 1e-9 if codes.dtype == np.float64 else 1e-4
        close(alone[0], codes[2], rtol=1e-6, atol=atol, dtype="any", what="the code of a row alone, beside its batch")
        answers.append((codes, pictures))
    close(list(answers[1]), list(answers[0]), what="codes and pictures of a second training with the same rng")
    close(foreign, answers[0][1], what="decode of codes that the same training in another run has made")
    with student.pure(), student.limit(call_s=TRAINING_S):  # float32 pixels are the caller's, too
        two_functions(student.train_aann(X[:80].astype(np.float32), 3, student.rng(seed)))
    with student.limit(call_s=TRAINING_S):
        encode, _ = two_functions(student.train_aann(X, 3, student.rng(seed + 1)))
        other = array(encode(few), shape=(5, 3), dtype="float", what="encode")
    require(not np.array_equal(other, answers[0][0]), "Generators of two seeds give the same codes: rng is not used.")
    draws_from_rng_alone(student, rng, "train_aann", X[:80], 3, call_s=TRAINING_S)


@pytest.mark.points(
    0.5, hint="The bottleneck is linear: codes are not confined to [0, 1]. And decode knows the code, nothing else."
)
def test_codes_are_free_numbers_and_all_that_decode_needs(student, rng, trainings):
    hidden, _, codes, pictures, backwards, moved = squeezed(student, rng, trainings)
    require(codes.min() < 0.0 or codes.max() > 1.0, "All codes lie in [0, 1].")
    require(float(codes.std(axis=0).min()) > 1e-6, "A number of the code is the same for all digits.")
    straight = "The codes are a linear function of the pixels: a sigmoidal layer lies between them."
    require(bool((bent(hidden, codes.astype(float)) > 1e-3).any()), straight)
    require(float(pictures.std(axis=0).max()) > 1e-3, "All pictures are the same.")
    atol = 1e-9 if pictures.dtype == np.float64 else 1e-4
    close(backwards[::-1], pictures, rtol=1e-6, atol=atol, dtype="any", what="decode of the codes in another order")
    still = "The pictures stay the same when the codes are moved a little: decode looks something up."
    require((moved != pictures).any(axis=1).mean() > 0.5, still)
    step, spread = np.abs(moved - pictures).mean(), np.abs(pictures - pictures.mean(axis=0)).mean()
    require(step <= 0.1 * spread, "Codes that are moved a little give other pictures altogether: decode looks them up.")


@pytest.mark.points(
    2.0,
    hint="Compare with PCA: no better means that the layers beside the bottleneck are linear, or that training is "
    "too short. Sigmoids there, a linear bottleneck, a linear output, Adam and some 150 epochs do it.",
)
def test_reconstruction_beats_pca_by_15_percent(student, rng, trainings):
    def ratio(turn):
        hidden, pca, *_, pictures = squeezed(student, rng, trainings, turn)
        with np.errstate(all="ignore"):
            return float(np.mean((pictures.astype(float) - hidden) ** 2)) / pca

    says = "The reconstruction error on hidden digits is above 0.85 times that of PCA."
    best_of_two(ratio, high=0.85, narrow=0.05, says=says)


@pytest.mark.points(
    0.4,
    hint="One pair (W, b) a layer, the encoder's: W has a row for each number that comes in and a column for each of "
    "the code; the data of a layer are the codes of the one below. Randomness comes from rng alone.",
)
def test_stack_keeps_to_the_table(student, rng):
    X, _, _, _ = split(rng)
    sizes, seed, answers = [40, 50, 20], int(rng.integers(1 << 30)), []
    for _ in range(2):
        with student.pure(), student.limit(call_s=TRAINING_S):
            answers.append(layers(student.pretrain_stack(X[:120], sizes, student.rng(seed)), 64, sizes))
    close(answers[1], answers[0], what="the stack of a second training with the same rng")
    with student.pure(), student.limit(call_s=TRAINING_S):  # float32 pixels are the caller's, too
        layers(student.pretrain_stack(X[:80].astype(np.float32), sizes, student.rng(seed)), 64, sizes)
    with student.limit(call_s=TRAINING_S):
        other = layers(student.pretrain_stack(X[:120], sizes, student.rng(seed + 1)), 64, sizes)
    alike = all(np.array_equal(a[0], b[0]) for a, b in zip(other, answers[0], strict=True))
    require(not alike, "Generators of two seeds give the same stack: rng is not used.")
    draws_from_rng_alone(student, rng, "pretrain_stack", X[:80], sizes, call_s=TRAINING_S)


def layer_by_layer(nb, X, seed):
    """W of the second of two layers; and W of that layer alone, with the generator where the first has left it.

    Alone it is trained on the first layer's codes, then on its sums; None where that raises, since sums are no pixels.
    """

    def alone(squash):
        rng = np.random.default_rng(seed)
        [(W, b)] = nb.pretrain_stack(X, [30], rng)
        try:
            return nb.pretrain_stack(squash(X @ W + b), [12], rng)[0][0]
        except Exception:  # noqa: BLE001 - what student code raises is its own
            return None

    both = nb.pretrain_stack(X, [30, 12], np.random.default_rng(seed))
    return both[1][0], alone(lambda z: 1 / (1 + np.exp(-z))), alone(lambda z: z)


@pytest.mark.points(0.2, hint="The second layer learns from the codes, sigmoid(H W + b), not from the sums H W + b.")
def test_the_next_layer_learns_from_what_the_sigmoid_lets_through(student, rng):
    X, _, _, _ = split(rng)
    X = X[:120]
    with student.limit(call_s=TRAINING_S):
        answers = student.run(layer_by_layer, X, int(rng.integers(1 << 30)))
    second, *alone = (None if W is None else array(W, shape=(30, 12), what="W of layer 2") for W in unpack(answers, 3))
    trained_weights(second)
    if alone[0] is not None and alone[1] is not None:
        from_codes, from_sums = (np.abs(second - W).max() for W in alone)
        require(
            from_codes <= 10 * from_sums, "The second layer was trained on the sums of the first, before its sigmoid."
        )


@pytest.mark.points(
    0.4,
    hint="Each layer is trained as an autoencoder of the codes of the layer below; its code must allow to get them "
    "back, much better than the code of random weights.",
)
def test_every_layer_was_trained_on_the_codes_below_it(student, rng, trainings):
    medians = {}

    def ratios(turn):
        """For every layer the median over the splits."""
        if turn not in medians:
            for *_, stack in runs(turn):
                trained_weights(*(W for W, _ in stack))
            found = [beside_chance(X, hidden, stack, rng) for X, _, hidden, _, stack in runs(turn)]
            medians[turn] = np.median(found, axis=0).tolist()
        return medians[turn]

    def runs(turn):
        return stacks(student, rng, trainings, turn)

    for layer, most in enumerate(BESIDE_CHANCE):
        says = f"The codes of layer {layer + 1} say little more about its input than those of random weights."
        best_of_two(lambda turn, layer=layer: ratios(turn)[layer], high=most, narrow=0.3, says=says, tries=3)


@pytest.mark.points(
    0.8, hint="Pre-training should be worth 10 % with 100 labels. Look at the reconstruction error of every layer."
)
def test_our_fine_tuning_of_the_stack_reaches_80_percent(student, rng, trainings):
    def mean_accuracy(turn):
        reached = []
        for X, y, hidden, labels, stack in stacks(student, rng, trainings, turn):
            trained_weights(*(W for W, _ in stack))
            with np.errstate(all="ignore"):
                params = our_finetune(stack, X[:LABELS], y[:LABELS], rng)
                reached.append(float(np.mean(classes(params, hidden) == labels)))
        return float(np.mean(reached))

    best_of_two(mean_accuracy, **ENOUGH, says="With our fine-tuning of your stack the mean accuracy is below 80 %.")


def uses_the_stack(student, rng, trainings):
    """Units that are saturated say 1 to every picture and learn nothing: who reads digits all the same has no stack."""
    if "saturated" not in trainings:
        X, y, hidden, _ = split(rng)
        stack = [(np.zeros((64, 12)), np.full(12, 50.0))]
        with student.limit(call_s=TRAINING_S):
            predict = student.finetune(stack, X[:20], y[:20], 10, student.rng(int(rng.integers(1 << 30))))
        require(callable(predict), "finetune must return a function.")
        trainings["saturated"] = predict(hidden[:100])
    predicted = array(trainings["saturated"], shape=(100,), dtype="int", what="predict")
    require(len(set(predicted.tolist())) == 1, "predict reads pictures that do not get through the stack.")


@pytest.mark.points(
    0.6, hint="Start from the stack's weights and follow the recipe: 200 epochs, rate 0.5, shuffled batches of 20."
)
def test_your_fine_tuning_of_the_stack_reaches_80_percent(student, rng, trainings):
    def mean_accuracy(turn):
        reached = []
        for X, y, hidden, labels, stack in stacks(student, rng, trainings, turn):
            with student.limit(call_s=TRAINING_S):
                generator = student.rng(int(rng.integers(1 << 30)))
                predict = student.finetune(stack, X[:LABELS], y[:LABELS], 10, generator)
                require(callable(predict), "finetune must return a function.")
                predicted = array(predict(hidden), shape=(len(hidden),), dtype="int", what="predict")
            reached.append(float(np.mean(predicted == labels)))
        return float(np.mean(reached))

    uses_the_stack(student, rng, trainings)
    best_of_two(mean_accuracy, **ENOUGH, says="The mean accuracy after your fine-tuning is below 80 %.")


def two_kinds():
    """A stack, 20 pictures of two kinds with their classes, and pictures on the way from one kind to the other.

    20 rows are one batch, so no order matters. Ten pictures have class 0 all of them; of the other ten, which are all
    the same, seven have class 1, and soon the network says so. Where class 1 ends on the way tells how far
    training went for the first ten.
    """
    W = np.zeros((64, 120))
    W[0, :60] = W[1, 60:] = 2.0
    X, y, way = np.zeros((20, 64)), np.repeat([0, 1, 0], [10, 7, 3]), np.zeros((401, 64))
    X[:10, 0] = X[10:, 1] = way[:, 1] = 1.0
    way[:, 0] = np.linspace(0.0, 1.0, 401)
    return [(W, np.full(120, -4.0))], X, y, way


@pytest.mark.points(
    0.2,
    hint="200 epochs of plain SGD with the rate 0.5 to the end, nothing added to the mean cross-entropy, all layers in "
    "every step, rows shuffled anew in every epoch.",
)
def test_fine_tuning_follows_the_recipe(student, rng):
    """Class 1 has 0.43 to 0.45 of the way, and 0.34 to 0.39 where the softmax layer begins with weights of deviation 1;
    with 100 epochs or a rate that falls to 0 0.48 to 0.50, with the lower layer frozen or a weight decay of 0.001
    0.45 to 0.47, with momentum 0.28 to 0.30. A shuffle of 100 rows takes 525 bits, whoever does it.
    """
    stack, X, y, way = two_kinds()
    shares = []
    for seed in rng.integers(1 << 30, size=3).tolist():
        for order in (slice(None), slice(None, None, -1)):
            with student.limit(call_s=TRAINING_S):
                predict = student.finetune(stack, X[order], y[order], 2, student.rng(seed))
                require(callable(predict), "finetune must return a function.")
                predicted = array(predict(way), shape=(len(way),), dtype="int", what="predict")
            shares.append(float(np.mean(predicted == 1)))
        says = "The order of 20 rows changes what is learned: they are one batch."
        require(abs(shares[-2] - shares[-1]) < 0.006, says)
    far = "Training goes less far than 200 epochs with rate 0.5 take all layers."
    bounded(float(np.median(shares)), high=0.457, says=far)
    bounded(float(np.median(shares)), low=0.32, says="Training goes further than 200 epochs with rate 0.5.")
    X, y, _, _ = split(rng)
    stack = [(rng.normal(0.0, 0.3, size=(64, 12)), np.zeros(12))]
    words = draws_from_rng_alone(student, rng, "finetune", stack, X[:LABELS], y[:LABELS], 10, call_s=TRAINING_S)
    shuffled = "rng gave less than 200 shuffles of 100 rows need: they are shuffled anew in every epoch."
    require(words is None or 64 * words >= 200 * 525, shuffled)


@pytest.mark.points(
    0.2,
    hint="All layers are trained: here the stack knows nothing yet, and the softmax layer alone is helpless.",
)
def test_fine_tuning_trains_the_layers_of_the_stack_too(student, rng, trainings):
    def accuracy(turn):
        X, y, hidden, labels = split(rng)
        idle = [(rng.normal(0.0, 0.01, size=(64, 32)), np.zeros(32))]
        with student.limit(call_s=TRAINING_S):
            predict = student.finetune(idle, X[:LABELS], y[:LABELS], 10, student.rng(int(rng.integers(1 << 30))))
            require(callable(predict), "finetune must return a function.")
            predicted = array(predict(hidden), shape=(len(hidden),), dtype="int", what="predict")
        return float(np.mean(predicted == labels))

    uses_the_stack(student, rng, trainings)
    best_of_two(accuracy, low=0.6, narrow=0.1, says="Fine-tuning makes nothing of a stack that knows nothing.")


@pytest.mark.points(
    0.2,
    hint="predict gives one class number a row; stack, Xl, yl stay as they were; randomness comes from rng.",
)
def test_fine_tuning_keeps_to_the_table(student, rng):
    X, y, hidden, _ = split(rng)
    rows = np.flatnonzero(y < 7)[:30]
    stack = [(rng.normal(0.0, 0.3, size=(64, 20)), np.zeros(20)), (rng.normal(0.0, 0.3, size=(20, 9)), np.zeros(9))]
    seed, answers = int(rng.integers(1 << 30)), []
    for _ in range(2):
        with student.pure(), student.limit(call_s=TRAINING_S):
            predict = student.finetune(stack, X[rows], y[rows], 7, student.rng(seed))
            require(callable(predict), "finetune must return a function.")
            predicted = array(predict(hidden), shape=(len(hidden),), dtype="int", what="predict")
            alone = array(predict(hidden[3:4]), shape=(1,), dtype="int", what="predict of one row")
        require(set(predicted.tolist()) <= set(range(7)), "predict names a class that does not exist.")
        require(int(alone[0]) == int(predicted[3]), "A row alone is predicted differently than in a batch.")
        answers.append(predicted)
    same(answers[1], answers[0], what="the predictions of a second training with the same rng")
    generator = student.rng(seed)
    with student.limit(call_s=TRAINING_S):
        student.finetune(stack, X[rows], y[rows], 7, generator)
        predicted = student.finetune(stack, X[rows], y[rows], 7, student.rng(seed + 1))(hidden)
    drawn = not np.array_equal(array(generator.random(4), shape=(4,)), np.random.default_rng(seed).random(4))
    require(
        drawn or not np.array_equal(predicted, answers[0]), "rng is not used: the batches are to be shuffled with it."
    )
