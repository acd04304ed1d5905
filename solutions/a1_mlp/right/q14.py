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
