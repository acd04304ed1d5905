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


# %% full_batch_rprop | why: resilient propagation on all rows at once, biases that begin at the mean, fine-tuning from zero in parts of np.split
def _rprop(params, gradients, steps):
    """Resilient propagation on the whole data: the sign of the slope and a step of its own for each weight."""
    step = [np.full(p.shape, 0.01) for p in params]
    last = [np.zeros(p.shape) for p in params]
    for _ in range(steps):
        for p, g, s, old in zip(params, gradients(*params), step, last, strict=True):
            same = g * old
            s *= np.where(same > 0, 1.2, np.where(same < 0, 0.5, 1.0))
            np.clip(s, 1e-7, 0.3, out=s)
            g = np.where(same < 0, 0.0, g)
            p -= np.sign(g) * s
            old[...] = g


def train_aann(X, k, rng):
    X = as_float(X)
    n, h = len(X), 48

    def draw(a, b):
        return rng.standard_normal((a, b)) / np.sqrt(a)

    net = [draw(64, h), np.zeros(h), draw(h, k), np.zeros(k), draw(k, h), np.zeros(h), draw(h, 64), X.mean(axis=0)]

    def gradients(A, a, B, b, C, c, D, d):
        H = sigmoid(X @ A + a)
        code = H @ B + b
        U = sigmoid(code @ C + c)
        R = (U @ D + d - X) / n
        dU = R @ D.T * U * (1 - U)
        dcode = dU @ C.T
        dH = dcode @ B.T * H * (1 - H)
        return X.T @ dH, dH.sum(0), H.T @ dcode, dcode.sum(0), code.T @ dU, dU.sum(0), U.T @ R, R.sum(0)

    _rprop(net, gradients, 700)
    A, a, B, b, C, c, D, d = net
    return (lambda Z: sigmoid(as_float(Z) @ A + a) @ B + b), (lambda Q: sigmoid(as_float(Q) @ C + c) @ D + d)


def pretrain_stack(X, sizes, rng):
    layers, H = [], as_float(X)
    for width in sizes:
        d = H.shape[1]
        net = [
            rng.standard_normal((d, width)) / np.sqrt(d),
            np.zeros(width),
            rng.standard_normal((width, d)) / np.sqrt(width),
            H.mean(axis=0),
        ]

        def gradients(W, b, V, e, H=H):
            code = sigmoid(H @ W + b)
            R = (code @ V + e - H) / len(H)
            D = R @ V.T * code * (1 - code)
            return H.T @ D, D.sum(0), code.T @ R, R.sum(0)

        _rprop(net, gradients, 150)
        layers.append((net[0], net[1]))
        H = sigmoid(H @ net[0] + net[1])
    return layers


def finetune(stack, Xl, yl, n_classes, rng):
    params = {}
    for i, (W, b) in enumerate(stack, start=1):
        params[f"W{i}"], params[f"b{i}"] = np.array(W), np.array(b)
    top = len(stack) + 1
    params[f"W{top}"] = np.zeros((stack[-1][0].shape[1], n_classes))
    params[f"b{top}"] = np.zeros(n_classes)
    rows = np.arange(len(Xl))
    for _ in range(200):
        rng.shuffle(rows)
        for part in np.split(rows, range(20, len(rows), 20)):
            _, grads = mlp_loss_and_grads(params, Xl[part], yl[part], "sigmoid")
            for name in params:
                params[name] = params[name] - 0.5 * grads[name]
    return lambda Z: np.argmax(mlp_forward(params, Z, "sigmoid")[0], axis=1)


# %% decoders_solved_exactly | why: decoders by least squares in every step, Adam for the encoders, functools.reduce over the layers
import functools


def _solve(C, Y):
    """The linear decoder with the least squared error, a little ridge on its weights."""
    A = np.column_stack((C, np.ones(len(C))))
    ridge = 1e-4 * len(C) * np.diag([1.0] * C.shape[1] + [0.0])
    return np.linalg.solve(A.T @ A + ridge + 1e-9 * np.eye(len(ridge)), A.T @ Y)


def train_aann(X, k, rng):
    X = as_float(X)
    p = {
        "A": rng.normal(0, 0.15, (64, 50)),
        "a": np.zeros(50),
        "B": rng.normal(0, 0.2, (50, k)),
        "b": np.zeros(k),
        "C": rng.normal(0, 1, (k, 50)),
        "c": rng.normal(0, 0.5, 50),
    }
    adam = Adam(lr=0.01)
    for _epoch in range(500):
        H = sigmoid(X @ p["A"] + p["a"])
        code = H @ p["B"] + p["b"]
        U = sigmoid(code @ p["C"] + p["c"])
        D = _solve(U, X)
        E = (np.column_stack((U, np.ones(len(U)))) @ D - X) / len(X)
        dU = E @ D[:-1].T * U * (1 - U)
        dc = dU @ p["C"].T
        dH = dc @ p["B"].T * H * (1 - H)
        adam.step(p, {"A": X.T @ dH, "a": dH.sum(0), "B": H.T @ dc, "b": dc.sum(0), "C": code.T @ dU, "c": dU.sum(0)})
    U = sigmoid((sigmoid(X @ p["A"] + p["a"]) @ p["B"] + p["b"]) @ p["C"] + p["c"])
    D = _solve(U, X)

    def encode(Z):
        return sigmoid(np.asarray(Z, float) @ p["A"] + p["a"]) @ p["B"] + p["b"]

    def decode(C):
        U = sigmoid(np.asarray(C, float) @ p["C"] + p["c"])
        return U @ D[:-1] + D[-1]

    return encode, decode


def pretrain_stack(X, sizes, rng):
    def layer(state, width):
        done, H = state
        q = {"W": rng.normal(0, 1 / np.sqrt(H.shape[1]), (H.shape[1], width)), "b": np.zeros(width)}
        adam = Adam(lr=0.02)
        for _ in range(120):
            C = sigmoid(H @ q["W"] + q["b"])
            D = _solve(C, H)
            G = (C @ D[:-1] + D[-1] - H) / len(H) @ D[:-1].T * C * (1 - C)
            adam.step(q, {"W": H.T @ G, "b": G.sum(0)})
        return done + [(q["W"], q["b"])], sigmoid(H @ q["W"] + q["b"])

    return functools.reduce(layer, sizes, ([], as_float(X)))[0]


def finetune(stack, Xl, yl, n_classes, rng):
    Ws = [W.astype(float) for W, _ in stack] + [rng.normal(0, 0.1, (stack[-1][0].shape[1], n_classes))]
    bs = [b.astype(float) for _, b in stack] + [np.zeros(n_classes)]

    def up(A):
        acts = [np.asarray(A, float)]
        for W, b in zip(Ws[:-1], bs[:-1], strict=True):
            acts.append(sigmoid(acts[-1] @ W + b))
        return acts, acts[-1] @ Ws[-1] + bs[-1]

    epoch = 0
    while epoch < 200:
        left = list(rng.permutation(len(Xl)))
        while left:
            rows, left = left[:20], left[20:]
            acts, Z = up(Xl[rows])
            G = (softmax(Z) - one_hot(yl[rows], n_classes)) / len(rows)
            for i in range(len(Ws) - 1, -1, -1):
                below = G @ Ws[i].T * acts[i] * (1 - acts[i])
                Ws[i] = Ws[i] - 0.5 * acts[i].T @ G
                bs[i] = bs[i] - 0.5 * G.sum(0)
                G = below
        epoch += 1
    return lambda Z: np.array([int(np.argmax(row)) for row in up(Z)[1]])
