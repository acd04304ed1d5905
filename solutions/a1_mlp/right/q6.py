"""Right solutions of question 6 that look different from the reference."""


# %% sample_by_sample | why: sums over samples in plain Python, the loss by math.log1p, a while loop that compares at its head
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    def look(w):
        loss, slope = 0.0, [0.0] * len(w)
        for x, target in zip(X.tolist(), y.tolist(), strict=True):
            z = w[0] + sum(a * b for a, b in zip(w[1:], x, strict=True))
            e = math.exp(-abs(z))
            p = 1 / (1 + e) if z >= 0 else e / (1 + e)
            loss += max(z, 0.0) - target * z + math.log1p(e)
            for j, value in enumerate([1.0, *x]):
                slope[j] += (p - target) * value
        return loss / len(X), [s / len(X) for s in slope]

    w = w0.tolist()
    loss, slope = look(w)
    history, change, updates = [loss], math.inf, 0
    while change > tol and updates < max_iter:
        w = [a - lr * s for a, s in zip(w, slope, strict=True)]
        loss, slope = look(w)
        change, updates = abs(loss - history[-1]), updates + 1
        history.append(loss)
    return np.array(w, dtype=X.dtype), history


# %% bias_apart_and_two_classes | why: the bias apart from the weights, softplus by logaddexp, NumPy scalars in the history
def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    b, v = np.float64(w0[0]), w0[1:].copy()
    history = []
    for update in range(max_iter + 1):
        z = X @ v + b
        history.append(np.mean(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)))
        if update == max_iter or (update > 0 and abs(history[-1] - history[-2]) <= tol):
            break
        with np.errstate(under="ignore"):
            error = np.exp(-np.logaddexp(0, -z)) - y
        b, v = b - lr * error.mean(), v - lr * (error @ X) / len(y)
    return np.concatenate([[b], v]).astype(X.dtype), history


# %% walker | why: a generator that walks downhill, the bias apart, losses as NumPy's numbers
def _descend(X, y, w, lr):
    X = np.concatenate([np.ones((X.shape[0], 1)), X], axis=1)
    while True:
        z = X @ w
        with np.errstate(under="ignore"):
            yield w, np.average(np.logaddexp(0, z) - y * z)
            w = w - (lr / len(y)) * (np.exp(-np.logaddexp(0, -z)) - y) @ X


def sigmoid_neuron_fit(X, y, w0, lr, tol, max_iter):
    walk = _descend(as_float(X), as_float(y), as_float(w0), lr)
    history = [next(walk)[1]]
    for _ in range(max_iter):
        w, loss = next(walk)
        history.append(loss)
        if not abs(history[-1] - history[-2]) > tol:
            break
    return [w.astype(as_float(X).dtype), history]
