"""Question 14: U-Net, mean IoU, and a trained segmenter.

The U-Net's layers are free within the text, so that it is known by what it does: sizes, moves, rank of its slopes.
One training serves all checks of the trained network but that of the seed. Masks of hidden images stay here.

Measured, pictures of 12 x 12: the reference reached 0.963 to 0.997 in 19 trainings of 3 CPU seconds, and 0.70 in one,
which took two shapes for one. The same network without skips reached 0.51 to 0.90 (10 trainings), and 0.89 to 0.91 with
8 epochs (3).
"""

import numpy as np
import pytest
import torch

from grader.testing import array, best_of_two, close, first_losses, formed, number, numeric, require, same, unpack

pytestmark = pytest.mark.question("q14")

N, HIDDEN, SIZE = 800, 300, 12
TRAINING_S = 120.0
FIRST_STEPS = 8  # of a training whose seed is looked at
NARROW_MISS = 0.35  # a sound network may take two shapes for one (0.68 to 0.78); without skips it ends at 0.51 to 0.91
TRIES = 3  # of a training: two in a row ended so, once in 24
SIGNS = 40  # classes: a new network's logits are little but its last biases, and all of 7 are positive once in 128


def images(rng, *shape):
    return torch.tensor(rng.normal(size=shape))


# ------------------------------------------------------------------------------------------------ the network


def build(nb, args, batches):
    """Answers of a fresh network in evaluation mode, shapes of its parameters, which of them get a gradient."""
    net = nb.UNet(*args)
    net = net.to(batches[0].device, batches[0].dtype).eval()
    answers = [net(x) for x in batches]
    sum(torch.sin(y).sum() for y in answers).backward()
    parameters = list(net.parameters())
    return [y.detach() for y in answers], [list(p.shape) for p in parameters], [p.grad is not None for p in parameters]


def attempt(nb, args, x):
    """What a network says of images it may have to refuse."""
    net = nb.UNet(*args).to(x.device, x.dtype).eval()
    with torch.no_grad():
        return net(x)


@pytest.mark.points(
    0.6,
    hint="Any height and width that can be halved len(widths) - 1 times, also rectangles; ValueError for all others.",
)
def test_sizes_that_fit_and_sizes_that_do_not(student, rng):
    for cin, classes, widths in ((2, 3, (4, 5, 6)), (1, 5, (3, 4)), (3, 2, (2, 3, 4, 5))):
        unit = 2 ** (len(widths) - 1)
        sizes = [(2, cin, 2 * unit, 3 * unit), (1, cin, unit, unit), (3, cin, 5 * unit, 2 * unit)]
        batches = [images(rng, *size).float() for size in sizes]
        answers, *_ = unpack(student.run(build, [cin, classes, widths], batches), 3)
        for answer, (n, _, rows, columns) in zip(unpack(answers, 3), sizes, strict=True):
            array(answer, shape=(n, classes, rows, columns), dtype=torch.float32, what="the logits")
        for rows, columns in ((2 * unit + unit // 2, 2 * unit), (2 * unit, 3 * unit - 1), (unit + 1, unit + 1)):
            with student.raises(ValueError, what="UNet for a picture whose sides cannot be halved so often"):
                student.run(attempt, [cin, classes, widths], images(rng, 1, cin, rows, columns))


@pytest.mark.points(
    0.3,
    hint="Layers in nn.ModuleList, all of them used; a block that merges takes upsampled maps and skip.",
)
def test_all_layers_learn_and_skips_are_concatenated(student, rng):
    for widths in ((7, 11, 17), (5, 13), (3, 8, 11, 17)):
        x = images(rng, 2, 2, 16, 24).float()
        _, shapes, trained = unpack(student.run(build, [2, 4, widths], [x]), 3)
        require(type(shapes) is list and len(shapes) > 0, "The network has no parameters.")
        same(trained, [True] * len(shapes), what="whether a parameter gets a gradient")
        seen = [shape[1] for shape in shapes if type(shape) is list and len(shape) == 4]
        for n, m in zip(widths, widths[1:], strict=False):  # upsampled to n maps or, without a convolution, still m
            require(
                2 * n in seen or n + m in seen, "At some level no convolution takes upsampled maps and skip together."
            )


def parts(nb, args, x):
    """How much the answer changes, for every 3x3 convolution, in training, when its weights are three times as large;
    for every batch norm, in evaluation, how much its bias's slope changes as what it lets through crosses 0; how
    many batch norms have no bias; and how much the answer changes, in training, with torch's generator.
    """
    net = nb.UNet(*args).to(x.device, x.dtype)

    def answer(training, seed=0):
        torch.manual_seed(seed)
        return net.train(training)(x)

    with torch.no_grad():
        plain, scaled, kinks = answer(True), [], []
        drawn = float((answer(True, seed=1) - plain).abs().max() / plain.abs().max())
        for p in net.parameters():
            if p.dim() == 4 and tuple(p.shape[2:]) == (3, 3):
                p.mul_(3.0)
                scaled.append(float((answer(True) - plain).abs().max() / plain.abs().max()))
                p.div_(3.0)
        norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        bare, norms = sum(not m.affine for m in norms), [m for m in norms if m.affine]
        for m in norms:
            m.bias.uniform_(0.2, 0.6)  # so that no other unit stands at its kink
    cotangent = torch.randn_like(plain)
    for m in norms:
        weight, bias, slopes = m.weight.detach().clone(), m.bias.detach().clone(), []
        for level in (1e-6, -1e-6):
            with torch.no_grad():
                m.weight.zero_(), m.bias.fill_(level)
            slopes.append(torch.autograd.grad((cotangent * answer(False)).sum(), m.bias)[0])
        with torch.no_grad():
            m.weight.copy_(weight), m.bias.copy_(bias)
        kinks.append(float((slopes[0] - slopes[1]).norm() / slopes[0].norm()))
    return scaled, kinks, bare, drawn


@pytest.fixture(scope="module")
def looked():
    """What `parts` has seen in networks of some widths."""
    return {}


def looked_into(student, rng, looked):
    """Some widths, equal ones too, how many convolutions the blocks of such a network have, and what `parts` sees."""
    for widths in ((6, 10, 14), (5, 5, 5)):
        if widths not in looked:
            looked[widths] = student.run(parts, [2, 3, widths], images(rng, 4, 2, 16, 24))
        yield widths, 2 * (2 * len(widths) - 1), unpack(looked[widths], 4)


@pytest.mark.points(
    0.4,
    hint="A block has two 3x3 convolutions, each with a batch norm behind it, on the way up as well.",
)
def test_every_block_has_two_normalised_convolutions(student, rng, looked):
    for widths, needed, (scaled, _, _, drawn) in looked_into(student, rng, looked):
        require(type(scaled) is list, "The network has no convolutions.")
        changes = [number(change, what="a change") for change in scaled]
        require(len(changes) >= needed, "There are fewer 3x3 convolutions than two a block, down, bottom and up.")
        most = needed + len(widths) - 1  # one more for each doubling
        require(len(changes) <= most, "There are more 3x3 convolutions than two a block, down, bottom and up.")
        held = sum(change < 1e-2 for change in changes)
        require(held >= needed, "The scale of a 3x3 convolution matters: no batch norm stands behind it.")
        says = "In training the same images give other logits with another seed: there is no dropout in the table."
        require(number(drawn, what="a change") <= 1e-6, says)


@pytest.mark.points(0.2, hint="Each convolution of a block has batch norm and then ReLU, the second one too.")
def test_every_batch_norm_is_followed_by_a_relu(student, rng, looked):
    for _, needed, (scaled, kinks, bare, _) in looked_into(student, rng, looked):
        require(type(scaled) is type(kinks) is list, "The network has no layers.")
        if len(kinks) < needed:  # one of the student's own cannot be looked into: the check above judges
            held = sum(number(change, what="a change") < 1e-2 for change in scaled)
            says = "There are fewer batch norms than two a block, each of its own, with scale and shift."
            require(held >= needed and not kinks and bare == 0, says)
            continue
        bends = [float(numeric(kink).values) for kink in kinks if numeric(kink) is not None]
        bent = sum(bend > 0.75 for bend in bends)
        require(bent >= needed, "What a batch norm lets through is not bent at 0: a ReLU is missing.")
        cut = sum(abs(bend - 1) < 1e-6 for bend in bends)  # all that is below 0, exactly
        require(cut >= needed, "Something below 0 gets through: an activation that leaks is no ReLU.")


def moved(nb, args, x, step, crop):
    """Answers in the middle: to x, and to x moved by step and by half of it, moved back."""
    net = nb.UNet(*args).to(x.device, x.dtype).eval()
    with torch.no_grad():
        answers = [net(torch.roll(x, (s, s), dims=(2, 3))) for s in (0, step, step // 2)]
    rows = slice(crop, x.shape[2] - crop)
    return [
        torch.roll(y, (-s, -s), dims=(2, 3))[:, :, rows, rows]
        for y, s in zip(answers, (0, step, step // 2), strict=True)
    ]


@pytest.mark.points(
    0.4,
    hint="L levels pool L - 1 times: away from the border a move by 2^(L-1) pixels moves the answer with it, and a "
    "move by half as much does not.",
)
def test_the_answer_moves_with_the_picture(student, rng):
    for widths, size, crop in (((8, 12), 80, 32), ((8, 10, 12), 128, 56)):
        step = 2 ** (len(widths) - 1)
        x = images(rng, 1, 2, size, size)
        answers = unpack(student.run(moved, [2, 3, widths], x, step, crop), 3)
        middle = (1, 3, size - 2 * crop, size - 2 * crop)
        still, whole, half = (array(y, shape=middle, dtype="float", what="the logits in the middle") for y in answers)
        close(
            whole, still, rtol=1e-7, atol=1e-9, what=f"the answer of {len(widths)} levels to a picture moved by {step}"
        )
        apart = float(np.max(np.abs(half - still)))
        require(
            apart > 1e-6,
            f"With {len(widths)} levels a move by {step // 2} should not go unnoticed: is a pooling missing?",
        )


def operations(nb, args, x):
    """Name, kernel, stride and padding of each operation on places that has a share in the answer; and how many others,
    poolings left out, use its input.
    """
    net = nb.UNet(*args).to(x.device, x.dtype).eval()
    nodes, todo, uses = [], [net(x).grad_fn], {}
    while todo:
        node = todo.pop()
        if node is None or node in nodes:
            continue
        nodes.append(node)
        for below, _ in node.next_functions:
            todo.append(below)
            uses[below] = uses.get(below, 0) + ("Pool" not in node.name())
    found, sizes = [], ("kernel_size", "stride", "padding")
    for node in nodes:
        name, others = node.name(), uses[node.next_functions[0][0]] if node.next_functions else 0
        if "Convolution" in name:
            name, kernel = "transposed" if node._saved_transposed else "convolution", node._saved_weight.shape[2:]
            found.append((name, list(kernel), list(node._saved_stride), list(node._saved_padding), others))
        elif any(word in name for word in ("Pool", "Upsample", "Pad")):
            found.append((name, *(list(getattr(node, f"_saved_{size}", None) or []) for size in sizes), others))
    return found


def last_convolution(nb, args, x):
    """The kernel of the convolution whose sums are the answer; nothing where another operation gives it."""
    net = nb.UNet(*args).to(x.device, x.dtype).eval()
    node, moves = net(x).grad_fn, ("Add", "View", "Permute", "Transpose", "Squeeze", "Clone", "Alias", "Slice", "Copy")
    while (
        node is not None
        and any(word in node.name() for word in moves)
        and "Mm" not in node.name()
        and "mm" not in node.name()
    ):
        below = [each for each, _ in node.next_functions if each is not None and "Accumulate" not in each.name()]
        if len(below) != 1:
            return []
        node = below[0]
    return list(node._saved_weight.shape[2:]) if node is not None and "Convolution" in node.name() else []


@pytest.mark.points(
    0.2,
    hint="2x2 max pooling down, nearest neighbours or a transposed convolution with kernel and stride 2 up, zeros "
    "around the maps of a 3x3 convolution; what is pooled is also the skip.",
)
def test_maps_are_halved_doubled_and_handed_across_as_in_the_table(student, rng):
    for widths in ((6, 10, 14), (5, 9)):
        answer = student.run(operations, [2, 3, widths], images(rng, 1, 2, 16, 24))
        found = formed(answer, [(str, [int], [int], [int], int)], what="what the network does")
        for name, kernel, stride, padding, others in found:
            require("Avg" not in name, "Maps are halved by 2x2 max pooling, not by a mean.")
            if "MaxPool" in name:
                inside = max(kernel, default=2) <= 2 and max(padding, default=0) == 0
                require(inside, "A pooling looks at more than 2x2 places, or beyond the border.")
                says = "What is pooled has no other use: the skip is what the block gives, no other maps of its level."
                require(kernel != [2, 2] or others > 0, says)
            mirrored = "Replication" in name or "Reflection" in name
            require(not mirrored, "Around the maps stand copies of their border; a padding of zeros is asked for.")
            if "Upsample" in name:
                require("Nearest" in name, "Maps are doubled by nearest neighbours, not by a mean of neighbours.")
            if name == "transposed":
                require(kernel == stride, "A transposed convolution has a stride that is not its kernel's size.")
            if name == "convolution":
                require(max(stride, default=1) == 1, "A convolution has a stride; maps are halved by 2x2 max pooling.")
        kernel = formed(student.run(last_convolution, [2, 3, widths], images(rng, 1, 2, 16, 24)), [int])
        says = "The last convolution looks at more than one place; a 1x1 convolution is the end."
        require(kernel in ([], [1, 1]), says)
        poolings = sum("MaxPool" in name and kernel == [2, 2] for name, kernel, *_ in found)
        require(poolings < len(widths), "There are more poolings than levels that are halved.")


def slopes(nb, args, x):
    """How every pixel of the answer changes with every pixel of one image."""
    net = nb.UNet(*args).to(x.device, x.dtype).eval()
    return torch.autograd.functional.jacobian(lambda v: net(v).flatten(), x).reshape(-1, x.numel())


@pytest.mark.points(
    0.4,
    hint="What the bottom cannot hold has to come through the skips: with a narrow bottom, does each pixel still "
    "matter by itself?",
)
def test_fine_detail_comes_through_the_skip(student, rng):
    for widths in ((16, 1, 1), (16, 1)):
        below = (
            16  # numbers that 8x8 pixels leave at level 1 with a width of 1: without a skip the rank cannot be higher
        )
        ranks = []
        for _ in range(2):
            answer = student.run(slopes, [1, 3, widths], images(rng, 1, 1, 8, 8))
            table = array(answer, shape=(192, 64), dtype="float", what="the slopes").astype(float)
            singular = np.linalg.svd(table, compute_uv=False)
            ranks.append(int(np.sum(singular > 1e-9 * max(1e-300, singular[0]))))
        require(
            max(ranks) > below, "All the answer knows of the picture went through pooled maps: the skip is missing."
        )


# ------------------------------------------------------------------------------------------------ mean IoU


def expected_iou(pred, target, n_classes):
    """By sets of pixels."""
    ious = []
    for k in range(n_classes):
        p, t = (set(np.flatnonzero(masks.numpy().reshape(-1) == k)) for masks in (pred, target))
        if p | t:
            ious.append(len(p & t) / len(p | t))
    return float(np.mean(ious))


def masks(rng, n_classes, *shape):
    return torch.tensor(rng.integers(n_classes, size=shape))


@pytest.mark.points(
    0.7, hint="Count over all pixels of all images first, divide then, and take the mean over the classes last."
)
def test_mean_iou_values(student, rng):
    for n_classes, shape in ((3, (4, 5, 6)), (5, (2, 7, 3)), (2, (1, 8, 9)), (4, (4, 4, 4))):
        target = masks(rng, n_classes, *shape)
        guess = torch.where(torch.tensor(rng.random(shape) < 0.6), target, masks(rng, n_classes, *shape))
        guess[0] = target[0]  # one image is better than the others
        with student.pure():
            answer = number(student.mean_iou(guess, target, n_classes), what="mean_iou")
        close(answer, expected_iou(guess, target, n_classes), rtol=1e-6, what="mean_iou")


@pytest.mark.points(
    0.4, hint="A class in neither counts neither as 0 nor as 1; one in only one of the two counts as 0."
)
def test_mean_iou_with_classes_that_do_not_occur(student, rng):
    target = masks(rng, 3, 2, 5, 6)
    nothing = torch.zeros_like(target)
    pairs = [
        *((target, target), (nothing, nothing), (nothing, target), (target, nothing)),
        *((nothing + 6, nothing), (nothing + 6, nothing + 6), (target + 2, target), (target + 2, target + 2)),
    ]
    for pred, true in pairs:
        answer = number(student.mean_iou(pred, true, 7), what="mean_iou")
        close(answer, expected_iou(pred, true, 7), rtol=1e-6, atol=1e-9, what="mean_iou with classes that do not occur")


# ------------------------------------------------------------------------------------------------ the trained network


@pytest.fixture(scope="module")
def runs():
    """The images, the seeds and the answers of trained networks of this examination."""
    return {}


def train_and_ask(nb, X, M, seed, questions):
    """Whether a module came back, its answers to each batch of questions, and whether these are as they were."""
    net = nb.train_segmenter(X, M, seed)
    if not isinstance(net, torch.nn.Module):
        return False, [], True
    before = [x.clone() for x in questions]
    with torch.no_grad():
        answers = [net(x) for x in questions]
    return True, answers, all(map(torch.equal, before, questions))


def trained(student, rng, runs, datasets, which=0):
    """Logits for the hidden images and for four of them alone; trained if no check before has asked for it."""
    drawn(rng, runs, datasets)
    if which not in runs:
        hidden = runs["hidden"]
        questions = [hidden, *(hidden[i : i + 1] for i in range(4))]
        with student.limit(call_s=TRAINING_S):
            answer = student.run(train_and_ask, runs["X"], runs["M"], runs["seeds"][which], questions)
        is_module, answers, runs["kept"] = unpack(answer, 3)
        require(is_module is True, "train_segmenter must return an nn.Module.")
        runs[which] = unpack(answers, 5, what="the answers")
    return runs[which]


def drawn(rng, runs, datasets):
    """Images of this examination, drawn once."""
    if "X" not in runs:
        X, _, M = datasets.small_shapes(N, rng)
        hidden, _, runs["masks"] = datasets.small_shapes(HIDDEN, rng)
        runs["X"], runs["M"], runs["hidden"] = (torch.tensor(part) for part in (X, M, hidden))
        runs["seeds"] = rng.integers(1 << 30, size=TRIES).tolist()


def reaches(student, rng, runs, datasets, threshold):
    def score(turn):
        logits = trained(student, rng, runs, datasets, turn)[0]
        pred = array(logits, shape=(HIDDEN, 5, SIZE, SIZE), dtype="float", what="the logits").argmax(axis=1)
        return expected_iou(torch.tensor(pred), torch.tensor(runs["masks"]), 5)

    says = f"The mIoU on hidden images is below {threshold}."
    best_of_two(score, low=threshold, narrow=NARROW_MISS, tries=TRIES, says=says)


@pytest.mark.points(
    1.5, hint="F.cross_entropy of logits (N, 5, 12, 12) and masks (N, 12, 12); and does the loss fall at all?"
)
def test_hidden_miou_reaches_85_percent(student, rng, runs, datasets):
    reaches(student, rng, runs, datasets, 0.85)


@pytest.mark.points(
    1.25,
    hint="Outlines are sharp only with skips; widths (12, 24, 40), batches of 16 and a rate that comes down at the end "
    "do it.",
)
def test_hidden_miou_reaches_95_percent(student, rng, runs, datasets):
    reaches(student, rng, runs, datasets, 0.95)


@pytest.mark.points(
    0.25, hint="net.eval() before it is returned; and nothing in it may be computed from the batch it is asked about."
)
def test_a_picture_is_segmented_the_same_alone_and_among_others(student, rng, runs, datasets):
    together, *alone = trained(student, rng, runs, datasets)
    require(runs["kept"] is True, "The network changes the images that it is asked about.")
    together = array(together, shape=(HIDDEN, 5, SIZE, SIZE), dtype="float", what="the logits")
    for place, answer in enumerate(alone):
        answer = array(answer, shape=(1, 5, SIZE, SIZE), dtype="float", what="the logits of one image")
        close(
            answer[0],
            together[place],
            rtol=1e-3,
            atol=1e-3,
            dtype="any",
            what="the logits of one image beside those in a batch",
        )


@pytest.mark.points(0.15, hint="Logits, not probabilities: the softmax belongs to the loss, which does it itself.")
def test_the_answers_for_pixels_are_logits(student, rng, runs, datasets):
    answers, *_ = unpack(student.run(build, [2, SIGNS, (5, 9)], [images(rng, 2, 2, 16, 16).float()]), 3)
    logits = array(unpack(answers, 1)[0], shape=(2, SIGNS, 16, 16), dtype="float", what="the logits of a new UNet")
    one_sided = bool((logits > 0).any()) and not bool((logits < 0).any())
    require(not one_sided, "No logit of a UNet is negative: the 1x1 convolution is its end.")
    logits = array(
        trained(student, rng, runs, datasets)[0], shape=(HIDDEN, 5, SIZE, SIZE), dtype="float", what="the logits"
    )
    reaches(student, rng, runs, datasets, 0.5)  # a network that knows nothing has no logits either
    with np.errstate(all="ignore"):
        sums = bool((logits >= 0).all()) and np.allclose(logits.sum(axis=1), 1, atol=1e-3)
    require(not sums, "The answers are probabilities, which sum to 1; logits are asked for.")
    require(
        bool((logits < 0).any() or (logits > 1).any()), "All answers lie in [0, 1], as probabilities do, not logits."
    )


@pytest.mark.points(
    0.25, hint="All randomness follows from the seed: first weights, batches, dropout. X and M stay as they were."
)
def test_the_same_seed_gives_the_same_segmenter(student, rng, runs, datasets):
    drawn(rng, runs, datasets)
    X, M = runs["X"][:64], runs["M"][:64]
    begun = []
    for which in (0, 0, 1):
        with student.limit(call_s=TRAINING_S):
            answer = student.run(first_losses, "train_segmenter", FIRST_STEPS, X, M, runs["seeds"][which])
        losses, kept = formed(answer, ([float], bool), what="the first losses")
        require(kept is True, "train_segmenter has changed the images or masks that it was given.")
        require(len(losses) > 0, "train_segmenter takes no step.")
        begun.append(losses)
    close(
        begun[1], begun[0], rtol=1e-4, atol=1e-5, dtype="any", what="the loss in a second training with the same seed"
    )
    require(begun[2] != begun[0], "Another seed gives the same training: the seed is not used.")
