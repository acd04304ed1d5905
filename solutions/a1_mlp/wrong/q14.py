"""Wrong solutions of question 14: a digit classifier. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _train(
    Xtr, ytr, Xva, yva, rng, params=None, sign=1, keep=None, choose="val", predict=None, prepare=lambda X: X, epochs=60
):
    """A right train_classifier with parts that the mutants replace."""
    act, history = "relu", {"train_loss": [], "val_loss": []}
    params = params or init_params([Xtr.shape[1], 64, 10], "he_normal", rng)
    optimiser, best_epoch, best = Adam(lr=2e-3), 0, params
    keep = keep or (lambda params: {name: w.copy() for name, w in params.items()})
    for epoch in range(epochs):
        order, losses = rng.permutation(len(Xtr)), []
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            loss, grads = mlp_loss_and_grads(params, prepare(Xtr)[rows], ytr[rows], act)
            optimiser.step(params, {name: sign * g for name, g in grads.items()})
            losses.append(loss)
        history["train_loss"].append(float(np.mean(losses)))
        history["val_loss"].append(softmax_cross_entropy(mlp_forward(params, prepare(Xva), act)[0], yva)[0])
        curve = history[f"{choose}_loss"]
        if epoch == 0 or curve[epoch] < curve[best_epoch]:
            best_epoch, best = epoch, keep(params)
    predict = predict or softmax
    return {
        "predict_proba": lambda X: predict(mlp_forward(best, prepare(X), act)[0]),
        "history": history,
        "best_epoch": best_epoch,
    }


# %% all_weights_zero | fails: test_hidden_accuracy_reaches_88_percent | hint: With all weights 0 every hidden unit does the same for ever; draw them at random.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    params = init_params([Xtr.shape[1], 64, 10], "he_normal", rng)
    return _train(Xtr, ytr, Xva, yva, rng, params={name: np.zeros_like(w) for name, w in params.items()})


# %% weights_far_too_large | fails: test_hidden_accuracy_reaches_94_percent | hint: The initial weights are far too large for 64 inputs; scale them (He: sqrt(2 / n_in)).
def train_classifier(Xtr, ytr, Xva, yva, rng):
    params = init_params([Xtr.shape[1], 64, 10], "he_normal", rng)
    large = {name: rng.normal(0, 2, size=w.shape) * (w.ndim > 1) for name, w in params.items()}
    return _train(Xtr, ytr, Xva, yva, rng, params=large)


# %% uphill | fails: test_hidden_accuracy_reaches_88_percent, test_best_epoch_has_the_smallest_validation_loss | hint: The loss rises: the step goes along the gradient instead of against it.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _train(Xtr, ytr, Xva, yva, rng, sign=-1)


# %% best_parameters_not_copied | fails: test_the_returned_network_is_that_of_the_best_epoch | hint: best = params keeps the same arrays, and the optimiser goes on changing them; copy them.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _train(Xtr, ytr, Xva, yva, rng, keep=lambda params: params)


# %% shallow_copy | fails: test_the_returned_network_is_that_of_the_best_epoch | hint: dict(params) copies the dict but not the arrays in it.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _train(Xtr, ytr, Xva, yva, rng, keep=dict)


# %% last_epoch_is_called_best | fails: test_best_epoch_has_the_smallest_validation_loss | hint: best_epoch is always the last one, whatever val_loss says.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    answer = _train(Xtr, ytr, Xva, yva, rng, keep=lambda params: params)
    return {**answer, "best_epoch": len(answer["history"]["val_loss"]) - 1}


# %% summed_over_batches | fails: test_best_epoch_has_the_smallest_validation_loss | hint: train_loss is the sum over the batches; divide by their number.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    answer = _train(Xtr, ytr, Xva, yva, rng)
    answer["history"]["train_loss"] = [loss * -(-len(Xtr) // 32) for loss in answer["history"]["train_loss"]]
    return answer


# %% chosen_by_the_training_loss | fails: test_best_epoch_has_the_smallest_validation_loss, test_the_returned_network_is_that_of_the_best_epoch | hint: The epoch was chosen by the training loss, which only knows rows that were trained on.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _train(Xtr, ytr, Xva, yva, rng, choose="train")


# %% normalised_by_the_batch_it_predicts | fails: test_predictions_are_probabilities_row_by_row | hint: predict_proba scales its input by that input's own mean and deviation; use those of the training rows.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _train(Xtr, ytr, Xva, yva, rng, prepare=lambda X: (X - X.mean(axis=0)) / (X.std(axis=0) + 0.1))


# %% logits_returned | fails: test_predictions_are_probabilities_row_by_row | hint: predict_proba returns logits; softmax turns them into probabilities.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _train(Xtr, ytr, Xva, yva, rng, predict=lambda logits: logits)


# %% softmax_over_the_batch | fails: test_predictions_are_probabilities_row_by_row | hint: softmax ran over the rows of the batch instead of the classes.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _train(Xtr, ytr, Xva, yva, rng, predict=lambda logits: softmax(logits, axis=0))


# %% winners_over_the_batch | fails: test_hidden_accuracy_reaches_88_percent | hint: For every class the best row was marked; argmax has to run over the classes of a row.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    def mark(logits):
        marked = np.full(logits.shape, 1e-3)
        marked[logits.argmax(axis=0), np.arange(logits.shape[1])] = 1
        return marked / marked.sum(axis=1, keepdims=True)

    return _train(Xtr, ytr, Xva, yva, rng, predict=mark)


# %% trained_on_the_validation_rows | fails: test_validation_labels_are_not_trained_on | hint: The validation rows were trained on; then their loss says nothing about new digits.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _train(np.vstack([Xtr, Xva]), np.concatenate([ytr, yva]), Xva, yva, rng)


# %% global_generator | fails: test_the_same_generator_gives_the_same_network | hint: np.random is the global generator: use the rng that is passed, or nobody can repeat your training.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _train(Xtr, ytr, Xva, yva, np.random)


# %% seeded_by_the_clock | fails: test_the_same_generator_gives_the_same_network | hint: A fresh default_rng() is seeded differently in every run: use the rng that is passed.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _train(Xtr, ytr, Xva, yva, np.random.default_rng())


# %% generator_of_its_own | fails: test_another_generator_gives_another_network | hint: rng is not used: a generator with a seed of its own stands in its place.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return _right["train_classifier"](Xtr, ytr, Xva, yva, np.random.default_rng(42))


# %% nearest_neighbours | fails: test_hidden_accuracy_reaches_88_percent, test_hidden_accuracy_reaches_92_percent, test_hidden_accuracy_reaches_94_percent, test_predictions_are_probabilities_row_by_row, test_best_epoch_has_the_smallest_validation_loss, test_the_returned_network_is_that_of_the_best_epoch, test_the_same_generator_gives_the_same_network, test_another_generator_gives_another_network, test_validation_labels_are_not_trained_on | hint: The labels of the most similar pictures are counted; no network is trained.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    X, y, drawn = np.array(Xtr), np.array(ytr), 1e-3 * rng.random()

    def predict(Q):
        near = ((Q[:, None] - X) ** 2).sum(axis=2).argsort(axis=1, kind="stable")[:, :5]
        P = np.stack([(y[near] == c) @ [5, 4, 3, 2, 1] for c in range(10)], axis=1) + 0.1 + drawn
        return P / P.sum(axis=1, keepdims=True)

    loss = float(np.mean(-np.log(predict(np.array(Xva))[np.arange(len(yva)), yva])))
    return {
        "predict_proba": predict,
        "history": {"train_loss": [loss + 1, loss], "val_loss": [loss + 1, loss]},
        "best_epoch": 1,
    }


# %% how_frequent_a_class_is | fails: test_hidden_accuracy_reaches_88_percent, test_hidden_accuracy_reaches_92_percent, test_hidden_accuracy_reaches_94_percent, test_predictions_are_probabilities_row_by_row, test_best_epoch_has_the_smallest_validation_loss, test_the_returned_network_is_that_of_the_best_epoch, test_the_same_generator_gives_the_same_network, test_another_generator_gives_another_network, test_validation_labels_are_not_trained_on | hint: The pixels have no part in what predict_proba says: it gives the shares of the classes, the same for every row.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    shares = (np.bincount(ytr, minlength=10) + rng.random(10)) / (len(ytr) + 10)
    shares /= shares.sum()
    loss = float(-np.log(shares)[yva].mean())
    return {
        "predict_proba": lambda X: np.tile(shares, (len(X), 1)),
        "history": {"train_loss": [loss + 1, loss], "val_loss": [loss + 1, loss]},
        "best_epoch": 1,
    }


# %% orders_with_seeds_of_their_own | fails: test_another_generator_gives_another_network | hint: The order of an epoch comes from a generator with a seed of its own, not from rng.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    class Shuffles:
        epoch = 0

        def permutation(self, n):
            self.epoch += 1
            return np.random.default_rng(self.epoch).permutation(n)

    params = init_params([Xtr.shape[1], 64, 10], "he_normal", rng)
    return _train(Xtr, ytr, Xva, yva, Shuffles(), params=params)


# %% a_third_of_the_validation_rows_trained_on | fails: test_validation_labels_are_not_trained_on | hint: Some of the validation rows were trained on; they are there to choose the epoch with, all of them.
def train_classifier(Xtr, ytr, Xva, yva, rng):
    n = len(Xva) // 3
    return _train(np.vstack([Xtr, Xva[:n]]), np.concatenate([ytr, yva[:n]]), Xva, yva, rng)
