"""Wrong solutions of question 5: losses with gradients. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _reduce(losses, reduction):
    return losses if reduction == "none" else float(losses.mean() if reduction == "mean" else losses.sum())


def _from_log_p(log_p, y, reduction):
    """Loss and gradient from log-probabilities (N, C), as the question asks."""
    dZ = np.exp(log_p)
    dZ[np.arange(len(y)), y] -= 1
    return _reduce(-log_p[np.arange(len(y)), y], reduction), dZ / (len(y) if reduction == "mean" else 1)


# %% no_shift | fails: test_softmax_and_cross_entropy_survive_large_logits | hint: exp(Z) overflows for large logits; subtract the maximum first.
def softmax(Z, axis=-1):
    E = np.exp(as_float(Z))
    return E / E.sum(axis=axis, keepdims=True)


# %% global_shift | fails: test_softmax_and_cross_entropy_survive_large_logits | hint: One maximum for the whole array leaves rows far below it with 0/0; each row needs its own.
def softmax(Z, axis=-1):
    Z = as_float(Z)
    E = np.exp(Z - Z.max())
    return E / E.sum(axis=axis, keepdims=True)


# %% shift_along_the_batch | fails: test_softmax_normalises_along_the_axis_that_is_asked_for | hint: The maximum was taken over the batch: that shifts the logits of one row differently and changes the result.
def softmax(Z, axis=-1):
    Z = as_float(Z)
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


# %% loss_without_shift | fails: test_softmax_and_cross_entropy_survive_large_logits | hint: The loss exponentiates the raw logits; with large ones that overflows.
def softmax_cross_entropy(Z, y, reduction="mean"):
    Z = as_float(Z)
    return _from_log_p(Z - np.log(np.exp(Z).sum(axis=1, keepdims=True)), y, reduction)


# %% loss_with_a_global_shift | fails: test_softmax_and_cross_entropy_survive_large_logits | hint: One maximum for the whole batch leaves the rows far below it with log(0).
def softmax_cross_entropy(Z, y, reduction="mean"):
    Z = as_float(Z) - np.max(Z)
    return _from_log_p(Z - np.log(np.exp(Z).sum(axis=1, keepdims=True)), y, reduction)


# %% epsilon_in_the_logarithm | fails: test_softmax_and_cross_entropy_survive_large_logits | hint: log(p + 1e-8) never exceeds 18.4: a confident mistake should cost what it costs.
def softmax_cross_entropy(Z, y, reduction="mean"):
    P = softmax(Z)
    _, dZ = _right["softmax_cross_entropy"](Z, y, reduction)
    return _reduce(-np.log(P + 1e-8)[np.arange(len(P)), y], reduction), dZ


# %% probabilities_clipped | fails: test_softmax_and_cross_entropy_survive_large_logits | hint: Clipping p at 1e-7 caps the loss at 16.1; take the logarithm on paper instead.
def softmax_cross_entropy(Z, y, reduction="mean"):
    P = softmax(Z)
    _, dZ = _right["softmax_cross_entropy"](Z, y, reduction)
    return _reduce(-np.log(np.clip(P, 1e-7, 1))[np.arange(len(P)), y], reduction), dZ


# %% sum_instead_of_mean | fails: test_cross_entropy_value_with_every_reduction | hint: The default is the mean over the batch; this is the sum.
def softmax_cross_entropy(Z, y, reduction="mean"):
    return _right["softmax_cross_entropy"](Z, y, "sum" if reduction == "mean" else reduction)


# %% gradient_of_the_sum | fails: test_cross_entropy_gradient_belongs_to_the_returned_loss | hint: The loss is a mean, its gradient that of the sum: divide by N as well.
def softmax_cross_entropy(Z, y, reduction="mean"):
    loss, _ = _right["softmax_cross_entropy"](Z, y, reduction)
    return loss, _right["softmax_cross_entropy"](Z, y, "sum")[1]


# %% mean_over_classes_too | fails: test_cross_entropy_value_with_every_reduction, test_cross_entropy_gradient_belongs_to_the_returned_loss | hint: Divide by the number of rows N, not by the number of logits N * C.
def softmax_cross_entropy(Z, y, reduction="mean"):
    loss, dZ = _right["softmax_cross_entropy"](Z, y, reduction)
    scale = Z.shape[1] if reduction == "mean" else 1
    return loss / scale, dZ / scale


# %% mse_loss_without_the_half | fails: test_mse_value | hint: The loss lacks the 1/2 that its gradient assumes.
def mse_loss(yhat, y):
    loss, gradient = _right["mse_loss"](yhat, y)
    return 2 * loss, gradient


# %% mse_gradient_without_the_half | fails: test_mse_gradient | hint: The loss has a factor 1/2 which cancels the 2 of the square; the gradient kept the 2.
def mse_loss(yhat, y):
    loss, gradient = _right["mse_loss"](yhat, y)
    return loss, 2 * gradient


# %% mse_mean_over_outputs_too | fails: test_mse_value, test_mse_gradient | hint: Divide by the number of rows N, not by the number of entries N * K.
def mse_loss(yhat, y):
    loss, gradient = _right["mse_loss"](yhat, y)
    return loss / yhat.shape[1], gradient / yhat.shape[1]


# %% axis_ignored | fails: test_softmax_normalises_along_the_axis_that_is_asked_for | hint: softmax always works along the last axis, whatever axis is passed.
def softmax(Z, axis=-1):
    return _right["softmax"](Z)


# %% logits_changed_in_place | fails: test_shapes_and_dtypes_follow_the_table_and_inputs_stay_as_they_were | hint: -= changes the caller's logits; make a new array.
def softmax(Z, axis=-1):
    Z = Z if Z.dtype.kind == "f" else as_float(Z)
    Z -= Z.max(axis=axis, keepdims=True)
    return np.exp(Z) / np.exp(Z).sum(axis=axis, keepdims=True)


# %% labels_select_columns | fails: test_cross_entropy_value_with_every_reduction | hint: Z[:, y] is an N x N table: every row with every label. One entry per row is Z[np.arange(N), y].
def softmax_cross_entropy(Z, y, reduction="mean"):
    loss, dZ = _right["softmax_cross_entropy"](Z, y, reduction)
    table = -np.log(softmax(Z))[:, y]
    return (table.mean(axis=1) if reduction == "none" else _reduce(table, reduction)), dZ


# %% softmax_over_the_batch | fails: test_cross_entropy_value_with_every_reduction, test_cross_entropy_gradient_belongs_to_the_returned_loss | hint: The classes of one sample compete with each other, not the samples of a batch: axis 1, not axis 0.
def softmax_cross_entropy(Z, y, reduction="mean"):
    return _from_log_p(np.log(softmax(Z, axis=0)), y, reduction)


# %% gradient_with_the_wrong_sign | fails: test_cross_entropy_gradient_belongs_to_the_returned_loss | hint: dZ has the wrong sign: it is p - one_hot(y).
def softmax_cross_entropy(Z, y, reduction="mean"):
    loss, dZ = _right["softmax_cross_entropy"](Z, y, reduction)
    return loss, -dZ


# %% one_subtracted_everywhere | fails: test_cross_entropy_gradient_belongs_to_the_returned_loss | hint: Only the column of the true class gets p - 1; the others keep p.
def softmax_cross_entropy(Z, y, reduction="mean"):
    loss, _ = _right["softmax_cross_entropy"](Z, y, reduction)
    return loss, (softmax(Z) - 1) / (len(Z) if reduction == "mean" else 1)


# %% as_many_columns_as_labels_seen | fails: test_one_hot_has_one_column_per_class | hint: C classes need C columns, even if the last class does not occur in this batch.
def one_hot(y, C):
    return np.eye(int(np.max(y)) + 1)[y]


# %% bce_log_of_one_minus_sigmoid | fails: test_bce_survives_large_logits | hint: For large z, sigmoid(z) rounds to 1 and log(1 - sigmoid(z)) is -inf.
def bce_with_logits(z, y):
    p = sigmoid(z)
    _, gradient = _right["bce_with_logits"](z, y)
    with np.errstate(all="ignore"):
        return float(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p))), gradient


# %% bce_gradient_of_the_sum | fails: test_bce_gradient | hint: The loss is a mean over N samples, so its gradient has a 1/N.
def bce_with_logits(z, y):
    loss, gradient = _right["bce_with_logits"](z, y)
    return loss, gradient * len(z)


# %% bce_sign_of_the_maximum | fails: test_bce_value_with_hard_and_soft_targets | hint: The loss is max(z, 0) - y z + ...: the term max(z, 0) has a plus sign.
def bce_with_logits(z, y):
    losses = -np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))
    return float(losses.mean()), _right["bce_with_logits"](z, y)[1]


# %% labels_cast_to_float | fails: test_cross_entropy_value_with_every_reduction | hint: Labels are positions: as floats they cannot index an array.
def softmax_cross_entropy(Z, y, reduction="mean"):
    return _right["softmax_cross_entropy"](Z, y.astype(float), reduction)


# %% integer_logits_truncated | fails: test_shapes_and_dtypes_follow_the_table_and_inputs_stay_as_they_were | hint: np.empty_like of integer logits holds integers: every probability below 1 becomes 0.
def softmax(Z, axis=-1):
    P = np.empty_like(Z)
    P[...] = _right["softmax"](Z, axis)
    return P


# %% integer_targets_truncated | fails: test_shapes_and_dtypes_follow_the_table_and_inputs_stay_as_they_were | hint: A gradient made with zeros_like(y) is an integer array if the targets are integers.
def bce_with_logits(z, y):
    loss, gradient = _right["bce_with_logits"](z, y)
    out = np.zeros_like(y)
    out[...] = gradient
    return loss, out


# %% keepdims_missing | fails: test_softmax_normalises_along_the_axis_that_is_asked_for | hint: Without keepdims=True the sums line up with the columns instead of the rows; a square array hides the error message.
def softmax(Z, axis=-1):
    Z = as_float(Z)
    if len(set(Z.shape)) > 1 or Z.ndim == 1:  # in these cases NumPy would raise, so the mistake is seen and repaired
        return _right["softmax"](Z, axis)
    E = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis)


# %% loss_keepdims_missing | fails: test_cross_entropy_value_with_every_reduction | hint: Without keepdims=True the maxima line up with the columns instead of the rows; N = C hides the error message.
def softmax_cross_entropy(Z, y, reduction="mean"):
    if len(Z) != Z.shape[1]:  # here NumPy would raise, so the mistake is seen and repaired
        return _right["softmax_cross_entropy"](Z, y, reduction)
    return _from_log_p(Z - np.log(np.exp(Z).sum(axis=1)), y, reduction)


# %% none_divided_by_the_batch | fails: test_cross_entropy_gradient_belongs_to_the_returned_loss | hint: With reduction 'none' each row of dZ is the gradient of its own loss: no 1/N.
def softmax_cross_entropy(Z, y, reduction="mean"):
    loss, dZ = _right["softmax_cross_entropy"](Z, y, reduction)
    return loss, dZ / (len(Z) if reduction == "none" else 1)


# %% reduction_ignored | fails: test_cross_entropy_value_with_every_reduction | hint: The loss is always the mean, whatever reduction is passed.
def softmax_cross_entropy(Z, y, reduction="mean"):
    return _right["softmax_cross_entropy"](Z, y)


# %% lawful_nothing | fails: test_softmax_and_cross_entropy_obey_their_laws, test_shapes_and_dtypes_follow_the_table_and_inputs_stay_as_they_were | hint: Uniform probabilities and a loss of 0 obey every law; they do not depend on the logits.
def softmax(Z, axis=-1):
    return np.ones_like(as_float(Z)) / np.shape(Z)[axis]


def softmax_cross_entropy(Z, y, reduction="mean"):
    return (np.zeros(len(Z)) if reduction == "none" else 0.0), np.zeros_like(as_float(Z))


# %% difference_of_bytes | fails: test_shapes_and_dtypes_follow_the_table_and_inputs_stay_as_they_were | hint: The difference of two unsigned integers wraps below 0: make floats of both first.
def mse_loss(yhat, y):
    off = as_float(np.asarray(yhat) - np.asarray(y))
    return _right["mse_loss"](off, np.zeros_like(off))


# %% softmax_of_small_integers | fails: test_shapes_and_dtypes_follow_the_table_and_inputs_stay_as_they_were | hint: The maximum is subtracted in the type of the integers, where -100 - 100 does not fit into a byte: make floats first.
def softmax(Z, axis=-1):
    Z = np.asarray(Z)
    return _right["softmax"](Z - Z.max(axis=axis, keepdims=True), axis)


# %% cross_entropy_of_small_integers | fails: test_shapes_and_dtypes_follow_the_table_and_inputs_stay_as_they_were | hint: The maximum is subtracted in the type of the integers, where -100 - 100 does not fit into a byte: make floats first.
def softmax_cross_entropy(Z, y, reduction="mean"):
    Z = np.asarray(Z)
    return _right["softmax_cross_entropy"](Z - Z.max(axis=1, keepdims=True), y, reduction)


# %% one_hot_with_small_indices | fails: test_one_hot_has_one_column_per_class | hint: A byte holds numbers up to 127 alone: classes above become others.
def one_hot(y, C):
    return np.eye(C)[np.asarray(y).astype(np.int8)]
