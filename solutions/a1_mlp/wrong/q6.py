"""Wrong solutions of question 6: a sigmoid neuron. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _ones(X):
    return np.hstack([np.ones((len(X), 1)), X])


def _fit(X, y, w0, lr, tol, max_iter, slope=None, stop=None, loss=None):
    """A right sigmoid_neuron_fit with parts that the mutants replace."""
    slope = slope or (lambda X1, p: X1.T @ (p - y) / len(y))
    stop = stop or (lambda history, g: abs(history[-1] - history[-2]) <= tol)
    loss = loss or (lambda w: bce_with_logits(_ones(X) @ w, y)[0])
    w = np.array(w0, dtype=float)
    history = [loss(w)]
    for _ in range(max_iter):
        g = slope(_ones(X), sigmoid(_ones(X) @ w))
        w = w - lr * g
        history.append(loss(w))
        if stop(history, slope(_ones(X), sigmoid(_ones(X) @ w))):
            break
    return w.astype(as_float(X).dtype), history


# %% uphill | fails: test_one_update_is_a_step_against_the_gradient, test_loss_never_rises_with_a_small_learning_rate | hint: The loss rises: the step goes along the gradient instead of against it.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _right["sigmoid_neuron_fit"](X, y, w0, -lr, tol, max_iter)


# %% bias_not_learned | fails: test_one_update_is_a_step_against_the_gradient | hint: The bias w[0] never changes; it is the weight of a constant input 1.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(X, y, w0, lr, tol, max_iter, slope=lambda X1, p: np.r_[0.0, X.T @ (p - y) / len(y)])


# %% bias_last | fails: test_one_update_is_a_step_against_the_gradient, test_weights_and_losses_of_every_update | hint: The last weight was taken for the bias; it is w[0].
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    w, history = _right["sigmoid_neuron_fit"](X, y, np.roll(w0, 1), lr, tol, max_iter)
    return np.roll(w, -1), history


# %% squared_error | fails: test_one_update_is_a_step_against_the_gradient | hint: The factor p (1 - p) belongs to the squared error; with the cross-entropy it cancels.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(X, y, w0, lr, tol, max_iter, slope=lambda X1, p: X1.T @ ((p - y) * p * (1 - p)) / len(y))


# %% gradient_of_the_sum | fails: test_one_update_is_a_step_against_the_gradient, test_weights_and_losses_of_every_update | hint: The gradient is that of the sum over the samples; the loss is the mean.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(X, y, w0, lr, tol, max_iter, slope=lambda X1, p: X1.T @ (p - y))


# %% loss_of_the_sum | fails: test_weights_and_losses_of_every_update | hint: history holds the sum over the samples; the loss is the mean.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(X, y, w0, lr, tol, max_iter, loss=lambda w: len(y) * bce_with_logits(_ones(X) @ w, y)[0])


# %% stops_on_the_gradient | fails: test_stops_when_two_losses_in_a_row_hardly_differ | hint: The length of the gradient was compared with tol; the difference of two losses is asked for.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(X, y, w0, lr, tol, max_iter, stop=lambda history, g: np.linalg.norm(g) <= tol)


# %% stops_on_relative_change | fails: test_stops_when_two_losses_in_a_row_hardly_differ | hint: The change was divided by the loss; tol is for the difference itself.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(
        X, y, w0, lr, tol, max_iter, stop=lambda history, g: abs(history[-1] - history[-2]) <= tol * abs(history[-2])
    )


# %% stops_on_the_loss | fails: test_stops_when_two_losses_in_a_row_hardly_differ | hint: The loss itself was compared with tol, not the difference of two losses.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(X, y, w0, lr, tol, max_iter, stop=lambda history, g: history[-1] <= tol)


# %% stops_as_soon_as_the_loss_rises | fails: test_weights_and_losses_of_every_update | hint: A loss that rises by more than tol is no reason to stop: the rule takes the absolute difference.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(X, y, w0, lr, tol, max_iter, stop=lambda history, g: history[-2] - history[-1] <= tol)


# %% strictly_less_than_tol | fails: test_stops_when_two_losses_in_a_row_hardly_differ | hint: A difference that equals tol is small enough: <=, not <.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(X, y, w0, lr, tol, max_iter, stop=lambda history, g: abs(history[-1] - history[-2]) < tol)


# %% never_stops_early | fails: test_stops_when_two_losses_in_a_row_hardly_differ | hint: tol is not used.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(X, y, w0, lr, tol, max_iter, stop=lambda history, g: False)


# %% no_update_if_tol_is_huge | fails: test_stops_when_two_losses_in_a_row_hardly_differ | hint: The loss itself was smaller than tol, and nothing was updated; one update is always made.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    w, history = _right["sigmoid_neuron_fit"](X, y, w0, lr, tol, max_iter)
    return (w0.copy(), history[:1]) if history[0] <= tol else (w, history)


# %% loss_before_the_update | fails: test_weights_and_losses_of_every_update | hint: Each entry is the loss before the update; the last loss is missing and the first comes twice.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    w, history = _right["sigmoid_neuron_fit"](X, y, w0, lr, tol, max_iter)
    return w, [history[0], *history[:-1]]


# %% first_loss_missing | fails: test_weights_and_losses_of_every_update | hint: history begins with the loss at w0, before any update.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    w, history = _right["sigmoid_neuron_fit"](X, y, w0, lr, tol, max_iter)
    return w, history[1:]


# %% one_sample_at_a_time | fails: test_one_update_is_a_step_against_the_gradient | hint: Each sample made an update of its own; an update uses all samples.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    w, history = np.array(w0, dtype=float), [bce_with_logits(_ones(X) @ w0, y)[0]]
    for _ in range(max_iter):
        for x, target in zip(_ones(X), y, strict=True):
            w = w - lr * (sigmoid(x @ w) - target) * x
        history.append(bce_with_logits(_ones(X) @ w, y)[0])
        if abs(history[-1] - history[-2]) <= tol:
            break
    return w, history


# %% first_weights_changed | fails: test_neuron_keeps_to_the_table | hint: -= changes the caller's w0; copy it first.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    w, history = _right["sigmoid_neuron_fit"](X, y, w0, lr, tol, max_iter)
    w0[...] = w
    return w0, history


# %% minus_sign_lost | fails: test_one_update_is_a_step_against_the_gradient | hint: The probability is 1 / (1 + e^-z); with e^z it falls where it should rise.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(
        X,
        y,
        w0,
        lr,
        tol,
        max_iter,
        slope=lambda X1, p: X1.T @ (1 - p - y) / len(y),
        loss=lambda w: bce_with_logits(-_ones(X) @ w, y)[0],
    )


# %% one_update_too_many | fails: test_weights_and_losses_of_every_update, test_stops_when_two_losses_in_a_row_hardly_differ | hint: There is one update more than max_iter.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _right["sigmoid_neuron_fit"](X, y, w0, lr, tol, max_iter + 1)


# %% best_weights_returned | fails: test_weights_and_losses_of_every_update | hint: These are the weights with the smallest loss; those after the last update are asked for.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    _, history = _right["sigmoid_neuron_fit"](X, y, w0, lr, tol, max_iter)
    best = int(np.argmin(history))
    return (_right["sigmoid_neuron_fit"](X, y, w0, lr, 0.0, best)[0] if best else w0.copy()), history


# %% weights_in_the_history | fails: test_neuron_keeps_to_the_table | hint: history holds the weights; the losses are asked for.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    w, history = _right["sigmoid_neuron_fit"](X, y, w0, lr, tol, max_iter)
    return w, [w for _ in history]


# %% logarithm_of_probabilities | fails: test_separable_and_large_samples_do_not_overflow | hint: A probability that rounds to 0 has the logarithm -inf; compute the loss from the logits (q5).
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    def loss(w):
        p = sigmoid(_ones(X) @ w)
        return float(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)))

    return _fit(X, y, w0, lr, tol, max_iter, loss=loss)


# %% logarithm_with_an_epsilon | fails: test_separable_and_large_samples_do_not_overflow | hint: log(p + 1e-12) caps the loss of a confident mistake; compute it from the logits (q5).
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    def loss(w):
        p = sigmoid(_ones(X) @ w)
        return float(np.mean(-y * np.log(p + 1e-12) - (1 - y) * np.log(1 - p + 1e-12)))

    return _fit(X, y, w0, lr, tol, max_iter, loss=loss)


# %% float32_weights_are_not_copied | fails: test_neuron_keeps_to_the_table | hint: as_float copies float64 and hands float32 on as it is: -= then changes the caller's w0.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    w, history = _right["sigmoid_neuron_fit"](X, y, w0, lr, tol, max_iter)
    start = as_float(w0)
    start[...] = w
    return start, history


# %% stops_on_change_over_large_losses | fails: test_stops_when_two_losses_in_a_row_hardly_differ | hint: tol is for the difference of the losses itself, also where they are above 1; it was multiplied with the loss.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    return _fit(X, y, w0, lr, tol, max_iter, stop=lambda h, g: abs(h[-1] - h[-2]) <= tol * max(1, abs(h[-2])))


# %% stops_by_the_step | fails: test_stops_when_two_losses_in_a_row_hardly_differ | hint: The length of the step in w was compared with tol; the difference of two losses is asked for.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    w, history = w0, _fit(X, y, w0, lr, tol, 0)[1]
    for _ in range(max_iter):
        new, losses = _fit(X, y, w, lr, tol, 1)
        step, w = new - w, new
        history.append(losses[1])
        if np.linalg.norm(step) ** 2 <= tol:
            break
    return w, history


# %% loss_of_labels_0_and_1 | fails: test_weights_and_losses_of_every_update | hint: ln(1 + e^((1 - 2y) z)) is the loss for y = 0 and y = 1 alone; a label between them has both terms.
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    A, w = np.c_[np.ones(len(X)), X], np.array(w0, dtype=float)
    history = [float(np.mean(np.logaddexp(0, (1 - 2 * y) * (A @ w))))]
    for _ in range(max_iter):
        w = w - lr * A.T @ (sigmoid(A @ w) - y) / len(A)
        history.append(float(np.mean(np.logaddexp(0, (1 - 2 * y) * (A @ w)))))
        if abs(history[-1] - history[-2]) <= tol:
            break
    return w, history
