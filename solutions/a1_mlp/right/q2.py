"""Right solutions of question 2 that look different from the reference."""


# %% plain_lists | why: Python floats in lists, a while loop, the bias apart from the weights, predictions one by one
def perceptron_predict(X, w):
    answers = []
    for x in X:
        score = float(w[0])
        for j in range(len(x)):
            score += float(w[j + 1]) * float(x[j])
        answers.append(0 if score < 0 else 1)
    return np.array(answers)


def perceptron_fit(X, y, w_init, max_epochs):
    n = X.shape[1]
    bias, weights = 0.0, [0.0] * n
    if w_init is not None:
        bias, weights = float(w_init[0]), [float(v) for v in w_init[1:]]
    updates, epoch, clean = 0, 0, False
    while epoch < max_epochs and not clean:
        clean, epoch = True, epoch + 1
        for x, target in zip(X.tolist(), y.tolist(), strict=True):
            fired = 1 if bias + sum(a * b for a, b in zip(weights, x, strict=True)) >= 0 else 0
            if fired != target:
                bias += target - fired
                weights = [a + (target - fired) * b for a, b in zip(weights, x, strict=True)]
                updates, clean = updates + 1, False
    return np.array([bias, *weights]), updates, clean


# %% from_mistake_to_mistake | why: finds the next mistake of an epoch by a vectorised prediction; NumPy scalars as answers
def perceptron_predict(X, w):
    return np.where(np.c_[np.ones(len(X)), X] @ w < 0, 0, 1)


def perceptron_fit(X, y, w_init, max_epochs):
    X1 = np.c_[np.ones(len(X)), X]
    w = np.zeros(X1.shape[1]) if w_init is None else w_init.astype(float)
    count, clean = np.int64(0), np.bool_(False)
    for _ in range(max_epochs):
        place, before = 0, int(count)
        while True:
            wrong = np.flatnonzero((X1[place:] @ w >= 0) != (y[place:] == 1))
            if len(wrong) == 0:
                break
            i = place + wrong[0]
            w = w + (2 * y[i] - 1) * X1[i]
            count, place = count + 1, i + 1
        if count == before:
            clean = np.bool_(True)
            break
    return w, count, clean


# %% generator_of_mistakes | why: a generator that yields updates, int8 answers by a view, a list as the answer
def perceptron_predict(X, w):
    score = np.einsum("ij,j->i", np.hstack([np.ones((len(X), 1)), X]), w)
    return np.greater_equal(score, 0).view(np.int8)


def _mistakes(rows, y, w):
    for row, target in zip(rows, y, strict=False):
        error = int(target) - (1 if np.dot(w, row) >= 0 else 0)
        if error:
            w += error * row
            yield error


def perceptron_fit(X, y, w_init, max_epochs):
    rows = np.insert(np.asarray(X, dtype=float), 0, 1.0, axis=1)
    w = np.zeros(rows.shape[1]) if w_init is None else np.array(w_init, dtype=float)
    total = 0
    for _ in range(max_epochs):
        made = sum(1 for _ in _mistakes(rows, y, w))
        total += made
        if not made:
            return [w, total, True]
    return [w, total, False]
