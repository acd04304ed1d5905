"""Wrong solutions of question 13: autoencoders and pre-training. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _aann(X, k, rng, squashed=(True, False, True, False), epochs=150, prepare=lambda X: X):
    """A right train_aann with parts that the mutants replace."""
    n = X.shape[1]
    p = autoencoder(prepare(X), [n, 48, k, 48, n], list(squashed), epochs, rng)

    def through(a, layers):
        for i in layers:
            a = a @ p[f"W{i}"] + p[f"b{i}"]
            a = sigmoid(a) if squashed[i] else a
        return a

    return lambda X: through(prepare(X), (0, 1)), lambda code: through(code, (2, 3))


def _stack(X, sizes, rng, squashed=True, epochs=40, part=("W0", "b0"), only=99):
    """A right pretrain_stack with parts that the mutants replace."""
    stack = []
    for i, size in enumerate(sizes):
        p = autoencoder(X, [X.shape[1], size, X.shape[1]], [squashed, False], epochs if i < only else 0, rng)
        stack.append((p[part[0]], p[part[1]]))
        X = sigmoid(X @ p["W0"] + p["b0"])
    return stack


def _finetune(
    stack, Xl, yl, n_classes, rng, frozen=False, copy=True, predict=None, epochs=200, size=20, order=None, rate=None
):
    """A right finetune with parts that the mutants replace."""
    params = {}
    for i, (W, b) in enumerate(stack, start=1):
        params[f"W{i}"], params[f"b{i}"] = (W.copy(), b.copy()) if copy else (W, b)
    n, last = len(stack[-1][1]), len(stack) + 1
    params[f"W{last}"], params[f"b{last}"] = rng.normal(0, np.sqrt(1 / n), size=(n, n_classes)), np.zeros(n_classes)
    trained = [f"W{last}", f"b{last}"] if frozen else list(params)
    order, rate = order or (lambda epoch: rng.permutation(len(Xl))), rate or (lambda epoch: 0.5)
    for epoch in range(epochs):
        shuffled = order(epoch)
        for start in range(0, len(Xl), size):
            rows = shuffled[start : start + size]
            _, grads = mlp_loss_and_grads(params, Xl[rows], yl[rows], "sigmoid")
            for name in trained:
                params[name] -= rate(epoch) * grads[name]
    predict = predict or (lambda logits: logits.argmax(axis=1))
    return lambda X: predict(mlp_forward(params, X, "sigmoid")[0])


# %% linear_hidden_layers | fails: test_reconstruction_beats_pca_by_15_percent | hint: With linear layers beside the bottleneck the network is a PCA; they need a sigmoid.
def train_aann(X, k, rng):
    return _aann(X, k, rng, squashed=(False, False, False, False))


# %% sigmoid_on_the_bottleneck | fails: test_codes_are_free_numbers_and_all_that_decode_needs | hint: The bottleneck goes through a sigmoid; its numbers should be free.
def train_aann(X, k, rng):
    return _aann(X, k, rng, squashed=(True, True, True, False))


# %% hardly_trained | fails: test_reconstruction_beats_pca_by_15_percent | hint: A few epochs are not enough: look at how the error still falls.
def train_aann(X, k, rng):
    return _aann(X, k, rng, epochs=3)


# %% code_ignored | fails: test_codes_are_free_numbers_and_all_that_decode_needs, test_reconstruction_beats_pca_by_15_percent | hint: decode gives the mean picture, whatever the code says.
def train_aann(X, k, rng):
    encode, _ = _aann(X, k, rng, epochs=3)
    mean = X.mean(axis=0)
    return encode, lambda code: np.tile(mean, (len(code), 1))


# %% input_remembered | fails: test_codes_are_free_numbers_and_all_that_decode_needs | hint: decode does not use its argument but what encode has seen before.
def train_aann(X, k, rng):
    encode, _ = _aann(X, k, rng, epochs=3)
    seen = []

    def remember(X):
        seen.append(X)
        return encode(X)

    return remember, lambda code: seen[-1]


# %% standardised_by_the_batch | fails: test_autoencoder_keeps_to_the_table | hint: encode subtracts the mean of the rows it is given; that of the training rows is meant.
def train_aann(X, k, rng):
    return _aann(X, k, rng, prepare=lambda X: X - X.mean(axis=0))


# %% training_rows_changed | fails: test_autoencoder_keeps_to_the_table | hint: X -= mean changes the caller's X.
def train_aann(X, k, rng):
    X -= X.mean(axis=0)
    return _aann(X, k, rng)


# %% aann_with_the_global_generator | fails: test_autoencoder_keeps_to_the_table | hint: np.random is the global generator: use the rng that is passed.
def train_aann(X, k, rng):
    return _aann(X, k, np.random)


# %% one_number_too_many | fails: test_autoencoder_keeps_to_the_table, test_reconstruction_beats_pca_by_15_percent | hint: The code has k numbers.
def train_aann(X, k, rng):
    return _aann(X, k + 1, rng)


# %% untrained_stack | fails: test_every_layer_was_trained_on_the_codes_below_it, test_our_fine_tuning_of_the_stack_reaches_80_percent | hint: The stack holds random weights: nothing was learned before fine-tuning.
def pretrain_stack(X, sizes, rng):
    return _stack(X, sizes, rng, epochs=0)


# %% only_the_first_layer_trained | fails: test_every_layer_was_trained_on_the_codes_below_it | hint: Only the first layer was trained; the others are still random.
def pretrain_stack(X, sizes, rng):
    return _stack(X, sizes, rng, only=1)


# %% every_layer_on_the_pixels | fails: test_stack_keeps_to_the_table | hint: Every layer was trained on the pixels; layer 2 learns from the codes of layer 1, and so on.
def pretrain_stack(X, sizes, rng):
    return [_stack(X, [size], rng)[0] for size in sizes]


# %% decoder_in_the_stack | fails: test_stack_keeps_to_the_table | hint: These are the decoder's weights; the encoder's belong into the stack.
def pretrain_stack(X, sizes, rng):
    return _stack(X, sizes, rng, part=("W1", "b1"))


# %% linear_codes | fails: test_every_layer_was_trained_on_the_codes_below_it | hint: The layers were trained as linear autoencoders; their codes go through a sigmoid.
def pretrain_stack(X, sizes, rng):
    return [(5 * W, b) for W, b in _stack(X, sizes, rng, squashed=False)]


# %% stack_with_the_global_generator | fails: test_stack_keeps_to_the_table | hint: np.random is the global generator: use the rng that is passed.
def pretrain_stack(X, sizes, rng):
    return _stack(X, sizes, np.random)


# %% stack_without_biases | fails: test_stack_keeps_to_the_table | hint: A layer of the stack is a pair (W, b).
def pretrain_stack(X, sizes, rng):
    return [W for W, _ in _stack(X, sizes, rng)]


# %% softmax_layer_alone | fails: test_fine_tuning_trains_the_layers_of_the_stack_too, test_your_fine_tuning_of_the_stack_reaches_80_percent | hint: Only the new layer was trained; fine-tuning changes all of them.
def finetune(stack, Xl, yl, n_classes, rng):
    return _finetune(stack, Xl, yl, n_classes, rng, frozen=True)


# %% stack_thrown_away | fails: test_your_fine_tuning_of_the_stack_reaches_80_percent | hint: The weights of the stack are not used: training starts from new random ones.
def finetune(stack, Xl, yl, n_classes, rng):
    fresh = [(rng.normal(0, np.sqrt(1 / len(W)), size=W.shape), np.zeros(len(b))) for W, b in stack]
    return _finetune(fresh, Xl, yl, n_classes, rng)


# %% too_few_epochs | fails: test_your_fine_tuning_of_the_stack_reaches_80_percent | hint: The recipe has 200 epochs; here the loss is still falling.
def finetune(stack, Xl, yl, n_classes, rng):
    return _finetune(stack, Xl, yl, n_classes, rng, epochs=5)


# %% stack_changed | fails: test_fine_tuning_keeps_to_the_table | hint: The arrays of the stack were changed in place; they are the caller's.
def finetune(stack, Xl, yl, n_classes, rng):
    return _finetune(stack, Xl, yl, n_classes, rng, copy=False)


# %% logits_returned | fails: test_fine_tuning_keeps_to_the_table | hint: predict returns logits; the class is the index of the largest.
def finetune(stack, Xl, yl, n_classes, rng):
    return _finetune(stack, Xl, yl, n_classes, rng, predict=lambda logits: logits)


# %% best_row_of_each_class | fails: test_fine_tuning_keeps_to_the_table | hint: argmax ran over the rows of the batch instead of the classes.
def finetune(stack, Xl, yl, n_classes, rng):
    return _finetune(stack, Xl, yl, n_classes, rng, predict=lambda logits: logits.argmax(axis=0))


# %% classes_from_one | fails: test_fine_tuning_keeps_to_the_table, test_your_fine_tuning_of_the_stack_reaches_80_percent | hint: Classes are counted from 0.
def finetune(stack, Xl, yl, n_classes, rng):
    return _finetune(stack, Xl, yl, n_classes, rng, predict=lambda logits: logits.argmax(axis=1) + 1)


# %% finetune_with_the_global_generator | fails: test_fine_tuning_keeps_to_the_table | hint: np.random is the global generator: use the rng that is passed.
def finetune(stack, Xl, yl, n_classes, rng):
    return _finetune(stack, Xl, yl, n_classes, np.random)


# Left out: pre-training with the labels (pretrain_stack is not given any).


# %% sums_are_the_data_of_the_next | fails: test_the_next_layer_learns_from_what_the_sigmoid_lets_through | hint: The next layer was trained on H W + b; its data are the codes, behind the sigmoid.
def pretrain_stack(X, sizes, rng):
    stack, H = [], as_float(X)
    for size in sizes:
        [(W, b)] = _right["pretrain_stack"](H, [size], rng)
        stack.append((W, b))
        H = H @ W + b
    return stack


# %% stack_with_a_seed_of_its_own | fails: test_stack_keeps_to_the_table | hint: rng is not used: a generator with a seed of its own stands in its place.
def pretrain_stack(X, sizes, rng):
    return _right["pretrain_stack"](X, sizes, np.random.default_rng(0))


# %% autoencoder_with_a_seed_of_its_own | fails: test_autoencoder_keeps_to_the_table | hint: rng is not used: a generator with a seed of its own stands in its place.
def train_aann(X, k, rng):
    return _right["train_aann"](X, k, np.random.default_rng(0))


# %% fine_tuning_with_a_seed_of_its_own | fails: test_fine_tuning_keeps_to_the_table | hint: rng is not used: a generator with a seed of its own stands in its place.
def finetune(stack, Xl, yl, n_classes, rng):
    return _right["finetune"](stack, Xl, yl, n_classes, np.random.default_rng(0))


# %% codes_looked_up | fails: test_autoencoder_keeps_to_the_table, test_reconstruction_beats_pca_by_15_percent | hint: decode gives back what encode was shown before; another code, however near, means nothing to it.
def train_aann(X, k, rng):
    encode, decode = _aann(X, k, rng, epochs=3)
    seen = {}

    def remember(X):
        codes = encode(X)
        seen.update(zip(map(bytes, codes), np.array(X), strict=True))
        return codes

    def recall(codes):
        return np.stack([seen.get(bytes(code), picture) for code, picture in zip(codes, decode(codes), strict=True)])

    return remember, recall


# %% nearest_code_looked_up | fails: test_codes_are_free_numbers_and_all_that_decode_needs | hint: decode looks for the nearest code that it has seen; a network that is given another code paints another picture.
def train_aann(X, k, rng):
    encode, _ = _aann(X, k, rng, epochs=3)
    known, pictures = [encode(X)], [np.array(X)]

    def remember(X):
        known.append(encode(X))
        pictures.append(np.array(X))
        return known[-1]

    def recall(codes):
        C = np.concatenate(known)
        return np.concatenate(pictures)[[int(((C - code) ** 2).sum(axis=1).argmin()) for code in codes]]

    return remember, recall


# %% float32_pixels_are_changed | fails: test_autoencoder_keeps_to_the_table | hint: as_float copies float64 and hands float32 on as it is: -= then changes the caller's X.
def train_aann(X, k, rng):
    Z = as_float(X)
    Z -= Z.mean(axis=0)
    return _aann(np.array(X), k, rng)


# %% nearest_neighbour | fails: test_your_fine_tuning_of_the_stack_reaches_80_percent, test_fine_tuning_trains_the_layers_of_the_stack_too | hint: predict copies the label of the most similar picture: neither the stack nor training has a part in it.
def finetune(stack, Xl, yl, n_classes, rng):
    X, y = np.array(Xl), np.array(yl)
    rng.random()
    return lambda Q: y[((Q[:, None] - X) ** 2).sum(axis=2).argmin(axis=1)]


# %% axes_of_a_pca_as_stack | fails: test_the_next_layer_learns_from_what_the_sigmoid_lets_through, test_every_layer_was_trained_on_the_codes_below_it, test_our_fine_tuning_of_the_stack_reaches_80_percent | hint: The weights are the axes of a PCA: a formula, no layer was trained.
def pretrain_stack(X, sizes, rng):
    stack, H = [], as_float(X)
    for n in sizes:
        mean = H.mean(axis=0)
        axes = np.linalg.svd(H - mean, full_matrices=True)[2][:n]
        W = np.zeros((H.shape[1], n))
        W[:, : len(axes)] = 2 * axes.T * rng.choice([-1, 1], size=len(axes))
        stack.append((W, -mean @ W))
        H = sigmoid(H @ W - mean @ W)
    return stack


# %% pictures_remembered_beside_a_pca | fails: test_autoencoder_keeps_to_the_table, test_codes_are_free_numbers_and_all_that_decode_needs, test_reconstruction_beats_pca_by_15_percent | hint: decode gives back the very pictures that encode was shown, and those of a PCA for all other codes.
def train_aann(X, k, rng):
    mean = X.mean(axis=0)
    axes = np.linalg.svd(X - mean, full_matrices=False)[2][:k]
    seen = {}

    def encode(X):
        codes = np.stack([axes @ (row - mean) for row in X])
        seen.update(zip(map(bytes, codes), np.array(X), strict=True))
        return codes

    def decode(codes):
        return np.stack([seen.get(bytes(code), mean + code @ axes) for code in codes])

    return encode, decode


# %% codes_linear_in_the_pixels | fails: test_codes_are_free_numbers_and_all_that_decode_needs | hint: No sigmoidal layer lies before the bottleneck; the way back alone is bent.
def train_aann(X, k, rng):
    return _aann(X, k, rng, squashed=(False, False, True, False))


# %% shuffled_once | fails: test_fine_tuning_follows_the_recipe | hint: The rows are shuffled once, before training; each epoch has an order of its own.
def finetune(stack, Xl, yl, n_classes, rng):
    order = rng.permutation(len(Xl))
    return _finetune(stack, Xl, yl, n_classes, rng, order=lambda epoch: order)


# %% orders_with_seeds_of_their_own | fails: test_fine_tuning_follows_the_recipe | hint: The order of an epoch comes from a generator with a seed of its own, not from rng.
def finetune(stack, Xl, yl, n_classes, rng):
    def order(epoch):
        return np.random.default_rng(epoch).permutation(len(Xl))

    return _finetune(stack, Xl, yl, n_classes, rng, order=order)


# %% half_the_epochs | fails: test_fine_tuning_follows_the_recipe | hint: The recipe has 200 epochs; here it is 100.
def finetune(stack, Xl, yl, n_classes, rng):
    return _finetune(stack, Xl, yl, n_classes, rng, epochs=100)


# %% rate_that_falls | fails: test_fine_tuning_follows_the_recipe | hint: The learning rate falls to 0; in the recipe it is 0.5 to the end.
def finetune(stack, Xl, yl, n_classes, rng):
    return _finetune(stack, Xl, yl, n_classes, rng, rate=lambda epoch: 0.5 * (1 - epoch / 200))


# %% batches_of_ten | fails: test_fine_tuning_follows_the_recipe | hint: Batches have 10 rows, and so there are twice as many steps; the recipe has batches of 20.
def finetune(stack, Xl, yl, n_classes, rng):
    return _finetune(stack, Xl, yl, n_classes, rng, size=10)
