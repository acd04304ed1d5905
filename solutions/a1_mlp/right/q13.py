"""Right solutions of question 13 that look different from the reference."""


# %% methods_and_momentum | why: bound methods as answers, centred pixels, another width, momentum for the stack, softmax layer from zero
class _Squeeze:
    def __init__(self, X, k, rng):
        self.mean = X.mean(axis=0)
        n = X.shape[1]
        self.p = autoencoder(X - self.mean, [n, 64, k, 64, n], [True, False, True, False], 120, rng)

    def encode(self, X):
        return sigmoid((X - self.mean) @ self.p["W0"] + self.p["b0"]) @ self.p["W1"] + self.p["b1"]

    def decode(self, code):
        return self.mean + sigmoid(code @ self.p["W2"] + self.p["b2"]) @ self.p["W3"] + self.p["b3"]


def train_aann(X, k, rng):
    net = _Squeeze(X, k, rng)
    return [net.encode, net.decode]


def pretrain_stack(X, sizes, rng):
    stack, H = [], X
    for size in sizes:
        n = H.shape[1]
        V, a, U, c = (
            rng.normal(0, 2 / np.sqrt(n), (n, size)),
            np.zeros(size),
            rng.normal(0, 0.1, (size, n)),
            H.mean(axis=0),
        )
        speed = [0.0] * 4
        for _ in range(80):
            for rows in np.array_split(rng.permutation(len(H)), max(len(H) // 20, 1)):
                x = H[rows]
                h = sigmoid(x @ V + a)
                error = (h @ U + c - x) / len(x)
                back = error @ U.T * h * (1 - h)
                slopes = [x.T @ back, back.sum(axis=0), h.T @ error, error.sum(axis=0)]
                for i, (w, slope) in enumerate(zip((V, a, U, c), slopes, strict=True)):
                    speed[i] = 0.9 * speed[i] - 0.05 * slope
                    w += speed[i]
        stack.append([V, a])
        H = sigmoid(H @ V + a)
    return stack


def finetune(stack, Xl, yl, n_classes, rng):
    weights = [np.array(W) for W, _ in stack] + [np.zeros((len(stack[-1][1]), n_classes))]
    biases = [np.array(b) for _, b in stack] + [np.zeros(n_classes)]
    for _ in range(200):
        for rows in np.array_split(rng.permutation(len(Xl)), max(len(Xl) // 20, 1)):
            a = [Xl[rows]]
            for W, b in zip(weights[:-1], biases[:-1], strict=True):
                a.append(sigmoid(a[-1] @ W + b))
            delta = (softmax(a[-1] @ weights[-1] + biases[-1]) - one_hot(yl[rows], n_classes)) / len(rows)
            for i in range(len(weights) - 1, -1, -1):
                below = delta @ weights[i].T * a[i] * (1 - a[i])
                weights[i] -= 0.5 * a[i].T @ delta
                biases[i] -= 0.5 * delta.sum(axis=0)
                delta = below

    def predict(X):
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            X = sigmoid(X @ W + b)
        return np.array([int(np.argmax(row @ weights[-1] + biases[-1])) for row in X])

    return predict


# %% in_float32 | why: float32 inside, one hidden tanh layer a side instead of the sigmoid, tied weights for the stack
def train_aann(X, k, rng):
    X, n = X.astype(np.float32), X.shape[1]
    P = {}
    for i, (a, b) in enumerate([(n, 48), (48, k), (k, 48), (48, n)]):
        P[f"W{i}"], P[f"b{i}"] = rng.normal(0, a**-0.5, size=(a, b)).astype(np.float32), np.zeros(b, np.float32)
    adam = Adam(lr=3e-3)
    for _ in range(150):
        for rows in np.array_split(rng.permutation(len(X)), max(len(X) // 50, 1)):
            x = X[rows]
            h = np.tanh(x @ P["W0"] + P["b0"])
            c = h @ P["W1"] + P["b1"]
            g = np.tanh(c @ P["W2"] + P["b2"])
            d = (g @ P["W3"] + P["b3"] - x) / np.float32(len(x))
            grads = {"W3": g.T @ d, "b3": d.sum(axis=0)}
            d = d @ P["W3"].T * (1 - g**2)
            grads |= {"W2": c.T @ d, "b2": d.sum(axis=0)}
            d = d @ P["W2"].T
            grads |= {"W1": h.T @ d, "b1": d.sum(axis=0)}
            d = d @ P["W1"].T * (1 - h**2)
            grads |= {"W0": x.T @ d, "b0": d.sum(axis=0)}
            adam.step(P, grads)
    return (
        lambda X: np.tanh(X.astype(np.float32) @ P["W0"] + P["b0"]) @ P["W1"] + P["b1"],
        lambda c: np.tanh(c.astype(np.float32) @ P["W2"] + P["b2"]) @ P["W3"] + P["b3"],
    )


def pretrain_stack(X, sizes, rng):
    stack = []
    for size in sizes:
        P = {"W": rng.normal(0, len(X[0]) ** -0.5, size=(len(X[0]), size)), "b": np.zeros(size), "c": X.mean(axis=0)}
        adam = Adam(lr=5e-3)
        for _ in range(60):
            for rows in np.array_split(rng.permutation(len(X)), max(len(X) // 50, 1)):
                x = X[rows]
                h = sigmoid(x @ P["W"] + P["b"])
                d = (h @ P["W"].T + P["c"] - x) / len(x)
                back = d @ P["W"] * h * (1 - h)
                adam.step(P, {"W": x.T @ back + d.T @ h, "b": back.sum(axis=0), "c": d.sum(axis=0)})
        stack.append((P["W"].astype(np.float32), P["b"].astype(np.float32)))
        X = sigmoid(X @ P["W"] + P["b"])
    return tuple(stack)
