"""Wrong solutions of question 12: batch normalisation. Each cell is put behind the reference's."""


# %%
class _Layer(_right["BatchNorm1d"]):
    """The reference in parts, so that one of them can be exchanged."""

    def statistics(self, X):
        mean = X.mean(axis=0)
        return mean, np.mean((X - mean) ** 2, axis=0)

    def remember(self, mean, var, N):
        self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
        self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var * N / (N - 1)

    def root(self, var):
        return np.sqrt(var + self.eps)

    def forward(self, X, train):
        X = as_float(X)
        if train and len(X) < 2:
            raise ValueError("one row")
        mean, var = self.running_mean, self.running_var
        if train:
            mean, var = self.statistics(X)
            self.remember(mean, var, len(X))
        self.train = train
        self.inverse = 1 / self.root(var)
        self.Xhat = (X - mean) * self.inverse
        return (self.gamma * self.Xhat + self.beta).astype(X.dtype)


# %% batch_statistics_in_evaluation | fails: test_evaluation_uses_the_running_statistics_and_leaves_them | hint: Without train the running statistics are used, not those of the batch that is passed.
class BatchNorm1d(_Layer):
    def forward(self, X, train):
        if train:
            return super().forward(X, train)
        kept = self.running_mean, self.running_var
        self.running_mean, self.running_var = X.mean(axis=0), X.var(axis=0)
        Y = super().forward(X, train)
        self.running_mean, self.running_var = kept
        return Y


# %% remembered_in_evaluation | fails: test_evaluation_uses_the_running_statistics_and_leaves_them | hint: A forward pass without train must not move the running statistics.
class BatchNorm1d(_Layer):
    def forward(self, X, train):
        Y = super().forward(X, train)
        if not train and len(X) > 1:
            self.remember(*self.statistics(X), len(X))
        return Y


# %% never_remembered | fails: test_running_statistics_follow_the_batches | hint: The running statistics never move, so evaluation knows nothing of training.
class BatchNorm1d(_Layer):
    def remember(self, mean, var, N):
        pass


# %% momentum_swapped | fails: test_running_statistics_follow_the_batches | hint: momentum is the weight of the new batch here: (1 - momentum) * running + momentum * batch.
class BatchNorm1d(_Layer):
    def remember(self, mean, var, N):
        self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
        self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var * N / (N - 1)


# %% momentum_ignored | fails: test_running_statistics_follow_the_batches | hint: The momentum that was passed is not the one that is used.
class BatchNorm1d(_Layer):
    def __init__(self, D, eps=1e-5, momentum=0.1):
        super().__init__(D, eps)


# %% deviation_remembered | fails: test_running_statistics_follow_the_batches | hint: running_var follows the variance; yours follows the standard deviation.
class BatchNorm1d(_Layer):
    def remember(self, mean, var, N):
        self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
        self.running_var = (1 - self.momentum) * self.running_var + self.momentum * np.sqrt(var * N / (N - 1))


# %% biased_variance_remembered | fails: test_running_statistics_follow_the_batches | hint: What is remembered is the unbiased variance, N/(N-1) times the one that normalises.
class BatchNorm1d(_Layer):
    def remember(self, mean, var, N):
        super().remember(mean, var * (N - 1) / N, N)


# %% begins_with_the_first_batch | fails: test_running_statistics_follow_the_batches | hint: running_mean begins at 0 and moves towards the batches; yours begins at the first batch's mean.
class BatchNorm1d(_Layer):
    def remember(self, mean, var, N):
        if not self.running_mean.any():
            self.running_mean = mean
        super().remember(mean, var, N)


# %% unbiased_variance_normalises | fails: test_training_normalises_with_the_statistics_of_the_batch | hint: The batch is normalised with the biased variance, the mean of the squares; only the running one is unbiased.
class BatchNorm1d(_Layer):
    def statistics(self, X):
        return X.mean(axis=0), X.var(axis=0, ddof=1)

    def remember(self, mean, var, N):
        super().remember(mean, var * (N - 1) / N, N)


# %% eps_outside_of_the_root | fails: test_training_normalises_with_the_statistics_of_the_batch | hint: eps belongs under the root: sqrt(var + eps), not sqrt(var) + eps.
class BatchNorm1d(_Layer):
    def root(self, var):
        return np.sqrt(var) + self.eps


# %% eps_ignored | fails: test_training_normalises_with_the_statistics_of_the_batch | hint: The eps that was passed is not the one that is used.
class BatchNorm1d(_Layer):
    def root(self, var):
        return np.sqrt(var + 1e-5)


# %% eps_missing_in_evaluation | fails: test_evaluation_uses_the_running_statistics_and_leaves_them | hint: eps belongs under the root in evaluation too.
class BatchNorm1d(_Layer):
    def forward(self, X, train):
        kept, self.eps = self.eps, self.eps if train else 0.0
        Y = super().forward(X, train)
        self.eps = kept
        return Y


# %% square_of_the_mean_subtracted | fails: test_large_offsets_constant_columns_and_a_single_row | hint: mean(x^2) - mean(x)^2 loses all digits when the mean is large; subtract the mean before squaring.
class BatchNorm1d(_Layer):
    def statistics(self, X):
        return X.mean(axis=0), np.maximum((X**2).mean(axis=0) - X.mean(axis=0) ** 2, 0)


# %% divided_by_the_variance | fails: test_training_normalises_with_the_statistics_of_the_batch | hint: Divide by the standard deviation, not by the variance.
class BatchNorm1d(_Layer):
    def root(self, var):
        return var + self.eps


# %% rows_normalised | fails: test_training_normalises_with_the_statistics_of_the_batch | hint: Each row was normalised over its features; batch normalisation takes each feature over the batch.
class BatchNorm1d(_Layer):
    def forward(self, X, train):
        Y = super().forward(X, train)
        if train:
            Y = self.gamma * (X - X.mean(axis=1, keepdims=True)) / self.root(X.var(axis=1, keepdims=True)) + self.beta
        return Y


# %% one_statistic_for_all_features | fails: test_training_normalises_with_the_statistics_of_the_batch | hint: One mean and variance for the whole array; every feature has its own.
class BatchNorm1d(_Layer):
    def statistics(self, X):
        return np.full(X.shape[1], X.mean()), np.full(X.shape[1], X.var())


# %% gamma_before_normalising | fails: test_training_normalises_with_the_statistics_of_the_batch | hint: gamma was applied before the normalisation, which takes it out again.
class BatchNorm1d(_Layer):
    def forward(self, X, train):
        kept, self.gamma = self.gamma, np.ones_like(self.gamma)
        Y = super().forward(X * kept, train) if train else super().forward(X, train) * kept
        self.gamma = kept
        return Y


# %% single_row_gives_zeros | fails: test_large_offsets_constant_columns_and_a_single_row | hint: A single row in training has no variance: raise ValueError, do not return beta silently.
class BatchNorm1d(_Layer):
    def forward(self, X, train):
        return np.zeros_like(X) + self.beta if train and len(X) == 1 else super().forward(X, train)


# %% always_float64 | fails: test_a_new_layer_and_what_it_returns | hint: float32 in, float32 out.
class BatchNorm1d(_Layer):
    def forward(self, X, train):
        return super().forward(np.asarray(X, dtype=np.float64), train)


# %% integers_truncated | fails: test_training_normalises_with_the_statistics_of_the_batch | hint: For integers the result was cut to integers: make a float array of X first.
class BatchNorm1d(_Layer):
    def forward(self, X, train):
        return super().forward(X, train).astype(X.dtype)


# %% batch_changed_in_place | fails: test_a_new_layer_and_what_it_returns | hint: X was normalised in place; the caller still needs it as it was.
class BatchNorm1d(_Layer):
    def forward(self, X, train):
        Y = super().forward(X, train)
        X[...] = Y
        return Y


# %% mean_term_missing | fails: test_gradients_in_training | hint: The mean depends on every row: the gradient loses the mean of gamma * dY, and yours did not.
class BatchNorm1d(_Layer):
    def backward(self, dY):
        dX = super().backward(dY)
        return dX + self.gamma * self.inverse * self.dbeta / len(dY) if self.train else dX


# %% variance_term_missing | fails: test_gradients_in_training | hint: The variance depends on every row: the term with xhat times the mean of dY * xhat is missing.
class BatchNorm1d(_Layer):
    def backward(self, dY):
        dX = super().backward(dY)
        return dX + self.gamma * self.inverse * self.Xhat * self.dgamma / len(dY) if self.train else dX


# %% gamma_missing_in_dX | fails: test_gradients_in_training | hint: dX passes through y = gamma * xhat + beta: gamma is missing in it.
class BatchNorm1d(_Layer):
    def backward(self, dY):
        return super().backward(dY) / self.gamma


# %% dgamma_from_x | fails: test_gradients_in_training | hint: gamma multiplies the normalised xhat, so dgamma is the sum of dY * xhat, not of dY * x.
class BatchNorm1d(_Layer):
    def forward(self, X, train):
        self.X = as_float(X).copy()
        return super().forward(X, train)

    def backward(self, dY):
        dX = super().backward(dY)
        self.dgamma = (dY * self.X).sum(axis=0)
        return dX


# %% dgamma_averaged | fails: test_gradients_in_training | hint: dgamma and dbeta are sums over the batch, not means: the loss has done the averaging already.
class BatchNorm1d(_Layer):
    def backward(self, dY):
        dX = super().backward(dY)
        self.dgamma, self.dbeta = self.dgamma / len(dY), self.dbeta / len(dY)
        return dX


# %% dbeta_missing | fails: test_a_new_layer_and_what_it_returns, test_gradients_in_training | hint: backward does not set dbeta, the sum of dY over the batch.
class BatchNorm1d(_Layer):
    def backward(self, dY):
        dX = super().backward(dY)
        self.dbeta = np.zeros(1)
        return dX


# %% evaluation_with_the_formula_of_training | fails: test_gradients_in_evaluation | hint: Without train mean and variance are constants; the terms that come from them are not there then.
class BatchNorm1d(_Layer):
    def backward(self, dY):
        kept, self.train = self.train, True
        dX = super().backward(dY)
        self.train = kept
        return dX


# %% gradients_accumulate | fails: test_backward_can_be_called_again_and_belongs_to_the_last_forward | hint: dgamma and dbeta add up from call to call; each backward sets them anew.
class BatchNorm1d(_Layer):
    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.sums = 0, 0

    def backward(self, dY):
        dX = super().backward(dY)
        self.sums = self.sums[0] + self.dgamma, self.sums[1] + self.dbeta
        self.dgamma, self.dbeta = self.sums
        return dX


# %% cache_used_up | fails: test_backward_can_be_called_again_and_belongs_to_the_last_forward | hint: backward changes what forward has kept (xhat in place), so that a second call gives another result.
class BatchNorm1d(_Layer):
    def backward(self, dY):
        dX = super().backward(dY)
        self.Xhat *= dY
        return dX


# %% shared_by_all_layers | fails: test_shift_and_scale_are_forgotten_and_layers_are_their_own | hint: The running statistics are kept on the class, so all layers share them.
_shared = {}


class BatchNorm1d(_Layer):
    def remember(self, mean, var, N):
        super().remember(mean, var, N)
        _shared[len(mean)] = self.running_mean, self.running_var

    @property
    def running_mean(self):
        return _shared.get(len(self.gamma), (np.zeros(len(self.gamma)),))[0]

    @running_mean.setter
    def running_mean(self, value):
        _shared[len(self.gamma)] = value, _shared.get(len(self.gamma), (None, np.ones(len(self.gamma))))[1]


# %% scale_not_taken_out | fails: test_shift_and_scale_are_forgotten_and_layers_are_their_own, test_training_normalises_with_the_statistics_of_the_batch | hint: Only the mean was subtracted; divide by the standard deviation too.
class BatchNorm1d(_Layer):
    def root(self, var):
        return np.ones_like(var)


# %% large_test_batches_move_the_statistics | fails: test_evaluation_uses_the_running_statistics_and_leaves_them | hint: Without train the running statistics stay as they are, however many rows come.
class BatchNorm1d(_right["BatchNorm1d"]):
    def forward(self, X, train):
        Y = super().forward(X, train)
        if not train and len(X) > 8:
            self.running_mean = 0.9 * self.running_mean + 0.1 * np.mean(X, axis=0)
        return Y


# %% remembered_in_float32 | fails: test_a_new_layer_and_what_it_returns | hint: The running statistics became float32 with a batch of float32; they are float64 always.
class BatchNorm1d(_right["BatchNorm1d"]):
    def forward(self, X, train):
        Y = super().forward(X, train)
        self.running_mean = self.running_mean.astype(Y.dtype)
        self.running_var = self.running_var.astype(Y.dtype)
        return Y


# %% remembered_before_it_is_refused | fails: test_large_offsets_constant_columns_and_a_single_row | hint: A single row in training is refused before anything is remembered of it.
class BatchNorm1d(_right["BatchNorm1d"]):
    def forward(self, X, train):
        if train and len(X) == 1:
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * X[0]
        return super().forward(X, train)


# %% dY_scaled_in_place | fails: test_a_new_layer_and_what_it_returns | hint: dY is the caller's: as_float copies what is not float32, so float32 is multiplied in place.
class BatchNorm1d(_right["BatchNorm1d"]):
    def backward(self, dY):
        dX = super().backward(dY)
        g = as_float(dY)
        g *= self.gamma
        return dX


# %% constant_column_not_centred | fails: test_large_offsets_constant_columns_and_a_single_row | hint: The mean depends on every row of a constant column, too: its term stays in the gradient.
class BatchNorm1d(_right["BatchNorm1d"]):
    def forward(self, X, train):
        self.flat = np.ptp(X, axis=0) == 0 if train else None
        self.scale = 1 / np.sqrt(self.eps) if train and self.eps else 0.0
        return super().forward(X, train)

    def backward(self, dY):
        dX = super().backward(dY)
        return dX if self.flat is None else np.where(self.flat, self.gamma * dY * self.scale, dX)


# %% cache_of_the_last_training | fails: test_gradients_in_evaluation | hint: backward belongs to the last forward, in training or not; yours goes back to the last one in training when the shapes agree.
class BatchNorm1d(_right["BatchNorm1d"]):
    def forward(self, X, train):
        seen = getattr(self, "seen", None)
        if train:
            self.seen = np.shape(X)
        elif seen == np.shape(X):
            kept = {name: value for name, value in vars(self).items() if not name.startswith("running")}
            Y = super().forward(X, train)
            vars(self).update(kept)
            return Y
        return super().forward(X, train)


# %% small_batches_count_less | fails: test_running_statistics_follow_the_batches | hint: Every batch counts with the same momentum, however many rows it has.
class BatchNorm1d(_right["BatchNorm1d"]):
    def forward(self, X, train):
        self.rows = max(getattr(self, "rows", 0), len(X))
        momentum = self.momentum
        self.momentum = momentum * len(X) / self.rows
        try:
            return super().forward(X, train)
        finally:
            self.momentum = momentum
