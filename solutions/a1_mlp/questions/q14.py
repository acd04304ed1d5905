# %% [raw]
# # BEGIN QUESTION
# name: q14
# points: 0

# %% [markdown]
# ## q14. Train a digit classifier (7 points)
#
# Everything comes together: q8 gives gradients, q9 takes the steps, and you decide on the layer sizes, the
# learning rate, the batch size, the number of epochs. What is new is the discipline around it. Training loss
# falls for ever; the loss on data that the network has *not* been trained on falls and then rises. The validation
# set tells you when. So after every epoch measure the validation loss, remember the best network so far, and
# return that one, not the last.
#
# | argument | shape |
# |---|---|
# | `Xtr`, `ytr` | `(1000, 64)` pixels in [0, 1] (8 x 8 images, row by row), `(1000,)` integers 0 to 9 |
# | `Xva`, `yva` | `(300, 64)`, `(300,)`: to choose the epoch with, never to train on |
# | `rng` | the only source of randomness |
#
# | key of the answer | value |
# |---|---|
# | `"predict_proba"` | a function `(N, 64)` -> `(N, 10)`: probabilities of the **best** epoch's network |
# | `"history"` | `{"train_loss": [...], "val_loss": [...]}`, mean cross-entropy, one entry per epoch; `train_loss` as it was while training, or after the epoch |
# | `"best_epoch"` | the index of the smallest entry of `val_loss` (of equal ones any) |
#
# It will be trained and tested on other splits of the same digits than the one you see below, turned or mirrored, and with
# the classes numbered otherwise: accuracy 0.88 on
# 497 images gives 2 points, 0.92 gives 3, 0.94 gives 4. The other 3 points are for what accuracy cannot see: the
# network returned *is* the one of the best epoch, rows are probabilities, the same `rng` gives the same network,
# one row at a time gives what the batch gives. None of it is given for answers that do not move with the pixels: those
# of a table, or the same ones for every digit. You have 20 s of CPU time; half a second is enough.
#
# **What usually goes wrong**
# - `best = params` remembers the best network, until the optimiser takes its next step. What is missing?
# - Is `best_epoch` the best one, or the last, or the best of the *training* loss?
# - If you normalise the pixels, with whose mean: the training set's, or that of the batch you happen to predict?
# - Probabilities or logits? Which axis does the softmax run along?
# - What happens with all weights zero at the start? With a standard deviation of 1?
# - Does every number you draw come from `rng`, the order of the samples too?
#
# *Read:* Prince ch. 6, ch. 8 and §9.3; Goodfellow §7.8, §8.1 and ch. 11; Bishop §5.2 and §5.5. Papers: LeCun et
# al. 1998 (Efficient BackProp); Prechelt 1998 (early stopping). The digits are those of Alpaydin and Kaynak 1998,
# as in scikit-learn.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q14


def train_classifier(
    Xtr: np.ndarray, ytr: np.ndarray, Xva: np.ndarray, yva: np.ndarray, rng: np.random.Generator
) -> dict:
    """Train a network on (Xtr, ytr), choose the epoch by its loss on (Xva, yva).

    Xtr: (1000, 64), Xva: (300, 64) in [0, 1];  ytr, yva: integers 0..9
    returns {"predict_proba": function (N, 64) -> (N, 10) of the best epoch's network,
             "history": {"train_loss": [one per epoch], "val_loss": [one per epoch]},
             "best_epoch": index of the smallest val_loss}
    """
    # BEGIN SOLUTION NO PROMPT
    epochs, batch, act = 60, 32, "relu"
    params = init_params([Xtr.shape[1], 64, 10], "he_normal", rng)
    optimiser = Adam(lr=2e-3)
    train_loss, val_loss, best_epoch, best = [], [], 0, {}
    for epoch in range(epochs):
        order = rng.permutation(len(Xtr))
        losses = []
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            loss, grads = mlp_loss_and_grads(params, Xtr[rows], ytr[rows], act)
            optimiser.step(params, grads)
            losses.append(loss)
        train_loss.append(float(np.mean(losses)))
        logits, _ = mlp_forward(params, Xva, act)
        val_loss.append(softmax_cross_entropy(logits, yva)[0])
        if epoch == 0 or val_loss[epoch] < val_loss[best_epoch]:
            best_epoch = epoch
            best = {name: w.copy() for name, w in params.items()}  # the optimiser goes on changing params
    return {
        "predict_proba": lambda X: softmax(mlp_forward(best, X, act)[0]),
        "history": {"train_loss": train_loss, "val_loss": val_loss},
        "best_epoch": best_epoch,
    }
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q14: train_classifier is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_answer(train_classifier):
    """the answer has its parts, and they fit together"""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X = X / 16
    answer = train_classifier(X[:200], y[:200], X[200:300], y[200:300], np.random.default_rng(0))
    for key in ("predict_proba", "history", "best_epoch"):
        assert key in answer, f"the answer is a dict with {key!r} in it; yours has {sorted(answer)}"
    history = answer["history"]
    epochs = len(history["val_loss"])
    assert epochs == len(history["train_loss"]) > 0, "train_loss and val_loss: one entry for each epoch, both"
    assert answer["best_epoch"] == int(np.argmin(history["val_loss"])), (
        "best_epoch is the index of the smallest val_loss"
    )
    p = answer["predict_proba"](X[300:307])
    assert np.shape(p) == (7, 10), f"7 images: predict_proba gives (7, 10), yours gives {np.shape(p)}"
    assert near(np.sum(p, axis=1), [1] * 7) and np.min(p) >= 0, (
        "each row of predict_proba is a probability distribution"
    )


# %%
def test_accuracy(train_classifier):
    """accuracy on the public validation images"""
    import time

    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X, order = X / 16, np.random.default_rng(0).permutation(len(X))
    train, validation = order[:1000], order[1000:1300]
    start = time.process_time()
    answer = train_classifier(X[train], y[train], X[validation], y[validation], np.random.default_rng(0))
    seconds = time.process_time() - start
    accuracy = np.mean(np.argmax(answer["predict_proba"](X[validation]), axis=1) == y[validation])
    print(f"accuracy {accuracy:.3f} on 300 validation images, trained in {seconds:.1f} s of CPU time")
    assert accuracy >= 0.88, f"accuracy {accuracy:.3f}; the first points are given from 0.88 on (on other images)"
    assert seconds < 20, f"{seconds:.1f} s of CPU time; 20 s are allowed"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: learning curves, mistakes, and what the network confuses


@experiment
def read_digits():
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X, order = X / 16, np.random.default_rng(0).permutation(len(X))
    train, validation, rest = order[:1000], order[1000:1300], order[1300:]
    answer = train_classifier(X[train], y[train], X[validation], y[validation], np.random.default_rng(0))
    probabilities = answer["predict_proba"](X[rest])
    predicted, best = probabilities.argmax(axis=1), answer["best_epoch"]
    confusion = np.zeros((10, 10), dtype=int)
    np.add.at(confusion, (y[rest], predicted), 1)

    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4))
    left.semilogy(answer["history"]["train_loss"], label="training")
    left.semilogy(answer["history"]["val_loss"], label="validation")
    left.axvline(best, color="gray", linestyle=":", label=f"best epoch, {best}")
    left.set(xlabel="epoch", ylabel="loss")
    left.legend()
    right.imshow(np.log1p(confusion), cmap="Blues")
    for true, guess in np.ndindex(10, 10):
        if confusion[true, guess]:
            color = "white" if true == guess else "black"
            right.text(guess, true, confusion[true, guess], ha="center", va="center", fontsize=8, color=color)
    right.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="is")
    right.set_title(f"accuracy {np.mean(predicted == y[rest]):.3f} on {len(rest)} other images")
    fig.tight_layout()
    plt.show()

    wrong = np.flatnonzero(predicted != y[rest])[:10]
    fig, axes = plt.subplots(1, 10, figsize=(15, 2))
    for ax in axes:
        ax.axis("off")
    for ax, i in zip(axes, wrong, strict=False):
        ax.imshow(X[rest][i].reshape(8, 8), cmap="gray_r")
        ax.set_title(f"is {y[rest][i]}, read as {predicted[i]}\n(p = {probabilities[i].max():.2f})", fontsize=8)
    plt.show()


# %% [markdown]
# ## Before you hand in
#
# 1. *Restart the kernel and run all cells.* What works only because of a cell that you have deleted since does
#    not work for us.
# 2. Look at every `grader.check(...)`. A check that passes is no proof; one that fails is.
# 3. Hand in this one file, under any name. Its outputs are not read.
