"""Wrong solutions of question 2: the perceptron. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _fit(
    X, y, w_init, max_epochs, step=1.0, sign=1, fires=lambda s: s >= 0, bias=True, batch=False, order=None, repeat=True
):
    """A right perceptron_fit with parts that the mutants replace; also the number of epochs with a mistake."""
    X1 = np.hstack([np.ones((len(X), 1)), X])
    w = np.zeros(X1.shape[1]) if w_init is None else np.array(w_init, dtype=float)
    updates, epochs = 0, 0
    for _ in range(max_epochs):
        mistakes, stale = 0, w.copy()
        for i in range(len(X)) if order is None else order(len(X)):
            error = sign * (int(y[i]) - int(fires((stale if batch else w) @ X1[i])))
            if error:
                change = step * error * X1[i]
                w += change if bias else np.concatenate([[0.0], change[1:]])
                mistakes += 1
        updates += mistakes
        if mistakes == 0:
            return w, updates, True, epochs
        epochs += 1
    return w, updates, False, epochs


# %% zero_is_silent | fails: test_a_score_of_exactly_zero_fires, test_weights_and_updates_are_exactly_those_of_the_rule | hint: A score of exactly 0 fires: >= 0, not > 0.
def perceptron_predict(X, w):
    return (w[0] + X @ w[1:] > 0).astype(int)


def perceptron_fit(X, y, w_init, max_epochs):
    return _fit(X, y, w_init, max_epochs, fires=lambda s: s > 0)[:3]


# %% zero_is_silent_in_predictions | fails: test_a_score_of_exactly_zero_fires | hint: A score of exactly 0 fires: >= 0, not > 0.
def perceptron_predict(X, w):
    return (w[0] + X @ w[1:] > 0).astype(int)


# %% bias_last | fails: test_prediction_is_the_sign_of_the_score, test_weights_and_updates_are_exactly_those_of_the_rule | hint: The last weight was taken for the bias; it is w[0].
def perceptron_predict(X, w):
    return (w[-1] + X @ w[:-1] >= 0).astype(int)


def perceptron_fit(X, y, w_init, max_epochs):
    w, updates, converged = _right["perceptron_fit"](X, y, None if w_init is None else np.roll(w_init, 1), max_epochs)
    return np.roll(w, -1), updates, converged


# %% bool_answers | fails: test_perceptron_keeps_to_the_table | hint: A comparison gives True and False; the answers are the integers 1 and 0.
def perceptron_predict(X, w):
    return w[0] + X @ w[1:] >= 0


# %% bias_left_out_of_the_score | fails: test_prediction_is_the_sign_of_the_score | hint: The score lacks the bias w[0].
def perceptron_predict(X, w):
    return (X @ w[1:] >= 0).astype(int)


# %% pushed_the_wrong_way | fails: test_weights_and_updates_are_exactly_those_of_the_rule, test_novikoff_bounds_the_mistakes | hint: The update has the wrong sign: a sample that should have fired is added to w.
def perceptron_fit(X, y, w_init, max_epochs):
    return _fit(X, y, w_init, max_epochs, sign=-1)[:3]


# %% one_update_per_epoch | fails: test_weights_and_updates_are_exactly_those_of_the_rule | hint: All mistakes of an epoch were judged with the weights from its beginning; each sample is judged with the newest weights.
def perceptron_fit(X, y, w_init, max_epochs):
    return _fit(X, y, w_init, max_epochs, batch=True)[:3]


# %% stops_at_the_first_right_sample | fails: test_weights_and_updates_are_exactly_those_of_the_rule, test_novikoff_bounds_the_mistakes | hint: One sample that is right is no reason to stop; a whole epoch without a mistake is.
def perceptron_fit(X, y, w_init, max_epochs):
    w = np.zeros(X.shape[1] + 1) if w_init is None else np.array(w_init, dtype=float)
    updates = 0
    for _ in range(max_epochs):
        for x, target in zip(X, y, strict=True):
            error = int(target) - int(w[0] + x @ w[1:] >= 0)
            if error == 0:
                return w, updates, True
            w += error * np.concatenate([[1.0], x])
            updates += 1
    return w, updates, False


# %% counts_epochs | fails: test_weights_and_updates_are_exactly_those_of_the_rule | hint: This is the number of epochs with a mistake; the number of mistakes is asked for.
def perceptron_fit(X, y, w_init, max_epochs):
    w, _, converged, epochs = _fit(X, y, w_init, max_epochs)
    return w, epochs, converged


# %% counts_the_last_epoch_alone | fails: test_what_no_line_separates_uses_all_epochs | hint: The number of updates is that of all epochs together.
def perceptron_fit(X, y, w_init, max_epochs):
    w, updates, converged, _ = _fit(X, y, w_init, max_epochs)
    before = _fit(X, y, w_init, max_epochs - 1)[1] if not converged else 0
    return w, updates - before, converged


# %% first_weights_changed | fails: test_perceptron_keeps_to_the_table | hint: w = w_init gives the caller's array a second name, and += changes it; copy it first.
def perceptron_fit(X, y, w_init, max_epochs):
    w, updates, converged = _right["perceptron_fit"](X, y, w_init, max_epochs)
    if w_init is not None:
        w_init[...] = w
    return w, updates, converged


# %% first_weights_ignored | fails: test_learning_starts_from_the_given_weights | hint: Learning always starts from zeros; w_init is not used.
def perceptron_fit(X, y, w_init, max_epochs):
    return _right["perceptron_fit"](X, y, None, max_epochs)


# %% starts_from_random_weights | fails: test_perceptron_keeps_to_the_table, test_weights_and_updates_are_exactly_those_of_the_rule | hint: Without w_init learning starts from zeros, not from random weights.
def perceptron_fit(X, y, w_init, max_epochs):
    return _right["perceptron_fit"](
        X, y, np.random.normal(size=X.shape[1] + 1) if w_init is None else w_init, max_epochs
    )


# %% shuffled | fails: test_weights_and_updates_are_exactly_those_of_the_rule | hint: The samples are visited in the order in which they come, not shuffled.
def perceptron_fit(X, y, w_init, max_epochs):
    return _fit(X, y, w_init, max_epochs, order=np.random.default_rng(0).permutation)[:3]


# %% visited_backwards | fails: test_weights_and_updates_are_exactly_those_of_the_rule | hint: The samples are visited from first to last.
def perceptron_fit(X, y, w_init, max_epochs):
    return _fit(X, y, w_init, max_epochs, order=lambda N: range(N - 1, -1, -1))[:3]


# %% labels_plus_and_minus_one | fails: test_weights_and_updates_are_exactly_those_of_the_rule | hint: The answers were taken as -1 and +1; labels and answers are 0 and 1, so an update is once the sample, not twice.
def perceptron_fit(X, y, w_init, max_epochs):
    return _fit(X, y, w_init, max_epochs, step=2.0)[:3]


# %% adds_the_label_times_the_sample | fails: test_weights_and_updates_are_exactly_those_of_the_rule | hint: y times the sample never pushes away from samples with y = 0; the rule has y minus the answer.
def perceptron_fit(X, y, w_init, max_epochs):
    w = np.zeros(X.shape[1] + 1) if w_init is None else np.array(w_init, dtype=float)
    updates = 0
    for _ in range(max_epochs):
        mistakes = 0
        for x, target in zip(X, y, strict=True):
            if int(target) != int(w[0] + x @ w[1:] >= 0):
                w += target * np.concatenate([[1.0], x])
                mistakes += 1
        updates += mistakes
        if not mistakes:
            return w, updates, True
    return w, updates, False


# %% learning_rate_of_a_tenth | fails: test_weights_and_updates_are_exactly_those_of_the_rule | hint: The rule has no learning rate: add the whole sample.
def perceptron_fit(X, y, w_init, max_epochs):
    return _fit(X, y, w_init, max_epochs, step=0.1)[:3]


# %% one_epoch_too_many | fails: test_what_no_line_separates_uses_all_epochs, test_epochs_are_limited_and_convergence_needs_a_clean_one | hint: There is one epoch more than max_epochs.
def perceptron_fit(X, y, w_init, max_epochs):
    return _right["perceptron_fit"](X, y, w_init, max_epochs + 1)


# %% one_epoch_too_few | fails: test_what_no_line_separates_uses_all_epochs, test_epochs_are_limited_and_convergence_needs_a_clean_one | hint: There is one epoch less than max_epochs.
def perceptron_fit(X, y, w_init, max_epochs):
    return _right["perceptron_fit"](X, y, w_init, max_epochs - 1)


# %% no_limit_of_epochs | fails: test_epochs_are_limited_and_convergence_needs_a_clean_one | hint: max_epochs is not obeyed.
def perceptron_fit(X, y, w_init, max_epochs):
    return _right["perceptron_fit"](X, y, w_init, max_epochs + 500)


# %% always_converged | fails: test_what_no_line_separates_uses_all_epochs | hint: Where every epoch has a mistake nothing has converged.
def perceptron_fit(X, y, w_init, max_epochs):
    w, updates, _ = _right["perceptron_fit"](X, y, w_init, max_epochs)
    return w, updates, True


# %% bias_not_learned | fails: test_weights_and_updates_are_exactly_those_of_the_rule | hint: The bias w[0] is a weight of the constant input 1, and learned like the others.
def perceptron_fit(X, y, w_init, max_epochs):
    return _fit(X, y, w_init, max_epochs, bias=False)[:3]


# %% converged_by_looking_again | fails: test_epochs_are_limited_and_convergence_needs_a_clean_one | hint: converged says whether an epoch had no mistake; the last repair of the last epoch does not count as one.
def perceptron_fit(X, y, w_init, max_epochs):
    w, updates, _ = _right["perceptron_fit"](X, y, w_init, max_epochs)
    return w, updates, bool((_right["perceptron_predict"](X, w) == y).all())


# %% last_mistake_not_repaired | fails: test_weights_and_updates_are_exactly_those_of_the_rule | hint: The weights are those before the last update.
def perceptron_fit(X, y, w_init, max_epochs):
    X1 = np.hstack([np.ones((len(X), 1)), X])
    w = np.zeros(X1.shape[1]) if w_init is None else np.array(w_init, dtype=float)
    before, updates = w.copy(), 0
    for _ in range(max_epochs):
        mistakes = 0
        for x, target in zip(X1, y, strict=True):
            error = int(target) - int(w @ x >= 0)
            if error:
                before = w.copy()
                w += error * x
                mistakes += 1
        updates += mistakes
        if mistakes == 0:
            return before, updates, True
    return before, updates, False


# %% keeps_going_after_a_mistake_again | fails: test_weights_and_updates_are_exactly_those_of_the_rule | hint: A sample is repaired until it is right before the next one is looked at; the rule makes one update a visit.
def perceptron_fit(X, y, w_init, max_epochs):
    X1 = np.hstack([np.ones((len(X), 1)), X])
    w = np.zeros(X1.shape[1]) if w_init is None else np.array(w_init, dtype=float)
    updates = 0
    for _ in range(max_epochs):
        mistakes = 0
        for x, target in zip(X1, y, strict=True):
            while int(target) != int(w @ x >= 0):
                w += (1 if target else -1) * x
                mistakes += 1
        updates += mistakes
        if mistakes == 0:
            return w, updates, True
    return w, updates, False


# %% nearly_zero_fires | fails: test_a_score_of_exactly_zero_fires | hint: A score of -1e-10 is below 0 and does not fire: compare with 0, without a tolerance.
def perceptron_predict(X, w):
    return (w[0] + X @ w[1:] >= -1e-9).astype(np.int64)


# %% nearly_zero_fires_while_learning | fails: test_a_score_of_exactly_zero_fires | hint: While learning a score a little below 0 counts as firing: compare with 0, without a tolerance.
def perceptron_fit(X, y, w_init, max_epochs):
    return _fit(X, y, w_init, max_epochs, fires=lambda s: s >= -1e-9)[:3]


# %% float32_weights_are_not_copied | fails: test_perceptron_keeps_to_the_table | hint: as_float copies float64 and hands float32 on as it is: += then changes the caller's w_init.
def perceptron_fit(X, y, w_init, max_epochs):
    w, updates, converged = _right["perceptron_fit"](X, y, w_init, max_epochs)
    if w_init is None:
        return w, updates, converged
    start = as_float(w_init)
    start[...] = w
    return start, updates, converged


# %% whole_weights_stay_whole | fails: test_learning_starts_from_the_given_weights | hint: Where w_init holds integers, w must hold floats: an array of integers cuts off the fractions that are added.
def perceptron_fit(X, y, w_init, max_epochs):
    w = np.zeros(X.shape[1] + 1) if w_init is None else np.array(w_init)
    made = 0
    for _ in range(max_epochs):
        mistakes = 0
        for x, target in zip(X, y, strict=True):
            error = int(target) - int(w[0] + x @ w[1:] >= 0)
            if error:
                w[:] = w + error * np.concatenate([[1.0], x])
                mistakes += 1
        made += mistakes
        if mistakes == 0:
            return w.astype(float), made, True
    return w.astype(float), made, False


# %% gives_up_after_a_thousand_mistakes | fails: test_what_no_line_separates_uses_all_epochs | hint: Only a clean epoch and max_epochs end the learning, no other limit of your own.
def perceptron_fit(X, y, w_init, max_epochs):
    answer = _right["perceptron_fit"](X, y, w_init, 1)
    total = answer[1]
    for _ in range(max_epochs - 1):
        if answer[2] or total > 1000:
            break
        answer = _right["perceptron_fit"](X, y, answer[0], 1)
        total += answer[1]
    return answer[0], total, answer[2]
