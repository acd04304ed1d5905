"""Right solutions of question 8 that look different from the reference."""


# %% ones_column | why: bias and weights in one matrix with a column of ones; slopes written with the activations
def _layers(params):
    return [(params[f"W{i}"], params[f"b{i}"]) for i in range(1, len(params) // 2 + 1)]


def _with_ones(A):
    return np.hstack([A, np.ones((len(A), 1), A.dtype)])


def init_params(sizes, scheme, rng):
    params = {}
    for i in range(len(sizes) - 1):
        fan_in, fan_out = sizes[i : i + 2]
        scale = {"x": np.sqrt(2.0 / (fan_in + fan_out)), "h": np.sqrt(2.0 / fan_in)}[scheme[0]]
        if scheme.endswith("normal"):
            weights = scale * rng.standard_normal((fan_in, fan_out))
        else:
            weights = scale * np.sqrt(3.0) * (2.0 * rng.random((fan_in, fan_out)) - 1.0)
        params.update({f"W{i + 1}": weights, f"b{i + 1}": np.zeros((fan_out,))})
    return params


def mlp_forward(params, X, act):
    h, inputs = X, []
    squash = {"relu": lambda z: z * (z > 0), "tanh": np.tanh, "sigmoid": lambda z: np.tanh(z / 2) / 2 + 0.5}[act]
    for i, (W, b) in enumerate(_layers(params)):
        inputs.append(_with_ones(h if i == 0 else squash(h)))
        h = inputs[-1] @ np.vstack([W, b])
    return h, tuple(inputs)


def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    logits, inputs = mlp_forward(params, X, act)
    shifted = logits - logits.max(axis=1)[:, None]
    log_sum = np.log(np.sum(np.exp(shifted), axis=1))
    loss = np.mean(log_sum - np.take_along_axis(shifted, y[:, None], axis=1)[:, 0])
    delta = (np.exp(shifted - log_sum[:, None]) - (y[:, None] == np.arange(logits.shape[1]))) / np.float32(1)
    delta = (delta / len(y)).astype(logits.dtype)
    slope = {"relu": lambda a: a > 0, "tanh": lambda a: 1 - a * a, "sigmoid": lambda a: a * (1 - a)}[act]
    grads = {}
    for i in reversed(range(len(inputs))):
        W, b = _layers(params)[i]
        both = inputs[i].T @ delta
        grads[f"W{i + 1}"], grads[f"b{i + 1}"] = both[:-1] + l2 * W, both[-1]
        loss = loss + 0.5 * l2 * (W * W).sum()
        delta = (delta @ W.T) * slope(inputs[i][:, :-1])
    return loss, grads


def numeric_gradient(f, x, h=1e-5):
    gradient = np.empty_like(x)
    for index in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = (f(up) - f(down)) / (up[index] - down[index])
    return gradient


# %% sample_by_sample | why: one sample at a time with plain loops, gradients added up, mean at the end
def mlp_forward(params, X, act):
    rows, caches = [], []
    for x in X:
        cache, a = [], x
        for i in range(1, len(params) // 2 + 1):
            z = np.einsum("i,ij->j", a, params[f"W{i}"]) + params[f"b{i}"]
            cache.append({"in": a, "z": z})
            a = {"relu": relu, "tanh": tanh, "sigmoid": sigmoid}[act](z)
        rows.append(z)
        caches.append(cache)
    return np.stack(rows), caches


def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    N, depth = len(X), len(params) // 2
    logits, caches = mlp_forward(params, X, act)
    d_act = {"relu": d_relu, "tanh": d_tanh, "sigmoid": d_sigmoid}[act]
    grads, total = {name: np.zeros_like(w) for name, w in params.items()}, 0.0
    for i in range(N):
        p = softmax(logits[i])
        total += np.log(np.sum(np.exp(logits[i] - logits[i].max()))) - (logits[i, y[i]] - logits[i].max())
        dz = p - one_hot(y[i : i + 1], len(p))[0].astype(p.dtype)
        for layer in range(depth, 0, -1):
            grads[f"W{layer}"] += np.outer(caches[i][layer - 1]["in"], dz)
            grads[f"b{layer}"] += dz
            if layer > 1:
                dz = params[f"W{layer}"] @ dz * d_act(caches[i][layer - 2]["z"])
    for name in grads:
        grads[name] /= N
        if name[0] == "W":
            grads[name] += l2 * params[name]
            total += N * l2 / 2 * np.linalg.norm(params[name]) ** 2
    return float(total / N), grads


def numeric_gradient(f, x, h=1e-5):
    gradient = np.zeros_like(x)
    with np.nditer(x, flags=["multi_index"], op_flags=["readonly"]) as entries:
        places = []
        while not entries.finished:
            places.append(entries.multi_index)
            entries.iternext()
    for place in places:
        old, values = x[place].copy(), []
        for sign in (1, -1):
            x[place] = old + sign * h
            try:
                values.append(f(x))
            finally:
                x[place] = old
        gradient[place] = (values[0] - values[1]) / (2 * h)
    return gradient


# %% layer_objects | why: layers as objects that cache their input, chained by recursion
class _Dense:
    def __init__(self, W, b, act):
        self.W, self.b, self.act = W, b, act

    def forward(self, A):
        self.A = A
        self.Z = (A[:, :, None] * self.W[None]).sum(axis=1) + self.b
        return ACTIVATIONS[self.act][0](self.Z) if self.act else self.Z

    def backward(self, dA):
        dZ = dA * ACTIVATIONS[self.act][1](self.Z) if self.act else dA
        return (
            np.tensordot(self.A, dZ, axes=(0, 0)),
            np.ones(len(dZ), dZ.dtype) @ dZ,
            np.einsum("nj,ij->ni", dZ, self.W),
        )


def mlp_forward(params, X, act):
    depth = len(params) // 2
    layers = [_Dense(params[f"W{i}"], params[f"b{i}"], act if i < depth else None) for i in range(1, depth + 1)]
    A = X
    for layer in layers:
        A = layer.forward(A)
    return A, layers


def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    logits, layers = mlp_forward(params, X, act)
    loss, d = softmax_cross_entropy(logits, y, reduction="sum")
    d, grads = d / len(X), {}
    for i, layer in reversed(list(enumerate(layers, start=1))):
        dW, grads[f"b{i}"], d = layer.backward(d)
        grads[f"W{i}"] = dW + np.asarray(l2, dW.dtype) * layer.W
    penalty = sum(np.square(layer.W).sum() for layer in layers)
    return loss / len(X) + 0.5 * l2 * penalty, grads


# %% pullbacks | why: every layer gives back a function, penalties by vdot, scaled standard draws, nditer for the numeric gradient
def init_params(sizes, scheme, rng):
    params = {}
    for layer, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=False), 1):
        variance = 2 / (n_in + n_out if scheme.startswith("xavier") else n_in)
        if scheme.endswith("uniform"):
            draws = (2 * rng.random((n_in, n_out)) - 1) * np.sqrt(3 * variance)
        else:
            draws = rng.standard_normal((n_in, n_out)) * variance**0.5
        params.update({f"W{layer}": draws, f"b{layer}": np.zeros(n_out)})
    return params


def mlp_forward(params, X, act):
    g, slope = ACTIVATIONS[act]
    last = len(params) // 2
    a, tape = as_float(X), []
    for layer in range(1, last + 1):
        W, b = params[f"W{layer}"], params[f"b{layer}"]
        z = np.dot(a, W) + b

        def back(delta, a=a, W=W, z=z, layer=layer):
            delta = delta if layer == last else delta * slope(z)
            return {f"W{layer}": np.einsum("ni,nj->ij", a, delta), f"b{layer}": delta.sum(0)}, np.dot(delta, W.T)

        tape.append(back)
        a = z if layer == last else g(z)
    return a, tape


def mlp_loss_and_grads(params, X, y, act, l2=0.0):
    logits, tape = mlp_forward(params, X, act)
    loss, delta = softmax_cross_entropy(logits, y)
    grads = {}
    for back in tape[::-1]:
        more, delta = back(delta)
        grads |= more
    for name in params:
        if name[0] == "W":
            loss = loss + 0.5 * l2 * np.vdot(params[name], params[name])
            grads[name] = grads[name] + l2 * params[name]
    return loss, {name: grads[name] for name in params}


def numeric_gradient(f, x, h=1e-5):
    slopes = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        kept = x[place].copy()
        ends = []
        try:
            for sign in (1, -1):
                x[place] = kept + sign * h
                ends.append(float(f(x)))
        finally:
            x[place] = kept
        slopes[place] = (ends[0] - ends[1]) / (2 * h)
    return slopes
