"""Right solutions of question 1 that look different from the reference."""


# %% in_plain_loops | why: loops over rows and entries, other thresholds for always and never, a list of ifs
def mp_neuron(x, theta):
    answers = []
    for row in x:
        fired = 0
        for bit in row:
            fired += int(bit)
        answers.append(1 if fired >= theta else 0)
    return np.array(answers, dtype=np.int32)


def gate_theta(gate, n):
    if gate == "always":
        return -17
    if gate == "never":
        return 1000 * n
    if gate == "and":
        return n
    if gate == "or":
        return 1
    return (n + 2) // 2


def hebb_update(W, x, y, lr):
    new = np.array(as_float(W))
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            new[i, j] = W[i, j] + lr * y[i] * x[j]
    return new


# %% matrices_and_heaviside | why: a product with ones, np.heaviside, thresholds as NumPy integers, einsum
def mp_neuron(x, theta):
    return np.heaviside(x @ np.ones(x.shape[1]) - theta, 1).astype(np.int64)


def gate_theta(gate, n):
    ones = np.arange(n + 1)
    fires = {"and": ones == n, "or": ones >= 1, "majority": ones > n / 2, "always": ones >= 0, "never": ones > n}[gate]
    return np.argmax(np.append(fires, True))


def hebb_update(W, x, y, lr):
    return np.asarray(W + lr * np.einsum("i,j->ij", y, x), dtype=as_float(W).dtype)


# %% other_thresholds | why: int32 answers, thresholds far from the border, an outer product by broadcasting into Fortran order
def mp_neuron(x, theta):
    fires = np.count_nonzero(x, axis=-1) - theta > -1
    return fires.astype(np.int32)


def gate_theta(gate, n):
    match gate:
        case "and":
            return np.int64(n)
        case "or":
            return 1
        case "majority":
            return (n + 2) // 2
        case "always":
            return -3
        case "never":
            return 2 * n + 5


def hebb_update(W, x, y, lr):
    W = as_float(W)
    new = np.empty(W.shape, dtype=W.dtype, order="F")
    np.add(W, lr * (np.asarray(y)[:, None] * np.asarray(x)[None, :]), out=new, casting="same_kind")
    return new
