"""Right solutions of question 14 that look different from the reference."""

# %% momentum_and_early_stopping | why: two hidden tanh layers, momentum with weight decay, stops when nothing improves
import copy


def train_classifier(Xtr, ytr, Xva, yva, rng):
    mean = Xtr.mean(axis=0)
    params = init_params([64, 48, 32, 10], "xavier_uniform", rng)
    optimiser = Momentum(lr=0.1, alpha=0.9)
    history, best = {"train_loss": [], "val_loss": []}, None

    def evaluate(net, X, y):
        return softmax_cross_entropy(mlp_forward(net, X - mean, "tanh")[0], y)[0]

    for epoch in range(80):
        batches = np.array_split(rng.permutation(len(Xtr)), 40)
        for rows in batches:
            _, grads = mlp_loss_and_grads(params, Xtr[rows] - mean, ytr[rows], "tanh", l2=1e-4)
            optimiser.step(params, grads)
        history["train_loss"].append(evaluate(params, Xtr, ytr))
        history["val_loss"].append(evaluate(params, Xva, yva))
        if best is None or history["val_loss"][-1] < best[0]:
            best = history["val_loss"][-1], epoch, copy.deepcopy(params)
        if epoch - best[1] >= 20:
            break
    return {
        "predict_proba": lambda X: softmax(mlp_forward(best[2], X - mean, "tanh")[0]),
        "history": history,
        "best_epoch": best[1],
    }


# %% written_out_in_float32 | why: a float32 network with its own backward pass, plain SGD, a method as result
class _Net:
    def __init__(self, rng, sizes):
        self.W = [
            rng.normal(scale=np.sqrt(2 / n), size=(n, m)).astype(np.float32)
            for n, m in zip(sizes[:-1], sizes[1:], strict=True)
        ]
        self.b = [np.zeros(m, np.float32) for m in sizes[1:]]

    def forward(self, X):
        self.inputs = [np.asarray(X, np.float32)]
        for W, b in zip(self.W[:-1], self.b[:-1], strict=True):
            self.inputs.append(np.maximum(self.inputs[-1] @ W + b, 0))
        return self.inputs[-1] @ self.W[-1] + self.b[-1]

    def predict_proba(self, X):
        Z = self.forward(X)
        E = np.exp(Z - Z.max(axis=1, keepdims=True))
        return E / E.sum(axis=1, keepdims=True)

    def loss(self, X, y):
        return float(-np.log(self.predict_proba(X)[np.arange(len(y)), y]).mean())

    def step(self, X, y, lr):
        d = (self.predict_proba(X) - np.eye(10, dtype=np.float32)[y]) / np.float32(len(y))
        for layer in reversed(range(len(self.W))):
            A, below = self.inputs[layer], d @ self.W[layer].T
            self.W[layer] -= np.float32(lr) * (A.T @ d)
            self.b[layer] -= np.float32(lr) * d.sum(axis=0)
            d = below * (A > 0)


def train_classifier(Xtr, ytr, Xva, yva, rng):
    net, kept = _Net(rng, [64, 80, 10]), _Net(rng, [64, 80, 10])
    train_loss, val_loss, best_epoch = [], [], -1
    for epoch in range(70):
        for rows in rng.permutation(len(Xtr)).reshape(-1, 20):
            net.step(Xtr[rows], ytr[rows], 0.3)
        train_loss.append(net.loss(Xtr, ytr))
        val_loss.append(net.loss(Xva, yva))
        if val_loss[-1] == min(val_loss):
            best_epoch = np.int64(epoch)
            kept.W, kept.b = [W.copy() for W in net.W], [b.copy() for b in net.b]
    history = {"train_loss": np.array(train_loss).tolist(), "val_loss": val_loss}
    return {"predict_proba": kept.predict_proba, "history": history, "best_epoch": best_epoch}


# %% partial_in_float32 | why: float32 inside, functools.partial as predict_proba, NumPy numbers in the history, momentum in a flat vector
import functools


def _parts(theta):
    W, c, V, d = np.split(theta, [64 * 40, 64 * 40 + 40, 64 * 40 + 40 + 400])
    return W.reshape(64, 40), c, V.reshape(40, 10), d


def _answer(theta, X):
    W, c, V, d = _parts(theta)
    Z = np.maximum(np.asarray(X, np.float32) @ W + c, 0) @ V + d
    Z = Z - Z.max(axis=1, keepdims=True)
    E = np.exp(Z)
    return E / E.sum(axis=1, keepdims=True)


def train_classifier(Xtr, ytr, Xva, yva, rng):
    Xtr = np.asarray(Xtr, np.float32)
    theta = np.concatenate([rng.normal(0, 0.17, 64 * 40), np.zeros(40), rng.normal(0, 0.2, 400), np.zeros(10)])
    theta = theta.astype(np.float32)
    speed = np.zeros_like(theta)
    train, val, best = [], [], None
    for _epoch in range(60):
        order, losses = rng.permutation(len(Xtr)), []
        for rows in np.array_split(order, 40):
            W, c, V, d = _parts(theta)
            x, n = Xtr[rows], len(rows)
            h = np.maximum(x @ W + c, 0)
            P = _answer(theta, x)
            losses.append(-np.log(P[np.arange(n), ytr[rows]] + np.float32(1e-30)).mean())
            delta = P.copy()
            delta[np.arange(n), ytr[rows]] -= 1
            delta /= n
            back = (delta @ V.T) * (h > 0)
            slope = np.concatenate([(x.T @ back).ravel(), back.sum(0), (h.T @ delta).ravel(), delta.sum(0)])
            speed = np.float32(0.9) * speed - np.float32(0.1) * slope
            theta = theta + speed
        train.append(np.mean(losses))
        val.append(-np.log(_answer(theta, Xva)[np.arange(len(yva)), yva] + np.float32(1e-30)).mean())
        if len(val) == 1 or val[-1] < min(val[:-1]):
            best = theta
    return {
        "predict_proba": functools.partial(_answer, best),
        "history": {"train_loss": train, "val_loss": val},
        "best_epoch": np.argmin(val),
    }


# %% one_flat_vector | why: all parameters in one vector, standardised pixels, Nesterov's momentum, the best epoch picked at the end
def train_classifier(Xtr, ytr, Xva, yva, rng):
    mu, sd = Xtr.mean(0), Xtr.std(0) + 0.1
    shapes = [(64, 48), (48,), (48, 10), (10,)]
    ends = np.cumsum([int(np.prod(s)) for s in shapes])
    w = np.concatenate(
        [
            rng.uniform(-1, 1, e) * np.sqrt(3 / s[0]) if len(s) == 2 else np.zeros(e)
            for s, e in zip(shapes, np.diff(ends, prepend=0), strict=True)
        ]
    )

    def views(flat):
        return [part.reshape(s) for part, s in zip(np.split(flat, ends[:-1]), shapes, strict=True)]

    def logits(flat, X):
        A, a, B, b = views(flat)
        h = np.tanh((np.asarray(X, float) - mu) / sd @ A + a)
        return h, h @ B + b

    def nll(Z, y):
        Z = Z - Z.max(1, keepdims=True)
        return float(np.mean(np.log(np.exp(Z).sum(1)) - Z[np.arange(len(y)), y]))

    velocity = np.zeros_like(w)
    kept = []
    for _epoch in range(40):
        running = seen = 0
        for r in np.array_split(rng.permutation(len(Xtr)), 25):
            ahead = w + 0.9 * velocity
            h, Z = logits(ahead, Xtr[r])
            running += nll(Z, ytr[r]) * len(r)
            seen += len(r)
            G = np.exp(Z - Z.max(1, keepdims=True))
            G = (G / G.sum(1, keepdims=True) - np.eye(10)[ytr[r]]) / len(r)
            A, a, B, b = views(ahead)
            dh = G @ B.T * (1 - h * h)
            g = np.concatenate([((Xtr[r] - mu) / sd).T.dot(dh).ravel(), dh.sum(0), h.T.dot(G).ravel(), G.sum(0)])
            velocity = 0.9 * velocity - 0.03 * (g + 1e-4 * w)
            w = w + velocity
        kept.append((nll(logits(w, Xva)[1], yva), running / seen, w))
    best = min(range(len(kept)), key=lambda e: kept[e][0])
    chosen = kept[best][2]

    def predict_proba(X):
        Z = logits(chosen, X)[1]
        P = np.exp(Z - Z.max(1, keepdims=True))
        return P / P.sum(1, keepdims=True)

    return {
        "predict_proba": predict_proba,
        "history": {"train_loss": [k[1] for k in kept], "val_loss": [k[0] for k in kept]},
        "best_epoch": best,
    }


# %% batch_norm_class | why: a network class with a batch norm, deep copies of it
import copy


class _Net:
    def __init__(self, rng):
        self.p = {
            "W": rng.normal(0, 0.18, (64, 64)),
            "V": rng.normal(0, 0.12, (64, 10)),
            "c": np.zeros(10),
            "g": np.ones(64),
            "h": np.zeros(64),
        }
        self.norm = BatchNorm1d(64)

    def logits(self, X, train=False):
        self.X = as_float(X)
        self.norm.gamma, self.norm.beta = self.p["g"], self.p["h"]
        self.A = np.maximum(self.norm.forward(self.X @ self.p["W"], train), 0)
        return self.A @ self.p["V"] + self.p["c"]

    def grads(self, G):
        D = self.norm.backward(G @ self.p["V"].T * (self.A > 0))
        return {"W": self.X.T @ D, "V": self.A.T @ G, "c": G.sum(0), "g": self.norm.dgamma, "h": self.norm.dbeta}


def train_classifier(Xtr, ytr, Xva, yva, rng):
    net, rule = _Net(rng), Adam(lr=0.005)
    history, best, least = {"train_loss": [], "val_loss": []}, None, np.inf
    for epoch in range(30):
        for rows in np.array_split(rng.permutation(len(Xtr)), 20):
            _, G = softmax_cross_entropy(net.logits(Xtr[rows], True), ytr[rows])
            rule.step(net.p, net.grads(G))
        history["train_loss"].append(softmax_cross_entropy(net.logits(Xtr), ytr)[0])
        history["val_loss"].append(softmax_cross_entropy(net.logits(Xva), yva)[0])
        if history["val_loss"][-1] < least:
            least, best, at = history["val_loss"][-1], copy.deepcopy(net), epoch
    return {"predict_proba": lambda X: softmax(best.logits(X)), "history": history, "best_epoch": at}
